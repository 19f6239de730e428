//! Identifiers of files and payments in files of banks. They have one constructor, [`FromStr`], which checks.

use std::fmt;
use std::str::FromStr;

use crate::text::is_bank_character;

/// Largest number of characters of a reference (ISO 20022, `Max35Text`).
const MAX_REFERENCE: usize = 35;

/// Identifier in files of banks: 1 to 35 characters of the SEPA character set, without blanks, without a slash at
/// either end and without two slashes in a row (EPC132-08). It is never changed, so that answers can be matched.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderReference(String);

/// Text that is no identifier of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseReferenceError {
    /// See [`OrderReference`].
    #[error(
        "Must be 1 to {MAX_REFERENCE} letters, digits or /-?:().,'+ \
         without a slash at the ends or two slashes in a row."
    )]
    Reference,
}

impl FromStr for OrderReference {
    type Err = ParseReferenceError;

    fn from_str(text: &str) -> Result<Self, ParseReferenceError> {
        let fits = (1..=MAX_REFERENCE).contains(&text.len()) && text.chars().all(|c| is_bank_character(c) && c != ' ');
        let has_stray_slash = text.starts_with('/') || text.ends_with('/') || text.contains("//");
        (fits && !has_stray_slash).then(|| Self(text.to_owned())).ok_or(ParseReferenceError::Reference)
    }
}

impl OrderReference {
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

impl fmt::Display for OrderReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reference_refuses_what_banks_would_change() {
        for text in ["A", "PAY-1/2", "a.b,c'd+e(f):g?h", &"x".repeat(35)] {
            assert_eq!(text.parse::<OrderReference>().unwrap().as_str(), text);
        }
        for text in ["", " ", "a b", "/a", "a/", "a//b", "a_b", "é", "a\n", &"x".repeat(36)] {
            assert_eq!(text.parse::<OrderReference>(), Err(ParseReferenceError::Reference), "{text}");
        }
        let id = OrderReference::from_id("pay_01jd8h3q5vfx8r9k2m7n4p6s0t").unwrap();
        assert_eq!(id.as_str(), "pay-01jd8h3q5vfx8r9k2m7n4p6s0t");
    }
}
