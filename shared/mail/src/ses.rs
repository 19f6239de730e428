//! Sending through Amazon SES. One call, one recipient; claiming, retrying and recording a delivery are the caller's.

use aws_config::SdkConfig;
use aws_sdk_ses::Client;
use aws_sdk_ses::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ses::operation::send_raw_email::SendRawEmailError;
use aws_sdk_ses::primitives::Blob;
use aws_sdk_ses::types::{MessageTag, RawMessage};

use crate::message::split_mailbox;
use crate::notice::Recipient;

/// Sends finished messages from one address.
#[derive(Debug, Clone)]
pub struct Mailer {
    client: Client,
    from: String,
    configuration_set: Option<String>,
    region: String,
}

/// A tag that SES's events about a message carry: letters, digits, `_`, `-`, `.` and `@`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// Its name.
    pub name: &'static str,
    /// Its value.
    pub value: String,
}

/// SES did not take a message. Carries SES's error code, never its message text, which quotes addresses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// SES will not send this message to this recipient, now or later.
    #[error("SES refused the message ({code})")]
    Refused {
        /// SES's error code.
        code: String,
    },
    /// The sending rate or the daily quota is used up.
    #[error("SES is throttling ({code})")]
    Throttled {
        /// SES's error code.
        code: String,
    },
    /// SES has not taken the message, for a reason that lies in the deployment and is an operator's to mend: sending is paused, an identity
    /// or a permission is missing.
    #[error("SES is not ready to send for this deployment ({code})")]
    NotReady {
        /// SES's error code.
        code: String,
    },
    /// SES could not be reached, did not answer in time or failed inside. The message may have been sent nevertheless.
    #[error("SES is unavailable ({code})")]
    Unavailable {
        /// SES's error code, or the SDK's stage at which the call failed.
        code: String,
    },
}

impl Mailer {
    /// Mail from `from` (an address or `Name <address>`), sent as the configuration says. Only with a configuration set does SES tell what
    /// becomes of a message.
    #[must_use]
    pub fn new(config: &SdkConfig, from: String, configuration_set: Option<String>) -> Self {
        let region = config.region().map(ToString::to_string).unwrap_or_default();
        Self { client: Client::new(config), from, configuration_set, region }
    }

    /// The `Message-ID` that SES has put into the message with this id, without its angle brackets.
    #[must_use]
    pub fn message_id(&self, ses_id: &str) -> String {
        let host = if self.region == "us-east-1" { "email" } else { &self.region };
        format!("{ses_id}@{host}.amazonses.com")
    }

    /// The sender, as [`crate::Message::to_mime`] wants it.
    #[must_use]
    pub fn from_mailbox(&self) -> &str {
        &self.from
    }

    /// Hands one message to SES for one recipient, whatever its headers say, and returns the message id that SES gave it.
    ///
    /// # Errors
    /// [`SendError`] when SES did not take the message; ask it whether trying again makes sense.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that sends mail")]
    pub async fn send(&self, to: &Recipient, mime: Vec<u8>, tags: &[Tag]) -> Result<String, SendError> {
        let raw = RawMessage::builder()
            .data(Blob::new(mime))
            .build()
            .map_err(|_| SendError::Refused { code: "EmptyMessage".to_owned() })?;
        let tags = tags.iter().map(|tag| MessageTag::builder().name(tag.name).value(&tag.value).build());
        let tags =
            tags.collect::<Result<Vec<_>, _>>().map_err(|_| SendError::Refused { code: "EmptyTag".to_owned() })?;
        let sent = self
            .client
            .send_raw_email()
            .source(split_mailbox(&self.from).1)
            .destinations(&to.address)
            .raw_message(raw)
            .set_configuration_set_name(self.configuration_set.clone())
            .set_tags(Some(tags))
            .send()
            .await
            .map_err(|error| classify(&error))?;
        Ok(sent.message_id)
    }
}

fn classify(error: &SdkError<SendRawEmailError>) -> SendError {
    match error {
        SdkError::ServiceError(context) => {
            let failed_inside = context.raw().status().is_server_error();
            classify_service(context.err(), failed_inside)
        }
        SdkError::ConstructionFailure(_) => SendError::NotReady { code: "ConstructionFailure".to_owned() },
        SdkError::TimeoutError(_) => SendError::Unavailable { code: "Timeout".to_owned() },
        SdkError::DispatchFailure(_) => SendError::Unavailable { code: "DispatchFailure".to_owned() },
        _ => SendError::Unavailable { code: "UnreadableAnswer".to_owned() },
    }
}

fn classify_service(error: &SendRawEmailError, failed_inside: bool) -> SendError {
    let code = error.code().unwrap_or("Unknown").to_owned();
    match code.as_str() {
        "MessageRejected" | "InvalidParameterValue" | "ValidationError" => SendError::Refused { code },
        "Throttling" | "ThrottlingException" => SendError::Throttled { code },
        _ if failed_inside => SendError::Unavailable { code },
        _ => SendError::NotReady { code },
    }
}
