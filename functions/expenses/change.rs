//! `PATCH /v1/orgs/{org}/reports/{report}/expenses/{expense}`: the owner changes a line of his report.

use outlay_domain::change::change_expense;
use outlay_domain::permission::Edit;
use outlay_edge::api::common::{ExpensePath, IfMatch, Problems};
use outlay_edge::api::expense::ExpensePatch;
use outlay_edge::api::report::ReportOut;
use outlay_edge::{Call, Desk, Outcome, Precondition, Problem, loads};

/// Change an expense.
///
/// For the owner, or who entered the report for him. Fields left out stay; optional ones set to null are removed. On a report that is
/// past draft, a change of note, justification or attendees leaves approval as it is; any other puts the report back through it. The
/// answer is the report.
#[utoipa::path(patch, path = "/v1/orgs/{org}/reports/{report}/expenses/{expense}", operation_id = "expensesChange",
    tag = "expenses", params(ExpensePath, IfMatch), request_body = ExpensePatch,
    responses((status = 200, description = "Changed.", body = ReportOut), Problems))]
async fn handler(call: Call) -> Outcome {
    let (desk, policy) = Desk::open_with_policy::<Edit>(call, Precondition::Optional).await?;
    let id = desk.call().id("expense")?;
    let change = desk.input::<ExpensePatch>()?;
    let current = desk.report.expense(id).ok_or_else(Problem::not_found)?.facts.clone();
    let permit = desk.permit::<Edit>()?;
    let facts = change.over(&current, &policy).map_err(Problem::invalid)?;
    if current == facts {
        return desk.unchanged();
    }
    let lines = std::slice::from_ref(&facts);
    let (rates, grounds) = tokio::try_join!(desk.rates(lines), desk.grounds_to_edit(policy, lines))?;
    let call = desk.call();
    let change = loads::decide_edit(call.store(), grounds, |rules| {
        change_expense(permit, id, facts.clone(), &rates, rules, call.now())
    });
    desk.commit(change.await?).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    outlay_edge::boot::serve(handler).await
}
