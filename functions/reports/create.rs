//! `POST /v1/orgs/{org}/reports`: creates a report with its expenses and, with `"submit": true`, submits it in
//! the same transaction.

use outlay_api::common::OrgPath;
use outlay_api::report::{ReportIn, ReportOut, ReportParticipants, ReportToCreate, commit_created_report};
use outlay_domain::change::{create_report, submit};
use outlay_domain::organisation::Organisation;
use outlay_domain::permission::{self, Submit};
use outlay_domain::policy::Policy;
use outlay_http::prelude::*;

#[derive(Debug)]
struct CreateReport;

impl Endpoint for CreateReport {
    type Target = OnOrganisation<permission::CreateReport>;
    type Preload = (Organisation, Policy);
    type Query = NoQuery;
    type Body = ReportIn;
    type Resource = ();
    const COST: RequestClass = RequestClass::Write;
    const IDEMPOTENCY: Idempotency = Idempotency::Required;
    const PRECONDITION: Precondition = Precondition::Unused;
    const DAILY_QUOTA: DailyQuotaOf<Self> = |request| request.submit.then_some(DailyQuota::Submission);
    const OTHER_PROBLEMS: &'static [ProblemType] = &[];
}

/// Create a report.
///
/// Allowed for every member except auditors. The caller is the owner. Finance and admins can name another
/// `owner_id`: the caller is then the preparer of the report (`entered_by`), cannot be its payee, and the owner
/// gets an e-mail.
///
/// With `submit`, the report is also submitted, in the same transaction: either both succeed or nothing is
/// stored. The answer is then the confirmation, with totals, violations, and the approval steps with their
/// reasons.
#[utoipa::path(
    post,
    path = "/v1/orgs/{org}/reports",
    operation_id = "reportsCreate",
    tag = "reports",
    params(OrgPath, Declared<CreateReport>),
    request_body = ReportIn,
    responses((status = 201, description = "Created.", body = ReportOut), Declared<CreateReport>)
)]
async fn handler(context: Context<'_, CreateReport>, request: ReportToCreate) -> HandlerResult {
    let (organisation, policy) = &context.preloaded;
    let (store, caller, base_currency) = (context.store(), context.caller, organisation.base_currency);
    let submit_now = request.submit;
    let participants = ReportParticipants::load(&context, &request).await?;
    let new_report = request.new_report(base_currency, policy, participants.payee());
    let (currency, expenses) = (new_report.currency, &new_report.expenses);
    let rates = queries::rates(store, context.org(), base_currency, currency, expenses).await?;
    let other_owner = participants.other_owner(caller)?;
    let mut change = create_report(context.permit, other_owner, new_report, &rates, &mut context.ids(), context.now())?;
    if submit_now {
        let submit_permit = permission::permit::<Submit>(&caller.member, &change.after, context.today())?;
        let loaded = participants.loaded_members(caller);
        let submission =
            SubmissionContext::load_with_rates(store, policy, &change.after, &loaded, Some(rates), context.today())
                .await?;
        let submitted = submit(submit_permit, submission.rules(), context.now())?;
        change = change.then(submitted);
        let owner = participants.owner_or(caller);
        return commit_created_report(&context, change, policy, owner, Some(&submission)).await;
    }
    commit_created_report(&context, change, policy, participants.owner_or(caller), None).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
