//! Events: one append-only entry per thing that happened. They are the history, and the outbox that mail is sent from,
//! so each carries what a reader needs later. Names and addresses are not in them: those can be erased, history cannot.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::conversion::RateEntry;
use crate::expense::Expense;
use crate::ids::{ExpenseId, MemberId, OrgId, ReceiptId, ReportId};
use crate::member::{AddressFault, Role};
use crate::money::Money;
use crate::receipt::{MediaType, Unfit};
use crate::report::Report;
use crate::route::Step;

/// A field that changed. The field is a JSON pointer into what the API shows of the subject; lines are named by identifier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// Such as `/status` or `/expenses/exp_…/amount/amount`.
    pub field: String,
    /// What it was; null when it was not there.
    pub old: serde_json::Value,
    /// What it is.
    pub new: serde_json::Value,
}

/// What an event is about; its history is numbered by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum Subject {
    /// The organisation.
    Organisation,
    /// A member.
    Member(MemberId),
    /// The policy.
    Policy,
    /// The exchange rates of a day; each time they are entered is an entry of its own.
    Rates(Date),
    /// A report.
    Report(ReportId),
}

/// One append-only history entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The organisation.
    pub org: OrgId,
    /// What it is about.
    pub subject: Subject,
    /// Position in the subject's history, from 1 (for rates, the moment in milliseconds).
    pub seq: u64,
    /// Who did it; nobody, for what the backend does by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<MemberId>,
    /// For whom, when he acted by delegation or for the owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<MemberId>,
    /// When.
    pub at: Timestamp,
    /// The policy version the report was judged by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_version: Option<u64>,
    /// The fields that changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<FieldChange>,
    /// The hash of the report's head as it stood afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_hash: Option<String>,
    /// What happened.
    #[serde(flatten)]
    pub kind: EventKind,
    /// SHA-256 of the hash before and this entry as canonical JSON, in hexadecimal.
    #[serde(default)]
    pub hash: String,
}

/// A report as it stood, in so far as a mail about it needs to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The hash of its lines: who reads the report later sees by it whether they are still the same.
    pub content_hash: String,
    /// Whose report it is.
    pub owner: MemberId,
    /// Who has a part in it, the owner first.
    #[serde(default)]
    pub concerned: Vec<MemberId>,
    /// The report's label.
    pub number: String,
    /// The title.
    pub title: String,
    /// Total in the report's currency.
    pub total: Money,
    /// Total in the base currency.
    pub base_total: Money,
    /// What the owner paid himself and does not get back, when that is anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_reimbursed: Option<Money>,
    /// How many lines.
    pub expenses: usize,
    /// The sentences of the policy's findings.
    pub violations: Vec<String>,
}

impl Snapshot {
    /// The report as it stands.
    #[must_use]
    pub fn of(report: &Report) -> Self {
        Self {
            content_hash: report.content_hash.clone(),
            owner: report.owner,
            concerned: report.concerned().collect(),
            number: report.number.clone(),
            title: report.title.clone(),
            total: report.totals.total,
            base_total: report.base_total,
            not_reimbursed: Some(report.totals.not_reimbursed).filter(|part| part.minor() != 0),
            expenses: report.expense_count,
            violations: report.violations.iter().map(|violation| violation.message.clone()).collect(),
        }
    }
}

/// A step that was opened: who is asked, until when, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Position in the chain, from 1.
    pub number: u32,
    /// The step's name.
    pub name: String,
    /// Who is asked.
    pub approvers: Vec<MemberId>,
    /// Why.
    pub reason: String,
    /// Until when.
    pub due_on: Option<Date>,
}

impl Asked {
    /// What the event says of a step.
    #[must_use]
    pub fn of(step: &Step) -> Self {
        Self {
            number: step.number,
            name: step.name.clone(),
            approvers: step.approvers.iter().map(|person| person.id).collect(),
            reason: step.reason.clone(),
            due_on: step.due_on,
        }
    }
}

/// Why a step asks others than it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Escalation {
    /// Its due date has passed.
    Overdue,
    /// Mail to who is asked comes back.
    Unreachable,
}

impl EventKind {
    /// The report as it stood, where a mail is to tell of it.
    #[must_use]
    pub const fn snapshot(&self) -> Option<&Snapshot> {
        match self {
            Self::ReportSubmitted { report, .. }
            | Self::StepApproved { report, .. }
            | Self::StepReassigned { report, .. }
            | Self::StepEscalated { report, .. }
            | Self::ReportApproved { report, .. }
            | Self::ReportAutoApproved { report, .. }
            | Self::ReportReturned { report, .. }
            | Self::ReportRejected { report, .. } => Some(report),
            _ => None,
        }
    }
}

/// Who is told of an event by mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recipients {
    /// These members.
    Members(Vec<MemberId>),
    /// The organisation's admins.
    Admins,
}

impl Event {
    /// Who is told of it by mail; nobody, of most events. While they are not, the event waits in the outbox.
    #[must_use]
    pub fn recipients(&self) -> Option<Recipients> {
        let members = match &self.kind {
            EventKind::MemberInvited { .. } | EventKind::PayoutAccountChanged {} => match self.subject {
                Subject::Member(member) => vec![member],
                _ => return None,
            },
            EventKind::AddressFailed { .. } => return Some(Recipients::Admins),
            EventKind::ReportSubmitted { asked, .. }
            | EventKind::StepApproved { asked, .. }
            | EventKind::StepReassigned { asked, .. } => asked.approvers.clone(),
            EventKind::StepEscalated { asked, from, .. } => asked.approvers.iter().chain(from).copied().collect(),
            EventKind::ReportApproved { report, .. }
            | EventKind::ReportAutoApproved { report, .. }
            | EventKind::ReportReturned { report, .. }
            | EventKind::ReportRejected { report, .. } => vec![report.owner],
            _ => return None,
        };
        Some(Recipients::Members(members))
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data")]
pub enum EventKind {
    /// The organisation was created.
    #[serde(rename = "organisation.created")]
    OrganisationCreated {},
    /// A member was invited.
    #[serde(rename = "member.invited")]
    MemberInvited {
        /// The organisation's name.
        organisation: String,
        /// The role offered.
        role: Role,
    },
    /// A service was added; nobody tells it.
    #[serde(rename = "member.service_added")]
    ServiceAdded {
        /// Its role.
        role: Role,
    },
    /// An invited member made his first change.
    #[serde(rename = "member.joined")]
    MemberJoined {},
    /// Role, status, manager, grade, cost centre or approval limit were changed.
    #[serde(rename = "member.changed")]
    MemberChanged {},
    /// The member lets somebody decide for him, or decides for somebody; or no longer.
    #[serde(rename = "member.delegation_changed")]
    DelegationChanged {},
    /// The member named another payout account. Which one is said nowhere but in the sealed account.
    #[serde(rename = "member.payout_account_changed")]
    PayoutAccountChanged {},
    /// Mail to the member comes back, or is not wanted.
    #[serde(rename = "member.address_failed")]
    AddressFailed {
        /// Which of both.
        fault: AddressFault,
    },
    /// What says who the member was is gone.
    #[serde(rename = "member.erased")]
    MemberErased {},
    /// A policy version was put in force.
    #[serde(rename = "policy.changed")]
    PolicyChanged {
        /// The version.
        version: u64,
    },
    /// Exchange rates were entered.
    #[serde(rename = "rates.entered")]
    RatesEntered {
        /// The rates.
        rates: Vec<RateEntry>,
    },
    /// A report was created.
    #[serde(rename = "report.created")]
    ReportCreated {
        /// How many lines it was created with.
        expenses: usize,
        /// Its total.
        total: Money,
    },
    /// A line was added.
    #[serde(rename = "expense.added")]
    ExpenseAdded {
        /// The line.
        expense: Box<Expense>,
    },
    /// A line was changed.
    #[serde(rename = "expense.changed")]
    ExpenseChanged {
        /// The line's identifier.
        expense_id: ExpenseId,
    },
    /// A line was split into several.
    #[serde(rename = "expense.split")]
    ExpenseSplit {
        /// The line that is gone.
        expense_id: ExpenseId,
        /// The lines in its place.
        into: Vec<Expense>,
    },
    /// A line was removed.
    #[serde(rename = "expense.removed")]
    ExpenseRemoved {
        /// The line's identifier.
        expense_id: ExpenseId,
        /// What it was worth.
        amount: Money,
    },
    /// A file was declared as a line's receipt.
    #[serde(rename = "receipt.declared")]
    ReceiptDeclared {
        /// The line's identifier.
        expense_id: ExpenseId,
        /// The receipt's.
        receipt_id: ReceiptId,
        /// What its owner calls it.
        name: String,
        /// What it is said to be.
        media_type: MediaType,
        /// How many bytes.
        size: u64,
        /// SHA-256 of the file: no other one is taken.
        sha256: String,
    },
    /// The file of a receipt was looked at and is kept.
    #[serde(rename = "receipt.accepted")]
    ReceiptAccepted {
        /// The receipt's identifier.
        receipt_id: ReceiptId,
    },
    /// The file of a receipt was looked at and is not kept.
    #[serde(rename = "receipt.refused")]
    ReceiptRefused {
        /// The receipt's identifier.
        receipt_id: ReceiptId,
        /// Why.
        reason: Unfit,
    },
    /// Another report came to have the same file while this one was looked at.
    #[serde(rename = "receipt.duplicate_found")]
    ReceiptDuplicateFound {
        /// The receipt's identifier.
        receipt_id: ReceiptId,
    },
    /// A receipt was taken off its line.
    #[serde(rename = "receipt.removed")]
    ReceiptRemoved {
        /// The line's identifier.
        expense_id: ExpenseId,
        /// The receipt's.
        receipt_id: ReceiptId,
    },
    /// The file of a receipt never came, so it was taken off its line.
    #[serde(rename = "receipt.abandoned")]
    ReceiptAbandoned {
        /// The receipt's identifier.
        receipt_id: ReceiptId,
    },
    /// Title or payee were changed.
    #[serde(rename = "report.changed")]
    ReportChanged {},
    /// A draft was deleted.
    #[serde(rename = "report.deleted")]
    ReportDeleted {},
    /// Somebody said something.
    #[serde(rename = "report.commented")]
    ReportCommented {
        /// What.
        text: String,
    },
    /// The report was submitted.
    #[serde(rename = "report.submitted")]
    ReportSubmitted {
        /// The report as submitted.
        report: Snapshot,
        /// The first step.
        asked: Asked,
    },
    /// The policy approved the report: below the amount for that, and with nothing found.
    #[serde(rename = "report.auto_approved")]
    ReportAutoApproved {
        /// The report as approved.
        report: Snapshot,
        /// The amount the total is below.
        below: Money,
    },
    /// A pending step asks another member.
    #[serde(rename = "step.reassigned")]
    StepReassigned {
        /// The report as it stands.
        report: Snapshot,
        /// Who is no longer asked.
        from: MemberId,
        /// Why.
        reason: String,
        /// The step as it is for the member who is asked instead.
        asked: Asked,
    },
    /// A pending step asks others, because nobody was heard in time or mail to an approver comes back.
    #[serde(rename = "step.escalated")]
    StepEscalated {
        /// The report as it stands.
        report: Snapshot,
        /// Why.
        because: Escalation,
        /// Who is no longer waited for.
        from: Vec<MemberId>,
        /// The step as it is for those who are asked instead.
        asked: Asked,
    },
    /// An approver agreed and others of the step still have to.
    #[serde(rename = "step.agreed")]
    StepAgreed {
        /// The step.
        step: u32,
        /// What the approver said.
        comment: Option<String>,
        /// How many more have to agree.
        remaining: usize,
    },
    /// The owner took the report back.
    #[serde(rename = "report.recalled")]
    ReportRecalled {},
    /// A step was approved and another follows.
    #[serde(rename = "step.approved")]
    StepApproved {
        /// The report as approved.
        report: Snapshot,
        /// The step that was approved.
        step: u32,
        /// What the approver said.
        comment: Option<String>,
        /// The next step.
        asked: Asked,
    },
    /// The last step was approved.
    #[serde(rename = "report.approved")]
    ReportApproved {
        /// The report as approved.
        report: Snapshot,
        /// The step that was approved.
        step: u32,
        /// What the approver said.
        comment: Option<String>,
    },
    /// The report went back to its owner.
    #[serde(rename = "report.returned")]
    ReportReturned {
        /// The report as returned.
        report: Snapshot,
        /// The step it was returned from; none, when finance returns an approved report.
        step: Option<u32>,
        /// Why.
        reason: String,
    },
    /// The report was refused for good.
    #[serde(rename = "report.rejected")]
    ReportRejected {
        /// The report as rejected.
        report: Snapshot,
        /// The step it was rejected at.
        step: u32,
        /// Why.
        reason: String,
    },
}
