//! FEC, the file of accounting entries that French law requires: 18 columns separated by tabs. Source: article A. 47 A-1
//! of the Livre des procédures fiscales.

use std::collections::BTreeMap;
use std::io::Write;

use jiff::civil::Date;
use outlay_domain::ids::MemberId;
use outlay_domain::ledger::{EntrySide, FiscalYear, JournalEntry, JournalLine};
use outlay_domain::money::Money;

use crate::amount::{compact_date, decimal};
use crate::charset::{Charset, without_controls};
use crate::error::ExportError;
use crate::summary::{ExportSummary, JournalWriter};

const FORMAT: &str = "FEC";
/// Names of the columns, in the order of the article.
const COLUMNS: [&str; 18] = [
    "JournalCode",
    "JournalLib",
    "EcritureNum",
    "EcritureDate",
    "CompteNum",
    "CompteLib",
    "CompAuxNum",
    "CompAuxLib",
    "PieceRef",
    "PieceDate",
    "EcritureLib",
    "Debit",
    "Credit",
    "EcritureLet",
    "DateLet",
    "ValidDate",
    "Montantdevise",
    "Idevise",
];

/// Character set of the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FecCharset {
    /// UTF-8.
    #[default]
    Utf8,
    /// ISO 8859-15.
    Iso8859_15,
}

impl FecCharset {
    const fn charset(self) -> Charset {
        match self {
            Self::Utf8 => Charset::Utf8,
            Self::Iso8859_15 => Charset::Iso8859_15,
        }
    }
}

/// Auxiliary account of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FecAuxiliary {
    /// Number.
    pub number: String,
    /// Name.
    pub name: String,
}

/// What the organisation sets for the FEC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FecOptions {
    /// Code of the journal, such as `NDF`.
    pub journal_code: String,
    /// Name of the journal, such as `Notes de frais`.
    pub journal_name: String,
    /// Fiscal year; the entries are booked in it.
    pub fiscal_year: FiscalYear,
    /// Day on which the entries became final.
    pub validated_on: Date,
    /// Number of the first entry. The others follow without gaps.
    pub first_number: u64,
    /// Names of the accounts by code; an account without one has its code as its name.
    pub account_names: BTreeMap<String, String>,
    /// Auxiliary accounts of members; a member without one has the identifier.
    pub auxiliaries: BTreeMap<MemberId, FecAuxiliary>,
    /// Character set.
    pub charset: FecCharset,
}

/// Name of the file: the SIREN, `FEC`, and the last day of the fiscal year.
///
/// # Errors
/// [`ExportError::InvalidSetting`] when the SIREN is not nine digits with their check digit (Luhn).
pub fn fec_file_name(siren: &str, fiscal_year: FiscalYear) -> Result<String, ExportError> {
    let digits: Vec<u32> = siren.chars().filter_map(|c| c.to_digit(10)).collect();
    let doubled = |(at, digit): (usize, &u32)| match (at % 2, digit * 2) {
        (1, twice) if twice > 9 => twice - 9,
        (1, twice) => twice,
        _ => *digit,
    };
    let sum: u32 = digits.iter().enumerate().map(doubled).sum();
    if siren.len() != 9 || digits.len() != 9 || !sum.is_multiple_of(10) {
        return Err(ExportError::InvalidSetting { setting: "siren", expected: "nine digits with their check digit" });
    }
    Ok(format!("{siren}FEC{}.txt", compact_date(fiscal_year.last_day)))
}

/// Writer of a FEC.
#[derive(Debug)]
pub struct FecWriter<W: Write> {
    out: W,
    options: FecOptions,
    summary: ExportSummary,
}

impl<W: Write> FecWriter<W> {
    /// Begins a file with the names of the columns.
    ///
    /// # Errors
    /// [`ExportError`] when an option is invalid or the output fails.
    pub fn new(out: W, options: FecOptions) -> Result<Self, ExportError> {
        for (setting, text) in [("journal_code", &options.journal_code), ("journal_name", &options.journal_name)] {
            if plain(text).is_empty() {
                return Err(ExportError::InvalidSetting { setting, expected: "a text" });
            }
        }
        let mut writer = Self { out, options, summary: ExportSummary::default() };
        writer.write_row(&COLUMNS.map(str::to_owned))?;
        Ok(writer)
    }

    fn write_row(&mut self, columns: &[String]) -> Result<(), ExportError> {
        let mut bytes = self.options.charset.charset().encode(&columns.join("\t"));
        bytes.extend_from_slice(b"\r\n");
        self.out.write_all(&bytes)?;
        Ok(())
    }

    /// The columns of a line.
    fn row(&self, entry: &JournalEntry, line: &JournalLine) -> Result<[String; 18], ExportError> {
        let (head, options) = (entry.head(), &self.options);
        let number = options.first_number.saturating_add(self.summary.entries);
        let (auxiliary, auxiliary_name) = line.member.map_or((String::new(), String::new()), |member| {
            let id = member.to_string();
            let listed = options.auxiliaries.get(&member);
            listed.map_or((id.clone(), id), |listed| (plain(&listed.number), plain(&listed.name)))
        });
        let zero = Money::zero(entry.currency());
        let (debit, credit) = match line.side {
            EntrySide::Debit => (line.amount, zero),
            EntrySide::Credit => (zero, line.amount),
        };
        let original = line.signed_original();
        Ok([
            plain(&options.journal_code),
            plain(&options.journal_name),
            number.to_string(),
            compact_date(head.date),
            checked_account(&line.account)?.to_owned(),
            options.account_names.get(line.account.as_str()).map_or(line.account.to_string(), |name| plain(name)),
            auxiliary,
            auxiliary_name,
            plain(&head.reference),
            compact_date(head.document_date),
            plain(&format!("{} {}", line.text, head.text)),
            decimal(debit, ',', 2),
            decimal(credit, ',', 2),
            String::new(),
            String::new(),
            compact_date(options.validated_on),
            original.map_or(String::new(), |original| decimal(original, ',', 0)),
            original.map_or(String::new(), |original| original.currency().to_string()),
        ])
    }
}

/// The account, when the format accepts it: its first three characters are digits of the French chart of accounts.
fn checked_account(account: &str) -> Result<&str, ExportError> {
    if account.len() >= 3 && account.bytes().take(3).all(|b| b.is_ascii_digit()) {
        return Ok(account);
    }
    let expected = "three digits of the French chart of accounts at the beginning";
    Err(ExportError::InvalidAccount { format: FORMAT, account: account.to_owned(), expected })
}

/// Text on one line, without tabs and the other separator that the article allows.
fn plain(text: &str) -> String {
    without_controls(text).replace('|', "/")
}

impl<W: Write> JournalWriter for FecWriter<W> {
    fn write_entry(&mut self, entry: &JournalEntry) -> Result<(), ExportError> {
        let head = entry.head();
        let FiscalYear { first_day: from, last_day: to } = self.options.fiscal_year;
        if head.date < from || head.date > to {
            return Err(ExportError::OutsidePeriod { entry: head.id, date: head.date, from, to });
        }
        for line in entry.lines() {
            let row = self.row(entry, line)?;
            self.write_row(&row)?;
        }
        self.summary.add(entry, entry.lines().len())
    }

    fn finish(mut self) -> Result<ExportSummary, ExportError> {
        self.out.flush()?;
        Ok(self.summary)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_name_has_valid_siren_and_closing_day() {
        let day = |month, day| jiff::civil::date(2026, month, day);
        let year = FiscalYear { first_day: day(1, 1), last_day: day(12, 31) };
        assert_eq!(fec_file_name("732829320", year).unwrap(), "732829320FEC20261231.txt");
        for siren in ["732829321", "73282932", "7328293200", "73282932a", ""] {
            assert!(fec_file_name(siren, year).is_err(), "{siren}");
        }
    }

    #[test]
    fn accounts_begin_with_three_digits() {
        assert!(checked_account("625").is_ok() && checked_account("421MARCO").is_ok());
        assert!(checked_account("62").is_err() && checked_account("A25").is_err());
    }
}
