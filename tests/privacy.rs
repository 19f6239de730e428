//! What is a member's own: he takes along what is kept of him, and who he was is erased when he is gone.

use serde_json::{Value, json};

use crate::support::{Person, World, asked, day, expense, table, today, version};

fn of(world: &World, person: &Person, rest: &str) -> String {
    world.path(&format!("members/{}{rest}", person.id))
}

async fn erase(world: &World, person: &Person) -> crate::support::Answer {
    let seen = world.admin.get(&of(world, person, "")).await.expect(200);
    world.admin.post_at(&of(world, person, "/erase"), version(&seen), &json!({})).await
}

#[tokio::test]
async fn a_member_takes_along_what_is_kept_of_him() {
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
    assert_eq!(export["reports"], json!([sent, draft]), "whole, newest first");
    assert_eq!(export["next_cursor"], Value::Null);
    assert!(!export.to_string().contains("37040044"), "the account is masked");
    assert_eq!(world.admin.get(&of(&world, &world.ana, "/export")).await.expect(200), export);

    // Somebody of whom nothing is kept but that he was invited.
    let nora = world.hire("Nora", &json!({})).await;
    let export = nora.get(&world.path("members/me/export")).await.expect(200);
    assert_eq!((&export["payout_account"], &export["reports"]), (&json!(null), &json!([])));
}

#[tokio::test]
async fn an_export_is_the_members_and_the_admins() {
    let (world, elsewhere) = (World::new().await, World::new().await);
    let auditor = world.hire("Audrey", &json!({"role": "auditor"})).await;
    let path = of(&world, &world.ana, "/export");
    for person in [&world.fiona, &auditor] {
        person.get(&path).await.problem(403, "/problems/forbidden");
    }
    for person in [&world.marco, &elsewhere.admin] {
        person.get(&path).await.problem(404, "/problems/not-found");
    }
    world.admin.get(&of(&world, &elsewhere.ana, "/export")).await.problem(404, "/problems/not-found");
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

/// Every part of an export, in order.
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
    panic!("an export without an end");
}

#[tokio::test]
async fn a_long_export_comes_in_parts() {
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
    // A history too long for one part goes on before the reports do.
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
async fn an_export_of_large_reports_stays_below_what_lambda_lets_through() {
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
        // As Lambda counts it: a text within JSON.
        let escaped = serde_json::to_string(&part.to_string()).unwrap().len();
        assert!(escaped < 6 * 1024 * 1024, "{escaped}");
    }
}

/// Nora, of whom everything is known: she was finance, has an account, a delegation each way, and a report that went back to her.
async fn known(world: &World) -> (Person, Value) {
    let nora = world
        .hire(
            "Nora",
            &json!({"role": "finance", "grade": "grade-7", "cost_centre": "CC-4711", "manager_id": world.marco.id}),
        )
        .await;
    let account = json!({"holder": "Nora Nightingale", "iban": "DE89370400440532013000"});
    nora.put(&world.path("members/me/payout_account"), &account).await.expect(200);
    let report = world.claim(&nora, &[expense("20.00")]).await.expect(201);
    let report = world.decide(&world.marco, &report, "return", &json!({"reason": "Which client?"})).await.expect(200);
    let absence = |to: &Person| json!({"to": to.id, "from": today(), "until": day(-30)});
    nora.put(&world.path("members/me/delegation"), &absence(&world.marco)).await.expect(200);
    world.fiona.put(&world.path("members/me/delegation"), &absence(&nora)).await.expect(200);
    (nora, report)
}

#[tokio::test]
async fn who_a_former_member_was_is_erased() {
    let world = World::new().await;
    let (nora, report) = known(&world).await;
    world.change(&nora, &json!({"suspended": true})).await;
    let before = world.admin.get(&of(&world, &nora, "")).await.expect(200);
    let answer = erase(&world, &nora).await;
    let erased = answer.expect(200);
    let expected = json!({
        "name": "Former member", "email": null, "status": "erased", "grade": null, "cost_centre": null, "manager_id": null,
        "delegation": null, "acts_for": [], "version": version(&before) + 1,
    });
    assert_eq!(erased, crate::support::with(before, &expected));
    assert_eq!(answer.header("etag"), format!("\"{}\"", version(&erased)));
    assert_eq!(world.admin.get(&of(&world, &nora, "")).await.expect(200), erased);

    // Nothing in the organisation's partition or in hers says who she was.
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
    // What the books need stays: her report with her name, and her history without it.
    let kept = world.fiona.get(&world.report(&report, "")).await.expect(200);
    assert_eq!(kept["owner"]["name"], "Nora");
    let export = world.admin.get(&of(&world, &nora, "/export")).await.expect(200);
    assert_eq!((&export["payout_account"], export["reports"].as_array().unwrap().len()), (&json!(null), 1));
    let last = export["history"].as_array().unwrap().last().unwrap();
    assert_eq!(last["type"], "member.erased");
    assert_eq!(last["changes"], json!([{"field": "/status", "old": "suspended", "new": "erased"}]));

    // She is nobody any more, and the address is free for somebody new.
    nora.get(&world.path("members/me")).await.problem(404, "/problems/not-found");
    let again = world.hire("Nora", &json!({})).await;
    assert_ne!(again.id, nora.id);
    assert_eq!(again.get(&world.path("members/me")).await.expect(200)["id"], again.id);
    // Nothing is routed to her, and nobody is given to her.
    assert_eq!(asked(&world.submitted("640.00").await), [["Marco Rossi"], ["Fiona Byrne"]]);
}

#[tokio::test]
async fn erased_is_final_and_nobody_is_given_to_who_is_gone() {
    let world = World::new().await;
    let nora = world.hire("Nora", &json!({})).await;
    // Who was invited and never came can be erased as well.
    let erased = erase(&world, &nora).await.expect(200);
    assert_eq!(erased["status"], "erased");
    nora.get(&world.path("members/me")).await.problem(404, "/problems/not-found");
    for patch in [json!({"suspended": false}), json!({"name": "Nora"}), json!({"role": "finance"}), json!({})] {
        world.admin.patch(&of(&world, &nora, ""), &patch).await.problem(409, "/problems/invalid-state");
    }
    erase(&world, &nora).await.problem(409, "/problems/invalid-state");
    let refused = world.admin.patch(&of(&world, &world.ana, ""), &json!({"manager_id": nora.id})).await;
    assert_eq!(refused.problem(422, "/problems/validation-failed"), ["/manager_id cannot-manage"]);
    let body = json!({"title": "Late", "owner_id": nora.id, "expenses": [expense("12.00")]});
    let refused = world.fiona.post(&world.path("reports"), &body).await;
    assert_eq!(refused.problem(422, "/problems/validation-failed"), ["/owner_id role"]);
    let absence = json!({"to": nora.id, "from": today(), "until": today()});
    let refused = world.marco.put(&world.path("members/me/delegation"), &absence).await;
    assert_eq!(refused.problem(422, "/problems/validation-failed"), ["/to assignable"]);
}

#[tokio::test]
async fn a_member_is_erased_by_an_admin_when_he_is_out_and_waits_for_nothing() {
    let (world, elsewhere) = (World::new().await, World::new().await);
    let auditor = world.hire("Audrey", &json!({"role": "auditor"})).await;
    let path = of(&world, &world.ana, "/erase");
    for person in [&world.fiona, &auditor, &world.ana] {
        person.post_at(&path, 1, &json!({})).await.problem(403, "/problems/forbidden");
    }
    for person in [&world.marco, &elsewhere.admin] {
        person.post_at(&path, 1, &json!({})).await.problem(404, "/problems/not-found");
    }
    let himself = world.admin.get(&world.path("members/me")).await.expect(200);
    for whose in ["me", &world.admin.id] {
        let path = world.path(&format!("members/{whose}/erase"));
        world.admin.post_at(&path, version(&himself), &json!({})).await.problem(403, "/problems/segregation-of-duties");
    }
    world.admin.post(&path, &json!({})).await.problem(428, "/problems/precondition-required");
    world.admin.post_at(&path, 9, &json!({})).await.problem(412, "/problems/stale-version");
    let refused = world.admin.post_at(&path, 1, &json!({"why": "x"})).await;
    assert_eq!(refused.problem(422, "/problems/validation-failed"), ["/why unknown-field"]);

    // Active; then out, but her money is on its way; then nothing is.
    let report = world.submitted("40.00").await;
    erase(&world, &world.ana).await.problem(409, "/problems/invalid-state");
    world.change(&world.ana, &json!({"suspended": true})).await;
    erase(&world, &world.ana).await.problem(409, "/problems/invalid-state");
    let approved = world.approve(&world.marco, &report).await.expect(200);
    erase(&world, &world.ana).await.problem(409, "/problems/invalid-state");
    world.decide(&world.fiona, &approved, "return", &json!({"reason": "She has left."})).await.expect(200);
    assert_eq!(erase(&world, &world.ana).await.expect(200)["status"], "erased");
}

#[tokio::test]
async fn an_erasure_sent_twice_is_carried_out_once() {
    let world = World::new().await;
    let nora = world.hire("Nora", &json!({})).await;
    let send = || {
        let request =
            world.admin.request(reqwest::Method::POST, &of(&world, &nora, "/erase")).header("If-Match", "\"1\"");
        crate::support::send(request.header("Idempotency-Key", "erase-nora").json(&json!({})))
    };
    let (first, second) = (send().await, send().await);
    assert_eq!((first.expect(200), second.header("idempotent-replayed")), (second.expect(200), "true"));
    let kept = table::items(&format!("ORG#{}#MEMBER#{}", world.org, nora.id)).await;
    let events = kept.iter().filter(|item| item["SK"]["S"].as_str().unwrap().starts_with("EVENT#"));
    assert_eq!(events.count(), 2, "invited and erased");
}

/// Who comes back is another member: he must not decide on what he had a part in before.
#[tokio::test]
async fn nobody_is_erased_who_has_a_part_in_what_is_under_way() {
    let world = World::new().await;
    let (paul, finn) = (world.hire("Paul", &json!({})).await, world.hire("Finn", &json!({"role": "finance"})).await);
    let body = json!({
        "title": "Lyon", "owner_id": world.ana.id, "payee_id": paul.id, "expenses": [expense("640.00")], "submit": true,
    });
    let report = world.fiona.post(&world.path("reports"), &body).await.expect(201);
    assert_eq!(asked(&report), [["Marco Rossi"], ["Finn"]]);
    let involved = [&world.ana, &world.fiona, &paul, &world.marco, &finn];
    let kept = async || {
        for person in involved {
            world.change(person, &json!({"suspended": true})).await;
            let refused = erase(&world, person).await;
            refused.problem(409, "/problems/invalid-state");
            assert!(refused.json()["detail"].as_str().unwrap().contains("has a part"), "{}", refused.text);
            world.change(person, &json!({"suspended": false})).await;
        }
    };
    kept().await;
    let seen = world.approve(&world.marco, &report).await.expect(200);
    kept().await;
    let approved = world.approve(&finn, &seen).await.expect(200);
    assert_eq!(approved["status"], "approved");
    kept().await;
    // Who has none is erased meanwhile, and all of them may be once it is with its owner again.
    let nora = world.hire("Nora", &json!({})).await;
    erase(&world, &nora).await.expect(200);
    world.decide(&world.admin, &approved, "return", &json!({"reason": "Which client?"})).await.expect(200);
    let out = async |person: &Person| {
        world.change(person, &json!({"suspended": true})).await;
        erase(&world, person).await.expect(200);
    };
    out(&world.marco).await;
    out(&paul).await;

    // A payee who is gone is not paid, whichever way he would be.
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
    // Nor is a report submitted that somebody entered who could come back and decide on it.
    out(&world.fiona).await;
    submit().await.problem(409, "/problems/invalid-state");
    let copy = world.ana.post(&world.report(&report, "clone"), &json!({})).await.expect(201);
    assert_eq!(copy["entered_by"], Value::Null);
}
