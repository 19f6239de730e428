//! The queues over HTTP, for tests and for whoever operates the stack: what is in one, putting something in, and sending dead
//! letters back.

use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Queue, Queues};
use crate::local::Local;

/// The longest that a request waits.
const PATIENCE: Duration = Duration::from_secs(20);

/// `?wait=` for so many messages in it; `?arrived=` for so many that have come in since the start; `?until=empty`.
#[derive(Deserialize)]
pub(crate) struct Wait {
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

impl Wait {
    fn is_over(&self, count: usize, arrived: u64) -> bool {
        self.arrived.is_none_or(|wanted| arrived >= wanted)
            && self.count.is_none_or(|wanted| count >= wanted)
            && (self.until.is_none() || count == 0)
    }
}

impl Queue {
    fn list(&self) -> Vec<Value> {
        let item = |it: &super::Held| {
            json!({
                "message_id": it.message.id,
                "body": it.message.body,
                "receives": it.message.receives,
                "in_flight": it.in_flight,
                "source": it.message.source,
            })
        };
        self.held().iter().map(item).collect()
    }

    fn arrived(&self) -> u64 {
        self.arrived.load(Ordering::Relaxed)
    }

    async fn once(&self, wait: &Wait) -> Vec<Value> {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let items = self.list();
            if wait.is_over(items.len(), self.arrived()) {
                return items;
            }
            changed.await;
        }
    }
}

fn find<'a>(queues: &'a Queues, logical_id: &str) -> Option<&'a Queue> {
    queues.by_arn.get(queues.arn(logical_id)?)
}

/// `GET /_local/queues/{logical id}`: its messages, those being worked on too, and how many have come in since the start. With
/// `wait`, `arrived` or `until` the answer comes once all of that is so, or after twenty seconds.
pub(crate) async fn list(State(local): State<Local>, Path(id): Path<String>, Query(wait): Query<Wait>) -> Response {
    let Some(queue) = find(&local.queues, &id) else { return missing() };
    let items = tokio::time::timeout(PATIENCE, queue.once(&wait)).await.unwrap_or_else(|_| queue.list());
    Json(json!({ "items": items, "arrived": queue.arrived() })).into_response()
}

/// `POST /_local/queues/{logical id}`: puts the body into it.
pub(crate) async fn put(State(local): State<Local>, Path(id): Path<String>, body: String) -> Response {
    let Some(arn) = local.queues.arn(&id) else { return missing() };
    let sent = local.queues.send(arn, body).await;
    sent.map_or_else(missing, |id| Json(json!({ "message_id": id })).into_response())
}

/// `POST /_local/queues/{logical id}/redrive`: sends dead letters back where they came from.
pub(crate) async fn redrive(State(local): State<Local>, Path(id): Path<String>) -> Response {
    let Some(arn) = local.queues.arn(&id) else { return missing() };
    Json(json!({ "redriven": local.queues.redrive(arn).await })).into_response()
}

fn missing() -> Response {
    (StatusCode::NOT_FOUND, Json(json!({ "message": "the template has no such queue" }))).into_response()
}
