//! Encryption of single fields with KMS. A ciphertext is bound to its field by an encryption context: copied to another
//! member or restored from an older version, it does not decrypt. Must not store anything, or reveal a plaintext in an
//! error or in debug output.

mod error;

use std::collections::HashMap;
use std::fmt;

use aws_config::SdkConfig;
use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use outlay_aws::config::for_service;
use outlay_aws::env::{ConfigError, required};

pub use error::VaultError;

/// KMS client and key.
#[derive(Clone, Debug)]
pub struct Vault {
    client: Client,
    key: String,
}

/// KMS encryption context: the field that a ciphertext belongs to. Not secret; appears in the logs of KMS calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncryptionContext {
    /// Organisation.
    pub organisation: String,
    /// Member.
    pub member: String,
    /// Name of the field. The template allows the functions one value only.
    pub field: &'static str,
    /// Version of the field's value, from 1.
    pub version: u64,
}

impl EncryptionContext {
    /// Context of a member's payout account in its version.
    #[must_use]
    pub fn payout_account(organisation: &impl ToString, member: &impl ToString, version: u64) -> Self {
        let (organisation, member) = (organisation.to_string(), member.to_string());
        Self { organisation, member, field: "payout_account", version }
    }

    fn to_map(&self) -> HashMap<String, String> {
        let pairs = [
            ("organisation", self.organisation.clone()),
            ("member", self.member.clone()),
            ("field", self.field.to_owned()),
            ("version", self.version.to_string()),
        ];
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// Decrypted plaintext. Hidden in debug output.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// Plaintext bytes.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Vault {
    /// Reads `PAYOUT_KEY` (key id or ARN). `AWS_ENDPOINT_URL_KMS` overrides the endpoint.
    ///
    /// # Errors
    /// [`ConfigError::MissingVariable`]
    pub fn from_env(sdk: &SdkConfig) -> Result<Self, ConfigError> {
        Ok(Self { client: Client::new(&for_service(sdk, "KMS")), key: required("PAYOUT_KEY")? })
    }

    /// Encrypts at most 4096 bytes.
    ///
    /// # Errors
    /// [`VaultError`]
    pub async fn seal(&self, context: &EncryptionContext, plaintext: &[u8]) -> Result<Vec<u8>, VaultError> {
        let request = self.client.encrypt().key_id(&self.key).set_encryption_context(Some(context.to_map()));
        let response = request.plaintext(Blob::new(plaintext)).send().await?;
        let ciphertext = response.ciphertext_blob.ok_or_else(|| VaultError::Refused("NoCiphertext".to_owned()))?;
        Ok(ciphertext.into_inner())
    }

    /// Decrypts a ciphertext of this context.
    ///
    /// # Errors
    /// [`VaultError`]; [`VaultError::InvalidCiphertext`] for another context or key, or damaged bytes.
    pub async fn open(&self, context: &EncryptionContext, ciphertext: &[u8]) -> Result<Secret, VaultError> {
        // KMS rejects other lengths as a malformed request.
        if !(1..=MAX_CIPHERTEXT).contains(&ciphertext.len()) {
            return Err(VaultError::InvalidCiphertext("Length".to_owned()));
        }
        // The key is named, so that ciphertexts of other keys that this function may use are rejected.
        let request = self.client.decrypt().key_id(&self.key).set_encryption_context(Some(context.to_map()));
        let response = request.ciphertext_blob(Blob::new(ciphertext)).send().await?;
        let plaintext = response.plaintext.ok_or_else(|| VaultError::Refused("NoPlaintext".to_owned()))?;
        Ok(Secret(plaintext.into_inner()))
    }
}

/// Length limit of a ciphertext, in bytes (limit of KMS).
const MAX_CIPHERTEXT: usize = 6144;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn context_names_organisation_member_field_and_version() {
        let context = EncryptionContext {
            organisation: "org_1".to_owned(),
            member: "mem_1".to_owned(),
            field: "payout_account",
            version: 12,
        };
        let mut pairs: Vec<_> = context.to_map().into_iter().collect();
        pairs.sort();
        let expected = [("field", "payout_account"), ("member", "mem_1"), ("organisation", "org_1"), ("version", "12")];
        assert_eq!(pairs, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn debug_output_hides_the_secret() {
        let secret = Secret(b"DE89370400440532013000".to_vec());
        assert_eq!(format!("{secret:?} {secret:#?}"), "Secret(…) Secret(…)");
        assert_eq!(secret.expose(), b"DE89370400440532013000");
    }
}
