//! Calls functions at fixed intervals, as the scheduler of AWS does: once right after the start, and then at the rate. A run
//! that fails is repeated twice, as Lambda repeats what it is called with and nobody waits for; then the failure is reported and
//! the next turn waited for. What the function does is not known here.

use std::time::Duration;

use axum::body::Bytes;
use jiff::Timestamp;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use crate::host::{FunctionError, Host};
use crate::stop::Stop;
use crate::system;
use crate::template::{ACCOUNT, REGION, Schedule};

/// Before each repetition of a run that failed.
const PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(1)];

/// Starts a clock for each of the schedules.
pub(crate) fn start(schedules: &[Schedule], host: &Host, stop: &Stop, tasks: &mut JoinSet<()>) {
    for schedule in schedules {
        let (schedule, host, ends) = (schedule.clone(), host.clone(), stop.clone());
        tasks.spawn(async move { ends.race(run(&schedule, &host)).await.unwrap_or_default() });
    }
}

async fn run(schedule: &Schedule, host: &Host) {
    let mut clock = tokio::time::interval(schedule.every.max(Duration::from_secs(1)));
    clock.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        clock.tick().await;
        let payload = Bytes::from(payload(schedule, &system::uuid(), system::now()));
        match attempts(PAUSES, || host.invoke(&schedule.function, payload.clone())).await {
            Ok(_) => {}
            Err(FunctionError::Failed(error)) => {
                eprintln!("{} failed: {}", schedule.function, String::from_utf8_lossy(&error));
            }
            Err(FunctionError::Unknown) => eprintln!("{} failed: there is no such function", schedule.function),
        }
    }
}

/// Up to three, with a pause before each but the first.
async fn attempts<T, E, F>(pauses: [Duration; 2], mut attempt: impl FnMut() -> F) -> Result<T, E>
where
    F: Future<Output = Result<T, E>>,
{
    for pause in pauses {
        if let Ok(done) = attempt().await {
            return Ok(done);
        }
        tokio::time::sleep(pause).await;
    }
    attempt().await
}

/// The template's own input, or what the scheduler sends without one.
fn payload(schedule: &Schedule, id: &str, now: Timestamp) -> String {
    let usual = || {
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
    schedule.input.clone().unwrap_or_else(usual)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[tokio::test]
    async fn a_failed_run_is_repeated_twice() {
        for (failures, expected) in [(0, Ok(1)), (1, Ok(2)), (2, Ok(3)), (3, Err(3)), (9, Err(3))] {
            let mut runs = 0;
            let result = attempts([Duration::ZERO; 2], || {
                runs += 1;
                std::future::ready(if runs > failures { Ok(runs) } else { Err(runs) })
            });
            assert_eq!(result.await, expected, "{failures} failures");
        }
    }

    #[test]
    fn the_payload_is_the_scheduler_s_unless_the_template_has_one() {
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
