//! End to end: draft, receipt, submission, approval, and the mail of each step with its delivery status.

use serde_json::{Value, json};

use crate::support::{Person, World, files, with};

/// PNG of a train ticket.
const TICKET: &[u8] = include_bytes!("../events/demo/receipt.png");

async fn read(person: &Person, path: &str) -> Value {
    person.get(path).await.expect(200)
}

#[tokio::test]
async fn draft_with_receipt_is_approved_and_mailed() {
    let world = World::new().await;
    // The only expense requires a receipt and has none.
    let line = with(crate::support::expense("42.50"), &json!({"receipt_reference": null}));
    let body = json!({"title": "Client visit Lyon", "currency": "EUR", "expenses": [line]});
    let draft = world.ana.post(&world.path("reports"), &body).await.expect(201);
    let declared = files::declaration("ticket.png", "image/png", TICKET);
    let made = world.ana.post(&world.line(&draft, 0, "receipts"), &declared).await.expect(201);
    assert_eq!(made["status"], "pending");
    // The report cannot be submitted before the receipt is uploaded and inspected.
    let early = world.ana.post(&world.report(&draft, "submit"), &json!({})).await;
    assert!(matches!(early.status, 409 | 422), "{}", early.text);
    assert_eq!(files::upload(&made, TICKET).await.status, 200);
    let receipt = world.line(&draft, 0, &format!("receipts/{}", made["id"].as_str().unwrap()));
    assert_eq!(files::processed_receipt(&world.ana, &receipt).await["status"], "clean");
    let report = world.ana.post(&world.report(&draft, "submit"), &json!({})).await.expect(200);
    assert_eq!(report["status"], "submitted");
    world.wait_for_mail_status(&report, "report.submitted", &["Marco Rossi delivered"]).await;
    let asked = world.mail(&world.marco, 2).await.remove(1);
    assert_eq!(asked["subject"], "Approve: Client visit Lyon, 42.50 EUR (Ana Silva)");
    // The approver downloads the receipt under its name, as an attachment.
    let url = read(&world.marco, &receipt).await["download"]["url"].as_str().unwrap().to_owned();
    let file = reqwest::get(url).await.unwrap();
    assert_eq!(file.headers()["content-type"], "image/png");
    assert!(file.headers()["content-disposition"].to_str().unwrap().starts_with("attachment"));
    assert_eq!(&file.bytes().await.unwrap()[..8], &TICKET[..8]);
    let version = report["version"].as_u64().unwrap();
    world.marco.post_at(&world.report(&report, "approve"), version, &json!({"comment": "Fine."})).await.expect(200);
    world.wait_for_mail_status(&report, "report.approved", &["Ana Silva delivered"]).await;
    let approval_mail = world.mail(&world.ana, 2).await.remove(1);
    assert!(approval_mail["subject"].as_str().unwrap().starts_with("Approved: "));
    let history = read(&world.ana, &world.report(&report, "history")).await;
    let kinds: Vec<_> =
        history["items"].as_array().unwrap().iter().map(|entry| entry["type"].as_str().unwrap()).collect();
    assert_eq!(
        kinds,
        ["report.created", "receipt.declared", "receipt.accepted", "report.submitted", "report.approved"]
    );
    assert_eq!(history["items"][2]["actor"], Value::Null, "the inspection has no actor");
    assert_eq!(history["chain"], json!({"verified": true, "broken_at": null}));
}
