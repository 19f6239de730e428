//! Scheduled, every 5 minutes: completes work that other functions have left undone. Sends mail about events whose
//! stream record was lost or whose lease has expired, and reconciles uploads that are overdue. A repeated run is safe.

use std::sync::{Arc, Mutex, PoisonError};

use aws_config::SdkConfig;
use jiff::{SignedDuration, Timestamp};
use lambda_runtime::Error;
use outlay_aws::env::ConfigError;
use outlay_aws::log::{Level, log, publish_metrics};
use outlay_domain::ids::OrgId;
use outlay_notifications::{SendOutcome, Sender};
use outlay_receipts::processing::ReceiptProcessor;
use outlay_store::StoreError;
use outlay_store::outbox::OutboxEntry;
use outlay_worker::schedule::serve;
use outlay_worker::{JobContext, PartialFailures, RunResult};

/// Age from which the sweep sends the mail about an event. Younger events are left to the stream and its retries.
const STREAM_GRACE: SignedDuration = SignedDuration::from_mins(15);

/// Time for which the work of a closed organisation is completed: mail about the closing, uploads under way.
const AFTER_CLOSING: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Events and files of an organisation that one run completes. The next run, five minutes later, takes more.
const EVENTS_PER_TURN: usize = 100;
const FILES_PER_TURN: usize = 30;

/// Mail sender and receipt processor.
struct State {
    sender: Sender,
    receipts: ReceiptProcessor,
}

impl State {
    fn from_env(sdk: &SdkConfig) -> Result<Self, ConfigError> {
        Ok(Self { sender: Sender::from_env(sdk)?, receipts: ReceiptProcessor::from_env(sdk)? })
    }
}

/// Metrics of a run.
#[derive(Default)]
struct SweepMetrics {
    /// Outbox entries that the sweep completed instead of the stream.
    swept: i64,
    /// Time of the oldest event that is still pending.
    oldest_pending: Option<Timestamp>,
}

async fn handler(state: Arc<State>, job: JobContext) -> Result<(), Error> {
    // A failure in one organisation, event or file does not stop the others. The next run retries.
    let some_days_ago = job.now.saturating_sub(AFTER_CLOSING)?;
    let orgs = state.sender.store.organisation_ids_open_at(some_days_ago).await?;
    let metrics = Mutex::new(SweepMetrics::default());
    let mail = job.for_each_tenant(orgs.clone(), |org| notify_overdue(&state, org, &job, &metrics)).await;
    let SweepMetrics { swept, oldest_pending } = metrics.into_inner().unwrap_or_else(PoisonError::into_inner);
    let age = oldest_pending.map_or(0, |oldest| job.now.duration_since(oldest).as_secs());
    publish_metrics(job.now, &[("OldestOutboxEntryAge", "Seconds", age), ("SweptEvents", "Count", swept)]);
    // Files after all mail: a slow file must not delay mail.
    let files = job.for_each_tenant(orgs, |org| reconcile_files(&state, org, &job)).await;
    mail.and(files).into_result()
}

/// Sends the mail about events that are overdue in the outbox: of many those that come first in this run.
async fn notify_overdue(state: &State, org: OrgId, job: &JobContext, metrics: &Mutex<SweepMetrics>) -> PartialFailures {
    let mut failures = PartialFailures::default();
    let overdue = async {
        let before = job.now.saturating_sub(STREAM_GRACE)?;
        Ok::<_, Error>(state.sender.store.pending_outbox_entries(org, before).await?)
    };
    let overdue = failures.record(org, overdue.await).unwrap_or_default();
    let oldest = overdue.first().map(|entry| entry.at);
    let left_out = overdue.len() > EVENTS_PER_TURN;
    let (mut swept, mut pending) = (0, oldest.filter(|_| left_out));
    for entry in job.rotated(overdue).into_iter().take(EVENTS_PER_TURN) {
        match failures.record(&entry, notify_entry(state, org, &entry, job).await) {
            Some(SendOutcome::Done) => swept += 1,
            // Left to the sweep on purpose.
            Some(SendOutcome::DoneAfterWait) => {}
            Some(SendOutcome::Pending) | None => pending = pending.into_iter().chain([entry.at]).min(),
        }
    }
    let mut metrics = metrics.lock().unwrap_or_else(PoisonError::into_inner);
    metrics.swept += swept;
    metrics.oldest_pending = metrics.oldest_pending.into_iter().chain(pending).min();
    failures
}

async fn notify_entry(state: &State, org: OrgId, entry: &OutboxEntry, job: &JobContext) -> Result<SendOutcome, Error> {
    job.ensure_time_left()?;
    match state.sender.store.outbox_event(entry).await {
        Ok(Some(event)) if event.recipients().is_some() => state.sender.notify(&event, job).await,
        // No mail to send. The entry would otherwise be read in every run.
        Ok(_) => {
            state.sender.store.remove_outbox_entry(org, entry).await?;
            Ok(SendOutcome::Done)
        }
        // The entry stays, because a later release may be able to parse the event. The run does not fail: it would fail
        // every time. The metric reports the entry.
        Err(corrupt @ StoreError::Corrupt { .. }) => {
            log(Level::Warn, &corrupt.to_string(), &[("subject", entry)]);
            Ok(SendOutcome::Pending)
        }
        Err(error) => Err(error.into()),
    }
}

/// Reconciles uploads whose file task is due: of many those that come first in this run.
async fn reconcile_files(state: &State, org: OrgId, job: &JobContext) -> PartialFailures {
    let mut failures = PartialFailures::default();
    let due = failures.record(org, state.sender.store.due_file_tasks(org, job.now).await).unwrap_or_default();
    for task in job.rotated(due).into_iter().take(FILES_PER_TURN) {
        let reconciled = async {
            job.ensure_time_left()?;
            state.receipts.reconcile(&task, job.now).await
        };
        failures.record(task.receipt_id, reconciled.await);
    }
    failures
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(State::from_env, handler).await
}
