//! The queues over HTTP, for tests and tools: list and send messages, redrive dead letters.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Queue, QueuedMessage, Queues};

/// Longest wait of a request.
const MAX_WAIT: Duration = Duration::from_secs(20);

/// Makes the routes of the queues.
pub(crate) fn routes(queues: Arc<Queues>) -> Router {
    Router::new()
        .route("/_local/queues/{queue}", get(list_messages).post(send_message))
        .route("/_local/queues/{queue}/redrive", post(redrive))
        .with_state(queues)
}

/// Query: conditions to wait for. `wait` is a number of messages in the queue, `arrived` one of messages since the
/// start, `until=empty` an empty queue.
#[derive(Deserialize)]
struct WaitQuery {
    #[serde(rename = "wait")]
    count: Option<usize>,
    arrived: Option<u64>,
    until: Option<Until>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Until {
    Empty,
}

impl WaitQuery {
    fn is_met(&self, count: usize, arrived: u64) -> bool {
        self.arrived.is_none_or(|wanted| arrived >= wanted)
            && self.count.is_none_or(|wanted| count >= wanted)
            && (self.until.is_none() || count == 0)
    }
}

impl Queue {
    fn list(&self) -> Vec<Value> {
        let item = |it: &QueuedMessage| {
            json!({
                "message_id": it.message.id,
                "body": it.message.body,
                "receives": it.message.receives,
                "in_flight": it.in_flight,
                "source": it.message.source,
            })
        };
        self.messages().iter().map(item).collect()
    }

    fn arrived(&self) -> u64 {
        self.arrived.load(Ordering::Relaxed)
    }

    async fn wait_for(&self, wait: &WaitQuery) -> Vec<Value> {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let items = self.list();
            if wait.is_met(items.len(), self.arrived()) {
                return items;
            }
            changed.await;
        }
    }
}

fn find<'a>(queues: &'a Queues, logical_id: &str) -> Option<&'a Queue> {
    queues.by_arn.get(queues.arn(logical_id)?)
}

/// `GET /_local/queues/{logical id}`: messages, those in flight included, and the number of messages since the start.
/// With conditions, answers once all are met, or after 20 s.
async fn list_messages(
    State(queues): State<Arc<Queues>>,
    Path(id): Path<String>,
    Query(wait): Query<WaitQuery>,
) -> Response {
    let Some(queue) = find(&queues, &id) else { return not_found() };
    let items = tokio::time::timeout(MAX_WAIT, queue.wait_for(&wait)).await.unwrap_or_else(|_| queue.list());
    Json(json!({ "items": items, "arrived": queue.arrived() })).into_response()
}

/// `POST /_local/queues/{logical id}`: sends the body as a message.
async fn send_message(State(queues): State<Arc<Queues>>, Path(id): Path<String>, body: String) -> Response {
    let Some(arn) = queues.arn(&id) else { return not_found() };
    let sent = queues.send(arn, body).await;
    sent.map_or_else(not_found, |id| Json(json!({ "message_id": id })).into_response())
}

/// `POST /_local/queues/{logical id}/redrive`: sends dead letters to their source queues.
async fn redrive(State(queues): State<Arc<Queues>>, Path(id): Path<String>) -> Response {
    let Some(arn) = queues.arn(&id) else { return not_found() };
    Json(json!({ "redriven": queues.redrive(arn).await })).into_response()
}

fn not_found() -> Response {
    (StatusCode::NOT_FOUND, Json(json!({ "message": "the template has no such queue" }))).into_response()
}
