//! The post room: mails the people concerned about an event, once each, and settles the outbox. What calls it may be repeated, run twice
//! at once, or be killed at any moment; nobody is mailed twice for that, unless SES took a mail and nobody, SES included, told of it.
//! Who is told what is decided by `notices`, not here.

use std::fmt::Write as _;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use jiff::Timestamp;
use lambda_runtime::Error;
use outlay_domain::event::Event;
use outlay_mail::{Mailer, Recipient, SendError, Tag};
use outlay_store::deliveries::{Claim, Claimant, DeliveryState, Mailing};
use outlay_store::{Store, pause};

use crate::boot::{moment, store, variable};
use crate::notices::{Letter, letters};

/// How long SES is waited for.
const SES_MILLIS: u64 = 10_000;
/// How long a claim holds: longer than SES is waited for, retries included.
const LEASE_MILLIS: i64 = 20_000;
/// A mail is begun only with this much time left: claiming and marking it (seven seconds at most, each) and SES between them.
const ENOUGH_MILLIS: i64 = 30_000;
/// How often SES is asked again at once when it throttles; the event is repeated later anyway.
const TRIES: u32 = 3;

/// One run of a function that works by itself.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// When the invocation ends at the latest, in milliseconds since 1970.
    until: i64,
    /// The moment it is for, where that is not now.
    as_of: Option<Timestamp>,
}

impl Run {
    /// A run that ends at the deadline of an invocation.
    #[must_use]
    pub fn until(deadline: u64) -> Self {
        Self { until: i64::try_from(deadline).unwrap_or(i64::MAX), as_of: None }
    }

    /// The same, for another moment: whether the claims of others have run out is judged as of then.
    #[must_use]
    pub const fn as_of(self, moment: Timestamp) -> Self {
        Self { as_of: Some(moment), ..self }
    }

    /// Whether there is time left to begin something.
    #[must_use]
    pub fn has_time(&self) -> bool {
        self.until.saturating_sub(moment().now.as_millisecond()) >= ENOUGH_MILLIS
    }

    /// Who claims a mail now. Each claim has a name of its own: one run may meet an event twice.
    fn claimant(&self) -> Option<Claimant> {
        let moment = moment();
        let now = moment.now.as_millisecond();
        let run = moment.random.iter().fold(String::new(), |mut name, byte| {
            // Writing to a text cannot fail.
            let _ = write!(name, "{byte:02x}");
            name
        });
        let judged = self.as_of.map_or(now, Timestamp::as_millisecond);
        let until = now.saturating_add(LEASE_MILLIS);
        self.has_time().then_some(Claimant { run, at: moment.now, now: judged, until })
    }
}

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
    pub async fn tell(&self, event: &Event, run: &Run) -> Result<(), Error> {
        if event.told().is_none() {
            return Ok(());
        }
        let (mut outcome, mut open) = (Ok(()), false);
        for letter in letters(&self.store, &self.mailer, event).await? {
            // One address that fails must not keep the mail from the others.
            match self.post(&Mailing::about(event, letter.to.id), &letter, run).await {
                Ok(posted) => open |= posted == Posted::Open,
                Err(error) => outcome = Err(error),
            }
        }
        outcome?;
        if !open {
            self.store.told(event).await?;
        }
        Ok(())
    }

    /// Sends a mail, unless it was sent or is being sent by another run.
    ///
    /// # Errors
    /// When SES refuses it, or the table is not available.
    pub async fn post(&self, mailing: &Mailing, letter: &Letter, run: &Run) -> Result<Posted, Error> {
        let claimant = run.claimant().ok_or("there is no time left in this run")?;
        match self.store.claim(mailing, &claimant).await? {
            Claim::Won => {}
            Claim::Settled => return Ok(Posted::Settled),
            Claim::Held => return Ok(Posted::Open),
        }
        let recipient = letter.recipient().filter(|_| letter.to.is_reachable());
        let (state, message_id) = match recipient {
            None => (DeliveryState::Suppressed, None),
            Some(recipient) => match self.send(&recipient, mailing, letter).await {
                Ok(id) => (DeliveryState::Sent, Some(id)),
                // SES may have it. Its event will tell; without one it is sent again when the claim has run out.
                Err(Failure::Unknown) => return Ok(Posted::Open),
                Err(Failure::NotSent(cause)) => {
                    self.store.release(mailing, &claimant.run).await?;
                    return Err(format!("the mail to {} was not sent: {cause}", mailing.to).into());
                }
            },
        };
        self.store.moved(mailing, state, message_id.as_deref(), moment().now).await?;
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
                sent => return sent.map_err(not_sent),
            }
        }
    }
}

enum Failure {
    /// SES does not have the mail.
    NotSent(String),
    /// SES may have it.
    Unknown,
}

fn not_sent(cause: impl std::fmt::Display) -> Failure {
    Failure::NotSent(cause.to_string())
}
