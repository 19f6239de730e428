//! Payout accounts over the API: input, encryption, decryption and masked output. The account in clear must not get
//! into answers, logs or stored items.

use jiff::Timestamp;
use outlay_domain::change::{Change, PayoutChange};
use outlay_domain::ids::{MemberId, OrgId};
use outlay_domain::member::Member;
use outlay_domain::payout::{self, AccountNumber, PayoutAccount, SealedAccount};
use outlay_http::endpoint::Input;
use outlay_http::{ApiError, Context, Endpoint, HandlerResult, Problem, Reply};
use outlay_input::FieldErrors;
use outlay_store::{StoreError, keys};
use outlay_vault::{EncryptionContext, Vault, VaultError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::common::time;

/// Payout account: either an IBAN, or a routing number and an account number of a bank in the United States.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PayoutAccountIn {
    /// Account holder, as the bank knows them; 1 to 200 characters.
    #[schema(example = "Ana Silva")]
    holder: String,
    /// IBAN, in any case; blanks and hyphens are dropped.
    #[schema(example = "DE89 3704 0044 0532 0130 00")]
    iban: Option<String>,
    /// Routing number of a bank in the United States; nine digits. Blanks and hyphens are dropped.
    #[schema(example = "021000021")]
    routing_number: Option<String>,
    /// Account number at that bank; 4 to 17 digits. Blanks and hyphens are dropped.
    #[schema(example = "123456789")]
    account_number: Option<String>,
}

impl Input for PayoutAccountIn {
    type Checked = PayoutAccount;

    fn check(self, _: Timestamp, errors: &mut FieldErrors) -> Option<PayoutAccount> {
        let holder = errors.parse("holder", self.holder);
        // The sentences must not repeat what was sent.
        let iban = self.iban.as_deref().map(AccountNumber::iban);
        if let Some(Err(error)) = &iban {
            errors.push("iban", "iban", error.to_string());
        }
        if self.routing_number.as_deref().is_some_and(|raw| !payout::is_routing_number(raw)) {
            let detail = "Must be a routing number: nine digits, the last of which checks the others.";
            errors.push("routing_number", "routing-number", detail);
        }
        if self.account_number.as_deref().is_some_and(|raw| !payout::is_account_number(raw)) {
            errors.push("account_number", "account-number", "Must be 4 to 17 digits.");
        }
        let us = [("routing_number", &self.routing_number), ("account_number", &self.account_number)];
        match (&self.iban, us.iter().any(|(_, value)| value.is_some())) {
            (Some(_), true) => {
                for (name, _) in us.iter().filter(|(_, value)| value.is_some()) {
                    errors.push(name, "one-kind", "Must not be given with an IBAN.");
                }
            }
            (None, true) => {
                for (name, _) in us.iter().filter(|(_, value)| value.is_none()) {
                    errors.push(name, "required", "Is required beside the other number.");
                }
            }
            (None, false) => {
                errors.push("iban", "required", "Is required, unless routing_number and account_number are given.");
            }
            (Some(_), false) => {}
        }
        let number = match (iban, &self.routing_number, &self.account_number) {
            (Some(iban), ..) => iban.ok(),
            (None, Some(routing_number), Some(account_number)) => AccountNumber::us(routing_number, account_number),
            _ => None,
        };
        Some(PayoutAccount::new(holder?, number?))
    }
}

/// Payout account, masked.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = PayoutAccount)]
pub struct PayoutAccountOut {
    /// Account holder, as the bank knows them.
    pub holder: String,
    /// Kind of the account: `iban` or `us`.
    #[schema(example = "iban")]
    pub kind: &'static str,
    /// Masked number: the country of an IBAN, and the last four characters, or half of a number shorter than eight.
    #[schema(example = "DE•• •••• 3000")]
    pub masked: String,
    /// Number of this account among the member's accounts, from 1.
    pub version: u64,
    /// Time of the change, RFC 3339 in UTC.
    #[schema(format = DateTime)]
    pub changed_at: String,
}

impl PayoutAccountOut {
    /// Masks an account.
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

/// Encrypts the next account of a member.
///
/// # Errors
/// 503 when KMS is not available.
pub async fn seal(vault: &Vault, member: &Member, account: &PayoutAccount) -> Result<Vec<u8>, ApiError> {
    let bytes = account.to_bytes().map_err(|_| Problem::internal("a payout account has no JSON"))?;
    let context = EncryptionContext::payout_account(&member.org, &member.id, payout::next_version(member));
    Ok(vault.seal(&context, &bytes).await?)
}

/// Decrypts the account of a member and masks it. A ciphertext that was edited, or copied from another member or
/// version, fails.
///
/// # Errors
/// 500 for such a ciphertext, 503 when KMS is not available.
pub async fn open(
    vault: &Vault,
    org: OrgId,
    member: MemberId,
    stored: &SealedAccount,
) -> Result<PayoutAccountOut, ApiError> {
    let SealedAccount { ciphertext, version, changed_at } = stored;
    let context = EncryptionContext::payout_account(&org, &member, *version);
    let secret = vault.open(&context, ciphertext).await.map_err(|error| at(org, member, error))?;
    let account = PayoutAccount::from_bytes(secret.expose());
    let account = account.ok_or_else(|| at(org, member, VaultError::InvalidCiphertext("NotAnAccount".to_owned())))?;
    Ok(PayoutAccountOut::of(&account, *version, *changed_at))
}

/// Stores a change of an account and answers with it, masked. The answer is not stored for repeated requests (the
/// endpoint declares so): the hash of the request that is stored with it would let a reader of the table guess the
/// account number.
///
/// # Errors
/// As for [`Context::commit`].
pub async fn commit_account<E: Endpoint>(
    context: &Context<'_, E>,
    change: PayoutChange,
    shown: &PayoutAccountOut,
) -> HandlerResult {
    let member = context.with_identity(vec![change.member])?.remove(0);
    let reply = Reply::ok(shown)?.version(member.after.version);
    context.commit(Change::Payout(Box::new(PayoutChange { member, ..change })), reply).await
}

/// Problem for a failure of a stored account.
fn at(org: OrgId, member: MemberId, error: VaultError) -> Problem {
    match error {
        VaultError::InvalidCiphertext(code) => {
            let key = keys::payout_account(org, member);
            StoreError::Corrupt { item: key.redacted(), reason: code }.into()
        }
        other => other.into(),
    }
}
