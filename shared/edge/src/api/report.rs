//! Reports over the API.

use jiff::Timestamp;
use outlay_domain::change::NewReport;
use outlay_domain::expense::Entry;
use outlay_domain::ids::MemberId;
use outlay_domain::member::Member;
use outlay_domain::money::Currency;
use outlay_domain::policy::{Measure, Policy, Violation};
use outlay_domain::report::{Report, Totals};
use outlay_domain::route::{Decision, Step, StepStatus};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::common::{MoneyIo, PersonOut, time};
use super::expense::{ExpenseIn, ExpenseOut};
use super::policy::{ModeIo, SeverityIo};
use crate::call::Input;
use crate::checks;
use crate::fault::Faults;

/// The most lines a report has.
pub const MAX_NEW_EXPENSES: u64 = outlay_domain::report::MAX_EXPENSES as u64;

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
    /// Whose it is, `mem_…`; the caller's own when absent. Finance and admins may enter reports for others.
    pub owner_id: Option<String>,
    /// Who is paid, `mem_…`; the owner when absent.
    pub payee_id: Option<String>,
    /// The cost centre of lines that name none; the owner's when absent.
    #[validate(custom(function = "checks::label"))]
    pub cost_centre: Option<String>,
    /// Its lines, at most 500.
    #[validate(length(max = "MAX_NEW_EXPENSES"), nested)]
    pub expenses: Option<Vec<ExpenseIn>>,
    /// Whether to submit it right away; false when absent.
    pub submit: Option<bool>,
}

/// A checked [`ReportIn`].
#[derive(Debug)]
pub struct ReportToCreate {
    /// What it is for.
    pub title: String,
    /// The currency it is claimed in.
    pub currency: Option<Currency>,
    /// Whose it is, when not the caller's.
    pub owner: Option<MemberId>,
    /// Who is paid.
    pub payee: Option<MemberId>,
    /// The cost centre of lines that name none.
    pub cost_centre: Option<String>,
    /// The lines.
    pub entries: Vec<Entry>,
    /// Whether to submit it right away.
    pub submit: bool,
}

impl ReportToCreate {
    /// The report, in the base currency unless it names another; taxes that were not said are the categories'.
    #[must_use]
    pub fn new_report(self, base: Currency, policy: &Policy, payee: Option<Member>) -> NewReport {
        NewReport {
            title: self.title,
            currency: self.currency.unwrap_or(base),
            payee,
            cost_centre: self.cost_centre,
            expenses: self.entries.into_iter().map(|entry| entry.facts(policy)).collect(),
        }
    }
}

impl Input for ReportIn {
    type Checked = ReportToCreate;

    fn check(self, now: Timestamp, faults: &mut Faults) -> Option<ReportToCreate> {
        let currency = self.currency.as_ref().and_then(|code| checks::currency(code, "currency", faults));
        let owner = self.owner_id.as_ref().and_then(|id| checks::member_id(id, "owner_id", faults));
        let payee = self.payee_id.as_ref().and_then(|id| checks::member_id(id, "payee_id", faults));
        let given = self.expenses.unwrap_or_default();
        let entries: Vec<_> = faults.at("expenses", |faults| {
            let line = |(at, line): (usize, ExpenseIn)| faults.at(&at.to_string(), |faults| line.check(now, faults));
            given.into_iter().enumerate().map(line).collect()
        });
        let entries: Option<Vec<_>> = entries.into_iter().collect();
        Some(ReportToCreate {
            title: checks::cleaned(&self.title),
            currency,
            owner,
            payee,
            cost_centre: checks::cleaned_option(self.cost_centre.as_deref()),
            entries: entries?,
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
    /// What he paid himself and does not get back: above a cap, or not granted by an approver.
    pub not_reimbursed: MoneyIo,
}

impl From<Totals> for TotalsOut {
    fn from(totals: Totals) -> Self {
        Self {
            total: totals.total.into(),
            tax: totals.tax.into(),
            net: totals.net.into(),
            reimbursable: totals.reimbursable.into(),
            not_reimbursed: totals.not_reimbursed.into(),
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

/// What a policy rule found.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Violation)]
pub struct ViolationOut {
    /// Stable name of the rule.
    #[schema(example = "day-limit")]
    pub rule: &'static str,
    /// The expenses of this report it was found on: one, or all that are counted together.
    pub expense_ids: Vec<String>,
    /// `warn`: approvers see it; `block`: the report cannot be submitted.
    pub severity: SeverityIo,
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
            expense_ids: violation.expense_ids.iter().map(ToString::to_string).collect(),
            severity: violation.severity.into(),
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
    /// Who decided.
    pub by: PersonOut,
    /// The approver he decided for, when he did so by delegation.
    pub on_behalf_of: Option<PersonOut>,
    /// When, RFC 3339 in UTC.
    #[schema(format = DateTime)]
    pub at: String,
    /// A comment, or the reason of a return or rejection.
    pub comment: Option<String>,
}

impl From<&Decision> for DecisionOut {
    fn from(decision: &Decision) -> Self {
        let on_behalf_of = decision.on_behalf_of.as_ref().map(Into::into);
        Self { by: (&decision.by).into(), on_behalf_of, at: time(decision.at), comment: decision.comment.clone() }
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
    /// How many of the approvers have to agree.
    pub mode: ModeIo,
    /// How many that are now: those who still have to agree.
    pub remaining: usize,
    /// Who is asked.
    pub approvers: Vec<PersonOut>,
    /// Why the step is there and why these people.
    pub reason: String,
    /// Until when the decision is due, once the step is pending.
    #[schema(format = Date)]
    pub due_on: Option<String>,
    /// Who is asked instead when it is overdue.
    pub escalates_to: Vec<PersonOut>,
    /// What was decided, in order.
    pub decisions: Vec<DecisionOut>,
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
            mode: step.mode.into(),
            remaining: if matches!(step.status, StepStatus::Waiting | StepStatus::Pending) {
                step.remaining()
            } else {
                0
            },
            approvers: step.approvers.iter().map(Into::into).collect(),
            reason: step.reason.clone(),
            due_on: step.due_on.map(|due| due.to_string()),
            escalates_to: step.escalates_to.iter().map(Into::into).collect(),
            decisions: step.decisions.iter().map(Into::into).collect(),
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
    /// Who entered it on the owner's behalf.
    pub entered_by: Option<PersonOut>,
    /// Who is paid, when that is not the owner.
    pub payee: Option<PersonOut>,
    /// The cost centre of lines that name none.
    pub cost_centre: Option<String>,
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
            entered_by: report.entered_by.as_ref().map(Into::into),
            payee: report.payee.as_ref().map(Into::into),
            cost_centre: report.cost_centre.clone(),
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
