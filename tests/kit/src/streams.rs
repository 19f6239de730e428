//! Control of streams: a stream can be turned off, so that its records are skipped, or deliver records twice and out of
//! order; a test can wait until all records are delivered.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use outlay_local::{StreamHandle, StreamProgress};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::chance;

/// Longest wait of a request.
const MAX_WAIT: Duration = Duration::from_secs(20);

/// All streams, by the name of the function.
pub(crate) struct Streams(BTreeMap<String, Stream>);

impl Streams {
    pub(crate) fn new(handles: Vec<StreamHandle>) -> Self {
        let stream = |handle: StreamHandle| {
            let name = handle.function().to_owned();
            let stream =
                Stream { handle, settings: Mutex::default(), progress: Mutex::default(), changed: Notify::new() };
            (name, stream)
        };
        Self(handles.into_iter().map(stream).collect())
    }

    pub(crate) fn get(&self, function: &str) -> Option<&Stream> {
        self.0.get(function)
    }
}

/// A stream that calls a function.
pub(crate) struct Stream {
    handle: StreamHandle,
    settings: Mutex<Settings>,
    progress: Mutex<Progress>,
    /// Notified of every change of the position.
    changed: Notify,
}

/// Settings of a stream. A request replaces all of them.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Settings {
    state: StreamState,
    /// Share of records that are delivered twice, percent.
    duplicate_percent: u64,
    /// Share of records that swap places with their neighbour, percent.
    reorder_percent: u64,
    seed: u64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum StreamState {
    #[default]
    On,
    Off,
}

#[derive(Default)]
struct Progress {
    /// Sequence number of the last record that the reader has passed.
    position: Option<String>,
    delivered: u64,
    invocations: u64,
    /// Invocations that ended with an error, or whose process was killed.
    failed: u64,
}

impl Stream {
    fn settings(&self) -> MutexGuard<'_, Settings> {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the records to deliver, if the settings change them.
    pub(crate) fn reshape(&self, records: &[Value]) -> Option<Vec<Value>> {
        let settings = *self.settings();
        if settings.state == StreamState::Off {
            return Some(Vec::new());
        }
        let is_unchanged = settings.duplicate_percent == 0 && settings.reorder_percent == 0;
        (!is_unchanged).then(|| reshape(settings, self.handle.partition_key(), records))
    }

    /// Records the progress of the reader.
    pub(crate) fn record(&self, progress: StreamProgress<'_>) {
        let mut known = self.progress();
        match progress {
            StreamProgress::Position(position) => {
                known.position = position.map(str::to_owned);
                self.changed.notify_waiters();
            }
            StreamProgress::Invocation { has_failed } => {
                known.invocations = known.invocations.saturating_add(1);
                known.failed = known.failed.saturating_add(u64::from(has_failed));
            }
            StreamProgress::Delivered(records) => {
                known.delivered = known.delivered.saturating_add(u64::try_from(records).unwrap_or(u64::MAX));
            }
        }
    }

    /// Counts the records that are still to deliver, at most 1000.
    async fn count_pending(&self) -> Result<usize, String> {
        let position = self.progress().position.clone();
        self.handle.count_pending(position).await
    }

    async fn status(&self) -> Result<Value, String> {
        let behind = self.count_pending().await?;
        let progress = self.progress();
        let Progress { delivered, invocations, failed, .. } = *progress;
        Ok(json!({ "delivered": delivered, "behind": behind, "invocations": invocations, "failed": failed }))
    }

    async fn wait_until_idle(&self) -> Result<(), String> {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // Enabled before the check, so that no change is missed.
            changed.as_mut().enable();
            if self.count_pending().await? == 0 {
                return Ok(());
            }
            changed.await;
        }
    }
}

fn sequence_number(record: &Value) -> u64 {
    let number = record.pointer("/dynamodb/SequenceNumber").and_then(Value::as_str);
    number.and_then(|it| it.parse().ok()).unwrap_or_default()
}

/// Repeats some records up to three places later, and swaps some neighbours of different partitions. The choice depends
/// on the seed and the record, so the same seed gives the same result.
fn reshape(settings: Settings, partition_key: &str, records: &[Value]) -> Vec<Value> {
    let draw = |record: &Value, salt: u64| chance::draw(settings.seed.wrapping_add(salt), sequence_number(record));
    let mut reshaped: Vec<Value> = Vec::with_capacity(records.len());
    let mut repeated: Vec<(usize, Value)> = Vec::new();
    for record in records {
        reshaped.push(record.clone());
        if draw(record, 1) % 100 < settings.duplicate_percent {
            repeated.push((usize::try_from(draw(record, 2) % 4).unwrap_or_default(), record.clone()));
        }
        for (wait, _) in &mut repeated {
            *wait = wait.saturating_sub(1);
        }
        reshaped.extend(repeated.extract_if(.., |(wait, _)| *wait == 0).map(|(_, record)| record));
    }
    reshaped.extend(repeated.into_iter().map(|(_, record)| record));
    let partition = |it: &Value| it.pointer("/dynamodb/Keys").and_then(|keys| keys.get(partition_key)).cloned();
    let mut at = 1;
    while let Some([first, second]) = reshaped.get_mut(at - 1..=at) {
        let differ = partition(first) != partition(second);
        if differ && draw(second, 3) % 100 < settings.reorder_percent {
            std::mem::swap(first, second);
            at += 1;
        }
        at += 1;
    }
    reshaped
}

/// Makes the routes of the streams.
pub(crate) fn routes(streams: Arc<Streams>) -> Router {
    Router::new().route("/_local/streams/{function}", get(get_status).post(set_settings)).with_state(streams)
}

/// `POST /_local/streams/{function}`: replaces the settings.
async fn set_settings(State(streams): State<Arc<Streams>>, Path(function): Path<String>, body: Bytes) -> Response {
    let Some(stream) = streams.get(&function) else { return not_found() };
    match serde_json::from_slice::<Settings>(&body) {
        Ok(settings) => {
            *stream.settings() = settings;
            Json(json!({})).into_response()
        }
        Err(error) => (StatusCode::BAD_REQUEST, Json(json!({ "message": error.to_string() }))).into_response(),
    }
}

/// Query: `until=idle` waits until the stream is idle.
#[derive(Deserialize)]
struct StatusQuery {
    until: Option<Until>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Until {
    Idle,
}

/// `GET /_local/streams/{function}`: progress. With `until=idle`, answers once every record that was written before the
/// request is delivered, given up or skipped, or after 20 s.
async fn get_status(
    State(streams): State<Arc<Streams>>,
    Path(function): Path<String>,
    Query(query): Query<StatusQuery>,
) -> Response {
    let Some(stream) = streams.get(&function) else { return not_found() };
    if query.until.is_some() {
        // After a timeout, the status tells how many records are pending.
        let _ = tokio::time::timeout(MAX_WAIT, stream.wait_until_idle()).await;
    }
    match stream.status().await {
        Ok(status) => Json(status).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, Json(json!({ "message": error }))).into_response(),
    }
}

fn not_found() -> Response {
    (StatusCode::NOT_FOUND, Json(json!({ "message": "no stream calls this function" }))).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(number: u64, partition: &str) -> Value {
        json!({ "dynamodb": { "SequenceNumber": format!("{number:021}"), "Keys": { "PK": { "S": partition }, "SK": { "S": number.to_string() } } } })
    }

    fn numbers(records: &[Value]) -> Vec<u64> {
        records.iter().map(sequence_number).collect()
    }

    #[test]
    fn reshaped_records_repeat_and_swap_but_none_is_lost() {
        let settings = Settings { duplicate_percent: 30, reorder_percent: 20, seed: 1, ..Settings::default() };
        let records: Vec<Value> = (0..500).map(|it| record(it, &(it % 3).to_string())).collect();
        let found = reshape(settings, "PK", &records);
        assert_eq!(reshape(settings, "PK", &records), found);
        assert!((600..700).contains(&found.len()), "{}", found.len());
        let mut seen = numbers(&found);
        let out_of_order = seen.windows(2).filter(|it| it[0] > it[1]).count();
        assert!(out_of_order > 100, "{out_of_order}");
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen, (0..500).collect::<Vec<_>>());
    }

    #[test]
    fn records_of_one_partition_keep_their_order() {
        let settings = Settings { reorder_percent: 100, seed: 1, ..Settings::default() };
        let records: Vec<Value> = (0..100).map(|it| record(it, "one")).collect();
        assert_eq!(reshape(settings, "PK", &records), records);
        let records: Vec<Value> = (0..4).map(|it| record(it, &it.to_string())).collect();
        assert_eq!(numbers(&reshape(settings, "PK", &records)), [1, 0, 3, 2]);
    }

    #[test]
    fn invalid_settings_are_rejected() {
        for wrong in [json!({ "state": "paused" }), json!({ "duplicates": 3 }), json!({ "seed": -1 })] {
            assert!(serde_json::from_value::<Settings>(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
