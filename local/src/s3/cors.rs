//! CORS as S3 carries it out, from the `CorsConfiguration` of a bucket. Unlike API Gateway, S3 matches a preflight with
//! the rules: origin, method, and every header that the browser asks for. A preflight that matches no rule is 403.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::Response;

use crate::template::Cors;

/// Refused preflight: status, code and message of the error.
pub(super) type Refusal = (StatusCode, &'static str, &'static str);

/// Answers a request with the method OPTIONS; `None` for any other.
pub(super) fn preflight(rules: &[Cors], method: &Method, request: &HeaderMap) -> Option<Result<Response, Refusal>> {
    if method != Method::OPTIONS {
        return None;
    }
    let text = |name: HeaderName| request.get(name).and_then(|it| it.to_str().ok());
    let (Some(origin), Some(wanted)) = (text(header::ORIGIN), text(header::ACCESS_CONTROL_REQUEST_METHOD)) else {
        let missing = "Insufficient information. Origin request header needed.";
        return Some(Err((StatusCode::BAD_REQUEST, "BadRequest", missing)));
    };
    let names = text(header::ACCESS_CONTROL_REQUEST_HEADERS).unwrap_or_default();
    let names: Vec<&str> = names.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    let allows = |rule: &&Cors| names.iter().all(|name| rule.headers.iter().any(|it| matches_pattern(it, name)));
    let Some(rule) = matching(rules, origin, wanted).find(allows) else {
        let message = "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, \
                       request method / Access-Control-Request-Method or Access-Control-Request-Headers are not \
                       whitelisted by the resource's CORS spec.";
        return Some(Err((StatusCode::FORBIDDEN, "AccessForbidden", message)));
    };
    let mut response = Response::new(Body::empty());
    allow(rule, origin, response.headers_mut());
    set(response.headers_mut(), header::ACCESS_CONTROL_ALLOW_HEADERS, &names.join(", ").to_ascii_lowercase());
    let age = rule.max_age.map(|seconds| seconds.to_string()).unwrap_or_default();
    set(response.headers_mut(), header::ACCESS_CONTROL_MAX_AGE, &age);
    Some(Ok(response))
}

/// Sets the CORS headers of a response.
pub(super) fn apply(rules: &[Cors], method: &Method, request: &HeaderMap, response: &mut HeaderMap) {
    let Some(origin) = request.get(header::ORIGIN).and_then(|it| it.to_str().ok()) else { return };
    if let Some(rule) = matching(rules, origin, method.as_str()).next() {
        allow(rule, origin, response);
    }
}

/// Returns the rules for an origin and a method.
fn matching<'r>(rules: &'r [Cors], origin: &'r str, method: &'r str) -> impl Iterator<Item = &'r Cors> {
    let is_allowed = move |rule: &&Cors| {
        rule.origins.iter().any(|it| matches_pattern(it, origin)) && rule.methods.iter().any(|it| it == method)
    };
    rules.iter().filter(is_allowed)
}

/// True when a text matches a pattern with at most one `*`, regardless of case.
fn matches_pattern(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.to_ascii_lowercase(), text.to_ascii_lowercase());
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, end)) => {
            text.len() >= start.len().saturating_add(end.len()) && text.starts_with(start) && text.ends_with(end)
        }
    }
}

fn allow(rule: &Cors, origin: &str, response: &mut HeaderMap) {
    let any = rule.origins.iter().any(|it| it == "*");
    set(response, header::ACCESS_CONTROL_ALLOW_ORIGIN, if any { "*" } else { origin });
    set(response, header::ACCESS_CONTROL_ALLOW_METHODS, &rule.methods.join(", "));
    set(response, header::ACCESS_CONTROL_EXPOSE_HEADERS, &rule.exposed.join(", "));
    if !any {
        set(response, header::ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
    }
    set(response, header::VARY, "Origin, Access-Control-Request-Headers, Access-Control-Request-Method");
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let (false, Ok(value)) = (value.is_empty(), HeaderValue::from_str(value)) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::matches_pattern;

    #[test]
    fn pattern_has_at_most_one_wildcard() {
        for (pattern, text) in
            [("*", ""), ("*", "x"), ("x-amz-*", "X-Amz-Date"), ("http://*.example", "http://a.example")]
        {
            assert!(matches_pattern(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in
            [("", "x"), ("x-amz-*", "x-am"), ("ab*bc", "abc"), ("http://*.example", "http://example")]
        {
            assert!(!matches_pattern(pattern, text), "{pattern} {text}");
        }
    }
}
