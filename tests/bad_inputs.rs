//! Invalid requests by case number. Each must get its one problem and leave the organisation's items unchanged; input
//! that only looks suspicious must work. `catalogue` lists all cases, including those of capabilities that do not exist
//! yet; the other files send the requests.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::{Answer, Person, World, expense, send, table, with};

mod authn;
mod catalogue;
mod dates;
mod failures;
mod idempotency;
mod json;
mod money;
mod pagination;
mod rate_limits;
mod tenant;
mod text;
mod transport;
mod uploads;
mod workflow;

/// Status and type of a problem.
type Problem = (u16, &'static str);

const INVALID_PARAMETER: Problem = (400, "/problems/invalid-parameter");
const INVALID_HEADER: Problem = (400, "/problems/invalid-header");
const MALFORMED: Problem = (400, "/problems/malformed-json");
const CURSOR_INVALID: Problem = (400, "/problems/cursor-invalid");
const UNAUTHENTICATED: Problem = (401, "/problems/unauthenticated");
const FORBIDDEN: Problem = (403, "/problems/forbidden");
const DUTIES: Problem = (403, "/problems/segregation-of-duties");
const NOT_FOUND: Problem = (404, "/problems/not-found");
const NO_METHOD: Problem = (405, "/problems/method-not-allowed");
const INVALID_STATE: Problem = (409, "/problems/invalid-state");
const ALREADY_DECIDED: Problem = (409, "/problems/already-decided");
const STALE: Problem = (412, "/problems/stale-version");
const TOO_LARGE: Problem = (413, "/problems/body-too-large");
const MEDIA_TYPE: Problem = (415, "/problems/unsupported-media-type");
const INVALID: Problem = (422, "/problems/validation-failed");
const QUOTA: Problem = (429, "https://iana.org/assignments/http-problem-types#quota-exceeded");
const INTEGRITY: Problem = (500, "/problems/integrity");
const UNAVAILABLE: Problem = (503, "/problems/dependency-unavailable");
const REDUCED: Problem = (503, "https://iana.org/assignments/http-problem-types#temporary-reduced-capacity");

/// Texts that no response may contain: names of parsers, of the program, of its environment.
const LEAKS: [&str; 9] = ["serde", "outlay_", "panicked", "arn:", ".rs:", "at line", "column", "DynamoDB", "RUST_"];

/// Case number, request, and the problem it must get.
type Case = (&'static str, RequestBuilder, Problem);

/// A POST with a fresh idempotency key and no body yet.
fn post(person: &Person, path: &str) -> RequestBuilder {
    person.once(Method::POST, path)
}

/// A POST with this body declared as JSON, valid or not.
fn raw(person: &Person, path: &str, body: impl Into<Vec<u8>>) -> RequestBuilder {
    post(person, path).header("Content-Type", "application/json").body(body.into())
}

/// Request to create a report of Ana's, with extra or replaced fields.
fn report(world: &World, more: &Value) -> RequestBuilder {
    let body = json!({"title": "Lyon", "expenses": [expense("10.00")]});
    post(&world.ana, &world.path("reports")).json(&with(body, more))
}

/// Request to create a report of Ana's with one expense, whose fields are extended or replaced.
fn line(world: &World, more: &Value) -> RequestBuilder {
    report(world, &json!({"expenses": [with(expense("10.00"), more)]}))
}

/// A GET of a path in the organisation.
fn get(world: &World, person: &Person, rest: &str) -> RequestBuilder {
    person.request(Method::GET, &world.path(rest))
}

/// A decision on the report version given.
fn decide(world: &World, person: &Person, seen: &Value, action: &str) -> RequestBuilder {
    let body = if action == "approve" { json!({}) } else { json!({"reason": "No."}) };
    let path = world.report(seen, action);
    person.request(Method::POST, &path).header("If-Match", format!("\"{}\"", seen["version"])).json(&body)
}

/// Checks that a response is this complete problem and leaks no internals.
fn check_problem(answer: &Answer, (status, kind): Problem) -> Result<(), String> {
    let body: Value = serde_json::from_str(&answer.text).unwrap_or_default();
    let actual = (answer.status, body["type"].as_str().unwrap_or_default());
    if actual != (status, kind) {
        return Err(format!("expected {status} {kind}, got {actual:?}: {}", shortened(&answer.text)));
    }
    let is_complete = answer.header("content-type") == "application/problem+json"
        && body["status"] == json!(status)
        && body["instance"].as_str() == Some(answer.header("x-request-id"))
        && ["title", "detail"].iter().all(|name| body[*name].as_str().is_some_and(|text| !text.is_empty()));
    if !is_complete {
        return Err(format!("incomplete problem: {:?} {}", answer.headers, shortened(&answer.text)));
    }
    let leak = LEAKS.iter().find(|leak| answer.text.contains(**leak));
    leak.map_or(Ok(()), |leak| Err(format!("the response contains {leak}: {}", shortened(&answer.text))))
}

fn shortened(text: &str) -> String {
    text.chars().take(300).collect()
}

/// Keys of items that were added, removed or changed.
fn changed_keys(before: &BTreeMap<String, Value>, after: &BTreeMap<String, Value>) -> Vec<String> {
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    keys.into_iter().filter(|key| before.get(*key) != after.get(*key)).cloned().collect()
}

/// Sends the requests one by one. Each must get its problem, and none may change an item of the organisation.
async fn expect_problems(world: &World, cases: Vec<Case>) {
    let before = table::organisation(&world.org).await;
    let mut wrong = Vec::new();
    let ids: BTreeSet<&str> = cases.iter().map(|(id, ..)| *id).collect();
    for (id, request, problem) in cases {
        if let Err(why) = check_problem(&send(request).await, problem) {
            wrong.push(format!("{id}: {why}"));
        }
    }
    let changed = changed_keys(&before, &table::organisation(&world.org).await);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(changed.is_empty(), "one of {ids:?} changed {changed:?}");
}
