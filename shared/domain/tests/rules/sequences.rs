//! Random sequences of actions keep state, totals, claims, duties and history consistent; of two concurrent changes one
//! is stored.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use outlay_domain::change::{self, ReportChange};
use outlay_domain::error::DomainError;
use outlay_domain::event::{Event, EventKind, EventSubject};
use outlay_domain::expense::{Expense, PaymentMethod};
use outlay_domain::history::first_broken_link;
use outlay_domain::ids::MemberId;
use outlay_domain::member::Member;
use outlay_domain::money::Money;
use outlay_domain::permission::{Decide, PendingStep, permit};
use outlay_domain::report::{Report, ReportStatus, compute_totals};
use outlay_domain::spending::SpendingBucketKey;
use outlay_domain::step::{Decision, Step};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::world::{Act, Done, OTHER_ADMIN, OWNER, PAID_ADMIN, World, any_line, any_mode, any_party_act, any_turn};

/// Asserts that the events of a change continue the history and cover the change.
fn history_follows(change: &ReportChange) -> Result<(), TestCaseError> {
    let (report, before) = (&change.after, change.before.as_ref().unwrap());
    // Comments, and what is recorded without an actor, leave the version that people name.
    let moves = |event: &Event| event.actor.is_some() && !matches!(event.kind, EventKind::ReportCommented { .. });
    prop_assert_eq!(report.version, before.version + u64::from(change.events.iter().any(moves)));
    prop_assert_eq!(report.last_event, before.last_event + change.events.len() as u64);
    prop_assert!(!change.events.is_empty());
    for event in &change.events {
        prop_assert_eq!((event.subject, event.at), (EventSubject::Report(report.id), report.updated_at));
    }
    prop_assert_eq!(first_broken_link((before.last_event, &before.last_hash), &change.events), None);
    let last = change.events.last().unwrap();
    prop_assert_eq!(&last.hash, &report.last_hash);
    prop_assert_eq!(last.state_hash.clone(), Some(report.compute_state_hash()));
    Ok(())
}

/// Asserts that head, lines and sums match.
fn adds_up(report: &Report) -> Result<(), TestCaseError> {
    prop_assert!(report.has_matching_expenses());
    let sums = report.totals;
    prop_assert_eq!(sums, compute_totals(report.currency, &report.expenses).unwrap());
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
    prop_assert_eq!(report.pending_step().is_some(), report.status == ReportStatus::Submitted);
    Ok(())
}

fn involved(decision: &Decision) -> impl Iterator<Item = MemberId> {
    [Some(decision.by.id), decision.on_behalf_of.as_ref().map(|person| person.id)].into_iter().flatten()
}

fn decisions(steps: &[Step]) -> impl Iterator<Item = &Decision> {
    steps.iter().flat_map(|step| &step.decisions)
}

/// Asserts that a task is in a member's queue exactly when the member can decide, from the data of the task alone.
fn queues(world: &World) -> Result<(), TestCaseError> {
    let report = &world.report;
    let Some(step) = report.pending_step() else { return Ok(()) };
    let today = change::today(world.now());
    let (interested_parties, ineligible_approvers): (Vec<_>, Vec<_>) =
        (report.interested_parties().collect(), report.ineligible_approvers().collect());
    for member in &world.people {
        let asked: Vec<MemberId> = step.pending_approvers().map(|person| person.id).collect();
        let asking = PendingStep {
            approvers: &asked,
            interested_parties: &interested_parties,
            ineligible_approvers: &ineligible_approvers,
            base_total: report.base_total,
        };
        let said = asking.acting_for(member, today);
        // The API refuses every request of a suspended member, and auditors decide on nothing.
        if !member.can_approve() {
            prop_assert_eq!(said, None, "{}", member.name);
            continue;
        }
        let decides = match permit::<Decide>(member, report, today) {
            // A report above the member's limit stays in the queue until an admin reassigns it.
            Err(DomainError::ApprovalLimitExceeded { .. }) if step.is_approver(member.id) => Some(member.id),
            ruled => ruled.ok().map(|permit| permit.on_behalf_of().map_or(member.id, |away| away.id)),
        };
        prop_assert_eq!(said, decides, "{}", member.name);
    }
    Ok(())
}

/// Asserts that no one decides on a report they are involved in, or twice. A report returned to its owner keeps old
/// decisions for reference; later changes do not invalidate them.
fn duties(change: &ReportChange, people: &[Member]) -> Result<(), TestCaseError> {
    let (report, before) = (&change.after, change.before.as_ref().unwrap());
    let is_claimed = matches!(report.status, ReportStatus::Submitted | ReportStatus::Approved);
    let decided = decisions(&report.steps).count() > decisions(&before.steps).count();
    if !is_claimed && !decided {
        return Ok(());
    }
    for decision in decisions(&report.steps) {
        prop_assert!(
            !report.interested_parties().any(|id| involved(decision).any(|other| other == id)),
            "{decision:?}"
        );
    }
    if decided {
        // Nobody decides in the place of an interested party, nor by a delegation that one of them has set.
        let last = decisions(&report.steps).max_by_key(|decision| decision.at).unwrap();
        let by = people.iter().find(|member| member.id == last.by.id).unwrap();
        let used = last.on_behalf_of.as_ref().map(|away| {
            let active = by.acts_for.iter().filter(|delegation| delegation.counterpart.id == away.id);
            active.map(|delegation| delegation.set_by).collect::<Vec<_>>()
        });
        let is_party = |id: &MemberId| report.interested_parties().any(|party| party == *id);
        prop_assert!(!used.iter().flatten().any(is_party), "a party has set the delegation");
    }
    let mut met: BTreeMap<MemberId, u32> = BTreeMap::new();
    for step in &report.steps {
        for id in step.decisions.iter().flat_map(involved) {
            let earlier = *met.entry(id).or_insert(step.number);
            prop_assert_eq!(earlier, step.number, "{} has decided at two steps", id);
        }
        let by: Vec<MemberId> = step.decisions.iter().map(|decision| decision.by.id).collect();
        prop_assert_eq!(by.iter().collect::<BTreeSet<_>>().len(), by.len(), "a member has decided twice at a step");
    }
    Ok(())
}

/// Asserts that exactly the lines of a submitted or approved report are claimed.
fn claimed(world: &World) -> Result<(), TestCaseError> {
    let report = &world.report;
    let counts = matches!(report.status, ReportStatus::Submitted | ReportStatus::Approved) && !world.deleted;
    let mut expected: BTreeSet<(SpendingBucketKey, outlay_domain::ids::ExpenseId)> = BTreeSet::new();
    if counts {
        let each = |line: &Expense| SpendingBucketKey::of(&line.facts).map(|key| (key, line.id)).collect::<Vec<_>>();
        expected.extend(report.expenses.iter().flat_map(each));
    }
    let kept = world.spending.buckets.iter().flat_map(|(key, bucket)| {
        let lines = bucket.claims.get(&report.id).into_iter().flat_map(|claims| &claims.lines);
        lines.map(|claim| (key.clone(), claim.expense_id)).collect::<Vec<_>>()
    });
    prop_assert_eq!(kept.collect::<BTreeSet<_>>(), expected);
    Ok(())
}

/// Asserts that the machine approves nothing after a person refused something of the owner, and that it stays within
/// the monthly sum. `refused` is true once a person has.
fn automatic(change: &ReportChange, refused: bool, world: &World) -> Result<(), TestCaseError> {
    let is_automatic = |event: &outlay_domain::event::Event| matches!(event.kind, EventKind::ReportAutoApproved { .. });
    if change.events.iter().any(is_automatic) {
        prop_assert!(!refused, "a machine has approved what a person refused");
        let sum: i64 = change.spending.automatic.iter().flat_map(|record| record.approved.values()).sum();
        prop_assert!(sum >= change.after.base_total.minor());
        prop_assert!(sum <= world.policy.auto_approve_below.unwrap().minor() * 10);
    }
    Ok(())
}

/// True when a person refuses something in a change.
fn refuses(change: &ReportChange) -> bool {
    let before = change.before.as_ref().unwrap();
    let lowered = |report: &Report| report.expenses.iter().filter(|line| line.approved.is_some()).count();
    let decided = matches!(change.after.status, ReportStatus::Returned | ReportStatus::Rejected);
    (decided && change.after.status != before.status) || lowered(&change.after) > lowered(before)
}

/// Counts occurrences, so that a property cannot hold only because its case never occurs.
#[derive(Default)]
struct Seen(BTreeMap<String, usize>);

impl Seen {
    fn count(&mut self, what: &str) {
        *self.0.entry(what.to_owned()).or_default() += 1;
    }

    fn at_least(&self, times: usize, wanted: &[&str]) {
        let found = |what: &&str| self.0.get(*what).copied().unwrap_or(0);
        let rare: Vec<_> = wanted.iter().filter(|what| found(what) < times).collect();
        assert!(rare.is_empty(), "too rare: {rare:?} in {:?}", self.0);
    }
}

fn name(act: &Act) -> String {
    format!("{act:?}").chars().take_while(|c| c.is_alphanumeric()).collect()
}

#[test]
fn random_action_sequences_keep_invariants() {
    let seen = RefCell::new(Seen::default());
    let turns = prop::collection::vec(any_turn(), 1..40);
    let mut runner = TestRunner::new(ProptestConfig::with_cases(1000));
    let outcome = runner.run(&(any::<bool>(), any_mode(), turns), |(for_her, mode, turns)| {
        let mut world = World::new(for_her, mode);
        let mut refused = false;
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
                    automatic(&change, refused, &world)?;
                    refused |= refuses(&change);
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
        prop_assert_eq!(first_broken_link((0, ""), &world.events), None);
        prop_assert_eq!(world.events.last().map(|event| &event.hash), Some(&world.report.last_hash));
        prop_assert_eq!(world.events.len() as u64, world.report.last_event);
        for (at, events) in &world.member_events {
            prop_assert_eq!(first_broken_link((1, ""), events), None);
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
        "Appoint",
    ];
    seen.borrow().at_least(20, &acts);
    seen.borrow().at_least(1, &["Escalate"]);
    // Payments have random sequences of their own: `batch_sums`.
    let is_paying = |status: &&ReportStatus| matches!(status, ReportStatus::Reimbursing | ReportStatus::Reimbursed);
    let statuses = ReportStatus::ALL.iter().filter(|status| !is_paying(status)).map(|status| status.name());
    seen.borrow().at_least(20, &statuses.collect::<Vec<_>>());
}

/// Asserts that the members who can decide are those of the first route, and beside them at most the admin without a
/// part in the report.
fn deciders_are_unchanged(world: &World, route: &[Vec<MemberId>]) -> Result<(), TestCaseError> {
    let (report, other_admin) = (&world.report, world.people[OTHER_ADMIN].id);
    for (step, first) in report.steps.iter().zip(route) {
        for approver in &step.approvers {
            prop_assert!(first.contains(&approver.id) || approver.id == other_admin, "{} is new", approver.name);
        }
    }
    prop_assert_eq!(report.steps.len(), route.len());
    let (Some(step), Some(first)) = (report.pending_step(), route.first()) else { return Ok(()) };
    for member in world.people.iter().filter(|member| member.can_approve()) {
        let permit = permit::<Decide>(member, report, change::today(world.now()));
        if let Ok(permit) = &permit {
            prop_assert!(permit.on_behalf_of().is_none(), "{} decides by a delegation of a party", member.name);
            prop_assert!(first.contains(&member.id) || member.id == other_admin, "{} decides", member.name);
        } else if first.contains(&member.id) {
            // A member whom a party has suspended was replaced, and stays so.
            let replaced = step.replaced_approvers.contains(&member.id) || step.is_approver(other_admin);
            prop_assert!(replaced, "{} cannot decide: {permit:?}", member.name);
        }
    }
    Ok(())
}

#[test]
fn parties_cannot_change_who_decides() {
    let seen = RefCell::new(Seen::default());
    let (lines, acts) = (prop::collection::vec(any_line(), 0..3), prop::collection::vec(any_party_act(), 1..24));
    let mut runner = TestRunner::new(ProptestConfig::with_cases(1500));
    let outcome = runner.run(&(any::<bool>(), any_mode(), lines, acts), |(for_her, mode, lines, acts)| {
        let mut world = World::new(for_her, mode);
        let setup = lines.into_iter().chain([Act::Payee(Some(PAID_ADMIN)), Act::Submit]);
        for act in setup {
            if let Ok(Done::Report(change)) = world.attempt(OWNER, &act) {
                prop_assert!(world.commit(*change));
            }
        }
        if world.report.status != ReportStatus::Submitted {
            return Ok(());
        }
        let ids = |step: &Step| step.approvers.iter().map(|person| person.id).collect::<Vec<_>>();
        let route: Vec<Vec<MemberId>> = world.report.steps.iter().map(ids).collect();
        for (by, act) in acts {
            match world.attempt(by, &act) {
                Err(_) => continue,
                Ok(Done::Members(changes)) => world.commit_members(changes),
                Ok(Done::Report(change)) => prop_assert!(world.commit(*change)),
            }
            seen.borrow_mut().count(&name(&act));
            if world.report.status == ReportStatus::Submitted {
                deciders_are_unchanged(&world, &route)?;
            }
        }
        Ok(())
    });
    if let Err(fault) = outcome {
        panic!("{fault}");
    }
    seen.borrow().at_least(20, &["Delegate", "Undelegate", "Appoint", "Recall", "Submit", "Escalate"]);
}

/// Asserts that of two changes of the same version only the first is stored and the second leaves no trace.
fn one_of_two(world: &World, first: &ReportChange, second: &ReportChange) -> Result<(), TestCaseError> {
    let mut store = world.clone();
    prop_assert!(store.commit(first.clone()));
    let stored = (store.report.clone(), store.events.clone(), store.spending.clone());
    prop_assert!(!store.commit(second.clone()), "both changes were stored");
    prop_assert_eq!(stored, (store.report, store.events, store.spending));
    // The second also conflicts without the version: it writes an event that exists.
    prop_assert_eq!(first.events[0].seq, second.events[0].seq);
    Ok(())
}

#[test]
fn concurrent_changes_commit_exactly_once() {
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
