//! Routing: the steps of a report and their reasons.

use std::fmt::Debug;
use std::str::FromStr;

use jiff::ToSpan;
use outlay_domain::expense::{Expense, ExpenseFacts};
use outlay_domain::member::{Delegation, Member, MemberStatus, Role};
use outlay_domain::money::Money;
use outlay_domain::policy::{ApprovalMode, Approvers, NonWorkingDays, Policy, RuleEffect, StepCondition, StepRule};
use outlay_domain::route::{MAX_LEVELS, OrgContext, RouteInput, RoutingError, route};
use outlay_domain::step::{Step, StepStatus};
use proptest::prelude::*;

use crate::support::{
    People, cents, cost_object, day, facts, let_decide, lines, member, money, optional_text, step, text, today,
    workflow,
};

/// Steps for travel lines of this total.
fn steps(policy: &Policy, total: &str, people: &OrgContext) -> Result<Vec<Step>, RoutingError> {
    of_lines(policy, &lines(vec![facts(money(total))]), people)
}

fn of_lines(policy: &Policy, lines: &[Expense], people: &OrgContext) -> Result<Vec<Step>, RoutingError> {
    let base_total = Money::sum(money("0").currency(), lines.iter().map(Expense::amount_in_base)).unwrap();
    let cost_centre = people.owner.cost_centre.as_ref();
    route(policy, RouteInput { lines, base_total, cost_centre, has_violations: false }, people, today())
}

fn asked(steps: &[Step]) -> Vec<Vec<&str>> {
    steps.iter().map(|step| step.approvers.iter().map(|person| person.name.as_str()).collect()).collect()
}

fn one_step(approvers: Approvers) -> Policy {
    Policy { steps: vec![step("Only", approvers)], ..Policy::initial() }
}

#[test]
fn total_threshold_adds_finance_step() {
    let people = People::new();
    let directory = people.directory(&people.ana);
    assert_eq!(asked(&steps(&workflow(), "499.99", &directory).unwrap()), [["Member 2"]]);
    assert_eq!(asked(&steps(&workflow(), "500.00", &directory).unwrap()), [["Member 2"], ["Member 3"]]);
}

#[test]
fn first_step_is_pending_and_steps_state_reasons() {
    let people = People::new();
    let steps = steps(&workflow(), "500.00", &people.directory(&people.ana)).unwrap();
    assert_eq!((steps[0].status, steps[1].status), (StepStatus::Pending, StepStatus::Waiting));
    // Today is a Friday; five working days later is the next Friday.
    assert_eq!((steps[0].due_on, steps[1].due_on), (Some(day("2026-11-27")), None));
    assert_eq!(steps[0].reasons.message(), "This step applies to every report. It is decided by the owner's manager.");
    assert!(steps[1].reasons.message().starts_with("The total of 500.00 EUR reaches 500.00 EUR."));
}

#[test]
fn step_applies_only_when_all_conditions_hold() {
    fn list<T: FromStr<Err: Debug>>(raw: &str) -> Vec<T> {
        vec![text(raw)]
    }
    let people = People::new();
    let owner = Member { grade: Some(text("senior")), cost_centre: Some(text("cc-1")), ..people.ana.clone() };
    let directory = OrgContext { owner, ..people.directory(&people.ana) };
    let line = ExpenseFacts { project: Some(text("moon")), ..facts(money("100.00")) };
    let applies = |when: StepCondition| {
        let rule = StepRule { when, ..step("Wanted", Approvers::Role { role: Role::Finance }) };
        let policy = Policy { steps: vec![rule], ..Policy::initial() };
        of_lines(&policy, &lines(vec![line.clone()]), &directory).unwrap()[0].name == "Wanted"
    };
    let any = StepCondition::default;
    assert!(applies(any()));
    for (holds, fails) in [
        (
            StepCondition { from_total: Some(money("100.00")), ..any() },
            StepCondition { from_total: Some(money("100.01")), ..any() },
        ),
        (
            StepCondition { below_total: Some(money("100.01")), ..any() },
            StepCondition { below_total: Some(money("100.00")), ..any() },
        ),
        (StepCondition { categories: list("travel"), ..any() }, StepCondition { categories: list("meals"), ..any() }),
        (StepCondition { cost_centres: list("cc-1"), ..any() }, StepCondition { cost_centres: list("cc-2"), ..any() }),
        (StepCondition { projects: list("moon"), ..any() }, StepCondition { projects: list("mars"), ..any() }),
        (StepCondition { grades: list("senior"), ..any() }, StepCondition { grades: list("junior"), ..any() }),
        (
            StepCondition { currencies: vec!["EUR".parse().unwrap()], ..any() },
            StepCondition { currencies: vec!["USD".parse().unwrap()], ..any() },
        ),
        (StepCondition { has_violations: Some(false), ..any() }, StepCondition { has_violations: Some(true), ..any() }),
    ] {
        assert!(applies(holds.clone()), "{holds:?}");
        assert!(!applies(fails.clone()), "{fails:?}");
        assert!(
            !applies(StepCondition { categories: list("meals"), ..holds.clone() }),
            "{holds:?} and another category"
        );
    }
}

#[test]
fn cost_centre_and_project_owners_approve() {
    let people = People::new();
    let (one, two) = (member(7, Role::Employee, None), member(8, Role::Employee, None));
    let directory = OrgContext { named_members: vec![two.clone(), one.clone()], ..people.directory(&people.ana) };
    let on = |cost_centre: &str, project: &str| ExpenseFacts {
        cost_centre: Some(text(cost_centre)),
        project: Some(text(project)),
        ..facts(money("10.00"))
    };
    let policy = |approvers| Policy {
        cost_centres: vec![cost_object("c1", Some(one.id)), cost_object("c2", Some(two.id))],
        projects: vec![cost_object("p1", Some(two.id)), cost_object("p2", Some(one.id))],
        ..one_step(approvers)
    };
    let who = |approvers, line| {
        let made = of_lines(&policy(approvers), &lines(vec![line]), &directory).unwrap();
        made[0].approvers.iter().map(|person| person.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(who(Approvers::CostCentreOwner, on("c1", "p1")), ["Member 7"]);
    assert_eq!(who(Approvers::ProjectOwner, on("c1", "p1")), ["Member 8"]);
    let both = of_lines(&policy(Approvers::CostCentreOwner), &lines(vec![on("c2", "p1"), on("c1", "p1")]), &directory);
    assert_eq!(asked(&both.unwrap()), [["Member 7", "Member 8"]]);
    assert_eq!(who(Approvers::Members { members: vec![two.id] }, on("c1", "p1")), ["Member 8"]);
}

#[test]
fn step_without_eligible_approver_falls_back_to_admin() {
    let people = People::new();
    let directory = people.directory(&people.ana);
    let without_manager = OrgContext { managers: Vec::new(), ..directory.clone() };
    assert_eq!(asked(&steps(&workflow(), "1.00", &without_manager).unwrap()), [["Member 4"]]);
    let suspended = Member { status: MemberStatus::Suspended, ..people.marco.clone() };
    let suspended = OrgContext { managers: vec![suspended], ..directory.clone() };
    assert_eq!(asked(&steps(&workflow(), "1.00", &suspended).unwrap()), [["Member 4"]]);
    let without_admin = OrgContext { finance_and_admins: vec![people.fiona.clone()], ..without_manager.clone() };
    assert_eq!(
        steps(&workflow(), "1.00", &without_admin),
        Err(RoutingError::NoApprover { step: "Manager".to_owned() })
    );
    let no_fallback = Policy { fallback: None, ..workflow() };
    assert!(matches!(steps(&no_fallback, "1.00", &without_manager), Err(RoutingError::NoApprover { .. })));
    // No step applies to a small report, so the fallback approves.
    let only_large = Policy { steps: workflow().steps.split_off(1), ..workflow() };
    let made = steps(&only_large, "1.00", &directory).unwrap();
    assert_eq!((made[0].name.as_str(), asked(&made)), ("Approval", vec![vec!["Member 4"]]));
}

#[test]
fn ineligible_manager_is_replaced_by_next_manager() {
    let people = People::new();
    let chief = member(5, Role::Employee, None);
    let marco = Member { manager_id: Some(chief.id), ..people.marco.clone() };
    let fine = OrgContext { managers: vec![marco.clone(), chief.clone()], ..people.directory(&people.ana) };
    assert_eq!(asked(&steps(&workflow(), "1.00", &fine).unwrap()), [["Member 2"]]);
    let two_levels = one_step(Approvers::Manager { level: 2 });
    assert_eq!(asked(&steps(&two_levels, "1.00", &fine).unwrap()), [["Member 5"]]);

    let limited = Member { approval_limit: Some(money("99.99")), ..marco.clone() };
    let limited = OrgContext { managers: vec![limited, chief.clone()], ..fine.clone() };
    assert_eq!(asked(&steps(&workflow(), "99.99", &limited).unwrap()), [["Member 2"]]);
    let above = steps(&workflow(), "100.00", &limited).unwrap();
    assert_eq!(asked(&above), [["Member 5"]]);
    assert!(
        above[0].reasons.message().ends_with("has an approval limit below the total, so the next manager up decides.")
    );

    // A delegate of the owner stays an approver. A payee cannot approve the report.
    let (mut owner, mut acting) = (people.ana.clone(), marco.clone());
    let_decide(&mut owner, &mut acting, None);
    let delegate = OrgContext { owner, managers: vec![acting, chief.clone()], ..fine.clone() };
    assert_eq!(asked(&steps(&workflow(), "1.00", &delegate).unwrap()), [["Member 2"]]);
    let paid = OrgContext { interested_parties: vec![marco], ..fine };
    assert_eq!(asked(&steps(&workflow(), "1.00", &paid).unwrap()), [["Member 5"]]);
}

#[test]
fn route_requests_only_managers_it_needs() {
    let people = People::new();
    let boss = member(5, Role::Employee, None);
    let marco = Member { manager_id: Some(boss.id), ..people.marco.clone() };
    let known =
        OrgContext { managers: vec![marco.clone()], manager_chain_complete: false, ..people.directory(&people.ana) };
    assert!(steps(&workflow(), "1.00", &known).is_ok());
    let second = one_step(Approvers::Manager { level: 2 });
    assert_eq!(steps(&second, "1.00", &known), Err(RoutingError::MissingManager(boss.id)));
    let there = OrgContext { managers: vec![marco.clone(), boss], ..known.clone() };
    assert_eq!(asked(&steps(&second, "1.00", &there).unwrap()), [["Member 5"]]);
    let top = OrgContext { manager_chain_complete: true, ..known.clone() };
    assert_eq!(asked(&steps(&second, "1.00", &top).unwrap()), [["Member 4"]]);
    // Circular managers have no one above them.
    let circle = Member { manager_id: Some(people.ana.id), ..marco };
    let circle = OrgContext { managers: vec![circle], ..known };
    assert_eq!(asked(&steps(&second, "1.00", &circle).unwrap()), [["Member 4"]]);
}

#[test]
fn member_is_not_approver_at_two_steps() {
    let people = People::new();
    // Ana's manager has the finance role, so the finance step needs another member.
    let chief = member(5, Role::Finance, None);
    let owner = Member { manager_id: Some(chief.id), ..people.ana.clone() };
    let with = |finance_and_admins: Vec<Member>| OrgContext {
        owner: owner.clone(),
        managers: vec![chief.clone()],
        finance_and_admins,
        ..people.directory(&people.ana)
    };
    let both = steps(&workflow(), "500.00", &with(vec![chief.clone(), people.fiona.clone()])).unwrap();
    assert_eq!(asked(&both)[1], ["Member 3"]);
    let alone = steps(&workflow(), "500.00", &with(vec![chief.clone(), people.ada.clone()])).unwrap();
    assert_eq!(asked(&alone)[1], ["Member 4"]);
    assert!(steps(&workflow(), "500.00", &with(vec![chief.clone()])).is_err());
}

#[test]
fn shared_admin_is_kept_for_later_step() {
    let people = People::new();
    let second = member(6, Role::Admin, None);
    let finance_and_admins = vec![people.ada.clone(), second];
    let directory = OrgContext { managers: Vec::new(), finance_and_admins, ..people.directory(&people.ana) };
    assert_eq!(asked(&steps(&workflow(), "500.00", &directory).unwrap()), [["Member 6"], ["Member 4"]]);
}

#[test]
fn quorum_without_enough_approvers_has_no_route() {
    let people = People::new();
    let rule =
        |of| StepRule { mode: ApprovalMode::Quorum { of }, ..step("Board", Approvers::Role { role: Role::Finance }) };
    let policy = |of| Policy { steps: vec![rule(of)], ..Policy::initial() };
    let chief = member(5, Role::Finance, None);
    let directory = people.directory(&people.ana);
    let finance_and_admins = vec![people.fiona.clone(), people.ada.clone(), chief];
    let directory = OrgContext { finance_and_admins, ..directory };
    assert_eq!(asked(&steps(&policy(2), "1.00", &directory).unwrap()), [["Member 3", "Member 5"]]);
    // The fallback completes the quorum.
    assert_eq!(asked(&steps(&policy(3), "1.00", &directory).unwrap()), [["Member 3", "Member 4", "Member 5"]]);
    assert!(steps(&policy(4), "1.00", &directory).is_err());
}

#[test]
fn due_date_skips_weekends_and_holidays() {
    let holidays = vec![day("2026-11-25")];
    let with = Policy {
        non_working_days: Some(NonWorkingDays {
            effect: RuleEffect::Warn,
            unless_justified: false,
            weekend: None,
            holidays,
        }),
        ..Policy::initial()
    };
    for (from, days, due, with_holiday) in [
        ("2026-11-20", 1, "2026-11-23", "2026-11-23"),
        ("2026-11-21", 1, "2026-11-23", "2026-11-23"),
        ("2026-11-23", 5, "2026-11-30", "2026-12-01"),
        ("2026-11-24", 1, "2026-11-25", "2026-11-26"),
        ("2026-11-23", 0, "2026-11-23", "2026-11-23"),
    ] {
        assert_eq!(Policy::initial().working_days_after(day(from), days), day(due), "{from} + {days}");
        assert_eq!(with.working_days_after(day(from), days), day(with_holiday), "{from} + {days} with a holiday");
    }
    assert_eq!(with.working_days_after(day("9999-12-31"), 3), day("9999-12-31"));
}

/// Number of members in a random organisation.
const PEOPLE: usize = 9;

/// Members of a random organisation: any roles, some suspended, limited or away, with any member as manager, themselves
/// included.
fn organisation() -> impl Strategy<Value = Vec<Member>> {
    let person =
        (0..4_usize, prop::bool::weighted(0.15), prop::option::of(0..PEOPLE), prop::option::of(1..300_000_i64));
    let delegations = prop::collection::vec((0..PEOPLE, 0..PEOPLE, -3..3_i32), 0..4);
    (prop::collection::vec(person, PEOPLE), delegations).prop_map(|(people, delegations)| {
        let mut all: Vec<Member> =
            (1..).zip(&people).map(|(number, (role, ..))| member(number, Role::ALL[*role], None)).collect();
        let ids: Vec<_> = all.iter().map(|member| member.id).collect();
        for (member, (_, suspended, manager, limit)) in all.iter_mut().zip(people) {
            member.status = if suspended { MemberStatus::Suspended } else { MemberStatus::Active };
            member.manager_id = manager.map(|at| ids[at]);
            member.approval_limit = limit.map(cents);
            member.grade = limit.filter(|limit| limit % 2 == 0).map(|_| text("senior"));
        }
        for (away, delegate, shift) in delegations.into_iter().filter(|(away, delegate, _)| away != delegate) {
            let from = today().utc().checked_add(shift.days()).unwrap();
            let until = from.checked_add(1.day()).unwrap();
            let by = all[away].id;
            let with = all[delegate].member_ref();
            all[away].delegation = Some(Delegation {
                counterpart: with,
                from,
                until,
                time_zone: None,
                max_amount: None,
                limit: None,
                set_by: by,
            });
        }
        all
    })
}

fn any_approvers() -> impl Strategy<Value = Approvers> {
    let id = |at: usize| member(u8::try_from(at + 1).unwrap(), Role::Employee, None).id;
    prop_oneof![
        3 => (1..4_u8).prop_map(|level| Approvers::Manager { level }),
        1 => Just(Approvers::CostCentreOwner),
        1 => Just(Approvers::ProjectOwner),
        2 => prop::sample::select(vec![Role::Finance, Role::Admin]).prop_map(|role| Approvers::Role { role }),
        2 => prop::collection::vec(0..PEOPLE, 1..5)
            .prop_map(move |members| Approvers::Members { members: members.into_iter().map(id).collect() }),
    ]
}

fn any_step() -> impl Strategy<Value = StepRule> {
    let mode = prop_oneof![
        2 => Just(ApprovalMode::Any),
        1 => Just(ApprovalMode::All),
        1 => (2..4_u8).prop_map(|of| ApprovalMode::Quorum { of })
    ];
    let when = (
        prop::option::weighted(0.3, 1..200_000_i64),
        prop::option::weighted(0.2, 1..400_000_i64),
        prop::sample::select(vec!["", "", "", "travel", "meals"]),
        prop::sample::select(vec!["", "", "", "c1", "c9"]),
        prop::bool::weighted(0.1),
        prop::option::weighted(0.2, any::<bool>()),
    );
    let when = when.prop_map(|(from, below, category, cost_centre, senior, has_violations)| StepCondition {
        from_total: from.map(cents),
        below_total: below.map(cents),
        categories: optional_text(category).into_iter().collect(),
        cost_centres: optional_text(cost_centre).into_iter().collect(),
        grades: optional_text(if senior { "senior" } else { "" }).into_iter().collect(),
        has_violations,
        ..StepCondition::default()
    });
    (any_approvers(), mode, when, prop::option::weighted(0.3, any_approvers()), 1..10_u8).prop_map(
        |(approvers, mode, when, escalate_to, due_in_days)| StepRule {
            when,
            mode,
            due_in_days,
            escalate_to,
            ..step("Step", approvers)
        },
    )
}

/// Completes a route by adding requested managers, as a handler does. Returns the number of requests.
fn complete_route(
    policy: &Policy,
    claimed: RouteInput<'_>,
    people: &mut OrgContext,
    all: &[Member],
) -> (Result<Vec<Step>, RoutingError>, usize) {
    for asked in 0.. {
        match route(policy, claimed, people, today()) {
            Err(RoutingError::MissingManager(manager)) => match all.iter().find(|member| member.id == manager) {
                Some(found) => people.managers.push(found.clone()),
                None => people.manager_chain_complete = true,
            },
            made => return (made, asked),
        }
        assert!(asked <= MAX_LEVELS, "the route does not stop requesting managers");
    }
    unreachable!()
}

/// Asserts what holds for every step in any organisation.
fn check_steps(steps: &[Step], all: &[Member], barred: &[&Member], total: Money) -> Result<(), TestCaseError> {
    let mut met = Vec::new();
    for (number, step) in (1..).zip(steps) {
        prop_assert_eq!(step.number, number);
        let expected = if number == 1 { StepStatus::Pending } else { StepStatus::Waiting };
        prop_assert_eq!((step.status, step.due_on.is_some()), (expected, number == 1));
        let needed = if let ApprovalMode::Quorum { of } = step.mode { usize::from(of) } else { 1 };
        prop_assert!(step.approvers.len() >= needed, "too few approvers for {:?}", step.mode);
        for person in step.approvers.iter().chain(&step.escalates_to) {
            let member = all.iter().find(|member| member.id == person.id).unwrap();
            prop_assert!(member.can_approve() && member.can_approve_total(total), "{} may not approve", member.name);
            prop_assert!(
                !barred.iter().any(|other| other.id == member.id),
                "{} is excluded by separation of duties",
                member.name
            );
        }
        for person in &step.approvers {
            prop_assert!(!met.contains(&person.id), "{} is an approver twice", person.name);
            prop_assert!(!step.escalates_to.iter().any(|other| other.id == person.id));
            met.push(person.id);
        }
        prop_assert!(
            !step.reasons.list.is_empty() && !all.iter().any(|member| step.reasons.message().contains(&*member.name))
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn route_is_finite_fair_and_deterministic(
        all in organisation(),
        rules in prop::collection::vec(any_step(), 0..5),
        fallback in prop::option::weighted(0.8, any_approvers()),
        (owner, enterer, payee) in
            (0..PEOPLE, prop::option::weighted(0.3, 0..PEOPLE), prop::option::weighted(0.3, 0..PEOPLE)),
        owners in prop::collection::vec(prop::option::of(0..PEOPLE), 4),
        claims in prop::collection::vec((1..120_000_i64, any::<bool>(), 0..3_usize, 0..3_usize), 1..4),
        has_violations in any::<bool>(),
    ) {
        let id = |at: Option<usize>| at.map(|at| all[at].id);
        let policy = Policy {
            steps: rules,
            fallback,
            cost_centres: vec![cost_object("c1", id(owners[0])), cost_object("c2", id(owners[1]))],
            projects: vec![cost_object("p1", id(owners[2])), cost_object("p2", id(owners[3]))],
            ..Policy::initial()
        };
        let code = |kind: &str, at: usize| if at > 0 { format!("{kind}{at}") } else { String::new() };
        let claims = claims.into_iter().map(|(minor, meals, centre, project)| ExpenseFacts {
            category: text(if meals { "meals" } else { "travel" }),
            cost_centre: optional_text(&code("c", centre)),
            project: optional_text(&code("p", project)),
            ..facts(cents(minor))
        });
        let lines = lines(claims.collect());
        let base_total = cents(lines.iter().map(|line| line.facts.amount.minor()).sum());
        let claimed = RouteInput { lines: &lines, base_total, cost_centre: None, has_violations };
        let interested_parties: Vec<Member> =
            [enterer, payee].into_iter().flatten().map(|at| all[at].clone()).collect();
        let mut people = OrgContext {
            owner: all[owner].clone(),
            interested_parties,
            managers: Vec::new(),
            manager_chain_complete: false,
            finance_and_admins: all
                .iter()
                .filter(|member| matches!(member.role, Role::Finance | Role::Admin))
                .cloned()
                .collect(),
            named_members: all.iter().filter(|member| policy.named_members().contains(&member.id)).cloned().collect(),
        };
        let (made, _) = complete_route(&policy, claimed, &mut people, &all);
        prop_assert_eq!(&made, &route(&policy, claimed, &people, today()));
        let Ok(steps) = made else { return Ok(()) };
        prop_assert!(!steps.is_empty());
        let interested_parties: Vec<&Member> =
            std::iter::once(&people.owner).chain(&people.interested_parties).collect();
        check_steps(&steps, &all, &interested_parties, base_total)?;
    }
}

#[test]
fn manager_chain_is_followed_up_to_maximum() {
    let people = People::new();
    let chain: Vec<Member> = (10..60).map(|number| member(number, Role::Employee, None)).collect();
    let ids: Vec<_> = chain.iter().map(|member| member.id).collect();
    let mut all: Vec<Member> =
        chain.into_iter().map(|member| Member { status: MemberStatus::Suspended, ..member }).collect();
    for (member, above) in all.iter_mut().zip(ids.iter().skip(1)) {
        member.manager_id = Some(*above);
    }
    let owner = Member { manager_id: Some(ids[0]), ..people.ana.clone() };
    let mut endless =
        OrgContext { owner, managers: Vec::new(), manager_chain_complete: false, ..people.directory(&people.ana) };
    let lines = lines(vec![facts(money("1.00"))]);
    let claimed = RouteInput { lines: &lines, base_total: money("1.00"), cost_centre: None, has_violations: false };
    let (made, asked_for) = complete_route(&workflow(), claimed, &mut endless, &all);
    assert_eq!((asked(&made.unwrap()), asked_for), (vec![vec!["Member 4"]], MAX_LEVELS));
}
