//! Outbox and sweep: no mail is lost when the stream is off, runs are killed, or records are repeated, reordered or
//! unreadable.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use outlay_local::{Data, Stack};
use serde_json::{Value, json};

use crate::support::{
    World, add_fault, dead_letter_files, expense, log, mail, now, own_stack, own_stack_with_data, remove_fault,
    run_schedule, send, table, wait_until,
};

async fn post(stack: &Stack, path: &str, body: &Value) -> Value {
    send(reqwest::Client::new().post(format!("{}{path}", stack.url())).json(body)).await.expect(200)
}

async fn streams(stack: &Stack, body: &Value) {
    post(stack, "/_local/streams/triggers-notify", body).await;
}

/// Statistics of the stream once it has no records left.
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

/// Number of mails to an address per subject.
async fn titles(stack: &Stack, address: &str, count: usize) -> BTreeMap<String, usize> {
    let mut titles = BTreeMap::new();
    for mail in mail(stack.url(), address, count).await {
        let subject = mail["subject"].as_str().unwrap().to_owned();
        *titles.entry(subject).or_default() += 1;
    }
    titles
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_lost_by_stream_are_mailed_once_by_sweep() {
    let (stack, world) = own_stack().await;
    world.mail(&world.marco, 1).await;
    idle(&stack).await;
    streams(&stack, &json!({"state": "off"})).await;
    let mut made = Vec::new();
    for number in 0..20 {
        made.push(world.submit_expenses(&world.ana, &[expense(&format!("{}.00", 10 + number))]).await.expect(201));
    }
    idle(&stack).await;
    streams(&stack, &json!({"state": "on"})).await;
    let outbox = format!("ORG#{}#OUTBOX", world.org);
    assert_eq!(query(&stack, &outbox).await.len(), made.len(), "every event has an outbox entry");
    // The sweep leaves entries alone while the stream may still deliver them.
    run_schedule(stack.url(), "triggers-sweep", now()).await;
    assert_eq!(query(&stack, &outbox).await.len(), made.len());
    for _ in 0..2 {
        run_schedule(stack.url(), "triggers-sweep", now() + SignedDuration::from_hours(25)).await;
    }
    assert!(query(&stack, &outbox).await.is_empty());
    let mails = world.mail(&world.marco, 1 + made.len()).await;
    assert_eq!(mails.len(), 1 + made.len(), "the invitation and one mail per report");
    for report in &made {
        let number = report["number"].as_str().unwrap();
        assert_eq!(mails.iter().filter(|mail| mail["text"].as_str().unwrap().contains(number)).count(), 1);
    }
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn outbox_entry_without_mail_is_removed_by_sweep() {
    let (stack, world) = own_stack().await;
    let report = world.draft(&world.ana, &[expense("40.00")]).await;
    idle(&stack).await;
    let outbox = format!("ORG#{}#OUTBOX", world.org);
    let pk = format!("ORG#{}#REPORT#{}", world.org, report["id"].as_str().unwrap());
    // The first event has no recipients, the second one does not exist.
    for sk in [table::event(1), table::event(99)] {
        let at = "2026-01-05T09:00:00.000Z";
        let item = json!({
            "PK": {"S": outbox}, "SK": {"S": format!("{at}#{pk}/{sk}")}, "at": {"S": at},
            "event_pk": {"S": pk}, "event_sk": {"S": sk}, "entity": {"S": "outbox"}, "schema": {"N": "1"},
        });
        table::call_on(&stack, "PutItem", json!({"Item": item})).await;
    }
    assert_eq!(query(&stack, &outbox).await.len(), 2);
    run_schedule(stack.url(), "triggers-sweep", now()).await;
    assert_eq!(query(&stack, &outbox).await, [] as [Value; 0]);
    stack.stop().await;
}

/// Sum of a metric over all log lines so far, once it is at least `least`. A line can arrive after the response.
async fn metric_sum(stack: &Stack, name: &str, least: i64) -> i64 {
    wait_until(&format!("{name} of at least {least}"), || async {
        let log = log(stack.url()).await;
        let figures = log.lines().filter_map(|line| serde_json::from_str::<Value>(&line[line.find('{')?..]).ok());
        Some(figures.filter_map(|line| line[name].as_i64()).sum()).filter(|sum| *sum >= least)
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mail_refused_by_ses_is_retried_then_abandoned() {
    let (stack, world) = own_stack().await;
    let refused = json!({"service": "ses", "fault": "refuse", "function": "triggers-notify", "times": 1});
    let by_the_sweep = json!({"service": "ses", "fault": "refuse", "function": "triggers-sweep", "times": 7});
    world.mail(&world.marco, 1).await;
    add_fault(stack.url(), &refused).await;
    let (first, second) = (world.submitted("40.00").await, world.submitted("50.00").await);
    world.wait_for_mail_status(&second, "report.submitted", &["Marco Rossi delivered"]).await;
    assert_eq!(world.mail_status(&first, "report.submitted").await, ["Marco Rossi queued"]);
    assert_eq!(idle(&stack).await["failed"], 0, "a refused mail does not fail the stream");
    // The sweep retries, because the cause may be fixed meanwhile (an address unknown to the SES sandbox).
    add_fault(stack.url(), &by_the_sweep).await;
    let mut at = now();
    for _ in 0..7 {
        assert_eq!(world.mail_status(&first, "report.submitted").await, ["Marco Rossi queued"]);
        at += SignedDuration::from_hours(6);
        run_schedule(stack.url(), "triggers-sweep", at).await;
    }
    assert_eq!(world.mail_status(&first, "report.submitted").await, ["Marco Rossi refused"]);
    run_schedule(stack.url(), "triggers-sweep", at + SignedDuration::from_hours(6)).await;
    assert_eq!(world.mail(&world.marco, 2).await.len(), 2, "the invitation and the request for the second report");
    assert_eq!(metric_sum(&stack, "RefusedMail", 8).await, 8);
    let oldest = 6 * 6 * 3600;
    assert!(
        metric_sum(&stack, "OldestOutboxEntryAge", oldest + 1).await > oldest,
        "the age of the unsent mail is reported"
    );
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mail_stays_queued_while_ses_is_unavailable() {
    let (stack, world) = own_stack().await;
    world.mail(&world.marco, 1).await;
    let down = add_fault(stack.url(), &json!({"service": "ses", "fault": "unavailable"})).await;
    let report = world.submitted("40.00").await;
    world.wait_for_mail_status(&report, "report.submitted", &["Marco Rossi queued"]).await;
    idle(&stack).await;
    // SES may have accepted each attempt, so attempts back off: without that there would be 25. Leases expire by the
    // real clock and not by the simulated time, so there are more attempts here than in production.
    let mut at = now();
    for _ in 0..24 {
        at += SignedDuration::from_mins(15);
        run_schedule(stack.url(), "triggers-sweep", at).await;
    }
    assert!(metric_sum(&stack, "OldestOutboxEntryAge", 1).await > 0, "the age of the unsent mail is reported");
    let asked = remove_fault(stack.url(), &down).await;
    assert!((2..=10).contains(&asked), "{asked} attempts in six hours");
    run_schedule(stack.url(), "triggers-sweep", at + SignedDuration::from_hours(12)).await;
    world.wait_for_mail_status(&report, "report.submitted", &["Marco Rossi delivered"]).await;
    assert_eq!(world.mail(&world.marco, 2).await.len(), 2);
    assert_eq!(metric_sum(&stack, "SweptEvents", 1).await, 1);
    stack.stop().await;
}

/// Number of events; 10,000 in the run whose figures are in the documentation.
#[expect(clippy::disallowed_methods, reason = "the caller of the test sets its size")]
fn events() -> usize {
    std::env::var("OUTLAY_EVENTS").ok().and_then(|count| count.parse().ok()).unwrap_or(300)
}

/// Writes copies of an event, each of its own report, with outbox entries. Every hundredth is unreadable.
async fn pour(stack: &Stack, world: &World, event: &Value, count: usize) {
    let org = &world.org;
    for chunk in (0..count).collect::<Vec<_>>().chunks(12) {
        let puts = chunk.iter().flat_map(|number| {
            // A TypeID of the same time with a number at its end.
            let id = format!("rep_01jd00000000000000000{number:05}");
            let (pk, sk) = (format!("ORG#{org}#REPORT#{id}"), event["SK"]["S"].as_str().unwrap());
            let mut item = event.clone();
            item["PK"] = json!({"S": pk});
            item["subject"]["M"]["id"] = json!({"S": id});
            item["report_title"] = json!({"S": "x"});
            item["data"]["M"]["report"]["M"]["title"] = json!({"S": format!("Storm {number:05}")});
            let at = event["at"]["S"].as_str().unwrap();
            // `keys` writes timestamps with exactly three decimals.
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
async fn event_storm_delivers_every_mail_exactly_once() {
    let folder = tempfile::tempdir().unwrap();
    let (stack, world) = own_stack_with_data(Data::Folder(folder.path().to_owned())).await;
    let report = world.submitted("40.00").await;
    world.mail(&world.marco, 2).await;
    let pk = format!("ORG#{}#REPORT#{}", world.org, report["id"].as_str().unwrap());
    let event = query(&stack, &pk).await.into_iter().find(|item| item["type"]["S"] == "report.submitted").unwrap();
    idle(&stack).await;
    // A run makes about seven calls for each of about six records. With these rates about one run in twenty is killed.
    for (service, kind) in
        [("dynamodb", "kill_before"), ("dynamodb", "kill_after"), ("ses", "kill_before"), ("ses", "kill_after")]
    {
        let one_in = if service == "ses" { 400 } else { 2400 };
        let rule =
            json!({"service": service, "fault": kind, "function": "triggers-notify", "one_in": one_in, "seed": 7});
        add_fault(stack.url(), &rule).await;
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
    // SES events have confirmed the mail of killed runs by then; the sweep sends what was never sent.
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
    assert_ne!(killed, 0, "no run was killed, so the test proves nothing");
    assert_eq!(storm.len(), readable, "every readable event is mailed");
    assert!(doubled * 10_000 <= count, "{doubled} of {count} mailed twice");
    assert_eq!(dead_letter_files(folder.path()).len(), poison, "unreadable records are dead-lettered intact");
    let left = query(&stack, &format!("ORG#{}#OUTBOX", world.org)).await;
    assert_eq!(left.iter().filter(|item| !item["SK"]["S"].as_str().unwrap().starts_with("poison")).count(), 0);
    stack.stop().await;
}
