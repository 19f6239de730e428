//! Input of the evaluation, and helpers that its rules share.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::conversion::RateBook;
use crate::expense::Expense;
use crate::ids::ReportId;
use crate::policy::{Consequence, ExpenseField, Finding, NamedExpense, Policy, Severity, Violation, ViolationFinding};
use crate::spending::{ClaimedExpense, Spending, SpendingBucketKey, merchant_key};
use crate::text::{CostCentreCode, Grade};

/// Rules and facts that expenses are evaluated with.
#[derive(Clone, Copy, Debug)]
pub struct EvaluationContext<'a> {
    /// The policy.
    pub policy: &'a Policy,
    /// The report. Its own earlier claims do not count.
    pub report: ReportId,
    /// The owner's grade.
    pub grade: Option<&'a Grade>,
    /// Cost centre of expenses that name none.
    pub cost_centre: Option<&'a CostCentreCode>,
    /// Expenses the owner has claimed.
    pub spending: &'a Spending,
    /// Rates of today, for limits in other currencies than the base currency.
    pub rates: &'a RateBook,
    /// Day of the evaluation in UTC, for rates.
    pub today: Date,
    /// Day of the evaluation in the owner's time zone, for the age of expenses.
    pub owner_day: Date,
}

/// Spending of one day at one merchant, without refunds: expenses of the report, by position, and those the owner has claimed in other
/// reports, with the number of the report.
#[derive(Default)]
pub(super) struct MerchantDay<'a> {
    pub(super) lines: Vec<usize>,
    pub(super) claims: Vec<(&'a str, &'a ClaimedExpense)>,
}

impl MerchantDay<'_> {
    /// True when there are several expenses, those of other reports included.
    pub(super) const fn has_several(&self) -> bool {
        self.lines.len() + self.claims.len() > 1
    }
}

/// Spending by day and merchant.
pub(super) type MerchantDays<'a> = BTreeMap<(Date, String), MerchantDay<'a>>;

pub(super) fn merchant_days<'a>(lines: &[Expense], context: &EvaluationContext<'a>) -> MerchantDays<'a> {
    let mut merchant_days = MerchantDays::new();
    let mut months = BTreeSet::new();
    for (at, line) in lines.iter().enumerate().filter(|(_, line)| !line.facts.is_refund()) {
        months.insert(SpendingBucketKey::month(line.facts.date));
        merchant_days.entry((line.facts.date, merchant_key(&line.facts.merchant))).or_default().lines.push(at);
    }
    let claims = months.iter().flat_map(|month| context.spending.claims_of_other_reports(month, context.report));
    for (number, claim) in claims.filter(|(_, claim)| !claim.is_refund()) {
        if let Some(merchant_day) = merchant_days.get_mut(&(claim.date, claim.merchant.clone())) {
            merchant_day.claims.push((number, claim));
        }
    }
    merchant_days
}

/// Expenses at the given positions.
pub(super) fn lines_at<'a>(lines: &'a [Expense], positions: &[usize]) -> Vec<&'a Expense> {
    positions.iter().filter_map(|at| lines.get(*at)).collect()
}

/// Violation of a finding on `lines`.
pub(super) fn violation(finding: Finding, lines: &[&Expense], severity: Severity, field: ExpenseField) -> Violation {
    let mut expense_ids: Vec<_> = lines.iter().map(|line| line.id).collect();
    expense_ids.sort_unstable();
    Violation { finding: ViolationFinding::Structured(finding), expense_ids, severity, field }
}

/// Severity, field and consequence of a finding that a justification permits. One justified expense is enough.
pub(super) fn require_justification(
    lines: &[&Expense],
    field: ExpenseField,
) -> (Severity, ExpenseField, Option<Consequence>) {
    if lines.iter().any(|line| line.facts.justification.is_some()) {
        (Severity::Warn, field, None)
    } else {
        (Severity::Block, ExpenseField::Justification, Some(Consequence::JustificationNeeded))
    }
}

/// The expense as findings name it.
pub(super) fn named_expense(line: &Expense) -> NamedExpense {
    NamedExpense {
        amount: line.facts.amount,
        base_amount: line.base.as_ref().map(|base| base.amount),
        merchant: line.facts.merchant.clone(),
    }
}
