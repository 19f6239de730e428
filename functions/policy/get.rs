//! `GET /v1/orgs/{org}/policy`: the policy in force.

use outlay_domain::permission::ReadPolicy;
use outlay_edge::api::common::{OrgPath, Problems};
use outlay_edge::api::policy::PolicyOut;
use outlay_edge::{Call, Outcome, Reply, loads};

/// Read the policy.
///
/// For every member: whoever files expenses should know the rules.
#[utoipa::path(get, path = "/v1/orgs/{org}/policy", operation_id = "policyGet", tag = "policy", params(OrgPath),
    responses((status = 200, description = "The policy in force.", body = PolicyOut), Problems))]
async fn handler(call: Call) -> Outcome {
    let (caller, policy) = call.caller_and(loads::policy(call.store(), call.org()?)).await?;
    caller.permit::<ReadPolicy>()?;
    call.query(&[])?;
    Ok(Reply::ok(&PolicyOut::from(&policy))?.version(policy.version))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    outlay_edge::boot::serve(handler).await
}
