//! Transitions: each takes a permit and facts and gives a change to commit, or a refusal that says why not.
//! A change is a value with the events that tell of it; storing it is not done here.

use jiff::Timestamp;
use jiff::civil::Date;

use crate::conversion::{RateBook, RateEntry};
use crate::event::{Asked, Event, EventKind, Snapshot, Subject};
use crate::expense::{Expense, ExpenseFacts};
use crate::ids::{ExpenseId, Seed};
use crate::member::{Member, MemberStatus, Role};
use crate::money::{Currency, Money};
use crate::organisation::Organisation;
use crate::permission::{
    ChangePolicy, CreateReport, Decide, Edit, EnterRates, InviteMember, OrgPermit, Permit, Recall, Submit,
};
use crate::policy::{Policy, Severity};
use crate::refusal::Refusal;
use crate::report::{MAX_BYTES, MAX_EXPENSES, Report, Status, Totals, content_hash, number};
use crate::route::{Decision, Directory, Step, StepStatus, route};

/// A decision of the rules, to be stored whole or not at all.
#[derive(Clone, Debug)]
pub enum Change {
    /// An organisation with its first member, who is admin, and its first policy.
    Founded(Box<Founded>),
    /// A member was invited or has joined.
    Member(Box<MemberChange>),
    /// A policy version was put in force.
    Policy(Box<PolicyChange>),
    /// Rates were entered.
    Rates(Box<RatesChange>),
    /// A report changed.
    Report(Box<ReportChange>),
}

/// See [`Change::Founded`].
#[derive(Clone, Debug)]
pub struct Founded {
    /// The organisation.
    pub organisation: Organisation,
    /// Its first member.
    pub founder: Member,
    /// Its first policy.
    pub policy: Policy,
    /// What happened.
    pub event: Event,
}

/// See [`Change::Member`].
#[derive(Clone, Debug)]
pub struct MemberChange {
    /// The version the change is made on; `None` for a new member.
    pub before: Option<u64>,
    /// The member.
    pub after: Member,
    /// What happened.
    pub event: Event,
}

/// See [`Change::Policy`].
#[derive(Clone, Debug)]
pub struct PolicyChange {
    /// The version the change is made on.
    pub before: u64,
    /// The policy.
    pub after: Policy,
    /// What happened.
    pub event: Event,
}

/// See [`Change::Rates`].
#[derive(Clone, Debug)]
pub struct RatesChange {
    /// The rates.
    pub entries: Vec<RateEntry>,
    /// What happened.
    pub event: Event,
}

/// See [`Change::Report`].
#[derive(Clone, Debug)]
pub struct ReportChange {
    /// The report the change is made on; `None` for a new one.
    pub before: Option<Report>,
    /// The report.
    pub after: Report,
    /// What happened, in order.
    pub events: Vec<Event>,
}

/// Founds an organisation. Whoever has signed in may.
#[must_use]
pub fn found(name: String, base_currency: Currency, founder: Founder, seed: &mut Seed, now: Timestamp) -> Founded {
    let organisation = Organisation { id: seed.draw(), name, base_currency, created_at: now };
    let member = Member {
        id: seed.draw(),
        org: organisation.id,
        name: founder.name,
        email: founder.email,
        role: Role::Admin,
        status: MemberStatus::Active,
        manager_id: None,
        subject: Some(founder.subject),
        version: 1,
        created_at: now,
    };
    let event = Event {
        org: organisation.id,
        subject: Subject::Organisation,
        seq: 1,
        actor: member.id,
        at: now,
        kind: EventKind::OrganisationCreated {},
    };
    Founded { organisation, founder: member, policy: Policy::initial(), event }
}

/// The signed-in person who founds an organisation.
#[derive(Clone, Debug)]
pub struct Founder {
    /// The identity's `sub` claim.
    pub subject: String,
    /// The verified address, in lower case.
    pub email: String,
    /// Display name.
    pub name: String,
}

/// A person to invite.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// Display name.
    pub name: String,
    /// Address, in lower case.
    pub email: String,
    /// The role offered.
    pub role: Role,
    /// The manager, who is a member of the same organisation.
    pub manager: Option<Member>,
}

/// Invites a member.
#[must_use]
pub fn invite(
    permit: OrgPermit<'_, InviteMember>,
    organisation: &Organisation,
    invitation: Invitation,
    seed: &mut Seed,
    now: Timestamp,
) -> MemberChange {
    let after = Member {
        id: seed.draw(),
        org: organisation.id,
        name: invitation.name,
        email: invitation.email,
        role: invitation.role,
        status: MemberStatus::Invited,
        manager_id: invitation.manager.map(|manager| manager.id),
        subject: None,
        version: 1,
        created_at: now,
    };
    let kind = EventKind::MemberInvited { organisation: organisation.name.clone(), role: after.role };
    let event =
        Event { org: after.org, subject: Subject::Member(after.id), seq: 1, actor: permit.actor().id, at: now, kind };
    MemberChange { before: None, after, event }
}

/// Binds an invited member to the identity he signed in with.
#[must_use]
pub fn join(invited: &Member, subject: &str, now: Timestamp) -> MemberChange {
    let after = invited.joined(subject);
    let event = Event {
        org: after.org,
        subject: Subject::Member(after.id),
        seq: after.version,
        actor: after.id,
        at: now,
        kind: EventKind::MemberJoined {},
    };
    MemberChange { before: Some(invited.version), after, event }
}

/// Puts a policy in force in place of `current`; its version is the next one.
#[must_use]
pub fn change_policy(
    permit: OrgPermit<'_, ChangePolicy>,
    current: &Policy,
    proposed: Policy,
    now: Timestamp,
) -> PolicyChange {
    let after = Policy { version: current.version + 1, ..proposed };
    let kind = EventKind::PolicyChanged { version: after.version };
    let actor = permit.actor();
    let event = Event { org: actor.org, subject: Subject::Policy, seq: after.version, actor: actor.id, at: now, kind };
    PolicyChange { before: current.version, after, event }
}

/// Enters the exchange rates of a day; rates already entered for the same currencies are replaced.
#[must_use]
pub fn enter_rates(
    permit: OrgPermit<'_, EnterRates>,
    date: Date,
    entries: Vec<RateEntry>,
    now: Timestamp,
) -> RatesChange {
    let actor = permit.actor();
    let seq = u64::try_from(now.as_millisecond()).unwrap_or(0);
    let kind = EventKind::RatesEntered { rates: entries.clone() };
    let event = Event { org: actor.org, subject: Subject::Rates(date), seq, actor: actor.id, at: now, kind };
    RatesChange { entries, event }
}

/// A report to create.
#[derive(Clone, Debug)]
pub struct NewReport {
    /// What it is for.
    pub title: String,
    /// The currency it is claimed in.
    pub currency: Currency,
    /// Its lines, in order.
    pub expenses: Vec<ExpenseFacts>,
}

/// Creates a draft owned by the permit's actor.
///
/// # Errors
/// A line that cannot be converted, too many lines, or a total beyond the range.
pub fn create(
    permit: OrgPermit<'_, CreateReport>,
    new: NewReport,
    rates: &RateBook,
    seed: &mut Seed,
    now: Timestamp,
) -> Result<ReportChange, Refusal> {
    let owner = permit.actor();
    let id = seed.draw();
    let zero = Money::zero(new.currency);
    let mut expenses = Vec::with_capacity(new.expenses.len());
    let mut faults = Vec::new();
    for (position, facts) in new.expenses.into_iter().enumerate() {
        match Expense::new(seed.draw(), facts, new.currency, rates) {
            Ok(expense) => expenses.push(expense),
            Err(fault) => faults.push((Some(position), fault)),
        }
    }
    if !faults.is_empty() {
        return Err(Refusal::Conversion(faults));
    }
    let empty = Report {
        id,
        org: owner.org,
        number: number(id, now),
        owner: owner.id,
        owner_name: owner.name.clone(),
        title: new.title,
        currency: new.currency,
        status: Status::Draft,
        version: 1,
        last_event: 0,
        totals: Totals { total: zero, tax: zero, net: zero, reimbursable: zero },
        base_total: Money::zero(rates.base()),
        violations: Vec::new(),
        steps: Vec::new(),
        policy_version: None,
        created_at: now,
        updated_at: now,
        submitted_at: None,
        expense_count: 0,
        content_hash: content_hash(&[]),
        expenses: Vec::new(),
    };
    let after = within_limits(empty, expenses)?;
    let kind = EventKind::ReportCreated { expenses: after.expense_count, total: after.totals.total };
    Ok(ReportChange { before: None, after, events: Vec::new() }.telling(owner, kind, now))
}

impl ReportChange {
    /// A change on `before` that has not happened to anything yet: the next version, as of now.
    fn on(before: &Report, now: Timestamp) -> Self {
        let after = Report { version: before.version + 1, updated_at: now, ..before.clone() };
        Self { before: Some(before.clone()), after, events: Vec::new() }
    }

    /// The change with one more event, numbered next in the report's history.
    fn telling(mut self, actor: &Member, kind: EventKind, now: Timestamp) -> Self {
        self.after.last_event += 1;
        let subject = Subject::Report(self.after.id);
        self.events.push(Event {
            org: self.after.org,
            subject,
            seq: self.after.last_event,
            actor: actor.id,
            at: now,
            kind,
        });
        self
    }

    /// Two changes in a row as one: from before the first to after the second, one version further, with the events of both.
    #[must_use]
    pub fn then(self, next: Self) -> Self {
        let version = self.before.as_ref().map_or(1, |before| before.version + 1);
        let events = self.events.into_iter().chain(next.events).collect();
        Self { before: self.before, after: Report { version, ..next.after }, events }
    }
}

/// One line entered by itself.
fn line(id: ExpenseId, facts: ExpenseFacts, currency: Currency, rates: &RateBook) -> Result<Expense, Refusal> {
    Expense::new(id, facts, currency, rates).map_err(|fault| Refusal::Conversion(vec![(None, fault)]))
}

fn within_limits(report: Report, expenses: Vec<Expense>) -> Result<Report, Refusal> {
    if expenses.len() > MAX_EXPENSES {
        return Err(Refusal::TooManyExpenses);
    }
    storable(report.with_expenses(expenses).map_err(|_| Refusal::TotalTooLarge)?)
}

fn storable(report: Report) -> Result<Report, Refusal> {
    if report.bytes() > MAX_BYTES { Err(Refusal::TooLarge) } else { Ok(report) }
}

/// Adds a line.
///
/// # Errors
/// As for [`create`].
pub fn add_expense(
    permit: Permit<'_, Edit>,
    facts: ExpenseFacts,
    rates: &RateBook,
    seed: &mut Seed,
    now: Timestamp,
) -> Result<ReportChange, Refusal> {
    let mut change = ReportChange::on(permit.report(), now);
    let expense = line(seed.draw(), facts, change.after.currency, rates)?;
    let mut expenses = change.after.expenses.clone();
    expenses.push(expense.clone());
    change.after = within_limits(change.after, expenses)?;
    Ok(change.telling(permit.actor(), EventKind::ExpenseAdded { expense: Box::new(expense) }, now))
}

/// Replaces what was entered for a line.
///
/// # Errors
/// As for [`create`]; [`Refusal::UnknownExpense`] when the report has no such line.
pub fn change_expense(
    permit: Permit<'_, Edit>,
    id: ExpenseId,
    facts: ExpenseFacts,
    rates: &RateBook,
    now: Timestamp,
) -> Result<ReportChange, Refusal> {
    let mut change = ReportChange::on(permit.report(), now);
    let old = permit.report().expense(id).ok_or(Refusal::UnknownExpense)?.clone();
    let new = line(id, facts, change.after.currency, rates)?;
    let expenses =
        change.after.expenses.iter().map(|expense| if expense.id == id { new.clone() } else { expense.clone() });
    let expenses = expenses.collect();
    change.after = within_limits(change.after, expenses)?;
    let kind = EventKind::ExpenseChanged { old: Box::new(old), new: Box::new(new) };
    Ok(change.telling(permit.actor(), kind, now))
}

/// Removes a line.
///
/// # Errors
/// [`Refusal::UnknownExpense`] when the report has no such line.
pub fn remove_expense(permit: Permit<'_, Edit>, id: ExpenseId, now: Timestamp) -> Result<ReportChange, Refusal> {
    let mut change = ReportChange::on(permit.report(), now);
    let old = permit.report().expense(id).ok_or(Refusal::UnknownExpense)?;
    let kind = EventKind::ExpenseRemoved { expense_id: id, amount: old.facts.amount };
    let expenses = change.after.expenses.iter().filter(|expense| expense.id != id).cloned().collect();
    // Not checked for its size: a report that findings and reasons have made too large must be able to shrink.
    change.after = change.after.with_expenses(expenses).map_err(|_| Refusal::TotalTooLarge)?;
    Ok(change.telling(permit.actor(), kind, now))
}

/// Sends the report to its approvers: judges it by the policy and makes its route.
///
/// # Errors
/// An empty report, a violation that blocks, or a step without an approver.
pub fn submit(
    permit: Permit<'_, Submit>,
    policy: &Policy,
    people: &Directory,
    now: Timestamp,
) -> Result<ReportChange, Refusal> {
    let report = permit.report();
    if report.expenses.is_empty() {
        return Err(Refusal::Empty);
    }
    let today = today(now);
    let violations = policy.judge(&report.expenses, today);
    let blocking: Vec<_> = violations.iter().filter(|violation| violation.severity == Severity::Block).collect();
    if !blocking.is_empty() {
        let position = |id| report.expenses.iter().position(|expense| expense.id == id).unwrap_or_default();
        return Err(Refusal::Policy(
            blocking.into_iter().map(|found| (position(found.expense_id), found.clone())).collect(),
        ));
    }
    let steps = route(policy, report.owner, report.base_total, people, today)
        .map_err(|missing| Refusal::NoApprover { step: missing.step })?;
    let mut change = ReportChange::on(report, now);
    let asked = steps.first().map(Asked::of).ok_or_else(|| Refusal::NoApprover { step: String::new() })?;
    change.after.status = Status::Submitted;
    change.after.violations = violations;
    change.after.steps = steps;
    change.after.policy_version = Some(policy.version);
    change.after.submitted_at = Some(now);
    change.after = storable(change.after)?;
    let report = Snapshot::of(&change.after);
    let kind = EventKind::ReportSubmitted { report, policy_version: policy.version, asked };
    Ok(change.telling(permit.actor(), kind, now))
}

/// Takes the report back to draft.
#[must_use]
pub fn recall(permit: Permit<'_, Recall>, now: Timestamp) -> ReportChange {
    let mut change = ReportChange::on(permit.report(), now);
    change.after.status = Status::Draft;
    change.after.steps = Vec::new();
    change.after.violations = Vec::new();
    change.telling(permit.actor(), EventKind::ReportRecalled {}, now)
}

/// Approves the pending step; the next one opens, or the report is approved.
#[must_use]
pub fn approve(permit: Permit<'_, Decide>, comment: Option<String>, now: Timestamp) -> ReportChange {
    let (mut change, step) = decide(permit, StepStatus::Approved, comment.clone(), now);
    let next = change.after.steps.iter_mut().find(|step| step.status == StepStatus::Waiting);
    let asked = next.map(|next| {
        *next = next.clone().opened(today(now));
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
    change.telling(permit.actor(), kind, now)
}

/// Sends the report back to its owner, who may change and resubmit it.
#[must_use]
pub fn return_to_owner(permit: Permit<'_, Decide>, reason: String, now: Timestamp) -> ReportChange {
    let (mut change, step) = decide(permit, StepStatus::Returned, Some(reason.clone()), now);
    change.after.status = Status::Returned;
    let kind = EventKind::ReportReturned { report: Snapshot::of(&change.after), step, reason };
    change.telling(permit.actor(), kind, now)
}

/// Refuses the report for good.
#[must_use]
pub fn reject(permit: Permit<'_, Decide>, reason: String, now: Timestamp) -> ReportChange {
    let (mut change, step) = decide(permit, StepStatus::Rejected, Some(reason.clone()), now);
    change.after.status = Status::Rejected;
    let kind = EventKind::ReportRejected { report: Snapshot::of(&change.after), step, reason };
    change.telling(permit.actor(), kind, now)
}

/// Writes the decision on the pending step; gives the step's number.
fn decide(
    permit: Permit<'_, Decide>,
    status: StepStatus,
    comment: Option<String>,
    now: Timestamp,
) -> (ReportChange, u32) {
    let mut change = ReportChange::on(permit.report(), now);
    let mut number = 0;
    // A permit to decide is made only for an approver of the pending step, so there is one.
    if let Some(step) = change.after.steps.iter_mut().find(|step| step.status == StepStatus::Pending) {
        let decision = Decision { by: permit.actor().person(), at: now, comment };
        *step = Step { status, decision: Some(decision), ..step.clone() };
        number = step.number;
    }
    (change, number)
}

/// The day of an instant, in UTC.
#[must_use]
pub fn today(now: Timestamp) -> Date {
    now.to_zoned(jiff::tz::TimeZone::UTC).date()
}
