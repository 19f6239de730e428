//! Errors of the exports.

use jiff::civil::Date;
use outlay_domain::ids::JournalEntryId;
use outlay_domain::ledger::LedgerError;
use outlay_domain::money::{Currency, MoneyError};

/// Reason why an export stops.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// A setting of the organisation is missing or invalid.
    #[error("the export setting {setting} is invalid: {expected}")]
    InvalidSetting {
        /// Name of the setting.
        setting: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// The format cannot express amounts in the base currency.
    #[error("{format} has no amounts in {currency}")]
    UnsupportedCurrency {
        /// Format.
        format: &'static str,
        /// Base currency of the entry.
        currency: Currency,
    },
    /// The format does not accept an account.
    #[error("{format} does not accept the account {account}: {expected}")]
    InvalidAccount {
        /// Format.
        format: &'static str,
        /// Account.
        account: String,
        /// What accounts must be.
        expected: &'static str,
    },
    /// The format does not accept a tax code.
    #[error("{format} does not accept the tax code {code}: {expected}")]
    InvalidTaxCode {
        /// Format.
        format: &'static str,
        /// Tax code.
        code: String,
        /// What tax codes must be.
        expected: &'static str,
    },
    /// The booking date of an entry is outside the export.
    #[error("entry {entry} is booked on {date}, outside {from} to {to}")]
    OutsidePeriod {
        /// Entry.
        entry: JournalEntryId,
        /// Its booking date.
        date: Date,
        /// First day of the export.
        from: Date,
        /// Last day of the export.
        to: Date,
    },
    /// An amount has more digits than the format allows.
    #[error("{format} allows no amount as large as one of entry {entry}")]
    AmountTooLarge {
        /// Format.
        format: &'static str,
        /// Entry.
        entry: JournalEntryId,
    },
    /// A sum is out of range.
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// An entry is inconsistent.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The output cannot be written.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}
