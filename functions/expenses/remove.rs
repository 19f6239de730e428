//! `DELETE /v1/orgs/{org}/reports/{report}/expenses/{expense}`: removes an expense from a report.

use outlay_api::common::ExpensePath;
use outlay_api::report::{ReportOut, ReportReplies};
use outlay_domain::change::remove_expense;
use outlay_domain::permission::Edit;
use outlay_domain::policy::Policy;
use outlay_http::prelude::*;

#[derive(Debug)]
struct RemoveExpense;

impl Endpoint for RemoveExpense {
    type Target = OnReport<Edit>;
    type Preload = Policy;
    type Query = NoQuery;
    type Body = Option<EmptyObject>;
    type Resource = ();
    const COST: RequestClass = RequestClass::Write;
    const IDEMPOTENCY: Idempotency = Idempotency::Accepted;
    const PRECONDITION: Precondition = Precondition::Accepted;
    const DAILY_QUOTA: DailyQuotaOf<Self> = |()| None;
    const OTHER_PROBLEMS: &'static [ProblemType] = &[];
}

/// Remove an expense.
///
/// Allowed for the report's owner and preparer, unless the report is rejected. The history keeps the amount of
/// the expense. On a submitted or approved report, approval starts again. The answer is the report.
#[utoipa::path(
    delete,
    path = "/v1/orgs/{org}/reports/{report}/expenses/{expense}",
    operation_id = "expensesRemove",
    tag = "expenses",
    params(ExpensePath, Declared<RemoveExpense>),
    responses((status = 200, description = "Removed.", body = ReportOut), Declared<RemoveExpense>)
)]
async fn handler(context: Context<'_, RemoveExpense>) -> HandlerResult {
    let edit = remove_expense(context.permit, context.path_id("expense")?, context.now())?;
    context.commit_edit(edit, &context.preloaded).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
