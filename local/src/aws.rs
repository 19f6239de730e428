//! What AWS's protocols have in common: who signs a request, how it names its operation, and how an error looks. Each function
//! process signs with an access key of its own, so that a service knows who calls.

use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Map, Value};

/// The access key of whoever is no function: of tests, and of the tools of whoever runs the stack.
const ACCESS_KEY: &str = "local";
/// The secret of every access key.
pub(crate) const SECRET: &str = "local";

/// The access key of one process of a function.
pub(crate) fn access_key(function: &str, process: &str) -> String {
    format!("{ACCESS_KEY}.{function}.{process}")
}

/// Whether this is an access key of the stack.
pub(crate) fn is_access_key(key: &str) -> bool {
    key == ACCESS_KEY || parse(key).is_some()
}

/// The function and the process that signed a request, by its headers. Who follows a link that a function has signed is not that
/// function.
pub(crate) fn caller(headers: &HeaderMap) -> Option<(&str, &str)> {
    let (_, credential) = headers.get("authorization")?.to_str().ok()?.split_once("Credential=")?;
    parse(credential.split('/').next()?)
}

fn parse(key: &str) -> Option<(&str, &str)> {
    key.strip_prefix(ACCESS_KEY)?.strip_prefix('.')?.split_once('.')
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_says_which_process_calls() {
        let caller = |authorization: String| {
            let mut headers = HeaderMap::new();
            headers.insert("authorization", authorization.parse().expect("a header value"));
            caller(&headers).map(|(function, process)| format!("{function} {process}"))
        };
        let signed = |key: &str| {
            format!(
                "AWS4-HMAC-SHA256 Credential={key}/20260504/eu-central-1/s3/aws4_request, SignedHeaders=host, Signature=0"
            )
        };
        assert_eq!(caller(signed(&access_key("things", "p-1"))).as_deref(), Some("things p-1"));
        assert_eq!(caller(signed("local")), None);
        assert_eq!(caller("Bearer x".to_owned()), None);
        assert_eq!(["local", "local.a.b", "local.a", "AKIA", ""].map(is_access_key), [true, true, false, false, false]);
    }
}
