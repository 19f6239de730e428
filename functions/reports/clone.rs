//! `POST /v1/orgs/{org}/reports/{report}/clone`: the owner starts a new draft from a report of his.

use outlay_domain::change::{Anew, Change, clone_report};
use outlay_domain::expense::ExpenseFacts;
use outlay_domain::permission::{Clone as CloneReport, CreateForOthers, CreateReport};
use outlay_edge::api::common::{IdempotencyKeyRequired, IfMatch, Problems, ReportPath};
use outlay_edge::api::report::ReportOut;
use outlay_edge::call::Input;
use outlay_edge::{Call, Desk, Faults, Outcome, Precondition, Reply, checks};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

/// What differs; may be left out.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReportCloneIn {
    /// What it is for; as the other report when absent.
    #[validate(custom(function = "checks::short_text"))]
    title: Option<String>,
}

impl Input for ReportCloneIn {
    type Checked = Option<String>;

    fn check(self, _: jiff::Timestamp, _: &mut Faults) -> Option<Self::Checked> {
        Some(checks::cleaned_option(self.title.as_deref()))
    }
}

/// Clone a report.
///
/// For its owner, or who entered it for him. The new draft has the same lines without receipts and justifications, which belong to
/// the first report, and the same payee unless he cannot be paid any more.
#[utoipa::path(post, path = "/v1/orgs/{org}/reports/{report}/clone", operation_id = "reportsClone", tag = "reports",
    params(ReportPath, IdempotencyKeyRequired, IfMatch), request_body = Option<ReportCloneIn>,
    responses((status = 201, description = "A new draft.", body = ReportOut), Problems))]
async fn handler(call: Call) -> Outcome {
    let desk = Desk::open::<CloneReport>(call, Precondition::Optional).await?;
    desk.call().demand_key()?;
    let title = desk.input::<ReportCloneIn>()?;
    let permit = desk.permit::<CloneReport>()?;
    let may_create = desk.caller.permit::<CreateReport>()?;
    let call = desk.call();
    let lines: Vec<ExpenseFacts> = desk.report.expenses.iter().map(|line| line.facts.clone()).collect();
    let rates = desk.rates(&lines).await?;
    let owner = match desk.report.owner {
        own if own == desk.caller.member.id => None,
        owner => Some((desk.caller.permit::<CreateForOthers>()?, call.member(owner, "").await?)),
    };
    let for_other = owner.as_ref().map(|(permit, owner)| (*permit, owner));
    let payee = match &desk.report.payee {
        Some(payee) => call.store().member(desk.report.org, payee.id).await?,
        None => None,
    };
    let anew = Anew { title, payee: payee.as_ref() };
    let change = clone_report(permit, may_create, for_other, anew, &rates, &mut call.seed(), call.now())?;
    let location = format!("/v1/orgs/{}/reports/{}", change.after.org, change.after.id);
    let reply = Reply::created(&ReportOut::of(&change.after), location)?.version(change.after.version);
    call.commit(&desk.caller, Change::Report(Box::new(change)), reply).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    outlay_edge::boot::serve(handler).await
}
