//! DATEV format: the posting batch (`EXTF`, category 21, version 13) in Windows-1252. Source: the format description at
//! <https://developer.datev.de/datev/platform/de/dtvf/formate/buchungsstapel> and `/header`.

mod columns;
mod options;
mod postings;

use std::io::Write;

use outlay_domain::ledger::JournalEntry;
use outlay_domain::text::AccountCode;

use crate::amount::{compact_date, decimal};
use crate::charset::{Charset, cut, without_controls};
use crate::error::ExportError;
use crate::summary::{ExportSummary, JournalWriter};

use columns::{COLUMN_COUNT, column_names, is_text};
use options::FORMAT;
use postings::{Posting, postings_of};

pub use options::{DatevOptions, DatevTaxBooking};

/// Largest amount of a posting, in minor units: ten digits before the comma.
const MAX_MINOR: i64 = 999_999_999_999;
const MAX_REFERENCE: usize = 36;
const MAX_TEXT: usize = 60;
const MAX_COST_OBJECT: usize = 36;
const MAX_LABEL: usize = 30;

/// Writer of a posting batch. An entry becomes postings of an account and a contra account; their sums are exact.
#[derive(Debug)]
pub struct DatevWriter<W: Write> {
    out: W,
    options: DatevOptions,
    summary: ExportSummary,
}

impl<W: Write> DatevWriter<W> {
    /// Begins a file with the header and the names of the columns.
    ///
    /// # Errors
    /// [`ExportError`] when an option is invalid or the output fails.
    pub fn new(out: W, options: DatevOptions) -> Result<Self, ExportError> {
        options.check()?;
        let mut writer = Self { out, options, summary: ExportSummary::default() };
        let header = writer.header();
        writer.write_line(&header)?;
        writer.write_line(&column_names().join(";"))?;
        Ok(writer)
    }

    /// The 31 fields of the header.
    fn header(&self) -> String {
        let options = &self.options;
        let created = options.created_at;
        let created_at = format!(
            "{}{:02}{:02}{:02}{:03}",
            compact_date(created.date()),
            created.hour(),
            created.minute(),
            created.second(),
            created.millisecond()
        );
        let fields = [
            quoted("EXTF"),
            "700".to_owned(),
            "21".to_owned(),
            quoted("Buchungsstapel"),
            "13".to_owned(),
            created_at,
            String::new(),
            // Origin, exported by, imported by.
            quoted("RE"),
            quoted(""),
            quoted(""),
            options.consultant_number.to_string(),
            options.client_number.to_string(),
            compact_date(options.fiscal_year_start),
            options.account_length.to_string(),
            compact_date(options.from),
            compact_date(options.to),
            quoted(&plain(&options.label, MAX_LABEL)),
            // Dictation code. Then: financial accounts, for every purpose.
            quoted(""),
            "1".to_owned(),
            "0".to_owned(),
            u8::from(options.locked).to_string(),
            quoted(options.currency.code()),
            String::new(),
            quoted(""),
            String::new(),
            String::new(),
            // Chart of accounts, industry solution, application.
            quoted(""),
            String::new(),
            String::new(),
            quoted(""),
            quoted("Outlay"),
        ];
        fields.join(";")
    }

    fn write_line(&mut self, line: &str) -> Result<(), ExportError> {
        let mut bytes = Charset::Windows1252.encode(line);
        bytes.extend_from_slice(b"\r\n");
        self.out.write_all(&bytes)?;
        Ok(())
    }

    /// The account, when DATEV accepts it: digits, at most one more than the length of general-ledger accounts.
    fn account(&self, account: &AccountCode) -> Result<String, ExportError> {
        let max = usize::from(self.options.account_length) + 1;
        if account.len() <= max && account.bytes().all(|b| b.is_ascii_digit()) {
            return Ok(account.to_string());
        }
        let expected = "digits, as many as general-ledger accounts have, or one more for a person";
        Err(ExportError::InvalidAccount { format: FORMAT, account: account.to_string(), expected })
    }

    /// A row of all columns.
    fn row(&self, entry: &JournalEntry, posting: &Posting<'_>) -> Result<String, ExportError> {
        if posting.amount.minor() > MAX_MINOR {
            return Err(ExportError::AmountTooLarge { format: FORMAT, entry: entry.head().id });
        }
        let head = entry.head();
        let key = match posting.tax_code {
            Some(code) if code.len() > 4 || !code.bytes().all(|b| b.is_ascii_digit()) => {
                let expected = "one to four digits";
                return Err(ExportError::InvalidTaxCode { format: FORMAT, code: code.to_string(), expected });
            }
            key => key.map_or(String::new(), ToString::to_string),
        };
        let mut columns = vec![String::new(); COLUMN_COUNT];
        let mut set = |number: usize, text: String| {
            if let Some(column) = number.checked_sub(1).and_then(|at| columns.get_mut(at)) {
                *column = text;
            }
        };
        set(1, decimal(posting.amount, ',', 2));
        set(2, "S".to_owned());
        set(3, entry.currency().code().to_owned());
        set(7, self.account(posting.debit)?);
        set(8, self.account(posting.credit)?);
        set(9, key);
        set(10, format!("{:02}{:02}", head.date.day(), head.date.month()));
        set(11, document_number(&head.reference));
        set(14, plain(&format!("{} {}", posting.text, head.text), MAX_TEXT));
        set(37, posting.cost_centre.map_or(String::new(), |code| plain(code, MAX_COST_OBJECT)));
        set(38, posting.project.map_or(String::new(), |code| plain(code, MAX_COST_OBJECT)));
        if head.document_date != head.date {
            set(48, "Belegdatum".to_owned());
            set(49, head.document_date.to_string());
        }
        if let Some(original) = posting.original {
            set(50, "Originalbetrag".to_owned());
            set(51, original.to_string());
        }
        set(114, u8::from(self.options.locked).to_string());
        let fields = columns.into_iter().zip(1..);
        Ok(fields
            .map(|(text, number)| if is_text(number) { quoted(&text) } else { text })
            .collect::<Vec<_>>()
            .join(";"))
    }
}

impl<W: Write> JournalWriter for DatevWriter<W> {
    fn write_entry(&mut self, entry: &JournalEntry) -> Result<(), ExportError> {
        let (from, to) = (self.options.from, self.options.to);
        let head = entry.head();
        if head.date < from || head.date > to {
            return Err(ExportError::OutsidePeriod { entry: head.id, date: head.date, from, to });
        }
        if entry.currency() != self.options.currency {
            return Err(ExportError::UnsupportedCurrency { format: FORMAT, currency: entry.currency() });
        }
        let postings = postings_of(entry, self.options.tax_booking)?;
        for posting in &postings {
            let row = self.row(entry, posting)?;
            self.write_line(&row)?;
        }
        self.summary.add(entry, postings.len())
    }

    fn finish(mut self) -> Result<ExportSummary, ExportError> {
        self.out.flush()?;
        Ok(self.summary)
    }
}

/// Text field: in quotes, with its quotes doubled.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// Text in the character set, on one line, with at most `max` characters.
fn plain(text: &str, max: usize) -> String {
    let text = Charset::Windows1252.representable(&without_controls(text));
    cut(&text, max).trim_end().to_owned()
}

/// Document number (Belegfeld 1): at most 36 of the characters that DATEV allows there.
fn document_number(reference: &str) -> String {
    let allowed = |c: &char| c.is_ascii_alphanumeric() || "_$&%*+-/".contains(*c);
    reference.chars().filter(allowed).take(MAX_REFERENCE).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_plain_quoted_and_cut() {
        assert_eq!(quoted("say \"x\""), "\"say \"\"x\"\"\"");
        assert_eq!(plain("Łódź\n–\tcafé", 9), "Lódz – ca");
        assert_eq!(document_number("R-2026-7K3F ä#1"), "R-2026-7K3F1");
        assert_eq!(document_number(&"x".repeat(40)).len(), 36);
    }
}
