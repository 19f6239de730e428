//! An expense: one line of a report.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::conversion::{Conversion, ConversionFault, RateBook};
use crate::ids::ExpenseId;
use crate::money::{Currency, Money};

/// Who has paid the merchant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentMethod {
    /// The owner, who wants the money back.
    #[default]
    Personal,
    /// The organisation, by its card: counted, not reimbursed.
    CompanyCard,
}

/// What a person enters for one expense, checked: the tax is in the amount's currency and not above it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpenseFacts {
    /// The day the money was spent.
    pub date: Date,
    /// Code of a category of the policy.
    pub category: String,
    /// Who was paid.
    pub merchant: String,
    /// What was paid, tax included, in the currency it was paid in.
    pub amount: Money,
    /// The tax within the amount, same currency.
    pub tax: Money,
    /// Who paid.
    pub payment_method: PaymentMethod,
    /// What it was for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Why a limit was exceeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub justification: Option<String>,
    /// Where the receipt is kept: a document number or a file name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt_reference: Option<String>,
}

/// A line of a report: what was entered, and what it is worth elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expense {
    /// Identifier, `exp_…`.
    pub id: ExpenseId,
    /// What was entered.
    #[serde(flatten)]
    pub facts: ExpenseFacts,
    /// The amount in the report's currency, when it was paid in another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub converted: Option<Conversion>,
    /// The amount in the organisation's base currency, when it was paid in another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<Conversion>,
}

impl Expense {
    /// A line from what was entered, converted to the report's and the base currency by the rate of its day.
    ///
    /// # Errors
    /// A [`ConversionFault`] when a rate is missing or an amount leaves the range.
    pub fn new(
        id: ExpenseId,
        facts: ExpenseFacts,
        currency: Currency,
        rates: &RateBook,
    ) -> Result<Self, ConversionFault> {
        let convert = |to| rates.convert(facts.amount, facts.tax, to, facts.date);
        let converted = convert(currency)?;
        let base = if rates.base() == currency { converted.clone() } else { convert(rates.base())? };
        Ok(Self { id, facts, converted, base })
    }

    /// Amount in the report's currency.
    #[must_use]
    pub fn amount_in_report(&self) -> Money {
        self.converted.as_ref().map_or(self.facts.amount, |conversion| conversion.amount)
    }

    /// Tax in the report's currency.
    #[must_use]
    pub fn tax_in_report(&self) -> Money {
        self.converted.as_ref().map_or(self.facts.tax, |conversion| conversion.tax)
    }

    /// Amount in the base currency; policy limits are judged by it.
    #[must_use]
    pub fn amount_in_base(&self) -> Money {
        self.base.as_ref().map_or(self.facts.amount, |conversion| conversion.amount)
    }
}
