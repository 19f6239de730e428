//! Payout accounts: set by the member, stored encrypted, shown masked. Changes made directly in the table are detected.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Person, World, add_fault, log, remove_fault, send, table, url, with};

const IBAN: &str = "DE89370400440532013000";

fn german() -> Value {
    json!({"holder": "Ana Silva", "iban": "de89 3704 0044 0532 0130 00"})
}

fn american(number: &str) -> Value {
    json!({"holder": "Marco Rossi", "routing_number": "021000021", "account_number": number})
}

fn path(world: &World, whose: &str) -> String {
    world.path(&format!("members/{whose}/payout_account"))
}

async fn set(world: &World, person: &Person, account: &Value) -> Value {
    person.put(&path(world, "me"), account).await.expect(200)
}

/// Partition of a member's account and history.
fn partition(world: &World, person: &Person) -> String {
    format!("ORG#{}#MEMBER#{}", world.org, person.id)
}

async fn stored(world: &World, person: &Person) -> Value {
    table::item(&partition(world, person), "PAYOUT_ACCOUNT").await
}

/// Puts an encrypted account into a member's partition.
async fn put_for(world: &World, person: &Person, item: &Value) {
    table::put(&with(item.clone(), &json!({"PK": {"S": partition(world, person)}}))).await;
}

/// Asserts that no part of the account is shown, neither encrypted data nor the holder.
async fn assert_damaged(world: &World, person: &Person) {
    let export = world.path(&format!("members/{}/export", person.id));
    for answer in [
        person.get(&path(world, "me")).await,
        world.fiona.get(&path(world, &person.id)).await,
        world.admin.get(&export).await,
    ] {
        answer.problem(500, "/problems/integrity");
        // Without the request id, which can contain any four digits.
        let text = answer.text.replace(answer.header("x-request-id"), "");
        let shown = ["3000", "6789", "••", "Silva", "Rossi", "iban"];
        assert!(!shown.iter().any(|shown| text.contains(shown)), "{text}");
    }
}

#[tokio::test]
async fn payout_account_is_shown_masked_to_owner_and_finance() {
    let world = World::new().await;
    let auditor = world.add_member("Audrey", &json!({"role": "auditor"})).await;
    for person in [&world.ana, &world.fiona, &world.admin] {
        person.get(&path(&world, &world.ana.id)).await.problem(404, "/problems/not-found");
    }
    // This is Ana's first write, so it also joins the organisation.
    let answer = world.ana.put(&path(&world, "me"), &german()).await;
    let named = answer.expect(200);
    let expected = json!({"holder": "Ana Silva", "kind": "iban", "masked": "DE•• •••• 3000", "version": 1, "changed_at": named["changed_at"]});
    assert_eq!(named, expected);
    assert_eq!(answer.header("etag"), "\"2\"");
    let ana = world.ana.get(&world.path("members/me")).await.expect(200);
    assert_eq!((&ana["status"], &ana["version"]), (&json!("active"), &json!(2)));
    assert!(!ana.to_string().contains("payout"), "{ana}");

    for (person, whose) in
        [(&world.ana, "me"), (&world.ana, &world.ana.id), (&world.fiona, &world.ana.id), (&world.admin, &world.ana.id)]
    {
        let answer = person.get(&path(&world, whose)).await;
        assert_eq!((answer.expect(200), answer.header("etag")), (named.clone(), "\"2\""));
    }
    auditor.get(&path(&world, &world.ana.id)).await.problem(403, "/problems/forbidden");
    world.marco.get(&path(&world, &world.ana.id)).await.problem(404, "/problems/not-found");
    let elsewhere = World::new().await;
    elsewhere.admin.get(&path(&world, &world.ana.id)).await.problem(404, "/problems/not-found");
    world.admin.get(&path(&world, &elsewhere.ana.id)).await.problem(404, "/problems/not-found");
    world.admin.get(&path(&world, "x")).await.problem(404, "/problems/not-found");

    let other = set(&world, &world.ana, &american("123456789")).await;
    assert_eq!((&other["kind"], &other["masked"], &other["version"]), (&json!("us"), &json!("•••• 6789"), &json!(2)));
    assert_eq!(world.ana.get(&path(&world, "me")).await.expect(200), other);
    assert_eq!(set(&world, &world.ana, &american("1234")).await["masked"], "•••• 34");
}

#[tokio::test]
async fn payout_account_of_other_member_cannot_be_set() {
    let (world, elsewhere) = (World::new().await, World::new().await);
    let auditor = world.add_member("Audrey", &json!({"role": "auditor"})).await;
    set(&world, &world.ana, &german()).await;
    let before = stored(&world, &world.ana).await;
    for person in [&world.admin, &world.fiona, &auditor] {
        person.put(&path(&world, &world.ana.id), &american("123456789")).await.problem(403, "/problems/forbidden");
    }
    for (person, whose) in
        [(&world.marco, &world.ana.id), (&elsewhere.admin, &world.ana.id), (&world.admin, &elsewhere.ana.id)]
    {
        person.put(&path(&world, whose), &american("123456789")).await.problem(404, "/problems/not-found");
    }
    assert_eq!(stored(&world, &world.ana).await, before);
    assert!(stored(&elsewhere, &elsewhere.ana).await.is_null());
}

#[tokio::test]
async fn invalid_account_lists_all_faults_without_values() {
    let world = World::new().await;
    let full = || json!({"holder": "Ana", "iban": IBAN, "routing_number": "021000021", "account_number": "123456789"});
    for (body, faults) in [
        (json!({}), &["/holder required", "/iban required"][..]),
        (json!({"holder": "Ana"}), &["/iban required"]),
        (json!({"holder": " ", "iban": "DE88370400440532013000"}), &["/holder blank", "/iban iban"]),
        (json!({"holder": "Ana\u{7}", "iban": IBAN}), &["/holder characters"]),
        (json!({"holder": "A".repeat(201), "iban": IBAN}), &["/holder length"]),
        (json!({"holder": "Ana", "iban": ""}), &["/iban iban"]),
        (json!({"holder": "Ana", "iban": 370_400_440}), &["/iban type"]),
        (json!({"holder": "Ana", "iban": format!("{IBAN}{}", "0".repeat(5000))}), &["/iban iban"]),
        (full(), &["/account_number one-kind", "/routing_number one-kind"]),
        (json!({"holder": "Ana", "iban": IBAN, "account_number": "123456789"}), &["/account_number one-kind"]),
        (json!({"holder": "Ana", "routing_number": "021000021"}), &["/account_number required"]),
        (json!({"holder": "Ana", "account_number": "123456789"}), &["/routing_number required"]),
        (
            json!({"holder": "Ana", "routing_number": "123456789", "account_number": "123"}),
            &["/account_number account-number", "/routing_number routing-number"],
        ),
        (json!({"holder": "Ana", "iban": IBAN, "370400440532013000": "x"}), &["/370400440532013000 unknown-field"]),
    ] {
        let answer = world.ana.put(&path(&world, "me"), &body).await;
        assert_eq!(answer.problem(422, "/problems/validation-failed"), faults, "{body}");
        for quoted in [IBAN, "DE88", "123456789", "021000021"] {
            assert!(!answer.text.contains(quoted), "{}", answer.text);
        }
    }
    world.ana.put(&path(&world, "me"), &json!([])).await.problem(400, "/problems/malformed-json");
    assert!(stored(&world, &world.ana).await.is_null());
}

#[tokio::test]
async fn account_update_with_stale_version_is_rejected() {
    let world = World::new().await;
    let at = |tag: &str, account: Value| {
        send(world.ana.request(Method::PUT, &path(&world, "me")).header("If-Match", tag).json(&account))
    };
    assert_eq!(at("\"1\"", german()).await.header("etag"), "\"2\"");
    at("\"1\"", american("123456789")).await.problem(412, "/problems/stale-version");
    assert_eq!(world.ana.get(&path(&world, "me")).await.expect(200)["kind"], "iban");
    // Of two concurrent updates on the same version, one is stored completely.
    let (one, two) = tokio::join!(at("\"2\"", american("123456789")), at("\"2\"", american("987654321")));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412]);
    let won = if one.status == 200 { one.json() } else { two.json() };
    assert_eq!(world.ana.get(&path(&world, "me")).await.expect(200), won);
}

#[tokio::test]
async fn account_is_stored_encrypted_and_member_is_notified() {
    let world = World::new().await;
    let key = "b8d2b1f0-payout";
    let put =
        || send(world.ana.request(Method::PUT, &path(&world, "me")).header("Idempotency-Key", key).json(&german()));
    assert_eq!(put().await.expect(200)["version"], 1);
    world.ana.get(&path(&world, "me")).await.expect(200);

    let mail = world.mail(&world.ana, 2).await;
    let notice =
        mail.iter().find(|mail| mail["subject"] == "Your payout account was changed").expect("a mail about the change");
    for part in ["text", "html"] {
        assert!(
            notice[part].as_str().unwrap().contains("If it was not you, tell your administrator at once."),
            "{notice}"
        );
    }

    let subject = format!("sub-{}", world.ana.email);
    let kept = table::items(&format!("ORG#{}#IDEMPOTENCY#{subject}", world.org)).await;
    assert_eq!(kept, Vec::<Value>::new(), "no hash is kept, because numbers could be guessed from it");
    let mut everything = vec![notice.to_string()];
    for partition in [partition(&world, &world.ana), format!("ORG#{}", world.org)] {
        everything.extend(table::items(&partition).await.iter().map(ToString::to_string));
    }
    everything.push(log(&url()).await);
    for text in everything {
        for clear in [IBAN, "3704 0044 0532", "370400440532", "0532013000"] {
            assert!(!text.contains(clear), "{clear} is in {}", text.chars().take(2000).collect::<String>());
        }
    }
    let history = table::item(&partition(&world, &world.ana), &table::event(2)).await;
    assert_eq!(history["type"]["S"], "member.payout_account_changed");
    assert!(!history.to_string().contains("masked") && !history.to_string().contains("payout_version"), "{history}");
}

#[tokio::test]
async fn tampered_account_is_reported_as_integrity_problem() {
    let world = World::new().await;
    set(&world, &world.ana, &german()).await;
    set(&world, &world.marco, &american("123456789")).await;
    let (ana, marco) = (stored(&world, &world.ana).await, stored(&world, &world.marco).await);

    // Both accounts swapped; they have the same version.
    assert_eq!(ana["version"], marco["version"]);
    put_for(&world, &world.ana, &marco).await;
    put_for(&world, &world.marco, &ana).await;
    assert_damaged(&world, &world.ana).await;
    assert_damaged(&world, &world.marco).await;
    table::put(&ana).await;
    table::put(&marco).await;
    assert_eq!(world.ana.get(&path(&world, "me")).await.expect(200)["masked"], "DE•• •••• 3000");

    // A changed bit, other bytes, or another attribute type.
    let sealed = ana["ciphertext"]["B"].as_str().unwrap();
    // In the authentication tag at the end, in the middle, and at the start.
    let flipped = |at: usize| {
        let other = if &sealed[at..=at] == "A" { "B" } else { "A" };
        json!({"B": format!("{}{other}{}", &sealed[..at], &sealed[at + 1..])})
    };
    let edited = [flipped(sealed.len() - 8), flipped(sealed.len() / 2), flipped(0)];
    let others = [json!({"B": "AA=="}), json!({"B": ""}), json!({"S": sealed}), json!({"NULL": true})];
    for ciphertext in edited.into_iter().chain(others) {
        table::put(&with(ana.clone(), &json!({"ciphertext": ciphertext}))).await;
        assert_damaged(&world, &world.ana).await;
    }
    // Another version.
    table::put(&with(ana.clone(), &json!({"version": {"N": "2"}}))).await;
    assert_damaged(&world, &world.ana).await;
    table::put(&ana).await;
    assert_eq!(world.ana.get(&path(&world, "me")).await.expect(200)["version"], 1);
    // Setting the account again repairs it.
    table::put(&with(ana, &json!({"ciphertext": {"B": "AA=="}}))).await;
    assert_damaged(&world, &world.ana).await;
    assert_eq!(set(&world, &world.ana, &german()).await["version"], 2);
    assert_eq!(world.ana.get(&path(&world, "me")).await.expect(200)["masked"], "DE•• •••• 3000");
}

#[tokio::test]
async fn replayed_old_account_is_rejected() {
    let (world, elsewhere) = (World::new().await, World::new().await);
    set(&world, &world.ana, &german()).await;
    let old = stored(&world, &world.ana).await;
    set(&world, &world.ana, &american("123456789")).await;
    let now = stored(&world, &world.ana).await;
    table::put(&old).await;
    assert_damaged(&world, &world.ana).await;
    // The old ciphertext with the current version is rejected as well.
    table::put(&with(old.clone(), &json!({"version": now["version"]}))).await;
    assert_damaged(&world, &world.ana).await;
    table::put(&now).await;
    assert_eq!(world.ana.get(&path(&world, "me")).await.expect(200)["masked"], "•••• 6789");
    // So is the old item in another organisation, where it would have the first version.
    set(&elsewhere, &elsewhere.ana, &american("987654321")).await;
    put_for(&elsewhere, &elsewhere.ana, &old).await;
    assert_damaged(&elsewhere, &elsewhere.ana).await;
}

/// Makes KMS fail for requests that contain the member's id.
async fn fail_kms(person: &Person, operation: &str, kind: &str) -> String {
    let rule = json!({"service": "kms", "operation": operation, "containing": person.id, "fault": kind});
    add_fault(&url(), &rule).await
}

fn unavailable(answer: &Answer) {
    answer.problem(503, "/problems/dependency-unavailable");
    assert!(!answer.header("retry-after").is_empty());
}

#[tokio::test]
async fn account_is_unavailable_while_kms_fails() {
    let world = World::new().await;
    set(&world, &world.ana, &german()).await;
    let before = stored(&world, &world.ana).await;
    for kind in ["throttle", "unavailable", "refuse"] {
        let (seal, open) = (fail_kms(&world.ana, "Encrypt", kind).await, fail_kms(&world.ana, "Decrypt", kind).await);
        unavailable(&world.ana.put(&path(&world, "me"), &american("123456789")).await);
        unavailable(&world.ana.get(&path(&world, "me")).await);
        assert_eq!(stored(&world, &world.ana).await, before);
        assert_eq!(world.ana.get(&world.path("members/me")).await.expect(200)["version"], 2);
        for rule in [seal, open] {
            remove_fault(&url(), &rule).await;
        }
    }
    assert_eq!(world.ana.get(&path(&world, "me")).await.expect(200)["version"], 1);
}
