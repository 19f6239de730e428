//! Automatic approval: its monthly sum, and that no machine approves what a person refused.

use jiff::{SignedDuration, ToSpan};
use outlay_domain::automatic::{AutoApprovals, REFUSAL_PAUSE_DAYS};
use outlay_domain::change::{self, Approval, CloneOverrides, LineDecision, ReportChange};
use outlay_domain::expense::ExpenseFacts;
use outlay_domain::permission::{Clone as CloneAction, Decide, Edit, Return, Submit, permit, permit_org};
use outlay_domain::policy::{Approvers, Policy};
use outlay_domain::report::{Report, ReportStatus};
use outlay_domain::spending::Spending;

use crate::support::{
    Given, People, cents, created_with, facts, finish, money, no_rates, now, permit_for, seed, step, store_claims,
    text, today,
};

/// Everything below 20.00 EUR is approved automatically; the manager decides on the rest.
fn given(monthly: Option<&str>) -> Given {
    let people = People::new();
    let policy = Policy {
        auto_approve_below: Some(money("20.00")),
        auto_approve_monthly: monthly.map(money),
        steps: vec![step("Manager", Approvers::Manager { level: 1 })],
        ..Policy::initial()
    };
    Given::new(policy, people.directory(&people.ana))
}

fn report(number: u8, amount: i64) -> Report {
    let line = ExpenseFacts { merchant: text(&format!("Shop {number}")), ..facts(cents(amount)) };
    let mut report = created_with(&People::new().ana, vec![line]).after;
    report.id = seed(number).next_id();
    report
}

fn submit(given: &mut Given, report: &Report) -> ReportChange {
    let change = given.submit(report).unwrap();
    store_claims(&mut given.spending, &change.after, &change.spending);
    change
}

fn approvals(given: &mut Given, amounts: &[i64]) -> usize {
    let numbered = amounts.iter().zip(50_u8..);
    let statuses = numbered.map(|(amount, number)| submit(given, &report(number, *amount)).after.status);
    statuses.filter(|status| *status == ReportStatus::Approved).count()
}

#[test]
fn monthly_sum_bounds_automatic_approvals() {
    // Ten times the amount where the policy states no sum.
    for (monthly, expected) in [(None, 10), (Some("59.97"), 3), (Some("59.96"), 2), (Some("5.00"), 0)] {
        assert_eq!(approvals(&mut given(monthly), &[19_99; 12]), expected, "{monthly:?}");
    }
}

#[test]
fn monthly_sum_starts_anew_each_month() {
    let mut given = given(Some("19.99"));
    given.spending.automatic = AutoApprovals {
        version: 4,
        month: "2026-10".to_owned(),
        approved: [(seed(70).next_id(), 19_99)].into(),
        refused_on: None,
    };
    assert_eq!(approvals(&mut given, &[19_99, 1]), 1);
    assert_eq!((given.spending.automatic.version, given.spending.automatic.approved.len()), (5, 1));
}

#[test]
fn resubmitted_report_counts_once_in_monthly_sum() {
    let mut given = given(Some("19.99"));
    let first = submit(&mut given, &report(50, 19_99)).after;
    assert_eq!(first.status, ReportStatus::Approved);
    let edit = change::update_expense(
        permit_for::<Edit>(&given.people.owner, &first).unwrap(),
        first.expenses[0].id,
        facts(cents(18_00)),
        &no_rates(),
        now(),
    );
    let again = finish(edit, Some(given.rules()), now()).unwrap();
    assert_eq!(again.after.status, ReportStatus::Approved);
}

/// What a person does to a report of 100.00 EUR.
fn refusals() -> Vec<(&'static str, Given, ReportChange)> {
    let kinds = ["returned", "rejected", "lowered", "returned by finance"];
    let refuse = |kind: &'static str| {
        let mut given = given(None);
        let people = People::new();
        let submitted = submit(&mut given, &report(50, 10_000)).after;
        let decide = permit_for::<Decide>(&people.marco, &submitted).unwrap();
        let refused = match kind {
            "returned" => change::return_to_owner(permit_for(&people.marco, &submitted).unwrap(), text("No."), now()),
            "rejected" => change::reject(decide, text("No."), now()),
            "lowered" => {
                let line = submitted.expenses[0].id;
                let line = LineDecision { expense_id: line, amount: cents(10_00), reason: text("Too much.") };
                change::approve(decide, &given.policy, Approval { comment: None, lines: vec![line] }, now()).unwrap()
            }
            _ => {
                let approved = change::approve(decide, &given.policy, Approval::default(), now()).unwrap().after;
                change::return_to_owner(permit_for::<Return>(&people.fiona, &approved).unwrap(), text("No."), now())
            }
        };
        store_claims(&mut given.spending, &refused.after, &refused.spending);
        (kind, given, refused)
    };
    kinds.into_iter().map(refuse).collect()
}

#[test]
fn refused_report_needs_a_person_after_any_edit() {
    for (kind, mut given, refused) in refusals() {
        // Without what is remembered about the member.
        given.spending.automatic = AutoApprovals::default();
        let owner = &given.people.owner;
        if refused.after.status != ReportStatus::Rejected {
            let small = ExpenseFacts { merchant: text("Elsewhere"), ..facts(cents(9_99)) };
            let permit = permit_for::<Edit>(owner, &refused.after).unwrap();
            let edit = change::update_expense(permit, refused.after.expenses[0].id, small, &no_rates(), now());
            let edited = finish(edit, Some(given.rules()), now()).unwrap().after;
            let status =
                if edited.status.is_with_owner() { given.submit(&edited).unwrap().after.status } else { edited.status };
            assert_eq!(status, ReportStatus::Submitted, "{kind}");
        }
        let cloned = change::clone_report(
            permit_for::<CloneAction>(owner, &refused.after).unwrap(),
            permit_org(owner).unwrap(),
            None,
            CloneOverrides::default(),
            &no_rates(),
            &mut seed(77),
            now(),
        );
        let cloned = cloned.unwrap().after;
        let small = facts(cents(9_99));
        let permit = permit_for::<Edit>(owner, &cloned).unwrap();
        let edit = change::update_expense(permit, cloned.expenses[0].id, small, &no_rates(), now());
        let cloned = finish(edit, None, now()).unwrap().after;
        assert_eq!(given.submit(&cloned).unwrap().after.status, ReportStatus::Submitted, "clone of {kind}");
    }
}

#[test]
fn new_report_needs_a_person_after_a_refusal() {
    for (kind, given, _) in refusals() {
        assert_eq!(given.spending.automatic.refused_on, Some(today().utc()), "{kind}");
        let pause = i64::from(REFUSAL_PAUSE_DAYS);
        // Whatever else is entered: another merchant, amount and day.
        let another = |days_later: i64, date| {
            let at = now() + SignedDuration::from_hours(24 * days_later);
            let line = ExpenseFacts { merchant: text("Elsewhere"), date, ..facts(cents(9_98)) };
            let report = created_with(&given.people.owner, vec![line]).after;
            change::submit(
                permit::<Submit>(&given.people.owner, &report, change::today(at)).unwrap(),
                given.rules(),
                at,
            )
            .unwrap()
            .after
            .status
        };
        let refusal = today().utc();
        let later = refusal.checked_add((pause + 1).days()).unwrap();
        assert_eq!(another(0, refusal), ReportStatus::Submitted, "{kind}");
        assert_eq!(another(pause, refusal.checked_add(pause.days()).unwrap()), ReportStatus::Submitted, "{kind}");
        assert_eq!(another(pause + 1, refusal), ReportStatus::Submitted, "{kind}: spent before the refusal");
        assert_eq!(another(pause + 1, later), ReportStatus::Approved, "{kind}");
    }
}

#[test]
fn decision_in_full_is_no_refusal() {
    let mut given = given(None);
    let people = People::new();
    let submitted = submit(&mut given, &report(50, 10_000)).after;
    let decide = permit_for::<Decide>(&people.marco, &submitted).unwrap();
    let line = LineDecision { expense_id: submitted.expenses[0].id, amount: cents(10_000), reason: text("All.") };
    let approval = Approval { comment: None, lines: vec![line] };
    let approved = change::approve(decide, &given.policy, approval, now()).unwrap();
    assert!(!approved.after.refused);
    assert_eq!(approved.spending.refused_on, None);
    store_claims(&mut given.spending, &approved.after, &approved.spending);
    assert_eq!(approvals(&mut given, &[19_99]), 1);
    assert_eq!(Spending::default().automatic, AutoApprovals::default());
}
