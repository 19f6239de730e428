//! `GET /v1/orgs/{org}/members/{member}/export`: a member, or an admin for him, takes along what is kept of him.

use std::sync::Arc;

use outlay_domain::permission::ExportMembers;
use outlay_edge::api::common::{MemberPath, Problems};
use outlay_edge::api::export::ExportOut;
use outlay_edge::api::member::own_or;
use outlay_edge::{Call, Outcome, Reply};
use outlay_vault::Vault;

/// Export what is kept of a member.
///
/// For the member himself (`me` stands for him) and admins. A part at a time: the first one says who he is, where he is paid (masked) and
/// what happened to his membership; each holds some of his reports with their lines.
#[utoipa::path(get, path = "/v1/orgs/{org}/members/{member}/export", operation_id = "membersExport", tag = "members",
    params(MemberPath,
        ("limit" = Option<u32>, Query, minimum = 1, example = 10, description = "The most reports to answer with: 10 when absent, more than 10 counts as 10."),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the answer before.")),
    responses((status = 200, description = "A part of what is kept.", body = ExportOut), Problems))]
async fn handler(call: Call, vault: Arc<Vault>) -> Outcome {
    let caller = call.caller().await?;
    let whose = own_or::<ExportMembers>(&call, &caller).await?;
    let page = call.query(&["limit", "cursor"])?.page()?;
    Ok(Reply::ok(&ExportOut::read(call.store(), &vault, (caller.member.org, whose), page).await?)?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    outlay_edge::boot::serve_with_vault(handler).await
}
