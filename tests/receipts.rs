//! Receipts through the API: declaration, upload, inspection, download, and immutability during review.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::files::{
    self, Bucket, attach, bare, declaration, declare, keys, path, processed_receipt, ticket, upload,
};
use crate::support::{Person, World, eur, expense, send, table, url, version, violations, wait_until};

async fn read(person: &Person, path: &str) -> Value {
    person.get(path).await.expect(200)
}

async fn read_report(world: &World, report: &Value) -> Value {
    read(&world.ana, &world.report(report, "")).await
}

async fn submit(world: &World, report: &Value) -> crate::support::Answer {
    world.ana.post(&world.report(report, "submit"), &json!({})).await
}

/// Event types of a report's history with the actor's name, `-` without an actor.
async fn event_types(world: &World, report: &Value) -> Vec<String> {
    let history = read(&world.admin, &world.report(report, "history")).await;
    assert_eq!(history["chain"]["verified"], true, "{history}");
    let describe = |entry: &Value| {
        format!("{} {}", entry["type"].as_str().unwrap(), entry["actor"]["name"].as_str().unwrap_or("-"))
    };
    history["items"].as_array().unwrap().iter().map(describe).collect()
}

/// Ticket with unique bytes and its declaration.
fn unique_ticket(world: &World) -> (Vec<u8>, Value) {
    let bytes = ticket(&world.org);
    let declared = declaration("Train ticket.png", "image/png", &bytes);
    (bytes, declared)
}

#[tokio::test]
async fn clean_receipt_is_downloadable_by_report_readers() {
    let world = World::new().await;
    let draft = bare(&world).await;
    let (bytes, declared) = unique_ticket(&world);
    let made = world.ana.post(&world.line(&draft, 0, "receipts"), &declared).await;
    assert_eq!(made.header("etag"), "\"2\"", "the report's version");
    let location = made.header("location").to_owned();
    let made = made.expect(201);
    assert_eq!(location, path(&world, &draft, 0, &made));
    assert_eq!(made["upload"]["method"], "PUT");
    // Before the upload the receipt is pending, has no links, and blocks the submission.
    let waiting = read(&world.ana, &location).await;
    assert_eq!(
        (&waiting["status"], &waiting["download"], &waiting["preview"]),
        (&json!("pending"), &Value::Null, &Value::Null)
    );
    let problem = submit(&world, &draft).await;
    assert_eq!(problem.problem(422, "/problems/validation-failed"), ["/expenses/0/receipts receipt-pending"]);
    assert!(problem.text.contains("Train ticket.png"), "{}", problem.text);
    assert_eq!(upload(&made, &bytes).await.status, 200);
    let clean = processed_receipt(&world.ana, &location).await;
    let line = read_report(&world, &draft).await["expenses"][0]["receipts"][0].clone();
    let expected = json!({
        "id": made["id"], "name": "Train ticket.png", "media_type": "image/png", "size": bytes.len(), "sha256": declared["sha256"],
        "status": "clean", "reason": null, "preview": true, "duplicate": false,
    });
    assert_eq!(line, expected);
    assert!(clean["download"]["url"].is_string() && clean["detail"].is_null(), "{clean}");
    // The receipt satisfies the policy's receipt requirement.
    let submitted = submit(&world, &draft).await.expect(200);
    assert_eq!(violations(&submitted), [""; 0]);
    let seen = read(&world.marco, &location).await;
    assert_eq!(seen["duplicate_of"], Value::Null, "only finance sees the other report");
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
    assert!(kept.starts_with(&bytes[..8]) && !contains(&kept, world.org.as_bytes()), "metadata is removed");
    let picture = reqwest::get(seen["preview"]["url"].as_str().unwrap()).await.unwrap();
    assert_eq!(picture.headers()["content-type"], "image/jpeg");
    assert_eq!(
        event_types(&world, &draft).await,
        ["report.created Ana Silva", "receipt.declared Ana Silva", "receipt.accepted -", "report.submitted Ana Silva"]
    );
    wait_until_settled(&world, &keys(&world, &draft, &made)).await;
}

/// Waits until a clean receipt's upload is removed and no file task is pending. Both follow the change of the status.
async fn wait_until_settled(world: &World, keys: &[String; 2]) {
    let (bucket, files) = (Bucket::new(), format!("ORG#{}#FILES", world.org));
    wait_until("only the clean file is left and no file task is pending", || async {
        let is_settled = bucket.existing(keys).await == [&keys[1]] && table::items(&files).await.is_empty();
        is_settled.then_some(())
    })
    .await;
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[tokio::test]
async fn receipts_of_submitted_report_are_immutable() {
    let world = World::new().await;
    let draft = bare(&world).await;
    let (bytes, declared) = unique_ticket(&world);
    let made = declare(&world, &draft, 0, &declared).await;
    assert_eq!(upload(&made, &bytes).await.status, 200);
    let path = path(&world, &draft, 0, &made);
    processed_receipt(&world.ana, &path).await;
    let submitted = submit(&world, &draft).await.expect(200);
    let more = world.ana.post(&world.line(&draft, 0, "receipts"), &declared).await;
    more.problem(409, "/problems/invalid-state");
    world.ana.delete(&path).await.problem(409, "/problems/invalid-state");
    // The upload link is valid for some more minutes. A second upload is deleted and the kept file stays.
    let keys = keys(&world, &draft, &made);
    wait_until_settled(&world, &keys).await;
    let before = download(&world.marco, &path).await;
    upload(&made, &bytes).await;
    let bucket = Bucket::new();
    wait_until("the second upload is deleted", || async {
        (!bucket.existing(&keys[..1]).await.contains(&keys[0].as_str())).then_some(())
    })
    .await;
    assert_eq!(download(&world.marco, &path).await, before);
    assert_eq!(read_report(&world, &draft).await, submitted);
    world.approve(&world.marco, &submitted).await.expect(200);
}

async fn download(person: &Person, path: &str) -> Vec<u8> {
    let link = read(person, path).await["download"]["url"].as_str().unwrap().to_owned();
    reqwest::get(link).await.unwrap().bytes().await.unwrap().to_vec()
}

#[tokio::test]
async fn file_is_deleted_with_last_reference_to_receipt() {
    let world = World::new().await;
    let draft = bare(&world).await;
    let (bytes, declared) = unique_ticket(&world);
    let (_, receipt) = attach(&world, &draft, 0, &declared, &bytes).await;
    let (bucket, keys) = (Bucket::new(), keys(&world, &draft, &receipt));
    wait_until_settled(&world, &keys).await;
    let parts = json!({"parts": [{"amount": eur("20.00")}, {"amount": eur("22.50")}]});
    let split = world.ana.post(&world.line(&draft, 0, "split"), &parts).await.expect(200);
    let on = |report: &Value| -> Vec<usize> {
        report["expenses"].as_array().unwrap().iter().map(|line| line["receipts"].as_array().unwrap().len()).collect()
    };
    assert_eq!(on(&split), [1, 1]);
    let first = world.ana.delete(&path(&world, &split, 0, &receipt)).await.expect(200);
    assert_eq!((on(&first), version(&first)), (vec![0, 1], version(&split) + 1));
    assert_eq!(bucket.existing(&keys).await, [&keys[1]], "the other part still refers to the file");
    world.ana.get(&path(&world, &split, 0, &receipt)).await.problem(404, "/problems/not-found");
    let seen = read(&world.ana, &path(&world, &split, 1, &receipt)).await;
    assert_eq!(files::download_statuses(&seen).await, [200, 200]);
    let last = world.ana.delete(&path(&world, &split, 1, &receipt)).await.expect(200);
    assert_eq!(on(&last), [0, 0]);
    assert_eq!((bucket.existing(&keys).await, files::download_statuses(&seen).await), (vec![], [404, 404]));
    assert_eq!(table::items(&format!("ORG#{}#FILES", world.org)).await, [json!(null); 0], "no pending file task");
    world.ana.delete(&path(&world, &split, 1, &receipt)).await.problem(404, "/problems/not-found");
    let types = event_types(&world, &draft).await;
    assert_eq!(types[3..], ["expense.split Ana Silva", "receipt.removed Ana Silva", "receipt.removed Ana Silva"]);
}

#[tokio::test]
async fn duplicate_file_is_flagged_and_source_shown_to_finance() {
    let world = World::new().await;
    let (first, second) = (bare(&world).await, bare(&world).await);
    let (bytes, declared) = unique_ticket(&world);
    attach(&world, &first, 0, &declared, &bytes).await;
    let (path, receipt) = attach(&world, &second, 0, &declared, &bytes).await;
    assert_eq!((&receipt["duplicate"], &receipt["duplicate_of"]), (&json!(true), &Value::Null));
    assert_eq!(read(&world.fiona, &path).await["duplicate_of"], json!([first["id"]]));
    let submitted = submit(&world, &second).await.expect(200);
    assert_eq!(violations(&submitted), ["duplicate-receipt warn - -"]);
    let id = first["id"].as_str().unwrap();
    let history = world.ana.get(&world.report(&second, "history")).await;
    assert!(
        !submitted.to_string().contains(id) && !history.text.contains(id),
        "the owner is not told which report it is"
    );
    // A file of another organisation is no duplicate.
    let elsewhere = World::new().await;
    let other = bare(&elsewhere).await;
    assert_eq!(attach(&elsewhere, &other, 0, &declared, &bytes).await.1["duplicate"], false);
    // A deleted report is no longer named as a duplicate.
    world.ana.delete(&world.report(&first, "")).await;
    let third = bare(&world).await;
    let (path, _) = attach(&world, &third, 0, &declared, &bytes).await;
    assert_eq!(read(&world.fiona, &path).await["duplicate_of"], json!([second["id"]]));
}

#[tokio::test]
async fn concurrent_duplicate_uploads_are_flagged() {
    let world = World::new().await;
    let (bytes, declared) = unique_ticket(&world);
    for _ in 0..3 {
        let drafts = [bare(&world).await, bare(&world).await];
        let (one, other) = tokio::join!(
            attach(&world, &drafts[0], 0, &declared, &bytes),
            attach(&world, &drafts[1], 0, &declared, &bytes),
        );
        // Concurrent duplicates are recorded shortly after the acceptance.
        let noted = wait_until("one receipt is flagged as a duplicate", || async {
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
async fn repeated_declaration_is_replayed_and_counted_once() {
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
    // Rejected declarations do not count either.
    for wrong in [json!({"size": 0}), json!({"media_type": "image/gif"})] {
        world.ana.post(&path, &crate::support::with(body.clone(), &wrong)).await.expect(422);
    }
    let stale = world.ana.once(Method::POST, &path).header("If-Match", "\"1\"");
    send(stale.json(&body)).await.problem(412, "/problems/stale-version");
    let day = crate::support::today();
    let used = table::item(&format!("IDENTITY#sub-{}#LIMIT", world.ana.email), &format!("UPLOADS#{day}")).await;
    assert_eq!(used["used"]["N"], "25000000", "{used}");
    assert_eq!(read_report(&world, &draft).await["expenses"][0]["receipts"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn receipt_count_is_limited_per_line_and_report() {
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
    // No file was uploaded, so the next sweep only removes the pending file tasks.
    crate::support::run_schedule(&url(), "triggers-sweep", crate::support::now()).await;
    assert_eq!(table::items(&format!("ORG#{}#FILES", world.org)).await, [json!(null); 0]);
}

#[tokio::test]
async fn refused_receipt_blocks_submission_until_removed() {
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

#[tokio::test]
async fn declaration_accepts_usual_spellings() {
    let world = World::new().await;
    for (written, media_type) in [
        ("image/PNG", "image/png"),
        ("image/png; name=\"x.png\"", "image/png"),
        ("image/jpg", "image/jpeg"),
        ("image/heif", "image/heic"),
        (" Application/PDF ", "application/pdf"),
    ] {
        let draft = bare(&world).await;
        let (bytes, mut declared) = unique_ticket(&world);
        declared["media_type"] = json!(written);
        declared["sha256"] = json!(declared["sha256"].as_str().unwrap().to_uppercase());
        let made = declare(&world, &draft, 0, &declared).await;
        assert_eq!(
            (&made["media_type"], &made["sha256"], &made["upload"]["headers"]["content-type"]),
            (&json!(media_type), &json!(files::sha256(&bytes)), &json!(media_type)),
            "{written}"
        );
        if media_type == "image/png" {
            assert_eq!(upload(&made, &bytes).await.status, 200, "{written}");
            let receipt = processed_receipt(&world.ana, &path(&world, &draft, 0, &made)).await;
            assert_eq!(receipt["status"], "clean", "{written}");
        }
    }
    let draft = bare(&world).await;
    for wrong in ["image", "image/svg+xml", "png", "image/png x", ""] {
        let declared = crate::support::with(unique_ticket(&world).1, &json!({"media_type": wrong}));
        let refused = world.ana.post(&world.line(&draft, 0, "receipts"), &declared).await;
        assert_eq!(refused.problem(422, "/problems/validation-failed"), ["/media_type media-type"], "{wrong}");
    }
}

/// Encrypted, with an empty user password, and with a password.
const OPEN_PDF: &[u8] = include_bytes!("../shared/receipts/src/inspect/tests/files/aes_256.pdf");
const LOCKED_PDF: &[u8] = include_bytes!("../shared/receipts/src/inspect/tests/files/aes_256_locked.pdf");

#[tokio::test]
async fn pdf_that_readers_open_is_kept() {
    let world = World::new().await;
    let plain = files::pdf("", "");
    let text = String::from_utf8(plain.clone()).unwrap();
    let table = text.find("startxref").unwrap();
    let locked = "The file does not open without a password. Print it to a new PDF without one.";
    for (what, bytes, reason) in [
        ("byte order mark", [b"\xEF\xBB\xBF".as_slice(), &plain].concat(), None),
        ("bytes before the header", [[b'x'; 1000].as_slice(), &plain].concat(), None),
        ("wrong offset", [&plain[..table], b"startxref\n7\n%%EOF"].concat(), None),
        ("other line ends", text.replace('\n', "\r\n").into_bytes(), None),
        ("no end marker", plain[..plain.len() - 6].to_vec(), None),
        ("owner's password", OPEN_PDF.to_vec(), None),
        ("electronic invoice", files::pdf_with_file("factur-x.xml", "<Invoice><a>1.00</a></Invoice>"), None),
        ("user's password", LOCKED_PDF.to_vec(), Some(("locked", locked))),
        ("another file", files::pdf_with_file("factur-x.exe", "MZ"), Some(("active", "another file"))),
        ("no pages", text.replace("/Kids [3 0 R]", "/Kids [9 0 R]").into_bytes(), Some(("damaged", "incomplete"))),
    ] {
        let draft = bare(&world).await;
        let (_, receipt) = attach(&world, &draft, 0, &declaration("x.pdf", "application/pdf", &bytes), &bytes).await;
        let expected = reason.map_or(Value::Null, |(reason, _)| json!(reason));
        assert_eq!(receipt["reason"], expected, "{what}: {receipt}");
        let detail = receipt["detail"].as_str().unwrap_or_default();
        assert!(reason.is_none_or(|(_, part)| detail.contains(part)), "{what}: {detail}");
    }
}

/// Headers that a browser sets itself; a page cannot.
const SET_BY_BROWSERS: [&str; 2] = ["content-length", "host"];

#[tokio::test]
async fn browsers_may_send_every_signed_header() {
    let world = World::new().await;
    let draft = bare(&world).await;
    let (bytes, declared) = unique_ticket(&world);
    let made = declare(&world, &draft, 0, &declared).await;
    let link = made["upload"]["url"].as_str().unwrap();
    let named: Vec<&str> = made["upload"]["headers"].as_object().unwrap().keys().map(String::as_str).collect();
    let signed = link.split_once("X-Amz-SignedHeaders=").unwrap().1.split('&').next().unwrap().replace("%3B", ";");
    let mut signed: Vec<&str> = signed.split(';').filter(|name| *name != "host").collect();
    signed.sort_unstable();
    assert_eq!(named, signed, "the answer names the signed headers and no other");
    // The rule of the bucket lists them, and nothing else.
    let wanted: Vec<&str> = named.iter().copied().filter(|name| !SET_BY_BROWSERS.contains(name)).collect();
    let template = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/template.yaml")).unwrap();
    let rule = template.split_once("AllowedMethods: [PUT, GET]").unwrap().1;
    let rule = rule.split_once("AllowedHeaders: [").unwrap().1.split_once(']').unwrap().0;
    assert_eq!(rule.split(", ").collect::<Vec<_>>(), wanted);
    let origin = "http://localhost:5173";
    let preflight = |names: String| {
        let request = reqwest::Client::new().request(Method::OPTIONS, link).header("Origin", origin);
        request.header("Access-Control-Request-Method", "PUT").header("Access-Control-Request-Headers", names).send()
    };
    assert_eq!(preflight(wanted.join(",")).await.unwrap().status(), 200);
    assert_eq!(preflight(format!("{},x-amzn-trace-id", wanted.join(","))).await.unwrap().status(), 403);
    let answer = send(files::put_request(&made["upload"]).header("Origin", origin).body(bytes)).await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, origin), "{}", answer.text);
}
