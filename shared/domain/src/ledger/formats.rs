//! What an organisation sets for the files of its journal: company, DATEV, SIE, FEC, CSV.

use serde::{Deserialize, Serialize};

use crate::text::{DisplayName, Label};

/// Settings of the file formats.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormatSettings {
    /// Name of the company in SIE files; the name of the organisation when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company_name: Option<DisplayName>,
    /// CSV.
    #[serde(default)]
    pub csv: CsvSettings,
    /// DATEV. Without it, no DATEV file can be written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub datev: Option<DatevSettings>,
    /// SIE.
    #[serde(default)]
    pub sie: SieSettings,
    /// FEC. Without it, no FEC can be written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fec: Option<FecSettings>,
}

/// Settings of CSV files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CsvSettings {
    /// Separator of cells: `,`, `;` or a tab.
    pub delimiter: char,
    /// Separator of decimals: `.` or `,`.
    pub decimal_separator: char,
    /// True when files begin with a byte order mark, by which Excel recognises UTF-8.
    pub byte_order_mark: bool,
}

impl Default for CsvSettings {
    fn default() -> Self {
        Self { delimiter: ',', decimal_separator: '.', byte_order_mark: false }
    }
}

/// Settings of DATEV files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatevSettings {
    /// Number of the tax consultant (Berater), 1001 to 9999999.
    pub consultant_number: u32,
    /// Number of the client (Mandant), 1 to 99999.
    pub client_number: u32,
    /// Length of general-ledger accounts, 4 to 8 digits.
    pub account_length: u8,
    /// True when a tax that is reclaimed whole is posted gross, with its tax code as tax key.
    pub tax_keys: bool,
    /// True when DATEV closes the postings against changes at import (Festschreibung).
    pub locked: bool,
}

/// Settings of SIE files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SieSettings {
    /// Organisation number, such as `556036-0793`: digits and hyphens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation_number: Option<String>,
    /// Series of the vouchers: letters and digits of ASCII.
    pub series: String,
}

impl Default for SieSettings {
    fn default() -> Self {
        Self { organisation_number: None, series: "U".to_owned() }
    }
}

/// Settings of FEC files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FecSettings {
    /// SIREN of the company: nine digits, the last of them a check digit.
    pub siren: String,
    /// Code of the journal, such as `NDF`.
    pub journal_code: Label,
    /// Name of the journal, such as `Notes de frais`.
    pub journal_name: Label,
}
