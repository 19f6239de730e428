//! `POST /v1/orgs/{org}/reports/{report}/submit`: the owner sends the report to its approvers.

use outlay_domain::change::submit;
use outlay_domain::permission::Submit;
use outlay_edge::api::common::{IdempotencyKey, IfMatch, NoBody, Problems, ReportPath};
use outlay_edge::api::report::ReportOut;
use outlay_edge::daily::{Daily, allow};
use outlay_edge::{Call, Desk, Outcome, Precondition, loads};

/// Submit a report.
///
/// For its owner, or who entered it for him. The policy in force judges the lines, the workflow makes the route, and the first
/// approvers are told by e-mail. The answer is the confirmation. A finding that blocks is a 422 which names the line and what to do.
#[utoipa::path(post, path = "/v1/orgs/{org}/reports/{report}/submit", operation_id = "reportsSubmit", tag = "reports",
    params(ReportPath, IdempotencyKey, IfMatch), request_body = Option<NoBody>,
    responses((status = 200, description = "Submitted, or approved at once where the policy says so.", body = ReportOut), Problems))]
async fn handler(call: Call) -> Outcome {
    let (desk, policy) = Desk::open_with_policy::<Submit>(call, Precondition::Optional).await?;
    desk.input::<NoBody>()?;
    let permit = desk.permit::<Submit>()?;
    let grounds = desk.grounds(policy, &[]).await?;
    let call = desk.call();
    let change = loads::decide(call.store(), grounds, |rules| submit(permit, rules, call.now())).await?;
    allow(call, Daily::Submission).await?;
    desk.commit(change).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    outlay_edge::boot::serve(handler).await
}
