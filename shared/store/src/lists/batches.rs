//! Lists of batches, payments and entries. All are consistent.

use std::collections::HashMap;

use outlay_domain::batch::{Batch, BatchEntry, BatchStatus, Payment};
use outlay_domain::ids::{BatchId, OrgId, PaymentId};

use super::query::{AttributeFilter, ListQuery};
use crate::attributes::{Item, key_attributes, text_of};
use crate::client::Store;
use crate::error::StoreError;
use crate::items::from_item;
use crate::keys::{self, names};
use crate::page::{ListError, Page, PageRequest};

/// Builds the list of batches, newest first, optionally in a status.
pub(super) fn batches_query(org: OrgId, status: Option<BatchStatus>) -> ListQuery {
    let filter = status.map(|status| AttributeFilter::Equals("status", status.name().to_owned()));
    ListQuery {
        newest_first: true,
        filters: filter.into_iter().collect(),
        ..ListQuery::by_prefix(org, keys::batches_partition(org), "")
    }
}

impl Store {
    /// Lists batches, newest first, optionally in a status.
    ///
    /// # Errors
    /// [`ListError`]
    pub async fn list_batches(
        &self,
        org: OrgId,
        status: Option<BatchStatus>,
        page: &PageRequest,
    ) -> Result<Page<Batch>, ListError> {
        let found = self.list_items(&batches_query(org, status), page).await?;
        let ids: Vec<BatchId> = found.items.iter().filter_map(|entry| entry.position.parse().ok()).collect();
        let wanted = ids.iter().map(|id| key_attributes(&keys::batch(org, *id))).collect();
        let mut heads: HashMap<String, Item> = HashMap::new();
        for head in self.batch_get(wanted).await? {
            heads.extend(text_of(&head, names::PK).map(str::to_owned).map(|partition| (partition, head)));
        }
        let heads = ids.iter().filter_map(|id| heads.remove(&keys::batch_partition(org, *id)));
        let items = heads.map(from_item).collect::<Result<_, StoreError>>()?;
        Ok(Page { items, next: found.next, passed_over: found.passed_over })
    }

    /// Lists the payments of a batch by payee and currency.
    ///
    /// # Errors
    /// [`ListError`]
    pub async fn list_payments(
        &self,
        org: OrgId,
        batch: BatchId,
        page: &PageRequest,
    ) -> Result<Page<Payment>, ListError> {
        self.list(&ListQuery::by_prefix(org, keys::batch_partition(org, batch), keys::PAYMENT_PREFIX), page).await
    }

    /// Lists the entries of a payment by report.
    ///
    /// # Errors
    /// [`ListError`]
    pub async fn list_entries(
        &self,
        org: OrgId,
        batch: BatchId,
        payment: PaymentId,
        page: &PageRequest,
    ) -> Result<Page<BatchEntry>, ListError> {
        let prefix = keys::entries_prefix(payment);
        self.list(&ListQuery::by_prefix(org, keys::batch_partition(org, batch), &prefix), page).await
    }
}
