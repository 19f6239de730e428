//! Services: members that are programs. They have the rights of their role, but cannot decide, be assigned or own
//! reports.

use outlay_domain::change::{self, Invitation, MemberPatch, NewDelegation, NewMember};
use outlay_domain::error::DomainError;
use outlay_domain::event::EventKind;
use outlay_domain::member::{Identity, Member, MemberKind, MemberStatus, Role};
use outlay_domain::permission::{Comment, Decide, InviteMember, Read, Reassign, Recall, Reimburse, Return, permit_org};
use outlay_domain::policy::{Approvers, Policy};
use outlay_domain::report::{Report, ReportStatus};
use outlay_domain::route::OrgContext;
use proptest::prelude::*;

use crate::support::{
    Given, People, day, draft, may_delegate, may_update, member, money, no_rates, now, permit_for, seed, step, text,
    titled, today, workflow,
};

fn service(role: Role) -> Member {
    Member { kind: MemberKind::Service, email: None, subject: Some("payroll".to_owned()), ..member(20, role, None) }
}

/// Ana's report, pending at the manager step.
fn submitted(people: &People) -> Report {
    let given = Given::new(workflow(), people.directory(&people.ana));
    given.submit(&draft(&people.ana, &[money("600.00")])).unwrap().after
}

/// The report with the service as approver of the pending step, which routing would never produce.
fn with_approver(report: &Report, service: &Member) -> Report {
    let mut report = report.clone();
    report.steps[0].approvers.push(service.member_ref());
    report
}

const NEVER: DomainError = DomainError::Forbidden("A service cannot decide on reports.");

#[test]
fn service_assigned_to_step_cannot_decide() {
    let people = People::new();
    let plain = submitted(&people);
    for role in [Role::Employee, Role::Finance, Role::Admin] {
        let service = service(role);
        let person = Member { kind: MemberKind::Person, ..service.clone() };
        let report = with_approver(&plain, &service);
        assert!(permit_for::<Decide>(&person, &report).is_ok() && permit_for::<Return>(&person, &report).is_ok());
        assert_eq!(permit_for::<Decide>(&service, &report).unwrap_err(), NEVER);
        assert_eq!(permit_for::<Return>(&service, &report).unwrap_err(), NEVER);
        for &status in ReportStatus::ALL {
            let report = Report { status, ..report.clone() };
            assert_eq!(permit_for::<Decide>(&service, &report).unwrap_err(), NEVER, "{status:?}");
            assert_eq!(permit_for::<Return>(&service, &report).unwrap_err(), NEVER, "{status:?}");
        }
    }
}

#[test]
fn service_has_visibility_and_rights_of_its_role() {
    let people = People::new();
    let report = submitted(&people);
    let approved = Report { status: ReportStatus::Approved, steps: Vec::new(), ..report.clone() };
    let (employee, finance, admin) = (service(Role::Employee), service(Role::Finance), service(Role::Admin));
    assert_eq!(permit_for::<Decide>(&employee, &report).unwrap_err(), DomainError::NotFound);
    assert_eq!(permit_for::<Return>(&employee, &approved).unwrap_err(), DomainError::NotFound);
    assert_eq!(permit_for::<Return>(&finance, &approved).unwrap_err(), NEVER);
    assert!(permit_for::<Read>(&finance, &report).is_ok() && permit_for::<Comment>(&finance, &report).is_ok());
    assert!(permit_for::<Reimburse>(&finance, &approved).is_ok());
    assert!(permit_for::<Reassign>(&admin, &report).is_ok());
}

#[test]
fn route_skips_service_like_suspended_member() {
    let people = People::new();
    let (robot, marco) = (service(Role::Finance), people.marco.clone());
    let directory = || people.directory(&people.ana);
    let asked = |policy: Policy, people: OrgContext| {
        let given = Given::new(policy, people);
        let made = given.submit(&draft(&given.people.owner, &[money("600.00")])).unwrap().after;
        made.steps.iter().map(|step| (step.reasons.message(), step.is_approver(robot.id))).collect::<Vec<_>>()
    };
    let named = Approvers::Members { members: vec![robot.id] };
    let board = Policy { steps: vec![step("Board", named)], ..workflow() };
    let with_robot = asked(board.clone(), OrgContext { named_members: vec![robot.clone()], ..directory() });
    let suspended = Member { kind: MemberKind::Person, status: MemberStatus::Suspended, ..robot.clone() };
    assert_eq!(with_robot, asked(board, OrgContext { named_members: vec![suspended], ..directory() }));
    let why = "This step applies to every report. It is for a member the workflow names. An approver cannot approve, so the next manager up decides.";
    assert_eq!(with_robot, [(why.to_owned(), false)]);
    // Neither by its role nor as fallback.
    let finance_and_admins = vec![robot.clone(), people.fiona.clone(), people.ada.clone()];
    let by_role = asked(workflow(), OrgContext { finance_and_admins, ..directory() });
    assert!(by_role.len() == 2 && by_role.iter().all(|(_, asks)| !asks), "{by_role:?}");
    let fallback = Policy { fallback: Some(Approvers::Role { role: Role::Finance }), ..workflow() };
    let without_approver = OrgContext { managers: Vec::new(), finance_and_admins: vec![robot.clone()], ..directory() };
    let refused = Given::new(fallback, without_approver).submit(&draft(&people.ana, &[money("5.00")]));
    assert!(matches!(refused, Err(DomainError::NoApprover { .. })));
    assert!(marco.can_approve() && !robot.can_approve() && !robot.is_current_person() && !robot.can_have_reports());
}

proptest! {
    #[test]
    fn route_never_assigns_service(which in 0_usize..4, total in 1_i64..100_000, fallback in any::<bool>()) {
        let mut people = People::new();
        let machine = [&mut people.marco, &mut people.fiona, &mut people.ada].into_iter().nth(which);
        let id = machine.map(|member| { member.kind = MemberKind::Service; member.id });
        let policy = if fallback { workflow() } else { Policy { fallback: None, ..workflow() } };
        let given = Given::new(policy, people.directory(&people.ana));
        if let Ok(change) = given.submit(&draft(&people.ana, &[crate::support::cents(total)])) {
            prop_assert!(change.after.steps.iter().all(|step| id.is_none_or(|id| !step.is_approver(id))));
        }
    }
}

#[test]
fn service_cannot_be_delegate_or_reassignment_target() {
    let people = People::new();
    let robot = service(Role::Finance);
    let marco = may_delegate(&people.marco, &people.marco).unwrap();
    let new_delegation = NewDelegation { to: &robot, from: today().utc(), until: day("2026-12-31"), max_amount: None };
    let refused = change::set_delegation(marco, new_delegation, None, None, now()).unwrap_err();
    assert_eq!(refused, DomainError::NotAssignable("cannot approve"));
    let new_delegation =
        NewDelegation { to: &people.marco, from: today().utc(), until: day("2026-12-31"), max_amount: None };
    assert!(matches!(
        change::set_delegation(may_delegate(&robot, &robot).unwrap(), new_delegation, None, None, now()),
        Err(DomainError::Forbidden(_))
    ));
    let given = Given::new(workflow(), people.directory(&people.ana));
    let report = given.submit(&draft(&people.ana, &[money("600.00")])).unwrap().after;
    let refused = change::check_assignable(&report, &robot, &given.policy, &given.people).unwrap_err();
    assert_eq!(refused, DomainError::NotAssignable("cannot approve"));
}

#[test]
fn service_owns_no_report_and_enters_for_others() {
    let people = People::new();
    let robot = service(Role::Finance);
    let create = |actor: &Member, owner: Option<&Member>| {
        let for_other = owner.map(|owner| (permit_org(actor).unwrap(), owner));
        change::create_report(
            permit_org(actor).unwrap(),
            for_other,
            titled(Vec::new()),
            &no_rates(),
            &mut seed(9),
            now(),
        )
    };
    assert_eq!(create(&robot, None).unwrap_err(), DomainError::CannotHaveReports);
    assert_eq!(create(&people.fiona, Some(&robot)).unwrap_err(), DomainError::CannotHaveReports);
    let entered = create(&robot, Some(&people.ana)).unwrap().after;
    assert_eq!((entered.owner, entered.preparer), (people.ana.id, Some(robot.member_ref())));
    let sent = Report { preparer: Some(robot.member_ref()), ..submitted(&people) };
    assert!(permit_for::<Recall>(&robot, &sent).is_ok());
}

fn identity(subject: &str) -> Identity {
    Identity { issuer: "https://idp.example.com".to_owned(), subject: subject.to_owned() }
}

#[test]
fn new_service_is_active_and_bound_to_subject() {
    let people = People::new();
    let organisation = crate::support::organisation(people.ada.org);
    let offer = |who: NewMember, role: Role| {
        let invitation = Invitation {
            name: text("Payroll"),
            new_member: who,
            issuer: "https://idp.example.com".to_owned(),
            role,
            language: outlay_domain::language::Language::En,
            time_zone: None,
            manager: None,
            grade: None,
            cost_centre: None,
            approval_limit: None,
        };
        let permit = permit_org::<InviteMember>(&people.ada).unwrap();
        change::invite_member(permit, &organisation, invitation, &mut seed(30), now())
    };
    let invite = |who: NewMember| offer(who, Role::Finance).unwrap();
    let added = invite(NewMember::Service { subject: "client-7".to_owned() });
    let after = &added.after;
    assert_eq!((after.kind, after.status), (MemberKind::Service, MemberStatus::Active));
    assert_eq!(after.email, None);
    assert!(after.is_bound_to(&identity("client-7")));
    assert_eq!(added.event.kind, EventKind::ServiceAdded { role: Role::Finance });
    let invited = invite(NewMember::Person { email: text("pay@example.com") }).after;
    assert_eq!((invited.kind, invited.status, invited.subject), (MemberKind::Person, MemberStatus::Invited, None));

    // The kind is stored for services only.
    let stored = serde_json::to_value(after).unwrap();
    assert_eq!(stored["kind"], "service");
    assert_eq!(serde_json::from_value::<Member>(stored).unwrap(), *after);
    assert!(serde_json::to_value(&people.ana).unwrap().get("kind").is_none());

    // Suspension and reactivation keep the service.
    let patch = |suspended| MemberPatch { suspended: Some(suspended), ..MemberPatch::default() };
    let change = |service: &Member, suspended| {
        let permit = may_update(&people.ada, service);
        change::update_member(permit, patch(suspended), &[], now()).unwrap().remove(0).after
    };
    assert_eq!(change(&change(after, true), false).status, MemberStatus::Active);

    // A service cannot be created or made an admin: its admin would control two admins.
    let refused = offer(NewMember::Service { subject: "client-8".to_owned() }, Role::Admin);
    assert_eq!(refused.unwrap_err(), DomainError::ServiceCannotBeAdmin);
    assert_eq!(
        offer(NewMember::Person { email: text("ada2@example.com") }, Role::Admin).unwrap().after.role,
        Role::Admin
    );
    for role in [Role::Employee, Role::Finance, Role::Admin, Role::Auditor] {
        let patch = MemberPatch { role: Some(role), ..MemberPatch::default() };
        let changed = change::update_member(may_update(&people.ada, after), patch, &[], now());
        assert_eq!(changed.err(), (role == Role::Admin).then_some(DomainError::ServiceCannotBeAdmin), "{role:?}");
    }
}
