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

/// Composed and decomposed letters are the same text: it is stored in one form.
#[tokio::test]
async fn same_text_in_other_unicode_form_is_same_request() {
    let world = World::new().await;
    let path = world.path("reports");
    for (at, (one, other)) in
        [("Caf\u{e9}", "Cafe\u{301}"), ("\u{c5}re", "\u{212b}re"), ("\u{d55c}", "\u{1112}\u{1161}\u{11ab}")]
            .into_iter()
            .enumerate()
    {
        let key = format!("unicode-{at}");
        let first = keyed(&world.ana, &path, &key, &json!({"title": one})).await;
        let again = keyed(&world.ana, &path, &key, &json!({"title": other})).await;
        assert_eq!((first.status, &again.text), (201, &first.text), "{one}");
        assert_eq!(again.header("idempotent-replayed"), "true", "{one}");
    }
    for (at, other) in ["Cafe", "cafe\u{301}", "Caf\u{e8}"].into_iter().enumerate() {
        let key = format!("unicode-other-{at}");
        keyed(&world.ana, &path, &key, &json!({"title": "Caf\u{e9}"})).await.expect(201);
        let reused = keyed(&world.ana, &path, &key, &json!({"title": other})).await;
        reused.problem(422, "/problems/idempotency-key-reused");
    }
}

#[tokio::test]
async fn key_on_read_is_ignored() {
    let world = World::new().await;
    let report = world.draft(&world.ana, &[expense("10.00")]).await;
    let get =
        async |path: &str, key: &str| send(world.ana.request(Method::GET, path).header("Idempotency-Key", key)).await;
    for path in [world.report(&report, ""), world.path("reports"), world.path("policy"), world.path("members/me")] {
        for key in ["x", "with space", "", "key-of-a-read"] {
            assert_eq!(get(&path, key).await.status, 200, "{path} {key}");
        }
    }
    // The key of a read is not used up, and the key of a change does not repeat its answer to a read.
    let made = keyed(&world.ana, &world.path("reports"), "key-of-a-read", &json!({"title": "Paris"})).await;
    assert_eq!((made.status, made.header("idempotent-replayed")), (201, ""));
    let read = get(&world.report(&report, ""), "key-of-a-read").await;
    assert_eq!((&read.json()["title"], read.header("idempotent-replayed")), (&report["title"], ""));
}

#[tokio::test]
async fn if_match_follows_rfc_9110() {
    let world = World::new().await;
    let patch = async |tag: &str| {
        let report = world.draft(&world.ana, &[]).await;
        world.ana.patch(&world.report(&report, ""), &json!({"title": "Second"})).await.expect(200);
        let request = world.ana.request(Method::PATCH, &world.report(&report, "")).header("If-Match", tag);
        send(request.json(&json!({"title": "Third"}))).await
    };
    for tag in ["\"2\"", " \"2\" ", "*", "\"1\", \"2\"", "\"1\",,W/\"1\",\"2\"", "\"2-0123456789abcdef\""] {
        assert_eq!(patch(tag).await.status, 200, "{tag}");
    }
    for tag in ["2", "\"2", "2\"", "'2'", "\"1\" \"2\"", "w/\"2\"", "W/2", "*, \"2\"", ",", "\"2\"; x"] {
        let refused = patch(tag).await;
        refused.problem(400, "/problems/invalid-header");
        assert!(refused.json()["detail"].as_str().unwrap().contains("quotes included"), "{tag}: {}", refused.text);
    }
    let (changed, never, weak) = ("has changed", "has had no such version", "weak");
    for (tag, why) in [
        ("\"1\"", changed),
        ("\"1-0123456789abcdef\"", changed),
        ("\"7\", \"1\"", changed),
        ("\"3\"", never),
        ("\"02\"", never),
        ("\"two\"", never),
        ("\"\"", never),
        ("W/\"2\"", weak),
        ("W/\"1\"", changed),
    ] {
        let refused = patch(tag).await;
        refused.problem(412, "/problems/stale-version");
        let detail = refused.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(why) && detail.contains("\"2\""), "{tag}: {detail}");
        assert_eq!(detail.contains(changed), why == changed, "{tag}: {detail}");
    }
    // A decision names exactly one version.
    let report = world.submitted("40.00").await;
    for (tag, status) in
        [("1", 400), ("*", 428), ("\"1\", \"2\"", 428), ("W/\"1\"", 412), ("\"2\"", 412), ("\"1\"", 200)]
    {
        let request = world.marco.request(Method::POST, &world.report(&report, "approve")).header("If-Match", tag);
        assert_eq!(send(request.json(&json!({}))).await.status, status, "{tag}");
    }
}

#[tokio::test]
async fn replay_asks_for_present_right() {
    let world = World::new().await;
    let others = world.submitted("40.00").await;
    let role = async |role: &str| world.change(&world.fiona, &json!({"role": role})).await;
    let for_ana = json!({"title": "For Ana", "owner_id": world.ana.id, "expenses": [expense("10.00")]});
    let prepared = keyed(&world.fiona, &world.path("reports"), "key-of-create", &for_ana).await;
    let prepared = prepared.expect(201);
    let requests = [
        (world.path("reports"), "key-of-create", for_ana, 403),
        (world.report(&prepared, "clone"), "key-of-clone", json!({}), 403),
        // Only the role has shown the report.
        (world.report(&others, "comments"), "key-of-comment", json!({"text": "Hm."}), 404),
    ];
    for (path, key, body, _) in &requests {
        assert!(keyed(&world.fiona, path, key, body).await.status < 300, "{path}");
    }
    role("employee").await;
    for (path, key, body, status) in &requests {
        let refused = keyed(&world.fiona, path, key, body).await;
        assert_eq!((refused.status, refused.header("idempotent-replayed")), (*status, ""), "{path}: {}", refused.text);
    }
    role("auditor").await;
    for (path, key, body, _) in &requests {
        keyed(&world.fiona, path, key, body).await.problem(403, "/problems/forbidden");
    }
    role("finance").await;
    for (path, key, body, _) in &requests {
        let again = keyed(&world.fiona, path, key, body).await;
        assert_eq!(again.header("idempotent-replayed"), "true", "{path}: {}", again.text);
    }
    world.change(&world.fiona, &json!({"suspended": true})).await;
    for (path, key, body, _) in &requests {
        keyed(&world.fiona, path, key, body).await.problem(404, "/problems/not-found");
    }
}

#[tokio::test]
async fn replay_after_deletion_shows_nothing() {
    let world = World::new().await;
    let draft = world.draft(&world.ana, &[expense("10.00")]).await;
    let comment = json!({"text": "Is this yours?"});
    keyed(&world.fiona, &world.report(&draft, "comments"), "key-of-comment", &comment).await.expect(200);
    let delete = async || {
        send(world.ana.request(Method::DELETE, &world.report(&draft, "")).header("Idempotency-Key", "key-of-delete"))
            .await
    };
    assert_eq!(delete().await.status, 204);
    let again = delete().await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (204, "true"));
    let gone = keyed(&world.fiona, &world.report(&draft, "comments"), "key-of-comment", &comment).await;
    gone.problem(404, "/problems/not-found");
    world.change(&world.ana, &json!({"role": "auditor"})).await;
    delete().await.problem(404, "/problems/not-found");
}

/// The first request itself has made the state one that refuses it.
#[tokio::test]
async fn replay_ignores_state_that_first_request_made() {
    let world = World::new().await;
    let draft = world.draft(&world.ana, &[expense("10.00")]).await;
    for action in ["submit", "recall"] {
        let path = world.report(&draft, action);
        let first = keyed(&world.ana, &path, &format!("key-of-{action}"), &json!({})).await;
        let again = keyed(&world.ana, &path, &format!("key-of-{action}"), &json!({})).await;
        assert_eq!((first.status, &again.text), (200, &first.text), "{action}");
        assert_eq!(again.header("idempotent-replayed"), "true", "{action}");
    }
}
