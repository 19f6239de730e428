//! Rule on refunds: each takes back at most what is left of the expense it refunds, and together they are at most the
//! expenses of the report with the same payment method. It applies under every policy.

use super::context::{EvaluationContext, Verdict, named_expense};
use crate::expense::{Expense, PaymentMethod};
use crate::money::Money;
use crate::policy::{ExpenseField, Finding, Violation};
use crate::refund::{Refundable, settle};
use crate::spending::SpendingBucketKey;

/// Evaluates the refunds, and sets the granted amount that each takes back.
pub(super) fn evaluate(lines: &mut [Expense], context: &EvaluationContext<'_>) -> Vec<Violation> {
    let refunds = settle(lines, |refund, of| {
        let month = SpendingBucketKey::month(of.date);
        let claims = || context.spending.claims_of_other_reports(&month, context.report).map(|(_, claim)| claim);
        let is_same_payment = |amount: Money, method| {
            amount.currency() == refund.facts.amount.currency() && method == refund.facts.payment_method
        };
        let expense = claims().find(|claim| {
            claim.expense_id == of.expense_id
                && claim.date == of.date
                && is_same_payment(claim.amount, claim.payment_method)
        })?;
        let earlier = claims().filter(|claim| claim.refund_of == Some(of.expense_id));
        // Amounts of refunds are negative.
        let (refunded, taken_back) = earlier.fold((0_i64, 0_i64), |(amount, granted), claim| {
            (amount.saturating_add(claim.amount.minor()), granted.saturating_add(claim.granted.minor()))
        });
        Some(Refundable {
            left: expense.amount.minor().saturating_add(refunded).max(0),
            not_granted: (expense.amount.minor() - expense.granted.minor() + refunded - taken_back).max(0),
        })
    });
    let mut violations = Vec::new();
    for refund in refunds {
        let Some(line) = lines.get_mut(refund.position) else { continue };
        line.cap = Some(refund.granted).filter(|granted| *granted != line.facts.amount && !refund.is_excessive);
        if refund.is_excessive {
            violations.push(excess(line, refund.refundable));
        }
    }
    if violations.is_empty() {
        violations.extend([PaymentMethod::Personal, PaymentMethod::CompanyCard].iter().filter_map(|method| {
            let paid = lines.iter().filter(|line| line.facts.payment_method == *method);
            let sum =
                |amount: fn(&Expense) -> Money| paid.clone().map(|line| i128::from(amount(line).minor())).sum::<i128>();
            let refund = paid.clone().find(|line| line.facts.is_refund())?;
            let is_negative = sum(Expense::amount_in_base) < 0;
            let spent = i64::try_from(sum(|line| line.amount_in_base().at_least_zero())).unwrap_or(i64::MAX);
            is_negative.then(|| excess(refund, Money::from_minor(spent, context.rates.base())))
        }));
    }
    violations
}

fn excess(line: &Expense, refundable: Money) -> Violation {
    let finding = Finding::Refund { expense: named_expense(line), refundable };
    Verdict::block(ExpenseField::Amount).on(&[line], finding)
}
