//! Files for banks over HTTP: settings, the file of a released batch, its download, and the answers of banks.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::files::{bank_rejection, bank_settlement, sha256};
use crate::support::{Answer, Person, World, day, expense, send, version, wait_until, with};

const IBAN: &str = "DE89370400440532013000";

/// An organisation with accounts to debit, of which Ana has a payout account.
async fn treasury(account: &Value) -> World {
    let world = World::new().await;
    world.put_policy(&json!({"payments": {"hold_account_changes_days": 0}})).await;
    world.set_debtor().await;
    world.ana.put(&world.path("members/me/payout_account"), account).await.expect(200);
    world
}

fn german() -> Value {
    json!({"holder": "Ana Silva", "iban": IBAN})
}

async fn create(world: &World, format: &str, report: &Value) -> Answer {
    let body = json!({"reports": [report["id"]], "execution_date": day(-3), "format": format});
    world.fiona.post(&world.path("batches"), &body).await
}

async fn approved(world: &World, amount: &str) -> Value {
    let report = world.submit_expenses(&world.ana, &[expense(amount)]).await.expect(201);
    world.approve(&world.marco, &report).await.expect(200)
}

fn path(world: &World, batch: &Value, rest: &str) -> String {
    world.path(&format!("batches/{}{rest}", batch["id"].as_str().unwrap()))
}

async fn reaches(world: &World, batch: &Value, what: &str, is_there: impl Fn(&Value) -> bool) -> Value {
    let ask = || async { Some(world.admin.get(&path(world, batch, "")).await.expect(200)).filter(|it| is_there(it)) };
    wait_until(what, ask).await
}

/// Batch of one report, released by the admin.
async fn released(world: &World, format: &str, amount: &str) -> Value {
    let report = approved(world, amount).await;
    let batch = create(world, format, &report).await.expect(201);
    let batch = reaches(world, &batch, "batch open", |batch| batch["status"] == "open").await;
    world.admin.post_at(&path(world, &batch, "/release"), version(&batch), &json!({})).await.expect(200);
    batch
}

async fn with_file(world: &World, format: &str, amount: &str) -> Value {
    let batch = released(world, format, amount).await;
    reaches(world, &batch, "file written", |batch| !batch["file"].is_null()).await
}

async fn payment(world: &World, batch: &Value) -> Value {
    world.fiona.get(&path(world, batch, "/payments")).await.expect(200)["items"][0].clone()
}

/// Bytes of the file, through a link.
async fn download(world: &World, by: &Person, batch: &Value) -> String {
    let link = by.get(&path(world, batch, "/file")).await.expect(200);
    let response = reqwest::get(link["url"].as_str().unwrap()).await.unwrap();
    assert_eq!(response.status(), 200);
    let bytes = response.bytes().await.unwrap();
    let digest = sha256(&bytes);
    assert_eq!((&link["sha256"], &link["name"]), (&json!(digest), &batch["file"]["name"]));
    assert_eq!(batch["file"]["sha256"], digest);
    String::from_utf8(bytes.to_vec()).unwrap()
}

async fn answer(world: &World, by: &Person, xml: String) -> Answer {
    let request = by.request(Method::POST, &world.path("bank-answers")).header("Content-Type", "application/xml");
    send(request.body(xml)).await
}

/// Result and reason of the one entry of an answer.
async fn result(world: &World, xml: String) -> (String, Value) {
    let recorded = answer(world, &world.fiona, xml).await.expect(200);
    let entries = recorded["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 1, "{recorded}");
    (entries[0]["result"].as_str().unwrap().to_owned(), entries[0]["detail"].clone())
}

#[tokio::test]
async fn settings_are_masked_and_required_for_format() {
    let world = World::new().await;
    let settings = world.path("payment-settings");
    world.fiona.get(&settings).await.problem(404, "/problems/not-found");
    let report = approved(&world, "20.00").await;
    assert_eq!(
        create(&world, "pain001", &report).await.problem(422, "/problems/validation-failed"),
        ["/format missing-debtor"]
    );
    let body = json!({"debtor_name": "Acme GmbH", "iban": "DE75 5121 0800 1245 1261 99", "bic": "SOGEDEFFXXX"});
    world.fiona.put(&settings, &body).await.problem(403, "/problems/forbidden");
    let stored = world.admin.put(&settings, &body).await.expect(200);
    assert_eq!((&stored["iban"], &stored["batch_booking"]), (&json!("DE•• •••• 6199"), &json!(true)));
    assert_eq!(world.fiona.get(&settings).await.expect(200), stored);
    world.ana.get(&settings).await.problem(403, "/problems/forbidden");
    assert_eq!(
        create(&world, "nacha", &report).await.problem(422, "/problems/validation-failed"),
        ["/format missing-debtor"]
    );
    create(&world, "pain001", &report).await.expect(201);
    let wrong = [
        (json!({"debtor_name": "Acme"}), "/iban required"),
        (with(body.clone(), &json!({"iban": "DE75512108001245126198"})), "/iban iban"),
        (with(body, &json!({"bic": "X"})), "/bic bic"),
    ];
    for (body, error) in wrong {
        assert_eq!(world.admin.put(&settings, &body).await.problem(422, "/problems/validation-failed"), [error]);
    }
}

#[tokio::test]
async fn released_batch_has_file_that_never_changes() {
    let world = treasury(&german()).await;
    let batch = with_file(&world, "pain001", "123.45").await;
    let text = download(&world, &world.fiona, &batch).await;
    let payment = payment(&world, &batch).await;
    let id = payment["end_to_end_id"].as_str().unwrap();
    for part in [IBAN, "DE75512108001245126199", "<CtrlSum>123.45</CtrlSum>", &format!("<EndToEndId>{id}</EndToEndId>")]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(download(&world, &world.admin, &batch).await, text);
    let history = world.fiona.get(&path(&world, &batch, "/history?limit=100")).await.expect(200);
    let kinds: Vec<&str> =
        history["items"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect();
    let count = |kind: &str| kinds.iter().filter(|found| **found == kind).count();
    assert_eq!((count("batch.file_written"), count("batch.file_downloaded")), (1, 2), "{history}");
    assert!(!history.to_string().contains("0532"), "{history}");
    let auditor = world.add_member("Audrey", &json!({"role": "auditor"})).await;
    auditor.get(&path(&world, &batch, "/file")).await.problem(403, "/problems/forbidden");
    world.ana.get(&path(&world, &batch, "/file")).await.problem(404, "/problems/not-found");
}

#[tokio::test]
async fn nacha_file_pays_us_account_only() {
    let american = json!({"holder": "Ana Silva", "routing_number": "121000358", "account_number": "001234567"});
    let world = treasury(&american).await;
    // The report is in euro, which NACHA files do not have: its payment is left out.
    let batch = released(&world, "nacha", "20.00").await;
    let batch = reaches(&world, &batch, "batch settled", |batch| batch["status"] == "settled").await;
    assert_eq!((&batch["file"], &batch["payments"]["cancelled"]), (&Value::Null, &json!(1)));
    assert_eq!(payment(&world, &batch).await["hold"]["reason"], "not_in_format");
    world.fiona.get(&path(&world, &batch, "/file")).await.problem(409, "/problems/invalid-state");
}

#[tokio::test]
async fn bank_answer_settles_once_and_rejects() {
    let world = treasury(&german()).await;
    let (paid, refused) = (with_file(&world, "pain001", "20.00").await, with_file(&world, "pain001", "30.00").await);
    let id = |payment: Value| payment["end_to_end_id"].as_str().unwrap().to_owned();
    let (first, second) = (id(payment(&world, &paid).await), id(payment(&world, &refused).await));
    for expected in ["settled", "already_recorded"] {
        assert_eq!(result(&world, bank_settlement(&first, "20.00")).await.0, expected);
    }
    for expected in ["failed", "already_recorded"] {
        assert_eq!(result(&world, bank_rejection(&second)).await.0, expected);
    }
    let settled = payment(&world, &paid).await;
    assert_eq!((&settled["status"], &settled["reference"]), (&json!("paid"), &json!("BANK-7")));
    let failed = payment(&world, &refused).await;
    assert_eq!((&failed["status"], &failed["failure"]["code"]), (&json!("failed"), &json!("AC04")));
}

#[tokio::test]
async fn unmatched_entry_changes_nothing() {
    let world = treasury(&german()).await;
    let batch = with_file(&world, "pain001", "20.00").await;
    let before = payment(&world, &batch).await;
    let id = before["end_to_end_id"].as_str().unwrap();
    for (xml, reason) in [
        (bank_settlement(id, "20.01"), "The amount or the currency is not that of the payment."),
        (bank_settlement("PAY0001", "20.00"), "There is no payment with this end-to-end identifier."),
    ] {
        assert_eq!(result(&world, xml).await, ("unmatched".to_owned(), json!(reason)));
    }
    // A payment of another organisation is unknown.
    let other = World::new().await;
    assert_eq!(result(&other, bank_settlement(id, "20.00")).await.0, "unmatched");
    assert_eq!(payment(&world, &batch).await, before);
    answer(&world, &world.ana, bank_settlement(id, "20.00")).await.problem(403, "/problems/forbidden");
    let unreadable = answer(&world, &world.fiona, "<Document/>".to_owned()).await;
    assert_eq!(unreadable.problem(422, "/problems/validation-failed"), [" bank-answer"]);
    let json = world.fiona.post(&world.path("bank-answers"), &json!({})).await;
    json.problem(415, "/problems/unsupported-media-type");
}
