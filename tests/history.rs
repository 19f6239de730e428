//! History of a report: complete, chained, and tamper-evident.

use serde_json::{Value, json};

use crate::support::{Answer, World, eur, expense, table, version, with};

/// A report with six events: created, submitted, commented, changed, submitted, approved.
async fn report_with_history(world: &World) -> Value {
    let report = world.submitted("40.00").await;
    world.marco.post(&world.report(&report, "comments"), &json!({"text": "Which client?"})).await.expect(200);
    let report = world.ana.patch(&world.line(&report, 0, ""), &json!({"amount": eur("41.50")})).await.expect(200);
    let path = world.report(&report, "approve");
    world.marco.post_at(&path, version(&report), &json!({"comment": "Fine."})).await.expect(200)
}

/// The same report in a new organisation, after all its mail is sent: no mail is composed from the damaged data.
async fn report_after_mail() -> (World, Value) {
    let world = World::new().await;
    let report = report_with_history(&world).await;
    // The invitation, the comment and the approval.
    world.mail(&world.ana, 3).await;
    (world, report)
}

async fn history(world: &World, report: &Value, query: &str) -> Answer {
    world.ana.get(&world.report(report, &format!("history{query}"))).await
}

/// Sequence numbers and chain result of each page of the history.
async fn pages(world: &World, report: &Value, limit: usize) -> Vec<(Vec<u64>, Value)> {
    let mut pages = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = history(world, report, &format!("?limit={limit}{cursor}")).await.expect(200);
        let seqs = page["items"].as_array().unwrap().iter().map(|event| event["seq"].as_u64().unwrap()).collect();
        pages.push((seqs, page["chain"].clone()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return pages,
        }
    }
}

fn intact() -> Value {
    json!({"verified": true, "broken_at": null})
}

fn broken(at: u64) -> Value {
    json!({"verified": false, "broken_at": at})
}

#[tokio::test]
async fn history_pages_are_numbered_and_verified() {
    let world = World::new().await;
    let report = report_with_history(&world).await;
    for limit in [1, 2, 4, 6, 100] {
        let pages = pages(&world, &report, limit).await;
        let seqs: Vec<u64> = pages.iter().flat_map(|(seqs, _)| seqs.clone()).collect();
        assert_eq!(seqs, [1, 2, 3, 4, 5, 6], "{limit}");
        assert!(pages.iter().all(|(_, chain)| *chain == intact()), "{limit}: {pages:?}");
    }
    let all = history(&world, &report, "").await.expect(200);
    let mut hashes: Vec<&str> =
        all["items"].as_array().unwrap().iter().map(|event| event["hash"].as_str().unwrap()).collect();
    let hex = |hash: &&str| hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    assert!(hashes.iter().all(hex), "{hashes:?}");
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), 6);
}

#[tokio::test]
async fn history_event_lists_old_and_new_values() {
    let world = World::new().await;
    let report = report_with_history(&world).await;
    let all = history(&world, &report, "").await.expect(200);
    let event = |at: usize| all["items"][at].clone();
    let kinds: Vec<_> = all["items"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect();
    let expected = [
        "report.created",
        "report.submitted",
        "report.commented",
        "expense.changed",
        "report.submitted",
        "report.approved",
    ];
    assert_eq!(kinds, expected);
    let line = report["expenses"][0]["id"].as_str().unwrap();
    let change = |at: usize, field: &str| {
        let changes = event(at)["changes"].clone();
        let found = changes.as_array().unwrap().iter().find(|change| change["field"] == field).cloned();
        found.map(|change| (change["old"].clone(), change["new"].clone()))
    };
    let amount = format!("/expenses/{line}/amount/amount");
    assert_eq!(change(3, &amount), Some((json!("40.00"), json!("41.50"))));
    assert_eq!(change(3, "/totals/total/amount"), Some((json!("40.00"), json!("41.50"))));
    assert_eq!(change(3, "/status"), None, "the status did not change");
    assert_eq!(change(5, "/status"), Some((json!("submitted"), json!("approved"))));
    assert_eq!((&event(5)["data"]["comment"], &event(2)["data"]["text"]), (&json!("Fine."), &json!("Which client?")));
    for at in [1, 2, 4, 5] {
        assert_eq!(event(at)["policy_version"], 2, "{}", event(at));
    }
    assert!(all["items"].as_array().unwrap().iter().all(|event| event["on_behalf_of"].is_null()));
    world.put_policy(&json!({"limits": []})).await;
    world.ana.patch(&world.line(&report, 0, ""), &json!({"amount": eur("42.00")})).await.expect(200);
    let all = history(&world, &report, "").await.expect(200);
    assert_eq!(all["items"][7]["policy_version"], 3);
}

#[tokio::test]
async fn event_by_preparer_is_on_behalf_of_owner() {
    let world = World::new().await;
    let body = json!({"title": "For Ana", "owner_id": world.ana.id, "expenses": [expense("40.00")], "submit": true});
    let report = world.fiona.post(&world.path("reports"), &body).await.expect(201);
    world.fiona.patch(&world.report(&report, ""), &json!({"title": "For Ana Silva"})).await.expect(200);
    world.ana.patch(&world.report(&report, ""), &json!({"title": "Mine"})).await.expect(200);
    let all = history(&world, &report, "").await.expect(200);
    let (fiona, ana) =
        (json!({"id": world.fiona.id, "name": "Fiona Byrne"}), json!({"id": world.ana.id, "name": "Ana Silva"}));
    let actors: Vec<_> = all["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| (event["actor"].clone(), event["on_behalf_of"].clone()))
        .collect();
    let entered = (fiona, ana.clone());
    assert_eq!(actors, [entered.clone(), entered.clone(), entered, (ana, Value::Null)]);
}

/// A manual edit of an item.
type Edit = fn(&World, &mut Value);

/// Chain result of the whole history after a manual edit of one event.
async fn chain_after_edit(seq: u64, edit: impl Fn(&World, &mut Value)) -> Value {
    let (world, report) = report_after_mail().await;
    let mut item = table::get(&world, &report, &table::event(seq)).await;
    let before = item.clone();
    edit(&world, &mut item);
    assert_ne!(item, before, "the edit must change the item");
    table::put(&item).await;
    // Page by page, the pages before the edit verify.
    let each = pages(&world, &report, 1).await;
    let mut earlier = each.iter().take_while(|(seqs, _)| seqs.first().is_some_and(|first| *first < seq));
    assert!(earlier.all(|(_, chain)| *chain == intact()), "{each:?}");
    assert!(each.iter().any(|(_, chain)| *chain == broken(seq)), "{each:?}");
    pages(&world, &report, 100).await.remove(0).1
}

#[tokio::test]
async fn edited_event_breaks_chain_at_its_position() {
    let actor = |world: &World, item: &mut Value| item["actor"] = json!({"S": world.fiona.id});
    for seq in [1, 3, 6] {
        assert_eq!(chain_after_edit(seq, actor).await, broken(seq));
    }
    let edits: [(u64, Edit); 7] = [
        (3, |_, item| item["data"]["M"]["text"] = json!({"S": "Which  client?"})),
        (4, |_, item| item["changes"]["L"][0]["M"]["new"] = json!({"S": "9.99"})),
        (5, |_, item| item["at"] = json!({"S": "2026-01-01T00:00:00Z"})),
        (6, |_, item| item["data"]["M"]["comment"] = json!({"NULL": true})),
        (6, |world, item| item["on_behalf_of"] = json!({"S": world.fiona.id})),
        (6, |_, item| item["state_hash"] = json!({"S": "0".repeat(64)})),
        (2, |_, item| item["hash"] = json!({"S": "0".repeat(64)})),
    ];
    for (seq, edit) in edits {
        assert_eq!(chain_after_edit(seq, edit).await, broken(seq));
    }
}

#[tokio::test]
async fn deleted_event_breaks_chain_at_its_position() {
    for seq in [1, 3, 6] {
        let (world, report) = report_after_mail().await;
        table::delete(&world, &report, &table::event(seq)).await;
        let all = pages(&world, &report, 100).await;
        assert_eq!((all[0].0.len(), &all[0].1), (5, &broken(seq)));
        let each = pages(&world, &report, 1).await;
        assert!(each.iter().any(|(_, chain)| *chain == broken(seq)), "{seq}: {each:?}");
        let elsewhere = each.iter().filter(|(_, chain)| *chain != intact()).count();
        assert_eq!(elsewhere, 1, "{seq}: {each:?}");
    }
    // The last two events, so that the rest is a valid chain of its own.
    let (world, report) = report_after_mail().await;
    for seq in [5, 6] {
        table::delete(&world, &report, &table::event(seq)).await;
    }
    assert_eq!(pages(&world, &report, 100).await[0].1["verified"], false);
    // An event appended after the last one.
    let (world, report) = report_after_mail().await;
    let item = table::get(&world, &report, &table::event(6)).await;
    table::put(&with(item, &json!({"SK": {"S": table::event(7)}, "seq": {"N": "7"}}))).await;
    assert_eq!(pages(&world, &report, 100).await[0].1, broken(7));
}

/// Edits an item of a report and asserts that every read and write of the report is an integrity error.
async fn assert_unreadable(sk: &str, hidden: &str, edit: Edit) {
    let (world, report) = report_after_mail().await;
    let mut item = table::get(&world, &report, sk).await;
    let before = item.clone();
    edit(&world, &mut item);
    assert_ne!(item, before, "the edit must change the item");
    table::put(&item).await;
    let at = version(&report);
    let answers = [
        world.ana.get(&world.report(&report, "")).await,
        world.fiona.get(&world.report(&report, "")).await,
        history(&world, &report, "").await,
        world.ana.patch(&world.report(&report, ""), &json!({"title": "Mine"})).await,
        world.fiona.post_at(&world.report(&report, "return"), at, &json!({"reason": "Hm."})).await,
        world.ana.post(&world.path("policy/check"), &json!({"report_id": report["id"]})).await,
    ];
    for answer in answers {
        answer.problem(500, "/problems/integrity");
        assert!(!answer.text.contains(hidden), "{}", answer.text);
    }
    assert_eq!(table::get(&world, &report, sk).await, item, "the item must stay unchanged");
}

#[tokio::test]
async fn edited_report_head_is_integrity_error() {
    let edits: [(&str, Edit); 7] = [
        ("rejected", |_, item| item["status"] = json!({"S": "rejected"})),
        ("77.77", |_, item| item["totals"]["M"]["total"]["M"]["amount"] = json!({"S": "77.77"})),
        ("77.77", |_, item| item["totals"]["M"]["reimbursable"]["M"]["amount"] = json!({"S": "77.77"})),
        ("77.77", |_, item| item["base_total"]["M"]["amount"] = json!({"S": "77.77"})),
        ("Sly", |_, item| item["title"] = json!({"S": "Sly"})),
        ("Sly", |_, item| item["payee"] = json!({"M": {"id": item["owner"], "name": {"S": "Sly"}}})),
        ("expense_count", |_, item| item["expense_count"] = json!({"N": "999"})),
    ];
    for (hidden, edit) in edits {
        assert_unreadable("REPORT", hidden, edit).await;
    }
}

#[tokio::test]
async fn edited_review_is_integrity_error() {
    let edits: [(&str, Edit); 3] = [
        ("Sly", |_, item| item["steps"]["L"][0]["M"]["reason"] = json!({"S": "Sly"})),
        ("Sly", |_, item| item["steps"]["L"][0]["M"]["approvers"]["L"][0]["M"]["name"] = json!({"S": "Sly"})),
        ("steps", |_, item| item["steps"] = json!({"L": []})),
    ];
    for (hidden, edit) in edits {
        assert_unreadable("REVIEW", hidden, edit).await;
    }
    let (world, report) = report_after_mail().await;
    table::delete(&world, &report, "REVIEW").await;
    world.ana.get(&world.report(&report, "")).await.problem(500, "/problems/integrity");
}

#[tokio::test]
async fn edited_expense_is_integrity_error() {
    let edits: [(&str, Edit); 4] = [
        ("77.77", |_, item| item["lines"]["L"][0]["M"]["amount"]["M"]["amount"] = json!({"S": "77.77"})),
        ("Sly", |_, item| item["lines"]["L"][0]["M"]["note"] = json!({"S": "Sly"})),
        ("company_card", |_, item| item["lines"]["L"][0]["M"]["payment_method"] = json!({"S": "company_card"})),
        ("exp_", |_, item| item["lines"] = json!({"L": []})),
    ];
    for (hidden, edit) in edits {
        assert_unreadable("EXPENSES#000", hidden, edit).await;
    }
    let (world, report) = report_after_mail().await;
    table::delete(&world, &report, "EXPENSES#000").await;
    world.ana.get(&world.report(&report, "")).await.problem(500, "/problems/integrity");
}

#[tokio::test]
async fn head_with_wrong_last_event_is_integrity_error() {
    for (name, value) in [
        ("last_event", json!({"N": "7"})),
        ("last_event", json!({"N": "5"})),
        ("last_hash", json!({"S": "0".repeat(64)})),
    ] {
        let (world, report) = report_after_mail().await;
        let head = table::get(&world, &report, "REPORT").await;
        table::put(&with(head, &json!({name: value}))).await;
        history(&world, &report, "").await.problem(500, "/problems/integrity");
    }
}
