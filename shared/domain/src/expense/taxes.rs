//! Taxes of an expense: as stated, or the default of its category.

use super::{Expense, ExpenseFacts};
use crate::money::{Currency, Money};
use crate::policy::Policy;
use crate::tax::{StatedTaxes, TaxSource, TaxStatement};

impl ExpenseFacts {
    /// Taxes as they were stated; none for a default.
    #[must_use]
    pub fn stated_taxes(&self) -> Option<StatedTaxes> {
        match self.tax_source {
            TaxSource::Default => None,
            TaxSource::Stated if self.taxes.is_empty() => Some(StatedTaxes::Sum(self.tax)),
            TaxSource::Stated => Some(StatedTaxes::Each(self.taxes.iter().cloned().map(Into::into).collect())),
        }
    }

    /// The facts with the category's default taxes, unless taxes were stated. `base` is the base currency.
    #[must_use]
    pub fn with_default_taxes(self, policy: &Policy, base: Currency) -> Self {
        if self.tax_source.is_stated() {
            return self;
        }
        let category = policy.category(&self.category);
        let rates = category.map(|category| category.default_tax_rates(&self, base)).unwrap_or_default();
        let each = rates.iter().map(|rate| TaxStatement { name: None, rate: Some(*rate), amount: None }).collect();
        let none = || (Money::zero(self.amount.currency()), Vec::new());
        let (tax, taxes) = StatedTaxes::Each(each).within(self.amount).unwrap_or_else(|_| none());
        Self { tax, taxes, ..self }
    }
}

impl Expense {
    /// The line with the category's default taxes of now, unless taxes were stated. It has no conversions when its tax
    /// is another.
    #[must_use]
    pub fn with_default_taxes(self, policy: &Policy, base: Currency) -> Self {
        let before = self.facts.tax;
        let facts = self.facts.with_default_taxes(policy, base);
        if facts.tax == before { Self { facts, ..self } } else { Self { facts, converted: None, base: None, ..self } }
    }
}
