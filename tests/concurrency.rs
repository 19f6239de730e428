//! Concurrent requests. Of those that name the same version exactly one succeeds; of those that name none each does.

use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::{Answer, Person, World, eur, expense, files, send, version, with};

/// Actions on a submitted report that give it a new version.
const ACTIONS: [&str; 8] =
    ["recall", "approve", "return", "reject", "reassign", "edit amount", "edit note", "add line"];

/// Builds the request for an action, sent by a permitted member, with the version that both have seen.
fn request(world: &World, report: &Value, action: &str) -> RequestBuilder {
    let (who, method, path, body) = match action {
        "recall" => (&world.ana, Method::POST, world.report(report, "recall"), json!({})),
        "approve" => (&world.marco, Method::POST, world.report(report, "approve"), json!({})),
        "return" | "reject" => (&world.marco, Method::POST, world.report(report, action), json!({"reason": "Hm."})),
        "reassign" => {
            let body = json!({"from": world.marco.id, "to": world.fiona.id, "reason": "Away."});
            (&world.admin, Method::POST, world.report(report, "reassign"), body)
        }
        "edit amount" => (&world.ana, Method::PATCH, world.line(report, 0, ""), json!({"amount": eur("11.00")})),
        "edit note" => (&world.ana, Method::PATCH, world.line(report, 1, ""), json!({"note": "Taxi."})),
        _ => (&world.ana, Method::POST, world.report(report, "expenses"), expense("3.00")),
    };
    who.once(method, &path).header("If-Match", format!("\"{}\"", version(report))).json(&body)
}

fn cents(money: &Value) -> i64 {
    money["amount"].as_str().unwrap().replace('.', "").parse().unwrap()
}

/// Sends both requests concurrently and checks that one is applied completely and the other not at all.
async fn race(world: &World, one: &str, other: &str) {
    let report = world.submit_expenses(&world.ana, &[expense("10.00"), expense("5.00")]).await.expect(201);
    let (first, second) = (request(world, &report, one), request(world, &report, other));
    let (first, second) = tokio::join!(send(first), send(second));
    let pair = format!("{one} ({}) and {other} ({}): {} {}", first.status, second.status, first.text, second.text);
    let (won, lost) = if first.status == 200 { (first, second) } else { (second, first) };
    assert_eq!(won.status, 200, "{pair}");
    assert!(matches!(lost.status, 403 | 404 | 409 | 412), "{pair}");

    let after = world.ana.get(&world.report(&report, "")).await.expect(200);
    assert_eq!(after, won.json(), "{pair}");
    assert_eq!(version(&after), version(&report) + 1, "{pair}");
    let sum: i64 = after["expenses"].as_array().unwrap().iter().map(|line| cents(&line["amount"])).sum();
    assert_eq!(cents(&after["totals"]["total"]), sum, "{pair}");
    let history = world.ana.get(&world.report(&report, "history")).await.expect(200);
    assert_eq!(history["chain"], json!({"verified": true, "broken_at": null}), "{pair}");
    // A claim edit records two events: the change and the resubmission.
    let count = history["items"].as_array().unwrap().len();
    let resubmitted = history["items"][count - 1]["type"] == "report.submitted";
    assert_eq!(count, if resubmitted { 4 } else { 3 }, "{pair}: {history}");
}

#[tokio::test]
async fn concurrent_actions_on_same_version_have_one_winner() {
    let world = World::new().await;
    // The first write of a member binds their identity, which is a race of its own.
    for person in [&world.ana, &world.marco, &world.fiona] {
        world.draft(person, &[]).await;
    }
    let pairs: Vec<(&str, &str)> =
        ACTIONS.iter().enumerate().flat_map(|(at, one)| ACTIONS[at..].iter().map(|other| (*one, *other))).collect();
    assert_eq!(pairs.len(), 36);
    for some in pairs.chunks(6) {
        let tasks: Vec<_> = some
            .iter()
            .map(|(one, other)| {
                let (world, one, other) = (world.clone(), *one, *other);
                tokio::spawn(async move { race(&world, one, other).await })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    }
}

/// The caller's membership is checked again in the transaction, not only when it is read.
#[tokio::test]
async fn concurrent_mutual_suspension_leaves_one_admin() {
    let world = World::new().await;
    let bea = world.add_member("Bea", &json!({"role": "admin"})).await;
    // The first write of a member binds their identity, which is a race of its own.
    world.draft(&bea, &[]).await;
    let path = |person: &Person| world.path(&format!("members/{}", person.id));
    for round in 0..20 {
        let suspend = |by: &Person, other: &Person| {
            let request = by.request(Method::PATCH, &path(other)).json(&json!({"suspended": true}));
            async move { send(request).await.status }
        };
        let pair = tokio::join!(suspend(&world.admin, &bea), suspend(&bea, &world.admin));
        let (left, out) = match pair {
            (200, 404) => (&world.admin, &bea),
            (404, 200) => (&bea, &world.admin),
            none => panic!("round {round}: {none:?}"),
        };
        out.get(&world.path("members/me")).await.problem(404, "/problems/not-found");
        left.patch(&path(out), &json!({"suspended": false})).await.expect(200);
    }
}

/// Asserts that the history of a report is whole; returns its number of events.
async fn history_length(world: &World, report: &Value) -> usize {
    let history = world.ana.get(&format!("{}?limit=100", world.report(report, "history"))).await.expect(200);
    assert_eq!(history["chain"], json!({"verified": true, "broken_at": null}), "{history}");
    history["items"].as_array().unwrap().len()
}

/// Asserts that every request was carried out.
fn expect_all(answers: &[Answer], status: u16) {
    let others = answers.iter().filter(|answer| answer.status != status);
    let others: Vec<String> = others.map(|answer| format!("{} {}", answer.status, answer.text)).collect();
    assert!(others.is_empty(), "{} of {}: {others:?}", others.len(), answers.len());
}

#[tokio::test]
async fn thirty_concurrent_edits_of_lines_all_succeed() {
    let world = World::new().await;
    let lines: Vec<Value> = (0..30).map(|_| expense("1.00")).collect();
    let draft = world.draft(&world.ana, &lines).await;
    let edit = |at: usize| {
        let request = world.ana.request(Method::PATCH, &world.line(&draft, at, ""));
        send(request.json(&json!({"amount": eur(&format!("{}.50", at + 1))})))
    };
    expect_all(&join_all((0..30).map(edit)).await, 200);
    let after = world.ana.get(&world.report(&draft, "")).await.expect(200);
    // 1.50 + 2.50 + … + 30.50
    assert_eq!((&after["totals"]["total"]["amount"], &after["version"]), (&json!("480.00"), &json!(31)));
    assert_eq!(history_length(&world, &draft).await, 31);
}

#[tokio::test]
async fn different_concurrent_changes_all_succeed() {
    let world = World::new().await;
    let draft = world.draft(&world.ana, &[expense("10.00"), expense("20.00"), expense("30.00")]).await;
    let once = |method: Method, path: String, body: Value| send(world.ana.once(method, &path).json(&body));
    let comment = |person: &Person, text: &str| {
        send(person.once(Method::POST, &world.report(&draft, "comments")).json(&json!({"text": text})))
    };
    let changes = async {
        tokio::join!(
            once(Method::PATCH, world.report(&draft, ""), json!({"title": "Lyon and Paris"})),
            once(Method::PATCH, world.line(&draft, 0, ""), json!({"note": "Taxi."})),
            once(Method::DELETE, world.line(&draft, 1, ""), json!({})),
            once(Method::POST, world.report(&draft, "expenses"), expense("5.00")),
            once(Method::POST, world.line(&draft, 2, "clone"), json!({})),
        )
    };
    let comments = async {
        tokio::join!(
            comment(&world.ana, "One."),
            comment(&world.fiona, "Two."),
            comment(&world.admin, "Three."),
            comment(&world.ana, "Four."),
        )
    };
    let ((title, note, removed, added, cloned), (first, second, third, fourth)) = tokio::join!(changes, comments);
    expect_all(&[title, note, removed, added, first, second, third, fourth], 200);
    assert!(cloned.status < 300, "{}", cloned.text);
    let after = world.ana.get(&world.report(&draft, "")).await.expect(200);
    assert_eq!((&after["title"], &after["version"]), (&json!("Lyon and Paris"), &json!(6)));
    assert_eq!((&after["totals"]["total"], &after["expenses"][0]["note"]), (&eur("75.00"), &json!("Taxi.")));
    assert_eq!(history_length(&world, &draft).await, 10);
}

#[tokio::test]
async fn sixty_concurrent_submissions_of_owner_all_succeed() {
    let world = World::new().await;
    let create = |at: usize| {
        let body = json!({"title": format!("Report {at}"), "expenses": [expense(&format!("{}.10", at + 1))]});
        let world = &world;
        async move { world.ana.post(&world.path("reports"), &body).await.expect(201) }
    };
    let drafts: Vec<Value> = stream::iter((0..60).map(create)).buffered(8).collect().await;
    let submit = |draft: &Value| send(world.ana.request(Method::POST, &world.report(draft, "submit")));
    let answers = join_all(drafts.iter().map(submit)).await;
    expect_all(&answers, 200);
    assert!(answers.iter().all(|answer| answer.json()["status"] == "submitted"));
    let queue = world.marco.get(&format!("{}?limit=100", world.path("approvals"))).await.expect(200);
    assert_eq!(queue["items"].as_array().unwrap().len(), 60);
}

/// Twelve reports of 30.00 at once against a limit of 100.00 a month: three fit, in whatever order they come.
#[tokio::test]
async fn concurrent_submissions_never_exceed_limit() {
    let world = World::new().await;
    let limit = json!({"categories": ["travel"], "period": "month", "amount": eur("100.00"), "effect": "block"});
    world.put_policy(&json!({"limits": [limit]})).await;
    let mut drafts = Vec::new();
    for at in 0..12 {
        let line = with(expense("30.00"), &json!({"merchant": format!("Taxi {at}"), "category": "travel"}));
        drafts.push(world.draft(&world.ana, &[line]).await);
    }
    let submit = |draft: &Value| send(world.ana.request(Method::POST, &world.report(draft, "submit")));
    let answers = join_all(drafts.iter().map(submit)).await;
    let count = |status: u16| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((count(200), count(422)), (3, 9), "{answers:?}");
}

/// Declares and uploads a receipt without waiting for its inspection; returns its path.
async fn attach(world: &World, draft: &Value, at: usize) -> String {
    let file = files::ticket(&format!("{} {at}", draft["id"]));
    let declared = files::declaration(&format!("ticket-{at}.png"), "image/png", &file);
    let made = world.ana.post(&world.line(draft, at % 3, "receipts"), &declared).await.expect(201);
    let uploaded = files::upload(&made, &file).await;
    assert_eq!(uploaded.status, 200, "{}", uploaded.text);
    files::path(world, draft, at % 3, &made)
}

#[tokio::test]
async fn twenty_four_receipts_are_attached_without_retries() {
    let world = World::new().await;
    for at_once in [1, 8] {
        let lines: Vec<Value> = (0..3).map(|_| files::without_reference("30.00")).collect();
        let draft = world.draft(&world.ana, &lines).await;
        let attaching = (0..24).map(|at| attach(&world, &draft, at));
        let paths: Vec<String> = stream::iter(attaching).buffer_unordered(at_once).collect().await;
        for path in &paths {
            assert_eq!(files::processed_receipt(&world.ana, path).await["status"], "clean", "{at_once} at once");
        }
        let after = world.ana.get(&world.report(&draft, "")).await.expect(200);
        // Each declaration is a version; what the inspection found is none.
        assert_eq!(version(&after), 25, "{at_once} at once");
        assert_eq!(history_length(&world, &draft).await, 49, "{at_once} at once");
    }
}

#[tokio::test]
async fn version_survives_what_outlay_notes() {
    let world = World::new().await;
    let draft = world.draft(&world.ana, &[files::without_reference("30.00")]).await;
    let file = files::ticket("noted");
    let declared = files::declaration("ticket.png", "image/png", &file);
    let made = files::declare(&world, &draft, 0, &declared).await;
    let get = async |person: &Person, tag: &str| {
        send(person.request(Method::GET, &world.report(&draft, "")).header("If-None-Match", tag)).await
    };
    let pending = world.ana.get(&world.report(&draft, "")).await;
    assert_eq!(get(&world.ana, pending.header("etag")).await.status, 304);
    files::upload(&made, &file).await;
    files::processed_receipt(&world.ana, &files::path(&world, &draft, 0, &made)).await;
    // A cache sees the result of the inspection; the version stays, so the owner's edit is not refused.
    let clean = get(&world.ana, pending.header("etag")).await;
    assert_eq!((clean.status, version(&clean.json())), (200, version(&pending.json())));
    assert_ne!(clean.header("etag"), pending.header("etag"));
    let edit = world.ana.request(Method::PATCH, &world.line(&draft, 0, "")).header("If-Match", pending.header("etag"));
    let edited = send(edit.json(&json!({"note": "Tram."}))).await.expect(200);
    assert_eq!(version(&edited), version(&pending.json()) + 1);
    world.ana.post(&world.report(&draft, "submit"), &json!({})).await.expect(200);

    let seen = world.marco.get(&world.report(&draft, "")).await;
    for person in [&world.ana, &world.fiona] {
        person.post(&world.report(&draft, "comments"), &json!({"text": "It was late."})).await.expect(200);
    }
    let commented = get(&world.marco, seen.header("etag")).await;
    assert_eq!((commented.status, version(&commented.json())), (200, version(&seen.json())));
    let approve = || world.marco.request(Method::POST, &world.report(&draft, "approve"));
    // What the approver decides on has not changed; an edit changes it.
    world.ana.patch(&world.line(&draft, 0, ""), &json!({"note": "Night tram."})).await.expect(200);
    let stale = send(approve().header("If-Match", seen.header("etag"))).await;
    stale.problem(412, "/problems/stale-version");
    let seen = world.marco.get(&world.report(&draft, "")).await;
    world.ana.post(&world.report(&draft, "comments"), &json!({"text": "Sorry."})).await.expect(200);
    send(approve().header("If-Match", seen.header("etag"))).await.expect(200);
}
