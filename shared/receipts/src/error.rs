//! Errors of S3, by what the caller can do. Keeps error codes only: messages can quote a key or a URL.

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use outlay_aws::error::AwsFailure;

/// Failed operation on the bucket.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BucketError {
    /// S3 throttles or does not respond: retry later.
    #[error("the bucket is unavailable: {0}")]
    Unavailable(String),
    /// S3 refuses the request, such as for missing permissions: do not retry.
    #[error("the bucket refused the request: {0}")]
    Refused(String),
    /// The upload exceeds the size limit of a receipt, and was not read.
    #[error("the upload exceeds the size limit of a receipt")]
    TooLarge,
}

/// Error codes of S3, and of KMS through S3, that mean "retry later".
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
    /// True when a retry may succeed.
    #[must_use]
    pub const fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

impl<E: ProvideErrorMetadata> From<SdkError<E>> for BucketError {
    fn from(error: SdkError<E>) -> Self {
        match AwsFailure::of(&error, &TRANSIENT) {
            AwsFailure::Unavailable(code) => Self::Unavailable(code),
            AwsFailure::Refused(code) => Self::Refused(code),
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::config::http::HttpResponse;
    use aws_sdk_s3::error::ErrorMetadata;
    use aws_sdk_s3::operation::get_object::GetObjectError;

    use super::*;

    fn error_with_code(code: &str) -> BucketError {
        let metadata = ErrorMetadata::builder().code(code).message("clean/org_secret is not yours").build();
        let response = HttpResponse::new(400.try_into().unwrap(), "".into());
        BucketError::from(SdkError::service_error(GetObjectError::generic(metadata), response))
    }

    #[test]
    fn error_code_decides_the_variant() {
        for code in ["SlowDown", "InternalError", "KMS.ThrottlingException"] {
            assert_eq!(error_with_code(code), BucketError::Unavailable(code.to_owned()));
            assert!(error_with_code(code).is_unavailable());
        }
        for code in ["AccessDenied", "NoSuchBucket", "PreconditionFailed", "SomethingNew"] {
            assert_eq!(error_with_code(code), BucketError::Refused(code.to_owned()));
            assert!(!error_with_code(code).is_unavailable());
        }
    }
}
