//! `POST /v1/orgs/{org}/reports/{report}/return`: returns a report to its owner, with a reason.

use outlay_api::common::{ReasonIn, ReportPath};
use outlay_api::report::{ReportOut, ReportReplies};
use outlay_domain::change::return_to_owner;
use outlay_domain::permission::Return;
use outlay_domain::text::Note;
use outlay_http::prelude::*;

#[derive(Debug)]
struct ReturnReport;

impl Endpoint for ReturnReport {
    type Target = OnReport<Return>;
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

/// Return a report to its owner.
///
/// Allowed for the approvers of the pending step and their active delegates, up to their approval limit. An
/// approved report is returned by finance or an admin. The owner gets an e-mail with the reason, and can change
/// the report and submit it again.
#[utoipa::path(
    post,
    path = "/v1/orgs/{org}/reports/{report}/return",
    operation_id = "reportsReturn",
    tag = "decisions",
    params(ReportPath, Declared<ReturnReport>),
    request_body = ReasonIn,
    responses((status = 200, description = "Returned.", body = ReportOut), Declared<ReturnReport>)
)]
async fn handler(context: Context<'_, ReturnReport>, reason: Note) -> HandlerResult {
    context.commit_report(return_to_owner(context.permit, reason, context.now())).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
