//! Errors of the ledger, and the accounts that settings can lack.

use std::fmt;

use serde::Serialize;
use strum::IntoStaticStr;

use crate::money::{Currency, MoneyError};
use crate::report::ReportStatus;
use crate::tax::TaxRate;
use crate::text::{CategoryCode, CountryCode, LedgerAccount};

/// Reason why an entry cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// The report is not approved.
    #[error("a report in status {} is not booked; only approved reports are", .0.name())]
    NotApproved(ReportStatus),
    /// The settings lack an account.
    #[error("the ledger settings lack an account: {0}")]
    MissingAccount(MissingAccount),
    /// Every amount is zero in the base currency.
    #[error("there is nothing to book: every amount is zero in the base currency")]
    NothingToBook,
    /// An amount of a line is not above zero.
    #[error("the amounts of a journal line must be above zero")]
    AmountNotPositive,
    /// An amount is in another currency than the one it must be in.
    #[error("an amount is in {found} and must be in {expected}")]
    CurrencyMismatch {
        /// Currency that is required.
        expected: Currency,
        /// Currency of the amount.
        found: Currency,
    },
    /// Debits and credits differ in a currency.
    #[error("debits and credits in {currency} differ")]
    Unbalanced {
        /// Currency, the base currency or that of original amounts.
        currency: Currency,
    },
    /// The entry is a reversal; reversals are not reversed.
    #[error("a reversal is not reversed; book the original again")]
    AlreadyReversal,
    /// A sum is out of range, or amounts have different currencies.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// Account that the settings lack. [`MissingAccount::name`] is its name in API answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, IntoStaticStr)]
#[serde(tag = "missing", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum MissingAccount {
    /// Expense account of a category.
    ExpenseAccount {
        /// Category.
        category: CategoryCode,
    },
    /// Expense account of a category whose account in the policy is not an account code.
    InvalidExpenseAccount {
        /// Category.
        category: CategoryCode,
        /// Account in the policy.
        account: LedgerAccount,
    },
    /// Account of an input tax that the policy computes by default. Without one, the tax is part of the expense.
    InputTaxAccount {
        /// Country; none for expenses without a country.
        country: Option<CountryCode>,
        /// Rate.
        rate: TaxRate,
    },
    /// Account of what members are owed.
    PayableAccount,
    /// Clearing account of payments by company card.
    CardClearingAccount,
    /// Account of what members owe.
    ReceivableAccount,
    /// Account of rounding and exchange differences.
    RoundingAccount,
    /// Bank account of a currency.
    BankAccount {
        /// Currency.
        currency: Currency,
    },
}

impl MissingAccount {
    /// Stable name, for API answers.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.into()
    }

    /// True when entries fail without the account.
    #[must_use]
    pub const fn is_required(&self) -> bool {
        !matches!(self, Self::InputTaxAccount { .. })
    }
}

impl fmt::Display for MissingAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ExpenseAccount { category } => write!(f, "expense account of the category {category}"),
            Self::InvalidExpenseAccount { category, account } => {
                write!(f, "expense account of the category {category}; {account} in the policy is not an account code")
            }
            Self::InputTaxAccount { country: Some(country), rate } => {
                write!(f, "account of the input tax of {rate} % in {country}")
            }
            Self::InputTaxAccount { country: None, rate } => write!(f, "account of the input tax of {rate} %"),
            Self::PayableAccount => f.write_str("account of what members are owed"),
            Self::CardClearingAccount => f.write_str("clearing account of payments by company card"),
            Self::ReceivableAccount => f.write_str("account of what members owe"),
            Self::RoundingAccount => f.write_str("account of rounding differences"),
            Self::BankAccount { currency } => write!(f, "bank account in {currency}"),
        }
    }
}
