//! CSV of an order (RFC 4180), for banks that take neither pain.001 nor NACHA files, and for people.

use std::borrow::Cow;
use std::io::Write;

use outlay_domain::payout::PlainNumber;

use crate::error::PaymentFileError;
use crate::order::{CreditTransfer, PaymentOrder};

/// First line.
const HEADER: [&str; 10] = [
    "end_to_end_id",
    "creditor_name",
    "account_kind",
    "iban",
    "routing_number",
    "account_number",
    "amount",
    "currency",
    "remittance",
    "execution_date",
];

/// Writes the order as CSV in UTF-8 without a byte order mark: a header, then one line per payment, each ended by CRLF.
///
/// Texts keep their script; control characters become blanks. A cell that a spreadsheet would take for a formula gets a
/// leading apostrophe. Amounts have a point and the decimals of their currency, dates the form `2026-11-30`.
///
/// # Errors
/// [`PaymentFileError`]
pub fn write_csv(order: &PaymentOrder, out: &mut impl Write) -> Result<(), PaymentFileError> {
    order.check()?;
    write_line(&HEADER, out)?;
    let date = order.execution_date.to_string();
    order.payments.iter().try_for_each(|payment| write_payment(payment, &date, out))
}

fn write_payment(payment: &CreditTransfer, date: &str, out: &mut impl Write) -> Result<(), PaymentFileError> {
    let (iban, routing_number, account_number) = match payment.account.number().reveal() {
        PlainNumber::Iban(iban) => (iban, "", ""),
        PlainNumber::Us { routing_number, account_number } => ("", routing_number, account_number),
    };
    let (amount, currency) = (payment.amount.amount(), payment.amount.currency());
    let cells = [
        payment.end_to_end_id.as_str(),
        payment.account.holder(),
        payment.account.kind(),
        iban,
        routing_number,
        account_number,
        &amount,
        currency.code(),
        &payment.remittance,
        date,
    ];
    write_line(&cells, out)
}

fn write_line(cells: &[&str], out: &mut impl Write) -> Result<(), PaymentFileError> {
    let mut separator = "";
    for cell in cells {
        write!(out, "{separator}{}", quote(&defuse(cell)))?;
        separator = ",";
    }
    Ok(out.write_all(b"\r\n")?)
}

/// Makes one line of a text that no spreadsheet takes for a formula. Some spreadsheets read the wide forms of the signs
/// as the signs.
fn defuse(text: &str) -> String {
    let visible: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let visible = visible.trim();
    let begins_formula = visible.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    if begins_formula { format!("'{visible}") } else { visible.to_owned() }
}

fn quote(cell: &str) -> Cow<'_, str> {
    if cell.contains([',', '"', ';']) { Cow::Owned(format!("\"{}\"", cell.replace('"', "\"\""))) } else { cell.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cell_is_quoted_and_never_a_formula() {
        for (text, expected) in [
            ("plain", "plain"),
            ("a, \"b\"", "\"a, \"\"b\"\"\""),
            ("=1+1", "'=1+1"),
            ("+49", "'+49"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'=1"),
            ("\r\n=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
            ("＝1", "'＝1"),
            ("=1,2", "\"'=1,2\""),
            ("two\r\nlines", "two  lines"),
            ("", ""),
        ] {
            assert_eq!(quote(&defuse(text)), expected, "{text:?}");
        }
    }
}
