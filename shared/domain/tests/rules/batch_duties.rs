//! Duties of batches: four eyes, conflicts of interest, and holds after changes of an account.

use jiff::ToSpan;
use outlay_domain::batch::{AccountFacts, BatchStatus, HoldReason, PaymentStatus, SkipReason};
use outlay_domain::change::{NamedSelection, PaymentOutcome};
use outlay_domain::error::DomainError;
use outlay_domain::member::{Authority, AuthorityChange, Member, MemberKind, Role};
use outlay_domain::money::Money;
use outlay_domain::report::ReportStatus;

use crate::support::{People, cents, money, seed};
use crate::treasury::{Office, approved, failure, ids, named, paid, rules, skipped};

#[test]
fn creator_cannot_release_from_four_eyes_amount() {
    let office = Office::new();
    let mut treasury = office.treasury(office.of_ana(&[(10_000, 0)]));
    let batch = treasury.built(office.fiona());
    let refused = treasury.release(batch, office.fiona());
    assert!(matches!(refused, Err(DomainError::SeparationOfDuties(_))));
    treasury.rules = rules(Some(money("100.00")));
    assert!(matches!(treasury.release(batch, office.fiona()), Err(DomainError::SeparationOfDuties(_))));
    treasury.rules = rules(Some(money("100.01")));
    assert_eq!(treasury.release(batch, office.fiona()), Ok(()));
}

#[test]
fn four_eyes_count_foreign_reports_by_their_total() {
    let office = Office::new();
    let usd = |minor| Money::from_minor(minor, "USD".parse().unwrap());
    let People { ana, marco, .. } = &office.people;
    let report = approved(&office.template, &mut seed(40), ana, marco, [usd(10_000), usd(0)]);
    let mut treasury = office.treasury(vec![report]);
    let batch = treasury.built(office.fiona());
    // The total of the report is 600.00 in the base currency.
    assert_eq!(treasury.batches[&batch].base_bound, money("600.00"));
    treasury.rules = rules(Some(money("600.00")));
    assert!(matches!(treasury.release(batch, office.fiona()), Err(DomainError::SeparationOfDuties(_))));
}

#[test]
fn report_of_creator_or_decider_is_skipped() {
    let office = Office::new();
    let People { ana, marco, fiona, ada } = &office.people;
    let mut ids = seed(40);
    let sums = [cents(100), cents(0)];
    let mut report = |owner: &Member, by: &Member| approved(&office.template, &mut ids, owner, by, sums);
    let mut paid_to_fiona = report(ana, marco);
    paid_to_fiona.payee = Some(fiona.member_ref());
    let mut prepared = report(ana, marco);
    prepared.preparer = Some(fiona.member_ref());
    let reports = vec![report(fiona, marco), report(ana, fiona), paid_to_fiona, prepared, report(ana, ada)];
    let mut treasury = office.treasury(reports.clone());
    let batch = treasury.create(fiona.id, named(&reports)).unwrap();
    let change = treasury.taking(batch, &self::ids(&reports)).unwrap();
    assert_eq!(skipped(&change), [SkipReason::SeparationOfDuties; 4]);
    assert_eq!(change.reports.len(), 1);
    treasury.store(change).unwrap();
    treasury.finish_stage(batch).unwrap();
    treasury.finish_stage(batch).unwrap();
    // Ada has decided on the report that was taken.
    assert!(matches!(treasury.release(batch, ada.id), Err(DomainError::SeparationOfDuties(_))));
    assert_eq!(treasury.release(batch, office.finn.id), Ok(()));
}

#[test]
fn payee_cannot_release_clear_or_settle() {
    let office = Office::new();
    let People { marco, fiona, ada, .. } = &office.people;
    let report = approved(&office.template, &mut seed(40), ada, marco, [cents(100), cents(0)]);
    let mut treasury = office.treasury(vec![report]);
    let changed_at = treasury.now.checked_add(1.hour()).unwrap();
    treasury.accounts.insert(ada.id, AccountFacts { version: 2, masked: "DE•• •••• 9999".to_owned(), changed_at });
    let batch = treasury.built(fiona.id);
    let payment = treasury.payment_to(batch, ada).id;
    assert_eq!(treasury.payments[&payment].status, PaymentStatus::Held);
    let is_refused = |result: Result<(), DomainError>| matches!(result, Err(DomainError::SeparationOfDuties(_)));
    assert!(is_refused(treasury.release(batch, ada.id)));
    assert!(is_refused(treasury.clear(payment, ada.id, 2)));
    assert_eq!(treasury.clear(payment, fiona.id, 2), Ok(()));
    assert_eq!(treasury.release(batch, office.finn.id), Ok(()));
    treasury.release_payments(batch).unwrap();
    assert!(is_refused(treasury.settle(payment, ada.id, PaymentOutcome::Failed(failure("AC04"))).map(drop)));
    assert_eq!(treasury.settle(payment, fiona.id, paid("REF-1")), Ok(true));
}

#[test]
fn role_from_payee_does_not_release() {
    let office = Office::new();
    let People { marco, fiona, ada, .. } = &office.people;
    let report = approved(&office.template, &mut seed(40), ada, marco, [cents(100), cents(0)]);
    let mut treasury = office.treasury(vec![report]);
    let finn = treasury.people.iter_mut().find(|member| member.id == office.finn.id).unwrap();
    finn.authority_changes = vec![AuthorityChange { by: ada.id, before: Authority::Role(Role::Employee) }];
    let batch = treasury.built(fiona.id);
    assert!(matches!(treasury.release(batch, office.finn.id), Err(DomainError::SeparationOfDuties(_))));
}

#[test]
fn service_neither_creates_nor_releases() {
    let office = Office::new();
    let mut treasury = office.treasury(office.of_ana(&[(100, 0)]));
    let batch = treasury.built(office.fiona());
    let finn = treasury.people.iter_mut().find(|member| member.id == office.finn.id).unwrap();
    finn.kind = MemberKind::Service;
    assert!(matches!(treasury.release(batch, office.finn.id), Err(DomainError::Forbidden(_))));
    let selection = NamedSelection::Reports(treasury.reports.keys().copied().collect());
    assert!(matches!(treasury.create(office.finn.id, selection), Err(DomainError::Forbidden(_))));
}

#[test]
fn account_change_after_approval_holds_payment() {
    let office = Office::new();
    let mut treasury = office.treasury(office.of_ana(&[(100, 0)]));
    let changed_at = treasury.now.checked_add(1.hour()).unwrap();
    let account = AccountFacts { version: 2, masked: "DE•• •••• 9999".to_owned(), changed_at };
    treasury.accounts.insert(office.ana(), account);
    treasury.now = treasury.now.checked_add(2.hours()).unwrap();
    let batch = treasury.built(office.fiona());
    let payment = treasury.payment_to(batch, &office.people.ana).clone();
    assert_eq!(payment.hold.as_ref().map(|hold| hold.reason), Some(HoldReason::ChangedAfterApproval));
    // Clearing names the account that was looked at.
    assert!(matches!(treasury.clear(payment.id, office.ada(), 1), Err(DomainError::InvalidPaymentState(_))));
    treasury.release(batch, office.ada()).unwrap();
    treasury.release_payments(batch).unwrap();
    treasury.apply_all(batch);
    // The release has left it out.
    assert_eq!(treasury.payments[&payment.id].status, PaymentStatus::Cancelled);
    assert_eq!(treasury.batches[&batch].status, BatchStatus::Settled);
    assert!(treasury.reports.values().all(|report| report.status == ReportStatus::Approved));
}

#[test]
fn recent_account_change_holds_payment_by_policy() {
    let office = Office::new();
    let mut treasury = office.treasury(office.of_ana(&[(100, 0)]));
    let changed_at = treasury.now.checked_sub(49.hours()).unwrap();
    treasury.accounts.insert(office.ana(), AccountFacts { version: 2, masked: String::new(), changed_at });
    let reason = |days| {
        let mut treasury = treasury.clone();
        treasury.rules.hold_account_changes_days = days;
        let batch = treasury.built(office.fiona());
        treasury.payment_to(batch, &office.people.ana).hold.as_ref().map(|hold| hold.reason)
    };
    assert_eq!([reason(2), reason(3)], [None, Some(HoldReason::ChangedRecently)]);
}

#[test]
fn account_change_before_release_leaves_payment_out() {
    let office = Office::new();
    for (account, reason) in [(None, HoldReason::NoAccount), (Some(2), HoldReason::ChangedSince)] {
        let mut treasury = office.treasury(office.of_ana(&[(100, 0)]));
        let batch = treasury.built(office.fiona());
        treasury.release(batch, office.ada()).unwrap();
        let changed_at = treasury.now;
        treasury.accounts.remove(&office.ana());
        let account = account.map(|version| AccountFacts { version, masked: String::new(), changed_at });
        treasury.accounts.extend(account.map(|account| (office.ana(), account)));
        treasury.release_payments(batch).unwrap();
        let payment = treasury.payment_to(batch, &office.people.ana);
        assert_eq!(payment.status, PaymentStatus::Cancelled);
        assert_eq!(payment.hold.as_ref().map(|hold| hold.reason), Some(reason));
    }
}

#[test]
fn demoted_creator_takes_nothing() {
    let office = Office::new();
    let reports = office.of_ana(&[(100, 0)]);
    let mut treasury = office.treasury(reports.clone());
    let batch = treasury.create(office.fiona(), named(&reports)).unwrap();
    treasury.people.iter_mut().find(|member| member.id == office.fiona()).unwrap().role = Role::Employee;
    assert_eq!(skipped(&treasury.taking(batch, &ids(&reports)).unwrap()), [SkipReason::NotPermitted]);
}
