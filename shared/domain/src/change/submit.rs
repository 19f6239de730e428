//! Submitting: judge the lines, make the route, claim the amounts; and taking it back. A dry run asks the same code.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;

use super::{ReportChange, today};
use crate::conversion::RateBook;
use crate::event::{Asked, EventKind, Snapshot};
use crate::expense::Expense;
use crate::judge::{Grounds, Judgement, judge};
use crate::member::{Member, MemberStatus, Person, Role};
use crate::money::Money;
use crate::permission::{Permit, Recall, Submit};
use crate::policy::{Policy, Severity, Violation};
use crate::refusal::Refusal;
use crate::report::{Report, Status};
use crate::route::{Claimed, Directory, NoRoute, Step, route};
use crate::spending::{BucketKey, MAX_BUCKETS, Spending, merchant_key};

use super::draft::storable;

/// What a submission is judged and routed by.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    /// The policy.
    pub policy: &'a Policy,
    /// The people a route may need.
    pub people: &'a Directory,
    /// What the owner has claimed in the months and on the trips of the lines.
    pub spending: &'a Spending,
    /// Rates of today of the currencies that limits are in.
    pub rates: &'a RateBook,
}

/// What would become of a report if it were submitted.
#[derive(Clone, Debug)]
pub struct Assessment {
    /// The lines with their caps.
    pub lines: Vec<Expense>,
    /// What the policy found.
    pub violations: Vec<Violation>,
    /// What follows.
    pub outcome: Outcome,
}

/// See [`Assessment::outcome`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A violation stops it.
    Blocked,
    /// Nobody can approve the named step.
    NoApprover {
        /// The step's name.
        step: String,
    },
    /// It takes these steps.
    Steps(Vec<Step>),
    /// It is approved at once: its total is below this amount, and nothing was found.
    Approved {
        /// The policy's bound.
        below: Money,
    },
}

/// Judges and routes a report as it stands, and changes nothing.
///
/// # Errors
/// [`Refusal::UnknownManager`] or [`Refusal::UnknownConcerned`] when the route depends on somebody who is not in the directory,
/// [`Refusal::Limit`] when a limit cannot be compared.
pub fn assess(report: &Report, rules: Rules<'_>, today: Date) -> Result<Assessment, Refusal> {
    let Rules { policy, people, spending, rates } = rules;
    if let Some(unknown) = people.lacks(report) {
        return Err(Refusal::UnknownConcerned(unknown));
    }
    let grounds = Grounds {
        policy,
        report: report.id,
        grade: people.owner.grade.as_deref(),
        cost_centre: report.cost_centre.as_deref(),
        spending,
        rates,
        today,
    };
    let Judgement { lines, violations } = judge(&report.expenses, &grounds).map_err(Refusal::Limit)?;
    if violations.iter().any(|violation| violation.severity == Severity::Block) {
        return Ok(Assessment { lines, violations, outcome: Outcome::Blocked });
    }
    let below = policy.auto_approve_below.filter(|_| violations.is_empty() && is_plain(report, people));
    if let Some(below) = below.filter(|below| with_parts_elsewhere(report, spending) < below.minor()) {
        return Ok(Assessment { lines, violations, outcome: Outcome::Approved { below } });
    }
    let claimed = Claimed::of(report, !violations.is_empty());
    // A payee who was replaced in the same change has no part in it any longer.
    let (mut people, part) = (people.clone(), |id| report.concerned().any(|concerned| concerned == id));
    people.concerned.retain(|member| part(member.id));
    let outcome = match route(policy, claimed, &people, today) {
        Ok(steps) => Outcome::Steps(steps),
        Err(NoRoute::NoApprover { step }) => Outcome::NoApprover { step },
        Err(NoRoute::Unknown(manager)) => return Err(Refusal::UnknownManager(manager)),
    };
    Ok(Assessment { lines, violations, outcome })
}

/// Whether a report is an employee's own: who makes policy or rates, enters a claim for another, or has it paid to another, is never
/// approved without a person.
fn is_plain(report: &Report, people: &Directory) -> bool {
    let own = report.entered_by.is_none() && report.payee.is_none();
    own && !matches!(people.owner.role, Role::Finance | Role::Admin)
}

/// The report's total in minor units of the base currency, with what its owner has claimed elsewhere of the same days and merchants:
/// one bill in several small reports is not small.
fn with_parts_elsewhere(report: &Report, spending: &Spending) -> i64 {
    let visits: BTreeSet<(Date, String)> =
        report.expenses.iter().map(|line| (line.facts.date, merchant_key(&line.facts.merchant))).collect();
    let months: BTreeSet<BucketKey> = visits.iter().map(|(day, _)| BucketKey::month(*day)).collect();
    let claims = months.iter().flat_map(|month| spending.others(month, report.id));
    let parts = claims.filter(|(_, claim)| visits.contains(&(claim.date, claim.merchant.clone())));
    parts.fold(report.base_total.minor(), |sum, (_, claim)| sum.saturating_add(claim.granted_in_base.minor()))
}

/// Sends the report to its approvers: judges it by the policy and makes its route.
///
/// # Errors
/// An empty report, a violation that blocks, a step without an approver, or more than can be stored.
pub fn submit(permit: Permit<'_, Submit>, rules: Rules<'_>, now: Timestamp) -> Result<ReportChange, Refusal> {
    resubmit(ReportChange::on(permit.report(), now), permit.actor(), rules, now)
}

/// Submits what a change has made of a report. What was decided about it before is void.
///
/// # Errors
/// As for [`submit`].
pub(super) fn resubmit(
    mut change: ReportChange,
    actor: &Member,
    rules: Rules<'_>,
    now: Timestamp,
) -> Result<ReportChange, Refusal> {
    let report = &change.after;
    if report.expenses.is_empty() {
        return Err(Refusal::Empty);
    }
    if Spending::keys(&report.expenses).len() > MAX_BUCKETS {
        return Err(Refusal::TooManyPeriods);
    }
    let Assessment { lines, violations, outcome } = assess(report, rules, today(now))?;
    all_there(report, rules.people)?;
    let (status, steps, below) = match outcome {
        Outcome::Blocked => return Err(blocked(report, violations)),
        Outcome::NoApprover { step } => return Err(Refusal::NoApprover { step }),
        Outcome::Steps(steps) => (Status::Submitted, steps, None),
        Outcome::Approved { below } => (Status::Approved, Vec::new(), Some(below)),
    };
    let claimed_before = match &change.before {
        Some(before) if before.status.is_claimed() => Spending::keys(&before.expenses),
        _ => BTreeSet::new(),
    };
    // Where an edit comes before, the submission tells what has changed since that.
    let edited = (!change.events.is_empty()).then(|| change.after.clone());
    // Without caps, old or new, the lines are as they were, and need not be added up and hashed again.
    let after = if lines == change.after.expenses {
        change.after
    } else {
        change.after.with_expenses(lines).map_err(|_| Refusal::TotalTooLarge)?
    };
    let policy_version = rules.policy.version;
    let after =
        Report { status, steps, violations, policy_version: Some(policy_version), submitted_at: Some(now), ..after };
    change.after = storable(after)?;
    change.spending = rules.spending.claiming(&change.after, &claimed_before).ok_or(Refusal::TooManyClaims)?;
    let report = Snapshot::of(&change.after);
    let kind = match (change.after.steps.first().map(Asked::of), below) {
        (Some(asked), _) => EventKind::ReportSubmitted { report, asked },
        (None, Some(below)) => EventKind::ReportAutoApproved { report, below },
        (None, None) => return Err(Refusal::NoApprover { step: String::new() }),
    };
    let principal = change.principal(actor);
    let changed = change.changed_since(edited.as_ref().or(change.before.as_ref()));
    Ok(change.telling_with(changed, actor, principal, kind, now))
}

/// Whether those with a part in the report are still somebody. Who was erased may be invited again as another member, who would then
/// decide on what is his own.
fn all_there(report: &Report, people: &Directory) -> Result<(), Refusal> {
    if people.owner.status == MemberStatus::Erased {
        return Err(Refusal::NoReports);
    }
    let is = |person: &Option<Person>, id| person.as_ref().is_some_and(|person| person.id == id);
    for member in &people.concerned {
        if is(&report.payee, member.id) && !member.is_somebody() {
            return Err(Refusal::NotPaid);
        }
        if is(&report.entered_by, member.id) && member.status == MemberStatus::Erased {
            return Err(Refusal::MemberState("Who entered this report was erased. Clone it and submit the clone."));
        }
    }
    Ok(())
}

fn blocked(report: &Report, violations: Vec<Violation>) -> Refusal {
    let position = |id| report.expenses.iter().position(|line| line.id == id).unwrap_or_default();
    let first = |violation: &Violation| violation.expense_ids.first().copied().map(position).unwrap_or_default();
    let blocking = violations.into_iter().filter(|violation| violation.severity == Severity::Block);
    Refusal::Policy(blocking.map(|violation| (first(&violation), violation)).collect())
}

/// Takes the report back to draft.
///
/// # Errors
/// None in practice: a sum of what was claimed is in range.
pub fn recall(permit: Permit<'_, Recall>, now: Timestamp) -> Result<ReportChange, Refusal> {
    let mut change = ReportChange::on(permit.report(), now);
    change.after = change.after.anew(permit.report().expenses.clone()).map_err(|_| Refusal::TotalTooLarge)?;
    change.after.status = Status::Draft;
    change.after.steps = Vec::new();
    change.spending = Spending::withdrawing(permit.report());
    Ok(change.telling(permit.actor(), EventKind::ReportRecalled {}, now))
}
