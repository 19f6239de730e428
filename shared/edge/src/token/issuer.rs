//! The keys of the token issuer: in the process, in the table, and at the issuer, asked in this order. A scheduled function keeps the
//! table fresh, so that a request fetches hardly ever; keys that could not be renewed are good for an hour.

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use outlay_store::issuer::IssuerKeys;
use outlay_store::{Identity, Store, pause};

use super::keys::{UNKNOWN_KEY, Why};
use super::{Expected, Keys, Token, fetch, identity};

/// How long a process relies on what it has read from the table, in seconds.
const REREAD: i64 = 300;
/// After how long a function renews the keys itself, because the scheduled one has not, in seconds.
const FRESH: i64 = 15 * 60;
/// How long keys are good that cannot be renewed, in seconds.
const GOOD: i64 = 3600;
/// How often the issuer is asked at most because of a key that nobody knows, in seconds; and how often a process looks for it.
const PENALTY: i64 = 10;
/// How often a function that has no keys at all looks whether another one has fetched them.
const LOOKS: u32 = 8;

/// Why nobody is signed in.
#[derive(Debug)]
pub enum Unverified {
    /// The token is refused.
    Refused(Why),
    /// There are no keys to verify it with.
    Unavailable(String),
}

/// Verifies tokens of the one issuer that this deployment trusts.
#[derive(Debug)]
pub struct Issuer {
    store: Store,
    expected: Expected,
    cache: Mutex<Cache>,
}

#[derive(Clone, Debug, Default)]
struct Cache {
    known: Option<Known>,
    /// When the table was last read for a key that is not known, in seconds since 1970.
    missed_at: i64,
}

#[derive(Clone, Debug)]
struct Known {
    keys: Keys,
    /// When they were fetched from the issuer.
    fetched_at: i64,
    /// When they were read from the table.
    read_at: i64,
}

impl Known {
    const fn is_good(&self, now: i64) -> bool {
        now.saturating_sub(self.fetched_at) < GOOD
    }

    const fn is_fresh(&self, now: i64) -> bool {
        now.saturating_sub(self.fetched_at) < FRESH
    }

    /// Whether the process need not look for others. Keys that could not be renewed are not tried again at once.
    const fn is_current(&self, now: i64) -> bool {
        let since = now.saturating_sub(self.read_at);
        since < PENALTY || (since < REREAD && self.is_fresh(now))
    }
}

impl Issuer {
    /// An issuer whose keys are kept in the store's table.
    #[must_use]
    pub const fn new(store: Store, expected: Expected) -> Self {
        Self { store, expected, cache: Mutex::new(Cache { known: None, missed_at: 0 }) }
    }

    /// Who an access token was issued to.
    ///
    /// # Errors
    /// [`Unverified`] says why it counts for nothing.
    pub async fn identity(&self, token: &str, now: Timestamp) -> Result<Identity, Unverified> {
        let token = Token::read(token).map_err(Unverified::Refused)?;
        let keys = self.keys_for(&token, now.as_second()).await?;
        let signed = keys.verify(&token).map_err(Unverified::Refused)?;
        identity(&signed, &self.expected, now).map_err(Unverified::Refused)
    }

    /// Reads the keys into the process before the first request; whether it works shows then.
    pub async fn warm(&self, now: Timestamp) {
        if let Ok(Some(known)) = self.stored(now.as_second()).await {
            self.remember(known);
        }
    }

    /// Fetches the keys and keeps them in the table.
    ///
    /// # Errors
    /// What went wrong; the keys that were there stay.
    pub async fn refresh(&self, now: Timestamp) -> Result<(), String> {
        self.fetch(now.as_second()).await.map(drop)
    }

    async fn keys_for(&self, token: &Token<'_>, now: i64) -> Result<Keys, Unverified> {
        let Cache { known, missed_at } = self.cached();
        let good = known.filter(|known| known.is_good(now));
        if let Some(known) = good.as_ref().filter(|known| known.is_current(now)) {
            if known.keys.has(token.key_id()) {
                return Ok(known.keys.clone());
            }
            // Whoever invents key identifiers costs a reading now and then, and nothing else.
            if now.saturating_sub(missed_at) < PENALTY {
                return Err(Unverified::Refused(UNKNOWN_KEY));
            }
            self.cache.lock().unwrap_or_else(PoisonError::into_inner).missed_at = now;
        }
        self.renewed(token, good, now).await.map(|known| known.keys)
    }

    /// The keys of the table, or, if they do not help, of the issuer; at worst those that are good for some time yet.
    async fn renewed(&self, token: &Token<'_>, mut good: Option<Known>, now: i64) -> Result<Known, Unverified> {
        let mut problem = "another function is fetching the issuer's keys".to_owned();
        for look in 0..LOOKS {
            match self.stored(now).await {
                Ok(Some(known)) if known.is_fresh(now) && known.keys.has(token.key_id()) => {
                    return Ok(self.remember(known));
                }
                Ok(stored) => good = stored.filter(|known| known.is_good(now)).or(good),
                Err(error) => problem = error.to_string(),
            }
            match self.store.may_fetch(&self.expected.issuer, now, PENALTY).await {
                Ok(true) => match self.fetch(now).await {
                    Ok(known) => return Ok(self.remember(known)),
                    Err(reason) => problem = reason,
                },
                Ok(false) => {}
                Err(error) => problem = error.to_string(),
            }
            if let Some(known) = good {
                return Ok(self.remember(known));
            }
            tokio::time::sleep(pause(look)).await;
        }
        Err(Unverified::Unavailable(problem))
    }

    async fn stored(&self, now: i64) -> Result<Option<Known>, outlay_store::StoreError> {
        let stored = self.store.issuer_keys(&self.expected.issuer).await?;
        Ok(stored.and_then(|IssuerKeys { key_set, fetched_at }| {
            let keys = Keys::read(key_set.as_bytes()).ok()?;
            Some(Known { keys, fetched_at, read_at: now })
        }))
    }

    async fn fetch(&self, now: i64) -> Result<Known, String> {
        let key_set = fetch::key_set(&self.expected.issuer).await?;
        // A set that cannot be used does not take the place of one that can.
        let keys = Keys::read(key_set.as_bytes())?;
        let kept = self.store.keep_issuer_keys(&self.expected.issuer, &key_set, now).await;
        kept.map_err(|error| error.to_string())?;
        Ok(Known { keys, fetched_at: now, read_at: now })
    }

    fn cached(&self) -> Cache {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn remember(&self, known: Known) -> Known {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner).known = Some(known.clone());
        known
    }
}
