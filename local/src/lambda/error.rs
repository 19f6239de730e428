//! Error of an invocation.

use axum::body::Bytes;
use serde_json::json;

/// Error of an invocation.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum FunctionError {
    /// The template has no such function.
    Unknown,
    /// The function failed. The payload is Lambda's error object (`errorType`, `errorMessage`).
    Failed(Bytes),
}

impl FunctionError {
    pub(super) fn new(kind: &str, message: &str) -> Self {
        Self::Failed(json!({ "errorType": kind, "errorMessage": message }).to_string().into())
    }

    /// Returns the error object, or a sentence about the missing function.
    pub(crate) fn into_payload(self) -> Bytes {
        match self {
            Self::Failed(payload) => payload,
            Self::Unknown => Bytes::from_static(b"there is no such function"),
        }
    }
}
