//! Daily quotas (UTC) of storage and mail. Rate limits by the minute alone would allow hundreds of thousands of
//! requests a day. A request takes from its sender's quota before the change is stored; a failed change gives the
//! amount back.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use outlay_domain::change::today;
use outlay_domain::receipt::MAX_DAILY_BYTES;
use outlay_store::keys::PrimaryKey;

/// Amount that a request takes from a daily quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DailyQuota {
    /// Bytes of a file that is going to be uploaded.
    Upload(u64),
    /// A submission: its approvers get mail.
    Submission,
    /// An invitation: a mail to a person who may never have heard of Outlay.
    Invitation,
    /// A delegation: both sides get mail.
    Delegation,
    /// An organisation: it has its own limits, and every scheduled run reads it.
    Organisation,
}

impl DailyQuota {
    pub(super) const fn amount(self) -> u64 {
        match self {
            Self::Upload(bytes) => bytes,
            Self::Submission | Self::Invitation | Self::Delegation | Self::Organisation => 1,
        }
    }

    pub(super) const fn limit(self) -> u64 {
        match self {
            Self::Upload(_) => MAX_DAILY_BYTES,
            Self::Submission => 5000,
            Self::Invitation => 2000,
            Self::Delegation => 100,
            Self::Organisation => 20,
        }
    }

    /// Name in an answer and in the table.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Upload(_) => "uploads",
            Self::Submission => "submissions",
            Self::Invitation => "invitations",
            Self::Delegation => "delegations",
            Self::Organisation => "organisations",
        }
    }

    /// Daily limit, as a sentence.
    #[must_use]
    pub fn sentence(self) -> String {
        let limit = self.limit();
        match self {
            Self::Upload(_) => format!("You can upload at most {} MB a day.", limit / 1_000_000),
            Self::Submission => format!("You can submit at most {limit} times a day."),
            Self::Invitation => format!("You can invite at most {limit} people a day."),
            Self::Delegation => format!("You can set at most {limit} delegations a day."),
            Self::Organisation => format!("You can create at most {limit} organisations a day."),
        }
    }
}

/// An amount taken from a quota.
#[derive(Debug)]
pub struct Reservation {
    pub(super) key: PrimaryKey,
    pub(super) amount: u64,
}

/// Seconds until the next day begins in UTC.
pub(super) fn seconds_to_midnight(now: Timestamp) -> i64 {
    let tomorrow = today(now).utc().tomorrow().and_then(|day| day.to_zoned(TimeZone::UTC));
    tomorrow.map_or(0, |day| day.timestamp().duration_since(now).as_secs()).max(1)
}
