//! Rules that look at one line, or at lines of the same day and merchant.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::{Grounds, Visits, at, shown, unless_justified, violation};
use crate::expense::Expense;
use crate::money::{Currency, Money};
use crate::policy::{Category, CostObject, Field, Measure, Policy, Required, Rule, Severity, Violation, at_least};

/// What is wrong with a line by itself.
pub(super) fn judge(line: &Expense, grounds: &Grounds<'_>) -> Vec<Violation> {
    let policy = grounds.policy;
    let found = |rule, field, message| violation(rule, &[line], Severity::Block, field, message);
    let Some(category) = policy.category(&line.facts.category) else {
        let message = format!("{} is not a category of the policy.", line.facts.category);
        return vec![found(Rule::UnknownCategory, Field::Category, message)];
    };
    let mut violations = Vec::new();
    let day = line.facts.date;
    if category.active_from.is_some_and(|from| day < from) || category.active_until.is_some_and(|until| day > until) {
        let message = format!("The category {} is not in use on {day}.", category.name);
        violations.push(found(Rule::InactiveCategory, Field::Category, message));
    }
    let objects = [
        (
            Rule::UnknownCostCentre,
            Field::CostCentre,
            "cost centre",
            line.facts.cost_centre.as_deref().or(grounds.cost_centre),
            &policy.cost_centres,
        ),
        (Rule::UnknownProject, Field::Project, "project", line.facts.project.as_deref(), &policy.projects),
    ];
    for (rule, field, what, code, known) in objects {
        if let Some(code) = code.filter(|code| !is_known(code, known)) {
            violations.push(found(rule, field, format!("{code} is not a {what} of the policy.")));
        }
    }
    violations.extend(missing(line, category, grounds));
    violations.extend(day_off(line, policy));
    violations.extend(too_old(line, policy, grounds.today));
    violations
}

fn is_known(code: &str, known: &[CostObject]) -> bool {
    known.is_empty() || known.iter().any(|object| object.code == code)
}

fn missing(line: &Expense, category: &Category, grounds: &Grounds<'_>) -> Vec<Violation> {
    let facts = &line.facts;
    let empty = |required: &Required| match required {
        Required::Attendees => (facts.attendees.is_empty(), Field::Attendees, "who was there"),
        Required::Project => (facts.project.is_none(), Field::Project, "the project"),
        Required::CostCentre => {
            let none = facts.cost_centre.is_none() && grounds.cost_centre.is_none();
            (none, Field::CostCentre, "the cost centre")
        }
        Required::Justification => (facts.justification.is_none(), Field::Justification, "a justification"),
        Required::Trip => (facts.trip.is_none(), Field::Trip, "the trip"),
    };
    let missing = category.requires.iter().map(empty).filter(|(empty, ..)| *empty);
    let told = missing.map(|(_, field, what)| {
        let message = format!("{}: an expense of the category {} must say {what}.", shown(line), category.name);
        violation(Rule::RequiredField, &[line], Severity::Block, field, message)
    });
    told.collect()
}

fn day_off(line: &Expense, policy: &Policy) -> Option<Violation> {
    let rule = policy.non_working_days.as_ref().filter(|_| !policy.is_working_day(line.facts.date))?;
    let (severity, field) = match rule.severity {
        Severity::Block => (Severity::Block, Field::Date),
        Severity::Warn => unless_justified(&[line], Field::Date),
    };
    let kind = if rule.holidays.contains(&line.facts.date) { "a holiday" } else { "a weekend" };
    let wants = if field == Field::Justification { "; a justification is needed" } else { "" };
    let message = format!("{} on {} is on {kind}{wants}.", shown(line), line.facts.date);
    Some(violation(Rule::NonWorkingDay, &[line], severity, field, message))
}

fn too_old(line: &Expense, policy: &Policy, today: Date) -> Option<Violation> {
    let maximum = u32::from(policy.maximum_age_days?);
    let days = line.facts.date.until(today).ok().and_then(|span| u32::try_from(span.get_days()).ok())?;
    if days <= maximum {
        return None;
    }
    let message = format!("{} is {days} days old; the policy allows {maximum}.", shown(line));
    let found = violation(Rule::MaximumAge, &[line], Severity::Warn, Field::Date, message);
    Some(Violation { limit: Some(Measure::Days { days: maximum }), actual: Some(Measure::Days { days }), ..found })
}

/// Lines without the receipt they need: by themselves, or, where splitting is watched, with others of their day and merchant.
pub(super) fn receipts(lines: &[Expense], visits: &Visits<'_>, policy: &Policy) -> Vec<Violation> {
    let Some(from) = policy.receipt_required_from else { return Vec::new() };
    let bare = |line: &&Expense| !line.has_receipt();
    let large = |line: &&Expense| at_least(line.amount_in_base(), from);
    let found = |rule, lines: &[&Expense], actual: Money, what: String| {
        let message = format!("{what}; one is required from {from}.");
        let found = violation(rule, lines, Severity::Warn, Field::ReceiptReference, message);
        Violation { limit: Some(Measure::Money(from)), actual: Some(Measure::Money(actual)), ..found }
    };
    let alone = lines.iter().filter(bare).filter(large);
    let mut violations: Vec<Violation> = alone
        .map(|line| {
            found(Rule::ReceiptRequired, &[line], line.amount_in_base(), format!("{} has no receipt", shown(line)))
        })
        .collect();
    for visit in visits.values().filter(|visit| policy.splitting && visit.lines.len() > 1) {
        let small: Vec<&Expense> =
            at(lines, &visit.lines).into_iter().filter(bare).filter(|line| !large(line)).collect();
        let Ok(sum) = Money::sum(from.currency(), small.iter().map(|line| line.amount_in_base())) else { continue };
        if let [first, _, ..] = small.as_slice()
            && at_least(sum, from)
        {
            let merchant = &first.facts.merchant;
            let count = small.len();
            let what = format!("{count} expenses at {merchant} on one day are {sum} together, without a receipt");
            violations.push(found(Rule::Splitting, &small, sum, what));
        }
    }
    violations
}

/// Lines that say the same as another one of this report, or as one the owner has claimed.
pub(super) fn duplicates(lines: &[Expense], visits: &Visits<'_>, grounds: &Grounds<'_>) -> Vec<Violation> {
    // Without the rule only an automatic approval wants to know, and that takes whatever is found alike.
    let rule = grounds.policy.duplicates;
    if rule.is_none() && grounds.policy.auto_approve_below.is_none() {
        return Vec::new();
    }
    let mut violations = Vec::new();
    for ((day, _), visit) in visits.iter().filter(|(_, visit)| visit.lines.len() + visit.claims.len() > 1) {
        let mut by_amount: BTreeMap<(Currency, i64), Vec<&Expense>> = BTreeMap::new();
        for line in at(lines, &visit.lines) {
            let amount = line.facts.amount;
            by_amount.entry((amount.currency(), amount.minor())).or_default().push(line);
        }
        for lines in by_amount.into_values() {
            let Some(first) = lines.first() else { continue };
            let elsewhere = visit.claims.iter().find(|(_, claim)| claim.amount == first.facts.amount);
            let message = match elsewhere {
                Some((number, _)) => format!("{} on {day} is claimed in {number} already", shown(first)),
                None if lines.len() > 1 => format!("{} on {day} is claimed {} times", shown(first), lines.len()),
                None => continue,
            };
            let (severity, field) = match rule {
                Some(Severity::Block) => (Severity::Block, Field::Amount),
                Some(Severity::Warn) => unless_justified(&lines, Field::Amount),
                None => (Severity::Warn, Field::Amount),
            };
            let wants = if field == Field::Justification { "; a justification is needed" } else { "" };
            violations.push(violation(Rule::Duplicate, &lines, severity, field, format!("{message}{wants}.")));
        }
    }
    violations
}
