//! `POST /v1/orgs/{org}/reports/{report}/comments`: somebody who sees a report says something about it.

use outlay_domain::change::comment;
use outlay_domain::permission::Comment;
use outlay_edge::api::common::{IdempotencyKeyRequired, IfMatch, Problems, ReportPath};
use outlay_edge::api::report::ReportOut;
use outlay_edge::call::Input;
use outlay_edge::{Call, Desk, Faults, Outcome, Precondition, checks};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

/// What is said.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct CommentIn {
    /// 1 to 2000 characters; it stays in the history for good.
    #[validate(custom(function = "checks::long_text"))]
    #[schema(example = "Two of us shared the taxi.")]
    text: String,
}

impl Input for CommentIn {
    type Checked = String;

    fn check(self, _: jiff::Timestamp, _: &mut Faults) -> Option<String> {
        Some(checks::cleaned(&self.text))
    }
}

/// Comment on a report.
///
/// For whoever may read it, but auditors; it is read in the history. The report's version grows with it, so that nobody decides
/// without having had the chance to read it.
#[utoipa::path(post, path = "/v1/orgs/{org}/reports/{report}/comments", operation_id = "reportsComment", tag = "reports",
    params(ReportPath, IdempotencyKeyRequired, IfMatch), request_body = CommentIn,
    responses((status = 200, description = "Said.", body = ReportOut), Problems))]
async fn handler(call: Call) -> Outcome {
    let desk = Desk::open::<Comment>(call, Precondition::Optional).await?;
    desk.call().demand_key()?;
    let text = desk.input::<CommentIn>()?;
    let permit = desk.permit::<Comment>()?;
    desk.commit(comment(permit, text, desk.call().now())).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    outlay_edge::boot::serve(handler).await
}
