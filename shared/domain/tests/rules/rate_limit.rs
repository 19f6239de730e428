//! Rate limits compared with a leaky bucket model.

use outlay_domain::rate_limit::{Quota, RateLimitPlan, RequestClass, SHARDS};
use proptest::prelude::*;

/// Leaky bucket of `burst` requests that drains one request per interval: an independent formulation of the rule.
struct Bucket {
    level: i64,
    at: i64,
}

impl Bucket {
    fn admits(&mut self, quota: Quota, now: i64) -> bool {
        let drained = (self.level - (now - self.at)).max(0);
        let fits = drained <= quota.interval() * (i64::from(quota.burst) - 1);
        self.level = if fits { drained + quota.interval() } else { drained };
        self.at = now;
        fits
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn quota_matches_leaky_bucket_model(
        per_minute in prop_oneof![0_u32..100_000, Just(u32::MAX)], burst in 1_u32..300,
        pauses in prop::collection::vec(0_i64..3_000_000, 1..400),
    ) {
        let quota = Quota { per_minute, burst };
        let (mut arrival, mut now) = (None, 1_700_000_000_000_000);
        let mut bucket = Bucket { level: 0, at: now };
        for pause in pauses {
            now += pause;
            let before = arrival;
            let admitted = quota.admit(arrival, now);
            prop_assert_eq!(admitted.is_some(), bucket.admits(quota, now));
            // A rejected request changes nothing; an admitted one is counted once.
            arrival = admitted.or(arrival);
            let standing = quota.status(arrival.unwrap_or(now), now);
            prop_assert!(standing.remaining < burst || burst == 1);
            if admitted.is_none() {
                prop_assert_eq!(standing.remaining, 0);
                // A request after the reported wait is admitted. One second less may suffice.
                let later = now + i64::from(standing.retry_after_seconds) * 1_000_000;
                prop_assert!(quota.admit(before, later).is_some());
            }
        }
    }

    #[test]
    fn quota_holds_over_one_minute(per_minute in 1_u32..6000, burst in 1_u32..100, requests in 1_usize..3000) {
        // Requests spread evenly over one minute.
        let quota = Quota { per_minute, burst };
        let step = 60_000_000 / i64::try_from(requests).unwrap();
        let (mut arrival, mut admitted) = (None, 0_u32);
        for n in 0..requests {
            if let Some(next) = quota.admit(arrival, i64::try_from(n).unwrap() * step) {
                arrival = Some(next);
                admitted += 1;
            }
        }
        prop_assert!(admitted <= per_minute + burst + 1, "{admitted}");
    }
}

#[test]
fn organisation_shard_quota_covers_member_quota() {
    for &class in RequestClass::ALL {
        let (own, part) = (
            RateLimitPlan::STANDARD.member.for_class(class),
            RateLimitPlan::STANDARD.organisation.for_class(class).share(SHARDS),
        );
        assert!(part.per_minute >= own.per_minute && part.burst >= own.burst, "{class:?}");
    }
}

#[test]
fn quota_status_is_rounded_to_whole_seconds() {
    let quota = Quota { per_minute: 60, burst: 3 };
    let (now, second) = (5_000_000, 1_000_000);
    assert_eq!(quota.window(), 3);
    let first = quota.admit(None, now).unwrap();
    assert_eq!(
        quota.status(first, now),
        outlay_domain::rate_limit::QuotaStatus { remaining: 2, reset_after_seconds: 1, retry_after_seconds: 1 }
    );
    let third = quota.admit(quota.admit(Some(first), now), now).unwrap();
    assert_eq!((third, quota.admit(Some(third), now)), (now + 3 * second, None));
    assert_eq!(
        quota.status(third, now),
        outlay_domain::rate_limit::QuotaStatus { remaining: 0, reset_after_seconds: 3, retry_after_seconds: 1 }
    );
    assert!(quota.admit(Some(third), now + second).is_some());
}
