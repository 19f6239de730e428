//! An OpenID Connect identity provider for this machine: discovery, keys, and tokens for everyone who asks. It must
//! never be reachable from other machines, because it issues any token without a check.

mod key_set;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post, put};
use jsonwebtoken::Algorithm;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::StackError;
use crate::system;
use crate::template::Parameters;
pub(crate) use key_set::KeySet;

/// Audience and client id of every token.
pub(crate) const AUDIENCE: &str = "outlay-local";
/// Lifetime of a token, seconds.
const TOKEN_LIFETIME_SECONDS: i64 = 12 * 60 * 60;

/// Returns the issuer identifier of a stack at the URL.
fn issuer(url: &str) -> String {
    format!("{url}/_local/oidc")
}

/// Returns the template's parameters for a stack at the URL.
pub(crate) fn template_parameters(url: &str) -> Parameters {
    let parameters = [("JwtIssuer", issuer(url)), ("JwtAudience", AUDIENCE.to_owned())];
    parameters.map(|(name, value)| (name.to_owned(), value)).into()
}

/// The identity provider.
pub(crate) struct IdentityProvider {
    issuer: String,
    token_endpoint: String,
    keys: Arc<KeySet>,
    is_down: AtomicBool,
    configuration_requests: AtomicU64,
    key_requests: AtomicU64,
}

/// Makes the routes of the identity provider.
pub(crate) fn routes(provider: Arc<IdentityProvider>) -> Router {
    Router::new()
        .route("/_local/token", post(issue_token))
        .route("/_local/oidc/.well-known/openid-configuration", get(get_configuration))
        .route("/_local/oidc/jwks.json", get(get_keys))
        .route("/_local/oidc/rotate", post(rotate_keys))
        .route("/_local/oidc/availability", put(set_availability))
        .route("/_local/oidc/requests", get(count_requests))
        .with_state(provider)
}

impl IdentityProvider {
    /// Reads the keys from the data folder; makes one if there is none.
    pub(crate) async fn start(folder: Option<&Path>, url: &str) -> Result<Self, StackError> {
        Ok(Self {
            issuer: issuer(url),
            token_endpoint: format!("{url}/_local/token"),
            keys: Arc::new(KeySet::open(folder).await?),
            is_down: AtomicBool::new(false),
            configuration_requests: AtomicU64::new(0),
            key_requests: AtomicU64::new(0),
        })
    }

    /// Issuer identifier.
    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Keys; rotations are visible through the returned handle.
    pub(crate) fn keys(&self) -> Arc<KeySet> {
        Arc::clone(&self.keys)
    }

    fn issue(&self, request: TokenRequest) -> Result<String, String> {
        let key = match &request.kid {
            None => self.keys.newest(),
            Some(id) => self.keys.find(id),
        };
        let key = key.ok_or("there is no key with this kid")?;
        let now = system::now().as_second();
        let claims = json!({
            "iss": self.issuer,
            "aud": AUDIENCE,
            "client_id": AUDIENCE,
            "sub": request.sub,
            "email": request.email,
            "email_verified": true,
            "name": request.name,
            "iat": now,
            "nbf": now,
            "exp": now.saturating_add(TOKEN_LIFETIME_SECONDS),
            "token_use": "access",
            "scope": "openid email profile",
        });
        let mut claims = claims.as_object().cloned().unwrap_or_default();
        claims.extend(request.claims);
        claims.retain(|_, value| !value.is_null());
        key.sign(request.header, &claims)
    }

    /// Counts a request for a document, and answers it unless the provider is down.
    fn publish(&self, counter: &AtomicU64, document: impl FnOnce() -> Value) -> Response {
        counter.fetch_add(1, Ordering::Relaxed);
        if self.is_down.load(Ordering::Relaxed) {
            return message_response(StatusCode::SERVICE_UNAVAILABLE, "the identity provider was made unavailable");
        }
        Json(document()).into_response()
    }
}

/// Body of `POST /_local/token`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenRequest {
    sub: String,
    email: String,
    name: String,
    /// Claims that are added or replaced; null removes one. For tokens that must be rejected.
    #[serde(default)]
    claims: Map<String, Value>,
    /// Members of the header, likewise.
    #[serde(default)]
    header: Map<String, Value>,
    /// Signing key; `None` for the newest.
    kid: Option<String>,
}

impl TokenRequest {
    fn parse(body: &[u8]) -> Result<Self, String> {
        let request: Self = serde_json::from_slice(body).map_err(|error| {
            format!("send JSON such as {{\"sub\":\"ann\",\"email\":\"ann@example.com\",\"name\":\"Ann\"}}: {error}")
        })?;
        for (name, value) in [("sub", &request.sub), ("name", &request.name)] {
            if value.trim().is_empty() {
                return Err(format!("{name} must not be empty"));
            }
        }
        match request.email.split_once('@') {
            Some((user, host)) if !user.is_empty() && !host.is_empty() => Ok(request),
            _ => Err("email must be an address such as ann@example.com".to_owned()),
        }
    }
}

fn message_response(status: StatusCode, text: &str) -> Response {
    (status, Json(json!({ "message": text }))).into_response()
}

/// Parses a JSON body; an empty body is an empty object.
fn parse_optional<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| error.to_string())
}

/// `POST /_local/token`: issues a token.
async fn issue_token(State(provider): State<Arc<IdentityProvider>>, body: Bytes) -> Response {
    match TokenRequest::parse(&body).and_then(|request| provider.issue(request)) {
        Ok(token) => {
            Json(json!({ "access_token": token, "token_type": "Bearer", "expires_in": TOKEN_LIFETIME_SECONDS }))
                .into_response()
        }
        Err(reason) => message_response(StatusCode::BAD_REQUEST, &reason),
    }
}

/// `GET /_local/oidc/.well-known/openid-configuration`
async fn get_configuration(State(provider): State<Arc<IdentityProvider>>) -> Response {
    provider.publish(&provider.configuration_requests, || {
        json!({
            "issuer": provider.issuer,
            "jwks_uri": format!("{}/jwks.json", provider.issuer),
            "token_endpoint": provider.token_endpoint,
            "response_types_supported": ["token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "ES256"],
        })
    })
}

/// `GET /_local/oidc/jwks.json`
async fn get_keys(State(provider): State<Arc<IdentityProvider>>) -> Response {
    provider.publish(&provider.key_requests, || {
        let keys: Vec<Value> = provider.keys.all().iter().map(|key| key.public_jwk()).collect();
        json!({ "keys": keys })
    })
}

/// Body of `POST /_local/oidc/rotate`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rotation {
    alg: Option<Algorithm>,
    keep_old: Option<bool>,
}

/// `POST /_local/oidc/rotate`: makes the next signing key.
async fn rotate_keys(State(provider): State<Arc<IdentityProvider>>, body: Bytes) -> Response {
    let rotation: Rotation = match parse_optional(&body) {
        Ok(rotation) => rotation,
        Err(reason) => return message_response(StatusCode::BAD_REQUEST, &reason),
    };
    let algorithm = rotation.alg.unwrap_or(Algorithm::RS256);
    if !matches!(algorithm, Algorithm::RS256 | Algorithm::ES256) {
        return message_response(StatusCode::BAD_REQUEST, "alg is RS256 or ES256");
    }
    match provider.keys.rotate(algorithm, rotation.keep_old.unwrap_or(true)).await {
        Ok(id) => Json(json!({ "kid": id })).into_response(),
        Err(error) => message_response(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

/// Body of `PUT /_local/oidc/availability`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Availability {
    up: bool,
}

/// `PUT /_local/oidc/availability`: makes the discovery and key documents available or unavailable.
async fn set_availability(State(provider): State<Arc<IdentityProvider>>, body: Bytes) -> Response {
    match parse_optional::<Availability>(&body) {
        Ok(Availability { up }) => {
            provider.is_down.store(!up, Ordering::Relaxed);
            Json(json!({ "up": up })).into_response()
        }
        Err(reason) => message_response(StatusCode::BAD_REQUEST, &reason),
    }
}

/// `GET /_local/oidc/requests`: counts the requests for the documents, answered or not.
async fn count_requests(State(provider): State<Arc<IdentityProvider>>) -> Json<Value> {
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    Json(json!({ "configuration": count(&provider.configuration_requests), "keys": count(&provider.key_requests) }))
}
