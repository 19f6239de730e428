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
        assert_eq!(answer, json!({"batchItemFailures": []}), "what cannot be read is put aside");
    }
    world.marco.post_at(&world.report(&report, "approve"), 1, &json!({})).await.expect(200);
    world.mail(&world.ana, 2).await;
    assert_eq!(world.mail(&world.marco, 2).await.len(), 2);
}

#[tokio::test]
async fn everybody_is_written_to_in_his_language() {
    let world = World::new().await;
    let marco = world.path(&format!("members/{}", world.marco.id));
    for (language, count, words) in [
        ("de", 2, ["Genehmig", "1.204,60", "EUR"]),
        ("fr", 3, ["approbation", "204,60", "EUR"]),
        ("es", 4, ["aprob", "1204,60", "EUR"]),
        ("en", 5, ["Approve", "1,204.60", "EUR"]),
    ] {
        let changed = world.admin.patch(&marco, &json!({"language": language})).await.expect(200);
        assert_eq!(changed["language"], language);
        world.submitted("1204.60").await;
        let asked = world.mail(&world.marco, count).await.pop().unwrap();
        let all = format!("{} {}", asked["subject"].as_str().unwrap(), asked["text"].as_str().unwrap());
        for word in words {
            assert!(all.to_lowercase().contains(&word.to_lowercase()), "{language}: no {word} in {all}");
        }
        assert!(asked["html"].as_str().unwrap().contains(&format!("lang=\"{language}\"")));
    }
    world.admin.patch(&marco, &json!({"language": "tlh"})).await.problem(422, "/problems/validation-failed");
    world.admin.patch(&marco, &json!({"time_zone": "Mars/Olympus"})).await.problem(422, "/problems/validation-failed");
}

#[tokio::test]
async fn mail_about_one_report_is_one_thread_for_each_reader() {
    let world = World::new().await;
    let report = world.submitted("40.00").await;
    world.is_told(&report, "report.submitted", &["Marco Rossi delivered"]).await;
    world.marco.post_at(&world.report(&report, "return"), 1, &json!({"reason": "Which client?"})).await.expect(200);
    world.mail(&world.ana, 2).await;
    world.ana.post(&world.report(&report, "submit"), &json!({})).await.expect(200);
    let mails = world.mail(&world.marco, 3).await;
    let raw = |mail: &Value| {
        let path = format!("{}/_local/mail/{}.eml", url(), mail["id"].as_str().unwrap());
        async move { send(reqwest::Client::new().get(path)).await.text }
    };
    let (first, second) = (raw(&mails[1]).await, raw(&mails[2]).await);
    let first = mail_parser::MessageParser::default()
        .parse(first.as_bytes())
        .map(|message| message.references().as_text().is_none());
    assert_eq!(first, Some(true), "the first refers to nothing");
    let parsed = mail_parser::MessageParser::default();
    let second = parsed.parse(second.as_bytes()).unwrap();
    let refers = second
        .references()
        .as_text_list()
        .map_or_else(|| second.references().as_text().map(|it| vec![it.into()]), |list| Some(list.to_vec()))
        .unwrap();
    assert_eq!(refers.len(), 1, "to his own mail, not to that to others");
    assert!(refers[0].ends_with(".amazonses.com"), "{refers:?}");
    assert!(
        refers[0].starts_with(mails[1]["message_id"].as_str().unwrap_or(mails[1]["id"].as_str().unwrap())),
        "{refers:?} {}",
        mails[1]
    );
}
