//! `POST /v1/orgs/{org}/reports/{report}/submit`: the owner sends the report to its approvers.

use outlay_domain::change::submit;
use outlay_domain::permission::Submit;
use outlay_edge::api::common::{IdempotencyKey, IfMatch, NoBody, Problems, ReportPath};
use outlay_edge::api::report::ReportOut;
use outlay_edge::{Call, Desk, Outcome, Precondition, loads};

/// Submit a report.
///
/// For its owner. The policy in force judges each line, the workflow makes the route, and the first approvers are told by
/// e-mail. The answer is the confirmation. A finding that blocks is a 422 which names the line and what to do.
#[utoipa::path(post, path = "/v1/orgs/{org}/reports/{report}/submit", operation_id = "reportsSubmit", tag = "reports",
    params(ReportPath, IdempotencyKey, IfMatch), request_body = Option<NoBody>,
    responses((status = 200, description = "Submitted.", body = ReportOut), Problems))]
async fn handler(call: Call) -> Outcome {
    let desk = Desk::open::<Submit>(call, Precondition::Optional).await?;
    desk.input::<NoBody>()?;
    let permit = desk.permit::<Submit>()?;
    let (policy, people) = loads::rules(desk.call().store(), desk.report.org, desk.caller.member.manager_id).await?;
    desk.commit(submit(permit, &policy, &people, desk.call().now())?).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    outlay_edge::boot::serve(handler).await
}
