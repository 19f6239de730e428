//! Permissions on reports: relation, role, status and action decide.

use std::marker::PhantomData;

use strum::VariantArray;

use crate::error::DomainError;
use crate::ids::MemberId;
use crate::member::{Delegation, Member, MemberKind, MemberRef, Role};
use crate::money::Money;
use crate::report::{Report, ReportStatus};
use crate::step::Step;
use crate::today::Today;

/// Relation of a member to a report. When several apply, the first in this order counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, VariantArray)]
pub enum Relation {
    /// Owner of the report.
    Owner,
    /// Created the report on the owner's behalf.
    Preparer,
    /// Paid in the owner's place.
    Payee,
    /// Has decided on the report, personally or through a delegate.
    Decided,
    /// Approver of the pending step.
    Approver,
    /// Delegate of an approver of the pending step.
    Delegate,
    /// Approver of a later step, or of an earlier one that others decided.
    ApproverOfOtherStep,
    /// No relation.
    Unrelated,
}

impl Relation {
    /// Every relation, in order of precedence.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// Relation of the member to the report today.
    #[must_use]
    pub fn of(member: &Member, report: &Report, today: Today) -> Self {
        let is = |person: &Option<MemberRef>| person.as_ref().is_some_and(|person| person.id == member.id);
        if report.owner == member.id {
            return Self::Owner;
        } else if is(&report.preparer) {
            return Self::Preparer;
        } else if is(&report.payee) {
            return Self::Payee;
        }
        let is_on_route = report.steps.iter().any(|step| step.is_approver(member.id));
        if report.steps.iter().any(|step| step.has_decided(member.id)) {
            Self::Decided
        } else if report.pending_step().is_some_and(|step| step.is_approver(member.id)) {
            Self::Approver
        } else if current_delegation(member, report, today).is_some() {
            Self::Delegate
        } else if is_on_route {
            Self::ApproverOfOtherStep
        } else {
            Self::Unrelated
        }
    }

    /// True when separation of duties excludes the member from decisions on the report.
    const fn has_conflict_of_interest(self) -> bool {
        matches!(self, Self::Owner | Self::Preparer | Self::Payee)
    }

    /// Name in the permission table (`docs/PERMISSIONS.md`).
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Preparer => "preparer",
            Self::Payee => "payee",
            Self::Decided => "has decided",
            Self::Approver => "approver of the pending step",
            Self::Delegate => "delegate of such an approver",
            Self::ApproverOfOtherStep => "approver of another step",
            Self::Unrelated => "none of these",
        }
    }
}

/// Delegation by which a member can decide at the pending step in place of an approver. Of several, the widest.
///
/// A member decides at most once per report. After a decision at an earlier step, in their own right or as a delegate,
/// neither the member nor a delegate of the member can decide at this step. A member required by a later step is kept
/// for that step. For example, Marco decides on step 1 for Erik. Marco is an approver of step 2 too: neither Marco nor
/// a delegate of Marco can decide there.
fn current_delegation<'a>(member: &'a Member, report: &Report, today: Today) -> Option<&'a Delegation> {
    let step = report.pending_step()?;
    if report.ineligible_approvers().any(|id| id == member.id) {
        return None;
    }
    let has_decided = |id: MemberId| report.steps.iter().any(|step| step.has_decided(id));
    let is_pending = |id: MemberId| step.pending_approvers().any(|person| person.id == id) && !has_decided(id);
    // An interested party cannot choose who decides on the report.
    let is_impartial = |delegation: &&Delegation| !report.interested_parties().any(|id| id == delegation.set_by);
    let active = member.active_delegations(today);
    let applicable = active.filter(|delegation| is_pending(delegation.counterpart.id));
    applicable.filter(is_impartial).min_by_key(|delegation| delegation.by_limit_desc())
}

/// Facts about a pending step that a queue entry or a mail keeps.
#[derive(Clone, Copy, Debug)]
pub struct PendingStep<'a> {
    /// Approvers who have not decided yet.
    pub approvers: &'a [MemberId],
    /// Interested parties ([`Report::interested_parties`]).
    pub interested_parties: &'a [MemberId],
    /// Members who have decided or are kept for a later step ([`Report::ineligible_approvers`]).
    pub ineligible_approvers: &'a [MemberId],
    /// Total in the base currency.
    pub base_total: Money,
}

impl PendingStep<'_> {
    /// Approver that a decision of the member counts for: the member, or a delegator. `None` when the member cannot
    /// decide.
    ///
    /// Agrees with [`Relation::of`] and, for the approval limit of a delegation, with [`permit`].
    #[must_use]
    pub fn acting_for(&self, member: &Member, today: Today) -> Option<MemberId> {
        let is_excluded =
            self.interested_parties.contains(&member.id) || self.ineligible_approvers.contains(&member.id);
        if is_excluded || !member.can_approve() {
            return None;
        }
        if self.approvers.contains(&member.id) {
            return Some(member.id);
        }
        // No delegate decides for an approver who decided at an earlier step.
        let is_applicable = |delegation: &&Delegation| {
            self.approvers.contains(&delegation.counterpart.id)
                && !self.ineligible_approvers.contains(&delegation.counterpart.id)
                && !self.interested_parties.contains(&delegation.set_by)
                && delegation.effective_limit().is_none_or(|limit| self.base_total.minor() <= limit.minor())
        };
        let active = member.active_delegations(today);
        active
            .filter(is_applicable)
            .min_by_key(|delegation| delegation.by_limit_desc())
            .map(|found| found.counterpart.id)
    }
}

/// Action on a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, VariantArray)]
pub enum Action {
    /// See the report, its lines and its history.
    Read,
    /// Add a comment.
    Comment,
    /// Make a new draft with the same lines.
    Clone,
    /// Change the report or its lines.
    Edit,
    /// Delete a draft that was never submitted.
    Delete,
    /// Send the report to its approvers.
    Submit,
    /// Take a submitted report back to draft.
    Recall,
    /// Approve or reject the report.
    Decide,
    /// Send the report back to its owner.
    Return,
    /// Replace an approver of the pending step.
    Reassign,
    /// Reimburse the report.
    Reimburse,
}

impl Action {
    /// Every action on a report.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// Past participle for messages: "A report cannot be …".
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Comment => "commented on",
            Self::Clone => "cloned",
            Self::Edit => "edited",
            Self::Delete => "deleted",
            Self::Submit => "submitted",
            Self::Recall => "recalled",
            Self::Decide => "decided on",
            Self::Return => "returned",
            Self::Reassign => "reassigned",
            Self::Reimburse => "reimbursed",
        }
    }
}

/// Permission table of actions on reports.
///
/// # Errors
/// [`DomainError::NotFound`] when the report is hidden from the member; otherwise the reason of the refusal.
pub const fn authorize(
    role: Role,
    relation: Relation,
    status: ReportStatus,
    action: Action,
) -> Result<(), DomainError> {
    if matches!(relation, Relation::Unrelated) && !role.sees_all() {
        return Err(DomainError::NotFound);
    }
    if matches!(action, Action::Read) {
        return Ok(());
    }
    if matches!(role, Role::Auditor) {
        return Err(DomainError::Forbidden("Auditors have read-only access."));
    }
    let has_conflict = relation.has_conflict_of_interest();
    let allowed = match action {
        Action::Read | Action::Comment => true,
        Action::Clone | Action::Edit | Action::Delete | Action::Submit | Action::Recall => {
            return authorize_own_report(role, relation, status, action);
        }
        Action::Decide => return authorize_decision(relation, status, action),
        Action::Return => return authorize_return(role, relation, status),
        Action::Reassign => {
            if !matches!(role, Role::Admin) {
                return Err(DomainError::Forbidden("Only an admin can reassign a step."));
            }
            if has_conflict {
                return Err(DomainError::SeparationOfDuties(CANNOT_REASSIGN));
            }
            matches!(status, ReportStatus::Submitted)
        }
        Action::Reimburse => {
            if !matches!(role, Role::Finance | Role::Admin) {
                return Err(DomainError::Forbidden("Only finance or an admin can reimburse a report."));
            }
            if has_conflict {
                return Err(DomainError::SeparationOfDuties(CANNOT_REIMBURSE));
            }
            if matches!(relation, Relation::Decided) {
                return Err(DomainError::SeparationOfDuties(
                    "You have decided on this report, so another member must reimburse it.",
                ));
            }
            matches!(status, ReportStatus::Approved)
        }
    };
    if allowed { Ok(()) } else { Err(DomainError::InvalidState { status, action: action.name() }) }
}

/// Permission for the actions of the owner and the preparer.
const fn authorize_own_report(
    role: Role,
    relation: Relation,
    status: ReportStatus,
    action: Action,
) -> Result<(), DomainError> {
    if !matches!(relation, Relation::Owner | Relation::Preparer) {
        return Err(DomainError::Forbidden("Only the owner or the preparer of the report can do this."));
    }
    // The clone is a new report for its owner.
    let creates_for_owner = matches!((action, relation), (Action::Clone, Relation::Preparer));
    if creates_for_owner && !matches!(role, Role::Finance | Role::Admin) {
        return Err(DomainError::Forbidden("Only finance or an admin can create a report for another member."));
    }
    let allowed = match action {
        Action::Clone => true,
        // What is in a batch, or paid, is final.
        Action::Edit => {
            !matches!(status, ReportStatus::Rejected | ReportStatus::Reimbursing | ReportStatus::Reimbursed)
        }
        Action::Submit => status.is_with_owner(),
        Action::Recall => matches!(status, ReportStatus::Submitted),
        _ => matches!(status, ReportStatus::Draft),
    };
    if allowed { Ok(()) } else { Err(DomainError::InvalidState { status, action: action.name() }) }
}

const CANNOT_REASSIGN: &str = "You cannot reassign a report that you own, prepared or are paid by.";
const CANNOT_REIMBURSE: &str = "You cannot reimburse a report that you own, prepared or are paid by.";
const CANNOT_DECIDE: &str = "You cannot decide on a report that you own, prepared or are paid by.";
const ROLE_FROM_PARTY: &str =
    "The owner, preparer or payee of this report gave you the role that this needs. Another admin has to confirm it.";

/// Permission to return a report.
const fn authorize_return(role: Role, relation: Relation, status: ReportStatus) -> Result<(), DomainError> {
    // An approved report is no longer with its approvers: finance returns it before it is paid.
    if !matches!(status, ReportStatus::Approved) {
        return authorize_decision(relation, status, Action::Return);
    }
    if relation.has_conflict_of_interest() {
        return Err(DomainError::SeparationOfDuties(CANNOT_DECIDE));
    }
    if !matches!(role, Role::Finance | Role::Admin) {
        return Err(DomainError::Forbidden("Only finance or an admin can return an approved report."));
    }
    Ok(())
}

/// Permission to decide on a report that is with its approvers.
const fn authorize_decision(relation: Relation, status: ReportStatus, action: Action) -> Result<(), DomainError> {
    let wrong_state = Err(DomainError::InvalidState { status, action: action.name() });
    match relation {
        Relation::Owner | Relation::Preparer | Relation::Payee => Err(DomainError::SeparationOfDuties(CANNOT_DECIDE)),
        Relation::Decided => Err(DomainError::AlreadyDecided),
        Relation::Approver | Relation::Delegate => match status {
            ReportStatus::Submitted => Ok(()),
            _ => wrong_state,
        },
        Relation::ApproverOfOtherStep => wrong_state,
        Relation::Unrelated => match status {
            ReportStatus::Submitted => Err(DomainError::Forbidden("You are not an approver of this report.")),
            _ => wrong_state,
        },
    }
}

macro_rules! report_actions {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name;
        impl ReportAction for $name {
            const ACTION: Action = Action::$name;
        }
    )*};
}

/// Type of one [`Action`], so that a permit for another action does not compile.
pub trait ReportAction: Copy + std::fmt::Debug + Send + Sync + 'static {
    /// Action.
    const ACTION: Action;
    /// True when some members who see the report cannot perform the action.
    const IS_FORBIDDEN_TO_SOME: bool = !matches!(Self::ACTION, Action::Read);
}

report_actions! {
    /// See a report.
    Read
    /// Comment on a report.
    Comment
    /// Clone a report or one of its lines.
    Clone
    /// Change a report or its lines.
    Edit
    /// Delete a draft.
    Delete
    /// Submit a report.
    Submit
    /// Recall a submitted report.
    Recall
    /// Approve or reject a report.
    Decide
    /// Return a report to its owner.
    Return
    /// Replace an approver of the pending step.
    Reassign
    /// Reimburse a report.
    Reimburse
}

/// Proof that a member may perform `A` on this version of a report. Only [`permit`] makes one.
#[derive(Clone, Copy, Debug)]
pub struct Permit<'a, A> {
    actor: &'a Member,
    report: &'a Report,
    /// Delegator, when the actor decides as a delegate.
    on_behalf_of: Option<&'a MemberRef>,
    action: PhantomData<A>,
}

impl<'a, A> Permit<'a, A> {
    /// Member who may perform the action.
    #[must_use]
    pub const fn actor(&self) -> &'a Member {
        self.actor
    }

    /// Report, in the version that was checked.
    #[must_use]
    pub const fn report(&self) -> &'a Report {
        self.report
    }

    /// Delegator, when the actor decides as a delegate.
    #[must_use]
    pub const fn on_behalf_of(&self) -> Option<&'a MemberRef> {
        self.on_behalf_of
    }
}

/// Permits an action on a report.
///
/// # Errors
/// Those of [`authorize`]; [`DomainError::PartlySettled`] for a change of a report that a payment has settled in part;
/// [`DomainError::StepNotPending`] for an approver of another step; [`DomainError::Forbidden`]
/// for a service that would decide; [`DomainError::SeparationOfDuties`] for a member whose role was given by an
/// interested party; [`DomainError::ApprovalLimitExceeded`] when the total exceeds the approval limit of the member, as
/// no interested party has set it, or of the delegation.
pub fn permit<'a, A: ReportAction>(
    actor: &'a Member,
    report: &'a Report,
    today: Today,
) -> Result<Permit<'a, A>, DomainError> {
    let relation = Relation::of(actor, report, today);
    if actor.org != report.org {
        return Err(DomainError::NotFound);
    }
    let authorized = authorize(actor.role, relation, report.status, A::ACTION);
    let decides = matches!(A::ACTION, Action::Decide | Action::Return);
    if decides && actor.kind == MemberKind::Service && authorized != Err(DomainError::NotFound) {
        return Err(DomainError::Forbidden("A service cannot decide on reports."));
    }
    if matches!(authorized, Err(DomainError::InvalidState { .. }))
        && relation == Relation::ApproverOfOtherStep
        && let Some(refusal) = step_not_pending(actor, report)
    {
        return Err(refusal);
    }
    authorized?;
    if matches!(A::ACTION, Action::Edit | Action::Return) && report.has_settled_amounts() {
        return Err(DomainError::PartlySettled);
    }
    let parties: Vec<MemberId> = report.interested_parties().collect();
    let as_seen = actor.without_changes_by(&parties);
    let by_role = matches!(A::ACTION, Action::Return | Action::Reassign | Action::Reimburse);
    if by_role && authorize(as_seen.role, relation, report.status, A::ACTION).is_err() {
        return Err(DomainError::SeparationOfDuties(ROLE_FROM_PARTY));
    }
    let mut on_behalf_of = None;
    if decides && report.status == ReportStatus::Submitted {
        let delegation = (relation == Relation::Delegate).then(|| current_delegation(actor, report, today)).flatten();
        let limit = delegation.map_or(as_seen.approval_limit, Delegation::effective_limit);
        let total = report.total_to_approve();
        if let Some(limit) = limit.filter(|limit| total.minor() > limit.minor()) {
            return Err(DomainError::ApprovalLimitExceeded { limit, total });
        }
        on_behalf_of = delegation.map(|delegation| &delegation.counterpart);
    }
    Ok(Permit { actor, report, on_behalf_of, action: PhantomData })
}

/// Refusal of an approver of a step that is not pending: names the pending step and theirs.
fn step_not_pending(actor: &Member, report: &Report) -> Option<DomainError> {
    let name = |step: &Step| (step.number, step.name.clone());
    let pending = report.pending_step()?;
    let own = report.steps.iter().rfind(|step| step.is_approver(actor.id))?;
    Some(DomainError::StepNotPending { pending: name(pending), own: name(own) })
}
