//! `GET /v1/orgs/{org}/reports/{report}/history`: what happened to a report, by whom and when.

use outlay_domain::event::Event;
use outlay_domain::ids::MemberId;
use outlay_domain::member::Member;
use outlay_domain::permission::Read;
use outlay_edge::api::common::{PageOut, PageQuery, PersonOut, Problems, ReportPath, time};
use outlay_edge::{Call, Desk, Outcome, Precondition, Problem, Reply};
use serde::Serialize;
use utoipa::ToSchema;

/// One entry of the history.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
struct EventOut {
    /// Position in the report's history, from 1.
    seq: u64,
    /// What happened, such as `report.submitted`.
    #[serde(rename = "type")]
    #[schema(example = "report.submitted")]
    kind: serde_json::Value,
    /// Who did it.
    actor: PersonOut,
    /// When, RFC 3339 in UTC.
    #[schema(format = DateTime)]
    at: String,
    /// What belongs to it: the reason, the step, the line before and after.
    data: serde_json::Value,
}

impl EventOut {
    fn of(event: &Event, people: &[Member]) -> Result<Self, Problem> {
        let mut kind = serde_json::to_value(&event.kind).map_err(Problem::internal)?;
        let mut take = |name: &str| kind.get_mut(name).map_or(serde_json::Value::Null, serde_json::Value::take);
        let name = people
            .iter()
            .find(|member| member.id == event.actor)
            .map_or_else(String::new, |member| member.name.clone());
        let actor = PersonOut { id: event.actor.to_string(), name };
        Ok(Self { seq: event.seq, kind: take("type"), actor, at: time(event.at), data: take("data") })
    }
}

/// Read a report's history, oldest first.
///
/// For whoever may read the report.
#[utoipa::path(get, path = "/v1/orgs/{org}/reports/{report}/history", operation_id = "reportsHistory", tag = "reports",
    params(ReportPath, PageQuery),
    responses((status = 200, description = "What happened.", body = PageOut<EventOut>), Problems))]
async fn handler(call: Call) -> Outcome {
    let desk = Desk::open::<Read>(call, Precondition::Optional).await?;
    let page = desk.call().query(&["limit", "cursor"])?.page()?;
    let (store, report) = (desk.call().store(), &desk.report);
    let events = store.list_events(report.org, report.id, &page).await?;
    let mut actors: Vec<MemberId> = events.items.iter().map(|event| event.actor).collect();
    actors.sort_unstable();
    actors.dedup();
    let people = store.members_by_id(report.org, &actors).await?;
    let items: Vec<_> = events.items.iter().map(|event| EventOut::of(event, &people)).collect::<Result<_, _>>()?;
    Ok(Reply::ok(&PageOut { items, next_cursor: events.next })?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    outlay_edge::boot::serve(handler).await
}
