//! `PUT /v1/orgs/{org}/members/{member}/payout_account`: sets the payout account of a member. It is stored
//! encrypted and never returned in clear; `triggers-notify` sends a mail about the change.

use outlay_api::common::MemberPath;
use outlay_api::payout::{PayoutAccountIn, PayoutAccountOut, commit_account, seal};
use outlay_domain::change::set_payout_account;
use outlay_domain::payout::{PayoutAccount, next_version};
use outlay_domain::permission::SetPayoutAccount;
use outlay_http::prelude::*;
use outlay_vault::Vault;

#[derive(Debug)]
struct PutPayoutAccount;

impl Endpoint for PutPayoutAccount {
    type Target = OnMember<SetPayoutAccount>;
    type Preload = ();
    type Query = NoQuery;
    type Body = PayoutAccountIn;
    type Resource = Vault;
    const COST: RequestClass = RequestClass::Costly;
    // No answer is stored: a reader of the table could guess the account number from the request hash stored with it.
    const IDEMPOTENCY: Idempotency = Idempotency::Unused;
    const PRECONDITION: Precondition = Precondition::Accepted;
    const DAILY_QUOTA: DailyQuotaOf<Self> = |_| None;
    const OTHER_PROBLEMS: &'static [ProblemType] = &[];
}

/// Set the payout account of a member.
///
/// Allowed for the member only (`me` names the caller), whatever the role of the caller; a service has no
/// payout account. The new account replaces the previous one. Later answers show it masked. The member gets an
/// e-mail about the change. An `Idempotency-Key` has no effect: the request can be repeated.
#[utoipa::path(
    put,
    path = "/v1/orgs/{org}/members/{member}/payout_account",
    operation_id = "membersPutPayoutAccount",
    tag = "members",
    params(MemberPath, Declared<PutPayoutAccount>),
    request_body = PayoutAccountIn,
    responses(
        (status = 200, description = "Set; the `ETag` is that of the member.", body = PayoutAccountOut),
        Declared<PutPayoutAccount>,
    )
)]
async fn handler(context: Context<'_, PutPayoutAccount>, account: PayoutAccount) -> HandlerResult {
    let member = context.permit.target();
    let ciphertext = seal(context.resource, member, &account).await?;
    let masked_account = PayoutAccountOut::of(&account, next_version(member), context.now());
    let change = set_payout_account(context.permit, ciphertext, context.now());
    commit_account(&context, change, &masked_account).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
