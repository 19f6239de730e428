//! Batches: taking, set-off, settlement, failure, cancellation and mail.

use outlay_domain::batch::{
    BatchFilter, BatchStatus, MAX_BATCH_STEP, Payment, PaymentStatus, SkipReason, end_to_end_id,
};
use outlay_domain::change::{self, NamedSelection, PaymentOutcome};
use outlay_domain::error::DomainError;
use outlay_domain::ids::{PaymentId, ReportId};
use outlay_domain::notification::{NotificationContent, Recipients};
use outlay_domain::permission::{Comment, Edit, Return};
use outlay_domain::report::ReportStatus;

use crate::support::{People, cents, day, money, permit_for, seed};
use crate::treasury::{Office, STALE, Treasury, failure, ids, named, paid, rules, skipped};

/// Batch of all approved reports, by Fiona, released by Ada.
fn released(office: &Office, treasury: &mut Treasury) -> PaymentId {
    let batch = treasury.built(office.fiona());
    treasury.release(batch, office.ada()).unwrap();
    treasury.release_payments(batch).unwrap();
    treasury.apply_all(batch);
    treasury.payment_to(batch, &office.people.ana).id
}

#[test]
fn batch_pays_reports_of_payee_in_one_payment() {
    let office = Office::new();
    let reports = office.of_ana(&[(10_000, 0), (5_000, 1_000)]);
    let mut treasury = office.treasury(reports.clone());
    let payment = released(&office, &mut treasury);
    let paying = treasury.payments[&payment].clone();
    assert_eq!((paying.gross, paying.set_off, paying.amount), (cents(15_000), cents(1_000), cents(14_000)));
    assert_eq!((paying.status, paying.reports), (PaymentStatus::Released, 2));
    assert!(paying.account.is_some_and(|account| account.version == 1 && account.masked.ends_with("3000")));
    assert!(ids(&reports).iter().all(|id| treasury.status_of(*id) == ReportStatus::Reimbursing));
    assert_eq!(treasury.settle(payment, office.ada(), paid("REF-1")), Ok(true));
    assert_eq!(treasury.batches[&paying.batch].status, BatchStatus::Settled);
    treasury.apply_all(paying.batch);
    for id in ids(&reports) {
        let reimbursement = treasury.reports[&id].reimbursement.clone().unwrap();
        assert_eq!(
            (treasury.status_of(id), reimbursement.paid_on),
            (ReportStatus::Reimbursed, Some(day("2026-11-24")))
        );
    }
    treasury.assert_sums();
}

#[test]
fn report_in_batch_cannot_be_changed() {
    let office = Office::new();
    let reports = office.of_ana(&[(10_000, 0)]);
    let mut treasury = office.treasury(reports.clone());
    let payment = released(&office, &mut treasury);
    let People { ana, fiona, ada, .. } = &office.people;
    let assert_locked = |treasury: &Treasury, status| {
        let report = &treasury.reports[&reports[0].id];
        assert_eq!(
            permit_for::<Edit>(ana, report).map(drop),
            Err(DomainError::InvalidState { status, action: "edited" })
        );
        assert!(permit_for::<Return>(ada, report).is_err() && permit_for::<Return>(fiona, report).is_err());
        assert!(permit_for::<Comment>(ana, report).is_ok());
    };
    assert_locked(&treasury, ReportStatus::Reimbursing);
    treasury.settle(payment, office.ada(), paid("REF-1")).unwrap();
    let batch = treasury.payments[&payment].batch;
    treasury.apply_all(batch);
    assert_locked(&treasury, ReportStatus::Reimbursed);
}

#[test]
fn debt_above_claims_leaves_payment_at_zero() {
    let office = Office::new();
    // Only the first debt finds something to be set off against.
    let reports = office.of_ana(&[(3_000, 0), (0, 5_000), (0, 700)]);
    let mut treasury = office.treasury(reports.clone());
    let payment = released(&office, &mut treasury);
    let done = treasury.payments[&payment].clone();
    assert_eq!((done.gross, done.set_off, done.amount), (cents(3_000), cents(3_000), cents(0)));
    assert_eq!((done.status, done.account), (PaymentStatus::Paid, None));
    let batch = &treasury.batches[&done.batch];
    assert_eq!((batch.status, batch.taken), (BatchStatus::Settled, 2));
    assert_eq!(batch.skipped.get(&SkipReason::NothingToSetOff), Some(&1));
    let states: Vec<ReportStatus> = ids(&reports).into_iter().map(|id| treasury.status_of(id)).collect();
    assert_eq!(states, [ReportStatus::Reimbursed, ReportStatus::Approved, ReportStatus::Approved]);
    assert_eq!(treasury.reports[&reports[1].id].open_debt(), cents(2_000));
    assert_eq!(treasury.reports[&reports[2].id].open_debt(), cents(700));
    treasury.assert_sums();
    let refused = treasury.settle(payment, office.ada(), PaymentOutcome::Failed(failure("AC04")));
    assert!(matches!(refused, Err(DomainError::InvalidPaymentState(_))));
}

#[test]
fn partly_settled_report_waits_for_next_batch() {
    let office = Office::new();
    let reports = office.of_ana(&[(3_000, 0), (0, 5_000)]);
    let mut treasury = office.treasury(reports.clone());
    released(&office, &mut treasury);
    let debtor = treasury.reports[&reports[1].id].clone();
    assert_eq!(debtor.status, ReportStatus::Approved);
    assert_eq!(permit_for::<Edit>(&office.people.ana, &debtor).map(drop), Err(DomainError::PartlySettled));
    assert_eq!(permit_for::<Return>(&office.people.ada, &debtor).map(drop), Err(DomainError::PartlySettled));
    let more = office.of_ana(&[(0, 0), (0, 0), (2_500, 0)]).remove(2);
    treasury.reports.insert(more.id, more);
    let payment = released(&office, &mut treasury);
    assert_eq!(treasury.payments[&payment].amount, cents(500));
    treasury.settle(payment, office.ada(), paid("REF-2")).unwrap();
    let batch = treasury.payments[&payment].batch;
    treasury.apply_all(batch);
    assert_eq!(treasury.status_of(debtor.id), ReportStatus::Reimbursed);
    treasury.assert_sums();
}

#[test]
fn debt_of_owner_does_not_lower_payment_to_payee() {
    let office = Office::new();
    let mut reports = office.of_ana(&[(3_000, 1_000)]);
    reports[0].payee = Some(office.finn.member_ref());
    let mut treasury = office.treasury(reports.clone());
    let batch = treasury.built(office.fiona());
    let payment = treasury.payment_to(batch, &office.finn).clone();
    assert_eq!((payment.amount, payment.set_off), (cents(3_000), cents(0)));
    assert_eq!(treasury.entries[0].1.owed, cents(1_000));
    treasury.release(batch, office.ada()).unwrap();
    treasury.release_payments(batch).unwrap();
    treasury.settle(payment.id, office.ada(), paid("REF-1")).unwrap();
    treasury.apply_all(batch);
    let report = &treasury.reports[&reports[0].id];
    assert_eq!((report.status, report.open_debt()), (ReportStatus::Reimbursed, cents(1_000)));
}

#[test]
fn failed_payment_makes_reports_approved_again() {
    let office = Office::new();
    let reports = office.of_ana(&[(10_000, 0), (5_000, 1_000)]);
    let mut treasury = office.treasury(reports.clone());
    let payment = released(&office, &mut treasury);
    let failed = || PaymentOutcome::Failed(failure("AC04"));
    assert_eq!(treasury.settle(payment, office.ada(), failed()), Ok(true));
    assert_eq!(treasury.settle(payment, office.ada(), failed()), Ok(false));
    let batch = treasury.payments[&payment].batch;
    treasury.apply_all(batch);
    for id in ids(&reports) {
        let report = &treasury.reports[&id];
        assert_eq!(report.status, ReportStatus::Approved);
        let reimbursement = report.reimbursement.as_ref().unwrap();
        assert_eq!((&reimbursement.failure, reimbursement.payment), (&Some(failure("AC04")), None));
    }
    treasury.assert_sums();
    // They can be paid again, once.
    let second = released(&office, &mut treasury);
    assert_ne!(second, payment);
    assert_eq!(treasury.payments[&second].amount, cents(14_000));
    let refused = treasury.settle(payment, office.ada(), paid("REF-1"));
    assert!(matches!(refused, Err(DomainError::InvalidPaymentState(_))));
}

#[test]
fn payment_that_comes_back_reopens_reports() {
    let office = Office::new();
    let reports = office.of_ana(&[(10_000, 400)]);
    let mut treasury = office.treasury(reports.clone());
    let payment = released(&office, &mut treasury);
    treasury.settle(payment, office.ada(), paid("REF-1")).unwrap();
    let batch = treasury.payments[&payment].batch;
    treasury.apply_all(batch);
    treasury.assert_sums();
    assert_eq!(treasury.settle(payment, office.ada(), PaymentOutcome::Failed(failure("AC04"))), Ok(true));
    treasury.apply_all(batch);
    let report = &treasury.reports[&reports[0].id];
    assert_eq!(
        (report.status, report.open_claim(), report.open_debt()),
        (ReportStatus::Approved, cents(10_000), cents(400))
    );
    assert!(!report.has_settled_amounts());
    assert_eq!(treasury.batches[&batch].status, BatchStatus::Settled);
    treasury.assert_sums();
    // The file that said it was paid changes nothing when it is read again.
    assert_eq!(treasury.settle(payment, office.ada(), paid("REF-1")), Ok(false));
}

#[test]
fn same_answer_twice_changes_nothing() {
    let office = Office::new();
    let reports = office.of_ana(&[(10_000, 0)]);
    let mut treasury = office.treasury(reports.clone());
    let payment = released(&office, &mut treasury);
    let by_hand = PaymentOutcome::Paid { on: day("2026-11-24"), reference: None };
    assert_eq!(treasury.settle(payment, office.ada(), by_hand), Ok(true));
    // The bank names a reference that the person did not.
    assert_eq!(treasury.settle(payment, office.ada(), paid("REF-1")), Ok(false));
    let mut other = office.treasury(reports);
    let payment = released(&office, &mut other);
    assert_eq!(other.settle(payment, office.ada(), paid("REF-1")), Ok(true));
    assert_eq!(other.settle(payment, office.ada(), paid("REF-1")), Ok(false));
    let refused = other.settle(payment, office.ada(), paid("REF-2"));
    assert!(matches!(refused, Err(DomainError::InvalidPaymentState(_))));
    assert_eq!(other.payments[&payment].version, 3);
    let batch = other.payments[&payment].batch;
    other.apply_all(batch);
    let report: ReportId = other.entries[0].1.report;
    assert_eq!(other.apply_to(payment, &[report]), Ok(false));
}

#[test]
fn payee_without_account_is_skipped() {
    let office = Office::new();
    // A report that pays nothing needs no account.
    let reports = office.of_ana(&[(100, 0), (0, 0)]);
    let mut treasury = office.treasury(reports.clone());
    treasury.accounts.remove(&office.ana());
    let batch = treasury.create(office.fiona(), named(&reports)).unwrap();
    let change = treasury.taking(batch, &ids(&reports)).unwrap();
    assert_eq!(skipped(&change), [SkipReason::NoAccount]);
    assert_eq!(change.reports.len(), 1);
}

#[test]
fn filter_skips_other_days_currencies_and_payees() {
    let office = Office::new();
    let reports = office.of_ana(&[(100, 0)]);
    let filter = BatchFilter { approved_until: day("2026-11-20"), currency: None, payees: Vec::new() };
    let reason = |filter: BatchFilter| {
        let mut treasury = office.treasury(reports.clone());
        let batch = treasury.create(office.fiona(), NamedSelection::Filter(filter)).unwrap();
        skipped(&treasury.taking(batch, &ids(&reports)).unwrap())
    };
    assert_eq!(reason(filter.clone()), []);
    let earlier = BatchFilter { approved_until: day("2026-11-19"), ..filter.clone() };
    assert_eq!(reason(earlier), [SkipReason::ApprovedLater]);
    let dollars = BatchFilter { currency: Some("USD".parse().unwrap()), ..filter.clone() };
    assert_eq!(reason(dollars), [SkipReason::OtherCurrency]);
    let others = BatchFilter { payees: vec![office.people.marco.id], ..filter.clone() };
    assert_eq!(reason(others), [SkipReason::OtherPayee]);
    let mut treasury = office.treasury(reports.clone());
    let own = NamedSelection::Filter(BatchFilter { payees: vec![office.fiona()], ..filter });
    assert!(matches!(treasury.create(office.fiona(), own), Err(DomainError::SeparationOfDuties(_))));
}

#[test]
fn two_batches_take_each_report_once() {
    let office = Office::new();
    let reports = office.of_ana(&[(100, 0), (200, 0)]);
    let mut treasury = office.treasury(reports.clone());
    let one = treasury.create(office.fiona(), named(&reports)).unwrap();
    let two = treasury.create(office.ada(), named(&reports)).unwrap();
    // Both steps have read the same reports; the second is refused and repeated.
    let (first, second) =
        (treasury.taking(one, &ids(&reports[..1])).unwrap(), treasury.taking(two, &ids(&reports)).unwrap());
    treasury.store(first).unwrap();
    assert_eq!(treasury.store(second), Err(STALE));
    let again = treasury.taking(two, &ids(&reports)).unwrap();
    assert_eq!(skipped(&again), [SkipReason::NotApproved]);
    treasury.store(again).unwrap();
    treasury.take(one, &ids(&reports[1..])).unwrap();
    assert_eq!([one, two].map(|batch| treasury.batches[&batch].taken), [1, 1]);
    assert_eq!([one, two].map(|batch| treasury.batches[&batch].found()), [2, 2]);
    assert_eq!(treasury.entries.len(), 2);
}

#[test]
fn repeated_step_takes_nothing_twice() {
    let office = Office::new();
    let reports = office.of_ana(&[(100, 0), (0, 50), (200, 0)]);
    let mut treasury = office.treasury(reports.clone());
    let batch = treasury.create(office.fiona(), named(&reports)).unwrap();
    treasury.take(batch, &ids(&reports)).unwrap();
    let again = treasury.taking(batch, &ids(&reports)).unwrap();
    assert!(again.reports.is_empty() && again.entries.is_empty() && skipped(&again).is_empty());
    treasury.build(batch);
    assert_eq!((treasury.batches[&batch].taken, treasury.batches[&batch].found()), (3, 3));
    treasury.assert_sums();
}

#[test]
fn cancelled_batch_gives_reports_back() {
    let office = Office::new();
    let reports = office.of_ana(&[(100, 0), (0, 50)]);
    let mut treasury = office.treasury(reports.clone());
    let batch = treasury.built(office.fiona());
    treasury.cancel(batch, office.fiona()).unwrap();
    assert_eq!(
        treasury.release(batch, office.ada()),
        Err(DomainError::InvalidBatchState { status: BatchStatus::Cancelled, action: "be released" })
    );
    treasury.apply_all(batch);
    for report in treasury.reports.values() {
        assert_eq!((report.status, &report.reimbursement), (ReportStatus::Approved, &None));
    }
    assert!(treasury.payments_of(batch).all(|payment| payment.status == PaymentStatus::Cancelled));
    assert!(!treasury.payments_of(batch).any(Payment::has_pending_reports));
}

#[test]
fn batch_without_reports_is_cancelled() {
    let office = Office::new();
    let mut treasury = office.treasury(Vec::new());
    let batch = treasury.built(office.fiona());
    assert_eq!(treasury.batches[&batch].status, BatchStatus::Cancelled);
}

#[test]
fn step_and_selection_are_bounded() {
    let office = Office::new();
    let reports = office.of_ana(&vec![(1, 0); MAX_BATCH_STEP + 1]);
    let mut treasury = office.treasury(reports.clone());
    assert!(matches!(treasury.create(office.fiona(), named(&[])), Err(DomainError::InvalidSelection(_))));
    let mut more = seed(9);
    let too_many = NamedSelection::Reports((0..10_001).map(|_| more.next_id()).collect());
    assert!(matches!(treasury.create(office.fiona(), too_many), Err(DomainError::InvalidSelection(_))));
    let batch = treasury.create(office.fiona(), named(&reports)).unwrap();
    assert!(matches!(treasury.taking(batch, &ids(&reports)), Err(DomainError::InvalidSelection(_))));
    treasury.build(batch);
    assert_eq!(treasury.batches[&batch].taken, MAX_BATCH_STEP + 1);
    assert_eq!(treasury.payments.len(), 1);
}

#[test]
fn end_to_end_id_fits_bank_formats() {
    let id: PaymentId = seed(3).next_id();
    let text = end_to_end_id(id);
    assert!(text.len() == 29 && text.starts_with("PAY"), "{text}");
    assert!(text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()));
}

#[test]
fn payment_mail_goes_to_owner_and_payee() {
    let office = Office::new();
    let mut reports = office.of_ana(&[(3_000, 0)]);
    reports[0].payee = Some(office.finn.member_ref());
    let mut treasury = office.treasury(reports.clone());
    let batch = treasury.built(office.fiona());
    treasury.release(batch, office.ada()).unwrap();
    treasury.release_payments(batch).unwrap();
    let payment = treasury.payment_to(batch, &office.finn).id;
    treasury.settle(payment, office.ada(), paid("REF-1")).unwrap();
    let step = [(treasury.entries[0].1.clone(), treasury.reports[&reports[0].id].clone())];
    let apply = |treasury: &Treasury, step| {
        let (batch, payment) = (&treasury.batches[&batch], &treasury.payments[&payment]);
        change::apply_outcome(batch, payment, step, treasury.now).unwrap().unwrap()
    };
    let change = apply(&treasury, &step);
    let mail = change.reports[0].events[0].notification().unwrap();
    let both = Recipients::Members(vec![office.ana(), office.finn.id]);
    assert_eq!(mail.recipients, both);
    assert!(
        matches!(mail.content, NotificationContent::Reimbursement { payment, .. } if payment.claim == cents(3_000))
    );
    treasury.settle(payment, office.ada(), PaymentOutcome::Failed(failure("AC04"))).unwrap();
    let change = apply(&treasury, &step);
    let mail = change.reports[0].events[0].notification().unwrap();
    assert_eq!(mail.recipients, both);
    assert!(
        matches!(mail.content, NotificationContent::ReportPaymentFailure { failure, .. } if failure.code.is_some())
    );
}

#[test]
fn waiting_batch_mail_leaves_out_its_creator() {
    let office = Office::new();
    let mut treasury = office.treasury(office.of_ana(&[(100, 0)]));
    let batch = treasury.create(office.fiona(), NamedSelection::Reports(treasury.reports.keys().copied().collect()));
    let batch = batch.unwrap();
    let all: Vec<ReportId> = treasury.reports.keys().copied().collect();
    treasury.take(batch, &all).unwrap();
    treasury.finish_stage(batch).unwrap();
    let recipients = |four_eyes_from| {
        let opened = change::finish_stage(&treasury.batches[&batch], &rules(four_eyes_from), treasury.now).unwrap();
        opened.events[0].recipients()
    };
    assert_eq!(recipients(None), Some(Recipients::Finance { except: Some(office.fiona()) }));
    assert_eq!(recipients(Some(money("9.00"))), Some(Recipients::Finance { except: None }));
}
