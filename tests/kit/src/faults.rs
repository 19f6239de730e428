//! Fault rules: calls to a service that fail, hang, lose their answer, kill the calling process or are only counted. A
//! call that matches no rule must not change.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::num::NonZeroU64;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::response::Response;
use outlay_local::{Processes, Service, ServiceCall, ServiceFailure, Shutdown, system};
use serde::Deserialize;

use crate::chance;

/// Delay of a hanging call.
const HANG: Duration = Duration::from_secs(30);

/// Effect of a rule on a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Fault {
    /// Fails with a throttling error.
    Throttle,
    /// Fails with an internal error.
    Unavailable,
    /// Is carried out, and answers with an internal error.
    LoseAnswer,
    /// Fails because it is denied.
    Refuse,
    /// Is delayed, then carried out.
    Hang,
    /// Kills the calling process instead of the call.
    KillBefore,
    /// Is carried out, then the calling process is killed.
    KillAfter,
    /// Counts the call; later rules apply too.
    Count,
}

/// Service in the JSON of a rule.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ServiceName {
    Dynamodb,
    Kms,
    S3,
    Ses,
}

impl ServiceName {
    fn service(self) -> Service {
        match self {
            Self::Dynamodb => Service::DynamoDb,
            Self::Kms => Service::Kms,
            Self::S3 => Service::S3,
            Self::Ses => Service::Ses,
        }
    }
}

/// A rule: the calls it matches, and its effect on them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    service: ServiceName,
    /// `None` for every operation.
    operation: Option<String>,
    /// Name of the calling function; `None` for every caller.
    function: Option<String>,
    /// Text of the request as sent; `None` for every request. Separates tests that share a stack.
    containing: Option<String>,
    fault: Fault,
    /// Maximum number of calls; `None` for all.
    times: Option<u64>,
    /// Applies to one random call in this many; `None` for each.
    one_in: Option<NonZeroU64>,
    /// Seed of the random choice.
    #[serde(default = "random_seed")]
    seed: u64,
    /// Number of random choices so far.
    #[serde(skip)]
    draws: u64,
    #[serde(skip, default = "system::uuid")]
    pub(crate) id: String,
    /// Number of matched calls.
    #[serde(skip)]
    pub(crate) hits: u64,
}

impl Rule {
    /// True when the rule applies to the call. Advances the random sequence.
    fn matches(&mut self, call: &ServiceCall<'_>, text: &str) -> bool {
        self.service.service() == call.service
            && self.times.is_none_or(|times| self.hits < times)
            && self.operation.as_ref().is_none_or(|it| it == call.operation)
            && self.function.as_ref().is_none_or(|it| call.caller.is_some_and(|caller| caller.function == it))
            && self.containing.as_ref().is_none_or(|it| text.contains(it.as_str()))
            && self.one_in.is_none_or(|it| self.next_random() % it == 0)
    }

    fn next_random(&mut self) -> u64 {
        self.draws = self.draws.wrapping_add(1);
        chance::draw(self.seed, self.draws)
    }
}

fn random_seed() -> u64 {
    u64::from_le_bytes(system::secret())
}

/// The rules, in order of creation.
pub(crate) struct Faults {
    rules: Mutex<Vec<Rule>>,
    processes: Processes,
    /// Ends hanging calls.
    shutdown: Shutdown,
}

impl Faults {
    pub(crate) fn new(processes: Processes, shutdown: Shutdown) -> Self {
        Self { rules: Mutex::default(), processes, shutdown }
    }

    pub(crate) fn rules(&self) -> MutexGuard<'_, Vec<Rule>> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Finds the fault of a call: that of the first matching rule that does not only count.
    fn find(&self, call: &ServiceCall<'_>) -> Option<Fault> {
        let mut rules = self.rules();
        if rules.is_empty() {
            return None;
        }
        let text = (call.text)();
        let text: Cow<'_, str> = String::from_utf8_lossy(&text);
        for rule in rules.iter_mut() {
            if !rule.matches(call, &text) {
                continue;
            }
            rule.hits = rule.hits.saturating_add(1);
            if rule.fault != Fault::Count {
                return Some(rule.fault);
            }
        }
        None
    }

    /// Carries out a call, changed by the rules.
    pub(crate) async fn intercept(
        &self,
        call: &ServiceCall<'_>,
        carry_out: impl Future<Output = Response>,
    ) -> Result<Response, ServiceFailure> {
        let Some(fault) = self.find(call) else {
            return Ok(carry_out.await);
        };
        match fault {
            Fault::Count => Ok(carry_out.await),
            Fault::Throttle => Err(ServiceFailure::Throttled),
            Fault::Unavailable => Err(ServiceFailure::Unavailable),
            Fault::Refuse => Err(ServiceFailure::Denied),
            Fault::LoseAnswer => {
                let _lost = carry_out.await;
                Err(ServiceFailure::Unavailable)
            }
            Fault::Hang => match self.shutdown.clone().race(tokio::time::sleep(HANG)).await {
                Some(()) => Ok(carry_out.await),
                None => Err(ServiceFailure::Unavailable),
            },
            Fault::KillBefore => {
                self.kill(call).await;
                Err(ServiceFailure::Unavailable)
            }
            Fault::KillAfter => {
                let _lost = carry_out.await;
                self.kill(call).await;
                Err(ServiceFailure::Unavailable)
            }
        }
    }

    /// Kills the calling process; returns once it has ended.
    async fn kill(&self, call: &ServiceCall<'_>) {
        if let Some(caller) = call.caller {
            self.processes.kill(caller.process).await;
        }
    }
}
