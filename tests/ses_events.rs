//! SES events: status of a sent mail, and the consequences for the member's address.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::{
    World, add_fault, enqueue, expense, invoke_with_messages, mail, morning, now, own_stack, queued_messages,
    remove_fault, run_schedule, table, url, wait_until,
};

const FUNCTION: &str = "triggers-record-ses-event";
const QUEUE: &str = "SesEventsQueue";
const DEAD: &str = "SesEventsDeadQueue";

/// SNS notification of an SES event about the mail to Marco for the report's second event.
fn ses_event(world: &World, report: &Value, kind: &str, more: &Value) -> Value {
    let tags = json!({
        "org": [world.org], "about": [report["id"]], "mail": ["000000000000002"], "to": [world.marco.id],
    });
    let about = json!({"timestamp": now().to_string(), "messageId": format!("{kind}-{}", world.org), "tags": tags});
    let mut event = json!({"eventType": kind, "mail": about});
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    sns_notification(&event.to_string())
}

/// SNS notification with this message on the template's topic.
fn sns_notification(message: &str) -> Value {
    json!({
        "Type": "Notification", "MessageId": "1", "TopicArn": topic(), "Message": message,
        "Timestamp": now().to_string(), "SignatureVersion": "2", "Signature": "c2ln",
        "SigningCertURL": "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-1.pem",
    })
}

/// ARN of the template's topic on the local stack.
fn topic() -> String {
    "arn:aws:sns:eu-central-1:000000000000:outlay-local-SesEventsTopic".to_owned()
}

/// Address of the SES mailbox simulator, unique to the organisation.
fn simulator_address(what: &str, world: &World) -> String {
    format!("{what}@simulator.{}.example.com", world.org.replace('_', "-"))
}

fn timestamped() -> Value {
    json!({"timestamp": now().to_string()})
}

#[tokio::test]
async fn mail_status_reaches_delivered() {
    let world = World::new().await;
    let report = world.submitted("40.00").await;
    world.wait_for_mail_status(&report, "report.submitted", &["Marco Rossi delivered"]).await;
    let sent = world.mail(&world.marco, 2).await.remove(1);
    for (tag, value) in [("org", &world.org), ("to", &world.marco.id), ("mail", &"000000000000002".to_owned())] {
        assert_eq!(sent["tags"][tag], json!(value), "{sent}");
    }
}

#[tokio::test]
async fn mail_status_never_moves_back() {
    let world = World::new().await;
    let report = world.submitted("40.00").await;
    world.wait_for_mail_status(&report, "report.submitted", &["Marco Rossi delivered"]).await;
    let event = |kind: &str, more: Value| ses_event(&world, &report, kind, &more).to_string();
    let late =
        [event("Send", json!({})), event("Send", json!({})), event("Delivery", json!({"delivery": timestamped()}))];
    assert_eq!(invoke_with_messages(&url(), FUNCTION, &late).await, [""; 0]);
    assert_eq!(world.mail_status(&report, "report.submitted").await, ["Marco Rossi delivered"]);
    let passing = json!({"bounce": {"bounceType": "Transient", "timestamp": now().to_string()}});
    assert_eq!(invoke_with_messages(&url(), FUNCTION, &[event("Bounce", passing)]).await, [""; 0]);
    assert_eq!(world.mail_status(&report, "report.submitted").await, ["Marco Rossi delivered"]);
    assert_eq!(
        invoke_with_messages(
            &url(),
            FUNCTION,
            &[event("Complaint", json!({"complaint": timestamped()})), event("Send", json!({}))]
        )
        .await,
        [""; 0]
    );
    assert_eq!(world.mail_status(&report, "report.submitted").await, ["Marco Rossi complained"]);
}

#[tokio::test]
async fn bounced_address_is_marked_and_suppressed() {
    let world = World::new().await;
    let bounced = world.join("Bo Bounce", &simulator_address("bounce", &world), &json!({})).await;
    let member = world.path(&format!("members/{}", bounced.id));
    let fault = || async {
        let member = world.admin.get(&member).await.expect(200);
        (member["address_fault"] == "bounced").then_some(member)
    };
    // The invitation has bounced.
    let marked = wait_until("the address fault", fault).await;
    let notice = world.mail(&world.admin, 1).await.remove(0);
    assert!(notice["text"].as_str().unwrap().contains("Bo Bounce"), "{notice}");
    // A repeated event is recorded once.
    assert_eq!(world.admin.get(&member).await.expect(200)["version"], marked["version"]);
    world
        .admin
        .patch(&world.path(&format!("members/{}", world.ana.id)), &json!({"manager_id": bounced.id}))
        .await
        .expect(200);
    let report = world.submit_expenses(&world.ana, &[expense("40.00")]).await.expect(201);
    world.wait_for_mail_status(&report, "report.submitted", &["Bo Bounce suppressed"]).await;
    assert_eq!(mail(&url(), &bounced.email, 1).await.len(), 1, "only the invitation");
    // An admin clears the fault to have the address tried again. The fault itself cannot be set through the API.
    world.admin.patch(&member, &json!({"address_fault": "bounced"})).await.problem(422, "/problems/validation-failed");
    let mended = world.admin.patch(&member, &json!({"address_fault": null})).await.expect(200);
    assert_eq!(mended["address_fault"], Value::Null);
    // A redriven event that is older than the reset does not undo it.
    let tags = json!({"org": [world.org], "about": [bounced.id], "mail": ["000000000000001"], "to": [bounced.id]});
    let before = (now() - SignedDuration::from_mins(1)).to_string();
    let mail = json!({"timestamp": before, "messageId": "late", "tags": tags});
    let event =
        json!({"eventType": "Bounce", "mail": mail, "bounce": {"bounceType": "Permanent", "timestamp": before}});
    assert_eq!(
        invoke_with_messages(&url(), FUNCTION, &[sns_notification(&event.to_string()).to_string()]).await,
        [""; 0]
    );
    assert_eq!(world.admin.get(&member).await.expect(200)["version"], mended["version"]);
}

#[tokio::test]
async fn suppression_list_marks_address_as_bounced() {
    let world = World::new().await;
    let bounced = world.join("Lis Listed", &simulator_address("suppressionlist", &world), &json!({})).await;
    let member = world.path(&format!("members/{}", bounced.id));
    let ask = || async { (world.admin.get(&member).await.expect(200)["address_fault"] == "bounced").then_some(()) };
    wait_until("the address fault", ask).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn complaint_stops_reminders_but_not_requests() {
    let (stack, world) = own_stack().await;
    let complainer = world.join("Cy Complains", "complaint@simulator.example.com", &json!({})).await;
    let ana = world.path(&format!("members/{}", world.ana.id));
    world.admin.patch(&ana, &json!({"manager_id": complainer.id})).await.expect(200);
    let report = world.submit_expenses(&world.ana, &[expense("40.00")]).await.expect(201);
    world.wait_for_mail_status(&report, "report.submitted", &["Cy Complains complained"]).await;
    // The member is marked after the mail's status is recorded.
    let member = world.path(&format!("members/{}", complainer.id));
    let marked =
        || async { (world.admin.get(&member).await.expect(200)["address_fault"] == "complained").then_some(()) };
    wait_until("the address fault", marked).await;
    let other = world.add_member("Otto", &json!({})).await;
    world.change(&world.ana, &json!({"manager_id": other.id})).await;
    world.submit_expenses(&world.ana, &[expense("41.00")]).await.expect(201);
    run_schedule(stack.url(), "triggers-remind", morning(30)).await;
    assert_eq!(world.mail(&other, 3).await.len(), 3, "invitation, request and reminder");
    assert_eq!(mail(stack.url(), &complainer.email, 2).await.len(), 2, "invitation and request, no reminder");
    stack.stop().await;
}

/// Every event of SES with its subtypes, and what it counts as: `-` for nothing.
#[tokio::test]
async fn ses_subtypes_count_as_documented() {
    let world = World::new().await;
    let complaint = |kind: Value, subtype: Value| {
        let details =
            json!({"timestamp": now().to_string(), "complaintFeedbackType": kind, "complaintSubType": subtype});
        ("Complaint", json!({"complaint": details}))
    };
    let bounce = |kind: &str, subtype: &str| {
        let details = json!({"bounceType": kind, "bounceSubType": subtype});
        ("Bounce", json!({"bounce": details}))
    };
    let cases = [
        (complaint(json!("not-spam"), Value::Null), "delivered", Value::Null),
        (complaint(json!("NOT_SPAM"), Value::Null), "delivered", Value::Null),
        (complaint(json!("auth-failure"), Value::Null), "delivered", Value::Null),
        (complaint(json!("abuse"), Value::Null), "complained", json!("complained")),
        (complaint(json!("fraud"), Value::Null), "complained", json!("complained")),
        (complaint(json!("virus"), Value::Null), "complained", json!("complained")),
        (complaint(json!("other"), Value::Null), "complained", json!("complained")),
        (complaint(json!("brand-new"), Value::Null), "complained", json!("complained")),
        (complaint(Value::Null, Value::Null), "complained", json!("complained")),
        (complaint(Value::Null, json!("OnAccountSuppressionList")), "suppressed", json!("bounced")),
        (bounce("Permanent", "General"), "bounced", json!("bounced")),
        (bounce("Permanent", "NoEmail"), "bounced", json!("bounced")),
        (bounce("Permanent", "Suppressed"), "bounced", json!("bounced")),
        (bounce("Permanent", "OnAccountSuppressionList"), "bounced", json!("bounced")),
        (bounce("Transient", "General"), "delivered", Value::Null),
        (bounce("Transient", "MailboxFull"), "delivered", Value::Null),
        (bounce("Transient", "ContentRejected"), "delivered", Value::Null),
        (bounce("Transient", "AttachmentRejected"), "delivered", Value::Null),
        (bounce("Transient", "MessageTooLarge"), "delivered", Value::Null),
        (bounce("Undetermined", "Undetermined"), "delivered", Value::Null),
        (("DeliveryDelay", json!({"deliveryDelay": {"delayType": "SpamDetected"}})), "delivered", Value::Null),
        (("Reject", json!({"reject": {"reason": "Bad content"}})), "refused", Value::Null),
        (("Rendering Failure", json!({"failure": {"templateName": "x"}})), "refused", Value::Null),
        (("Open", json!({"open": {}})), "delivered", Value::Null),
    ];
    let member = world.path(&format!("members/{}", world.marco.id));
    for ((kind, mut details), status, fault) in cases {
        // An event from before the fault was last cleared would not mark the address.
        for part in ["complaint", "bounce"] {
            if let Some(part) = details.get_mut(part) {
                part["timestamp"] = json!(now().to_string());
            }
        }
        let report = world.submitted("40.00").await;
        world.wait_for_mail_status(&report, "report.submitted", &["Marco Rossi delivered"]).await;
        let event = ses_event(&world, &report, kind, &details).to_string();
        assert_eq!(invoke_with_messages(&url(), FUNCTION, &[event]).await, [""; 0], "{kind} {details}");
        let found = world.mail_status(&report, "report.submitted").await;
        assert_eq!(found, [format!("Marco Rossi {status}")], "{kind} {details}");
        let marked = world.admin.get(&member).await.expect(200)["address_fault"].clone();
        assert_eq!(marked, fault, "{kind} {details}");
        world.admin.patch(&member, &json!({"address_fault": null})).await.expect(200);
    }
}

#[tokio::test]
async fn event_for_unknown_mail_is_kept_for_seven_days() {
    let world = World::new().await;
    let report = json!({"id": "rep_01jd0000000000000000000000"});
    let body = ses_event(&world, &report, "Delivery", &json!({"delivery": timestamped()})).to_string();
    assert_eq!(invoke_with_messages(&url(), FUNCTION, &[body.clone(), body.clone()]).await, [""; 0]);
    let kept = table::items(&format!("ORG#{}#FEEDBACK", world.org)).await;
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0]["body"]["S"], json!(body));
    let expires: i64 = kept[0]["expires_at"]["N"].as_str().unwrap().parse().unwrap();
    assert!((expires - now().as_second() - 7 * 24 * 3600).abs() < 600, "{expires}");
}

#[tokio::test]
async fn foreign_or_unsigned_notification_is_rejected() {
    let world = World::new().await;
    let report = world.submitted("40.00").await;
    world.wait_for_mail_status(&report, "report.submitted", &["Marco Rossi delivered"]).await;
    let bounce = json!({"bounce": {"bounceType": "Permanent", "timestamp": now().to_string()}});
    let forged = |name: &str, value: &str| {
        let mut forged = ses_event(&world, &report, "Bounce", &bounce);
        forged[name] = json!(value);
        forged.to_string()
    };
    let bodies = [
        forged("SigningCertURL", "https://sns.evil.example/SimpleNotificationService-1.pem"),
        forged("SigningCertURL", "https://sns.eu-central-1.amazonaws.com.evil.example/a.pem"),
        forged("SignatureVersion", "1"),
        forged("TopicArn", "arn:aws:sns:eu-central-1:999999999999:SesEventsTopic"),
        forged("Type", "SubscriptionConfirmation"),
        forged("Message", "no event"),
        "not JSON".to_owned(),
        ses_event(&world, &report, "Send", &json!({})).to_string(),
    ];
    assert_eq!(invoke_with_messages(&url(), FUNCTION, &bodies).await, ["m0", "m1", "m2", "m3", "m4", "m5", "m6"]);
    assert_eq!(world.mail_status(&report, "report.submitted").await, ["Marco Rossi delivered"]);
}

#[tokio::test]
async fn topic_validation_message_is_ignored() {
    let trial = "Successfully validated SNS topic for Amazon SES event publishing.";
    assert_eq!(invoke_with_messages(&url(), FUNCTION, &[sns_notification(trial).to_string()]).await, [""; 0]);
}

#[tokio::test]
async fn ses_reject_shows_as_refused_in_history() {
    let world = World::new().await;
    let report = world.submitted("40.00").await;
    world.wait_for_mail_status(&report, "report.submitted", &["Marco Rossi delivered"]).await;
    let rejected = ses_event(&world, &report, "Reject", &json!({"reject": {"reason": "Bad content"}}));
    assert_eq!(invoke_with_messages(&url(), FUNCTION, &[rejected.to_string()]).await, [""; 0]);
    assert_eq!(world.mail_status(&report, "report.submitted").await, ["Marco Rossi refused"]);
}

#[tokio::test]
async fn unreadable_message_reaches_dead_letter_queue() {
    let world = World::new().await;
    let poison = format!("not JSON, of {}", world.org);
    enqueue(&url(), QUEUE, &poison).await;
    let dead =
        wait_until("the dead-lettered message", || async { queued_messages(&url(), DEAD, &world.org).await.pop() })
            .await;
    assert_eq!(dead["body"], json!(poison), "the body is kept unchanged");
}

#[tokio::test]
async fn concurrent_duplicate_event_has_one_effect() {
    let world = World::new().await;
    let report = world.submitted("40.00").await;
    world.wait_for_mail_status(&report, "report.submitted", &["Marco Rossi delivered"]).await;
    let bounce = json!({"bounce": {"bounceType": "Permanent", "timestamp": now().to_string()}});
    let body = [ses_event(&world, &report, "Bounce", &bounce).to_string()];
    let base = url();
    let both = futures_util::future::join_all((0..8).map(|_| invoke_with_messages(&base, FUNCTION, &body))).await;
    assert!(both.iter().all(Vec::is_empty), "{both:?}");
    assert_eq!(world.mail_status(&report, "report.submitted").await, ["Marco Rossi bounced"]);
    let marco = world.admin.get(&world.path(&format!("members/{}", world.marco.id))).await.expect(200);
    let history = table::items(&format!("ORG#{}#MEMBER#{}", world.org, world.marco.id)).await;
    let noted = history.iter().filter(|item| item["type"]["S"] == "member.address_failed").count();
    assert_eq!((noted, &marco["address_fault"]), (1, &json!("bounced")));
}

/// Number of redriven messages; `OUTLAY_REDRIVEN=1000` for a long run.
#[expect(clippy::disallowed_methods, reason = "the caller chooses the length of the run")]
fn redrive_count() -> usize {
    std::env::var("OUTLAY_REDRIVEN").ok().and_then(|count| count.parse().ok()).unwrap_or(60)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redriven_messages_are_all_processed() {
    let (stack, world) = own_stack().await;
    let report = world.submitted("40.00").await;
    world.wait_for_mail_status(&report, "report.submitted", &["Marco Rossi delivered"]).await;
    let rule = json!({"service": "dynamodb", "fault": "refuse", "function": FUNCTION});
    let rule = add_fault(stack.url(), &rule).await;
    let count = redrive_count();
    let body = |number: usize| {
        let other = json!({"id": format!("rep_01jd00000000000000000{number:05}")});
        ses_event(&world, &other, "Delivery", &json!({"delivery": timestamped()}))
            .to_string()
            .replace("Delivery-", &format!("{number}-"))
    };
    for number in 0..count {
        enqueue(stack.url(), QUEUE, &body(number)).await;
    }
    let all = || async { (queued_messages(stack.url(), DEAD, &world.org).await.len() == count).then_some(()) };
    wait_until("the dead-lettered messages", all).await;
    remove_fault(stack.url(), &rule).await;
    for _ in 0..2 {
        let redrive = format!("{}/_local/queues/{DEAD}/redrive", stack.url());
        assert_eq!(crate::support::send(reqwest::Client::new().post(redrive)).await.status / 100, 2);
    }
    let kept = || async {
        let of = json!({":pk": {"S": format!("ORG#{}#FEEDBACK", world.org)}});
        let body = json!({"KeyConditionExpression": "PK = :pk", "ExpressionAttributeValues": of, "Select": "COUNT"});
        (table::call_on(&stack, "Query", body).await["Count"] == count).then_some(())
    };
    wait_until("every redriven message", kept).await;
    assert!(queued_messages(stack.url(), DEAD, &world.org).await.is_empty());
    stack.stop().await;
}
