//! Checks of single values, for `validator` on input types (shape) and for turning texts into domain values (meaning).

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::civil::Date;
use outlay_domain::ids::MemberId;
use outlay_domain::member;
use outlay_domain::money::{AmountFault, Currency, Money};
use outlay_domain::text::{self, TextFault};
use validator::{ValidateEmail, ValidationError};

use crate::decode::Patch;
use crate::fault::Faults;
use crate::problem::Problem;

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

/// The name of an organisation or a member: as [`short_text`], and no address of a page. Names go into mail to people who have not asked
/// for it, and mail programs make links of addresses.
///
/// # Errors
/// What is wrong with it.
pub fn name(raw: &str) -> Result<(), ValidationError> {
    let text = text_of(raw, SHORT, false)?;
    if text.contains("://") { Err(refuse("characters", "Must not contain an address of a page.")) } else { Ok(()) }
}

/// A note, reason or comment: at most [`LONG`] characters, line breaks allowed.
///
/// # Errors
/// What is wrong with it.
pub fn long_text(raw: &str) -> Result<(), ValidationError> {
    text_of(raw, LONG, true).map(drop)
}

/// The IANA name of a time zone, such as `Europe/Berlin`.
///
/// # Errors
/// When there is no such zone.
pub fn time_zone(raw: &str) -> Result<(), ValidationError> {
    let known = member::time_zone(raw).map(drop);
    known.ok_or_else(|| refuse("time-zone", "Must be the name of a time zone, such as Europe/Berlin."))
}

/// What somebody calls a file: one line of at most 255 characters, whatever it looks like. Nothing is found by it.
///
/// # Errors
/// What is wrong with it.
pub fn file_name(raw: &str) -> Result<(), ValidationError> {
    text_of(raw, 255, false).map(drop)
}

/// SHA-256 as 64 lower-case hexadecimal digits.
///
/// # Errors
/// What is wrong with it.
pub fn sha256(raw: &str) -> Result<(), ValidationError> {
    if raw.len() == 64 && raw.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        Ok(())
    } else {
        Err(refuse("sha256", "Must be 64 lower-case hexadecimal digits."))
    }
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

/// A code or name people choose, for a grade, a cost centre, a project, a trip or an account: one line of at most 40 characters.
///
/// # Errors
/// What is wrong with it.
pub fn label(raw: &str) -> Result<(), ValidationError> {
    text_of(raw, 40, false).map(drop)
}

/// The same for each of a list.
///
/// # Errors
/// What is wrong with the first that is none.
pub fn labels(list: &[String]) -> Result<(), ValidationError> {
    list.iter().try_for_each(|entry| label(entry))
}

/// People who were there: at most 50, each as [`short_text`].
///
/// # Errors
/// What is wrong with the list, or with the first that is none.
pub fn people(list: &[String]) -> Result<(), ValidationError> {
    if list.len() > 50 {
        return Err(refuse("length", "Must have at most 50 entries."));
    }
    list.iter().try_for_each(|entry| short_text(entry))
}

/// The texts of a list as they are stored.
#[must_use]
pub fn cleaned_list(list: Option<Vec<String>>) -> Vec<String> {
    list.unwrap_or_default().iter().map(|text| cleaned(text)).filter(|text| !text.is_empty()).collect()
}

/// A text of a patch: `None` leaves it, `Some(None)` removes it. What is wrong with it is noted at the member `name`.
pub fn patched(
    name: &str,
    patch: Patch<String>,
    check: fn(&str) -> Result<(), ValidationError>,
    faults: &mut Faults,
) -> Option<Option<String>> {
    match patch {
        Patch::Absent => None,
        Patch::Null => Some(None),
        Patch::Value(text) => {
            if let Err(error) = check(&text) {
                faults.note(name, &error.code, error.message.unwrap_or_default());
            }
            Some(Some(cleaned(&text)))
        }
    }
}

/// The identifier of a member, noted at the member `name` when it is none.
pub fn member_id(raw: &str, name: &str, faults: &mut Faults) -> Option<MemberId> {
    let id = raw.parse().ok();
    if id.is_none() {
        faults.note(name, "unknown-member", "Must be the identifier of a member.");
    }
    id
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

/// An amount of a known currency, in minor units, from zero up.
#[must_use]
pub fn total(raw: &str, currency: Currency) -> Option<i64> {
    Money::parse(raw, currency).ok().map(Money::minor)
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

/// A time as RFC 3339. No leap second: it would be taken for the second before.
#[must_use]
pub fn moment(raw: &str) -> Option<Timestamp> {
    raw.parse().ok().filter(|_| !raw.contains(":60"))
}

/// An amount that has to be in the base currency of the organisation.
///
/// # Errors
/// 422 at the member `name` when it is in another.
pub fn in_base(amount: Option<Money>, base: Currency, name: &str) -> Result<(), Problem> {
    if amount.is_none_or(|amount| amount.currency() == base) {
        return Ok(());
    }
    let mut faults = Faults::default();
    let detail = format!("This amount is in the base currency, {base}.");
    faults.at(name, |faults| faults.note("currency", "base-currency", detail));
    Err(Problem::invalid(faults))
}

/// Any day, noted at the member `name` when it is none.
pub fn any_day(raw: &str, name: &str, faults: &mut Faults) -> Option<Date> {
    let date = day(raw);
    if date.is_none() {
        faults.note(name, "date", "Must be a day as YYYY-MM-DD.");
    }
    date
}

/// A day on which money can have been spent: not before 2000, and not after today where today comes first (UTC+14).
pub fn spending_day(raw: &str, name: &str, now: Timestamp, faults: &mut Faults) -> Option<Date> {
    let date = any_day(raw, name, faults)?;
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
