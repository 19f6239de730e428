//! Configuration of an HTTP function, read once at start.

use aws_config::SdkConfig;
use outlay_auth::ExpectedClaims;
use outlay_aws::config::sdk_config;
use outlay_aws::env::{ConfigError, required};
use outlay_payments::BankFileBucket;
use outlay_receipts::ReceiptBucket;
use outlay_store::Store;
use outlay_vault::Vault;

/// Configuration of an HTTP function that needs the table.
#[derive(Clone, Debug)]
pub struct HttpConfig {
    /// SDK configuration.
    pub sdk: SdkConfig,
    /// Name of the table (`TABLE_NAME`).
    pub table_name: String,
    /// Claims that an access token must carry (`JWT_ISSUER`, `JWT_AUDIENCES`).
    pub token: ExpectedClaims,
}

impl HttpConfig {
    /// Reads the environment.
    ///
    /// # Errors
    /// Fails when a variable is missing.
    pub fn from_env() -> Result<Self, ConfigError> {
        Ok(Self { sdk: sdk_config()?, table_name: required("TABLE_NAME")?, token: ExpectedClaims::from_env()? })
    }

    /// The store on the table.
    #[must_use]
    pub fn store(&self) -> Store {
        Store::connect(&self.sdk, &self.table_name)
    }
}

/// A service beside the table that some endpoints need; opened once per process.
pub trait Resource: Sized + std::fmt::Debug + Send + Sync + 'static {
    /// Opens it from the function's environment.
    ///
    /// # Errors
    /// Fails when a variable is missing.
    fn from_env(sdk: &SdkConfig) -> Result<Self, ConfigError>;
}

/// Nothing beside the table.
impl Resource for () {
    fn from_env(_: &SdkConfig) -> Result<Self, ConfigError> {
        Ok(())
    }
}

/// The bucket of receipts (`RECEIPTS_BUCKET`, `RECEIPTS_KEY`).
impl Resource for ReceiptBucket {
    fn from_env(sdk: &SdkConfig) -> Result<Self, ConfigError> {
        Self::from_env(sdk)
    }
}

/// The bucket of payment files (`BANK_FILES_BUCKET`, `BANK_FILES_KEY`).
impl Resource for BankFileBucket {
    fn from_env(sdk: &SdkConfig) -> Result<Self, ConfigError> {
        Self::from_env(sdk)
    }
}

/// Encryption of payout accounts (`PAYOUT_KEY`).
impl Resource for Vault {
    fn from_env(sdk: &SdkConfig) -> Result<Self, ConfigError> {
        Self::from_env(sdk)
    }
}
