//! On a schedule: finds what was lost on the way. Events whose stream record never came, or whose mail was claimed by a run that died, are
//! told late rather than never; uploads that nobody finished, or nobody looked at, are settled. Whatever it finds it may find again.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use lambda_runtime::Error;
use outlay_domain::ids::OrgId;
use outlay_edge::arrival::{self, ReceiptDesk};
use outlay_edge::post::PostRoom;
use outlay_edge::schedule::{Turn, measure, serve};

/// How long the stream, with its own retries, is left alone with an event.
const PATIENCE: SignedDuration = SignedDuration::from_mins(15);

/// The post room, and what is needed to look at a file.
struct Desk {
    room: PostRoom,
    receipts: ReceiptDesk,
}

async fn handler(desk: Arc<Desk>, turn: Turn) -> Result<(), Error> {
    let (mut outcome, mut oldest) = (Ok(()), turn.now);
    for org in desk.room.store.organisations().await? {
        let (told, left) = tell(&desk, org, &turn).await?;
        let settled = settle(&desk, org, &turn).await;
        // What fails must not keep the rest; the next turn looks again.
        outcome = outcome.and(told).and(settled);
        oldest = oldest.min(left.unwrap_or(turn.now));
    }
    measure(turn.now, &[("OldestUnsent", "Seconds", turn.now.duration_since(oldest).as_secs())]);
    outcome
}

/// Tells of the events that wait for too long. Also: since when the oldest one does that is left.
async fn tell(desk: &Desk, org: OrgId, turn: &Turn) -> Result<(Result<(), Error>, Option<Timestamp>), Error> {
    let (mut outcome, mut oldest) = (Ok(()), None);
    let before = turn.now.saturating_sub(PATIENCE)?;
    for entry in desk.room.store.waiting(org, before).await? {
        let told = async {
            match desk.room.store.event_of(&entry).await? {
                Some(event) => desk.room.tell(&event, &turn.run).await,
                None => Ok(()),
            }
        };
        let told = if turn.run.has_time() { told.await } else { Err("there was no time left in this run".into()) };
        if told.is_err() {
            oldest = oldest.or(Some(entry.at));
        }
        outcome = outcome.and(told);
    }
    Ok((outcome, oldest))
}

async fn settle(desk: &Desk, org: OrgId, turn: &Turn) -> Result<(), Error> {
    let mut outcome = Ok(());
    for marker in desk.room.store.files_due(org, turn.now).await? {
        if turn.run.has_time() {
            outcome = outcome.and(arrival::settle(&desk.receipts, &marker, turn.now).await.map(drop));
        }
    }
    outcome
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    let open = |config: &_| Ok(Desk { room: PostRoom::open(config)?, receipts: ReceiptDesk::open(config)? });
    serve(open, handler).await
}
