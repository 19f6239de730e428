//! Lifecycle of a report.

use outlay_domain::change::{
    self, Approval, CloneOverrides, LineDecision, ReportChange, ReportEdit, ReportPatch, SplitPart,
};
use outlay_domain::error::{DomainError, LineError};
use outlay_domain::event::EventKind;
use outlay_domain::expense::ExpenseFacts;
use outlay_domain::member::{Member, Role};
use outlay_domain::permission::{
    Clone as CloneAction, Comment, Decide, Delete, Edit, Reassign, Recall, Return, permit_org,
};
use outlay_domain::policy::{ApprovalMode, Approvers, LimitEffect, LimitPeriod, Policy, RequiredField, StepRule};
use outlay_domain::report::{Report, ReportStatus};
use outlay_domain::route::OrgContext;

use crate::support::{
    Given, People, cents, created, draft, facts, finish, let_decide, limit, member, money, no_rates, now, permit_for,
    seed, step, text, workflow,
};

fn given(people: &People) -> Given {
    Given::new(workflow(), people.directory(&people.ana))
}

fn approve(report: &Report, by: &Member, lines: Vec<LineDecision>) -> Result<ReportChange, DomainError> {
    change::approve(permit_for::<Decide>(by, report)?, &workflow(), Approval { comment: None, lines }, now())
}

fn change_line(report: &Report, by: &Member, to: ExpenseFacts, given: &Given) -> Result<ReportChange, DomainError> {
    let permit = permit_for::<Edit>(by, report)?;
    let edit = change::update_expense(permit, report.expenses[0].id, to, &no_rates(), now());
    finish(edit, Some(given.rules()), now())
}

#[test]
fn submitted_report_is_approved_step_by_step() {
    let people = People::new();
    let report = draft(&people.ana, &[money("300.00"), money("250.00")]);
    let submitted = given(&people).submit(&report).unwrap();
    assert!(matches!(submitted.events[0].kind, EventKind::ReportSubmitted { .. }));
    let first = approve(&submitted.after, &people.marco, Vec::new()).unwrap();
    assert!(matches!(
        &first.events[0].kind,
        EventKind::StepApproved { opened_step, .. } if opened_step.approvers == [people.fiona.id]
    ));
    let last = approve(&first.after, &people.fiona, Vec::new()).unwrap();
    assert!(matches!(last.events[0].kind, EventKind::ReportApproved { step: 2, .. }));
    assert_eq!((last.after.status, last.after.version), (ReportStatus::Approved, 4));
}

#[test]
fn combined_changes_make_one_version() {
    let people = People::new();
    let created = created(&people.ana, &[money("20.00")]);
    let submitted = given(&people).submit(&created.after).unwrap();
    let both = created.then(submitted);
    assert_eq!((both.after.version, both.after.last_event), (1, 2));
    assert_eq!(both.events.iter().map(|event| event.seq).collect::<Vec<_>>(), [1, 2]);
    assert!(both.before.is_none() && both.after.has_matching_expenses() && !both.spending.stored.is_empty());
}

#[test]
fn report_size_limits_are_enforced() {
    let people = People::new();
    assert_eq!(given(&people).submit(&draft(&people.ana, &[])).unwrap_err(), DomainError::EmptyReport);
    let full = draft(&people.ana, &vec![money("1.00"); 500]);
    let permit = permit_for::<Edit>(&people.ana, &full).unwrap();
    let more = change::add_expense(permit, facts(money("1.00")), &no_rates(), &mut seed(1), now());
    assert_eq!(more.unwrap_err(), DomainError::TooManyExpenses);
    let on = |number: usize| ExpenseFacts { cost_centre: Some(text(&format!("c{number}"))), ..facts(money("1.00")) };
    let new = crate::support::titled((0..6).map(on).collect());
    let many = change::create_report(permit_org(&people.ana).unwrap(), None, new, &no_rates(), &mut seed(1), now());
    assert_eq!(many.unwrap_err(), DomainError::TooManyCostCentres);
    let of = |month: i8| ExpenseFacts { date: jiff::civil::date(2025, month, 1), ..facts(money("1.00")) };
    let with_trip = |month: i8| ExpenseFacts { trip: Some(text("tour")), ..of(month) };
    let periods = |lines: Vec<ExpenseFacts>| {
        let report = crate::support::created_with(&people.ana, lines).after;
        given(&people).submit(&report).map(|change| change.spending.stored.len())
    };
    assert_eq!(periods((1..=12).map(of).collect()), Ok(12));
    assert_eq!(periods((1..=12).map(with_trip).collect()), Err(DomainError::TooManyPeriods));
}

#[test]
fn hashes_detect_changed_lines_and_head() {
    let people = People::new();
    let report = draft(&people.ana, &[money("20.00"), money("30.00")]);
    let mut torn = report.clone();
    torn.expenses.pop();
    assert!(report.has_matching_expenses() && !torn.has_matching_expenses());
    torn.expense_count = 1;
    assert!(!torn.has_matching_expenses());
    let edited = [
        torn,
        Report { title: text("Paris"), ..report.clone() },
        Report { status: ReportStatus::Approved, ..report.clone() },
    ];
    assert!(edited.iter().all(|edited| edited.compute_state_hash() != report.compute_state_hash()));
}

#[test]
fn oversized_report_is_rejected() {
    let people = People::new();
    let mut report = draft(&people.ana, &vec![money("1.00"); 100]);
    for line in &mut report.expenses {
        line.facts.note = Some(text(&"é".repeat(2000)));
    }
    let permit = permit_for::<Edit>(&people.ana, &report).unwrap();
    let error = change::add_expense(permit, facts(money("1.00")), &no_rates(), &mut seed(1), now());
    assert_eq!(error.unwrap_err(), DomainError::ReportTooLarge);
}

#[test]
fn approver_can_reduce_but_not_raise_amount() {
    let people = People::new();
    let limits = vec![limit("80.00", LimitPeriod::Expense, LimitEffect::Cap)];
    let policy = Policy { limits, splitting: false, ..workflow() };
    let given = Given::new(policy, people.directory(&people.ana));
    let submitted = given.submit(&draft(&people.ana, &[money("100.00"), money("50.00")])).unwrap().after;
    assert_eq!(submitted.totals.reimbursable, money("130.00"));
    let verdict = |line: usize, amount: &str| LineDecision {
        expense_id: submitted.expenses[line].id,
        amount: money(amount),
        reason: text("Without breakfast."),
    };
    let faults = |lines| match approve(&submitted, &people.marco, lines).unwrap_err() {
        DomainError::InvalidLines(faults) => faults,
        other => panic!("{other:?}"),
    };
    assert_eq!(faults(vec![verdict(0, "80.01")]), [(0, LineError::AboveMaximum { max: money("80.00") })]);
    assert_eq!(faults(vec![verdict(1, "1.00"), verdict(1, "1.00")]), [(1, LineError::Duplicate)]);
    let unknown =
        LineDecision { expense_id: draft(&people.fiona, &[money("1.00")]).expenses[0].id, ..verdict(0, "1.00") };
    let known = submitted.expenses.iter().any(|line| line.id == unknown.expense_id);
    assert!(known, "reports of the same seed share identifiers");
    let unknown = LineDecision { expense_id: seed(77).next_id(), ..unknown };
    let dollars = outlay_domain::money::Money::from_minor(1, "USD".parse().unwrap());
    let other_currency = LineDecision { amount: dollars, ..verdict(0, "1.00") };
    assert_eq!(faults(vec![unknown, other_currency]), [(0, LineError::Unknown), (1, LineError::CurrencyMismatch)]);

    let after = approve(&submitted, &people.marco, vec![verdict(1, "45.00"), verdict(0, "80.00")]).unwrap().after;
    assert_eq!((after.totals.total, after.totals.reimbursable), (money("150.00"), money("125.00")));
    assert_eq!(after.totals.not_reimbursed, money("25.00"));
    assert_eq!(after.expenses[1].approved.as_ref().map(|approval| approval.by), Some(people.marco.id));
    assert_eq!(after.expenses[0].approved, None);
    assert_eq!(after.violations, submitted.violations);
}

#[test]
fn step_mode_sets_number_of_required_approvals() {
    let people = People::new();
    let second = member(5, Role::Finance, None);
    let third = member(6, Role::Finance, None);
    for (mode, needed) in [(ApprovalMode::Any, 1), (ApprovalMode::Quorum { of: 2 }, 2), (ApprovalMode::All, 3)] {
        let rule = StepRule { mode, ..step("Finance", Approvers::Role { role: Role::Finance }) };
        let finance_and_admins = vec![people.fiona.clone(), second.clone(), third.clone()];
        let directory = OrgContext { finance_and_admins, ..people.directory(&people.ana) };
        let given = Given::new(Policy { steps: vec![rule], ..Policy::initial() }, directory);
        let mut report = given.submit(&draft(&people.ana, &[money("20.00")])).unwrap().after;
        for (agreed, by) in (1..=needed).zip([&people.fiona, &second, &third]) {
            let change = approve(&report, by, Vec::new()).unwrap();
            assert_eq!(change.after.status == ReportStatus::Approved, agreed == needed, "{mode:?} after {agreed}");
            if let EventKind::StepAgreed { remaining, .. } = change.events[0].kind {
                assert_eq!(remaining, needed - agreed);
            }
            assert_eq!(approve(&change.after, by, Vec::new()).unwrap_err(), DomainError::AlreadyDecided);
            report = change.after;
        }
    }
}

#[test]
fn delegate_decides_up_to_ceiling_on_behalf_of_approver() {
    let mut people = People::new();
    let mut deputy = member(5, Role::Employee, None);
    let report = given(&people).submit(&draft(&people.ana, &[money("499.00")])).unwrap().after;
    let refused = approve(&report, &deputy, Vec::new()).unwrap_err();
    assert_eq!(refused, DomainError::NotFound);
    let_decide(&mut people.marco, &mut deputy, Some(money("498.99")));
    let (limit, total) = (money("498.99"), money("499.00"));
    assert_eq!(approve(&report, &deputy, Vec::new()).unwrap_err(), DomainError::ApprovalLimitExceeded { limit, total });
    deputy.acts_for[0].max_amount = Some(money("499.00"));
    let change = approve(&report, &deputy, Vec::new()).unwrap();
    let event = &change.events[0];
    assert_eq!((event.actor, event.on_behalf_of), (Some(deputy.id), Some(people.marco.id)));
    // Neither the approver nor the delegate can decide again.
    for member in [&people.marco, &deputy] {
        assert_eq!(approve(&change.after, member, Vec::new()).unwrap_err(), DomainError::AlreadyDecided);
    }
    deputy.acts_for[0].until = jiff::civil::date(2026, 11, 19);
    assert_eq!(approve(&report, &deputy, Vec::new()).unwrap_err(), DomainError::NotFound);
}

#[test]
fn member_cannot_decide_at_two_steps_through_delegation() {
    let mut people = People::new();
    let mut deputy = member(5, Role::Employee, None);
    let report = given(&people).submit(&draft(&people.ana, &[money("600.00")])).unwrap().after;
    // Fiona decides the first step as Marco's delegate. Fiona's own delegate would decide the second step for Fiona.
    let_decide(&mut people.marco, &mut people.fiona, None);
    let_decide(&mut people.fiona, &mut deputy, None);
    let first = approve(&report, &people.fiona, Vec::new());
    let second = first.and_then(|change| approve(&change.after, &deputy, Vec::new()));
    assert!(second.is_err(), "{:?}", second.map(|change| change.after.steps));
}

#[test]
fn delegate_of_owner_decides_in_own_right() {
    let mut people = People::new();
    let report = given(&people).submit(&draft(&people.ana, &[money("20.00")])).unwrap().after;
    let_decide(&mut people.ana, &mut people.marco, None);
    let approved = approve(&report, &people.marco, Vec::new()).unwrap().after;
    assert_eq!(approved.steps[0].decisions[0].on_behalf_of, None);
}

#[test]
fn admin_reassigns_step_to_eligible_member() {
    let people = People::new();
    let given = given(&people);
    let report = given.submit(&draft(&people.ana, &[money("600.00")])).unwrap().after;
    let deputy = member(5, Role::Employee, None);
    let reassign = |from: &Member, to: &Member| {
        let permit = permit_for::<Reassign>(&people.ada, &report)?;
        let why = "On leave.".to_owned();
        change::reassign(permit, from.id, to, text(&why), &given.policy, &given.people, now())
    };
    let change = reassign(&people.marco, &deputy).unwrap();
    assert_eq!(change.after.steps[0].approvers, [deputy.member_ref()]);
    assert!(approve(&change.after, &deputy, Vec::new()).is_ok());
    assert!(matches!(approve(&change.after, &people.marco, Vec::new()), Err(DomainError::NotFound)));
    assert!(matches!(reassign(&people.marco, &people.ana), Err(DomainError::SeparationOfDuties(_))));
    for unfit in [&people.fiona, &people.marco, &member(6, Role::Auditor, None)] {
        assert!(matches!(reassign(&people.marco, unfit), Err(DomainError::NotAssignable(_))), "{}", unfit.name);
    }
    assert_eq!(reassign(&people.ada, &deputy).unwrap_err(), DomainError::NotPendingApprover);
    assert!(matches!(permit_for::<Reassign>(&people.fiona, &report), Err(DomainError::Forbidden(_))));
}

#[test]
fn claim_change_restarts_approval_and_text_change_does_not() {
    let people = People::new();
    let given = given(&people);
    let report = given.submit(&draft(&people.ana, &[money("600.00")])).unwrap().after;
    let agreed = approve(&report, &people.marco, Vec::new()).unwrap().after;
    let approved = approve(&agreed, &people.fiona, Vec::new()).unwrap().after;
    for before in [&report, &agreed, &approved] {
        let noted = ExpenseFacts { note: Some(text("Second class.")), ..before.expenses[0].facts.clone() };
        let text = change_line(before, &people.ana, noted, &given).unwrap();
        assert_eq!((text.after.status, &text.after.steps), (before.status, &before.steps));
        assert_eq!((text.events.len(), text.spending.stored.len()), (1, 0));
        let claim = change_line(before, &people.ana, facts(money("599.00")), &given).unwrap();
        assert_eq!(claim.after.status, ReportStatus::Submitted);
        assert!(claim.after.steps.iter().all(|step| step.decisions.is_empty()));
        assert_eq!((claim.events.len(), claim.spending.stored.len()), (2, 1));
        let permit = permit_for::<Edit>(&people.ana, before).unwrap();
        let unjudged = change::update_expense(permit, before.expenses[0].id, facts(cents(1)), &no_rates(), now());
        assert!(matches!(unjudged, Ok(ReportEdit::NeedsResubmission(_))));
    }
    let title = ReportPatch { title: Some(text("Paris")), ..ReportPatch::default() };
    let edit = change::update_report(permit_for(&people.ana, &approved).unwrap(), title, now());
    let patched = finish(edit, None, now()).unwrap();
    assert_eq!((patched.after.status, patched.after.title.as_str()), (ReportStatus::Approved, "Paris"));
}

#[test]
fn required_text_can_change_but_not_be_removed() {
    let people = People::new();
    let mut policy = Policy { limits: vec![limit("10.00", LimitPeriod::Expense, LimitEffect::Warn)], ..workflow() };
    policy.categories[0].requires = vec![RequiredField::Attendees];
    let given = Given::new(policy, people.directory(&people.ana));
    let full = ExpenseFacts {
        justification: Some(text("Late train.")),
        attendees: vec![text("Zoe")],
        ..facts(money("20.00"))
    };
    let report = given.submit(&crate::support::created_with(&people.ana, vec![full.clone()]).after).unwrap().after;
    let approved = approve(&report, &people.marco, Vec::new()).unwrap().after;
    for before in [&report, &approved] {
        let change = |to| change_line(before, &people.ana, to, &given).map(|change| change.after.status);
        let other =
            ExpenseFacts { justification: Some(text("No train.")), attendees: vec![text("Yve")], ..full.clone() };
        assert_eq!(change(other), Ok(before.status));
        assert!(matches!(
            change(ExpenseFacts { justification: None, ..full.clone() }),
            Err(DomainError::PolicyViolations(_))
        ));
        assert!(matches!(
            change(ExpenseFacts { attendees: Vec::new(), ..full.clone() }),
            Err(DomainError::PolicyViolations(_))
        ));
    }
}

#[test]
fn returned_and_recalled_reports_can_be_resubmitted() {
    let people = People::new();
    let given = given(&people);
    let report = given.submit(&draft(&people.ana, &[money("600.00")])).unwrap().after;
    let recalled = change::recall(permit_for::<Recall>(&people.ana, &report).unwrap(), now()).unwrap();
    assert_eq!((recalled.after.status, recalled.after.steps.len()), (ReportStatus::Draft, 0));
    assert_eq!(recalled.spending.withdrawn.len(), 1);
    // A draft that was submitted before keeps its history and cannot be deleted.
    let gone = change::delete_report(permit_for::<Delete>(&people.ana, &recalled.after).unwrap(), now());
    assert_eq!(gone.unwrap_err(), DomainError::AlreadySubmitted);
    let back = |report: &Report, by: &Member| {
        Ok(change::return_to_owner(permit_for::<Return>(by, report)?, text("The invoice is missing."), now()))
    };
    let returned = back(&report, &people.marco).unwrap().after;
    assert_eq!(returned.status, ReportStatus::Returned);
    // A reply reaches whoever returned it.
    let reply = permit_for::<Comment>(&people.ana, &returned).unwrap();
    let reply = change::comment_on_report(reply, text("It is attached."), now());
    let EventKind::ReportCommented { notified, .. } = &reply.events[0].kind else { panic!("{:?}", reply.events) };
    assert_eq!(*notified, [people.marco.id]);
    let again = given.submit(&returned).unwrap().after;
    assert!(again.steps.iter().all(|step| step.decisions.is_empty()));
    // Finance can return an approved report, unless involved in it.
    let agreed = approve(&again, &people.marco, Vec::new()).unwrap().after;
    let approved = approve(&agreed, &people.fiona, Vec::new()).unwrap().after;
    let by_finance = back(&approved, &member(5, Role::Finance, None)).unwrap();
    assert!(matches!(by_finance.events[0].kind, EventKind::ReportReturned { step: None, .. }));
    assert!(matches!(back(&approved, &people.marco), Err(DomainError::Forbidden(_))));
}

#[test]
fn rejected_report_is_final() {
    let people = People::new();
    let given = given(&people);
    let report = given.submit(&draft(&people.ana, &[money("20.00")])).unwrap().after;
    let permit = permit_for::<Decide>(&people.marco, &report).unwrap();
    let rejected = change::reject(permit, text("Private."), now());
    assert_eq!((rejected.after.status, rejected.spending.withdrawn.len()), (ReportStatus::Rejected, 1));
    assert!(matches!(given.submit(&rejected.after), Err(DomainError::InvalidState { .. })));
    let changed = change_line(&rejected.after, &people.ana, facts(money("1.00")), &given);
    assert!(matches!(changed, Err(DomainError::InvalidState { .. })));
}

#[test]
fn small_report_without_findings_is_auto_approved() {
    let people = People::new();
    let policy = Policy { auto_approve_below: Some(money("25.00")), ..workflow() };
    let given = Given::new(policy, people.directory(&people.ana));
    let small = given.submit(&draft(&people.ana, &[money("24.99")])).unwrap();
    assert_eq!((small.after.status, small.after.steps.len()), (ReportStatus::Approved, 0));
    assert!(matches!(small.events[0].kind, EventKind::ReportAutoApproved { .. }));
    assert_eq!(small.spending.stored.len(), 1);
    let large = given.submit(&draft(&people.ana, &[money("25.00")])).unwrap();
    assert_eq!(large.after.status, ReportStatus::Submitted);
    // A duplicate is a finding even with a justification.
    let line = ExpenseFacts { justification: Some(text("There and back.")), ..facts(money("5.00")) };
    let twice = given.submit(&crate::support::created_with(&people.ana, vec![line.clone(), line]).after).unwrap();
    assert_eq!(twice.after.status, ReportStatus::Submitted);
}

#[test]
fn report_entered_by_finance_belongs_to_owner() {
    let people = People::new();
    let permits = (permit_org(&people.fiona).unwrap(), permit_org(&people.fiona).unwrap());
    let new = crate::support::titled(vec![facts(money("20.00"))]);
    let change =
        change::create_report(permits.0, Some((permits.1, &people.ana)), new, &no_rates(), &mut seed(9), now());
    let change = change.unwrap();
    assert_eq!((change.after.owner, change.after.preparer), (people.ana.id, Some(people.fiona.member_ref())));
    assert_eq!((change.events[0].actor, change.events[0].on_behalf_of), (Some(people.fiona.id), Some(people.ana.id)));
}

#[test]
fn split_parts_sum_to_line_in_every_currency() {
    let people = People::new();
    let rate = outlay_domain::conversion::RateEntry {
        currency: "USD".parse().unwrap(),
        date: crate::support::day("2026-11-01"),
        rate: "0.91".parse().unwrap(),
        source: text("ECB"),
    };
    let rates = outlay_domain::conversion::RateBook::new(crate::support::eur(), [rate]);
    let usd = |minor| outlay_domain::money::Money::from_minor(minor, "USD".parse().unwrap());
    let new = crate::support::titled(vec![ExpenseFacts { tax: usd(7), ..facts(usd(1001)) }]);
    let report =
        change::create_report(permit_org(&people.ana).unwrap(), None, new, &rates, &mut seed(9), now()).unwrap().after;
    let part = |minor, tax: Option<i64>| SplitPart { tax: tax.map(usd), ..SplitPart::of(usd(minor)) };
    let split = |parts: &[SplitPart]| {
        let permit = permit_for(&people.ana, &report)?;
        let edit = change::split_expense(permit, report.expenses[0].id, parts, &mut seed(5), now());
        finish(edit, None, now())
    };
    let after = split(&[part(333, None), part(333, None), part(335, None)]).unwrap().after;
    assert_eq!((after.totals, after.base_total), (report.totals, report.base_total));
    assert_eq!(after.expenses.iter().map(|line| line.facts.tax.minor()).sum::<i64>(), 7);
    let said = split(&[part(500, Some(5)), part(501, None)]).unwrap().after;
    assert_eq!(said.expenses.iter().map(|line| line.facts.tax.minor()).collect::<Vec<_>>(), [5, 2]);
    let short = split(&[part(500, None), part(500, None)]).unwrap_err();
    assert_eq!(short, DomainError::SplitMismatch { parts: usd(1000), whole: usd(1001) });
}

#[test]
fn clone_omits_receipt_and_justification() {
    let people = People::new();
    let full = ExpenseFacts {
        receipt_reference: Some(text("1.pdf")),
        justification: Some(text("Late train.")),
        note: Some(text("To Lyon.")),
        ..facts(money("20.00"))
    };
    let report = crate::support::created_with(&people.ana, vec![full.clone()]).after;
    let copied = ExpenseFacts { receipt_reference: None, justification: None, ..full };
    let permit = permit_for::<CloneAction>(&people.ana, &report).unwrap();
    let may = permit_org(&people.ana).unwrap();
    let copy = change::clone_report(permit, may, None, CloneOverrides::default(), &no_rates(), &mut seed(5), now())
        .unwrap()
        .after;
    assert_eq!((&copy.expenses[0].facts, copy.status, copy.version), (&copied, ReportStatus::Draft, 1));
    assert!(copy.id != report.id && copy.number != report.number);
    let day = crate::support::day("2026-11-13");
    let permit = permit_for::<Edit>(&people.ana, &report).unwrap();
    let id = report.expenses[0].id;
    let edit = change::clone_expense(permit, id, Some(day), &no_rates(), &mut seed(10), now());
    let again = finish(edit, None, now()).unwrap();
    assert_eq!(again.after.expenses[1].facts, ExpenseFacts { date: day, ..copied });
}

#[test]
fn comment_changes_only_history() {
    let people = People::new();
    let report = draft(&people.ana, &[money("20.00")]);
    let said = change::comment_on_report(permit_for::<Comment>(&people.fiona, &report).unwrap(), text("Why?"), now());
    assert_eq!((said.after.version, said.after.last_event), (1, 2));
    assert_eq!((said.after.compute_state_hash(), said.events[0].changes.len()), (report.compute_state_hash(), 0));
    let gone = change::delete_report(permit_for::<Delete>(&people.ana, &said.after).unwrap(), now()).unwrap();
    assert!(gone.deleted && matches!(gone.events[0].kind, EventKind::ReportDeleted {}));
}
