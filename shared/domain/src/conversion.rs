//! Exchange rates and conversion. A rate is the price of one unit of a currency in the base currency. A converted
//! amount is stored with its rate, so it can be recomputed.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::money::{Currency, MAX_MINOR, Money, round_half_even};
use crate::text::RateSource;

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
    fn convert(self, amount: Money, to: Currency) -> Option<Money> {
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

/// Entered rate: price of one unit of `currency` in the base currency on `date`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateEntry {
    /// Currency.
    pub currency: Currency,
    /// Day of the rate.
    pub date: Date,
    /// Units of the base currency for one unit of `currency`.
    pub rate: Rate,
    /// Source of the rate, such as `ECB`.
    pub source: RateSource,
}

/// Converted amount and tax, with the rate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversion {
    /// Converted amount, rounded half-even to the minor unit of its currency.
    pub amount: Money,
    /// Converted tax, at the same rate.
    pub tax: Money,
    /// Units of the target currency for one unit of the original currency.
    pub rate: Rate,
    /// Day of the rate; of two combined rates, the earlier day.
    pub date: Date,
    /// Source of the rate; of two combined rates, both sources joined by ` / `.
    pub source: String,
}

/// Reason why an amount cannot be converted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConversionError {
    /// No rate of the currency on or before the day.
    #[error("no exchange rate for {currency} on or before {on}; finance can enter one with PUT /rates/{{date}}")]
    RateMissing {
        /// Currency without a rate.
        currency: Currency,
        /// Day of the conversion.
        on: Date,
    },
    /// The converted amount is out of range.
    #[error("the converted amount is above the maximum of {MAX_MINOR} minor units of its currency")]
    TooLarge,
}

/// Rates loaded for one request, by currency.
#[derive(Clone, Debug)]
pub struct RateBook {
    base: Currency,
    entries: BTreeMap<Currency, Vec<RateEntry>>,
}

impl RateBook {
    /// Creates a book of rates to the base currency.
    #[must_use]
    pub fn new(base: Currency, entries: impl IntoIterator<Item = RateEntry>) -> Self {
        Self { base, entries: BTreeMap::new() }.with_entries(entries)
    }

    /// The book with further rates.
    #[must_use]
    pub fn with_entries(mut self, entries: impl IntoIterator<Item = RateEntry>) -> Self {
        for entry in entries {
            self.entries.entry(entry.currency).or_default().push(entry);
        }
        self
    }

    /// Base currency of the rates.
    #[must_use]
    pub const fn base(&self) -> Currency {
        self.base
    }

    /// Rate of the day, or of the last earlier day with a rate.
    fn rate_on(&self, currency: Currency, on: Date) -> Result<Quote<'_>, ConversionError> {
        if currency == self.base {
            return Ok(Quote { rate: Rate::ONE, date: on, source: "" });
        }
        let entries = self.entries.get(&currency).map_or(&[][..], Vec::as_slice);
        let latest = entries.iter().filter(|entry| entry.date <= on).max_by_key(|entry| entry.date);
        let entry = latest.ok_or(ConversionError::RateMissing { currency, on })?;
        Ok(Quote { rate: entry.rate, date: entry.date, source: &entry.source })
    }

    /// Converts an amount and its tax at the rate of the day or the last earlier one. `None` when the amount is in
    /// currency `to`.
    ///
    /// # Errors
    /// [`ConversionError`] when a rate is missing or the result is out of range.
    pub fn convert(
        &self,
        amount: Money,
        tax: Money,
        to: Currency,
        on: Date,
    ) -> Result<Option<Conversion>, ConversionError> {
        if amount.currency() == to {
            return Ok(None);
        }
        let origin = self.rate_on(amount.currency(), on)?;
        let target = self.rate_on(to, on)?;
        let rate = if to == self.base {
            origin.rate
        } else {
            origin.rate.divided_by(target.rate).ok_or(ConversionError::TooLarge)?
        };
        let converted = |money| rate.convert(money, to).ok_or(ConversionError::TooLarge);
        let source = match (origin.source, target.source) {
            (source, "") | ("", source) => source.to_owned(),
            (one, other) if one == other => one.to_owned(),
            (one, other) => format!("{one} / {other}"),
        };
        let date = origin.date.min(target.date);
        Ok(Some(Conversion { amount: converted(amount)?, tax: converted(tax)?, rate, date, source }))
    }
}

/// Rate of a day. The base currency has rate one and an empty source on every day.
struct Quote<'a> {
    rate: Rate,
    date: Date,
    source: &'a str,
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    fn book(entries: &[(&str, i8, &str)]) -> RateBook {
        RateBook::new(
            "EUR".parse().unwrap(),
            entries.iter().map(|(currency, day, rate)| RateEntry {
                currency: currency.parse().unwrap(),
                date: date(2026, 11, *day),
                rate: rate.parse().unwrap(),
                source: "ECB".parse().unwrap(),
            }),
        )
    }

    fn money(amount: &str, currency: &str) -> Money {
        Money::parse(amount, currency.parse().unwrap()).unwrap()
    }

    #[test]
    fn conversion_uses_rate_of_day_or_last_earlier_one() {
        let book = book(&[("GBP", 2, "1.20"), ("GBP", 5, "1.25"), ("GBP", 9, "1.50")]);
        let on = |day| book.convert(money("100.00", "GBP"), money("20.00", "GBP"), book.base(), date(2026, 11, day));
        let sixth = on(6).unwrap().unwrap();
        assert_eq!(
            (sixth.amount, sixth.tax, sixth.date),
            (money("125.00", "EUR"), money("25.00", "EUR"), date(2026, 11, 5))
        );
        assert_eq!(on(2).unwrap().unwrap().rate.to_string(), "1.2");
        assert!(matches!(on(1), Err(ConversionError::RateMissing { .. })));
        assert_eq!(book.convert(money("1", "EUR"), money("0", "EUR"), book.base(), date(2026, 11, 1)), Ok(None));
    }

    // PC-018, PC-021, PC-023 (tests/rules/peer_cases.md).
    #[test]
    fn conversion_rounds_half_even_once() {
        for (amount, rate, expected) in
            [("1000.00", "0.50", "500.00"), ("100.00", "0.148431", "14.84"), ("1500.00", "0.3333333333", "500.00")]
        {
            let book = book(&[("USD", 1, rate)]);
            let converted = book.convert(money(amount, "USD"), money("0", "USD"), book.base(), date(2026, 11, 1));
            assert_eq!(converted.unwrap().unwrap().amount, money(expected, "EUR"));
        }
    }

    #[test]
    fn foreign_currencies_convert_through_base() {
        let book = book(&[("GBP", 1, "1.20"), ("JPY", 1, "0.006")]);
        let yen = book.convert(money("10.00", "GBP"), money("0", "GBP"), "JPY".parse().unwrap(), date(2026, 11, 1));
        let yen = yen.unwrap().unwrap();
        assert_eq!((yen.amount, yen.rate.to_string().as_str()), (money("2000", "JPY"), "200"));
        let pounds = book.convert(money("10.00", "EUR"), money("0", "EUR"), "GBP".parse().unwrap(), date(2026, 11, 1));
        let pounds = pounds.unwrap().unwrap();
        assert_eq!((pounds.amount, pounds.rate.to_string().as_str()), (money("8.33", "GBP"), "0.833333333333"));
    }

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
        fn conversion_is_reproducible_from_stored_rate(
            minor in 1..=crate::money::MAX_MINOR,
            gbp in 1..=999_999_i64,
            jpy in 1..=999_999_i64,
        ) {
            let rate = |n: i64| format!("{}.{:06}", n / 1000, n % 1000 * 1000);
            let book = book(&[("GBP", 1, &rate(gbp)), ("JPY", 1, &rate(jpy))]);
            let amount = Money::from_minor(minor, "GBP".parse().unwrap());
            let yen: Currency = "JPY".parse().unwrap();
            let conversion = book.convert(amount, amount, yen, date(2026, 11, 1)).unwrap().unwrap();
            let stored: Rate = conversion.rate.to_string().parse().unwrap();
            prop_assert_eq!(stored.convert(amount, yen), Some(conversion.amount));
            prop_assert_eq!(conversion.amount, conversion.tax);
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
