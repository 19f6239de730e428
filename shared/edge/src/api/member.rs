//! Members over the API.

use outlay_domain::member::{Delegation, Member, MemberStatus, Role};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::common::{MoneyIo, PersonOut, time};

/// What a member may do beyond his own reports.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Role)]
pub enum RoleIo {
    /// Files reports and decides on those routed to him.
    Employee,
    /// Also sees all reports, sets policy and rates, and is the finance step.
    Finance,
    /// Also invites and changes members, and reassigns steps.
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

/// That one member decides for another for some time.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Delegation)]
pub struct DelegationOut {
    /// In `delegation`: who decides for this member. In `acts_for`: for whom he decides.
    pub with: PersonOut,
    /// The first day, in UTC.
    #[schema(format = Date)]
    pub from: String,
    /// The last day.
    #[schema(format = Date)]
    pub until: String,
    /// Reports above this total in the base currency are not delegated.
    pub ceiling: Option<MoneyIo>,
}

impl From<&Delegation> for DelegationOut {
    fn from(delegation: &Delegation) -> Self {
        Self {
            with: (&delegation.with).into(),
            from: delegation.from.to_string(),
            until: delegation.until.to_string(),
            ceiling: delegation.ceiling.map(Into::into),
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
    /// His grade, by which limits and the workflow tell owners apart.
    pub grade: Option<String>,
    /// The cost centre that bears his expenses unless they say another.
    pub cost_centre: Option<String>,
    /// The largest total in the base currency he may approve; any, when null.
    pub approval_limit: Option<MoneyIo>,
    /// Who decides for him while he is away.
    pub delegation: Option<DelegationOut>,
    /// For whom he decides while they are away.
    pub acts_for: Vec<DelegationOut>,
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
            grade: member.grade.clone(),
            cost_centre: member.cost_centre.clone(),
            approval_limit: member.approval_limit.map(Into::into),
            delegation: member.delegation.as_ref().map(Into::into),
            acts_for: member.acts_for.iter().map(Into::into).collect(),
            version: member.version,
            created_at: time(member.created_at),
        }
    }
}
