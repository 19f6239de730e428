//! Policy rules other than limits: duplicates, splitting, required fields, non-working days, age, categories, tax,
//! codes.

use serde_json::{Value, json};

use crate::support::{Person, World, day, eur, expense, last_month, violations, with};

/// Categories of the usual policy with changes to `travel`.
fn categories_with_travel(more: &Value) -> Value {
    let mut categories = World::policy()["categories"].clone();
    categories[0] = with(categories[0].clone(), more);
    categories
}

async fn faults(world: &World, person: &Person, lines: &[Value]) -> Vec<String> {
    world.submit_expenses(person, lines).await.problem(422, "/problems/validation-failed")
}

/// Last day of this weekday before today.
fn last_weekday(weekday: jiff::civil::Weekday) -> String {
    let is = |date: &String| date.parse::<jiff::civil::Date>().unwrap().weekday() == weekday;
    (1..8).map(day).find(is).unwrap()
}

#[tokio::test]
async fn duplicate_expense_is_reported_with_earlier_report() {
    let world = World::new().await;
    world.put_policy(&json!({"duplicates": "warn"})).await;
    let bare = with(expense("40.00"), &json!({"date": last_month(3), "merchant": "Hôtel du Nord"}));
    let wanted = ["/expenses/0/justification duplicate"];
    assert_eq!(faults(&world, &world.marco, &[bare.clone(), bare.clone()]).await, wanted);
    let line = with(bare, &json!({"justification": "Two rooms."}));
    let twice = world.submit_expenses(&world.marco, &[line.clone(), line.clone()]).await.expect(201);
    assert_eq!(violations(&twice), ["duplicate warn - -"]);
    let message = format!("40.00 EUR at Hôtel du Nord on {} is claimed 2 times.", last_month(3));
    assert_eq!(twice["violations"][0]["message"], json!(message));
    assert_eq!(twice["violations"][0]["expense_ids"].as_array().unwrap().len(), 2);

    // Drafts and reports of other owners do not count as earlier claims.
    world.draft(&world.ana, std::slice::from_ref(&line)).await;
    let first = world.submit_expenses(&world.ana, std::slice::from_ref(&line)).await.expect(201);
    assert_eq!(violations(&first), Vec::<String>::new());
    // The merchant's spelling does not matter. Another amount, day or merchant is another expense.
    let again = with(line.clone(), &json!({"merchant": "HÔTEL-DU-NORD.", "category": "meals"}));
    let other = [json!({"amount": eur("40.01")}), json!({"date": last_month(4)}), json!({"merchant": "Hôtel du Sud"})];
    let others: Vec<Value> = other.iter().map(|other| with(line.clone(), other)).collect();
    let second = world.submit_expenses(&world.ana, &[others, vec![again.clone()]].concat()).await.expect(201);
    assert_eq!(violations(&second), ["duplicate warn - -"]);
    let number = first["number"].as_str().unwrap();
    let message = format!("40.00 EUR at HÔTEL-DU-NORD. on {} is claimed in {number} already.", last_month(3));
    assert_eq!(second["violations"][0]["message"], json!(message));
    assert_eq!(second["violations"][0]["expense_ids"], json!([second["expenses"][3]["id"]]));

    world.put_policy(&json!({"duplicates": "block"})).await;
    assert_eq!(faults(&world, &world.ana, std::slice::from_ref(&line)).await, ["/expenses/0/amount duplicate"]);
    for report in [first, second] {
        let path = world.report(&report, "reject");
        world.marco.post_at(&path, 1, &json!({"reason": "Private."})).await.expect(200);
    }
    let now = world.submit_expenses(&world.ana, &[line]).await.expect(201);
    assert_eq!(violations(&now), Vec::<String>::new(), "rejected reports do not count as claims");
}

#[tokio::test]
async fn duplicate_is_ignored_without_duplicate_rule() {
    let world = World::new().await;
    for _ in 0..2 {
        let report = world.submit_expenses(&world.ana, &[expense("8.00"), expense("8.00")]).await.expect(201);
        assert_eq!(violations(&report), Vec::<String>::new());
    }
}

#[tokio::test]
async fn split_bill_counts_against_limit_as_one() {
    let world = World::new().await;
    let limits = |effect: &str| json!([{"period": "expense", "amount": eur("60.00"), "effect": effect}]);
    world.put_policy(&json!({"splitting": true, "limits": limits("block")})).await;
    let line = |amount: &str| with(expense(amount), &json!({"date": last_month(3)}));
    let other = with(line("60.00"), &json!({"merchant": "DB"}));
    let two = [other.clone(), line("40.00"), line("20.01")];
    assert_eq!(faults(&world, &world.ana, &two).await, ["/expenses/1/amount splitting"]);
    // The day before, or another merchant, is another visit.
    let yesterday = with(line("60.00"), &json!({"date": last_month(2)}));
    world.submit_expenses(&world.ana, &[other, yesterday, line("40.00")]).await.expect(201);
    // Expenses of an earlier report count.
    assert_eq!(faults(&world, &world.ana, &[line("20.01")]).await, ["/expenses/0/amount splitting"]);
    world.put_policy(&json!({"splitting": true, "limits": limits("cap")})).await;
    let capped = world.submit_expenses(&world.ana, &[line("25.00")]).await.expect(201);
    assert_eq!(violations(&capped), ["splitting warn 60.00 65.00"]);
    assert_eq!((&capped["totals"]["reimbursable"], &capped["totals"]["not_reimbursed"]), (&eur("20.00"), &eur("5.00")));

    let bare = json!({"receipt_reference": null, "date": last_month(9)});
    let small = [with(expense("15.00"), &bare), with(expense("10.00"), &bare)];
    let report = world.submit_expenses(&world.ana, &small).await.expect(201);
    assert_eq!(violations(&report), ["splitting warn 25.00 25.00"]);
    world.put_policy(&json!({"splitting": false})).await;
    assert_eq!(violations(&world.submit_expenses(&world.ana, &small).await.expect(201)), Vec::<String>::new());
}

#[tokio::test]
async fn category_required_fields_are_enforced() {
    let world = World::new().await;
    let requires = json!({"requires": ["attendees", "project", "cost_centre", "justification"]});
    world.put_policy(&json!({"categories": categories_with_travel(&requires)})).await;
    let meal = with(expense("8.00"), &json!({"category": "meals"}));
    let expected = ["attendees", "cost_centre", "justification", "project"]
        .map(|name| format!("/expenses/1/{name} required-field"));
    assert_eq!(faults(&world, &world.ana, &[meal.clone(), expense("8.00")]).await, expected);
    let all = json!({"attendees": ["Ana"], "project": "P1", "cost_centre": "CC1", "justification": "Fair."});
    let report = world.submit_expenses(&world.ana, &[with(expense("8.00"), &all)]).await.expect(201);
    assert_eq!(violations(&report), Vec::<String>::new());
    // An expense without a cost centre has that of the report.
    let mut rest = all.clone();
    rest.as_object_mut().unwrap().remove("cost_centre");
    let lines = [with(expense("8.00"), &rest)];
    assert_eq!(faults(&world, &world.ana, &lines).await, ["/expenses/0/cost_centre required-field"]);
    let body = json!({"title": "Fair", "cost_centre": "CC1", "expenses": lines, "submit": true});
    world.ana.post(&world.path("reports"), &body).await.expect(201);
}

#[tokio::test]
async fn non_working_day_requires_justification_or_blocks() {
    use jiff::civil::Weekday::{Saturday, Sunday, Wednesday};
    let world = World::new().await;
    let holiday = last_weekday(Wednesday);
    let rule =
        |effect: &str, holidays: &[&String]| json!({"non_working_days": {"effect": effect, "holidays": holidays}});
    world.put_policy(&rule("warn", &[&holiday])).await;
    for (date, kind) in
        [(last_weekday(Saturday), "a weekend"), (last_weekday(Sunday), "a weekend"), (holiday.clone(), "a holiday")]
    {
        let line = with(expense("8.00"), &json!({"date": date}));
        let wanted = ["/expenses/0/justification non-working-day"];
        assert_eq!(faults(&world, &world.ana, std::slice::from_ref(&line)).await, wanted);
        let line = with(line, &json!({"justification": "The fair was then."}));
        let report = world.submit_expenses(&world.ana, &[line]).await.expect(201);
        assert_eq!(violations(&report), ["non-working-day warn - -"]);
        let message = format!("8.00 EUR at SNCF on {date} is on {kind}.");
        assert_eq!(report["violations"][0]["message"], json!(message));
    }
    world.put_policy(&rule("block", &[])).await;
    let justified = |date: String| with(expense("8.00"), &json!({"date": date, "justification": "The fair was then."}));
    assert_eq!(
        faults(&world, &world.ana, &[justified(last_weekday(Sunday))]).await,
        ["/expenses/0/date non-working-day"]
    );
    let working = world.submit_expenses(&world.ana, &[justified(holiday)]).await.expect(201);
    assert_eq!(violations(&working), Vec::<String>::new());
}

#[tokio::test]
async fn expense_age_is_counted_in_days() {
    let world = World::new().await;
    world.put_policy(&json!({"maximum_age_days": 10})).await;
    let lines = [10, 11, 300].map(|back| with(expense("8.00"), &json!({"date": day(back)})));
    let report = world.submit_expenses(&world.ana, &lines).await.expect(201);
    assert_eq!(violations(&report), ["maximum-age warn 10 11", "maximum-age warn 10 300"]);
    assert_eq!(report["violations"][0]["message"], "8.00 EUR at SNCF is 11 days old; the policy allows 10.");
}

#[tokio::test]
async fn category_outside_active_dates_is_rejected() {
    let world = World::new().await;
    let dates = json!({"active_from": last_month(3), "active_until": last_month(5)});
    world.put_policy(&json!({"categories": categories_with_travel(&dates)})).await;
    let on = |number| with(expense("8.00"), &json!({"date": last_month(number)}));
    let report = world.submit_expenses(&world.ana, &[on(3), on(4), on(5)]).await.expect(201);
    assert_eq!(violations(&report), Vec::<String>::new());
    let wrong = ["/expenses/0/category inactive-category", "/expenses/2/category inactive-category"];
    assert_eq!(faults(&world, &world.ana, &[on(2), on(4), on(6)]).await, wrong);
}

#[tokio::test]
async fn category_default_tax_is_included_in_amount() {
    let world = World::new().await;
    let usual = json!({"receipt_required_from": null, "limits": []});
    // PC-001, PC-003, PC-159.
    for (rate, amount, tax, net) in [
        ("15", "1600.00", "208.70", "1391.30"),
        ("15", "1000.00", "130.43", "869.57"),
        ("20", "19.99", "3.33", "16.66"),
    ] {
        let categories = categories_with_travel(&json!({"default_tax": rate}));
        world.put_policy(&with(usual.clone(), &json!({"categories": categories}))).await;
        let meal = with(expense(amount), &json!({"category": "meals"}));
        let explicit = with(expense(amount), &json!({"tax": eur("0.00")}));
        let report = world.draft(&world.ana, &[expense(amount), meal, explicit]).await;
        let taxes: Vec<_> = report["expenses"].as_array().unwrap().iter().map(|line| line["tax"].clone()).collect();
        assert_eq!(taxes, [eur(tax), eur("0.00"), eur("0.00")], "{rate} % of {amount}");
        let alone = world.draft(&world.ana, &[expense(amount)]).await;
        assert_eq!((&alone["totals"]["tax"], &alone["totals"]["net"]), (&eur(tax), &eur(net)));
        let added = world.ana.post(&world.report(&alone, "expenses"), &expense(amount)).await.expect(200);
        assert_eq!(added["expenses"][1]["tax"], eur(tax));
    }
}

#[tokio::test]
async fn unknown_codes_are_rejected_when_policy_lists_codes() {
    let world = World::new().await;
    let lines = [json!({"cost_centre": "CC9"}), json!({"project": "P9"}), json!({"category": "yachts"})]
        .map(|more| with(expense("8.00"), &more));
    assert_eq!(faults(&world, &world.ana, &lines).await, ["/expenses/2/category unknown-category"]);
    world.submit_expenses(&world.ana, &lines[..2]).await.expect(201);
    let objects = |code: &str| json!([{"code": code, "name": "Known"}]);
    world.put_policy(&json!({"cost_centres": objects("CC1"), "projects": objects("P1")})).await;
    let unknown = [
        "/expenses/0/cost_centre unknown-cost-centre",
        "/expenses/1/project unknown-project",
        "/expenses/2/category unknown-category",
    ];
    assert_eq!(faults(&world, &world.ana, &lines).await, unknown);
    let known = with(expense("8.00"), &json!({"cost_centre": "CC1", "project": "P1"}));
    world.submit_expenses(&world.ana, &[known]).await.expect(201);
}

/// A default tax follows amount and category; an explicit one stays.
#[tokio::test]
async fn default_tax_follows_amount_and_explicit_tax_stays() {
    let world = World::new().await;
    let categories = categories_with_travel(&json!({"default_tax": "19"}));
    world.put_policy(&json!({"receipt_required_from": null, "limits": [], "categories": categories})).await;
    let explicit = with(expense("119.00"), &json!({"tax": eur("7.00")}));
    let report = world.draft(&world.ana, &[expense("119.00"), explicit]).await;
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
