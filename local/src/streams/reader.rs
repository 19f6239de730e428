//! Reads a table's stream and delivers its records to a function: in order, filtered, at least once. The checkpoint
//! moves only after success, or after a failed record is stored. A kill at any time repeats records and loses none.
//! Records do not expire, because the stack may have been off for days.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::batch::{NextStep, Part, RetryPolicy, first_failure, next_step};
use super::failures;
use super::record::sequence_number;
use crate::backoff::{MAX_BACKOFF, backoff};
use crate::document_store::DocumentStore;
use crate::dynamodb::DynamoDb;
use crate::event_filter;
use crate::lambda::{FunctionError, FunctionPool};
use crate::shutdown::Shutdown;
use crate::template::StreamSource;
use crate::test_kit::{StreamProgress, TestKit};

/// Polling interval of an idle stream. The end of an invocation wakes the reader at once.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Dependencies of the readers.
#[derive(Clone)]
pub(crate) struct ReaderDeps {
    pub(crate) dynamodb: DynamoDb,
    pub(crate) functions: FunctionPool,
    pub(crate) checkpoints: Arc<DocumentStore>,
    pub(crate) failures: Arc<DocumentStore>,
    pub(crate) test_kit: Option<Arc<dyn TestKit>>,
}

/// Starts the readers of all sources.
pub(crate) fn start(sources: &[StreamSource], deps: &ReaderDeps, shutdown: &Shutdown, tasks: &mut JoinSet<()>) {
    for source in sources {
        let reader = Reader { source: source.clone(), deps: deps.clone() };
        let shutdown = shutdown.clone();
        tasks.spawn(async move { shutdown.race(reader.run()).await.unwrap_or_default() });
    }
}

struct Reader {
    source: StreamSource,
    deps: ReaderDeps,
}

impl Reader {
    /// Reads until the future is dropped.
    async fn run(self) {
        let mut checkpoint = self.load_checkpoint();
        self.report(StreamProgress::Position(checkpoint.as_deref()));
        loop {
            // Registered before the read, so that no end of an invocation is missed.
            let invocation_ended = self.deps.functions.next_end();
            tokio::pin!(invocation_ended);
            let started = Instant::now();
            match self.deps.dynamodb.records(&self.source.table, checkpoint.clone()).await {
                Ok(records) if !records.is_empty() => {
                    if let Some(last) = self.deliver(records, checkpoint.clone()).await {
                        checkpoint = Some(last);
                        self.report(StreamProgress::Position(checkpoint.as_deref()));
                    }
                }
                Ok(_) => {
                    // A long stream is slow to read: the delays keep the reader from blocking the database.
                    let took = started.elapsed();
                    tokio::time::sleep(took.saturating_mul(4)).await;
                    let _ = tokio::time::timeout(POLL_INTERVAL.max(took.saturating_mul(20)), invocation_ended).await;
                }
                Err(error) => {
                    eprintln!("the stream of {} cannot be read: {error}", self.source.table);
                    tokio::time::sleep(MAX_BACKOFF).await;
                }
            }
        }
    }

    /// Reports progress to the test kit.
    fn report(&self, progress: StreamProgress<'_>) {
        if let Some(test_kit) = &self.deps.test_kit {
            test_kit.record_progress(&self.source.function, progress);
        }
    }

    /// Returns the name of the checkpoint: one per function and table.
    fn checkpoint_name(&self) -> String {
        format!("{}.{}", self.source.function, self.source.table)
    }

    fn load_checkpoint(&self) -> Option<String> {
        Some(self.deps.checkpoints.get(&self.checkpoint_name())?.get("sequence_number")?.as_str()?.to_owned())
    }

    /// Writes the checkpoint, and retries until it succeeds: a reader without it would repeat more records later.
    async fn advance(&self, position: &str) {
        let document = json!({ "sequence_number": position });
        while let Err(error) = self.deps.checkpoints.put(&self.checkpoint_name(), document.clone()).await {
            eprintln!("the checkpoint of {} cannot be written: {error}", self.source.function);
            tokio::time::sleep(MAX_BACKOFF).await;
        }
    }

    /// Delivers consecutive records; returns the sequence number of the last.
    async fn deliver(&self, mut records: Vec<Value>, after: Option<String>) -> Option<String> {
        let is_full = |records: &[Value]| {
            records.iter().filter(|it| event_filter::passes(&self.source.filters, it)).count() >= self.source.batch_size
        };
        if !self.source.window.is_zero() && !is_full(&records) {
            tokio::time::sleep(self.source.window).await;
            records = self.deps.dynamodb.records(&self.source.table, after).await.unwrap_or(records);
        }
        let last = records.last().map(sequence_number)?.to_owned();
        let passing: Vec<Value> =
            records.into_iter().filter(|record| event_filter::passes(&self.source.filters, record)).collect();
        let test_kit = self.deps.test_kit.as_ref();
        let reshaped = test_kit.and_then(|test_kit| test_kit.reshape_records(&self.source.function, &passing));
        let in_order = reshaped.is_none();
        for batch in reshaped.as_ref().unwrap_or(&passing).chunks(self.source.batch_size) {
            self.deliver_batch(batch, in_order).await;
        }
        // Filtered records need no durable checkpoint: they can be skipped again.
        if !passing.is_empty() {
            self.advance(&last).await;
        }
        Some(last)
    }

    /// Delivers a batch. `in_order`: a processed record means that all before it are processed too.
    async fn deliver_batch(&self, records: &[Value], in_order: bool) {
        let policy = RetryPolicy {
            reports_failures: self.source.reports_failures,
            bisect: self.source.bisect,
            max_retries: self.source.max_retries,
        };
        let mut parts = VecDeque::from([Part { start: 0, end: records.len(), retries: 0 }]);
        while let Some(part) = parts.pop_front() {
            let part_records = records.get(part.start..part.end).unwrap_or_default();
            let payload = json!({ "Records": part_records }).to_string();
            let result = self.deps.functions.invoke(&self.source.function, Bytes::from(payload)).await;
            if let Err(FunctionError::Failed(error)) = &result {
                eprintln!("{} failed: {}", self.source.function, String::from_utf8_lossy(error));
            }
            let numbers: Vec<&str> = part_records.iter().map(sequence_number).collect();
            let response = result.as_ref().map(AsRef::as_ref).map_err(|_| ());
            let (done, delay) = match next_step(policy, part, first_failure(policy, response, &numbers)) {
                NextStep::Done => (part.end, None),
                NextStep::GiveUp => {
                    self.store_failures(part_records, &result).await;
                    (part.end, None)
                }
                NextStep::Retry(rest) => {
                    let done = rest.first().map_or(part.start, |first| first.start);
                    // The first half of a split batch follows at once.
                    let delay = if rest.len() == 1 { rest.first().map(|first| backoff(first.retries)) } else { None };
                    rest.into_iter().rev().for_each(|it| parts.push_front(it));
                    (done, delay)
                }
            };
            self.report(StreamProgress::Invocation { has_failed: result.is_err() });
            self.report(StreamProgress::Delivered(done.saturating_sub(part.start)));
            let last_done = done.checked_sub(1).filter(|it| *it >= part.start).and_then(|it| records.get(it));
            if let Some(record) = last_done.filter(|_| in_order) {
                self.advance(sequence_number(record)).await;
            }
            if let Some(delay) = delay {
                tokio::time::sleep(delay).await;
            }
        }
    }

    /// Stores records that could not be delivered, as Lambda does at a failure destination.
    async fn store_failures(&self, records: &[Value], result: &Result<Bytes, FunctionError>) {
        let reason = result.clone().unwrap_or_else(FunctionError::into_payload);
        for record in records {
            let number = sequence_number(record);
            eprintln!("{} failed too often for the record {number}; see /_local/failures", self.source.function);
            let (name, document) = failures::failure(&self.source.function, record, &reason);
            while let Err(error) = self.deps.failures.put(&name, document.clone()).await {
                eprintln!("the failed record {number} cannot be stored: {error}");
                tokio::time::sleep(MAX_BACKOFF).await;
            }
        }
    }
}
