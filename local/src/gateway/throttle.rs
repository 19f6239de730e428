//! How many requests a route takes: a token bucket each, as API Gateway has them. It is filled at the route's rate up to its
//! burst, and every request takes one token. Pure but for what the buckets hold: the time is passed in.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::template::{Limit, Route};

/// A rate is requests in a thousand seconds and time is in nanoseconds, so their product is in these parts of a token.
const TOKEN: u128 = 1_000_000_000_000;

/// The buckets of all routes that have been asked for.
#[derive(Default)]
pub(crate) struct Throttle {
    buckets: Mutex<BTreeMap<String, Bucket>>,
}

struct Bucket {
    level: u128,
    filled: Instant,
}

impl Throttle {
    /// Whether the route takes one more request at this time.
    pub(super) fn admits(&self, route: &Route, now: Instant) -> bool {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let full = || Bucket { level: u128::from(route.limit.burst).saturating_mul(TOKEN), filled: now };
        buckets.entry(route.key()).or_insert_with(full).take(route.limit, now)
    }
}

impl Bucket {
    fn take(&mut self, limit: Limit, now: Instant) -> bool {
        let elapsed = now.saturating_duration_since(self.filled).as_nanos();
        let gained = elapsed.saturating_mul(u128::from(limit.per_thousand_seconds));
        let most = u128::from(limit.burst).saturating_mul(TOKEN);
        self.level = self.level.saturating_add(gained).min(most);
        // Requests at the same time may arrive here out of order; none of them fills twice.
        self.filled = self.filled.max(now);
        match self.level.checked_sub(TOKEN) {
            Some(rest) => {
                self.level = rest;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::template::Access;

    fn route(path: &str, per_thousand_seconds: u64, burst: u64) -> Route {
        Route {
            method: "GET".to_owned(),
            path: path.to_owned(),
            function: String::new(),
            access: Access::Open,
            limit: Limit { per_thousand_seconds, burst },
        }
    }

    fn admitted(throttle: &Throttle, route: &Route, now: Instant) -> usize {
        (0..1000).take_while(|_| throttle.admits(route, now)).count()
    }

    #[test]
    fn a_burst_passes_and_then_the_rate() {
        let (throttle, route, start) = (Throttle::default(), route("/a", 2_500, 5), Instant::now());
        assert_eq!(admitted(&throttle, &route, start), 5);
        assert_eq!(admitted(&throttle, &route, start + Duration::from_millis(399)), 0);
        assert_eq!(admitted(&throttle, &route, start + Duration::from_millis(400)), 1);
        assert_eq!(admitted(&throttle, &route, start + Duration::from_millis(1_200)), 2);
        assert_eq!(admitted(&throttle, &route, start + Duration::from_hours(1)), 5);
    }

    #[test]
    fn each_route_has_its_own_bucket() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        assert_eq!(admitted(&throttle, &route("/a", 1_000, 3), now), 3);
        assert_eq!(admitted(&throttle, &route("/b", 1_000, 2), now), 2);
        assert_eq!(admitted(&throttle, &route("/c", 0, 0), now), 0);
    }

    #[test]
    fn time_does_not_run_backwards() {
        let (throttle, route, start) = (Throttle::default(), route("/a", 1_000, 1), Instant::now());
        let later = start + Duration::from_secs(10);
        assert_eq!(admitted(&throttle, &route, later), 1);
        assert_eq!(admitted(&throttle, &route, start), 0);
        assert_eq!(admitted(&throttle, &route, later), 0);
    }
}
