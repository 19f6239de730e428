//! The outbox: which events somebody is still to be told of. An entry is written in the transaction of its event and deleted when all
//! who are told of it have been; what is left for long was lost on the way, and found here. Who is told is not decided here.

use std::fmt;

use jiff::Timestamp;
use outlay_domain::event::Event;
use outlay_domain::ids::OrgId;
use serde::{Deserialize, Serialize};

use crate::digest::Stored;
use crate::items::{Item, from_item, key_attributes, to_item};
use crate::keys::{self, AFTER_ALL, BEFORE_ALL, Key};
use crate::{Store, StoreError};

/// That somebody is still to be told of an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// When it happened.
    pub at: Timestamp,
    event_pk: String,
    event_sk: String,
}

impl fmt::Display for Waiting {
    /// The event's place in the table, for logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.event_pk, self.event_sk)
    }
}

impl Stored for Waiting {
    // It only says where to look.
    const HAS_DIGEST: bool = false;
}

#[derive(Deserialize)]
struct Listed {
    organisation_id: OrgId,
}

impl Stored for Listed {
    const HAS_DIGEST: bool = false;
}

/// The entry of an event.
pub(crate) fn waiting(event: &Event) -> Result<Item, StoreError> {
    let Key { pk, sk } = keys::event(event);
    to_item(&keys::outbox(event), "outbox", &Waiting { at: event.at, event_pk: pk, event_sk: sk })
}

impl Store {
    /// The organisations there are.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn organisations(&self) -> Result<Vec<OrgId>, StoreError> {
        let items = self.query_all(keys::ORGANISATIONS, BEFORE_ALL, AFTER_ALL).await?;
        items.into_iter().map(|item| Ok(from_item::<Listed>(item)?.organisation_id)).collect()
    }

    /// The events that somebody should have been told of before a time, oldest first.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn waiting(&self, org: OrgId, before: Timestamp) -> Result<Vec<Waiting>, StoreError> {
        let waiting = self.query_all(&keys::outbox_partition(org), BEFORE_ALL, &keys::moment(before)).await?;
        waiting.into_iter().map(from_item).collect()
    }

    /// The event of an entry.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::Broken`] when it cannot be read, or is of a layout that this version does not know.
    pub async fn event_of(&self, entry: &Waiting) -> Result<Option<Event>, StoreError> {
        self.get(&Key { pk: entry.event_pk.clone(), sk: entry.event_sk.clone() }).await
    }

    /// Takes an event out of the outbox: all who are told of it have been.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn outbox_done(&self, event: &Event) -> Result<(), StoreError> {
        self.delete(&keys::outbox(event)).await
    }

    /// Deletes an item, if it is there.
    #[expect(clippy::disallowed_methods, reason = "what only says where to look is no decision of the rules")]
    pub(crate) async fn delete(&self, key: &Key) -> Result<(), StoreError> {
        self.client.delete_item().table_name(&self.table).set_key(Some(key_attributes(key))).send().await?;
        Ok(())
    }
}
