//! Files for banks: accounts of the debtor, payments that a file leaves out, record and download of the file, and
//! identifiers that banks repeat.

use outlay_domain::batch::{
    BankFileFormat, BatchStatus, HoldReason, PaymentStatus, end_to_end_id, payment_with_end_to_end_id,
};
use outlay_domain::change;
use outlay_domain::error::DomainError;
use outlay_domain::ids::{BatchId, PaymentId};
use outlay_domain::member::Role;
use outlay_domain::organisation::Organisation;
use outlay_domain::payment_settings::{
    DebtorAccount, IbanDebtor, MissingDebtor, PaymentSettings, UsDebtor, debtor_account,
};
use outlay_domain::payout::AccountNumber;
use outlay_domain::permission::permit_org;
use outlay_domain::report::ReportStatus;

use crate::support::{member, now, organisation, seed};
use crate::treasury::{Office, Treasury, paid};

fn iban(number: &str) -> IbanDebtor {
    IbanDebtor { account: AccountNumber::iban(number).unwrap(), bank: "COBADEFFXXX".parse().ok() }
}

fn us() -> UsDebtor {
    UsDebtor {
        account: AccountNumber::us("021000021", "9876543210").unwrap(),
        company_id: "1123456789".parse().unwrap(),
        bank_name: "First Bank".parse().unwrap(),
    }
}

fn settings(iban: Option<IbanDebtor>, us: Option<UsDebtor>) -> PaymentSettings {
    PaymentSettings { debtor_name: "Acme GmbH".parse().unwrap(), iban, us, is_batch_booked: true }
}

/// Batch with one payment to Ana and one to Marco, released by Ada.
fn released(office: &Office) -> (Treasury, BatchId, PaymentId) {
    let mut treasury = office.treasury(office.of_ana(&[(10_000, 0), (5_000, 0)]));
    let batch = treasury.built(office.fiona());
    treasury.release(batch, office.ada()).unwrap();
    treasury.release_payments(batch).unwrap();
    let payment = treasury.payment_to(batch, &office.people.ana).id;
    (treasury, batch, payment)
}

#[test]
fn nacha_file_needs_us_account() {
    use BankFileFormat::{Csv, Nacha, Pain001};
    let german = iban("DE89370400440532013000");
    let both = settings(Some(german.clone()), Some(us()));
    let (eur, usd) = (settings(Some(german.clone()), None), settings(None, Some(us())));
    for format in [Pain001, Csv, Nacha] {
        assert_eq!(debtor_account(None, format), Err(MissingDebtor::Account));
    }
    for format in [Pain001, Csv] {
        assert_eq!(debtor_account(Some(&both), format), Ok((&both, DebtorAccount::Iban(&german))));
        assert_eq!(debtor_account(Some(&usd), format), Ok((&usd, DebtorAccount::Us(&us()))));
    }
    assert_eq!(debtor_account(Some(&both), Nacha), Ok((&both, DebtorAccount::Us(&us()))));
    assert_eq!(debtor_account(Some(&eur), Nacha), Err(MissingDebtor::UsAccount));
}

#[test]
fn settings_change_is_in_history_with_masked_numbers() {
    let ada = member(4, Role::Admin, None);
    let acme = organisation(ada.org);
    let update = |current: &Organisation, settings: PaymentSettings| {
        change::update_payment_settings(permit_org(&ada).unwrap(), current, settings, None, now())
    };
    let first = update(&acme, settings(Some(iban("DE89370400440532013000")), None)).unwrap();
    assert_eq!((first.before, first.after.version, first.event.seq), (1, 2, 2));
    let fields: Vec<&str> = first.event.changes.iter().map(|change| change.field.as_str()).collect();
    let path = |field| format!("/payment_settings/{field}");
    assert_eq!(fields, ["debtor_name", "bic", "batch_booking", "iban"].map(path));
    assert_eq!(first.event.changes[3].new, "DE•• •••• 3000");
    assert!(!serde_json::to_string(&first.event).unwrap().contains("0532"));
    assert!(update(&first.after, settings(Some(iban("DE89370400440532013000")), None)).is_none());
    // The masks of both accounts are the same.
    let second = update(&first.after, settings(Some(iban("DE22500105170000003000")), None)).unwrap();
    assert_eq!(second.event.changes.len(), 1);
    assert_eq!(second.event.changes[0].old, second.event.changes[0].new);
    let third = update(&second.after, settings(None, Some(us()))).unwrap();
    assert_eq!(third.event.changes.len(), 5);
}

#[test]
fn payment_left_out_before_file_frees_its_reports() {
    let office = Office::new();
    let (mut treasury, batch, payment) = released(&office);
    assert!(matches!(treasury.leave_out(payment, HoldReason::ChangedSince), Ok(())));
    let left_out = treasury.payments[&payment].clone();
    assert_eq!(left_out.status, PaymentStatus::Cancelled);
    assert_eq!(left_out.hold.map(|hold| hold.reason), Some(HoldReason::ChangedSince));
    assert!(matches!(
        treasury.leave_out(payment, HoldReason::ChangedSince),
        Err(DomainError::InvalidBatchState { .. } | DomainError::InvalidPaymentState(_))
    ));
    treasury.apply_all(batch);
    assert!(treasury.reports.values().all(|report| report.status == ReportStatus::Approved));
    assert_eq!(treasury.batches[&batch].status, BatchStatus::Settled);
}

#[test]
fn batch_with_file_leaves_nothing_out() {
    let office = Office::new();
    let (mut treasury, batch, payment) = released(&office);
    assert_eq!(treasury.record_file(batch, b"a"), Ok(true));
    assert_eq!(treasury.record_file(batch, b"a"), Ok(false));
    assert!(matches!(treasury.record_file(batch, b"b"), Err(DomainError::InvalidPaymentState(_))));
    let refused = treasury.leave_out(payment, HoldReason::NotInFormat);
    assert!(matches!(refused, Err(DomainError::InvalidBatchState { .. })), "{refused:?}");
    assert_eq!(treasury.settle(payment, office.ada(), paid("REF-1")), Ok(true));
}

#[test]
fn each_download_is_in_history_and_keeps_version() {
    let office = Office::new();
    let (mut treasury, batch, _) = released(&office);
    assert!(matches!(treasury.download(batch, office.fiona()), Err(DomainError::InvalidPaymentState(_))));
    treasury.record_file(batch, b"a").unwrap();
    let before = treasury.batches[&batch].clone();
    for _ in 0..2 {
        assert_eq!(treasury.download(batch, office.fiona()), Ok(before.file.clone().unwrap()));
    }
    let after = &treasury.batches[&batch];
    assert_eq!((after.last_event, after.version), (before.last_event + 2, before.version));
    assert_eq!(treasury.download(batch, office.ana()), Err(DomainError::NotFound));
}

#[test]
fn end_to_end_id_leads_back_to_its_payment() {
    let payment: PaymentId = seed(40).next_id();
    let id = end_to_end_id(payment);
    assert_eq!(payment_with_end_to_end_id(&id), Some(payment));
    assert_eq!(payment_with_end_to_end_id(&id.to_ascii_lowercase()), Some(payment));
    for other in ["", "NOTPROVIDED", "PAY", &id[1..], &format!("{id}0"), &id.replace("PAY", "REP"), "PAYÄÄÄÄÄÄÄÄÄÄÄÄÄ"]
    {
        assert_eq!(payment_with_end_to_end_id(other), None, "{other}");
    }
}
