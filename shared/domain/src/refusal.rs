//! Refusals: why the rules say no. Each is an answer for people, not a failure of the program.

use crate::conversion::ConversionFault;
use crate::policy::Violation;
use crate::report::Status;

/// Why an action is not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The caller may not know that the thing exists.
    NotVisible,
    /// The caller's role or relation does not allow the action.
    Forbidden(&'static str),
    /// Separation of duties: the caller is the owner, or decided at another level.
    Duties(&'static str),
    /// The report does not stand where the action needs it.
    InvalidState {
        /// Where it stands.
        status: Status,
        /// What the action was.
        action: &'static str,
    },
    /// The caller has already decided on this report.
    AlreadyDecided,
    /// Nobody can approve the named step.
    NoApprover {
        /// The step's name.
        step: String,
    },
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
    /// Lines cannot be converted: the position of each among those entered (`None` when one line was entered by itself) and
    /// what is missing.
    Conversion(Vec<(Option<usize>, ConversionFault)>),
    /// The policy stops the submission; violations with the position of their line.
    Policy(Vec<(usize, Violation)>),
}
