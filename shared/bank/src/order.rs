//! What the writers of payment files are given: an order of one debtor with its payments.

use std::collections::HashSet;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use outlay_domain::money::Money;
use outlay_domain::payout::{AccountNumber, PayoutAccount};
use outlay_domain::text::{BankIdentifier, CompanyIdentifier, CountryCode};

use crate::error::PaymentFileError;
use crate::reference::OrderReference;

/// Payments of one debtor for one day.
#[derive(Clone, Debug)]
pub struct PaymentOrder {
    /// Identifier of the file, unique for the debtor. The bank refuses a file whose identifier it has seen.
    pub message_id: OrderReference,
    /// Time of creation. Files state it in UTC, to the second.
    pub created_at: Timestamp,
    /// Day on which the bank debits the account.
    pub execution_date: Date,
    /// Account that is debited.
    pub debtor: Debtor,
    /// `true` when the bank books one debit per file and group, `false` when it books each payment.
    pub is_batch_booked: bool,
    /// Payments in the order of the file. Each has its own end-to-end identifier.
    pub payments: Vec<CreditTransfer>,
}

/// Organisation whose account is debited.
#[derive(Clone, Debug)]
pub struct Debtor {
    /// Name, in any script.
    pub name: String,
    /// Account that is debited.
    pub account: AccountNumber,
    /// BIC of the bank. Optional: banks find it by the IBAN.
    pub bank: Option<BankIdentifier>,
    /// Agreement with a US bank; only NACHA files need it.
    pub ach: Option<AchOriginator>,
}

/// Agreement on ACH files between the debtor and its US bank.
#[derive(Clone, Debug)]
pub struct AchOriginator {
    /// Identifier of the company that the bank assigns.
    pub company_id: CompanyIdentifier,
    /// Name of the bank.
    pub bank_name: String,
}

/// Payment to one creditor.
#[derive(Clone, Debug)]
pub struct CreditTransfer {
    /// Identifier that the answers of banks repeat; unique in the order.
    pub end_to_end_id: OrderReference,
    /// Account that is credited. Its holder is the creditor.
    pub account: PayoutAccount,
    /// Amount above zero.
    pub amount: Money,
    /// Text for the creditor, in any script. Files cut it to the length that they allow.
    pub remittance: String,
    /// Address of the creditor; payments into some countries need one.
    pub address: Option<CreditorAddress>,
}

/// Structured address. SEPA has refused unstructured ones since November 2026, so there is no such form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreditorAddress {
    /// Street without the number.
    pub street: Option<String>,
    /// Number of the building.
    pub building_number: Option<String>,
    /// Postal code.
    pub postal_code: Option<String>,
    /// Town.
    pub town: String,
    /// Country.
    pub country: CountryCode,
}

impl PaymentOrder {
    /// Checks what every format requires: payments with an amount above zero and an identifier of their own, and dates
    /// with a year of four digits.
    pub(crate) fn check(&self) -> Result<(), PaymentFileError> {
        if self.payments.is_empty() {
            return Err(PaymentFileError::Empty);
        }
        if self.execution_date.year() < 1 || TimeZone::UTC.to_datetime(self.created_at).year() < 1 {
            return Err(PaymentFileError::Date);
        }
        let mut seen = HashSet::with_capacity(self.payments.len());
        for payment in &self.payments {
            if !seen.insert(&payment.end_to_end_id) {
                return Err(PaymentFileError::DuplicateId(payment.end_to_end_id.clone()));
            }
            if payment.amount.minor() <= 0 {
                return Err(PaymentFileError::NotPositive(payment.end_to_end_id.clone()));
            }
        }
        Ok(())
    }
}
