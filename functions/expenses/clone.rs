//! `POST /v1/orgs/{org}/reports/{report}/expenses/{expense}/clone`: the owner adds a line like one that is there.

use jiff::civil::Date;
use outlay_domain::change::clone_expense;
use outlay_domain::expense::ExpenseFacts;
use outlay_domain::permission::Edit;
use outlay_edge::api::common::{ExpensePath, IdempotencyKeyRequired, IfMatch, Problems};
use outlay_edge::api::report::ReportOut;
use outlay_edge::call::Input;
use outlay_edge::{Call, Desk, Faults, Outcome, Precondition, Problem, checks, loads};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

/// What differs; may be left out.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct ExpenseCloneIn {
    /// The day of the new line; that of the old one when absent.
    #[schema(format = Date)]
    date: Option<String>,
}

impl Input for ExpenseCloneIn {
    type Checked = Option<Date>;

    fn check(self, now: jiff::Timestamp, faults: &mut Faults) -> Option<Self::Checked> {
        Some(self.date.and_then(|date| checks::spending_day(&date, "date", now, faults)))
    }
}

/// Clone an expense.
///
/// For the owner, or who entered the report for him. Receipt and justification are not taken over: they belong to the first line. A
/// report that is past draft goes back through approval. The answer is the report.
#[utoipa::path(post, path = "/v1/orgs/{org}/reports/{report}/expenses/{expense}/clone", operation_id = "expensesClone",
    tag = "expenses", params(ExpensePath, IdempotencyKeyRequired, IfMatch), request_body = Option<ExpenseCloneIn>,
    responses((status = 200, description = "Added.", body = ReportOut), Problems))]
async fn handler(call: Call) -> Outcome {
    let (desk, policy) = Desk::open_with_policy::<Edit>(call, Precondition::Optional).await?;
    let id = desk.call().id("expense")?;
    desk.call().demand_key()?;
    let date = desk.input::<ExpenseCloneIn>()?;
    let permit = desk.permit::<Edit>()?;
    let current = desk.report.expense(id).ok_or_else(Problem::not_found)?.facts.clone();
    let lines = [ExpenseFacts { date: date.unwrap_or(current.date), ..current }];
    let (rates, grounds) = tokio::try_join!(desk.rates(&lines), desk.grounds_to_edit(policy, &lines))?;
    let call = desk.call();
    let change = loads::decide_edit(call.store(), grounds, |rules| {
        clone_expense(permit, id, date, &rates, rules, &mut call.seed(), call.now())
    });
    desk.commit(change.await?).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    outlay_edge::boot::serve(handler).await
}
