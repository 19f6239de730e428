//! Exchange rates and conversion. A rate is the price of one unit of a currency in the base currency. A converted
//! amount is stored with its rate, so it can be recomputed. Own rates of the organisation count before reference rates.

mod rate;
mod reference_rates;

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::money::{Currency, MAX_MINOR, Money};
use crate::text::RateSource;

pub use rate::{ParseRateError, Rate};
pub use reference_rates::{CrossRate, ReferenceDay, ReferenceSource};

/// Days after its own day for which an own rate counts before a newer reference rate. It is the age above which the
/// policy notes a rate as old.
const OWN_RATE_DAYS: i32 = 7;

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
    /// Currency through which the rate was computed from two others; `None` for a rate of the pair itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<Currency>,
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

/// Rates loaded for one request: the organisation's own by currency, and reference rates by day.
#[derive(Clone, Debug)]
pub struct RateBook {
    base: Currency,
    entries: BTreeMap<Currency, Vec<RateEntry>>,
    reference_days: BTreeMap<Date, ReferenceDay>,
}

impl RateBook {
    /// Creates a book of rates to the base currency.
    #[must_use]
    pub fn new(base: Currency, entries: impl IntoIterator<Item = RateEntry>) -> Self {
        Self { base, entries: BTreeMap::new(), reference_days: BTreeMap::new() }.with_entries(entries)
    }

    /// The book with further rates.
    #[must_use]
    pub fn with_entries(mut self, entries: impl IntoIterator<Item = RateEntry>) -> Self {
        for entry in entries {
            self.entries.entry(entry.currency).or_default().push(entry);
        }
        self
    }

    /// The book with reference rates. Own rates of the day or the seven days before count before them; an older own
    /// rate counts only before older reference rates.
    #[must_use]
    pub fn with_reference_days(mut self, days: impl IntoIterator<Item = ReferenceDay>) -> Self {
        self.reference_days.extend(days.into_iter().map(|day| (day.date, day)));
        self
    }

    /// The book with the rates of another book of the same base currency.
    #[must_use]
    pub fn merged_with(self, other: Self) -> Self {
        self.with_entries(other.entries.into_values().flatten()).with_reference_days(other.reference_days.into_values())
    }

    /// Base currency of the rates.
    #[must_use]
    pub const fn base(&self) -> Currency {
        self.base
    }

    /// Rate of the day, or of the last earlier day with a rate.
    fn rate_on(&self, currency: Currency, on: Date) -> Result<Quote<'_>, ConversionError> {
        if currency == self.base {
            return Ok(Quote { rate: Rate::ONE, date: on, source: "", via: None, reference: None });
        }
        let entries = self.entries.get(&currency).map_or(&[][..], Vec::as_slice);
        let latest = entries.iter().filter(|entry| entry.date <= on).max_by_key(|entry| entry.date);
        // Only the latest day: what the rate is must not depend on the days that other expenses need.
        let reference = self.reference_days.range(..=on).next_back().and_then(|(_, day)| {
            let CrossRate { rate, via } = day.cross_rate(currency, self.base)?;
            let source = CrossRate { rate, via }.source();
            Some(Quote { rate, date: day.date, source, via, reference: Some(day) })
        });
        let own = latest.map(|entry| Quote {
            rate: entry.rate,
            date: entry.date,
            source: &entry.source,
            via: None,
            reference: None,
        });
        match (own, reference) {
            (Some(own), Some(reference)) => Ok(if own.counts_before(&reference, on) { own } else { reference }),
            (own, reference) => own.or(reference).ok_or(ConversionError::RateMissing { currency, on }),
        }
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
        let from = amount.currency();
        if from == to {
            return Ok(None);
        }
        let origin = self.rate_on(from, on)?;
        let target = self.rate_on(to, on)?;
        let (rate, via) = if to == self.base {
            (origin.rate, origin.via)
        } else if let Some(CrossRate { rate, via }) = origin.cross_rate(&target, from, to) {
            (rate, via)
        } else {
            let rate = origin.rate.divided_by(target.rate).ok_or(ConversionError::TooLarge)?;
            (rate, if from == self.base { target.via } else { Some(self.base) })
        };
        let converted = |money| rate.convert(money, to).ok_or(ConversionError::TooLarge);
        let source = match (origin.source, target.source) {
            (source, "") | ("", source) => source.to_owned(),
            _ if origin.reference.is_some() && target.reference.is_some() => {
                CrossRate { rate, via }.source().to_owned()
            }
            (one, other) if one == other => one.to_owned(),
            (one, other) => format!("{one} / {other}"),
        };
        let date = origin.date.min(target.date);
        Ok(Some(Conversion { amount: converted(amount)?, tax: converted(tax)?, rate, date, source, via }))
    }
}

/// Rate of a day. The base currency has rate one and an empty source on every day.
struct Quote<'a> {
    rate: Rate,
    date: Date,
    source: &'a str,
    via: Option<Currency>,
    /// Day of the reference rate; `None` for an own rate and for the base currency.
    reference: Option<&'a ReferenceDay>,
}

impl Quote<'_> {
    /// True when this own rate counts before a reference rate on a day.
    fn counts_before(&self, reference: &Self, on: Date) -> bool {
        let is_recent = self.date.until(on).is_ok_and(|span| span.get_days() <= OWN_RATE_DAYS);
        is_recent || self.date >= reference.date
    }

    /// Rate between two currencies by the reference rates of the day of both quotes, rounded once. `None` when one of
    /// them is an own rate.
    fn cross_rate(&self, target: &Self, from: Currency, to: Currency) -> Option<CrossRate> {
        let is_own = |quote: &Self| quote.reference.is_none() && !quote.source.is_empty();
        if is_own(self) || is_own(target) {
            return None;
        }
        self.reference.or(target.reference)?.cross_rate(from, to)
    }
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

    fn reference_book(base: &str, own: &[(&str, i8, &str)]) -> RateBook {
        let currency = |code: &str| -> Currency { code.parse().unwrap() };
        let rates = [("USD", "1.1"), ("GBP", "0.88"), ("JPY", "165")];
        let rates = rates.map(|(code, rate)| (currency(code), rate.parse().unwrap()));
        let own = book(own).entries.into_values().flatten();
        let own = own.map(|entry| RateEntry { source: RateSource::manual(), ..entry });
        let day = ReferenceDay { date: date(2026, 11, 20), rates: rates.into() };
        RateBook::new(currency(base), own).with_reference_days([day])
    }

    /// Amount, rate, day, source and the currency through which 100 units are converted.
    fn converted(book: &RateBook, from: &str, to: &str, day: i8) -> (String, String, i8, String, Option<Currency>) {
        let conversion = book.convert(money("100", from), money("0", from), to.parse().unwrap(), date(2026, 11, day));
        let Conversion { amount, rate, date, source, via, .. } = conversion.unwrap().unwrap();
        (amount.to_string(), rate.to_string(), date.day(), source, via)
    }

    #[test]
    fn reference_rates_convert_every_pair_once() {
        let euro = Some(Currency::EUR);
        for (base, from, to, amount, rate, source, via) in [
            ("EUR", "GBP", "EUR", "113.64 EUR", "1.13636363636", "ECB", None),
            ("EUR", "EUR", "GBP", "88.00 GBP", "0.88", "ECB", None),
            ("EUR", "GBP", "JPY", "18750 JPY", "187.5", "ECB via EUR", euro),
            ("USD", "GBP", "USD", "125.00 USD", "1.25", "ECB via EUR", euro),
            ("USD", "EUR", "USD", "110.00 USD", "1.1", "ECB", None),
            // Through the base currency, the rate would be rounded twice.
            ("USD", "GBP", "EUR", "113.64 EUR", "1.13636363636", "ECB", None),
            ("USD", "USD", "JPY", "15000 JPY", "150", "ECB via EUR", euro),
        ] {
            let expected = (amount.to_owned(), rate.to_owned(), 20, source.to_owned(), via);
            assert_eq!(converted(&reference_book(base, &[]), from, to, 22), expected, "{from} in {to}, base {base}");
        }
        let book = reference_book("EUR", &[]);
        let early = book.convert(money("1", "GBP"), money("0", "GBP"), Currency::EUR, date(2026, 11, 19));
        assert!(matches!(early, Err(ConversionError::RateMissing { .. })), "a later day does not count");
    }

    #[test]
    fn own_rate_counts_before_reference_rate_for_seven_days() {
        let rate = |own_day, on| {
            let (_, rate, day, source, _) =
                converted(&reference_book("EUR", &[("GBP", own_day, "1.2")]), "GBP", "EUR", on);
            (rate, day, source)
        };
        let own = |day| ("1.2".to_owned(), day, "manual".to_owned());
        let reference = ("1.13636363636".to_owned(), 20, "ECB".to_owned());
        assert_eq!((rate(20, 20), rate(15, 22), rate(15, 23)), (own(20), own(15), reference.clone()));
        assert_eq!((rate(21, 30), rate(20, 30)), (own(21), own(20)), "older, but not older than the reference rate");
        assert_eq!(rate(23, 22), reference, "a later own rate does not count");
    }

    #[test]
    fn own_and_reference_rates_combine_through_base() {
        let book = reference_book("USD", &[("GBP", 20, "1.25")]);
        let expected = ("18750 JPY".to_owned(), "187.5".to_owned(), 20, "manual / ECB via EUR".to_owned());
        let (amount, rate, day, source, via) = converted(&book, "GBP", "JPY", 20);
        assert_eq!(((amount, rate, day, source), via), (expected, Some(book.base())));
        let own_only = RateBook::new(book.base(), []).merged_with(book);
        assert_eq!(converted(&own_only, "GBP", "USD", 20).3, "manual");
    }

    proptest! {
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
    }
}
