//! Members: people and services of one organisation, their role and their manager.

use std::cmp::Reverse;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::ids::{MemberId, OrgId};
use crate::language::Language;
use crate::money::Money;

/// What a member may do beyond his own reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Files his own reports and decides on those routed to him.
    Employee,
    /// Also sees all reports, sets policy and rates, and is the finance step of the workflow.
    Finance,
    /// Also invites and changes members, and reassigns steps.
    Admin,
    /// Sees everything, changes nothing.
    Auditor,
}

impl Role {
    /// Every role, in the order of the documentation.
    pub const ALL: [Self; 4] = [Self::Employee, Self::Finance, Self::Admin, Self::Auditor];

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Employee => "employee",
            Self::Finance => "finance",
            Self::Admin => "admin",
            Self::Auditor => "auditor",
        }
    }

    /// Whether the role sees every report of the organisation.
    #[must_use]
    pub const fn sees_all(self) -> bool {
        matches!(self, Self::Finance | Self::Admin | Self::Auditor)
    }
}

/// Whether a member can act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberStatus {
    /// Invited by e-mail; becomes active with the first change he makes after signing in with that verified address.
    Invited,
    /// Has signed in; bound to one identity.
    Active,
    /// May do nothing.
    Suspended,
    /// Is gone for good: nothing that says who he was is left in his record.
    Erased,
}

impl MemberStatus {
    /// Whether a member of this status may do anything at all.
    #[must_use]
    pub const fn acts(self) -> bool {
        matches!(self, Self::Invited | Self::Active)
    }
}

/// Who is behind a member.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberKind {
    /// A person, who signs in.
    #[default]
    Person,
    /// A program. It does what its role says, but decides on no report, has none, and nothing is paid to it.
    Service,
}

impl MemberKind {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
    const fn is_person(&self) -> bool {
        matches!(self, Self::Person)
    }
}

/// What is wrong with a member's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AddressFault {
    /// Mail to it comes back for good: nothing is sent to it any longer.
    Bounced,
    /// Its owner has marked mail as unwanted: nothing is sent to it that can do without.
    Complained,
}

impl AddressFault {
    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bounced => "bounced",
            Self::Complained => "complained",
        }
    }
}

/// That one member decides for another for some time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delegation {
    /// The other of the two: with the one who is away, who decides for him; with that one, for whom he decides.
    pub with: Person,
    /// The first day, in UTC.
    pub from: Date,
    /// The last day.
    pub until: Date,
    /// Reports above this total in the base currency stay with the one who is away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ceiling: Option<Money>,
    /// The approval limit of the one who is away, who cannot delegate more than he has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Money>,
    /// Who set it: on a report he has a part in, it is as if it were not there.
    pub by: MemberId,
}

impl Delegation {
    /// Whether it is in force on a day.
    #[must_use]
    pub fn runs(&self, day: Date) -> bool {
        (self.from..=self.until).contains(&day)
    }

    /// The largest total it is good for.
    #[must_use]
    pub fn bound(&self) -> Option<Money> {
        [self.ceiling, self.limit].into_iter().flatten().min_by_key(|bound| bound.minor())
    }

    /// Orders delegations from the widest, which has no ceiling, to the one with the lowest ceiling.
    #[must_use]
    pub fn narrowness(&self) -> Reverse<i64> {
        Reverse(self.bound().map_or(i64::MAX, Money::minor))
    }
}

/// The most members one member can decide for at a time.
pub const MAX_ACTS_FOR: usize = 20;

/// A person, or a service, in one organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Identifier, `mem_…`.
    pub id: MemberId,
    /// The organisation.
    pub org: OrgId,
    /// Display name.
    pub name: String,
    /// Who is behind him.
    #[serde(default, skip_serializing_if = "MemberKind::is_person")]
    pub kind: MemberKind,
    /// E-mail address in lower case; unique in the organisation. A service has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// What is wrong with the address, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address_fault: Option<AddressFault>,
    /// When an admin last said that what was wrong with his address is mended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address_mended_at: Option<Timestamp>,
    /// The language he is written to in.
    #[serde(default, skip_serializing_if = "Language::is_default")]
    pub language: Language,
    /// The IANA name of the time zone he lives in; UTC, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// Role.
    pub role: Role,
    /// Whether the member can act.
    pub status: MemberStatus,
    /// Who approves his reports first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manager_id: Option<MemberId>,
    /// His grade, by which limits and the workflow can tell owners apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grade: Option<String>,
    /// The cost centre that bears his expenses unless they say another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_centre: Option<String>,
    /// The largest total in the base currency he may approve; any, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval_limit: Option<Money>,
    /// Who decides for him while he is away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delegation: Option<Delegation>,
    /// For whom he decides while they are away: their delegations, seen from here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acts_for: Vec<Delegation>,
    /// The identity's `sub` claim, once bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Which of his payout accounts is in force, counted from 1; none, when he has named none. The account itself is not here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payout_version: Option<u64>,
    /// Grows by one with each change.
    pub version: u64,
    /// The hash of the last event of his history.
    #[serde(default)]
    pub last_hash: String,
    /// When the member was invited or created.
    pub created_at: Timestamp,
}

impl Member {
    /// Whether the member may be asked to approve: every person but auditors and who is suspended or gone.
    #[must_use]
    pub fn can_approve(&self) -> bool {
        self.status.acts() && self.role != Role::Auditor && self.kind.is_person()
    }

    /// Whether reports can be his: not an auditor's, not a service's, and nobody's who is gone.
    #[must_use]
    pub fn can_own(&self) -> bool {
        self.status != MemberStatus::Erased && self.role != Role::Auditor && self.kind.is_person()
    }

    /// The day and the time of day where he lives.
    #[must_use]
    pub fn local(&self, now: Timestamp) -> DateTime {
        let zone = self.time_zone.as_deref().and_then(time_zone);
        now.to_zoned(zone.unwrap_or(TimeZone::UTC)).datetime()
    }

    /// Whether mail reaches him, as far as is known.
    #[must_use]
    pub fn is_reachable(&self) -> bool {
        self.email.is_some() && self.address_fault != Some(AddressFault::Bounced)
    }

    /// Whether there is a person behind him: he can be a manager, and be paid.
    #[must_use]
    pub fn is_somebody(&self) -> bool {
        self.status != MemberStatus::Erased && self.kind.is_person()
    }

    /// Whether a report of this total in the base currency is within what he may approve.
    #[must_use]
    pub fn may_approve(&self, base_total: Money) -> bool {
        self.approval_limit.is_none_or(|limit| base_total.minor() <= limit.minor())
    }

    /// Who decides for him on a day.
    #[must_use]
    pub fn delegate(&self, day: Date) -> Option<MemberId> {
        self.delegation.as_ref().filter(|delegation| delegation.runs(day)).map(|delegation| delegation.with.id)
    }

    /// Identifier and name, as they stand in routes.
    #[must_use]
    pub fn person(&self) -> Person {
        Person { id: self.id, name: self.name.clone() }
    }
}

/// The time zone of an IANA name.
#[must_use]
pub fn time_zone(name: &str) -> Option<TimeZone> {
    // "Etc/Unknown" and offsets are names of nothing that anybody lives in.
    TimeZone::get(name).ok().filter(|zone| zone.iana_name().is_some() && !zone.is_unknown())
}

/// A member as others see him in a route: who, by which name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Identifier.
    pub id: MemberId,
    /// Display name at the time the route was made.
    pub name: String,
}
