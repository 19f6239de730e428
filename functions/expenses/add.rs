//! `POST /v1/orgs/{org}/reports/{report}/expenses`: adds an expense to a report.

use outlay_api::common::ReportPath;
use outlay_api::expense::ExpenseIn;
use outlay_api::report::{ReportOut, ReportReplies};
use outlay_domain::change::add_expense;
use outlay_domain::expense::ExpenseFacts;
use outlay_domain::permission::Edit;
use outlay_domain::policy::Policy;
use outlay_http::prelude::*;

#[derive(Debug)]
struct AddExpense;

impl Endpoint for AddExpense {
    type Target = OnReport<Edit>;
    type Preload = Policy;
    type Query = NoQuery;
    type Body = ExpenseIn;
    type Resource = ();
    const COST: RequestClass = RequestClass::Write;
    const IDEMPOTENCY: Idempotency = Idempotency::Required;
    const PRECONDITION: Precondition = Precondition::Accepted;
    const DAILY_QUOTA: DailyQuotaOf<Self> = |_| None;
    const OTHER_PROBLEMS: &'static [ProblemType] = &[];
}

/// Add an expense.
///
/// Allowed for the report's owner and preparer, unless the report is rejected. A foreign amount is converted at
/// the exchange rate of its day, or else the latest earlier rate. On a submitted or approved report, approval
/// starts again. The answer is the report.
#[utoipa::path(
    post,
    path = "/v1/orgs/{org}/reports/{report}/expenses",
    operation_id = "expensesAdd",
    tag = "expenses",
    params(ReportPath, Declared<AddExpense>),
    request_body = ExpenseIn,
    responses((status = 200, description = "Added.", body = ReportOut), Declared<AddExpense>)
)]
async fn handler(context: Context<'_, AddExpense>, facts: ExpenseFacts) -> HandlerResult {
    let policy = &context.preloaded;
    let facts = facts.with_default_taxes(policy, context.report().base_total.currency());
    let rates = queries::rates_for(context.store(), context.report(), std::slice::from_ref(&facts)).await?;
    let edit = add_expense(context.permit, facts, &rates, &mut context.ids(), context.now())?;
    context.commit_edit(edit, policy).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
