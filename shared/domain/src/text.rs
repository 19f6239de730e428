//! Texts and codes that people enter. Each kind is a type of its own with one constructor, [`FromStr`], which
//! normalises and checks. Characters are judged here, meaning is not: a code may name nothing.
//!
//! Serde writes the plain string and reads it without checks: what was valid when it was stored stays readable.

use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use validator::ValidateEmail;

/// Largest number of characters of a title, name or merchant.
const MAX_LINE: usize = 200;
/// Largest number of characters of a note, reason or comment.
const MAX_NOTE: usize = 2000;
/// Largest number of characters of a code or label.
const MAX_CODE: usize = 40;
/// Largest number of characters of a file name.
const MAX_FILE_NAME: usize = 255;
/// Largest number of bytes of an e-mail address (RFC 5321).
const MAX_EMAIL: usize = 254;

/// Reason why a text is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// It has no visible character.
    #[error("Must not be blank.")]
    Blank,
    /// It has a control character or one that changes the reading direction.
    #[error("Must not contain control characters or change the reading direction.")]
    ForbiddenCharacter,
    /// It has more characters than the limit, counted after normalisation.
    #[error("Must have at most {max} characters.")]
    TooLong {
        /// The limit.
        max: usize,
    },
    /// It has a URL.
    #[error("Must not contain a URL.")]
    Url,
    /// It is not a category code.
    #[error("Must be 1 to {MAX_CODE} lower-case letters, digits, - or _.")]
    CategoryCode,
    /// It is not the code of a country.
    #[error("Must be the two-letter code of a country (ISO 3166-1), such as FR.")]
    CountryCode,
    /// It is not an e-mail address.
    #[error("Must be an e-mail address such as ana@example.com.")]
    EmailAddress,
    /// It is not a time zone.
    #[error("Must be the name of a time zone, such as Europe/Berlin.")]
    TimeZone,
    /// It is not a SHA-256 digest.
    #[error("Must be 64 lower-case hexadecimal digits.")]
    Sha256,
}

impl TextError {
    /// Stable name of the rule, for API problems.
    #[must_use]
    pub const fn rule(self) -> &'static str {
        match self {
            Self::Blank => "blank",
            Self::ForbiddenCharacter | Self::Url => "characters",
            Self::TooLong { .. } => "length",
            Self::CategoryCode => "code",
            Self::CountryCode => "country",
            Self::EmailAddress => "email",
            Self::TimeZone => "time-zone",
            Self::Sha256 => "sha256",
        }
    }
}

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident $parse:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl FromStr for $name {
            type Err = TextError;

            fn from_str(raw: &str) -> Result<Self, TextError> {
                let parse: fn(&str) -> Result<String, TextError> = $parse;
                parse(raw).map(Self)
            }
        }

        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl Deref for $name {
            type Target = str;

            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.0 == *other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                self.0 == **other
            }
        }
    )*};
}

texts! {
    /// Title of a report: one line of at most 200 characters.
    Title |raw| line(raw, MAX_LINE);
    /// Name of a member or an organisation: one line of at most 200 characters without a URL. Names go into mail to
    /// people who did not ask for it, and mail programs turn URLs into links.
    DisplayName display_name;
    /// Merchant of an expense: one line of at most 200 characters.
    Merchant |raw| line(raw, MAX_LINE);
    /// Person who took part in what an expense paid for: one line of at most 200 characters.
    Attendee |raw| line(raw, MAX_LINE);
    /// Place of a receipt that is not uploaded, such as a document number: one line of at most 200 characters.
    ReceiptReference |raw| line(raw, MAX_LINE);
    /// Name of a category, cost centre, project or workflow step: one line of at most 200 characters.
    Label |raw| line(raw, MAX_LINE);
    /// Source of an exchange rate, such as `ECB`: one line of at most 200 characters.
    RateSource |raw| line(raw, MAX_LINE);
    /// Holder of a payout account, as the bank knows them: one line of at most 200 characters.
    AccountHolder |raw| line(raw, MAX_LINE);
    /// Name of a file, of any form: one line of at most 255 characters. It is never used as a path or a key.
    FileName |raw| line(raw, MAX_FILE_NAME);
    /// Note, justification, comment or reason: at most 2000 characters, line breaks and tabs allowed.
    Note |raw| normalize(raw, MAX_NOTE, true);
    /// Grade of a member: one line of at most 40 characters.
    Grade |raw| line(raw, MAX_CODE);
    /// Code of a cost centre: one line of at most 40 characters.
    CostCentreCode |raw| line(raw, MAX_CODE);
    /// Code of a project: one line of at most 40 characters.
    ProjectCode |raw| line(raw, MAX_CODE);
    /// Name of a trip: one line of at most 40 characters.
    TripName |raw| line(raw, MAX_CODE);
    /// Ledger account: one line of at most 40 characters.
    LedgerAccount |raw| line(raw, MAX_CODE);
    /// Code of a category: 1 to 40 lower-case letters, digits, `-` and `_`.
    CategoryCode category_code;
    /// Country: the two-letter code of ISO 3166-1, such as `FR`.
    CountryCode country_code;
    /// E-mail address in lower case: ASCII, one `@`, a domain with a dot, at most 254 bytes.
    EmailAddress email_address;
    /// IANA name of a time zone, such as `Europe/Berlin`.
    TimeZoneName |raw| named_zone(raw).map(|_| raw.to_owned()).ok_or(TextError::TimeZone);
    /// SHA-256 as 64 lower-case hexadecimal digits.
    Sha256Hex sha256_hex;
}

macro_rules! literals {
    ($($name:ident)*) => {$(
        impl $name {
            /// A text of the program itself.
            pub(crate) fn literal(text: &'static str) -> Self {
                Self(text.to_owned())
            }
        }
    )*};
}

literals! { CategoryCode DisplayName Label }

impl RateSource {
    /// Source of a rate that finance entered without naming one.
    #[must_use]
    pub fn manual() -> Self {
        Self("manual".to_owned())
    }
}

impl From<&EmailAddress> for DisplayName {
    /// The address as the name of a member who has given no other.
    fn from(address: &EmailAddress) -> Self {
        Self(address.0.clone())
    }
}

impl From<&CategoryCode> for Label {
    /// The code as the name of a category that the policy does not list.
    fn from(code: &CategoryCode) -> Self {
        Self(code.0.clone())
    }
}

impl TimeZoneName {
    /// The time zone; UTC when the zone database no longer has it.
    #[must_use]
    pub fn time_zone(&self) -> TimeZone {
        named_zone(self).unwrap_or(TimeZone::UTC)
    }
}

fn line(raw: &str, max: usize) -> Result<String, TextError> {
    normalize(raw, max, false)
}

fn display_name(raw: &str) -> Result<String, TextError> {
    let name = line(raw, MAX_LINE)?;
    if name.contains("://") { Err(TextError::Url) } else { Ok(name) }
}

fn category_code(raw: &str) -> Result<String, TextError> {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_');
    let is_code = (1..=MAX_CODE).contains(&raw.len()) && raw.bytes().all(allowed);
    if is_code { Ok(raw.to_owned()) } else { Err(TextError::CategoryCode) }
}

fn country_code(raw: &str) -> Result<String, TextError> {
    let is_code = raw.len() == 2 && raw.bytes().all(|b| b.is_ascii_uppercase());
    let is_country = is_code && iso_country::Country::from_str(raw).is_ok();
    is_country.then(|| raw.to_owned()).ok_or(TextError::CountryCode)
}

fn email_address(raw: &str) -> Result<String, TextError> {
    let (local, domain) = raw.rsplit_once('@').unwrap_or_default();
    let dots = !local.starts_with('.') && !local.ends_with('.') && !raw.contains("..") && domain.contains('.');
    let is_address = raw.is_ascii() && raw.len() <= MAX_EMAIL && dots && !domain.contains('[') && raw.validate_email();
    if is_address { Ok(raw.to_ascii_lowercase()) } else { Err(TextError::EmailAddress) }
}

fn named_zone(raw: &str) -> Option<TimeZone> {
    // The database also knows "Etc/Unknown" and offsets.
    TimeZone::get(raw).ok().filter(|zone| zone.iana_name().is_some() && !zone.is_unknown())
}

fn sha256_hex(raw: &str) -> Result<String, TextError> {
    let is_digest = raw.len() == 64 && raw.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if is_digest { Ok(raw.to_owned()) } else { Err(TextError::Sha256) }
}

/// Normalises to NFC, trims, and refuses control and bidirectional-override characters. `max` counts characters, not
/// bytes. Line feeds and tabs are allowed only when `multiline` is set.
fn normalize(raw: &str, max: usize, multiline: bool) -> Result<String, TextError> {
    let text = raw.nfc().collect::<String>();
    // Browsers send the lines of a text area with carriage returns.
    let text = if multiline { text.replace("\r\n", "\n") } else { text };
    let text = text.trim().to_owned();
    if text.chars().any(|c| is_forbidden(c, multiline)) {
        return Err(TextError::ForbiddenCharacter);
    }
    if text.chars().all(is_invisible) {
        return Err(TextError::Blank);
    }
    if text.chars().count() > max {
        return Err(TextError::TooLong { max });
    }
    Ok(text)
}

/// Bytes in lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// True for a bidirectional control, which can make a text read as another one (Unicode TR 36, section 2.10).
#[must_use]
pub const fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}' | '\u{061C}')
}

fn is_forbidden(c: char, multiline: bool) -> bool {
    let line_character = matches!(c, '\n' | '\t');
    is_bidi_control(c)
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{FEFF}')
        || (c.is_control() && !(multiline && line_character))
}

fn is_invisible(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{200B}'..='\u{200D}' | '\u{2060}' | '\u{00AD}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_normalised_and_checked() {
        assert_eq!("  Cafe\u{301} ".parse::<Title>().unwrap(), "Café");
        assert_eq!(" \t ".parse::<Title>(), Err(TextError::Blank));
        assert_eq!("\u{200B}".parse::<Title>(), Err(TextError::Blank));
        assert_eq!("a\u{202E}b".parse::<Title>(), Err(TextError::ForbiddenCharacter));
        assert_eq!("a\nb".parse::<Title>(), Err(TextError::ForbiddenCharacter));
        assert_eq!("a\r\nb".parse::<Title>(), Err(TextError::ForbiddenCharacter));
        assert_eq!("a\r\nb".parse::<Note>().unwrap(), "a\nb");
        assert_eq!("é".repeat(40).parse::<Grade>().unwrap().chars().count(), 40);
        assert_eq!("é".repeat(41).parse::<Grade>(), Err(TextError::TooLong { max: 40 }));
    }

    #[test]
    fn display_name_with_url_is_rejected() {
        assert_eq!("Ana https://example.com".parse::<DisplayName>(), Err(TextError::Url));
        assert_eq!("Ana Silva".parse::<DisplayName>().unwrap(), "Ana Silva");
    }

    #[test]
    fn codes_are_checked_as_they_are() {
        assert_eq!("meals-2_a".parse::<CategoryCode>().unwrap(), "meals-2_a");
        for code in ["", "Meals", " meals", "a b", &"a".repeat(41)] {
            assert_eq!(code.parse::<CategoryCode>(), Err(TextError::CategoryCode), "{code}");
        }
        assert_eq!("Ana@Example.com".parse::<EmailAddress>().unwrap(), "ana@example.com");
        for address in
            ["ana", "ana@example", ".ana@example.com", "a..b@example.com", "ana@[127.0.0.1]", "ána@example.com"]
        {
            assert_eq!(address.parse::<EmailAddress>(), Err(TextError::EmailAddress), "{address}");
        }
        assert!("Europe/Berlin".parse::<TimeZoneName>().is_ok());
        assert_eq!("Etc/Unknown".parse::<TimeZoneName>(), Err(TextError::TimeZone));
        assert!("0a".repeat(32).parse::<Sha256Hex>().is_ok());
        assert_eq!("0A".repeat(32).parse::<Sha256Hex>(), Err(TextError::Sha256));
    }

    #[test]
    fn stored_text_is_read_without_checks() {
        let long = "x".repeat(300);
        let title: Title = serde_json::from_value(long.clone().into()).unwrap();
        assert_eq!(serde_json::to_value(&title).unwrap(), serde_json::Value::from(long));
    }
}
