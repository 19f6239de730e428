//! `PUT /v1/orgs/{org}/members/{member}/payout_account`: a member says where he is paid. The account is stored sealed, and told to
//! nobody; that it was changed is mailed to him by `triggers-notify`.

use std::sync::Arc;

use outlay_domain::change::set_payout_account;
use outlay_domain::payout;
use outlay_edge::api::common::{IfMatch, MemberPath, Problems};
use outlay_edge::api::member::{named, not_his};
use outlay_edge::api::payout::{PayoutAccountIn, PayoutAccountOut, commit, seal};
use outlay_edge::{Call, Outcome};
use outlay_vault::Vault;

/// Name the account that expenses are paid to.
///
/// For the member himself (`me` stands for him) and nobody else, whatever his role; a service has no account. The account replaces the
/// one before, and is shown masked from then on. The member is told by e-mail that it was changed. No answer is kept
/// for an `Idempotency-Key`: sent twice, the request names the same account twice.
#[utoipa::path(put, path = "/v1/orgs/{org}/members/{member}/payout_account", operation_id = "membersSetAccount", tag = "members",
    params(MemberPath, IfMatch), request_body = PayoutAccountIn,
    responses((status = 200, description = "Named; the `ETag` is the member's.", body = PayoutAccountOut), Problems))]
async fn handler(call: Call, vault: Arc<Vault>) -> Outcome {
    let caller = call.caller().await?;
    let whose = named(&call, &caller)?;
    let permit = match payout::permit(&caller.member, whose) {
        Err(refusal) if whose != caller.member.id => not_his(&call, &caller, whose, refusal).await,
        ruling => Ok(ruling?),
    }?;
    let account = call.input::<PayoutAccountIn>(&caller)?;
    call.matches(caller.member.version)?;
    let sealed = seal(&vault, permit, &account).await?;
    let shown = PayoutAccountOut::of(&account, permit.version(), call.now());
    commit(&call, &caller, set_payout_account(permit, sealed, call.now()), &shown).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    outlay_edge::boot::serve_with_vault(handler).await
}
