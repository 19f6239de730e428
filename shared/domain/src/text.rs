//! Texts and codes that people enter. Each kind is a type of its own with one constructor, [`FromStr`], which
//! normalises and checks. Characters are judged here, meaning is not: a code may name nothing.
//!
//! Serde writes the plain string and reads it without checks: what was valid when it was stored stays readable.

mod characters;
mod mail_address;

use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;

use characters::{MAX_MARKS, has_too_many_marks, trim_unseen};
pub use characters::{compact, is_explicit_bidi_control, is_unseen};

/// Largest number of characters of a title, name or merchant.
const MAX_LINE: usize = 200;
/// Largest number of characters of a note, reason or comment.
const MAX_NOTE: usize = 2000;
/// Largest number of characters of a code or label.
const MAX_CODE: usize = 40;
/// Largest number of characters of an account code.
const MAX_ACCOUNT: usize = 20;
/// Largest number of characters of a tax code.
const MAX_TAX_CODE: usize = 10;
/// Largest number of characters of a file name.
const MAX_FILE_NAME: usize = 255;

/// Reason why a text is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// It has no visible character.
    #[error("Must not be blank.")]
    Blank,
    /// It has a control character or one that changes the reading direction.
    #[error("{}", forbidden(*character))]
    ForbiddenCharacter {
        /// The first such character.
        character: char,
    },
    /// It has a long run of marks or ignorable characters.
    #[error("Must have at most {MAX_MARKS} accents or invisible characters in a row.")]
    TooManyMarks,
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
    /// It is not an account code.
    #[error("Must be 1 to {MAX_ACCOUNT} letters and digits of ASCII, - or .")]
    AccountCode,
    /// It is not a tax code.
    #[error("Must be 1 to {MAX_TAX_CODE} letters and digits of ASCII.")]
    TaxCode,
    /// It is not the code of a country.
    #[error("Must be the two-letter code of a country (ISO 3166-1), such as FR.")]
    CountryCode,
    /// It is not an e-mail address.
    #[error("Must be an e-mail address at a public domain, such as ana@example.com.")]
    EmailAddress,
    /// It is not a mail domain.
    #[error("Must be a public domain of two or more labels, such as example.com.")]
    MailDomain,
    /// It is not a time zone.
    #[error("Must be the name of a time zone, such as Europe/Berlin.")]
    TimeZone,
    /// It is not a BIC.
    #[error("Must be a BIC: 8 or 11 letters and digits, such as COBADEFFXXX.")]
    BankIdentifier,
    /// It is not the identifier of a company in ACH files.
    #[error("Must be the 10 letters and digits of the company ID that the bank assigned.")]
    CompanyIdentifier,
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
            Self::ForbiddenCharacter { .. } | Self::TooManyMarks | Self::Url => "characters",
            Self::TooLong { .. } => "length",
            Self::CategoryCode | Self::AccountCode | Self::TaxCode => "code",
            Self::CountryCode => "country",
            Self::EmailAddress => "email",
            Self::MailDomain => "domain",
            Self::TimeZone => "time-zone",
            Self::BankIdentifier => "bic",
            Self::CompanyIdentifier => "company-id",
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
    /// Reason code of a bank, such as `AC04`: one line of at most 40 characters.
    BankReasonCode |raw| line(raw, MAX_CODE);
    /// Reference of a payment that the bank gave it: one line of at most 200 characters.
    BankReference |raw| line(raw, MAX_LINE);
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
    /// Account of the ledger: 1 to 20 of `A-Z`, `a-z`, `0-9`, `-` and `.`, such as `6650`.
    AccountCode account_code;
    /// Tax code of the accounting program: 1 to 10 of `A-Z`, `a-z` and `0-9`, such as `9`.
    TaxCode tax_code;
    /// Country: the two-letter code of ISO 3166-1, such as `FR`.
    CountryCode country_code;
    /// E-mail address in lower case: ASCII, one `@`, a mail domain, at most 254 bytes.
    EmailAddress |raw| mail_address::parse_address(raw).ok_or(TextError::EmailAddress);
    /// Public domain of e-mail addresses in lower case, its labels in ASCII (A-labels).
    MailDomain |raw| mail_domain(raw).ok_or(TextError::MailDomain);
    /// IANA name of a time zone, such as `Europe/Berlin`.
    TimeZoneName time_zone;
    /// BIC of a bank (ISO 9362): 8 or 11 characters, kept in capital letters.
    BankIdentifier |raw| bank_identifier(raw).ok_or(TextError::BankIdentifier);
    /// Identifier of a company in ACH files: 10 letters and digits, often `1` and the tax number (EIN), kept in capital
    /// letters.
    CompanyIdentifier |raw| company_identifier(raw).ok_or(TextError::CompanyIdentifier);
    /// SHA-256 as 64 hexadecimal digits, kept in lower case.
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

literals! { CategoryCode DisplayName Label Note }

impl RateSource {
    /// Source of a rate that finance entered without naming one.
    #[must_use]
    pub fn manual() -> Self {
        Self("manual".to_owned())
    }
}

impl Sha256Hex {
    /// Digest of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(hex(&Sha256::digest(bytes)))
    }
}

impl From<&EmailAddress> for DisplayName {
    /// The address as the name of a member who has given no other.
    fn from(address: &EmailAddress) -> Self {
        Self(address.0.clone())
    }
}

impl EmailAddress {
    /// The part after the `@`.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// True when a letter of the domain only looks like one of ASCII, as in `аррӏе.com`.
    #[must_use]
    pub fn has_lookalike_domain(&self) -> bool {
        mail_address::looks_like_ascii(self.domain())
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

fn account_code(raw: &str) -> Result<String, TextError> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.');
    let is_code = (1..=MAX_ACCOUNT).contains(&raw.len()) && raw.bytes().all(allowed);
    if is_code { Ok(raw.to_owned()) } else { Err(TextError::AccountCode) }
}

fn tax_code(raw: &str) -> Result<String, TextError> {
    let is_code = (1..=MAX_TAX_CODE).contains(&raw.len()) && raw.bytes().all(|b| b.is_ascii_alphanumeric());
    if is_code { Ok(raw.to_owned()) } else { Err(TextError::TaxCode) }
}

fn country_code(raw: &str) -> Result<String, TextError> {
    let is_code = raw.len() == 2 && raw.bytes().all(|b| b.is_ascii_uppercase());
    let is_country = is_code && iso_country::Country::from_str(raw).is_ok();
    is_country.then(|| raw.to_owned()).ok_or(TextError::CountryCode)
}

fn mail_domain(raw: &str) -> Option<String> {
    let raw = trim_unseen(raw);
    mail_address::parse_domain(raw.strip_prefix('@').unwrap_or(raw))
}

fn time_zone(raw: &str) -> Result<String, TextError> {
    let name = trim_unseen(raw);
    named_zone(name).map(|_| name.to_owned()).ok_or(TextError::TimeZone)
}

fn named_zone(raw: &str) -> Option<TimeZone> {
    // The database also knows "Etc/Unknown" and offsets.
    TimeZone::get(raw).ok().filter(|zone| zone.iana_name().is_some() && !zone.is_unknown())
}

fn bank_identifier(raw: &str) -> Option<String> {
    let bic = trim_unseen(raw).to_ascii_uppercase();
    // The pattern of ISO 20022 (BICFIDec2014Identifier): only the country has to be letters.
    let is_country = |country: &str| country.bytes().all(|b| b.is_ascii_uppercase());
    let is_bic = matches!(bic.len(), 8 | 11)
        && bic.bytes().all(|b| b.is_ascii_alphanumeric())
        && bic.get(4..6).is_some_and(is_country);
    is_bic.then_some(bic)
}

fn company_identifier(raw: &str) -> Option<String> {
    let id = trim_unseen(raw).to_ascii_uppercase();
    (id.len() == 10 && id.bytes().all(|b| b.is_ascii_alphanumeric())).then_some(id)
}

fn sha256_hex(raw: &str) -> Result<String, TextError> {
    let is_digest = raw.len() == 64 && raw.bytes().all(|b| b.is_ascii_hexdigit());
    if is_digest { Ok(raw.to_ascii_lowercase()) } else { Err(TextError::Sha256) }
}

/// Normalises to NFC, trims, and refuses characters that change the display of others. `max` counts characters, not
/// bytes. Line feeds and tabs are allowed only when `multiline` is set.
fn normalize(raw: &str, max: usize, multiline: bool) -> Result<String, TextError> {
    let text = raw.nfc().collect::<String>();
    // Browsers send the lines of a text area with carriage returns.
    let text = if multiline { text.replace("\r\n", "\n") } else { text };
    // Files and spreadsheets begin with a byte order mark.
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{FEFF}').to_owned();
    if let Some(character) = text.chars().find(|c| is_forbidden(*c, multiline)) {
        return Err(TextError::ForbiddenCharacter { character });
    }
    if text.chars().all(is_unseen) {
        return Err(TextError::Blank);
    }
    if text.chars().count() > max {
        return Err(TextError::TooLong { max });
    }
    if has_too_many_marks(&text) {
        return Err(TextError::TooManyMarks);
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

fn is_forbidden(c: char, multiline: bool) -> bool {
    let line_character = matches!(c, '\n' | '\t');
    is_explicit_bidi_control(c)
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{FEFF}')
        || (c.is_control() && !(multiline && line_character))
}

/// Sentence about a character that is not accepted.
fn forbidden(c: char) -> String {
    let code = format!("U+{:04X}", u32::from(c));
    match c {
        '\n' | '\r' | '\u{2028}' | '\u{2029}' => format!("Must not contain the line break {code}."),
        '\t' => format!("Must not contain the tab {code}."),
        _ if is_explicit_bidi_control(c) => {
            format!("Must not contain {code}, which changes the reading direction of the text after it.")
        }
        _ => format!("Must not contain the control character {code}."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_normalised_and_checked() {
        assert_eq!("  Cafe\u{301} ".parse::<Title>().unwrap(), "Café");
        assert_eq!(" \t ".parse::<Title>(), Err(TextError::Blank));
        assert_eq!("\u{200B}".parse::<Title>(), Err(TextError::Blank));
        for (text, character) in
            [("a\u{202E}b", '\u{202E}'), ("a\nb", '\n'), ("a\r\nb", '\r'), ("a\u{FEFF}b", '\u{FEFF}')]
        {
            assert_eq!(text.parse::<Title>(), Err(TextError::ForbiddenCharacter { character }));
        }
        assert_eq!("a\r\nb".parse::<Note>().unwrap(), "a\nb");
        assert_eq!("é".repeat(40).parse::<Grade>().unwrap().chars().count(), 40);
        assert_eq!("é".repeat(41).parse::<Grade>(), Err(TextError::TooLong { max: 40 }));
    }

    #[test]
    fn bic_and_company_id_have_their_length() {
        assert_eq!(" cobadeff ".parse::<BankIdentifier>().unwrap(), "COBADEFF");
        for text in ["", "COBADEF", "COBA1EFF", "COBADEFFXX", "COBADEFFÄX", "COBADEFFXXXX"] {
            assert_eq!(text.parse::<BankIdentifier>(), Err(TextError::BankIdentifier), "{text}");
        }
        assert_eq!("1234567890".parse::<CompanyIdentifier>().unwrap(), "1234567890");
        for text in ["", "123456789", "12345678901", "12345-7890"] {
            assert_eq!(text.parse::<CompanyIdentifier>(), Err(TextError::CompanyIdentifier), "{text}");
        }
    }

    #[test]
    fn text_that_nobody_sees_is_blank() {
        let unseen = [
            "\u{3164}",
            "\u{115F}\u{1160}",
            "\u{FFA0}",
            "\u{2800}",
            "\u{E0041}\u{E007F}",
            "\u{200E}",
            "\u{200F} \u{61C}",
            "\u{200D}",
            "\u{FE0F}",
            "\u{34F}",
            "\u{180E}",
            "\u{17B4}",
            "\u{FFF9}",
            "\u{1D159}",
            "\u{1D173}",
            "\u{FFFE}",
            "\u{FEFF}",
            "\u{AD}",
            "\u{2000}\u{3000}\u{A0}",
            "\u{2064}",
            "\u{206A}",
            "\u{1BCA0}",
        ];
        for text in unseen {
            assert_eq!(text.parse::<Title>(), Err(TextError::Blank), "{text:?}");
            assert_eq!(text.parse::<Note>(), Err(TextError::Blank), "{text:?}");
            assert_eq!(format!("{text}x").parse::<Title>().unwrap().chars().next_back(), Some('x'), "{text:?}");
        }
        assert_eq!("\u{301}".parse::<Title>().unwrap(), "\u{301}", "a mark alone is seen");
    }

    #[test]
    fn marks_of_reading_direction_and_joiners_are_kept() {
        for text in [
            "فندق (الرياض)\u{200F}",
            "\u{200E}3 מלון",
            "\u{61C}12 نيس",
            "می\u{200C}خواهم",
            "क्\u{200D}ष",
            "👩\u{200D}👩\u{200D}👧",
        ] {
            assert_eq!(text.parse::<DisplayName>().unwrap(), text);
        }
    }

    #[test]
    fn long_run_of_marks_is_refused() {
        let with_marks = |mark: &str, count: usize| format!("Z{}", mark.repeat(count)).parse::<Merchant>();
        // Accents, an enclosing circle, a Thai vowel sign without a combining class, tags, joiners.
        for mark in ["\u{315}", "\u{20DD}", "\u{E47}", "\u{E0061}", "\u{200D}", "\u{FE0F}"] {
            assert!(with_marks(mark, 30).is_ok(), "{mark:?}");
            assert_eq!(with_marks(mark, 31), Err(TextError::TooManyMarks), "{mark:?}");
        }
        assert_eq!(
            with_marks("\u{315}\u{200D}", 16),
            Err(TextError::TooManyMarks),
            "an invisible character ends no run"
        );
        assert!("Z\u{315}".repeat(90).parse::<Merchant>().is_ok());
    }

    #[test]
    fn pasted_number_is_compacted() {
        for text in [
            "DE89 3704",
            "DE89\u{A0}3704",
            "DE89\u{2009}3704",
            "DE89\u{202F}3704\t",
            "\u{FEFF}DE89-3704\n",
            "ＤＥ８９３７０４",
            "\u{200E}DE89\u{200B}3704",
        ] {
            assert_eq!(compact(text), "DE893704", "{text:?}");
        }
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
        assert_eq!("Europe/Berlin\t".parse::<TimeZoneName>().unwrap(), "Europe/Berlin");
        assert_eq!("Etc/Unknown".parse::<TimeZoneName>(), Err(TextError::TimeZone));
        assert_eq!("0A".repeat(32).parse::<Sha256Hex>().unwrap(), "0a".repeat(32).as_str());
        for digest in ["0a".repeat(31), "0g".repeat(32), "0a".repeat(33), "é".repeat(32)] {
            assert_eq!(digest.parse::<Sha256Hex>(), Err(TextError::Sha256), "{digest}");
        }
    }

    #[test]
    fn address_has_one_form() {
        for (raw, address) in [
            ("Ana@Example.com", "ana@example.com"),
            (" ana@example.com \t\n", "ana@example.com"),
            ("\u{FEFF}ana@example.com\u{A0}\u{200B}", "ana@example.com"),
            ("ana@MÜLLER.de", "ana@xn--mller-kva.de"),
        ] {
            let parsed: EmailAddress = raw.parse().unwrap();
            assert_eq!(parsed, address, "{raw:?}");
            assert_eq!(parsed.domain(), address.split('@').nth(1).unwrap());
        }
        for address in [
            "ana",
            "ana@example",
            ".ana@example.com",
            "a..b@example.com",
            "ana@[127.0.0.1]",
            "ána@example.com",
            "a b@example.com",
            "a@b@example.com",
            "a@127.0.0.1",
            "a@localhost",
            "a@mail.localhost",
            "a@cоrp.com",
            "@example.com",
            "a@",
            "a@example.com\r\nBcc: b@example.com",
            "Ana <ana@example.com>",
        ] {
            assert_eq!(address.parse::<EmailAddress>(), Err(TextError::EmailAddress), "{address}");
        }
        assert!("a@xn--80ak6aa92e.com".parse::<EmailAddress>().unwrap().has_lookalike_domain());
        assert_eq!(" @Example.COM ".parse::<MailDomain>().unwrap(), "example.com");
    }

    #[test]
    fn stored_text_is_read_without_checks() {
        let long = "x".repeat(300);
        let title: Title = serde_json::from_value(long.clone().into()).unwrap();
        assert_eq!(serde_json::to_value(&title).unwrap(), serde_json::Value::from(long));
    }
}
