//! Writer of a list, row by row.

use std::io::Write;

use crate::csv::{CsvCell, CsvOptions, CsvWriter};
use crate::error::ExportError;
use crate::lists::cell::{Cell, List};
use crate::summary::ExportSummary;

/// Writer of the rows of a list in a format.
pub trait ListWriter {
    /// Source of a row.
    type Row<'a>;

    /// Writes a row.
    ///
    /// # Errors
    /// [`ExportError`] when the output fails.
    fn write_row(&mut self, row: Self::Row<'_>) -> Result<(), ExportError>;

    /// Flushes the output. The summary has no total.
    ///
    /// # Errors
    /// [`ExportError::Io`].
    fn finish(self) -> Result<ExportSummary, ExportError>;
}

/// Writer of a list as CSV. The first row has the names of the columns.
#[derive(Debug)]
pub struct ListCsvWriter<L, W: Write> {
    csv: CsvWriter<W>,
    decimal_separator: char,
    rows: u64,
    list: std::marker::PhantomData<L>,
}

impl<L: List, W: Write> ListCsvWriter<L, W> {
    /// Begins a file with the names of the columns.
    ///
    /// # Errors
    /// Those of [`CsvWriter::new`].
    pub fn new(out: W, options: CsvOptions) -> Result<Self, ExportError> {
        let mut csv = CsvWriter::new(out, options)?;
        csv.write_row(L::COLUMNS.iter().map(|column| CsvCell::Text(column.name)))?;
        let decimal_separator = options.decimal_separator;
        Ok(Self { csv, decimal_separator, rows: 0, list: std::marker::PhantomData })
    }
}

impl<L: List, W: Write> ListWriter for ListCsvWriter<L, W> {
    type Row<'a> = L::Row<'a>;

    fn write_row(&mut self, row: L::Row<'_>) -> Result<(), ExportError> {
        let cells: Vec<Cell<'_>> =
            L::COLUMNS.iter().map(|column| (column.cell)(&row).with_separator(self.decimal_separator)).collect();
        self.csv.write_row(cells.iter().map(Cell::as_csv))?;
        self.rows = self.rows.saturating_add(1);
        Ok(())
    }

    fn finish(self) -> Result<ExportSummary, ExportError> {
        self.csv.finish()?;
        Ok(ExportSummary { entries: self.rows, rows: self.rows, total: None })
    }
}
