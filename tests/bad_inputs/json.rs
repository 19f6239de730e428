//! Bodies that are not JSON, not the expected JSON, or set fields that clients may not set.

use serde_json::json;

use super::{INVALID, MALFORMED, Problem, check_problem, expect_problems, line, raw, report};
use crate::support::{World, send};

#[tokio::test]
async fn body_other_than_json_object_is_malformed() {
    let world = World::new().await;
    let path = world.path("reports");
    let case = |id: &'static str, body: &[u8]| (id, raw(&world.ana, &path, body), MALFORMED);
    let mut cases = vec![
        case("JSON-01", b"{\"title\":\"x\""),
        case("JSON-02", b""),
        case("JSON-04", b"{\"title\":\"x\",}"),
        case("JSON-06", b"{\"title\":\"a\xFFb\"}"),
        case("JSON-07", b"{\"title\":\"a\xC0\xAFb\"}"),
        case("JSON-10", b"{\"title\":\"a\x01b\"}"),
        case("JSON-14", b"{\"title\":\"x\",\"title\":\"y\"}"),
        case(
            "JSON-14",
            b"{\"title\":\"x\",\"expenses\":[{\"amount\":{\"amount\":\"1.00\",\"amount\":\"9.00\",\"currency\":\"EUR\"}}]}",
        ),
        // The same name, escaped differently.
        case("JSON-14", b"{\"title\":\"x\",\"t\\u0069tle\":\"y\"}"),
    ];
    cases.extend(["\"title\"", "1", "true", "null", "[]", "{} {}"].map(|body| case("JSON-19", body.as_bytes())));
    // The one object with free member names: rates by currency.
    let rates = world.fiona.request(reqwest::Method::PUT, &world.path("rates/2026-01-01"));
    let twice = rates.header("Content-Type", "application/json").body(r#"{"rates":{"USD":"0.9","USD":"9.0"}}"#);
    cases.push(("JSON-16", twice, MALFORMED));
    expect_problems(&world, cases).await;
}

#[tokio::test]
async fn malformed_json_problem_names_cause_and_place() {
    let world = World::new().await;
    for (body, cause) in [
        (&b""[..], ""),
        (b"   ", "it is empty"),
        (b"[]", "it is a list, not an object"),
        (b"\"title\"", "it is a string, not an object"),
        (b"{\"title\": Lyon}", "expected value (line 1, position 11)"),
        (b"{\n  \"title\": \"Lyon\",\n}", "trailing comma (line 3, position 1)"),
        (b"{\"title\":\"x\"", "EOF while parsing an object (line 1, position 12)"),
        (b"{\"title\":\"x\",\"title\":\"y\"}", "the name \"title\" is repeated (line 1, position 25)"),
        (b"{\"title\":\"a\xFFb\"}", "it is not UTF-8 from byte 11 on"),
        (b"{\"title\":\"x\"} {}", "trailing characters (line 1, position 15)"),
    ] {
        let answer = send(raw(&world.ana, &world.path("reports"), body)).await;
        if body.is_empty() {
            answer.problem(400, "/problems/malformed-json");
            continue;
        }
        assert_eq!(check_problem(&answer, MALFORMED), Ok(()));
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(cause), "{detail}");
    }
}

#[tokio::test]
async fn input_error_says_what_is_accepted() {
    let world = World::new().await;
    let detail = async |request: reqwest::RequestBuilder| {
        let answer = send(request).await;
        let error = answer.expect(422)["errors"][0].clone();
        (error["pointer"].as_str().unwrap().to_owned(), error["detail"].as_str().unwrap().to_owned())
    };
    let amount = |amount: &str, currency: &str| json!({"amount": {"amount": amount, "currency": currency}});
    for (more, pointer, says) in [
        (json!({"date": "2026-02-30"}), "/expenses/0/date", "2026-02-30 is not a day of the calendar."),
        (json!({"date": "2026-13-01"}), "/expenses/0/date", "2026-13-01 is not a day of the calendar."),
        (json!({"date": "2025-02-29"}), "/expenses/0/date", "2025-02-29 is not a day of the calendar."),
        (json!({"date": "30.11.2026"}), "/expenses/0/date", "YYYY-MM-DD"),
        (amount("10000000000.01", "EUR"), "/expenses/0/amount/amount", "10000000000.00 EUR"),
        (amount("1000000000001", "JPY"), "/expenses/0/amount/amount", "1000000000000 JPY"),
        (amount("99999999999999999999999", "KWD"), "/expenses/0/amount/amount", "1000000000.000 KWD"),
        (json!({"merchant": "a\u{202E}b"}), "/expenses/0/merchant", "U+202E"),
        (json!({"merchant": "a\nb"}), "/expenses/0/merchant", "line break"),
    ] {
        let (found, sentence) = detail(line(&world, &more)).await;
        assert_eq!(found, pointer, "{more}");
        assert!(sentence.contains(says), "{more}: {sentence}");
    }
    let rates = world.path(&format!("rates/{}", crate::support::today()));
    let put = |rates_in: serde_json::Value| {
        world.fiona.request(reqwest::Method::PUT, &rates).json(&json!({"rates": rates_in}))
    };
    for (rates_in, pointer) in [
        (json!({"EUR": "1"}), "/rates/EUR"),
        (json!({"USD": "x"}), "/rates/USD"),
        (json!({"USD": 1}), "/rates/USD"),
        // A slash in a name is escaped by RFC 6901; a separator is not.
        (json!({"E/R": "1"}), "/rates/E~1R"),
        (json!({"E~R": "1"}), "/rates/E~0R"),
    ] {
        assert_eq!(detail(put(rates_in.clone())).await.0, pointer, "{rates_in}");
    }
    // Parameters of path and query.
    for (path, says) in [("reports?from=2026-02-30", "calendar"), ("reports?to=01.02.2026", "YYYY-MM-DD")] {
        let answer = world.ana.get(&world.path(path)).await;
        answer.problem(400, "/problems/invalid-parameter");
        assert!(answer.json()["detail"].as_str().unwrap().contains(says), "{}", answer.text);
    }
    let answer = world.fiona.put(&world.path("rates/2026-02-30"), &json!({"rates": {"USD": "1"}})).await;
    answer.problem(400, "/problems/invalid-parameter");
    assert!(answer.json()["detail"].as_str().unwrap().contains("calendar"), "{}", answer.text);
}

#[tokio::test]
async fn unknown_or_mistyped_field_is_rejected() {
    let world = World::new().await;
    let rows = [
        ("JSON-20", json!({"is_admin": true}), "/is_admin unknown-field"),
        ("JSON-21", json!({"status": "approved"}), "/status unknown-field"),
        ("JSON-22", json!({"tenant_id": "other"}), "/tenant_id unknown-field"),
        ("JSON-22", json!({"org": world.org}), "/org unknown-field"),
        ("JSON-24", json!({"title": null}), "/title required"),
        ("JSON-25", json!({"title": 123}), "/title type"),
    ];
    let invalid: Problem = INVALID;
    expect_problems(&world, rows.iter().map(|(id, more, _)| (*id, report(&world, more), invalid)).collect()).await;
    for (id, more, fault) in rows {
        let faults = send(report(&world, &more)).await.problem(422, "/problems/validation-failed");
        assert_eq!(faults, [fault], "{id}");
    }
}
