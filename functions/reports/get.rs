//! `GET /v1/orgs/{org}/reports/{report}`: a report with its lines, findings and route.

use outlay_domain::permission::Read;
use outlay_edge::api::common::{Problems, ReportPath};
use outlay_edge::api::report::ReportOut;
use outlay_edge::{Call, Desk, Outcome, Precondition};

/// Read a report.
///
/// For its owner, who entered it or is paid, those its route asks and who decides for them, finance, admins and auditors; for others it
/// does not exist.
#[utoipa::path(get, path = "/v1/orgs/{org}/reports/{report}", operation_id = "reportsGet", tag = "reports", params(ReportPath),
    responses((status = 200, description = "The report.", body = ReportOut), Problems))]
async fn handler(call: Call) -> Outcome {
    let desk = Desk::open::<Read>(call, Precondition::Optional).await?;
    desk.call().query(&[])?;
    desk.unchanged()
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    outlay_edge::boot::serve(handler).await
}
