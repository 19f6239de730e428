//! Throttling of routes: one token bucket each, as on API Gateway. A bucket fills at the route's rate up to its burst,
//! and a request takes one token. The caller passes the time.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::template::{Limit, Route};

/// Units of a token: a rate is per 1000 seconds and time is in nanoseconds, so their product is in these units.
const TOKEN: u128 = 1_000_000_000_000;

/// Token buckets of the routes used so far.
#[derive(Default)]
pub(crate) struct Throttle {
    buckets: Mutex<BTreeMap<String, Bucket>>,
}

struct Bucket {
    level: u128,
    filled_at: Instant,
}

impl Throttle {
    /// Takes a token of the route; false if there is none.
    pub(super) fn admit(&self, route: &Route, now: Instant) -> bool {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let full = || Bucket { level: u128::from(route.limit.burst).saturating_mul(TOKEN), filled_at: now };
        buckets.entry(route.key()).or_insert_with(full).take(route.limit, now)
    }
}

impl Bucket {
    fn take(&mut self, limit: Limit, now: Instant) -> bool {
        let elapsed = now.saturating_duration_since(self.filled_at).as_nanos();
        let refill = elapsed.saturating_mul(u128::from(limit.per_thousand_seconds));
        let max = u128::from(limit.burst).saturating_mul(TOKEN);
        self.level = self.level.saturating_add(refill).min(max);
        // Concurrent requests may arrive out of order; time never goes back, so no period fills the bucket twice.
        self.filled_at = self.filled_at.max(now);
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
        (0..1000).take_while(|_| throttle.admit(route, now)).count()
    }

    #[test]
    fn burst_passes_then_the_rate_limits() {
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
    fn earlier_time_does_not_refill() {
        let (throttle, route, start) = (Throttle::default(), route("/a", 1_000, 1), Instant::now());
        let later = start + Duration::from_secs(10);
        assert_eq!(admitted(&throttle, &route, later), 1);
        assert_eq!(admitted(&throttle, &route, start), 0);
        assert_eq!(admitted(&throttle, &route, later), 0);
    }
}
