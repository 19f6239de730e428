//! `GET /v1/orgs/{org}/reports`: one's own reports; for finance, admins and auditors also those of others.

use outlay_domain::ids::MemberId;
use outlay_domain::permission::ListAllReports;
use outlay_domain::report::Status;
use outlay_edge::api::common::{OrgPath, PageOut, PageQuery, Problems};
use outlay_edge::api::report::ReportSummaryOut;
use outlay_edge::{Call, Outcome, Reply, checks, loads};
use outlay_store::ReportFilter;

/// List reports without their lines.
///
/// Without `scope`: the caller's own. With `scope=all`, or an `owner`, those of others too: for finance, admins and auditors. Filters
/// can be combined. One member's reports come newest first, and so do those of all; with `scope=all`, `updated_since` gives the order of
/// their last change, oldest first, so that whoever goes on from the last one misses nothing, and `min_total` or `max_total` that of amounts.
#[utoipa::path(get, path = "/v1/orgs/{org}/reports", operation_id = "reportsList", tag = "reports",
    params(OrgPath, PageQuery,
        ("scope" = Option<String>, Query, description = "`mine` (when absent) or `all`."),
        ("owner" = Option<String>, Query, description = "Only reports of this member, `mem_…`."),
        ("status" = Option<String>, Query, description = "Only reports of this status."),
        ("cost_centre" = Option<String>, Query, description = "Only reports with a line on this cost centre."),
        ("from" = Option<String>, Query, description = "Only reports created on this day (UTC) or later, `YYYY-MM-DD`."),
        ("to" = Option<String>, Query, description = "Only reports created on this day (UTC) or earlier."),
        ("min_total" = Option<String>, Query, description = "Only reports of at least this total in the base currency, such as `100.00`."),
        ("max_total" = Option<String>, Query, description = "Only reports of at most this total in the base currency."),
        ("updated_since" = Option<String>, Query, description = "Only reports changed at this time (RFC 3339) or later.")),
    responses((status = 200, description = "The reports.", body = PageOut<ReportSummaryOut>), Problems))]
async fn handler(call: Call) -> Outcome {
    let (store, org) = (call.store(), call.org()?);
    let (caller, organisation) = call.caller_and(loads::organisation(store, org)).await?;
    let offered = [
        "limit",
        "cursor",
        "scope",
        "owner",
        "status",
        "cost_centre",
        "from",
        "to",
        "min_total",
        "max_total",
        "updated_since",
    ];
    let query = call.query(&offered)?;
    let all =
        query.get("scope", "mine or all", |text| ["mine", "all"].iter().position(|known| *known == text))? == Some(1);
    let named = query.get("owner", "the identifier of a member", |text| text.parse::<MemberId>().ok())?;
    let total = |text: &str| checks::total(text, organisation.base_currency);
    let label = |text: &str| checks::label(text).ok().map(|()| checks::cleaned(text));
    let filter = ReportFilter {
        owner: named.or_else(|| (!all).then_some(caller.member.id)),
        status: query.get("status", "the name of a status", Status::named)?,
        cost_centre: query.get("cost_centre", "a cost centre of at most 40 characters", label)?,
        created_from: query.get("from", "a day as YYYY-MM-DD", checks::day)?,
        created_to: query.get("to", "a day as YYYY-MM-DD", checks::day)?,
        min_total: query.get("min_total", "an amount in the base currency", total)?,
        max_total: query.get("max_total", "an amount in the base currency", total)?,
        updated_since: query.get("updated_since", "a time as RFC 3339", checks::moment)?,
    };
    if filter.owner != Some(caller.member.id) {
        caller.permit::<ListAllReports>()?;
    }
    let reports = store.list_reports(org, &filter, &query.page()?).await?;
    Ok(Reply::page(reports, |report| ReportSummaryOut::of(&report))?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    outlay_edge::boot::serve(handler).await
}
