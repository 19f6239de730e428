//! The table of a stack, read and written without the product.

use std::collections::BTreeMap;

use outlay_local::Stack;
use serde_json::{Value, json};

use super::client::Person;
pub use super::dynamodb::{call_on, plan_on};
use super::stack::shared_stack;
use super::world::World;

/// Sends a request to the shared stack.
async fn call(operation: &str, body: Value) -> Value {
    call_on(shared_stack(), operation, body).await
}

/// Resets the count of requests of a user to organisations of others: a test sends more than a user would.
pub async fn reset_probe_limit(stack: &Stack, person: &Person) {
    // The subject of a service is its address, that of a person has a prefix.
    for subject in [format!("sub-{}", person.email), person.email.clone()] {
        let key = json!({"PK": {"S": format!("IDENTITY#{subject}#LIMIT")}, "SK": {"S": "stranger"}});
        call_on(stack, "DeleteItem", json!({"Key": key})).await;
    }
}

/// Returns the sort key of the copy of a member by the identity of their token.
pub fn identity(person: &Person) -> String {
    format!("IDENTITY#{}/_local/oidc#sub-{}", person.base, person.email)
}

/// Sets the rate limits of an organisation on the shared stack.
pub async fn plan(org: &str, per_minute: u32, burst: u32) {
    plan_on(shared_stack(), org, per_minute, burst).await;
}

fn partition(world: &World, report: &Value) -> String {
    format!("ORG#{}#REPORT#{}", world.org, report["id"].as_str().unwrap())
}

fn key(world: &World, report: &Value, sk: &str) -> Value {
    json!({"PK": {"S": partition(world, report)}, "SK": {"S": sk}})
}

/// Returns the sort key of an event.
pub fn event(seq: u64) -> String {
    format!("EVENT#{seq:015}")
}

/// Reads an item.
pub async fn item(pk: &str, sk: &str) -> Value {
    let key = json!({"PK": {"S": pk}, "SK": {"S": sk}});
    call("GetItem", json!({"Key": key, "ConsistentRead": true})).await["Item"].clone()
}

/// Reads all items of a partition.
pub async fn items(pk: &str) -> Vec<Value> {
    let of = json!({":pk": {"S": pk}});
    let body = json!({"KeyConditionExpression": "PK = :pk", "ExpressionAttributeValues": of, "ConsistentRead": true});
    let found = call("Query", body).await;
    assert!(found["LastEvaluatedKey"].is_null(), "more than one page");
    found["Items"].as_array().unwrap().clone()
}

/// Reads all items of an organisation on the shared stack, by key. Leaves out rate limits, deliveries, the outbox and
/// requested checks of approvers, which change in the background.
pub async fn organisation(org: &str) -> BTreeMap<String, Value> {
    organisation_on(shared_stack(), org).await
}

/// Reads all items of an organisation on any stack.
pub async fn organisation_on(stack: &Stack, org: &str) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    let mut start = Value::Null;
    loop {
        let of = json!({":org": {"S": format!("ORG#{org}")}});
        let mut body = json!({"FilterExpression": "begins_with(PK, :org)", "ExpressionAttributeValues": of, "ConsistentRead": true});
        if !start.is_null() {
            body["ExclusiveStartKey"] = start;
        }
        let page = call_on(stack, "Scan", body).await;
        for item in page["Items"].as_array().unwrap() {
            let text = |name: &str| item[name]["S"].as_str().unwrap();
            let transient = ["#LIMIT#", "#INSPECTIONS", "#OUTBOX", "#MAIL", "#SIGN_INS", "#APPROVER_CHECKS"];
            let is_transient = transient.iter().any(|part| text("PK").contains(part));
            if !is_transient && text("SK") != "TURN" && !text("SK").starts_with("DELIVERY#") {
                all.insert(format!("{} {}", text("PK"), text("SK")), item.clone());
            }
        }
        start = page["LastEvaluatedKey"].clone();
        if start.is_null() {
            return all;
        }
    }
}

/// Reads an item of a report.
pub async fn get(world: &World, report: &Value, sk: &str) -> Value {
    call("GetItem", json!({"Key": key(world, report, sk), "ConsistentRead": true})).await["Item"].clone()
}

/// Writes an item.
pub async fn put(item: &Value) {
    call("PutItem", json!({"Item": item})).await;
}

/// Deletes an item of a report.
pub async fn delete(world: &World, report: &Value, sk: &str) {
    call("DeleteItem", json!({"Key": key(world, report, sk)})).await;
}

/// Returns the sort keys of all items of a report.
pub async fn sort_keys(world: &World, report: &Value) -> Vec<String> {
    items(&partition(world, report)).await.iter().map(|item| item["SK"]["S"].as_str().unwrap().to_owned()).collect()
}
