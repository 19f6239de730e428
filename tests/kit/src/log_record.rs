//! All lines that the functions have logged in this run, in memory up to a size.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::{Query, State};
use axum::routing::get;
use serde::Deserialize;
use tokio::sync::Notify;

/// Size limit of the record, bytes.
const MAX_BYTES: usize = 20 * 1024 * 1024;
/// Longest wait for a line.
const MAX_WAIT: Duration = Duration::from_secs(20);

/// Lines of all functions, the newest last.
#[derive(Default)]
pub(crate) struct LogRecord {
    lines: Mutex<Lines>,
    added: Notify,
}

#[derive(Default)]
struct Lines {
    all: VecDeque<String>,
    bytes: usize,
}

impl Lines {
    fn append(&mut self, line: &str, max_bytes: usize) {
        self.bytes = self.bytes.saturating_add(line.len());
        self.all.push_back(line.to_owned());
        while self.bytes > max_bytes
            && let Some(oldest) = self.all.pop_front()
        {
            self.bytes = self.bytes.saturating_sub(oldest.len());
        }
    }

    fn text(&self) -> String {
        let mut text = String::with_capacity(self.bytes.saturating_add(self.all.len()));
        for line in &self.all {
            text.push_str(line);
            text.push('\n');
        }
        text
    }
}

impl LogRecord {
    pub(crate) fn append(&self, line: &str) {
        self.lines().append(line, MAX_BYTES);
        self.added.notify_waiters();
    }

    /// Returns all lines once one of them contains the text.
    async fn wait_for(&self, wanted: &str) -> String {
        loop {
            let added = self.added.notified();
            tokio::pin!(added);
            // Enabled before the check, so that no line is missed.
            added.as_mut().enable();
            let found = self.lines().all.iter().any(|line| line.contains(wanted));
            if found {
                return self.text();
            }
            added.await;
        }
    }

    fn text(&self) -> String {
        self.lines().text()
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes the route of the record.
pub(crate) fn routes(log: Arc<LogRecord>) -> Router {
    Router::new().route("/_local/log", get(get_log)).with_state(log)
}

/// Query: `until` is a text to wait for.
#[derive(Deserialize)]
struct LogQuery {
    until: Option<String>,
}

/// `GET /_local/log`: all lines. With `until`, answers once a line contains the text, or after 20 s.
async fn get_log(State(log): State<Arc<LogRecord>>, Query(query): Query<LogQuery>) -> String {
    match query.until {
        None => log.text(),
        Some(wanted) => tokio::time::timeout(MAX_WAIT, log.wait_for(&wanted)).await.unwrap_or_else(|_| log.text()),
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Waker};

    use super::*;

    #[test]
    fn full_record_drops_the_oldest_lines() {
        let mut lines = Lines::default();
        for line in ["one", "two", "three"] {
            lines.append(line, 8);
        }
        assert_eq!((lines.text().as_str(), lines.bytes), ("two\nthree\n", 8));
        lines.append("longer than all", 8);
        assert_eq!((lines.text().as_str(), lines.bytes), ("", 0));
    }

    #[tokio::test]
    async fn reader_waits_for_a_line() {
        let log = LogRecord::default();
        log.append("one");
        let waiting = log.wait_for("two");
        tokio::pin!(waiting);
        let mut context = Context::from_waker(Waker::noop());
        assert!(waiting.as_mut().poll(&mut context).is_pending());
        log.append("three");
        assert!(waiting.as_mut().poll(&mut context).is_pending());
        log.append("two");
        assert_eq!(waiting.await, "one\nthree\ntwo\n");
    }
}
