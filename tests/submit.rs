//! Submission of a report: in one request, and after adding expenses.

use serde_json::json;

use crate::support::{World, day, expense, today};

#[tokio::test]
async fn create_with_submit_evaluates_and_routes_report() {
    let world = World::new().await;
    let mut meal = expense("85.00");
    meal["category"] = json!("meals");
    meal["tax"] = json!({"amount": "7.73", "currency": "EUR"});
    meal["justification"] = json!("Dinner with the client.");
    let mut card = expense("412.50");
    card["payment_method"] = json!("company_card");
    card.as_object_mut().unwrap().remove("receipt_reference");
    let mut old = expense("20.00");
    old["date"] = json!(day(120));
    let body = json!({"title": "Client visit Lyon", "expenses": [meal, card, old], "submit": true});
    let answer = world.ana.post(&world.path("reports"), &body).await;
    let report = answer.expect(201);

    assert!(report["id"].as_str().unwrap().starts_with("rep_"));
    assert_eq!(answer.header("location"), world.report(&report, ""));
    assert_eq!(answer.header("etag"), "\"1\"");
    assert_eq!((&report["status"], &report["version"]), (&json!("submitted"), &json!(1)));
    assert_eq!(report["owner"], json!({"id": world.ana.id, "name": "Ana Silva"}));
    let eur = |amount: &str| json!({"amount": amount, "currency": "EUR"});
    assert_eq!(
        report["totals"],
        json!({"total": eur("517.50"), "tax": eur("7.73"), "net": eur("509.77"), "reimbursable": eur("105.00"), "not_reimbursed": eur("0.00"), "repayable": eur("0.00")})
    );
    assert_eq!(report["base_total"], eur("517.50"));

    let found: Vec<_> = report["violations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|found| (found["rule"].clone(), found["severity"].clone()))
        .collect();
    assert_eq!(
        found,
        [("expense-limit", "warn"), ("receipt-required", "warn"), ("maximum-age", "warn")]
            .map(|(rule, severity)| (json!(rule), json!(severity)))
    );
    let limit = &report["violations"][0];
    assert_eq!((&limit["limit"], &limit["actual"]), (&eur("60.00"), &eur("85.00")));
    assert_eq!(limit["message"], "85.00 EUR at SNCF is above the limit of 60.00 EUR per expense for Meals.");
    assert_eq!(limit["expense_ids"], json!([report["expenses"][0]["id"]]));
    assert_eq!(
        (&report["violations"][2]["limit"], &report["violations"][2]["actual"]),
        (&json!({"days": 90}), &json!({"days": 120}))
    );

    let steps = report["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 2);
    assert_eq!((&steps[0]["status"], &steps[1]["status"]), (&json!("pending"), &json!("waiting")));
    assert_eq!(steps[0]["approvers"], json!([{"id": world.marco.id, "name": "Marco Rossi"}]));
    assert_eq!(steps[0]["reason"], "This step applies to every report. It is decided by the owner's manager.");
    assert_eq!(steps[1]["approvers"], json!([{"id": world.fiona.id, "name": "Fiona Byrne"}]));
    assert_eq!(
        steps[1]["reason"],
        "The total of 517.50 EUR reaches 500.00 EUR. It is decided by a member with the role finance."
    );
    assert!(steps[0]["due_on"].as_str().unwrap() > today().as_str());

    // The response equals the stored report.
    let stored = world.ana.get(&world.report(&report, "")).await.expect(200);
    assert_eq!(stored, report);
}

#[tokio::test]
async fn draft_with_added_expense_can_be_submitted() {
    let world = World::new().await;
    let draft = world.ana.post(&world.path("reports"), &json!({"title": "Lyon"})).await.expect(201);
    assert_eq!((&draft["status"], &draft["steps"]), (&json!("draft"), &json!([])));
    world.ana.post(&world.report(&draft, "submit"), &json!({})).await.problem(422, "/problems/validation-failed");
    world.ana.post(&world.report(&draft, "expenses"), &expense("12.00")).await.expect(200);
    // A missing body is equivalent to an empty one.
    let bare = world.ana.request(reqwest::Method::POST, &world.report(&draft, "submit"));
    let submitted = crate::support::send(bare).await.expect(200);
    assert_eq!((&submitted["status"], &submitted["version"]), (&json!("submitted"), &json!(3)));
    world.ana.post(&world.report(&draft, "submit"), &json!({})).await.problem(409, "/problems/invalid-state");
}

#[tokio::test]
async fn blocked_submission_stores_no_report() {
    let world = World::new().await;
    let mut meal = expense("85.00");
    meal["category"] = json!("meals");
    let mut hotel = expense("300.00");
    hotel["category"] = json!("lodging");
    hotel["justification"] = json!("It was late.");
    let mut unknown = expense("3.00");
    unknown["category"] = json!("yachts");
    let body = json!({"title": "Lyon", "expenses": [meal, hotel, unknown], "submit": true});
    let faults = world.ana.post(&world.path("reports"), &body).await.problem(422, "/problems/validation-failed");
    assert_eq!(
        faults,
        [
            "/expenses/0/justification expense-limit",
            "/expenses/1/amount expense-limit",
            "/expenses/2/category unknown-category"
        ]
    );
    let reports = world.ana.get(&world.path("reports")).await.expect(200);
    assert_eq!(reports["items"], json!([]));
}

#[tokio::test]
async fn recalled_report_can_be_submitted_again() {
    let world = World::new().await;
    let report = world.submitted("40.00").await;
    let recalled = world.ana.post(&world.report(&report, "recall"), &json!({})).await.expect(200);
    assert_eq!((&recalled["status"], &recalled["steps"]), (&json!("draft"), &json!([])));
    let queue = world.marco.get(&world.path("approvals")).await.expect(200);
    assert_eq!(queue["items"], json!([]));
    world.ana.post(&world.report(&report, "recall"), &json!({})).await.problem(409, "/problems/invalid-state");
    world.ana.post(&world.report(&report, "submit"), &json!({})).await.expect(200);
}

#[tokio::test]
async fn submission_without_eligible_approver_is_rejected() {
    let world = World::new().await;
    // The admin has no manager, and the only fallback admin is the owner.
    let body = json!({"title": "Mine", "expenses": [expense("10.00")], "submit": true});
    world.admin.post(&world.path("reports"), &body).await.problem(409, "/problems/no-approver");
    // Marco has no manager either, but an admin as fallback.
    let report = world.marco.post(&world.path("reports"), &body).await.expect(201);
    assert_eq!(report["steps"][0]["approvers"], json!([{"id": world.admin.id, "name": "Ada Admin"}]));
    assert_eq!(
        report["steps"][0]["reason"],
        "This step applies to every report. It is for the owner's manager. No other approver is eligible, so the fallback approvers decide."
    );
}
