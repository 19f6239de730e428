//! Counting requests against limits: one conditional write for a decision, nothing read before it. The SDK does not repeat it, for an
//! addition done twice is not the same as done once; an answer that is lost makes a limit stricter by one, never wider.

use std::collections::HashMap;

use aws_sdk_dynamodb::config::Builder;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use jiff::Timestamp;
use outlay_domain::ids::OrgId;
use outlay_domain::rate_limit::{Plan, Quota};

use crate::items::{key_attributes, number, text};
use crate::keys::{self, Key};
use crate::{Store, StoreError};

/// What became of a request. Either way the arrival time is told, in microseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// It is within the limit and was counted.
    Admitted(i64),
    /// It is beyond the limit and was not counted.
    Refused(i64),
}

/// How often other requests on the same limit may come between; after that it is used up for sure.
const RACES: u32 = 4;
/// An item that nobody has counted on for so long is deleted, in seconds.
const KEPT: i64 = 24 * 3600;
const MICRO: i64 = 1_000_000;

/// Which of the two writes is meant: the limit is being used, or was at rest.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Guess {
    Busy,
    Idle,
}

impl Store {
    /// Counts a request at `now` (microseconds since 1970) against the limit at `key`. `known` is what its arrival time is
    /// thought to be; it need not be right, it only saves the second write of a wrong guess.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn count(&self, key: &Key, quota: Quota, now: i64, known: Option<i64>) -> Result<Counted, StoreError> {
        let mut arrival = known;
        for _ in 0..RACES {
            let guess = if arrival.is_some_and(|arrival| arrival >= now) { Guess::Busy } else { Guess::Idle };
            match self.advance(key, quota, now, guess).await? {
                Ok(arrival) => return Ok(Counted::Admitted(arrival)),
                Err(Some(found)) if found > quota.latest(now) => return Ok(Counted::Refused(found)),
                Err(found) => arrival = found,
            }
        }
        Ok(Counted::Refused(arrival.unwrap_or(now).max(quota.latest(now))))
    }

    /// The arrival time after the request, or the one that is there when the guess was wrong.
    async fn advance(
        &self,
        key: &Key,
        quota: Quota,
        now: i64,
        guess: Guess,
    ) -> Result<Result<i64, Option<i64>>, StoreError> {
        let next = now.saturating_add(quota.interval());
        let (update, condition, values) = match guess {
            Guess::Busy => (
                "SET arrival = arrival + :interval, expires_at = :expires, entity = :entity",
                "arrival BETWEEN :now AND :latest",
                vec![(":interval", quota.interval()), (":now", now), (":latest", quota.latest(now))],
            ),
            Guess::Idle => (
                "SET arrival = :next, expires_at = :expires, entity = :entity",
                "attribute_not_exists(arrival) OR arrival < :now",
                vec![(":next", next), (":now", now)],
            ),
        };
        let expires = (":expires", now / MICRO + i64::from(quota.window()) + KEPT);
        let sent = self.update_limit(key, update, Some(condition), values.into_iter().chain([expires])).await;
        match sent {
            Ok(arrival) => Ok(Ok(arrival.unwrap_or(next))),
            Err(Declined::Condition(found)) => Ok(Err(found)),
            Err(Declined::Store(error)) => Err(error),
        }
    }

    /// Takes back a request that was counted, but turned out not to count.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn uncount(&self, key: &Key, quota: Quota) -> Result<(), StoreError> {
        let values = [(":interval", quota.interval())];
        match self.update_limit(key, "SET arrival = arrival - :interval, entity = :entity", None, values).await {
            Ok(_) | Err(Declined::Condition(_)) => Ok(()),
            Err(Declined::Store(error)) => Err(error),
        }
    }

    /// Counts what somebody is about to do against the most he may on the day; `false` when that would be more, and nothing was
    /// counted.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn count_daily(&self, key: &Key, amount: u64, most: u64, now: Timestamp) -> Result<bool, StoreError> {
        let (update, condition) = (
            "SET used = if_not_exists(used, :none) + :amount, expires_at = :expires, entity = :entity",
            "attribute_not_exists(used) OR used <= :room",
        );
        let Some(room) = most.checked_sub(amount) else { return Ok(false) };
        let count = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
        let expires = now.as_second().saturating_add(2 * KEPT);
        let values = [(":none", 0), (":amount", count(amount)), (":room", count(room)), (":expires", expires)];
        match self.update_limit(key, update, Some(condition), values).await {
            Ok(_) => Ok(true),
            Err(Declined::Condition(_)) => Ok(false),
            Err(Declined::Store(error)) => Err(error),
        }
    }

    /// Takes back what is not going to be done.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn uncount_daily(&self, key: &Key, amount: u64) -> Result<(), StoreError> {
        let values = [(":amount", i64::try_from(amount).unwrap_or(0))];
        match self.update_limit(key, "SET used = used - :amount, entity = :entity", None, values).await {
            Ok(_) | Err(Declined::Condition(_)) => Ok(()),
            Err(Declined::Store(error)) => Err(error),
        }
    }

    /// The limits of an organisation, if the operator has set some.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn plan(&self, org: OrgId) -> Result<Option<Plan>, StoreError> {
        self.get(&keys::plan(org)).await
    }

    #[expect(clippy::disallowed_methods, reason = "no decision of the rules")]
    async fn update_limit(
        &self,
        key: &Key,
        update: &str,
        condition: Option<&str>,
        values: impl IntoIterator<Item = (&'static str, i64)>,
    ) -> Result<Option<i64>, Declined> {
        let values = values.into_iter().map(|(name, value)| (name.to_owned(), number(value)));
        let values: HashMap<String, AttributeValue> = values.chain([(":entity".to_owned(), text("limit"))]).collect();
        let request = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key_attributes(key)))
            .update_expression(update)
            .set_condition_expression(condition.map(str::to_owned))
            .set_expression_attribute_values(Some(values))
            .return_values(ReturnValue::UpdatedNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .customize()
            .config_override(Builder::new().retry_config(RetryConfig::disabled()));
        match request.send().await {
            Ok(output) => Ok(output.attributes.as_ref().and_then(arrival)),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                    Err(Declined::Condition(failed.item().and_then(arrival)))
                }
                _ => Err(Declined::Store(error.into())),
            },
        }
    }
}

enum Declined {
    Condition(Option<i64>),
    Store(StoreError),
}

fn arrival(item: &HashMap<String, AttributeValue>) -> Option<i64> {
    item.get("arrival")?.as_n().ok()?.parse().ok()
}
