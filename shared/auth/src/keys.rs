//! Verification keys and signatures: reads the issuer's JSON Web Key Set and verifies compact JWS. The `kid` of a
//! token selects the key. Its `alg` must be the algorithm of that key.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, crypto};
use outlay_input::decode;
use serde::Deserialize;
use serde_json::{Map, Value};

/// Length limit of a token, in bytes. API Gateway accepts 10,240 bytes of headers in total.
const MAX_TOKEN: usize = 8 * 1024;
/// Length limit of a key identifier, in bytes.
const MAX_KEY_ID: usize = 256;
/// Size limit of a key set.
const MAX_KEYS: usize = 32;
/// Length of an RSA modulus, in bytes: 2048 to 8192 bits (RFC 7518, section 3.3, requires at least 2048).
const RSA_BYTES: std::ops::RangeInclusive<usize> = 256..=1024;

/// Reason why a token is rejected. For the log only: the response is the same for all reasons.
pub type Rejection = &'static str;

/// The token names a key that is not in the set.
pub(crate) const UNKNOWN_KEY: Rejection = "its key is not one of the issuer's";

/// Verification keys of an issuer, by identifier.
#[derive(Clone, Debug)]
pub struct VerificationKeys {
    by_id: BTreeMap<String, Key>,
}

#[derive(Clone, Debug)]
struct Key {
    algorithm: Algorithm,
    key: DecodingKey,
}

/// Content of a token whose signature is valid. Its claims are not checked.
#[derive(Debug)]
pub struct VerifiedJws {
    /// Members of the header.
    pub header: Map<String, Value>,
    /// Payload, decoded from base64url.
    pub payload: Vec<u8>,
}

impl VerificationKeys {
    /// Parses a JSON Web Key Set (RFC 7517). Skips keys for other purposes or algorithms.
    ///
    /// # Errors
    /// Fails when the bytes are not a key set, it has no usable key, or two keys have the same identifier.
    pub fn parse(set: &[u8]) -> Result<Self, Rejection> {
        let set = decode::parse_object(set).map_err(|_| "the key set is not one JSON object")?;
        let keys = set.get("keys").and_then(Value::as_array).ok_or("the key set has no list of keys")?;
        if keys.len() > MAX_KEYS {
            return Err("the key set has too many keys");
        }
        let (mut by_id, mut ids) = (BTreeMap::new(), BTreeSet::new());
        // Key by key: `JwkSet` of the library rejects the whole set for one malformed key.
        for key in keys {
            let Some(id) = key.get("kid").and_then(Value::as_str).filter(|id| is_key_id(id)) else { continue };
            if !ids.insert(id) {
                return Err("two keys of the set have the same identifier");
            }
            if let Some(key) = Jwk::deserialize(key).ok().as_ref().and_then(Key::from_jwk) {
                by_id.insert(id.to_owned(), key);
            }
        }
        if by_id.is_empty() {
            return Err("the key set has no key for RS256 or ES256");
        }
        Ok(Self { by_id })
    }

    /// Verifies the signature of a compact JWS with the key that it names.
    ///
    /// # Errors
    /// [`Rejection`] when the key is unknown, is for another algorithm, or the signature is wrong.
    pub fn verify(&self, token: &UnverifiedJws<'_>) -> Result<VerifiedJws, Rejection> {
        let Key { algorithm, key } = self.by_id.get(&token.key_id).ok_or(UNKNOWN_KEY)?;
        if token.header.get("alg").is_none_or(|alg| *alg != KeyAlgorithm::from(*algorithm).to_string()) {
            return Err("its algorithm is not that of its key");
        }
        if !crypto::verify(token.signature, token.signed.as_bytes(), key, *algorithm).unwrap_or(false) {
            return Err("its signature is wrong");
        }
        let payload = URL_SAFE_NO_PAD.decode(token.payload).map_err(|_| "its payload is not base64url")?;
        Ok(VerifiedJws { header: token.header.clone(), payload })
    }

    /// True when the set has a key with this identifier.
    #[must_use]
    pub fn has(&self, key_id: &str) -> bool {
        self.by_id.contains_key(key_id)
    }
}

impl Key {
    /// Reads a public key for RS256 or ES256. The library checks neither strength nor purpose of a key, so this
    /// function does.
    fn from_jwk(jwk: &Jwk) -> Option<Self> {
        let Jwk { common, algorithm } = jwk;
        let is_for_signatures = matches!(common.public_key_use, None | Some(PublicKeyUse::Signature))
            && common.key_operations.as_ref().is_none_or(|uses| uses.contains(&KeyOperations::Verify));
        let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
        let (algorithm, is_strong) = match algorithm {
            AlgorithmParameters::RSA(key) => {
                let modulus = bytes(&key.n)?;
                let has_length =
                    RSA_BYTES.contains(&modulus.len()) && modulus.first().is_some_and(|high| *high >= 0x80);
                // Issuers use the exponent 65537. Signatures with smaller exponents have been forged.
                (Algorithm::RS256, has_length && bytes(&key.e)? == [1, 0, 1])
            }
            AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
                (Algorithm::ES256, bytes(&key.x)?.len() == 32 && bytes(&key.y)?.len() == 32)
            }
            _ => return None,
        };
        let is_named = common.key_algorithm.is_none_or(|named| named == algorithm.into());
        let key = DecodingKey::from_jwk(jwk).ok().filter(|_| is_for_signatures && is_strong && is_named)?;
        Some(Self { algorithm, key })
    }
}

/// Compact JWS (RFC 7515, section 7.1), split into its parts and not verified.
#[derive(Debug)]
pub struct UnverifiedJws<'a> {
    header: Map<String, Value>,
    key_id: String,
    signed: &'a str,
    payload: &'a str,
    signature: &'a str,
}

impl<'a> UnverifiedJws<'a> {
    /// Splits a token and parses its header. The library's `Header` would accept duplicate members and ignore `crit`
    /// and `b64`.
    ///
    /// # Errors
    /// [`Rejection`] when the token is too long, or its parts or header are malformed or unsupported.
    pub fn parse(token: &'a str) -> Result<Self, Rejection> {
        if token.len() > MAX_TOKEN {
            return Err("it is too long");
        }
        let (signed, signature) = token.rsplit_once('.').ok_or("it does not have three parts")?;
        let (header, payload) = signed.split_once('.').ok_or("it does not have three parts")?;
        if signature.is_empty() || payload.contains('.') {
            return Err("it does not have three parts");
        }
        let header = URL_SAFE_NO_PAD.decode(header).map_err(|_| "its header is not base64url")?;
        let header = decode::parse_object(&header).map_err(|_| "its header is not one JSON object")?;
        // `crit` lists extensions that a verifier must support; this one supports none. `b64` and `zip` change the
        // signed bytes. `enc` marks an encrypted token.
        if ["crit", "b64", "zip", "enc"].iter().any(|name| header.contains_key(*name)) {
            return Err("unsupported `crit`/`b64`/`zip`/`enc` header");
        }
        let key_id = header.get("kid").and_then(Value::as_str).filter(|id| is_key_id(id));
        let key_id = key_id.ok_or("it names no key")?.to_owned();
        Ok(Self { header, key_id, signed, payload, signature })
    }

    /// Identifier of the key, as the token states it. Not verified.
    #[must_use]
    pub fn key_id(&self) -> &str {
        &self.key_id
    }
}

fn is_key_id(id: &str) -> bool {
    (1..=MAX_KEY_ID).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic())
}
