//! Lambda's Invoke API, for `cargo lambda invoke` and `aws lambda invoke`: any event, straight to a function.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use crate::host::FunctionError;
use crate::local::Local;

/// `POST /2015-03-31/functions/{function}/invocations`; the function's name or its logical id.
pub(crate) async fn invoke(
    State(local): State<Local>,
    Path(function): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(name) = local.host.find(&function).map(str::to_owned) else {
        return refused(StatusCode::NOT_FOUND, "ResourceNotFoundException", &format!("Function not found: {function}"));
    };
    let payload = if body.is_empty() { Bytes::from_static(b"{}") } else { body };
    if serde_json::from_slice::<serde::de::IgnoredAny>(&payload).is_err() {
        let message = "Could not parse request body into json";
        return refused(StatusCode::BAD_REQUEST, "InvalidRequestContentException", message);
    }
    match headers.get("x-amz-invocation-type").and_then(|it| it.to_str().ok()).unwrap_or("RequestResponse") {
        "RequestResponse" => answer(local.host.invoke(&name, payload).await),
        "Event" => {
            tokio::spawn(async move { local.host.invoke(&name, payload).await });
            StatusCode::ACCEPTED.into_response()
        }
        "DryRun" => StatusCode::NO_CONTENT.into_response(),
        other => {
            let message = format!("{other} is not an invocation type");
            refused(StatusCode::BAD_REQUEST, "InvalidParameterValueException", &message)
        }
    }
}

fn answer(result: Result<Bytes, FunctionError>) -> Response {
    let version = [("content-type", "application/json"), ("x-amz-executed-version", "$LATEST")];
    match result {
        Ok(payload) => (version, payload).into_response(),
        Err(FunctionError::Failed(error)) => (version, [("x-amz-function-error", "Unhandled")], error).into_response(),
        Err(FunctionError::Unknown) => {
            refused(StatusCode::NOT_FOUND, "ResourceNotFoundException", "Function not found")
        }
    }
}

fn refused(status: StatusCode, kind: &str, message: &str) -> Response {
    let body = json!({ "Type": "User", "Message": message }).to_string();
    let headers = [("content-type", "application/json"), ("x-amzn-errortype", kind)];
    (status, headers, body).into_response()
}
