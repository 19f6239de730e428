//! Dependency failures and tampered data: no partial writes, no plaintext, no internals in responses.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::{INTEGRITY, UNAVAILABLE, expect_problems, get, report};
use crate::support::{Person, World, add_fault, eur, expense, remove_fault, send, table, with};

/// Makes a DynamoDB operation fail for requests that name the organisation.
async fn inject_fault(world: &World, operation: &str, how: &str) -> String {
    let rule = json!({"service": "dynamodb", "operation": operation, "containing": world.org, "fault": how});
    add_fault(&world.admin.base, &rule).await
}

#[tokio::test]
async fn unexpected_table_error_is_generic_internal_error() {
    let world = World::new().await;
    // ERRORS-01 differs: no hook makes a handler panic, and lints forbid panicking code. An unexpected error, such as a
    // table that refuses access, gets the same problem.
    let refusing = inject_fault(&world, "TransactWriteItems", "refuse").await;
    expect_problems(&world, vec![("ERRORS-01", report(&world, &json!({})), (500, "/problems/internal"))]).await;
    assert!(remove_fault(&world.admin.base, &refusing).await > 0, "ERRORS-01");
    send(report(&world, &json!({}))).await.expect(201);
}

#[tokio::test]
async fn throttled_table_is_dependency_unavailable() {
    let world = World::new().await;
    let draft = world.draft(&world.ana, &[expense("10.00")]).await;
    let change = || world.ana.request(Method::PATCH, &world.report(&draft, "")).json(&json!({"title": "Paris"}));
    let throttled = inject_fault(&world, "TransactWriteItems", "throttle").await;
    expect_problems(
        &world,
        vec![("ERRORS-02", report(&world, &json!({})), UNAVAILABLE), ("ERRORS-02", change(), UNAVAILABLE)],
    )
    .await;
    let answer = send(change()).await;
    assert_eq!(answer.header("retry-after"), "1", "ERRORS-02");
    assert!(remove_fault(&world.admin.base, &throttled).await > 0, "ERRORS-02");
    let throttled = inject_fault(&world, "Query", "throttle").await;
    expect_problems(&world, vec![("ERRORS-02", get(&world, &world.ana, "reports"), UNAVAILABLE)]).await;
    assert!(remove_fault(&world.admin.base, &throttled).await > 0, "ERRORS-02");
    send(change()).await.expect(200);
}

#[tokio::test]
async fn hanging_write_times_out_before_function() {
    let world = World::new().await;
    // ERRORS-04 differs: the remaining time of the function is not consulted. There is one transaction, and it times
    // out long before the function does.
    let hanging = inject_fault(&world, "TransactWriteItems", "hang").await;
    expect_problems(&world, vec![("ERRORS-04", report(&world, &json!({})), UNAVAILABLE)]).await;
    assert!(remove_fault(&world.admin.base, &hanging).await > 0, "ERRORS-04");
    let reports = world.ana.get(&world.path("reports")).await.expect(200);
    assert_eq!(reports["items"], json!([]), "ERRORS-04");
}

const IBAN: &str = "DE89370400440532013000";
const OTHER: &str = "GB82WEST12345698765432";

fn put_account(world: &World, person: &Person, iban: &str) -> RequestBuilder {
    let body = json!({"holder": "Account Holder", "iban": iban});
    person.request(Method::PUT, &world.path("members/me/payout_account")).json(&body)
}

/// Request for the payout account, whose contents must never be exposed here.
fn get_account(world: &World, person: &Person) -> RequestBuilder {
    get(world, person, "members/me/payout_account")
}

/// Encrypted payout account of a person, as stored.
async fn stored_account(world: &World, person: &Person) -> Value {
    table::item(&format!("ORG#{}#MEMBER#{}", world.org, person.id), "PAYOUT_ACCOUNT").await
}

fn ciphertext(item: &Value) -> Vec<u8> {
    STANDARD.decode(item["ciphertext"]["B"].as_str().unwrap()).unwrap()
}

/// Asserts that no attribute of any item of the organisation contains an account number in plain text.
async fn assert_no_plaintext(world: &World, id: &str) {
    for (key, item) in table::organisation(&world.org).await {
        for account in [IBAN, OTHER] {
            let encoded = STANDARD.encode(account);
            assert!(!item.to_string().contains(account) && !item.to_string().contains(&encoded), "{id}: {key}");
        }
    }
}

#[tokio::test]
async fn kms_failure_stores_no_plaintext_account() {
    let world = World::new().await;
    send(put_account(&world, &world.ana, IBAN)).await.expect(200);
    let broken =
        add_fault(&world.admin.base, &json!({"service": "kms", "containing": world.org, "fault": "refuse"})).await;
    expect_problems(
        &world,
        vec![
            ("ERRORS-03", put_account(&world, &world.ana, OTHER), UNAVAILABLE),
            ("ERRORS-03", put_account(&world, &world.marco, OTHER), UNAVAILABLE),
            ("ERRORS-03", get_account(&world, &world.ana), UNAVAILABLE),
        ],
    )
    .await;
    assert!(remove_fault(&world.admin.base, &broken).await >= 3, "ERRORS-03");
    assert_no_plaintext(&world, "ERRORS-03").await;
    send(get_account(&world, &world.ana)).await.expect(200);
}

#[tokio::test]
async fn moved_or_altered_ciphertext_is_integrity_error() {
    let world = World::new().await;
    send(put_account(&world, &world.ana, IBAN)).await.expect(200);
    send(put_account(&world, &world.marco, OTHER)).await.expect(200);
    let (first, other) = (stored_account(&world, &world.ana).await, stored_account(&world, &world.marco).await);
    let expect_integrity_error = async |id: &'static str, item: &Value| {
        table::put(item).await;
        expect_problems(&world, vec![(id, get_account(&world, &world.ana), INTEGRITY)]).await;
        let path = format!("members/{}/payout_account", world.ana.id);
        expect_problems(&world, vec![(id, get(&world, &world.fiona, &path), INTEGRITY)]).await;
        table::put(&first).await;
        send(get_account(&world, &world.ana)).await.expect(200);
    };
    // CRYPTO-02: only one attribute is encrypted, so its ciphertext is moved to another member and to another version.
    expect_integrity_error("CRYPTO-02", &with(first.clone(), &json!({"ciphertext": other["ciphertext"]}))).await;
    expect_integrity_error("CRYPTO-02", &with(first.clone(), &json!({"version": {"N": "2"}}))).await;
    let bytes = ciphertext(&first);
    for at in [0, bytes.len() / 4, bytes.len() / 2, 3 * bytes.len() / 4, bytes.len() - 1] {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1;
        expect_integrity_error(
            "CRYPTO-03",
            &with(first.clone(), &json!({"ciphertext": {"B": STANDARD.encode(flipped)}})),
        )
        .await;
    }
    expect_integrity_error(
        "CRYPTO-03",
        &with(first.clone(), &json!({"ciphertext": {"B": STANDARD.encode(&bytes[..8])}})),
    )
    .await;
    // CRYPTO-04: the complete previous item.
    send(put_account(&world, &world.ana, OTHER)).await.expect(200);
    table::put(&first).await;
    expect_problems(&world, vec![("CRYPTO-04", get_account(&world, &world.ana), INTEGRITY)]).await;
    assert_no_plaintext(&world, "CRYPTO-04").await;
}

#[tokio::test]
async fn restored_old_report_is_detected() {
    let world = World::new().await;
    let draft = world.draft(&world.ana, &[expense("10.00")]).await;
    let old = table::get(&world, &draft, "REPORT").await;
    let lines = table::get(&world, &draft, "EXPENSES#000").await;
    world.ana.patch(&world.line(&draft, 0, ""), &json!({"amount": eur("11.00")})).await.expect(200);
    // CRYPTO-04: restored expenses do not match their head, and a restored head does not match its history.
    table::put(&lines).await;
    expect_problems(&world, vec![("CRYPTO-04", get(&world, &world.ana, &path_in(&draft, "")), INTEGRITY)]).await;
    table::put(&old).await;
    // No change can build on the restored head: the next event exists already.
    let again = world.ana.patch(&world.report(&draft, ""), &json!({"title": "Paris"})).await;
    assert!(matches!(again.status, 412 | 500), "CRYPTO-04: {}", again.text);
    let history = send(get(&world, &world.ana, &path_in(&draft, "/history"))).await.expect(200);
    assert_eq!(history["chain"], json!({"verified": false, "broken_at": 2}), "CRYPTO-04");
}

fn path_in(report: &Value, rest: &str) -> String {
    format!("reports/{}{rest}", report["id"].as_str().unwrap())
}
