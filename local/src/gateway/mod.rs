//! Plays API Gateway's HTTP API: routes, authorises, calls the function, answers. Everything it decides by comes from
//! the template; it knows nothing of the product.

pub(crate) mod cors;
mod event;
mod response;
mod route;
pub(crate) mod throttle;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderValue, StatusCode, header, request::Parts};
use axum::response::Response;

use crate::authorizer::Refusal;
use crate::host::FunctionError;
use crate::local::Local;
use crate::system;
use crate::template::Access;
use event::Arrived;
use response::message;

/// The largest body that API Gateway accepts.
const LARGEST: usize = 10 * 1024 * 1024;
/// How long a function may take to answer a request.
const PATIENCE: Duration = Duration::from_secs(30);

/// Answers any request that is not for the stack itself.
pub(crate) async fn handle(
    State(local): State<Local>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let cors = local.template.cors.as_ref();
    let request_id = system::uuid();
    let preflight = cors::preflight(cors, &parts.method, &parts.headers);
    let mut response = if let Some(preflight) = preflight {
        preflight
    } else {
        let mut response = routed(&local, peer, &parts, body, &request_id).await;
        cors::apply(cors, &parts.headers, response.headers_mut());
        response
    };
    if let Ok(id) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert("apigw-requestid", id);
    }
    response
}

async fn routed(local: &Local, peer: SocketAddr, parts: &Parts, body: Body, request_id: &str) -> Response {
    let found = route::find(&local.template.routes, parts.method.as_str(), parts.uri.path());
    let Some((route, path_parameters)) = found else {
        return message(StatusCode::NOT_FOUND, "Not Found");
    };
    if local.throttle.as_ref().is_some_and(|throttle| !throttle.admits(route, Instant::now())) {
        return message(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests");
    }
    let authorizer = match (&route.access, &local.authorizer) {
        (Access::Open, _) | (_, None) => None,
        (Access::Token { scopes }, Some(authorizer)) => match authorizer.check(&parts.headers, scopes) {
            Ok(context) => Some(context),
            Err(refusal) => return refused(&refusal),
        },
    };
    let Ok(body) = axum::body::to_bytes(body, LARGEST).await else {
        return message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
    };
    let event =
        event::event(&Arrived { parts, body: &body, peer, route, path_parameters, authorizer, request_id }).to_string();
    let call = local.host.invoke(&route.function, Bytes::from(event));
    match tokio::time::timeout(PATIENCE, call).await {
        Err(_) => message(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
        Ok(Ok(result)) => match response::response(&result) {
            Some(response) => response,
            None => failed(&route.function, &result),
        },
        Ok(Err(FunctionError::Failed(error))) => failed(&route.function, &error),
        Ok(Err(FunctionError::Unknown)) => failed(&route.function, b"there is no such function"),
    }
}

fn failed(function: &str, detail: &[u8]) -> Response {
    eprintln!("{function} failed: {}", String::from_utf8_lossy(detail));
    message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
}

fn refused(refusal: &Refusal) -> Response {
    let (status, text, challenge) = match refusal {
        Refusal::NoToken => (StatusCode::UNAUTHORIZED, "Unauthorized", "Bearer".to_owned()),
        Refusal::BadToken(why) => (
            StatusCode::UNAUTHORIZED,
            "Unauthorized",
            format!("Bearer scope=\"\" error=\"invalid_token\" error_description=\"{why}\""),
        ),
        Refusal::NoScope(wanted) => (
            StatusCode::FORBIDDEN,
            "Forbidden",
            format!("Bearer scope=\"{wanted}\" error=\"insufficient_scope\" error_description=\"\""),
        ),
    };
    let mut response = message(status, text);
    if let Ok(challenge) = HeaderValue::from_str(&challenge) {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}
