//! What is stored encrypted. KMS seals and opens it under one key, and binds it to where it belongs: whoever copies it to another
//! place, or puts an old one back, has something that does not open. What this crate must not do: store anything, decide anything, or
//! say in an error or in its debug output what was sealed.

mod error;

use std::collections::HashMap;
use std::fmt;

use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;

pub use error::VaultError;

/// The key, and the client that reaches KMS.
#[derive(Clone, Debug)]
pub struct Vault {
    client: Client,
    key: String,
}

/// Where something sealed belongs: the encryption context of KMS. It is no secret, and stands in the logs of KMS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// The organisation.
    pub organisation: String,
    /// The member.
    pub member: String,
    /// What it is; the template allows the functions this one only.
    pub field: &'static str,
    /// Which one of those the member has had, from 1.
    pub version: u64,
}

impl Context {
    fn pairs(&self) -> HashMap<String, String> {
        let pairs = [
            ("organisation", self.organisation.clone()),
            ("member", self.member.clone()),
            ("field", self.field.to_owned()),
            ("version", self.version.to_string()),
        ];
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// What was sealed, opened. It does not show itself in debug output.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// The bytes.
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
    /// A vault that seals with the key of this identifier or ARN.
    #[must_use]
    pub const fn new(client: Client, key: String) -> Self {
        Self { client, key }
    }

    /// Seals at most 4096 bytes for the place they belong to.
    ///
    /// # Errors
    /// [`VaultError`]
    pub async fn seal(&self, context: &Context, plaintext: &[u8]) -> Result<Vec<u8>, VaultError> {
        let request = self.client.encrypt().key_id(&self.key).set_encryption_context(Some(context.pairs()));
        let sealed = request.plaintext(Blob::new(plaintext)).send().await?;
        let ciphertext = sealed.ciphertext_blob.ok_or_else(|| VaultError::Refused("NoCiphertext".to_owned()))?;
        Ok(ciphertext.into_inner())
    }

    /// Opens what was sealed for this place.
    ///
    /// # Errors
    /// [`VaultError::Damaged`] when it was sealed for another place or by another key, or is not what was sealed; [`VaultError`]
    pub async fn open(&self, context: &Context, ciphertext: &[u8]) -> Result<Secret, VaultError> {
        // KMS would refuse it as a malformed request.
        if !(1..=MAX_CIPHERTEXT).contains(&ciphertext.len()) {
            return Err(VaultError::Damaged("Length".to_owned()));
        }
        // The key is named, so that nothing opens that was sealed by any other key this function may use.
        let request = self.client.decrypt().key_id(&self.key).set_encryption_context(Some(context.pairs()));
        let opened = request.ciphertext_blob(Blob::new(ciphertext)).send().await?;
        let plaintext = opened.plaintext.ok_or_else(|| VaultError::Refused("NoPlaintext".to_owned()))?;
        Ok(Secret(plaintext.into_inner()))
    }
}

/// The most bytes that KMS takes to decrypt.
const MAX_CIPHERTEXT: usize = 6144;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_context_names_all_that_something_sealed_belongs_to() {
        let context = Context {
            organisation: "org_1".to_owned(),
            member: "mem_1".to_owned(),
            field: "payout_account",
            version: 12,
        };
        let mut pairs: Vec<_> = context.pairs().into_iter().collect();
        pairs.sort();
        let expected = [("field", "payout_account"), ("member", "mem_1"), ("organisation", "org_1"), ("version", "12")];
        assert_eq!(pairs, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn a_secret_does_not_show_itself() {
        let secret = Secret(b"DE89370400440532013000".to_vec());
        assert_eq!(format!("{secret:?} {secret:#?}"), "Secret(…) Secret(…)");
        assert_eq!(secret.expose(), b"DE89370400440532013000");
    }
}
