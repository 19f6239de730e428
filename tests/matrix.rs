//! Every operation of `openapi.json` asked by every kind of caller: only who asks decides what is answered, and nothing is exempt.

mod stage;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use outlay_local::{Data, Stack};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::support::{Answer, options, table as items, url};
use stage::{Caller, Case, Operation, Stage, unknown};

/// One row for each operation, or, behind a `+`, for another way to ask it. The columns are those of [`Caller::ALL`]: without a token,
/// with an expired one | employee, finance, admin and auditor of another organisation | the same of this one, without a part in it |
/// the owner (of a member: himself), who decides for the approver that is asked | suspended. `403d` is the 403 of the duties.
const ROWS: &[(&str, &str)] = &[
    ("serviceHealth", "200 200 | 200 200 200 200 | 200 200 200 200 | 200 200 | 200"),
    ("serviceOpenapi", "200 200 | 200 200 200 200 | 200 200 200 200 | 200 200 | 200"),
    ("organisationsCreate", "401 401 | 201 201 201 201 | 201 201 201 201 | 201 201 | 201"),
    ("approvalsList", "401 401 | 404 404 404 404 | 200 200 200 200 | 200 200 | 404"),
    ("membersList", "401 401 | 404 404 404 404 | 403 200 200 200 | 403 403 | 404"),
    ("membersInvite", "401 401 | 404 404 404 404 | 403 403 201 403 | 403 403 | 404"),
    ("membersGet", "401 401 | 404 404 404 404 | 404 200 200 200 | 200 404 | 404"),
    ("membersChange", "401 401 | 404 404 404 404 | 403 403 200 403 | 403 403 | 404"),
    ("membersDelegate", "401 401 | 404 404 404 404 | 404 404 200 404 | 200 404 | 404"),
    ("membersUndelegate", "401 401 | 404 404 404 404 | 404 404 200 404 | 200 404 | 404"),
    ("membersAccount", "401 401 | 404 404 404 404 | 404 200 200 403 | 200 404 | 404"),
    ("membersSetAccount", "401 401 | 404 404 404 404 | 404 403 403 403 | 200 404 | 404"),
    ("membersExport", "401 401 | 404 404 404 404 | 404 403 200 403 | 200 404 | 404"),
    ("membersErase", "401 401 | 404 404 404 404 | 404 403 200 403 | 403 404 | 404"),
    ("policyGet", "401 401 | 404 404 404 404 | 200 200 200 200 | 200 200 | 404"),
    ("policyPut", "401 401 | 404 404 404 404 | 403 200 200 403 | 403 403 | 404"),
    ("policyVersions", "401 401 | 404 404 404 404 | 200 200 200 200 | 200 200 | 404"),
    ("policyCheck", "401 401 | 404 404 404 404 | 404 200 200 200 | 200 200 | 404"),
    ("policyCheck+policy", "401 401 | 404 404 404 404 | 403 200 200 200 | 403 403 | 404"),
    ("ratesList", "401 401 | 404 404 404 404 | 200 200 200 200 | 200 200 | 404"),
    ("ratesPut", "401 401 | 404 404 404 404 | 403 200 200 403 | 403 403 | 404"),
    ("reportsList", "401 401 | 404 404 404 404 | 200 200 200 200 | 200 200 | 404"),
    ("reportsList+all", "401 401 | 404 404 404 404 | 403 200 200 200 | 403 403 | 404"),
    ("reportsCreate", "401 401 | 404 404 404 404 | 201 201 201 403 | 201 201 | 404"),
    ("reportsCreate+owner", "401 401 | 404 404 404 404 | 403 201 201 403 | 403 403 | 404"),
    ("reportsGet", "401 401 | 404 404 404 404 | 404 200 200 200 | 200 200 | 404"),
    ("reportsHistory", "401 401 | 404 404 404 404 | 404 200 200 200 | 200 200 | 404"),
    ("reportsChange", "401 401 | 404 404 404 404 | 404 403 403 403 | 200 403 | 404"),
    // A draft asks nobody yet, so nobody decides on it for somebody else.
    ("reportsDelete", "401 401 | 404 404 404 404 | 404 403 403 403 | 204 404 | 404"),
    ("reportsSubmit", "401 401 | 404 404 404 404 | 404 403 403 403 | 200 404 | 404"),
    ("reportsRecall", "401 401 | 404 404 404 404 | 404 403 403 403 | 200 403 | 404"),
    ("reportsClone", "401 401 | 404 404 404 404 | 404 403 403 403 | 201 403 | 404"),
    ("reportsComment", "401 401 | 404 404 404 404 | 404 200 200 403 | 200 200 | 404"),
    ("reportsApprove", "401 401 | 404 404 404 404 | 404 403 403 403 | 403d 200 | 404"),
    ("reportsReturn", "401 401 | 404 404 404 404 | 404 403 403 403 | 403d 200 | 404"),
    // What is approved asks nobody any more.
    ("reportsReturn+approved", "401 401 | 404 404 404 404 | 404 200 200 403 | 403d 404 | 404"),
    ("reportsReject", "401 401 | 404 404 404 404 | 404 403 403 403 | 403d 200 | 404"),
    ("reportsReassign", "401 401 | 404 404 404 404 | 404 403 200 403 | 403 403 | 404"),
    ("expensesAdd", "401 401 | 404 404 404 404 | 404 403 403 403 | 200 403 | 404"),
    ("expensesChange", "401 401 | 404 404 404 404 | 404 403 403 403 | 200 403 | 404"),
    ("expensesRemove", "401 401 | 404 404 404 404 | 404 403 403 403 | 200 403 | 404"),
    ("expensesClone", "401 401 | 404 404 404 404 | 404 403 403 403 | 200 403 | 404"),
    ("expensesSplit", "401 401 | 404 404 404 404 | 404 403 403 403 | 200 403 | 404"),
    // A draft, for a receipt is declared and removed before anybody is asked.
    ("receiptsAdd", "401 401 | 404 404 404 404 | 404 403 403 403 | 201 404 | 404"),
    ("receiptsRemove", "401 401 | 404 404 404 404 | 404 403 403 403 | 200 404 | 404"),
    ("receiptsGet", "401 401 | 404 404 404 404 | 404 200 200 200 | 200 200 | 404"),
];

/// How many rows share two organisations: their lists stay shorter than a page.
const TOGETHER: usize = 6;
/// How many of these groups are asked at once.
const AT_ONCE: usize = 2;

/// What is expected of a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Expected {
    status: u16,
    duties: bool,
}

impl Expected {
    const fn is_done(self) -> bool {
        self.status < 300
    }

    /// The type of the problem, for those that a function answers with.
    fn problem(self) -> Option<&'static str> {
        match (self.status, self.duties) {
            (401, false) => Some("/problems/unauthenticated"),
            (403, false) => Some("/problems/forbidden"),
            (403, true) => Some("/problems/segregation-of-duties"),
            (404, false) => Some("/problems/not-found"),
            _ => None,
        }
    }
}

fn cells(row: &str) -> Vec<Expected> {
    let cells = row.split_whitespace().filter(|cell| *cell != "|");
    let read =
        |cell: &str| Expected { status: cell.trim_end_matches('d').parse().unwrap(), duties: cell.ends_with('d') };
    cells.map(read).collect()
}

/// The operations of the API, by the id of each.
fn operations() -> BTreeMap<String, Operation> {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json")).unwrap();
    let api: Value = serde_json::from_str(&text).unwrap();
    let mut found = BTreeMap::new();
    for (path, methods) in api["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap().to_owned();
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            assert!(found.insert(id, Operation { method, path: path.clone() }).is_none(), "{path} has an id twice");
        }
    }
    found
}

fn operation_of(row: &str) -> &str {
    row.split('+').next().unwrap_or(row)
}

#[test]
fn every_operation_has_a_row_and_every_row_an_operation() {
    let operations: BTreeSet<String> = operations().into_keys().collect();
    let rows: BTreeSet<String> = ROWS.iter().map(|(row, _)| operation_of(row).to_owned()).collect();
    assert_eq!(operations, rows);
    let names: BTreeSet<&str> = ROWS.iter().map(|(row, _)| *row).collect();
    assert_eq!(names.len(), ROWS.len(), "a row is there twice");
    for (row, statuses) in ROWS {
        assert_eq!(cells(statuses).len(), Caller::ALL.len(), "{row}");
    }
}

/// The cells of the table, by the row.
fn table() -> Vec<(&'static str, Operation, Vec<Expected>)> {
    let operations = operations();
    let with_operation = |(row, statuses): &(&'static str, &str)| {
        let operation = operations.get(operation_of(row))?;
        Some((*row, operation.clone(), cells(statuses)))
    };
    ROWS.iter().filter_map(with_operation).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_caller_decides() {
    let permits = Arc::new(Semaphore::new(AT_ONCE));
    let mut groups = JoinSet::new();
    for group in table().chunks(TOGETHER).map(<[_]>::to_vec) {
        let permits = Arc::clone(&permits);
        groups.spawn(async move {
            let _permit = permits.acquire_owned().await.unwrap();
            let stage = Stage::on(&url()).await;
            let mut wrong = Vec::new();
            for (row, operation, expected) in group {
                wrong.extend(ask_all(&stage, row, &operation, &expected).await);
            }
            wrong
        });
    }
    let wrong = groups.join_all().await.concat();
    assert!(wrong.is_empty(), "{} cells are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// Without the gateway's authorizer the function itself refuses, and does not say why.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_refuses_who_has_not_signed_in_whatever_the_gateway_does() {
    let stack = Stack::start(outlay_local::Options { authorizer: false, ..options(Data::InMemory) }).await.unwrap();
    let stage = Stage::on(stack.url()).await;
    items::plan_on(&stack, stage.org(), 60_000, 10_000).await;
    let (mut wrong, mut bodies) = (Vec::new(), BTreeSet::new());
    for (row, operation, expected) in table() {
        let case = stage.case(row, &operation).await;
        let before = stage.seen(&case).await;
        for (who, expected) in Caller::ALL.into_iter().zip(expected).take(2) {
            let answer = stage.send(who, &case).await;
            let refused = answer.status == 401;
            if refused {
                bodies.insert(bare(&answer));
            }
            let told = !refused || (is_problem(&answer, expected) && answer.header("www-authenticate") == "Bearer");
            if answer.status != expected.status || !told || (refused && stage.seen(&case).await != before) {
                wrong.push(format!("{row} by {who:?}: {} {}", answer.status, answer.text));
            }
        }
        // With a good token the same request is not refused for want of one.
        let answer = stage.send(Caller::Admin, &case).await;
        if answer.status == 401 || answer.status >= 500 {
            wrong.push(format!("{row} by the admin: {} {}", answer.status, answer.text));
        }
    }
    assert!(wrong.is_empty(), "{} answers are wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(bodies.len(), 1, "{bodies:?}");
}

/// Asks all cells of a row, and says what is wrong with the answers. Once something was done, the next request is about new things;
/// until then it is seen that they are as they were.
async fn ask_all(stage: &Stage, row: &str, operation: &Operation, expected: &[Expected]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut case = stage.case(row, operation).await;
    let mut before = stage.seen(&case).await;
    for (who, expected) in Caller::ALL.into_iter().zip(expected) {
        let answer = stage.send(who, &case).await;
        let after = stage.seen(&case).await;
        let changed = before != after;
        let found = if answer.status != expected.status {
            Err(format!("{} instead of {}: {}", answer.status, expected.status, answer.text))
        } else if expected.is_done() {
            done(stage, &case, who, &answer, changed).await
        } else if changed {
            Err("refused, and yet something changed".to_owned())
        } else {
            refused(stage, &case, who, &answer, *expected).await
        };
        wrong.extend(found.err().map(|why| format!("{row} by {who:?}: {why}")));
        if changed {
            case = stage.case(row, operation).await;
            before = stage.seen(&case).await;
        }
    }
    wrong
}

/// What was agreed to was done; what only reads showed the thing, and changed nothing.
async fn done(stage: &Stage, case: &Case, who: Caller, answer: &Answer, changed: bool) -> Result<(), String> {
    if changed != (case.changes && !case.watched.is_empty()) {
        return Err(format!("changed something: {changed}; {}", answer.text));
    }
    let location = answer.header("location");
    if (answer.status == 201) == location.is_empty() {
        return Err(format!("{} with the location {location:?}", answer.status));
    }
    // An organisation has no page of its own.
    if location.split('/').count() > 4 {
        let made = stage.world.admin.get(location).await;
        if made.status != 200 {
            return Err(format!("{location} is not there: {}", made.text));
        }
    }
    let shown = case.shows.as_ref().is_none_or(|text| answer.text.contains(text) == case.shown_to(who));
    if shown { Ok(()) } else { Err(format!("shows what it should not, or not what it should: {}", answer.text)) }
}

/// A refusal is of the right type, and what is hidden cannot be told from what never was.
async fn refused(stage: &Stage, case: &Case, who: Caller, answer: &Answer, expected: Expected) -> Result<(), String> {
    if matches!(who, Caller::NoToken | Caller::ExpiredToken) {
        let challenged = answer.header("www-authenticate").starts_with("Bearer");
        let gateways = answer.json() == json!({"message": "Unauthorized"});
        return if challenged && gateways { Ok(()) } else { Err(format!("{:?} {}", answer.headers, answer.text)) };
    }
    if !is_problem(answer, expected) {
        return Err(format!("is of another type: {}", answer.text));
    }
    let same = |one: &Answer, other: &Answer| {
        let equal = (one.status, bare(one), headers(one)) == (other.status, bare(other), headers(other));
        if equal { Ok(()) } else { Err(format!("{one:?} differs from what never was: {other:?}")) }
    };
    let org = &stage.world.org;
    if who.is_outside() {
        same(answer, &stage.send(who, &case.replaced(org, &unknown(org))).await)?;
    }
    let Some(subject) = &case.subject else { return Ok(()) };
    if who.is_foreign() {
        // Ours, named in his own organisation.
        let moved = case.replaced(org, &stage.foreign.org);
        let absent = moved.replaced(subject, &unknown(subject));
        same(&stage.send(who, &moved).await, &stage.send(who, &absent).await)?;
    } else if expected.status == 404 {
        same(answer, &stage.send(who, &case.replaced(subject, &unknown(subject))).await)?;
    }
    Ok(())
}

fn is_problem(answer: &Answer, expected: Expected) -> bool {
    let body = answer.json();
    body["type"].as_str() == expected.problem()
        && body["status"] == expected.status
        && answer.header("content-type") == "application/problem+json"
        && body["instance"] == answer.header("x-request-id")
}

/// The body but for the id of the request.
fn bare(answer: &Answer) -> String {
    match answer.header("x-request-id") {
        "" => answer.text.clone(),
        id => answer.text.replace(id, ""),
    }
}

/// The headers but for what differs from request to request: its id, the time, and what is left of a limit.
fn headers(answer: &Answer) -> BTreeSet<(String, Vec<u8>)> {
    let varies = |name: &str| ["x-request-id", "apigw-requestid", "date", "ratelimit"].contains(&name);
    let all = answer.headers.iter().map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()));
    all.filter(|(name, _)| !varies(name)).collect()
}
