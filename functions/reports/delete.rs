//! `DELETE /v1/orgs/{org}/reports/{report}`: deletes a draft that was never submitted.

use outlay_api::common::ReportPath;
use outlay_api::report::ReportReplies;
use outlay_domain::change::delete_report;
use outlay_domain::permission::Delete;
use outlay_http::prelude::*;

#[derive(Debug)]
struct DeleteReport;

impl Endpoint for DeleteReport {
    type Target = OnReport<Delete>;
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

/// Delete a draft.
///
/// Allowed for the report's owner and preparer, as long as the report was never submitted. The history of the
/// report is kept.
#[utoipa::path(
    delete,
    path = "/v1/orgs/{org}/reports/{report}",
    operation_id = "reportsDelete",
    tag = "reports",
    params(ReportPath, Declared<DeleteReport>),
    responses((status = 204, description = "Deleted."), Declared<DeleteReport>)
)]
async fn handler(context: Context<'_, DeleteReport>) -> HandlerResult {
    context.commit_report(delete_report(context.permit, context.now())?).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
