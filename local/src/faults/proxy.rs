//! Stands before the embedded DynamoDB with an address of its own, so that the functions' calls can be made to fail while
//! the stack's own and the tests' are not. Hands on what it is given: method, headers and body, and so the answer.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::{Call, Faults, Service, between};
use crate::stop::Stop;
use crate::{Error, aws};

/// The largest request that is read: DynamoDB's own limit.
const LARGEST: usize = 16 * 1024 * 1024;

#[derive(Clone)]
struct Proxy {
    faults: Arc<Faults>,
    client: reqwest::Client,
    target: Arc<str>,
}

/// Starts to answer; returns the address.
pub(crate) async fn start(
    target: &str,
    faults: &Arc<Faults>,
    stop: &Stop,
    tasks: &mut JoinSet<()>,
) -> Result<String, Error> {
    let failed = |reason| Error::Listen { port: 0, reason };
    let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build();
    let client = client.map_err(|error| failed(std::io::Error::other(error)))?;
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let proxy = Proxy { faults: Arc::clone(faults), client, target: target.into() };
    let router = Router::new().fallback(call).with_state(proxy);
    let stopped = stop.clone();
    tasks.spawn(async move {
        if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(stopped.wait()).await {
            eprintln!("the way to the embedded DynamoDB ended: {error}");
        }
    });
    Ok(format!("http://{address}"))
}

async fn call(State(proxy): State<Proxy>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, LARGEST).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let operation = aws::operation(&parts.headers).to_owned();
    let headers = parts.headers.clone();
    let path = parts.uri.path_and_query().map_or("/", |it| it.as_str());
    let handed_on = proxy
        .client
        .request(parts.method, format!("{}{path}", proxy.target))
        .headers(without_connection(parts.headers))
        .body(body.clone());
    let carried_out = async {
        answer(handed_on).await.unwrap_or_else(|error| (StatusCode::BAD_GATEWAY, error.to_string()).into_response())
    };
    let text = || body.to_vec();
    let call = Call { service: Service::Dynamodb, operation: &operation, headers: &headers, text: &text };
    between(Some(&proxy.faults), call, carried_out).await
}

async fn answer(request: reqwest::RequestBuilder) -> Result<Response, reqwest::Error> {
    let answer = request.send().await?;
    let (status, headers) = (answer.status(), answer.headers().clone());
    let body: Bytes = answer.bytes().await?;
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    *response.headers_mut() = without_connection(headers);
    Ok(response)
}

/// Without what concerns one connection; its own are added on the way.
fn without_connection(mut headers: HeaderMap) -> HeaderMap {
    for name in [header::HOST, header::CONNECTION, header::CONTENT_LENGTH, header::TRANSFER_ENCODING] {
        headers.remove(name);
    }
    headers
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::stop;

    /// A service that answers with what it was sent.
    async fn echo(request: Request) -> Response {
        let target = request.headers().get("x-amz-target").cloned();
        let signature = request.headers().get("authorization").cloned();
        let length = request.headers().get("content-length").cloned();
        let path = request.uri().to_string();
        let text = |it: Option<axum::http::HeaderValue>| it.and_then(|it| it.to_str().ok().map(str::to_owned));
        let body = axum::body::to_bytes(request.into_body(), LARGEST).await.expect("a body");
        let seen = json!({
            "path": path, "target": text(target), "signature": text(signature), "length": text(length),
            "body": String::from_utf8_lossy(&body),
        });
        let headers =
            [("x-amz-crc32", "7"), ("x-amzn-requestid", "id"), ("content-type", "application/x-amz-json-1.0")];
        (StatusCode::IM_A_TEAPOT, headers, seen.to_string()).into_response()
    }

    async fn service(tasks: &mut JoinSet<()>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        tasks.spawn(async move { axum::serve(listener, Router::new().fallback(echo)).await.expect("served") });
        format!("http://{address}")
    }

    #[tokio::test]
    async fn everything_is_handed_on_both_ways_and_rules_apply() {
        let (_stopper, stop) = stop::channel();
        let mut tasks = JoinSet::new();
        let target = service(&mut tasks).await;
        let faults = Arc::new(Faults::new(&stop));
        let url = start(&target, &faults, &stop, &mut tasks).await.expect("an address");
        let send = async |body: &'static str| {
            let request = reqwest::Client::builder().no_proxy().build().expect("a client").post(format!("{url}/a?b=c"));
            let request = request.header("X-Amz-Target", "DynamoDB_20120810.PutItem").header("Authorization", "signed");
            request.body(body).send().await.expect("an answer")
        };
        let answer = send("{\"a\":1}").await;
        let header = |name: &str| answer.headers().get(name).map_or("", |it| it.to_str().expect("a text"));
        let found = [header("x-amz-crc32"), header("x-amzn-requestid"), header("content-type")];
        assert_eq!((answer.status().as_u16(), found), (418, ["7", "id", "application/x-amz-json-1.0"]));
        let seen: Value = answer.json().await.expect("JSON");
        let target = "DynamoDB_20120810.PutItem";
        let expected =
            json!({ "path": "/a?b=c", "target": target, "signature": "signed", "length": "7", "body": "{\"a\":1}" });
        assert_eq!(seen, expected);
        let rule = json!({ "service": "dynamodb", "operation": "PutItem", "containing": "b", "fault": "throttle" });
        faults.rules().push(serde_json::from_value(rule).expect("a rule"));
        assert_eq!(send("{\"a\":1}").await.status(), 418);
        assert_eq!(send("{\"b\":1}").await.status(), 400);
    }
}
