//! What becomes of uploaded files, whatever happens on the way: messages that come twice, too early, too late or from elsewhere, runs that
//! are killed between any two calls, events that never come.

use jiff::{SignedDuration, Timestamp};
use outlay_local::{Data, Stack};
use serde_json::{Value, json};

use crate::support::files::{
    Bucket, attach, bare, declaration, declare, keys, looked_at, path, ticket, upload, without_reference,
};
use crate::support::{World, enqueue, fault, feed, healed, log, now, options, queued, send, table, turn, until, url};

const QUEUE: &str = "ReceiptQueue";
const DEAD: &str = "ReceiptDeadQueue";
const FUNCTION: &str = "triggers-receipt-arrived";
const BUCKET: &str = "outlay-local-receiptsbucket";

/// What S3 tells of an object that is new now; the key is spelt as in a form.
pub fn notification(key: &str) -> Value {
    at(key, BUCKET, now())
}

fn at(key: &str, bucket: &str, time: Timestamp) -> Value {
    let object = json!({"key": key, "size": 3, "eTag": "x", "sequencer": "0055AED6DCD90281E5"});
    json!({"Records": [{
        "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "eu-central-1", "eventTime": time.to_string(),
        "eventName": "ObjectCreated:Put", "s3": {"s3SchemaVersion": "1.0", "bucket": {"name": bucket}, "object": object},
    }]})
}

/// Some minutes ago, when every receipt of that time is to be seen.
fn long_ago() -> Timestamp {
    now() - SignedDuration::from_mins(6)
}

/// How often each thing happened to a report's receipts.
async fn happened(world: &World, report: &Value, kind: &str) -> usize {
    let history = world.admin.get(&world.report(report, "history")).await.expect(200);
    assert_eq!(history["chain"]["verified"], true);
    history["items"].as_array().unwrap().iter().filter(|entry| entry["type"] == kind).count()
}

async fn markers(world: &World) -> usize {
    table::items(&format!("ORG#{}#FILES", world.org)).await.len()
}

/// A receipt whose file lies in its slot, and of which nobody was told.
pub async fn untold(world: &World, report: &Value) -> (Value, Vec<u8>, [String; 2]) {
    let bytes = ticket(&format!("{} {}", world.org, report["id"]));
    let made = declare(world, report, 0, &declaration("x.png", "image/png", &bytes)).await;
    let told = json!({"service": "s3", "operation": "GetObject", "function": FUNCTION, "containing": made["id"], "fault": "unavailable"});
    let rule = fault(&world.admin.base, &told).await;
    assert_eq!(upload(&made, &bytes).await.status, 200);
    let id = made["id"].as_str().unwrap().to_owned();
    until("the message is given up", || async { queued(&world.admin.base, DEAD, &id).await.pop() }).await;
    assert!(healed(&world.admin.base, &rule).await >= 5, "tried again before it is given up");
    let keys = keys(world, report, &made);
    (made, bytes, keys)
}

#[tokio::test]
async fn a_message_that_comes_often_or_twice_at_once_is_one_acceptance() {
    let world = World::new().await;
    let draft = bare(&world).await;
    let (made, _, keys) = untold(&world, &draft).await;
    // EV-14 and EV-31.
    let message = notification(&keys[0]).to_string();
    let base = url();
    let twins =
        futures_util::future::join_all((0..4).map(|_| feed(&base, FUNCTION, std::slice::from_ref(&message)))).await;
    assert!(twins.iter().all(Vec::is_empty), "{twins:?}");
    assert_eq!(feed(&url(), FUNCTION, &[message.clone(), message]).await, [""; 0]);
    assert_eq!(looked_at(&world.ana, &path(&world, &draft, 0, &made)).await["status"], "clean");
    assert_eq!(happened(&world, &draft, "receipt.accepted").await, 1);
    assert_eq!(Bucket::new().there(&keys).await, [&keys[1]]);
    assert_eq!(markers(&world).await, 0);
}

#[tokio::test]
async fn a_file_without_a_receipt_is_waited_for_and_then_removed() {
    let (world, there) = (World::new().await, World::new().await);
    let (draft, theirs) = (bare(&world).await, bare(&there).await);
    let made = declare(&world, &draft, 0, &declaration("x.png", "image/png", b"x")).await;
    // EV-31: before the receipt is to be seen; EV-18: of a report, or an organisation, that is gone.
    let unknown = made["id"].as_str().unwrap().replace("rcp_01", "rcp_00");
    let [mut key, ..] = keys(&world, &draft, &made);
    key = key.replace(made["id"].as_str().unwrap(), &unknown);
    let gone = key.replace(&world.org, "org_01k0000000e2t8r0000000000a");
    let elsewhere = keys(&there, &theirs, &made)[0].clone();
    let keys = [key, gone, elsewhere];
    let bucket = Bucket::new();
    for key in &keys {
        assert_eq!(feed(&url(), FUNCTION, &[notification(key).to_string()]).await, ["m0"]);
        assert_eq!(feed(&url(), FUNCTION, &[at(key, BUCKET, long_ago()).to_string()]).await, [""; 0]);
    }
    assert_eq!(bucket.there(&keys).await, [""; 0]);
    assert!(log(&url()).await.contains(&unknown), "it is told that a file was removed");
    assert_eq!(world.ana.get(&path(&world, &draft, 0, &made)).await.expect(200)["status"], "pending");
}

#[tokio::test]
async fn what_is_not_ours_is_left_alone_and_somebody_is_told() {
    let world = World::new().await;
    let draft = bare(&world).await;
    let made = declare(&world, &draft, 0, &declaration("x.png", "image/png", b"x")).await;
    let [slot, clean] = keys(&world, &draft, &made);
    // EV-30.
    let name = format!("foreign-{}", world.org);
    let encoded = slot.replace('_', "%5F");
    let foreign = [
        (at(&name, BUCKET, long_ago()), &name),
        (at(&clean, BUCKET, long_ago()), &clean),
        (at(&format!("{slot}/x"), BUCKET, long_ago()), &format!("{slot}/x")),
        (at(&encoded.replace('%', "%25"), BUCKET, long_ago()), &encoded),
        (at(&slot, "another-bucket", long_ago()), &slot),
    ];
    for (message, key) in foreign {
        assert_eq!(feed(&url(), FUNCTION, &[message.to_string()]).await, [""; 0], "acknowledged: {message}");
        let told = json!({"cause": "an object that is not ours", "level": "error", "key": key});
        let is_told = |line: &str| {
            let line: Value = serde_json::from_str(line).unwrap_or_default();
            told.as_object().unwrap().iter().all(|(name, value)| line[name] == *value)
        };
        assert!(log(&url()).await.lines().any(is_told), "{key}");
    }
    let measured = |line: &str| line.contains("\"ForeignObject\":1") && line.contains("\"Namespace\":\"Outlay\"");
    assert!(log(&url()).await.lines().filter(|line| measured(line)).count() >= 5);
    // S3 tries whether it may tell.
    let test = json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": BUCKET});
    assert_eq!(feed(&url(), FUNCTION, &[test.to_string()]).await, [""; 0]);
}

#[tokio::test]
async fn a_key_is_decoded_once() {
    let world = World::new().await;
    let draft = bare(&world).await;
    let (made, _, keys) = untold(&world, &draft).await;
    // EV-32: as S3 may spell it.
    let spelt = keys[0].replace('_', "%5F").replace('/', "%2F");
    assert_eq!(feed(&url(), FUNCTION, &[notification(&spelt).to_string()]).await, [""; 0]);
    assert_eq!(looked_at(&world.ana, &path(&world, &draft, 0, &made)).await["status"], "clean");
    let spaced = format!("a+b%20c%2B{}", world.org);
    assert_eq!(feed(&url(), FUNCTION, &[notification(&spaced).to_string()]).await, [""; 0]);
    assert!(log(&url()).await.contains(&format!("a b c+{}", world.org)));
}

#[tokio::test]
async fn of_a_batch_exactly_those_fail_that_failed() {
    let world = World::new().await;
    let draft = bare(&world).await;
    let (made, _, keys) = untold(&world, &draft).await;
    // EV-16.
    let good = notification(&keys[0]).to_string();
    let foreign = at("x", BUCKET, long_ago()).to_string();
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
    assert_eq!(feed(&url(), FUNCTION, &bodies).await, ["m0", "m3", "m6"]);
    assert_eq!(looked_at(&world.ana, &path(&world, &draft, 0, &made)).await["status"], "clean");
}

#[tokio::test]
async fn what_cannot_be_read_ends_whole_in_the_dead_queue_and_holds_nobody_up() {
    let world = World::new().await;
    // EV-15.
    let poison = format!("not JSON, of {}", world.org);
    enqueue(&url(), QUEUE, &poison).await;
    let draft = bare(&world).await;
    let bytes = ticket(&world.org);
    let (_, receipt) = attach(&world, &draft, 0, &declaration("x.png", "image/png", &bytes), &bytes).await;
    assert_eq!(receipt["status"], "clean");
    let dead = until("the dead letter", || async { queued(&url(), DEAD, &world.org).await.pop() }).await;
    assert_eq!(dead["body"], json!(poison), "whole");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dead_letters_that_are_sent_back_are_worked_off_once_each() {
    let stack = Stack::start(options(Data::InMemory)).await.unwrap();
    let world = World::on(stack.url()).await;
    let drafts = futures_util::future::join_all((0..6).map(|_| bare(&world))).await;
    let waiting = futures_util::future::join_all(drafts.iter().map(|draft| untold(&world, draft))).await;
    // EV-20: twice, and some were looked at meanwhile.
    for _ in 0..2 {
        let url = format!("{}/_local/queues/{DEAD}/redrive", stack.url());
        send(reqwest::Client::new().post(url)).await.expect(200);
    }
    let bucket = Bucket::on(&stack);
    for (draft, (made, _, keys)) in drafts.iter().zip(&waiting) {
        assert_eq!(looked_at(&world.ana, &path(&world, draft, 0, made)).await["status"], "clean");
        assert_eq!(happened(&world, draft, "receipt.accepted").await, 1);
        until("the slot is empty", || async { (bucket.there(keys).await == [&keys[1]]).then_some(()) }).await;
    }
    stack.stop().await;
}

/// The calls of a run, in their order: the service, its operation, and what tells this one from those of other files.
fn calls(report: &Value, receipt: &Value) -> [(&'static str, &'static str, String); 8] {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let (report, sha256, receipt) = (text(&report["id"]), text(&receipt["sha256"]), text(&receipt["id"]));
    [
        ("dynamodb", "Query", report),
        ("s3", "GetObject", receipt.clone()),
        // The picture, then the file, whose key ends there.
        ("s3", "PutObject", receipt.clone()),
        ("s3", "PutObject", format!("{receipt}?")),
        ("dynamodb", "Query", sha256),
        ("dynamodb", "TransactWriteItems", receipt.clone()),
        ("s3", "DeleteObject", receipt.clone()),
        ("dynamodb", "DeleteItem", receipt),
    ]
}

/// A file whose run meets a fault at one of its calls ends as any other.
async fn interrupted(stack: &Stack, world: &World, call: usize, kind: &str) {
    let draft = bare(world).await;
    let bytes = ticket(&format!("{kind} {call} {}", draft["id"]));
    let made = declare(world, &draft, 0, &declaration("x.png", "image/png", &bytes)).await;
    let (service, operation, containing) = calls(&draft, &made)[call].clone();
    let what = json!({
        "service": service, "operation": operation, "containing": containing, "function": FUNCTION, "fault": kind, "times": 1,
    });
    let rule = fault(stack.url(), &what).await;
    assert_eq!(upload(&made, &bytes).await.status, 200);
    assert_eq!(looked_at(&world.ana, &path(world, &draft, 0, &made)).await["status"], "clean", "{what}");
    let (keys, bucket) = (keys(world, &draft, &made), Bucket::on(stack));
    until("all is done", || async {
        let marked = marked(stack, world).await.contains(&made["id"]);
        (!marked && bucket.there(&keys).await == [&keys[1]]).then_some(())
    })
    .await;
    assert_eq!(happened(world, &draft, "receipt.accepted").await, 1, "{what}");
    assert_eq!(healed(stack.url(), &rule).await, 1, "{what}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_is_killed_anywhere_is_made_up_for() {
    // A stack of its own: whoever is killed works for nobody else.
    let stack = Stack::start(options(Data::InMemory)).await.unwrap();
    let world = World::on(stack.url()).await;
    for fault in ["kill_before", "kill_after", "lose_answer"] {
        futures_util::future::join_all((0..8).map(|call| interrupted(&stack, &world, call, fault))).await;
    }
    stack.stop().await;
}

/// The receipts of an organisation whose files are to be looked after on a stack.
async fn marked(stack: &Stack, world: &World) -> Vec<Value> {
    let of = json!({":pk": {"S": format!("ORG#{}#FILES", world.org)}});
    let body = json!({"KeyConditionExpression": "PK = :pk", "ExpressionAttributeValues": of, "ConsistentRead": true});
    let found = table::call_on(stack, "Query", body).await;
    found["Items"].as_array().unwrap().iter().map(|item| item["receipt_id"]["S"].clone()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sweep_looks_at_what_nobody_was_told_of_and_gives_up_what_never_came() {
    let stack = Stack::start(options(Data::InMemory)).await.unwrap();
    let world = World::on(stack.url()).await;
    let bucket = Bucket::on(&stack);
    let (lost, never) = (bare(&world).await, bare(&world).await);
    let (made, _, keys_of_lost) = untold(&world, &lost).await;
    let absent = declare(&world, &never, 0, &declaration("x.png", "image/png", b"x")).await;
    let removed = world.draft(&world.ana, &[without_reference("5.00")]).await;
    let bytes = ticket(&world.org);
    let (_, gone) = attach(&world, &removed, 0, &declaration("x.png", "image/png", &bytes), &bytes).await;
    assert_eq!(world.ana.delete(&world.report(&removed, "")).await.status, 204);
    // As long as they may come, they are waited for; what has no report any more goes at once.
    let keys_of_gone = keys(&world, &removed, &gone);
    assert_eq!(bucket.there(&keys_of_gone).await, [&keys_of_gone[1]]);
    turn(stack.url(), "triggers-sweep", now()).await;
    assert_eq!(bucket.there(&keys_of_gone).await, [""; 0]);
    assert_eq!(marked(&stack, &world).await.len(), 2);
    let status = |report: &Value, receipt: &Value| path(&world, report, 0, receipt);
    assert_eq!(world.ana.get(&status(&lost, &made)).await.expect(200)["status"], "pending");
    let later = now() + SignedDuration::from_hours(2);
    for _ in 0..2 {
        turn(stack.url(), "triggers-sweep", later).await;
    }
    assert_eq!(world.ana.get(&status(&lost, &made)).await.expect(200)["status"], "clean");
    assert_eq!(bucket.there(&keys_of_lost).await, [&keys_of_lost[1]]);
    world.ana.get(&status(&never, &absent)).await.problem(404, "/problems/not-found");
    assert_eq!(happened(&world, &never, "receipt.abandoned").await, 1);
    assert_eq!(marked(&stack, &world).await, [json!(null); 0]);
    // Without it the report is as any that has none.
    world.ana.post(&world.report(&never, "submit"), &json!({})).await.expect(200);
    stack.stop().await;
}
