//! Checks of single values, for `validator` on input types (shape) and for turning texts into domain values (meaning).

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::civil::Date;
use outlay_domain::money::{AmountFault, Currency, Money};
use outlay_domain::text::{self, TextFault};
use validator::{ValidateEmail, ValidationError};

use crate::fault::Faults;

/// The longest title, name or merchant, in characters.
pub const SHORT: usize = 200;
/// The longest note, reason or comment, in characters.
pub const LONG: usize = 2000;

fn refuse(code: &'static str, message: impl Into<Cow<'static, str>>) -> ValidationError {
    ValidationError::new(code).with_message(message.into())
}

fn text_of(raw: &str, max: usize, lines: bool) -> Result<String, ValidationError> {
    text::clean(raw, max, lines).map_err(|fault| match fault {
        TextFault::Blank => refuse("blank", "Must have something visible in it."),
        TextFault::Forbidden => {
            refuse("characters", "Must not contain control characters or change the reading direction.")
        }
        TextFault::TooLong => refuse("length", format!("Must have at most {max} characters.")),
    })
}

/// A title, name or merchant: one line of at most [`SHORT`] characters.
///
/// # Errors
/// What is wrong with it.
pub fn short_text(raw: &str) -> Result<(), ValidationError> {
    text_of(raw, SHORT, false).map(drop)
}

/// A note, reason or comment: at most [`LONG`] characters, line breaks allowed.
///
/// # Errors
/// What is wrong with it.
pub fn long_text(raw: &str) -> Result<(), ValidationError> {
    text_of(raw, LONG, true).map(drop)
}

/// The text as it is stored; to be called after the check of the same name.
#[must_use]
pub fn cleaned(raw: &str) -> String {
    text::clean(raw, LONG, true).unwrap_or_default()
}

/// The optional text as it is stored.
#[must_use]
pub fn cleaned_option(raw: Option<&str>) -> Option<String> {
    raw.map(cleaned).filter(|text| !text.is_empty())
}

/// A code people choose for a category: lower-case letters, digits, `-` and `_`, at most 40.
///
/// # Errors
/// What is wrong with it.
pub fn code(raw: &str) -> Result<(), ValidationError> {
    let fits = (1..=40).contains(&raw.len());
    if fits && raw.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_')) {
        Ok(())
    } else {
        Err(refuse("code", "Must be 1 to 40 lower-case letters, digits, - or _."))
    }
}

/// An e-mail address that mail can be sent to: ASCII, one `@`, a domain with a dot. Compared in lower case.
///
/// # Errors
/// What is wrong with it.
pub fn email(raw: &str) -> Result<(), ValidationError> {
    let (local, domain) = raw.rsplit_once('@').unwrap_or_default();
    let dots = !local.starts_with('.') && !local.ends_with('.') && !raw.contains("..") && domain.contains('.');
    if raw.is_ascii() && raw.len() <= 254 && dots && !domain.contains('[') && raw.validate_email() {
        Ok(())
    } else {
        Err(refuse("email", "Must be an e-mail address such as ana@example.com."))
    }
}

/// A currency code, noted at the member `name` when it is none.
pub fn currency(raw: &str, name: &str, faults: &mut Faults) -> Option<Currency> {
    let parsed = raw.parse().ok();
    if parsed.is_none() {
        faults.note(name, "currency", "Must be the ISO 4217 code of a currency in use today, such as EUR.");
    }
    parsed
}

/// A non-negative amount in a currency, noted at its members when it is none.
pub fn money(amount: &str, code: &str, faults: &mut Faults) -> Option<Money> {
    let negative = amount.starts_with('-') && amount.len() > 1;
    if negative {
        faults.note("amount", "positive", "Must not be negative.");
    }
    let currency = currency(code, "currency", faults)?;
    if negative {
        return None;
    }
    match Money::parse(amount, currency) {
        Ok(money) => Some(money),
        Err(fault) => {
            let (rule, detail) = match fault {
                AmountFault::Malformed => {
                    ("decimal", "Must be a decimal number in a string, such as \"12.34\".".to_owned())
                }
                AmountFault::TooManyDecimals => ("decimals", decimals(currency)),
                AmountFault::TooLarge => ("maximum", "Is larger than any amount Outlay handles.".to_owned()),
            };
            faults.note("amount", rule, detail);
            None
        }
    }
}

fn decimals(currency: Currency) -> String {
    match currency.exponent() {
        0 => format!("{currency} has no decimals."),
        most => format!("{currency} has at most {most} decimals."),
    }
}

/// A day, `YYYY-MM-DD`.
#[must_use]
pub fn day(raw: &str) -> Option<Date> {
    let written = raw.len() == 10
        && raw.bytes().enumerate().all(|(at, b)| if matches!(at, 4 | 7) { b == b'-' } else { b.is_ascii_digit() });
    raw.parse().ok().filter(|_| written)
}

/// A day on which money can have been spent: not before 2000, and not after today where today comes first (UTC+14).
pub fn spending_day(raw: &str, name: &str, now: Timestamp, faults: &mut Faults) -> Option<Date> {
    let Some(date) = day(raw) else {
        faults.note(name, "date", "Must be a day as YYYY-MM-DD.");
        return None;
    };
    let easternmost = now.as_second().saturating_add(14 * 3600);
    let latest = Timestamp::from_second(easternmost).map_or(date, outlay_domain::change::today);
    if date > latest {
        faults.note(name, "future", "Must not be in the future.");
        return None;
    }
    if date.year() < 2000 {
        faults.note(name, "past", "Must not be before the year 2000.");
        return None;
    }
    Some(date)
}
