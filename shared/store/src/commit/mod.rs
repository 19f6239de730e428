//! The one write path: a decision of the rules becomes one `TransactWriteItems` of the changed items, their events, the
//! approvers' tasks and the answer kept for a repeated request. Either all of it happened or none did. What is written is said
//! in `batch.rs`; what a failed condition means, here.
//!
//! A transaction holds 100 items and 4 MB. The largest change is that of a report of 500 lines, made by a member who joins with it:
//!
//! | what | items | because |
//! |---|---|---|
//! | head | 1 | |
//! | lines | 10 | 500 lines by 50 |
//! | events | 3 | approved, changed, submitted again |
//! | outbox | 2 | two of these are told to somebody |
//! | tasks | 40 | 20 taken from the approvers of one step, 20 put before those of another |
//! | claims | 24 | 12 buckets stored, 12 that the report left |
//! | cost centres | 10 | 5 come, 5 gone |
//! | receipt | 1 | |
//! | joining | 4 | member, two copies, event |
//!
//! That is 95. Receipts come and go one at a time, with two items (that their file is to be looked after, and where equal files are found),
//! while the report is with its owner; all thirty go with a draft, which has neither tasks nor claims (83), and the ten of a line with
//! that line, which leaves at most one cost centre, one month and one trip (95 again). Lines and findings are at
//! most 380 KiB together, the answer is as much again, and twelve full buckets of claims at merchants and in categories with the longest
//! names are under 3 MB; a test adds it all up.

mod batch;

use std::time::Duration;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::CancellationReason;
use outlay_domain::change::Change;
use serde::{Deserialize, Serialize};

use self::batch::{Batch, Guard, Write};
use crate::digest::Stored;
use crate::items::from_item;
use crate::keys::Key;
use crate::reads::Recorded as Found;
use crate::{Store, StoreError};

/// An answer to a request, as it is given again when the request is repeated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Body, as JSON text.
    pub body: String,
    /// The `ETag` header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// The `Location` header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
}

/// The answer of a request with an idempotency key, to be stored with its effect.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// Where it is stored.
    pub key: Key,
    /// Hash of the request.
    pub fingerprint: String,
    /// The answer.
    pub answer: Answer,
    /// The time of the request and the time the receipt expires, in seconds since 1970.
    pub now: i64,
    /// See `now`.
    pub expires_at: i64,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Recorded {
    fingerprint: String,
    answer: Answer,
    pub(crate) expires_at: i64,
}

impl Stored for Recorded {}

impl Recorded {
    pub(crate) fn recorded(self) -> Found {
        Found { fingerprint: self.fingerprint, answer: self.answer }
    }
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Somebody else changed it first.
    #[error("the item has changed since it was read")]
    Stale,
    /// What the decision rests on has changed since it was read, and it may no longer hold: the owner's other claims, which are under one
    /// limit with these, or the member by whose right it was made.
    #[error("what the decision rests on has changed since it was read")]
    Overtaken,
    /// The address, or the identity of a service, belongs to another member already.
    #[error("the address or the identity is taken")]
    AddressTaken,
    /// The same request was carried out a moment ago; this is what it was answered.
    #[error("the request was carried out already")]
    Repeated(Box<Found>),
    /// The change does not fit in one transaction.
    #[error("the change has {0} items, more than one transaction holds")]
    TooLarge(usize),
    /// Other requests kept changing the same items.
    #[error("the items are being changed by other requests")]
    Busy,
    /// The table could not be written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The most items of one transaction (DynamoDB's limit).
pub const MAX_ITEMS: usize = 100;
/// DynamoDB does not queue a transaction behind another one on the same item; it cancels it, and the SDK does not retry.
const CONFLICT_RETRIES: u32 = 5;

impl Store {
    /// Writes changes and the answer to the request, or nothing.
    ///
    /// # Errors
    /// [`CommitError`] says why nothing was written.
    pub async fn commit(&self, changes: &[Change], receipt: Option<&Receipt>) -> Result<(), CommitError> {
        let writes = Batch::of(&self.table, mark(), changes, receipt)?;
        if writes.len() > MAX_ITEMS {
            return Err(CommitError::TooLarge(writes.len()));
        }
        let mut attempt = 0;
        loop {
            match self.transact(&writes).await {
                Ok(()) | Err(Failure::Done) => return Ok(()),
                Err(Failure::Conflict) if attempt < CONFLICT_RETRIES => {
                    tokio::time::sleep(pause(attempt)).await;
                    attempt += 1;
                }
                Err(Failure::Conflict) => return Err(CommitError::Busy),
                Err(Failure::Final(error)) => return Err(error),
            }
        }
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one write path")]
    async fn transact(&self, writes: &[Write]) -> Result<(), Failure> {
        let items = writes.iter().map(|write| write.item.clone()).collect();
        let request = self.client.transact_write_items().set_transact_items(Some(items));
        let Err(error) = request.send().await else {
            return Ok(());
        };
        if let SdkError::ServiceError(service) = &error
            && let TransactWriteItemsError::TransactionCanceledException(cancelled) = service.err()
        {
            return Err(cancellation(writes, cancelled.cancellation_reasons()));
        }
        Err(Failure::Final(StoreError::from(error).into()))
    }
}

/// A number that no other commit has, from the hasher's random keys.
fn mark() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(0_u8)
}

/// Full jitter (between nothing and an exponentially growing bound), from the hasher's random keys.
#[must_use]
pub fn pause(attempt: u32) -> Duration {
    use std::hash::{BuildHasher, RandomState};
    let bound = 20_u64 << attempt.min(6);
    Duration::from_millis(RandomState::new().hash_one(attempt) % bound)
}

enum Failure {
    Conflict,
    /// It had been written already, by this very transaction, whose answer was lost on the way and which the SDK has repeated.
    Done,
    Final(CommitError),
}

/// What a cancelled transaction means: its reasons stand in the order of its items.
fn cancellation(writes: &[Write], reasons: &[CancellationReason]) -> Failure {
    if writes.iter().zip(reasons).any(|(write, reason)| write.is_done(reason.item())) {
        return Failure::Done;
    }
    let failed: Vec<(Guard, &CancellationReason)> = writes
        .iter()
        .zip(reasons)
        .filter(|(_, reason)| reason.code() == Some("ConditionalCheckFailed"))
        .map(|(write, reason)| (write.guard, reason))
        .collect();
    let has = |guard| failed.iter().find(|(found, _)| *found == guard).map(|(_, reason)| *reason);
    if let Some(reason) = has(Guard::Receipt) {
        let stored = reason.item().cloned().map(from_item::<Recorded>);
        return Failure::Final(match stored {
            Some(Ok(stored)) => CommitError::Repeated(Box::new(stored.recorded())),
            Some(Err(error)) => error.into(),
            None => CommitError::Busy,
        });
    }
    if has(Guard::Version).is_some() {
        return Failure::Final(CommitError::Stale);
    }
    if has(Guard::Taken).is_some() {
        return Failure::Final(CommitError::AddressTaken);
    }
    // The seat, or the identity, was bound a moment ago, other claims came first, or the caller is not what he was: the next attempt
    // knows.
    if [Guard::Joining, Guard::Spending, Guard::Standing].into_iter().any(|guard| has(guard).is_some()) {
        return Failure::Final(CommitError::Overtaken);
    }
    let codes: Vec<&str> = reasons.iter().filter_map(CancellationReason::code).filter(|code| *code != "None").collect();
    if codes.contains(&"TransactionConflict") {
        return Failure::Conflict;
    }
    let text = codes.join(", ");
    let throttled = codes.iter().any(|code| matches!(*code, "ThrottlingError" | "ProvisionedThroughputExceeded"));
    Failure::Final(if throttled { StoreError::Unavailable(text).into() } else { StoreError::Refused(text).into() })
}

#[cfg(test)]
mod tests;
