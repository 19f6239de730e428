//! Transitions: each takes a permit and facts, and returns a change to commit or a [`DomainError`]. A change is a value
//! with its events. Nothing is stored here.

mod batch;
mod decision;
mod draft;
mod escalate;
mod findings;
mod ledger;
mod organisation;
mod privacy;
mod receipts;
mod split;
mod submit;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use crate::batch::{Batch, BatchEntry, Involvements, Payment};
use crate::conversion::RateEntry;
use crate::error::DomainError;
use crate::event::{Event, EventKind, EventSubject, FieldChange};
use crate::expense::Expense;
use crate::ids::{ExpenseId, MemberId, ReportId};
use crate::ledger::{BookingEffect, BookingEvent, JournalEntry, LedgerSettings, PaymentBookings, ReportBookings};
use crate::member::Member;
use crate::organisation::Organisation;
use crate::payout::SealedAccount;
use crate::policy::Policy;
use crate::report::{MAX_REPORT_BYTES, Report};
use crate::spending::SpendingChange;
use crate::today::Today;

pub use batch::{
    NamedSelection, NewBatch, Payee, PaymentOutcome, TakeStep, apply_outcome, cancel_batch, clear_hold, create_batch,
    download_file, finish_stage, leave_out_payments, record_file, release_batch, release_payments, settle_payment,
    take_reports,
};
pub use decision::{Approval, LineDecision, approve, check_assignable, reassign, reject, return_to_owner};
pub use draft::{
    CloneOverrides, NewReport, ReportEdit, ReportPatch, Resubmission, add_expense, clone_expense, clone_report,
    comment_on_report, create_report, delete_report, remove_expense, update_expense, update_report,
};
pub use escalate::{can_be_asked, due_escalation, escalate, missing_stand_in};
pub use findings::{CurrentFindings, FindingsContext, MissingItem, current_findings, has_too_many_periods};
pub use ledger::{book_paid_payment, book_report, reverse_booking, reverse_payment, update_ledger};
pub use organisation::{
    FirstAdmin, Invitation, MemberPatch, NewAddress, NewDelegation, NewMember, NewOrganisation, check_address,
    check_managers, check_own_changes, close_organisation, create_organisation, displaced_delegator, end_delegation,
    enter_rates, invite_member, join_organisation, record_address_fault, remove_rate, set_delegation, update_member,
    update_organisation, update_payment_settings, update_policy,
};
pub use privacy::{ERASED_NAME, erase_member, set_payout_account};
pub use receipts::{
    ReceiptDeclaration, abandon_receipt, declare_receipt, record_duplicates, record_inspection, remove_receipt,
};
pub use split::{SplitPart, split_expense};
pub use submit::{Assessment, SubmissionOutcome, SubmissionRules, assess, missing_person, recall, reroute, submit};

/// Change to commit atomically, or a condition of one.
#[derive(Clone, Debug)]
pub enum Change {
    /// Creation of an organisation with its first admin and first policy.
    OrganisationCreated(Box<OrganisationCreated>),
    /// Changed settings of an organisation.
    Organisation(Box<OrganisationChange>),
    /// Closing of an organisation.
    OrganisationClosed(Box<OrganisationClosed>),
    /// New settings of the ledger.
    Ledger(Box<LedgerChange>),
    /// Booking of a report.
    Booking(Box<BookingChange>),
    /// Members who were invited, have joined or changed.
    Members(Vec<MemberChange>),
    /// Condition: the member, whose permission the other changes need, is unchanged since it was read.
    AssertUnchanged(Box<Member>),
    /// New payout account of a member.
    Payout(Box<PayoutChange>),
    /// New policy version.
    Policy(Box<PolicyChange>),
    /// Entered or removed exchange rates.
    Rates(Box<RatesChange>),
    /// Change of a report.
    Report(Box<ReportChange>),
    /// New route of another report, whose bills have parts in a report that is submitted.
    Rerouted(Box<ReportChange>),
    /// Change of a batch, with its payments and reports.
    Batch(Box<BatchChange>),
}

/// See [`Change::OrganisationCreated`].
#[derive(Clone, Debug)]
pub struct OrganisationCreated {
    /// Organisation.
    pub organisation: Organisation,
    /// First member.
    pub first_admin: Member,
    /// First policy.
    pub policy: Policy,
    /// History entry.
    pub event: Event,
}

/// See [`Change::Organisation`].
#[derive(Clone, Debug)]
pub struct OrganisationChange {
    /// Version before the change.
    pub before: u64,
    /// Organisation after the change.
    pub after: Organisation,
    /// History entry.
    pub event: Event,
}

/// See [`Change::OrganisationClosed`].
#[derive(Clone, Debug)]
pub struct OrganisationClosed {
    /// Version before the change.
    pub before: u64,
    /// Organisation after the change.
    pub organisation: Organisation,
    /// History entry.
    pub event: Event,
}

/// See [`Change::Members`].
#[derive(Clone, Debug)]
pub struct MemberChange {
    /// Member before the change; `None` for a new one.
    pub before: Option<Member>,
    /// Member after the change.
    pub after: Member,
    /// History entry.
    pub event: Event,
}

/// Change of a batch with its payments, entries and reports.
#[derive(Clone, Debug)]
pub struct BatchChange {
    /// Batch before the change; `None` for a new one.
    pub before: Option<Batch>,
    /// Batch after the change. Without events it is unchanged, and not written.
    pub after: Batch,
    /// Named reports of a new batch, stored beside it.
    pub named: Vec<ReportId>,
    /// New and changed payments.
    pub payments: Vec<PaymentChange>,
    /// New entries.
    pub entries: Vec<BatchEntry>,
    /// Parts of members in the new reports, to be added to the stored ones.
    pub involved: Involvements,
    /// Changed reports.
    pub reports: Vec<ReportChange>,
    /// Entries of the batch's history, in order.
    pub events: Vec<Event>,
}

/// See [`BatchChange::payments`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentChange {
    /// Version before the change; `None` for a new payment.
    pub before: Option<u64>,
    /// Payment after the change.
    pub after: Payment,
}

/// New settings of the ledger. They are part of the organisation's history.
#[derive(Clone, Debug)]
pub struct LedgerChange {
    /// Version before the change; 0 for the first settings.
    pub before: u64,
    /// Settings after the change.
    pub after: LedgerSettings,
    /// Organisation, with the history entry.
    pub organisation: OrganisationChange,
}

/// Bookings of a report or a payment.
#[derive(Clone, Debug)]
pub enum BookingState {
    /// Of a report.
    Report(ReportBookings),
    /// Of a payment.
    Payment(PaymentBookings),
}

/// Booking of a report or a payment: an entry, and that it is made.
#[derive(Clone, Debug)]
pub struct BookingChange {
    /// Bookings after the change. Their version is one above the one that was read.
    pub after: BookingState,
    /// Entry; none when there is nothing to book.
    pub entry: Option<JournalEntry>,
    /// Time of the booking.
    pub booked_at: Timestamp,
    /// Version of the settings that the entry is made with. They must be in force, so that no entry gets into a period
    /// that is closed meanwhile.
    pub settings_version: u64,
}

/// See [`Change::Payout`].
#[derive(Clone, Debug)]
pub struct PayoutChange {
    /// Member, with the version of the account, and history entry.
    pub member: MemberChange,
    /// Encrypted account.
    pub account: SealedAccount,
}

/// See [`Change::Policy`].
#[derive(Clone, Debug)]
pub struct PolicyChange {
    /// Version before the change.
    pub before: u64,
    /// Policy after the change.
    pub after: Policy,
    /// History entry.
    pub event: Event,
}

/// See [`Change::Rates`].
#[derive(Clone, Debug)]
pub struct RatesChange {
    /// Entered rates.
    pub entries: Vec<RateEntry>,
    /// Removed rates.
    pub removed: Vec<RateEntry>,
    /// History entry.
    pub event: Event,
}

/// See [`Change::Report`].
#[derive(Clone, Debug)]
pub struct ReportChange {
    /// Report before the change; `None` for a new one.
    pub before: Option<Report>,
    /// Report after the change.
    pub after: Report,
    /// History entries, in order.
    pub events: Vec<Event>,
    /// Change of the owner's claimed expenses.
    pub spending: SpendingChange,
    /// True when the report is deleted. Its history stays.
    pub deleted: bool,
}

impl ReportChange {
    /// Starts a change on `before`: updated now, nothing else changed. Its events give it the next version.
    fn on(before: &Report, now: Timestamp) -> Self {
        let after = Report { updated_at: now, ..before.clone() };
        Self { before: Some(before.clone()), ..Self::new(after) }
    }

    /// True when the books must follow the change: the report is or was approved.
    #[must_use]
    pub fn needs_booking(&self) -> bool {
        let approves =
            |event: &Event| BookingEvent::of(event).is_some_and(|event| event.effect == BookingEffect::Approved);
        let was_booked = self.before.as_ref().is_some_and(|before| before.status.is_booked());
        self.events.iter().any(approves) || (was_booked && !self.after.status.is_booked())
    }

    fn new(after: Report) -> Self {
        Self { before: None, after, events: Vec::new(), spending: SpendingChange::default(), deleted: false }
    }

    /// Adds the next event of the report's history. The event carries the hash of the report, so the report must not
    /// change after it.
    fn record_event(self, actor: &Member, kind: EventKind, now: Timestamp) -> Self {
        let on_behalf_of = self.on_behalf_of(actor);
        self.record_event_as(actor, on_behalf_of, kind, now)
    }

    /// Owner, when the actor is the preparer of the report.
    fn on_behalf_of(&self, actor: &Member) -> Option<MemberId> {
        let is_preparer = self.after.preparer.as_ref().is_some_and(|person| person.id == actor.id);
        Some(self.after.owner).filter(|owner| is_preparer && *owner != actor.id)
    }

    /// Adds an event without an actor.
    fn record_system_event(self, kind: EventKind, now: Timestamp) -> Self {
        self.record_event_as(None, None, kind, now)
    }

    /// Adds an event on behalf of another member.
    fn record_event_as<'a>(
        self,
        actor: impl Into<Option<&'a Member>>,
        on_behalf_of: Option<MemberId>,
        kind: EventKind,
        now: Timestamp,
    ) -> Self {
        let changed = self.changed_since(self.before.as_ref());
        self.record_event_with(changed, actor, on_behalf_of, kind, now)
    }

    /// Fields that differ from an earlier state; none for a new report.
    fn changed_since(&self, since: Option<&Report>) -> Vec<FieldChange> {
        since.map_or_else(Vec::new, |since| changes(since, &self.after))
    }

    /// Adds an event with its own list of changed fields, for changes with several events.
    fn record_event_with<'a>(
        mut self,
        changes: Vec<FieldChange>,
        actor: impl Into<Option<&'a Member>>,
        on_behalf_of: Option<MemberId>,
        kind: EventKind,
        now: Timestamp,
    ) -> Self {
        let actor = actor.into().map(|actor| actor.id);
        // The version is what people name. A comment, and what Outlay records by itself, do not move it.
        let moves_version = actor.is_some() && !matches!(kind, EventKind::ReportCommented { .. });
        if let Some(before) = self.before.as_ref().filter(|_| moves_version) {
            self.after.version = before.version + 1;
        }
        self.after.last_event += 1;
        let event = Event {
            org: self.after.org,
            subject: EventSubject::Report(self.after.id),
            seq: self.after.last_event,
            actor,
            on_behalf_of,
            at: now,
            policy_version: self.after.policy_version,
            changes,
            state_hash: Some(self.after.compute_state_hash()),
            kind,
            hash: String::new(),
        };
        let event = event.with_hash_after(&self.after.last_hash);
        self.after.last_hash.clone_from(&event.hash);
        self.events.push(event);
        self
    }

    /// Combines two consecutive changes into one, with at most one version step and the events of both.
    #[must_use]
    pub fn then(self, next: Self) -> Self {
        let version = self.before.as_ref().map_or(1, |before| next.after.version.min(before.version + 1));
        let events = self.events.into_iter().chain(next.events).collect();
        Self { before: self.before, after: Report { version, ..next.after }, events, ..next }
    }
}

/// Refuses a report that is too large to be stored.
fn check_size(report: Report) -> Result<Report, DomainError> {
    if report.json_bytes() > MAX_REPORT_BYTES { Err(DomainError::ReportTooLarge) } else { Ok(report) }
}

/// Fields that differ between two states of a report. Compares the lines that are in both; the event itself names added
/// and removed lines.
fn changes(before: &Report, after: &Report) -> Vec<FieldChange> {
    let old_lines: BTreeMap<ExpenseId, &Expense> = before.expenses.iter().map(|line| (line.id, line)).collect();
    let common = after.expenses.iter().filter_map(|line| Some((*old_lines.get(&line.id)?, line)));
    let (old, new): (Vec<&Expense>, Vec<&Expense>) = common.filter(|(old, new)| old != new).unzip();
    let (old, new) = (fields(before, &old), fields(after, &new));
    let names: std::collections::BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let differs = |name: &String| {
        let (old, new) = (old.get(name), new.get(name));
        let value = |side: Option<&Value>| side.cloned().unwrap_or(Value::Null);
        (old != new).then(|| FieldChange { field: name.clone(), old: value(old), new: value(new) })
    };
    limit_size(names.into_iter().filter_map(differs).collect())
}

/// Maximum size of the changed values in one event, in bytes: an event is one item of at most 400 KiB.
const MAX_CHANGES_BYTES: usize = 100 * 1024;

/// Keeps the changes that fit and the number of the others. The state hash covers all of them.
fn limit_size(changes: Vec<FieldChange>) -> Vec<FieldChange> {
    let all = changes.len();
    let mut bytes = 0_usize;
    let mut kept: Vec<FieldChange> = changes
        .into_iter()
        .take_while(|change| {
            bytes += change.field.len() + change.old.to_string().len() + change.new.to_string().len();
            bytes <= MAX_CHANGES_BYTES
        })
        .collect();
    if kept.len() < all {
        let more = Value::String(format!("{} more changes", all - kept.len()));
        kept.push(FieldChange { field: "/".to_owned(), old: Value::Null, new: more });
    }
    kept
}

/// Values of a report and some of its lines by JSON pointer, without the route.
fn fields(report: &Report, lines: &[&Expense]) -> BTreeMap<String, Value> {
    let mut fields = BTreeMap::new();
    let mut put = |pointer: &str, value: Value| flatten(pointer, value, &mut fields);
    let json = |value: Result<Value, serde_json::Error>| value.unwrap_or_default();
    put("/title", json(serde_json::to_value(&report.title)));
    put("/status", json(serde_json::to_value(report.status)));
    put("/payee", json(serde_json::to_value(report.payee.as_ref().map(|payee| payee.id))));
    put("/cost_centre", json(serde_json::to_value(&report.cost_centre)));
    put("/totals", json(serde_json::to_value(report.effective_totals())));
    put("/base_total", json(serde_json::to_value(report.base_total)));
    for line in lines {
        let at = format!("/expenses/{}", line.id);
        let mut line_value = json(serde_json::to_value(line));
        // A receipt names other reports with the same file. Its declaration has an event of its own.
        line_value.as_object_mut().and_then(|members| members.remove("receipts"));
        put(&at, line_value);
        for receipt in &line.receipts {
            put(&format!("{at}/receipts/{}/status", receipt.id), receipt.status.name().into());
        }
    }
    fields
}

fn flatten(pointer: &str, value: Value, fields: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                flatten(&format!("{pointer}/{name}"), member, fields);
            }
        }
        Value::Null => {}
        simple => {
            fields.insert(pointer.to_owned(), simple);
        }
    }
}

/// Today at an instant.
#[must_use]
pub const fn today(now: Timestamp) -> Today {
    Today::at(now)
}
