//! Deliveries: the state of each mail to one member. A run leases the delivery, hands the mail to SES and marks the
//! delivery sent, so concurrent runs send one mail. SES accepts no idempotency token. When a run ends after SES has
//! accepted the mail and before the mark, only SES's event shows that it was sent. No other run may send it within a
//! grace period, in which the event should arrive. Later events (delivered, bounced, …) only move the state forward.

use std::fmt::{self, Write as _};

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use jiff::Timestamp;
use jiff::civil::Date;
use outlay_domain::event::{Event, EventSubject};
use outlay_domain::ids::{MemberId, OrgId};
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use crate::attributes::{key_attributes, number, text};
use crate::client::Store;
use crate::error::{StoreError, is_condition_failure};
use crate::integrity::Stored;
use crate::items::{from_item, to_item};
use crate::keys::{self, MAX_SORT_KEY, PrimaryKey};

/// Cause of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryTrigger {
    /// Event with this sequence number.
    Event(u64),
    /// Daily reminder of waiting steps, for this date in the recipient's time zone.
    Reminder(Date),
}

/// Identity of one mail to one member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliveryKey {
    /// Organisation.
    pub org: OrgId,
    /// Subject of the event; the recipient for a reminder.
    pub subject: EventSubject,
    /// Cause.
    pub trigger: DeliveryTrigger,
    /// Recipient.
    pub to: MemberId,
}

impl DeliveryKey {
    /// Creates the key of the mail about an event.
    #[must_use]
    pub const fn for_event(event: &Event, to: MemberId) -> Self {
        Self { org: event.org, subject: event.subject, trigger: DeliveryTrigger::Event(event.seq), to }
    }

    /// Creates the key of a daily reminder.
    #[must_use]
    pub const fn for_reminder(org: OrgId, to: MemberId, day: Date) -> Self {
        Self { org, subject: EventSubject::Member(to), trigger: DeliveryTrigger::Reminder(day), to }
    }

    fn item_key(&self) -> PrimaryKey {
        keys::delivery(self.org, self.subject, &self.trigger_id(), self.to)
    }

    fn trigger_id(&self) -> String {
        match self.trigger {
            DeliveryTrigger::Event(seq) => format!("{seq:015}"),
            DeliveryTrigger::Reminder(day) => format!("REMINDER-{day}"),
        }
    }

    /// Converts the key to SES message tags, by which SES events are matched. Uses only characters that SES allows.
    #[must_use]
    pub fn tags(&self) -> [(&'static str, String); 4] {
        let about = match self.subject {
            EventSubject::Report(report) => report.to_string(),
            EventSubject::Batch(batch) => batch.to_string(),
            EventSubject::Member(member) => member.to_string(),
            EventSubject::Organisation => "organisation".to_owned(),
            EventSubject::Policy => "policy".to_owned(),
            EventSubject::Rates(date) => date.to_string(),
        };
        [("org", self.org.to_string()), ("about", about), ("mail", self.trigger_id()), ("to", self.to.to_string())]
    }

    /// Parses SES message tags; `None` when they are not tags of this program.
    #[must_use]
    pub fn from_tags<'a>(value: impl Fn(&str) -> Option<&'a str>) -> Option<Self> {
        let about = value("about")?;
        let subject = match about {
            "organisation" => EventSubject::Organisation,
            "policy" => EventSubject::Policy,
            other => {
                let report = other.parse().map(EventSubject::Report).ok();
                let member = || other.parse().map(EventSubject::Member).ok();
                let rates = || other.parse().map(EventSubject::Rates).ok();
                let batch = || other.parse().map(EventSubject::Batch).ok();
                report.or_else(member).or_else(batch).or_else(rates)?
            }
        };
        let mail = value("mail")?;
        let trigger = match mail.strip_prefix("REMINDER-") {
            Some(day) => DeliveryTrigger::Reminder(day.parse().ok()?),
            None => DeliveryTrigger::Event(mail.parse().ok()?),
        };
        Some(Self { org: value("org")?.parse().ok()?, subject, trigger, to: value("to")?.parse().ok()? })
    }
}

impl fmt::Display for DeliveryKey {
    /// Writes the primary key, for logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let PrimaryKey { pk, sk } = self.item_key();
        write!(f, "{pk}/{sk}")
    }
}

/// Request for the right to send a mail.
#[derive(Clone, Debug)]
pub struct Lease {
    /// Unique identifier.
    pub id: String,
    /// Time of the request.
    pub requested_at: Timestamp,
    /// Time against which other leases are compared, ms since the epoch: the current time, or that of a replayed
    /// schedule.
    pub compare_at: i64,
    /// Lease expiry, ms since the epoch.
    pub expires_at: i64,
}

/// Outcome of a lease request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseOutcome {
    /// The caller must send the mail. Holds the number of attempts, including this one.
    Acquired(u64),
    /// The mail was sent, or will not be sent.
    Settled,
    /// Another run holds the lease, or held it and did not finish: SES may have the mail, and its event is awaited.
    HeldElsewhere,
}

/// State of a mail, in the order in which it advances.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum DeliveryState {
    /// Waiting to be sent.
    Queued,
    /// Accepted by SES.
    Sent,
    /// Accepted by the recipient's mail server.
    Delivered,
    /// Bounced permanently.
    Bounced,
    /// Reported as spam by the recipient.
    Complained,
    /// Not sent, because mail to the address bounces.
    Suppressed,
    /// Refused by SES.
    Refused,
    /// Not sent: a quota of mail was used up.
    OverQuota,
    /// Not sent: the invited member has never signed in.
    NotSignedIn,
    /// Not sent: a later mail about the same says it.
    Superseded,
}

impl DeliveryState {
    /// Name in the API and in the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// True when a mail was sent or is being sent.
    #[must_use]
    pub const fn is_mail(self) -> bool {
        matches!(self, Self::Queued | Self::Sent | Self::Delivered | Self::Bounced | Self::Complained)
    }

    /// Rank. The rank of a delivery only increases.
    fn rank(self) -> i64 {
        self as i64
    }
}

/// Stored state of a mail to one member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Recipient.
    pub recipient: MemberId,
    /// State.
    pub state: DeliveryState,
    /// Message id from SES.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// Time of the last change of state.
    pub at: Timestamp,
    rank: i64,
    lease_id: String,
    /// Number of leases so far.
    attempts: u64,
    leased_until: i64,
    /// Sequence number of the event; 0 for a reminder.
    #[serde(default)]
    seq: u64,
}

impl Stored for Delivery {
    // It is updated in place.
    const HAS_DIGEST: bool = false;
}

/// Time for the SES event to arrive after a lease has expired, in ms. After it another run may send the mail.
pub const EVENT_GRACE_MILLIS: i64 = 5 * 60 * 1000;
/// Maximum number of times that the grace period doubles: to 5 h 20 min.
const MAX_DOUBLINGS: u32 = 6;

impl Delivery {
    /// Sequence number of the event; 0 for a reminder.
    #[must_use]
    pub const fn seq(&self) -> u64 {
        self.seq
    }

    /// Time from which another run may lease it, ms since the epoch. A released lease is free at once. An expired one
    /// is free after [`EVENT_GRACE_MILLIS`], which doubles with each further unfinished attempt.
    fn leasable_at(&self) -> i64 {
        if self.leased_until == 0 {
            return 0;
        }
        let doublings = u32::try_from(self.attempts.saturating_sub(1)).unwrap_or(u32::MAX).min(MAX_DOUBLINGS);
        self.leased_until.saturating_add(EVENT_GRACE_MILLIS << doublings)
    }
}

impl Store {
    /// Leases a mail. The first lease creates its delivery. An expired lease blocks other runs for
    /// [`EVENT_GRACE_MILLIS`] more, in which an SES event should arrive. The period doubles with each attempt, so that
    /// a mail without any SES event is not sent every few minutes.
    ///
    /// # Errors
    /// [`StoreError`]
    #[expect(clippy::disallowed_methods, reason = "a delivery tracks work, it is no decision of the domain")]
    pub async fn acquire_lease(&self, delivery_key: &DeliveryKey, lease: &Lease) -> Result<LeaseOutcome, StoreError> {
        let seq = match delivery_key.trigger {
            DeliveryTrigger::Event(seq) => seq,
            DeliveryTrigger::Reminder(_) => 0,
        };
        let delivery = Delivery {
            recipient: delivery_key.to,
            state: DeliveryState::Queued,
            message_id: None,
            at: lease.requested_at,
            rank: DeliveryState::Queued.rank(),
            lease_id: lease.id.clone(),
            attempts: 1,
            leased_until: lease.expires_at,
            seq,
        };
        let item = to_item(&delivery_key.item_key(), "delivery", &delivery)?;
        let request = self.client.put_item().table_name(&self.table).set_item(Some(item));
        // The second alternative is a retry by the SDK: this lease was written, and the response was lost.
        let request = request.condition_expression(
            "attribute_not_exists(PK) OR (#rank = :queued AND lease_id = :lease_id AND attempts = :one)",
        );
        let request = request
            .expression_attribute_names("#rank", "rank")
            .expression_attribute_values(":queued", number(DeliveryState::Queued.rank()))
            .expression_attribute_values(":lease_id", text(&lease.id))
            .expression_attribute_values(":one", number(1))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let held: Delivery = match request.send().await {
            Ok(_) => return Ok(LeaseOutcome::Acquired(1)),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(failed)) => match failed.item.clone() {
                    Some(item) => from_item(item)?,
                    None => return Ok(LeaseOutcome::HeldElsewhere),
                },
                _ => return Err(error.into()),
            },
        };
        if held.state != DeliveryState::Queued {
            return Ok(LeaseOutcome::Settled);
        }
        if held.leasable_at() > lease.compare_at {
            return Ok(LeaseOutcome::HeldElsewhere);
        }
        self.take_over_lease(delivery_key, &held, lease).await
    }

    /// Takes over a lease that was released or has expired. `HeldElsewhere` when another run was faster.
    #[expect(clippy::disallowed_methods, reason = "a delivery tracks work, it is no decision of the domain")]
    async fn take_over_lease(
        &self,
        delivery_key: &DeliveryKey,
        held: &Delivery,
        lease: &Lease,
    ) -> Result<LeaseOutcome, StoreError> {
        let request = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key_attributes(&delivery_key.item_key())))
            .update_expression("SET lease_id = :lease_id, leased_until = :until, attempts = :next")
            .condition_expression(
                "#rank = :queued AND (attempts = :attempts OR (attempts = :next AND lease_id = :lease_id))",
            )
            .expression_attribute_names("#rank", "rank")
            .expression_attribute_values(":queued", number(DeliveryState::Queued.rank()))
            .expression_attribute_values(":lease_id", text(&lease.id))
            .expression_attribute_values(":until", number(lease.expires_at))
            .expression_attribute_values(":attempts", number(held.attempts))
            .expression_attribute_values(":next", number(held.attempts.saturating_add(1)));
        match request.send().await {
            Ok(_) => Ok(LeaseOutcome::Acquired(held.attempts.saturating_add(1))),
            Err(error) if is_condition_failure(&error) => Ok(LeaseOutcome::HeldElsewhere),
            Err(error) => Err(error.into()),
        }
    }

    /// True when a mail was sent, or will not be sent.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn is_settled(&self, delivery_key: &DeliveryKey) -> Result<bool, StoreError> {
        let delivery: Option<Delivery> = self.get(&delivery_key.item_key()).await?;
        Ok(delivery.is_some_and(|delivery| delivery.state != DeliveryState::Queued))
    }

    /// Advances a mail to a state. A state of the same or a lower rank changes nothing. Returns `false` when the
    /// delivery does not exist.
    ///
    /// # Errors
    /// [`StoreError`]
    #[expect(clippy::disallowed_methods, reason = "a delivery tracks work, it is no decision of the domain")]
    pub async fn record_delivery(
        &self,
        delivery_key: &DeliveryKey,
        state: DeliveryState,
        message_id: Option<&str>,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut update = "SET #state = :state, #rank = :rank, #at = :at".to_owned();
        if message_id.is_some() {
            // Writing to a string cannot fail.
            let _ = write!(update, ", message_id = :message");
        }
        let request = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key_attributes(&delivery_key.item_key())))
            .update_expression(update)
            .condition_expression("#rank < :rank")
            .expression_attribute_names("#state", "state")
            .expression_attribute_names("#rank", "rank")
            .expression_attribute_names("#at", "at")
            .expression_attribute_values(":state", text(state.name()))
            .expression_attribute_values(":rank", number(state.rank()))
            .expression_attribute_values(":at", text(at.to_string()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let request = match message_id {
            Some(id) => request.expression_attribute_values(":message", text(id)),
            None => request,
        };
        match request.send().await {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => Ok(failed.item().is_some()),
                _ => Err(error.into()),
            },
        }
    }

    /// Releases a lease after SES did not accept the mail, so that the next run need not wait for its expiry. Changes
    /// nothing when another run holds the lease.
    ///
    /// # Errors
    /// [`StoreError`]
    #[expect(clippy::disallowed_methods, reason = "a delivery tracks work, it is no decision of the domain")]
    pub async fn release_lease(&self, delivery_key: &DeliveryKey, lease_id: &str) -> Result<(), StoreError> {
        let request = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key_attributes(&delivery_key.item_key())))
            .update_expression("SET leased_until = :free")
            .condition_expression("lease_id = :lease_id")
            .expression_attribute_values(":free", number(0))
            .expression_attribute_values(":lease_id", text(lease_id));
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) if is_condition_failure(&error) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Lists the deliveries about events of a subject between two sequence numbers (inclusive), in their order.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn deliveries(
        &self,
        org: OrgId,
        subject: EventSubject,
        (from, to): (u64, u64),
    ) -> Result<Vec<Delivery>, StoreError> {
        let partition = keys::subject_partition(org, subject);
        let (from, to) = (
            format!("{}{from:015}", keys::DELIVERY_PREFIX),
            format!("{}{to:015}#{MAX_SORT_KEY}", keys::DELIVERY_PREFIX),
        );
        self.query_all(&partition, &from, &to).await?.into_iter().map(from_item).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::seed;

    #[test]
    fn tags_round_trip_for_every_subject_and_trigger() {
        let mut seed = seed();
        let (org, to, day) = (seed.next_id(), seed.next_id(), "2026-11-22".parse().unwrap());
        let subjects = [
            EventSubject::Organisation,
            EventSubject::Policy,
            EventSubject::Rates(day),
            EventSubject::Member(seed.next_id()),
            EventSubject::Report(seed.next_id()),
            EventSubject::Batch(seed.next_id()),
        ];
        for subject in subjects {
            for trigger in [DeliveryTrigger::Event(12), DeliveryTrigger::Reminder(day)] {
                let key = DeliveryKey { org, subject, trigger, to };
                let tags = key.tags();
                let value = |name: &str| tags.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str());
                assert_eq!(DeliveryKey::from_tags(value), Some(key));
            }
        }
        assert_eq!(DeliveryKey::from_tags(|name| (name == "about").then_some("another")), None);
    }
}
