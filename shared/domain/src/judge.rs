//! The judgement of lines by the policy. The same lines give the same judgement in whatever order they were entered: what is
//! counted together is counted in the order of what the lines say, not of when they came. It finds violations and caps; whether
//! they stop a submission is for [`crate::change`] to say.

mod files;
mod limits;
mod lines;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::conversion::{ConversionFault, RateBook};
use crate::expense::Expense;
use crate::ids::ReportId;
use crate::policy::{Field, Policy, Rule, Severity, Violation};
use crate::spending::{BucketKey, Claim, Spending, merchant_key};

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
    let visits = visits(&lines, grounds);
    let mut violations: Vec<Violation> = lines.iter().flat_map(|line| lines::judge(line, grounds)).collect();
    violations.extend(lines::receipts(&lines, &visits, grounds.policy));
    violations.extend(lines::duplicates(&lines, &visits, grounds));
    violations.extend(lines.iter().flat_map(files::judge));
    violations.extend(limits::judge(&mut lines, &visits, grounds)?);
    violations.sort_by(|one, other| (&one.expense_ids, one.rule).cmp(&(&other.expense_ids, other.rule)));
    Ok(Judgement { lines, violations })
}

/// What was spent on one day at one merchant: lines of the report, by position, and what its owner has claimed elsewhere, with the label
/// of the report.
#[derive(Default)]
struct Visit<'a> {
    lines: Vec<usize>,
    claims: Vec<(&'a str, &'a Claim)>,
}

/// Visits by day and merchant.
type Visits<'a> = BTreeMap<(Date, String), Visit<'a>>;

fn visits<'a>(lines: &[Expense], grounds: &Grounds<'a>) -> Visits<'a> {
    let mut visits = Visits::new();
    let mut months = BTreeSet::new();
    for (at, line) in lines.iter().enumerate() {
        months.insert(BucketKey::month(line.facts.date));
        visits.entry((line.facts.date, merchant_key(&line.facts.merchant))).or_default().lines.push(at);
    }
    for (number, claim) in months.iter().flat_map(|month| grounds.spending.others(month, grounds.report)) {
        if let Some(visit) = visits.get_mut(&(claim.date, claim.merchant.clone())) {
            visit.claims.push((number, claim));
        }
    }
    visits
}

/// The lines at some positions.
fn at<'a>(lines: &'a [Expense], positions: &[usize]) -> Vec<&'a Expense> {
    positions.iter().filter_map(|at| lines.get(*at)).collect()
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
