//! Policy limits per expense, day, month, report and trip: effects, counted expenses, restrictions.

use serde_json::{Value, json};

use crate::support::{Answer, Person, World, day, eur, expense, last_month, today, violations, with};

fn line(amount: &str, more: &Value) -> Value {
    with(expense(amount), more)
}

/// A limit in EUR; `more` holds its effect and restrictions.
fn limit(period: &str, amount: &str, more: &Value) -> Value {
    with(json!({"period": period, "amount": eur(amount)}), more)
}

#[track_caller]
fn validation_errors(answer: &Answer) -> Vec<String> {
    answer.problem(422, "/problems/validation-failed")
}

/// Reimbursable amount, and amount not reimbursed.
fn reimbursement(report: &Value) -> (&str, &str) {
    let amount = |name: &str| report["totals"][name]["amount"].as_str().unwrap();
    (amount("reimbursable"), amount("not_reimbursed"))
}

#[tokio::test]
async fn limit_period_counts_only_its_own_expenses() {
    let block = json!({"effect": "block", "categories": ["travel"]});
    let (one, two) = (json!({"date": last_month(1)}), json!({"date": last_month(2)}));
    let (lyon, early) = (json!({"trip": "Lyon"}), json!({"trip": "Lyon", "date": last_month(2)}));
    let (paris, meal) = (json!({"trip": "Paris"}), json!({"category": "meals"}));
    let none = json!({});
    // Expenses that use the limit exactly, some that do not count, and one that exceeds it by a cent.
    let cases = [
        ("expense", vec![("100.00", &none), ("100.00", &none)], ("100.01", &none)),
        ("day", vec![("60.00", &one), ("40.00", &one), ("60.00", &two), ("99.00", &meal)], ("0.01", &one)),
        ("month", vec![("60.00", &one), ("40.00", &two), ("70.00", &none)], ("0.01", &two)),
        ("report", vec![("60.00", &one), ("40.00", &none), ("99.00", &meal)], ("0.01", &two)),
        ("trip", vec![("60.00", &early), ("40.00", &lyon), ("60.00", &paris), ("60.00", &none)], ("0.01", &lyon)),
    ];
    for (period, fits, (cent, more)) in cases {
        let world = World::new().await;
        world.put_policy(&json!({"limits": [limit(period, "100.00", &block)], "receipt_required_from": null})).await;
        let mut lines: Vec<Value> = fits.iter().map(|(amount, more)| line(amount, more)).collect();
        let mut over = lines.clone();
        over.push(line(cent, more));
        let faults = validation_errors(&world.submit_expenses(&world.ana, &over).await);
        let at = if period == "expense" { lines.len() } else { 0 };
        assert_eq!(faults, [format!("/expenses/{at}/amount {period}-limit")]);
        let report = world.submit_expenses(&world.ana, &lines).await.expect(201);
        assert_eq!(violations(&report), Vec::<String>::new(), "{period}");

        // As a warning it reports the same numbers and lists the expenses counted together.
        let warn = json!({"categories": ["travel"]});
        world.put_policy(&json!({"limits": [limit(period, "100.00", &warn)]})).await;
        let own = with(line(cent, more), &json!({"justification": "It was late."}));
        lines.push(own);
        let marco = world.submit_expenses(&world.marco, &lines).await.expect(201);
        assert_eq!(violations(&marco), [format!("{period}-limit warn 100.00 100.01")]);
        let together =
            if period == "report" || period == "trip" || period == "day" || period == "month" { 3 } else { 1 };
        assert_eq!(marco["violations"][0]["expense_ids"].as_array().unwrap().len(), together, "{period}");
    }
}

#[tokio::test]
async fn limit_restrictions_select_most_specific_limit() {
    let world = World::new().await;
    let limits = [
        limit("expense", "80.00", &json!({"effect": "block"})),
        limit("expense", "120.00", &json!({"effect": "block", "grades": ["senior"]})),
        limit("expense", "500.00", &json!({"effect": "block", "payment_methods": ["company_card"]})),
        limit(
            "expense",
            "900.00",
            &json!({"effect": "block", "payment_methods": ["company_card"], "grades": ["senior"]}),
        ),
    ];
    world.put_policy(&json!({"limits": limits})).await;
    let host = world.org.replace('_', "-");
    let boss = json!({"manager_id": world.marco.id, "grade": "senior"});
    let senior = world.join("Sara Senior", &format!("sara@{host}.example.com"), &boss).await;
    let card = json!({"payment_method": "company_card"});
    let none = json!({});
    // PC-052: among the matching limits the most restricted one applies, even when it is higher.
    for (person, most, cent, more) in [
        (&world.ana, "80.00", "80.01", &none),
        (&senior, "120.00", "120.01", &none),
        (&world.ana, "500.00", "500.01", &card),
        (&senior, "900.00", "900.01", &card),
    ] {
        let report = world.submit_expenses(person, &[line(most, more)]).await.expect(201);
        assert_eq!(violations(&report), Vec::<String>::new());
        assert_eq!(
            validation_errors(&world.submit_expenses(person, &[line(cent, more)]).await),
            ["/expenses/0/amount expense-limit"]
        );
    }
    let claimed = world.submit_expenses(&senior, &[line("100.00", &none)]).await.expect(201);
    assert_eq!(violations(&claimed), Vec::<String>::new(), "PC-052");
}

#[tokio::test]
async fn first_of_equally_specific_limits_applies() {
    let world = World::new().await;
    // PC-053: the order decides, not the amount.
    let meals = json!({"categories": ["travel"]});
    let justified = line("150.00", &json!({"justification": "No other room."}));
    let (low, high) = (limit("expense", "100.00", &meals), limit("expense", "200.00", &meals));
    world.put_policy(&json!({"limits": [low, high]})).await;
    let report = world.submit_expenses(&world.ana, std::slice::from_ref(&justified)).await.expect(201);
    assert_eq!(violations(&report), ["expense-limit warn 100.00 150.00"]);
    world.put_policy(&json!({"limits": [high, low]})).await;
    let report = world.submit_expenses(&world.ana, &[justified]).await.expect(201);
    assert_eq!(violations(&report), Vec::<String>::new());
}

#[tokio::test]
async fn foreign_currency_limit_is_converted() {
    let world = World::new().await;
    let usd = |amount: &str| json!({"amount": amount, "currency": "USD"});
    let limit = json!({"period": "expense", "amount": usd("100.00"), "effect": "block"});
    world.put_policy(&json!({"limits": [limit]})).await;
    let faults = validation_errors(&world.submit_expenses(&world.ana, &[expense("1.00")]).await);
    assert_eq!(faults, ["/expenses limit"], "without a rate the limit cannot be converted");

    let rates = json!({"rates": {"USD": "0.90", "GBP": "1.20"}, "source": "ECB"});
    world.fiona.put(&world.path(&format!("rates/{}", day(1))), &rates).await.expect(200);
    // 100.00 USD are 90.00 EUR, or 75.00 GBP.
    for (currency, fits, over) in [("USD", "100.00", "100.01"), ("EUR", "90.00", "90.01"), ("GBP", "75.00", "75.01")] {
        let paid = |amount: &str| line("1.00", &json!({"amount": {"amount": amount, "currency": currency}}));
        world.submit_expenses(&world.ana, &[paid(fits)]).await.expect(201);
        let faults = validation_errors(&world.submit_expenses(&world.ana, &[paid(over)]).await);
        assert_eq!(faults, ["/expenses/0/amount expense-limit"], "{currency}");
    }
}

#[tokio::test]
async fn warning_requires_justification_on_one_expense() {
    let world = World::new().await;
    world.put_policy(&json!({"limits": [limit("day", "12.00", &json!({}))]})).await;
    let why = json!({"justification": "Two of us."});
    let (plain, justified) = (line("8.00", &json!({})), line("8.00", &why));
    let faults = validation_errors(&world.submit_expenses(&world.ana, &[plain.clone(), plain.clone()]).await);
    assert_eq!(faults, ["/expenses/0/justification day-limit"]);
    let report = world.submit_expenses(&world.ana, &[plain, justified]).await.expect(201);
    assert_eq!(violations(&report), ["day-limit warn 12.00 16.00"]);
    let said = format!("2 expenses, together 16.00 EUR, are above the limit of 12.00 EUR per day, on {}.", today());
    assert_eq!(report["violations"][0]["message"], said);
    assert_eq!(reimbursement(&report), ("16.00", "0.00"));
}

#[tokio::test]
async fn amount_above_cap_is_visible_but_not_reimbursed() {
    let world = World::new().await;
    // PC-150 and PC-056 as a cap on each expense; PC-151 as a warning.
    for (cap, entered, granted, excess) in
        [("12.00", "16.00", "12.00", "4.00"), ("100.00", "150.00", "100.00", "50.00")]
    {
        world.put_policy(&json!({"limits": [limit("expense", cap, &json!({"effect": "cap"}))]})).await;
        let report = world.submit_expenses(&world.ana, &[expense(entered)]).await.expect(201);
        assert_eq!(violations(&report), [format!("expense-limit warn {cap} {entered}")]);
        assert_eq!(reimbursement(&report), (granted, excess));
        assert_eq!(report["expenses"][0]["approved_amount"], eur(granted));
        assert_eq!((&report["expenses"][0]["amount"], &report["totals"]["total"]), (&eur(entered), &eur(entered)));
    }
    world.put_policy(&json!({"limits": [limit("expense", "12.00", &json!({}))]})).await;
    let justified = line("16.00", &json!({"justification": "PC-151"}));
    let report = world.submit_expenses(&world.ana, &[justified]).await.expect(201);
    assert_eq!(
        (violations(&report), reimbursement(&report)),
        (vec!["expense-limit warn 12.00 16.00".to_owned()], ("16.00", "0.00"))
    );
}

#[tokio::test]
async fn daily_and_monthly_cap_includes_earlier_reports() {
    // PC-152: the limit applies to the owner's spending in the day or month, earlier reports included.
    for (period, first, second) in [("day", last_month(3), last_month(3)), ("month", last_month(3), last_month(9))] {
        let world = World::new().await;
        world.put_policy(&json!({"limits": [limit(period, "100.00", &json!({"effect": "cap"}))]})).await;
        let one = world.submit_expenses(&world.ana, &[line("70.00", &json!({"date": first}))]).await.expect(201);
        assert_eq!((violations(&one), reimbursement(&one)), (Vec::new(), ("70.00", "0.00")));
        let lines = [line("25.00", &json!({"date": second})), line("20.00", &json!({"date": second}))];
        let two = world.submit_expenses(&world.ana, &lines).await.expect(201);
        assert_eq!(
            (violations(&two), reimbursement(&two)),
            (vec![format!("{period}-limit warn 100.00 115.00")], ("30.00", "15.00"))
        );
        // Only approved amounts count, and the limit is used up.
        let card = line("9.00", &json!({"date": second, "payment_method": "company_card"}));
        let three =
            world.submit_expenses(&world.ana, &[line("5.00", &json!({"date": second})), card]).await.expect(201);
        assert_eq!(
            (violations(&three), reimbursement(&three)),
            (vec![format!("{period}-limit warn 100.00 114.00")], ("0.00", "5.00"))
        );
        let marco = world.submit_expenses(&world.marco, &[line("100.00", &json!({"date": second}))]).await.expect(201);
        assert_eq!(reimbursement(&marco), ("100.00", "0.00"), "limits apply per member");
    }
}

/// Claims 60.00 of a limit of 100.00, runs `then` on that report, and returns true when another 60.00 fit.
async fn has_room_after(world: &World, more: &Value, then: impl AsyncFn(&Person, &Value)) -> bool {
    let report = world.submit_expenses(&world.ana, &[line("60.00", more)]).await.expect(201);
    let blocked = world.submit_expenses(&world.ana, &[line("60.00", more)]).await;
    assert_eq!(validation_errors(&blocked).len(), 1);
    then(&world.marco, &report).await;
    let answer = world.submit_expenses(&world.ana, &[line("60.00", more)]).await;
    if answer.status == 201 {
        let report = answer.json();
        world.ana.post(&world.report(&report, "recall"), &json!({})).await.expect(200);
    }
    answer.status == 201
}

#[tokio::test]
async fn only_submitted_and_approved_reports_count() {
    for (period, more) in
        [("day", json!({})), ("month", json!({"date": last_month(5)})), ("trip", json!({"trip": "Lyon"}))]
    {
        let world = World::new().await;
        world.put_policy(&json!({"limits": [limit(period, "100.00", &json!({"effect": "block"}))]})).await;
        for _ in 0..3 {
            world.draft(&world.ana, &[line("60.00", &more)]).await;
        }
        world.submit_expenses(&world.marco, &[line("60.00", &more)]).await.expect(201);
        let reason = json!({"reason": "Which client?"});
        let decide = async |who: &Person, report: &Value, action: &str| {
            who.post_at(&world.report(report, action), 1, &reason).await.expect(200);
        };
        assert!(
            has_room_after(&world, &more, async |who, report| decide(who, report, "return").await).await,
            "{period}"
        );
        assert!(
            has_room_after(&world, &more, async |who, report| decide(who, report, "reject").await).await,
            "{period}"
        );
        let recall = async |_: &Person, report: &Value| {
            world.ana.post(&world.report(report, "recall"), &json!({})).await.expect(200);
        };
        assert!(has_room_after(&world, &more, recall).await, "{period}");
        let approve = async |who: &Person, report: &Value| {
            let approved = who.post_at(&world.report(report, "approve"), 1, &json!({})).await.expect(200);
            assert_eq!(approved["status"], "approved");
        };
        assert!(!has_room_after(&world, &more, approve).await, "{period}: an approved report counts");
        world.submit_expenses(&world.ana, &[line("40.00", &more)]).await.expect(201);
        assert_eq!(
            validation_errors(&world.submit_expenses(&world.ana, &[line("0.01", &more)]).await),
            [format!("/expenses/0/amount {period}-limit")]
        );
    }
}

#[tokio::test]
async fn edited_report_counts_with_current_values() {
    let world = World::new().await;
    world.put_policy(&json!({"limits": [limit("month", "100.00", &json!({"effect": "block"}))]})).await;
    let report = world.submit_expenses(&world.ana, &[expense("60.00")]).await.expect(201);
    // A report does not count against itself when it is evaluated again.
    let more = json!({"amount": eur("100.00")});
    let changed = world.ana.patch(&world.line(&report, 0, ""), &more).await.expect(200);
    assert_eq!((&changed["status"], violations(&changed)), (&json!("submitted"), Vec::new()));
    assert_eq!(
        validation_errors(&world.submit_expenses(&world.ana, &[expense("0.01")]).await),
        ["/expenses/0/amount month-limit"]
    );
    let less = json!({"amount": eur("30.00")});
    world.ana.patch(&world.line(&report, 0, ""), &less).await.expect(200);
    world.submit_expenses(&world.ana, &[expense("70.00")]).await.expect(201);
    // Moved to another month, the expense frees the limit of this one.
    world.ana.patch(&world.line(&report, 0, ""), &json!({"date": last_month(4)})).await.expect(200);
    world.submit_expenses(&world.ana, &[expense("30.00")]).await.expect(201);
    assert_eq!(
        validation_errors(&world.submit_expenses(&world.ana, &[expense("0.01")]).await),
        ["/expenses/0/amount month-limit"]
    );
}

#[tokio::test]
async fn concurrent_reports_above_limit_have_one_winner() {
    let world = World::new().await;
    world.put_policy(&json!({"limits": [limit("month", "100.00", &json!({"effect": "block"}))]})).await;
    // The first write of a member binds their identity, which is a race of its own.
    world.draft(&world.ana, &[]).await;
    let lines = [expense("60.00")];
    for round in 0..10 {
        let (one, other) =
            tokio::join!(world.submit_expenses(&world.ana, &lines), world.submit_expenses(&world.ana, &lines));
        let (won, lost) = if one.status == 201 { (one, other) } else { (other, one) };
        let report = won.expect(201);
        assert_eq!(validation_errors(&lost), ["/expenses/0/amount month-limit"], "round {round}");
        world.ana.post(&world.report(&report, "recall"), &json!({})).await.expect(200);
    }
}

#[tokio::test]
async fn eight_concurrent_reports_are_all_submitted() {
    let world = World::new().await;
    world.draft(&world.ana, &[]).await;
    // Each conflict means that another request succeeded; a request is retried up to seven times.
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let world = world.clone();
            tokio::spawn(async move { world.submit_expenses(&world.ana, &[expense("10.00")]).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().expect(201);
    }
    let list = world.ana.get(&world.path("reports?status=submitted&limit=100")).await.expect(200);
    assert_eq!(list["items"].as_array().unwrap().len(), 8);
}

/// The capped part counts in no other limit, in this report or another, also after recall and resubmission.
#[tokio::test]
async fn capped_excess_does_not_count_towards_other_limits() {
    let world = World::new().await;
    let caps = limit("day", "40.00", &json!({"effect": "cap"}));
    let month = limit("month", "50.00", &json!({"effect": "block"}));
    world.put_policy(&json!({"limits": [month, caps]})).await;
    let report = world.submit_expenses(&world.ana, &[line("60.00", &json!({}))]).await.expect(201);
    assert_eq!(reimbursement(&report), ("40.00", "20.00"));
    world.ana.post(&world.report(&report, "recall"), &json!({})).await.expect(200);
    let again = world.ana.post(&world.report(&report, "submit"), &json!({})).await.expect(200);
    assert_eq!(reimbursement(&again), ("40.00", "20.00"));
}
