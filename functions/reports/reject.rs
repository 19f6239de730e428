//! `POST /v1/orgs/{org}/reports/{report}/reject`: rejects a report for good, with a reason.

use outlay_api::common::{ReasonIn, ReportPath};
use outlay_api::report::{ReportOut, ReportReplies};
use outlay_domain::change::reject;
use outlay_domain::permission::Decide;
use outlay_domain::text::Note;
use outlay_http::prelude::*;

#[derive(Debug)]
struct RejectReport;

impl Endpoint for RejectReport {
    type Target = OnReport<Decide>;
    type Preload = ();
    type Query = NoQuery;
    type Body = ReasonIn;
    type Resource = ();
    const COST: RequestClass = RequestClass::Write;
    const IDEMPOTENCY: Idempotency = Idempotency::Accepted;
    const PRECONDITION: Precondition = Precondition::Required;
    const DAILY_QUOTA: DailyQuotaOf<Self> = |_| None;
    const OTHER_PROBLEMS: &'static [ProblemType] = &[];
}

/// Reject a report.
///
/// Allowed for the approvers of the pending step and their active delegates, up to their approval limit.
/// Rejection is final; to ask for changes, return the report instead. The owner gets an e-mail with the reason.
#[utoipa::path(
    post,
    path = "/v1/orgs/{org}/reports/{report}/reject",
    operation_id = "reportsReject",
    tag = "decisions",
    params(ReportPath, Declared<RejectReport>),
    request_body = ReasonIn,
    responses((status = 200, description = "Rejected.", body = ReportOut), Declared<RejectReport>)
)]
async fn handler(context: Context<'_, RejectReport>, reason: Note) -> HandlerResult {
    context.commit_report(reject(context.permit, reason, context.now())).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
