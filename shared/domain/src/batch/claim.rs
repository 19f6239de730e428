//! Amounts of a report that are open for payment.

use jiff::Timestamp;

use crate::ids::MemberId;
use crate::money::Money;
use crate::report::{Report, ReportStatus};

impl Report {
    /// Time of the approval: of the last decision, or of the submission when no person decided. `None` unless approved.
    #[must_use]
    pub fn approved_at(&self) -> Option<Timestamp> {
        let is_approved =
            matches!(self.status, ReportStatus::Approved | ReportStatus::Reimbursing | ReportStatus::Reimbursed);
        let decisions = self.steps.iter().flat_map(|step| &step.decisions);
        let last = decisions.map(|decision| decision.at).max().or(self.submitted_at);
        last.filter(|_| is_approved)
    }

    /// Member who is paid: the payee, or the owner without one.
    #[must_use]
    pub fn payee_id(&self) -> MemberId {
        self.payee.as_ref().map_or(self.owner, |payee| payee.id)
    }

    /// Reimbursable amount that no payment has settled.
    #[must_use]
    pub fn open_claim(&self) -> Money {
        let settled = self.settled_amounts().map_or(0, |settled| settled.claim.minor());
        Money::from_minor(self.totals.reimbursable.minor().saturating_sub(settled), self.currency).at_least_zero()
    }

    /// Repayable amount that no payment has set off.
    #[must_use]
    pub fn open_debt(&self) -> Money {
        let settled = self.settled_amounts().map_or(0, |settled| settled.debt.minor());
        let repayable = self.totals.repayable.map_or(0, Money::minor);
        Money::from_minor(repayable.saturating_sub(settled), self.currency).at_least_zero()
    }

    /// Open debt that a payment of this report can set off: a payee who is not the owner owes nothing of it.
    #[must_use]
    pub fn collectable_debt(&self) -> Money {
        if self.payee_id() == self.owner { self.open_debt() } else { Money::zero(self.currency) }
    }

    /// True when payments have settled a part of the report. The report cannot be changed any more.
    #[must_use]
    pub fn has_settled_amounts(&self) -> bool {
        self.settled_amounts().is_some()
    }

    fn settled_amounts(&self) -> Option<crate::reimbursement::SettledAmounts> {
        self.reimbursement.as_ref().and_then(|reimbursement| reimbursement.settled)
    }
}
