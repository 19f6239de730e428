//! An OpenID Connect issuer for this machine: discovery, keys, and tokens for whoever asks. It stands for the identity
//! provider of a real deployment and must never be reachable from elsewhere, for it believes everything it is told.

mod keys;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use jsonwebtoken::Algorithm;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::Error;
use crate::authorizer::Authorizer;
use crate::local::Local;
use crate::system;
pub(crate) use keys::Ring;

/// The audience and the client id of every token.
pub(crate) const AUDIENCE: &str = "outlay-local";
/// How long a token is valid: a working day and a bit.
const LIFETIME_SECONDS: i64 = 12 * 60 * 60;

/// The name of the issuer of a stack at that address.
pub(crate) fn issuer(url: &str) -> String {
    format!("{url}/_local/oidc")
}

/// The issuer and its keys.
pub(crate) struct Identity {
    issuer: String,
    keys: Arc<Ring>,
    down: AtomicBool,
    asked_for_configuration: AtomicU64,
    asked_for_keys: AtomicU64,
}

impl Identity {
    /// Takes the keys from the data folder; makes one if there is none.
    pub(crate) async fn start(folder: Option<&Path>, url: &str) -> Result<Self, Error> {
        Ok(Self {
            issuer: issuer(url),
            keys: Arc::new(Ring::open(folder).await?),
            down: AtomicBool::new(false),
            asked_for_configuration: AtomicU64::new(0),
            asked_for_keys: AtomicU64::new(0),
        })
    }

    /// What the gateway checks tokens with; it sees every change of the keys.
    pub(crate) fn authorizer(&self) -> Authorizer {
        Authorizer { keys: Arc::clone(&self.keys), issuer: self.issuer.clone(), audience: AUDIENCE.to_owned() }
    }

    fn sign(&self, person: Person) -> Result<String, String> {
        let key = match &person.kid {
            None => self.keys.newest(),
            Some(id) => self.keys.find(id),
        };
        let key = key.ok_or("there is no key with this kid")?;
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
        key.sign(person.header, &claims)
    }

    /// Counts a request for a document, and gives it unless the issuer is down.
    fn publish(&self, counter: &AtomicU64, document: impl FnOnce() -> Value) -> Response {
        counter.fetch_add(1, Ordering::Relaxed);
        if self.down.load(Ordering::Relaxed) {
            return message(StatusCode::SERVICE_UNAVAILABLE, "the issuer was made unavailable");
        }
        Json(document()).into_response()
    }
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
    /// The same for the token's header.
    #[serde(default)]
    header: Map<String, Value>,
    /// The key to sign with; without it, the newest.
    kid: Option<String>,
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

fn message(status: StatusCode, text: &str) -> Response {
    (status, Json(json!({ "message": text }))).into_response()
}

/// A body of JSON of which every member may be left out, and so may the body.
fn members<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| error.to_string())
}

/// `POST /_local/token`
pub(crate) async fn token(State(local): State<Local>, body: Bytes) -> Response {
    match Person::read(&body).and_then(|person| local.identity.sign(person)) {
        Ok(token) => Json(json!({ "access_token": token, "token_type": "Bearer", "expires_in": LIFETIME_SECONDS }))
            .into_response(),
        Err(why) => message(StatusCode::BAD_REQUEST, &why),
    }
}

/// `GET /_local/oidc/.well-known/openid-configuration`
pub(crate) async fn configuration(State(local): State<Local>) -> Response {
    let identity = &local.identity;
    identity.publish(&identity.asked_for_configuration, || {
        json!({
            "issuer": identity.issuer,
            "jwks_uri": format!("{}/jwks.json", identity.issuer),
            "token_endpoint": format!("{}/_local/token", local.url),
            "response_types_supported": ["token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "ES256"],
        })
    })
}

/// `GET /_local/oidc/jwks.json`
pub(crate) async fn keys(State(local): State<Local>) -> Response {
    let identity = &local.identity;
    identity.publish(&identity.asked_for_keys, || {
        let keys: Vec<Value> = identity.keys.all().iter().map(|key| key.public()).collect();
        json!({ "keys": keys })
    })
}

/// How the keys change.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rotation {
    alg: Option<Algorithm>,
    keep_old: Option<bool>,
}

/// `POST /_local/oidc/rotate`
pub(crate) async fn rotate(State(local): State<Local>, body: Bytes) -> Response {
    let rotation: Rotation = match members(&body) {
        Ok(rotation) => rotation,
        Err(why) => return message(StatusCode::BAD_REQUEST, &why),
    };
    let algorithm = rotation.alg.unwrap_or(Algorithm::RS256);
    if !matches!(algorithm, Algorithm::RS256 | Algorithm::ES256) {
        return message(StatusCode::BAD_REQUEST, "alg is RS256 or ES256");
    }
    match local.identity.keys.rotate(algorithm, rotation.keep_old.unwrap_or(true)).await {
        Ok(id) => Json(json!({ "kid": id })).into_response(),
        Err(error) => message(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

/// Whether the issuer can be asked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Availability {
    up: bool,
}

/// `PUT /_local/oidc/availability`
pub(crate) async fn availability(State(local): State<Local>, body: Bytes) -> Response {
    match members::<Availability>(&body) {
        Ok(Availability { up }) => {
            local.identity.down.store(!up, Ordering::Relaxed);
            Json(json!({ "up": up })).into_response()
        }
        Err(why) => message(StatusCode::BAD_REQUEST, &why),
    }
}

/// `GET /_local/oidc/requests`: how often the issuer was asked, whether or not it answered.
pub(crate) async fn requests(State(local): State<Local>) -> Json<Value> {
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let identity = &local.identity;
    Json(json!({ "configuration": count(&identity.asked_for_configuration), "keys": count(&identity.asked_for_keys) }))
}
