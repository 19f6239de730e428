//! `GET /v1/orgs/{org}/reports/{report}/history`: returns the events of a report, the state of their mails, and
//! an integrity check of the events.

use outlay_api::common::ReportPath;
use outlay_api::history::{HistoryHead, HistoryOut};
use outlay_domain::permission::Read;
use outlay_http::prelude::*;

#[derive(Debug)]
struct GetHistory;

impl Endpoint for GetHistory {
    type Target = OnReport<Read>;
    type Preload = ();
    type Query = PageQuery;
    type Body = NoBody;
    type Resource = ();
    const COST: RequestClass = RequestClass::Read;
    const IDEMPOTENCY: Idempotency = Idempotency::Unused;
    const PRECONDITION: Precondition = Precondition::Unused;
    const DAILY_QUOTA: DailyQuotaOf<Self> = |()| None;
    const OTHER_PROBLEMS: &'static [ProblemType] = &[];
}

/// Get the history of a report, oldest event first.
///
/// Allowed for every member who can read the report. Each event contains a hash over itself and the event before;
/// `chain` is the result of checking these hashes. `mail` lists the recipients of an event and the delivery
/// status of each mail.
#[utoipa::path(
    get,
    path = "/v1/orgs/{org}/reports/{report}/history",
    operation_id = "reportsHistory",
    tag = "reports",
    params(ReportPath, Declared<GetHistory>),
    responses((status = 200, description = "Page of events.", body = HistoryOut), Declared<GetHistory>)
)]
async fn handler(context: Context<'_, GetHistory>) -> HandlerResult {
    let (store, report) = (context.store(), context.report());
    let reload = async {
        let report = store.report(report.org, report.id).await?.ok_or_else(Problem::not_found)?;
        Ok(HistoryHead::from(&report))
    };
    Ok(Reply::ok(&HistoryOut::load(store, &context.query.page, report.into(), reload).await?)?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
