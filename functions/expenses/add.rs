//! `POST /v1/orgs/{org}/reports/{report}/expenses`: the owner adds a line to his report.

use outlay_domain::change::add_expense;
use outlay_domain::permission::Edit;
use outlay_edge::api::common::{IdempotencyKeyRequired, IfMatch, Problems, ReportPath};
use outlay_edge::api::expense::ExpenseIn;
use outlay_edge::api::report::ReportOut;
use outlay_edge::{Call, Desk, Outcome, Precondition, loads};

/// Add an expense.
///
/// For the owner, or who entered the report for him. A line in another currency is converted by the rate of its day or the last
/// earlier one. A report that is past draft goes back through approval. The answer is the report.
#[utoipa::path(post, path = "/v1/orgs/{org}/reports/{report}/expenses", operation_id = "expensesAdd", tag = "expenses",
    params(ReportPath, IdempotencyKeyRequired, IfMatch), request_body = ExpenseIn,
    responses((status = 200, description = "Added.", body = ReportOut), Problems))]
async fn handler(call: Call) -> Outcome {
    let (desk, policy) = Desk::open_with_policy::<Edit>(call, Precondition::Optional).await?;
    desk.call().demand_key()?;
    let facts = desk.input::<ExpenseIn>()?.facts(&policy);
    let permit = desk.permit::<Edit>()?;
    let lines = std::slice::from_ref(&facts);
    let (rates, grounds) = tokio::try_join!(desk.rates(lines), desk.grounds_to_edit(policy, lines))?;
    let call = desk.call();
    let change = loads::decide_edit(call.store(), grounds, |rules| {
        add_expense(permit, facts.clone(), &rates, rules, &mut call.seed(), call.now())
    });
    desk.commit(change.await?).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    outlay_edge::boot::serve(handler).await
}
