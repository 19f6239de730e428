//! First checks of every request: sizes, headers, access token. The body is not parsed here, and no record is read.

use std::sync::Arc;

use lambda_http::http::header::{ACCEPT, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};
use lambda_http::http::{Method, request::Parts};
use lambda_http::{Body, Request};
use outlay_auth::{TokenError, TokenVerifier};
use outlay_aws::clock::RequestClock;
use outlay_aws::log::{Level, log};
use outlay_domain::rate_limit::RequestClass;

use crate::endpoint::BodyFormat;
use crate::idempotency::IdempotencyRequest;
use crate::problem::{Problem, ProblemType};
use crate::request::{RequestContext, Services};

/// Length limit of a query, in bytes; API Gateway accepts 10,240 for the request line and all headers.
const MAX_QUERY: usize = 8 * 1024;
/// Length of an idempotency key, in characters.
const KEY_LENGTH: std::ops::RangeInclusive<usize> = 8..=255;

/// Media ranges that include JSON.
const JSON: [&str; 4] = ["*/*", "application/*", "application/json", "application/problem+json"];

/// Guard that every request of one function passes.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    pub(crate) services: Services,
    pub(crate) verifier: Arc<TokenVerifier>,
    /// Class of rate limit of the function's requests.
    pub(crate) class: RequestClass,
    /// True when requests may have an idempotency key; otherwise the header is ignored.
    pub(crate) takes_key: bool,
    /// Media types and size of the function's bodies.
    pub(crate) body: BodyFormat,
}

impl Guard {
    /// Checks the frame of a request and its access token.
    ///
    /// # Errors
    /// 413, 414, 415, 406 and 400 for the frame; 401 for a token that is not valid, whatever the reason; 503 when
    /// tokens cannot be verified at the moment.
    pub(crate) async fn authenticate(&self, request: Request, request_id: &str) -> Result<RequestContext, Problem> {
        let (parts, body) = request.into_parts();
        let body = match body {
            Body::Text(text) => text.into_bytes(),
            Body::Binary(bytes) => bytes,
            _ => Vec::new(),
        };
        validate_frame(self.body, &parts, &body)?;
        let key = if self.takes_key { idempotency_key(&parts.headers)? } else { None };
        let clock = RequestClock::read();
        let identity = match bearer(&parts.headers) {
            Some(token) => self.verifier.verify(token, clock.now).await,
            None => Err(TokenError::Rejected("no token")),
        };
        let identity = identity.map_err(|error| unauthenticated(error, request_id))?;
        let idempotency = key.map(|key| IdempotencyRequest::new(key, &identity, &parts, &body));
        Ok(RequestContext::new(self.services.clone(), identity, self.class, clock, parts, body, idempotency))
    }
}

/// Checks sizes and headers.
fn validate_frame(format: BodyFormat, parts: &Parts, body: &[u8]) -> Result<(), Problem> {
    if body.len() > format.max_bytes {
        let detail = format!("A body has at most {} bytes.", format.max_bytes);
        return Err(Problem::new(ProblemType::BodyTooLarge, detail));
    }
    if parts.uri.query().is_some_and(|query| query.len() > MAX_QUERY) {
        return Err(Problem::new(ProblemType::UriTooLong, "A query has at most 8192 bytes."));
    }
    if !body.is_empty() && parts.method != Method::GET && !has_media_type(&parts.headers, format.media_types) {
        let media_type = format.media_types.first().unwrap_or(&"");
        let detail =
            format!("Send Content-Type: {media_type}, with charset=utf-8 or no charset, and no Content-Encoding.");
        return Err(Problem::new(ProblemType::UnsupportedMediaType, detail));
    }
    if !accepts_json(&parts.headers) {
        return Err(Problem::new(ProblemType::NotAcceptable, "Answers are application/json; Accept must allow it."));
    }
    Ok(())
}

/// The one answer to every token that is not valid. The reason is logged, not shown.
fn unauthenticated(error: TokenError, request_id: &str) -> Problem {
    let (level, problem, reason) = match error {
        TokenError::Rejected(reason) => (
            Level::Info,
            Problem::new(ProblemType::Unauthenticated, "Send Authorization: Bearer with a valid access token."),
            reason.to_owned(),
        ),
        TokenError::Unavailable(reason) => (
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

/// True for a body declared as uncompressed text of one of the media types in UTF-8. Of the parameters of the media type only `charset` has a
/// meaning (RFC 8259, section 11, defines none); clients add others.
fn has_media_type(headers: &HeaderMap, media_types: &[&str]) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_encoded = headers.contains_key(CONTENT_ENCODING) && !text(CONTENT_ENCODING).eq_ignore_ascii_case("identity");
    let mut parts = media_type_parts(text(CONTENT_TYPE)).into_iter();
    let media = parts.next().unwrap_or_default();
    let is_accepted = media_types.iter().any(|accepted| media.eq_ignore_ascii_case(accepted));
    let is_utf8 = |parameter: String| {
        let (name, value) = parameter.split_once('=').unwrap_or((&parameter, ""));
        let is_known = ["", "utf-8", "utf8"].iter().any(|known| value.trim().eq_ignore_ascii_case(known));
        !name.trim().eq_ignore_ascii_case("charset") || is_known
    };
    is_accepted && !is_encoded && parts.all(is_utf8)
}

/// Media type and parameters of a header, without the quotes of quoted strings (RFC 9110, section 5.6.6).
fn media_type_parts(value: &str) -> Vec<String> {
    let (mut parts, mut is_quoted, mut is_escaped) = (vec![String::new()], false, false);
    for c in value.chars() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => {
                is_escaped = true;
                continue;
            }
            '"' => {
                is_quoted = !is_quoted;
                continue;
            }
            ';' if !is_quoted => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(part) = parts.last_mut() {
            part.push(c);
        }
    }
    parts.into_iter().map(|part| part.trim().to_owned()).collect()
}

/// True when the client accepts JSON: problems are JSON too, so one of both is enough.
fn accepts_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(ACCEPT) else { return true };
    let ranges = value.to_str().unwrap_or_default().split(',').map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default().to_ascii_lowercase();
        let refused = parts.any(|parameter| matches!(parameter, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"));
        (media, !refused)
    });
    let mut wanted = ranges.filter(|(media, _)| media.is_empty() || JSON.contains(&media.as_str()));
    wanted.any(|(_, accepted)| accepted)
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
        accepts_json(&HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(value))]))
    }

    #[test]
    fn accept_header_must_include_json() {
        assert!(accepts_json(&HeaderMap::new()));
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
    fn json_with_any_parameter_but_another_charset_is_json() {
        let json = |value: &'static str| {
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(value))]);
            has_media_type(&headers, BodyFormat::JSON.media_types)
        };
        for value in [
            "application/json",
            "APPLICATION/JSON",
            "application/json;",
            "application/json ; ",
            "application/json;charset=utf-8",
            "application/json; charset=UTF8",
            "application/json; Charset=\"Utf-8\"",
            "application/json; charset=",
            "application/json; charset=utf-8;",
            "application/json;odata.metadata=minimal;odata.streaming=true",
            "application/json; profile=\"a;charset=utf-16\"; version=1",
            "application/json; profile=\"a\\\";charset=utf-16\"",
            "application/json; odata",
        ] {
            assert!(json(value), "{value}");
        }
        for value in [
            "",
            ";",
            "text/json",
            "application/json5",
            "application/problem+json",
            "application/json; charset=utf-16",
            "application/json; charset=iso-8859-1",
            "application/json; charset=\"us-ascii\"",
            "application/json; charset=utf-8; charset=utf-16",
            "application/json; charset=utf-8, text/plain",
            "application/json, text/plain",
            "text/plain; application/json",
        ] {
            assert!(!json(value), "{value}");
        }
        let encoded = |encoding: &'static str| {
            let json = (CONTENT_TYPE, HeaderValue::from_static("application/json"));
            let headers = HeaderMap::from_iter([json, (CONTENT_ENCODING, HeaderValue::from_static(encoding))]);
            has_media_type(&headers, BodyFormat::JSON.media_types)
        };
        assert!(encoded("identity") && !encoded("gzip") && !encoded("identity, gzip"));
    }

    #[test]
    fn xml_body_has_one_of_two_media_types() {
        let xml = |value: &'static str| {
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(value))]);
            has_media_type(&headers, BodyFormat::XML.media_types)
        };
        for value in ["application/xml", "text/xml; charset=utf-8", "Application/XML"] {
            assert!(xml(value), "{value}");
        }
        for value in ["", "application/json", "application/xml; charset=iso-8859-1", "application/soap+xml"] {
            assert!(!xml(value), "{value}");
        }
    }

    #[test]
    fn quoted_idempotency_key_equals_bare_key() {
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
