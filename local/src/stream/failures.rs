//! Records that could not be delivered, kept whole as Lambda keeps them in a bucket, and played again on request, as whoever
//! operates the product does once the cause is gone.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use serde_json::{Value, json};

use super::batch::reported;
use super::number;
use crate::host::{FunctionError, Host};
use crate::local::Local;
use crate::store::Store;
use crate::system;
use crate::template::StreamSource;

/// The name and the document of a record that a function was given in vain.
pub(super) fn failure(function: &str, record: &Value, reason: &[u8]) -> (String, Value) {
    let document = json!({
        "function": function,
        "failed_at": format!("{:.3}", system::now()),
        "reason": String::from_utf8_lossy(reason),
        "record": record,
    });
    (format!("{}.{function}", number(record)), document)
}

/// `GET /_local/failures`: the records that were put aside, the oldest first.
pub(crate) async fn list(State(local): State<Local>) -> Json<Value> {
    Json(json!({ "items": local.failures.all() }))
}

/// `POST /_local/failures/redrive`: gives each record to its function again, the oldest first and one by one. Those that it takes
/// are no failures any more.
pub(crate) async fn redrive(State(local): State<Local>) -> Json<Value> {
    let (mut redriven, mut failed) = (0_u32, 0_u32);
    for document in local.failures.all() {
        if again(&local.failures, &local.host, &local.template.streams, &document).await {
            redriven = redriven.saturating_add(1);
        } else {
            failed = failed.saturating_add(1);
        }
    }
    Json(json!({ "redriven": redriven, "failed": failed }))
}

/// Whether the function took it this time.
async fn again(failures: &Store, host: &Host, streams: &[StreamSource], document: &Value) -> bool {
    let function = document.get("function").and_then(Value::as_str).unwrap_or_default();
    let record = document.get("record").unwrap_or(&Value::Null);
    let payload = json!({ "Records": [record] }).to_string();
    let result = host.invoke(function, Bytes::from(payload)).await;
    let reports = streams.iter().any(|it| it.function == function && it.reports_failures);
    let reason = match result {
        Ok(response) if !reports || reported(&response).is_some_and(|it| it.is_empty()) => {
            let name = format!("{}.{function}", number(record));
            return match failures.remove(&name).await {
                Ok(()) => true,
                Err(error) => {
                    eprintln!("the record {name} was taken, and cannot be removed from the failures: {error}");
                    false
                }
            };
        }
        Ok(response) => response,
        Err(FunctionError::Failed(error)) => error,
        Err(FunctionError::Unknown) => Bytes::from_static(b"there is no such function"),
    };
    let (name, document) = failure(function, record, &reason);
    if let Err(error) = failures.put(&name, document).await {
        eprintln!("the record {name} keeps its old reason: {error}");
    }
    false
}
