//! On a schedule: finds what was lost on the way. Events whose stream record never came, or whose mail was claimed by a run that died, are
//! told late rather than never; uploads that nobody finished, or nobody looked at, are settled. Whatever it finds it may find again.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use lambda_runtime::Error;
use outlay_domain::ids::OrgId;
use outlay_edge::arrival::{self, ReceiptDesk};
use outlay_edge::log::{Level, log, measure};
use outlay_edge::post::{PostRoom, Posted};
use outlay_edge::run::{Run, Tally};
use outlay_edge::schedule::serve;
use outlay_store::StoreError;
use outlay_store::outbox::Waiting;

/// How long the stream, with its own retries, is left alone with an event.
const PATIENCE: SignedDuration = SignedDuration::from_mins(15);

/// The post room, and what is needed to look at a file.
struct Desk {
    room: PostRoom,
    receipts: ReceiptDesk,
}

/// What there was to be told.
#[derive(Default)]
struct Found {
    /// How many events were told here, and should have been by the stream.
    told: i64,
    /// When the oldest one happened that is still not told.
    oldest: Option<Timestamp>,
}

async fn handler(desk: Arc<Desk>, run: Run) -> Result<(), Error> {
    // One organisation, event or file that fails must not keep the rest; the next turn looks again.
    let (mut tally, mut found) = (Tally::default(), Found::default());
    let orgs = run.in_turn(desk.room.store.organisations().await?);
    for org in &orgs {
        let told = tell(&desk, *org, &run, &mut tally, &mut found).await;
        tally.note(org, told);
    }
    let age = found.oldest.map_or(0, |oldest| run.now.duration_since(oldest).as_secs());
    measure(run.now, &[("OldestUnsent", "Seconds", age), ("SweptEvents", "Count", found.told)]);
    // Files come after all mail: one that is too much for a run must not keep anybody from being told.
    for org in orgs {
        let settled = settle(&desk, org, &run, &mut tally).await;
        tally.note(org, settled);
    }
    tally.outcome()
}

/// Tells of the events that wait for too long.
async fn tell(desk: &Desk, org: OrgId, run: &Run, tally: &mut Tally, found: &mut Found) -> Result<(), Error> {
    for entry in desk.room.store.waiting(org, run.now.saturating_sub(PATIENCE)?).await? {
        match tally.note(&entry, tell_one(desk, &entry, run).await) {
            Some(Posted::Settled) => found.told += 1,
            Some(Posted::Open) | None => found.oldest = found.oldest.into_iter().chain([entry.at]).min(),
        }
    }
    Ok(())
}

async fn tell_one(desk: &Desk, entry: &Waiting, run: &Run) -> Result<Posted, Error> {
    run.in_time()?;
    match desk.room.store.event_of(entry).await {
        Ok(Some(event)) => desk.room.tell(&event, run).await,
        Ok(None) => Ok(Posted::Settled),
        // The next version may be able to, and until then the next turn is not either.
        Err(damaged @ StoreError::Broken { .. }) => {
            log(Level::Warn, &damaged.to_string(), &[("about", entry)]);
            Ok(Posted::Open)
        }
        Err(error) => Err(error.into()),
    }
}

/// Sees files through to their end that nobody has finished with in time.
async fn settle(desk: &Desk, org: OrgId, run: &Run, tally: &mut Tally) -> Result<(), Error> {
    for marker in desk.room.store.files_due(org, run.now).await? {
        let settled = async {
            run.in_time()?;
            arrival::settle(&desk.receipts, &marker, run.now).await
        };
        tally.note(marker.receipt_id, settled.await);
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    let open = |config: &_| Ok(Desk { room: PostRoom::open(config)?, receipts: ReceiptDesk::open(config)? });
    serve(open, handler).await
}
