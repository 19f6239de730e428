//! `PATCH /v1/orgs/{org}/reports/{report}/expenses/{expense}`: updates an expense of a report.

use outlay_api::common::ExpensePath;
use outlay_api::expense::{ExpensePatchIn, require_refund};
use outlay_api::report::{ReportOut, ReportReplies};
use outlay_api::tax::push_tax_error;
use outlay_domain::change::update_expense;
use outlay_domain::expense::ExpensePatch;
use outlay_domain::permission::Edit;
use outlay_domain::policy::Policy;
use outlay_domain::tax::StatedTaxes;
use outlay_http::prelude::*;

#[derive(Debug)]
struct UpdateExpense;

impl Endpoint for UpdateExpense {
    type Target = OnReport<Edit>;
    type Preload = Policy;
    type Query = NoQuery;
    type Body = ExpensePatchIn;
    type Resource = ();
    const COST: RequestClass = RequestClass::Write;
    const IDEMPOTENCY: Idempotency = Idempotency::Accepted;
    const PRECONDITION: Precondition = Precondition::Accepted;
    const DAILY_QUOTA: DailyQuotaOf<Self> = |_| None;
    const OTHER_PROBLEMS: &'static [ProblemType] = &[];
}

/// Update an expense.
///
/// Allowed for the report's owner and preparer, unless the report is rejected. A field left out keeps its value;
/// null removes an optional one. On a submitted or approved report, approval starts again, unless only note,
/// justification or attendees change. The answer is the report.
#[utoipa::path(
    patch,
    path = "/v1/orgs/{org}/reports/{report}/expenses/{expense}",
    operation_id = "expensesUpdate",
    tag = "expenses",
    params(ExpensePath, Declared<UpdateExpense>),
    request_body = ExpensePatchIn,
    responses((status = 200, description = "Updated.", body = ReportOut), Declared<UpdateExpense>)
)]
async fn handler(context: Context<'_, UpdateExpense>, patch: ExpensePatch) -> HandlerResult {
    let (report, policy) = (context.report(), &context.preloaded);
    let expense_id = context.path_id("expense")?;
    let current = report.expense(expense_id).ok_or_else(Problem::not_found)?.facts.clone();
    let amount = patch.amount.unwrap_or(current.amount);
    let is_sum = !matches!(patch.taxes.clone().apply(current.stated_taxes()), Some(StatedTaxes::Each(_)));
    let facts = patch.apply(&current, policy, report.base_total.currency()).map_err(|error| {
        let mut errors = FieldErrors::default();
        push_tax_error(amount, is_sum, error, &mut errors);
        errors
    })?;
    let mut errors = FieldErrors::default();
    require_refund(Some(facts.amount), facts.refund_of, &mut errors);
    errors.into_result()?;
    if current == facts {
        return context.unchanged(policy).await;
    }
    let rates = queries::rates_for(context.store(), report, std::slice::from_ref(&facts)).await?;
    let edit = update_expense(context.permit, expense_id, facts, &rates, context.now())?;
    context.commit_edit(edit, policy).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
