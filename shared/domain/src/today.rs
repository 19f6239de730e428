//! The current day. It depends on the time zone of the person concerned.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::text::TimeZoneName;

/// Moment whose calendar day is asked for by time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Today(Timestamp);

impl Today {
    /// Today at an instant.
    #[must_use]
    pub const fn at(now: Timestamp) -> Self {
        Self(now)
    }

    /// Day in UTC.
    #[must_use]
    pub fn utc(self) -> Date {
        self.in_zone(None)
    }

    /// Day in a time zone; in UTC without one.
    #[must_use]
    pub fn in_zone(self, zone: Option<&TimeZoneName>) -> Date {
        let zone = zone.map_or(TimeZone::UTC, TimeZoneName::time_zone);
        self.0.to_zoned(zone).date()
    }
}

/// Calendar month of a day, `yyyy-mm`.
#[must_use]
pub fn month_of(day: Date) -> String {
    format!("{:04}-{:02}", day.year(), day.month())
}
