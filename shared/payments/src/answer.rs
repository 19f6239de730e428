//! What an answer of a bank means for a payment. Nothing is guessed: an entry counts only for the payment that it names
//! by its end-to-end identifier, with the amount and the currency of that payment.

use outlay_bank::{AnswerKind, BankAnswer, BankEntry, BankOutcome, reason_text};
use outlay_domain::batch::Payment;
use outlay_domain::change::PaymentOutcome;
use outlay_domain::ids::BatchId;
use outlay_domain::reimbursement::PaymentFailure;

/// Reason why an entry is not recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unmatched {
    /// The bank names no end-to-end identifier.
    #[error("The entry names no payment.")]
    NoIdentifier,
    /// The identifier is that of no payment of this organisation.
    #[error("There is no payment with this end-to-end identifier.")]
    UnknownPayment,
    /// Amount or currency differ.
    #[error("The amount or the currency is not that of the payment.")]
    OtherAmount,
    /// The bank states no amount for this payment alone.
    #[error("The entry states no amount for this payment alone.")]
    NoAmount,
    /// The bank states no day.
    #[error("The entry states no day of the payment.")]
    NoDay,
    /// A group of payments was rejected. Which payments it has is not recorded.
    #[error("The bank has rejected this group of payments. Settle its payments one by one.")]
    RejectedGroup,
}

/// Outcome of an entry for its payment; `None` while the bank has not decided, or has only accepted the order.
///
/// # Errors
/// [`Unmatched`]. A rejection without an amount counts: nothing was booked.
pub fn outcome_of_entry(entry: &BankEntry, payment: &Payment) -> Result<Option<PaymentOutcome>, Unmatched> {
    match entry.amount {
        Some(amount) if amount != payment.amount => return Err(Unmatched::OtherAmount),
        None if matches!(entry.outcome, BankOutcome::Settled | BankOutcome::Returned { .. }) => {
            return Err(Unmatched::NoAmount);
        }
        Some(_) | None => {}
    }
    Ok(match &entry.outcome {
        BankOutcome::Pending | BankOutcome::Accepted => None,
        BankOutcome::Settled => {
            let on = entry.date.ok_or(Unmatched::NoDay)?;
            let reference = entry.reference.as_ref().and_then(|reference| reference.parse().ok());
            Some(PaymentOutcome::Paid { on, reference })
        }
        BankOutcome::Rejected { code, text } => Some(failed(code.as_deref(), text.as_deref(), false)),
        BankOutcome::Returned { code, text } => Some(failed(code.as_deref(), text.as_deref(), true)),
    })
}

/// Failure with the reason in words: that of the code, then the text of the bank.
fn failed(code: Option<&str>, text: Option<&str>, came_back: bool) -> PaymentOutcome {
    PaymentOutcome::Failed(PaymentFailure::reported(code, code.and_then(reason_text), text, came_back))
}

/// Batch whose file has this identifier; `None` for a file of another program.
#[must_use]
pub fn batch_with_message_id(id: &str) -> Option<BatchId> {
    let random = id.strip_prefix("BAT")?;
    let batch: BatchId = format!("bat_{}", random.to_ascii_lowercase()).parse().ok()?;
    let is_same = batch.to_string().replace('_', "").to_ascii_uppercase() == id;
    is_same.then_some(batch)
}

/// Rejection of a whole file by a status report: it is the outcome of every payment of the file.
#[must_use]
pub fn rejection_of_file(answer: &BankAnswer) -> Option<PaymentOutcome> {
    match answer.group_outcome.as_ref().filter(|_| answer.kind == AnswerKind::StatusReport)? {
        BankOutcome::Rejected { code, text } => Some(failed(code.as_deref(), text.as_deref(), false)),
        BankOutcome::Pending | BankOutcome::Accepted | BankOutcome::Settled | BankOutcome::Returned { .. } => None,
    }
}

/// Identifiers of the groups of payments that a status report rejects without rejecting the whole file, and of which it
/// lists no payment.
pub fn rejected_groups(answer: &BankAnswer) -> impl Iterator<Item = &str> {
    let is_listed = |group: &str| answer.entries.iter().any(|entry| entry.batch_id.as_deref() == Some(group));
    let is_rejected = |outcome: Option<&BankOutcome>| matches!(outcome, Some(BankOutcome::Rejected { .. }));
    let groups = answer.batches.iter().filter(move |group| {
        is_rejected(group.outcome.as_ref()) && rejection_of_file(answer).is_none() && !is_listed(&group.batch_id)
    });
    groups.map(|group| group.batch_id.as_str())
}
