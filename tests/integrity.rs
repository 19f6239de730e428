//! What somebody edits by hand in the table, or copies to another place in it, is refused before anything rests on it, and not shown.
//! Reports and histories have tests of their own (`history`), payout accounts too (`payout`).

use serde_json::{Value, json};

use crate::support::{Answer, Person, World, day, expense, send, table, today, with};

/// Puts an item in place of the one at a key, with these attributes in place of its own.
async fn edit(world: &World, partition: &str, sk: &str, changes: Value) {
    let item = table::item(&format!("ORG#{}{partition}", world.org), sk).await;
    assert!(item["SK"]["S"].is_string(), "there is no {partition} {sk}");
    table::put(&with(item, &changes)).await;
}

/// An answer that says that stored data is damaged, and shows none of it.
#[track_caller]
fn refused(answer: &Answer, hidden: &str) {
    answer.problem(500, "/problems/integrity");
    // Without the request's identifier, in which any few digits can be.
    let text = answer.text.replace(answer.header("x-request-id"), "");
    assert!(!text.contains(hidden), "{text}");
}

fn identity(person: &Person) -> String {
    format!("IDENTITY#sub-{}", person.email)
}

#[tokio::test]
async fn nobody_becomes_an_admin_by_hand() {
    let world = World::new().await;
    world.draft(&world.ana, &[]).await;
    edit(&world, "", &identity(&world.ana), json!({"role": {"S": "admin"}})).await;
    refused(&world.ana.get(&world.path("members/me")).await, "admin");
    refused(&world.ana.put(&world.path("policy"), &World::policy()).await, "policy");
    edit(
        &world,
        "",
        &format!("MEMBER#{}", world.marco.id),
        json!({"approval_limit": {"NULL": true}, "name": {"S": "Sly"}}),
    )
    .await;
    refused(&world.admin.get(&world.path(&format!("members/{}", world.marco.id))).await, "Sly");
    refused(&world.admin.get(&world.path("members")).await, "Sly");
    // The others work on.
    world.fiona.get(&world.path("members/me")).await.expect(200);
}

#[tokio::test]
async fn a_seat_copied_to_another_identity_is_none() {
    let world = World::new().await;
    world.draft(&world.ana, &[]).await;
    let seat = table::item(&format!("ORG#{}", world.org), &identity(&world.admin)).await;
    table::put(&with(seat, &json!({"SK": {"S": identity(&world.ana)}}))).await;
    refused(&world.ana.get(&world.path("members/me")).await, "Ada");
}

#[tokio::test]
async fn a_policy_edited_by_hand_rules_nobody() {
    let world = World::new().await;
    let report = world.draft(&world.ana, &[expense("40.00")]).await;
    edit(&world, "", "POLICY", json!({"steps": {"L": []}, "fallback": {"NULL": true}})).await;
    refused(&world.ana.get(&world.path("policy")).await, "steps");
    refused(&world.ana.post(&world.report(&report, "submit"), &json!({})).await, "steps");
    edit(&world, "", "ORG", json!({"name": {"S": "Sly & Co"}})).await;
    let mallory = json!({"name": "Mallory", "email": "mallory@example.com"});
    refused(&world.admin.post(&world.path("members"), &mallory).await, "Sly");
}

#[tokio::test]
async fn a_task_edited_by_hand_is_not_put_before_anybody() {
    let world = World::new().await;
    let report = world.submitted("400.00").await;
    let partition = format!("#APPROVER#{}", world.marco.id);
    let tasks = table::items(&format!("ORG#{}{partition}", world.org)).await;
    let sk = tasks[0]["SK"]["S"].as_str().unwrap().to_owned();
    edit(&world, &partition, &sk, json!({"title": {"S": "A small lunch"}})).await;
    refused(&world.marco.get(&world.path("approvals")).await, "lunch");
    // The report itself is what it was.
    world.approve(&world.marco, &report).await.expect(200);
}

#[tokio::test]
async fn a_list_does_not_show_a_report_edited_by_hand() {
    let world = World::new().await;
    let report = world.submitted("40.00").await;
    let id = report["id"].as_str().unwrap();
    edit(&world, &format!("#REPORT#{id}"), "REPORT", json!({"title": {"S": "Sly"}})).await;
    refused(&world.ana.get(&world.path("reports")).await, "Sly");
    refused(&world.fiona.get(&world.path("reports?scope=all")).await, "Sly");
}

#[tokio::test]
async fn a_rate_edited_by_hand_converts_nothing() {
    let world = World::new().await;
    let rates = json!({"rates": {"USD": "0.9"}, "source": "ECB"});
    world.fiona.put(&world.path(&format!("rates/{}", day(1))), &rates).await.expect(200);
    let usd = with(expense("10.00"), &json!({"date": today(), "amount": {"amount": "10.00", "currency": "USD"}}));
    world.claim(&world.ana, std::slice::from_ref(&usd)).await.expect(201);
    edit(&world, "#RATES", &format!("USD#{}", day(1)), json!({"rate": {"S": "9.9"}})).await;
    refused(&world.claim(&world.ana, &[usd]).await, "9.9");
}

#[tokio::test]
async fn an_answer_edited_by_hand_is_not_given_again() {
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
    edit(&world, &partition, &key, json!({"answer": answer})).await;
    refused(&create().await, "Sly");
}
