//! What can go wrong at S3, told apart by what the caller can do about it. Codes only: a message could quote a key or a link.

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

/// A file was not stored, read or removed, or a link was not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BucketError {
    /// S3 throttles or was not reached in time: the same may work later.
    #[error("the bucket is not available: {0}")]
    Unavailable(String),
    /// The request was refused, such as for missing rights: repeating it will not help.
    #[error("the bucket refused the request: {0}")]
    Refused(String),
    /// What lies there is larger than a receipt may be, and was not read.
    #[error("what lies in the bucket is larger than a receipt may be")]
    OtherSize,
}

/// Error codes of S3, and of KMS behind it, that say "not now".
const TRANSIENT: [&str; 12] = [
    "ConditionalRequestConflict",
    "InternalError",
    "KMS.DisabledException",
    "KMS.InternalException",
    "KMS.KeyUnavailableException",
    "KMS.ThrottlingException",
    "OperationAborted",
    "RequestTimeout",
    "ServiceUnavailable",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
];

impl BucketError {
    /// Whether the same may work later.
    #[must_use]
    pub const fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }

    fn of_code(code: &str) -> Self {
        let kind = if TRANSIENT.contains(&code) { Self::Unavailable } else { Self::Refused };
        kind(code.to_owned())
    }
}

impl<E: ProvideErrorMetadata, R> From<SdkError<E, R>> for BucketError {
    fn from(error: SdkError<E, R>) -> Self {
        match &error {
            SdkError::ServiceError(service) => Self::of_code(service.err().code().unwrap_or("unknown")),
            SdkError::ConstructionFailure(_) => Self::Refused("ConstructionFailure".to_owned()),
            SdkError::TimeoutError(_) => Self::Unavailable("Timeout".to_owned()),
            SdkError::DispatchFailure(_) => Self::Unavailable("DispatchFailure".to_owned()),
            _ => Self::Unavailable("UnreadableAnswer".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::error::{ConnectorError, ErrorMetadata};
    use aws_sdk_s3::operation::get_object::GetObjectError;

    use super::*;

    fn answered(code: &str) -> BucketError {
        let metadata = ErrorMetadata::builder().code(code).message("clean/org_secret is not yours").build();
        BucketError::from(SdkError::service_error(GetObjectError::generic(metadata), ()))
    }

    #[test]
    fn codes_are_told_apart_by_what_can_be_done_about_them() {
        for code in ["SlowDown", "InternalError", "KMS.ThrottlingException"] {
            assert_eq!(answered(code), BucketError::Unavailable(code.to_owned()));
            assert!(answered(code).is_unavailable());
        }
        for code in ["AccessDenied", "NoSuchBucket", "PreconditionFailed", "SomethingNew"] {
            assert_eq!(answered(code), BucketError::Refused(code.to_owned()));
            assert!(!answered(code).is_unavailable());
        }
    }

    #[test]
    fn whoever_is_not_reached_is_not_available() {
        type Failure = SdkError<GetObjectError, ()>;
        let timeout: Failure = SdkError::timeout_error("S3");
        assert_eq!(BucketError::from(timeout), BucketError::Unavailable("Timeout".to_owned()));
        let unreached: Failure = SdkError::dispatch_failure(ConnectorError::io("broken".into()));
        assert_eq!(BucketError::from(unreached), BucketError::Unavailable("DispatchFailure".to_owned()));
    }

    #[test]
    fn no_message_of_s3_is_handed_on() {
        for code in ["SlowDown", "AccessDenied"] {
            let error = answered(code);
            assert!(!format!("{error} {error:?}").contains("secret"), "{error}");
        }
    }
}
