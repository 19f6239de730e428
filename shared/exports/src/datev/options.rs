//! What an organisation sets for DATEV.

use jiff::civil::{Date, DateTime};
use outlay_domain::money::Currency;

use crate::amount::compact_date;
use crate::error::ExportError;
use crate::summary::check_two_decimals;

/// Name of the format in errors.
pub(super) const FORMAT: &str = "DATEV";

/// How input tax is posted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DatevTaxBooking {
    /// Net amount and tax on their accounts, to the cent. The tax key stays empty.
    #[default]
    Accounts,
    /// Gross amount with the tax code as tax key (BU-Schlüssel): DATEV computes the tax and finds its account. Only for
    /// an expense with one tax that is reclaimed whole; others are posted by account.
    Keys,
}

/// What the organisation sets for DATEV.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatevOptions {
    /// Number of the tax consultant (Berater), 1001 to 9999999.
    pub consultant_number: u32,
    /// Number of the client (Mandant), 1 to 99999.
    pub client_number: u32,
    /// First day of the fiscal year.
    pub fiscal_year_start: Date,
    /// Length of general-ledger accounts, 4 to 8 digits. Accounts of persons have one more.
    pub account_length: u8,
    /// First day of the batch.
    pub from: Date,
    /// Last day of the batch, in the same fiscal year.
    pub to: Date,
    /// Name of the batch, cut to 30 characters.
    pub label: String,
    /// True when DATEV closes the postings against changes at import (Festschreibung).
    pub locked: bool,
    /// Base currency.
    pub currency: Currency,
    /// Time of the export, in any zone.
    pub created_at: DateTime,
    /// How input tax is posted.
    pub tax_booking: DatevTaxBooking,
}

impl DatevOptions {
    /// Name of the file, such as `EXTF_Buchungsstapel_20261101_20261130.csv`. DATEV takes files that begin with `EXTF_`.
    #[must_use]
    pub fn file_name(&self) -> String {
        format!("EXTF_Buchungsstapel_{}_{}.csv", compact_date(self.from), compact_date(self.to))
    }

    /// Checks the options.
    pub(super) fn check(&self) -> Result<(), ExportError> {
        let year_later = self.fiscal_year_start.saturating_add(jiff::Span::new().years(1));
        let checks = [
            ((1_001..=9_999_999).contains(&self.consultant_number), "consultant_number", "1001 to 9999999"),
            ((1..=99_999).contains(&self.client_number), "client_number", "1 to 99999"),
            ((4..=8).contains(&self.account_length), "account_length", "4 to 8"),
            (
                self.fiscal_year_start <= self.from && self.from <= self.to,
                "from",
                "a day of the fiscal year, up to `to`",
            ),
            (self.to < year_later, "to", "a day of the same fiscal year"),
            (!self.label.trim().is_empty(), "label", "a name"),
        ];
        match checks.into_iter().find(|(holds, _, _)| !holds) {
            Some((_, setting, expected)) => Err(ExportError::InvalidSetting { setting, expected }),
            None => check_two_decimals(self.currency, FORMAT),
        }
    }
}
