//! Everything that the functions have written in this run, in memory up to a size: for tests that look for what must, or must
//! not, be in a log. Only in a stack for tests.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use tokio::sync::Notify;

use super::lock;
use crate::local::Local;

/// How many bytes are kept.
const MOST: usize = 20 * 1024 * 1024;
/// The longest that a request waits for a line.
const PATIENCE: Duration = Duration::from_secs(20);

/// The lines of all functions, the newest last.
#[derive(Default)]
pub(crate) struct Record {
    lines: Mutex<Lines>,
    added: Notify,
}

#[derive(Default)]
struct Lines {
    all: VecDeque<String>,
    bytes: usize,
}

impl Lines {
    fn add(&mut self, line: &str, most: usize) {
        self.bytes = self.bytes.saturating_add(line.len());
        self.all.push_back(line.to_owned());
        while self.bytes > most
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

impl Record {
    pub(super) fn line(&self, line: &str) {
        lock(&self.lines).add(line, MOST);
        self.added.notify_waiters();
    }

    /// All lines, once one of them contains the text.
    async fn once(&self, wanted: &str) -> String {
        loop {
            let added = self.added.notified();
            tokio::pin!(added);
            // From here on no line is missed, before the look at those that are there.
            added.as_mut().enable();
            let found = lock(&self.lines).all.iter().any(|line| line.contains(wanted));
            if found {
                return self.text();
            }
            added.await;
        }
    }

    fn text(&self) -> String {
        lock(&self.lines).text()
    }
}

/// `?until=` a text that is waited for.
#[derive(Deserialize)]
pub(crate) struct Wait {
    until: Option<String>,
}

/// `GET /_local/log`: all lines. With `until` the answer comes once a line contains the text, or after twenty seconds.
pub(crate) async fn show(State(local): State<Local>, Query(wait): Query<Wait>) -> Response {
    let Some(record) = &local.record else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match wait.until {
        None => record.text(),
        Some(wanted) => tokio::time::timeout(PATIENCE, record.once(&wanted)).await.unwrap_or_else(|_| record.text()),
    }
    .into_response()
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Waker};

    use super::*;

    #[test]
    fn the_oldest_lines_go_first() {
        let mut lines = Lines::default();
        for line in ["one", "two", "three"] {
            lines.add(line, 8);
        }
        assert_eq!((lines.text().as_str(), lines.bytes), ("two\nthree\n", 8));
        lines.add("longer than all", 8);
        assert_eq!((lines.text().as_str(), lines.bytes), ("", 0));
    }

    #[tokio::test]
    async fn a_line_can_be_waited_for() {
        let record = Record::default();
        record.line("one");
        let waiting = record.once("two");
        tokio::pin!(waiting);
        let mut context = Context::from_waker(Waker::noop());
        assert!(waiting.as_mut().poll(&mut context).is_pending());
        record.line("three");
        assert!(waiting.as_mut().poll(&mut context).is_pending());
        record.line("two");
        assert_eq!(waiting.await, "one\nthree\ntwo\n");
    }
}
