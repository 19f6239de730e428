//! Days of members: the age of expenses counts by the owner's day, due dates by the approvers', delegations by the
//! delegating member's. The two zones at the date line never have the same day.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};
use serde_json::{Value, json};

use crate::support::{Person, World, expense, now, own_stack, run_schedule, violations, with};

const EAST: &str = "Pacific/Kiritimati";
const WEST: &str = "Etc/GMT+12";

/// Day in a time zone.
fn local_day(zone: &str) -> Date {
    now().in_tz(zone).unwrap().date()
}

fn next_working_day(day: Date) -> Date {
    let is_weekend = |day: &Date| matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
    day.series(1.day()).skip(1).find(|day| !is_weekend(day)).unwrap()
}

async fn move_to(world: &World, person: &Person, zone: &str) {
    world.change(person, &json!({"time_zone": zone})).await;
}

#[tokio::test]
async fn age_of_expense_counts_by_owner_day() {
    let world = World::new().await;
    world.put_policy(&json!({"maximum_age_days": 3})).await;
    for zone in [EAST, WEST] {
        move_to(&world, &world.ana, zone).await;
        let aged = |days: i64| with(expense("10.00"), &json!({"date": (local_day(zone) - days.days()).to_string()}));
        let report = world.submit_expenses(&world.ana, &[aged(3)]).await.expect(201);
        assert_eq!(violations(&report), [""; 0], "{zone}");
        let report = world.submit_expenses(&world.ana, &[aged(4)]).await.expect(201);
        assert_eq!(violations(&report), ["maximum-age warn 3 4"], "{zone}");
    }
}

#[tokio::test]
async fn due_date_counts_by_approver_day() {
    let world = World::new().await;
    let due_on = |report: &Value| report["steps"][0]["due_on"].as_str().unwrap().parse::<Date>().unwrap();
    let step = json!({"name": "Manager", "approvers": {"kind": "manager"}, "due_in_days": 1});
    world.put_policy(&json!({"steps": [step]})).await;
    for zone in [EAST, WEST] {
        move_to(&world, &world.marco, zone).await;
        assert_eq!(due_on(&world.submitted("10.00").await), next_working_day(local_day(zone)), "{zone}");
    }
}

#[tokio::test]
async fn step_is_overdue_after_approver_day_has_ended() {
    let (stack, world) = own_stack().await;
    let target = json!({"kind": "role", "role": "finance"});
    let step = json!({"name": "Manager", "approvers": {"kind": "manager"}, "due_in_days": 1, "escalate_to": target});
    world.put_policy(&json!({"steps": [step]})).await;
    move_to(&world, &world.marco, WEST).await;
    let report = world.submitted("10.00").await;
    let due: Date = report["steps"][0]["due_on"].as_str().unwrap().parse().unwrap();
    let end = due.tomorrow().unwrap().in_tz(WEST).unwrap().timestamp();
    let approver = async || {
        let report = world.ana.get(&world.report(&report, "")).await.expect(200);
        report["steps"][0]["approvers"][0]["name"].as_str().unwrap().to_owned()
    };
    run_schedule(stack.url(), "triggers-escalate", end - 1.minute()).await;
    assert_eq!(approver().await, "Marco Rossi", "the due day has ended in UTC, not where the approver is");
    run_schedule(stack.url(), "triggers-escalate", end).await;
    assert_eq!(approver().await, "Fiona Byrne");
    stack.stop().await;
}

#[tokio::test]
async fn delegation_counts_by_day_of_delegating_member() {
    let world = World::new().await;
    let dora = world.add_member("Dora", &json!({})).await;
    world.submitted("10.00").await;
    let delegate = async |day: Date| {
        let body = json!({"to": dora.id, "from": day.to_string(), "until": day.to_string()});
        world.marco.put(&world.path("members/me/delegation"), &body).await
    };
    for zone in [EAST, WEST] {
        move_to(&world, &world.marco, zone).await;
        let day = local_day(zone);
        delegate(day).await.expect(200);
        assert_eq!(world.queue(&dora).await.len(), 1, "{zone}: today");
        delegate(day.tomorrow().unwrap()).await.expect(200);
        assert_eq!(world.queue(&dora).await.len(), 0, "{zone}: tomorrow");
        let past = delegate(day.yesterday().unwrap()).await;
        assert_eq!(past.problem(422, "/problems/validation-failed"), ["/until order"], "{zone}");
    }
    // A delegation follows the member to another time zone.
    delegate(local_day(WEST)).await.expect(200);
    move_to(&world, &world.marco, EAST).await;
    assert_eq!(world.queue(&dora).await.len(), 0, "the day is over in the east");
}
