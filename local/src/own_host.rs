//! Refuses requests that web pages of other sites make. With DNS rebinding, the name of a foreign site leads to the
//! loopback interface, and a browser lets its pages read the answers: the `Host` header gives them away. Without it, a
//! page can still send requests blindly: their `Origin` gives them away.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};

/// Names of the loopback interface.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];
/// Paths that API Gateway does not have. Browser applications of other origins call only the HTTP API.
const OWN_PATHS: [&str; 2] = ["/_local/", "/2015-03-31/"];

/// Makes the router answer only to the own names of the server at this address.
pub(crate) fn own_host_only(router: Router, address: SocketAddr) -> Router {
    router.layer(from_fn_with_state(address.port(), check))
}

async fn check(State(port): State<u16>, request: Request, next: Next) -> Response {
    if !names_own_host(request.uri(), request.headers(), port) {
        return refusal("This server answers only to localhost and 127.0.0.1 with its port.");
    }
    let is_own_path = OWN_PATHS.iter().any(|path| request.uri().path().starts_with(path));
    if is_own_path && !has_own_origin(request.headers(), port) {
        return refusal("Pages of other origins may only call the HTTP API.");
    }
    next.run(request).await
}

fn refusal(message: &str) -> Response {
    (StatusCode::MISDIRECTED_REQUEST, axum::Json(serde_json::json!({ "message": message }))).into_response()
}

/// True when the request names this server. HTTP/2 has the host in the URI.
fn names_own_host(uri: &Uri, headers: &HeaderMap, port: u16) -> bool {
    if uri.authority().is_some_and(|authority| !is_own(authority.as_str(), port)) {
        return false;
    }
    let mut hosts = headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) => uri.authority().is_some(),
        (Some(host), None) => host.to_str().is_ok_and(|host| is_own(host, port)),
        (Some(_), Some(_)) => false,
    }
}

/// True without an origin, or with that of a page of this server.
fn has_own_origin(headers: &HeaderMap, port: u16) -> bool {
    headers.get_all(header::ORIGIN).iter().all(|origin| {
        let host = origin.to_str().ok().and_then(|origin| origin.strip_prefix("http://"));
        host.is_some_and(|host| is_own(host, port))
    })
}

fn is_own(authority: &str, port: u16) -> bool {
    let Ok(authority) = authority.parse::<Authority>() else { return false };
    // The default port of HTTP is not named.
    let has_port = authority.port_u16().unwrap_or(80) == port;
    let has_name = NAMES.iter().any(|name| authority.host().eq_ignore_ascii_case(name));
    has_name && has_port && !authority.as_str().contains('@')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &header::HeaderName, values: &[&str]) -> HeaderMap {
        values.iter().map(|value| (name.clone(), value.parse().expect("a header value"))).collect()
    }

    #[test]
    fn only_loopback_names_with_the_port_are_own() {
        let uri = Uri::from_static("/v1/health");
        let own = |hosts: &[&str]| names_own_host(&uri, &headers(&header::HOST, hosts), 3000);
        for host in ["localhost:3000", "127.0.0.1:3000", "[::1]:3000", "LocalHost:3000"] {
            assert!(own(&[host]), "{host}");
        }
        for host in [
            "evil.example:3000",
            "localhost",
            "localhost:3001",
            "localhost.evil.example:3000",
            "127.0.0.1.evil.example:3000",
            "a@localhost:3000",
            "evil.example@localhost:3000",
            "0.0.0.0:3000",
            "192.168.1.2:3000",
            "localhost.:3000",
            "",
        ] {
            assert!(!own(&[host]), "{host}");
        }
        assert!(!own(&[]) && !own(&["localhost:3000", "evil.example"]));
        let named = |uri: &'static str| names_own_host(&Uri::from_static(uri), &HeaderMap::new(), 3000);
        assert!(named("http://localhost:3000/") && !named("http://evil.example:3000/"));
        assert!(names_own_host(&uri, &headers(&header::HOST, &["localhost"]), 80));
    }

    #[test]
    fn origin_of_another_site_is_not_own() {
        let own = |origins: &[&str]| has_own_origin(&headers(&header::ORIGIN, origins), 3000);
        assert!(own(&[]) && own(&["http://localhost:3000"]) && own(&["http://127.0.0.1:3000"]));
        for origin in ["http://localhost:5173", "https://evil.example", "http://evil.example:3000", "null", ""] {
            assert!(!own(&[origin]), "{origin}");
        }
    }
}
