//! Decisions: approve, return, reject; and reassignment of a step by an admin.

use jiff::Timestamp;

use super::{ReportChange, check_size, today};
use crate::error::{DomainError, LineError};
use crate::event::{EventKind, OpenedStep, ReportSnapshot};
use crate::expense::{Expense, LineApproval};
use crate::ids::{ExpenseId, MemberId};
use crate::member::{Member, Role};
use crate::money::Money;
use crate::permission::{Decide, Permit, Reassign, Return};
use crate::policy::Policy;
use crate::report::{Report, ReportStatus};
use crate::route::{ApproverResolver, OrgContext, RouteInput};
use crate::spending::Spending;
use crate::step::{Decision, ExclusionReason, Step, StepReason, StepStatus};
use crate::text::Note;

/// Approval of a step.
#[derive(Clone, Debug, Default)]
pub struct Approval {
    /// Comment.
    pub comment: Option<Note>,
    /// Lines that are approved in part.
    pub lines: Vec<LineDecision>,
}

/// Approved amount of one line.
#[derive(Clone, Debug)]
pub struct LineDecision {
    /// Line.
    pub expense_id: ExpenseId,
    /// Approved amount, in the currency of the line.
    pub amount: Money,
    /// Reason of the reduction.
    pub reason: Note,
}

/// Approves the pending step, in the actor's own right or as a delegate. When the step has enough approvals, the next
/// one opens or the report is approved.
///
/// # Errors
/// [`DomainError::InvalidLines`] for decisions on lines that cannot be applied; [`DomainError::InvalidState`] without a
/// pending step; [`DomainError::ReportTooLarge`], [`DomainError::TotalTooLarge`].
pub fn approve(
    permit: Permit<'_, Decide>,
    policy: &Policy,
    approval: Approval,
    now: Timestamp,
) -> Result<ReportChange, DomainError> {
    // Without a pending step, no approval would remain, and the report must not become approved.
    if permit.report().pending_step().is_none() {
        return Err(DomainError::InvalidState { status: permit.report().status, action: "decided on" });
    }
    let mut change = ReportChange::on(permit.report(), now);
    if !approval.lines.is_empty() {
        let lines = apply_line_decisions(&change.after, permit.actor().id, &approval.lines)?;
        if lines != change.after.expenses {
            refuse(&mut change, now);
        }
        change.after = check_size(change.after.with_expenses(lines).map_err(|_| DomainError::TotalTooLarge)?)?;
    }
    let comment = approval.comment;
    let (step, remaining) = record_decision(&mut change.after, &permit, StepStatus::Approved, comment.clone(), now);
    if remaining > 0 {
        return Ok(record_decision_event(change, &permit, EventKind::StepAgreed { step, comment, remaining }, now));
    }
    let next = change.after.steps.iter_mut().find(|step| step.status == StepStatus::Waiting);
    let opened_step = next.map(|next| {
        *next = next.clone().activated(policy, today(now));
        OpenedStep::of(next)
    });
    if opened_step.is_none() {
        change.after.status = ReportStatus::Approved;
    }
    let report = ReportSnapshot::of(&change.after);
    let kind = match opened_step {
        Some(opened_step) => EventKind::StepApproved { report, step, comment, opened_step },
        None => EventKind::ReportApproved { report, step, comment },
    };
    Ok(record_decision_event(change, &permit, kind, now))
}

/// Marks the report and its owner: no machine approves what a person refuses.
fn refuse(change: &mut ReportChange, now: Timestamp) {
    change.after.refused = true;
    change.spending = std::mem::take(&mut change.spending).with_refusal(change.after.owner, today(now).utc());
}

/// Lines with the approved amounts.
fn apply_line_decisions(
    report: &Report,
    by: MemberId,
    decisions: &[LineDecision],
) -> Result<Vec<Expense>, DomainError> {
    let mut lines = report.expenses.clone();
    let mut faults = Vec::new();
    for (at, decision) in decisions.iter().enumerate() {
        let Some(line) = lines.iter_mut().find(|line| line.id == decision.expense_id) else {
            faults.push((at, LineError::Unknown));
            continue;
        };
        // A later approver cannot raise an amount that an earlier one reduced.
        let max = line.granted();
        if decisions.iter().take(at).any(|earlier| earlier.expense_id == decision.expense_id) {
            faults.push((at, LineError::Duplicate));
        } else if decision.amount.currency() != max.currency() {
            faults.push((at, LineError::CurrencyMismatch));
        } else if decision.amount.minor() > max.minor() {
            faults.push((at, LineError::AboveMaximum { max }));
        } else if decision.amount.minor() < max.minor() {
            line.approved = Some(LineApproval { amount: decision.amount, reason: decision.reason.clone(), by });
        }
    }
    if faults.is_empty() { Ok(lines) } else { Err(DomainError::InvalidLines(faults)) }
}

/// Returns the report to its owner, who can edit and resubmit it.
#[must_use]
pub fn return_to_owner(permit: Permit<'_, Return>, reason: Note, now: Timestamp) -> ReportChange {
    let mut change = ReportChange::on(permit.report(), now);
    let pending = permit.report().pending_step().map(|step| step.number);
    if pending.is_some() {
        record_decision(&mut change.after, &permit, StepStatus::Returned, Some(reason.clone()), now);
    }
    change.after.status = ReportStatus::Returned;
    change.spending = Spending::withdraw_claims(permit.report());
    refuse(&mut change, now);
    let kind = EventKind::ReportReturned { report: ReportSnapshot::of(&change.after), step: pending, reason };
    record_decision_event(change, &permit, kind, now)
}

/// Rejects the report. This is final.
#[must_use]
pub fn reject(permit: Permit<'_, Decide>, reason: Note, now: Timestamp) -> ReportChange {
    let mut change = ReportChange::on(permit.report(), now);
    let (step, _) = record_decision(&mut change.after, &permit, StepStatus::Rejected, Some(reason.clone()), now);
    change.after.status = ReportStatus::Rejected;
    change.spending = Spending::withdraw_claims(permit.report());
    refuse(&mut change, now);
    let kind = EventKind::ReportRejected { report: ReportSnapshot::of(&change.after), step, reason };
    record_decision_event(change, &permit, kind, now)
}

fn record_decision_event<A>(
    change: ReportChange,
    permit: &Permit<'_, A>,
    kind: EventKind,
    now: Timestamp,
) -> ReportChange {
    change.record_event_as(permit.actor(), permit.on_behalf_of().map(|person| person.id), kind, now)
}

/// Records the decision at the pending step. Returns the number of the step and the number of missing approvals.
fn record_decision<A>(
    report: &mut Report,
    permit: &Permit<'_, A>,
    status: StepStatus,
    comment: Option<Note>,
    now: Timestamp,
) -> (u32, usize) {
    // A permit to decide exists only for an approver of the pending step or their delegate, so there is a pending step.
    let Some(step) = report.steps.iter_mut().find(|step| step.status == StepStatus::Pending) else { return (0, 0) };
    let by = permit.actor().member_ref();
    step.decisions.push(Decision { by, on_behalf_of: permit.on_behalf_of().cloned(), at: now, comment });
    let remaining = if status == StepStatus::Approved { step.remaining() } else { 0 };
    if remaining == 0 {
        step.status = status;
    }
    (step.number, remaining)
}

/// Checks that a member can become an approver of the pending step.
///
/// # Errors
/// [`DomainError::SeparationOfDuties`] or [`DomainError::NotAssignable`] with the reason;
/// [`DomainError::MissingPerson`] for an interested party who was not loaded.
pub fn check_assignable(report: &Report, to: &Member, policy: &Policy, people: &OrgContext) -> Result<(), DomainError> {
    let input = RouteInput::of(report, !report.violations.is_empty());
    if let Some(missing) = people.missing_interested_party(report) {
        return Err(DomainError::MissingPerson(missing));
    }
    let people = people.seen_by(report);
    let parties: Vec<MemberId> = report.interested_parties().collect();
    let resolver = ApproverResolver::new(policy, input, &people).with_steps(report.steps.clone());
    match resolver.exclusion_reason(&to.without_changes_by(&parties)) {
        None => Ok(()),
        Some(ExclusionReason::SeparationOfDuties) => Err(DomainError::SeparationOfDuties(
            "This member cannot decide on the report. Choose one who is not its owner, preparer or payee.",
        )),
        Some(why) => Err(DomainError::NotAssignable(why.describe())),
    }
}

/// Replaces an approver of the pending step.
///
/// # Errors
/// [`DomainError::NotPendingApprover`] when `from` is not a pending approver, [`DomainError::SeparationOfDuties`] when
/// `to` is the actor, and those of [`check_assignable`].
pub fn reassign(
    permit: Permit<'_, Reassign>,
    from: MemberId,
    to: &Member,
    reason: Note,
    policy: &Policy,
    people: &OrgContext,
    now: Timestamp,
) -> Result<ReportChange, DomainError> {
    if to.id == permit.actor().id {
        return Err(DomainError::SeparationOfDuties("You cannot make yourself an approver. Ask another admin."));
    }
    let is_actor = |admin: &&Member| admin.id == permit.actor().id;
    let as_seen = people.seen_by(permit.report());
    if as_seen.finance_and_admins.iter().find(is_actor).is_some_and(|admin| admin.role != Role::Admin) {
        return Err(DomainError::SeparationOfDuties(
            "A party to this report made you an admin. Another admin has to confirm that, or reassign the step.",
        ));
    }
    check_assignable(permit.report(), to, policy, people)?;
    let mut change = ReportChange::on(permit.report(), now);
    let pending = change.after.steps.iter_mut().find(|step| step.status == StepStatus::Pending);
    let is_pending = |step: &&mut Step| step.pending_approvers().any(|person| person.id == from);
    let step = pending.filter(is_pending).ok_or(DomainError::NotPendingApprover)?;
    step.approvers.retain(|person| person.id != from);
    step.approvers.push(to.member_ref());
    step.approvers.sort_unstable_by_key(|person| person.id);
    step.set_time_zone(std::iter::once(to).chain(people.members()));
    step.reasons.list.push(StepReason::Reassigned {});
    // The mail goes to the new approver only.
    let opened_step = OpenedStep { approvers: vec![to.id], ..OpenedStep::of(step) };
    let kind = EventKind::StepReassigned { report: ReportSnapshot::of(&change.after), from, reason, opened_step };
    Ok(change.record_event(permit.actor(), kind, now))
}
