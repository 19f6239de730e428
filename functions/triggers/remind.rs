//! Scheduled, hourly: sends each approver one digest a day of their steps that are due or overdue, in the morning of
//! their time zone. A repeated run for the same time sends nothing twice.

use std::sync::Arc;

use lambda_runtime::Error;
use outlay_notifications::Sender;
use outlay_notifications::reminders::compose_reminders;
use outlay_worker::schedule::serve;
use outlay_worker::{JobContext, PartialFailures, RunResult};

async fn handler(sender: Arc<Sender>, job: JobContext) -> Result<(), Error> {
    // A failure in one organisation or of one mail does not stop the others. The next run retries.
    let mut failures = PartialFailures::default();
    for org in job.rotated(sender.store.organisation_ids().await?) {
        job.ensure_time_left()?;
        let mails = compose_reminders(&sender.store, org, job.now, &mut failures).await;
        let mails = failures.record(org, mails);
        for (delivery_key, mail) in mails.into_iter().flatten() {
            failures.record(delivery_key, sender.send(&delivery_key, &mail, &job).await);
        }
    }
    failures.into_result()
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(Sender::from_env, handler).await
}
