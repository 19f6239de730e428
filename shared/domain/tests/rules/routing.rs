//! Which way a report goes, and why.

use outlay_domain::member::{Member, MemberStatus, Role};
use outlay_domain::money::Money;
use outlay_domain::policy::{Approvers, Policy, StepRule};
use outlay_domain::route::{Directory, StepStatus, route, working_days_after};
use proptest::prelude::*;

use crate::support::{People, day, eur, member, money};

fn rule(name: &str, approvers: Approvers, from: Option<&str>) -> StepRule {
    StepRule { name: name.to_owned(), approvers, from_total: from.map(money), due_in_days: 5 }
}

fn workflow() -> Policy {
    let finance = Approvers::Role { role: Role::Finance };
    Policy {
        steps: vec![rule("Manager", Approvers::Manager, None), rule("Finance", finance, Some("500.00"))],
        ..Policy::initial()
    }
}

fn names(policy: &Policy, owner: &Member, total: &str, people: &Directory) -> Vec<(String, Vec<String>)> {
    let steps = route(policy, owner.id, money(total), people, day("2026-11-20")).unwrap();
    let approvers =
        |step: &outlay_domain::route::Step| step.approvers.iter().map(|person| person.name.clone()).collect();
    steps.iter().map(|step| (step.name.clone(), approvers(step))).collect()
}

#[test]
fn the_band_decides_whether_finance_is_asked() {
    let people = People::new();
    let directory = people.directory(&people.ana);
    let manager = ("Manager".to_owned(), vec!["Member 2".to_owned()]);
    let finance = ("Finance".to_owned(), vec!["Member 3".to_owned()]);
    assert_eq!(names(&workflow(), &people.ana, "499.99", &directory), std::slice::from_ref(&manager));
    assert_eq!(names(&workflow(), &people.ana, "500.00", &directory), [manager, finance]);
}

#[test]
fn steps_open_one_after_the_other_and_say_why() {
    let people = People::new();
    let steps =
        route(&workflow(), people.ana.id, money("500.00"), &people.directory(&people.ana), day("2026-11-20")).unwrap();
    assert_eq!((steps[0].status, steps[1].status), (StepStatus::Pending, StepStatus::Waiting));
    // A Friday: five working days later is the next Friday.
    assert_eq!((steps[0].due_on, steps[1].due_on), (Some(day("2026-11-27")), None));
    assert_eq!(steps[0].reason, "This step applies to every report. It is decided by the owner's manager.");
    assert!(steps[1].reason.starts_with("The total of 500.00 EUR reaches 500.00 EUR."));
}

#[test]
fn where_nobody_may_decide_an_admin_stands_in_and_never_silence() {
    let people = People::new();
    let without_manager = Directory { manager: None, ..people.directory(&people.ana) };
    assert_eq!(names(&workflow(), &people.ana, "1.00", &without_manager)[0].1, ["Member 4"]);
    let suspended = Member { status: MemberStatus::Suspended, ..people.marco.clone() };
    let suspended = Directory { manager: Some(suspended), ..people.directory(&people.ana) };
    assert_eq!(names(&workflow(), &people.ana, "1.00", &suspended)[0].1, ["Member 4"]);
    let nobody = Directory { manager: None, officers: vec![people.fiona.clone()] };
    assert!(route(&workflow(), people.ana.id, money("1.00"), &nobody, day("2026-11-20")).is_err());
    // No rule applies to a small report: somebody is asked all the same.
    let only_large = Policy { steps: workflow().steps.split_off(1), ..workflow() };
    assert_eq!(
        names(&only_large, &people.ana, "1.00", &people.directory(&people.ana)),
        [("Approval".to_owned(), vec!["Member 4".to_owned()])]
    );
}

#[test]
fn nobody_is_asked_at_two_levels() {
    let people = People::new();
    // Ana's manager is from finance: the finance step needs somebody else.
    let chief = member(5, Role::Finance, None);
    let directory = |officers| Directory { manager: Some(chief.clone()), officers };
    let both = names(&workflow(), &people.ana, "500.00", &directory(vec![chief.clone(), people.fiona.clone()]));
    assert_eq!(both[1].1, ["Member 3"]);
    let alone = names(&workflow(), &people.ana, "500.00", &directory(vec![chief.clone(), people.ada.clone()]));
    assert_eq!(alone[1].1, ["Member 4"]);
    assert!(
        route(&workflow(), people.ana.id, money("500.00"), &directory(vec![chief.clone()]), day("2026-11-20")).is_err()
    );
}

#[test]
fn an_admin_who_shares_a_step_is_left_free_for_a_later_one() {
    let people = People::new();
    let second = member(6, Role::Admin, None);
    let directory = Directory { manager: None, officers: vec![people.ada.clone(), second] };
    let steps = names(&workflow(), &people.ana, "500.00", &directory);
    assert_eq!(
        (steps[0].1.as_slice(), steps[1].1.as_slice()),
        (&["Member 4".to_owned()][..], &["Member 6".to_owned()][..])
    );
}

#[test]
fn weekends_do_not_count() {
    for (from, days, due) in [
        ("2026-11-20", 1, "2026-11-23"),
        ("2026-11-21", 1, "2026-11-23"),
        ("2026-11-23", 5, "2026-11-30"),
        ("2026-11-23", 0, "2026-11-23"),
    ] {
        assert_eq!(working_days_after(day(from), days), day(due), "{from} + {days}");
    }
    assert_eq!(working_days_after(day("9999-12-31"), 3), day("9999-12-31"));
}

fn role() -> impl Strategy<Value = Role> {
    prop::sample::select(Role::ALL.to_vec())
}

fn anybody() -> impl Strategy<Value = Member> {
    (1..8_u8, role(), any::<bool>()).prop_map(|(number, role, suspended)| {
        let status = if suspended { MemberStatus::Suspended } else { MemberStatus::Active };
        Member { status, ..member(number, role, None) }
    })
}

fn any_rule() -> impl Strategy<Value = StepRule> {
    let approvers = prop_oneof![
        Just(Approvers::Manager),
        prop::sample::select(vec![Role::Finance, Role::Admin]).prop_map(|role| Approvers::Role { role })
    ];
    (approvers, prop::option::of(1..100_000_i64), 1..10_u8).prop_map(|(approvers, from, due_in_days)| StepRule {
        name: "Step".to_owned(),
        approvers,
        from_total: from.map(|minor| Money::from_minor(minor, eur())),
        due_in_days,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn routing_ends_excludes_and_repeats(
        rules in prop::collection::vec(any_rule(), 0..5),
        owner in anybody(),
        manager in prop::option::of(anybody()),
        officers in prop::collection::vec(anybody(), 0..6),
        minor in 1..200_000_i64,
    ) {
        let policy = Policy { steps: rules, ..Policy::initial() };
        let people = Directory { manager, officers };
        let total = Money::from_minor(minor, eur());
        let make = || route(&policy, owner.id, total, &people, day("2026-11-20"));
        let made = make();
        prop_assert_eq!(&made, &make());
        let Ok(steps) = made else { return Ok(()) };
        prop_assert!(!steps.is_empty());
        prop_assert_eq!(steps.iter().filter(|step| step.status == StepStatus::Pending).count(), 1);
        let mut asked = Vec::new();
        for step in &steps {
            prop_assert!(!step.approvers.is_empty() && !step.reason.is_empty());
            prop_assert!(!step.asks(owner.id), "the owner decides on his own report");
            let may = |id| people.manager.iter().chain(&people.officers).any(|member| member.id == id && member.can_approve());
            let mut ids: Vec<_> = step.approvers.iter().map(|person| person.id).collect();
            prop_assert!(ids.iter().all(|id| may(*id) && !asked.contains(id)));
            ids.dedup();
            asked.extend(ids);
        }
    }
}
