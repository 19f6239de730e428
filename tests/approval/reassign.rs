//! Reassignment of a pending step to another approver.

use serde_json::{Value, json};

use super::step;
use crate::support::{Answer, Person, World, approver_names, day, expense};

async fn reassign(world: &World, by: &Person, report: &Value, from: &Person, to: &Person) -> Answer {
    let body = json!({"from": from.id, "to": to.id, "reason": "Marco is on leave."});
    world.decide(by, report, "reassign", &body).await
}

#[tokio::test]
async fn reassigned_step_is_decided_by_new_approver_only() {
    let world = World::new().await;
    let dora = world.add_member("Dora", &json!({})).await;
    let report = world.submitted("40.00").await;
    dora.get(&world.report(&report, "")).await.problem(404, "/problems/not-found");
    let changed = reassign(&world, &world.admin, &report, &world.marco, &dora).await.expect(200);
    assert_eq!((&changed["version"], &changed["status"]), (&json!(2), &json!("submitted")));
    assert_eq!(approver_names(&changed), [["Dora"]]);
    let why = "This step applies to every report. It is decided by the owner's manager. An admin has reassigned it.";
    assert_eq!(changed["steps"][0]["reason"], why);

    let mail = world.mail(&dora, 2).await.remove(1);
    assert_eq!(mail["subject"], "Approve: Client visit Lyon, 40.00 EUR (Ana Silva)");
    assert!(mail["text"].as_str().unwrap().contains("Reassigned because: Marco is on leave."), "{mail}");
    world.marco.get(&world.report(&report, "")).await.problem(404, "/problems/not-found");
    world.approve(&world.marco, &changed).await.problem(404, "/problems/not-found");
    assert_eq!(world.queue(&world.marco).await, [] as [Value; 0]);
    let queue = world.queue(&dora).await;
    assert_eq!((&queue[0]["report_id"], &queue[0]["report_version"]), (&report["id"], &json!(2)));
    assert_eq!(queue.len(), 1);

    assert_eq!(world.approve(&dora, &changed).await.expect(200)["status"], "approved");
    let history = world.ana.get(&world.report(&report, "history")).await.expect(200);
    let event = &history["items"][2];
    assert_eq!((&event["type"], &event["actor"]["name"]), (&json!("step.reassigned"), &json!("Ada Admin")));
    assert_eq!(
        (&event["data"]["reason"], &event["data"]["from"]),
        (&json!("Marco is on leave."), &json!(world.marco.id))
    );
}

#[tokio::test]
async fn reassignment_to_interested_party_is_forbidden() {
    let world = World::new().await;
    let (payee, stand_in) = (world.add_member("Paul", &json!({})).await, world.add_member("Stan", &json!({})).await);
    let body = json!({
        "title": "Lyon", "owner_id": world.ana.id, "payee_id": payee.id, "expenses": [expense("40.00")], "submit": true,
    });
    let report = world.fiona.post(&world.path("reports"), &body).await.expect(201);
    let delegation = json!({"to": stand_in.id, "from": day(0), "until": day(-5)});
    payee.put(&world.path("members/me/delegation"), &delegation).await.expect(200);
    // Owner, preparer, payee.
    for barred in [&world.ana, &world.fiona, &payee] {
        let answer = reassign(&world, &world.admin, &report, &world.marco, barred).await;
        answer.problem(403, "/problems/segregation-of-duties");
    }
    // A party's delegation takes nobody away: the delegate is eligible.
    let changed = reassign(&world, &world.admin, &report, &world.marco, &stand_in).await.expect(200);
    assert_eq!(approver_names(&changed), [["Stan"]]);
}

#[tokio::test]
async fn reassignment_to_ineligible_member_is_rejected() {
    let world = World::new().await;
    let finance = step("Finance", &json!({"kind": "role", "role": "finance"}));
    world.put_policy(&json!({"steps": [step("Manager", &json!({"kind": "manager"})), finance]})).await;
    let auditor = world.add_member("Audrey", &json!({"role": "auditor"})).await;
    let gone = world.add_member("Gus", &json!({})).await;
    world.change(&gone, &json!({"suspended": true})).await;
    let small = world.add_member("Sam", &json!({"approval_limit": {"amount": "39.99", "currency": "EUR"}})).await;
    let report = world.submitted("40.00").await;
    for (to, detail) in [
        (&auditor, "This member cannot approve."),
        (&gone, "This member cannot approve."),
        (&small, "This member has an approval limit below the total."),
        (&world.fiona, "This member decides at another step of it."),
    ] {
        let answer = reassign(&world, &world.admin, &report, &world.marco, to).await;
        assert_eq!(answer.problem(422, "/problems/validation-failed"), ["/to assignable"], "{}", to.email);
        assert_eq!(answer.json()["errors"][0]["detail"], detail);
    }
    let unknown = Person { id: "mem_01k0000000e2t8r0000000000a".to_owned(), ..small.clone() };
    let answer = reassign(&world, &world.admin, &report, &world.marco, &unknown).await;
    assert_eq!(answer.problem(422, "/problems/validation-failed"), ["/to unknown-member"]);
    // Fiona's step is not active yet, and Sam is an approver of no step.
    let nina = world.add_member("Nina", &json!({})).await;
    for from in [&world.fiona, &small] {
        let answer = reassign(&world, &world.admin, &report, from, &nina).await;
        assert_eq!(answer.problem(422, "/problems/validation-failed"), ["/from not-asked"]);
    }
    let answer = world.decide(&world.admin, &report, "reassign", &json!({"from": "x", "to": 1, "why": "x"})).await;
    let mut faults = answer.problem(422, "/problems/validation-failed");
    faults.sort_unstable();
    assert_eq!(faults, ["/from unknown-member", "/reason required", "/to type", "/why unknown-field"]);
    assert_eq!(world.ana.get(&world.report(&report, "")).await.expect(200), report);
}

#[tokio::test]
async fn reassignment_of_decided_approver_is_rejected() {
    let world = World::new().await;
    let (bea, ben, nina) = (
        world.add_member("Bea", &json!({})).await,
        world.add_member("Ben", &json!({})).await,
        world.add_member("Nina", &json!({})).await,
    );
    let mut both = step("Both", &json!({"kind": "members", "members": [bea.id, ben.id]}));
    both["mode"] = json!("all");
    world.put_policy(&json!({"steps": [both]})).await;
    let report = world.submitted("40.00").await;
    let agreed = world.approve(&bea, &report).await.expect(200);
    let answer = reassign(&world, &world.admin, &agreed, &bea, &nina).await;
    assert_eq!(answer.problem(422, "/problems/validation-failed"), ["/from not-asked"]);
    let answer = reassign(&world, &world.admin, &agreed, &ben, &bea).await;
    assert_eq!(answer.problem(422, "/problems/validation-failed"), ["/to assignable"]);
    let changed = reassign(&world, &world.admin, &agreed, &ben, &nina).await.expect(200);
    assert_eq!(
        (approver_names(&changed), &changed["steps"][0]["remaining"]),
        (vec![vec!["Bea".to_owned(), "Nina".to_owned()]], &json!(1))
    );
    assert_eq!(world.approve(&nina, &changed).await.expect(200)["status"], "approved");
}

#[tokio::test]
async fn reassignment_requires_admin_without_interest() {
    let world = World::new().await;
    let (dora, second) =
        (world.add_member("Dora", &json!({})).await, world.add_member("Sue", &json!({"role": "admin"})).await);
    let report = world.submitted("40.00").await;
    for person in [&world.fiona, &world.marco, &world.ana] {
        let answer = reassign(&world, person, &report, &world.marco, &dora).await;
        answer.problem(403, "/problems/forbidden");
    }
    reassign(&world, &dora, &report, &world.marco, &dora).await.problem(404, "/problems/not-found");
    let own = world.submit_expenses(&world.admin, &[expense("40.00")]).await.expect(201);
    assert_eq!(approver_names(&own), [["Sue"]]);
    reassign(&world, &world.admin, &own, &second, &dora).await.problem(403, "/problems/segregation-of-duties");

    let body = json!({"from": world.marco.id, "to": dora.id, "reason": "On leave."});
    let path = world.report(&report, "reassign");
    world.admin.post(&path, &body).await.problem(428, "/problems/precondition-required");
    world.admin.post_at(&path, 7, &body).await.problem(412, "/problems/stale-version");
    let approved = world.approve(&world.marco, &report).await.expect(200);
    reassign(&world, &world.admin, &approved, &world.marco, &dora).await.problem(409, "/problems/invalid-state");
}
