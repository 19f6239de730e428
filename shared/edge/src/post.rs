//! The post room: mails the people concerned about an event, once each, and settles the outbox. What calls it may be repeated, run twice
//! at once, or be killed at any moment; nobody is mailed twice for that, unless SES took a mail and nobody, SES included, told of it.
//! Who is told what is decided by `notices`, not here.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use lambda_runtime::Error;
use outlay_domain::event::Event;
use outlay_domain::text::hex;
use outlay_mail::{Mailer, Recipient, SendError, Tag};
use outlay_store::deliveries::{Claim, Claimant, DeliveryState, Mailing};
use outlay_store::{Store, pause};

use crate::boot::{moment, store, variable};
use crate::log::{Level, log, measure};
use crate::notices::{Letter, letters};
use crate::run::{Run, Tally};

/// How long SES is waited for.
const SES_MILLIS: u64 = 10_000;
/// How long a claim holds: longer than SES is waited for, retries included.
const LEASE_MILLIS: i64 = 20_000;
/// How often SES is asked again at once when it throttles; the event is repeated later anyway.
const TRIES: u32 = 3;
/// How often a mail that SES refuses is tried before it is given up: over some sixteen hours, by how long claims hold.
const MAX_REFUSALS: u64 = 8;

/// What became of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Posted {
    /// It is sent, now or before, or is not to be sent.
    Settled,
    /// Whether SES has it is not known yet. The sweep looks again.
    Open,
}

/// The table and outgoing mail.
#[derive(Debug)]
pub struct PostRoom {
    /// The table.
    pub store: Store,
    mailer: Mailer,
}

impl PostRoom {
    /// As the environment says: `MAIL_FROM`, and `SES_CONFIGURATION_SET` for SES's events about each mail.
    ///
    /// # Errors
    /// When the environment is incomplete.
    pub fn open(config: &SdkConfig) -> Result<Self, String> {
        // SES has no client token: a retry inside the SDK could send twice.
        let timeouts = TimeoutConfig::builder().connect_timeout(Duration::from_millis(1500));
        let timeouts = timeouts.operation_timeout(Duration::from_millis(SES_MILLIS)).build();
        let mut mail = config.to_builder().retry_config(RetryConfig::disabled()).timeout_config(timeouts);
        if let Ok(endpoint) = variable("AWS_ENDPOINT_URL_SES") {
            mail = mail.endpoint_url(endpoint);
        }
        let set = variable("SES_CONFIGURATION_SET").ok();
        Ok(Self { store: store(config)?, mailer: Mailer::new(&mail.build(), variable("MAIL_FROM")?, set) })
    }

    /// Mails everybody who is told of an event, and takes it out of the outbox when all of it is settled.
    ///
    /// # Errors
    /// When a mail could not be sent; the others were.
    pub async fn tell(&self, event: &Event, run: &Run) -> Result<Posted, Error> {
        if event.recipients().is_none() {
            return Ok(Posted::Settled);
        }
        let (mut tally, mut open) = (Tally::default(), false);
        for letter in letters(&self.store, &self.mailer, event).await? {
            let mailing = Mailing::about(event, letter.to.id);
            // One address that fails must not keep the mail from the others.
            let posted = tally.note(mailing, self.post(&mailing, &letter, run).await);
            open |= posted == Some(Posted::Open);
        }
        tally.outcome()?;
        if open {
            return Ok(Posted::Open);
        }
        self.store.outbox_done(event).await?;
        Ok(Posted::Settled)
    }

    /// Sends a mail, unless it was sent or is being sent by another run.
    ///
    /// # Errors
    /// When there is no time left, SES throttles or cannot send for this deployment, or the table is not available.
    pub async fn post(&self, mailing: &Mailing, letter: &Letter, run: &Run) -> Result<Posted, Error> {
        run.in_time()?;
        let claimant = claimant(run);
        let tries = match self.store.claim(mailing, &claimant).await? {
            Claim::Won(tries) => tries,
            Claim::Settled => return Ok(Posted::Settled),
            Claim::Held => return Ok(Posted::Open),
        };
        let recipient = letter.recipient().filter(|_| letter.to.is_reachable());
        let (state, message_id) = match recipient {
            None => (DeliveryState::Suppressed, None),
            Some(recipient) => match self.send(&recipient, mailing, letter).await {
                Ok(id) => (DeliveryState::Sent, Some(id)),
                // SES may have it. Its event will tell; without one it is sent again when the claim has run out.
                Err(Failure::Unknown) => return Ok(Posted::Open),
                // An operator may mend it (an address that SES's sandbox does not know), and trying at once would not. Nobody waits for
                // it: not those behind it in the stream, nor the claim, which runs out, each time for longer.
                Err(Failure::Refused(cause)) => {
                    log(Level::Error, &cause, &[("about", mailing)]);
                    measure(moment().now, &[("RefusedMail", "Count", 1)]);
                    if tries < MAX_REFUSALS {
                        return Ok(Posted::Open);
                    }
                    (DeliveryState::Refused, None)
                }
                Err(Failure::NotSent(cause)) => {
                    self.store.release(mailing, &claimant.claim_id).await?;
                    return Err(format!("the mail was not sent: {cause}").into());
                }
            },
        };
        self.store.record_delivery(mailing, state, message_id.as_deref(), moment().now).await?;
        Ok(Posted::Settled)
    }

    async fn send(&self, to: &Recipient, mailing: &Mailing, letter: &Letter) -> Result<String, Failure> {
        let message = letter.notice.render(to).map_err(not_sent)?;
        let mime = message.to_mime(self.mailer.from_mailbox(), to, &letter.earlier).map_err(not_sent)?;
        let tags = mailing.tags().map(|(name, value)| Tag { name, value });
        let mut attempt = 0;
        loop {
            match self.mailer.send(to, mime.clone(), &tags).await {
                Err(SendError::Throttled { .. }) if attempt < TRIES => {
                    // Longer than for the table: SES counts by the second.
                    tokio::time::sleep(pause(attempt) * 20).await;
                    attempt += 1;
                }
                Err(SendError::Unavailable { .. }) => return Err(Failure::Unknown),
                Err(refused @ SendError::Refused { .. }) => return Err(Failure::Refused(refused.to_string())),
                sent => return sent.map_err(not_sent),
            }
        }
    }
}

/// Who claims a mail now. Each claim has a name of its own: one run may meet an event twice.
fn claimant(run: &Run) -> Claimant {
    let moment = moment();
    Claimant {
        claim_id: hex(&moment.random),
        at: moment.now,
        now: run.now.max(moment.now).as_millisecond(),
        until: moment.now.as_millisecond().saturating_add(LEASE_MILLIS),
    }
}

enum Failure {
    /// SES does not want this mail.
    Refused(String),
    /// SES does not have the mail.
    NotSent(String),
    /// SES may have it.
    Unknown,
}

fn not_sent(cause: impl std::fmt::Display) -> Failure {
    Failure::NotSent(cause.to_string())
}
