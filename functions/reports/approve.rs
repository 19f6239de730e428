//! `POST /v1/orgs/{org}/reports/{report}/approve`: an approver agrees with the version he has seen.

use outlay_domain::change::approve;
use outlay_domain::permission::Decide;
use outlay_edge::api::common::{IdempotencyKey, IfMatchRequired, Problems, ReportPath};
use outlay_edge::api::report::ReportOut;
use outlay_edge::call::Input;
use outlay_edge::{Call, Desk, Faults, Outcome, Precondition, checks};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

/// What the approver says; may be left out.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct ApprovalIn {
    /// A word to the owner; at most 2000 characters.
    #[validate(custom(function = "checks::long_text"))]
    comment: Option<String>,
}

impl Input for ApprovalIn {
    type Checked = Option<String>;

    fn check(self, _: jiff::Timestamp, _: &mut Faults) -> Option<Self::Checked> {
        Some(checks::cleaned_option(self.comment.as_deref()))
    }
}

/// Approve a report.
///
/// For the approvers of the pending step; never for its owner, whatever his role. The next step's approvers are told by
/// e-mail, or after the last step the owner is.
#[utoipa::path(post, path = "/v1/orgs/{org}/reports/{report}/approve", operation_id = "reportsApprove", tag = "decisions",
    params(ReportPath, IdempotencyKey, IfMatchRequired), request_body = Option<ApprovalIn>,
    responses((status = 200, description = "Approved at this step.", body = ReportOut), Problems))]
async fn handler(call: Call) -> Outcome {
    let desk = Desk::open::<Decide>(call, Precondition::Required).await?;
    let comment = desk.input::<ApprovalIn>()?;
    let permit = desk.permit::<Decide>()?;
    desk.commit(approve(permit, comment, desk.call().now())).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    outlay_edge::boot::serve(handler).await
}
