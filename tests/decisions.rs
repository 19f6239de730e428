//! Decisions on reports: step order, concurrent decisions, own reports, and version preconditions.

use serde_json::{Value, json};

use crate::support::{World, expense, send};

#[tokio::test]
async fn manager_and_finance_approve_in_order() {
    let world = World::new().await;
    let report = world.submitted("640.00").await;
    let queue = world.marco.get(&world.path("approvals")).await.expect(200);
    assert_eq!(queue["items"][0]["report_id"], report["id"]);
    assert_eq!(queue["items"][0]["report_version"], 1);
    assert_eq!(queue["items"][0]["total"], json!({"amount": "640.00", "currency": "EUR"}));

    // Finance must wait for the first step.
    world.fiona.post_at(&world.report(&report, "approve"), 1, &json!({})).await.problem(409, "/problems/invalid-state");
    let first =
        world.marco.post_at(&world.report(&report, "approve"), 1, &json!({"comment": "Fine."})).await.expect(200);
    assert_eq!((&first["status"], &first["version"]), (&json!("submitted"), &json!(2)));
    assert_eq!((&first["steps"][0]["status"], &first["steps"][1]["status"]), (&json!("approved"), &json!("pending")));
    assert_eq!(first["steps"][0]["decisions"][0]["comment"], "Fine.");
    assert_eq!(first["steps"][0]["decisions"][0]["by"]["id"], json!(world.marco.id));
    assert_eq!(world.marco.get(&world.path("approvals")).await.expect(200)["items"], json!([]));
    world
        .marco
        .post_at(&world.report(&report, "approve"), 2, &json!({}))
        .await
        .problem(409, "/problems/already-decided");

    let last = world.fiona.post_at(&world.report(&report, "approve"), 2, &json!({})).await.expect(200);
    assert_eq!((&last["status"], &last["version"]), (&json!("approved"), &json!(3)));
    world.ana.post(&world.report(&report, "recall"), &json!({})).await.problem(409, "/problems/invalid-state");

    let history = world.ana.get(&world.report(&report, "history")).await.expect(200);
    let events: Vec<_> = history["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| (event["seq"].clone(), event["type"].clone(), event["actor"]["name"].clone()))
        .collect();
    let expected = [
        (1, "report.created", "Ana Silva"),
        (2, "report.submitted", "Ana Silva"),
        (3, "step.approved", "Marco Rossi"),
        (4, "report.approved", "Fiona Byrne"),
    ];
    assert_eq!(events, expected.map(|(seq, kind, actor)| (json!(seq), json!(kind), json!(actor))));
}

#[tokio::test]
async fn concurrent_approvals_have_one_winner() {
    let world = World::new().await;
    for _ in 0..5 {
        let report = world.submitted("40.00").await;
        let path = world.report(&report, "approve");
        let (no_comment, comment) = (json!({}), json!({"comment": "Second window."}));
        let (one, other) =
            tokio::join!(world.marco.post_at(&path, 1, &no_comment), world.marco.post_at(&path, 1, &comment));
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses[0], 200);
        assert!(matches!(statuses[1], 409 | 412), "{statuses:?}");
        let history = world.ana.get(&world.report(&report, "history")).await.expect(200);
        let approvals = history["items"].as_array().unwrap().iter().filter(|event| event["type"] == "report.approved");
        assert_eq!(approvals.count(), 1);
    }
    // One mail per report and none for the rejected requests: the last report's mail has arrived, and no other.
    let mails = world.mail(&world.ana, 6).await;
    assert_eq!(mails.iter().filter(|mail| mail["subject"].as_str().unwrap().starts_with("Approved")).count(), 5);
    assert_eq!(mails.len(), 6, "five approvals and one invitation");
}

#[tokio::test]
async fn concurrent_approve_and_return_have_one_winner() {
    let world = World::new().await;
    let report = world.submitted("40.00").await;
    let (empty, reason) = (json!({}), json!({"reason": "Which client?"}));
    let (approve, back) = (world.report(&report, "approve"), world.report(&report, "return"));
    let (approved, returned) =
        tokio::join!(world.marco.post_at(&approve, 1, &empty), world.marco.post_at(&back, 1, &reason));
    let winner = if approved.status == 200 { "approved" } else { "returned" };
    assert_eq!([approved.status, returned.status].iter().filter(|status| **status == 200).count(), 1);
    assert_eq!(world.ana.get(&world.report(&report, "")).await.expect(200)["status"], winner);
}

#[tokio::test]
async fn returned_report_can_be_edited_and_resubmitted() {
    let world = World::new().await;
    let report = world.submitted("40.00").await;
    let faults = world
        .marco
        .post_at(&world.report(&report, "return"), 1, &json!({}))
        .await
        .problem(422, "/problems/validation-failed");
    assert_eq!(faults, ["/reason required"]);
    let returned =
        world.marco.post_at(&world.report(&report, "return"), 1, &json!({"reason": "Which client?"})).await.expect(200);
    assert_eq!((&returned["status"], &returned["steps"][0]["status"]), (&json!("returned"), &json!("returned")));
    assert_eq!(returned["steps"][0]["decisions"][0]["comment"], "Which client?");
    let edited = world.ana.post(&world.report(&report, "expenses"), &expense("8.00")).await.expect(200);
    assert_eq!((&edited["status"], &edited["violations"]), (&json!("returned"), &json!([])));
    let again = world.ana.post(&world.report(&report, "submit"), &json!({})).await.expect(200);
    assert_eq!(again["totals"]["total"]["amount"], "48.00");
    let version = again["version"].as_u64().unwrap();
    world.marco.post_at(&world.report(&report, "approve"), version, &json!({})).await.expect(200);
}

#[tokio::test]
async fn rejected_report_cannot_be_reopened() {
    let world = World::new().await;
    let report = world.submitted("40.00").await;
    world.marco.post_at(&world.report(&report, "reject"), 1, &json!({"reason": "Private."})).await.expect(200);
    world.ana.post(&world.report(&report, "submit"), &json!({})).await.problem(409, "/problems/invalid-state");
    world.ana.post(&world.report(&report, "expenses"), &expense("8.00")).await.problem(409, "/problems/invalid-state");
    world
        .marco
        .post_at(&world.report(&report, "approve"), 2, &json!({}))
        .await
        .problem(409, "/problems/already-decided");
}

#[tokio::test]
async fn decision_requires_if_match_of_current_version() {
    let world = World::new().await;
    let report = world.submitted("40.00").await;
    let path = world.report(&report, "approve");
    world.marco.post(&path, &json!({})).await.problem(428, "/problems/precondition-required");
    for tag in ["*", "\"1\", \"2\""] {
        let unseen = world.marco.request(reqwest::Method::POST, &path).header("If-Match", tag).json(&json!({}));
        send(unseen).await.problem(428, "/problems/precondition-required");
    }
    for tag in ["\"7\"", "W/\"1\"", "\"stale\""] {
        let stale = world.marco.request(reqwest::Method::POST, &path).header("If-Match", tag).json(&json!({}));
        send(stale).await.problem(412, "/problems/stale-version");
    }
    // The report was recalled, edited and resubmitted, so version 1 is stale.
    world.ana.post(&world.report(&report, "recall"), &json!({})).await.expect(200);
    world.ana.post(&world.report(&report, "expenses"), &expense("900.00")).await.expect(200);
    world.ana.post(&world.report(&report, "submit"), &json!({})).await.expect(200);
    world.marco.post_at(&path, 1, &json!({})).await.problem(412, "/problems/stale-version");
}

#[tokio::test]
async fn owner_cannot_decide_own_report_in_any_role() {
    let world = World::new().await;
    let manager = json!({"manager_id": world.marco.id, "role": "admin"});
    let chief = world.join("Carl Chief", &format!("carl@{}.example.com", world.org.replace('_', "-")), &manager).await;
    // Fiona is the only finance member, so Fiona's total stays below the finance step. An admin decides at one step only.
    for (owner, amount) in [(&world.ana, "700.00"), (&chief, "700.00"), (&world.fiona, "300.00")] {
        let body = json!({"title": "Mine", "expenses": [expense(amount)], "submit": true});
        let answer = owner.post(&world.path("reports"), &body).await;
        let report: Value = answer.expect(201);
        for step in report["steps"].as_array().unwrap() {
            assert!(
                step["approvers"].as_array().unwrap().iter().all(|person| person["id"] != json!(owner.id)),
                "{step}"
            );
        }
        for decision in ["approve", "return", "reject"] {
            let answer = owner.post_at(&world.report(&report, decision), 1, &json!({"reason": "x"})).await;
            let expected = if decision == "approve" {
                (422, "/problems/validation-failed")
            } else {
                (403, "/problems/segregation-of-duties")
            };
            answer.problem(expected.0, expected.1);
        }
        owner
            .post_at(&world.report(&report, "approve"), 1, &json!({}))
            .await
            .problem(403, "/problems/segregation-of-duties");
    }
}
