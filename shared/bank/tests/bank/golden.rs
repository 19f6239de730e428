//! One file of each format, compared byte by byte. `OUTLAY_BLESS=1` writes them anew.

use std::path::PathBuf;

use outlay_bank::{NachaOptions, PaymentOrder, write_csv, write_nacha, write_pain001};

use crate::samples::{iban_order, mixed_payments, sepa_payments, us_order, us_payments};

pub fn data(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

#[expect(clippy::disallowed_methods, reason = "OUTLAY_BLESS=1 rewrites the files")]
fn compare(name: &str, written: &[u8]) {
    if std::env::var_os("OUTLAY_BLESS").is_some_and(|value| value == "1") {
        std::fs::write(data(name), written).unwrap();
    }
    let expected = std::fs::read(data(name)).unwrap();
    assert!(expected == written, "{name} differs; see `git diff` after OUTLAY_BLESS=1");
}

#[test]
fn pain001_mixed_order_equals_golden_file() {
    let mut written = Vec::new();
    write_pain001(&iban_order(mixed_payments()), &mut written).unwrap();
    compare("pain001_mixed.xml", &written);
}

#[test]
fn pain001_sepa_order_equals_golden_file() {
    let mut written = Vec::new();
    write_pain001(&iban_order(sepa_payments()), &mut written).unwrap();
    compare("pain001_sepa.xml", &written);
}

#[test]
fn pain001_us_order_equals_golden_file() {
    let mut written = Vec::new();
    write_pain001(&us_order(us_payments()), &mut written).unwrap();
    compare("pain001_us.xml", &written);
}

#[test]
fn nacha_order_equals_golden_file() {
    let mut written = Vec::new();
    write_nacha(&us_order(us_payments()), NachaOptions { file_id_modifier: 'A', has_addenda: true }, &mut written)
        .unwrap();
    compare("nacha_ppd.txt", &written);
}

fn csv(order: &PaymentOrder) -> Vec<u8> {
    let mut written = Vec::new();
    write_csv(order, &mut written).unwrap();
    written
}

#[test]
fn csv_orders_equal_golden_files() {
    let mut payments = mixed_payments();
    payments[1].remittance = String::from("=HYPERLINK(\"http://example.com\")");
    compare("payments_mixed.csv", &csv(&iban_order(payments)));
    compare("payments_sepa.csv", &csv(&iban_order(sepa_payments())));
    compare("payments_us.csv", &csv(&us_order(us_payments())));
}
