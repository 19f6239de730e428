//! Personal data: export of what is kept about a member, and erasure of former members.

use serde_json::{Value, json};

use crate::support::{
    Person, World, add_fault, approver_names, day, expense, remove_fault, table, today, url, version,
};

fn member_path(world: &World, person: &Person, rest: &str) -> String {
    world.path(&format!("members/{}{rest}", person.id))
}

async fn erase(world: &World, person: &Person) -> crate::support::Answer {
    let seen = world.admin.get(&member_path(world, person, "")).await.expect(200);
    world.admin.post_at(&member_path(world, person, "/erase"), version(&seen), &json!({})).await
}

#[tokio::test]
async fn export_contains_member_account_history_and_reports() {
    let world = World::new().await;
    let account = json!({"holder": "Ana Silva", "iban": "DE89370400440532013000"});
    let draft = world.draft(&world.ana, &[expense("10.00")]).await;
    world.ana.put(&world.path("members/me/payout_account"), &account).await.expect(200);
    let sent = world.submitted("640.00").await;
    world.draft(&world.marco, &[expense("99.00")]).await;

    let export = world.ana.get(&world.path("members/me/export")).await.expect(200);
    assert_eq!(export["member"], world.ana.get(&world.path("members/me")).await.expect(200));
    assert_eq!(export["payout_account"], world.ana.get(&world.path("members/me/payout_account")).await.expect(200));
    let kinds: Vec<_> = export["history"].as_array().unwrap().iter().map(|event| event["type"].clone()).collect();
    assert_eq!(kinds, ["member.invited", "member.joined", "member.payout_account_changed"]);
    assert_eq!(export["history"][0]["actor"], json!({"id": world.admin.id, "name": "Ada Admin"}));
    assert_eq!(export["reports"], json!([sent, draft]), "complete reports, newest first");
    assert_eq!(export["next_cursor"], Value::Null);
    assert!(!export.to_string().contains("37040044"), "the account is masked");
    let of_admin = world.admin.get(&member_path(&world, &world.ana, "/export")).await.expect(200);
    // The history also has the state of mail, which moves on by itself.
    for part in ["member", "payout_account", "reports", "next_cursor"] {
        assert_eq!(of_admin[part], export[part], "{part}");
    }

    // Nora was invited and nothing else is kept.
    let nora = world.add_member("Nora", &json!({})).await;
    let export = nora.get(&world.path("members/me/export")).await.expect(200);
    assert_eq!((&export["payout_account"], &export["reports"]), (&json!(null), &json!([])));
}

#[tokio::test]
async fn export_is_limited_to_member_and_admin() {
    let (world, elsewhere) = (World::new().await, World::new().await);
    let auditor = world.add_member("Audrey", &json!({"role": "auditor"})).await;
    let path = member_path(&world, &world.ana, "/export");
    for person in [&world.fiona, &auditor] {
        person.get(&path).await.problem(403, "/problems/forbidden");
    }
    for person in [&world.marco, &elsewhere.admin] {
        person.get(&path).await.problem(404, "/problems/not-found");
    }
    world.admin.get(&member_path(&world, &elsewhere.ana, "/export")).await.problem(404, "/problems/not-found");
    for query in ["?limit=0", "?limit=x", "?owner=me", "?limit=1&limit=2"] {
        world
            .ana
            .get(&world.path(&format!("members/me/export{query}")))
            .await
            .problem(400, "/problems/invalid-parameter");
    }
    for cursor in ["x", "history.", "history.x", "history.-1"] {
        let answer = world.ana.get(&world.path(&format!("members/me/export?cursor={cursor}"))).await;
        answer.problem(400, "/problems/cursor-invalid");
    }
}

/// Pages of an export, in order.
async fn parts(person: &Person, path: &str, limit: u32) -> Vec<Value> {
    let mut parts: Vec<Value> = Vec::new();
    let mut cursor = String::new();
    while parts.len() < 40 {
        let part = person.get(&format!("{path}?limit={limit}{cursor}")).await.expect(200);
        let next = part["next_cursor"].as_str().map(str::to_owned);
        parts.push(part);
        match next {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return parts,
        }
    }
    panic!("the export does not end");
}

#[tokio::test]
async fn long_export_is_paginated() {
    let world = World::new().await;
    let mut ids = Vec::new();
    for _ in 0..12 {
        ids.insert(0, world.draft(&world.ana, &[expense("10.00")]).await["id"].clone());
    }
    for (limit, sizes) in [(5, &[5, 5, 2][..]), (100, &[10, 2])] {
        let parts = parts(&world.ana, &world.path("members/me/export"), limit).await;
        let reports = |part: &Value| part["reports"].as_array().unwrap().clone();
        assert_eq!(parts.iter().map(|part| reports(part).len()).collect::<Vec<_>>(), sizes);
        let read: Vec<Value> = parts.iter().flat_map(reports).map(|report| report["id"].clone()).collect();
        assert_eq!(read, ids);
        assert_eq!(parts[0]["history"].as_array().unwrap().len(), 2);
        for part in &parts[1..] {
            assert_eq!(
                (&part["member"], &part["payout_account"], &part["history"]),
                (&json!(null), &json!(null), &json!([]))
            );
        }
    }
    // A history that exceeds one page continues before the reports.
    let partition = format!("ORG#{}#MEMBER#{}", world.org, world.ana.id);
    let last = table::item(&partition, &table::event(2)).await;
    for seq in 3..=203 {
        let key = json!({"SK": {"S": table::event(seq)}, "seq": {"N": seq.to_string()}});
        table::put(&crate::support::with(last.clone(), &key)).await;
    }
    let parts = parts(&world.ana, &world.path("members/me/export"), 10).await;
    let lengths = |name: &str| parts.iter().map(|part| part[name].as_array().unwrap().len()).collect::<Vec<_>>();
    assert_eq!((lengths("history"), lengths("reports")), (vec![200, 3, 0], vec![0, 10, 2]));
    assert_eq!(parts[1]["history"][2]["seq"], 203);
}

#[tokio::test]
async fn export_page_stays_below_lambda_response_limit() {
    let world = World::new().await;
    let line = |_| crate::support::with(expense("1.00"), &json!({"note": "\"".repeat(1000)}));
    let lines: Vec<Value> = (0..100).map(line).collect();
    for _ in 0..9 {
        world.draft(&world.ana, &lines).await;
    }
    let parts = parts(&world.ana, &world.path("members/me/export"), 10).await;
    let count: usize = parts.iter().map(|part| part["reports"].as_array().unwrap().len()).sum();
    assert!(count == 9 && parts.len() > 1, "{count} reports in {} parts", parts.len());
    for part in &parts {
        // Lambda counts the body as a string inside JSON.
        let escaped = serde_json::to_string(&part.to_string()).unwrap().len();
        assert!(escaped < 6 * 1024 * 1024, "{escaped}");
    }
}

/// Nora with every kind of personal data: finance role, account, a delegation in each direction, a returned report.
async fn member_with_all_data(world: &World) -> (Person, Value) {
    let nora = world
        .add_member(
            "Nora",
            &json!({"role": "finance", "grade": "grade-7", "cost_centre": "CC-4711", "manager_id": world.marco.id}),
        )
        .await;
    let account = json!({"holder": "Nora Nightingale", "iban": "DE89370400440532013000"});
    nora.put(&world.path("members/me/payout_account"), &account).await.expect(200);
    let report = world.submit_expenses(&nora, &[expense("20.00")]).await.expect(201);
    let report = world.decide(&world.marco, &report, "return", &json!({"reason": "Which client?"})).await.expect(200);
    let new_delegation = |to: &Person| json!({"to": to.id, "from": today(), "until": day(-30)});
    nora.put(&world.path("members/me/delegation"), &new_delegation(&world.marco)).await.expect(200);
    world.fiona.put(&world.path("members/me/delegation"), &new_delegation(&nora)).await.expect(200);
    (nora, report)
}

#[tokio::test]
async fn erasure_removes_personal_data_and_keeps_reports() {
    let world = World::new().await;
    let (nora, report) = member_with_all_data(&world).await;
    world.change(&nora, &json!({"suspended": true})).await;
    let before = world.admin.get(&member_path(&world, &nora, "")).await.expect(200);
    let answer = erase(&world, &nora).await;
    let erased = answer.expect(200);
    let expected = json!({
        "name": "Former member", "email": null, "status": "erased", "grade": null, "cost_centre": null, "manager_id": null,
        "delegation": null, "acts_for": [], "version": version(&before) + 1,
    });
    assert_eq!(erased, crate::support::with(before, &expected));
    assert_eq!(answer.header("etag"), format!("\"{}\"", version(&erased)));
    assert_eq!(world.admin.get(&member_path(&world, &nora, "")).await.expect(200), erased);

    // No item in the organisation's or the member's partition contains personal data.
    let own = format!("ORG#{}#MEMBER#{}", world.org, nora.id);
    let mut items = table::items(&format!("ORG#{}", world.org)).await;
    items.extend(table::items(&own).await);
    for item in &items {
        let text = item.to_string();
        for personal in ["Nora", "Nightingale", &nora.email] {
            assert!(!text.contains(personal), "{personal} is in {text}");
        }
    }
    assert!(table::item(&own, "PAYOUT_ACCOUNT").await.is_null());
    let role = table::item(&format!("ORG#{}", world.org), &format!("ROLE#finance#{}", nora.id)).await;
    assert!(role.is_null());
    // The report keeps the owner's name; the member's history does not contain it.
    let kept = world.fiona.get(&world.report(&report, "")).await.expect(200);
    assert_eq!(kept["owner"]["name"], "Nora");
    let export = world.admin.get(&member_path(&world, &nora, "/export")).await.expect(200);
    assert_eq!((&export["payout_account"], export["reports"].as_array().unwrap().len()), (&json!(null), 1));
    let last = export["history"].as_array().unwrap().last().unwrap();
    assert_eq!(last["type"], "member.erased");
    assert_eq!(last["changes"], json!([{"field": "/status", "old": "suspended", "new": "erased"}]));

    // The former member has no access, and the address can be invited again.
    nora.get(&world.path("members/me")).await.problem(404, "/problems/not-found");
    let again = world.add_member("Nora", &json!({})).await;
    assert_ne!(again.id, nora.id);
    assert_eq!(again.get(&world.path("members/me")).await.expect(200)["id"], again.id);
    // The former member is in no new route.
    assert_eq!(approver_names(&world.submitted("640.00").await), [["Marco Rossi"], ["Fiona Byrne"]]);
}

#[tokio::test]
async fn erased_member_cannot_be_changed_or_referenced() {
    let world = World::new().await;
    let nora = world.add_member("Nora", &json!({})).await;
    // An invited member who never joined can be erased without a suspension.
    let erased = erase(&world, &nora).await.expect(200);
    assert_eq!(erased["status"], "erased");
    nora.get(&world.path("members/me")).await.problem(404, "/problems/not-found");
    for patch in [json!({"suspended": false}), json!({"name": "Nora"}), json!({"role": "finance"}), json!({})] {
        world.admin.patch(&member_path(&world, &nora, ""), &patch).await.problem(409, "/problems/invalid-state");
    }
    erase(&world, &nora).await.problem(409, "/problems/invalid-state");
    let refused = world.admin.patch(&member_path(&world, &world.ana, ""), &json!({"manager_id": nora.id})).await;
    assert_eq!(refused.problem(422, "/problems/validation-failed"), ["/manager_id cannot-manage"]);
    let body = json!({"title": "Late", "owner_id": nora.id, "expenses": [expense("12.00")]});
    let refused = world.fiona.post(&world.path("reports"), &body).await;
    assert_eq!(refused.problem(422, "/problems/validation-failed"), ["/owner_id role"]);
    let new_delegation = json!({"to": nora.id, "from": today(), "until": today()});
    let refused = world.marco.put(&world.path("members/me/delegation"), &new_delegation).await;
    assert_eq!(refused.problem(422, "/problems/validation-failed"), ["/to assignable"]);
}

#[tokio::test]
async fn erasure_requires_admin_suspension_and_no_open_reports() {
    let (world, elsewhere) = (World::new().await, World::new().await);
    let auditor = world.add_member("Audrey", &json!({"role": "auditor"})).await;
    let path = member_path(&world, &world.ana, "/erase");
    for person in [&world.fiona, &auditor, &world.ana] {
        person.post_at(&path, 1, &json!({})).await.problem(403, "/problems/forbidden");
    }
    for person in [&world.marco, &elsewhere.admin] {
        person.post_at(&path, 1, &json!({})).await.problem(404, "/problems/not-found");
    }
    let own_membership = world.admin.get(&world.path("members/me")).await.expect(200);
    for whose in ["me", &world.admin.id] {
        let path = world.path(&format!("members/{whose}/erase"));
        world
            .admin
            .post_at(&path, version(&own_membership), &json!({}))
            .await
            .problem(403, "/problems/segregation-of-duties");
    }
    world.admin.post(&path, &json!({})).await.problem(428, "/problems/precondition-required");
    world.admin.post_at(&path, 9, &json!({})).await.problem(412, "/problems/stale-version");
    let refused = world.admin.post_at(&path, 1, &json!({"why": "x"})).await;
    assert_eq!(refused.problem(422, "/problems/validation-failed"), ["/why unknown-field"]);

    // Rejected while the member is active, and while a report is open; accepted after its return.
    let report = world.submitted("40.00").await;
    erase(&world, &world.ana).await.problem(409, "/problems/invalid-state");
    world.change(&world.ana, &json!({"suspended": true})).await;
    erase(&world, &world.ana).await.problem(409, "/problems/invalid-state");
    let approved = world.approve(&world.marco, &report).await.expect(200);
    erase(&world, &world.ana).await.problem(409, "/problems/invalid-state");
    world.decide(&world.fiona, &approved, "return", &json!({"reason": "Ana has left."})).await.expect(200);
    assert_eq!(erase(&world, &world.ana).await.expect(200)["status"], "erased");
}

#[tokio::test]
async fn repeated_erasure_is_replayed() {
    let world = World::new().await;
    let nora = world.add_member("Nora", &json!({})).await;
    let send = || {
        let request = world
            .admin
            .request(reqwest::Method::POST, &member_path(&world, &nora, "/erase"))
            .header("If-Match", "\"1\"");
        crate::support::send(request.header("Idempotency-Key", "erase-nora").json(&json!({})))
    };
    let (first, second) = (send().await, send().await);
    assert_eq!((first.expect(200), second.header("idempotent-replayed")), (second.expect(200), "true"));
    let kept = table::items(&format!("ORG#{}#MEMBER#{}", world.org, nora.id)).await;
    let events = kept.iter().filter(|item| item["SK"]["S"].as_str().unwrap().starts_with("EVENT#"));
    assert_eq!(events.count(), 2, "invited and erased");
}

/// A returning person is a new member, who must not decide on reports of the former membership.
#[tokio::test]
async fn member_involved_in_open_report_cannot_be_erased() {
    let world = World::new().await;
    let (paul, finn) =
        (world.add_member("Paul", &json!({})).await, world.add_member("Finn", &json!({"role": "finance"})).await);
    let body = json!({
        "title": "Lyon", "owner_id": world.ana.id, "payee_id": paul.id, "expenses": [expense("640.00")], "submit": true,
    });
    let report = world.fiona.post(&world.path("reports"), &body).await.expect(201);
    assert_eq!(approver_names(&report), [["Marco Rossi"], ["Finn"]]);
    let involved = [&world.ana, &world.fiona, &paul, &world.marco, &finn];
    let cannot_be_erased = async || {
        for person in involved {
            world.change(person, &json!({"suspended": true})).await;
            let refused = erase(&world, person).await;
            refused.problem(409, "/problems/invalid-state");
            assert!(refused.json()["detail"].as_str().unwrap().contains("participates in"), "{}", refused.text);
            world.change(person, &json!({"suspended": false})).await;
        }
    };
    cannot_be_erased().await;
    let seen = world.approve(&world.marco, &report).await.expect(200);
    cannot_be_erased().await;
    let approved = world.approve(&finn, &seen).await.expect(200);
    assert_eq!(approved["status"], "approved");
    cannot_be_erased().await;
    // An uninvolved member can be erased meanwhile, and the involved ones after the report is returned.
    let nora = world.add_member("Nora", &json!({})).await;
    erase(&world, &nora).await.expect(200);
    world.decide(&world.admin, &approved, "return", &json!({"reason": "Which client?"})).await.expect(200);
    let suspend_and_erase = async |person: &Person| {
        world.change(person, &json!({"suspended": true})).await;
        erase(&world, person).await.expect(200);
    };
    suspend_and_erase(&world.marco).await;
    suspend_and_erase(&paul).await;

    // An erased payee is rejected on submission, on change and on creation, and dropped on clone.
    let submit = async || world.ana.post(&world.report(&report, "submit"), &json!({})).await;
    assert_eq!(submit().await.problem(422, "/problems/validation-failed"), ["/payee_id role"]);
    let paid = async |payee| world.ana.patch(&world.report(&report, ""), &json!({"payee_id": payee})).await;
    let copy = world.ana.post(&world.report(&report, "clone"), &json!({})).await.expect(201);
    assert_eq!((&copy["payee"], &copy["entered_by"]), (&json!(null), &json!(null)));
    paid(json!(null)).await.expect(200);
    assert_eq!(paid(json!(paul.id)).await.problem(422, "/problems/validation-failed"), ["/payee_id role"]);
    let body = json!({"title": "Lyon", "payee_id": paul.id});
    let refused = world.ana.post(&world.path("reports"), &body).await;
    assert_eq!(refused.problem(422, "/problems/validation-failed"), ["/payee_id role"]);
    // A report whose preparer is erased cannot be submitted.
    suspend_and_erase(&world.fiona).await;
    submit().await.problem(409, "/problems/invalid-state");
    let copy = world.ana.post(&world.report(&report, "clone"), &json!({})).await.expect(201);
    assert_eq!(copy["entered_by"], Value::Null);
}

/// An organisation of ten years has hundreds of thousands of approved reports.
#[tokio::test]
async fn erasure_does_not_read_all_approved_reports() {
    let world = World::new().await;
    let report = world.submitted("40.00").await;
    world.approve(&world.marco, &report).await.expect(200);
    let nora = world.add_member("Nora", &json!({})).await;
    let approved = format!("ORG#{}#STATUS#approved", world.org);
    let rule = json!({"service": "dynamodb", "operation": "Query", "containing": approved, "fault": "refuse"});
    let rule = add_fault(&url(), &rule).await;
    erase(&world, &nora).await.expect(200);
    // Those who take part in it are found without that list.
    for person in [&world.ana, &world.marco] {
        world.change(person, &json!({"suspended": true})).await;
        erase(&world, person).await.problem(409, "/problems/invalid-state");
    }
    assert_eq!(remove_fault(&url(), &rule).await, 0, "nothing reads the list of approved reports");
}
