//! Rules on one expense, and on expenses of the same day and merchant.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::context::{EvaluationContext, MerchantDays, lines_at, named_expense, require_justification, violation};
use crate::expense::Expense;
use crate::money::{Currency, Money};
use crate::policy::{
    Category, CostObject, DayOff, ExpenseField, Finding, Policy, RequiredField, Severity, SplitBill, Violation,
    at_least,
};

/// Violations of one expense, whatever the others are.
pub(super) fn evaluate(line: &Expense, context: &EvaluationContext<'_>) -> Vec<Violation> {
    let policy = context.policy;
    let block = |field, finding| violation(finding, &[line], Severity::Block, field);
    let Some(category) = policy.category(&line.facts.category) else {
        let category = line.facts.category.clone();
        return vec![block(ExpenseField::Category, Finding::UnknownCategory { category })];
    };
    let mut violations = Vec::new();
    let date = line.facts.date;
    if category.active_from.is_some_and(|from| date < from) || category.active_until.is_some_and(|until| date > until) {
        let category_name = category.name.clone();
        violations.push(block(ExpenseField::Category, Finding::InactiveCategory { category_name, date }));
    }
    let cost_centre = line.facts.cost_centre.as_ref().or(context.cost_centre);
    if let Some(cost_centre) = unknown(cost_centre, &policy.cost_centres) {
        violations.push(block(ExpenseField::CostCentre, Finding::UnknownCostCentre { cost_centre }));
    }
    if let Some(project) = unknown(line.facts.project.as_ref(), &policy.projects) {
        violations.push(block(ExpenseField::Project, Finding::UnknownProject { project }));
    }
    if !line.facts.is_refund() {
        violations.extend(missing(line, category, context));
        violations.extend(day_off(line, policy));
    }
    violations.extend(too_old(line, policy, context.owner_day));
    violations
}

/// The code, when the policy lists codes and not this one.
fn unknown<Code: PartialEq + Clone>(code: Option<&Code>, known: &[CostObject<Code>]) -> Option<Code> {
    let is_known = |code: &&Code| known.is_empty() || known.iter().any(|object| object.code == **code);
    code.filter(|code| !is_known(code)).cloned()
}

fn missing(line: &Expense, category: &Category, context: &EvaluationContext<'_>) -> Vec<Violation> {
    let facts = &line.facts;
    let state = |required: RequiredField| match required {
        RequiredField::Attendees => (facts.attendees.is_empty(), ExpenseField::Attendees),
        RequiredField::Project => (facts.project.is_none(), ExpenseField::Project),
        RequiredField::CostCentre => {
            (facts.cost_centre.is_none() && context.cost_centre.is_none(), ExpenseField::CostCentre)
        }
        RequiredField::Justification => (facts.justification.is_none(), ExpenseField::Justification),
        RequiredField::Trip => (facts.trip.is_none(), ExpenseField::Trip),
    };
    let violations = category.requires.iter().filter_map(|required| {
        let (is_empty, field) = state(*required);
        let category_name = category.name.clone();
        let finding = Finding::RequiredField { expense: named_expense(line), category_name, field: *required };
        is_empty.then(|| violation(finding, &[line], Severity::Block, field))
    });
    violations.collect()
}

fn day_off(line: &Expense, policy: &Policy) -> Option<Violation> {
    let date = line.facts.date;
    let rule = policy.non_working_days.as_ref().filter(|_| !policy.is_working_day(date))?;
    let (severity, field, consequence) = match rule.severity {
        Severity::Block => (Severity::Block, ExpenseField::Date, None),
        Severity::Warn => require_justification(&[line], ExpenseField::Date),
    };
    let day = if rule.holidays.contains(&date) { DayOff::Holiday } else { DayOff::Weekend };
    let finding = Finding::NonWorkingDay { expense: named_expense(line), date, day, consequence };
    Some(violation(finding, &[line], severity, field))
}

fn too_old(line: &Expense, policy: &Policy, today: Date) -> Option<Violation> {
    let maximum_days = u32::from(policy.maximum_age_days?);
    let days = line.facts.date.until(today).ok().and_then(|span| u32::try_from(span.get_days()).ok())?;
    if days <= maximum_days {
        return None;
    }
    let finding = Finding::MaximumAge { expense: named_expense(line), days, maximum_days };
    Some(violation(finding, &[line], Severity::Warn, ExpenseField::Date))
}

/// Expenses without a required receipt: each alone, or, where splitting is checked, with others of their day and
/// merchant.
pub(super) fn receipts(lines: &[Expense], merchant_days: &MerchantDays<'_>, policy: &Policy) -> Vec<Violation> {
    let Some(from) = policy.receipt_required_from else { return Vec::new() };
    let without_receipt = |line: &&Expense| !line.has_receipt();
    let needs_receipt = |line: &&Expense| at_least(line.amount_in_base(), from);
    let warn = |finding, lines: &[&Expense]| violation(finding, lines, Severity::Warn, ExpenseField::ReceiptReference);
    let alone = lines.iter().filter(without_receipt).filter(needs_receipt);
    let mut violations: Vec<Violation> = alone
        .map(|line| {
            warn(Finding::ReceiptRequired { expense: named_expense(line), receipt_required_from: from }, &[line])
        })
        .collect();
    for merchant_day in merchant_days.values().filter(|merchant_day| policy.splitting && merchant_day.lines.len() > 1) {
        let small: Vec<&Expense> = lines_at(lines, &merchant_day.lines)
            .into_iter()
            .filter(without_receipt)
            .filter(|line| !needs_receipt(line))
            .collect();
        let Ok(sum) = Money::sum(from.currency(), small.iter().map(|line| line.amount_in_base())) else { continue };
        if let [first, _, ..] = small.as_slice()
            && at_least(sum, from)
        {
            let bill = SplitBill::WithoutReceipt {
                merchant: first.facts.merchant.clone(),
                date: first.facts.date,
                count: small.len(),
                actual: sum,
                receipt_required_from: from,
            };
            violations.push(warn(Finding::Splitting(bill), &small));
        }
    }
    violations
}

/// Expenses equal to another one of this report, or to one the owner has claimed, in day, merchant and amount.
pub(super) fn duplicates(
    lines: &[Expense],
    merchant_days: &MerchantDays<'_>,
    context: &EvaluationContext<'_>,
) -> Vec<Violation> {
    // Without the rule, only automatic approval needs the duplicates.
    let rule = context.policy.duplicates;
    if rule.is_none() && context.policy.auto_approve_below.is_none() {
        return Vec::new();
    }
    let mut violations = Vec::new();
    for ((date, _), merchant_day) in merchant_days.iter().filter(|(_, merchant_day)| merchant_day.has_several()) {
        let mut by_amount: BTreeMap<(Currency, i64), Vec<&Expense>> = BTreeMap::new();
        for line in lines_at(lines, &merchant_day.lines) {
            let amount = line.facts.amount;
            by_amount.entry((amount.currency(), amount.minor())).or_default().push(line);
        }
        for lines in by_amount.into_values() {
            let Some(first) = lines.first() else { continue };
            let other_claim = merchant_day.claims.iter().find(|(_, claim)| claim.amount == first.facts.amount);
            if other_claim.is_none() && lines.len() < 2 {
                continue;
            }
            let (severity, field, consequence) = match rule {
                Some(Severity::Block) => (Severity::Block, ExpenseField::Amount, None),
                Some(Severity::Warn) => require_justification(&lines, ExpenseField::Amount),
                None => (Severity::Warn, ExpenseField::Amount, None),
            };
            let finding = Finding::Duplicate {
                expense: named_expense(first),
                date: *date,
                count: lines.len(),
                claimed_in: other_claim.map(|(number, _)| (*number).to_owned()),
                consequence,
            };
            violations.push(violation(finding, &lines, severity, field));
        }
    }
    violations
}
