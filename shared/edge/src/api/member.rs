//! Members over the API.

use outlay_domain::member::{Member, MemberStatus, Role};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::common::time;

/// What a member may do beyond his own reports.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Role)]
pub enum RoleIo {
    /// Files reports and decides on those routed to him.
    Employee,
    /// Also sees all reports, sets policy and rates, and is the finance step.
    Finance,
    /// Also invites members; stands in where a step finds nobody.
    Admin,
    /// Sees everything, changes nothing.
    Auditor,
}

impl From<RoleIo> for Role {
    fn from(role: RoleIo) -> Self {
        match role {
            RoleIo::Employee => Self::Employee,
            RoleIo::Finance => Self::Finance,
            RoleIo::Admin => Self::Admin,
            RoleIo::Auditor => Self::Auditor,
        }
    }
}

impl From<Role> for RoleIo {
    fn from(role: Role) -> Self {
        match role {
            Role::Employee => Self::Employee,
            Role::Finance => Self::Finance,
            Role::Admin => Self::Admin,
            Role::Auditor => Self::Auditor,
        }
    }
}

/// A member.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Member)]
pub struct MemberOut {
    /// Identifier, `mem_…`.
    pub id: String,
    /// Display name.
    pub name: String,
    /// E-mail address.
    pub email: String,
    /// Role.
    pub role: RoleIo,
    /// `invited`, `active` or `suspended`.
    #[schema(example = "active")]
    pub status: &'static str,
    /// Who approves his reports first.
    pub manager_id: Option<String>,
    /// Grows by one with each change; the `ETag` without its quotes.
    pub version: u64,
    /// When he was invited, RFC 3339 in UTC.
    #[schema(format = DateTime)]
    pub created_at: String,
}

impl From<&Member> for MemberOut {
    fn from(member: &Member) -> Self {
        Self {
            id: member.id.to_string(),
            name: member.name.clone(),
            email: member.email.clone(),
            role: member.role.into(),
            status: match member.status {
                MemberStatus::Invited => "invited",
                MemberStatus::Active => "active",
                MemberStatus::Suspended => "suspended",
            },
            manager_id: member.manager_id.map(|manager| manager.to_string()),
            version: member.version,
            created_at: time(member.created_at),
        }
    }
}
