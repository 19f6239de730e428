//! Journals and lists in the formats of accountants and spreadsheets: CSV, DATEV EXTF, SIE 4, FEC.
//!
//! The crate is pure: it writes to any [`std::io::Write`], entry by entry, so memory does not grow with their number.
//! The same entries and options give the same bytes. Clock and storage are left to the caller.

mod amount;
mod charset;
mod csv;
mod datev;
mod error;
mod fec;
mod journal_csv;
mod lists;
mod sie;
mod summary;

use std::borrow::Borrow;

use outlay_domain::ledger::JournalEntry;

pub use charset::Charset;
pub use csv::{CsvCell, CsvOptions, CsvWriter};
pub use datev::{DatevOptions, DatevTaxBooking, DatevWriter};
pub use error::ExportError;
pub use fec::{FecAuxiliary, FecCharset, FecOptions, FecWriter, fec_file_name};
pub use journal_csv::JournalCsvWriter;
pub use lists::{
    ExpenseCsvWriter, ExpenseRow, ListCsvWriter, ListWriter, MemberCsvWriter, PaymentCsvWriter, ReportCsvWriter,
};
pub use sie::{SieName, SieOptions, SieWriter};
pub use summary::{ExportSummary, JournalWriter};

/// Writes entries in order and finishes the file.
///
/// # Errors
/// The first [`ExportError`]. What has been written until then is not a complete file.
pub fn write_journal<W: JournalWriter>(
    mut writer: W,
    entries: impl IntoIterator<Item: Borrow<JournalEntry>>,
) -> Result<ExportSummary, ExportError> {
    for entry in entries {
        writer.write_entry(entry.borrow())?;
    }
    writer.finish()
}

/// Writes rows in order and finishes the file.
///
/// # Errors
/// The first [`ExportError`]. What has been written until then is not a complete file.
pub fn write_list<'a, W: ListWriter>(
    mut writer: W,
    rows: impl IntoIterator<Item = W::Row<'a>>,
) -> Result<ExportSummary, ExportError> {
    for row in rows {
        writer.write_row(row)?;
    }
    writer.finish()
}
