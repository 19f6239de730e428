//! Facts of batches and payments that events carry, for mail and for clients.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::batch::{Batch, BatchTotals, HoldReason, SkipReason};
use crate::ids::{MemberId, PaymentId, ReportId};
use crate::money::Money;
use crate::reimbursement::PaymentRef;

/// Payment of a report, as its parties are told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReimbursementFacts {
    /// Payment.
    pub payment: PaymentRef,
    /// Payee.
    pub payee: MemberId,
    /// Reimbursable amount of the report that is settled.
    pub claim: Money,
    /// Repayable amount of the report that was set off.
    pub set_off: Money,
    /// Repayable amount that stays owed, when it is not zero.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owed: Option<Money>,
    /// Amount of the whole payment; zero when all of it was set off.
    pub payment_amount: Money,
    /// Amount that the whole payment set off, over all its reports.
    pub payment_set_off: Money,
    /// Number of reports that the payment settles.
    pub payment_reports: usize,
    /// Day of the payment.
    pub paid_on: Date,
}

/// Batch at the time of an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchFacts {
    /// Creator.
    pub created_by: MemberId,
    /// Number of reports.
    pub reports: usize,
    /// Number of payments.
    pub payments: usize,
    /// Number of payments that are held.
    pub held: usize,
    /// Sums, one per currency.
    pub totals: Vec<BatchTotals>,
    /// Day on which the bank carries out the payments.
    pub execution_date: Date,
    /// True when another member than the creator has to release the batch.
    pub needs_four_eyes: bool,
}

impl BatchFacts {
    /// Facts of a batch.
    #[must_use]
    pub fn of(batch: &Batch, needs_four_eyes: bool) -> Self {
        Self {
            created_by: batch.created_by.id,
            reports: batch.taken,
            payments: batch.payments.total(),
            held: batch.payments.held,
            totals: batch.totals.values().copied().collect(),
            execution_date: batch.execution_date,
            needs_four_eyes,
        }
    }
}

/// Report that a batch did not take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkippedReport {
    /// Report.
    pub report: ReportId,
    /// Reason.
    pub reason: SkipReason,
}

/// Payment that a release left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOutPayment {
    /// Payment.
    pub payment: PaymentId,
    /// Reason.
    pub reason: HoldReason,
}
