//! Sending through Amazon SES, one recipient per call. Leases, retries and records of a delivery are the caller's.

use aws_config::SdkConfig;
use aws_sdk_ses::Client;
use aws_sdk_ses::error::SdkError;
use aws_sdk_ses::operation::send_raw_email::SendRawEmailError;
use aws_sdk_ses::primitives::Blob;
use aws_sdk_ses::types::{MessageTag, RawMessage};
use outlay_aws::error::AwsFailure;

use crate::message::split_mailbox;
use crate::notice::Recipient;

/// Sends MIME messages from one address.
#[derive(Debug, Clone)]
pub struct Mailer {
    client: Client,
    from: String,
    configuration_set: Option<String>,
    region: String,
}

/// Tag of a message, which SES repeats in its events: letters, digits, `_`, `-`, `.` and `@`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// Name.
    pub name: &'static str,
    /// Value.
    pub value: String,
}

/// SES did not accept a message. Carries SES's error code, never its error text, which quotes addresses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// SES will not send this message to this recipient, now or later.
    #[error("SES refused the message ({code})")]
    Refused {
        /// Error code of SES.
        code: String,
    },
    /// The sending rate or the daily quota is exceeded.
    #[error("SES is throttling ({code})")]
    Throttled {
        /// Error code of SES.
        code: String,
    },
    /// SES did not accept the message because of the deployment, which an operator has to mend: sending is paused, or
    /// an identity or a permission is missing.
    #[error("SES is not ready to send for this deployment ({code})")]
    NotReady {
        /// Error code of SES.
        code: String,
    },
    /// SES was unreachable, timed out or failed internally. The message may have been sent nevertheless.
    #[error("SES is unavailable ({code})")]
    Unavailable {
        /// Error code of SES, or the SDK's stage at which the call failed.
        code: String,
    },
}

impl Mailer {
    /// Creates a mailer with the sender `from` (an address or `Name <address>`). SES publishes events about a message
    /// only with a configuration set.
    #[must_use]
    pub fn new(config: &SdkConfig, from: String, configuration_set: Option<String>) -> Self {
        let region = config.region().map(ToString::to_string).unwrap_or_default();
        Self { client: Client::new(config), from, configuration_set, region }
    }

    /// `Message-ID` that SES put into the message with this id, without angle brackets.
    #[must_use]
    pub fn message_id(&self, ses_id: &str) -> String {
        let host = if self.region == "us-east-1" { "email" } else { &self.region };
        format!("{ses_id}@{host}.amazonses.com")
    }

    /// Sender, for [`crate::RenderedMail::to_mime`].
    #[must_use]
    pub fn from_mailbox(&self) -> &str {
        &self.from
    }

    /// Sends one message to one recipient, whatever its headers say, and returns its message id of SES.
    ///
    /// # Errors
    /// [`SendError`] when SES did not accept the message. Its variant says whether a retry makes sense.
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
    match AwsFailure::of(error, &[]) {
        AwsFailure::Unavailable(code) => SendError::Unavailable { code },
        AwsFailure::Refused(code) => match code.as_str() {
            "MessageRejected" | "InvalidParameterValue" | "ValidationError" => SendError::Refused { code },
            "Throttling" | "ThrottlingException" => SendError::Throttled { code },
            _ => SendError::NotReady { code },
        },
    }
}
