//! `GET /v1/orgs/{org}/members/{member}`: returns a member.

use outlay_api::common::MemberPath;
use outlay_api::member::MemberOut;
use outlay_domain::permission::ReadMember;
use outlay_http::prelude::*;

#[derive(Debug)]
struct GetMember;

impl Endpoint for GetMember {
    type Target = OnMember<ReadMember>;
    type Preload = ();
    type Query = NoQuery;
    type Body = NoBody;
    type Resource = ();
    const COST: RequestClass = RequestClass::Read;
    const IDEMPOTENCY: Idempotency = Idempotency::Unused;
    const PRECONDITION: Precondition = Precondition::Unused;
    const DAILY_QUOTA: DailyQuotaOf<Self> = |()| None;
    const OTHER_PROBLEMS: &'static [ProblemType] = &[];
}

/// Get a member.
///
/// Allowed for the member (`me` names the caller), finance, admins and auditors. For others the member does
/// not exist (404).
#[utoipa::path(
    get,
    path = "/v1/orgs/{org}/members/{member}",
    operation_id = "membersGet",
    tag = "members",
    params(MemberPath, Declared<GetMember>),
    responses((status = 200, description = "The member.", body = MemberOut), Declared<GetMember>)
)]
async fn handler(context: Context<'_, GetMember>) -> HandlerResult {
    let member = context.permit.target();
    Ok(Reply::ok(&MemberOut::from(member))?.version(member.version))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
