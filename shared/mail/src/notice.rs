//! Facts of a message, without wording or formatting.

use jiff::Timestamp;
use jiff::civil::Date;
use outlay_domain::event::EscalationReason;
use outlay_domain::language::Language;
use outlay_domain::member::{AddressFault, Role};
use outlay_domain::money::Money;
use outlay_domain::policy::Finding;
use outlay_domain::statement::Statement;
use outlay_domain::step::StepReason;

/// Facts of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportFacts {
    /// Title.
    pub title: String,
    /// Number, such as `R-2026-7K3F-9QZX`.
    pub number: String,
    /// Name of the owner.
    pub owner: String,
    /// Name of the preparer, when it is not the owner.
    pub preparer: Option<String>,
    /// Name of the payee, when it is not the owner.
    pub payee: Option<String>,
    /// Total in the report's currency.
    pub total: Money,
    /// Total in the organisation's base currency, when that is another one.
    pub base_total: Option<Money>,
    /// Amount that is reimbursed; `None` where an event stored earlier does not say it.
    pub reimbursable: Option<Money>,
    /// Part paid by company card that is not granted and is to be repaid, when there is one.
    pub repayable: Option<Money>,
    /// Part of the owner's own payments that is not reimbursed, when there is one.
    pub not_reimbursed: Option<Money>,
    /// Number of expenses, also when `lines` does not list them all.
    pub expenses: usize,
    /// Findings of the policy.
    pub violations: Vec<Statement<Finding>>,
    /// Expenses to list. May be empty or shorter than `expenses`; the mail then says `4 of 6 expenses`. At most 40 are
    /// shown, and fewer with long texts, because mail readers cut off large mail.
    pub lines: Vec<LineFacts>,
}

/// Amount of a report that the reader wants to know first.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum FirstAmount {
    /// Total that is to be approved.
    ToApprove,
    /// Amount that is reimbursed.
    Reimbursed,
    /// Total.
    Total,
}

impl FirstAmount {
    /// The amount. An event stored earlier says the total only.
    pub(crate) fn of(self, report: &ReportFacts) -> Money {
        match self {
            Self::Reimbursed => report.reimbursable.unwrap_or(report.total),
            Self::ToApprove | Self::Total => report.total,
        }
    }
}

/// Facts of an expense.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineFacts {
    /// Day.
    pub date: Date,
    /// Merchant.
    pub merchant: String,
    /// Name of the category.
    pub category: String,
    /// True for a payment by company card, which is not reimbursed.
    pub by_company_card: bool,
    /// Amount, in the currency it was paid in.
    pub amount: Money,
    /// Amount in the report's currency, when that is another one.
    pub converted: Option<Money>,
    /// Granted part of the amount, when that is not all of it.
    pub granted: Option<Money>,
    /// Note, such as the justification of a violation.
    pub note: Option<String>,
}

/// Report in a reminder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskFacts {
    /// Number of the report.
    pub number: String,
    /// Title.
    pub title: String,
    /// Name of the owner.
    pub owner: String,
    /// Name of the preparer, when it is not the owner.
    pub preparer: Option<String>,
    /// Name of the payee, when it is not the owner.
    pub payee: Option<String>,
    /// Total in the report's currency.
    pub total: Money,
    /// Due date of the decision.
    pub due_on: Date,
}

/// Comment on a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommentFacts {
    /// Name of the author.
    pub by: String,
    /// Text; line breaks are kept.
    pub text: String,
}

/// Author of a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DecidedBy {
    /// A member, by name.
    Person(String),
    /// A member in place of one who is away.
    OnBehalfOf {
        /// Name of the member who decided.
        name: String,
        /// Name of the approver who is away.
        away: String,
    },
    /// The policy, because the total is below this amount.
    Policy {
        /// The amount.
        below: Money,
    },
}

/// Change of a value that determines who approves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthorityFacts {
    /// Role; the old one is absent for a new member.
    Role {
        /// Role before.
        old: Option<Role>,
        /// Role after.
        new: Role,
    },
    /// Manager, by name.
    Manager {
        /// Manager before.
        old: Option<String>,
        /// Manager after.
        new: Option<String>,
    },
    /// Approval limit.
    ApprovalLimit {
        /// Limit before.
        old: Option<Money>,
        /// Limit after.
        new: Option<Money>,
    },
}

/// Content of one mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// A step of the approval chain waits for the recipient.
    ApprovalRequested {
        /// The report to decide on.
        report: ReportFacts,
        /// The name of the step.
        step: String,
        /// Reasons why the step applies and how its approvers were found.
        reasons: Vec<Statement<StepReason>>,
        /// Due date of the decision.
        due_on: Option<Date>,
        /// Name of the absent approver, when the recipient is a delegate.
        on_behalf_of: Option<String>,
        /// Reason an admin gave for reassigning the step to the recipient.
        reassignment_reason: Option<String>,
    },
    /// An escalated step waits for the recipient.
    EscalatedTo {
        /// The report to decide on.
        report: ReportFacts,
        /// The name of the step.
        step: String,
        /// Reason of the escalation.
        reason: EscalationReason,
        /// Names of the replaced approvers.
        from: Vec<String>,
        /// Due date of the decision.
        due_on: Option<Date>,
    },
    /// A step was escalated and no longer waits for the recipient.
    EscalatedFrom {
        /// The report.
        report: ReportFacts,
        /// The name of the step.
        step: String,
        /// Reason of the escalation.
        reason: EscalationReason,
        /// Names of the new approvers.
        to: Vec<String>,
    },
    /// Others commented on a report.
    Commented {
        /// The report.
        report: ReportFacts,
        /// New comments, oldest first; at least one.
        comments: Vec<CommentFacts>,
    },
    /// The recipient's report was approved by its last approver.
    Approved {
        /// The approved report.
        report: ReportFacts,
        /// Author of the decision.
        by: DecidedBy,
        /// Comment of the approver; line breaks are kept.
        comment: Option<String>,
    },
    /// The recipient's report needs changes before it can be approved.
    Returned {
        /// The returned report.
        report: ReportFacts,
        /// Author of the decision.
        by: DecidedBy,
        /// Reason of the return; line breaks are kept.
        reason: String,
    },
    /// The recipient's report was rejected, finally.
    Rejected {
        /// The rejected report.
        report: ReportFacts,
        /// Author of the decision.
        by: DecidedBy,
        /// Reason of the rejection; line breaks are kept.
        reason: String,
    },
    /// A report was paid, or its amount was set off.
    Reimbursed {
        /// The report.
        report: ReportFacts,
        /// Amount of the payment, which may settle more reports; zero when all of it was set off.
        amount: Money,
        /// Amount that the payment has set off, when there is one.
        set_off: Option<Money>,
        /// Number of reports that the payment settles.
        reports: usize,
        /// True when the recipient of the mail is paid; false for the owner of a report that pays another member.
        to_recipient: bool,
        /// Day of the payment.
        paid_on: Date,
    },
    /// A report could not be paid.
    PaymentFailed {
        /// The report.
        report: ReportFacts,
        /// True when the recipient of the mail was to be paid; false for the owner of a report that pays another member.
        to_recipient: bool,
        /// Amount to be paid.
        amount: Money,
        /// Reason.
        reason: String,
    },
    /// A payment failed or came back; for finance.
    PayeeUnpaid {
        /// Name of the payee.
        payee: String,
        /// Amount.
        amount: Money,
        /// Number of reports that can be paid again.
        reports: usize,
        /// Reason.
        reason: String,
    },
    /// A batch waits for its release; for finance.
    BatchWaiting {
        /// Name of the creator.
        by: String,
        /// Number of reports.
        reports: usize,
        /// Number of payments.
        payments: usize,
        /// Number of payments that are held.
        held: usize,
        /// Sums to be paid, one per currency.
        totals: Vec<Money>,
        /// Day on which the bank carries out the payments.
        execution_date: Date,
    },
    /// Reports wait for the recipient's decision, and are due.
    Reminder {
        /// The recipient's day.
        day: Date,
        /// Reports, earliest due date first.
        tasks: Vec<TaskFacts>,
    },
    /// Mail to a member bounces, or the member complained about it. For admins.
    AddressFailed {
        /// The member's name.
        member: String,
        /// Address of the member.
        address: String,
        /// Fault of the address.
        fault: AddressFault,
    },
    /// The recipient's payout account was changed. The account is not named.
    PayoutAccountChanged {
        /// Time of the change.
        at: Timestamp,
    },
    /// The recipient's organisation was closed. For admins.
    OrganisationClosed {
        /// The name of the organisation.
        organisation: String,
        /// The name of the admin who closed it.
        by: String,
        /// Time.
        at: Timestamp,
    },
    /// A preparer entered or submitted a report in the recipient's name.
    Prepared {
        /// The report.
        report: ReportFacts,
        /// Name of the preparer.
        by: String,
        /// True when the report was also submitted.
        is_submitted: bool,
    },
    /// A delegation was set.
    DelegationSet {
        /// True when the recipient is the delegate.
        to_recipient: bool,
        /// Name of the member on the other side.
        other: String,
        /// Name of the member who set it.
        by: String,
        /// First day.
        from: Date,
        /// Last day.
        until: Date,
        /// Largest total that is delegated.
        ceiling: Option<Money>,
        /// Day of the delegation, by which tasks are overdue.
        day: Date,
        /// Reports that wait already, for the delegate.
        tasks: Vec<TaskFacts>,
    },
    /// A delegation has ended.
    DelegationEnded {
        /// True when the recipient was the delegate.
        to_recipient: bool,
        /// Name of the member on the other side.
        other: String,
        /// Name of the member who ended it.
        by: String,
    },
    /// Role, manager or approval limit of a member were set. For admins.
    AuthorityChanged {
        /// Name of the member.
        member: String,
        /// Name of the admin who set them.
        by: String,
        /// True for a new member.
        is_new: bool,
        /// Values.
        changes: Vec<AuthorityFacts>,
    },
    /// The recipient was added to an organisation.
    Invited {
        /// The name of the organisation.
        organisation: String,
        /// The name of the member who sent the invitation.
        inviter: String,
        /// The role that the recipient will have.
        role: Role,
    },
}

/// Recipient of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// Name; empty when it is not known yet.
    pub name: String,
    /// E-mail address, `local@domain` in ASCII.
    pub address: String,
    /// Language of the message.
    pub language: Language,
}
