//! What SES tells of mail that was sent: where the mail stands, and what that means for the member.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::{
    World, enqueue, expense, fault, feed, healed, mail, morning, now, own, queued, table, turn, until, url,
};

const FUNCTION: &str = "triggers-mail-feedback";
const QUEUE: &str = "FeedbackQueue";
const DEAD: &str = "FeedbackDeadQueue";

/// The SNS notification of an event of SES about the mail to Marco about a report's second event.
fn notification(world: &World, report: &Value, kind: &str, more: &Value) -> Value {
    let tags = json!({
        "org": [world.org], "about": [report["id"]], "mail": ["000000000000002"], "to": [world.marco.id],
    });
    let about = json!({"timestamp": now().to_string(), "messageId": format!("{kind}-{}", world.org), "tags": tags});
    let mut event = json!({"eventType": kind, "mail": about});
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    notice_of(&event.to_string())
}

/// The SNS notification of a message on the template's topic.
fn notice_of(message: &str) -> Value {
    json!({
        "Type": "Notification", "MessageId": "1", "TopicArn": topic(), "Message": message,
        "Timestamp": now().to_string(), "SignatureVersion": "2", "Signature": "c2ln",
        "SigningCertURL": "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-1.pem",
    })
}

/// The topic of the template as the local stack names it.
fn topic() -> String {
    "arn:aws:sns:eu-central-1:000000000000:outlay-local-FeedbackTopic".to_owned()
}

/// An address of this organisation's that SES's simulator answers for.
fn simulated(what: &str, world: &World) -> String {
    format!("{what}@simulator.{}.example.com", world.org.replace('_', "-"))
}

fn stamped() -> Value {
    json!({"timestamp": now().to_string()})
}

#[tokio::test]
async fn a_mail_is_queued_then_sent_then_delivered() {
    let world = World::new().await;
    let report = world.submitted("40.00").await;
    world.is_told(&report, "report.submitted", &["Marco Rossi delivered"]).await;
    let sent = world.mail(&world.marco, 2).await.remove(1);
    for (tag, value) in [("org", &world.org), ("to", &world.marco.id), ("mail", &"000000000000002".to_owned())] {
        assert_eq!(sent["tags"][tag], json!(value), "{sent}");
    }
}

#[tokio::test]
async fn a_state_only_moves_forward() {
    let world = World::new().await;
    let report = world.submitted("40.00").await;
    world.is_told(&report, "report.submitted", &["Marco Rossi delivered"]).await;
    let event = |kind: &str, more: Value| notification(&world, &report, kind, &more).to_string();
    let late = [event("Send", json!({})), event("Send", json!({})), event("Delivery", json!({"delivery": stamped()}))];
    assert_eq!(feed(&url(), FUNCTION, &late).await, [""; 0]);
    assert_eq!(world.told(&report, "report.submitted").await, ["Marco Rossi delivered"]);
    let passing = json!({"bounce": {"bounceType": "Transient", "timestamp": now().to_string()}});
    assert_eq!(feed(&url(), FUNCTION, &[event("Bounce", passing)]).await, [""; 0]);
    assert_eq!(world.told(&report, "report.submitted").await, ["Marco Rossi delivered"]);
    assert_eq!(
        feed(&url(), FUNCTION, &[event("Complaint", json!({"complaint": stamped()})), event("Send", json!({}))]).await,
        [""; 0]
    );
    assert_eq!(world.told(&report, "report.submitted").await, ["Marco Rossi complained"]);
}

#[tokio::test]
async fn an_address_that_bounces_is_marked_shown_to_admins_and_written_to_no_more() {
    let world = World::new().await;
    let lost = world.join("Bo Bounce", &simulated("bounce", &world), &json!({})).await;
    let member = world.path(&format!("members/{}", lost.id));
    let fault = || async {
        let member = world.admin.get(&member).await.expect(200);
        (member["address_fault"] == "bounced").then_some(member)
    };
    // The invitation has bounced.
    let marked = until("the fault", fault).await;
    let told = world.mail(&world.admin, 1).await.remove(0);
    assert!(told["text"].as_str().unwrap().contains("Bo Bounce"), "{told}");
    // Told again, it is noted once.
    assert_eq!(world.admin.get(&member).await.expect(200)["version"], marked["version"]);
    world
        .admin
        .patch(&world.path(&format!("members/{}", world.ana.id)), &json!({"manager_id": lost.id}))
        .await
        .expect(200);
    let report = world.claim(&world.ana, &[expense("40.00")]).await.expect(201);
    world.is_told(&report, "report.submitted", &["Bo Bounce suppressed"]).await;
    assert_eq!(mail(&url(), &lost.email, 1).await.len(), 1, "the invitation");
    // An admin has it tried again; nobody says himself that an address is broken.
    world.admin.patch(&member, &json!({"address_fault": "bounced"})).await.problem(422, "/problems/validation-failed");
    let mended = world.admin.patch(&member, &json!({"address_fault": null})).await.expect(200);
    assert_eq!(mended["address_fault"], Value::Null);
    // What SES told before, and comes back from the dead queue only now, does not undo it.
    let tags = json!({"org": [world.org], "about": [lost.id], "mail": ["000000000000001"], "to": [lost.id]});
    let before = (now() - SignedDuration::from_mins(1)).to_string();
    let mail = json!({"timestamp": before, "messageId": "late", "tags": tags});
    let event =
        json!({"eventType": "Bounce", "mail": mail, "bounce": {"bounceType": "Permanent", "timestamp": before}});
    assert_eq!(feed(&url(), FUNCTION, &[notice_of(&event.to_string()).to_string()]).await, [""; 0]);
    assert_eq!(world.admin.get(&member).await.expect(200)["version"], mended["version"]);
}

#[tokio::test]
async fn the_suppression_list_counts_as_a_bounce() {
    let world = World::new().await;
    let lost = world.join("Lis Listed", &simulated("suppressionlist", &world), &json!({})).await;
    let member = world.path(&format!("members/{}", lost.id));
    let ask = || async { (world.admin.get(&member).await.expect(200)["address_fault"] == "bounced").then_some(()) };
    until("the fault", ask).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_complains_gets_no_reminders_and_still_what_has_to_be() {
    let (stack, world) = own().await;
    let angry = world.join("Cy Complains", "complaint@simulator.example.com", &json!({})).await;
    let ana = world.path(&format!("members/{}", world.ana.id));
    world.admin.patch(&ana, &json!({"manager_id": angry.id})).await.expect(200);
    let report = world.claim(&world.ana, &[expense("40.00")]).await.expect(201);
    world.is_told(&report, "report.submitted", &["Cy Complains complained"]).await;
    let member = world.path(&format!("members/{}", angry.id));
    assert_eq!(world.admin.get(&member).await.expect(200)["address_fault"], "complained");
    let other = world.hire("Otto", &json!({})).await;
    world.change(&world.ana, &json!({"manager_id": other.id})).await;
    world.claim(&world.ana, &[expense("41.00")]).await.expect(201);
    turn(stack.url(), "triggers-remind", morning(30)).await;
    assert_eq!(world.mail(&other, 3).await.len(), 3, "invited, asked and reminded in the same turn");
    assert_eq!(mail(stack.url(), &angry.email, 2).await.len(), 2, "invited and asked, not reminded");
    stack.stop().await;
}

#[tokio::test]
async fn what_is_told_of_a_mail_nobody_knows_is_kept_for_a_week() {
    let world = World::new().await;
    let report = json!({"id": "rep_01jd0000000000000000000000"});
    let body = notification(&world, &report, "Delivery", &json!({"delivery": stamped()})).to_string();
    assert_eq!(feed(&url(), FUNCTION, &[body.clone(), body.clone()]).await, [""; 0]);
    let kept = table::items(&format!("ORG#{}#FEEDBACK", world.org)).await;
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0]["body"]["S"], json!(body));
    let expires: i64 = kept[0]["expires_at"]["N"].as_str().unwrap().parse().unwrap();
    assert!((expires - now().as_second() - 7 * 24 * 3600).abs() < 600, "{expires}");
}

#[tokio::test]
async fn what_is_not_from_our_topic_or_not_signed_by_sns_is_refused_and_nothing_else() {
    let world = World::new().await;
    let report = world.submitted("40.00").await;
    world.is_told(&report, "report.submitted", &["Marco Rossi delivered"]).await;
    let bounce = json!({"bounce": {"bounceType": "Permanent", "timestamp": now().to_string()}});
    let forged = |name: &str, value: &str| {
        let mut forged = notification(&world, &report, "Bounce", &bounce);
        forged[name] = json!(value);
        forged.to_string()
    };
    let bodies = [
        forged("SigningCertURL", "https://sns.evil.example/SimpleNotificationService-1.pem"),
        forged("SigningCertURL", "https://sns.eu-central-1.amazonaws.com.evil.example/a.pem"),
        forged("SignatureVersion", "1"),
        forged("TopicArn", "arn:aws:sns:eu-central-1:999999999999:FeedbackTopic"),
        forged("Type", "SubscriptionConfirmation"),
        forged("Message", "no event"),
        "not JSON".to_owned(),
        notification(&world, &report, "Send", &json!({})).to_string(),
    ];
    assert_eq!(feed(&url(), FUNCTION, &bodies).await, ["m0", "m1", "m2", "m3", "m4", "m5", "m6"]);
    assert_eq!(world.told(&report, "report.submitted").await, ["Marco Rossi delivered"]);
}

#[tokio::test]
async fn the_message_ses_tries_a_topic_with_tells_nothing() {
    let trial = "Successfully validated SNS topic for Amazon SES event publishing.";
    assert_eq!(feed(&url(), FUNCTION, &[notice_of(trial).to_string()]).await, [""; 0]);
}

#[tokio::test]
async fn what_ses_does_not_send_is_seen_in_the_history() {
    let world = World::new().await;
    let report = world.submitted("40.00").await;
    world.is_told(&report, "report.submitted", &["Marco Rossi delivered"]).await;
    let rejected = notification(&world, &report, "Reject", &json!({"reject": {"reason": "Bad content"}}));
    assert_eq!(feed(&url(), FUNCTION, &[rejected.to_string()]).await, [""; 0]);
    assert_eq!(world.told(&report, "report.submitted").await, ["Marco Rossi refused"]);
}

#[tokio::test]
async fn what_cannot_be_read_ends_whole_in_the_dead_queue() {
    let world = World::new().await;
    let poison = format!("not JSON, of {}", world.org);
    enqueue(&url(), QUEUE, &poison).await;
    let dead = until("the dead letter", || async { queued(&url(), DEAD, &world.org).await.pop() }).await;
    assert_eq!(dead["body"], json!(poison), "whole");
}

#[tokio::test]
async fn the_same_message_at_once_has_one_effect() {
    let world = World::new().await;
    let report = world.submitted("40.00").await;
    world.is_told(&report, "report.submitted", &["Marco Rossi delivered"]).await;
    let bounce = json!({"bounce": {"bounceType": "Permanent", "timestamp": now().to_string()}});
    let body = [notification(&world, &report, "Bounce", &bounce).to_string()];
    let base = url();
    let both = futures_util::future::join_all((0..8).map(|_| feed(&base, FUNCTION, &body))).await;
    assert!(both.iter().all(Vec::is_empty), "{both:?}");
    assert_eq!(world.told(&report, "report.submitted").await, ["Marco Rossi bounced"]);
    let marco = world.admin.get(&world.path(&format!("members/{}", world.marco.id))).await.expect(200);
    let history = table::items(&format!("ORG#{}#MEMBER#{}", world.org, world.marco.id)).await;
    let noted = history.iter().filter(|item| item["type"]["S"] == "member.address_failed").count();
    assert_eq!((noted, &marco["address_fault"]), (1, &json!("bounced")));
}

/// How many messages come back; 1,000 in the long run.
#[expect(clippy::disallowed_methods, reason = "how long a test may take is for who starts it to say")]
fn redriven() -> usize {
    std::env::var("OUTLAY_REDRIVEN").ok().and_then(|count| count.parse().ok()).unwrap_or(60)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_failed_is_done_when_it_comes_back_from_the_dead_queue() {
    let (stack, world) = own().await;
    let report = world.submitted("40.00").await;
    world.is_told(&report, "report.submitted", &["Marco Rossi delivered"]).await;
    let rule = json!({"service": "dynamodb", "fault": "refuse", "function": FUNCTION});
    let rule = fault(stack.url(), &rule).await;
    let count = redriven();
    let body = |number: usize| {
        let other = json!({"id": format!("rep_01jd00000000000000000{number:05}")});
        notification(&world, &other, "Delivery", &json!({"delivery": stamped()}))
            .to_string()
            .replace("Delivery-", &format!("{number}-"))
    };
    for number in 0..count {
        enqueue(stack.url(), QUEUE, &body(number)).await;
    }
    let all = || async { (queued(stack.url(), DEAD, &world.org).await.len() == count).then_some(()) };
    until("the dead letters", all).await;
    healed(stack.url(), &rule).await;
    for _ in 0..2 {
        let redrive = format!("{}/_local/queues/{DEAD}/redrive", stack.url());
        assert_eq!(crate::support::send(reqwest::Client::new().post(redrive)).await.status / 100, 2);
    }
    let kept = || async {
        let of = json!({":pk": {"S": format!("ORG#{}#FEEDBACK", world.org)}});
        let body = json!({"KeyConditionExpression": "PK = :pk", "ExpressionAttributeValues": of, "Select": "COUNT"});
        (table::call_on(&stack, "Query", body).await["Count"] == count).then_some(())
    };
    until("each of them", kept).await;
    assert!(queued(stack.url(), DEAD, &world.org).await.is_empty());
    stack.stop().await;
}
