//! Idempotency records: the response to a request with an `Idempotency-Key`, stored in the transaction of its effect.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::client::Store;
use crate::error::StoreError;
use crate::integrity::Stored;
use crate::keys::PrimaryKey;

/// Response that a repeated request receives again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredResponse {
    /// HTTP status.
    pub status: u16,
    /// Body, JSON text.
    pub body: String,
    /// `ETag` header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// `Location` header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
}

/// Response to store with the changes of a request.
#[derive(Clone, Debug)]
pub struct NewIdempotencyRecord {
    /// Primary key, from [`crate::keys::idempotency`].
    pub key: PrimaryKey,
    /// Hash of the request.
    pub fingerprint: String,
    /// Issuer of the caller's token.
    pub issuer: String,
    /// Response.
    pub response: StoredResponse,
    /// Time of the request, seconds since the epoch.
    pub now: i64,
    /// Expiry, seconds since the epoch.
    pub expires_at: i64,
}

/// Response to an earlier request with the same idempotency key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct IdempotencyRecord {
    /// Hash of that request.
    pub fingerprint: String,
    /// Issuer of its caller's token; absent from records of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Its response.
    pub response: StoredResponse,
    /// Expiry, seconds since the epoch.
    pub(crate) expires_at: i64,
}

impl Stored for IdempotencyRecord {}

impl From<&NewIdempotencyRecord> for IdempotencyRecord {
    fn from(new: &NewIdempotencyRecord) -> Self {
        Self {
            fingerprint: new.fingerprint.clone(),
            issuer: Some(new.issuer.clone()),
            response: new.response.clone(),
            expires_at: new.expires_at,
        }
    }
}

impl Store {
    /// Reads the record at `key`. An expired record counts as absent: TTL deletes late, by up to days.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn idempotency_record(
        &self,
        key: &PrimaryKey,
        now: Timestamp,
    ) -> Result<Option<IdempotencyRecord>, StoreError> {
        let stored: Option<IdempotencyRecord> = self.get(key).await?;
        Ok(stored.filter(|stored| stored.expires_at > now.as_second()))
    }
}
