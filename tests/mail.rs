//! Mail that follows events: the right people, both parts, once.

use serde_json::{Value, json};

use crate::support::{World, send, table, url};

#[tokio::test]
async fn the_approver_then_finance_then_the_owner_are_told() {
    let world = World::new().await;
    let submitted = std::time::Instant::now();
    let report = world.submitted("640.00").await;
    let asked = world.mail(&world.marco, 2).await.remove(1);
    assert!(submitted.elapsed().as_secs() < 20, "on a loaded machine; two seconds otherwise");
    assert_eq!(asked["to"], json!([world.marco.email]));
    assert_eq!(asked["subject"], "Approve: Client visit Lyon, 640.00 EUR (Ana Silva)");
    for part in ["text", "html"] {
        let part = asked[part].as_str().unwrap();
        for fact in ["Client visit Lyon", "640.00", "Ana Silva", report["number"].as_str().unwrap(), "SNCF"] {
            assert!(part.contains(fact), "{fact} in {part}");
        }
    }
    world.marco.post_at(&world.report(&report, "approve"), 1, &json!({})).await.expect(200);
    let next = world.mail(&world.fiona, 2).await.remove(1);
    assert!(next["text"].as_str().unwrap().contains("reaches 500.00 EUR"), "{}", next["text"]);
    world.fiona.post_at(&world.report(&report, "approve"), 2, &json!({"comment": "Well kept."})).await.expect(200);
    let told = world.mail(&world.ana, 2).await.remove(1);
    assert_eq!(told["subject"].as_str().unwrap().split(':').next().unwrap(), "Approved");
    assert!(told["text"].as_str().unwrap().contains("Well kept."));
}

#[tokio::test]
async fn a_return_and_a_rejection_tell_the_owner_why() {
    let world = World::new().await;
    for (action, word, count) in [("return", "Returned", 2), ("reject", "Rejected", 3)] {
        let report = world.submitted("40.00").await;
        world
            .marco
            .post_at(&world.report(&report, action), 1, &json!({"reason": "Which client was it?"}))
            .await
            .expect(200);
        let told = world.mail(&world.ana, count).await.pop().unwrap();
        assert!(told["subject"].as_str().unwrap().starts_with(word));
        assert!(told["text"].as_str().unwrap().contains("Which client was it?"));
    }
}

#[tokio::test]
async fn a_message_is_real_mime_to_one_person() {
    let world = World::new().await;
    let invited = world.mail(&world.ana, 1).await.remove(0);
    assert!(invited["subject"].as_str().unwrap().starts_with("You are invited to World"));
    let raw =
        send(reqwest::Client::new().get(format!("{}/_local/mail/{}.eml", url(), invited["id"].as_str().unwrap())))
            .await;
    let message = mail_parser::MessageParser::default().parse(raw.text.as_bytes()).unwrap();
    assert_eq!(message.to().unwrap().first().unwrap().address().unwrap(), world.ana.email);
    assert_eq!((message.text_body_count(), message.html_body_count()), (1, 1));
    let page = reqwest::Client::new().get(format!("{}/_local/mail", url())).header("Accept", "text/html");
    assert!(send(page).await.text.contains("</html>"));
}

#[tokio::test]
async fn the_same_record_again_mails_nobody_again() {
    let world = World::new().await;
    let report = world.submitted("40.00").await;
    world.mail(&world.marco, 2).await;
    // The very record that the stream delivered, from the table itself.
    let image = table::get(&world, &report, &table::event(2)).await;
    assert_eq!(image["type"]["S"], "report.submitted");
    let record = |sequence: &str, image: &Value| json!({"eventName": "INSERT", "eventID": "1", "eventVersion": "1.1", "eventSource": "aws:dynamodb", "awsRegion": "eu-central-1", "dynamodb": {"SequenceNumber": sequence, "SizeBytes": 1, "NewImage": image}});
    let mut newer = image.clone();
    newer["schema"] = json!({"N": "99"});
    let mut broken = image.clone();
    broken["seq"] = json!({"S": "two"});
    for _ in 0..2 {
        let records = [record("1", &image), record("2", &newer), record("3", &image), record("4", &broken)];
        let invoke = format!("{}/2015-03-31/functions/triggers-notify/invocations", url());
        let answer = send(reqwest::Client::new().post(invoke).json(&json!({"Records": records}))).await.expect(200);
        assert_eq!(answer, json!({"batchItemFailures": [{"itemIdentifier": "2"}, {"itemIdentifier": "4"}]}));
    }
    world.marco.post_at(&world.report(&report, "approve"), 1, &json!({})).await.expect(200);
    world.mail(&world.ana, 2).await;
    assert_eq!(world.mail(&world.marco, 2).await.len(), 2);
}

#[tokio::test]
async fn the_sample_event_is_understood() {
    let sample = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/events/triggers-notify.json")).unwrap();
    let invoke = format!("{}/2015-03-31/functions/triggers-notify/invocations", url());
    let answer = send(reqwest::Client::new().post(invoke).body(sample)).await.expect(200);
    assert_eq!(answer, json!({"batchItemFailures": []}));
}
