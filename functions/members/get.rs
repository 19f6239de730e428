//! `GET /v1/orgs/{org}/members/{member}`: one member. Everybody may see himself; finance, admins and auditors see all.

use outlay_domain::permission::{ReadMembers, permit_org};
use outlay_edge::api::common::Problems;
use outlay_edge::api::member::MemberOut;
use outlay_edge::{Call, Outcome, Problem, Reply};

/// Read a member.
///
/// Everybody may read himself (`me` stands for the caller); finance, admins and auditors may read all.
#[utoipa::path(get, path = "/v1/orgs/{org}/members/{member}", operation_id = "membersGet", tag = "members",
    params(("org" = String, Path, description = "The organisation, `org_…`."),
        ("member" = String, Path, description = "The member, `mem_…`, or `me`.")),
    responses((status = 200, description = "The member.", body = MemberOut), Problems))]
async fn handler(call: Call) -> Outcome {
    let caller = call.caller().await?;
    call.query(&[])?;
    let id = if call.path("member") == "me" { caller.member.id } else { call.id("member")? };
    let member = if id == caller.member.id {
        caller.member
    } else {
        permit_org::<ReadMembers>(&caller.member).map_err(|_| Problem::not_found())?;
        call.store().member(call.org()?, id).await?.ok_or_else(Problem::not_found)?
    };
    Ok(Reply::ok(&MemberOut::from(&member))?.version(member.version))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    outlay_edge::boot::serve(handler).await
}
