//! Settings of an organisation for payments: the accounts that its payment files debit.

use serde::{Deserialize, Serialize};

use crate::batch::BankFileFormat;
use crate::payout::AccountNumber;
use crate::text::{AccountHolder, BankIdentifier, CompanyIdentifier, Label};

/// Settings of an organisation for payments. At least one of the accounts is set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentSettings {
    /// Name of the debtor, as its bank knows it.
    pub debtor_name: AccountHolder,
    /// Account with an IBAN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iban: Option<IbanDebtor>,
    /// Account at a bank in the United States.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub us: Option<UsDebtor>,
    /// True when the bank books one debit per file and currency, false when it books each payment.
    pub is_batch_booked: bool,
}

/// Debtor's account with an IBAN.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IbanDebtor {
    /// Account.
    pub account: AccountNumber,
    /// BIC of the bank. Banks find it by the IBAN when it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bank: Option<BankIdentifier>,
}

/// Debtor's account at a bank in the United States, with the agreement on ACH files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsDebtor {
    /// Account.
    pub account: AccountNumber,
    /// Identifier of the company that the bank assigns.
    pub company_id: CompanyIdentifier,
    /// Name of the bank.
    pub bank_name: Label,
}

/// Account that a payment file debits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DebtorAccount<'a> {
    /// Account with an IBAN.
    Iban(&'a IbanDebtor),
    /// Account at a bank in the United States.
    Us(&'a UsDebtor),
}

/// Reason why no file of a format can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MissingDebtor {
    /// No settings.
    #[error("The organisation has no account to pay from. An admin sets it in the payment settings.")]
    Account,
    /// No US account. NACHA files debit no other.
    #[error("A NACHA file debits an account in the United States. An admin sets `us` in the payment settings.")]
    UsAccount,
}

/// Account that a file of this format debits: for NACHA the US account; otherwise the IBAN, or the US account of an
/// organisation without an IBAN.
///
/// # Errors
/// [`MissingDebtor`]
pub fn debtor_account(
    settings: Option<&PaymentSettings>,
    format: BankFileFormat,
) -> Result<(&PaymentSettings, DebtorAccount<'_>), MissingDebtor> {
    let settings = settings.ok_or(MissingDebtor::Account)?;
    let us = settings.us.as_ref().map(DebtorAccount::Us);
    let account = match format {
        BankFileFormat::Nacha => us.ok_or(MissingDebtor::UsAccount)?,
        BankFileFormat::Pain001 | BankFileFormat::Csv => {
            settings.iban.as_ref().map(DebtorAccount::Iban).or(us).ok_or(MissingDebtor::Account)?
        }
    };
    Ok((settings, account))
}
