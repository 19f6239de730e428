//! Background rules: escalation of steps, address faults and reminders, and who is never assigned by an escalation.

use jiff::{SignedDuration, Timestamp};
use outlay_domain::change::{due_escalation, escalate, record_address_fault};
use outlay_domain::event::{EscalationReason, EventKind};
use outlay_domain::ids::MemberId;
use outlay_domain::member::{AddressFault, Member, MemberKind, MemberStatus, Role};
use outlay_domain::notification::Recipients;
use outlay_domain::policy::{ApprovalMode, Approvers, Policy, StepRule};
use outlay_domain::reminder::reminder_day;
use outlay_domain::report::{Report, ReportStatus};
use outlay_domain::text::TimeZoneName;

use crate::support::{Given, People, day, draft, let_decide, member, money, now, step, text};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Manager step due in three working days, with an optional escalation target.
fn policy(target: Option<Approvers>) -> Policy {
    let rule = step("Manager", Approvers::Manager { level: 1 });
    Policy { steps: vec![StepRule { due_in_days: 3, escalate_to: target, ..rule }], ..Policy::initial() }
}

fn finance() -> Approvers {
    Approvers::Role { role: Role::Finance }
}

fn submitted(people: &People, policy: Policy) -> (Given, Report) {
    let given = Given::new(policy, people.directory(&people.ana));
    let report = given.submit(&draft(&people.ana, &[money("40.00")])).unwrap().after;
    (given, report)
}

const LATER: &str = "2026-12-01T06:00:00Z";

#[test]
fn overdue_step_is_escalated_to_target_after_due_date() {
    let people = People::new();
    let (given, report) = submitted(&people, policy(Some(finance())));
    assert_eq!(report.steps[0].due_on, Some(day("2026-11-25")));
    assert_eq!(due_escalation(&report, std::slice::from_ref(&people.marco), at("2026-11-25T23:59:59Z")), None);
    let why = due_escalation(&report, std::slice::from_ref(&people.marco), at("2026-11-26T00:00:00Z")).unwrap();
    assert_eq!(why, (EscalationReason::Overdue, vec![people.marco.id]));
    let named = [people.fiona.clone()];
    let change =
        escalate(&report, (why.0, &why.1), &[], &named, &given.policy, &given.people, at(LATER)).unwrap().unwrap();
    let step = &change.after.steps[0];
    assert_eq!(step.approvers, [people.fiona.member_ref()]);
    assert_eq!((step.due_on, step.replaced_approvers.as_slice()), (Some(day("2026-12-04")), &[people.marco.id][..]));
    assert!(step.escalates_to.is_empty(), "no second escalation");
    let event = &change.events[0];
    assert_eq!((event.actor, event.on_behalf_of), (None, None));
    assert_eq!(event.recipients(), Some(Recipients::Members(vec![people.fiona.id, people.marco.id])));
    let EventKind::StepEscalated { reason: because, from, opened_step: asked, .. } = &event.kind else {
        panic!("{:?}", event.kind)
    };
    assert_eq!((*because, from.as_slice()), (EscalationReason::Overdue, &[people.marco.id][..]));
    assert_eq!(asked.approvers, [people.fiona.id]);
    assert_eq!(
        due_escalation(&change.after, std::slice::from_ref(&people.fiona), at("2027-01-01T00:00:00Z")),
        None,
        "no further target"
    );
}

#[test]
fn overdue_step_without_target_is_not_escalated() {
    let people = People::new();
    let (_, report) = submitted(&people, policy(None));
    assert_eq!(due_escalation(&report, std::slice::from_ref(&people.marco), at(LATER)), None);
}

#[test]
fn unreachable_approver_is_replaced() {
    let mut people = People::new();
    let lost = Member { address_fault: Some(AddressFault::Bounced), ..people.marco.clone() };
    let lost = std::slice::from_ref(&lost);
    let replaced = |people: &People, policy: Policy, named: &[Member], managers: &[Member]| {
        let (mut given, report) = submitted(people, policy);
        given.people.managers[0].manager_id = managers.first().map(|boss| boss.id);
        given.people.managers.extend_from_slice(managers);
        let why = due_escalation(&report, lost, now()).unwrap();
        assert_eq!(why, (EscalationReason::Unreachable, vec![people.marco.id]));
        let change = escalate(&report, (why.0, &why.1), lost, named, &given.policy, &given.people, now()).unwrap();
        change.map(|change| change.after.steps[0].approvers.iter().map(|person| person.id).collect::<Vec<_>>())
    };
    let boss = member(7, Role::Employee, None);
    let fiona = [people.fiona.clone()];
    assert_eq!(replaced(&people, policy(Some(finance())), &fiona, &[]), Some(vec![people.fiona.id]));
    assert_eq!(replaced(&people, policy(None), &[], std::slice::from_ref(&boss)), Some(vec![boss.id]));
    let with_fallback = || Policy { fallback: Some(finance()), ..policy(None) };
    assert_eq!(replaced(&people, with_fallback(), &[], &[]), Some(vec![people.fiona.id]));
    assert_eq!(replaced(&people, policy(None), &[], &[]), Some(vec![people.ada.id]));
    // An unreachable member replaces no one.
    people.fiona.address_fault = Some(AddressFault::Bounced);
    assert_eq!(replaced(&people, with_fallback(), &[], &[]), Some(vec![people.ada.id]));
    people.ada.status = MemberStatus::Suspended;
    assert_eq!(replaced(&people, policy(None), &[], &[]), None, "the step stays pending");
}

#[test]
fn approver_who_can_no_longer_decide_is_replaced() {
    let people = People::new();
    let (given, report) = submitted(&people, policy(None));
    let marco = &people.marco;
    assert_eq!(due_escalation(&report, std::slice::from_ref(marco), now()), None);
    for unable in [
        Some(Member { status: MemberStatus::Suspended, ..marco.clone() }),
        Some(Member { status: MemberStatus::Erased, ..marco.clone() }),
        Some(Member { role: Role::Auditor, ..marco.clone() }),
        Some(Member { kind: MemberKind::Service, ..marco.clone() }),
        Some(Member { approval_limit: Some(money("39.99")), ..marco.clone() }),
        None,
    ] {
        let members: Vec<Member> = unable.into_iter().collect();
        let why = due_escalation(&report, &members, now()).unwrap();
        assert_eq!(why, (EscalationReason::Unable, vec![marco.id]), "{members:?}");
        let change = escalate(&report, (why.0, &why.1), &members, &[], &given.policy, &given.people, now());
        let change = change.unwrap().unwrap();
        assert_eq!(change.after.steps[0].approvers, [people.ada.member_ref()]);
        assert_eq!(change.events[0].recipients(), Some(Recipients::Members(vec![people.ada.id, marco.id])));
        assert!(change.after.steps[0].reasons.message().ends_with("can no longer decide, so other approvers decide."));
        let after = due_escalation(&change.after, std::slice::from_ref(&people.ada), now());
        assert_eq!(after, None, "once");
    }
    // A limit that reaches the total is enough.
    let enough = Member { approval_limit: Some(money("40.00")), ..marco.clone() };
    assert_eq!(due_escalation(&report, &[enough], now()), None);
}

#[test]
fn escalation_excludes_interested_parties() {
    let people = People::new();
    let (given, report) = submitted(&people, policy(Some(finance())));
    let why = (EscalationReason::Overdue, &[people.marco.id][..]);
    let named = [people.ana.clone()];
    assert!(escalate(&report, why, &[], &named, &given.policy, &given.people, at(LATER)).unwrap().is_none());
    // A delegate of an interested party is not excluded: nobody keeps an approver away by delegating to them.
    let (mut ana, mut fiona) = (people.ana.clone(), people.fiona.clone());
    let_decide(&mut ana, &mut fiona, None);
    let given = Given::new(policy(Some(finance())), people.directory(&ana));
    assert!(escalate(&report, why, &[], &[fiona], &given.policy, &given.people, at(LATER)).unwrap().is_some());
}

#[test]
fn escalation_keeps_quorum_reachable() {
    let people = People::new();
    let others: Vec<Member> = (10..13).map(|number| member(number, Role::Employee, None)).collect();
    let ids: Vec<MemberId> = others.iter().map(|one| one.id).collect();
    let rule = step("Board", Approvers::Members { members: ids.clone() });
    let rule = StepRule { mode: ApprovalMode::Quorum { of: 2 }, escalate_to: Some(finance()), ..rule };
    let policy = Policy { steps: vec![rule], ..Policy::initial() };
    let mut directory = people.directory(&people.ana);
    directory.named_members.clone_from(&others);
    let given = Given::new(policy, directory);
    let report = given.submit(&draft(&people.ana, &[money("40.00")])).unwrap().after;
    let named = [people.fiona.clone()];
    let after = |from: &[MemberId]| {
        let why = (EscalationReason::Unreachable, from);
        let change = escalate(&report, why, &[], &named, &given.policy, &given.people, now()).unwrap().unwrap();
        let (event, step) = (&change.events[0], &change.after.steps[0]);
        let EventKind::StepEscalated { from: removed, .. } = &event.kind else { panic!("{event:?}") };
        assert_eq!(&step.replaced_approvers, removed);
        let mut recipients = vec![people.fiona.id];
        recipients.extend(removed);
        assert_eq!(event.recipients(), Some(Recipients::Members(recipients)));
        (step.approvers.len(), removed.clone())
    };
    assert_eq!(after(&ids[..1]), (3, ids[..1].to_vec()), "two of the board and finance");
    assert_eq!(after(&ids[..2]), (2, ids[..2].to_vec()), "one of the board and finance");
    assert_eq!(after(&ids), (4, Vec::new()), "finance alone is not a quorum of two");
}

#[test]
fn address_fault_is_recorded_once_and_mailed_to_admins() {
    let people = People::new();
    let complained = record_address_fault(&people.marco, AddressFault::Complained, now()).unwrap();
    assert_eq!(complained.event.recipients(), Some(Recipients::Admins { except: Some(people.marco.id), and: None }));
    assert_eq!(complained.event.actor, None);
    assert!(complained.after.is_reachable());
    let bounced = record_address_fault(&complained.after, AddressFault::Bounced, now()).unwrap();
    assert!(!bounced.after.is_reachable());
    for fault in [AddressFault::Bounced, AddressFault::Complained] {
        assert!(record_address_fault(&bounced.after, fault, now()).is_none(), "{fault:?}");
    }
    // A late event from before the repair changes nothing.
    let mended = Member { address_fault: None, address_fault_cleared_at: Some(now()), ..bounced.after };
    assert!(record_address_fault(&mended, AddressFault::Bounced, now()).is_none());
    assert!(record_address_fault(&mended, AddressFault::Bounced, now() + SignedDuration::from_secs(1)).is_some());
}

#[test]
fn reminder_is_due_from_morning_in_member_time_zone() {
    let mut people = People::new();
    let due = |member: &Member, time: &str| reminder_day(member, at(time));
    assert_eq!(due(&people.marco, "2026-11-25T07:59:00Z"), None);
    assert_eq!(due(&people.marco, "2026-11-25T08:00:00Z"), Some(day("2026-11-25")));
    people.marco.time_zone = Some(text("Pacific/Auckland"));
    assert_eq!(due(&people.marco, "2026-11-24T18:00:00Z"), None, "7:00 on the 25th in Auckland");
    assert_eq!(due(&people.marco, "2026-11-24T19:00:00Z"), Some(day("2026-11-25")));
    people.marco.address_fault = Some(AddressFault::Complained);
    assert_eq!(due(&people.marco, "2026-11-26T12:00:00Z"), None, "no reminder after a complaint");
    let suspended = Member { status: MemberStatus::Suspended, address_fault: None, ..people.marco };
    assert_eq!(due(&suspended, "2026-11-26T12:00:00Z"), None, "no reminder without the right to decide");
}

#[test]
fn step_escalates_when_its_due_day_has_passed_where_it_is_due() {
    let mut people = People::new();
    let (_, report) = submitted(&people, policy(Some(finance())));
    assert_eq!(report.escalates_at(), Some(at("2026-11-26T00:00:00Z")));
    let marco = [people.marco.clone()];
    let first_due = (0..48).map(|hours| at("2026-11-25T00:00:00Z") + SignedDuration::from_hours(hours));
    let first_due = first_due.into_iter().find(|now| due_escalation(&report, &marco, *now).is_some());
    assert_eq!(first_due, report.escalates_at(), "the index names the moment that the rule does");
    people.marco.time_zone = Some(text("Pacific/Auckland"));
    let (_, elsewhere) = submitted(&people, policy(Some(finance())));
    assert!(elsewhere.escalates_at() < report.escalates_at(), "{:?}", elsewhere.escalates_at());
    assert_eq!(submitted(&people, policy(None)).1.escalates_at(), None, "nobody to escalate to");
    let recalled = Report { status: ReportStatus::Draft, ..report };
    assert_eq!(recalled.escalates_at(), None);
}

#[test]
fn change_that_can_take_tasks_away_is_noticed() {
    let marco = People::new().marco;
    let loses = |after: Member| marco.may_lose_tasks(&after);
    assert!(loses(Member { status: MemberStatus::Suspended, ..marco.clone() }));
    assert!(loses(Member { role: Role::Auditor, ..marco.clone() }));
    assert!(loses(Member { address_fault: Some(AddressFault::Bounced), ..marco.clone() }));
    assert!(loses(Member { approval_limit: Some(money("10.00")), ..marco.clone() }));
    assert!(!loses(Member { address_fault: Some(AddressFault::Complained), ..marco.clone() }));
    assert!(!loses(Member { name: text("Marco Verdi"), ..marco.clone() }));
}

#[test]
fn time_zone_accepts_only_iana_names() {
    for name in ["Europe/Berlin", "America/Argentina/Buenos_Aires", "UTC", "Asia/Kathmandu"] {
        assert!(name.parse::<TimeZoneName>().is_ok(), "{name}");
    }
    for name in ["", "Berlin", "+02:00", "Etc/Unknown", "../etc/passwd", "Europe/"] {
        assert!(name.parse::<TimeZoneName>().is_err(), "{name}");
    }
}
