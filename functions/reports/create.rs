//! `POST /v1/orgs/{org}/reports`: creates a report with its lines and, with `"submit": true`, submits it in the same breath.

use outlay_domain::change::{Change, create, submit};
use outlay_domain::permission::{CreateReport, Submit, permit};
use outlay_edge::api::common::{IdempotencyKeyRequired, OrgPath, Problems};
use outlay_edge::api::report::{ReportIn, ReportOut};
use outlay_edge::daily::{Daily, allow};
use outlay_edge::loads::{self, About, Grounds, Named};
use outlay_edge::{Call, Outcome, Reply};

/// Create a report.
///
/// For every member but auditors; the report is the caller's own, unless finance or an admin enters it for its `owner_id`. With
/// `submit` the answer is the confirmation: totals, violations, and the approval steps with their reasons. Nothing is stored unless
/// all of it can be.
#[utoipa::path(post, path = "/v1/orgs/{org}/reports", operation_id = "reportsCreate", tag = "reports",
    params(OrgPath, IdempotencyKeyRequired), request_body = ReportIn,
    responses((status = 201, description = "Created.", body = ReportOut), Problems))]
async fn handler(call: Call) -> Outcome {
    let (store, org) = (call.store(), call.org()?);
    let both = async { tokio::try_join!(loads::organisation(store, org), loads::policy(store, org)) };
    let (caller, (organisation, policy)) = call.caller_and(both).await?;
    let may_create = caller.permit::<CreateReport>()?;
    call.demand_key()?;
    let wanted = call.input::<ReportIn>(&caller)?;
    let base = organisation.base_currency;
    let submit_now = wanted.submit;
    let people = Named::read(&call, &caller, &wanted).await?;
    let new = wanted.new_report(base, &policy, people.payee());

    let rates = loads::rates(store, org, base, new.currency, &new.expenses);
    let (rates, grounds) = if submit_now {
        let about = About::new_report(org, base, &people, &new.expenses, &caller.member, call.today());
        let (rates, grounds) = tokio::try_join!(rates, Grounds::load(store, policy, about))?;
        (rates, Some(grounds))
    } else {
        (rates.await?, None)
    };

    let mut change = create(may_create, people.for_other(&caller)?, new, &rates, &mut call.seed(), call.now())?;
    if let Some(grounds) = grounds {
        let permit = permit::<Submit>(&caller.member, &change.after, call.today())?;
        let submitted = loads::decide(store, grounds, |rules| submit(permit, rules, call.now())).await?;
        change = change.then(submitted);
        allow(&call, Daily::Submission).await?;
    }
    let location = format!("/v1/orgs/{org}/reports/{}", change.after.id);
    let reply = Reply::created(&ReportOut::of(&change.after), location)?.version(change.after.version);
    call.commit(&caller, Change::Report(Box::new(change)), reply).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    outlay_edge::boot::serve(handler).await
}
