//! Payments of a batch: one per payee and currency, with the entries that say which report it settles by how much.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};
use utoipa::ToSchema;

use crate::ids::{BatchId, MemberId, OrgId, PaymentId, ReportId};
use crate::member::MemberRef;
use crate::money::{Currency, Money, MoneyError};
use crate::policy::PaymentRules;
use crate::reimbursement::PaymentFailure;
use crate::text::BankReference;

/// Status of a payment.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    EnumString,
    IntoStaticStr,
    VariantArray,
    ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum PaymentStatus {
    /// Not released yet.
    Open,
    /// Held until a person has looked at the account.
    Held,
    /// In the file for the bank.
    Released,
    /// Paid, or settled by set-off alone.
    Paid,
    /// Failed or come back. Its reports are approved again.
    Failed,
    /// Left out of the release, or of a cancelled batch. Its reports are approved again.
    Cancelled,
}

impl PaymentStatus {
    /// Name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// Reason why a payment is held, or was left out of the release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, IntoStaticStr, ToSchema)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum HoldReason {
    /// The account was changed after a report of the payment was approved.
    ChangedAfterApproval,
    /// The account was changed within the days that the policy names.
    ChangedRecently,
    /// The account was changed after the payment was made up.
    ChangedSince,
    /// The payee has no account any more.
    NoAccount,
    /// The file for the bank cannot pay to this account, in this currency or this amount.
    NotInFormat,
}

impl HoldReason {
    /// Name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// Payout account of a payee, without its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountFacts {
    /// Version of the account.
    pub version: u64,
    /// Masked number, such as `DE•• •••• 3000`.
    pub masked: String,
    /// Time of the last change.
    pub changed_at: Timestamp,
}

/// Account of a payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentAccount {
    /// Version of the payee's account.
    pub version: u64,
    /// Masked number.
    pub masked: String,
}

impl From<&AccountFacts> for PaymentAccount {
    fn from(facts: &AccountFacts) -> Self {
        Self { version: facts.version, masked: facts.masked.clone() }
    }
}

/// Hold of a payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Reason.
    pub reason: HoldReason,
    /// Member who has looked at the account, and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cleared: Option<HoldClearance>,
}

/// See [`Hold::cleared`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldClearance {
    /// Member who has looked at the account.
    pub by: MemberRef,
    /// Time.
    pub at: Timestamp,
    /// Version of the account.
    pub account_version: u64,
}

/// Key of a payment within its batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PaymentKey {
    /// Payee.
    pub payee: MemberId,
    /// Currency.
    pub currency: Currency,
}

/// Payment: one payee's part of a batch in one currency. `gross = set_off + amount`, and `amount` is never negative.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// Identifier, `pay_…`.
    pub id: PaymentId,
    /// Organisation.
    pub org: OrgId,
    /// Batch.
    pub batch: BatchId,
    /// Payee.
    pub payee: MemberRef,
    /// Sum of the reimbursable amounts.
    pub gross: Money,
    /// Amount that the payee owes, set off.
    pub set_off: Money,
    /// Amount to be paid.
    pub amount: Money,
    /// Number of reports.
    pub reports: usize,
    /// Number of reports that already follow the outcome of the payment.
    #[serde(default)]
    pub applied: usize,
    /// End-to-end identification in the bank's files: at most 35 characters of `A-Z0-9`.
    pub end_to_end_id: String,
    /// Status.
    pub status: PaymentStatus,
    /// Account that is paid to; `None` when nothing is paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<PaymentAccount>,
    /// Earliest approval of its reports.
    pub approved_from: Timestamp,
    /// Hold of the payment, also when it was cleared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<Hold>,
    /// Day of the payment. It stays when the payment comes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paid_on: Option<Date>,
    /// Reference of the bank.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<BankReference>,
    /// Reason why the payment failed or came back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<PaymentFailure>,
    /// Version, from 1. Each change moves it, so it is the lock of the stored payment.
    pub version: u64,
}

impl Payment {
    /// Currency.
    #[must_use]
    pub const fn currency(&self) -> Currency {
        self.amount.currency()
    }

    /// Key within the batch.
    #[must_use]
    pub const fn key(&self) -> PaymentKey {
        PaymentKey { payee: self.payee.id, currency: self.currency() }
    }

    /// True when the reports have to follow the outcome of the payment, and some do not yet.
    #[must_use]
    pub const fn has_pending_reports(&self) -> bool {
        matches!(self.status, PaymentStatus::Paid | PaymentStatus::Failed | PaymentStatus::Cancelled)
            && self.applied < self.reports
    }

    /// True when the payment has just been paid, or come back: the books have to follow. False once a report follows it.
    #[must_use]
    pub const fn needs_booking(&self) -> bool {
        matches!(self.status, PaymentStatus::Paid | PaymentStatus::Failed)
            && self.paid_on.is_some()
            && self.applied == 0
    }

    /// Payment with one more report.
    ///
    /// # Errors
    /// [`MoneyError`] when a sum is out of range.
    pub(crate) fn with_entry(&self, entry: &BatchEntry, approved_at: Timestamp) -> Result<Self, MoneyError> {
        Ok(Self {
            gross: self.gross.plus(entry.claim)?,
            set_off: self.set_off.plus(entry.set_off)?,
            amount: self.amount.plus(entry.amount()?)?,
            reports: self.reports.saturating_add(1),
            approved_from: self.approved_from.min(approved_at),
            ..self.clone()
        })
    }
}

/// End-to-end identification of a payment: its identifier in capital letters and digits, 29 characters.
#[must_use]
pub fn end_to_end_id(payment: PaymentId) -> String {
    payment.to_string().chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

/// Payment with this end-to-end identification; `None` for one that is not of this service. Banks may have changed the
/// case.
#[must_use]
pub fn payment_with_end_to_end_id(id: &str) -> Option<PaymentId> {
    let random = id.get(3..).filter(|_| id.is_ascii() && id.len() == END_TO_END_LENGTH)?;
    let payment: PaymentId = format!("pay_{}", random.to_ascii_lowercase()).parse().ok()?;
    end_to_end_id(payment).eq_ignore_ascii_case(id).then_some(payment)
}

/// Length of an end-to-end identification.
const END_TO_END_LENGTH: usize = 29;

/// Reason to hold a payment to an account; `None` when it can be paid.
#[must_use]
pub fn hold_reason(
    account: &AccountFacts,
    approved_from: Timestamp,
    rules: &PaymentRules,
    now: Timestamp,
) -> Option<HoldReason> {
    let days = SignedDuration::from_hours(i64::from(rules.hold_account_changes_days).saturating_mul(24));
    // The calendar ends in the year 9999: an account changed there is held.
    let is_recent = account.changed_at.checked_add(days).map_or(true, |until| until > now);
    if account.changed_at > approved_from {
        Some(HoldReason::ChangedAfterApproval)
    } else {
        Some(HoldReason::ChangedRecently).filter(|_| is_recent)
    }
}

/// Report in a payment, with the amounts that the payment settles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchEntry {
    /// Report.
    pub report: ReportId,
    /// Report number.
    pub number: String,
    /// Payment.
    pub payment: PaymentId,
    /// Reimbursable amount that the payment settles.
    pub claim: Money,
    /// Repayable amount that the payment sets off.
    pub set_off: Money,
    /// Repayable amount that stays owed after the payment.
    pub owed: Money,
}

impl BatchEntry {
    /// Part of the report in the amount of the payment. Negative when the report takes more than it brings.
    ///
    /// # Errors
    /// [`MoneyError`], which no entry is known to cause.
    pub fn amount(&self) -> Result<Money, MoneyError> {
        self.claim.minus(self.set_off)
    }
}
