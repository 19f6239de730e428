//! Parsing of SES events: a queue message that contains an SNS notification that contains an event about a mail. Access
//! policies of topic and queue admit only SES and the topic. As a second line of defence, this file rejects
//! notifications of other topics, and signatures that are not of SNS by their certificate's URL.

use std::collections::HashMap;

use aws_config::SdkConfig;
use jiff::Timestamp;
use outlay_aws::env::{ConfigError, required};
use outlay_domain::member::AddressFault;
use outlay_store::Store;
use outlay_store::deliveries::{DeliveryKey, DeliveryState};
use serde::Deserialize;

/// Table, and the topic to accept.
#[derive(Debug)]
pub struct SesEventReader {
    /// Table.
    pub store: Store,
    topic: String,
}

impl SesEventReader {
    /// Reads `TABLE_NAME` and `SES_EVENTS_TOPIC`.
    ///
    /// # Errors
    /// [`ConfigError::MissingVariable`]
    pub fn from_env(sdk: &SdkConfig) -> Result<Self, ConfigError> {
        Ok(Self { store: Store::connect(sdk, &required("TABLE_NAME")?), topic: required("SES_EVENTS_TOPIC")? })
    }

    /// Parses a message of the queue; `None` for the test message that SES sends to a new topic.
    ///
    /// # Errors
    /// The reason why it is rejected. Does not quote the message, which contains addresses.
    pub fn parse(&self, body: &str) -> Result<Option<SesEvent>, String> {
        parse_message(body, &self.topic)
    }
}

/// Event about one mail.
#[derive(Clone, Debug)]
pub struct SesEvent {
    /// Message id from SES.
    pub message_id: String,
    /// SES event type, such as `Bounce`.
    pub kind: String,
    /// Time of the event.
    pub at: Timestamp,
    /// Mail that it is about, from the message tags; `None` for mail of another sender.
    pub delivery_key: Option<DeliveryKey>,
    /// New state of the mail; `None` for an event that changes none, such as a transient bounce.
    pub state: Option<DeliveryState>,
}

impl SesEvent {
    /// Fault of the recipient's address.
    #[must_use]
    pub const fn address_fault(&self) -> Option<AddressFault> {
        match self.state {
            // A suppressed address gets no mail either, so other approvers are asked.
            Some(DeliveryState::Bounced | DeliveryState::Suppressed) => Some(AddressFault::Bounced),
            Some(DeliveryState::Complained) => Some(AddressFault::Complained),
            _ => None,
        }
    }
}

/// Start of the plain text that SES sends to a new topic.
const TEST_MESSAGE: &str = "Successfully validated SNS topic";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SnsNotification {
    #[serde(rename = "Type")]
    kind: String,
    topic_arn: String,
    message: String,
    signature_version: String,
    #[serde(rename = "SigningCertURL")]
    signing_cert_url: String,
}

/// Event of a configuration set; other members are ignored.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PublishedEvent {
    event_type: String,
    mail: Mail,
    bounce: Option<Bounce>,
    delivery: Option<Timestamped>,
    complaint: Option<Complaint>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Mail {
    message_id: String,
    timestamp: Timestamp,
    #[serde(default)]
    tags: HashMap<String, Vec<String>>,
}

/// Bounce. The subtype is not read: every subtype of `Permanent` says that mail does not reach the address, and no
/// subtype of `Transient` or `Undetermined` says that for the next mail.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bounce {
    bounce_type: String,
    timestamp: Timestamp,
}

#[derive(Deserialize)]
struct Complaint {
    timestamp: Timestamp,
    /// `OnAccountSuppressionList`, `OnTenantSuppressionList`, or absent.
    #[serde(rename = "complaintSubType")]
    subtype: Option<String>,
    /// Feedback type of the provider's report (RFC 5965 and its registry), or absent.
    #[serde(rename = "complaintFeedbackType")]
    feedback_type: Option<String>,
}

impl Complaint {
    /// New state of the mail. Reports about the sender's authentication, and that a mail is not spam, are no
    /// complaints of the recipient. An absent or unknown type counts as a complaint.
    fn state(&self) -> Option<DeliveryState> {
        // SES accepted the mail and did not send it.
        if self.subtype.as_deref().is_some_and(|subtype| subtype.ends_with("SuppressionList")) {
            return Some(DeliveryState::Suppressed);
        }
        let kind = self.feedback_type.as_deref().unwrap_or_default().to_ascii_lowercase().replace('_', "-");
        (!matches!(kind.as_str(), "not-spam" | "auth-failure" | "dmarc")).then_some(DeliveryState::Complained)
    }
}

#[derive(Deserialize)]
struct Timestamped {
    timestamp: Timestamp,
}

fn parse_message(body: &str, topic: &str) -> Result<Option<SesEvent>, String> {
    let notification: SnsNotification = serde_json::from_str(body).map_err(|_| "not an SNS notification".to_owned())?;
    if notification.kind != "Notification" || notification.topic_arn != topic {
        return Err("not a notification of SES_EVENTS_TOPIC".to_owned());
    }
    if notification.signature_version != "2" || !is_sns_certificate(&notification.signing_cert_url) {
        return Err("not signed by SNS".to_owned());
    }
    if notification.message.starts_with(TEST_MESSAGE) {
        return Ok(None);
    }
    let event: PublishedEvent =
        serde_json::from_str(&notification.message).map_err(|_| "not an SES event".to_owned())?;
    let PublishedEvent { event_type, mail, bounce, delivery, complaint } = event;
    let is_permanent = bounce.as_ref().is_some_and(|bounce| bounce.bounce_type == "Permanent");
    let state = match event_type.as_str() {
        "Send" => Some(DeliveryState::Sent),
        "Delivery" => Some(DeliveryState::Delivered),
        "Bounce" if is_permanent => Some(DeliveryState::Bounced),
        "Complaint" => complaint.as_ref().map_or(Some(DeliveryState::Complained), Complaint::state),
        "Reject" | "Rendering Failure" => Some(DeliveryState::Refused),
        // `DeliveryDelay`: SES keeps trying. Other bounces: a full mailbox, or an automatic reply after the delivery.
        // `Open`, `Click` and `Subscription` say nothing about the address.
        _ => None,
    };
    let times = [
        bounce.map(|bounce| bounce.timestamp),
        delivery.map(|delivery| delivery.timestamp),
        complaint.map(|complaint| complaint.timestamp),
    ];
    let at = times.into_iter().flatten().next();
    let tag = |name: &str| mail.tags.get(name)?.first().map(String::as_str);
    let delivery_key = DeliveryKey::from_tags(tag);
    let at = at.unwrap_or(mail.timestamp);
    Ok(Some(SesEvent { kind: event_type, at, delivery_key, state, message_id: mail.message_id }))
}

/// True for the URL of an SNS certificate: `https://sns.{region}.amazonaws.com/…`, in China with `.cn`.
fn is_sns_certificate(url: &str) -> bool {
    let Some((host, path)) = url.strip_prefix("https://").and_then(|rest| rest.split_once('/')) else { return false };
    let domain = host.strip_suffix(".cn").unwrap_or(host).strip_suffix(".amazonaws.com");
    let region = domain.and_then(|domain| domain.strip_prefix("sns."));
    let is_name = |region: &str| !region.is_empty() && region.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    region.is_some_and(is_name) && path.strip_suffix(".pem").is_some_and(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::is_sns_certificate;

    #[test]
    fn only_sns_certificate_urls_are_accepted() {
        for url in [
            "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-1.pem",
            "https://sns.cn-north-1.amazonaws.com.cn/SimpleNotificationService-1.pem",
        ] {
            assert!(is_sns_certificate(url), "{url}");
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
            assert!(!is_sns_certificate(url), "{url}");
        }
    }
}
