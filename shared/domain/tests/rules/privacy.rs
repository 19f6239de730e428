//! Erasure: personal data is removed, accounting data stays, and the result is final.

use outlay_domain::change::{self, CloneOverrides, ERASED_NAME, MemberChange, MemberPatch, ReportPatch, erase_member};
use outlay_domain::error::DomainError;
use outlay_domain::event::EventKind;
use outlay_domain::member::{Member, MemberKind, MemberStatus, Role};
use outlay_domain::organisation::Organisation;
use outlay_domain::patch::Patch;
use outlay_domain::permission::{EraseMember, Submit, permit_member, permit_org};
use outlay_domain::report::Report;
use outlay_domain::route::OrgContext;
use proptest::prelude::*;

use crate::support::{
    Given, People, draft, finish, let_decide, may_update, member, money, no_rates, now, organisation, permit_for, seed,
    text, titled, workflow,
};

/// Nora with every kind of personal data, and the members who share a delegation with Nora.
fn member_with_all_data(people: &People) -> (Member, Vec<Member>) {
    let (mut marco, mut fiona) = (people.marco.clone(), people.fiona.clone());
    let mut nora = Member {
        name: text("Nora Nightingale"),
        email: Some(text("nora.n@example.org")),
        status: MemberStatus::Suspended,
        grade: Some(text("senior-7")),
        cost_centre: Some(text("CC-4711")),
        approval_limit: Some(money("750.00")),
        subject: Some("oidc|nora-77".to_owned()),
        issuer: Some("https://idp.example.com".to_owned()),
        payout_version: Some(3),
        version: 12,
        ..member(40, Role::Finance, Some(&people.marco))
    };
    let_decide(&mut nora, &mut marco, Some(money("10.00")));
    let_decide(&mut fiona, &mut nora, None);
    (nora, vec![marco, fiona])
}

fn erased(people: &People, nora: &Member, others: &[Member]) -> Result<Vec<MemberChange>, DomainError> {
    let organisation = organisation(nora.org);
    erase_member(permit_member(&people.ada, Some(nora)).unwrap(), false, &organisation, others, now())
}

#[test]
fn erased_member_holds_no_personal_data() {
    let people = People::new();
    let (nora, others) = member_with_all_data(&people);
    let changes = erased(&people, &nora, &others).unwrap();
    let after = &changes[0].after;
    let stored = serde_json::to_string(after).unwrap();
    let marco = people.marco.id.to_string();
    for personal in
        ["Nora", "Nightingale", "nora", "example.org", "senior-7", "CC-4711", "oidc", "Member 2", "Member 3", &marco]
    {
        assert!(serde_json::to_string(&nora).unwrap().contains(personal), "{personal} was stored before");
        assert!(!stored.contains(personal), "{personal} is in {stored}");
    }
    let rest: serde_json::Value = serde_json::from_str(&stored).unwrap();
    let mut names: Vec<&str> = rest.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    let expected = [
        "approval_limit",
        "authority_changes",
        "created_at",
        "id",
        "last_hash",
        "name",
        "org",
        "role",
        "status",
        "version",
    ];
    assert_eq!(names, expected);
    assert_eq!((after.name.as_str(), after.status, after.version), (ERASED_NAME, MemberStatus::Erased, 13));
    assert_eq!((after.id, after.role), (nora.id, Role::Finance));
    assert!(!after.can_approve() && !after.can_have_reports() && !after.is_current_person() && !after.status.can_act());
}

#[test]
fn erasure_event_contains_no_personal_data() {
    let people = People::new();
    let (nora, others) = member_with_all_data(&people);
    let changes = erased(&people, &nora, &others).unwrap();
    let event = &changes[0].event;
    assert_eq!((&event.kind, event.actor, event.seq), (&EventKind::MemberErased {}, Some(people.ada.id), 13));
    let serialized = serde_json::to_value(&event.changes).unwrap();
    assert_eq!(serialized, serde_json::json!([{"field": "/status", "old": "suspended", "new": "erased"}]));
    assert_eq!(event.hash, changes[0].after.last_hash);
    // The delegations of the other members are removed; their events do not contain the name.
    assert_eq!(changes.len(), 3);
    for change in &changes[1..] {
        assert!(matches!(&change.event.kind, EventKind::DelegationChanged { delegation: Some(ended) } if ended.ended));
        assert!(change.after.delegation.is_none() && change.after.acts_for.is_empty(), "{:?}", change.after);
        let serialized = serde_json::to_string(&change.event).unwrap();
        assert!(
            !serialized.contains("Nora") && !serde_json::to_string(&change.after).unwrap().contains("Nora"),
            "{serialized}"
        );
    }
}

proptest! {
    #[test]
    fn erasure_removes_arbitrary_personal_data(
        name in "[a-z]{12,20}", email in "[a-z]{12,20}@[a-z]{8}\\.org", subject in "[!-~&&[^#\"\\\\]]{12,40}",
        grade in "[A-Z]{12,20}", cost_centre in "[A-Z]{12,20}", invited in any::<bool>(), machine in any::<bool>(),
    ) {
        let people = People::new();
        let one = Member {
            name: text(&name.clone()),
            email: Some(text(&email.clone())),
            subject: Some(subject.clone()),
            issuer: Some("https://idp.example.com".to_owned()),
            grade: Some(text(&grade.clone())),
            cost_centre: Some(text(&cost_centre.clone())), payout_version: Some(9),
            kind: if machine { MemberKind::Service } else { MemberKind::Person },
            status: if invited { MemberStatus::Invited } else { MemberStatus::Suspended },
            ..member(41, Role::Admin, Some(&people.marco))
        };
        let change = erased(&people, &one, &[]).unwrap().remove(0);
        let left = format!(
            "{} {}",
            serde_json::to_string(&change.after).unwrap(),
            serde_json::to_string(&change.event).unwrap()
        );
        for personal in [name, email, subject, grade, cost_centre] {
            prop_assert!(!left.contains(&personal), "{} is in {}", personal, left);
        }
        prop_assert!(change.after.payout_version.is_none());
        prop_assert_eq!(change.after.kind, one.kind);
    }
}

#[test]
fn erasure_requires_suspension_and_another_admin() {
    let people = People::new();
    let (nora, others) = member_with_all_data(&people);
    let active = Member { status: MemberStatus::Active, ..nora.clone() };
    assert!(matches!(erased(&people, &active, &others), Err(DomainError::InvalidMemberState(_))));
    let organisation = organisation(nora.org);
    let open = erase_member(permit_member(&people.ada, Some(&nora)).unwrap(), true, &organisation, &others, now());
    assert!(matches!(open, Err(DomainError::InvalidMemberState(_))));
    let suspended_admin = Member { status: MemberStatus::Suspended, ..people.ada.clone() };
    let permit = permit_member(&suspended_admin, Some(&suspended_admin)).unwrap();
    let refused = erase_member(permit, false, &organisation, &[], now());
    assert!(matches!(refused, Err(DomainError::SeparationOfDuties(_))));
    for role in [Role::Employee, Role::Finance, Role::Auditor] {
        assert!(permit_member::<EraseMember>(&member(42, role, None), Some(&nora)).is_err());
    }
}

#[test]
fn closed_organisation_allows_erasure_of_all_but_oneself() {
    let people = People::new();
    let closed = Organisation { closed_at: Some(now()), ..organisation(people.ada.org) };
    let (nora, others) = member_with_all_data(&people);
    let active = Member { status: MemberStatus::Active, ..nora };
    let permit = permit_member(&people.ada, Some(&active)).unwrap();
    assert!(erase_member(permit, true, &closed, &others, now()).is_ok());
    let own = permit_member(&people.ada, Some(&people.ada)).unwrap();
    let refused = erase_member(own, false, &closed, &[], now());
    assert!(matches!(refused, Err(DomainError::SeparationOfDuties(_))));
}

#[test]
fn erased_member_is_final() {
    let people = People::new();
    let (nora, others) = member_with_all_data(&people);
    let gone = erased(&people, &nora, &others).unwrap().remove(0).after;
    assert!(matches!(erased(&people, &gone, &[]), Err(DomainError::InvalidMemberState(_))));
    let patches = [
        MemberPatch { name: Some(text("Nora")), ..MemberPatch::default() },
        MemberPatch { suspended: Some(false), ..MemberPatch::default() },
        MemberPatch { suspended: Some(true), ..MemberPatch::default() },
        MemberPatch::default(),
    ];
    for patch in patches {
        let refused = change::update_member(may_update(&people.ada, &gone), patch, &[], now());
        assert!(matches!(refused, Err(DomainError::InvalidMemberState(_))));
    }
    let for_other = Some((permit_org(&people.fiona).unwrap(), &gone));
    let entered = change::create_report(
        permit_org(&people.fiona).unwrap(),
        for_other,
        titled(Vec::new()),
        &no_rates(),
        &mut seed(9),
        now(),
    );
    assert_eq!(entered.unwrap_err(), DomainError::CannotHaveReports);
}

/// A service and an erased member. Neither can be a payee.
fn ineligible_payees() -> [Member; 2] {
    let person = member(43, Role::Employee, None);
    let service =
        Member { kind: MemberKind::Service, email: None, subject: Some("payroll".to_owned()), ..person.clone() };
    [service, Member { status: MemberStatus::Erased, name: text(ERASED_NAME), email: None, ..person }]
}

#[test]
fn service_or_erased_member_cannot_be_payee() {
    let people = People::new();
    let suspended = Member { status: MemberStatus::Suspended, ..member(44, Role::Employee, None) };
    let own = draft(&people.ana, &[money("9.00")]);
    let create = |payee: &Member| {
        let new = change::NewReport { payee: Some(payee.clone()), ..titled(Vec::new()) };
        change::create_report(permit_org(&people.ana).unwrap(), None, new, &no_rates(), &mut seed(9), now())
    };
    let patch = |payee: &Member| {
        let patch = ReportPatch { payee: Patch::Value(payee.clone()), ..ReportPatch::default() };
        assert!(patch.changes(&own));
        finish(change::update_report(permit_for(&people.ana, &own).unwrap(), patch, now()), None, now())
    };
    let clone = |of: &Report, payee: &Member| {
        let overrides = CloneOverrides { title: None, payee: Some(payee) };
        let (permit, may) = (permit_for(&people.ana, of).unwrap(), permit_org(&people.ana).unwrap());
        change::clone_report(permit, may, None, overrides, &no_rates(), &mut seed(5), now()).unwrap().after
    };
    let submit = |payee: &Member| {
        let report = Report { payee: Some(payee.member_ref()), ..own.clone() };
        let interested_parties = vec![payee.clone()];
        Given::new(workflow(), OrgContext { interested_parties, ..people.directory(&people.ana) }).submit(&report)
    };
    for payee in ineligible_payees() {
        assert_eq!(create(&payee).unwrap_err(), DomainError::InvalidPayee);
        assert_eq!(patch(&payee).unwrap_err(), DomainError::InvalidPayee);
        assert_eq!(submit(&payee).unwrap_err(), DomainError::InvalidPayee);
        let named = Report { payee: Some(payee.member_ref()), ..own.clone() };
        assert_eq!(clone(&named, &payee).payee, None);
    }
    let expected = Some(suspended.member_ref());
    assert_eq!(create(&suspended).unwrap().after.payee, expected);
    let named = patch(&suspended).unwrap().after;
    assert_eq!((&named.payee, &clone(&named, &suspended).payee), (&expected, &expected));
    assert_eq!(submit(&suspended).unwrap().after.payee, expected);
    // Cloning cannot introduce another payee.
    assert_eq!(clone(&named, &people.fiona).payee, None);
}

#[test]
fn draft_of_erased_owner_or_preparer_cannot_be_submitted() {
    let people = People::new();
    let gone = |member: &Member| Member { status: MemberStatus::Erased, name: text(ERASED_NAME), ..member.clone() };
    let entered = Report { preparer: Some(people.fiona.member_ref()), ..draft(&people.ana, &[money("9.00")]) };
    let submit = |actor: &Member, owner: &Member, enterer: &Member| {
        let people = OrgContext { interested_parties: vec![enterer.clone()], ..people.directory(owner) };
        let given = Given::new(workflow(), people);
        change::submit(permit_for::<Submit>(actor, &entered).unwrap(), given.rules(), now())
    };
    assert!(submit(&people.ana, &people.ana, &people.fiona).is_ok());
    assert_eq!(submit(&people.fiona, &gone(&people.ana), &people.fiona).unwrap_err(), DomainError::CannotHaveReports);
    assert!(matches!(submit(&people.ana, &people.ana, &gone(&people.fiona)), Err(DomainError::InvalidMemberState(_))));
    let suspended = Member { status: MemberStatus::Suspended, ..people.fiona.clone() };
    assert!(submit(&people.ana, &people.ana, &suspended).is_ok());
}
