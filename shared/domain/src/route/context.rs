//! Input of routing: the report's facts and the people a route may need.

use crate::expense::Expense;
use crate::ids::MemberId;
use crate::member::Member;
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
    /// The owner's manager, that manager's manager and so on, as far as they are known.
    pub managers: Vec<Member>,
    /// True when the last of them has no manager.
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
