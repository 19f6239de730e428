//! A schedule as event source: something is to be looked after, as of the time that the event says. Whoever runs it for another time, or
//! twice, gets what was due then, and nothing twice.

use std::future::Future;
use std::sync::Arc;

use aws_config::SdkConfig;
use jiff::Timestamp;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde::Deserialize;

use crate::boot::{BootResult, config};
use crate::run::Run;

/// What the scheduler says; of it only the time counts.
#[derive(Debug, Deserialize)]
struct Scheduled {
    /// The moment it is run for, RFC 3339.
    time: Timestamp,
}

/// Serves a function that is called by the clock. `open` makes what it works with.
///
/// # Errors
/// When the environment is incomplete or the Runtime API cannot be reached.
pub async fn serve<D, F>(open: impl Fn(&SdkConfig) -> Result<D, String>, handler: fn(Arc<D>, Run) -> F) -> BootResult
where
    D: Send + Sync,
    F: Future<Output = Result<(), Error>> + Send,
{
    let desk = Arc::new(open(&config()?)?);
    lambda_runtime::run(service_fn(|event: LambdaEvent<Scheduled>| {
        handler(Arc::clone(&desk), Run::new(event.context.deadline, event.payload.time))
    }))
    .await
}
