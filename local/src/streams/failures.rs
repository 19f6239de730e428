//! Records that could not be delivered, as Lambda writes them to a failure destination, and their redrive.

use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::record::sequence_number;
use crate::document_store::DocumentStore;
use crate::lambda::{FunctionPool, reported_failures};
use crate::system;
use crate::template::StreamSource;

/// Makes the document of an undelivered record, and its name.
pub(super) fn failure(function: &str, record: &Value, reason: &[u8]) -> (String, Value) {
    let document = json!({
        "function": function,
        "failed_at": format!("{:.3}", system::now()),
        "reason": String::from_utf8_lossy(reason),
        "record": record,
    });
    (format!("{}.{function}", sequence_number(record)), document)
}

#[derive(Clone)]
struct FailuresState {
    failures: Arc<DocumentStore>,
    functions: FunctionPool,
    sources: Arc<[StreamSource]>,
}

/// Makes the routes of the undelivered records.
pub(crate) fn routes(failures: Arc<DocumentStore>, functions: FunctionPool, sources: &[StreamSource]) -> Router {
    let state = FailuresState { failures, functions, sources: sources.into() };
    Router::new()
        .route("/_local/failures", get(list_failures))
        .route("/_local/failures/redrive", post(redrive))
        .with_state(state)
}

/// `GET /_local/failures`: undelivered records, the oldest first.
async fn list_failures(State(state): State<FailuresState>) -> Json<Value> {
    Json(json!({ "items": state.failures.all() }))
}

/// `POST /_local/failures/redrive`: delivers each record to its function again, the oldest first, and deletes those
/// that succeed.
async fn redrive(State(state): State<FailuresState>) -> Json<Value> {
    let (mut redriven, mut failed) = (0_u32, 0_u32);
    for document in state.failures.all() {
        if redrive_record(&state, &document).await {
            redriven = redriven.saturating_add(1);
        } else {
            failed = failed.saturating_add(1);
        }
    }
    Json(json!({ "redriven": redriven, "failed": failed }))
}

/// Delivers a record again; true when the function processed it.
async fn redrive_record(state: &FailuresState, document: &Value) -> bool {
    let function = document.get("function").and_then(Value::as_str).unwrap_or_default();
    let record = document.get("record").unwrap_or(&Value::Null);
    let payload = json!({ "Records": [record] }).to_string();
    let result = state.functions.invoke(function, Bytes::from(payload)).await;
    let reports = state.sources.iter().any(|it| it.function == function && it.reports_failures);
    let reason = match result {
        Ok(response) if !reports || reported_failures(&response).is_some_and(|it| it.is_empty()) => {
            let name = format!("{}.{function}", sequence_number(record));
            return match state.failures.remove(&name).await {
                Ok(()) => true,
                Err(error) => {
                    eprintln!("the record {name} was processed, but cannot be removed from the failures: {error}");
                    false
                }
            };
        }
        Ok(response) => response,
        Err(error) => error.into_payload(),
    };
    let (name, document) = failure(function, record, &reason);
    if let Err(error) = state.failures.put(&name, document).await {
        eprintln!("the failure {name} cannot be updated: {error}");
    }
    false
}
