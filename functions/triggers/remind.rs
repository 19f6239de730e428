//! Scheduled, hourly: sends each approver one digest a day of their steps that are due or overdue, in the morning of
//! their time zone. A repeated run for the same time sends nothing twice.

use std::sync::Arc;

use lambda_runtime::Error;
use outlay_domain::ids::OrgId;
use outlay_notifications::Sender;
use outlay_notifications::reminders::{compose_reminder, members_to_remind};
use outlay_store::deliveries::DeliveryKey;
use outlay_worker::schedule::serve;
use outlay_worker::{JobContext, PartialFailures, RunResult};

async fn handler(sender: Arc<Sender>, job: JobContext) -> Result<(), Error> {
    // A failure in one organisation or of one mail does not stop the others. The next run retries.
    let orgs = sender.store.organisation_ids().await?;
    job.for_each_tenant(orgs, |org| remind_organisation(&sender, org, &job)).await.into_result()
}

/// Sends the reminders of an organisation that are due, one after the other: memory does not grow with their number.
async fn remind_organisation(sender: &Sender, org: OrgId, job: &JobContext) -> PartialFailures {
    let (store, mut failures) = (&sender.store, PartialFailures::default());
    let members = failures.record(org, members_to_remind(store, org, job.now).await).unwrap_or_default();
    for (member, day) in job.rotated(members) {
        let key = DeliveryKey::for_reminder(org, member.id, day);
        let sent = async {
            job.ensure_time_left()?;
            // The runs after the first of a day find it sent, and read nothing else.
            if store.is_settled(&key).await? {
                return Ok::<_, Error>(());
            }
            match compose_reminder(store, member, day, job.now).await? {
                Some(mail) => sender.send(&key, &mail, job).await.map(|_| ()),
                None => Ok(()),
            }
        };
        failures.record(key, sent.await);
    }
    failures
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(Sender::from_env, handler).await
}
