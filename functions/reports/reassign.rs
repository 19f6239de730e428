//! `POST /v1/orgs/{org}/reports/{report}/reassign`: replaces an approver of the pending step, with a reason.

use outlay_api::common::ReportPath;
use outlay_api::report::{ReportOut, ReportReplies};
use outlay_domain::change::reassign;
use outlay_domain::ids::MemberId;
use outlay_domain::permission::Reassign;
use outlay_domain::policy::Policy;
use outlay_domain::text::Note;
use outlay_http::prelude::*;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

/// Replacement of an approver.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReassignmentIn {
    /// Approver of the pending step who has not decided, `mem_…`.
    from: String,
    /// Member who becomes an approver instead, `mem_…`.
    to: String,
    /// Reason; 1 to 2000 characters.
    #[schema(example = "Has left the company.")]
    reason: String,
}

impl Input for ReassignmentIn {
    type Checked = (MemberId, MemberId, Note);

    fn check(self, _: jiff::Timestamp, errors: &mut FieldErrors) -> Option<Self::Checked> {
        let from = errors.parse_member_id("from", self.from);
        let to = errors.parse_member_id("to", self.to);
        let reason = errors.parse("reason", self.reason);
        Some((from?, to?, reason?))
    }
}

#[derive(Debug)]
struct ReassignStep;

impl Endpoint for ReassignStep {
    type Target = OnReport<Reassign>;
    type Preload = Policy;
    type Query = NoQuery;
    type Body = ReassignmentIn;
    type Resource = ();
    const COST: RequestClass = RequestClass::Write;
    const IDEMPOTENCY: Idempotency = Idempotency::Accepted;
    const PRECONDITION: Precondition = Precondition::Required;
    const DAILY_QUOTA: DailyQuotaOf<Self> = |_| None;
    const OTHER_PROBLEMS: &'static [ProblemType] = &[];
}

/// Reassign the pending step.
///
/// Allowed for admins who are not the owner, preparer or payee of the report, nor a delegate of one of them. `to`
/// replaces `from` as an approver and gets an e-mail.
///
/// `to` must be able to decide: not the caller, not the owner, preparer or payee, not a delegate of one of them,
/// and not an approver of another step.
#[utoipa::path(
    post,
    path = "/v1/orgs/{org}/reports/{report}/reassign",
    operation_id = "reportsReassign",
    tag = "decisions",
    params(ReportPath, Declared<ReassignStep>),
    request_body = ReassignmentIn,
    responses((status = 200, description = "Reassigned.", body = ReportOut), Declared<ReassignStep>)
)]
async fn handler(context: Context<'_, ReassignStep>, (from, to, reason): Checked<ReassignStep>) -> HandlerResult {
    let policy = &context.preloaded;
    let submission = context.submission(context.report(), policy);
    let (submission, new_approver) = tokio::try_join!(submission, context.member(to, "to"))?;
    let people = submission.rules().people;
    let change = reassign(context.permit, from, &new_approver, reason, policy, people, context.now())?;
    context.commit_report(change).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
