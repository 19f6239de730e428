//! `POST /v1/orgs/{org}/reports`: creates a report with its lines and, with `"submit": true`, submits it in the same breath.

use outlay_domain::change::{Change, create, submit};
use outlay_domain::permission::{CreateReport, Submit, permit};
use outlay_edge::api::common::{IdempotencyKey, OrgPath, Problems};
use outlay_edge::api::report::{ReportIn, ReportOut};
use outlay_edge::{Call, Outcome, Reply, loads};

/// Create a report.
///
/// For every member but auditors; the report is the caller's own. With `submit` the answer is the confirmation: totals,
/// violations, and the approval steps with their reasons. Nothing is stored unless all of it can be.
#[utoipa::path(post, path = "/v1/orgs/{org}/reports", operation_id = "reportsCreate", tag = "reports",
    params(OrgPath, IdempotencyKey), request_body = ReportIn,
    responses((status = 201, description = "Created.", body = ReportOut), Problems))]
async fn handler(call: Call) -> Outcome {
    let (store, org) = (call.store(), call.org()?);
    let (caller, organisation) = call.caller_and(loads::organisation(store, org)).await?;
    let may_create = caller.permit::<CreateReport>()?;
    let wanted = call.input::<ReportIn>(&caller)?;
    let submit_now = wanted.submit;
    let new = wanted.in_base(organisation.base_currency);

    let rates = loads::rates(store, org, organisation.base_currency, new.currency, &new.expenses);
    let (rates, rules) = if submit_now {
        let (rates, rules) = tokio::try_join!(rates, loads::rules(store, org, caller.member.manager_id))?;
        (rates, Some(rules))
    } else {
        (rates.await?, None)
    };

    let mut change = create(may_create, new, &rates, &mut call.seed(), call.now())?;
    if let Some((policy, people)) = rules {
        let submitted = submit(permit::<Submit>(&caller.member, &change.after)?, &policy, &people, call.now())?;
        change = change.then(submitted);
    }
    let location = format!("/v1/orgs/{org}/reports/{}", change.after.id);
    let reply = Reply::created(&ReportOut::of(&change.after), location)?.version(change.after.version);
    call.commit(&caller, Change::Report(Box::new(change)), reply).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    outlay_edge::boot::serve(handler).await
}
