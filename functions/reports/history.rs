//! `GET /v1/orgs/{org}/reports/{report}/history`: returns the events of a report, the state of their mails, and
//! an integrity check of the events.

use outlay_api::common::ReportPath;
use outlay_api::history::{ChainOut, EventOut, people};
use outlay_domain::event::{Event, EventSubject};
use outlay_domain::permission::Read;
use outlay_domain::report::Report;
use outlay_http::prelude::*;
use outlay_store::deliveries::Delivery;
use outlay_store::{PageRequest, Store, StoreError};
use serde::Serialize;
use utoipa::ToSchema;

/// Page of a report's history.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = History)]
struct HistoryOut {
    /// Events, oldest first.
    items: Vec<EventOut>,
    /// Value of `cursor` for the next page; null on the last page.
    next_cursor: Option<String>,
    /// Result of the integrity check of these events.
    chain: ChainOut,
}

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
    let page = &context.query.page;
    let (store, mut report) = (context.store(), context.report().clone());
    let events = store.list_events(report.org, report.id, page).await?;
    if events.items.last().is_some_and(|event| event.seq > report.last_event) {
        // The report changed after it was read, or an old copy of it was written back to the table.
        report = store.report(report.org, report.id).await?.ok_or_else(Problem::not_found)?;
    }
    let (deliveries, previous) = tokio::try_join!(
        load_deliveries(store, &report, &events.items),
        load_previous_event(store, &report, page, &events.items)
    )?;
    let people = store.members_by_id(report.org, &people(&events.items, &deliveries)).await?;
    let (is_first_page, is_last_page) = (page.cursor.is_none(), events.next.is_none());
    let chain = ChainOut::of(&report, (is_first_page, previous.as_ref()), &events.items, is_last_page);
    let items = events.items.iter().map(|event| EventOut::of(event, &people, &deliveries)).collect::<Result<_, _>>()?;
    Ok(Reply::ok(&HistoryOut { items, next_cursor: events.next, chain })?)
}

/// Loads the mails about the events of a page.
async fn load_deliveries(store: &Store, report: &Report, events: &[Event]) -> Result<Vec<Delivery>, StoreError> {
    match (events.first(), events.last()) {
        (Some(first), Some(last)) => {
            store.deliveries(report.org, EventSubject::Report(report.id), (first.seq, last.seq)).await
        }
        _ => Ok(Vec::new()),
    }
}

/// Loads the event before a page: its hash must be in the first event of the page. The first page has none.
async fn load_previous_event(
    store: &Store,
    report: &Report,
    page: &PageRequest,
    events: &[Event],
) -> Result<Option<Event>, StoreError> {
    if page.cursor.is_none() {
        return Ok(None);
    }
    match events.first().map(|event| event.seq) {
        Some(first) if first > 1 => store.event(report.org, report.id, first - 1).await,
        Some(_) => Ok(None),
        // The previous page ended with the last event.
        None => store.event(report.org, report.id, report.last_event).await,
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
