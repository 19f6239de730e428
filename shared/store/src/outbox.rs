//! The outbox: events with recipients who have not been notified yet. The transaction of an event writes the entry; it
//! is removed when all recipients have been notified. An entry that stays is found by the sweep. This file does not
//! decide who is notified.

use std::fmt;

use jiff::Timestamp;
use outlay_domain::event::Event;
use outlay_domain::ids::OrgId;
use serde::{Deserialize, Serialize};

use crate::attributes::{Item, key_attributes};
use crate::client::Store;
use crate::error::StoreError;
use crate::integrity::Stored;
use crate::items::{from_item, to_item};
use crate::keys::{self, MAX_SORT_KEY, MIN_SORT_KEY, PrimaryKey};

/// Most entries that one run of the sweep reads of an organisation.
const MAX_ENTRIES: i32 = 1000;

/// Reference to an event whose recipients have not been notified yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxEntry {
    /// Time of the event.
    pub at: Timestamp,
    event_pk: String,
    event_sk: String,
}

impl fmt::Display for OutboxEntry {
    /// Writes the primary key of the event, for logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.event_pk, self.event_sk)
    }
}

impl OutboxEntry {
    /// Primary key of the event.
    fn event_key(&self) -> PrimaryKey {
        PrimaryKey { pk: self.event_pk.clone(), sk: self.event_sk.clone() }
    }
}

impl Stored for OutboxEntry {
    // It only points to the event.
    const HAS_DIGEST: bool = false;
}

/// Item that lists an organisation for scheduled functions.
#[derive(Serialize, Deserialize)]
pub(crate) struct OrganisationEntry {
    pub(crate) organisation_id: OrgId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) closed_at: Option<Timestamp>,
}

impl Stored for OrganisationEntry {
    // It only points to the organisation.
    const HAS_DIGEST: bool = false;
}

/// Builds the entry of an event.
pub(crate) fn outbox_entry(event: &Event) -> Result<Item, StoreError> {
    let PrimaryKey { pk, sk } = keys::event(event);
    to_item(&keys::outbox(event), "outbox", &OutboxEntry { at: event.at, event_pk: pk, event_sk: sk })
}

impl Store {
    /// Lists all organisations that are open. Reads the partition `ORGS`.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn organisation_ids(&self) -> Result<Vec<OrgId>, StoreError> {
        self.organisation_ids_open_at(Timestamp::MAX).await
    }

    /// Lists all organisations that were open at a time: those closed later may have work left.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn organisation_ids_open_at(&self, time: Timestamp) -> Result<Vec<OrgId>, StoreError> {
        let items = self.query_all(keys::ORGANISATIONS_PARTITION, MIN_SORT_KEY, MAX_SORT_KEY).await?;
        let entries: Vec<OrganisationEntry> = items.into_iter().map(from_item).collect::<Result<_, _>>()?;
        let open = entries.into_iter().filter(|entry| entry.closed_at.is_none_or(|closed| closed > time));
        Ok(open.map(|entry| entry.organisation_id).collect())
    }

    /// Lists the outbox entries of events before a time, oldest first; at most 1,000.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn pending_outbox_entries(&self, org: OrgId, before: Timestamp) -> Result<Vec<OutboxEntry>, StoreError> {
        let request = self.query_range(&keys::outbox_partition(org), MIN_SORT_KEY, &keys::sortable_timestamp(before));
        let entries = request.limit(MAX_ENTRIES).send().await?.items.unwrap_or_default();
        entries.into_iter().map(from_item).collect()
    }

    /// Reads the event of an entry.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::Corrupt`] when the event is unreadable or has an unknown schema.
    pub async fn outbox_event(&self, entry: &OutboxEntry) -> Result<Option<Event>, StoreError> {
        self.get(&entry.event_key()).await
    }

    /// Deletes the outbox entry of an event, if it exists. Call it when all recipients have been notified.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn remove_from_outbox(&self, event: &Event) -> Result<(), StoreError> {
        self.delete_outbox_entry(&keys::outbox(event)).await
    }

    /// Deletes an outbox entry, if it exists. Call it when the event does not exist or has no recipients.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn remove_outbox_entry(&self, org: OrgId, entry: &OutboxEntry) -> Result<(), StoreError> {
        self.delete_outbox_entry(&keys::outbox_entry(org, entry.at, &entry.event_key())).await
    }

    #[expect(clippy::disallowed_methods, reason = "an outbox entry tracks work, it is no decision of the domain")]
    async fn delete_outbox_entry(&self, key: &PrimaryKey) -> Result<(), StoreError> {
        self.client.delete_item().table_name(&self.table).set_key(Some(key_attributes(key))).send().await?;
        Ok(())
    }
}
