//! What every request passes before its handler sees it: is it framed as this API asks, and who has signed in. Nothing of the body is
//! parsed here, and nothing of the organisation is read.

use std::sync::Arc;

use lambda_http::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use lambda_http::http::{Method, request::Parts};
use lambda_http::{Body, Request};
use outlay_domain::rate_limit::Class;
use outlay_store::Store;

use crate::boot::moment;
use crate::call::{Call, Signed};
use crate::limit::Limiter;
use crate::log::{Level, log};
use crate::problem::{Problem, ProblemType};
use crate::token::{Issuer, Unverified};

/// The largest body, in bytes.
pub const MAX_BODY: usize = 256 * 1024;
/// The longest query, in bytes; API Gateway takes 10,240 for the request line and all headers.
const MAX_QUERY: usize = 8 * 1024;
/// The shortest and the longest idempotency key, in characters.
const KEY_LENGTH: std::ops::RangeInclusive<usize> = 8..=255;

/// The media ranges that JSON is in.
const JSON: [&str; 4] = ["*/*", "application/*", "application/json", "application/problem+json"];

/// The gate of one function.
#[derive(Clone, Debug)]
pub struct Gate {
    /// The table.
    pub store: Store,
    /// Whose tokens count.
    pub issuer: Arc<Issuer>,
    /// What is counted against the limits.
    pub limiter: Arc<Limiter>,
    /// Whether the function's requests are costly; otherwise the method says what they are.
    pub costly: bool,
}

impl Gate {
    /// The request as a call, once it is framed right and somebody has signed in.
    ///
    /// # Errors
    /// 413, 414, 415, 406 and 400 for what is wrong with its frame; 401 for a token that does not count, whatever the reason; 503 when
    /// tokens cannot be verified at the moment.
    pub async fn open(&self, request: Request, request_id: &str) -> Result<Call, Problem> {
        let (parts, body) = request.into_parts();
        let body = match body {
            Body::Text(text) => text.into_bytes(),
            Body::Binary(bytes) => bytes,
            _ => Vec::new(),
        };
        let key = framed(&parts, &body)?;
        let moment = moment();
        let identity = match bearer(&parts.headers) {
            Some(token) => self.issuer.identity(token, moment.now).await,
            None => Err(Unverified::Refused("there is none")),
        };
        let identity = identity.map_err(|why| refused(why, request_id))?;
        let signed = Signed { gate: self.clone(), identity, class: self.class(&parts.method), moment };
        Ok(Call::new(signed, parts, body, key))
    }

    fn class(&self, method: &Method) -> Class {
        match (self.costly, *method == Method::GET) {
            (true, _) => Class::Costly,
            (false, true) => Class::Read,
            (false, false) => Class::Write,
        }
    }
}

/// Checks what can be checked without reading anything; gives the idempotency key.
fn framed(parts: &Parts, body: &[u8]) -> Result<Option<String>, Problem> {
    if body.len() > MAX_BODY {
        return Err(Problem::new(ProblemType::BodyTooLarge, "A body has at most 262144 bytes."));
    }
    if parts.uri.query().is_some_and(|query| query.len() > MAX_QUERY) {
        return Err(Problem::new(ProblemType::UriTooLong, "A query has at most 8192 bytes."));
    }
    if !body.is_empty() && parts.method != Method::GET && !is_json(&parts.headers) {
        return Err(Problem::new(
            ProblemType::UnsupportedMediaType,
            "Send Content-Type: application/json, uncompressed, in UTF-8.",
        ));
    }
    if !takes_json(&parts.headers) {
        return Err(Problem::new(ProblemType::NotAcceptable, "Answers are application/json; Accept must allow it."));
    }
    idempotency_key(&parts.headers)
}

/// One answer to every wrong token: which check failed is for the log, not for who tries.
fn refused(why: Unverified, request_id: &str) -> Problem {
    let (level, problem, reason) = match why {
        Unverified::Refused(why) => (
            Level::Info,
            Problem::new(ProblemType::Unauthenticated, "Send Authorization: Bearer with a valid access token."),
            why.to_owned(),
        ),
        Unverified::Unavailable(reason) => (
            Level::Error,
            Problem::new(ProblemType::DependencyUnavailable, "Tokens cannot be verified at the moment. Try again."),
            reason,
        ),
    };
    log(level, "token", &[("request_id", &request_id), ("reason", &reason)]);
    problem
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim_start())
}

fn is_json(headers: &HeaderMap) -> bool {
    let value =
        headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default().to_ascii_lowercase();
    let (media, parameters) = value.split_once(';').unwrap_or((&value, "charset=utf-8"));
    let charset = parameters.trim().strip_prefix("charset=").map(|charset| charset.trim_matches('"'));
    media.trim() == "application/json" && charset == Some("utf-8") && !headers.contains_key("content-encoding")
}

/// Whether the client takes JSON: problems are JSON too, so one of both is enough.
fn takes_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(ACCEPT) else { return true };
    let ranges = value.to_str().unwrap_or_default().split(',').map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default().to_ascii_lowercase();
        let refused = parts.any(|parameter| matches!(parameter, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"));
        (media, !refused)
    });
    let mut wanted = ranges.filter(|(media, _)| media.is_empty() || JSON.contains(&media.as_str()));
    wanted.any(|(_, taken)| taken)
}

/// The key, bare or as the quoted string of the header's draft (draft-ietf-httpapi-idempotency-key-header).
fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let key = unquoted(value);
    if KEY_LENGTH.contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic()) {
        return Ok(Some(key.to_owned()));
    }
    Err(Problem::new(
        ProblemType::InvalidHeader,
        "Idempotency-Key must be 8 to 255 visible ASCII characters, such as a UUID.",
    ))
}

fn unquoted(value: &HeaderValue) -> &str {
    let text = value.to_str().unwrap_or_default();
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(value: &'static str) -> bool {
        takes_json(&HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(value))]))
    }

    #[test]
    fn json_must_be_acceptable() {
        assert!(takes_json(&HeaderMap::new()));
        for good in [
            "*/*",
            "application/json",
            "text/html, application/*;q=0.8",
            "application/problem+json",
            "APPLICATION/JSON",
        ] {
            assert!(accepts(good), "{good}");
        }
        for bad in ["application/xml", "text/*", "application/json;q=0", "text/html, */*;q=0"] {
            assert!(!accepts(bad), "{bad}");
        }
    }

    #[test]
    fn a_quoted_key_is_the_same_key() {
        let key = |value: &'static str| {
            idempotency_key(&HeaderMap::from_iter([(
                lambda_http::http::HeaderName::from_static("idempotency-key"),
                HeaderValue::from_static(value),
            )]))
        };
        assert_eq!(key("\"8e03978e-40d5\"").unwrap(), key("8e03978e-40d5").unwrap());
        assert!(key("short").is_err() && key("with a space").is_err() && key("\"short\"").is_err());
    }
}
