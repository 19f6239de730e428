//! `GET /v1/orgs/{org}/policy/versions`: lists the versions of the policy, newest first.

use outlay_api::common::{OrgPath, PageOut, page};
use outlay_api::policy::PolicyOut;
use outlay_domain::permission::ReadPolicy;
use outlay_http::prelude::*;

#[derive(Debug)]
struct ListPolicyVersions;

impl Endpoint for ListPolicyVersions {
    type Target = OnOrganisation<ReadPolicy>;
    type Preload = ();
    type Query = PageQuery;
    type Body = NoBody;
    type Resource = ();
    const COST: RequestClass = RequestClass::Read;
    const IDEMPOTENCY: Idempotency = Idempotency::Unused;
    const PRECONDITION: Precondition = Precondition::Unused;
    const DAILY_QUOTA: DailyQuotaOf<Self> = |()| None;
    const OTHER_PROBLEMS: &'static [ProblemType] = &[];
}

/// List the versions of the policy, newest first.
///
/// Allowed for every member. Each report has the version it was evaluated with (`policy_version`).
#[utoipa::path(
    get,
    path = "/v1/orgs/{org}/policy/versions",
    operation_id = "policyVersions",
    tag = "policy",
    params(OrgPath, Declared<ListPolicyVersions>),
    responses(
        (status = 200, description = "Page of versions.", body = PageOut<PolicyOut>),
        Declared<ListPolicyVersions>,
    )
)]
async fn handler(context: Context<'_, ListPolicyVersions>) -> HandlerResult {
    let versions = context.store().list_policy_versions(context.org(), &context.query.page).await?;
    Ok(page(versions, |policy| PolicyOut::from(policy))?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
