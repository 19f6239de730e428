//! Taxes of an expense over the API: their sum, or each of them by its amount, its rate, or both.

use outlay_domain::money::Money;
use outlay_domain::patch::Patch;
use outlay_domain::tax::{LineTax, StatedTaxes, TaxError, TaxStatement};
use outlay_input::FieldErrors;
use outlay_input::parse::optional;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::common::MoneyDto;

/// Largest number of taxes of an expense.
pub const MAX_TAXES: u64 = 10;

/// One tax within the amount of an expense: its amount, its rate, or both.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[schema(as = NewTax)]
#[serde(deny_unknown_fields)]
pub struct TaxIn {
    /// Name, such as `City tax`; 1 to 200 characters.
    #[schema(example = "VAT")]
    pub name: Option<String>,
    /// Rate in percent, from 0 to 100 with at most 4 decimals. Without `amount`, the tax is computed from it: it is
    /// within what the stated amounts of other taxes leave of the expense, and rates of one expense are on the same net.
    #[schema(example = "10")]
    pub rate: Option<String>,
    /// Amount of the tax, in the currency of the expense.
    pub amount: Option<MoneyDto>,
}

impl TaxIn {
    fn check(self, errors: &mut FieldErrors) -> Option<TaxStatement> {
        if self.rate.is_none() && self.amount.is_none() {
            errors.push("rate", "required", "Send the rate of the tax, its amount, or both.");
        }
        let name = errors.parse_optional("name", self.name);
        let rate = errors.parse_optional("rate", self.rate);
        let amount = optional(self.amount, |amount| amount.parse_signed("amount", errors));
        Some(TaxStatement { name: name?, rate: rate?, amount: amount? })
    }
}

/// Parses `taxes`.
pub fn parse_taxes(taxes: Vec<TaxIn>, errors: &mut FieldErrors) -> Option<StatedTaxes> {
    if taxes.len() as u64 > MAX_TAXES {
        errors.push("taxes", "length", format!("Must have at most {MAX_TAXES} entries."));
    }
    errors.each("taxes", taxes, TaxIn::check).map(StatedTaxes::Each)
}

/// Parses `tax` and `taxes`, of which at most one may be set; none when neither is.
pub fn parse_stated_taxes(
    tax: Option<MoneyDto>,
    taxes: Option<Vec<TaxIn>>,
    errors: &mut FieldErrors,
) -> Option<Option<StatedTaxes>> {
    refuse_both(tax.is_some() && taxes.is_some(), errors);
    let sum = optional(tax, |tax| tax.parse_signed("tax", errors))?;
    let each = optional(taxes, |taxes| parse_taxes(taxes, errors))?;
    Some(each.or(sum.map(StatedTaxes::Sum)))
}

/// As [`parse_stated_taxes`], for a patch.
pub fn parse_patched_taxes(
    tax: Patch<MoneyDto>,
    taxes: Patch<Vec<TaxIn>>,
    errors: &mut FieldErrors,
) -> Option<Patch<StatedTaxes>> {
    refuse_both(!tax.is_absent() && !taxes.is_absent(), errors);
    if taxes.is_absent() {
        tax.try_map(|tax| tax.parse_signed("tax", errors).map(StatedTaxes::Sum))
    } else {
        taxes.try_map(|taxes| parse_taxes(taxes, errors))
    }
}

fn refuse_both(are_both_set: bool, errors: &mut FieldErrors) {
    if are_both_set {
        errors.push("taxes", "exclusive", "Send either tax, the sum, or taxes, each of them.");
    }
}

/// Adds the error of taxes that do not fit the amount of their expense: at `tax` for a sum, at `taxes` otherwise.
pub fn push_tax_error(amount: Money, is_sum: bool, error: TaxError, errors: &mut FieldErrors) {
    let (rule, detail) = match error {
        TaxError::CurrencyMismatch => {
            let detail = format!(
                "The stated tax is in another currency than the amount. State it in {}, or send null for the category's \
                 default.",
                amount.currency()
            );
            ("same-currency", detail)
        }
        TaxError::AboveAmount => ("maximum", "Must not be more than the amount it is part of.".to_owned()),
        TaxError::OppositeSign if amount.minor() < 0 => ("positive", "Must not be above zero in a refund.".to_owned()),
        TaxError::OppositeSign => ("positive", "Must not be negative.".to_owned()),
    };
    match (is_sum, error) {
        (true, TaxError::CurrencyMismatch) => {
            errors.within("tax", |errors| errors.push("currency", rule, detail));
        }
        (true, TaxError::AboveAmount | TaxError::OppositeSign) => {
            errors.within("tax", |errors| errors.push("amount", rule, detail));
        }
        (false, _) => errors.push("taxes", rule, detail),
    }
}

/// One tax within the amount of an expense.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Tax)]
pub struct TaxOut {
    /// Name.
    pub name: Option<String>,
    /// Rate in percent.
    #[schema(example = "10")]
    pub rate: Option<String>,
    /// Amount of the tax, stated or computed from the rate.
    pub amount: MoneyDto,
}

impl From<&LineTax> for TaxOut {
    fn from(tax: &LineTax) -> Self {
        Self {
            name: tax.name.as_ref().map(ToString::to_string),
            rate: tax.rate.map(|rate| rate.to_string()),
            amount: tax.amount.into(),
        }
    }
}
