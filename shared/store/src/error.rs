//! Errors of the table, classified by what the caller can do. They hold codes and redacted keys, no stored values.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use outlay_aws::error::AwsFailure;

/// A read or write failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Throttled, unreachable or temporarily broken: the same request may succeed later. Holds the error code.
    #[error("table unavailable: {0}")]
    Unavailable(String),
    /// Refused by DynamoDB, such as for missing permissions: repeating the request does not help. Holds the error code.
    #[error("request refused by the table: {0}")]
    Refused(String),
    /// A stored item is unreadable: edited, moved, of an unknown schema, or of the wrong shape.
    #[error("item {item} is corrupt: {reason}")]
    Corrupt {
        /// Redacted primary key.
        item: String,
        /// Reason, without stored values.
        reason: String,
    },
}

/// Error codes of DynamoDB that mean "try later".
const TRANSIENT: [&str; 6] = [
    "ProvisionedThroughputExceededException",
    "ThrottlingException",
    "RequestLimitExceeded",
    "InternalServerError",
    "ServiceUnavailable",
    "TransactionInProgressException",
];

impl<E: ProvideErrorMetadata> From<SdkError<E>> for StoreError {
    fn from(error: SdkError<E>) -> Self {
        match AwsFailure::of(&error, &TRANSIENT) {
            AwsFailure::Unavailable(code) => Self::Unavailable(code),
            AwsFailure::Refused(code) => Self::Refused(code),
        }
    }
}

/// True when the condition of a single write does not hold.
pub(crate) fn is_condition_failure<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    error.code() == Some("ConditionalCheckFailedException")
}
