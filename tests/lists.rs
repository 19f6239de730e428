//! Lists: opaque cursors, complete pagination, and visibility per caller.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::{Person, World, day, expense, today, version, with};

async fn fetch_all(person: &Person, path: &str, limit: usize) -> Vec<Value> {
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
async fn own_reports_are_paged_newest_first() {
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
        assert_eq!(ids(&fetch_all(&world.ana, &world.path("reports"), limit).await), made);
    }
    let drafts = fetch_all(&world.ana, &world.path("reports?status=draft"), 2).await;
    assert_eq!(drafts.len(), 3);
    assert!(drafts.iter().all(|report| report["status"] == "draft" && report.get("expenses").is_none()));
    assert_eq!(fetch_all(&world.marco, &world.path("reports"), 5).await, Vec::<Value>::new());

    // Finance can filter by owner and by status.
    assert_eq!(ids(&fetch_all(&world.fiona, &world.path(&format!("reports?owner={}", world.ana.id)), 3).await), made);
    assert_eq!(fetch_all(&world.fiona, &world.path("reports?scope=all&status=submitted"), 3).await.len(), 4);
    assert_eq!(ids(&fetch_all(&world.fiona, &world.path("reports?scope=all"), 3).await), made);
    for query in [format!("owner={}", world.fiona.id), "scope=all".to_owned()] {
        world.ana.get(&world.path(&format!("reports?{query}"))).await.problem(403, "/problems/forbidden");
    }
}

#[tokio::test]
async fn cursor_is_bound_to_its_list() {
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
async fn approvals_are_sorted_by_due_date() {
    let world = World::new().await;
    for _ in 0..3 {
        world.submitted("10.00").await;
    }
    let tasks = fetch_all(&world.marco, &world.path("approvals"), 2).await;
    assert_eq!(tasks.len(), 3);
    assert!(tasks.windows(2).all(|pair| pair[0]["due_on"].as_str() <= pair[1]["due_on"].as_str()));
    assert_eq!(tasks[0]["owner"]["name"], "Ana Silva");
}

#[tokio::test]
async fn history_and_members_are_paged() {
    let world = World::new().await;
    let report = world.submitted("10.00").await;
    let events = fetch_all(&world.ana, &world.report(&report, "history"), 1).await;
    assert_eq!(events.iter().map(|event| event["seq"].clone()).collect::<Vec<_>>(), [json!(1), json!(2)]);
    assert_eq!(fetch_all(&world.admin, &world.path("members"), 3).await.len(), 4);
}

fn ids(items: &[Value]) -> Vec<String> {
    items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

fn cents(report: &Value) -> i64 {
    report["base_total"]["amount"].as_str().unwrap().replace('.', "").parse().unwrap()
}

/// Reports of several owners, statuses, cost centres and totals in their final state, each with its cost centres.
async fn sample_reports(world: &World) -> Vec<(Value, Vec<&'static str>)> {
    let on = |amount: &str, code: &str| with(expense(amount), &json!({"cost_centre": code}));
    let post = async |who: &Person, more: &Value| {
        who.post(&world.path("reports"), &with(json!({"title": "Lyon", "submit": true}), more)).await.expect(201)
    };
    let draft = json!({"expenses": [on("10.00", "CC1")], "submit": false});
    let both = json!({"expenses": [on("15.00", "CC1"), on("5.00", "CC2")]});
    let of_head = json!({"expenses": [expense("30.00")], "cost_centre": "CC2"});
    let none = json!({"expenses": [expense("20.00")]});
    let mut reports = vec![
        (post(&world.ana, &draft).await, vec!["CC1"]),
        (post(&world.ana, &both).await, vec!["CC1", "CC2"]),
        (post(&world.marco, &of_head).await, vec!["CC2"]),
        (post(&world.ana, &of_head).await, vec!["CC2"]),
        (post(&world.ana, &none).await, vec![]),
        (post(&world.fiona, &both).await, vec!["CC1", "CC2"]),
        (post(&world.ana, &json!({"expenses": [on("600.00", "CC1")]})).await, vec!["CC1"]),
    ];
    for (at, action) in [(3, "approve"), (4, "return"), (6, "reject")] {
        let path = world.report(&reports[at].0, action);
        let body = if action == "approve" { json!({}) } else { json!({"reason": "Which client?"}) };
        reports[at].0 = world.marco.post_at(&path, 1, &body).await.expect(200);
    }
    reports
}

/// A filter as query text, and the predicate it stands for.
type Filter<'a> = (String, Box<dyn Fn(&Value, &[&str]) -> bool + 'a>);

#[tokio::test]
async fn filters_apply_alone_and_combined() {
    let world = World::new().await;
    let reports = sample_reports(&world).await;
    let since = reports[3].0["updated_at"].as_str().unwrap();
    let filters: [Filter<'_>; 7] = [
        ("status=submitted".to_owned(), Box::new(|report, _| report["status"] == "submitted")),
        (format!("owner={}", world.ana.id), Box::new(|report, _| report["owner"]["id"] == json!(world.ana.id))),
        ("cost_centre=CC1".to_owned(), Box::new(|_, codes| codes.contains(&"CC1"))),
        (format!("from={}&to={}", today(), today()), Box::new(|_, _| true)),
        ("min_total=20.00".to_owned(), Box::new(|report, _| cents(report) >= 2000)),
        ("max_total=30.00".to_owned(), Box::new(|report, _| cents(report) <= 3000)),
        (format!("updated_since={since}"), Box::new(|report, _| report["updated_at"].as_str().unwrap() >= since)),
    ];
    for chosen in 0..1_u32 << filters.len() {
        let some: Vec<_> = filters.iter().enumerate().filter(|(at, _)| chosen & (1 << at) != 0).collect();
        let query: Vec<&str> = some.iter().map(|(_, (text, _))| text.as_str()).collect();
        let query = query.join("&");
        let passes = |(report, codes): &&(Value, Vec<&str>)| some.iter().all(|(_, (_, test))| test(report, codes));
        let mut expected: Vec<&Value> = reports.iter().filter(passes).map(|(report, _)| report).collect();
        let id = |report: &Value| report["id"].as_str().unwrap().to_owned();
        if query.contains("owner=") {
            expected.sort_by_key(|report| std::cmp::Reverse(id(report)));
        } else if query.contains("updated_since") {
            expected.sort_by_key(|report| (report["updated_at"].as_str().unwrap().to_owned(), id(report)));
        } else if query.contains("_total") {
            expected.sort_by_key(|report| (cents(report), id(report)));
        } else {
            expected.sort_by_key(|report| std::cmp::Reverse(id(report)));
        }
        let expected: Vec<String> = expected.into_iter().map(id).collect();
        let limit = 1 + usize::try_from(chosen).unwrap() % 3;
        let found = fetch_all(&world.fiona, &world.path(&format!("reports?scope=all&{query}")), limit).await;
        assert_eq!(ids(&found), expected, "{query}");
    }
}

#[tokio::test]
async fn filter_values_are_distinguished() {
    let world = World::new().await;
    let reports = sample_reports(&world).await;
    let count =
        async |query: &str| fetch_all(&world.fiona, &world.path(&format!("reports?scope=all&{query}")), 3).await.len();
    for (status, expected) in [("draft", 1), ("submitted", 3), ("approved", 1), ("returned", 1), ("rejected", 1)] {
        assert_eq!(count(&format!("status={status}")).await, expected, "{status}");
    }
    assert_eq!((count("cost_centre=CC2").await, count("cost_centre=CC3").await), (4, 0));
    assert_eq!((count("min_total=600.00").await, count("min_total=600.01").await), (1, 0));
    assert_eq!((count("max_total=10.00").await, count("max_total=9.99").await), (1, 0));
    assert_eq!(count("min_total=20.00&max_total=20.00").await, 3);
    assert_eq!(count("min_total=21.00&max_total=20.00").await, 0);
    let (yesterday, tomorrow) = (day(1), day(-1));
    assert_eq!((count(&format!("to={yesterday}")).await, count(&format!("from={tomorrow}")).await), (0, 0));
    assert_eq!(count(&format!("from={yesterday}&to={tomorrow}")).await, reports.len());
    assert_eq!(count("updated_since=2099-01-01T00:00:00Z").await, 0);
    // Without a scope only own reports are listed, whatever the other filters.
    let own = fetch_all(&world.fiona, &world.path("reports?cost_centre=CC1"), 3).await;
    assert_eq!(ids(&own), ids(&[reports[5].0.clone()]));
    // An expense moved to another cost centre moves its report in that filter.
    let path = world.line(&reports[0].0, 0, "");
    world.ana.patch(&path, &json!({"cost_centre": "CC3"})).await.expect(200);
    assert_eq!((count("cost_centre=CC3").await, count("cost_centre=CC1").await), (1, 3));
}

#[tokio::test]
async fn reports_of_others_require_finance_admin_or_auditor() {
    let world = World::new().await;
    let report = world.submitted("10.00").await;
    let host = world.org.replace('_', "-");
    let auditor = world.join("Olga Auditor", &format!("olga@{host}.example.com"), &json!({"role": "auditor"})).await;
    for person in [&world.fiona, &world.admin, &auditor] {
        for query in ["scope=all".to_owned(), format!("owner={}", world.ana.id)] {
            assert_eq!(
                ids(&fetch_all(person, &world.path(&format!("reports?{query}")), 3).await),
                ids(std::slice::from_ref(&report))
            );
        }
    }
    // The manager decides on the report, but may not search.
    for query in
        ["scope=all", "scope=all&status=submitted", &format!("owner={}", world.ana.id), "scope=all&min_total=1"]
    {
        world.marco.get(&world.path(&format!("reports?{query}"))).await.problem(403, "/problems/forbidden");
    }
    let own = world.marco.get(&world.path(&format!("reports?owner={}", world.marco.id))).await.expect(200);
    assert_eq!(own["items"], json!([]));
}

#[tokio::test]
async fn invalid_search_parameter_is_rejected() {
    let world = World::new().await;
    for query in [
        "status=lost",
        "status=",
        "owner=ana",
        "scope=everything",
        "from=2026-13-01",
        "to=yesterday",
        "min_total=abc",
        "min_total=1.234",
        "min_total=-1x",
        "max_total=1,00",
        "updated_since=yesterday",
        "updated_since=2026-11-22",
        "limit=0",
        "limit=x",
        "limit=-1",
        "empNumber=1",
        "status=draft&status=draft",
    ] {
        world.fiona.get(&world.path(&format!("reports?{query}"))).await.problem(400, "/problems/invalid-parameter");
    }
}

/// Pages through a list of reports on cost centre CC1 while some reports change status and new ones are created; each
/// stable report appears exactly once.
async fn paginate_while_changing(query: &str, limit: usize) {
    let world = World::new().await;
    let on = [with(expense("10.00"), &json!({"cost_centre": "CC1"}))];
    let (mut stay, mut leave) = (Vec::new(), Vec::new());
    for _ in 0..4 {
        stay.push(world.submit_expenses(&world.ana, &on).await.expect(201));
        leave.push(world.submit_expenses(&world.ana, &on).await.expect(201));
    }
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut cursor = String::new();
    loop {
        let page = world.fiona.get(&world.path(&format!("reports?limit={limit}&{query}{cursor}"))).await.expect(200);
        for id in ids(page["items"].as_array().unwrap()) {
            *seen.entry(id).or_default() += 1;
        }
        if let Some(report) = leave.pop() {
            world.ana.post(&world.report(&report, "recall"), &json!({})).await.expect(200);
            world.submit_expenses(&world.ana, &on).await.expect(201);
        }
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    for report in &stay {
        assert_eq!(seen.get(report["id"].as_str().unwrap()), Some(&1), "{query} {limit}");
    }
    assert!(seen.values().all(|count| *count == 1), "{query} {limit}: {seen:?}");
}

#[tokio::test]
async fn pagination_is_complete_under_concurrent_changes() {
    let queries = [
        "scope=all",
        "scope=all&status=submitted",
        "scope=all&cost_centre=CC1",
        "scope=all&min_total=1.00",
        "scope=all&status=submitted&cost_centre=CC1",
        "scope=all&max_total=20.00&cost_centre=CC1",
    ];
    for (at, query) in queries.into_iter().enumerate() {
        paginate_while_changing(query, 1 + at % 3).await;
        paginate_while_changing(query, 1 + (at + 1) % 3).await;
    }
}

#[tokio::test]
async fn updated_since_polling_sees_every_change() {
    let world = World::new().await;
    let mut reports = Vec::new();
    for _ in 0..8 {
        reports.push(world.draft(&world.ana, &[expense("10.00")]).await);
    }
    let mut since = reports[0]["updated_at"].as_str().unwrap().to_owned();
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    let mut step = 0;
    for round in 0..4 {
        let list = world.path(&format!("reports?scope=all&limit=3&updated_since={since}"));
        let mut cursor = String::new();
        loop {
            let page = world.fiona.get(&format!("{list}{cursor}")).await.expect(200);
            let items = page["items"].as_array().unwrap();
            assert!(items.windows(2).all(|pair| pair[0]["updated_at"].as_str() <= pair[1]["updated_at"].as_str()));
            for item in items {
                seen.insert(item["id"].as_str().unwrap().to_owned(), version(item));
                item["updated_at"].as_str().unwrap().clone_into(&mut since);
            }
            // While pages are read, reports change before and after the cursor, and new ones are created.
            step += 1;
            if round < 3 && step % 3 == 0 {
                reports.push(world.draft(&world.ana, &[expense("10.00")]).await);
            } else if round < 3 {
                let path = world.report(&reports[step * 5 % reports.len()], "");
                world.ana.patch(&path, &json!({"title": format!("Trip {step}")})).await.expect(200);
            }
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
    }
    let all = fetch_all(&world.fiona, &world.path("reports?scope=all"), 100).await;
    let now: BTreeMap<String, u64> =
        all.iter().map(|item| (item["id"].as_str().unwrap().to_owned(), version(item))).collect();
    assert!(now.values().any(|version| *version > 1) && now.len() > 8);
    assert_eq!(seen, now);
}

#[tokio::test]
async fn approvals_include_tasks_of_delegators() {
    let world = World::new().await;
    let own = json!([{"name": "Finance", "approvers": {"kind": "role", "role": "finance"}, "due_in_days": 3}]);
    let usual = World::policy()["steps"].clone();
    let mut expected = Vec::new();
    for at in 0..6 {
        // Alternating: Fiona's own step, due sooner, and Marco's.
        world.put_policy(&json!({"steps": if at % 2 == 0 { &own } else { &usual }})).await;
        let report = world.submitted("10.00").await;
        let of = if at % 2 == 0 { Value::Null } else { json!("Marco Rossi") };
        expected.push((report["steps"][0]["due_on"].clone(), report["id"].clone(), of));
    }
    let task = |task: &Value| (task["due_on"].clone(), task["report_id"].clone(), task["on_behalf_of"]["name"].clone());
    let queue = async |limit| {
        fetch_all(&world.fiona, &world.path("approvals"), limit).await.iter().map(task).collect::<Vec<_>>()
    };
    let alone: Vec<_> = expected.iter().filter(|(_, _, of)| of.is_null()).cloned().collect();
    assert_eq!(queue(2).await, alone);
    let delegation = json!({"to": world.fiona.id, "from": today(), "until": day(-30)});
    world.marco.put(&world.path("members/me/delegation"), &delegation).await.expect(200);
    expected.sort_by_key(|(due, id, _)| (due.to_string(), id.to_string()));
    for limit in [1, 2, 3, 6, 100] {
        assert_eq!(queue(limit).await, expected, "{limit}");
    }
    world.marco.delete(&world.path("members/me/delegation")).await.expect(200);
    assert_eq!(queue(1).await, alone);
}
