//! Rate limits (GCRA) and daily quotas: one conditional write per decision, no read before it. The SDK does not retry
//! these writes, because counting twice is not idempotent. A lost response makes a limit stricter by one request, never
//! wider.

use aws_sdk_dynamodb::config::Builder;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};
use jiff::Timestamp;
use outlay_domain::ids::OrgId;
use outlay_domain::rate_limit::{Quota, RateLimitPlan};

use crate::attributes::{Item, key_attributes, number, text};
use crate::client::Store;
use crate::error::StoreError;
use crate::keys::{self, PrimaryKey};

/// Outcome for one request, with the arrival time that is now stored, in microseconds since the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RateLimitOutcome {
    /// Within the limit; counted.
    Admitted(i64),
    /// Beyond the limit; not counted.
    Refused(i64),
}

/// Attempts while concurrent requests change the same counter. After these the limit counts as exhausted.
const MAX_RACES: u32 = 4;
/// Time until the TTL of an unused counter, in seconds.
const RETENTION_SECS: i64 = 24 * 3600;
const MICROS_PER_SECOND: i64 = 1_000_000;

/// State of the counter that a write expects.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ExpectedState {
    /// The arrival time lies in the future.
    Busy,
    /// The arrival time has passed, or the counter is absent.
    Idle,
}

/// Result of a write that expects a state of the counter.
enum Advance {
    /// The request is counted. Holds the new arrival time.
    Moved(i64),
    /// The counter is in another state. Holds the stored arrival time, if any.
    Unexpected(Option<i64>),
}

impl Store {
    /// Counts a request at `now` (microseconds since the epoch) against the limit at `key`. `known` is the arrival time
    /// that the caller last saw. A wrong value costs a second write and changes nothing else.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn consume_rate_limit(
        &self,
        key: &PrimaryKey,
        quota: Quota,
        now: i64,
        known: Option<i64>,
    ) -> Result<RateLimitOutcome, StoreError> {
        let mut arrival = known;
        for _ in 0..MAX_RACES {
            let expected =
                if arrival.is_some_and(|arrival| arrival >= now) { ExpectedState::Busy } else { ExpectedState::Idle };
            match self.advance(key, quota, now, expected).await? {
                Advance::Moved(arrival) => return Ok(RateLimitOutcome::Admitted(arrival)),
                Advance::Unexpected(Some(found)) if found > quota.latest_arrival(now) => {
                    return Ok(RateLimitOutcome::Refused(found));
                }
                Advance::Unexpected(found) => arrival = found,
            }
        }
        Ok(RateLimitOutcome::Refused(arrival.unwrap_or(now).max(quota.latest_arrival(now))))
    }

    /// Moves the arrival time by one request, unless the expectation is wrong.
    async fn advance(
        &self,
        key: &PrimaryKey,
        quota: Quota,
        now: i64,
        expected: ExpectedState,
    ) -> Result<Advance, StoreError> {
        let next = now.saturating_add(quota.interval());
        let (update, condition, values) = match expected {
            ExpectedState::Busy => (
                "SET arrival = arrival + :interval, expires_at = :expires, entity = :entity",
                "arrival BETWEEN :now AND :latest",
                vec![(":interval", quota.interval()), (":now", now), (":latest", quota.latest_arrival(now))],
            ),
            ExpectedState::Idle => (
                "SET arrival = :next, expires_at = :expires, entity = :entity",
                "attribute_not_exists(arrival) OR arrival < :now",
                vec![(":next", next), (":now", now)],
            ),
        };
        let expires = (":expires", now / MICROS_PER_SECOND + i64::from(quota.window()) + RETENTION_SECS);
        let sent = self.update_counter(key, update, condition, values.into_iter().chain([expires])).await;
        match sent {
            Ok(arrival) => Ok(Advance::Moved(arrival.unwrap_or(next))),
            Err(UpdateError::Condition(found)) => Ok(Advance::Unexpected(found)),
            Err(UpdateError::Store(error)) => Err(error),
        }
    }

    /// Moves the arrival time at `key` by `micros`: forward for further units of a request, back for one that is taken
    /// back. Changes nothing when TTL has deleted the counter.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn move_rate_limit(&self, key: &PrimaryKey, micros: i64) -> Result<(), StoreError> {
        let update = "SET arrival = arrival + :micros, entity = :entity";
        match self.update_counter(key, update, "attribute_exists(arrival)", [(":micros", micros)]).await {
            Ok(_) | Err(UpdateError::Condition(_)) => Ok(()),
            Err(UpdateError::Store(error)) => Err(error),
        }
    }

    /// Reserves `amount` of the daily quota at `key`. Returns `false`, and reserves nothing, when the sum would exceed
    /// `most`.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn reserve_daily_quota(
        &self,
        key: &PrimaryKey,
        amount: u64,
        most: u64,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.reserve(key, amount, most, now.as_second().saturating_add(2 * RETENTION_SECS)).await
    }

    /// Reserves `amount` of the quota at `key`, whose counter TTL deletes at `expires`.
    pub(crate) async fn reserve(
        &self,
        key: &PrimaryKey,
        amount: u64,
        most: u64,
        expires: i64,
    ) -> Result<bool, StoreError> {
        let (update, condition) = (
            "SET used = if_not_exists(used, :none) + :amount, expires_at = :expires, entity = :entity",
            "attribute_not_exists(used) OR used <= :room",
        );
        let Some(room) = most.checked_sub(amount) else { return Ok(false) };
        let count = |amount: u64| i64::try_from(amount).unwrap_or(i64::MAX);
        let values = [(":none", 0), (":amount", count(amount)), (":room", count(room)), (":expires", expires)];
        match self.update_counter(key, update, condition, values).await {
            Ok(_) => Ok(true),
            Err(UpdateError::Condition(_)) => Ok(false),
            Err(UpdateError::Store(error)) => Err(error),
        }
    }

    /// Releases a reserved amount. Changes nothing when TTL has deleted the counter.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn release_daily_quota(&self, key: &PrimaryKey, amount: u64) -> Result<(), StoreError> {
        let values = [(":amount", i64::try_from(amount).unwrap_or(0))];
        let update = "SET used = used - :amount, entity = :entity";
        match self.update_counter(key, update, "attribute_exists(used)", values).await {
            Ok(_) | Err(UpdateError::Condition(_)) => Ok(()),
            Err(UpdateError::Store(error)) => Err(error),
        }
    }

    /// Reads the limits of an organisation, if the operator has set any.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn plan(&self, org: OrgId) -> Result<Option<RateLimitPlan>, StoreError> {
        self.get(&keys::plan(org)).await
    }

    #[expect(clippy::disallowed_methods, reason = "a counter is no decision of the domain")]
    async fn update_counter(
        &self,
        key: &PrimaryKey,
        update: &str,
        condition: &str,
        values: impl IntoIterator<Item = (&'static str, i64)>,
    ) -> Result<Option<i64>, UpdateError> {
        let values = values.into_iter().map(|(name, value)| (name.to_owned(), number(value)));
        let values: Item = values.chain([(":entity".to_owned(), text("limit"))]).collect();
        let request = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key_attributes(key)))
            .update_expression(update)
            .condition_expression(condition)
            .set_expression_attribute_values(Some(values))
            .return_values(ReturnValue::UpdatedNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .customize()
            .config_override(Builder::new().retry_config(RetryConfig::disabled()));
        match request.send().await {
            Ok(output) => Ok(output.attributes.as_ref().and_then(arrival)),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                    Err(UpdateError::Condition(failed.item().and_then(arrival)))
                }
                _ => Err(UpdateError::Store(error.into())),
            },
        }
    }
}

enum UpdateError {
    Condition(Option<i64>),
    Store(StoreError),
}

fn arrival(item: &Item) -> Option<i64> {
    item.get("arrival")?.as_n().ok()?.parse().ok()
}
