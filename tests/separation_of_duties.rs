//! Separation of duties over the API: an interested party never decides on a report, in any role.

use serde_json::{Value, json};

use crate::support::{Person, World, approver_names, day, expense, wait_until, with};

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

/// Errors of a report of Ana with extra fields, submitted at creation.
async fn payee_errors(world: &World, more: &Value) -> Vec<String> {
    let body = json!({"title": "Lyon", "expenses": [expense("40.00")], "submit": true});
    world.ana.post(&world.path("reports"), &with(body, more)).await.problem(422, "/problems/validation-failed")
}

#[tokio::test]
async fn payee_whom_the_route_asks_is_refused() {
    let world = World::new().await;
    let (nora, carla) = (world.add_member("Nora", &json!({})).await, world.add_member("Carla", &json!({})).await);
    world.change(&world.marco, &json!({"manager_id": nora.id})).await;
    let card = with(expense("40.00"), &json!({"payment_method": "company_card"}));
    let marco = json!({"payee_id": world.marco.id});
    assert_eq!(payee_errors(&world, &marco).await, ["/payee_id approver"]);
    assert_eq!(payee_errors(&world, &with(marco.clone(), &json!({"expenses": [card]}))).await, ["/payee_id approver"]);
    let step = |approvers: Value| json!({"steps": [{"name": "Only", "approvers": approvers}]});
    let sales = json!([{"code": "SALES", "name": "Sales", "owner_id": carla.id}]);
    for (policy, payee, more) in [
        (step(json!({"kind": "manager", "level": 2})), &nora, json!({})),
        (step(json!({"kind": "role", "role": "finance"})), &world.fiona, json!({})),
        (step(json!({"kind": "members", "members": [carla.id]})), &carla, json!({})),
        (
            with(step(json!({"kind": "cost_centre_owner"})), &json!({"cost_centres": sales})),
            &carla,
            json!({"cost_centre": "SALES"}),
        ),
    ] {
        world.put_policy(&policy).await;
        let errors = payee_errors(&world, &with(json!({"payee_id": payee.id}), &more)).await;
        assert_eq!(errors, ["/payee_id approver"], "{policy}");
    }
    // The same in a dry run, and no objection where the route does not ask the payee.
    manager_only(&world).await;
    let check =
        |payee: &Person| json!({"report": {"title": "Lyon", "payee_id": payee.id, "expenses": [expense("40.00")]}});
    for (payee, outcome) in [(&world.marco, "payee-is-approver"), (&nora, "submitted"), (&world.fiona, "submitted")] {
        let answer = world.ana.post(&world.path("policy/check"), &check(payee)).await.expect(200);
        assert_eq!(answer["outcome"], outcome, "{}", payee.email);
    }
}

#[tokio::test]
async fn payee_of_submitted_report_takes_away_no_approver() {
    let world = World::new().await;
    manager_only(&world).await;
    let report = world.submitted("40.00").await;
    let path = world.report(&report, "");
    let refused = world.ana.patch(&path, &json!({"payee_id": world.marco.id})).await;
    assert_eq!(refused.problem(422, "/problems/validation-failed"), ["/payee_id approver"]);
    assert_eq!(world.ana.get(&path).await.expect(200), report);
    assert_eq!(world.queue(&world.marco).await.len(), 1);
    // A draft can name the manager; it cannot be submitted.
    let draft = world.draft(&world.ana, &[expense("40.00")]).await;
    world.ana.patch(&world.report(&draft, ""), &json!({"payee_id": world.marco.id})).await.expect(200);
    let refused = world.ana.post(&world.report(&draft, "submit"), &json!({})).await;
    assert_eq!(refused.problem(422, "/problems/validation-failed"), ["/payee_id approver"]);
    // A finance member as payee can neither return nor be asked.
    let paid = world.ana.patch(&path, &json!({"payee_id": world.fiona.id})).await.expect(200);
    assert_eq!(approver_names(&paid), [["Marco Rossi"]]);
    cannot_decide(&world, &world.fiona, &paid).await;
    let approved = world.approve(&world.marco, &paid).await.expect(200);
    cannot_return(&world, &world.fiona, &approved).await;
}

#[tokio::test]
async fn delegate_of_interested_party_keeps_own_right() {
    let world = World::new().await;
    manager_only(&world).await;
    let (nora, payee) = (world.add_member("Nora", &json!({})).await, world.add_member("Paul", &json!({})).await);
    world.change(&world.marco, &json!({"manager_id": nora.id})).await;
    for away in [&world.ana, &world.fiona, &payee] {
        let more = json!({"payee_id": payee.id});
        let before = prepared_report(&world, &more).await;
        delegate(&world, away, &world.marco).await;
        let during = prepared_report(&world, &more).await;
        for report in [before, during] {
            assert_eq!(approver_names(&report), [["Marco Rossi"]]);
            let queue = world.queue(&world.marco).await;
            let task = queue.iter().find(|task| task["report_id"] == report["id"]).unwrap();
            assert_eq!(task["on_behalf_of"], Value::Null);
            let approved = world.approve(&world.marco, &report).await.expect(200);
            assert_eq!(approved["steps"][0]["decisions"][0]["on_behalf_of"], Value::Null);
        }
        away.delete(&world.path("members/me/delegation")).await.expect(200);
    }
    // Delegating to an admin takes away no right to reassign.
    delegate(&world, &world.ana, &world.admin).await;
    let report = world.submitted("40.00").await;
    let body = json!({"from": world.marco.id, "to": nora.id, "reason": "On leave."});
    world.decide(&world.admin, &report, "reassign", &body).await.expect(200);
}

#[tokio::test]
async fn preparer_cannot_be_the_payee() {
    let world = World::new().await;
    let paul = world.add_member("Paul", &json!({})).await;
    let body = json!({"title": "Lyon", "owner_id": world.ana.id, "expenses": [expense("40.00")]});
    let named = with(body.clone(), &json!({"payee_id": world.fiona.id}));
    for more in [json!({}), json!({"submit": true})] {
        let refused = world.fiona.post(&world.path("reports"), &with(named.clone(), &more)).await;
        assert_eq!(refused.problem(422, "/problems/validation-failed"), ["/payee_id preparer"]);
    }
    let refused = world.fiona.post(&world.path("policy/check"), &json!({"report": named})).await;
    assert_eq!(refused.problem(422, "/problems/validation-failed"), ["/report/payee_id preparer"]);
    let paid = with(body, &json!({"payee_id": paul.id}));
    let report = world.fiona.post(&world.path("reports"), &paid).await.expect(201);
    for person in [&world.fiona, &world.ana] {
        let refused = person.patch(&world.report(&report, ""), &json!({"payee_id": world.fiona.id})).await;
        assert_eq!(refused.problem(422, "/problems/validation-failed"), ["/payee_id preparer"]);
    }
    // A clone by the preparer keeps the payee, and the rule.
    let copy = world.fiona.post(&world.report(&report, "clone"), &json!({})).await.expect(201);
    assert_eq!(copy["payee"]["id"], json!(paul.id));
    let refused = world.fiona.patch(&world.report(&copy, ""), &json!({"payee_id": world.fiona.id})).await;
    assert_eq!(refused.problem(422, "/problems/validation-failed"), ["/payee_id preparer"]);
}

#[tokio::test]
async fn queue_and_mail_name_preparer_and_payee() {
    let world = World::new().await;
    let paul = world.add_member("Paul", &json!({})).await;
    world.change(&world.marco, &json!({"language": "de"})).await;
    let report = prepared_report(&world, &json!({"payee_id": paul.id})).await;
    let task = world.queue(&world.marco).await.remove(0);
    assert_eq!(task["owner"]["name"], "Ana Silva");
    assert_eq!(task["entered_by"], json!({"id": world.fiona.id, "name": "Fiona Byrne"}));
    assert_eq!(task["payee"], json!({"id": paul.id, "name": "Paul"}));
    let asked = world.mail(&world.marco, 2).await.remove(1);
    let told = world.mail(&world.ana, 2).await.remove(1);
    assert_eq!(told["subject"], "In your name: Lyon, 40.00 EUR");
    for part in ["text", "html"] {
        for name in ["Fiona Byrne", "Paul"] {
            assert!(asked[part].as_str().unwrap().contains(name), "{part}: {asked}");
            assert!(told[part].as_str().unwrap().contains(name), "{part}: {told}");
        }
    }
    assert!(asked["text"].as_str().unwrap().contains("Erfasst von: Fiona Byrne"), "{asked}");
    assert!(asked["text"].as_str().unwrap().contains("Auszahlung an: Paul"), "{asked}");
    let expected = ["Ana Silva delivered", "Marco Rossi delivered"];
    world.wait_for_mail_status(&report, "report.submitted", &expected).await;
    // A draft in the name of another member is told at once. A report of the owner names nobody else.
    let body = json!({"title": "Nice", "owner_id": world.ana.id, "expenses": [expense("30.00")]});
    world.fiona.post(&world.path("reports"), &body).await.expect(201);
    let told = world.mail(&world.ana, 3).await.remove(2);
    assert_eq!(told["subject"], "In your name: Nice, 30.00 EUR");
    let own = world.submitted("20.00").await;
    let queue = world.queue(&world.marco).await;
    let task = queue.iter().find(|task| task["report_id"] == own["id"]).unwrap();
    assert_eq!((&task["entered_by"], &task["payee"]), (&Value::Null, &Value::Null));
    assert_eq!(world.mail(&world.ana, 3).await.len(), 3);
}

/// An organisation with the second admin Sue, where Sue has made Marco the manager of the admin Ada and Nora that of Marco.
async fn two_admins() -> (World, Person, Person) {
    let world = World::new().await;
    let sue = world.add_member("Sue", &json!({"role": "admin"})).await;
    let nora = world.add_member("Nora", &json!({})).await;
    for (member, manager) in [(&world.admin, &world.marco), (&world.marco, &nora)] {
        let path = world.path(&format!("members/{}", member.id));
        sue.patch(&path, &json!({"manager_id": manager.id})).await.expect(200);
    }
    (world, sue, nora)
}

#[tokio::test]
async fn admin_cannot_arrange_own_approver() {
    let (world, sue, _) = two_admins().await;
    let eve = world.add_member("Eve", &json!({})).await;
    let submitted = world.submit_expenses(&world.admin, &[expense("40.00")]).await.expect(201);
    for patch in [
        json!({"approval_limit": {"amount": "1.00", "currency": "EUR"}}),
        json!({"manager_id": eve.id}),
        json!({"role": "auditor"}),
        json!({"role": "employee"}),
    ] {
        world.change(&world.marco, &patch).await;
        let own = world.submit_expenses(&world.admin, &[expense("40.00")]).await;
        if patch["role"] == "auditor" {
            // Neither the next manager up nor Eve, but the other admin.
            assert_eq!(approver_names(&own.expect(201)), [["Sue"]]);
        } else {
            assert_eq!(approver_names(&own.expect(201)), [["Marco Rossi"]], "{patch}");
        }
        eve.get(&world.report(&submitted, "")).await.problem(404, "/problems/not-found");
    }
    // On the report of another member, the changes count.
    assert_eq!(approver_names(&world.submitted("40.00").await), [["Eve"]]);
    // The approver asked before can still decide.
    assert_eq!(world.approve(&world.marco, &submitted).await.expect(200)["status"], "approved");
    // Once the other admin confirms the limit, it counts.
    let limit = json!({"approval_limit": {"amount": "1.00", "currency": "EUR"}});
    sue.patch(&world.path(&format!("members/{}", world.marco.id)), &limit).await.expect(200);
    let own = world.submit_expenses(&world.admin, &[expense("40.00")]).await.expect(201);
    assert_eq!(approver_names(&own), [["Nora"]]);
}

#[tokio::test]
async fn role_given_by_party_does_not_count() {
    let (world, sue, _) = two_admins().await;
    let eve = world.add_member("Eve", &json!({})).await;
    let finance = json!({"steps": [{"name": "Finance", "approvers": {"kind": "role", "role": "finance"}}]});
    world.put_policy(&finance).await;
    world.change(&eve, &json!({"role": "finance"})).await;
    world.change(&world.fiona, &json!({"role": "employee"})).await;
    let own = world.submit_expenses(&world.admin, &[expense("40.00")]).await.expect(201);
    assert_eq!(approver_names(&own), [["Fiona Byrne"]]);
    assert_eq!(approver_names(&world.submitted("40.00").await), [["Eve"]]);
    let path = world.path(&format!("members/{}", eve.id));
    let confirmed = sue.patch(&path, &json!({"role": "finance"})).await.expect(200);
    let again = sue.patch(&path, &json!({"role": "finance"})).await.expect(200);
    assert_eq!(confirmed["version"], again["version"], "confirmed once");
    let own = world.submit_expenses(&world.admin, &[expense("40.00")]).await.expect(201);
    assert_eq!(approver_names(&own), [["Eve", "Fiona Byrne"]]);
}

#[tokio::test]
async fn invitation_by_party_does_not_count() {
    let (world, sue, _) = two_admins().await;
    // Sue is a party here: Ada has built the organisation, so there is an admin whom Sue has not appointed.
    let email = |name: &str| format!("{name}@{}.example.com", world.org.replace('_', "-"));
    let invitation = json!({"name": "Eve", "email": email("eve"), "role": "finance"});
    let eve = sue.post(&world.path("members"), &invitation).await.expect(201);
    let finance = json!({"steps": [{"name": "Finance", "approvers": {"kind": "role", "role": "finance"}}]});
    world.put_policy(&finance).await;
    let own = world.submit_expenses(&sue, &[expense("40.00")]).await.expect(201);
    assert_eq!(approver_names(&own), [["Fiona Byrne"]]);
    let both = world.submitted("40.00").await;
    let mut names = approver_names(&both).remove(0);
    names.sort_unstable();
    assert_eq!(names, ["Eve", "Fiona Byrne"]);
    let id = eve["id"].as_str().unwrap();
    world.admin.patch(&world.path(&format!("members/{id}")), &json!({"role": "finance"})).await.expect(200);
    let own = world.submit_expenses(&sue, &[expense("40.00")]).await.expect(201);
    let mut names = approver_names(&own).remove(0);
    names.sort_unstable();
    assert_eq!(names, ["Eve", "Fiona Byrne"]);
}

#[tokio::test]
async fn admins_are_told_of_new_roles_limits_and_managers() {
    let (world, sue, nora) = two_admins().await;
    world.change(&world.admin, &json!({"language": "es"})).await;
    // The other admin's changes of two managers.
    assert_eq!(world.mail(&world.admin, 2).await.len(), 2);
    let marco = world.path(&format!("members/{}", world.marco.id));
    let limit = json!({"approval_limit": {"amount": "500.00", "currency": "EUR"}});
    let ivy =
        json!({"name": "Ivy", "email": format!("ivy@{}.example.com", world.org.replace('_', "-")), "role": "finance"});
    sue.patch(&marco, &limit).await.expect(200);
    sue.patch(&marco, &json!({"role": "finance"})).await.expect(200);
    sue.post(&world.path("members"), &ivy).await.expect(201);
    let mails = world.mail(&world.admin, 5).await;
    let texts: Vec<&str> = mails.iter().map(|mail| mail["text"].as_str().unwrap()).collect();
    for fact in ["500,00 EUR", "finanzas", "Ivy"] {
        assert!(texts.iter().any(|text| text.contains(fact) && text.contains("Sue")), "{fact} in {texts:?}");
    }
    // Not about members without further rights, nor other values; and never to the admin who acted.
    sue.patch(&world.path(&format!("members/{}", nora.id)), &json!({"grade": "G7"})).await.expect(200);
    world.change(&world.marco, &json!({"approval_limit": null})).await;
    let about_marco = |mails: &[Value]| {
        let subjects = mails.iter().map(|mail| mail["subject"].as_str().unwrap());
        subjects.filter(|subject| subject.contains("Marco Rossi")).count()
    };
    let told = wait_until("mail about the limit", async || {
        let mails = world.mail(&sue, 1).await;
        (about_marco(&mails) > 0).then_some(mails)
    });
    assert_eq!(about_marco(&told.await), 1);
    assert_eq!(world.mail(&world.admin, 5).await.len(), 5);
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
