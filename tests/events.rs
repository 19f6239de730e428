//! Malformed, repeated and out-of-order events, by case number. Each case is a test here or in the file of its
//! capability; `tests/cases.md` describes them. Cases of event sources that do not exist here are left out.

use std::collections::BTreeSet;

use outlay_local::Data;
use serde_json::{Value, json};

use crate::support::{
    Answer, World, add_fault, dead_letter_files, invoke, log, own_stack, own_stack_with_data, run_schedule, send,
    table, url,
};

/// Test of each case, as file and name.
const CASES: [(&str, &str); 30] = [
    ("EV-01", "mail.rs repeated_stream_record_sends_no_second_mail"),
    ("EV-02", "events.rs failed_record_is_reported_and_others_run_once"),
    ("EV-03", "events.rs record_without_sequence_number_fails_invocation"),
    ("EV-04", "events.rs empty_batch_reports_no_failures"),
    ("EV-05", "events.rs technical_writes_and_deletions_send_no_mail"),
    ("EV-06", "events.rs technical_writes_and_deletions_send_no_mail"),
    ("EV-07", "events.rs unreadable_record_is_dead_lettered_with_reason"),
    ("EV-08", "events.rs unreadable_record_is_dead_lettered_with_reason"),
    ("EV-09", "events.rs out_of_order_events_send_one_mail_each"),
    ("EV-11", "mail.rs approval_steps_mail_approver_finance_owner_in_order"),
    ("EV-13", "events.rs kill_after_send_is_settled_by_ses_event"),
    ("EV-14", "ses_events.rs concurrent_duplicate_event_has_one_effect"),
    ("EV-15", "ses_events.rs unreadable_message_reaches_dead_letter_queue"),
    ("EV-16", "ses_events.rs foreign_or_unsigned_notification_is_rejected"),
    ("EV-18", "ses_events.rs event_for_unknown_mail_is_kept_for_seven_days"),
    ("EV-19", "template.rs queue_and_topic_policies_restrict_senders"),
    ("EV-20", "ses_events.rs redriven_messages_are_all_processed"),
    ("EV-21", "ses_events.rs bounced_address_is_marked_and_suppressed"),
    ("EV-22", "ses_events.rs complaint_stops_reminders_but_not_requests"),
    ("EV-23", "ses_events.rs mail_status_never_moves_back"),
    ("EV-24", "ses_events.rs event_for_unknown_mail_is_kept_for_seven_days"),
    ("EV-25", "ses_events.rs foreign_or_unsigned_notification_is_rejected"),
    ("EV-29", "template.rs scheduled_functions_have_dead_letter_queue"),
    ("EV-30", "receipt_processing.rs foreign_object_is_left_untouched_and_logged"),
    ("EV-31", "receipt_processing.rs repeated_message_accepts_receipt_once"),
    ("EV-32", "receipt_processing.rs object_key_is_decoded_once"),
    ("EV-34", "tenant_isolation.rs organisations_are_isolated_from_each_other"),
    ("EV-36", "idempotency.rs hundred_concurrent_duplicates_have_one_effect"),
    ("EV-39", "schedules.rs approver_gets_one_digest_per_day"),
    ("EV-33", "events.rs functions_spawn_no_background_tasks"),
];

#[test]
fn every_case_names_an_existing_test() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/");
    for (case, place) in CASES {
        let (file, name) = place.split_once(' ').unwrap();
        let text = std::fs::read_to_string(format!("{root}{file}"))
            .unwrap_or_else(|_| panic!("{case}: {file} does not exist"));
        assert!(text.contains(&format!("fn {name}(")), "{case}: {file} has no {name}");
        let row = include_str!("cases.md").lines().find(|line| line.starts_with(&format!("| {case} |")));
        let cell = format!("`{}::{name}`", file.trim_end_matches(".rs"));
        assert!(row.is_some_and(|row| row.contains(&cell)), "{case}: tests/cases.md must name {cell}");
    }
    let ids: BTreeSet<&str> = CASES.iter().map(|(case, _)| *case).collect();
    assert_eq!(ids.len(), CASES.len(), "a case is listed twice");
}

/// EV-33: a task that outlives the response is frozen and continues during another request.
#[test]
fn functions_spawn_no_background_tasks() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources = ["functions", "shared"].map(|folder| sources(&root.join(folder))).concat();
    assert!(sources.len() > 100, "{}", sources.len());
    for file in sources {
        let text = std::fs::read_to_string(&file).unwrap();
        let lines = text.lines().filter(|line| line.contains("spawn(") && !line.trim_start().starts_with("//"));
        assert_eq!(lines.collect::<Vec<_>>(), [""; 0], "{}", file.display());
    }
}

/// Source files that are compiled into functions.
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
async fn empty_batch_reports_no_failures() {
    assert_eq!(notify(&url(), &[]).await.expect(200), none());
}

#[tokio::test]
async fn record_without_sequence_number_fails_invocation() {
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
async fn technical_writes_and_deletions_send_no_mail() {
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
async fn unreadable_record_is_dead_lettered_with_reason() {
    let folder = tempfile::tempdir().unwrap();
    let (stack, world) = own_stack_with_data(Data::Folder(folder.path().to_owned())).await;
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
        assert_eq!(
            notify(stack.url(), &records).await.expect(200),
            none(),
            "unreadable records do not block the batch"
        );
    }
    let kept = dead_letter_files(folder.path());
    assert_eq!(kept.len(), odd.len(), "{kept:?}");
    for ((number, reason, _), record) in odd.iter().zip(&records) {
        let file = kept.iter().find(|file| file.ends_with(format!("{number}.json"))).unwrap();
        let text = std::fs::read_to_string(file).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), json!({"reason": reason, "record": record}));
    }
    stack.stop().await;
}

#[tokio::test]
async fn out_of_order_events_send_one_mail_each() {
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

/// EV-13: the function is killed after SES has accepted the mail.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_after_send_is_settled_by_ses_event() {
    let (stack, world) = own_stack().await;
    world.mail(&world.marco, 1).await;
    add_fault(
        stack.url(),
        &json!({"service": "ses", "function": "triggers-notify", "fault": "kill_after", "times": 1}),
    )
    .await;
    let report = world.submitted("40.00").await;
    world.wait_for_mail_status(&report, "report.submitted", &["Marco Rossi delivered"]).await;
    for hours in [1, 25] {
        run_schedule(stack.url(), "triggers-sweep", crate::support::now() + jiff::SignedDuration::from_hours(hours))
            .await;
    }
    assert_eq!(world.mail(&world.marco, 2).await.len(), 2, "the mail is not sent again");
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_before_send_is_repaired_by_sweep() {
    let (stack, world) = own_stack().await;
    world.mail(&world.marco, 1).await;
    add_fault(
        stack.url(),
        &json!({"service": "ses", "function": "triggers-notify", "fault": "kill_before", "times": 1}),
    )
    .await;
    let report = world.submitted("40.00").await;
    world.wait_for_mail_status(&report, "report.submitted", &["Marco Rossi queued"]).await;
    run_schedule(stack.url(), "triggers-sweep", crate::support::now() + jiff::SignedDuration::from_hours(1)).await;
    world.wait_for_mail_status(&report, "report.submitted", &["Marco Rossi delivered"]).await;
    assert_eq!(world.mail(&world.marco, 2).await.len(), 2);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failed_record_is_reported_and_others_run_once() {
    let (stack, world) = own_stack().await;
    let base = format!("{}/_local/streams/triggers-notify", stack.url());
    let state = |state: &str| send(reqwest::Client::new().post(&base).json(&json!({"state": state})));
    // The invitations must have been sent before the stream is turned off.
    world.mail(&world.marco, 1).await;
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
    add_fault(stack.url(), &rule).await;
    let batch: Vec<Value> = records.iter().map(|(_, record)| record.clone()).collect();
    for _ in 0..2 {
        let answer = notify(stack.url(), &batch).await.expect(200);
        assert_eq!(answer, json!({"batchItemFailures": [{"itemIdentifier": "4"}]}));
    }
    assert_eq!(world.mail(&world.marco, 10).await.len(), 10, "one invitation and nine approval requests");
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_trigger_sample_event_succeeds() {
    let (stack, _) = own_stack().await;
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut played = 0;
    for entry in std::fs::read_dir(root.join("events")).unwrap() {
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
    let triggers = std::fs::read_dir(root.join("functions/triggers")).unwrap().count();
    assert_eq!(played, triggers, "each trigger has a sample event");
    let log = log(stack.url()).await;
    assert!(!log.contains("object that is no upload"), "the sample names the bucket of the local stack");
    stack.stop().await;
}
