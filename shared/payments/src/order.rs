//! Content of a payment file. The same released payments give the same bytes: nothing in it depends on the time of
//! writing.

use outlay_bank::{
    AchOriginator, CreditTransfer, Debtor, NachaOptions, OrderReference, PaymentFileError, PaymentOrder, write_csv,
    write_nacha, write_pain001,
};
use outlay_domain::batch::{BankFileFormat, Batch, HoldReason, Payment};
use outlay_domain::organisation::Organisation;
use outlay_domain::payment_settings::{DebtorAccount, debtor_account};
use outlay_domain::payout::{PayoutAccount, PlainNumber};

use crate::error::BankFileError;
use crate::remittance::remittance_text;

/// Released payment with what its line in the file needs.
#[derive(Clone, Debug)]
pub struct ReleasedPayment {
    /// Payment.
    pub payment: Payment,
    /// Account of the version that was released.
    pub account: PayoutAccount,
    /// Numbers of its first reports.
    pub report_numbers: Vec<String>,
}

/// Result of writing a file.
#[derive(Clone, Debug)]
pub enum FileContent {
    /// Bytes of the file, with every payment.
    Bytes(Vec<u8>),
    /// Payments that the format has no way to pay. There is no file until they are left out.
    LeftOut(Vec<(Payment, HoldReason)>),
}

/// Identifier of the file of a batch: that of the batch in capital letters and digits, 29 characters.
fn message_id(batch: &Batch) -> Result<OrderReference, BankFileError> {
    let id: String = batch.id.to_string().chars().filter(char::is_ascii_alphanumeric).collect();
    Ok(id.to_ascii_uppercase().parse()?)
}

/// Writes the file of a batch in its format.
///
/// # Errors
/// [`BankFileError::MissingDebtor`] without an account to pay from; [`BankFileError::Format`] when the order cannot be
/// written whatever payments are left out; [`BankFileError::Record`] for a batch that was not released.
pub fn build_file(
    batch: &Batch,
    organisation: &Organisation,
    payments: Vec<ReleasedPayment>,
) -> Result<FileContent, BankFileError> {
    let (settings, account) = debtor_account(organisation.payments.as_deref(), batch.format)?;
    let created_at = batch.released_at.ok_or(BankFileError::Record("a released batch has no time of its release"))?;
    let (payable, mut left_out): (Vec<_>, Vec<_>) =
        payments.into_iter().partition(|released| can_pay(batch.format, released));
    let transfers: Result<Vec<CreditTransfer>, BankFileError> =
        payable.iter().map(|released| transfer(&organisation.name, released)).collect();
    let mut order = PaymentOrder {
        message_id: message_id(batch)?,
        created_at,
        execution_date: batch.execution_date,
        debtor: debtor(&settings.debtor_name, account),
        is_batch_booked: settings.is_batch_booked,
        payments: transfers?,
    };
    let mut payable = payable;
    while !order.payments.is_empty() {
        match write(&order, batch.format) {
            Ok(bytes) if left_out.is_empty() => return Ok(FileContent::Bytes(bytes)),
            Ok(_) => break,
            Err(error) => {
                let id = refused_payment(&error).ok_or(error)?;
                let is_refused = |released: &ReleasedPayment| released.payment.end_to_end_id == id.as_str();
                order.payments.retain(|transfer| transfer.end_to_end_id != id);
                left_out.extend(payable.extract_if(.., |released| is_refused(released)));
            }
        }
    }
    let left_out = left_out.into_iter().map(|released| (released.payment, HoldReason::NotInFormat));
    Ok(FileContent::LeftOut(left_out.collect()))
}

/// True when the format can pay in this currency and to this kind of account: NACHA files in USD to US accounts.
fn can_pay(format: BankFileFormat, released: &ReleasedPayment) -> bool {
    let is_us = matches!(released.account.number().reveal(), PlainNumber::Us { .. });
    format != BankFileFormat::Nacha || (is_us && released.payment.currency().code() == "USD")
}

/// Payment that the format refuses; `None` for an error of the whole order.
fn refused_payment(error: &PaymentFileError) -> Option<OrderReference> {
    match error {
        PaymentFileError::AmountTooLarge(id)
        | PaymentFileError::Currency(id)
        | PaymentFileError::CreditorAccount(id)
        | PaymentFileError::CreditorName(id)
        | PaymentFileError::Town(id) => Some(id.clone()),
        PaymentFileError::Io(_)
        | PaymentFileError::Empty
        | PaymentFileError::DuplicateId(_)
        | PaymentFileError::NotPositive(_)
        | PaymentFileError::SumTooLarge
        | PaymentFileError::TooManyPayments
        | PaymentFileError::DebtorAccount
        | PaymentFileError::DebtorName
        | PaymentFileError::FileModifier
        | PaymentFileError::Date => None,
    }
}

fn debtor(name: &str, account: DebtorAccount<'_>) -> Debtor {
    let name = name.to_owned();
    match account {
        DebtorAccount::Iban(iban) => Debtor { name, account: iban.account.clone(), bank: iban.bank.clone(), ach: None },
        DebtorAccount::Us(us) => {
            let ach = AchOriginator { company_id: us.company_id.clone(), bank_name: us.bank_name.to_string() };
            Debtor { name, account: us.account.clone(), bank: None, ach: Some(ach) }
        }
    }
}

fn transfer(organisation: &str, released: &ReleasedPayment) -> Result<CreditTransfer, BankFileError> {
    let ReleasedPayment { payment, account, report_numbers } = released;
    Ok(CreditTransfer {
        end_to_end_id: payment.end_to_end_id.parse()?,
        account: account.clone(),
        amount: payment.amount,
        remittance: remittance_text(organisation, report_numbers, payment.reports),
        address: None,
    })
}

fn write(order: &PaymentOrder, format: BankFileFormat) -> Result<Vec<u8>, PaymentFileError> {
    let mut bytes = Vec::new();
    match format {
        BankFileFormat::Pain001 => drop(write_pain001(order, &mut bytes)?),
        BankFileFormat::Nacha => write_nacha(order, NACHA, &mut bytes)?,
        BankFileFormat::Csv => write_csv(order, &mut bytes)?,
    }
    Ok(bytes)
}

/// Each file has a batch of its own; banks tell files of one day apart by their time too.
const NACHA: NachaOptions = NachaOptions { file_id_modifier: 'A', has_addenda: true };

/// Extension and media type of a file.
pub(crate) const fn file_type(format: BankFileFormat) -> (&'static str, &'static str) {
    match format {
        BankFileFormat::Pain001 => ("xml", "application/xml"),
        BankFileFormat::Nacha => ("ach", "text/plain; charset=us-ascii"),
        BankFileFormat::Csv => ("csv", "text/csv; charset=utf-8"),
    }
}
