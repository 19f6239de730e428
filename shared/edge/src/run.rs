//! One run of a function that works by itself: how much time it has, the moment it is for, and what of
//! its work has failed.

use std::fmt::Display;

use jiff::Timestamp;
use lambda_runtime::Error;
use serde::Serialize;

use crate::boot::moment;
use crate::log::{Level, log};

/// Something is begun only with this much time left: for a mail, claiming and marking it (seven seconds at most, each) and SES between.
const ENOUGH_MILLIS: i64 = 30_000;

/// One run of a function that works by itself.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// When the invocation ends at the latest, in milliseconds since 1970.
    until: i64,
    /// The moment it is for. What is due is judged by it, and by no clock.
    pub now: Timestamp,
}

impl Run {
    /// A run that ends at the deadline of an invocation.
    #[must_use]
    pub fn new(deadline: u64, now: Timestamp) -> Self {
        Self { until: i64::try_from(deadline).unwrap_or(i64::MAX), now }
    }

    /// Whether there is time left to begin something.
    ///
    /// # Errors
    /// When there is none.
    pub fn in_time(&self) -> Result<(), Error> {
        let left = self.until.saturating_sub(moment().now.as_millisecond());
        if left >= ENOUGH_MILLIS { Ok(()) } else { Err("there was no time left in this run".into()) }
    }

    /// All of a list, each run beginning somewhere else: when time runs out, it is not always the same who come last.
    #[must_use]
    pub fn in_turn<T>(&self, mut all: Vec<T>) -> Vec<T> {
        // Spread over all numbers, whatever the interval of the runs and however many there are.
        let spread = self.now.as_second().unsigned_abs().wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33;
        let first = usize::try_from(spread).unwrap_or_default().checked_rem(all.len()).unwrap_or_default();
        all.rotate_left(first);
        all
    }
}

/// Which records of a batch failed, as Lambda is told: they come again, the others do not.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Failures {
    #[serde(rename = "batchItemFailures")]
    failed: Vec<Failure>,
}

#[derive(Debug, Serialize)]
struct Failure {
    #[serde(rename = "itemIdentifier")]
    id: String,
}

impl Failures {
    /// Names a record: by the identifier of a message, or the number of a stream's record.
    pub(crate) fn add(&mut self, id: String) {
        self.failed.push(Failure { id });
    }
}

/// Work on many things, of which some may fail: it goes on with the others, says of each failure what it is about, and fails in the end, so
/// that it is counted and done again.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    done: u32,
    failed: u32,
}

impl Tally {
    /// Counts the result of one thing, and gives what came of it.
    pub fn note<T, E: Display>(&mut self, about: impl Display, result: Result<T, E>) -> Option<T> {
        match result {
            Ok(value) => {
                self.done = self.done.saturating_add(1);
                Some(value)
            }
            Err(error) => {
                self.failed = self.failed.saturating_add(1);
                log(Level::Error, &error.to_string(), &[("about", &about)]);
                None
            }
        }
    }

    /// What came of all of it.
    ///
    /// # Errors
    /// When something failed: how much.
    pub fn outcome(self) -> Result<(), Error> {
        let Self { done, failed } = self;
        if failed == 0 {
            return Ok(());
        }
        Err(format!("{failed} of {} failed; the log says which and why", done.saturating_add(failed)).into())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn everybody_comes_first_at_some_time() {
        for (count, seconds) in [(5, 300), (10, 300), (12, 3600), (7, 60)] {
            let run = |turn: i64| Run::new(0, Timestamp::from_second(1_795_000_000 + turn * seconds).unwrap());
            let first: BTreeSet<i32> = (0..200).map(|turn| run(turn).in_turn((0..count).collect())[0]).collect();
            assert_eq!(first.len(), usize::try_from(count).unwrap(), "{count} every {seconds} s");
        }
        assert_eq!(Run::new(0, Timestamp::UNIX_EPOCH).in_turn(Vec::<i32>::new()), [0; 0]);
    }

    #[test]
    fn who_fails_does_not_keep_the_others_and_is_not_forgotten() {
        let mut tally = Tally::default();
        assert_eq!(tally.note("one", Ok::<_, String>(1)), Some(1));
        assert!(tally.outcome().is_ok());
        assert_eq!(tally.note("two", Err::<i32, _>("no")), None);
        assert_eq!(tally.outcome().unwrap_err().to_string(), "1 of 2 failed; the log says which and why");
    }
}
