//! Bills that are split over several reports: their approval goes by the total of all parts.

use serde_json::{Value, json};

use crate::support::{World, approver_names, eur, expense, with};

fn at(merchant: &str, amount: &str) -> Value {
    with(expense(amount), &json!({"merchant": merchant}))
}

fn step_names(report: &Value) -> Vec<&str> {
    report["steps"].as_array().unwrap().iter().map(|step| step["name"].as_str().unwrap()).collect()
}

fn splits(report: &Value) -> Vec<Value> {
    let found = report["violations"].as_array().unwrap().iter().filter(|found| found["rule"] == "splitting");
    found.map(|found| found["parameters"].clone()).collect()
}

async fn splitting() -> World {
    let world = World::new().await;
    world.put_policy(&json!({"splitting": true})).await;
    world
}

#[tokio::test]
async fn parts_in_two_reports_take_the_route_of_their_total() {
    let world = splitting().await;
    for merchant in ["Hotel Central", "ＨＯＴＥＬ central"] {
        let first = world.submit_expenses(&world.ana, &[at("Hotel Central", "480.00")]).await.expect(201);
        assert_eq!((step_names(&first), splits(&first)), (vec!["Manager"], vec![]), "{merchant}");
        let second = world.submit_expenses(&world.ana, &[at(merchant, "479.99")]).await.expect(201);
        assert_eq!(step_names(&second), ["Manager", "Finance"], "{merchant}");
        let [found] = splits(&second).try_into().unwrap();
        assert_eq!((&found["total_with_parts"], &found["claimed_in"]), (&eur("959.99"), &json!([first["number"]])));
        // The first one is routed anew, with a finding about the second.
        let path = world.report(&first, "");
        let rerouted = world.ana.get(&path).await.expect(200);
        assert_eq!((step_names(&rerouted), &rerouted["status"]), (vec!["Manager", "Finance"], &json!("submitted")));
        let [found] = splits(&rerouted).try_into().unwrap();
        assert_eq!((&found["total_with_parts"], &found["claimed_in"]), (&eur("959.99"), &json!([second["number"]])));
        // Who has seen the version without the finding has to look again.
        world.approve(&world.marco, &first).await.problem(412, "/problems/stale-version");
        for report in [&rerouted, &second] {
            let step = world.approve(&world.marco, report).await.expect(200);
            assert_eq!(step["status"], "submitted");
            world.decide(&world.fiona, &step, "reject", &json!({"reason": "One bill."})).await.expect(200);
        }
    }
}

#[tokio::test]
async fn approval_limit_compares_the_total_of_all_parts() {
    let world = splitting().await;
    world.change(&world.marco, &json!({"approval_limit": eur("100.00")})).await;
    let first = world.submit_expenses(&world.ana, &[at("Hotel", "60.00")]).await.expect(201);
    assert_eq!(approver_names(&first), [["Marco Rossi"]]);
    let second = world.submit_expenses(&world.ana, &[at("Hotel", "60.01")]).await.expect(201);
    assert_eq!((approver_names(&second), splits(&second).len()), (vec![vec!["Ada Admin".to_owned()]], 1));
    let rerouted = world.ana.get(&world.report(&first, "")).await.expect(200);
    assert_eq!((approver_names(&rerouted), splits(&rerouted).len()), (vec![vec!["Ada Admin".to_owned()]], 1));
    world.approve(&world.marco, &rerouted).await.problem(404, "/problems/not-found");
}

#[tokio::test]
async fn parts_that_change_no_approval_are_no_finding() {
    let world = splitting().await;
    world.submit_expenses(&world.ana, &[at("Canteen", "8.00")]).await.expect(201);
    let again = world.submit_expenses(&world.ana, &[at("Canteen", "9.00")]).await.expect(201);
    assert_eq!((step_names(&again), splits(&again)), (vec!["Manager"], vec![]));
    // Another merchant or day is another bill.
    let other_day = with(at("Hotel", "300.00"), &json!({"date": crate::support::day(2)}));
    for line in [at("Hotel", "300.00"), at("Hostel", "300.00"), other_day] {
        let report = world.submit_expenses(&world.ana, &[line]).await.expect(201);
        assert_eq!((step_names(&report), splits(&report)), (vec!["Manager"], vec![]));
    }
}

#[tokio::test]
async fn raised_amount_counts_with_parts_elsewhere() {
    let world = splitting().await;
    let first = world.submit_expenses(&world.ana, &[at("Hotel", "300.00")]).await.expect(201);
    let second = world.submit_expenses(&world.ana, &[at("Hotel", "100.00")]).await.expect(201);
    let second = world.ana.patch(&world.line(&second, 0, ""), &json!({"amount": eur("250.00")})).await.expect(200);
    assert_eq!((step_names(&second), splits(&second).len()), (vec!["Manager", "Finance"], 1));
    let first = world.ana.get(&world.report(&first, "")).await.expect(200);
    assert_eq!((step_names(&first), splits(&first).len()), (vec!["Manager", "Finance"], 1));
}
