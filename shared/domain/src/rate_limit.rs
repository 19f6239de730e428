//! Rate limits: how many requests of which class a member and an organisation may send. The generic cell rate algorithm (ITU-T I.371)
//! keeps one number for each limit, the theoretical arrival time: when the allowance would be full again if nobody asked any more.
//! All arithmetic is in microseconds since 1970.

use serde::{Deserialize, Serialize};

/// What kind of work a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Reads.
    Read,
    /// Changes something.
    Write,
    /// Takes far more work than others.
    Costly,
}

impl Class {
    /// Every class.
    pub const ALL: [Self; 3] = [Self::Read, Self::Write, Self::Costly];

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Costly => "costly",
        }
    }
}

/// How many requests are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// In the long run.
    pub per_minute: u32,
    /// At once, after a pause.
    pub burst: u32,
}

/// Where somebody stands after a request was counted, or refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// How many more are allowed at once.
    pub remaining: u32,
    /// In how many seconds the whole burst is allowed again, rounded up.
    pub full_in: u32,
    /// In how many seconds the next one is allowed, rounded up; at least one.
    pub next_in: u32,
}

const MINUTE: i64 = 60_000_000;
const SECOND: i64 = 1_000_000;

impl Quota {
    /// What a request uses up, in microseconds.
    #[must_use]
    pub fn interval(self) -> i64 {
        // A limit of nothing lets one request through in a minute: a plan cannot lock everybody out by a slip of the pen.
        (MINUTE / i64::from(self.per_minute.max(1))).max(1)
    }

    /// The latest arrival time at which a request at `now` still is admitted.
    #[must_use]
    pub fn latest(self, now: i64) -> i64 {
        now.saturating_add(self.interval().saturating_mul(i64::from(self.burst.max(1)) - 1))
    }

    /// In how many seconds the whole burst is allowed again when it is used up, rounded up.
    #[must_use]
    pub fn window(self) -> u32 {
        seconds(self.interval().saturating_mul(i64::from(self.burst.max(1))))
    }

    /// One of several equal parts.
    #[must_use]
    pub fn share(self, parts: u32) -> Self {
        let parts = parts.max(1);
        Self { per_minute: (self.per_minute / parts).max(1), burst: (self.burst / parts).max(1) }
    }

    /// The arrival time after a request at `now`, or `None` when it is refused.
    #[must_use]
    pub fn admit(self, arrival: Option<i64>, now: i64) -> Option<i64> {
        let arrival = arrival.unwrap_or(now).max(now);
        (arrival <= self.latest(now)).then(|| arrival.saturating_add(self.interval()))
    }

    /// What an arrival time means at `now`.
    #[must_use]
    pub fn standing(self, arrival: i64, now: i64) -> Standing {
        let room = self.latest(now).saturating_sub(arrival.max(now));
        let remaining = if room < 0 { 0 } else { room / self.interval() + 1 };
        Standing {
            remaining: u32::try_from(remaining).unwrap_or(u32::MAX),
            full_in: seconds(arrival.saturating_sub(now)),
            next_in: seconds(arrival.saturating_sub(self.latest(now))).max(1),
        }
    }
}

fn seconds(microseconds: i64) -> u32 {
    u32::try_from(microseconds.max(0).saturating_add(SECOND - 1) / SECOND).unwrap_or(u32::MAX)
}

/// The quotas of one kind of holder, by class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quotas {
    /// For reads.
    pub read: Quota,
    /// For changes.
    pub write: Quota,
    /// For costly requests.
    pub costly: Quota,
}

impl Quotas {
    /// That of a class.
    #[must_use]
    pub const fn of(&self, class: Class) -> Quota {
        match class {
            Class::Read => self.read,
            Class::Write => self.write,
            Class::Costly => self.costly,
        }
    }
}

/// The limits of an organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Those of each member.
    pub member: Quotas,
    /// Those of all its members together.
    pub organisation: Quotas,
}

/// An organisation's limit is kept in so many parts, and each member counts against one of them: no key of the table is written by
/// everybody, and whoever uses up his part leaves the others theirs.
pub const SHARDS: u32 = 4;

const fn quota(per_minute: u32, burst: u32) -> Quota {
    Quota { per_minute, burst }
}

/// How often somebody may ask for organisations that he is no member of, all together: a mistake or two, not a search.
pub const STRANGER: Quota = quota(30, 30);

impl Plan {
    /// What holds for an organisation without a plan of its own: more than people need, less than a loop gone wild wants.
    pub const STANDARD: Self = Self {
        member: Quotas { read: quota(1200, 200), write: quota(600, 120), costly: quota(60, 20) },
        organisation: Quotas { read: quota(6000, 1000), write: quota(3000, 600), costly: quota(300, 100) },
    };
}
