//! Effects of policy rules: note, warn and block, by category, and the way of a justification.

use serde_json::{Value, json};

use crate::support::files::{attach, declaration, ticket, without_reference};
use crate::support::{World, day, eur, expense, with};

/// Violations as `rule effect severity`.
fn effects(report: &Value) -> Vec<String> {
    let text = |found: &Value, name: &str| found[name].as_str().unwrap().to_owned();
    let found = report["violations"].as_array().unwrap().iter();
    found.map(|it| format!("{} {} {}", text(it, "rule"), text(it, "effect"), text(it, "severity"))).collect()
}

async fn submit(world: &World, line: &Value) -> Result<Vec<String>, Vec<String>> {
    let answer = world.submit_expenses(&world.ana, std::slice::from_ref(line)).await;
    if answer.status == 201 {
        return Ok(effects(&answer.expect(201)));
    }
    Err(answer.problem(422, "/problems/validation-failed"))
}

/// A rule's name, the policy with its effect, and a line that it finds, without a justification.
fn cases(terms: &Value) -> Vec<(&'static str, Value, Value, &'static str)> {
    let old = with(expense("5.00"), &json!({"date": day(12), "category": "meals"}));
    let amount = with(eur("20.00"), terms);
    let plain = json!({"receipt_required_from": null, "limits": []});
    let policy = |more: Value| with(plain.clone(), &more);
    vec![
        (
            "receipt-required",
            policy(json!({"receipt_required_from": amount})),
            with(without_reference("20.00"), &json!({"category": "meals"})),
            "receipt_reference",
        ),
        ("maximum-age", policy(json!({"maximum_age_days": with(json!({"days": 10}), terms)})), old, "date"),
    ]
}

#[tokio::test]
async fn rule_has_the_effect_of_the_policy_for_its_category() {
    let world = World::new().await;
    for (terms, accepted, justified) in [
        (json!({}), "note", true),
        (json!({"effect": "note"}), "note", true),
        (json!({"effect": "warn"}), "warn", true),
        (json!({"effect": "block"}), "block", false),
        (json!({"effect": "block", "unless_justified": true}), "block", true),
        (json!({"effect": "block", "categories": ["meals"]}), "block", false),
    ] {
        for (rule, policy, line, field) in cases(&terms) {
            world.put_policy(&policy).await;
            let refused = if accepted == "note" {
                None
            } else if justified {
                Some(format!("/expenses/0/justification {rule}"))
            } else {
                Some(format!("/expenses/0/{field} {rule}"))
            };
            let noted = Ok(vec![format!("{rule} {accepted} warn")]);
            let bare = submit(&world, &line).await;
            assert_eq!(bare, refused.clone().map_or_else(|| noted.clone(), |error| Err(vec![error])), "{terms} {rule}");
            let with_words = submit(&world, &with(line.clone(), &json!({"justification": "Lost."}))).await;
            let expected = match refused {
                Some(error) if !justified => Err(vec![error]),
                _ => noted,
            };
            assert_eq!(with_words, expected, "{terms} {rule}");
            if terms["categories"].is_array() {
                let other = with(line.clone(), &json!({"category": "travel"}));
                assert_eq!(submit(&world, &other).await, Ok(vec![]), "{rule}");
            }
        }
    }
}

#[tokio::test]
async fn rule_that_names_a_category_counts_before_one_for_all() {
    let world = World::new().await;
    let rules = json!([
        with(eur("10.00"), &json!({"effect": "block"})),
        with(eur("50.00"), &json!({"categories": ["meals"], "effect": "note"})),
    ]);
    world.put_policy(&json!({"receipt_required_from": rules, "limits": []})).await;
    let line = |amount: &str, category: &str| with(without_reference(amount), &json!({"category": category}));
    assert_eq!(submit(&world, &line("49.00", "meals")).await, Ok(vec![]));
    assert_eq!(submit(&world, &line("50.00", "meals")).await, Ok(vec!["receipt-required note warn".to_owned()]));
    let refused = Err(vec!["/expenses/0/receipt_reference receipt-required".to_owned()]);
    assert_eq!(submit(&world, &line("49.00", "travel")).await, refused);
    // What was read can be sent back.
    let read = world.admin.get(&world.path("policy")).await.expect(200);
    assert_eq!(read["receipt_required_from"], rules);
    world.admin.put(&world.path("policy"), &read).await.expect(200);
}

#[tokio::test]
async fn duplicates_and_receipts_take_an_effect() {
    let world = World::new().await;
    for (rule, refused) in [
        (json!("note"), None),
        (json!({"effect": "warn"}), Some("/expenses/0/justification duplicate")),
        (json!({"effect": "block", "unless_justified": true}), Some("/expenses/0/justification duplicate")),
        (json!([{"effect": "block", "categories": ["travel"]}]), Some("/expenses/0/amount duplicate")),
        (json!([{"effect": "block", "categories": ["meals"]}]), None),
    ] {
        world.put_policy(&json!({"duplicates": rule})).await;
        let lines = [expense("9.00"), expense("9.00")];
        let answer = world.submit_expenses(&world.marco, &lines).await;
        match refused {
            Some(error) => assert_eq!(answer.problem(422, "/problems/validation-failed"), [error], "{rule}"),
            None => assert_eq!(answer.status, 201, "{rule}: {}", answer.text),
        }
    }
    let bytes = ticket(&world.org);
    let declared = declaration("a.png", "image/png", &bytes);
    let line = with(without_reference("9.00"), &json!({"merchant": "Kiosk"}));
    let (first, second) =
        (world.draft(&world.ana, std::slice::from_ref(&line)).await, world.draft(&world.ana, &[line]).await);
    for report in [&first, &second] {
        attach(&world, report, 0, &declared, &bytes).await;
    }
    for (rule, error) in [("block", "receipts"), ("warn", "justification")] {
        world.put_policy(&json!({"duplicate_receipts": rule})).await;
        let refused = world.ana.post(&world.report(&second, "submit"), &json!({})).await;
        let error = format!("/expenses/0/{error} duplicate-receipt");
        assert_eq!(refused.problem(422, "/problems/validation-failed"), [error]);
    }
}

#[tokio::test]
async fn weekend_is_as_the_policy_says() {
    let world = World::new().await;
    let weekday = |date: &str| {
        let date: jiff::civil::Date = date.parse().unwrap();
        format!("{:?}", date.weekday()).to_lowercase()
    };
    let days: Vec<String> = (1..8).map(day).collect();
    for weekend in [json!(["friday", "saturday"]), json!(["friday"]), json!([]), Value::Null] {
        let rule = json!({"effect": "note", "weekend": weekend});
        world.put_policy(&json!({"non_working_days": rule})).await;
        for date in &days {
            let expected = weekend.as_array().map_or_else(
                || ["saturday", "sunday"].contains(&weekday(date).as_str()),
                |weekend| weekend.contains(&json!(weekday(date))),
            );
            let found = submit(&world, &with(expense("5.00"), &json!({"date": date}))).await.unwrap();
            assert_eq!(found == ["non-working-day note warn"], expected, "{weekend} {date}");
        }
    }
}

#[tokio::test]
async fn cap_is_told_apart_by_effect_and_says_why() {
    let world = World::new().await;
    let limits = json!([{"period": "expense", "amount": eur("60.00"), "effect": "cap"}]);
    world.put_policy(&json!({"limits": limits})).await;
    let capped = world.submit_expenses(&world.ana, &[expense("80.00")]).await.expect(201);
    assert_eq!(effects(&capped), ["expense-limit cap warn"]);
    let line = &capped["expenses"][0];
    assert_eq!((&line["approved_amount"], &line["reduced_by"]), (&eur("60.00"), &json!("cap")));
    assert!(line["approved_reason"].as_str().unwrap().contains("60.00 EUR"), "{line}");
    let lower = json!({"expense_id": line["id"], "approved_amount": eur("50.00"), "reason": "Shared."});
    let approved = world.decide(&world.marco, &capped, "approve", &json!({"expenses": [lower]})).await.expect(200);
    let line = &approved["expenses"][0];
    assert_eq!((&line["reduced_by"], &line["approved_reason"]), (&json!("approver"), &json!("Shared.")));
    let whole = world.submit_expenses(&world.ana, &[expense("10.00")]).await.expect(201);
    let line = &whole["expenses"][0];
    assert_eq!((&line["reduced_by"], &line["approved_reason"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn rules_that_say_nothing_are_refused() {
    let world = World::new().await;
    for (more, error) in [
        (json!({"receipt_required_from": 25}), "/receipt_required_from type"),
        (json!({"receipt_required_from": {"amount": "25.00"}}), "/receipt_required_from/currency required"),
        (
            json!({"receipt_required_from": with(eur("1.00"), &json!({"limit": 1}))}),
            "/receipt_required_from/limit unknown-field",
        ),
        (json!({"maximum_age_days": "ten"}), "/maximum_age_days type"),
        (json!({"maximum_age_days": -1}), "/maximum_age_days type"),
        (json!({"maximum_age_days": [{"days": 5, "effect": "cap"}]}), "/maximum_age_days/0/effect type"),
        (json!({"maximum_age_days": {"days": 5, "categories": ["none"]}}), "/maximum_age_days/categories/0 unknown"),
        (json!({"duplicates": "maybe"}), "/duplicates type"),
        (
            json!({"duplicates": {"effect": "warn", "unless_justified": true}}),
            "/duplicates/unless_justified block-only",
        ),
        (
            json!({"non_working_days": {"effect": "warn", "weekend": ["friday", "friday"]}}),
            "/non_working_days/weekend length",
        ),
    ] {
        let answer = world.admin.put(&world.path("policy"), &with(World::policy(), &more)).await;
        assert_eq!(answer.problem(422, "/problems/validation-failed"), [error], "{more}");
    }
}
