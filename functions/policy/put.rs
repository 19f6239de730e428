//! `PUT /v1/orgs/{org}/policy`: puts a new version of the policy in force. Reports submitted before keep theirs.

use outlay_domain::change::{Change, change_policy};
use outlay_domain::permission::ChangePolicy;
use outlay_edge::api::common::{IfMatch, OrgPath, Problems};
use outlay_edge::api::policy::{PolicyIn, PolicyOut};
use outlay_edge::{Call, Outcome, Problem, ProblemType, Reply, loads};

/// Put a policy in force.
///
/// For finance and admins. It is the whole document; what is left out is gone. Reports submitted before keep the version
/// they were judged by.
#[utoipa::path(put, path = "/v1/orgs/{org}/policy", operation_id = "policyPut", tag = "policy",
    params(OrgPath, IfMatch), request_body = PolicyIn,
    responses((status = 200, description = "In force, as the next version.", body = PolicyOut), Problems))]
async fn handler(call: Call) -> Outcome {
    let (store, org) = (call.store(), call.org()?);
    let both = async { tokio::try_join!(loads::organisation(store, org), loads::policy(store, org)) };
    let (caller, (organisation, current)) = call.caller_and(both).await?;
    let permit = caller.permit::<ChangePolicy>()?;
    let proposed = call.input::<PolicyIn>(&caller)?;
    loads::sound(store, org, &proposed, organisation.base_currency).await?;
    call.matches(current.version)?;
    if ![0, current.version].contains(&proposed.version) {
        return Err(Problem::new(
            ProblemType::StaleVersion,
            "The policy has changed since you read it. Read it again.",
        )
        .into());
    }
    let change = change_policy(permit, &current, proposed, call.now());
    let reply = Reply::ok(&PolicyOut::from(&change.after))?.version(change.after.version);
    call.commit(&caller, Change::Policy(Box::new(change)), reply).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    outlay_edge::boot::serve(handler).await
}
