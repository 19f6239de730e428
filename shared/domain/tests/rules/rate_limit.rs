//! Rate limits against a model that remembers every admitted request.

use outlay_domain::rate_limit::{Class, Plan, Quota, SHARDS};
use proptest::prelude::*;

/// A bucket of `burst` requests into which one flows every interval: the same rule, said another way.
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
    fn it_is_a_leaky_bucket(
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
            // A refused request changes nothing; an admitted one is counted once.
            arrival = admitted.or(arrival);
            let standing = quota.standing(arrival.unwrap_or(now), now);
            prop_assert!(standing.remaining < burst || burst == 1);
            if admitted.is_none() {
                prop_assert_eq!(standing.remaining, 0);
                // Whoever waits as long as he is told is admitted; one who waits a second less need not be.
                let later = now + i64::from(standing.next_in) * 1_000_000;
                prop_assert!(quota.admit(before, later).is_some());
            }
        }
    }

    #[test]
    fn the_long_run_holds(per_minute in 1_u32..6000, burst in 1_u32..100, requests in 1_usize..3000) {
        // As many as can be in one minute, evenly spread.
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
fn no_member_is_limited_by_his_part_before_his_own_limit() {
    for class in Class::ALL {
        let (own, part) = (Plan::STANDARD.member.of(class), Plan::STANDARD.organisation.of(class).share(SHARDS));
        assert!(part.per_minute >= own.per_minute && part.burst >= own.burst, "{class:?}");
    }
}

#[test]
fn a_standing_is_told_in_whole_seconds() {
    let quota = Quota { per_minute: 60, burst: 3 };
    let (now, second) = (5_000_000, 1_000_000);
    assert_eq!(quota.window(), 3);
    let first = quota.admit(None, now).unwrap();
    assert_eq!(
        quota.standing(first, now),
        outlay_domain::rate_limit::Standing { remaining: 2, full_in: 1, next_in: 1 }
    );
    let third = quota.admit(quota.admit(Some(first), now), now).unwrap();
    assert_eq!((third, quota.admit(Some(third), now)), (now + 3 * second, None));
    assert_eq!(
        quota.standing(third, now),
        outlay_domain::rate_limit::Standing { remaining: 0, full_in: 3, next_in: 1 }
    );
    assert!(quota.admit(Some(third), now + second).is_some());
}
