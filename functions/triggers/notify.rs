//! Stream trigger: mails the people concerned about each new event, once each. A failure is told to Lambda by its record, which
//! is then repeated; whoever was mailed before is not mailed again.

use std::sync::Arc;

use outlay_domain::event::Event;
use outlay_edge::post::PostRoom;
use outlay_edge::run::Run;

async fn handler(room: Arc<PostRoom>, event: Event, run: Run) -> Result<(), lambda_runtime::Error> {
    room.tell(&event, &run).await.map(drop)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    outlay_edge::stream::serve(handler).await
}
