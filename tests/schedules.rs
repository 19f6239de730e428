//! Scheduled functions: reminders and escalation. A run uses the time in its event, so a test can simulate any day.

use jiff::{SignedDuration, Timestamp};
use outlay_local::Stack;
use serde_json::{Value, json};

use crate::support::{World, day, expense, invoke, mail, morning, now, own_stack, run_schedule, table, with};

/// Manager step due in one working day, with or without escalation to finance.
fn policy(escalates: bool) -> Value {
    let step = json!({"name": "Manager", "approvers": {"kind": "manager", "level": 1}, "due_in_days": 1});
    let target = json!({"escalate_to": {"kind": "role", "role": "finance"}});
    let step = if escalates { with(step, &target) } else { step };
    with(World::policy(), &json!({"steps": [step]}))
}

async fn stack_with_policy(escalates: bool) -> (Stack, World) {
    let (stack, world) = own_stack().await;
    world.admin.put(&world.path("policy"), &policy(escalates)).await.expect(200);
    (stack, world)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn approver_gets_one_digest_per_day() {
    let (stack, world) = stack_with_policy(false).await;
    let reports = [world.submitted("40.00").await, world.submitted("50.00").await];
    world.mail(&world.marco, 3).await;
    for _ in 0..3 {
        run_schedule(stack.url(), "triggers-remind", morning(7)).await;
    }
    run_schedule(stack.url(), "triggers-remind", morning(7) + SignedDuration::from_hours(5)).await;
    let mails = world.mail(&world.marco, 4).await;
    assert_eq!(mails.len(), 4, "{:?}", mails.iter().map(|mail| &mail["subject"]).collect::<Vec<_>>());
    for report in &reports {
        for part in ["text", "html"] {
            let part = mails[3][part].as_str().unwrap();
            assert!(part.contains(report["number"].as_str().unwrap()), "{part}");
        }
    }
    // The next digest lists only pending reports.
    world.marco.post_at(&world.report(&reports[0], "approve"), 1, &json!({})).await.expect(200);
    run_schedule(stack.url(), "triggers-remind", morning(8)).await;
    let last = world.mail(&world.marco, 5).await.remove(4);
    let text = last["text"].as_str().unwrap();
    assert!(
        !text.contains(reports[0]["number"].as_str().unwrap()) && text.contains(reports[1]["number"].as_str().unwrap())
    );
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn digest_is_sent_after_local_morning_when_due() {
    let (stack, world) = stack_with_policy(false).await;
    let patch = json!({"time_zone": "Pacific/Auckland"});
    world.admin.patch(&world.path(&format!("members/{}", world.marco.id)), &patch).await.expect(200);
    world.submitted("40.00").await;
    world.mail(&world.marco, 2).await;
    run_schedule(stack.url(), "triggers-remind", now()).await;
    // 9:00 UTC is in the evening in Auckland, and 12:00 UTC on the next day.
    let midnight = morning(7) - SignedDuration::from_hours(9);
    run_schedule(stack.url(), "triggers-remind", midnight + SignedDuration::from_hours(17)).await;
    assert_eq!(world.mail(&world.marco, 2).await.len(), 2, "no digest at six in the morning");
    run_schedule(stack.url(), "triggers-remind", midnight + SignedDuration::from_hours(20)).await;
    assert_eq!(world.mail(&world.marco, 3).await.len(), 3);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn overdue_step_is_escalated_and_both_sides_notified() {
    let (stack, world) = stack_with_policy(true).await;
    let report = world.submitted("40.00").await;
    world.mail(&world.marco, 2).await;
    run_schedule(stack.url(), "triggers-escalate", now()).await;
    let same = world.ana.get(&world.report(&report, "")).await.expect(200);
    assert_eq!(same, report, "unchanged before it is overdue");
    for _ in 0..2 {
        run_schedule(stack.url(), "triggers-escalate", morning(7)).await;
    }
    let asked = world.ana.get(&world.report(&report, "")).await.expect(200);
    assert_eq!(asked["steps"][0]["approvers"], json!([{"id": world.fiona.id, "name": "Fiona Byrne"}]));
    assert_eq!(asked["version"], report["version"], "what people name does not move");
    world.wait_for_mail_status(&report, "step.escalated", &["Fiona Byrne delivered", "Marco Rossi delivered"]).await;
    let history = world.admin.get(&world.report(&report, "history")).await.expect(200);
    assert_eq!(history["items"][2]["actor"], Value::Null, "an escalation has no actor: {history}");
    assert_eq!(history["items"].as_array().unwrap().len(), 3, "escalated once");
    assert_eq!(history["chain"]["verified"], true);
    assert_eq!(world.mail(&world.fiona, 2).await.len(), 2);
    assert_eq!(world.mail(&world.marco, 3).await.len(), 3);
    world.marco.post_at(&world.report(&report, "approve"), 1, &json!({})).await.problem(404, "/problems/not-found");
    world.fiona.post_at(&world.report(&report, "approve"), 1, &json!({})).await.expect(200);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replaced_delegate_of_new_approver_gets_request() {
    let (stack, world) = stack_with_policy(true).await;
    let delegation = json!({"to": world.marco.id, "from": day(0), "until": day(-30)});
    world.fiona.put(&world.path("members/me/delegation"), &delegation).await.expect(200);
    let report = world.submitted("40.00").await;
    world.mail(&world.marco, 3).await;
    run_schedule(stack.url(), "triggers-escalate", morning(7)).await;
    world.wait_for_mail_status(&report, "step.escalated", &["Fiona Byrne delivered", "Marco Rossi delivered"]).await;
    let mails = world.mail(&world.marco, 4).await;
    assert_eq!(mails.len(), 4, "one mail about the escalation, beside that of the delegation");
    let text = mails[3]["text"].as_str().unwrap();
    assert!(text.contains("Fiona Byrne, who is away"), "{text}");
    assert_eq!(world.queue(&world.marco).await[0]["on_behalf_of"]["name"], "Fiona Byrne");
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unreachable_approver_is_replaced_on_next_run() {
    let (stack, world) = stack_with_policy(false).await;
    let lost = world.join("Bo Bounce", "bounce@simulator.example.com", &json!({})).await;
    let ana = world.path(&format!("members/{}", world.ana.id));
    world.admin.patch(&ana, &json!({"manager_id": lost.id})).await.expect(200);
    // The invitation bounces and the admins are notified.
    let bounce_mail = mail(stack.url(), &world.admin.email, 1).await.remove(0);
    assert!(bounce_mail["text"].as_str().unwrap().contains("bounce@simulator.example.com"), "{}", bounce_mail["text"]);
    let report = world.submit_expenses(&world.ana, &[expense("40.00")]).await.expect(201);
    world.wait_for_mail_status(&report, "report.submitted", &["Bo Bounce suppressed"]).await;
    run_schedule(stack.url(), "triggers-escalate", now()).await;
    let asked = world.ana.get(&world.report(&report, "")).await.expect(200);
    assert_eq!(asked["steps"][0]["approvers"], json!([{"id": world.admin.id, "name": "Ada Admin"}]));
    world.wait_for_mail_status(&report, "step.escalated", &["Ada Admin delivered", "Bo Bounce suppressed"]).await;
    assert_eq!(mail(stack.url(), "bounce@simulator.example.com", 1).await.len(), 1, "only the invitation");
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn approver_who_can_no_longer_decide_is_replaced() {
    let (stack, world) = stack_with_policy(false).await;
    let limit = |amount: &str| json!({"approval_limit": {"amount": amount, "currency": "EUR"}});
    for (patch, back) in [
        (json!({"suspended": true}), json!({"suspended": false})),
        (json!({"role": "auditor"}), json!({"role": "employee"})),
        (limit("39.99"), json!({"approval_limit": null})),
    ] {
        let dora =
            world.add_member(&format!("Dora-{}", patch.as_object().unwrap().keys().next().unwrap()), &json!({})).await;
        let delegation = json!({"to": dora.id, "from": day(0), "until": day(-30)});
        world.marco.put(&world.path("members/me/delegation"), &delegation).await.expect(200);
        let report = world.submitted("40.00").await;
        world.change(&world.marco, &patch).await;
        for _ in 0..2 {
            run_schedule(stack.url(), "triggers-escalate", now()).await;
        }
        let asked = world.ana.get(&world.report(&report, "")).await.expect(200);
        assert_eq!(asked["steps"][0]["approvers"], json!([{"id": world.admin.id, "name": "Ada Admin"}]), "{patch}");
        assert_eq!(asked["version"], report["version"], "what people name does not move");
        let reasons = asked["steps"][0]["reasons"].as_array().unwrap();
        assert_eq!(reasons.last().unwrap()["rule"], "escalated-unable");
        world.wait_for_mail_status(&report, "step.escalated", &["Ada Admin delivered", "Marco Rossi delivered"]).await;
        let history = world.admin.get(&world.report(&report, "history")).await.expect(200);
        assert_eq!(history["items"][2]["data"]["because"], "unable");
        assert_eq!(history["items"].as_array().unwrap().len(), 3, "replaced once");
        assert_eq!(history["chain"]["verified"], true);
        assert_eq!(world.approve(&world.admin, &asked).await.expect(200)["status"], "approved");
        world.change(&world.marco, &back).await;
        world.marco.delete(&world.path("members/me/delegation")).await.expect(200);
    }
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn approver_who_was_lost_before_their_step_is_replaced() {
    let (stack, world) = stack_with_policy(false).await;
    let dora = world.add_member("Dora", &json!({})).await;
    let second = json!({"name": "Second", "approvers": {"kind": "members", "members": [dora.id]}});
    let steps = json!([policy(false)["steps"][0], second]);
    let with_two_steps = with(World::policy(), &json!({"steps": steps}));
    world.admin.put(&world.path("policy"), &with_two_steps).await.expect(200);
    let report = world.submitted("40.00").await;
    // Nothing waits for Dora yet, so the change of Dora finds no task.
    world.change(&dora, &json!({"suspended": true})).await;
    run_schedule(stack.url(), "triggers-escalate", now()).await;
    world.approve(&world.marco, &report).await.expect(200);
    world.wait_for_mail_status(&report, "step.approved", &["Dora delivered"]).await;
    run_schedule(stack.url(), "triggers-escalate", now()).await;
    let asked = world.ana.get(&world.report(&report, "")).await.expect(200);
    assert_eq!(asked["steps"][1]["approvers"], json!([{"id": world.admin.id, "name": "Ada Admin"}]));
    // A finished check is not repeated.
    let partition = json!({":pk": {"S": format!("ORG#{}#APPROVER_CHECKS", world.org)}});
    let query =
        json!({"KeyConditionExpression": "PK = :pk", "ExpressionAttributeValues": partition, "ConsistentRead": true});
    assert_eq!(table::call_on(&stack, "Query", query).await["Count"], 0);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_reports_of_a_lost_approver_take_several_runs() {
    let (stack, world) = stack_with_policy(false).await;
    let reports = 60;
    let submit = (0..reports).map(|_| world.submitted("40.00"));
    futures_util::future::join_all(submit).await;
    world.change(&world.marco, &json!({"suspended": true})).await;
    let waiting = async || {
        let queue = world.admin.get(&world.path("approvals?limit=100")).await.expect(200);
        queue["items"].as_array().unwrap().len()
    };
    run_schedule(stack.url(), "triggers-escalate", now()).await;
    assert_eq!(waiting().await, 50, "the bound of one organisation in one run");
    run_schedule(stack.url(), "triggers-escalate", now() + SignedDuration::from_mins(5)).await;
    assert_eq!(waiting().await, reports);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scheduled_event_without_time_is_rejected() {
    for function in ["triggers-remind", "triggers-escalate", "triggers-book", "triggers-sweep"] {
        let answer = invoke(&crate::support::url(), function, &json!({"source": "aws.scheduler"})).await;
        assert!(!answer.header("x-amz-function-error").is_empty(), "{function}: {}", answer.text);
    }
}

/// Changes the head of a report directly in the table.
async fn tamper_with_head(stack: &Stack, world: &World, report: &Value) {
    let pk = format!("ORG#{}#REPORT#{}", world.org, report["id"].as_str().unwrap());
    let key = json!({"PK": {"S": pk}, "SK": {"S": "REPORT"}});
    let mut head = table::call_on(stack, "GetItem", json!({"Key": key})).await["Item"].clone();
    head["title"] = json!({"S": "Another one"});
    table::call_on(stack, "PutItem", json!({"Item": head})).await;
}

/// Error message of a run that fails in part.
async fn failed_run_message(stack: &Stack, function: &str, time: Timestamp) -> String {
    let answer = invoke(stack.url(), function, &json!({"time": time.to_string()})).await;
    assert_eq!(answer.header("x-amz-function-error"), "Unhandled", "{}", answer.text);
    answer.json()["errorMessage"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damaged_report_does_not_block_other_reports() {
    let (stack, first) = stack_with_policy(true).await;
    let second = World::on(stack.url()).await;
    table::plan_on(&stack, &second.org, 60_000, 10_000).await;
    second.admin.put(&second.path("policy"), &policy(true)).await.expect(200);
    // Either organisation can come first in a run, so both get a damaged report.
    for world in [&first, &second] {
        let damaged = world.submitted("40.00").await;
        world.submitted("50.00").await;
        world.mail(&world.marco, 3).await;
        tamper_with_head(&stack, world, &damaged).await;
    }
    // A reminder needs the tasks only, so it tells of both reports.
    run_schedule(stack.url(), "triggers-remind", morning(7)).await;
    assert_eq!(failed_run_message(&stack, "triggers-escalate", morning(7)).await, "2 of 8 failed; see the log");
    for world in [&first, &second] {
        let mail = world.mail(&world.marco, 5).await;
        assert_eq!(mail.len(), 5, "invitation, two requests, one reminder and one escalation");
        assert!(mail[3]["text"].as_str().unwrap().contains("50.00"), "{}", mail[3]["text"]);
        let taken_over = world.mail(&world.fiona, 2).await;
        assert!(taken_over[1]["text"].as_str().unwrap().contains("50.00"), "{}", taken_over[1]["text"]);
    }
    stack.stop().await;
}
