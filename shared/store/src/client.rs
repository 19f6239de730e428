//! The table and the reads that every other file builds on. All of them are consistent.

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use outlay_aws::backoff::backoff_with_jitter;
use outlay_aws::config::for_service;
use serde::de::DeserializeOwned;

use crate::attributes::{Item, key_attributes, text};
use crate::error::{StoreError, is_condition_failure};
use crate::integrity::Stored;
use crate::items::from_item;
use crate::keys::PrimaryKey;

/// The table, with the client for it.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) client: Client,
    pub(crate) table: String,
}

/// Keys per `BatchGetItem` request (limit of DynamoDB).
pub(crate) const MAX_BATCH_GET: usize = 100;
/// Retries for the keys that DynamoDB left unprocessed in a batch.
const BATCH_RETRIES: u32 = 5;
/// Repeated reads after a torn one.
const MAX_REREADS: usize = 3;

impl Store {
    /// Creates the client for a table. `AWS_ENDPOINT_URL_DYNAMODB` overrides the endpoint. Sends nothing.
    #[must_use]
    pub fn connect(sdk: &SdkConfig, table: &str) -> Self {
        Self { client: Client::new(&for_service(sdk, "DYNAMODB")), table: table.to_owned() }
    }

    /// Reads the value at a key.
    pub(crate) async fn get<T: Stored + DeserializeOwned>(&self, key: &PrimaryKey) -> Result<Option<T>, StoreError> {
        self.get_item(key).await?.map(from_item).transpose()
    }

    /// Reads the item at a key.
    pub(crate) async fn get_item(&self, key: &PrimaryKey) -> Result<Option<Item>, StoreError> {
        let request =
            self.client.get_item().table_name(&self.table).set_key(Some(key_attributes(key))).consistent_read(true);
        Ok(request.send().await?.item)
    }

    /// Reads the items of at most [`MAX_BATCH_GET`] keys, in any order. Absent items are skipped.
    pub(crate) async fn batch_get(&self, keys: Vec<Item>) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::with_capacity(keys.len());
        let mut left = keys;
        for attempt in 0..=BATCH_RETRIES {
            if left.is_empty() {
                return Ok(items);
            }
            if attempt > 0 {
                tokio::time::sleep(backoff_with_jitter(attempt)).await;
            }
            let wanted = KeysAndAttributes::builder().set_keys(Some(left)).consistent_read(true).build();
            let wanted = wanted.map_err(|error| StoreError::Refused(error.to_string()))?;
            let output = self.client.batch_get_item().request_items(&self.table, wanted).send().await?;
            items.extend(output.responses.and_then(|mut tables| tables.remove(&self.table)).unwrap_or_default());
            let unprocessed = output.unprocessed_keys.and_then(|mut tables| tables.remove(&self.table));
            left = unprocessed.map(|rest| rest.keys).unwrap_or_default();
        }
        if left.is_empty() {
            return Ok(items);
        }
        Err(StoreError::Unavailable("UnprocessedKeys".to_owned()))
    }

    /// Deletes an item that tracks work, unless it is absent or its value is another than `:value` in the condition.
    #[expect(clippy::disallowed_methods, reason = "the item tracks work, it is no decision of the domain")]
    pub(crate) async fn delete_work_item(
        &self,
        key: &PrimaryKey,
        (condition, value): (&str, AttributeValue),
    ) -> Result<(), StoreError> {
        let request = self.client.delete_item().table_name(&self.table).set_key(Some(key_attributes(key)));
        let request = request.condition_expression(condition).expression_attribute_values(":value", value);
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) if is_condition_failure(&error) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Creates a query of a partition between two sort keys (inclusive).
    pub(crate) fn query_range(&self, partition: &str, from: &str, to: &str) -> QueryFluentBuilder {
        let request = self.client.query().table_name(&self.table).consistent_read(true);
        request
            .key_condition_expression("PK = :pk AND SK BETWEEN :from AND :to")
            .expression_attribute_values(":pk", text(partition))
            .expression_attribute_values(":from", text(from))
            .expression_attribute_values(":to", text(to))
    }

    /// Reads all items of a partition between two sort keys (inclusive), in their order.
    pub(crate) async fn query_all(&self, partition: &str, from: &str, to: &str) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::new();
        let mut start = None;
        loop {
            let output = self.query_range(partition, from, to).set_exclusive_start_key(start).send().await?;
            items.extend(output.items.unwrap_or_default());
            start = output.last_evaluated_key;
            if start.is_none() {
                return Ok(items);
            }
        }
    }
}

/// Reads items that belong together. `read` returns `None` when they do not match: the read was torn by a transaction,
/// or the items were edited. It is repeated up to [`MAX_REREADS`] times, then `key` is corrupt.
pub(crate) async fn read_matching<T, F>(key: &PrimaryKey, read: impl Fn() -> F) -> Result<T, StoreError>
where
    // Futures of handlers must be `Send`, which cannot be required of the future of an `AsyncFn`.
    F: Future<Output = Result<Option<T>, StoreError>> + Send,
{
    for _ in 0..=MAX_REREADS {
        if let Some(matching) = read().await? {
            return Ok(matching);
        }
    }
    Err(StoreError::Corrupt { item: key.redacted(), reason: "its parts do not match".to_owned() })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::FutureExt;
    use outlay_domain::ids::IdGenerator;

    use super::*;
    use crate::keys;

    /// Result and number of reads when the first `torn` reads do not match.
    fn read_after(torn: usize) -> (Result<usize, StoreError>, usize) {
        let mut seed = IdGenerator::new("2026-11-22T10:00:00Z".parse().unwrap(), [7; 10]);
        let reads = AtomicUsize::new(0);
        let key = keys::report(seed.next_id(), seed.next_id());
        let read = || async {
            let count = reads.fetch_add(1, Ordering::Relaxed) + 1;
            Ok((count > torn).then_some(count))
        };
        let result = read_matching(&key, read).now_or_never().unwrap();
        (result, reads.into_inner())
    }

    #[test]
    fn torn_read_is_repeated_three_times() {
        for torn in 0..=3 {
            let (result, reads) = read_after(torn);
            assert_eq!((result.unwrap(), reads), (torn + 1, torn + 1));
        }
        let (result, reads) = read_after(4);
        assert!(matches!(result, Err(StoreError::Corrupt { .. })), "{result:?}");
        assert_eq!(reads, 4);
    }
}
