//! Rate limits: each request counts against the limit of its sender and against a shard of the organisation's limit.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use outlay_domain::ids::OrgId;
use outlay_domain::rate_limit::{Quota, QuotaStatus, RateLimitPlan, RequestClass, SHARDS};
use outlay_store::keys::PrimaryKey;
use sha2::{Digest, Sha256};

/// Lifetime of a cached plan of an organisation, in microseconds.
pub(super) const PLAN_TTL_MICROS: i64 = 60_000_000;
/// A limit that was in use so many bursts ago counts as still in use.
const IN_USE_BURSTS: i64 = 5;
/// Name of the limit on requests to organisations that the sender is no member of.
pub(super) const PROBE_LIMIT: &str = "stranger";
/// Size of each cache, in entries; a full one is emptied.
pub(super) const MAX_CACHED: usize = 10_000;

/// Limits as one process has last seen them.
#[derive(Debug, Default)]
pub(super) struct Cache {
    /// Plans of organisations, with the time they were read in microseconds.
    plans: Mutex<HashMap<OrgId, (RateLimitPlan, i64)>>,
    arrivals: Mutex<HashMap<PrimaryKey, CachedArrival>>,
}

/// Theoretical arrival time of a limit (GCRA) as last seen, in microseconds. It only grows, so a value beyond the limit
/// is enough to refuse a request.
#[derive(Clone, Copy, Debug)]
pub(super) struct CachedArrival {
    pub(super) arrival: i64,
    /// Time it was seen, in microseconds.
    pub(super) seen_at: i64,
}

impl CachedArrival {
    /// Estimated arrival time now: a limit that others used up a moment ago is taken to be still in use.
    pub(super) fn estimate(self, quota: Quota, now: i64) -> i64 {
        let burst = quota.latest_arrival(0);
        let in_use = self.arrival.saturating_sub(self.seen_at) > burst / 2;
        let recent = now.saturating_sub(self.seen_at) < burst.saturating_mul(IN_USE_BURSTS);
        if in_use && recent { self.arrival.max(now) } else { self.arrival }
    }
}

/// Scope of the limit that a request was counted against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitScope {
    /// The sender's.
    Member,
    /// The shard of the organisation's that the sender belongs to.
    Organisation,
    /// The sender's, for organisations that they are no member of.
    Probing,
}

/// A request that was admitted.
#[derive(Clone, Debug)]
pub struct Admission {
    /// State of the sender's limit.
    pub status: RateLimitStatus,
    pub(super) shared: Option<(PrimaryKey, Quota)>,
}

/// State of a limit, as the response headers show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimitStatus {
    /// Scope of the limit.
    pub scope: LimitScope,
    /// Class of requests.
    pub class: RequestClass,
    /// Requests allowed.
    pub quota: Quota,
    /// Requests left, and when more are.
    pub standing: QuotaStatus,
}

impl Cache {
    pub(super) fn arrivals(&self) -> MutexGuard<'_, HashMap<PrimaryKey, CachedArrival>> {
        self.arrivals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers an arrival time. A full cache is emptied first.
    pub(super) fn remember(&self, key: PrimaryKey, arrival: i64, seen_at: i64) {
        let mut arrivals = self.arrivals();
        if arrivals.len() >= MAX_CACHED {
            arrivals.clear();
        }
        arrivals.insert(key, CachedArrival { arrival, seen_at });
    }

    pub(super) fn plans(&self) -> MutexGuard<'_, HashMap<OrgId, (RateLimitPlan, i64)>> {
        self.plans.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Shard of an organisation's limit, by the sender.
pub(super) fn shard_of(subject: &str) -> u64 {
    Sha256::digest(subject).iter().fold(0_u64, |sum, byte| sum + u64::from(*byte)) % u64::from(SHARDS)
}

impl RateLimitStatus {
    /// Name of the limit in response headers.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match (self.scope, self.class) {
            (LimitScope::Member, class) => class.name(),
            (LimitScope::Probing, _) => PROBE_LIMIT,
            (LimitScope::Organisation, RequestClass::Read) => "organisation-read",
            (LimitScope::Organisation, RequestClass::Write) => "organisation-write",
            (LimitScope::Organisation, RequestClass::Costly) => "organisation-costly",
        }
    }

    /// The headers `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10).
    #[must_use]
    pub fn headers(&self) -> [(&'static str, String); 2] {
        let (name, Quota { burst, .. }) = (self.name(), self.quota);
        let QuotaStatus { remaining, reset_after_seconds, .. } = self.standing;
        [
            ("ratelimit-policy", format!("\"{name}\";q={burst};w={}", self.quota.window())),
            ("ratelimit", format!("\"{name}\";r={remaining};t={reset_after_seconds}")),
        ]
    }
}
