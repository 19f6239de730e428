//! Escalation: replaces approvers of a step that is overdue or whose approvers cannot be reached or cannot decide. It
//! never decides.

use jiff::Timestamp;

use super::{ReportChange, today};
use crate::error::DomainError;
use crate::event::{EscalationReason, EventKind, OpenedStep, ReportSnapshot};
use crate::ids::MemberId;
use crate::member::{Member, MemberRef};
use crate::money::Money;
use crate::policy::{ApprovalMode, Policy};
use crate::report::Report;
use crate::route::{ApproverResolver, OrgContext, RouteInput, RoutingError};
use crate::step::{StepReason, StepStatus};

/// Finds the reason to escalate the pending step now, and the approvers to replace; `None` when there is no reason.
/// `members` are the pending approvers in their current state. One who is missing there no longer exists.
#[must_use]
pub fn due_escalation(
    report: &Report,
    members: &[Member],
    now: Timestamp,
) -> Option<(EscalationReason, Vec<MemberId>)> {
    let step = report.pending_step()?;
    let pending_approvers: Vec<MemberId> = step.pending_approvers().map(|person| person.id).collect();
    let find = |id: MemberId| members.iter().find(|member| member.id == id);
    let those = |matches: &dyn Fn(Option<&Member>) -> bool| {
        pending_approvers.iter().copied().filter(|id| matches(find(*id))).collect::<Vec<MemberId>>()
    };
    let parties: Vec<MemberId> = report.interested_parties().collect();
    let total = report.total_to_approve();
    let unable = those(&|member| member.is_none_or(|member| !can_decide(member, &parties, total)));
    if !unable.is_empty() {
        return Some((EscalationReason::Unable, unable));
    }
    let unreachable = those(&|member| member.is_some_and(|member| !member.is_reachable()));
    if !unreachable.is_empty() {
        return Some((EscalationReason::Unreachable, unreachable));
    }
    let is_overdue = step.is_overdue(today(now)) && !step.escalates_to.is_empty();
    (is_overdue && !pending_approvers.is_empty()).then_some((EscalationReason::Overdue, pending_approvers))
}

/// True when an approver can decide on a report with these interested parties and this total in the base currency, and
/// can be mailed about it, as far as that depends on their record. Others are replaced ([`due_escalation`]).
#[must_use]
pub fn can_be_asked(approver: &Member, interested_parties: &[MemberId], total: Money) -> bool {
    approver.is_reachable() && can_decide(approver, interested_parties, total)
}

fn can_decide(approver: &Member, interested_parties: &[MemberId], total: Money) -> bool {
    let approver = approver.without_changes_by(interested_parties);
    !interested_parties.contains(&approver.id) && approver.can_approve() && approver.can_approve_total(total)
}

/// Finds a member that an escalation depends on and that was not loaded. The caller loads the member and calls again
/// until the result is `None`.
///
/// # Errors
/// [`DomainError::NoApprover`]
pub fn missing_stand_in(
    report: &Report,
    (reason, from): (EscalationReason, &[Member]),
    named: &[Member],
    policy: &Policy,
    people: &OrgContext,
) -> Result<Option<MemberId>, DomainError> {
    match stand_ins(report, (reason, from), named, policy, people) {
        Err(DomainError::MissingPerson(id)) => Ok(Some(id)),
        Err(refusal) => Err(refusal),
        Ok(_) => Ok(None),
    }
}

/// Finds the members who replace approvers; none when the report has no pending step.
fn stand_ins(
    report: &Report,
    (reason, from): (EscalationReason, &[Member]),
    named: &[Member],
    policy: &Policy,
    people: &OrgContext,
) -> Result<Vec<MemberRef>, DomainError> {
    if let Some(missing) = people.missing_interested_party(report) {
        return Err(DomainError::MissingPerson(missing));
    }
    let Some(step) = report.pending_step() else { return Ok(Vec::new()) };
    let input = RouteInput::of(report, !report.violations.is_empty());
    let people = people.seen_by(report);
    let parties: Vec<MemberId> = report.interested_parties().collect();
    let named: Vec<Member> = named.iter().map(|member| member.without_changes_by(&parties)).collect();
    let resolver = ApproverResolver::new(policy, input, &people).with_steps(report.steps.clone());
    resolver.replacements(step, from, &named, reason == EscalationReason::Overdue).map_err(|none| match none {
        RoutingError::MissingManager(manager) => DomainError::MissingPerson(manager),
        RoutingError::NoApprover { step } => DomainError::NoApprover { step },
    })
}

/// Replaces the approvers `from` of the pending step, and sets a new due date. When the others are too few for the
/// quorum, `from` stay approvers beside the new ones.
///
/// Replacements are the escalation targets of the step (`named`, in their current state). Approvers who are unreachable
/// or unable to decide are replaced by the next manager, the fallback or the admins when no target is eligible. `None`
/// when there is no eligible replacement.
///
/// # Errors
/// [`DomainError::MissingPerson`] for a member who was not loaded ([`missing_stand_in`] names the member).
pub fn escalate(
    report: &Report,
    (reason, from): (EscalationReason, &[MemberId]),
    members: &[Member],
    named: &[Member],
    policy: &Policy,
    people: &OrgContext,
    now: Timestamp,
) -> Result<Option<ReportChange>, DomainError> {
    let replaced: Vec<Member> = members.iter().filter(|member| from.contains(&member.id)).cloned().collect();
    let replacements = stand_ins(report, (reason, &replaced), named, policy, people)?;
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
        EscalationReason::Unable => StepReason::EscalatedUnable {},
    });
    *step = step.clone().activated(policy, today(now));
    let opened_step = OpenedStep { approvers, ..OpenedStep::of(step) };
    let kind =
        EventKind::StepEscalated { report: ReportSnapshot::of(&change.after), reason, from: removed, opened_step };
    Ok(Some(change.record_system_event(kind, now)))
}
