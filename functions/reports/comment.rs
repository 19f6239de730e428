//! `POST /v1/orgs/{org}/reports/{report}/comments`: adds a comment to the history of a report.

use outlay_api::common::ReportPath;
use outlay_api::report::{ReportOut, ReportReplies};
use outlay_domain::change::comment_on_report;
use outlay_domain::permission::Comment;
use outlay_domain::text::Note;
use outlay_http::prelude::*;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

/// Comment on a report.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct CommentIn {
    /// Text; 1 to 2000 characters. It cannot be changed or deleted.
    #[schema(example = "Two of us shared the taxi.")]
    text: String,
}

impl Input for CommentIn {
    type Checked = Note;

    fn check(self, _: jiff::Timestamp, errors: &mut FieldErrors) -> Option<Note> {
        errors.parse("text", self.text)
    }
}

#[derive(Debug)]
struct CommentOnReport;

impl Endpoint for CommentOnReport {
    type Target = OnReport<Comment>;
    type Preload = ();
    type Query = NoQuery;
    type Body = CommentIn;
    type Resource = ();
    const COST: RequestClass = RequestClass::Write;
    const IDEMPOTENCY: Idempotency = Idempotency::Required;
    const PRECONDITION: Precondition = Precondition::Accepted;
    const DAILY_QUOTA: DailyQuotaOf<Self> = |_| None;
    const OTHER_PROBLEMS: &'static [ProblemType] = &[];
}

/// Comment on a report.
///
/// Allowed for every member who can read the report, except auditors. The comment appears in the history and,
/// among the latest ten, in the report. Owner, preparer, the approvers who are yet to decide and earlier commenters
/// receive an e-mail, except the author. The version of the report stays: an approver can decide on the version that
/// they have seen.
#[utoipa::path(
    post,
    path = "/v1/orgs/{org}/reports/{report}/comments",
    operation_id = "reportsComment",
    tag = "reports",
    params(ReportPath, Declared<CommentOnReport>),
    request_body = CommentIn,
    responses((status = 200, description = "Comment added.", body = ReportOut), Declared<CommentOnReport>)
)]
async fn handler(context: Context<'_, CommentOnReport>, text: Note) -> HandlerResult {
    context.commit_report(comment_on_report(context.permit, text, context.now())).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
