//! The state of outgoing mail: one item for each mail to one member. It is claimed before the mail is handed to SES and marked sent
//! after, so that what asks for it twice is mailed once. SES has no client token: when a run dies, or learns nothing, between SES's
//! taking a mail and the mark, only SES's own event tells that it was sent, and it is waited for. What SES tells later (delivered,
//! bounced, …) moves the state forward, never back.

use std::fmt::{self, Write as _};

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use jiff::Timestamp;
use jiff::civil::Date;
use outlay_domain::event::{Event, Subject};
use outlay_domain::ids::{MemberId, OrgId, ReportId};
use serde::{Deserialize, Serialize};

use crate::digest::Stored;
use crate::items::{from_item, key_attributes, number, text, to_item};
use crate::keys::{self, AFTER_ALL, Key};
use crate::{Store, StoreError};

/// What a mail is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// An event of this number.
    Event(u64),
    /// The steps that wait for the recipient on this day of his.
    Reminder(Date),
}

/// One mail to one member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mailing {
    /// The organisation.
    pub org: OrgId,
    /// What the mail stands with.
    pub subject: Subject,
    /// What it is about.
    pub occasion: Occasion,
    /// To whom.
    pub to: MemberId,
}

impl Mailing {
    /// The mail about an event.
    #[must_use]
    pub const fn about(event: &Event, to: MemberId) -> Self {
        Self { org: event.org, subject: event.subject, occasion: Occasion::Event(event.seq), to }
    }

    /// The day's reminder.
    #[must_use]
    pub const fn reminder(org: OrgId, to: MemberId, day: Date) -> Self {
        Self { org, subject: Subject::Member(to), occasion: Occasion::Reminder(day), to }
    }

    fn key(&self) -> Key {
        keys::delivery(self.org, self.subject, &self.occasion_name(), self.to)
    }

    fn occasion_name(&self) -> String {
        match self.occasion {
            Occasion::Event(seq) => format!("{seq:015}"),
            Occasion::Reminder(day) => format!("REMINDER-{day}"),
        }
    }

    /// The tags by which SES's events are matched to this mail: names and values of SES's alphabet.
    #[must_use]
    pub fn tags(&self) -> [(&'static str, String); 4] {
        let about = match self.subject {
            Subject::Report(report) => report.to_string(),
            Subject::Member(member) => member.to_string(),
            Subject::Organisation => "organisation".to_owned(),
            Subject::Policy => "policy".to_owned(),
            Subject::Rates(date) => date.to_string(),
        };
        [("org", self.org.to_string()), ("about", about), ("mail", self.occasion_name()), ("to", self.to.to_string())]
    }

    /// The mail of these tags; `None` when they are not ours.
    #[must_use]
    pub fn of_tags<'a>(value: impl Fn(&str) -> Option<&'a str>) -> Option<Self> {
        let about = value("about")?;
        let subject = match about {
            "organisation" => Subject::Organisation,
            "policy" => Subject::Policy,
            other => match other.parse::<ReportId>() {
                Ok(report) => Subject::Report(report),
                Err(_) => Subject::Member(other.parse().ok()?),
            },
        };
        let mail = value("mail")?;
        let occasion = match mail.strip_prefix("REMINDER-") {
            Some(day) => Occasion::Reminder(day.parse().ok()?),
            None => Occasion::Event(mail.parse().ok()?),
        };
        Some(Self { org: value("org")?.parse().ok()?, subject, occasion, to: value("to")?.parse().ok()? })
    }
}

impl fmt::Display for Mailing {
    /// Its place in the table, for logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Key { pk, sk } = self.key();
        write!(f, "{pk}/{sk}")
    }
}

/// Who wants to send, and until when the mail is his.
#[derive(Clone, Debug)]
pub struct Claimant {
    /// A name that no other claim has.
    pub claim_id: String,
    /// Now.
    pub at: Timestamp,
    /// The moment by which the claims of others are judged, in milliseconds since 1970: now, unless another day is played.
    pub now: i64,
    /// When the claim runs out, in milliseconds since 1970.
    pub until: i64,
}

/// The answer to a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The claimant is to send the mail; so often has it been claimed, this time included.
    Won(u64),
    /// It is settled: sent, or not to be sent.
    Settled,
    /// Another run holds the claim, or held it and was not heard of again: SES may have the mail, and its event is waited for.
    Held,
}

/// How a mail stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// It is going to be sent.
    Queued,
    /// SES has it.
    Sent,
    /// The recipient's server has it.
    Delivered,
    /// It came back for good.
    Bounced,
    /// The recipient does not want it.
    Complained,
    /// It was not sent, because mail to the address comes back.
    Suppressed,
    /// SES does not send it, whatever the reason.
    Refused,
}

impl DeliveryState {
    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Bounced => "bounced",
            Self::Complained => "complained",
            Self::Suppressed => "suppressed",
            Self::Refused => "refused",
        }
    }

    /// States only ever grow in this.
    fn rank(self) -> i64 {
        self as i64
    }
}

/// A mail as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// To whom.
    pub recipient: MemberId,
    /// How it stands.
    pub state: DeliveryState,
    /// The id that SES gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// Since when it stands so.
    pub at: Timestamp,
    rank: i64,
    run: String,
    /// How often it was claimed.
    epoch: u64,
    claimed_until: i64,
    /// The event's number, by which a report's mail is listed.
    #[serde(default)]
    seq: u64,
}

impl Delivery {
    /// The number of the event it is about.
    #[must_use]
    pub const fn seq(&self) -> u64 {
        self.seq
    }

    /// When somebody else may claim it, in milliseconds since 1970: at once when it was given back; otherwise [`GRACE_MILLIS`] after the
    /// claim has run out, and twice as long with each further one that nobody was heard of again.
    fn free_at(&self) -> i64 {
        if self.claimed_until == 0 {
            return 0;
        }
        let doublings = u32::try_from(self.epoch.saturating_sub(1)).unwrap_or(u32::MAX).min(MAX_DOUBLINGS);
        self.claimed_until.saturating_add(GRACE_MILLIS << doublings)
    }
}

impl Stored for Delivery {
    // Nothing rests on it but whether a mail is sent again.
    const HAS_DIGEST: bool = false;
}

/// How long after a claim has run out SES's event about the mail is waited for, in milliseconds, before the mail is sent again.
pub const GRACE_MILLIS: i64 = 5 * 60 * 1000;
/// How often that doubles at most: to five hours and twenty minutes.
const MAX_DOUBLINGS: u32 = 6;

impl Store {
    /// Claims a mail. A claim that has run out counts for [`GRACE_MILLIS`] more, by which SES has told whether it has the mail, and
    /// longer each time: who hears nothing from SES must not send the same mail for ever.
    ///
    /// # Errors
    /// [`StoreError`]
    #[expect(clippy::disallowed_methods, reason = "a delivery is not a decision of the rules")]
    pub async fn claim(&self, mailing: &Mailing, claimant: &Claimant) -> Result<Claim, StoreError> {
        let seq = match mailing.occasion {
            Occasion::Event(seq) => seq,
            Occasion::Reminder(_) => 0,
        };
        let delivery = Delivery {
            recipient: mailing.to,
            state: DeliveryState::Queued,
            message_id: None,
            at: claimant.at,
            rank: DeliveryState::Queued.rank(),
            run: claimant.claim_id.clone(),
            epoch: 1,
            claimed_until: claimant.until,
            seq,
        };
        let item = to_item(&mailing.key(), "delivery", &delivery)?;
        let request = self.client.put_item().table_name(&self.table).set_item(Some(item));
        // The other case: our own claim, whose answer was lost on the way and which the SDK has repeated.
        let request = request
            .condition_expression("attribute_not_exists(PK) OR (#rank = :queued AND run = :run AND epoch = :one)");
        let request = request
            .expression_attribute_names("#rank", "rank")
            .expression_attribute_values(":queued", number(DeliveryState::Queued.rank()))
            .expression_attribute_values(":run", text(&claimant.claim_id))
            .expression_attribute_values(":one", number(1))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let held: Delivery = match request.send().await {
            Ok(_) => return Ok(Claim::Won(1)),
            Err(SdkError::ServiceError(service)) if service.err().is_conditional_check_failed_exception() => {
                let PutItemError::ConditionalCheckFailedException(failed) = service.into_err() else {
                    return Ok(Claim::Held);
                };
                match failed.item {
                    Some(item) => from_item(item)?,
                    None => return Ok(Claim::Held),
                }
            }
            Err(error) => return Err(error.into()),
        };
        if held.state != DeliveryState::Queued {
            return Ok(Claim::Settled);
        }
        if held.free_at() > claimant.now {
            return Ok(Claim::Held);
        }
        self.claim_again(mailing, &held, claimant).await
    }

    /// Takes over a claim that was given back or has run out.
    #[expect(clippy::disallowed_methods, reason = "a delivery is not a decision of the rules")]
    async fn claim_again(&self, mailing: &Mailing, held: &Delivery, claimant: &Claimant) -> Result<Claim, StoreError> {
        let request = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key_attributes(&mailing.key())))
            .update_expression("SET run = :run, claimed_until = :until, epoch = :next")
            .condition_expression("#rank = :queued AND (epoch = :epoch OR (epoch = :next AND run = :run))")
            .expression_attribute_names("#rank", "rank")
            .expression_attribute_values(":queued", number(DeliveryState::Queued.rank()))
            .expression_attribute_values(":run", text(&claimant.claim_id))
            .expression_attribute_values(":until", number(claimant.until))
            .expression_attribute_values(":epoch", number(held.epoch))
            .expression_attribute_values(":next", number(held.epoch.saturating_add(1)));
        match request.send().await {
            Ok(_) => Ok(Claim::Won(held.epoch.saturating_add(1))),
            Err(error) if error.as_service_error().is_some_and(is_condition) => Ok(Claim::Held),
            Err(error) => Err(error.into()),
        }
    }

    /// Moves a mail forward to a state; whoever comes late with an earlier one changes nothing. `false` when there is no such mail.
    ///
    /// # Errors
    /// [`StoreError`]
    #[expect(clippy::disallowed_methods, reason = "a delivery is not a decision of the rules")]
    pub async fn record_delivery(
        &self,
        mailing: &Mailing,
        state: DeliveryState,
        message_id: Option<&str>,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut update = "SET #state = :state, #rank = :rank, #at = :at".to_owned();
        if message_id.is_some() {
            // Writing to a text cannot fail.
            let _ = write!(update, ", message_id = :message");
        }
        let request = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key_attributes(&mailing.key())))
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

    /// Gives a claim back after SES did not take the mail, so that the next run need not wait for it to run out.
    ///
    /// # Errors
    /// [`StoreError`]
    #[expect(clippy::disallowed_methods, reason = "a delivery is not a decision of the rules")]
    pub async fn release(&self, mailing: &Mailing, run: &str) -> Result<(), StoreError> {
        let request = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key_attributes(&mailing.key())))
            .update_expression("SET claimed_until = :free")
            .condition_expression("run = :run")
            .expression_attribute_values(":free", number(0))
            .expression_attribute_values(":run", text(run));
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) if error.as_service_error().is_some_and(is_condition) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// The mail about a subject's events from one number to another, in their order.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn deliveries(
        &self,
        org: OrgId,
        subject: Subject,
        (from, to): (u64, u64),
    ) -> Result<Vec<Delivery>, StoreError> {
        let partition = keys::subject_partition(org, subject);
        let (from, to) =
            (format!("{}{from:015}", keys::DELIVERIES), format!("{}{to:015}#{AFTER_ALL}", keys::DELIVERIES));
        self.query_all(&partition, &from, &to).await?.into_iter().map(from_item).collect()
    }
}

fn is_condition(error: &UpdateItemError) -> bool {
    error.is_conditional_check_failed_exception()
}
