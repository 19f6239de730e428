//! `POST /v1/orgs/{org}/reports/{report}/clone`: creates a draft from an existing report.

use outlay_api::common::ReportPath;
use outlay_api::report::{ReportOut, ReportParticipants, commit_created_report};
use outlay_domain::change::{CloneOverrides, clone_report};
use outlay_domain::expense::ExpenseFacts;
use outlay_domain::permission::{Clone, CreateReport};
use outlay_domain::policy::Policy;
use outlay_domain::text::Title;
use outlay_http::prelude::*;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

/// Changes to the copy; the body may be left out.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReportCloneIn {
    /// Title, 1 to 200 characters; that of the original when absent.
    title: Option<String>,
}

impl Input for ReportCloneIn {
    type Checked = Option<Title>;

    fn check(self, _: jiff::Timestamp, errors: &mut FieldErrors) -> Option<Self::Checked> {
        errors.parse_optional("title", self.title)
    }
}

#[derive(Debug)]
struct CloneReport;

impl Endpoint for CloneReport {
    type Target = OnReport<Clone>;
    type Preload = Policy;
    type Query = NoQuery;
    type Body = Option<ReportCloneIn>;
    type Resource = ();
    const COST: RequestClass = RequestClass::Write;
    const IDEMPOTENCY: Idempotency = Idempotency::Required;
    const PRECONDITION: Precondition = Precondition::Accepted;
    const DAILY_QUOTA: DailyQuotaOf<Self> = |_| None;
    const OTHER_PROBLEMS: &'static [ProblemType] = &[];
}

/// Clone a report.
///
/// Allowed for the report's owner and preparer. The new draft has the same expenses, without receipts and
/// justifications: these belong to the original report. Foreign amounts are converted again. The payee is the
/// same, unless that member can no longer be paid.
#[utoipa::path(
    post,
    path = "/v1/orgs/{org}/reports/{report}/clone",
    operation_id = "reportsClone",
    tag = "reports",
    params(ReportPath, Declared<CloneReport>),
    request_body = Option<ReportCloneIn>,
    responses((status = 201, description = "The new draft.", body = ReportOut), Declared<CloneReport>)
)]
async fn handler(context: Context<'_, CloneReport>, title: Option<Title>) -> HandlerResult {
    let (report, caller) = (context.report(), context.caller);
    let create_permit = caller.permit::<CreateReport>()?;
    let expenses: Vec<ExpenseFacts> = report.expenses.iter().map(|expense| expense.facts.clone()).collect();
    let rates = queries::rates_for(context.store(), report, &expenses).await?;
    let participants = ReportParticipants::load_for_clone(&context, report).await?;
    let (other_owner, payee) = (participants.other_owner(caller)?, participants.payee());
    let overrides = CloneOverrides { title, payee: payee.as_ref() };
    let (mut ids, now) = (context.ids(), context.now());
    let change = clone_report(context.permit, create_permit, other_owner, overrides, &rates, &mut ids, now)?;
    commit_created_report(&context, change, &context.preloaded, participants.owner_or(caller), None).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
