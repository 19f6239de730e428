//! Amounts, rates, shares and currencies: exact decimals in canonical form, currencies in use.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Case, INVALID, MALFORMED, expect_problems, line, post, raw};
use crate::support::{World, day, eur, expense, send, with};

fn money(amount: &str, currency: &str) -> Value {
    json!({"amount": {"amount": amount, "currency": currency}})
}

/// Stores rates dated yesterday, which convert today's expenses.
async fn rates(world: &World, rates: &Value) {
    let path = world.path(&format!("rates/{}", day(1)));
    world.fiona.put(&path, &json!({"rates": rates, "source": "ECB"})).await.expect(200);
}

#[tokio::test]
async fn amount_in_non_canonical_form_is_rejected() {
    let world = World::new().await;
    rates(&world, &json!({"JPY": "0.0055", "KWD": "2.8"})).await;
    let rows = [
        ("MONEY-01", "NaN", "EUR"),
        ("MONEY-03", "Infinity", "EUR"),
        ("MONEY-03", "-Infinity", "EUR"),
        ("MONEY-03", "1e400", "EUR"),
        ("MONEY-03", "1e2", "EUR"),
        // Refunds do not exist, so amounts are never negative.
        ("MONEY-05", "-10.00", "EUR"),
        ("MONEY-06", "0.00", "EUR"),
        ("MONEY-06", "0", "EUR"),
        ("MONEY-07", "-0.00", "EUR"),
        ("MONEY-07", "-0", "EUR"),
        ("MONEY-11", "1000.5", "JPY"),
        ("MONEY-12", "1.2345", "KWD"),
        ("MONEY-13", "1.234", "EUR"),
        ("MONEY-16", " 12.00", "EUR"),
        ("MONEY-16", "12.00 ", "EUR"),
        ("MONEY-17", "+12.00", "EUR"),
        ("MONEY-17", "012.00", "EUR"),
        ("MONEY-17", ".5", "EUR"),
        ("MONEY-17", "5.", "EUR"),
        ("MONEY-18", "１２.００", "EUR"),
        ("MONEY-18", "١٢", "EUR"),
    ];
    let mut cases: Vec<Case> =
        rows.iter().map(|(id, amount, currency)| (*id, line(&world, &money(amount, currency)), INVALID)).collect();
    cases.push(("MONEY-19", line(&world, &money(&"9".repeat(10_000), "EUR")), INVALID));
    let bare = json!({"title": "Lyon", "expenses": [expense("7777.77")]}).to_string().replace("\"7777.77\"", "NaN");
    cases.push(("MONEY-02", raw(&world.ana, &world.path("reports"), bare), MALFORMED));
    expect_problems(&world, cases).await;
    let made = send(line(&world, &money("1.234", "KWD"))).await.expect(201);
    assert_eq!(made["expenses"][0]["amount"], money("1.234", "KWD")["amount"], "MONEY-14");
}

#[tokio::test]
async fn total_above_maximum_is_rejected() {
    let world = World::new().await;
    rates(&world, &json!({"USD": "1000000"})).await;
    let most = |currency: &str| {
        let line = with(expense("1.00"), &money("10000000000.00", currency));
        post(&world.ana, &world.path("reports")).json(&json!({"title": "Lyon", "expenses": vec![line; 500]}))
    };
    let cases = vec![
        ("MONEY-10", line(&world, &money("10000000000.01", "EUR")), INVALID),
        // The rate multiplies each amount by a million.
        ("MONEY-10", most("USD"), INVALID),
    ];
    expect_problems(&world, cases).await;
    let faults = send(most("USD")).await.problem(422, "/problems/validation-failed");
    assert_eq!(faults, ["/expenses total"], "MONEY-10");
    // In the base currency the largest possible total is far below the maximum.
    let made = send(most("EUR")).await.expect(201);
    assert_eq!(made["totals"]["total"], eur("5000000000000.00"), "MONEY-10");
}

#[tokio::test]
async fn rate_split_and_tax_out_of_range_are_rejected() {
    let world = World::new().await;
    let draft = world.draft(&world.ana, &[expense("100.00")]).await;
    let split = |parts: &[&str]| {
        let parts: Vec<Value> = parts.iter().map(|amount| json!({"amount": eur(amount)})).collect();
        post(&world.ana, &world.line(&draft, 0, "split")).json(&json!({"parts": parts}))
    };
    let rate = |rate: &str| {
        let request = world.fiona.request(Method::PUT, &world.path("rates/2026-01-01"));
        request.json(&json!({"rates": {"USD": rate}, "source": "ECB"}))
    };
    let cases = vec![
        ("MONEY-20", rate("0"), INVALID),
        ("MONEY-20", rate("0.000"), INVALID),
        ("MONEY-20", rate("-0.9"), INVALID),
        ("MONEY-22", split(&["33.33", "33.33", "33.33"]), INVALID),
        ("MONEY-22", split(&["33.33", "33.33", "33.35"]), INVALID),
        ("MONEY-23", line(&world, &json!({"tax": eur("10.01")})), INVALID),
    ];
    expect_problems(&world, cases).await;
    send(split(&["33.33", "33.33", "33.34"])).await.expect(200);
}

#[tokio::test]
async fn currency_not_in_use_is_rejected() {
    let world = World::new().await;
    let rows = [
        ("CURRENCY-01", "ZZZ"),
        ("CURRENCY-02", "eur"),
        ("CURRENCY-03", "XXX"),
        ("CURRENCY-03", "XTS"),
        ("CURRENCY-03", "XAU"),
        ("CURRENCY-04", "DEM"),
        ("CURRENCY-05", "€"),
        ("CURRENCY-05", "US$"),
        ("CURRENCY-06", "ЕUR"),
    ];
    expect_problems(&world, rows.iter().map(|(id, code)| (*id, line(&world, &money("5.00", code)), INVALID)).collect())
        .await;
    for (id, code) in rows {
        let faults = send(line(&world, &money("5.00", code))).await.problem(422, "/problems/validation-failed");
        assert_eq!(faults, ["/expenses/0/amount/currency currency"], "{id} {code}");
    }
}
