//! Batches: approved reports that are paid together. Each payee gets one payment per currency. The types hold no rule
//! about who may act: [`crate::permission`] has these, and [`crate::change`] the transitions.

mod claim;
mod payment;

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};
use utoipa::ToSchema;

use crate::ids::{BatchId, MemberId, OrgId, ReportId};
use crate::member::MemberRef;
use crate::money::{Currency, Money, MoneyError};
use crate::policy::PaymentRules;
use crate::report::{Report, ReportStatus};
use crate::text::{FileName, Sha256Hex};

pub use payment::{
    AccountFacts, BatchEntry, Hold, HoldClearance, HoldReason, Payment, PaymentAccount, PaymentKey, PaymentStatus,
    end_to_end_id, hold_reason, payment_with_end_to_end_id,
};

/// Maximum number of reports of a batch.
pub const MAX_BATCH_REPORTS: usize = 10_000;

/// Maximum number of reports, or of payments, in one step of background work: a step is one transaction.
pub const MAX_BATCH_STEP: usize = 20;

/// Maximum number of payees that a filter names.
pub const MAX_FILTER_PAYEES: usize = 100;

/// Status of a batch. Only actions and the background work they start change it.
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
pub enum BatchStatus {
    /// Reports are being taken.
    Building,
    /// All reports are taken. The batch waits for its release.
    Open,
    /// Released for payment. Payments are settled one by one.
    Released,
    /// Every payment has ended.
    Settled,
    /// Cancelled before its release, or nothing was taken. Its reports become approved again.
    Cancelled,
}

impl BatchStatus {
    /// Every status, in the order of the lifecycle.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// Name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// Pass of the background work that takes reports. Debts are taken last, into what the payments have left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BuildStage {
    /// Reports of which at least as much is reimbursable as repayable.
    Claims,
    /// Reports of which more is repayable than reimbursable.
    Debts,
}

impl BuildStage {
    /// True when this pass is the one that takes the report.
    #[must_use]
    pub fn includes(self, report: &Report) -> bool {
        let owes_more = report.collectable_debt().minor() > report.open_claim().minor();
        owes_more == (self == Self::Debts)
    }
}

/// Reports that a batch takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum BatchSelection {
    /// Named reports. Their identifiers are stored beside the batch.
    Reports {
        /// Number of named reports, at most [`MAX_BATCH_REPORTS`].
        count: usize,
    },
    /// All approved reports that a filter matches.
    Filter(BatchFilter),
}

/// Filter of a batch's reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchFilter {
    /// Last day of the approval, in UTC.
    pub approved_until: Date,
    /// Currency of the reports; every currency when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// Payees, at most [`MAX_FILTER_PAYEES`]; every payee when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub payees: Vec<MemberId>,
}

/// Reason why a report was not taken. The report stays as it is.
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
    IntoStaticStr,
    VariantArray,
    ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum SkipReason {
    /// The report is not approved any more, or another batch has it.
    NotApproved,
    /// The report was approved after the last day of the filter.
    ApprovedLater,
    /// The report has another currency than the filter.
    OtherCurrency,
    /// The payee is not one of the filter.
    OtherPayee,
    /// The creator of the batch owns or prepared the report, is paid by it, or has decided on it; or one of its parties
    /// gave the creator their role.
    SeparationOfDuties,
    /// The creator of the batch may not reimburse reports any more.
    NotPermitted,
    /// The payee has no payout account.
    NoAccount,
    /// The owner owes more than the report pays, and the batch pays them nothing to set it off against.
    NothingToSetOff,
    /// The payment would be out of range.
    TooLarge,
    /// The batch has [`MAX_BATCH_REPORTS`] reports.
    BatchFull,
}

impl SkipReason {
    /// Every reason.
    pub const ALL: &'static [Self] = Self::VARIANTS;
}

/// Sums of a batch in one currency. `gross = set_off + amount`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchTotals {
    /// Reimbursable amounts of the reports.
    pub gross: Money,
    /// Amounts that payees owe, set off.
    pub set_off: Money,
    /// Amount to be paid.
    pub amount: Money,
}

/// Number of payments by status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentCounts {
    /// Open: not released yet.
    pub open: usize,
    /// Held until a person has looked at the account.
    pub held: usize,
    /// Released, without an answer of the bank.
    pub released: usize,
    /// Paid.
    pub paid: usize,
    /// Failed or come back.
    pub failed: usize,
    /// Left out of the release.
    pub cancelled: usize,
}

impl PaymentCounts {
    const fn of(&mut self, status: PaymentStatus) -> &mut usize {
        match status {
            PaymentStatus::Open => &mut self.open,
            PaymentStatus::Held => &mut self.held,
            PaymentStatus::Released => &mut self.released,
            PaymentStatus::Paid => &mut self.paid,
            PaymentStatus::Failed => &mut self.failed,
            PaymentStatus::Cancelled => &mut self.cancelled,
        }
    }

    /// Counts a payment that went from one status to another; `None` for a new one.
    pub(crate) fn count(&mut self, from: Option<PaymentStatus>, to: PaymentStatus) {
        if let Some(from) = from {
            let counted = self.of(from);
            *counted = counted.saturating_sub(1);
        }
        let counted = self.of(to);
        *counted = counted.saturating_add(1);
    }

    /// Number of payments.
    #[must_use]
    pub const fn total(&self) -> usize {
        let ended = self.paid.saturating_add(self.failed).saturating_add(self.cancelled);
        self.unreleased().saturating_add(self.released).saturating_add(ended)
    }

    /// Number of payments that are not released or left out yet.
    #[must_use]
    pub const fn unreleased(&self) -> usize {
        self.open.saturating_add(self.held)
    }

    /// True when every payment has ended.
    #[must_use]
    pub const fn have_ended(&self) -> bool {
        self.unreleased() == 0 && self.released == 0
    }
}

/// Format of the file for the bank.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr, VariantArray, ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum BankFileFormat {
    /// ISO 20022 `pain.001.001.09`.
    Pain001,
    /// NACHA file with PPD credits.
    Nacha,
    /// CSV (RFC 4180).
    Csv,
}

/// File for the bank.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchFile {
    /// File name.
    pub name: FileName,
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: Sha256Hex,
    /// Version of the stored object; `None` in a store without versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object_version: Option<String>,
}

/// Batch: approved reports that are paid together. Payments and entries are stored beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// Identifier, `bat_…`.
    pub id: BatchId,
    /// Organisation.
    pub org: OrgId,
    /// Status.
    pub status: BatchStatus,
    /// Pass of the background work, while the batch is building.
    pub stage: BuildStage,
    /// Position of the background work in the list of reports; opaque.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Reports that the batch takes.
    pub selection: BatchSelection,
    /// Format of the file for the bank.
    pub format: BankFileFormat,
    /// Day on which the bank carries out the payments.
    pub execution_date: Date,
    /// Member who created the batch.
    pub created_by: MemberRef,
    /// Time of creation.
    pub created_at: Timestamp,
    /// Number of reports that were taken.
    pub taken: usize,
    /// Number of reports that were not taken, by reason.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub skipped: BTreeMap<SkipReason, usize>,
    /// Number of payments by status.
    pub payments: PaymentCounts,
    /// Sums by currency.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub totals: BTreeMap<Currency, BatchTotals>,
    /// Upper bound of the sum to be paid, in the base currency: reports in it count with their reimbursable amount,
    /// reports in another currency with their whole total. Four eyes go by it.
    pub base_bound: Money,
    /// Member who released the batch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released_by: Option<MemberRef>,
    /// Time of the release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released_at: Option<Timestamp>,
    /// File for the bank, once it is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<BatchFile>,
    /// Version, from 1: what people name in `If-Match`. Background work does not move it.
    pub version: u64,
    /// Number of the last event of the history. Each change moves it, so it is the lock of the stored batch.
    pub last_event: u64,
    /// Hash of the last event of the history.
    #[serde(default)]
    pub last_hash: String,
}

impl Batch {
    /// Number of reports that were looked at: taken or skipped.
    #[must_use]
    pub fn found(&self) -> usize {
        self.skipped.values().fold(self.taken, |sum, count| sum.saturating_add(*count))
    }

    /// True when another member than the creator has to release the batch.
    #[must_use]
    pub fn needs_four_eyes(&self, rules: &PaymentRules) -> bool {
        rules
            .four_eyes_from
            .is_none_or(|from| self.base_bound.currency() != from.currency() || self.base_bound.minor() >= from.minor())
    }

    /// Reason why the selection does not include an approved report; `None` when it does.
    pub(crate) fn excludes(&self, report: &Report, payee: MemberId) -> Option<SkipReason> {
        let Some(approved_at) = report.approved_at().filter(|_| report.status == ReportStatus::Approved) else {
            return Some(SkipReason::NotApproved);
        };
        let BatchSelection::Filter(filter) = &self.selection else { return None };
        let approved_on = crate::today::Today::at(approved_at).utc();
        if approved_on > filter.approved_until {
            Some(SkipReason::ApprovedLater)
        } else if filter.currency.is_some_and(|currency| currency != report.currency) {
            Some(SkipReason::OtherCurrency)
        } else if !filter.payees.is_empty() && !filter.payees.contains(&payee) {
            Some(SkipReason::OtherPayee)
        } else {
            None
        }
    }

    /// Sums after a report was taken.
    ///
    /// # Errors
    /// [`MoneyError`] when a sum is out of range.
    pub(crate) fn totals_with(&self, entry: &BatchEntry) -> Result<BatchTotals, MoneyError> {
        let currency = entry.claim.currency();
        let zero = Money::zero(currency);
        let BatchTotals { gross, set_off, amount } =
            self.totals.get(&currency).copied().unwrap_or(BatchTotals { gross: zero, set_off: zero, amount: zero });
        Ok(BatchTotals {
            gross: gross.plus(entry.claim)?,
            set_off: set_off.plus(entry.set_off)?,
            amount: amount.plus(entry.amount()?)?,
        })
    }
}

/// Part that a member has in the reports of a batch. Stored per member beside the batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Involvement {
    /// The batch pays the member.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_payee: bool,
    /// The member owns or prepared a report.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_party: bool,
    /// The member has decided on a report, personally or through a delegate.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_decided: bool,
}

impl Involvement {
    /// Both parts together.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self {
            is_payee: self.is_payee || other.is_payee,
            is_party: self.is_party || other.is_party,
            has_decided: self.has_decided || other.has_decided,
        }
    }
}

/// Parts of members in a batch. Whoever asks for a permit loads those of
/// [`involvement_keys`](crate::permission::involvement_keys).
pub type Involvements = BTreeMap<MemberId, Involvement>;

/// Parts that members have in a report.
#[must_use]
pub fn involvements_of(report: &Report) -> Involvements {
    let mut involved = Involvements::new();
    let mut add = |id: MemberId, part: Involvement| {
        let known = involved.entry(id).or_default();
        *known = known.with(part);
    };
    for id in report.interested_parties() {
        add(id, Involvement { is_payee: id == report.payee_id(), is_party: true, has_decided: false });
    }
    for decision in report.steps.iter().flat_map(|step| &step.decisions) {
        for person in [Some(&decision.by), decision.on_behalf_of.as_ref()].into_iter().flatten() {
            add(person.id, Involvement { has_decided: true, ..Involvement::default() });
        }
    }
    involved
}

/// Identifiers of named reports, each once and in order.
#[must_use]
pub fn distinct_reports(named: Vec<ReportId>) -> Vec<ReportId> {
    let distinct: std::collections::BTreeSet<ReportId> = named.into_iter().collect();
    distinct.into_iter().collect()
}
