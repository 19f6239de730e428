//! The state of outgoing mail: one item for each event and recipient. It is claimed before the mail is handed to SES and
//! marked sent after, so that a record delivered twice by the stream is mailed once. SES has no client token, so a mail goes
//! out twice when SES took it and nobody learnt of it: the run died, the answer was lost, or the mark could not be written.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use outlay_domain::event::Event;
use outlay_domain::ids::MemberId;
use serde::{Deserialize, Serialize};

use crate::digest::Stored;
use crate::items::{from_item, number, text, to_item};
use crate::{Store, StoreError, keys};

/// Who wants to send, and until when the mail is his.
#[derive(Clone, Debug)]
pub struct Claimant {
    /// The id of the invocation.
    pub run: String,
    /// Now, in milliseconds since 1970.
    pub now: i64,
    /// When the claim runs out, in milliseconds since 1970.
    pub until: i64,
}

/// The answer to a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The claimant is to send the mail.
    Won,
    /// The mail was sent.
    Sent,
    /// Another run holds the claim until the given time, in milliseconds since 1970.
    Held(i64),
}

#[derive(Serialize, Deserialize)]
struct Delivery {
    recipient: MemberId,
    run: String,
    claimed_until: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message_id: Option<String>,
}

impl Stored for Delivery {
    // Nothing rests on it but whether a mail is sent again.
    const HAS_DIGEST: bool = false;
}

impl Store {
    /// Claims the mail about an event to a recipient.
    ///
    /// # Errors
    /// [`StoreError`]
    #[expect(clippy::disallowed_methods, reason = "a delivery is not a decision of the rules")]
    pub async fn claim(&self, event: &Event, recipient: MemberId, claimant: &Claimant) -> Result<Claim, StoreError> {
        let delivery =
            Delivery { recipient, run: claimant.run.clone(), claimed_until: claimant.until, message_id: None };
        let item = to_item(&keys::delivery(event, recipient), "delivery", &delivery)?;
        // The third case: our own claim, whose answer was lost on the way and which the SDK has repeated.
        let condition =
            "attribute_not_exists(PK) OR (attribute_not_exists(message_id) AND (claimed_until < :now OR run = :run))";
        let request =
            self.client.put_item().table_name(&self.table).set_item(Some(item)).condition_expression(condition);
        let request = request.expression_attribute_values(":now", number(claimant.now));
        let request = request.expression_attribute_values(":run", text(&claimant.run));
        let request = request.return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match request.send().await {
            Ok(_) => Ok(Claim::Won),
            Err(SdkError::ServiceError(service)) if service.err().is_conditional_check_failed_exception() => {
                let PutItemError::ConditionalCheckFailedException(failed) = service.into_err() else {
                    return Ok(Claim::Held(claimant.now));
                };
                let held: Option<Delivery> = failed.item.map(from_item).transpose()?;
                Ok(held.map_or(Claim::Held(claimant.now), |held| match held.message_id {
                    Some(_) => Claim::Sent,
                    None => Claim::Held(held.claimed_until),
                }))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Marks a claimed mail as sent, with the id SES gave it.
    ///
    /// # Errors
    /// [`StoreError`]
    #[expect(clippy::disallowed_methods, reason = "a delivery is not a decision of the rules")]
    pub async fn sent(
        &self,
        event: &Event,
        recipient: MemberId,
        run: &str,
        message_id: String,
    ) -> Result<(), StoreError> {
        let delivery = Delivery { recipient, run: run.to_owned(), claimed_until: 0, message_id: Some(message_id) };
        let item = to_item(&keys::delivery(event, recipient), "delivery", &delivery)?;
        self.client.put_item().table_name(&self.table).set_item(Some(item)).send().await?;
        Ok(())
    }

    /// Gives a claim back after SES refused the mail, so that the next run need not wait for it to run out.
    ///
    /// # Errors
    /// [`StoreError`]
    #[expect(clippy::disallowed_methods, reason = "a delivery is not a decision of the rules")]
    pub async fn release(&self, event: &Event, recipient: MemberId, run: &str) -> Result<(), StoreError> {
        let delivery = Delivery { recipient, run: run.to_owned(), claimed_until: 0, message_id: None };
        let item = to_item(&keys::delivery(event, recipient), "delivery", &delivery)?;
        let request =
            self.client.put_item().table_name(&self.table).set_item(Some(item)).condition_expression("run = :run");
        request.expression_attribute_values(":run", text(run)).send().await?;
        Ok(())
    }
}
