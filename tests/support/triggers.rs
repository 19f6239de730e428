//! Background jobs: functions called as their event sources call them, queues, and stacks of a test's own.

use std::path::PathBuf;

use jiff::Timestamp;
use outlay_local::{Data, Stack};
use serde_json::{Value, json};

use super::client::{Answer, send};
use super::dynamodb::plan_on;
use super::stack::options;
use super::values::{day, now};
use super::world::World;

/// Starts a stack for one test, with an organisation without effective rate limits. For jobs that process all
/// organisations of a stack.
pub async fn own_stack() -> (Stack, World) {
    own_stack_with_data(Data::InMemory).await
}

/// Starts a stack for one test with this place of its data.
pub async fn own_stack_with_data(data: Data) -> (Stack, World) {
    let stack = Stack::start(options(data)).await.unwrap();
    let world = World::on(stack.url()).await;
    plan_on(&stack, &world.org, 60_000, 10_000).await;
    (stack, world)
}

/// Returns 09:00 UTC in a number of days: within the hours of reminders in Europe and Africa.
pub fn morning(days: i64) -> Timestamp {
    format!("{}T09:00:00Z", day(-days)).parse().unwrap()
}

/// Invokes a function, as its event source does.
pub async fn invoke(base: &str, function: &str, payload: &Value) -> Answer {
    let url = format!("{base}/2015-03-31/functions/{function}/invocations");
    send(reqwest::Client::new().post(url).json(payload)).await
}

/// Runs a scheduled function for a time, the only input it uses.
pub async fn run_schedule(base: &str, function: &str, time: jiff::Timestamp) {
    let answer = invoke(base, function, &json!({"source": "aws.scheduler", "time": time.to_string()})).await;
    if (answer.status, answer.header("x-amz-function-error")) != (200, "") {
        let log = log(base).await;
        let errors: Vec<&str> = log.lines().filter(|line| line.contains("error")).collect();
        panic!("{function}: {}\n{}", answer.text, errors.join("\n"));
    }
}

/// Invokes a function with messages, as its queue does; returns the identifiers of failed messages.
pub async fn invoke_with_messages(base: &str, function: &str, bodies: &[String]) -> Vec<String> {
    let record = |(at, body): (usize, &String)| {
        json!({
            "messageId": format!("m{at}"), "receiptHandle": "r", "body": body, "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:eu-central-1:000000000000:queue", "awsRegion": "eu-central-1",
            "attributes": {"SentTimestamp": now().as_millisecond().to_string(), "ApproximateReceiveCount": "1"},
            "messageAttributes": {}, "md5OfBody": "",
        })
    };
    let records: Vec<Value> = bodies.iter().enumerate().map(record).collect();
    let answer = invoke(base, function, &json!({"Records": records})).await.expect(200);
    let failures = answer["batchItemFailures"].as_array().unwrap();
    failures.iter().map(|failure| failure["itemIdentifier"].as_str().unwrap().to_owned()).collect()
}

/// Returns the log of all functions of a stack.
pub async fn log(base: &str) -> String {
    let answer = send(reqwest::Client::new().get(format!("{base}/_local/log"))).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.text
}

/// Sends a message to a queue of the template.
pub async fn enqueue(base: &str, queue: &str, body: &str) {
    let url = format!("{base}/_local/queues/{queue}");
    let answer = send(reqwest::Client::new().post(url).body(body.to_owned())).await;
    assert_eq!(answer.status / 100, 2, "{}", answer.text);
}

/// Returns the messages in a queue that contain a text.
pub async fn queued_messages(base: &str, queue: &str, containing: &str) -> Vec<Value> {
    let listed = send(reqwest::Client::new().get(format!("{base}/_local/queues/{queue}"))).await.expect(200);
    let messages = listed["items"].as_array().unwrap_or_else(|| panic!("{listed}")).clone();
    messages
        .into_iter()
        .filter(|message| message["body"].as_str().is_some_and(|body| body.contains(containing)))
        .collect()
}

/// Returns the files of unreadable records in a data folder.
pub fn dead_letter_files(folder: &std::path::Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    let found = entries.flat_map(|path| if path.is_dir() { dead_letter_files(&path) } else { vec![path] });
    let is_record = |path: &PathBuf| {
        let inside = path.parent().is_some_and(|parent| parent.ends_with("unreadable"));
        inside && path.extension().is_some_and(|extension| extension == "json")
    };
    found.filter(is_record).collect()
}
