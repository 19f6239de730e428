//! Encryption under one master key. A blob holds a version, the id of the key, a nonce, the ciphertext and the tag; the
//! encryption context is authenticated but not stored. Knows nothing of requests.

use std::collections::BTreeMap;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::error::Unspecified;

/// Length of a master key, bytes.
pub(super) const KEY_LENGTH: usize = 32;
/// First byte of every blob.
const VERSION: u8 = 1;

/// Encryption context: values by name.
pub(super) type EncryptionContext = BTreeMap<String, String>;

/// A master key.
pub(super) struct MasterKey {
    id: String,
    key: RandomizedNonceKey,
}

impl MasterKey {
    pub(super) fn new(id: &str, key: &[u8; KEY_LENGTH]) -> Result<Self, Unspecified> {
        Ok(Self { id: id.to_owned(), key: RandomizedNonceKey::new(&AES_256_GCM, key)? })
    }

    pub(super) fn encrypt(&self, context: &EncryptionContext, plaintext: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let mut sealed = plaintext.to_vec();
        let nonce = self.key.seal_in_place_append_tag(self.additional_data(context)?, &mut sealed)?;
        let mut blob = vec![VERSION];
        append(&mut blob, &self.id)?;
        blob.extend_from_slice(nonce.as_ref());
        blob.append(&mut sealed);
        Ok(blob)
    }

    /// Decrypts a blob of this key; fails if the blob or the context has changed.
    pub(super) fn decrypt(&self, context: &EncryptionContext, blob: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let (_, rest) = split(blob).filter(|(id, _)| *id == self.id.as_bytes()).ok_or(Unspecified)?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_LEN>().ok_or(Unspecified)?;
        let mut sealed = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let plaintext = self.key.open_in_place(nonce, self.additional_data(context)?, &mut sealed)?;
        Ok(plaintext.to_vec())
    }

    /// Encodes the version, the id and the sorted context. Each text follows its length, so that no two contexts are
    /// equal.
    fn additional_data(&self, context: &EncryptionContext) -> Result<Aad<Vec<u8>>, Unspecified> {
        let mut bytes = vec![VERSION];
        append(&mut bytes, &self.id)?;
        for (name, value) in context {
            append(&mut bytes, name)?;
            append(&mut bytes, value)?;
        }
        Ok(Aad::from(bytes))
    }
}

/// Reads the key id of a blob.
pub(super) fn key_id(blob: &[u8]) -> Option<&str> {
    std::str::from_utf8(split(blob)?.0).ok()
}

/// Splits a blob into the key id and the rest.
fn split(blob: &[u8]) -> Option<(&[u8], &[u8])> {
    let (version, rest) = blob.split_first()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    (*version == VERSION).then(|| rest.split_at_checked(length))?
}

fn append(bytes: &mut Vec<u8>, text: &str) -> Result<(), Unspecified> {
    let length = u32::try_from(text.len()).map_err(|_| Unspecified)?;
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(text.as_bytes());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(pairs: &[(&str, &str)]) -> EncryptionContext {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn blob_needs_its_key_and_context() {
        let master_key = MasterKey::new("one", &[7; KEY_LENGTH]).expect("a key");
        let context_of = context(&[("org", "a"), ("member", "b")]);
        let blob = master_key.encrypt(&context_of, b"DE89").expect("a blob");
        assert_eq!(key_id(&blob), Some("one"));
        assert_eq!(master_key.decrypt(&context_of, &blob).as_deref(), Ok(b"DE89".as_slice()));
        assert_ne!(master_key.encrypt(&context_of, b"DE89").expect("a blob"), blob);
        // Without lengths, the last two would encode to the same bytes.
        for other in [
            context(&[]),
            context(&[("org", "a")]),
            context(&[("org", "a"), ("member", "c")]),
            context(&[("org", "am"), ("ember", "b")]),
            context(&[("orga", ""), ("member", "b")]),
        ] {
            assert_eq!(master_key.decrypt(&other, &blob), Err(Unspecified), "{other:?}");
        }
        for other in [("one", [8; KEY_LENGTH]), ("two", [7; KEY_LENGTH])] {
            let other = MasterKey::new(other.0, &other.1).expect("a key");
            assert_eq!(other.decrypt(&context_of, &blob), Err(Unspecified));
        }
    }

    #[test]
    fn changed_or_truncated_blob_is_rejected() {
        let master_key = MasterKey::new("one", &[7; KEY_LENGTH]).expect("a key");
        let blob = master_key.encrypt(&EncryptionContext::new(), b"DE89").expect("a blob");
        for position in 0..blob.len() {
            for bit in 0..8 {
                let mut changed = blob.clone();
                changed[position] ^= 1 << bit;
                assert_eq!(
                    master_key.decrypt(&EncryptionContext::new(), &changed),
                    Err(Unspecified),
                    "{position} {bit}"
                );
            }
            assert_eq!(
                master_key.decrypt(&EncryptionContext::new(), &blob[..position]),
                Err(Unspecified),
                "{position}"
            );
        }
    }
}
