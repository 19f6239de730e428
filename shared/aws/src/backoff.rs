//! Waits between attempts.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// Upper bound of the first wait, in milliseconds.
const BASE_MILLIS: u64 = 20;
/// The bound stops growing after this many doublings.
const MAX_DOUBLINGS: u32 = 6;

/// A wait before the next attempt: between zero and a bound that doubles with each attempt (full jitter).
#[must_use]
pub fn backoff_with_jitter(attempt: u32) -> Duration {
    let bound = BASE_MILLIS << attempt.min(MAX_DOUBLINGS);
    // The hasher's keys are random, which is enough to keep callers apart.
    Duration::from_millis(RandomState::new().hash_one(attempt) % bound)
}
