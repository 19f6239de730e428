//! Lambda's Invoke API, for `cargo lambda invoke` and `aws lambda invoke`: sends any event to a function.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use serde_json::json;

use super::error::FunctionError;
use super::function_pool::FunctionPool;

/// Makes the routes of the Invoke API.
pub(crate) fn routes(functions: FunctionPool) -> Router {
    Router::new().route("/2015-03-31/functions/{function}/invocations", post(invoke)).with_state(functions)
}

/// `POST /2015-03-31/functions/{function}/invocations`: invokes a function by its name or logical id.
async fn invoke(
    State(functions): State<FunctionPool>,
    Path(function): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(name) = functions.find(&function).map(str::to_owned) else {
        return error_response(
            StatusCode::NOT_FOUND,
            "ResourceNotFoundException",
            &format!("Function not found: {function}"),
        );
    };
    let payload = if body.is_empty() { Bytes::from_static(b"{}") } else { body };
    if serde_json::from_slice::<serde::de::IgnoredAny>(&payload).is_err() {
        let message = "Could not parse request body into json";
        return error_response(StatusCode::BAD_REQUEST, "InvalidRequestContentException", message);
    }
    match headers.get("x-amz-invocation-type").and_then(|it| it.to_str().ok()).unwrap_or("RequestResponse") {
        "RequestResponse" => respond(functions.invoke(&name, payload).await),
        "Event" => {
            tokio::spawn(async move { functions.invoke(&name, payload).await });
            StatusCode::ACCEPTED.into_response()
        }
        "DryRun" => StatusCode::NO_CONTENT.into_response(),
        other => {
            let message = format!("{other} is not an invocation type");
            error_response(StatusCode::BAD_REQUEST, "InvalidParameterValueException", &message)
        }
    }
}

fn respond(result: Result<Bytes, FunctionError>) -> Response {
    let version = [("content-type", "application/json"), ("x-amz-executed-version", "$LATEST")];
    match result {
        Ok(payload) => (version, payload).into_response(),
        Err(FunctionError::Failed(error)) => (version, [("x-amz-function-error", "Unhandled")], error).into_response(),
        Err(FunctionError::Unknown) => {
            error_response(StatusCode::NOT_FOUND, "ResourceNotFoundException", "Function not found")
        }
    }
}

fn error_response(status: StatusCode, kind: &str, message: &str) -> Response {
    let body = json!({ "Type": "User", "Message": message }).to_string();
    let headers = [("content-type", "application/json"), ("x-amzn-errortype", kind)];
    (status, headers, body).into_response()
}
