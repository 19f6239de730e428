//! Findings as data: a policy rule and the parameters of its sentence. The English sentence is made here, from the data
//! only; mail makes the sentences of the other languages from the same data.

use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;
use utoipa::ToSchema;

use crate::expense::PaymentMethod;
use crate::money::Money;
use crate::receipt::RejectionReason;
use crate::text::{CategoryCode, CostCentreCode, FileName, Grade, Label, Merchant, ProjectCode, TripName};

/// Rule of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum PolicyRule {
    /// The policy does not list the category.
    UnknownCategory,
    /// The category is not in use on the day of the expense.
    InactiveCategory,
    /// The policy does not list the cost centre.
    UnknownCostCentre,
    /// The policy does not list the project.
    UnknownProject,
    /// A field that the category requires is empty.
    RequiredField,
    /// One expense exceeds a limit.
    ExpenseLimit,
    /// The expenses of a day exceed a limit.
    DayLimit,
    /// The expenses of a month exceed a limit.
    MonthLimit,
    /// The expenses of the report exceed a limit.
    ReportLimit,
    /// The expenses of a trip exceed a limit.
    TripLimit,
    /// Several expenses of one day at one merchant together exceed a limit per expense, need a receipt, or change the
    /// approval of a report.
    Splitting,
    /// The amount requires a receipt and there is none.
    ReceiptRequired,
    /// The expense is older than the policy allows.
    MaximumAge,
    /// The day is a weekend day or a holiday.
    NonWorkingDay,
    /// Another expense has the same day, merchant and amount.
    Duplicate,
    /// The file of a receipt has not been uploaded or checked yet.
    ReceiptPending,
    /// The file of a receipt was rejected.
    #[serde(rename = "receipt-refused")]
    #[strum(serialize = "receipt-refused")]
    ReceiptRejected,
    /// The same file is behind another expense or on another report.
    DuplicateReceipt,
    /// A refund is larger than what it refunds, or the refunds are larger than the expenses of the report.
    Refund,
    /// The exchange rate of an expense is older than the policy allows.
    RateAge,
}

impl PolicyRule {
    /// Name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// Field of an expense that a category can require.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Required)]
pub enum RequiredField {
    /// Attendees.
    Attendees,
    /// Project.
    Project,
    /// Cost centre.
    CostCentre,
    /// Justification.
    Justification,
    /// Trip.
    Trip,
}

/// Unit of a limit and of the actual value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Measure {
    /// Amount of money.
    Money(Money),
    /// Number of days.
    Days {
        /// The number.
        days: u32,
    },
}

/// Expense as a finding names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedExpense {
    /// Amount as it was paid.
    pub amount: Money,
    /// Amount in the base currency, when it was paid in another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_amount: Option<Money>,
    /// Merchant.
    pub merchant: Merchant,
}

/// Limit with its restrictions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitTerms {
    /// Highest allowed amount.
    pub limit: Money,
    /// Names of the categories it is restricted to; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub category_names: Vec<Label>,
    /// Payment method it is restricted to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_method: Option<PaymentMethod>,
    /// The owner's grade, when the limit is restricted to grades.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grade: Option<Grade>,
}

/// Expenses that exceed a limit together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitExcess {
    /// The expense, when it is the only one that counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expense: Option<NamedExpense>,
    /// Number of expenses of this report that count.
    pub count: usize,
    /// Sum of all expenses that count.
    pub actual: Money,
    /// Part of the sum that other reports of the owner claim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claimed_elsewhere: Option<Money>,
    /// The limit.
    #[serde(flatten)]
    pub terms: LimitTerms,
    /// Consequence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consequence: Option<Consequence>,
}

/// One bill in several expenses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SplitBill {
    /// The expenses have no receipt and together need one.
    WithoutReceipt {
        /// Merchant.
        merchant: Merchant,
        /// Day.
        date: Date,
        /// Number of expenses.
        count: usize,
        /// Their sum.
        actual: Money,
        /// Amount from which a receipt is required.
        receipt_required_from: Money,
        /// Consequence.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        consequence: Option<Consequence>,
    },
    /// Expenses of other reports of the owner are parts of the bill, and the larger total changes the approval.
    OverReports {
        /// Merchant.
        merchant: Merchant,
        /// Day.
        date: Date,
        /// Number of expenses, those of other reports included.
        count: usize,
        /// Their sum in the base currency.
        actual: Money,
        /// Total of the report with all such parts, in the base currency.
        total_with_parts: Money,
        /// Numbers of the other reports.
        claimed_in: Vec<String>,
    },
    /// The expenses together exceed a limit per expense.
    OverLimit {
        /// Merchant.
        merchant: Merchant,
        /// Day.
        date: Date,
        /// Number of expenses, those of other reports included.
        count: usize,
        /// Their sum.
        actual: Money,
        /// The limit.
        #[serde(flatten)]
        terms: LimitTerms,
        /// Consequence.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        consequence: Option<Consequence>,
    },
}

/// Receipts of one expense that a finding is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedReceipt {
    /// The expense.
    pub expense: NamedExpense,
    /// Name of the first receipt.
    pub receipt: FileName,
    /// Number of further receipts of the expense with the same finding.
    pub more: usize,
}

/// Consequence of a finding for the report, beyond its severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Consequence {
    /// The report cannot be submitted without a justification.
    JustificationNeeded,
    /// The amount above the limit is not reimbursed.
    ExcessNotReimbursed,
}

/// Kind of a non-working day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DayOff {
    /// Day of the weekend.
    Weekend,
    /// Holiday of the policy.
    Holiday,
}

/// Policy rule with the parameters of its sentence. Names of parameters are part of the API and of stored items.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "rule", content = "parameters", rename_all = "kebab-case")]
pub enum Finding {
    /// See [`PolicyRule::UnknownCategory`].
    UnknownCategory {
        /// Code of the category.
        category: CategoryCode,
    },
    /// See [`PolicyRule::InactiveCategory`].
    InactiveCategory {
        /// Name of the category.
        category_name: Label,
        /// Day of the expense.
        date: Date,
    },
    /// See [`PolicyRule::UnknownCostCentre`].
    UnknownCostCentre {
        /// Code of the cost centre.
        cost_centre: CostCentreCode,
    },
    /// See [`PolicyRule::UnknownProject`].
    UnknownProject {
        /// Code of the project.
        project: ProjectCode,
    },
    /// See [`PolicyRule::RequiredField`].
    RequiredField {
        /// The expense.
        expense: NamedExpense,
        /// Name of the category.
        category_name: Label,
        /// The empty field.
        field: RequiredField,
    },
    /// See [`PolicyRule::ExpenseLimit`].
    ExpenseLimit(LimitExcess),
    /// See [`PolicyRule::DayLimit`].
    DayLimit {
        /// The excess.
        #[serde(flatten)]
        excess: LimitExcess,
        /// The day.
        date: Date,
    },
    /// See [`PolicyRule::MonthLimit`].
    MonthLimit {
        /// The excess.
        #[serde(flatten)]
        excess: LimitExcess,
        /// The calendar month, such as `2026-03`.
        month: String,
    },
    /// See [`PolicyRule::ReportLimit`].
    ReportLimit(LimitExcess),
    /// See [`PolicyRule::TripLimit`].
    TripLimit {
        /// The excess.
        #[serde(flatten)]
        excess: LimitExcess,
        /// Name of the trip.
        trip: TripName,
    },
    /// See [`PolicyRule::Splitting`].
    Splitting(SplitBill),
    /// See [`PolicyRule::ReceiptRequired`].
    ReceiptRequired {
        /// The expense.
        expense: NamedExpense,
        /// Amount from which a receipt is required.
        receipt_required_from: Money,
        /// Consequence.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        consequence: Option<Consequence>,
    },
    /// See [`PolicyRule::MaximumAge`].
    MaximumAge {
        /// The expense.
        expense: NamedExpense,
        /// Its age in days.
        days: u32,
        /// Highest allowed age in days.
        maximum_days: u32,
        /// Consequence.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        consequence: Option<Consequence>,
    },
    /// See [`PolicyRule::NonWorkingDay`].
    NonWorkingDay {
        /// The expense.
        expense: NamedExpense,
        /// Its day.
        date: Date,
        /// Kind of the day.
        day: DayOff,
        /// Consequence.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        consequence: Option<Consequence>,
    },
    /// See [`PolicyRule::Duplicate`].
    Duplicate {
        /// One of the equal expenses.
        expense: NamedExpense,
        /// Their day.
        date: Date,
        /// Number of equal expenses in this report.
        count: usize,
        /// Number of another report of the owner that claims the same.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        claimed_in: Option<String>,
        /// Consequence.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        consequence: Option<Consequence>,
    },
    /// See [`PolicyRule::ReceiptPending`].
    ReceiptPending(NamedReceipt),
    /// See [`PolicyRule::ReceiptRejected`].
    #[serde(rename = "receipt-refused")]
    ReceiptRejected {
        /// The receipts.
        #[serde(flatten)]
        receipt: NamedReceipt,
        /// Reason why the first one was rejected.
        reason: RejectionReason,
    },
    /// See [`PolicyRule::DuplicateReceipt`].
    DuplicateReceipt {
        /// The receipts.
        #[serde(flatten)]
        receipt: NamedReceipt,
        /// True when the file is also behind another expense of this report; false when it is on another report.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        in_this_report: bool,
        /// Consequence.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        consequence: Option<Consequence>,
    },
    /// See [`PolicyRule::Refund`].
    Refund {
        /// The refund.
        expense: NamedExpense,
        /// Largest possible refund.
        refundable: Money,
    },
    /// See [`PolicyRule::RateAge`].
    RateAge {
        /// The expense.
        expense: NamedExpense,
        /// Day of the rate.
        rate_date: Date,
        /// Days from the rate to the expense.
        days: u32,
        /// Highest allowed age in days.
        maximum_days: u32,
        /// Consequence.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        consequence: Option<Consequence>,
    },
}

impl Finding {
    /// Rule of the finding.
    #[must_use]
    pub const fn rule(&self) -> PolicyRule {
        match self {
            Self::UnknownCategory { .. } => PolicyRule::UnknownCategory,
            Self::InactiveCategory { .. } => PolicyRule::InactiveCategory,
            Self::UnknownCostCentre { .. } => PolicyRule::UnknownCostCentre,
            Self::UnknownProject { .. } => PolicyRule::UnknownProject,
            Self::RequiredField { .. } => PolicyRule::RequiredField,
            Self::ExpenseLimit(_) => PolicyRule::ExpenseLimit,
            Self::DayLimit { .. } => PolicyRule::DayLimit,
            Self::MonthLimit { .. } => PolicyRule::MonthLimit,
            Self::ReportLimit(_) => PolicyRule::ReportLimit,
            Self::TripLimit { .. } => PolicyRule::TripLimit,
            Self::Splitting(_) => PolicyRule::Splitting,
            Self::ReceiptRequired { .. } => PolicyRule::ReceiptRequired,
            Self::MaximumAge { .. } => PolicyRule::MaximumAge,
            Self::NonWorkingDay { .. } => PolicyRule::NonWorkingDay,
            Self::Duplicate { .. } => PolicyRule::Duplicate,
            Self::ReceiptPending(_) => PolicyRule::ReceiptPending,
            Self::ReceiptRejected { .. } => PolicyRule::ReceiptRejected,
            Self::DuplicateReceipt { .. } => PolicyRule::DuplicateReceipt,
            Self::Refund { .. } => PolicyRule::Refund,
            Self::RateAge { .. } => PolicyRule::RateAge,
        }
    }

    /// Highest allowed and actual value, for the rules that compare two.
    #[must_use]
    pub fn measures(&self) -> Option<(Measure, Measure)> {
        let money = |limit, actual| Some((Measure::Money(limit), Measure::Money(actual)));
        match self {
            Self::ExpenseLimit(excess)
            | Self::DayLimit { excess, .. }
            | Self::MonthLimit { excess, .. }
            | Self::ReportLimit(excess)
            | Self::TripLimit { excess, .. } => money(excess.terms.limit, excess.actual),
            Self::Splitting(SplitBill::OverLimit { terms, actual, .. }) => money(terms.limit, *actual),
            Self::Splitting(SplitBill::WithoutReceipt { receipt_required_from, actual, .. }) => {
                money(*receipt_required_from, *actual)
            }
            Self::ReceiptRequired { expense, receipt_required_from, .. } => {
                money(*receipt_required_from, expense.base_amount.unwrap_or(expense.amount))
            }
            Self::Refund { expense, refundable } => money(*refundable, expense.amount.negated()),
            Self::MaximumAge { days, maximum_days, .. } | Self::RateAge { days, maximum_days, .. } => {
                Some((Measure::Days { days: *maximum_days }, Measure::Days { days: *days }))
            }
            Self::Splitting(SplitBill::OverReports { .. })
            | Self::UnknownCategory { .. }
            | Self::InactiveCategory { .. }
            | Self::UnknownCostCentre { .. }
            | Self::UnknownProject { .. }
            | Self::RequiredField { .. }
            | Self::NonWorkingDay { .. }
            | Self::Duplicate { .. }
            | Self::ReceiptPending(_)
            | Self::ReceiptRejected { .. }
            | Self::DuplicateReceipt { .. } => None,
        }
    }

    /// Consequence for the report, beyond the severity.
    #[must_use]
    pub const fn consequence(&self) -> Option<Consequence> {
        match self {
            Self::ExpenseLimit(excess)
            | Self::DayLimit { excess, .. }
            | Self::MonthLimit { excess, .. }
            | Self::ReportLimit(excess)
            | Self::TripLimit { excess, .. } => excess.consequence,
            Self::Splitting(
                SplitBill::OverLimit { consequence, .. } | SplitBill::WithoutReceipt { consequence, .. },
            )
            | Self::ReceiptRequired { consequence, .. }
            | Self::MaximumAge { consequence, .. }
            | Self::NonWorkingDay { consequence, .. }
            | Self::Duplicate { consequence, .. }
            | Self::RateAge { consequence, .. }
            | Self::DuplicateReceipt { consequence, .. } => *consequence,
            Self::Splitting(SplitBill::OverReports { .. })
            | Self::UnknownCategory { .. }
            | Self::InactiveCategory { .. }
            | Self::UnknownCostCentre { .. }
            | Self::UnknownProject { .. }
            | Self::RequiredField { .. }
            | Self::ReceiptPending(_)
            | Self::Refund { .. }
            | Self::ReceiptRejected { .. } => None,
        }
    }

    /// Parameters of the sentence as a JSON object.
    #[must_use]
    pub fn parameters(&self) -> serde_json::Value {
        // Texts, numbers and maps with text keys always serialise.
        let mut finding = serde_json::to_value(self).unwrap_or_default();
        finding.get_mut("parameters").map_or(serde_json::Value::Null, serde_json::Value::take)
    }
}

/// The sentence in English.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownCategory { category } => write!(f, "{category} is not a category of the policy."),
            Self::InactiveCategory { category_name, date } => {
                write!(f, "The category {category_name} is not in use on {date}.")
            }
            Self::UnknownCostCentre { cost_centre } => write!(f, "{cost_centre} is not a cost centre of the policy."),
            Self::UnknownProject { project } => write!(f, "{project} is not a project of the policy."),
            Self::RequiredField { expense, category_name, field } => {
                write!(f, "{expense}: an expense of the category {category_name} must state {field}.")
            }
            Self::ExpenseLimit(excess) => excess.write(f, "expense", format_args!("")),
            Self::DayLimit { excess, date } => excess.write(f, "day", format_args!(", on {date}")),
            Self::MonthLimit { excess, month } => excess.write(f, "month", format_args!(", in {month}")),
            Self::ReportLimit(excess) => excess.write(f, "report", format_args!("")),
            Self::TripLimit { excess, trip } => excess.write(f, "trip", format_args!(", on the trip {trip}")),
            Self::Splitting(SplitBill::OverLimit { merchant, date, count, actual, terms, consequence }) => {
                let (limit, end) = (terms.limit, Consequence::end(*consequence));
                write!(
                    f,
                    "{count} expenses at {merchant} on {date} are {actual} together, above the limit of {limit} "
                )?;
                write!(f, "per expense{}{end}", terms.scope())
            }
            Self::Splitting(SplitBill::WithoutReceipt {
                merchant,
                date,
                count,
                actual,
                receipt_required_from,
                consequence,
            }) => {
                write!(f, "{count} expenses at {merchant} on {date} are {actual} together, without a receipt; ")?;
                write!(f, "one is required from {receipt_required_from}{}", Consequence::end(*consequence))
            }
            Self::Splitting(SplitBill::OverReports { merchant, date, count, actual, total_with_parts, claimed_in }) => {
                let others = claimed_in.join(", ");
                write!(
                    f,
                    "{count} expenses at {merchant} on {date} are {actual} together, some of them in {others}; "
                )?;
                write!(f, "with those the report is {total_with_parts} and is approved as such.")
            }
            Self::ReceiptRequired { expense, receipt_required_from, consequence } => {
                let end = Consequence::end(*consequence);
                write!(f, "{expense} has no receipt; one is required from {receipt_required_from}{end}")
            }
            Self::MaximumAge { expense, days, maximum_days, consequence } => {
                let end = Consequence::end(*consequence);
                write!(f, "{expense} is {days} days old; the policy allows {maximum_days}{end}")
            }
            Self::NonWorkingDay { expense, date, day, consequence } => {
                write!(f, "{expense} on {date} is on {day}{}", Consequence::end(*consequence))
            }
            Self::Duplicate { expense, date, count, claimed_in, consequence } => {
                let end = Consequence::end(*consequence);
                match claimed_in {
                    Some(report) => write!(f, "{expense} on {date} is claimed in {report} already{end}"),
                    None => write!(f, "{expense} on {date} is claimed {count} times{end}"),
                }
            }
            Self::ReceiptPending(receipt) => {
                write!(f, "{receipt} has not been uploaded or checked yet. Upload it, wait a moment, or remove it.")
            }
            Self::ReceiptRejected { receipt, reason } => {
                write!(f, "{receipt} was rejected. {} Remove it.", reason.message())
            }
            Self::DuplicateReceipt { receipt, in_this_report, consequence } => {
                let place = if *in_this_report { "behind another expense of this report" } else { "on another report" };
                write!(f, "{receipt} is also {place}{}", Consequence::end(*consequence))
            }
            Self::Refund { expense, refundable } => {
                write!(f, "{expense}: the refund is larger than the {refundable} that can be refunded.")
            }
            Self::RateAge { expense, rate_date, days, maximum_days, consequence } => {
                write!(f, "{expense} is converted at the rate of {rate_date}, {days} days before; the policy ")?;
                write!(f, "allows {maximum_days}{}", Consequence::end(*consequence))
            }
        }
    }
}

/// Name of the field in English, with its article.
impl fmt::Display for RequiredField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Attendees => "the attendees",
            Self::Project => "the project",
            Self::CostCentre => "the cost centre",
            Self::Justification => "a justification",
            Self::Trip => "the trip",
        })
    }
}

/// Kind of the day in English, with its article.
impl fmt::Display for DayOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Weekend => "a weekend",
            Self::Holiday => "a holiday",
        })
    }
}

impl fmt::Display for NamedExpense {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.base_amount {
            Some(base) => write!(f, "{} ({base}) at {}", self.amount, self.merchant),
            None => write!(f, "{} at {}", self.amount, self.merchant),
        }
    }
}

impl fmt::Display for NamedReceipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: the receipt {}", self.expense, self.receipt)?;
        if self.more > 0 { write!(f, " (and {} more)", self.more) } else { Ok(()) }
    }
}

impl LimitExcess {
    fn write(&self, f: &mut fmt::Formatter<'_>, period: &str, when: fmt::Arguments<'_>) -> fmt::Result {
        let (count, actual, limit) = (self.count, self.actual, self.terms.limit);
        match (&self.claimed_elsewhere, &self.expense) {
            (Some(elsewhere), _) => write!(f, "{actual}, of which {elsewhere} count from other reports, is"),
            (None, Some(expense)) => write!(f, "{expense} is"),
            (None, None) => write!(f, "{count} expenses, together {actual}, are"),
        }?;
        let (scope, end) = (self.terms.scope(), Consequence::end(self.consequence));
        write!(f, " above the limit of {limit} per {period}{scope}{when}{end}")
    }
}

impl LimitTerms {
    /// Restrictions of the limit in English.
    fn scope(&self) -> String {
        let categories = match self.category_names.as_slice() {
            [] => String::new(),
            names => format!(" for {}", names.join(", ")),
        };
        let method = match self.payment_method {
            Some(PaymentMethod::Personal) => ", paid personally",
            Some(PaymentMethod::CompanyCard) => ", paid by company card",
            None => "",
        };
        let grade = self.grade.as_ref().map_or_else(String::new, |grade| format!(", grade {grade}"));
        format!("{categories}{method}{grade}")
    }
}

impl Consequence {
    /// End of a sentence in English.
    const fn end(consequence: Option<Self>) -> &'static str {
        match consequence {
            Some(Self::JustificationNeeded) => "; a justification is needed.",
            Some(Self::ExcessNotReimbursed) => "; the excess is not reimbursed.",
            None => ".",
        }
    }
}
