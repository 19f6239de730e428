//! Failures behind the API, and stored data that was tampered with: nothing half-written, nothing in plain text, nothing told.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::{INTEGRITY, UNAVAILABLE, get, refused, report};
use crate::support::{Person, World, eur, expense, fault, healed, send, table, with};

/// Makes an operation of DynamoDB fail for requests that name the organisation.
async fn fails(world: &World, operation: &str, how: &str) -> String {
    let rule = json!({"service": "dynamodb", "operation": operation, "containing": world.org, "fault": how});
    fault(&world.admin.base, &rule).await
}

#[tokio::test]
async fn a_table_that_refuses_is_a_failure_of_the_program_and_not_told() {
    let world = World::new().await;
    // ERRORS-01 differs: there is no hook to make a handler panic, and what could panic does not compile. What nobody has foreseen, such
    // as a table that refuses the function, is the same problem.
    let refusing = fails(&world, "TransactWriteItems", "refuse").await;
    refused(&world, vec![("ERRORS-01", report(&world, &json!({})), (500, "/problems/internal"))]).await;
    assert!(healed(&world.admin.base, &refusing).await > 0, "ERRORS-01");
    send(report(&world, &json!({}))).await.expect(201);
}

#[tokio::test]
async fn a_table_that_throttles_is_said_to_be_unavailable() {
    let world = World::new().await;
    let draft = world.draft(&world.ana, &[expense("10.00")]).await;
    let change = || world.ana.request(Method::PATCH, &world.report(&draft, "")).json(&json!({"title": "Paris"}));
    let throttled = fails(&world, "TransactWriteItems", "throttle").await;
    refused(&world, vec![("ERRORS-02", report(&world, &json!({})), UNAVAILABLE), ("ERRORS-02", change(), UNAVAILABLE)])
        .await;
    let answer = send(change()).await;
    assert_eq!(answer.header("retry-after"), "1", "ERRORS-02");
    assert!(healed(&world.admin.base, &throttled).await > 0, "ERRORS-02");
    let throttled = fails(&world, "Query", "throttle").await;
    refused(&world, vec![("ERRORS-02", get(&world, &world.ana, "reports"), UNAVAILABLE)]).await;
    assert!(healed(&world.admin.base, &throttled).await > 0, "ERRORS-02");
    send(change()).await.expect(200);
}

#[tokio::test]
async fn a_write_that_does_not_come_back_in_time_is_given_up_before_the_function_is() {
    let world = World::new().await;
    // ERRORS-04 differs: the time that is left is not looked at. There is one write, whole or not at all, so nothing is half done, and it is
    // given up long before the function's own time is.
    let hanging = fails(&world, "TransactWriteItems", "hang").await;
    refused(&world, vec![("ERRORS-04", report(&world, &json!({})), UNAVAILABLE)]).await;
    assert!(healed(&world.admin.base, &hanging).await > 0, "ERRORS-04");
    let reports = world.ana.get(&world.path("reports")).await.expect(200);
    assert_eq!(reports["items"], json!([]), "ERRORS-04");
}

const IBAN: &str = "DE89370400440532013000";
const OTHER: &str = "GB82WEST12345698765432";

fn name_account(world: &World, person: &Person, iban: &str) -> RequestBuilder {
    let body = json!({"holder": "Somebody", "iban": iban});
    person.request(Method::PUT, &world.path("members/me/payout_account")).json(&body)
}

/// The request for the account, which nobody is to be shown.
fn account(world: &World, person: &Person) -> RequestBuilder {
    get(world, person, "members/me/payout_account")
}

/// The sealed account of a person, as it is stored.
async fn sealed(world: &World, person: &Person) -> Value {
    table::item(&format!("ORG#{}#MEMBER#{}", world.org, person.id), "PAYOUT_ACCOUNT").await
}

fn ciphertext(item: &Value) -> Vec<u8> {
    STANDARD.decode(item["ciphertext"]["B"].as_str().unwrap()).unwrap()
}

/// Asserts that no item of the organisation holds an account in clear, in whatever attribute.
async fn nothing_in_clear(world: &World, id: &str) {
    for (key, item) in table::organisation(&world.org).await {
        for account in [IBAN, OTHER] {
            let encoded = STANDARD.encode(account);
            assert!(!item.to_string().contains(account) && !item.to_string().contains(&encoded), "{id}: {key}");
        }
    }
}

#[tokio::test]
async fn without_its_key_nothing_is_stored_in_clear() {
    let world = World::new().await;
    send(name_account(&world, &world.ana, IBAN)).await.expect(200);
    let broken = fault(&world.admin.base, &json!({"service": "kms", "containing": world.org, "fault": "refuse"})).await;
    refused(
        &world,
        vec![
            ("ERRORS-03", name_account(&world, &world.ana, OTHER), UNAVAILABLE),
            ("ERRORS-03", name_account(&world, &world.marco, OTHER), UNAVAILABLE),
            ("ERRORS-03", account(&world, &world.ana), UNAVAILABLE),
        ],
    )
    .await;
    assert!(healed(&world.admin.base, &broken).await >= 3, "ERRORS-03");
    nothing_in_clear(&world, "ERRORS-03").await;
    send(account(&world, &world.ana)).await.expect(200);
}

#[tokio::test]
async fn what_was_sealed_opens_only_where_it_belongs() {
    let world = World::new().await;
    send(name_account(&world, &world.ana, IBAN)).await.expect(200);
    send(name_account(&world, &world.marco, OTHER)).await.expect(200);
    let (first, other) = (sealed(&world, &world.ana).await, sealed(&world, &world.marco).await);
    let damaged = async |id: &'static str, item: &Value| {
        table::put(item).await;
        refused(&world, vec![(id, account(&world, &world.ana), INTEGRITY)]).await;
        let path = format!("members/{}/payout_account", world.ana.id);
        refused(&world, vec![(id, get(&world, &world.fiona, &path), INTEGRITY)]).await;
        table::put(&first).await;
        send(account(&world, &world.ana)).await.expect(200);
    };
    // CRYPTO-02: there is one sealed attribute, so it is moved to another member's and to another version of the same.
    damaged("CRYPTO-02", &with(first.clone(), &json!({"ciphertext": other["ciphertext"]}))).await;
    damaged("CRYPTO-02", &with(first.clone(), &json!({"version": {"N": "2"}}))).await;
    let bytes = ciphertext(&first);
    for at in [0, bytes.len() / 4, bytes.len() / 2, 3 * bytes.len() / 4, bytes.len() - 1] {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1;
        damaged("CRYPTO-03", &with(first.clone(), &json!({"ciphertext": {"B": STANDARD.encode(flipped)}}))).await;
    }
    damaged("CRYPTO-03", &with(first.clone(), &json!({"ciphertext": {"B": STANDARD.encode(&bytes[..8])}}))).await;
    // CRYPTO-04: the account before, whole as it was.
    send(name_account(&world, &world.ana, OTHER)).await.expect(200);
    table::put(&first).await;
    refused(&world, vec![("CRYPTO-04", account(&world, &world.ana), INTEGRITY)]).await;
    nothing_in_clear(&world, "CRYPTO-04").await;
}

#[tokio::test]
async fn an_old_report_put_back_is_noticed() {
    let world = World::new().await;
    let draft = world.draft(&world.ana, &[expense("10.00")]).await;
    let old = table::get(&world, &draft, "REPORT").await;
    let lines = table::get(&world, &draft, "EXPENSES#000").await;
    world.ana.patch(&world.line(&draft, 0, ""), &json!({"amount": eur("11.00")})).await.expect(200);
    // CRYPTO-04: the lines alone do not fit their head, and a head that does not fit its history is seen there.
    table::put(&lines).await;
    refused(&world, vec![("CRYPTO-04", get(&world, &world.ana, &path_in(&draft, "")), INTEGRITY)]).await;
    table::put(&old).await;
    // Nothing can be built on it: what would come next has happened already.
    let again = world.ana.patch(&world.report(&draft, ""), &json!({"title": "Paris"})).await;
    assert!(matches!(again.status, 412 | 500), "CRYPTO-04: {}", again.text);
    let history = send(get(&world, &world.ana, &path_in(&draft, "/history"))).await.expect(200);
    assert_eq!(history["chain"], json!({"verified": false, "broken_at": 2}), "CRYPTO-04");
}

fn path_in(report: &Value, rest: &str) -> String {
    format!("reports/{}{rest}", report["id"].as_str().unwrap())
}
