//! Bodies that are not JSON, not the expected JSON, or set fields that clients may not set.

use serde_json::json;

use super::{INVALID, MALFORMED, Problem, expect_problems, raw, report};
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
