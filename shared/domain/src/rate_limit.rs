//! Rate limits of members and organisations by request class, with the generic cell rate algorithm (GCRA, ITU-T I.371).
//! Each limit stores one number, the theoretical arrival time: when the whole burst would be available again without
//! further requests. Times are microseconds since the epoch.

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray};

/// Cost class of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum RequestClass {
    /// Reads data.
    Read,
    /// Changes data.
    Write,
    /// Takes far more work than other requests.
    Costly,
}

impl RequestClass {
    /// Every class.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// Name in headers, items and logs.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// Limit of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// Requests per minute in the long run.
    pub per_minute: u32,
    /// Requests at once, after a pause.
    pub burst: u32,
}

/// Rest of a quota after a request was counted or refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaStatus {
    /// Requests that are allowed at once.
    pub remaining: u32,
    /// Seconds until the whole burst is allowed again, rounded up.
    pub reset_after_seconds: u32,
    /// Seconds until the next request is allowed, rounded up; at least one.
    pub retry_after_seconds: u32,
}

const MINUTE_MICROS: i64 = 60_000_000;
const SECOND_MICROS: i64 = 1_000_000;

impl Quota {
    /// Emission interval: the cost of one request, in microseconds.
    #[must_use]
    pub fn interval(self) -> i64 {
        // A limit of zero admits one request per minute, so a mistake in a plan does not lock an organisation out.
        (MINUTE_MICROS / i64::from(self.per_minute.max(1))).max(1)
    }

    /// Latest theoretical arrival time that admits a request at `now`.
    #[must_use]
    pub fn latest_arrival(self, now: i64) -> i64 {
        now.saturating_add(self.interval().saturating_mul(i64::from(self.burst.max(1)) - 1))
    }

    /// Seconds until an exhausted burst is allowed again, rounded up.
    #[must_use]
    pub fn window(self) -> u32 {
        seconds(self.interval().saturating_mul(i64::from(self.burst.max(1))))
    }

    /// One of `parts` equal parts of the quota.
    #[must_use]
    pub fn share(self, parts: u32) -> Self {
        let parts = parts.max(1);
        Self { per_minute: (self.per_minute / parts).max(1), burst: (self.burst / parts).max(1) }
    }

    /// Theoretical arrival time after a request at `now`. `None` when the request is refused.
    #[must_use]
    pub fn admit(self, arrival: Option<i64>, now: i64) -> Option<i64> {
        let arrival = arrival.unwrap_or(now).max(now);
        (arrival <= self.latest_arrival(now)).then(|| arrival.saturating_add(self.interval()))
    }

    /// Status of a theoretical arrival time at `now`.
    #[must_use]
    pub fn status(self, arrival: i64, now: i64) -> QuotaStatus {
        let room = self.latest_arrival(now).saturating_sub(arrival.max(now));
        let remaining = if room < 0 { 0 } else { room / self.interval() + 1 };
        QuotaStatus {
            remaining: u32::try_from(remaining).unwrap_or(u32::MAX),
            reset_after_seconds: seconds(arrival.saturating_sub(now)),
            retry_after_seconds: seconds(arrival.saturating_sub(self.latest_arrival(now))).max(1),
        }
    }
}

fn seconds(microseconds: i64) -> u32 {
    u32::try_from(microseconds.max(0).saturating_add(SECOND_MICROS - 1) / SECOND_MICROS).unwrap_or(u32::MAX)
}

/// Quotas by request class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quotas {
    /// Quota of reads.
    pub read: Quota,
    /// Quota of changes.
    pub write: Quota,
    /// Quota of costly requests.
    pub costly: Quota,
}

impl Quotas {
    /// Quota of a class.
    #[must_use]
    pub const fn for_class(&self, class: RequestClass) -> Quota {
        match class {
            RequestClass::Read => self.read,
            RequestClass::Write => self.write,
            RequestClass::Costly => self.costly,
        }
    }
}

/// Quotas of mail, by calendar day and month in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MailQuotas {
    /// Mails of the organisation in a day.
    pub organisation_per_day: u32,
    /// Mails to one mailbox in a day, of all organisations.
    pub person_per_day: u32,
    /// Invitations to one mailbox in a month, of all organisations.
    pub invitations_per_month: u32,
}

impl MailQuotas {
    /// Quotas of organisations without quotas of their own.
    pub const STANDARD: Self = Self { organisation_per_day: 10_000, person_per_day: 400, invitations_per_month: 5 };
}

impl Default for MailQuotas {
    fn default() -> Self {
        Self::STANDARD
    }
}

/// Rate limits of an organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateLimitPlan {
    /// Quotas of each member.
    pub member: Quotas,
    /// Quotas of all members together.
    pub organisation: Quotas,
    /// Quotas of mail.
    #[serde(default)]
    pub mail: MailQuotas,
}

/// Number of parts of an organisation's quota. Each member counts against one part, so no item becomes a hot key, and a
/// member who exhausts one part leaves the others.
pub const SHARDS: u32 = 4;

const fn quota(per_minute: u32, burst: u32) -> Quota {
    Quota { per_minute, burst }
}

/// Quota of requests for organisations that the caller does not belong to, all together. It stops searches for
/// organisations.
pub const PROBE_QUOTA: Quota = quota(30, 30);

impl RateLimitPlan {
    /// Plan of organisations without a plan of their own: above what people need, below what a faulty client sends.
    pub const STANDARD: Self = Self {
        member: Quotas { read: quota(1200, 200), write: quota(600, 120), costly: quota(60, 20) },
        organisation: Quotas { read: quota(6000, 1000), write: quota(3000, 600), costly: quota(300, 100) },
        mail: MailQuotas::STANDARD,
    };
}
