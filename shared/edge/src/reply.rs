//! Answers. A handler gives a [`Reply`]; everything that ends a request early (a problem, or the stored answer of a repeated
//! request) travels by `?` as a [`Stop`].

use lambda_http::http::{HeaderName, HeaderValue, StatusCode, header};
use lambda_http::{Body, Response};
use outlay_domain::refusal::Refusal;
use outlay_receipts::BucketError;
use outlay_store::{Answer, CommitError, ListError, Page, StoreError};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::common::PageOut;
use crate::limit::Uncounted;
use crate::problem::Problem;

/// What a handler gives.
pub type Outcome = Result<Reply, Stop>;

/// Why a request ends before its handler is through.
#[derive(Clone, Debug)]
pub enum Stop {
    /// Something is wrong.
    Problem(Problem),
    /// The request was carried out before; this is what it was answered.
    Replay(Box<Answer>),
    /// What the decision rests on has changed since it was read, and not what the caller named: decide anew.
    Again,
}

/// For logs.
impl std::fmt::Display for Stop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Problem(problem) => problem.fmt(f),
            Self::Replay(_) => f.write_str("the request was carried out before"),
            Self::Again => f.write_str("what the decision rests on has changed since it was read"),
        }
    }
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl Stop {
    /// The same, for what is wrong in a part of the body.
    #[must_use]
    pub fn beneath(self, name: &str) -> Self {
        match self {
            Self::Problem(problem) => Self::Problem(problem.beneath(name)),
            other => other,
        }
    }
}

macro_rules! stops {
    ($($error:ty),*) => {$(
        impl From<$error> for Stop {
            fn from(error: $error) -> Self {
                Self::Problem(error.into())
            }
        }
    )*};
}

stops!(Refusal, StoreError, ListError, Uncounted, BucketError);

impl From<CommitError> for Stop {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Overtaken => Self::Again,
            error => Self::Problem(error.into()),
        }
    }
}

/// An answer that says yes.
#[derive(Clone, Debug)]
pub struct Reply {
    answer: Answer,
    replayed: bool,
}

impl Reply {
    /// A body with a status.
    ///
    /// # Errors
    /// A problem of type `internal` when the body cannot be written as JSON.
    pub fn new(status: u16, body: &impl Serialize) -> Result<Self, Problem> {
        let body = serde_json::to_string(body).map_err(Problem::internal)?;
        Ok(Self { answer: Answer { status, body, etag: None, location: None }, replayed: false })
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

    /// 204: done, and nothing to show.
    #[must_use]
    pub const fn gone() -> Self {
        Self { answer: Answer { status: 204, body: String::new(), etag: None, location: None }, replayed: false }
    }

    /// 200 with a part of a list: `{"items": […], "next_cursor": …}`.
    ///
    /// # Errors
    /// As for [`Reply::new`].
    pub fn page<T, U: Serialize + ToSchema>(page: Page<T>, show: impl Fn(T) -> U) -> Result<Self, Problem> {
        Self::ok(&PageOut { items: page.items.into_iter().map(show).collect(), next_cursor: page.next })
    }

    /// The reply with the version as its `ETag`.
    #[must_use]
    pub fn version(mut self, version: u64) -> Self {
        self.answer.etag = Some(format!("\"{version}\""));
        self
    }

    /// The stored answer of a repeated request.
    pub(crate) const fn replay(answer: Answer) -> Self {
        Self { answer, replayed: true }
    }

    pub(crate) const fn answer(&self) -> &Answer {
        &self.answer
    }

    /// The response.
    #[must_use]
    pub fn into_response(self) -> Response<Body> {
        let mut response = Response::new(Body::Text(self.answer.body));
        *response.status_mut() = StatusCode::from_u16(self.answer.status).unwrap_or(StatusCode::OK);
        let mut set = |name: HeaderName, value: Option<String>| {
            if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
                response.headers_mut().insert(name, value);
            }
        };
        set(header::CONTENT_TYPE, (self.answer.status != 204).then(|| "application/json".to_owned()));
        set(header::CACHE_CONTROL, Some("no-store".to_owned()));
        set(header::ETAG, self.answer.etag);
        set(header::LOCATION, self.answer.location);
        set(HeaderName::from_static("idempotent-replayed"), self.replayed.then(|| "true".to_owned()));
        response
    }
}
