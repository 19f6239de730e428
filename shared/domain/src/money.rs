//! Money as an integer number of minor units in an ISO 4217 currency. Nothing here may use a floating-point number.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::conversion::round_half_even;

/// The largest amount of one expense, in minor units of its currency (10 000 000 000.00 EUR).
pub const MAX_MINOR: i64 = 1_000_000_000_000;

/// A currency of ISO 4217 that money is paid in today: no funds, metals, test codes or superseded codes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency(iso_currency::Currency);

/// Why a currency code was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a currency of ISO 4217 in use today")]
pub struct UnknownCurrency;

impl Currency {
    /// The three-letter code, such as `EUR`.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// The number of decimals of the currency: 0 for JPY, 2 for EUR, 3 for KWD.
    #[must_use]
    pub fn exponent(self) -> u32 {
        u32::from(self.0.exponent().unwrap_or(0))
    }
}

impl FromStr for Currency {
    type Err = UnknownCurrency;

    fn from_str(code: &str) -> Result<Self, UnknownCurrency> {
        let known = iso_currency::Currency::from_code(code).ok_or(UnknownCurrency)?;
        let usable = known.code() == code
            && known.exponent().is_some()
            && !known.is_special()
            && !known.is_fund()
            && known.is_superseded().is_none();
        if usable { Ok(Self(known)) } else { Err(UnknownCurrency) }
    }
}

impl TryFrom<String> for Currency {
    type Error = UnknownCurrency;

    fn try_from(code: String) -> Result<Self, UnknownCurrency> {
        code.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.code().to_owned()
    }
}

impl PartialOrd for Currency {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Currency {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.code().cmp(other.code())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// An amount of money. On the wire and in the table: `{"amount":"12.34","currency":"EUR"}`, always with all decimals.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Money {
    minor: i64,
    currency: Currency,
}

/// Why a written amount was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountFault {
    /// Not digits with at most one point between digits; no sign, blank, exponent or leading zero.
    #[error("not a decimal number such as 12.34")]
    Malformed,
    /// More decimals than the currency has.
    #[error("more decimals than the currency has")]
    TooManyDecimals,
    /// Above [`MAX_MINOR`] on input, or beyond what a sum can hold.
    #[error("larger than any amount Outlay handles")]
    TooLarge,
}

/// A sum or difference that mixed two currencies or left the range of an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("amounts of different currencies or beyond the range cannot be added")]
pub struct SumFault;

impl Money {
    /// An amount from minor units (cents for EUR, yen for JPY, fils for KWD).
    #[must_use]
    pub const fn from_minor(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Nothing, in the given currency.
    #[must_use]
    pub const fn zero(currency: Currency) -> Self {
        Self { minor: 0, currency }
    }

    /// Reads a non-negative decimal such as `12.34` or `12`, with at most as many decimals as the currency has.
    ///
    /// # Errors
    /// An [`AmountFault`]. A negative amount is malformed: callers that want to say so look for the sign first.
    pub fn parse(amount: &str, currency: Currency) -> Result<Self, AmountFault> {
        let (whole, decimals) = match amount.split_once('.') {
            Some((whole, decimals)) => (whole, Some(decimals)),
            None => (amount, None),
        };
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || (whole.len() > 1 && whole.starts_with('0')) || !decimals.is_none_or(digits) {
            return Err(AmountFault::Malformed);
        }
        let decimals = decimals.unwrap_or("");
        let exponent = currency.exponent() as usize;
        if decimals.len() > exponent {
            return Err(AmountFault::TooManyDecimals);
        }
        let padded = format!("{whole}{decimals:0<exponent$}");
        let minor = padded.parse().map_err(|_| AmountFault::TooLarge)?;
        if minor > MAX_MINOR {
            return Err(AmountFault::TooLarge);
        }
        Ok(Self { minor, currency })
    }

    /// The number of minor units.
    #[must_use]
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// The currency.
    #[must_use]
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// The decimal text of the amount without the currency, such as `12.34`.
    #[must_use]
    pub fn amount(self) -> String {
        let exponent = self.currency.exponent() as usize;
        let sign = if self.minor < 0 { "-" } else { "" };
        let digits = format!("{:0>width$}", self.minor.unsigned_abs(), width = exponent + 1);
        let (whole, decimals) = digits.split_at(digits.len() - exponent);
        if exponent == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{decimals}") }
    }

    /// The sum of two amounts of one currency.
    ///
    /// # Errors
    /// [`SumFault`] when the currencies differ or the sum leaves the range.
    pub fn plus(self, other: Self) -> Result<Self, SumFault> {
        let minor = self.minor.checked_add(other.minor).filter(|_| self.currency == other.currency);
        Ok(Self { minor: minor.ok_or(SumFault)?, ..self })
    }

    /// The difference of two amounts of one currency.
    ///
    /// # Errors
    /// [`SumFault`] when the currencies differ or the difference leaves the range.
    pub fn minus(self, other: Self) -> Result<Self, SumFault> {
        self.plus(Self { minor: other.minor.checked_neg().ok_or(SumFault)?, ..other })
    }

    /// The sum of any number of amounts of the given currency.
    ///
    /// # Errors
    /// [`SumFault`] as for [`Money::plus`].
    pub fn sum(currency: Currency, amounts: impl IntoIterator<Item = Self>) -> Result<Self, SumFault> {
        amounts.into_iter().try_fold(Self::zero(currency), Self::plus)
    }
}

impl Money {
    /// The amount in parts that are in proportion to `weights` and add up to it exactly: each part is rounded down, and the minor
    /// units left over go to the largest remainders, earlier parts first (Hamilton's method).
    ///
    /// # Errors
    /// [`SumFault`] when no weight is above zero.
    pub fn allocate(self, weights: &[u64]) -> Result<Vec<Self>, SumFault> {
        let whole: i128 = weights.iter().map(|weight| i128::from(*weight)).sum();
        if whole == 0 {
            return Err(SumFault);
        }
        let share = |weight: &u64| i128::from(self.minor) * i128::from(*weight);
        let mut parts: Vec<i128> = weights.iter().map(|weight| share(weight).div_euclid(whole)).collect();
        let left = i128::from(self.minor) - parts.iter().sum::<i128>();
        let mut order: Vec<(usize, i128)> =
            weights.iter().map(|weight| share(weight).rem_euclid(whole)).enumerate().collect();
        order.sort_by_key(|(at, remainder)| (std::cmp::Reverse(*remainder), *at));
        for (at, _) in order.into_iter().take(usize::try_from(left).unwrap_or(0)) {
            if let Some(part) = parts.get_mut(at) {
                *part += 1;
            }
        }
        let money = |minor| Ok(Self { minor: i64::try_from(minor).map_err(|_| SumFault)?, ..self });
        parts.into_iter().map(money).collect()
    }

    /// The part of the amount that `numerator` is of `denominator`, rounded half-even.
    ///
    /// # Errors
    /// [`SumFault`] when the denominator is not above zero or the result leaves the range.
    pub fn portion(self, numerator: i64, denominator: i64) -> Result<Self, SumFault> {
        let exact = i128::from(self.minor) * i128::from(numerator);
        let minor =
            Some(i128::from(denominator)).filter(|whole| *whole > 0).and_then(|whole| round_half_even(exact, whole));
        let minor = minor.and_then(|minor| i64::try_from(minor).ok()).ok_or(SumFault)?;
        Ok(Self { minor, ..self })
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount(), self.currency)
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[derive(Serialize, Deserialize)]
struct Written {
    amount: String,
    currency: Currency,
}

impl From<Money> for Written {
    fn from(money: Money) -> Self {
        Self { amount: money.amount(), currency: money.currency }
    }
}

impl TryFrom<Written> for Money {
    type Error = AmountFault;

    fn try_from(written: Written) -> Result<Self, AmountFault> {
        // Stored totals may exceed the ceiling of one expense and differences may be negative, so only the form is checked.
        let (sign, digits) = match written.amount.strip_prefix('-') {
            Some(digits) => (-1, digits),
            None => (1, written.amount.as_str()),
        };
        let plain: String = digits.split('.').collect();
        let decimals = digits.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        if decimals != written.currency.exponent() as usize || !plain.bytes().all(|b| b.is_ascii_digit()) {
            return Err(AmountFault::Malformed);
        }
        let minor: i64 = plain.parse().map_err(|_| AmountFault::TooLarge)?;
        Ok(Self { minor: sign * minor, currency: written.currency })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn currency(code: &str) -> Currency {
        code.parse().unwrap()
    }

    #[test]
    fn only_currencies_of_today_are_known() {
        for code in ["EUR", "JPY", "KWD", "GBP"] {
            assert!(code.parse::<Currency>().is_ok(), "{code}");
        }
        for code in ["ZZZ", "eur", "CLF", "XXX", "XTS", "XAU", "DEM", "€", "US$", "ЕUR", "", "EURO"] {
            assert!(code.parse::<Currency>().is_err(), "{code}");
        }
    }

    #[test]
    fn amounts_have_the_decimals_of_their_currency() {
        for (text, code, printed) in
            [("12", "EUR", "12.00"), ("1000", "JPY", "1000"), ("1.234", "KWD", "1.234"), ("0", "EUR", "0.00")]
        {
            assert_eq!(Money::parse(text, currency(code)).unwrap().amount(), printed);
        }
        assert_eq!(Money::parse("1000.5", currency("JPY")), Err(AmountFault::TooManyDecimals));
        assert_eq!(Money::parse("1.2345", currency("KWD")), Err(AmountFault::TooManyDecimals));
        assert_eq!(Money::parse("1.234", currency("EUR")), Err(AmountFault::TooManyDecimals));
        for text in
            ["", "-1", "+12.00", "012.00", ".5", "5.", " 12.00", "12.00 ", "1e3", "NaN", "１２", "1,00", "1.2.3"]
        {
            assert_eq!(Money::parse(text, currency("EUR")), Err(AmountFault::Malformed), "{text}");
        }
        assert_eq!(Money::parse(&"9".repeat(10_000), currency("EUR")), Err(AmountFault::TooLarge));
        assert_eq!(Money::parse("10000000000.01", currency("EUR")), Err(AmountFault::TooLarge));
    }

    #[test]
    fn currencies_do_not_mix() {
        assert_eq!(Money::zero(currency("EUR")).plus(Money::zero(currency("GBP"))), Err(SumFault));
        assert_eq!(
            Money::from_minor(i64::MAX, currency("EUR")).plus(Money::from_minor(1, currency("EUR"))),
            Err(SumFault)
        );
    }

    proptest! {
        #[test]
        fn printing_and_parsing_are_inverse(minor in 0..=MAX_MINOR, code in prop::sample::select(vec!["EUR", "JPY", "KWD", "USD"])) {
            let money = Money::from_minor(minor, currency(code));
            prop_assert_eq!(Money::parse(&money.amount(), currency(code)), Ok(money));
            let json = serde_json::to_string(&money).unwrap();
            prop_assert_eq!(serde_json::from_str::<Money>(&json).unwrap(), money);
        }

        #[test]
        fn parsing_never_panics(text in any::<String>()) {
            let _ = Money::parse(&text, currency("EUR"));
        }
    }
}
