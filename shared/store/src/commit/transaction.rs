//! Builds the writes of a transaction: the items of each change, their conditions, and the meaning of a failed
//! condition. Sends nothing.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Delete, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use jiff::Timestamp;
use jiff::civil::Date;
use outlay_domain::change::{
    BookingChange, BookingState, Change, LedgerChange, MemberChange, OrganisationChange, OrganisationClosed,
    OrganisationCreated, PayoutChange, PolicyChange, RatesChange, ReportChange,
};
use outlay_domain::event::Event;
use outlay_domain::ids::{MemberId, OrgId, ReportId};
use outlay_domain::member::{Authority, Member, MemberKind, MemberStatus};
use outlay_domain::policy::Policy;
use outlay_domain::report::{Report, ReportStatus};
use outlay_domain::spending::SpendingChange;
use serde::Serialize;

use crate::attributes::{Item, key_attributes, number, text, text_of};
use crate::due_work::ApproverCheck;
use crate::error::StoreError;
use crate::files::{DuplicateFileRef, PendingFileTask, abandoned_at};
use crate::idempotency::{IdempotencyRecord, NewIdempotencyRecord};
use crate::integrity::Stored;
use crate::items::{
    ExpenseChunk, LatestComments, Task, expense_chunks, report_head, report_review, sealed_account_item, task_item,
    to_item,
};

use crate::journal::{BookingRequest, entry_items};
use crate::keys::{self, PrimaryKey, names};
use crate::outbox::{OrganisationEntry, outbox_entry};
use crate::reads::{AddressEntry, FORMER_IDENTITY};
use crate::spending::StoredBucket;

/// Meaning of a failed condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ConditionKind {
    /// The item has another version than the one that was read.
    Version,
    /// The next event of the subject exists. Without another failure, the subject is older than its history.
    History,
    /// Another member has the address, or the identity of the service.
    Unique,
    /// A concurrent request has bound the invited member or the identity.
    IdentityBinding,
    /// The owner's claims have changed since they were read.
    Spending,
    /// The caller's membership has changed since it was read.
    CallerUnchanged,
    /// The idempotency key has a record.
    Idempotency,
    /// No condition.
    None,
}

/// One write of a transaction.
pub(super) struct ConditionalWrite {
    pub(super) item: TransactWriteItem,
    pub(super) kind: ConditionKind,
}

impl ConditionalWrite {
    /// Partition of the item.
    pub(super) fn partition(&self) -> &str {
        let key = self.item.put().map(Put::item);
        let key = key
            .or_else(|| self.item.delete().map(Delete::key))
            .or_else(|| self.item.update().map(Update::key))
            .or_else(|| self.item.condition_check().map(ConditionCheck::key));
        key.and_then(|key| text_of(key, names::PK)).unwrap_or_default()
    }

    /// True when the stored item is the very event of this write. Two concurrent requests may write equal events, but
    /// never with the same commit id.
    pub(super) fn already_written(&self, stored: Option<&Item>) -> bool {
        let item = self.item.put().map(Put::item);
        stored.is_some() && is_event(item) && item == stored
    }
}

fn is_event(item: Option<&Item>) -> bool {
    item.and_then(|item| text_of(item, "entity")) == Some("event")
}

/// Attribute of an event with the id of the commit that wrote it.
const COMMIT_ID: &str = "commit_id";

/// Collects the writes of a transaction.
pub(super) struct TransactionBuilder<'a> {
    pub(super) table: &'a str,
    /// Distinguishes the events of this commit from equal ones of another.
    commit_id: u64,
    writes: Vec<ConditionalWrite>,
}

pub(super) type ConditionExpression = (&'static str, Option<AttributeValue>);

pub(super) const IS_ABSENT: ConditionExpression = ("attribute_not_exists(PK)", None);

pub(super) fn version_condition(version: Option<u64>) -> ConditionExpression {
    match version {
        Some(version) => ("version = :value", Some(number(version))),
        None => IS_ABSENT,
    }
}

/// The organisation has this version, and so is open: closing it is a change. Records of earlier versions have no
/// version; they count as the first.
fn organisation_condition(before: u64) -> ConditionExpression {
    let value = Some(number(before));
    match before {
        1 => ("attribute_not_exists(closed_at) AND (attribute_not_exists(version) OR version = :value)", value),
        _ => ("attribute_not_exists(closed_at) AND version = :value", value),
    }
}

/// Condition that a report is unchanged. Its version does not tell: comments and inspected receipts leave it.
fn report_condition(before: Option<&Report>) -> ConditionExpression {
    match before {
        Some(before) => ("last_event = :value", Some(number(before.last_event))),
        None => IS_ABSENT,
    }
}

/// Attribute values of a condition expression.
fn expression_values(value: Option<AttributeValue>) -> Option<HashMap<String, AttributeValue>> {
    value.map(|value| HashMap::from([(":value".to_owned(), value)]))
}

/// Converts the error of an SDK builder about a missing field.
pub(super) fn build_error(error: impl std::fmt::Display) -> StoreError {
    StoreError::Refused(error.to_string())
}

impl<'a> TransactionBuilder<'a> {
    /// Builds the writes of changes and of an idempotency record.
    pub(super) fn build(
        table: &'a str,
        commit_id: u64,
        changes: &[Change],
        record: Option<&NewIdempotencyRecord>,
    ) -> Result<Vec<ConditionalWrite>, StoreError> {
        let mut transaction = Self { table, commit_id, writes: Vec::new() };
        changes.iter().try_for_each(|change| transaction.add_change(change))?;
        record.map_or(Ok(()), |record| transaction.put_idempotency_record(record))?;
        Ok(transaction.writes)
    }

    pub(super) fn put(
        &mut self,
        item: Item,
        kind: ConditionKind,
        condition: Option<ConditionExpression>,
    ) -> Result<(), StoreError> {
        let put = Put::builder().table_name(self.table).set_item(Some(item));
        let put = match condition {
            Some((expression, value)) => {
                // The stored record holds the response; a stored event shows whether this transaction wrote it.
                let return_old_item = kind == ConditionKind::Idempotency || is_event(put.get_item().as_ref());
                let old = return_old_item.then_some(ReturnValuesOnConditionCheckFailure::AllOld);
                put.condition_expression(expression)
                    .set_expression_attribute_values(expression_values(value))
                    .set_return_values_on_condition_check_failure(old)
            }
            None => put,
        };
        let put = put.build().map_err(build_error)?;
        self.writes.push(ConditionalWrite { item: TransactWriteItem::builder().put(put).build(), kind });
        Ok(())
    }

    fn delete(
        &mut self,
        key: &PrimaryKey,
        kind: ConditionKind,
        condition: Option<ConditionExpression>,
    ) -> Result<(), StoreError> {
        let delete = Delete::builder().table_name(self.table).set_key(Some(key_attributes(key)));
        let delete = match condition {
            Some((expression, value)) => {
                delete.condition_expression(expression).set_expression_attribute_values(expression_values(value))
            }
            None => delete,
        };
        let delete = delete.build().map_err(build_error)?;
        self.writes.push(ConditionalWrite { item: TransactWriteItem::builder().delete(delete).build(), kind });
        Ok(())
    }

    /// Adds an update in place.
    pub(super) fn update(&mut self, update: Update, kind: ConditionKind) {
        let item = TransactWriteItem::builder().update(update).build();
        self.writes.push(ConditionalWrite { item, kind });
    }

    /// Adds a condition that a member has the version that was read, without a write.
    fn assert_unchanged(&mut self, member: &Member) -> Result<(), StoreError> {
        self.assert_version(&keys::member(member.org, member.id), member.version, ConditionKind::CallerUnchanged)
    }

    /// Adds a condition that an item has a version, without a write.
    fn assert_version(&mut self, key: &PrimaryKey, version: u64, kind: ConditionKind) -> Result<(), StoreError> {
        let (expression, value) = version_condition(Some(version));
        let check = ConditionCheck::builder()
            .table_name(self.table)
            .set_key(Some(key_attributes(key)))
            .condition_expression(expression)
            .set_expression_attribute_values(expression_values(value))
            .build()
            .map_err(build_error)?;
        let item = TransactWriteItem::builder().condition_check(check).build();
        self.writes.push(ConditionalWrite { item, kind });
        Ok(())
    }

    /// Removes a report's claims from a bucket in place, at any version: a removal never exceeds a limit.
    fn withdraw_claims(&mut self, key: &PrimaryKey, report: ReportId) -> Result<(), StoreError> {
        let update = Update::builder()
            .table_name(self.table)
            .set_key(Some(key_attributes(key)))
            .update_expression("REMOVE claims.#report ADD version :one")
            .condition_expression("attribute_exists(PK)")
            .expression_attribute_names("#report", report.to_string())
            .expression_attribute_values(":one", number(1))
            .build()
            .map_err(build_error)?;
        self.update(update, ConditionKind::Spending);
        Ok(())
    }

    /// Records in place, at any version, that a person refuses an expense. The version grows, so an automatic approval
    /// that has not read it is not stored.
    fn record_refusal(&mut self, key: &PrimaryKey, day: Date) -> Result<(), StoreError> {
        let update = Update::builder()
            .table_name(self.table)
            .set_key(Some(key_attributes(key)))
            .update_expression("SET refused_on = :day, entity = :entity ADD version :one")
            .expression_attribute_values(":day", text(day.to_string()))
            .expression_attribute_values(":entity", text("auto_approvals"))
            .expression_attribute_values(":one", number(1))
            .build()
            .map_err(build_error)?;
        self.update(update, ConditionKind::None);
        Ok(())
    }

    fn add_change(&mut self, change: &Change) -> Result<(), StoreError> {
        match change {
            Change::OrganisationCreated(created) => self.create_organisation(created),
            Change::Organisation(change) => self.change_organisation(change),
            Change::OrganisationClosed(closed) => self.close_organisation(closed),
            Change::Members(changes) => changes.iter().try_for_each(|change| self.change_member(change)),
            Change::AssertUnchanged(member) => self.assert_unchanged(member),
            Change::Ledger(change) => self.change_ledger(change),
            Change::Booking(change) => self.book(change),
            Change::Payout(change) => self.change_payout_account(change),
            Change::Policy(change) => self.change_policy(change),
            Change::Rates(change) => self.put_rates(change),
            Change::Report(change) | Change::Rerouted(change) => self.change_report(change),
            Change::Batch(change) => self.change_batch(change),
        }
    }

    pub(super) fn put_event(&mut self, event: &Event, kind: ConditionKind) -> Result<(), StoreError> {
        let mut item = to_item(&keys::event(event), "event", event)?;
        item.insert(COMMIT_ID.to_owned(), text(format!("{:016x}", self.commit_id)));
        self.put(item, kind, Some(IS_ABSENT))?;
        if event.recipients().is_none() {
            return Ok(());
        }
        self.put(outbox_entry(event)?, ConditionKind::None, None)
    }

    fn create_organisation(&mut self, created: &OrganisationCreated) -> Result<(), StoreError> {
        let OrganisationCreated { organisation, first_admin, policy, event } = created;
        let key = keys::organisation(organisation.id);
        self.put(to_item(&key, "organisation", organisation)?, ConditionKind::Version, Some(IS_ABSENT))?;
        let entry = OrganisationEntry { organisation_id: organisation.id, closed_at: None };
        let key = keys::organisation_entry(organisation.id);
        self.put(to_item(&key, "listed_organisation", &entry)?, ConditionKind::None, None)?;
        self.put_member(None, first_admin, ConditionKind::Version)?;
        self.put_policy(organisation.id, policy, None)?;
        self.put_event(event, ConditionKind::Version)
    }

    fn change_organisation(&mut self, change: &OrganisationChange) -> Result<(), StoreError> {
        let OrganisationChange { before, after, event } = change;
        let item = to_item(&keys::organisation(after.id), "organisation", after)?;
        self.put(item, ConditionKind::Version, Some(organisation_condition(*before)))?;
        self.put_event(event, ConditionKind::Version)
    }

    /// Closes an organisation that is open. Scheduled functions skip it from then on.
    fn close_organisation(&mut self, closed: &OrganisationClosed) -> Result<(), StoreError> {
        let OrganisationClosed { before, organisation, event } = closed;
        let is_open = Some(organisation_condition(*before));
        let item = to_item(&keys::organisation(organisation.id), "organisation", organisation)?;
        self.put(item, ConditionKind::CallerUnchanged, is_open)?;
        let entry = OrganisationEntry { organisation_id: organisation.id, closed_at: organisation.closed_at };
        let item = to_item(&keys::organisation_entry(organisation.id), "listed_organisation", &entry)?;
        self.put(item, ConditionKind::None, None)?;
        self.put_event(event, ConditionKind::CallerUnchanged)
    }

    /// Writes a member, the address of a new one, and the copies under other keys. Requests read the copies, so each
    /// change writes all of them and deletes those that no longer apply.
    fn put_member(&mut self, before: Option<&Member>, after: &Member, kind: ConditionKind) -> Result<(), StoreError> {
        let item = |key: &PrimaryKey, entity| to_item(key, entity, after);
        let version = before.map(|before| before.version);
        self.put(item(&keys::member(after.org, after.id), "member")?, kind, Some(version_condition(version)))?;
        if before.is_none_or(|before| before.email != after.email) {
            self.put_address(after)?;
        }
        if let Some(key) = keys::identity_of(after) {
            // One identity belongs to one member of an organisation.
            let is_bound = before.and_then(keys::identity_of).is_some_and(|bound| bound == key);
            let free = ("attribute_not_exists(PK) OR entity = :value", Some(text(FORMER_IDENTITY)));
            let added = before.is_none() && after.kind == MemberKind::Service;
            let kind = if added { ConditionKind::Unique } else { kind };
            self.put(item(&key, "identity")?, kind, (!is_bound).then_some(free))?;
        }
        if let Some(before) = before {
            self.delete_former_keys(before, after)?;
        }
        let (old, new) = (before.and_then(role_member_key), role_member_key(after));
        if let Some(key) = old.filter(|key| Some(key) != new.as_ref()) {
            self.delete(&key, ConditionKind::None, None)?;
        }
        if let Some(key) = new {
            self.put(item(&key, "officer")?, kind, None)?;
        }
        Ok(())
    }

    fn put_address(&mut self, member: &Member) -> Result<(), StoreError> {
        let Some(email) = &member.email else { return Ok(()) };
        let address = AddressEntry { member_id: member.id };
        let item = to_item(&keys::email(member.org, email), "address", &address)?;
        self.put(item, ConditionKind::Unique, Some(IS_ABSENT))
    }

    /// Deletes the address, identity and payout account that a member no longer has. A marker replaces the copy under an
    /// identity that was exchanged for another.
    fn delete_former_keys(&mut self, before: &Member, after: &Member) -> Result<(), StoreError> {
        let address = before.email.as_ref().filter(|_| before.email != after.email);
        let (identity, new_identity) = (keys::identity_of(before), keys::identity_of(after));
        // Every function that commits can bind an identity; not every one may delete.
        if let Some(former) = identity.as_ref().filter(|key| new_identity.as_ref().is_some_and(|new| new != *key)) {
            let mut item = key_attributes(former);
            item.insert("entity".to_owned(), text(FORMER_IDENTITY));
            self.put(item, ConditionKind::None, None)?;
        }
        let account = before.payout_version.filter(|_| after.payout_version.is_none());
        let keys = [
            address.map(|address| keys::email(before.org, address)),
            identity.filter(|_| new_identity.is_none()),
            account.map(|_| keys::payout_account(before.org, before.id)),
        ];
        keys.iter().flatten().try_for_each(|key| self.delete(key, ConditionKind::None, None))
    }

    fn change_member(&mut self, change: &MemberChange) -> Result<(), StoreError> {
        let MemberChange { before, after, event } = change;
        let identity = keys::identity_of(after);
        let joins = identity.is_some() && before.as_ref().is_some_and(|before| keys::identity_of(before) != identity);
        let kind = if joins { ConditionKind::IdentityBinding } else { ConditionKind::Version };
        self.put_member(before.as_ref(), after, kind)?;
        if before.as_ref().is_some_and(|before| before.may_lose_tasks(after)) {
            let check = ApproverCheck { member_id: after.id, requested_at: event.at };
            let key = keys::approver_check(after.org, after.id);
            self.put(to_item(&key, "approver_check", &check)?, ConditionKind::None, None)?;
        }
        self.put_event(event, if joins { kind } else { ConditionKind::History })
    }

    fn change_payout_account(&mut self, change: &PayoutChange) -> Result<(), StoreError> {
        let PayoutChange { member, account } = change;
        self.change_member(member)?;
        let key = keys::payout_account(member.after.org, member.after.id);
        // The condition on the member's version covers the account too.
        self.put(sealed_account_item(&key, account)?, ConditionKind::None, None)
    }

    fn put_policy(&mut self, org: OrgId, policy: &Policy, before: Option<u64>) -> Result<(), StoreError> {
        self.put(
            to_item(&keys::policy(org), "policy", policy)?,
            ConditionKind::Version,
            Some(version_condition(before)),
        )?;
        let key = keys::policy_version(org, policy.version);
        self.put(to_item(&key, "policy_version", policy)?, ConditionKind::Version, Some(IS_ABSENT))
    }

    fn change_policy(&mut self, change: &PolicyChange) -> Result<(), StoreError> {
        let PolicyChange { before, after, event } = change;
        self.put_policy(event.org, after, Some(*before))?;
        self.put_event(event, ConditionKind::History)
    }

    fn change_ledger(&mut self, change: &LedgerChange) -> Result<(), StoreError> {
        let LedgerChange { before, after, organisation } = change;
        let item = to_item(&keys::ledger(organisation.after.id), "ledger", after)?;
        self.put(item, ConditionKind::Version, Some(version_condition((*before > 0).then_some(*before))))?;
        self.change_organisation(organisation)
    }

    /// Writes an entry and the state of the bookings. Two runs cannot make the same booking, and none books by settings
    /// that are not in force.
    fn book(&mut self, change: &BookingChange) -> Result<(), StoreError> {
        let BookingChange { after, entry, booked_at, settings_version } = change;
        let (org, version, item) = match after {
            BookingState::Report(after) => {
                let item = to_item(&keys::bookings(after.org, after.report), "bookings", after)?;
                (after.org, after.version, item)
            }
            BookingState::Payment(after) => {
                let item = to_item(&keys::payment_bookings(after.org, after.payment), "payment_bookings", after)?;
                (after.org, after.version, item)
            }
        };
        let before = version.checked_sub(1).filter(|version| *version > 0);
        self.put(item, ConditionKind::Version, Some(version_condition(before)))?;
        for item in entry.iter().map(|entry| entry_items(entry, *booked_at)).collect::<Result<Vec<_>, _>>()?.concat() {
            self.put(item, ConditionKind::Version, Some(IS_ABSENT))?;
        }
        self.assert_version(&keys::ledger(org), *settings_version, ConditionKind::CallerUnchanged)
    }

    /// Requests that the books follow the change of a report that is or was approved.
    fn request_booking(&mut self, change: &ReportChange) -> Result<(), StoreError> {
        if !change.needs_booking() {
            return Ok(());
        }
        let report = &change.after;
        self.put_booking_request(
            report.org,
            &BookingRequest::Report { report_id: report.id, last_event: report.last_event },
        )
    }

    pub(super) fn put_booking_request(&mut self, org: OrgId, request: &BookingRequest) -> Result<(), StoreError> {
        let key = keys::booking_request(org, &request.subject());
        self.put(to_item(&key, "booking_request", request)?, ConditionKind::None, None)
    }

    fn put_rates(&mut self, change: &RatesChange) -> Result<(), StoreError> {
        for entry in &change.entries {
            let key = keys::rate(change.event.org, entry.currency, entry.date);
            self.put(to_item(&key, "rate", entry)?, ConditionKind::None, None)?;
        }
        for entry in &change.removed {
            self.delete(&keys::rate(change.event.org, entry.currency, entry.date), ConditionKind::None, None)?;
        }
        self.put_event(&change.event, ConditionKind::Version)
    }

    pub(super) fn change_report(&mut self, change: &ReportChange) -> Result<(), StoreError> {
        let ReportChange { before, after, events, spending, deleted } = change;
        let before = before.as_ref();
        let condition = report_condition(before);
        // Of a deleted report only the history stays.
        let left = (!deleted).then_some(after);
        let review = left.map(report_review).transpose()?.flatten();
        match left {
            Some(report) => {
                self.put(report_head(report, review.as_ref())?, ConditionKind::Version, Some(condition))?;
            }
            None => self.delete(&keys::report(after.org, after.id), ConditionKind::Version, Some(condition))?,
        }
        self.update_review(before, after, review)?;
        self.update_expenses(before, left)?;
        self.update_comments(before, left)?;
        self.update_tasks(before, left)?;
        self.update_list_entries(before, left)?;
        self.add_participants(before, left)?;
        self.update_files(before, left, after.updated_at)?;
        self.update_spending(after, spending)?;
        self.request_booking(change)?;
        events.iter().try_for_each(|event| self.put_event(event, ConditionKind::History))
    }

    /// Writes the review when it has changed, or is not stored beside the head yet; deletes one that is no longer there.
    fn update_review(
        &mut self,
        before: Option<&Report>,
        after: &Report,
        review: Option<Item>,
    ) -> Result<(), StoreError> {
        let stored = before.filter(|before| !before.has_former_layout);
        let is_stored = stored.is_some_and(|stored| !stored.violations.is_empty() || !stored.steps.is_empty());
        let is_changed = stored.is_none_or(|one| (&one.violations, &one.steps) != (&after.violations, &after.steps));
        match review {
            Some(review) if is_changed => self.put(review, ConditionKind::None, None),
            None if is_stored => self.delete(&keys::report_review(after.org, after.id), ConditionKind::None, None),
            Some(_) | None => Ok(()),
        }
    }

    /// Writes the expense items that differ from the stored ones, and deletes surplus ones.
    fn update_expenses(&mut self, before: Option<&Report>, after: Option<&Report>) -> Result<(), StoreError> {
        let old = before.map(expense_chunks).unwrap_or_default();
        let new = after.map(expense_chunks).unwrap_or_default();
        let Some(report) = after.or(before) else { return Ok(()) };
        let key = |chunk| keys::expenses(report.org, report.id, chunk);
        for (at, lines) in new.iter().enumerate().filter(|(at, lines)| old.get(*at) != Some(*lines)) {
            self.put(to_item(&key(at), "expenses", &ExpenseChunk { lines })?, ConditionKind::None, None)?;
        }
        (new.len()..old.len()).try_for_each(|at| self.delete(&key(at), ConditionKind::None, None))
    }

    /// Writes the latest comments when one was added; deletes them with the report.
    fn update_comments(&mut self, before: Option<&Report>, after: Option<&Report>) -> Result<(), StoreError> {
        let old = before.map(|report| &report.comments).filter(|comments| !comments.is_empty());
        let new = after.map(|report| &report.comments).filter(|comments| !comments.is_empty());
        let Some(report) = after.or(before).filter(|_| old != new) else { return Ok(()) };
        let key = keys::latest_comments(report.org, report.id);
        match new {
            Some(comments) => {
                self.put(to_item(&key, "comments", &LatestComments { comments })?, ConditionKind::None, None)
            }
            None => self.delete(&key, ConditionKind::None, None),
        }
    }

    /// Writes changed tasks, and deletes those of approvers who no longer have to decide.
    fn update_tasks(&mut self, before: Option<&Report>, after: Option<&Report>) -> Result<(), StoreError> {
        let old = before.map(tasks_of).unwrap_or_default();
        let new = after.map(tasks_of).unwrap_or_default();
        for (_, key, _) in old.iter().filter(|(_, key, _)| !new.iter().any(|(_, kept, _)| kept == key)) {
            self.delete(key, ConditionKind::None, None)?;
        }
        let Some(report) = after else { return Ok(()) };
        for (approver, key, task) in new.iter().filter(|task| !old.contains(task)) {
            self.put(task_item(key, *approver, report.org, task)?, ConditionKind::None, None)?;
        }
        Ok(())
    }

    /// Adds and removes the list entries of a report: among all reports, and among those of its cost centres.
    fn update_list_entries(&mut self, before: Option<&Report>, after: Option<&Report>) -> Result<(), StoreError> {
        let old = before.map(keys::list_entries).unwrap_or_default();
        let new = after.map(keys::list_entries).unwrap_or_default();
        for key in new.difference(&old) {
            self.put(to_item(key, "listing", &ListEntry {})?, ConditionKind::None, None)?;
        }
        old.difference(&new).try_for_each(|key| self.delete(key, ConditionKind::None, None))
    }

    /// Adds the entries by which the erasure of a member finds claimed reports that the member takes part in. They stay
    /// when the report is returned or paid: a reader looks at the report.
    fn add_participants(&mut self, before: Option<&Report>, after: Option<&Report>) -> Result<(), StoreError> {
        // Nobody decides on a paid report. When its payment comes back, all its entries are there.
        if before.is_some_and(|before| before.status == ReportStatus::Reimbursed) {
            return Ok(());
        }
        let old = before.map(keys::participant_entries).unwrap_or_default();
        let new = after.map(keys::participant_entries).unwrap_or_default();
        let added = new.difference(&old);
        added
            .into_iter()
            .try_for_each(|key| self.put(to_item(key, "participation", &ListEntry {})?, ConditionKind::None, None))
    }

    /// Writes file tasks for declared and for removed receipts, and adds and removes duplicate references.
    fn update_files(
        &mut self,
        before: Option<&Report>,
        after: Option<&Report>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let Some(report) = after.or(before) else { return Ok(()) };
        let old = before.map(Report::receipts).unwrap_or_default();
        let new = after.map(Report::receipts).unwrap_or_default();
        let declared = new.iter().filter(|(id, _)| !old.contains_key(id)).map(|(id, one)| (id, abandoned_at(one)));
        let gone = old.keys().filter(|id| !new.contains_key(id)).map(|id| (id, now.as_second()));
        for (receipt, due) in declared.chain(gone) {
            let task = PendingFileTask { org: report.org, report_id: report.id, receipt_id: *receipt, due };
            self.put(to_item(&keys::file_task(report.org, *receipt), "file", &task)?, ConditionKind::None, None)?;
        }
        let old = before.map(keys::receipt_hashes).unwrap_or_default();
        let new = after.map(keys::receipt_hashes).unwrap_or_default();
        for key in new.difference(&old) {
            self.put(
                to_item(key, "receipt_hash", &DuplicateFileRef { report_id: report.id })?,
                ConditionKind::None,
                None,
            )?;
        }
        old.difference(&new).try_for_each(|key| self.delete(key, ConditionKind::None, None))
    }

    fn update_spending(&mut self, report: &Report, change: &SpendingChange) -> Result<(), StoreError> {
        let Some(owner) = change.owner else { return Ok(()) };
        for (bucket, claims) in &change.stored {
            let key = keys::spending(report.org, owner, bucket);
            let before = claims.version.checked_sub(1).filter(|version| *version > 0);
            let item = to_item(&key, "spending", &StoredBucket::from(claims))?;
            self.put(item, ConditionKind::Spending, Some(version_condition(before)))?;
        }
        let mut withdrawn = change.withdrawn.iter();
        withdrawn.try_for_each(|bucket| self.withdraw_claims(&keys::spending(report.org, owner, bucket), report.id))?;
        let key = keys::auto_approvals(report.org, owner);
        if let Some(automatic) = &change.automatic {
            let before = automatic.version.checked_sub(1).filter(|version| *version > 0);
            let item = to_item(&key, "auto_approvals", automatic)?;
            self.put(item, ConditionKind::Spending, Some(version_condition(before)))?;
        }
        change.refused_on.map_or(Ok(()), |day| self.record_refusal(&key, day))
    }

    fn put_idempotency_record(&mut self, record: &NewIdempotencyRecord) -> Result<(), StoreError> {
        let item = to_item(&record.key, "idempotency", &IdempotencyRecord::from(record))?;
        // TTL deletes late, by up to days, so an expired record counts as absent.
        let condition = ("attribute_not_exists(PK) OR expires_at <= :value", Some(number(record.now)));
        self.put(item, ConditionKind::Idempotency, Some(condition))
    }
}

/// Item that lists a report. Its key is all it holds.
#[derive(Serialize)]
struct ListEntry {}

impl Stored for ListEntry {
    // It only points to the report.
    const HAS_DIGEST: bool = false;
}

/// Key of the copy of a member that steps are routed by role with; `None` for other roles and for erased members. A
/// member who had such a role keeps a copy: on reports of the admin who took it, the role still counts.
fn role_member_key(member: &Member) -> Option<PrimaryKey> {
    let former = member.authority_changes.iter().rev().map(|change| &change.before);
    let former = former.filter_map(|before| if let Authority::Role(role) = before { Some(*role) } else { None });
    let role = std::iter::once(member.role).chain(former).find(|role| role.has_authority())?;
    (member.status != MemberStatus::Erased).then(|| keys::role_member(member.org, role, member.id))
}

/// Tasks of a report's pending step, one for each approver who has not decided yet.
fn tasks_of(report: &Report) -> Vec<(MemberId, PrimaryKey, Task)> {
    let Some(step) = report.pending_step() else {
        return Vec::new();
    };
    let task = Task::of(report, step);
    let key = |approver| keys::task(report.org, approver, step.due_on, report.id, step.number);
    step.pending_approvers().map(|person| (person.id, key(person.id), task.clone())).collect()
}
