//! Nothing that somebody is to be told of is lost: not by a stream that is off, not by runs that are killed, not by records that come
//! twice, in another order, or cannot be read.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use outlay_local::{Data, Stack};
use serde_json::{Value, json};

use crate::support::{World, expense, fault, healed, log, mail, now, own, own_with, send, table, turn, unreadable};

async fn post(stack: &Stack, path: &str, body: &Value) -> Value {
    send(reqwest::Client::new().post(format!("{}{path}", stack.url())).json(body)).await.expect(200)
}

async fn streams(stack: &Stack, body: &Value) {
    post(stack, "/_local/streams/triggers-notify", body).await;
}

/// What the stream has done, once it has nothing left to do.
async fn idle(stack: &Stack) -> Value {
    let url = format!("{}/_local/streams/triggers-notify?until=idle", stack.url());
    loop {
        let status = send(reqwest::Client::new().get(&url)).await.expect(200);
        if status["behind"] == 0 {
            return status;
        }
    }
}

async fn query(stack: &Stack, pk: &str) -> Vec<Value> {
    let mut found = Vec::new();
    let mut start = Value::Null;
    loop {
        let of = json!({":pk": {"S": pk}});
        let mut body = json!({"KeyConditionExpression": "PK = :pk", "ExpressionAttributeValues": of});
        if !start.is_null() {
            body["ExclusiveStartKey"] = start;
        }
        let page = table::call_on(stack, "Query", body).await;
        found.extend(page["Items"].as_array().unwrap().clone());
        start = page["LastEvaluatedKey"].clone();
        if start.is_null() {
            return found;
        }
    }
}

/// How often each report is named in the subjects of mail to somebody.
async fn titles(stack: &Stack, address: &str, count: usize) -> BTreeMap<String, usize> {
    let mut titles = BTreeMap::new();
    for mail in mail(stack.url(), address, count).await {
        let subject = mail["subject"].as_str().unwrap().to_owned();
        *titles.entry(subject).or_default() += 1;
    }
    titles
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_stream_that_was_off_for_25_hours_has_lost_is_told_by_the_sweep_once() {
    let (stack, world) = own().await;
    world.mail(&world.marco, 1).await;
    idle(&stack).await;
    streams(&stack, &json!({"state": "off"})).await;
    let mut made = Vec::new();
    for number in 0..20 {
        made.push(world.claim(&world.ana, &[expense(&format!("{}.00", 10 + number))]).await.expect(201));
    }
    idle(&stack).await;
    streams(&stack, &json!({"state": "on"})).await;
    let outbox = format!("ORG#{}#OUTBOX", world.org);
    assert_eq!(query(&stack, &outbox).await.len(), made.len(), "all of them wait");
    // As long as the stream may still bring them, they are left alone.
    turn(stack.url(), "triggers-sweep", now()).await;
    assert_eq!(query(&stack, &outbox).await.len(), made.len());
    for _ in 0..2 {
        turn(stack.url(), "triggers-sweep", now() + SignedDuration::from_hours(25)).await;
    }
    assert!(query(&stack, &outbox).await.is_empty());
    let told = world.mail(&world.marco, 1 + made.len()).await;
    assert_eq!(told.len(), 1 + made.len(), "each once");
    for report in &made {
        let number = report["number"].as_str().unwrap();
        assert_eq!(told.iter().filter(|mail| mail["text"].as_str().unwrap().contains(number)).count(), 1);
    }
    stack.stop().await;
}

/// The sum of the figures of a metric that the functions have written since.
async fn measured(stack: &Stack, name: &str) -> i64 {
    let log = log(stack.url()).await;
    let figures = log.lines().filter_map(|line| serde_json::from_str::<Value>(&line[line.find('{')?..]).ok());
    figures.filter_map(|line| line[name].as_i64()).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mail_that_ses_refuses_holds_nobody_up_is_tried_again_and_given_up_in_the_end() {
    let (stack, world) = own().await;
    let refused = json!({"service": "ses", "fault": "refuse", "function": "triggers-notify", "times": 1});
    let by_the_sweep = json!({"service": "ses", "fault": "refuse", "function": "triggers-sweep", "times": 7});
    world.mail(&world.marco, 1).await;
    fault(stack.url(), &refused).await;
    let (first, second) = (world.submitted("40.00").await, world.submitted("50.00").await);
    world.is_told(&second, "report.submitted", &["Marco Rossi delivered"]).await;
    assert_eq!(world.told(&first, "report.submitted").await, ["Marco Rossi queued"]);
    assert_eq!(idle(&stack).await["failed"], 0, "the stream goes on");
    // It may be mended meanwhile (an address that SES's sandbox did not know), or not.
    fault(stack.url(), &by_the_sweep).await;
    let mut at = now();
    for _ in 0..7 {
        assert_eq!(world.told(&first, "report.submitted").await, ["Marco Rossi queued"]);
        at += SignedDuration::from_hours(6);
        turn(stack.url(), "triggers-sweep", at).await;
    }
    assert_eq!(world.told(&first, "report.submitted").await, ["Marco Rossi refused"]);
    turn(stack.url(), "triggers-sweep", at + SignedDuration::from_hours(6)).await;
    assert_eq!(world.mail(&world.marco, 2).await.len(), 2, "invited, and asked about the other");
    assert_eq!(measured(&stack, "RefusedMail").await, 8);
    assert!(measured(&stack, "OldestUnsent").await > 6 * 6 * 3600, "somebody is told that it waits");
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_ses_does_not_answer_mail_waits_and_somebody_is_told() {
    let (stack, world) = own().await;
    world.mail(&world.marco, 1).await;
    let down = fault(stack.url(), &json!({"service": "ses", "fault": "unavailable"})).await;
    let report = world.submitted("40.00").await;
    world.is_told(&report, "report.submitted", &["Marco Rossi queued"]).await;
    idle(&stack).await;
    // SES may have it each time: it is asked less and less often, 25 times otherwise. (Claims run out by the clock, not by the day that
    // is played, so it is asked more often here than it would be.)
    let mut at = now();
    for _ in 0..24 {
        at += SignedDuration::from_mins(15);
        turn(stack.url(), "triggers-sweep", at).await;
    }
    assert!(measured(&stack, "OldestUnsent").await > 0, "the sweep knows that it waits");
    let asked = healed(stack.url(), &down).await;
    assert!((2..=10).contains(&asked), "{asked} in six hours");
    turn(stack.url(), "triggers-sweep", at + SignedDuration::from_hours(12)).await;
    world.is_told(&report, "report.submitted", &["Marco Rossi delivered"]).await;
    assert_eq!(world.mail(&world.marco, 2).await.len(), 2);
    assert_eq!(measured(&stack, "SweptEvents").await, 1);
    stack.stop().await;
}

/// How many events the storm has; 10,000 in the run whose figures are in the documentation.
#[expect(clippy::disallowed_methods, reason = "how long a test may take is for who starts it to say")]
fn events() -> usize {
    std::env::var("OUTLAY_EVENTS").ok().and_then(|count| count.parse().ok()).unwrap_or(300)
}

/// Events like a given one, of reports of their own, with their entries in the outbox; each hundredth cannot be read.
async fn pour(stack: &Stack, world: &World, event: &Value, count: usize) {
    let org = &world.org;
    for chunk in (0..count).collect::<Vec<_>>().chunks(12) {
        let puts = chunk.iter().flat_map(|number| {
            // A TypeID of the same moment, numbered at its end.
            let id = format!("rep_01jd00000000000000000{number:05}");
            let (pk, sk) = (format!("ORG#{org}#REPORT#{id}"), event["SK"]["S"].as_str().unwrap());
            let mut item = event.clone();
            item["PK"] = json!({"S": pk});
            item["subject"]["M"]["id"] = json!({"S": id});
            item["report_title"] = json!({"S": "x"});
            item["data"]["M"]["report"]["M"]["title"] = json!({"S": format!("Storm {number:05}")});
            let at = event["at"]["S"].as_str().unwrap();
            // As keys write it: always to the millisecond.
            let moment = format!("{:.3}", at.parse::<jiff::Timestamp>().unwrap());
            let mut waiting = json!({
                "PK": {"S": format!("ORG#{org}#OUTBOX")}, "SK": {"S": format!("{moment}#{pk}/{sk}")},
                "at": {"S": at}, "event_pk": {"S": pk}, "event_sk": {"S": sk}, "entity": {"S": "outbox"}, "schema": {"N": "1"},
            });
            if number % 100 == 99 {
                item["schema"] = json!({"N": "99"});
                waiting["SK"] = json!({"S": format!("poison#{pk}")});
            }
            [item, waiting].map(|item| json!({"PutRequest": {"Item": item}}))
        });
        let puts: Vec<Value> = puts.collect();
        let body = json!({"RequestItems": {stack.table_name(): puts}});
        let written = table::call_on(stack, "BatchWriteItem", body).await;
        assert_eq!(written["UnprocessedItems"], json!({}), "{written}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_storm_of_events_nobody_is_left_out_nobody_told_twice_and_nothing_unreadable_thrown_away() {
    let folder = tempfile::tempdir().unwrap();
    let (stack, world) = own_with(Data::Folder(folder.path().to_owned())).await;
    let report = world.submitted("40.00").await;
    world.mail(&world.marco, 2).await;
    let pk = format!("ORG#{}#REPORT#{}", world.org, report["id"].as_str().unwrap());
    let event = query(&stack, &pk).await.into_iter().find(|item| item["type"]["S"] == "report.submitted").unwrap();
    idle(&stack).await;
    // A run is some six records of some seven calls each; with these, about one run in twenty is killed.
    for (service, kind) in
        [("dynamodb", "kill_before"), ("dynamodb", "kill_after"), ("ses", "kill_before"), ("ses", "kill_after")]
    {
        let one_in = if service == "ses" { 400 } else { 2400 };
        let rule =
            json!({"service": service, "fault": kind, "function": "triggers-notify", "one_in": one_in, "seed": 7});
        fault(stack.url(), &rule).await;
    }
    streams(&stack, &json!({"duplicate_percent": 30, "reorder_percent": 10, "seed": 7})).await;
    let (count, before) = (
        events(),
        send(reqwest::Client::new().get(format!("{}/_local/streams/triggers-notify", stack.url()))).await.expect(200),
    );
    let began = now();
    pour(&stack, &world, &event, count).await;
    let after = idle(&stack).await;
    let took = now().duration_since(began).as_secs();
    let poison = count / 100;
    let readable = count - poison;
    // What SES has told of mail whose sender was killed is known by then; what was never sent is found by the sweep.
    for days in [1, 2, 3] {
        let time = now() + SignedDuration::from_hours(25 * days);
        let _ = crate::support::invoke(stack.url(), "triggers-sweep", &json!({"time": time.to_string()})).await;
    }
    let titles = titles(&stack, &world.marco.email, 2 + readable).await;
    let storm: BTreeMap<_, _> = titles.iter().filter(|(subject, _)| subject.contains("Storm")).collect();
    let doubled = storm.values().filter(|times| ***times > 1).count();
    let since = |what: &str| after[what].as_u64().unwrap() - before[what].as_u64().unwrap();
    let (runs, killed) = (since("invocations"), since("failed"));
    println!(
        "{count} events in {took} s: {runs} runs, {killed} of them killed, {} mailed, {doubled} twice, {poison} unreadable",
        storm.len()
    );
    assert_ne!(killed, 0, "a storm that kills nobody shows nothing");
    assert_eq!(storm.len(), readable, "lost");
    assert!(doubled * 10_000 <= count, "{doubled} of {count} twice");
    assert_eq!(unreadable(folder.path()).len(), poison, "put aside, whole");
    let left = query(&stack, &format!("ORG#{}#OUTBOX", world.org)).await;
    assert_eq!(left.iter().filter(|item| !item["SK"]["S"].as_str().unwrap().starts_with("poison")).count(), 0);
    stack.stop().await;
}
