//! Services: members that are programs. They have the rights of their role, except deciding on reports.

use serde_json::{Value, json};

use crate::support::{Person, World, approver_names, eur, expense, today, url, version, with};

/// New service with a role, and its member resource.
async fn add_service(world: &World, role: &str) -> (Person, Value) {
    let subject = format!("{role}-{}", world.org);
    let body = json!({"name": format!("The {role} service"), "kind": "service", "subject": subject, "role": role});
    let member = world.admin.post(&world.path("members"), &body).await.expect(201);
    (
        Person { id: member["id"].as_str().unwrap().to_owned(), ..Person::sign_in_service(&url(), &subject).await },
        member,
    )
}

#[tokio::test]
async fn new_service_is_active_with_rights_of_its_role() {
    let world = World::new().await;
    let (robot, member) = add_service(&world, "finance").await;
    assert_eq!(
        (&member["kind"], &member["status"], &member["email"]),
        (&json!("service"), &json!("active"), &json!(null))
    );
    assert_eq!(world.ana.get(&world.path("members/me")).await.expect(200)["kind"], "person");
    assert_eq!(robot.get(&world.path("members/me")).await.expect(200), member);
    let report = world.submitted("640.00").await;
    assert_eq!(robot.get(&world.report(&report, "")).await.expect(200)["id"], report["id"]);
    robot.get(&world.path("reports?scope=all")).await.expect(200);
    let rates = json!({"rates": {"USD": "0.9"}, "source": "ECB"});
    robot.put(&world.path(&format!("rates/{}", today())), &rates).await.expect(200);
    assert_eq!(robot.get(&world.path("members/me")).await.expect(200)["version"], 1, "a service does not join");

    let body =
        json!({"title": "Card import", "owner_id": world.ana.id, "expenses": [expense("12.00")], "submit": true});
    let entered = robot.post(&world.path("reports"), &body).await.expect(201);
    assert_eq!((&entered["owner"]["id"], &entered["entered_by"]["id"]), (&json!(world.ana.id), &json!(robot.id)));
    assert_eq!(approver_names(&entered), [["Marco Rossi"]]);
    let (employee, _) = add_service(&world, "employee").await;
    employee.get(&world.report(&report, "")).await.problem(404, "/problems/not-found");
    employee.post(&world.path("reports"), &body).await.problem(403, "/problems/forbidden");
    // A suspended service has no access.
    world.change(&robot, &json!({"suspended": true})).await;
    robot.get(&world.path("members/me")).await.problem(404, "/problems/not-found");
    assert_eq!(world.change(&robot, &json!({"suspended": false})).await["status"], "active");
    robot.get(&world.path("members/me")).await.expect(200);
}

#[tokio::test]
async fn service_cannot_decide_on_reports() {
    let world = World::new().await;
    let (finance, _) = add_service(&world, "finance").await;
    let report = world.submitted("640.00").await;
    let reason = json!({"reason": "Because."});
    for (action, body) in [("approve", &json!({})), ("return", &reason), ("reject", &reason)] {
        let answer = world.decide(&finance, &report, action, body).await;
        answer.problem(403, "/problems/forbidden");
        assert_eq!(answer.json()["detail"], "A service cannot decide on reports.");
    }
    // Finance can return an approved report; a service with the finance role cannot.
    let seen = world.approve(&world.marco, &report).await.expect(200);
    let approved = world.approve(&world.fiona, &seen).await.expect(200);
    world.decide(&finance, &approved, "return", &reason).await.problem(403, "/problems/forbidden");
    assert_eq!(world.ana.get(&world.report(&report, "")).await.expect(200), approved);
    world.decide(&world.fiona, &approved, "return", &reason).await.expect(200);
}

#[tokio::test]
async fn service_is_never_assigned_as_approver() {
    let world = World::new().await;
    let (robot, _) = add_service(&world, "finance").await;
    let (boss, _) = add_service(&world, "employee").await;
    assert_eq!(approver_names(&world.submitted("640.00").await), [["Marco Rossi"], ["Fiona Byrne"]]);
    world.change(&world.marco, &json!({"suspended": true})).await;
    assert_eq!(approver_names(&world.submitted("40.00").await), [["Ada Admin"]]);
    world.change(&world.marco, &json!({"suspended": false})).await;
    let named = json!({"kind": "members", "members": [robot.id]});
    let policy = with(World::policy(), &json!({"steps": [{"name": "Board", "approvers": named}]}));
    let refused = world.admin.put(&world.path("policy"), &policy).await;
    assert_eq!(refused.problem(422, "/problems/validation-failed"), ["/steps/0/approvers/members/0 cannot-approve"]);
    let report = world.submitted("40.00").await;
    assert_eq!(world.queue(&robot).await, Vec::<Value>::new());
    // Neither by reassignment, nor by delegation, nor as a manager.
    let body = json!({"from": world.marco.id, "to": robot.id, "reason": "Faster."});
    let refused = world.decide(&world.admin, &report, "reassign", &body).await;
    assert_eq!(refused.problem(422, "/problems/validation-failed"), ["/to assignable"]);
    let new_delegation = json!({"to": robot.id, "from": today(), "until": today()});
    let refused = world.marco.put(&world.path("members/me/delegation"), &new_delegation).await;
    assert_eq!(refused.problem(422, "/problems/validation-failed"), ["/to assignable"]);
    let new_delegation = json!({"to": world.marco.id, "from": today(), "until": today()});
    robot.put(&world.path("members/me/delegation"), &new_delegation).await.problem(403, "/problems/forbidden");
    let ana = world.path(&format!("members/{}", world.ana.id));
    for service in [&robot, &boss] {
        let refused = world.admin.patch(&ana, &json!({"manager_id": service.id})).await;
        assert_eq!(refused.problem(422, "/problems/validation-failed"), ["/manager_id cannot-manage"]);
        let new = json!({"name": "Nora", "email": "nora@example.com", "manager_id": service.id});
        let refused = world.admin.post(&world.path("members"), &new).await;
        assert_eq!(refused.problem(422, "/problems/validation-failed"), ["/manager_id cannot-manage"]);
    }
}

/// An admin who adds a service as an admin would control two admins and could bypass the separation of duties.
#[tokio::test]
async fn service_cannot_be_admin() {
    let world = World::new().await;
    let body =
        json!({"name": "Second me", "kind": "service", "subject": format!("second-{}", world.org), "role": "admin"});
    let refused = world.admin.post(&world.path("members"), &body).await;
    assert_eq!(refused.problem(422, "/problems/validation-failed"), ["/role kind"]);
    let (robot, member) = add_service(&world, "finance").await;
    let path = world.path(&format!("members/{}", robot.id));
    for patch in [json!({"role": "admin"}), json!({"role": "admin", "suspended": true, "name": "Boss"})] {
        let refused = world.admin.patch(&path, &patch).await;
        assert_eq!(refused.problem(422, "/problems/validation-failed"), ["/role kind"]);
    }
    assert_eq!(world.admin.get(&path).await.expect(200), member);
    assert_eq!(world.change(&robot, &json!({"role": "auditor"})).await["role"], "auditor");
}

#[tokio::test]
async fn service_with_person_subject_does_not_block_that_person() {
    let world = World::new().await;
    let nora = world.add_member("Nora", &json!({})).await;
    let subject = format!("sub-{}", nora.email);
    let mistake = json!({"name": "Import", "kind": "service", "subject": subject, "role": "finance"});
    let service = world.admin.post(&world.path("members"), &mistake).await.expect(201);
    // A token with a verified address belongs to a person, who does not get the service's rights.
    assert_eq!(nora.get(&world.path("members/me")).await.expect(200)["id"], nora.id);
    nora.get(&world.path("members")).await.problem(403, "/problems/forbidden");
    assert_eq!(
        Person::sign_in_service(&url(), &subject).await.get(&world.path("members/me")).await.expect(200),
        service
    );
    let uninvited = format!("nobody@{}.example.com", world.org.replace('_', "-"));
    let other = json!({"name": "Other", "kind": "service", "subject": format!("sub-{uninvited}"), "role": "finance"});
    world.admin.post(&world.path("members"), &other).await.expect(201);
    let uninvited_person = Person::sign_in(&url(), "Nobody", &uninvited).await;
    uninvited_person.get(&world.path("members/me")).await.problem(404, "/problems/not-found");

    // Nora's first write would bind an identity that is already bound. It is rejected until an admin erases the
    // service.
    let draft = json!({"title": "Lyon"});
    let refused = nora.post(&world.path("reports"), &draft).await;
    refused.problem(409, "/problems/already-exists");
    assert!(refused.json()["detail"].as_str().unwrap().contains("service"), "{}", refused.text);
    let account = json!({"holder": "Nora", "iban": "DE89370400440532013000"});
    nora.put(&world.path("members/me/payout_account"), &account).await.problem(409, "/problems/already-exists");
    let path = world.path(&format!("members/{}", service["id"].as_str().unwrap()));
    let out = world.admin.patch(&path, &json!({"suspended": true})).await.expect(200);
    world.admin.post_at(&format!("{path}/erase"), version(&out), &json!({})).await.expect(200);
    nora.post(&world.path("reports"), &draft).await.expect(201);
    assert_eq!(nora.get(&world.path("members/me")).await.expect(200)["status"], "active");
}

#[tokio::test]
async fn service_has_no_reports_or_payout_account() {
    let world = World::new().await;
    let (robot, _) = add_service(&world, "finance").await;
    let create = |owner: Value| with(json!({"title": "Own", "expenses": [expense("12.00")]}), &owner);
    for (person, owner) in
        [(&robot, json!({})), (&robot, json!({"owner_id": robot.id})), (&world.fiona, json!({"owner_id": robot.id}))]
    {
        let refused = person.post(&world.path("reports"), &create(owner)).await;
        assert_eq!(refused.problem(422, "/problems/validation-failed"), ["/owner_id role"]);
    }
    let account = json!({"holder": "Robot", "iban": "DE89370400440532013000"});
    for whose in ["me", &robot.id, &world.ana.id] {
        let answer = robot.put(&world.path(&format!("members/{whose}/payout_account")), &account).await;
        answer.problem(403, "/problems/forbidden");
    }
    robot.get(&world.path("members/me/payout_account")).await.problem(404, "/problems/not-found");
}

#[tokio::test]
async fn service_requires_subject_and_person_requires_email() {
    let world = World::new().await;
    let new = |more: Value| with(json!({"name": "New"}), &more);
    let long = "s".repeat(256);
    for (body, faults) in [
        (json!({"kind": "service"}), &["/subject required"][..]),
        (json!({"kind": "service", "subject": "a", "email": "a@example.com"}), &["/email kind"]),
        (json!({"kind": "service", "email": "a@example.com"}), &["/email kind", "/subject required"]),
        (json!({"kind": "person", "email": "a@example.com", "subject": "a"}), &["/subject kind"]),
        (json!({"subject": "a"}), &["/email required", "/subject kind"]),
        (json!({}), &["/email required"]),
        (json!({"kind": "robot", "email": "a@example.com"}), &["/kind type"]),
        (json!({"kind": "service", "subject": ""}), &["/subject subject"]),
        (json!({"kind": "service", "subject": "a#b"}), &["/subject subject"]),
        (json!({"kind": "service", "subject": "a b"}), &["/subject subject"]),
        (json!({"kind": "service", "subject": "é"}), &["/subject subject"]),
        (json!({"kind": "service", "subject": long}), &["/subject subject"]),
        (
            json!({"kind": "service", "subject": "a", "approval_limit": eur("-1.00")}),
            &["/approval_limit/amount positive"],
        ),
    ] {
        let answer = world.admin.post(&world.path("members"), &new(body.clone())).await;
        assert_eq!(answer.problem(422, "/problems/validation-failed"), faults, "{body}");
    }
    // An identity has one membership per organisation, of a service or of a member who has joined.
    let service = |subject: &str| new(json!({"kind": "service", "subject": subject}));
    let first = format!("first-{}", world.org);
    world.admin.post(&world.path("members"), &service(&first)).await.expect(201);
    world.submitted("10.00").await;
    for taken in [first.clone(), format!("sub-{}", world.ana.email), format!("sub-{}", world.admin.email)] {
        let answer = world.admin.post(&world.path("members"), &service(&taken)).await;
        answer.problem(409, "/problems/already-exists");
        assert!(answer.json()["detail"].as_str().unwrap().contains("subject"), "{}", answer.text);
    }
    let elsewhere = World::new().await;
    elsewhere.admin.post(&elsewhere.path("members"), &service(&first)).await.expect(201);
    world.fiona.post(&world.path("members"), &service("another")).await.problem(403, "/problems/forbidden");
    // OpenID Connect allows 255 characters.
    let longest = format!("{:s>255}", world.org);
    world.admin.post(&world.path("members"), &service(&longest)).await.expect(201);
    let robot = Person::sign_in_service(&url(), &longest).await;
    robot.get(&world.path("members/me")).await.expect(200);
    // A token with another subject is unknown.
    Person::sign_in_service(&url(), &format!("other-{}", world.org))
        .await
        .get(&world.path("members/me"))
        .await
        .problem(404, "/problems/not-found");
}

/// Tokens of the client-credentials grant, with the claims that the issuers document.
#[tokio::test]
async fn machine_token_of_each_vendor_signs_in_as_service() {
    let world = World::new().await;
    let (app, oid) = (format!("app-{}", world.org), format!("oid-{}", world.org));
    let bare = json!({
        "email": null, "email_verified": null, "name": null, "token_use": null, "scope": null, "client_id": null, "nbf": null,
    });
    let entra = json!({"tid": "9c3a", "oid": oid, "ver": "2.0", "uti": "x"});
    for (subject, claims) in [
        (oid.clone(), with(entra.clone(), &json!({"azp": app, "azpacr": "1", "roles": ["Reports.Write"]}))),
        (oid.clone(), with(entra.clone(), &json!({"azp": app, "roles": ["Reports.Write"], "idtyp": "app"}))),
        (oid.clone(), with(entra, &json!({"ver": "1.0", "appid": app, "appidacr": "1"}))),
        (format!("{app}@clients"), json!({"azp": app, "gty": "client-credentials"})),
        (
            format!("kc-{oid}"),
            json!({"typ": "Bearer", "azp": app, "nonce": "n-0S6", "preferred_username": "service-account-x"}),
        ),
        (
            format!("cg-{app}"),
            json!({"aud": null, "client_id": "outlay-local", "scope": "outlay/import", "token_use": "access"}),
        ),
    ] {
        let body = json!({"name": "Import", "kind": "service", "subject": subject, "role": "finance"});
        // The first three are tokens of one application.
        let added = world.admin.post(&world.path("members"), &body).await;
        assert!(matches!(added.status, 201 | 409), "{}", added.text);
        let token =
            json!({"sub": subject, "email": "none@example.com", "name": "x", "claims": with(bare.clone(), &claims)});
        let robot = world.admin.with_token(&token).await;
        let me = robot.get(&world.path("members/me")).await;
        assert_eq!((me.status, &me.json()["kind"]), (200, &json!("service")), "{claims}: {}", me.text);
        robot.get(&world.path("reports?scope=all")).await.expect(200);
    }
}
