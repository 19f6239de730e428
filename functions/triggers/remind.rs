//! On a schedule: one digest a day to whom steps wait for that are due or overdue, in the morning of his own day. Run again for the same
//! time, it mails nobody twice.

use std::sync::Arc;

use outlay_edge::notices::reminders;
use outlay_edge::post::PostRoom;
use outlay_edge::schedule::{Turn, serve};

async fn handler(room: Arc<PostRoom>, turn: Turn) -> Result<(), lambda_runtime::Error> {
    let mut outcome = Ok(());
    for org in room.store.organisations().await? {
        for (mailing, letter) in reminders(&room.store, org, turn.now).await? {
            // One mail that fails must not keep the others; the next turn makes up for it.
            outcome = outcome.and(room.post(&mailing, &letter, &turn.run).await.map(drop));
        }
    }
    outcome
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    serve(PostRoom::open, handler).await
}
