//! Findings on a report that is with its owner: what the policy finds now, and what still stops the submission. A view
//! that is computed when the report is read. Nothing is stored.

use super::submit::report_as_of_now;
use crate::conversion::{ConversionError, RateBook};
use crate::error::DomainError;
use crate::evaluate::{EvaluationContext, evaluate};
use crate::expense::Expense;
use crate::ids::ExpenseId;
use crate::member::Member;
use crate::policy::{ExpenseField, Policy, Severity, Violation};
use crate::report::{MAX_REPORT_BYTES, Report};
use crate::spending::{MAX_SPENDING_BUCKETS, Spending};
use crate::today::Today;

/// Inputs of the evaluation of a report that is with its owner.
#[derive(Clone, Copy, Debug)]
pub struct FindingsContext<'a> {
    /// Policy.
    pub policy: &'a Policy,
    /// Owner of the report.
    pub owner: &'a Member,
    /// Claimed expenses of the owner in the months and trips of the lines.
    pub spending: &'a Spending,
    /// Current rates of the lines, and of the currencies of limits.
    pub rates: &'a RateBook,
}

/// Thing that is missing for a submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingItem {
    /// Stable name: a policy rule, or one of `empty-report`, `periods`, `rate-missing`, `limit` and `maximum`.
    pub rule: &'static str,
    /// Lines that lack it; none for the report as a whole.
    pub expense_ids: Vec<ExpenseId>,
    /// Field of the lines to change.
    pub field: Option<ExpenseField>,
    /// English sentence.
    pub message: String,
}

/// Report with the current findings.
#[derive(Clone, Debug)]
pub struct CurrentFindings {
    /// Report, converted at the rates of now, with caps, totals and violations as a submission would have them.
    pub report: Report,
    /// What still stops the submission.
    pub missing_items: Vec<MissingItem>,
}

/// True when the lines are in too many months and trips to be evaluated.
#[must_use]
pub fn has_too_many_periods(report: &Report) -> bool {
    Spending::bucket_keys(&report.expenses).len() > MAX_SPENDING_BUCKETS
}

/// Finds what the policy finds now. What an approver has not granted of a returned report stays until the owner edits
/// the report.
#[must_use]
pub fn current_findings(report: &Report, context: FindingsContext<'_>, today: Today) -> CurrentFindings {
    let mut missing_items = Vec::new();
    if report.expenses.is_empty() {
        missing_items.push(MissingItem::of_report("empty-report", "A report needs at least one expense."));
    }
    if has_too_many_periods(report) {
        let message = format!("The expenses are in more than {MAX_SPENDING_BUCKETS} months and trips.");
        missing_items.push(MissingItem::of_report("periods", message));
        return CurrentFindings { report: report.clone(), missing_items };
    }
    let report = match report_as_of_now(report, context.policy, context.rates) {
        Ok(report) => report.into_owned(),
        Err(refusal) => {
            missing_items.extend(MissingItem::of_refusal(refusal, report));
            report.clone()
        }
    };
    let evaluation = EvaluationContext {
        policy: context.policy,
        report: report.id,
        grade: context.owner.grade.as_ref(),
        cost_centre: report.cost_centre.as_ref(),
        spending: context.spending,
        rates: context.rates,
        today: today.utc(),
        owner_day: context.owner.local_day(today),
    };
    let (lines, violations) = match evaluate(&report.expenses, &evaluation) {
        Ok(found) => (found.lines, found.violations),
        Err(fault) => {
            missing_items.extend(MissingItem::of_refusal(DomainError::LimitConversion(fault), &report));
            (report.expenses.clone(), Vec::new())
        }
    };
    let lines = lines.into_iter().zip(&report.expenses);
    let lines = lines.map(|(line, stored)| Expense { approved: stored.approved.clone(), ..line }).collect();
    let blocking = violations.iter().filter(|violation| violation.severity == Severity::Block);
    missing_items.extend(blocking.map(MissingItem::of_violation));
    // The sums of the same lines were in range when they were stored; at other rates they may not be.
    let report = report.clone().with_expenses(lines).unwrap_or(report);
    CurrentFindings { report: Report { violations, ..report }, missing_items }.fit_into_answer()
}

impl CurrentFindings {
    /// Drops the findings, and then the items, that the largest answer has no room for.
    fn fit_into_answer(mut self) -> Self {
        let items: usize = self.missing_items.iter().map(MissingItem::bytes).sum();
        if self.report.json_bytes() + items <= MAX_REPORT_BYTES {
            return self;
        }
        let violations = std::mem::take(&mut self.report.violations);
        let mut left = MAX_REPORT_BYTES.saturating_sub(self.report.json_bytes());
        let mut has_room = |bytes: usize| {
            let fits = bytes <= left;
            left -= if fits { bytes } else { 0 };
            fits
        };
        self.missing_items.retain(|item| has_room(item.bytes()));
        self.report.violations =
            violations.into_iter().filter(|violation| has_room(violation_bytes(violation))).collect();
        self
    }
}

/// Upper bound of the bytes of a violation in an answer: parameters and measures, and the sentence.
fn violation_bytes(violation: &Violation) -> usize {
    2 * serde_json::to_string(violation).map_or(0, |json| json.len()) + 2 * violation.message().len()
}

impl MissingItem {
    fn of_report(rule: &'static str, message: impl Into<String>) -> Self {
        Self { rule, expense_ids: Vec::new(), field: None, message: message.into() }
    }

    fn of_violation(violation: &Violation) -> Self {
        Self {
            rule: violation.rule().name(),
            expense_ids: violation.expense_ids.clone(),
            field: Some(violation.field),
            message: violation.message().into_owned(),
        }
    }

    /// Items of a refusal to convert lines, or to compare a limit.
    fn of_refusal(refusal: DomainError, report: &Report) -> Vec<Self> {
        match refusal {
            DomainError::Conversion(faults) => {
                let id = |at: Option<usize>| at.and_then(|at| report.expenses.get(at)).map(|line| line.id);
                let item = |(at, fault): (Option<usize>, ConversionError)| Self {
                    rule: match fault {
                        ConversionError::RateMissing { .. } => "rate-missing",
                        ConversionError::TooLarge => "maximum",
                    },
                    expense_ids: id(at).into_iter().collect(),
                    field: Some(ExpenseField::Amount),
                    message: fault.to_string(),
                };
                faults.into_iter().map(item).collect()
            }
            DomainError::LimitConversion(fault) => {
                vec![Self::of_report("limit", format!("A limit of the policy: {fault}."))]
            }
            _ => vec![Self::of_report("maximum", "The total is larger than any amount.")],
        }
    }

    /// Upper bound of the bytes in an answer.
    fn bytes(&self) -> usize {
        150 + 2 * self.message.len() + 40 * self.expense_ids.len()
    }
}
