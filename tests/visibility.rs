//! Visibility: resources that a caller may not see are answered like resources that do not exist.

use serde_json::json;

use crate::support::{World, expense};

#[tokio::test]
async fn foreign_organisation_resources_return_not_found() {
    let (mine, other) = (World::new().await, World::new().await);
    let report = other.submitted("40.00").await;
    let absent = mine.ana.get(&mine.path("reports/rep_01k0000000e2t8r0000000000a")).await;
    let strip = |text: &str, id: &str| text.replace(id, "");
    let shape = strip(&absent.text, absent.header("x-request-id"));
    for person in [&mine.ana, &mine.fiona, &mine.admin] {
        for path in [
            other.report(&report, ""),
            other.report(&report, "history"),
            other.path("policy"),
            other.path("members"),
            mine.report(&report, ""),
        ] {
            let answer = person.get(&path).await;
            answer.problem(404, "/problems/not-found");
            // Byte for byte the answer for a resource that never existed, except for the request id.
            assert_eq!(strip(&answer.text, answer.header("x-request-id")), shape);
        }
        person.post_at(&other.report(&report, "approve"), 1, &json!({})).await.problem(404, "/problems/not-found");
        person.post(&other.report(&report, "expenses"), &expense("1.00")).await.problem(404, "/problems/not-found");
    }
    assert_eq!(other.ana.get(&other.report(&report, "")).await.expect(200), report);
}

#[tokio::test]
async fn report_is_visible_only_to_involved_members() {
    let world = World::new().await;
    let at = world.org.replace('_', "-");
    let auditor = world.join("Aud Itor", &format!("aud@{at}.example.com"), &json!({"role": "auditor"})).await;
    let colleague = world.join("Colin League", &format!("colin@{at}.example.com"), &json!({})).await;
    let report = world.submitted("40.00").await;
    for person in [&world.ana, &world.marco, &world.fiona, &world.admin, &auditor] {
        person.get(&world.report(&report, "")).await.expect(200);
    }
    colleague.get(&world.report(&report, "")).await.problem(404, "/problems/not-found");
    colleague.post_at(&world.report(&report, "approve"), 1, &json!({})).await.problem(404, "/problems/not-found");
    auditor.post_at(&world.report(&report, "approve"), 1, &json!({})).await.problem(403, "/problems/forbidden");
    auditor.post(&world.path("reports"), &json!({"title": "x"})).await.problem(403, "/problems/forbidden");
    world.admin.post_at(&world.report(&report, "approve"), 1, &json!({})).await.problem(403, "/problems/forbidden");
}

#[tokio::test]
async fn expense_under_other_report_returns_not_found() {
    let world = World::new().await;
    let body = json!({"title": "x", "expenses": [expense("1.00")]});
    let one = world.ana.post(&world.path("reports"), &body).await.expect(201);
    let other = world.ana.post(&world.path("reports"), &body).await.expect(201);
    let line = one["expenses"][0]["id"].as_str().unwrap();
    world.ana.delete(&world.report(&other, &format!("expenses/{line}"))).await.problem(404, "/problems/not-found");
}

#[tokio::test]
async fn forbidden_action_is_rejected_before_validation() {
    let world = World::new().await;
    let report = world.submitted("40.00").await;
    let broken = |path: &str| {
        world.fiona.request(reqwest::Method::POST, path).header("Content-Type", "application/json").body("{x")
    };
    // Finance sees the report but is neither an approver nor the owner.
    for action in ["approve", "return", "submit", "recall", "expenses"] {
        crate::support::send(broken(&world.report(&report, action))).await.problem(403, "/problems/forbidden");
    }
}
