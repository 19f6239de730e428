//! Reasons why the file of a batch cannot be written.

use outlay_bank::{ParseReferenceError, PaymentFileError};
use outlay_domain::error::DomainError;
use outlay_domain::payment_settings::MissingDebtor;
use outlay_receipts::BucketError;
use outlay_store::{ListError, StoreError};
use outlay_vault::VaultError;

/// File that could not be written. The work is repeated, so a cause that passes or is removed delays it only.
#[derive(Debug, thiserror::Error)]
pub enum BankFileError {
    /// The organisation has no account to pay from.
    #[error(transparent)]
    MissingDebtor(#[from] MissingDebtor),
    /// The order cannot be written in the format, whatever payments it has.
    #[error(transparent)]
    Format(#[from] PaymentFileError),
    /// An identifier cannot be written in files of banks.
    #[error(transparent)]
    Identifier(#[from] ParseReferenceError),
    /// Another file has the key. Nothing replaces it.
    #[error("the bucket has another file at the key of this one; it was written outside this service")]
    OtherContent,
    /// The bucket has failed.
    #[error(transparent)]
    Bucket(#[from] BucketError),
    /// The table has failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A list has failed.
    #[error(transparent)]
    List(#[from] ListError),
    /// KMS has failed.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The domain refuses the record of the file.
    #[error("the batch refuses the file: {0:?}")]
    Refused(DomainError),
    /// A record that the file needs is missing or malformed.
    #[error("{0}")]
    Record(&'static str),
}
