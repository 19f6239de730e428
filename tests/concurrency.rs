//! Concurrent actions on the same version of a report: exactly one succeeds.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::{Person, World, eur, expense, send, version};

/// Actions on a submitted report.
const ACTIONS: [&str; 9] =
    ["recall", "approve", "return", "reject", "reassign", "comment", "edit amount", "edit note", "add line"];

/// Builds the request for an action, sent by a permitted member, with the version that both have seen.
fn request(world: &World, report: &Value, action: &str) -> RequestBuilder {
    let (who, method, path, body) = match action {
        "recall" => (&world.ana, Method::POST, world.report(report, "recall"), json!({})),
        "approve" => (&world.marco, Method::POST, world.report(report, "approve"), json!({})),
        "return" | "reject" => (&world.marco, Method::POST, world.report(report, action), json!({"reason": "Hm."})),
        "reassign" => {
            let body = json!({"from": world.marco.id, "to": world.fiona.id, "reason": "Away."});
            (&world.admin, Method::POST, world.report(report, "reassign"), body)
        }
        "comment" => (&world.marco, Method::POST, world.report(report, "comments"), json!({"text": "Hm."})),
        "edit amount" => (&world.ana, Method::PATCH, world.line(report, 0, ""), json!({"amount": eur("11.00")})),
        "edit note" => (&world.ana, Method::PATCH, world.line(report, 1, ""), json!({"note": "Taxi."})),
        _ => (&world.ana, Method::POST, world.report(report, "expenses"), expense("3.00")),
    };
    who.once(method, &path).header("If-Match", format!("\"{}\"", version(report))).json(&body)
}

fn cents(money: &Value) -> i64 {
    money["amount"].as_str().unwrap().replace('.', "").parse().unwrap()
}

/// Sends both requests concurrently and checks that one is applied completely and the other not at all.
async fn race(world: &World, one: &str, other: &str) {
    let report = world.submit_expenses(&world.ana, &[expense("10.00"), expense("5.00")]).await.expect(201);
    let (first, second) = (request(world, &report, one), request(world, &report, other));
    let (first, second) = tokio::join!(send(first), send(second));
    let pair = format!("{one} ({}) and {other} ({}): {} {}", first.status, second.status, first.text, second.text);
    let (won, lost) = if first.status == 200 { (first, second) } else { (second, first) };
    assert_eq!(won.status, 200, "{pair}");
    assert!(matches!(lost.status, 403 | 404 | 409 | 412), "{pair}");

    let after = world.ana.get(&world.report(&report, "")).await.expect(200);
    assert_eq!(after, won.json(), "{pair}");
    assert_eq!(version(&after), version(&report) + 1, "{pair}");
    let sum: i64 = after["expenses"].as_array().unwrap().iter().map(|line| cents(&line["amount"])).sum();
    assert_eq!(cents(&after["totals"]["total"]), sum, "{pair}");
    let history = world.ana.get(&world.report(&report, "history")).await.expect(200);
    assert_eq!(history["chain"], json!({"verified": true, "broken_at": null}), "{pair}");
    // A claim edit records two events: the change and the resubmission.
    let count = history["items"].as_array().unwrap().len();
    let resubmitted = history["items"][count - 1]["type"] == "report.submitted";
    assert_eq!(count, if resubmitted { 4 } else { 3 }, "{pair}: {history}");
}

#[tokio::test]
async fn concurrent_actions_on_same_version_have_one_winner() {
    let world = World::new().await;
    // The first write of a member binds their identity, which is a race of its own.
    for person in [&world.ana, &world.marco, &world.fiona] {
        world.draft(person, &[]).await;
    }
    let pairs: Vec<(&str, &str)> =
        ACTIONS.iter().enumerate().flat_map(|(at, one)| ACTIONS[at..].iter().map(|other| (*one, *other))).collect();
    assert_eq!(pairs.len(), 45);
    for some in pairs.chunks(5) {
        let tasks: Vec<_> = some
            .iter()
            .map(|(one, other)| {
                let (world, one, other) = (world.clone(), *one, *other);
                tokio::spawn(async move { race(&world, one, other).await })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    }
}

/// The caller's membership is checked again in the transaction, not only when it is read.
#[tokio::test]
async fn concurrent_mutual_suspension_leaves_one_admin() {
    let world = World::new().await;
    let bea = world.add_member("Bea", &json!({"role": "admin"})).await;
    // The first write of a member binds their identity, which is a race of its own.
    world.draft(&bea, &[]).await;
    let path = |person: &Person| world.path(&format!("members/{}", person.id));
    for round in 0..20 {
        let suspend = |by: &Person, other: &Person| {
            let request = by.request(Method::PATCH, &path(other)).json(&json!({"suspended": true}));
            async move { send(request).await.status }
        };
        let pair = tokio::join!(suspend(&world.admin, &bea), suspend(&bea, &world.admin));
        let (left, out) = match pair {
            (200, 404) => (&world.admin, &bea),
            (404, 200) => (&bea, &world.admin),
            none => panic!("round {round}: {none:?}"),
        };
        out.get(&world.path("members/me")).await.problem(404, "/problems/not-found");
        left.patch(&path(out), &json!({"suspended": false})).await.expect(200);
    }
}
