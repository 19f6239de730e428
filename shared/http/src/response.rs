//! Answers of handlers.

use lambda_http::http::{HeaderName, HeaderValue, StatusCode, header};
use lambda_http::{Body, Response};
use outlay_domain::text::hex;
use outlay_store::StoredResponse;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::error::ApiError;
use crate::precondition::DIGEST_SEPARATOR;
use crate::problem::Problem;

/// Hexadecimal digits of the digest in an `ETag`.
const DIGEST_LENGTH: usize = 16;

/// Result of a handler.
pub type HandlerResult = Result<Reply, ApiError>;

/// A successful answer.
#[derive(Clone, Debug)]
pub struct Reply {
    answer: StoredResponse,
    /// File in place of a body in JSON.
    file: Option<FileBody>,
    replayed: bool,
    passed_over: usize,
}

/// Body that is a file.
#[derive(Clone, Debug)]
struct FileBody {
    name: String,
    media_type: &'static str,
    bytes: Vec<u8>,
}

impl Reply {
    const fn of(answer: StoredResponse) -> Self {
        Self { answer, file: None, replayed: false, passed_over: 0 }
    }

    /// 200 with a file to save. `name` is in ASCII without quotes, `media_type` with its character set. Only for reads:
    /// the answer of a repeated change is stored as JSON.
    #[must_use]
    pub fn file(name: String, media_type: &'static str, bytes: Vec<u8>) -> Self {
        let answer = StoredResponse { status: 200, body: String::new(), etag: None, location: None };
        Self { file: Some(FileBody { name, media_type, bytes }), ..Self::of(answer) }
    }

    /// A body with a status.
    ///
    /// # Errors
    /// A problem of type `internal` when the body cannot be written as JSON.
    pub fn new(status: u16, body: &impl Serialize) -> Result<Self, Problem> {
        let body = serde_json::to_string(body).map_err(Problem::internal)?;
        Ok(Self::of(StoredResponse { status, body, etag: None, location: None }))
    }

    /// 200 with a body.
    ///
    /// # Errors
    /// As for [`Reply::new`].
    pub fn ok(body: &impl Serialize) -> Result<Self, Problem> {
        Self::new(200, body)
    }

    /// 201 with a body and the path of what was created.
    ///
    /// # Errors
    /// As for [`Reply::new`].
    pub fn created(body: &impl Serialize, location: String) -> Result<Self, Problem> {
        let mut reply = Self::new(201, body)?;
        reply.answer.location = Some(location);
        Ok(reply)
    }

    /// 204.
    #[must_use]
    pub const fn no_content() -> Self {
        Self::of(StoredResponse { status: 204, body: String::new(), etag: None, location: None })
    }

    /// The reply with the version as its `ETag`.
    #[must_use]
    pub fn version(mut self, version: u64) -> Self {
        self.answer.etag = Some(format!("\"{version}\""));
        self
    }

    /// The reply to a request that has read items which it does not show. They count towards its rate limit.
    #[must_use]
    pub const fn passed_over(mut self, items: usize) -> Self {
        self.passed_over = items;
        self
    }

    /// The reply with a digest of its body behind the version in its `ETag`: caches see what the version does not tell.
    pub(crate) fn with_digest(mut self) -> Self {
        if let Some(tag) = &mut self.answer.etag {
            let digest: String = hex(&Sha256::digest(&self.answer.body)).chars().take(DIGEST_LENGTH).collect();
            *tag = format!("\"{}{DIGEST_SEPARATOR}{digest}\"", tag.trim_matches('"'));
        }
        self
    }

    /// The stored answer of a repeated request.
    pub(crate) fn replay(answer: StoredResponse) -> Self {
        Self { replayed: true, ..Self::of(answer) }
    }

    /// Bytes of the body.
    pub(crate) const fn bytes(&self) -> usize {
        match &self.file {
            Some(file) => file.bytes.len(),
            None => self.answer.body.len(),
        }
    }

    /// Items that were read and are not shown.
    pub(crate) const fn items_passed_over(&self) -> usize {
        self.passed_over
    }

    pub(crate) const fn answer(&self) -> &StoredResponse {
        &self.answer
    }

    /// The response.
    #[must_use]
    pub fn into_response(self) -> Response<Body> {
        let (body, media_type, disposition) = match self.file {
            Some(FileBody { name, media_type, bytes }) => {
                (Body::Binary(bytes), media_type, Some(format!("attachment; filename=\"{name}\"")))
            }
            None => (Body::Text(self.answer.body), "application/json", None),
        };
        let mut response = Response::new(body);
        *response.status_mut() = StatusCode::from_u16(self.answer.status).unwrap_or(StatusCode::OK);
        let mut set = |name: HeaderName, value: Option<String>| {
            if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
                response.headers_mut().insert(name, value);
            }
        };
        set(header::CONTENT_TYPE, (self.answer.status != 204).then(|| media_type.to_owned()));
        set(header::CONTENT_DISPOSITION, disposition);
        set(header::CACHE_CONTROL, Some("no-store".to_owned()));
        set(header::ETAG, self.answer.etag);
        set(header::LOCATION, self.answer.location);
        set(HeaderName::from_static("idempotent-replayed"), self.replayed.then(|| "true".to_owned()));
        response
    }
}
