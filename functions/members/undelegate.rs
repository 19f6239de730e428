//! `DELETE /v1/orgs/{org}/members/{member}/delegation`: a member decides himself again.

use outlay_domain::change::delegate;
use outlay_edge::api::common::{IfMatch, MemberPath, NoBody, Problems};
use outlay_edge::api::member::MemberOut;
use outlay_edge::{Call, Outcome, loads};

/// End a delegation.
///
/// For the member himself and for admins. Nothing happens when there is none.
#[utoipa::path(delete, path = "/v1/orgs/{org}/members/{member}/delegation", operation_id = "membersUndelegate", tag = "members",
    params(MemberPath, IfMatch),
    responses((status = 200, description = "He decides himself.", body = MemberOut), Problems))]
async fn handler(call: Call) -> Outcome {
    let caller = call.caller().await?;
    let member = loads::delegator(&call, &caller).await?;
    call.optional_input::<NoBody>(&caller)?;
    call.matches(member.version)?;
    if member.delegation.is_none() {
        return call.commit_members(&caller, Vec::new(), &member).await;
    }
    let current = loads::delegate_of(&call, &member).await?;
    let changes = delegate(&caller.member, &member, None, current.as_ref(), call.now())?;
    call.commit_members(&caller, changes, &member).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    outlay_edge::boot::serve(handler).await
}
