//! A proxy in front of the embedded DynamoDB for the calls of functions: it enforces their rights and applies the fault
//! rules. Calls of the stack and of tests do not pass it. Forwards method, headers and body unchanged, in both
//! directions.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use outlay_local::{CallingProcess, Service, ServiceCall, ServiceFailure, Shutdown, StackError, TableRights};
use serde_json::json;
use tokio::net::TcpListener;

use crate::faults::Faults;

/// Size limit of a request to DynamoDB, bytes.
const MAX_BODY: usize = 16 * 1024 * 1024;

#[derive(Clone)]
struct Proxy {
    rights: Arc<TableRights>,
    faults: Arc<Faults>,
    client: reqwest::Client,
    target: Arc<str>,
}

/// Starts the proxy; returns its URL.
pub(crate) async fn start(
    target: &str,
    rights: &Arc<TableRights>,
    faults: &Arc<Faults>,
    shutdown: Shutdown,
) -> Result<String, StackError> {
    let failed = |reason| StackError::Listen { port: 0, reason };
    let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build();
    let client = client.map_err(|error| failed(std::io::Error::other(error)))?;
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let proxy = Proxy { rights: Arc::clone(rights), faults: Arc::clone(faults), client, target: target.into() };
    let router = Router::new().fallback(handle).with_state(proxy);
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(shutdown.wait()).await {
            eprintln!("the proxy of the embedded DynamoDB ended: {error}");
        }
    });
    Ok(format!("http://{address}"))
}

async fn handle(State(proxy): State<Proxy>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, MAX_BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let headers = parts.headers.clone();
    let path = parts.uri.path_and_query().map_or("/", |it| it.as_str());
    let forwarded = proxy
        .client
        .request(parts.method, format!("{}{path}", proxy.target))
        .headers(without_connection_headers(parts.headers))
        .body(body.clone());
    let carry_out = async {
        forward(forwarded).await.unwrap_or_else(|error| (StatusCode::BAD_GATEWAY, error.to_string()).into_response())
    };
    // `PutItem` of `DynamoDB_20120810.PutItem`.
    let target = headers.get("x-amz-target").and_then(|it| it.to_str().ok()).unwrap_or_default();
    let operation = target.rsplit('.').next().unwrap_or_default();
    let text = || body.to_vec();
    let caller = CallingProcess::from_headers(&headers);
    if let Err(denial) = check_rights(&proxy.rights, caller, operation, &body) {
        eprintln!("{denial}");
        return error_response(StatusCode::BAD_REQUEST, "AccessDeniedException", &denial);
    }
    let call = ServiceCall { service: Service::DynamoDb, operation, caller, text: &text };
    proxy.faults.intercept(&call, carry_out).await.unwrap_or_else(failure_response)
}

/// Judges a call of a function. Other callers may do everything.
fn check_rights(
    rights: &TableRights,
    caller: Option<CallingProcess<'_>>,
    operation: &str,
    body: &[u8],
) -> Result<(), String> {
    let Some(caller) = caller else { return Ok(()) };
    let request = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    rights.check(caller.function, operation, &request)
}

/// Makes the error of DynamoDB for a failure.
fn failure_response(failure: ServiceFailure) -> Response {
    let (status, code) = match failure {
        ServiceFailure::Throttled => (StatusCode::BAD_REQUEST, "ProvisionedThroughputExceededException"),
        ServiceFailure::Denied => (StatusCode::BAD_REQUEST, "AccessDeniedException"),
        ServiceFailure::Unavailable => (StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError"),
    };
    error_response(status, code, ServiceFailure::MESSAGE)
}

fn error_response(status: StatusCode, code: &'static str, message: &str) -> Response {
    let headers = [("content-type", "application/x-amz-json-1.0"), ("x-amzn-errortype", code)];
    (status, headers, json!({ "__type": code, "message": message }).to_string()).into_response()
}

async fn forward(request: reqwest::RequestBuilder) -> Result<Response, reqwest::Error> {
    let answer = request.send().await?;
    let (status, headers) = (answer.status(), answer.headers().clone());
    let body: Bytes = answer.bytes().await?;
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    *response.headers_mut() = without_connection_headers(headers);
    Ok(response)
}

/// Removes the headers of one connection; the next connection sets its own.
fn without_connection_headers(mut headers: HeaderMap) -> HeaderMap {
    for name in [header::HOST, header::CONNECTION, header::CONTENT_LENGTH, header::TRANSFER_ENCODING] {
        headers.remove(name);
    }
    headers
}
