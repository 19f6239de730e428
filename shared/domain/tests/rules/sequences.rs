//! Any sequence of actions by anybody keeps state, totals, claims, duties and history consistent; of two at once one gets through.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use outlay_domain::change::{self, ReportChange};
use outlay_domain::event::Subject;
use outlay_domain::expense::{Expense, PaymentMethod};
use outlay_domain::history::first_break;
use outlay_domain::ids::MemberId;
use outlay_domain::member::Member;
use outlay_domain::money::Money;
use outlay_domain::permission::{Asking, Decide, permit};
use outlay_domain::refusal::Refusal;
use outlay_domain::report::{Report, Status, totals};
use outlay_domain::route::{Decision, Step};
use outlay_domain::spending::BucketKey;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::world::{Act, Done, World, any_mode, any_turn};

/// The history of a change follows on what was there, and tells of all of it.
fn history_follows(change: &ReportChange) -> Result<(), TestCaseError> {
    let (report, before) = (&change.after, change.before.as_ref().unwrap());
    prop_assert_eq!(report.version, before.version + 1);
    prop_assert_eq!(report.last_event, before.last_event + change.events.len() as u64);
    prop_assert!(!change.events.is_empty());
    for event in &change.events {
        prop_assert_eq!((event.subject, event.at), (Subject::Report(report.id), report.updated_at));
    }
    prop_assert_eq!(first_break((before.last_event, &before.last_hash), &change.events), None);
    let last = change.events.last().unwrap();
    prop_assert_eq!(&last.hash, &report.last_hash);
    prop_assert_eq!(last.state_hash.as_ref(), Some(&report.state_hash));
    Ok(())
}

/// Head and lines belong together, and the sums are right.
fn adds_up(report: &Report) -> Result<(), TestCaseError> {
    prop_assert!(report.is_whole());
    let sums = report.totals;
    prop_assert_eq!(sums, totals(report.currency, &report.expenses).unwrap());
    prop_assert_eq!(sums.net.plus(sums.tax).unwrap(), sums.total);
    let sum = |of: &dyn Fn(&Expense) -> bool| {
        let amounts = report.expenses.iter().filter(|line| of(line)).map(Expense::amount_in_report);
        Money::sum(report.currency, amounts).unwrap()
    };
    prop_assert_eq!(sum(&|_| true), sums.total);
    let personal = sum(&|line| line.facts.payment_method == PaymentMethod::Personal);
    prop_assert_eq!(sums.reimbursable.plus(sums.not_reimbursed).unwrap(), personal);
    for line in &report.expenses {
        let cap = line.cap.unwrap_or(line.facts.amount).minor();
        prop_assert!(0 <= line.granted().minor() && line.granted().minor() <= cap && cap <= line.facts.amount.minor());
    }
    prop_assert_eq!(report.pending_step().is_some(), report.status == Status::Submitted);
    Ok(())
}

fn involved(decision: &Decision) -> impl Iterator<Item = MemberId> {
    [Some(decision.by.id), decision.on_behalf_of.as_ref().map(|person| person.id)].into_iter().flatten()
}

fn decisions(steps: &[Step]) -> impl Iterator<Item = &Decision> {
    steps.iter().flat_map(|step| &step.decisions)
}

/// What lies in somebody's queue he can decide, and nothing else: the queue knows of a report only what its tasks say.
fn queues(world: &World) -> Result<(), TestCaseError> {
    let report = &world.report;
    let Some(step) = report.pending_step() else { return Ok(()) };
    let today = change::today(world.now());
    let (concerned, taken): (Vec<_>, Vec<_>) = (report.concerned().collect(), report.taken().collect());
    for member in &world.people {
        let asked: Vec<MemberId> = step.outstanding().map(|person| person.id).collect();
        let asking = Asking { approvers: &asked, concerned: &concerned, taken: &taken, base_total: report.base_total };
        let said = asking.say_of(member, today);
        let decides = match permit::<Decide>(member, report, today) {
            // What is above his own limit stays in his queue, until an admin has it reassigned.
            Err(Refusal::ApprovalLimit { .. }) if step.asks(member.id) => Some(member.id),
            ruled => ruled.ok().map(|permit| permit.principal().map_or(member.id, |away| away.id)),
        };
        prop_assert_eq!(said, decides, "{}", member.name);
    }
    Ok(())
}

/// Nobody decides on what he has a part in, nor twice. A report that is back with its owner keeps old decisions to read; what is
/// changed on it then does not make them wrong.
fn duties(change: &ReportChange, people: &[Member]) -> Result<(), TestCaseError> {
    let (report, before) = (&change.after, change.before.as_ref().unwrap());
    let stands = matches!(report.status, Status::Submitted | Status::Approved);
    let decided = decisions(&report.steps).count() > decisions(&before.steps).count();
    if !stands && !decided {
        return Ok(());
    }
    for decision in decisions(&report.steps) {
        prop_assert!(!report.concerned().any(|id| involved(decision).any(|other| other == id)), "{decision:?}");
    }
    if decided {
        let last = decisions(&report.steps).max_by_key(|decision| decision.at).unwrap();
        let concerned = |id: MemberId| report.concerned().any(|concerned| concerned == id);
        let stands_in = people
            .iter()
            .filter(|member| concerned(member.id))
            .filter_map(|member| member.delegate(last.at.to_zoned(jiff::tz::TimeZone::UTC).date()));
        prop_assert!(
            !stands_in.collect::<Vec<_>>().contains(&last.by.id),
            "who decides for one of the concerned decided"
        );
    }
    let mut met: BTreeMap<MemberId, u32> = BTreeMap::new();
    for step in &report.steps {
        for id in step.decisions.iter().flat_map(involved) {
            let earlier = *met.entry(id).or_insert(step.number);
            prop_assert_eq!(earlier, step.number, "{} has decided at two steps", id);
        }
        let by: Vec<MemberId> = step.decisions.iter().map(|decision| decision.by.id).collect();
        prop_assert_eq!(by.iter().collect::<BTreeSet<_>>().len(), by.len(), "somebody has decided twice at a step");
    }
    Ok(())
}

/// The report is among the claims exactly while it is submitted or approved, with exactly its lines.
fn claimed(world: &World) -> Result<(), TestCaseError> {
    let report = &world.report;
    let counts = matches!(report.status, Status::Submitted | Status::Approved) && !world.deleted;
    let mut expected: BTreeSet<(BucketKey, outlay_domain::ids::ExpenseId)> = BTreeSet::new();
    if counts {
        let each = |line: &Expense| BucketKey::of(&line.facts).map(|key| (key, line.id)).collect::<Vec<_>>();
        expected.extend(report.expenses.iter().flat_map(each));
    }
    let kept = world.claims.iter().flat_map(|(key, bucket)| {
        let lines = bucket.claims.get(&report.id).into_iter().flat_map(|claims| &claims.lines);
        lines.map(|claim| (key.clone(), claim.expense_id)).collect::<Vec<_>>()
    });
    prop_assert_eq!(kept.collect::<BTreeSet<_>>(), expected);
    Ok(())
}

/// How often something happened, so that a property is not true for want of anything happening.
#[derive(Default)]
struct Seen(BTreeMap<String, usize>);

impl Seen {
    fn count(&mut self, what: &str) {
        *self.0.entry(what.to_owned()).or_default() += 1;
    }

    fn at_least(&self, times: usize, wanted: &[&str]) {
        let found = |what: &&str| self.0.get(*what).copied().unwrap_or(0);
        let rare: Vec<_> = wanted.iter().filter(|what| found(what) < times).collect();
        assert!(rare.is_empty(), "too seldom: {rare:?} in {:?}", self.0);
    }
}

fn name(act: &Act) -> String {
    format!("{act:?}").chars().take_while(|c| c.is_alphanumeric()).collect()
}

#[test]
fn any_sequence_of_actions_keeps_everything_consistent() {
    let seen = RefCell::new(Seen::default());
    let turns = prop::collection::vec(any_turn(), 1..40);
    let mut runner = TestRunner::new(ProptestConfig::with_cases(1000));
    let outcome = runner.run(&(any::<bool>(), any_mode(), turns), |(for_her, mode, turns)| {
        let mut world = World::new(for_her, mode);
        for (by, act) in turns {
            match world.attempt(by, &act) {
                Err(_) => continue,
                Ok(Done::Members(changes)) => {
                    world.commit_members(changes);
                    queues(&world)?;
                }
                Ok(Done::Report(change)) => {
                    history_follows(&change)?;
                    adds_up(&change.after)?;
                    duties(&change, &world.people)?;
                    prop_assert!(world.commit(*change));
                    claimed(&world)?;
                    queues(&world)?;
                    seen.borrow_mut().count(world.report.status.name());
                }
            }
            seen.borrow_mut().count(&name(&act));
            if world.deleted {
                break;
            }
        }
        prop_assert_eq!(first_break((0, ""), &world.events), None);
        prop_assert_eq!(world.events.last().map(|event| &event.hash), Some(&world.report.last_hash));
        prop_assert_eq!(world.events.len() as u64, world.report.last_event);
        for (at, events) in &world.member_events {
            prop_assert_eq!(first_break((1, ""), events), None);
            prop_assert_eq!(&events.last().unwrap().hash, &world.people[*at].last_hash);
        }
        Ok(())
    });
    if let Err(fault) = outcome {
        panic!("{fault}");
    }
    let acts = [
        "Add",
        "Change",
        "Text",
        "Remove",
        "Split",
        "CloneLine",
        "Title",
        "Payee",
        "CostCentre",
        "Submit",
        "Recall",
        "Approve",
        "Return",
        "Reject",
        "Reassign",
        "Comment",
        "Delete",
        "Delegate",
        "Undelegate",
    ];
    seen.borrow().at_least(20, &acts);
    seen.borrow().at_least(20, &Status::ALL.map(Status::name));
}

/// Of two changes of the stored report one is stored, whichever comes first, and the other leaves no trace.
fn one_of_two(world: &World, first: &ReportChange, second: &ReportChange) -> Result<(), TestCaseError> {
    let mut store = world.clone();
    prop_assert!(store.commit(first.clone()));
    let stored = (store.report.clone(), store.events.clone(), store.claims.clone());
    prop_assert!(!store.commit(second.clone()), "both got through");
    prop_assert_eq!(stored, (store.report, store.events, store.claims));
    // Even without the version the second would be found: it writes an event that is there.
    prop_assert_eq!(first.events[0].seq, second.events[0].seq);
    Ok(())
}

#[test]
fn of_two_at_once_exactly_one_gets_through() {
    let seen = RefCell::new(Seen::default());
    let before = prop::collection::vec(any_turn(), 0..12);
    let at_once = prop::collection::vec(any_turn(), 8);
    let mut runner = TestRunner::new(ProptestConfig::with_cases(1000));
    let outcome = runner.run(&(any::<bool>(), any_mode(), before, at_once), |(for_her, mode, turns, at_once)| {
        let mut world = World::new(for_her, mode);
        for (by, act) in turns.into_iter().filter(|(_, act)| !matches!(act, Act::Delete)) {
            match world.attempt(by, &act) {
                Ok(Done::Report(change)) => prop_assert!(world.commit(*change)),
                Ok(Done::Members(changes)) => {
                    world.commit_members(changes);
                    queues(&world)?;
                }
                Err(_) => {}
            }
        }
        let made = at_once.iter().filter_map(|(by, act)| match world.attempt(*by, act) {
            Ok(Done::Report(change)) => Some(*change),
            _ => None,
        });
        let made: Vec<ReportChange> = made.collect();
        for (first, second) in made.iter().zip(made.iter().skip(1)) {
            one_of_two(&world, first, second)?;
            one_of_two(&world, second, first)?;
            seen.borrow_mut().count("both");
        }
        Ok(())
    });
    if let Err(fault) = outcome {
        panic!("{fault}");
    }
    seen.borrow().at_least(1000, &["both"]);
}
