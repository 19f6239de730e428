//! Members and organisation: own changes, addresses, circles of managers, mail domains.

use outlay_domain::change::{self, MemberPatch};
use outlay_domain::conversion::ReferenceSource;
use outlay_domain::error::DomainError;
use outlay_domain::event::EventKind;
use outlay_domain::language::Language;
use outlay_domain::member::{AddressFault, Identity, Member, MemberKind, MemberStatus, Role};
use outlay_domain::organisation::{Organisation, OrganisationSettings};
use outlay_domain::patch::Patch;
use outlay_domain::permission::{MemberPermit, UpdateMember, UpdateOrganisation, permit_member, permit_org};
use outlay_domain::text::{DisplayName, EmailAddress};

use crate::support::{member, now};

const ISSUER: &str = "https://idp.example.com";

fn organisation(domains: &[&str]) -> Organisation {
    let mail_domains = domains.iter().map(|domain| domain.parse().unwrap()).collect();
    Organisation { mail_domains, ..crate::support::organisation(member(1, Role::Admin, None).org) }
}

fn email(text: &str) -> EmailAddress {
    text.parse().unwrap()
}

fn permit<'a>(actor: &'a Member, target: &'a Member) -> MemberPermit<'a, UpdateMember> {
    permit_member(actor, Some(target)).unwrap()
}

#[test]
fn member_changes_only_language_time_zone_and_address_of_themselves() {
    let mine = MemberPatch { language: Some(Language::De), time_zone: Patch::Null, ..MemberPatch::default() };
    let others = [
        MemberPatch { name: "Boss".parse().ok(), ..MemberPatch::default() },
        MemberPatch { clear_address_fault: true, ..MemberPatch::default() },
        MemberPatch { role: Some(Role::Admin), ..MemberPatch::default() },
        MemberPatch { suspended: Some(true), ..MemberPatch::default() },
        MemberPatch { manager_id: Patch::Null, ..MemberPatch::default() },
        MemberPatch { grade: Patch::Null, ..MemberPatch::default() },
        MemberPatch { cost_centre: Patch::Null, ..MemberPatch::default() },
        MemberPatch { approval_limit: Patch::Null, ..MemberPatch::default() },
    ];
    for role in [Role::Employee, Role::Finance, Role::Auditor] {
        let person = member(2, role, None);
        assert!(change::update_member(permit(&person, &person), mine.clone(), &[], now()).is_ok());
        for patch in &others {
            let refused = change::update_member(permit(&person, &person), patch.clone(), &[], now());
            assert!(matches!(refused, Err(DomainError::Forbidden(_))), "{role:?} {patch:?}");
        }
    }
}

#[test]
fn address_is_corrected_before_sign_in_and_verified_afterwards() {
    let (acme, new) = (organisation(&[]), email("ana.new@example.com"));
    let ada = member(4, Role::Admin, None);
    let invited = Member {
        status: MemberStatus::Invited,
        address_fault: Some(AddressFault::Bounced),
        ..member(2, Role::Employee, None)
    };
    let bound = invited.clone().bound_to(&Identity { issuer: ISSUER.to_owned(), subject: "sub".to_owned() });
    let check = |actor: &Member, target: &Member, issuer: &str, verified: Option<&EmailAddress>| {
        change::check_address(permit(actor, target), new.clone(), &acme, issuer, verified, false)
    };
    // An admin corrects the address of a member who has not signed in, or not with this issuer.
    for target in [invited.clone(), Member { issuer: Some("https://old.example.com".to_owned()), ..bound.clone() }] {
        let address = check(&ada, &target, ISSUER, None).unwrap();
        let patch = MemberPatch { address, ..MemberPatch::default() };
        let changed = change::update_member(permit(&ada, &target), patch, &[], now()).unwrap().remove(0);
        assert_eq!((changed.after.email.as_ref(), changed.after.address_fault), (Some(&new), None));
        assert!(matches!(changed.event.kind, EventKind::MemberInvited { .. }));
        assert_eq!(changed.after.invited_by, Some(ada.id), "who sets the address chooses the person");
        assert!(!serde_json::to_string(&changed.event).unwrap().contains("ana.new"), "the history names no address");
    }
    // A member who has signed in does it, to the verified address.
    let without_issuer = Member { issuer: None, ..bound.clone() };
    for target in [&bound, &without_issuer] {
        assert_eq!(check(&ada, target, ISSUER, Some(&new)), Err(DomainError::AddressNotVerified));
        assert_eq!(check(target, target, ISSUER, None), Err(DomainError::AddressNotVerified));
        let other = email("other@example.com");
        assert_eq!(check(target, target, ISSUER, Some(&other)), Err(DomainError::AddressNotVerified));
        let address = check(target, target, ISSUER, Some(&new)).unwrap();
        let patch = MemberPatch { address, ..MemberPatch::default() };
        let changed = change::update_member(permit(target, target), patch, &[], now()).unwrap().remove(0);
        assert_eq!((changed.after.email.as_ref(), changed.event.kind), (Some(&new), EventKind::AddressChanged {}));
    }
    // A member who has read anything has signed in.
    let taken = change::check_address(permit(&ada, &invited), new.clone(), &acme, ISSUER, None, true);
    assert_eq!(taken, Err(DomainError::AddressNotVerified));
    // An invited member has proved nothing but the address so far.
    assert_eq!(check(&invited, &invited, ISSUER, None), Err(DomainError::AddressNotVerified));
    let service = Member { kind: MemberKind::Service, email: None, ..bound };
    assert_eq!(check(&ada, &service, ISSUER, None), Err(DomainError::ServiceHasNoAddress));
    let same = change::check_address(
        permit(&ada, &invited),
        invited.email.clone().unwrap(),
        &organisation(&["acme.com"]),
        ISSUER,
        None,
        false,
    );
    assert_eq!(same, Ok(None), "the address so far is no change, whatever the mail domains");
}

#[test]
fn mail_domains_admit_listed_domains_only() {
    let (open, listed) = (organisation(&[]), organisation(&["acme.com", "аррӏе.com"]));
    assert_eq!(open.check_address(&email("a@example.com")), Ok(()));
    assert!(matches!(open.check_address(&email("a@аррӏе.com")), Err(DomainError::MailDomainLookalike { .. })));
    assert_eq!(listed.check_address(&email("a@ACME.com")), Ok(()));
    assert_eq!(listed.check_address(&email("a@xn--80ak6aa92e.com")), Ok(()));
    for other in ["a@example.com", "a@mail.acme.com", "a@acme.com.example.com"] {
        assert!(matches!(listed.check_address(&email(other)), Err(DomainError::MailDomainNotListed { .. })), "{other}");
    }
}

#[test]
fn organisation_of_earlier_version_is_read_and_changed() {
    let stored = serde_json::json!({
        "id": organisation(&[]).id, "name": "Acme", "base_currency": "EUR", "created_at": now(),
    });
    let before: Organisation = serde_json::from_value(stored).unwrap();
    assert_eq!((before.version, before.mail_domains.len(), before.last_hash.as_str()), (1, 0, ""));
    let ada = member(4, Role::Admin, None);
    let permit = permit_org::<UpdateOrganisation>(&ada).unwrap();
    let settings = OrganisationSettings {
        mail_domains: vec!["acme.com".parse().unwrap()],
        rate_source: Some(ReferenceSource::Ecb),
    };
    let change = change::update_organisation(permit, &before, settings.clone(), None, now()).unwrap();
    assert_eq!((change.before, change.after.version, change.event.seq), (1, 2, 2));
    assert_eq!(change.after.last_hash, change.event.hash);
    let changes: Vec<_> = change.event.changes.iter().map(|it| (it.field.as_str(), &it.old, &it.new)).collect();
    let (empty, domains) = (serde_json::json!([]), serde_json::json!(["acme.com"]));
    let (none, ecb) = (serde_json::Value::Null, serde_json::json!("ecb"));
    assert_eq!(changes, [("/mail_domains", &empty, &domains), ("/rate_source", &none, &ecb)]);
    assert!(change::update_organisation(permit, &change.after, settings, None, now()).is_none());
}

#[test]
fn circle_of_managers_is_refused_with_its_names() {
    let named = |number: u8, name: &str, manager: Option<&Member>| Member {
        name: name.parse().unwrap(),
        ..member(number, Role::Employee, manager)
    };
    let top = named(3, "Cara", None);
    let (ana, bo) = (named(1, "Ana", None), named(2, "Bo", Some(&top)));
    assert_eq!(change::check_managers(&ana, &[bo.clone(), top.clone()]), Ok(()));
    let below = Member { manager_id: Some(ana.id), ..top };
    let refused = change::check_managers(&ana, &[bo, below]).unwrap_err();
    let DomainError::ManagerCycle(circle) = refused else { panic!("{refused:?}") };
    assert_eq!(circle.iter().map(DisplayName::as_str).collect::<Vec<_>>(), ["Ana", "Bo", "Cara", "Ana"]);
}
