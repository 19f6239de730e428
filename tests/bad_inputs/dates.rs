//! Days and moments: plain days that have been, moments with an offset.

use serde_json::{Value, json};

use super::{INVALID, INVALID_PARAMETER, get, line, post, refused};
use crate::support::{World, day, expense, found, send, today, with};

#[tokio::test]
async fn a_line_is_of_a_day_that_has_been() {
    let world = World::new().await;
    // Where today comes first, at UTC+14, the day after tomorrow is still to come.
    let later = day(-2);
    let rows = [
        ("DATE-01", later.as_str()),
        ("DATE-04", "0000-01-01"),
        ("DATE-04", "9999-12-31"),
        ("DATE-04", "-0001-01-01"),
        ("DATE-04", "1999-12-31"),
        ("DATE-05", "01/02/2026"),
        ("DATE-06", "2026-01-02T00:00:00Z"),
    ];
    refused(&world, rows.iter().map(|(id, date)| (*id, line(&world, &json!({"date": date})), INVALID)).collect()).await;
    // DATE-04: how far back is the policy's affair, and shows when the report is judged.
    let old = [with(expense("10.00"), &json!({"date": day(200)}))];
    let report = world.claim(&world.ana, &old).await.expect(201);
    assert_eq!(found(&report), ["maximum-age warn 90 200"], "DATE-04");
}

#[tokio::test]
async fn a_moment_has_an_offset() {
    let world = World::new().await;
    let query = |text: &str| get(&world, &world.ana, &format!("reports?{text}"));
    let cases = vec![
        ("DATE-07", query("updated_since=2026-03-29T02:30:00"), INVALID_PARAMETER),
        ("DATE-07", query("updated_since=2026-03-29"), INVALID_PARAMETER),
        ("DATE-08", query("updated_since=2026-06-30T23:59:60Z"), INVALID_PARAMETER),
    ];
    refused(&world, cases).await;
    send(query("updated_since=2026-03-29T02:30:00Z")).await.expect(200);
}

#[tokio::test]
async fn an_interval_that_ends_before_it_begins_holds_nothing() {
    let world = World::new().await;
    world.draft(&world.ana, &[expense("10.00")]).await;
    // DATE-09 differs: no report is of such days, and that is what is said, as for a smallest total above the largest.
    let list = send(get(&world, &world.ana, &format!("reports?from={}&to={}", today(), day(1)))).await.expect(200);
    assert_eq!((&list["items"], &list["next_cursor"]), (&json!([]), &Value::Null), "DATE-09");
    let list = send(get(&world, &world.ana, &format!("reports?from={}&to={}", day(1), day(-1)))).await.expect(200);
    assert_eq!(list["items"].as_array().unwrap().len(), 1, "DATE-09");
}

#[tokio::test]
async fn a_report_is_of_so_many_months() {
    let world = World::new().await;
    world.rule(&json!({"limits": [], "receipt_required_from": null, "maximum_age_days": null})).await;
    // DATE-10 differs: what a report costs is bounded by the months and trips it falls into, not by the days between them.
    let months = |count: i64| -> Vec<Value> {
        (0..count).map(|at| with(expense("10.00"), &json!({"date": day(1 + 31 * at)}))).collect()
    };
    let submit = |lines: &[Value]| {
        let body = json!({"title": "Lyon", "expenses": lines, "submit": true});
        post(&world.ana, &world.path("reports")).json(&body)
    };
    refused(&world, vec![("DATE-10", submit(&months(14)), INVALID)]).await;
    let faults = send(submit(&months(14))).await.problem(422, "/problems/validation-failed");
    assert_eq!(faults, ["/expenses periods"], "DATE-10");
    let apart = [expense("10.00"), with(expense("10.00"), &json!({"date": day(400)}))];
    send(submit(&apart)).await.expect(201);
}
