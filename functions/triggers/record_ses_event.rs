//! Queue trigger: records the events that SES publishes about mail. Advances the state of the mail, and marks the
//! member's address when the mail bounces or is reported as spam. A message that is repeated or out of order changes
//! nothing.

use std::sync::Arc;

use lambda_runtime::Error;
use outlay_aws::log::publish_metrics;
use outlay_domain::change::{Change, record_address_fault};
use outlay_domain::member::AddressFault;
use outlay_notifications::ses_events::{SesEvent, SesEventReader};
use outlay_store::deliveries::DeliveryKey;
use outlay_store::{CommitError, Store};
use outlay_worker::RunResult;
use outlay_worker::queue::{QueueMessage, serve};

/// Attempts to update a member that other requests change at the same time.
const MAX_ATTEMPTS: u32 = 5;

async fn handler(reader: Arc<SesEventReader>, message: QueueMessage) -> Result<(), Error> {
    let Some(event) = reader.parse(&message.body)? else { return Ok(()) };
    let Some(state) = event.state else { return Ok(()) };
    let Some(delivery_key) = event.delivery_key else { return store_unknown(&reader.store, &event, &message).await };
    if !reader.store.record_delivery(&delivery_key, state, Some(&event.message_id), event.at).await? {
        return store_unknown(&reader.store, &event, &message).await;
    }
    match event.address_fault() {
        Some(fault) => mark_address(&reader.store, &delivery_key, fault, &event).await,
        None => Ok(()),
    }
}

/// Stores an event about an unknown mail for a week.
async fn store_unknown(store: &Store, event: &SesEvent, message: &QueueMessage) -> Result<(), Error> {
    publish_metrics(event.at, &[("UnknownSesEvents", "Count", 1)]);
    let org = event.delivery_key.map(|delivery_key| delivery_key.org);
    Ok(store.put_unknown_ses_event(org, &event.message_id, &event.kind, &message.body, message.sent_at).await?)
}

/// Marks the member's address as faulty on the current version of the member.
async fn mark_address(
    store: &Store,
    delivery_key: &DeliveryKey,
    fault: AddressFault,
    event: &SesEvent,
) -> Result<(), Error> {
    for _ in 0..MAX_ATTEMPTS {
        let Some(member) = store.member(delivery_key.org, delivery_key.to).await? else { return Ok(()) };
        let Some(change) = record_address_fault(&member, fault, event.at) else { return Ok(()) };
        match store.commit(&[Change::Members(vec![change])], None).await {
            Err(CommitError::Conflict(_)) => {}
            result => return Ok(result?),
        }
    }
    Err("other requests keep changing the member".into())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(SesEventReader::from_env, handler).await
}
