//! `POST /v1/orgs/{org}/reports/{report}/submit`: submits a report for approval.

use outlay_api::common::ReportPath;
use outlay_api::report::{ReportOut, ReportReplies};
use outlay_domain::change::submit;
use outlay_domain::permission::Submit;
use outlay_domain::policy::Policy;
use outlay_http::prelude::*;

#[derive(Debug)]
struct SubmitReport;

impl Endpoint for SubmitReport {
    type Target = OnReport<Submit>;
    type Preload = Policy;
    type Query = NoQuery;
    type Body = Option<EmptyObject>;
    type Resource = ();
    const COST: RequestClass = RequestClass::Write;
    const IDEMPOTENCY: Idempotency = Idempotency::Accepted;
    const PRECONDITION: Precondition = Precondition::Accepted;
    const DAILY_QUOTA: DailyQuotaOf<Self> = |()| Some(DailyQuota::Submission);
    const OTHER_PROBLEMS: &'static [ProblemType] = &[];
}

/// Submit a report for approval.
///
/// Allowed for the report's owner and preparer, while the report is a draft or returned. The policy in force
/// evaluates the expenses and determines the approval steps. The approvers of the first step get an e-mail. The
/// answer is the report with its totals, violations and steps, each step with its reason.
///
/// A report without violations and below the automatic approval amount of the policy can be approved at once. A
/// violation of severity `block` stops the submission: the 422 names the expense and what to change.
#[utoipa::path(
    post,
    path = "/v1/orgs/{org}/reports/{report}/submit",
    operation_id = "reportsSubmit",
    tag = "reports",
    params(ReportPath, Declared<SubmitReport>),
    request_body = Option<EmptyObject>,
    responses(
        (status = 200, description = "Submitted, or approved at once by the policy.", body = ReportOut),
        Declared<SubmitReport>,
    )
)]
async fn handler(context: Context<'_, SubmitReport>) -> HandlerResult {
    let submission = context.submission(context.report(), &context.preloaded).await?;
    context
        .commit_submitted(&submission, submit(context.permit, submission.rules(), context.now())?, &context.preloaded)
        .await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
