//! `POST /v1/orgs/{org}/reports/{report}/expenses/{expense}/clone`: adds a copy of an expense to the same report.

use jiff::civil::Date;
use outlay_api::common::ExpensePath;
use outlay_api::report::{ReportOut, ReportReplies};
use outlay_domain::change::clone_expense;
use outlay_domain::expense::ExpenseFacts;
use outlay_domain::permission::Edit;
use outlay_domain::policy::Policy;
use outlay_http::prelude::*;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

/// Changes to the copy; the body may be left out.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct ExpenseCloneIn {
    /// Date of the new expense; that of the original when absent.
    #[schema(format = Date)]
    date: Option<String>,
}

impl Input for ExpenseCloneIn {
    type Checked = Option<Date>;

    fn check(self, now: jiff::Timestamp, errors: &mut FieldErrors) -> Option<Self::Checked> {
        parse::optional(self.date, |date| errors.parse_expense_date("date", date, now))
    }
}

#[derive(Debug)]
struct CloneExpense;

impl Endpoint for CloneExpense {
    type Target = OnReport<Edit>;
    type Preload = Policy;
    type Query = NoQuery;
    type Body = Option<ExpenseCloneIn>;
    type Resource = ();
    const COST: RequestClass = RequestClass::Write;
    const IDEMPOTENCY: Idempotency = Idempotency::Required;
    const PRECONDITION: Precondition = Precondition::Accepted;
    const DAILY_QUOTA: DailyQuotaOf<Self> = |_| None;
    const OTHER_PROBLEMS: &'static [ProblemType] = &[];
}

/// Clone an expense.
///
/// Allowed for the report's owner and preparer, unless the report is rejected. Receipts and justification are not
/// copied: they belong to the original. On a submitted or approved report, approval starts again. The answer is
/// the report.
#[utoipa::path(
    post,
    path = "/v1/orgs/{org}/reports/{report}/expenses/{expense}/clone",
    operation_id = "expensesClone",
    tag = "expenses",
    params(ExpensePath, Declared<CloneExpense>),
    request_body = Option<ExpenseCloneIn>,
    responses((status = 200, description = "Cloned.", body = ReportOut), Declared<CloneExpense>)
)]
async fn handler(context: Context<'_, CloneExpense>, date: Option<Date>) -> HandlerResult {
    let (report, expense_id) = (context.report(), context.path_id("expense")?);
    let original = report.expense(expense_id).ok_or_else(Problem::not_found)?.facts.clone();
    let copy = ExpenseFacts { date: date.unwrap_or(original.date), ..original };
    let rates = queries::rates_for(context.store(), report, &[copy]).await?;
    let edit = clone_expense(context.permit, expense_id, date, &rates, &mut context.ids(), context.now())?;
    context.commit_edit(edit, &context.preloaded).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
