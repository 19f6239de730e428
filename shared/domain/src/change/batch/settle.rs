//! Settlement of payments, by a person or by the bank's answer.

use jiff::Timestamp;
use jiff::civil::Date;

use crate::batch::{Payment, PaymentStatus};
use crate::change::BatchChange;
use crate::error::DomainError;
use crate::event::EventKind;
use crate::permission::{PaymentPermit, SettlePayment};
use crate::reimbursement::PaymentFailure;
use crate::text::BankReference;

/// What became of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PaymentOutcome {
    /// Paid.
    Paid {
        /// Day of the payment.
        on: Date,
        /// Reference of the bank.
        reference: Option<BankReference>,
    },
    /// Refused by the bank, or come back after it was paid.
    Failed(PaymentFailure),
}

/// Settles a payment. `None` when the outcome is recorded already, so the same answer twice changes nothing.
/// [`apply_outcome`](super::apply_outcome) carries it out on the reports.
///
/// # Errors
/// [`DomainError::InvalidPaymentState`] for a payment that was not released or pays nothing; when a paid payment is
/// reported with another reference; and when a failed payment is reported as paid: its reports may be in another batch.
pub fn settle_payment(
    permit: PaymentPermit<'_, SettlePayment>,
    outcome: PaymentOutcome,
    now: Timestamp,
) -> Result<Option<BatchChange>, DomainError> {
    let payment = permit.payment();
    let (id, payee, amount) = (payment.id, payment.payee.id, payment.amount);
    let (after, kind) = match (payment.status, outcome) {
        (PaymentStatus::Released, PaymentOutcome::Paid { on, reference }) => {
            let kind = EventKind::PaymentPaid { payment: id, payee, amount, paid_on: on, reference: reference.clone() };
            (Payment { status: PaymentStatus::Paid, paid_on: Some(on), reference, ..payment.clone() }, kind)
        }
        (PaymentStatus::Paid | PaymentStatus::Failed, PaymentOutcome::Paid { on, reference })
            if is_recorded(payment, on, reference.as_ref()) =>
        {
            return Ok(None);
        }
        (PaymentStatus::Paid, PaymentOutcome::Paid { .. }) => return Err(refused(OTHER_REFERENCE)),
        (PaymentStatus::Failed, PaymentOutcome::Paid { .. }) => return Err(refused(HAS_FAILED)),
        (PaymentStatus::Paid, PaymentOutcome::Failed(_)) if amount.minor() == 0 => return Err(refused(ONLY_SET_OFF)),
        (PaymentStatus::Released | PaymentStatus::Paid, PaymentOutcome::Failed(failure)) => {
            let (reports, came_back) = (payment.reports, payment.status == PaymentStatus::Paid);
            let kind =
                EventKind::PaymentFailed { payment: id, payee, amount, reports, failure: failure.clone(), came_back };
            let failure = Some(failure);
            (Payment { status: PaymentStatus::Failed, failure, applied: 0, ..payment.clone() }, kind)
        }
        (PaymentStatus::Failed, PaymentOutcome::Failed(_)) => return Ok(None),
        (PaymentStatus::Open | PaymentStatus::Held | PaymentStatus::Cancelled, _) => return Err(refused(NOT_RELEASED)),
    };
    let mut change = BatchChange::on(permit.batch());
    change.put_payment(payment, after);
    Ok(Some(change.record_event(permit.actor(), kind, now).settle_when_ended(now)))
}

const NOT_RELEASED: &str = "This payment was not released.";
const OTHER_REFERENCE: &str = "This payment was reported as paid with another reference. Check with the bank.";
const HAS_FAILED: &str = "This payment has failed, and its reports can be paid again. Check with the bank.";
const ONLY_SET_OFF: &str = "This payment was settled by set-off. It cannot fail.";

const fn refused(why: &'static str) -> DomainError {
    DomainError::InvalidPaymentState(why)
}

/// True when the payment is recorded as paid in this way. A person may have recorded it without the reference that the
/// bank names later.
fn is_recorded(payment: &Payment, on: Date, reference: Option<&BankReference>) -> bool {
    match (&payment.reference, reference) {
        (Some(known), Some(reference)) => known == reference,
        _ => payment.status == PaymentStatus::Paid || payment.paid_on == Some(on),
    }
}
