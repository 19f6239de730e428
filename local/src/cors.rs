//! CORS headers, from the `CorsConfiguration` of the API or of a bucket. As on API Gateway, preflights are answered
//! without the function, and the headers replace those of the function.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::Response;

use crate::template::Cors;

/// Answers a preflight; `None` if the request is not one.
pub(crate) fn preflight(cors: Option<&Cors>, method: &Method, request: &HeaderMap) -> Option<Response> {
    let cors = cors?;
    let names_method = request.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    if method != Method::OPTIONS || !names_method || !request.contains_key(header::ORIGIN) {
        return None;
    }
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    if allow(cors, request, response.headers_mut()) {
        set(response.headers_mut(), header::ACCESS_CONTROL_ALLOW_METHODS, &cors.methods.join(","));
        set(response.headers_mut(), header::ACCESS_CONTROL_ALLOW_HEADERS, &cors.headers.join(","));
        let age = cors.max_age.map(|seconds| seconds.to_string()).unwrap_or_default();
        set(response.headers_mut(), header::ACCESS_CONTROL_MAX_AGE, &age);
    }
    Some(response)
}

/// Sets the CORS headers of a response.
pub(crate) fn apply(cors: Option<&Cors>, request: &HeaderMap, response: &mut HeaderMap) {
    let Some(cors) = cors else { return };
    response.remove(header::ACCESS_CONTROL_ALLOW_ORIGIN);
    response.remove(header::ACCESS_CONTROL_ALLOW_CREDENTIALS);
    if allow(cors, request, response) {
        set(response, header::ACCESS_CONTROL_EXPOSE_HEADERS, &cors.exposed.join(","));
    }
}

/// Sets the origin header if the origin is allowed; true when it is.
fn allow(cors: &Cors, request: &HeaderMap, response: &mut HeaderMap) -> bool {
    let Some(origin) = request.get(header::ORIGIN).and_then(|it| it.to_str().ok()) else {
        return false;
    };
    let any = cors.origins.iter().any(|it| it == "*");
    let listed = cors.origins.iter().any(|it| it.eq_ignore_ascii_case(origin) || is_under(origin, it));
    if !any && !listed {
        return false;
    }
    set(response, header::ACCESS_CONTROL_ALLOW_ORIGIN, if any { "*" } else { origin });
    if !any {
        response.append(header::VARY, HeaderValue::from_static("origin"));
    }
    if cors.credentials {
        set(response, header::ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
    }
    true
}

/// True when the pattern is `scheme://*` and the origin has that scheme.
fn is_under(origin: &str, pattern: &str) -> bool {
    pattern.strip_suffix("://*").is_some_and(|scheme| origin.split("://").next() == Some(scheme))
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let (false, Ok(value)) = (value.is_empty(), HeaderValue::from_str(value)) {
        headers.insert(name, value);
    }
}
