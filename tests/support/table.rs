//! The table behind the stack, past the product: what lies in it, and what somebody does to it by hand.

use std::collections::BTreeMap;

use outlay_local::Stack;
use serde_json::{Value, json};

use super::{Person, World, running, send};

async fn call(operation: &str, body: Value) -> Value {
    call_on(&running().stack, operation, body).await
}

/// A request to a stack's DynamoDB; a key or an item in its own JSON.
pub async fn call_on(stack: &Stack, operation: &str, mut body: Value) -> Value {
    body["TableName"] = json!(stack.table_name());
    let request = reqwest::Client::new()
        .post(stack.dynamodb_url())
        .header("X-Amz-Target", format!("DynamoDB_20120810.{operation}"))
        .header("X-Amz-Date", "20261122T000000Z")
        .header("Content-Type", "application/x-amz-json-1.0")
        .header("Authorization", "AWS4-HMAC-SHA256 Credential=local/20261122/eu-central-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0")
        .body(body.to_string());
    send(request).await.expect(200)
}

/// Sets the limits of an organisation, as its operator does: so many requests of each class in a minute, and so many at once; and
/// forty times that for all its members together.
pub async fn plan(org: &str, per_minute: u32, burst: u32) {
    plan_on(&running().stack, org, per_minute, burst).await;
}

/// The same on any stack.
pub async fn plan_on(stack: &Stack, org: &str, per_minute: u32, burst: u32) {
    let quota = |times: u32| {
        let number = |value: u32| json!({"N": value.to_string()});
        json!({"M": {"per_minute": number(times * per_minute), "burst": number(times * burst)}})
    };
    let quotas = |times| json!({"M": {"read": quota(times), "write": quota(times), "costly": quota(times)}});
    let key = json!({"PK": {"S": format!("ORG#{org}#PLAN")}, "SK": {"S": "PLAN"}});
    let item = super::with(key, &json!({"member": quotas(1), "organisation": quotas(40)}));
    call_on(stack, "PutItem", json!({"Item": item})).await;
}

/// Forgets how often somebody has asked for organisations that he is no member of: a test asks for more than a person would.
pub async fn forgive_on(stack: &Stack, person: &Person) {
    // A service is signed in by its subject, a person by his address.
    for subject in [format!("sub-{}", person.email), person.email.clone()] {
        let key = json!({"PK": {"S": format!("IDENTITY#{subject}#LIMIT")}, "SK": {"S": "stranger"}});
        call_on(stack, "DeleteItem", json!({"Key": key})).await;
    }
}

fn partition(world: &World, report: &Value) -> String {
    format!("ORG#{}#REPORT#{}", world.org, report["id"].as_str().unwrap())
}

fn key(world: &World, report: &Value, sk: &str) -> Value {
    json!({"PK": {"S": partition(world, report)}, "SK": {"S": sk}})
}

/// The sort key of an event.
pub fn event(seq: u64) -> String {
    format!("EVENT#{seq:015}")
}

/// An item.
pub async fn item(pk: &str, sk: &str) -> Value {
    let key = json!({"PK": {"S": pk}, "SK": {"S": sk}});
    call("GetItem", json!({"Key": key, "ConsistentRead": true})).await["Item"].clone()
}

/// Every item of a partition.
pub async fn items(pk: &str) -> Vec<Value> {
    let of = json!({":pk": {"S": pk}});
    let body = json!({"KeyConditionExpression": "PK = :pk", "ExpressionAttributeValues": of, "ConsistentRead": true});
    let found = call("Query", body).await;
    assert!(found["LastEvaluatedKey"].is_null(), "more than one page");
    found["Items"].as_array().unwrap().clone()
}

/// Everything of an organisation on the shared stack, by its key. Not how much of its limits is used up, which mails were
/// sent and which are to be: that comes and goes by itself.
pub async fn organisation(org: &str) -> BTreeMap<String, Value> {
    organisation_on(&running().stack, org).await
}

/// The same on any stack.
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
            let passing = ["#LIMIT#", "#OUTBOX"].iter().any(|part| text("PK").contains(part));
            if !passing && !text("SK").starts_with("DELIVERY#") {
                all.insert(format!("{} {}", text("PK"), text("SK")), item.clone());
            }
        }
        start = page["LastEvaluatedKey"].clone();
        if start.is_null() {
            return all;
        }
    }
}

/// An item of a report.
pub async fn get(world: &World, report: &Value, sk: &str) -> Value {
    call("GetItem", json!({"Key": key(world, report, sk), "ConsistentRead": true})).await["Item"].clone()
}

/// Puts an item in the place of the one with its key.
pub async fn put(item: &Value) {
    call("PutItem", json!({"Item": item})).await;
}

/// Takes an item of a report away.
pub async fn delete(world: &World, report: &Value, sk: &str) {
    call("DeleteItem", json!({"Key": key(world, report, sk)})).await;
}

/// The sort keys of everything in a report's partition.
pub async fn sort_keys(world: &World, report: &Value) -> Vec<String> {
    items(&partition(world, report)).await.iter().map(|item| item["SK"]["S"].as_str().unwrap().to_owned()).collect()
}
