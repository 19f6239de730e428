//! Accounting periods: calendar months that are open or closed, and fiscal years.

use std::fmt;
use std::str::FromStr;

use jiff::ToSpan;
use jiff::civil::{Date, date};
use serde::{Deserialize, Serialize};

/// Calendar month of the books, `YYYY-MM`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountingPeriod {
    year: i16,
    month: i8,
}

/// Text that is not a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a period such as 2026-11, from 0001-01 to 9998-12")]
pub struct ParsePeriodError;

impl AccountingPeriod {
    /// Period of a day.
    #[must_use]
    pub fn of(day: Date) -> Self {
        Self { year: day.year(), month: day.month() }
    }

    /// First day.
    #[must_use]
    pub fn first_day(self) -> Date {
        date(self.year, self.month, 1)
    }

    /// Last day.
    #[must_use]
    pub fn last_day(self) -> Date {
        self.first_day().last_of_month()
    }

    /// Following period. The last month of the calendar follows itself.
    #[must_use]
    pub fn next(self) -> Self {
        self.last_day().tomorrow().map_or(self, Self::of)
    }
}

impl FromStr for AccountingPeriod {
    type Err = ParsePeriodError;

    fn from_str(text: &str) -> Result<Self, ParsePeriodError> {
        let digits = |part: &str, length| part.len() == length && part.bytes().all(|b| b.is_ascii_digit());
        let (year, month) = text.split_once('-').ok_or(ParsePeriodError)?;
        if !digits(year, 4) || !digits(month, 2) {
            return Err(ParsePeriodError);
        }
        let (year, month): (i16, i8) =
            (year.parse().map_err(|_| ParsePeriodError)?, month.parse().map_err(|_| ParsePeriodError)?);
        let is_period = (1..=9998).contains(&year) && (1..=12).contains(&month);
        is_period.then_some(Self { year, month }).ok_or(ParsePeriodError)
    }
}

impl fmt::Display for AccountingPeriod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl TryFrom<String> for AccountingPeriod {
    type Error = ParsePeriodError;

    fn try_from(text: String) -> Result<Self, ParsePeriodError> {
        text.parse()
    }
}

impl From<AccountingPeriod> for String {
    fn from(period: AccountingPeriod) -> Self {
        period.to_string()
    }
}

/// Booking date with its period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BookingDate {
    /// Day of the booking.
    pub date: Date,
    /// Period of that day.
    pub period: AccountingPeriod,
}

/// Booking date of a document. A document of a closed period is booked on the first day of the first open one.
/// `closed_until` is the last closed period; none when all are open.
#[must_use]
pub fn booking_period(document: Date, closed_until: Option<AccountingPeriod>) -> BookingDate {
    let period = AccountingPeriod::of(document);
    match closed_until.filter(|closed| *closed >= period) {
        Some(closed) => BookingDate { date: closed.next().first_day(), period: closed.next() },
        None => BookingDate { date: document, period },
    }
}

/// Month in which fiscal years begin, 1 to 12.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "i8", into = "i8")]
pub struct FiscalYearStart(i8);

impl Default for FiscalYearStart {
    fn default() -> Self {
        Self(1)
    }
}

impl TryFrom<i8> for FiscalYearStart {
    type Error = ParsePeriodError;

    fn try_from(month: i8) -> Result<Self, ParsePeriodError> {
        (1..=12).contains(&month).then_some(Self(month)).ok_or(ParsePeriodError)
    }
}

impl From<FiscalYearStart> for i8 {
    fn from(start: FiscalYearStart) -> Self {
        start.0
    }
}

/// Fiscal year: twelve months.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FiscalYear {
    /// First day.
    pub first_day: Date,
    /// Last day.
    pub last_day: Date,
}

impl FiscalYear {
    /// Fiscal year of a day. At the ends of the calendar it is cut there.
    #[must_use]
    pub fn containing(day: Date, start: FiscalYearStart) -> Self {
        let begins = date(day.year(), start.0, 1);
        let first_day = if begins > day { begins.saturating_sub(1.year()) } else { begins };
        let last_day = first_day.saturating_add(11.months()).last_of_month();
        Self { first_day, last_day }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period(text: &str) -> AccountingPeriod {
        text.parse().unwrap()
    }

    #[test]
    fn period_parses_and_follows() {
        assert_eq!(period("2026-12").next(), period("2027-01"));
        assert_eq!(period("2028-02").last_day(), date(2028, 2, 29));
        assert_eq!(serde_json::to_string(&period("2026-03")).unwrap(), "\"2026-03\"");
        for text in ["2026-13", "2026-00", "26-01", "2026-1", "0000-01", "9999-01", "2026-01-01", "+026-01", ""] {
            assert_eq!(text.parse::<AccountingPeriod>(), Err(ParsePeriodError), "{text}");
        }
    }

    #[test]
    fn closed_period_moves_booking_to_first_open_day() {
        let closed = Some(period("2026-11"));
        let moved = booking_period(date(2026, 10, 17), closed);
        assert_eq!((moved.date, moved.period), (date(2026, 12, 1), period("2026-12")));
        let last = booking_period(date(2026, 11, 30), closed);
        assert_eq!(last.date, date(2026, 12, 1));
        let open = booking_period(date(2026, 12, 24), closed);
        assert_eq!((open.date, open.period), (date(2026, 12, 24), period("2026-12")));
        assert_eq!(booking_period(date(2026, 1, 2), None).date, date(2026, 1, 2));
        assert_eq!(booking_period(date(2026, 1, 2), Some(period("2026-12"))).date, date(2027, 1, 1));
    }

    #[test]
    fn fiscal_year_starts_in_its_month() {
        let year = |day, month: i8| FiscalYear::containing(day, month.try_into().unwrap());
        let july = FiscalYear { first_day: date(2025, 7, 1), last_day: date(2026, 6, 30) };
        assert_eq!(year(date(2026, 6, 30), 7), july);
        assert_eq!(year(date(2025, 7, 1), 7), july);
        assert_eq!(year(date(2026, 7, 1), 7).first_day, date(2026, 7, 1));
        assert_eq!(year(date(2026, 5, 5), 1).last_day, date(2026, 12, 31));
        assert!(FiscalYearStart::try_from(13).is_err());
    }
}
