//! `GET /v1/orgs/{org}/policy`: returns the policy in force.

use outlay_api::common::OrgPath;
use outlay_api::policy::PolicyOut;
use outlay_domain::permission::ReadPolicy;
use outlay_http::prelude::*;

#[derive(Debug)]
struct GetPolicy;

impl Endpoint for GetPolicy {
    type Target = OnPolicy<ReadPolicy>;
    type Preload = ();
    type Query = NoQuery;
    type Body = NoBody;
    type Resource = ();
    const COST: RequestClass = RequestClass::Read;
    const IDEMPOTENCY: Idempotency = Idempotency::Unused;
    const PRECONDITION: Precondition = Precondition::Unused;
    const DAILY_QUOTA: DailyQuotaOf<Self> = |()| None;
    const OTHER_PROBLEMS: &'static [ProblemType] = &[];
}

/// Get the policy in force.
///
/// Allowed for every member.
#[utoipa::path(
    get,
    path = "/v1/orgs/{org}/policy",
    operation_id = "policyGet",
    tag = "policy",
    params(OrgPath, Declared<GetPolicy>),
    responses((status = 200, description = "The policy in force.", body = PolicyOut), Declared<GetPolicy>)
)]
async fn handler(context: Context<'_, GetPolicy>) -> HandlerResult {
    let policy = context.policy();
    Ok(Reply::ok(&PolicyOut::from(policy))?.version(policy.version))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
