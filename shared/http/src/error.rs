//! Errors that end a request before its handler is through.

use outlay_domain::error::DomainError;
use outlay_input::FieldErrors;
use outlay_receipts::BucketError;
use outlay_store::{CommitError, ListError, StoreError, StoredResponse};
use outlay_vault::VaultError;

use crate::limits::LimitError;
use crate::problem::Problem;

/// Early end of a request; travels by `?`.
#[derive(Clone, Debug)]
pub enum ApiError {
    /// The request is answered with a problem.
    Problem(Problem),
    /// The request was carried out before; this was its answer.
    Replay(Box<StoredResponse>),
    /// A record that the decision depends on changed after it was read. The request is carried out again, and then
    /// compares the version that the caller names. Holds the partition of the record.
    Conflict(String),
}

/// For logs.
impl std::fmt::Display for ApiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Problem(problem) => problem.fmt(f),
            Self::Replay(_) => f.write_str("the request was carried out before"),
            Self::Conflict(_) => f.write_str("a record changed after it was read"),
        }
    }
}

impl ApiError {
    /// The same error, with the errors of the input moved below the field `name` of the body.
    #[must_use]
    pub fn prefixed(self, name: &str) -> Self {
        match self {
            Self::Problem(problem) => Self::Problem(problem.prefixed(name)),
            other => other,
        }
    }
}

macro_rules! problems {
    ($($error:ty),*) => {$(
        impl From<$error> for ApiError {
            fn from(error: $error) -> Self {
                Self::Problem(error.into())
            }
        }
    )*};
}

problems!(DomainError, StoreError, ListError, LimitError, BucketError, VaultError, FieldErrors);

impl From<Problem> for ApiError {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<CommitError> for ApiError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Conflict(partition) => Self::Conflict(partition),
            error => Self::Problem(error.into()),
        }
    }
}
