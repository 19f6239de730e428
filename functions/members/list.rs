//! `GET /v1/orgs/{org}/members`: lists the members of an organisation.

use outlay_api::common::{OrgPath, PageOut, page};
use outlay_api::member::MemberOut;
use outlay_domain::permission;
use outlay_http::prelude::*;

#[derive(Debug)]
struct ListMembers;

impl Endpoint for ListMembers {
    type Target = OnOrganisation<permission::ListMembers>;
    type Preload = ();
    type Query = PageQuery;
    type Body = NoBody;
    type Resource = ();
    const COST: RequestClass = RequestClass::Read;
    const IDEMPOTENCY: Idempotency = Idempotency::Unused;
    const PRECONDITION: Precondition = Precondition::Unused;
    const DAILY_QUOTA: DailyQuotaOf<Self> = |()| None;
    const OTHER_PROBLEMS: &'static [ProblemType] = &[];
}

/// List the members of an organisation.
///
/// Allowed for finance, admins and auditors.
#[utoipa::path(
    get,
    path = "/v1/orgs/{org}/members",
    operation_id = "membersList",
    tag = "members",
    params(OrgPath, Declared<ListMembers>),
    responses((status = 200, description = "Page of members.", body = PageOut<MemberOut>), Declared<ListMembers>)
)]
async fn handler(context: Context<'_, ListMembers>) -> HandlerResult {
    let members = context.store().list_members(context.org(), &context.query.page).await?;
    Ok(page(members, |member| MemberOut::from(member))?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
