//! Lifecycle of a report after the draft: edits that restart approval and edits that do not, clones, splits, comments,
//! deletion.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Person, World, day, eur, expense, send, today, version, with};

/// Event types of a report, in order.
async fn event_types(world: &World, report: &Value) -> Vec<String> {
    let history = world.ana.get(&world.report(report, "history?limit=100")).await.expect(200);
    assert_eq!(history["chain"], json!({"verified": true, "broken_at": null}));
    history["items"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect()
}

fn amounts(report: &Value, name: &str) -> Vec<String> {
    let of = |line: &Value| line[name]["amount"].as_str().unwrap().to_owned();
    report["expenses"].as_array().unwrap().iter().map(of).collect()
}

/// A report with manager and finance steps, approved by the manager (`submitted`) or by both (`approved`).
async fn report_in_status(world: &World, status: &str) -> Value {
    let texts = json!({"note": "Taxi.", "justification": "A strike.", "attendees": ["A client"]});
    let lines = [with(expense("400.00"), &texts), with(expense("240.00"), &texts)];
    let report = world.submit_expenses(&world.ana, &lines).await.expect(201);
    let path = world.report(&report, "approve");
    let report = world.marco.post_at(&path, 1, &json!({})).await.expect(200);
    if status == "submitted" {
        return report;
    }
    let report = world.fiona.post_at(&path, 2, &json!({})).await.expect(200);
    assert_eq!(report["status"], "approved");
    report
}

#[tokio::test]
async fn text_edit_keeps_approval_state() {
    let world = World::new().await;
    for status in ["submitted", "approved"] {
        let mut report = report_in_status(&world, status).await;
        let line = world.line(&report, 0, "");
        let changes = [
            (line.clone(), json!({"note": "By train."})),
            (line.clone(), json!({"justification": "No earlier train."})),
            (line.clone(), json!({"attendees": ["Ana Silva", "A client"]})),
            (line, json!({"note": null, "justification": "Late.", "attendees": ["Ana Silva"]})),
            (world.report(&report, ""), json!({"title": "Client visit Lyon, November"})),
        ];
        for (path, change) in changes {
            let after = world.ana.patch(&path, &change).await.expect(200);
            assert_eq!(version(&after), version(&report) + 1, "{change}");
            for same in ["status", "steps", "totals", "violations", "submitted_at", "policy_version"] {
                assert_eq!(after[same], report[same], "{status} {same} after {change}");
            }
            report = after;
        }
        assert_eq!((&report["title"], &report["status"]), (&json!("Client visit Lyon, November"), &json!(status)));
        let line = report["expenses"].as_array().unwrap().iter().find(|line| line["justification"] == "Late.").unwrap();
        assert_eq!((&line["note"], &line["attendees"]), (&Value::Null, &json!(["Ana Silva"])));
        let types = event_types(&world, &report).await;
        assert_eq!(types.iter().filter(|kind| *kind == "report.submitted").count(), 1);
        assert_eq!(types.last().unwrap(), "report.changed");
    }
}

/// Every edit of a claim: method, path, body, and the event it records.
fn claim_edits(world: &World, report: &Value) -> Vec<(Method, String, Value, &'static str)> {
    let line = |rest: &str| world.line(report, 0, rest);
    let patched = [
        json!({"amount": eur("399.99")}),
        json!({"amount": {"amount": "400.00", "currency": "USD"}}),
        json!({"date": day(1)}),
        json!({"category": "meals", "justification": "A dinner for ten."}),
        json!({"merchant": "Trenitalia"}),
        json!({"tax": eur("1.00")}),
        json!({"receipt_reference": "scan-2.pdf"}),
        json!({"receipt_reference": null}),
        json!({"payment_method": "company_card"}),
        json!({"project": "P1"}),
        json!({"cost_centre": "CC1"}),
        json!({"trip": "Lyon"}),
        // Policy rules ask for these two.
        json!({"justification": null}),
        json!({"attendees": []}),
    ];
    let mut all: Vec<_> = patched.into_iter().map(|body| (Method::PATCH, line(""), body, "expense.changed")).collect();
    let parts = json!({"parts": [{"amount": eur("100.00")}, {"amount": eur("300.00")}]});
    all.extend([
        (Method::POST, world.report(report, "expenses"), expense("5.00"), "expense.added"),
        (Method::DELETE, line(""), json!({}), "expense.removed"),
        (Method::POST, line("split"), parts, "expense.split"),
        (Method::POST, line("clone"), json!({}), "expense.added"),
        (Method::PATCH, world.report(report, ""), json!({"payee_id": world.admin.id}), "report.changed"),
        (Method::PATCH, world.report(report, ""), json!({"cost_centre": "CC2"}), "report.changed"),
    ]);
    all
}

#[tokio::test]
async fn claim_edit_restarts_approval() {
    let world = World::new().await;
    let rates = json!({"rates": {"USD": "2"}, "source": "ECB"});
    world.fiona.put(&world.path(&format!("rates/{}", day(1))), &rates).await.expect(200);
    let mut asked = 1;
    for status in ["submitted", "approved"] {
        let count = claim_edits(&world, &report_in_status(&world, status).await).len();
        asked += 1;
        for at in 0..count {
            let report = report_in_status(&world, status).await;
            let before = event_types(&world, &report).await.len();
            let (method, path, body, event) = claim_edits(&world, &report).remove(at);
            let after = send(world.ana.once(method, &path).json(&body)).await.expect(200);
            let what = format!("{status}: {event} {body}");
            assert_eq!((&after["status"], version(&after)), (&json!("submitted"), version(&report) + 1), "{what}");
            let steps = after["steps"].as_array().unwrap();
            assert_eq!((&steps[0]["status"], &steps[0]["name"]), (&json!("pending"), &json!("Manager")), "{what}");
            assert!(steps.iter().all(|step| step["decisions"] == json!([])), "{what}");
            assert!(steps.iter().skip(1).all(|step| step["status"] == "waiting"), "{what}");
            assert_eq!(event_types(&world, &after).await[before..], [event, "report.submitted"], "{what}");
            // The earlier approval was for another version.
            let path = world.report(&report, "approve");
            let stale = world.marco.post_at(&path, version(&report), &json!({})).await;
            stale.problem(412, "/problems/stale-version");
            world.marco.post_at(&path, version(&after), &json!({})).await.expect(200);
            // A decision lies between the two requests, so the second one is mailed at once too.
            asked += 2;
        }
    }
    // The approver got the invitation and one request after each change.
    let mails = world.mail(&world.marco, asked).await;
    assert_eq!(mails.len(), asked);
    assert!(
        mails.iter().skip(1).all(|mail| mail["subject"].as_str().unwrap().starts_with("Approve: Client visit Lyon"))
    );
}

#[tokio::test]
async fn edit_blocked_by_policy_changes_nothing() {
    let world = World::new().await;
    for status in ["submitted", "approved"] {
        let report = report_in_status(&world, status).await;
        let types_before = event_types(&world, &report).await;
        let (line, lines) = (world.line(&report, 0, ""), world.report(&report, "expenses"));
        let hotel = json!({"category": "lodging"});
        let faults = world.ana.patch(&line, &hotel).await.problem(422, "/problems/validation-failed");
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(faults[0].ends_with("/amount expense-limit"), "{faults:?}");
        let meal = with(expense("60.01"), &json!({"category": "meals"}));
        let faults = world.ana.post(&lines, &meal).await.problem(422, "/problems/validation-failed");
        assert!(faults[0].ends_with("/justification expense-limit"), "{faults:?}");
        let body = json!({"parts": [{"amount": eur("200.00"), "category": "lodging"}, {"amount": eur("200.00")}]});
        world.ana.post(&format!("{line}/split"), &body).await.problem(422, "/problems/validation-failed");
        assert_eq!(world.ana.get(&world.report(&report, "")).await.expect(200), report);
        assert_eq!(event_types(&world, &report).await, types_before);
    }
    // A submitted report needs at least one expense.
    let report = world.submitted("40.00").await;
    let faults = world.ana.delete(&world.line(&report, 0, "")).await.problem(422, "/problems/validation-failed");
    assert_eq!(faults, ["/expenses length"]);
    assert_eq!(world.ana.get(&world.report(&report, "")).await.expect(200), report);
}

#[tokio::test]
async fn returned_report_allows_edits_and_rejected_one_does_not() {
    let world = World::new().await;
    let report = world.submitted("40.00").await;
    let reason = json!({"reason": "Which client?"});
    world.marco.post_at(&world.report(&report, "return"), 1, &reason).await.expect(200);
    let edited = world.ana.patch(&world.line(&report, 0, ""), &json!({"amount": eur("41.00")})).await.expect(200);
    assert_eq!((&edited["status"], &edited["totals"]["total"]), (&json!("returned"), &eur("41.00")));
    let report = world.ana.post(&world.report(&report, "submit"), &json!({})).await.expect(200);
    world.marco.post_at(&world.report(&report, "reject"), version(&report), &reason).await.expect(200);
    for (path, change) in [
        (world.line(&report, 0, ""), json!({"note": "A word."})),
        (world.line(&report, 0, ""), json!({"amount": eur("1.00")})),
        (world.report(&report, ""), json!({"title": "Another"})),
    ] {
        world.ana.patch(&path, &change).await.problem(409, "/problems/invalid-state");
    }
}

#[tokio::test]
async fn cloned_report_drops_receipts_and_justifications() {
    let world = World::new().await;
    let line = json!({
        "justification": "Late.", "note": "Taxi.", "tax": eur("2.00"), "project": "P1", "trip": "Lyon", "date": day(7),
        "payment_method": "company_card", "attendees": ["Ana"],
    });
    let report = world.submit_expenses(&world.ana, &[with(expense("40.00"), &line), expense("8.00")]).await.expect(201);
    world.marco.post_at(&world.report(&report, "reject"), 1, &json!({"reason": "Private."})).await.expect(200);
    let path = world.report(&report, "clone");
    let answer = world.ana.post(&path, &json!({"title": "Client visit Nice"})).await;
    let clone = answer.expect(201);
    assert_ne!(clone["id"], report["id"]);
    assert_ne!(clone["number"], report["number"]);
    assert_eq!(answer.header("location"), world.report(&clone, ""));
    assert_eq!((&clone["status"], version(&clone)), (&json!("draft"), 1));
    assert_eq!((&clone["title"], &clone["totals"]), (&json!("Client visit Nice"), &report["totals"]));
    assert_eq!(
        (&clone["steps"], &clone["policy_version"], &clone["submitted_at"]),
        (&json!([]), &Value::Null, &Value::Null)
    );
    for (old, new) in report["expenses"].as_array().unwrap().iter().zip(clone["expenses"].as_array().unwrap()) {
        assert_ne!(new["id"], old["id"]);
        let dropped = json!({"id": null, "receipt_reference": null, "justification": null});
        assert_eq!(with(new.clone(), &dropped), with(old.clone(), &dropped));
        assert_eq!((&new["receipt_reference"], &new["justification"]), (&Value::Null, &Value::Null));
    }
    assert_eq!(event_types(&world, &clone).await, ["report.created"]);
    assert_eq!(world.ana.get(&world.report(&clone, "")).await.expect(200), clone);
    // Without a title the clone keeps the original one. Other members cannot clone the report.
    assert_eq!(world.ana.post(&path, &json!({})).await.expect(201)["title"], "Client visit Lyon");
    world.marco.post(&path, &json!({})).await.problem(403, "/problems/forbidden");
}

#[tokio::test]
async fn repeated_clone_creates_one_draft() {
    let world = World::new().await;
    let report = world.draft(&world.ana, &[expense("40.00")]).await;
    let clone = async |path: &str, body: &Value| {
        send(world.ana.request(Method::POST, path).header("Idempotency-Key", "clone-it-once").json(body)).await
    };
    let path = world.report(&report, "clone");
    let (first, again) = (clone(&path, &json!({})).await, clone(&path, &json!({})).await);
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(first.text, again.text);
    assert_eq!(first.header("location"), again.header("location"));
    let list = world.ana.get(&world.path("reports")).await.expect(200);
    assert_eq!(list["items"].as_array().unwrap().len(), 2);
    let other = clone(&path, &json!({"title": "Other"})).await;
    other.problem(422, "/problems/idempotency-key-reused");
    let other = clone(&world.line(&report, 0, "clone"), &json!({})).await;
    other.problem(422, "/problems/idempotency-key-reused");
}

#[tokio::test]
async fn cloned_expense_takes_given_date() {
    let world = World::new().await;
    let line = json!({"justification": "Late.", "note": "Taxi.", "tax": eur("2.00"), "date": day(3)});
    let report = world.draft(&world.ana, &[with(expense("40.00"), &line)]).await;
    let path = world.line(&report, 0, "clone");
    let dated = world.ana.post(&path, &json!({"date": day(2)})).await.expect(200);
    let same = world.ana.post(&path, &json!({})).await.expect(200);
    assert_eq!((version(&dated), version(&same)), (2, 3));
    let lines = same["expenses"].as_array().unwrap();
    let days: Vec<&Value> = lines.iter().map(|line| &line["date"]).collect();
    assert_eq!(days, [&json!(day(3)), &json!(day(2)), &json!(day(3))]);
    for line in &lines[1..] {
        assert_eq!((&line["receipt_reference"], &line["justification"]), (&Value::Null, &Value::Null));
        assert_eq!((&line["note"], &line["amount"], &line["tax"]), (&json!("Taxi."), &eur("40.00"), &eur("2.00")));
    }
    assert_eq!(lines[0]["receipt_reference"], "scan-1.pdf");
    assert_eq!(same["totals"]["total"], eur("120.00"));
    let faults =
        world.ana.post(&path, &json!({"date": "2099-01-01"})).await.problem(422, "/problems/validation-failed");
    assert_eq!(faults.len(), 1);
    let unknown = world.report(&report, "expenses/exp_01k0000000e2t8r0000000000b/clone");
    world.ana.post(&unknown, &json!({})).await.problem(404, "/problems/not-found");
}

/// Splits an expense of a draft into these parts.
async fn split(world: &World, line: &Value, parts: &[Value]) -> Value {
    let report = world.draft(&world.ana, &[expense("7.00"), line.clone()]).await;
    let after = world.ana.post(&world.line(&report, 1, "split"), &json!({"parts": parts})).await.expect(200);
    assert_eq!(after["totals"], report["totals"]);
    assert_eq!(after["base_total"], report["base_total"]);
    assert_eq!(after["expenses"].as_array().unwrap().len(), 1 + parts.len());
    assert!(after["expenses"].as_array().unwrap().iter().all(|left| left["id"] != report["expenses"][1]["id"]));
    after
}

#[tokio::test]
async fn split_parts_share_tax_exactly() {
    let world = World::new().await;
    let part = |amount: &str| json!({"amount": eur(amount)});
    // PC-012: the tax of 130.43 is split to the cent.
    let taxed = with(expense("1000.00"), &json!({"tax": eur("130.43"), "note": "Fair."}));
    let halves = split(&world, &taxed, &[part("500.00"), part("500.00")]).await;
    let mut shares = amounts(&halves, "tax")[1..].to_vec();
    shares.sort();
    assert_eq!(shares, ["65.21", "65.22"]);
    assert!(
        halves["expenses"].as_array().unwrap()[1..]
            .iter()
            .all(|line| line["note"] == "Fair." && line["receipt_reference"] == "scan-1.pdf")
    );

    // PC-162: 353.16 in eight parts is four times 44.15 and four times 44.14.
    let eighths: Vec<Value> = (0..8).map(|at| part(if at < 4 { "44.15" } else { "44.14" })).collect();
    let report = split(&world, &expense("353.16"), &eighths).await;
    assert_eq!(amounts(&report, "amount")[1..].iter().filter(|amount| *amount == "44.15").count(), 4);

    // Parts with their own tax, category and note; the remaining tax is shared by the others.
    let parts = [
        json!({"amount": eur("600.00"), "category": "lodging", "tax": eur("100.00"), "note": "Room."}),
        json!({"amount": eur("300.00")}),
        json!({"amount": eur("100.00"), "category": "meals"}),
    ];
    let report = split(&world, &taxed, &parts).await;
    let mut lines = report["expenses"].as_array().unwrap()[1..].to_vec();
    lines.sort_by_key(|line| line["category"].to_string());
    let actual: Vec<_> = lines
        .iter()
        .map(|line| {
            (
                line["category"].as_str().unwrap(),
                line["tax"]["amount"].as_str().unwrap(),
                line["note"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(actual, [("lodging", "100.00", "Room."), ("meals", "7.61", "Fair."), ("travel", "22.82", "Fair.")]);
}

#[tokio::test]
async fn split_with_wrong_sum_is_rejected_with_difference() {
    let world = World::new().await;
    let report = world.draft(&world.ana, &[expense("524.34")]).await;
    let path = world.line(&report, 0, "split");
    let parts = |amounts: &[&str]| json!({"parts": amounts.iter().map(|amount| json!({"amount": eur(amount)})).collect::<Vec<_>>()});
    // PC-164: parts that exceed the expense by a cent are rejected.
    let answer = world.ana.post(&path, &parts(&["110.11", "209.74", "104.87", "89.14", "10.49"])).await;
    assert_eq!(answer.problem(422, "/problems/validation-failed"), ["/parts sum"]);
    let detail = "The parts add up to 524.35 EUR, 0.01 EUR more than the expense of 524.34 EUR.";
    assert_eq!(answer.json()["errors"][0]["detail"], detail);
    let answer = world.ana.post(&path, &parts(&["500.00", "24.33"])).await;
    assert_eq!(answer.problem(422, "/problems/validation-failed"), ["/parts sum"]);
    assert!(answer.json()["errors"][0]["detail"].as_str().unwrap().contains("0.01 EUR less"));
    for (wrong, fault) in
        [(parts(&["524.34"]), "/parts length"), (parts(&["524.34", "0.00"]), "/parts/1/amount/amount positive")]
    {
        assert_eq!(world.ana.post(&path, &wrong).await.problem(422, "/problems/validation-failed"), [fault]);
    }
    assert_eq!(world.ana.get(&world.report(&report, "")).await.expect(200), report);
}

#[tokio::test]
async fn split_of_foreign_expense_keeps_base_total() {
    let world = World::new().await;
    let rates = json!({"rates": {"USD": "0.857"}, "source": "ECB"});
    world.fiona.put(&world.path(&format!("rates/{}", today())), &rates).await.expect(200);
    let usd = |amount: &str| json!({"amount": amount, "currency": "USD"});
    let line = with(expense("1.00"), &json!({"amount": usd("100.00"), "tax": usd("10.00")}));
    let parts = ["33.33", "33.33", "33.34"].map(|amount| json!({"amount": usd(amount)}));
    let report = split(&world, &line, &parts).await;
    // 100.00 USD are 85.70 EUR; parts converted one by one would be 28.56, 28.56 and 28.57, a cent less.
    let cents = |name: &str| -> i64 {
        let text =
            |line: &Value| line["base"][name]["amount"].as_str().unwrap().replace('.', "").parse::<i64>().unwrap();
        report["expenses"].as_array().unwrap()[1..].iter().map(text).sum()
    };
    assert_eq!((cents("amount"), cents("tax")), (8570, 857));
}

#[tokio::test]
async fn comment_is_recorded_and_makes_decision_stale() {
    let world = World::new().await;
    let host = world.org.replace('_', "-");
    let auditor = world.join("Olga Auditor", &format!("olga@{host}.example.com"), &json!({"role": "auditor"})).await;
    let stranger = world.join("Sven Stranger", &format!("sven@{host}.example.com"), &json!({})).await;
    let report = world.submitted("40.00").await;
    let path = world.report(&report, "comments");
    let say = |text: &str| json!({"text": text});
    for (person, text) in [(&world.ana, "Two of us."), (&world.marco, "Who?"), (&world.fiona, "See the receipt.")] {
        let after = person.post(&path, &say(text)).await.expect(200);
        assert_eq!((version(&after), &after["status"], &after["steps"]), (1, &json!("submitted"), &report["steps"]));
    }
    auditor.post(&path, &say("Hm.")).await.problem(403, "/problems/forbidden");
    stranger.post(&path, &say("Hm.")).await.problem(404, "/problems/not-found");
    assert_eq!(world.ana.post(&path, &json!({})).await.problem(422, "/problems/validation-failed"), ["/text required"]);
    let history = world.ana.get(&world.report(&report, "history")).await.expect(200);
    let said: Vec<_> = history["items"].as_array().unwrap()[2..]
        .iter()
        .map(|event| {
            (
                event["type"].as_str().unwrap(),
                event["actor"]["name"].as_str().unwrap(),
                event["data"]["text"].as_str().unwrap(),
            )
        })
        .collect();
    let comment = "report.commented";
    assert_eq!(
        said,
        [
            (comment, "Ana Silva", "Two of us."),
            (comment, "Marco Rossi", "Who?"),
            (comment, "Fiona Byrne", "See the receipt.")
        ]
    );
    let approve = world.report(&report, "approve");
    // A comment does not void what the approver has seen.
    world.marco.post_at(&approve, 1, &json!({})).await.expect(200);
    world.ana.post(&path, &say("Thank you.")).await.expect(200);
}

async fn is_listed(person: &Person, world: &World, report: &Value) -> bool {
    let list = person.get(&world.path("reports")).await.expect(200);
    list["items"].as_array().unwrap().iter().any(|item| item["id"] == report["id"])
}

#[tokio::test]
async fn only_never_submitted_draft_can_be_deleted() {
    let world = World::new().await;
    let report = world.draft(&world.ana, &[expense("40.00")]).await;
    world.marco.delete(&world.report(&report, "")).await.problem(404, "/problems/not-found");
    let stale = world.ana.request(Method::DELETE, &world.report(&report, "")).header("If-Match", "\"7\"");
    send(stale).await.problem(412, "/problems/stale-version");
    assert!(is_listed(&world.ana, &world, &report).await);
    let gone = world.ana.delete(&world.report(&report, "")).await;
    assert_eq!((gone.status, gone.text.as_str()), (204, ""));
    assert!(!is_listed(&world.ana, &world, &report).await);
    for below in ["", "history"] {
        world.ana.get(&world.report(&report, below)).await.problem(404, "/problems/not-found");
        world.admin.get(&world.report(&report, below)).await.problem(404, "/problems/not-found");
    }
    world.ana.delete(&world.report(&report, "")).await.problem(404, "/problems/not-found");
    world.ana.post(&world.report(&report, "submit"), &json!({})).await.problem(404, "/problems/not-found");
    for scope in [
        "reports?scope=all",
        "reports?scope=all&status=draft",
        "reports?scope=all&min_total=1.00",
        "reports?scope=all&updated_since=2020-01-01T00:00:00Z",
    ] {
        assert_eq!(world.fiona.get(&world.path(scope)).await.expect(200)["items"], json!([]), "{scope}");
    }

    let report = world.submitted("40.00").await;
    world.ana.delete(&world.report(&report, "")).await.problem(409, "/problems/invalid-state");
    world.ana.post(&world.report(&report, "recall"), &json!({})).await.expect(200);
    world.ana.delete(&world.report(&report, "")).await.problem(409, "/problems/invalid-state");
    assert!(is_listed(&world.ana, &world, &report).await);
}
