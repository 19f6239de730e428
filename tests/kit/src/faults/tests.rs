//! Matching of rules, and their effects.

use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Waker};

use axum::response::IntoResponse as _;
use outlay_local::CallingProcess;
use serde_json::{Value, json};

use super::*;

fn faults(rules: &[Value]) -> Faults {
    let (_trigger, shutdown) = Shutdown::channel();
    let faults = Faults::new(Processes::default(), shutdown);
    *faults.rules() = rules.iter().map(|it| serde_json::from_value(it.clone()).expect("a rule")).collect();
    faults
}

fn call(service: Service, operation: &str) -> ServiceCall<'_> {
    ServiceCall { service, operation, caller: None, text: &Vec::new }
}

fn find(faults: &Faults, service: Service, operation: &str, body: &[u8]) -> Option<Fault> {
    faults.find(&ServiceCall { text: &|| body.to_vec(), ..call(service, operation) })
}

fn hits(faults: &Faults) -> Vec<u64> {
    faults.rules().iter().map(|rule| rule.hits).collect()
}

#[test]
fn rule_matches_service_operation_and_text() {
    let rule = json!({ "service": "dynamodb", "operation": "GetItem", "containing": "org_1", "fault": "refuse" });
    let faults = faults(&[rule]);
    let body = br#"{"Key":"org_1"}"#;
    assert_eq!(find(&faults, Service::DynamoDb, "GetItem", body), Some(Fault::Refuse));
    assert_eq!(find(&faults, Service::Kms, "GetItem", body), None);
    assert_eq!(find(&faults, Service::DynamoDb, "PutItem", body), None);
    assert_eq!(find(&faults, Service::DynamoDb, "GetItem", b"{}"), None);
    assert_eq!(hits(&faults), [1]);
}

#[test]
fn first_unused_rule_applies_and_counting_continues() {
    let faults = faults(&[
        json!({ "service": "kms", "fault": "count" }),
        json!({ "service": "kms", "fault": "throttle", "times": 2 }),
        json!({ "service": "kms", "fault": "unavailable", "times": 1 }),
        json!({ "service": "kms", "fault": "count", "times": 9 }),
    ]);
    let found: Vec<_> = (0..4).map(|_| find(&faults, Service::Kms, "Encrypt", b"")).collect();
    assert_eq!(found, [Some(Fault::Throttle), Some(Fault::Throttle), Some(Fault::Unavailable), None]);
    assert_eq!(hits(&faults), [4, 2, 1, 1]);
}

#[test]
fn invalid_rule_is_rejected() {
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
async fn call_is_carried_out_unless_the_fault_replaces_it() {
    for (fault, failure, times) in [
        ("throttle", Some(ServiceFailure::Throttled), 0),
        ("refuse", Some(ServiceFailure::Denied), 0),
        ("unavailable", Some(ServiceFailure::Unavailable), 0),
        ("lose_answer", Some(ServiceFailure::Unavailable), 1),
        // No process to kill: an internal error.
        ("kill_before", Some(ServiceFailure::Unavailable), 0),
        ("count", None, 1),
    ] {
        let faults = faults(&[json!({ "service": "dynamodb", "fault": fault })]);
        let carried_out = AtomicU32::new(0);
        let carry_out = async {
            carried_out.fetch_add(1, Ordering::Relaxed);
            ().into_response()
        };
        let result = faults.intercept(&call(Service::DynamoDb, "PutItem"), carry_out).await;
        assert_eq!(result.err(), failure, "{fault}");
        assert_eq!(carried_out.load(Ordering::Relaxed), times, "{fault}");
    }
}

#[tokio::test]
async fn hanging_call_ends_at_shutdown() {
    let (trigger, shutdown) = Shutdown::channel();
    let faults = Faults::new(Processes::default(), shutdown);
    faults.rules().push(serde_json::from_value(json!({ "service": "kms", "fault": "hang" })).expect("a rule"));
    let call = call(Service::Kms, "Encrypt");
    let hanging = faults.intercept(&call, async { ().into_response() });
    tokio::pin!(hanging);
    let mut context = Context::from_waker(Waker::noop());
    assert!(hanging.as_mut().poll(&mut context).is_pending());
    drop(trigger);
    assert_eq!(hanging.await.err(), Some(ServiceFailure::Unavailable));
}

#[test]
fn rule_of_a_function_matches_only_its_calls() {
    let faults = faults(&[json!({ "service": "ses", "fault": "throttle", "function": "things" })]);
    let callers = [None, Some("others"), Some("things")];
    let found = callers.map(|function| {
        let caller = function.map(|function| CallingProcess { function, process: "p" });
        faults.find(&ServiceCall { caller, ..call(Service::Ses, "SendRawEmail") })
    });
    assert_eq!(found, [None, None, Some(Fault::Throttle)]);
}

#[test]
fn same_seed_chooses_the_same_calls() {
    let drawn = |rule: &Value| {
        let faults = faults(std::slice::from_ref(rule));
        (0..1000).map(|_| find(&faults, Service::S3, "GetObject", b"").is_some()).collect::<Vec<_>>()
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
