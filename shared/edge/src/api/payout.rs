//! Payout accounts over the API: read from a request, sealed, opened, and shown masked. The account in clear is in no answer, no log
//! and no stored item.

use jiff::Timestamp;
use outlay_domain::change::{Change, PayoutChange};
use outlay_domain::ids::{MemberId, OrgId};
use outlay_domain::payout::{self, AccountNumber, PayoutAccount, PayoutPermit, SealedAccount};
use outlay_store::{StoreError, keys};
use outlay_vault::{Context, Vault, VaultError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

use super::common::time;
use crate::call::{Call, Caller, Input};
use crate::checks;
use crate::fault::Faults;
use crate::problem::Problem;
use crate::reply::{Outcome, Reply, Stop};

/// A payout account: of exactly one kind, an IBAN or an account in the United States.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PayoutAccountIn {
    /// Whose account it is at the bank; 1 to 200 characters.
    #[validate(custom(function = "checks::short_text"))]
    #[schema(example = "Ana Silva")]
    holder: String,
    /// The IBAN; spaces are allowed.
    #[validate(custom(function = "is_iban"))]
    #[schema(example = "DE89 3704 0044 0532 0130 00")]
    iban: Option<String>,
    /// The bank in the United States: the nine digits of its routing number.
    #[validate(custom(function = "is_routing_number"))]
    #[schema(example = "021000021")]
    routing_number: Option<String>,
    /// The account at that bank: 4 to 17 digits.
    #[validate(custom(function = "is_account_number"))]
    #[schema(example = "123456789")]
    account_number: Option<String>,
}

fn refuse(holds: bool, code: &'static str, message: &'static str) -> Result<(), ValidationError> {
    if holds { Ok(()) } else { Err(ValidationError::new(code).with_message(message.into())) }
}

// None of these sentences says what was sent.
fn is_iban(raw: &str) -> Result<(), ValidationError> {
    refuse(payout::is_iban(raw), "iban", "Must be an IBAN; its length, its form or its check digits are wrong.")
}

fn is_routing_number(raw: &str) -> Result<(), ValidationError> {
    let message = "Must be a routing number: nine digits, the last of which checks the others.";
    refuse(payout::is_routing_number(raw), "routing-number", message)
}

fn is_account_number(raw: &str) -> Result<(), ValidationError> {
    refuse(payout::is_account_number(raw), "account-number", "Must be 4 to 17 digits.")
}

impl Input for PayoutAccountIn {
    type Checked = PayoutAccount;

    fn check(self, _: Timestamp, faults: &mut Faults) -> Option<PayoutAccount> {
        let us = [("routing_number", &self.routing_number), ("account_number", &self.account_number)];
        match (&self.iban, us.iter().any(|(_, value)| value.is_some())) {
            (Some(_), true) => {
                for (name, _) in us.iter().filter(|(_, value)| value.is_some()) {
                    faults.note(name, "one-kind", "Must not be given beside an IBAN.");
                }
            }
            (None, true) => {
                for (name, _) in us.iter().filter(|(_, value)| value.is_none()) {
                    faults.note(name, "required", "Is required; the other number says nothing without it.");
                }
            }
            (None, false) => {
                faults.note("iban", "required", "Is required, unless routing_number and account_number are given.");
            }
            (Some(_), false) => {}
        }
        let number = match (&self.iban, &self.routing_number, &self.account_number) {
            (Some(iban), ..) => AccountNumber::iban(iban),
            (None, Some(routing_number), Some(account_number)) => AccountNumber::us(routing_number, account_number),
            _ => None,
        };
        Some(PayoutAccount::new(checks::cleaned(&self.holder), number?))
    }
}

/// A payout account, masked.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = PayoutAccount)]
pub struct PayoutAccountOut {
    /// Whose account it is at the bank.
    pub holder: String,
    /// `iban` or `us`.
    #[schema(example = "iban")]
    pub kind: &'static str,
    /// As much of it as is ever shown: the country, and the last four characters (or half of a shorter number).
    #[schema(example = "DE•• •••• 3000")]
    pub masked: String,
    /// Which of his accounts it is, from 1.
    pub version: u64,
    /// When he named it, RFC 3339 in UTC.
    #[schema(format = DateTime)]
    pub changed_at: String,
}

impl PayoutAccountOut {
    /// An account as it is shown.
    #[must_use]
    pub fn of(account: &PayoutAccount, version: u64, changed_at: Timestamp) -> Self {
        Self {
            holder: account.holder().to_owned(),
            kind: account.kind(),
            masked: account.masked(),
            version,
            changed_at: time(changed_at),
        }
    }
}

/// The organisation, the member and the version that an account is sealed for.
fn context(org: OrgId, member: MemberId, version: u64) -> Context {
    Context { organisation: org.to_string(), member: member.to_string(), field: "payout_account", version }
}

/// Seals an account for the member who may name it.
///
/// # Errors
/// 503 when the vault is not available.
pub async fn seal(vault: &Vault, permit: PayoutPermit<'_>, account: &PayoutAccount) -> Result<Vec<u8>, Stop> {
    let member = permit.member();
    let bytes = account.to_bytes().map_err(|_| Problem::internal("a payout account has no JSON"))?;
    let context = context(member.org, member.id, permit.version());
    Ok(vault.seal(&context, &bytes).await?)
}

/// Opens the account of a member and shows it masked. What was copied here from another member, put back, or edited does not open.
///
/// # Errors
/// 500 for such a one, 503 when the vault is not available.
pub async fn open(
    vault: &Vault,
    org: OrgId,
    member: MemberId,
    stored: &SealedAccount,
) -> Result<PayoutAccountOut, Stop> {
    let SealedAccount { ciphertext, version, changed_at } = stored;
    let secret =
        vault.open(&context(org, member, *version), ciphertext).await.map_err(|error| at(org, member, error))?;
    let account = PayoutAccount::from_bytes(secret.expose());
    let account = account.ok_or_else(|| at(org, member, VaultError::Damaged("NotAnAccount".to_owned())))?;
    Ok(PayoutAccountOut::of(&account, *version, *changed_at))
}

/// Stores a change of the caller's account and answers with it. The answer is not kept for a repeated request: the hash of the request
/// that is kept with it would let whoever reads the table try one account number after the other.
///
/// # Errors
/// 412 when somebody was faster, 503 when the table is not available.
pub async fn commit(call: &Call, caller: &Caller, change: PayoutChange, shown: &PayoutAccountOut) -> Outcome {
    let member = if caller.joins()? { change.member.binding(&call.identity().subject) } else { change.member };
    let reply = Reply::ok(shown)?.version(member.after.version);
    let change = Change::Payout(Box::new(PayoutChange { member, ..change }));
    call.store().commit(&[change], None).await?;
    Ok(reply)
}

/// What is told of a failure about a stored account.
fn at(org: OrgId, member: MemberId, error: VaultError) -> Problem {
    match error {
        VaultError::Damaged(code) => {
            let key = keys::payout_account(org, member);
            StoreError::Broken { item: key.place(), reason: code }.into()
        }
        other => other.into(),
    }
}

impl From<VaultError> for Problem {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::Unavailable(code) => StoreError::Unavailable(format!("its vault: {code}")).into(),
            VaultError::Damaged(code) => StoreError::Broken { item: "sealed".to_owned(), reason: code }.into(),
            VaultError::Refused(_) => Self::internal(error),
        }
    }
}

impl From<VaultError> for Stop {
    fn from(error: VaultError) -> Self {
        Self::Problem(error.into())
    }
}
