//! The journal as CSV, one row for each line.

use std::io::Write;

use outlay_domain::ledger::{EntrySide, JournalEntry, JournalLine};

use crate::csv::{CsvCell, CsvOptions, CsvWriter};
use crate::error::ExportError;
use crate::summary::{ExportSummary, JournalWriter};

/// Names of the columns.
const COLUMNS: [&str; 25] = [
    "number",
    "entry",
    "date",
    "document_date",
    "period",
    "source",
    "reference",
    "entry_text",
    "account",
    "role",
    "side",
    "debit",
    "credit",
    "currency",
    "original_amount",
    "original_currency",
    "rate",
    "cost_centre",
    "project",
    "tax_code",
    "tax_base",
    "member",
    "expense",
    "text",
    "line",
];

/// Writer of a journal as CSV. Entries are numbered from 1 or another number, lines within each entry from 1.
#[derive(Debug)]
pub struct JournalCsvWriter<W: Write> {
    csv: CsvWriter<W>,
    first_number: u64,
    summary: ExportSummary,
}

impl<W: Write> JournalCsvWriter<W> {
    /// Begins a file with the names of the columns.
    ///
    /// # Errors
    /// Those of [`CsvWriter::new`].
    pub fn new(out: W, options: CsvOptions) -> Result<Self, ExportError> {
        let mut csv = CsvWriter::new(out, options)?;
        csv.write_row(COLUMNS.map(CsvCell::Text))?;
        Ok(Self { csv, first_number: 1, summary: ExportSummary::default() })
    }

    /// Numbers the entries from this number on.
    #[must_use]
    pub fn with_first_number(self, first_number: u64) -> Self {
        Self { first_number, ..self }
    }

    fn write_line(&mut self, entry: &JournalEntry, at: u64, line: &JournalLine) -> Result<(), ExportError> {
        let head = entry.head();
        let number = self.summary.entries.saturating_add(self.first_number);
        let (id, period) = (head.id.to_string(), entry.period().to_string());
        let original = line.original.as_ref();
        let original_currency = original.map(|original| original.amount.currency());
        let rate = original.and_then(|original| original.rate).map(|rate| rate.to_string());
        let member = line.member.map(|member| member.to_string());
        let expense = line.expense.map(|expense| expense.to_string());
        let currency = entry.currency();
        let on = |side| Some(line.amount).filter(|_| line.side == side);
        self.csv.write_row([
            CsvCell::Number(number),
            CsvCell::Text(&id),
            CsvCell::Date(head.date),
            CsvCell::Date(head.document_date),
            CsvCell::Text(&period),
            CsvCell::Text(head.source.name()),
            CsvCell::Text(&head.reference),
            CsvCell::Text(&head.text),
            CsvCell::Text(&line.account),
            CsvCell::Text(line.role.name()),
            CsvCell::Text(line.side.name()),
            on(EntrySide::Debit).into(),
            on(EntrySide::Credit).into(),
            CsvCell::Text(currency.code()),
            original.map(|original| original.amount).into(),
            original_currency.as_ref().map(outlay_domain::money::Currency::code).into(),
            rate.as_deref().into(),
            line.cost_centre.as_deref().into(),
            line.project.as_deref().into(),
            line.tax_code.as_deref().into(),
            line.tax_base.into(),
            member.as_deref().into(),
            expense.as_deref().into(),
            CsvCell::Text(&line.text),
            CsvCell::Number(at),
        ])
    }
}

impl<W: Write> JournalWriter for JournalCsvWriter<W> {
    fn write_entry(&mut self, entry: &JournalEntry) -> Result<(), ExportError> {
        for (at, line) in (1..).zip(entry.lines()) {
            self.write_line(entry, at, line)?;
        }
        self.summary.add(entry, entry.lines().len())
    }

    fn finish(self) -> Result<ExportSummary, ExportError> {
        self.csv.finish()?;
        Ok(self.summary)
    }
}
