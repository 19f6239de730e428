//! Turns the result of a function into the response of an HTTP API (payload format 2.0).

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};

/// Makes the response; `None` if API Gateway does not accept the result.
pub(super) fn response(result: &Bytes) -> Option<Response> {
    let result: Value = serde_json::from_slice(result).ok()?;
    match &result {
        Value::Object(members) if members.contains_key("statusCode") => structured(members),
        // Any other value is the body.
        Value::String(text) => plain(text.clone()),
        other => plain(other.to_string()),
    }
}

/// Makes a response of the gateway itself.
pub(super) fn message_response(status: StatusCode, text: &str) -> Response {
    let mut response = Response::new(Body::from(serde_json::json!({ "message": text }).to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn plain(body: String) -> Option<Response> {
    Response::builder().header(header::CONTENT_TYPE, "application/json").body(Body::from(body)).ok()
}

fn structured(members: &Map<String, Value>) -> Option<Response> {
    let status = match members.get("statusCode")? {
        Value::Number(number) => u16::try_from(number.as_u64()?).ok()?,
        Value::String(text) => text.parse().ok()?,
        _ => return None,
    };
    let encoded = members.get("isBase64Encoded").and_then(Value::as_bool).unwrap_or(false);
    let body = match members.get("body") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(text)) if encoded => STANDARD.decode(text).ok()?,
        Some(Value::String(text)) => text.clone().into_bytes(),
        Some(other) => other.to_string().into_bytes(),
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).ok()?;
    let headers = response.headers_mut();
    for (name, value) in members.get("headers").and_then(Value::as_object).into_iter().flatten() {
        headers.insert(header_name(name)?, header_value(value)?);
    }
    for (name, values) in members.get("multiValueHeaders").and_then(Value::as_object).into_iter().flatten() {
        for value in values.as_array().into_iter().flatten() {
            headers.append(header_name(name)?, header_value(value)?);
        }
    }
    for cookie in members.get("cookies").and_then(Value::as_array).into_iter().flatten() {
        headers.append(header::SET_COOKIE, header_value(cookie)?);
    }
    headers.entry(header::CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
    // Set later, from the body that is sent.
    headers.remove(header::CONTENT_LENGTH);
    Some(response)
}

fn header_name(name: &str) -> Option<HeaderName> {
    HeaderName::from_bytes(name.as_bytes()).ok()
}

fn header_value(value: &Value) -> Option<HeaderValue> {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    HeaderValue::from_str(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn respond(result: &'static str) -> Option<(u16, Vec<(String, String)>, Vec<u8>)> {
        let response = response(&Bytes::from_static(result.as_bytes()))?;
        let status = response.status().as_u16();
        let text = |value: &HeaderValue| value.to_str().expect("a text").to_owned();
        let headers = response.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.expect("a body");
        Some((status, headers, body.to_vec()))
    }

    fn headers(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[tokio::test]
    async fn structured_result_sets_status_headers_and_body() {
        let result = r#"{"statusCode":201,"headers":{"etag":"\"1\"","Content-Type":"text/plain","content-length":"99"},
            "multiValueHeaders":{"link":["a","b"]},"cookies":["c=1"],"body":"aGk=","isBase64Encoded":true}"#;
        let (status, found, body) = respond(result).await.expect("a response");
        assert_eq!((status, body.as_slice()), (201, b"hi".as_slice()));
        let mut expected = headers(&[
            ("etag", "\"1\""),
            ("content-type", "text/plain"),
            ("link", "a"),
            ("link", "b"),
            ("set-cookie", "c=1"),
        ]);
        let mut found = found;
        expected.sort();
        found.sort();
        assert_eq!(found, expected);
    }

    #[tokio::test]
    async fn other_result_is_the_body() {
        let json = headers(&[("content-type", "application/json")]);
        assert_eq!(respond(r#"{"a":1}"#).await, Some((200, json.clone(), br#"{"a":1}"#.to_vec())));
        assert_eq!(respond(r#""hi""#).await, Some((200, json, b"hi".to_vec())));
    }

    #[tokio::test]
    async fn malformed_result_is_rejected() {
        for result in [
            "no JSON",
            r#"{"statusCode":"x"}"#,
            r#"{"statusCode":99}"#,
            r#"{"statusCode":200,"body":"%","isBase64Encoded":true}"#,
            r#"{"statusCode":200,"headers":{"a b":"c"}}"#,
        ] {
            assert_eq!(respond(result).await, None, "{result}");
        }
    }
}
