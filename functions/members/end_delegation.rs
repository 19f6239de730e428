//! `DELETE /v1/orgs/{org}/members/{member}/delegation`: ends a member's delegation.

use outlay_api::common::MemberPath;
use outlay_api::member::{MemberOut, commit_members};
use outlay_domain::change::end_delegation;
use outlay_domain::permission;
use outlay_http::prelude::*;

#[derive(Debug)]
struct EndDelegation;

impl Endpoint for EndDelegation {
    type Target = OnMember<permission::EndDelegation>;
    type Preload = ();
    type Query = NoQuery;
    type Body = Option<EmptyObject>;
    type Resource = ();
    const COST: RequestClass = RequestClass::Write;
    const IDEMPOTENCY: Idempotency = Idempotency::Accepted;
    const PRECONDITION: Precondition = Precondition::Accepted;
    const DAILY_QUOTA: DailyQuotaOf<Self> = |()| None;
    const OTHER_PROBLEMS: &'static [ProblemType] = &[];
}

/// End a delegation.
///
/// Allowed for the member (`me` names the caller), for the delegate, and for admins. Both sides get an e-mail.
/// Without a delegation, nothing changes. The answer is the member; for the delegate, their own record.
#[utoipa::path(
    delete,
    path = "/v1/orgs/{org}/members/{member}/delegation",
    operation_id = "membersEndDelegation",
    tag = "members",
    params(MemberPath, Declared<EndDelegation>),
    responses((status = 200, description = "Without delegation.", body = MemberOut), Declared<EndDelegation>)
)]
async fn handler(context: Context<'_, EndDelegation>) -> HandlerResult {
    let member = context.permit.target();
    if member.delegation.is_none() {
        return commit_members(&context, Vec::new(), member).await;
    }
    let current_delegate = queries::delegate_of(context.store(), member).await?;
    let changes = end_delegation(context.permit, current_delegate.as_ref(), context.now());
    commit_members(&context, changes, member).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
