//! Rules on the files behind a line. They hold whatever the policy says: nothing is submitted before its receipts were looked at.

use super::{shown, violation};
use crate::expense::Expense;
use crate::policy::{Field, Rule, Severity, Violation};
use crate::receipt::Receipt;

/// What is wrong with the receipts of a line. Other reports with the same file are not named: not everybody who reads this may know of them.
pub(super) fn judge(line: &Expense) -> Vec<Violation> {
    let found = |rule, severity, which: &dyn Fn(&Receipt) -> bool, says: &dyn Fn(&Receipt) -> String| {
        let mut concerned = line.receipts.iter().filter(|receipt| which(receipt));
        let first = concerned.next()?;
        let more = match concerned.count() {
            0 => String::new(),
            count => format!(" (and {count} more)"),
        };
        let message = format!("{}: the receipt {}{more} {}", shown(line), first.name, says(first));
        Some(violation(rule, &[line], severity, Field::Receipts, message))
    };
    let refused = |receipt: &Receipt| {
        let why = receipt.refused().map(|reason| format!(" {}", reason.sentence())).unwrap_or_default();
        format!("was refused.{why} Remove it.")
    };
    [
        found(Rule::ReceiptPending, Severity::Block, &Receipt::is_pending, &|_| {
            "is not there yet, or not looked at. Upload it, wait a moment, or remove it.".to_owned()
        }),
        found(Rule::ReceiptRefused, Severity::Block, &|receipt| receipt.refused().is_some(), &refused),
        found(Rule::DuplicateReceipt, Severity::Warn, &|receipt| !receipt.also_on.is_empty(), &|_| {
            "is on another report too.".to_owned()
        }),
    ]
    .into_iter()
    .flatten()
    .collect()
}
