//! A report: the claim, its lines, where it stands and what it adds up to.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::expense::{Expense, PaymentMethod};
use crate::history::canonical_hash;
use crate::ids::{ExpenseId, MemberId, OrgId, ReceiptId, ReportId};
use crate::member::Person;
use crate::money::{Currency, Money, SumFault};
use crate::policy::Violation;
use crate::receipt::{LOOKED_AT_BYTES, Receipt};
use crate::route::{Step, StepStatus};
use crate::text::hex;

/// The most lines one report may have.
pub const MAX_EXPENSES: usize = 500;

/// The most cost centres the lines of one report may name: the list by cost centre is kept in the transaction of the change.
pub const MAX_COST_CENTRES: usize = 5;

/// The most bytes a report may have as JSON, lines and findings included: it must fit, whole, into the item that keeps the
/// answer to a repeated request (`DynamoDB` holds 400 KiB).
pub const MAX_BYTES: usize = 380 * 1024;

/// How many bytes a line has more in an answer than as it is stored, at most: an answer names every field, empty or not.
const ANSWERED: usize = 300;

/// Where a report stands. Nobody writes a status: only actions change it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Being written by its owner.
    Draft,
    /// With its approvers.
    Submitted,
    /// Approved by every step.
    Approved,
    /// Back with its owner, to be changed and submitted again.
    Returned,
    /// Refused for good.
    Rejected,
}

impl Status {
    /// Every status, in the order of a report's life.
    pub const ALL: [Self; 5] = [Self::Draft, Self::Submitted, Self::Approved, Self::Returned, Self::Rejected];

    /// Whether the owner is writing it.
    #[must_use]
    pub const fn is_with_owner(self) -> bool {
        matches!(self, Self::Draft | Self::Returned)
    }

    /// Whether its lines count among what the owner has claimed.
    #[must_use]
    pub const fn is_claimed(self) -> bool {
        matches!(self, Self::Submitted | Self::Approved)
    }

    /// The status of a name on the wire.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Submitted => "submitted",
            Self::Approved => "approved",
            Self::Returned => "returned",
            Self::Rejected => "rejected",
        }
    }
}

/// What a report adds up to, in its own currency. `net + tax = total`, always.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Everything spent, tax included.
    pub total: Money,
    /// The tax within the total.
    pub tax: Money,
    /// The total without the tax.
    pub net: Money,
    /// What the owner paid himself and gets back.
    pub reimbursable: Money,
    /// What he paid himself and does not get back: above a cap, or not granted by an approver.
    pub not_reimbursed: Money,
}

/// A claim: lines of spending under a title, by one owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Identifier, `rep_…`.
    pub id: ReportId,
    /// The organisation.
    pub org: OrgId,
    /// What people call it by, such as `R-2026-7K3F-9QZX`; a label, not a key.
    pub number: String,
    /// Whose spending it is.
    pub owner: MemberId,
    /// The owner's name when the report was created.
    pub owner_name: String,
    /// Who entered it on the owner's behalf.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entered_by: Option<Person>,
    /// Who is paid, when that is not the owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payee: Option<Person>,
    /// The cost centre of lines that name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_centre: Option<String>,
    /// What it was for.
    pub title: String,
    /// The currency it is claimed in.
    pub currency: Currency,
    /// Where it stands.
    pub status: Status,
    /// Grows by one with each change; the `ETag`.
    pub version: u64,
    /// The number of the last event of its history.
    pub last_event: u64,
    /// What it adds up to in its own currency.
    pub totals: Totals,
    /// The total in the organisation's base currency.
    pub base_total: Money,
    /// What the policy found when it was last submitted.
    pub violations: Vec<Violation>,
    /// The route it took or takes since it was last submitted.
    pub steps: Vec<Step>,
    /// The policy version it was judged by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_version: Option<u64>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it was last submitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submitted_at: Option<Timestamp>,
    /// How many lines it has.
    pub expense_count: usize,
    /// SHA-256 of the lines in hexadecimal: a reader that saw half of a change notices.
    pub content_hash: String,
    /// How many bytes the lines have as JSON.
    #[serde(default)]
    pub content_bytes: usize,
    /// SHA-256 of the head in hexadecimal, without its version and what follows from events: an edit by hand is noticed. The last
    /// event carries it too.
    #[serde(default)]
    pub state_hash: String,
    /// The hash of the last event of its history.
    #[serde(default)]
    pub last_hash: String,
    /// The lines, in the order of their identifiers, which is that of time. Stored beside the head, not in it.
    #[serde(skip)]
    pub expenses: Vec<Expense>,
}

impl Report {
    /// The step whose approvers are asked now.
    #[must_use]
    pub fn pending_step(&self) -> Option<&Step> {
        self.steps.iter().find(|step| step.status == StepStatus::Pending)
    }

    /// The line with this identifier.
    #[must_use]
    pub fn expense(&self, id: ExpenseId) -> Option<&Expense> {
        self.expenses.iter().find(|expense| expense.id == id)
    }

    /// The receipts of its lines, each once: parts of a split line have the same ones.
    #[must_use]
    pub fn receipts(&self) -> BTreeMap<ReceiptId, &Receipt> {
        let all = self.expenses.iter().flat_map(|expense| &expense.receipts);
        all.map(|receipt| (receipt.id, receipt)).collect()
    }

    /// The receipt with this identifier, on whichever line.
    #[must_use]
    pub fn receipt(&self, id: ReceiptId) -> Option<&Receipt> {
        self.expenses.iter().flat_map(|expense| &expense.receipts).find(|receipt| receipt.id == id)
    }

    /// Whether the lines are those the head speaks of, and the head is as it was written.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.expenses.len() == self.expense_count
            && content_hash(&self.expenses) == self.content_hash
            && self.hash_of_state() == self.state_hash
    }

    /// The hash of the head as it stands. A field added later must be left out where it is empty, or older reports would no
    /// longer match theirs.
    #[must_use]
    pub fn hash_of_state(&self) -> String {
        let mut head = serde_json::to_value(self).unwrap_or_default();
        if let Some(head) = head.as_object_mut() {
            for follows in ["version", "last_event", "state_hash", "last_hash"] {
                head.remove(follows);
            }
        }
        canonical_hash("", &head)
    }

    /// The cost centres its lines are on, each once.
    #[must_use]
    pub fn cost_centres(&self) -> BTreeSet<&str> {
        let of_line = |line: &'_ Expense| line.facts.cost_centre.is_none();
        let default =
            self.cost_centre.as_deref().filter(|_| self.expenses.is_empty() || self.expenses.iter().any(of_line));
        self.expenses.iter().filter_map(|line| line.facts.cost_centre.as_deref()).chain(default).collect()
    }

    /// The members who cannot decide at the pending step: they have been heard, or a later step needs them.
    pub fn taken(&self) -> impl Iterator<Item = MemberId> + use<> {
        let heard = self.steps.iter().flat_map(|step| &step.decisions);
        let heard = heard.flat_map(|decision| [Some(&decision.by), decision.on_behalf_of.as_ref()]).flatten();
        let waiting = self.steps.iter().filter(|step| step.status == StepStatus::Waiting);
        let needed = waiting.flat_map(|step| step.approvers.iter().filter(|person| step.needs(person.id)));
        let taken: BTreeSet<MemberId> = heard.chain(needed).map(|person| person.id).collect();
        taken.into_iter()
    }

    /// The members a decision on it is not for: its owner, who entered it, who is paid.
    pub fn concerned(&self) -> impl Iterator<Item = MemberId> + use<> {
        let others = [&self.entered_by, &self.payee].map(|person| person.as_ref().map(|person| person.id));
        [Some(self.owner)].into_iter().chain(others).flatten()
    }

    /// Whether somebody has a part in it: it is not a decision for him, or he is asked for one, or has made one.
    #[must_use]
    pub fn has_part(&self, member: MemberId) -> bool {
        self.concerned().any(|id| id == member) || self.steps.iter().any(|step| step.asks(member) || step.heard(member))
    }

    /// Its size as JSON in bytes, lines and findings included, and what is to be said of files that were not looked at yet.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let mut counted = Counted(0);
        let receipts = self.expenses.iter().flat_map(|expense| &expense.receipts);
        let to_come = receipts.filter(|receipt| receipt.is_pending()).count() * LOOKED_AT_BYTES;
        // Texts, numbers and maps with text keys always serialise, and counting does not fail.
        serde_json::to_writer(&mut counted, self)
            .map_or(usize::MAX, |()| counted.0 + self.content_bytes + self.expense_count * ANSWERED + to_come)
    }

    /// The report with other lines, on which nothing is decided or found yet.
    ///
    /// # Errors
    /// As for [`Report::with_expenses`].
    pub fn anew(self, lines: impl IntoIterator<Item = Expense>) -> Result<Self, SumFault> {
        let report = Self { violations: Vec::new(), ..self };
        report.with_expenses(lines.into_iter().map(Expense::undecided).collect())
    }

    /// The report with other lines: totals, count and hash follow.
    ///
    /// # Errors
    /// [`SumFault`] when the sum leaves the range.
    pub fn with_expenses(self, mut expenses: Vec<Expense>) -> Result<Self, SumFault> {
        expenses.sort_by_key(|expense| expense.id);
        let totals = totals(self.currency, &expenses)?;
        let base_total = Money::sum(self.base_total.currency(), expenses.iter().map(Expense::amount_in_base))?;
        let (content_hash, content_bytes) = content(&expenses);
        Ok(Self { totals, base_total, expense_count: expenses.len(), content_hash, content_bytes, expenses, ..self })
    }
}

/// Counts the bytes that are written to it and keeps none.
struct Counted(usize);

impl std::io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The sums of lines, in the report's currency.
///
/// # Errors
/// [`SumFault`] when a sum leaves the range.
pub fn totals(currency: Currency, expenses: &[Expense]) -> Result<Totals, SumFault> {
    let total = Money::sum(currency, expenses.iter().map(Expense::amount_in_report))?;
    let tax = Money::sum(currency, expenses.iter().map(Expense::tax_in_report))?;
    let personal = expenses.iter().filter(|expense| expense.facts.payment_method == PaymentMethod::Personal);
    let paid = Money::sum(currency, personal.clone().map(Expense::amount_in_report))?;
    let reimbursable = Money::sum(currency, personal.map(|line| line.granted_of(line.amount_in_report())))?;
    Ok(Totals { total, tax, net: total.minus(tax)?, reimbursable, not_reimbursed: paid.minus(reimbursable)? })
}

/// SHA-256 over the lines as JSON, in hexadecimal.
#[must_use]
pub fn content_hash(expenses: &[Expense]) -> String {
    content(expenses).0
}

/// The hash of the lines, and how many bytes they have as JSON.
fn content(expenses: &[Expense]) -> (String, usize) {
    let mut hasher = Sha256::new();
    let mut text = Vec::with_capacity(1024);
    let mut bytes = 0;
    for expense in expenses {
        text.clear();
        // A line is made of texts, numbers and maps with text keys, which always serialise.
        let _ = serde_json::to_writer(&mut text, expense);
        text.push(0);
        bytes += text.len();
        hasher.update(&text);
    }
    (hex(&hasher.finalize()), bytes)
}

/// The label of a report: its year and eight letters and digits of the random part of its identifier.
#[must_use]
pub fn number(id: ReportId, created_at: Timestamp) -> String {
    let text = id.to_string().to_uppercase();
    let tail: Vec<char> = text.chars().rev().take(8).collect();
    let (last, first) = tail.split_at(4.min(tail.len()));
    let spell = |part: &[char]| part.iter().rev().collect::<String>();
    let year: String = created_at.to_string().chars().take(4).collect();
    format!("R-{year}-{}-{}", spell(first), spell(last))
}
