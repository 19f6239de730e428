//! Separation of duties and order of steps: an interested party never decides, and a decided step stays decided.

use reqwest::Method;
use serde_json::{Value, json};

use super::{ALREADY_DECIDED, DUTIES, FORBIDDEN, INVALID, INVALID_STATE, STALE, decide, expect_problems, post};
use crate::support::{Person, World, approver_names, day, eur, expense, violations, with};

const DECISIONS: [&str; 3] = ["approve", "return", "reject"];

/// Asserts that every decision of this person on the report violates separation of duties.
async fn cannot_decide(world: &World, id: &'static str, person: &Person, report: &Value) {
    expect_problems(world, DECISIONS.map(|action| (id, decide(world, person, report, action), DUTIES)).into()).await;
}

/// Delegates a person's decisions to another from today on.
async fn delegate(world: &World, person: &Person, to: &Person) {
    let body = json!({"to": to.id, "from": day(0), "until": day(-7)});
    person.put(&world.path("members/me/delegation"), &body).await.expect(200);
}

/// Policy with the manager step alone.
async fn manager_only(world: &World) {
    world.put_policy(&json!({"steps": [World::policy()["steps"][0]]})).await;
}

#[tokio::test]
async fn owner_of_any_role_cannot_decide_own_report() {
    let world = World::new().await;
    let own = world.submitted("40.00").await;
    cannot_decide(&world, "SOD-01", &world.ana, &own).await;
    let other = world.add_member("Sue", &json!({"role": "admin", "manager_id": world.marco.id})).await;
    let of_admin = world.submit_expenses(&other, &[expense("40.00")]).await.expect(201);
    cannot_decide(&world, "SOD-02", &other, &of_admin).await;
    // Nor can an owner choose the approver.
    let body = json!({"from": world.marco.id, "to": other.id, "reason": "Quicker."});
    let reassign =
        other.request(Method::POST, &world.report(&of_admin, "reassign")).header("If-Match", "\"1\"").json(&body);
    expect_problems(&world, vec![("SOD-02", reassign, DUTIES)]).await;
}

#[tokio::test]
async fn mutual_delegation_gives_owner_no_decision() {
    let world = World::new().await;
    manager_only(&world).await;
    let report = world.submitted("40.00").await;
    // Marco was an approver before Ana delegated to Marco.
    delegate(&world, &world.ana, &world.marco).await;
    delegate(&world, &world.marco, &world.ana).await;
    cannot_decide(&world, "SOD-04", &world.ana, &report).await;
    // SOD-03 differs: an owner could otherwise choose who decides, by delegating to their manager.
    let approved = world.approve(&world.marco, &report).await.expect(200);
    assert_eq!(
        (&approved["status"], &approved["steps"][0]["decisions"][0]["on_behalf_of"]),
        (&json!("approved"), &Value::Null),
        "SOD-03"
    );
}

#[tokio::test]
async fn approver_cannot_decide_two_steps() {
    let world = World::new().await;
    let fred = world.add_member("Fred", &json!({"role": "finance"})).await;
    world.change(&world.ana, &json!({"manager_id": fred.id})).await;
    let report = world.submit_expenses(&world.ana, &[expense("640.00")]).await.expect(201);
    // SOD-05 differs: an approver of one step is not asked again at a later step, even if their role matches. After
    // deciding they get `already-decided`.
    assert_eq!(approver_names(&report), [["Fred"], ["Fiona Byrne"]], "SOD-05");
    let seen = world.approve(&fred, &report).await.expect(200);
    expect_problems(
        &world,
        DECISIONS.map(|action| ("SOD-05", decide(&world, &fred, &seen, action), ALREADY_DECIDED)).into(),
    )
    .await;
    assert_eq!(world.approve(&world.fiona, &seen).await.expect(200)["status"], "approved");
}

#[tokio::test]
async fn preparer_and_payee_cannot_decide() {
    let world = World::new().await;
    let body = json!({"title": "Lyon", "owner_id": world.ana.id, "expenses": [expense("640.00")], "submit": true});
    let entered = world.fiona.post(&world.path("reports"), &body).await.expect(201);
    cannot_decide(&world, "SOD-06", &world.fiona, &entered).await;
    // An approver cannot edit the report.
    let note = json!({"note": "Taxi."});
    let line = world.line(&entered, 0, "");
    expect_problems(&world, vec![("SOD-06", world.marco.request(Method::PATCH, &line).json(&note), FORBIDDEN)]).await;
    let edited = world.fiona.patch(&line, &note).await.expect(200);
    cannot_decide(&world, "SOD-06", &world.fiona, &edited).await;

    // Naming an approver as the payee would take them away.
    let pay =
        |payee: &Person| json!({"title": "Lyon", "payee_id": payee.id, "expenses": [expense("40.00")], "submit": true});
    let refused = world.ana.post(&world.path("reports"), &pay(&world.marco)).await;
    assert_eq!(refused.problem(422, "/problems/validation-failed"), ["/payee_id approver"], "SOD-07");
    let sue = world.add_member("Sue", &json!({"role": "admin"})).await;
    let paid = world.ana.post(&world.path("reports"), &pay(&sue)).await.expect(201);
    cannot_decide(&world, "SOD-07", &sue, &paid).await;
}

#[tokio::test]
async fn approval_limit_is_set_by_others_and_binds_open_reports() {
    let world = World::new().await;
    let sue = world.add_member("Sue", &json!({"role": "admin", "approval_limit": eur("30.00")})).await;
    world
        .put_policy(
            &json!({"steps": [{"name": "Admin", "approvers": {"kind": "members", "members": [world.marco.id]}}]}),
        )
        .await;
    let own = world.path(&format!("members/{}", sue.id));
    let raise = |limit: Value| sue.request(Method::PATCH, &own).json(&json!({"approval_limit": limit}));
    let cases = vec![("SOD-09", raise(eur("5000.00")), DUTIES), ("SOD-09", raise(Value::Null), DUTIES)];
    expect_problems(&world, cases).await;
    let report = world.submitted("40.00").await;
    world.change(&world.marco, &json!({"approval_limit": eur("39.99")})).await;
    let above = (403, "/problems/approval-limit");
    expect_problems(&world, vec![("SOD-11", decide(&world, &world.marco, &report, "approve"), above)]).await;
    world.change(&world.marco, &json!({"approval_limit": eur("40.00")})).await;
    assert_eq!(world.approve(&world.marco, &report).await.expect(200)["status"], "approved", "SOD-11");
}

#[tokio::test]
async fn workflow_step_cannot_be_skipped_or_repeated() {
    let world = World::new().await;
    let draft = world.draft(&world.ana, &[expense("40.00")]).await;
    let report = world.submitted("40.00").await;
    expect_problems(
        &world,
        vec![
            ("WORKFLOW-01", decide(&world, &world.fiona, &draft, "approve"), INVALID_STATE),
            ("WORKFLOW-01", decide(&world, &world.fiona, &draft, "reject"), INVALID_STATE),
        ],
    )
    .await;
    // WORKFLOW-04: the version seen is stale after an edit.
    let noted = world.ana.patch(&world.line(&report, 0, ""), &json!({"note": "Taxi."})).await.expect(200);
    expect_problems(&world, vec![("WORKFLOW-04", decide(&world, &world.marco, &report, "approve"), STALE)]).await;
    // WORKFLOW-06 differs: a claim may be edited while it is with its approvers, and restarts approval at the first
    // step.
    let changed = world.ana.patch(&world.line(&report, 0, ""), &json!({"amount": eur("41.00")})).await.expect(200);
    assert_eq!(
        (&changed["status"], &changed["steps"][0]["decisions"]),
        (&json!("submitted"), &json!([])),
        "WORKFLOW-06"
    );
    expect_problems(&world, vec![("WORKFLOW-06", decide(&world, &world.marco, &noted, "approve"), STALE)]).await;
    let approved = world.approve(&world.marco, &changed).await.expect(200);
    assert_eq!(approved["status"], "approved");
    let recall = |at: &Value| post(&world.ana, &world.report(at, "recall")).json(&json!({}));
    expect_problems(
        &world,
        vec![
            (
                "WORKFLOW-02",
                decide(&world, &world.marco, &approved, "approve").header("Idempotency-Key", "another-one"),
                ALREADY_DECIDED,
            ),
            ("WORKFLOW-02", decide(&world, &world.marco, &approved, "reject"), ALREADY_DECIDED),
            ("WORKFLOW-02", decide(&world, &world.marco, &changed, "approve"), STALE),
            ("WORKFLOW-07", recall(&approved), INVALID_STATE),
            ("WORKFLOW-12", world.ana.request(Method::DELETE, &world.report(&approved, "")), INVALID_STATE),
            ("WORKFLOW-12", world.admin.request(Method::DELETE, &world.report(&approved, "")), FORBIDDEN),
        ],
    )
    .await;
}

#[tokio::test]
async fn unapprovable_report_cannot_be_submitted() {
    let world = World::new().await;
    let submit = |lines: &[Value]| {
        let body = json!({"title": "Lyon", "expenses": lines, "submit": true});
        post(&world.ana, &world.path("reports")).json(&body)
    };
    let empty = world.draft(&world.ana, &[]).await;
    let dinner = with(expense("60.01"), &json!({"category": "meals"}));
    let hotel = with(expense("180.01"), &json!({"category": "lodging", "justification": "There was no other."}));
    expect_problems(
        &world,
        vec![
            ("WORKFLOW-09", submit(&[]), INVALID),
            ("WORKFLOW-09", post(&world.ana, &world.report(&empty, "submit")).json(&json!({})), INVALID),
            ("WORKFLOW-11", submit(std::slice::from_ref(&dinner)), INVALID),
            ("WORKFLOW-11", submit(&[hotel]), INVALID),
        ],
    )
    .await;
    let faults = world
        .submit_expenses(&world.ana, std::slice::from_ref(&dinner))
        .await
        .problem(422, "/problems/validation-failed");
    assert_eq!(faults, ["/expenses/0/justification expense-limit"], "WORKFLOW-11");
    let justified = with(dinner, &json!({"justification": "Two of us."}));
    let report = world.submit_expenses(&world.ana, &[justified]).await.expect(201);
    assert_eq!(violations(&report), ["expense-limit warn 60.00 60.01"], "WORKFLOW-11");
    let manager = json!([{"name": "Manager", "approvers": {"kind": "manager"}}]);
    world.put_policy(&json!({"steps": manager, "fallback": null})).await;
    world.change(&world.ana, &json!({"manager_id": null})).await;
    expect_problems(&world, vec![("WORKFLOW-14", submit(&[expense("40.00")]), (409, "/problems/no-approver"))]).await;
}
