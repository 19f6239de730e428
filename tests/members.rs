//! Members: invited by admins, joined by signing in with the invited address.

use serde_json::json;

use crate::support::{Person, World, url};

#[tokio::test]
async fn an_invited_person_joins_with_his_first_change() {
    let world = World::new().await;
    let email = format!("nora@{}.example.com", world.org.replace('_', "-"));
    let nora = world.join("Nora New", &email, &json!({"role": "auditor"})).await;
    let member = |person: &Person| world.path(&format!("members/{}", person.id));
    assert_eq!(world.admin.get(&member(&nora)).await.expect(200)["status"], "invited");
    // Reading works already, and changes nothing.
    nora.get(&world.path("policy")).await.expect(200);
    assert_eq!(nora.get(&world.path("members/me")).await.expect(200)["status"], "invited");
    assert_eq!(world.ana.get(&world.path("members/me")).await.expect(200)["status"], "invited");
    world.submitted("10.00").await;
    let ana = world.ana.get(&world.path("members/me")).await.expect(200);
    assert_eq!((&ana["status"], &ana["version"], &ana["id"]), (&json!("active"), &json!(2), &json!(world.ana.id)));
    // The seat is bound to that identity: the same address under another one is nobody.
    let other = Person::sign_in(&url(), "Somebody Else", &world.ana.email.to_uppercase()).await;
    other.get(&world.path("policy")).await.problem(404, "/problems/not-found");
}

#[tokio::test]
async fn an_address_has_one_member() {
    let world = World::new().await;
    let again = json!({"name": "Ana Again", "email": world.ana.email.to_uppercase()});
    world.admin.post(&world.path("members"), &again).await.problem(409, "/problems/already-exists");
}

#[tokio::test]
async fn an_invitation_is_checked() {
    let world = World::new().await;
    let elsewhere = World::new().await;
    for (body, fault) in [
        (json!({"name": "x", "email": "a@b"}), "/email email"),
        (json!({"name": "x", "email": "a@b.com\r\nBcc: evil@x.com"}), "/email email"),
        (json!({"name": "x", "email": "аdmin@corp.com"}), "/email email"),
        (json!({"name": "x", "email": ".dot@corp.com"}), "/email email"),
        (json!({"name": "x", "email": "a@[192.0.2.1]"}), "/email email"),
        (json!({"name": "Eve\nTo: x@y.z", "email": "eve@x.com"}), "/name characters"),
        (json!({"name": "x", "email": "e@x.com", "role": "boss"}), "/role type"),
        (json!({"name": "x", "email": "e@x.com", "manager_id": "x"}), "/manager_id unknown-member"),
        (json!({"name": "x", "email": "e@x.com", "manager_id": elsewhere.marco.id}), "/manager_id unknown-member"),
    ] {
        assert_eq!(
            world.admin.post(&world.path("members"), &body).await.problem(422, "/problems/validation-failed"),
            [fault]
        );
    }
}

#[tokio::test]
async fn only_admins_invite() {
    let world = World::new().await;
    let body = json!({"name": "x", "email": "x@x.com"});
    for person in [&world.ana, &world.marco, &world.fiona] {
        person.post(&world.path("members"), &body).await.problem(403, "/problems/forbidden");
    }
    world.ana.get(&world.path("members")).await.problem(403, "/problems/forbidden");
    world.ana.get(&world.path(&format!("members/{}", world.marco.id))).await.problem(404, "/problems/not-found");
}

#[tokio::test]
async fn a_seat_is_taken_once_and_by_one_identity() {
    let world = World::new().await;
    let at = world.org.replace('_', "-");
    let body = json!({"title": "x"});
    // Two identities with the same verified address at the same moment: one gets the seat, the other changes nothing.
    let email = format!("joe@{at}.example.com");
    let joe = world.join("Joe", &email, &json!({})).await;
    let other = Person::sign_in(&url(), "Other Joe", &email.to_uppercase()).await;
    let path = world.path("reports");
    let (one, two) = tokio::join!(joe.post(&path, &body), other.post(&path, &body));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert!(statuses[0] == 201 && matches!(statuses[1], 404 | 503), "{statuses:?}");
    let made = world.fiona.get(&world.path(&format!("reports?owner={}", joe.id))).await.expect(200);
    assert_eq!(made["items"].as_array().unwrap().len(), 1);

    // One identity with two invited addresses at the same moment: one seat.
    let sign_in = |email: String| async move {
        let claims = json!({"sub": "one-and-the-same", "email": email, "name": "Kim"});
        let answer =
            crate::support::send(reqwest::Client::new().post(format!("{}/_local/token", url())).json(&claims)).await;
        answer.expect(200)["access_token"].as_str().unwrap().to_owned()
    };
    let mut people = Vec::new();
    for name in ["kim-a", "kim-b"] {
        let email = format!("{name}@{at}.example.com");
        let person = world.join("Kim", &email, &json!({})).await;
        people.push(Person { token: sign_in(email).await, ..person });
    }
    let (one, two) = tokio::join!(people[0].post(&path, &body), people[1].post(&path, &body));
    let owners: Vec<_> = [&one, &two]
        .into_iter()
        .filter(|answer| answer.status == 201)
        .map(|answer| answer.json()["owner"]["id"].clone())
        .collect();
    assert!(!owners.is_empty() && owners.iter().all(|owner| owner == &owners[0]), "{owners:?}");
}
