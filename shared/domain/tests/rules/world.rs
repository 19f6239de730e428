//! Small organisation for random sequences of actions on one report, with a store that keeps what the real one keeps.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp, ToSpan};
use outlay_domain::change::{
    self, Approval, LineDecision, MemberChange, MemberPatch, NewDelegation, ReportChange, ReportPatch, SplitPart,
};
use outlay_domain::error::DomainError;
use outlay_domain::event::Event;
use outlay_domain::expense::{ExpenseFacts, PaymentMethod};
use outlay_domain::ids::{ExpenseId, IdGenerator, MemberId};
use outlay_domain::member::{Member, Role};
use outlay_domain::money::Money;
use outlay_domain::patch::Patch;
use outlay_domain::permission::{self, permit, permit_member, permit_org};
use outlay_domain::policy::{
    ApprovalMode, Approvers, LimitEffect, LimitPeriod, Policy, SpendingLimit, StepCondition, StepRule,
};
use outlay_domain::report::Report;
use outlay_domain::spending::Spending;
use proptest::prelude::*;

use crate::support::{
    Given, cents, created_with, day, directory, facts, finish, limit, may_delegate, may_end_delegation, member, money,
    no_rates, now, seed, step, store_claims, text, titled,
};

/// Index of the owner among the people.
pub const OWNER: usize = 0;
/// Number of people; see [`people`].
pub const PEOPLE: usize = 10;

/// Attempted action. Indexes select among what exists.
#[derive(Clone, Debug)]
pub enum Act {
    Add(Entered),
    Change(usize, Entered),
    Text(usize),
    Remove(usize),
    Split(usize),
    CloneLine(usize),
    Title,
    Payee(Option<usize>),
    CostCentre(u8),
    Submit,
    Recall,
    Approve(Vec<(usize, i64)>),
    Return,
    Reject,
    Reassign(usize),
    Comment,
    Delete,
    Delegate(usize, usize),
    Undelegate(usize),
    /// An admin sets a value of a member that determines who approves.
    Appoint(usize, Appointment),
    /// The clock replaces approvers who can no longer decide.
    Escalate,
}

/// Value that an admin sets.
#[derive(Clone, Copy, Debug)]
pub enum Appointment {
    Role(Role),
    Manager(usize),
    /// Approval limit in cents; none for unlimited.
    Limit(Option<i64>),
    Suspended(bool),
}

/// Input for a line.
#[derive(Clone, Debug)]
pub struct Entered {
    minor: i64,
    day: u8,
    card: bool,
    trip: bool,
    category: u8,
}

impl Entered {
    fn facts(&self) -> ExpenseFacts {
        let days = ["2026-11-12", "2026-11-13", "2026-10-29"];
        ExpenseFacts {
            date: day(days[usize::from(self.day) % days.len()]),
            category: text(["travel", "meals"][usize::from(self.category) % 2]),
            payment_method: if self.card { PaymentMethod::CompanyCard } else { PaymentMethod::Personal },
            trip: self.trip.then(|| text("lyon")),
            tax: cents(self.minor / 6),
            ..facts(cents(self.minor))
        }
    }
}

/// Change that an action led to.
pub enum Done {
    Report(Box<ReportChange>),
    Members(Vec<MemberChange>),
}

fn people() -> Vec<Member> {
    let boss = member(3, Role::Employee, None);
    let marco = member(2, Role::Employee, Some(&boss));
    vec![
        member(1, Role::Employee, Some(&marco)),
        marco,
        boss,
        member(4, Role::Finance, None),
        member(5, Role::Finance, None),
        // Enters reports for others.
        member(6, Role::Finance, None),
        member(7, Role::Admin, None),
        member(8, Role::Admin, None),
        member(9, Role::Auditor, None),
        // A colleague who can be payee or delegate.
        member(10, Role::Employee, None),
    ]
}

/// Manager step, then finance in this mode, with limits that cap, warn and block.
fn policy(mode: ApprovalMode) -> Policy {
    let when = StepCondition { from_total: Some(money("100.00")), ..StepCondition::default() };
    let finance = step("Finance", Approvers::Role { role: Role::Finance });
    let meals = |limit: SpendingLimit| SpendingLimit { categories: vec![text("meals")], ..limit };
    Policy {
        limits: vec![
            meals(limit("40.00", LimitPeriod::Day, LimitEffect::Cap)),
            limit("250.00", LimitPeriod::Month, LimitEffect::Cap),
            limit("300.00", LimitPeriod::Expense, LimitEffect::Cap),
            limit("350.00", LimitPeriod::Trip, LimitEffect::Block),
        ],
        steps: vec![step("Manager", Approvers::Manager { level: 1 }), StepRule { when, mode, ..finance }],
        auto_approve_below: Some(money("3.00")),
        ..Policy::initial()
    }
}

/// Stored state.
#[derive(Clone)]
pub struct World {
    pub people: Vec<Member>,
    pub policy: Policy,
    pub report: Report,
    pub events: Vec<Event>,
    pub member_events: BTreeMap<usize, Vec<Event>>,
    pub spending: Spending,
    pub deleted: bool,
    turn: u8,
}

impl World {
    /// Ana's report with one line, entered by Ana or on Ana's behalf, beside an earlier claimed report.
    pub fn new(entered_on_behalf: bool, mode: ApprovalMode) -> Self {
        let people = people();
        let line = |minor| ExpenseFacts { merchant: text("Taxi"), ..facts(cents(minor)) };
        let created = if entered_on_behalf {
            let permits = (permit_org(&people[5]).unwrap(), permit_org(&people[5]).unwrap());
            let new = titled(vec![line(2000)]);
            change::create_report(permits.0, Some((permits.1, &people[OWNER])), new, &no_rates(), &mut seed(9), now())
                .unwrap()
        } else {
            created_with(&people[OWNER], vec![line(2000)])
        };
        let policy = policy(mode);
        let mut other = created_with(&people[OWNER], vec![facts(cents(9000))]).after;
        other.id = seed(99).next_id();
        let given = Given::new(policy.clone(), directory(&other, &people, &policy));
        let claimed = given.submit(&other).unwrap();
        let mut spending = Spending::default();
        store_claims(&mut spending, &claimed.after, &claimed.spending);
        let (report, events) = (created.after, created.events);
        Self { people, policy, report, events, member_events: BTreeMap::new(), spending, deleted: false, turn: 0 }
    }

    pub fn now(&self) -> Timestamp {
        now() + SignedDuration::from_secs(i64::from(self.turn))
    }

    fn seed(&self) -> IdGenerator {
        IdGenerator::new(self.now(), [1, self.turn, 0, 0, 0, 0, 0, 0, 0, 0])
    }

    /// Inputs of the evaluation with this payee.
    fn given(&self, payee: Option<usize>) -> Given {
        let mut people = directory(&self.report, &self.people, &self.policy);
        people.interested_parties.extend(payee.map(|at| self.people[at].clone()));
        Given { spending: self.spending.clone(), ..Given::new(self.policy.clone(), people) }
    }

    fn line(&self, at: usize) -> Result<ExpenseId, DomainError> {
        let lines = &self.report.expenses;
        lines.get(at % lines.len().max(1)).map(|line| line.id).ok_or(DomainError::UnknownExpense)
    }

    fn may<A: permission::ReportAction>(&self, by: usize) -> Result<permission::Permit<'_, A>, DomainError> {
        permit(&self.people[by], &self.report, change::today(self.now()))
    }

    /// Result of an action without storing it.
    pub fn attempt(&self, by: usize, act: &Act) -> Result<Done, DomainError> {
        let done = match act {
            Act::Delegate(away, to) => return self.delegate(by, *away, Some(*to)).map(Done::Members),
            Act::Undelegate(away) => return self.delegate(by, *away, None).map(Done::Members),
            Act::Appoint(member, value) => return self.appoint(by, *member, *value).map(Done::Members),
            Act::Escalate => return self.escalate().map(|change| Done::Report(Box::new(change))),
            Act::Submit | Act::Recall | Act::Approve(_) | Act::Return | Act::Reject | Act::Reassign(_) => {
                self.attempt_workflow(by, act)
            }
            _ => self.attempt_edit(by, act),
        };
        done.map(|change| Done::Report(Box::new(change)))
    }

    fn attempt_edit(&self, by: usize, act: &Act) -> Result<ReportChange, DomainError> {
        let payee = if let Act::Payee(payee) = act { *payee } else { None };
        let (given, rates, now) = (self.given(payee), no_rates(), self.now());
        let permit = || self.may::<permission::Edit>(by);
        let patch = |patch: ReportPatch| change::update_report(permit()?, patch, now);
        let edit = match act {
            Act::Add(line) => change::add_expense(permit()?, line.facts(), &rates, &mut self.seed(), now),
            Act::Change(at, line) => change::update_expense(permit()?, self.line(*at)?, line.facts(), &rates, now),
            Act::Text(at) => {
                let (permit, id) = (permit()?, self.line(*at)?);
                let note = Some(text(&format!("Note {}", self.turn)));
                let old = &self.report.expense(id).unwrap().facts;
                change::update_expense(permit, id, ExpenseFacts { note, ..old.clone() }, &rates, now)
            }
            Act::Remove(at) => change::remove_expense(permit()?, self.line(*at)?, now),
            Act::Split(at) => {
                let (permit, id) = (permit()?, self.line(*at)?);
                let whole = self.report.expense(id).unwrap().facts.amount;
                let amounts = whole.allocate(&[2, 1]).unwrap();
                let part = SplitPart::of;
                let parts: Vec<SplitPart> =
                    amounts.into_iter().map(part).filter(|part| part.amount.minor() > 0).collect();
                change::split_expense(permit, id, &parts, &mut self.seed(), now)
            }
            Act::CloneLine(at) => {
                let day = Some(day("2026-11-10"));
                change::clone_expense(permit()?, self.line(*at)?, day, &rates, &mut self.seed(), now)
            }
            Act::Payee(payee) => {
                let payee = payee.map_or(Patch::Null, |at| Patch::Value(self.people[at].clone()));
                patch(ReportPatch { payee, ..ReportPatch::default() })
            }
            Act::CostCentre(number) => {
                patch(ReportPatch { cost_centre: Patch::Value(text(&format!("c{number}"))), ..ReportPatch::default() })
            }
            Act::Title => {
                patch(ReportPatch { title: Some(text(&format!("Title {}", self.turn))), ..ReportPatch::default() })
            }
            Act::Delete => return change::delete_report(self.may(by)?, now),
            _ => return Ok(change::comment_on_report(self.may(by)?, text(&format!("Comment {}", self.turn)), now)),
        };
        finish(edit, Some(given.rules()), now)
    }

    fn attempt_workflow(&self, by: usize, act: &Act) -> Result<ReportChange, DomainError> {
        let (given, now, why) = (self.given(None), self.now(), || "Because.".to_owned());
        match act {
            Act::Submit => change::submit(self.may(by)?, given.rules(), now),
            Act::Recall => change::recall(self.may(by)?, now),
            Act::Approve(lines) => {
                let permit = self.may(by)?;
                let verdict = |(at, permille): &(usize, i64)| {
                    let line = self.report.expense(self.line(*at).ok()?)?;
                    let most = line.cap.unwrap_or(line.facts.amount);
                    let amount = Money::from_minor(most.minor() * permille / 1000, most.currency());
                    Some(LineDecision { expense_id: line.id, amount, reason: text(&why()) })
                };
                let approval = Approval { comment: None, lines: lines.iter().filter_map(verdict).collect() };
                change::approve(permit, &self.policy, approval, now)
            }
            Act::Return => Ok(change::return_to_owner(self.may(by)?, text(&why()), now)),
            Act::Reject => Ok(change::reject(self.may(by)?, text(&why()), now)),
            Act::Reassign(to) => {
                let permit = self.may(by)?;
                let asked = self.report.pending_step().and_then(|step| step.pending_approvers().next());
                let from = asked.map(|person| person.id).ok_or(DomainError::NotPendingApprover)?;
                change::reassign(permit, from, &self.people[*to], text(&why()), &self.policy, &given.people, now)
            }
            other => unreachable!("{other:?} is not a workflow action"),
        }
    }

    fn delegate(&self, by: usize, away: usize, to: Option<usize>) -> Result<Vec<MemberChange>, DomainError> {
        let (from, away) = (change::today(self.now()).utc(), &self.people[away]);
        let until = from.checked_add(7.days()).unwrap();
        let current = away.delegation.as_ref().map(|delegation| delegation.counterpart.id);
        let current = current.and_then(|id| self.people.iter().find(|member| member.id == id));
        let Some(to) = to.map(|at| &self.people[at]) else {
            let permit = may_end_delegation(&self.people[by], away)?;
            return Ok(if current.is_some() {
                change::end_delegation(permit, current, self.now())
            } else {
                Vec::new()
            });
        };
        let new = NewDelegation { to, from, until, max_amount: None };
        change::set_delegation(may_delegate(&self.people[by], away)?, new, current, None, self.now())
    }

    fn appoint(&self, by: usize, member: usize, value: Appointment) -> Result<Vec<MemberChange>, DomainError> {
        let member = &self.people[member];
        let patch = match value {
            Appointment::Role(role) => MemberPatch { role: Some(role), ..MemberPatch::default() },
            Appointment::Manager(at) => {
                MemberPatch { manager_id: Patch::Value(self.people[at].id), ..MemberPatch::default() }
            }
            Appointment::Limit(limit) => {
                let limit = limit.map_or(Patch::Null, |minor| Patch::Value(cents(minor)));
                MemberPatch { approval_limit: limit, ..MemberPatch::default() }
            }
            Appointment::Suspended(suspended) => MemberPatch { suspended: Some(suspended), ..MemberPatch::default() },
        };
        let delegations = member.delegation.iter().chain(&member.acts_for).map(|delegation| delegation.counterpart.id);
        let partners: BTreeSet<MemberId> = delegations.collect();
        let partners: Vec<Member> = self.people.iter().filter(|it| partners.contains(&it.id)).cloned().collect();
        change::update_member(permit_member(&self.people[by], Some(member))?, patch, &partners, self.now())
    }

    fn escalate(&self) -> Result<ReportChange, DomainError> {
        let report = &self.report;
        let (reason, from) =
            change::due_escalation(report, &self.people, self.now()).ok_or(DomainError::EmptyReport)?;
        let people = directory(report, &self.people, &self.policy);
        let escalated =
            change::escalate(report, (reason, &from), &self.people, &[], &self.policy, &people, self.now())?;
        escalated.ok_or(DomainError::EmptyReport)
    }

    /// Stores a change of the report if it was decided on the present state. Returns true when stored.
    pub fn commit(&mut self, change: ReportChange) -> bool {
        if self.deleted || change.before.as_ref().is_none_or(|before| before.last_event != self.report.last_event) {
            return false;
        }
        store_claims(&mut self.spending, &change.after, &change.spending);
        self.events.extend(change.events);
        self.deleted = change.deleted;
        self.report = change.after;
        self.turn += 1;
        true
    }

    /// Stores member changes, each on the current version.
    pub fn commit_members(&mut self, changes: Vec<MemberChange>) {
        for change in changes {
            let at = self.people.iter().position(|member| member.id == change.after.id).unwrap();
            assert_eq!(change.before.map(|before| before.version), Some(self.people[at].version));
            self.member_events.entry(at).or_default().push(change.event);
            self.people[at] = change.after;
        }
        self.turn += 1;
    }
}

/// Admin who is the payee of the report in [`any_party_act`].
pub const PAID_ADMIN: usize = 6;
/// Admin without a part in the report in [`any_party_act`].
pub const OTHER_ADMIN: usize = 7;

/// Action of an interested party that is not a decision: of the owner, the preparer, or an admin who is the payee.
pub fn any_party_act() -> impl Strategy<Value = (usize, Act)> {
    let act = prop_oneof![
        3 => (0..PEOPLE, 0..PEOPLE).prop_map(|(away, to)| Act::Delegate(away, to)),
        1 => (0..PEOPLE).prop_map(Act::Undelegate),
        8 => (appointed(), appointment()).prop_map(|(member, value)| Act::Appoint(member, value)),
        1 => Just(Act::Title),
        2 => Just(Act::Recall),
        2 => Just(Act::Submit),
        9 => Just(Act::Escalate),
    ];
    (act, 0..4_usize).prop_map(|(act, who)| {
        let by = match &act {
            Act::Delegate(away, _) | Act::Undelegate(away) if *away == OWNER => OWNER,
            Act::Appoint(..) | Act::Delegate(..) | Act::Undelegate(_) => PAID_ADMIN,
            _ => [OWNER, 5][who % 2],
        };
        (by, act)
    })
}

/// Line of any amount.
pub fn any_line() -> impl Strategy<Value = Act> {
    entered().prop_map(Act::Add)
}

fn entered() -> impl Strategy<Value = Entered> {
    let amounts = prop_oneof![1 => 1..300_i64, 3 => 300..30_000_i64];
    (amounts, 0..3_u8, prop::bool::weighted(0.2), prop::bool::weighted(0.3), 0..2_u8)
        .prop_map(|(minor, day, card, trip, category)| Entered { minor, day, card, trip, category })
}

/// Member to change, often an approver.
fn appointed() -> impl Strategy<Value = usize> {
    prop_oneof![1 => 0..PEOPLE, 2 => prop::sample::select(vec![1, 3, 4])]
}

fn appointment() -> impl Strategy<Value = Appointment> {
    let roles = vec![Role::Employee, Role::Finance, Role::Admin, Role::Auditor];
    prop_oneof![
        2 => prop::sample::select(roles).prop_map(Appointment::Role),
        2 => (0..PEOPLE).prop_map(Appointment::Manager),
        2 => prop::option::of(100..30_000_i64).prop_map(Appointment::Limit),
        1 => any::<bool>().prop_map(Appointment::Suspended),
    ]
}

fn any_act() -> impl Strategy<Value = Act> {
    let verdicts = prop::collection::vec((0..9_usize, 0..=1000_i64), 0..3);
    prop_oneof![
        3 => entered().prop_map(Act::Add),
        2 => (0..9_usize, entered()).prop_map(|(at, line)| Act::Change(at, line)),
        1 => (0..9_usize).prop_map(Act::Text),
        1 => (0..9_usize).prop_map(Act::Remove),
        1 => (0..9_usize).prop_map(Act::Split),
        1 => (0..9_usize).prop_map(Act::CloneLine),
        1 => Just(Act::Title),
        1 => prop::option::of(0..PEOPLE).prop_map(Act::Payee),
        1 => (0..3_u8).prop_map(Act::CostCentre),
        6 => Just(Act::Submit),
        1 => Just(Act::Recall),
        12 => verdicts.prop_map(Act::Approve),
        1 => Just(Act::Return),
        1 => Just(Act::Reject),
        2 => (0..PEOPLE).prop_map(Act::Reassign),
        1 => Just(Act::Comment),
        1 => Just(Act::Delete),
        3 => (0..PEOPLE, 0..PEOPLE).prop_map(|(away, to)| Act::Delegate(away, to)),
        1 => (0..PEOPLE).prop_map(Act::Undelegate),
        3 => (appointed(), appointment()).prop_map(|(member, value)| Act::Appoint(member, value)),
        5 => Just(Act::Escalate),
    ]
}

/// Actor and action, mostly one that the actor is permitted to perform.
pub fn any_turn() -> impl Strategy<Value = (usize, Act)> {
    (any_act(), 0..PEOPLE, 0..10_u8).prop_map(|(act, any_member, luck)| {
        let likely = match &act {
            Act::Approve(_) | Act::Return | Act::Reject => [1, 1, 3, 4, 2, 9][any_member % 6],
            Act::Reassign(_) => 6,
            // Of the two admins, one is often the payee of the report.
            Act::Appoint(..) => [6, 7][any_member % 2],
            Act::Delegate(away, _) | Act::Undelegate(away) => *away,
            _ => [OWNER, OWNER, OWNER, 5][any_member % 4],
        };
        (if luck < 7 { likely } else { any_member }, act)
    })
}

pub fn any_mode() -> impl Strategy<Value = ApprovalMode> {
    prop::sample::select(vec![ApprovalMode::Any, ApprovalMode::All, ApprovalMode::Quorum { of: 2 }])
}
