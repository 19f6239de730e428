//! Ways around the duties that are closed: each scene is somebody who tries to have his own claim decided as he likes.

use outlay_domain::change::{self, Absence, Approval, LineVerdict, MemberPatch};
use outlay_domain::member::{Member, Person, Role};
use outlay_domain::money::Money;
use outlay_domain::permission::{ChangeMember, Decide, Reassign, Reimburse, Submit, permit_org};
use outlay_domain::policy::{Approvers, Mode, Policy, StepRule};
use outlay_domain::refusal::{LineFault, Refusal};
use outlay_domain::report::{Report, Status};

use crate::support::{
    Given, People, created_with, day, draft, facts, let_decide, member, money, now, permit_for, step, store_claims,
    today, workflow,
};

/// Small reports are approved at once, and nothing is looked at but that.
fn small() -> Policy {
    Policy { auto_approve_below: Some(money("20.00")), ..workflow() }
}

fn status(report: &Report, policy: Policy, people: &People, owner: &Member) -> Status {
    Given::new(policy, people.directory(owner)).submit(report).unwrap().after.status
}

#[test]
fn nothing_of_those_who_make_the_rules_is_approved_without_a_person() {
    let people = People::new();
    assert_eq!(status(&draft(&people.ana, &[money("19.99")]), small(), &people, &people.ana), Status::Approved);
    for powerful in [&people.fiona, &people.ada] {
        let spare = member(7, Role::Admin, None);
        let mut directory = people.directory(powerful);
        directory.officers.push(spare);
        let submitted = Given::new(small(), directory).submit(&draft(powerful, &[money("19.99")])).unwrap().after;
        assert_eq!(submitted.status, Status::Submitted);
    }
}

#[test]
fn nothing_entered_for_or_paid_to_another_is_approved_without_a_person() {
    let people = People::new();
    let person = |member: &Member| Some(Person { id: member.id, name: member.name.clone() });
    let own = draft(&people.ana, &[money("19.99")]);
    let entered = Report { entered_by: person(&people.fiona), ..own.clone() };
    let paid = Report { payee: person(&people.fiona), ..own };
    for report in [entered, paid] {
        let mut directory = people.directory(&people.ana);
        directory.concerned.push(people.fiona.clone());
        let given = Given::new(small(), directory);
        let change = change::submit(permit_for::<Submit>(&people.ana, &report).unwrap(), given.rules(), now()).unwrap();
        assert_eq!(change.after.status, Status::Submitted);
    }
}

#[test]
fn one_bill_in_several_small_reports_is_not_small() {
    let people = People::new();
    let part = |amount: &str| created_with(&people.ana, vec![facts(money(amount))]).after;
    let mut given = Given::new(small(), people.directory(&people.ana));
    let first = given.submit(&part("12.00")).unwrap();
    assert_eq!(first.after.status, Status::Approved);
    store_claims(&mut given.spending.buckets, &first.after, &first.spending);
    let other = Report { id: crate::support::seed(41).draw(), ..part("9.00") };
    assert_eq!(given.submit(&other).unwrap().after.status, Status::Submitted);
    let elsewhere = created_with(
        &people.ana,
        vec![outlay_domain::expense::ExpenseFacts { merchant: "Another".to_owned(), ..facts(money("9.00")) }],
    );
    let elsewhere = Report { id: crate::support::seed(42).draw(), ..elsewhere.after };
    assert_eq!(given.submit(&elsewhere).unwrap().after.status, Status::Approved);
}

#[test]
fn who_has_a_part_in_a_report_does_not_choose_who_decides_on_it() {
    let people = People::new();
    // The admin Ada has a report with Marco, for whom she makes Erik the delegate.
    let ada = Member { manager_id: Some(people.marco.id), ..people.ada.clone() };
    let erik = member(8, Role::Employee, None);
    let directory = outlay_domain::route::Directory { managers: vec![people.marco.clone()], ..people.directory(&ada) };
    let submitted = Given::new(workflow(), directory).submit(&draft(&ada, &[money("50.00")])).unwrap().after;
    assert!(submitted.pending_step().unwrap().asks(people.marco.id));
    let absence = |to| Some(Absence { to, from: today(), until: day("2026-12-31"), ceiling: None });
    let set_by = |actor: &Member| {
        let changes = change::delegate(actor, &people.marco, absence(&erik), None, now()).unwrap();
        changes.into_iter().find(|change| change.after.id == erik.id).unwrap().after
    };
    assert_eq!(permit_for::<Decide>(&set_by(&ada), &submitted).unwrap_err(), Refusal::NotVisible);
    assert!(permit_for::<Decide>(&set_by(&people.marco), &submitted).is_ok());
    // Nor does she make herself an approver of Ana's, or choose her own manager.
    let ana = draft(&people.ana, &[money("50.00")]);
    let given = Given::new(workflow(), people.directory(&people.ana));
    let submitted = given.submit(&ana).unwrap().after;
    let (policy, directory) = (&given.policy, &given.people);
    let to_herself = change::reassign(
        permit_for::<Reassign>(&people.ada, &submitted).unwrap(),
        people.marco.id,
        &people.ada,
        "Faster.".to_owned(),
        policy,
        directory,
        now(),
    );
    assert!(matches!(to_herself, Err(Refusal::Duties(_))));
    let permit = || permit_org::<ChangeMember>(&people.ada).unwrap();
    let friend = MemberPatch { manager_id: Some(Some(erik.id)), ..MemberPatch::default() };
    assert!(matches!(change::change_member(permit(), &people.ada, friend, &[], now()), Err(Refusal::Duties(_))));
    let name = MemberPatch { name: Some("Ada L.".to_owned()), ..MemberPatch::default() };
    assert!(change::change_member(permit(), &people.ada, name, &[], now()).is_ok());
}

#[test]
fn who_decides_for_the_owner_neither_reassigns_nor_pays() {
    let mut people = People::new();
    let given = Given::new(workflow(), people.directory(&people.ana));
    let submitted = given.submit(&draft(&people.ana, &[money("50.00")])).unwrap().after;
    let approved = Report { status: Status::Approved, steps: Vec::new(), ..submitted.clone() };
    assert!(permit_for::<Reassign>(&people.ada, &submitted).is_ok());
    assert!(permit_for::<Reimburse>(&people.ada, &approved).is_ok());
    let (mut ana, mut ada) = (people.ana.clone(), people.ada.clone());
    let_decide(&mut ana, &mut ada, None);
    people.ada = ada;
    assert!(matches!(permit_for::<Reassign>(&people.ada, &submitted), Err(Refusal::Duties(_))));
    assert!(matches!(permit_for::<Reimburse>(&people.ada, &approved), Err(Refusal::Duties(_))));
}

#[test]
fn nobody_delegates_more_than_he_may_and_who_cannot_approve_nothing() {
    let people = People::new();
    let given = Given::new(workflow(), people.directory(&people.ana));
    let submitted = given.submit(&draft(&people.ana, &[money("300.00")])).unwrap().after;
    let erik = member(8, Role::Employee, None);
    let delegated = |marco: &Member, ceiling: Option<Money>| {
        let absence = Absence { to: &erik, from: today(), until: day("2026-12-31"), ceiling };
        let changes = change::delegate(marco, marco, Some(absence), None, now())?;
        Ok::<_, Refusal>(changes.into_iter().find(|change| change.after.id == erik.id).unwrap().after)
    };
    let limited = Member { approval_limit: Some(money("299.99")), ..people.marco.clone() };
    let refused = delegated(&limited, Some(money("1000.00"))).unwrap_err();
    assert_eq!(refused, Refusal::Ceiling { limit: money("299.99") });
    let bound = permit_for::<Decide>(&delegated(&limited, None).unwrap(), &submitted).map(drop);
    assert_eq!(bound, Err(Refusal::ApprovalLimit { limit: money("299.99"), total: money("300.00") }));
    assert!(permit_for::<Decide>(&delegated(&people.marco, None).unwrap(), &submitted).is_ok());
    let auditor = Member { role: Role::Auditor, ..people.marco };
    assert!(matches!(delegated(&auditor, None), Err(Refusal::Forbidden(_))));
}

#[test]
fn a_member_of_another_organisation_is_nobody() {
    let people = People::new();
    let submitted = Given::new(workflow(), people.directory(&people.ana)).submit(&draft(&people.ana, &[money("5.00")]));
    let elsewhere = Member { org: crate::support::seed(99).draw(), ..people.marco.clone() };
    assert_eq!(permit_for::<Decide>(&elsewhere, &submitted.unwrap().after).unwrap_err(), Refusal::NotVisible);
}

#[test]
fn what_one_approver_takes_off_a_later_one_does_not_put_back() {
    let people = People::new();
    let given = Given::new(workflow(), people.directory(&people.ana));
    let submitted = given.submit(&draft(&people.ana, &[money("600.00")])).unwrap().after;
    let approve = |report: &Report, by: &Member, amount: &str| {
        let line =
            LineVerdict { expense_id: report.expenses[0].id, amount: money(amount), reason: "Too much.".to_owned() };
        let approval = Approval { comment: None, lines: vec![line] };
        change::approve(permit_for::<Decide>(by, report).unwrap(), &given.policy, approval, now())
    };
    let cut = approve(&submitted, &people.marco, "10.00").unwrap().after;
    let back = approve(&cut, &people.fiona, "600.00").unwrap_err();
    assert_eq!(back, Refusal::Lines(vec![(0, LineFault::TooMuch { most: money("10.00") })]));
    let kept = approve(&cut, &people.fiona, "10.00").unwrap().after;
    assert_eq!(kept.expenses[0].approved.as_ref().map(|approval| approval.by), Some(people.marco.id));
}

#[test]
fn somebody_stands_in_for_each_of_all_who_may_not() {
    let people = People::new();
    let named = Approvers::Members { members: vec![people.ana.id, people.fiona.id] };
    let all = StepRule { mode: Mode::All, ..step("Board", named) };
    let mut directory = people.directory(&people.ana);
    directory.named = vec![people.ana.clone(), people.fiona.clone()];
    let given = Given::new(Policy { steps: vec![all], ..workflow() }, directory);
    let step = given.submit(&draft(&people.ana, &[money("50.00")])).unwrap().after.steps.remove(0);
    assert_eq!((step.mode, step.remaining()), (Mode::All, 2));
    assert!(step.asks(people.fiona.id) && step.asks(people.marco.id));
    assert!(step.reason.contains("(separation of duties), so the next manager up decides."), "{}", step.reason);
}
