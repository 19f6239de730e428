//! The life of a report, scene by scene.

use outlay_domain::change::{self, Anew, Approval, LineVerdict, Part, ReportChange, ReportPatch};
use outlay_domain::event::EventKind;
use outlay_domain::expense::ExpenseFacts;
use outlay_domain::member::{Member, Role};
use outlay_domain::permission::{
    Clone as CloneAction, Comment, Decide, Delete, Edit, Reassign, Recall, Return, permit_org,
};
use outlay_domain::policy::{Approvers, Effect, Mode, Period, Policy, Required, StepRule};
use outlay_domain::refusal::{LineFault, Refusal};
use outlay_domain::report::{Report, Status};
use outlay_domain::route::Directory;

use crate::support::{
    Given, People, cents, created, draft, facts, let_decide, limit, member, money, no_rates, now, permit_for, seed,
    step, workflow,
};

fn given(people: &People) -> Given {
    Given::new(workflow(), people.directory(&people.ana))
}

fn approve(report: &Report, by: &Member, lines: Vec<LineVerdict>) -> Result<ReportChange, Refusal> {
    change::approve(permit_for::<Decide>(by, report)?, &workflow(), Approval { comment: None, lines }, now())
}

fn change_line(report: &Report, by: &Member, to: ExpenseFacts, given: &Given) -> Result<ReportChange, Refusal> {
    let permit = permit_for::<Edit>(by, report)?;
    change::change_expense(permit, report.expenses[0].id, to, &no_rates(), Some(given.rules()), now())
}

#[test]
fn the_straight_way() {
    let people = People::new();
    let report = draft(&people.ana, &[money("300.00"), money("250.00")]);
    let submitted = given(&people).submit(&report).unwrap();
    assert!(matches!(submitted.events[0].kind, EventKind::ReportSubmitted { .. }));
    let first = approve(&submitted.after, &people.marco, Vec::new()).unwrap();
    assert!(
        matches!(&first.events[0].kind, EventKind::StepApproved { asked, .. } if asked.approvers == [people.fiona.id])
    );
    let last = approve(&first.after, &people.fiona, Vec::new()).unwrap();
    assert!(matches!(last.events[0].kind, EventKind::ReportApproved { step: 2, .. }));
    assert_eq!((last.after.status, last.after.version), (Status::Approved, 4));
}

#[test]
fn two_changes_in_a_row_are_one_version() {
    let people = People::new();
    let created = created(&people.ana, &[money("20.00")]);
    let submitted = given(&people).submit(&created.after).unwrap();
    let both = created.then(submitted);
    assert_eq!((both.after.version, both.after.last_event), (1, 2));
    assert_eq!(both.events.iter().map(|event| event.seq).collect::<Vec<_>>(), [1, 2]);
    assert!(both.before.is_none() && both.after.is_whole() && !both.spending.stored.is_empty());
}

#[test]
fn limits_of_a_report() {
    let people = People::new();
    assert_eq!(given(&people).submit(&draft(&people.ana, &[])).unwrap_err(), Refusal::Empty);
    let full = draft(&people.ana, &vec![money("1.00"); 500]);
    let permit = permit_for::<Edit>(&people.ana, &full).unwrap();
    let more = change::add_expense(permit, facts(money("1.00")), &no_rates(), None, &mut seed(1), now());
    assert_eq!(more.unwrap_err(), Refusal::TooManyExpenses);
    let on = |number: usize| ExpenseFacts { cost_centre: Some(format!("c{number}")), ..facts(money("1.00")) };
    let new = crate::support::titled((0..6).map(on).collect());
    let many = change::create(permit_org(&people.ana).unwrap(), None, new, &no_rates(), &mut seed(1), now());
    assert_eq!(many.unwrap_err(), Refusal::TooManyCostCentres);
    let of = |month: i8| ExpenseFacts { date: jiff::civil::date(2025, month, 1), ..facts(money("1.00")) };
    let with_trip = |month: i8| ExpenseFacts { trip: Some("tour".to_owned()), ..of(month) };
    let periods = |lines: Vec<ExpenseFacts>| {
        let report = crate::support::created_with(&people.ana, lines).after;
        given(&people).submit(&report).map(|change| change.spending.stored.len())
    };
    assert_eq!(periods((1..=12).map(of).collect()), Ok(12));
    assert_eq!(periods((1..=12).map(with_trip).collect()), Err(Refusal::TooManyPeriods));
}

#[test]
fn the_hash_notices_every_change_of_a_line_and_of_the_head() {
    let people = People::new();
    let report = draft(&people.ana, &[money("20.00"), money("30.00")]);
    let mut torn = report.clone();
    torn.expenses.pop();
    assert!(report.is_whole() && !torn.is_whole());
    torn.expense_count = 1;
    assert!(!torn.is_whole());
    assert!(!Report { title: "Paris".to_owned(), ..report.clone() }.is_whole());
    assert!(!Report { status: Status::Approved, ..report }.is_whole());
}

#[test]
fn a_report_that_could_not_be_stored_is_refused() {
    let people = People::new();
    let mut report = draft(&people.ana, &vec![money("1.00"); 100]);
    for line in &mut report.expenses {
        line.facts.note = Some("é".repeat(2000));
    }
    let permit = permit_for::<Edit>(&people.ana, &report).unwrap();
    let error = change::add_expense(permit, facts(money("1.00")), &no_rates(), None, &mut seed(1), now());
    assert_eq!(error.unwrap_err(), Refusal::TooLarge);
}

#[test]
fn an_approver_grants_less_of_a_line_and_never_more_than_is_left() {
    let people = People::new();
    let limits = vec![limit("80.00", Period::Expense, Effect::Cap)];
    let policy = Policy { limits, splitting: false, ..workflow() };
    let given = Given::new(policy, people.directory(&people.ana));
    let submitted = given.submit(&draft(&people.ana, &[money("100.00"), money("50.00")])).unwrap().after;
    assert_eq!(submitted.totals.reimbursable, money("130.00"));
    let verdict = |line: usize, amount: &str| LineVerdict {
        expense_id: submitted.expenses[line].id,
        amount: money(amount),
        reason: "Without breakfast.".to_owned(),
    };
    let faults = |lines| match approve(&submitted, &people.marco, lines).unwrap_err() {
        Refusal::Lines(faults) => faults,
        other => panic!("{other:?}"),
    };
    assert_eq!(faults(vec![verdict(0, "80.01")]), [(0, LineFault::TooMuch { most: money("80.00") })]);
    assert_eq!(faults(vec![verdict(1, "1.00"), verdict(1, "1.00")]), [(1, LineFault::Repeated)]);
    let unknown =
        LineVerdict { expense_id: draft(&people.fiona, &[money("1.00")]).expenses[0].id, ..verdict(0, "1.00") };
    let known = submitted.expenses.iter().any(|line| line.id == unknown.expense_id);
    assert!(known, "reports of one seed share identifiers");
    let unknown = LineVerdict { expense_id: seed(77).draw(), ..unknown };
    let dollars = outlay_domain::money::Money::from_minor(1, "USD".parse().unwrap());
    let other_currency = LineVerdict { amount: dollars, ..verdict(0, "1.00") };
    assert_eq!(faults(vec![unknown, other_currency]), [(0, LineFault::Unknown), (1, LineFault::Currency)]);

    let after = approve(&submitted, &people.marco, vec![verdict(1, "45.00"), verdict(0, "80.00")]).unwrap().after;
    assert_eq!((after.totals.total, after.totals.reimbursable), (money("150.00"), money("125.00")));
    assert_eq!(after.totals.not_reimbursed, money("25.00"));
    assert_eq!(after.expenses[1].approved.as_ref().map(|approval| approval.by), Some(people.marco.id));
    assert_eq!(after.expenses[0].approved, None);
    assert_eq!(after.violations, submitted.violations);
}

#[test]
fn all_of_a_step_or_a_quorum_have_to_agree() {
    let people = People::new();
    let second = member(5, Role::Finance, None);
    let third = member(6, Role::Finance, None);
    for (mode, needed) in [(Mode::Any, 1), (Mode::Quorum { of: 2 }, 2), (Mode::All, 3)] {
        let rule = StepRule { mode, ..step("Finance", Approvers::Role { role: Role::Finance }) };
        let officers = vec![people.fiona.clone(), second.clone(), third.clone()];
        let directory = Directory { officers, ..people.directory(&people.ana) };
        let given = Given::new(Policy { steps: vec![rule], ..Policy::initial() }, directory);
        let mut report = given.submit(&draft(&people.ana, &[money("20.00")])).unwrap().after;
        for (agreed, by) in (1..=needed).zip([&people.fiona, &second, &third]) {
            let change = approve(&report, by, Vec::new()).unwrap();
            assert_eq!(change.after.status == Status::Approved, agreed == needed, "{mode:?} after {agreed}");
            if let EventKind::StepAgreed { remaining, .. } = change.events[0].kind {
                assert_eq!(remaining, needed - agreed);
            }
            assert_eq!(approve(&change.after, by, Vec::new()).unwrap_err(), Refusal::AlreadyDecided);
            report = change.after;
        }
    }
}

#[test]
fn a_delegate_decides_up_to_the_ceiling_and_says_for_whom() {
    let mut people = People::new();
    let mut deputy = member(5, Role::Employee, None);
    let report = given(&people).submit(&draft(&people.ana, &[money("499.00")])).unwrap().after;
    let refused = approve(&report, &deputy, Vec::new()).unwrap_err();
    assert_eq!(refused, Refusal::NotVisible);
    let_decide(&mut people.marco, &mut deputy, Some(money("498.99")));
    let (limit, total) = (money("498.99"), money("499.00"));
    assert_eq!(approve(&report, &deputy, Vec::new()).unwrap_err(), Refusal::ApprovalLimit { limit, total });
    deputy.acts_for[0].ceiling = Some(money("499.00"));
    let change = approve(&report, &deputy, Vec::new()).unwrap();
    let event = &change.events[0];
    assert_eq!((event.actor, event.on_behalf_of), (Some(deputy.id), Some(people.marco.id)));
    // Neither of them can decide again.
    for member in [&people.marco, &deputy] {
        assert_eq!(approve(&change.after, member, Vec::new()).unwrap_err(), Refusal::AlreadyDecided);
    }
    deputy.acts_for[0].until = jiff::civil::date(2026, 11, 19);
    assert_eq!(approve(&report, &deputy, Vec::new()).unwrap_err(), Refusal::NotVisible);
}

#[test]
fn nobody_has_his_say_at_two_steps_through_others() {
    let mut people = People::new();
    let mut deputy = member(5, Role::Employee, None);
    let report = given(&people).submit(&draft(&people.ana, &[money("600.00")])).unwrap().after;
    // Fiona, whom the second step asks, decides at the first for Marco; then her deputy would decide at the second for her.
    let_decide(&mut people.marco, &mut people.fiona, None);
    let_decide(&mut people.fiona, &mut deputy, None);
    let first = approve(&report, &people.fiona, Vec::new());
    let second = first.and_then(|change| approve(&change.after, &deputy, Vec::new()));
    assert!(second.is_err(), "{:?}", second.map(|change| change.after.steps));
}

#[test]
fn who_decides_for_the_owner_does_not_decide_on_his_report() {
    let mut people = People::new();
    let report = given(&people).submit(&draft(&people.ana, &[money("20.00")])).unwrap().after;
    let_decide(&mut people.ana, &mut people.marco, None);
    assert!(matches!(approve(&report, &people.marco, Vec::new()), Err(Refusal::Duties(_))));
}

#[test]
fn an_admin_reassigns_a_step_to_somebody_the_duties_allow() {
    let people = People::new();
    let given = given(&people);
    let report = given.submit(&draft(&people.ana, &[money("600.00")])).unwrap().after;
    let deputy = member(5, Role::Employee, None);
    let reassign = |from: &Member, to: &Member| {
        let permit = permit_for::<Reassign>(&people.ada, &report)?;
        let why = "He is away.".to_owned();
        change::reassign(permit, from.id, to, why, &given.policy, &given.people, now())
    };
    let change = reassign(&people.marco, &deputy).unwrap();
    assert_eq!(change.after.steps[0].approvers, [deputy.person()]);
    assert!(approve(&change.after, &deputy, Vec::new()).is_ok());
    assert!(matches!(approve(&change.after, &people.marco, Vec::new()), Err(Refusal::NotVisible)));
    assert!(matches!(reassign(&people.marco, &people.ana), Err(Refusal::Duties(_))));
    for unfit in [&people.fiona, &people.marco, &member(6, Role::Auditor, None)] {
        assert!(matches!(reassign(&people.marco, unfit), Err(Refusal::NotAssignable(_))), "{}", unfit.name);
    }
    assert_eq!(reassign(&people.ada, &deputy).unwrap_err(), Refusal::NotAsked);
    assert!(matches!(permit_for::<Reassign>(&people.fiona, &report), Err(Refusal::Forbidden(_))));
}

#[test]
fn a_changed_text_leaves_the_route_and_a_changed_claim_makes_it_anew() {
    let people = People::new();
    let given = given(&people);
    let report = given.submit(&draft(&people.ana, &[money("600.00")])).unwrap().after;
    let agreed = approve(&report, &people.marco, Vec::new()).unwrap().after;
    let approved = approve(&agreed, &people.fiona, Vec::new()).unwrap().after;
    for before in [&report, &agreed, &approved] {
        let noted = ExpenseFacts { note: Some("Second class.".to_owned()), ..before.expenses[0].facts.clone() };
        let text = change_line(before, &people.ana, noted, &given).unwrap();
        assert_eq!((text.after.status, &text.after.steps), (before.status, &before.steps));
        assert_eq!((text.events.len(), text.spending.stored.len()), (1, 0));
        let claim = change_line(before, &people.ana, facts(money("599.00")), &given).unwrap();
        assert_eq!(claim.after.status, Status::Submitted);
        assert!(claim.after.steps.iter().all(|step| step.decisions.is_empty()));
        assert_eq!((claim.events.len(), claim.spending.stored.len()), (2, 1));
        let permit = permit_for::<Edit>(&people.ana, before).unwrap();
        let unjudged = change::change_expense(permit, before.expenses[0].id, facts(cents(1)), &no_rates(), None, now());
        assert!(matches!(unjudged, Err(Refusal::InvalidState { .. })));
    }
    let title = ReportPatch { title: Some("Paris".to_owned()), ..ReportPatch::default() };
    let patched = change::change_report(permit_for(&people.ana, &approved).unwrap(), title, None, now()).unwrap();
    assert_eq!((patched.after.status, patched.after.title.as_str()), (Status::Approved, "Paris"));
}

#[test]
fn a_text_that_a_rule_asked_for_may_change_but_not_go() {
    let people = People::new();
    let mut policy = Policy { limits: vec![limit("10.00", Period::Expense, Effect::Warn)], ..workflow() };
    policy.categories[0].requires = vec![Required::Attendees];
    let given = Given::new(policy, people.directory(&people.ana));
    let full = ExpenseFacts {
        justification: Some("Late train.".to_owned()),
        attendees: vec!["Zoe".to_owned()],
        ..facts(money("20.00"))
    };
    let report = given.submit(&crate::support::created_with(&people.ana, vec![full.clone()]).after).unwrap().after;
    let approved = approve(&report, &people.marco, Vec::new()).unwrap().after;
    for before in [&report, &approved] {
        let change = |to| change_line(before, &people.ana, to, &given).map(|change| change.after.status);
        let other = ExpenseFacts {
            justification: Some("No train.".to_owned()),
            attendees: vec!["Yve".to_owned()],
            ..full.clone()
        };
        assert_eq!(change(other), Ok(before.status));
        assert!(matches!(change(ExpenseFacts { justification: None, ..full.clone() }), Err(Refusal::Policy(_))));
        assert!(matches!(change(ExpenseFacts { attendees: Vec::new(), ..full.clone() }), Err(Refusal::Policy(_))));
    }
}

#[test]
fn returned_and_recalled_reports_are_written_and_submitted_again() {
    let people = People::new();
    let given = given(&people);
    let report = given.submit(&draft(&people.ana, &[money("600.00")])).unwrap().after;
    let recalled = change::recall(permit_for::<Recall>(&people.ana, &report).unwrap(), now()).unwrap();
    assert_eq!((recalled.after.status, recalled.after.steps.len()), (Status::Draft, 0));
    assert_eq!(recalled.spending.withdrawn.len(), 1);
    // A draft that was submitted once has a history that somebody read.
    let gone = change::delete(permit_for::<Delete>(&people.ana, &recalled.after).unwrap(), now());
    assert_eq!(gone.unwrap_err(), Refusal::WasSubmitted);
    let back = |report: &Report, by: &Member| {
        Ok(change::return_to_owner(permit_for::<Return>(by, report)?, "The invoice is missing.".to_owned(), now()))
    };
    let returned = back(&report, &people.marco).unwrap().after;
    assert_eq!(returned.status, Status::Returned);
    let again = given.submit(&returned).unwrap().after;
    assert!(again.steps.iter().all(|step| step.decisions.is_empty()));
    // Finance sends back what is approved, but not who has a part in it.
    let agreed = approve(&again, &people.marco, Vec::new()).unwrap().after;
    let approved = approve(&agreed, &people.fiona, Vec::new()).unwrap().after;
    let by_finance = back(&approved, &member(5, Role::Finance, None)).unwrap();
    assert!(matches!(by_finance.events[0].kind, EventKind::ReportReturned { step: None, .. }));
    assert!(matches!(back(&approved, &people.marco), Err(Refusal::Forbidden(_))));
}

#[test]
fn rejected_is_final() {
    let people = People::new();
    let given = given(&people);
    let report = given.submit(&draft(&people.ana, &[money("20.00")])).unwrap().after;
    let permit = permit_for::<Decide>(&people.marco, &report).unwrap();
    let rejected = change::reject(permit, "Private.".to_owned(), now());
    assert_eq!((rejected.after.status, rejected.spending.withdrawn.len()), (Status::Rejected, 1));
    assert!(matches!(given.submit(&rejected.after), Err(Refusal::InvalidState { .. })));
    let changed = change_line(&rejected.after, &people.ana, facts(money("1.00")), &given);
    assert!(matches!(changed, Err(Refusal::InvalidState { .. })));
}

#[test]
fn the_policy_approves_small_reports_in_which_nothing_was_found() {
    let people = People::new();
    let policy = Policy { auto_approve_below: Some(money("25.00")), ..workflow() };
    let given = Given::new(policy, people.directory(&people.ana));
    let small = given.submit(&draft(&people.ana, &[money("24.99")])).unwrap();
    assert_eq!((small.after.status, small.after.steps.len()), (Status::Approved, 0));
    assert!(matches!(small.events[0].kind, EventKind::ReportAutoApproved { .. }));
    assert_eq!(small.spending.stored.len(), 1);
    let large = given.submit(&draft(&people.ana, &[money("25.00")])).unwrap();
    assert_eq!(large.after.status, Status::Submitted);
    // The same line twice was found, whatever is said of it.
    let line = ExpenseFacts { justification: Some("There and back.".to_owned()), ..facts(money("5.00")) };
    let twice = given.submit(&crate::support::created_with(&people.ana, vec![line.clone(), line]).after).unwrap();
    assert_eq!(twice.after.status, Status::Submitted);
}

#[test]
fn what_finance_enters_for_somebody_is_his() {
    let people = People::new();
    let permits = (permit_org(&people.fiona).unwrap(), permit_org(&people.fiona).unwrap());
    let new = crate::support::titled(vec![facts(money("20.00"))]);
    let change = change::create(permits.0, Some((permits.1, &people.ana)), new, &no_rates(), &mut seed(9), now());
    let change = change.unwrap();
    assert_eq!((change.after.owner, change.after.entered_by), (people.ana.id, Some(people.fiona.person())));
    assert_eq!((change.events[0].actor, change.events[0].on_behalf_of), (Some(people.fiona.id), Some(people.ana.id)));
}

#[test]
fn parts_of_a_line_are_the_whole_of_it_in_every_currency() {
    let people = People::new();
    let rate = outlay_domain::conversion::RateEntry {
        currency: "USD".parse().unwrap(),
        date: crate::support::day("2026-11-01"),
        rate: "0.91".parse().unwrap(),
        source: "ECB".to_owned(),
    };
    let rates = outlay_domain::conversion::RateBook::new(crate::support::eur(), [rate]);
    let usd = |minor| outlay_domain::money::Money::from_minor(minor, "USD".parse().unwrap());
    let new = crate::support::titled(vec![ExpenseFacts { tax: usd(7), ..facts(usd(1001)) }]);
    let report =
        change::create(permit_org(&people.ana).unwrap(), None, new, &rates, &mut seed(9), now()).unwrap().after;
    let part = |minor, tax: Option<i64>| Part { tax: tax.map(usd), ..Part::of(usd(minor)) };
    let split = |parts: &[Part]| {
        change::split_expense(
            permit_for(&people.ana, &report)?,
            report.expenses[0].id,
            parts,
            None,
            &mut seed(5),
            now(),
        )
    };
    let after = split(&[part(333, None), part(333, None), part(335, None)]).unwrap().after;
    assert_eq!((after.totals, after.base_total), (report.totals, report.base_total));
    assert_eq!(after.expenses.iter().map(|line| line.facts.tax.minor()).sum::<i64>(), 7);
    let said = split(&[part(500, Some(5)), part(501, None)]).unwrap().after;
    assert_eq!(said.expenses.iter().map(|line| line.facts.tax.minor()).collect::<Vec<_>>(), [5, 2]);
    let short = split(&[part(500, None), part(500, None)]).unwrap_err();
    assert_eq!(short, Refusal::Parts { parts: usd(1000), whole: usd(1001) });
}

#[test]
fn copies_take_over_neither_receipt_nor_justification() {
    let people = People::new();
    let full = ExpenseFacts {
        receipt_reference: Some("1.pdf".to_owned()),
        justification: Some("Late train.".to_owned()),
        note: Some("To Lyon.".to_owned()),
        ..facts(money("20.00"))
    };
    let report = crate::support::created_with(&people.ana, vec![full.clone()]).after;
    let copied = ExpenseFacts { receipt_reference: None, justification: None, ..full };
    let permit = permit_for::<CloneAction>(&people.ana, &report).unwrap();
    let may = permit_org(&people.ana).unwrap();
    let copy =
        change::clone_report(permit, may, None, Anew::default(), &no_rates(), &mut seed(5), now()).unwrap().after;
    assert_eq!((&copy.expenses[0].facts, copy.status, copy.version), (&copied, Status::Draft, 1));
    assert!(copy.id != report.id && copy.number != report.number);
    let day = crate::support::day("2026-11-13");
    let permit = permit_for::<Edit>(&people.ana, &report).unwrap();
    let id = report.expenses[0].id;
    let again = change::clone_expense(permit, id, Some(day), &no_rates(), None, &mut seed(10), now()).unwrap();
    assert_eq!(again.after.expenses[1].facts, ExpenseFacts { date: day, ..copied });
}

#[test]
fn a_comment_changes_nothing_but_the_history() {
    let people = People::new();
    let report = draft(&people.ana, &[money("20.00")]);
    let said = change::comment(permit_for::<Comment>(&people.fiona, &report).unwrap(), "Why?".to_owned(), now());
    assert_eq!((said.after.version, said.after.last_event), (2, 2));
    assert_eq!((&said.after.state_hash, said.events[0].changes.len()), (&report.state_hash, 0));
    let gone = change::delete(permit_for::<Delete>(&people.ana, &said.after).unwrap(), now()).unwrap();
    assert!(gone.deleted && matches!(gone.events[0].kind, EventKind::ReportDeleted {}));
}
