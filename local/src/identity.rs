//! An OpenID Connect issuer for this machine: discovery, keys, and tokens for whoever asks. It stands for the identity
//! provider of a real deployment and must never be reachable from elsewhere, for it believes everything it is told.

use std::path::Path;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, encode};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::Error;
use crate::authorizer::Authorizer;
use crate::files::{self, Readers};
use crate::local::Local;
use crate::system;

/// The audience and the client id of every token.
const AUDIENCE: &str = "outlay-local";
/// How long a token is valid: a working day and a bit.
const LIFETIME_SECONDS: i64 = 12 * 60 * 60;

/// The issuer and its key.
pub(crate) struct Identity {
    issuer: String,
    key: EncodingKey,
    key_id: String,
    jwk: Jwk,
}

impl Identity {
    /// Takes the key from the data folder; makes it if there is none.
    pub(crate) async fn start(folder: Option<&Path>, url: &str) -> Result<Self, Error> {
        let fault = |error: &dyn std::fmt::Display| Error::Key(error.to_string());
        let path = folder.map(|folder| folder.join("identity.pem"));
        let pem = match &path {
            Some(path) if path.exists() => std::fs::read(path).map_err(|error| fault(&error))?,
            _ => {
                let pem = tokio::task::spawn_blocking(new_key).await.map_err(|error| fault(&error))??;
                if let Some(path) = path {
                    files::write(path, pem.clone(), Readers::Owner).await.map_err(|error| fault(&error))?;
                }
                pem
            }
        };
        let key = EncodingKey::from_rsa_pem(&pem).map_err(|error| fault(&error))?;
        let jwk = Jwk::from_encoding_key(&key, Algorithm::RS256).map_err(|error| fault(&error))?;
        let key_id = jwk.thumbprint(ThumbprintHash::SHA256).map_err(|error| fault(&error))?;
        Ok(Self { issuer: format!("{url}/_local/oidc"), key, key_id, jwk })
    }

    /// What the gateway checks tokens with.
    pub(crate) fn authorizer(&self) -> Result<Authorizer, Error> {
        let key = DecodingKey::from_jwk(&self.jwk).map_err(|error| Error::Key(error.to_string()))?;
        Ok(Authorizer { key, key_id: self.key_id.clone(), issuer: self.issuer.clone(), audience: AUDIENCE.to_owned() })
    }

    fn sign(&self, person: Person) -> Result<String, String> {
        let now = system::now().as_second();
        let claims = json!({
            "iss": self.issuer,
            "aud": AUDIENCE,
            "client_id": AUDIENCE,
            "sub": person.sub,
            "email": person.email,
            "email_verified": true,
            "name": person.name,
            "iat": now,
            "nbf": now,
            "exp": now.saturating_add(LIFETIME_SECONDS),
            "token_use": "access",
            "scope": "openid email profile",
        });
        let mut claims = claims.as_object().cloned().unwrap_or_default();
        claims.extend(person.claims);
        claims.retain(|_, value| !value.is_null());
        let header = Header { kid: Some(self.key_id.clone()), ..Header::new(Algorithm::RS256) };
        encode(&header, &claims, &self.key).map_err(|error| error.to_string())
    }
}

fn new_key() -> Result<Vec<u8>, Error> {
    let fault = |_| Error::Key("it cannot be made".to_owned());
    let pair = KeyPair::generate(KeySize::Rsa2048).map_err(fault)?;
    let der: Pkcs8V1Der<'_> = pair.as_der().map_err(fault)?;
    let encoded = STANDARD.encode(der.as_ref());
    let mut pem = String::from("-----BEGIN PRIVATE KEY-----\n");
    for (position, character) in encoded.chars().enumerate() {
        if position > 0 && position % 64 == 0 {
            pem.push('\n');
        }
        pem.push(character);
    }
    pem.push_str("\n-----END PRIVATE KEY-----\n");
    Ok(pem.into_bytes())
}

/// Who a token is for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Person {
    sub: String,
    email: String,
    name: String,
    /// Added to the token's claims, or in their place (null takes one out): for tokens that must be refused.
    #[serde(default)]
    claims: Map<String, Value>,
}

impl Person {
    fn read(body: &[u8]) -> Result<Self, String> {
        let person: Self = serde_json::from_slice(body).map_err(|error| {
            format!("send JSON such as {{\"sub\":\"ann\",\"email\":\"ann@example.com\",\"name\":\"Ann\"}}: {error}")
        })?;
        for (name, value) in [("sub", &person.sub), ("name", &person.name)] {
            if value.trim().is_empty() {
                return Err(format!("{name} must not be empty"));
            }
        }
        match person.email.split_once('@') {
            Some((user, host)) if !user.is_empty() && !host.is_empty() => Ok(person),
            _ => Err("email must be an address such as ann@example.com".to_owned()),
        }
    }
}

/// `POST /_local/token`
pub(crate) async fn token(State(local): State<Local>, body: Bytes) -> Response {
    match Person::read(&body).and_then(|person| local.identity.sign(person)) {
        Ok(token) => Json(json!({ "access_token": token, "token_type": "Bearer", "expires_in": LIFETIME_SECONDS }))
            .into_response(),
        Err(message) => (StatusCode::BAD_REQUEST, Json(json!({ "message": message }))).into_response(),
    }
}

/// `GET /_local/oidc/.well-known/openid-configuration`
pub(crate) async fn configuration(State(local): State<Local>) -> Json<Value> {
    let issuer = &local.identity.issuer;
    Json(json!({
        "issuer": issuer,
        "jwks_uri": format!("{issuer}/jwks.json"),
        "token_endpoint": format!("{}/_local/token", local.url),
        "response_types_supported": ["token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }))
}

/// `GET /_local/oidc/jwks.json`
pub(crate) async fn keys(State(local): State<Local>) -> Json<Value> {
    let mut key = serde_json::to_value(&local.identity.jwk).unwrap_or_default();
    if let Some(members) = key.as_object_mut() {
        members.insert("kid".to_owned(), local.identity.key_id.clone().into());
        members.insert("use".to_owned(), "sig".into());
        members.insert("alg".to_owned(), "RS256".into());
    }
    Json(json!({ "keys": [key] }))
}
