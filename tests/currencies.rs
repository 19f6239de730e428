//! Currencies: input accepts those of ISO 4217 in use today; what is stored in another stays readable.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::{World, table, with};

#[tokio::test]
async fn input_accepts_currencies_in_use_only() {
    let world = World::new().await;
    let draft =
        async |code: &str| world.ana.post(&world.path("reports"), &json!({"title": "Journey", "currency": code})).await;
    for code in ["EUR", "VES", "VED", "XCG", "XAF", "XPF", "ZWG", "SLE", "STN", "MRU", "KWD", "CLP", "JPY"] {
        assert_eq!(draft(code).await.expect(201)["currency"], code);
    }
    for code in ["BGN", "HRK", "ANG", "CUC", "SLL", "ZWL", "DEM", "CLF", "USN", "XAD", "XDR", "XXX", "QQQ", "ves"] {
        assert_eq!(draft(code).await.problem(422, "/problems/validation-failed"), ["/currency currency"], "{code}");
    }
}

/// A currency can leave the list while records in it are kept.
#[tokio::test]
async fn stored_withdrawn_currency_stays_readable() {
    for code in ["BGN", "ITL", "QQQ"] {
        let world = World::new().await;
        let draft = json!({"title": "Journey", "currency": "RON"});
        let report = world.ana.post(&world.path("reports"), &draft).await.expect(201);
        let id = report["id"].as_str().unwrap().to_owned();
        replace_currency(&world, &format!("#REPORT#{id}"), "REPORT", ("RON", code)).await;
        assert_eq!(world.ana.get(&world.path(&format!("reports/{id}"))).await.expect(200)["currency"], code);
        for (person, path) in [(&world.ana, "reports"), (&world.fiona, "reports?scope=all")] {
            let listed = person.get(&world.path(path)).await.expect(200);
            assert_eq!(listed["items"][0]["currency"], code, "{path}");
        }
        let export = world.ana.get(&world.path("members/me/export")).await;
        assert!(export.status == 200 && export.text.contains(code), "{}", export.text);
        // The organisation of a base currency that was withdrawn.
        replace_currency(&world, "", "ORG", ("EUR", code)).await;
        for path in ["members/me", "members", "policy", "reports?scope=all", "rates"] {
            world.admin.get(&world.path(path)).await.expect(200);
        }
        world.ana.get(&world.path(&format!("reports/{id}/history"))).await.expect(200);
    }
}

/// Replaces a currency wherever an item names it, as if the item had been stored with the other.
async fn replace_currency(world: &World, partition: &str, sk: &str, (from, to): (&str, &str)) {
    let item = table::item(&format!("ORG#{}{partition}", world.org), sk).await;
    let text = item.to_string();
    let (from, to) = (format!("{{\"S\":\"{from}\"}}"), format!("{{\"S\":\"{to}\"}}"));
    assert!(text.contains(&from), "{text}");
    let item: Value = serde_json::from_str(&text.replace(&from, &to)).unwrap();
    let digest = digest(&item);
    table::put(&with(item, &json!({"digest": {"S": digest}}))).await;
}

/// Digest of an item (`docs/DATA.md`): SHA-256 over kind, length and content of all parts but itself.
fn digest(item: &Value) -> String {
    let mut hasher = Sha256::new();
    let attributes: BTreeMap<&String, &Value> = item.as_object().unwrap().iter().collect();
    for (name, value) in attributes.into_iter().filter(|(name, _)| *name != "digest") {
        hash_text(&mut hasher, b'K', name);
        hash_value(&mut hasher, value);
    }
    hasher.finalize().iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

fn hash_value(hasher: &mut Sha256, value: &Value) {
    let (kind, content) = value.as_object().unwrap().iter().next().unwrap();
    match (kind.as_str(), content) {
        ("S", Value::String(text)) => hash_text(hasher, b'S', text),
        ("N", Value::String(number)) => hash_text(hasher, b'N', number),
        ("BOOL", Value::Bool(flag)) => hasher.update([b'B', u8::from(*flag)]),
        ("L", Value::Array(items)) => {
            hash_text(hasher, b'L', &items.len().to_string());
            for item in items {
                hash_value(hasher, item);
            }
        }
        ("M", Value::Object(members)) => {
            hash_text(hasher, b'M', &members.len().to_string());
            for (name, value) in members.iter().collect::<BTreeMap<_, _>>() {
                hash_text(hasher, b'K', name);
                hash_value(hasher, value);
            }
        }
        ("NULL", _) => hasher.update(b"0"),
        other => panic!("{other:?}"),
    }
}

fn hash_text(hasher: &mut Sha256, kind: u8, text: &str) {
    hasher.update([kind]);
    hasher.update(text.len().to_be_bytes());
    hasher.update(text);
}
