//! Receipt files: uploads that S3 rejects, uploads that processing rejects, and files that are never served. There is
//! no request that completes an upload, so the expected refusals show on the receipt.

use outlay_local::{Data, Stack};
use reqwest::Method;
use serde_json::{Value, json};

use super::{INVALID, NOT_FOUND, QUOTA, check_problem, expect_problems, get, post};
use crate::receipt_processing;
use crate::support::files::{
    self, Bucket, attach, bare, chunk, declaration, declare, keys, path, pdf, processed_receipt, put_request, ticket,
    upload,
};
use crate::support::{World, add_fault, enqueue, expense, fresh_key, options, remove_fault, send, url, with};

const QUEUE: &str = "ReceiptQueue";

/// Case, expected reason, declared media type and bytes of files that are rejected.
fn rejected_files() -> Vec<(&'static str, &'static str, &'static str, Vec<u8>)> {
    let (png, pdf_type) = ("image/png", "application/pdf");
    let header = |side: u32| [&side.to_be_bytes()[..], &side.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
    let bomb = [&files::TICKET[..8], &chunk(*b"IHDR", &header(30_000)), &files::TICKET[33..]].concat();
    let eicar = ["X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-", "ANTIVIRUS-TEST-FILE!$H+H*"].concat();
    let svg = "<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>";
    let locked = "/Encrypt << /Filter /Standard /V 2 /R 3 /O (x) /U (x) /P -4 >>";
    vec![
        ("UPLOAD-08", "unknown_type", "image/webp", b"GIF89a/*<script>*/=1;alert(1)".to_vec()),
        ("UPLOAD-08", "active", pdf_type, pdf("/OpenAction << /S /JavaScript /JS (app.alert(1)) >>", "")),
        ("UPLOAD-09", "too_large", png, bomb),
        ("UPLOAD-11", "harmful", pdf_type, pdf(&format!("/Title ({eicar})"), "")),
        ("program", "unknown_type", pdf_type, b"MZ\x90\0\x03\0\0\0".repeat(40)),
        ("archive", "unknown_type", pdf_type, b"PK\x03\x04\x14\0\0\0".repeat(40)),
        ("HTML page", "unknown_type", png, b"<html><body onload=alert(1)>".to_vec()),
        ("SVG with script", "unknown_type", png, svg.into()),
        ("other type", "other_type", pdf_type, files::TICKET.to_vec()),
        ("encrypted PDF", "locked", pdf_type, pdf("", locked)),
        ("truncated image", "damaged", png, files::TICKET[..files::TICKET.len() / 2].to_vec()),
    ]
}

#[tokio::test]
async fn rejected_receipt_file_is_never_served() {
    let world = World::new().await;
    let (bucket, mut wrong) = (Bucket::new(), Vec::new());
    for (id, reason, kind, bytes) in rejected_files() {
        let draft = bare(&world).await;
        let (path, receipt) = attach(&world, &draft, 0, &declaration("Bill.pdf", kind, &bytes), &bytes).await;
        if (receipt["status"].as_str(), receipt["reason"].as_str()) != (Some("refused"), Some(reason)) {
            wrong.push(format!("{id}: {receipt}"));
        }
        for who in [&world.ana, &world.fiona, &world.admin] {
            let seen = who.get(&path).await.expect(200);
            if !seen["download"].is_null() || !seen["preview"].is_null() {
                wrong.push(format!("{id}: {seen}"));
            }
        }
        let keys = keys(&world, &draft, &receipt);
        let there = crate::support::wait_until("the quarantine key is empty", || async {
            let there = bucket.existing(&keys).await;
            (!there.contains(&keys[0].as_str())).then_some(there)
        });
        let there = there.await;
        if !there.is_empty() {
            wrong.push(format!("{id}: {there:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn stored_receipt_is_stripped_of_metadata_and_payload() {
    let world = World::new().await;
    let polyglot = [files::TICKET, b"<script>alert(1)</script>PK\x03\x04"].concat();
    for (id, bytes, gone) in
        [("UPLOAD-18", ticket("GPS 45.7640 N 4.8357 E"), &b"45.7640"[..]), ("UPLOAD-08", polyglot, &b"<script>"[..])]
    {
        let draft = bare(&world).await;
        let (path, receipt) = attach(&world, &draft, 0, &declaration("x.png", "image/png", &bytes), &bytes).await;
        assert_eq!(receipt["status"], "clean", "{id}: {receipt}");
        let link = world.ana.get(&path).await.expect(200)["download"]["url"].as_str().unwrap().to_owned();
        let kept = reqwest::get(link).await.unwrap().bytes().await.unwrap();
        assert!(!kept.windows(gone.len()).any(|window| window == gone), "{id}");
    }
}

#[tokio::test]
async fn upload_link_accepts_only_the_declared_file() {
    let world = World::new().await;
    let (draft, other) = (bare(&world).await, bare(&world).await);
    let bytes = ticket(&world.org);
    let declared = declaration("x.png", "image/png", &bytes);
    let made = declare(&world, &draft, 0, &declared).await;
    let neighbour = declare(&world, &other, 0, &declared).await;
    let keys = keys(&world, &draft, &made);
    let link = made["upload"]["url"].as_str().unwrap().to_owned();
    let with_link = |link: &str| put_request(&with(made["upload"].clone(), &json!({"url": link})));
    let with_header = |name: &str, value: &Value| {
        let mut upload = made["upload"].clone();
        upload["headers"][name] = value.clone();
        if value.is_null() {
            upload["headers"].as_object_mut().unwrap().remove(name);
        }
        put_request(&upload)
    };
    let mut changed = bytes.clone();
    changed[200] ^= 1;
    let elsewhere = link.replace(made["id"].as_str().unwrap(), neighbour["id"].as_str().unwrap());
    let unsigned = link.split('?').next().unwrap().to_owned();
    let bucket = Bucket::new();
    let [old_get, old_put] = bucket.links(&keys[0], 400).await;
    let longer = link.replace("X-Amz-Expires=300", "X-Amz-Expires=3600");
    assert!(longer != link && elsewhere != link);
    let copy = reqwest::Client::new().put(&unsigned).header("x-amz-copy-source", keys[1].as_str());
    let tried = [
        ("UPLOAD-05", put_request(&made["upload"]).body(changed.clone())),
        ("UPLOAD-10", put_request(&made["upload"]).body(Vec::new())),
        ("UPLOAD-15", old_put.body(bytes.clone())),
        ("UPLOAD-15", old_get),
        ("UPLOAD-15", with_link(&longer).body(bytes.clone())),
        ("shorter", put_request(&made["upload"]).body(bytes[1..].to_vec())),
        ("other receipt's key", with_link(&elsewhere).body(bytes.clone())),
        ("unsigned", with_link(&unsigned).body(bytes.clone())),
        ("server-side copy", copy),
        ("other type", with_header("content-type", &json!("text/html")).body(bytes.clone())),
        ("overwrite", with_header("if-none-match", &Value::Null).body(bytes.clone())),
        ("other checksum", with_header("x-amz-checksum-sha256", &json!("A".repeat(44))).body(bytes.clone())),
        ("unencrypted", with_header("x-amz-server-side-encryption", &Value::Null).body(bytes.clone())),
    ];
    for (what, request) in tried {
        let answer = send(request).await;
        assert!([400, 403].contains(&answer.status), "{what}: {} {}", answer.status, answer.text);
    }
    assert_eq!(bucket.existing(&keys).await, [""; 0]);
    // UPLOAD-06: a receipt without its file blocks submission.
    let early = world.ana.post(&world.report(&draft, "submit"), &json!({})).await;
    assert_eq!(
        early.problem(422, "/problems/validation-failed"),
        ["/expenses/0/receipts receipt-pending"],
        "UPLOAD-06"
    );
    assert_eq!(upload(&made, &bytes).await.status, 200, "the declared file");
    processed_receipt(&world.ana, &path(&world, &draft, 0, &made)).await;
}

#[tokio::test]
async fn uploaded_file_cannot_be_overwritten() {
    let world = World::new().await;
    let draft = bare(&world).await;
    let (made, bytes, keys) = receipt_processing::unprocessed_upload(&world, &draft).await;
    let again = upload(&made, &bytes).await;
    assert_eq!(again.status, 412, "UPLOAD-14: {}", again.text);
    enqueue(&url(), QUEUE, &receipt_processing::notification(&keys[0]).to_string()).await;
    assert_eq!(processed_receipt(&world.ana, &path(&world, &draft, 0, &made)).await["status"], "clean");
}

#[tokio::test]
async fn receipt_declaration_is_validated() {
    let world = World::new().await;
    let draft = bare(&world).await;
    let good = declaration("x.png", "image/png", files::TICKET);
    let path = world.line(&draft, 0, "receipts");
    let wrong = [
        ("UPLOAD-10", json!({"size": 0})),
        ("too large", json!({"size": 25_000_001})),
        ("size of wrong type", json!({"size": "12"})),
        ("negative", json!({"size": -1})),
        ("unsupported type", json!({"media_type": "image/svg+xml"})),
        ("digest with other letters", json!({"sha256": "g".repeat(64)})),
        ("short digest", json!({"sha256": "0".repeat(63)})),
        ("blank name", json!({"name": " "})),
        ("long name", json!({"name": "x".repeat(256)})),
        ("multi-line name", json!({"name": "a\nb"})),
        ("unknown field", json!({"key": "clean/x"})),
    ];
    let cases = wrong.iter().map(|(id, more)| (*id, post(&world.ana, &path).json(&with(good.clone(), more)), INVALID));
    expect_problems(&world, cases.collect()).await;
    let named = world.ana.post(&path, &with(good.clone(), &json!({"size": 0, "media_type": "x", "sha256": "x"}))).await;
    assert_eq!(
        named.problem(422, "/problems/validation-failed"),
        ["/media_type media-type", "/sha256 sha256", "/size range"]
    );
    for name in ["../../etc/passwd", "CON.pdf", &"🧾".repeat(200), "a\"; filename=\"b.exe", "a%0d%0aX: y"] {
        let made = world.ana.post(&path, &with(good.clone(), &json!({"name": name}))).await;
        assert_eq!((made.status, &made.json()["name"]), (201, &json!(name)), "UPLOAD-12: {}", made.text);
        let link = made.json()["upload"]["url"].as_str().unwrap().to_owned();
        assert!(link.contains(&keys(&world, &draft, &made.json())[0]), "UPLOAD-12: {link}");
    }
}

#[tokio::test]
async fn file_name_is_only_used_in_content_disposition() {
    let world = World::new().await;
    let draft = bare(&world).await;
    let name = "../a\"; \r filename=b.exe 🧾é.png".replace('\r', "");
    let bytes = ticket(&world.org);
    let (path, _) = attach(&world, &draft, 0, &declaration(&name, "image/png", &bytes), &bytes).await;
    let link = world.ana.get(&path).await.expect(200)["download"]["url"].as_str().unwrap().to_owned();
    let file = reqwest::get(link).await.unwrap();
    let disposition = file.headers()["content-disposition"].to_str().unwrap();
    let (plain, encoded) = disposition.split_once("; filename*=UTF-8''").unwrap();
    let plain = plain.strip_prefix("attachment; filename=\"").and_then(|name| name.strip_suffix('"')).unwrap();
    assert!(!plain.contains(['"', '/', '\\']), "UPLOAD-12: {disposition}");
    assert!(encoded.ends_with("%F0%9F%A7%BE%C3%A9.png"), "UPLOAD-12: {disposition}");
}

#[tokio::test]
async fn receipt_is_found_only_under_its_expense() {
    let (world, there) = (World::new().await, World::new().await);
    let (draft, theirs) = (world.draft(&world.ana, &[expense("10.00"), expense("20.00")]).await, bare(&there).await);
    let declared = declaration("x.png", "image/png", files::TICKET);
    let made = declare(&world, &draft, 0, &declared).await;
    let other = bare(&world).await;
    let foreign = declare(&there, &theirs, 0, &declared).await;
    let id = |receipt: &Value| receipt["id"].as_str().unwrap().to_owned();
    let line = |report: &Value, at: usize| report["expenses"][at]["id"].as_str().unwrap().to_owned();
    let of = |report: &Value, line: &str, receipt: &str| {
        format!("reports/{}/expenses/{line}/receipts/{receipt}", report["id"].as_str().unwrap())
    };
    let mut cases = Vec::new();
    for rest in [
        of(&draft, &line(&draft, 1), &id(&made)),
        of(&other, &line(&other, 0), &id(&made)),
        of(&other, &line(&draft, 0), &id(&made)),
        of(&draft, &line(&draft, 0), &id(&foreign)),
        of(&theirs, &line(&theirs, 0), &id(&foreign)),
        of(&draft, &line(&draft, 0), "rcp_01k0000000e2t8r0000000000a"),
        of(&draft, &line(&draft, 0), "..%2F..%2Fclean"),
    ] {
        cases.push(("UPLOAD-17", get(&world, &world.ana, &rest), NOT_FOUND));
        cases.push(("UPLOAD-17", world.ana.request(Method::DELETE, &world.path(&rest)), NOT_FOUND));
    }
    // A future approver cannot see a draft either.
    cases.push(("UPLOAD-17", get(&world, &world.marco, &of(&draft, &line(&draft, 0), &id(&made))), NOT_FOUND));
    let foreign = of(&draft, &line(&draft, 0), &id(&foreign));
    cases.push(("TENANT-07", world.ana.request(Method::DELETE, &world.path(&foreign)), NOT_FOUND));
    expect_problems(&world, cases).await;
    let direct = made["upload"]["url"].as_str().unwrap().split('?').next().unwrap().to_owned();
    assert_eq!(reqwest::get(direct).await.unwrap().status().as_u16(), 403, "UPLOAD-17");
}

#[tokio::test]
async fn daily_upload_quota_limits_declared_bytes() {
    let world = World::new().await;
    let lines: Vec<Value> = (0..3).map(|_| files::without_reference("20.00")).collect();
    let draft = world.draft(&world.ana, &lines).await;
    let large = json!({"name": "x.pdf", "media_type": "application/pdf", "size": 25_000_000, "sha256": "0".repeat(64)});
    for number in 0..20 {
        declare(&world, &draft, number / 10, &large).await;
    }
    let more = world.ana.post(&world.line(&draft, 2, "receipts"), &large).await;
    assert_eq!(check_problem(&more, QUOTA), Ok(()), "UPLOAD-19");
    assert_eq!(more.json()["violated-policies"], json!(["uploads"]), "UPLOAD-19");
    let seconds: u32 = more.header("retry-after").parse().unwrap();
    assert!((1..=24 * 3600).contains(&seconds), "UPLOAD-19: {seconds}");
    // A single byte exceeds the quota too, under any idempotency key. The quota is per member.
    let one = with(large.clone(), &json!({"size": 1}));
    let request = world.ana.request(Method::POST, &world.line(&draft, 2, "receipts"));
    assert_eq!(
        check_problem(&send(request.header("Idempotency-Key", fresh_key()).json(&one)).await, QUOTA),
        Ok(()),
        "UPLOAD-19"
    );
    let marcos = world.draft(&world.marco, &[expense("10.00")]).await;
    world.marco.post(&world.line(&marcos, 0, "receipts"), &large).await.expect(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn declaration_without_quota_counter_is_rejected() {
    // An own stack, because the fault applies to every quota counter on it.
    let stack = Stack::start(options(Data::InMemory)).await.unwrap();
    let world = World::on(stack.url()).await;
    let draft = bare(&world).await;
    let rule =
        json!({"service": "dynamodb", "operation": "UpdateItem", "containing": "UPLOADS#", "fault": "unavailable"});
    let rule = add_fault(&world.admin.base, &rule).await;
    let declared = declaration("x.png", "image/png", files::TICKET);
    let answer = world.ana.post(&world.line(&draft, 0, "receipts"), &declared).await;
    assert_eq!(check_problem(&answer, super::REDUCED), Ok(()));
    assert!(remove_fault(&world.admin.base, &rule).await > 0);
    assert_eq!(world.ana.get(&world.report(&draft, "")).await.expect(200), draft);
    stack.stop().await;
}

/// Loopback has no TLS, so this reads the template.
#[test]
fn bucket_policy_denies_requests_without_tls() {
    let template = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/template.yaml")).unwrap();
    let template: yaml_serde::Value = yaml_serde::from_str(&template).unwrap();
    let policy = &template["Resources"]["ReceiptsBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"];
    let denied = policy.as_sequence().unwrap().iter().any(|statement| {
        let all = ["Effect", "Principal", "Action"].map(|name| statement[name].as_str());
        all == [Some("Deny"), Some("*"), Some("s3:*")]
            && statement["Condition"]["Bool"]["aws:SecureTransport"].as_bool() == Some(false)
    });
    assert!(denied, "UPLOAD-16");
}
