//! Events: append-only history entries, and the outbox that mail is sent from. Each carries the facts that readers need
//! later. Names and addresses must not be in events: those can be erased, history cannot.

mod facts;
mod payments;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::batch::{BatchFile, BatchSelection, HoldReason};
use crate::conversion::RateEntry;
use crate::expense::Expense;
use crate::ids::{ExpenseId, MemberId, OrgId, PaymentId, ReceiptId, ReportId};
use crate::member::{AddressFault, Role};
use crate::money::Money;
use crate::receipt::{MediaType, RejectionReason};
use crate::reimbursement::{PaymentFailure, PaymentRef};
use crate::text::{BankReference, DisplayName, FileName, Note, Sha256Hex};

pub use facts::{DelegationNotice, EscalationReason, EventSubject, FieldChange, OpenedStep, ReportSnapshot};
pub use payments::{BatchFacts, LeftOutPayment, ReimbursementFacts, SkippedReport};

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
    /// The settings of the ledger were changed.
    #[serde(rename = "ledger.changed")]
    LedgerChanged {
        /// Version of the settings.
        version: u64,
    },
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
    /// The report became part of a payment.
    #[serde(rename = "report.reimbursing")]
    ReimbursementStarted {
        /// Payment.
        payment: PaymentRef,
        /// Reimbursable amount that the payment settles.
        claim: Money,
        /// Repayable amount that the payment sets off.
        set_off: Money,
    },
    /// The report is approved again without a payment.
    #[serde(rename = "report.reimbursement_ended")]
    ReimbursementEnded {
        /// Payment.
        payment: PaymentRef,
        /// Reason why the payment was left out; `None` when the batch was cancelled.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        left_out: Option<HoldReason>,
    },
    /// The report was paid, or settled by set-off.
    #[serde(rename = "report.reimbursed")]
    ReportReimbursed {
        /// Report as paid.
        report: Box<ReportSnapshot>,
        /// Payment.
        payment: Box<ReimbursementFacts>,
    },
    /// The claim of the report was set off against what its owner owes. The rest stays owed, so the report is approved
    /// again.
    #[serde(rename = "report.set_off")]
    ReportSetOff {
        /// Report.
        report: Box<ReportSnapshot>,
        /// Payment.
        payment: Box<ReimbursementFacts>,
    },
    /// The payment of the report failed or came back. The report is approved again.
    #[serde(rename = "report.payment_failed")]
    ReportPaymentFailed {
        /// Report.
        report: Box<ReportSnapshot>,
        /// Payment.
        payment: PaymentRef,
        /// Reimbursable amount of the report in the payment.
        claim: Money,
        /// Reason.
        failure: PaymentFailure,
        /// True when the payment had been paid before.
        came_back: bool,
    },
    /// A batch was created.
    #[serde(rename = "batch.created")]
    BatchCreated {
        /// Reports that the batch takes.
        selection: BatchSelection,
        /// Day on which the bank carries out the payments.
        execution_date: Date,
    },
    /// Reports were taken or skipped.
    #[serde(rename = "batch.filled")]
    BatchFilled {
        /// Reports that were taken.
        taken: Vec<ReportId>,
        /// Reports that were not taken.
        skipped: Vec<SkippedReport>,
    },
    /// All reports are taken: debts follow, or the batch is open.
    #[serde(rename = "batch.stage_finished")]
    BatchStageFinished {},
    /// The batch waits for its release.
    #[serde(rename = "batch.opened")]
    BatchOpened {
        /// Batch as opened.
        batch: Box<BatchFacts>,
    },
    /// The batch was cancelled, or nothing was taken.
    #[serde(rename = "batch.cancelled")]
    BatchCancelled {},
    /// The batch was released.
    #[serde(rename = "batch.released")]
    BatchReleased {
        /// Batch as released.
        batch: Box<BatchFacts>,
    },
    /// Payments were released, settled by set-off, or left out.
    #[serde(rename = "batch.payments_released")]
    PaymentsReleased {
        /// Payments for the file.
        released: Vec<PaymentId>,
        /// Payments of nothing: settled by set-off.
        set_off: Vec<PaymentId>,
        /// Payments that are not paid.
        left_out: Vec<LeftOutPayment>,
    },
    /// The file for the bank was written.
    #[serde(rename = "batch.file_written")]
    BatchFileWritten {
        /// File.
        file: BatchFile,
    },
    /// A member got a link to the file for the bank.
    #[serde(rename = "batch.file_downloaded")]
    BatchFileDownloaded {
        /// SHA-256 of the file, in hexadecimal.
        sha256: Sha256Hex,
    },
    /// A person has looked at the account of a held payment.
    #[serde(rename = "payment.hold_cleared")]
    HoldCleared {
        /// Payment.
        payment: PaymentId,
        /// Version of the account.
        account_version: u64,
    },
    /// A payment was paid.
    #[serde(rename = "payment.paid")]
    PaymentPaid {
        /// Payment.
        payment: PaymentId,
        /// Payee.
        payee: MemberId,
        /// Amount.
        amount: Money,
        /// Day of the payment.
        paid_on: Date,
        /// Reference of the bank.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reference: Option<BankReference>,
    },
    /// A payment failed or came back.
    #[serde(rename = "payment.failed")]
    PaymentFailed {
        /// Payment.
        payment: PaymentId,
        /// Payee.
        payee: MemberId,
        /// Amount.
        amount: Money,
        /// Number of reports that are approved again.
        reports: usize,
        /// Reason.
        failure: PaymentFailure,
        /// True when the payment had been paid before.
        came_back: bool,
    },
    /// Every payment of the batch has ended.
    #[serde(rename = "batch.settled")]
    BatchSettled {},
}
