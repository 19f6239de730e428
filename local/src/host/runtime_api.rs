//! The Lambda Runtime API. Each process has its own base path, so that the host knows who asks.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tokio::net::TcpListener;

use super::{FunctionError, Host};
use crate::stop::Stop;

/// The largest response that Lambda accepts.
const LARGEST: usize = 6 * 1024 * 1024;

/// Answers until the stop signal.
pub(super) async fn serve(listener: TcpListener, host: Host, stop: Stop) {
    let base = "/{token}/2018-06-01/runtime";
    let router = Router::new()
        .route(&format!("{base}/invocation/next"), get(next))
        .route(&format!("{base}/invocation/{{request}}/response"), post(response))
        .route(&format!("{base}/invocation/{{request}}/error"), post(error))
        .route(&format!("{base}/init/error"), post(initialisation_error))
        .with_state(host);
    if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(stop.wait()).await {
        eprintln!("the Runtime API ended: {error}");
    }
}

async fn next(State(host): State<Host>, Path(token): Path<String>) -> Response {
    let Some(process) = host.process(&token) else {
        return refused();
    };
    let event = process.next().await;
    let (request_id, payload, headers) = event.accept(&process);
    let headers = axum::response::AppendHeaders(headers);
    ([("lambda-runtime-aws-request-id", request_id)], headers, payload).into_response()
}

async fn response(State(host): State<Host>, Path((token, request)): Path<(String, String)>, body: Body) -> Response {
    let outcome = match axum::body::to_bytes(body, LARGEST).await {
        Ok(payload) => Ok(payload),
        Err(_) => Err(FunctionError::new(
            "Function.ResponseSizeTooLarge",
            "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
        )),
    };
    answer(&host, &token, &request, outcome)
}

async fn error(State(host): State<Host>, Path((token, request)): Path<(String, String)>, body: Bytes) -> Response {
    answer(&host, &token, &request, Err(FunctionError::Failed(body)))
}

fn answer(host: &Host, token: &str, request: &str, outcome: Result<Bytes, FunctionError>) -> Response {
    match host.process(token) {
        Some(process) if process.answer(request, outcome) => accepted(),
        _ => refused(),
    }
}

async fn initialisation_error(State(host): State<Host>, Path(token): Path<String>, body: Bytes) -> Response {
    let Some(process) = host.process(&token) else {
        return refused();
    };
    process.initialisation_failed(body);
    accepted()
}

fn accepted() -> Response {
    (StatusCode::ACCEPTED, [("content-type", "application/json")], r#"{"status":"OK"}"#).into_response()
}

fn refused() -> Response {
    let body = r#"{"errorMessage":"Unknown process or request","errorType":"InvalidRequestID"}"#;
    (StatusCode::FORBIDDEN, [("content-type", "application/json")], body).into_response()
}
