//! Separation of duties over the API: an interested party never decides on a report, in any role.

use serde_json::{Value, json};

use crate::support::{Person, World, approver_names, day, expense, with};

const EXCLUDED_REASON: &str = "\
    This step applies to every report. It is for the owner's manager. \
    An approver may not decide on this report (separation of duties), so the next manager up decides.";

/// Policy with the manager step alone.
async fn manager_only(world: &World) {
    world.put_policy(&json!({"steps": [{"name": "Manager", "approvers": {"kind": "manager"}}]})).await;
}

/// A report that Fiona prepares for Ana, with extra or replaced fields.
async fn prepared_report(world: &World, more: &Value) -> Value {
    let body = json!({"title": "Lyon", "owner_id": world.ana.id, "expenses": [expense("40.00")], "submit": true});
    world.fiona.post(&world.path("reports"), &with(body, more)).await.expect(201)
}

/// Asserts that every decision of a person is forbidden and leaves the report unchanged.
async fn cannot_decide(world: &World, person: &Person, report: &Value) {
    for action in ["approve", "return", "reject"] {
        let body = if action == "approve" { json!({}) } else { json!({"reason": "No."}) };
        let answer = world.decide(person, report, action, &body).await;
        answer.problem(403, "/problems/segregation-of-duties");
    }
    assert_eq!(world.admin.get(&world.report(report, "")).await.expect(200), *report);
}

async fn delegate(world: &World, person: &Person, to: &Person) {
    let body = json!({"to": to.id, "from": day(0), "until": day(-1)});
    person.put(&world.path("members/me/delegation"), &body).await.expect(200);
}

#[tokio::test]
async fn owner_with_approver_role_cannot_decide() {
    let world = World::new().await;
    let (sue, fred) = (
        world.add_member("Sue", &json!({"role": "admin"})).await,
        world.add_member("Fred", &json!({"role": "finance"})).await,
    );
    world
        .put_policy(&json!({"steps": [
            {"name": "Admin", "approvers": {"kind": "role", "role": "admin"}},
            {"name": "Finance", "approvers": {"kind": "role", "role": "finance"}},
        ]}))
        .await;
    // Every owner has an approver role; the route asks the other members with that role.
    for (owner, expected) in [
        (&world.admin, [vec!["Sue"], vec!["Fiona Byrne", "Fred"]]),
        (&sue, [vec!["Ada Admin"], vec!["Fiona Byrne", "Fred"]]),
        (&world.fiona, [vec!["Ada Admin", "Sue"], vec!["Fred"]]),
        (&fred, [vec!["Ada Admin", "Sue"], vec!["Fiona Byrne"]]),
    ] {
        let report = world.submit_expenses(owner, &[expense("40.00")]).await.expect(201);
        assert_eq!(approver_names(&report), expected, "{}", owner.email);
        cannot_decide(&world, owner, &report).await;
        let body = json!({"from": report["steps"][0]["approvers"][0]["id"], "to": owner.id, "reason": "I can do it."});
        let answer = world.decide(&sue, &report, "reassign", &body).await;
        answer.problem(403, "/problems/segregation-of-duties");
    }
}

#[tokio::test]
async fn finance_owner_cannot_return_own_approved_report() {
    let world = World::new().await;
    manager_only(&world).await;
    let fred = world.add_member("Fred", &json!({"role": "finance", "manager_id": world.marco.id})).await;
    let report = world.submit_expenses(&fred, &[expense("40.00")]).await.expect(201);
    let approved = world.approve(&world.marco, &report).await.expect(200);
    cannot_return(&world, &fred, &approved).await;
    let reason = json!({"reason": "Of another day."});
    assert_eq!(world.decide(&world.fiona, &approved, "return", &reason).await.expect(200)["status"], "returned");
}

async fn cannot_return(world: &World, person: &Person, report: &Value) {
    let answer = world.decide(person, report, "return", &json!({"reason": "No."})).await;
    answer.problem(403, "/problems/segregation-of-duties");
}

#[tokio::test]
async fn employee_cannot_create_report_for_others() {
    let world = World::new().await;
    for submit in [false, true] {
        let body = json!({"title": "Lyon", "owner_id": world.ana.id, "expenses": [expense("40.00")], "submit": submit});
        world.marco.post(&world.path("reports"), &body).await.problem(403, "/problems/forbidden");
    }
    assert_eq!(world.fiona.get(&world.path("reports?scope=all")).await.expect(200)["items"], json!([]));
    // Naming oneself as owner is allowed.
    let body = json!({"title": "Lyon", "owner_id": world.marco.id});
    let own = world.marco.post(&world.path("reports"), &body).await.expect(201);
    assert_eq!((&own["owner"]["id"], &own["entered_by"]), (&json!(world.marco.id), &Value::Null));
    let unknown = json!({"title": "Lyon", "owner_id": "mem_01k0000000e2t8r0000000000a"});
    let answer = world.fiona.post(&world.path("reports"), &unknown).await;
    assert_eq!(answer.problem(422, "/problems/validation-failed"), ["/owner_id unknown-member"]);
}

#[tokio::test]
async fn preparer_can_edit_but_not_decide() {
    let world = World::new().await;
    let fred = world.add_member("Fred", &json!({"role": "finance"})).await;
    let report = prepared_report(&world, &json!({"expenses": [expense("640.00")]})).await;
    assert_eq!(report["owner"], json!({"id": world.ana.id, "name": "Ana Silva"}));
    assert_eq!(report["entered_by"], json!({"id": world.fiona.id, "name": "Fiona Byrne"}));
    // Of the finance members, the one who did not prepare the report.
    assert_eq!(approver_names(&report), [["Marco Rossi"], ["Fred"]]);
    cannot_decide(&world, &world.fiona, &report).await;
    let body = json!({"from": world.marco.id, "to": world.fiona.id, "reason": "Quicker."});
    let answer = world.decide(&world.admin, &report, "reassign", &body).await;
    answer.problem(403, "/problems/segregation-of-duties");

    let recalled = world.fiona.post(&world.report(&report, "recall"), &json!({})).await.expect(200);
    assert_eq!(recalled["status"], "draft");
    let edited = world.fiona.post(&world.report(&report, "expenses"), &expense("8.00")).await.expect(200);
    assert_eq!(edited["totals"]["total"]["amount"], "648.00");
    let again = world.fiona.post(&world.report(&report, "submit"), &json!({})).await.expect(200);
    assert_eq!((&again["status"], approver_names(&again)[1].clone()), (&json!("submitted"), vec!["Fred".to_owned()]));
    let history = world.ana.get(&world.report(&report, "history")).await.expect(200);
    for event in history["items"].as_array().unwrap() {
        let (actor, owner) = (&event["actor"]["name"], &event["on_behalf_of"]["name"]);
        assert_eq!((actor, owner), (&json!("Fiona Byrne"), &json!("Ana Silva")), "{event}");
    }
    // The owner keeps all rights.
    world.ana.post(&world.report(&report, "recall"), &json!({})).await.expect(200);
    let again = world.ana.post(&world.report(&report, "submit"), &json!({})).await.expect(200);
    let seen = world.approve(&world.marco, &again).await.expect(200);
    let approved = world.approve(&fred, &seen).await.expect(200);
    assert_eq!(approved["status"], "approved");
    cannot_return(&world, &world.fiona, &approved).await;
}

#[tokio::test]
async fn manager_as_payee_cannot_decide() {
    let world = World::new().await;
    manager_only(&world).await;
    let nora = world.add_member("Nora", &json!({})).await;
    world.change(&world.marco, &json!({"manager_id": nora.id})).await;
    let body = json!({"title": "Lyon", "payee_id": world.marco.id, "expenses": [expense("40.00")], "submit": true});
    let report = world.ana.post(&world.path("reports"), &body).await.expect(201);
    assert_eq!(report["payee"], json!({"id": world.marco.id, "name": "Marco Rossi"}));
    assert_eq!(
        (approver_names(&report), &report["steps"][0]["reason"]),
        (vec![vec!["Nora".to_owned()]], &json!(EXCLUDED_REASON))
    );
    // The payee can read the report and nothing else.
    world.marco.get(&world.report(&report, "")).await.expect(200);
    cannot_decide(&world, &world.marco, &report).await;
    for (action, body) in [("submit", json!({})), ("recall", json!({})), ("expenses", expense("1.00"))] {
        world.marco.post(&world.report(&report, action), &body).await.problem(403, "/problems/forbidden");
    }
    assert_eq!(world.approve(&nora, &report).await.expect(200)["status"], "approved");
}

#[tokio::test]
async fn payee_set_later_is_removed_from_approvers() {
    let world = World::new().await;
    manager_only(&world).await;
    let nora = world.add_member("Nora", &json!({})).await;
    world.change(&world.marco, &json!({"manager_id": nora.id})).await;
    let report = world.submitted("40.00").await;
    assert_eq!(approver_names(&report), [["Marco Rossi"]]);
    let changed = world.ana.patch(&world.report(&report, ""), &json!({"payee_id": world.marco.id})).await.expect(200);
    assert_eq!((&changed["status"], approver_names(&changed)), (&json!("submitted"), vec![vec!["Nora".to_owned()]]));
    assert_eq!(world.queue(&world.marco).await, [] as [Value; 0]);
    cannot_decide(&world, &world.marco, &changed).await;
    // A finance member as payee is not exempt; the former payee can decide again.
    let paid = world.ana.patch(&world.report(&report, ""), &json!({"payee_id": world.fiona.id})).await.expect(200);
    assert_eq!(approver_names(&paid), [["Marco Rossi"]]);
    let approved = world.approve(&world.marco, &paid).await.expect(200);
    cannot_return(&world, &world.fiona, &approved).await;
}

#[tokio::test]
async fn delegate_of_interested_party_cannot_decide() {
    let world = World::new().await;
    manager_only(&world).await;
    let (nora, payee) = (world.add_member("Nora", &json!({})).await, world.add_member("Paul", &json!({})).await);
    world.change(&world.marco, &json!({"manager_id": nora.id})).await;
    for away in [&world.ana, &world.fiona, &payee] {
        let more = json!({"payee_id": payee.id});
        let before = prepared_report(&world, &more).await;
        assert_eq!(approver_names(&before), [["Marco Rossi"]]);
        delegate(&world, away, &world.marco).await;
        cannot_decide(&world, &world.marco, &before).await;
        let during = prepared_report(&world, &more).await;
        assert_eq!(
            (approver_names(&during), &during["steps"][0]["reason"]),
            (vec![vec!["Nora".to_owned()]], &json!(EXCLUDED_REASON))
        );
        away.delete(&world.path("members/me/delegation")).await.expect(200);
        assert_eq!(world.approve(&world.marco, &before).await.expect(200)["status"], "approved");
    }
}

#[tokio::test]
async fn status_in_request_body_is_rejected() {
    let world = World::new().await;
    let body = json!({"title": "Lyon", "expenses": [expense("40.00")], "status": "approved"});
    let answer = world.ana.post(&world.path("reports"), &body).await;
    assert_eq!(answer.problem(422, "/problems/validation-failed"), ["/status unknown-field"]);
    let draft = world
        .ana
        .post(&world.path("reports"), &json!({"title": "Lyon", "expenses": [expense("40.00")]}))
        .await
        .expect(201);
    let approved = json!({"status": "approved"});
    let answer = world.ana.patch(&world.report(&draft, ""), &approved).await;
    assert_eq!(answer.problem(422, "/problems/validation-failed"), ["/status unknown-field"]);
    for action in ["submit", "recall"] {
        let answer = world.ana.post(&world.report(&draft, action), &approved).await;
        assert_eq!(answer.problem(422, "/problems/validation-failed"), ["/status unknown-field"], "{action}");
    }
    let line = world.report(&draft, &format!("expenses/{}", draft["expenses"][0]["id"].as_str().unwrap()));
    let answer = world.ana.patch(&line, &json!({"approved_amount": "1.00"})).await;
    assert_eq!(answer.problem(422, "/problems/validation-failed"), ["/approved_amount unknown-field"]);
    assert_eq!(world.ana.get(&world.report(&draft, "")).await.expect(200), draft);
    // A draft has no approvers.
    world.decide(&world.marco, &draft, "approve", &json!({})).await.problem(404, "/problems/not-found");
    world.decide(&world.fiona, &draft, "approve", &json!({})).await.problem(409, "/problems/invalid-state");
}

#[tokio::test]
async fn approved_report_rejects_second_decision() {
    let world = World::new().await;
    let report = world.submitted("40.00").await;
    let approved = world.approve(&world.marco, &report).await.expect(200);
    world.approve(&world.marco, &approved).await.problem(409, "/problems/already-decided");
    world.approve(&world.marco, &report).await.problem(412, "/problems/stale-version");
    world
        .decide(&world.marco, &approved, "reject", &json!({"reason": "No."}))
        .await
        .problem(409, "/problems/already-decided");
    assert_eq!(world.ana.get(&world.report(&report, "")).await.expect(200), approved);
}

#[tokio::test]
async fn approver_of_other_organisation_gets_not_found() {
    let (world, elsewhere) = (World::new().await, World::new().await);
    let report = world.submitted("40.00").await;
    for person in [&elsewhere.marco, &elsewhere.fiona, &elsewhere.admin] {
        for action in ["approve", "return", "reject", "reassign"] {
            let body = match action {
                "approve" => json!({}),
                "reassign" => json!({"from": world.marco.id, "to": person.id, "reason": "Mine."}),
                _ => json!({"reason": "No."}),
            };
            world.decide(person, &report, action, &body).await.problem(404, "/problems/not-found");
            // Nor under the path of their own organisation.
            let inside = elsewhere.report(&report, action);
            person.post_at(&inside, 1, &body).await.problem(404, "/problems/not-found");
        }
        let body = json!({"from": world.marco.id, "to": person.id, "reason": "Help."});
        let answer = world.decide(&world.admin, &report, "reassign", &body).await;
        assert_eq!(answer.problem(422, "/problems/validation-failed"), ["/to unknown-member"]);
        for (who, name) in [(&world.ana, "payee_id"), (&world.fiona, "owner_id")] {
            let answer = who.post(&world.path("reports"), &json!({"title": "Lyon", name: person.id})).await;
            assert_eq!(answer.problem(422, "/problems/validation-failed"), [format!("/{name} unknown-member")]);
        }
    }
    assert_eq!(world.ana.get(&world.report(&report, "")).await.expect(200), report);
}
