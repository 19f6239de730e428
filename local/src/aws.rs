//! Common parts of the AWS protocols: the access keys of callers, the operation of a request, and JSON errors. Each
//! function process signs with an access key of its own, so that a service knows its caller.

use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Map, Value};

/// Access key of callers that are no functions: tests and tools.
const ACCESS_KEY: &str = "local";
/// Secret of every access key.
pub(crate) const SECRET: &str = "local";

/// The function process that made a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallingProcess<'a> {
    /// Name of the function.
    pub function: &'a str,
    /// Identifier of the process.
    pub process: &'a str,
}

impl<'a> CallingProcess<'a> {
    /// Reads the caller from the signature in the headers. A presigned link has no such header: its user is not the
    /// function that signed it.
    #[must_use]
    pub fn from_headers(headers: &'a HeaderMap) -> Option<Self> {
        let (_, credential) = headers.get("authorization")?.to_str().ok()?.split_once("Credential=")?;
        Self::from_access_key(credential.split('/').next()?)
    }

    fn from_access_key(key: &'a str) -> Option<Self> {
        let (function, process) = key.strip_prefix(ACCESS_KEY)?.strip_prefix('.')?.split_once('.')?;
        Some(Self { function, process })
    }

    /// Returns the access key of the process.
    pub(crate) fn access_key(&self) -> String {
        format!("{ACCESS_KEY}.{}.{}", self.function, self.process)
    }
}

/// True for an access key of this stack.
pub(crate) fn is_access_key(key: &str) -> bool {
    key == ACCESS_KEY || CallingProcess::from_access_key(key).is_some()
}

/// Reads the operation: `PutItem` of `X-Amz-Target: DynamoDB_20120810.PutItem`.
pub(crate) fn operation(headers: &HeaderMap) -> &str {
    let target = headers.get("x-amz-target").and_then(|it| it.to_str().ok()).unwrap_or_default();
    target.rsplit('.').next().unwrap_or_default()
}

/// Makes an error of the JSON protocols.
pub(crate) fn json_error(
    status: StatusCode,
    content_type: &'static str,
    code: &'static str,
    message: &str,
) -> Response {
    let mut body = Map::from_iter([("__type".to_owned(), Value::from(code))]);
    if !message.is_empty() {
        body.insert("message".to_owned(), message.into());
    }
    let headers = [("content-type", content_type), ("x-amzn-errortype", code)];
    (status, headers, Value::Object(body).to_string()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signature_names_the_calling_process() {
        let caller = |authorization: String| {
            let mut headers = HeaderMap::new();
            headers.insert("authorization", authorization.parse().expect("a header value"));
            CallingProcess::from_headers(&headers).map(|it| format!("{} {}", it.function, it.process))
        };
        let signed = |key: &str| {
            format!(
                "AWS4-HMAC-SHA256 Credential={key}/20260504/eu-central-1/s3/aws4_request, SignedHeaders=host, Signature=0"
            )
        };
        let process = CallingProcess { function: "things", process: "p-1" };
        assert_eq!(caller(signed(&process.access_key())).as_deref(), Some("things p-1"));
        assert_eq!(caller(signed("local")), None);
        assert_eq!(caller("Bearer x".to_owned()), None);
        assert_eq!(["local", "local.a.b", "local.a", "AKIA", ""].map(is_access_key), [true, true, false, false, false]);
    }
}
