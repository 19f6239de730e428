//! Rate: a positive decimal number with which amounts are converted exactly.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::money::{Currency, Money, round_half_even};

/// Maximum number of significant digits. A limit on decimals would lose precision for weak currencies: 1 IDR is
/// 0.0000553 EUR.
const SIGNIFICANT: u32 = 12;
const MAX_SCALE: u32 = 22;

/// Positive decimal exchange rate, `mantissa / 10^scale`. A decimal string in JSON.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rate {
    mantissa: i64,
    scale: u32,
}

/// Text that is not a positive decimal with at most 12 significant digits and 22 decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a positive decimal with at most 12 significant digits")]
pub struct ParseRateError;

impl Rate {
    /// Rate of a currency to itself.
    pub const ONE: Self = Self { mantissa: 1, scale: 0 };

    /// `self / other`, rounded half-even to 12 significant digits. `None` when the result is out of range.
    #[must_use]
    pub fn divided_by(self, other: Self) -> Option<Self> {
        // Widen the dividend until the quotient has more than enough digits, then round once.
        let dividend = i128::from(self.mantissa).checked_mul(10_i128.checked_pow(MAX_SCALE)?)?;
        let mut scale = i64::from(self.scale) + i64::from(MAX_SCALE) - i64::from(other.scale);
        let divisor = i128::from(other.mantissa);
        let digits = (dividend / divisor).checked_ilog10()? + 1;
        let drop = digits.saturating_sub(SIGNIFICANT);
        let mut mantissa = round_half_even(dividend, divisor.checked_mul(10_i128.checked_pow(drop)?)?)?;
        scale -= i64::from(drop);
        while mantissa % 10 == 0 && scale > 0 {
            mantissa /= 10;
            scale -= 1;
        }
        while scale < 0 {
            mantissa = mantissa.checked_mul(10)?;
            scale += 1;
        }
        let scale = u32::try_from(scale).ok().filter(|scale| *scale <= MAX_SCALE)?;
        if mantissa == 0 || mantissa >= 10_i128.pow(SIGNIFICANT) {
            return None;
        }
        Some(Self { mantissa: i64::try_from(mantissa).ok()?, scale })
    }

    /// Converts an amount at this rate, rounded half-even once.
    pub(super) fn convert(self, amount: Money, to: Currency) -> Option<Money> {
        let numerator = i128::from(amount.minor())
            .checked_mul(i128::from(self.mantissa))?
            .checked_mul(10_i128.checked_pow(to.exponent())?)?;
        let denominator = 10_i128.checked_pow(self.scale + amount.currency().exponent())?;
        let minor = round_half_even(numerator, denominator)?;
        Some(Money::from_minor(i64::try_from(minor).ok()?, to))
    }
}

impl FromStr for Rate {
    type Err = ParseRateError;

    fn from_str(text: &str) -> Result<Self, ParseRateError> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
        let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        let malformed = whole.is_empty()
            || !digits(whole)
            || !digits(decimals)
            || (whole.len() > 1 && whole.starts_with('0'))
            || text.ends_with('.')
            || decimals.len() > MAX_SCALE as usize
            || text.len() > 40;
        if malformed {
            return Err(ParseRateError);
        }
        let decimals = decimals.trim_end_matches('0');
        let mantissa: i64 = format!("{whole}{decimals}").parse().map_err(|_| ParseRateError)?;
        if mantissa == 0 || mantissa >= 10_i64.pow(SIGNIFICANT) {
            return Err(ParseRateError);
        }
        Ok(Self { mantissa, scale: u32::try_from(decimals.len()).map_err(|_| ParseRateError)? })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scale = self.scale as usize;
        let digits = format!("{:0>width$}", self.mantissa, width = scale + 1);
        let (whole, decimals) = digits.split_at(digits.len() - scale);
        if scale == 0 { f.write_str(whole) } else { write!(f, "{whole}.{decimals}") }
    }
}

impl fmt::Debug for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<String> for Rate {
    type Error = ParseRateError;

    fn try_from(text: String) -> Result<Self, ParseRateError> {
        text.parse()
    }
}

impl From<Rate> for String {
    fn from(rate: Rate) -> Self {
        rate.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rate_parses_positive_decimals_only() {
        for text in ["0", "0.0", "-1", "", ".", "1.", "01", "1e3", "1234567890123"] {
            assert_eq!(text.parse::<Rate>(), Err(ParseRateError), "{text}");
        }
        for (text, printed) in [("1.1620", "1.162"), ("163.20", "163.2"), ("0.0000553", "0.0000553"), ("2", "2")] {
            assert_eq!(text.parse::<Rate>().unwrap().to_string(), printed);
        }
    }

    proptest! {
        #[test]
        fn quotient_of_rates_is_valid_rate(
            a in 1..10_i64.pow(12),
            b in 1..10_i64.pow(12),
            x in 0..=22_u32,
            y in 0..=22_u32,
        ) {
            let quotient = Rate { mantissa: a, scale: x }.divided_by(Rate { mantissa: b, scale: y });
            prop_assert!(quotient.is_none_or(|rate| rate.to_string().parse::<Rate>().is_ok()), "{:?}", quotient);
        }

        #[test]
        fn rate_display_round_trips(mantissa in 1..10_i64.pow(12), scale in 0..=22_u32) {
            let rate = Rate { mantissa, scale };
            let again: Rate = rate.to_string().parse().unwrap();
            let amount = Money::from_minor(100_000_000, "EUR".parse().unwrap());
            let to = "GBP".parse().unwrap();
            prop_assert_eq!(again.convert(amount, to), rate.convert(amount, to));
        }
    }
}
