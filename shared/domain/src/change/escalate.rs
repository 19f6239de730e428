//! Escalation: replaces approvers of a step that is overdue or whose approvers cannot be reached. It never decides.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{ReportChange, today};
use crate::error::DomainError;
use crate::event::{EscalationReason, EventKind, OpenedStep, ReportSnapshot};
use crate::ids::MemberId;
use crate::member::{Member, MemberRef};
use crate::policy::{ApprovalMode, Policy};
use crate::report::Report;
use crate::route::{ApproverResolver, OrgContext, RouteInput, RoutingError};
use crate::step::{StepReason, StepStatus};
use crate::today::Today;

/// Finds the reason to escalate the pending step now, and the approvers to replace; `None` when there is no reason.
/// `unreachable` are members whose mail bounces.
#[must_use]
pub fn due_escalation(
    report: &Report,
    unreachable: &BTreeSet<MemberId>,
    now: Timestamp,
) -> Option<(EscalationReason, Vec<MemberId>)> {
    let step = report.pending_step()?;
    let pending_approvers: Vec<MemberId> = step.pending_approvers().map(|person| person.id).collect();
    let unreachable: Vec<MemberId> = pending_approvers.iter().copied().filter(|id| unreachable.contains(id)).collect();
    if !unreachable.is_empty() {
        return Some((EscalationReason::Unreachable, unreachable));
    }
    let is_overdue = step.is_overdue(today(now)) && !step.escalates_to.is_empty();
    (is_overdue && !pending_approvers.is_empty()).then_some((EscalationReason::Overdue, pending_approvers))
}

/// Finds a member that an escalation depends on and that was not loaded. The caller loads the member and calls again
/// until the result is `None`.
///
/// # Errors
/// [`DomainError::NoApprover`]
pub fn missing_stand_in(
    report: &Report,
    reason: EscalationReason,
    named: &[Member],
    policy: &Policy,
    people: &OrgContext,
    today: Today,
) -> Result<Option<MemberId>, DomainError> {
    match stand_ins(report, reason, named, policy, people, today) {
        Err(DomainError::MissingPerson(id)) => Ok(Some(id)),
        Err(refusal) => Err(refusal),
        Ok(_) => Ok(None),
    }
}

/// Finds the members who replace approvers; none when the report has no pending step.
fn stand_ins(
    report: &Report,
    reason: EscalationReason,
    named: &[Member],
    policy: &Policy,
    people: &OrgContext,
    today: Today,
) -> Result<Vec<MemberRef>, DomainError> {
    if let Some(missing) = people.missing_interested_party(report) {
        return Err(DomainError::MissingPerson(missing));
    }
    let Some(step) = report.pending_step() else { return Ok(Vec::new()) };
    let input = RouteInput::of(report, !report.violations.is_empty());
    let resolver = ApproverResolver::new(policy, input, people, today).with_steps(report.steps.clone());
    resolver.replacements(step, named, reason == EscalationReason::Overdue).map_err(|none| match none {
        RoutingError::MissingManager(manager) => DomainError::MissingPerson(manager),
        RoutingError::NoApprover { step } => DomainError::NoApprover { step },
    })
}

/// Replaces the approvers `from` of the pending step, and sets a new due date. When the others are too few for the
/// quorum, `from` stay approvers beside the new ones.
///
/// Replacements are the escalation targets of the step (`named`, in their current state). Unreachable approvers are
/// replaced by the next manager, the fallback or the admins when no target is eligible. `None` when there is no
/// eligible replacement.
///
/// # Errors
/// [`DomainError::MissingPerson`] for a member who was not loaded ([`missing_stand_in`] names the member).
pub fn escalate(
    report: &Report,
    (reason, from): (EscalationReason, &[MemberId]),
    named: &[Member],
    policy: &Policy,
    people: &OrgContext,
    now: Timestamp,
) -> Result<Option<ReportChange>, DomainError> {
    let replacements = stand_ins(report, reason, named, policy, people, today(now))?;
    if replacements.is_empty() {
        return Ok(None);
    }
    let mut change = ReportChange::on(report, now);
    let pending = change.after.steps.iter_mut().find(|step| step.status == StepStatus::Pending);
    let Some(step) = pending else { return Ok(None) };
    let approvers = replacements.iter().map(|person| person.id).collect();
    // The old approvers stay when a quorum cannot be reached without them.
    let approvers_left = step.approvers.iter().filter(|person| !from.contains(&person.id)).count() + replacements.len();
    if approvers_left >= step.decisions.len() + step.remaining() || step.mode == ApprovalMode::All {
        step.approvers.retain(|person| !from.contains(&person.id));
    }
    let removed: Vec<MemberId> = from.iter().copied().filter(|id| !step.is_approver(*id)).collect();
    step.approvers.extend(replacements);
    step.approvers.sort_unstable_by_key(|person| person.id);
    step.set_time_zone(named.iter().chain(people.members()));
    step.replaced_approvers.extend(&removed);
    step.escalates_to = Vec::new();
    step.reasons.list.push(match reason {
        EscalationReason::Overdue => StepReason::EscalatedOverdue {},
        EscalationReason::Unreachable => StepReason::EscalatedUnreachable {},
    });
    *step = step.clone().activated(policy, today(now));
    let opened_step = OpenedStep { approvers, ..OpenedStep::of(step) };
    let kind =
        EventKind::StepEscalated { report: ReportSnapshot::of(&change.after), reason, from: removed, opened_step };
    Ok(Some(change.record_system_event(kind, now)))
}
