//! Payout accounts: validation, masking, and the encrypted form. Accounts are stored encrypted only. The types have no
//! `Display` and a `Debug` without content, so that an account is never logged by accident.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::member::Member;
use crate::text::{AccountHolder, compact};

/// Payout account.
#[derive(Clone, PartialEq, Eq)]
pub struct PayoutAccount {
    holder: AccountHolder,
    number: AccountNumber,
}

/// Valid account number. Only [`AccountNumber::iban`] and [`AccountNumber::us`] make one. Serde writes it in clear: of
/// members' accounts only the ciphertext is stored.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccountNumber(Number);

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Number {
    Iban { iban: String },
    Us { routing_number: String, account_number: String },
}

/// Plain account number, borrowed. It has no `Debug`, so that it is never logged by accident.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum PlainNumber<'a> {
    /// IBAN without blanks, in capital letters.
    Iban(&'a str),
    /// US account.
    Us {
        /// Nine digits.
        routing_number: &'a str,
        /// 4 to 17 digits.
        account_number: &'a str,
    },
}

/// Plaintext of an encrypted account.
#[derive(Serialize, Deserialize)]
struct Plain {
    holder: AccountHolder,
    number: Number,
}

/// Reason why a text is not an IBAN. The sentence does not repeat the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IbanError {
    /// No country, check digits and account in letters and digits of the Latin alphabet.
    #[error(
        "Must be an IBAN: two letters for the country, two check digits, up to 30 letters and digits. Blanks and hyphens \
         do not matter."
    )]
    Form,
    /// The first two letters are no country that has IBANs.
    #[error("Must be an IBAN; no country with IBANs has these first two letters.")]
    Country,
    /// The length or the form of the country is another one.
    #[error("Must have the length and form of the IBANs of its country.")]
    CountryForm,
    /// The check digits are wrong.
    #[error("Must be an IBAN; its check digits do not fit, so a character is wrong, missing or exchanged.")]
    CheckDigits,
}

fn parse_iban(raw: &str) -> Result<String, IbanError> {
    use iban::{Iban, ParseBaseIbanError, ParseIbanError};

    let plain = compact(raw).to_ascii_uppercase();
    match plain.parse::<Iban>() {
        Ok(_) => Ok(plain),
        Err(ParseIbanError::InvalidBaseIban { source: ParseBaseIbanError::InvalidChecksum }) => {
            Err(IbanError::CheckDigits)
        }
        Err(ParseIbanError::InvalidBaseIban { .. }) => Err(IbanError::Form),
        Err(ParseIbanError::InvalidBban(_)) => Err(IbanError::CountryForm),
        Err(ParseIbanError::UnknownCountry(_)) => Err(IbanError::Country),
    }
}

/// True for a US routing number; blanks, hyphens and characters that are not seen do not count.
#[must_use]
pub fn is_routing_number(raw: &str) -> bool {
    parse_routing_number(raw).is_some()
}

/// True for a US account number; blanks, hyphens and characters that are not seen do not count.
#[must_use]
pub fn is_account_number(raw: &str) -> bool {
    parse_account_number(raw).is_some()
}

/// US routing number: nine digits with a valid checksum (weights 3, 7 and 1).
fn parse_routing_number(raw: &str) -> Option<String> {
    let number = compact(raw);
    let weighted = number.bytes().zip([3_u32, 7, 1].into_iter().cycle());
    let sum: u32 = weighted.map(|(digit, weight)| u32::from(digit.wrapping_sub(b'0')) * weight).sum();
    // Nine zeros have a valid checksum and are no routing number.
    (number.len() == 9 && is_digits(&number) && sum > 0 && sum.is_multiple_of(10)).then_some(number)
}

/// US account number: 4 to 17 digits.
fn parse_account_number(raw: &str) -> Option<String> {
    let number = compact(raw);
    ((4..=17).contains(&number.len()) && is_digits(&number)).then_some(number)
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

impl AccountNumber {
    /// Account number from an IBAN, in any case; blanks, hyphens and characters that are not seen do not count.
    ///
    /// # Errors
    /// [`IbanError`]
    pub fn iban(raw: &str) -> Result<Self, IbanError> {
        parse_iban(raw).map(|iban| Self(Number::Iban { iban }))
    }

    /// Account number of a US account. `None` when one of the numbers is invalid.
    #[must_use]
    pub fn us(routing_number: &str, account_number: &str) -> Option<Self> {
        let (routing_number, account_number) =
            parse_routing_number(routing_number).zip(parse_account_number(account_number))?;
        Some(Self(Number::Us { routing_number, account_number }))
    }

    /// Masked number: country and the last four characters; of a shorter number, the last half.
    #[must_use]
    pub fn masked(&self) -> String {
        match &self.0 {
            Number::Iban { iban } => {
                let country: String = iban.chars().take(2).collect();
                format!("{country}•• •••• {}", last_characters(iban))
            }
            Number::Us { account_number, .. } => format!("•••• {}", last_characters(account_number)),
        }
    }

    /// Plain number. Only the writers of bank files call it: everything else shows [`PayoutAccount::masked`].
    #[must_use]
    pub fn reveal(&self) -> PlainNumber<'_> {
        match &self.0 {
            Number::Iban { iban } => PlainNumber::Iban(iban),
            Number::Us { routing_number, account_number } => PlainNumber::Us { routing_number, account_number },
        }
    }
}

impl PayoutAccount {
    /// Creates an account.
    #[must_use]
    pub const fn new(holder: AccountHolder, number: AccountNumber) -> Self {
        Self { holder, number }
    }

    /// Account holder.
    #[must_use]
    pub fn holder(&self) -> &str {
        &self.holder
    }

    /// Account number, which shows itself to the writers of bank files only: [`AccountNumber::reveal`].
    #[must_use]
    pub const fn number(&self) -> &AccountNumber {
        &self.number
    }

    /// Kind in JSON: `iban` or `us`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self.number.0 {
            Number::Iban { .. } => "iban",
            Number::Us { .. } => "us",
        }
    }

    /// Masked number: [`AccountNumber::masked`].
    #[must_use]
    pub fn masked(&self) -> String {
        self.number.masked()
    }

    /// Bytes to encrypt.
    ///
    /// # Errors
    /// [`serde_json::Error`], which no account is known to cause.
    pub fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(&Plain { holder: self.holder.clone(), number: self.number.0.clone() })
    }

    /// Account from decrypted bytes. `None` for other bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let Plain { holder, number } = serde_json::from_slice(bytes).ok()?;
        Some(Self { holder, number: AccountNumber(number) })
    }
}

fn last_characters(number: &str) -> String {
    let shown = (number.len() / 2).min(4);
    number.chars().skip(number.len().saturating_sub(shown)).collect()
}

impl fmt::Debug for PayoutAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PayoutAccount(…)")
    }
}

impl fmt::Debug for AccountNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccountNumber(…)")
    }
}

/// Payout account as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedAccount {
    /// Ciphertext, bound to the organisation, the member and the version.
    pub ciphertext: Vec<u8>,
    /// Version of the member's account, from 1.
    pub version: u64,
    /// Time of the change.
    pub changed_at: Timestamp,
}

/// Version of the member's next account, from 1. The encryption context contains it.
#[must_use]
pub fn next_version(member: &Member) -> u64 {
    member.payout_version.unwrap_or(0).saturating_add(1)
}
