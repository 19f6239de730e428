//! Files of the journal: the writers of `outlay-exports` with the settings of the ledger.

use std::collections::BTreeSet;
use std::io::{self, Write};

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use outlay_domain::ledger::{AccountingPeriod, FiscalYear, JournalEntry, JournalLine, LedgerSettings};
use outlay_domain::organisation::Organisation;
use outlay_domain::policy::Policy;
use outlay_exports::{
    DatevOptions, DatevTaxBooking, DatevWriter, ExportError, FecCharset, FecOptions, FecWriter, JournalCsvWriter,
    SieName, SieOptions, SieWriter, fec_file_name, write_journal,
};
use outlay_http::{Problem, ProblemType, Reply};
use outlay_store::journal::StoredEntry;

/// Most bytes of a file: in base64, a response of a Lambda function has at most 6 MB.
const MAX_FILE_BYTES: usize = 4 << 20;
/// `lambda_http` decodes text types by their character set, and removes byte order marks. A file keeps its bytes.
const MEDIA_TYPE: &str = "application/octet-stream";

/// Format of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// Pages in JSON.
    Json,
    /// CSV.
    Csv,
    /// DATEV posting batch.
    Datev,
    /// SIE 4.
    Sie,
    /// FEC.
    Fec,
}

impl Format {
    pub(super) fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "json" => Self::Json,
            "csv" => Self::Csv,
            "datev" => Self::Datev,
            "sie" => Self::Sie,
            "fec" => Self::Fec,
            _ => return None,
        })
    }
}

/// What a file is made with, beside its entries.
pub(super) struct FileContext<'a> {
    pub(super) organisation: &'a Organisation,
    pub(super) policy: &'a Policy,
    pub(super) settings: &'a LedgerSettings,
    pub(super) from: AccountingPeriod,
    pub(super) to: AccountingPeriod,
    pub(super) year: FiscalYear,
    pub(super) first_number: u64,
}

/// Buffer that refuses more than [`MAX_FILE_BYTES`].
#[derive(Default)]
struct BoundedBuffer {
    bytes: Vec<u8>,
    is_full: bool,
}

impl Write for BoundedBuffer {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        if self.bytes.len().saturating_add(part.len()) > MAX_FILE_BYTES {
            self.is_full = true;
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.bytes.extend_from_slice(part);
        Ok(part.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Problem of a journal that is too large for one answer.
pub(super) fn too_large(from: AccountingPeriod, to: AccountingPeriod) -> Problem {
    let way_out = if from == to { "Read its pages with format=json." } else { "Ask for fewer months." };
    let detail = format!("The journal of {from} to {to} is larger than {} MiB. {way_out}", MAX_FILE_BYTES >> 20);
    Problem::new(ProblemType::ExportFailed, detail)
}

/// Answers with the entries as a file.
pub(super) fn write_file(format: Format, file: &FileContext<'_>, entries: &[StoredEntry]) -> Result<Reply, Problem> {
    let mut buffer = BoundedBuffer::default();
    match write_entries(format, file, entries, &mut buffer) {
        Ok(name) => Ok(Reply::file(name, MEDIA_TYPE, buffer.bytes)),
        Err(_) if buffer.is_full => Err(too_large(file.from, file.to)),
        Err(error @ ExportError::Io(_)) => Err(Problem::internal(error)),
        Err(error) => Err(Problem::new(ProblemType::ExportFailed, explain(&error))),
    }
}

/// Sentence about an error, and what to do.
fn explain(error: &ExportError) -> String {
    let sentence = match error {
        ExportError::InvalidSetting { setting, expected } => {
            return format!(
                "The setting {setting} of the format must be {expected}. Set it with PUT /v1/orgs/{{org}}/ledger."
            );
        }
        other => other.to_string(),
    };
    format!("The journal cannot be written in this format: {sentence}.")
}

/// Writes the file; returns its name.
fn write_entries(
    format: Format,
    file: &FileContext<'_>,
    entries: &[StoredEntry],
    out: &mut BoundedBuffer,
) -> Result<String, ExportError> {
    let journal = entries.iter().map(|stored| &stored.entry);
    match format {
        Format::Json | Format::Csv => {
            let options = file.settings.formats.csv.into();
            let writer = JournalCsvWriter::new(out, options)?.with_first_number(file.first_number);
            write_journal(writer, journal)?;
            Ok(format!("journal_{}_{}.csv", file.from, file.to))
        }
        Format::Datev => {
            let options = datev_options(file, entries)?;
            let name = options.file_name();
            write_journal(DatevWriter::new(out, options)?, journal)?;
            Ok(name)
        }
        Format::Sie => {
            write_journal(SieWriter::new(out, sie_options(file, entries))?, journal)?;
            Ok(format!("journal_{}_{}.se", file.from, file.to))
        }
        Format::Fec => {
            let (name, options) = fec_options(file)?;
            write_journal(FecWriter::new(out, options)?, journal)?;
            Ok(name)
        }
    }
}

/// Time of the last booking in UTC, so that the same entries give the same bytes; the first day without entries.
fn state_of(file: &FileContext<'_>, entries: &[StoredEntry]) -> DateTime {
    let last = entries.iter().map(|stored| stored.booked_at).max();
    last.map_or_else(|| file.from.first_day().at(0, 0, 0, 0), |at| at.to_zoned(TimeZone::UTC).datetime())
}

fn datev_options(file: &FileContext<'_>, entries: &[StoredEntry]) -> Result<DatevOptions, ExportError> {
    let missing = ExportError::InvalidSetting { setting: "formats.datev", expected: "set for DATEV files" };
    let datev = file.settings.formats.datev.ok_or(missing)?;
    Ok(DatevOptions {
        consultant_number: datev.consultant_number,
        client_number: datev.client_number,
        fiscal_year_start: file.year.first_day,
        account_length: datev.account_length,
        from: file.from.first_day(),
        to: file.to.last_day(),
        label: format!("Outlay {} {}", file.from, file.to),
        locked: datev.locked,
        currency: file.organisation.base_currency,
        created_at: state_of(file, entries),
        tax_booking: if datev.tax_keys { DatevTaxBooking::Keys } else { DatevTaxBooking::Accounts },
    })
}

fn sie_options(file: &FileContext<'_>, entries: &[StoredEntry]) -> SieOptions {
    let formats = &file.settings.formats;
    let lines = || entries.iter().flat_map(|stored| JournalEntry::lines(&stored.entry));
    let codes =
        |code: &dyn Fn(&JournalLine) -> Option<String>| -> BTreeSet<String> { lines().filter_map(code).collect() };
    let unnamed = |code: String| SieName { name: code.clone(), code };
    let names = file.settings.account_names(file.policy);
    let accounts: BTreeSet<_> = lines().map(|line| &line.account).collect();
    let account = |account: &outlay_domain::text::AccountCode| SieName {
        code: account.to_string(),
        name: names.get(account).cloned().unwrap_or_else(|| account.to_string()),
    };
    SieOptions {
        company_name: formats.company_name.as_ref().unwrap_or(&file.organisation.name).to_string(),
        organisation_number: formats.sie.organisation_number.clone(),
        fiscal_year: file.year,
        currency: file.organisation.base_currency,
        generated_on: state_of(file, entries).date(),
        program_version: env!("CARGO_PKG_VERSION").to_owned(),
        series: formats.sie.series.clone(),
        first_number: file.first_number,
        accounts: accounts.into_iter().map(account).collect(),
        cost_centres: codes(&|line| line.cost_centre.as_ref().map(ToString::to_string))
            .into_iter()
            .map(unnamed)
            .collect(),
        projects: codes(&|line| line.project.as_ref().map(ToString::to_string)).into_iter().map(unnamed).collect(),
    }
}

fn fec_options(file: &FileContext<'_>) -> Result<(String, FecOptions), ExportError> {
    let missing = ExportError::InvalidSetting { setting: "formats.fec", expected: "set for FEC files" };
    let fec = file.settings.formats.fec.as_ref().ok_or(missing)?;
    let name = fec_file_name(&fec.siren, file.year)?;
    let names = file.settings.account_names(file.policy);
    let options = FecOptions {
        journal_code: fec.journal_code.to_string(),
        journal_name: fec.journal_name.to_string(),
        fiscal_year: file.year,
        validated_on: file.to.last_day(),
        first_number: file.first_number,
        account_names: names.into_iter().map(|(account, name)| (account.to_string(), name)).collect(),
        // Members are named by their identifiers: a name can change or be erased, and the file stays the same.
        auxiliaries: std::collections::BTreeMap::new(),
        charset: FecCharset::Utf8,
    };
    Ok((name, options))
}
