//! Rules on the receipts of an expense. They apply whatever the policy says: a report is submitted only after its
//! receipts were checked. Other reports with the same file are not named: not every reader may know of them.

use super::context::{named_expense, violation};
use crate::expense::Expense;
use crate::policy::{ExpenseField, Finding, NamedReceipt, Severity, Violation};
use crate::receipt::Receipt;

/// Violations of the receipts of an expense.
pub(super) fn evaluate(line: &Expense) -> Vec<Violation> {
    let affected = |is_affected: &dyn Fn(&Receipt) -> bool| {
        let mut affected = line.receipts.iter().filter(|receipt| is_affected(receipt));
        let first = affected.next()?;
        Some((
            NamedReceipt { expense: named_expense(line), receipt: first.name.clone(), more: affected.count() },
            first,
        ))
    };
    let pending = affected(&Receipt::is_pending).map(|(receipt, _)| Finding::ReceiptPending(receipt));
    let rejected = affected(&|receipt| receipt.rejection_reason().is_some())
        .and_then(|(receipt, first)| Some(Finding::ReceiptRejected { receipt, reason: first.rejection_reason()? }));
    let duplicate =
        affected(&|receipt| !receipt.duplicate_of.is_empty()).map(|(receipt, _)| Finding::DuplicateReceipt(receipt));
    let found = [(pending, Severity::Block), (rejected, Severity::Block), (duplicate, Severity::Warn)];
    found
        .into_iter()
        .filter_map(|(finding, severity)| Some(violation(finding?, &[line], severity, ExpenseField::Receipts)))
        .collect()
}
