//! Who may do what: one function from role, relation, status and action to a ruling. The permits it makes are what the
//! transitions in [`crate::change`] demand, so a forgotten check does not compile. No role bypasses the duties.

use std::marker::PhantomData;

use jiff::civil::Date;

use crate::ids::MemberId;
use crate::member::{Delegation, Member, MemberKind, Person, Role};
use crate::money::Money;
use crate::refusal::Refusal;
use crate::report::{Report, Status};

/// How a member stands to a report. Where several apply, the first counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relation {
    /// The report is his.
    Owner,
    /// He entered it on the owner's behalf.
    Enterer,
    /// He is paid, in place of the owner.
    Payee,
    /// He decides for the owner, the enterer or the payee while they are away, and this route asks him or somebody he decides for.
    StandsIn,
    /// He has decided on it, or somebody did for him.
    Decided,
    /// He is asked to decide now.
    Approver,
    /// He decides now for somebody who is asked and away.
    Delegate,
    /// He will be asked at a later step, or a step that asked him was decided by others.
    OtherApprover,
    /// None of these.
    Stranger,
}

impl Relation {
    /// Every relation.
    pub const ALL: [Self; 9] = [
        Self::Owner,
        Self::Enterer,
        Self::Payee,
        Self::StandsIn,
        Self::Decided,
        Self::Approver,
        Self::Delegate,
        Self::OtherApprover,
        Self::Stranger,
    ];

    /// How the member stands to the report on a day.
    #[must_use]
    pub fn of(member: &Member, report: &Report, today: Date) -> Self {
        let is = |person: &Option<Person>| person.as_ref().is_some_and(|person| person.id == member.id);
        if report.owner == member.id {
            return Self::Owner;
        } else if is(&report.entered_by) {
            return Self::Enterer;
        } else if is(&report.payee) {
            return Self::Payee;
        }
        let asked = report.steps.iter().any(|step| step.asks(member.id));
        let decides_for = principal(member, report, today);
        let acts_for = |id| member.acts_for.iter().any(|delegation| delegation.runs(today) && delegation.with.id == id);
        // Whoever sees all reports could have another part in it than deciding.
        let has_part = asked || decides_for.is_some() || member.role.sees_all();
        if has_part && report.concerned().any(acts_for) {
            Self::StandsIn
        } else if report.steps.iter().any(|step| step.heard(member.id)) {
            Self::Decided
        } else if report.pending_step().is_some_and(|step| step.asks(member.id)) {
            Self::Approver
        } else if decides_for.is_some() {
            Self::Delegate
        } else if asked {
            Self::OtherApprover
        } else {
            Self::Stranger
        }
    }

    /// The name in the table of permissions.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Enterer => "entered it for the owner",
            Self::Payee => "is paid",
            Self::StandsIn => "decides for one of these",
            Self::Decided => "has decided",
            Self::Approver => "is asked now",
            Self::Delegate => "decides now for who is asked",
            Self::OtherApprover => "asked at another step",
            Self::Stranger => "none of these",
        }
    }
}

/// The delegation by which a member decides now in place of an approver who is asked and has not decided. Who had his say at an
/// earlier step, for somebody else, has it at this one through nobody; whom a later step cannot do without keeps his say for that
/// one. Of several delegations the widest counts.
fn principal<'a>(member: &'a Member, report: &Report, today: Date) -> Option<&'a Delegation> {
    let step = report.pending_step()?;
    if report.taken().any(|id| id == member.id) {
        return None;
    }
    let free = |id: MemberId| !report.steps.iter().any(|step| step.heard(id));
    let open = |id: MemberId| step.outstanding().any(|person| person.id == id) && free(id);
    // Nobody with a part in the report chooses who decides on it.
    let impartial = |delegation: &&Delegation| !report.concerned().any(|id| id == delegation.by);
    let running = member.acts_for.iter().filter(|delegation| delegation.runs(today) && open(delegation.with.id));
    running.filter(impartial).min_by_key(|delegation| delegation.narrowness())
}

/// A pending step, in so far as a queue or a mail knows of it.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// The approvers who have not decided yet.
    pub approvers: &'a [MemberId],
    /// Who has a part in the report ([`Report::concerned`]).
    pub concerned: &'a [MemberId],
    /// Who has had his say, or keeps it for a later step ([`Report::taken`]).
    pub taken: &'a [MemberId],
    /// The total in the base currency.
    pub base_total: Money,
}

impl Asking<'_> {
    /// The approver whose say it is when the member decides: himself, one he decides for, or nobody. It is what [`Relation::of`] says of
    /// the report, and, for a delegate, [`permit`] with his bound.
    #[must_use]
    pub fn say_of(&self, member: &Member, today: Date) -> Option<MemberId> {
        let running = || member.acts_for.iter().filter(|delegation| delegation.runs(today));
        let barred = |id: &MemberId| *id == member.id || running().any(|delegation| delegation.with.id == *id);
        if self.concerned.iter().any(barred) || self.taken.contains(&member.id) {
            return None;
        }
        if self.approvers.contains(&member.id) {
            return Some(member.id);
        }
        // Who was heard at an earlier step, for somebody else, has nobody decide for him at this one.
        let fits = |delegation: &&Delegation| {
            self.approvers.contains(&delegation.with.id)
                && !self.taken.contains(&delegation.with.id)
                && !self.concerned.contains(&delegation.by)
                && delegation.bound().is_none_or(|bound| self.base_total.minor() <= bound.minor())
        };
        running().filter(fits).min_by_key(|delegation| delegation.narrowness()).map(|found| found.with.id)
    }
}

/// What can be done with a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// See it, its lines and its history.
    Read,
    /// Say something about it.
    Comment,
    /// Make a new draft like it.
    Clone,
    /// Change it or its lines.
    Edit,
    /// Throw it away before it was ever submitted.
    Delete,
    /// Send it to its approvers.
    Submit,
    /// Take it back from them.
    Recall,
    /// Approve or reject it.
    Decide,
    /// Send it back to its owner.
    Return,
    /// Ask somebody else than the route did.
    Reassign,
    /// Pay it.
    Reimburse,
}

impl Action {
    /// Every action on a report.
    pub const ALL: [Self; 11] = [
        Self::Read,
        Self::Comment,
        Self::Clone,
        Self::Edit,
        Self::Delete,
        Self::Submit,
        Self::Recall,
        Self::Decide,
        Self::Return,
        Self::Reassign,
        Self::Reimburse,
    ];

    /// The word for it in messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Comment => "commented",
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

/// The table of permissions on reports.
///
/// # Errors
/// The [`Refusal`] that says why not: `NotVisible` hides the report altogether.
pub const fn ruling(role: Role, relation: Relation, status: Status, action: Action) -> Result<(), Refusal> {
    if matches!(relation, Relation::Stranger) && !role.sees_all() {
        return Err(Refusal::NotVisible);
    }
    if matches!(action, Action::Read) {
        return Ok(());
    }
    if matches!(role, Role::Auditor) {
        return Err(Refusal::Forbidden("An auditor sees everything and changes nothing."));
    }
    let concerned = matches!(relation, Relation::Owner | Relation::Enterer | Relation::Payee | Relation::StandsIn);
    let allowed = match action {
        Action::Read | Action::Comment => true,
        Action::Clone | Action::Edit | Action::Delete | Action::Submit | Action::Recall => {
            if !matches!(relation, Relation::Owner | Relation::Enterer) {
                return Err(Refusal::Forbidden(
                    "Only its owner, or who entered it for him, may do this with a report.",
                ));
            }
            match action {
                Action::Clone => true,
                Action::Edit => !matches!(status, Status::Rejected),
                Action::Submit => status.is_with_owner(),
                Action::Recall => matches!(status, Status::Submitted),
                _ => matches!(status, Status::Draft),
            }
        }
        Action::Decide => return deciding(relation, status, action),
        Action::Return => {
            // What is approved is no longer with its approvers: finance sends it back before it is paid.
            if !matches!(status, Status::Approved) {
                return deciding(relation, status, action);
            }
            if concerned {
                return Err(Refusal::Duties(DUTIES));
            }
            if !matches!(role, Role::Finance | Role::Admin) {
                return Err(Refusal::Forbidden("An approved report is returned by finance or an admin."));
            }
            true
        }
        Action::Reassign => {
            if !matches!(role, Role::Admin) {
                return Err(Refusal::Forbidden("Only an admin may reassign a step."));
            }
            if concerned {
                return Err(Refusal::Duties("Nobody chooses who decides on a report he has a part in."));
            }
            matches!(status, Status::Submitted)
        }
        Action::Reimburse => {
            if !matches!(role, Role::Finance | Role::Admin) {
                return Err(Refusal::Forbidden("Only finance or an admin may pay."));
            }
            if concerned {
                return Err(Refusal::Duties("Nobody pays a report he has a part in."));
            }
            if matches!(relation, Relation::Decided) {
                return Err(Refusal::Duties("Who approved does not pay."));
            }
            matches!(status, Status::Approved)
        }
    };
    if allowed { Ok(()) } else { Err(Refusal::InvalidState { status, action: action.name() }) }
}

const DUTIES: &str = "Nobody decides on a report he owns, entered or is paid by, nor who decides for such a person.";

/// A decision on a report that is with its approvers.
const fn deciding(relation: Relation, status: Status, action: Action) -> Result<(), Refusal> {
    let wrong_state = Err(Refusal::InvalidState { status, action: action.name() });
    match relation {
        Relation::Owner | Relation::Enterer | Relation::Payee | Relation::StandsIn => Err(Refusal::Duties(DUTIES)),
        Relation::Decided => Err(Refusal::AlreadyDecided),
        Relation::Approver | Relation::Delegate => match status {
            Status::Submitted => Ok(()),
            _ => wrong_state,
        },
        Relation::OtherApprover => wrong_state,
        Relation::Stranger => match status {
            Status::Submitted => Err(Refusal::Forbidden("The route of this report does not ask you.")),
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
    /// Comment on it.
    Comment
    /// Clone it or one of its lines.
    Clone
    /// Change it or its lines.
    Edit
    /// Delete it.
    Delete
    /// Submit it.
    Submit
    /// Recall it.
    Recall
    /// Approve or reject it.
    Decide
    /// Return it.
    Return
    /// Reassign its pending step.
    Reassign
    /// Pay it.
    Reimburse
}

/// Proof that this member may carry out `A` on this report as it stands. Only [`permit`] makes one.
#[derive(Clone, Copy, Debug)]
pub struct Permit<'a, A> {
    actor: &'a Member,
    report: &'a Report,
    /// Whom he acts for.
    principal: Option<&'a Person>,
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

    /// The approver he decides for by delegation.
    #[must_use]
    pub const fn principal(&self) -> Option<&'a Person> {
        self.principal
    }
}

/// Asks for an action on a report.
///
/// # Errors
/// The [`Refusal`] of [`ruling`]; [`Refusal::Forbidden`] for a service that would decide; [`Refusal::ApprovalLimit`] when the total is
/// above what the member may decide on.
pub fn permit<'a, A: ReportAction>(
    actor: &'a Member,
    report: &'a Report,
    today: Date,
) -> Result<Permit<'a, A>, Refusal> {
    let relation = Relation::of(actor, report, today);
    if actor.org != report.org {
        return Err(Refusal::NotVisible);
    }
    let ruling = ruling(actor.role, relation, report.status, A::ACTION);
    let decides = matches!(A::ACTION, Action::Decide | Action::Return);
    if decides && actor.kind == MemberKind::Service && ruling != Err(Refusal::NotVisible) {
        return Err(Refusal::Forbidden("A service does not decide on reports."));
    }
    ruling?;
    let mut principal = None;
    if decides && report.status == Status::Submitted {
        let delegation = (relation == Relation::Delegate).then(|| self::principal(actor, report, today)).flatten();
        let bound = delegation.map_or(actor.approval_limit, Delegation::bound);
        if let Some(limit) = bound.filter(|limit| report.base_total.minor() > limit.minor()) {
            return Err(Refusal::ApprovalLimit { limit, total: report.base_total });
        }
        principal = delegation.map(|delegation| &delegation.with);
    }
    Ok(Permit { actor, report, principal, action: PhantomData })
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
    /// Change a member.
    ChangeMember: Admin;
    /// See all members.
    ReadMembers: Finance | Admin | Auditor;
    /// See the masked payout account of others.
    ReadPayoutAccounts: Finance | Admin;
    /// Export what is kept of others.
    ExportMembers: Admin;
    /// Erase a member.
    EraseMembers: Admin;
    /// See the policy.
    ReadPolicy: Employee | Finance | Admin | Auditor;
    /// Put a policy in force.
    ChangePolicy: Finance | Admin;
    /// See exchange rates.
    ReadRates: Employee | Finance | Admin | Auditor;
    /// Enter exchange rates.
    EnterRates: Finance | Admin;
    /// Try a policy that is not in force, or a report of others.
    TryPolicy: Finance | Admin | Auditor;
    /// Create a report of one's own.
    CreateReport: Employee | Finance | Admin;
    /// Create a report for somebody else.
    CreateForOthers: Finance | Admin;
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
