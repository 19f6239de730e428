//! The judgement of lines by the policy. The same lines give the same judgement in whatever order they were entered: what is
//! counted together is counted in the order of what the lines say, not of when they came. It finds violations and caps; whether
//! they stop a submission is for [`crate::change`] to say.

mod limits;
mod lines;

use jiff::civil::Date;

use crate::conversion::{ConversionFault, RateBook};
use crate::expense::Expense;
use crate::ids::ReportId;
use crate::policy::{Field, Policy, Rule, Severity, Violation};
use crate::spending::Spending;

/// What lines are judged by.
#[derive(Clone, Copy, Debug)]
pub struct Grounds<'a> {
    /// The policy.
    pub policy: &'a Policy,
    /// The report, whose own earlier claims do not count.
    pub report: ReportId,
    /// The owner's grade.
    pub grade: Option<&'a str>,
    /// The cost centre of lines that name none.
    pub cost_centre: Option<&'a str>,
    /// What the owner has claimed elsewhere.
    pub spending: &'a Spending,
    /// Rates of today for limits that are not in the base currency.
    pub rates: &'a RateBook,
    /// The day of the judgement.
    pub today: Date,
}

/// What the policy says of lines.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// The lines with their caps.
    pub lines: Vec<Expense>,
    /// What was found, by line.
    pub violations: Vec<Violation>,
}

/// Judges the lines of a report.
///
/// # Errors
/// A limit is in a currency without a rate.
pub fn judge(lines: &[Expense], grounds: &Grounds<'_>) -> Result<Judgement, ConversionFault> {
    let mut lines: Vec<Expense> = lines.iter().cloned().map(Expense::undecided).collect();
    let mut violations: Vec<Violation> = lines.iter().flat_map(|line| lines::judge(line, grounds)).collect();
    violations.extend(lines::receipts(&lines, grounds.policy));
    violations.extend(lines::duplicates(&lines, grounds));
    violations.extend(limits::judge(&mut lines, grounds)?);
    violations.sort_by(|one, other| (&one.expense_ids, one.rule).cmp(&(&other.expense_ids, other.rule)));
    Ok(Judgement { lines, violations })
}

fn violation(rule: Rule, lines: &[&Expense], severity: Severity, field: Field, message: String) -> Violation {
    let mut expense_ids: Vec<_> = lines.iter().map(|line| line.id).collect();
    expense_ids.sort_unstable();
    Violation { rule, expense_ids, severity, message, limit: None, actual: None, field }
}

/// The severity of what wants a justification, and the field that is missing: enough that one of the lines has one.
fn unless_justified(lines: &[&Expense], field: Field) -> (Severity, Field) {
    if lines.iter().any(|line| line.facts.justification.is_some()) {
        (Severity::Warn, field)
    } else {
        (Severity::Block, Field::Justification)
    }
}

/// The amount as it was paid, and beside it what it is in the base currency where that differs.
fn shown(line: &Expense) -> String {
    let amount = match &line.base {
        Some(base) => format!("{} ({})", line.facts.amount, base.amount),
        None => line.facts.amount.to_string(),
    };
    format!("{amount} at {}", line.facts.merchant)
}
