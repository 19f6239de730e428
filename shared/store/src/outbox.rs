//! The outbox: which events somebody is still to be told of. An entry is written in the transaction of its event and deleted when all
//! who are told of it have been; what is left for long was lost on the way, and found here. Who is told is not decided here.

use jiff::Timestamp;
use outlay_domain::event::Event;
use outlay_domain::ids::OrgId;
use serde::{Deserialize, Serialize};

use crate::digest::Stored;
use crate::items::{Item, from_item, key_attributes, text, to_item};
use crate::keys::{self, Key, names};
use crate::{Store, StoreError};

/// That somebody is still to be told of an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// When it happened.
    pub at: Timestamp,
    event_pk: String,
    event_sk: String,
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

/// What SES told of a mail that is not known here.
#[derive(Serialize)]
struct Unplaced<'a> {
    body: &'a str,
    expires_at: i64,
}

/// How long what cannot be placed is kept, in seconds.
const KEPT: i64 = 7 * 24 * 3600;

impl Store {
    /// Keeps what SES told of a mail that is not known here for a week.
    ///
    /// # Errors
    /// [`StoreError`]
    #[expect(clippy::disallowed_methods, reason = "no decision of the rules")]
    pub async fn keep_feedback(
        &self,
        org: Option<OrgId>,
        message_id: &str,
        kind: &str,
        body: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let unplaced = Unplaced { body, expires_at: now.as_second().saturating_add(KEPT) };
        let item = to_item(&keys::feedback(org, message_id, kind), "feedback", &unplaced)?;
        self.client.put_item().table_name(&self.table).set_item(Some(item)).send().await?;
        Ok(())
    }

    /// The organisations there are.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn organisations(&self) -> Result<Vec<OrgId>, StoreError> {
        let items = self.query_all(keys::ORGANISATIONS, " ", "\u{10FFFF}").await?;
        items.into_iter().map(|item| Ok(from_item::<Listed>(item)?.organisation_id)).collect()
    }

    /// The events that somebody should have been told of before a time, oldest first; at most as many as one read gives.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn waiting(&self, org: OrgId, before: Timestamp) -> Result<Vec<Waiting>, StoreError> {
        let request = self.client.query().table_name(&self.table).consistent_read(true);
        let request = request
            .key_condition_expression(format!("{} = :pk AND {} < :to", names::PK, names::SK))
            .expression_attribute_values(":pk", text(keys::outbox_partition(org)))
            .expression_attribute_values(":to", text(keys::updated_at(before)));
        request.send().await?.items.unwrap_or_default().into_iter().map(from_item).collect()
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
    pub async fn told(&self, event: &Event) -> Result<(), StoreError> {
        self.delete(&keys::outbox(event)).await
    }

    /// Deletes an item, if it is there.
    #[expect(clippy::disallowed_methods, reason = "what only says where to look is no decision of the rules")]
    pub(crate) async fn delete(&self, key: &Key) -> Result<(), StoreError> {
        self.client.delete_item().table_name(&self.table).set_key(Some(key_attributes(key))).send().await?;
        Ok(())
    }
}
