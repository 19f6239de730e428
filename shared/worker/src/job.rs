//! One run of a background function: deadline, reference time, and failures of parts of its work.

use std::fmt::Display;

use futures_util::stream::{self, StreamExt as _};
use jiff::Timestamp;
use lambda_runtime::Error;
use outlay_aws::clock;
use outlay_aws::log::{Level, log};
use serde::Serialize;

/// Least time left to start a piece of work, in ms. Covers three writes to the table (7 s each) and one call of another
/// service (10 s).
const MIN_TIME_LEFT_MILLIS: i64 = 35_000;

/// Tenants whose work is done at the same time. Most have none, and wait for one query.
const CONCURRENT_TENANTS: usize = 8;

/// One run of a background function.
#[derive(Clone, Copy, Debug)]
pub struct JobContext {
    /// Deadline of the invocation, ms since the epoch.
    deadline: i64,
    /// Reference time of the run. Decides what is due, in place of the clock.
    pub now: Timestamp,
}

impl JobContext {
    /// Run with the deadline of its invocation, ms since the epoch.
    #[must_use]
    pub fn new(deadline: u64, now: Timestamp) -> Self {
        Self { deadline: i64::try_from(deadline).unwrap_or(i64::MAX), now }
    }

    /// Checks that there is time left to start a piece of work.
    ///
    /// # Errors
    /// Fails when less than 35 s are left.
    pub fn ensure_time_left(&self) -> Result<(), Error> {
        let left = self.deadline.saturating_sub(clock::now().as_millisecond());
        if left >= MIN_TIME_LEFT_MILLIS { Ok(()) } else { Err("no time left in this run".into()) }
    }

    /// Does the work of each tenant, of some at the same time, beginning with another one in each run. The work of one
    /// tenant must be bounded, so that it delays that of others by little.
    pub async fn for_each_tenant<T, F>(&self, tenants: Vec<T>, work: impl Fn(T) -> F) -> PartialFailures
    where
        F: Future<Output = PartialFailures>,
    {
        let parts = stream::iter(self.rotated(tenants)).map(work).buffer_unordered(CONCURRENT_TENANTS);
        parts.fold(PartialFailures::default(), async |sum, part| sum.and(part)).await
    }

    /// Rotates a list by an offset that differs from run to run. When time runs out, it is not always the same items
    /// that are skipped.
    #[must_use]
    pub fn rotated<T>(&self, mut items: Vec<T>) -> Vec<T> {
        // Fibonacci hashing reaches every offset, for any interval between runs and any number of items.
        let spread = self.now.as_second().unsigned_abs().wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33;
        let first = usize::try_from(spread).unwrap_or_default().checked_rem(items.len()).unwrap_or_default();
        items.rotate_left(first);
        items
    }
}

/// Partial batch response: Lambda retries the named records only.
#[derive(Debug, Default, Serialize)]
pub(crate) struct BatchFailures {
    #[serde(rename = "batchItemFailures")]
    failed: Vec<BatchItemFailure>,
}

#[derive(Debug, Serialize)]
struct BatchItemFailure {
    #[serde(rename = "itemIdentifier")]
    id: String,
}

impl BatchFailures {
    /// Adds a record: the id of a message, or the sequence number of a stream record.
    pub(crate) fn add(&mut self, id: String) {
        self.failed.push(BatchItemFailure { id });
    }
}

/// Results of independent pieces of work. A failure is logged and does not stop the others; the run fails at its end,
/// so that it is counted and retried.
#[derive(Clone, Copy, Debug, Default)]
pub struct PartialFailures {
    done: u32,
    failed: u32,
}

impl PartialFailures {
    /// Counts a result, logs an error with its subject, and returns the value.
    pub fn record<T, E: Display>(&mut self, subject: impl Display, result: Result<T, E>) -> Option<T> {
        match result {
            Ok(value) => {
                self.done = self.done.saturating_add(1);
                Some(value)
            }
            Err(error) => {
                self.failed = self.failed.saturating_add(1);
                log(Level::Error, &error.to_string(), &[("subject", &subject)]);
                None
            }
        }
    }

    /// Adds the results of a part of the run.
    #[must_use]
    pub const fn and(self, part: Self) -> Self {
        Self { done: self.done.saturating_add(part.done), failed: self.failed.saturating_add(part.failed) }
    }

    /// Result of the run.
    ///
    /// # Errors
    /// The number of failures, when there is one.
    pub fn into_result(self) -> Result<(), Error> {
        let Self { done, failed } = self;
        if failed == 0 {
            return Ok(());
        }
        Err(format!("{failed} of {} failed; see the log", done.saturating_add(failed)).into())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn rotation_puts_each_item_first_in_some_run() {
        for (count, seconds) in [(5, 300), (10, 300), (12, 3600), (7, 60)] {
            let run = |turn: i64| JobContext::new(0, Timestamp::from_second(1_795_000_000 + turn * seconds).unwrap());
            let first: BTreeSet<i32> = (0..200).map(|turn| run(turn).rotated((0..count).collect())[0]).collect();
            assert_eq!(first.len(), usize::try_from(count).unwrap(), "{count} every {seconds} s");
        }
        assert_eq!(JobContext::new(0, Timestamp::UNIX_EPOCH).rotated(Vec::<i32>::new()), [0; 0]);
    }

    #[test]
    fn failure_is_counted_and_does_not_stop_others() {
        let mut failures = PartialFailures::default();
        assert_eq!(failures.record("one", Ok::<_, String>(1)), Some(1));
        assert!(failures.into_result().is_ok());
        assert_eq!(failures.record("two", Err::<i32, _>("no")), None);
        assert_eq!(failures.into_result().unwrap_err().to_string(), "1 of 2 failed; see the log");
    }
}
