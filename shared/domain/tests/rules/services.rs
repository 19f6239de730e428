//! Services: members that are programs. They do what their role says, but decide on nothing, are asked for nothing and own nothing.

use outlay_domain::change::{self, Absence, Invitation, MemberPatch, Newcomer};
use outlay_domain::event::EventKind;
use outlay_domain::member::{Member, MemberKind, MemberStatus, Role};
use outlay_domain::organisation::Organisation;
use outlay_domain::permission::{
    ChangeMember, Comment, Decide, InviteMember, Read, Reassign, Recall, Reimburse, Return, permit_org,
};
use outlay_domain::policy::{Approvers, Policy};
use outlay_domain::refusal::Refusal;
use outlay_domain::report::{Report, Status};
use outlay_domain::route::Directory;
use proptest::prelude::*;

use crate::support::{
    Given, People, day, draft, eur, member, money, no_rates, now, permit_for, seed, step, titled, today, workflow,
};

fn service(role: Role) -> Member {
    Member { kind: MemberKind::Service, email: None, subject: Some("payroll".to_owned()), ..member(20, role, None) }
}

/// Ana's report, as her manager and finance are asked.
fn submitted(people: &People) -> Report {
    let given = Given::new(workflow(), people.directory(&people.ana));
    given.submit(&draft(&people.ana, &[money("600.00")])).unwrap().after
}

/// The report, with the service asked at the pending step, as no route would.
fn asking(report: &Report, service: &Member) -> Report {
    let mut report = report.clone();
    report.steps[0].approvers.push(service.person());
    report
}

const NEVER: Refusal = Refusal::Forbidden("A service does not decide on reports.");

#[test]
fn a_service_decides_on_nothing_even_where_it_is_asked() {
    let people = People::new();
    let plain = submitted(&people);
    for role in [Role::Employee, Role::Finance, Role::Admin] {
        let service = service(role);
        let person = Member { kind: MemberKind::Person, ..service.clone() };
        let report = asking(&plain, &service);
        assert!(permit_for::<Decide>(&person, &report).is_ok() && permit_for::<Return>(&person, &report).is_ok());
        assert_eq!(permit_for::<Decide>(&service, &report).unwrap_err(), NEVER);
        assert_eq!(permit_for::<Return>(&service, &report).unwrap_err(), NEVER);
        for status in Status::ALL {
            let report = Report { status, ..report.clone() };
            assert_eq!(permit_for::<Decide>(&service, &report).unwrap_err(), NEVER, "{status:?}");
            assert_eq!(permit_for::<Return>(&service, &report).unwrap_err(), NEVER, "{status:?}");
        }
    }
}

#[test]
fn what_is_hidden_from_a_role_is_hidden_from_its_service_and_the_rest_is_allowed() {
    let people = People::new();
    let report = submitted(&people);
    let approved = Report { status: Status::Approved, steps: Vec::new(), ..report.clone() };
    let (employee, finance, admin) = (service(Role::Employee), service(Role::Finance), service(Role::Admin));
    assert_eq!(permit_for::<Decide>(&employee, &report).unwrap_err(), Refusal::NotVisible);
    assert_eq!(permit_for::<Return>(&employee, &approved).unwrap_err(), Refusal::NotVisible);
    assert_eq!(permit_for::<Return>(&finance, &approved).unwrap_err(), NEVER);
    assert!(permit_for::<Read>(&finance, &report).is_ok() && permit_for::<Comment>(&finance, &report).is_ok());
    assert!(permit_for::<Reimburse>(&finance, &approved).is_ok());
    assert!(permit_for::<Reassign>(&admin, &report).is_ok());
}

#[test]
fn a_route_passes_over_a_service_as_over_somebody_suspended() {
    let people = People::new();
    let (robot, marco) = (service(Role::Finance), people.marco.clone());
    let directory = || people.directory(&people.ana);
    let asked = |policy: Policy, people: Directory| {
        let given = Given::new(policy, people);
        let made = given.submit(&draft(&given.people.owner, &[money("600.00")])).unwrap().after;
        made.steps.iter().map(|step| (step.reason.clone(), step.asks(robot.id))).collect::<Vec<_>>()
    };
    let named = Approvers::Members { members: vec![robot.id] };
    let board = Policy { steps: vec![step("Board", named)], ..workflow() };
    let with_robot = asked(board.clone(), Directory { named: vec![robot.clone()], ..directory() });
    let suspended = Member { kind: MemberKind::Person, status: MemberStatus::Suspended, ..robot.clone() };
    assert_eq!(with_robot, asked(board, Directory { named: vec![suspended], ..directory() }));
    let why = "This step applies to every report. It is for a member the workflow names. An approver cannot approve, so the next manager up decides.";
    assert_eq!(with_robot, [(why.to_owned(), false)]);
    // Nor by its role, nor as the last resort.
    let officers = vec![robot.clone(), people.fiona.clone(), people.ada.clone()];
    let by_role = asked(workflow(), Directory { officers, ..directory() });
    assert!(by_role.len() == 2 && by_role.iter().all(|(_, asks)| !asks), "{by_role:?}");
    let fallback = Policy { fallback: Some(Approvers::Role { role: Role::Finance }), ..workflow() };
    let nobody = Directory { managers: Vec::new(), officers: vec![robot.clone()], ..directory() };
    let refused = Given::new(fallback, nobody).submit(&draft(&people.ana, &[money("5.00")]));
    assert!(matches!(refused, Err(Refusal::NoApprover { .. })));
    assert!(marco.can_approve() && !robot.can_approve() && !robot.is_somebody() && !robot.can_own());
}

proptest! {
    #[test]
    fn no_route_asks_a_service(which in 0_usize..4, total in 1_i64..100_000, fallback in any::<bool>()) {
        let mut people = People::new();
        let machine = [&mut people.marco, &mut people.fiona, &mut people.ada].into_iter().nth(which);
        let id = machine.map(|member| { member.kind = MemberKind::Service; member.id });
        let policy = if fallback { workflow() } else { Policy { fallback: None, ..workflow() } };
        let given = Given::new(policy, people.directory(&people.ana));
        if let Ok(change) = given.submit(&draft(&people.ana, &[crate::support::cents(total)])) {
            prop_assert!(change.after.steps.iter().all(|step| id.is_none_or(|id| !step.asks(id))));
        }
    }
}

#[test]
fn a_service_is_nobodys_delegate_and_is_not_asked_in_place_of_another() {
    let people = People::new();
    let robot = service(Role::Finance);
    let absence = Absence { to: &robot, from: today(), until: day("2026-12-31"), ceiling: None };
    let refused = change::delegate(&people.marco, &people.marco, Some(absence), None, now()).unwrap_err();
    assert_eq!(refused, Refusal::NotAssignable("cannot approve"));
    let absence = Absence { to: &people.marco, from: today(), until: day("2026-12-31"), ceiling: None };
    assert!(matches!(change::delegate(&robot, &robot, Some(absence), None, now()), Err(Refusal::Forbidden(_))));
    let given = Given::new(workflow(), people.directory(&people.ana));
    let report = given.submit(&draft(&people.ana, &[money("600.00")])).unwrap().after;
    let refused = change::assignable(&report, &robot, &given.policy, &given.people, now()).unwrap_err();
    assert_eq!(refused, Refusal::NotAssignable("cannot approve"));
}

#[test]
fn a_service_owns_no_report_and_enters_those_of_others_as_its_role_allows() {
    let people = People::new();
    let robot = service(Role::Finance);
    let create = |actor: &Member, owner: Option<&Member>| {
        let for_other = owner.map(|owner| (permit_org(actor).unwrap(), owner));
        change::create(permit_org(actor).unwrap(), for_other, titled(Vec::new()), &no_rates(), &mut seed(9), now())
    };
    assert_eq!(create(&robot, None).unwrap_err(), Refusal::NoReports);
    assert_eq!(create(&people.fiona, Some(&robot)).unwrap_err(), Refusal::NoReports);
    let entered = create(&robot, Some(&people.ana)).unwrap().after;
    assert_eq!((entered.owner, entered.entered_by), (people.ana.id, Some(robot.person())));
    let sent = Report { entered_by: Some(robot.person()), ..submitted(&people) };
    assert!(permit_for::<Recall>(&robot, &sent).is_ok());
}

#[test]
fn a_service_is_active_at_once_and_known_by_its_tokens() {
    let people = People::new();
    let organisation =
        Organisation { id: people.ada.org, name: "Acme".to_owned(), base_currency: eur(), created_at: now() };
    let offer = |who: Newcomer, role: Role| {
        let invitation = Invitation {
            name: "Payroll".to_owned(),
            who,
            role,
            language: outlay_domain::language::Language::En,
            time_zone: None,
            manager: None,
            grade: None,
            cost_centre: None,
            approval_limit: None,
        };
        let permit = permit_org::<InviteMember>(&people.ada).unwrap();
        change::invite(permit, &organisation, invitation, &mut seed(30), now())
    };
    let invite = |who: Newcomer| offer(who, Role::Finance).unwrap();
    let added = invite(Newcomer::Service { subject: "client-7".to_owned() });
    let after = &added.after;
    assert_eq!((after.kind, after.status), (MemberKind::Service, MemberStatus::Active));
    assert_eq!((after.email.as_deref(), after.subject.as_deref()), (None, Some("client-7")));
    assert_eq!(added.event.kind, EventKind::ServiceAdded { role: Role::Finance });
    let invited = invite(Newcomer::Person { email: "pay@example.com".to_owned() }).after;
    assert_eq!((invited.kind, invited.status, invited.subject), (MemberKind::Person, MemberStatus::Invited, None));

    // Its kind is on record; persons are stored as they always were.
    let stored = serde_json::to_value(after).unwrap();
    assert_eq!(stored["kind"], "service");
    assert_eq!(serde_json::from_value::<Member>(stored).unwrap(), *after);
    assert!(serde_json::to_value(&people.ana).unwrap().get("kind").is_none());

    // Suspended and back, it is the same service.
    let patch = |suspended| MemberPatch { suspended: Some(suspended), ..MemberPatch::default() };
    let change = |service: &Member, suspended| {
        let permit = permit_org::<ChangeMember>(&people.ada).unwrap();
        change::change_member(permit, service, patch(suspended), &[], now()).unwrap().remove(0).after
    };
    assert_eq!(change(&change(after, true), false).status, MemberStatus::Active);

    // It is admin neither from the start nor later: an admin would be two people with it.
    let refused = offer(Newcomer::Service { subject: "client-8".to_owned() }, Role::Admin);
    assert_eq!(refused.unwrap_err(), Refusal::ServiceAdmin);
    assert_eq!(
        offer(Newcomer::Person { email: "ada2@example.com".to_owned() }, Role::Admin).unwrap().after.role,
        Role::Admin
    );
    for role in [Role::Employee, Role::Finance, Role::Admin, Role::Auditor] {
        let permit = permit_org::<ChangeMember>(&people.ada).unwrap();
        let patch = MemberPatch { role: Some(role), ..MemberPatch::default() };
        let changed = change::change_member(permit, after, patch, &[], now());
        assert_eq!(changed.err(), (role == Role::Admin).then_some(Refusal::ServiceAdmin), "{role:?}");
    }
}
