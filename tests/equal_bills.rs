//! Which bills, trips and files are taken as the same, and which are not.

use serde_json::{Value, json};

use crate::support::files::{TICKET, attach, declaration, ticket, with_comment, without_reference};
use crate::support::{World, eur, expense, violations, with};

fn at(merchant: &str) -> Value {
    with(expense("40.00"), &json!({"merchant": merchant}))
}

async fn noting_duplicates() -> World {
    let world = World::new().await;
    world.put_policy(&json!({"duplicates": "note"})).await;
    world
}

#[tokio::test]
async fn same_bill_in_other_characters_is_found() {
    let world = noting_duplicates().await;
    for (name, others) in [
        ("Brasserie Georges", ["Brаsserie Georges", "ＢＲＡＳＳＥＲＩＥ Ｇｅｏｒｇｅｓ", "Brasserie G\u{AD}eorges"]),
        ("Οδυσσεύς", ["ΟΔΥΣΣΕΎΣ", "Οδυσσεύσ", "Οδυσσεύς."]),
        ("Taxi 24", ["ТАХІ 24", "𝐓𝐚𝐱𝐢 ②④", "Taxi\u{2060} 24"]),
        ("Straße", ["STRASSE", "ſtraße", "Strasse"]),
    ] {
        world.submit_expenses(&world.ana, &[at(name)]).await.expect(201);
        for other in others {
            let found = world.submit_expenses(&world.ana, &[at(other)]).await.expect(201);
            assert_eq!(violations(&found), ["duplicate warn - -"], "{name} and {other}");
        }
    }
}

#[tokio::test]
async fn different_merchants_are_not_duplicates() {
    let world = noting_duplicates().await;
    let long = "Gesellschaft für wissenschaftliche Datenverarbeitung";
    let (north, south) = (format!("{long} Nord"), format!("{long} Süd"));
    for (one, other) in [
        ("C++", "C#"),
        ("★★★", "🍕"),
        ("東京出張の宿泊費と交通費の精算二〇二六年秋", "東京出張の宿泊費と交通費の精算二〇二六年冬"),
        (&north, &south),
        ("Bar 1.2", "Bar 12"),
    ] {
        let report = world.submit_expenses(&world.ana, &[at(one), at(other)]).await.expect(201);
        assert_eq!(violations(&report), Vec::<String>::new(), "{one} and {other}");
    }
}

#[tokio::test]
async fn trip_limit_counts_one_trip_only() {
    let world = World::new().await;
    world.put_policy(&json!({"limits": [{"period": "trip", "amount": eur("50.00"), "effect": "block"}]})).await;
    let on = |trip: &str, merchant: &str| with(at(merchant), &json!({"trip": trip}));
    for (one, other) in [
        ("東京本社訪問の旅行記録二千二十六年秋の第一回目", "東京本社訪問の旅行記録二千二十六年秋の第二回目"),
        ("C++", "C#"),
        ("🍕", "★"),
    ] {
        world.submit_expenses(&world.ana, &[on(one, "Hotel")]).await.expect(201);
        world.submit_expenses(&world.ana, &[on(other, "Hostel")]).await.expect(201);
        let again = world.submit_expenses(&world.ana, &[on(&format!("{one}\u{200D}"), "Motel")]).await;
        assert_eq!(again.problem(422, "/problems/validation-failed"), ["/expenses/0/amount trip-limit"], "{one}");
    }
}

#[tokio::test]
async fn parts_and_shares_of_one_bill_are_no_duplicates() {
    let world = World::new().await;
    world.put_policy(&json!({"duplicates": "block"})).await;
    // Halves of one line.
    let whole = with(at("Hotel"), &json!({"amount": eur("80.00")}));
    let draft = world.draft(&world.ana, &[whole]).await;
    let halves = json!({"parts": [{"amount": eur("40.00")}, {"amount": eur("40.00")}]});
    let split = world.ana.post(&world.line(&draft, 0, "split"), &halves).await.expect(200);
    let clone = world.ana.post(&world.report(&split, "clone"), &json!({})).await.expect(201);
    world.ana.post(&world.report(&split, "submit"), &json!({})).await.expect(200);
    // A clone of them repeats the report, but its halves do not repeat each other.
    world.marco.post_at(&world.report(&split, "reject"), 3, &json!({"reason": "No."})).await.expect(200);
    world.ana.post(&world.report(&clone, "submit"), &json!({})).await.expect(200);
    // One bill over two cost centres or projects.
    for (field, merchant) in [("cost_centre", "Bistro"), ("project", "Kiosk")] {
        let share = |code: &str| with(at(merchant), &json!({field: code}));
        world.submit_expenses(&world.ana, &[share("A"), share("B")]).await.expect(201);
        let twice = world.submit_expenses(&world.marco, &[share("A"), share("A"), share("B")]).await;
        assert_eq!(twice.problem(422, "/problems/validation-failed"), ["/expenses/0/amount duplicate"], "{field}");
    }
    // A part that was edited is a bill of its own.
    let whole = with(at("Garage"), &json!({"amount": eur("80.00")}));
    let draft = world.draft(&world.ana, &[whole]).await;
    let unequal = json!({"parts": [{"amount": eur("30.00")}, {"amount": eur("50.00")}]});
    let split = world.ana.post(&world.line(&draft, 0, "split"), &unequal).await.expect(200);
    for at in [0, 1] {
        world.ana.patch(&world.line(&split, at, ""), &json!({"amount": eur("80.00")})).await.expect(200);
    }
    let repeated = world.ana.post(&world.report(&split, "submit"), &json!({})).await;
    assert_eq!(repeated.problem(422, "/problems/validation-failed"), ["/expenses/0/amount duplicate"]);
}

#[tokio::test]
async fn file_with_another_comment_or_end_is_the_same_file() {
    let world = World::new().await;
    let picture = ticket(&world.org);
    let first = world.draft(&world.ana, &[without_reference("30.00")]).await;
    attach(&world, &first, 0, &declaration("a.png", "image/png", &picture), &picture).await;
    for changed in [with_comment(&picture, "Lunch"), [&picture[..], b"\n"].concat(), with_comment(TICKET, "Other")] {
        let is_other = changed.ends_with(&with_comment(TICKET, "Other")[33..]);
        let second = world.draft(&world.ana, &[without_reference("31.00")]).await;
        attach(&world, &second, 0, &declaration("b.png", "image/png", &changed), &changed).await;
        let submitted = world.ana.post(&world.report(&second, "submit"), &json!({})).await.expect(200);
        let found = violations(&submitted).contains(&"duplicate-receipt warn - -".to_owned());
        assert_eq!(found, !is_other);
        world.ana.post(&world.report(&submitted, "recall"), &json!({})).await.expect(200);
    }
}

#[tokio::test]
async fn same_file_behind_two_lines_is_found() {
    let world = World::new().await;
    world.put_policy(&json!({"receipt_required_from": null})).await;
    let (one, other) = (ticket(&world.org), with_comment(&ticket(&world.org), "Dinner"));
    let declared = |bytes: &[u8]| declaration("a.png", "image/png", bytes);
    let lines = [without_reference("30.00"), with(without_reference("31.00"), &json!({"merchant": "Taxi"}))];
    let draft = world.draft(&world.ana, &lines).await;
    attach(&world, &draft, 0, &declared(&one), &one).await;
    attach(&world, &draft, 1, &declared(&other), &other).await;
    let submitted = world.ana.post(&world.report(&draft, "submit"), &json!({})).await.expect(200);
    assert_eq!(violations(&submitted), ["duplicate-receipt warn - -", "duplicate-receipt warn - -"]);
    assert_eq!(submitted["violations"][0]["parameters"]["in_this_report"], true);
    // The parts of a split share their receipt.
    let unique = ticket(&format!("{} split", world.org));
    let draft = world.draft(&world.ana, &[without_reference("33.00")]).await;
    attach(&world, &draft, 0, &declared(&unique), &unique).await;
    let parts = json!({"parts": [{"amount": eur("3.00")}, {"amount": eur("30.00")}]});
    world.ana.post(&world.line(&draft, 0, "split"), &parts).await.expect(200);
    let submitted = world.ana.post(&world.report(&draft, "submit"), &json!({})).await.expect(200);
    assert_eq!(violations(&submitted), Vec::<String>::new());
}
