//! Release of a batch: holds, release of the payments in steps, and the file for the bank.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::require_status;
use crate::batch::{
    AccountFacts, Batch, BatchFile, BatchStatus, Hold, HoldClearance, HoldReason, MAX_BATCH_STEP, Payment,
    PaymentAccount, PaymentStatus,
};
use crate::change::BatchChange;
use crate::error::DomainError;
use crate::event::{BatchFacts, EventKind, LeftOutPayment};
use crate::ids::MemberId;
use crate::permission::{BatchPermit, ClearHold, DownloadFile, PaymentPermit, ReleaseBatch};
use crate::policy::PaymentRules;

/// Clears the hold of a payment: a person other than the payee has looked at the account that they were shown, of
/// version `account_version`.
///
/// # Errors
/// [`DomainError::InvalidPaymentState`] for a payment that is not held, or held for another version of the account.
pub fn clear_hold(
    permit: PaymentPermit<'_, ClearHold>,
    account_version: u64,
    now: Timestamp,
) -> Result<BatchChange, DomainError> {
    let payment = permit.payment();
    let hold = payment.hold.clone().filter(|_| payment.status == PaymentStatus::Held);
    let hold = hold.ok_or(DomainError::InvalidPaymentState("This payment is not held."))?;
    if payment.account.as_ref().is_none_or(|account| account.version != account_version) {
        return Err(DomainError::InvalidPaymentState("The account has changed. Look at the account again."));
    }
    let cleared = HoldClearance { by: permit.actor().member_ref(), at: now, account_version };
    let hold = Some(Hold { cleared: Some(cleared), ..hold });
    let mut change = BatchChange::on(permit.batch());
    change.put_payment(payment, Payment { status: PaymentStatus::Open, hold, ..payment.clone() });
    let kind = EventKind::HoldCleared { payment: payment.id, account_version };
    Ok(change.record_event(permit.actor(), kind, now))
}

/// Releases a batch. [`release_payments`] carries it out. Payments that are held then are left out.
#[must_use]
pub fn release_batch(permit: BatchPermit<'_, ReleaseBatch>, rules: &PaymentRules, now: Timestamp) -> BatchChange {
    let mut change = BatchChange::on(permit.batch());
    change.after.status = BatchStatus::Released;
    change.after.released_by = Some(permit.actor().member_ref());
    change.after.released_at = Some(now);
    let facts = BatchFacts::of(permit.batch(), permit.batch().needs_four_eyes(rules));
    change.record_event(permit.actor(), EventKind::BatchReleased { batch: Box::new(facts) }, now)
}

/// Releases payments of a released batch. `accounts` are the accounts of the payees as they are now.
///
/// A payment of nothing is settled by set-off, without the bank. A held payment is left out, and so is one whose account
/// was changed or removed since the payment was made up: nobody has looked at it. Payments that are released or left out
/// already stay as they are.
///
/// # Errors
/// [`DomainError::InvalidBatchState`] unless the batch is released; [`DomainError::InvalidSelection`] for more than
/// [`MAX_BATCH_STEP`] payments; [`DomainError::NotFound`] for a payment of another batch.
pub fn release_payments(
    batch: &Batch,
    payments: &[Payment],
    accounts: &BTreeMap<MemberId, AccountFacts>,
    now: Timestamp,
) -> Result<Option<BatchChange>, DomainError> {
    require_status(batch, BatchStatus::Released, "release payments")?;
    if payments.len() > MAX_BATCH_STEP {
        return Err(DomainError::InvalidSelection("A step releases at most 20 payments."));
    }
    let mut change = BatchChange::on(batch);
    let (mut released, mut set_off, mut left_out) = (Vec::new(), Vec::new(), Vec::new());
    for payment in payments {
        if payment.batch != batch.id {
            return Err(DomainError::NotFound);
        }
        if !matches!(payment.status, PaymentStatus::Open | PaymentStatus::Held) {
            continue;
        }
        let account = accounts.get(&payment.payee.id);
        let after = match (payment.amount.minor(), obstacle(payment, account)) {
            (0, _) => {
                set_off.push(payment.id);
                let paid_on = Some(batch.execution_date);
                Payment { status: PaymentStatus::Paid, paid_on, ..payment.clone() }
            }
            (_, Some(reason)) => {
                left_out.push(LeftOutPayment { payment: payment.id, reason });
                let hold = Some(Hold { reason, cleared: None });
                Payment { status: PaymentStatus::Cancelled, hold, ..payment.clone() }
            }
            (_, None) => {
                released.push(payment.id);
                let account = account.map(PaymentAccount::from);
                Payment { status: PaymentStatus::Released, account, ..payment.clone() }
            }
        };
        change.put_payment(payment, after);
    }
    if change.payments.is_empty() {
        return Ok(None);
    }
    let change = change.record_event(None, EventKind::PaymentsReleased { released, set_off, left_out }, now);
    Ok(Some(change.settle_when_ended(now)))
}

/// Reason to leave a payment out of the release.
fn obstacle(payment: &Payment, account: Option<&AccountFacts>) -> Option<HoldReason> {
    let Some(account) = account else { return Some(HoldReason::NoAccount) };
    if payment.account.as_ref().is_none_or(|known| known.version != account.version) {
        return Some(HoldReason::ChangedSince);
    }
    let is_held = payment.status == PaymentStatus::Held;
    payment.hold.as_ref().map(|hold| hold.reason).filter(|_| is_held)
}

/// Records the file for the bank, once every payment was released or left out. `None` when this file is recorded
/// already.
///
/// # Errors
/// [`DomainError::InvalidBatchState`] for a batch that is not released, and while payments wait for their release;
/// [`DomainError::InvalidPaymentState`] when another file is recorded.
pub fn record_file(batch: &Batch, file: BatchFile, now: Timestamp) -> Result<Option<BatchChange>, DomainError> {
    let is_released = matches!(batch.status, BatchStatus::Released | BatchStatus::Settled);
    if !is_released || batch.payments.unreleased() > 0 {
        return Err(DomainError::InvalidBatchState { status: batch.status, action: "have a file" });
    }
    match &batch.file {
        Some(known) if *known == file => Ok(None),
        Some(_) => Err(DomainError::InvalidPaymentState("This batch has another file already.")),
        None => {
            let mut change = BatchChange::on(batch);
            change.after.file = Some(file.clone());
            Ok(Some(change.record_event(None, EventKind::BatchFileWritten { file }, now)))
        }
    }
}

/// Leaves released payments out, before the file for the bank is written: what it cannot pay, and payments to accounts
/// that were changed or removed since the release. Their reports become approved again.
///
/// # Errors
/// [`DomainError::InvalidBatchState`] unless the batch is released, and once it has a file;
/// [`DomainError::InvalidSelection`] for none or more than [`MAX_BATCH_STEP`] payments; [`DomainError::NotFound`] for a
/// payment of another batch; [`DomainError::InvalidPaymentState`] for a payment that is not released.
pub fn leave_out_payments(
    batch: &Batch,
    payments: &[(Payment, HoldReason)],
    now: Timestamp,
) -> Result<BatchChange, DomainError> {
    require_status(batch, BatchStatus::Released, "leave payments out")?;
    if batch.file.is_some() {
        return Err(DomainError::InvalidBatchState { status: batch.status, action: "leave payments out" });
    }
    if payments.is_empty() || payments.len() > MAX_BATCH_STEP {
        return Err(DomainError::InvalidSelection("A step leaves out 1 to 20 payments."));
    }
    let (mut change, mut left_out) = (BatchChange::on(batch), Vec::new());
    for (payment, reason) in payments {
        if payment.batch != batch.id {
            return Err(DomainError::NotFound);
        }
        if payment.status != PaymentStatus::Released {
            return Err(DomainError::InvalidPaymentState("This payment is not released."));
        }
        left_out.push(LeftOutPayment { payment: payment.id, reason: *reason });
        let hold = Some(Hold { reason: *reason, cleared: None });
        change.put_payment(payment, Payment { status: PaymentStatus::Cancelled, hold, ..payment.clone() });
    }
    let kind = EventKind::PaymentsReleased { released: Vec::new(), set_off: Vec::new(), left_out };
    Ok(change.record_event(None, kind, now).settle_when_ended(now))
}

/// Records that a member gets a link to the file. The version of the batch stays.
///
/// # Errors
/// [`DomainError::InvalidPaymentState`] for a batch without a file.
pub fn download_file(
    permit: BatchPermit<'_, DownloadFile>,
    now: Timestamp,
) -> Result<(BatchFile, BatchChange), DomainError> {
    let batch = permit.batch();
    let file = batch.file.clone().ok_or(DomainError::InvalidPaymentState(NO_FILE))?;
    let kind = EventKind::BatchFileDownloaded { sha256: file.sha256.clone() };
    let mut change = BatchChange::on(batch).record_event(permit.actor(), kind, now);
    change.after.version = batch.version;
    Ok((file, change))
}

const NO_FILE: &str = "The file is not written yet, or no payment of this batch goes to the bank.";
