//! Separation of duties: attempts to influence the decision on one's own report.

use outlay_domain::change::{self, Approval, LineDecision, MemberPatch, NewDelegation};
use outlay_domain::error::{DomainError, LineError};
use outlay_domain::member::{Member, MemberRef, Role};
use outlay_domain::money::Money;
use outlay_domain::patch::Patch;
use outlay_domain::permission::{Decide, Reassign, Reimburse, Submit};
use outlay_domain::policy::{ApprovalMode, Approvers, Policy, StepRule};
use outlay_domain::report::{Report, ReportStatus};

use crate::support::{
    Given, People, created_with, day, draft, facts, let_decide, may_delegate, may_update, member, money, now,
    permit_for, step, store_claims, text, today, workflow,
};

/// Workflow that approves small reports automatically.
fn auto_approving() -> Policy {
    Policy { auto_approve_below: Some(money("20.00")), ..workflow() }
}

fn status(report: &Report, policy: Policy, people: &People, owner: &Member) -> ReportStatus {
    Given::new(policy, people.directory(owner)).submit(report).unwrap().after.status
}

#[test]
fn report_of_finance_or_admin_is_not_auto_approved() {
    let people = People::new();
    assert_eq!(
        status(&draft(&people.ana, &[money("19.99")]), auto_approving(), &people, &people.ana),
        ReportStatus::Approved
    );
    for powerful in [&people.fiona, &people.ada] {
        let spare = member(7, Role::Admin, None);
        let mut directory = people.directory(powerful);
        directory.finance_and_admins.push(spare);
        let submitted =
            Given::new(auto_approving(), directory).submit(&draft(powerful, &[money("19.99")])).unwrap().after;
        assert_eq!(submitted.status, ReportStatus::Submitted);
    }
}

#[test]
fn report_with_preparer_or_payee_is_not_auto_approved() {
    let people = People::new();
    let person = |member: &Member| Some(MemberRef { id: member.id, name: member.name.clone() });
    let own = draft(&people.ana, &[money("19.99")]);
    let entered = Report { preparer: person(&people.fiona), ..own.clone() };
    let paid = Report { payee: person(&people.fiona), ..own };
    for report in [entered, paid] {
        let mut directory = people.directory(&people.ana);
        directory.interested_parties.push(people.fiona.clone());
        let given = Given::new(auto_approving(), directory);
        let change = change::submit(permit_for::<Submit>(&people.ana, &report).unwrap(), given.rules(), now()).unwrap();
        assert_eq!(change.after.status, ReportStatus::Submitted);
    }
}

#[test]
fn bill_split_across_reports_is_not_auto_approved() {
    let people = People::new();
    let part = |amount: &str| created_with(&people.ana, vec![facts(money(amount))]).after;
    let mut given = Given::new(auto_approving(), people.directory(&people.ana));
    let first = given.submit(&part("12.00")).unwrap();
    assert_eq!(first.after.status, ReportStatus::Approved);
    store_claims(&mut given.spending, &first.after, &first.spending);
    let other = Report { id: crate::support::seed(41).next_id(), ..part("9.00") };
    assert_eq!(given.submit(&other).unwrap().after.status, ReportStatus::Submitted);
    let elsewhere = created_with(
        &people.ana,
        vec![outlay_domain::expense::ExpenseFacts { merchant: text("Another"), ..facts(money("9.00")) }],
    );
    let elsewhere = Report { id: crate::support::seed(42).next_id(), ..elsewhere.after };
    assert_eq!(given.submit(&elsewhere).unwrap().after.status, ReportStatus::Approved);
}

#[test]
fn interested_party_cannot_choose_own_approver() {
    let people = People::new();
    // Marco approves a report of the admin Ada, who makes Erik Marco's delegate.
    let ada = Member { manager_id: Some(people.marco.id), ..people.ada.clone() };
    let erik = member(8, Role::Employee, None);
    let directory = outlay_domain::route::OrgContext { managers: vec![people.marco.clone()], ..people.directory(&ada) };
    let submitted = Given::new(workflow(), directory).submit(&draft(&ada, &[money("50.00")])).unwrap().after;
    assert!(submitted.pending_step().unwrap().is_approver(people.marco.id));
    let new_delegation =
        |to| Some(NewDelegation { to, from: today().utc(), until: day("2026-12-31"), max_amount: None });
    let set_by = |actor: &Member| {
        let permit = may_delegate(actor, &people.marco).unwrap();
        let changes = change::set_delegation(permit, new_delegation(&erik), None, now()).unwrap();
        changes.into_iter().find(|change| change.after.id == erik.id).unwrap().after
    };
    assert_eq!(permit_for::<Decide>(&set_by(&ada), &submitted).unwrap_err(), DomainError::NotFound);
    assert!(permit_for::<Decide>(&set_by(&people.marco), &submitted).is_ok());
    // Ada can neither reassign Ana's report to Ada nor change Ada's manager.
    let ana = draft(&people.ana, &[money("50.00")]);
    let given = Given::new(workflow(), people.directory(&people.ana));
    let submitted = given.submit(&ana).unwrap().after;
    let (policy, directory) = (&given.policy, &given.people);
    let to_self = change::reassign(
        permit_for::<Reassign>(&people.ada, &submitted).unwrap(),
        people.marco.id,
        &people.ada,
        text("Faster."),
        policy,
        directory,
        now(),
    );
    assert!(matches!(to_self, Err(DomainError::SeparationOfDuties(_))));
    let permit = || may_update(&people.ada, &people.ada);
    let friend = MemberPatch { manager_id: Patch::Value(erik.id), ..MemberPatch::default() };
    assert!(matches!(change::update_member(permit(), friend, &[], now()), Err(DomainError::SeparationOfDuties(_))));
    let name = MemberPatch { name: Some(text("Ada L.")), ..MemberPatch::default() };
    assert!(change::update_member(permit(), name, &[], now()).is_ok());
}

#[test]
fn delegate_of_owner_cannot_reassign_or_reimburse() {
    let mut people = People::new();
    let given = Given::new(workflow(), people.directory(&people.ana));
    let submitted = given.submit(&draft(&people.ana, &[money("50.00")])).unwrap().after;
    let approved = Report { status: ReportStatus::Approved, steps: Vec::new(), ..submitted.clone() };
    assert!(permit_for::<Reassign>(&people.ada, &submitted).is_ok());
    assert!(permit_for::<Reimburse>(&people.ada, &approved).is_ok());
    let (mut ana, mut ada) = (people.ana.clone(), people.ada.clone());
    let_decide(&mut ana, &mut ada, None);
    people.ada = ada;
    assert!(matches!(permit_for::<Reassign>(&people.ada, &submitted), Err(DomainError::SeparationOfDuties(_))));
    assert!(matches!(permit_for::<Reimburse>(&people.ada, &approved), Err(DomainError::SeparationOfDuties(_))));
}

#[test]
fn delegation_is_bound_by_delegators_approval_limit() {
    let people = People::new();
    let given = Given::new(workflow(), people.directory(&people.ana));
    let submitted = given.submit(&draft(&people.ana, &[money("300.00")])).unwrap().after;
    let erik = member(8, Role::Employee, None);
    let delegated = |marco: &Member, ceiling: Option<Money>| {
        let new_delegation =
            NewDelegation { to: &erik, from: today().utc(), until: day("2026-12-31"), max_amount: ceiling };
        let changes = change::set_delegation(may_delegate(marco, marco)?, Some(new_delegation), None, now())?;
        Ok::<_, DomainError>(changes.into_iter().find(|change| change.after.id == erik.id).unwrap().after)
    };
    let limited = Member { approval_limit: Some(money("299.99")), ..people.marco.clone() };
    let refused = delegated(&limited, Some(money("1000.00"))).unwrap_err();
    assert_eq!(refused, DomainError::DelegationAboveLimit { limit: money("299.99") });
    let bound = permit_for::<Decide>(&delegated(&limited, None).unwrap(), &submitted).map(drop);
    assert_eq!(bound, Err(DomainError::ApprovalLimitExceeded { limit: money("299.99"), total: money("300.00") }));
    assert!(permit_for::<Decide>(&delegated(&people.marco, None).unwrap(), &submitted).is_ok());
    let auditor = Member { role: Role::Auditor, ..people.marco };
    assert!(matches!(delegated(&auditor, None), Err(DomainError::Forbidden(_))));
}

#[test]
fn member_of_other_organisation_cannot_see_report() {
    let people = People::new();
    let submitted = Given::new(workflow(), people.directory(&people.ana)).submit(&draft(&people.ana, &[money("5.00")]));
    let elsewhere = Member { org: crate::support::seed(99).next_id(), ..people.marco.clone() };
    assert_eq!(permit_for::<Decide>(&elsewhere, &submitted.unwrap().after).unwrap_err(), DomainError::NotFound);
}

#[test]
fn later_approver_cannot_raise_granted_amount() {
    let people = People::new();
    let given = Given::new(workflow(), people.directory(&people.ana));
    let submitted = given.submit(&draft(&people.ana, &[money("600.00")])).unwrap().after;
    let approve = |report: &Report, by: &Member, amount: &str| {
        let line = LineDecision { expense_id: report.expenses[0].id, amount: money(amount), reason: text("Too much.") };
        let approval = Approval { comment: None, lines: vec![line] };
        change::approve(permit_for::<Decide>(by, report).unwrap(), &given.policy, approval, now())
    };
    let cut = approve(&submitted, &people.marco, "10.00").unwrap().after;
    let back = approve(&cut, &people.fiona, "600.00").unwrap_err();
    assert_eq!(back, DomainError::InvalidLines(vec![(0, LineError::AboveMaximum { max: money("10.00") })]));
    let kept = approve(&cut, &people.fiona, "10.00").unwrap().after;
    assert_eq!(kept.expenses[0].approved.as_ref().map(|approval| approval.by), Some(people.marco.id));
}

#[test]
fn ineligible_members_of_all_step_are_replaced() {
    let people = People::new();
    let named = Approvers::Members { members: vec![people.ana.id, people.fiona.id] };
    let all = StepRule { mode: ApprovalMode::All, ..step("Board", named) };
    let mut directory = people.directory(&people.ana);
    directory.named_members = vec![people.ana.clone(), people.fiona.clone()];
    let given = Given::new(Policy { steps: vec![all], ..workflow() }, directory);
    let step = given.submit(&draft(&people.ana, &[money("50.00")])).unwrap().after.steps.remove(0);
    assert_eq!((step.mode, step.remaining()), (ApprovalMode::All, 2));
    assert!(step.is_approver(people.fiona.id) && step.is_approver(people.marco.id));
    let reason = step.reasons.message();
    assert!(reason.contains("(separation of duties), so the next manager up decides."), "{reason}");
}
