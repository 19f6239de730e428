//! Cases of process: who may do what when, what the policy finds, and what becomes of a decision.

use outlay_domain::change::{self, Approval, LineVerdict, ReportChange, ReportPatch};
use outlay_domain::event::EventKind;
use outlay_domain::expense::ExpenseFacts;
use outlay_domain::member::{Member, Role};
use outlay_domain::permission::{
    Action, CreateForOthers, Decide, Delete, Edit, Read, Reassign, Reimburse, Relation, Return, permit_org, ruling,
};
use outlay_domain::policy::{CostObject, Effect, Limit, Period, Policy, Rule, Severity};
use outlay_domain::refusal::{LineFault, Refusal};
use outlay_domain::report::{Report, Status};
use outlay_domain::spending::Spending;

use crate::support::{
    Given, People, created_with, day, draft, facts, limit, member, money, no_rates, now, permit_for, seed,
    store_claims, workflow,
};

/// Ana's report of one line, submitted, and what it was judged by.
fn submitted(amount: &str) -> (People, Given, Report) {
    let people = People::new();
    let given = Given::new(workflow(), people.directory(&people.ana));
    let report = given.submit(&draft(&people.ana, &[money(amount)])).unwrap().after;
    (people, given, report)
}

fn approve(report: &Report, by: &Member, granted: Option<&str>) -> Result<ReportChange, Refusal> {
    let verdict = |amount: &str| LineVerdict {
        expense_id: report.expenses[0].id,
        amount: money(amount),
        reason: "Within the policy.".to_owned(),
    };
    let approval = Approval { comment: None, lines: granted.map(verdict).into_iter().collect() };
    change::approve(permit_for::<Decide>(by, report)?, &workflow(), approval, now())
}

fn approved(amount: &str) -> (People, Given, Report) {
    let (people, given, report) = submitted(amount);
    let report = approve(&report, &people.marco, None).unwrap().after;
    assert_eq!(report.status, Status::Approved);
    (people, given, report)
}

fn add_line(report: &Report, by: &Member, given: &Given) -> Result<ReportChange, Refusal> {
    let line = ExpenseFacts { merchant: "Taxi".to_owned(), ..facts(money("10.00")) };
    change::add_expense(permit_for::<Edit>(by, report)?, line, &no_rates(), Some(given.rules()), &mut seed(10), now())
}

/// What the policy with these limits makes of one line.
fn judged(limits: Vec<Limit>, grade: Option<&str>, line: ExpenseFacts) -> Result<ReportChange, Refusal> {
    let people = People::new();
    let owner = Member { grade: grade.map(str::to_owned), ..people.ana.clone() };
    let mut directory = people.directory(&people.ana);
    directory.owner = owner;
    let given = Given::new(Policy { limits, ..workflow() }, directory);
    given.submit(&created_with(&people.ana, vec![line]).after)
}

/// The limit that was exceeded.
fn exceeded(judged: Result<ReportChange, Refusal>) -> Option<String> {
    match judged {
        Ok(_) => None,
        Err(Refusal::Policy(found)) => Some(found[0].1.message.split("limit of ").nth(1).unwrap().to_owned()),
        Err(other) => panic!("{other:?}"),
    }
}

pub fn what_is_approved_is_not_deleted() {
    for report in [approved("100.00").2, submitted("20.00").2] {
        let refused = permit_for::<Delete>(&People::new().ana, &report).unwrap_err();
        assert_eq!(refused, Refusal::InvalidState { status: report.status, action: "deleted" });
    }
}

pub fn empty_reports_are_not_submitted() {
    let people = People::new();
    let given = Given::new(workflow(), people.directory(&people.ana));
    let empty = draft(&people.ana, &[]);
    assert_eq!(given.submit(&empty).unwrap_err(), Refusal::Empty);
    assert!(approve(&empty, &people.marco, None).is_err());
}

pub fn what_is_approved_is_not_rejected() {
    let (people, _, report) = approved("20.00");
    assert_eq!(permit_for::<Decide>(&people.marco, &report).unwrap_err(), Refusal::AlreadyDecided);
    for member in [&people.fiona, &people.ada] {
        let refused = permit_for::<Decide>(member, &report).unwrap_err();
        assert_eq!(refused, Refusal::InvalidState { status: Status::Approved, action: "decided on" });
    }
}

pub fn employees_create_for_themselves() {
    let people = People::new();
    assert!(matches!(permit_org::<CreateForOthers>(&people.ana), Err(Refusal::Forbidden(_))));
    assert!(permit_org::<CreateForOthers>(&people.fiona).is_ok());
}

pub fn owner_does_not_jump_over_approval() {
    let people = People::new();
    let report = draft(&people.ana, &[money("20.00")]);
    assert!(matches!(approve(&report, &people.ana, None), Err(Refusal::Duties(_))));
}

pub fn owner_neither_approves_nor_rejects() {
    let (people, _, report) = submitted("20.00");
    // One permit is for both.
    assert!(matches!(permit_for::<Decide>(&people.ana, &report), Err(Refusal::Duties(_))));
    assert_eq!(report.status, Status::Submitted);
}

pub fn approver_does_not_pay() {
    let (people, _, report) = approved("20.00");
    assert!(matches!(permit_for::<Reimburse>(&people.marco, &report), Err(Refusal::Forbidden(_))));
    let promoted = Member { role: Role::Finance, ..people.marco };
    assert!(matches!(permit_for::<Reimburse>(&promoted, &report), Err(Refusal::Duties(_))));
    assert!(permit_for::<Reimburse>(&people.fiona, &report).is_ok());
}

pub fn lines_of_an_approved_report() {
    let (people, given, report) = approved("20.00");
    let after = add_line(&report, &people.ana, &given).unwrap().after;
    assert_eq!((after.status, after.expense_count), (Status::Submitted, 2));
    assert!(after.steps.iter().all(|step| step.decisions.is_empty()));
    for other in [&people.marco, &people.fiona, &people.ada] {
        assert!(matches!(add_line(&report, other, &given), Err(Refusal::Forbidden(_))), "{}", other.name);
    }
}

pub fn specific_limit_beats_generic() {
    let limits = || {
        let graded = Limit { grades: vec!["senior".to_owned()], ..limit("120.00", Period::Expense, Effect::Block) };
        vec![limit("80.00", Period::Expense, Effect::Block), graded]
    };
    assert_eq!(exceeded(judged(limits(), Some("senior"), facts(money("100.00")))), None);
    let above = exceeded(judged(limits(), Some("senior"), facts(money("120.01")))).unwrap();
    assert!(above.starts_with("120.00 EUR"), "{above}");
    let generic = exceeded(judged(limits(), None, facts(money("100.00")))).unwrap();
    assert!(generic.starts_with("80.00 EUR"), "{generic}");
}

pub fn first_of_equal_limits_counts() {
    let limits = ["100.00", "200.00"].map(|amount| limit(amount, Period::Expense, Effect::Block));
    let above = exceeded(judged(limits.to_vec(), None, facts(money("150.00")))).unwrap();
    assert!(above.starts_with("100.00 EUR"), "{above}");
}

pub fn cap_by_an_approver() {
    let (people, _, report) = submitted("150.00");
    let after = approve(&report, &people.marco, Some("100.00")).unwrap().after;
    assert_eq!((after.expense_count, after.totals.total), (1, money("150.00")));
    assert_eq!((after.totals.reimbursable, after.totals.not_reimbursed), (money("100.00"), money("50.00")));
}

pub fn not_more_than_claimed() {
    let (people, _, report) = submitted("300");
    let refused = approve(&report, &people.marco, Some("301")).unwrap_err();
    assert_eq!(refused, Refusal::Lines(vec![(0, LineFault::TooMuch { most: money("300.00") })]));
}

pub fn nothing_granted() {
    let (people, _, report) = submitted("1000");
    let first = approve(&report, &people.marco, Some("0")).unwrap().after;
    let after = approve(&first, &people.fiona, None).unwrap().after;
    assert_eq!((after.status, after.totals.reimbursable), (Status::Approved, money("0")));
    assert_eq!(after.totals.not_reimbursed, money("1000.00"));
}

pub fn rejected_is_not_paid() {
    let (people, _, report) = submitted("300");
    let permit = permit_for::<Decide>(&people.marco, &report).unwrap();
    let rejected = change::reject(permit, "Private.".to_owned(), now());
    assert_eq!((rejected.after.status, rejected.after.totals.total), (Status::Rejected, money("300.00")));
    assert_eq!(rejected.spending.withdrawn, Spending::keys(&report.expenses));
    for payer in [&people.fiona, &people.ada] {
        assert!(matches!(permit_for::<Reimburse>(payer, &rejected.after), Err(Refusal::InvalidState { .. })));
    }
}

pub fn another_approver_takes_over_what_is_seen() {
    let (people, given, report) = submitted("20.00");
    let other = member(5, Role::Employee, None);
    let sees = |member, report: &Report| permit_for::<Read>(member, report).is_ok();
    assert!(sees(&people.marco, &report) && !sees(&other, &report));
    let permit = permit_for::<Reassign>(&people.ada, &report).unwrap();
    let (why, from) = ("He has left.".to_owned(), people.marco.id);
    let after = change::reassign(permit, from, &other, why, &given.policy, &given.people, now()).unwrap().after;
    assert!(!sees(&people.marco, &after) && sees(&other, &after));
}

pub fn unknown_cost_centre() {
    let people = People::new();
    let known = CostObject { code: "c3".to_owned(), name: "Sales".to_owned(), owner_id: None };
    let given = Given::new(Policy { cost_centres: vec![known], ..workflow() }, people.directory(&people.ana));
    let on = |code: &str| {
        let line = ExpenseFacts { cost_centre: Some(code.to_owned()), ..facts(money("20.00")) };
        given.submit(&created_with(&people.ana, vec![line]).after)
    };
    assert!(on("c3").is_ok());
    match on("c2") {
        Err(Refusal::Policy(found)) => assert_eq!(found[0].1.rule, Rule::UnknownCostCentre),
        other => panic!("{other:?}"),
    }
}

pub fn amount_and_date_are_mandatory() {
    let whole = serde_json::to_value(ExpenseFacts { note: Some("Lunch.".to_owned()), ..facts(money("9.00")) }).unwrap();
    let without = |name: &str| {
        let mut value = whole.clone();
        assert!(value.as_object_mut().unwrap().remove(name).is_some(), "{name}");
        serde_json::from_value::<ExpenseFacts>(value).is_ok()
    };
    assert_eq!(["amount", "date", "note"].map(without), [false, false, true]);
}

pub fn rejected_is_final() {
    let (people, given, report) = submitted("20.00");
    let permit = permit_for::<Decide>(&people.marco, &report).unwrap();
    let rejected = change::reject(permit, "Private.".to_owned(), now()).after;
    let refused = Refusal::InvalidState { status: Status::Rejected, action: "submitted" };
    assert_eq!(given.submit(&rejected).unwrap_err(), refused);
    let permit = permit_for::<Return>(&people.marco, &report).unwrap();
    let returned = change::return_to_owner(permit, "Which train?".to_owned(), now()).after;
    assert_eq!(given.submit(&returned).unwrap().after.status, Status::Submitted);
}

pub fn shape_limits() {
    let people = People::new();
    let given = Given::new(workflow(), people.directory(&people.ana));
    let report = |lines: usize| {
        let line = |number| ExpenseFacts { merchant: format!("Bar {number}"), ..facts(money("1.00")) };
        let new = crate::support::titled((0..lines).map(line).collect());
        change::create(permit_org(&people.ana).unwrap(), None, new, &no_rates(), &mut seed(1), now())
    };
    assert_eq!(given.submit(&report(0).unwrap().after).unwrap_err(), Refusal::Empty);
    assert!(given.submit(&report(301).unwrap().after).is_ok());
    assert_eq!(report(501).unwrap_err(), Refusal::TooManyExpenses);
}

pub fn owner_does_nothing_an_approver_does() {
    let people = People::new();
    for role in [Role::Employee, Role::Finance, Role::Admin] {
        for status in [Status::Submitted, Status::Approved] {
            // Approve and reject are one permit, to take an approval back is to return, and who may not pay may not unpay.
            for action in [Action::Decide, Action::Return, Action::Reimburse] {
                let refused = ruling(role, Relation::Owner, status, action).unwrap_err();
                assert!(
                    matches!(refused, Refusal::Duties(_) | Refusal::Forbidden(_)),
                    "{role:?} {status:?} {action:?}"
                );
            }
        }
    }
    let report = approved("20.00").2;
    assert!(matches!(permit_for::<Reimburse>(&people.ana, &report), Err(Refusal::Forbidden(_))));
}

pub fn no_threshold_for_authors() {
    let people = People::new();
    for amount in ["10.00", "20.00"] {
        // His own department's approver would be the author.
        let mut directory = people.directory(&people.fiona);
        directory.managers = vec![people.fiona.clone()];
        let given = Given::new(workflow(), directory);
        let report = given.submit(&draft(&people.fiona, &[money(amount)])).unwrap().after;
        assert!(report.steps.iter().all(|step| !step.asks(people.fiona.id)));
        assert!(matches!(approve(&report, &people.fiona, None), Err(Refusal::Duties(_))));
    }
}

pub fn approving_twice() {
    let (people, _, report) = approved("20.00");
    assert_eq!(approve(&report, &people.marco, None).unwrap_err(), Refusal::AlreadyDecided);
}

pub fn sent_back_with_a_message() {
    let (people, _, report) = submitted("20.00");
    let permit = permit_for::<Return>(&people.marco, &report).unwrap();
    let change = change::return_to_owner(permit, "You missed your address".to_owned(), now());
    assert_eq!((change.after.status, change.events.len()), (Status::Returned, 1));
    assert!(
        matches!(&change.events[0].kind, EventKind::ReportReturned { reason, .. } if reason == "You missed your address")
    );
    let decision = &change.after.steps[0].decisions[0];
    assert_eq!(decision.comment.as_deref(), Some("You missed your address"));
}

pub fn payable_when_approved() {
    let may = |status| ruling(Role::Finance, Relation::Stranger, status, Action::Reimburse).is_ok();
    assert_eq!(Status::ALL.map(may), [false, false, true, false, false]);
}

pub fn no_way_around_the_steps() {
    let (people, _, report) = submitted("600.00");
    for member in [&people.ada, &people.fiona] {
        assert!(approve(&report, member, None).is_err(), "{}", member.name);
    }
    let first = approve(&report, &people.marco, None).unwrap().after;
    assert_eq!(first.status, Status::Submitted);
    assert!(matches!(approve(&first, &people.ada, None), Err(Refusal::Forbidden(_))));
}

pub fn renaming() {
    let (people, given, report) = submitted("600.00");
    let report = approve(&report, &people.marco, None).unwrap().after;
    let title = ReportPatch { title: Some("Lyon again".to_owned()), ..ReportPatch::default() };
    let permit = permit_for::<Edit>(&people.ana, &report).unwrap();
    let renamed = change::change_report(permit, title, Some(given.rules()), now()).unwrap().after;
    assert_eq!((renamed.title.as_str(), &renamed.steps), ("Lyon again", &report.steps));
    let line = ExpenseFacts { merchant: "Renfe".to_owned(), ..report.expenses[0].facts.clone() };
    let id = report.expenses[0].id;
    let anew = change::change_expense(permit, id, line, &no_rates(), Some(given.rules()), now()).unwrap().after;
    assert!(anew.status == Status::Submitted && anew.steps[0].decisions.is_empty());
}

pub fn capped_line() {
    let change = judged(vec![limit("12.00", Period::Expense, Effect::Cap)], None, facts(money("16.00"))).unwrap();
    let totals = change.after.totals;
    assert_eq!((totals.total, totals.reimbursable), (money("16.00"), money("12.00")));
    assert_eq!(totals.not_reimbursed, money("4.00"));
}

pub fn warned_line() {
    let line = ExpenseFacts { justification: Some("Late train.".to_owned()), ..facts(money("16.00")) };
    let change = judged(vec![limit("12.00", Period::Expense, Effect::Warn)], None, line).unwrap();
    assert_eq!((change.after.totals.total, change.after.totals.reimbursable), (money("16.00"), money("16.00")));
    let found: Vec<_> = change.after.violations.iter().map(|found| (found.rule, found.severity)).collect();
    assert_eq!(found, [(Rule::ExpenseLimit, Severity::Warn)]);
}

pub fn periods_of_limits() {
    let people = People::new();
    let line = |date: &str| ExpenseFacts { date: day(date), trip: Some("lyon".to_owned()), ..facts(money("10.00")) };
    for (period, dates, found) in [
        (Period::Expense, ["2026-11-12", "2026-11-12"], false),
        (Period::Day, ["2026-11-12", "2026-11-12"], true),
        (Period::Day, ["2026-11-12", "2026-11-13"], false),
        (Period::Month, ["2026-11-12", "2026-11-13"], true),
        (Period::Month, ["2026-10-12", "2026-11-12"], false),
        (Period::Trip, ["2026-10-12", "2026-11-12"], true),
    ] {
        // The first line is of one report, the second of another.
        let limits = vec![limit("19.99", period, Effect::Block)];
        let policy = Policy { limits, splitting: false, duplicates: None, ..workflow() };
        let mut given = Given::new(policy, people.directory(&people.ana));
        let [first, mut second] = dates.map(|date| created_with(&people.ana, vec![line(date)]).after);
        let change = given.submit(&first).unwrap();
        store_claims(&mut given.spending.buckets, &change.after, &change.spending);
        second.id = seed(33).draw();
        assert_eq!(given.submit(&second).is_err(), found, "{period:?} {dates:?}");
    }
    assert!(judged(vec![limit("19.99", Period::Report, Effect::Block)], None, facts(money("20.00"))).is_err());
}

pub fn lines_past_draft() {
    for (people, given, report) in [submitted("20.00"), approved("20.00")] {
        let after = add_line(&report, &people.ana, &given).unwrap().after;
        assert!(after.status == Status::Submitted && after.steps.iter().all(|step| step.decisions.is_empty()));
    }
}

pub fn paying_needs_the_right_to() {
    let report = approved("20.00").2;
    let stranger = member(6, Role::Employee, None);
    assert_eq!(permit_for::<Reimburse>(&stranger, &report).unwrap_err(), Refusal::NotVisible);
    assert!(matches!(permit_for::<Reimburse>(&People::new().ana, &report), Err(Refusal::Forbidden(_))));
}

pub fn what_is_decided_stays_decided() {
    let (people, _, before) = submitted("20.00");
    assert!(permit_for::<Decide>(&people.marco, &before).is_ok());
    let after = approve(&before, &people.marco, None).unwrap().after;
    assert_eq!(approve(&after, &people.marco, None).unwrap_err(), Refusal::AlreadyDecided);
}
