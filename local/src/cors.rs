//! CORS headers, from the `CorsConfiguration` of the API or of a bucket. Services answer preflights by themselves; API
//! Gateway only those that no route takes. Its headers replace those of a function.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::Response;

use crate::template::Cors;

/// Headers of an answer that the configuration decides.
const HEADERS: [HeaderName; 6] = [
    header::ACCESS_CONTROL_ALLOW_ORIGIN,
    header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
    header::ACCESS_CONTROL_ALLOW_METHODS,
    header::ACCESS_CONTROL_ALLOW_HEADERS,
    header::ACCESS_CONTROL_EXPOSE_HEADERS,
    header::ACCESS_CONTROL_MAX_AGE,
];

/// Answers a preflight; `None` if the request is not one.
pub(crate) fn preflight(cors: Option<&Cors>, method: &Method, request: &HeaderMap) -> Option<Response> {
    cors.filter(|_| is_preflight(method, request))?;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    apply(cors, method, request, response.headers_mut());
    Some(response)
}

/// Sets the CORS headers of a response, in place of those that it has.
pub(crate) fn apply(cors: Option<&Cors>, method: &Method, request: &HeaderMap, response: &mut HeaderMap) {
    let Some(cors) = cors else { return };
    for name in HEADERS {
        response.remove(name);
    }
    if !allow(cors, request, response) {
        return;
    }
    if is_preflight(method, request) {
        set(response, header::ACCESS_CONTROL_ALLOW_METHODS, &cors.methods.join(","));
        set(response, header::ACCESS_CONTROL_ALLOW_HEADERS, &cors.headers.join(","));
        let age = cors.max_age.map(|seconds| seconds.to_string()).unwrap_or_default();
        set(response, header::ACCESS_CONTROL_MAX_AGE, &age);
    } else {
        set(response, header::ACCESS_CONTROL_EXPOSE_HEADERS, &cors.exposed.join(","));
    }
}

fn is_preflight(method: &Method, request: &HeaderMap) -> bool {
    let names_method = request.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    method == Method::OPTIONS && names_method && request.contains_key(header::ORIGIN)
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
