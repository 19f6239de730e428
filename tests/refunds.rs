//! Refunds, which are expenses with a negative amount, and payments by company card that an approver does not grant.

use serde_json::{Value, json};

use crate::support::{World, day, eur, expense, version, violations, with};

fn totals(report: &Value) -> [&str; 4] {
    ["total", "reimbursable", "not_reimbursed", "repayable"]
        .map(|name| report["totals"][name]["amount"].as_str().unwrap())
}

fn card(amount: &str) -> Value {
    with(expense(amount), &json!({"payment_method": "company_card"}))
}

#[tokio::test]
async fn company_card_line_cut_by_approver_is_repayable() {
    let world = World::new().await;
    let report = world.submit_expenses(&world.ana, &[card("80.00"), expense("20.00")]).await.expect(201);
    let cut = json!({"expenses": [{
        "expense_id": report["expenses"][0]["id"], "approved_amount": eur("60.00"), "reason": "The minibar is private.",
    }]});
    let approved = world.decide(&world.marco, &report, "approve", &cut).await.expect(200);
    assert_eq!(totals(&approved), ["100.00", "20.00", "0.00", "20.00"]);
    assert_eq!(approved["expenses"][0]["repayable"], eur("20.00"));
    assert_eq!(approved["expenses"][1]["repayable"], Value::Null);
    let mail = world.mail(&world.ana, 2).await.remove(1);
    for part in ["text", "html"] {
        let part = mail[part].as_str().unwrap();
        assert!(part.contains("To be repaid") && part.contains("20.00 EUR"), "{part}");
    }
    // A cap of the policy has the same effect.
    let cap =
        json!({"payment_methods": ["company_card"], "period": "expense", "amount": eur("50.00"), "effect": "cap"});
    world.put_policy(&json!({"limits": [cap]})).await;
    let capped = world.draft(&world.ana, &[card("70.00")]).await;
    assert_eq!(totals(&capped), ["70.00", "0.00", "0.00", "20.00"]);
}

#[tokio::test]
async fn refund_lowers_total_within_what_it_refunds() {
    let world = World::new().await;
    let report = world.submit_expenses(&world.ana, &[expense("100.00"), expense("-30.00")]).await.expect(201);
    assert_eq!(totals(&report), ["70.00", "70.00", "0.00", "0.00"]);
    assert_eq!(report["base_total"], eur("100.00"), "bands and limits do not see the refund");
    for (lines, pointer) in [
        (vec![expense("-0.01")], "/expenses/0/amount/amount refund"),
        (vec![expense("100.00"), expense("-100.01")], "/expenses/1/amount/amount refund"),
        (vec![expense("100.00"), expense("-60.00"), expense("-60.00")], "/expenses/2/amount/amount refund"),
        (
            vec![expense("100.00"), with(expense("-1.00"), &json!({"merchant": "Other"}))],
            "/expenses/1/amount/amount refund",
        ),
        (vec![expense("100.00"), card("-1.00")], "/expenses/1/amount/amount refund"),
        (
            vec![expense("100.00"), with(expense("-1.00"), &json!({"tax": eur("0.10")}))],
            "/expenses/1/tax/amount positive",
        ),
        (vec![with(expense("1.00"), &json!({"tax": eur("-0.10")}))], "/expenses/0/tax/amount positive"),
        (vec![expense("0.00")], "/expenses/0/amount/amount positive"),
        (vec![expense("-0")], "/expenses/0/amount/amount positive"),
    ] {
        let refused = world.ana.post(&world.path("reports"), &json!({"title": "x", "expenses": lines})).await;
        assert_eq!(refused.problem(422, "/problems/validation-failed"), [pointer], "{lines:?}");
    }
    let draft = world.draft(&world.ana, &[expense("100.00"), expense("-30.00")]).await;
    let lower = world.ana.patch(&world.line(&draft, 0, ""), &json!({"amount": eur("20.00")})).await;
    assert_eq!(lower.problem(422, "/problems/validation-failed"), ["/amount/amount refund"]);
    // Without what it refunds, the report cannot be submitted.
    let removed = world.ana.delete(&world.line(&draft, 0, "")).await.expect(200);
    assert_eq!(violations(&removed), ["refund block 0.00 30.00"]);
    world.ana.post(&world.report(&draft, "submit"), &json!({})).await.problem(422, "/problems/validation-failed");
}

#[tokio::test]
async fn refund_of_earlier_report_is_bounded_over_all_reports() {
    let world = World::new().await;
    let bought =
        world.submit_expenses(&world.ana, &[with(expense("100.00"), &json!({"date": day(3)}))]).await.expect(201);
    let of = |date: String| json!({"refund_of": {"expense_id": bought["expenses"][0]["id"], "date": date}});
    let refund = |amount: &str| with(with(expense(amount), &of(day(3))), &json!({"merchant": "Refund desk"}));
    let taxi = with(expense("90.00"), &json!({"merchant": "Taxi"}));
    let first = world.submit_expenses(&world.ana, &[taxi.clone(), refund("-60.00")]).await.expect(201);
    assert_eq!(totals(&first), ["30.00", "30.00", "0.00", "0.00"]);
    let more = world.draft(&world.ana, &[taxi.clone(), refund("-60.00")]).await;
    assert_eq!(violations(&more), ["refund block 40.00 60.00"]);
    let refused = world.ana.post(&world.report(&more, "submit"), &json!({})).await;
    assert_eq!(refused.problem(422, "/problems/validation-failed"), ["/expenses/1/amount refund"]);
    let fits = world.ana.patch(&world.line(&more, 1, ""), &json!({"amount": eur("-40.00")})).await.expect(200);
    assert_eq!(violations(&fits), [""; 0]);
    // An expense on another day, or of another member, is not found.
    let other_day = world.draft(&world.ana, &[taxi.clone(), with(refund("-1.00"), &of(day(4)))]).await;
    assert_eq!(violations(&other_day), ["refund block 0.00 1.00"]);
    let of_marco = world.draft(&world.marco, &[taxi, refund("-1.00")]).await;
    assert_eq!(violations(&of_marco), ["refund block 0.00 1.00"]);
    // The refunds of a report are at most its expenses.
    let alone = world.draft(&world.ana, &[refund("-40.00")]).await;
    assert_eq!(violations(&alone), ["refund block 0.00 40.00"]);
    let purchase = with(expense("5.00"), &of(day(3)));
    let refused = world.ana.post(&world.path("reports"), &json!({"title": "x", "expenses": [purchase]})).await;
    assert_eq!(refused.problem(422, "/problems/validation-failed"), ["/expenses/0/refund_of refund"]);
}

#[tokio::test]
async fn refund_makes_no_room_under_thresholds() {
    let world = World::new().await;
    // The step of finance begins at 500.00.
    let report = world.submit_expenses(&world.ana, &[expense("500.00"), expense("-100.00")]).await.expect(201);
    assert_eq!(report["steps"].as_array().unwrap().len(), 2);
    // A refund does not make room under a limit, here or in another report.
    let day_limit = json!({"period": "day", "amount": eur("600.00"), "effect": "block"});
    world.put_policy(&json!({"limits": [day_limit], "auto_approve_below": eur("20.00")})).await;
    let draft = world.draft(&world.ana, &[expense("100.01"), expense("-50.00")]).await;
    let found = violations(&draft);
    assert!(found.iter().any(|found| found.starts_with("day-limit block ")), "{found:?}");
    // Nor under the amount of automatic approval, or an approval limit.
    let lines = [with(expense("21.00"), &json!({"merchant": "A"})), with(expense("-5.00"), &json!({"merchant": "A"}))];
    let report = world.submit_expenses(&world.ana, &lines).await.expect(201);
    assert_eq!(report["status"], "submitted");
    world.change(&world.marco, &json!({"approval_limit": eur("50.00")})).await;
    let lines = [with(expense("51.00"), &json!({"merchant": "B"})), with(expense("-10.00"), &json!({"merchant": "B"}))];
    let report = world.submit_expenses(&world.ana, &lines).await.expect(201);
    assert_ne!(report["steps"][0]["approvers"][0]["name"], "Marco Rossi");
}

#[tokio::test]
async fn refund_has_default_tax_and_conversion_of_its_sign() {
    let world = World::new().await;
    let default_taxes = json!([{"currency": "USD", "rates": ["19"]}]);
    let categories = json!([{"code": "travel", "name": "Travel", "default_taxes": default_taxes}]);
    world.put_policy(&json!({"categories": categories, "limits": []})).await;
    let rates = json!({"rates": {"USD": "0.8333"}});
    world.fiona.put(&world.path(&format!("rates/{}", day(0))), &rates).await.expect(200);
    let usd = |amount: &str| with(expense("1"), &json!({"amount": {"amount": amount, "currency": "USD"}}));
    let report = world.draft(&world.ana, &[usd("10.01"), usd("-10.01")]).await;
    assert_eq!(totals(&report), ["0.00", "0.00", "0.00", "0.00"]);
    let (bought, refunded) = (&report["expenses"][0], &report["expenses"][1]);
    for field in ["/tax/amount", "/converted/amount/amount", "/converted/tax/amount"] {
        let of = |line: &Value| line.pointer(field).unwrap().as_str().unwrap().to_owned();
        assert_eq!(format!("-{}", of(bought)), of(refunded), "{field}");
    }
}

#[tokio::test]
async fn refund_takes_back_what_cap_left() {
    let world = World::new().await;
    let cap = json!({"period": "expense", "amount": eur("60.00"), "effect": "cap"});
    world.put_policy(&json!({"limits": [cap]})).await;
    for (refund, reimbursable) in [("-30.00", "60.00"), ("-50.00", "50.00"), ("-100.00", "0.00")] {
        let draft = world.draft(&world.ana, &[expense("100.00"), expense(refund)]).await;
        assert_eq!(draft["totals"]["reimbursable"], eur(reimbursable), "{refund}");
    }
    let report = world.submit_expenses(&world.ana, &[expense("100.00"), expense("-30.00")]).await.expect(201);
    assert_eq!((version(&report), totals(&report)), (1, ["70.00", "60.00", "10.00", "0.00"]));
}
