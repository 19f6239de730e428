//! Stream trigger: sends the mail about each new event, once to each recipient. Lambda retries a failed record; mail
//! that was sent is not sent again.

use std::sync::Arc;

use lambda_runtime::Error;
use outlay_domain::event::Event;
use outlay_notifications::Sender;
use outlay_notifications::stream::parse_event;
use outlay_worker::stream::serve;
use outlay_worker::{JobContext, RunResult};

async fn handler(sender: Arc<Sender>, event: Event, job: JobContext) -> Result<(), Error> {
    sender.notify(&event, &job).await.map(drop)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(Sender::from_env, parse_event, handler).await
}
