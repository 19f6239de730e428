//! Rules on one expense, and on expenses of the same day and merchant.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::context::{EvaluationContext, MerchantDays, Verdict, lines_at, named_expense};
use crate::expense::Expense;
use crate::money::{Currency, Money};
use crate::policy::{
    Category, CostObject, DEFAULT_RATE_AGE_DAYS, DayOff, ExpenseField, Finding, Policy, Reaction, RequiredField,
    SplitBill, Violation, at_least,
};

/// Violations of one expense, whatever the others are.
pub(super) fn evaluate(line: &Expense, context: &EvaluationContext<'_>) -> Vec<Violation> {
    let policy = context.policy;
    let block = |field, finding| Verdict::block(field).on(&[line], finding);
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
    violations.extend(stale_rate(line, policy));
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
        is_empty.then(|| Verdict::block(field).on(&[line], finding))
    });
    violations.collect()
}

fn day_off(line: &Expense, policy: &Policy) -> Option<Violation> {
    let date = line.facts.date;
    let rule = policy.non_working_days.as_ref().filter(|_| !policy.is_working_day(date))?;
    let verdict = Verdict::of(rule.reaction(), &[line], ExpenseField::Date);
    let day = if rule.holidays.contains(&date) { DayOff::Holiday } else { DayOff::Weekend };
    let consequence = verdict.consequence;
    let finding = Finding::NonWorkingDay { expense: named_expense(line), date, day, consequence };
    Some(verdict.on(&[line], finding))
}

fn too_old(line: &Expense, policy: &Policy, today: Date) -> Option<Violation> {
    let (_, rule) = policy.maximum_age_days.find(&line.facts.category)?;
    let maximum_days = u32::from(rule.bound);
    let days = line.facts.date.until(today).ok().and_then(|span| u32::try_from(span.get_days()).ok())?;
    if days <= maximum_days {
        return None;
    }
    let verdict = Verdict::of(rule.reaction, &[line], ExpenseField::Date);
    let consequence = verdict.consequence;
    let finding = Finding::MaximumAge { expense: named_expense(line), days, maximum_days, consequence };
    Some(verdict.on(&[line], finding))
}

/// An expense that is converted at a rate of a day too long before it.
fn stale_rate(line: &Expense, policy: &Policy) -> Option<Violation> {
    let rule = policy.maximum_rate_age_days.find(&line.facts.category).map(|(_, rule)| rule);
    let maximum_days = u32::from(rule.map_or(DEFAULT_RATE_AGE_DAYS, |rule| rule.bound));
    let rate_date = [&line.converted, &line.base].into_iter().flatten().map(|conversion| conversion.date).min()?;
    let days = rate_date.until(line.facts.date).ok().and_then(|span| u32::try_from(span.get_days()).ok())?;
    if days <= maximum_days {
        return None;
    }
    let reaction = rule.map_or(Reaction::default(), |rule| rule.reaction);
    let verdict = Verdict::of(reaction, &[line], ExpenseField::Amount);
    let (expense, consequence) = (named_expense(line), verdict.consequence);
    Some(verdict.on(&[line], Finding::RateAge { expense, rate_date, days, maximum_days, consequence }))
}

/// Expenses without a required receipt: each alone, or, where splitting is checked, with others of their day and
/// merchant that the same rule is for.
pub(super) fn receipts(lines: &[Expense], merchant_days: &MerchantDays<'_>, policy: &Policy) -> Vec<Violation> {
    let rules = &policy.receipt_required_from;
    let field = ExpenseField::ReceiptReference;
    let mut violations = Vec::new();
    let rule_of = |line: &Expense| rules.find(&line.facts.category).filter(|_| !line.has_receipt());
    let needs_receipt = |line: &Expense, from| at_least(line.amount_in_base(), from);
    for line in lines {
        let Some((_, rule)) = rule_of(line).filter(|(_, rule)| needs_receipt(line, rule.bound)) else { continue };
        let verdict = Verdict::of(rule.reaction, &[line], field);
        violations.push(verdict.on(
            &[line],
            Finding::ReceiptRequired {
                expense: named_expense(line),
                receipt_required_from: rule.bound,
                consequence: verdict.consequence,
            },
        ));
    }
    for merchant_day in merchant_days.values().filter(|merchant_day| policy.splitting && merchant_day.lines.len() > 1) {
        let mut by_rule: BTreeMap<usize, Vec<&Expense>> = BTreeMap::new();
        for line in lines_at(lines, &merchant_day.lines) {
            if let Some((at, _)) = rule_of(line).filter(|(_, rule)| !needs_receipt(line, rule.bound)) {
                by_rule.entry(at).or_default().push(line);
            }
        }
        for (at, small) in by_rule {
            let Some(rule) = rules.as_slice().get(at) else { continue };
            let from = rule.bound;
            let Ok(sum) = Money::sum(from.currency(), small.iter().map(|line| line.amount_in_base())) else { continue };
            if let [first, _, ..] = small.as_slice()
                && at_least(sum, from)
            {
                let verdict = Verdict::of(rule.reaction, &small, field);
                let bill = SplitBill::WithoutReceipt {
                    merchant: first.facts.merchant.clone(),
                    date: first.facts.date,
                    count: small.len(),
                    actual: sum,
                    receipt_required_from: from,
                    consequence: verdict.consequence,
                };
                violations.push(verdict.on(&small, Finding::Splitting(bill)));
            }
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
            let lines = if other_claim.is_some() { lines } else { repetitions(&lines, context) };
            let Some((first, reaction)) = lines.first().copied().zip(duplicate_reaction(&lines, context)) else {
                continue;
            };
            let verdict = Verdict::of(reaction, &lines, ExpenseField::Amount);
            let finding = Finding::Duplicate {
                expense: named_expense(first),
                date: *date,
                count: lines.len(),
                claimed_in: other_claim.map(|(number, _)| (*number).to_owned()),
                consequence: verdict.consequence,
            };
            violations.push(verdict.on(&lines, finding));
        }
    }
    violations
}

/// The strictest reaction to duplicates for the categories of `lines`; none without a rule. Then only automatic
/// approval needs the duplicates.
fn duplicate_reaction(lines: &[&Expense], context: &EvaluationContext<'_>) -> Option<Reaction> {
    let rules = lines.iter().filter_map(|line| context.policy.duplicates.find(&line.facts.category));
    let strictest = rules.map(|(_, rule)| rule.reaction).max_by_key(|it| (it.effect, !it.unless_justified));
    strictest.or_else(|| context.policy.auto_approve_below.map(|_| Reaction::default()))
}

/// Those of equal expenses that repeat each other: neither parts of one split, nor on different cost centres or
/// projects.
fn repetitions<'a>(equal: &[&'a Expense], context: &EvaluationContext<'_>) -> Vec<&'a Expense> {
    let bearer = |line: &Expense| {
        let cost_centre = line.facts.cost_centre.as_ref().or(context.cost_centre);
        (cost_centre.cloned(), line.facts.project.clone())
    };
    let repeats = |line: &Expense, other: &Expense| {
        let same_split = line.split_from.is_some() && line.split_from == other.split_from;
        line.id != other.id && !same_split && bearer(line) == bearer(other)
    };
    equal.iter().copied().filter(|line| equal.iter().any(|other| repeats(line, other))).collect()
}
