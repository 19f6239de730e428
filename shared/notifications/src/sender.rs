//! Sends the mail about an event to each recipient once, and removes the event from the outbox. Callers may be retried,
//! run concurrently or be killed at any time. A mail is sent twice in one case: SES accepted it, the run did not record
//! that, and SES's event was lost or came later than the grace period.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_smithy_types::retry::RetryConfig;
use lambda_runtime::Error;
use outlay_aws::backoff::backoff_with_jitter;
use outlay_aws::clock::{self, RequestClock};
use outlay_aws::config::{for_service, timeouts};
use outlay_aws::env::{ConfigError, optional, required};
use outlay_aws::log::{Level, log, publish_metrics};
use outlay_domain::event::Event;
use outlay_domain::member::MemberStatus;
use outlay_domain::text::hex;
use outlay_mail::{Mailer, Notice, Recipient, SendError, Tag};
use outlay_store::Store;
use outlay_store::deliveries::{DeliveryKey, DeliveryState, Lease, LeaseOutcome};
use outlay_store::due_work::ApproverCheck;
use outlay_worker::{JobContext, PartialFailures};

use crate::compose::{ComposedMail, OutgoingMail, compose_for_event};
use crate::pacing::Timing;

/// Timeout of one call of SES.
const SES_TIMEOUT: Duration = Duration::from_secs(10);
/// Duration of a lease, in ms. A mail can take longer: up to two writes for the lease (7 s each) and four calls of SES.
/// The grace period after each lease (`EVENT_GRACE_MILLIS` in the store) is longer than that.
const LEASE_MILLIS: i64 = 20_000;
/// Immediate retries when SES throttles, while time is left. The event is retried later as well.
const MAX_RETRIES: u32 = 3;
/// Attempts to send a mail that SES refuses. The grace periods of its leases spread them over about 16 hours.
const MAX_REFUSALS: u64 = 8;

/// Outcome of sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendOutcome {
    /// Sent, now or earlier, or not to be sent.
    Done,
    /// The same, for an event with mail that had to wait for the end of its quiet period.
    DoneAfterWait,
    /// Not sent yet, or not known to be sent. The next run of the sweep or of the reminders tries again.
    Pending,
}

/// Table and mail client.
#[derive(Debug)]
pub struct Sender {
    /// Table.
    pub store: Store,
    mailer: Mailer,
}

impl Sender {
    /// Reads `TABLE_NAME`, `MAIL_FROM`, and `SES_CONFIGURATION_SET`, without which SES publishes no events about mail.
    ///
    /// # Errors
    /// [`ConfigError::MissingVariable`]
    pub fn from_env(sdk: &SdkConfig) -> Result<Self, ConfigError> {
        // SES accepts no idempotency token: a retry inside the SDK could send a mail twice.
        let ses = for_service(sdk, "SES").to_builder().retry_config(RetryConfig::disabled());
        let ses = ses.timeout_config(timeouts(SES_TIMEOUT, SES_TIMEOUT)).build();
        let mailer = Mailer::new(&ses, required("MAIL_FROM")?, optional("SES_CONFIGURATION_SET"));
        Ok(Self { store: Store::connect(sdk, &required("TABLE_NAME")?), mailer })
    }

    /// Sends all mail about an event. Removes the event from the outbox when all is done.
    ///
    /// # Errors
    /// Fails when a mail could not be sent. The others were sent.
    pub async fn notify(&self, event: &Event, job: &JobContext) -> Result<SendOutcome, Error> {
        if event.recipients().is_none() {
            return Ok(SendOutcome::Done);
        }
        let (mut failures, mut is_pending, mut has_waited) = (PartialFailures::default(), false, false);
        let ComposedMail { mails, unable_approvers } = compose_for_event(&self.store, &self.mailer, event).await?;
        // The schedule gives their steps to others.
        for member_id in unable_approvers {
            let check = ApproverCheck { member_id, requested_at: job.now };
            failures.record(member_id, self.store.request_approver_check(event.org, &check).await);
        }
        for mail in mails {
            let delivery_key = DeliveryKey::for_event(event, mail.to.id);
            // A failure for one recipient must not stop the mail to the others.
            let outcome = failures.record(delivery_key, self.send(&delivery_key, &mail, job).await);
            is_pending |= outcome == Some(SendOutcome::Pending);
            has_waited |= mail.timing != Timing::Now;
        }
        failures.into_result()?;
        if is_pending {
            return Ok(SendOutcome::Pending);
        }
        self.store.remove_from_outbox(event).await?;
        Ok(if has_waited { SendOutcome::DoneAfterWait } else { SendOutcome::Done })
    }

    /// Sends a mail, unless it was sent, or another run is sending it.
    ///
    /// # Errors
    /// Fails when no time is left, SES throttles or cannot send for this deployment, or the table is unavailable.
    pub async fn send(
        &self,
        delivery_key: &DeliveryKey,
        mail: &OutgoingMail,
        job: &JobContext,
    ) -> Result<SendOutcome, Error> {
        if let Timing::NotBefore(time) = mail.timing
            && job.now < time
        {
            return Ok(SendOutcome::Pending);
        }
        job.ensure_time_left()?;
        let lease = new_lease(job);
        let attempts = match self.store.acquire_lease(delivery_key, &lease).await? {
            LeaseOutcome::Acquired(attempts) => attempts,
            LeaseOutcome::Settled => return Ok(SendOutcome::Done),
            LeaseOutcome::HeldElsewhere => return Ok(SendOutcome::Pending),
        };
        let (state, message_id) = match self.admit(delivery_key, mail, attempts).await? {
            Err(reason) => (reason, None),
            Ok(recipient) => match self.deliver(&recipient, delivery_key, mail, job).await {
                Ok(id) => (DeliveryState::Sent, Some(id)),
                // SES may have accepted it, and then publishes an event. Without an event it is sent again after the
                // grace period of the lease.
                Err(DeliveryError::Unknown) => {
                    publish_metrics(clock::now(), &[("UnansweredMail", "Count", 1)]);
                    return Ok(SendOutcome::Pending);
                }
                // Only an operator can help, such as by verifying an address in the SES sandbox, so an immediate retry
                // is pointless. The stream goes on. The lease expires, and its grace period doubles with each attempt.
                Err(DeliveryError::Refused(cause)) => {
                    log(Level::Error, &cause, &[("subject", delivery_key)]);
                    publish_metrics(clock::now(), &[("RefusedMail", "Count", 1)]);
                    if attempts < MAX_REFUSALS {
                        return Ok(SendOutcome::Pending);
                    }
                    (DeliveryState::Refused, None)
                }
                Err(DeliveryError::NotSent(cause)) => {
                    self.store.release_lease(delivery_key, &lease.id).await?;
                    return Err(format!("the mail was not sent: {cause}").into());
                }
            },
        };
        self.store.record_delivery(delivery_key, state, message_id.as_deref(), clock::now()).await?;
        Ok(SendOutcome::Done)
    }

    /// Recipient of a mail that may be sent, or the reason why it is not. Counts the mail at the first attempt: later
    /// ones are attempts at the same mail.
    async fn admit(
        &self,
        delivery_key: &DeliveryKey,
        mail: &OutgoingMail,
        attempts: u64,
    ) -> Result<Result<Recipient, DeliveryState>, Error> {
        let Some(recipient) = mail.recipient().filter(|_| mail.to.is_reachable()) else {
            return Ok(Err(DeliveryState::Suppressed));
        };
        if mail.timing == Timing::Superseded {
            return Ok(Err(DeliveryState::Superseded));
        }
        let (org, is_invitation) = (delivery_key.org, matches!(mail.notice, Notice::Invited { .. }));
        let (quotas, has_signed_in) = self.store.mail_limits(org, mail.to.id).await?;
        // Anyone's address can be invited. Until its owner signs in, it gets the invitation and nothing else.
        if mail.to.status == MemberStatus::Invited && !has_signed_in && !is_invitation {
            return Ok(Err(DeliveryState::NotSignedIn));
        }
        let is_counted =
            attempts > 1 || self.store.count_mail(org, &recipient.address, is_invitation, quotas, clock::now()).await?;
        if !is_counted {
            log(Level::Warn, "a quota of mail is used up", &[("subject", delivery_key)]);
            publish_metrics(clock::now(), &[("MailOverQuota", "Count", 1)]);
            return Ok(Err(DeliveryState::OverQuota));
        }
        Ok(Ok(recipient))
    }

    async fn deliver(
        &self,
        to: &Recipient,
        delivery_key: &DeliveryKey,
        mail: &OutgoingMail,
        job: &JobContext,
    ) -> Result<String, DeliveryError> {
        // A stored text that cannot be in a mail is refused like a mail that SES refuses, and stops no other mail.
        let refused = |cause: &dyn std::fmt::Display| DeliveryError::Refused(cause.to_string());
        let message = mail.notice.render(to).map_err(|cause| refused(&cause))?;
        let mime = message.to_mime(self.mailer.from_mailbox(), to, &mail.earlier).map_err(|cause| refused(&cause))?;
        let tags = delivery_key.tags().map(|(name, value)| Tag { name, value });
        let mut attempt = 0;
        loop {
            match self.mailer.send(to, mime.clone(), &tags).await {
                Err(SendError::Throttled { .. }) if attempt < MAX_RETRIES && job.ensure_time_left().is_ok() => {
                    // Longer than for the table: SES limits the rate per second.
                    tokio::time::sleep(backoff_with_jitter(attempt) * 20).await;
                    attempt += 1;
                }
                Err(SendError::Unavailable { .. }) => return Err(DeliveryError::Unknown),
                Err(refused @ SendError::Refused { .. }) => return Err(DeliveryError::Refused(refused.to_string())),
                sent => return sent.map_err(not_sent),
            }
        }
    }
}

/// Creates a lease with a unique id: one run may process an event twice. The time keeps ids apart when the system has
/// no randomness.
fn new_lease(job: &JobContext) -> Lease {
    let clock = RequestClock::read();
    Lease {
        id: format!("{}-{}", clock.now.as_millisecond(), hex(&clock.random)),
        requested_at: clock.now,
        compare_at: job.now.max(clock.now).as_millisecond(),
        expires_at: clock.now.as_millisecond().saturating_add(LEASE_MILLIS),
    }
}

enum DeliveryError {
    /// The mail cannot be written, or SES refuses it.
    Refused(String),
    /// SES has not accepted the mail.
    NotSent(String),
    /// SES may have accepted the mail.
    Unknown,
}

fn not_sent(cause: impl std::fmt::Display) -> DeliveryError {
    DeliveryError::NotSent(cause.to_string())
}
