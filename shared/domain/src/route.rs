//! Route of a report: its steps, their approvers, due days and reasons. Routing returns at least one step or an error,
//! gives the same route for the same input, and never chooses an approver that separation of duties excludes.

mod context;
mod resolver;

use crate::money::Currency;
use crate::policy::{ApprovalMode, Approvers, Policy, StepCondition, StepRule, at_least};
use crate::step::{Step, StepReason};
use crate::text::{CostCentreCode, Label, ProjectCode};
use crate::today::Today;

pub use context::{MAX_LEVELS, OrgContext, RouteInput, RoutingError};
pub use resolver::ApproverResolver;

/// Makes the steps for a report. The first step is pending, the others wait.
///
/// # Errors
/// [`RoutingError`]
pub fn route(
    policy: &Policy,
    input: RouteInput<'_>,
    people: &OrgContext,
    today: Today,
) -> Result<Vec<Step>, RoutingError> {
    let default_rule = StepRule {
        name: Label::literal("Approval"),
        when: StepCondition::default(),
        approvers: policy.fallback.clone().unwrap_or(Approvers::Members { members: Vec::new() }),
        mode: ApprovalMode::Any,
        due_in_days: 5,
        escalate_to: None,
    };
    let mut rules: Vec<(&StepRule, Vec<StepReason>)> = Vec::new();
    for rule in &policy.steps {
        rules.extend(matching_reasons(&rule.when, policy, input, people).map(|reasons| (rule, reasons)));
    }
    if rules.is_empty() {
        // A person decides even when no rule applies.
        rules.push((&default_rule, vec![StepReason::NoStepApplies {}]));
    }
    let mut resolver = ApproverResolver::new(policy, input, people);
    for (rule, reasons) in rules {
        resolver.add_step(rule, reasons)?;
    }
    let mut steps = resolver.into_steps();
    if let Some(first) = steps.first_mut() {
        *first = first.clone().activated(policy, today);
    }
    Ok(steps)
}

/// Reasons why a step applies, one for each condition; `None` when a condition does not hold.
fn matching_reasons(
    when: &StepCondition,
    policy: &Policy,
    input: RouteInput<'_>,
    people: &OrgContext,
) -> Option<Vec<StepReason>> {
    let mut reasons = Vec::new();
    let total = input.base_total;
    if let Some(from_total) = when.from_total {
        at_least(total, from_total).then(|| reasons.push(StepReason::TotalReaches { total, from_total }))?;
    }
    if let Some(below_total) = when.below_total {
        (!at_least(total, below_total)).then(|| reasons.push(StepReason::TotalBelow { total, below_total }))?;
    }
    let lines = input.lines;
    let category = first_match(&when.categories, |code| lines.iter().any(|line| line.facts.category == *code))?;
    reasons.extend(category.map(|code| {
        let category_name = policy.category_name(code);
        StepReason::Category { category: code.clone(), category_name }
    }));
    let is_on = |code: &CostCentreCode| lines.iter().any(|line| input.cost_centre_of(line) == Some(code));
    let cost_centre = first_match(&when.cost_centres, is_on)?.cloned();
    reasons.extend(cost_centre.map(|cost_centre| StepReason::CostCentre { cost_centre }));
    let is_for = |code: &ProjectCode| lines.iter().any(|line| line.facts.project.as_ref() == Some(code));
    let project = first_match(&when.projects, is_for)?.cloned();
    reasons.extend(project.map(|project| StepReason::Project { project }));
    let grade = first_match(&when.grades, |grade| people.owner.grade.as_ref() == Some(grade))?.cloned();
    reasons.extend(grade.map(|grade| StepReason::Grade { grade }));
    let paid_in = |currency: &Currency| lines.iter().any(|line| line.facts.amount.currency() == *currency);
    let currency = first_match(&when.currencies, paid_in)?.copied();
    reasons.extend(currency.map(|currency| StepReason::Currency { currency }));
    if let Some(wanted) = when.has_violations {
        let reason = if wanted { StepReason::ViolationsFound {} } else { StepReason::NoViolations {} };
        (wanted == input.has_violations).then(|| reasons.push(reason))?;
    }
    if reasons.is_empty() {
        reasons.push(StepReason::EveryReport {});
    }
    Some(reasons)
}

/// First wanted value that matches. The outer `None` when none of several does; the inner `None` when none is wanted.
fn first_match<T>(wanted: &[T], matches: impl Fn(&T) -> bool) -> Option<Option<&T>> {
    if wanted.is_empty() { Some(None) } else { wanted.iter().find(|value| matches(value)).map(Some) }
}
