//! Approval workflow as data: approvers, step conditions, decision modes, and reports without an eligible approver.

mod lines;
mod reassign;

use serde_json::{Value, json};

use crate::support::{Person, World, approver_names, day, eur, expense, with};

fn step(name: &str, approvers: &Value) -> Value {
    json!({"name": name, "approvers": approvers})
}

/// An expense in EUR with extra or replaced fields.
fn line(amount: &str, members: &Value) -> Value {
    with(expense(amount), members)
}

fn reasons(report: &Value) -> Vec<&str> {
    report["steps"].as_array().unwrap().iter().map(|step| step["reason"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn approver_kinds_decide_in_step_order() {
    let world = World::new().await;
    let nora = world.add_member("Nora", &json!({})).await;
    world.change(&world.marco, &json!({"manager_id": nora.id})).await;
    let (carla, pete, mia) = (
        world.add_member("Carla", &json!({})).await,
        world.add_member("Pete", &json!({})).await,
        world.add_member("Mia", &json!({})).await,
    );
    world
        .put_policy(&json!({
            "cost_centres": [{"code": "SALES", "name": "Sales", "owner_id": carla.id}, {"code": "HR", "name": "People", "owner_id": mia.id}],
            "projects": [{"code": "P1", "name": "Lyon", "owner_id": pete.id}],
            "steps": [
                step("Manager", &json!({"kind": "manager"})),
                step("Director", &json!({"kind": "manager", "level": 2})),
                step("Cost centre", &json!({"kind": "cost_centre_owner"})),
                step("Project", &json!({"kind": "project_owner"})),
                step("Finance", &json!({"kind": "role", "role": "finance"})),
                step("Named", &json!({"kind": "members", "members": [mia.id]})),
            ],
        }))
        .await;
    let mut report = world
        .submit_expenses(&world.ana, &[line("40.00", &json!({"cost_centre": "SALES", "project": "P1"}))])
        .await
        .expect(201);
    assert_eq!(approver_names(&report), [["Marco Rossi"], ["Nora"], ["Carla"], ["Pete"], ["Fiona Byrne"], ["Mia"]]);
    let decided_by = [
        "the owner's manager",
        "the owner's manager of level 2",
        "an owner of its cost centres",
        "an owner of its projects",
        "a member with the role finance",
        "a member the workflow names",
    ];
    let expected = decided_by.map(|who| format!("This step applies to every report. It is decided by {who}."));
    assert_eq!(reasons(&report), expected);

    let people = [&world.marco, &nora, &carla, &pete, &world.fiona, &mia];
    for (at, person) in people.into_iter().enumerate() {
        for (other, waiting) in people.into_iter().enumerate() {
            let queue = world.queue(waiting).await;
            let steps: Vec<_> = queue.iter().map(|task| (&task["step"], &task["reason"])).collect();
            let expected = [(&json!(at + 1), &report["steps"][at]["reason"])];
            assert_eq!(steps, if other == at { &expected[..] } else { &[] }, "{} at step {at}", waiting.email);
        }
        assert_eq!(report["status"], "submitted");
        report = world.approve(person, &report).await.expect(200);
    }
    assert_eq!((&report["status"], &report["version"]), (&json!("approved"), &json!(7)));
}

/// Asserts that a step with this condition applies to the first set of expenses with the given reason, and not to the
/// second.
async fn assert_applies(world: &World, when: &Value, to: &[Value], why: &str, not_to: &[Value]) {
    let special = with(step("Special", &json!({"kind": "role", "role": "finance"})), &json!({"when": when}));
    world
        .put_policy(&json!({
            "cost_centres": [{"code": "SALES", "name": "Sales"}, {"code": "HR", "name": "People"}],
            "projects": [{"code": "P1", "name": "Lyon"}, {"code": "P2", "name": "Turin"}],
            "steps": [step("Manager", &json!({"kind": "manager"})), special],
        }))
        .await;
    let report = world.submit_expenses(&world.ana, to).await.expect(201);
    assert_eq!(approver_names(&report), [["Marco Rossi"], ["Fiona Byrne"]], "{why}");
    assert_eq!(reasons(&report)[1], format!("{why} It is decided by a member with the role finance."));
    assert_eq!(
        approver_names(&world.submit_expenses(&world.ana, not_to).await.expect(201)),
        [["Marco Rossi"]],
        "{why}"
    );
}

/// An expense without the receipt that the policy requires.
fn without_receipt(amount: &str) -> Value {
    let mut line = expense(amount);
    line.as_object_mut().unwrap().remove("receipt_reference");
    line
}

#[tokio::test]
async fn step_condition_matches_total_and_violations() {
    let world = World::new().await;
    let one = [expense("40.00")];
    let from = json!({"from_total": eur("40.00")});
    assert_applies(&world, &from, &one, "The total of 40.00 EUR reaches 40.00 EUR.", &[expense("39.99")]).await;
    let below = json!({"below_total": eur("40.00")});
    assert_applies(&world, &below, &[expense("39.99")], "The total of 39.99 EUR is below 40.00 EUR.", &one).await;
    let band = json!({"from_total": eur("10.00"), "below_total": eur("40.00")});
    let why = "The total of 10.00 EUR reaches 10.00 EUR. The total of 10.00 EUR is below 40.00 EUR.";
    assert_applies(&world, &band, &[expense("4.00"), expense("6.00")], why, &one).await;
    assert_applies(&world, &band, &[expense("10.00")], why, &[expense("9.99")]).await;
    assert_applies(
        &world,
        &json!({"has_violations": true}),
        &[without_receipt("40.00")],
        "The policy found violations.",
        &one,
    )
    .await;
    assert_applies(
        &world,
        &json!({"has_violations": false}),
        &one,
        "The policy found no violations.",
        &[without_receipt("40.00")],
    )
    .await;
}

#[tokio::test]
async fn step_condition_matches_expense_attributes() {
    let world = World::new().await;
    let rate = json!({"rates": {"GBP": "1.25"}, "source": "ECB"});
    world.fiona.put(&world.path(&format!("rates/{}", day(1))), &rate).await.expect(200);
    let besides = |members: Value| [expense("10.00"), line("30.00", &members)];
    let plain = besides(json!({}));
    let meals = besides(json!({"category": "meals"}));
    let when = json!({"categories": ["lodging", "meals"]});
    assert_applies(&world, &when, &meals, "An expense is in the category Meals.", &plain).await;
    let (sales, people) = (besides(json!({"cost_centre": "SALES"})), besides(json!({"cost_centre": "HR"})));
    assert_applies(
        &world,
        &json!({"cost_centres": ["SALES"]}),
        &sales,
        "An expense is on the cost centre SALES.",
        &people,
    )
    .await;
    let (one, two) = (besides(json!({"project": "P1"})), besides(json!({"project": "P2"})));
    assert_applies(&world, &json!({"projects": ["P1"]}), &one, "An expense is on the project P1.", &two).await;
    let pounds = besides(json!({"amount": {"amount": "8.00", "currency": "GBP"}}));
    assert_applies(&world, &json!({"currencies": ["GBP"]}), &pounds, "An expense was paid in GBP.", &plain).await;
}

#[tokio::test]
async fn step_condition_requires_all_parts() {
    let world = World::new().await;
    world.change(&world.ana, &json!({"grade": "senior"})).await;
    let when = json!({"categories": ["meals"], "from_total": eur("40.00"), "grades": ["director", "senior"]});
    let meal = |amount: &str| [line(amount, &json!({"category": "meals"}))];
    let why = "The total of 40.00 EUR reaches 40.00 EUR. An expense is in the category Meals. The owner has the grade senior.";
    assert_applies(&world, &when, &meal("40.00"), why, &meal("39.99")).await;
    assert_applies(&world, &when, &meal("40.00"), why, &[expense("40.00")]).await;
    world.change(&world.ana, &json!({"grade": "junior"})).await;
    let junior = world.submit_expenses(&world.ana, &meal("40.00")).await.expect(201);
    assert_eq!(approver_names(&junior), [["Marco Rossi"]]);
}

#[tokio::test]
async fn grade_condition_uses_owner_grade_at_submission() {
    let world = World::new().await;
    let mut special = step("Juniors", &json!({"kind": "role", "role": "finance"}));
    special["when"] = json!({"grades": ["junior"]});
    world.put_policy(&json!({"steps": [step("Manager", &json!({"kind": "manager"})), special]})).await;
    let route = |grade: Value| {
        let world = &world;
        async move {
            world.change(&world.ana, &json!({"grade": grade})).await;
            approver_names(&world.submitted("40.00").await).len()
        }
    };
    assert_eq!([route(json!("junior")).await, route(json!("senior")).await, route(Value::Null).await], [2, 1, 1]);
}

#[tokio::test]
async fn report_without_matching_step_goes_to_fallback() {
    let world = World::new().await;
    let mut large = step("Large", &json!({"kind": "role", "role": "finance"}));
    large["when"] = json!({"from_total": eur("1000.00")});
    world.put_policy(&json!({"steps": [large.clone()]})).await;
    let report = world.submitted("40.00").await;
    assert_eq!(
        (approver_names(&report), report["steps"][0]["name"].as_str()),
        (vec![vec!["Ada Admin".to_owned()]], Some("Approval"))
    );
    let why = "No step of the workflow applies to this report. It is decided by a member with the role admin.";
    assert_eq!(reasons(&report), [why]);
    assert_eq!(world.approve(&world.admin, &report).await.expect(200)["status"], "approved");

    world.put_policy(&json!({"steps": [large], "fallback": null})).await;
    let body = json!({"title": "Lyon", "expenses": [expense("40.00")], "submit": true});
    world.ana.post(&world.path("reports"), &body).await.problem(409, "/problems/no-approver");
}

/// Creates three members, a board step in this mode that asks all three, and a submitted report.
async fn board_of_three(world: &World, mode: &Value) -> ([Person; 3], Value) {
    let people = [
        world.add_member("Bea", &json!({})).await,
        world.add_member("Ben", &json!({})).await,
        world.add_member("Bob", &json!({})).await,
    ];
    let ids: Vec<_> = people.iter().map(|person| &person.id).collect();
    let board = with(step("Board", &json!({"kind": "members", "members": ids})), mode);
    world.put_policy(&json!({"steps": [board]})).await;
    let report = world.submitted("40.00").await;
    assert_eq!(approver_names(&report), [["Bea", "Ben", "Bob"]]);
    (people, report)
}

const EMPTY_QUEUES: [Vec<u64>; 3] = [const { Vec::new() }; 3];

/// Report version in each member's approval queue; empty when nothing is pending for that member.
async fn queued_versions(world: &World, people: &[Person; 3]) -> [Vec<u64>; 3] {
    let mut versions = [const { Vec::new() }; 3];
    for (person, versions) in people.iter().zip(&mut versions) {
        versions.extend(world.queue(person).await.iter().map(|task| task["report_version"].as_u64().unwrap()));
    }
    versions
}

#[tokio::test]
async fn any_mode_needs_one_approval() {
    let world = World::new().await;
    let (people, report) = board_of_three(&world, &json!({})).await;
    assert_eq!((&report["steps"][0]["mode"], &report["steps"][0]["remaining"]), (&json!("any"), &json!(1)));
    assert_eq!(queued_versions(&world, &people).await, [[1], [1], [1]]);
    let approved = world.approve(&people[1], &report).await.expect(200);
    assert_eq!(approved["status"], "approved");
    assert_eq!(queued_versions(&world, &people).await, EMPTY_QUEUES);
    world.approve(&people[0], &approved).await.problem(409, "/problems/invalid-state");
}

#[tokio::test]
async fn all_mode_needs_every_approver_in_any_order() {
    let world = World::new().await;
    let (people, report) = board_of_three(&world, &json!({"mode": "all"})).await;
    let why = "This step applies to every report. It is decided by the members the workflow names; each of them has to agree.";
    assert_eq!((reasons(&report), &report["steps"][0]["remaining"]), (vec![why], &json!(3)));

    let second = world.approve(&people[2], &report).await.expect(200);
    assert_eq!((&second["status"], &second["version"]), (&json!("submitted"), &json!(2)));
    assert_eq!((&second["steps"][0]["status"], &second["steps"][0]["remaining"]), (&json!("pending"), &json!(2)));
    assert_eq!(queued_versions(&world, &people).await, [vec![2], vec![2], vec![]]);
    world.approve(&people[2], &second).await.problem(409, "/problems/already-decided");
    // The version seen before the first approval is stale now.
    world.approve(&people[0], &report).await.problem(412, "/problems/stale-version");

    let third = world.approve(&people[0], &second).await.expect(200);
    assert_eq!((&third["status"], &third["steps"][0]["remaining"]), (&json!("submitted"), &json!(1)));
    assert_eq!(queued_versions(&world, &people).await, [vec![], vec![3], vec![]]);
    let last = world.approve(&people[1], &third).await.expect(200);
    assert_eq!((&last["status"], &last["steps"][0]["remaining"]), (&json!("approved"), &json!(0)));
    let by: Vec<_> = last["steps"][0]["decisions"].as_array().unwrap().iter().map(|made| &made["by"]["name"]).collect();
    assert_eq!(by, ["Bob", "Bea", "Ben"]);
    let history = world.ana.get(&world.report(&last, "history")).await.expect(200);
    let types: Vec<_> = history["items"].as_array().unwrap().iter().map(|event| &event["type"]).collect();
    assert_eq!(types, ["report.created", "report.submitted", "step.agreed", "step.agreed", "report.approved"]);
}

#[tokio::test]
async fn all_mode_single_return_returns_report() {
    let world = World::new().await;
    let (people, report) = board_of_three(&world, &json!({"mode": "all"})).await;
    let agreed = world.approve(&people[0], &report).await.expect(200);
    let back = world.decide(&people[1], &agreed, "return", &json!({"reason": "Which client?"})).await.expect(200);
    assert_eq!((&back["status"], &back["steps"][0]["status"]), (&json!("returned"), &json!("returned")));
    assert_eq!(queued_versions(&world, &people).await, EMPTY_QUEUES);
    // Resubmission asks all three again: earlier approvals are void.
    let again = world.ana.post(&world.report(&back, "submit"), &json!({})).await.expect(200);
    assert_eq!((&again["steps"][0]["remaining"], &again["steps"][0]["decisions"]), (&json!(3), &json!([])));
    assert_eq!(queued_versions(&world, &people).await, [[4], [4], [4]]);
}

#[tokio::test]
async fn quorum_step_needs_n_approvals() {
    let world = World::new().await;
    let (people, report) = board_of_three(&world, &json!({"mode": "quorum", "quorum": 2})).await;
    let why =
        "This step applies to every report. It is decided by the members the workflow names; 2 of them have to agree.";
    assert_eq!((reasons(&report), &report["steps"][0]["remaining"]), (vec![why], &json!(2)));
    let agreed = world.approve(&people[0], &report).await.expect(200);
    assert_eq!((&agreed["status"], &agreed["steps"][0]["remaining"]), (&json!("submitted"), &json!(1)));
    assert_eq!(queued_versions(&world, &people).await, [vec![], vec![2], vec![2]]);
    assert_eq!(world.approve(&people[2], &agreed).await.expect(200)["status"], "approved");
    assert_eq!(queued_versions(&world, &people).await, EMPTY_QUEUES);
}

#[tokio::test]
async fn total_above_manager_limit_goes_to_next_manager() {
    let world = World::new().await;
    let nora = world.add_member("Nora", &json!({})).await;
    world.change(&world.marco, &json!({"manager_id": nora.id, "approval_limit": eur("100.00")})).await;
    assert_eq!(approver_names(&world.submitted("100.00").await), [["Marco Rossi"]]);
    let report = world.submitted("100.01").await;
    assert_eq!(approver_names(&report), [["Nora"]]);
    let why = "This step applies to every report. It is for the owner's manager. \
               An approver has an approval limit below the total, so the next manager up decides.";
    assert_eq!(reasons(&report), [why]);
    world.approve(&world.marco, &report).await.problem(404, "/problems/not-found");
    assert_eq!(world.approve(&nora, &report).await.expect(200)["status"], "approved");
}

#[tokio::test]
async fn approval_limit_lowered_later_blocks_decision() {
    let world = World::new().await;
    let report = world.submitted("80.00").await;
    world.change(&world.marco, &json!({"approval_limit": eur("79.99")})).await;
    let answer = world.approve(&world.marco, &report).await;
    answer.problem(403, "/problems/approval-limit");
    let detail =
        "The total of 80.00 EUR is above your limit of 79.99 EUR for this report. An admin can reassign the step.";
    assert_eq!(answer.json()["detail"], detail);
    for action in ["return", "reject"] {
        let answer = world.decide(&world.marco, &report, action, &json!({"reason": "No."})).await;
        answer.problem(403, "/problems/approval-limit");
    }
    assert_eq!(world.ana.get(&world.report(&report, "")).await.expect(200), report);
    world.change(&world.marco, &json!({"approval_limit": eur("80.00")})).await;
    assert_eq!(world.approve(&world.marco, &report).await.expect(200)["status"], "approved");
}

#[tokio::test]
async fn small_report_without_violations_is_auto_approved() {
    let world = World::new().await;
    world.put_policy(&json!({"auto_approve_below": eur("50.00")})).await;
    let report = world.submitted("49.99").await;
    assert_eq!((&report["status"], &report["steps"], &report["version"]), (&json!("approved"), &json!([]), &json!(1)));
    let mail = world.mail(&world.ana, 2).await.remove(1);
    assert_eq!(mail["subject"], "Approved: Client visit Lyon, 49.99 EUR");
    assert!(
        mail["text"].as_str().unwrap().contains("The policy approves reports below 50.00 EUR by itself."),
        "{mail}"
    );
    let history = world.ana.get(&world.report(&report, "history")).await.expect(200);
    assert_eq!(history["items"][1]["type"], "report.auto_approved");

    let bakery = line("12.00", &json!({"merchant": "Bakery"}));
    let draft = json!({"title": "In two calls", "expenses": [bakery.clone()]});
    let draft = world.ana.post(&world.path("reports"), &draft).await.expect(201);
    let approved = world.ana.post(&world.report(&draft, "submit"), &json!({})).await.expect(200);
    assert_eq!((&approved["status"], &approved["steps"]), (&json!("approved"), &json!([])));
    assert_eq!(world.queue(&world.marco).await, [] as [Value; 0]);

    // A total at the threshold, a violation or a duplicate needs a person's decision.
    let hotel = line("50.00", &json!({"merchant": "Hotel"}));
    let at_threshold = world.submit_expenses(&world.ana, &[hotel]).await.expect(201);
    assert_eq!(
        (&at_threshold["status"], approver_names(&at_threshold)),
        (&json!("submitted"), vec![vec!["Marco Rossi".to_owned()]])
    );
    let with_violation = world
        .submit_expenses(&world.ana, &[with(without_receipt("30.00"), &json!({"merchant": "Kiosk"}))])
        .await
        .expect(201);
    assert_eq!(
        (&with_violation["status"], &with_violation["violations"][0]["rule"]),
        (&json!("submitted"), &json!("receipt-required"))
    );
    let twice = world.submit_expenses(&world.ana, &[bakery]).await.expect(201);
    assert_eq!((&twice["status"], &twice["violations"][0]["rule"]), (&json!("submitted"), &json!("duplicate")));
    let message = twice["violations"][0]["message"].as_str().unwrap();
    assert!(message.contains(approved["number"].as_str().unwrap()), "{message}");
    // One bill split over several small reports is not small.
    let part = world.submitted("0.01").await;
    assert_eq!((&part["status"], &part["violations"]), (&json!("submitted"), &json!([])));
    assert_eq!(world.queue(&world.marco).await.len(), 4);
    // The invitation and four approval requests; no mail about auto-approved reports.
    assert_eq!(world.mail(&world.marco, 5).await.len(), 5);
}

#[tokio::test]
async fn policy_maker_or_shared_report_is_not_auto_approved() {
    let world = World::new().await;
    world.put_policy(&json!({"auto_approve_below": eur("50.00")})).await;
    let sue = world.add_member("Sue", &json!({"role": "admin"})).await;
    let paul = world.add_member("Paul", &json!({})).await;
    let small =
        |members: Value| with(json!({"title": "Lyon", "expenses": [expense("5.00")], "submit": true}), &members);
    let for_ana = json!({"owner_id": world.ana.id});
    for (who, body) in [
        (&world.fiona, small(json!({}))),
        (&sue, small(json!({}))),
        (&world.fiona, small(for_ana)),
        (&world.ana, small(json!({"payee_id": paul.id}))),
    ] {
        let report = who.post(&world.path("reports"), &body).await.expect(201);
        assert_eq!((&report["status"], approver_names(&report).len()), (&json!("submitted"), 1), "{body}");
    }
    assert_eq!(world.submit_expenses(&world.marco, &[expense("5.00")]).await.expect(201)["status"], "approved");
}

#[tokio::test]
async fn report_without_eligible_approver_is_rejected() {
    let world = World::new().await;
    let manager = step("Manager", &json!({"kind": "manager"}));
    world.put_policy(&json!({"steps": [manager], "fallback": null})).await;
    let body = json!({"title": "Lyon", "expenses": [expense("40.00")], "submit": true});
    let rejected = world.marco.post(&world.path("reports"), &body).await;
    rejected.problem(409, "/problems/no-approver");
    assert!(rejected.json()["detail"].as_str().unwrap().contains("step Manager"), "{}", rejected.text);
    assert_eq!(world.marco.get(&world.path("reports")).await.expect(200)["items"], json!([]));

    let draft = json!({"title": "Lyon", "expenses": [expense("40.00")]});
    let draft = world.marco.post(&world.path("reports"), &draft).await.expect(201);
    world.marco.post(&world.report(&draft, "submit"), &json!({})).await.problem(409, "/problems/no-approver");
    assert_eq!(world.marco.get(&world.report(&draft, "")).await.expect(200), draft);

    // The fallback works for reports its members may decide on, and for no others.
    let manager = step("Manager", &json!({"kind": "manager"}));
    world.put_policy(&json!({"steps": [manager], "fallback": {"kind": "members", "members": [world.fiona.id]}})).await;
    let report = world.marco.post(&world.report(&draft, "submit"), &json!({})).await.expect(200);
    assert_eq!(approver_names(&report), [["Fiona Byrne"]]);
    let why = "This step applies to every report. It is for the owner's manager. \
               No other approver is eligible, so the fallback approvers decide.";
    assert_eq!(reasons(&report), [why]);
    world.fiona.post(&world.path("reports"), &body).await.problem(409, "/problems/no-approver");
}

#[tokio::test]
async fn due_date_counts_working_days() {
    let world = World::new().await;
    let is_weekday = |day: &String| {
        let day: jiff::civil::Date = day.parse().unwrap();
        !matches!(day.weekday(), jiff::civil::Weekday::Saturday | jiff::civil::Weekday::Sunday)
    };
    let weekdays: Vec<String> = (1..20).map(|ahead| day(-ahead)).filter(is_weekday).collect();
    let mut first = step("Manager", &json!({"kind": "manager"}));
    first["due_in_days"] = json!(2);
    first["escalate_to"] = json!({"kind": "role", "role": "admin"});
    let mut second = step("Finance", &json!({"kind": "role", "role": "finance"}));
    second["due_in_days"] = json!(6);
    let steps = json!([first, second]);
    let lines = [line("40.00", &json!({"justification": "Whatever day it is."}))];

    world.put_policy(&json!({"steps": steps})).await;
    let report = world.submit_expenses(&world.ana, &lines).await.expect(201);
    assert_eq!((&report["steps"][0]["due_on"], &report["steps"][1]["due_on"]), (&json!(weekdays[1]), &Value::Null));
    assert_eq!(report["steps"][0]["escalates_to"], json!([{"id": world.admin.id, "name": "Ada Admin"}]));
    assert_eq!(report["steps"][1]["escalates_to"], json!([]));
    assert_eq!(world.queue(&world.marco).await[0]["due_on"], json!(weekdays[1]));
    let next = world.approve(&world.marco, &report).await.expect(200);
    assert_eq!(next["steps"][1]["due_on"], json!(weekdays[5]));

    let days = json!({"effect": "warn", "holidays": [weekdays[0], weekdays[2], weekdays[4]]});
    world.put_policy(&json!({"steps": steps, "non_working_days": days})).await;
    let report = world.submit_expenses(&world.ana, &lines).await.expect(201);
    assert_eq!(report["steps"][0]["due_on"], json!(weekdays[3]));
    let next = world.approve(&world.marco, &report).await.expect(200);
    assert_eq!(next["steps"][1]["due_on"], json!(weekdays[8]));
}

#[tokio::test]
async fn approved_report_can_be_returned_by_finance() {
    let world = World::new().await;
    let report = world.submitted("40.00").await;
    let approved = world.approve(&world.marco, &report).await.expect(200);
    let reason = json!({"reason": "The receipt is of another day."});
    world.decide(&world.marco, &approved, "return", &reason).await.problem(403, "/problems/forbidden");
    world.decide(&world.ana, &approved, "return", &reason).await.problem(403, "/problems/segregation-of-duties");
    world.fiona.post(&world.report(&approved, "return"), &reason).await.problem(428, "/problems/precondition-required");
    world.decide(&world.fiona, &report, "return", &reason).await.problem(412, "/problems/stale-version");
    let faults = world.decide(&world.fiona, &approved, "return", &json!({})).await;
    assert_eq!(faults.problem(422, "/problems/validation-failed"), ["/reason required"]);
    let returned = world.decide(&world.fiona, &approved, "return", &reason).await.expect(200);
    assert_eq!((&returned["status"], &returned["version"]), (&json!("returned"), &json!(3)));
    // Marco's approval stays recorded: the return is Fiona's.
    assert_eq!(returned["steps"][0]["status"], "approved");
    let mail = world.mail(&world.ana, 3).await.remove(2);
    assert_eq!(mail["subject"], "Returned: Client visit Lyon, 40.00 EUR");
    for fact in ["Fiona Byrne returned it to you", "The receipt is of another day."] {
        assert!(mail["text"].as_str().unwrap().contains(fact), "{fact} in {mail}");
    }
    world.decide(&world.fiona, &returned, "return", &reason).await.problem(409, "/problems/invalid-state");
    let again = world.ana.post(&world.report(&returned, "submit"), &json!({})).await.expect(200);
    assert_eq!((&again["status"], approver_names(&again)), (&json!("submitted"), vec![vec!["Marco Rossi".to_owned()]]));
    assert_eq!(world.approve(&world.marco, &again).await.expect(200)["status"], "approved");
}

#[tokio::test]
async fn approver_of_later_step_is_told_which_is_pending() {
    let world = World::new().await;
    let report = world.submitted("640.00").await;
    let early = world.approve(&world.fiona, &report).await;
    early.problem(409, "/problems/invalid-state");
    let detail = "Step 1 (Manager) is pending. Your step 2 (Finance) comes later; you get mail when it is pending.";
    assert_eq!(early.json()["detail"], detail);
    for action in ["return", "reject"] {
        let early = world.decide(&world.fiona, &report, action, &json!({"reason": "No."})).await;
        assert_eq!(early.expect(409)["detail"], detail, "{action}");
    }
}
