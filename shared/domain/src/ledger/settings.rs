//! Ledger settings of an organisation: its accounts, and what is missing among them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::{LedgerError, MissingAccount};
use super::formats::FormatSettings;
use super::period::{AccountingPeriod, FiscalYearStart};
use crate::ids::MemberId;
use crate::money::Currency;
use crate::policy::{Category, Policy};
use crate::tax::TaxRate;
use crate::text::{AccountCode, CategoryCode, CountryCode, TaxCode};

/// Account of an input tax: the tax of a country and rate that the organisation reclaims.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxAccount {
    /// Country of the expense; expenses without a country when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<CountryCode>,
    /// Rate; taxes whose rate is unknown or has no entry when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<TaxRate>,
    /// Account.
    pub account: AccountCode,
    /// Tax code of the accounting program. Without one, exports leave the field empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<TaxCode>,
    /// Reclaimable share, in percent. The rest is part of the expense.
    #[serde(default = "hundred")]
    pub reclaimable: TaxRate,
}

const fn hundred() -> TaxRate {
    TaxRate::HUNDRED
}

const fn needs_receipt() -> bool {
    true
}

/// Accounts and rules of the books of an organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerSettings {
    /// Version; 0 before the organisation has set anything.
    #[serde(default)]
    pub version: u64,
    /// Time of the last change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<Timestamp>,
    /// Last closed period; none when all are open. It only moves forward.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_until: Option<AccountingPeriod>,
    /// Expense accounts by category. They replace the accounts of the policy.
    #[serde(default)]
    pub expense_accounts: BTreeMap<CategoryCode, AccountCode>,
    /// Expense account of categories without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_expense_account: Option<AccountCode>,
    /// Accounts of input taxes. A tax without an entry is part of the expense.
    #[serde(default)]
    pub input_taxes: Vec<TaxAccount>,
    /// True when the tax of an expense without a receipt is not reclaimed. Input tax requires an invoice in the
    /// European Union (article 178 of Directive 2006/112/EC), so it is true unless stated otherwise.
    #[serde(default = "needs_receipt")]
    pub input_tax_needs_receipt: bool,
    /// Account of what members are owed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payable_account: Option<AccountCode>,
    /// Payable accounts of single members. They replace `payable_account`.
    #[serde(default)]
    pub member_accounts: BTreeMap<MemberId, AccountCode>,
    /// Clearing account of payments by company card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card_clearing_account: Option<AccountCode>,
    /// Account of what members owe.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receivable_account: Option<AccountCode>,
    /// Account of rounding differences.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rounding_account: Option<AccountCode>,
    /// Account of exchange differences; the rounding account when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange_difference_account: Option<AccountCode>,
    /// Bank accounts by currency.
    #[serde(default)]
    pub bank_accounts: BTreeMap<Currency, AccountCode>,
    /// Month in which fiscal years begin.
    #[serde(default)]
    pub fiscal_year_start: FiscalYearStart,
    /// Settings of the file formats.
    #[serde(default)]
    pub formats: FormatSettings,
}

impl Default for LedgerSettings {
    fn default() -> Self {
        Self {
            version: 0,
            changed_at: None,
            closed_until: None,
            expense_accounts: BTreeMap::new(),
            default_expense_account: None,
            input_taxes: Vec::new(),
            input_tax_needs_receipt: needs_receipt(),
            payable_account: None,
            member_accounts: BTreeMap::new(),
            card_clearing_account: None,
            receivable_account: None,
            rounding_account: None,
            exchange_difference_account: None,
            bank_accounts: BTreeMap::new(),
            fiscal_year_start: FiscalYearStart::default(),
            formats: FormatSettings::default(),
        }
    }
}

/// The account, or the error that it is missing.
fn required(account: Option<&AccountCode>, missing: MissingAccount) -> Result<&AccountCode, LedgerError> {
    account.ok_or(LedgerError::MissingAccount(missing))
}

impl LedgerSettings {
    /// Expense account of a category: that of the settings, that of the policy, or the default one.
    ///
    /// # Errors
    /// [`LedgerError::MissingAccount`].
    pub fn expense_account(&self, category: &CategoryCode, policy: &Policy) -> Result<AccountCode, LedgerError> {
        let stated = self.expense_accounts.get(category).cloned();
        let in_policy = policy.category(category).and_then(|category| category.account.as_ref());
        let by_policy = in_policy.and_then(|account| account.parse().ok());
        let missing = || match in_policy {
            Some(account) => {
                MissingAccount::InvalidExpenseAccount { category: category.clone(), account: account.clone() }
            }
            None => MissingAccount::ExpenseAccount { category: category.clone() },
        };
        stated
            .or(by_policy)
            .or_else(|| self.default_expense_account.clone())
            .ok_or_else(|| LedgerError::MissingAccount(missing()))
    }

    /// Account of an input tax; none when the tax is not reclaimed.
    #[must_use]
    pub fn input_tax(&self, country: Option<&CountryCode>, rate: Option<TaxRate>) -> Option<&TaxAccount> {
        let in_country = |entry: &&TaxAccount| entry.country.as_ref() == country;
        let of_rate = |wanted: Option<TaxRate>| {
            self.input_taxes.iter().filter(in_country).find(move |entry| entry.rate == wanted)
        };
        rate.and_then(|rate| of_rate(Some(rate))).or_else(|| of_rate(None))
    }

    /// Account of what a member is owed.
    ///
    /// # Errors
    /// [`LedgerError::MissingAccount`].
    pub fn payable(&self, member: MemberId) -> Result<&AccountCode, LedgerError> {
        let account = self.member_accounts.get(&member).or(self.payable_account.as_ref());
        required(account, MissingAccount::PayableAccount)
    }

    /// Clearing account of payments by company card.
    ///
    /// # Errors
    /// [`LedgerError::MissingAccount`].
    pub fn card_clearing(&self) -> Result<&AccountCode, LedgerError> {
        required(self.card_clearing_account.as_ref(), MissingAccount::CardClearingAccount)
    }

    /// Account of what members owe.
    ///
    /// # Errors
    /// [`LedgerError::MissingAccount`].
    pub fn receivable(&self) -> Result<&AccountCode, LedgerError> {
        required(self.receivable_account.as_ref(), MissingAccount::ReceivableAccount)
    }

    /// Account of exchange differences.
    ///
    /// # Errors
    /// [`LedgerError::MissingAccount`].
    pub fn exchange_difference(&self) -> Result<&AccountCode, LedgerError> {
        let account = self.exchange_difference_account.as_ref().or(self.rounding_account.as_ref());
        required(account, MissingAccount::RoundingAccount)
    }

    /// Bank account of a currency.
    ///
    /// # Errors
    /// [`LedgerError::MissingAccount`].
    pub fn bank(&self, currency: Currency) -> Result<&AccountCode, LedgerError> {
        required(self.bank_accounts.get(&currency), MissingAccount::BankAccount { currency })
    }
}

impl LedgerSettings {
    /// Names of the accounts, for formats that list them: those of the categories for expense accounts, and the role of
    /// the others, in English. An account with several uses has the name of the first.
    #[must_use]
    pub fn account_names(&self, policy: &Policy) -> BTreeMap<AccountCode, String> {
        let mut names: BTreeMap<AccountCode, String> = BTreeMap::new();
        let mut add = |account: Option<&AccountCode>, name: String| {
            if let Some(account) = account {
                names.entry(account.clone()).or_insert(name);
            }
        };
        for category in &policy.categories {
            add(self.expense_account(&category.code, policy).ok().as_ref(), category.name.to_string());
        }
        for tax in &self.input_taxes {
            let rate = tax.rate.map_or(String::new(), |rate| format!(" {rate} %"));
            add(Some(&tax.account), format!("Input tax{rate}"));
        }
        let of_members = self.member_accounts.values().map(|account| (Some(account), "Payable to member"));
        let others = [
            (self.payable_account.as_ref(), "Payable to members"),
            (self.card_clearing_account.as_ref(), "Company card clearing"),
            (self.receivable_account.as_ref(), "Receivable from members"),
            (self.exchange_difference_account.as_ref(), "Exchange differences"),
            (self.rounding_account.as_ref(), "Rounding differences"),
        ];
        for (account, name) in others.into_iter().chain(of_members) {
            add(account, name.to_owned());
        }
        for (currency, account) in &self.bank_accounts {
            add(Some(account), format!("Bank {currency}"));
        }
        names
    }
}

/// Accounts that bookings under this policy can need and the settings lack. `base` is the base currency.
#[must_use]
pub fn missing_accounts(settings: &LedgerSettings, policy: &Policy, base: Currency) -> Vec<MissingAccount> {
    let missing = |account: Result<(), LedgerError>| match account {
        Err(LedgerError::MissingAccount(missing)) => Some(missing),
        _ => None,
    };
    let categories =
        policy.categories.iter().map(|category| settings.expense_account(&category.code, policy).map(drop));
    let member_accounts = [
        settings.payable_account.as_ref().ok_or(LedgerError::MissingAccount(MissingAccount::PayableAccount)).map(drop),
        settings.card_clearing().map(drop),
        settings.receivable().map(drop),
        settings.exchange_difference().map(drop),
        settings.bank(base).map(drop),
    ];
    let mut found: Vec<MissingAccount> = categories.chain(member_accounts).filter_map(missing).collect();
    let mut seen = BTreeSet::new();
    for (country, rate) in policy.categories.iter().flat_map(default_taxes) {
        let is_new = seen.insert((country.cloned(), rate.to_string()));
        if is_new && settings.input_tax(country, Some(rate)).is_none() {
            found.push(MissingAccount::InputTaxAccount { country: country.cloned(), rate });
        }
    }
    found
}

/// Countries and rates of the default taxes of a category.
fn default_taxes(category: &Category) -> impl Iterator<Item = (Option<&CountryCode>, TaxRate)> {
    let listed = category
        .default_taxes
        .iter()
        .flat_map(|entry| entry.rates.iter().map(move |rate| (entry.country.as_ref(), *rate)));
    category.default_tax.map(|rate| (None, rate)).into_iter().chain(listed)
}
