//! A DynamoDB stream as event source: records in order, each an event of the history. What failed is told by its sequence number, so that
//! Lambda repeats from there and nothing before it; what cannot be read, now or ever, is put aside whole and holds nobody up.

use std::future::Future;
use std::sync::Arc;

use aws_lambda_events::dynamodb::EventRecord;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use outlay_domain::event::Event;
use serde::Deserialize;
use serde_json::Value;

use crate::aside::Aside;
use crate::boot::{BootResult, config, moment};
use crate::log::{Level, log, measure};
use crate::post::PostRoom;
use crate::run::{Failures, Run};

/// A batch, its records unread: one that is out of order must not fail the others.
#[derive(Deserialize)]
struct Batch {
    #[serde(rename = "Records")]
    records: Vec<Value>,
}

struct Desk {
    room: Arc<PostRoom>,
    aside: Aside,
}

/// Serves a function that hears of the table's new events and sends mail.
///
/// # Errors
/// When the environment is incomplete or the Runtime API cannot be reached.
pub async fn serve<F>(handler: fn(Arc<PostRoom>, Event, Run) -> F) -> BootResult
where
    F: Future<Output = Result<(), Error>> + Send,
{
    let config = config()?;
    let desk = Arc::new(Desk { room: Arc::new(PostRoom::open(&config)?), aside: Aside::open(&config)? });
    lambda_runtime::run(service_fn(|event: LambdaEvent<Batch>| {
        let desk = Arc::clone(&desk);
        async move { batch(&desk, event, handler).await }
    }))
    .await
}

async fn batch<F>(
    desk: &Desk,
    event: LambdaEvent<Batch>,
    handler: fn(Arc<PostRoom>, Event, Run) -> F,
) -> Result<Failures, Error>
where
    F: Future<Output = Result<(), Error>> + Send,
{
    let mut response = Failures::default();
    let run = Run::new(event.context.deadline, moment().now);
    // All records are tried, so that one that fails does not keep mail from the others; Lambda repeats from the first failure,
    // and what was mailed is not mailed again.
    for record in event.payload.records {
        let sequence = record.pointer("/dynamodb/SequenceNumber").and_then(Value::as_str).filter(|it| !it.is_empty());
        // Nobody could be told which one failed.
        let sequence = sequence.ok_or("a record without a number")?.to_owned();
        let result = match read(&record) {
            Ok(Some(event)) => match run.in_time() {
                Ok(()) => handler(Arc::clone(&desk.room), event, run).await,
                late => late,
            },
            Ok(None) => Ok(()),
            Err(reason) => put_aside(desk, &sequence, &reason, &record).await,
        };
        if let Err(reason) = result {
            log(Level::Error, &reason.to_string(), &[("sequence_number", &sequence)]);
            response.add(sequence);
        }
    }
    Ok(response)
}

async fn put_aside(desk: &Desk, sequence: &str, reason: &str, record: &Value) -> Result<(), Error> {
    desk.aside.put(sequence, reason, record).await?;
    log(Level::Error, &format!("put aside: {reason}"), &[("sequence_number", &sequence)]);
    measure(moment().now, &[("PutAside", "Count", 1)]);
    Ok(())
}

/// The event of a record; `None` for records that are none (the stream's filter lets only events through).
fn read(record: &Value) -> Result<Option<Event>, String> {
    // Not the parsers' messages: they quote what they found, and this goes into the log.
    let record: EventRecord = Deserialize::deserialize(record).map_err(|_| "unreadable record".to_owned())?;
    let image = record.change.new_image;
    let text = |name: &str| match image.get(name) {
        Some(serde_dynamo::AttributeValue::S(value) | serde_dynamo::AttributeValue::N(value)) => value.clone(),
        _ => String::new(),
    };
    if record.event_name != "INSERT" || text("entity") != "event" {
        return Ok(None);
    }
    let schema = text("schema");
    if schema != outlay_store::items::SCHEMA.to_string() {
        return Err(format!("unknown_schema: {schema}"));
    }
    serde_dynamo::from_item(image).map(Some).map_err(|_| "unreadable event".to_owned())
}
