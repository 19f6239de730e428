//! Input of routing: the report's facts and the people a route may need.

use crate::expense::Expense;
use crate::ids::MemberId;
use crate::member::{Member, Role};
use crate::money::Money;
use crate::report::Report;
use crate::text::CostCentreCode;

/// Largest number of managers above the owner that a route follows.
pub const MAX_LEVELS: usize = 20;

/// People a route may need.
#[derive(Clone, Debug)]
pub struct OrgContext {
    /// The owner.
    pub owner: Member,
    /// Preparer and payee, where they are not the owner.
    pub interested_parties: Vec<Member>,
    /// Managers above the owner, as far as they are known.
    pub managers: Vec<Member>,
    /// True when no further manager can be loaded.
    pub manager_chain_complete: bool,
    /// The organisation's members with the roles finance and admin.
    pub finance_and_admins: Vec<Member>,
    /// The members the policy names.
    pub named_members: Vec<Member>,
}

impl OrgContext {
    /// All members that are known here.
    pub(crate) fn members(&self) -> impl Iterator<Item = &Member> {
        let lists = [&self.interested_parties, &self.managers, &self.finance_and_admins, &self.named_members];
        std::iter::once(&self.owner).chain(lists.into_iter().flatten())
    }

    /// The people as a report sees them: without the roles, managers, grades and approval limits that its interested
    /// parties have set. Roles and managers that an interested party gave at an invitation do not count either, as soon
    /// as there is an admin who could confirm them: one that the interested parties neither are nor have appointed.
    #[must_use]
    pub fn seen_by(&self, report: &Report) -> Self {
        self.without_changes_by(&report.interested_parties().collect::<Vec<_>>())
    }

    /// The people as a report of these interested parties sees them; see [`OrgContext::seen_by`].
    #[must_use]
    pub fn without_changes_by(&self, parties: &[MemberId]) -> Self {
        let can_confirm = |admin: &Member| {
            !parties.contains(&admin.id)
                && admin.would_approve_as(Role::Admin, parties)
                && !admin.has_role_from_invitation_by(parties)
        };
        let invitations_count = !self.finance_and_admins.iter().any(can_confirm);
        let seen = |member: &Member| {
            let mut seen = member.without_changes_by(parties);
            if invitations_count {
                return seen;
            }
            if matches!(seen.role, Role::Finance | Role::Admin) && member.has_role_from_invitation_by(parties) {
                seen.role = Role::Employee;
            }
            if member.has_manager_from_invitation_by(parties) {
                seen.manager_id = None;
            }
            seen
        };
        let all = |members: &[Member]| members.iter().map(seen).collect();
        Self {
            owner: seen(&self.owner),
            interested_parties: all(&self.interested_parties),
            managers: all(&self.managers),
            manager_chain_complete: self.manager_chain_complete,
            finance_and_admins: all(&self.finance_and_admins),
            named_members: all(&self.named_members),
        }
    }

    /// An interested party of the report who is missing here. Separation of duties cannot be checked without them.
    #[must_use]
    pub fn missing_interested_party(&self, report: &Report) -> Option<MemberId> {
        let known =
            |id: &MemberId| self.owner.id == *id || self.interested_parties.iter().any(|member| member.id == *id);
        report.interested_parties().find(|id| !known(id))
    }
}

/// Reason why there is no route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoutingError {
    /// The step has no eligible approver: not its approvers, no manager further up, not the fallback.
    NoApprover {
        /// Name of the step.
        step: String,
    },
    /// The route depends on this manager, who is missing in [`OrgContext::managers`]. Load the member and route again,
    /// with [`OrgContext::manager_chain_complete`] set if there is no such member.
    MissingManager(MemberId),
}

/// Facts of a report that its route depends on.
#[derive(Clone, Copy, Debug)]
pub struct RouteInput<'a> {
    /// Expenses.
    pub lines: &'a [Expense],
    /// Their sum in the base currency, with the parts of their bills in other reports.
    pub base_total: Money,
    /// Cost centre of expenses that name none.
    pub cost_centre: Option<&'a CostCentreCode>,
    /// True when the policy found violations.
    pub has_violations: bool,
}

impl<'a> RouteInput<'a> {
    /// Facts of a report.
    #[must_use]
    pub fn of(report: &'a Report, has_violations: bool) -> Self {
        let Report { expenses, cost_centre, .. } = report;
        let base_total = report.total_to_approve();
        Self { lines: expenses, base_total, cost_centre: cost_centre.as_ref(), has_violations }
    }

    /// Cost centre of an expense.
    pub(super) fn cost_centre_of<'b>(&'b self, line: &'b Expense) -> Option<&'b CostCentreCode> {
        line.facts.cost_centre.as_ref().or(self.cost_centre)
    }
}
