//! `PUT /v1/orgs/{org}/policy`: puts a new version of the policy in force.

use outlay_api::common::OrgPath;
use outlay_api::policy::{PolicyIn, PolicyOut};
use outlay_domain::change::{Change, update_policy};
use outlay_domain::organisation::Organisation;
use outlay_domain::permission::UpdatePolicy;
use outlay_domain::policy::Policy;
use outlay_http::prelude::*;

#[derive(Debug)]
struct PutPolicy;

impl Endpoint for PutPolicy {
    type Target = OnPolicy<UpdatePolicy>;
    type Preload = Organisation;
    type Query = NoQuery;
    type Body = PolicyIn;
    type Resource = ();
    const COST: RequestClass = RequestClass::Write;
    const IDEMPOTENCY: Idempotency = Idempotency::Accepted;
    const PRECONDITION: Precondition = Precondition::Accepted;
    const DAILY_QUOTA: DailyQuotaOf<Self> = |_| None;
    const OTHER_PROBLEMS: &'static [ProblemType] = &[];
}

/// Replace the policy.
///
/// Allowed for finance and admins. The body is the complete policy: a setting left out is removed. The new
/// version applies to later submissions. Reports already submitted keep the version they were evaluated with.
#[utoipa::path(
    put,
    path = "/v1/orgs/{org}/policy",
    operation_id = "policyPut",
    tag = "policy",
    params(OrgPath, Declared<PutPolicy>),
    request_body = PolicyIn,
    responses((status = 200, description = "In force as the next version.", body = PolicyOut), Declared<PutPolicy>)
)]
async fn handler(context: Context<'_, PutPolicy>, proposed: Policy) -> HandlerResult {
    let current = context.policy();
    queries::validate_policy(context.store(), context.org(), &proposed, context.preloaded.base_currency).await?;
    // 0: the body names no version.
    if ![0, current.version].contains(&proposed.version) {
        let detail = format!("The current version is {}. Get the policy and repeat the change.", current.version);
        return Err(Problem::new(ProblemType::StaleVersion, detail).into());
    }
    let change = update_policy(context.permit, current, proposed, context.now());
    let reply = Reply::ok(&PolicyOut::from(&change.after))?.version(change.after.version);
    context.commit(Change::Policy(Box::new(change)), reply).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
