//! Escalation: what the backend does by itself with a step that nobody decides. It never decides in anybody's place; it asks others.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{ReportChange, today};
use crate::event::{Asked, Escalation, EventKind, Snapshot};
use crate::ids::MemberId;
use crate::member::Member;
use crate::policy::{Mode, Policy};
use crate::refusal::Refusal;
use crate::report::Report;
use crate::route::{Claimed, Directory, NoRoute, Search, StepStatus};

/// Why a report's pending step has to ask others now, and in place of whom; `None` when it need not. `unreachable` are members that mail
/// does not reach.
#[must_use]
pub fn to_escalate(
    report: &Report,
    unreachable: &BTreeSet<MemberId>,
    now: Timestamp,
) -> Option<(Escalation, Vec<MemberId>)> {
    let step = report.pending_step()?;
    let outstanding: Vec<MemberId> = step.outstanding().map(|person| person.id).collect();
    let lost: Vec<MemberId> = outstanding.iter().copied().filter(|id| unreachable.contains(id)).collect();
    if !lost.is_empty() {
        return Some((Escalation::Unreachable, lost));
    }
    let overdue = step.due_on.is_some_and(|due| due < today(now)) && !step.escalates_to.is_empty();
    (overdue && !outstanding.is_empty()).then_some((Escalation::Overdue, outstanding))
}

/// Asks others at the pending step in place of `from`: those the step names for it (`named` are they, as they are now); for who cannot be
/// reached also the next manager up, the fallback, or the admins. Who is asked instead has the step's whole time. `None` when there is
/// nobody who may: it stays as it is.
///
/// # Errors
/// [`Refusal::UnknownManager`] or [`Refusal::UnknownConcerned`] for somebody who has to be known.
pub fn escalate(
    report: &Report,
    (because, from): (Escalation, &[MemberId]),
    named: &[Member],
    policy: &Policy,
    people: &Directory,
    now: Timestamp,
) -> Result<Option<ReportChange>, Refusal> {
    if let Some(unknown) = people.lacks(report) {
        return Err(Refusal::UnknownConcerned(unknown));
    }
    let Some(step) = report.pending_step() else { return Ok(None) };
    let claimed = Claimed::of(report, !report.violations.is_empty());
    let search = Search::new(policy, claimed, people, today(now)).beside(report.steps.clone());
    let instead = search.stand_ins(step, named, because == Escalation::Overdue).map_err(|none| match none {
        NoRoute::Unknown(manager) => Refusal::UnknownManager(manager),
        NoRoute::NoApprover { step } => Refusal::NoApprover { step },
    })?;
    if instead.is_empty() {
        return Ok(None);
    }
    let mut change = ReportChange::on(report, now);
    let pending = change.after.steps.iter_mut().find(|step| step.status == StepStatus::Pending);
    let Some(step) = pending else { return Ok(None) };
    let asked = instead.iter().map(|person| person.id).collect();
    // A quorum must stay within reach: who is not waited for any longer may still be needed.
    let left = step.approvers.iter().filter(|person| !from.contains(&person.id)).count() + instead.len();
    if left >= step.decisions.len() + step.remaining() || step.mode == Mode::All {
        step.approvers.retain(|person| !from.contains(&person.id));
    }
    step.approvers.extend(instead);
    step.approvers.sort_unstable_by_key(|person| person.id);
    step.passed_over.extend(from);
    step.escalates_to = Vec::new();
    step.reason.push_str(match because {
        Escalation::Overdue => " It was overdue, so others are asked.",
        Escalation::Unreachable => " Mail to an approver comes back, so others are asked.",
    });
    *step = step.clone().opened(policy, today(now));
    let asked = Asked { approvers: asked, ..Asked::of(step) };
    let kind = EventKind::StepEscalated { report: Snapshot::of(&change.after), because, from: from.to_vec(), asked };
    Ok(Some(change.telling_by_itself(kind, now)))
}
