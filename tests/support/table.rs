//! The table behind the stack, past the product: what lies in it, and what somebody does to it by hand.

use serde_json::{Value, json};

use super::{World, running, send};

/// A request to DynamoDB; a key or an item in its own JSON.
async fn call(operation: &str, mut body: Value) -> Value {
    let stack = &running().stack;
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
    let of = json!({":pk": {"S": partition(world, report)}});
    let body = json!({"KeyConditionExpression": "PK = :pk", "ExpressionAttributeValues": of, "ConsistentRead": true});
    let found = call("Query", body).await;
    assert!(found["LastEvaluatedKey"].is_null(), "more than one page");
    found["Items"].as_array().unwrap().iter().map(|item| item["SK"]["S"].as_str().unwrap().to_owned()).collect()
}
