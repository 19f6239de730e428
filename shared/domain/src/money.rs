//! Money: an integer number of minor units in an ISO 4217 currency. Nothing here may use floating-point numbers.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Largest amount of one expense, in minor units of its currency (10 000 000 000.00 EUR).
pub const MAX_MINOR: i64 = 1_000_000_000_000;

/// Currencies of ISO 4217, List One, with two decimals. Funds, metals, units of account and the codes for tests and for
/// no currency are left out: nobody pays with them.
const TWO_DECIMALS: &str = "\
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP \
    CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES \
    KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK \
    NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB \
    TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG";
/// Those without decimals.
const NO_DECIMALS: &str = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF";
/// Those with three.
const THREE_DECIMALS: &str = "BHD IQD JOD KWD LYD OMR TND";
/// Withdrawn currencies without decimals. Every other withdrawn currency has two.
const WITHDRAWN_WITHOUT_DECIMALS: &str = "ADP BEF BYB BYR ESP ITL LUF MGF PTE TPE TRL";
/// Most decimals of any currency in the history of ISO 4217.
const MAX_DECIMALS: u8 = 4;
/// Decimals of a stored code that is in no list.
const USUAL_DECIMALS: u8 = 2;

/// ISO 4217 currency. Input accepts currencies in use today (`FromStr`); stored codes stay readable when they have been
/// withdrawn ([`Currency::stored`], also serde).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency {
    code: [u8; 3],
    exponent: u8,
}

/// Text that is not the code of a currency in use, or no code at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an ISO 4217 currency in use")]
pub struct ParseCurrencyError;

impl Currency {
    /// The euro.
    pub const EUR: Self = Self { code: *b"EUR", exponent: 2 };

    /// Currency of a stored code, whether it is still in use or not: what was valid when it was stored is readable for
    /// ever.
    ///
    /// # Errors
    /// [`ParseCurrencyError`] when the text is not three capital letters.
    pub fn stored(code: &str) -> Result<Self, ParseCurrencyError> {
        let bytes: [u8; 3] = code.as_bytes().try_into().map_err(|_| ParseCurrencyError)?;
        if !bytes.iter().all(u8::is_ascii_uppercase) {
            return Err(ParseCurrencyError);
        }
        let withdrawn = || if lists(WITHDRAWN_WITHOUT_DECIMALS, code) { 0 } else { USUAL_DECIMALS };
        Ok(Self { code: bytes, exponent: exponent_in_use(code).unwrap_or_else(withdrawn) })
    }

    /// Three-letter code, such as `EUR`.
    #[must_use]
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.code).unwrap_or_default()
    }

    /// Number of decimals: 0 for JPY, 2 for EUR, 3 for KWD.
    #[must_use]
    pub const fn exponent(self) -> u32 {
        self.exponent as u32
    }
}

/// True when the list has the code.
fn lists(list: &str, code: &str) -> bool {
    list.split(' ').any(|listed| listed == code)
}

/// Decimals of a currency in use.
fn exponent_in_use(code: &str) -> Option<u8> {
    let lists_in_use = [(TWO_DECIMALS, 2), (NO_DECIMALS, 0), (THREE_DECIMALS, 3)];
    lists_in_use.into_iter().find(|(list, _)| lists(list, code)).map(|(_, exponent)| exponent)
}

impl FromStr for Currency {
    type Err = ParseCurrencyError;

    fn from_str(code: &str) -> Result<Self, ParseCurrencyError> {
        let currency = Self::stored(code)?;
        exponent_in_use(code).map(|_| currency).ok_or(ParseCurrencyError)
    }
}

impl TryFrom<String> for Currency {
    type Error = ParseCurrencyError;

    fn try_from(code: String) -> Result<Self, ParseCurrencyError> {
        Self::stored(&code)
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
        (self.code, self.exponent).cmp(&(other.code, other.exponent))
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

/// Amount of money. In JSON: `{"amount":"12.34","currency":"EUR"}`, with all decimals of the currency.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "JsonMoney", into = "JsonMoney")]
pub struct Money {
    minor: i64,
    currency: Currency,
}

/// Reason why a text is not an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseAmountError {
    /// Other than digits with at most one point between digits. Signs, blanks, exponents and leading zeros are
    /// malformed.
    #[error("not a decimal number such as 12.34")]
    Malformed,
    /// More decimals than the currency has.
    #[error("more decimals than the currency has")]
    TooManyDecimals,
    /// Above [`MAX_MINOR`], or out of range in stored data.
    #[error("above the maximum amount")]
    TooLarge,
}

/// Arithmetic on different currencies, or a result out of range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("amounts have different currencies or the result is out of range")]
pub struct MoneyError;

impl Money {
    /// Amount from minor units (cents for EUR, yen for JPY, fils for KWD).
    #[must_use]
    pub const fn from_minor(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Zero, in the given currency.
    #[must_use]
    pub const fn zero(currency: Currency) -> Self {
        Self { minor: 0, currency }
    }

    /// Parses a non-negative decimal such as `12.34` or `12`, with at most as many decimals as the currency has.
    ///
    /// # Errors
    /// [`ParseAmountError`]. A negative amount is malformed: callers with a message of their own check the sign first.
    pub fn parse(amount: &str, currency: Currency) -> Result<Self, ParseAmountError> {
        let (whole, decimals) = match amount.split_once('.') {
            Some((whole, decimals)) => (whole, Some(decimals)),
            None => (amount, None),
        };
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || (whole.len() > 1 && whole.starts_with('0')) || !decimals.is_none_or(digits) {
            return Err(ParseAmountError::Malformed);
        }
        let decimals = decimals.unwrap_or("");
        let exponent = currency.exponent() as usize;
        if decimals.len() > exponent {
            return Err(ParseAmountError::TooManyDecimals);
        }
        let padded = format!("{whole}{decimals:0<exponent$}");
        let minor = padded.parse().map_err(|_| ParseAmountError::TooLarge)?;
        if minor > MAX_MINOR {
            return Err(ParseAmountError::TooLarge);
        }
        Ok(Self { minor, currency })
    }

    /// Amount with the opposite sign.
    #[must_use]
    pub const fn negated(self) -> Self {
        Self { minor: self.minor.saturating_neg(), ..self }
    }

    /// The amount, or zero for a negative one.
    #[must_use]
    pub fn at_least_zero(self) -> Self {
        Self { minor: self.minor.max(0), ..self }
    }

    /// Number of minor units.
    #[must_use]
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// Currency.
    #[must_use]
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// Decimal text without the currency, such as `12.34`.
    #[must_use]
    pub fn amount(self) -> String {
        let exponent = self.currency.exponent() as usize;
        let sign = if self.minor < 0 { "-" } else { "" };
        let digits = format!("{:0>width$}", self.minor.unsigned_abs(), width = exponent + 1);
        let (whole, decimals) = digits.split_at(digits.len() - exponent);
        if exponent == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{decimals}") }
    }

    /// Sum of two amounts of one currency.
    ///
    /// # Errors
    /// [`MoneyError`] when the currencies differ or the sum is out of range.
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        let minor = self.minor.checked_add(other.minor).filter(|_| self.currency == other.currency);
        Ok(Self { minor: minor.ok_or(MoneyError)?, ..self })
    }

    /// Difference of two amounts of one currency.
    ///
    /// # Errors
    /// [`MoneyError`] when the currencies differ or the difference is out of range.
    pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
        self.plus(Self { minor: other.minor.checked_neg().ok_or(MoneyError)?, ..other })
    }

    /// Sum of any number of amounts of the given currency.
    ///
    /// # Errors
    /// Those of [`Money::plus`].
    pub fn sum(currency: Currency, amounts: impl IntoIterator<Item = Self>) -> Result<Self, MoneyError> {
        amounts.into_iter().try_fold(Self::zero(currency), Self::plus)
    }
}

impl Money {
    /// Splits the amount in proportion to `weights`. The parts add up to the amount: each is rounded down, and the
    /// minor units left over go to the largest remainders, earlier parts first (Hamilton's method).
    ///
    /// # Errors
    /// [`MoneyError`] when no weight is above zero.
    pub fn allocate(self, weights: &[u64]) -> Result<Vec<Self>, MoneyError> {
        let whole: i128 = weights.iter().map(|weight| i128::from(*weight)).sum();
        if whole == 0 {
            return Err(MoneyError);
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
        let money = |minor| Ok(Self { minor: i64::try_from(minor).map_err(|_| MoneyError)?, ..self });
        parts.into_iter().map(money).collect()
    }

    /// `numerator / denominator` of the amount, rounded half-even.
    ///
    /// # Errors
    /// [`MoneyError`] when the denominator is not above zero or the result is out of range.
    pub fn portion(self, numerator: i64, denominator: i64) -> Result<Self, MoneyError> {
        let exact = i128::from(self.minor) * i128::from(numerator);
        let minor =
            Some(i128::from(denominator)).filter(|whole| *whole > 0).and_then(|whole| round_half_even(exact, whole));
        let minor = minor.and_then(|minor| i64::try_from(minor).ok()).ok_or(MoneyError)?;
        Ok(Self { minor, ..self })
    }
}

/// Divides and rounds half-even. `None` when the denominator is zero or a value leaves the range.
pub(crate) fn round_half_even(numerator: i128, denominator: i128) -> Option<i128> {
    if numerator < 0 {
        // A refund is rounded as the expense was.
        return round_half_even(numerator.checked_neg()?, denominator)?.checked_neg();
    }
    let quotient = numerator.checked_div(denominator)?;
    let twice = numerator.checked_rem(denominator)?.checked_mul(2)?;
    let up = twice > denominator || (twice == denominator && quotient % 2 != 0);
    Some(if up { quotient + 1 } else { quotient })
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
struct JsonMoney {
    amount: String,
    currency: Currency,
}

impl From<Money> for JsonMoney {
    fn from(money: Money) -> Self {
        Self { amount: money.amount(), currency: money.currency }
    }
}

impl TryFrom<JsonMoney> for Money {
    type Error = ParseAmountError;

    fn try_from(written: JsonMoney) -> Result<Self, ParseAmountError> {
        // Stored totals can exceed the maximum of one expense, and differences can be negative: only the form is
        // checked. The decimals are those that the currency had when the amount was stored.
        let (sign, digits) = match written.amount.strip_prefix('-') {
            Some(digits) => (-1, digits),
            None => (1, written.amount.as_str()),
        };
        let (whole, decimals) = digits.split_once('.').map_or((digits, None), |(whole, rest)| (whole, Some(rest)));
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !is_number(whole) || !decimals.is_none_or(is_number) {
            return Err(ParseAmountError::Malformed);
        }
        let decimals = decimals.unwrap_or_default();
        let exponent = u8::try_from(decimals.len()).ok().filter(|decimals| *decimals <= MAX_DECIMALS);
        let exponent = exponent.ok_or(ParseAmountError::Malformed)?;
        let minor: i64 = format!("{whole}{decimals}").parse().map_err(|_| ParseAmountError::TooLarge)?;
        Ok(Self { minor: sign * minor, currency: Currency { exponent, ..written.currency } })
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
    fn currency_accepts_codes_in_use_only() {
        for code in ["EUR", "JPY", "KWD", "GBP"] {
            assert!(code.parse::<Currency>().is_ok(), "{code}");
        }
        for code in ["ZZZ", "eur", "CLF", "XXX", "XTS", "XAU", "DEM", "€", "US$", "ЕUR", "", "EURO"] {
            assert!(code.parse::<Currency>().is_err(), "{code}");
        }
    }

    #[test]
    fn amount_has_decimals_of_its_currency() {
        for (text, code, printed) in
            [("12", "EUR", "12.00"), ("1000", "JPY", "1000"), ("1.234", "KWD", "1.234"), ("0", "EUR", "0.00")]
        {
            assert_eq!(Money::parse(text, currency(code)).unwrap().amount(), printed);
        }
        assert_eq!(Money::parse("1000.5", currency("JPY")), Err(ParseAmountError::TooManyDecimals));
        assert_eq!(Money::parse("1.2345", currency("KWD")), Err(ParseAmountError::TooManyDecimals));
        assert_eq!(Money::parse("1.234", currency("EUR")), Err(ParseAmountError::TooManyDecimals));
        for text in
            ["", "-1", "+12.00", "012.00", ".5", "5.", " 12.00", "12.00 ", "1e3", "NaN", "１２", "1,00", "1.2.3"]
        {
            assert_eq!(Money::parse(text, currency("EUR")), Err(ParseAmountError::Malformed), "{text}");
        }
        assert_eq!(Money::parse(&"9".repeat(10_000), currency("EUR")), Err(ParseAmountError::TooLarge));
        assert_eq!(Money::parse("10000000000.01", currency("EUR")), Err(ParseAmountError::TooLarge));
    }

    #[test]
    fn sum_of_different_currencies_is_refused() {
        assert_eq!(Money::zero(currency("EUR")).plus(Money::zero(currency("GBP"))), Err(MoneyError));
        assert_eq!(
            Money::from_minor(i64::MAX, currency("EUR")).plus(Money::from_minor(1, currency("EUR"))),
            Err(MoneyError)
        );
    }

    proptest! {
        #[test]
        fn amount_round_trips_as_text_and_json(
            minor in 0..=MAX_MINOR,
            code in prop::sample::select(vec!["EUR", "JPY", "KWD", "USD"]),
        ) {
            let money = Money::from_minor(minor, currency(code));
            prop_assert_eq!(Money::parse(&money.amount(), currency(code)), Ok(money));
            let json = serde_json::to_string(&money).unwrap();
            prop_assert_eq!(serde_json::from_str::<Money>(&json).unwrap(), money);
        }

        #[test]
        fn parse_never_panics(text in any::<String>()) {
            let _ = Money::parse(&text, currency("EUR"));
        }
    }
}
