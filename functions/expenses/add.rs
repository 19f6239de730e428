//! `POST /v1/orgs/{org}/reports/{report}/expenses`: the owner adds a line to his report.

use outlay_domain::change::add_expense;
use outlay_domain::permission::Edit;
use outlay_edge::api::common::{IdempotencyKey, IfMatch, Problems, ReportPath};
use outlay_edge::api::expense::ExpenseIn;
use outlay_edge::api::report::ReportOut;
use outlay_edge::{Call, Desk, Outcome, Precondition, loads};

/// Add an expense.
///
/// For the owner, while the report is a draft or returned. A line in another currency is converted by the rate of its day or
/// the last earlier one. The answer is the report.
#[utoipa::path(post, path = "/v1/orgs/{org}/reports/{report}/expenses", operation_id = "expensesAdd", tag = "expenses",
    params(ReportPath, IdempotencyKey, IfMatch), request_body = ExpenseIn,
    responses((status = 200, description = "Added.", body = ReportOut), Problems))]
async fn handler(call: Call) -> Outcome {
    let desk = Desk::open::<Edit>(call, Precondition::Optional).await?;
    let facts = desk.input::<ExpenseIn>()?;
    let permit = desk.permit::<Edit>()?;
    let (store, report) = (desk.call().store(), &desk.report);
    let lines = std::slice::from_ref(&facts);
    let rates = loads::rates(store, report.org, report.base_total.currency(), report.currency, lines).await?;
    desk.commit(add_expense(permit, facts, &rates, &mut desk.call().seed(), desk.call().now())?).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    outlay_edge::boot::serve(handler).await
}
