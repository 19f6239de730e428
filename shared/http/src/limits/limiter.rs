//! The limiter: counts requests against rate limits and daily quotas, with what this process has seen of them.

use jiff::Timestamp;
use outlay_aws::log::{Level, log};
use outlay_domain::change::today;
use outlay_domain::ids::OrgId;
use outlay_domain::rate_limit::{PROBE_QUOTA, Quota, RateLimitPlan, RequestClass, SHARDS};
use outlay_store::keys::{self, PrimaryKey};
use outlay_store::limits::RateLimitOutcome;
use outlay_store::{Store, StoreError};

use super::daily::{DailyQuota, Reservation, seconds_to_midnight};
use super::rate::{Admission, Cache, LimitScope, MAX_CACHED, PLAN_TTL_MICROS, PROBE_LIMIT, RateLimitStatus, shard_of};

/// Reason why a request is not admitted.
#[derive(Debug)]
pub enum LimitError {
    /// A rate limit is used up.
    RateExceeded(RateLimitStatus),
    /// A daily quota is used up.
    QuotaExceeded {
        /// The quota.
        quota: DailyQuota,
        /// Seconds until it is renewed.
        retry_after: i64,
    },
    /// The counters cannot be reached.
    Unavailable(StoreError),
}

impl From<StoreError> for LimitError {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error)
    }
}

/// Counter of a limit, with its quota.
type Counter = (PrimaryKey, Quota);

/// Counter of a person. Requests within organisations have one, whatever the organisation: a person in many of them has
/// no more than a person in one.
fn person_key(org: Option<OrgId>, subject: &str, class: RequestClass) -> PrimaryKey {
    match org {
        Some(_) => keys::rate_limit(subject, &format!("MEMBER#{}", class.name())),
        None => keys::rate_limit(subject, class.name()),
    }
}

/// Counts requests against limits, with what this process has seen of them.
#[derive(Debug)]
pub struct Limiter {
    store: Store,
    cache: Cache,
}

impl Limiter {
    /// A limiter on the store's table.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self { store, cache: Cache::default() }
    }

    /// Counts a request of `subject` in an organisation, or before there is one.
    ///
    /// # Errors
    /// [`LimitError`]. A read is not refused because the counters cannot be reached: then this process counts alone.
    pub async fn admit(
        &self,
        org: Option<OrgId>,
        subject: &str,
        class: RequestClass,
        now: Timestamp,
    ) -> Result<Admission, LimitError> {
        let now = now.as_microsecond();
        let counted = self.count(org, subject, class, now).await;
        let Err(LimitError::Unavailable(error)) = &counted else { return counted };
        if class != RequestClass::Read || !matches!(error, StoreError::Unavailable(_)) {
            return counted;
        }
        log(Level::Warn, "rate limits are counted by this process alone", &[("reason", error)]);
        let key = person_key(org, subject, class);
        let quota = RateLimitPlan::STANDARD.member.for_class(class);
        let arrival = self.cache.arrivals().get(&key).map(|cached| cached.arrival);
        let admitted = quota.admit(arrival, now);
        let arrival = admitted.or(arrival).unwrap_or(now);
        self.cache.remember(key, arrival, now);
        let status = RateLimitStatus { scope: LimitScope::Member, class, quota, standing: quota.status(arrival, now) };
        admitted.map(|_| Admission { status, shared: None }).ok_or(LimitError::RateExceeded(status))
    }

    /// Counters of a request, each with its quota: that of the sender, and the organisation's shard.
    async fn counters(
        &self,
        org: Option<OrgId>,
        subject: &str,
        class: RequestClass,
        now: i64,
    ) -> Result<(Counter, Option<Counter>), StoreError> {
        let plan = match org {
            Some(org) => self.plan(org, now).await?,
            None => RateLimitPlan::STANDARD,
        };
        let shared = org.map(|org| {
            let quota = plan.organisation.for_class(class).share(SHARDS);
            (keys::rate_limit_shard(org, shard_of(subject), class.name()), quota)
        });
        Ok(((person_key(org, subject, class), plan.member.for_class(class)), shared))
    }

    /// Counts `units` more for a request that was admitted. A failure to count is no reason to answer otherwise.
    pub async fn charge(&self, org: Option<OrgId>, subject: &str, class: RequestClass, units: i64, now: Timestamp) {
        let Ok((own, shared)) = self.counters(org, subject, class, now.as_microsecond()).await else { return };
        let charge = async |(key, quota): Counter| {
            let _ = self.store.move_rate_limit(&key, quota.interval().saturating_mul(units)).await;
            self.cache.arrivals().remove(&key);
        };
        let shared = async {
            if let Some(shared) = shared {
                charge(shared).await;
            }
        };
        tokio::join!(charge(own), shared);
    }

    async fn count(
        &self,
        org: Option<OrgId>,
        subject: &str,
        class: RequestClass,
        now: i64,
    ) -> Result<Admission, LimitError> {
        let ((own_key, own_quota), shared) = self.counters(org, subject, class, now).await?;
        let status = |scope, quota: Quota, arrival| RateLimitStatus {
            scope,
            class,
            quota,
            standing: quota.status(arrival, now),
        };
        // A sender known to be over the limit writes no counter, and takes nothing from the others of the shard.
        if let Some(arrival) = self.exceeded_arrival(&own_key, own_quota, now) {
            return Err(LimitError::RateExceeded(status(LimitScope::Member, own_quota, arrival)));
        }
        let consume_shared = async {
            match &shared {
                Some((key, quota)) => self.consume(key, *quota, now).await.map(Some),
                None => Ok(None),
            }
        };
        let (own, of_shard) = tokio::try_join!(self.consume(&own_key, own_quota, now), consume_shared)?;
        match (own, of_shard, shared) {
            (RateLimitOutcome::Admitted(arrival), None | Some(RateLimitOutcome::Admitted(_)), shared) => {
                Ok(Admission { status: status(LimitScope::Member, own_quota, arrival), shared })
            }
            (RateLimitOutcome::Admitted(_), Some(RateLimitOutcome::Refused(arrival)), Some((_, quota))) => {
                self.refund_key(&own_key, own_quota).await;
                Err(LimitError::RateExceeded(status(LimitScope::Organisation, quota, arrival)))
            }
            (RateLimitOutcome::Refused(arrival) | RateLimitOutcome::Admitted(arrival), of_shard, shared) => {
                if let (Some(RateLimitOutcome::Admitted(_)), Some((key, quota))) = (of_shard, shared) {
                    self.refund_key(&key, quota).await;
                }
                Err(LimitError::RateExceeded(status(LimitScope::Member, own_quota, arrival)))
            }
        }
    }

    /// Gives the organisation's part of an admission back: its sender turned out to be no member.
    pub async fn refund(&self, admission: &Admission) {
        if let Some((key, quota)) = &admission.shared {
            self.refund_key(key, *quota).await;
        }
    }

    /// True when the sender is known to have asked for too many organisations that they are no member of.
    #[must_use]
    pub fn is_probing(&self, subject: &str, now: Timestamp) -> bool {
        self.probe_arrival(subject, now.as_microsecond()).is_some()
    }

    /// Counts a request to an organisation that the sender is no member of. Returns the state of that limit when it is
    /// exceeded. A failure to count does not refuse the request.
    pub async fn count_probe(&self, subject: &str, class: RequestClass, now: Timestamp) -> Option<RateLimitStatus> {
        let micros = now.as_microsecond();
        let arrival = match self.probe_arrival(subject, micros) {
            Some(arrival) => arrival,
            None => match self.consume(&keys::rate_limit(subject, PROBE_LIMIT), PROBE_QUOTA, micros).await {
                Ok(RateLimitOutcome::Refused(arrival)) => arrival,
                Ok(RateLimitOutcome::Admitted(_)) | Err(_) => return None,
            },
        };
        let standing = PROBE_QUOTA.status(arrival, micros);
        Some(RateLimitStatus { scope: LimitScope::Probing, class, quota: PROBE_QUOTA, standing })
    }

    fn probe_arrival(&self, subject: &str, now: i64) -> Option<i64> {
        self.exceeded_arrival(&keys::rate_limit(subject, PROBE_LIMIT), PROBE_QUOTA, now)
    }

    /// Arrival time of a limit that is known to be exceeded.
    fn exceeded_arrival(&self, key: &PrimaryKey, quota: Quota, now: i64) -> Option<i64> {
        let arrival = self.cache.arrivals().get(key).map(|cached| cached.arrival);
        arrival.filter(|arrival| *arrival > quota.latest_arrival(now))
    }

    async fn consume(&self, key: &PrimaryKey, quota: Quota, now: i64) -> Result<RateLimitOutcome, StoreError> {
        let known = self.cache.arrivals().get(key).map(|cached| cached.estimate(quota, now));
        let outcome = self.store.consume_rate_limit(key, quota, now, known).await?;
        let (RateLimitOutcome::Admitted(arrival) | RateLimitOutcome::Refused(arrival)) = outcome;
        self.cache.remember(key.clone(), arrival, now);
        Ok(outcome)
    }

    /// A failure is ignored: the limit recovers the share of one request within milliseconds.
    async fn refund_key(&self, key: &PrimaryKey, quota: Quota) {
        let _ = self.store.move_rate_limit(key, quota.interval().saturating_neg()).await;
        self.cache.arrivals().remove(key);
    }

    async fn plan(&self, org: OrgId, now: i64) -> Result<RateLimitPlan, StoreError> {
        let cached = self.cache.plans().get(&org).copied();
        if let Some((plan, _)) = cached.filter(|(_, read_at)| now.saturating_sub(*read_at) < PLAN_TTL_MICROS) {
            return Ok(plan);
        }
        let plan = self.store.plan(org).await?.unwrap_or(RateLimitPlan::STANDARD);
        let mut plans = self.cache.plans();
        if plans.len() >= MAX_CACHED {
            plans.clear();
        }
        plans.insert(org, (plan, now));
        Ok(plan)
    }

    /// Takes from a quota of `subject`, which holds over all organisations.
    ///
    /// # Errors
    /// [`LimitError`] when the day has less left, or the counters cannot be reached.
    pub async fn reserve(&self, subject: &str, quota: DailyQuota, now: Timestamp) -> Result<Reservation, LimitError> {
        let (key, amount) = (keys::daily_quota(subject, quota.name(), today(now).utc()), quota.amount());
        if self.store.reserve_daily_quota(&key, amount, quota.limit(), now).await? {
            return Ok(Reservation { key, amount });
        }
        Err(LimitError::QuotaExceeded { quota, retry_after: seconds_to_midnight(now) })
    }

    /// Gives a reservation back. A failure to do so is no reason to answer otherwise: the amount returns at midnight.
    pub async fn release(&self, reservation: Reservation) {
        let _ = self.store.release_daily_quota(&reservation.key, reservation.amount).await;
    }
}
