//! Dry runs of the policy: the result of the submission that could follow; nothing is stored.

use serde_json::{Value, json};

use crate::support::{Answer, Person, World, day, eur, expense, violations, with};

async fn check(world: &World, who: &Person, body: &Value) -> Answer {
    who.post(&world.path("policy/check"), body).await
}

fn report(lines: &[Value]) -> Value {
    json!({"report": {"title": "Client visit Lyon", "expenses": lines}})
}

/// Expenses that trigger a limit warning, a missing receipt (company card) and the maximum age.
fn lines() -> [Value; 3] {
    let meal = json!({"category": "meals", "justification": "Six of us.", "tax": eur("7.73")});
    let card = json!({"payment_method": "company_card", "receipt_reference": null});
    [with(expense("85.00"), &meal), with(expense("412.50"), &card), with(expense("20.00"), &json!({"date": day(120)}))]
}

#[tokio::test]
async fn dry_run_matches_later_submission() {
    let world = World::new().await;
    let draft = world.draft(&world.ana, &lines()).await;
    let by_id = check(&world, &world.ana, &json!({"report_id": draft["id"]})).await.expect(200);
    let inline = check(&world, &world.ana, &report(&lines())).await.expect(200);
    assert_eq!((&by_id["outcome"], &by_id["because"]), (&json!("submitted"), &Value::Null));
    assert_eq!(
        violations(&by_id),
        ["expense-limit warn 60.00 85.00", "receipt-required warn 25.00 412.50", "maximum-age warn 90 120"]
    );
    let names: Vec<&Value> = by_id["steps"].as_array().unwrap().iter().map(|step| &step["name"]).collect();
    assert_eq!(names, ["Manager", "Finance"]);

    let submitted = world.ana.post(&world.report(&draft, "submit"), &json!({})).await.expect(200);
    for same in ["violations", "steps", "totals", "base_total", "expenses"] {
        assert_eq!(by_id[same], submitted[same], "{same}");
    }
    // For an inline report only the identifiers differ.
    for same in ["steps", "totals", "base_total"] {
        assert_eq!(inline[same], submitted[same], "{same}");
    }
    assert_eq!(violations(&inline), violations(&submitted));
    let messages = |answer: &Value| -> Vec<Value> {
        answer["violations"].as_array().unwrap().iter().map(|found| found["message"].clone()).collect()
    };
    assert_eq!(messages(&inline), messages(&submitted));
}

#[tokio::test]
async fn dry_run_stores_nothing() {
    let world = World::new().await;
    let draft = world.draft(&world.ana, &lines()).await;
    let before = world.fiona.get(&world.path("reports?scope=all")).await.expect(200);
    for _ in 0..3 {
        check(&world, &world.ana, &json!({"report_id": draft["id"]})).await.expect(200);
        check(&world, &world.ana, &report(&lines())).await.expect(200);
        let proposed = json!({"report_id": draft["id"], "policy": World::policy()});
        check(&world, &world.fiona, &proposed).await.expect(200);
    }
    assert_eq!(world.fiona.get(&world.path("reports?scope=all")).await.expect(200), before);
    assert_eq!(world.ana.get(&world.report(&draft, "")).await.expect(200), draft);
    assert_eq!(world.ana.get(&world.path("policy")).await.expect(200)["version"], 2);
    assert_eq!(world.marco.get(&world.path("approvals")).await.expect(200)["items"], json!([]));
    // The first mail after the invitation is about the real submission.
    world.submitted("40.00").await;
    let mails = world.mail(&world.marco, 2).await;
    assert_eq!((mails.len(), &mails[1]["subject"]), (2, &json!("Approve: Client visit Lyon, 40.00 EUR (Ana Silva)")));
}

#[tokio::test]
async fn dry_run_outcome_states_reason() {
    let world = World::new().await;
    let hotel = with(expense("180.01"), &json!({"category": "lodging"}));
    let blocked = check(&world, &world.ana, &report(&[expense("8.00"), hotel.clone()])).await.expect(200);
    assert_eq!(
        (&blocked["outcome"], &blocked["because"], &blocked["steps"]),
        (&json!("blocked"), &Value::Null, &json!([]))
    );
    assert_eq!(violations(&blocked), ["expense-limit block 180.00 180.01"]);
    assert_eq!(blocked["violations"][0]["expense_ids"], json!([blocked["expenses"][1]["id"]]));
    world.submit_expenses(&world.ana, &[hotel]).await.problem(422, "/problems/validation-failed");

    // The only admin is the fallback for all others, but not for their own report.
    let no_approver = check(&world, &world.admin, &report(&[expense("8.00")])).await.expect(200);
    assert_eq!(
        (&no_approver["outcome"], &no_approver["because"], &no_approver["steps"]),
        (&json!("no-approver"), &json!("Manager"), &json!([]))
    );
    world.submit_expenses(&world.admin, &[expense("8.00")]).await.problem(409, "/problems/no-approver");

    world.put_policy(&json!({"auto_approve_below": eur("10.00")})).await;
    let approved = check(&world, &world.ana, &report(&[expense("9.99")])).await.expect(200);
    assert_eq!((&approved["outcome"], &approved["because"]), (&json!("approved"), &json!("10.00 EUR")));
    assert_eq!(world.submit_expenses(&world.ana, &[expense("9.99")]).await.expect(201)["status"], "approved");
    let not = check(&world, &world.ana, &report(&[expense("10.00")])).await.expect(200);
    assert_eq!(not["outcome"], "submitted");

    let cap = json!([{"period": "month", "amount": eur("30.00"), "effect": "cap"}]);
    world.put_policy(&json!({"limits": cap})).await;
    let capped = check(&world, &world.ana, &report(&[expense("25.00")])).await.expect(200);
    assert_eq!(violations(&capped), ["month-limit warn 30.00 34.99"], "9.99 EUR are claimed already");
    assert_eq!((&capped["totals"]["reimbursable"], &capped["totals"]["not_reimbursed"]), (&eur("20.01"), &eur("4.99")));
    assert_eq!(capped["expenses"][0]["approved_amount"], eur("20.01"));
}

#[tokio::test]
async fn dry_run_of_proposed_policy_requires_report_access() {
    let world = World::new().await;
    let host = world.org.replace('_', "-");
    let auditor = world.join("Olga Auditor", &format!("olga@{host}.example.com"), &json!({"role": "auditor"})).await;
    let draft = world.draft(&world.ana, &[expense("40.00")]).await;
    let mut policy = World::policy();
    policy["limits"] = json!([{"period": "report", "amount": eur("39.99"), "effect": "block"}]);
    policy["steps"][1]["when"]["from_total"] = eur("40.00");
    let body = json!({"report_id": draft["id"], "policy": policy});
    for person in [&world.fiona, &world.admin, &auditor] {
        let proposed = check(&world, person, &body).await.expect(200);
        assert_eq!(
            (&proposed["outcome"], violations(&proposed)),
            (&json!("blocked"), vec!["report-limit block 39.99 40.00".to_owned()])
        );
    }
    check(&world, &world.ana, &body).await.problem(403, "/problems/forbidden");
    policy["limits"] = json!([]);
    let wider = check(&world, &world.fiona, &json!({"report_id": draft["id"], "policy": policy})).await.expect(200);
    assert_eq!(wider["steps"].as_array().unwrap().len(), 2);
    policy["steps"][1]["when"]["from_total"]["currency"] = json!("USD");
    let faults = check(&world, &world.fiona, &json!({"report_id": draft["id"], "policy": policy})).await;
    assert_eq!(faults.problem(422, "/problems/validation-failed").len(), 1);

    // A single report requires read access to it; past reports require access to all of them.
    check(&world, &auditor, &json!({"report_id": draft["id"]})).await.expect(200);
    check(&world, &world.marco, &json!({"report_id": draft["id"]})).await.problem(404, "/problems/not-found");
    let past = world.path("policy/check?against=last_90_days");
    world.ana.post(&past, &json!({})).await.problem(403, "/problems/forbidden");
}

#[tokio::test]
async fn proposed_policy_is_compared_with_past_reports() {
    let world = World::new().await;
    world.draft(&world.ana, &[expense("90.00")]).await;
    let mut all = Vec::new();
    for amount in ["40.00", "60.00", "41.00", "70.00", "42.00"] {
        all.push(world.submitted(amount).await);
    }
    // Later events do not matter, except that an update moves the report to the end.
    let path = world.report(&all[0], "return");
    world.marco.post_at(&path, 1, &json!({"reason": "Which client?"})).await.expect(200);
    all.rotate_left(1);
    let mut policy = World::policy();
    policy["limits"] = json!([{"period": "report", "amount": eur("50.00"), "effect": "cap"}]);
    let mut rows = Vec::new();
    let mut cursor = String::new();
    loop {
        let path = world.path(&format!("policy/check?against=last_90_days&limit=2{cursor}"));
        let page = world.fiona.post(&path, &json!({"policy": policy})).await.expect(200);
        assert!(page["items"].as_array().unwrap().len() <= 2);
        rows.extend(page["items"].as_array().unwrap().clone());
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    let actual: Vec<_> =
        rows.iter().map(|row| (row["report"]["id"].clone(), row["differs"].as_bool().unwrap())).collect();
    let expected: Vec<_> = all
        .iter()
        .zip([true, false, true, false, false])
        .map(|(report, differs)| (report["id"].clone(), differs))
        .collect();
    assert_eq!(actual, expected);
    let row = &rows[0];
    assert_eq!(
        (&row["violations_before"], &row["policy_version"], &row["steps_before"]),
        (&json!(0), &json!(2), &json!(["Manager"]))
    );
    assert_eq!(violations(&row["check"]), ["report-limit warn 50.00 60.00"]);
    assert_eq!(row["check"]["totals"]["reimbursable"], eur("50.00"));
    // A different step counts as a difference too.
    let mut policy = World::policy();
    policy["steps"][1]["when"]["from_total"] = eur("70.00");
    let path = world.path("policy/check?against=last_90_days");
    let page = world.fiona.post(&path, &json!({"policy": policy})).await.expect(200);
    let differs: Vec<_> =
        page["items"].as_array().unwrap().iter().map(|row| row["differs"].as_bool().unwrap()).collect();
    assert_eq!(differs, [false, false, true, false, false]);
}

#[tokio::test]
async fn dry_run_requires_exactly_one_subject() {
    let world = World::new().await;
    let draft = world.draft(&world.ana, &[expense("40.00")]).await;
    let both = with(report(&[expense("8.00")]), &json!({"report_id": draft["id"]}));
    for body in [json!({}), both.clone()] {
        assert_eq!(check(&world, &world.fiona, &body).await.problem(422, "/problems/validation-failed"), [" subject"]);
    }
    let past = world.path("policy/check?against=last_90_days");
    let one = json!({"report_id": draft["id"]});
    for body in [&one, &both] {
        assert_eq!(world.fiona.post(&past, body).await.problem(422, "/problems/validation-failed"), [" subject"]);
    }
    for (query, body) in
        [("against=ever", &one), ("since=2026-01-01", &one), ("against=last_90_days&limit=0", &json!({}))]
    {
        let path = world.path(&format!("policy/check?{query}"));
        world.fiona.post(&path, body).await.problem(400, "/problems/invalid-parameter");
    }
    let faults = check(&world, &world.ana, &json!({"report_id": "rep_x"})).await;
    assert_eq!(faults.problem(422, "/problems/validation-failed"), ["/report_id unknown-report"]);
    let wrong = check(&world, &world.ana, &report(&[with(expense("1.005"), &json!({"date": "today"}))])).await;
    let faults = wrong.problem(422, "/problems/validation-failed");
    assert!(faults.iter().all(|fault| fault.starts_with("/report/expenses/0/")) && faults.len() == 2, "{faults:?}");
}
