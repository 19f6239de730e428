//! Events: append-only history entries, and the outbox that mail is sent from. Each carries the facts that readers need
//! later. Names and addresses must not be in events: those can be erased, history cannot.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::conversion::RateEntry;
use crate::expense::Expense;
use crate::ids::{ExpenseId, MemberId, OrgId, ReceiptId, ReportId};
use crate::member::{AddressFault, Role};
use crate::money::Money;
use crate::policy::{Finding, Violation};
use crate::receipt::{MediaType, RejectionReason};
use crate::report::Report;
use crate::statement::Statement;
use crate::step::{Step, StepReasons};
use crate::text::{DisplayName, FileName, Label, Note, Sha256Hex, Title};

/// Changed field of the subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// JSON pointer, such as `/status` or `/expenses/exp_…/amount/amount`; lines are named by identifier.
    pub field: String,
    /// Old value; null when the field was absent.
    pub old: serde_json::Value,
    /// New value; null when the field is absent.
    pub new: serde_json::Value,
}

/// Subject of an event. Each subject has its own history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum EventSubject {
    /// Organisation.
    Organisation,
    /// Member.
    Member(MemberId),
    /// Policy.
    Policy,
    /// Exchange rates of a day.
    Rates(Date),
    /// Report.
    Report(ReportId),
}

/// Append-only history entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Organisation.
    pub org: OrgId,
    /// Subject.
    pub subject: EventSubject,
    /// Position in the subject's history, from 1; for rates, ms since the epoch.
    pub seq: u64,
    /// Member who acted; `None` for the backend.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<MemberId>,
    /// Delegator, when the actor decided as a delegate; owner, when the actor is the preparer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<MemberId>,
    /// Time.
    pub at: Timestamp,
    /// Policy version that the report was evaluated by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_version: Option<u64>,
    /// Changed fields.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<FieldChange>,
    /// State hash of the report after the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_hash: Option<String>,
    /// Kind, with its data.
    #[serde(flatten)]
    pub kind: EventKind,
    /// SHA-256 of the previous hash and this entry as canonical JSON, in hexadecimal.
    #[serde(default)]
    pub hash: String,
}

/// Facts of a report at the time of an event, for mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportSnapshot {
    /// Content hash of the lines: a later reader can detect whether they have changed.
    pub content_hash: String,
    /// Owner.
    pub owner: MemberId,
    /// Interested parties, the owner first.
    #[serde(rename = "concerned", default)]
    pub interested_parties: Vec<MemberId>,
    /// Preparer, when it is not the owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preparer: Option<MemberId>,
    /// Payee, when it is not the owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payee: Option<MemberId>,
    /// Report number, such as `R-2026-7K3F-9QZX`.
    pub number: String,
    /// Title.
    pub title: Title,
    /// Total in the report's currency.
    pub total: Money,
    /// Total in the base currency.
    pub base_total: Money,
    /// Amount that is reimbursed. Absent in events stored before it was added.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reimbursable: Option<Money>,
    /// Amount paid by company card that is not granted, when it is not zero.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repayable: Option<Money>,
    /// Total in the base currency with the parts of its bills in other reports, when they make it larger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_with_parts: Option<Money>,
    /// Amount paid by the owner and not reimbursed, when it is not zero.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_reimbursed: Option<Money>,
    /// Number of lines.
    pub expenses: usize,
    /// Policy findings.
    pub violations: Vec<Statement<Finding>>,
}

impl ReportSnapshot {
    /// Total in the base currency that the approval of the report goes by.
    #[must_use]
    pub fn total_to_approve(&self) -> Money {
        self.total_with_parts.unwrap_or(self.base_total)
    }

    /// Snapshot of a report.
    #[must_use]
    pub fn of(report: &Report) -> Self {
        let totals = report.effective_totals();
        Self {
            content_hash: report.content_hash.clone(),
            owner: report.owner,
            interested_parties: report.interested_parties().collect(),
            preparer: report.preparer.as_ref().map(|person| person.id),
            payee: report.payee.as_ref().map(|person| person.id),
            number: report.number.clone(),
            title: report.title.clone(),
            total: totals.total,
            base_total: report.base_total,
            total_with_parts: report.total_with_parts,
            reimbursable: Some(totals.reimbursable),
            repayable: totals.repayable,
            not_reimbursed: Some(totals.not_reimbursed).filter(|part| part.minor() != 0),
            expenses: report.expense_count,
            violations: report.violations.iter().map(Violation::statement).collect(),
        }
    }
}

/// Step that became pending, or whose approvers were replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenedStep {
    /// Position in the chain, from 1.
    pub number: u32,
    /// Name of the step.
    pub name: Label,
    /// Approvers to notify.
    pub approvers: Vec<MemberId>,
    /// Reasons why the step applies and how its approvers were found.
    #[serde(flatten)]
    pub reasons: StepReasons,
    /// Due date.
    pub due_on: Option<Date>,
}

impl OpenedStep {
    /// Facts of a step.
    #[must_use]
    pub fn of(step: &Step) -> Self {
        Self {
            number: step.number,
            name: step.name.clone(),
            approvers: step.approvers.iter().map(|person| person.id).collect(),
            reasons: step.reasons.clone(),
            due_on: step.due_on,
        }
    }
}

/// Delegation that was set or has ended, for mail to both sides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DelegationNotice {
    /// Member who delegates.
    pub delegator: MemberId,
    /// Member who decides in their place.
    pub delegate: MemberId,
    /// First day.
    pub from: Date,
    /// Last day.
    pub until: Date,
    /// Largest total that is delegated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ceiling: Option<Money>,
    /// True when it has ended.
    pub ended: bool,
}

/// Reason of an escalation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EscalationReason {
    /// The due date has passed.
    Overdue,
    /// Mail to an approver bounces.
    Unreachable,
    /// An approver can no longer decide: suspended, an auditor, or with an approval limit below the total.
    Unable,
}

/// Kind of an event, with its data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data")]
pub enum EventKind {
    /// The organisation was created.
    #[serde(rename = "organisation.created")]
    OrganisationCreated {},
    /// The organisation was closed.
    #[serde(rename = "organisation.closed")]
    OrganisationClosed {
        /// Name of the organisation.
        organisation: DisplayName,
    },
    /// Settings of the organisation were changed.
    #[serde(rename = "organisation.changed")]
    OrganisationChanged {},
    /// The address of a member who has signed in was changed.
    #[serde(rename = "member.address_changed")]
    AddressChanged {},
    /// A member was invited.
    #[serde(rename = "member.invited")]
    MemberInvited {
        /// Name of the organisation.
        organisation: DisplayName,
        /// Role.
        role: Role,
    },
    /// A service was added.
    #[serde(rename = "member.service_added")]
    ServiceAdded {
        /// Role.
        role: Role,
    },
    /// An invited member made their first change.
    #[serde(rename = "member.joined")]
    MemberJoined {},
    /// Role, status, manager, grade, cost centre or approval limit were changed.
    #[serde(rename = "member.changed")]
    MemberChanged {},
    /// A delegation from or to the member was set or ended.
    #[serde(rename = "member.delegation_changed")]
    DelegationChanged {
        /// Delegation that was set or has ended. None for a change of the delegator's approval limit, and in events
        /// stored before both sides got mail.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        delegation: Option<DelegationNotice>,
    },
    /// The payout account was changed. The event holds no details of the account.
    #[serde(rename = "member.payout_account_changed")]
    PayoutAccountChanged {},
    /// Mail to the member bounced, or the member complained about it.
    #[serde(rename = "member.address_failed")]
    AddressFailed {
        /// Fault.
        fault: AddressFault,
    },
    /// The personal data of the member was erased.
    #[serde(rename = "member.erased")]
    MemberErased {},
    /// The policy was replaced.
    #[serde(rename = "policy.changed")]
    PolicyChanged {
        /// Policy version.
        version: u64,
    },
    /// Exchange rates were entered.
    #[serde(rename = "rates.entered")]
    RatesEntered {
        /// Rates.
        rates: Vec<RateEntry>,
    },
    /// An exchange rate was taken back.
    #[serde(rename = "rates.removed")]
    RatesRemoved {
        /// Removed rates.
        rates: Vec<RateEntry>,
    },
    /// A report was created.
    #[serde(rename = "report.created")]
    ReportCreated {
        /// Number of lines.
        expenses: usize,
        /// Total in the report's currency.
        total: Money,
        /// Report as created by a preparer, for mail to its owner. None when its submission follows at once.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        report: Option<Box<ReportSnapshot>>,
    },
    /// A line was added.
    #[serde(rename = "expense.added")]
    ExpenseAdded {
        /// Line.
        expense: Box<Expense>,
    },
    /// A line was changed.
    #[serde(rename = "expense.changed")]
    ExpenseChanged {
        /// Identifier of the line.
        expense_id: ExpenseId,
    },
    /// A line was split into several.
    #[serde(rename = "expense.split")]
    ExpenseSplit {
        /// Identifier of the line that was split.
        expense_id: ExpenseId,
        /// New lines.
        into: Vec<Expense>,
    },
    /// A line was removed.
    #[serde(rename = "expense.removed")]
    ExpenseRemoved {
        /// Identifier of the line.
        expense_id: ExpenseId,
        /// Amount of the line.
        amount: Money,
    },
    /// A file was declared as a line's receipt.
    #[serde(rename = "receipt.declared")]
    ReceiptDeclared {
        /// Identifier of the line.
        expense_id: ExpenseId,
        /// Identifier of the receipt.
        receipt_id: ReceiptId,
        /// File name.
        name: FileName,
        /// Declared media type.
        media_type: MediaType,
        /// Declared size in bytes.
        size: u64,
        /// Declared SHA-256 of the file, in hexadecimal.
        sha256: Sha256Hex,
    },
    /// The file of a receipt passed the inspection.
    #[serde(rename = "receipt.accepted")]
    ReceiptAccepted {
        /// Identifier of the receipt.
        receipt_id: ReceiptId,
    },
    /// The file of a receipt was rejected by the inspection.
    #[serde(rename = "receipt.refused")]
    ReceiptRejected {
        /// Identifier of the receipt.
        receipt_id: ReceiptId,
        /// Reason.
        reason: RejectionReason,
    },
    /// Another report received the same file during the inspection.
    #[serde(rename = "receipt.duplicate_found")]
    ReceiptDuplicateFound {
        /// Identifier of the receipt.
        receipt_id: ReceiptId,
    },
    /// A receipt was removed from its line.
    #[serde(rename = "receipt.removed")]
    ReceiptRemoved {
        /// Identifier of the line.
        expense_id: ExpenseId,
        /// Identifier of the receipt.
        receipt_id: ReceiptId,
    },
    /// The file of a receipt was not uploaded in time, so the receipt was removed.
    #[serde(rename = "receipt.abandoned")]
    ReceiptAbandoned {
        /// Identifier of the receipt.
        receipt_id: ReceiptId,
    },
    /// Title, payee or cost centre were changed.
    #[serde(rename = "report.changed")]
    ReportChanged {},
    /// A draft was deleted.
    #[serde(rename = "report.deleted")]
    ReportDeleted {},
    /// A comment was added.
    #[serde(rename = "report.commented")]
    ReportCommented {
        /// Text of the comment.
        text: Note,
        /// Report at the time of the comment, without its violations. Absent in comments that caused no mail.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        report: Option<Box<ReportSnapshot>>,
        /// Members to notify.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        notified: Vec<MemberId>,
    },
    /// The report was submitted.
    #[serde(rename = "report.submitted")]
    ReportSubmitted {
        /// Report as submitted.
        report: ReportSnapshot,
        /// First step.
        #[serde(rename = "asked")]
        opened_step: OpenedStep,
    },
    /// The report was approved automatically: no violations and a total below the threshold of the policy.
    #[serde(rename = "report.auto_approved")]
    ReportAutoApproved {
        /// Report as approved.
        report: ReportSnapshot,
        /// Threshold of the policy.
        below: Money,
    },
    /// An admin replaced an approver of the pending step.
    #[serde(rename = "step.reassigned")]
    StepReassigned {
        /// Report at the time of the event.
        report: ReportSnapshot,
        /// Replaced approver.
        from: MemberId,
        /// Reason given by the admin.
        reason: Note,
        /// Step, with the new approver only.
        #[serde(rename = "asked")]
        opened_step: OpenedStep,
    },
    /// The backend replaced approvers of the pending step: it is overdue, mail to an approver bounces, or an approver can
    /// no longer decide.
    #[serde(rename = "step.escalated")]
    StepEscalated {
        /// Report at the time of the event.
        report: ReportSnapshot,
        /// Reason.
        #[serde(rename = "because")]
        reason: EscalationReason,
        /// Replaced approvers.
        from: Vec<MemberId>,
        /// Step, with the new approvers only.
        #[serde(rename = "asked")]
        opened_step: OpenedStep,
    },
    /// An approver approved the step, and it needs more approvals.
    #[serde(rename = "step.agreed")]
    StepAgreed {
        /// Number of the step.
        step: u32,
        /// Comment of the approver.
        comment: Option<Note>,
        /// Number of missing approvals.
        remaining: usize,
    },
    /// The report was taken back to draft.
    #[serde(rename = "report.recalled")]
    ReportRecalled {},
    /// A step was approved and another follows.
    #[serde(rename = "step.approved")]
    StepApproved {
        /// Report as approved.
        report: ReportSnapshot,
        /// Number of the approved step.
        step: u32,
        /// Comment of the approver.
        comment: Option<Note>,
        /// Next step.
        #[serde(rename = "asked")]
        opened_step: OpenedStep,
    },
    /// The last step was approved.
    #[serde(rename = "report.approved")]
    ReportApproved {
        /// Report as approved.
        report: ReportSnapshot,
        /// Number of the approved step.
        step: u32,
        /// Comment of the approver.
        comment: Option<Note>,
    },
    /// The report was returned to its owner.
    #[serde(rename = "report.returned")]
    ReportReturned {
        /// Report as returned.
        report: ReportSnapshot,
        /// Number of the step that returned it; `None` when an approved report is returned.
        step: Option<u32>,
        /// Reason given by the approver.
        reason: Note,
    },
    /// The report was rejected.
    #[serde(rename = "report.rejected")]
    ReportRejected {
        /// Report as rejected.
        report: ReportSnapshot,
        /// Number of the step that rejected it.
        step: u32,
        /// Reason given by the approver.
        reason: Note,
    },
}
