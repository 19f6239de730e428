//! `POST /v1/orgs/{org}/policy/check`: what the policy, or a proposed one, says of a report; nothing is changed.

use outlay_edge::api::check::{Against, CheckIn, CheckOut, PastOut, assess_past, assess_report};
use outlay_edge::api::common::{OrgPath, PageOut, PageQuery, Problems};
use outlay_edge::{Call, Outcome, Reply, loads};

/// Check a report against the policy.
///
/// A dry run by the same code that judges a submission: findings with limit and actual value, the steps with their approvers and
/// reasons, or why there are none. Give a `report` as for creating one, or the `report_id` of one the caller may read; and a `policy`
/// to try one that is not in force (for finance, admins and auditors). With `against=last_90_days` and a `policy` alone: what it would have
/// meant for the reports of the last 90 days, page by page (at most 20 at a time).
#[utoipa::path(post, path = "/v1/orgs/{org}/policy/check", operation_id = "policyCheck", tag = "policy",
    params(OrgPath, PageQuery,
        ("against" = Option<String>, Query, description = "`last_90_days`: real reports that were submitted in that time.")),
    request_body = CheckIn,
    responses((status = 200, description = "What would become of it, or with `against` of each.", body = inline(Checked)), Problems))]
async fn handler(call: Call) -> Outcome {
    let (store, org) = (call.store(), call.org()?);
    let both = async { tokio::try_join!(loads::organisation(store, org), loads::policy(store, org)) };
    let (caller, (organisation, current)) = call.caller_and(both).await?;
    let query = call.query(&["limit", "cursor", "against"])?;
    let against =
        query.get("against", "last_90_days", |text| (text == "last_90_days").then_some(Against::Last90Days))?;
    let wanted = call.input_with_query::<CheckIn>(&caller)?.by(&caller, against)?;
    let base = organisation.base_currency;
    if let Some(proposed) = &wanted.policy {
        loads::sound(store, org, proposed, base).await.map_err(|stop| stop.beneath("policy"))?;
    }
    let policy = wanted.policy.clone().unwrap_or(current);
    match against {
        Some(_) => {
            let past = assess_past(&call, &caller, &policy, base, &query.page()?).await?;
            Ok(Reply::ok(&PageOut { items: past.items, next_cursor: past.next })?)
        }
        None => Ok(Reply::ok(&assess_report(&call, &caller, wanted, policy, base).await?)?),
    }
}

/// One report's result, or with `against` a page of results.
#[derive(utoipa::ToSchema, serde::Serialize)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes the answer to OpenAPI")]
enum Checked {
    One(Box<CheckOut>),
    Page(PageOut<PastOut>),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    outlay_edge::boot::serve_costly(handler).await
}
