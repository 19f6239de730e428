//! Cases about process: permissions by state, policy findings, and results of decisions.

use outlay_domain::change::{self, Approval, LineDecision, ReportChange, ReportPatch};
use outlay_domain::error::{DomainError, LineError};
use outlay_domain::event::EventKind;
use outlay_domain::expense::ExpenseFacts;
use outlay_domain::member::{Member, Role};
use outlay_domain::permission::{
    Action, CreateForOthers, Decide, Delete, Edit, Read, Reassign, Reimburse, Relation, Return, authorize, permit_org,
};
use outlay_domain::policy::{
    CategoryRules, CostObject, LimitEffect, LimitPeriod, Policy, PolicyRule, Severity, SpendingLimit,
};
use outlay_domain::report::{Report, ReportStatus};
use outlay_domain::spending::Spending;

use crate::support::{
    Given, People, created_with, day, draft, facts, finish, limit, member, money, no_rates, now, permit_for, seed,
    store_claims, text, workflow,
};

/// Ana's report with one line, submitted, and the context of its evaluation.
fn submitted(amount: &str) -> (People, Given, Report) {
    let people = People::new();
    let given = Given::new(workflow(), people.directory(&people.ana));
    let report = given.submit(&draft(&people.ana, &[money(amount)])).unwrap().after;
    (people, given, report)
}

fn approve(report: &Report, by: &Member, granted: Option<&str>) -> Result<ReportChange, DomainError> {
    let verdict = |amount: &str| LineDecision {
        expense_id: report.expenses[0].id,
        amount: money(amount),
        reason: text("Within the policy."),
    };
    let approval = Approval { comment: None, lines: granted.map(verdict).into_iter().collect() };
    change::approve(permit_for::<Decide>(by, report)?, &workflow(), approval, now())
}

fn approved(amount: &str) -> (People, Given, Report) {
    let (people, given, report) = submitted(amount);
    let report = approve(&report, &people.marco, None).unwrap().after;
    assert_eq!(report.status, ReportStatus::Approved);
    (people, given, report)
}

fn add_line(report: &Report, by: &Member, given: &Given) -> Result<ReportChange, DomainError> {
    let line = ExpenseFacts { merchant: text("Taxi"), ..facts(money("10.00")) };
    let edit = change::add_expense(permit_for::<Edit>(by, report)?, line, &no_rates(), &mut seed(10), now());
    finish(edit, Some(given.rules()), now())
}

/// Submission of one line under a policy with these limits.
fn judged(limits: Vec<SpendingLimit>, grade: Option<&str>, line: ExpenseFacts) -> Result<ReportChange, DomainError> {
    let people = People::new();
    let owner = Member { grade: grade.map(text), ..people.ana.clone() };
    let mut directory = people.directory(&people.ana);
    directory.owner = owner;
    let given = Given::new(Policy { limits, ..workflow() }, directory);
    given.submit(&created_with(&people.ana, vec![line]).after)
}

/// The exceeded limit.
fn exceeded(judged: Result<ReportChange, DomainError>) -> Option<String> {
    match judged {
        Ok(_) => None,
        Err(DomainError::PolicyViolations(found)) => {
            Some(found[0].1.message().split("limit of ").nth(1).unwrap().to_owned())
        }
        Err(other) => panic!("{other:?}"),
    }
}

pub fn approved_report_is_not_deleted() {
    for report in [approved("100.00").2, submitted("20.00").2] {
        let refused = permit_for::<Delete>(&People::new().ana, &report).unwrap_err();
        assert_eq!(refused, DomainError::InvalidState { status: report.status, action: "deleted" });
    }
}

pub fn empty_reports_are_not_submitted() {
    let people = People::new();
    let given = Given::new(workflow(), people.directory(&people.ana));
    let empty = draft(&people.ana, &[]);
    assert_eq!(given.submit(&empty).unwrap_err(), DomainError::EmptyReport);
    assert!(approve(&empty, &people.marco, None).is_err());
}

pub fn approved_report_is_not_rejected() {
    let (people, _, report) = approved("20.00");
    assert_eq!(permit_for::<Decide>(&people.marco, &report).unwrap_err(), DomainError::AlreadyDecided);
    for member in [&people.fiona, &people.ada] {
        let refused = permit_for::<Decide>(member, &report).unwrap_err();
        assert_eq!(refused, DomainError::InvalidState { status: ReportStatus::Approved, action: "decided on" });
    }
}

pub fn employees_create_for_themselves() {
    let people = People::new();
    assert!(matches!(permit_org::<CreateForOthers>(&people.ana), Err(DomainError::Forbidden(_))));
    assert!(permit_org::<CreateForOthers>(&people.fiona).is_ok());
}

pub fn owner_cannot_skip_approval() {
    let people = People::new();
    let report = draft(&people.ana, &[money("20.00")]);
    assert!(matches!(approve(&report, &people.ana, None), Err(DomainError::SeparationOfDuties(_))));
}

pub fn owner_neither_approves_nor_rejects() {
    let (people, _, report) = submitted("20.00");
    // One permit covers approval and rejection.
    assert!(matches!(permit_for::<Decide>(&people.ana, &report), Err(DomainError::SeparationOfDuties(_))));
    assert_eq!(report.status, ReportStatus::Submitted);
}

pub fn approver_does_not_pay() {
    let (people, _, report) = approved("20.00");
    assert!(matches!(permit_for::<Reimburse>(&people.marco, &report), Err(DomainError::Forbidden(_))));
    let promoted = Member { role: Role::Finance, ..people.marco };
    assert!(matches!(permit_for::<Reimburse>(&promoted, &report), Err(DomainError::SeparationOfDuties(_))));
    assert!(permit_for::<Reimburse>(&people.fiona, &report).is_ok());
}

pub fn lines_of_an_approved_report() {
    let (people, given, report) = approved("20.00");
    let after = add_line(&report, &people.ana, &given).unwrap().after;
    assert_eq!((after.status, after.expense_count), (ReportStatus::Submitted, 2));
    assert!(after.steps.iter().all(|step| step.decisions.is_empty()));
    for other in [&people.marco, &people.fiona, &people.ada] {
        assert!(matches!(add_line(&report, other, &given), Err(DomainError::Forbidden(_))), "{}", other.name);
    }
}

pub fn specific_limit_beats_generic() {
    let limits = || {
        let graded =
            SpendingLimit { grades: vec![text("senior")], ..limit("120.00", LimitPeriod::Expense, LimitEffect::Block) };
        vec![limit("80.00", LimitPeriod::Expense, LimitEffect::Block), graded]
    };
    assert_eq!(exceeded(judged(limits(), Some("senior"), facts(money("100.00")))), None);
    let above = exceeded(judged(limits(), Some("senior"), facts(money("120.01")))).unwrap();
    assert!(above.starts_with("120.00 EUR"), "{above}");
    let generic = exceeded(judged(limits(), None, facts(money("100.00")))).unwrap();
    assert!(generic.starts_with("80.00 EUR"), "{generic}");
}

pub fn first_of_equal_limits_counts() {
    let limits = ["100.00", "200.00"].map(|amount| limit(amount, LimitPeriod::Expense, LimitEffect::Block));
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
    assert_eq!(refused, DomainError::InvalidLines(vec![(0, LineError::AboveMaximum { max: money("300.00") })]));
}

pub fn nothing_granted() {
    let (people, _, report) = submitted("1000");
    let first = approve(&report, &people.marco, Some("0")).unwrap().after;
    let after = approve(&first, &people.fiona, None).unwrap().after;
    assert_eq!((after.status, after.totals.reimbursable), (ReportStatus::Approved, money("0")));
    assert_eq!(after.totals.not_reimbursed, money("1000.00"));
}

pub fn rejected_is_not_paid() {
    let (people, _, report) = submitted("300");
    let permit = permit_for::<Decide>(&people.marco, &report).unwrap();
    let rejected = change::reject(permit, text("Private."), now());
    assert_eq!((rejected.after.status, rejected.after.totals.total), (ReportStatus::Rejected, money("300.00")));
    assert_eq!(rejected.spending.withdrawn, Spending::bucket_keys(&report.expenses));
    for payer in [&people.fiona, &people.ada] {
        assert!(matches!(permit_for::<Reimburse>(payer, &rejected.after), Err(DomainError::InvalidState { .. })));
    }
}

pub fn reassigned_approver_replaces_access() {
    let (people, given, report) = submitted("20.00");
    let other = member(5, Role::Employee, None);
    let sees = |member, report: &Report| permit_for::<Read>(member, report).is_ok();
    assert!(sees(&people.marco, &report) && !sees(&other, &report));
    let permit = permit_for::<Reassign>(&people.ada, &report).unwrap();
    let (why, from) = ("Marco has left.".to_owned(), people.marco.id);
    let after = change::reassign(permit, from, &other, text(&why), &given.policy, &given.people, now()).unwrap().after;
    assert!(!sees(&people.marco, &after) && sees(&other, &after));
}

pub fn unknown_cost_centre() {
    let people = People::new();
    let known = CostObject { code: text("c3"), name: text("Sales"), owner_id: None };
    let given = Given::new(Policy { cost_centres: vec![known], ..workflow() }, people.directory(&people.ana));
    let on = |code: &str| {
        let line = ExpenseFacts { cost_centre: Some(text(code)), ..facts(money("20.00")) };
        given.submit(&created_with(&people.ana, vec![line]).after)
    };
    assert!(on("c3").is_ok());
    match on("c2") {
        Err(DomainError::PolicyViolations(found)) => assert_eq!(found[0].1.rule(), PolicyRule::UnknownCostCentre),
        other => panic!("{other:?}"),
    }
}

pub fn amount_and_date_are_mandatory() {
    let whole = serde_json::to_value(ExpenseFacts { note: Some(text("Lunch.")), ..facts(money("9.00")) }).unwrap();
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
    let rejected = change::reject(permit, text("Private."), now()).after;
    let refused = DomainError::InvalidState { status: ReportStatus::Rejected, action: "submitted" };
    assert_eq!(given.submit(&rejected).unwrap_err(), refused);
    let permit = permit_for::<Return>(&people.marco, &report).unwrap();
    let returned = change::return_to_owner(permit, text("Which train?"), now()).after;
    assert_eq!(given.submit(&returned).unwrap().after.status, ReportStatus::Submitted);
}

pub fn shape_limits() {
    let people = People::new();
    let given = Given::new(workflow(), people.directory(&people.ana));
    let report = |lines: usize| {
        let line = |number| ExpenseFacts { merchant: text(&format!("Bar {number}")), ..facts(money("1.00")) };
        let new = crate::support::titled((0..lines).map(line).collect());
        change::create_report(permit_org(&people.ana).unwrap(), None, new, &no_rates(), &mut seed(1), now())
    };
    assert_eq!(given.submit(&report(0).unwrap().after).unwrap_err(), DomainError::EmptyReport);
    assert!(given.submit(&report(301).unwrap().after).is_ok());
    assert_eq!(report(501).unwrap_err(), DomainError::TooManyExpenses);
}

pub fn owner_does_nothing_an_approver_does() {
    let people = People::new();
    for role in [Role::Employee, Role::Finance, Role::Admin] {
        for status in [ReportStatus::Submitted, ReportStatus::Approved] {
            // Approve and reject share one permit. Withdrawing an approval is a return. Undoing a payment needs the
            // right to pay.
            for action in [Action::Decide, Action::Return, Action::Reimburse] {
                let refused = authorize(role, Relation::Owner, status, action).unwrap_err();
                assert!(
                    matches!(refused, DomainError::SeparationOfDuties(_) | DomainError::Forbidden(_)),
                    "{role:?} {status:?} {action:?}"
                );
            }
        }
    }
    let report = approved("20.00").2;
    assert!(matches!(permit_for::<Reimburse>(&people.ana, &report), Err(DomainError::Forbidden(_))));
}

pub fn author_never_approves_own_report() {
    let people = People::new();
    for amount in ["10.00", "20.00"] {
        // The approver of the department would be the author.
        let mut directory = people.directory(&people.fiona);
        directory.managers = vec![people.fiona.clone()];
        let given = Given::new(workflow(), directory);
        let report = given.submit(&draft(&people.fiona, &[money(amount)])).unwrap().after;
        assert!(report.steps.iter().all(|step| !step.is_approver(people.fiona.id)));
        assert!(matches!(approve(&report, &people.fiona, None), Err(DomainError::SeparationOfDuties(_))));
    }
}

pub fn approving_twice() {
    let (people, _, report) = approved("20.00");
    assert_eq!(approve(&report, &people.marco, None).unwrap_err(), DomainError::AlreadyDecided);
}

pub fn sent_back_with_a_message() {
    let (people, _, report) = submitted("20.00");
    let permit = permit_for::<Return>(&people.marco, &report).unwrap();
    let change = change::return_to_owner(permit, text("You missed your address"), now());
    assert_eq!((change.after.status, change.events.len()), (ReportStatus::Returned, 1));
    assert!(matches!(
        &change.events[0].kind,
        EventKind::ReportReturned { reason, .. } if reason == "You missed your address"
    ));
    let decision = &change.after.steps[0].decisions[0];
    assert_eq!(decision.comment.as_deref(), Some("You missed your address"));
}

pub fn payable_when_approved() {
    let may = |status| authorize(Role::Finance, Relation::Unrelated, status, Action::Reimburse).is_ok();
    assert_eq!(
        ReportStatus::ALL.iter().copied().map(may).collect::<Vec<_>>(),
        [false, false, true, false, false, false, false]
    );
}

pub fn steps_cannot_be_bypassed() {
    let (people, _, report) = submitted("600.00");
    for member in [&people.ada, &people.fiona] {
        assert!(approve(&report, member, None).is_err(), "{}", member.name);
    }
    let first = approve(&report, &people.marco, None).unwrap().after;
    assert_eq!(first.status, ReportStatus::Submitted);
    assert!(matches!(approve(&first, &people.ada, None), Err(DomainError::Forbidden(_))));
}

pub fn renaming() {
    let (people, given, report) = submitted("600.00");
    let report = approve(&report, &people.marco, None).unwrap().after;
    let title = ReportPatch { title: Some(text("Lyon again")), ..ReportPatch::default() };
    let permit = permit_for::<Edit>(&people.ana, &report).unwrap();
    let edit = change::update_report(permit, title, now());
    let renamed = finish(edit, Some(given.rules()), now()).unwrap().after;
    assert_eq!((renamed.title.as_str(), &renamed.steps), ("Lyon again", &report.steps));
    let line = ExpenseFacts { merchant: text("Renfe"), ..report.expenses[0].facts.clone() };
    let id = report.expenses[0].id;
    let edit = change::update_expense(permit, id, line, &no_rates(), now());
    let changed = finish(edit, Some(given.rules()), now()).unwrap().after;
    assert!(changed.status == ReportStatus::Submitted && changed.steps[0].decisions.is_empty());
}

pub fn capped_line() {
    let change =
        judged(vec![limit("12.00", LimitPeriod::Expense, LimitEffect::Cap)], None, facts(money("16.00"))).unwrap();
    let totals = change.after.totals;
    assert_eq!((totals.total, totals.reimbursable), (money("16.00"), money("12.00")));
    assert_eq!(totals.not_reimbursed, money("4.00"));
}

pub fn warned_line() {
    let line = ExpenseFacts { justification: Some(text("Late train.")), ..facts(money("16.00")) };
    let change = judged(vec![limit("12.00", LimitPeriod::Expense, LimitEffect::Warn)], None, line).unwrap();
    assert_eq!((change.after.totals.total, change.after.totals.reimbursable), (money("16.00"), money("16.00")));
    let found: Vec<_> = change.after.violations.iter().map(|found| (found.rule(), found.severity)).collect();
    assert_eq!(found, [(PolicyRule::ExpenseLimit, Severity::Warn)]);
}

pub fn periods_of_limits() {
    let people = People::new();
    let line = |date: &str| ExpenseFacts { date: day(date), trip: Some(text("lyon")), ..facts(money("10.00")) };
    for (period, dates, found) in [
        (LimitPeriod::Expense, ["2026-11-12", "2026-11-12"], false),
        (LimitPeriod::Day, ["2026-11-12", "2026-11-12"], true),
        (LimitPeriod::Day, ["2026-11-12", "2026-11-13"], false),
        (LimitPeriod::Month, ["2026-11-12", "2026-11-13"], true),
        (LimitPeriod::Month, ["2026-10-12", "2026-11-12"], false),
        (LimitPeriod::Trip, ["2026-10-12", "2026-11-12"], true),
    ] {
        // The first line belongs to one report, the second to another.
        let limits = vec![limit("19.99", period, LimitEffect::Block)];
        let policy = Policy { limits, splitting: false, duplicates: CategoryRules::default(), ..workflow() };
        let mut given = Given::new(policy, people.directory(&people.ana));
        let [first, mut second] = dates.map(|date| created_with(&people.ana, vec![line(date)]).after);
        let change = given.submit(&first).unwrap();
        store_claims(&mut given.spending, &change.after, &change.spending);
        second.id = seed(33).next_id();
        assert_eq!(given.submit(&second).is_err(), found, "{period:?} {dates:?}");
    }
    assert!(
        judged(vec![limit("19.99", LimitPeriod::Report, LimitEffect::Block)], None, facts(money("20.00"))).is_err()
    );
}

pub fn lines_after_draft() {
    for (people, given, report) in [submitted("20.00"), approved("20.00")] {
        let after = add_line(&report, &people.ana, &given).unwrap().after;
        assert!(after.status == ReportStatus::Submitted && after.steps.iter().all(|step| step.decisions.is_empty()));
    }
}

pub fn payment_requires_permission() {
    let report = approved("20.00").2;
    let stranger = member(6, Role::Employee, None);
    assert_eq!(permit_for::<Reimburse>(&stranger, &report).unwrap_err(), DomainError::NotFound);
    assert!(matches!(permit_for::<Reimburse>(&People::new().ana, &report), Err(DomainError::Forbidden(_))));
}

pub fn decision_is_not_repeated() {
    let (people, _, before) = submitted("20.00");
    assert!(permit_for::<Decide>(&people.marco, &before).is_ok());
    let after = approve(&before, &people.marco, None).unwrap().after;
    assert_eq!(approve(&after, &people.marco, None).unwrap_err(), DomainError::AlreadyDecided);
}
