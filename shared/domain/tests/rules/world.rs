//! A small organisation in which anybody tries anything with one report: what random sequences of actions run in, and a store
//! that keeps what the real one keeps.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp, ToSpan};
use outlay_domain::change::{self, Absence, Approval, LineVerdict, MemberChange, Part, ReportChange, ReportPatch};
use outlay_domain::event::Event;
use outlay_domain::expense::{ExpenseFacts, PaymentMethod};
use outlay_domain::ids::{ExpenseId, Seed};
use outlay_domain::member::{Member, Role};
use outlay_domain::money::Money;
use outlay_domain::permission::{self, permit, permit_org};
use outlay_domain::policy::{Approvers, Condition, Effect, Limit, Mode, Period, Policy, StepRule};
use outlay_domain::refusal::Refusal;
use outlay_domain::report::Report;
use outlay_domain::spending::{Bucket, BucketKey, Spending};
use proptest::prelude::*;

use crate::support::{
    Given, cents, created_with, day, directory, facts, limit, member, money, no_rates, now, seed, step, store_claims,
    titled,
};

/// The owner, by his place among the people.
pub const OWNER: usize = 0;
/// How many people there are; see [`people`].
pub const PEOPLE: usize = 10;

/// What somebody tries. Numbers choose among what is there.
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
}

/// What is entered for a line.
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
            category: ["travel", "meals"][usize::from(self.category) % 2].to_owned(),
            payment_method: if self.card { PaymentMethod::CompanyCard } else { PaymentMethod::Personal },
            trip: self.trip.then(|| "lyon".to_owned()),
            tax: cents(self.minor / 6),
            ..facts(cents(self.minor))
        }
    }
}

/// The change an act has led to.
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
        // He enters reports for others.
        member(6, Role::Finance, None),
        member(7, Role::Admin, None),
        member(8, Role::Admin, None),
        member(9, Role::Auditor, None),
        // A colleague: paid, or deciding for somebody, now and then.
        member(10, Role::Employee, None),
    ]
}

/// The manager, then finance in this mode, with limits that cap, warn and block.
fn policy(mode: Mode) -> Policy {
    let when = Condition { from_total: Some(money("100.00")), ..Condition::default() };
    let finance = step("Finance", Approvers::Role { role: Role::Finance });
    let meals = |limit: Limit| Limit { categories: vec!["meals".to_owned()], ..limit };
    Policy {
        limits: vec![
            meals(limit("40.00", Period::Day, Effect::Cap)),
            limit("250.00", Period::Month, Effect::Cap),
            limit("300.00", Period::Expense, Effect::Cap),
            limit("350.00", Period::Trip, Effect::Block),
        ],
        steps: vec![step("Manager", Approvers::Manager { level: 1 }), StepRule { when, mode, ..finance }],
        auto_approve_below: Some(money("3.00")),
        ..Policy::initial()
    }
}

/// Everything as it is stored.
#[derive(Clone)]
pub struct World {
    pub people: Vec<Member>,
    pub policy: Policy,
    pub report: Report,
    pub events: Vec<Event>,
    pub member_events: BTreeMap<usize, Vec<Event>>,
    pub claims: BTreeMap<BucketKey, Bucket>,
    pub deleted: bool,
    turn: u8,
}

impl World {
    /// Ana's report of one line, entered by herself or for her, beside another one that she has claimed.
    pub fn new(entered_for_her: bool, mode: Mode) -> Self {
        let people = people();
        let line = |minor| ExpenseFacts { merchant: "Taxi".to_owned(), ..facts(cents(minor)) };
        let created = if entered_for_her {
            let permits = (permit_org(&people[5]).unwrap(), permit_org(&people[5]).unwrap());
            let new = titled(vec![line(2000)]);
            change::create(permits.0, Some((permits.1, &people[OWNER])), new, &no_rates(), &mut seed(9), now()).unwrap()
        } else {
            created_with(&people[OWNER], vec![line(2000)])
        };
        let policy = policy(mode);
        let mut other = created_with(&people[OWNER], vec![facts(cents(9000))]).after;
        other.id = seed(99).draw();
        let given = Given::new(policy.clone(), directory(&other, &people, &policy));
        let claimed = given.submit(&other).unwrap();
        let mut claims = BTreeMap::new();
        store_claims(&mut claims, &claimed.after, &claimed.spending);
        let (report, events) = (created.after, created.events);
        Self { people, policy, report, events, member_events: BTreeMap::new(), claims, deleted: false, turn: 0 }
    }

    pub fn now(&self) -> Timestamp {
        now() + SignedDuration::from_secs(i64::from(self.turn))
    }

    fn seed(&self) -> Seed {
        Seed::new(self.now(), [1, self.turn, 0, 0, 0, 0, 0, 0, 0, 0])
    }

    /// What a report with this payee is judged by.
    fn given(&self, payee: Option<usize>) -> Given {
        let mut people = directory(&self.report, &self.people, &self.policy);
        people.concerned.extend(payee.map(|at| self.people[at].clone()));
        let spending = Spending { buckets: self.claims.clone() };
        Given { spending, ..Given::new(self.policy.clone(), people) }
    }

    fn line(&self, at: usize) -> Result<ExpenseId, Refusal> {
        let lines = &self.report.expenses;
        lines.get(at % lines.len().max(1)).map(|line| line.id).ok_or(Refusal::UnknownExpense)
    }

    fn may<A: permission::ReportAction>(&self, by: usize) -> Result<permission::Permit<'_, A>, Refusal> {
        permit(&self.people[by], &self.report, change::today(self.now()))
    }

    /// What becomes of an act; nothing is stored.
    pub fn attempt(&self, by: usize, act: &Act) -> Result<Done, Refusal> {
        let done = match act {
            Act::Delegate(away, to) => return self.delegate(by, *away, Some(*to)).map(Done::Members),
            Act::Undelegate(away) => return self.delegate(by, *away, None).map(Done::Members),
            Act::Submit | Act::Recall | Act::Approve(_) | Act::Return | Act::Reject | Act::Reassign(_) => {
                self.on_the_way(by, act)
            }
            _ => self.writing(by, act),
        };
        done.map(|change| Done::Report(Box::new(change)))
    }

    fn writing(&self, by: usize, act: &Act) -> Result<ReportChange, Refusal> {
        let payee = if let Act::Payee(payee) = act { *payee } else { None };
        let (given, rates, now) = (self.given(payee), no_rates(), self.now());
        let rules = Some(given.rules());
        let edit = || self.may::<permission::Edit>(by);
        let patch = |patch: ReportPatch| change::change_report(edit()?, patch, rules, now);
        match act {
            Act::Add(line) => change::add_expense(edit()?, line.facts(), &rates, rules, &mut self.seed(), now),
            Act::Change(at, line) => change::change_expense(edit()?, self.line(*at)?, line.facts(), &rates, rules, now),
            Act::Text(at) => {
                let (permit, id) = (edit()?, self.line(*at)?);
                let note = Some(format!("Note {}", self.turn));
                let old = &self.report.expense(id).unwrap().facts;
                change::change_expense(permit, id, ExpenseFacts { note, ..old.clone() }, &rates, rules, now)
            }
            Act::Remove(at) => change::remove_expense(edit()?, self.line(*at)?, rules, now),
            Act::Split(at) => {
                let (permit, id) = (edit()?, self.line(*at)?);
                let whole = self.report.expense(id).unwrap().facts.amount;
                let amounts = whole.allocate(&[2, 1]).unwrap();
                let part = Part::of;
                let parts: Vec<Part> = amounts.into_iter().map(part).filter(|part| part.amount.minor() > 0).collect();
                change::split_expense(permit, id, &parts, rules, &mut self.seed(), now)
            }
            Act::CloneLine(at) => {
                let day = Some(day("2026-11-10"));
                change::clone_expense(edit()?, self.line(*at)?, day, &rates, rules, &mut self.seed(), now)
            }
            Act::Payee(payee) => {
                patch(ReportPatch { payee: Some(payee.map(|at| self.people[at].clone())), ..ReportPatch::default() })
            }
            Act::CostCentre(number) => {
                patch(ReportPatch { cost_centre: Some(Some(format!("c{number}"))), ..ReportPatch::default() })
            }
            Act::Title => patch(ReportPatch { title: Some(format!("Title {}", self.turn)), ..ReportPatch::default() }),
            Act::Delete => change::delete(self.may(by)?, now),
            _ => Ok(change::comment(self.may(by)?, format!("Comment {}", self.turn), now)),
        }
    }

    fn on_the_way(&self, by: usize, act: &Act) -> Result<ReportChange, Refusal> {
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
                    Some(LineVerdict { expense_id: line.id, amount, reason: why() })
                };
                let approval = Approval { comment: None, lines: lines.iter().filter_map(verdict).collect() };
                change::approve(permit, &self.policy, approval, now)
            }
            Act::Return => Ok(change::return_to_owner(self.may(by)?, why(), now)),
            Act::Reject => Ok(change::reject(self.may(by)?, why(), now)),
            Act::Reassign(to) => {
                let permit = self.may(by)?;
                let asked = self.report.pending_step().and_then(|step| step.outstanding().next());
                let from = asked.map(|person| person.id).ok_or(Refusal::NotAsked)?;
                change::reassign(permit, from, &self.people[*to], why(), &self.policy, &given.people, now)
            }
            other => unreachable!("{other:?} is no action on the way to approval"),
        }
    }

    fn delegate(&self, by: usize, away: usize, to: Option<usize>) -> Result<Vec<MemberChange>, Refusal> {
        let (from, away) = (change::today(self.now()), &self.people[away]);
        let until = from.checked_add(7.days()).unwrap();
        let to = to.map(|at| &self.people[at]);
        let current = away.delegation.as_ref().map(|delegation| delegation.with.id);
        let current = current.and_then(|id| self.people.iter().find(|member| member.id == id));
        change::delegate(
            &self.people[by],
            away,
            to.map(|to| Absence { to, from, until, ceiling: None }),
            current,
            self.now(),
        )
    }

    /// Stores a change of the report, if it was made on the version that is stored.
    pub fn commit(&mut self, change: ReportChange) -> bool {
        if self.deleted || change.before.as_ref().is_none_or(|before| before.version != self.report.version) {
            return false;
        }
        store_claims(&mut self.claims, &change.after, &change.spending);
        self.events.extend(change.events);
        self.deleted = change.deleted;
        self.report = change.after;
        self.turn += 1;
        true
    }

    /// Stores changes of members, each on the version that is stored.
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

fn entered() -> impl Strategy<Value = Entered> {
    let amounts = prop_oneof![1 => 1..300_i64, 3 => 300..30_000_i64];
    (amounts, 0..3_u8, prop::bool::weighted(0.2), prop::bool::weighted(0.3), 0..2_u8)
        .prop_map(|(minor, day, card, trip, category)| Entered { minor, day, card, trip, category })
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
    ]
}

/// Somebody and what he tries: mostly what is his to do.
pub fn any_turn() -> impl Strategy<Value = (usize, Act)> {
    (any_act(), 0..PEOPLE, 0..10_u8).prop_map(|(act, anybody, luck)| {
        let likely = match &act {
            Act::Approve(_) | Act::Return | Act::Reject => [1, 1, 3, 4, 2, 9][anybody % 6],
            Act::Reassign(_) => 6,
            Act::Delegate(away, _) | Act::Undelegate(away) => *away,
            _ => [OWNER, OWNER, OWNER, 5][anybody % 4],
        };
        (if luck < 7 { likely } else { anybody }, act)
    })
}

pub fn any_mode() -> impl Strategy<Value = Mode> {
    prop::sample::select(vec![Mode::Any, Mode::All, Mode::Quorum { of: 2 }])
}
