//! The Lambda Runtime API. Each process has a base path of its own, which identifies it.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tokio::net::TcpListener;

use super::error::FunctionError;
use super::processes::Processes;
use crate::shutdown::Shutdown;

/// Size limit of a response on Lambda, bytes.
const MAX_RESPONSE: usize = 6 * 1024 * 1024;

/// Serves until the shutdown signal.
pub(super) async fn serve(listener: TcpListener, processes: Processes, shutdown: Shutdown) {
    let base = "/{process}/2018-06-01/runtime";
    let router = Router::new()
        .route(&format!("{base}/invocation/next"), get(next))
        .route(&format!("{base}/invocation/{{request}}/response"), post(response))
        .route(&format!("{base}/invocation/{{request}}/error"), post(error))
        .route(&format!("{base}/init/error"), post(init_error))
        .with_state(processes);
    if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(shutdown.wait()).await {
        eprintln!("the Runtime API ended: {error}");
    }
}

async fn next(State(processes): State<Processes>, Path(process_id): Path<String>) -> Response {
    let Some(process) = processes.get(&process_id) else {
        return rejected();
    };
    let event = process.next_event().await;
    let (request_id, payload, headers) = event.accept(&process);
    let headers = axum::response::AppendHeaders(headers);
    ([("lambda-runtime-aws-request-id", request_id)], headers, payload).into_response()
}

async fn response(
    State(processes): State<Processes>,
    Path((process_id, request)): Path<(String, String)>,
    body: Body,
) -> Response {
    let outcome = match axum::body::to_bytes(body, MAX_RESPONSE).await {
        Ok(payload) => Ok(payload),
        Err(_) => Err(FunctionError::new(
            "Function.ResponseSizeTooLarge",
            "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
        )),
    };
    answer(&processes, &process_id, &request, outcome)
}

async fn error(
    State(processes): State<Processes>,
    Path((process_id, request)): Path<(String, String)>,
    body: Bytes,
) -> Response {
    answer(&processes, &process_id, &request, Err(FunctionError::Failed(body)))
}

fn answer(processes: &Processes, process_id: &str, request: &str, outcome: Result<Bytes, FunctionError>) -> Response {
    match processes.get(process_id) {
        Some(process) if process.answer(request, outcome) => accepted(),
        _ => rejected(),
    }
}

async fn init_error(State(processes): State<Processes>, Path(process_id): Path<String>, body: Bytes) -> Response {
    let Some(process) = processes.get(&process_id) else {
        return rejected();
    };
    process.set_init_failed(body);
    accepted()
}

fn accepted() -> Response {
    (StatusCode::ACCEPTED, [("content-type", "application/json")], r#"{"status":"OK"}"#).into_response()
}

fn rejected() -> Response {
    let body = r#"{"errorMessage":"Unknown process or request","errorType":"InvalidRequestID"}"#;
    (StatusCode::FORBIDDEN, [("content-type", "application/json")], body).into_response()
}
