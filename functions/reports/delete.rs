//! `DELETE /v1/orgs/{org}/reports/{report}`: the owner throws away a draft that was never submitted.

use outlay_domain::change::delete;
use outlay_domain::permission::Delete;
use outlay_edge::api::common::{IfMatch, NoBody, Problems, ReportPath};
use outlay_edge::{Call, Desk, Outcome, Precondition};

/// Delete a draft.
///
/// For its owner, or who entered it for him, before it is submitted for the first time. Its history stays in the table.
#[utoipa::path(delete, path = "/v1/orgs/{org}/reports/{report}", operation_id = "reportsDelete", tag = "reports",
    params(ReportPath, IfMatch), responses((status = 204, description = "Gone."), Problems))]
async fn handler(call: Call) -> Outcome {
    let desk = Desk::open::<Delete>(call, Precondition::Optional).await?;
    desk.input::<NoBody>()?;
    let permit = desk.permit::<Delete>()?;
    desk.commit(delete(permit, desk.call().now())?).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    outlay_edge::boot::serve(handler).await
}
