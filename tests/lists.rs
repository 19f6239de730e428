//! Lists: paged by opaque cursors, walkable to the end, only what the caller may see.

use serde_json::{Value, json};

use crate::support::{Person, World, expense};

async fn walk(person: &Person, path: &str, limit: usize) -> Vec<Value> {
    let mut items = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = person
            .get(&format!("{path}{}limit={limit}{cursor}", if path.contains('?') { '&' } else { '?' }))
            .await
            .expect(200);
        let found = page["items"].as_array().unwrap();
        assert!(found.len() <= limit);
        items.extend(found.iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return items,
        }
    }
}

#[tokio::test]
async fn my_reports_newest_first_page_by_page() {
    let world = World::new().await;
    let mut made = Vec::new();
    for number in 0..7 {
        let body =
            json!({"title": format!("Trip {number}"), "expenses": [expense("10.00")], "submit": number % 2 == 0});
        made.push(world.ana.post(&world.path("reports"), &body).await.expect(201)["id"].clone());
    }
    made.reverse();
    let ids = |items: &[Value]| items.iter().map(|item| item["id"].clone()).collect::<Vec<_>>();
    for limit in [1, 3, 7, 100] {
        assert_eq!(ids(&walk(&world.ana, &world.path("reports"), limit).await), made);
    }
    let drafts = walk(&world.ana, &world.path("reports?status=draft"), 2).await;
    assert_eq!(drafts.len(), 3);
    assert!(drafts.iter().all(|report| report["status"] == "draft" && report.get("expenses").is_none()));
    assert_eq!(walk(&world.marco, &world.path("reports"), 5).await, Vec::<Value>::new());

    // Finance sees them by owner, and by status.
    assert_eq!(ids(&walk(&world.fiona, &world.path(&format!("reports?owner={}", world.ana.id)), 3).await), made);
    assert_eq!(walk(&world.fiona, &world.path("reports?scope=all&status=submitted"), 3).await.len(), 4);
    assert_eq!(ids(&walk(&world.fiona, &world.path("reports?scope=all"), 3).await), made);
    for query in [format!("owner={}", world.fiona.id), "scope=all".to_owned()] {
        world.ana.get(&world.path(&format!("reports?{query}"))).await.problem(403, "/problems/forbidden");
    }
}

#[tokio::test]
async fn a_cursor_belongs_to_its_list() {
    let world = World::new().await;
    for _ in 0..2 {
        world.submitted("10.00").await;
        world.fiona.post(&world.path("reports"), &json!({"title": "Mine"})).await.expect(201);
    }
    let page = world.ana.get(&world.path("reports?limit=1")).await.expect(200);
    let cursor = page["next_cursor"].as_str().unwrap();
    let with = |cursor: &str| world.path(&format!("reports?limit=1&cursor={cursor}"));
    world.ana.get(&with(cursor)).await.expect(200);
    world.fiona.get(&with(cursor)).await.problem(400, "/problems/cursor-invalid");
    world
        .ana
        .get(&world.path(&format!("reports?status=draft&cursor={cursor}")))
        .await
        .problem(400, "/problems/cursor-invalid");
    for bad in ["x", "eyJQSyI6IngifQ", &"A".repeat(5000)] {
        world.ana.get(&with(bad)).await.problem(400, "/problems/cursor-invalid");
    }
}

#[tokio::test]
async fn approvals_come_by_due_date() {
    let world = World::new().await;
    for _ in 0..3 {
        world.submitted("10.00").await;
    }
    let tasks = walk(&world.marco, &world.path("approvals"), 2).await;
    assert_eq!(tasks.len(), 3);
    assert!(tasks.windows(2).all(|pair| pair[0]["due_on"].as_str() <= pair[1]["due_on"].as_str()));
    assert_eq!(tasks[0]["owner"]["name"], "Ana Silva");
}

#[tokio::test]
async fn history_and_members_are_paged_too() {
    let world = World::new().await;
    let report = world.submitted("10.00").await;
    let events = walk(&world.ana, &world.report(&report, "history"), 1).await;
    assert_eq!(events.iter().map(|event| event["seq"].clone()).collect::<Vec<_>>(), [json!(1), json!(2)]);
    assert_eq!(walk(&world.admin, &world.path("members"), 3).await.len(), 4);
}
