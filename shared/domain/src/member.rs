//! Members: people of one organisation, their role and their manager.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{MemberId, OrgId};

/// What a member may do beyond his own reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Files his own reports and decides on those routed to him.
    Employee,
    /// Also sees all reports, sets policy and rates, and is the finance step of the workflow.
    Finance,
    /// Also invites members; the fallback approver when a step finds nobody.
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
}

/// A person in one organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Identifier, `mem_…`.
    pub id: MemberId,
    /// The organisation.
    pub org: OrgId,
    /// Display name.
    pub name: String,
    /// E-mail address in lower case; unique in the organisation.
    pub email: String,
    /// Role.
    pub role: Role,
    /// Whether the member can act.
    pub status: MemberStatus,
    /// Who approves his reports first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manager_id: Option<MemberId>,
    /// The identity's `sub` claim, once bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Grows by one with each change.
    pub version: u64,
    /// When the member was invited or created.
    pub created_at: Timestamp,
}

impl Member {
    /// Whether the member may be asked to approve: everybody but suspended members and auditors.
    #[must_use]
    pub fn can_approve(&self) -> bool {
        self.status != MemberStatus::Suspended && self.role != Role::Auditor
    }

    /// The invited member, bound to the identity that signed in with his address.
    #[must_use]
    pub fn joined(&self, subject: &str) -> Self {
        Self {
            status: MemberStatus::Active,
            subject: Some(subject.to_owned()),
            version: self.version + 1,
            ..self.clone()
        }
    }

    /// Identifier and name, as they stand in routes.
    #[must_use]
    pub fn person(&self) -> Person {
        Person { id: self.id, name: self.name.clone() }
    }
}

/// A member as others see him in a route: who, by which name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Identifier.
    pub id: MemberId,
    /// Display name at the time the route was made.
    pub name: String,
}
