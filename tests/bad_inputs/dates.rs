//! Dates and timestamps: dates must be valid and not in the future, timestamps need an offset.

use serde_json::{Value, json};

use super::{INVALID, INVALID_PARAMETER, expect_problems, get, line, post};
use crate::support::{World, day, expense, send, today, violations, with};

#[tokio::test]
async fn expense_date_invalid_or_future_is_rejected() {
    let world = World::new().await;
    // The day after tomorrow in UTC is in the future everywhere, even at UTC+14.
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
    expect_problems(
        &world,
        rows.iter().map(|(id, date)| (*id, line(&world, &json!({"date": date})), INVALID)).collect(),
    )
    .await;
    // DATE-04: the maximum age is a rule of the policy, so an old expense is a violation and not an error.
    let old = [with(expense("10.00"), &json!({"date": day(200)}))];
    let report = world.submit_expenses(&world.ana, &old).await.expect(201);
    assert_eq!(violations(&report), ["maximum-age warn 90 200"], "DATE-04");
}

#[tokio::test]
async fn timestamp_without_offset_is_rejected() {
    let world = World::new().await;
    let query = |text: &str| get(&world, &world.ana, &format!("reports?{text}"));
    let cases = vec![
        ("DATE-07", query("updated_since=2026-03-29T02:30:00"), INVALID_PARAMETER),
        ("DATE-07", query("updated_since=2026-03-29"), INVALID_PARAMETER),
        ("DATE-08", query("updated_since=2026-06-30T23:59:60Z"), INVALID_PARAMETER),
    ];
    expect_problems(&world, cases).await;
    send(query("updated_since=2026-03-29T02:30:00Z")).await.expect(200);
}

#[tokio::test]
async fn date_range_ending_before_start_is_empty() {
    let world = World::new().await;
    world.draft(&world.ana, &[expense("10.00")]).await;
    // DATE-09 differs: no report matches such a range, so the list is empty, as for a minimum total above the maximum.
    let list = send(get(&world, &world.ana, &format!("reports?from={}&to={}", today(), day(1)))).await.expect(200);
    assert_eq!((&list["items"], &list["next_cursor"]), (&json!([]), &Value::Null), "DATE-09");
    let list = send(get(&world, &world.ana, &format!("reports?from={}&to={}", day(1), day(-1)))).await.expect(200);
    assert_eq!(list["items"].as_array().unwrap().len(), 1, "DATE-09");
}

#[tokio::test]
async fn report_spanning_too_many_months_is_rejected() {
    let world = World::new().await;
    world.put_policy(&json!({"limits": [], "receipt_required_from": null, "maximum_age_days": null})).await;
    // DATE-10 differs: the number of months and trips of a report is limited, not the days between them.
    let months = |count: i64| -> Vec<Value> {
        (0..count).map(|at| with(expense("10.00"), &json!({"date": day(1 + 31 * at)}))).collect()
    };
    let submit = |lines: &[Value]| {
        let body = json!({"title": "Lyon", "expenses": lines, "submit": true});
        post(&world.ana, &world.path("reports")).json(&body)
    };
    expect_problems(&world, vec![("DATE-10", submit(&months(14)), INVALID)]).await;
    let faults = send(submit(&months(14))).await.problem(422, "/problems/validation-failed");
    assert_eq!(faults, ["/expenses periods"], "DATE-10");
    let apart = [expense("10.00"), with(expense("10.00"), &json!({"date": day(400)}))];
    send(submit(&apart)).await.expect(201);
}
