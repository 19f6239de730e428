//! Signing keys of the identity provider: the newest signs, all that are not withdrawn are published. The data folder
//! keeps one file for each. Knows nothing of the content of tokens.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::{Engine as _, engine::general_purpose::STANDARD, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use serde_json::{Map, Value, json};
use tokio::sync::Mutex;

use crate::StackError;
use crate::files::{self, FileAccess};

/// File name of the first key, without extension; the others add a number.
const FILE_STEM: &str = "identity";

/// A signing key.
pub(crate) struct SigningKey {
    pub(crate) id: String,
    pub(crate) algorithm: Algorithm,
    pub(crate) verifying: DecodingKey,
    signing: EncodingKey,
    jwk: Jwk,
    /// Number of the file, from 1.
    number: u32,
}

impl SigningKey {
    fn read(pem: &[u8], number: u32) -> Result<Self, StackError> {
        let (signing, algorithm) = match EncodingKey::from_rsa_pem(pem) {
            Ok(key) => (key, Algorithm::RS256),
            Err(_) => (EncodingKey::from_ec_pem(pem).map_err(key_error)?, Algorithm::ES256),
        };
        let jwk = Jwk::from_encoding_key(&signing, algorithm).map_err(key_error)?;
        let id = jwk.thumbprint(ThumbprintHash::SHA256).map_err(key_error)?;
        let verifying = DecodingKey::from_jwk(&jwk).map_err(key_error)?;
        Ok(Self { id, algorithm, verifying, signing, jwk, number })
    }

    /// Returns the entry of the published key set.
    pub(super) fn public_jwk(&self) -> Value {
        let mut key = serde_json::to_value(&self.jwk).unwrap_or_default();
        if let Some(members) = key.as_object_mut() {
            members.insert("kid".to_owned(), self.id.clone().into());
            members.insert("use".to_owned(), "sig".into());
            members.insert("alg".to_owned(), json!(self.algorithm));
        }
        key
    }

    /// Signs a token. The given members replace those of the header; null removes one.
    pub(super) fn sign(&self, header: Map<String, Value>, claims: &Map<String, Value>) -> Result<String, String> {
        let own = json!({ "typ": "JWT", "alg": self.algorithm, "kid": self.id });
        let mut members = own.as_object().cloned().unwrap_or_default();
        members.extend(header);
        members.retain(|_, value| !value.is_null());
        let encode = |members: &Map<String, Value>| {
            serde_json::to_vec(members).map(|it| URL_SAFE_NO_PAD.encode(it)).map_err(|error| error.to_string())
        };
        let message = format!("{}.{}", encode(&members)?, encode(claims)?);
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &self.signing, self.algorithm);
        Ok(format!("{message}.{}", signature.map_err(|error| error.to_string())?))
    }
}

/// All keys, the oldest first.
pub(crate) struct KeySet {
    folder: Option<PathBuf>,
    keys: RwLock<Vec<Arc<SigningKey>>>,
    /// Held during a rotation.
    rotation: Mutex<()>,
}

impl KeySet {
    /// Reads the keys from the data folder; makes one if there is none.
    pub(super) async fn open(folder: Option<&Path>) -> Result<Self, StackError> {
        let mut keys = Vec::new();
        for path in
            folder.map(|folder| files::list(folder, "pem")).transpose().map_err(key_error)?.into_iter().flatten()
        {
            if let Some(number) = path.file_stem().and_then(|it| number(&it.to_string_lossy())) {
                keys.push(Arc::new(SigningKey::read(&std::fs::read(&path).map_err(key_error)?, number)?));
            }
        }
        keys.sort_by_key(|key| key.number);
        let is_empty = keys.is_empty();
        let key_set = Self { folder: folder.map(Path::to_owned), keys: RwLock::new(keys), rotation: Mutex::default() };
        if is_empty {
            key_set.rotate(Algorithm::RS256, true).await?;
        }
        Ok(key_set)
    }

    pub(super) fn all(&self) -> Vec<Arc<SigningKey>> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Finds the key with this id.
    pub(crate) fn find(&self, id: &str) -> Option<Arc<SigningKey>> {
        self.all().into_iter().find(|key| key.id == id)
    }

    /// Returns the key that signs.
    pub(super) fn newest(&self) -> Option<Arc<SigningKey>> {
        self.all().pop()
    }

    /// Makes the next signing key, withdraws the others unless `keep_old`, and returns the id of the new key.
    pub(super) async fn rotate(&self, algorithm: Algorithm, keep_old: bool) -> Result<String, StackError> {
        let _rotation = self.rotation.lock().await;
        let old = self.all();
        let number = old.last().map_or(1, |key| key.number.saturating_add(1));
        let pem = tokio::task::spawn_blocking(move || new_pem(algorithm)).await.map_err(key_error)??;
        let key = SigningKey::read(&pem, number)?;
        let id = key.id.clone();
        if let Some(folder) = &self.folder {
            files::write(path(folder, number), pem, FileAccess::OwnerOnly).await.map_err(key_error)?;
            // After the new key is written: a folder without a key would get another one.
            for key in old.iter().filter(|_| !keep_old) {
                tokio::fs::remove_file(path(folder, key.number)).await.map_err(key_error)?;
            }
        }
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        if !keep_old {
            keys.clear();
        }
        keys.push(Arc::new(key));
        Ok(id)
    }
}

fn path(folder: &Path, number: u32) -> PathBuf {
    let name = if number == 1 { format!("{FILE_STEM}.pem") } else { format!("{FILE_STEM}-{number:04}.pem") };
    folder.join(name)
}

fn number(stem: &str) -> Option<u32> {
    match stem.strip_prefix(FILE_STEM)? {
        "" => Some(1),
        rest => rest.strip_prefix('-')?.parse().ok(),
    }
}

fn key_error(error: impl std::fmt::Display) -> StackError {
    StackError::Key(error.to_string())
}

fn new_pem(algorithm: Algorithm) -> Result<Vec<u8>, StackError> {
    let failed = |_| key_error("it cannot be made");
    let der = if algorithm == Algorithm::ES256 {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(failed)?;
        pair.to_pkcs8v1().map_err(failed)?.as_ref().to_vec()
    } else {
        let pair = KeyPair::generate(KeySize::Rsa2048).map_err(failed)?;
        let der: Pkcs8V1Der<'_> = pair.as_der().map_err(failed)?;
        der.as_ref().to_vec()
    };
    let mut pem = String::from("-----BEGIN PRIVATE KEY-----\n");
    for (position, character) in STANDARD.encode(der).chars().enumerate() {
        if position > 0 && position % 64 == 0 {
            pem.push('\n');
        }
        pem.push(character);
    }
    pem.push_str("\n-----END PRIVATE KEY-----\n");
    Ok(pem.into_bytes())
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{Validation, decode, decode_header};

    use super::*;

    fn claims() -> Map<String, Value> {
        json!({ "sub": "ann", "exp": 4_000_000_000_u32 }).as_object().cloned().expect("an object")
    }

    fn verified(key: &SigningKey, token: &str) -> bool {
        decode::<Value>(token, &key.verifying, &Validation::new(key.algorithm)).is_ok()
    }

    #[tokio::test]
    async fn keys_of_both_algorithms_survive_a_restart() {
        let data = tempfile::tempdir().expect("a folder");
        let key_set = KeySet::open(Some(data.path())).await.expect("a key set");
        let first = key_set.newest().expect("a key").id.clone();
        let second = key_set.rotate(Algorithm::ES256, true).await.expect("a key");
        let third = key_set.rotate(Algorithm::RS256, true).await.expect("a key");
        let again = KeySet::open(Some(data.path())).await.expect("a key set");
        let ids: Vec<String> = again.all().iter().map(|key| key.id.clone()).collect();
        assert_eq!(ids, [first, second.clone(), third.clone()]);
        assert_eq!(again.newest().map(|key| key.id.clone()), Some(third));
        for key in again.all() {
            let token = key.sign(Map::new(), &claims()).expect("a token");
            assert!(verified(&key, &token), "{:?}", key.algorithm);
            assert_eq!(decode_header(&token).expect("a header").kid.as_ref(), Some(&key.id));
        }
        let public = again.find(&second).expect("a key").public_jwk();
        let members = ["kty", "crv", "alg", "use", "kid"].map(|name| public[name].as_str().unwrap_or_default());
        assert_eq!(members, ["EC", "P-256", "ES256", "sig", &second]);
        assert!(public.get("d").is_none());
    }

    #[tokio::test]
    async fn withdrawn_keys_stay_withdrawn() {
        let data = tempfile::tempdir().expect("a folder");
        let key_set = KeySet::open(Some(data.path())).await.expect("a key set");
        let old = key_set.newest().expect("a key").id.clone();
        let new = key_set.rotate(Algorithm::RS256, false).await.expect("a key");
        for key_set in [&key_set, &KeySet::open(Some(data.path())).await.expect("a key set")] {
            assert!(key_set.find(&old).is_none());
            assert_eq!(key_set.all().len(), 1);
            assert_eq!(key_set.newest().map(|key| key.id.clone()).as_ref(), Some(&new));
        }
    }

    #[tokio::test]
    async fn header_members_can_be_replaced() {
        let key_set = KeySet::open(None).await.expect("a key set");
        let key = key_set.newest().expect("a key");
        let given = json!({ "typ": null, "kid": "other", "crit": ["b64"] }).as_object().cloned().expect("an object");
        let token = key.sign(given, &claims()).expect("a token");
        let header = token.split('.').next().and_then(|it| URL_SAFE_NO_PAD.decode(it).ok()).expect("a header");
        let header: Value = serde_json::from_slice(&header).expect("JSON");
        assert_eq!(header, json!({ "alg": "RS256", "kid": "other", "crit": ["b64"] }));
    }
}
