//! Delegation of decisions: dates, ceiling, attribution, and separation of duties.

use serde_json::{Value, json};

use crate::support::{Answer, Person, World, approver_names, day, eur, expense, with};

/// Delegates a person's decisions to another member from today on.
async fn delegate(world: &World, person: &Person, to: &Person, more: &Value) -> Answer {
    let body = with(json!({"to": to.id, "from": day(0), "until": day(-7)}), more);
    person.put(&world.path("members/me/delegation"), &body).await
}

/// Outgoing delegation and incoming delegations of a member, as finance reads them.
async fn delegations(world: &World, person: &Person) -> (Value, Value) {
    let member = world.fiona.get(&world.path(&format!("members/{}", person.id))).await.expect(200);
    (member["delegation"].clone(), member["acts_for"].clone())
}

/// Delegator of each task in a person's queue; empty for the person's own tasks.
async fn on_behalf_of(world: &World, person: &Person) -> Vec<String> {
    let queue = world.queue(person).await;
    queue.iter().map(|task| task["on_behalf_of"]["name"].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn delegate_decision_is_recorded_on_behalf_of_delegator() {
    let world = World::new().await;
    let dora = world.add_member("Dora", &json!({})).await;
    let report = world.submitted("40.00").await;
    dora.get(&world.report(&report, "")).await.problem(404, "/problems/not-found");
    let answer = delegate(&world, &world.marco, &dora, &json!({"ceiling": eur("100.00")})).await;
    let marco = answer.expect(200);
    let side = |person: &Person, name: &str| {
        let with = json!({"id": person.id, "name": name});
        json!({"with": with, "from": day(0), "until": day(-7), "ceiling": eur("100.00")})
    };
    assert_eq!((&marco["id"], &marco["delegation"]), (&json!(world.marco.id), &side(&dora, "Dora")));
    assert_eq!(delegations(&world, &world.marco).await, (side(&dora, "Dora"), json!([])));
    assert_eq!(delegations(&world, &dora).await, (Value::Null, json!([side(&world.marco, "Marco Rossi")])));
    assert_eq!(answer.header("etag"), format!("\"{}\"", marco["version"]));

    let queue = world.queue(&dora).await;
    assert_eq!(queue.len(), 1);
    assert_eq!(queue[0]["on_behalf_of"], json!({"id": world.marco.id, "name": "Marco Rossi"}));
    assert_eq!((&queue[0]["report_id"], &queue[0]["report_version"]), (&report["id"], &json!(1)));
    // The delegator can still decide, so the task is in that queue too, as their own.
    assert_eq!(on_behalf_of(&world, &world.marco).await, [""]);
    assert_eq!(dora.get(&world.report(&report, "")).await.expect(200), report);

    let approved = world.approve(&dora, &report).await.expect(200);
    assert_eq!(approved["status"], "approved");
    let decision = &approved["steps"][0]["decisions"][0];
    assert_eq!(decision["by"], json!({"id": dora.id, "name": "Dora"}));
    assert_eq!(decision["on_behalf_of"], json!({"id": world.marco.id, "name": "Marco Rossi"}));
    let history = world.ana.get(&world.report(&report, "history")).await.expect(200);
    let event = &history["items"][2];
    assert_eq!(
        (&event["type"], &event["actor"], &event["on_behalf_of"]),
        (&json!("report.approved"), &decision["by"], &decision["on_behalf_of"])
    );
    let mail = world.mail(&world.ana, 2).await.remove(1);
    assert!(mail["text"].as_str().unwrap().contains("Dora (in place of Marco Rossi) approved it."), "{mail}");
    for person in [&world.marco, &dora] {
        assert_eq!(world.queue(person).await, [] as [Value; 0]);
        world.approve(person, &approved).await.problem(409, "/problems/already-decided");
    }
    // After the delegation has ended, the delegate can still read the reports they decided on.
    dora.delete(&world.path("members/me/delegation")).await.expect(200);
    world.marco.delete(&world.path("members/me/delegation")).await.expect(200);
    dora.get(&world.report(&report, "")).await.expect(200);
}

#[tokio::test]
async fn delegate_can_return_and_reject() {
    let world = World::new().await;
    let dora = world.add_member("Dora", &json!({})).await;
    delegate(&world, &world.marco, &dora, &json!({})).await.expect(200);
    for (action, status) in [("return", "returned"), ("reject", "rejected")] {
        let report = world.submitted("40.00").await;
        let decided = world.decide(&dora, &report, action, &json!({"reason": "Which client?"})).await.expect(200);
        let decision = &decided["steps"][0]["decisions"][0];
        assert_eq!((&decided["status"], &decision["comment"]), (&json!(status), &json!("Which client?")));
        assert_eq!(
            (&decision["by"]["name"], &decision["on_behalf_of"]["name"]),
            (&json!("Dora"), &json!("Marco Rossi"))
        );
    }
}

#[tokio::test]
async fn delegation_starts_on_first_day() {
    let world = World::new().await;
    let dora = world.add_member("Dora", &json!({})).await;
    let report = world.submitted("40.00").await;
    delegate(&world, &world.marco, &dora, &json!({"from": day(-1), "until": day(-1)})).await.expect(200);
    assert_eq!(delegations(&world, &dora).await.1[0]["from"], json!(day(-1)));
    assert_eq!(world.queue(&dora).await, [] as [Value; 0]);
    dora.get(&world.report(&report, "")).await.problem(404, "/problems/not-found");
    world.approve(&dora, &report).await.problem(404, "/problems/not-found");
    // First and last day are included.
    delegate(&world, &world.marco, &dora, &json!({"from": day(3), "until": day(0)})).await.expect(200);
    assert_eq!(on_behalf_of(&world, &dora).await, ["Marco Rossi"]);
    assert_eq!(world.approve(&dora, &report).await.expect(200)["status"], "approved");
}

#[tokio::test]
async fn report_above_delegation_ceiling_stays_with_delegator() {
    let world = World::new().await;
    let dora = world.add_member("Dora", &json!({})).await;
    delegate(&world, &world.marco, &dora, &json!({"ceiling": eur("100.00")})).await.expect(200);
    let (within, above) = (world.submitted("100.00").await, world.submitted("100.01").await);
    let queue = world.queue(&dora).await;
    let listed: Vec<_> = queue.iter().map(|task| &task["report_id"]).collect();
    assert_eq!(listed, [&within["id"]]);
    let rejected = world.approve(&dora, &above).await;
    rejected.problem(403, "/problems/approval-limit");
    let detail =
        "The total of 100.01 EUR is above your limit of 100.00 EUR for this report. An admin can reassign the step.";
    assert_eq!(rejected.json()["detail"], detail);
    assert_eq!(world.approve(&dora, &within).await.expect(200)["status"], "approved");
    assert_eq!(world.approve(&world.marco, &above).await.expect(200)["status"], "approved");
}

#[tokio::test]
async fn ended_or_replaced_delegation_stops_immediately() {
    let world = World::new().await;
    let (dora, emil) = (world.add_member("Dora", &json!({})).await, world.add_member("Emil", &json!({})).await);
    let report = world.submitted("40.00").await;
    let out = async |person: &Person| {
        assert_eq!(world.queue(person).await, [] as [Value; 0]);
        world.approve(person, &report).await.problem(404, "/problems/not-found");
        assert_eq!(delegations(&world, person).await, (Value::Null, json!([])));
    };
    delegate(&world, &world.marco, &dora, &json!({})).await.expect(200);
    assert_eq!(on_behalf_of(&world, &dora).await, ["Marco Rossi"]);
    let ended = world.marco.delete(&world.path("members/me/delegation")).await.expect(200);
    assert_eq!(ended["delegation"], Value::Null);
    out(&dora).await;
    // Ending it again changes nothing.
    assert_eq!(world.marco.delete(&world.path("members/me/delegation")).await.expect(200), ended);

    // A new delegation replaces the old one.
    delegate(&world, &world.marco, &dora, &json!({})).await.expect(200);
    delegate(&world, &world.marco, &emil, &json!({})).await.expect(200);
    out(&dora).await;
    assert_eq!(delegations(&world, &world.marco).await.0["with"]["name"], "Emil");
    // A delegation to the same member replaces itself.
    delegate(&world, &world.marco, &emil, &json!({"until": day(-1)})).await.expect(200);
    let acts_for = delegations(&world, &emil).await.1;
    assert_eq!((acts_for.as_array().unwrap().len(), &acts_for[0]["until"]), (1, &json!(day(-1))));
    assert_eq!(world.approve(&emil, &report).await.expect(200)["status"], "approved");
}

#[tokio::test]
async fn suspension_of_either_side_ends_delegation() {
    let world = World::new().await;
    let (dora, emil) = (world.add_member("Dora", &json!({})).await, world.add_member("Emil", &json!({})).await);
    let report = world.submitted("40.00").await;
    delegate(&world, &world.marco, &dora, &json!({})).await.expect(200);
    world.change(&dora, &json!({"suspended": true})).await;
    assert_eq!(delegations(&world, &world.marco).await, (Value::Null, json!([])));
    world.change(&dora, &json!({"suspended": false})).await;
    assert_eq!(delegations(&world, &dora).await, (Value::Null, json!([])));
    world.approve(&dora, &report).await.problem(404, "/problems/not-found");

    delegate(&world, &world.marco, &emil, &json!({})).await.expect(200);
    assert_eq!(on_behalf_of(&world, &emil).await, ["Marco Rossi"]);
    world.change(&world.marco, &json!({"suspended": true})).await;
    assert_eq!(delegations(&world, &emil).await, (Value::Null, json!([])));
    assert_eq!(world.queue(&emil).await, [] as [Value; 0]);
    world.approve(&emil, &report).await.problem(404, "/problems/not-found");
}

#[tokio::test]
async fn owner_cannot_decide_as_delegate_of_approver() {
    let world = World::new().await;
    let report = world.submitted("40.00").await;
    delegate(&world, &world.marco, &world.ana, &json!({})).await.expect(200);
    world.approve(&world.ana, &report).await.problem(403, "/problems/segregation-of-duties");
    for action in ["return", "reject"] {
        let answer = world.decide(&world.ana, &report, action, &json!({"reason": "No."})).await;
        answer.problem(403, "/problems/segregation-of-duties");
    }
    assert_eq!(world.ana.get(&world.report(&report, "")).await.expect(200), report);
    // Ana can decide on reports of others.
    let other = world.add_member("Otto", &json!({"manager_id": world.marco.id})).await;
    let others = world.submit_expenses(&other, &[expense("40.00")]).await.expect(201);
    assert_eq!(
        world.approve(&world.ana, &others).await.expect(200)["steps"][0]["decisions"][0]["by"]["name"],
        "Ana Silva"
    );
}

#[tokio::test]
async fn delegate_cannot_decide_two_steps() {
    let world = World::new().await;
    let dora = world.add_member("Dora", &json!({"role": "finance"})).await;
    delegate(&world, &world.marco, &dora, &json!({})).await.expect(200);
    let report = world.submitted("640.00").await;
    assert_eq!(approver_names(&report), [vec!["Marco Rossi"], vec!["Dora", "Fiona Byrne"]]);
    let first = world.approve(&dora, &report).await.expect(200);
    assert_eq!((&first["status"], &first["steps"][0]["status"]), (&json!("submitted"), &json!("approved")));
    world.approve(&dora, &first).await.problem(409, "/problems/already-decided");
    // A delegate of the delegate cannot decide either.
    let emil = world.add_member("Emil", &json!({})).await;
    delegate(&world, &dora, &emil, &json!({})).await.expect(200);
    world.approve(&emil, &first).await.problem(404, "/problems/not-found");
    assert_eq!(world.approve(&world.fiona, &first).await.expect(200)["status"], "approved");

    // The reverse: a member decided for at one step is not decided for at the next.
    delegate(&world, &world.fiona, &world.marco, &json!({})).await.expect(200);
    let report = world.submitted("640.00").await;
    let first = world.approve(&world.marco, &report).await.expect(200);
    world.approve(&world.marco, &first).await.problem(409, "/problems/already-decided");
    assert_eq!(world.approve(&dora, &first).await.expect(200)["status"], "approved");
}

#[tokio::test]
async fn delegate_counts_once_in_all_mode() {
    let world = World::new().await;
    let (bea, ben) = (world.add_member("Bea", &json!({})).await, world.add_member("Ben", &json!({})).await);
    let dora = world.add_member("Dora", &json!({})).await;
    let both = json!({"name": "Both", "approvers": {"kind": "members", "members": [bea.id, ben.id]}, "mode": "all"});
    world.put_policy(&json!({"steps": [both]})).await;
    for person in [&bea, &ben] {
        delegate(&world, person, &dora, &json!({})).await.expect(200);
    }
    let report = world.submitted("40.00").await;
    // The queue lists the report once.
    assert_eq!(world.queue(&dora).await.len(), 1);
    let agreed = world.approve(&dora, &report).await.expect(200);
    assert_eq!((&agreed["status"], &agreed["steps"][0]["remaining"]), (&json!("submitted"), &json!(1)));
    world.approve(&dora, &agreed).await.problem(409, "/problems/already-decided");
    // The approver not yet decided for can still approve.
    let spoken_for = agreed["steps"][0]["decisions"][0]["on_behalf_of"]["id"].clone();
    let (spoken, open) = if spoken_for == json!(bea.id) { (&bea, &ben) } else { (&ben, &bea) };
    world.approve(spoken, &agreed).await.problem(409, "/problems/already-decided");
    assert_eq!(world.approve(open, &agreed).await.expect(200)["status"], "approved");
}

#[tokio::test]
async fn delegation_is_set_by_member_or_admin_only() {
    let world = World::new().await;
    let dora = world.add_member("Dora", &json!({})).await;
    let path = world.path(&format!("members/{}/delegation", world.marco.id));
    let to = |person: &Person| json!({"to": person.id, "from": day(0), "until": day(-1)});
    for person in [&dora, &world.ana, &world.fiona] {
        person.put(&path, &to(&dora)).await.problem(404, "/problems/not-found");
        person.delete(&path).await.problem(404, "/problems/not-found");
    }
    world.admin.put(&path, &to(&world.admin)).await.problem(403, "/problems/segregation-of-duties");
    assert_eq!(delegations(&world, &world.marco).await.0, Value::Null);
    let set = world.admin.put(&path, &to(&dora)).await.expect(200);
    assert_eq!((&set["id"], &set["delegation"]["with"]["name"]), (&json!(world.marco.id), &json!("Dora")));
    let report = world.submitted("40.00").await;
    assert_eq!(world.approve(&dora, &report).await.expect(200)["status"], "approved");
    // The delegate can end the delegation, but not extend it, and sees only their own record.
    dora.put(&path, &to(&dora)).await.problem(404, "/problems/not-found");
    let ended = dora.delete(&path).await.expect(200);
    assert_eq!((&ended["id"], &ended["acts_for"]), (&json!(dora.id), &json!([])));
    assert_eq!(delegations(&world, &world.marco).await.0, Value::Null);
    dora.delete(&path).await.problem(404, "/problems/not-found");
    world.admin.put(&path, &to(&dora)).await.expect(200);
    assert_eq!(world.admin.delete(&path).await.expect(200)["delegation"], Value::Null);
    let own = world.path("members/me/delegation");
    world.admin.put(&own, &to(&dora)).await.expect(200);
}

#[tokio::test]
async fn delegation_input_is_validated() {
    let (world, elsewhere) = (World::new().await, World::new().await);
    let dora = world.add_member("Dora", &json!({})).await;
    let auditor = world.add_member("Audrey", &json!({"role": "auditor"})).await;
    let gone = world.add_member("Gus", &json!({})).await;
    world.change(&gone, &json!({"suspended": true})).await;
    for (body, expected) in [
        (json!({"from": day(-2), "until": day(-1)}), "/until order"),
        (json!({"from": day(5), "until": day(1)}), "/until order"),
        (json!({"from": day(0), "until": day(-367)}), "/until maximum"),
        (json!({"from": "2026-13-01"}), "/from date"),
        (json!({"to": "unknown"}), "/to unknown-member"),
        (json!({"to": elsewhere.fiona.id}), "/to unknown-member"),
        (json!({"to": world.marco.id}), "/to assignable"),
        (json!({"to": auditor.id}), "/to assignable"),
        (json!({"to": gone.id}), "/to assignable"),
        (json!({"ceiling": {"amount": "1.00", "currency": "USD"}}), "/ceiling/currency base-currency"),
        (json!({"ceiling": eur("1.001")}), "/ceiling/amount decimals"),
        (json!({"status": "active"}), "/status unknown-field"),
    ] {
        let answer = delegate(&world, &world.marco, &dora, &body).await;
        assert_eq!(answer.problem(422, "/problems/validation-failed"), [expected], "{body}");
    }
    let answer = world.marco.put(&world.path("members/me/delegation"), &json!({})).await;
    let mut faults = answer.problem(422, "/problems/validation-failed");
    faults.sort_unstable();
    assert_eq!(faults, ["/from required", "/to required", "/until required"]);
    assert_eq!(delegations(&world, &world.marco).await, (Value::Null, json!([])));
    delegate(&world, &world.marco, &dora, &json!({"from": day(0), "until": day(-366)})).await.expect(200);

    let path = world.path("members/me/delegation");
    let stale = world.marco.request(reqwest::Method::DELETE, &path).header("If-Match", "\"1\"");
    crate::support::send(stale).await.problem(412, "/problems/stale-version");
    assert_eq!(delegations(&world, &world.marco).await.0["with"]["name"], "Dora");
}

#[tokio::test]
async fn delegation_is_not_transitive() {
    let world = World::new().await;
    let (dora, emil) = (world.add_member("Dora", &json!({})).await, world.add_member("Emil", &json!({})).await);
    delegate(&world, &world.marco, &dora, &json!({})).await.expect(200);
    delegate(&world, &dora, &emil, &json!({})).await.expect(200);
    let report = world.submitted("40.00").await;
    assert_eq!(world.queue(&emil).await, [] as [Value; 0]);
    world.approve(&emil, &report).await.problem(404, "/problems/not-found");
    assert_eq!(world.approve(&dora, &report).await.expect(200)["status"], "approved");
}

#[tokio::test]
async fn widest_of_two_delegations_applies() {
    let world = World::new().await;
    let (bea, ben) = (world.add_member("Bea", &json!({})).await, world.add_member("Ben", &json!({})).await);
    let dora = world.add_member("Dora", &json!({})).await;
    let either = json!({"name": "Either", "approvers": {"kind": "members", "members": [bea.id, ben.id]}});
    world.put_policy(&json!({"steps": [either]})).await;
    // In both orders: the low ceiling first, then last.
    for (low, high) in [(&bea, &ben), (&ben, &bea)] {
        delegate(&world, low, &dora, &json!({"ceiling": eur("10.00")})).await.expect(200);
        delegate(&world, high, &dora, &json!({"ceiling": eur("50.00")})).await.expect(200);
        let (report, too_much) = (world.submitted("40.00").await, world.submitted("60.00").await);
        let queue = world.queue(&dora).await;
        let listed: Vec<_> = queue.iter().map(|task| (&task["report_id"], &task["on_behalf_of"]["id"])).collect();
        assert_eq!(listed, [(&report["id"], &json!(high.id))]);
        let approved = world.approve(&dora, &report).await.expect(200);
        assert_eq!(approved["steps"][0]["decisions"][0]["on_behalf_of"]["id"], json!(high.id));
        world.approve(&dora, &too_much).await.problem(403, "/problems/approval-limit");
    }
}

#[tokio::test]
async fn delegation_is_capped_by_delegator_limit() {
    let world = World::new().await;
    let dora = world.add_member("Dora", &json!({})).await;
    let report = world.submitted("80.00").await;
    delegate(&world, &world.marco, &dora, &json!({"ceiling": eur("100.00")})).await.expect(200);
    assert_eq!(on_behalf_of(&world, &dora).await, ["Marco Rossi"]);
    world.change(&world.marco, &json!({"approval_limit": eur("79.99")})).await;
    assert_eq!(world.queue(&dora).await, [] as [Value; 0]);
    for person in [&world.marco, &dora] {
        world.approve(person, &report).await.problem(403, "/problems/approval-limit");
    }
    // The same holds for a delegation created afterwards.
    delegate(&world, &world.marco, &dora, &json!({})).await.expect(200);
    world.approve(&dora, &report).await.problem(403, "/problems/approval-limit");
    world.change(&world.marco, &json!({"approval_limit": null})).await;
    assert_eq!(on_behalf_of(&world, &dora).await, ["Marco Rossi"]);
    assert_eq!(world.approve(&dora, &report).await.expect(200)["status"], "approved");
}

#[tokio::test]
async fn delegation_set_by_owner_excludes_own_report() {
    let world = World::new().await;
    let (dora, second) =
        (world.add_member("Dora", &json!({})).await, world.add_member("Sue", &json!({"role": "admin"})).await);
    second
        .patch(&world.path(&format!("members/{}", world.admin.id)), &json!({"manager_id": world.marco.id}))
        .await
        .expect(200);
    let own = world.submit_expenses(&world.admin, &[expense("40.00")]).await.expect(201);
    assert_eq!(approver_names(&own), [["Marco Rossi"]]);
    let path = world.path(&format!("members/{}/delegation", world.marco.id));
    let body = json!({"to": dora.id, "from": day(0), "until": day(-1)});
    world.admin.put(&path, &body).await.expect(200);
    dora.get(&world.report(&own, "")).await.problem(404, "/problems/not-found");
    world.approve(&dora, &own).await.problem(404, "/problems/not-found");
    let others = world.submitted("40.00").await;
    assert_eq!(world.approve(&dora, &others).await.expect(200)["status"], "approved");
    // Set by an admin without an interest in the report, the delegation applies.
    second.put(&path, &body).await.expect(200);
    assert_eq!(world.approve(&dora, &own).await.expect(200)["status"], "approved");
}

#[tokio::test]
async fn delegate_needed_at_later_step_decides_only_there() {
    let world = World::new().await;
    delegate(&world, &world.marco, &world.fiona, &json!({})).await.expect(200);
    let report = world.submitted("640.00").await;
    assert_eq!(approver_names(&report), [["Marco Rossi"], ["Fiona Byrne"]]);
    world.approve(&world.fiona, &report).await.problem(409, "/problems/invalid-state");
    let seen = world.approve(&world.marco, &report).await.expect(200);
    assert_eq!(world.approve(&world.fiona, &seen).await.expect(200)["status"], "approved");
}

#[tokio::test]
async fn auditor_has_no_delegations() {
    let world = World::new().await;
    let (dora, emil) = (world.add_member("Dora", &json!({})).await, world.add_member("Emil", &json!({})).await);
    delegate(&world, &world.marco, &dora, &json!({})).await.expect(200);
    delegate(&world, &dora, &emil, &json!({})).await.expect(200);
    world.change(&dora, &json!({"role": "auditor"})).await;
    assert_eq!(delegations(&world, &world.marco).await, (Value::Null, json!([])));
    assert_eq!(delegations(&world, &dora).await, (Value::Null, json!([])));
    assert_eq!(delegations(&world, &emil).await, (Value::Null, json!([])));
    delegate(&world, &dora, &emil, &json!({})).await.problem(403, "/problems/forbidden");
}

#[tokio::test]
async fn eligible_delegate_gets_approval_mail() {
    let world = World::new().await;
    let dora = world.add_member("Dora", &json!({})).await;
    delegate(&world, &world.marco, &dora, &json!({})).await.expect(200);
    let report = world.submitted("40.00").await;
    let mail = world.mail(&dora, 3).await.remove(2);
    assert_eq!(mail["subject"], "Approve: Client visit Lyon, 40.00 EUR (Ana Silva)");
    assert!(mail["text"].as_str().unwrap().contains("You decide for: Marco Rossi, who is away"), "{mail}");
    world.approve(&dora, &report).await.expect(200);
    // Ana is the approver's delegate, but gets no request: owners cannot decide on their own report.
    delegate(&world, &world.marco, &world.ana, &json!({})).await.expect(200);
    let own = world.submitted("41.00").await;
    world.approve(&world.marco, &own).await.expect(200);
    let subjects: Vec<_> =
        world.mail(&world.ana, 4).await.iter().map(|mail| mail["subject"].as_str().unwrap().to_owned()).collect();
    assert!(subjects.iter().all(|subject| !subject.starts_with("Approve:")), "{subjects:?}");
}

#[tokio::test]
async fn both_sides_are_told_of_a_delegation() {
    let world = World::new().await;
    let dora = world.add_member("Dora", &json!({"language": "fr"})).await;
    let (waiting, above) = (world.submitted("40.00").await, world.submitted("300.00").await);
    // Requests that are sent later go to the delegate, too.
    world.mail(&world.marco, 3).await;
    delegate(&world, &world.marco, &dora, &json!({"ceiling": eur("100.00")})).await.expect(200);
    let told = world.mail(&dora, 2).await.remove(1);
    assert_eq!(told["subject"], "Vous décidez pour Marco Rossi");
    let number = |report: &Value| report["number"].as_str().unwrap().to_owned();
    for part in ["text", "html"] {
        let part = told[part].as_str().unwrap();
        assert!(part.contains(&number(&waiting)) && !part.contains(&number(&above)), "{part}");
    }
    // Two requests came before.
    let told = world.mail(&world.marco, 4).await.remove(3);
    assert_eq!(told["subject"], "Dora decides for you");
    // The same delegation again is no change, and no mail.
    let marco = delegate(&world, &world.marco, &dora, &json!({"ceiling": eur("100.00")})).await.expect(200);
    assert_eq!(delegations(&world, &world.marco).await.0, marco["delegation"]);
    world.marco.delete(&world.path("members/me/delegation")).await.expect(200);
    assert_eq!(world.mail(&dora, 3).await.remove(2)["subject"], "Vous ne décidez plus pour Marco Rossi");
    let mails = world.mail(&world.marco, 5).await;
    assert_eq!((mails.len(), &mails[4]["subject"]), (5, &json!("Dora no longer decides for you")));
}

#[tokio::test]
async fn delegations_of_others_cannot_fill_a_member() {
    let world = World::new().await;
    let dora = world.add_member("Dora", &json!({})).await;
    let mut others = Vec::new();
    for number in 0..20 {
        others.push(world.add_member(&format!("Other{number}"), &json!({})).await);
    }
    for other in &others {
        delegate(&world, other, &dora, &json!({})).await.expect(200);
    }
    delegate(&world, &world.marco, &dora, &json!({})).await.expect(200);
    let (_, acts_for) = delegations(&world, &dora).await;
    let names: Vec<&str> = acts_for.as_array().unwrap().iter().map(|it| it["with"]["name"].as_str().unwrap()).collect();
    assert_eq!((names.len(), names.first(), names.last()), (20, Some(&"Other1"), Some(&"Marco Rossi")));
    // The oldest has ended on both sides.
    assert_eq!(delegations(&world, &others[0]).await.0, Value::Null);
    assert_eq!(world.mail(&others[0], 3).await.remove(2)["subject"], "Dora no longer decides for you");
    let report = world.submitted("40.00").await;
    assert_eq!(world.approve(&dora, &report).await.expect(200)["status"], "approved");
}
