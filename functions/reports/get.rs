//! `GET /v1/orgs/{org}/reports/{report}`: returns a report with its expenses, violations and approval steps.

use outlay_api::common::ReportPath;
use outlay_api::report::{ReportOut, ReportReplies};
use outlay_domain::permission::Read;
use outlay_domain::policy::Policy;
use outlay_http::prelude::*;

#[derive(Debug)]
struct GetReport;

impl Endpoint for GetReport {
    type Target = OnReport<Read>;
    type Preload = Policy;
    type Query = NoQuery;
    type Body = NoBody;
    type Resource = ();
    const COST: RequestClass = RequestClass::Read;
    const IDEMPOTENCY: Idempotency = Idempotency::Unused;
    const PRECONDITION: Precondition = Precondition::Unused;
    const DAILY_QUOTA: DailyQuotaOf<Self> = |()| None;
    const OTHER_PROBLEMS: &'static [ProblemType] = &[];
}

/// Get a report.
///
/// Allowed for its owner, preparer and payee, for the approvers of its steps and their delegates, and for
/// finance, admins and auditors. For everyone else the report does not exist (404).
///
/// `violations`, `missing_items`, `totals` and conversions of a draft or returned report are computed at each read, by
/// the policy in force and the current rates. They can change while the version stays; the `ETag` covers them.
#[utoipa::path(
    get,
    path = "/v1/orgs/{org}/reports/{report}",
    operation_id = "reportsGet",
    tag = "reports",
    params(ReportPath, Declared<GetReport>),
    responses((status = 200, description = "The report.", body = ReportOut), Declared<GetReport>)
)]
async fn handler(context: Context<'_, GetReport>) -> HandlerResult {
    context.unchanged(&context.preloaded).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
