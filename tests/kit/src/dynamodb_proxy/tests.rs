//! The proxy in front of a service that answers with what it received.

use serde_json::Value;
use tokio::task::JoinSet;

use super::*;

async fn echo(request: Request) -> Response {
    let target = request.headers().get("x-amz-target").cloned();
    let signature = request.headers().get("authorization").cloned();
    let length = request.headers().get("content-length").cloned();
    let path = request.uri().to_string();
    let text = |it: Option<axum::http::HeaderValue>| it.and_then(|it| it.to_str().ok().map(str::to_owned));
    let body = axum::body::to_bytes(request.into_body(), MAX_BODY).await.expect("a body");
    let seen = json!({
        "path": path, "target": text(target), "signature": text(signature), "length": text(length),
        "body": String::from_utf8_lossy(&body),
    });
    let headers = [("x-amz-crc32", "7"), ("x-amzn-requestid", "id"), ("content-type", "application/x-amz-json-1.0")];
    (StatusCode::IM_A_TEAPOT, headers, seen.to_string()).into_response()
}

async fn start_echo(tasks: &mut JoinSet<()>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tasks.spawn(async move { axum::serve(listener, Router::new().fallback(echo)).await.expect("served") });
    format!("http://{address}")
}

#[tokio::test]
async fn proxy_forwards_calls_and_applies_rules() {
    let (_trigger, shutdown) = Shutdown::channel();
    let mut tasks = JoinSet::new();
    let target = start_echo(&mut tasks).await;
    let faults = Arc::new(Faults::new(outlay_local::Processes::default(), shutdown.clone()));
    let url = start(&target, &Arc::default(), &faults, shutdown).await.expect("a URL");
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

#[tokio::test]
async fn failure_has_the_error_code_of_dynamodb() {
    for (failure, status, code) in [
        (ServiceFailure::Throttled, 400, "ProvisionedThroughputExceededException"),
        (ServiceFailure::Denied, 400, "AccessDeniedException"),
        (ServiceFailure::Unavailable, 500, "InternalServerError"),
    ] {
        let response = failure_response(failure);
        let named = response.headers().get("x-amzn-errortype").map_or("", |it| it.to_str().expect("a text"));
        assert_eq!((response.status().as_u16(), named), (status, code));
    }
}
