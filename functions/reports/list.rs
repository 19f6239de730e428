//! `GET /v1/orgs/{org}/reports`: one's own reports; for finance, admins and auditors also those of others.

use outlay_domain::ids::MemberId;
use outlay_domain::permission::ListAllReports;
use outlay_domain::report::Status;
use outlay_edge::api::common::{OrgPath, PageOut, PageQuery, Problems};
use outlay_edge::api::report::ReportSummaryOut;
use outlay_edge::{Call, Outcome, Problem, ProblemType, Reply, checks};

/// List reports, newest first, without their lines.
///
/// Without `owner` and `month`: the caller's own. With `owner` (a member) or with `status` and `month` (all reports of that
/// status created in that month): for finance, admins and auditors.
#[utoipa::path(get, path = "/v1/orgs/{org}/reports", operation_id = "reportsList", tag = "reports",
    params(OrgPath, PageQuery,
        ("owner" = Option<String>, Query, description = "Only reports of this member, `mem_…`."),
        ("status" = Option<String>, Query, description = "Only reports of this status."),
        ("month" = Option<String>, Query, description = "With `status`: all reports created in this month, `YYYY-MM`.")),
    responses((status = 200, description = "The reports.", body = PageOut<ReportSummaryOut>), Problems))]
async fn handler(call: Call) -> Outcome {
    let (store, org) = (call.store(), call.org()?);
    let caller = call.caller().await?;
    let query = call.query(&["limit", "cursor", "owner", "status", "month"])?;
    let owner: Option<MemberId> = query.get("owner", "the identifier of a member", |text| text.parse().ok())?;
    let named = |text: &str| Status::ALL.into_iter().find(|status| status.name() == text);
    let status = query.get("status", "the name of a status", named)?;
    let month =
        query.get("month", "a month as YYYY-MM", |text| checks::day(&format!("{text}-01")).map(|_| text.to_owned()))?;
    if month.is_some() || owner.is_some_and(|owner| owner != caller.member.id) {
        caller.permit::<ListAllReports>()?;
    }
    let page = query.page()?;
    let reports = match (month, status, owner) {
        (None, status, owner) => store.list_by_owner(org, owner.unwrap_or(caller.member.id), status, &page).await?,
        (Some(month), Some(status), None) => store.list_by_status(org, status, &month, &page).await?,
        (Some(_), _, _) => {
            return Err(
                Problem::new(ProblemType::InvalidParameter, "month goes with status, and without owner.").into()
            );
        }
    };
    Ok(Reply::page(reports, |report| ReportSummaryOut::of(&report))?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    outlay_edge::boot::serve(handler).await
}
