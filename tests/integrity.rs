//! Items edited or copied in the table are rejected before anything depends on them, and are not shown. `history` tests
//! reports and their histories, `payout` tests payout accounts.

use serde_json::{Value, json};

use crate::support::{Answer, World, day, expense, send, table, today, with};

/// Replaces attributes of the item at a key.
async fn edit_item(world: &World, partition: &str, sk: &str, changes: Value) {
    let item = table::item(&format!("ORG#{}{partition}", world.org), sk).await;
    assert!(item["SK"]["S"].is_string(), "no item {partition} {sk}");
    table::put(&with(item, &changes)).await;
}

/// Asserts an integrity error that exposes none of the damaged data.
#[track_caller]
fn assert_integrity_error(answer: &Answer, hidden: &str) {
    answer.problem(500, "/problems/integrity");
    // Without the request identifier, which can contain any digits.
    let text = answer.text.replace(answer.header("x-request-id"), "");
    assert!(!text.contains(hidden), "{text}");
}

#[tokio::test]
async fn edited_role_is_integrity_error() {
    let world = World::new().await;
    world.draft(&world.ana, &[]).await;
    edit_item(&world, "", &table::identity(&world.ana), json!({"role": {"S": "admin"}})).await;
    assert_integrity_error(&world.ana.get(&world.path("members/me")).await, "admin");
    assert_integrity_error(&world.ana.put(&world.path("policy"), &World::policy()).await, "policy");
    edit_item(
        &world,
        "",
        &format!("MEMBER#{}", world.marco.id),
        json!({"approval_limit": {"NULL": true}, "name": {"S": "Sly"}}),
    )
    .await;
    assert_integrity_error(&world.admin.get(&world.path(&format!("members/{}", world.marco.id))).await, "Sly");
    assert_integrity_error(&world.admin.get(&world.path("members")).await, "Sly");
    // Other members are unaffected.
    world.fiona.get(&world.path("members/me")).await.expect(200);
}

#[tokio::test]
async fn membership_copied_to_other_identity_is_integrity_error() {
    let world = World::new().await;
    world.draft(&world.ana, &[]).await;
    let seat = table::item(&format!("ORG#{}", world.org), &table::identity(&world.admin)).await;
    table::put(&with(seat, &json!({"SK": {"S": table::identity(&world.ana)}}))).await;
    assert_integrity_error(&world.ana.get(&world.path("members/me")).await, "Ada");
}

#[tokio::test]
async fn edited_policy_is_integrity_error() {
    let world = World::new().await;
    let report = world.draft(&world.ana, &[expense("40.00")]).await;
    edit_item(&world, "", "POLICY", json!({"steps": {"L": []}, "fallback": {"NULL": true}})).await;
    assert_integrity_error(&world.ana.get(&world.path("policy")).await, "steps");
    assert_integrity_error(&world.ana.post(&world.report(&report, "submit"), &json!({})).await, "steps");
    edit_item(&world, "", "ORG", json!({"name": {"S": "Sly & Co"}})).await;
    let mallory = json!({"name": "Mallory", "email": "mallory@example.com"});
    assert_integrity_error(&world.admin.post(&world.path("members"), &mallory).await, "Sly");
}

#[tokio::test]
async fn edited_approval_task_is_integrity_error() {
    let world = World::new().await;
    let report = world.submitted("400.00").await;
    let partition = format!("#APPROVER#{}", world.marco.id);
    let tasks = table::items(&format!("ORG#{}{partition}", world.org)).await;
    let sk = tasks[0]["SK"]["S"].as_str().unwrap().to_owned();
    edit_item(&world, &partition, &sk, json!({"title": {"S": "A small lunch"}})).await;
    assert_integrity_error(&world.marco.get(&world.path("approvals")).await, "lunch");
    // The report itself is unchanged.
    world.approve(&world.marco, &report).await.expect(200);
}

#[tokio::test]
async fn list_with_edited_report_is_integrity_error() {
    let world = World::new().await;
    let report = world.submitted("40.00").await;
    let id = report["id"].as_str().unwrap();
    edit_item(&world, &format!("#REPORT#{id}"), "REPORT", json!({"title": {"S": "Sly"}})).await;
    assert_integrity_error(&world.ana.get(&world.path("reports")).await, "Sly");
    assert_integrity_error(&world.fiona.get(&world.path("reports?scope=all")).await, "Sly");
}

#[tokio::test]
async fn edited_exchange_rate_is_integrity_error() {
    let world = World::new().await;
    let rates = json!({"rates": {"USD": "0.9"}, "source": "ECB"});
    world.fiona.put(&world.path(&format!("rates/{}", day(1))), &rates).await.expect(200);
    let usd = with(expense("10.00"), &json!({"date": today(), "amount": {"amount": "10.00", "currency": "USD"}}));
    world.submit_expenses(&world.ana, std::slice::from_ref(&usd)).await.expect(201);
    edit_item(&world, "#RATES", &format!("USD#{}", day(1)), json!({"rate": {"S": "9.9"}})).await;
    assert_integrity_error(&world.submit_expenses(&world.ana, &[usd]).await, "9.9");
}

#[tokio::test]
async fn edited_idempotency_record_is_integrity_error() {
    let world = World::new().await;
    let key = crate::support::fresh_key();
    let path = world.path("reports");
    let create = async || {
        let request = world.ana.request(reqwest::Method::POST, &path).header("Idempotency-Key", key.as_str());
        send(request.json(&json!({"title": "Lyon"}))).await
    };
    create().await.expect(201);
    let partition = format!("#IDEMPOTENCY#sub-{}", world.ana.email);
    let answer = json!({"M": {"status": {"N": "201"}, "body": {"S": "{\"title\":\"Sly\"}"}}});
    edit_item(&world, &partition, &key, json!({"response": answer})).await;
    assert_integrity_error(&create().await, "Sly");
}
