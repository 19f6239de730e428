//! The one write path. The changes of a request become one `TransactWriteItems`: changed items, events, outbox entries,
//! tasks and the idempotency record. Either all of it is written or nothing. `transaction.rs` builds the writes; this
//! file sends them and interprets a failed condition.
//!
//! A transaction holds 100 items and 4 MB. The largest change is one of a report with 500 expenses, made by a member
//! who joins with it:
//!
//! | what | items | from |
//! |---|---|---|
//! | head | 1 | |
//! | review | 1 | violations and steps |
//! | expenses | 10 | 500 expenses, 50 per item |
//! | events | 3 | approved, changed, submitted again |
//! | outbox | 2 | two of these events have recipients |
//! | tasks | 40 | 20 deleted for the approvers of one step, 20 written for those of another |
//! | claims | 24 | 12 buckets written, 12 that the report left |
//! | cost centres | 10 | 5 added, 5 removed |
//! | participations | 2 | preparer and payee |
//! | idempotency record | 1 | |
//! | joining member | 4 | member, two copies, event |
//! | automatic approval or refusal | 1 | |
//!
//! A booking request is written when the report was approved, or becomes so: then one of its steps has no tasks, which
//! leaves room. A booking has its own transaction: the state, the head, up to 65 groups of lines, and the condition on
//! the settings.
//!
//! The sum is 99. New routes of other reports are left out where they do not fit. Receipts are added and removed one
//! at a time, with two items each (file task and duplicate reference), while the report is with its owner. All thirty
//! are removed with a draft, which has neither tasks nor claims (84 items). The ten of an expense are removed with it,
//! which leaves at most one cost centre, one month and one trip (97). Expenses and violations have at most 380
//! KiB, the stored response as many again, and twelve
//! full buckets with the longest names less than 3 MB. A test adds up all of it.
//!
//! A step of a batch has no bound of its own: twenty reports with their payments can need more. Background work then
//! takes half as many. One report always fits, because the members involved in it are written before, in parts.

mod batch;
mod transaction;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::CancellationReason;
use outlay_aws::backoff::backoff_with_jitter;
use outlay_domain::change::Change;

use self::transaction::{ConditionKind, ConditionalWrite, TransactionBuilder};
use crate::client::Store;
use crate::error::StoreError;
use crate::idempotency::{IdempotencyRecord, NewIdempotencyRecord};
use crate::items::from_item;
use crate::keys::PrimaryKey;

/// Failed commit.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// A concurrent request was first: it changed a record that the change depends on since it was read, such as the
    /// report, the owner's claims or the caller's membership. The change must be decided again on the new state. Holds
    /// the partition that both met in.
    #[error("a record has changed since it was read")]
    Conflict(String),
    /// Another member has the email address, or the identity of the service.
    #[error("another member has the address or the identity")]
    UniqueViolation,
    /// A concurrent request with the same idempotency key was carried out. Holds its record.
    #[error("the request has already been carried out")]
    DuplicateRequest(Box<IdempotencyRecord>),
    /// The changes need more items than one transaction holds. Holds their number.
    #[error("the change has {0} items, more than one transaction holds")]
    TooLarge(usize),
    /// The write failed, or its response was lost: the transaction may have been written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Items per transaction (limit of DynamoDB).
const MAX_ITEMS: usize = 100;
/// Retries after a conflict. DynamoDB cancels a transaction that meets another one on the same item, and the SDK does
/// not retry it.
const CONFLICT_RETRIES: u32 = 5;

impl Store {
    /// Writes changes and an idempotency record in one transaction.
    ///
    /// # Errors
    /// [`CommitError`]. Nothing was written, except possibly after [`CommitError::Store`].
    pub async fn commit(&self, changes: &[Change], record: Option<&NewIdempotencyRecord>) -> Result<(), CommitError> {
        let writes = TransactionBuilder::build(&self.table, new_commit_id(), changes, record)?;
        if writes.len() > MAX_ITEMS {
            return Err(CommitError::TooLarge(writes.len()));
        }
        let mut attempt = 0;
        loop {
            match self.transact(&writes).await {
                Ok(()) | Err(TransactError::AlreadyWritten) => return Ok(()),
                Err(TransactError::InFlight(_)) if attempt < CONFLICT_RETRIES => {
                    tokio::time::sleep(backoff_with_jitter(attempt)).await;
                    attempt += 1;
                }
                Err(TransactError::InFlight(partition)) => return Err(CommitError::Conflict(partition)),
                Err(TransactError::Final(error)) => return Err(error),
            }
        }
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one write path")]
    async fn transact(&self, writes: &[ConditionalWrite]) -> Result<(), TransactError> {
        let items = writes.iter().map(|write| write.item.clone()).collect();
        let request = self.client.transact_write_items().set_transact_items(Some(items));
        let Err(error) = request.send().await else {
            return Ok(());
        };
        if let SdkError::ServiceError(service) = &error
            && let TransactWriteItemsError::TransactionCanceledException(cancelled) = service.err()
        {
            return Err(classify_cancellation(writes, cancelled.cancellation_reasons()));
        }
        Err(TransactError::Final(StoreError::from(error).into()))
    }
}

/// Creates an identifier that no other commit has, from the random keys of the hasher.
fn new_commit_id() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(0_u8)
}

enum TransactError {
    /// Another transaction is writing one of the items, in this partition.
    InFlight(String),
    /// This very transaction was written before, and its client token has expired.
    AlreadyWritten,
    Final(CommitError),
}

/// Interprets the reasons of a cancelled transaction, which are in the order of its writes.
fn classify_cancellation(writes: &[ConditionalWrite], reasons: &[CancellationReason]) -> TransactError {
    if writes.iter().zip(reasons).any(|(write, reason)| write.already_written(reason.item())) {
        return TransactError::AlreadyWritten;
    }
    let with_code = |code: &'static str| {
        let found = writes.iter().zip(reasons).filter(move |(_, reason)| reason.code() == Some(code));
        found.collect::<Vec<_>>()
    };
    let failed = with_code("ConditionalCheckFailed");
    let has = |kind| failed.iter().find(|(write, _)| write.kind == kind);
    let conflict = |write: &ConditionalWrite| CommitError::Conflict(write.partition().to_owned());
    if let Some((write, reason)) = has(ConditionKind::Idempotency) {
        let stored = reason.item().cloned().map(from_item::<IdempotencyRecord>);
        return TransactError::Final(match stored {
            Some(Ok(stored)) => CommitError::DuplicateRequest(Box::new(stored)),
            Some(Err(error)) => error.into(),
            None => conflict(write),
        });
    }
    if let Some((write, _)) = has(ConditionKind::Version) {
        return TransactError::Final(conflict(write));
    }
    // The subject is the one that was read, and yet another event follows it: no attempt can succeed.
    if let Some((write, _)) = has(ConditionKind::History) {
        let item = PrimaryKey { pk: write.partition().to_owned(), sk: String::new() }.redacted();
        let reason = "older than its history".to_owned();
        return TransactError::Final(StoreError::Corrupt { item, reason }.into());
    }
    if has(ConditionKind::Unique).is_some() {
        return TransactError::Final(CommitError::UniqueViolation);
    }
    // A concurrent request bound the identity, changed the claims or changed the caller. The next attempt reads the new
    // state.
    let dependencies = [ConditionKind::IdentityBinding, ConditionKind::Spending, ConditionKind::CallerUnchanged];
    if let Some((write, _)) = dependencies.into_iter().find_map(has) {
        return TransactError::Final(conflict(write));
    }
    if let Some((write, _)) = with_code("TransactionConflict").first() {
        return TransactError::InFlight(write.partition().to_owned());
    }
    let codes: Vec<&str> = reasons.iter().filter_map(CancellationReason::code).filter(|code| *code != "None").collect();
    let text = codes.join(", ");
    let throttled = codes.iter().any(|code| matches!(*code, "ThrottlingError" | "ProvisionedThroughputExceeded"));
    TransactError::Final(if throttled {
        StoreError::Unavailable(text).into()
    } else {
        StoreError::Refused(text).into()
    })
}

#[cfg(test)]
mod tests;
