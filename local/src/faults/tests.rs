//! Which calls the rules are for, and what becomes of them.

use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Waker};

use serde_json::Value;

use super::*;
use crate::stop;

fn faults(rules: &[Value]) -> Faults {
    let (_stopper, stop) = stop::channel();
    let faults = Faults::new(&stop);
    *faults.rules() = rules.iter().map(|it| serde_json::from_value(it.clone()).expect("a rule")).collect();
    faults
}

fn meet(faults: &Faults, service: Service, operation: &str, body: &[u8]) -> Option<Fault> {
    meet_signed(faults, service, operation, body, "local")
}

fn meet_signed(faults: &Faults, service: Service, operation: &str, body: &[u8], key: &str) -> Option<Fault> {
    let mut headers = HeaderMap::new();
    let authorization = format!("AWS4-HMAC-SHA256 Credential={key}/20260504/eu-central-1/x/aws4_request");
    headers.insert("authorization", authorization.parse().expect("a header value"));
    faults.meet(&Call { service, operation, headers: &headers, text: &|| body.to_vec() })
}

fn call<'a>(service: Service, operation: &'a str, headers: &'a HeaderMap) -> Call<'a> {
    Call { service, operation, headers, text: &Vec::new }
}

fn hits(faults: &Faults) -> Vec<u64> {
    faults.rules().iter().map(|rule| rule.hits).collect()
}

#[test]
fn a_rule_is_for_its_service_operation_and_text() {
    let rule = json!({ "service": "dynamodb", "operation": "GetItem", "containing": "org_1", "fault": "refuse" });
    let faults = faults(&[rule]);
    let body = br#"{"Key":"org_1"}"#;
    assert_eq!(meet(&faults, Service::Dynamodb, "GetItem", body), Some(Fault::Refuse));
    assert_eq!(meet(&faults, Service::Kms, "GetItem", body), None);
    assert_eq!(meet(&faults, Service::Dynamodb, "PutItem", body), None);
    assert_eq!(meet(&faults, Service::Dynamodb, "GetItem", b"{}"), None);
    assert_eq!(hits(&faults), [1]);
}

#[test]
fn the_first_that_is_not_used_up_applies_and_counting_ends_nothing() {
    let faults = faults(&[
        json!({ "service": "kms", "fault": "count" }),
        json!({ "service": "kms", "fault": "throttle", "times": 2 }),
        json!({ "service": "kms", "fault": "unavailable", "times": 1 }),
        json!({ "service": "kms", "fault": "count", "times": 9 }),
    ]);
    let met: Vec<_> = (0..4).map(|_| meet(&faults, Service::Kms, "Encrypt", b"")).collect();
    assert_eq!(met, [Some(Fault::Throttle), Some(Fault::Throttle), Some(Fault::Unavailable), None]);
    assert_eq!(hits(&faults), [4, 2, 1, 1]);
}

#[test]
fn a_rule_with_a_slip_is_not_taken() {
    for rule in [
        json!({ "service": "sqs", "fault": "count" }),
        json!({ "service": "kms", "fault": "explode" }),
        json!({ "service": "kms", "fault": "count", "operations": "Encrypt" }),
        json!({ "service": "kms" }),
    ] {
        assert!(serde_json::from_value::<Rule>(rule.clone()).is_err(), "{rule}");
    }
}

#[tokio::test]
async fn a_call_is_carried_out_unless_the_fault_is_instead_of_it() {
    for (fault, status, kind, times) in [
        ("throttle", 400, "ProvisionedThroughputExceededException", 0),
        ("refuse", 400, "AccessDeniedException", 0),
        ("unavailable", 500, "InternalServerError", 0),
        ("lose_answer", 500, "InternalServerError", 1),
        ("count", 200, "", 1),
    ] {
        let faults = faults(&[json!({ "service": "dynamodb", "fault": fault })]);
        let (carried_out, headers) = (AtomicU32::new(0), HeaderMap::new());
        let carried_out_now = async {
            carried_out.fetch_add(1, Ordering::Relaxed);
            StatusCode::OK.into_response()
        };
        let response = between(Some(&faults), call(Service::Dynamodb, "PutItem", &headers), carried_out_now).await;
        let named = response.headers().get("x-amzn-errortype").map_or("", |it| it.to_str().expect("a text"));
        assert_eq!((response.status().as_u16(), named), (status, kind), "{fault}");
        assert_eq!(carried_out.load(Ordering::Relaxed), times, "{fault}");
    }
}

#[tokio::test]
async fn what_hangs_ends_with_the_stack() {
    let (stopper, stop) = stop::channel();
    let (faults, headers) = (Faults::new(&stop), HeaderMap::new());
    faults.rules().push(serde_json::from_value(json!({ "service": "kms", "fault": "hang" })).expect("a rule"));
    let carried_out_now = async { StatusCode::OK.into_response() };
    let hanging = between(Some(&faults), call(Service::Kms, "Encrypt", &headers), carried_out_now);
    tokio::pin!(hanging);
    let mut context = Context::from_waker(Waker::noop());
    assert!(hanging.as_mut().poll(&mut context).is_pending());
    stopper.stop();
    assert_eq!(hanging.await.status(), StatusCode::INTERNAL_SERVER_ERROR);
}

#[test]
fn a_rule_can_be_for_one_function_alone() {
    let faults = faults(&[json!({ "service": "ses", "fault": "throttle", "function": "things" })]);
    let met = ["local", "local.others.p", "local.things.p"]
        .map(|key| meet_signed(&faults, Service::Ses, "SendRawEmail", b"", key));
    assert_eq!(met, [None, None, Some(Fault::Throttle)]);
}

#[test]
fn chance_is_the_same_for_the_same_seed() {
    let drawn = |rule: &Value| {
        let faults = faults(std::slice::from_ref(rule));
        (0..1000).map(|_| meet(&faults, Service::S3, "GetObject", b"").is_some()).collect::<Vec<_>>()
    };
    let rule = json!({ "service": "s3", "fault": "throttle", "one_in": 4, "seed": 7 });
    let first = drawn(&rule);
    let count = first.iter().filter(|it| **it).count();
    assert!((200..300).contains(&count), "{count}");
    assert_eq!(drawn(&rule), first);
    assert_ne!(drawn(&json!({ "service": "s3", "fault": "throttle", "one_in": 4, "seed": 8 })), first);
    let three = json!({ "service": "s3", "fault": "throttle", "one_in": 4, "seed": 7, "times": 3 });
    assert_eq!(drawn(&three).iter().filter(|it| **it).count(), 3);
}

#[tokio::test]
async fn each_service_fails_in_its_own_words() {
    for (service, fault, status, word) in [
        ("s3", "throttle", 503, "SlowDown"),
        ("s3", "refuse", 403, "AccessDenied"),
        ("s3", "unavailable", 500, "InternalError"),
        ("ses", "throttle", 400, "Throttling"),
        ("ses", "refuse", 400, "MessageRejected"),
        ("ses", "lose_answer", 500, "InternalFailure"),
        // Nobody to end: it is an answer like another.
        ("ses", "kill_before", 500, "InternalFailure"),
    ] {
        let faults = faults(&[json!({ "service": service, "fault": fault })]);
        let kind = if service == "s3" { Service::S3 } else { Service::Ses };
        let headers = HeaderMap::new();
        let carried_out = async { StatusCode::OK.into_response() };
        let response = between(Some(&faults), call(kind, "X", &headers), carried_out).await;
        assert_eq!(response.status().as_u16(), status, "{service} {fault}");
        let body = axum::body::to_bytes(response.into_body(), 10_000).await.expect("a body");
        let code = format!("<Code>{word}</Code>");
        assert!(String::from_utf8_lossy(&body).contains(&code), "{service} {fault}");
    }
}
