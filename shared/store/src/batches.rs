//! Reads of batches and payments, and the note that a batch has background work. All reads are consistent. The
//! transaction of each act of a member writes the note; it is deleted when nothing is left to do. This file does not
//! decide what is done.

use std::collections::BTreeSet;

use futures_util::future::try_join_all;
use outlay_domain::batch::{Batch, BatchEntry, BatchStatus, Involvement, Involvements, Payment, PaymentKey};
use outlay_domain::ids::{BatchId, MemberId, OrgId, PaymentId, ReportId};
use outlay_domain::money::Currency;
use serde::{Deserialize, Serialize};

use crate::attributes::{Item, key_attributes, number, text_of};
use crate::client::{MAX_BATCH_GET, Store};
use crate::error::{StoreError, is_condition_failure};
use crate::integrity::Stored;
use crate::items::from_item;
use crate::keys::{self, MAX_SORT_KEY, MIN_SORT_KEY, names};

/// Named reports of a batch per item.
pub const NAMED_PER_ITEM: usize = 500;

/// Parts of members that a step of background work writes beside its reports. A step of 15 reports with as many new
/// payments has 97 items with them.
pub const INVOLVED_PER_STEP: usize = 20;

/// Parts of members that are written in one transaction before a step.
pub const INVOLVED_PER_COMMIT: usize = 90;

/// Most batches with work that one run reads of an organisation.
const MAX_WORK: i32 = 1000;

impl Stored for Batch {}
impl Stored for Payment {}
impl Stored for BatchEntry {}
impl Stored for Involvement {
    // It is updated in place.
    const HAS_DIGEST: bool = false;
}

/// List entry of a batch.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ListedBatch {
    /// Status, for the filter of the list.
    pub(crate) status: BatchStatus,
}

impl Stored for ListedBatch {
    // It only points to the batch.
    const HAS_DIGEST: bool = false;
}

/// Pointer from a payment to its batch.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PaymentPointer {
    pub(crate) batch_id: BatchId,
    pub(crate) payee_id: MemberId,
    pub(crate) currency: Currency,
}

impl Stored for PaymentPointer {}

/// Some of the reports that a batch names.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct NamedReports<R> {
    pub(crate) reports: R,
}

impl<R> Stored for NamedReports<R> {}

/// Note that a batch has background work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchWork {
    /// Organisation.
    pub org: OrgId,
    /// Batch.
    pub batch_id: BatchId,
    /// Number of the event of the act that asks for the work. Distinguishes it from a later act.
    pub event_seq: u64,
}

impl Stored for BatchWork {
    // It only points to the batch.
    const HAS_DIGEST: bool = false;
}

impl Store {
    /// Reads a batch.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn batch(&self, org: OrgId, batch: BatchId) -> Result<Option<Batch>, StoreError> {
        self.get(&keys::batch(org, batch)).await
    }

    /// Reads the payment of a batch to a payee in a currency.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn payment(&self, org: OrgId, batch: BatchId, key: PaymentKey) -> Result<Option<Payment>, StoreError> {
        self.get(&keys::payment(org, batch, key)).await
    }

    /// Reads a payment by its identifier.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn payment_by_id(&self, org: OrgId, payment: PaymentId) -> Result<Option<Payment>, StoreError> {
        let pointer: Option<PaymentPointer> = self.get(&keys::payment_pointer(org, payment)).await?;
        let Some(PaymentPointer { batch_id, payee_id: payee, currency }) = pointer else { return Ok(None) };
        let found = self.payment(org, batch_id, PaymentKey { payee, currency }).await?;
        Ok(found.filter(|found| found.id == payment))
    }

    /// Reads several payments of a batch, in any order, by `BatchGetItem`. Absent ones are skipped.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn payments_by_key(
        &self,
        org: OrgId,
        batch: BatchId,
        wanted: &BTreeSet<PaymentKey>,
    ) -> Result<Vec<Payment>, StoreError> {
        let wanted = wanted.iter().map(|key| key_attributes(&keys::payment(org, batch, *key))).collect();
        self.read_all(wanted).await?.into_iter().map(from_item).collect()
    }

    /// Reads the parts of members in a batch. Members without a part are skipped.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn involvements(
        &self,
        org: OrgId,
        batch: BatchId,
        members: &BTreeSet<MemberId>,
    ) -> Result<Involvements, StoreError> {
        let wanted = members.iter().map(|member| key_attributes(&keys::involved(org, batch, *member))).collect();
        let part = |item: Item| {
            let member = text_of(&item, names::SK).and_then(|sk| sk.strip_prefix(keys::INVOLVED_PREFIX));
            let member = member.and_then(|member| member.parse().ok());
            member.map(|member: MemberId| Ok((member, from_item(item)?)))
        };
        self.read_all(wanted).await?.into_iter().filter_map(part).collect()
    }

    /// Reads one chunk of the reports that a batch names, from 0: at most [`NAMED_PER_ITEM`], ascending. Empty behind
    /// the last one.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn named_reports(&self, org: OrgId, batch: BatchId, chunk: usize) -> Result<Vec<ReportId>, StoreError> {
        let found: Option<NamedReports<Vec<ReportId>>> = self.get(&keys::named_reports(org, batch, chunk)).await?;
        Ok(found.map(|found| found.reports).unwrap_or_default())
    }

    /// Reads the note that a batch has background work; `None` when there is none.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn batch_work(&self, org: OrgId, batch: BatchId) -> Result<Option<BatchWork>, StoreError> {
        self.get(&keys::batch_work(org, batch)).await
    }

    /// Lists the batches with background work; at most 1,000.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn batches_with_work(&self, org: OrgId) -> Result<Vec<BatchWork>, StoreError> {
        let request = self.query_range(&keys::batch_work_partition(org), MIN_SORT_KEY, MAX_SORT_KEY);
        let items = request.limit(MAX_WORK).send().await?.items.unwrap_or_default();
        items.into_iter().map(from_item).collect()
    }

    /// Deletes the note of finished work, unless a later act asks for more.
    ///
    /// # Errors
    /// [`StoreError`]
    #[expect(clippy::disallowed_methods, reason = "the note tracks work, it is no decision of the domain")]
    pub async fn finish_batch_work(&self, work: &BatchWork) -> Result<(), StoreError> {
        let request = self.client.delete_item().table_name(&self.table);
        let request = request
            .set_key(Some(key_attributes(&keys::batch_work(work.org, work.batch_id))))
            .condition_expression("event_seq = :event")
            .expression_attribute_values(":event", number(work.event_seq));
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) if is_condition_failure(&error) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Reads the items of any number of keys, in any order.
    async fn read_all(&self, wanted: Vec<Item>) -> Result<Vec<Item>, StoreError> {
        let found = try_join_all(wanted.chunks(MAX_BATCH_GET).map(|batch| self.batch_get(batch.to_vec()))).await?;
        Ok(found.into_iter().flatten().collect())
    }
}
