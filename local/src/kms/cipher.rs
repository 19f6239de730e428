//! One master key: plaintexts to blobs and back. A blob holds its version, the id of its key, a nonce, the ciphertext and
//! the tag; the encryption context is authenticated, and in no blob. Knows nothing of requests.

use std::collections::BTreeMap;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::error::Unspecified;

/// The length of a master key.
pub(super) const KEY_LENGTH: usize = 32;
/// The first byte of every blob.
const VERSION: u8 = 1;

/// What a plaintext belongs to, by name.
pub(super) type Context = BTreeMap<String, String>;

/// A master key with its id.
pub(super) struct Master {
    id: String,
    key: RandomizedNonceKey,
}

impl Master {
    pub(super) fn new(id: &str, key: &[u8; KEY_LENGTH]) -> Result<Self, Unspecified> {
        Ok(Self { id: id.to_owned(), key: RandomizedNonceKey::new(&AES_256_GCM, key)? })
    }

    pub(super) fn seal(&self, context: &Context, plaintext: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let mut sealed = plaintext.to_vec();
        let nonce = self.key.seal_in_place_append_tag(self.authenticated(context)?, &mut sealed)?;
        let mut blob = vec![VERSION];
        append(&mut blob, &self.id)?;
        blob.extend_from_slice(nonce.as_ref());
        blob.append(&mut sealed);
        Ok(blob)
    }

    /// The plaintext, if the blob is of this key and nothing about it or the context has changed.
    pub(super) fn open(&self, context: &Context, blob: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let (_, rest) = split(blob).filter(|(id, _)| *id == self.id.as_bytes()).ok_or(Unspecified)?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_LEN>().ok_or(Unspecified)?;
        let mut sealed = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let plaintext = self.key.open_in_place(nonce, self.authenticated(context)?, &mut sealed)?;
        Ok(plaintext.to_vec())
    }

    /// The version, the key's id and the sorted context, each text behind its length, so that no two are the same.
    fn authenticated(&self, context: &Context) -> Result<Aad<Vec<u8>>, Unspecified> {
        let mut bytes = vec![VERSION];
        append(&mut bytes, &self.id)?;
        for (name, value) in context {
            append(&mut bytes, name)?;
            append(&mut bytes, value)?;
        }
        Ok(Aad::from(bytes))
    }
}

/// The id of the key that a blob names.
pub(super) fn key_id(blob: &[u8]) -> Option<&str> {
    std::str::from_utf8(split(blob)?.0).ok()
}

/// The key's id, and what comes after it.
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

    fn context(pairs: &[(&str, &str)]) -> Context {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_blob_is_opened_by_its_key_and_context_alone() {
        let master = Master::new("one", &[7; KEY_LENGTH]).expect("a key");
        let context_of = context(&[("org", "a"), ("member", "b")]);
        let blob = master.seal(&context_of, b"DE89").expect("a blob");
        assert_eq!(key_id(&blob), Some("one"));
        assert_eq!(master.open(&context_of, &blob).as_deref(), Ok(b"DE89".as_slice()));
        assert_ne!(master.seal(&context_of, b"DE89").expect("a blob"), blob);
        // The last two would be the same texts without their lengths.
        for other in [
            context(&[]),
            context(&[("org", "a")]),
            context(&[("org", "a"), ("member", "c")]),
            context(&[("org", "am"), ("ember", "b")]),
            context(&[("orga", ""), ("member", "b")]),
        ] {
            assert_eq!(master.open(&other, &blob), Err(Unspecified), "{other:?}");
        }
        for other in [("one", [8; KEY_LENGTH]), ("two", [7; KEY_LENGTH])] {
            let other = Master::new(other.0, &other.1).expect("a key");
            assert_eq!(other.open(&context_of, &blob), Err(Unspecified));
        }
    }

    #[test]
    fn no_bit_can_change_and_nothing_can_be_missing() {
        let master = Master::new("one", &[7; KEY_LENGTH]).expect("a key");
        let blob = master.seal(&Context::new(), b"DE89").expect("a blob");
        for position in 0..blob.len() {
            for bit in 0..8 {
                let mut changed = blob.clone();
                changed[position] ^= 1 << bit;
                assert_eq!(master.open(&Context::new(), &changed), Err(Unspecified), "{position} {bit}");
            }
            assert_eq!(master.open(&Context::new(), &blob[..position]), Err(Unspecified), "{position}");
        }
    }
}
