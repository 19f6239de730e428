//! Transitions of batches and payments. A member creates, releases, cancels and settles; background work carries it out
//! in steps of at most [`MAX_BATCH_STEP`](crate::batch::MAX_BATCH_STEP) reports or payments, each one transaction that
//! can be repeated.

mod build;
mod outcome;
mod release;
mod settle;

use jiff::Timestamp;

use crate::batch::{Batch, BatchStatus, Involvement, Involvements, Payment};
use crate::change::{BatchChange, PaymentChange};
use crate::error::DomainError;
use crate::event::{Event, EventKind, EventSubject, FieldChange};
use crate::ids::MemberId;
use crate::member::Member;

pub use build::{NamedSelection, NewBatch, Payee, TakeStep, cancel_batch, create_batch, finish_stage, take_reports};
pub use outcome::apply_outcome;
pub use release::{clear_hold, download_file, leave_out_payments, record_file, release_batch, release_payments};
pub use settle::{PaymentOutcome, settle_payment};

impl PaymentChange {
    /// Change of a stored payment to its next version.
    const fn to(before: &Payment, mut after: Payment) -> Self {
        after.version = before.version.saturating_add(1);
        Self { before: Some(before.version), after }
    }
}

impl BatchChange {
    /// Starts a change: nothing is changed yet.
    fn on(batch: &Batch) -> Self {
        Self { before: Some(batch.clone()), ..Self::new(batch.clone()) }
    }

    const fn new(after: Batch) -> Self {
        Self {
            before: None,
            after,
            named: Vec::new(),
            payments: Vec::new(),
            entries: Vec::new(),
            involved: Involvements::new(),
            reports: Vec::new(),
            events: Vec::new(),
        }
    }

    /// Divides the parts of members in a step among transactions. Parts that are `known` to be stored are dropped, `room`
    /// of the others stay, and the rest is moved to changes of at most `size` parts, to be written before the step. A part
    /// that is written without its report only keeps a member from releasing the batch.
    #[must_use]
    pub fn split_involvements(mut self, known: &Involvements, room: usize, size: usize) -> (Vec<Self>, Self) {
        let is_new =
            |(id, part): &(MemberId, Involvement)| known.get(id).is_none_or(|known| known.with(*part) != *known);
        let parts: Vec<_> = std::mem::take(&mut self.involved).into_iter().filter(is_new).collect();
        let (own, before) = parts.split_at_checked(room).unwrap_or((&parts, &[]));
        self.involved = own.iter().copied().collect();
        let batch = self.before.as_ref().unwrap_or(&self.after);
        let part = |part: &[_]| Self { involved: part.iter().copied().collect(), ..Self::on(batch) };
        (before.chunks(size.max(1)).map(part).collect(), self)
    }

    /// Adds the next event of the batch's history. Acts of people move the version, background work does not.
    fn record_event<'a>(mut self, actor: impl Into<Option<&'a Member>>, kind: EventKind, now: Timestamp) -> Self {
        let actor = actor.into().map(|actor| actor.id);
        let status = self.before.as_ref().map(|before| before.status).filter(|_| self.events.is_empty());
        if actor.is_some()
            && let Some(before) = &self.before
        {
            self.after.version = before.version.saturating_add(1);
        }
        self.after.last_event = self.after.last_event.saturating_add(1);
        let event = Event {
            org: self.after.org,
            subject: EventSubject::Batch(self.after.id),
            seq: self.after.last_event,
            actor,
            on_behalf_of: None,
            at: now,
            policy_version: None,
            changes: status_change(status, self.after.status),
            state_hash: None,
            kind,
            hash: String::new(),
        };
        let event = event.with_hash_after(&self.after.last_hash);
        self.after.last_hash.clone_from(&event.hash);
        self.events.push(event);
        self
    }

    /// Puts a changed payment into the change and counts its status.
    fn put_payment(&mut self, before: &Payment, after: Payment) {
        self.after.payments.count(Some(before.status), after.status);
        self.payments.push(PaymentChange::to(before, after));
    }

    /// Settles a released batch of which every payment has ended.
    fn settle_when_ended(mut self, now: Timestamp) -> Self {
        if self.after.status != BatchStatus::Released || !self.after.payments.have_ended() {
            return self;
        }
        self.after.status = BatchStatus::Settled;
        self.record_event(None, EventKind::BatchSettled {}, now)
    }
}

fn status_change(old: Option<BatchStatus>, new: BatchStatus) -> Vec<FieldChange> {
    let changed = old.filter(|old| *old != new);
    let field =
        |old: BatchStatus| FieldChange { field: "/status".to_owned(), old: old.name().into(), new: new.name().into() };
    changed.map(field).into_iter().collect()
}

/// Refuses background work on a batch in another status.
fn require_status(batch: &Batch, status: BatchStatus, action: &'static str) -> Result<(), DomainError> {
    if batch.status == status { Ok(()) } else { Err(DomainError::InvalidBatchState { status: batch.status, action }) }
}
