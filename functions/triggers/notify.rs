//! Stream trigger: mails the people concerned about each new event, once each. A failure is told to Lambda by its record, which
//! is then repeated; whoever was mailed before is not mailed again.

use std::sync::Arc;
use std::time::Duration;

use outlay_domain::event::Event;
use outlay_edge::notices::{Letter, letters};
use outlay_edge::stream::{Desk, Run};
use outlay_mail::Recipient;
use outlay_store::deliveries::Claim;

type Outcome = Result<(), lambda_runtime::Error>;

async fn handler(desk: Arc<Desk>, event: Event, run: Run) -> Outcome {
    let mut outcome = Ok(());
    for letter in letters(&desk.store, &event).await? {
        // One address that fails must not keep the mail from the others.
        outcome = outcome.and(deliver(&desk, &event, &letter, &run).await);
    }
    outcome
}

async fn deliver(desk: &Desk, event: &Event, letter: &Letter, run: &Run) -> Outcome {
    let to = letter.to.id;
    loop {
        let claimant = run.claimant().ok_or("there is no time left in this run")?;
        match desk.store.claim(event, to, &claimant).await? {
            Claim::Won => break,
            Claim::Sent => return Ok(()),
            // The run that claimed it was cut off; its claim runs out soon.
            Claim::Held(until) => {
                tokio::time::sleep(Duration::from_millis(until.saturating_sub(claimant.now).max(0).unsigned_abs() + 1))
                    .await;
            }
        }
    }
    match send(desk, letter).await {
        Ok(message_id) => desk.store.sent(event, to, &run.id, message_id).await?,
        Err(cause) => {
            desk.store.release(event, to, &run.id).await?;
            return Err(format!("the mail to {to} was not sent: {cause}").into());
        }
    }
    Ok(())
}

async fn send(desk: &Desk, letter: &Letter) -> Result<String, lambda_runtime::Error> {
    let recipient = Recipient { name: letter.to.name.clone(), address: letter.address.clone() };
    let message = letter.notice.render(&recipient)?;
    let mime = message.to_mime(desk.mailer.from_mailbox(), &recipient, letter.thread.as_deref())?;
    Ok(desk.mailer.send(&recipient, mime).await?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    outlay_edge::stream::serve(handler).await
}
