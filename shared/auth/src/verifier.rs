//! Verification of access tokens, and a cache of the issuer's keys: in the process, then in the table, then at the
//! issuer. A scheduled function refreshes the table, so a request rarely fetches keys. Keys that cannot be refreshed
//! stay valid for an hour.

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use outlay_aws::backoff::backoff_with_jitter;
use outlay_store::issuer::IssuerKeys;
use outlay_store::{CallerIdentity, Store, StoreError};

use crate::claims::{ExpectedClaims, validate_claims};
use crate::fetch::fetch_key_set;
use crate::keys::{Rejection, UNKNOWN_KEY, UnverifiedJws, VerificationKeys};

/// Age at which a process reads the table again, in seconds.
const REREAD_AFTER_SECS: i64 = 300;
/// Age at which a request fetches keys from the issuer, because the scheduled function has not, in seconds.
const REFRESH_AFTER_SECS: i64 = 15 * 60;
/// Age at which keys expire, in seconds.
const MAX_STALE_SECS: i64 = 3600;
/// Least time between two fetches from the issuer, and between two reads of the table because of an unknown key, in
/// seconds.
const FETCH_COOLDOWN_SECS: i64 = 10;
/// Attempts of a process without keys to read what another process is fetching.
const MAX_ATTEMPTS: u32 = 8;

/// Failed verification.
#[derive(Debug)]
pub enum TokenError {
    /// The token is rejected.
    Rejected(Rejection),
    /// No keys to verify it with. Carries the reason, for the log.
    Unavailable(String),
}

/// Verifies access tokens of the one trusted issuer.
#[derive(Debug)]
pub struct TokenVerifier {
    store: Store,
    expected: ExpectedClaims,
    cache: Mutex<Cache>,
}

#[derive(Clone, Debug, Default)]
struct Cache {
    keys: Option<CachedKeys>,
    /// Last read of the table because of an unknown key, in seconds since the epoch.
    missed_at: i64,
}

#[derive(Clone, Debug)]
struct CachedKeys {
    keys: VerificationKeys,
    /// Time of the fetch from the issuer, in seconds since the epoch.
    fetched_at: i64,
    /// Time of the read from the table, in seconds since the epoch.
    read_at: i64,
}

impl CachedKeys {
    const fn is_valid(&self, now: i64) -> bool {
        now.saturating_sub(self.fetched_at) < MAX_STALE_SECS
    }

    const fn is_fresh(&self, now: i64) -> bool {
        now.saturating_sub(self.fetched_at) < REFRESH_AFTER_SECS
    }

    /// True when the table need not be read again. Keys that could not be refreshed are retried after a cooldown.
    const fn is_current(&self, now: i64) -> bool {
        let age = now.saturating_sub(self.read_at);
        age < FETCH_COOLDOWN_SECS || (age < REREAD_AFTER_SECS && self.is_fresh(now))
    }
}

impl TokenVerifier {
    /// Verifier that shares keys through the store's table.
    #[must_use]
    pub const fn new(store: Store, expected: ExpectedClaims) -> Self {
        Self { store, expected, cache: Mutex::new(Cache { keys: None, missed_at: 0 }) }
    }

    /// Verifies an access token and returns the caller it identifies.
    ///
    /// # Errors
    /// [`TokenError`]
    pub async fn verify(&self, token: &str, now: Timestamp) -> Result<CallerIdentity, TokenError> {
        let token = UnverifiedJws::parse(token).map_err(TokenError::Rejected)?;
        let keys = self.keys_for(&token, now.as_second()).await?;
        let verified = keys.verify(&token).map_err(TokenError::Rejected)?;
        validate_claims(&verified, &self.expected, now).map_err(TokenError::Rejected)
    }

    /// Reads the keys from the table before the first request. A failure shows at that request.
    pub async fn preload_keys(&self, now: Timestamp) {
        if let Ok(Some(stored)) = self.stored_keys(now.as_second()).await {
            self.cache_keys(stored);
        }
    }

    /// Fetches the keys from the issuer and stores them in the table.
    ///
    /// # Errors
    /// The reason, for the log. Keys in the table stay as they are.
    pub async fn refresh_keys(&self, now: Timestamp) -> Result<(), String> {
        self.fetch_keys(now.as_second()).await.map(drop)
    }

    async fn keys_for(&self, token: &UnverifiedJws<'_>, now: i64) -> Result<VerificationKeys, TokenError> {
        let Cache { keys, missed_at } = self.cached();
        let valid = keys.filter(|cached| cached.is_valid(now));
        if let Some(cached) = valid.as_ref().filter(|cached| cached.is_current(now)) {
            if cached.keys.has(token.key_id()) {
                return Ok(cached.keys.clone());
            }
            // Limits the reads that invented key identifiers cause.
            if now.saturating_sub(missed_at) < FETCH_COOLDOWN_SECS {
                return Err(TokenError::Rejected(UNKNOWN_KEY));
            }
            self.cache.lock().unwrap_or_else(PoisonError::into_inner).missed_at = now;
        }
        self.load_keys(token, valid, now).await.map(|cached| cached.keys)
    }

    /// Loads keys from the table, or from the issuer when those are stale or lack the token's key. Falls back to
    /// `valid`.
    async fn load_keys(
        &self,
        token: &UnverifiedJws<'_>,
        mut valid: Option<CachedKeys>,
        now: i64,
    ) -> Result<CachedKeys, TokenError> {
        let mut reason = "another function is fetching the issuer's keys".to_owned();
        for attempt in 0..MAX_ATTEMPTS {
            match self.stored_keys(now).await {
                Ok(Some(stored)) if stored.is_fresh(now) && stored.keys.has(token.key_id()) => {
                    return Ok(self.cache_keys(stored));
                }
                Ok(stored) => valid = stored.filter(|stored| stored.is_valid(now)).or(valid),
                Err(error) => reason = error.to_string(),
            }
            match self.store.acquire_issuer_fetch(&self.expected.issuer, now, FETCH_COOLDOWN_SECS).await {
                Ok(true) => match self.fetch_keys(now).await {
                    Ok(fetched) => return Ok(self.cache_keys(fetched)),
                    Err(error) => reason = error,
                },
                Ok(false) => {}
                Err(error) => reason = error.to_string(),
            }
            if let Some(cached) = valid {
                return Ok(self.cache_keys(cached));
            }
            tokio::time::sleep(backoff_with_jitter(attempt)).await;
        }
        Err(TokenError::Unavailable(reason))
    }

    async fn stored_keys(&self, now: i64) -> Result<Option<CachedKeys>, StoreError> {
        let stored = self.store.issuer_keys(&self.expected.issuer).await?;
        Ok(stored.and_then(|IssuerKeys { key_set, fetched_at }| {
            let keys = VerificationKeys::parse(key_set.as_bytes()).ok()?;
            Some(CachedKeys { keys, fetched_at, read_at: now })
        }))
    }

    async fn fetch_keys(&self, now: i64) -> Result<CachedKeys, String> {
        let key_set = fetch_key_set(&self.expected.issuer).await?;
        // Parsed first: an unusable set must not replace a usable one in the table.
        let keys = VerificationKeys::parse(key_set.as_bytes())?;
        let stored = self.store.put_issuer_keys(&self.expected.issuer, &key_set, now).await;
        stored.map_err(|error| error.to_string())?;
        Ok(CachedKeys { keys, fetched_at: now, read_at: now })
    }

    fn cached(&self) -> Cache {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn cache_keys(&self, keys: CachedKeys) -> CachedKeys {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner).keys = Some(keys.clone());
        keys
    }
}
