//! `GET /v1/orgs/{org}/members/{member}/export`: returns the stored data of a member, page by page.

use outlay_api::common::MemberPath;
use outlay_api::export::ExportOut;
use outlay_domain::permission;
use outlay_http::prelude::*;
use outlay_vault::Vault;

#[derive(Debug)]
struct ExportMember;

impl Endpoint for ExportMember {
    type Target = OnMember<permission::ExportMember>;
    type Preload = ();
    type Query = PageQuery;
    type Body = NoBody;
    type Resource = Vault;
    const COST: RequestClass = RequestClass::Costly;
    const IDEMPOTENCY: Idempotency = Idempotency::Unused;
    const PRECONDITION: Precondition = Precondition::Unused;
    const DAILY_QUOTA: DailyQuotaOf<Self> = |()| None;
    const OTHER_PROBLEMS: &'static [ProblemType] = &[];
}

/// Export the stored data of a member.
///
/// Allowed for the member (`me` names the caller) and for admins. The first page has the member's profile,
/// masked payout account and membership history. Each page has some of the member's reports with their expenses.
#[utoipa::path(
    get,
    path = "/v1/orgs/{org}/members/{member}/export",
    operation_id = "membersExport",
    tag = "members",
    params(MemberPath, Declared<ExportMember>),
    responses((status = 200, description = "Page of the export.", body = ExportOut), Declared<ExportMember>)
)]
async fn handler(context: Context<'_, ExportMember>) -> HandlerResult {
    let member = context.permit.target();
    let page = context.query.page.clone();
    Ok(Reply::ok(&ExportOut::read(context.store(), context.resource, (member.org, member.id), page).await?)?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
