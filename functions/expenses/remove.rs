//! `DELETE /v1/orgs/{org}/reports/{report}/expenses/{expense}`: the owner removes a line from his report.

use outlay_domain::change::remove_expense;
use outlay_domain::permission::Edit;
use outlay_edge::api::common::{ExpensePath, IfMatch, NoBody, Problems};
use outlay_edge::api::report::ReportOut;
use outlay_edge::{Call, Desk, Outcome, Precondition};

/// Remove an expense.
///
/// For the owner, while the report is a draft or returned. The history keeps what it was. The answer is the report.
#[utoipa::path(delete, path = "/v1/orgs/{org}/reports/{report}/expenses/{expense}", operation_id = "expensesRemove",
    tag = "expenses", params(ExpensePath, IfMatch),
    responses((status = 200, description = "Removed.", body = ReportOut), Problems))]
async fn handler(call: Call) -> Outcome {
    let id = call.id("expense")?;
    let desk = Desk::open::<Edit>(call, Precondition::Optional).await?;
    desk.input::<NoBody>()?;
    let permit = desk.permit::<Edit>()?;
    desk.commit(remove_expense(permit, id, desk.call().now())?).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    outlay_edge::boot::serve(handler).await
}
