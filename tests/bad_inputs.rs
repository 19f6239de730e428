//! Bad input from our collection, case by case: each meets its one problem and leaves the organisation's items as they were, and what only
//! looks bad works. `catalogue` lists all cases and says which are for capabilities to come; the other files send the requests.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::{Answer, Person, World, expense, send, table, with};

mod authn;
mod catalogue;
mod dates;
mod duties;
mod failures;
mod idempotency;
mod json;
mod money;
mod paging;
mod rate;
mod tenant;
mod text;
mod transport;
mod uploads;

/// A problem by its status and type.
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

/// What no answer may hold: words of parsers, of the program, and of where it runs.
const LEAKS: [&str; 9] = ["serde", "outlay_", "panicked", "arn:", ".rs:", "at line", "column", "DynamoDB", "RUST_"];

/// A request of a case, by the number of the case, and the problem it must meet.
type Case = (&'static str, RequestBuilder, Problem);

/// A POST with an idempotency key of its own, and no body yet.
fn post(person: &Person, path: &str) -> RequestBuilder {
    person.once(Method::POST, path)
}

/// A POST of this text as JSON, whether it is any or not.
fn raw(person: &Person, path: &str, body: impl Into<Vec<u8>>) -> RequestBuilder {
    post(person, path).header("Content-Type", "application/json").body(body.into())
}

/// A report of Ana's to be created, with these members in place of its own.
fn report(world: &World, more: &Value) -> RequestBuilder {
    let body = json!({"title": "Lyon", "expenses": [expense("10.00")]});
    post(&world.ana, &world.path("reports")).json(&with(body, more))
}

/// A report of Ana's to be created of one line, with these members in place of the line's own.
fn line(world: &World, more: &Value) -> RequestBuilder {
    report(world, &json!({"expenses": [with(expense("10.00"), more)]}))
}

/// A GET by a person of something in the organisation.
fn get(world: &World, person: &Person, rest: &str) -> RequestBuilder {
    person.request(Method::GET, &world.path(rest))
}

/// A decision on the version that a report had when it was seen.
fn decide(world: &World, person: &Person, seen: &Value, action: &str) -> RequestBuilder {
    let body = if action == "approve" { json!({}) } else { json!({"reason": "No."}) };
    let path = world.report(seen, action);
    person.request(Method::POST, &path).header("If-Match", format!("\"{}\"", seen["version"])).json(&body)
}

/// Whether an answer is this problem, complete and without a word of what is inside; if not, why.
fn is(answer: &Answer, (status, kind): Problem) -> Result<(), String> {
    let body: Value = serde_json::from_str(&answer.text).unwrap_or_default();
    let told = (answer.status, body["type"].as_str().unwrap_or_default());
    if told != (status, kind) {
        return Err(format!("{told:?} in place of {status} {kind}: {}", shortened(&answer.text)));
    }
    let whole = answer.header("content-type") == "application/problem+json"
        && body["status"] == json!(status)
        && body["instance"].as_str() == Some(answer.header("x-request-id"))
        && ["title", "detail"].iter().all(|name| body[*name].as_str().is_some_and(|text| !text.is_empty()));
    if !whole {
        return Err(format!("not a whole problem: {:?} {}", answer.headers, shortened(&answer.text)));
    }
    let leak = LEAKS.iter().find(|leak| answer.text.contains(**leak));
    leak.map_or(Ok(()), |leak| Err(format!("it tells of {leak}: {}", shortened(&answer.text))))
}

fn shortened(text: &str) -> String {
    text.chars().take(300).collect()
}

/// The keys of items that are not as they were.
fn changed(before: &BTreeMap<String, Value>, after: &BTreeMap<String, Value>) -> Vec<String> {
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    keys.into_iter().filter(|key| before.get(*key) != after.get(*key)).cloned().collect()
}

/// Sends the requests one after the other. Each must meet its problem, and none may change an item of the organisation.
async fn refused(world: &World, cases: Vec<Case>) {
    let before = table::organisation(&world.org).await;
    let mut wrong = Vec::new();
    let ids: BTreeSet<&str> = cases.iter().map(|(id, ..)| *id).collect();
    for (id, request, problem) in cases {
        if let Err(why) = is(&send(request).await, problem) {
            wrong.push(format!("{id}: {why}"));
        }
    }
    let changed = changed(&before, &table::organisation(&world.org).await);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(changed.is_empty(), "one of {ids:?} has changed {changed:?}");
}
