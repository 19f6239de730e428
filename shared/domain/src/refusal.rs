//! Refusals: why the rules say no. Each is an answer for people, not a failure of the program.

use crate::conversion::ConversionFault;
use crate::ids::MemberId;
use crate::money::Money;
use crate::policy::Violation;
use crate::report::Status;

/// Why an action is not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The caller may not know that the thing exists.
    NotVisible,
    /// The caller's role or relation does not allow the action.
    Forbidden(&'static str),
    /// Separation of duties: the caller, or whom he chooses, has a part in the report, or stands in for who has.
    Duties(&'static str),
    /// The report does not stand where the action needs it.
    InvalidState {
        /// Where it stands.
        status: Status,
        /// What the action was.
        action: &'static str,
    },
    /// The member does not stand where the action needs him.
    MemberState(&'static str),
    /// The caller has already decided on this report.
    AlreadyDecided,
    /// Nobody can approve the named step.
    NoApprover {
        /// The step's name.
        step: String,
    },
    /// The route depends on this manager: load him and ask again.
    UnknownManager(MemberId),
    /// The duties depend on this member, who has a part in the report: load him and ask again.
    UnknownConcerned(MemberId),
    /// The total is above what the caller may approve.
    ApprovalLimit {
        /// What he may.
        limit: Money,
        /// What it is.
        total: Money,
    },
    /// This member cannot be asked in place of another, and why.
    NotAssignable(&'static str),
    /// The member who is to be asked no longer is not asked now.
    NotAsked,
    /// Decisions on single lines that cannot be: the position among those sent, and what is wrong.
    Lines(Vec<(usize, LineFault)>),
    /// The parts of a split do not add up to the line: what they are, and what it is.
    Parts {
        /// The sum of the parts.
        parts: Money,
        /// The amount of the line.
        whole: Money,
    },
    /// One of the parts cannot be: its currency is another, or the tax that falls to it is above its amount.
    PartFault(usize, LineFault),
    /// The lines fall into too many months and trips.
    TooManyPeriods,
    /// The lines are on too many cost centres.
    TooManyCostCentres,
    /// The owner has claimed more lines in one month or on one trip than can be kept.
    TooManyClaims,
    /// A limit of the policy cannot be compared: a rate is missing, or a sum leaves the range.
    Limit(ConversionFault),
    /// A member would be his own manager.
    OwnManager,
    /// A service would be admin: it could make and unmake the people who check each other.
    ServiceAdmin,
    /// Nobody who can be paid: a service, or somebody who is gone.
    NotPaid,
    /// More would be delegated than the one who is away may approve.
    Ceiling {
        /// What he may.
        limit: Money,
    },
    /// The member a report is entered for cannot have any.
    NoReports,
    /// The report was submitted before, so it cannot be thrown away.
    WasSubmitted,
    /// The report has no lines.
    Empty,
    /// The report would have too many lines.
    TooManyExpenses,
    /// The report would hold more text than can be stored.
    TooLarge,
    /// A sum would leave the range of an amount.
    TotalTooLarge,
    /// There is no such line.
    UnknownExpense,
    /// There is no such receipt on the line.
    UnknownReceipt,
    /// The line, or the report, would have more receipts than this.
    TooManyReceipts {
        /// What would have them.
        of: &'static str,
        /// How many it may have.
        most: usize,
    },
    /// Lines cannot be converted: the position of each among those entered (`None` when one line was entered by itself) and
    /// what is missing.
    Conversion(Vec<(Option<usize>, ConversionFault)>),
    /// The policy stops the submission; violations with the position of their line.
    Policy(Vec<(usize, Violation)>),
}

/// Why a decision on a single line cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineFault {
    /// The report has no such line.
    Unknown,
    /// It is named twice.
    Repeated,
    /// The amount is not in the line's currency.
    Currency,
    /// More than what is claimed, or than a cap or an approver before has left; of a tax, more than the amount.
    TooMuch {
        /// The most that can be approved.
        most: Money,
    },
}
