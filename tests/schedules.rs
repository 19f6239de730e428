//! What is done by the clock: reminders and escalations. Each turn goes by the time it is for, so a test can play any day.

use jiff::{SignedDuration, Timestamp};
use outlay_local::Stack;
use serde_json::{Value, json};

use crate::support::{World, expense, invoke, mail, morning, now, own, table, turn, with};

/// The manager decides within a working day; then finance is asked, if that is wanted.
fn policy(escalates: bool) -> Value {
    let step = json!({"name": "Manager", "approvers": {"kind": "manager", "level": 1}, "due_in_days": 1});
    let target = json!({"escalate_to": {"kind": "role", "role": "finance"}});
    let step = if escalates { with(step, &target) } else { step };
    with(World::policy(), &json!({"steps": [step]}))
}

async fn ruled(escalates: bool) -> (Stack, World) {
    let (stack, world) = own().await;
    world.admin.put(&world.path("policy"), &policy(escalates)).await.expect(200);
    (stack, world)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_approver_gets_one_digest_a_day_however_often_it_is_run() {
    let (stack, world) = ruled(false).await;
    let reports = [world.submitted("40.00").await, world.submitted("50.00").await];
    world.mail(&world.marco, 3).await;
    for _ in 0..3 {
        turn(stack.url(), "triggers-remind", morning(7)).await;
    }
    turn(stack.url(), "triggers-remind", morning(7) + SignedDuration::from_hours(5)).await;
    let mails = world.mail(&world.marco, 4).await;
    assert_eq!(mails.len(), 4, "{:?}", mails.iter().map(|mail| &mail["subject"]).collect::<Vec<_>>());
    for report in &reports {
        for part in ["text", "html"] {
            let part = mails[3][part].as_str().unwrap();
            assert!(part.contains(report["number"].as_str().unwrap()), "{part}");
        }
    }
    // What is decided is not on the next day's.
    world.marco.post_at(&world.report(&reports[0], "approve"), 1, &json!({})).await.expect(200);
    turn(stack.url(), "triggers-remind", morning(8)).await;
    let last = world.mail(&world.marco, 5).await.remove(4);
    let text = last["text"].as_str().unwrap();
    assert!(
        !text.contains(reports[0]["number"].as_str().unwrap()) && text.contains(reports[1]["number"].as_str().unwrap())
    );
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_digest_comes_in_the_morning_of_the_recipient_and_not_before_something_is_due() {
    let (stack, world) = ruled(false).await;
    let patch = json!({"time_zone": "Pacific/Auckland"});
    world.admin.patch(&world.path(&format!("members/{}", world.marco.id)), &patch).await.expect(200);
    world.submitted("40.00").await;
    world.mail(&world.marco, 2).await;
    turn(stack.url(), "triggers-remind", now()).await;
    // Nine in the morning in UTC is in the evening there, and noon in UTC the next day.
    let midnight = morning(7) - SignedDuration::from_hours(9);
    turn(stack.url(), "triggers-remind", midnight + SignedDuration::from_hours(17)).await;
    assert_eq!(world.mail(&world.marco, 2).await.len(), 2, "six in the morning");
    turn(stack.url(), "triggers-remind", midnight + SignedDuration::from_hours(20)).await;
    assert_eq!(world.mail(&world.marco, 3).await.len(), 3);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_overdue_goes_to_whom_the_workflow_names_and_both_are_told() {
    let (stack, world) = ruled(true).await;
    let report = world.submitted("40.00").await;
    world.mail(&world.marco, 2).await;
    turn(stack.url(), "triggers-escalate", now()).await;
    let same = world.ana.get(&world.report(&report, "")).await.expect(200);
    assert_eq!(same, report, "not before it is overdue");
    for _ in 0..2 {
        turn(stack.url(), "triggers-escalate", morning(7)).await;
    }
    let asked = world.ana.get(&world.report(&report, "")).await.expect(200);
    assert_eq!(asked["steps"][0]["approvers"], json!([{"id": world.fiona.id, "name": "Fiona Byrne"}]));
    assert_eq!(asked["version"].as_u64(), report["version"].as_u64().map(|version| version + 1), "once");
    world.is_told(&report, "step.escalated", &["Fiona Byrne delivered", "Marco Rossi delivered"]).await;
    let history = world.admin.get(&world.report(&report, "history")).await.expect(200);
    assert_eq!(history["items"][2]["actor"], Value::Null, "nobody did it: {history}");
    assert_eq!(history["chain"]["verified"], true);
    assert_eq!(world.mail(&world.fiona, 2).await.len(), 2);
    assert_eq!(world.mail(&world.marco, 3).await.len(), 3);
    world.marco.post_at(&world.report(&report, "approve"), 2, &json!({})).await.problem(404, "/problems/not-found");
    world.fiona.post_at(&world.report(&report, "approve"), 2, &json!({})).await.expect(200);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn steps_of_who_cannot_be_reached_ask_somebody_else_at_the_next_turn() {
    let (stack, world) = ruled(false).await;
    let lost = world.join("Bo Bounce", "bounce@simulator.example.com", &json!({})).await;
    let ana = world.path(&format!("members/{}", world.ana.id));
    world.admin.patch(&ana, &json!({"manager_id": lost.id})).await.expect(200);
    // The invitation comes back, and the admins are told.
    let told = mail(stack.url(), &world.admin.email, 1).await.remove(0);
    assert!(told["text"].as_str().unwrap().contains("bounce@simulator.example.com"), "{}", told["text"]);
    let report = world.claim(&world.ana, &[expense("40.00")]).await.expect(201);
    world.is_told(&report, "report.submitted", &["Bo Bounce suppressed"]).await;
    turn(stack.url(), "triggers-escalate", now()).await;
    let asked = world.ana.get(&world.report(&report, "")).await.expect(200);
    assert_eq!(asked["steps"][0]["approvers"], json!([{"id": world.admin.id, "name": "Ada Admin"}]));
    world.is_told(&report, "step.escalated", &["Ada Admin delivered", "Bo Bounce suppressed"]).await;
    assert_eq!(mail(stack.url(), "bounce@simulator.example.com", 1).await.len(), 1, "invited, no more");
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_turn_for_no_time_is_none() {
    for function in ["triggers-remind", "triggers-escalate", "triggers-sweep"] {
        let answer = invoke(&crate::support::url(), function, &json!({"source": "aws.scheduler"})).await;
        assert!(!answer.header("x-amz-function-error").is_empty(), "{function}: {}", answer.text);
    }
}

/// Somebody edits the head of a report by hand.
async fn damage(stack: &Stack, world: &World, report: &Value) {
    let pk = format!("ORG#{}#REPORT#{}", world.org, report["id"].as_str().unwrap());
    let key = json!({"PK": {"S": pk}, "SK": {"S": "REPORT"}});
    let mut head = table::call_on(stack, "GetItem", json!({"Key": key})).await["Item"].clone();
    head["title"] = json!({"S": "Another one"});
    table::call_on(stack, "PutItem", json!({"Item": head})).await;
}

/// A turn in which something fails: what it says of that.
async fn failing(stack: &Stack, function: &str, time: Timestamp) -> String {
    let answer = invoke(stack.url(), function, &json!({"time": time.to_string()})).await;
    assert_eq!(answer.header("x-amz-function-error"), "Unhandled", "{}", answer.text);
    answer.json()["errorMessage"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_report_holds_up_neither_the_others_nor_another_organisation() {
    let (stack, first) = ruled(true).await;
    let second = World::on(stack.url()).await;
    table::plan_on(&stack, &second.org, 60_000, 10_000).await;
    second.admin.put(&second.path("policy"), &policy(true)).await.expect(200);
    // One of the two comes first in every turn, so both have a damaged report.
    for world in [&first, &second] {
        let damaged = world.submitted("40.00").await;
        world.submitted("50.00").await;
        world.mail(&world.marco, 3).await;
        damage(&stack, world, &damaged).await;
    }
    assert_eq!(failing(&stack, "triggers-remind", morning(7)).await, "2 of 8 failed; the log says which and why");
    assert_eq!(failing(&stack, "triggers-escalate", morning(7)).await, "2 of 8 failed; the log says which and why");
    for world in [&first, &second] {
        let mail = world.mail(&world.marco, 5).await;
        assert_eq!(mail.len(), 5, "invited, asked twice, reminded of the whole one, and relieved of it");
        assert!(mail[3]["text"].as_str().unwrap().contains("50.00"), "{}", mail[3]["text"]);
        let taken_over = world.mail(&world.fiona, 2).await;
        assert!(taken_over[1]["text"].as_str().unwrap().contains("50.00"), "{}", taken_over[1]["text"]);
    }
    stack.stop().await;
}
