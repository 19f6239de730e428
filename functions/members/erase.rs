//! `POST /v1/orgs/{org}/members/{member}/erase`: what says who a former member was is erased. What the organisation's books need
//! stays, and `outlay_domain::change::erase` says what that is.

use std::collections::BTreeSet;

use outlay_domain::change::erase;
use outlay_domain::ids::MemberId;
use outlay_domain::permission::{EraseMembers, permit_org};
use outlay_edge::api::common::{IdempotencyKey, IfMatchRequired, MemberPath, NoBody, Problems};
use outlay_edge::api::member::{MemberOut, demand_version, has_part, named, not_his};
use outlay_edge::{Call, Outcome, Problem};

/// Erase who a member was; this is final.
///
/// For admins, and not of themselves. The member must be suspended, or invited, and have no part in a report that is submitted or
/// approved: neither own it nor have entered it, nor be paid by it, asked to decide on it, or have decided. It counts as costly. His
/// name, address, identity, grade, cost centre, manager, delegations and payout account are gone, and no mail goes to him. His reports,
/// with the names on them, and the history of them and of the member stay: an organisation has to keep its books. Answers that are kept
/// for repeated requests are gone after seven days.
#[utoipa::path(post, path = "/v1/orgs/{org}/members/{member}/erase", operation_id = "membersErase", tag = "members",
    params(MemberPath, IdempotencyKey, IfMatchRequired), request_body = Option<NoBody>,
    responses((status = 200, description = "Erased.", body = MemberOut), Problems))]
async fn handler(call: Call) -> Outcome {
    let (store, org) = (call.store(), call.org()?);
    let caller = call.caller().await?;
    let id = named(&call, &caller)?;
    let permit = match permit_org::<EraseMembers>(&caller.member) {
        Ok(permit) => permit,
        Err(refusal) => return not_his(&call, &caller, id, refusal).await,
    };
    let member = store.member(org, id).await?.ok_or_else(Problem::not_found)?;
    demand_version(&call)?;
    call.optional_input::<NoBody>(&caller)?;
    call.matches(member.version)?;
    let with = member.delegation.iter().chain(&member.acts_for).map(|delegation| delegation.with.id);
    let others: Vec<MemberId> = with.collect::<BTreeSet<_>>().into_iter().collect();
    let others = async { Ok(store.members_by_id(org, &others).await?) };
    let (has_part, others) = tokio::try_join!(has_part(store, org, id), others)?;
    let changes = erase(permit, &member, has_part, &others, call.now())?;
    call.commit_members(&caller, changes, &member).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    outlay_edge::boot::serve_costly(handler).await
}
