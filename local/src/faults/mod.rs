//! Faults on request: rules by which calls to a service fail, hang, lose their answer, end the function that makes them or are
//! only counted, so that tests can see what the functions make of it. Only in a stack for tests; must not change a call that
//! no rule is for.

pub(crate) mod proxy;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::num::NonZeroU64;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::json;

use crate::host::Host;
use crate::local::Local;
use crate::mailbox::ses;
use crate::stop::Stop;
use crate::{aws, s3, system};

/// How long a hanging call takes.
const HANG: Duration = Duration::from_secs(30);

/// A service whose calls can be made to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Service {
    Dynamodb,
    Kms,
    S3,
    Ses,
}

/// A call to a service.
pub(crate) struct Call<'a> {
    pub(crate) service: Service,
    pub(crate) operation: &'a str,
    pub(crate) headers: &'a HeaderMap,
    /// What `containing` looks at: the body as it is sent, for S3 after a line with the path and the query. Made only if there
    /// are rules.
    pub(crate) text: &'a (dyn Fn() -> Vec<u8> + Sync),
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
    /// The process that called is ended before it is carried out.
    KillBefore,
    /// It is carried out, and the process that called is ended before it learns of it.
    KillAfter,
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
    /// The function whose calls it is for; without it, everybody's.
    function: Option<String>,
    /// A text of the request's body, as it is sent; without it, every body. It keeps tests that run at the same time apart.
    containing: Option<String>,
    fault: Fault,
    /// How many calls; without it, all of them.
    times: Option<u64>,
    /// One call in so many, by chance; without it, each.
    one_in: Option<NonZeroU64>,
    /// The same seed chooses the same calls.
    #[serde(default = "seed")]
    seed: u64,
    /// How many calls chance has decided on.
    #[serde(skip)]
    drawn: u64,
    #[serde(skip, default = "system::uuid")]
    id: String,
    #[serde(skip)]
    hits: u64,
}

impl Rule {
    fn is_for(&mut self, call: &Call<'_>, text: &str) -> bool {
        let caller = || aws::caller(call.headers).map(|(function, _)| function);
        self.service == call.service
            && self.times.is_none_or(|times| self.hits < times)
            && self.operation.as_ref().is_none_or(|it| it == call.operation)
            && self.function.as_ref().is_none_or(|it| caller() == Some(it))
            && self.containing.as_ref().is_none_or(|it| text.contains(it.as_str()))
            && self.one_in.is_none_or(|it| self.draw() % it == 0)
    }

    fn draw(&mut self) -> u64 {
        self.drawn = self.drawn.wrapping_add(1);
        chance(self.seed, self.drawn)
    }
}

fn seed() -> u64 {
    u64::from_le_bytes(system::secret())
}

/// The number at a position of a sequence that looks like chance (`SplitMix64`).
pub(crate) fn chance(seed: u64, position: u64) -> u64 {
    let mut mixed = seed.wrapping_add(position.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// The rules, in the order in which they came.
pub(crate) struct Faults {
    rules: Mutex<Vec<Rule>>,
    /// What hangs does not outlast the stack.
    stop: Stop,
    /// Whose processes are ended; known once they can be.
    host: OnceLock<Host>,
}

impl Faults {
    pub(crate) fn new(stop: &Stop) -> Self {
        Self { rules: Mutex::default(), stop: stop.clone(), host: OnceLock::new() }
    }

    /// From now on processes can be ended.
    pub(crate) fn know(&self, host: &Host) {
        // Told once.
        let _ = self.host.set(host.clone());
    }

    /// Ends the process that made a call; returns once it is gone.
    async fn kill(&self, headers: &HeaderMap) {
        if let (Some(host), Some((_, process))) = (self.host.get(), aws::caller(headers)) {
            host.kill(process).await;
        }
    }

    fn rules(&self) -> MutexGuard<'_, Vec<Rule>> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the rules have for a call: that of the first that is for it. Rules that count are passed over.
    fn meet(&self, call: &Call<'_>) -> Option<Fault> {
        let mut rules = self.rules();
        if rules.is_empty() {
            return None;
        }
        let text = (call.text)();
        let text: Cow<'_, str> = String::from_utf8_lossy(&text);
        for rule in rules.iter_mut() {
            if !rule.is_for(call, &text) {
                continue;
            }
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
    call: Call<'_>,
    carried_out: impl Future<Output = Response>,
) -> Response {
    let met = faults.and_then(|faults| Some((faults.meet(&call)?, faults)));
    let Some((fault, faults)) = met else {
        return carried_out.await;
    };
    let service = call.service;
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
        Fault::KillBefore => {
            faults.kill(call.headers).await;
            failure(service, Fault::Unavailable)
        }
        Fault::KillAfter => {
            let _lost = carried_out.await;
            faults.kill(call.headers).await;
            failure(service, Fault::Unavailable)
        }
    }
}

fn failure(service: Service, fault: Fault) -> Response {
    const WHY: &str = "made to fail by a rule of /_local/faults";
    match service {
        Service::Dynamodb => {
            let kind = match fault {
                Fault::Throttle => "ProvisionedThroughputExceededException",
                Fault::Refuse => "AccessDeniedException",
                _ => "InternalServerError",
            };
            aws::refused("application/x-amz-json-1.0", kind, WHY)
        }
        Service::Kms => {
            let kind = match fault {
                Fault::Throttle => "ThrottlingException",
                Fault::Refuse => "DisabledException",
                _ => "KMSInternalException",
            };
            aws::refused("application/x-amz-json-1.1", kind, WHY)
        }
        Service::S3 => match fault {
            Fault::Throttle => s3::error(StatusCode::SERVICE_UNAVAILABLE, "SlowDown", WHY),
            Fault::Refuse => s3::error(StatusCode::FORBIDDEN, "AccessDenied", WHY),
            _ => s3::error(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", WHY),
        },
        Service::Ses => match fault {
            Fault::Throttle => ses::error(StatusCode::BAD_REQUEST, "Throttling", WHY),
            Fault::Refuse => ses::error(StatusCode::BAD_REQUEST, "MessageRejected", WHY),
            _ => ses::error(StatusCode::INTERNAL_SERVER_ERROR, "InternalFailure", WHY),
        },
    }
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
