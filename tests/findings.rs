//! Totals and findings that are true in every state: a rejected report grants nothing, and a draft or returned report
//! shows what the policy finds now and what still stops the submission.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{World, day, eur, expense, files, send, violations, with};

/// Items that are missing, as `rule field number of expenses`.
fn missing(report: &Value) -> Vec<String> {
    let one = |item: &Value| {
        let lines = item["expense_ids"].as_array().unwrap().len();
        format!("{} {} {lines}", item["rule"].as_str().unwrap(), item["field"].as_str().unwrap_or("-"))
    };
    report["missing_items"].as_array().unwrap().iter().map(one).collect()
}

/// Total, reimbursable, not reimbursed and repayable amount.
fn totals(report: &Value) -> [&str; 4] {
    ["total", "reimbursable", "not_reimbursed", "repayable"]
        .map(|name| report["totals"][name]["amount"].as_str().unwrap())
}

fn meal(amount: &str) -> Value {
    with(expense(amount), &json!({"category": "meals"}))
}

fn card(amount: &str) -> Value {
    with(expense(amount), &json!({"payment_method": "company_card", "merchant": "Hotel"}))
}

async fn read(world: &World, report: &Value) -> Value {
    world.ana.get(&world.report(report, "")).await.expect(200)
}

#[tokio::test]
async fn rejected_report_grants_nothing() {
    let world = World::new().await;
    let report = world.submit_expenses(&world.ana, &[expense("300.00"), card("80.00")]).await.expect(201);
    assert_eq!(totals(&report), ["380.00", "300.00", "0.00", "0.00"]);
    let rejected = world.decide(&world.marco, &report, "reject", &json!({"reason": "Private."})).await.expect(200);
    let list = world.ana.get(&world.path("reports")).await.expect(200);
    for shown in [&rejected, &read(&world, &report).await, &list["items"][0]] {
        assert_eq!(totals(shown), ["380.00", "0.00", "300.00", "80.00"]);
    }
    for line in rejected["expenses"].as_array().unwrap() {
        assert_eq!(line["approved_amount"], eur("0.00"));
    }
    let history = world.ana.get(&world.report(&report, "history")).await.expect(200);
    assert_eq!(history["chain"]["verified"], true);
    let changed = history["items"][2]["changes"].to_string();
    assert!(changed.contains("/totals/reimbursable/amount"), "{changed}");
}

#[tokio::test]
async fn draft_shows_findings_after_every_edit() {
    let world = World::new().await;
    let lines = [meal("80.00"), with(expense("200.00"), &json!({"category": "lodging"}))];
    let draft = world.draft(&world.ana, &lines).await;
    let all = ["expense-limit block 60.00 80.00", "expense-limit block 180.00 200.00"];
    assert_eq!(violations(&draft), all);
    assert_eq!(missing(&draft), ["expense-limit justification 1", "expense-limit amount 1"]);
    assert_eq!(read(&world, &draft).await["missing_items"], draft["missing_items"]);
    // What is mended is gone, the rest stays.
    let edited = world.ana.patch(&world.line(&draft, 0, ""), &json!({"justification": "Client."})).await.expect(200);
    assert_eq!(violations(&edited), ["expense-limit warn 60.00 80.00", all[1]]);
    assert_eq!(missing(&edited), ["expense-limit amount 1"]);
    let edited = world.ana.patch(&world.report(&draft, ""), &json!({"title": "Paris"})).await.expect(200);
    assert_eq!(missing(&edited), ["expense-limit amount 1"]);
    let removed = world.ana.delete(&world.line(&draft, 1, "")).await.expect(200);
    assert_eq!(missing(&removed), [""; 0]);
    world.ana.post(&world.report(&draft, "submit"), &json!({})).await.expect(200);
}

#[tokio::test]
async fn missing_items_are_what_submission_refuses() {
    let world = World::new().await;
    let empty = world.draft(&world.ana, &[]).await;
    assert_eq!(missing(&empty), ["empty-report - 0"]);
    let cases = [
        (with(expense("10.00"), &json!({"category": "yachts"})), "unknown-category category 1"),
        (meal("60.01"), "expense-limit justification 1"),
        (with(expense("180.01"), &json!({"category": "lodging"})), "expense-limit amount 1"),
    ];
    for (line, item) in cases {
        let draft = world.draft(&world.ana, &[line]).await;
        assert_eq!(missing(&draft), [item]);
        let refused = world.ana.post(&world.report(&draft, "submit"), &json!({})).await;
        let pointers = refused.problem(422, "/problems/validation-failed");
        let (rule, field) = (item.split(' ').next().unwrap(), item.split(' ').nth(1).unwrap());
        assert_eq!(pointers, [format!("/expenses/0/{field} {rule}")]);
    }
}

#[tokio::test]
async fn returned_report_keeps_findings_while_it_is_edited() {
    let world = World::new().await;
    let line = |amount: &str| with(meal(amount), &json!({"justification": "Client."}));
    let report = world.submit_expenses(&world.ana, &[line("80.00"), line("90.00")]).await.expect(201);
    let returned = world.decide(&world.marco, &report, "return", &json!({"reason": "Names?"})).await.expect(200);
    let both = ["expense-limit warn 60.00 80.00", "expense-limit warn 60.00 90.00"];
    assert_eq!(violations(&returned), both);
    let edited = world.ana.patch(&world.line(&report, 0, ""), &json!({"note": "With Zoe."})).await.expect(200);
    assert_eq!(violations(&edited), both);
    let edited = world.ana.patch(&world.line(&report, 0, ""), &json!({"amount": eur("50.00")})).await.expect(200);
    assert_eq!(violations(&edited), [both[1]]);
    assert_eq!(violations(&read(&world, &report).await), [both[1]]);
}

#[tokio::test]
async fn draft_shows_caps_of_policy_in_force() {
    let world = World::new().await;
    let draft = world.draft(&world.ana, &[meal("100.00")]).await;
    assert_eq!(totals(&draft), ["100.00", "100.00", "0.00", "0.00"]);
    let cap = json!({"categories": ["meals"], "period": "day", "amount": eur("60.00"), "effect": "cap"});
    world.put_policy(&json!({"limits": [cap]})).await;
    // The version is the same, and still nothing is hidden behind a 304.
    let path = world.report(&draft, "");
    let read_if_changed =
        async |tag: &str| send(world.ana.request(Method::GET, &path).header("if-none-match", tag)).await;
    let answer = read_if_changed("\"1\"").await;
    let shown = answer.expect(200);
    assert!(answer.header("etag").starts_with("\"1-"), "{:?}", answer.headers);
    assert_eq!(totals(&shown), ["100.00", "60.00", "40.00", "0.00"]);
    assert_eq!(shown["expenses"][0]["approved_amount"], eur("60.00"));
    let submitted = world.ana.post(&world.report(&draft, "submit"), &json!({})).await.expect(200);
    assert_eq!(submitted["totals"], shown["totals"]);
    let tag = world.ana.get(&path).await.header("etag").to_owned();
    assert_eq!(read_if_changed(&tag).await.status, 304);
    // In other drafts, claimed spending counts.
    let other = world.draft(&world.ana, &[meal("30.00")]).await;
    assert_eq!(totals(&other), ["30.00", "0.00", "30.00", "0.00"]);
}

#[tokio::test]
async fn pending_receipt_is_missing_item() {
    let world = World::new().await;
    let draft = world.draft(&world.ana, &[expense("10.00")]).await;
    let declaration = files::declaration("a.pdf", "application/pdf", b"%PDF-1.4");
    world.ana.post(&world.line(&draft, 0, "receipts"), &declaration).await.expect(201);
    assert_eq!(missing(&read(&world, &draft).await), ["receipt-pending receipts 1"]);
}

#[tokio::test]
async fn recalled_and_cloned_report_show_findings() {
    let world = World::new().await;
    let line = with(meal("80.00"), &json!({"justification": "Client.", "date": day(1)}));
    let report = world.submit_expenses(&world.ana, &[line]).await.expect(201);
    let recalled = world.ana.post(&world.report(&report, "recall"), &json!({})).await.expect(200);
    assert_eq!(violations(&recalled), ["expense-limit warn 60.00 80.00"]);
    // A clone has no justification.
    let clone = world.ana.post(&world.report(&report, "clone"), &json!({})).await.expect(201);
    assert_eq!(missing(&clone), ["expense-limit justification 1"]);
}
