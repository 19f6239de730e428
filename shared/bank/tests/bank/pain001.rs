//! pain.001: sums, groups, character set and lengths, for any input.

use std::collections::{BTreeMap, BTreeSet};

use outlay_bank::{
    CreditTransfer, CreditorAddress, PaymentFileError, PaymentOrder, payment_information_id, write_pain001,
};
use outlay_domain::money::Currency;
use proptest::prelude::*;

use crate::samples::{OTHER_IBAN, SEPA_IBANS, iban_account, iban_order, mixed_payments, money, payment, us_account};

fn write(order: &PaymentOrder) -> String {
    let mut written = Vec::new();
    write_pain001(order, &mut written).unwrap();
    String::from_utf8(written).unwrap()
}

/// Texts of all elements with this name.
fn texts<'a>(xml: &'a str, name: &str) -> Vec<&'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    xml.split(&open).skip(1).map(|rest| rest.split_once(&close).unwrap().0).collect()
}

/// True for the error that a case expects.
type Expectation = fn(&PaymentFileError) -> bool;

#[test]
fn order_is_grouped_by_currency_and_service_level() {
    let order = iban_order(mixed_payments());
    let mut written = Vec::new();
    let groups = write_pain001(&order, &mut written).unwrap();
    let shape: Vec<_> = groups.iter().map(|group| (group.currency.code(), group.is_sepa, group.payments)).collect();
    let expected = [("EUR", true, 4), ("EUR", false, 1), ("JPY", false, 1), ("KWD", false, 1), ("USD", false, 1)];
    assert_eq!(shape, expected);
    let xml = String::from_utf8(written).unwrap();
    assert_eq!(xml.matches("<Cd>SEPA</Cd>").count(), 1);
    assert_eq!(texts(&xml, "ChrgBr"), ["SLEV", "SHAR", "SHAR", "SHAR", "SHAR"]);
    let ids: Vec<_> = groups.iter().map(|group| group.id.as_str()).collect();
    assert_eq!(texts(&xml, "PmtInfId"), ids);
    let unique: BTreeSet<_> = ids.iter().collect();
    assert_eq!(unique.len(), ids.len());
    for payment in &order.payments {
        assert!(ids.contains(&payment_information_id(&order, payment).as_str()));
    }
    assert!(xml.contains("<InstdAmt Ccy=\"JPY\">15000</InstdAmt>"));
    assert!(xml.contains("<InstdAmt Ccy=\"KWD\">1.234</InstdAmt>"));
    assert!(!xml.contains("AdrLine"));
}

#[test]
fn longest_message_id_leaves_room_for_groups() {
    let mut order = iban_order(mixed_payments());
    order.message_id = "M".repeat(35).parse().unwrap();
    assert!(texts(&write(&order), "PmtInfId").iter().all(|id| id.len() <= 35));
}

#[test]
fn order_with_faulty_payment_writes_nothing() {
    let account = || iban_account("Ana", SEPA_IBANS[0]);
    let cases: [(Vec<CreditTransfer>, Expectation); 7] = [
        (vec![], |error| matches!(error, PaymentFileError::Empty)),
        (vec![payment("A", account(), money(0, "EUR"))], |error| matches!(error, PaymentFileError::NotPositive(_))),
        (vec![payment("A", account(), money(-1, "EUR"))], |error| matches!(error, PaymentFileError::NotPositive(_))),
        (
            vec![payment("A", account(), money(1, "EUR")), payment("A", account(), money(2, "EUR"))],
            |error| matches!(error, PaymentFileError::DuplicateId(id) if id.as_str() == "A"),
        ),
        (vec![payment("A", account(), money(100_000_000_000, "EUR"))], |error| {
            matches!(error, PaymentFileError::AmountTooLarge(_))
        }),
        (vec![payment("A", account(), money(i64::MAX, "JPY")), payment("B", account(), money(1, "JPY"))], |error| {
            matches!(error, PaymentFileError::SumTooLarge)
        }),
        (vec![payment("A", iban_account("\u{301}", SEPA_IBANS[0]), money(1, "EUR"))], |error| {
            matches!(error, PaymentFileError::CreditorName(_))
        }),
    ];
    for (payments, is_expected) in cases {
        let mut written = Vec::new();
        let error = write_pain001(&iban_order(payments), &mut written).unwrap_err();
        assert!(is_expected(&error), "{error:?}");
        assert!(written.is_empty(), "{error:?}");
    }
}

#[test]
fn failing_output_is_an_error() {
    let mut full = &mut [0_u8; 100][..];
    let error = write_pain001(&iban_order(mixed_payments()), &mut full).unwrap_err();
    assert!(matches!(error, PaymentFileError::Io(_)));
}

#[test]
fn ten_thousand_payments_are_written_in_order() {
    let payments: Vec<_> = (0..10_000_usize)
        .map(|at| payment(&format!("P{at}"), iban_account("Ana", SEPA_IBANS[at % 5]), money(101, "EUR")))
        .collect();
    let order = iban_order(payments);
    let xml = write(&order);
    let ids: Vec<_> = order.payments.iter().map(|payment| payment.end_to_end_id.as_str()).collect();
    assert_eq!(texts(&xml, "EndToEndId"), ids);
    assert_eq!(texts(&xml, "CtrlSum"), ["10100.00", "10100.00"]);
    assert_eq!(texts(&xml, "NbOfTxs"), ["10000", "10000"]);
}

fn any_payment() -> impl Strategy<Value = CreditTransfer> {
    let account = prop::sample::select(vec![0_usize, 1, 2, 3, 4, 5, 6]);
    let code = prop::sample::select(vec!["EUR", "JPY", "KWD", "USD", "GBP", "ADP", "TND"]);
    (account, code, 1_i64..99_999_999_999, ".{0,200}", "\\PC{1,150}", any::<Option<(String, String)>>()).prop_map(
        |(account, code, minor, remittance, name, address)| {
            let name = format!("A{name}").parse::<outlay_domain::text::AccountHolder>();
            let name = name.map_or("Ana".to_owned(), String::from);
            let account = match account {
                5 => iban_account(&name, OTHER_IBAN),
                6 => us_account(&name, "121000358", "001234567"),
                at => iban_account(&name, SEPA_IBANS[at]),
            };
            let mut payment = payment("ID", account, money(minor, code));
            payment.remittance = remittance;
            payment.address = address.map(|(street, town)| CreditorAddress {
                building_number: Some(street.clone()),
                postal_code: Some(town.clone()),
                street: Some(street),
                town: format!("T{town}"),
                country: "DE".parse().unwrap(),
            });
            payment
        },
    )
}

/// Sum of decimal texts, in units of 10^-4.
fn sum(texts: &[&str]) -> i128 {
    let units = |text: &&str| {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
        format!("{whole}{decimals:0<4}").parse::<i128>().unwrap()
    };
    texts.iter().map(units).sum()
}

proptest! {
    #[test]
    fn any_order_keeps_sums_characters_and_lengths(
        payments in prop::collection::vec(any_payment(), 1..20),
        debtor in "A.{0,200}",
    ) {
        let mut order = iban_order(payments);
        for (at, payment) in order.payments.iter_mut().enumerate() {
            payment.end_to_end_id = format!("ID{at}").parse().unwrap();
        }
        order.debtor.name = debtor;
        let xml = write(&order);
        // Header first, then the groups.
        let sums = texts(&xml, "CtrlSum");
        prop_assert_eq!(sum(&sums[..1]), sum(&sums[1..]));
        let mut amounts: BTreeMap<Currency, i128> = BTreeMap::new();
        for payment in &order.payments {
            *amounts.entry(payment.amount.currency()).or_default() += sum(&[&payment.amount.amount()]);
        }
        prop_assert_eq!(sum(&sums[..1]), amounts.values().sum::<i128>());
        let written: Vec<_> = xml.split("<InstdAmt Ccy=\"").skip(1)
            .map(|rest| rest[5..].split_once('<').unwrap().0).collect();
        prop_assert_eq!(sum(&written), sum(&sums[..1]));
        prop_assert_eq!(texts(&xml, "EndToEndId").len(), order.payments.len());
        let limits = [("Nm", 70), ("Ustrd", 140), ("StrtNm", 70), ("BldgNb", 16), ("PstCd", 16), ("TwnNm", 35)];
        for (name, limit) in limits {
            for text in texts(&xml, name) {
                prop_assert!((1..=limit).contains(&text.len()), "{} {}", name, text);
                prop_assert!(text.chars().all(|c| c.is_ascii_alphanumeric() || "/-?:().,'+ ".contains(c)), "{}", text);
            }
        }
        prop_assert!(xml.is_ascii());
    }
}
