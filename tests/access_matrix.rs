//! Access matrix: every operation of `openapi.json` called by every kind of caller. Requests are otherwise valid, so
//! the caller alone determines the status.

mod fixtures;
mod statuses;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use outlay_local::{Data, Stack};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::support::{Answer, options, table as items, url};
use fixtures::{Caller, Case, Fixtures, Operation, unknown};

/// One row per operation; `+` marks a variant of the request. Columns follow [`Caller::ALL`]: no token, expired token |
/// employee, finance, admin and auditor of another organisation | the same roles of this organisation, not involved |
/// owner (of a member: that member), delegate of the pending approver | suspended member. `403d` is a 403 of the type
/// `segregation-of-duties`.
const ROWS: &[(&str, &str)] = &[
    ("serviceHealth", "200 200 | 200 200 200 200 | 200 200 200 200 | 200 200 | 200"),
    ("serviceOpenapi", "200 200 | 200 200 200 200 | 200 200 200 200 | 200 200 | 200"),
    ("serviceRoot", "200 200 | 200 200 200 200 | 200 200 200 200 | 200 200 | 200"),
    ("organisationsCreate", "401 401 | 201 201 201 201 | 201 201 201 201 | 201 201 | 201"),
    // With another name than that of the organisation: it would end the other rows. `organisations.rs` closes one.
    ("organisationsClose", "401 401 | 404 404 404 404 | 403 403 422 403 | 403 403 | 404"),
    ("organisationsGet", "401 401 | 404 404 404 404 | 200 200 200 200 | 200 200 | 404"),
    ("organisationsUpdate", "401 401 | 404 404 404 404 | 403 403 200 403 | 403 403 | 404"),
    ("approvalsList", "401 401 | 404 404 404 404 | 200 200 200 200 | 200 200 | 404"),
    ("membersList", "401 401 | 404 404 404 404 | 403 200 200 200 | 403 403 | 404"),
    ("membersInvite", "401 401 | 404 404 404 404 | 403 403 201 403 | 403 403 | 404"),
    ("membersGet", "401 401 | 404 404 404 404 | 404 200 200 200 | 200 404 | 404"),
    ("membersUpdate", "401 401 | 404 404 404 404 | 403 403 200 403 | 403 403 | 404"),
    ("membersUpdate+own", "401 401 | 404 404 404 404 | 403 403 200 403 | 200 403 | 404"),
    ("membersDelegate", "401 401 | 404 404 404 404 | 404 404 200 404 | 200 404 | 404"),
    ("membersEndDelegation", "401 401 | 404 404 404 404 | 404 404 200 404 | 200 404 | 404"),
    ("membersGetPayoutAccount", "401 401 | 404 404 404 404 | 404 200 200 403 | 200 404 | 404"),
    ("membersPutPayoutAccount", "401 401 | 404 404 404 404 | 404 403 403 403 | 200 404 | 404"),
    ("membersExport", "401 401 | 404 404 404 404 | 404 403 200 403 | 200 404 | 404"),
    ("membersErase", "401 401 | 404 404 404 404 | 404 403 200 403 | 403 404 | 404"),
    ("policyGet", "401 401 | 404 404 404 404 | 200 200 200 200 | 200 200 | 404"),
    ("policyPut", "401 401 | 404 404 404 404 | 403 200 200 403 | 403 403 | 404"),
    ("policyVersions", "401 401 | 404 404 404 404 | 200 200 200 200 | 200 200 | 404"),
    ("policyCheck", "401 401 | 404 404 404 404 | 404 200 200 200 | 200 200 | 404"),
    ("policyCheck+policy", "401 401 | 404 404 404 404 | 403 200 200 200 | 403 403 | 404"),
    ("ratesList", "401 401 | 404 404 404 404 | 200 200 200 200 | 200 200 | 404"),
    ("ratesPut", "401 401 | 404 404 404 404 | 403 200 200 403 | 403 403 | 404"),
    ("ratesRemove", "401 401 | 404 404 404 404 | 403 204 204 403 | 403 403 | 404"),
    ("exportsGet", "401 401 | 404 404 404 404 | 403 200 200 200 | 403 403 | 404"),
    ("ledgerGet", "401 401 | 404 404 404 404 | 403 200 200 200 | 403 403 | 404"),
    ("ledgerPut", "401 401 | 404 404 404 404 | 403 200 200 403 | 403 403 | 404"),
    ("ledgerJournal", "401 401 | 404 404 404 404 | 403 200 200 200 | 403 403 | 404"),
    ("batchesList", "401 401 | 404 404 404 404 | 403 200 200 200 | 403 403 | 404"),
    ("batchesCreate", "401 401 | 404 404 404 404 | 403 201 201 403 | 403 403 | 404"),
    ("batchesGet", "401 401 | 404 404 404 404 | 404 200 200 200 | 404 404 | 404"),
    ("batchesHistory", "401 401 | 404 404 404 404 | 404 200 200 200 | 404 404 | 404"),
    ("batchesListPayments", "401 401 | 404 404 404 404 | 404 200 200 200 | 404 404 | 404"),
    ("batchesGetPayment", "401 401 | 404 404 404 404 | 404 200 200 200 | 404 404 | 404"),
    ("batchesCancel", "401 401 | 404 404 404 404 | 404 200 200 403 | 404 404 | 404"),
    // The member of finance has created the batch.
    ("batchesRelease", "401 401 | 404 404 404 404 | 404 403d 200 403 | 404 404 | 404"),
    ("batchesClearHold", "401 401 | 404 404 404 404 | 404 200 200 403 | 404 404 | 404"),
    ("batchesSettle", "401 401 | 404 404 404 404 | 404 200 200 403 | 404 404 | 404"),
    ("batchesDownload", "401 401 | 404 404 404 404 | 404 200 200 403 | 404 404 | 404"),
    ("batchesBankAnswer", "401 401 | 404 404 404 404 | 403 200 200 403 | 403 403 | 404"),
    ("paymentsGetSettings", "401 401 | 404 404 404 404 | 403 200 200 200 | 403 403 | 404"),
    ("paymentsPutSettings", "401 401 | 404 404 404 404 | 403 403 200 403 | 403 403 | 404"),
    ("reportsList", "401 401 | 404 404 404 404 | 200 200 200 200 | 200 200 | 404"),
    ("reportsList+all", "401 401 | 404 404 404 404 | 403 200 200 200 | 403 403 | 404"),
    ("reportsCreate", "401 401 | 404 404 404 404 | 201 201 201 403 | 201 201 | 404"),
    ("reportsCreate+owner", "401 401 | 404 404 404 404 | 403 201 201 403 | 403 403 | 404"),
    ("reportsGet", "401 401 | 404 404 404 404 | 404 200 200 200 | 200 200 | 404"),
    ("reportsDocument", "401 401 | 404 404 404 404 | 404 200 200 200 | 200 200 | 404"),
    ("reportsHistory", "401 401 | 404 404 404 404 | 404 200 200 200 | 200 200 | 404"),
    ("reportsUpdate", "401 401 | 404 404 404 404 | 404 403 403 403 | 200 403 | 404"),
    // A draft has no approver yet, so the delegate has no access.
    ("reportsDelete", "401 401 | 404 404 404 404 | 404 403 403 403 | 204 404 | 404"),
    ("reportsSubmit", "401 401 | 404 404 404 404 | 404 403 403 403 | 200 404 | 404"),
    ("reportsRecall", "401 401 | 404 404 404 404 | 404 403 403 403 | 200 403 | 404"),
    ("reportsClone", "401 401 | 404 404 404 404 | 404 403 403 403 | 201 403 | 404"),
    ("reportsComment", "401 401 | 404 404 404 404 | 404 200 200 403 | 200 200 | 404"),
    ("reportsApprove", "401 401 | 404 404 404 404 | 404 403 403 403 | 403d 200 | 404"),
    ("reportsReturn", "401 401 | 404 404 404 404 | 404 403 403 403 | 403d 200 | 404"),
    // An approved report has no pending approver, so the delegate has no access.
    ("reportsReturn+approved", "401 401 | 404 404 404 404 | 404 200 200 403 | 403d 404 | 404"),
    ("reportsReject", "401 401 | 404 404 404 404 | 404 403 403 403 | 403d 200 | 404"),
    ("reportsReassign", "401 401 | 404 404 404 404 | 404 403 200 403 | 403 403 | 404"),
    ("expensesAdd", "401 401 | 404 404 404 404 | 404 403 403 403 | 200 403 | 404"),
    ("expensesUpdate", "401 401 | 404 404 404 404 | 404 403 403 403 | 200 403 | 404"),
    ("expensesRemove", "401 401 | 404 404 404 404 | 404 403 403 403 | 200 403 | 404"),
    ("expensesClone", "401 401 | 404 404 404 404 | 404 403 403 403 | 200 403 | 404"),
    ("expensesSplit", "401 401 | 404 404 404 404 | 404 403 403 403 | 200 403 | 404"),
    // The report is a draft, because receipts are declared and removed before submission.
    ("receiptsAdd", "401 401 | 404 404 404 404 | 404 403 403 403 | 201 404 | 404"),
    ("receiptsRemove", "401 401 | 404 404 404 404 | 404 403 403 403 | 200 404 | 404"),
    ("receiptsGet", "401 401 | 404 404 404 404 | 404 200 200 200 | 200 200 | 404"),
];

/// Number of rows that share two organisations. Their lists stay shorter than a page.
const TOGETHER: usize = 6;
/// Number of groups that run concurrently.
const AT_ONCE: usize = 2;

/// Expected answer to a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Expected {
    status: u16,
    duties: bool,
}

impl Expected {
    const fn is_success(self) -> bool {
        self.status < 300
    }

    /// Problem type, for statuses that a function answers with.
    fn problem(self) -> Option<&'static str> {
        match (self.status, self.duties) {
            (401, false) => Some("/problems/unauthenticated"),
            (403, false) => Some("/problems/forbidden"),
            (403, true) => Some("/problems/segregation-of-duties"),
            (404, false) => Some("/problems/not-found"),
            (422, false) => Some("/problems/validation-failed"),
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

/// Operations of the API by operation id.
fn operations() -> BTreeMap<String, Operation> {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json")).unwrap();
    let api: Value = serde_json::from_str(&text).unwrap();
    let mut found = BTreeMap::new();
    for (path, methods) in api["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap().to_owned();
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            assert!(
                found.insert(id, Operation { method, path: path.clone() }).is_none(),
                "{path} has a duplicate operationId"
            );
        }
    }
    found
}

fn operation_of(row: &str) -> &str {
    row.split('+').next().unwrap_or(row)
}

#[test]
fn access_table_covers_every_operation() {
    let operations: BTreeSet<String> = operations().into_keys().collect();
    let rows: BTreeSet<String> = ROWS.iter().map(|(row, _)| operation_of(row).to_owned()).collect();
    assert_eq!(operations, rows);
    let names: BTreeSet<&str> = ROWS.iter().map(|(row, _)| *row).collect();
    assert_eq!(names.len(), ROWS.len(), "duplicate row");
    for (row, statuses) in ROWS {
        assert_eq!(cells(statuses).len(), Caller::ALL.len(), "{row}");
    }
}

/// Cells of the table by row.
fn table() -> Vec<(&'static str, Operation, Vec<Expected>)> {
    let operations = operations();
    let with_operation = |(row, statuses): &(&'static str, &str)| {
        let operation = operations.get(operation_of(row))?;
        Some((*row, operation.clone(), cells(statuses)))
    };
    ROWS.iter().filter_map(with_operation).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operation_status_depends_only_on_caller() {
    let permits = Arc::new(Semaphore::new(AT_ONCE));
    let mut groups = JoinSet::new();
    for group in table().chunks(TOGETHER).map(<[_]>::to_vec) {
        let permits = Arc::clone(&permits);
        groups.spawn(async move {
            let _permit = permits.acquire_owned().await.unwrap();
            let fixtures = Fixtures::on(&url()).await;
            let mut wrong = Vec::new();
            for (row, operation, expected) in group {
                wrong.extend(check_row(&fixtures, row, &operation, &expected).await);
            }
            wrong
        });
    }
    let wrong = groups.join_all().await.concat();
    assert!(wrong.is_empty(), "{} cells are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// Without the gateway's authorizer the function itself rejects the request and gives no reason.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn function_without_gateway_authorizer_rejects_bad_token() {
    let stack = Stack::start(outlay_local::Options { authorizer: false, ..options(Data::InMemory) }).await.unwrap();
    let fixtures = Fixtures::on(stack.url()).await;
    items::plan_on(&stack, fixtures.org(), 60_000, 10_000).await;
    let (mut wrong, mut bodies) = (Vec::new(), BTreeSet::new());
    for (row, operation, expected) in table() {
        let case = fixtures.case(row, &operation).await;
        let before = fixtures.snapshot(&case).await;
        for (who, expected) in Caller::ALL.into_iter().zip(expected).take(2) {
            let answer = fixtures.send(who, &case).await;
            let refused = answer.status == 401;
            if refused {
                bodies.insert(body_without_request_id(&answer));
            }
            let is_as_expected =
                !refused || (is_problem(&answer, expected) && answer.header("www-authenticate") == "Bearer");
            if answer.status != expected.status
                || !is_as_expected
                || (refused && fixtures.snapshot(&case).await != before)
            {
                wrong.push(format!("{row} by {who:?}: {} {}", answer.status, answer.text));
            }
        }
        // With a valid token the same request is not answered with 401.
        let answer = fixtures.send(Caller::Admin, &case).await;
        if answer.status == 401 || answer.status >= 500 {
            wrong.push(format!("{row} by the admin: {} {}", answer.status, answer.text));
        }
    }
    assert!(wrong.is_empty(), "{} answers are wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(bodies.len(), 1, "{bodies:?}");
}

/// Sends the requests of all cells of a row and returns the deviations. After a request that changed something, the
/// next one uses new resources; until then the resources are checked to be unchanged.
async fn check_row(fixtures: &Fixtures, row: &str, operation: &Operation, expected: &[Expected]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut case = fixtures.case(row, operation).await;
    let mut before = fixtures.snapshot(&case).await;
    for (who, expected) in Caller::ALL.into_iter().zip(expected) {
        let answer = fixtures.send(who, &case).await;
        let after = fixtures.snapshot(&case).await;
        let changed = before != after;
        let found = if answer.status != expected.status {
            Err(format!("{} instead of {}: {}", answer.status, expected.status, answer.text))
        } else if expected.is_success() {
            check_success(fixtures, &case, who, &answer, changed).await
        } else if changed {
            Err("rejected, but something changed".to_owned())
        } else {
            refused(fixtures, &case, who, &answer, *expected).await
        };
        wrong.extend(found.err().map(|why| format!("{row} by {who:?}: {why}")));
        if changed {
            case = fixtures.case(row, operation).await;
            before = fixtures.snapshot(&case).await;
        }
    }
    wrong
}

/// Checks a successful answer: a write changed the watched resource, a read returned the expected content and changed
/// nothing.
async fn check_success(
    fixtures: &Fixtures,
    case: &Case,
    who: Caller,
    answer: &Answer,
    changed: bool,
) -> Result<(), String> {
    if changed != (case.changes && !case.watched.is_empty()) {
        return Err(format!("changed something: {changed}; {}", answer.text));
    }
    let location = answer.header("location");
    if (answer.status == 201) == location.is_empty() {
        return Err(format!("{} with the location {location:?}", answer.status));
    }
    // An organisation has no resource of its own.
    if location.split('/').count() > 4 {
        let made = fixtures.world.admin.get(location).await;
        if made.status != 200 {
            return Err(format!("{location} is not there: {}", made.text));
        }
    }
    let shown = case.shows.as_ref().is_none_or(|text| answer.text.contains(text) == case.shown_to(who));
    if shown { Ok(()) } else { Err(format!("shows what it should not, or not what it should: {}", answer.text)) }
}

/// Checks a rejection: the problem type matches, and a hidden resource is indistinguishable from one that never
/// existed.
async fn refused(
    fixtures: &Fixtures,
    case: &Case,
    who: Caller,
    answer: &Answer,
    expected: Expected,
) -> Result<(), String> {
    if matches!(who, Caller::NoToken | Caller::ExpiredToken) {
        let challenged = answer.header("www-authenticate").starts_with("Bearer");
        let gateways = answer.json() == json!({"message": "Unauthorized"});
        return if challenged && gateways { Ok(()) } else { Err(format!("{:?} {}", answer.headers, answer.text)) };
    }
    if !is_problem(answer, expected) {
        return Err(format!("is of another type: {}", answer.text));
    }
    let same = |one: &Answer, other: &Answer| {
        let equal = (one.status, body_without_request_id(one), headers(one))
            == (other.status, body_without_request_id(other), headers(other));
        if equal { Ok(()) } else { Err(format!("{one:?} differs from the answer for an unknown resource: {other:?}")) }
    };
    let org = &fixtures.world.org;
    if who.is_outside() {
        same(answer, &fixtures.send(who, &case.replaced(org, &unknown(org))).await)?;
    }
    let Some(subject) = &case.subject else { return Ok(()) };
    if who.is_foreign() {
        // Our resource, addressed within the caller's own organisation.
        let moved = case.replaced(org, &fixtures.foreign.org);
        let absent = moved.replaced(subject, &unknown(subject));
        same(&fixtures.send(who, &moved).await, &fixtures.send(who, &absent).await)?;
    } else if expected.status == 404 {
        same(answer, &fixtures.send(who, &case.replaced(subject, &unknown(subject))).await)?;
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

/// Body without the request id.
fn body_without_request_id(answer: &Answer) -> String {
    match answer.header("x-request-id") {
        "" => answer.text.clone(),
        id => answer.text.replace(id, ""),
    }
}

/// Headers without the request id, the date and the rate limit.
fn headers(answer: &Answer) -> BTreeSet<(String, Vec<u8>)> {
    let varies = |name: &str| ["x-request-id", "apigw-requestid", "date", "ratelimit"].contains(&name);
    let all = answer.headers.iter().map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()));
    all.filter(|(name, _)| !varies(name)).collect()
}
