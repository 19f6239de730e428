//! What can go wrong when the table is read or written, told apart by what the caller can do about it.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

/// A read or write that did not work.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The table throttles, or was not reached in time: the same request may work a moment later.
    #[error("the table is not available: {0}")]
    Unavailable(String),
    /// The request itself was refused, such as for missing rights: repeating it will not help.
    #[error("the table refused the request: {0}")]
    Refused(String),
    /// A stored item cannot be understood.
    #[error("the item {item} is broken: {reason}")]
    Broken {
        /// Its partition and sort key.
        item: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// Error codes of DynamoDB that say "not now".
const TRANSIENT: [&str; 6] = [
    "ProvisionedThroughputExceededException",
    "ThrottlingException",
    "RequestLimitExceeded",
    "InternalServerError",
    "ServiceUnavailable",
    "TransactionInProgressException",
];

impl<E: ProvideErrorMetadata + std::fmt::Debug, R: std::fmt::Debug> From<SdkError<E, R>> for StoreError {
    fn from(error: SdkError<E, R>) -> Self {
        match &error {
            SdkError::ServiceError(service) => {
                let code = service.err().code().unwrap_or("unknown");
                let text = format!("{code}: {}", service.err().message().unwrap_or("no message"));
                if TRANSIENT.contains(&code) { Self::Unavailable(text) } else { Self::Refused(text) }
            }
            SdkError::ConstructionFailure(_) => Self::Refused(format!("{error:?}")),
            // Timeouts, broken connections and unreadable answers.
            _ => Self::Unavailable(format!("{error:?}")),
        }
    }
}
