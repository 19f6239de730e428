//! Delay between attempts of an event source: grows with the number of failures, up to a limit.

use std::time::Duration;

/// Delay after a first failure; doubled after each further one.
const MIN_BACKOFF: Duration = Duration::from_millis(100);
/// Longest delay.
pub(crate) const MAX_BACKOFF: Duration = Duration::from_secs(2);

/// Returns the delay after a number of failures.
pub(crate) fn backoff(failures: u32) -> Duration {
    MIN_BACKOFF.saturating_mul(1 << failures.saturating_sub(1).min(10)).min(MAX_BACKOFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_doubles_up_to_its_limit() {
        let delays = [1, 2, 3, 5, 6, 100].map(|failures| backoff(failures).as_millis());
        assert_eq!(delays, [100, 200, 400, 1600, 2000, 2000]);
    }
}
