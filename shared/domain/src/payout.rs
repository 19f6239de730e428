//! Payout accounts: validation, masking, and the encrypted form. Accounts are stored encrypted only. The types have no
//! `Display` and a `Debug` without content, so that an account is never logged by accident.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::member::Member;
use crate::text::AccountHolder;

/// Payout account.
#[derive(Clone, PartialEq, Eq)]
pub struct PayoutAccount {
    holder: AccountHolder,
    number: AccountNumber,
}

/// Valid account number. Only [`AccountNumber::iban`] and [`AccountNumber::us`] make one.
#[derive(Clone, PartialEq, Eq)]
pub struct AccountNumber(Number);

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Number {
    Iban { iban: String },
    Us { routing_number: String, account_number: String },
}

/// Plaintext of an encrypted account.
#[derive(Serialize, Deserialize)]
struct Plain {
    holder: AccountHolder,
    number: Number,
}

/// True for an IBAN with the length and form of its country and valid check digits. Spaces and lower case are allowed.
#[must_use]
pub fn is_iban(raw: &str) -> bool {
    plain_iban(raw).parse::<iban::Iban>().is_ok()
}

/// IBAN without spaces, in upper case.
fn plain_iban(raw: &str) -> String {
    raw.chars().filter(|c| *c != ' ').map(|c| c.to_ascii_uppercase()).collect()
}

/// True for a US routing number: nine digits with a valid checksum (weights 3, 7 and 1).
#[must_use]
pub fn is_routing_number(raw: &str) -> bool {
    let weighted = raw.bytes().zip([3_u32, 7, 1].into_iter().cycle());
    let sum: u32 = weighted.map(|(digit, weight)| u32::from(digit.wrapping_sub(b'0')) * weight).sum();
    // Nine zeros have a valid checksum and are no routing number.
    raw.len() == 9 && is_digits(raw) && sum > 0 && sum.is_multiple_of(10)
}

/// True for a US account number: 4 to 17 digits.
#[must_use]
pub fn is_account_number(raw: &str) -> bool {
    (4..=17).contains(&raw.len()) && is_digits(raw)
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

impl AccountNumber {
    /// Account number from an IBAN. `None` when it is invalid.
    #[must_use]
    pub fn iban(raw: &str) -> Option<Self> {
        is_iban(raw).then(|| Self(Number::Iban { iban: plain_iban(raw) }))
    }

    /// Account number of a US account. `None` when one of the numbers is invalid.
    #[must_use]
    pub fn us(routing_number: &str, account_number: &str) -> Option<Self> {
        let (routing, account) = (routing_number.to_owned(), account_number.to_owned());
        let is_valid = is_routing_number(routing_number) && is_account_number(account_number);
        is_valid.then_some(Self(Number::Us { routing_number: routing, account_number: account }))
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

    /// Kind in JSON: `iban` or `us`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self.number.0 {
            Number::Iban { .. } => "iban",
            Number::Us { .. } => "us",
        }
    }

    /// Masked number: country and the last four characters; of a shorter number, the last half.
    #[must_use]
    pub fn masked(&self) -> String {
        match &self.number.0 {
            Number::Iban { iban } => {
                let country: String = iban.chars().take(2).collect();
                format!("{country}•• •••• {}", last_characters(iban))
            }
            Number::Us { account_number, .. } => format!("•••• {}", last_characters(account_number)),
        }
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
