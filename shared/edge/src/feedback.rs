//! What SES tells of mail that was sent: an event in an SNS notification in a queue's message. Who may put something into the queue is the
//! template's affair (the topic's policy names SES, the queue's the topic); what comes from another topic, or names a signature that is
//! not of SNS, is refused here all the same.

use std::collections::HashMap;

use aws_config::SdkConfig;
use jiff::Timestamp;
use outlay_domain::member::AddressFault;
use outlay_store::Store;
use outlay_store::deliveries::{DeliveryState, Mailing};
use serde::Deserialize;

use crate::boot::{store, variable};

/// The table, and the topic that counts.
#[derive(Debug)]
pub struct FeedbackDesk {
    /// The table.
    pub store: Store,
    topic: String,
}

impl FeedbackDesk {
    /// As the environment says: `FEEDBACK_TOPIC`.
    ///
    /// # Errors
    /// When the environment is incomplete.
    pub fn open(config: &SdkConfig) -> Result<Self, String> {
        Ok(Self { store: store(config)?, topic: variable("FEEDBACK_TOPIC")? })
    }

    /// Reads a message of the queue.
    ///
    /// Nothing is told by the message that SES tries a new topic with.
    ///
    /// # Errors
    /// What is wrong with it, without quoting it: it names addresses.
    pub fn read(&self, body: &str) -> Result<Option<Feedback>, String> {
        read(body, &self.topic)
    }
}

/// What SES tells of one mail.
#[derive(Clone, Debug)]
pub struct Feedback {
    /// The id that SES gave the mail.
    pub message_id: String,
    /// What happened, in SES's word, such as `Bounce`.
    pub kind: String,
    /// When.
    pub at: Timestamp,
    /// Which mail it is, when it carries our tags.
    pub mailing: Option<Mailing>,
    /// Where the mail stands now; nothing, when it stands as it did.
    pub state: Option<DeliveryState>,
}

impl Feedback {
    /// What is wrong with the address, if anything.
    #[must_use]
    pub const fn address_fault(&self) -> Option<AddressFault> {
        match self.state {
            Some(DeliveryState::Bounced) => Some(AddressFault::Bounced),
            Some(DeliveryState::Complained) => Some(AddressFault::Complained),
            _ => None,
        }
    }
}

/// What SES says once to a topic it is to tell from then on, in plain text.
const TRIAL: &str = "Successfully validated SNS topic";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Notification {
    #[serde(rename = "Type")]
    kind: String,
    topic_arn: String,
    message: String,
    signature_version: String,
    #[serde(rename = "SigningCertURL")]
    signing_cert_url: String,
}

/// An event of a configuration set, as far as it matters here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SesEvent {
    event_type: String,
    mail: Mail,
    bounce: Option<Bounce>,
    delivery: Option<Stamped>,
    complaint: Option<Stamped>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Mail {
    message_id: String,
    timestamp: Timestamp,
    #[serde(default)]
    tags: HashMap<String, Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bounce {
    bounce_type: String,
    timestamp: Timestamp,
}

#[derive(Deserialize)]
struct Stamped {
    timestamp: Timestamp,
}

fn read(body: &str, topic: &str) -> Result<Option<Feedback>, String> {
    let notification: Notification = serde_json::from_str(body).map_err(|_| "not a notification of SNS".to_owned())?;
    if notification.kind != "Notification" || notification.topic_arn != topic {
        return Err("not a notification of our topic".to_owned());
    }
    if notification.signature_version != "2" || !is_of_sns(&notification.signing_cert_url) {
        return Err("signed by somebody else than SNS".to_owned());
    }
    if notification.message.starts_with(TRIAL) {
        return Ok(None);
    }
    let event: SesEvent = serde_json::from_str(&notification.message).map_err(|_| "not an event of SES".to_owned())?;
    let SesEvent { event_type, mail, bounce, delivery, complaint } = event;
    let permanent = bounce.as_ref().is_some_and(|bounce| bounce.bounce_type == "Permanent");
    let state = match event_type.as_str() {
        "Send" => Some(DeliveryState::Sent),
        "Delivery" => Some(DeliveryState::Delivered),
        "Bounce" if permanent => Some(DeliveryState::Bounced),
        "Complaint" => Some(DeliveryState::Complained),
        "Reject" => Some(DeliveryState::Refused),
        // A bounce that will pass, a delay: SES goes on trying, or the next mail will tell.
        _ => None,
    };
    let at = bounce.map(|bounce| bounce.timestamp).or(delivery.or(complaint).map(|stamped| stamped.timestamp));
    let tag = |name: &str| mail.tags.get(name)?.first().map(String::as_str);
    let mailing = Mailing::of_tags(tag);
    let at = at.unwrap_or(mail.timestamp);
    Ok(Some(Feedback { kind: event_type, at, mailing, state, message_id: mail.message_id }))
}

/// Whether a certificate lies where SNS keeps its own: `https://sns.{region}.amazonaws.com/…`, in China with `.cn`.
fn is_of_sns(url: &str) -> bool {
    let Some((host, path)) = url.strip_prefix("https://").and_then(|rest| rest.split_once('/')) else { return false };
    let domain = host.strip_suffix(".cn").unwrap_or(host).strip_suffix(".amazonaws.com");
    let region = domain.and_then(|domain| domain.strip_prefix("sns."));
    let is_name = |region: &str| !region.is_empty() && region.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    region.is_some_and(is_name) && path.strip_suffix(".pem").is_some_and(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::is_of_sns;

    #[test]
    fn only_the_certificates_of_sns_count() {
        for url in [
            "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-1.pem",
            "https://sns.cn-north-1.amazonaws.com.cn/SimpleNotificationService-1.pem",
        ] {
            assert!(is_of_sns(url), "{url}");
        }
        for url in [
            "http://sns.eu-central-1.amazonaws.com/a.pem",
            "https://sns.eu-central-1.amazonaws.com.evil.example/a.pem",
            "https://sns.evil.example/a.pem",
            "https://sns.a.b.amazonaws.com/a.pem",
            "https://evil.example/sns.eu-central-1.amazonaws.com/a.pem",
            "https://sns.eu-central-1.amazonaws.com:8443/a.pem",
            "https://x@sns.eu-central-1.amazonaws.com/a.pem",
            "https://sns.eu-central-1.amazonaws.com/a",
            "https://sns..amazonaws.com/a.pem",
        ] {
            assert!(!is_of_sns(url), "{url}");
        }
    }
}
