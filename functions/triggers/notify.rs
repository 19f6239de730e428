//! Stream trigger: sends the mail about each new event, once to each recipient. Lambda retries a failed record; mail
//! that was sent is not sent again.

use std::sync::Arc;

use lambda_runtime::Error;
use outlay_aws::log::publish_metrics;
use outlay_domain::event::{Event, EventKind};
use outlay_domain::member::Role;
use outlay_notifications::Sender;
use outlay_notifications::stream::parse_event;
use outlay_worker::stream::serve;
use outlay_worker::{JobContext, RunResult};

async fn handler(sender: Arc<Sender>, event: Event, job: JobContext) -> Result<(), Error> {
    publish_changes(&event);
    sender.notify(&event, &job).await.map(drop)
}

/// Counts changes of roles and policies, for alarms on unusual numbers of them. A repeated record counts again.
fn publish_changes(event: &Event) {
    let metric = match &event.kind {
        EventKind::PolicyChanged { .. } => "PolicyChanges",
        EventKind::MemberInvited { role, .. } | EventKind::ServiceAdded { role } if *role != Role::Employee => {
            "RoleChanges"
        }
        EventKind::MemberChanged {} if event.changes.iter().any(|change| change.field == "/role") => "RoleChanges",
        _ => return,
    };
    publish_metrics(event.at, &[(metric, "Count", 1)]);
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(Sender::from_env, parse_event, handler).await
}
