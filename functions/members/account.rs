//! `GET /v1/orgs/{org}/members/{member}/payout_account`: the account a member is paid to, masked.

use std::sync::Arc;

use outlay_domain::permission::ReadPayoutAccounts;
use outlay_edge::api::common::{MemberPath, Problems};
use outlay_edge::api::member::own_or;
use outlay_edge::api::payout::{PayoutAccountOut, open};
use outlay_edge::{Call, Outcome, Problem, Reply};
use outlay_vault::Vault;

/// Read the account that expenses are paid to, masked.
///
/// For the member himself (`me` stands for him), finance and admins. An account that was copied from another member, put back or edited
/// past this API is not shown at all.
#[utoipa::path(get, path = "/v1/orgs/{org}/members/{member}/payout_account", operation_id = "membersAccount", tag = "members",
    params(MemberPath),
    responses((status = 200, description = "The account; the `ETag` is the member's.", body = PayoutAccountOut), Problems))]
async fn handler(call: Call, vault: Arc<Vault>) -> Outcome {
    let caller = call.caller().await?;
    call.query(&[])?;
    let (org, whose) = (caller.member.org, own_or::<ReadPayoutAccounts>(&call, &caller).await?);
    let (member, account) = call.store().payout_account(org, whose).await?.ok_or_else(Problem::not_found)?;
    let account = account.ok_or_else(Problem::not_found)?;
    let shown = open(&vault, org, whose, &account).await?;
    Ok(Reply::ok(&shown)?.version(member.version))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    outlay_edge::boot::serve_with_vault(handler).await
}
