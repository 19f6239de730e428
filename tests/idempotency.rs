//! Idempotency keys: a repeated request has one effect.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Person, World, add_fault, expense, fault_hits, send, url};

async fn keyed(person: &Person, path: &str, key: &str, body: &Value) -> Answer {
    send(person.request(Method::POST, path).header("Idempotency-Key", key).json(body)).await
}

#[tokio::test]
async fn repeated_request_replays_identical_response() {
    let world = World::new().await;
    let body = json!({"title": "Lyon", "expenses": [expense("10.00")], "submit": true});
    let first = keyed(&world.ana, &world.path("reports"), "key-12345678", &body).await;
    let again = keyed(&world.ana, &world.path("reports"), "key-12345678", &body).await;
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(first.text, again.text);
    for header in ["etag", "location"] {
        assert_eq!(first.header(header), again.header(header));
    }
    assert_eq!((first.header("idempotent-replayed"), again.header("idempotent-replayed")), ("", "true"));
    let reports = world.ana.get(&world.path("reports")).await.expect(200);
    assert_eq!(reports["items"].as_array().unwrap().len(), 1);
    // Member order does not matter.
    let text = format!(r#"{{"submit":true,"expenses":{},"title":"Lyon"}}"#, json!([expense("10.00")]));
    let reordered = world.ana.request(Method::POST, &world.path("reports")).header("Idempotency-Key", "key-12345678");
    assert_eq!(send(reordered.header("Content-Type", "application/json").body(text)).await.text, first.text);
}

#[tokio::test]
async fn idempotency_key_is_bound_to_request_and_caller() {
    let world = World::new().await;
    let body = |title: &str| json!({"title": title});
    let path = world.path("reports");
    keyed(&world.ana, &path, "key-12345678", &body("Lyon")).await.expect(201);
    keyed(&world.ana, &path, "key-12345678", &body("Paris")).await.problem(422, "/problems/idempotency-key-reused");
    keyed(&world.fiona, &path, "key-12345678", &body("Paris")).await.expect(201);
    for key in ["short", "with space in it", &"k".repeat(256)] {
        keyed(&world.ana, &path, key, &body("x")).await.problem(400, "/problems/invalid-header");
    }
}

#[tokio::test]
async fn rejected_request_leaves_key_unused() {
    let world = World::new().await;
    let path = world.path("reports");
    keyed(&world.ana, &path, "key-12345678", &json!({"title": " "})).await.problem(422, "/problems/validation-failed");
    keyed(&world.ana, &path, "key-12345678", &json!({"title": "Lyon"})).await.expect(201);
}

#[tokio::test]
async fn repeated_decision_replays_response_despite_new_version() {
    let world = World::new().await;
    let report = world.submitted("40.00").await;
    let approve = || {
        let request = world.marco.request(Method::POST, &world.report(&report, "approve"));
        send(request.header("If-Match", "\"1\"").header("Idempotency-Key", "key-12345678").json(&json!({})))
    };
    let first = approve().await;
    // The report is approved and has another version now; the repetition gets the first response.
    let again = approve().await;
    assert_eq!((first.status, again.status), (200, 200));
    assert_eq!(first.text, again.text);
}

#[tokio::test]
async fn concurrent_repetitions_have_one_effect() {
    let world = World::new().await;
    let body = json!({"title": "Lyon", "expenses": [expense("10.00")]});
    let sending: Vec<_> = (0..12)
        .map(|_| {
            let (world, body) = (world.clone(), body.clone());
            tokio::spawn(async move { keyed(&world.ana, &world.path("reports"), "key-12345678", &body).await })
        })
        .collect();
    let mut answers = Vec::new();
    for task in sending {
        answers.push(task.await.unwrap());
    }
    let first = answers.iter().find(|answer| answer.status == 201).unwrap();
    for answer in &answers {
        assert!(answer.status == 503 || answer.text == first.text, "{answer:?}");
    }
    let reports = world.ana.get(&world.path("reports")).await.expect(200);
    assert_eq!(reports["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn repeated_organisation_creation_has_one_effect() {
    let person = Person::sign_in(&crate::support::url(), "Founder", "founder@once.example.com").await;
    let body = json!({"name": "Once", "base_currency": "USD"});
    let first = keyed(&person, "/v1/orgs", "key-12345678", &body).await;
    let again = keyed(&person, "/v1/orgs", "key-12345678", &body).await;
    assert_eq!(first.status, 201);
    assert_eq!(first.text, again.text);
}

#[tokio::test]
async fn key_reuse_with_other_if_match_is_rejected() {
    let world = World::new().await;
    let report = world.submitted("40.00").await;
    let back = |version: u64| {
        let request = world
            .marco
            .request(Method::POST, &world.report(&report, "return"))
            .header("Idempotency-Key", "key-12345678");
        send(request.header("If-Match", format!("\"{version}\"")).json(&json!({"reason": "Which client?"})))
    };
    back(1).await.expect(200);
    world.ana.post(&world.report(&report, "submit"), &json!({})).await.expect(200);
    back(3).await.problem(422, "/problems/idempotency-key-reused");
    assert_eq!(back(1).await.expect(200)["version"], 2);
}

#[tokio::test]
async fn concurrent_duplicates_get_same_response() {
    let world = World::new().await;
    for _ in 0..10 {
        let body = json!({"title": "Lyon", "expenses": [expense("10.00")]});
        let report = world.ana.post(&world.path("reports"), &body).await.expect(201);
        let path = world.report(&report, "submit");
        let empty = json!({});
        let submit = || keyed(&world.ana, &path, report["id"].as_str().unwrap(), &empty);
        let (one, two, three) = tokio::join!(submit(), submit(), submit());
        assert_eq!((one.status, two.status, three.status), (200, 200, 200), "{one:?} {two:?} {three:?}");
        assert!(one.text == two.text && two.text == three.text);
    }
}

/// Number of rounds; `OUTLAY_ROUNDS=200` for a long run.
#[expect(clippy::disallowed_methods, reason = "the caller chooses the length of the run")]
fn rounds() -> usize {
    std::env::var("OUTLAY_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(3)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hundred_concurrent_duplicates_have_one_effect() {
    let world = World::new().await;
    world.draft(&world.ana, &[]).await;
    let rounds = rounds();
    let mut replayed = 0;
    for round in 0..rounds {
        let (path, key) = (world.path("reports"), format!("duplicates-{round:04}"));
        let body = json!({"title": format!("Round {round}"), "expenses": [expense("10.00")], "submit": true});
        let duplicates = (0..100).map(|_| keyed(&world.ana, &path, &key, &body));
        let answers = futures_util::future::join_all(duplicates).await;
        let texts: std::collections::BTreeSet<&str> = answers
            .iter()
            .map(|answer| {
                assert_eq!(answer.status, 201, "{}", answer.text);
                answer.text.as_str()
            })
            .collect();
        assert_eq!(texts.len(), 1, "every duplicate gets the same body, byte for byte");
        replayed += answers.iter().filter(|answer| answer.header("idempotent-replayed") == "true").count();
    }
    assert_eq!(replayed, rounds * 99, "one of a hundred requests has the effect");
    let mut reports = 0;
    let mut cursor = String::new();
    loop {
        let page = world.ana.get(&format!("{}?limit=100{cursor}", world.path("reports"))).await.expect(200);
        reports += page["items"].as_array().unwrap().len();
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(reports, 1 + rounds);
}

#[tokio::test]
async fn lost_transaction_response_is_reported_as_success() {
    let world = World::new().await;
    let report = world.draft(&world.ana, &[expense("10.00")]).await;
    // The SDK sees a failure although the write succeeded, and sends the transaction again.
    let rule = json!({
        "service": "dynamodb", "operation": "TransactWriteItems", "containing": report["id"], "fault": "lose_answer", "times": 1,
    });
    let lost = add_fault(&url(), &rule).await;
    let changed = world.ana.patch(&world.report(&report, ""), &json!({"title": "Lyon, again"})).await.expect(200);
    assert_eq!((&changed["title"], &changed["version"]), (&json!("Lyon, again"), &json!(2)));
    assert_eq!(fault_hits(&url(), &lost).await, 1);
    assert_eq!(world.ana.get(&world.report(&report, "")).await.expect(200), changed);
}

#[tokio::test]
async fn repeated_deletion_replays_first_response() {
    let world = World::new().await;
    let draft = world.draft(&world.ana, &[expense("10.00"), expense("20.00")]).await;
    let delete = async |path: &str, key: &str| {
        send(world.ana.request(Method::DELETE, path).header("Idempotency-Key", key)).await
    };
    // An expense, then the whole draft: the repetition finds neither.
    for (path, key) in [(world.line(&draft, 0, ""), "remove-expense-1"), (world.report(&draft, ""), "delete-draft-1")] {
        let (first, again) = (delete(&path, key).await, delete(&path, key).await);
        assert!(first.status < 300, "{path}: {}", first.text);
        assert_eq!((again.status, &again.text), (first.status, &first.text), "{path}");
        assert_eq!(again.header("idempotent-replayed"), "true", "{path}");
        delete(&path, &format!("{key}-new")).await.problem(404, "/problems/not-found");
    }
}
