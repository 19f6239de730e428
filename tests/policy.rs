//! Policy document: versions, validation, activation by finance.

use serde_json::json;

use crate::support::{World, expense, send};

#[tokio::test]
async fn policy_round_trip_requires_current_version() {
    let world = World::new().await;
    let read = world.ana.get(&world.path("policy")).await;
    let mut policy = read.expect(200);
    assert_eq!((policy["version"].as_u64(), read.header("etag")), (Some(2), "\"2\""));
    policy["limits"][0]["amount"]["amount"] = json!("90.00");
    let put = |tag: &str| {
        world
            .fiona
            .request(reqwest::Method::PUT, &world.path("policy"))
            .header("If-Match", tag.to_owned())
            .json(&policy)
    };
    assert_eq!(send(put("\"2\"")).await.expect(200)["version"], 3);
    world.fiona.put(&world.path("policy"), &policy).await.problem(412, "/problems/stale-version");
    send(put("\"2\"")).await.problem(412, "/problems/stale-version");
    let mut meal = expense("85.00");
    meal["category"] = json!("meals");
    let report = world
        .ana
        .post(&world.path("reports"), &json!({"title": "x", "expenses": [meal], "submit": true}))
        .await
        .expect(201);
    assert_eq!((&report["violations"], &report["policy_version"]), (&json!([]), &json!(3)));
}

#[tokio::test]
async fn submitted_report_keeps_policy_version() {
    let world = World::new().await;
    let report = world.submitted("40.00").await;
    let mut policy = World::policy();
    policy["steps"][1]["when"]["from_total"]["amount"] = json!("10.00");
    world.admin.put(&world.path("policy"), &policy).await.expect(200);
    let stored = world.ana.get(&world.report(&report, "")).await.expect(200);
    assert_eq!((&stored["policy_version"], stored["steps"].as_array().unwrap().len()), (&json!(2), 1));
    assert_eq!(world.submitted("40.00").await["steps"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn invalid_policy_lists_all_faults() {
    let world = World::new().await;
    let mut policy = World::policy();
    policy["categories"][1]["code"] = json!("travel");
    policy["limits"][1]["categories"] = json!(["lodgings"]);
    policy["steps"][0]["approvers"] =
        json!({"kind": "members", "members": [world.ana.id, "mem_01k0000000e2t8r0000000000b"]});
    policy["steps"][1]["when"]["from_total"]["currency"] = json!("GBP");
    let faults = world.fiona.put(&world.path("policy"), &policy).await.problem(422, "/problems/validation-failed");
    assert_eq!(
        faults,
        [
            "/categories/1/code unique",
            "/limits/0/categories/0 unknown",
            "/limits/1/categories/0 unknown",
            "/steps/0/approvers/members/1 unknown-member",
            "/steps/1/when/from_total/currency base-currency"
        ]
    );
    let wrong = json!({
        "categories": [{"code": "A b", "name": "x", "default_tax": "19%"}],
        "limits": [{"period": "year", "amount": {"amount": "1.00", "currency": "EUR"}}],
        "steps": [{"name": "", "approvers": {"kind": "role"}, "due_in_days": 0}, {"name": "x", "approvers": {"kind": "manager", "role": "admin"}}],
        "versoin": 7,
    });
    let faults = world.fiona.put(&world.path("policy"), &wrong).await.problem(422, "/problems/validation-failed");
    let expected = [
        "/categories/0/code code",
        "/categories/0/default_tax percent",
        "/limits/0/period type",
        "/steps/0/approvers approvers",
        "/steps/0/due_in_days range",
        "/steps/0/name blank",
        "/steps/1/approvers approvers",
        "/versoin unknown-field",
    ];
    assert_eq!(faults, expected);
    world.ana.put(&world.path("policy"), &World::policy()).await.problem(403, "/problems/forbidden");
}

#[tokio::test]
async fn policy_versions_are_kept_and_listed_newest_first() {
    let world = World::new().await;
    let mut reports = Vec::new();
    for days in [10, 20, 30] {
        world.put_policy(&json!({"maximum_age_days": days})).await;
        reports.push(world.submitted("40.00").await);
    }
    let path = world.path("policy/versions");
    let all = world.ana.get(&path).await.expect(200);
    let listed: Vec<_> = all["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|policy| (policy["version"].as_u64().unwrap(), policy["maximum_age_days"].as_u64().unwrap()))
        .collect();
    // Versions 1 and 2 are those of a new organisation and of the test fixture.
    assert_eq!(listed, [(5, 30), (4, 20), (3, 10), (2, 90), (1, 90)]);
    assert_eq!(all["items"][0], world.ana.get(&world.path("policy")).await.expect(200));
    assert_eq!((&all["items"][4]["changed_at"], &all["items"][4]["limits"]), (&json!(null), &json!([])));
    let times: Vec<_> = (0..4).map(|at| all["items"][at]["changed_at"].as_str().unwrap().to_owned()).collect();
    assert!(times.windows(2).all(|pair| pair[0] >= pair[1]), "{times:?}");
    for limit in 1..=3 {
        let mut walked = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = world.ana.get(&format!("{path}?limit={limit}{cursor}")).await.expect(200);
            walked.extend(page["items"].as_array().unwrap().clone());
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(json!(walked), all["items"], "{limit}");
    }
    world.ana.get(&format!("{path}?version=1")).await.problem(400, "/problems/invalid-parameter");

    // A report keeps its policy version until it is evaluated again.
    for (at, version) in [(0, 3), (1, 4), (2, 5)] {
        let report = world.ana.get(&world.report(&reports[at], "")).await.expect(200);
        assert_eq!(report["policy_version"], version);
    }
    let edited = world.ana.patch(&world.report(&reports[0], ""), &json!({"title": "Lyon"})).await.expect(200);
    assert_eq!(edited["policy_version"], 3);
    let line = world.line(&reports[0], 0, "");
    let edited = world.ana.patch(&line, &json!({"merchant": "Trenitalia"})).await.expect(200);
    assert_eq!(edited["policy_version"], 5);
    let approved = world.marco.post_at(&world.report(&reports[1], "approve"), 1, &json!({})).await.expect(200);
    assert_eq!((&approved["status"], &approved["policy_version"]), (&json!("approved"), &json!(4)));
}
