//! Scheduled, hourly: loads the reference rates of the European Central Bank for the organisations that use them, and
//! publishes their age. A run that fails changes nothing; Lambda retries it twice, and the next run tries again.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use outlay_aws::clock;
use outlay_aws::config::sdk_config;
use outlay_aws::log::{Level, log, publish_metrics};
use outlay_rates::RatesLoader;
use outlay_worker::RunResult;
use serde_json::Value;

async fn handler(loader: &RatesLoader) -> Result<(), Error> {
    if !loader.is_on() {
        return Ok(());
    }
    let now = clock::now();
    let today = now.to_zoned(jiff::tz::TimeZone::UTC).date();
    let result = loader.load(today).await;
    // Also of a run that fails: the age is what the alarm counts.
    if let Some(age) = loader.age_days(today).await? {
        publish_metrics(now, &[("ReferenceRatesAge", "None", age)]);
    }
    let days = result?;
    if days > 0 {
        log(Level::Info, "reference rates stored", &[("days", &days)]);
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    let loader = RatesLoader::from_env(&sdk_config()?)?;
    // The time in the event is ignored: a replayed run loads the current rates.
    lambda_runtime::run(service_fn(|_: LambdaEvent<Value>| handler(&loader))).await
}
