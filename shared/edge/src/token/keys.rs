//! The issuer's key set: which keys count, with which one algorithm each, and whether a compact JWS carries a signature of one of
//! them. Nothing in a token chooses more than which key is tried; `alg` has to be the one its key is for.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, crypto};
use serde_json::{Map, Value};

use crate::decode;

/// The longest token, in bytes; API Gateway takes 10,240 bytes of headers altogether.
pub const MAX_TOKEN: usize = 8 * 1024;
/// The longest key identifier, in bytes.
const MAX_KEY_ID: usize = 256;
/// The most keys of one set.
const MAX_KEYS: usize = 32;
/// The lengths of an RSA modulus, in bytes: 2048 to 8192 bits (RFC 7518, section 3.3, asks for 2048 at least).
const RSA_BYTES: std::ops::RangeInclusive<usize> = 256..=1024;

/// Why a token is refused. For the log only: a caller hears the same whatever it was.
pub type Why = &'static str;

/// The keys of an issuer, by identifier.
#[derive(Clone, Debug)]
pub struct Keys {
    by_id: BTreeMap<String, Key>,
}

#[derive(Clone, Debug)]
struct Key {
    algorithm: Algorithm,
    key: DecodingKey,
}

/// What a token says, its signature verified and nothing else.
#[derive(Debug)]
pub struct Signed {
    /// The members of the header.
    pub header: Map<String, Value>,
    /// The payload, as bytes.
    pub payload: Vec<u8>,
}

impl Keys {
    /// Reads a JSON Web Key Set (RFC 7517). Keys for other purposes or algorithms are left out.
    ///
    /// # Errors
    /// When it is not a key set, or two of its keys have the same identifier: which one is meant must not be a matter of luck.
    pub fn read(set: &[u8]) -> Result<Self, Why> {
        let set = decode::object(set).map_err(|_| "the key set is not one JSON object")?;
        let keys = set.get("keys").and_then(Value::as_array).ok_or("the key set has no list of keys")?;
        if keys.len() > MAX_KEYS {
            return Err("the key set has too many keys");
        }
        let mut by_id = BTreeMap::new();
        let mut ids = std::collections::BTreeSet::new();
        for key in keys {
            let Some(id) = key.get("kid").and_then(Value::as_str).filter(|id| is_key_id(id)) else { continue };
            if !ids.insert(id) {
                return Err("two keys of the set have the same identifier");
            }
            if let Some(key) = Key::read(key) {
                by_id.insert(id.to_owned(), key);
            }
        }
        if by_id.is_empty() {
            return Err("the key set has no key for RS256 or ES256");
        }
        Ok(Self { by_id })
    }

    /// Verifies a compact JWS (RFC 7515, section 7.1) with the key it names.
    ///
    /// # Errors
    /// Why it is refused.
    pub fn verify(&self, token: &Token<'_>) -> Result<Signed, Why> {
        let key = self.by_id.get(&token.key_id).ok_or(UNKNOWN_KEY)?;
        if token.header.get("alg").and_then(Value::as_str) != Some(name(key.algorithm)) {
            return Err("its algorithm is not that of its key");
        }
        let valid = crypto::verify(token.signature, token.signed.as_bytes(), &key.key, key.algorithm);
        if !valid.unwrap_or(false) {
            return Err("its signature is wrong");
        }
        let payload = URL_SAFE_NO_PAD.decode(token.payload).map_err(|_| "its payload is not base64url")?;
        Ok(Signed { header: token.header.clone(), payload })
    }

    /// Whether there is a key of this name.
    #[must_use]
    pub fn has(&self, key_id: &str) -> bool {
        self.by_id.contains_key(key_id)
    }
}

/// What is said of a token whose key is not in the set.
pub(super) const UNKNOWN_KEY: Why = "its key is not one of the issuer's";

const fn name(algorithm: Algorithm) -> &'static str {
    if matches!(algorithm, Algorithm::ES256) { "ES256" } else { "RS256" }
}

impl Key {
    /// The key, if it is a public one to verify RS256 or ES256 with.
    fn read(jwk: &Value) -> Option<Self> {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        let bytes = |name: &str| URL_SAFE_NO_PAD.decode(text(name)?).ok();
        let verifies = |uses: &Value| uses.as_array().is_some_and(|uses| uses.iter().any(|one| one == "verify"));
        if jwk.get("use").is_some_and(|purpose| purpose != "sig") || jwk.get("key_ops").is_some_and(|it| !verifies(it))
        {
            return None;
        }
        let (algorithm, key) = match (text("kty")?, text("crv")) {
            ("RSA", _) => {
                let (modulus, exponent) = (bytes("n")?, bytes("e")?);
                let strong = RSA_BYTES.contains(&modulus.len()) && modulus.first().is_some_and(|high| *high >= 0x80);
                // 65537 is what issuers use; smaller exponents have a history of forged signatures.
                let usual = exponent == [1, 0, 1];
                (
                    Algorithm::RS256,
                    (strong && usual).then(|| DecodingKey::from_rsa_raw_components(&modulus, &exponent))?,
                )
            }
            ("EC", Some("P-256")) => {
                let sized = bytes("x")?.len() == 32 && bytes("y")?.len() == 32;
                (Algorithm::ES256, sized.then(|| DecodingKey::from_ec_components(text("x")?, text("y")?).ok())??)
            }
            _ => return None,
        };
        let named = jwk.get("alg").is_none_or(|given| given == name(algorithm));
        named.then_some(Self { algorithm, key })
    }
}

/// A compact JWS, taken apart but not verified.
#[derive(Debug)]
pub struct Token<'a> {
    header: Map<String, Value>,
    key_id: String,
    signed: &'a str,
    payload: &'a str,
    signature: &'a str,
}

impl<'a> Token<'a> {
    /// Takes a token apart.
    ///
    /// # Errors
    /// When it is too long, not three parts of base64url, or its header asks for what is not understood here.
    pub fn read(token: &'a str) -> Result<Self, Why> {
        if token.len() > MAX_TOKEN {
            return Err("it is too long");
        }
        let (signed, signature) = token.rsplit_once('.').ok_or("it has not three parts")?;
        let (header, payload) = signed.split_once('.').ok_or("it has not three parts")?;
        if signature.is_empty() || payload.contains('.') {
            return Err("it has not three parts");
        }
        let header = URL_SAFE_NO_PAD.decode(header).map_err(|_| "its header is not base64url")?;
        let header = decode::object(&header).map_err(|_| "its header is not one JSON object")?;
        // `crit` names extensions that must be understood, and none is; `b64` and `zip` change what is signed.
        if ["crit", "b64", "zip", "enc"].iter().any(|name| header.contains_key(*name)) {
            return Err("its header asks for an extension");
        }
        let key_id = header.get("kid").and_then(Value::as_str).filter(|id| is_key_id(id));
        let key_id = key_id.ok_or("it names no key")?.to_owned();
        Ok(Self { header, key_id, signed, payload, signature })
    }

    /// The key it names.
    #[must_use]
    pub fn key_id(&self) -> &str {
        &self.key_id
    }
}

fn is_key_id(id: &str) -> bool {
    (1..=MAX_KEY_ID).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic())
}
