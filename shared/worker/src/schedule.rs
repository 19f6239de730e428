//! A schedule as event source. The reference time is the one in the event: a repeated run does what was due at that time.

use std::future::Future;
use std::sync::Arc;

use aws_config::SdkConfig;
use jiff::Timestamp;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use outlay_aws::RunResult;
use outlay_aws::config::sdk_config;
use outlay_aws::env::ConfigError;
use serde::Deserialize;

use crate::job::JobContext;

/// Event of the scheduler; other members are ignored.
#[derive(Debug, Deserialize)]
pub(crate) struct ScheduledEvent {
    /// Scheduled time, RFC 3339.
    pub(crate) time: Timestamp,
}

/// Serves a scheduled function. `from_env` opens its state once per process.
///
/// # Errors
/// Fails when a variable is missing or the Runtime API cannot be reached.
pub async fn serve<D, F>(
    from_env: impl Fn(&SdkConfig) -> Result<D, ConfigError>,
    handler: fn(Arc<D>, JobContext) -> F,
) -> RunResult
where
    D: Send + Sync,
    F: Future<Output = Result<(), Error>> + Send,
{
    let state = Arc::new(from_env(&sdk_config()?)?);
    lambda_runtime::run(service_fn(|event: LambdaEvent<ScheduledEvent>| {
        handler(Arc::clone(&state), JobContext::new(event.context.deadline, event.payload.time))
    }))
    .await
}
