//! SIE 4, the exchange format of Swedish accounting programs, in code page 437. Source: the specification of the
//! SIE-Gruppen, edition 4C, at <https://sie.se>.

use std::io::Write;

use jiff::civil::Date;
use outlay_domain::ledger::{FiscalYear, JournalEntry, JournalLine};
use outlay_domain::money::Currency;

use crate::amount::{compact_date, decimal};
use crate::charset::{Charset, without_controls};
use crate::error::ExportError;
use crate::summary::{ExportSummary, JournalWriter, check_two_decimals};

const FORMAT: &str = "SIE";
/// Dimensions that the specification reserves.
const COST_CENTRE: (u8, &str) = (1, "Kostnadsställe");
const PROJECT: (u8, &str) = (6, "Projekt");

/// Code with its name: an account, a cost centre or a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SieName {
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
}

/// What the organisation sets for SIE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SieOptions {
    /// Name of the company.
    pub company_name: String,
    /// Organisation number, such as `556036-0793`.
    pub organisation_number: Option<String>,
    /// Fiscal year; the entries are booked in it.
    pub fiscal_year: FiscalYear,
    /// Base currency.
    pub currency: Currency,
    /// Day of the export.
    pub generated_on: Date,
    /// Version of the program.
    pub program_version: String,
    /// Series of the vouchers, such as `U`.
    pub series: String,
    /// Number of the first voucher. The others follow without gaps.
    pub first_number: u64,
    /// Accounts of the entries.
    pub accounts: Vec<SieName>,
    /// Cost centres of the entries.
    pub cost_centres: Vec<SieName>,
    /// Projects of the entries.
    pub projects: Vec<SieName>,
}

impl SieOptions {
    fn check(&self) -> Result<(), ExportError> {
        let invalid = |setting, expected| Err(ExportError::InvalidSetting { setting, expected });
        if self.company_name.trim().is_empty() {
            return invalid("company_name", "a name");
        }
        if self.series.is_empty() || !self.series.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return invalid("series", "letters and digits of ASCII");
        }
        let is_number = |text: &String| text.bytes().all(|b| b.is_ascii_digit() || b == b'-') && !text.is_empty();
        if !self.organisation_number.as_ref().is_none_or(is_number) {
            return invalid("organisation_number", "digits and hyphens");
        }
        check_two_decimals(self.currency, FORMAT)
    }
}

/// Writer of a SIE 4 file: one voucher for each entry.
#[derive(Debug)]
pub struct SieWriter<W: Write> {
    out: W,
    options: SieOptions,
    summary: ExportSummary,
}

impl<W: Write> SieWriter<W> {
    /// Begins a file with everything before the vouchers.
    ///
    /// # Errors
    /// [`ExportError`] when an option is invalid or the output fails.
    pub fn new(out: W, options: SieOptions) -> Result<Self, ExportError> {
        options.check()?;
        let head = head_of(&options)?;
        let mut writer = Self { out, options, summary: ExportSummary::default() };
        for line in head {
            writer.write_line(&line)?;
        }
        Ok(writer)
    }

    fn write_line(&mut self, line: &str) -> Result<(), ExportError> {
        let mut bytes = Charset::Cp437.encode(line);
        bytes.extend_from_slice(b"\r\n");
        self.out.write_all(&bytes)?;
        Ok(())
    }
}

/// Lines before the vouchers.
fn head_of(options: &SieOptions) -> Result<Vec<String>, ExportError> {
    let year = options.fiscal_year;
    let mut lines = vec![
        "#FLAGGA 0".to_owned(),
        format!("#PROGRAM \"Outlay\" {}", quoted(&options.program_version)),
        "#FORMAT PC8".to_owned(),
        format!("#GEN {}", compact_date(options.generated_on)),
        "#SIETYP 4".to_owned(),
    ];
    lines.extend(options.organisation_number.as_ref().map(|number| format!("#ORGNR {number}")));
    lines.push(format!("#FNAMN {}", quoted(&options.company_name)));
    lines.push(format!("#RAR 0 {} {}", compact_date(year.first_day), compact_date(year.last_day)));
    lines.push(format!("#VALUTA {}", options.currency));
    for account in &options.accounts {
        lines.push(format!("#KONTO {} {}", checked_account(&account.code)?, quoted(&account.name)));
    }
    for ((number, dimension), objects) in [(COST_CENTRE, &options.cost_centres), (PROJECT, &options.projects)] {
        lines.push(format!("#DIM {number} {}", quoted(dimension)));
        lines.extend(
            objects.iter().map(|object| format!("#OBJEKT {number} {} {}", quoted(&object.code), quoted(&object.name))),
        );
    }
    Ok(lines)
}

/// The account, when the format accepts it.
fn checked_account(account: &str) -> Result<&str, ExportError> {
    if !account.is_empty() && account.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(account);
    }
    Err(ExportError::InvalidAccount { format: FORMAT, account: account.to_owned(), expected: "digits" })
}

/// Line of a voucher. Debits are positive, credits negative.
fn transaction(entry: &JournalEntry, line: &JournalLine) -> Result<String, ExportError> {
    let cost_centre = line.cost_centre.as_deref().map(|code| (COST_CENTRE.0, code));
    let project = line.project.as_deref().map(|code| (PROJECT.0, code));
    let objects = [cost_centre, project].into_iter().flatten();
    let objects: Vec<String> = objects.map(|(number, code)| format!("{number} {}", quoted(code))).collect();
    Ok(format!(
        "\t#TRANS {} {{{}}} {} {} {}",
        checked_account(&line.account)?,
        objects.join(" "),
        decimal(line.signed_amount(), '.', 2),
        compact_date(entry.head().date),
        quoted(&line.text)
    ))
}

/// Field in quotes: without control characters, backslashes as slashes, quotes after a backslash.
fn quoted(text: &str) -> String {
    let text = Charset::Cp437.representable(&without_controls(text));
    format!("\"{}\"", text.replace('\\', "/").replace('"', "\\\""))
}

impl<W: Write> JournalWriter for SieWriter<W> {
    fn write_entry(&mut self, entry: &JournalEntry) -> Result<(), ExportError> {
        let head = entry.head();
        let FiscalYear { first_day: from, last_day: to } = self.options.fiscal_year;
        if head.date < from || head.date > to {
            return Err(ExportError::OutsidePeriod { entry: head.id, date: head.date, from, to });
        }
        if entry.currency() != self.options.currency {
            return Err(ExportError::UnsupportedCurrency { format: FORMAT, currency: entry.currency() });
        }
        let lines: Vec<String> =
            entry.lines().iter().map(|line| transaction(entry, line)).collect::<Result<_, ExportError>>()?;
        let number = self.options.first_number.saturating_add(self.summary.entries);
        let text = quoted(&format!("{} {}", head.reference, head.text));
        self.write_line(&format!(
            "#VER {} \"{number}\" {} {text} {}",
            quoted(&self.options.series),
            compact_date(head.date),
            compact_date(self.options.generated_on)
        ))?;
        self.write_line("{")?;
        for line in &lines {
            self.write_line(line)?;
        }
        self.write_line("}")?;
        self.summary.add(entry, lines.len())
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
    fn fields_are_escaped() {
        assert_eq!(quoted("a \"b\" c\\d\r\ne"), "\"a \\\"b\\\" c/d e\"");
        assert_eq!(quoted("“Åre”\u{7f}"), "\"\\\"Åre\\\"\"");
        assert!(checked_account("70A").is_err());
    }
}
