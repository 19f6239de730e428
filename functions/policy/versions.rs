//! `GET /v1/orgs/{org}/policy/versions`: every version of the policy, the one in force first.

use outlay_domain::permission::ReadPolicy;
use outlay_edge::api::common::{OrgPath, PageOut, PageQuery, Problems};
use outlay_edge::api::policy::PolicyOut;
use outlay_edge::{Call, Outcome, Reply};

/// List the versions of the policy, newest first.
///
/// For every member: a report keeps the number of the version it was judged by.
#[utoipa::path(get, path = "/v1/orgs/{org}/policy/versions", operation_id = "policyVersions", tag = "policy",
    params(OrgPath, PageQuery),
    responses((status = 200, description = "The versions.", body = PageOut<PolicyOut>), Problems))]
async fn handler(call: Call) -> Outcome {
    let caller = call.caller().await?;
    caller.permit::<ReadPolicy>()?;
    let page = call.query(&["limit", "cursor"])?.page()?;
    let versions = call.store().list_policies(call.org()?, &page).await?;
    Ok(Reply::page(versions, |policy| PolicyOut::from(&policy))?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    outlay_edge::boot::serve(handler).await
}
