//! What a journal writer does, and what it has written.

use outlay_domain::ledger::{EntrySide, JournalEntry};
use outlay_domain::money::{Currency, Money};

use crate::error::ExportError;

/// Writer of journal entries in a format.
pub trait JournalWriter {
    /// Writes an entry.
    ///
    /// # Errors
    /// [`ExportError`] when the format cannot express the entry, or the output fails.
    fn write_entry(&mut self, entry: &JournalEntry) -> Result<(), ExportError>;

    /// Flushes the output.
    ///
    /// # Errors
    /// [`ExportError::Io`].
    fn finish(self) -> Result<ExportSummary, ExportError>;
}

/// What an export has written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExportSummary {
    /// Number of entries; of a list, its rows.
    pub entries: u64,
    /// Number of rows, without headings.
    pub rows: u64,
    /// Sum of the debits, which is the sum of the credits; none without entries, and of a list.
    pub total: Option<Money>,
}

impl ExportSummary {
    /// Counts an entry that is written in this number of rows.
    pub(crate) fn add(&mut self, entry: &JournalEntry, rows: usize) -> Result<(), ExportError> {
        let debits = entry.lines().iter().filter(|line| line.side == EntrySide::Debit).map(|line| line.amount);
        let total = self.total.unwrap_or(Money::zero(entry.currency()));
        self.total = Some(total.plus(Money::sum(entry.currency(), debits)?)?);
        self.entries = self.entries.saturating_add(1);
        self.rows = self.rows.saturating_add(u64::try_from(rows).unwrap_or(u64::MAX));
        Ok(())
    }
}

/// Checks that a format with two decimals can express the amounts of an entry.
pub(crate) fn check_two_decimals(currency: Currency, format: &'static str) -> Result<(), ExportError> {
    if currency.exponent() > 2 { Err(ExportError::UnsupportedCurrency { format, currency }) } else { Ok(()) }
}
