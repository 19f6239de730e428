//! Who may do what: one function from role, relation, status and action to a ruling. The permits it makes are what the
//! transitions in [`crate::change`] demand, so a forgotten check does not compile. No role bypasses the duties.

use std::marker::PhantomData;

use crate::member::{Member, Role};
use crate::refusal::Refusal;
use crate::report::{Report, Status};

/// How a member stands to a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relation {
    /// The report is his.
    Owner,
    /// He is asked to decide now.
    Approver,
    /// He will be asked at a later step.
    LaterApprover,
    /// A step that asked him is decided.
    Decided,
    /// None of these.
    Stranger,
}

impl Relation {
    /// Every relation.
    pub const ALL: [Self; 5] = [Self::Owner, Self::Approver, Self::LaterApprover, Self::Decided, Self::Stranger];

    /// How the member stands to the report.
    #[must_use]
    pub fn of(member: &Member, report: &Report) -> Self {
        if report.owner == member.id {
            return Self::Owner;
        }
        let asked = || report.steps.iter().filter(|step| step.asks(member.id));
        if report.pending_step().is_some_and(|step| step.asks(member.id)) {
            Self::Approver
        } else if asked().any(|step| step.decision.is_some()) {
            Self::Decided
        } else if asked().next().is_some() {
            Self::LaterApprover
        } else {
            Self::Stranger
        }
    }
}

/// What can be done with a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// See it, its lines and its history.
    Read,
    /// Add, change or remove lines.
    Edit,
    /// Send it to its approvers.
    Submit,
    /// Take it back from them.
    Recall,
    /// Approve, return or reject it.
    Decide,
}

impl Action {
    /// Every action on a report.
    pub const ALL: [Self; 5] = [Self::Read, Self::Edit, Self::Submit, Self::Recall, Self::Decide];

    /// The word for it in messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Edit => "edited",
            Self::Submit => "submitted",
            Self::Recall => "recalled",
            Self::Decide => "decided on",
        }
    }
}

/// The table of permissions on reports.
///
/// # Errors
/// The [`Refusal`] that says why not: `NotVisible` hides the report altogether.
pub const fn ruling(role: Role, relation: Relation, status: Status, action: Action) -> Result<(), Refusal> {
    if matches!(relation, Relation::Stranger) && !role.sees_all() {
        return Err(Refusal::NotVisible);
    }
    let wrong_state = Err(Refusal::InvalidState { status, action: action.name() });
    match (action, relation) {
        (Action::Read, _) => Ok(()),
        _ if matches!(role, Role::Auditor) => {
            Err(Refusal::Forbidden("An auditor sees everything and changes nothing."))
        }
        (Action::Edit | Action::Submit, Relation::Owner) => match status {
            Status::Draft | Status::Returned => Ok(()),
            Status::Submitted | Status::Approved | Status::Rejected => wrong_state,
        },
        (Action::Recall, Relation::Owner) => match status {
            Status::Submitted => Ok(()),
            Status::Draft | Status::Approved | Status::Returned | Status::Rejected => wrong_state,
        },
        (Action::Edit | Action::Submit | Action::Recall, _) => {
            Err(Refusal::Forbidden("Only the owner of a report may do this."))
        }
        (Action::Decide, Relation::Owner) => Err(Refusal::Duties("Nobody decides on his own report.")),
        (Action::Decide, Relation::Decided) => Err(Refusal::AlreadyDecided),
        (Action::Decide, Relation::Approver | Relation::LaterApprover | Relation::Stranger) => match (status, relation)
        {
            (Status::Submitted, Relation::Approver) => Ok(()),
            (Status::Submitted, Relation::Stranger) => {
                Err(Refusal::Forbidden("The route of this report does not ask you."))
            }
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

/// A type that stands for one [`Action`], so that a permit for another does not fit.
pub trait ReportAction {
    /// The action.
    const ACTION: Action;
}

report_actions! {
    /// See a report.
    Read
    /// Change its lines.
    Edit
    /// Submit it.
    Submit
    /// Recall it.
    Recall
    /// Approve, return or reject it.
    Decide
}

/// Proof that this member may carry out `A` on this report as it stands. Only [`permit`] makes one.
#[derive(Clone, Copy, Debug)]
pub struct Permit<'a, A> {
    actor: &'a Member,
    report: &'a Report,
    action: PhantomData<A>,
}

impl<'a, A> Permit<'a, A> {
    /// Who may.
    #[must_use]
    pub const fn actor(&self) -> &'a Member {
        self.actor
    }

    /// The report as it stands.
    #[must_use]
    pub const fn report(&self) -> &'a Report {
        self.report
    }
}

/// Asks for an action on a report.
///
/// # Errors
/// The [`Refusal`] of [`ruling`].
pub fn permit<'a, A: ReportAction>(actor: &'a Member, report: &'a Report) -> Result<Permit<'a, A>, Refusal> {
    ruling(actor.role, Relation::of(actor, report), report.status, A::ACTION)?;
    Ok(Permit { actor, report, action: PhantomData })
}

/// A type that stands for one action on the organisation itself.
pub trait OrgAction {
    /// Whether the role may.
    fn allows(role: Role) -> bool;
}

macro_rules! org_actions {
    ($($(#[$doc:meta])* $name:ident: $($role:ident)|+;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name;
        impl OrgAction for $name {
            fn allows(role: Role) -> bool {
                matches!(role, $(Role::$role)|+)
            }
        }
    )*};
}

org_actions! {
    /// Invite a member.
    InviteMember: Admin;
    /// See all members.
    ReadMembers: Finance | Admin | Auditor;
    /// See the policy.
    ReadPolicy: Employee | Finance | Admin | Auditor;
    /// Put a policy in force.
    ChangePolicy: Finance | Admin;
    /// See exchange rates.
    ReadRates: Employee | Finance | Admin | Auditor;
    /// Enter exchange rates.
    EnterRates: Finance | Admin;
    /// Create a report of one's own.
    CreateReport: Employee | Finance | Admin;
    /// List reports of others.
    ListAllReports: Finance | Admin | Auditor;
}

/// Proof that this member may carry out `A` in his organisation. Only [`permit_org`] makes one.
#[derive(Clone, Copy, Debug)]
pub struct OrgPermit<'a, A> {
    actor: &'a Member,
    action: PhantomData<A>,
}

impl<'a, A> OrgPermit<'a, A> {
    /// Who may.
    #[must_use]
    pub const fn actor(&self) -> &'a Member {
        self.actor
    }
}

/// Asks for an action on the organisation.
///
/// # Errors
/// [`Refusal::Forbidden`] when the member's role does not allow it.
pub fn permit_org<A: OrgAction>(actor: &Member) -> Result<OrgPermit<'_, A>, Refusal> {
    if A::allows(actor.role) {
        Ok(OrgPermit { actor, action: PhantomData })
    } else {
        Err(Refusal::Forbidden("Your role does not allow this."))
    }
}
