//! Rules on the receipts of expenses. They apply whatever the policy says: a report is submitted only after its receipts
//! were checked, and the same file behind two expenses is at least shown. Other reports with the same file are not
//! named: not every reader may know of them.

use std::collections::{BTreeMap, BTreeSet};

use super::context::{Verdict, named_expense};
use crate::expense::Expense;
use crate::ids::ReceiptId;
use crate::policy::{ExpenseField, Finding, NamedReceipt, Policy, Reaction, Violation};
use crate::receipt::Receipt;

/// Violations of the receipts of the expenses of a report.
pub(super) fn evaluate(lines: &[Expense], policy: &Policy) -> Vec<Violation> {
    let repeated = repeated_files(lines);
    lines.iter().flat_map(|line| evaluate_line(line, &repeated, policy)).collect()
}

fn evaluate_line(line: &Expense, repeated: &BTreeSet<ReceiptId>, policy: &Policy) -> Vec<Violation> {
    let affected = |is_affected: &dyn Fn(&Receipt) -> bool| {
        let mut affected = line.receipts.iter().filter(|receipt| is_affected(receipt));
        let first = affected.next()?;
        Some((
            NamedReceipt { expense: named_expense(line), receipt: first.name.clone(), more: affected.count() },
            first,
        ))
    };
    let block = Verdict::block(ExpenseField::Receipts);
    let pending = affected(&Receipt::is_pending).map(|(receipt, _)| (block, Finding::ReceiptPending(receipt)));
    let rejected = affected(&|receipt| receipt.rejection_reason().is_some()).and_then(|(receipt, first)| {
        Some((block, Finding::ReceiptRejected { receipt, reason: first.rejection_reason()? }))
    });
    let rule = policy.duplicate_receipts.find(&line.facts.category);
    let reaction = rule.map_or(Reaction::default(), |(_, rule)| rule.reaction);
    let verdict = Verdict::of(reaction, &[line], ExpenseField::Receipts);
    let duplicate = |is_affected: &dyn Fn(&Receipt) -> bool, in_this_report| {
        let (receipt, _) = affected(is_affected)?;
        let consequence = verdict.consequence;
        Some((verdict, Finding::DuplicateReceipt { receipt, in_this_report, consequence }))
    };
    let elsewhere = duplicate(&|receipt| !receipt.duplicate_of.is_empty(), false);
    let here = duplicate(&|receipt| repeated.contains(&receipt.id), true);
    let found = [pending, rejected, elsewhere, here];
    found.into_iter().flatten().map(|(verdict, finding)| verdict.on(&[line], finding)).collect()
}

/// Receipts whose file is also behind another expense under another identifier. The parts of a split share receipts,
/// which is no repetition.
fn repeated_files(lines: &[Expense]) -> BTreeSet<ReceiptId> {
    let mut receipts: BTreeMap<ReceiptId, (&Receipt, BTreeSet<usize>)> = BTreeMap::new();
    for (at, line) in lines.iter().enumerate() {
        for receipt in line.receipts.iter().filter(|receipt| receipt.is_clean()) {
            receipts.entry(receipt.id).or_insert_with(|| (receipt, BTreeSet::new())).1.insert(at);
        }
    }
    let is_repeated = |id: &ReceiptId, receipt: &Receipt, on: &BTreeSet<usize>| {
        let others = receipts.iter().filter(|(other, _)| *other != id);
        let same = others.filter(|(_, (other, _))| other.has_same_file(receipt));
        same.into_iter().any(|(_, (_, other_lines))| other_lines.union(on).count() > 1)
    };
    receipts.iter().filter(|(id, (receipt, on))| is_repeated(id, receipt, on)).map(|(id, _)| *id).collect()
}
