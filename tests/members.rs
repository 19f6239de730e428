//! Members: invitation by an admin, joining with the first write, changes, suspension.

use serde_json::json;

use crate::support::{Person, World, approver_names, eur, expense, send, url, with};

#[tokio::test]
async fn invited_member_joins_on_first_write() {
    let world = World::new().await;
    let email = format!("nora@{}.example.com", world.org.replace('_', "-"));
    let nora = world.join("Nora New", &email, &json!({"role": "auditor"})).await;
    let member = |person: &Person| world.path(&format!("members/{}", person.id));
    assert_eq!(world.admin.get(&member(&nora)).await.expect(200)["status"], "invited");
    // Reads work before joining and do not change the status.
    nora.get(&world.path("policy")).await.expect(200);
    assert_eq!(nora.get(&world.path("members/me")).await.expect(200)["status"], "invited");
    assert_eq!(world.ana.get(&world.path("members/me")).await.expect(200)["status"], "invited");
    world.submitted("10.00").await;
    let ana = world.ana.get(&world.path("members/me")).await.expect(200);
    assert_eq!((&ana["status"], &ana["version"], &ana["id"]), (&json!("active"), &json!(2), &json!(world.ana.id)));
    // The membership is bound to that identity: another identity with the same address is unknown.
    let other = Person::sign_in(&url(), "Somebody Else", &world.ana.email.to_uppercase()).await;
    other.get(&world.path("policy")).await.problem(404, "/problems/not-found");
}

#[tokio::test]
async fn duplicate_email_invitation_is_rejected() {
    let world = World::new().await;
    let again = json!({"name": "Ana Again", "email": world.ana.email.to_uppercase()});
    world.admin.post(&world.path("members"), &again).await.problem(409, "/problems/already-exists");
}

#[tokio::test]
async fn invalid_invitation_is_rejected() {
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
async fn non_admin_cannot_invite_or_list_members() {
    let world = World::new().await;
    let body = json!({"name": "x", "email": "x@x.com"});
    for person in [&world.ana, &world.marco, &world.fiona] {
        person.post(&world.path("members"), &body).await.problem(403, "/problems/forbidden");
    }
    world.ana.get(&world.path("members")).await.problem(403, "/problems/forbidden");
    world.ana.get(&world.path(&format!("members/{}", world.marco.id))).await.problem(404, "/problems/not-found");
}

#[tokio::test]
async fn membership_binds_to_exactly_one_identity() {
    let world = World::new().await;
    let at = world.org.replace('_', "-");
    let body = json!({"title": "x"});
    // Two identities with the same verified address write concurrently: one gets the membership, the other changes
    // nothing.
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

    // One identity with two invited addresses writes concurrently: one membership is bound.
    let mut people = Vec::new();
    for name in ["kim-a", "kim-b"] {
        let email = format!("{name}@{at}.example.com");
        let person = world.join("Kim", &email, &json!({})).await;
        people.push(person.with_token(&json!({"sub": "one-and-the-same", "email": email, "name": "Kim"})).await);
    }
    let (one, two) = tokio::join!(people[0].post(&path, &body), people[1].post(&path, &body));
    let owners: Vec<_> = [&one, &two]
        .into_iter()
        .filter(|answer| answer.status == 201)
        .map(|answer| answer.json()["owner"]["id"].clone())
        .collect();
    assert!(!owners.is_empty() && owners.iter().all(|owner| owner == &owners[0]), "{owners:?}");
}

fn member_path(world: &World, person: &Person) -> String {
    world.path(&format!("members/{}", person.id))
}

#[tokio::test]
async fn admin_patch_updates_and_clears_member_fields() {
    let world = World::new().await;
    let before = world.admin.get(&member_path(&world, &world.ana)).await.expect(200);
    let set = json!({
        "name": "Ana Souza", "grade": "senior", "cost_centre": "SALES", "approval_limit": eur("250.00"), "manager_id": world.fiona.id,
        "role": "finance",
    });
    let answer = world.admin.patch(&member_path(&world, &world.ana), &set).await;
    let changed = answer.expect(200);
    assert_eq!(changed, with(before.clone(), &with(set, &json!({"version": 2}))));
    assert_eq!(answer.header("etag"), "\"2\"");
    assert_eq!(world.ana.get(&world.path("members/me")).await.expect(200), changed);
    // Omitted fields stay; null clears a field.
    let removed = json!({"grade": null, "cost_centre": null, "approval_limit": null, "manager_id": null});
    let bare = world.change(&world.ana, &removed).await;
    assert_eq!(bare, with(changed.clone(), &with(removed, &json!({"version": 3}))));
    // A patch without a difference keeps the version.
    assert_eq!(world.change(&world.ana, &json!({"grade": null, "role": "finance"})).await, bare);
    assert_eq!(world.admin.get(&member_path(&world, &world.ana)).await.expect(200), bare);
}

#[tokio::test]
async fn invalid_member_patch_is_rejected() {
    let (world, elsewhere) = (World::new().await, World::new().await);
    let before = world.admin.get(&member_path(&world, &world.ana)).await.expect(200);
    for (body, fault) in [
        (json!({"name": " "}), "/name blank"),
        (json!({"role": "boss"}), "/role type"),
        (json!({"suspended": "yes"}), "/suspended type"),
        (json!({"manager_id": "x"}), "/manager_id unknown-member"),
        (json!({"manager_id": elsewhere.marco.id}), "/manager_id unknown-member"),
        (json!({"grade": "g".repeat(41)}), "/grade length"),
        (json!({"approval_limit": {"amount": "1.00", "currency": "USD"}}), "/approval_limit/currency base-currency"),
        (json!({"approval_limit": eur("-1.00")}), "/approval_limit/amount positive"),
        (json!({"email": "other@localhost"}), "/email email"),
        (json!({"email": null}), "/email required"),
        (json!({"name": null}), "/name required"),
        (json!({"role": null}), "/role required"),
        (json!({"suspended": null}), "/suspended required"),
        (json!({"language": null}), "/language required"),
        (json!({"status": "active"}), "/status unknown-field"),
        (json!({"delegation": null}), "/delegation unknown-field"),
    ] {
        let answer = world.admin.patch(&member_path(&world, &world.ana), &body).await;
        assert_eq!(answer.problem(422, "/problems/validation-failed"), [fault], "{body}");
    }
    let own = json!({"manager_id": world.ana.id});
    let faults =
        world.admin.patch(&member_path(&world, &world.ana), &own).await.problem(422, "/problems/validation-failed");
    assert_eq!(faults, ["/manager_id own-manager"]);
    assert_eq!(world.admin.get(&member_path(&world, &world.ana)).await.expect(200), before);
}

#[tokio::test]
async fn member_patch_with_stale_version_is_rejected() {
    let world = World::new().await;
    let patch = |tag: &str, grade: &str| {
        let request =
            world.admin.request(reqwest::Method::PATCH, &member_path(&world, &world.ana)).header("If-Match", tag);
        send(request.json(&json!({"grade": grade})))
    };
    assert_eq!(patch("\"1\"", "junior").await.expect(200)["version"], 2);
    patch("\"1\"", "senior").await.problem(412, "/problems/stale-version");
    assert_eq!(world.admin.get(&member_path(&world, &world.ana)).await.expect(200)["grade"], "junior");
    assert_eq!(patch("\"2\"", "senior").await.expect(200)["grade"], "senior");
    // Of two concurrent patches on the same version, one succeeds.
    let (one, two) = tokio::join!(patch("\"3\"", "left"), patch("\"3\"", "right"));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412]);
    let made = if one.status == 200 { "left" } else { "right" };
    assert_eq!(world.admin.get(&member_path(&world, &world.ana)).await.expect(200)["grade"], made);
}

#[tokio::test]
async fn member_change_requires_admin_and_not_own_rights() {
    let world = World::new().await;
    let auditor = world.add_member("Audrey", &json!({"role": "auditor"})).await;
    for person in [&world.fiona, &world.marco, &world.ana, &auditor] {
        for whose in [person, &world.admin] {
            let answer = person.patch(&member_path(&world, whose), &json!({"approval_limit": eur("9999.00")})).await;
            answer.problem(403, "/problems/forbidden");
        }
    }
    for body in [
        json!({"role": "auditor"}),
        json!({"suspended": true}),
        json!({"approval_limit": eur("1.00")}),
        json!({"approval_limit": null}),
        json!({"manager_id": world.marco.id}),
        json!({"grade": "senior"}),
        json!({"cost_centre": "SALES"}),
    ] {
        let answer = world.admin.patch(&member_path(&world, &world.admin), &body).await;
        answer.problem(403, "/problems/segregation-of-duties");
    }
    let own = world.admin.patch(&member_path(&world, &world.admin), &json!({"name": "Ada A."})).await.expect(200);
    assert_eq!((&own["name"], &own["role"]), (&json!("Ada A."), &json!("admin")));
    let unknown = world.path("members/mem_01k0000000e2t8r0000000000a");
    world.admin.patch(&unknown, &json!({})).await.problem(404, "/problems/not-found");
    let elsewhere = World::new().await;
    elsewhere.admin.patch(&member_path(&world, &world.ana), &json!({})).await.problem(404, "/problems/not-found");
    world.admin.patch(&member_path(&world, &elsewhere.ana), &json!({})).await.problem(404, "/problems/not-found");
}

#[tokio::test]
async fn new_route_uses_current_role_and_manager() {
    let world = World::new().await;
    let nora = world.add_member("Nora", &json!({})).await;
    let before = world.submitted("640.00").await;
    assert_eq!(approver_names(&before), [["Marco Rossi"], ["Fiona Byrne"]]);
    world.change(&nora, &json!({"role": "finance"})).await;
    assert_eq!(approver_names(&world.submitted("640.00").await), [vec!["Marco Rossi"], vec!["Fiona Byrne", "Nora"]]);
    nora.get(&world.path("reports?scope=all")).await.expect(200);
    world.change(&world.fiona, &json!({"role": "employee"})).await;
    assert_eq!(approver_names(&world.submitted("640.00").await), [["Marco Rossi"], ["Nora"]]);
    // Without the role Fiona sees only assigned reports. A step assigned earlier stays assigned.
    world.fiona.get(&world.path("reports?scope=all")).await.problem(403, "/problems/forbidden");
    let seen = world.approve(&world.marco, &before).await.expect(200);
    assert_eq!(world.approve(&world.fiona, &seen).await.expect(200)["status"], "approved");
    let body = json!({"categories": [{"code": "x", "name": "X"}], "steps": []});
    world.fiona.put(&world.path("policy"), &body).await.problem(403, "/problems/forbidden");

    world.change(&world.ana, &json!({"manager_id": nora.id})).await;
    assert_eq!(approver_names(&world.submitted("40.00").await), [["Nora"]]);
    world.change(&nora, &json!({"role": "auditor"})).await;
    assert_eq!(
        approver_names(&world.submitted("40.00").await),
        [["Ada Admin"]],
        "an auditor cannot approve and has no manager"
    );
}

#[tokio::test]
async fn suspended_member_loses_access_immediately() {
    let world = World::new().await;
    let (bea, nora) = (world.add_member("Bea", &json!({})).await, world.add_member("Nora", &json!({})).await);
    let board = json!({"kind": "members", "members": [world.marco.id, bea.id]});
    world.put_policy(&json!({"steps": [{"name": "Board", "approvers": board}]})).await;
    let report = world.submitted("40.00").await;
    let own = world.submit_expenses(&world.marco, &[expense("5.00")]).await.expect(201);
    assert_eq!(world.queue(&world.marco).await.len(), 1);
    let before = world.queue(&bea).await;
    assert_eq!(before.len(), 2);

    let suspended = world.change(&world.marco, &json!({"suspended": true})).await;
    assert_eq!(suspended["status"], "suspended");
    for path in ["members/me", "approvals", "reports", "policy", "rates"] {
        world.marco.get(&world.path(path)).await.problem(404, "/problems/not-found");
    }
    for seen in [&report, &own] {
        world.marco.get(&world.report(seen, "")).await.problem(404, "/problems/not-found");
        world.approve(&world.marco, seen).await.problem(404, "/problems/not-found");
    }
    world.marco.post(&world.path("reports"), &json!({"title": "x"})).await.problem(404, "/problems/not-found");
    world.marco.post(&world.report(&own, "recall"), &json!({})).await.problem(404, "/problems/not-found");
    // Other approvers keep their tasks. New steps are not assigned to Marco.
    assert_eq!(world.queue(&bea).await, before);
    assert_eq!(approver_names(&world.submitted("40.00").await), [["Bea"]]);
    assert_eq!(world.approve(&bea, &report).await.expect(200)["status"], "approved");
    world.put_policy(&json!({})).await;
    world.change(&world.marco, &json!({"manager_id": nora.id})).await;
    let next = world.submitted("40.00").await;
    let why = "This step applies to every report. It is for the owner's manager. An approver cannot approve, so the next manager up decides.";
    assert_eq!((approver_names(&next), &next["steps"][0]["reason"]), (vec![vec!["Nora".to_owned()]], &json!(why)));

    let back = world.change(&world.marco, &json!({"suspended": false})).await;
    assert_eq!(back["status"], "active", "Marco had joined before");
    assert_eq!(world.marco.get(&world.report(&own, "")).await.expect(200)["status"], "submitted");
    assert_eq!(approver_names(&world.submitted("40.00").await), [["Marco Rossi"]]);
    // A member who never joined is invited again.
    world.change(&nora, &json!({"suspended": true})).await;
    nora.get(&world.path("policy")).await.problem(404, "/problems/not-found");
    assert_eq!(world.change(&nora, &json!({"suspended": false})).await["status"], "invited");
    nora.get(&world.path("policy")).await.expect(200);
}

#[tokio::test]
async fn first_write_on_own_membership_joins_member() {
    let world = World::new().await;
    let address = format!("new@{}.example.com", world.org.replace('_', "-"));
    let new = world.join("New Admin", &address, &json!({"role": "admin"})).await;
    let path = world.path(&format!("members/{}", new.id));
    let renamed = new.patch(&path, &json!({"name": "Newton"})).await.expect(200);
    assert_eq!(
        (&renamed["name"], &renamed["status"], &renamed["version"]),
        (&json!("Newton"), &json!("active"), &json!(2))
    );
    assert_eq!(new.get(&world.path("members/me")).await.expect(200), renamed);
}

/// Names appear in mail to recipients who have not agreed to receive any.
#[tokio::test]
async fn name_containing_url_is_rejected() {
    let world = World::new().await;
    let name = "Pay now at https://evil.example/login";
    let founding = json!({"name": name, "base_currency": "EUR"});
    let refused = world.admin.post("/v1/orgs", &founding).await;
    assert_eq!(refused.problem(422, "/problems/validation-failed"), ["/name characters"]);
    let invited = json!({"name": name, "email": "eve@example.com"});
    let refused = world.admin.post(&world.path("members"), &invited).await;
    assert_eq!(refused.problem(422, "/problems/validation-failed"), ["/name characters"]);
    let path = world.path(&format!("members/{}", world.ana.id));
    let refused = world.admin.patch(&path, &json!({"name": name})).await;
    assert_eq!(refused.problem(422, "/problems/validation-failed"), ["/name characters"]);
    world.admin.patch(&path, &json!({"name": "Ana: Silva // Lyon"})).await.expect(200);
}
