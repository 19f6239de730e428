//! `POST /v1/orgs/{org}/members/{member}/erase`: erases the personal data of a former member.
//! `outlay_domain::change::erase_member` defines what is erased and what is kept.

use outlay_api::common::MemberPath;
use outlay_api::member::{MemberOut, commit_members, has_part};
use outlay_domain::change::erase_member;
use outlay_domain::organisation::Organisation;
use outlay_domain::permission;
use outlay_http::prelude::*;

#[derive(Debug)]
struct EraseMember;

impl Endpoint for EraseMember {
    type Target = OnMember<permission::EraseMember>;
    type Preload = Organisation;
    type Query = NoQuery;
    type Body = Option<EmptyObject>;
    type Resource = ();
    const COST: RequestClass = RequestClass::Costly;
    const IDEMPOTENCY: Idempotency = Idempotency::Accepted;
    const PRECONDITION: Precondition = Precondition::Required;
    const DAILY_QUOTA: DailyQuotaOf<Self> = |()| None;
    const OTHER_PROBLEMS: &'static [ProblemType] = &[];
}

/// Erase the personal data of a member.
///
/// Allowed for admins, except on themselves. Erasure is final. The member must be suspended or invited, and must
/// not be the owner, preparer, payee or an approver of a report that is submitted or approved. The request counts
/// as costly for rate limits. In a closed organisation every other member can be erased.
///
/// Erased: name, e-mail address, identity, time zone, grade, cost centre, manager, delegations and payout
/// account. No e-mail is sent to the member any more. Kept, because an organisation has to keep its books: the
/// member's reports with the names in them, and the history of the reports and of the member. Stored answers to
/// repeated requests are deleted after seven days.
#[utoipa::path(
    post,
    path = "/v1/orgs/{org}/members/{member}/erase",
    operation_id = "membersErase",
    tag = "members",
    params(MemberPath, Declared<EraseMember>),
    request_body = Option<EmptyObject>,
    responses((status = 200, description = "Erased.", body = MemberOut), Declared<EraseMember>)
)]
async fn handler(context: Context<'_, EraseMember>) -> HandlerResult {
    let (store, member) = (context.store(), context.permit.target());
    let (has_open_reports, partners) =
        tokio::try_join!(has_part(store, member.org, member.id), queries::delegation_partners(store, member))?;
    let organisation = &context.preloaded;
    let changes = erase_member(context.permit, has_open_reports, organisation, &partners, context.now())?;
    commit_members(&context, changes, member).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
