//! Expense report: lines, status, route, totals and integrity hashes.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use strum::{EnumString, IntoStaticStr, VariantArray};
use utoipa::ToSchema;

use crate::canonical::canonical_hash;
use crate::comment::Comment;
use crate::equality::ClaimKeys;
use crate::expense::{Expense, PaymentMethod};
use crate::ids::{ExpenseId, MemberId, OrgId, ReceiptId, ReportId};
use crate::member::MemberRef;
use crate::money::{Currency, Money, MoneyError};
use crate::policy::{Violation, ViolationFinding};
use crate::receipt::{INSPECTION_OVERHEAD_BYTES, Receipt};
use crate::reimbursement::Reimbursement;
use crate::step::{Step, StepStatus};
use crate::text::{CostCentreCode, DisplayName, TimeZoneName, Title, hex};

/// Maximum number of lines of a report.
pub const MAX_EXPENSES: usize = 500;

/// Maximum number of cost centres of a report: each is an index item in the transaction of a change.
pub const MAX_COST_CENTRES: usize = 5;

/// Maximum size of a report as JSON with lines and violations, in bytes. A response with the whole report must fit into
/// one item of at most 400 KiB, the idempotency record.
pub const MAX_REPORT_BYTES: usize = 380 * 1024;

/// Upper bound of the bytes that a line has in a response beyond its stored size: a response names empty fields too.
const RESPONSE_OVERHEAD_BYTES: usize = 380;

/// Upper bound of the bytes that the field names of a violation's sentence and measures add to a response.
const SENTENCE_OVERHEAD_BYTES: usize = 32;

/// Status of a report. Only actions change it.
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
pub enum ReportStatus {
    /// Edited by its owner, not submitted yet or recalled.
    Draft,
    /// With its approvers.
    Submitted,
    /// Approved at every step. A report whose payment has failed is approved again.
    Approved,
    /// In a batch, and not paid yet. Nothing of it can be changed.
    Reimbursing,
    /// Paid. Nothing of it can be changed; a payment that comes back makes it approved again.
    Reimbursed,
    /// Returned to its owner, who can edit and resubmit it.
    Returned,
    /// Rejected. Final.
    Rejected,
}

impl ReportStatus {
    /// Every status, in the order of the lifecycle.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// True when the owner can edit the report without a new approval.
    #[must_use]
    pub const fn is_with_owner(self) -> bool {
        matches!(self, Self::Draft | Self::Returned)
    }

    /// True when the lines count as the owner's claimed expenses.
    #[must_use]
    pub const fn is_claimed(self) -> bool {
        matches!(self, Self::Submitted | Self::Approved | Self::Reimbursing | Self::Reimbursed)
    }

    /// True when a decision or a payment is outstanding.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Submitted | Self::Approved | Self::Reimbursing)
    }

    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// Totals in the currency of the report. `net + tax = total`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Total, with tax.
    pub total: Money,
    /// Tax within the total.
    pub tax: Money,
    /// Total without tax.
    pub net: Money,
    /// Amount paid by the owner that is reimbursed.
    pub reimbursable: Money,
    /// Amount paid by the owner that is not reimbursed: above a cap, or reduced by an approver.
    pub not_reimbursed: Money,
    /// Amount paid by company card that is not granted, when it is not zero: the owner owes it to the organisation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repayable: Option<Money>,
}

impl Totals {
    /// Totals of a report without lines.
    #[must_use]
    pub const fn zero(currency: Currency) -> Self {
        let zero = Money::zero(currency);
        Self { total: zero, tax: zero, net: zero, reimbursable: zero, not_reimbursed: zero, repayable: None }
    }

    /// Totals when nothing is granted.
    fn without_grants(self) -> Result<Self, MoneyError> {
        let paid_by_owner = self.reimbursable.plus(self.not_reimbursed)?;
        let paid_by_card = self.total.minus(paid_by_owner)?;
        Ok(Self {
            reimbursable: Money::zero(self.total.currency()),
            not_reimbursed: paid_by_owner,
            repayable: Some(paid_by_card).filter(|paid| paid.minor() > 0),
            ..self
        })
    }
}

/// Expense report of one owner: head and lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Identifier, `rep_…`.
    pub id: ReportId,
    /// Organisation.
    pub org: OrgId,
    /// Report number for people, such as `R-2026-7K3F-9QZX`. Not a key.
    pub number: String,
    /// Owner: the member who spent the money.
    pub owner: MemberId,
    /// Name of the owner when the report was created.
    pub owner_name: DisplayName,
    /// Preparer: the member who created the report on the owner's behalf.
    #[serde(rename = "entered_by", default, skip_serializing_if = "Option::is_none")]
    pub preparer: Option<MemberRef>,
    /// Payee, when it is not the owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payee: Option<MemberRef>,
    /// Cost centre of lines without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_centre: Option<CostCentreCode>,
    /// Title.
    pub title: Title,
    /// Currency of the totals.
    pub currency: Currency,
    /// Status.
    pub status: ReportStatus,
    /// Version, from 1. It is what people name in `If-Match`: comments, and what Outlay records by itself, do not move
    /// it.
    pub version: u64,
    /// Number of the last event of the history. Each change moves it, so it is the lock of the stored report.
    pub last_event: u64,
    /// Totals in the report's currency.
    pub totals: Totals,
    /// Sum of the lines in the organisation's base currency. Refunds do not lower it: bands of the policy and approval
    /// limits compare it.
    pub base_total: Money,
    /// Total in the base currency that routes and approval limits compare: with the parts of its bills in other reports
    /// of the owner, when they make it larger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_with_parts: Option<Money>,
    /// True when a person has returned, rejected or lowered it, or the report it was cloned from. It is never approved
    /// automatically.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub refused: bool,
    /// Form of the keys that its claims are stored under.
    #[serde(default, skip_serializing_if = "ClaimKeys::is_former")]
    pub claim_keys: ClaimKeys,
    /// Violations of the last submission; empty after an edit. Stored beside the head.
    #[serde(default)]
    pub violations: Vec<Violation>,
    /// Approval steps of the last submission. Stored beside the head.
    #[serde(default)]
    pub steps: Vec<Step>,
    /// Policy version of the last submission.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_version: Option<u64>,
    /// Time of creation.
    pub created_at: Timestamp,
    /// Time of the last change.
    pub updated_at: Timestamp,
    /// Time of the last submission.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submitted_at: Option<Timestamp>,
    /// Number of lines.
    pub expense_count: usize,
    /// SHA-256 of the lines in hexadecimal. Head and lines are separate items: a reader of both compares it with the
    /// lines.
    pub content_hash: String,
    /// Size of the lines as JSON, in bytes.
    #[serde(default)]
    pub content_bytes: usize,
    /// Payment of the report: present from its first batch on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reimbursement: Option<Reimbursement>,
    /// Hash of the last event of the history.
    #[serde(default)]
    pub last_hash: String,
    /// Lines, ordered by identifier and so by time. Stored beside the head.
    #[serde(skip)]
    pub expenses: Vec<Expense>,
    /// Latest comments, oldest first. Stored beside the head; no hash covers them, the history does.
    #[serde(skip)]
    pub comments: Vec<Comment>,
    /// True when it was read from an item with violations and steps in its head. The next change stores them beside it.
    #[serde(skip)]
    pub has_former_layout: bool,
}

impl Report {
    /// Step that waits for a decision.
    #[must_use]
    pub fn pending_step(&self) -> Option<&Step> {
        self.steps.iter().find(|step| step.status == StepStatus::Pending)
    }

    /// Time from which the pending step is overdue and is escalated; `None` when it has no due date or nobody to
    /// escalate to.
    #[must_use]
    pub fn escalates_at(&self) -> Option<Timestamp> {
        let step = self.pending_step().filter(|step| !step.escalates_to.is_empty())?;
        let zone = step.time_zone.as_ref().map_or(TimeZone::UTC, TimeZoneName::time_zone);
        let next_day = step.due_on?.tomorrow().ok()?.to_zoned(zone).ok()?;
        (self.status == ReportStatus::Submitted).then(|| next_day.timestamp())
    }

    /// Total in the base currency that its approval goes by.
    #[must_use]
    pub fn total_to_approve(&self) -> Money {
        self.total_with_parts.unwrap_or(self.base_total)
    }

    /// Line with this identifier.
    #[must_use]
    pub fn expense(&self, id: ExpenseId) -> Option<&Expense> {
        self.expenses.iter().find(|expense| expense.id == id)
    }

    /// Receipts of all lines, each once: the parts of a split line share receipts.
    #[must_use]
    pub fn receipts(&self) -> BTreeMap<ReceiptId, &Receipt> {
        let all = self.expenses.iter().flat_map(|expense| &expense.receipts);
        all.map(|receipt| (receipt.id, receipt)).collect()
    }

    /// Receipt with this identifier, of any line.
    #[must_use]
    pub fn receipt(&self, id: ReceiptId) -> Option<&Receipt> {
        self.expenses.iter().flat_map(|expense| &expense.receipts).find(|receipt| receipt.id == id)
    }

    /// True when the lines match the head: their hash is `content_hash`. False for lines of another version and for
    /// edited lines.
    #[must_use]
    pub fn has_matching_expenses(&self) -> bool {
        content_hash(&self.expenses) == self.content_hash
    }

    /// Computes the hash of the head, without its version and its last event. Each event records it, so the history
    /// also covers the head. A field added later must be skipped where it is empty: the hashes of earlier events must
    /// stay reproducible.
    #[must_use]
    pub fn compute_state_hash(&self) -> String {
        let mut head = serde_json::to_value(self).unwrap_or_default();
        if let Some(head) = head.as_object_mut() {
            for excluded in ["version", "last_event", "last_hash"] {
                head.remove(excluded);
            }
        }
        canonical_hash("", &head)
    }

    /// Totals that are true in the report's status: nothing of a rejected report is granted.
    #[must_use]
    pub fn effective_totals(&self) -> Totals {
        match self.status {
            ReportStatus::Rejected => self.totals.without_grants().unwrap_or(self.totals),
            _ => self.totals,
        }
    }

    /// Cost centres of the lines, each once.
    #[must_use]
    pub fn cost_centres(&self) -> BTreeSet<&str> {
        let uses_default = |line: &'_ Expense| line.facts.cost_centre.is_none();
        let default =
            self.cost_centre.as_deref().filter(|_| self.expenses.is_empty() || self.expenses.iter().any(uses_default));
        self.expenses.iter().filter_map(|line| line.facts.cost_centre.as_deref()).chain(default).collect()
    }

    /// Members who cannot decide at the pending step: they have decided, or a later step requires them.
    pub fn ineligible_approvers(&self) -> impl Iterator<Item = MemberId> + use<> {
        let decisions = self.steps.iter().flat_map(|step| &step.decisions);
        let have_decided =
            decisions.flat_map(|decision| [Some(&decision.by), decision.on_behalf_of.as_ref()]).flatten();
        let waiting = self.steps.iter().filter(|step| step.status == StepStatus::Waiting);
        let required = waiting.flat_map(|step| step.approvers.iter().filter(|person| step.requires(person.id)));
        let ids: BTreeSet<MemberId> = have_decided.chain(required).map(|person| person.id).collect();
        ids.into_iter()
    }

    /// Owner, preparer and payee. They cannot decide on the report.
    pub fn interested_parties(&self) -> impl Iterator<Item = MemberId> + use<> {
        let others = [&self.preparer, &self.payee].map(|person| person.as_ref().map(|person| person.id));
        [Some(self.owner)].into_iter().chain(others).flatten()
    }

    /// True when the member is an interested party, an approver, or has decided.
    #[must_use]
    pub fn has_participant(&self, member: MemberId) -> bool {
        self.interested_parties().any(|id| id == member)
            || self.steps.iter().any(|step| step.is_approver(member) || step.has_decided(member))
    }

    /// Members whom a comment by `author` concerns: the owner, the preparer, the approvers who are yet to decide on the
    /// pending step, those who have decided when the report was returned, and the authors of the shown comments; never
    /// the author.
    #[must_use]
    pub fn comment_recipients(&self, author: MemberId) -> Vec<MemberId> {
        let preparer = self.preparer.as_ref().map(|person| person.id);
        let approvers =
            self.pending_step().into_iter().flat_map(|step| step.pending_approvers().map(|person| person.id));
        // Whoever returned the report waits for the reply.
        let returned = self.steps.iter().filter(|_| self.status == ReportStatus::Returned);
        let deciders = returned.flat_map(|step| &step.decisions).map(|decision| decision.by.id);
        let authors = self.comments.iter().map(|comment| comment.by.id);
        let concerned = std::iter::once(self.owner).chain(preparer).chain(approvers).chain(deciders).chain(authors);
        let distinct: BTreeSet<MemberId> = concerned.filter(|member| *member != author).collect();
        distinct.into_iter().collect()
    }

    /// Participants of an open report that no other list names: preparer, payee, and those who have decided. The owner
    /// is found by their reports, an approver who has not decided by the submitted reports.
    #[must_use]
    pub fn listed_participants(&self) -> BTreeSet<MemberId> {
        if !self.status.is_open() {
            return BTreeSet::new();
        }
        let decisions = self.steps.iter().flat_map(|step| &step.decisions);
        let deciders = decisions.flat_map(|decision| {
            std::iter::once(decision.by.id).chain(decision.on_behalf_of.as_ref().map(|person| person.id))
        });
        let parties = [&self.preparer, &self.payee].into_iter().flatten().map(|person| person.id);
        parties.chain(deciders).collect()
    }

    /// Size as JSON with lines and violations, in bytes, with room for the results of pending inspections.
    #[must_use]
    pub fn json_bytes(&self) -> usize {
        let mut counted = ByteCounter(0);
        let receipts = self.expenses.iter().flat_map(|expense| &expense.receipts);
        let inspections = receipts.filter(|receipt| receipt.is_pending()).count() * INSPECTION_OVERHEAD_BYTES;
        let sentences = self.violations.len() * SENTENCE_OVERHEAD_BYTES;
        // Strings, numbers and maps with string keys always serialize, and counting does not fail.
        let written = serde_json::to_writer(&mut counted, self).and_then(|()| self.write_sentences(&mut counted));
        written.map_or(usize::MAX, |()| {
            counted.0 + self.content_bytes + self.expense_count * RESPONSE_OVERHEAD_BYTES + sentences + inspections
        })
    }

    /// Writes what an answer says of violations and steps beyond the stored data: their sentences and measures.
    fn write_sentences(&self, counted: &mut ByteCounter) -> serde_json::Result<()> {
        for found in &self.violations {
            // The other form is stored with its sentence.
            if let ViolationFinding::Structured(finding) = &found.finding {
                serde_json::to_writer(&mut *counted, &(finding.to_string(), finding.measures()))?;
            }
        }
        for reason in self.steps.iter().flat_map(|step| &step.reasons.list) {
            // Once in the text of all reasons and once with the reason itself.
            let sentence = reason.to_string();
            serde_json::to_writer(&mut *counted, &(&sentence, &sentence))?;
        }
        Ok(())
    }

    /// Replaces the lines, and resets caps, line approvals and violations.
    ///
    /// # Errors
    /// Those of [`Report::with_expenses`].
    pub fn with_reset_expenses(self, lines: impl IntoIterator<Item = Expense>) -> Result<Self, MoneyError> {
        let report = Self { violations: Vec::new(), total_with_parts: None, ..self };
        report.with_expenses(lines.into_iter().map(Expense::without_decisions).collect())
    }

    /// Replaces the lines, with totals, count, size and hash.
    ///
    /// # Errors
    /// [`MoneyError`] when a sum is out of range.
    pub fn with_expenses(self, mut expenses: Vec<Expense>) -> Result<Self, MoneyError> {
        expenses.sort_by_key(|expense| expense.id);
        let totals = compute_totals(self.currency, &expenses)?;
        let base_total = compute_base_total(self.base_total.currency(), &expenses)?;
        let (content_hash, content_bytes) = content(&expenses);
        Ok(Self { totals, base_total, expense_count: expenses.len(), content_hash, content_bytes, expenses, ..self })
    }
}

/// Writer that counts bytes.
struct ByteCounter(usize);

impl std::io::Write for ByteCounter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Sums of the lines, in the report's currency.
///
/// # Errors
/// [`MoneyError`] when a sum is out of range.
pub fn compute_totals(currency: Currency, expenses: &[Expense]) -> Result<Totals, MoneyError> {
    let total = Money::sum(currency, expenses.iter().map(Expense::amount_in_report))?;
    let tax = Money::sum(currency, expenses.iter().map(Expense::tax_in_report))?;
    let personal = expenses.iter().filter(|expense| expense.facts.payment_method == PaymentMethod::Personal);
    let paid = Money::sum(currency, personal.clone().map(Expense::amount_in_report))?;
    let granted = |line: &Expense| line.granted_of(line.amount_in_report());
    let reimbursable = Money::sum(currency, personal.map(granted))?.at_least_zero();
    let by_card = expenses.iter().filter(|expense| expense.facts.payment_method == PaymentMethod::CompanyCard);
    let not_granted = Money::sum(currency, by_card.clone().map(Expense::amount_in_report))?
        .minus(Money::sum(currency, by_card.map(granted))?)?;
    Ok(Totals {
        total,
        tax,
        net: total.minus(tax)?,
        reimbursable,
        not_reimbursed: paid.minus(reimbursable)?.at_least_zero(),
        repayable: Some(not_granted).filter(|amount| amount.minor() > 0),
    })
}

/// Sum of the lines in the base currency, without refunds.
///
/// # Errors
/// [`MoneyError`] when the sum is out of range.
pub fn compute_base_total(base: Currency, expenses: &[Expense]) -> Result<Money, MoneyError> {
    Money::sum(base, expenses.iter().map(|line| line.amount_in_base().at_least_zero()))
}

/// SHA-256 of the lines as JSON, in hexadecimal.
#[must_use]
pub fn content_hash(expenses: &[Expense]) -> String {
    content(expenses).0
}

/// Hash of the lines, and their size as JSON in bytes.
fn content(expenses: &[Expense]) -> (String, usize) {
    let mut hasher = Sha256::new();
    let mut text = Vec::with_capacity(1024);
    let mut bytes = 0;
    for expense in expenses {
        text.clear();
        // Strings, numbers and maps with string keys always serialize.
        let _ = serde_json::to_writer(&mut text, expense);
        text.push(0);
        bytes += text.len();
        hasher.update(&text);
    }
    (hex(&hasher.finalize()), bytes)
}

/// Report number: the year and the last eight characters of the identifier, such as `R-2026-7K3F-9QZX`.
#[must_use]
pub fn report_number(id: ReportId, created_at: Timestamp) -> String {
    let text = id.to_string().to_uppercase();
    let tail: Vec<char> = text.chars().rev().take(8).collect();
    let (last, first) = tail.split_at(4.min(tail.len()));
    let spell = |part: &[char]| part.iter().rev().collect::<String>();
    let year: String = created_at.to_string().chars().take(4).collect();
    format!("R-{year}-{}-{}", spell(first), spell(last))
}
