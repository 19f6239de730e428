//! Settings of the ledger over the API: a document that was read can be changed and sent back.

mod formats;

use std::collections::BTreeMap;
use std::str::FromStr;

use jiff::Timestamp;
use outlay_domain::ids::MemberId;
use outlay_domain::ledger::{AccountingPeriod, FiscalYearStart, LedgerSettings, MissingAccount, TaxAccount};
use outlay_domain::money::Currency;
use outlay_domain::tax::TaxRate;
use outlay_domain::text::{AccountCode, CategoryCode};
use outlay_http::endpoint::Input;
use outlay_input::FieldErrors;
use outlay_input::parse::optional;
use outlay_store::journal::BookingRequest;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::common::time;

pub use formats::{CsvFormatDto, DatevFormatDto, FecFormatDto, FormatsDto, SieFormatDto};

/// Account of an input tax that the organisation reclaims.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[schema(as = TaxAccount)]
#[serde(deny_unknown_fields)]
pub struct TaxAccountDto {
    /// Two-letter code of the country (ISO 3166-1) of the expense; expenses without a country when absent.
    #[schema(example = "DE")]
    pub country: Option<String>,
    /// Rate in percent; taxes whose rate is unknown or has no entry when absent.
    #[schema(example = "19")]
    pub rate: Option<String>,
    /// Account; 1 to 20 of `A-Z`, `a-z`, `0-9`, `-` and `.`.
    #[schema(example = "1406")]
    pub account: String,
    /// Tax code of the accounting program; 1 to 10 letters and digits.
    #[schema(example = "9")]
    pub code: Option<String>,
    /// Reclaimable share in percent; 100 when absent.
    #[schema(example = "100")]
    pub reclaimable: Option<String>,
}

impl TaxAccountDto {
    fn check(self, errors: &mut FieldErrors) -> Option<TaxAccount> {
        let country = errors.parse_optional("country", self.country);
        let rate = errors.parse_optional("rate", self.rate);
        let account = errors.parse("account", self.account);
        let code = errors.parse_optional("code", self.code);
        let reclaimable = errors.parse_optional::<TaxRate>("reclaimable", self.reclaimable);
        let reclaimable = reclaimable?.unwrap_or(TaxRate::HUNDRED);
        Some(TaxAccount { country: country?, rate: rate?, account: account?, code: code?, reclaimable })
    }
}

impl From<&TaxAccount> for TaxAccountDto {
    fn from(tax: &TaxAccount) -> Self {
        Self {
            country: tax.country.as_ref().map(ToString::to_string),
            rate: tax.rate.map(|rate| rate.to_string()),
            account: tax.account.to_string(),
            code: tax.code.as_ref().map(ToString::to_string),
            reclaimable: Some(tax.reclaimable.to_string()),
        }
    }
}

/// Settings of the ledger. Accounts are 1 to 20 of `A-Z`, `a-z`, `0-9`, `-` and `.`.
#[derive(Clone, Debug, Deserialize, Serialize, Validate, ToSchema)]
#[schema(as = LedgerSettings)]
#[serde(deny_unknown_fields)]
pub struct LedgerSettingsIn {
    /// Accepted and ignored, so that a document that was read can be sent back. `If-Match` compares versions.
    #[serde(default, skip_serializing)]
    pub version: Option<u32>,
    /// Accepted and ignored.
    #[serde(default, skip_serializing)]
    pub changed_at: Option<String>,
    /// Accepted and ignored.
    #[serde(default, skip_serializing)]
    pub missing_accounts: Option<Vec<MissingAccountOut>>,
    /// Accepted and ignored.
    #[serde(default, skip_serializing)]
    pub waiting_reports: Option<u32>,
    /// Accepted and ignored.
    #[serde(default, skip_serializing)]
    pub waiting_payments: Option<u32>,
    /// Last closed month, `YYYY-MM`; none when all are open. It only moves forward, at most to the current month.
    #[schema(example = "2026-10")]
    pub closed_until: Option<String>,
    /// Month in which fiscal years begin, 1 to 12; 1 when absent.
    #[validate(range(min = 1, max = 12))]
    pub fiscal_year_start: Option<u8>,
    /// Expense accounts by category, at most 200. They replace the accounts of the policy.
    #[validate(length(max = 200))]
    #[schema(example = json!({"travel": "6650"}))]
    pub expense_accounts: Option<BTreeMap<String, String>>,
    /// Expense account of categories without one.
    #[schema(example = "6300")]
    pub default_expense_account: Option<String>,
    /// Accounts of input taxes, at most 200. A tax without an entry is part of the expense.
    #[validate(length(max = 200))]
    pub input_taxes: Option<Vec<TaxAccountDto>>,
    /// True when the tax of an expense without a receipt is not reclaimed; true when absent.
    pub input_tax_needs_receipt: Option<bool>,
    /// Account of what members are owed.
    #[schema(example = "3700")]
    pub payable_account: Option<String>,
    /// Payable accounts of single members by identifier, at most 1000. They replace `payable_account`.
    #[validate(length(max = 1000))]
    pub member_accounts: Option<BTreeMap<String, String>>,
    /// Clearing account of payments by company card.
    #[schema(example = "3610")]
    pub card_clearing_account: Option<String>,
    /// Account of what members owe.
    #[schema(example = "1340")]
    pub receivable_account: Option<String>,
    /// Account of rounding differences.
    #[schema(example = "6969")]
    pub rounding_account: Option<String>,
    /// Account of exchange differences; the rounding account when absent.
    pub exchange_difference_account: Option<String>,
    /// Bank accounts by ISO 4217 code of the currency, at most 90.
    #[validate(length(max = 90))]
    #[schema(example = json!({"EUR": "1800"}))]
    pub bank_accounts: Option<BTreeMap<String, String>>,
    /// Settings of the file formats.
    pub formats: Option<FormatsDto>,
}

/// Parses a map; errors are below the field `name`.
fn parse_map<K: Ord>(
    name: &str,
    raw: Option<BTreeMap<String, String>>,
    errors: &mut FieldErrors,
    parse_key: impl Fn(&str, &mut FieldErrors) -> Option<K>,
) -> Option<BTreeMap<K, AccountCode>> {
    let parsed: Vec<Option<(K, AccountCode)>> = errors.within(name, |errors| {
        let mut entry = |(key, account): (String, String)| {
            let parsed = parse_key(&key, errors);
            let account = errors.parse(&key, account);
            Some((parsed?, account?))
        };
        raw.unwrap_or_default().into_iter().map(&mut entry).collect()
    });
    parsed.into_iter().collect()
}

/// Parses a month.
pub fn parse_period(name: &str, raw: &str, errors: &mut FieldErrors) -> Option<AccountingPeriod> {
    errors.require(name, AccountingPeriod::from_str(raw).ok(), "period", "Must be a month such as 2026-11.")
}

impl Input for LedgerSettingsIn {
    type Checked = LedgerSettings;

    fn check(self, _: Timestamp, errors: &mut FieldErrors) -> Option<LedgerSettings> {
        let closed_until = optional(self.closed_until, |raw| parse_period("closed_until", &raw, errors));
        let start = self.fiscal_year_start.map_or(Some(FiscalYearStart::default()), |month| {
            FiscalYearStart::try_from(i8::try_from(month).ok()?).ok()
        });
        let fiscal_year_start = errors.require("fiscal_year_start", start, "range", "Must be 1 to 12.");
        let expense_accounts = parse_map("expense_accounts", self.expense_accounts, errors, |key, errors| {
            errors.parse::<CategoryCode>(key, key)
        });
        let member_accounts = parse_map("member_accounts", self.member_accounts, errors, |key, errors| {
            errors.parse_member_id(key, key) as Option<MemberId>
        });
        let bank_accounts =
            parse_map("bank_accounts", self.bank_accounts, errors, |key, errors| errors.parse::<Currency>(key, key));
        let input_taxes = errors.each("input_taxes", self.input_taxes.unwrap_or_default(), TaxAccountDto::check);
        let default_expense_account = errors.parse_optional("default_expense_account", self.default_expense_account);
        let payable_account = errors.parse_optional("payable_account", self.payable_account);
        let card_clearing_account = errors.parse_optional("card_clearing_account", self.card_clearing_account);
        let receivable_account = errors.parse_optional("receivable_account", self.receivable_account);
        let rounding_account = errors.parse_optional("rounding_account", self.rounding_account);
        let exchange = errors.parse_optional("exchange_difference_account", self.exchange_difference_account);
        let formats = errors.within("formats", |errors| self.formats.unwrap_or_default().check(errors));
        Some(LedgerSettings {
            version: 0,
            changed_at: None,
            closed_until: closed_until?,
            expense_accounts: expense_accounts?,
            default_expense_account: default_expense_account?,
            input_taxes: input_taxes?,
            input_tax_needs_receipt: self.input_tax_needs_receipt.unwrap_or(true),
            payable_account: payable_account?,
            member_accounts: member_accounts?,
            card_clearing_account: card_clearing_account?,
            receivable_account: receivable_account?,
            rounding_account: rounding_account?,
            exchange_difference_account: exchange?,
            bank_accounts: bank_accounts?,
            fiscal_year_start: fiscal_year_start?,
            formats: formats?,
        })
    }
}

/// Account that the settings lack.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[schema(as = MissingAccount)]
pub struct MissingAccountOut {
    /// Name of the rule, such as `payable_account`.
    pub rule: String,
    /// Category of an expense account.
    pub category: Option<String>,
    /// Account of the category in the policy, which is no account code.
    pub account: Option<String>,
    /// Country of an input tax.
    pub country: Option<String>,
    /// Rate of an input tax, in percent.
    pub rate: Option<String>,
    /// Currency of a bank account.
    pub currency: Option<String>,
    /// True when bookings that need the account wait for it. Otherwise the amount is part of the expense.
    pub is_required: bool,
    /// What is missing.
    pub message: String,
}

impl From<&MissingAccount> for MissingAccountOut {
    fn from(missing: &MissingAccount) -> Self {
        let mut out = Self {
            rule: missing.name().to_owned(),
            category: None,
            account: None,
            country: None,
            rate: None,
            currency: None,
            is_required: missing.is_required(),
            message: format!("Missing: {missing}."),
        };
        match missing {
            MissingAccount::ExpenseAccount { category } => out.category = Some(category.to_string()),
            MissingAccount::InvalidExpenseAccount { category, account } => {
                out.category = Some(category.to_string());
                out.account = Some(account.to_string());
            }
            MissingAccount::InputTaxAccount { country, rate } => {
                out.country = country.as_ref().map(ToString::to_string);
                out.rate = Some(rate.to_string());
            }
            MissingAccount::BankAccount { currency } => out.currency = Some(currency.to_string()),
            MissingAccount::PayableAccount
            | MissingAccount::CardClearingAccount
            | MissingAccount::ReceivableAccount
            | MissingAccount::RoundingAccount => {}
        }
        out
    }
}

/// Settings of the ledger, and what they lack.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Ledger)]
pub struct LedgerOut {
    /// Version; 0 before the first settings. The `ETag` without its quotes.
    pub version: u64,
    /// Time of the last change, RFC 3339 in UTC.
    #[schema(format = DateTime)]
    pub changed_at: Option<String>,
    /// Settings.
    #[serde(flatten)]
    pub settings: LedgerSettingsIn,
    /// Accounts that bookings under the policy in force can need.
    pub missing_accounts: Vec<MissingAccountOut>,
    /// Reports whose bookings are not made yet: for some minutes after an approval or return, or until an account is set.
    /// At most 1000 reports and payments are counted.
    pub waiting_reports: usize,
    /// Payments whose bookings are not made yet, as above.
    pub waiting_payments: usize,
}

/// Bookings to make that are counted.
pub const MAX_WAITING: i32 = 1000;

impl LedgerOut {
    /// Settings with what they lack, and what waits to be booked.
    #[must_use]
    pub fn new(settings: &LedgerSettings, missing: &[MissingAccount], waiting: &[BookingRequest]) -> Self {
        let is_report = |request: &&BookingRequest| matches!(request, BookingRequest::Report { .. });
        let waiting_reports = waiting.iter().filter(is_report).count();
        Self {
            version: settings.version,
            changed_at: settings.changed_at.map(time),
            settings: settings.into(),
            missing_accounts: missing.iter().map(Into::into).collect(),
            waiting_reports,
            waiting_payments: waiting.len() - waiting_reports,
        }
    }
}

/// A map of accounts with keys as text.
fn accounts_out<K: ToString>(accounts: &BTreeMap<K, AccountCode>) -> BTreeMap<String, String> {
    accounts.iter().map(|(key, account)| (key.to_string(), account.to_string())).collect()
}

impl From<&LedgerSettings> for LedgerSettingsIn {
    fn from(settings: &LedgerSettings) -> Self {
        let account = |account: &Option<AccountCode>| account.as_ref().map(ToString::to_string);
        Self {
            version: None,
            changed_at: None,
            missing_accounts: None,
            waiting_reports: None,
            waiting_payments: None,
            closed_until: settings.closed_until.map(|period| period.to_string()),
            fiscal_year_start: u8::try_from(i8::from(settings.fiscal_year_start)).ok(),
            expense_accounts: Some(accounts_out(&settings.expense_accounts)),
            default_expense_account: account(&settings.default_expense_account),
            input_taxes: Some(settings.input_taxes.iter().map(Into::into).collect()),
            input_tax_needs_receipt: Some(settings.input_tax_needs_receipt),
            payable_account: account(&settings.payable_account),
            member_accounts: Some(accounts_out(&settings.member_accounts)),
            card_clearing_account: account(&settings.card_clearing_account),
            receivable_account: account(&settings.receivable_account),
            rounding_account: account(&settings.rounding_account),
            exchange_difference_account: account(&settings.exchange_difference_account),
            bank_accounts: Some(accounts_out(&settings.bank_accounts)),
            formats: Some((&settings.formats).into()),
        }
    }
}
