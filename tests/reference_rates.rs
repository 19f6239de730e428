//! Reference rates of the European Central Bank: off by default, behind the organisation's own rates, computed through
//! the euro. The local stack serves the same sample rates on each weekday.

use jiff::civil::{Date, Weekday};
use outlay_local::Stack;
use serde_json::{Value, json};

use crate::support::{Person, World, day, fresh_key, invoke, own_stack, send, table, url};

const LOADER: &str = "triggers-load-reference-rates";

async fn load(base: &str) {
    let answer = invoke(base, LOADER, &json!({})).await;
    assert_eq!((answer.status, answer.header("x-amz-function-error")), (200, ""), "{}", answer.text);
}

fn line(date: &str, amount: &str, currency: &str) -> Value {
    json!({
        "date": date, "category": "travel", "merchant": "x", "amount": {"amount": amount, "currency": currency},
        "tax": {"amount": "0", "currency": currency}, "receipt_reference": "scan.pdf",
    })
}

/// Last weekday up to a date: the day of its sample rates.
fn weekday(date: &str) -> String {
    let mut day: Date = date.parse().unwrap();
    while matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) {
        day = day.yesterday().unwrap();
    }
    day.to_string()
}

async fn choose(world: &World, source: &Value) -> Value {
    world.admin.patch(&format!("/v1/orgs/{}", world.org), &json!({"rate_source": source})).await.expect(200)
}

/// Rate, day, source and `via` of the first expense of a report.
fn conversion(report: &Value) -> [&Value; 4] {
    let converted = &report["expenses"][0]["converted"];
    [&converted["rate"], &converted["date"], &converted["source"], &converted["via"]]
}

#[tokio::test]
async fn reference_rates_are_used_where_organisation_chooses_them() {
    let world = World::new().await;
    load(&url()).await;
    let body = json!({"title": "London", "expenses": [line(&day(0), "100.00", "GBP")]});
    let refused = world.ana.post(&world.path("reports"), &body).await;
    assert_eq!(refused.problem(422, "/problems/validation-failed"), ["/expenses/0/amount/currency rate-missing"]);

    let organisation = format!("/v1/orgs/{}", world.org);
    world.fiona.patch(&organisation, &json!({"rate_source": "ecb"})).await.problem(403, "/problems/forbidden");
    let wrong = world.admin.patch(&organisation, &json!({"rate_source": "fed"})).await;
    assert_eq!(wrong.problem(422, "/problems/validation-failed").len(), 1);
    assert_eq!(choose(&world, &json!("ecb")).await["rate_source"], "ecb");
    let history = table::items(&format!("ORG#{}#ORGANISATION", world.org)).await;
    let change = history.last().unwrap()["changes"].to_string();
    assert!(change.contains("/rate_source") && change.contains("ecb"), "{change}");

    let report = world.ana.post(&world.path("reports"), &body).await.expect(201);
    let date = json!(weekday(&day(0)));
    assert_eq!(conversion(&report), [&json!("1.13636363636"), &date, &json!("ECB"), &Value::Null]);
    assert_eq!(report["totals"]["total"]["amount"], "113.64");
    // Without the source, the draft lacks a rate again; a submitted report keeps its own.
    let submitted = world.submit_expenses(&world.ana, &[line(&day(0), "100.00", "GBP")]).await.expect(201);
    assert_eq!(choose(&world, &Value::Null).await["rate_source"], Value::Null);
    let shown = world.ana.get(&world.report(&report, "")).await.expect(200);
    assert_eq!(shown["missing_items"][0]["rule"], "rate-missing");
    let kept = world.ana.get(&world.report(&submitted, "")).await.expect(200);
    assert_eq!(conversion(&kept)[2], "ECB");
}

#[tokio::test]
async fn own_rate_counts_before_reference_rates_for_a_week() {
    let world = World::new().await;
    load(&url()).await;
    choose(&world, &json!("ecb")).await;
    let enter = async |date: &str| {
        let rates = json!({"rates": {"GBP": "1.5"}, "source": "treasury"});
        world.fiona.put(&world.path(&format!("rates/{date}")), &rates).await.expect(200);
    };
    let source = async || {
        let report = world.draft(&world.ana, &[line(&day(0), "100.00", "GBP")]).await;
        conversion(&report)[2].as_str().unwrap().to_owned()
    };
    enter(&day(8)).await;
    assert_eq!(source().await, "ECB");
    enter(&day(7)).await;
    assert_eq!(source().await, "treasury");
    let removed = world.fiona.delete(&world.path(&format!("rates/{}/GBP", day(7)))).await;
    assert_eq!((removed.status, source().await.as_str()), (204, "ECB"));
}

#[tokio::test]
async fn pair_without_euro_is_converted_through_euro() {
    load(&url()).await;
    let admin = Person::sign_in(&url(), "Ada Admin", &format!("ada@{}.example.com", fresh_key())).await;
    let created = admin.post("/v1/orgs", &json!({"name": "Acme", "base_currency": "USD"})).await.expect(201);
    let organisation = format!("/v1/orgs/{}", created["id"].as_str().unwrap());
    admin.patch(&organisation, &json!({"rate_source": "ecb"})).await.expect(200);
    let euro = json!("EUR");
    for (from, to, rate, source, via) in [
        ("GBP", "USD", "1.25", "ECB via EUR", &euro),
        ("EUR", "USD", "1.1", "ECB", &Value::Null),
        ("GBP", "JPY", "187.5", "ECB via EUR", &euro),
    ] {
        let body = json!({"title": "x", "currency": to, "expenses": [line(&day(0), "100.00", from)]});
        let report = admin.post(&format!("{organisation}/reports"), &body).await.expect(201);
        let date = json!(weekday(&day(0)));
        assert_eq!(conversion(&report), [&json!(rate), &date, &json!(source), via], "{from} in {to}");
    }
}

/// Serves a document in place of the sample files; an empty one restores them.
async fn serve(stack: &Stack, document: &str) {
    let request = reqwest::Client::new().put(format!("{}/_local/reference-rates", stack.url()));
    assert_eq!(send(request.body(document.to_owned())).await.status, 204);
}

fn file(date: &str, rate: &str) -> String {
    format!("<Envelope><Cube><Cube time='{date}'><Cube currency='USD' rate='{rate}'/></Cube></Cube></Envelope>")
}

async fn stored(stack: &Stack) -> Value {
    let of = json!({":pk": {"S": "REFERENCE_RATES#ECB"}});
    let query = json!({"KeyConditionExpression": "PK = :pk", "ExpressionAttributeValues": of, "ConsistentRead": true});
    table::call_on(stack, "Query", query).await["Items"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_file_changes_nothing_and_fails_the_run() {
    let (stack, _) = own_stack().await;
    load(stack.url()).await;
    let before = stored(&stack).await;
    assert!(before.as_array().unwrap().len() >= 63, "the weekdays of 90 days");
    load(stack.url()).await;
    assert_eq!(stored(&stack).await, before, "a repeated run changes nothing");
    for document in ["<html/>", &file(&day(0), "0"), &file(&day(-2), "1.1"), &"x".repeat(1_000_001)] {
        serve(&stack, document).await;
        let answer = invoke(stack.url(), LOADER, &json!({})).await;
        assert!(!answer.header("x-amz-function-error").is_empty(), "{document:.100}");
        assert_eq!(stored(&stack).await, before, "{document:.100}");
    }
    // A corrected rate of the newest day replaces the stored one.
    serve(&stack, &file(&weekday(&day(0)), "1.2345")).await;
    load(stack.url()).await;
    let after = stored(&stack).await;
    assert_eq!(after.as_array().unwrap().len(), before.as_array().unwrap().len());
    assert!(after.to_string().contains("1.2345"), "{after}");
    stack.stop().await;
}
