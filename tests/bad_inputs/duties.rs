//! Separation of duties, and steps that cannot be skipped: who had a part in a report never decides on it, and what is decided stays so.

use reqwest::Method;
use serde_json::{Value, json};

use super::{ALREADY_DECIDED, DUTIES, FORBIDDEN, INVALID, INVALID_STATE, STALE, decide, post, refused};
use crate::support::{Person, World, asked, day, eur, expense, found, with};

const DECISIONS: [&str; 3] = ["approve", "return", "reject"];

/// Every decision of a person on a report is against the duties.
async fn barred(world: &World, id: &'static str, person: &Person, report: &Value) {
    refused(world, DECISIONS.map(|action| (id, decide(world, person, report, action), DUTIES)).into()).await;
}

/// Lets somebody decide for a person from today on.
async fn delegate(world: &World, person: &Person, to: &Person) {
    let body = json!({"to": to.id, "from": day(0), "until": day(-7)});
    person.put(&world.path("members/me/delegation"), &body).await.expect(200);
}

/// The manager alone decides.
async fn manager_only(world: &World) {
    world.rule(&json!({"steps": [World::policy()["steps"][0]]})).await;
}

#[tokio::test]
async fn nobody_decides_on_his_own_whatever_his_role() {
    let world = World::new().await;
    let own = world.submitted("40.00").await;
    barred(&world, "SOD-01", &world.ana, &own).await;
    let other = world.hire("Sue", &json!({"role": "admin", "manager_id": world.marco.id})).await;
    let of_admin = world.claim(&other, &[expense("40.00")]).await.expect(201);
    barred(&world, "SOD-02", &other, &of_admin).await;
    // Nor does he choose who decides.
    let body = json!({"from": world.marco.id, "to": other.id, "reason": "Quicker."});
    let reassign =
        other.request(Method::POST, &world.report(&of_admin, "reassign")).header("If-Match", "\"1\"").json(&body);
    refused(&world, vec![("SOD-02", reassign, DUTIES)]).await;
}

#[tokio::test]
async fn a_delegation_closes_no_loop() {
    let world = World::new().await;
    manager_only(&world).await;
    let report = world.submitted("40.00").await;
    // He was asked before she appointed him.
    delegate(&world, &world.ana, &world.marco).await;
    barred(&world, "SOD-03", &world.marco, &report).await;
    delegate(&world, &world.marco, &world.ana).await;
    barred(&world, "SOD-04", &world.ana, &report).await;
    barred(&world, "SOD-04", &world.marco, &report).await;
}

#[tokio::test]
async fn one_person_decides_at_one_level() {
    let world = World::new().await;
    let fred = world.hire("Fred", &json!({"role": "finance"})).await;
    world.change(&world.ana, &json!({"manager_id": fred.id})).await;
    let report = world.claim(&world.ana, &[expense("640.00")]).await.expect(201);
    // SOD-05 differs: who is asked at one step is not asked at a later one, though his role would be. Once he has decided he hears that he
    // has had his say.
    assert_eq!(asked(&report), [["Fred"], ["Fiona Byrne"]], "SOD-05");
    let seen = world.approve(&fred, &report).await.expect(200);
    refused(&world, DECISIONS.map(|action| ("SOD-05", decide(&world, &fred, &seen, action), ALREADY_DECIDED)).into())
        .await;
    assert_eq!(world.approve(&world.fiona, &seen).await.expect(200)["status"], "approved");
}

#[tokio::test]
async fn who_prepared_it_or_is_paid_does_not_decide() {
    let world = World::new().await;
    let body = json!({"title": "Lyon", "owner_id": world.ana.id, "expenses": [expense("640.00")], "submit": true});
    let entered = world.fiona.post(&world.path("reports"), &body).await.expect(201);
    barred(&world, "SOD-06", &world.fiona, &entered).await;
    // Whoever is asked to decide cannot become an editor on the way.
    let note = json!({"note": "Taxi."});
    let line = world.line(&entered, 0, "");
    refused(&world, vec![("SOD-06", world.marco.request(Method::PATCH, &line).json(&note), FORBIDDEN)]).await;
    let edited = world.fiona.patch(&line, &note).await.expect(200);
    barred(&world, "SOD-06", &world.fiona, &edited).await;

    let body = json!({"title": "Lyon", "payee_id": world.marco.id, "expenses": [expense("40.00")], "submit": true});
    let paid = world.ana.post(&world.path("reports"), &body).await.expect(201);
    barred(&world, "SOD-07", &world.marco, &paid).await;
}

#[tokio::test]
async fn a_limit_is_raised_by_another_and_holds_for_what_is_open() {
    let world = World::new().await;
    let sue = world.hire("Sue", &json!({"role": "admin", "approval_limit": eur("30.00")})).await;
    world
        .rule(&json!({"steps": [{"name": "Admin", "approvers": {"kind": "members", "members": [world.marco.id]}}]}))
        .await;
    let own = world.path(&format!("members/{}", sue.id));
    let raise = |limit: Value| sue.request(Method::PATCH, &own).json(&json!({"approval_limit": limit}));
    let cases = vec![("SOD-09", raise(eur("5000.00")), DUTIES), ("SOD-09", raise(Value::Null), DUTIES)];
    refused(&world, cases).await;
    let report = world.submitted("40.00").await;
    world.change(&world.marco, &json!({"approval_limit": eur("39.99")})).await;
    let above = (403, "/problems/approval-limit");
    refused(&world, vec![("SOD-11", decide(&world, &world.marco, &report, "approve"), above)]).await;
    world.change(&world.marco, &json!({"approval_limit": eur("40.00")})).await;
    assert_eq!(world.approve(&world.marco, &report).await.expect(200)["status"], "approved", "SOD-11");
}

#[tokio::test]
async fn no_step_is_skipped_or_repeated() {
    let world = World::new().await;
    let draft = world.draft(&world.ana, &[expense("40.00")]).await;
    let report = world.submitted("40.00").await;
    refused(
        &world,
        vec![
            ("WORKFLOW-01", decide(&world, &world.fiona, &draft, "approve"), INVALID_STATE),
            ("WORKFLOW-01", decide(&world, &world.fiona, &draft, "reject"), INVALID_STATE),
        ],
    )
    .await;
    // WORKFLOW-04: what he has seen is not what it is now.
    let noted = world.ana.patch(&world.line(&report, 0, ""), &json!({"note": "Taxi."})).await.expect(200);
    refused(&world, vec![("WORKFLOW-04", decide(&world, &world.marco, &report, "approve"), STALE)]).await;
    // WORKFLOW-06 differs: a claim may be changed while it is with its approvers, and then goes through approval anew from its first step.
    let changed = world.ana.patch(&world.line(&report, 0, ""), &json!({"amount": eur("41.00")})).await.expect(200);
    assert_eq!(
        (&changed["status"], &changed["steps"][0]["decisions"]),
        (&json!("submitted"), &json!([])),
        "WORKFLOW-06"
    );
    refused(&world, vec![("WORKFLOW-06", decide(&world, &world.marco, &noted, "approve"), STALE)]).await;
    let approved = world.approve(&world.marco, &changed).await.expect(200);
    assert_eq!(approved["status"], "approved");
    let recall = |at: &Value| post(&world.ana, &world.report(at, "recall")).json(&json!({}));
    refused(
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
async fn nothing_is_submitted_that_cannot_be_judged_or_decided() {
    let world = World::new().await;
    let submit = |lines: &[Value]| {
        let body = json!({"title": "Lyon", "expenses": lines, "submit": true});
        post(&world.ana, &world.path("reports")).json(&body)
    };
    let empty = world.draft(&world.ana, &[]).await;
    let dinner = with(expense("60.01"), &json!({"category": "meals"}));
    let hotel = with(expense("180.01"), &json!({"category": "lodging", "justification": "There was no other."}));
    refused(
        &world,
        vec![
            ("WORKFLOW-09", submit(&[]), INVALID),
            ("WORKFLOW-09", post(&world.ana, &world.report(&empty, "submit")).json(&json!({})), INVALID),
            ("WORKFLOW-11", submit(std::slice::from_ref(&dinner)), INVALID),
            ("WORKFLOW-11", submit(&[hotel]), INVALID),
        ],
    )
    .await;
    let faults =
        world.claim(&world.ana, std::slice::from_ref(&dinner)).await.problem(422, "/problems/validation-failed");
    assert_eq!(faults, ["/expenses/0/justification expense-limit"], "WORKFLOW-11");
    let justified = with(dinner, &json!({"justification": "Two of us."}));
    let report = world.claim(&world.ana, &[justified]).await.expect(201);
    assert_eq!(found(&report), ["expense-limit warn 60.00 60.01"], "WORKFLOW-11");
    let manager = json!([{"name": "Manager", "approvers": {"kind": "manager"}}]);
    world.rule(&json!({"steps": manager, "fallback": null})).await;
    world.change(&world.ana, &json!({"manager_id": null})).await;
    refused(&world, vec![("WORKFLOW-14", submit(&[expense("40.00")]), (409, "/problems/no-approver"))]).await;
}
