//! Fault rules of the test kit: calls of the functions to services that fail or are counted.

use serde_json::Value;

use super::client::send;

/// Adds a rule for calls of the functions; returns its identifier. On the shared stack, `containing` must be a text
/// that only this test uses.
pub async fn add_fault(base: &str, rule: &Value) -> String {
    let answer = send(reqwest::Client::new().post(format!("{base}/_local/faults")).json(rule)).await;
    answer.expect(200)["id"].as_str().unwrap().to_owned()
}

/// Returns the number of calls that a rule has matched.
pub async fn fault_hits(base: &str, id: &str) -> u64 {
    send(reqwest::Client::new().get(format!("{base}/_local/faults/{id}"))).await.expect(200)["hits"].as_u64().unwrap()
}

/// Removes a rule; returns the number of calls that it has matched.
pub async fn remove_fault(base: &str, id: &str) -> u64 {
    send(reqwest::Client::new().delete(format!("{base}/_local/faults/{id}"))).await.expect(200)["hits"]
        .as_u64()
        .unwrap()
}
