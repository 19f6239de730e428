//! Reports of a batch: they become reimbursing, and then follow the outcome of their payment.

use jiff::Timestamp;

use crate::batch::{Batch, BatchEntry, BatchStatus, MAX_BATCH_STEP, Payment, PaymentStatus};
use crate::change::ReportChange;
use crate::change::{BatchChange, PaymentChange};
use crate::error::DomainError;
use crate::event::{EventKind, ReimbursementFacts, ReportSnapshot};
use crate::money::MoneyError;
use crate::permission::{Permit, Reimburse};
use crate::reimbursement::{PaymentFailure, PaymentRef, Reimbursement, SettledAmounts};
use crate::report::{Report, ReportStatus};

/// Report in a payment.
pub(super) fn start_reimbursement(
    permit: Permit<'_, Reimburse>,
    entry: &BatchEntry,
    payment: &Payment,
    now: Timestamp,
) -> ReportChange {
    let mut change = ReportChange::on(permit.report(), now);
    let place = PaymentRef { batch: payment.batch, payment: payment.id };
    change.after.status = ReportStatus::Reimbursing;
    let known = change.after.reimbursement.take().unwrap_or_default();
    let reimbursement = Reimbursement { payment: Some(place), failure: None, ..known };
    change.after.reimbursement = Some(reimbursement);
    let kind = EventKind::ReimbursementStarted { payment: place, claim: entry.claim, set_off: entry.set_off };
    change.record_event_as(permit.actor(), None, kind, now)
}

/// What happens to the reports of a payment.
enum Outcome<'a> {
    Paid(jiff::civil::Date),
    Failed(&'a PaymentFailure),
    LeftOut,
}

/// Carries out the outcome of a payment on reports: paid ones become reimbursed, others approved again. `None` when all
/// of them follow the outcome already. Can be repeated in any order.
///
/// # Errors
/// [`DomainError::InvalidPaymentState`] for a payment without an outcome; [`DomainError::InvalidSelection`] for more than
/// [`MAX_BATCH_STEP`] reports; [`DomainError::NotFound`] for an entry of another payment or report;
/// [`DomainError::TotalTooLarge`], which no stored entry is known to cause.
pub fn apply_outcome(
    batch: &Batch,
    payment: &Payment,
    reports: &[(BatchEntry, Report)],
    now: Timestamp,
) -> Result<Option<BatchChange>, DomainError> {
    if payment.batch != batch.id {
        return Err(DomainError::NotFound);
    }
    if reports.len() > MAX_BATCH_STEP {
        return Err(DomainError::InvalidSelection("A step changes at most 20 reports."));
    }
    let is_cancelled = batch.status == BatchStatus::Cancelled;
    let mut after = payment.clone();
    let outcome = match (payment.status, &payment.failure, payment.paid_on) {
        (PaymentStatus::Cancelled, ..) => Outcome::LeftOut,
        (PaymentStatus::Open | PaymentStatus::Held, ..) if is_cancelled => {
            after.status = PaymentStatus::Cancelled;
            after.hold = None;
            Outcome::LeftOut
        }
        (PaymentStatus::Paid, _, Some(paid_on)) => Outcome::Paid(paid_on),
        (PaymentStatus::Failed, Some(failure), _) => Outcome::Failed(failure),
        _ => return Err(DomainError::InvalidPaymentState("This payment has no outcome yet.")),
    };
    let mut change = BatchChange::on(batch);
    for (entry, report) in reports {
        if entry.payment != payment.id || entry.report != report.id {
            return Err(DomainError::NotFound);
        }
        let followed =
            follow(&outcome, payment, entry, report, now).map_err(|MoneyError| DomainError::TotalTooLarge)?;
        change.reports.extend(followed);
    }
    if change.reports.is_empty() && after == *payment {
        return Ok(None);
    }
    after.applied = after.applied.saturating_add(change.reports.len());
    change.payments.push(PaymentChange::to(payment, after));
    Ok(Some(change))
}

/// Change of a report that follows its payment; `None` when it has done so.
fn follow(
    outcome: &Outcome<'_>,
    payment: &Payment,
    entry: &BatchEntry,
    report: &Report,
    now: Timestamp,
) -> Result<Option<ReportChange>, MoneyError> {
    let place = PaymentRef { batch: payment.batch, payment: payment.id };
    let known = report.reimbursement.clone().unwrap_or_default();
    let is_reimbursed = report.status == ReportStatus::Reimbursed;
    let is_here = known.payment == Some(place) && (is_reimbursed || report.status == ReportStatus::Reimbursing);
    let may_follow = match outcome {
        Outcome::Paid(_) | Outcome::LeftOut => !is_reimbursed,
        Outcome::Failed(_) => true,
    };
    if !is_here || !may_follow {
        return Ok(None);
    }
    let mut change = ReportChange::on(report, now);
    // The state is another one for people who name the version they have seen.
    change.after.version = change.after.version.saturating_add(1);
    let snapshot = |report: &Report| Box::new(ReportSnapshot::of(report));
    let kind = match outcome {
        Outcome::Paid(paid_on) => {
            let settled = Some(settled_with(known.settled, entry)?);
            change.after.reimbursement =
                Some(Reimbursement { payment: Some(place), settled, paid_on: Some(*paid_on), failure: None });
            let payment = Box::new(facts(place, payment, entry, *paid_on));
            if change.after.collectable_debt().minor() > 0 {
                reopen(&mut change.after);
                EventKind::ReportSetOff { report: snapshot(&change.after), payment }
            } else {
                change.after.status = ReportStatus::Reimbursed;
                EventKind::ReportReimbursed { report: snapshot(&change.after), payment }
            }
        }
        Outcome::Failed(failure) => {
            let settled = if is_reimbursed { settled_without(known.settled, entry)? } else { known.settled };
            change.after.reimbursement =
                Some(Reimbursement { payment: None, settled, paid_on: None, failure: Some((*failure).clone()) });
            reopen(&mut change.after);
            let (claim, failure) = (entry.claim, (*failure).clone());
            let report = snapshot(&change.after);
            EventKind::ReportPaymentFailed { report, payment: place, claim, failure, came_back: is_reimbursed }
        }
        Outcome::LeftOut => {
            let has_settled = known.settled.is_some();
            change.after.reimbursement = has_settled.then_some(Reimbursement { payment: None, ..known });
            reopen(&mut change.after);
            let left_out = payment.hold.as_ref().map(|hold| hold.reason);
            let left_out = left_out.filter(|_| payment.status == PaymentStatus::Cancelled);
            EventKind::ReimbursementEnded { payment: place, left_out }
        }
    };
    Ok(Some(change.record_system_event(kind, now)))
}

/// Makes a report approved again, outside of any payment.
fn reopen(report: &mut Report) {
    report.status = ReportStatus::Approved;
    if let Some(reimbursement) = &mut report.reimbursement {
        reimbursement.payment = None;
    }
}

fn settled_with(known: Option<SettledAmounts>, entry: &BatchEntry) -> Result<SettledAmounts, MoneyError> {
    let (claim, debt) = (entry.claim, entry.set_off);
    match known {
        None => Ok(SettledAmounts { claim, debt }),
        Some(known) => Ok(SettledAmounts { claim: known.claim.plus(claim)?, debt: known.debt.plus(debt)? }),
    }
}

fn settled_without(known: Option<SettledAmounts>, entry: &BatchEntry) -> Result<Option<SettledAmounts>, MoneyError> {
    let Some(known) = known else { return Ok(None) };
    let left = SettledAmounts { claim: known.claim.minus(entry.claim)?, debt: known.debt.minus(entry.set_off)? };
    Ok(Some(left).filter(|left| left.claim.minor() != 0 || left.debt.minor() != 0))
}

fn facts(place: PaymentRef, payment: &Payment, entry: &BatchEntry, paid_on: jiff::civil::Date) -> ReimbursementFacts {
    ReimbursementFacts {
        payment: place,
        payee: payment.payee.id,
        claim: entry.claim,
        set_off: entry.set_off,
        owed: Some(entry.owed).filter(|owed| owed.minor() > 0),
        payment_amount: payment.amount,
        payment_set_off: payment.set_off,
        payment_reports: payment.reports,
        paid_on,
    }
}
