//! Simulates API Gateway's HTTP API: routes, authorizes and throttles requests, calls functions and returns their
//! responses. All rules come from the template; it knows nothing of the product.

mod authorizer;
mod event;
mod response;
mod route;
mod throttle;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderValue, StatusCode, header, request::Parts};
use axum::response::Response;

use crate::cors;
use crate::lambda::FunctionPool;
use crate::system;
use crate::template::{Access, Cors, Route};
use authorizer::AuthError;
pub(crate) use authorizer::Authorizer;
use event::GatewayRequest;
use response::message_response;
pub(crate) use throttle::Throttle;

/// Size limit of a request body on API Gateway, bytes.
const MAX_BODY: usize = 10 * 1024 * 1024;
/// Time limit of an integration on API Gateway.
const INTEGRATION_TIMEOUT: Duration = Duration::from_secs(30);

/// The HTTP API.
pub(crate) struct Gateway {
    pub(crate) routes: Vec<Route>,
    pub(crate) cors: Option<Cors>,
    /// `None` lets every request pass without a token.
    pub(crate) authorizer: Option<Authorizer>,
    /// `None` for no throttling.
    pub(crate) throttle: Option<Throttle>,
    pub(crate) functions: FunctionPool,
}

/// Makes a router whose fallback is the HTTP API.
pub(crate) fn router(gateway: Gateway) -> Router {
    Router::new().fallback(handle).with_state(Arc::new(gateway))
}

async fn handle(
    State(gateway): State<Arc<Gateway>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let request_id = system::uuid();
    let mut response = route_request(&gateway, peer, &parts, body, &request_id).await;
    if let Ok(id) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert("apigw-requestid", id);
    }
    response
}

async fn route_request(gateway: &Gateway, peer: SocketAddr, parts: &Parts, body: Body, request_id: &str) -> Response {
    let cors = gateway.cors.as_ref();
    let found = route::find(&gateway.routes, parts.method.as_str(), parts.uri.path());
    let Some((route, path_parameters)) = found else {
        // A route that takes `OPTIONS`, such as `$default`, also takes preflights.
        let preflight = cors::preflight(cors, &parts.method, &parts.headers);
        return preflight.unwrap_or_else(|| message_response(StatusCode::NOT_FOUND, "Not Found"));
    };
    if gateway.throttle.as_ref().is_some_and(|throttle| !throttle.admit(route, Instant::now())) {
        return message_response(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests");
    }
    let authorizer = match (&route.access, &gateway.authorizer) {
        (Access::Open, _) | (_, None) => None,
        (Access::Token { scopes }, Some(authorizer)) => match authorizer.check(&parts.headers, scopes) {
            Ok(context) => Some(context),
            Err(error) => return auth_error_response(&error),
        },
    };
    let Ok(body) = axum::body::to_bytes(body, MAX_BODY).await else {
        return message_response(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
    };
    let event =
        event::event(&GatewayRequest { parts, body: &body, peer, route, path_parameters, authorizer, request_id })
            .to_string();
    let call = gateway.functions.invoke(&route.function, Bytes::from(event));
    match tokio::time::timeout(INTEGRATION_TIMEOUT, call).await {
        Err(_) => message_response(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
        Ok(Ok(result)) => match response::response(&result) {
            Some(mut response) => {
                cors::apply(cors, &parts.method, &parts.headers, response.headers_mut());
                response
            }
            None => integration_error(&route.function, &result),
        },
        Ok(Err(error)) => integration_error(&route.function, &error.into_payload()),
    }
}

fn integration_error(function: &str, detail: &[u8]) -> Response {
    eprintln!("{function} failed: {}", String::from_utf8_lossy(detail));
    message_response(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
}

fn auth_error_response(error: &AuthError) -> Response {
    let (status, text, challenge) = match error {
        AuthError::MissingToken => (StatusCode::UNAUTHORIZED, "Unauthorized", "Bearer".to_owned()),
        AuthError::InvalidToken(reason) => (
            StatusCode::UNAUTHORIZED,
            "Unauthorized",
            format!("Bearer scope=\"\" error=\"invalid_token\" error_description=\"{reason}\""),
        ),
        AuthError::InsufficientScope(scopes) => (
            StatusCode::FORBIDDEN,
            "Forbidden",
            format!("Bearer scope=\"{scopes}\" error=\"insufficient_scope\" error_description=\"\""),
        ),
    };
    let mut response = message_response(status, text);
    if let Ok(challenge) = HeaderValue::from_str(&challenge) {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}
