//! Cases of comparable products over HTTP, by case number: the same result here, or a documented difference.
//! `tests/cases.md` lists the numbers with their tests.

use serde_json::{Value, json};

use crate::support::{World, day, eur, expense, last_month, version, with};

/// Stores a policy that causes no findings and whose category `travel` has this default tax.
async fn put_policy_with_tax(world: &World, percent: &str) {
    let categories = json!([{"code": "travel", "name": "Travel", "default_tax": percent}]);
    world.put_policy(&json!({"categories": categories, "limits": [], "receipt_required_from": null})).await;
}

/// Total, net and tax of a report.
fn sums(report: &Value) -> [&str; 3] {
    ["total", "net", "tax"].map(|name| report["totals"][name]["amount"].as_str().unwrap())
}

/// Faults of a draft with this expense.
async fn refused(world: &World, line: &Value) -> Vec<String> {
    let body = json!({"title": "Lyon", "expenses": [line]});
    world.ana.post(&world.path("reports"), &body).await.problem(422, "/problems/validation-failed")
}

#[tokio::test]
async fn included_tax_is_rounded_once() {
    let world = World::new().await;
    // In the sources of PC-069, PC-110, PC-111 and PC-134 tax is added on top. Here the amount is what was paid, tax
    // included.
    for (case, percent, amounts, [total, net, tax]) in [
        ("PC-016", "15", vec!["160.00"], ["160.00", "139.13", "20.87"]),
        ("PC-069", "7", vec!["140.00"], ["140.00", "130.84", "9.16"]),
        ("PC-110", "20", vec!["50.40", "69.60"], ["120.00", "100.00", "20.00"]),
        ("PC-111", "5.5", vec!["105.50"], ["105.50", "100.00", "5.50"]),
        ("PC-109", "0", vec!["100", "200"], ["300.00", "300.00", "0.00"]),
    ] {
        put_policy_with_tax(&world, percent).await;
        let lines: Vec<Value> = amounts.iter().map(|amount| expense(amount)).collect();
        let report = world.draft(&world.ana, &lines).await;
        assert_eq!(sums(&report), [total, net, tax], "{case}");
        assert_eq!(report["expense_count"], json!(lines.len()), "{case}");
    }
    // PC-005: an explicit tax is used as given.
    let line = |amount: &str, tax: &str| with(expense(amount), &json!({"tax": eur(tax)}));
    let report = world.draft(&world.ana, &[line("1000.00", "130.43"), line("160.00", "36.92")]).await;
    assert_eq!(sums(&report), ["1160.00", "992.65", "167.35"], "PC-005");
}

#[tokio::test]
async fn foreign_amount_and_tax_are_converted() {
    let world = World::new().await;
    let enter = async |currency: &str, rate: &str| {
        let rates = json!({"rates": {currency: rate}, "source": "ECB"});
        world.fiona.put(&world.path(&format!("rates/{}", day(1))), &rates).await.expect(200);
    };
    for (case, rate, amount, tax, converted) in [
        ("PC-018", "0.5", "1000.00", "0.00", ["500.00", "500.00", "0.00"]),
        ("PC-161", "0.5", "700.00", "91.30", ["350.00", "304.35", "45.65"]),
        ("PC-134", "1.1", "120.00", "20.00", ["132.00", "110.00", "22.00"]),
        // The source converts two taxes of 11.54 separately, which adds up to 3.42.
        ("PC-021", "0.148431", "100.00", "23.08", ["14.84", "11.41", "3.43"]),
    ] {
        enter("USD", rate).await;
        let usd = |amount: &str| json!({"amount": amount, "currency": "USD"});
        for method in ["personal", "company_card"] {
            let line = json!({"amount": usd(amount), "tax": usd(tax), "payment_method": method});
            let report = world.draft(&world.ana, &[with(expense("1.00"), &line)]).await;
            assert_eq!(sums(&report), converted, "{case} {method}");
            assert_eq!(report["expenses"][0]["amount"], usd(amount), "{case}");
        }
    }
    // PC-023: a report with two currencies. PC-024: its total in the base currency is equal.
    enter("USD", "0.3333333333").await;
    let usd = |amount: &str| json!({"amount": amount, "currency": "USD"});
    let one = with(expense("1000.00"), &json!({"tax": eur("130.43")}));
    let other = with(expense("1.00"), &json!({"amount": usd("1500.00"), "tax": usd("195.65")}));
    let report = world.draft(&world.ana, &[one, other]).await;
    assert_eq!(sums(&report), ["1500.00", "1304.35", "195.65"], "PC-023");
    assert_eq!(report["expenses"][1]["converted"]["tax"], eur("65.22"), "PC-023");
    assert_eq!(report["base_total"], eur("1500.00"), "PC-024");
    // PC-116: there is no rate for the day and none before.
    let xcd = json!({"amount": {"amount": "42.00", "currency": "XCD"}});
    assert_eq!(
        refused(&world, &with(expense("1.00"), &xcd)).await,
        ["/expenses/0/amount/currency rate-missing"],
        "PC-116"
    );
    let early = json!({"amount": usd("42.00"), "date": last_month(1)});
    assert_eq!(
        refused(&world, &with(expense("1.00"), &early)).await,
        ["/expenses/0/amount/currency rate-missing"],
        "PC-116"
    );
}

#[tokio::test]
async fn split_keeps_tax_given_per_part() {
    let world = World::new().await;
    let line = with(expense("1000.00"), &json!({"tax": eur("154.51")}));
    let report = world.draft(&world.ana, &[line]).await;
    let parts = [("200.00", "0.00"), ("300.00", "39.13"), ("500.00", "115.38")]
        .map(|(amount, tax)| json!({"amount": eur(amount), "tax": eur(tax)}));
    let split = world.ana.post(&world.line(&report, 0, "split"), &json!({"parts": parts})).await.expect(200);
    let mut split_parts: Vec<_> = split["expenses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| (line["amount"].clone(), line["tax"].clone()))
        .collect();
    split_parts.sort_by_key(|(amount, _)| amount.to_string());
    assert_eq!(split_parts, parts.map(|part| (part["amount"].clone(), part["tax"].clone())), "PC-014");
    assert_eq!(sums(&split), ["1000.00", "845.49", "154.51"], "PC-014");
}

#[tokio::test]
async fn expense_amount_and_date_are_validated() {
    let world = World::new().await;
    let cases = [
        ("PC-092", json!({"amount": eur("9999999999.99")}), None),
        ("PC-094", json!({"amount": eur("7000.899")}), Some("/expenses/0/amount/amount")),
        ("PC-107", json!({"amount": eur("0.00")}), Some("/expenses/0/amount/amount")),
        ("PC-107", json!({"amount": eur("-1.00")}), Some("/expenses/0/amount/amount")),
        ("PC-095", json!({"note": null}), None),
        ("PC-095", json!({"date": null}), Some("/expenses/0/date")),
        ("PC-095", json!({"amount": null}), Some("/expenses/0/amount")),
    ];
    for (case, more, fault) in cases {
        let line = with(expense("1.00"), &more);
        match fault {
            None => {
                world.draft(&world.ana, &[line]).await;
            }
            Some(pointer) => {
                let faults = refused(&world, &line).await;
                assert_eq!(faults.len(), 1, "{case}: {faults:?}");
                assert_eq!(faults[0].split(' ').next(), Some(pointer), "{case}");
            }
        }
    }
    for missing in ["date", "amount"] {
        let mut line = expense("1.00");
        line.as_object_mut().unwrap().remove(missing);
        assert_eq!(refused(&world, &line).await, [format!("/expenses/0/{missing} required")], "PC-095");
    }
    // PC-119: more than 300 expenses are allowed here, none is not. The tests of large reports cover the maximum.
    let empty = world.submit_expenses(&world.ana, &[]).await;
    assert_eq!(empty.problem(422, "/problems/validation-failed"), ["/expenses length"], "PC-035, PC-119");
}

#[tokio::test]
async fn zero_amount_is_rejected_in_every_status() {
    let world = World::new().await;
    // PC-031 and PC-107. PC-032 differs: zero is rejected in a draft, too.
    let report = world.draft(&world.ana, &[expense("1000.00")]).await;
    let path = world.line(&report, 0, "");
    let mut at = report;
    for status in ["draft", "submitted", "approved"] {
        if status == "submitted" {
            world.put_policy(&json!({"steps": [World::policy()["steps"][0]]})).await;
            at = world.ana.post(&world.report(&at, "submit"), &json!({})).await.expect(200);
        } else if status == "approved" {
            at = world.marco.post_at(&world.report(&at, "approve"), version(&at), &json!({})).await.expect(200);
        }
        assert_eq!(at["status"], status);
        let answer = world.ana.patch(&path, &json!({"amount": eur("0.00")})).await;
        assert_eq!(answer.problem(422, "/problems/validation-failed"), ["/amount/amount positive"], "{status}");
        assert_eq!(world.ana.get(&world.report(&at, "")).await.expect(200), at);
    }
    // PC-034. PC-153 and PC-049 differ: only the owner may add an expense, and the report returns to approval.
    world.ana.delete(&world.report(&at, "")).await.problem(409, "/problems/invalid-state");
    for person in [&world.marco, &world.fiona, &world.admin] {
        let line = person.post(&world.report(&at, "expenses"), &expense("1.00")).await;
        line.problem(403, "/problems/forbidden");
    }
    let added = world.ana.post(&world.report(&at, "expenses"), &expense("1.00")).await.expect(200);
    assert_eq!((&added["status"], &added["steps"][0]["decisions"]), (&json!("submitted"), &json!([])), "PC-153");
}

#[tokio::test]
async fn mixed_payment_methods_count_personal_as_reimbursable() {
    let world = World::new().await;
    // PC-036 differs: company payments count towards the total and are not reimbursed.
    let card = with(expense("160.00"), &json!({"payment_method": "company_card"}));
    let report = world.submit_expenses(&world.ana, &[expense("100.00"), card]).await.expect(201);
    assert_eq!((&report["totals"]["total"], &report["totals"]["reimbursable"]), (&eur("260.00"), &eur("100.00")));
    assert_eq!(report["totals"]["not_reimbursed"], eur("0.00"));
}

#[tokio::test]
async fn rejected_report_is_final_and_old_tax_is_kept() {
    let world = World::new().await;
    put_policy_with_tax(&world, "15").await;
    let rejected = world.submit_expenses(&world.ana, &[expense("300.00")]).await.expect(201);
    let path = world.report(&rejected, "reject");
    let answer = world.marco.post_at(&path, 1, &json!({"reason": "Private."})).await.expect(200);
    assert_eq!(answer["status"], "rejected", "PC-067");
    // PC-099 differs: a rejected report cannot be submitted again.
    let again = world.ana.post(&world.report(&rejected, "submit"), &json!({})).await;
    again.problem(409, "/problems/invalid-state");

    // PC-038: the category's default tax at entry is stored with the expense.
    let old = world.submit_expenses(&world.ana, &[expense("100.00")]).await.expect(201);
    put_policy_with_tax(&world, "20").await;
    let new = world.draft(&world.ana, &[expense("100.00")]).await;
    let old = world.ana.get(&world.report(&old, "")).await.expect(200);
    assert_eq!((sums(&old)[2], sums(&new)[2]), ("13.04", "16.67"), "PC-038");
}
