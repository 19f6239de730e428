//! Exchange rates: entered by finance, applied from the expense's date or the last earlier one, stored with the
//! expense.

use serde_json::{Value, json};

use crate::support::{World, add_fault, day, fault_hits, url, violations};

fn line(date: &str, amount: &str, currency: &str) -> Value {
    json!({
        "date": date, "category": "travel", "merchant": "x", "amount": {"amount": amount, "currency": currency},
        "tax": {"amount": "0", "currency": currency}, "receipt_reference": "scan.pdf",
    })
}

async fn enter(world: &World, date: &str, rates: &Value) {
    world.fiona.put(&world.path(&format!("rates/{date}")), &json!({"rates": rates, "source": "ECB"})).await.expect(200);
}

#[tokio::test]
async fn expense_keeps_rate_date_and_source_of_conversion() {
    let world = World::new().await;
    enter(&world, "2026-11-02", &json!({"GBP": "1.1412", "JPY": "0.005834"})).await;
    enter(&world, "2026-11-05", &json!({"GBP": "1.1502"})).await;
    let lines = [
        line("2026-11-02", "100.00", "GBP"),
        line("2026-11-04", "100.00", "GBP"),
        line("2026-11-09", "100.00", "GBP"),
        line("2026-11-09", "12345", "JPY"),
        line("2026-11-09", "1.00", "EUR"),
    ];
    let report =
        world.ana.post(&world.path("reports"), &json!({"title": "London", "expenses": lines})).await.expect(201);
    let converted: Vec<_> =
        report["expenses"].as_array().unwrap().iter().map(|line| line["converted"].clone()).collect();
    let of = |amount: &str, rate: &str, date: &str| json!({"amount": {"amount": amount, "currency": "EUR"}, "tax": {"amount": "0.00", "currency": "EUR"}, "rate": rate, "date": date, "source": "ECB", "via": null});
    assert_eq!(
        converted,
        [
            of("114.12", "1.1412", "2026-11-02"),
            of("114.12", "1.1412", "2026-11-02"),
            of("115.02", "1.1502", "2026-11-05"),
            of("72.02", "0.005834", "2026-11-02"),
            Value::Null
        ]
    );
    assert_eq!(report["totals"]["total"]["amount"], "416.28");

    // A corrected rate reaches the whole draft.
    enter(&world, "2026-11-02", &json!({"GBP": "2"})).await;
    let first = report["expenses"][0]["id"].as_str().unwrap();
    let touched = world
        .ana
        .patch(&world.report(&report, &format!("expenses/{first}")), &json!({"merchant": "Hotel"}))
        .await
        .expect(200);
    assert_eq!(
        (
            &touched["expenses"][0]["converted"]["amount"]["amount"],
            &touched["expenses"][1]["converted"]["amount"]["amount"]
        ),
        (&json!("200.00"), &json!("200.00"))
    );
}

#[tokio::test]
async fn expense_without_exchange_rate_is_rejected() {
    let world = World::new().await;
    enter(&world, "2026-11-02", &json!({"GBP": "1.1412"})).await;
    let body = json!({"title": "x", "expenses": [line("2026-11-03", "1.00", "GBP"), line("2026-11-01", "1.00", "GBP"), line("2026-11-03", "1.00", "CHF")]});
    let answer = world.ana.post(&world.path("reports"), &body).await;
    let missing = ["/expenses/1/amount/currency rate-missing", "/expenses/2/amount/currency rate-missing"];
    assert_eq!(answer.problem(422, "/problems/validation-failed"), missing);
    assert!(answer.text.contains("No exchange rate for GBP on or before 2026-11-01"), "{}", answer.text);
    let draft = world.ana.post(&world.path("reports"), &json!({"title": "x"})).await.expect(201);
    let faults = world.ana.post(&world.report(&draft, "expenses"), &line("2026-11-03", "1", "JPY")).await;
    assert_eq!(faults.problem(422, "/problems/validation-failed"), ["/amount/currency rate-missing"]);
}

#[tokio::test]
async fn report_in_other_currency_has_base_total() {
    let world = World::new().await;
    enter(&world, "2026-11-02", &json!({"GBP": "1.25", "USD": "0.80"})).await;
    let lines =
        [line("2026-11-02", "100.00", "USD"), line("2026-11-02", "10.00", "EUR"), line("2026-11-02", "5.00", "GBP")];
    let report = world
        .ana
        .post(&world.path("reports"), &json!({"title": "x", "currency": "GBP", "expenses": lines, "submit": true}))
        .await
        .expect(201);
    let amounts: Vec<_> = report["expenses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| (line["converted"]["amount"]["amount"].clone(), line["base"]["amount"]["amount"].clone()))
        .collect();
    assert_eq!(amounts, [(json!("64.00"), json!("80.00")), (json!("8.00"), Value::Null), (Value::Null, json!("6.25"))]);
    let via = |at: usize| &report["expenses"][at]["converted"]["via"];
    assert_eq!((via(0), via(1)), (&json!("EUR"), &Value::Null), "USD in GBP is computed through the base currency");
    assert_eq!(
        (&report["totals"]["total"], &report["base_total"]),
        (&json!({"amount": "77.00", "currency": "GBP"}), &json!({"amount": "96.25", "currency": "EUR"}))
    );
}

#[tokio::test]
async fn exchange_rates_are_validated_and_listed() {
    let world = World::new().await;
    let put = |date: &str, body: Value| {
        let (world, path) = (world.clone(), world.path(&format!("rates/{date}")));
        async move { world.fiona.put(&path, &body).await }
    };
    for (rates, fault) in [
        (json!({"GBP": "0"}), "/rates/GBP rate"),
        (json!({"GBP": "-1"}), "/rates/GBP rate"),
        (json!({"GBP": 1.2}), "/rates/GBP type"),
        (json!({"gbp": "1"}), "/rates/gbp currency"),
        (json!({}), "/rates length"),
    ] {
        assert_eq!(
            put("2026-11-02", json!({"rates": rates})).await.problem(422, "/problems/validation-failed"),
            [fault]
        );
    }
    put("2026-11-02", json!({"rates": {"EUR": "1"}})).await.problem(422, "/problems/validation-failed");
    put("tomorrow", json!({"rates": {"GBP": "1"}})).await.problem(400, "/problems/invalid-parameter");
    put("9999-01-01", json!({"rates": {"GBP": "1"}})).await.problem(400, "/problems/invalid-parameter");
    world
        .ana
        .put(&world.path("rates/2026-11-02"), &json!({"rates": {"GBP": "1"}}))
        .await
        .problem(403, "/problems/forbidden");
    enter(&world, "2026-11-02", &json!({"GBP": "1.1412", "USD": "0.9"})).await;
    enter(&world, "2026-11-03", &json!({"GBP": "1.15"})).await;
    let all = world.ana.get(&world.path("rates")).await.expect(200);
    assert_eq!(all["items"].as_array().unwrap().len(), 3);
    let pounds = world.ana.get(&world.path("rates?currency=GBP")).await.expect(200);
    assert_eq!(pounds["items"][1], json!({"date": "2026-11-03", "currency": "GBP", "rate": "1.15", "source": "ECB"}));
}

#[tokio::test]
async fn conversion_out_of_range_is_rejected() {
    let world = World::new().await;
    enter(&world, "2026-11-02", &json!({"GBP": "999999999999", "JPY": "0.5", "USD": "0.000000000001"})).await;
    for (amount, from, to) in [("0.01", "GBP", "JPY"), ("10000000000", "GBP", "EUR"), ("10000000000", "GBP", "USD")] {
        let body = json!({"title": "x", "currency": to, "expenses": [line("2026-11-02", amount, from)]});
        let faults = world.ana.post(&world.path("reports"), &body).await.problem(422, "/problems/validation-failed");
        assert_eq!(faults, ["/expenses/0/amount/amount maximum"], "{amount} {from} in {to}");
    }
}

/// Amounts of the first expense and of the report, in EUR.
fn converted(report: &Value) -> (&str, &str) {
    let amount = &report["expenses"][0]["converted"]["amount"]["amount"];
    (amount.as_str().unwrap(), report["totals"]["total"]["amount"].as_str().unwrap())
}

#[tokio::test]
async fn rates_of_many_days_are_read_by_one_query_per_currency() {
    let world = World::new().await;
    enter(&world, &day(100), &json!({"GBP": "1.10", "JPY": "0.005"})).await;
    enter(&world, &day(50), &json!({"GBP": "1.20"})).await;
    let partition = format!("ORG#{}#RATES", world.org);
    let rule = json!({"service": "dynamodb", "operation": "Query", "containing": partition, "fault": "count"});
    let queries = add_fault(&url(), &rule).await;
    let lines: Vec<Value> =
        (20..80).map(|back| line(&day(back), "100", if back % 2 == 0 { "GBP" } else { "JPY" })).collect();
    let report = world.draft(&world.ana, &lines).await;
    // For the lines, and for what the policy finds in the draft: never one for each day.
    assert_eq!(fault_hits(&url(), &queries).await, 2 * 2);
    let rate = |at: usize| report["expenses"][at]["converted"]["rate"].as_str().unwrap();
    assert_eq!((rate(0), rate(1), rate(30), rate(32)), ("1.2", "0.005", "1.2", "1.1"));
}

#[tokio::test]
async fn corrected_rate_reaches_drafts_until_they_are_submitted() {
    let world = World::new().await;
    enter(&world, &day(1), &json!({"JPY": "0.60"})).await;
    let yen = || vec![line(&day(0), "10", "JPY")];
    let draft = world.draft(&world.ana, &yen()).await;
    let returned = world.submit_expenses(&world.ana, &yen()).await.expect(201);
    let submitted = world.submit_expenses(&world.ana, &yen()).await.expect(201);
    assert_eq!((converted(&returned), converted(&submitted)), (("6.00", "6.00"), ("6.00", "6.00")));
    let returned = world.decide(&world.marco, &returned, "return", &json!({"reason": "The rate."})).await.expect(200);
    enter(&world, &day(1), &json!({"JPY": "0.006"})).await;
    for report in [&draft, &returned] {
        let shown = world.ana.get(&world.report(report, "")).await.expect(200);
        assert_eq!(converted(&shown), ("0.06", "0.06"));
        let submitted = world.ana.post(&world.report(report, "submit"), &json!({})).await.expect(200);
        assert_eq!((converted(&submitted), &submitted["base_total"]["amount"]), (("0.06", "0.06"), &json!("0.06")));
    }
    let kept = world.ana.get(&world.report(&submitted, "")).await.expect(200);
    assert_eq!(converted(&kept), ("6.00", "6.00"), "a submitted line keeps its rate");
}

#[tokio::test]
async fn split_line_adds_up_at_unchanged_rate() {
    let world = World::new().await;
    enter(&world, &day(1), &json!({"USD": "0.8333"})).await;
    let draft = world.draft(&world.ana, &[line(&day(0), "10.00", "USD")]).await;
    let part = |amount: &str| json!({"amount": {"amount": amount, "currency": "USD"}});
    let parts = json!({"parts": [part("3.33"), part("3.33"), part("3.34")]});
    let split = world.ana.post(&world.line(&draft, 0, "split"), &parts).await.expect(200);
    assert_eq!(split["totals"]["total"]["amount"], "8.33");
    // A nearer day with the same rate changes no amount.
    enter(&world, &day(0), &json!({"USD": "0.8333"})).await;
    let submitted = world.ana.post(&world.report(&split, "submit"), &json!({})).await.expect(200);
    assert_eq!(submitted["totals"]["total"]["amount"], "8.33");
    assert_eq!(submitted["expenses"][0]["converted"]["date"], json!(day(0)));
}

#[tokio::test]
async fn wrong_rate_can_be_taken_back() {
    let world = World::new().await;
    enter(&world, &day(5), &json!({"JPY": "0.006"})).await;
    enter(&world, &day(1), &json!({"JPY": "0.60", "USD": "0.9"})).await;
    let yen = || vec![line(&day(0), "10", "JPY")];
    let (draft, submitted) = (world.draft(&world.ana, &yen()).await, world.submit_expenses(&world.ana, &yen()).await);
    let rate = |day: &str, currency: &str| world.path(&format!("rates/{day}/{currency}"));
    world.ana.delete(&rate(&day(1), "JPY")).await.problem(403, "/problems/forbidden");
    let removed = world.fiona.delete(&rate(&day(1), "JPY")).await;
    assert_eq!((removed.status, removed.text.as_str()), (204, ""));
    world.fiona.delete(&rate(&day(1), "JPY")).await.problem(404, "/problems/not-found");
    for path in [rate(&day(2), "JPY"), rate(&day(1), "GBP"), rate(&day(1), "yen")] {
        world.fiona.delete(&path).await.problem(404, "/problems/not-found");
    }
    world.fiona.delete(&rate("tomorrow", "JPY")).await.problem(400, "/problems/invalid-parameter");
    let listed = world.ana.get(&world.path("rates")).await.expect(200);
    let listed: Vec<_> = listed["items"].as_array().unwrap().iter().map(|rate| rate["rate"].clone()).collect();
    assert_eq!(listed, ["0.006", "0.9"]);
    // The draft is converted at the last earlier rate, the submitted report keeps its own.
    let shown = world.ana.get(&world.report(&draft, "")).await.expect(200);
    assert_eq!(converted(&shown), ("0.06", "0.06"));
    let kept = world.ana.get(&world.report(&submitted.expect(201), "")).await.expect(200);
    assert_eq!(converted(&kept), ("6.00", "6.00"));
    // Without any rate, the draft says so.
    assert_eq!(world.fiona.delete(&rate(&day(5), "JPY")).await.status, 204);
    let shown = world.ana.get(&world.report(&draft, "")).await.expect(200);
    assert_eq!(shown["missing_items"][0]["rule"], "rate-missing");
    let refused = world.ana.post(&world.report(&draft, "submit"), &json!({})).await;
    assert_eq!(refused.problem(422, "/problems/validation-failed"), ["/expenses/0/amount/currency rate-missing"]);
}

#[tokio::test]
async fn stale_rate_is_found() {
    let world = World::new().await;
    enter(&world, "2001-01-02", &json!({"USD": "0.9"})).await;
    enter(&world, &day(8), &json!({"GBP": "1.2"})).await;
    enter(&world, &day(7), &json!({"CHF": "1.1"})).await;
    let found = async |currency: &str| violations(&world.draft(&world.ana, &[line(&day(0), "1.00", currency)]).await);
    assert_eq!(found("CHF").await, [""; 0]);
    assert_eq!(found("GBP").await, ["rate-age warn 7 8"]);
    let ancient = found("USD").await;
    assert!(ancient[0].starts_with("rate-age warn 7 9"), "{ancient:?}");
    for (effect, field) in [("warn", "justification"), ("block", "amount")] {
        world.put_policy(&json!({"maximum_rate_age_days": {"days": 3, "effect": effect}})).await;
        assert_eq!(found("CHF").await, ["rate-age block 3 7"]);
        let refused = world.submit_expenses(&world.ana, &[line(&day(0), "1.00", "CHF")]).await;
        let pointers = refused.problem(422, "/problems/validation-failed");
        assert_eq!(pointers, [format!("/expenses/0/{field} rate-age")]);
    }
    let policy = world.ana.get(&world.path("policy")).await.expect(200);
    assert!(policy["maximum_rate_age_days"].to_string().contains("block"), "{policy}");
}
