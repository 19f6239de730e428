//! Taxes included in an amount. Net and taxes add up to the total, whatever is rounded.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::money::{Money, MoneyError};

/// Tax rate in percent from 0 to 100, with at most four decimals, such as `5.5`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TaxRate {
    /// Ten-thousandths of a percent.
    units: u32,
}

/// 100 percent in units of a [`TaxRate`].
const WHOLE: i64 = 1_000_000;

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
