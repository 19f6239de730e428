//! Writes of a batch change: head, payments, entries, involved members, named reports, reports and history.

use aws_sdk_dynamodb::types::{AttributeValue, Update};
use outlay_domain::batch::{Batch, Involvement};
use outlay_domain::change::{BatchChange, PaymentChange};
use outlay_domain::ids::MemberId;

use super::transaction::{ConditionKind, IS_ABSENT, TransactionBuilder, build_error, version_condition};
use crate::attributes::{key_attributes, number, text};
use crate::batches::{BatchWork, ListedBatch, NAMED_PER_ITEM, NamedReports, PaymentPointer};
use crate::error::StoreError;
use crate::items::{SCHEMA, to_item};
use crate::journal::BookingRequest;
use crate::keys;

impl TransactionBuilder<'_> {
    /// Adds the writes of a batch change. The head is written with each event of the batch, on condition that no other
    /// event came first.
    pub(super) fn change_batch(&mut self, change: &BatchChange) -> Result<(), StoreError> {
        let BatchChange { before, after, named, payments, entries, involved, reports, events } = change;
        if !events.is_empty() {
            self.put_batch(before.as_ref(), after)?;
        }
        // Each act of a member can need background work.
        if let Some(act) = events.iter().rev().find(|event| event.actor.is_some()) {
            let work = BatchWork { org: after.org, batch_id: after.id, event_seq: act.seq };
            let key = keys::batch_work(after.org, after.id);
            self.put(to_item(&key, "batch_work", &work)?, ConditionKind::None, None)?;
        }
        for (chunk, reports) in named.chunks(NAMED_PER_ITEM).enumerate() {
            let key = keys::named_reports(after.org, after.id, chunk);
            self.put(to_item(&key, "named_reports", &NamedReports { reports })?, ConditionKind::None, None)?;
        }
        payments.iter().try_for_each(|payment| self.put_payment(payment))?;
        for entry in entries {
            let key = keys::entry(after.org, after.id, entry.payment, entry.report);
            self.put(to_item(&key, "entry", entry)?, ConditionKind::None, None)?;
        }
        involved.iter().try_for_each(|(member, part)| self.add_involvement(after, *member, *part))?;
        reports.iter().try_for_each(|report| self.change_report(report))?;
        events.iter().try_for_each(|event| self.put_event(event, ConditionKind::History))
    }

    fn put_batch(&mut self, before: Option<&Batch>, after: &Batch) -> Result<(), StoreError> {
        let condition = before.map_or(IS_ABSENT, |before| ("last_event = :value", Some(number(before.last_event))));
        let item = to_item(&keys::batch(after.org, after.id), "batch", after)?;
        self.put(item, ConditionKind::Version, Some(condition))?;
        if before.is_some_and(|before| before.status == after.status) {
            return Ok(());
        }
        let entry = ListedBatch { status: after.status };
        let key = keys::batch_entry(after.org, after.id);
        self.put(to_item(&key, "listed_batch", &entry)?, ConditionKind::None, None)
    }

    /// Writes a payment, and for a new one the pointer that leads from its identifier to it.
    fn put_payment(&mut self, change: &PaymentChange) -> Result<(), StoreError> {
        let PaymentChange { before, after } = change;
        let item = to_item(&keys::payment(after.org, after.batch, after.key()), "payment", after)?;
        self.put(item, ConditionKind::Version, Some(version_condition(*before)))?;
        if after.needs_booking() {
            let request = BookingRequest::Payment { payment_id: after.id, payment_version: after.version };
            self.put_booking_request(after.org, &request)?;
        }
        if before.is_some() {
            return Ok(());
        }
        let pointer = PaymentPointer { batch_id: after.batch, payee_id: after.payee.id, currency: after.currency() };
        let key = keys::payment_pointer(after.org, after.id);
        self.put(to_item(&key, "payment_pointer", &pointer)?, ConditionKind::None, None)
    }

    /// Adds a part of a member in place. Parts are never removed, so steps in any order lose none.
    fn add_involvement(&mut self, batch: &Batch, member: MemberId, part: Involvement) -> Result<(), StoreError> {
        let flags = [
            ("is_payee = :true", part.is_payee),
            ("is_party = :true", part.is_party),
            ("has_decided = :true", part.has_decided),
        ];
        let set = flags.into_iter().filter(|(_, is_set)| *is_set).map(|(expression, _)| expression);
        let set: Vec<&str> = set.collect();
        if set.is_empty() {
            return Ok(());
        }
        let update = Update::builder()
            .table_name(self.table)
            .set_key(Some(key_attributes(&keys::involved(batch.org, batch.id, member))))
            .update_expression(format!("SET {}, entity = :entity, #schema = :schema", set.join(", ")))
            .expression_attribute_names("#schema", "schema")
            .expression_attribute_values(":entity", text("involvement"))
            .expression_attribute_values(":schema", number(SCHEMA))
            .expression_attribute_values(":true", AttributeValue::Bool(true));
        self.update(update.build().map_err(build_error)?, ConditionKind::None);
        Ok(())
    }
}
