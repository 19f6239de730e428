//! Identifiers in files of banks. Each kind has one constructor, [`FromStr`], which checks; none is ever changed.

use std::fmt;
use std::str::FromStr;

use crate::text::is_bank_character;

/// Largest number of characters of a reference (ISO 20022, `Max35Text`).
const MAX_REFERENCE: usize = 35;

/// Identifier in files of banks: 1 to 35 characters of the SEPA character set, without blanks, without a slash at
/// either end and without two slashes in a row (EPC132-08). It is never changed, so that answers can be matched.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BankReference(String);

/// Text that is no identifier of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseReferenceError {
    /// See [`BankReference`].
    #[error(
        "Must be 1 to {MAX_REFERENCE} letters, digits or /-?:().,'+ \
         without a slash at the ends or two slashes in a row."
    )]
    Reference,
    /// See [`BankIdentifier`].
    #[error("Must be a BIC: 8 or 11 letters and digits, such as COBADEFFXXX.")]
    Bank,
    /// See [`CompanyIdentifier`].
    #[error("Must be the 10 letters and digits of the company ID that the bank assigned.")]
    Company,
}

impl FromStr for BankReference {
    type Err = ParseReferenceError;

    fn from_str(text: &str) -> Result<Self, ParseReferenceError> {
        let fits = (1..=MAX_REFERENCE).contains(&text.len()) && text.chars().all(|c| is_bank_character(c) && c != ' ');
        let has_stray_slash = text.starts_with('/') || text.ends_with('/') || text.contains("//");
        (fits && !has_stray_slash).then(|| Self(text.to_owned())).ok_or(ParseReferenceError::Reference)
    }
}

impl BankReference {
    /// Reference for an identifier such as `pay_01j…`: files of banks have no `_`, so it becomes `-`.
    ///
    /// # Errors
    /// [`ParseReferenceError::Reference`]
    pub fn from_id(id: &str) -> Result<Self, ParseReferenceError> {
        id.replace('_', "-").parse()
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BankReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// BIC of a bank (ISO 9362): 8 or 11 characters in capital letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankIdentifier(String);

impl FromStr for BankIdentifier {
    type Err = ParseReferenceError;

    /// Blanks at the ends and lower case are accepted.
    fn from_str(text: &str) -> Result<Self, ParseReferenceError> {
        let bic = text.trim().to_ascii_uppercase();
        // The pattern of the schema (BICFIDec2014Identifier): only the country has to be letters.
        let is_country = |country: &str| country.bytes().all(|b| b.is_ascii_uppercase());
        let is_bic = matches!(bic.len(), 8 | 11)
            && bic.bytes().all(|b| b.is_ascii_alphanumeric())
            && bic.get(4..6).is_some_and(is_country);
        is_bic.then_some(Self(bic)).ok_or(ParseReferenceError::Bank)
    }
}

impl BankIdentifier {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Identifier of a company in ACH files: 10 letters and digits, often `1` and the tax number (EIN).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompanyIdentifier(String);

impl FromStr for CompanyIdentifier {
    type Err = ParseReferenceError;

    /// Blanks at the ends and lower case are accepted.
    fn from_str(text: &str) -> Result<Self, ParseReferenceError> {
        let id = text.trim().to_ascii_uppercase();
        let is_id = id.len() == 10 && id.bytes().all(|b| b.is_ascii_alphanumeric());
        is_id.then_some(Self(id)).ok_or(ParseReferenceError::Company)
    }
}

impl CompanyIdentifier {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reference_refuses_what_banks_would_change() {
        for text in ["A", "PAY-1/2", "a.b,c'd+e(f):g?h", &"x".repeat(35)] {
            assert_eq!(text.parse::<BankReference>().unwrap().as_str(), text);
        }
        for text in ["", " ", "a b", "/a", "a/", "a//b", "a_b", "é", "a\n", &"x".repeat(36)] {
            assert_eq!(text.parse::<BankReference>(), Err(ParseReferenceError::Reference), "{text}");
        }
        let id = BankReference::from_id("pay_01jd8h3q5vfx8r9k2m7n4p6s0t").unwrap();
        assert_eq!(id.as_str(), "pay-01jd8h3q5vfx8r9k2m7n4p6s0t");
    }

    #[test]
    fn bic_and_company_id_have_their_length() {
        assert_eq!(" cobadeff ".parse::<BankIdentifier>().unwrap().as_str(), "COBADEFF");
        for text in ["", "COBADEF", "COBA1EFF", "COBADEFFXX", "COBADEFFÄX", "COBADEFFXXXX"] {
            assert_eq!(text.parse::<BankIdentifier>(), Err(ParseReferenceError::Bank), "{text}");
        }
        assert_eq!("1234567890".parse::<CompanyIdentifier>().unwrap().as_str(), "1234567890");
        for text in ["", "123456789", "12345678901", "12345-7890"] {
            assert_eq!(text.parse::<CompanyIdentifier>(), Err(ParseReferenceError::Company), "{text}");
        }
    }
}
