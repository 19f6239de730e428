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
    #[serde(with = "packed")]
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

/// Stored form of a body: a long one is compressed, because a write is paid by its size. The answer to a comment on a
/// large report has hundreds of kilobytes.
mod packed {
    use std::io::{Read, Write};

    use flate2::Compression;
    use flate2::read::ZlibDecoder;
    use flate2::write::ZlibEncoder;
    use serde::de::Visitor;
    use serde::ser::Error as _;
    use serde::{Deserializer, Serializer, de};

    /// Bodies from this size on are compressed, in bytes.
    const PACKED_FROM: usize = 8 * 1024;
    /// Size limit of a body, in bytes: more than an answer has.
    const MAX_BODY: u64 = 1024 * 1024;

    pub(super) fn serialize<S: Serializer>(body: &str, serializer: S) -> Result<S::Ok, S::Error> {
        if body.len() < PACKED_FROM {
            return serializer.serialize_str(body);
        }
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
        let packed = encoder.write_all(body.as_bytes()).and_then(|()| encoder.finish());
        serializer.serialize_bytes(&packed.map_err(S::Error::custom)?)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
        struct BodyVisitor;
        impl Visitor<'_> for BodyVisitor {
            type Value = String;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a text, or a compressed one")
            }

            fn visit_str<E>(self, body: &str) -> Result<String, E> {
                Ok(body.to_owned())
            }

            fn visit_bytes<E: de::Error>(self, packed: &[u8]) -> Result<String, E> {
                let mut body = String::new();
                let read = ZlibDecoder::new(packed).take(MAX_BODY).read_to_string(&mut body);
                read.map(|_| body).map_err(|_| E::custom("a body that cannot be unpacked"))
            }
        }
        deserializer.deserialize_any(BodyVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attributes::item_size;
    use crate::items::{from_item, to_item};
    use crate::keys;

    #[test]
    fn long_body_is_stored_compressed_and_read_again() {
        let key = keys::idempotency(None, "sub", "key-12345678");
        for (body, stored) in
            [(String::new(), 300), ("{\"title\":\"Zürich\"} ".repeat(10), 500), ("x".repeat(380_000), 1900)]
        {
            let response = StoredResponse { status: 200, body, etag: Some("\"7\"".to_owned()), location: None };
            let record = IdempotencyRecord { fingerprint: "f".repeat(64), issuer: None, response, expires_at: 1 };
            let item = to_item(&key, "idempotency", &record).unwrap();
            assert!(item_size(&item) < stored + 200, "{} bytes", item_size(&item));
            assert_eq!(from_item::<IdempotencyRecord>(item).unwrap().response, record.response);
        }
    }
}
