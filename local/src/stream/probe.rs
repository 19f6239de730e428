//! Probes of the streams, for tests: a stream can be turned off, so that its records go by unread, or made to deliver records
//! twice and out of order, and a test can wait until everything has been delivered. Only in a stack for tests.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::filter;
use crate::dynamodb::DynamoDb;
use crate::faults::chance;
use crate::local::Local;
use crate::template::{StreamSource, Table, Template};

/// The longest that a request waits.
const PATIENCE: Duration = Duration::from_secs(20);

/// The probes, by the function's name.
pub(crate) type Probes = BTreeMap<String, Arc<Probe>>;

/// A probe of each stream that the template has.
pub(crate) fn probes(template: &Template, dynamodb: &DynamoDb) -> Probes {
    let probe = |source: &StreamSource| {
        let table = template.tables.iter().find(|it| it.name == source.table);
        let probe = Probe {
            source: source.clone(),
            partition_key: table.and_then(partition_key).unwrap_or_default(),
            dynamodb: dynamodb.clone(),
            settings: Mutex::default(),
            progress: Mutex::default(),
            moved: Notify::new(),
        };
        (source.function.clone(), Arc::new(probe))
    };
    template.streams.iter().map(probe).collect()
}

fn partition_key(table: &Table) -> Option<String> {
    let keys = table.create.get("KeySchema")?.as_array()?;
    let key = keys.iter().find(|it| it.get("KeyType").and_then(Value::as_str) == Some("HASH"))?;
    Some(key.get("AttributeName")?.as_str()?.to_owned())
}

/// The probe of one stream.
pub(crate) struct Probe {
    source: StreamSource,
    partition_key: String,
    dynamodb: DynamoDb,
    settings: Mutex<Settings>,
    progress: Mutex<Progress>,
    /// Told of every step.
    moved: Notify,
}

/// What a stream is made to do; each request says all of it anew.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settings {
    state: Power,
    /// Of a hundred records.
    duplicate_percent: u64,
    reorder_percent: u64,
    seed: u64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Power {
    #[default]
    On,
    Off,
}

#[derive(Default)]
struct Progress {
    /// The last record that the reader has done with.
    position: Option<String>,
    delivered: u64,
    invocations: u64,
    /// Those that ended in an error, or were killed.
    failed: u64,
}

impl Probe {
    fn settings(&self) -> MutexGuard<'_, Settings> {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The records as they are to be delivered, if not as they are.
    pub(super) fn shape(&self, records: &[Value]) -> Option<Vec<Value>> {
        let settings = *self.settings();
        if settings.state == Power::Off {
            return Some(Vec::new());
        }
        let is_plain = settings.duplicate_percent == 0 && settings.reorder_percent == 0;
        (!is_plain).then(|| shaped(settings, &self.partition_key, records))
    }

    /// The reader has done with everything up to a record.
    pub(super) fn reached(&self, position: Option<&str>) {
        self.progress().position = position.map(str::to_owned);
        self.moved.notify_waiters();
    }

    pub(super) fn invoked(&self, has_failed: bool) {
        let mut progress = self.progress();
        progress.invocations = progress.invocations.saturating_add(1);
        progress.failed = progress.failed.saturating_add(u64::from(has_failed));
    }

    /// So many records are done with: taken by the function, or given up.
    pub(super) fn delivered(&self, records: usize) {
        let mut progress = self.progress();
        progress.delivered = progress.delivered.saturating_add(u64::try_from(records).unwrap_or(u64::MAX));
    }

    /// How many records that the function wants have not been delivered; a thousand stands for more.
    async fn behind(&self) -> Result<usize, String> {
        let position = self.progress().position.clone();
        let records = self.dynamodb.records(&self.source.table, position).await?;
        Ok(records.iter().filter(|it| filter::passes(&self.source.filters, it)).count())
    }

    async fn status(&self) -> Result<Value, String> {
        let behind = self.behind().await?;
        let progress = self.progress();
        let Progress { delivered, invocations, failed, .. } = *progress;
        Ok(json!({ "delivered": delivered, "behind": behind, "invocations": invocations, "failed": failed }))
    }

    async fn idle(&self) -> Result<(), String> {
        loop {
            let moved = self.moved.notified();
            tokio::pin!(moved);
            // From here on no step is missed, before the look at how far the reader is.
            moved.as_mut().enable();
            if self.behind().await? == 0 {
                return Ok(());
            }
            moved.await;
        }
    }
}

/// Some records twice, the second time up to three places later, and some neighbours of different partitions swapped. Chance is
/// by the record, so the same seed does the same to the same records.
fn shaped(settings: Settings, partition_key: &str, records: &[Value]) -> Vec<Value> {
    let draw = |record: &Value, salt: u64| {
        let number: u64 = super::number(record).parse().unwrap_or_default();
        chance(settings.seed.wrapping_add(salt), number)
    };
    let mut shaped: Vec<Value> = Vec::with_capacity(records.len());
    let mut again: Vec<(usize, Value)> = Vec::new();
    for record in records {
        shaped.push(record.clone());
        if draw(record, 1) % 100 < settings.duplicate_percent {
            again.push((usize::try_from(draw(record, 2) % 4).unwrap_or_default(), record.clone()));
        }
        for (wait, _) in &mut again {
            *wait = wait.saturating_sub(1);
        }
        shaped.extend(again.extract_if(.., |(wait, _)| *wait == 0).map(|(_, record)| record));
    }
    shaped.extend(again.into_iter().map(|(_, record)| record));
    let partition = |it: &Value| it.pointer("/dynamodb/Keys").and_then(|keys| keys.get(partition_key)).cloned();
    let mut at = 1;
    while let Some([first, second]) = shaped.get_mut(at - 1..=at) {
        let differ = partition(first) != partition(second);
        if differ && draw(second, 3) % 100 < settings.reorder_percent {
            std::mem::swap(first, second);
            at += 1;
        }
        at += 1;
    }
    shaped
}

fn find<'a>(local: &'a Local, function: &str) -> Option<&'a Arc<Probe>> {
    local.probes.as_ref()?.get(function)
}

/// `POST /_local/streams/{function}`
pub(crate) async fn set(State(local): State<Local>, Path(function): Path<String>, body: Bytes) -> Response {
    let Some(probe) = find(&local, &function) else { return missing() };
    match serde_json::from_slice::<Settings>(&body) {
        Ok(settings) => {
            *probe.settings() = settings;
            Json(json!({})).into_response()
        }
        Err(error) => (StatusCode::BAD_REQUEST, Json(json!({ "message": error.to_string() }))).into_response(),
    }
}

/// `?until=idle`
#[derive(Deserialize)]
pub(crate) struct Wait {
    until: Option<Until>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Until {
    Idle,
}

/// `GET /_local/streams/{function}`: how far it is. With `until=idle` the answer comes once everything that was written before the
/// request has been delivered, given up or gone by, or after twenty seconds.
pub(crate) async fn status(
    State(local): State<Local>,
    Path(function): Path<String>,
    Query(wait): Query<Wait>,
) -> Response {
    let Some(probe) = find(&local, &function) else { return missing() };
    if wait.until.is_some() {
        // Too late is an answer too: it says how far behind.
        let _ = tokio::time::timeout(PATIENCE, probe.idle()).await;
    }
    match probe.status().await {
        Ok(status) => Json(status).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, Json(json!({ "message": error }))).into_response(),
    }
}

fn missing() -> Response {
    (StatusCode::NOT_FOUND, Json(json!({ "message": "no stream calls such a function" }))).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(number: u64, partition: &str) -> Value {
        json!({ "dynamodb": { "SequenceNumber": format!("{number:021}"), "Keys": { "PK": { "S": partition }, "SK": { "S": number.to_string() } } } })
    }

    fn numbers(records: &[Value]) -> Vec<u64> {
        records.iter().map(|it| super::super::number(it).parse().expect("a number")).collect()
    }

    #[test]
    fn records_come_twice_and_swapped_but_never_go_missing() {
        let settings = Settings { duplicate_percent: 30, reorder_percent: 20, seed: 1, ..Settings::default() };
        let records: Vec<Value> = (0..500).map(|it| record(it, &(it % 3).to_string())).collect();
        let found = shaped(settings, "PK", &records);
        assert_eq!(shaped(settings, "PK", &records), found);
        assert!((600..700).contains(&found.len()), "{}", found.len());
        let mut seen = numbers(&found);
        let out_of_order = seen.windows(2).filter(|it| it[0] > it[1]).count();
        assert!(out_of_order > 100, "{out_of_order}");
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen, (0..500).collect::<Vec<_>>());
    }

    #[test]
    fn what_is_of_one_partition_is_never_swapped() {
        let settings = Settings { reorder_percent: 100, seed: 1, ..Settings::default() };
        let records: Vec<Value> = (0..100).map(|it| record(it, "one")).collect();
        assert_eq!(shaped(settings, "PK", &records), records);
        let records: Vec<Value> = (0..4).map(|it| record(it, &it.to_string())).collect();
        assert_eq!(numbers(&shaped(settings, "PK", &records)), [1, 0, 3, 2]);
    }

    #[test]
    fn a_setting_with_a_slip_is_not_taken() {
        for wrong in [json!({ "state": "paused" }), json!({ "duplicates": 3 }), json!({ "seed": -1 })] {
            assert!(serde_json::from_value::<Settings>(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
