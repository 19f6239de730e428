//! `POST /v1/orgs/{org}/reports/{report}/recall`: takes a submitted report back to draft.

use outlay_api::common::ReportPath;
use outlay_api::report::{ReportOut, ReportReplies};
use outlay_domain::change::recall;
use outlay_domain::permission::Recall;
use outlay_http::prelude::*;

#[derive(Debug)]
struct RecallReport;

impl Endpoint for RecallReport {
    type Target = OnReport<Recall>;
    type Preload = ();
    type Query = NoQuery;
    type Body = Option<EmptyObject>;
    type Resource = ();
    const COST: RequestClass = RequestClass::Write;
    const IDEMPOTENCY: Idempotency = Idempotency::Accepted;
    const PRECONDITION: Precondition = Precondition::Accepted;
    const DAILY_QUOTA: DailyQuotaOf<Self> = |()| None;
    const OTHER_PROBLEMS: &'static [ProblemType] = &[];
}

/// Recall a submitted report.
///
/// Allowed for the report's owner and preparer. The report becomes a draft again, without approval steps and
/// decisions.
#[utoipa::path(
    post,
    path = "/v1/orgs/{org}/reports/{report}/recall",
    operation_id = "reportsRecall",
    tag = "reports",
    params(ReportPath, Declared<RecallReport>),
    request_body = Option<EmptyObject>,
    responses(
        (status = 200, description = "Recalled; the report is a draft.", body = ReportOut),
        Declared<RecallReport>,
    )
)]
async fn handler(context: Context<'_, RecallReport>) -> HandlerResult {
    context.commit_report(recall(context.permit, context.now())?).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
