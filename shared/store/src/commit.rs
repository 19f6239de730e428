//! The one write path: a decision of the rules becomes one `TransactWriteItems` of the changed items, their events, the
//! approvers' tasks and the answer kept for a repeated request. Either all of it happened or none did.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, Delete, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};
use outlay_domain::change::{Change, Founded, MemberChange, PolicyChange, RatesChange, ReportChange};
use outlay_domain::event::Event;
use outlay_domain::ids::OrgId;
use outlay_domain::member::{Member, Role};
use outlay_domain::policy::Policy;
use outlay_domain::report::Report;
use serde::{Deserialize, Serialize};

use crate::items::{Item, Task, from_item, key_attributes, number, report_head, to_item};
use crate::keys::{self, Key};
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
    /// The address belongs to another member already.
    #[error("the address is taken")]
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

/// What a failed condition of one item means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Guard {
    /// The item has moved on.
    Version,
    /// The address has a member.
    Address,
    /// The invited member, or the identity, was bound by another request of the same moment.
    Joining,
    /// The idempotency key has an answer.
    Receipt,
    /// There is no condition that could fail.
    None,
}

struct Write {
    item: TransactWriteItem,
    guard: Guard,
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
        let mut writes = Batch { table: &self.table, writes: Vec::new() };
        for change in changes {
            writes.change(change)?;
        }
        if let Some(receipt) = receipt {
            writes.receipt(receipt)?;
        }
        let writes = writes.writes;
        if writes.len() > MAX_ITEMS {
            return Err(CommitError::TooLarge(writes.len()));
        }
        let mut attempt = 0;
        loop {
            match self.transact(&writes).await {
                Ok(()) => return Ok(()),
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

/// Full jitter (between nothing and an exponentially growing bound), from the hasher's random keys.
fn pause(attempt: u32) -> Duration {
    use std::hash::{BuildHasher, RandomState};
    let bound = 20_u64 << attempt.min(6);
    Duration::from_millis(RandomState::new().hash_one(attempt) % bound)
}

enum Failure {
    Conflict,
    Final(CommitError),
}

/// What a cancelled transaction means: its reasons stand in the order of its items.
fn cancellation(writes: &[Write], reasons: &[CancellationReason]) -> Failure {
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
    if has(Guard::Address).is_some() {
        return Failure::Final(CommitError::AddressTaken);
    }
    if has(Guard::Joining).is_some() {
        // The seat, or the identity, was bound a moment ago: whoever asks again is told who he is.
        return Failure::Final(CommitError::Busy);
    }
    let codes: Vec<&str> = reasons.iter().filter_map(CancellationReason::code).filter(|code| *code != "None").collect();
    if codes.contains(&"TransactionConflict") {
        return Failure::Conflict;
    }
    let text = codes.join(", ");
    let throttled = codes.iter().any(|code| matches!(*code, "ThrottlingError" | "ProvisionedThroughputExceeded"));
    Failure::Final(if throttled { StoreError::Unavailable(text).into() } else { StoreError::Refused(text).into() })
}

/// Collects the writes of a transaction.
struct Batch<'a> {
    table: &'a str,
    writes: Vec<Write>,
}

type Condition = (&'static str, Option<AttributeValue>);

const ABSENT: Condition = ("attribute_not_exists(PK)", None);

fn at_version(version: Option<u64>) -> Condition {
    match version {
        Some(version) => ("version = :value", Some(number(version))),
        None => ABSENT,
    }
}

impl Batch<'_> {
    fn put(&mut self, item: Item, guard: Guard, condition: Option<Condition>) -> Result<(), StoreError> {
        let put = Put::builder().table_name(self.table).set_item(Some(item));
        let put = match condition {
            Some((expression, value)) => {
                let put = put
                    .condition_expression(expression)
                    .set_expression_attribute_values(value.map(|value| HashMap::from([(":value".to_owned(), value)])));
                // The receipt that is there already says what to answer.
                let old = (guard == Guard::Receipt).then_some(ReturnValuesOnConditionCheckFailure::AllOld);
                put.set_return_values_on_condition_check_failure(old)
            }
            None => put,
        };
        let put = put.build().map_err(|error| StoreError::Refused(error.to_string()))?;
        self.writes.push(Write { item: TransactWriteItem::builder().put(put).build(), guard });
        Ok(())
    }

    fn delete(&mut self, key: &Key) -> Result<(), StoreError> {
        let delete = Delete::builder().table_name(self.table).set_key(Some(key_attributes(key)));
        let delete = delete.build().map_err(|error| StoreError::Refused(error.to_string()))?;
        self.writes.push(Write { item: TransactWriteItem::builder().delete(delete).build(), guard: Guard::None });
        Ok(())
    }

    fn change(&mut self, change: &Change) -> Result<(), StoreError> {
        match change {
            Change::Founded(founded) => self.founded(founded),
            Change::Member(change) => self.member_change(change),
            Change::Policy(change) => self.policy_change(change),
            Change::Rates(change) => self.rates_change(change),
            Change::Report(change) => self.report_change(change),
        }
    }

    fn event(&mut self, event: &Event, guard: Guard) -> Result<(), StoreError> {
        self.put(to_item(&keys::event(event), "event", event)?, guard, Some(ABSENT))
    }

    fn founded(&mut self, founded: &Founded) -> Result<(), StoreError> {
        let Founded { organisation, founder, policy, event } = founded;
        let key = keys::organisation(organisation.id);
        self.put(to_item(&key, "organisation", organisation)?, Guard::Version, Some(ABSENT))?;
        self.member(founder, None, Guard::Version)?;
        self.address(founder)?;
        self.policy(organisation.id, policy, None)?;
        self.event(event, Guard::Version)
    }

    /// The member and the copies of him that are found by other keys.
    fn member(&mut self, member: &Member, before: Option<u64>, guard: Guard) -> Result<(), StoreError> {
        let put_copy = |key: Key, entity| to_item(&key, entity, member);
        self.put(put_copy(keys::member(member.org, member.id), "member")?, guard, Some(at_version(before)))?;
        if let Some(subject) = &member.subject {
            // One identity has one seat in an organisation, so that nobody is two people.
            self.put(put_copy(keys::identity(member.org, subject), "identity")?, guard, Some(ABSENT))?;
        }
        if matches!(member.role, Role::Finance | Role::Admin) {
            self.put(put_copy(keys::officer(member.org, member.role, member.id), "officer")?, guard, None)?;
        }
        Ok(())
    }

    fn address(&mut self, member: &Member) -> Result<(), StoreError> {
        let address = BTreeMap::from([("member_id", member.id.to_string())]);
        let item = to_item(&keys::email(member.org, &member.email), "address", &address)?;
        self.put(item, Guard::Address, Some(ABSENT))
    }

    fn member_change(&mut self, change: &MemberChange) -> Result<(), StoreError> {
        // An existing member changes only by joining until there is more that can be changed.
        let guard = if change.before.is_some() { Guard::Joining } else { Guard::Version };
        self.member(&change.after, change.before, guard)?;
        if change.before.is_none() {
            self.address(&change.after)?;
        }
        self.event(&change.event, guard)
    }

    fn policy(&mut self, org: OrgId, policy: &Policy, before: Option<u64>) -> Result<(), StoreError> {
        self.put(to_item(&keys::policy(org), "policy", policy)?, Guard::Version, Some(at_version(before)))?;
        let key = keys::policy_version(org, policy.version);
        self.put(to_item(&key, "policy_version", policy)?, Guard::Version, Some(ABSENT))
    }

    fn policy_change(&mut self, change: &PolicyChange) -> Result<(), StoreError> {
        let PolicyChange { before, after, event } = change;
        self.policy(event.org, after, Some(*before))?;
        self.event(event, Guard::Version)
    }

    fn rates_change(&mut self, change: &RatesChange) -> Result<(), StoreError> {
        for entry in &change.entries {
            let key = keys::rate(change.event.org, entry.currency, entry.date);
            self.put(to_item(&key, "rate", entry)?, Guard::None, None)?;
        }
        self.event(&change.event, Guard::Version)
    }

    fn report_change(&mut self, change: &ReportChange) -> Result<(), StoreError> {
        let ReportChange { before, after, events } = change;
        let version = before.as_ref().map(|before| before.version);
        self.put(report_head(after)?, Guard::Version, Some(at_version(version)))?;
        let old_lines = before.as_ref().map_or(&[][..], |before| before.expenses.as_slice());
        for expense in after.expenses.iter().filter(|expense| !old_lines.contains(expense)) {
            let key = keys::expense(after.org, after.id, expense.id);
            self.put(to_item(&key, "expense", expense)?, Guard::None, None)?;
        }
        for gone in old_lines.iter().filter(|old| after.expense(old.id).is_none()) {
            self.delete(&keys::expense(after.org, after.id, gone.id))?;
        }
        let old_tasks = before.as_ref().map(tasks).unwrap_or_default();
        let new_tasks = tasks(after);
        for (key, _) in old_tasks.iter().filter(|(key, _)| !new_tasks.iter().any(|(kept, _)| kept == key)) {
            self.delete(key)?;
        }
        for (key, task) in new_tasks.iter().filter(|(key, _)| !old_tasks.iter().any(|(there, _)| there == key)) {
            self.put(to_item(key, "task", task)?, Guard::None, None)?;
        }
        events.iter().try_for_each(|event| self.event(event, Guard::Version))
    }

    fn receipt(&mut self, receipt: &Receipt) -> Result<(), StoreError> {
        let Receipt { key, fingerprint, answer, now, expires_at } = receipt;
        let record = Recorded { fingerprint: fingerprint.clone(), answer: answer.clone(), expires_at: *expires_at };
        let item = to_item(key, "idempotency", &record)?;
        // TTL may delete late by days, so an expired record counts as absent.
        let condition = ("attribute_not_exists(PK) OR expires_at <= :value", Some(number(*now)));
        self.put(item, Guard::Receipt, Some(condition))
    }
}

/// The tasks that a report's pending step puts into its approvers' queues.
fn tasks(report: &Report) -> Vec<(Key, Task)> {
    let Some(step) = report.pending_step() else {
        return Vec::new();
    };
    let task = Task::of(report, step);
    let key = |approver| keys::task(report.org, approver, step.due_on, report.id, step.number);
    step.approvers.iter().map(|person| (key(person.id), task.clone())).collect()
}
