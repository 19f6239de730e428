//! Faults on request: rules by which calls to a service fail, hang, lose their answer or are only counted, so that tests can
//! see what the functions make of it. Only in a stack for tests; must not change a call that no rule is for.

pub(crate) mod proxy;

use std::borrow::Cow;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::json;

use crate::local::Local;
use crate::stop::Stop;
use crate::{aws, system};

/// How long a hanging call takes.
const HANG: Duration = Duration::from_secs(30);

/// A service whose calls can be made to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Service {
    Dynamodb,
    Kms,
}

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Fault {
    Throttle,
    Unavailable,
    /// It is carried out, and the caller is told that it failed.
    LoseAnswer,
    Refuse,
    Hang,
    /// Nothing; it is counted, and later rules see it too.
    Count,
}

/// Which calls, and what becomes of them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    service: Service,
    /// Without it, every operation.
    operation: Option<String>,
    /// A text of the request's body, as it is sent; without it, every body. It keeps tests that run at the same time apart.
    containing: Option<String>,
    fault: Fault,
    /// How many calls; without it, all of them.
    times: Option<u64>,
    #[serde(skip, default = "system::uuid")]
    id: String,
    #[serde(skip)]
    hits: u64,
}

impl Rule {
    fn is_for(&self, service: Service, operation: &str, body: &str) -> bool {
        self.service == service
            && self.times.is_none_or(|times| self.hits < times)
            && self.operation.as_ref().is_none_or(|it| it == operation)
            && self.containing.as_ref().is_none_or(|it| body.contains(it.as_str()))
    }
}

/// The rules, in the order in which they came.
pub(crate) struct Faults {
    rules: Mutex<Vec<Rule>>,
    /// What hangs does not outlast the stack.
    stop: Stop,
}

impl Faults {
    pub(crate) fn new(stop: &Stop) -> Self {
        Self { rules: Mutex::default(), stop: stop.clone() }
    }

    fn rules(&self) -> MutexGuard<'_, Vec<Rule>> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the rules have for a call: that of the first that is for it. Rules that count are passed over.
    fn meet(&self, service: Service, operation: &str, body: &[u8]) -> Option<Fault> {
        let mut rules = self.rules();
        let body = if rules.is_empty() { Cow::default() } else { String::from_utf8_lossy(body) };
        for rule in rules.iter_mut().filter(|rule| rule.is_for(service, operation, &body)) {
            rule.hits = rule.hits.saturating_add(1);
            if rule.fault != Fault::Count {
                return Some(rule.fault);
            }
        }
        None
    }
}

/// Stands between a caller and a service: answers as the rules say, or lets the call be carried out.
pub(crate) async fn between(
    faults: Option<&Faults>,
    service: Service,
    operation: &str,
    body: &[u8],
    carried_out: impl Future<Output = Response>,
) -> Response {
    let met = faults.and_then(|faults| Some((faults.meet(service, operation, body)?, faults)));
    let Some((fault, faults)) = met else {
        return carried_out.await;
    };
    match fault {
        Fault::Count => carried_out.await,
        Fault::Throttle | Fault::Unavailable | Fault::Refuse => failure(service, fault),
        Fault::LoseAnswer => {
            let _lost = carried_out.await;
            failure(service, Fault::Unavailable)
        }
        Fault::Hang => match faults.stop.clone().race(tokio::time::sleep(HANG)).await {
            Some(()) => carried_out.await,
            None => failure(service, Fault::Unavailable),
        },
    }
}

fn failure(service: Service, fault: Fault) -> Response {
    let content_type = match service {
        Service::Dynamodb => "application/x-amz-json-1.0",
        Service::Kms => "application/x-amz-json-1.1",
    };
    let kind = match (service, fault) {
        (Service::Dynamodb, Fault::Throttle) => "ProvisionedThroughputExceededException",
        (Service::Dynamodb, Fault::Refuse) => "AccessDeniedException",
        (Service::Dynamodb, _) => "InternalServerError",
        (Service::Kms, Fault::Throttle) => "ThrottlingException",
        (Service::Kms, Fault::Refuse) => "DisabledException",
        (Service::Kms, _) => "KMSInternalException",
    };
    aws::refused(content_type, kind, "made to fail by a rule of /_local/faults")
}

/// `POST /_local/faults`
pub(crate) async fn add(State(local): State<Local>, body: Bytes) -> Response {
    let Some(faults) = &local.faults else { return missing() };
    match serde_json::from_slice::<Rule>(&body) {
        Ok(rule) => {
            let answer = Json(json!({ "id": rule.id })).into_response();
            faults.rules().push(rule);
            answer
        }
        Err(error) => (StatusCode::BAD_REQUEST, Json(json!({ "message": error.to_string() }))).into_response(),
    }
}

/// `GET /_local/faults/{id}`: how many calls a rule was for.
pub(crate) async fn hits(State(local): State<Local>, Path(id): Path<String>) -> Response {
    let Some(faults) = &local.faults else { return missing() };
    let hits = faults.rules().iter().find(|rule| rule.id == id).map(|rule| rule.hits);
    hits.map_or_else(missing, |hits| Json(json!({ "hits": hits })).into_response())
}

/// `DELETE /_local/faults/{id}`: ends a rule, and says how many calls it was for.
pub(crate) async fn remove(State(local): State<Local>, Path(id): Path<String>) -> Response {
    let Some(faults) = &local.faults else { return missing() };
    let mut rules = faults.rules();
    let removed = rules.iter().position(|rule| rule.id == id).map(|position| rules.remove(position));
    removed.map_or_else(missing, |rule| Json(json!({ "hits": rule.hits })).into_response())
}

fn missing() -> Response {
    (StatusCode::NOT_FOUND, Json(json!({ "message": "there is no such rule" }))).into_response()
}

#[cfg(test)]
mod tests {
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

    fn hits(faults: &Faults) -> Vec<u64> {
        faults.rules().iter().map(|rule| rule.hits).collect()
    }

    #[test]
    fn a_rule_is_for_its_service_operation_and_text() {
        let rule = json!({ "service": "dynamodb", "operation": "GetItem", "containing": "org_1", "fault": "refuse" });
        let faults = faults(&[rule]);
        let body = br#"{"Key":"org_1"}"#;
        assert_eq!(faults.meet(Service::Dynamodb, "GetItem", body), Some(Fault::Refuse));
        assert_eq!(faults.meet(Service::Kms, "GetItem", body), None);
        assert_eq!(faults.meet(Service::Dynamodb, "PutItem", body), None);
        assert_eq!(faults.meet(Service::Dynamodb, "GetItem", b"{}"), None);
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
        let met: Vec<_> = (0..4).map(|_| faults.meet(Service::Kms, "Encrypt", b"")).collect();
        assert_eq!(met, [Some(Fault::Throttle), Some(Fault::Throttle), Some(Fault::Unavailable), None]);
        assert_eq!(hits(&faults), [4, 2, 1, 1]);
    }

    #[test]
    fn a_rule_with_a_slip_is_not_taken() {
        for rule in [
            json!({ "service": "s3", "fault": "count" }),
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
            let carried_out = AtomicU32::new(0);
            let call = async {
                carried_out.fetch_add(1, Ordering::Relaxed);
                StatusCode::OK.into_response()
            };
            let response = between(Some(&faults), Service::Dynamodb, "PutItem", b"", call).await;
            let named = response.headers().get("x-amzn-errortype").map_or("", |it| it.to_str().expect("a text"));
            assert_eq!((response.status().as_u16(), named), (status, kind), "{fault}");
            assert_eq!(carried_out.load(Ordering::Relaxed), times, "{fault}");
        }
    }

    #[tokio::test]
    async fn what_hangs_ends_with_the_stack() {
        let (stopper, stop) = stop::channel();
        let faults = Faults::new(&stop);
        faults.rules().push(serde_json::from_value(json!({ "service": "kms", "fault": "hang" })).expect("a rule"));
        let call = async { StatusCode::OK.into_response() };
        let hanging = between(Some(&faults), Service::Kms, "Encrypt", b"", call);
        tokio::pin!(hanging);
        let mut context = Context::from_waker(Waker::noop());
        assert!(hanging.as_mut().poll(&mut context).is_pending());
        stopper.stop();
        assert_eq!(hanging.await.status(), StatusCode::INTERNAL_SERVER_ERROR);
    }
}
