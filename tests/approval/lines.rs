//! Partial approval: amounts approved per expense, exact to the cent.

use serde_json::{Value, json};

use super::{line, step};
use crate::support::{Answer, Person, World, day, eur, expense};

fn gbp(amount: &str) -> Value {
    json!({"amount": amount, "currency": "GBP"})
}

fn partial(line: &Value, amount: &Value, reason: &str) -> Value {
    json!({"expense_id": line["id"], "approved_amount": amount, "reason": reason})
}

async fn approve(world: &World, by: &Person, report: &Value, amounts: &[Value]) -> Answer {
    world.decide(by, report, "approve", &json!({"expenses": amounts})).await
}

fn totals(report: &Value) -> [&str; 3] {
    ["total", "reimbursable", "not_reimbursed"].map(|name| report["totals"][name]["amount"].as_str().unwrap())
}

#[tokio::test]
async fn partial_approval_reduces_one_expense() {
    let world = World::new().await;
    let card = line("20.00", &json!({"payment_method": "company_card"}));
    let report = world.submit_expenses(&world.ana, &[expense("100.00"), expense("50.05"), card]).await.expect(201);
    assert_eq!(totals(&report), ["170.05", "150.05", "0.00"]);
    let lines = report["expenses"].as_array().unwrap();
    let minibar = partial(&lines[0], &eur("87.66"), "The minibar is private.");
    let approved = approve(&world, &world.marco, &report, &[minibar]).await.expect(200);
    assert_eq!((&approved["status"], totals(&approved)), (&json!("approved"), ["170.05", "137.71", "12.34"]));
    assert_eq!(approved["base_total"], eur("170.05"));
    let mut first = lines[0].clone();
    first["approved_amount"] = eur("87.66");
    first["approved_reason"] = json!("The minibar is private.");
    first["reduced_by"] = json!("approver");
    assert_eq!(approved["expenses"], json!([first, lines[1], lines[2]]));
    assert_eq!(world.ana.get(&world.report(&report, "")).await.expect(200), approved);
}

#[tokio::test]
async fn partial_approval_accepts_zero() {
    let world = World::new().await;
    let report = world.submitted("40.00").await;
    let none = partial(&report["expenses"][0], &eur("0"), "Private.");
    let approved = approve(&world, &world.marco, &report, &[none]).await.expect(200);
    assert_eq!((&approved["status"], totals(&approved)), (&json!("approved"), ["40.00", "0.00", "40.00"]));
    assert_eq!(approved["expenses"][0]["approved_amount"], eur("0.00"));
}

#[tokio::test]
async fn partial_approval_in_foreign_currency_is_prorated() {
    let world = World::new().await;
    let rates = json!({"rates": {"GBP": "1.1412"}, "source": "ECB"});
    world.fiona.put(&world.path(&format!("rates/{}", day(1))), &rates).await.expect(200);
    // The exact value is 38.036196 EUR; it is rounded once.
    let pounds = |amount: &str| line("1.00", &json!({"amount": gbp(amount)}));
    let report = world.submit_expenses(&world.ana, &[pounds("100.00"), expense("10.00")]).await.expect(201);
    assert_eq!(totals(&report), ["124.12", "124.12", "0.00"]);
    let part = partial(&report["expenses"][0], &gbp("33.33"), "A third.");
    let approved = approve(&world, &world.marco, &report, &[part]).await.expect(200);
    assert_eq!(totals(&approved), ["124.12", "48.04", "76.08"]);
    assert_eq!(approved["expenses"][0]["approved_amount"], gbp("33.33"));
    assert_eq!(approved["expenses"][0]["converted"]["amount"], eur("114.12"));

    let rates = json!({"rates": {"GBP": "1.25"}, "source": "ECB"});
    world.fiona.put(&world.path(&format!("rates/{}", day(0))), &rates).await.expect(200);
    // Half a cent rounds to even: 0.025 becomes 0.02, 0.075 becomes 0.08.
    for (granted, reimbursed, not) in [("0.02", "0.02", "2.48"), ("0.06", "0.08", "2.42"), ("1.99", "2.49", "0.01")] {
        let report = world.submit_expenses(&world.ana, &[pounds("2.00")]).await.expect(201);
        assert_eq!(totals(&report), ["2.50", "2.50", "0.00"]);
        let part = partial(&report["expenses"][0], &gbp(granted), "A part.");
        let approved = approve(&world, &world.marco, &report, &[part]).await.expect(200);
        assert_eq!(totals(&approved), ["2.50", reimbursed, not], "{granted}");
    }
}

#[tokio::test]
async fn partial_approval_reports_all_invalid_amounts() {
    let world = World::new().await;
    let cap = json!([{"categories": ["lodging"], "period": "expense", "amount": eur("80.00"), "effect": "cap"}]);
    world.put_policy(&json!({"limits": cap})).await;
    let hotel = line("100.00", &json!({"category": "lodging"}));
    let report = world.submit_expenses(&world.ana, &[expense("40.00"), hotel, expense("30.00")]).await.expect(201);
    assert_eq!(totals(&report), ["170.00", "150.00", "20.00"]);
    assert_eq!(report["expenses"][1]["approved_amount"], eur("80.00"));
    let other = world.submitted("5.00").await;
    let lines = &report["expenses"];
    let amounts = [
        partial(&lines[0], &eur("40.01"), "x"),
        partial(&lines[1], &eur("80.01"), "x"),
        partial(&other["expenses"][0], &eur("1.00"), "x"),
        partial(&lines[2], &gbp("1.00"), "x"),
        partial(&lines[2], &eur("1.00"), "x"),
    ];
    let faults = approve(&world, &world.marco, &report, &amounts).await;
    let expected = [
        "/expenses/0/approved_amount/amount maximum",
        "/expenses/1/approved_amount/amount maximum",
        "/expenses/2/expense_id unknown-expense",
        "/expenses/3/approved_amount/currency same-currency",
        "/expenses/4/expense_id unique",
    ];
    assert_eq!(faults.problem(422, "/problems/validation-failed"), expected);
    for (at, most) in [(0, "Must be at most 40.00 EUR."), (1, "Must be at most 80.00 EUR.")] {
        assert_eq!(faults.json()["errors"][at]["detail"], most);
    }
    let malformed = [
        json!({"expense_id": "exp_1", "approved_amount": eur("-1.00"), "reason": "x"}),
        json!({"expense_id": lines[0]["id"], "approved_amount": eur("1.001"), "reason": " "}),
        json!({"expense_id": lines[0]["id"], "approved_amount": eur("1.00")}),
    ];
    let faults = approve(&world, &world.marco, &report, &malformed).await;
    let expected = [
        "/expenses/0/approved_amount/amount positive",
        "/expenses/0/expense_id unknown-expense",
        "/expenses/1/approved_amount/amount decimals",
        "/expenses/1/reason blank",
        "/expenses/2/reason required",
    ];
    let mut found = faults.problem(422, "/problems/validation-failed");
    found.sort_unstable();
    assert_eq!(found, expected);
    // Nothing is stored.
    assert_eq!(world.ana.get(&world.report(&report, "")).await.expect(200), report);
}

#[tokio::test]
async fn later_approver_can_only_lower_approved_amounts() {
    let world = World::new().await;
    let cap = json!([{"categories": ["lodging"], "period": "expense", "amount": eur("80.00"), "effect": "cap"}]);
    let finance = step("Finance", &json!({"kind": "role", "role": "finance"}));
    let steps = json!([step("Manager", &json!({"kind": "manager"})), finance]);
    world.put_policy(&json!({"limits": cap, "steps": steps})).await;
    let hotel = line("100.00", &json!({"category": "lodging"}));
    let report = world.submit_expenses(&world.ana, &[expense("40.00"), hotel, expense("30.00")]).await.expect(201);
    let lines = report["expenses"].as_array().unwrap();
    let first: Vec<_> = lines
        .iter()
        .zip(["10.00", "50.00", "20.00"])
        .map(|(line, amount)| partial(line, &eur(amount), "Marco"))
        .collect();
    let seen = approve(&world, &world.marco, &report, &first).await.expect(200);
    assert_eq!((&seen["status"], totals(&seen)), (&json!("submitted"), ["170.00", "80.00", "90.00"]));

    // A lowered amount cannot be raised again.
    let again = [partial(&lines[1], &eur("50.01"), "Fiona")];
    let faults = approve(&world, &world.fiona, &seen, &again).await;
    assert_eq!(faults.problem(422, "/problems/validation-failed"), ["/expenses/0/approved_amount/amount maximum"]);
    assert_eq!(faults.json()["errors"][0]["detail"], "Must be at most 50.00 EUR.");

    // First expense lowered further, second repeats the approved amount (no new reason), third untouched.
    let second = [partial(&lines[0], &eur("4.99"), "Fiona"), partial(&lines[1], &eur("50.00"), "Fiona")];
    let last = approve(&world, &world.fiona, &seen, &second).await.expect(200);
    assert_eq!((&last["status"], totals(&last)), (&json!("approved"), ["170.00", "74.99", "95.01"]));
    let decided: Vec<_> = last["expenses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| (line["approved_amount"]["amount"].as_str().unwrap(), line["approved_reason"].as_str()))
        .collect();
    assert_eq!(decided, [("4.99", Some("Fiona")), ("50.00", Some("Marco")), ("20.00", Some("Marco"))]);

    // Resubmission restores the claimed amounts, except for the cap.
    let back = world.decide(&world.fiona, &last, "return", &json!({"reason": "Once more."})).await.expect(200);
    let again = world.ana.post(&world.report(&back, "submit"), &json!({})).await.expect(200);
    assert_eq!(totals(&again), ["170.00", "150.00", "20.00"]);
    let reduced: Vec<_> = again["expenses"].as_array().unwrap().iter().map(|line| &line["reduced_by"]).collect();
    assert_eq!(reduced, [&Value::Null, &json!("cap"), &Value::Null]);
}
