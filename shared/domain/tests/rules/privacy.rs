//! Erasure: what says who a member was is gone, what the books need is not, and it is final.

use outlay_domain::change::{self, FORMER, MemberChange, MemberPatch, erase};
use outlay_domain::event::EventKind;
use outlay_domain::member::{Member, MemberKind, MemberStatus, Role};
use outlay_domain::permission::{ChangeMember, permit_org};
use outlay_domain::refusal::Refusal;
use proptest::prelude::*;

use crate::support::{People, let_decide, member, money, no_rates, now, seed, titled};

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
    assert_eq!((&event.kind, event.actor, event.seq), (&EventKind::MemberErased {}, people.ada.id, 13));
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
