//! Direct access to the DynamoDB of a stack, without the product.

use outlay_local::Stack;
use serde_json::{Value, json};

use super::client::send;
use super::values::with;

/// Sends a request to the DynamoDB of a stack. Keys and items are in the JSON of DynamoDB.
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

/// Sets the rate limits of an organisation, as its operator does: requests per minute and burst of each class for a
/// member, and forty times that for the organisation.
pub async fn plan_on(stack: &Stack, org: &str, per_minute: u32, burst: u32) {
    let quota = |times: u32| {
        let number = |value: u32| json!({"N": value.to_string()});
        json!({"M": {"per_minute": number(times * per_minute), "burst": number(times * burst)}})
    };
    let quotas = |times| json!({"M": {"read": quota(times), "write": quota(times), "costly": quota(times)}});
    let key = json!({"PK": {"S": format!("ORG#{org}#PLAN")}, "SK": {"S": "PLAN"}});
    let item = with(key, &json!({"member": quotas(1), "organisation": quotas(40)}));
    call_on(stack, "PutItem", json!({"Item": item})).await;
}
