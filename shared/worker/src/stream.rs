//! A DynamoDB stream as event source: records in order. A failed record is reported by its sequence number, and Lambda
//! retries from there. A record that cannot be parsed becomes a dead letter and delays no other.

use std::future::Future;
use std::sync::Arc;

use aws_config::SdkConfig;
use aws_lambda_events::dynamodb::EventRecord;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use outlay_aws::RunResult;
use outlay_aws::clock;
use outlay_aws::config::sdk_config;
use outlay_aws::env::ConfigError;
use outlay_aws::log::{Level, log, publish_metrics};
use serde::Deserialize;
use serde_json::Value;

use crate::dead_letter::DeadLetterStore;
use crate::job::{BatchFailures, JobContext};
use crate::schedule::ScheduledEvent;

/// Batch with unparsed records: a malformed one must not fail the others.
#[derive(Deserialize)]
struct Batch {
    #[serde(rename = "Records")]
    records: Vec<Value>,
}

/// Payload of a function that a stream and a schedule invoke.
#[derive(Deserialize)]
#[serde(untagged)]
enum Payload {
    Stream(Batch),
    Schedule(ScheduledEvent),
}

/// State of the function, and store of records that cannot be parsed.
struct Consumer<D> {
    state: Arc<D>,
    dead_letters: DeadLetterStore,
}

/// Serves a function that handles records of the table's stream. `from_env` opens its state once per process. `parse`
/// converts a record: `None` skips it, `Err` makes it a dead letter with this reason.
///
/// # Errors
/// Fails when a variable is missing or the Runtime API cannot be reached.
pub async fn serve<D, E, F>(
    from_env: impl Fn(&SdkConfig) -> Result<D, ConfigError>,
    parse: fn(EventRecord) -> Result<Option<E>, String>,
    handler: fn(Arc<D>, E, JobContext) -> F,
) -> RunResult
where
    D: Send + Sync,
    E: Send,
    F: Future<Output = Result<(), Error>> + Send,
{
    let sdk = sdk_config()?;
    let state = Arc::new(from_env(&sdk)?);
    let consumer = Arc::new(Consumer { state, dead_letters: DeadLetterStore::from_env(&sdk)? });
    lambda_runtime::run(service_fn(|event: LambdaEvent<Batch>| {
        let consumer = Arc::clone(&consumer);
        async move { handle_batch(&consumer, event, parse, handler).await }
    }))
    .await
}

/// As [`serve`], for a function that a schedule invokes too: it finishes what the stream has left undone.
///
/// # Errors
/// Fails when a variable is missing or the Runtime API cannot be reached.
pub async fn serve_with_schedule<D, E, F, G>(
    from_env: impl Fn(&SdkConfig) -> Result<D, ConfigError>,
    parse: fn(EventRecord) -> Result<Option<E>, String>,
    handler: fn(Arc<D>, E, JobContext) -> F,
    scheduled: fn(Arc<D>, JobContext) -> G,
) -> RunResult
where
    D: Send + Sync,
    E: Send,
    F: Future<Output = Result<(), Error>> + Send,
    G: Future<Output = Result<(), Error>> + Send,
{
    let sdk = sdk_config()?;
    let state = Arc::new(from_env(&sdk)?);
    let consumer = Arc::new(Consumer { state, dead_letters: DeadLetterStore::from_env(&sdk)? });
    lambda_runtime::run(service_fn(|event: LambdaEvent<Payload>| {
        let consumer = Arc::clone(&consumer);
        async move {
            let LambdaEvent { payload, context } = event;
            match payload {
                Payload::Stream(batch) => {
                    handle_batch(&consumer, LambdaEvent { payload: batch, context }, parse, handler).await
                }
                Payload::Schedule(event) => {
                    let job = JobContext::new(context.deadline, event.time);
                    scheduled(Arc::clone(&consumer.state), job).await.map(|()| BatchFailures::default())
                }
            }
        }
    }))
    .await
}

async fn handle_batch<D, E, F>(
    consumer: &Consumer<D>,
    event: LambdaEvent<Batch>,
    parse: fn(EventRecord) -> Result<Option<E>, String>,
    handler: fn(Arc<D>, E, JobContext) -> F,
) -> Result<BatchFailures, Error>
where
    F: Future<Output = Result<(), Error>> + Send,
{
    let mut failures = BatchFailures::default();
    let job = JobContext::new(event.context.deadline, clock::now());
    // Every record is tried, so that a failure does not delay the others. Lambda retries from the first failure, so a
    // handler must be idempotent.
    for record in event.payload.records {
        let sequence = record.pointer("/dynamodb/SequenceNumber").and_then(Value::as_str).filter(|it| !it.is_empty());
        // A failure is reported by this number, so without one the whole batch fails.
        let sequence = sequence.ok_or("record without a sequence number")?.to_owned();
        let result = match parse_record(&record, parse) {
            Ok(Some(event)) => match job.ensure_time_left() {
                Ok(()) => handler(Arc::clone(&consumer.state), event, job).await,
                no_time_left => no_time_left,
            },
            Ok(None) => Ok(()),
            Err(reason) => dead_letter(consumer, &sequence, &reason, &record).await,
        };
        if let Err(reason) = result {
            log(Level::Error, &reason.to_string(), &[("sequence_number", &sequence)]);
            failures.add(sequence);
        }
    }
    Ok(failures)
}

fn parse_record<E>(record: &Value, parse: fn(EventRecord) -> Result<Option<E>, String>) -> Result<Option<E>, String> {
    // The parser's message is dropped: it quotes the record, and this reason is logged.
    let record: EventRecord = Deserialize::deserialize(record).map_err(|_| "unreadable record".to_owned())?;
    parse(record)
}

async fn dead_letter<D>(consumer: &Consumer<D>, sequence: &str, reason: &str, record: &Value) -> Result<(), Error> {
    consumer.dead_letters.put(sequence, reason, record).await?;
    log(Level::Error, &format!("dead letter: {reason}"), &[("sequence_number", &sequence)]);
    publish_metrics(clock::now(), &[("DeadLetters", "Count", 1)]);
    Ok(())
}
