//! Notification mail: recipients, MIME parts, language, threading and delivery once per event.

use serde_json::{Value, json};

use crate::support::{World, eur, expense, send, table, url, with};

#[tokio::test]
async fn approval_steps_mail_approver_finance_owner_in_order() {
    let world = World::new().await;
    let submitted = std::time::Instant::now();
    let report = world.submitted("640.00").await;
    let asked = world.mail(&world.marco, 2).await.remove(1);
    // Mail is late after five minutes (docs/DEPLOY.md); on an idle machine it takes a fraction of a second.
    assert!(submitted.elapsed().as_secs() < 300, "the first mail took more than five minutes");
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
    let notice = world.mail(&world.ana, 2).await.remove(1);
    assert_eq!(notice["subject"].as_str().unwrap().split(':').next().unwrap(), "Approved");
    assert!(notice["text"].as_str().unwrap().contains("Well kept."));
}

#[tokio::test]
async fn returned_and_rejected_mail_contains_reason() {
    let world = World::new().await;
    for (action, word, count) in [("return", "Returned", 2), ("reject", "Rejected", 3)] {
        let report = world.submitted("40.00").await;
        world
            .marco
            .post_at(&world.report(&report, action), 1, &json!({"reason": "Which client was it?"}))
            .await
            .expect(200);
        let notice = world.mail(&world.ana, count).await.pop().unwrap();
        assert!(notice["subject"].as_str().unwrap().starts_with(word));
        assert!(notice["text"].as_str().unwrap().contains("Which client was it?"));
    }
}

#[tokio::test]
async fn message_is_multipart_mime_to_one_recipient() {
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
async fn repeated_stream_record_sends_no_second_mail() {
    let world = World::new().await;
    let report = world.submitted("40.00").await;
    world.mail(&world.marco, 2).await;
    // The event item as stored; the stream has delivered a record with the same image.
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
        assert_eq!(answer, json!({"batchItemFailures": []}), "unreadable records are dead-lettered");
    }
    world.marco.post_at(&world.report(&report, "approve"), 1, &json!({})).await.expect(200);
    world.mail(&world.ana, 2).await;
    assert_eq!(world.mail(&world.marco, 2).await.len(), 2);
}

#[tokio::test]
async fn mail_uses_recipient_language() {
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
async fn mail_about_report_is_threaded_per_recipient() {
    let world = World::new().await;
    let report = world.submitted("40.00").await;
    world.wait_for_mail_status(&report, "report.submitted", &["Marco Rossi delivered"]).await;
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
    assert_eq!(first, Some(true), "the first mail has no References header");
    let parsed = mail_parser::MessageParser::default();
    let second = parsed.parse(second.as_bytes()).unwrap();
    let refers = second
        .references()
        .as_text_list()
        .map_or_else(|| second.references().as_text().map(|it| vec![it.into()]), |list| Some(list.to_vec()))
        .unwrap();
    assert_eq!(refers.len(), 1, "References names only mail to the same recipient");
    assert!(refers[0].ends_with(".amazonses.com"), "{refers:?}");
    assert!(
        refers[0].starts_with(mails[1]["message_id"].as_str().unwrap_or(mails[1]["id"].as_str().unwrap())),
        "{refers:?} {}",
        mails[1]
    );
}

#[tokio::test]
async fn findings_and_reasons_are_data_in_api_and_german_in_mail() {
    let world = World::new().await;
    world.change(&world.marco, &json!({"language": "de"})).await;
    world.change(&world.fiona, &json!({"language": "de"})).await;
    let dinner = with(
        expense("640.00"),
        &json!({"category": "meals", "justification": "Fair.", "merchant": "Brasserie Georges"}),
    );
    let report = world.submit_expenses(&world.ana, &[dinner]).await.expect(201);

    let limit = "640.00 EUR at Brasserie Georges is above the limit of 60.00 EUR per expense for Meals.";
    let found = &report["violations"][0];
    assert_eq!((&found["rule"], &found["message"]), (&json!("expense-limit"), &json!(limit)));
    assert_eq!(
        found["parameters"],
        json!({
            "expense": {"amount": eur("640.00"), "merchant": "Brasserie Georges"},
            "count": 1, "actual": eur("640.00"), "limit": eur("60.00"), "category_names": ["Meals"],
        })
    );
    let every = json!({"rule": "every-report", "parameters": {}, "message": "This step applies to every report."});
    let reason = |approvers: Value, message: &str| {
        let parameters = json!({"approvers": approvers, "mode": {"kind": "any"}});
        json!({"rule": "decided-by", "parameters": parameters, "message": message})
    };
    let manager = json!({"kind": "manager", "level": 1});
    let manager = json!([every, reason(manager, "It is decided by the owner's manager.")]);
    let total = json!({
        "rule": "total-reaches", "parameters": {"total": eur("640.00"), "from_total": eur("500.00")},
        "message": "The total of 640.00 EUR reaches 500.00 EUR.",
    });
    let finance = json!({"kind": "role", "role": "finance"});
    let finance = json!([total, reason(finance, "It is decided by a member with the role finance.")]);
    assert_eq!((&report["steps"][0]["reasons"], &report["steps"][1]["reasons"]), (&manager, &finance));
    assert_eq!(world.queue(&world.marco).await[0]["reasons"], manager);
    let read = world.ana.get(&world.report(&report, "")).await.expect(200);
    assert_eq!((&read["violations"], &read["steps"]), (&report["violations"], &report["steps"]));
    let history = world.ana.get(&world.report(&report, "history")).await.expect(200);
    let entries = history["items"].as_array().unwrap();
    let submitted = &entries.iter().find(|entry| entry["type"] == "report.submitted").unwrap()["data"];
    assert_eq!((&submitted["report"]["violations"], &submitted["asked"]["reasons"]), (&json!([limit]), &manager));
    assert_eq!(submitted["asked"]["reason"], report["steps"][0]["reason"]);

    world.approve(&world.marco, &report).await.expect(200);
    let finding = "640,00 EUR bei Brasserie Georges: über der Grenze von 60,00 EUR pro Ausgabe (Meals).";
    let why = [
        (&world.marco, "Dieser Schritt gilt für jede Abrechnung. Es entscheidet die vorgesetzte Person."),
        (
            &world.fiona,
            "Der Gesamtbetrag von 640,00 EUR erreicht 500,00 EUR. Es entscheidet ein Mitglied mit der Rolle Finanzen.",
        ),
    ];
    for (person, reason) in why {
        let mail = world.mail(person, 2).await.remove(1);
        for part in ["text", "html"] {
            let part = mail[part].as_str().unwrap();
            assert!(part.contains(finding) && part.contains(reason), "{part}");
            assert!(!part.contains("above the limit") && !part.contains("It is decided"), "{part}");
        }
    }
}
