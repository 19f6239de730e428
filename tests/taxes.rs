//! Taxes of an expense: stated as a sum or one by one, or the category's default for country and currency.

use serde_json::{Value, json};

use crate::support::{World, eur, expense, with};

/// An organisation whose category `travel` has these default taxes.
async fn world_with_defaults(defaults: &Value) -> World {
    let world = World::new().await;
    let travel = with(json!({"code": "travel", "name": "Travel"}), defaults);
    let meals = json!({"code": "meals", "name": "Meals"});
    let policy = json!({"receipt_required_from": null, "limits": [], "categories": [travel, meals]});
    world.put_policy(&policy).await;
    world
}

async fn enter_rates(world: &World) {
    let rates = json!({"rates": {"JPY": "0.0058", "USD": "0.9"}, "source": "ECB"});
    world.fiona.put(&world.path("rates/2026-01-01"), &rates).await.expect(200);
}

fn money(amount: &str, currency: &str) -> Value {
    json!({"amount": amount, "currency": currency})
}

fn line_path(world: &World, report: &Value, line: usize) -> String {
    world.report(report, &format!("expenses/{}", report["expenses"][line]["id"].as_str().unwrap()))
}

fn tax_of(report: &Value, line: usize) -> (String, String) {
    let line = &report["expenses"][line];
    (line["tax"]["amount"].as_str().unwrap().to_owned(), line["tax_source"].as_str().unwrap().to_owned())
}

fn tax(amount: &str, source: &str) -> (String, String) {
    (amount.to_owned(), source.to_owned())
}

#[tokio::test]
async fn stated_tax_equal_to_default_stays() {
    let world = world_with_defaults(&json!({"default_tax": "19"})).await;
    let stated = with(expense("119.00"), &json!({"tax": eur("19.00")}));
    let none = with(expense("119.00"), &json!({"tax": eur("0.00"), "category": "meals"}));
    let report = world.draft(&world.ana, &[stated, expense("119.00"), none]).await;
    assert_eq!(
        [0, 1, 2].map(|line| tax_of(&report, line)),
        [tax("19.00", "stated"), tax("19.00", "default"), tax("0.00", "stated")]
    );
    let patch =
        async |line: usize, body: Value| world.ana.patch(&line_path(&world, &report, line), &body).await.expect(200);
    assert_eq!(tax_of(&patch(0, json!({"amount": eur("238.00")})).await, 0), tax("19.00", "stated"));
    assert_eq!(tax_of(&patch(0, json!({"category": "meals"})).await, 0), tax("19.00", "stated"));
    assert_eq!(tax_of(&patch(1, json!({"amount": eur("238.00")})).await, 1), tax("38.00", "default"));
    assert_eq!(tax_of(&patch(1, json!({"category": "meals"})).await, 1), tax("0.00", "default"));
    assert_eq!(tax_of(&patch(1, json!({"category": "travel"})).await, 1), tax("38.00", "default"));
    assert_eq!(tax_of(&patch(2, json!({"category": "travel"})).await, 2), tax("0.00", "stated"));
    assert_eq!(tax_of(&patch(2, json!({"tax": null})).await, 2), tax("19.00", "default"));
}

#[tokio::test]
async fn currency_change_does_not_drop_stated_tax() {
    let world = world_with_defaults(&json!({"default_tax": "19"})).await;
    enter_rates(&world).await;
    let stated = with(expense("119.00"), &json!({"tax": eur("7.00")}));
    let each = with(expense("119.00"), &json!({"taxes": [{"name": "City tax", "amount": eur("3.00")}, {"rate": "7"}]}));
    let zero = with(expense("119.00"), &json!({"tax": eur("0.00")}));
    let report = world.draft(&world.ana, &[stated, expense("119.00"), each, zero]).await;
    let to_usd = json!({"amount": money("100.00", "USD")});
    let faults = async |line: usize| {
        let answer = world.ana.patch(&line_path(&world, &report, line), &to_usd).await;
        answer.problem(422, "/problems/validation-failed")
    };
    assert_eq!(faults(0).await, ["/tax/currency same-currency"]);
    assert_eq!(faults(2).await, ["/taxes same-currency"]);
    let patch =
        async |line: usize, body: Value| world.ana.patch(&line_path(&world, &report, line), &body).await.expect(200);
    // The default is one of amounts in the base currency.
    assert_eq!(tax_of(&patch(1, to_usd.clone()).await, 1), tax("0.00", "default"));
    assert_eq!(tax_of(&patch(3, to_usd.clone()).await, 3), tax("0.00", "stated"));
    let restated = with(to_usd.clone(), &json!({"tax": money("6.00", "USD")}));
    assert_eq!(tax_of(&patch(0, restated).await, 0), tax("6.00", "stated"));
    let removed = with(to_usd, &json!({"taxes": null}));
    assert_eq!(tax_of(&patch(2, removed).await, 2), tax("0.00", "default"));
}

#[tokio::test]
async fn default_taxes_apply_by_country_and_currency() {
    let defaults = json!({"default_tax": "19", "default_taxes": [
        {"country": "JP", "currency": "JPY", "rates": ["10"]},
        {"country": "FR", "rates": ["5.5", "2"]},
        {"currency": "USD", "rates": []},
        {"country": "DE", "rates": ["7"]},
    ]});
    let world = world_with_defaults(&defaults).await;
    enter_rates(&world).await;
    let at = |amount: Value, country: Option<&str>| {
        let line = with(expense("1.00"), &json!({"amount": amount}));
        country.map_or(line.clone(), |country| with(line, &json!({"country": country})))
    };
    let lines = [
        at(money("1200", "JPY"), None),
        at(money("1100", "JPY"), Some("JP")),
        at(eur("107.50"), Some("FR")),
        at(money("107.50", "USD"), None),
        at(eur("107.00"), Some("DE")),
        at(eur("119.00"), None),
        at(eur("119.00"), Some("IT")),
    ];
    let report = world.draft(&world.ana, &lines).await;
    let found: Vec<_> = (0..lines.len()).map(|line| tax_of(&report, line).0).collect();
    assert_eq!(found, ["0", "100", "7.50", "0.00", "7.00", "19.00", "0.00"]);
    let each = json!([
        {"name": null, "rate": "5.5", "amount": eur("5.50")},
        {"name": null, "rate": "2", "amount": eur("2.00")},
    ]);
    assert_eq!(report["expenses"][2]["taxes"], each);
    let moved = world.ana.patch(&line_path(&world, &report, 2), &json!({"country": "DE"})).await.expect(200);
    assert_eq!(tax_of(&moved, 2), tax("7.03", "default"));
}

#[tokio::test]
async fn several_taxes_of_a_line_add_up() {
    let world = world_with_defaults(&json!({})).await;
    // A hotel bill: 10 % on the room, city tax by the night.
    let bill = with(
        expense("113.00"),
        &json!({"taxes": [
            {"rate": "10"},
            {"name": "City tax", "amount": eur("3.00")},
        ]}),
    );
    let receipt = with(
        expense("115.00"),
        &json!({"taxes": [
            {"name": "VAT", "rate": "10", "amount": eur("10.00")},
            {"name": "VAT", "rate": "5", "amount": eur("5.00")},
        ]}),
    );
    let report = world.draft(&world.ana, &[bill, receipt]).await;
    assert_eq!([tax_of(&report, 0), tax_of(&report, 1)], [tax("13.00", "stated"), tax("15.00", "stated")]);
    assert_eq!(report["totals"]["tax"], eur("28.00"));
    let changed = world.ana.patch(&line_path(&world, &report, 0), &json!({"amount": eur("223.00")})).await.expect(200);
    let amounts: Vec<_> =
        changed["expenses"][0]["taxes"].as_array().unwrap().iter().map(|tax| &tax["amount"]).collect();
    assert_eq!(amounts, [&eur("20.00"), &eur("3.00")]);
    let parts = json!({"parts": [{"amount": eur("100.00")}, {"amount": eur("15.00")}]});
    let path = format!("{}/split", line_path(&world, &report, 1));
    let split = world.ana.post(&path, &parts).await.expect(200);
    let taxes = |line: usize| split["expenses"][line]["taxes"].as_array().unwrap().clone();
    let cents = |tax: &Value| tax["amount"]["amount"].as_str().unwrap().replace('.', "").parse::<u32>().unwrap();
    assert_eq!((taxes(1).len(), taxes(2).len()), (2, 2));
    for (at, whole) in [(0, 1000), (1, 500)] {
        assert_eq!(cents(&taxes(1)[at]) + cents(&taxes(2)[at]), whole);
    }
    assert_eq!(split["totals"]["tax"], eur("38.00"));
}

#[tokio::test]
async fn invalid_taxes_are_rejected() {
    let world = World::new().await;
    let faults = async |more: Value| {
        let body = json!({"title": "Lyon", "expenses": [with(expense("10.00"), &more)]});
        world.ana.post(&world.path("reports"), &body).await.problem(422, "/problems/validation-failed")
    };
    assert_eq!(faults(json!({"tax": eur("1.00"), "taxes": []})).await, ["/expenses/0/taxes exclusive"]);
    assert_eq!(faults(json!({"taxes": [{"name": "VAT"}]})).await, ["/expenses/0/taxes/0/rate required"]);
    assert_eq!(faults(json!({"taxes": [{"rate": "101"}]})).await, ["/expenses/0/taxes/0/rate percent"]);
    let eleven = vec![json!({"rate": "1"}); 11];
    assert_eq!(faults(json!({"taxes": eleven})).await, ["/expenses/0/taxes length"]);
    let above = json!({"taxes": [{"amount": eur("9.00")}, {"amount": eur("1.01")}]});
    assert_eq!(faults(above).await, ["/expenses/0/taxes maximum"]);
    assert_eq!(faults(json!({"taxes": [{"amount": money("1.00", "USD")}]})).await, ["/expenses/0/taxes same-currency"]);
    for country in ["fr", "ZZ", "FRA", ""] {
        assert_eq!(faults(json!({"country": country})).await, ["/expenses/0/country country"], "{country}");
    }
}

#[tokio::test]
async fn default_follows_policy_until_submission() {
    let world = world_with_defaults(&json!({"default_tax": "19"})).await;
    let stated = with(expense("119.00"), &json!({"tax": eur("19.00")}));
    let report = world.draft(&world.ana, &[expense("119.00"), stated]).await;
    let categories = json!([{"code": "travel", "name": "Travel", "default_tax": "7"}]);
    let policy = json!({"receipt_required_from": null, "limits": [], "duplicates": null, "categories": categories});
    world.put_policy(&policy).await;
    let expected = [tax("7.79", "default"), tax("19.00", "stated")];
    let seen = world.ana.get(&world.report(&report, "")).await.expect(200);
    assert_eq!([tax_of(&seen, 0), tax_of(&seen, 1)], expected);
    let submitted = world.ana.post(&world.report(&report, "submit"), &json!({})).await.expect(200);
    assert_eq!([tax_of(&submitted, 0), tax_of(&submitted, 1)], expected);
    assert_eq!(submitted["totals"]["tax"], eur("26.79"));
    world.put_policy(&with(policy, &json!({"categories": [{"code": "travel", "name": "Travel"}]}))).await;
    let later = world.ana.get(&world.report(&report, "")).await.expect(200);
    assert_eq!([tax_of(&later, 0), tax_of(&later, 1)], expected);
}
