//! `POST /v1/orgs/{org}/reports/{report}/return`: an approver, or finance, sends the report back to its owner, with a reason.

use outlay_domain::change::return_to_owner;
use outlay_domain::permission::Return;
use outlay_edge::api::common::{IdempotencyKey, IfMatchRequired, Problems, ReasonIn, ReportPath};
use outlay_edge::api::report::ReportOut;
use outlay_edge::{Call, Desk, Outcome, Precondition};

/// Return a report.
///
/// For the approvers of the pending step and their delegates; for finance and admins, when the report is approved and not yet paid.
/// The owner is told why by e-mail, may change the report and submit it again.
#[utoipa::path(post, path = "/v1/orgs/{org}/reports/{report}/return", operation_id = "reportsReturn", tag = "decisions",
    params(ReportPath, IdempotencyKey, IfMatchRequired), request_body = ReasonIn,
    responses((status = 200, description = "Back with its owner.", body = ReportOut), Problems))]
async fn handler(call: Call) -> Outcome {
    let desk = Desk::open::<Return>(call, Precondition::Required).await?;
    let reason = desk.input::<ReasonIn>()?;
    let permit = desk.permit::<Return>()?;
    desk.commit(return_to_owner(permit, reason, desk.call().now())).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    outlay_edge::boot::serve(handler).await
}
