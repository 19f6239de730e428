//! `DELETE /v1/orgs/{org}/reports/{report}/expenses/{expense}`: the owner removes a line from his report.

use outlay_domain::change::remove_expense;
use outlay_domain::permission::Edit;
use outlay_edge::api::common::{ExpensePath, IfMatch, NoBody, Problems};
use outlay_edge::api::report::ReportOut;
use outlay_edge::{Call, Desk, Outcome, Precondition, loads};

/// Remove an expense.
///
/// For the owner, or who entered the report for him. A report that is past draft goes back through approval. The history keeps what
/// the line was worth. The answer is the report.
#[utoipa::path(delete, path = "/v1/orgs/{org}/reports/{report}/expenses/{expense}", operation_id = "expensesRemove",
    tag = "expenses", params(ExpensePath, IfMatch),
    responses((status = 200, description = "Removed.", body = ReportOut), Problems))]
async fn handler(call: Call) -> Outcome {
    let (desk, policy) = Desk::open_with_policy::<Edit>(call, Precondition::Optional).await?;
    let id = desk.call().id("expense")?;
    desk.input::<NoBody>()?;
    let permit = desk.permit::<Edit>()?;
    let grounds = desk.grounds_to_edit(policy, &[]).await?;
    let call = desk.call();
    let change = loads::decide_edit(call.store(), grounds, |rules| remove_expense(permit, id, rules, call.now()));
    desk.commit(change.await?).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    outlay_edge::boot::serve(handler).await
}
