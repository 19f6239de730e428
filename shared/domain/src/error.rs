//! Refusals of the rules. Each is an answer to the caller, not a failure of the program.

use crate::batch::BatchStatus;
use crate::conversion::ConversionError;
use crate::ids::MemberId;
use crate::ledger::AccountingPeriod;
use crate::money::Money;
use crate::policy::Violation;
use crate::report::ReportStatus;
use crate::text::{DisplayName, Label};

/// Reason why an action is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DomainError {
    /// The resource does not exist, or is hidden from the caller.
    NotFound,
    /// The caller's role or relation does not allow the action; sentence for the caller.
    Forbidden(&'static str),
    /// Separation of duties: the caller or the chosen member is an interested party, or a delegate of one; sentence for
    /// the caller.
    SeparationOfDuties(&'static str),
    /// The status of the report does not allow the action.
    InvalidState {
        /// Status of the report.
        status: ReportStatus,
        /// Past participle of the action, for "A report cannot be …".
        action: &'static str,
    },
    /// A payment has settled a part of the report, so it can be neither changed nor returned.
    PartlySettled,
    /// The status of the batch does not allow the action.
    InvalidBatchState {
        /// Status of the batch.
        status: BatchStatus,
        /// Predicate of the action, for "A batch in the state … cannot …".
        action: &'static str,
    },
    /// The status of the payment does not allow the action; sentence for the caller.
    InvalidPaymentState(&'static str),
    /// The selection of a batch cannot be used; sentence for the caller.
    InvalidSelection(&'static str),
    /// The caller is an approver of another step than the pending one. Each step with its number and name.
    StepNotPending {
        /// Pending step.
        pending: (u32, Label),
        /// Step that the caller is an approver of.
        own: (u32, Label),
    },
    /// The status of the member does not allow the action; sentence for the caller.
    InvalidMemberState(&'static str),
    /// The organisation cannot be closed while reports wait for a decision.
    ReportsWaiting,
    /// A batch is not settled yet, so the organisation cannot be closed.
    PaymentsOpen,
    /// The caller has already decided on the report, personally or through a delegate.
    AlreadyDecided,
    /// A step has no eligible approver.
    NoApprover {
        /// Name of the step.
        step: String,
    },
    /// The rules depend on this member, who was not loaded: a fault of the program.
    MissingPerson(MemberId),
    /// The total exceeds the approval limit.
    ApprovalLimitExceeded {
        /// Approval limit of the caller or the delegation.
        limit: Money,
        /// Total of the report, in the base currency.
        total: Money,
    },
    /// The chosen member cannot be an approver or delegate; predicate of "This member …".
    NotAssignable(&'static str),
    /// The member to replace is not a pending approver.
    NotPendingApprover,
    /// Decisions on lines that cannot be applied, by their position in the request.
    InvalidLines(Vec<(usize, LineError)>),
    /// The parts of a split do not add up to the line.
    SplitMismatch {
        /// Sum of the parts.
        parts: Money,
        /// Amount of the line.
        whole: Money,
    },
    /// A part of a split has another currency than the line, or more tax than its amount; position in the request.
    InvalidSplitPart(usize, LineError),
    /// The lines are in too many months and trips.
    TooManyPeriods,
    /// The lines have too many cost centres.
    TooManyCostCentres,
    /// The owner has too many claimed expenses in one month or trip.
    TooManyClaimedExpenses,
    /// A limit of the policy cannot be compared: a rate is missing, or a sum is out of range.
    LimitConversion(ConversionError),
    /// A member would be their own manager.
    CannotManageSelf,
    /// A member would be a manager of one of their own managers; the names from the member up to themselves.
    ManagerCycle(Vec<DisplayName>),
    /// The domain of an address is not one of the organisation's mail domains.
    MailDomainNotListed {
        /// Domain.
        domain: String,
    },
    /// The domain of an address looks like another one, and the organisation does not list it.
    MailDomainLookalike {
        /// Domain, in A-labels.
        domain: String,
    },
    /// The new address of a member who has signed in is not the verified one of their access token.
    AddressNotVerified,
    /// A service would have an address.
    ServiceHasNoAddress,
    /// A service would be an admin: the admin who controls it would have two votes.
    ServiceCannotBeAdmin,
    /// The payee is a service or an erased member.
    InvalidPayee,
    /// The payee is the preparer of the report.
    PayeeIsPreparer,
    /// The route of the report asks the payee to approve it.
    PayeeIsApprover,
    /// The delegated amount exceeds the approval limit of the delegator.
    DelegationAboveLimit {
        /// Approval limit of the delegator.
        limit: Money,
    },
    /// The owner of a new report cannot have reports.
    CannotHaveReports,
    /// The report was submitted before, so it cannot be deleted.
    AlreadySubmitted,
    /// The report has no lines.
    EmptyReport,
    /// The report would have too many lines.
    TooManyExpenses,
    /// The report would be larger than can be stored.
    ReportTooLarge,
    /// A sum is out of range.
    TotalTooLarge,
    /// A closed period would be open again.
    PeriodReopened {
        /// Last closed period.
        closed_until: AccountingPeriod,
    },
    /// A period that has not begun would be closed.
    PeriodNotBegun {
        /// Current month.
        month: AccountingPeriod,
    },
    /// The report has no such line.
    UnknownExpense,
    /// The line has no such receipt.
    UnknownReceipt,
    /// The line or the report would have too many receipts.
    TooManyReceipts {
        /// Subject of the sentence: line or report.
        subject: &'static str,
        /// Maximum number of receipts.
        max: usize,
    },
    /// Lines that cannot be converted, by their position in the request; `None` for a request with one line.
    Conversion(Vec<(Option<usize>, ConversionError)>),
    /// A refund is larger than what it refunds; position of the line, `None` for a request with one line.
    RefundTooLarge {
        /// Position in the request.
        position: Option<usize>,
        /// Largest possible refund.
        refundable: Money,
    },
    /// The policy blocks the submission; violations with the position of their first line in the report.
    PolicyViolations(Vec<(usize, Violation)>),
}

/// Reason why a decision on a line or a part of a split is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineError {
    /// The report has no such line.
    Unknown,
    /// The line is named twice.
    Duplicate,
    /// The amount is in another currency than the line.
    CurrencyMismatch,
    /// The amount exceeds the claim, a cap or an earlier approval; a tax exceeds its amount.
    AboveMaximum {
        /// Largest valid amount.
        max: Money,
    },
}
