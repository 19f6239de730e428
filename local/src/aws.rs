//! What AWS's JSON protocols have in common: how a request names its operation, and how an error looks.

use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Map, Value};

/// The operation: `PutItem` of `X-Amz-Target: DynamoDB_20120810.PutItem`.
pub(crate) fn operation(headers: &HeaderMap) -> &str {
    let target = headers.get("x-amz-target").and_then(|it| it.to_str().ok()).unwrap_or_default();
    target.rsplit('.').next().unwrap_or_default()
}

/// An error of the given kind; one of the service itself is a 500, and the others are the caller's.
pub(crate) fn refused(content_type: &'static str, kind: &'static str, message: &str) -> Response {
    let internal = ["InternalServerError", "KMSInternalException"].contains(&kind);
    let status = if internal { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::BAD_REQUEST };
    let mut body = Map::from_iter([("__type".to_owned(), Value::from(kind))]);
    if !message.is_empty() {
        body.insert("message".to_owned(), message.into());
    }
    let headers = [("content-type", content_type), ("x-amzn-errortype", kind)];
    (status, headers, Value::Object(body).to_string()).into_response()
}
