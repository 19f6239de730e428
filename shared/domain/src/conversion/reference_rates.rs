//! Reference rates of a central bank: one table a day, which all organisations share. Rates between two currencies
//! other than the euro are computed through the euro.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;
use utoipa::ToSchema;

use super::rate::Rate;
use crate::money::Currency;

/// Central bank whose reference rates an organisation uses beside its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, ToSchema)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ReferenceSource {
    /// European Central Bank: euro foreign exchange reference rates, published about 16:00 CET on each working day of
    /// TARGET.
    Ecb,
}

impl ReferenceSource {
    /// Name in keys, such as `ECB`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Ecb => "ECB",
        }
    }
}

/// Reference rates of the European Central Bank on a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReferenceDay {
    /// Day of the rates.
    pub date: Date,
    /// Units of each currency for one euro.
    pub rates: BTreeMap<Currency, Rate>,
}

/// Rate between two currencies, from the reference rates of one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CrossRate {
    /// Units of the target currency for one unit of the original currency, rounded half-even once, to 12 significant
    /// digits.
    pub rate: Rate,
    /// The euro, when neither currency is the euro: the rate is the quotient of two reference rates.
    pub via: Option<Currency>,
}

impl CrossRate {
    /// Source of the rate: `ECB`, or `ECB via EUR`.
    #[must_use]
    pub const fn source(self) -> &'static str {
        if self.via.is_some() { "ECB via EUR" } else { "ECB" }
    }
}

impl ReferenceDay {
    /// Rate from one currency to another. `None` when the day lacks one of them.
    #[must_use]
    pub fn cross_rate(&self, from: Currency, to: Currency) -> Option<CrossRate> {
        let per_euro = |currency| match currency {
            Currency::EUR => Some(Rate::ONE),
            other => self.rates.get(&other).copied(),
        };
        let rate = per_euro(to)?.divided_by(per_euro(from)?)?;
        let via = (from != Currency::EUR && to != Currency::EUR).then_some(Currency::EUR);
        Some(CrossRate { rate, via })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    fn currency(code: &str) -> Currency {
        code.parse().unwrap()
    }

    fn day(rates: &[(&str, &str)]) -> ReferenceDay {
        let rates = rates.iter().map(|(code, rate)| (currency(code), rate.parse().unwrap())).collect();
        ReferenceDay { date: date(2026, 11, 20), rates }
    }

    #[test]
    fn cross_rate_triangulates_through_euro() {
        let day = day(&[("USD", "1.1012"), ("JPY", "163.20"), ("IDR", "18071.35")]);
        for (from, to, rate, source) in [
            ("EUR", "USD", "1.1012", "ECB"),
            ("USD", "EUR", "0.908100254268", "ECB"),
            ("IDR", "EUR", "0.0000553362089717", "ECB"),
            ("USD", "JPY", "148.201961497", "ECB via EUR"),
            ("JPY", "USD", "0.00674754901961", "ECB via EUR"),
        ] {
            let found = day.cross_rate(currency(from), currency(to)).unwrap();
            assert_eq!((found.rate.to_string().as_str(), found.source()), (rate, source), "{from} in {to}");
            assert_eq!(found.via, source.ends_with("EUR").then_some(Currency::EUR));
        }
        assert_eq!(day.cross_rate(currency("GBP"), currency("USD")), None);
        assert_eq!(day.cross_rate(currency("USD"), currency("GBP")), None);
    }

    proptest! {
        // Both directions are rounded to 12 digits, so their product is within 1e-11 of one.
        #[test]
        fn opposite_cross_rates_are_reciprocal(a in 10_000..=999_999_i128, b in 10_000..=999_999_i128) {
            let text = |n: i128| format!("{}.{:04}", n / 10_000, n % 10_000);
            let day = day(&[("USD", &text(a)), ("JPY", &text(b))]);
            // In units of 1e-14. A rate between 0.01 and 100 has at most 13 decimals.
            let units = |from, to| {
                let rate = day.cross_rate(currency(from), currency(to)).unwrap().rate.to_string();
                let (whole, decimals) = rate.split_once('.').unwrap_or((&rate, ""));
                format!("{whole}{decimals:0<14}").parse::<i128>().unwrap()
            };
            let product = units("USD", "JPY") * units("JPY", "USD");
            prop_assert!((product - 10_i128.pow(28)).abs() < 11 * 10_i128.pow(16), "{}", product);
        }
    }
}
