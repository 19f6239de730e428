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

/// What is told goes into logs, so it is made of codes: DynamoDB's messages and the SDK's details can quote what is in an item.
impl<E: ProvideErrorMetadata, R> From<SdkError<E, R>> for StoreError {
    fn from(error: SdkError<E, R>) -> Self {
        match &error {
            SdkError::ServiceError(service) => {
                let code = service.err().code().unwrap_or("unknown");
                let text = code.to_owned();
                if TRANSIENT.contains(&code) { Self::Unavailable(text) } else { Self::Refused(text) }
            }
            SdkError::ConstructionFailure(_) => Self::Refused("the request cannot be made".to_owned()),
            SdkError::TimeoutError(_) => Self::Unavailable("timed out".to_owned()),
            SdkError::DispatchFailure(_) => Self::Unavailable("not reached".to_owned()),
            _ => Self::Unavailable("an answer that cannot be read".to_owned()),
        }
    }
}
