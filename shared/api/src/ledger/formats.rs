//! Settings of the journal's file formats over the API.

use outlay_domain::ledger::{CsvSettings, DatevSettings, FecSettings, FormatSettings, SieSettings};
use outlay_input::FieldErrors;
use outlay_input::parse::optional;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Settings of the file formats.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[schema(as = JournalFormats)]
#[serde(deny_unknown_fields)]
pub struct FormatsDto {
    /// Name of the company in SIE files; the name of the organisation when absent.
    #[schema(example = "Example GmbH")]
    pub company_name: Option<String>,
    /// CSV.
    pub csv: Option<CsvFormatDto>,
    /// DATEV. Needed for `format=datev`.
    pub datev: Option<DatevFormatDto>,
    /// SIE.
    pub sie: Option<SieFormatDto>,
    /// FEC. Needed for `format=fec`.
    pub fec: Option<FecFormatDto>,
}

/// Settings of CSV files.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[schema(as = CsvFormat)]
#[serde(deny_unknown_fields)]
pub struct CsvFormatDto {
    /// Separator of cells: a comma, a semicolon or a tab.
    #[schema(example = ";")]
    pub delimiter: String,
    /// Separator of decimals: `.` or `,`.
    #[schema(example = ",")]
    pub decimal_separator: String,
    /// True when files begin with a byte order mark, by which Excel recognises UTF-8.
    pub byte_order_mark: bool,
}

/// Settings of DATEV files.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[schema(as = DatevFormat)]
#[serde(deny_unknown_fields)]
pub struct DatevFormatDto {
    /// Number of the tax consultant (Berater), 1001 to 9999999.
    #[schema(example = 1001)]
    pub consultant_number: u32,
    /// Number of the client (Mandant), 1 to 99999.
    #[schema(example = 1)]
    pub client_number: u32,
    /// Length of general-ledger accounts, 4 to 8 digits.
    #[schema(example = 4)]
    pub account_length: u8,
    /// True when a tax that is reclaimed whole is posted gross, with its tax code as tax key; false when absent.
    pub tax_keys: Option<bool>,
    /// True when DATEV closes the postings against changes at import; false when absent.
    pub locked: Option<bool>,
}

/// Settings of SIE files.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[schema(as = SieFormat)]
#[serde(deny_unknown_fields)]
pub struct SieFormatDto {
    /// Organisation number: digits and hyphens, at most 20.
    #[schema(example = "556036-0793")]
    pub organisation_number: Option<String>,
    /// Series of the vouchers: 1 to 20 letters and digits.
    #[schema(example = "U")]
    pub series: String,
}

/// Settings of FEC files.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[schema(as = FecFormat)]
#[serde(deny_unknown_fields)]
pub struct FecFormatDto {
    /// SIREN of the company: nine digits, the last of them a check digit.
    #[schema(example = "732829320")]
    pub siren: String,
    /// Code of the journal; 1 to 200 characters.
    #[schema(example = "NDF")]
    pub journal_code: String,
    /// Name of the journal; 1 to 200 characters.
    #[schema(example = "Notes de frais")]
    pub journal_name: String,
}

impl FormatsDto {
    /// Checks the settings.
    pub fn check(self, errors: &mut FieldErrors) -> Option<FormatSettings> {
        let company_name = errors.parse_optional("company_name", self.company_name);
        let csv = optional(self.csv, |csv| errors.within("csv", |errors| csv.check(errors)));
        let datev = optional(self.datev, |datev| errors.within("datev", |errors| datev.check(errors)));
        let sie = optional(self.sie, |sie| errors.within("sie", |errors| sie.check(errors)));
        let fec = optional(self.fec, |fec| errors.within("fec", |errors| fec.check(errors)));
        Some(FormatSettings {
            company_name: company_name?,
            csv: csv?.unwrap_or_default(),
            datev: datev?,
            sie: sie?.unwrap_or_default(),
            fec: fec?,
        })
    }
}

/// The one character of a text, when it is allowed.
fn one_of(allowed: &str, raw: &str) -> Option<char> {
    let mut characters = raw.chars();
    characters.next().filter(|c| allowed.contains(*c) && characters.next().is_none())
}

impl CsvFormatDto {
    fn check(self, errors: &mut FieldErrors) -> Option<CsvSettings> {
        let delimiter = one_of(",;\t", &self.delimiter);
        let delimiter = errors.require("delimiter", delimiter, "choice", "Must be a comma, a semicolon or a tab.");
        let decimal = one_of(".,", &self.decimal_separator);
        let decimal = errors.require("decimal_separator", decimal, "choice", "Must be . or a comma.");
        Some(CsvSettings { delimiter: delimiter?, decimal_separator: decimal?, byte_order_mark: self.byte_order_mark })
    }
}

impl DatevFormatDto {
    fn check(self, errors: &mut FieldErrors) -> Option<DatevSettings> {
        let Self { consultant_number, client_number, account_length, tax_keys, locked } = self;
        let in_range = (1_001..=9_999_999).contains(&consultant_number).then_some(());
        let consultant = errors.require("consultant_number", in_range, "range", "Must be 1001 to 9999999.");
        let in_range = (1..=99_999).contains(&client_number).then_some(());
        let client = errors.require("client_number", in_range, "range", "Must be 1 to 99999.");
        let in_range = (4..=8).contains(&account_length).then_some(());
        let length = errors.require("account_length", in_range, "range", "Must be 4 to 8.");
        consultant?;
        client?;
        length?;
        let (tax_keys, locked) = (tax_keys.unwrap_or(false), locked.unwrap_or(false));
        Some(DatevSettings { consultant_number, client_number, account_length, tax_keys, locked })
    }
}

impl SieFormatDto {
    fn check(self, errors: &mut FieldErrors) -> Option<SieSettings> {
        let Self { organisation_number, series } = self;
        let is_number =
            |text: &str| (1..=20).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        let number = organisation_number.as_deref().is_none_or(is_number).then_some(());
        let number = errors.require("organisation_number", number, "digits", "Must be 1 to 20 digits and hyphens.");
        let is_series = (1..=20).contains(&series.len()) && series.bytes().all(|b| b.is_ascii_alphanumeric());
        let is_series = is_series.then_some(());
        let checked = errors.require("series", is_series, "code", "Must be 1 to 20 letters and digits of ASCII.");
        number?;
        checked?;
        Some(SieSettings { organisation_number, series })
    }
}

impl FecFormatDto {
    fn check(self, errors: &mut FieldErrors) -> Option<FecSettings> {
        let siren = is_siren(&self.siren).then_some(());
        let siren = errors.require("siren", siren, "siren", "Must be nine digits with their check digit.");
        let journal_code = errors.parse("journal_code", self.journal_code);
        let journal_name = errors.parse("journal_name", self.journal_name);
        siren?;
        Some(FecSettings { siren: self.siren, journal_code: journal_code?, journal_name: journal_name? })
    }
}

/// True for nine digits of which the last is their check digit (Luhn).
fn is_siren(siren: &str) -> bool {
    let digits: Option<Vec<u32>> = siren.chars().map(|c| c.to_digit(10)).collect();
    let Some(digits) = digits.filter(|digits| digits.len() == 9) else { return false };
    let weigh = |(at, digit): (usize, &u32)| if at % 2 == 1 { digit * 2 / 10 + digit * 2 % 10 } else { *digit };
    digits.iter().enumerate().map(weigh).sum::<u32>().is_multiple_of(10)
}

impl From<&FormatSettings> for FormatsDto {
    fn from(formats: &FormatSettings) -> Self {
        let datev = |datev: &DatevSettings| DatevFormatDto {
            consultant_number: datev.consultant_number,
            client_number: datev.client_number,
            account_length: datev.account_length,
            tax_keys: Some(datev.tax_keys),
            locked: Some(datev.locked),
        };
        let fec = |fec: &FecSettings| FecFormatDto {
            siren: fec.siren.clone(),
            journal_code: fec.journal_code.to_string(),
            journal_name: fec.journal_name.to_string(),
        };
        Self {
            company_name: formats.company_name.as_ref().map(ToString::to_string),
            csv: Some(CsvFormatDto {
                delimiter: formats.csv.delimiter.to_string(),
                decimal_separator: formats.csv.decimal_separator.to_string(),
                byte_order_mark: formats.csv.byte_order_mark,
            }),
            datev: formats.datev.as_ref().map(datev),
            sie: Some(SieFormatDto {
                organisation_number: formats.sie.organisation_number.clone(),
                series: formats.sie.series.clone(),
            }),
            fec: formats.fec.as_ref().map(fec),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn siren_needs_its_check_digit() {
        assert!(is_siren("732829320"));
        for wrong in ["732829321", "73282932", "7328293200", "73282932x", ""] {
            assert!(!is_siren(wrong), "{wrong}");
        }
    }
}
