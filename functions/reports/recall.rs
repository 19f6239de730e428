//! `POST /v1/orgs/{org}/reports/{report}/recall`: the owner takes a submitted report back to draft.

use outlay_domain::change::recall;
use outlay_domain::permission::Recall;
use outlay_edge::api::common::{IdempotencyKey, IfMatch, NoBody, Problems, ReportPath};
use outlay_edge::api::report::ReportOut;
use outlay_edge::{Call, Desk, Outcome, Precondition};

/// Recall a report.
///
/// For its owner, or who entered it for him, while it is submitted. Its approvers are no longer asked.
#[utoipa::path(post, path = "/v1/orgs/{org}/reports/{report}/recall", operation_id = "reportsRecall", tag = "reports",
    params(ReportPath, IdempotencyKey, IfMatch), request_body = Option<NoBody>,
    responses((status = 200, description = "A draft again.", body = ReportOut), Problems))]
async fn handler(call: Call) -> Outcome {
    let desk = Desk::open::<Recall>(call, Precondition::Optional).await?;
    desk.input::<NoBody>()?;
    let permit = desk.permit::<Recall>()?;
    desk.commit(recall(permit, desk.call().now())?).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    outlay_edge::boot::serve(handler).await
}
