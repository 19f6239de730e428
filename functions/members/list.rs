//! `GET /v1/orgs/{org}/members`: the members of the organisation.

use outlay_domain::permission::ReadMembers;
use outlay_edge::api::common::{OrgPath, PageOut, PageQuery, Problems};
use outlay_edge::api::member::MemberOut;
use outlay_edge::{Call, Outcome, Reply};

/// List members.
///
/// For finance, admins and auditors.
#[utoipa::path(get, path = "/v1/orgs/{org}/members", operation_id = "membersList", tag = "members",
    params(OrgPath, PageQuery),
    responses((status = 200, description = "The members.", body = PageOut<MemberOut>), Problems))]
async fn handler(call: Call) -> Outcome {
    let caller = call.caller().await?;
    caller.permit::<ReadMembers>()?;
    let page = call.query(&["limit", "cursor"])?.page()?;
    let members = call.store().list_members(call.org()?, &page).await?;
    Ok(Reply::page(members, |member| MemberOut::from(&member))?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    outlay_edge::boot::serve(handler).await
}
