//! The life of a report: any sequence of actions by anybody keeps state, totals and history consistent.

use jiff::SignedDuration;
use outlay_domain::change::{self, ReportChange};
use outlay_domain::event::{EventKind, Subject};
use outlay_domain::member::Member;
use outlay_domain::money::Money;
use outlay_domain::permission::{Decide, Edit, Recall, Submit, permit};
use outlay_domain::policy::{Approvers, Policy, StepRule};
use outlay_domain::refusal::Refusal;
use outlay_domain::report::{Report, Status, totals};
use proptest::prelude::*;

use crate::support::{People, created, draft, eur, facts, money, no_rates, now, seed};

#[derive(Clone, Copy, Debug)]
enum Act {
    Add(i64),
    Change(usize, i64),
    Remove(usize),
    Submit,
    Recall,
    Approve,
    Return,
    Reject,
}

fn policy() -> Policy {
    let finance = Approvers::Role { role: outlay_domain::member::Role::Finance };
    let steps = vec![
        StepRule { name: "Manager".to_owned(), approvers: Approvers::Manager, from_total: None, due_in_days: 5 },
        StepRule { name: "Finance".to_owned(), approvers: finance, from_total: Some(money("500.00")), due_in_days: 3 },
    ];
    Policy { steps, ..Policy::initial() }
}

fn act(report: &Report, actor: &Member, people: &People, act: Act, turn: u8) -> Result<ReportChange, Refusal> {
    let now = now() + SignedDuration::from_secs(i64::from(turn));
    let amount = |minor| facts(Money::from_minor(minor, eur()));
    let line = |at: usize| {
        report.expenses.get(at % report.expenses.len().max(1)).map(|line| line.id).ok_or(Refusal::UnknownExpense)
    };
    match act {
        Act::Add(minor) => {
            change::add_expense(permit::<Edit>(actor, report)?, amount(minor), &no_rates(), &mut seed(turn), now)
        }
        Act::Change(at, minor) => {
            change::change_expense(permit::<Edit>(actor, report)?, line(at)?, amount(minor), &no_rates(), now)
        }
        Act::Remove(at) => change::remove_expense(permit::<Edit>(actor, report)?, line(at)?, now),
        Act::Submit => change::submit(permit::<Submit>(actor, report)?, &policy(), &people.directory(actor), now),
        Act::Recall => Ok(change::recall(permit::<Recall>(actor, report)?, now)),
        Act::Approve => Ok(change::approve(permit::<Decide>(actor, report)?, None, now)),
        Act::Return => Ok(change::return_to_owner(permit::<Decide>(actor, report)?, "why".to_owned(), now)),
        Act::Reject => Ok(change::reject(permit::<Decide>(actor, report)?, "why".to_owned(), now)),
    }
}

fn any_act() -> impl Strategy<Value = Act> {
    prop_oneof![
        2 => (1..80_000_i64).prop_map(Act::Add),
        1 => (0..9_usize, 1..80_000_i64).prop_map(|(at, minor)| Act::Change(at, minor)),
        1 => (0..9_usize).prop_map(Act::Remove),
        3 => Just(Act::Submit),
        1 => Just(Act::Recall),
        3 => Just(Act::Approve),
        1 => Just(Act::Return),
        1 => Just(Act::Reject),
    ]
}

fn consistent(change: &ReportChange) -> Result<(), TestCaseError> {
    let (report, before) = (&change.after, change.before.as_ref().unwrap());
    prop_assert_eq!(report.version, before.version + 1);
    prop_assert_eq!(report.last_event, before.last_event + change.events.len() as u64);
    prop_assert!(!change.events.is_empty());
    for (event, seq) in change.events.iter().zip(before.last_event + 1..) {
        prop_assert_eq!((event.seq, event.subject, event.at), (seq, Subject::Report(report.id), report.updated_at));
    }
    prop_assert!(report.is_whole());
    prop_assert_eq!(report.totals, totals(report.currency, &report.expenses).unwrap());
    prop_assert_eq!(report.totals.net.plus(report.totals.tax).unwrap(), report.totals.total);
    prop_assert_eq!(report.pending_step().is_some(), report.status == Status::Submitted);
    let decided: Vec<_> =
        report.steps.iter().filter_map(|step| step.decision.as_ref()).map(|decision| decision.by.id).collect();
    prop_assert!(!decided.contains(&report.owner));
    prop_assert!(decided.iter().enumerate().all(|(at, id)| !decided[..at].contains(id)));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn any_sequence_of_actions_keeps_everything_consistent(acts in prop::collection::vec((0..4_usize, any_act()), 1..40)) {
        let people = People::new();
        let mut report = draft(&people.ana, &[money("20.00")]);
        for (turn, (actor, what)) in (1_u8..).zip(acts) {
            let actor = people.all()[actor];
            let Ok(change) = act(&report, actor, &people, what, turn) else { continue };
            consistent(&change)?;
            // Final is final, and only the owner touches what he claims.
            prop_assert!(report.status != Status::Rejected && report.status != Status::Approved);
            prop_assert!(change.after.expenses == report.expenses || actor.id == report.owner);
            report = change.after;
        }
    }
}

#[test]
fn the_straight_way() {
    let people = People::new();
    let report = draft(&people.ana, &[money("300.00"), money("250.00")]);
    let step = |report: &Report, actor: &Member, what| act(report, actor, &people, what, 1).unwrap();
    let submitted = step(&report, &people.ana, Act::Submit);
    assert!(matches!(submitted.events[0].kind, EventKind::ReportSubmitted { .. }));
    let first = step(&submitted.after, &people.marco, Act::Approve);
    assert!(
        matches!(&first.events[0].kind, EventKind::StepApproved { asked, .. } if asked.approvers == [people.fiona.id])
    );
    let last = step(&first.after, &people.fiona, Act::Approve);
    assert!(matches!(last.events[0].kind, EventKind::ReportApproved { step: 2, .. }));
    assert_eq!((last.after.status, last.after.version), (Status::Approved, 4));
}

#[test]
fn two_changes_in_a_row_are_one_version() {
    let people = People::new();
    let created = created(&people.ana, &[money("20.00")]);
    let submitted =
        change::submit(permit(&people.ana, &created.after).unwrap(), &policy(), &people.directory(&people.ana), now())
            .unwrap();
    let both = created.then(submitted);
    assert_eq!((both.after.version, both.after.last_event), (1, 2));
    assert_eq!(both.events.iter().map(|event| event.seq).collect::<Vec<_>>(), [1, 2]);
    assert!(both.before.is_none());
}

#[test]
fn limits_of_a_report() {
    let people = People::new();
    assert_eq!(act(&draft(&people.ana, &[]), &people.ana, &people, Act::Submit, 1).unwrap_err(), Refusal::Empty);
    let full = draft(&people.ana, &vec![money("1.00"); 500]);
    assert_eq!(act(&full, &people.ana, &people, Act::Add(1), 1).unwrap_err(), Refusal::TooManyExpenses);
}

#[test]
fn the_hash_notices_every_change_of_a_line() {
    let people = People::new();
    let report = draft(&people.ana, &[money("20.00"), money("30.00")]);
    let mut torn = report.clone();
    torn.expenses.pop();
    assert!(report.is_whole() && !torn.is_whole());
    torn.expense_count = 1;
    assert!(!torn.is_whole());
}

#[test]
fn a_report_that_could_not_be_stored_is_refused() {
    let people = People::new();
    let mut report = draft(&people.ana, &vec![money("1.00"); 100]);
    for line in &mut report.expenses {
        line.facts.note = Some("é".repeat(2000));
    }
    let error = change::add_expense(
        permit(&people.ana, &report).unwrap(),
        facts(money("1.00")),
        &no_rates(),
        &mut seed(1),
        now(),
    );
    assert_eq!(error.unwrap_err(), Refusal::TooLarge);
}
