//! What can go wrong at KMS, told apart by what the caller can do about it. Codes only: a message could quote what was sent.

use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};

/// Something was not sealed or opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// KMS throttles, was not reached in time, or the key is not in use at the moment: the same may work later.
    #[error("the vault is not available: {0}")]
    Unavailable(String),
    /// It was sealed for another place or by another key, or is not what was sealed.
    #[error("what is sealed does not belong where it lies: {0}")]
    Damaged(String),
    /// The request was refused, such as for missing rights: repeating it will not help.
    #[error("the vault refused the request: {0}")]
    Refused(String),
}

/// Error codes of KMS that say "not now". A key that is disabled, or whose deletion is planned, can be put in use again.
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

/// Error codes of KMS that say "not with this key, or not here".
const FOREIGN: [&str; 2] = ["IncorrectKeyException", "InvalidCiphertextException"];

impl VaultError {
    fn of_code(code: &str) -> Self {
        let kind = match code {
            code if TRANSIENT.contains(&code) => Self::Unavailable,
            code if FOREIGN.contains(&code) => Self::Damaged,
            _ => Self::Refused,
        };
        kind(code.to_owned())
    }
}

impl<E: ProvideErrorMetadata, R> From<SdkError<E, R>> for VaultError {
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
    use aws_sdk_kms::error::{ConnectorError, ErrorMetadata};
    use aws_sdk_kms::operation::decrypt::DecryptError;

    use super::*;

    /// What the SDK makes of an answer of KMS with this code, and of the message that comes with it.
    fn answered(code: &str) -> VaultError {
        let metadata = ErrorMetadata::builder().code(code).message("DE89370400440532013000 is not welcome").build();
        VaultError::from(SdkError::service_error(DecryptError::generic(metadata), ()))
    }

    #[test]
    fn codes_are_told_apart_by_what_can_be_done_about_them() {
        for code in ["ThrottlingException", "DisabledException", "KMSInternalException", "KeyUnavailableException"] {
            assert_eq!(answered(code), VaultError::Unavailable(code.to_owned()));
        }
        for code in ["InvalidCiphertextException", "IncorrectKeyException"] {
            assert_eq!(answered(code), VaultError::Damaged(code.to_owned()));
        }
        for code in ["AccessDeniedException", "NotFoundException", "InvalidKeyUsageException", "SomethingNewException"]
        {
            assert_eq!(answered(code), VaultError::Refused(code.to_owned()));
        }
    }

    #[test]
    fn whoever_is_not_reached_is_not_available() {
        type Failure = SdkError<DecryptError, ()>;
        let timeout: Failure = SdkError::timeout_error("KMS");
        assert_eq!(VaultError::from(timeout), VaultError::Unavailable("Timeout".to_owned()));
        let unreached: Failure = SdkError::dispatch_failure(ConnectorError::io("broken".into()));
        assert_eq!(VaultError::from(unreached), VaultError::Unavailable("DispatchFailure".to_owned()));
    }

    #[test]
    fn no_message_of_kms_is_handed_on() {
        for code in ["ThrottlingException", "InvalidCiphertextException", "AccessDeniedException"] {
            let error = answered(code);
            assert!(!format!("{error} {error:?}").contains("DE89"), "{error}");
        }
    }
}
