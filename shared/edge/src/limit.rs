//! Rate limiting: each request counts against the limit of whoever sends it and against a part of his organisation's. The counters are
//! in the table, so that all processes of a function share them. What this module must not do: know who is a member.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use outlay_domain::ids::OrgId;
use outlay_domain::rate_limit::{Class, Plan, Quota, SHARDS, STRANGER, Standing};
use outlay_store::keys::{self, Key};
use outlay_store::limits::Counted;
use outlay_store::{Store, StoreError};
use sha2::{Digest, Sha256};

use crate::log::{Level, log};

/// How long a process relies on the limits it has read, in microseconds.
const PLAN_READ: i64 = 60_000_000;
/// For how many times as long as a burst lasts a limit is taken to be in use.
const IN_USE: i64 = 5;
/// What requests to organisations that somebody is no member of are counted as.
const STRAY: &str = "stranger";
/// How much a process remembers of others' limits before it forgets all of it.
const MEMORY: usize = 10_000;

/// The limits, as one process knows them.
#[derive(Debug)]
pub struct Limiter {
    store: Store,
    plans: Mutex<HashMap<OrgId, (Plan, i64)>>,
    arrivals: Mutex<HashMap<Key, Told>>,
}

/// An arrival time as it was last told, in microseconds. It only ever grows, so one beyond the limit is enough to refuse by.
#[derive(Clone, Copy, Debug)]
struct Told {
    arrival: i64,
    /// When.
    at: i64,
}

impl Told {
    /// What the arrival time is thought to be now: a limit that others were using up some moments ago is still in use.
    fn guess(self, quota: Quota, now: i64) -> i64 {
        let burst = quota.latest(0);
        let in_use = self.arrival.saturating_sub(self.at) > burst / 2;
        let recent = now.saturating_sub(self.at) < burst.saturating_mul(IN_USE);
        if in_use && recent { self.arrival.max(now) } else { self.arrival }
    }
}

/// Against which of the two limits a request was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// Whoever sent it.
    Member,
    /// The members of the organisation that share a part of its limit.
    Organisation,
    /// Whoever sent it to organisations that he is no member of.
    Stranger,
}

/// A request that was counted.
#[derive(Clone, Debug)]
pub struct Admission {
    /// What the answer's headers say.
    pub report: Report,
    shared: Option<(Key, Quota)>,
}

/// What is told of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// Whose limit it is.
    pub holder: Holder,
    /// For which requests.
    pub class: Class,
    /// How many are allowed.
    pub quota: Quota,
    /// How many are left.
    pub standing: Standing,
}

/// Why a request was not counted.
#[derive(Debug)]
pub enum Uncounted {
    /// It is one too many.
    Beyond(Report),
    /// The counters cannot be reached.
    Unavailable(StoreError),
}

impl From<StoreError> for Uncounted {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error)
    }
}

impl Limiter {
    /// A limiter on the store's table.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self { store, plans: Mutex::default(), arrivals: Mutex::default() }
    }

    /// Counts a request of `subject` in an organisation, or before there is one.
    ///
    /// # Errors
    /// [`Uncounted`]. A read is not refused for want of counters: then this process alone counts.
    pub async fn admit(
        &self,
        org: Option<OrgId>,
        subject: &str,
        class: Class,
        now: Timestamp,
    ) -> Result<Admission, Uncounted> {
        let now = now.as_microsecond();
        let counted = self.count(org, subject, class, now).await;
        let Err(Uncounted::Unavailable(error)) = &counted else { return counted };
        if class != Class::Read || !matches!(error, StoreError::Unavailable(_)) {
            return counted;
        }
        log(Level::Warn, "limits are counted by this process alone", &[("reason", error)]);
        let (key, quota) = (keys::limit(org, subject, class.name()), Plan::STANDARD.member.of(class));
        let mut arrivals = self.arrivals();
        let arrival = arrivals.get(&key).map(|told| told.arrival);
        let admitted = quota.admit(arrival, now);
        let arrival = admitted.or(arrival).unwrap_or(now);
        arrivals.insert(key, Told { arrival, at: now });
        let report = Report { holder: Holder::Member, class, quota, standing: quota.standing(arrival, now) };
        admitted.map(|_| Admission { report, shared: None }).ok_or(Uncounted::Beyond(report))
    }

    async fn count(&self, org: Option<OrgId>, subject: &str, class: Class, now: i64) -> Result<Admission, Uncounted> {
        let plan = match org {
            Some(org) => self.plan(org, now).await?,
            None => Plan::STANDARD,
        };
        let own = (keys::limit(org, subject, class.name()), plan.member.of(class));
        let shared = org.map(|org| {
            let shard =
                Sha256::digest(subject).iter().fold(0_u64, |sum, byte| sum + u64::from(*byte)) % u64::from(SHARDS);
            (keys::limit_shard(org, shard, class.name()), plan.organisation.of(class).share(SHARDS))
        });
        let report =
            |holder, quota: Quota, arrival| Report { holder, class, quota, standing: quota.standing(arrival, now) };
        // Whoever is known to be beyond his limit costs nothing, and the others of his part nothing either.
        if let Some(arrival) = self.beyond(&own.0, own.1, now) {
            return Err(Uncounted::Beyond(report(Holder::Member, own.1, arrival)));
        }
        let of_all = async {
            match &shared {
                Some((key, quota)) => self.take(key, *quota, now).await.map(Some),
                None => Ok(None),
            }
        };
        let (mine, all) = tokio::try_join!(self.take(&own.0, own.1, now), of_all)?;
        match (mine, all, shared) {
            (Counted::Admitted(arrival), None | Some(Counted::Admitted(_)), shared) => {
                Ok(Admission { report: report(Holder::Member, own.1, arrival), shared })
            }
            (Counted::Admitted(_), Some(Counted::Refused(arrival)), Some((_, quota))) => {
                self.give_back(&own.0, own.1).await;
                Err(Uncounted::Beyond(report(Holder::Organisation, quota, arrival)))
            }
            (Counted::Refused(arrival) | Counted::Admitted(arrival), all, shared) => {
                if let (Some(Counted::Admitted(_)), Some((key, quota))) = (all, shared) {
                    self.give_back(&key, quota).await;
                }
                Err(Uncounted::Beyond(report(Holder::Member, own.1, arrival)))
            }
        }
    }

    /// A request of somebody who is no member does not count against the organisation.
    pub async fn disown(&self, admission: &Admission) {
        if let Some((key, quota)) = &admission.shared {
            self.give_back(key, *quota).await;
        }
    }

    /// The arrival time of somebody who is known to have asked for too many organisations that he is no member of.
    #[must_use]
    pub fn strays(&self, subject: &str, now: Timestamp) -> Option<i64> {
        self.beyond(&keys::limit(None, subject, STRAY), STRANGER, now.as_microsecond())
    }

    /// Counts that somebody has asked for an organisation that he is no member of; where he stands, when that was one too many. It is not
    /// refused for want of counters.
    pub async fn stray(&self, subject: &str, class: Class, now: Timestamp) -> Option<Report> {
        let micros = now.as_microsecond();
        let arrival = match self.strays(subject, now) {
            Some(arrival) => arrival,
            None => match self.take(&keys::limit(None, subject, STRAY), STRANGER, micros).await {
                Ok(Counted::Refused(arrival)) => arrival,
                Ok(Counted::Admitted(_)) | Err(_) => return None,
            },
        };
        let standing = STRANGER.standing(arrival, micros);
        Some(Report { holder: Holder::Stranger, class, quota: STRANGER, standing })
    }

    /// The arrival time at a limit, if it is known to be beyond it.
    fn beyond(&self, key: &Key, quota: Quota, now: i64) -> Option<i64> {
        self.arrivals().get(key).map(|told| told.arrival).filter(|arrival| *arrival > quota.latest(now))
    }

    async fn take(&self, key: &Key, quota: Quota, now: i64) -> Result<Counted, StoreError> {
        let known = self.arrivals().get(key).map(|told| told.guess(quota, now));
        let counted = self.store.count(key, quota, now, known).await?;
        let (Counted::Admitted(arrival) | Counted::Refused(arrival)) = counted;
        let mut arrivals = self.arrivals();
        if arrivals.len() >= MEMORY {
            arrivals.clear();
        }
        arrivals.insert(key.clone(), Told { arrival, at: now });
        Ok(counted)
    }

    /// What is not given back is gone for some milliseconds, which is not worth failing a request for.
    async fn give_back(&self, key: &Key, quota: Quota) {
        let _ = self.store.uncount(key, quota).await;
        self.arrivals().remove(key);
    }

    async fn plan(&self, org: OrgId, now: i64) -> Result<Plan, StoreError> {
        let known = self.plans().get(&org).copied();
        if let Some((plan, _)) = known.filter(|(_, read)| now.saturating_sub(*read) < PLAN_READ) {
            return Ok(plan);
        }
        let plan = self.store.plan(org).await?.unwrap_or(Plan::STANDARD);
        let mut plans = self.plans();
        if plans.len() >= MEMORY {
            plans.clear();
        }
        plans.insert(org, (plan, now));
        Ok(plan)
    }

    fn arrivals(&self) -> MutexGuard<'_, HashMap<Key, Told>> {
        self.arrivals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn plans(&self) -> MutexGuard<'_, HashMap<OrgId, (Plan, i64)>> {
        self.plans.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Report {
    /// The name of the limit.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match (self.holder, self.class) {
            (Holder::Member, class) => class.name(),
            (Holder::Stranger, _) => STRAY,
            (Holder::Organisation, Class::Read) => "organisation-read",
            (Holder::Organisation, Class::Write) => "organisation-write",
            (Holder::Organisation, Class::Costly) => "organisation-costly",
        }
    }

    /// The headers `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10).
    #[must_use]
    pub fn headers(&self) -> [(&'static str, String); 2] {
        let (name, Quota { burst, .. }) = (self.name(), self.quota);
        let Standing { remaining, full_in, .. } = self.standing;
        [
            ("ratelimit-policy", format!("\"{name}\";q={burst};w={}", self.quota.window())),
            ("ratelimit", format!("\"{name}\";r={remaining};t={full_in}")),
        ]
    }
}
