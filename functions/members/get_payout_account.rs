//! `GET /v1/orgs/{org}/members/{member}/payout_account`: returns the payout account of a member, masked.

use outlay_api::common::MemberPath;
use outlay_api::payout::{PayoutAccountOut, open};
use outlay_domain::permission::ReadPayoutAccount;
use outlay_http::prelude::*;
use outlay_vault::Vault;

#[derive(Debug)]
struct GetPayoutAccount;

impl Endpoint for GetPayoutAccount {
    type Target = OnMember<ReadPayoutAccount>;
    type Preload = ();
    type Query = NoQuery;
    type Body = NoBody;
    type Resource = Vault;
    const COST: RequestClass = RequestClass::Costly;
    const IDEMPOTENCY: Idempotency = Idempotency::Unused;
    const PRECONDITION: Precondition = Precondition::Unused;
    const DAILY_QUOTA: DailyQuotaOf<Self> = |()| None;
    const OTHER_PROBLEMS: &'static [ProblemType] = &[];
}

/// Get the payout account of a member, masked.
///
/// Allowed for the member (`me` names the caller), finance and admins. The answer is 404 when the member has
/// no account, and 500 when the stored account was copied from another member, replaced by an older one, or
/// edited outside this API.
#[utoipa::path(
    get,
    path = "/v1/orgs/{org}/members/{member}/payout_account",
    operation_id = "membersGetPayoutAccount",
    tag = "members",
    params(MemberPath, Declared<GetPayoutAccount>),
    responses(
        (status = 200, description = "The masked account; the `ETag` is that of the member.", body = PayoutAccountOut),
        Declared<GetPayoutAccount>,
    )
)]
async fn handler(context: Context<'_, GetPayoutAccount>) -> HandlerResult {
    let (org, member_id) = (context.org(), context.permit.target().id);
    let (member, sealed_account) =
        context.store().payout_account(org, member_id).await?.ok_or_else(Problem::not_found)?;
    let sealed_account = sealed_account.ok_or_else(Problem::not_found)?;
    let masked_account = open(context.resource, org, member_id, &sealed_account).await?;
    Ok(Reply::ok(&masked_account)?.version(member.version))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
