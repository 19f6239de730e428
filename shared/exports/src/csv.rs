//! CSV (RFC 4180) for spreadsheets. A text that a spreadsheet would run as a formula gets an apostrophe in front.

use std::borrow::Cow;
use std::io::Write;

use jiff::civil::Date;
use outlay_domain::ledger::CsvSettings;
use outlay_domain::money::Money;

use crate::amount::decimal;
use crate::error::ExportError;

/// Characters at the beginning of a cell that make spreadsheets read a formula, with their full-width forms. Source:
/// OWASP, "CSV Injection".
const FORMULA_STARTS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// Options of a CSV file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CsvOptions {
    /// Separator of cells: an ASCII character that is not a quote, a digit or part of a line break.
    pub delimiter: char,
    /// Separator of decimals: `.` or `,`.
    pub decimal_separator: char,
    /// True when the file begins with a byte order mark, by which Excel recognises UTF-8.
    pub byte_order_mark: bool,
}

impl Default for CsvOptions {
    fn default() -> Self {
        Self { delimiter: ',', decimal_separator: '.', byte_order_mark: false }
    }
}

impl From<CsvSettings> for CsvOptions {
    fn from(settings: CsvSettings) -> Self {
        let CsvSettings { delimiter, decimal_separator, byte_order_mark } = settings;
        Self { delimiter, decimal_separator, byte_order_mark }
    }
}

/// Cell of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CsvCell<'a> {
    /// No content.
    Empty,
    /// Text that people have entered.
    Text(&'a str),
    /// Amount without its currency, with all decimals. Negative amounts begin with `-` and stay numbers.
    Amount(Money),
    /// Number.
    Number(u64),
    /// Date as `YYYY-MM-DD`.
    Date(Date),
}

impl<'a> From<Option<&'a str>> for CsvCell<'a> {
    fn from(text: Option<&'a str>) -> Self {
        text.map_or(Self::Empty, Self::Text)
    }
}

impl From<Option<Money>> for CsvCell<'_> {
    fn from(amount: Option<Money>) -> Self {
        amount.map_or(Self::Empty, Self::Amount)
    }
}

/// Writer of rows, in UTF-8 with lines that end in CR LF.
#[derive(Debug)]
pub struct CsvWriter<W: Write> {
    out: W,
    options: CsvOptions,
    rows: u64,
    /// Row that is being written; kept for its memory.
    row: String,
}

impl<W: Write> CsvWriter<W> {
    /// Begins a file.
    ///
    /// # Errors
    /// [`ExportError`] when an option is invalid or the output fails.
    pub fn new(mut out: W, options: CsvOptions) -> Result<Self, ExportError> {
        let CsvOptions { delimiter, decimal_separator, byte_order_mark } = options;
        if !delimiter.is_ascii() || delimiter.is_ascii_alphanumeric() || matches!(delimiter, '"' | '\r' | '\n' | '-') {
            let expected = "an ASCII character such as a comma, a semicolon or a tab";
            return Err(ExportError::InvalidSetting { setting: "delimiter", expected });
        }
        if !matches!(decimal_separator, '.' | ',') {
            let expected = "a point or a comma";
            return Err(ExportError::InvalidSetting { setting: "decimal_separator", expected });
        }
        if byte_order_mark {
            out.write_all("\u{FEFF}".as_bytes())?;
        }
        Ok(Self { out, options, rows: 0, row: String::new() })
    }

    /// Writes a row.
    ///
    /// # Errors
    /// [`ExportError::Io`].
    pub fn write_row<'a>(&mut self, cells: impl IntoIterator<Item = CsvCell<'a>>) -> Result<(), ExportError> {
        self.row.clear();
        for (at, cell) in cells.into_iter().enumerate() {
            if at > 0 {
                self.row.push(self.options.delimiter);
            }
            let text = match cell {
                CsvCell::Empty => continue,
                CsvCell::Text(text) => harmless(text),
                CsvCell::Amount(amount) => decimal(amount, self.options.decimal_separator, 0).into(),
                CsvCell::Number(number) => number.to_string().into(),
                CsvCell::Date(date) => date.to_string().into(),
            };
            self.push_quoted(&text);
        }
        self.row.push_str("\r\n");
        self.out.write_all(self.row.as_bytes())?;
        self.rows = self.rows.saturating_add(1);
        Ok(())
    }

    /// Appends a cell, in quotes where it needs them.
    fn push_quoted(&mut self, text: &str) {
        // One search for each character: `str` searches for one much faster than for several.
        let has_special = [self.options.delimiter, '"', '\r', '\n'].into_iter().any(|c| text.contains(c));
        if !has_special && !text.starts_with(' ') && !text.ends_with(' ') {
            self.row.push_str(text);
            return;
        }
        self.row.push('"');
        self.row.push_str(&text.replace('"', "\"\""));
        self.row.push('"');
    }

    /// Flushes the output; returns the number of rows.
    ///
    /// # Errors
    /// [`ExportError::Io`].
    pub fn finish(mut self) -> Result<u64, ExportError> {
        self.out.flush()?;
        Ok(self.rows)
    }
}

/// The text, with an apostrophe in front of what a spreadsheet would run. Null characters are left out.
fn harmless(text: &str) -> Cow<'_, str> {
    let text = if text.contains('\0') { Cow::Owned(text.replace('\0', "")) } else { Cow::Borrowed(text) };
    if text.starts_with(FORMULA_STARTS) { Cow::Owned(format!("'{text}")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(options: CsvOptions, cells: &[CsvCell<'_>]) -> String {
        let mut out = Vec::new();
        let mut writer = CsvWriter::new(&mut out, options).unwrap();
        writer.write_row(cells.iter().copied()).unwrap();
        assert_eq!(writer.finish().unwrap(), 1);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn cells_are_quoted_where_needed() {
        let cells = [CsvCell::Text("a,b"), CsvCell::Text("say \"x\""), CsvCell::Empty, CsvCell::Text("1\n2")];
        assert_eq!(written(CsvOptions::default(), &cells), "\"a,b\",\"say \"\"x\"\"\",,\"1\n2\"\r\n");
        let options = CsvOptions { delimiter: ';', decimal_separator: ',', byte_order_mark: true };
        let amount = CsvCell::Amount(Money::from_minor(-1205, "EUR".parse().unwrap()));
        let date = CsvCell::Date(jiff::civil::date(2026, 11, 5));
        assert_eq!(
            written(options, &[amount, date, CsvCell::Text("a,b"), CsvCell::Number(7)]),
            "\u{FEFF}-12,05;2026-11-05;a,b;7\r\n"
        );
    }

    #[test]
    fn formulas_get_an_apostrophe_and_numbers_do_not() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "＝1"] {
            assert_eq!(written(CsvOptions::default(), &[CsvCell::Text(text)]), format!("'{text}\r\n"));
        }
        assert_eq!(written(CsvOptions::default(), &[CsvCell::Text("\tx")]), "'\tx\r\n");
        assert_eq!(written(CsvOptions::default(), &[CsvCell::Text("\r=x")]), "\"'\r=x\"\r\n");
        let amount = CsvCell::Amount(Money::from_minor(-7, "JPY".parse().unwrap()));
        assert_eq!(written(CsvOptions::default(), &[amount, CsvCell::Text("a=b")]), "-7,a=b\r\n");
    }

    #[test]
    fn invalid_options_are_refused() {
        let new = |options| CsvWriter::new(Vec::new(), options).map(drop);
        for delimiter in ['"', '\n', '5', '§', '-'] {
            let refused = new(CsvOptions { delimiter, ..CsvOptions::default() });
            assert!(matches!(refused, Err(ExportError::InvalidSetting { setting: "delimiter", .. })), "{delimiter}");
        }
        let refused = new(CsvOptions { decimal_separator: ' ', ..CsvOptions::default() });
        assert!(matches!(refused, Err(ExportError::InvalidSetting { setting: "decimal_separator", .. })));
        assert!(new(CsvOptions { delimiter: '\t', ..CsvOptions::default() }).is_ok());
    }

    /// Cells of one row, read by the rules of RFC 4180.
    fn read(row: &str) -> Vec<String> {
        let (mut cells, mut cell, mut quoted) = (Vec::new(), String::new(), false);
        let mut characters = row.strip_suffix("\r\n").unwrap().chars().peekable();
        while let Some(c) = characters.next() {
            match c {
                '"' if quoted && characters.peek() == Some(&'"') => cell.push(characters.next().unwrap()),
                '"' => quoted = !quoted,
                ',' if !quoted => cells.push(std::mem::take(&mut cell)),
                c => cell.push(c),
            }
        }
        cells.push(cell);
        cells
    }

    proptest! {
        #[test]
        fn any_text_reads_back_and_is_no_formula(texts in prop::collection::vec("[=+@,\"\r\n\ta-c -]{0,6}", 1..5)) {
            let cells: Vec<CsvCell<'_>> = texts.iter().map(|text| CsvCell::Text(text)).collect();
            let back = read(&written(CsvOptions::default(), &cells));
            prop_assert_eq!(back.len(), texts.len());
            for (back, text) in back.iter().zip(&texts) {
                prop_assert_eq!(back.strip_prefix('\'').unwrap_or(back), text);
                prop_assert!(!back.starts_with(FORMULA_STARTS));
            }
        }
    }
}
