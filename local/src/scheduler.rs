//! Simulates the scheduler of AWS: calls functions at the start and then at a fixed rate. A failed run is retried
//! twice, as Lambda retries asynchronous invocations; then the error is printed, and the next run comes at its time.

use std::time::Duration;

use axum::body::Bytes;
use jiff::Timestamp;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use crate::lambda::FunctionPool;
use crate::shutdown::Shutdown;
use crate::system;
use crate::template::{ACCOUNT, REGION, Schedule};

/// Delays before the retries of a failed run.
const RETRY_DELAYS: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(1)];

/// Starts all schedules.
pub(crate) fn start(schedules: &[Schedule], functions: &FunctionPool, shutdown: &Shutdown, tasks: &mut JoinSet<()>) {
    for schedule in schedules {
        let (schedule, functions, shutdown) = (schedule.clone(), functions.clone(), shutdown.clone());
        tasks.spawn(async move { shutdown.race(run(&schedule, &functions)).await.unwrap_or_default() });
    }
}

async fn run(schedule: &Schedule, functions: &FunctionPool) {
    let mut interval = tokio::time::interval(schedule.every.max(Duration::from_secs(1)));
    interval.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        interval.tick().await;
        let payload = Bytes::from(payload(schedule, &system::uuid(), system::now()));
        if let Err(error) = retry(RETRY_DELAYS, || functions.invoke(&schedule.function, payload.clone())).await {
            eprintln!("{} failed: {}", schedule.function, String::from_utf8_lossy(&error.into_payload()));
        }
    }
}

/// Attempts once, and again after each delay.
async fn retry<T, E, F>(delays: [Duration; 2], mut attempt: impl FnMut() -> F) -> Result<T, E>
where
    F: Future<Output = Result<T, E>>,
{
    for delay in delays {
        if let Ok(done) = attempt().await {
            return Ok(done);
        }
        tokio::time::sleep(delay).await;
    }
    attempt().await
}

/// Returns the input of the template, or the default event of the scheduler.
fn payload(schedule: &Schedule, id: &str, now: Timestamp) -> String {
    let default = || {
        json!({
            "version": "0",
            "id": id,
            "detail-type": "Scheduled Event",
            "source": "aws.scheduler",
            "account": ACCOUNT,
            "time": format!("{now:.0}"),
            "region": REGION,
            "resources": [schedule.arn],
            "detail": "{}",
        })
        .to_string()
    };
    schedule.input.clone().unwrap_or_else(default)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[tokio::test]
    async fn failed_run_is_retried_twice() {
        for (failures, expected) in [(0, Ok(1)), (1, Ok(2)), (2, Ok(3)), (3, Err(3)), (9, Err(3))] {
            let mut runs = 0;
            let result = retry([Duration::ZERO; 2], || {
                runs += 1;
                std::future::ready(if runs > failures { Ok(runs) } else { Err(runs) })
            });
            assert_eq!(result.await, expected, "{failures} failures");
        }
    }

    #[test]
    fn payload_defaults_to_the_event_of_the_scheduler() {
        let mut schedule = Schedule {
            function: "things".to_owned(),
            arn: "arn:aws:scheduler:eu-central-1:000000000000:schedule/default/x".to_owned(),
            every: Duration::from_mins(5),
            input: None,
        };
        let now: Timestamp = "2026-05-04T03:02:01.987Z".parse().expect("a time");
        let sent: Value = serde_json::from_str(&payload(&schedule, "id-1", now)).expect("JSON");
        let expected = json!({
            "version": "0", "id": "id-1", "detail-type": "Scheduled Event", "source": "aws.scheduler",
            "account": "000000000000", "time": "2026-05-04T03:02:01Z", "region": "eu-central-1",
            "resources": ["arn:aws:scheduler:eu-central-1:000000000000:schedule/default/x"], "detail": "{}",
        });
        assert_eq!(sent, expected);
        schedule.input = Some("{\"a\":1}".to_owned());
        assert_eq!(payload(&schedule, "id-1", now), "{\"a\":1}");
    }
}
