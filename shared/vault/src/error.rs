//! Errors of KMS, by what the caller can do. Keeps error codes only: messages can quote the request.

use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use outlay_aws::error::AwsFailure;

/// Failed encryption or decryption.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// KMS throttles or does not respond, or the key is disabled: retry later.
    #[error("the vault is unavailable: {0}")]
    Unavailable(String),
    /// The ciphertext is damaged, or was encrypted for another context or with another key.
    #[error("invalid ciphertext: {0}")]
    InvalidCiphertext(String),
    /// KMS refuses the request, such as for missing permissions: do not retry.
    #[error("the vault refused the request: {0}")]
    Refused(String),
}

/// Error codes of KMS that mean "retry later". A key that is disabled or scheduled for deletion can be enabled again.
const TRANSIENT: [&str; 10] = [
    "DependencyTimeoutException",
    "DisabledException",
    "InternalFailure",
    "KMSInternalException",
    "KMSInvalidStateException",
    "KeyUnavailableException",
    "LimitExceededException",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "ThrottlingException",
];

/// Error codes of KMS for a wrong key or context.
const INVALID_CIPHERTEXT: [&str; 2] = ["IncorrectKeyException", "InvalidCiphertextException"];

impl<E: ProvideErrorMetadata> From<SdkError<E>> for VaultError {
    fn from(error: SdkError<E>) -> Self {
        match AwsFailure::of(&error, &TRANSIENT) {
            AwsFailure::Unavailable(code) => Self::Unavailable(code),
            AwsFailure::Refused(code) if INVALID_CIPHERTEXT.contains(&code.as_str()) => Self::InvalidCiphertext(code),
            AwsFailure::Refused(code) => Self::Refused(code),
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_kms::config::http::HttpResponse;
    use aws_sdk_kms::error::ErrorMetadata;
    use aws_sdk_kms::operation::decrypt::DecryptError;

    use super::*;

    /// Error of the SDK with this code, and a message that must not be kept.
    fn error_with_code(code: &str) -> VaultError {
        let metadata = ErrorMetadata::builder().code(code).message("DE89370400440532013000 is malformed").build();
        let response = HttpResponse::new(400.try_into().unwrap(), "".into());
        VaultError::from(SdkError::service_error(DecryptError::generic(metadata), response))
    }

    #[test]
    fn error_code_decides_the_variant() {
        for code in ["ThrottlingException", "DisabledException", "KMSInternalException", "KeyUnavailableException"] {
            assert_eq!(error_with_code(code), VaultError::Unavailable(code.to_owned()));
        }
        for code in ["InvalidCiphertextException", "IncorrectKeyException"] {
            assert_eq!(error_with_code(code), VaultError::InvalidCiphertext(code.to_owned()));
        }
        for code in ["AccessDeniedException", "NotFoundException", "InvalidKeyUsageException", "SomethingNewException"]
        {
            assert_eq!(error_with_code(code), VaultError::Refused(code.to_owned()));
        }
    }
}
