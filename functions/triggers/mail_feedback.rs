//! Queue trigger: what SES tells of mail that was sent. It moves the mail's state forward, and notes on the member when mail to him comes
//! back or is not wanted. A message that comes twice, or out of order, changes nothing.

use std::sync::Arc;

use lambda_runtime::Error;
use outlay_domain::change::{Change, note_address_fault};
use outlay_domain::member::AddressFault;
use outlay_edge::feedback::{Feedback, FeedbackDesk};
use outlay_edge::log::measure;
use outlay_edge::queue::{Message, serve};
use outlay_store::deliveries::Mailing;
use outlay_store::{CommitError, Store};

async fn handler(desk: Arc<FeedbackDesk>, message: Message) -> Result<(), Error> {
    let Some(told) = desk.read(&message.body)? else { return Ok(()) };
    let Some(state) = told.state else { return Ok(()) };
    let Some(mailing) = told.mailing else { return unknown(&desk.store, &told, &message).await };
    if !desk.store.record_delivery(&mailing, state, Some(&told.message_id), told.at).await? {
        return unknown(&desk.store, &told, &message).await;
    }
    match told.address_fault() {
        Some(fault) => note(&desk.store, &mailing, fault, &told).await,
        None => Ok(()),
    }
}

/// Keeps what SES tells of a mail that is not ours, or was forgotten, for a week.
async fn unknown(store: &Store, told: &Feedback, message: &Message) -> Result<(), Error> {
    measure(told.at, &[("UnknownFeedback", "Count", 1)]);
    let org = told.mailing.map(|mailing| mailing.org);
    Ok(store.keep_feedback(org, &told.message_id, &told.kind, &message.body, message.sent_at).await?)
}

/// Notes the fault on the member, whoever else changes him meanwhile.
async fn note(store: &Store, mailing: &Mailing, fault: AddressFault, told: &Feedback) -> Result<(), Error> {
    for _ in 0..5 {
        let Some(member) = store.member(mailing.org, mailing.to).await? else { return Ok(()) };
        let Some(change) = note_address_fault(&member, fault, told.at) else { return Ok(()) };
        match store.commit(&[Change::Members(vec![change])], None).await {
            Err(CommitError::Stale) => {}
            done => return Ok(done?),
        }
    }
    Err("the member is being changed by other requests".into())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    serve(FeedbackDesk::open, handler).await
}
