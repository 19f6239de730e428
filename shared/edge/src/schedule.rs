//! A schedule as event source: something is to be looked after, as of the time that the event says. Whoever runs it for another time, or
//! twice, gets what was due then, and nothing twice.

use std::future::Future;
use std::sync::Arc;

use aws_config::SdkConfig;
use jiff::Timestamp;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use outlay_store::Store;
use serde::Deserialize;

use crate::boot::{BootResult, config, store};
use crate::post::Run;

/// What the scheduler says; of it only the time counts.
#[derive(Debug, Deserialize)]
struct Scheduled {
    /// The moment it is run for, RFC 3339.
    time: Timestamp,
}

/// One turn of a schedule.
#[derive(Clone, Copy, Debug)]
pub struct Turn {
    /// The moment it is for. What is due is judged by it, and by no clock.
    pub now: Timestamp,
    /// The run it is in.
    pub run: Run,
}

/// What a function works with that needs the table alone.
///
/// # Errors
/// When the environment is incomplete.
pub fn open_store(config: &SdkConfig) -> Result<Store, String> {
    store(config)
}

/// Serves a function that is called by the clock. `open` makes what it works with.
///
/// # Errors
/// When the environment is incomplete or the Runtime API cannot be reached.
pub async fn serve<D, F>(open: impl Fn(&SdkConfig) -> Result<D, String>, handler: fn(Arc<D>, Turn) -> F) -> BootResult
where
    D: Send + Sync,
    F: Future<Output = Result<(), Error>> + Send,
{
    let desk = Arc::new(open(&config()?)?);
    lambda_runtime::run(service_fn(|event: LambdaEvent<Scheduled>| {
        let turn = Turn { now: event.payload.time, run: Run::until(event.context.deadline).as_of(event.payload.time) };
        handler(Arc::clone(&desk), turn)
    }))
    .await
}

/// Writes figures where CloudWatch makes metrics of them (embedded metric format), in the namespace `Outlay`, without dimensions.
pub fn measure(now: Timestamp, figures: &[(&str, &str, i64)]) {
    let metrics: Vec<_> =
        figures.iter().map(|(name, unit, _)| serde_json::json!({"Name": name, "Unit": unit})).collect();
    let about = serde_json::json!({
        "Timestamp": now.as_millisecond(),
        "CloudWatchMetrics": [{"Namespace": "Outlay", "Dimensions": [[]], "Metrics": metrics}],
    });
    let mut line = serde_json::Map::from_iter([("_aws".to_owned(), about)]);
    line.extend(figures.iter().map(|(name, _, value)| ((*name).to_owned(), (*value).into())));
    println!("{}", serde_json::Value::Object(line));
}
