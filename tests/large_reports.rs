//! Reports with hundreds of expenses: stored completely in one transaction, or not at all.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, World, eur, expense, send, table, today, with};

/// Short, distinct expenses of one cent each.
fn lines(count: usize) -> Vec<Value> {
    let line = |at: usize| json!({"date": today(), "category": "travel", "merchant": format!("M{at}"), "amount": {"amount": "0.01", "currency": "EUR"}});
    (0..count).map(line).collect()
}

async fn post(world: &World, key: &str, lines: &[Value], submit: bool) -> Answer {
    let body = json!({"title": "The year", "expenses": lines, "submit": submit});
    let request = world.ana.request(Method::POST, &world.path("reports")).header("Idempotency-Key", key);
    send(request.json(&body)).await
}

/// Number of the report's items whose sort key has this prefix.
async fn items(world: &World, report: &Value, prefix: &str) -> usize {
    table::sort_keys(world, report).await.iter().filter(|sk| sk.starts_with(prefix)).count()
}

#[tokio::test]
async fn report_of_200_expenses_is_created_in_one_request() {
    let world = World::new().await;
    let first = post(&world, "two-hundred-lines", &lines(200), true).await;
    let report = first.expect(201);
    assert_eq!(
        (&report["status"], &report["expense_count"], &report["totals"]["total"]),
        (&json!("submitted"), &json!(200), &eur("2.00"))
    );
    assert_eq!(items(&world, &report, "EXPENSES#").await, 4);
    assert_eq!((items(&world, &report, "REPORT").await, items(&world, &report, "EVENT#").await), (1, 2));
    let again = post(&world, "two-hundred-lines", &lines(200), true).await;
    assert_eq!(
        (again.status, again.header("etag"), again.header("location")),
        (201, first.header("etag"), first.header("location"))
    );
    assert_eq!(again.text, first.text, "the replay is identical");
    let list = world.ana.get(&world.path("reports")).await.expect(200);
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert_eq!(world.ana.get(&world.report(&report, "")).await.expect(200), report);
    post(&world, "two-hundred-lines", &lines(199), true).await.problem(422, "/problems/idempotency-key-reused");
}

#[tokio::test]
async fn draft_of_200_expenses_can_be_edited_and_submitted() {
    let world = World::new().await;
    let draft = post(&world, "a-large-draft", &lines(200), false).await.expect(201);
    assert_eq!((&draft["status"], items(&world, &draft, "EXPENSES#").await), (&json!("draft"), 4));
    for _ in 0..2 {
        world.ana.post(&world.report(&draft, "expenses"), &expense("1.00")).await.expect(200);
    }
    let removed = world.ana.delete(&world.line(&draft, 7, "")).await.expect(200);
    assert_eq!((&removed["expense_count"], items(&world, &draft, "EXPENSES#").await), (&json!(201), 5));
    let removed = world.ana.delete(&world.line(&draft, 8, "")).await.expect(200);
    assert_eq!((&removed["expense_count"], items(&world, &draft, "EXPENSES#").await), (&json!(200), 4));
    let report = world.ana.post(&world.report(&draft, "submit"), &json!({})).await.expect(200);
    assert_eq!((&report["status"], &report["totals"]["total"]), (&json!("submitted"), &eur("3.98")));
    assert_eq!(world.marco.get(&world.report(&report, "")).await.expect(200), report);
    let approved = world.marco.post_at(&world.report(&report, "approve"), 6, &json!({})).await.expect(200);
    assert_eq!((&approved["status"], approved["expenses"].as_array().unwrap().len()), (&json!("approved"), 200));
}

#[tokio::test]
async fn report_accepts_at_most_500_expenses() {
    let world = World::new().await;
    let faults = post(&world, "one-line-too-many", &lines(501), true).await.problem(422, "/problems/validation-failed");
    assert_eq!(faults, ["/expenses length"]);
    let report = post(&world, "five-hundred", &lines(500), true).await.expect(201);
    assert_eq!((&report["status"], &report["totals"]["total"]), (&json!("submitted"), &eur("5.00")));
    assert_eq!(items(&world, &report, "EXPENSES#").await, 10);
    let more = world.ana.post(&world.report(&report, "expenses"), &expense("1.00")).await;
    assert_eq!(more.problem(422, "/problems/validation-failed"), ["/expenses length"]);
    // The largest edit that restarts approval.
    let changed = world.ana.patch(&world.line(&report, 499, ""), &json!({"amount": eur("1.01")})).await.expect(200);
    assert_eq!((&changed["status"], &changed["totals"]["total"]), (&json!("submitted"), &eur("6.00")));
    assert_eq!(world.ana.get(&world.report(&report, "")).await.expect(200), changed);
}

#[tokio::test]
async fn blocked_expense_rejects_whole_report() {
    let world = World::new().await;
    let mut all = lines(200);
    let hotel = json!({"category": "lodging", "amount": eur("180.01"), "receipt_reference": "scan-1.pdf"});
    all[150] = with(all[150].clone(), &hotel);
    let faults = post(&world, "all-or-nothing", &all, true).await.problem(422, "/problems/validation-failed");
    assert_eq!(faults, ["/expenses/150/amount expense-limit"]);
    for list in
        ["reports", "reports?status=draft", "reports?min_total=0.01", "reports?updated_since=2020-01-01T00:00:00Z"]
    {
        assert_eq!(world.ana.get(&world.path(list)).await.expect(200)["items"], json!([]), "{list}");
    }
    assert_eq!(world.marco.get(&world.path("approvals")).await.expect(200)["items"], json!([]));
    // The rejected request leaves its key unused and no spending recorded.
    all.remove(150);
    let report = post(&world, "all-or-nothing", &all, true).await.expect(201);
    assert_eq!(report["expense_count"], 199);
    assert_eq!(world.mail(&world.marco, 2).await.len(), 2);
}
