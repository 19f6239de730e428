//! Settings of an organisation, and its mail domains: which addresses can become those of members.

use serde_json::{Value, json};

use crate::support::{Person, World, fresh_key, send, table, url, with};

fn path(world: &World) -> String {
    format!("/v1/orgs/{}", world.org)
}

fn invitation(email: &str) -> Value {
    json!({"name": "Nora New", "email": email})
}

#[tokio::test]
async fn organisation_is_shown_to_members_and_changed_by_admins() {
    let world = World::new().await;
    let seen = world.ana.get(&path(&world)).await;
    let before = seen.expect(200);
    assert_eq!((seen.header("etag"), &before["version"], &before["mail_domains"]), ("\"1\"", &json!(1), &json!([])));
    assert_eq!((&before["id"], &before["base_currency"]), (&json!(world.org), &json!("EUR")));
    world.fiona.patch(&path(&world), &json!({"mail_domains": []})).await.problem(403, "/problems/forbidden");

    let domains = json!({"mail_domains": ["Müller.de", "acme.com", " @ACME.com "]});
    let changed = world.admin.patch(&path(&world), &domains).await;
    let listed = json!({"mail_domains": ["acme.com", "xn--mller-kva.de"], "version": 2});
    assert_eq!((changed.expect(200), changed.header("etag")), (with(before.clone(), &listed), "\"2\""));
    assert_eq!(world.ana.get(&path(&world)).await.expect(200), changed.json());
    // The same value, in any form, changes nothing.
    assert_eq!(world.admin.patch(&path(&world), &domains).await.expect(200)["version"], 2);
    assert_eq!(world.admin.patch(&path(&world), &json!({})).await.expect(200)["version"], 2);
    let stale = world.admin.request(reqwest::Method::PATCH, &path(&world)).header("If-Match", "\"1\"");
    send(stale.json(&json!({"mail_domains": null}))).await.problem(412, "/problems/stale-version");
    let cleared = world.admin.patch(&path(&world), &json!({"mail_domains": null})).await.expect(200);
    assert_eq!(cleared, with(before, &json!({"version": 3})));
    let history = table::items(&format!("ORG#{}#ORGANISATION", world.org)).await;
    let kinds: Vec<_> = history.iter().map(|event| event["type"]["S"].clone()).collect();
    assert_eq!(kinds, ["organisation.created", "organisation.changed", "organisation.changed"]);
}

#[tokio::test]
async fn invalid_mail_domain_is_rejected() {
    let world = World::new().await;
    for domain in ["", "localhost", "127.0.0.1", "[::1]", "a@b.com", "*.acme.com", "acme", "acme.local", "cоrp.com"] {
        let refused = world.admin.patch(&path(&world), &json!({"mail_domains": ["acme.com", domain]})).await;
        assert_eq!(refused.problem(422, "/problems/validation-failed"), ["/mail_domains/1 domain"], "{domain:?}");
    }
    let many: Vec<String> = (0..101).map(|number| format!("d{number}.com")).collect();
    let refused = world.admin.patch(&path(&world), &json!({"mail_domains": many})).await;
    assert_eq!(refused.problem(422, "/problems/validation-failed"), ["/mail_domains length"]);
    let refused = world.admin.patch(&path(&world), &json!({"name": "Other"})).await;
    assert_eq!(refused.problem(422, "/problems/validation-failed"), ["/name unknown-field"]);
}

#[tokio::test]
async fn mail_domains_restrict_invitations_and_address_changes() {
    let admin = Person::sign_in(&url(), "Ada Admin", &format!("ada@{}.example.com", fresh_key())).await;
    let body = json!({"name": "Acme", "base_currency": "EUR", "mail_domains": ["acme.com", "аррӏе.com"]});
    let created = admin.post("/v1/orgs", &body).await.expect(201);
    assert_eq!(created["mail_domains"], json!(["acme.com", "xn--80ak6aa92e.com"]));
    let members = format!("/v1/orgs/{}/members", created["id"].as_str().unwrap());
    for email in ["nora@example.com", "nora@mail.acme.com", "nora@acme.com.evil.com", "nora@notacme.com"] {
        let refused = admin.post(&members, &invitation(email)).await;
        assert_eq!(refused.problem(422, "/problems/validation-failed"), ["/email mail-domain"], "{email}");
    }
    let nora = admin.post(&members, &invitation("Nora@ACME.com")).await.expect(201);
    // An organisation can list a domain that would be refused as a look-alike.
    admin.post(&members, &invitation("eve@аррӏе.com")).await.expect(201);
    let own = format!("{members}/{}", nora["id"].as_str().unwrap());
    let refused = admin.patch(&own, &json!({"email": "nora@example.com"})).await;
    assert_eq!(refused.problem(422, "/problems/validation-failed"), ["/email mail-domain"]);
    assert_eq!(admin.patch(&own, &json!({"email": "n.new@acme.com"})).await.expect(200)["email"], "n.new@acme.com");
    // Services have no address.
    let robot = json!({"name": "Import", "kind": "service", "subject": fresh_key()});
    admin.post(&members, &robot).await.expect(201);
}

#[tokio::test]
async fn address_at_no_public_or_at_lookalike_domain_cannot_be_invited() {
    let world = World::new().await;
    for (email, fault) in [
        ("a@127.0.0.1", "/email email"),
        ("a@127.1", "/email email"),
        ("a@2130706433", "/email email"),
        ("a@0x7f.0x1", "/email email"),
        ("a@[127.0.0.1]", "/email email"),
        ("a@[IPv6:::1]", "/email email"),
        ("a@localhost", "/email email"),
        ("a@localhost.localdomain", "/email email"),
        ("a@mail.localhost", "/email email"),
        ("a@intranet", "/email email"),
        ("a@printer.local", "/email email"),
        ("a@db.internal", "/email email"),
        ("a@example.com.", "/email email"),
        // Latin with Cyrillic letters, plain and as punycode; punycode that decodes to nothing.
        ("a@pаypal.com", "/email email"),
        ("a@xn--pypal-4ve.com", "/email email"),
        ("a@xn--a.com", "/email email"),
        // Cyrillic letters alone that read as "apple".
        ("a@аррӏе.com", "/email mail-domain"),
        ("a@xn--80ak6aa92e.com", "/email mail-domain"),
    ] {
        let refused = world.admin.post(&world.path("members"), &invitation(email)).await;
        assert_eq!(refused.problem(422, "/problems/validation-failed"), [fault], "{email}");
    }
    let org = world.org.replace('_', "-");
    for (email, stored) in [
        (format!("a@{org}.müller.de"), format!("a@{org}.xn--mller-kva.de")),
        (format!("a@{org}.例え.jp"), format!("a@{org}.xn--r8jz45g.jp")),
        (format!("a@{org}.почта.рф"), format!("a@{org}.xn--80a1acny.xn--p1ai")),
        (format!(" B@{org}.Example.COM\t"), format!("b@{org}.example.com")),
    ] {
        let invited = world.admin.post(&world.path("members"), &invitation(&email)).await.expect(201);
        assert_eq!(invited["email"], json!(stored), "{email}");
    }
    // Both forms of a domain are one address.
    let again = world.admin.post(&world.path("members"), &invitation(&format!("a@{org}.xn--mller-kva.de"))).await;
    again.problem(409, "/problems/already-exists");
    // The token names the address as it is written.
    let token = json!({"sub": format!("anna-{org}"), "email": format!("a@{org}.müller.de"), "name": "Anna"});
    let person = world.admin.with_token(&token).await;
    person.get(&world.path("members/me")).await.expect(200);
}
