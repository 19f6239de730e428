//! The policy's rules beside limits: duplicates, splitting, required fields, days off, age, dates of categories, tax, known codes.

use serde_json::{Value, json};

use crate::support::{Person, World, day, eur, expense, found, last_month, with};

/// The usual policy's categories, with more said of travel.
fn travel(more: &Value) -> Value {
    let mut categories = World::policy()["categories"].clone();
    categories[0] = with(categories[0].clone(), more);
    categories
}

async fn faults(world: &World, person: &Person, lines: &[Value]) -> Vec<String> {
    world.claim(person, lines).await.problem(422, "/problems/validation-failed")
}

/// The last day of this weekday before today.
fn last(weekday: jiff::civil::Weekday) -> String {
    let is = |date: &String| date.parse::<jiff::civil::Date>().unwrap().weekday() == weekday;
    (1..8).map(day).find(is).unwrap()
}

#[tokio::test]
async fn a_line_that_was_claimed_before_is_noted_with_the_report_it_is_in() {
    let world = World::new().await;
    world.rule(&json!({"duplicates": "warn"})).await;
    let bare = with(expense("40.00"), &json!({"date": last_month(3), "merchant": "Hôtel du Nord"}));
    let wanted = ["/expenses/0/justification duplicate"];
    assert_eq!(faults(&world, &world.marco, &[bare.clone(), bare.clone()]).await, wanted);
    let line = with(bare, &json!({"justification": "Two rooms."}));
    let twice = world.claim(&world.marco, &[line.clone(), line.clone()]).await.expect(201);
    assert_eq!(found(&twice), ["duplicate warn - -"]);
    let message = format!("40.00 EUR at Hôtel du Nord on {} is claimed 2 times.", last_month(3));
    assert_eq!(twice["violations"][0]["message"], json!(message));
    assert_eq!(twice["violations"][0]["expense_ids"].as_array().unwrap().len(), 2);

    // A draft claims nothing, nor does what somebody else has filed.
    world.draft(&world.ana, std::slice::from_ref(&line)).await;
    let first = world.claim(&world.ana, std::slice::from_ref(&line)).await.expect(201);
    assert_eq!(found(&first), Vec::<String>::new());
    // However the merchant is written; another amount, day or currency is another line.
    let again = with(line.clone(), &json!({"merchant": "HÔTEL-DU-NORD.", "category": "meals"}));
    let other = [json!({"amount": eur("40.01")}), json!({"date": last_month(4)}), json!({"merchant": "Hôtel du Sud"})];
    let others: Vec<Value> = other.iter().map(|other| with(line.clone(), other)).collect();
    let second = world.claim(&world.ana, &[others, vec![again.clone()]].concat()).await.expect(201);
    assert_eq!(found(&second), ["duplicate warn - -"]);
    let number = first["number"].as_str().unwrap();
    let message = format!("40.00 EUR at HÔTEL-DU-NORD. on {} is claimed in {number} already.", last_month(3));
    assert_eq!(second["violations"][0]["message"], json!(message));
    assert_eq!(second["violations"][0]["expense_ids"], json!([second["expenses"][3]["id"]]));

    world.rule(&json!({"duplicates": "block"})).await;
    assert_eq!(faults(&world, &world.ana, std::slice::from_ref(&line)).await, ["/expenses/0/amount duplicate"]);
    for report in [first, second] {
        let path = world.report(&report, "reject");
        world.marco.post_at(&path, 1, &json!({"reason": "Private."})).await.expect(200);
    }
    let now = world.claim(&world.ana, &[line]).await.expect(201);
    assert_eq!(found(&now), Vec::<String>::new(), "what was rejected is not claimed");
}

#[tokio::test]
async fn without_the_rule_a_duplicate_is_nothing() {
    let world = World::new().await;
    for _ in 0..2 {
        let report = world.claim(&world.ana, &[expense("8.00"), expense("8.00")]).await.expect(201);
        assert_eq!(found(&report), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_bill_split_into_small_ones_is_noted() {
    let world = World::new().await;
    let limits = |effect: &str| json!([{"period": "expense", "amount": eur("60.00"), "effect": effect}]);
    world.rule(&json!({"splitting": true, "limits": limits("block")})).await;
    let line = |amount: &str| with(expense(amount), &json!({"date": last_month(3)}));
    let other = with(line("60.00"), &json!({"merchant": "DB"}));
    let two = [other.clone(), line("40.00"), line("20.01")];
    assert_eq!(faults(&world, &world.ana, &two).await, ["/expenses/1/amount splitting"]);
    // The day before, or at another merchant, it is another visit.
    let yesterday = with(line("60.00"), &json!({"date": last_month(2)}));
    world.claim(&world.ana, &[other, yesterday, line("40.00")]).await.expect(201);
    // What is in an earlier report counts.
    assert_eq!(faults(&world, &world.ana, &[line("20.01")]).await, ["/expenses/0/amount splitting"]);
    world.rule(&json!({"splitting": true, "limits": limits("cap")})).await;
    let capped = world.claim(&world.ana, &[line("25.00")]).await.expect(201);
    assert_eq!(found(&capped), ["splitting warn 60.00 65.00"]);
    assert_eq!((&capped["totals"]["reimbursable"], &capped["totals"]["not_reimbursed"]), (&eur("20.00"), &eur("5.00")));

    let bare = json!({"receipt_reference": null, "date": last_month(9)});
    let small = [with(expense("15.00"), &bare), with(expense("10.00"), &bare)];
    let report = world.claim(&world.ana, &small).await.expect(201);
    assert_eq!(found(&report), ["splitting warn 25.00 25.00"]);
    world.rule(&json!({"splitting": false})).await;
    assert_eq!(found(&world.claim(&world.ana, &small).await.expect(201)), Vec::<String>::new());
}

#[tokio::test]
async fn a_category_says_what_its_lines_must_say() {
    let world = World::new().await;
    let requires = json!({"requires": ["attendees", "project", "cost_centre", "justification"]});
    world.rule(&json!({"categories": travel(&requires)})).await;
    let meal = with(expense("8.00"), &json!({"category": "meals"}));
    let expected = ["attendees", "cost_centre", "justification", "project"]
        .map(|name| format!("/expenses/1/{name} required-field"));
    assert_eq!(faults(&world, &world.ana, &[meal.clone(), expense("8.00")]).await, expected);
    let all = json!({"attendees": ["Ana"], "project": "P1", "cost_centre": "CC1", "justification": "Fair."});
    let report = world.claim(&world.ana, &[with(expense("8.00"), &all)]).await.expect(201);
    assert_eq!(found(&report), Vec::<String>::new());
    // The cost centre of the report is that of a line which names none.
    let mut rest = all.clone();
    rest.as_object_mut().unwrap().remove("cost_centre");
    let lines = [with(expense("8.00"), &rest)];
    assert_eq!(faults(&world, &world.ana, &lines).await, ["/expenses/0/cost_centre required-field"]);
    let body = json!({"title": "Fair", "cost_centre": "CC1", "expenses": lines, "submit": true});
    world.ana.post(&world.path("reports"), &body).await.expect(201);
}

#[tokio::test]
async fn a_day_off_wants_a_justification_or_is_refused() {
    use jiff::civil::Weekday::{Saturday, Sunday, Wednesday};
    let world = World::new().await;
    let holiday = last(Wednesday);
    let rule =
        |effect: &str, holidays: &[&String]| json!({"non_working_days": {"effect": effect, "holidays": holidays}});
    world.rule(&rule("warn", &[&holiday])).await;
    for (date, kind) in [(last(Saturday), "a weekend"), (last(Sunday), "a weekend"), (holiday.clone(), "a holiday")] {
        let line = with(expense("8.00"), &json!({"date": date}));
        let wanted = ["/expenses/0/justification non-working-day"];
        assert_eq!(faults(&world, &world.ana, std::slice::from_ref(&line)).await, wanted);
        let line = with(line, &json!({"justification": "The fair was then."}));
        let report = world.claim(&world.ana, &[line]).await.expect(201);
        assert_eq!(found(&report), ["non-working-day warn - -"]);
        let message = format!("8.00 EUR at SNCF on {date} is on {kind}.");
        assert_eq!(report["violations"][0]["message"], json!(message));
    }
    world.rule(&rule("block", &[])).await;
    let justified = |date: String| with(expense("8.00"), &json!({"date": date, "justification": "The fair was then."}));
    assert_eq!(faults(&world, &world.ana, &[justified(last(Sunday))]).await, ["/expenses/0/date non-working-day"]);
    let working = world.claim(&world.ana, &[justified(holiday)]).await.expect(201);
    assert_eq!(found(&working), Vec::<String>::new());
}

#[tokio::test]
async fn age_is_counted_in_days() {
    let world = World::new().await;
    world.rule(&json!({"maximum_age_days": 10})).await;
    let lines = [10, 11, 300].map(|back| with(expense("8.00"), &json!({"date": day(back)})));
    let report = world.claim(&world.ana, &lines).await.expect(201);
    assert_eq!(found(&report), ["maximum-age warn 10 11", "maximum-age warn 10 300"]);
    assert_eq!(report["violations"][0]["message"], "8.00 EUR at SNCF is 11 days old; the policy allows 10.");
}

#[tokio::test]
async fn a_category_is_in_use_between_its_days() {
    let world = World::new().await;
    let dates = json!({"active_from": last_month(3), "active_until": last_month(5)});
    world.rule(&json!({"categories": travel(&dates)})).await;
    let on = |number| with(expense("8.00"), &json!({"date": last_month(number)}));
    let report = world.claim(&world.ana, &[on(3), on(4), on(5)]).await.expect(201);
    assert_eq!(found(&report), Vec::<String>::new());
    let wrong = ["/expenses/0/category inactive-category", "/expenses/2/category inactive-category"];
    assert_eq!(faults(&world, &world.ana, &[on(2), on(4), on(6)]).await, wrong);
}

#[tokio::test]
async fn the_tax_of_a_category_is_within_amounts_that_say_none() {
    let world = World::new().await;
    let usual = json!({"receipt_required_from": null, "limits": []});
    // PC-001, PC-003, PC-159.
    for (rate, amount, tax, net) in [
        ("15", "1600.00", "208.70", "1391.30"),
        ("15", "1000.00", "130.43", "869.57"),
        ("20", "19.99", "3.33", "16.66"),
    ] {
        let categories = travel(&json!({"default_tax": rate}));
        world.rule(&with(usual.clone(), &json!({"categories": categories}))).await;
        let meal = with(expense(amount), &json!({"category": "meals"}));
        let said = with(expense(amount), &json!({"tax": eur("0.00")}));
        let report = world.draft(&world.ana, &[expense(amount), meal, said]).await;
        let taxes: Vec<_> = report["expenses"].as_array().unwrap().iter().map(|line| line["tax"].clone()).collect();
        assert_eq!(taxes, [eur(tax), eur("0.00"), eur("0.00")], "{rate} % of {amount}");
        let alone = world.draft(&world.ana, &[expense(amount)]).await;
        assert_eq!((&alone["totals"]["tax"], &alone["totals"]["net"]), (&eur(tax), &eur(net)));
        let added = world.ana.post(&world.report(&alone, "expenses"), &expense(amount)).await.expect(200);
        assert_eq!(added["expenses"][1]["tax"], eur(tax));
    }
}

#[tokio::test]
async fn codes_are_those_of_the_policy_where_it_has_any() {
    let world = World::new().await;
    let lines = [json!({"cost_centre": "CC9"}), json!({"project": "P9"}), json!({"category": "yachts"})]
        .map(|more| with(expense("8.00"), &more));
    assert_eq!(faults(&world, &world.ana, &lines).await, ["/expenses/2/category unknown-category"]);
    world.claim(&world.ana, &lines[..2]).await.expect(201);
    let objects = |code: &str| json!([{"code": code, "name": "Known"}]);
    world.rule(&json!({"cost_centres": objects("CC1"), "projects": objects("P1")})).await;
    let unknown = [
        "/expenses/0/cost_centre unknown-cost-centre",
        "/expenses/1/project unknown-project",
        "/expenses/2/category unknown-category",
    ];
    assert_eq!(faults(&world, &world.ana, &lines).await, unknown);
    let known = with(expense("8.00"), &json!({"cost_centre": "CC1", "project": "P1"}));
    world.claim(&world.ana, &[known]).await.expect(201);
}

/// A tax that was the category's follows amount and category; one that was said stays.
#[tokio::test]
async fn a_default_tax_follows_the_amount() {
    let world = World::new().await;
    let categories = travel(&json!({"default_tax": "19"}));
    world.rule(&json!({"receipt_required_from": null, "limits": [], "categories": categories})).await;
    let said = with(expense("119.00"), &json!({"tax": eur("7.00")}));
    let report = world.draft(&world.ana, &[expense("119.00"), said]).await;
    let patched = async |line: usize, body: Value| {
        let line = format!("expenses/{}", report["expenses"][line]["id"].as_str().unwrap());
        world.ana.patch(&world.report(&report, &line), &body).await.expect(200)
    };
    let tax = |report: &Value, line: usize| report["expenses"][line]["tax"].clone();
    assert_eq!(tax(&patched(0, json!({"amount": eur("238.00")})).await, 0), eur("38.00"));
    assert_eq!(tax(&patched(0, json!({"amount": eur("15.00")})).await, 0), eur("2.39"));
    assert_eq!(tax(&patched(0, json!({"category": "meals"})).await, 0), eur("0.00"));
    assert_eq!(tax(&patched(1, json!({"amount": eur("238.00")})).await, 1), eur("7.00"));
    assert_eq!(tax(&patched(1, json!({"tax": null})).await, 1), eur("38.00"));
}
