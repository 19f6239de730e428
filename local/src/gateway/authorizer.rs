//! API Gateway's JWT authorizer: RS256 only, signature, issuer, audience, times and scopes. It must not decide on
//! permissions. AWS documents one text of `error_description`, the one about the audience; the others are our own.

use std::sync::Arc;

use axum::http::{HeaderMap, header};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use serde_json::{Map, Value, json};

use crate::identity::KeySet;
use crate::system;

/// Error of [`Authorizer::check`].
#[derive(Debug, PartialEq)]
pub(crate) enum AuthError {
    MissingToken,
    /// With the reason.
    InvalidToken(&'static str),
    /// With the accepted scopes.
    InsufficientScope(String),
}

/// Authorizer for the tokens of one issuer.
pub(crate) struct Authorizer {
    pub(crate) keys: Arc<KeySet>,
    pub(crate) issuer: String,
    pub(crate) audience: String,
}

impl Authorizer {
    /// Checks the request's token; returns `requestContext.authorizer` of the event.
    pub(crate) fn check(&self, headers: &HeaderMap, scopes: &[String]) -> Result<Value, AuthError> {
        let token = bearer_token(headers).ok_or(AuthError::MissingToken)?;
        let claims = self.claims(token).map_err(AuthError::InvalidToken)?;
        let granted = granted(&claims);
        let matching: Vec<&String> = scopes.iter().filter(|it| granted.contains(it)).collect();
        if matching.is_empty() && !scopes.is_empty() {
            return Err(AuthError::InsufficientScope(scopes.join(" ")));
        }
        let rendered: Map<String, Value> = claims.iter().map(|(name, it)| (name.clone(), text(it).into())).collect();
        let scopes = if scopes.is_empty() { Value::Null } else { json!(matching) };
        Ok(json!({ "jwt": { "claims": rendered, "scopes": scopes } }))
    }

    fn claims(&self, token: &str) -> Result<Map<String, Value>, &'static str> {
        let header = decode_header(token).map_err(|_| "the token is malformed")?;
        if header.alg != Algorithm::RS256 {
            return Err("the token is not signed with RS256");
        }
        let key = header.kid.and_then(|id| self.keys.find(&id)).filter(|key| key.algorithm == Algorithm::RS256);
        let key = key.ok_or("the token is signed with an unknown key")?;
        let mut validation = Validation::new(Algorithm::RS256);
        validation.leeway = 0;
        validation.validate_nbf = true;
        validation.set_issuer(&[&self.issuer]);
        validation.set_required_spec_claims(&["exp", "iss"]);
        // Checked below, because the audience may be in `client_id`.
        validation.validate_aud = false;
        let decoded = decode::<Map<String, Value>>(token, &key.verifying, &validation);
        let claims = decoded.map_err(|error| reason(error.kind()))?.claims;
        let is_from_future = claims.get("iat").and_then(Value::as_i64).is_some_and(|it| it > system::now().as_second());
        if is_from_future {
            return Err("the token is not valid yet");
        }
        let named = |claim| claims.get(claim).filter(|value| !value.is_null());
        let audience = named("aud").or_else(|| named("client_id"));
        let is_for_audience = match audience {
            Some(Value::String(one)) => *one == self.audience,
            Some(Value::Array(several)) => several.iter().any(|it| it.as_str() == Some(&self.audience)),
            _ => false,
        };
        if is_for_audience { Ok(claims) } else { Err("the token does not have a valid audience") }
    }
}

fn reason(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::ExpiredSignature => "the token has expired",
        ErrorKind::ImmatureSignature => "the token is not valid yet",
        ErrorKind::InvalidIssuer => "the token does not have a valid issuer",
        ErrorKind::InvalidSignature => "the token does not have a valid signature",
        ErrorKind::MissingRequiredClaim(_) | ErrorKind::InvalidClaimFormat(_) => "the token lacks a required claim",
        _ => "the token is malformed",
    }
}

/// Reads the token of the `Authorization` header, with or without `Bearer`.
fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?.trim();
    let token = match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        _ => value,
    };
    (!token.is_empty()).then_some(token)
}

fn granted(claims: &Map<String, Value>) -> Vec<String> {
    match claims.get("scope").or_else(|| claims.get("scp")) {
        Some(Value::String(text)) => text.split(' ').map(str::to_owned).collect(),
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// Renders a claim as API Gateway does.
fn text(claim: &Value) -> String {
    match claim {
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(text).collect::<Vec<_>>().join(" ")),
        Value::Object(members) => {
            let members: Vec<String> = members.iter().map(|(name, it)| format!("{name}:{}", text(it))).collect();
            format!("map[{}]", members.join(" "))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_rendered_as_text() {
        let rendered = |claim: Value| text(&claim);
        assert_eq!(rendered(json!("ann@example.com")), "ann@example.com");
        assert_eq!(rendered(json!(1_700_000_000)), "1700000000");
        assert_eq!(rendered(json!(true)), "true");
        assert_eq!(rendered(json!(["a", "b"])), "[a b]");
        assert_eq!(rendered(json!({ "a": 1, "b": ["c"] })), "map[a:1 b:[c]]");
    }

    #[test]
    fn token_is_read_without_the_scheme() {
        let found = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, value.parse().expect("a header value"));
            bearer_token(&headers).map(str::to_owned)
        };
        assert_eq!(found("Bearer abc").as_deref(), Some("abc"));
        assert_eq!(found("bearer  abc ").as_deref(), Some("abc"));
        assert_eq!(found("abc").as_deref(), Some("abc"));
        assert_eq!(found("Bearer "), Some("Bearer".to_owned()));
        assert_eq!(found(""), None);
    }
}
