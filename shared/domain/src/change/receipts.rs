//! Receipts of a line: declared and removed by who writes the report, while it is with its owner; what comes of looking at a file is noted
//! by the backend itself. Evidence that others have before them is never exchanged. Files are not read here.

use jiff::{SignedDuration, Timestamp};

use super::ReportChange;
use super::draft::storable;
use crate::event::EventKind;
use crate::expense::Expense;
use crate::ids::{ExpenseId, ReceiptId, ReportId, Seed};
use crate::permission::{Edit, Permit};
use crate::receipt::{
    MAX_ALSO_ON, MAX_RECEIPTS, MAX_RECEIPTS_OF_REPORT, MediaType, Receipt, ReceiptStatus, UPLOAD_SECONDS,
};
use crate::refusal::Refusal;
use crate::report::Report;

/// A file as it is declared before it is uploaded, checked.
#[derive(Clone, Debug)]
pub struct Declared {
    /// What its owner calls it.
    pub name: String,
    /// What it is.
    pub media_type: MediaType,
    /// How many bytes it has.
    pub size: u64,
    /// SHA-256 of it, in lower-case hexadecimal.
    pub sha256: String,
}

fn with_owner<'a>(permit: Permit<'a, Edit>, action: &'static str) -> Result<&'a Report, Refusal> {
    let report = permit.report();
    if report.status.is_with_owner() {
        Ok(report)
    } else {
        Err(Refusal::InvalidState { status: report.status, action })
    }
}

/// The change in which each line is as `edit` makes it. Nothing is decided on a report that is with its owner, so nothing is void.
fn edited(report: &Report, now: Timestamp, edit: impl Fn(Expense) -> Expense) -> Result<ReportChange, Refusal> {
    let change = ReportChange::on(report, now);
    let lines = report.expenses.iter().cloned().map(edit).collect();
    // The amounts are as they were, and so are their sums.
    let after = change.after.with_expenses(lines).map_err(|_| Refusal::TotalTooLarge)?;
    Ok(ReportChange { after, ..change })
}

/// Announces a file as a line's receipt. It counts for nothing until it was uploaded and looked at.
///
/// # Errors
/// [`Refusal::InvalidState`] when the report is not with its owner, [`Refusal::UnknownExpense`], and more receipts or bytes than there may be.
pub fn declare_receipt(
    permit: Permit<'_, Edit>,
    expense: ExpenseId,
    declared: Declared,
    seed: &mut Seed,
    now: Timestamp,
) -> Result<(ReportChange, Receipt), Refusal> {
    let line = permit.report().expense(expense).ok_or(Refusal::UnknownExpense)?;
    let report = with_owner(permit, "given a receipt")?;
    if line.receipts.len() >= MAX_RECEIPTS {
        return Err(Refusal::TooManyReceipts { of: "An expense", most: MAX_RECEIPTS });
    }
    if report.receipts().len() >= MAX_RECEIPTS_OF_REPORT {
        return Err(Refusal::TooManyReceipts { of: "A report", most: MAX_RECEIPTS_OF_REPORT });
    }
    let Declared { name, media_type, size, sha256 } = declared;
    let receipt = Receipt {
        id: seed.draw(),
        name: name.clone(),
        media_type,
        size,
        sha256: sha256.clone(),
        by: permit.actor().id,
        upload_until: now.saturating_add(SignedDuration::from_secs(UPLOAD_SECONDS)).unwrap_or(now),
        status: ReceiptStatus::Pending,
        also_on: Vec::new(),
    };
    let mut change = edited(report, now, |mut line| {
        if line.id == expense {
            line.receipts.push(receipt.clone());
        }
        line
    })?;
    change.after = storable(change.after)?;
    let kind =
        EventKind::ReceiptDeclared { expense_id: expense, receipt_id: receipt.id, name, media_type, size, sha256 };
    Ok((change.telling(permit.actor(), kind, now), receipt))
}

/// Takes a receipt off a line.
///
/// # Errors
/// [`Refusal::InvalidState`] when the report is not with its owner; [`Refusal::UnknownExpense`], [`Refusal::UnknownReceipt`].
pub fn remove_receipt(
    permit: Permit<'_, Edit>,
    expense: ExpenseId,
    receipt: ReceiptId,
    now: Timestamp,
) -> Result<ReportChange, Refusal> {
    let line = permit.report().expense(expense).ok_or(Refusal::UnknownExpense)?;
    if !line.receipts.iter().any(|one| one.id == receipt) {
        return Err(Refusal::UnknownReceipt);
    }
    let report = with_owner(permit, "parted from a receipt")?;
    let change = edited(report, now, |mut line| {
        if line.id == expense {
            line.receipts.retain(|one| one.id != receipt);
        }
        line
    })?;
    let kind = EventKind::ReceiptRemoved { expense_id: expense, receipt_id: receipt };
    Ok(change.telling(permit.actor(), kind, now))
}

/// Notes what came of looking at a receipt's file, and which other reports have the same one; nothing, when that was noted before or the
/// receipt is gone.
///
/// # Errors
/// None in practice: a sum of what was claimed is in range.
pub fn look_at_receipt(
    report: &Report,
    receipt: ReceiptId,
    found: &ReceiptStatus,
    also_on: &[ReportId],
    now: Timestamp,
) -> Result<Option<ReportChange>, Refusal> {
    if !report.receipt(receipt).is_some_and(Receipt::is_pending) {
        return Ok(None);
    }
    let kind = match *found {
        ReceiptStatus::Pending => return Ok(None),
        ReceiptStatus::Clean { .. } => EventKind::ReceiptAccepted { receipt_id: receipt },
        ReceiptStatus::Refused { reason } => EventKind::ReceiptRefused { receipt_id: receipt, reason },
    };
    let change = of_receipt(report, receipt, now, |one| {
        one.status = found.clone();
        one.also_on = also_on.iter().copied().take(MAX_ALSO_ON).collect();
    })?;
    Ok(Some(change.telling_by_itself(kind, now)))
}

/// Notes other reports that came to have the same file while it was looked at; nothing, when they are known, the receipt is gone, or others
/// have the report before them already: then theirs knows of this one.
///
/// # Errors
/// As for [`look_at_receipt`].
pub fn note_duplicates(
    report: &Report,
    receipt: ReceiptId,
    also_on: &[ReportId],
    now: Timestamp,
) -> Result<Option<ReportChange>, Refusal> {
    let Some(known) = report.receipt(receipt).filter(|one| one.is_clean()) else { return Ok(None) };
    let news = also_on.iter().filter(|other| !known.also_on.contains(other)).copied();
    let all: Vec<ReportId> = known.also_on.iter().copied().chain(news).take(MAX_ALSO_ON).collect();
    if all == known.also_on || !report.status.is_with_owner() {
        return Ok(None);
    }
    let change = of_receipt(report, receipt, now, |one| one.also_on.clone_from(&all))?;
    Ok(Some(change.telling_by_itself(EventKind::ReceiptDuplicateFound { receipt_id: receipt }, now)))
}

/// Takes a receipt whose file never came off its lines; nothing, when it came or the receipt is gone.
///
/// # Errors
/// As for [`look_at_receipt`].
pub fn abandon_receipt(report: &Report, receipt: ReceiptId, now: Timestamp) -> Result<Option<ReportChange>, Refusal> {
    if !report.receipt(receipt).is_some_and(Receipt::is_pending) {
        return Ok(None);
    }
    let change = edited(report, now, |mut line| {
        line.receipts.retain(|one| one.id != receipt);
        line
    })?;
    Ok(Some(change.telling_by_itself(EventKind::ReceiptAbandoned { receipt_id: receipt }, now)))
}

/// The change in which a receipt is as `edit` makes it, on every line that has it.
fn of_receipt(
    report: &Report,
    receipt: ReceiptId,
    now: Timestamp,
    edit: impl Fn(&mut Receipt),
) -> Result<ReportChange, Refusal> {
    edited(report, now, |mut line| {
        line.receipts.iter_mut().filter(|one| one.id == receipt).for_each(&edit);
        line
    })
}
