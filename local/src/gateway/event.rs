//! Turns a request into the event of an HTTP API (payload format 2.0).

use std::collections::BTreeMap;
use std::net::SocketAddr;

use axum::body::Bytes;
use axum::extract::Query;
use axum::http::{HeaderMap, request::Parts};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use crate::system;
use crate::template::{ACCOUNT, Route};

/// Headers of one connection, which are not forwarded.
const CONNECTION_HEADERS: [&str; 5] = ["connection", "keep-alive", "transfer-encoding", "upgrade", "te"];

/// A routed and authorized request.
pub(super) struct GatewayRequest<'a> {
    pub(super) parts: &'a Parts,
    pub(super) body: &'a Bytes,
    pub(super) peer: SocketAddr,
    pub(super) route: &'a Route,
    pub(super) path_parameters: BTreeMap<String, String>,
    /// `requestContext.authorizer`; `None` for a request without authorizer.
    pub(super) authorizer: Option<Value>,
    pub(super) request_id: &'a str,
}

/// Makes the event. Empty members are absent, as on API Gateway.
pub(super) fn event(request: &GatewayRequest<'_>) -> Value {
    let uri = &request.parts.uri;
    let route_key = request.route.key();
    let (body, encoded) = body(&request.parts.headers, request.body);
    let mut event = Map::new();
    event.insert("version".to_owned(), "2.0".into());
    event.insert("routeKey".to_owned(), route_key.clone().into());
    event.insert("rawPath".to_owned(), uri.path().into());
    event.insert("rawQueryString".to_owned(), uri.query().unwrap_or_default().into());
    let cookies = cookies(&request.parts.headers);
    if !cookies.is_empty() {
        event.insert("cookies".to_owned(), cookies.into());
    }
    event.insert("headers".to_owned(), json!(headers(request)));
    let query = query(request.parts);
    if !query.is_empty() {
        event.insert("queryStringParameters".to_owned(), json!(query));
    }
    event.insert("requestContext".to_owned(), context(request, &route_key));
    if !request.path_parameters.is_empty() {
        event.insert("pathParameters".to_owned(), json!(request.path_parameters));
    }
    if let Some(body) = body {
        event.insert("body".to_owned(), body.into());
    }
    event.insert("isBase64Encoded".to_owned(), encoded.into());
    Value::Object(event)
}

fn context(request: &GatewayRequest<'_>, route_key: &str) -> Value {
    let now = system::now();
    let header = |name: &str| request.parts.headers.get(name).and_then(|it| it.to_str().ok());
    let mut context = json!({
        "accountId": ACCOUNT,
        "apiId": "local",
        "domainName": header("host").unwrap_or("localhost"),
        "domainPrefix": "local",
        "http": {
            "method": request.parts.method.as_str(),
            "path": request.parts.uri.path(),
            "protocol": format!("{:?}", request.parts.version),
            "sourceIp": request.peer.ip().to_string(),
            "userAgent": header("user-agent").unwrap_or_default(),
        },
        "requestId": request.request_id,
        "routeKey": route_key,
        "stage": "$default",
        "time": now.to_zoned(TimeZone::UTC).strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
        "timeEpoch": now.as_millisecond(),
    });
    if let (Some(members), Some(authorizer)) = (context.as_object_mut(), &request.authorizer) {
        members.insert("authorizer".to_owned(), authorizer.clone());
    }
    context
}

/// Returns headers with names in lower case, repeated values joined by commas, and those that API Gateway adds.
fn headers(request: &GatewayRequest<'_>) -> BTreeMap<String, String> {
    let mut headers: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in &request.parts.headers {
        let name = name.as_str();
        if name == "cookie" || CONNECTION_HEADERS.contains(&name) {
            continue;
        }
        let value = String::from_utf8_lossy(value.as_bytes());
        match headers.get_mut(name) {
            Some(joined) => {
                joined.push(',');
                joined.push_str(&value);
            }
            None => {
                headers.insert(name.to_owned(), value.into_owned());
            }
        }
    }
    let port = headers.get("host").and_then(|host| host.rsplit_once(':')).map_or("80", |(_, port)| port).to_owned();
    headers.insert("x-forwarded-for".to_owned(), request.peer.ip().to_string());
    headers.insert("x-forwarded-port".to_owned(), port);
    headers.insert("x-forwarded-proto".to_owned(), "http".to_owned());
    headers
}

fn cookies(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all("cookie").iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(';')).map(|it| it.trim().to_owned()).filter(|it| !it.is_empty()).collect()
}

fn query(parts: &Parts) -> BTreeMap<String, String> {
    let mut query: BTreeMap<String, String> = BTreeMap::new();
    let pairs = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri).map(|Query(pairs)| pairs).unwrap_or_default();
    for (name, value) in pairs {
        match query.get_mut(&name) {
            Some(joined) => {
                joined.push(',');
                joined.push_str(&value);
            }
            None => {
                query.insert(name, value);
            }
        }
    }
    query
}

/// Returns the body, and true when it is in base64: all that is not valid text of a text type.
fn body(headers: &HeaderMap, body: &Bytes) -> (Option<String>, bool) {
    if body.is_empty() {
        return (None, false);
    }
    let kind = headers.get("content-type").and_then(|it| it.to_str().ok()).unwrap_or("text/plain");
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_text = kind.starts_with("text/")
        || ["application/json", "application/javascript", "application/xml"].contains(&kind.as_str())
        || kind.ends_with("+json")
        || kind.ends_with("+xml");
    match std::str::from_utf8(body) {
        Ok(text) if is_text => (Some(text.to_owned()), false),
        _ => (Some(STANDARD.encode(body)), true),
    }
}
