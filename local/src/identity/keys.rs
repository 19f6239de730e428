//! The issuer's keys: the newest signs, and all that have not been withdrawn are published. They survive in the data
//! folder, one file each; which tokens they are for is not known here.

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

use crate::Error;
use crate::files::{self, Readers};

/// The name of the first key's file, without its extension; the others have a number too.
const NAME: &str = "identity";

/// One key.
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) algorithm: Algorithm,
    pub(crate) verifying: DecodingKey,
    signing: EncodingKey,
    jwk: Jwk,
    /// The file's number; the first is 1.
    number: u32,
}

impl Key {
    fn read(pem: &[u8], number: u32) -> Result<Self, Error> {
        let (signing, algorithm) = match EncodingKey::from_rsa_pem(pem) {
            Ok(key) => (key, Algorithm::RS256),
            Err(_) => (EncodingKey::from_ec_pem(pem).map_err(fault)?, Algorithm::ES256),
        };
        let jwk = Jwk::from_encoding_key(&signing, algorithm).map_err(fault)?;
        let id = jwk.thumbprint(ThumbprintHash::SHA256).map_err(fault)?;
        let verifying = DecodingKey::from_jwk(&jwk).map_err(fault)?;
        Ok(Self { id, algorithm, verifying, signing, jwk, number })
    }

    /// The entry in the key set.
    pub(super) fn public(&self) -> Value {
        let mut key = serde_json::to_value(&self.jwk).unwrap_or_default();
        if let Some(members) = key.as_object_mut() {
            members.insert("kid".to_owned(), self.id.clone().into());
            members.insert("use".to_owned(), "sig".into());
            members.insert("alg".to_owned(), json!(self.algorithm));
        }
        key
    }

    /// A signed token. The given members come in place of the header's own; null takes one out.
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
pub(crate) struct Ring {
    folder: Option<PathBuf>,
    keys: RwLock<Vec<Arc<Key>>>,
    /// Held while keys change.
    changing: Mutex<()>,
}

impl Ring {
    /// Takes the keys from the data folder; makes one if there is none.
    pub(super) async fn open(folder: Option<&Path>) -> Result<Self, Error> {
        let mut keys = Vec::new();
        for path in folder.map(|folder| files::list(folder, "pem")).transpose().map_err(fault)?.into_iter().flatten() {
            if let Some(number) = path.file_stem().and_then(|it| number(&it.to_string_lossy())) {
                keys.push(Arc::new(Key::read(&std::fs::read(&path).map_err(fault)?, number)?));
            }
        }
        keys.sort_by_key(|key| key.number);
        let is_empty = keys.is_empty();
        let ring = Self { folder: folder.map(Path::to_owned), keys: RwLock::new(keys), changing: Mutex::default() };
        if is_empty {
            ring.rotate(Algorithm::RS256, true).await?;
        }
        Ok(ring)
    }

    pub(super) fn all(&self) -> Vec<Arc<Key>> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The key with this id.
    pub(crate) fn find(&self, id: &str) -> Option<Arc<Key>> {
        self.all().into_iter().find(|key| key.id == id)
    }

    /// The key that signs now.
    pub(super) fn newest(&self) -> Option<Arc<Key>> {
        self.all().pop()
    }

    /// Makes a key that signs from now on, withdraws the others unless they are kept, and returns the new one's id.
    pub(super) async fn rotate(&self, algorithm: Algorithm, keep_old: bool) -> Result<String, Error> {
        let _changing = self.changing.lock().await;
        let old = self.all();
        let number = old.last().map_or(1, |key| key.number.saturating_add(1));
        let pem = tokio::task::spawn_blocking(move || new_pem(algorithm)).await.map_err(fault)??;
        let key = Key::read(&pem, number)?;
        let id = key.id.clone();
        if let Some(folder) = &self.folder {
            files::write(path(folder, number), pem, Readers::Owner).await.map_err(fault)?;
            // After the new one is there: a folder without a key would be given another.
            for key in old.iter().filter(|_| !keep_old) {
                tokio::fs::remove_file(path(folder, key.number)).await.map_err(fault)?;
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
    let name = if number == 1 { format!("{NAME}.pem") } else { format!("{NAME}-{number:04}.pem") };
    folder.join(name)
}

fn number(stem: &str) -> Option<u32> {
    match stem.strip_prefix(NAME)? {
        "" => Some(1),
        rest => rest.strip_prefix('-')?.parse().ok(),
    }
}

fn fault(error: impl std::fmt::Display) -> Error {
    Error::Key(error.to_string())
}

fn new_pem(algorithm: Algorithm) -> Result<Vec<u8>, Error> {
    let failed = |_| fault("it cannot be made");
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

    fn verified(key: &Key, token: &str) -> bool {
        decode::<Value>(token, &key.verifying, &Validation::new(key.algorithm)).is_ok()
    }

    #[tokio::test]
    async fn keys_of_both_kinds_sign_and_survive() {
        let data = tempfile::tempdir().expect("a folder");
        let ring = Ring::open(Some(data.path())).await.expect("a ring");
        let first = ring.newest().expect("a key").id.clone();
        let second = ring.rotate(Algorithm::ES256, true).await.expect("a key");
        let third = ring.rotate(Algorithm::RS256, true).await.expect("a key");
        let again = Ring::open(Some(data.path())).await.expect("a ring");
        let ids: Vec<String> = again.all().iter().map(|key| key.id.clone()).collect();
        assert_eq!(ids, [first, second.clone(), third.clone()]);
        assert_eq!(again.newest().map(|key| key.id.clone()), Some(third));
        for key in again.all() {
            let token = key.sign(Map::new(), &claims()).expect("a token");
            assert!(verified(&key, &token), "{:?}", key.algorithm);
            assert_eq!(decode_header(&token).expect("a header").kid.as_ref(), Some(&key.id));
        }
        let public = again.find(&second).expect("a key").public();
        let members = ["kty", "crv", "alg", "use", "kid"].map(|name| public[name].as_str().unwrap_or_default());
        assert_eq!(members, ["EC", "P-256", "ES256", "sig", &second]);
        assert!(public.get("d").is_none());
    }

    #[tokio::test]
    async fn withdrawn_keys_are_gone_for_good() {
        let data = tempfile::tempdir().expect("a folder");
        let ring = Ring::open(Some(data.path())).await.expect("a ring");
        let old = ring.newest().expect("a key").id.clone();
        let new = ring.rotate(Algorithm::RS256, false).await.expect("a key");
        for ring in [&ring, &Ring::open(Some(data.path())).await.expect("a ring")] {
            assert!(ring.find(&old).is_none());
            assert_eq!(ring.all().len(), 1);
            assert_eq!(ring.newest().map(|key| key.id.clone()).as_ref(), Some(&new));
        }
    }

    #[tokio::test]
    async fn the_header_is_as_asked_for() {
        let ring = Ring::open(None).await.expect("a ring");
        let key = ring.newest().expect("a key");
        let given = json!({ "typ": null, "kid": "other", "crit": ["b64"] }).as_object().cloned().expect("an object");
        let token = key.sign(given, &claims()).expect("a token");
        let header = token.split('.').next().and_then(|it| URL_SAFE_NO_PAD.decode(it).ok()).expect("a header");
        let header: Value = serde_json::from_slice(&header).expect("JSON");
        assert_eq!(header, json!({ "alg": "RS256", "kid": "other", "crit": ["b64"] }));
    }
}
