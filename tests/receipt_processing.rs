//! Processing of uploaded files: repeated, early, late and foreign messages, runs killed between any two calls, lost
//! events. Numbers `EV-…` are those of the table in `events.rs`.

use jiff::{SignedDuration, Timestamp};
use outlay_local::{Data, Stack};
use serde_json::{Value, json};

use crate::support::files::{
    Bucket, attach, bare, declaration, declare, keys, path, processed_receipt, ticket, upload, without_reference,
};
use crate::support::{
    World, add_fault, enqueue, invoke_with_messages, log, now, options, queued_messages, remove_fault, run_schedule,
    send, table, url, wait_until,
};

const QUEUE: &str = "ReceiptQueue";
const DEAD: &str = "ReceiptDeadQueue";
const FUNCTION: &str = "triggers-process-receipt";
const BUCKET: &str = "outlay-local-receiptsbucket";

/// S3 event for a new object. The key is form-encoded.
pub fn notification(key: &str) -> Value {
    s3_event(key, BUCKET, now())
}

fn s3_event(key: &str, bucket: &str, time: Timestamp) -> Value {
    let object = json!({"key": key, "size": 3, "eTag": "x", "sequencer": "0055AED6DCD90281E5"});
    json!({"Records": [{
        "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "eu-central-1", "eventTime": time.to_string(),
        "eventName": "ObjectCreated:Put", "s3": {"s3SchemaVersion": "1.0", "bucket": {"name": bucket}, "object": object},
    }]})
}

/// Six minutes ago, when every receipt declared before is readable.
fn past_retry_window() -> Timestamp {
    now() - SignedDuration::from_mins(6)
}

/// Number of events of a type in a report's history.
async fn event_count(world: &World, report: &Value, kind: &str) -> usize {
    let history = world.admin.get(&world.report(report, "history")).await.expect(200);
    assert_eq!(history["chain"]["verified"], true);
    history["items"].as_array().unwrap().iter().filter(|entry| entry["type"] == kind).count()
}

/// Waits until at least `count` lines of the shared stack's log match. A line can arrive after the response.
async fn wait_for_log(what: &str, count: usize, is_match: impl Fn(&str) -> bool) {
    wait_until(what, || async {
        (log(&url()).await.lines().filter(|line| is_match(line)).count() >= count).then_some(())
    })
    .await;
}

async fn pending_file_tasks(world: &World) -> usize {
    table::items(&format!("ORG#{}#FILES", world.org)).await.len()
}

/// Receipt whose file is uploaded and whose message has been given up.
pub async fn unprocessed_upload(world: &World, report: &Value) -> (Value, Vec<u8>, [String; 2]) {
    let bytes = ticket(&format!("{} {}", world.org, report["id"]));
    let made = declare(world, report, 0, &declaration("x.png", "image/png", &bytes)).await;
    let unavailable = json!({"service": "s3", "operation": "GetObject", "function": FUNCTION, "containing": made["id"], "fault": "unavailable"});
    let rule = add_fault(&world.admin.base, &unavailable).await;
    assert_eq!(upload(&made, &bytes).await.status, 200);
    let id = made["id"].as_str().unwrap().to_owned();
    wait_until("the message is in the dead-letter queue", || async {
        queued_messages(&world.admin.base, DEAD, &id).await.pop()
    })
    .await;
    assert!(remove_fault(&world.admin.base, &rule).await >= 5, "the message is retried before it is given up");
    let keys = keys(world, report, &made);
    (made, bytes, keys)
}

#[tokio::test]
async fn repeated_message_accepts_receipt_once() {
    let world = World::new().await;
    let draft = bare(&world).await;
    let (made, _, keys) = unprocessed_upload(&world, &draft).await;
    // EV-14 and EV-31.
    let message = notification(&keys[0]).to_string();
    let base = url();
    let results = futures_util::future::join_all(
        (0..4).map(|_| invoke_with_messages(&base, FUNCTION, std::slice::from_ref(&message))),
    )
    .await;
    assert!(results.iter().all(Vec::is_empty), "{results:?}");
    assert_eq!(invoke_with_messages(&url(), FUNCTION, &[message.clone(), message]).await, [""; 0]);
    assert_eq!(processed_receipt(&world.ana, &path(&world, &draft, 0, &made)).await["status"], "clean");
    assert_eq!(event_count(&world, &draft, "receipt.accepted").await, 1);
    assert_eq!(Bucket::new().existing(&keys).await, [&keys[1]]);
    assert_eq!(pending_file_tasks(&world).await, 0);
}

#[tokio::test]
async fn file_without_receipt_is_retried_then_deleted() {
    let (world, there) = (World::new().await, World::new().await);
    let (draft, theirs) = (bare(&world).await, bare(&there).await);
    let made = declare(&world, &draft, 0, &declaration("x.png", "image/png", b"x")).await;
    // EV-31: before the receipt is readable. EV-18: of a report or an organisation that does not exist.
    let unknown = made["id"].as_str().unwrap().replace("rcp_01", "rcp_00");
    let [mut key, ..] = keys(&world, &draft, &made);
    key = key.replace(made["id"].as_str().unwrap(), &unknown);
    let gone = key.replace(&world.org, "org_01k0000000e2t8r0000000000a");
    let elsewhere = keys(&there, &theirs, &made)[0].clone();
    let keys = [key, gone, elsewhere];
    let bucket = Bucket::new();
    for key in &keys {
        assert_eq!(invoke_with_messages(&url(), FUNCTION, &[notification(key).to_string()]).await, ["m0"]);
        assert_eq!(
            invoke_with_messages(&url(), FUNCTION, &[s3_event(key, BUCKET, past_retry_window()).to_string()]).await,
            [""; 0]
        );
    }
    assert_eq!(bucket.existing(&keys).await, [""; 0]);
    wait_for_log("the deletion is logged", 1, |line| line.contains(&unknown)).await;
    assert_eq!(world.ana.get(&path(&world, &draft, 0, &made)).await.expect(200)["status"], "pending");
}

#[tokio::test]
async fn foreign_object_is_left_untouched_and_logged() {
    let world = World::new().await;
    let draft = bare(&world).await;
    let made = declare(&world, &draft, 0, &declaration("x.png", "image/png", b"x")).await;
    let [slot, clean] = keys(&world, &draft, &made);
    // EV-30.
    let name = format!("foreign-{}", world.org);
    let encoded = slot.replace('_', "%5F");
    let foreign = [
        (s3_event(&name, BUCKET, past_retry_window()), &name),
        (s3_event(&clean, BUCKET, past_retry_window()), &clean),
        (s3_event(&format!("{slot}/x"), BUCKET, past_retry_window()), &format!("{slot}/x")),
        (s3_event(&encoded.replace('%', "%25"), BUCKET, past_retry_window()), &encoded),
        (s3_event(&slot, "another-bucket", past_retry_window()), &slot),
    ];
    for (message, key) in foreign {
        assert_eq!(
            invoke_with_messages(&url(), FUNCTION, &[message.to_string()]).await,
            [""; 0],
            "acknowledged: {message}"
        );
        let expected = json!({"cause": "object that is no upload", "level": "error", "key": key});
        let is_expected = |line: &str| {
            let line: Value = serde_json::from_str(line).unwrap_or_default();
            expected.as_object().unwrap().iter().all(|(name, value)| line[name] == *value)
        };
        wait_for_log(&format!("{key} is logged"), 1, is_expected).await;
    }
    let measured = |line: &str| line.contains("\"UnexpectedObjects\":1") && line.contains("\"Namespace\":\"Outlay\"");
    wait_for_log("every foreign object is counted", 5, measured).await;
    // S3 sends a test event when the notification is configured.
    let test = json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": BUCKET});
    assert_eq!(invoke_with_messages(&url(), FUNCTION, &[test.to_string()]).await, [""; 0]);
}

#[tokio::test]
async fn object_key_is_decoded_once() {
    let world = World::new().await;
    let draft = bare(&world).await;
    let (made, _, keys) = unprocessed_upload(&world, &draft).await;
    // EV-32: encoded as S3 may do.
    let spelt = keys[0].replace('_', "%5F").replace('/', "%2F");
    assert_eq!(invoke_with_messages(&url(), FUNCTION, &[notification(&spelt).to_string()]).await, [""; 0]);
    assert_eq!(processed_receipt(&world.ana, &path(&world, &draft, 0, &made)).await["status"], "clean");
    let spaced = format!("a+b%20c%2B{}", world.org);
    assert_eq!(invoke_with_messages(&url(), FUNCTION, &[notification(&spaced).to_string()]).await, [""; 0]);
    let decoded = format!("a b c+{}", world.org);
    wait_for_log("the decoded key is logged", 1, |line| line.contains(&decoded)).await;
}

#[tokio::test]
async fn batch_reports_only_failed_messages() {
    let world = World::new().await;
    let draft = bare(&world).await;
    let (made, _, keys) = unprocessed_upload(&world, &draft).await;
    // EV-16.
    let good = notification(&keys[0]).to_string();
    let foreign = s3_event("x", BUCKET, past_retry_window()).to_string();
    let bad = ["not JSON".to_owned(), "{}".to_owned(), json!({"Records": [{"s3": {}}]}).to_string()];
    let bodies = [
        bad[0].clone(),
        good.clone(),
        foreign.clone(),
        bad[1].clone(),
        good.clone(),
        good.clone(),
        bad[2].clone(),
        foreign.clone(),
        foreign,
        good,
    ];
    assert_eq!(invoke_with_messages(&url(), FUNCTION, &bodies).await, ["m0", "m3", "m6"]);
    assert_eq!(processed_receipt(&world.ana, &path(&world, &draft, 0, &made)).await["status"], "clean");
}

#[tokio::test]
async fn unreadable_message_moves_intact_to_dead_letter_queue() {
    let world = World::new().await;
    // EV-15.
    let poison = format!("not JSON, of {}", world.org);
    enqueue(&url(), QUEUE, &poison).await;
    let draft = bare(&world).await;
    let bytes = ticket(&world.org);
    let (_, receipt) = attach(&world, &draft, 0, &declaration("x.png", "image/png", &bytes), &bytes).await;
    assert_eq!(receipt["status"], "clean");
    let dead = wait_until("the dead letter", || async { queued_messages(&url(), DEAD, &world.org).await.pop() }).await;
    assert_eq!(dead["body"], json!(poison), "the body is intact");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redriven_dead_letters_are_processed_once() {
    let stack = Stack::start(options(Data::InMemory)).await.unwrap();
    let world = World::on(stack.url()).await;
    let drafts = futures_util::future::join_all((0..6).map(|_| bare(&world))).await;
    let waiting = futures_util::future::join_all(drafts.iter().map(|draft| unprocessed_upload(&world, draft))).await;
    // EV-20: redriven twice; the second time some have been processed meanwhile.
    for _ in 0..2 {
        let url = format!("{}/_local/queues/{DEAD}/redrive", stack.url());
        send(reqwest::Client::new().post(url)).await.expect(200);
    }
    let bucket = Bucket::on(&stack);
    for (draft, (made, _, keys)) in drafts.iter().zip(&waiting) {
        assert_eq!(processed_receipt(&world.ana, &path(&world, draft, 0, made)).await["status"], "clean");
        assert_eq!(event_count(&world, draft, "receipt.accepted").await, 1);
        wait_until("only the clean file is left", || async {
            (bucket.existing(keys).await == [&keys[1]]).then_some(())
        })
        .await;
    }
    stack.stop().await;
}

/// Calls of a run in order: service, operation, and a text that only requests for this file contain.
fn calls(report: &Value, receipt: &Value) -> [(&'static str, &'static str, String); 8] {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let (report, sha256, receipt) = (text(&report["id"]), text(&receipt["sha256"]), text(&receipt["id"]));
    [
        ("dynamodb", "Query", report),
        ("s3", "GetObject", receipt.clone()),
        // The preview, then the file, whose key ends there.
        ("s3", "PutObject", receipt.clone()),
        ("s3", "PutObject", format!("{receipt}?")),
        ("dynamodb", "Query", sha256),
        ("dynamodb", "TransactWriteItems", receipt.clone()),
        ("s3", "DeleteObject", receipt.clone()),
        ("dynamodb", "DeleteItem", receipt),
    ]
}

/// Fails one call of a run and asserts that the file is still processed exactly once.
async fn check_interrupted_run(stack: &Stack, world: &World, call: usize, kind: &str) {
    let draft = bare(world).await;
    let bytes = ticket(&format!("{kind} {call} {}", draft["id"]));
    let made = declare(world, &draft, 0, &declaration("x.png", "image/png", &bytes)).await;
    let (service, operation, containing) = calls(&draft, &made)[call].clone();
    let what = json!({
        "service": service, "operation": operation, "containing": containing, "function": FUNCTION, "fault": kind, "times": 1,
    });
    let rule = add_fault(stack.url(), &what).await;
    assert_eq!(upload(&made, &bytes).await.status, 200);
    assert_eq!(processed_receipt(&world.ana, &path(world, &draft, 0, &made)).await["status"], "clean", "{what}");
    let (keys, bucket) = (keys(world, &draft, &made), Bucket::on(stack));
    wait_until("the run is completed", || async {
        let marked = receipts_with_pending_task(stack, world).await.contains(&made["id"]);
        (!marked && bucket.existing(&keys).await == [&keys[1]]).then_some(())
    })
    .await;
    assert_eq!(event_count(world, &draft, "receipt.accepted").await, 1, "{what}");
    assert_eq!(remove_fault(stack.url(), &rule).await, 1, "{what}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processing_killed_at_any_call_is_completed_later() {
    // An own stack, so that killed processes serve no other test.
    let stack = Stack::start(options(Data::InMemory)).await.unwrap();
    let world = World::on(stack.url()).await;
    for fault in ["kill_before", "kill_after", "lose_answer"] {
        futures_util::future::join_all((0..8).map(|call| check_interrupted_run(&stack, &world, call, fault))).await;
    }
    stack.stop().await;
}

/// Receipts with a pending file task in an organisation on a stack.
async fn receipts_with_pending_task(stack: &Stack, world: &World) -> Vec<Value> {
    let of = json!({":pk": {"S": format!("ORG#{}#FILES", world.org)}});
    let body = json!({"KeyConditionExpression": "PK = :pk", "ExpressionAttributeValues": of, "ConsistentRead": true});
    let found = table::call_on(stack, "Query", body).await;
    found["Items"].as_array().unwrap().iter().map(|item| item["receipt_id"]["S"].clone()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sweep_processes_missed_uploads_and_abandons_missing() {
    let stack = Stack::start(options(Data::InMemory)).await.unwrap();
    let world = World::on(stack.url()).await;
    let bucket = Bucket::on(&stack);
    let (lost, never) = (bare(&world).await, bare(&world).await);
    let (made, _, keys_of_lost) = unprocessed_upload(&world, &lost).await;
    let absent = declare(&world, &never, 0, &declaration("x.png", "image/png", b"x")).await;
    let removed = world.draft(&world.ana, &[without_reference("5.00")]).await;
    let bytes = ticket(&world.org);
    let (_, gone) = attach(&world, &removed, 0, &declaration("x.png", "image/png", &bytes), &bytes).await;
    // The upload and the file task are removed after the receipt is clean.
    let keys_of_gone = keys(&world, &removed, &gone);
    wait_until("the removed receipt is settled", || async {
        let is_pending = receipts_with_pending_task(&stack, &world).await.contains(&gone["id"]);
        (!is_pending && bucket.existing(&keys_of_gone).await == [&keys_of_gone[1]]).then_some(())
    })
    .await;
    assert_eq!(world.ana.delete(&world.report(&removed, "")).await.status, 204);
    // Pending receipts are kept while their upload is allowed. Files without a report are deleted by the next sweep.
    assert_eq!(bucket.existing(&keys_of_gone).await, [&keys_of_gone[1]]);
    run_schedule(stack.url(), "triggers-sweep", now()).await;
    assert_eq!(bucket.existing(&keys_of_gone).await, [""; 0]);
    assert_eq!(receipts_with_pending_task(&stack, &world).await.len(), 2);
    let status = |report: &Value, receipt: &Value| path(&world, report, 0, receipt);
    assert_eq!(world.ana.get(&status(&lost, &made)).await.expect(200)["status"], "pending");
    let later = now() + SignedDuration::from_hours(2);
    for _ in 0..2 {
        run_schedule(stack.url(), "triggers-sweep", later).await;
    }
    assert_eq!(world.ana.get(&status(&lost, &made)).await.expect(200)["status"], "clean");
    assert_eq!(bucket.existing(&keys_of_lost).await, [&keys_of_lost[1]]);
    world.ana.get(&status(&never, &absent)).await.problem(404, "/problems/not-found");
    assert_eq!(event_count(&world, &never, "receipt.abandoned").await, 1);
    assert_eq!(receipts_with_pending_task(&stack, &world).await, [json!(null); 0]);
    // Without the abandoned receipt the report can be submitted.
    world.ana.post(&world.report(&never, "submit"), &json!({})).await.expect(200);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_beyond_the_rate_wait_for_the_sweep() {
    let stack = Stack::start(options(Data::InMemory)).await.unwrap();
    let (world, other) = (World::on(stack.url()).await, World::on(stack.url()).await);
    // As after very many files: the next inspection is a day away.
    let arrival = now().as_microsecond() + 86_400_000_000;
    let counter = json!({
        "PK": {"S": format!("ORG#{}#INSPECTIONS", world.org)}, "SK": {"S": "RATE"}, "arrival": {"N": arrival.to_string()},
    });
    table::call_on(&stack, "PutItem", json!({"Item": counter})).await;
    let draft = bare(&world).await;
    let bytes = ticket(&world.org);
    let made = declare(&world, &draft, 0, &declaration("x.png", "image/png", &bytes)).await;
    assert_eq!(upload(&made, &bytes).await.status, 200);
    let of = json!({":pk": {"S": format!("ORG#{}#FILES", world.org)}});
    let tasks = json!({"KeyConditionExpression": "PK = :pk", "ExpressionAttributeValues": of, "ConsistentRead": true});
    wait_until("the file task is due", || async {
        let found = table::call_on(&stack, "Query", tasks.clone()).await;
        let due: i64 = found["Items"][0]["due"]["N"].as_str()?.parse().ok()?;
        (due <= now().as_second()).then_some(())
    })
    .await;
    // Nobody else waits.
    let theirs = bare(&other).await;
    let (_, receipt) = attach(&other, &theirs, 0, &declaration("x.png", "image/png", &bytes), &bytes).await;
    assert_eq!(receipt["status"], "clean");
    let path = path(&world, &draft, 0, &made);
    assert_eq!(world.ana.get(&path).await.expect(200)["status"], "pending");
    run_schedule(stack.url(), "triggers-sweep", now()).await;
    assert_eq!(world.ana.get(&path).await.expect(200)["status"], "clean");
    assert_eq!(receipts_with_pending_task(&stack, &world).await, [json!(null); 0]);
    assert_eq!(Bucket::on(&stack).existing(&keys(&world, &draft, &made)).await.len(), 1);
    stack.stop().await;
}
