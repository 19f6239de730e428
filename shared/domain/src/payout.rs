//! Where a member is paid: what a payout account is, how much of it is shown, and who may name one. The account itself is only ever
//! stored sealed; nothing here writes it anywhere, and it has no form that shows it by accident.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::MemberId;
use crate::member::{Member, MemberKind};
use crate::refusal::Refusal;

/// A payout account.
#[derive(Clone, PartialEq, Eq)]
pub struct PayoutAccount {
    holder: String,
    number: AccountNumber,
}

/// What names an account at its bank; made by [`AccountNumber::iban`] and [`AccountNumber::us`] only, so it is well formed.
#[derive(Clone, PartialEq, Eq)]
pub struct AccountNumber(Number);

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Number {
    Iban { iban: String },
    Us { routing_number: String, account_number: String },
}

/// The account as it is sealed.
#[derive(Serialize, Deserialize)]
struct Plain {
    holder: String,
    number: Number,
}

/// Whether an IBAN has the length and the form of its country, and its check digits are right. Spaces and lower case are allowed.
#[must_use]
pub fn is_iban(raw: &str) -> bool {
    plain_iban(raw).parse::<iban::Iban>().is_ok()
}

/// An IBAN without spaces, in upper case.
fn plain_iban(raw: &str) -> String {
    raw.chars().filter(|c| *c != ' ').map(|c| c.to_ascii_uppercase()).collect()
}

/// Whether a text is the routing number of a bank of the United States: nine digits, and the checksum that weighs them by 3, 7 and 1.
#[must_use]
pub fn is_routing_number(raw: &str) -> bool {
    let weighed = raw.bytes().zip([3_u32, 7, 1].into_iter().cycle());
    let sum: u32 = weighed.map(|(digit, weight)| u32::from(digit.wrapping_sub(b'0')) * weight).sum();
    // Nine zeros add up as well, and are no bank.
    raw.len() == 9 && is_digits(raw) && sum > 0 && sum.is_multiple_of(10)
}

/// Whether a text can be the number of an account in the United States: 4 to 17 digits.
#[must_use]
pub fn is_account_number(raw: &str) -> bool {
    (4..=17).contains(&raw.len()) && is_digits(raw)
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

impl AccountNumber {
    /// An IBAN, when it is one.
    #[must_use]
    pub fn iban(raw: &str) -> Option<Self> {
        is_iban(raw).then(|| Self(Number::Iban { iban: plain_iban(raw) }))
    }

    /// An account in the United States, when both numbers can be.
    #[must_use]
    pub fn us(routing_number: &str, account_number: &str) -> Option<Self> {
        let (routing, account) = (routing_number.to_owned(), account_number.to_owned());
        let sound = is_routing_number(routing_number) && is_account_number(account_number);
        sound.then_some(Self(Number::Us { routing_number: routing, account_number: account }))
    }
}

impl PayoutAccount {
    /// An account.
    #[must_use]
    pub const fn new(holder: String, number: AccountNumber) -> Self {
        Self { holder, number }
    }

    /// Whose it is at the bank.
    #[must_use]
    pub fn holder(&self) -> &str {
        &self.holder
    }

    /// The name of its kind on the wire.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self.number.0 {
            Number::Iban { .. } => "iban",
            Number::Us { .. } => "us",
        }
    }

    /// As much of it as people may see: the country, and the last four characters, or half of a shorter number.
    #[must_use]
    pub fn masked(&self) -> String {
        match &self.number.0 {
            Number::Iban { iban } => {
                let country: String = iban.chars().take(2).collect();
                format!("{country}•• •••• {}", end_of(iban))
            }
            Number::Us { account_number, .. } => format!("•••• {}", end_of(account_number)),
        }
    }

    /// The bytes to be sealed.
    ///
    /// # Errors
    /// None that any account is known to cause.
    pub fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(&Plain { holder: self.holder.clone(), number: self.number.0.clone() })
    }

    /// The account that bytes were made of; `None` for other bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let Plain { holder, number } = serde_json::from_slice(bytes).ok()?;
        Some(Self { holder, number: AccountNumber(number) })
    }
}

fn end_of(number: &str) -> String {
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

/// A payout account as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedAccount {
    /// What only the vault can open, and only for this member, in this organisation, as this version.
    pub ciphertext: Vec<u8>,
    /// Which of the member's accounts it is, from 1.
    pub version: u64,
    /// When it was named.
    pub changed_at: Timestamp,
}

/// Proof that a member may name his payout account. Only [`permit`] makes one.
#[derive(Clone, Copy, Debug)]
pub struct PayoutPermit<'a> {
    member: &'a Member,
}

impl<'a> PayoutPermit<'a> {
    /// Whose account it will be.
    #[must_use]
    pub const fn member(&self) -> &'a Member {
        self.member
    }

    /// Which of his accounts it will be.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.member.payout_version.unwrap_or(0).saturating_add(1)
    }
}

/// Asks to name the payout account of a member. Nobody does it for another, whatever his role: he would choose where money goes.
///
/// # Errors
/// [`Refusal::Forbidden`] for a service, and for anybody but the member.
pub fn permit(actor: &Member, whose: MemberId) -> Result<PayoutPermit<'_>, Refusal> {
    if actor.kind == MemberKind::Service {
        return Err(Refusal::Forbidden("A service has no payout account, and names none."));
    }
    if actor.id != whose {
        return Err(Refusal::Forbidden("A member names his payout account himself."));
    }
    Ok(PayoutPermit { member: actor })
}
