//! What the backend does without anybody asking: escalates steps, notes addresses that fail, reminds; and in whose place it never decides.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use outlay_domain::change::{escalate, note_address_fault, to_escalate};
use outlay_domain::event::{Escalation, EventKind, Recipients};
use outlay_domain::ids::MemberId;
use outlay_domain::member::{AddressFault, Member, MemberStatus, Role, time_zone};
use outlay_domain::policy::{Approvers, Mode, Policy, StepRule};
use outlay_domain::reminder::digest;
use outlay_domain::report::Report;

use crate::support::{Given, People, day, draft, let_decide, member, money, now, step};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The manager decides within three working days; after that, if `target` is given, others.
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

fn nobody() -> BTreeSet<MemberId> {
    BTreeSet::new()
}

#[test]
fn what_is_overdue_goes_to_whom_the_workflow_names_and_only_after_its_day() {
    let people = People::new();
    let (given, report) = submitted(&people, policy(Some(finance())));
    assert_eq!(report.steps[0].due_on, Some(day("2026-11-25")));
    assert_eq!(to_escalate(&report, &nobody(), at("2026-11-25T23:59:59Z")), None);
    let why = to_escalate(&report, &nobody(), at("2026-11-26T00:00:00Z")).unwrap();
    assert_eq!(why, (Escalation::Overdue, vec![people.marco.id]));
    let named = [people.fiona.clone()];
    let change = escalate(&report, (why.0, &why.1), &named, &given.policy, &given.people, at(LATER)).unwrap().unwrap();
    let step = &change.after.steps[0];
    assert_eq!(step.approvers, [people.fiona.person()]);
    assert_eq!((step.due_on, step.passed_over.as_slice()), (Some(day("2026-12-04")), &[people.marco.id][..]));
    assert!(step.escalates_to.is_empty(), "once");
    let event = &change.events[0];
    assert_eq!((event.actor, event.on_behalf_of), (None, None));
    assert_eq!(event.recipients(), Some(Recipients::Members(vec![people.fiona.id, people.marco.id])));
    let EventKind::StepEscalated { because, from, asked, .. } = &event.kind else { panic!("{:?}", event.kind) };
    assert_eq!((*because, from.as_slice()), (Escalation::Overdue, &[people.marco.id][..]));
    assert_eq!(asked.approvers, [people.fiona.id]);
    assert_eq!(to_escalate(&change.after, &nobody(), at("2027-01-01T00:00:00Z")), None, "there is nobody further");
}

#[test]
fn without_a_target_what_is_overdue_stays_where_it_is() {
    let people = People::new();
    let (_, report) = submitted(&people, policy(None));
    assert_eq!(to_escalate(&report, &nobody(), at(LATER)), None);
}

#[test]
fn who_cannot_be_reached_is_replaced_at_once_by_the_target_the_manager_the_fallback_or_an_admin() {
    let mut people = People::new();
    let lost = BTreeSet::from([people.marco.id]);
    let replaced = |people: &People, policy: Policy, named: &[Member], managers: &[Member]| {
        let (mut given, report) = submitted(people, policy);
        given.people.managers.extend_from_slice(managers);
        let why = to_escalate(&report, &lost, now()).unwrap();
        assert_eq!(why, (Escalation::Unreachable, vec![people.marco.id]));
        let change = escalate(&report, (why.0, &why.1), named, &given.policy, &given.people, now()).unwrap();
        change.map(|change| change.after.steps[0].approvers.iter().map(|person| person.id).collect::<Vec<_>>())
    };
    let boss = member(7, Role::Employee, None);
    let fiona = [people.fiona.clone()];
    assert_eq!(replaced(&people, policy(Some(finance())), &fiona, &[]), Some(vec![people.fiona.id]));
    assert_eq!(replaced(&people, policy(None), &[], std::slice::from_ref(&boss)), Some(vec![boss.id]));
    let with_fallback = || Policy { fallback: Some(finance()), ..policy(None) };
    assert_eq!(replaced(&people, with_fallback(), &[], &[]), Some(vec![people.fiona.id]));
    assert_eq!(replaced(&people, policy(None), &[], &[]), Some(vec![people.ada.id]));
    // Nobody is put in anybody's place whom mail does not reach either.
    people.fiona.address_fault = Some(AddressFault::Bounced);
    assert_eq!(replaced(&people, with_fallback(), &[], &[]), Some(vec![people.ada.id]));
    people.ada.status = MemberStatus::Suspended;
    assert_eq!(replaced(&people, policy(None), &[], &[]), None, "then it waits");
}

#[test]
fn escalation_never_asks_who_has_a_part_in_the_report() {
    let people = People::new();
    let (given, report) = submitted(&people, policy(Some(finance())));
    let why = (Escalation::Overdue, &[people.marco.id][..]);
    let named = [people.ana.clone()];
    assert!(escalate(&report, why, &named, &given.policy, &given.people, at(LATER)).unwrap().is_none());
    // Nor who decides for such a person.
    let (mut ana, mut fiona) = (people.ana.clone(), people.fiona.clone());
    let_decide(&mut ana, &mut fiona, None);
    let given = Given::new(policy(Some(finance())), people.directory(&ana));
    assert!(escalate(&report, why, &[fiona], &given.policy, &given.people, at(LATER)).unwrap().is_none());
}

#[test]
fn a_quorum_stays_within_reach() {
    let people = People::new();
    let others: Vec<Member> = (10..13).map(|number| member(number, Role::Employee, None)).collect();
    let ids: Vec<MemberId> = others.iter().map(|one| one.id).collect();
    let rule = step("Board", Approvers::Members { members: ids.clone() });
    let rule = StepRule { mode: Mode::Quorum { of: 2 }, escalate_to: Some(finance()), ..rule };
    let policy = Policy { steps: vec![rule], ..Policy::initial() };
    let mut directory = people.directory(&people.ana);
    directory.named.clone_from(&others);
    let given = Given::new(policy, directory);
    let report = given.submit(&draft(&people.ana, &[money("40.00")])).unwrap().after;
    let named = [people.fiona.clone()];
    let after = |from: &[MemberId]| {
        let why = (Escalation::Unreachable, from);
        let change = escalate(&report, why, &named, &given.policy, &given.people, now()).unwrap().unwrap();
        change.after.steps[0].approvers.len()
    };
    assert_eq!(after(&ids[..1]), 3, "two of the board and finance");
    assert_eq!(after(&ids[..2]), 2, "one of the board and finance");
    assert_eq!(after(&ids), 4, "finance alone are no two");
}

#[test]
fn an_address_that_fails_is_noted_once_and_told_to_the_admins() {
    let people = People::new();
    let complained = note_address_fault(&people.marco, AddressFault::Complained, now()).unwrap();
    assert_eq!(complained.event.recipients(), Some(Recipients::Admins));
    assert_eq!(complained.event.actor, None);
    assert!(complained.after.is_reachable());
    let bounced = note_address_fault(&complained.after, AddressFault::Bounced, now()).unwrap();
    assert!(!bounced.after.is_reachable());
    for fault in [AddressFault::Bounced, AddressFault::Complained] {
        assert!(note_address_fault(&bounced.after, fault, now()).is_none(), "{fault:?}");
    }
    // What is told late of a time before it was mended is known already.
    let mended = Member { address_fault: None, address_mended_at: Some(now()), ..bounced.after };
    assert!(note_address_fault(&mended, AddressFault::Bounced, now()).is_none());
    assert!(note_address_fault(&mended, AddressFault::Bounced, now() + SignedDuration::from_secs(1)).is_some());
}

#[test]
fn a_digest_comes_once_it_is_morning_where_the_member_lives() {
    let mut people = People::new();
    let (_, report) = submitted(&people, policy(None));
    let reports = [report];
    let due = |member: &Member, time: &str| digest(member, &reports, at(time)).map(|(day, due)| (day, due.len()));
    assert_eq!(due(&people.marco, "2026-11-24T12:00:00Z"), None, "it is due on the 25th");
    assert_eq!(due(&people.marco, "2026-11-25T07:59:00Z"), None);
    assert_eq!(due(&people.marco, "2026-11-25T08:00:00Z"), Some((day("2026-11-25"), 1)));
    assert_eq!(due(&people.ana, "2026-11-25T08:00:00Z"), None, "it is her report");
    people.marco.time_zone = Some("Pacific/Auckland".to_owned());
    assert_eq!(due(&people.marco, "2026-11-24T18:00:00Z"), None, "seven in the morning of the 25th");
    assert_eq!(due(&people.marco, "2026-11-24T19:00:00Z"), Some((day("2026-11-25"), 1)));
    people.marco.address_fault = Some(AddressFault::Complained);
    assert_eq!(due(&people.marco, "2026-11-26T12:00:00Z"), None, "he does not want more mail than has to be");
}

#[test]
fn who_decides_for_somebody_who_is_away_is_reminded_too() {
    let mut people = People::new();
    let (_, report) = submitted(&people, policy(None));
    let mut deputy = member(7, Role::Employee, None);
    let_decide(&mut people.marco, &mut deputy, None);
    assert!(digest(&deputy, &[report], at("2026-11-26T12:00:00Z")).is_some());
}

#[test]
fn time_zones_are_those_of_the_iana_database() {
    for name in ["Europe/Berlin", "America/Argentina/Buenos_Aires", "UTC", "Asia/Kathmandu"] {
        assert!(time_zone(name).is_some(), "{name}");
    }
    for name in ["", "Berlin", "+02:00", "Etc/Unknown", "../etc/passwd", "Europe/"] {
        assert!(time_zone(name).is_none(), "{name}");
    }
}
