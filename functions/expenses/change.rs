//! `PATCH /v1/orgs/{org}/reports/{report}/expenses/{expense}`: the owner changes a line of his report.

use outlay_domain::change::change_expense;
use outlay_domain::permission::Edit;
use outlay_edge::api::common::{ExpensePath, IfMatch, Problems};
use outlay_edge::api::expense::ExpensePatch;
use outlay_edge::api::report::ReportOut;
use outlay_edge::{Call, Desk, Outcome, Precondition, Problem, loads};

/// Change an expense.
///
/// For the owner, while the report is a draft or returned. Fields left out stay; optional ones set to null are removed. The
/// line is converted anew. The answer is the report.
#[utoipa::path(patch, path = "/v1/orgs/{org}/reports/{report}/expenses/{expense}", operation_id = "expensesChange",
    tag = "expenses", params(ExpensePath, IfMatch), request_body = ExpensePatch,
    responses((status = 200, description = "Changed.", body = ReportOut), Problems))]
async fn handler(call: Call) -> Outcome {
    let id = call.id("expense")?;
    let desk = Desk::open::<Edit>(call, Precondition::Optional).await?;
    let change = desk.input::<ExpensePatch>()?;
    let current = desk.report.expense(id).ok_or_else(Problem::not_found)?.facts.clone();
    let permit = desk.permit::<Edit>()?;
    let facts = change.over(current).map_err(Problem::invalid)?;
    let (store, report) = (desk.call().store(), &desk.report);
    let lines = std::slice::from_ref(&facts);
    let rates = loads::rates(store, report.org, report.base_total.currency(), report.currency, lines).await?;
    let change = change_expense(permit, id, facts, &rates, desk.call().now())?;
    if change.after.expenses == desk.report.expenses {
        return desk.unchanged();
    }
    desk.commit(change).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    outlay_edge::boot::serve(handler).await
}
