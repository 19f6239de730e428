//! Waits for results that arrive asynchronously. The limits are for a machine that is busy with other work; a test that
//! passes waits as long as the result takes.

use std::time::Duration;

use serde_json::Value;

use super::client::send;

/// Longest wait for a result.
const LIMIT: Duration = Duration::from_mins(2);
/// Pause between two questions: without one, the questions would take the processor from what they wait for.
const INTERVAL: Duration = Duration::from_millis(20);

/// Waits until an address has at least `count` mails; returns all of them.
pub async fn mail(base: &str, address: &str, count: usize) -> Vec<Value> {
    let wait = format!("{base}/_local/mail?to={address}&wait={count}");
    let mut items = Vec::new();
    // The stack answers after 20 s at the latest.
    for _ in 0..LIMIT.as_secs() / 20 {
        items = send(reqwest::Client::new().get(&wait)).await.expect(200)["items"].as_array().unwrap().clone();
        if items.len() >= count {
            return items;
        }
    }
    let subjects: Vec<_> = items.iter().map(|mail| mail["subject"].to_string()).collect();
    panic!("{} of {count} mails to {address}: {subjects:?}", items.len())
}

/// Calls a function until it returns a value, for at most [`LIMIT`].
pub async fn wait_until<T, F: Future<Output = Option<T>>>(what: &str, ask: impl Fn() -> F) -> T {
    let asking = async {
        loop {
            if let Some(found) = ask().await {
                return found;
            }
            tokio::time::sleep(INTERVAL).await;
        }
    };
    tokio::time::timeout(LIMIT, asking).await.unwrap_or_else(|_| panic!("{what}: not within {LIMIT:?}"))
}
