//! Statuses that `openapi.json` declares: each operation is made to answer with each of them, or the table of exceptions
//! says which test shows it. That no operation answers with any other status is asserted for every answer, in
//! `support::declared`.

use std::collections::BTreeSet;

use futures_util::{StreamExt, stream};
use reqwest::header::{ACCEPT, CONTENT_TYPE, IF_MATCH};
use serde_json::{Value, json};

use super::fixtures::{Caller, Case, Fixtures, Operation, with_body};
use super::{ROWS, cells, operation_of, operations};
use crate::support::{Answer, Person, World, add_fault, fresh_key, remove_fault, send, table, url, version};

/// Statuses that are shown elsewhere: operation or prefix of operations, status, where and why not here.
const EXCEPTIONS: &[(&str, u16, &str)] = &[
    // One implementation pages every list; an expired cursor must be made from a valid one of the same list.
    ("", 410, "bad_inputs/pagination.rs::cursor_is_bound_to_caller_and_list_and_expires"),
    // Every first write of an invited member binds their identity, which a service may have.
    ("members", 409, "services.rs::service_with_person_subject_does_not_block_that_person"),
    ("organisationsUpdate", 409, "services.rs::service_with_person_subject_does_not_block_that_person"),
    ("policyPut", 409, "services.rs::service_with_person_subject_does_not_block_that_person"),
    ("ledgerPut", 409, "services.rs::service_with_person_subject_does_not_block_that_person"),
    // Needs receipts of more than 150 MiB.
    ("reportsDocument", 422, "documents.rs::document_of_too_many_bytes_is_refused"),
    // Needs settings that a format lacks.
    ("ledgerJournal", 422, "journal.rs::journal_refuses_what_it_cannot_write"),
    ("ratesPut", 409, "services.rs::service_with_person_subject_does_not_block_that_person"),
    ("ratesRemove", 409, "services.rs::service_with_person_subject_does_not_block_that_person"),
    ("paymentsPutSettings", 409, "services.rs::service_with_person_subject_does_not_block_that_person"),
    ("batches", 409, "batches.rs::same_settlement_twice_changes_nothing"),
    ("reportsCreate", 409, "services.rs::service_with_person_subject_does_not_block_that_person"),
    ("reportsClone", 409, "services.rs::service_with_person_subject_does_not_block_that_person"),
    ("reportsComment", 409, "services.rs::service_with_person_subject_does_not_block_that_person"),
    // Needs a receipt that is pending and a report that is not with its owner, which exclude each other.
    ("receiptsRemove", 409, "receipts.rs::receipts_of_submitted_report_are_immutable"),
    ("organisationsClose", 409, "organisations.rs::closing_requires_admin_name_and_no_waiting_report"),
    ("organisationsCreate", 429, "rate_limit.rs::organisation_creation_is_rate_limited_per_identity"),
    // A member who cannot approve has nothing to delegate.
    ("membersDelegate", 403, "services.rs::service_is_never_assigned_as_approver"),
];

fn exception(operation: &str, status: u16) -> Option<&'static str> {
    let of = |(prefix, of, _): &&(&str, u16, &str)| *of == status && operation.starts_with(prefix);
    EXCEPTIONS.iter().find(of).map(|(_, _, place)| *place)
}

/// Problem statuses that an operation declares.
fn declared(document: &Value, operation: &Operation) -> BTreeSet<u16> {
    let responses = &document["paths"][&operation.path][operation.method.as_str().to_lowercase()]["responses"];
    let statuses = responses.as_object().unwrap().keys().map(|status| status.parse::<u16>().unwrap());
    statuses.filter(|status| *status >= 400).collect()
}

/// Organisations in which every request fails in one way.
struct Broken {
    /// Its members have no requests left. Its limits were set before any function read them.
    throttled: (String, Person),
    /// The table refuses to read it.
    unreachable: (String, Person),
    /// The membership of its admin was edited by hand.
    damaged: (String, Person),
    fault: String,
}

impl Broken {
    async fn new() -> Self {
        let throttled = organisation("throttled").await;
        table::plan(&throttled.0, 1, 1).await;
        let (unreachable, damaged) = tokio::join!(World::new(), World::new());
        let rule =
            json!({"service": "dynamodb", "operation": "GetItem", "containing": unreachable.org, "fault": "throttle"});
        let fault = add_fault(&url(), &rule).await;
        damaged.admin.put(&damaged.path("policy"), &World::policy()).await.expect(200);
        let item = table::item(&format!("ORG#{}", damaged.org), &table::identity(&damaged.admin)).await;
        table::put(&crate::support::with(item, &json!({"role": {"S": "auditor"}}))).await;
        let unreachable = (unreachable.org.clone(), unreachable.admin);
        Self { throttled, unreachable, damaged: (damaged.org.clone(), damaged.admin), fault }
    }

    /// The request of a case, by the admin of one of these organisations.
    async fn answer(&self, (org, admin): &(String, Person), fixtures: &Fixtures, case: &Case) -> Answer {
        let moved = case.replaced(fixtures.org(), org);
        send(with_body(admin.once(moved.method.clone(), &moved.path).header(IF_MATCH, "\"1\""), &moved)).await
    }
}

/// A new organisation, with its admin.
async fn organisation(name: &str) -> (String, Person) {
    let admin = Person::sign_in(&url(), "Ada Admin", &format!("ada@{name}.example.com")).await;
    let body = json!({"name": name, "base_currency": "EUR"});
    let org = admin.post("/v1/orgs", &body).await.expect(201)["id"].as_str().unwrap().to_owned();
    (org, admin)
}

/// Makes an operation answer with a status; `None` when there is no way here.
async fn provoke(status: u16, who: Caller, case: &Case, fixtures: &Fixtures, broken: &Broken) -> Option<Answer> {
    let request = |case: &Case| fixtures.request(who, case);
    let with_query = |query: &str| {
        let separator = if case.path.contains('?') { '&' } else { '?' };
        Case { path: format!("{}{separator}{query}", case.path), ..case.clone() }
    };
    if case.path == "/v1/orgs"
        && let Some(answer) = provoke_without_organisation(status, case).await
    {
        return Some(answer);
    }
    Some(match status {
        400 => send(request(&with_query("unknown=1"))).await,
        401 => fixtures.send(Caller::ExpiredToken, case).await,
        404 => {
            // A new person each time: the limit on requests to organisations of others is per person.
            let person = Person::sign_in(&url(), "Sam Stranger", &format!("{}@example.com", fresh_key())).await;
            send(with_body(person.once(case.method.clone(), &case.path).header(IF_MATCH, "\"1\""), case)).await
        }
        406 => send(request(case).header(ACCEPT, "text/plain")).await,
        409 => conflict(who, case, fixtures).await?,
        412 => send(request(&Case { seen: Some(999_999), ..case.clone() })).await,
        413 => send(request(case).body("x".repeat(1024 * 1024 + 1))).await,
        414 => send(request(&with_query(&format!("limit={}", "1".repeat(8300))))).await,
        415 => send(request(&Case { body: None, ..case.clone() }).header(CONTENT_TYPE, "text/plain").body("{}")).await,
        422 if matches!(case.body, Some(Value::String(_))) => {
            send(request(&Case { body: Some(json!("<Document/>")), ..case.clone() })).await
        }
        422 => send(request(&Case { body: Some(json!({"unknown": 1})), ..case.clone() })).await,
        428 => send(request(&Case { seen: None, ..case.clone() })).await,
        429 => {
            broken.answer(&broken.throttled, fixtures, case).await;
            broken.answer(&broken.throttled, fixtures, case).await
        }
        500 => broken.answer(&broken.damaged, fixtures, case).await,
        503 => broken.answer(&broken.unreachable, fixtures, case).await,
        _ => return None,
    })
}

/// The creation of an organisation: by a token without an address, and with a table that refuses or throttles.
async fn provoke_without_organisation(status: u16, case: &Case) -> Option<Answer> {
    let name = format!("Fault {}", fresh_key());
    let person = Person::sign_in(&url(), "Ada Admin", &format!("{}@example.com", fresh_key())).await;
    let create = |person: &Person| {
        let request = person.once(case.method.clone(), &case.path);
        send(request.json(&json!({"name": name, "base_currency": "EUR"})))
    };
    let fault = match status {
        403 => return Some(create(&Person::sign_in_service(&url(), &fresh_key()).await).await),
        500 => "refuse",
        503 => "throttle",
        _ => return None,
    };
    let rule = json!({"service": "dynamodb", "operation": "TransactWriteItems", "containing": name, "fault": fault});
    let fault = add_fault(&url(), &rule).await;
    let answer = create(&person).await;
    remove_fault(&url(), &fault).await;
    Some(answer)
}

/// The same request on a report that was rejected meanwhile.
async fn conflict(who: Caller, case: &Case, fixtures: &Fixtures) -> Option<Answer> {
    let world = &fixtures.world;
    let report = case.subject.as_ref().filter(|subject| subject.starts_with("rep_"))?;
    let path = world.path(&format!("reports/{report}"));
    let mut current = world.ana.get(&path).await.expect(200);
    if current["status"] == "draft" {
        current = world.ana.post(&format!("{path}/submit"), &json!({})).await.expect(200);
    }
    if current["status"] == "approved" {
        current = world
            .fiona
            .post_at(&format!("{path}/return"), version(&current), &json!({"reason": "x"}))
            .await
            .expect(200);
        current = world.ana.post_at(&format!("{path}/submit"), version(&current), &json!({})).await.expect(200);
    }
    let rejected = world.marco.post_at(&format!("{path}/reject"), version(&current), &json!({"reason": "x"})).await;
    let seen = Some(version(&rejected.expect(200)));
    // Without a pending step a former approver's delegate does not see it.
    let who = if who == Caller::Delegate { Caller::Admin } else { who };
    Some(fixtures.send(who, &Case { seen, ..case.clone() }).await)
}

/// Makes one operation answer with each declared status; says which it does not.
async fn check(id: &str, operation: &Operation, document: &Value, fixtures: &Fixtures, broken: &Broken) -> Vec<String> {
    let rows: Vec<_> = ROWS.iter().filter(|(row, _)| operation_of(row) == id).collect();
    let first = cells(rows[0].1);
    let who = Caller::ALL.into_iter().zip(first).find(|(_, cell)| cell.status < 300);
    let who = who.map_or(Caller::Admin, |(who, _)| who);
    // None of these requests is carried out, so one case serves all of them; the conflict changes its report and is last.
    let case = fixtures.case(rows[0].0, operation).await;
    let (conflicts, others): (Vec<u16>, Vec<u16>) =
        declared(document, operation).into_iter().partition(|status| *status == 409);
    let mut wrong = Vec::new();
    for status in others.into_iter().chain(conflicts).filter(|status| exception(id, *status).is_none()) {
        // The matrix shows a 403, by the caller.
        if status == 403 && id != "organisationsCreate" {
            if !rows.iter().any(|(_, row)| cells(row).iter().any(|cell| cell.status == 403)) {
                wrong.push(format!("{id} 403: not in the access matrix"));
            }
            continue;
        }
        match provoke(status, who, &case, fixtures, broken).await {
            Some(answer) if answer.status == status => {}
            Some(answer) => wrong.push(format!("{id} {status}: {} {}", answer.status, answer.text)),
            None => wrong.push(format!("{id} {status}: no way to provoke it")),
        }
    }
    wrong
}

#[test]
fn exceptions_name_existing_tests() {
    for (operation, status, place) in EXCEPTIONS {
        let (file, test) = place.split_once("::").unwrap();
        let source = std::fs::read_to_string(format!("{}/tests/{file}", env!("CARGO_MANIFEST_DIR"))).unwrap();
        assert!(source.contains(&format!("fn {test}(")), "{operation} {status}: {place} does not exist");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_declared_status_is_reachable() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json")).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    let fixtures = Fixtures::on(&url()).await;
    let broken = Broken::new().await;
    let operations = operations();
    // Most of the time goes by in the SDK's retries on the table that does not answer.
    let checks = operations.iter().map(|(id, operation)| check(id, operation, &document, &fixtures, &broken));
    let wrong: Vec<String> = stream::iter(checks).buffer_unordered(8).collect::<Vec<_>>().await.concat();
    remove_fault(&url(), &broken.fault).await;
    assert!(wrong.is_empty(), "{} declared statuses are wrong:\n{}", wrong.len(), wrong.join("\n"));
}
