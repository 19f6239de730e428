//! An SQS queue as event source: messages in any order, each at least once. Failed messages are reported one by one and
//! retried.

use std::future::Future;
use std::sync::Arc;

use aws_config::SdkConfig;
use jiff::Timestamp;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use outlay_aws::RunResult;
use outlay_aws::clock;
use outlay_aws::config::sdk_config;
use outlay_aws::env::ConfigError;
use outlay_aws::log::{Level, log};
use serde::Deserialize;

use crate::job::BatchFailures;

/// Message of a queue.
#[derive(Clone, Debug)]
pub struct QueueMessage {
    /// Identifier that SQS gave it.
    pub id: String,
    /// Body.
    pub body: String,
    /// Time at which it was sent to the queue.
    pub sent_at: Timestamp,
    /// Time of this delivery.
    pub now: Timestamp,
}

// `aws_lambda_events` has these types too, but pulls in a second serialisation library for them.

#[derive(Deserialize)]
struct Batch {
    #[serde(rename = "Records")]
    records: Vec<SqsRecord>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SqsRecord {
    message_id: String,
    #[serde(default)]
    body: String,
    #[serde(default)]
    attributes: Attributes,
}

#[derive(Default, Deserialize)]
struct Attributes {
    /// Ms since the epoch.
    #[serde(rename = "SentTimestamp")]
    sent_timestamp: Option<String>,
}

impl From<SqsRecord> for QueueMessage {
    fn from(record: SqsRecord) -> Self {
        let now = clock::now();
        let sent_at = record.attributes.sent_timestamp.and_then(|millis| millis.parse().ok());
        let sent_at = sent_at.and_then(|millis| Timestamp::from_millisecond(millis).ok());
        Self { id: record.message_id, body: record.body, sent_at: sent_at.unwrap_or(now), now }
    }
}

/// Serves a function that handles messages of a queue. `from_env` opens its state once per process.
///
/// # Errors
/// Fails when a variable is missing or the Runtime API cannot be reached.
pub async fn serve<D, F>(
    from_env: impl Fn(&SdkConfig) -> Result<D, ConfigError>,
    handler: fn(Arc<D>, QueueMessage) -> F,
) -> RunResult
where
    D: Send + Sync,
    F: Future<Output = Result<(), Error>> + Send,
{
    let state = Arc::new(from_env(&sdk_config()?)?);
    lambda_runtime::run(service_fn(|event: LambdaEvent<Batch>| {
        let state = Arc::clone(&state);
        async move { Ok::<_, Error>(handle_batch(&state, event.payload, handler).await) }
    }))
    .await
}

async fn handle_batch<D, F>(state: &Arc<D>, batch: Batch, handler: fn(Arc<D>, QueueMessage) -> F) -> BatchFailures
where
    F: Future<Output = Result<(), Error>> + Send,
{
    let mut failures = BatchFailures::default();
    for message in batch.records.into_iter().map(QueueMessage::from) {
        let id = message.id.clone();
        if let Err(cause) = handler(Arc::clone(state), message).await {
            log(Level::Error, &cause.to_string(), &[("message_id", &id)]);
            failures.add(id);
        }
    }
    failures
}
