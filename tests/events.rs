//! Events that are wrong, repeated or out of order, by the catalogue of those a backend has to bear: each is a test, here or where its
//! capability is tested. Only what concerns sources that are built here is in the list.

use std::collections::BTreeSet;

use outlay_local::Data;
use serde_json::{Value, json};

use crate::support::{Answer, World, fault, invoke, log, own, own_with, send, table, turn, unreadable, url};

/// Where each case is tested.
const CASES: [(&str, &str); 30] = [
    ("EV-01", "mail.rs the_same_record_again_mails_nobody_again"),
    ("EV-02", "events.rs a_record_that_fails_is_named_and_the_others_are_done_once"),
    ("EV-03", "events.rs a_record_without_a_number_fails_the_whole_run_and_names_no_empty_one"),
    ("EV-04", "events.rs an_answer_always_says_which_records_failed"),
    ("EV-05", "events.rs technical_writes_and_deletions_are_no_events"),
    ("EV-06", "events.rs technical_writes_and_deletions_are_no_events"),
    ("EV-07", "events.rs what_cannot_be_read_is_put_aside_whole_with_the_reason"),
    ("EV-08", "events.rs what_cannot_be_read_is_put_aside_whole_with_the_reason"),
    ("EV-09", "events.rs events_of_one_report_in_the_wrong_order_are_each_told_once"),
    ("EV-11", "mail.rs the_approver_then_finance_then_the_owner_are_told"),
    ("EV-13", "events.rs a_run_killed_after_ses_took_the_mail_is_known_by_ses_s_own_event"),
    ("EV-14", "feedback.rs the_same_message_at_once_has_one_effect"),
    ("EV-15", "feedback.rs what_cannot_be_read_ends_whole_in_the_dead_queue"),
    ("EV-16", "feedback.rs what_is_not_from_our_topic_or_not_signed_by_sns_is_refused_and_nothing_else"),
    ("EV-18", "feedback.rs what_is_told_of_a_mail_nobody_knows_is_kept_for_a_week"),
    ("EV-19", "template.rs only_who_should_may_send_into_queues_and_topics"),
    ("EV-20", "feedback.rs what_failed_is_done_when_it_comes_back_from_the_dead_queue"),
    ("EV-21", "feedback.rs an_address_that_bounces_is_marked_shown_to_admins_and_written_to_no_more"),
    ("EV-22", "feedback.rs who_complains_gets_no_reminders_and_still_what_has_to_be"),
    ("EV-23", "feedback.rs a_state_only_moves_forward"),
    ("EV-24", "feedback.rs what_is_told_of_a_mail_nobody_knows_is_kept_for_a_week"),
    ("EV-25", "feedback.rs what_is_not_from_our_topic_or_not_signed_by_sns_is_refused_and_nothing_else"),
    ("EV-29", "template.rs what_runs_by_the_clock_has_a_place_where_it_fails"),
    ("EV-30", "receipts_arrived.rs what_is_not_ours_is_left_alone_and_somebody_is_told"),
    ("EV-31", "receipts_arrived.rs a_message_that_comes_often_or_twice_at_once_is_one_acceptance"),
    ("EV-32", "receipts_arrived.rs a_key_is_decoded_once"),
    ("EV-34", "twins.rs two_organisations_know_nothing_of_each_other"),
    ("EV-36", "idempotency.rs a_hundred_twins_have_one_effect"),
    ("EV-39", "schedules.rs an_approver_gets_one_digest_a_day_however_often_it_is_run"),
    ("EV-33", "events.rs nothing_goes_on_after_the_answer"),
];

#[test]
fn every_case_is_tested_where_the_list_says() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/");
    for (case, place) in CASES {
        let (file, name) = place.split_once(' ').unwrap();
        let text = std::fs::read_to_string(format!("{root}{file}")).unwrap_or_else(|_| panic!("{case}: no {file}"));
        assert!(text.contains(&format!("fn {name}(")), "{case}: {file} has no {name}");
    }
    let ids: BTreeSet<&str> = CASES.iter().map(|(case, _)| *case).collect();
    assert_eq!(ids.len(), CASES.len(), "each once");
}

/// A task that still runs when a function has answered is frozen, and goes on in somebody else's request.
#[test]
fn nothing_goes_on_after_the_answer() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources = ["functions", "shared"].map(|folder| sources(&root.join(folder))).concat();
    assert!(sources.len() > 100, "{}", sources.len());
    for file in sources {
        let text = std::fs::read_to_string(&file).unwrap();
        let lines = text.lines().filter(|line| line.contains("spawn(") && !line.trim_start().starts_with("//"));
        assert_eq!(lines.collect::<Vec<_>>(), [""; 0], "{}", file.display());
    }
}

/// The sources that go into functions.
fn sources(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let wanted =
        entries.filter(|path| !matches!(path.file_name().and_then(|name| name.to_str()), Some("tests" | "target")));
    wanted
        .flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

fn record(sequence: &str, kind: &str, image: &Value) -> Value {
    json!({
        "eventName": kind, "eventID": sequence, "eventVersion": "1.1", "eventSource": "aws:dynamodb",
        "awsRegion": "eu-central-1", "dynamodb": {"SequenceNumber": sequence, "SizeBytes": 1, "NewImage": image},
    })
}

async fn notify(base: &str, records: &[Value]) -> Answer {
    invoke(base, "triggers-notify", &json!({"Records": records})).await
}

fn none() -> Value {
    json!({"batchItemFailures": []})
}

#[tokio::test]
async fn an_answer_always_says_which_records_failed() {
    assert_eq!(notify(&url(), &[]).await.expect(200), none());
}

#[tokio::test]
async fn a_record_without_a_number_fails_the_whole_run_and_names_no_empty_one() {
    let world = World::new().await;
    let report = world.submitted("40.00").await;
    let image = table::get(&world, &report, &table::event(2)).await;
    let mut unnumbered = record("1", "INSERT", &image);
    unnumbered["dynamodb"].as_object_mut().unwrap().remove("SequenceNumber");
    for record in [unnumbered, record("", "INSERT", &image)] {
        let answer = notify(&url(), &[record]).await;
        assert!(!answer.header("x-amz-function-error").is_empty(), "{}", answer.text);
    }
}

#[tokio::test]
async fn technical_writes_and_deletions_are_no_events() {
    let world = World::new().await;
    let report = world.submitted("40.00").await;
    world.mail(&world.marco, 2).await;
    let image = table::get(&world, &report, &table::event(2)).await;
    let head = table::get(&world, &report, "REPORT").await;
    let mut modified = record("1", "MODIFY", &head);
    modified["dynamodb"]["OldImage"] = head.clone();
    let mut expired = record("2", "REMOVE", &Value::Null);
    expired["dynamodb"].as_object_mut().unwrap().remove("NewImage");
    expired["dynamodb"]["OldImage"] = image.clone();
    expired["userIdentity"] = json!({"type": "Service", "principalId": "dynamodb.amazonaws.com"});
    let records = [modified, expired, record("3", "MODIFY", &image), record("4", "INSERT", &head)];
    assert_eq!(notify(&url(), &records).await.expect(200), none());
    world.marco.post_at(&world.report(&report, "approve"), 1, &json!({})).await.expect(200);
    world.mail(&world.ana, 2).await;
    assert_eq!(world.mail(&world.marco, 2).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_read_is_put_aside_whole_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let (stack, world) = own_with(Data::Folder(folder.path().to_owned())).await;
    let report = world.submitted("40.00").await;
    world.mail(&world.marco, 2).await;
    let key = json!({"PK": {"S": format!("ORG#{}#REPORT#{}", world.org, report["id"].as_str().unwrap())}, "SK": {"S": table::event(2)}});
    let image = table::call_on(&stack, "GetItem", json!({"Key": key})).await["Item"].clone();
    let with = |name: &str, value: Value| {
        let mut image = image.clone();
        image[name] = value;
        image
    };
    let odd = [
        ("11", "unknown_schema: 99", with("schema", json!({"N": "99"}))),
        ("12", "unreadable event", with("seq", json!({"S": "two"}))),
        ("13", "unreadable event", with("type", json!({"S": "report.teleported"}))),
        ("14", "unreadable record", with("org", json!({"X": "?"}))),
    ];
    let records: Vec<Value> = odd.iter().map(|(number, _, image)| record(number, "INSERT", image)).collect();
    for _ in 0..2 {
        assert_eq!(notify(stack.url(), &records).await.expect(200), none(), "they hold nobody up");
    }
    let kept = unreadable(folder.path());
    assert_eq!(kept.len(), odd.len(), "{kept:?}");
    for ((number, reason, _), record) in odd.iter().zip(&records) {
        let file = kept.iter().find(|file| file.ends_with(format!("{number}.json"))).unwrap();
        let text = std::fs::read_to_string(file).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), json!({"reason": reason, "record": record}));
    }
    stack.stop().await;
}

#[tokio::test]
async fn events_of_one_report_in_the_wrong_order_are_each_told_once() {
    let world = World::new().await;
    let report = world.submitted("640.00").await;
    world.marco.post_at(&world.report(&report, "approve"), 1, &json!({})).await.expect(200);
    world.mail(&world.fiona, 2).await;
    let (first, second) =
        (table::get(&world, &report, &table::event(2)).await, table::get(&world, &report, &table::event(3)).await);
    let records = [record("2", "INSERT", &second), record("1", "INSERT", &first), record("2", "INSERT", &second)];
    assert_eq!(notify(&url(), &records).await.expect(200), none());
    world.fiona.post_at(&world.report(&report, "approve"), 2, &json!({})).await.expect(200);
    world.mail(&world.ana, 2).await;
    assert_eq!((world.mail(&world.marco, 2).await.len(), world.mail(&world.fiona, 2).await.len()), (2, 2));
}

/// Makes SES fail in some way for one function's mail that contains a text.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_killed_after_ses_took_the_mail_is_known_by_ses_s_own_event() {
    let (stack, world) = own().await;
    world.mail(&world.marco, 1).await;
    fault(stack.url(), &json!({"service": "ses", "function": "triggers-notify", "fault": "kill_after", "times": 1}))
        .await;
    let report = world.submitted("40.00").await;
    world.is_told(&report, "report.submitted", &["Marco Rossi delivered"]).await;
    for hours in [1, 25] {
        turn(stack.url(), "triggers-sweep", crate::support::now() + jiff::SignedDuration::from_hours(hours)).await;
    }
    assert_eq!(world.mail(&world.marco, 2).await.len(), 2, "not again");
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_killed_before_ses_had_the_mail_is_made_up_for_by_the_sweep() {
    let (stack, world) = own().await;
    world.mail(&world.marco, 1).await;
    fault(stack.url(), &json!({"service": "ses", "function": "triggers-notify", "fault": "kill_before", "times": 1}))
        .await;
    let report = world.submitted("40.00").await;
    world.is_told(&report, "report.submitted", &["Marco Rossi queued"]).await;
    turn(stack.url(), "triggers-sweep", crate::support::now() + jiff::SignedDuration::from_hours(1)).await;
    world.is_told(&report, "report.submitted", &["Marco Rossi delivered"]).await;
    assert_eq!(world.mail(&world.marco, 2).await.len(), 2);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_that_fails_is_named_and_the_others_are_done_once() {
    let (stack, world) = own().await;
    let base = format!("{}/_local/streams/triggers-notify", stack.url());
    let state = |state: &str| send(reqwest::Client::new().post(&base).json(&json!({"state": state})));
    world.mail(&world.ana, 1).await;
    assert_eq!(state("off").await.status / 100, 2);
    let mut records = Vec::new();
    for number in 1..=10 {
        let report = world.submitted(&format!("{number}.00")).await;
        let key = json!({"PK": {"S": format!("ORG#{}#REPORT#{}", world.org, report["id"].as_str().unwrap())}, "SK": {"S": table::event(2)}});
        let image = table::call_on(&stack, "GetItem", json!({"Key": key})).await["Item"].clone();
        records.push((report, record(&number.to_string(), "INSERT", &image)));
    }
    let fourth = records[3].0["id"].as_str().unwrap();
    let rule = json!({"service": "dynamodb", "function": "triggers-notify", "fault": "refuse", "containing": fourth});
    fault(stack.url(), &rule).await;
    let batch: Vec<Value> = records.iter().map(|(_, record)| record.clone()).collect();
    for _ in 0..2 {
        let answer = notify(stack.url(), &batch).await.expect(200);
        assert_eq!(answer, json!({"batchItemFailures": [{"itemIdentifier": "4"}]}));
    }
    assert_eq!(world.mail(&world.marco, 10).await.len(), 10, "invited, and asked about nine");
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_sample_of_what_runs_by_itself_can_be_played() {
    let (stack, _) = own().await;
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("events");
    let mut played = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if !name.starts_with("triggers-") {
            continue;
        }
        let sample = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let answer = invoke(stack.url(), &name, &sample).await;
        assert_eq!((answer.status, answer.header("x-amz-function-error")), (200, ""), "{name}: {}", answer.text);
        let failures = answer.json()["batchItemFailures"].clone();
        assert!(failures.is_null() || failures == json!([]), "{name}: {}", answer.text);
        played += 1;
    }
    assert_eq!(played, 8);
    let log = log(stack.url()).await;
    assert!(!log.contains("an object that is not ours"), "the sample names the bucket of the local stack");
    stack.stop().await;
}
