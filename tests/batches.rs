//! Reimbursement over HTTP: batches by names and by filter, four eyes, holds, settlement, set-off, and the background
//! work behind them, repeated and concurrent.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Answer, Person, World, day, eur, expense, invoke, now, own_stack, version, wait_until, with};

/// Puts rules in force that hold no payment for a recent change alone.
async fn without_holds(world: &World) {
    world.put_policy(&json!({"payments": {"hold_account_changes_days": 0}})).await;
}

async fn set_account(world: &World, person: &Person, iban: &str) {
    let account = json!({"holder": "Payee", "iban": iban});
    person.put(&world.path("members/me/payout_account"), &account).await.expect(200);
}

/// An organisation of which Ana has an account, and no payment is held for its age.
async fn treasury() -> World {
    let world = World::new().await;
    prepare(&world).await;
    world
}

async fn prepare(world: &World) {
    without_holds(world).await;
    world.set_debtor().await;
    set_account(world, &world.ana, "DE89370400440532013000").await;
}

/// Report of a member with these lines, approved by their manager Marco.
async fn approved(world: &World, owner: &Person, lines: &[Value]) -> Value {
    let report = world.submit_expenses(owner, lines).await.expect(201);
    world.approve(&world.marco, &report).await.expect(200)
}

/// Report of Ana's by company card, of which Marco grants a part. The rest is owed.
async fn owing(world: &World, amount: &str, granted: &str) -> Value {
    let line = with(expense(amount), &json!({"payment_method": "company_card"}));
    let report = world.submit_expenses(&world.ana, &[line]).await.expect(201);
    let less = json!({
        "expense_id": report["expenses"][0]["id"], "approved_amount": eur(granted), "reason": "The rest is private.",
    });
    world.decide(&world.marco, &report, "approve", &json!({"expenses": [less]})).await.expect(200)
}

async fn create(world: &World, by: &Person, selection: &Value) -> Answer {
    let body = with(json!({"execution_date": day(-3), "format": "pain001"}), selection);
    by.post(&world.path("batches"), &body).await
}

/// Every report that is approved until tomorrow.
fn all_approved() -> Value {
    json!({"approved_until": day(-1)})
}

fn named(reports: &[&Value]) -> Value {
    json!({"reports": reports.iter().map(|report| report["id"].clone()).collect::<Vec<_>>()})
}

fn path(world: &World, batch: &Value, rest: &str) -> String {
    let path = world.path(&format!("batches/{}", batch["id"].as_str().unwrap()));
    if rest.is_empty() { path } else { format!("{path}/{rest}") }
}

async fn read(world: &World, batch: &Value) -> Value {
    world.admin.get(&path(world, batch, "")).await.expect(200)
}

/// Waits until a batch has a status; returns it.
async fn reaches(world: &World, batch: &Value, status: &str) -> Value {
    let ask = || async { Some(read(world, batch).await).filter(|batch| batch["status"] == status) };
    wait_until(&format!("batch {status}"), ask).await
}

/// Waits until a report has a status; returns it.
async fn report_reaches(world: &World, report: &Value, status: &str) -> Value {
    let ask = || async {
        let report = world.admin.get(&world.report(report, "")).await.expect(200);
        Some(report).filter(|report| report["status"] == status)
    };
    wait_until(&format!("report {status}"), ask).await
}

async fn payments(world: &World, batch: &Value) -> Vec<Value> {
    let listed = world.fiona.get(&path(world, batch, "payments")).await.expect(200);
    listed["items"].as_array().unwrap().clone()
}

/// Releases an open batch as the admin and waits until no payment of it waits.
async fn release(world: &World, batch: &Value) -> Value {
    let body = json!({});
    world.admin.post_at(&path(world, batch, "release"), version(batch), &body).await.expect(200);
    let ask = || async {
        let batch = read(world, batch).await;
        let waits = |name: &str| batch["payments"][name] != 0;
        (!waits("open") && !waits("held")).then_some(batch)
    };
    wait_until("payments released", ask).await
}

fn settle_path(world: &World, batch: &Value, payment: &Value) -> String {
    path(world, batch, &format!("payments/{}/settle", payment["id"].as_str().unwrap()))
}

fn paid() -> Value {
    json!({"outcome": "paid", "paid_on": day(0), "reference": "2026-0471"})
}

fn failed() -> Value {
    json!({"outcome": "failed", "code": "AC04", "reason": "The account is closed."})
}

async fn assert_history_verified(world: &World, batch: &Value) {
    let history = world.fiona.get(&path(world, batch, "history?limit=100")).await.expect(200);
    assert_eq!(history["chain"], json!({"verified": true, "broken_at": null}), "{history}");
}

#[tokio::test]
async fn batch_by_filter_is_paid_with_set_off() {
    let world = treasury().await;
    let claim = approved(&world, &world.ana, &[expense("40.00")]).await;
    let debt = owing(&world, "20.00", "5.00").await;
    let batch = create(&world, &world.fiona, &all_approved()).await.expect(201);
    assert_eq!(batch["status"], "building");
    let batch = reaches(&world, &batch, "open").await;
    assert_eq!(batch["progress"], json!({"found": 2, "taken": 2, "skipped": []}));
    let totals = json!([{"gross": eur("40.00"), "set_off": eur("15.00"), "amount": eur("25.00")}]);
    assert_eq!(batch["totals"], totals);

    let payment = payments(&world, &batch).await.remove(0);
    assert_eq!((&payment["status"], &payment["reports"]), (&json!("open"), &json!(2)));
    assert_eq!(payment["account"]["masked"], "DE•• •••• 3000");
    let details = path(&world, &batch, &format!("payments/{}", payment["id"].as_str().unwrap()));
    let details = world.fiona.get(&details).await.expect(200);
    let entries: Vec<_> =
        details["items"].as_array().unwrap().iter().map(|one| (&one["claim"], &one["set_off"])).collect();
    assert_eq!(entries, [(&eur("40.00"), &eur("0.00")), (&eur("0.00"), &eur("15.00"))]);

    let released = release(&world, &batch).await;
    assert_eq!(released["released_by"]["id"], json!(world.admin.id));
    let answer = world.fiona.post(&settle_path(&world, &batch, &payment), &paid()).await.expect(200);
    assert_eq!((&answer["status"], &answer["reference"]), (&json!("paid"), &json!("2026-0471")));
    for report in [&claim, &debt] {
        let report = report_reaches(&world, report, "reimbursed").await;
        assert_eq!(report["reimbursement"]["paid_on"], day(0));
        assert_eq!(report["reimbursement"]["batch_id"], batch["id"]);
    }
    reaches(&world, &batch, "settled").await;
    assert_history_verified(&world, &batch).await;
    let listed = world.admin.get(&world.path("reports?scope=all&status=reimbursed")).await.expect(200);
    assert_eq!(listed["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn failed_payment_returns_report_to_approved() {
    let world = treasury().await;
    let report = approved(&world, &world.ana, &[expense("40.00")]).await;
    let batch = create(&world, &world.fiona, &named(&[&report])).await.expect(201);
    let batch = release(&world, &reaches(&world, &batch, "open").await).await;
    let payment = payments(&world, &batch).await.remove(0);
    let settle = settle_path(&world, &batch, &payment);
    // Paid, and then come back.
    world.fiona.post(&settle, &paid()).await.expect(200);
    report_reaches(&world, &report, "reimbursed").await;
    world.fiona.post(&settle, &failed()).await.expect(200);
    let again = report_reaches(&world, &report, "approved").await;
    let expected = json!({"code": "AC04", "reason": "The account is closed."});
    assert_eq!(again["reimbursement"]["failure"], expected);
    assert_eq!(again["reimbursement"]["batch_id"], Value::Null);
    // The next batch takes it.
    let next = create(&world, &world.fiona, &all_approved()).await.expect(201);
    assert_eq!(reaches(&world, &next, "open").await["progress"]["taken"], 1);
}

#[tokio::test]
async fn same_settlement_twice_changes_nothing() {
    let world = treasury().await;
    let report = approved(&world, &world.ana, &[expense("40.00")]).await;
    let batch = create(&world, &world.fiona, &named(&[&report])).await.expect(201);
    let batch = release(&world, &reaches(&world, &batch, "open").await).await;
    let payment = payments(&world, &batch).await.remove(0);
    let settle = settle_path(&world, &batch, &payment);
    world.fiona.post(&settle, &paid()).await.expect(200);
    report_reaches(&world, &report, "reimbursed").await;
    let settled = reaches(&world, &batch, "settled").await;
    world.fiona.post(&settle, &paid()).await.expect(200);
    assert_eq!(read(&world, &batch).await, settled);
    let other = json!({"outcome": "paid", "paid_on": day(0), "reference": "another"});
    world.fiona.post(&settle, &other).await.problem(409, "/problems/invalid-state");
}

#[tokio::test]
async fn overlapping_batches_take_each_report_once() {
    let world = treasury().await;
    let frank = world.add_member("Frank", &json!({"role": "finance"})).await;
    let mut reports = Vec::new();
    for _ in 0..8 {
        reports.push(approved(&world, &world.ana, &[expense("10.00")]).await);
    }
    let all = all_approved();
    let (one, other) = tokio::join!(create(&world, &world.fiona, &all), create(&world, &frank, &all));
    let (one, other) = (one.expect(201), other.expect(201));
    let done = |batch: Value| {
        let world = &world;
        async move {
            let ask = || async { Some(read(world, &batch).await).filter(|batch| batch["status"] != "building") };
            wait_until("batch built", ask).await
        }
    };
    let (one, other) = (done(one).await, done(other).await);
    let taken = |batch: &Value| batch["progress"]["taken"].as_u64().unwrap();
    assert_eq!(taken(&one) + taken(&other), 8, "{one} {other}");
    let ids: BTreeSet<&str> = [&one, &other].into_iter().map(|batch| batch["id"].as_str().unwrap()).collect();
    for report in &reports {
        let report = report_reaches(&world, report, "reimbursing").await;
        assert!(ids.contains(report["reimbursement"]["batch_id"].as_str().unwrap()));
        let history = world.admin.get(&world.report(&report, "history")).await.expect(200);
        let started = history["items"].as_array().unwrap().iter().filter(|one| one["type"] == "report.reimbursing");
        assert_eq!(started.count(), 1);
    }
}

#[tokio::test]
async fn cancelled_batch_makes_reports_approved_again() {
    let world = treasury().await;
    let mut reports = Vec::new();
    for _ in 0..4 {
        reports.push(approved(&world, &world.ana, &[expense("10.00")]).await);
    }
    // While it is building, or just open.
    let batch = create(&world, &world.fiona, &all_approved()).await.expect(201);
    let cancelled = world.fiona.post(&path(&world, &batch, "cancel"), &json!({})).await.expect(200);
    assert_eq!(cancelled["status"], "cancelled");
    let next = create(&world, &world.fiona, &named(&reports.iter().collect::<Vec<_>>())).await.expect(201);
    let ask = || async { Some(read(&world, &next).await).filter(|batch| batch["status"] != "building") };
    wait_until("next batch built", ask).await;
    world.fiona.post(&path(&world, &next, "cancel"), &json!({})).await;
    for report in &reports {
        let report = report_reaches(&world, report, "approved").await;
        assert_eq!(report["reimbursement"], Value::Null);
    }
    let again = create(&world, &world.fiona, &all_approved()).await.expect(201);
    assert_eq!(reaches(&world, &again, "open").await["progress"]["taken"], 4);
    world.fiona.post(&path(&world, &again, "cancel"), &json!({})).await.expect(200);
    for report in &reports {
        report_reaches(&world, report, "approved").await;
    }
}

#[tokio::test]
async fn creator_needs_second_person_for_release() {
    let world = treasury().await;
    let report = approved(&world, &world.ana, &[expense("40.00")]).await;
    let batch = create(&world, &world.fiona, &named(&[&report])).await.expect(201);
    let batch = reaches(&world, &batch, "open").await;
    let path = path(&world, &batch, "release");
    world.fiona.post_at(&path, version(&batch), &json!({})).await.problem(403, "/problems/segregation-of-duties");
    world.admin.post(&path, &json!({})).await.problem(428, "/problems/precondition-required");
    world.admin.post_at(&path, version(&batch) + 1, &json!({})).await.problem(412, "/problems/stale-version");
    // Below the sum that the policy names, the creator can.
    let rules = json!({"payments": {"hold_account_changes_days": 0, "four_eyes_from": eur("40.01")}});
    world.put_policy(&rules).await;
    world.fiona.post_at(&path, version(&batch), &json!({})).await.expect(200);
}

#[tokio::test]
async fn own_and_decided_reports_are_skipped() {
    let world = treasury().await;
    world
        .put_policy(&json!({
            "payments": {"hold_account_changes_days": 0},
            "steps": [{"name": "Finance", "approvers": {"kind": "role", "role": "finance"}}],
        }))
        .await;
    let frank = world.add_member("Frank", &json!({"role": "finance"})).await;
    set_account(&world, &world.fiona, "DE89370400440532013000").await;
    let own = world.submit_expenses(&world.fiona, &[expense("30.00")]).await.expect(201);
    world.approve(&frank, &own).await.expect(200);
    let decided = world.submit_expenses(&world.ana, &[expense("40.00")]).await.expect(201);
    world.approve(&world.fiona, &decided).await.expect(200);
    let batch = create(&world, &world.fiona, &all_approved()).await.expect(201);
    let batch = reaches(&world, &batch, "cancelled").await;
    let skipped = json!([{"reason": "separation_of_duties", "reports": 2}]);
    assert_eq!(batch["progress"], json!({"found": 2, "taken": 0, "skipped": skipped}));
    let payees = json!({"approved_until": day(-1), "payees": [world.fiona.id]});
    create(&world, &world.fiona, &payees).await.problem(403, "/problems/segregation-of-duties");
    // Of the admin's batch, Fiona is a payee and has decided on a report.
    let batch = create(&world, &world.admin, &all_approved()).await.expect(201);
    let batch = reaches(&world, &batch, "open").await;
    let path = path(&world, &batch, "release");
    world.fiona.post_at(&path, version(&batch), &json!({})).await.problem(403, "/problems/segregation-of-duties");
}

#[tokio::test]
async fn changed_account_holds_payment_until_cleared() {
    let world = treasury().await;
    let report = approved(&world, &world.ana, &[expense("40.00")]).await;
    set_account(&world, &world.ana, "FR1420041010050500013M02606").await;
    let batch = create(&world, &world.fiona, &named(&[&report])).await.expect(201);
    let batch = reaches(&world, &batch, "open").await;
    let payment = payments(&world, &batch).await.remove(0);
    assert_eq!((&payment["status"], &payment["hold"]["reason"]), (&json!("held"), &json!("changed_after_approval")));
    let clear = path(&world, &batch, &format!("payments/{}/clear-hold", payment["id"].as_str().unwrap()));
    let account = |version: u64| json!({"account_version": version});
    world.fiona.post_at(&clear, version(&payment), &account(1)).await.problem(409, "/problems/invalid-state");
    let cleared = world.fiona.post_at(&clear, version(&payment), &account(2)).await.expect(200);
    assert_eq!((&cleared["status"], &cleared["hold"]["cleared_by"]["id"]), (&json!("open"), &json!(world.fiona.id)));
    let batch = read(&world, &batch).await;
    release(&world, &batch).await;
    assert_eq!(payments(&world, &batch).await[0]["status"], "released");
}

#[tokio::test]
async fn account_changed_before_release_leaves_payment_out() {
    let world = treasury().await;
    let report = approved(&world, &world.ana, &[expense("40.00")]).await;
    let batch = create(&world, &world.fiona, &named(&[&report])).await.expect(201);
    let batch = reaches(&world, &batch, "open").await;
    set_account(&world, &world.ana, "FR1420041010050500013M02606").await;
    release(&world, &batch).await;
    let payment = payments(&world, &batch).await.remove(0);
    assert_eq!((&payment["status"], &payment["hold"]["reason"]), (&json!("cancelled"), &json!("changed_since")));
    report_reaches(&world, &report, "approved").await;
    reaches(&world, &batch, "settled").await;
    // A change after the release does not touch the payment.
    without_holds(&world).await;
    let later = approved(&world, &world.ana, &[expense("41.00")]).await;
    let batch = create(&world, &world.fiona, &named(&[&later])).await.expect(201);
    let batch = release(&world, &reaches(&world, &batch, "open").await).await;
    set_account(&world, &world.ana, "DE89370400440532013000").await;
    let payment = payments(&world, &batch).await.remove(0);
    assert_eq!((&payment["status"], &payment["account"]["version"]), (&json!("released"), &json!(2)));
}

#[tokio::test]
async fn reimbursing_report_rejects_changes() {
    let world = treasury().await;
    let report = approved(&world, &world.ana, &[expense("40.00")]).await;
    let batch = create(&world, &world.fiona, &named(&[&report])).await.expect(201);
    reaches(&world, &batch, "open").await;
    let report = report_reaches(&world, &report, "reimbursing").await;
    assert_eq!(report["reimbursement"]["batch_id"], batch["id"]);
    let change = json!({"title": "Another"});
    world.ana.patch(&world.report(&report, ""), &change).await.problem(409, "/problems/invalid-state");
    world.ana.patch(&world.line(&report, 0, ""), &json!({"note": "x"})).await.problem(409, "/problems/invalid-state");
    let reason = json!({"reason": "Hm."});
    world.decide(&world.fiona, &report, "return", &reason).await.problem(409, "/problems/invalid-state");
    // An organisation with an open batch cannot be closed.
    let name = world.admin.get(&format!("/v1/orgs/{}", world.org)).await.expect(200)["name"].clone();
    world.admin.post(&world.path("close"), &json!({"name": name})).await.problem(409, "/problems/invalid-state");
}

#[tokio::test]
async fn batch_selection_faults_are_listed() {
    let world = treasury().await;
    let faults = |answer: Answer| answer.problem(422, "/problems/validation-failed");
    let both = json!({"approved_until": day(0), "reports": []});
    assert_eq!(faults(create(&world, &world.fiona, &both).await), ["/reports selection"]);
    assert_eq!(faults(create(&world, &world.fiona, &json!({})).await), ["/approved_until required"]);
    assert_eq!(faults(create(&world, &world.fiona, &json!({"reports": []})).await), [" selection"]);
    let past = json!({"approved_until": day(0), "execution_date": day(3)});
    assert_eq!(faults(create(&world, &world.fiona, &past).await), [" selection"]);
    let unknown = json!({"reports": ["rep_1"], "currency": null});
    assert_eq!(faults(create(&world, &world.fiona, &unknown).await), ["/reports/0 unknown-report"]);
}

/// Runs the background work of batches, as the schedule does.
async fn run(base: &str) {
    let event = json!({"source": "aws.scheduler", "time": now().to_string()});
    let answer = invoke(base, "triggers-process-batch", &event).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_runs_pay_each_report_once() {
    let (stack, world) = own_stack().await;
    prepare(&world).await;
    let mut reports = Vec::new();
    for _ in 0..20 {
        reports.push(approved(&world, &world.ana, &[expense("10.00")]).await);
    }
    let batch = create(&world, &world.fiona, &all_approved()).await.expect(201);
    join_all((0..3).map(|_| run(stack.url()))).await;
    let batch = reaches(&world, &batch, "open").await;
    assert_eq!(batch["progress"], json!({"found": 20, "taken": 20, "skipped": []}));
    assert_eq!(batch["totals"][0]["amount"], eur("200.00"));
    // Nothing is left to do.
    run(stack.url()).await;
    assert_eq!(read(&world, &batch).await, batch);

    world.admin.post_at(&path(&world, &batch, "release"), version(&batch), &json!({})).await.expect(200);
    join_all((0..3).map(|_| run(stack.url()))).await;
    let ask = || async { Some(read(&world, &batch).await).filter(|batch| batch["payments"]["released"] == 1) };
    wait_until("payment released", ask).await;
    let payment = payments(&world, &batch).await.remove(0);
    world.fiona.post(&settle_path(&world, &batch, &payment), &paid()).await.expect(200);
    join_all((0..3).map(|_| run(stack.url()))).await;
    for report in &reports {
        let report = report_reaches(&world, report, "reimbursed").await;
        let history = world.admin.get(&world.report(&report, "history")).await.expect(200);
        let paid = history["items"].as_array().unwrap().iter().filter(|one| one["type"] == "report.reimbursed");
        assert_eq!(paid.count(), 1);
        assert_eq!(history["chain"]["verified"], true);
    }
    assert_history_verified(&world, &batch).await;
    stack.stop().await;
}
