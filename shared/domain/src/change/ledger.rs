//! Transitions of the books: settings of the ledger, and bookings of reports and payments.

use jiff::Timestamp;
use serde_json::Value;

use super::organisation::{event, last_hash};
use super::{BookingChange, BookingState, LedgerChange, OrganisationChange, limit_size, today};
use crate::batch::Payment;
use crate::error::DomainError;
use crate::event::{Event, EventKind, EventSubject, FieldChange};
use crate::ledger::{
    AccountingPeriod, ApprovalBooking, BookingStep, EntryPlace, JournalEntry, LedgerError, LedgerSettings,
    PaymentBooking, PaymentBookings, PaymentFacts, PaymentStep, ReportBookings, Reversal, SettledValues, book_approval,
    book_payment, booking_period, reverse,
};
use crate::organisation::Organisation;
use crate::permission::{OrgPermit, UpdateLedger};
use crate::policy::Policy;
use crate::report::{Report, ReportStatus};

/// Replaces the settings of the ledger. `created` is the first event of the organisation's history.
///
/// # Errors
/// [`DomainError::PeriodReopened`] when a closed period would be open again, [`DomainError::PeriodNotBegun`] when a
/// period after the current month (UTC) would be closed.
pub fn update_ledger(
    permit: OrgPermit<'_, UpdateLedger>,
    organisation: &Organisation,
    created: Option<&Event>,
    current: &LedgerSettings,
    proposed: LedgerSettings,
    now: Timestamp,
) -> Result<LedgerChange, DomainError> {
    if let Some(closed_until) = current.closed_until
        && proposed.closed_until < Some(closed_until)
    {
        return Err(DomainError::PeriodReopened { closed_until });
    }
    // Closing is final, so a mistyped year must not close the books for decades.
    let month = AccountingPeriod::of(today(now).utc());
    if proposed.closed_until > current.closed_until && proposed.closed_until > Some(month) {
        return Err(DomainError::PeriodNotBegun { month });
    }
    let settings = LedgerSettings { version: current.version + 1, changed_at: Some(now), ..proposed };
    let mut after = Organisation { version: organisation.version + 1, ..organisation.clone() };
    let kind = EventKind::LedgerChanged { version: settings.version };
    let event = event(after.id, EventSubject::Organisation, after.version, permit.actor(), now, kind);
    let event = Event { changes: setting_changes(current, &settings), ..event };
    let event = event.with_hash_after(last_hash(organisation, created));
    after.last_hash.clone_from(&event.hash);
    let organisation = OrganisationChange { before: organisation.version, after, event };
    Ok(LedgerChange { before: current.version, after: settings, organisation })
}

/// Settings that differ, each as a whole.
fn setting_changes(before: &LedgerSettings, after: &LedgerSettings) -> Vec<FieldChange> {
    let fields = |settings: &LedgerSettings| match serde_json::to_value(settings) {
        Ok(Value::Object(fields)) => fields,
        _ => serde_json::Map::new(),
    };
    let (old, new) = (fields(before), fields(after));
    let names: std::collections::BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let differs = |name: &String| {
        let value = |of: &serde_json::Map<String, Value>| of.get(name).cloned().unwrap_or(Value::Null);
        let (old, new) = (value(&old), value(&new));
        let is_meta = matches!(name.as_str(), "version" | "changed_at");
        (old != new && !is_meta).then(|| FieldChange { field: format!("/ledger/{name}"), old, new })
    };
    limit_size(names.into_iter().filter_map(differs).collect())
}

/// Books an approval of a report. The report is as it was approved: nothing of it can change without voiding that.
///
/// # Errors
/// [`LedgerError`] when an account is missing or a sum is out of range.
pub fn book_report(
    bookings: &ReportBookings,
    step: BookingStep,
    report: &Report,
    settings: &LedgerSettings,
    policy: &Policy,
    now: Timestamp,
) -> Result<BookingChange, LedgerError> {
    let approved_on = today(step.event().at).utc();
    let booking = booking_period(approved_on, settings.closed_until);
    let id = bookings.entry_id(step);
    // Its payment does not change what was approved.
    let approved = Report { status: ReportStatus::Approved, ..report.clone() };
    let report = if report.status.is_booked() { &approved } else { report };
    let entry = match book_approval(report, &ApprovalBooking { id, approved_on, booking, settings, policy }) {
        Ok(entry) => Some(entry),
        Err(LedgerError::NothingToBook) => None,
        Err(error) => return Err(error),
    };
    Ok(booked(bookings, step, entry, settings, now))
}

/// Reverses the open entry of a report.
///
/// # Errors
/// [`LedgerError`] when the entry is a reversal.
pub fn reverse_booking(
    bookings: &ReportBookings,
    step: BookingStep,
    entry: &JournalEntry,
    settings: &LedgerSettings,
    now: Timestamp,
) -> Result<BookingChange, LedgerError> {
    let date = today(step.event().at).utc();
    let reversal = Reversal {
        id: bookings.entry_id(step),
        date,
        // Never before the entry that it reverses.
        booking: booking_period(date.max(entry.head().date), settings.closed_until),
        reason: format!("Reversal: {}", entry.head().text),
    };
    Ok(booked(bookings, step, Some(reverse(entry, reversal)?), settings, now))
}

fn booked(
    bookings: &ReportBookings,
    step: BookingStep,
    entry: Option<JournalEntry>,
    settings: &LedgerSettings,
    now: Timestamp,
) -> BookingChange {
    let after = BookingState::Report(bookings.after(step, entry.as_ref().map(|entry| place_of(entry, now))));
    BookingChange { after, entry, booked_at: now, settings_version: settings.version }
}

/// Books a paid payment at the value that the books have for what it settles, so it leaves no exchange difference: what
/// the bank debits in the base currency is known only from its statement. Its document is of the day of the payment.
///
/// # Errors
/// [`LedgerError`] when an account is missing or a sum is out of range.
pub fn book_paid_payment(
    bookings: &PaymentBookings,
    payment: &Payment,
    values: SettledValues,
    settings: &LedgerSettings,
    now: Timestamp,
) -> Result<BookingChange, LedgerError> {
    let date = payment.paid_on.unwrap_or_else(|| today(now).utc());
    let facts = PaymentFacts {
        payment: payment.id,
        org: payment.org,
        member: payment.payee.id,
        amount: payment.amount,
        set_off: payment.set_off,
        paid_value: values.claim.minus(values.set_off)?,
        booked_value: values.claim,
        set_off_value: values.set_off,
        date,
        bank_account: None,
        reference: payment.end_to_end_id.clone(),
        text: format!("{}: reimbursement", payment.payee.name),
    };
    let step = PaymentStep::Book;
    let booking = PaymentBooking {
        id: bookings.entry_id(step, now),
        booking: booking_period(date, settings.closed_until),
        settings,
        base: values.claim.currency(),
    };
    let entry = match book_payment(&facts, &booking) {
        Ok(entry) => Some(entry),
        Err(LedgerError::NothingToBook) => None,
        Err(error) => return Err(error),
    };
    Ok(payment_booked(bookings, step, entry, settings, now))
}

/// Reverses the entry of a payment that the bank has returned, as of today: the day of the return is on the statement.
///
/// # Errors
/// [`LedgerError`] when the entry is a reversal.
pub fn reverse_payment(
    bookings: &PaymentBookings,
    step: PaymentStep,
    entry: &JournalEntry,
    settings: &LedgerSettings,
    now: Timestamp,
) -> Result<BookingChange, LedgerError> {
    let date = today(now).utc().max(entry.head().date);
    let reversal = Reversal {
        id: bookings.entry_id(step, now),
        date,
        booking: booking_period(date, settings.closed_until),
        reason: format!("Returned: {}", entry.head().text),
    };
    Ok(payment_booked(bookings, step, Some(reverse(entry, reversal)?), settings, now))
}

fn payment_booked(
    bookings: &PaymentBookings,
    step: PaymentStep,
    entry: Option<JournalEntry>,
    settings: &LedgerSettings,
    now: Timestamp,
) -> BookingChange {
    let after = BookingState::Payment(bookings.after(step, entry.as_ref().map(|entry| place_of(entry, now))));
    BookingChange { after, entry, booked_at: now, settings_version: settings.version }
}

fn place_of(entry: &JournalEntry, now: Timestamp) -> EntryPlace {
    EntryPlace { id: entry.head().id, period: entry.period(), booked_at: now }
}
