//! `POST /v1/orgs/{org}/reports/{report}/reject`: an approver refuses the report for good, with a reason.

use outlay_domain::change::reject;
use outlay_domain::permission::Decide;
use outlay_edge::api::common::{IdempotencyKey, IfMatchRequired, Problems, ReasonIn, ReportPath};
use outlay_edge::api::report::ReportOut;
use outlay_edge::{Call, Desk, Outcome, Precondition};

/// Reject a report.
///
/// For the approvers of the pending step and their delegates. The owner is told why by e-mail. This is final; to have it changed, return it.
#[utoipa::path(post, path = "/v1/orgs/{org}/reports/{report}/reject", operation_id = "reportsReject", tag = "decisions",
    params(ReportPath, IdempotencyKey, IfMatchRequired), request_body = ReasonIn,
    responses((status = 200, description = "Rejected.", body = ReportOut), Problems))]
async fn handler(call: Call) -> Outcome {
    let desk = Desk::open::<Decide>(call, Precondition::Required).await?;
    let reason = desk.input::<ReasonIn>()?;
    let permit = desk.permit::<Decide>()?;
    desk.commit(reject(permit, reason, desk.call().now())).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    outlay_edge::boot::serve(handler).await
}
