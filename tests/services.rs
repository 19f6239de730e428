//! Services: programs that are members. They do what their role says, and decide on nothing.

use serde_json::{Value, json};

use crate::support::{Person, World, asked, eur, expense, send, today, url, version, with};

/// A token for a machine client: it carries no address.
async fn machine(subject: &str) -> Person {
    let claims = json!({"email": null, "email_verified": null, "name": null});
    let body = json!({"sub": subject, "email": "none@example.com", "name": subject, "claims": claims});
    let answer = send(reqwest::Client::new().post(format!("{}/_local/token", url())).json(&body)).await;
    let token = answer.expect(200)["access_token"].as_str().unwrap().to_owned();
    Person { email: String::new(), token, id: String::new(), base: url() }
}

/// A service of a role, and what was answered when it was added.
async fn added(world: &World, role: &str) -> (Person, Value) {
    let subject = format!("{role}-{}", world.org);
    let body = json!({"name": format!("The {role} service"), "kind": "service", "subject": subject, "role": role});
    let member = world.admin.post(&world.path("members"), &body).await.expect(201);
    (Person { id: member["id"].as_str().unwrap().to_owned(), ..machine(&subject).await }, member)
}

#[tokio::test]
async fn a_service_is_active_at_once_and_does_what_its_role_says() {
    let world = World::new().await;
    let (robot, member) = added(&world, "finance").await;
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
    assert_eq!(robot.get(&world.path("members/me")).await.expect(200)["version"], 1, "it had no seat to take");

    let body =
        json!({"title": "Card import", "owner_id": world.ana.id, "expenses": [expense("12.00")], "submit": true});
    let entered = robot.post(&world.path("reports"), &body).await.expect(201);
    assert_eq!((&entered["owner"]["id"], &entered["entered_by"]["id"]), (&json!(world.ana.id), &json!(robot.id)));
    assert_eq!(asked(&entered), [["Marco Rossi"]]);
    let (employee, _) = added(&world, "employee").await;
    employee.get(&world.report(&report, "")).await.problem(404, "/problems/not-found");
    employee.post(&world.path("reports"), &body).await.problem(403, "/problems/forbidden");
    // Suspended, it is out at once.
    world.change(&robot, &json!({"suspended": true})).await;
    robot.get(&world.path("members/me")).await.problem(404, "/problems/not-found");
    assert_eq!(world.change(&robot, &json!({"suspended": false})).await["status"], "active");
    robot.get(&world.path("members/me")).await.expect(200);
}

#[tokio::test]
async fn a_service_decides_on_nothing() {
    let world = World::new().await;
    let (finance, _) = added(&world, "finance").await;
    let report = world.submitted("640.00").await;
    let reason = json!({"reason": "Because."});
    for (action, body) in [("approve", &json!({})), ("return", &reason), ("reject", &reason)] {
        let answer = world.decide(&finance, &report, action, body).await;
        answer.problem(403, "/problems/forbidden");
        assert_eq!(answer.json()["detail"], "A service does not decide on reports.");
    }
    // Finance sends back what is approved; its service does not.
    let seen = world.approve(&world.marco, &report).await.expect(200);
    let approved = world.approve(&world.fiona, &seen).await.expect(200);
    world.decide(&finance, &approved, "return", &reason).await.problem(403, "/problems/forbidden");
    assert_eq!(world.ana.get(&world.report(&report, "")).await.expect(200), approved);
    world.decide(&world.fiona, &approved, "return", &reason).await.expect(200);
}

#[tokio::test]
async fn nothing_is_routed_to_a_service() {
    let world = World::new().await;
    let (robot, _) = added(&world, "finance").await;
    let (boss, _) = added(&world, "employee").await;
    assert_eq!(asked(&world.submitted("640.00").await), [["Marco Rossi"], ["Fiona Byrne"]]);
    world.change(&world.marco, &json!({"suspended": true})).await;
    assert_eq!(asked(&world.submitted("40.00").await), [["Ada Admin"]]);
    world.change(&world.marco, &json!({"suspended": false})).await;
    let named = json!({"kind": "members", "members": [robot.id]});
    let policy = with(World::policy(), &json!({"steps": [{"name": "Board", "approvers": named}]}));
    let refused = world.admin.put(&world.path("policy"), &policy).await;
    assert_eq!(refused.problem(422, "/problems/validation-failed"), ["/steps/0/approvers/members/0 cannot-approve"]);
    let report = world.submitted("40.00").await;
    assert_eq!(world.queue(&robot).await, Vec::<Value>::new());
    // Nor by hand, nor by a delegation, nor as a manager.
    let body = json!({"from": world.marco.id, "to": robot.id, "reason": "Faster."});
    let refused = world.decide(&world.admin, &report, "reassign", &body).await;
    assert_eq!(refused.problem(422, "/problems/validation-failed"), ["/to assignable"]);
    let absence = json!({"to": robot.id, "from": today(), "until": today()});
    let refused = world.marco.put(&world.path("members/me/delegation"), &absence).await;
    assert_eq!(refused.problem(422, "/problems/validation-failed"), ["/to assignable"]);
    let absence = json!({"to": world.marco.id, "from": today(), "until": today()});
    robot.put(&world.path("members/me/delegation"), &absence).await.problem(403, "/problems/forbidden");
    let ana = world.path(&format!("members/{}", world.ana.id));
    for service in [&robot, &boss] {
        let refused = world.admin.patch(&ana, &json!({"manager_id": service.id})).await;
        assert_eq!(refused.problem(422, "/problems/validation-failed"), ["/manager_id cannot-manage"]);
        let new = json!({"name": "Nora", "email": "nora@example.com", "manager_id": service.id});
        let refused = world.admin.post(&world.path("members"), &new).await;
        assert_eq!(refused.problem(422, "/problems/validation-failed"), ["/manager_id cannot-manage"]);
    }
}

/// An admin who adds an admin that is a program would be two people, and check himself.
#[tokio::test]
async fn a_service_is_no_admin_from_the_start_or_later() {
    let world = World::new().await;
    let body =
        json!({"name": "Second me", "kind": "service", "subject": format!("second-{}", world.org), "role": "admin"});
    let refused = world.admin.post(&world.path("members"), &body).await;
    assert_eq!(refused.problem(422, "/problems/validation-failed"), ["/role kind"]);
    let (robot, member) = added(&world, "finance").await;
    let path = world.path(&format!("members/{}", robot.id));
    for patch in [json!({"role": "admin"}), json!({"role": "admin", "suspended": true, "name": "Boss"})] {
        let refused = world.admin.patch(&path, &patch).await;
        assert_eq!(refused.problem(422, "/problems/validation-failed"), ["/role kind"]);
    }
    assert_eq!(world.admin.get(&path).await.expect(200), member);
    assert_eq!(world.change(&robot, &json!({"role": "auditor"})).await["role"], "auditor");
}

#[tokio::test]
async fn a_service_under_the_identity_of_a_person_does_not_lock_him_out() {
    let world = World::new().await;
    let nora = world.hire("Nora", &json!({})).await;
    let subject = format!("sub-{}", nora.email);
    let mistake = json!({"name": "Import", "kind": "service", "subject": subject, "role": "finance"});
    let service = world.admin.post(&world.path("members"), &mistake).await.expect(201);
    // A token with a verified address is a person's, who has not got the service's rights either.
    assert_eq!(nora.get(&world.path("members/me")).await.expect(200)["id"], nora.id);
    nora.get(&world.path("members")).await.problem(403, "/problems/forbidden");
    assert_eq!(machine(&subject).await.get(&world.path("members/me")).await.expect(200), service);
    let uninvited = format!("nobody@{}.example.com", world.org.replace('_', "-"));
    let other = json!({"name": "Other", "kind": "service", "subject": format!("sub-{uninvited}"), "role": "finance"});
    world.admin.post(&world.path("members"), &other).await.expect(201);
    let nobody = Person::sign_in(&url(), "Nobody", &uninvited).await;
    nobody.get(&world.path("members/me")).await.problem(404, "/problems/not-found");

    // Her first change would bind her to an identity that is taken, which she is told; until an admin has put it right.
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
async fn a_service_has_no_reports_and_no_payout_account() {
    let world = World::new().await;
    let (robot, _) = added(&world, "finance").await;
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
async fn a_service_is_known_by_a_subject_and_a_person_by_his_address() {
    let world = World::new().await;
    let new = |more: Value| with(json!({"name": "New"}), &more);
    let long = "s".repeat(129);
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
    // One identity has one seat, whoever has it first: a service, or somebody who has signed in.
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
    // A service without the token of its own is nobody, and without an address nobody is invited.
    machine(&format!("other-{}", world.org))
        .await
        .get(&world.path("members/me"))
        .await
        .problem(404, "/problems/not-found");
}
