//! Parsing of single values into domain values. A value that is not accepted becomes an error at its pointer.

use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use outlay_domain::change::today;
use outlay_domain::conversion::ParseRateError;
use outlay_domain::ids::MemberId;
use outlay_domain::money::{Currency, MAX_MINOR, Money, ParseAmountError, ParseCurrencyError};
use outlay_domain::patch::Patch;
use outlay_domain::tax::ParseTaxRateError;
use outlay_domain::text::TextError;

use crate::validation::FieldErrors;

/// Seconds from UTC to the time zone where a day begins first (UTC+14).
const EASTERNMOST_OFFSET_SECS: i64 = 14 * 3600;

/// Error of a domain type's constructor, as callers of the API see it.
pub trait ParseError {
    /// Stable name of the rule.
    fn rule(&self) -> &'static str;
    /// English sentence.
    fn detail(&self) -> String;
}

impl ParseError for TextError {
    fn rule(&self) -> &'static str {
        Self::rule(*self)
    }

    fn detail(&self) -> String {
        self.to_string()
    }
}

impl ParseError for ParseCurrencyError {
    fn rule(&self) -> &'static str {
        "currency"
    }

    fn detail(&self) -> String {
        "Must be the ISO 4217 code of a currency in use today, such as EUR.".to_owned()
    }
}

impl ParseError for ParseTaxRateError {
    fn rule(&self) -> &'static str {
        "percent"
    }

    fn detail(&self) -> String {
        "Must be percent from 0 to 100 in a string, such as \"19\" or \"5.5\".".to_owned()
    }
}

impl ParseError for ParseRateError {
    fn rule(&self) -> &'static str {
        "rate"
    }

    fn detail(&self) -> String {
        "Must be a positive decimal in a string with at most 12 significant digits, such as \"1.1412\".".to_owned()
    }
}

impl FieldErrors {
    /// Parses the text of the field `name`.
    pub fn parse<T: FromStr<Err: ParseError>>(&mut self, name: &str, raw: impl AsRef<str>) -> Option<T> {
        match raw.as_ref().parse() {
            Ok(value) => Some(value),
            Err(error) => {
                let error: T::Err = error;
                self.push(name, error.rule(), error.detail());
                None
            }
        }
    }

    /// Parses the text of the optional field `name`; the outer `None` is an error.
    pub fn parse_optional<T: FromStr<Err: ParseError>>(
        &mut self,
        name: &str,
        raw: Option<impl AsRef<str>>,
    ) -> Option<Option<T>> {
        optional(raw, |raw| self.parse(name, raw))
    }

    /// Parses each text of the list `name`. Errors are at the list, not at its elements.
    pub fn parse_list<T: FromStr<Err: ParseError>>(
        &mut self,
        name: &str,
        list: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Option<Vec<T>> {
        let parsed: Vec<Option<T>> = list.into_iter().map(|raw| self.parse(name, raw)).collect();
        parsed.into_iter().collect()
    }

    /// Parses the text that a patch sets the field `name` to.
    pub fn parse_patch<T: FromStr<Err: ParseError>>(&mut self, name: &str, patch: Patch<String>) -> Option<Patch<T>> {
        patch.try_map(|raw| self.parse(name, raw))
    }

    /// The value that a patch sets a field to that cannot be removed; `null` is an error.
    pub fn not_null<T>(&mut self, name: &str, patch: Patch<T>) -> Option<T> {
        if patch.is_null() {
            self.push(name, "required", "Must not be null.");
        }
        patch.apply(None)
    }

    /// The value itself; an error at the field `name` when there is none.
    pub fn require<T>(&mut self, name: &str, value: Option<T>, rule: &str, detail: &str) -> Option<T> {
        if value.is_none() {
            self.push(name, rule, detail);
        }
        value
    }

    /// Parses the identifier of a member.
    pub fn parse_member_id(&mut self, name: &str, raw: impl AsRef<str>) -> Option<MemberId> {
        self.require(name, raw.as_ref().parse().ok(), "unknown-member", "Must be the identifier of a member.")
    }

    /// Parses a day, `YYYY-MM-DD`.
    pub fn parse_date(&mut self, name: &str, raw: impl AsRef<str>) -> Option<Date> {
        let raw = raw.as_ref();
        let detail = if has_date_form(raw) {
            format!("{raw} is not a day of the calendar.")
        } else {
            "Must be a day as YYYY-MM-DD, such as 2026-11-30.".to_owned()
        };
        self.require(name, date(raw), "date", &detail)
    }

    /// Parses a day on which money can have been spent: from the year 2000 to today in the easternmost time zone.
    pub fn parse_expense_date(&mut self, name: &str, raw: impl AsRef<str>, now: Timestamp) -> Option<Date> {
        let date = self.parse_date(name, raw)?;
        let easternmost = now.as_second().saturating_add(EASTERNMOST_OFFSET_SECS);
        let latest = Timestamp::from_second(easternmost).map_or(date, |latest| today(latest).utc());
        if date > latest {
            self.push(name, "future", "Must not be in the future.");
            return None;
        }
        if date.year() < 2000 {
            self.push(name, "past", "Must not be before the year 2000.");
            return None;
        }
        Some(date)
    }

    /// Parses a non-negative amount of the object at the current place; errors are at its fields `amount` and
    /// `currency`.
    pub fn parse_money(&mut self, amount: &str, currency: &str) -> Option<Money> {
        let is_negative = amount.starts_with('-') && amount.len() > 1;
        if is_negative {
            self.push("amount", "positive", "Must not be negative.");
        }
        let currency: Currency = self.parse("currency", currency)?;
        if is_negative {
            return None;
        }
        let error = match Money::parse(amount, currency) {
            Ok(money) => return Some(money),
            Err(error) => error,
        };
        let (rule, detail) = match (error, currency.exponent()) {
            (ParseAmountError::Malformed, _) => {
                ("decimal", "Must be a decimal number in a string, such as \"12.34\".".to_owned())
            }
            (ParseAmountError::TooManyDecimals, 0) => ("decimals", format!("{currency} has no decimals.")),
            (ParseAmountError::TooManyDecimals, most) => {
                ("decimals", format!("{currency} has at most {most} decimals."))
            }
            (ParseAmountError::TooLarge, _) => {
                ("maximum", format!("Must be at most {}.", Money::from_minor(MAX_MINOR, currency)))
            }
        };
        self.push("amount", rule, detail);
        None
    }
}

/// Parses an optional value; the outer `None` when it is there and `parse` gives none.
pub fn optional<T, U>(value: Option<T>, parse: impl FnOnce(T) -> Option<U>) -> Option<Option<U>> {
    value.map_or(Some(None), |value| parse(value).map(Some))
}

/// A day, `YYYY-MM-DD`.
#[must_use]
pub fn date(raw: &str) -> Option<Date> {
    // The parser of `jiff` also accepts other forms of ISO 8601.
    raw.parse().ok().filter(|_| has_date_form(raw))
}

/// True for four, two and two digits with hyphens between them.
fn has_date_form(raw: &str) -> bool {
    let is_digit = |(at, b): (usize, u8)| if matches!(at, 4 | 7) { b == b'-' } else { b.is_ascii_digit() };
    raw.len() == 10 && raw.bytes().enumerate().all(is_digit)
}

/// A time as RFC 3339, without leap seconds: they would be read as the second before.
#[must_use]
pub fn timestamp(raw: &str) -> Option<Timestamp> {
    raw.parse().ok().filter(|_| !raw.contains(":60"))
}

/// A non-negative amount in minor units of a currency.
#[must_use]
pub fn minor_units(raw: &str, currency: Currency) -> Option<i64> {
    Money::parse(raw, currency).ok().map(Money::minor)
}

/// Requires the amount of the field `name` to be in the organisation's base currency.
///
/// # Errors
/// One error when it is in another currency.
pub fn require_base_currency(amount: Option<Money>, base: Currency, name: &str) -> Result<(), FieldErrors> {
    if amount.is_none_or(|amount| amount.currency() == base) {
        return Ok(());
    }
    let detail = format!("Must be in the base currency, {base}.");
    Err(FieldErrors::one("currency", "base-currency", detail).prefixed(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    use outlay_domain::text::{Attendee, Note, Title};

    fn found(errors: FieldErrors) -> Vec<(String, String)> {
        errors.into_sorted().into_iter().map(|error| (error.pointer, error.rule)).collect()
    }

    #[test]
    fn refused_value_is_an_error_at_its_field() {
        let mut errors = FieldErrors::default();
        assert_eq!(errors.parse::<Title>("title", " Lyon "), "Lyon".parse().ok());
        assert_eq!(errors.parse::<Title>("name", "\u{202E}"), None);
        assert_eq!(errors.parse_optional::<Note>("note", None::<&str>), Some(None));
        assert_eq!(errors.parse_optional::<Note>("note", Some("")), None);
        assert_eq!(errors.parse_list::<Attendee>("attendees", ["Zoe", "", "\u{7}"]), None);
        assert_eq!(errors.parse_patch::<Note>("reason", Patch::Null), Some(Patch::Null));
        assert_eq!(errors.not_null::<String>("date", Patch::Null), None);
        let expected = [("/attendees", "blank"), ("/date", "required"), ("/name", "characters"), ("/note", "blank")];
        assert_eq!(found(errors), expected.map(|(pointer, rule)| (pointer.to_owned(), rule.to_owned())));
    }

    #[test]
    fn amount_needs_a_currency_and_its_decimals() {
        for (amount, currency, pointer, rule) in [
            ("1.5", "JPY", "/amount", "decimals"),
            ("-1", "EUR", "/amount", "positive"),
            ("1e3", "EUR", "/amount", "decimal"),
            ("10000000000.01", "EUR", "/amount", "maximum"),
            ("1", "EURO", "/currency", "currency"),
        ] {
            let mut errors = FieldErrors::default();
            assert_eq!(errors.parse_money(amount, currency), None, "{amount} {currency}");
            assert_eq!(found(errors), [(pointer.to_owned(), rule.to_owned())]);
        }
    }

    #[test]
    fn dates_and_times_have_one_form() {
        assert!(date("2026-11-30").is_some());
        for text in ["2026-02-30", "20261130", "2026-11-30T00:00:00", "+002026-11-30", ""] {
            assert!(date(text).is_none(), "{text}");
        }
        assert!(timestamp("2026-11-30T23:59:59Z").is_some());
        assert!(timestamp("2026-11-30T23:59:60Z").is_none());
    }
}
