//! Submission and recall: evaluates the lines, makes the route, records the claimed expenses. Dry runs use the same
//! code.

use std::borrow::Cow;
use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{ReportChange, check_size, today};
use crate::automatic::auto_approval;
use crate::conversion::RateBook;
use crate::equality::ClaimKeys;
use crate::error::DomainError;
use crate::evaluate::{Evaluation, EvaluationContext, bills_in_other_reports, evaluate};
use crate::event::{EventKind, OpenedStep, ReportSnapshot};
use crate::expense::Expense;
use crate::ids::MemberId;
use crate::member::{Member, MemberRef, MemberStatus};
use crate::money::Money;
use crate::permission::{Permit, Recall, Submit};
use crate::policy::{Policy, Severity, Violation};
use crate::report::{Report, ReportStatus};
use crate::route::{OrgContext, RouteInput, RoutingError, route};
use crate::spending::{MAX_SPENDING_BUCKETS, Spending};
use crate::step::Step;
use crate::today::Today;

/// Inputs of the evaluation and the routing of a report.
#[derive(Clone, Copy, Debug)]
pub struct SubmissionRules<'a> {
    /// Policy.
    pub policy: &'a Policy,
    /// Members that the route may need.
    pub people: &'a OrgContext,
    /// Claimed expenses of the owner in the months and trips of the lines.
    pub spending: &'a Spending,
    /// Current rates of the currencies of limits and, for a report that is with its owner, of the lines.
    pub rates: &'a RateBook,
}

/// Result of evaluating and routing a report.
#[derive(Clone, Debug)]
pub struct Assessment {
    /// Lines with their caps.
    pub lines: Vec<Expense>,
    /// Violations of the policy.
    pub violations: Vec<Violation>,
    /// Outcome of a submission.
    pub outcome: SubmissionOutcome,
    /// See [`Report::total_with_parts`].
    pub total_with_parts: Option<Money>,
}

/// See [`Assessment::outcome`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubmissionOutcome {
    /// A violation blocks the submission.
    Blocked,
    /// A step has no eligible approver.
    NoApprover {
        /// Name of the step.
        step: String,
    },
    /// The route asks the payee to approve.
    PayeeIsApprover,
    /// The report goes to approval, with these steps.
    Steps(Vec<Step>),
    /// The report is approved automatically: no violations and a total below this amount.
    Approved {
        /// Threshold of the policy.
        below: Money,
    },
}

impl SubmissionOutcome {
    /// True when the same people decide, whatever the reasons.
    fn is_same_approval(&self, other: &Self) -> bool {
        let Self::Steps(steps) = self else { return self == other };
        let Self::Steps(others) = other else { return false };
        let people = |step: &Step| (step.name.clone(), step.mode, step.approvers.clone(), step.escalates_to.clone());
        steps.iter().map(people).eq(others.iter().map(people))
    }
}

/// Evaluates and routes a report without changing it.
///
/// # Errors
/// [`DomainError::MissingPerson`] when the route depends on a member who was not loaded ([`missing_person`] names the
/// member), [`DomainError::LimitConversion`] when a limit cannot be compared, [`DomainError::Conversion`] when the rate
/// of a line is missing.
pub fn assess(report: &Report, rules: SubmissionRules<'_>, today: Today) -> Result<Assessment, DomainError> {
    let SubmissionRules { policy, people, spending, rates } = rules;
    let report = &*report_as_of_now(report, policy, rates)?;
    if let Some(missing) = people.missing_interested_party(report) {
        return Err(DomainError::MissingPerson(missing));
    }
    let everyone = people;
    let people = &people.seen_by(report);
    let rules = SubmissionRules { people, ..rules };
    let context = EvaluationContext {
        policy,
        report: report.id,
        grade: people.owner.grade.as_ref(),
        cost_centre: report.cost_centre.as_ref(),
        spending,
        rates,
        today: today.utc(),
        owner_day: people.owner.local_day(today),
    };
    let Evaluation { lines, mut violations } =
        evaluate(&report.expenses, &context).map_err(DomainError::LimitConversion)?;
    if violations.iter().any(|violation| violation.severity == Severity::Block) {
        return Ok(Assessment { lines, violations, outcome: SubmissionOutcome::Blocked, total_with_parts: None });
    }
    let own = report.base_total;
    let (bills, together) = bills_in_other_reports(report, spending);
    let approval = |total| {
        let no_findings = violations.is_empty();
        let known = &spending.automatic;
        if no_findings && let Some(below) = auto_approval(report, policy, &people.owner, known, total, today.utc()) {
            return Ok(SubmissionOutcome::Approved { below });
        }
        route_for(report, rules, everyone, total, !no_findings, today)
    };
    let mut outcome = approval(together)?;
    let mut total_with_parts = None;
    // Parts that change nothing about the approval are no finding: one may eat in the same place twice a day.
    if policy.splitting && together != own && !outcome.is_same_approval(&approval(own)?) {
        violations.extend(bills.iter().filter_map(|bill| bill.violation(&report.expenses, together)));
        outcome = route_for(report, rules, everyone, together, true, today)?;
        total_with_parts = Some(together);
    } else if !policy.splitting && !matches!(outcome, SubmissionOutcome::Approved { .. }) {
        // Without the rule, parts elsewhere only exclude an automatic approval.
        outcome = route_for(report, rules, everyone, own, !violations.is_empty(), today)?;
    }
    Ok(Assessment { lines, violations, outcome, total_with_parts })
}

/// Routes a report by this total in the base currency. `rules` have the people as the report sees them, `everyone` as
/// they are.
fn route_for(
    report: &Report,
    rules: SubmissionRules<'_>,
    everyone: &OrgContext,
    base_total: Money,
    has_violations: bool,
    today: Today,
) -> Result<SubmissionOutcome, DomainError> {
    let input = RouteInput { base_total, ..RouteInput::of(report, has_violations) };
    let routed = match route(rules.policy, input, rules.people, today) {
        Ok(steps) => SubmissionOutcome::Steps(steps),
        Err(RoutingError::NoApprover { step }) => SubmissionOutcome::NoApprover { step },
        Err(RoutingError::MissingManager(manager)) => return Err(DomainError::MissingPerson(manager)),
    };
    if payee_changes_route(rules.policy, input, &routed, everyone, report, today)? {
        return Ok(SubmissionOutcome::PayeeIsApprover);
    }
    Ok(routed)
}

/// Report with the current rates and default taxes, while it is with its owner. Lines that were submitted keep theirs.
///
/// # Errors
/// [`DomainError::Conversion`] for lines without a rate, [`DomainError::TotalTooLarge`].
pub(super) fn report_as_of_now<'a>(
    report: &'a Report,
    policy: &Policy,
    rates: &RateBook,
) -> Result<Cow<'a, Report>, DomainError> {
    if !report.status.is_with_owner() {
        return Ok(Cow::Borrowed(report));
    }
    let mut lines = Vec::with_capacity(report.expenses.len());
    let mut faults = Vec::new();
    for (position, line) in report.expenses.iter().enumerate() {
        match line.clone().with_default_taxes(policy, rates.base()).with_current_rates(report.currency, rates) {
            Ok(line) => lines.push(line),
            Err(fault) => faults.push((Some(position), fault)),
        }
    }
    if !faults.is_empty() {
        return Err(DomainError::Conversion(faults));
    }
    if lines == report.expenses {
        return Ok(Cow::Borrowed(report));
    }
    Ok(Cow::Owned(report.clone().with_expenses(lines).map_err(|_| DomainError::TotalTooLarge)?))
}

/// True when other members would approve the report if the payee were not paid by it: the payee is one of them, or has
/// set who they are. Whoever names the payee cannot take away or bring in an approver in this way.
fn payee_changes_route(
    policy: &Policy,
    input: RouteInput<'_>,
    routed: &SubmissionOutcome,
    everyone: &OrgContext,
    report: &Report,
    today: Today,
) -> Result<bool, DomainError> {
    let Some(payee) = &report.payee else { return Ok(false) };
    let others: Vec<MemberId> = std::iter::once(report.owner).chain(report.preparer.as_ref().map(|it| it.id)).collect();
    let mut people = everyone.without_changes_by(&others);
    people.interested_parties.retain(|member| member.id != payee.id);
    match route(policy, input, &people, today) {
        Ok(steps) => {
            let asks =
                |step: &Step| step.approvers.iter().chain(&step.escalates_to).any(|person| person.id == payee.id);
            Ok(steps.iter().any(asks) || !routed.is_same_approval(&SubmissionOutcome::Steps(steps)))
        }
        Err(RoutingError::NoApprover { .. }) => Ok(false),
        Err(RoutingError::MissingManager(manager)) => Err(DomainError::MissingPerson(manager)),
    }
}

/// Member that the route of a report depends on and that was not loaded. Load the member and call again until the
/// result is `None`.
///
/// # Errors
/// Those of [`assess`], except [`DomainError::MissingPerson`].
pub fn missing_person(
    report: &Report,
    rules: SubmissionRules<'_>,
    today: Today,
) -> Result<Option<MemberId>, DomainError> {
    match assess(report, rules, today) {
        Err(DomainError::MissingPerson(id)) => Ok(Some(id)),
        Err(refusal) => Err(refusal),
        Ok(_) => Ok(None),
    }
}

/// Submits a report: evaluates it by the policy and makes its route.
///
/// # Errors
/// [`DomainError::EmptyReport`], [`DomainError::PolicyViolations`], [`DomainError::NoApprover`],
/// [`DomainError::CannotHaveReports`], [`DomainError::InvalidPayee`], [`DomainError::InvalidMemberState`], those of
/// [`assess`], and those of the size limits.
pub fn submit(
    permit: Permit<'_, Submit>,
    rules: SubmissionRules<'_>,
    now: Timestamp,
) -> Result<ReportChange, DomainError> {
    resubmit(ReportChange::on(permit.report(), now), permit.actor(), rules, now)
}

/// Submits the report of a change. Earlier decisions are void.
///
/// # Errors
/// Those of [`submit`].
pub(super) fn resubmit(
    mut change: ReportChange,
    actor: &Member,
    rules: SubmissionRules<'_>,
    now: Timestamp,
) -> Result<ReportChange, DomainError> {
    let report = &change.after;
    if report.expenses.is_empty() {
        return Err(DomainError::EmptyReport);
    }
    if Spending::bucket_keys(&report.expenses).len() > MAX_SPENDING_BUCKETS {
        return Err(DomainError::TooManyPeriods);
    }
    let Assessment { lines, violations, outcome, total_with_parts } = assess(report, rules, today(now))?;
    check_interested_parties(report, rules.people)?;
    let (status, steps, below) = match outcome {
        SubmissionOutcome::Blocked => return Err(blocked(report, violations)),
        SubmissionOutcome::NoApprover { step } => return Err(DomainError::NoApprover { step }),
        SubmissionOutcome::PayeeIsApprover => return Err(DomainError::PayeeIsApprover),
        SubmissionOutcome::Steps(steps) => (ReportStatus::Submitted, steps, None),
        SubmissionOutcome::Approved { below } => (ReportStatus::Approved, Vec::new(), Some(below)),
    };
    // Claims keep the form of their keys until they are withdrawn.
    let (claimed_before, claim_keys) = match &change.before {
        Some(before) if before.status.is_claimed() => (Spending::claimed_bucket_keys(before), before.claim_keys),
        _ => (BTreeSet::new(), ClaimKeys::Digest),
    };
    // After an edit in the same change, the submission event lists only what the submission changed.
    let after_edit = (!change.events.is_empty()).then(|| change.after.clone());
    // Unchanged lines need no new totals and hash.
    let after = if lines == change.after.expenses {
        change.after
    } else {
        change.after.with_expenses(lines).map_err(|_| DomainError::TotalTooLarge)?
    };
    let policy_version = rules.policy.version;
    let after = Report {
        status,
        steps,
        violations,
        total_with_parts,
        claim_keys,
        policy_version: Some(policy_version),
        submitted_at: Some(now),
        ..after
    };
    change.after = check_size(after)?;
    change.spending =
        rules.spending.record_claims(&change.after, &claimed_before).ok_or(DomainError::TooManyClaimedExpenses)?;
    if below.is_some() {
        change.spending.automatic = rules.spending.automatic.with_approval(&change.after, today(now).utc());
    }
    let report = ReportSnapshot::of(&change.after);
    let kind = match (change.after.steps.first().map(OpenedStep::of), below) {
        (Some(opened_step), _) => EventKind::ReportSubmitted { report, opened_step },
        (None, Some(below)) => EventKind::ReportAutoApproved { report, below },
        (None, None) => return Err(DomainError::NoApprover { step: String::new() }),
    };
    let on_behalf_of = change.on_behalf_of(actor);
    let changed = change.changed_since(after_edit.as_ref().or(change.before.as_ref()));
    Ok(change.record_event_with(changed, actor, on_behalf_of, kind, now))
}

/// Refuses a report of erased members. An erased person can be invited again as another member, who could then decide
/// on their own report.
fn check_interested_parties(report: &Report, people: &OrgContext) -> Result<(), DomainError> {
    if people.owner.status == MemberStatus::Erased {
        return Err(DomainError::CannotHaveReports);
    }
    let is = |person: &Option<MemberRef>, id| person.as_ref().is_some_and(|person| person.id == id);
    if report.preparer.as_ref().is_some_and(|preparer| is(&report.payee, preparer.id)) {
        return Err(DomainError::PayeeIsPreparer);
    }
    for member in &people.interested_parties {
        if is(&report.payee, member.id) && !member.is_current_person() {
            return Err(DomainError::InvalidPayee);
        }
        if is(&report.preparer, member.id) && member.status == MemberStatus::Erased {
            return Err(DomainError::InvalidMemberState(
                "The preparer of this report was erased. Clone the report and submit the clone.",
            ));
        }
    }
    Ok(())
}

fn blocked(report: &Report, violations: Vec<Violation>) -> DomainError {
    let position = |id| report.expenses.iter().position(|line| line.id == id).unwrap_or_default();
    let first_line = |violation: &Violation| violation.expense_ids.first().copied().map(position).unwrap_or_default();
    let blocking = violations.into_iter().filter(|violation| violation.severity == Severity::Block);
    DomainError::PolicyViolations(blocking.map(|violation| (first_line(&violation), violation)).collect())
}

/// Routes a submitted report anew when parts of its bills are in reports that were submitted after it, and the larger
/// total changes its approval. `None` when it stays as it is. Earlier decisions are void, as after an edit.
///
/// # Errors
/// [`DomainError::MissingPerson`] when the route depends on a member who was not loaded;
/// [`DomainError::ReportTooLarge`].
pub fn reroute(
    report: &Report,
    rules: SubmissionRules<'_>,
    now: Timestamp,
) -> Result<Option<ReportChange>, DomainError> {
    let (bills, together) = bills_in_other_reports(report, rules.spending);
    let known = report.total_to_approve();
    if report.status != ReportStatus::Submitted || !rules.policy.splitting || together.minor() <= known.minor() {
        return Ok(None);
    }
    if let Some(missing) = rules.people.missing_interested_party(report) {
        return Err(DomainError::MissingPerson(missing));
    }
    let everyone = rules.people;
    let people = &everyone.seen_by(report);
    let rules = SubmissionRules { people, ..rules };
    let route_by = |total| route_for(report, rules, everyone, total, !report.violations.is_empty(), today(now));
    if report.total_with_parts.is_none() && route_by(together)?.is_same_approval(&route_by(known)?) {
        return Ok(None);
    }
    let mut change = ReportChange::on(report, now);
    change.after.violations.retain(|found| !found.is_split_over_reports());
    let found = bills.iter().filter_map(|bill| bill.violation(&report.expenses, together));
    change.after.violations.extend(found);
    change.after.total_with_parts = Some(together);
    // Without approvers for the larger total the route stays, and the approval limits compare that total. A payee whom
    // the larger total would ask is excluded: the report was submitted when naming them changed nothing.
    let input = RouteInput { base_total: together, ..RouteInput::of(report, true) };
    match route(rules.policy, input, people, today(now)) {
        Ok(steps) => change.after.steps = steps,
        Err(RoutingError::NoApprover { .. }) => {}
        Err(RoutingError::MissingManager(manager)) => return Err(DomainError::MissingPerson(manager)),
    }
    change.after = check_size(change.after)?;
    // Approvers who have seen the report without the finding look again.
    change.after.version += 1;
    let Some(opened_step) = change.after.pending_step().map(OpenedStep::of) else { return Ok(None) };
    let kind = EventKind::ReportSubmitted { report: ReportSnapshot::of(&change.after), opened_step };
    Ok(Some(change.record_system_event(kind, now)))
}

/// Takes a submitted report back to draft.
///
/// # Errors
/// [`DomainError::TotalTooLarge`], which cannot happen for a report that was submitted.
pub fn recall(permit: Permit<'_, Recall>, now: Timestamp) -> Result<ReportChange, DomainError> {
    let mut change = ReportChange::on(permit.report(), now);
    change.after =
        change.after.with_reset_expenses(permit.report().expenses.clone()).map_err(|_| DomainError::TotalTooLarge)?;
    change.after.status = ReportStatus::Draft;
    change.after.steps = Vec::new();
    change.spending = Spending::withdraw_claims(permit.report());
    Ok(change.record_event(permit.actor(), EventKind::ReportRecalled {}, now))
}
