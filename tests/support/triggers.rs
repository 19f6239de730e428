//! What runs by itself, made to run: functions called as their event sources call them, and the queues before them.

use std::path::PathBuf;

use jiff::Timestamp;
use outlay_local::{Data, Stack};
use serde_json::{Value, json};

use super::{Answer, World, day, now, options, send, table};

/// A stack of its own, and an organisation that may ask it as often as it likes: a turn is for all organisations there are.
pub async fn own() -> (Stack, World) {
    own_with(Data::InMemory).await
}

/// The same, with its data kept where a test can look at it.
pub async fn own_with(data: Data) -> (Stack, World) {
    let stack = Stack::start(options(data)).await.unwrap();
    let world = World::on(stack.url()).await;
    table::plan_on(&stack, &world.org, 60_000, 10_000).await;
    (stack, world)
}

/// Nine in the morning (in UTC) so many days from today, when everybody in Europe and Africa may be reminded.
pub fn morning(days: i64) -> Timestamp {
    format!("{}T09:00:00Z", day(-days)).parse().unwrap()
}

/// Runs a function by itself, as its event source does.
pub async fn invoke(base: &str, function: &str, payload: &Value) -> Answer {
    let url = format!("{base}/2015-03-31/functions/{function}/invocations");
    send(reqwest::Client::new().post(url).json(payload)).await
}

/// A turn of a scheduled function for a moment; what that moment is, is all it goes by.
pub async fn turn(base: &str, function: &str, time: jiff::Timestamp) {
    let answer = invoke(base, function, &json!({"source": "aws.scheduler", "time": time.to_string()})).await;
    assert_eq!((answer.status, answer.header("x-amz-function-error")), (200, ""), "{}", answer.text);
}

/// Hands messages to a function as its queue does; the identifiers of those that failed.
pub async fn feed(base: &str, function: &str, bodies: &[String]) -> Vec<String> {
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

/// What the functions of a stack have logged so far.
pub async fn log(base: &str) -> String {
    let answer = send(reqwest::Client::new().get(format!("{base}/_local/log"))).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.text
}

/// Puts a message into a queue of the template.
pub async fn enqueue(base: &str, queue: &str, body: &str) {
    let url = format!("{base}/_local/queues/{queue}");
    let answer = send(reqwest::Client::new().post(url).body(body.to_owned())).await;
    assert_eq!(answer.status / 100, 2, "{}", answer.text);
}

/// The messages in a queue of the template, of those that a test looks for.
pub async fn queued(base: &str, queue: &str, containing: &str) -> Vec<Value> {
    let listed = send(reqwest::Client::new().get(format!("{base}/_local/queues/{queue}"))).await.expect(200);
    let messages = listed["items"].as_array().unwrap_or_else(|| panic!("{listed}")).clone();
    messages
        .into_iter()
        .filter(|message| message["body"].as_str().is_some_and(|body| body.contains(containing)))
        .collect()
}

/// What a stack with this data folder has put aside because it could not be read.
pub fn unreadable(folder: &std::path::Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    let found = entries.flat_map(|path| if path.is_dir() { unreadable(&path) } else { vec![path] });
    let is_record = |path: &PathBuf| {
        let inside = path.parent().is_some_and(|parent| parent.ends_with("unreadable"));
        inside && path.extension().is_some_and(|extension| extension == "json")
    };
    found.filter(is_record).collect()
}
