//! Values of elements: amounts, dates and reasons.

use jiff::civil::Date;
use outlay_domain::money::{Currency, Money};

use crate::error::BankAnswerError;
use crate::xml::Element;

/// Limit of the entries of an answer.
const MAX_ENTRIES: usize = 100_000;
/// Characters of a text that are kept. Banks split longer ones into several elements.
const MAX_TEXT: usize = 500;
/// Characters of an identifier or a code that are kept; those of ISO 20022 have at most 35.
const MAX_ID: usize = 140;

/// Reason of a rejection or a return.
#[derive(Debug, Default)]
pub(crate) struct Reason {
    /// Code, or the bank's own one.
    pub(crate) code: Option<String>,
    /// Texts, joined by spaces.
    pub(crate) text: Option<String>,
}

impl Reason {
    /// Keeps the first code.
    pub(crate) fn set_code(&mut self, element: &Element) {
        set_first(&mut self.code, element);
    }

    /// Appends a text.
    pub(crate) fn add_text(&mut self, element: &Element) {
        if element.text.is_empty() {
            return;
        }
        let text = self.text.get_or_insert_default();
        if !text.is_empty() {
            text.push(' ');
        }
        push_line(text, &element.text, MAX_TEXT);
    }
}

/// Keeps the first value that is not empty.
pub(crate) fn set_first(target: &mut Option<String>, element: &Element) {
    if target.is_none() && !element.text.is_empty() {
        let mut text = String::new();
        push_line(&mut text, &element.text, MAX_ID);
        *target = Some(text);
    }
}

/// Appends a text as one line, and cuts the whole to a number of characters.
fn push_line(text: &mut String, added: &str, limit: usize) {
    text.extend(added.chars().map(|c| if c.is_control() { ' ' } else { c }));
    if let Some((end, _)) = text.char_indices().nth(limit) {
        text.truncate(end);
    }
}

/// Adds an entry, up to the limit.
pub(crate) fn push_entry<T>(entries: &mut Vec<T>, entry: T) -> Result<(), BankAnswerError> {
    if entries.len() >= MAX_ENTRIES {
        return Err(BankAnswerError::LimitExceeded("entries"));
    }
    entries.push(entry);
    Ok(())
}

/// End-to-end identifier. `NOTPROVIDED` is what banks write where there is none (EPC132-08).
pub(crate) fn end_to_end_id(id: Option<String>) -> Option<String> {
    id.filter(|id| !id.eq_ignore_ascii_case("NOTPROVIDED"))
}

/// Amount with its attribute `Ccy`. `None` for one that cannot be written without rounding in its currency.
///
/// # Errors
/// [`BankAnswerError::Element`] when it is no decimal number or has no currency.
pub(crate) fn amount(element: &Element) -> Result<Option<Money>, BankAnswerError> {
    let malformed = BankAnswerError::Element("Amt");
    let currency = element.currency.as_deref().and_then(|code| Currency::stored(code).ok()).ok_or(malformed)?;
    // Schemas allow a plus sign, leading zeros, and zeros beyond the decimals of the currency.
    let text = element.text.strip_prefix('+').unwrap_or(&element.text);
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let are_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if !are_digits(whole) || !are_digits(decimals) || whole.len().saturating_add(decimals.len()) == 0 {
        return Err(malformed);
    }
    let decimals = decimals.trim_end_matches('0');
    let exponent = usize::try_from(currency.exponent()).unwrap_or(0);
    if decimals.len() > exponent {
        return Ok(None);
    }
    let minor = format!("{whole}{decimals:0<exponent$}").parse::<i64>();
    // A whole part that is empty, in a currency without decimals.
    Ok(minor.ok().map(|minor| Money::from_minor(minor, currency)))
}

/// Day of a date or a time, as the bank states it, whatever the time zone.
///
/// # Errors
/// [`BankAnswerError::Element`] when it is no date.
pub(crate) fn date(element: &Element, name: &'static str) -> Result<Date, BankAnswerError> {
    let day = element.text.get(..10).and_then(|day| day.parse().ok());
    day.ok_or(BankAnswerError::Element(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(text: &str, currency: &str) -> Element {
        Element { text: text.to_owned(), currency: Some(currency.to_owned()) }
    }

    #[test]
    fn amount_is_exact_or_absent() {
        for (text, currency, minor) in [
            ("12.30", "EUR", Some(1230)),
            ("12.3", "EUR", Some(1230)),
            ("+0012", "EUR", Some(1200)),
            ("12.30000", "EUR", Some(1230)),
            (".5", "EUR", Some(50)),
            ("5.", "EUR", Some(500)),
            ("100", "JPY", Some(100)),
            ("1.5", "JPY", None),
            ("1.234", "KWD", Some(1234)),
            ("1.234", "EUR", None),
            ("99999999999999999999", "EUR", None),
        ] {
            let read = amount(&element(text, currency)).unwrap();
            assert_eq!(read.map(Money::minor), minor, "{text} {currency}");
        }
        for (text, currency) in [("", "EUR"), (".", "EUR"), ("-1", "EUR"), ("1,00", "EUR"), ("1", "eur"), ("1", "€")]
        {
            assert!(amount(&element(text, currency)).is_err(), "{text} {currency}");
        }
        let without_currency = Element { text: "1".to_owned(), currency: None };
        assert_eq!(amount(&without_currency), Err(BankAnswerError::Element("Amt")));
    }

    #[test]
    fn date_is_day_as_the_bank_states_it() {
        for text in ["2026-11-30", "2026-11-30Z", "2026-11-30+14:00", "2026-11-30T23:59:59.999-11:00"] {
            let read = date(&element(text, "EUR"), "Dt").unwrap();
            assert_eq!(read, jiff::civil::date(2026, 11, 30), "{text}");
        }
        for text in ["", "2026-11-3", "30.11.2026", "2026-13-01", "ääääääää"] {
            assert_eq!(date(&element(text, "EUR"), "Dt"), Err(BankAnswerError::Element("Dt")), "{text}");
        }
    }
}
