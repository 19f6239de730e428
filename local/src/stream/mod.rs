//! Reads a table's stream and calls the function behind it as Lambda's event source mapping does: in order, filtered,
//! at least once. The checkpoint moves only after success (or after a record was put aside whole), so a kill at any
//! moment repeats records and loses none. Records are not put aside for their age: the stack may have been off for days.

pub(crate) mod batch;
pub(crate) mod failures;
pub(crate) mod filter;
pub(crate) mod probe;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::dynamodb::DynamoDb;
use crate::host::{FunctionError, Host};
use crate::stop::Stop;
use crate::store::Store;
use crate::template::StreamSource;
use batch::{Next, Part, Policy};
use probe::{Probe, Probes};

/// How often an idle stream is looked at. A finished invocation wakes the reader at once.
const IDLE: Duration = Duration::from_millis(50);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// What stream readers work with.
#[derive(Clone)]
pub(crate) struct Means {
    pub(crate) dynamodb: DynamoDb,
    pub(crate) host: Host,
    pub(crate) checkpoints: Arc<Store>,
    pub(crate) failures: Arc<Store>,
    /// In a stack for tests only.
    pub(crate) probes: Option<Arc<Probes>>,
}

/// Starts a reader for each of the sources.
pub(crate) fn start(sources: &[StreamSource], means: &Means, stop: &Stop, tasks: &mut JoinSet<()>) {
    for source in sources {
        let probe = means.probes.as_ref().and_then(|probes| probes.get(&source.function)).cloned();
        let reader = Reader { source: source.clone(), means: means.clone(), probe };
        let ends = stop.clone();
        tasks.spawn(async move { ends.race(reader.run()).await.unwrap_or_default() });
    }
}

struct Reader {
    source: StreamSource,
    means: Means,
    probe: Option<Arc<Probe>>,
}

/// A record's sequence number.
fn number(record: &Value) -> &str {
    record.pointer("/dynamodb/SequenceNumber").and_then(Value::as_str).unwrap_or_default()
}

impl Reader {
    /// Reads until the task is dropped.
    async fn run(self) {
        let mut checkpoint = self.checkpoint();
        self.reached(checkpoint.as_deref());
        loop {
            // Listening starts before the look, so that no end of an invocation falls between the two.
            let woken = self.means.host.next_end();
            tokio::pin!(woken);
            let began = Instant::now();
            match self.means.dynamodb.records(&self.source.table, checkpoint.clone()).await {
                Ok(records) if !records.is_empty() => {
                    if let Some(last) = self.deliver(records, checkpoint.clone()).await {
                        checkpoint = Some(last);
                        self.reached(checkpoint.as_deref());
                    }
                }
                Ok(_) => {
                    // The longer the stream, the longer a look: the pauses keep it from holding the database up.
                    let look = began.elapsed();
                    tokio::time::sleep(look.saturating_mul(4)).await;
                    let _ = tokio::time::timeout(IDLE.max(look.saturating_mul(20)), woken).await;
                }
                Err(error) => {
                    eprintln!("the stream of {} cannot be read: {error}", self.source.table);
                    tokio::time::sleep(LONGEST_PAUSE).await;
                }
            }
        }
    }

    /// Says how far it is, if anybody wants to know.
    fn reached(&self, position: Option<&str>) {
        if let Some(probe) = &self.probe {
            probe.reached(position);
        }
    }

    /// One checkpoint per function and table.
    fn name(&self) -> String {
        format!("{}.{}", self.source.function, self.source.table)
    }

    fn checkpoint(&self) -> Option<String> {
        Some(self.means.checkpoints.get(&self.name())?.get("sequence_number")?.as_str()?.to_owned())
    }

    /// Repeats until it is written: going on without it would only repeat more later.
    async fn advance(&self, sequence_number: &str) {
        let document = json!({ "sequence_number": sequence_number });
        while let Err(error) = self.means.checkpoints.put(&self.name(), document.clone()).await {
            eprintln!("the checkpoint of {} cannot be written: {error}", self.source.function);
            tokio::time::sleep(LONGEST_PAUSE).await;
        }
    }

    /// Delivers records that follow each other; returns the last one's sequence number.
    async fn deliver(&self, mut records: Vec<Value>, after: Option<String>) -> Option<String> {
        let full = |records: &[Value]| {
            records.iter().filter(|it| filter::passes(&self.source.filters, it)).count() >= self.source.batch_size
        };
        if !self.source.window.is_zero() && !full(&records) {
            tokio::time::sleep(self.source.window).await;
            records = self.means.dynamodb.records(&self.source.table, after).await.unwrap_or(records);
        }
        let last = records.last().map(number)?.to_owned();
        let wanted: Vec<Value> =
            records.into_iter().filter(|record| filter::passes(&self.source.filters, record)).collect();
        let shaped = self.probe.as_ref().and_then(|probe| probe.shape(&wanted));
        let in_order = shaped.is_none();
        for batch in shaped.as_ref().unwrap_or(&wanted).chunks(self.source.batch_size) {
            self.batch(batch, in_order).await;
        }
        // Records that nobody wants need no durable checkpoint: passing over them again does no harm.
        if !wanted.is_empty() {
            self.advance(&last).await;
        }
        Some(last)
    }

    /// `in_order` says that a record stands for all before it.
    async fn batch(&self, records: &[Value], in_order: bool) {
        let policy = Policy {
            reports_failures: self.source.reports_failures,
            bisect: self.source.bisect,
            max_retries: self.source.max_retries,
        };
        let mut parts = VecDeque::from([Part { start: 0, end: records.len(), retries: 0 }]);
        while let Some(part) = parts.pop_front() {
            let part_records = records.get(part.start..part.end).unwrap_or_default();
            let payload = json!({ "Records": part_records }).to_string();
            let result = self.means.host.invoke(&self.source.function, Bytes::from(payload)).await;
            if let Err(FunctionError::Failed(error)) = &result {
                eprintln!("{} failed: {}", self.source.function, String::from_utf8_lossy(error));
            }
            let numbers: Vec<&str> = part_records.iter().map(number).collect();
            let response = result.as_ref().map(AsRef::as_ref).map_err(|_| ());
            let (done, pause) = match batch::next(policy, part, batch::first_failure(policy, response, &numbers)) {
                Next::Done => (part.end, None),
                Next::GiveUp => {
                    self.put_aside(part_records, &result).await;
                    (part.end, None)
                }
                Next::Again(again) => {
                    let done = again.first().map_or(part.start, |first| first.start);
                    // After a split the smaller part starts at once.
                    let pause = if again.len() == 1 { again.first().map(|first| pause(first.retries)) } else { None };
                    again.into_iter().rev().for_each(|it| parts.push_front(it));
                    (done, pause)
                }
            };
            if let Some(probe) = &self.probe {
                probe.invoked(result.is_err());
                probe.delivered(done.saturating_sub(part.start));
            }
            let last_done = done.checked_sub(1).filter(|it| *it >= part.start).and_then(|it| records.get(it));
            if let Some(record) = last_done.filter(|_| in_order) {
                self.advance(number(record)).await;
            }
            if let Some(pause) = pause {
                tokio::time::sleep(pause).await;
            }
        }
    }

    /// Keeps whole records that could not be delivered, as Lambda does in a bucket.
    async fn put_aside(&self, records: &[Value], result: &Result<Bytes, FunctionError>) {
        let reason = match result {
            Ok(response) => response,
            Err(FunctionError::Failed(error)) => error,
            Err(FunctionError::Unknown) => &Bytes::from_static(b"there is no such function"),
        };
        for record in records {
            let sequence_number = number(record);
            eprintln!("{} gave up on the record {sequence_number}; see /_local/failures", self.source.function);
            let (name, document) = failures::failure(&self.source.function, record, reason);
            while let Err(error) = self.means.failures.put(&name, document.clone()).await {
                eprintln!("the record {sequence_number} cannot be put aside: {error}");
                tokio::time::sleep(LONGEST_PAUSE).await;
            }
        }
    }
}

/// Twice as long after each retry, up to a limit.
fn pause(retries: u32) -> Duration {
    let doublings = retries.saturating_sub(1).min(10);
    FIRST_PAUSE.saturating_mul(1 << doublings).min(LONGEST_PAUSE)
}
