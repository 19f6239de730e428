//! Content of payment files, and what the entries of banks' answers mean for payments.
#![cfg(test)]

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::date;
use outlay_bank::{BankEntry, BankOutcome, read_answer};
use outlay_domain::batch::{
    BankFileFormat, Batch, BatchSelection, BatchStatus, BuildStage, HoldReason, Payment, PaymentAccount, PaymentCounts,
    PaymentStatus, end_to_end_id,
};
use outlay_domain::change::PaymentOutcome;
use outlay_domain::ids::IdGenerator;
use outlay_domain::member::MemberRef;
use outlay_domain::money::{Currency, Money};
use outlay_domain::organisation::Organisation;
use outlay_domain::payment_settings::{IbanDebtor, PaymentSettings, UsDebtor};
use outlay_domain::payout::{AccountNumber, PayoutAccount};
use outlay_payments::{
    BankFileError, FileContent, ReleasedPayment, Unmatched, batch_with_message_id, build_file, outcome_of_entry,
    rejected_groups, rejection_of_file,
};

fn now() -> Timestamp {
    "2026-11-30T09:15:42Z".parse().unwrap()
}

fn money(minor: i64, code: &str) -> Money {
    Money::from_minor(minor, Currency::stored(code).unwrap())
}

/// Organisation with both accounts, a released batch, and a source of identifiers.
fn setting(format: BankFileFormat) -> (Organisation, Batch, IdGenerator) {
    let mut ids = IdGenerator::new(now(), [7; 10]);
    let settings = PaymentSettings {
        debtor_name: "Müller & Söhne GmbH".parse().unwrap(),
        iban: Some(IbanDebtor {
            account: AccountNumber::iban("DE75512108001245126199").unwrap(),
            bank: "SOGEDEFFXXX".parse().ok(),
        }),
        us: Some(UsDebtor {
            account: AccountNumber::us("021000021", "9876543210").unwrap(),
            company_id: "1123456789".parse().unwrap(),
            bank_name: "First Bank".parse().unwrap(),
        }),
        is_batch_booked: true,
    };
    let organisation = Organisation {
        id: ids.next_id(),
        name: "Müller & Söhne".parse().unwrap(),
        base_currency: "EUR".parse().unwrap(),
        mail_domains: Vec::new(),
        rate_source: None,
        payments: Some(Box::new(settings)),
        version: 2,
        last_hash: String::new(),
        created_at: now(),
        closed_at: None,
    };
    let fiona = MemberRef { id: ids.next_id(), name: "Fiona".parse().unwrap() };
    let batch = Batch {
        id: ids.next_id(),
        org: organisation.id,
        status: BatchStatus::Released,
        stage: BuildStage::Debts,
        cursor: None,
        selection: BatchSelection::Reports { count: 1 },
        format,
        execution_date: date(2026, 12, 1),
        created_by: fiona.clone(),
        created_at: now(),
        taken: 1,
        skipped: BTreeMap::new(),
        payments: PaymentCounts::default(),
        totals: BTreeMap::new(),
        base_bound: money(0, "EUR"),
        released_by: Some(fiona),
        released_at: Some(now()),
        file: None,
        version: 2,
        last_event: 5,
        last_hash: String::new(),
    };
    (organisation, batch, ids)
}

fn released(batch: &Batch, ids: &mut IdGenerator, number: AccountNumber, amount: Money) -> ReleasedPayment {
    let id = ids.next_id();
    let account = PayoutAccount::new("Ana Silva".parse().unwrap(), number);
    let payment = Payment {
        id,
        org: batch.org,
        batch: batch.id,
        payee: MemberRef { id: ids.next_id(), name: "Ana".parse().unwrap() },
        gross: amount,
        set_off: Money::zero(amount.currency()),
        amount,
        reports: 2,
        applied: 0,
        end_to_end_id: end_to_end_id(id),
        status: PaymentStatus::Released,
        account: Some(PaymentAccount { version: 1, masked: account.masked() }),
        approved_from: now(),
        hold: None,
        paid_on: None,
        reference: None,
        failure: None,
        version: 2,
    };
    ReleasedPayment { payment, account, report_numbers: vec!["R-1".to_owned(), "R-2".to_owned()] }
}

fn german() -> AccountNumber {
    AccountNumber::iban("DE89370400440532013000").unwrap()
}

fn american() -> AccountNumber {
    AccountNumber::us("121000358", "001234567").unwrap()
}

/// Text of a file that has every payment.
fn written(content: FileContent) -> String {
    match content {
        FileContent::Bytes(bytes) => String::from_utf8(bytes).unwrap(),
        FileContent::LeftOut(left_out) => panic!("{left_out:?}"),
    }
}

#[test]
fn same_payments_give_same_bytes() {
    let (organisation, batch, mut ids) = setting(BankFileFormat::Pain001);
    let payments = vec![released(&batch, &mut ids, german(), money(12_345, "EUR"))];
    let build = || written(build_file(&batch, &organisation, payments.clone()).unwrap());
    let text = build();
    assert_eq!(text, build());
    let message_id = batch.id.to_string().replace('_', "").to_uppercase();
    for part in [
        &format!("<MsgId>{message_id}</MsgId>"),
        &format!("<EndToEndId>{}</EndToEndId>", payments[0].payment.end_to_end_id),
        "<CtrlSum>123.45</CtrlSum>",
        "DE75512108001245126199",
        "DE89370400440532013000",
        "R-1, R-2 Mueller + Soehne",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(batch_with_message_id(&message_id), Some(batch.id));
}

#[test]
fn nacha_file_leaves_out_other_accounts_and_currencies() {
    let (organisation, batch, mut ids) = setting(BankFileFormat::Nacha);
    let iban = released(&batch, &mut ids, german(), money(100, "USD"));
    let euro = released(&batch, &mut ids, american(), money(200, "EUR"));
    let huge = released(&batch, &mut ids, american(), money(10_000_000_000, "USD"));
    let good = released(&batch, &mut ids, american(), money(300, "USD"));
    let payments = vec![iban.clone(), euro.clone(), huge.clone(), good.clone()];
    let FileContent::LeftOut(left_out) = build_file(&batch, &organisation, payments).unwrap() else {
        panic!("the file has payments that NACHA cannot pay")
    };
    let expected = [&iban, &euro, &huge].map(|released| (released.payment.id, HoldReason::NotInFormat));
    assert_eq!(left_out.iter().map(|(payment, reason)| (payment.id, *reason)).collect::<Vec<_>>(), expected);
    let text = written(build_file(&batch, &organisation, vec![good]).unwrap());
    assert!(text.lines().all(|line| line.trim_end_matches('\r').len() == 94), "{text}");
    assert!(text.contains("001234567") && text.contains("1123456789"), "{text}");
}

#[test]
fn file_without_debtor_is_refused() {
    for format in [BankFileFormat::Pain001, BankFileFormat::Nacha, BankFileFormat::Csv] {
        let (mut organisation, batch, mut ids) = setting(format);
        organisation.payments = None;
        let payments = vec![released(&batch, &mut ids, american(), money(100, "USD"))];
        let refused = build_file(&batch, &organisation, payments);
        assert!(matches!(refused, Err(BankFileError::MissingDebtor(_))), "{refused:?}");
    }
}

fn entry(outcome: BankOutcome, amount: Option<Money>) -> BankEntry {
    BankEntry {
        batch_id: None,
        end_to_end_id: Some("PAY".to_owned()),
        amount,
        date: Some(date(2026, 12, 1)),
        reference: Some("BANK-7".to_owned()),
        outcome,
    }
}

#[test]
fn entry_counts_with_amount_and_currency_of_payment() {
    let (_, batch, mut ids) = setting(BankFileFormat::Pain001);
    let payment = released(&batch, &mut ids, german(), money(100, "EUR")).payment;
    let outcome = |outcome, amount| outcome_of_entry(&entry(outcome, amount), &payment);
    let paid = PaymentOutcome::Paid { on: date(2026, 12, 1), reference: "BANK-7".parse().ok() };
    assert_eq!(outcome(BankOutcome::Settled, Some(money(100, "EUR"))), Ok(Some(paid)));
    for other in [money(101, "EUR"), money(100, "USD")] {
        assert_eq!(outcome(BankOutcome::Settled, Some(other)), Err(Unmatched::OtherAmount));
    }
    assert_eq!(outcome(BankOutcome::Settled, None), Err(Unmatched::NoAmount));
    let undated = BankEntry { date: None, ..entry(BankOutcome::Settled, Some(money(100, "EUR"))) };
    assert_eq!(outcome_of_entry(&undated, &payment), Err(Unmatched::NoDay));
    for undecided in [BankOutcome::Pending, BankOutcome::Accepted] {
        assert_eq!(outcome(undecided, None), Ok(None));
    }
}

#[test]
fn rejection_has_code_and_reason_in_words() {
    let (_, batch, mut ids) = setting(BankFileFormat::Pain001);
    let payment = released(&batch, &mut ids, german(), money(100, "EUR")).payment;
    let reason = |code: Option<&str>, text: Option<&str>| {
        let rejected = BankOutcome::Rejected { code: code.map(str::to_owned), text: text.map(str::to_owned) };
        match outcome_of_entry(&entry(rejected, None), &payment).unwrap().unwrap() {
            PaymentOutcome::Failed(failure) => (failure.code.map(|code| code.to_string()), failure.reason.to_string()),
            paid @ PaymentOutcome::Paid { .. } => panic!("{paid:?}"),
        }
    };
    let (code, words) = reason(Some("AC04"), Some("Konto erloschen"));
    assert_eq!(code.as_deref(), Some("AC04"));
    assert!(words.ends_with(". Konto erloschen"), "{words}");
    assert_eq!(reason(None, None), (None, "The bank has not carried out the payment.".to_owned()));
}

#[test]
fn rejected_file_and_group_are_told_apart() {
    let read = |name: &str| {
        let file = format!("{}/../bank/tests/data/{name}", env!("CARGO_MANIFEST_DIR"));
        read_answer(&std::fs::read(file).unwrap()).unwrap()
    };
    let whole = read("pain002_file_rejected.xml");
    assert!(matches!(rejection_of_file(&whole), Some(PaymentOutcome::Failed(_))));
    assert_eq!(rejected_groups(&whole).count(), 0);
    assert_eq!(rejection_of_file(&read("pain002_partly_rejected.xml")), None);
    for other in ["", "BAT", "bat01jd8h3q5vfx8r9k2m7n4p6s0t", "PAY01JD8H3Q5VFX8R9K2M7N4P6S0T"] {
        assert_eq!(batch_with_message_id(other), None, "{other}");
    }
}
