//! NACHA files: PPD credits to US accounts (Nacha Operating Rules, Appendix Three, ACH record formats).

use std::io::Write;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use outlay_domain::payout::PlainNumber;

use crate::error::PaymentFileError;
use crate::order::{AchOriginator, CreditTransfer, PaymentOrder};
use crate::text::to_bank_text;

/// Characters of a record, without the line feed.
const RECORD: usize = 94;
/// Records of a block.
const BLOCK: u64 = 10;
/// Largest amount of an entry, in cents.
const MAX_ENTRY_CENTS: i64 = 9_999_999_999;
/// Largest sum of a file, in cents: 12 digits.
const MAX_TOTAL_CENTS: i64 = 999_999_999_999;
/// Most entries and addenda of a batch: six digits.
const MAX_RECORDS: u64 = 999_999;
/// Entry hashes have ten digits; higher ones are dropped.
const HASH_END: u64 = 10_000_000_000;
/// Service class: credits only.
const CREDITS_ONLY: &str = "220";
/// Transaction code: credit to a checking account.
const CHECKING_CREDIT: &str = "22";
/// Company entry description.
const DESCRIPTION: &str = "EXPENSES";
/// Number of the only batch.
const BATCH: &str = "0000001";
/// Characters of the individual identification number.
const MAX_INDIVIDUAL_ID: usize = 15;
/// Characters of the text of an addenda record.
const MAX_ADDENDA: usize = 80;

/// Properties of a NACHA file that the order does not have.
#[derive(Clone, Copy, Debug)]
pub struct NachaOptions {
    /// `A`-`Z` or `0`-`9`; it tells the files of one day apart.
    pub file_id_modifier: char,
    /// `true` to send the remittance text in an addenda record of each payment.
    pub has_addenda: bool,
}

/// Parts of the order that a NACHA file needs, checked.
struct Originator<'a> {
    company: &'a AchOriginator,
    name: String,
    routing_number: &'a str,
}

/// Sums over the entries of the batch.
#[derive(Default)]
struct Totals {
    /// Entries and addenda.
    records: u64,
    /// Sum of the first eight digits of the routing numbers.
    hash: u64,
    /// Sum of the amounts, in cents.
    cents: i64,
}

/// Writes the order as a NACHA file with one batch of PPD credits: ASCII in capital letters, 94 characters per record,
/// each ended by a line feed (`\n`), filled with records of nines to blocks of ten.
///
/// Texts are transliterated by [`to_bank_text`]. The individual identification number is the end of the end-to-end
/// identifier, at most 15 characters in capital letters. The trace number is the first eight digits of the debtor's
/// routing number and the position of the payment from 1, seven digits. Dates of creation are in UTC.
///
/// # Errors
/// [`PaymentFileError`]
pub fn write_nacha(order: &PaymentOrder, options: NachaOptions, out: &mut impl Write) -> Result<(), PaymentFileError> {
    let originator = check(order, options)?;
    write_headers(order, options, &originator, out)?;
    let mut totals = Totals::default();
    for (payment, sequence) in order.payments.iter().zip(1_u64..) {
        let trace = format!("{}{sequence:0>7}", first_eight(originator.routing_number));
        write_entry(payment, options, &trace, &mut totals, out)?;
    }
    write_controls(&originator, &totals, out)
}

fn check(order: &PaymentOrder, options: NachaOptions) -> Result<Originator<'_>, PaymentFileError> {
    order.check()?;
    if !(options.file_id_modifier.is_ascii_uppercase() || options.file_id_modifier.is_ascii_digit()) {
        return Err(PaymentFileError::FileModifier);
    }
    let created = TimeZone::UTC.to_datetime(order.created_at).date();
    if ![created, order.execution_date].iter().all(|date| (2000..2100).contains(&date.year())) {
        return Err(PaymentFileError::Date);
    }
    let (PlainNumber::Us { routing_number, .. }, Some(company)) = (order.debtor.account.reveal(), &order.debtor.ach)
    else {
        return Err(PaymentFileError::DebtorAccount);
    };
    let name = upper(&order.debtor.name, 23);
    if name.is_empty() {
        return Err(PaymentFileError::DebtorName);
    }
    let records_each = if options.has_addenda { 2 } else { 1 };
    let records = u64::try_from(order.payments.len()).ok().and_then(|payments| payments.checked_mul(records_each));
    if records.is_none_or(|records| records > MAX_RECORDS) {
        return Err(PaymentFileError::TooManyPayments);
    }
    let total = order.payments.iter().try_fold(0_i64, |sum, payment| {
        check_payment(payment)?;
        let sum = sum.checked_add(payment.amount.minor()).filter(|sum| *sum <= MAX_TOTAL_CENTS);
        sum.ok_or(PaymentFileError::SumTooLarge)
    });
    total.map(|_| Originator { company, name, routing_number })
}

fn check_payment(payment: &CreditTransfer) -> Result<(), PaymentFileError> {
    let id = || payment.end_to_end_id.clone();
    if payment.amount.currency().code() != "USD" || payment.amount.currency().exponent() != 2 {
        return Err(PaymentFileError::Currency(id()));
    }
    if payment.amount.minor() > MAX_ENTRY_CENTS {
        return Err(PaymentFileError::AmountTooLarge(id()));
    }
    if let PlainNumber::Iban(_) = payment.account.number().reveal() {
        return Err(PaymentFileError::CreditorAccount(id()));
    }
    if upper(payment.account.holder(), 22).is_empty() {
        return Err(PaymentFileError::CreditorName(id()));
    }
    Ok(())
}

fn write_headers(
    order: &PaymentOrder,
    options: NachaOptions,
    originator: &Originator<'_>,
    out: &mut impl Write,
) -> Result<(), PaymentFileError> {
    let created = TimeZone::UTC.to_datetime(order.created_at);
    let (routing, company) = (originator.routing_number, originator.company.company_id.as_str());
    let file_header = format!(
        "101 {routing}{company}{}{:0>2}{:0>2}{}094101{:<23}{:<23}{:8}",
        short_date(created.date()),
        created.hour(),
        created.minute(),
        options.file_id_modifier,
        upper(&originator.company.bank_name, 23),
        originator.name,
        "",
    );
    write_record(&file_header, out)?;
    let batch_header = format!(
        "5{CREDITS_ONLY}{:<16}{:20}{company}PPD{DESCRIPTION:<10}{}{}{:3}1{}{BATCH}",
        cut(&originator.name, 16),
        "",
        short_date(created.date()),
        short_date(order.execution_date),
        "",
        first_eight(routing),
    );
    write_record(&batch_header, out)
}

fn write_entry(
    payment: &CreditTransfer,
    options: NachaOptions,
    trace: &str,
    totals: &mut Totals,
    out: &mut impl Write,
) -> Result<(), PaymentFileError> {
    let PlainNumber::Us { routing_number, account_number } = payment.account.number().reveal() else {
        return Err(PaymentFileError::CreditorAccount(payment.end_to_end_id.clone()));
    };
    let cents = payment.amount.minor();
    let id = payment.end_to_end_id.as_str();
    let id = id.get(id.len().saturating_sub(MAX_INDIVIDUAL_ID)..).unwrap_or(id).to_ascii_uppercase();
    let remittance = if options.has_addenda { upper(&payment.remittance, MAX_ADDENDA) } else { String::new() };
    let indicator = u8::from(!remittance.is_empty());
    let entry = format!(
        "6{CHECKING_CREDIT}{routing_number}{account_number:<17}{cents:0>10}{id:<15}{:<22}  {indicator}{trace}",
        upper(payment.account.holder(), 22),
    );
    write_record(&entry, out)?;
    let prefix = first_eight(routing_number).parse::<u64>().unwrap_or_default();
    totals.hash = totals.hash.saturating_add(prefix) % HASH_END;
    totals.cents = totals.cents.saturating_add(cents);
    totals.records = totals.records.saturating_add(1);
    if indicator == 1 {
        let sequence = trace.get(8..).unwrap_or_default();
        write_record(&format!("705{remittance:<80}0001{sequence}"), out)?;
        totals.records = totals.records.saturating_add(1);
    }
    Ok(())
}

fn write_controls(originator: &Originator<'_>, totals: &Totals, out: &mut impl Write) -> Result<(), PaymentFileError> {
    let Totals { records, hash, cents } = totals;
    let company = originator.company.company_id.as_str();
    let batch_control = format!(
        "8{CREDITS_ONLY}{records:0>6}{hash:0>10}{:0>12}{cents:0>12}{company}{:25}{}{BATCH}",
        0,
        "",
        first_eight(originator.routing_number),
    );
    write_record(&batch_control, out)?;
    // Header and control of the file and of the batch.
    let lines = records.saturating_add(4);
    let blocks = lines.div_ceil(BLOCK);
    let file_control = format!("9000001{blocks:0>6}{records:0>8}{hash:0>10}{:0>12}{cents:0>12}{:39}", 0, "");
    write_record(&file_control, out)?;
    let filler = "9".repeat(RECORD);
    (lines..blocks.saturating_mul(BLOCK)).try_for_each(|_| write_record(&filler, out))
}

fn write_record(record: &str, out: &mut impl Write) -> Result<(), PaymentFileError> {
    out.write_all(record.as_bytes())?;
    Ok(out.write_all(b"\n")?)
}

/// Text in capital letters of the character set of payments, all of which ACH files have too.
fn upper(text: &str, limit: usize) -> String {
    to_bank_text(text, limit).to_ascii_uppercase()
}

fn cut(text: &str, limit: usize) -> &str {
    text.get(..limit).unwrap_or(text).trim_end()
}

fn first_eight(routing_number: &str) -> &str {
    routing_number.get(..8).unwrap_or_default()
}

/// Date as `YYMMDD`.
fn short_date(date: Date) -> String {
    date.strftime("%y%m%d").to_string()
}
