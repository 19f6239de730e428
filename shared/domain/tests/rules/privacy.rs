//! Erasure: what says who a member was is gone, what the books need is not, and it is final.

use outlay_domain::change::{self, Anew, FORMER, MemberChange, MemberPatch, ReportPatch, erase};
use outlay_domain::event::EventKind;
use outlay_domain::member::{Member, MemberKind, MemberStatus, Role};
use outlay_domain::permission::{ChangeMember, Submit, permit_org};
use outlay_domain::refusal::Refusal;
use outlay_domain::report::Report;
use outlay_domain::route::Directory;
use proptest::prelude::*;

use crate::support::{
    Given, People, draft, let_decide, member, money, no_rates, now, permit_for, seed, titled, workflow,
};

/// Nora, of whom everything is known, and those who share a delegation with her.
fn known(people: &People) -> (Member, Vec<Member>) {
    let (mut marco, mut fiona) = (people.marco.clone(), people.fiona.clone());
    let mut nora = Member {
        name: "Nora Nightingale".to_owned(),
        email: Some("nora.n@example.org".to_owned()),
        status: MemberStatus::Suspended,
        grade: Some("senior-7".to_owned()),
        cost_centre: Some("CC-4711".to_owned()),
        approval_limit: Some(money("750.00")),
        subject: Some("oidc|nora-77".to_owned()),
        payout_version: Some(3),
        version: 12,
        ..member(40, Role::Finance, Some(&people.marco))
    };
    let_decide(&mut nora, &mut marco, Some(money("10.00")));
    let_decide(&mut fiona, &mut nora, None);
    (nora, vec![marco, fiona])
}

fn erased(people: &People, nora: &Member, others: &[Member]) -> Result<Vec<MemberChange>, Refusal> {
    erase(permit_org(&people.ada).unwrap(), nora, false, others, now())
}

#[test]
fn nothing_that_says_who_he_was_is_left() {
    let people = People::new();
    let (nora, others) = known(&people);
    let changes = erased(&people, &nora, &others).unwrap();
    let after = &changes[0].after;
    let stored = serde_json::to_string(after).unwrap();
    let marco = people.marco.id.to_string();
    for personal in
        ["Nora", "Nightingale", "nora", "example.org", "senior-7", "CC-4711", "oidc", "Member 2", "Member 3", &marco]
    {
        assert!(serde_json::to_string(&nora).unwrap().contains(personal), "{personal} was there");
        assert!(!stored.contains(personal), "{personal} is in {stored}");
    }
    let rest: serde_json::Value = serde_json::from_str(&stored).unwrap();
    let mut names: Vec<&str> = rest.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    let expected = ["approval_limit", "created_at", "id", "last_hash", "name", "org", "role", "status", "version"];
    assert_eq!(names, expected);
    assert_eq!((after.name.as_str(), after.status, after.version), (FORMER, MemberStatus::Erased, 13));
    assert_eq!((after.id, after.role), (nora.id, Role::Finance));
    assert!(!after.can_approve() && !after.can_own() && !after.is_somebody() && !after.status.acts());
}

#[test]
fn the_history_tells_that_he_was_erased_and_not_what() {
    let people = People::new();
    let (nora, others) = known(&people);
    let changes = erased(&people, &nora, &others).unwrap();
    let event = &changes[0].event;
    assert_eq!((&event.kind, event.actor, event.seq), (&EventKind::MemberErased {}, Some(people.ada.id), 13));
    let told = serde_json::to_value(&event.changes).unwrap();
    assert_eq!(told, serde_json::json!([{"field": "/status", "old": "suspended", "new": "erased"}]));
    assert_eq!(event.hash, changes[0].after.last_hash);
    // The others of his delegations forget him, and their histories never knew his name.
    assert_eq!(changes.len(), 3);
    for change in &changes[1..] {
        assert_eq!(change.event.kind, EventKind::DelegationChanged {});
        assert!(change.after.delegation.is_none() && change.after.acts_for.is_empty(), "{:?}", change.after);
        let told = serde_json::to_string(&change.event).unwrap();
        assert!(!told.contains("Nora") && !serde_json::to_string(&change.after).unwrap().contains("Nora"), "{told}");
    }
}

proptest! {
    #[test]
    fn whatever_is_known_of_a_member_is_erased(
        name in "[a-z]{12,20}", email in "[a-z]{12,20}@[a-z]{8}\\.org", subject in "[!-~&&[^#\"\\\\]]{12,40}",
        grade in "[A-Z]{12,20}", cost_centre in "[A-Z]{12,20}", invited in any::<bool>(), machine in any::<bool>(),
    ) {
        let people = People::new();
        let one = Member {
            name: name.clone(), email: Some(email.clone()), subject: Some(subject.clone()), grade: Some(grade.clone()),
            cost_centre: Some(cost_centre.clone()), payout_version: Some(9),
            kind: if machine { MemberKind::Service } else { MemberKind::Person },
            status: if invited { MemberStatus::Invited } else { MemberStatus::Suspended },
            ..member(41, Role::Admin, Some(&people.marco))
        };
        let change = erased(&people, &one, &[]).unwrap().remove(0);
        let left = format!("{} {}", serde_json::to_string(&change.after).unwrap(), serde_json::to_string(&change.event).unwrap());
        for personal in [name, email, subject, grade, cost_centre] {
            prop_assert!(!left.contains(&personal), "{} is in {}", personal, left);
        }
        prop_assert!(change.after.payout_version.is_none());
        prop_assert_eq!(change.after.kind, one.kind);
    }
}

#[test]
fn only_who_is_out_already_and_waits_for_nothing_is_erased_and_nobody_by_himself() {
    let people = People::new();
    let (nora, others) = known(&people);
    let active = Member { status: MemberStatus::Active, ..nora.clone() };
    assert!(matches!(erased(&people, &active, &others), Err(Refusal::MemberState(_))));
    let open = erase(permit_org(&people.ada).unwrap(), &nora, true, &others, now());
    assert!(matches!(open, Err(Refusal::MemberState(_))));
    let himself = Member { status: MemberStatus::Suspended, ..people.ada.clone() };
    let refused = erase(permit_org(&himself).unwrap(), &himself, false, &[], now());
    assert!(matches!(refused, Err(Refusal::Duties(_))));
    for role in [Role::Employee, Role::Finance, Role::Auditor] {
        assert!(permit_org::<outlay_domain::permission::EraseMembers>(&member(42, role, None)).is_err());
    }
}

#[test]
fn erased_is_final() {
    let people = People::new();
    let (nora, others) = known(&people);
    let gone = erased(&people, &nora, &others).unwrap().remove(0).after;
    assert!(matches!(erased(&people, &gone, &[]), Err(Refusal::MemberState(_))));
    let patches = [
        MemberPatch { name: Some("Nora".to_owned()), ..MemberPatch::default() },
        MemberPatch { suspended: Some(false), ..MemberPatch::default() },
        MemberPatch { suspended: Some(true), ..MemberPatch::default() },
        MemberPatch::default(),
    ];
    for patch in patches {
        let permit = permit_org::<ChangeMember>(&people.ada).unwrap();
        let refused = change::change_member(permit, &gone, patch, &[], now());
        assert!(matches!(refused, Err(Refusal::MemberState(_))));
    }
    let for_other = Some((permit_org(&people.fiona).unwrap(), &gone));
    let entered = change::create(
        permit_org(&people.fiona).unwrap(),
        for_other,
        titled(Vec::new()),
        &no_rates(),
        &mut seed(9),
        now(),
    );
    assert_eq!(entered.unwrap_err(), Refusal::NoReports);
}

/// A service, and somebody who is gone: neither can be paid.
fn nobody() -> [Member; 2] {
    let person = member(43, Role::Employee, None);
    let service =
        Member { kind: MemberKind::Service, email: None, subject: Some("payroll".to_owned()), ..person.clone() };
    [service, Member { status: MemberStatus::Erased, name: FORMER.to_owned(), email: None, ..person }]
}

#[test]
fn nobody_is_paid_who_is_a_service_or_gone_whichever_way_he_comes_in() {
    let people = People::new();
    let suspended = Member { status: MemberStatus::Suspended, ..people.marco.clone() };
    let own = draft(&people.ana, &[money("9.00")]);
    let create = |payee: &Member| {
        let new = change::NewReport { payee: Some(payee.clone()), ..titled(Vec::new()) };
        change::create(permit_org(&people.ana).unwrap(), None, new, &no_rates(), &mut seed(9), now())
    };
    let patch = |payee: &Member| {
        let patch = ReportPatch { payee: Some(Some(payee.clone())), ..ReportPatch::default() };
        assert!(patch.changes(&own));
        change::change_report(permit_for(&people.ana, &own).unwrap(), patch, None, now())
    };
    let clone = |of: &Report, payee: &Member| {
        let anew = Anew { title: None, payee: Some(payee) };
        let (permit, may) = (permit_for(&people.ana, of).unwrap(), permit_org(&people.ana).unwrap());
        change::clone_report(permit, may, None, anew, &no_rates(), &mut seed(5), now()).unwrap().after
    };
    let submit = |payee: &Member| {
        let report = Report { payee: Some(payee.person()), ..own.clone() };
        let concerned = vec![payee.clone()];
        Given::new(workflow(), Directory { concerned, ..people.directory(&people.ana) }).submit(&report)
    };
    for payee in nobody() {
        assert_eq!(create(&payee).unwrap_err(), Refusal::NotPaid);
        assert_eq!(patch(&payee).unwrap_err(), Refusal::NotPaid);
        assert_eq!(submit(&payee).unwrap_err(), Refusal::NotPaid);
        let named = Report { payee: Some(payee.person()), ..own.clone() };
        assert_eq!(clone(&named, &payee).payee, None);
    }
    let expected = Some(suspended.person());
    assert_eq!(create(&suspended).unwrap().after.payee, expected);
    let named = patch(&suspended).unwrap().after;
    assert_eq!((&named.payee, &clone(&named, &suspended).payee), (&expected, &expected));
    assert_eq!(submit(&suspended).unwrap().after.payee, expected);
    // Another member than the report's is not smuggled in by cloning it.
    assert_eq!(clone(&named, &people.fiona).payee, None);
}

#[test]
fn a_draft_is_not_submitted_once_its_owner_or_who_entered_it_is_erased() {
    let people = People::new();
    let gone = |member: &Member| Member { status: MemberStatus::Erased, name: FORMER.to_owned(), ..member.clone() };
    let entered = Report { entered_by: Some(people.fiona.person()), ..draft(&people.ana, &[money("9.00")]) };
    let submit = |actor: &Member, owner: &Member, enterer: &Member| {
        let people = Directory { concerned: vec![enterer.clone()], ..people.directory(owner) };
        let given = Given::new(workflow(), people);
        change::submit(permit_for::<Submit>(actor, &entered).unwrap(), given.rules(), now())
    };
    assert!(submit(&people.ana, &people.ana, &people.fiona).is_ok());
    assert_eq!(submit(&people.fiona, &gone(&people.ana), &people.fiona).unwrap_err(), Refusal::NoReports);
    assert!(matches!(submit(&people.ana, &people.ana, &gone(&people.fiona)), Err(Refusal::MemberState(_))));
    let suspended = Member { status: MemberStatus::Suspended, ..people.fiona.clone() };
    assert!(submit(&people.ana, &people.ana, &suspended).is_ok());
}
