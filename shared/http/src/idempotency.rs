//! Idempotency: fingerprint of a request, key of the stored answer, and answer to a repeated request.

use jiff::Timestamp;
use lambda_http::http::header::IF_MATCH;
use lambda_http::http::request::Parts;
use outlay_domain::ids::OrgId;
use outlay_domain::text::hex;
use outlay_input::decode;
use outlay_store::keys::{self, PrimaryKey};
use outlay_store::{CallerIdentity, IdempotencyRecord, NewIdempotencyRecord, Store, StoreError, StoredResponse};
use sha2::{Digest, Sha256};

use crate::error::ApiError;
use crate::precondition::joined;
use crate::problem::{Problem, ProblemType};
use crate::response::Reply;

/// Retention of a stored answer, in seconds.
const IDEMPOTENCY_TTL_SECONDS: i64 = 7 * 24 * 3600;

/// Idempotency key and fingerprint of a request. Made once, because the whole body is hashed.
#[derive(Clone, Debug)]
pub(crate) struct IdempotencyRequest {
    key: String,
    /// Issuer of the caller's token. The key of the record has the subject only, which another issuer may give to
    /// another person.
    issuer: String,
    fingerprint: String,
}

impl IdempotencyRequest {
    pub(crate) fn new(key: String, identity: &CallerIdentity, parts: &Parts, body: &[u8]) -> Self {
        Self { key, issuer: identity.issuer.clone(), fingerprint: fingerprint(parts, body) }
    }

    /// True for the record of the same request by the same identity.
    fn is_same(&self, recorded: &IdempotencyRecord) -> bool {
        recorded.fingerprint == self.fingerprint && recorded.issuer.as_ref().is_none_or(|issuer| *issuer == self.issuer)
    }

    /// Key of the stored answer. It has the identity, not the membership, so that both are read concurrently.
    fn record_key(&self, org: Option<OrgId>, identity: &CallerIdentity) -> PrimaryKey {
        keys::idempotency(org, &identity.subject, &self.key)
    }

    /// The record of an earlier request with the same key.
    pub(crate) async fn recorded(
        &self,
        store: &Store,
        org: Option<OrgId>,
        identity: &CallerIdentity,
        now: Timestamp,
    ) -> Result<Option<IdempotencyRecord>, StoreError> {
        store.idempotency_record(&self.record_key(org, identity), now).await
    }

    /// The record to store with a change.
    pub(crate) fn record(
        &self,
        org: Option<OrgId>,
        identity: &CallerIdentity,
        reply: &Reply,
        now: Timestamp,
    ) -> NewIdempotencyRecord {
        NewIdempotencyRecord {
            key: self.record_key(org, identity),
            fingerprint: self.fingerprint.clone(),
            issuer: identity.issuer.clone(),
            response: reply.answer().clone(),
            now: now.as_second(),
            expires_at: now.as_second().saturating_add(IDEMPOTENCY_TTL_SECONDS),
        }
    }

    /// The answer of a concurrent request with the same key and the same content.
    pub(crate) async fn answer_of_duplicate(
        &self,
        store: &Store,
        org: Option<OrgId>,
        identity: &CallerIdentity,
        now: Timestamp,
    ) -> Option<StoredResponse> {
        let recorded = self.recorded(store, org, identity, now).await.ok().flatten()?;
        self.is_same(&recorded).then_some(recorded.response)
    }

    /// End of a request whose key was used before: the first answer again when the request is the same.
    pub(crate) fn repeated(&self, recorded: &IdempotencyRecord) -> ApiError {
        if self.is_same(recorded) {
            return ApiError::Replay(Box::new(recorded.response.clone()));
        }
        let detail = "This Idempotency-Key was sent with another request. Use a new one.";
        Problem::new(ProblemType::IdempotencyKeyReused, detail).into()
    }
}

/// Fingerprint of a request: method, path, query, version named, and body in canonical form.
fn fingerprint(parts: &Parts, body: &[u8]) -> String {
    let mut hasher = Sha256::new();
    let version = joined(&parts.headers, &IF_MATCH).unwrap_or_default();
    let query = parts.uri.query().unwrap_or_default();
    let body = decode::canonical_json(if body.is_empty() { b"{}" } else { body });
    for part in
        [parts.method.as_str().as_bytes(), parts.uri.path().as_bytes(), query.as_bytes(), version.as_bytes(), &body]
    {
        hasher.update(part);
        hasher.update([0]);
    }
    hex(&hasher.finalize())
}
