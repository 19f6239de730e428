//! NACHA files: records, totals and limits.

use outlay_bank::{CreditTransfer, NachaOptions, PaymentFileError, PaymentOrder, write_nacha};
use proptest::prelude::*;

use crate::samples::{SEPA_IBANS, iban_account, iban_order, money, payment, us_account, us_order, us_payments};

const OPTIONS: NachaOptions = NachaOptions { file_id_modifier: 'A', has_addenda: true };

fn write(order: &PaymentOrder, options: NachaOptions) -> Result<String, PaymentFileError> {
    let mut written = Vec::new();
    write_nacha(order, options, &mut written)?;
    Ok(String::from_utf8(written).unwrap())
}

/// Checks the form of a file and its totals against the order.
fn check(file: &str, order: &PaymentOrder) {
    assert!(file.ends_with('\n'));
    let records: Vec<_> = file.lines().collect();
    assert!(records.iter().all(|record| record.len() == 94), "{file}");
    assert_eq!(records.len() % 10, 0);
    assert!(file.chars().all(|c| c == '\n' || (' '..='~').contains(&c) && !c.is_ascii_lowercase()));
    let of_kind = |kind: char| records.iter().filter(move |record| record.starts_with(kind)).copied();
    let entries: Vec<_> = of_kind('6').collect();
    let count = entries.len() + of_kind('7').count();
    assert_eq!(entries.len(), order.payments.len());
    let hash = entries.iter().map(|entry| entry[3..11].parse::<u64>().unwrap()).sum::<u64>() % 10_000_000_000;
    let cents = order.payments.iter().map(|payment| payment.amount.minor()).sum::<i64>();
    let batch_control = of_kind('8').next().unwrap();
    assert_eq!(batch_control[..44], format!("8220{count:0>6}{hash:0>10}{:0>12}{cents:0>12}", 0));
    let file_control = records.iter().rfind(|record| **record != "9".repeat(94)).unwrap();
    let blocks = records.len() / 10;
    assert_eq!(file_control[..55], format!("9000001{blocks:0>6}{count:0>8}{hash:0>10}{:0>12}{cents:0>12}", 0));
    let mut addenda = of_kind('7');
    for (entry, (payment, sequence)) in entries.iter().zip(order.payments.iter().zip(1..)) {
        assert_eq!(entry[29..39], format!("{:0>10}", payment.amount.minor()));
        assert_eq!(entry[79..], format!("02100002{sequence:0>7}"));
        let id = entry[39..54].trim_end().to_ascii_lowercase();
        assert!(payment.end_to_end_id.as_str().to_ascii_lowercase().ends_with(&id));
        if &entry[78..79] == "1" {
            assert_eq!(addenda.next().unwrap()[83..], format!("0001{sequence:0>7}"));
        }
    }
    assert_eq!(addenda.next(), None);
}

/// True for the error that a case expects.
type Expectation = fn(&PaymentFileError) -> bool;

#[test]
fn file_has_records_and_totals_of_its_order() {
    let order = us_order(us_payments());
    check(&write(&order, OPTIONS).unwrap(), &order);
    check(&write(&order, NachaOptions { has_addenda: false, ..OPTIONS }).unwrap(), &order);
}

#[test]
fn entry_hash_drops_higher_digits() {
    // 200 times 99 million is above ten digits.
    let payments: Vec<_> = (0..200)
        .map(|at| payment(&format!("P{at}"), us_account("Ana", "322271627", "12345"), money(100, "USD")))
        .collect();
    let order = us_order(payments);
    let file = write(&order, OPTIONS).unwrap();
    check(&file, &order);
    assert!(file.contains("6445432400"), "{file}");
}

#[test]
fn order_that_the_format_cannot_hold_is_refused() {
    let ana = || us_account("Ana", "121000358", "001234567");
    let cases: [(PaymentOrder, Expectation); 6] = [
        (us_order(vec![payment("A", ana(), money(1, "CAD"))]), |error| matches!(error, PaymentFileError::Currency(_))),
        (us_order(vec![payment("A", ana(), money(10_000_000_000, "USD"))]), |error| {
            matches!(error, PaymentFileError::AmountTooLarge(_))
        }),
        (us_order(vec![payment("A", iban_account("Ana", SEPA_IBANS[0]), money(1, "USD"))]), |error| {
            matches!(error, PaymentFileError::CreditorAccount(_))
        }),
        (iban_order(vec![payment("A", ana(), money(1, "USD"))]), |error| {
            matches!(error, PaymentFileError::DebtorAccount)
        }),
        (us_order(vec![]), |error| matches!(error, PaymentFileError::Empty)),
        (
            us_order((0..101).map(|at| payment(&format!("P{at}"), ana(), money(9_999_999_999, "USD"))).collect()),
            |error| matches!(error, PaymentFileError::SumTooLarge),
        ),
    ];
    for (order, is_expected) in cases {
        let mut written = Vec::new();
        let error = write_nacha(&order, OPTIONS, &mut written).unwrap_err();
        assert!(is_expected(&error), "{error:?}");
        assert!(written.is_empty());
    }
    let options = NachaOptions { file_id_modifier: 'a', ..OPTIONS };
    assert!(matches!(write(&us_order(us_payments()), options), Err(PaymentFileError::FileModifier)));
    let mut order = us_order(us_payments());
    order.execution_date = jiff::civil::date(2100, 1, 1);
    assert!(matches!(write(&order, OPTIONS), Err(PaymentFileError::Date)));
}

fn any_us_payment() -> impl Strategy<Value = CreditTransfer> {
    let routing = prop::sample::select(vec!["121000358", "021000021", "122105155", "091000019", "322271627"]);
    (routing, "[0-9]{4,17}", 1_i64..9_999_999_999, "\\PC{0,150}", any::<String>()).prop_map(
        |(routing, number, minor, name, remittance)| {
            let name = format!("A{name}").parse::<outlay_domain::text::AccountHolder>();
            let name = name.map_or("Ana".to_owned(), String::from);
            let mut payment = payment("ID", us_account(&name, routing, &number), money(minor, "USD"));
            payment.remittance = remittance;
            payment
        },
    )
}

proptest! {
    #[test]
    fn any_order_has_records_of_94_and_right_totals(
        payments in prop::collection::vec(any_us_payment(), 1..40),
        has_addenda: bool,
        ids in "[A-Za-z0-9.-]{1,20}",
    ) {
        let mut order = us_order(payments);
        for (at, payment) in order.payments.iter_mut().enumerate() {
            payment.end_to_end_id = format!("{ids}{at}").parse().unwrap();
        }
        check(&write(&order, NachaOptions { has_addenda, ..OPTIONS }).unwrap(), &order);
    }
}
