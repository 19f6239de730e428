//! Turns: requests that have met in a partition change it one after the other, so that each of many concurrent requests
//! is carried out. A turn only saves attempts that would fail. The conditions of the commit protect the data, so nothing
//! breaks when a turn expires, or when a request does not wait for its turn.

use std::hash::{BuildHasher, RandomState};

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use jiff::Timestamp;
use serde::Serialize;

use crate::attributes::number;
use crate::client::Store;
use crate::error::StoreError;
use crate::integrity::Stored;
use crate::items::to_item;
use crate::keys;

/// Lifetime of a turn: longer than an attempt takes. A request that ends without giving its turn back delays the others
/// by this time.
const TURN_MILLIS: i64 = 3_000;
/// Time until the TTL of an unused turn, in seconds.
const RETENTION_SECS: i64 = 3600;

/// Turn of a request in a partition.
#[derive(Clone, Debug)]
pub struct Turn {
    partition: String,
    holder: u64,
}

/// Stored form of a turn.
#[derive(Serialize)]
struct StoredTurn {
    /// Random number of the holder.
    holder: u64,
    /// End of the turn, in milliseconds since the epoch.
    ends_at: i64,
    /// Time for TTL, in seconds since the epoch.
    expires_at: i64,
}

impl Stored for StoredTurn {
    // It protects nothing.
    const HAS_DIGEST: bool = false;
}

impl Turn {
    /// Place of a request among those that wait for a turn in the partition.
    #[must_use]
    pub fn in_partition(partition: String) -> Self {
        // The hasher's keys are random, which is enough to keep requests apart.
        let holder = RandomState::new().hash_one(0_u8);
        Self { partition, holder }
    }

    /// The partition.
    #[must_use]
    pub fn partition(&self) -> &str {
        &self.partition
    }
}

impl Store {
    /// Takes the turn, or keeps it for longer. Returns `false` while another request has it.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn take_turn(&self, turn: &Turn, now: Timestamp) -> Result<bool, StoreError> {
        let millis = now.as_millisecond();
        let condition = "attribute_not_exists(PK) OR ends_at <= :now OR holder = :holder";
        self.put_turn(turn, now, millis.saturating_add(TURN_MILLIS), condition, Some(millis)).await
    }

    /// Gives a turn back, so that the next request need not wait for its end.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn end_turn(&self, turn: &Turn, now: Timestamp) -> Result<(), StoreError> {
        self.put_turn(turn, now, 0, "holder = :holder", None).await.map(|_| ())
    }

    #[expect(clippy::disallowed_methods, reason = "a turn is no decision of the domain")]
    async fn put_turn(
        &self,
        turn: &Turn,
        now: Timestamp,
        ends_at: i64,
        condition: &str,
        at: Option<i64>,
    ) -> Result<bool, StoreError> {
        let expires_at = now.as_second().saturating_add(RETENTION_SECS);
        let item =
            to_item(&keys::turn(&turn.partition), "turn", &StoredTurn { holder: turn.holder, ends_at, expires_at })?;
        let request = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression(condition)
            .expression_attribute_values(":holder", number(turn.holder));
        let request = match at {
            Some(at) => request.expression_attribute_values(":now", number(at)),
            None => request,
        };
        match request.send().await {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(_)) => Ok(false),
                _ => Err(error.into()),
            },
        }
    }
}
