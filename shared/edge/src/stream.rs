//! A DynamoDB stream as event source: records in order, each an event of the history; what failed is told by its sequence
//! number, so that Lambda repeats from there and nothing before it.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::dynamodb::{Event as StreamEvent, EventRecord};
use aws_lambda_events::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use lambda_runtime::{LambdaEvent, service_fn};
use outlay_domain::event::Event;
use outlay_mail::Mailer;
use outlay_store::Store;
use outlay_store::deliveries::Claimant;

use crate::boot::{BootResult, config, moment, store, variable};

/// What a stream handler works with.
#[derive(Debug)]
pub struct Desk {
    /// The table.
    pub store: Store,
    /// Outgoing mail.
    pub mailer: Mailer,
}

/// One run of a stream function.
#[derive(Clone, Debug)]
pub struct Run {
    /// The id of the invocation.
    pub id: String,
    /// When the invocation ends at the latest, in milliseconds since 1970.
    pub until: i64,
}

/// How long SES is waited for.
const SES_MILLIS: u64 = 10_000;
/// How long a claim holds: longer than SES is waited for, and short, because a mail whose sender was killed waits for it.
const LEASE_MILLIS: i64 = 12_000;
/// A mail is begun only with this much time left: claiming and marking it (seven seconds at most, each) and SES between them.
const ENOUGH_MILLIS: i64 = 25_000;

impl Run {
    /// Who claims a delivery now; nobody, when there is not enough time left to send a mail and mark it sent.
    #[must_use]
    pub fn claimant(&self) -> Option<Claimant> {
        let now = moment().now.as_millisecond();
        let claimant = Claimant { run: self.id.clone(), now, until: now.saturating_add(LEASE_MILLIS) };
        (self.until.saturating_sub(now) >= ENOUGH_MILLIS).then_some(claimant)
    }
}

/// Serves a function that hears of the table's new events and sends mail.
///
/// # Errors
/// When the environment is incomplete or the Runtime API cannot be reached.
pub async fn serve<F: Future<Output = Result<(), lambda_runtime::Error>> + Send>(
    handler: fn(Arc<Desk>, Event, Run) -> F,
) -> BootResult {
    let config = config()?;
    // SES has no client token: a retry inside the SDK could send twice, so the stream's retries are the only ones.
    let mut mail = config
        .to_builder()
        .retry_config(aws_smithy_types::retry::RetryConfig::disabled())
        .timeout_config(mail_timeouts());
    if let Ok(endpoint) = variable("AWS_ENDPOINT_URL_SES") {
        mail = mail.endpoint_url(endpoint);
    }
    let desk = Arc::new(Desk { store: store(&config)?, mailer: Mailer::new(&mail.build(), variable("MAIL_FROM")?) });
    lambda_runtime::run(service_fn(|event: LambdaEvent<StreamEvent>| {
        let desk = Arc::clone(&desk);
        async move { Ok::<_, lambda_runtime::Error>(batch(desk, event, handler).await) }
    }))
    .await
}

fn mail_timeouts() -> aws_smithy_types::timeout::TimeoutConfig {
    let builder = aws_smithy_types::timeout::TimeoutConfig::builder().connect_timeout(Duration::from_millis(1500));
    builder.operation_timeout(Duration::from_millis(SES_MILLIS)).build()
}

async fn batch<F: Future<Output = Result<(), lambda_runtime::Error>> + Send>(
    desk: Arc<Desk>,
    event: LambdaEvent<StreamEvent>,
    handler: fn(Arc<Desk>, Event, Run) -> F,
) -> DynamoDbEventResponse {
    let mut response = DynamoDbEventResponse::default();
    let until = i64::try_from(event.context.deadline).unwrap_or(i64::MAX);
    // All records are tried, so that one that fails does not keep mail from the others; Lambda repeats from the first failure,
    // and what was mailed is not mailed again.
    for record in event.payload.records {
        let sequence = record.change.sequence_number.clone();
        let run = Run { id: event.context.request_id.clone(), until };
        let result = match read(record) {
            Ok(Some(event)) => handler(Arc::clone(&desk), event, run).await,
            Ok(None) => Ok(()),
            Err(reason) => Err(reason.into()),
        };
        if let Err(reason) = result {
            let line = serde_json::json!({"level": "error", "sequence_number": sequence, "cause": reason.to_string()});
            eprintln!("{line}");
            // An empty identifier would fail the whole batch; without one there is nothing better to say.
            let mut failure = DynamoDbBatchItemFailure::default();
            failure.item_identifier = sequence;
            response.batch_item_failures.push(failure);
        }
    }
    response
}

/// The event of a record; `None` for records that are none (the stream's filter lets only events through).
fn read(record: EventRecord) -> Result<Option<Event>, String> {
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
    // Not the parser's message: it quotes what it found, and this goes into the log.
    serde_dynamo::from_item(image).map(Some).map_err(|_| "unreadable event".to_owned())
}
