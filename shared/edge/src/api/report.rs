//! Reports over the API.

use jiff::Timestamp;
use outlay_domain::change::NewReport;
use outlay_domain::policy::{Measure, Severity, Violation};
use outlay_domain::report::{Report, Totals};
use outlay_domain::route::{Decision, Step, StepStatus};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::common::{MoneyIo, PersonOut, time};
use super::expense::{ExpenseIn, ExpenseOut};
use crate::call::Input;
use crate::checks;
use crate::fault::Faults;

/// The most lines a report can be created with. One transaction holds 100 items, and beside the lines there can be the head,
/// two events, twenty tasks, the stored answer and four items of a member who joins. More lines can be added one by one.
pub const MAX_NEW_EXPENSES: u64 = 70;

/// A report to create.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportIn {
    /// What it is for; 1 to 200 characters.
    #[validate(custom(function = "checks::short_text"))]
    #[schema(example = "Client visit Lyon")]
    pub title: String,
    /// The currency it is claimed in; the organisation's base currency when absent.
    #[schema(example = "EUR")]
    pub currency: Option<String>,
    /// Its lines, at most 70 at once.
    #[validate(length(max = "MAX_NEW_EXPENSES"), nested)]
    pub expenses: Option<Vec<ExpenseIn>>,
    /// Whether to submit it right away; false when absent.
    pub submit: Option<bool>,
}

/// A checked [`ReportIn`].
#[derive(Debug)]
pub struct ReportToCreate {
    title: String,
    currency: Option<outlay_domain::money::Currency>,
    /// The lines.
    pub expenses: Vec<outlay_domain::expense::ExpenseFacts>,
    /// Whether to submit it right away.
    pub submit: bool,
}

impl ReportToCreate {
    /// The report, in the base currency unless it names another.
    #[must_use]
    pub fn in_base(self, base: outlay_domain::money::Currency) -> NewReport {
        NewReport { title: self.title, currency: self.currency.unwrap_or(base), expenses: self.expenses }
    }
}

impl Input for ReportIn {
    type Checked = ReportToCreate;

    fn check(self, now: Timestamp, faults: &mut Faults) -> Option<ReportToCreate> {
        let currency = self.currency.as_ref().and_then(|code| checks::currency(code, "currency", faults));
        let given = self.expenses.unwrap_or_default();
        let expenses: Vec<_> = faults.at("expenses", |faults| {
            let line = |(at, line): (usize, ExpenseIn)| faults.at(&at.to_string(), |faults| line.check(now, faults));
            given.into_iter().enumerate().map(line).collect()
        });
        let expenses: Option<Vec<_>> = expenses.into_iter().collect();
        Some(ReportToCreate {
            title: checks::cleaned(&self.title),
            currency,
            expenses: expenses?,
            submit: self.submit.unwrap_or(false),
        })
    }
}

/// What a report adds up to, in its own currency: net + tax = total.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Totals)]
pub struct TotalsOut {
    /// Everything spent, tax included.
    pub total: MoneyIo,
    /// The tax within the total.
    pub tax: MoneyIo,
    /// The total without the tax.
    pub net: MoneyIo,
    /// What the owner paid himself and gets back.
    pub reimbursable: MoneyIo,
}

impl From<Totals> for TotalsOut {
    fn from(totals: Totals) -> Self {
        Self {
            total: totals.total.into(),
            tax: totals.tax.into(),
            net: totals.net.into(),
            reimbursable: totals.reimbursable.into(),
        }
    }
}

/// What a limit or an actual value is: money or days.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = Measure)]
pub enum MeasureOut {
    /// An amount.
    Money(MoneyIo),
    /// A number of days.
    Days {
        /// How many.
        days: u32,
    },
}

impl From<Measure> for MeasureOut {
    fn from(measure: Measure) -> Self {
        match measure {
            Measure::Money(money) => Self::Money(money.into()),
            Measure::Days { days } => Self::Days { days },
        }
    }
}

/// What a policy rule found on an expense.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Violation)]
pub struct ViolationOut {
    /// Stable name of the rule.
    #[schema(example = "category-limit")]
    pub rule: &'static str,
    /// The expense.
    pub expense_id: String,
    /// `warn`: approvers see it; `block`: the report cannot be submitted.
    #[schema(example = "warn")]
    pub severity: &'static str,
    /// A sentence for people.
    pub message: String,
    /// What the rule allows.
    pub limit: Option<MeasureOut>,
    /// What was found.
    pub actual: Option<MeasureOut>,
}

impl From<&Violation> for ViolationOut {
    fn from(violation: &Violation) -> Self {
        Self {
            rule: violation.rule.name(),
            expense_id: violation.expense_id.to_string(),
            severity: match violation.severity {
                Severity::Warn => "warn",
                Severity::Block => "block",
            },
            message: violation.message.clone(),
            limit: violation.limit.map(Into::into),
            actual: violation.actual.map(Into::into),
        }
    }
}

/// Who decided, when, and what he said.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Decision)]
pub struct DecisionOut {
    /// The approver.
    pub by: PersonOut,
    /// When, RFC 3339 in UTC.
    #[schema(format = DateTime)]
    pub at: String,
    /// A comment, or the reason of a return or rejection.
    pub comment: Option<String>,
}

impl From<&Decision> for DecisionOut {
    fn from(decision: &Decision) -> Self {
        Self { by: (&decision.by).into(), at: time(decision.at), comment: decision.comment.clone() }
    }
}

/// One stage of the approval chain.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Step)]
pub struct StepOut {
    /// Position in the chain, from 1.
    pub number: u32,
    /// The step's name.
    #[schema(example = "Manager")]
    pub name: String,
    /// `waiting`, `pending`, `approved`, `returned` or `rejected`.
    #[schema(example = "pending")]
    pub status: &'static str,
    /// How many approvers have to agree: `any` one.
    #[schema(example = "any")]
    pub mode: &'static str,
    /// Who is asked.
    pub approvers: Vec<PersonOut>,
    /// Why the step is there and why these people.
    pub reason: String,
    /// Until when the decision is due, once the step is pending.
    #[schema(format = Date)]
    pub due_on: Option<String>,
    /// The decision, once made.
    pub decision: Option<DecisionOut>,
}

impl From<&Step> for StepOut {
    fn from(step: &Step) -> Self {
        Self {
            number: step.number,
            name: step.name.clone(),
            status: match step.status {
                StepStatus::Waiting => "waiting",
                StepStatus::Pending => "pending",
                StepStatus::Approved => "approved",
                StepStatus::Returned => "returned",
                StepStatus::Rejected => "rejected",
            },
            mode: "any",
            approvers: step.approvers.iter().map(Into::into).collect(),
            reason: step.reason.clone(),
            due_on: step.due_on.map(|due| due.to_string()),
            decision: step.decision.as_ref().map(Into::into),
        }
    }
}

/// A report without its lines, as it stands in lists.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ReportSummary)]
pub struct ReportSummaryOut {
    /// Identifier, `rep_…`.
    pub id: String,
    /// What people call it by.
    #[schema(example = "R-2026-7K3F-9QZX")]
    pub number: String,
    /// `draft`, `submitted`, `approved`, `returned` or `rejected`.
    #[schema(example = "submitted")]
    pub status: &'static str,
    /// What it is for.
    pub title: String,
    /// Whose it is.
    pub owner: PersonOut,
    /// The currency it is claimed in.
    #[schema(example = "EUR")]
    pub currency: String,
    /// Grows by one with each change; the `ETag` without its quotes.
    pub version: u64,
    /// What it adds up to.
    pub totals: TotalsOut,
    /// The total in the organisation's base currency.
    pub base_total: MoneyIo,
    /// How many lines it has.
    pub expense_count: usize,
    /// When it was created, RFC 3339 in UTC.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When it last changed.
    #[schema(format = DateTime)]
    pub updated_at: String,
    /// When it was last submitted.
    #[schema(format = DateTime)]
    pub submitted_at: Option<String>,
}

impl ReportSummaryOut {
    /// The report without its lines.
    #[must_use]
    pub fn of(report: &Report) -> Self {
        Self {
            id: report.id.to_string(),
            number: report.number.clone(),
            status: report.status.name(),
            title: report.title.clone(),
            owner: PersonOut { id: report.owner.to_string(), name: report.owner_name.clone() },
            currency: report.currency.code().to_owned(),
            version: report.version,
            totals: report.totals.into(),
            base_total: report.base_total.into(),
            expense_count: report.expense_count,
            created_at: time(report.created_at),
            updated_at: time(report.updated_at),
            submitted_at: report.submitted_at.map(time),
        }
    }
}

/// A report: after a submission, the confirmation.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Report)]
pub struct ReportOut {
    /// What stands in lists too.
    #[serde(flatten)]
    pub summary: ReportSummaryOut,
    /// Its lines.
    pub expenses: Vec<ExpenseOut>,
    /// What the policy found when it was last submitted.
    pub violations: Vec<ViolationOut>,
    /// The approval steps since it was last submitted, each with its reason.
    pub steps: Vec<StepOut>,
    /// The policy version it was judged by.
    pub policy_version: Option<u64>,
}

impl ReportOut {
    /// The report with everything in it.
    #[must_use]
    pub fn of(report: &Report) -> Self {
        Self {
            summary: ReportSummaryOut::of(report),
            expenses: report.expenses.iter().map(Into::into).collect(),
            violations: report.violations.iter().map(Into::into).collect(),
            steps: report.steps.iter().map(Into::into).collect(),
            policy_version: report.policy_version,
        }
    }
}
