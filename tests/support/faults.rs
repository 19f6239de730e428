//! Services that fail on purpose: rules of the local stack for the calls that functions make.

use serde_json::Value;

use super::send;

/// Has calls of the functions to a service fail, or be counted, from now on; gives the rule's identifier. On the stack that tests share its
/// `containing` has to be something of the test's own.
pub async fn fault(base: &str, rule: &Value) -> String {
    let answer = send(reqwest::Client::new().post(format!("{base}/_local/faults")).json(rule)).await;
    answer.expect(200)["id"].as_str().unwrap().to_owned()
}

/// How many calls a rule was for so far.
pub async fn hits(base: &str, id: &str) -> u64 {
    send(reqwest::Client::new().get(format!("{base}/_local/faults/{id}"))).await.expect(200)["hits"].as_u64().unwrap()
}

/// Ends a rule; gives how many calls it was for.
pub async fn healed(base: &str, id: &str) -> u64 {
    send(reqwest::Client::new().delete(format!("{base}/_local/faults/{id}"))).await.expect(200)["hits"]
        .as_u64()
        .unwrap()
}
