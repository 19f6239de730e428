//! What a policy rule finds: which rule, on which lines, how severe, the limit and what was there instead.

use serde::{Deserialize, Serialize};

use crate::ids::ExpenseId;
use crate::money::Money;

/// The rule a violation is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// The category is not one of the policy.
    UnknownCategory,
    /// The category is not in use on the day of the expense.
    InactiveCategory,
    /// The cost centre is not one of the policy.
    UnknownCostCentre,
    /// The project is not one of the policy.
    UnknownProject,
    /// The category asks for a field that is empty.
    RequiredField,
    /// One expense is above a limit.
    ExpenseLimit,
    /// The expenses of a day are above a limit.
    DayLimit,
    /// The expenses of a month are above a limit.
    MonthLimit,
    /// The expenses of the report are above a limit.
    ReportLimit,
    /// The expenses of a trip are above a limit.
    TripLimit,
    /// Several expenses of one day at one merchant are above a limit per expense together.
    Splitting,
    /// The amount needs a receipt and there is none.
    ReceiptRequired,
    /// The expense is older than the policy allows.
    MaximumAge,
    /// The day is a Saturday, a Sunday or a holiday.
    NonWorkingDay,
    /// The same amount was spent at the same merchant on the same day by another line.
    Duplicate,
    /// The file of a receipt has not arrived, or was not looked at yet.
    ReceiptPending,
    /// The file of a receipt was refused.
    ReceiptRefused,
    /// Another report has a receipt of the same bytes.
    DuplicateReceipt,
}

impl Rule {
    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::UnknownCategory => "unknown-category",
            Self::InactiveCategory => "inactive-category",
            Self::UnknownCostCentre => "unknown-cost-centre",
            Self::UnknownProject => "unknown-project",
            Self::RequiredField => "required-field",
            Self::ExpenseLimit => "expense-limit",
            Self::DayLimit => "day-limit",
            Self::MonthLimit => "month-limit",
            Self::ReportLimit => "report-limit",
            Self::TripLimit => "trip-limit",
            Self::Splitting => "splitting",
            Self::ReceiptRequired => "receipt-required",
            Self::MaximumAge => "maximum-age",
            Self::NonWorkingDay => "non-working-day",
            Self::Duplicate => "duplicate",
            Self::ReceiptPending => "receipt-pending",
            Self::ReceiptRefused => "receipt-refused",
            Self::DuplicateReceipt => "duplicate-receipt",
        }
    }
}

/// Whether a violation stops the submission.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Approvers see it; the report can be submitted.
    #[default]
    Warn,
    /// The report cannot be submitted.
    Block,
}

/// What a limit and an actual value are counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Measure {
    /// An amount of money.
    Money(Money),
    /// A number of days.
    Days {
        /// How many.
        days: u32,
    },
}

/// What a policy rule found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// The rule.
    pub rule: Rule,
    /// The lines of the report it was found on, in their order; at least one.
    pub expense_ids: Vec<ExpenseId>,
    /// Whether it stops the submission.
    pub severity: Severity,
    /// A sentence for people.
    pub message: String,
    /// What the rule allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Measure>,
    /// What was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actual: Option<Measure>,
    /// The member of the expense that would have to change.
    pub field: Field,
}

/// A member of an expense, as named in requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// `category`
    Category,
    /// `amount`
    Amount,
    /// `justification`
    Justification,
    /// `receipt_reference`
    ReceiptReference,
    /// `receipts`
    Receipts,
    /// `date`
    Date,
    /// `attendees`
    Attendees,
    /// `project`
    Project,
    /// `cost_centre`
    CostCentre,
    /// `trip`
    Trip,
}

impl Field {
    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Category => "category",
            Self::Amount => "amount",
            Self::Justification => "justification",
            Self::ReceiptReference => "receipt_reference",
            Self::Receipts => "receipts",
            Self::Date => "date",
            Self::Attendees => "attendees",
            Self::Project => "project",
            Self::CostCentre => "cost_centre",
            Self::Trip => "trip",
        }
    }
}
