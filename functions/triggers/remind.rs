//! On a schedule: one digest a day to whom steps wait for that are due or overdue, in the morning of his own day. Run again for the same
//! time, it mails nobody twice.

use std::sync::Arc;

use outlay_edge::notices::reminders;
use outlay_edge::post::PostRoom;
use outlay_edge::run::{Run, Tally};
use outlay_edge::schedule::serve;

async fn handler(room: Arc<PostRoom>, run: Run) -> Result<(), lambda_runtime::Error> {
    // One organisation, or one mail, that fails must not keep the others; the next turn makes up for it.
    let mut tally = Tally::default();
    for org in run.in_turn(room.store.organisations().await?) {
        run.in_time()?;
        let due = reminders(&room.store, org, run.now, &mut tally).await;
        let due = tally.note(org, due);
        for (mailing, letter) in due.into_iter().flatten() {
            tally.note(mailing, room.post(&mailing, &letter, &run).await);
        }
    }
    tally.outcome()
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    serve(PostRoom::open, handler).await
}
