//! Evaluation of expenses by the policy: violations and caps. The result does not depend on the order of entry:
//! expenses that count together are taken in the order of their contents. [`crate::change`] decides whether violations
//! stop a submission.

mod context;
mod files;
mod limits;
mod lines;
mod parts;
mod refunds;

use crate::conversion::ConversionError;
use crate::expense::Expense;
use crate::policy::Violation;

use context::merchant_days;

pub use context::EvaluationContext;
pub use parts::{SplitOverReports, bills_in_other_reports, reports_with_parts};

/// Result of an evaluation.
#[derive(Clone, Debug)]
pub struct Evaluation {
    /// The expenses with their caps.
    pub lines: Vec<Expense>,
    /// The violations, ordered by expense and rule.
    pub violations: Vec<Violation>,
}

/// Evaluates the expenses of a report.
///
/// # Errors
/// A limit is in a currency without a rate.
pub fn evaluate(lines: &[Expense], context: &EvaluationContext<'_>) -> Result<Evaluation, ConversionError> {
    let mut lines: Vec<Expense> = lines.iter().cloned().map(Expense::without_decisions).collect();
    let merchant_days = merchant_days(&lines, context.spending, context.report);
    let mut violations: Vec<Violation> = lines.iter().flat_map(|line| lines::evaluate(line, context)).collect();
    violations.extend(lines::receipts(&lines, &merchant_days, context.policy));
    violations.extend(lines::duplicates(&lines, &merchant_days, context));
    violations.extend(files::evaluate(&lines, context.policy));
    violations.extend(limits::evaluate(&mut lines, &merchant_days, context)?);
    violations.extend(refunds::evaluate(&mut lines, context));
    violations.sort_by(|one, other| (&one.expense_ids, one.rule()).cmp(&(&other.expense_ids, other.rule())));
    Ok(Evaluation { lines, violations })
}
