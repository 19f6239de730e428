//! What approvers do: agree, send back, refuse; and what an admin does when the route asks the wrong person.

use jiff::Timestamp;

use super::draft::storable;
use super::{ReportChange, today};
use crate::event::{Asked, EventKind, Snapshot};
use crate::expense::{Expense, LineApproval};
use crate::ids::{ExpenseId, MemberId};
use crate::member::Member;
use crate::money::Money;
use crate::permission::{Decide, Permit, Reassign, Return};
use crate::policy::Policy;
use crate::refusal::{LineFault, Refusal};
use crate::report::{Report, Status};
use crate::route::{Claimed, Decision, Directory, Excluded, Search, Step, StepStatus};
use crate::spending::Spending;

/// What an approver says.
#[derive(Clone, Debug, Default)]
pub struct Approval {
    /// A word to the owner.
    pub comment: Option<String>,
    /// Lines that he does not let pass in full.
    pub lines: Vec<LineVerdict>,
}

/// What is granted of one line.
#[derive(Clone, Debug)]
pub struct LineVerdict {
    /// The line.
    pub expense_id: ExpenseId,
    /// How much, in its currency.
    pub amount: Money,
    /// Why not all of it.
    pub reason: String,
}

/// Agrees to the pending step, for the member himself or by delegation. When enough have agreed the next step opens, or the report
/// is approved.
///
/// # Errors
/// [`Refusal::Lines`] when decisions on lines cannot be.
pub fn approve(
    permit: Permit<'_, Decide>,
    policy: &Policy,
    approval: Approval,
    now: Timestamp,
) -> Result<ReportChange, Refusal> {
    // Without a step to decide on nothing would be left to agree, and that is never an approval.
    if permit.report().pending_step().is_none() {
        return Err(Refusal::InvalidState { status: permit.report().status, action: "decided on" });
    }
    let mut change = ReportChange::on(permit.report(), now);
    if !approval.lines.is_empty() {
        let lines = granted(&change.after, permit.actor().id, &approval.lines)?;
        change.after = storable(change.after.with_expenses(lines).map_err(|_| Refusal::TotalTooLarge)?)?;
    }
    let comment = approval.comment;
    let (step, remaining) = decided(&mut change.after, &permit, StepStatus::Approved, comment.clone(), now);
    if remaining > 0 {
        return Ok(told(change, &permit, EventKind::StepAgreed { step, comment, remaining }, now));
    }
    let next = change.after.steps.iter_mut().find(|step| step.status == StepStatus::Waiting);
    let asked = next.map(|next| {
        *next = next.clone().opened(policy, today(now));
        Asked::of(next)
    });
    if asked.is_none() {
        change.after.status = Status::Approved;
    }
    let report = Snapshot::of(&change.after);
    let kind = match asked {
        Some(asked) => EventKind::StepApproved { report, step, comment, asked },
        None => EventKind::ReportApproved { report, step, comment },
    };
    Ok(told(change, &permit, kind, now))
}

/// The lines with what an approver grants of them.
fn granted(report: &Report, by: MemberId, verdicts: &[LineVerdict]) -> Result<Vec<Expense>, Refusal> {
    let mut lines = report.expenses.clone();
    let mut faults = Vec::new();
    for (at, verdict) in verdicts.iter().enumerate() {
        let Some(line) = lines.iter_mut().find(|line| line.id == verdict.expense_id) else {
            faults.push((at, LineFault::Unknown));
            continue;
        };
        // What an approver before has taken off stays off.
        let most = line.granted();
        if verdicts.iter().take(at).any(|earlier| earlier.expense_id == verdict.expense_id) {
            faults.push((at, LineFault::Repeated));
        } else if verdict.amount.currency() != most.currency() {
            faults.push((at, LineFault::Currency));
        } else if verdict.amount.minor() > most.minor() {
            faults.push((at, LineFault::TooMuch { most }));
        } else if verdict.amount.minor() < most.minor() {
            line.approved = Some(LineApproval { amount: verdict.amount, reason: verdict.reason.clone(), by });
        }
    }
    if faults.is_empty() { Ok(lines) } else { Err(Refusal::Lines(faults)) }
}

/// Sends the report back to its owner, who may change and resubmit it.
#[must_use]
pub fn return_to_owner(permit: Permit<'_, Return>, reason: String, now: Timestamp) -> ReportChange {
    let mut change = ReportChange::on(permit.report(), now);
    let pending = permit.report().pending_step().map(|step| step.number);
    if pending.is_some() {
        decided(&mut change.after, &permit, StepStatus::Returned, Some(reason.clone()), now);
    }
    change.after.status = Status::Returned;
    change.spending = Spending::withdrawing(permit.report());
    let kind = EventKind::ReportReturned { report: Snapshot::of(&change.after), step: pending, reason };
    told(change, &permit, kind, now)
}

/// Refuses the report for good.
#[must_use]
pub fn reject(permit: Permit<'_, Decide>, reason: String, now: Timestamp) -> ReportChange {
    let mut change = ReportChange::on(permit.report(), now);
    let (step, _) = decided(&mut change.after, &permit, StepStatus::Rejected, Some(reason.clone()), now);
    change.after.status = Status::Rejected;
    change.spending = Spending::withdrawing(permit.report());
    let kind = EventKind::ReportRejected { report: Snapshot::of(&change.after), step, reason };
    told(change, &permit, kind, now)
}

fn told<A>(change: ReportChange, permit: &Permit<'_, A>, kind: EventKind, now: Timestamp) -> ReportChange {
    change.telling_for(permit.actor(), permit.principal().map(|person| person.id), kind, now)
}

/// Writes the decision on the pending step; gives the step's number and how many more have to agree.
fn decided<A>(
    report: &mut Report,
    permit: &Permit<'_, A>,
    status: StepStatus,
    comment: Option<String>,
    now: Timestamp,
) -> (u32, usize) {
    // A permit to decide is made only for an approver of the pending step, or his delegate, so there is one.
    let Some(step) = report.steps.iter_mut().find(|step| step.status == StepStatus::Pending) else { return (0, 0) };
    let by = permit.actor().person();
    step.decisions.push(Decision { by, on_behalf_of: permit.principal().cloned(), at: now, comment });
    let remaining = if status == StepStatus::Approved { step.remaining() } else { 0 };
    if remaining == 0 {
        step.status = status;
    }
    (step.number, remaining)
}

/// Whether a member can be asked at the pending step in place of another.
///
/// # Errors
/// [`Refusal::Duties`] or [`Refusal::NotAssignable`] with the reason.
pub fn assignable(
    report: &Report,
    to: &Member,
    policy: &Policy,
    people: &Directory,
    now: Timestamp,
) -> Result<(), Refusal> {
    let claimed = Claimed::of(report, !report.violations.is_empty());
    if let Some(unknown) = people.lacks(report) {
        return Err(Refusal::UnknownConcerned(unknown));
    }
    let search = Search::new(policy, claimed, people, today(now)).beside(report.steps.clone());
    match search.excludes(to) {
        None => Ok(()),
        Some(Excluded::Duties) => Err(Refusal::Duties("This member may not decide on the report.")),
        Some(why) => Err(Refusal::NotAssignable(why.words())),
    }
}

/// Asks another member at the pending step.
///
/// # Errors
/// [`Refusal::NotAsked`] when `from` is not asked now, [`Refusal::NotAssignable`] when `to` may not be.
pub fn reassign(
    permit: Permit<'_, Reassign>,
    from: MemberId,
    to: &Member,
    reason: String,
    policy: &Policy,
    people: &Directory,
    now: Timestamp,
) -> Result<ReportChange, Refusal> {
    if to.id == permit.actor().id {
        return Err(Refusal::Duties("Nobody makes himself an approver."));
    }
    assignable(permit.report(), to, policy, people, now)?;
    let mut change = ReportChange::on(permit.report(), now);
    let pending = change.after.steps.iter_mut().find(|step| step.status == StepStatus::Pending);
    let open = |step: &&mut Step| step.outstanding().any(|person| person.id == from);
    let step = pending.filter(open).ok_or(Refusal::NotAsked)?;
    step.approvers.retain(|person| person.id != from);
    step.approvers.push(to.person());
    step.approvers.sort_unstable_by_key(|person| person.id);
    step.reason.push_str(" An admin has reassigned it.");
    // The mail goes to the member who is asked instead, not to the others again.
    let asked = Asked { approvers: vec![to.id], ..Asked::of(step) };
    let kind = EventKind::StepReassigned { report: Snapshot::of(&change.after), from, reason, asked };
    Ok(change.telling(permit.actor(), kind, now))
}
