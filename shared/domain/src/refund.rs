//! Refunds: lines with a negative amount. A refund takes back at most what it refunds: the expense it names, or else the
//! lines of its report with the same merchant, currency and payment method. Refunds never count towards limits, bands
//! and thresholds, so they cannot make room there.

use std::collections::BTreeMap;

use crate::equality::equality_digest;
use crate::expense::{Expense, RefundOf};
use crate::ids::ExpenseId;
use crate::money::Money;

/// Expense that can be refunded: what is left of it, in minor units.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refundable {
    /// Amount that has not been refunded yet.
    pub(crate) left: i64,
    /// Part of it that was not granted. A refund takes back this part first.
    pub(crate) not_granted: i64,
}

/// Effect of a refund.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refund {
    /// Position of the line.
    pub(crate) position: usize,
    /// Largest possible refund; smaller than the refund when that is too large.
    pub(crate) refundable: Money,
    /// True when the refund is larger.
    pub(crate) is_excessive: bool,
    /// Granted amount that is taken back: negative, or zero.
    pub(crate) granted: Money,
}

impl Refundable {
    /// Takes an amount; returns the part of it that had been granted.
    fn take(&mut self, amount: i64) -> i64 {
        let from_not_granted = amount.min(self.not_granted);
        self.left -= amount;
        self.not_granted -= from_not_granted;
        amount - from_not_granted
    }
}

/// Settles the refunds of a report with the expenses that they refund. `elsewhere` finds an expense of another report.
pub(crate) fn settle(lines: &[Expense], elsewhere: impl Fn(&Expense, RefundOf) -> Option<Refundable>) -> Vec<Refund> {
    let expenses = lines.iter().filter(|line| !line.facts.is_refund());
    let mut here: BTreeMap<ExpenseId, Refundable> = expenses
        .map(|line| {
            let (amount, granted) = (line.facts.amount.minor(), line.granted().minor());
            (line.id, Refundable { left: amount, not_granted: amount - granted })
        })
        .collect();
    let mut others: BTreeMap<ExpenseId, Refundable> = BTreeMap::new();
    let mut refunds: Vec<(usize, &Expense)> =
        lines.iter().enumerate().filter(|(_, line)| line.facts.is_refund()).collect();
    // Refunds that name their expense first: the others take what they leave.
    refunds.sort_by_key(|(_, line)| (line.facts.refund_of.is_none(), line.id));
    let mut settled = Vec::with_capacity(refunds.len());
    for (position, refund) in refunds {
        let wanted = refund.facts.amount.minor().saturating_neg();
        let matching = |line: &&Expense| !line.facts.is_refund() && is_same_payment(line, refund);
        let (mut left, mut taken_back) = (wanted, 0);
        let mut take = |refundable: &mut Refundable| {
            let amount = left.min(refundable.left);
            left -= amount;
            taken_back += refundable.take(amount);
        };
        match refund.facts.refund_of {
            Some(of) if here.contains_key(&of.expense_id) => {
                let named = lines.iter().filter(matching).find(|line| line.id == of.expense_id);
                if let Some(refundable) = named.and_then(|line| here.get_mut(&line.id)) {
                    take(refundable);
                }
            }
            Some(of) => {
                if let Some(found) = elsewhere(refund, of) {
                    take(others.entry(of.expense_id).or_insert(found));
                }
            }
            None => {
                let same_merchant =
                    |line: &&Expense| equality_digest(&line.facts.merchant) == equality_digest(&refund.facts.merchant);
                for line in lines.iter().filter(matching).filter(same_merchant) {
                    if let Some(refundable) = here.get_mut(&line.id) {
                        take(refundable);
                    }
                }
            }
        }
        let currency = refund.facts.amount.currency();
        settled.push(Refund {
            position,
            refundable: Money::from_minor(wanted - left, currency),
            is_excessive: left > 0,
            granted: Money::from_minor(taken_back, currency).negated(),
        });
    }
    settled
}

/// True when a refund comes back the way the expense was paid: in the same currency, to the same person.
fn is_same_payment(line: &Expense, refund: &Expense) -> bool {
    line.facts.amount.currency() == refund.facts.amount.currency()
        && line.facts.payment_method == refund.facts.payment_method
}

/// First line whose refund is larger than what this report knows of, with the largest possible refund. An expense of
/// another report is checked at submission.
pub(crate) fn first_excess(lines: &[Expense]) -> Option<(usize, Money)> {
    let elsewhere = |_: &Expense, _| Some(Refundable { left: i64::MAX, not_granted: 0 });
    let refunds = settle(lines, elsewhere);
    refunds.into_iter().find(|refund| refund.is_excessive).map(|refund| (refund.position, refund.refundable))
}
