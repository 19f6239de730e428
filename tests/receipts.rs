//! Receipts as people meet them: declared, uploaded, looked at, shown, and under review as they were when it began.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::files::{self, Bucket, attach, bare, declaration, declare, keys, looked_at, path, ticket, upload};
use crate::support::{Person, World, eur, expense, found, send, table, url, version};

async fn read(person: &Person, path: &str) -> Value {
    person.get(path).await.expect(200)
}

async fn report(world: &World, report: &Value) -> Value {
    read(&world.ana, &world.report(report, "")).await
}

async fn submit(world: &World, report: &Value) -> crate::support::Answer {
    world.ana.post(&world.report(report, "submit"), &json!({})).await
}

/// The types of a report's history, with who did each.
async fn history(world: &World, report: &Value) -> Vec<String> {
    let history = read(&world.admin, &world.report(report, "history")).await;
    assert_eq!(history["chain"]["verified"], true, "{history}");
    let told = |entry: &Value| {
        format!("{} {}", entry["type"].as_str().unwrap(), entry["actor"]["name"].as_str().unwrap_or("-"))
    };
    history["items"].as_array().unwrap().iter().map(told).collect()
}

/// A ticket of this world, declared as it is.
fn own(world: &World) -> (Vec<u8>, Value) {
    let bytes = ticket(&world.org);
    let declared = declaration("Train ticket.png", "image/png", &bytes);
    (bytes, declared)
}

#[tokio::test]
async fn a_receipt_is_shown_to_whoever_reads_the_report_once_it_is_clean() {
    let world = World::new().await;
    let draft = bare(&world).await;
    let (bytes, declared) = own(&world);
    let made = world.ana.post(&world.line(&draft, 0, "receipts"), &declared).await;
    assert_eq!(made.header("etag"), "\"2\"", "of the report");
    let location = made.header("location").to_owned();
    let made = made.expect(201);
    assert_eq!(location, path(&world, &draft, 0, &made));
    assert_eq!(made["upload"]["method"], "PUT");
    // Before it is there, the line says so, nobody has it, and the report stays where it is.
    let waiting = read(&world.ana, &location).await;
    assert_eq!(
        (&waiting["status"], &waiting["download"], &waiting["preview"]),
        (&json!("pending"), &Value::Null, &Value::Null)
    );
    let problem = submit(&world, &draft).await;
    assert_eq!(problem.problem(422, "/problems/validation-failed"), ["/expenses/0/receipts receipt-pending"]);
    assert!(problem.text.contains("Train ticket.png"), "{}", problem.text);
    assert_eq!(upload(&made, &bytes).await.status, 200);
    let clean = looked_at(&world.ana, &location).await;
    let line = report(&world, &draft).await["expenses"][0]["receipts"][0].clone();
    let expected = json!({
        "id": made["id"], "name": "Train ticket.png", "media_type": "image/png", "size": bytes.len(), "sha256": declared["sha256"],
        "status": "clean", "reason": null, "preview": true, "duplicate": false,
    });
    assert_eq!(line, expected);
    assert!(clean["download"]["url"].is_string() && clean["detail"].is_null(), "{clean}");
    // It stands for the line: without it the policy would note that a receipt is missing.
    let submitted = submit(&world, &draft).await.expect(200);
    assert_eq!(found(&submitted), [""; 0]);
    let seen = read(&world.marco, &location).await;
    assert_eq!(seen["duplicate_of"], Value::Null, "not for him to see");
    let file = reqwest::get(seen["download"]["url"].as_str().unwrap()).await.unwrap();
    let header = |name: &str| file.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(
        (header("content-type"), header("cache-control")),
        ("image/png".to_owned(), "private, no-store".to_owned())
    );
    assert_eq!(
        header("content-disposition"),
        "attachment; filename=\"Train ticket.png\"; filename*=UTF-8''Train%20ticket.png"
    );
    let kept = file.bytes().await.unwrap();
    assert!(kept.starts_with(&bytes[..8]) && !contains(&kept, world.org.as_bytes()), "without what it told besides");
    let picture = reqwest::get(seen["preview"]["url"].as_str().unwrap()).await.unwrap();
    assert_eq!(picture.headers()["content-type"], "image/jpeg");
    assert_eq!(
        history(&world, &draft).await,
        ["report.created Ana Silva", "receipt.declared Ana Silva", "receipt.accepted -", "report.submitted Ana Silva"]
    );
    let keys = keys(&world, &draft, &made);
    assert_eq!(Bucket::new().there(&keys).await, [&keys[1]]);
    assert_eq!(table::items(&format!("ORG#{}#FILES", world.org)).await, [json!(null); 0], "nothing left to do");
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[tokio::test]
async fn evidence_under_review_stays_as_it_was() {
    let world = World::new().await;
    let draft = bare(&world).await;
    let (bytes, declared) = own(&world);
    let made = declare(&world, &draft, 0, &declared).await;
    assert_eq!(upload(&made, &bytes).await.status, 200);
    let path = path(&world, &draft, 0, &made);
    looked_at(&world.ana, &path).await;
    let submitted = submit(&world, &draft).await.expect(200);
    let more = world.ana.post(&world.line(&draft, 0, "receipts"), &declared).await;
    more.problem(409, "/problems/invalid-state");
    world.ana.delete(&path).await.problem(409, "/problems/invalid-state");
    // The link is good for some minutes more. What is put there again is taken away, and what is kept stays.
    let keys = keys(&world, &draft, &made);
    let before = download(&world.marco, &path).await;
    upload(&made, &bytes).await;
    let bucket = Bucket::new();
    crate::support::until("the slot is empty again", || async {
        (!bucket.there(&keys[..1]).await.contains(&keys[0].as_str())).then_some(())
    })
    .await;
    assert_eq!(download(&world.marco, &path).await, before);
    assert_eq!(report(&world, &draft).await, submitted);
    world.approve(&world.marco, &submitted).await.expect(200);
}

async fn download(person: &Person, path: &str) -> Vec<u8> {
    let link = read(person, path).await["download"]["url"].as_str().unwrap().to_owned();
    reqwest::get(link).await.unwrap().bytes().await.unwrap().to_vec()
}

#[tokio::test]
async fn a_receipt_goes_with_its_file_when_no_line_has_it_any_more() {
    let world = World::new().await;
    let draft = bare(&world).await;
    let (bytes, declared) = own(&world);
    let (_, receipt) = attach(&world, &draft, 0, &declared, &bytes).await;
    let parts = json!({"parts": [{"amount": eur("20.00")}, {"amount": eur("22.50")}]});
    let split = world.ana.post(&world.line(&draft, 0, "split"), &parts).await.expect(200);
    let on = |report: &Value| -> Vec<usize> {
        report["expenses"].as_array().unwrap().iter().map(|line| line["receipts"].as_array().unwrap().len()).collect()
    };
    assert_eq!(on(&split), [1, 1]);
    let first = world.ana.delete(&path(&world, &split, 0, &receipt)).await.expect(200);
    assert_eq!((on(&first), version(&first)), (vec![0, 1], version(&split) + 1));
    let (bucket, keys) = (Bucket::new(), keys(&world, &draft, &receipt));
    assert_eq!(bucket.there(&keys).await, [&keys[1]], "the other part has it still");
    world.ana.get(&path(&world, &split, 0, &receipt)).await.problem(404, "/problems/not-found");
    let seen = read(&world.ana, &path(&world, &split, 1, &receipt)).await;
    assert_eq!(files::followed_links(&seen).await, [200, 200]);
    let last = world.ana.delete(&path(&world, &split, 1, &receipt)).await.expect(200);
    assert_eq!(on(&last), [0, 0]);
    assert_eq!((bucket.there(&keys).await, files::followed_links(&seen).await), (vec![], [404, 404]));
    assert_eq!(table::items(&format!("ORG#{}#FILES", world.org)).await, [json!(null); 0], "nothing left to do");
    world.ana.delete(&path(&world, &split, 1, &receipt)).await.problem(404, "/problems/not-found");
    let told = history(&world, &draft).await;
    assert_eq!(told[3..], ["expense.split Ana Silva", "receipt.removed Ana Silva", "receipt.removed Ana Silva"]);
}

#[tokio::test]
async fn the_same_file_on_two_reports_is_noted_and_only_finance_is_told_which() {
    let world = World::new().await;
    let (first, second) = (bare(&world).await, bare(&world).await);
    let (bytes, declared) = own(&world);
    attach(&world, &first, 0, &declared, &bytes).await;
    let (path, receipt) = attach(&world, &second, 0, &declared, &bytes).await;
    assert_eq!((&receipt["duplicate"], &receipt["duplicate_of"]), (&json!(true), &Value::Null));
    assert_eq!(read(&world.fiona, &path).await["duplicate_of"], json!([first["id"]]));
    let submitted = submit(&world, &second).await.expect(200);
    assert_eq!(found(&submitted), ["duplicate-receipt warn - -"]);
    let id = first["id"].as_str().unwrap();
    let history = world.ana.get(&world.report(&second, "history")).await;
    assert!(!submitted.to_string().contains(id) && !history.text.contains(id), "nobody else is told");
    // In another organisation it is a file like any other.
    let elsewhere = World::new().await;
    let other = bare(&elsewhere).await;
    assert_eq!(attach(&elsewhere, &other, 0, &declared, &bytes).await.1["duplicate"], false);
    // Once it is gone, it is no duplicate any more.
    world.ana.delete(&world.report(&first, "")).await;
    let third = bare(&world).await;
    let (path, _) = attach(&world, &third, 0, &declared, &bytes).await;
    assert_eq!(read(&world.fiona, &path).await["duplicate_of"], json!([second["id"]]));
}

#[tokio::test]
async fn equal_files_that_come_at_the_same_moment_are_noted_by_at_least_one() {
    let world = World::new().await;
    let (bytes, declared) = own(&world);
    for _ in 0..3 {
        let drafts = [bare(&world).await, bare(&world).await];
        let (one, other) = tokio::join!(
            attach(&world, &drafts[0], 0, &declared, &bytes),
            attach(&world, &drafts[1], 0, &declared, &bytes),
        );
        // What is noted a moment after the file was accepted.
        let noted = crate::support::until("one is noted", || async {
            let both = [read(&world.fiona, &one.0).await, read(&world.fiona, &other.0).await];
            let of = |at: usize, draft: &Value| both[at]["duplicate_of"].as_array().unwrap().contains(&draft["id"]);
            (of(0, &drafts[1]) || of(1, &drafts[0])).then_some(true)
        });
        assert!(noted.await);
        for draft in &drafts {
            world.ana.delete(&world.report(draft, "")).await;
        }
    }
}

#[tokio::test]
async fn a_repeated_declaration_is_answered_as_the_first_and_counts_once() {
    let world = World::new().await;
    let draft = bare(&world).await;
    let body =
        json!({"name": "Large.pdf", "media_type": "application/pdf", "size": 25_000_000, "sha256": "0".repeat(64)});
    let path = world.line(&draft, 0, "receipts");
    let request = || world.ana.request(Method::POST, &path).header("Idempotency-Key", format!("large-{}", world.org));
    let (first, second) = tokio::join!(send(request().json(&body)), send(request().json(&body)));
    assert_eq!(first.expect(201), second.expect(201));
    let third = send(request().json(&body)).await;
    assert_eq!((third.expect(201), third.header("idempotent-replayed")), (first.json(), "true"));
    // Neither does one that is refused.
    for wrong in [json!({"size": 0}), json!({"media_type": "image/gif"})] {
        world.ana.post(&path, &crate::support::with(body.clone(), &wrong)).await.expect(422);
    }
    let stale = world.ana.once(Method::POST, &path).header("If-Match", "\"1\"");
    send(stale.json(&body)).await.problem(412, "/problems/stale-version");
    let day = crate::support::today();
    let used =
        table::item(&format!("ORG#{}#LIMIT#sub-{}", world.org, world.ana.email), &format!("UPLOADS#{day}")).await;
    assert_eq!(used["used"]["N"], "25000000", "{used}");
    assert_eq!(report(&world, &draft).await["expenses"][0]["receipts"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn lines_and_reports_have_so_many_receipts_and_go_with_all_of_them() {
    let world = World::new().await;
    let lines: Vec<Value> = (0..4).map(|_| files::without_reference("20.00")).collect();
    let draft = world.draft(&world.ana, &lines).await;
    let declared = declaration("x.png", "image/png", files::TICKET);
    for number in 0..30 {
        declare(&world, &draft, number / 10, &declared).await;
    }
    for line in [0, 3] {
        let full = world.ana.post(&world.line(&draft, line, "receipts"), &declared).await;
        assert_eq!(full.problem(422, "/problems/validation-failed"), ["/receipts length"]);
    }
    assert_eq!(table::items(&format!("ORG#{}#FILES", world.org)).await.len(), 30);
    assert_eq!(world.ana.delete(&world.report(&draft, "")).await.status, 204);
    // Nothing of it came, so the next turn has only to forget them.
    crate::support::turn(&url(), "triggers-sweep", crate::support::now()).await;
    assert_eq!(table::items(&format!("ORG#{}#FILES", world.org)).await, [json!(null); 0]);
}

#[tokio::test]
async fn what_was_refused_blocks_until_it_is_removed() {
    let world = World::new().await;
    let draft = world.draft(&world.ana, &[expense("20.00"), files::without_reference("20.00")]).await;
    let bytes = files::pdf("/OpenAction << /S /JavaScript /JS (app.alert(1)) >>", "");
    let declared = declaration("Invoice.pdf", "application/pdf", &bytes);
    let (path, receipt) = attach(&world, &draft, 1, &declared, &bytes).await;
    assert_eq!((&receipt["status"], &receipt["reason"]), (&json!("refused"), &json!("active")));
    let problem = submit(&world, &draft).await;
    assert_eq!(problem.problem(422, "/problems/validation-failed"), ["/expenses/1/receipts receipt-refused"]);
    assert!(problem.text.contains(receipt["detail"].as_str().unwrap()), "{}", problem.text);
    world.ana.delete(&path).await.expect(200);
    submit(&world, &draft).await.expect(200);
}
