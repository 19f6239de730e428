//! Taxes included in an amount. Net and taxes add up to the total, whatever is rounded.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::money::{Money, MoneyError};
use crate::text::Label;

/// Tax rate in percent from 0 to 100, with at most four decimals, such as `5.5`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TaxRate {
    /// Ten-thousandths of a percent.
    units: u32,
}

/// 100 percent in units of a [`TaxRate`].
const WHOLE: i64 = 1_000_000;

impl TaxRate {
    /// 100 percent.
    pub const HUNDRED: Self = Self { units: 1_000_000 };

    /// This percentage of an amount, rounded half-even.
    ///
    /// # Errors
    /// [`MoneyError`] when the result is out of range.
    pub fn percentage_of(self, amount: Money) -> Result<Money, MoneyError> {
        amount.portion(i64::from(self.units), WHOLE)
    }
}

/// Text that is not a tax rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a rate in percent from 0 to 100, such as 19 or 5.5")]
pub struct ParseTaxRateError;

impl FromStr for TaxRate {
    type Err = ParseTaxRateError;

    fn from_str(text: &str) -> Result<Self, ParseTaxRateError> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str, most| (1..=most).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole, 3) || !digits(decimals, 4) || (whole.len() > 1 && whole.starts_with('0')) {
            return Err(ParseTaxRateError);
        }
        let units: u32 = format!("{whole}{decimals:0<4}").parse().map_err(|_| ParseTaxRateError)?;
        if i64::from(units) > WHOLE { Err(ParseTaxRateError) } else { Ok(Self { units }) }
    }
}

impl fmt::Display for TaxRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{}.{:04}", self.units / 10_000, self.units % 10_000);
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

impl TryFrom<String> for TaxRate {
    type Error = ParseTaxRateError;

    fn try_from(text: String) -> Result<Self, ParseTaxRateError> {
        text.parse()
    }
}

impl From<TaxRate> for String {
    fn from(rate: TaxRate) -> Self {
        rate.to_string()
    }
}

/// Taxes included in an amount, one per rate, all on the same net. The net is rounded half-even, and the taxes share
/// the rest.
///
/// # Errors
/// [`MoneyError`] when an amount is out of range.
pub fn included_taxes(total: Money, rates: &[TaxRate]) -> Result<Vec<Money>, MoneyError> {
    let sum: i64 = rates.iter().map(|rate| i64::from(rate.units)).sum();
    if sum == 0 {
        return Ok(vec![Money::zero(total.currency()); rates.len()]);
    }
    let net = total.portion(WHOLE, WHOLE + sum)?;
    total.minus(net)?.allocate(&rates.iter().map(|rate| u64::from(rate.units)).collect::<Vec<_>>())
}

/// Origin of the tax of an expense.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TaxSource {
    /// Stated by the person who entered the expense. Never replaced without a statement.
    #[default]
    Stated,
    /// Default of the category, or zero where it has none. It follows amount, category, country and policy.
    Default,
}

impl TaxSource {
    /// True for [`TaxSource::Stated`].
    #[must_use]
    pub const fn is_stated(&self) -> bool {
        matches!(self, Self::Stated)
    }
}

/// One tax within the amount of an expense.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineTax {
    /// Name, such as `City tax`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Label>,
    /// Rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<TaxRate>,
    /// Amount, in the currency of the expense.
    pub amount: Money,
    /// True when the amount is computed from the rate.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_computed: bool,
}

/// One tax as stated: by its amount, by its rate, or by both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaxStatement {
    /// Name.
    pub name: Option<Label>,
    /// Rate.
    pub rate: Option<TaxRate>,
    /// Amount; computed from the rate when absent.
    pub amount: Option<Money>,
}

impl From<LineTax> for TaxStatement {
    fn from(tax: LineTax) -> Self {
        Self { name: tax.name, rate: tax.rate, amount: (!tax.is_computed).then_some(tax.amount) }
    }
}

/// Taxes of an expense as stated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StatedTaxes {
    /// Their sum.
    Sum(Money),
    /// Each of them.
    Each(Vec<TaxStatement>),
}

/// Reason why taxes cannot be within an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TaxError {
    /// A tax is in another currency than the amount.
    #[error("the tax is in another currency than the amount")]
    CurrencyMismatch,
    /// The taxes are more than the amount.
    #[error("the taxes are more than the amount")]
    AboveAmount,
    /// The taxes are negative, or those of a refund are not.
    #[error("the taxes have the opposite sign of the amount")]
    OppositeSign,
}

impl StatedTaxes {
    /// Taxes within `total`, and their sum. The amounts stated are taken from the total first; the others are
    /// [`included_taxes`] of what is left. A sum of zero is zero in every currency.
    ///
    /// # Errors
    /// [`TaxError`].
    pub fn within(self, total: Money) -> Result<(Money, Vec<LineTax>), TaxError> {
        let taxes = match self {
            Self::Sum(sum) if sum.minor() == 0 => return Ok((Money::zero(total.currency()), Vec::new())),
            Self::Sum(sum) => return Ok((check_within(sum, total)?, Vec::new())),
            Self::Each(taxes) => taxes,
        };
        let stated = taxes.iter().filter_map(|tax| tax.amount);
        let stated = Money::sum(total.currency(), stated).map_err(|_| TaxError::CurrencyMismatch)?;
        let left = total.minus(check_within(stated, total)?).map_err(|_| TaxError::CurrencyMismatch)?;
        let rates: Vec<TaxRate> = taxes.iter().filter(|tax| tax.amount.is_none()).filter_map(|tax| tax.rate).collect();
        let mut computed = included_taxes(left, &rates).map_err(|_| TaxError::AboveAmount)?.into_iter();
        let zero = Money::zero(total.currency());
        let each = taxes.into_iter().map(|tax| LineTax {
            amount: tax.amount.or_else(|| computed.next()).unwrap_or(zero),
            is_computed: tax.amount.is_none(),
            name: tax.name,
            rate: tax.rate,
        });
        let each: Vec<LineTax> = each.collect();
        let sum = Money::sum(total.currency(), each.iter().map(|tax| tax.amount)).map_err(|_| TaxError::AboveAmount)?;
        Ok((sum, each))
    }
}

/// A tax that is in the currency of the total and at most the total.
fn check_within(tax: Money, total: Money) -> Result<Money, TaxError> {
    if tax.currency() != total.currency() {
        Err(TaxError::CurrencyMismatch)
    } else if tax.minor().signum() * total.minor().signum() < 0 {
        Err(TaxError::OppositeSign)
    } else if tax.minor().unsigned_abs() > total.minor().unsigned_abs() {
        Err(TaxError::AboveAmount)
    } else {
        Ok(tax)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn tax_rate_parses_and_displays() {
        for (text, printed) in [("19", "19"), ("5.5", "5.5"), ("0", "0"), ("100", "100"), ("7.70", "7.7")] {
            assert_eq!(text.parse::<TaxRate>().unwrap().to_string(), printed);
        }
        for text in ["", "-1", "100.0001", "1.23456", "019", "1,5", ".5", "5.", "1e1", "1000"] {
            assert!(text.parse::<TaxRate>().is_err(), "{text}");
        }
    }

    #[test]
    fn stated_amounts_come_before_rates() {
        let eur = |minor| Money::from_minor(minor, "EUR".parse().unwrap());
        let by_amount = |minor| TaxStatement { name: None, rate: None, amount: Some(eur(minor)) };
        let by_rate = |rate: &str| TaxStatement { name: None, rate: Some(rate.parse().unwrap()), amount: None };
        let within = |taxes: Vec<TaxStatement>, minor| StatedTaxes::Each(taxes).within(eur(minor));
        // PC-014: 500.00 with 15 % twice. A Tokyo bill with 10 % and a city tax of 3.00.
        assert_eq!(within(vec![by_rate("15"), by_rate("15")], 50_000).unwrap().0, eur(11_538));
        let (sum, each) = within(vec![by_rate("10"), by_amount(300)], 11_300).unwrap();
        assert_eq!((sum, each[0].amount, each[1].amount), (eur(1_300), eur(1_000), eur(300)));
        assert_eq!(within(vec![by_amount(60), by_amount(41)], 100), Err(TaxError::AboveAmount));
        let usd = Money::from_minor(1, "USD".parse().unwrap());
        assert_eq!(StatedTaxes::Sum(usd).within(eur(100)), Err(TaxError::CurrencyMismatch));
        assert_eq!(StatedTaxes::Sum(Money::zero(usd.currency())).within(eur(100)), Ok((eur(0), Vec::new())));
        assert_eq!(StatedTaxes::Each(Vec::new()).within(eur(100)), Ok((eur(0), Vec::new())));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        #[test]
        fn included_taxes_are_within_total(
            minor in 0..1_000_000_000_i64,
            units in prop::collection::vec(0..1_000_000_u32, 0..4),
        ) {
            let total = Money::from_minor(minor, "EUR".parse().unwrap());
            let rates: Vec<_> = units.into_iter().map(|units| TaxRate { units }).collect();
            let taxes = included_taxes(total, &rates).unwrap();
            let sum = Money::sum(total.currency(), taxes.iter().copied()).unwrap();
            prop_assert!(sum.minor() >= 0 && sum.minor() <= total.minor());
            prop_assert_eq!(taxes.len(), rates.len());
        }

        #[test]
        fn allocated_parts_add_up_and_are_proportional(
            minor in 0..1_000_000_000_i64,
            weights in prop::collection::vec(0..1000_u64, 1..12),
        ) {
            let total = Money::from_minor(minor, "EUR".parse().unwrap());
            prop_assume!(weights.iter().any(|weight| *weight > 0));
            let parts = total.allocate(&weights).unwrap();
            prop_assert_eq!(Money::sum(total.currency(), parts.iter().copied()).unwrap(), total);
            let whole: i128 = weights.iter().map(|weight| i128::from(*weight)).sum();
            for (part, weight) in parts.iter().zip(&weights) {
                let exact = i128::from(minor) * i128::from(*weight);
                prop_assert!((i128::from(part.minor()) * whole - exact).abs() < whole);
            }
        }
    }
}
