//! Expenses of a report: added, changed and removed by the owner, with consistent totals.

use serde_json::{Value, json};

use crate::support::{World, expense, send};

async fn draft(world: &World) -> Value {
    let body = json!({"title": "Lyon", "expenses": [expense("10.00"), expense("20.00")]});
    world.ana.post(&world.path("reports"), &body).await.expect(201)
}

#[tokio::test]
async fn expense_can_be_added_changed_and_removed() {
    let world = World::new().await;
    let report = draft(&world).await;
    let added = world.ana.post(&world.report(&report, "expenses"), &expense("5.50")).await.expect(200);
    assert_eq!((&added["expense_count"], &added["totals"]["total"]["amount"]), (&json!(3), &json!("35.50")));
    let line = |report: &Value, at: usize| format!("expenses/{}", report["expenses"][at]["id"].as_str().unwrap());

    let change = json!({"amount": {"amount": "7.00", "currency": "EUR"}, "note": "Bus", "receipt_reference": null});
    let changed = world.ana.patch(&world.report(&report, &line(&added, 2)), &change).await.expect(200);
    assert_eq!(changed["totals"]["total"]["amount"], "37.00");
    assert_eq!(
        (&changed["expenses"][2]["note"], &changed["expenses"][2]["receipt_reference"]),
        (&json!("Bus"), &Value::Null)
    );
    assert_eq!(changed["expenses"][2]["merchant"], "SNCF");

    let removed = world.ana.delete(&world.report(&report, &line(&added, 0))).await.expect(200);
    assert_eq!((&removed["expense_count"], &removed["totals"]["total"]["amount"]), (&json!(2), &json!("27.00")));
    world.ana.delete(&world.report(&report, &line(&added, 0))).await.problem(404, "/problems/not-found");
    assert_eq!(world.ana.get(&world.report(&report, "")).await.expect(200), removed);

    let history = world.ana.get(&world.report(&report, "history")).await.expect(200);
    let changed = &history["items"][2];
    let field = format!("/{}/amount/amount", line(&added, 2));
    let entry = changed["changes"].as_array().unwrap().iter().find(|change| change["field"] == field).unwrap();
    assert_eq!(changed["type"], "expense.changed");
    assert_eq!((&entry["old"], &entry["new"]), (&json!("5.50"), &json!("7.00")));
}

#[tokio::test]
async fn expense_patch_with_invalid_values_is_rejected() {
    let world = World::new().await;
    let report = draft(&world).await;
    let path = world.report(&report, &format!("expenses/{}", report["expenses"][0]["id"].as_str().unwrap()));
    let tax = |amount: &str, currency: &str| json!({"tax": {"amount": amount, "currency": currency}});
    assert_eq!(
        world.ana.patch(&path, &tax("10.01", "EUR")).await.problem(422, "/problems/validation-failed"),
        ["/tax/amount maximum"]
    );
    assert_eq!(
        world.ana.patch(&path, &tax("1.00", "USD")).await.problem(422, "/problems/validation-failed"),
        ["/tax/currency same-currency"]
    );
    assert_eq!(
        world
            .ana
            .patch(&path, &json!({"merchant": null, "note": "\u{202E}", "x": 1}))
            .await
            .problem(422, "/problems/validation-failed"),
        ["/merchant required", "/note characters", "/x unknown-field"]
    );
    world.ana.patch(&path, &json!({"tax": {"amount": "10.00", "currency": "EUR"}})).await.expect(200);
}

#[tokio::test]
async fn rejected_report_rejects_expense_edits() {
    let world = World::new().await;
    let report = world.submitted("40.00").await;
    world.marco.post_at(&world.report(&report, "reject"), 1, &json!({"reason": "Private."})).await.expect(200);
    let line = world.report(&report, &format!("expenses/{}", report["expenses"][0]["id"].as_str().unwrap()));
    world.ana.post(&world.report(&report, "expenses"), &expense("1.00")).await.problem(409, "/problems/invalid-state");
    world.ana.patch(&line, &json!({"note": "x"})).await.problem(409, "/problems/invalid-state");
    world.ana.delete(&line).await.problem(409, "/problems/invalid-state");
}

#[tokio::test]
async fn expense_edit_requires_owner() {
    let world = World::new().await;
    let report = draft(&world).await;
    world.fiona.post(&world.report(&report, "expenses"), &expense("1.00")).await.problem(403, "/problems/forbidden");
    world.marco.post(&world.report(&report, "expenses"), &expense("1.00")).await.problem(404, "/problems/not-found");
}

#[tokio::test]
async fn concurrent_expense_additions_are_all_kept() {
    let world = World::new().await;
    let report = draft(&world).await;
    let adding = (0..6).map(|_| {
        let (world, path) = (world.clone(), world.report(&report, "expenses"));
        tokio::spawn(async move { world.ana.post(&path, &expense("1.00")).await.expect(200) })
    });
    for task in adding.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    let report = world.ana.get(&world.report(&report, "")).await.expect(200);
    assert_eq!(
        (&report["expense_count"], &report["totals"]["total"]["amount"], &report["version"]),
        (&json!(8), &json!("36.00"), &json!(7))
    );
}

#[tokio::test]
async fn expense_edit_accepts_optional_if_match() {
    let world = World::new().await;
    let report = draft(&world).await;
    let path = world.report(&report, "expenses");
    let at = |tag: &str| {
        world.ana.once(reqwest::Method::POST, &path).header("If-Match", tag.to_owned()).json(&expense("1.00"))
    };
    send(at("\"1\"")).await.expect(200);
    send(at("\"1\"")).await.problem(412, "/problems/stale-version");
    send(at("\"1\", \"2\"")).await.expect(200);
    send(at("*")).await.expect(200);
}

#[tokio::test]
async fn expense_patch_without_change_keeps_version() {
    let world = World::new().await;
    let report = draft(&world).await;
    let line = &report["expenses"][0];
    let path = world.report(&report, &format!("expenses/{}", line["id"].as_str().unwrap()));
    for same in [json!({}), json!({"merchant": "SNCF"}), json!({"tax": null, "note": null})] {
        assert_eq!(world.ana.patch(&path, &same).await.expect(200), report);
    }
    let taxed = world.ana.patch(&path, &json!({"tax": {"amount": "1.00", "currency": "EUR"}})).await.expect(200);
    assert_eq!(taxed["totals"]["tax"]["amount"], "1.00");
    assert_eq!(world.ana.patch(&path, &json!({"tax": null})).await.expect(200)["totals"]["tax"]["amount"], "0.00");
}
