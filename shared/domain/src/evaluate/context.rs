//! Input of the evaluation, and helpers that its rules share.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::conversion::RateBook;
use crate::equality::{equality_digest, former_key};
use crate::expense::Expense;
use crate::ids::ReportId;
use crate::policy::{
    Consequence, ExpenseField, Finding, FindingEffect, NamedExpense, Policy, Reaction, RuleEffect, Severity, Violation,
    ViolationFinding,
};
use crate::spending::{ClaimedExpense, Spending, SpendingBucketKey};
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

pub(super) fn merchant_days<'a>(lines: &[Expense], spending: &'a Spending, report: ReportId) -> MerchantDays<'a> {
    let mut merchant_days = MerchantDays::new();
    let mut months = BTreeSet::new();
    for (at, line) in lines.iter().enumerate().filter(|(_, line)| !line.facts.is_refund()) {
        months.insert(SpendingBucketKey::month(line.facts.date));
        merchant_days.entry((line.facts.date, equality_digest(&line.facts.merchant))).or_default().lines.push(at);
    }
    let claims = months.iter().flat_map(|month| spending.claims_of_other_reports(month, report));
    for (number, claim) in claims.filter(|(_, claim)| !claim.is_refund()) {
        if claim.has_former_key() {
            // Claims from before digests match every spelling that they matched then.
            let spells = |at: &usize| lines.get(*at).is_some_and(|l| former_key(&l.facts.merchant) == claim.merchant);
            let days = merchant_days.iter_mut().filter(|((date, _), _)| *date == claim.date);
            days.filter(|(_, day)| day.lines.iter().any(spells)).for_each(|(_, day)| day.claims.push((number, claim)));
        } else if let Some(merchant_day) = merchant_days.get_mut(&(claim.date, claim.merchant.clone())) {
            merchant_day.claims.push((number, claim));
        }
    }
    merchant_days
}

/// Expenses at the given positions.
pub(super) fn lines_at<'a>(lines: &'a [Expense], positions: &[usize]) -> Vec<&'a Expense> {
    positions.iter().filter_map(|at| lines.get(*at)).collect()
}

/// What a finding means for the submission.
#[derive(Clone, Copy)]
pub(super) struct Verdict {
    severity: Severity,
    field: ExpenseField,
    effect: FindingEffect,
    /// Consequence that the finding names.
    pub(super) consequence: Option<Consequence>,
}

impl Verdict {
    /// The report cannot be submitted.
    pub(super) const fn block(field: ExpenseField) -> Self {
        Self { severity: Severity::Block, field, effect: FindingEffect::Block, consequence: None }
    }

    /// Approvers see it.
    pub(super) const fn note(field: ExpenseField) -> Self {
        Self { severity: Severity::Warn, field, effect: FindingEffect::Note, consequence: None }
    }

    /// The excess is not reimbursed.
    pub(super) const fn cap() -> Self {
        let consequence = Some(Consequence::ExcessNotReimbursed);
        Self { severity: Severity::Warn, field: ExpenseField::Amount, effect: FindingEffect::Cap, consequence }
    }

    /// What a rule asks of `lines`. One justified expense is enough.
    pub(super) fn of(reaction: Reaction, lines: &[&Expense], field: ExpenseField) -> Self {
        let effect = FindingEffect::from(reaction.effect);
        if !reaction.accepts_justification() {
            let verdict = if reaction.effect == RuleEffect::Block { Self::block(field) } else { Self::note(field) };
            return Self { effect, ..verdict };
        }
        if lines.iter().any(|line| line.facts.justification.is_some()) {
            return Self { effect, ..Self::note(field) };
        }
        let consequence = Some(Consequence::JustificationNeeded);
        Self { severity: Severity::Block, field: ExpenseField::Justification, effect, consequence }
    }

    /// Violation of a finding on `lines`.
    pub(super) fn on(self, lines: &[&Expense], finding: Finding) -> Violation {
        let mut expense_ids: Vec<_> = lines.iter().map(|line| line.id).collect();
        expense_ids.sort_unstable();
        let Self { severity, field, effect, .. } = self;
        let finding = ViolationFinding::Structured(finding);
        Violation { finding, expense_ids, severity, effect: Some(effect), field }
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
