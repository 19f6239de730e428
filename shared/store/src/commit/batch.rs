//! What each change writes, item by item, and what it means when the condition of an item fails. Nothing is sent from here.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Delete, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use jiff::Timestamp;
use outlay_domain::change::{Change, Founded, MemberChange, PayoutChange, PolicyChange, RatesChange, ReportChange};
use outlay_domain::event::Event;
use outlay_domain::ids::{OrgId, ReportId};
use outlay_domain::member::{Member, MemberKind, MemberStatus, Role};
use outlay_domain::policy::Policy;
use outlay_domain::report::Report;
use outlay_domain::spending::SpendingChange;

use super::{Receipt, Recorded};
use crate::StoreError;
use crate::digest::with_digest;
use crate::files::{FileMarker, SameFile, abandoned_at};
use crate::items::{
    Item, Lines, Task, chunks, key_attributes, number, report_head, sealed_account, text, text_of, to_item,
};
use crate::keys::{self, Key};
use crate::outbox::waiting;
use crate::spending::StoredBucket;

/// What a failed condition of one item means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Guard {
    /// The item has moved on.
    Version,
    /// The address, or the identity of a service, has a member.
    Taken,
    /// The invited member, or the identity, was bound by another request of the same moment.
    Joining,
    /// The owner's claims have moved on.
    Spending,
    /// Who asks for the change is no longer as he was read.
    Standing,
    /// The idempotency key has an answer.
    Receipt,
    /// There is no condition that could fail.
    None,
}

pub(super) struct Write {
    pub(super) item: TransactWriteItem,
    pub(super) guard: Guard,
}

impl Write {
    /// Whether what is stored is the very event that this was to write: two requests of the same moment may tell the same, but not under
    /// the same mark.
    pub(super) fn is_done(&self, stored: Option<&Item>) -> bool {
        let item = self.item.put().map(Put::item);
        stored.is_some() && is_event(item) && item == stored
    }
}

fn is_event(item: Option<&Item>) -> bool {
    item.and_then(|item| text_of(item, "entity")) == Some("event")
}

/// The attribute of an event with the mark of the commit that wrote it.
const MARK: &str = "mark";

/// Collects the writes of a transaction.
pub(super) struct Batch<'a> {
    table: &'a str,
    /// What tells the events of this commit from equal ones of another.
    mark: u64,
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

/// The values of a condition's expression.
fn values(value: Option<AttributeValue>) -> Option<HashMap<String, AttributeValue>> {
    value.map(|value| HashMap::from([(":value".to_owned(), value)]))
}

/// What the SDK's builders say of a request that lacks something.
fn refused(error: impl std::fmt::Display) -> StoreError {
    StoreError::Refused(error.to_string())
}

impl<'a> Batch<'a> {
    /// The writes of changes and of the answer to the request.
    pub(super) fn of(
        table: &'a str,
        mark: u64,
        changes: &[Change],
        receipt: Option<&Receipt>,
    ) -> Result<Vec<Write>, StoreError> {
        let mut batch = Self { table, mark, writes: Vec::new() };
        changes.iter().try_for_each(|change| batch.change(change))?;
        receipt.map_or(Ok(()), |receipt| batch.receipt(receipt))?;
        Ok(batch.writes)
    }

    fn put(&mut self, item: Item, guard: Guard, condition: Option<Condition>) -> Result<(), StoreError> {
        // From a bucket the claims of a report are taken out in place, which would leave a digest of what was.
        let item = if guard == Guard::Spending { item } else { with_digest(item) };
        let put = Put::builder().table_name(self.table).set_item(Some(item));
        let put = match condition {
            Some((expression, value)) => {
                // The receipt that is there already says what to answer; an event, whether it is this one.
                let told = guard == Guard::Receipt || is_event(put.get_item().as_ref());
                let old = told.then_some(ReturnValuesOnConditionCheckFailure::AllOld);
                put.condition_expression(expression)
                    .set_expression_attribute_values(values(value))
                    .set_return_values_on_condition_check_failure(old)
            }
            None => put,
        };
        let put = put.build().map_err(refused)?;
        self.writes.push(Write { item: TransactWriteItem::builder().put(put).build(), guard });
        Ok(())
    }

    fn delete(&mut self, key: &Key, guard: Guard, condition: Option<Condition>) -> Result<(), StoreError> {
        let delete = Delete::builder().table_name(self.table).set_key(Some(key_attributes(key)));
        let delete = match condition {
            Some((expression, value)) => {
                delete.condition_expression(expression).set_expression_attribute_values(values(value))
            }
            None => delete,
        };
        let delete = delete.build().map_err(refused)?;
        self.writes.push(Write { item: TransactWriteItem::builder().delete(delete).build(), guard });
        Ok(())
    }

    /// Writes nothing, and demands that a member is still as he was read.
    fn standing(&mut self, member: &Member) -> Result<(), StoreError> {
        let (expression, value) = at_version(Some(member.version));
        let check = ConditionCheck::builder()
            .table_name(self.table)
            .set_key(Some(key_attributes(&keys::member(member.org, member.id))))
            .condition_expression(expression)
            .set_expression_attribute_values(values(value))
            .build()
            .map_err(refused)?;
        let item = TransactWriteItem::builder().condition_check(check).build();
        self.writes.push(Write { item, guard: Guard::Standing });
        Ok(())
    }

    /// Takes a report out of a bucket, whatever else is in it by now: nobody comes over a limit by what is taken back.
    fn withdraw(&mut self, key: &Key, report: ReportId) -> Result<(), StoreError> {
        let update = Update::builder()
            .table_name(self.table)
            .set_key(Some(key_attributes(key)))
            .update_expression("REMOVE claims.#report ADD version :one")
            .condition_expression("attribute_exists(PK)")
            .expression_attribute_names("#report", report.to_string())
            .expression_attribute_values(":one", number(1))
            .build()
            .map_err(refused)?;
        self.writes.push(Write { item: TransactWriteItem::builder().update(update).build(), guard: Guard::Spending });
        Ok(())
    }

    fn change(&mut self, change: &Change) -> Result<(), StoreError> {
        match change {
            Change::Founded(founded) => self.founded(founded),
            Change::Members(changes) => changes.iter().try_for_each(|change| self.member_change(change)),
            Change::Standing(member) => self.standing(member),
            Change::Payout(change) => self.payout_change(change),
            Change::Policy(change) => self.policy_change(change),
            Change::Rates(change) => self.rates_change(change),
            Change::Report(change) => self.report_change(change),
        }
    }

    fn event(&mut self, event: &Event, guard: Guard) -> Result<(), StoreError> {
        let mut item = to_item(&keys::event(event), "event", event)?;
        item.insert(MARK.to_owned(), text(format!("{:016x}", self.mark)));
        self.put(item, guard, Some(ABSENT))?;
        if event.recipients().is_none() {
            return Ok(());
        }
        self.put(waiting(event)?, Guard::None, None)
    }

    fn founded(&mut self, founded: &Founded) -> Result<(), StoreError> {
        let Founded { organisation, founder, policy, event } = founded;
        let key = keys::organisation(organisation.id);
        self.put(to_item(&key, "organisation", organisation)?, Guard::Version, Some(ABSENT))?;
        let listed = BTreeMap::from([("organisation_id", organisation.id.to_string())]);
        let key = keys::listed_organisation(organisation.id);
        self.put(to_item(&key, "listed_organisation", &listed)?, Guard::None, None)?;
        self.member(None, founder, Guard::Version)?;
        self.policy(organisation.id, policy, None)?;
        self.event(event, Guard::Version)
    }

    /// The member, his address when he is new, and the copies of him that are found by other keys. Requests read the copies, so each
    /// change writes all of them; what he has no more is deleted.
    fn member(&mut self, before: Option<&Member>, after: &Member, guard: Guard) -> Result<(), StoreError> {
        let item = |key: &Key, entity| to_item(key, entity, after);
        let version = before.map(|before| before.version);
        self.put(item(&keys::member(after.org, after.id), "member")?, guard, Some(at_version(version)))?;
        if before.is_none() {
            self.address(after)?;
        }
        if let Some(subject) = &after.subject {
            // One identity has one seat in an organisation, so that nobody is two people.
            let bound = before.is_some_and(|before| before.subject.is_some());
            let condition = (!bound).then_some(ABSENT);
            let added = before.is_none() && after.kind == MemberKind::Service;
            let guard = if added { Guard::Taken } else { guard };
            self.put(item(&keys::identity(after.org, subject), "identity")?, guard, condition)?;
        }
        if let Some(before) = before {
            self.gone(before, after)?;
        }
        let (old, new) = (before.and_then(officer), officer(after));
        if let Some(key) = old.filter(|key| Some(key) != new.as_ref()) {
            self.delete(&key, Guard::None, None)?;
        }
        if let Some(key) = new {
            self.put(item(&key, "officer")?, guard, None)?;
        }
        Ok(())
    }

    fn address(&mut self, member: &Member) -> Result<(), StoreError> {
        let Some(email) = &member.email else { return Ok(()) };
        let address = BTreeMap::from([("member_id", member.id.to_string())]);
        let item = to_item(&keys::email(member.org, email), "address", &address)?;
        self.put(item, Guard::Taken, Some(ABSENT))
    }

    /// Deletes the address, the identity and the payout account that a member has no more.
    fn gone(&mut self, before: &Member, after: &Member) -> Result<(), StoreError> {
        let address = before.email.as_ref().filter(|_| after.email.is_none());
        let identity = before.subject.as_ref().filter(|_| after.subject.is_none());
        let account = before.payout_version.filter(|_| after.payout_version.is_none());
        let keys = [
            address.map(|address| keys::email(before.org, address)),
            identity.map(|subject| keys::identity(before.org, subject)),
            account.map(|_| keys::payout_account(before.org, before.id)),
        ];
        keys.iter().flatten().try_for_each(|key| self.delete(key, Guard::None, None))
    }

    fn member_change(&mut self, change: &MemberChange) -> Result<(), StoreError> {
        let MemberChange { before, after, event } = change;
        let joins = before.as_ref().is_some_and(|before| before.subject.is_none()) && after.subject.is_some();
        let guard = if joins { Guard::Joining } else { Guard::Version };
        self.member(before.as_ref(), after, guard)?;
        self.event(event, guard)
    }

    fn payout_change(&mut self, change: &PayoutChange) -> Result<(), StoreError> {
        let PayoutChange { member, account } = change;
        self.member_change(member)?;
        let key = keys::payout_account(member.after.org, member.after.id);
        // The condition on the member's version holds for his account too.
        self.put(sealed_account(&key, account)?, Guard::None, None)
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
        let ReportChange { before, after, events, spending, deleted } = change;
        let before = before.as_ref();
        let condition = at_version(before.map(|before| before.version));
        // What is gone leaves its history and nothing else.
        let left = (!deleted).then_some(after);
        match left {
            Some(report) => self.put(report_head(report)?, Guard::Version, Some(condition))?,
            None => self.delete(&keys::report(after.org, after.id), Guard::Version, Some(condition))?,
        }
        self.lines(before, left)?;
        self.tasks(before, left)?;
        self.listings(before, left)?;
        self.files(before, left, after.updated_at)?;
        self.spending(after, spending)?;
        events.iter().try_for_each(|event| self.event(event, Guard::Version))
    }

    /// The items of lines that are no longer as they are stored.
    fn lines(&mut self, before: Option<&Report>, after: Option<&Report>) -> Result<(), StoreError> {
        let old = before.map(chunks).unwrap_or_default();
        let new = after.map(chunks).unwrap_or_default();
        let Some(report) = after.or(before) else { return Ok(()) };
        let key = |chunk| keys::expenses(report.org, report.id, chunk);
        for (at, lines) in new.iter().enumerate().filter(|(at, lines)| old.get(*at) != Some(*lines)) {
            self.put(to_item(&key(at), "expenses", &Lines { lines })?, Guard::None, None)?;
        }
        (new.len()..old.len()).try_for_each(|at| self.delete(&key(at), Guard::None, None))
    }

    fn tasks(&mut self, before: Option<&Report>, after: Option<&Report>) -> Result<(), StoreError> {
        let old = before.map(tasks).unwrap_or_default();
        let new = after.map(tasks).unwrap_or_default();
        for (key, _) in old.iter().filter(|(key, _)| !new.iter().any(|(kept, _)| kept == key)) {
            self.delete(key, Guard::None, None)?;
        }
        for (key, task) in new.iter().filter(|task| !old.contains(task)) {
            self.put(to_item(key, "task", task)?, Guard::None, None)?;
        }
        Ok(())
    }

    /// The items that name the report: among all reports, and among those of its cost centres.
    fn listings(&mut self, before: Option<&Report>, after: Option<&Report>) -> Result<(), StoreError> {
        let old = before.map(keys::listings).unwrap_or_default();
        let new = after.map(keys::listings).unwrap_or_default();
        for key in new.difference(&old) {
            let nothing = BTreeMap::<&str, &str>::new();
            self.put(to_item(key, "listing", &nothing)?, Guard::None, None)?;
        }
        old.difference(&new).try_for_each(|key| self.delete(key, Guard::None, None))
    }

    /// What says which files are to be looked after, those that are to come and those that are to go, and where equal ones are found.
    fn files(&mut self, before: Option<&Report>, after: Option<&Report>, now: Timestamp) -> Result<(), StoreError> {
        let Some(report) = after.or(before) else { return Ok(()) };
        let old = before.map(Report::receipts).unwrap_or_default();
        let new = after.map(Report::receipts).unwrap_or_default();
        let declared = new.iter().filter(|(id, _)| !old.contains_key(id)).map(|(id, one)| (id, abandoned_at(one)));
        let gone = old.keys().filter(|id| !new.contains_key(id)).map(|id| (id, now.as_second()));
        for (receipt, due) in declared.chain(gone) {
            let marker = FileMarker { org: report.org, report_id: report.id, receipt_id: *receipt, due };
            self.put(to_item(&keys::file(report.org, *receipt), "file", &marker)?, Guard::None, None)?;
        }
        let old = before.map(keys::receipt_hashes).unwrap_or_default();
        let new = after.map(keys::receipt_hashes).unwrap_or_default();
        for key in new.difference(&old) {
            self.put(to_item(key, "receipt_hash", &SameFile { report_id: report.id })?, Guard::None, None)?;
        }
        old.difference(&new).try_for_each(|key| self.delete(key, Guard::None, None))
    }

    fn spending(&mut self, report: &Report, change: &SpendingChange) -> Result<(), StoreError> {
        let Some(owner) = change.owner else { return Ok(()) };
        for (bucket, claims) in &change.stored {
            let key = keys::spending(report.org, owner, bucket);
            let before = claims.version.checked_sub(1).filter(|version| *version > 0);
            let item = to_item(&key, "spending", &StoredBucket::from(claims))?;
            self.put(item, Guard::Spending, Some(at_version(before)))?;
        }
        let mut withdrawn = change.withdrawn.iter();
        withdrawn.try_for_each(|bucket| self.withdraw(&keys::spending(report.org, owner, bucket), report.id))
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

/// Where the copy of a member is that steps are routed by, if there is one.
fn officer(member: &Member) -> Option<Key> {
    let routed = member.status != MemberStatus::Erased && matches!(member.role, Role::Finance | Role::Admin);
    routed.then(|| keys::officer(member.org, member.role, member.id))
}

/// The tasks that a report's pending step puts into the queues of those who have not decided yet.
fn tasks(report: &Report) -> Vec<(Key, Task)> {
    let Some(step) = report.pending_step() else {
        return Vec::new();
    };
    let task = Task::of(report, step);
    let key = |approver| keys::task(report.org, approver, step.due_on, report.id, step.number);
    step.outstanding().map(|person| (key(person.id), task.clone())).collect()
}
