//! Separation of duties: attempts to influence the decision on one's own report.

use outlay_domain::change::{self, Approval, LineDecision, MemberPatch, NewDelegation, NewReport, ReportPatch};
use outlay_domain::error::{DomainError, LineError};
use outlay_domain::ids::MemberId;
use outlay_domain::member::{Member, MemberRef, Role};
use outlay_domain::money::Money;
use outlay_domain::patch::Patch;
use outlay_domain::permission::{Decide, Reassign, Reimburse, Submit, permit_org};
use outlay_domain::policy::{ApprovalMode, Approvers, Policy, StepRule};
use outlay_domain::report::{Report, ReportStatus};
use proptest::prelude::*;

use crate::support::{
    Given, People, created_with, day, directory, draft, facts, let_decide, may_delegate, may_update, member, money,
    no_rates, now, permit_for, seed, step, store_claims, text, titled, today, workflow,
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
    let new_delegation = |to| NewDelegation { to, from: today().utc(), until: day("2026-12-31"), max_amount: None };
    let set_by = |actor: &Member| {
        let permit = may_delegate(actor, &people.marco).unwrap();
        let changes = change::set_delegation(permit, new_delegation(&erik), None, None, now()).unwrap();
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
fn delegation_by_owner_takes_away_no_right() {
    let mut people = People::new();
    // Ana delegates to the manager, to finance and to an admin: each of them keeps their own right.
    let mut ana = people.ana.clone();
    for delegate in [&mut people.marco, &mut people.fiona, &mut people.ada] {
        let_decide(&mut ana, delegate, None);
    }
    people.ana = ana;
    let given = Given::new(workflow(), people.directory(&people.ana));
    let submitted = given.submit(&draft(&people.ana, &[money("600.00")])).unwrap().after;
    let asked: Vec<_> = submitted.steps.iter().map(|step| step.approvers[0].id).collect();
    assert_eq!(asked, [people.marco.id, people.fiona.id]);
    let permit = permit_for::<Decide>(&people.marco, &submitted).unwrap();
    assert_eq!(permit.on_behalf_of(), None, "in their own right");
    assert!(permit_for::<Reassign>(&people.ada, &submitted).is_ok());
    let approved = Report { status: ReportStatus::Approved, steps: Vec::new(), ..submitted };
    assert!(permit_for::<Reimburse>(&people.ada, &approved).is_ok());
}

#[test]
fn payee_whom_the_route_asks_is_refused() {
    let people = People::new();
    let person = |member: &Member| Some(MemberRef { id: member.id, name: member.name.clone() });
    let boss = member(7, Role::Employee, None);
    let marco = Member { manager_id: Some(boss.id), ..people.marco.clone() };
    let submit = |payee: &Member, amount: &str| {
        let report = Report { payee: person(payee), ..draft(&people.ana, &[money(amount)]) };
        let mut directory = people.directory(&people.ana);
        directory.managers = vec![marco.clone(), boss.clone()];
        directory.interested_parties.push(payee.clone());
        Given::new(workflow(), directory).submit(&report).map(|change| change.after.steps.len())
    };
    for (payee, amount, expected) in [
        (&marco, "50.00", Err(DomainError::PayeeIsApprover)),
        (&marco, "600.00", Err(DomainError::PayeeIsApprover)),
        (&people.fiona, "600.00", Err(DomainError::PayeeIsApprover)),
        (&people.fiona, "50.00", Ok(1)),
        (&boss, "600.00", Ok(2)),
        (&people.ada, "600.00", Ok(2)),
    ] {
        assert_eq!(submit(payee, amount), expected, "{} {amount}", payee.name);
    }
}

#[test]
fn payee_who_has_set_the_approvers_is_refused() {
    let people = People::new();
    let (boss, bea) = (member(7, Role::Employee, None), member(8, Role::Admin, None));
    let marco = Member { manager_id: Some(boss.id), ..people.marco.clone() };
    let submit = |marco: &Member, payee: Option<&Member>| {
        let payee_ref = payee.map(|payee| MemberRef { id: payee.id, name: payee.name.clone() });
        let report = Report { payee: payee_ref, ..draft(&people.ana, &[money("50.00")]) };
        let mut directory = people.directory(&people.ana);
        directory.managers = vec![marco.clone(), boss.clone()];
        directory.interested_parties.extend(payee.cloned());
        Given::new(workflow(), directory).submit(&report).map(|change| change.after.steps[0].approvers[0].id)
    };
    // Bea has lowered the manager's limit. With Bea as the payee it would not count, and the manager would approve.
    let limited = changed(&bea, &marco, with_limit("1.00"));
    assert_eq!(submit(&limited, None), Ok(boss.id));
    assert_eq!(submit(&limited, Some(&bea)), Err(DomainError::PayeeIsApprover));
    assert_eq!(submit(&marco, Some(&bea)), Ok(marco.id));
}

#[test]
fn preparer_is_never_the_payee() {
    let people = People::new();
    let permits = || (permit_org(&people.fiona).unwrap(), permit_org(&people.fiona).unwrap());
    let new = |payee: Option<&Member>| NewReport { payee: payee.cloned(), ..titled(vec![facts(money("50.00"))]) };
    let create = |payee: Option<&Member>| {
        let (own, other) = permits();
        change::create_report(own, Some((other, &people.ana)), new(payee), &no_rates(), &mut seed(9), now())
    };
    assert_eq!(create(Some(&people.fiona)).unwrap_err(), DomainError::PayeeIsPreparer);
    let report = create(Some(&people.ada)).unwrap().after;
    for by in [&people.fiona, &people.ana] {
        let patch = ReportPatch { payee: Patch::Value(people.fiona.clone()), ..ReportPatch::default() };
        let refused = change::update_report(permit_for(by, &report).unwrap(), patch, now()).unwrap_err();
        assert_eq!(refused, DomainError::PayeeIsPreparer, "{}", by.name);
    }
    // A report stored before the rule cannot be submitted.
    let person = Some(people.fiona.member_ref());
    let stored = Report { preparer: person.clone(), payee: person, ..report };
    let mut directory = people.directory(&people.ana);
    directory.interested_parties.push(people.fiona.clone());
    assert_eq!(Given::new(workflow(), directory).submit(&stored).unwrap_err(), DomainError::PayeeIsPreparer);
}

/// Changes a member as an admin.
fn changed(by: &Member, member: &Member, patch: MemberPatch) -> Member {
    let changes = change::update_member(may_update(by, member), patch, &[], now()).unwrap();
    changes.into_iter().next().map_or_else(|| member.clone(), |change| change.after)
}

fn with_manager(manager: &Member) -> MemberPatch {
    MemberPatch { manager_id: Patch::Value(manager.id), ..MemberPatch::default() }
}

fn with_limit(limit: &str) -> MemberPatch {
    MemberPatch { approval_limit: Patch::Value(money(limit)), ..MemberPatch::default() }
}

fn with_role(role: Role) -> MemberPatch {
    MemberPatch { role: Some(role), ..MemberPatch::default() }
}

/// Approvers of each step of a report of `owner`, in an organisation of these members.
fn asked(owner: &Member, amount: &str, all: &[Member], policy: &Policy) -> Result<Vec<Vec<MemberId>>, DomainError> {
    let report = draft(owner, &[money(amount)]);
    let submitted = Given::new(policy.clone(), directory(&report, all, policy)).submit(&report)?;
    let ids = |step: &outlay_domain::step::Step| step.approvers.iter().map(|person| person.id).collect();
    Ok(submitted.after.steps.iter().map(ids).collect())
}

/// Ada, an admin whose manager is Marco, another admin Bea, Marco's manager Nora, Fiona with the finance role, and Eve.
struct Office {
    ada: Member,
    bea: Member,
    marco: Member,
    nora: Member,
    fiona: Member,
    eve: Member,
}

impl Office {
    fn new() -> Self {
        let nora = member(5, Role::Employee, None);
        let marco = member(2, Role::Employee, Some(&nora));
        Self {
            ada: member(4, Role::Admin, Some(&marco)),
            bea: member(6, Role::Admin, None),
            marco,
            nora,
            fiona: member(3, Role::Finance, None),
            eve: member(8, Role::Employee, None),
        }
    }

    fn all(&self) -> Vec<Member> {
        [&self.ada, &self.bea, &self.marco, &self.nora, &self.fiona, &self.eve].map(Member::clone).to_vec()
    }
}

/// Change of a member's authority by the owner, who is an admin.
type Act = fn(&mut Office);

#[test]
fn authority_set_by_party_does_not_count() {
    let policy = workflow();
    let route = |office: &Office| asked(&office.ada, "600.00", &office.all(), &policy).unwrap();
    let base = Office::new();
    let expected = route(&base);
    assert_eq!(expected, [[base.marco.id], [base.fiona.id]]);
    let acts: [(&str, Act); 7] = [
        ("limit lowered", |o| o.marco = changed(&o.ada, &o.marco, with_limit("1.00"))),
        ("manager of the manager", |o| o.marco = changed(&o.ada, &o.marco, with_manager(&o.eve))),
        ("finance promoted", |o| o.eve = changed(&o.ada, &o.eve, with_role(Role::Finance))),
        ("finance demoted", |o| o.fiona = changed(&o.ada, &o.fiona, with_role(Role::Employee))),
        ("limit of finance", |o| o.fiona = changed(&o.ada, &o.fiona, with_limit("2.00"))),
        ("admin promoted", |o| o.eve = changed(&o.ada, &o.eve, with_role(Role::Admin))),
        ("other admin demoted", |o| o.bea = changed(&o.ada, &o.bea, with_role(Role::Employee))),
    ];
    // Each alone, each pair in both orders, and all of them.
    for (first, one) in acts {
        for (second, other) in acts {
            let mut office = Office::new();
            one(&mut office);
            other(&mut office);
            assert_eq!(route(&office), expected, "{first}, {second}");
        }
    }
    let mut office = Office::new();
    for (_, act) in acts {
        act(&mut office);
    }
    assert_eq!(route(&office), expected);
    // On the report of another member, the change counts.
    let erik = member(9, Role::Employee, Some(&office.marco));
    let all: Vec<Member> = office.all().into_iter().chain([erik.clone()]).collect();
    assert_ne!(asked(&erik, "600.00", &all, &policy).unwrap()[0], [office.marco.id]);
    // Once another admin confirms it, it counts on Ada's report as well.
    let mut office = Office::new();
    office.marco = changed(&office.ada, &office.marco, with_limit("1.00"));
    office.marco = changed(&office.bea, &office.marco, with_limit("1.00"));
    assert_ne!(route(&office)[0], [office.marco.id]);
}

#[test]
fn invitation_by_party_does_not_count() {
    let office = Office::new();
    let policy = workflow();
    let invited = |by: &Member, role: Role| Member { role, invited_by: Some(by.id), ..office.eve.clone() };
    let finance_asked = |eve: Member, fiona: Member| {
        let mut all = office.all();
        all.retain(|member| ![eve.id, fiona.id].contains(&member.id));
        all.extend([eve, fiona]);
        asked(&office.ada, "600.00", &all, &policy).map(|mut steps| steps.remove(1))
    };
    let both = |one: &Member, other: &Member| {
        let mut ids = vec![one.id, other.id];
        ids.sort_unstable();
        ids
    };
    let (eve, fiona) = (&office.eve, &office.fiona);
    let by_party = invited(&office.ada, Role::Finance);
    assert_eq!(finance_asked(by_party.clone(), fiona.clone()), Ok(vec![fiona.id]));
    let by_other = invited(&office.bea, Role::Finance);
    assert_eq!(finance_asked(by_other, fiona.clone()), Ok(both(eve, fiona)));
    // Another admin confirms the role by setting it again.
    let confirmed = changed(&office.bea, &by_party, with_role(Role::Finance));
    assert_eq!(confirmed.version, by_party.version + 1);
    assert_eq!(finance_asked(confirmed, fiona.clone()), Ok(both(eve, fiona)));
    // Without another approver, the fallback decides, not the member whom the party has appointed.
    let demoted = Member { role: Role::Employee, ..fiona.clone() };
    assert_eq!(finance_asked(by_party.clone(), demoted.clone()), Ok(vec![office.bea.id]));
    // In an organisation that the party alone has built, its invitations count: there is no other order.
    let appointed = |member: &Member| Member { invited_by: Some(office.ada.id), ..member.clone() };
    let all = [&office.bea, &office.marco, &office.nora, &demoted].map(appointed);
    let all: Vec<Member> = all.into_iter().chain([office.ada.clone(), by_party]).collect();
    assert_eq!(asked(&office.ada, "600.00", &all, &policy).unwrap(), [[office.marco.id], [eve.id]]);
}

#[test]
fn suspension_by_party_leads_to_other_admin() {
    let policy = workflow();
    let suspend = || MemberPatch { suspended: Some(true), ..MemberPatch::default() };
    let mut office = Office::new();
    let submitted = {
        let report = draft(&office.ada, &[money("50.00")]);
        Given::new(policy.clone(), directory(&report, &office.all(), &policy)).submit(&report).unwrap().after
    };
    office.marco = changed(&office.ada, &office.marco, suspend());
    // Not to the next manager up, whom the party would choose in this way.
    assert_eq!(asked(&office.ada, "50.00", &office.all(), &policy).unwrap(), [[office.bea.id]]);
    let members = std::slice::from_ref(&office.marco);
    let why = change::due_escalation(&submitted, members, now()).unwrap();
    let people = directory(&submitted, &office.all(), &policy);
    let escalated = change::escalate(&submitted, (why.0, &why.1), members, &[], &policy, &people, now());
    assert_eq!(escalated.unwrap().unwrap().after.steps[0].approvers, [office.bea.member_ref()]);
    // A suspension by another admin leads to the next manager, as ever.
    let mut office = Office::new();
    office.marco = changed(&office.bea, &office.marco, suspend());
    assert_eq!(asked(&office.ada, "50.00", &office.all(), &policy).unwrap(), [[office.nora.id]]);
    // A reinstatement by a party does not count.
    office.marco =
        changed(&office.ada, &office.marco, MemberPatch { suspended: Some(false), ..MemberPatch::default() });
    assert_eq!(asked(&office.ada, "50.00", &office.all(), &policy).unwrap(), [[office.nora.id]]);
}

#[test]
fn limit_and_role_set_by_party_do_not_count_for_decisions() {
    let mut office = Office::new();
    let policy = workflow();
    let report = draft(&office.ada, &[money("50.00")]);
    let given = Given::new(policy.clone(), directory(&report, &office.all(), &policy));
    let submitted = given.submit(&report).unwrap().after;
    office.marco = changed(&office.ada, &office.marco, with_limit("1.00"));
    assert!(permit_for::<Decide>(&office.marco, &submitted).is_ok());
    assert_eq!(change::due_escalation(&submitted, std::slice::from_ref(&office.marco), now()), None);
    office.eve = changed(&office.ada, &office.eve, with_role(Role::Admin));
    let refused = permit_for::<Reassign>(&office.eve, &submitted).map(drop);
    assert!(matches!(refused, Err(DomainError::SeparationOfDuties(_))), "{refused:?}");
    office.eve = changed(&office.bea, &office.eve, with_role(Role::Admin));
    assert!(permit_for::<Reassign>(&office.eve, &submitted).is_ok());
}

proptest! {
    /// The value that counts is the last that no interested party has set, for any sequence of changes by six admins
    /// and any three of them as interested parties.
    #[test]
    fn last_value_of_another_admin_counts(
        acts in prop::collection::vec((0..6_usize, 1..5_i64), 0..16), parties in prop::collection::vec(0..6_usize, 0..=3),
    ) {
        let admins: Vec<Member> = (10..16).map(|number| member(number, Role::Admin, None)).collect();
        let mut marco = member(2, Role::Employee, None);
        let mut expected = None;
        for (by, limit) in acts {
            let limit = Money::from_minor(limit, money("1.00").currency());
            let patch = MemberPatch { approval_limit: Patch::Value(limit), ..MemberPatch::default() };
            marco = changed(&admins[by], &marco, patch);
            if !parties.contains(&by) {
                expected = Some(limit);
            }
        }
        let parties: Vec<MemberId> = parties.iter().map(|at| admins[*at].id).collect();
        prop_assert_eq!(marco.without_changes_by(&parties).approval_limit, expected);
        prop_assert!(marco.authority_changes.len() <= 4);
    }
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
        let changes = change::set_delegation(may_delegate(marco, marco)?, new_delegation, None, None, now())?;
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
