//! An SQS queue as event source: messages in no order, each at least once. Those that failed are told one by one and come again; the
//! others of the batch do not.

use std::future::Future;
use std::sync::Arc;

use aws_config::SdkConfig;
use jiff::Timestamp;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde::Deserialize;

use crate::boot::{BootResult, config, moment};
use crate::log::{Level, log};
use crate::run::Failures;

/// A message of a queue.
#[derive(Clone, Debug)]
pub struct Message {
    /// The queue's name for it.
    pub id: String,
    /// What it says.
    pub body: String,
    /// When it came into the queue.
    pub sent_at: Timestamp,
    /// When it was taken out of it, this time.
    pub now: Timestamp,
}

// What Lambda hands on. The crate of event types has these too, but brings another serialisation library with macros along.

/// A batch, in so far as it matters here.
#[derive(Deserialize)]
struct Batch {
    #[serde(rename = "Records")]
    records: Vec<Record>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    message_id: String,
    #[serde(default)]
    body: String,
    #[serde(default)]
    attributes: Attributes,
}

#[derive(Default, Deserialize)]
struct Attributes {
    /// Milliseconds since 1970.
    #[serde(rename = "SentTimestamp")]
    sent_timestamp: Option<String>,
}

impl From<Record> for Message {
    fn from(record: Record) -> Self {
        let now = moment().now;
        let sent_at = record.attributes.sent_timestamp.and_then(|millis| millis.parse().ok());
        let sent_at = sent_at.and_then(|millis| Timestamp::from_millisecond(millis).ok());
        Self { id: record.message_id, body: record.body, sent_at: sent_at.unwrap_or(now), now }
    }
}

/// Serves a function that works off a queue. `open` makes what it works with.
///
/// # Errors
/// When the environment is incomplete or the Runtime API cannot be reached.
pub async fn serve<D, F>(
    open: impl Fn(&SdkConfig) -> Result<D, String>,
    handler: fn(Arc<D>, Message) -> F,
) -> BootResult
where
    D: Send + Sync,
    F: Future<Output = Result<(), Error>> + Send,
{
    let desk = Arc::new(open(&config()?)?);
    lambda_runtime::run(service_fn(|event: LambdaEvent<Batch>| {
        let desk = Arc::clone(&desk);
        async move { Ok::<_, Error>(batch(&desk, event, handler).await) }
    }))
    .await
}

async fn batch<D, F>(desk: &Arc<D>, event: LambdaEvent<Batch>, handler: fn(Arc<D>, Message) -> F) -> Failures
where
    F: Future<Output = Result<(), Error>> + Send,
{
    let mut response = Failures::default();
    for message in event.payload.records.into_iter().map(Message::from) {
        let id = message.id.clone();
        if let Err(cause) = handler(Arc::clone(desk), message).await {
            log(Level::Error, &cause.to_string(), &[("message_id", &id)]);
            response.add(id);
        }
    }
    response
}
