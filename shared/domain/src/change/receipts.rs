//! Receipts of a line. Owner and preparer declare and remove them while the report is with its owner; the backend
//! records inspection results. Receipts that approvers have seen never change. Files are not read here.

use jiff::{SignedDuration, Timestamp};

use super::{ReportChange, check_size};
use crate::error::DomainError;
use crate::event::EventKind;
use crate::expense::Expense;
use crate::ids::{ExpenseId, IdGenerator, ReceiptId, ReportId};
use crate::permission::{Edit, Permit};
use crate::receipt::{
    MAX_DUPLICATES, MAX_RECEIPTS_PER_EXPENSE, MAX_RECEIPTS_PER_REPORT, MediaType, Receipt, ReceiptStatus,
    UPLOAD_TTL_SECONDS,
};
use crate::report::Report;
use crate::text::{FileName, Sha256Hex};

/// Validated declaration of a file before its upload.
#[derive(Clone, Debug)]
pub struct ReceiptDeclaration {
    /// File name.
    pub name: FileName,
    /// Media type.
    pub media_type: MediaType,
    /// Size in bytes.
    pub size: u64,
    /// SHA-256 of the file, in lower-case hexadecimal.
    pub sha256: Sha256Hex,
}

/// Report of the permit, if it is with its owner.
fn editable_report<'a>(permit: Permit<'a, Edit>, action: &'static str) -> Result<&'a Report, DomainError> {
    let report = permit.report();
    if report.status.is_with_owner() {
        Ok(report)
    } else {
        Err(DomainError::InvalidState { status: report.status, action })
    }
}

/// Starts a change with edited lines. Amounts stay the same.
fn edit_lines(report: &Report, now: Timestamp, edit: impl Fn(Expense) -> Expense) -> Result<ReportChange, DomainError> {
    let change = ReportChange::on(report, now);
    let lines = report.expenses.iter().cloned().map(edit).collect();
    // Equal amounts have equal sums, so this cannot fail.
    let after = change.after.with_expenses(lines).map_err(|_| DomainError::TotalTooLarge)?;
    Ok(ReportChange { after, ..change })
}

/// Declares a file as a receipt of a line. It counts as a receipt after upload and inspection.
///
/// # Errors
/// [`DomainError::InvalidState`] when the report is not with its owner, [`DomainError::UnknownExpense`],
/// [`DomainError::TooManyReceipts`], [`DomainError::ReportTooLarge`].
pub fn declare_receipt(
    permit: Permit<'_, Edit>,
    expense: ExpenseId,
    declared: ReceiptDeclaration,
    ids: &mut IdGenerator,
    now: Timestamp,
) -> Result<(ReportChange, Receipt), DomainError> {
    let line = permit.report().expense(expense).ok_or(DomainError::UnknownExpense)?;
    let report = editable_report(permit, "given a receipt")?;
    if line.receipts.len() >= MAX_RECEIPTS_PER_EXPENSE {
        return Err(DomainError::TooManyReceipts { subject: "An expense", max: MAX_RECEIPTS_PER_EXPENSE });
    }
    if report.receipts().len() >= MAX_RECEIPTS_PER_REPORT {
        return Err(DomainError::TooManyReceipts { subject: "A report", max: MAX_RECEIPTS_PER_REPORT });
    }
    let ReceiptDeclaration { name, media_type, size, sha256 } = declared;
    let receipt = Receipt {
        id: ids.next_id(),
        name: name.clone(),
        media_type,
        size,
        sha256: sha256.clone(),
        by: permit.actor().id,
        upload_until: now.saturating_add(SignedDuration::from_secs(UPLOAD_TTL_SECONDS)).unwrap_or(now),
        status: ReceiptStatus::Pending,
        duplicate_of: Vec::new(),
    };
    let mut change = edit_lines(report, now, |mut line| {
        if line.id == expense {
            line.receipts.push(receipt.clone());
        }
        line
    })?;
    change.after = check_size(change.after)?;
    let kind =
        EventKind::ReceiptDeclared { expense_id: expense, receipt_id: receipt.id, name, media_type, size, sha256 };
    Ok((change.record_event(permit.actor(), kind, now), receipt))
}

/// Removes a receipt from a line.
///
/// # Errors
/// [`DomainError::InvalidState`] when the report is not with its owner; [`DomainError::UnknownExpense`],
/// [`DomainError::UnknownReceipt`].
pub fn remove_receipt(
    permit: Permit<'_, Edit>,
    expense: ExpenseId,
    receipt: ReceiptId,
    now: Timestamp,
) -> Result<ReportChange, DomainError> {
    let line = permit.report().expense(expense).ok_or(DomainError::UnknownExpense)?;
    if !line.receipts.iter().any(|one| one.id == receipt) {
        return Err(DomainError::UnknownReceipt);
    }
    let report = editable_report(permit, "deprived of a receipt")?;
    let change = edit_lines(report, now, |mut line| {
        if line.id == expense {
            line.receipts.retain(|one| one.id != receipt);
        }
        line
    })?;
    let kind = EventKind::ReceiptRemoved { expense_id: expense, receipt_id: receipt };
    Ok(change.record_event(permit.actor(), kind, now))
}

/// Records the inspection result of a receipt's file and the other reports with the same file. `None` when a result is
/// recorded already or the receipt was removed.
///
/// # Errors
/// [`DomainError::TotalTooLarge`], which cannot happen: amounts do not change.
pub fn record_inspection(
    report: &Report,
    receipt: ReceiptId,
    result: &ReceiptStatus,
    duplicate_of: &[ReportId],
    now: Timestamp,
) -> Result<Option<ReportChange>, DomainError> {
    if !report.receipt(receipt).is_some_and(Receipt::is_pending) {
        return Ok(None);
    }
    let kind = match *result {
        ReceiptStatus::Pending => return Ok(None),
        ReceiptStatus::Clean { .. } => EventKind::ReceiptAccepted { receipt_id: receipt },
        ReceiptStatus::Rejected { reason } => EventKind::ReceiptRejected { receipt_id: receipt, reason },
    };
    let change = edit_receipt(report, receipt, now, |one| {
        one.status = result.clone();
        one.duplicate_of = duplicate_of.iter().copied().take(MAX_DUPLICATES).collect();
    })?;
    Ok(Some(change.record_system_event(kind, now)))
}

/// Records other reports that received the same file during the inspection. `None` when they are known, the receipt was
/// removed, or the report was submitted: then the other report records the duplicate.
///
/// # Errors
/// Those of [`record_inspection`].
pub fn record_duplicates(
    report: &Report,
    receipt: ReceiptId,
    duplicate_of: &[ReportId],
    now: Timestamp,
) -> Result<Option<ReportChange>, DomainError> {
    let Some(known) = report.receipt(receipt).filter(|one| one.is_clean()) else { return Ok(None) };
    let new = duplicate_of.iter().filter(|other| !known.duplicate_of.contains(other)).copied();
    let all: Vec<ReportId> = known.duplicate_of.iter().copied().chain(new).take(MAX_DUPLICATES).collect();
    if all == known.duplicate_of || !report.status.is_with_owner() {
        return Ok(None);
    }
    let change = edit_receipt(report, receipt, now, |one| one.duplicate_of.clone_from(&all))?;
    Ok(Some(change.record_system_event(EventKind::ReceiptDuplicateFound { receipt_id: receipt }, now)))
}

/// Removes a receipt whose file was not uploaded in time. `None` when the file arrived or the receipt was removed.
///
/// # Errors
/// Those of [`record_inspection`].
pub fn abandon_receipt(
    report: &Report,
    receipt: ReceiptId,
    now: Timestamp,
) -> Result<Option<ReportChange>, DomainError> {
    if !report.receipt(receipt).is_some_and(Receipt::is_pending) {
        return Ok(None);
    }
    let change = edit_lines(report, now, |mut line| {
        line.receipts.retain(|one| one.id != receipt);
        line
    })?;
    Ok(Some(change.record_system_event(EventKind::ReceiptAbandoned { receipt_id: receipt }, now)))
}

/// Starts a change with an edited receipt, on every line that has it.
fn edit_receipt(
    report: &Report,
    receipt: ReceiptId,
    now: Timestamp,
    edit: impl Fn(&mut Receipt),
) -> Result<ReportChange, DomainError> {
    edit_lines(report, now, |mut line| {
        line.receipts.iter_mut().filter(|one| one.id == receipt).for_each(&edit);
        line
    })
}
