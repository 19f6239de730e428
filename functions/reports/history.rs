//! `GET /v1/orgs/{org}/reports/{report}/history`: what happened to a report, by whom and when, and whether that is still as written.

use outlay_domain::event::Subject;
use outlay_domain::permission::Read;
use outlay_edge::api::common::{PageQuery, Problems, ReportPath};
use outlay_edge::api::history::{ChainOut, EventOut, people};
use outlay_edge::{Call, Desk, Outcome, Precondition, Problem, Reply};
use serde::Serialize;
use utoipa::ToSchema;

/// A part of a report's history.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = History)]
struct HistoryOut {
    /// The entries, oldest first.
    items: Vec<EventOut>,
    /// What to send as `cursor` to go on; null at the end.
    next_cursor: Option<String>,
    /// Whether these entries are as they were written.
    chain: ChainOut,
}

/// Read a report's history, oldest first.
///
/// For whoever may read the report. Each entry is chained by its hash to the one before; `chain` says whether that holds. `mail` says
/// who was told of an entry, and whether that has arrived.
#[utoipa::path(get, path = "/v1/orgs/{org}/reports/{report}/history", operation_id = "reportsHistory", tag = "reports",
    params(ReportPath, PageQuery),
    responses((status = 200, description = "What happened.", body = HistoryOut), Problems))]
async fn handler(call: Call) -> Outcome {
    let desk = Desk::open::<Read>(call, Precondition::Optional).await?;
    let page = desk.call().query(&["limit", "cursor"])?.page()?;
    let (store, mut report) = (desk.call().store(), desk.report.clone());
    let events = store.list_events(report.org, report.id, &page).await?;
    if events.items.last().is_some_and(|event| event.seq > report.last_event) {
        // Something has happened since the report was read, or somebody has put back an old one.
        report = store.report(report.org, report.id).await?.ok_or_else(Problem::not_found)?;
    }
    let before = async {
        match events.items.first().map(|event| event.seq) {
            Some(first) if first > 1 && page.cursor.is_some() => store.event(report.org, report.id, first - 1).await,
            // The page before may have ended with the last entry.
            None if page.cursor.is_some() => store.event(report.org, report.id, report.last_event).await,
            _ => Ok(None),
        }
    };
    let range = events.items.first().zip(events.items.last()).map(|(first, last)| (first.seq, last.seq));
    let mail = async {
        match range {
            Some(range) => store.deliveries(report.org, Subject::Report(report.id), range).await,
            None => Ok(Vec::new()),
        }
    };
    let (mail, before) = tokio::try_join!(mail, before)?;
    let people = store.members_by_id(report.org, &people(&events.items, &mail)).await?;
    let chain = ChainOut::of(&report, (page.cursor.is_none(), before.as_ref()), &events.items, events.next.is_none());
    let items = events.items.iter().map(|event| EventOut::of(event, &people, &mail)).collect::<Result<_, _>>()?;
    Ok(Reply::ok(&HistoryOut { items, next_cursor: events.next, chain })?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    outlay_edge::boot::serve(handler).await
}
