//! Automatic approval over HTTP: its monthly sum, and that nothing a person refused is approved without a person.

use serde_json::{Value, json};

use crate::support::{World, eur, expense, with};

/// Everything below 20.00 EUR is approved automatically.
async fn world(monthly: Option<&str>) -> World {
    let world = World::new().await;
    world.put_policy(&json!({"auto_approve_below": eur("20.00"), "auto_approve_monthly": monthly.map(eur)})).await;
    world
}

fn at(merchant: &str, amount: &str) -> Value {
    with(expense(amount), &json!({"merchant": merchant}))
}

async fn status(world: &World, line: Value) -> Value {
    world.submit_expenses(&world.ana, &[line]).await.expect(201)["status"].clone()
}

#[tokio::test]
async fn automatic_approvals_end_at_monthly_sum() {
    for (monthly, expected) in [(None, 10), (Some("60.00"), 3), (Some("10.00"), 0)] {
        let world = world(monthly).await;
        let mut approved = 0;
        for number in 0..12 {
            let status = status(&world, at(&format!("Shop {number}"), "19.99")).await;
            approved += usize::from(status == "approved");
        }
        assert_eq!(approved, expected, "{monthly:?}");
        // The sum is the owner's.
        let other = world.submit_expenses(&world.marco, &[expense("9.00")]).await.expect(201);
        assert_eq!(other["status"], "approved", "{monthly:?}");
    }
}

#[tokio::test]
async fn concurrent_submissions_stay_within_monthly_sum() {
    let world = world(Some("30.00")).await;
    let one = |number: usize| {
        let world = world.clone();
        async move { status(&world, at(&format!("Shop {number}"), "10.00")).await }
    };
    let found = futures_util::future::join_all((0..6).map(one)).await;
    assert_eq!(found.iter().filter(|status| **status == "approved").count(), 3, "{found:?}");
}

/// A refusal of a report of 25.00 EUR: the action, by finance after the approval or by the manager.
const REFUSALS: [&str; 4] = ["return", "reject", "lower", "return by finance"];

async fn refuse(world: &World, kind: &str) -> Value {
    let lines = [at("Bistro", "15.00"), at("Taxi", "10.00")];
    let report = world.submit_expenses(&world.ana, &lines).await.expect(201);
    assert_eq!(report["status"], "submitted");
    let no = json!({"reason": "No."});
    let answer = match kind {
        "return" | "reject" => world.decide(&world.marco, &report, kind, &no).await,
        "lower" => {
            let line = &report["expenses"][0]["id"];
            let line = json!({"expense_id": line, "approved_amount": eur("5.00"), "reason": "Too much."});
            world.decide(&world.marco, &report, "approve", &json!({"expenses": [line]})).await
        }
        _ => {
            let approved = world.approve(&world.marco, &report).await.expect(200);
            world.decide(&world.fiona, &approved, "return", &no).await
        }
    };
    answer.expect(200)
}

#[tokio::test]
async fn refused_expense_is_never_approved_automatically() {
    for kind in REFUSALS {
        let world = world(None).await;
        assert_eq!(status(&world, at("Bakery", "3.00")).await, "approved");
        let refused = refuse(&world, kind).await;
        // The same again, and with another merchant, amount and day.
        for line in [at("Bistro", "15.00"), at("B\u{131}stro", "15.01"), at("Elsewhere", "14.20")] {
            assert_eq!(status(&world, line.clone()).await, "submitted", "{kind}: {line}");
        }
        let another_day = with(at("Bistrot", "15.00"), &json!({"date": crate::support::day(3)}));
        assert_eq!(status(&world, another_day).await, "submitted", "{kind}");
        // A clone with less in it.
        let clone = world.ana.post(&world.report(&refused, "clone"), &json!({})).await.expect(201);
        world.ana.delete(&world.line(&clone, 1, "")).await.expect(200);
        let clone = world.ana.post(&world.report(&clone, "submit"), &json!({})).await.expect(200);
        assert_eq!(clone["status"], "submitted", "{kind}");
        // The report itself without the neighbour.
        if kind != "reject" {
            let edited = world.ana.delete(&world.line(&refused, 1, "")).await.expect(200);
            let again = if edited["status"] == "returned" {
                world.ana.post(&world.report(&edited, "submit"), &json!({})).await.expect(200)
            } else {
                edited
            };
            assert_eq!(again["status"], "submitted", "{kind}");
        }
        // A refusal concerns its owner only.
        assert_eq!(world.submit_expenses(&world.marco, &[expense("9.00")]).await.expect(201)["status"], "approved");
    }
}

#[tokio::test]
async fn monthly_sum_needs_automatic_approval_in_base_currency() {
    let world = World::new().await;
    let usd = json!({"amount": "10.00", "currency": "USD"});
    for (more, pointer) in [
        (json!({"auto_approve_monthly": eur("10.00")}), "/auto_approve_monthly"),
        (json!({"auto_approve_monthly": usd, "auto_approve_below": eur("5.00")}), "/auto_approve_monthly/currency"),
    ] {
        let refused = world.admin.put(&world.path("policy"), &with(World::policy(), &more)).await;
        let errors = refused.problem(422, "/problems/validation-failed");
        assert!(errors.iter().any(|error| error.starts_with(&format!("{pointer} "))), "{}", refused.text);
    }
}
