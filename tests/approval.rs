//! The workflow as data: who is asked, when a step applies, how many have to agree, and what happens where nobody may.

mod lines;
mod reassign;

use serde_json::{Value, json};

use crate::support::{Person, World, asked, day, eur, expense, with};

fn step(name: &str, approvers: &Value) -> Value {
    json!({"name": name, "approvers": approvers})
}

/// A line with other members.
fn line(amount: &str, members: &Value) -> Value {
    with(expense(amount), members)
}

fn reasons(report: &Value) -> Vec<&str> {
    report["steps"].as_array().unwrap().iter().map(|step| step["reason"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn approvers_of_every_kind_decide_one_after_the_other() {
    let world = World::new().await;
    let nora = world.hire("Nora", &json!({})).await;
    world.change(&world.marco, &json!({"manager_id": nora.id})).await;
    let (carla, pete, mia) = (
        world.hire("Carla", &json!({})).await,
        world.hire("Pete", &json!({})).await,
        world.hire("Mia", &json!({})).await,
    );
    world
        .rule(&json!({
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
    let mut report =
        world.claim(&world.ana, &[line("40.00", &json!({"cost_centre": "SALES", "project": "P1"}))]).await.expect(201);
    assert_eq!(asked(&report), [["Marco Rossi"], ["Nora"], ["Carla"], ["Pete"], ["Fiona Byrne"], ["Mia"]]);
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

/// Asserts that a step of this condition applies to a report of some lines, and why, and not to one of others.
async fn applies(world: &World, when: &Value, to: &[Value], why: &str, not_to: &[Value]) {
    let special = with(step("Special", &json!({"kind": "role", "role": "finance"})), &json!({"when": when}));
    world
        .rule(&json!({
            "cost_centres": [{"code": "SALES", "name": "Sales"}, {"code": "HR", "name": "People"}],
            "projects": [{"code": "P1", "name": "Lyon"}, {"code": "P2", "name": "Turin"}],
            "steps": [step("Manager", &json!({"kind": "manager"})), special],
        }))
        .await;
    let report = world.claim(&world.ana, to).await.expect(201);
    assert_eq!(asked(&report), [["Marco Rossi"], ["Fiona Byrne"]], "{why}");
    assert_eq!(reasons(&report)[1], format!("{why} It is decided by a member with the role finance."));
    assert_eq!(asked(&world.claim(&world.ana, not_to).await.expect(201)), [["Marco Rossi"]], "{why}");
}

/// A line without a receipt, where one is needed.
fn bare(amount: &str) -> Value {
    let mut line = expense(amount);
    line.as_object_mut().unwrap().remove("receipt_reference");
    line
}

#[tokio::test]
async fn a_step_applies_by_the_total_and_what_the_policy_found() {
    let world = World::new().await;
    let one = [expense("40.00")];
    let from = json!({"from_total": eur("40.00")});
    applies(&world, &from, &one, "The total of 40.00 EUR reaches 40.00 EUR.", &[expense("39.99")]).await;
    let below = json!({"below_total": eur("40.00")});
    applies(&world, &below, &[expense("39.99")], "The total of 39.99 EUR is below 40.00 EUR.", &one).await;
    let band = json!({"from_total": eur("10.00"), "below_total": eur("40.00")});
    let why = "The total of 10.00 EUR reaches 10.00 EUR. The total of 10.00 EUR is below 40.00 EUR.";
    applies(&world, &band, &[expense("4.00"), expense("6.00")], why, &one).await;
    applies(&world, &band, &[expense("10.00")], why, &[expense("9.99")]).await;
    applies(&world, &json!({"has_violations": true}), &[bare("40.00")], "The policy found something.", &one).await;
    applies(&world, &json!({"has_violations": false}), &one, "The policy found nothing.", &[bare("40.00")]).await;
}

#[tokio::test]
async fn a_step_applies_by_what_a_line_says() {
    let world = World::new().await;
    let rate = json!({"rates": {"GBP": "1.25"}, "source": "ECB"});
    world.fiona.put(&world.path(&format!("rates/{}", day(1))), &rate).await.expect(200);
    let besides = |members: Value| [expense("10.00"), line("30.00", &members)];
    let plain = besides(json!({}));
    let meals = besides(json!({"category": "meals"}));
    let when = json!({"categories": ["lodging", "meals"]});
    applies(&world, &when, &meals, "A line is in the category meals.", &plain).await;
    let (sales, people) = (besides(json!({"cost_centre": "SALES"})), besides(json!({"cost_centre": "HR"})));
    applies(&world, &json!({"cost_centres": ["SALES"]}), &sales, "A line is on the cost centre SALES.", &people).await;
    let (one, two) = (besides(json!({"project": "P1"})), besides(json!({"project": "P2"})));
    applies(&world, &json!({"projects": ["P1"]}), &one, "A line is on the project P1.", &two).await;
    let pounds = besides(json!({"amount": {"amount": "8.00", "currency": "GBP"}}));
    applies(&world, &json!({"currencies": ["GBP"]}), &pounds, "A line was paid in GBP.", &plain).await;
}

#[tokio::test]
async fn all_of_a_condition_has_to_hold() {
    let world = World::new().await;
    world.change(&world.ana, &json!({"grade": "senior"})).await;
    let when = json!({"categories": ["meals"], "from_total": eur("40.00"), "grades": ["director", "senior"]});
    let meal = |amount: &str| [line(amount, &json!({"category": "meals"}))];
    let why =
        "The total of 40.00 EUR reaches 40.00 EUR. A line is in the category meals. The owner is of the grade senior.";
    applies(&world, &when, &meal("40.00"), why, &meal("39.99")).await;
    applies(&world, &when, &meal("40.00"), why, &[expense("40.00")]).await;
    world.change(&world.ana, &json!({"grade": "junior"})).await;
    let junior = world.claim(&world.ana, &meal("40.00")).await.expect(201);
    assert_eq!(asked(&junior), [["Marco Rossi"]]);
}

#[tokio::test]
async fn a_grade_is_that_of_the_owner_when_he_submits() {
    let world = World::new().await;
    let mut special = step("Juniors", &json!({"kind": "role", "role": "finance"}));
    special["when"] = json!({"grades": ["junior"]});
    world.rule(&json!({"steps": [step("Manager", &json!({"kind": "manager"})), special]})).await;
    let route = |grade: Value| {
        let world = &world;
        async move {
            world.change(&world.ana, &json!({"grade": grade})).await;
            asked(&world.submitted("40.00").await).len()
        }
    };
    assert_eq!([route(json!("junior")).await, route(json!("senior")).await, route(Value::Null).await], [2, 1, 1]);
}

#[tokio::test]
async fn where_no_step_applies_the_fallback_decides() {
    let world = World::new().await;
    let mut large = step("Large", &json!({"kind": "role", "role": "finance"}));
    large["when"] = json!({"from_total": eur("1000.00")});
    world.rule(&json!({"steps": [large.clone()]})).await;
    let report = world.submitted("40.00").await;
    assert_eq!(
        (asked(&report), report["steps"][0]["name"].as_str()),
        (vec![vec!["Ada Admin".to_owned()]], Some("Approval"))
    );
    let why = "No step of the workflow applies to this report. It is decided by a member with the role admin.";
    assert_eq!(reasons(&report), [why]);
    assert_eq!(world.approve(&world.admin, &report).await.expect(200)["status"], "approved");

    world.rule(&json!({"steps": [large], "fallback": null})).await;
    let body = json!({"title": "Lyon", "expenses": [expense("40.00")], "submit": true});
    world.ana.post(&world.path("reports"), &body).await.problem(409, "/problems/no-approver");
}

/// Three members who are asked at once, and a report that asks them.
async fn three(world: &World, mode: &Value) -> ([Person; 3], Value) {
    let people =
        [world.hire("Bea", &json!({})).await, world.hire("Ben", &json!({})).await, world.hire("Bob", &json!({})).await];
    let ids: Vec<_> = people.iter().map(|person| &person.id).collect();
    let board = with(step("Board", &json!({"kind": "members", "members": ids})), mode);
    world.rule(&json!({"steps": [board]})).await;
    let report = world.submitted("40.00").await;
    assert_eq!(asked(&report), [["Bea", "Ben", "Bob"]]);
    (people, report)
}

const NONE: [Vec<u64>; 3] = [const { Vec::new() }; 3];

/// Which version of the report each of them is asked about.
async fn queues(world: &World, people: &[Person; 3]) -> [Vec<u64>; 3] {
    let mut versions = [const { Vec::new() }; 3];
    for (person, versions) in people.iter().zip(&mut versions) {
        versions.extend(world.queue(person).await.iter().map(|task| task["report_version"].as_u64().unwrap()));
    }
    versions
}

#[tokio::test]
async fn any_one_of_several_is_enough() {
    let world = World::new().await;
    let (people, report) = three(&world, &json!({})).await;
    assert_eq!((&report["steps"][0]["mode"], &report["steps"][0]["remaining"]), (&json!("any"), &json!(1)));
    assert_eq!(queues(&world, &people).await, [[1], [1], [1]]);
    let approved = world.approve(&people[1], &report).await.expect(200);
    assert_eq!(approved["status"], "approved");
    assert_eq!(queues(&world, &people).await, NONE);
    world.approve(&people[0], &approved).await.problem(409, "/problems/invalid-state");
}

#[tokio::test]
async fn all_means_each_of_them_in_any_order() {
    let world = World::new().await;
    let (people, report) = three(&world, &json!({"mode": "all"})).await;
    let why = "This step applies to every report. It is decided by the members the workflow names, each of whom has to agree.";
    assert_eq!((reasons(&report), &report["steps"][0]["remaining"]), (vec![why], &json!(3)));

    let second = world.approve(&people[2], &report).await.expect(200);
    assert_eq!((&second["status"], &second["version"]), (&json!("submitted"), &json!(2)));
    assert_eq!((&second["steps"][0]["status"], &second["steps"][0]["remaining"]), (&json!("pending"), &json!(2)));
    assert_eq!(queues(&world, &people).await, [vec![2], vec![2], vec![]]);
    world.approve(&people[2], &second).await.problem(409, "/problems/already-decided");
    // What the others saw before is not what they would decide on now.
    world.approve(&people[0], &report).await.problem(412, "/problems/stale-version");

    let third = world.approve(&people[0], &second).await.expect(200);
    assert_eq!((&third["status"], &third["steps"][0]["remaining"]), (&json!("submitted"), &json!(1)));
    assert_eq!(queues(&world, &people).await, [vec![], vec![3], vec![]]);
    let last = world.approve(&people[1], &third).await.expect(200);
    assert_eq!((&last["status"], &last["steps"][0]["remaining"]), (&json!("approved"), &json!(0)));
    let by: Vec<_> = last["steps"][0]["decisions"].as_array().unwrap().iter().map(|made| &made["by"]["name"]).collect();
    assert_eq!(by, ["Bob", "Bea", "Ben"]);
    let history = world.ana.get(&world.report(&last, "history")).await.expect(200);
    let types: Vec<_> = history["items"].as_array().unwrap().iter().map(|event| &event["type"]).collect();
    assert_eq!(types, ["report.created", "report.submitted", "step.agreed", "step.agreed", "report.approved"]);
}

#[tokio::test]
async fn one_of_all_can_still_send_it_back() {
    let world = World::new().await;
    let (people, report) = three(&world, &json!({"mode": "all"})).await;
    let agreed = world.approve(&people[0], &report).await.expect(200);
    let back = world.decide(&people[1], &agreed, "return", &json!({"reason": "Which client?"})).await.expect(200);
    assert_eq!((&back["status"], &back["steps"][0]["status"]), (&json!("returned"), &json!("returned")));
    assert_eq!(queues(&world, &people).await, NONE);
    // Sent anew, it asks all of them anew: what was agreed to is void.
    let again = world.ana.post(&world.report(&back, "submit"), &json!({})).await.expect(200);
    assert_eq!((&again["steps"][0]["remaining"], &again["steps"][0]["decisions"]), (&json!(3), &json!([])));
    assert_eq!(queues(&world, &people).await, [[4], [4], [4]]);
}

#[tokio::test]
async fn a_quorum_is_so_many_of_them() {
    let world = World::new().await;
    let (people, report) = three(&world, &json!({"mode": "quorum", "quorum": 2})).await;
    let why =
        "This step applies to every report. It is decided by the members the workflow names, 2 of whom have to agree.";
    assert_eq!((reasons(&report), &report["steps"][0]["remaining"]), (vec![why], &json!(2)));
    let agreed = world.approve(&people[0], &report).await.expect(200);
    assert_eq!((&agreed["status"], &agreed["steps"][0]["remaining"]), (&json!("submitted"), &json!(1)));
    assert_eq!(queues(&world, &people).await, [vec![], vec![2], vec![2]]);
    assert_eq!(world.approve(&people[2], &agreed).await.expect(200)["status"], "approved");
    assert_eq!(queues(&world, &people).await, NONE);
}

#[tokio::test]
async fn above_a_managers_limit_the_next_one_up_decides() {
    let world = World::new().await;
    let nora = world.hire("Nora", &json!({})).await;
    world.change(&world.marco, &json!({"manager_id": nora.id, "approval_limit": eur("100.00")})).await;
    assert_eq!(asked(&world.submitted("100.00").await), [["Marco Rossi"]]);
    let report = world.submitted("100.01").await;
    assert_eq!(asked(&report), [["Nora"]]);
    let why = "This step applies to every report. It is for the owner's manager. \
               An approver has an approval limit below the total, so the next manager up decides.";
    assert_eq!(reasons(&report), [why]);
    world.approve(&world.marco, &report).await.problem(404, "/problems/not-found");
    assert_eq!(world.approve(&nora, &report).await.expect(200)["status"], "approved");
}

#[tokio::test]
async fn a_limit_lowered_later_still_binds() {
    let world = World::new().await;
    let report = world.submitted("80.00").await;
    world.change(&world.marco, &json!({"approval_limit": eur("79.99")})).await;
    let answer = world.approve(&world.marco, &report).await;
    answer.problem(403, "/problems/approval-limit");
    let detail =
        "The total of 80.00 EUR is above the 79.99 EUR you may decide on here. An admin can reassign the step.";
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
async fn small_and_flawless_reports_are_approved_at_once() {
    let world = World::new().await;
    world.rule(&json!({"auto_approve_below": eur("50.00")})).await;
    let report = world.submitted("49.99").await;
    assert_eq!((&report["status"], &report["steps"], &report["version"]), (&json!("approved"), &json!([]), &json!(1)));
    let told = world.mail(&world.ana, 2).await.remove(1);
    assert_eq!(told["subject"], "Approved: Client visit Lyon, 49.99 EUR");
    assert!(
        told["text"].as_str().unwrap().contains("The policy approves reports below 50.00 EUR by itself."),
        "{told}"
    );
    let history = world.ana.get(&world.report(&report, "history")).await.expect(200);
    assert_eq!(history["items"][1]["type"], "report.auto_approved");

    let bakery = line("12.00", &json!({"merchant": "Bakery"}));
    let draft = json!({"title": "In two calls", "expenses": [bakery.clone()]});
    let draft = world.ana.post(&world.path("reports"), &draft).await.expect(201);
    let approved = world.ana.post(&world.report(&draft, "submit"), &json!({})).await.expect(200);
    assert_eq!((&approved["status"], &approved["steps"]), (&json!("approved"), &json!([])));
    assert_eq!(world.queue(&world.marco).await, [] as [Value; 0]);

    // At the amount itself, with any finding, or said twice, people decide.
    let hotel = line("50.00", &json!({"merchant": "Hotel"}));
    let at_it = world.claim(&world.ana, &[hotel]).await.expect(201);
    assert_eq!((&at_it["status"], asked(&at_it)), (&json!("submitted"), vec![vec!["Marco Rossi".to_owned()]]));
    let flawed = world.claim(&world.ana, &[with(bare("30.00"), &json!({"merchant": "Kiosk"}))]).await.expect(201);
    assert_eq!(
        (&flawed["status"], &flawed["violations"][0]["rule"]),
        (&json!("submitted"), &json!("receipt-required"))
    );
    let twice = world.claim(&world.ana, &[bakery]).await.expect(201);
    assert_eq!((&twice["status"], &twice["violations"][0]["rule"]), (&json!("submitted"), &json!("duplicate")));
    let message = twice["violations"][0]["message"].as_str().unwrap();
    assert!(message.contains(approved["number"].as_str().unwrap()), "{message}");
    // One bill in several small reports is not small.
    let part = world.submitted("0.01").await;
    assert_eq!((&part["status"], &part["violations"]), (&json!("submitted"), &json!([])));
    assert_eq!(world.queue(&world.marco).await.len(), 4);
    // The invitation and the four that ask him: nothing about what the policy approved.
    assert_eq!(world.mail(&world.marco, 5).await.len(), 5);
}

#[tokio::test]
async fn who_makes_the_rules_or_shares_a_claim_is_not_approved_at_once() {
    let world = World::new().await;
    world.rule(&json!({"auto_approve_below": eur("50.00")})).await;
    let sue = world.hire("Sue", &json!({"role": "admin"})).await;
    let small =
        |members: Value| with(json!({"title": "Lyon", "expenses": [expense("5.00")], "submit": true}), &members);
    let for_ana = json!({"owner_id": world.ana.id});
    for (who, body) in [
        (&world.fiona, small(json!({}))),
        (&sue, small(json!({}))),
        (&world.fiona, small(for_ana)),
        (&world.ana, small(json!({"payee_id": world.marco.id}))),
    ] {
        let report = who.post(&world.path("reports"), &body).await.expect(201);
        assert_eq!((&report["status"], asked(&report).len()), (&json!("submitted"), 1), "{body}");
    }
    assert_eq!(world.claim(&world.marco, &[expense("5.00")]).await.expect(201)["status"], "approved");
}

#[tokio::test]
async fn without_anybody_who_may_nothing_is_stored() {
    let world = World::new().await;
    let manager = step("Manager", &json!({"kind": "manager"}));
    world.rule(&json!({"steps": [manager], "fallback": null})).await;
    let body = json!({"title": "Lyon", "expenses": [expense("40.00")], "submit": true});
    let refused = world.marco.post(&world.path("reports"), &body).await;
    refused.problem(409, "/problems/no-approver");
    assert!(refused.json()["detail"].as_str().unwrap().contains("the step Manager"), "{}", refused.text);
    assert_eq!(world.marco.get(&world.path("reports")).await.expect(200)["items"], json!([]));

    let draft = json!({"title": "Lyon", "expenses": [expense("40.00")]});
    let draft = world.marco.post(&world.path("reports"), &draft).await.expect(201);
    world.marco.post(&world.report(&draft, "submit"), &json!({})).await.problem(409, "/problems/no-approver");
    assert_eq!(world.marco.get(&world.report(&draft, "")).await.expect(200), draft);

    // A fallback helps those it may decide for, and nobody else.
    let manager = step("Manager", &json!({"kind": "manager"}));
    world.rule(&json!({"steps": [manager], "fallback": {"kind": "members", "members": [world.fiona.id]}})).await;
    let report = world.marco.post(&world.report(&draft, "submit"), &json!({})).await.expect(200);
    assert_eq!(asked(&report), [["Fiona Byrne"]]);
    let why = "This step applies to every report. It is for the owner's manager. \
               There is nobody who may, so the fallback approvers decide.";
    assert_eq!(reasons(&report), [why]);
    world.fiona.post(&world.path("reports"), &body).await.problem(409, "/problems/no-approver");
}

#[tokio::test]
async fn decisions_are_due_after_working_days() {
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

    world.rule(&json!({"steps": steps})).await;
    let report = world.claim(&world.ana, &lines).await.expect(201);
    assert_eq!((&report["steps"][0]["due_on"], &report["steps"][1]["due_on"]), (&json!(weekdays[1]), &Value::Null));
    assert_eq!(report["steps"][0]["escalates_to"], json!([{"id": world.admin.id, "name": "Ada Admin"}]));
    assert_eq!(report["steps"][1]["escalates_to"], json!([]));
    assert_eq!(world.queue(&world.marco).await[0]["due_on"], json!(weekdays[1]));
    let next = world.approve(&world.marco, &report).await.expect(200);
    assert_eq!(next["steps"][1]["due_on"], json!(weekdays[5]));

    let days = json!({"effect": "warn", "holidays": [weekdays[0], weekdays[2], weekdays[4]]});
    world.rule(&json!({"steps": steps, "non_working_days": days})).await;
    let report = world.claim(&world.ana, &lines).await.expect(201);
    assert_eq!(report["steps"][0]["due_on"], json!(weekdays[3]));
    let next = world.approve(&world.marco, &report).await.expect(200);
    assert_eq!(next["steps"][1]["due_on"], json!(weekdays[8]));
}

#[tokio::test]
async fn finance_returns_what_was_approved() {
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
    // What Marco decided stays decided; it is not he who returned it.
    assert_eq!(returned["steps"][0]["status"], "approved");
    let told = world.mail(&world.ana, 3).await.remove(2);
    assert_eq!(told["subject"], "Returned: Client visit Lyon, 40.00 EUR");
    for fact in ["Fiona Byrne returned it to you", "The receipt is of another day."] {
        assert!(told["text"].as_str().unwrap().contains(fact), "{fact} in {told}");
    }
    world.decide(&world.fiona, &returned, "return", &reason).await.problem(409, "/problems/invalid-state");
    let again = world.ana.post(&world.report(&returned, "submit"), &json!({})).await.expect(200);
    assert_eq!((&again["status"], asked(&again)), (&json!("submitted"), vec![vec!["Marco Rossi".to_owned()]]));
    assert_eq!(world.approve(&world.marco, &again).await.expect(200)["status"], "approved");
}
