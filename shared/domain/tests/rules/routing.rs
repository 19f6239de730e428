//! Which way a report goes, and why.

use jiff::ToSpan;
use outlay_domain::expense::{Expense, ExpenseFacts};
use outlay_domain::member::{Delegation, Member, MemberStatus, Role};
use outlay_domain::money::Money;
use outlay_domain::policy::{Approvers, Condition, CostObject, Mode, NonWorkingDays, Policy, Severity, StepRule};
use outlay_domain::route::{Claimed, Directory, MAX_LEVELS, NoRoute, Step, StepStatus, route};
use proptest::prelude::*;

use crate::support::{People, cents, day, facts, let_decide, lines, member, money, step, today, workflow};

/// The steps for lines of travel of this total.
fn steps(policy: &Policy, total: &str, people: &Directory) -> Result<Vec<Step>, NoRoute> {
    of_lines(policy, &lines(vec![facts(money(total))]), people)
}

fn of_lines(policy: &Policy, lines: &[Expense], people: &Directory) -> Result<Vec<Step>, NoRoute> {
    let base_total = Money::sum(money("0").currency(), lines.iter().map(Expense::amount_in_base)).unwrap();
    let cost_centre = people.owner.cost_centre.as_deref();
    route(policy, Claimed { lines, base_total, cost_centre, has_violations: false }, people, today())
}

fn asked(steps: &[Step]) -> Vec<Vec<&str>> {
    steps.iter().map(|step| step.approvers.iter().map(|person| person.name.as_str()).collect()).collect()
}

fn one_step(approvers: Approvers) -> Policy {
    Policy { steps: vec![step("Only", approvers)], ..Policy::initial() }
}

#[test]
fn the_band_decides_whether_finance_is_asked() {
    let people = People::new();
    let directory = people.directory(&people.ana);
    assert_eq!(asked(&steps(&workflow(), "499.99", &directory).unwrap()), [["Member 2"]]);
    assert_eq!(asked(&steps(&workflow(), "500.00", &directory).unwrap()), [["Member 2"], ["Member 3"]]);
}

#[test]
fn steps_open_one_after_the_other_and_say_why() {
    let people = People::new();
    let steps = steps(&workflow(), "500.00", &people.directory(&people.ana)).unwrap();
    assert_eq!((steps[0].status, steps[1].status), (StepStatus::Pending, StepStatus::Waiting));
    // A Friday: five working days later is the next Friday.
    assert_eq!((steps[0].due_on, steps[1].due_on), (Some(day("2026-11-27")), None));
    assert_eq!(steps[0].reason, "This step applies to every report. It is decided by the owner's manager.");
    assert!(steps[1].reason.starts_with("The total of 500.00 EUR reaches 500.00 EUR."));
}

#[test]
fn every_condition_of_a_step_must_hold() {
    let people = People::new();
    let owner = Member { grade: Some("senior".to_owned()), cost_centre: Some("cc-1".to_owned()), ..people.ana.clone() };
    let directory = Directory { owner, ..people.directory(&people.ana) };
    let line = ExpenseFacts { project: Some("moon".to_owned()), ..facts(money("100.00")) };
    let applies = |when: Condition| {
        let rule = StepRule { when, ..step("Wanted", Approvers::Role { role: Role::Finance }) };
        let policy = Policy { steps: vec![rule], ..Policy::initial() };
        of_lines(&policy, &lines(vec![line.clone()]), &directory).unwrap()[0].name == "Wanted"
    };
    let any = Condition::default;
    let text = |text: &str| vec![text.to_owned()];
    assert!(applies(any()));
    for (holds, fails) in [
        (
            Condition { from_total: Some(money("100.00")), ..any() },
            Condition { from_total: Some(money("100.01")), ..any() },
        ),
        (
            Condition { below_total: Some(money("100.01")), ..any() },
            Condition { below_total: Some(money("100.00")), ..any() },
        ),
        (Condition { categories: text("travel"), ..any() }, Condition { categories: text("meals"), ..any() }),
        (Condition { cost_centres: text("cc-1"), ..any() }, Condition { cost_centres: text("cc-2"), ..any() }),
        (Condition { projects: text("moon"), ..any() }, Condition { projects: text("mars"), ..any() }),
        (Condition { grades: text("senior"), ..any() }, Condition { grades: text("junior"), ..any() }),
        (
            Condition { currencies: vec!["EUR".parse().unwrap()], ..any() },
            Condition { currencies: vec!["USD".parse().unwrap()], ..any() },
        ),
        (Condition { has_violations: Some(false), ..any() }, Condition { has_violations: Some(true), ..any() }),
    ] {
        assert!(applies(holds.clone()), "{holds:?}");
        assert!(!applies(fails.clone()), "{fails:?}");
        assert!(!applies(Condition { categories: text("meals"), ..holds.clone() }), "{holds:?} and another category");
    }
}

#[test]
fn owners_of_cost_centres_and_projects_decide() {
    let people = People::new();
    let object = |code: &str, owner: &Member| CostObject {
        code: code.to_owned(),
        name: code.to_owned(),
        owner_id: Some(owner.id),
    };
    let (one, two) = (member(7, Role::Employee, None), member(8, Role::Employee, None));
    let directory = Directory { named: vec![two.clone(), one.clone()], ..people.directory(&people.ana) };
    let on = |cost_centre: &str, project: &str| ExpenseFacts {
        cost_centre: Some(cost_centre.to_owned()),
        project: Some(project.to_owned()),
        ..facts(money("10.00"))
    };
    let policy = |approvers| Policy {
        cost_centres: vec![object("c1", &one), object("c2", &two)],
        projects: vec![object("p1", &two), object("p2", &one)],
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
fn where_nobody_may_decide_an_admin_stands_in_and_never_silence() {
    let people = People::new();
    let directory = people.directory(&people.ana);
    let without_manager = Directory { managers: Vec::new(), ..directory.clone() };
    assert_eq!(asked(&steps(&workflow(), "1.00", &without_manager).unwrap()), [["Member 4"]]);
    let suspended = Member { status: MemberStatus::Suspended, ..people.marco.clone() };
    let suspended = Directory { managers: vec![suspended], ..directory.clone() };
    assert_eq!(asked(&steps(&workflow(), "1.00", &suspended).unwrap()), [["Member 4"]]);
    let nobody = Directory { officers: vec![people.fiona.clone()], ..without_manager.clone() };
    assert_eq!(steps(&workflow(), "1.00", &nobody), Err(NoRoute::NoApprover { step: "Manager".to_owned() }));
    let no_fallback = Policy { fallback: None, ..workflow() };
    assert!(matches!(steps(&no_fallback, "1.00", &without_manager), Err(NoRoute::NoApprover { .. })));
    // No rule applies to a small report: somebody is asked all the same.
    let only_large = Policy { steps: workflow().steps.split_off(1), ..workflow() };
    let made = steps(&only_large, "1.00", &directory).unwrap();
    assert_eq!((made[0].name.as_str(), asked(&made)), ("Approval", vec![vec!["Member 4"]]));
}

#[test]
fn the_next_manager_up_decides_for_one_who_may_not() {
    let people = People::new();
    let chief = member(5, Role::Employee, None);
    let marco = Member { manager_id: Some(chief.id), ..people.marco.clone() };
    let fine = Directory { managers: vec![marco.clone(), chief.clone()], ..people.directory(&people.ana) };
    assert_eq!(asked(&steps(&workflow(), "1.00", &fine).unwrap()), [["Member 2"]]);
    let two_levels = one_step(Approvers::Manager { level: 2 });
    assert_eq!(asked(&steps(&two_levels, "1.00", &fine).unwrap()), [["Member 5"]]);

    let limited = Member { approval_limit: Some(money("99.99")), ..marco.clone() };
    let limited = Directory { managers: vec![limited, chief.clone()], ..fine.clone() };
    assert_eq!(asked(&steps(&workflow(), "99.99", &limited).unwrap()), [["Member 2"]]);
    let above = steps(&workflow(), "100.00", &limited).unwrap();
    assert_eq!(asked(&above), [["Member 5"]]);
    assert!(above[0].reason.ends_with("has an approval limit below the total, so the next manager up decides."));

    // Who decides for the owner while he is away, or is paid, does not decide on the report.
    let (mut owner, mut acting) = (people.ana.clone(), marco.clone());
    let_decide(&mut owner, &mut acting, None);
    let delegate = Directory { owner, managers: vec![acting, chief.clone()], ..fine.clone() };
    assert_eq!(asked(&steps(&workflow(), "1.00", &delegate).unwrap()), [["Member 5"]]);
    let paid = Directory { concerned: vec![marco], ..fine };
    assert_eq!(asked(&steps(&workflow(), "1.00", &paid).unwrap()), [["Member 5"]]);
}

#[test]
fn an_unknown_manager_is_asked_for_only_when_the_route_needs_him() {
    let people = People::new();
    let boss = member(5, Role::Employee, None);
    let marco = Member { manager_id: Some(boss.id), ..people.marco.clone() };
    let known = Directory { managers: vec![marco.clone()], top: false, ..people.directory(&people.ana) };
    assert!(steps(&workflow(), "1.00", &known).is_ok());
    let second = one_step(Approvers::Manager { level: 2 });
    assert_eq!(steps(&second, "1.00", &known), Err(NoRoute::Unknown(boss.id)));
    let there = Directory { managers: vec![marco.clone(), boss], ..known.clone() };
    assert_eq!(asked(&steps(&second, "1.00", &there).unwrap()), [["Member 5"]]);
    let top = Directory { top: true, ..known.clone() };
    assert_eq!(asked(&steps(&second, "1.00", &top).unwrap()), [["Member 4"]]);
    // People who manage each other in a circle have nobody above them.
    let circle = Member { manager_id: Some(people.ana.id), ..marco };
    let circle = Directory { managers: vec![circle], ..known };
    assert_eq!(asked(&steps(&second, "1.00", &circle).unwrap()), [["Member 4"]]);
}

#[test]
fn nobody_is_asked_at_two_levels() {
    let people = People::new();
    // Ana's manager is from finance: the finance step needs somebody else.
    let chief = member(5, Role::Finance, None);
    let with =
        |officers: Vec<Member>| Directory { managers: vec![chief.clone()], officers, ..people.directory(&people.ana) };
    let both = steps(&workflow(), "500.00", &with(vec![chief.clone(), people.fiona.clone()])).unwrap();
    assert_eq!(asked(&both)[1], ["Member 3"]);
    let alone = steps(&workflow(), "500.00", &with(vec![chief.clone(), people.ada.clone()])).unwrap();
    assert_eq!(asked(&alone)[1], ["Member 4"]);
    assert!(steps(&workflow(), "500.00", &with(vec![chief.clone()])).is_err());
}

#[test]
fn an_admin_who_shares_a_step_is_left_free_for_a_later_one() {
    let people = People::new();
    let second = member(6, Role::Admin, None);
    let officers = vec![people.ada.clone(), second];
    let directory = Directory { managers: Vec::new(), officers, ..people.directory(&people.ana) };
    assert_eq!(asked(&steps(&workflow(), "500.00", &directory).unwrap()), [["Member 6"], ["Member 4"]]);
}

#[test]
fn a_quorum_has_enough_people_or_there_is_no_route() {
    let people = People::new();
    let rule = |of| StepRule { mode: Mode::Quorum { of }, ..step("Board", Approvers::Role { role: Role::Finance }) };
    let policy = |of| Policy { steps: vec![rule(of)], ..Policy::initial() };
    let chief = member(5, Role::Finance, None);
    let directory = people.directory(&people.ana);
    let officers = vec![people.fiona.clone(), people.ada.clone(), chief];
    let directory = Directory { officers, ..directory };
    assert_eq!(asked(&steps(&policy(2), "1.00", &directory).unwrap()), [["Member 3", "Member 5"]]);
    // The fallback makes up the number.
    assert_eq!(asked(&steps(&policy(3), "1.00", &directory).unwrap()), [["Member 3", "Member 4", "Member 5"]]);
    assert!(steps(&policy(4), "1.00", &directory).is_err());
}

#[test]
fn weekends_and_holidays_do_not_count() {
    let holidays = vec![day("2026-11-25")];
    let with =
        Policy { non_working_days: Some(NonWorkingDays { severity: Severity::Warn, holidays }), ..Policy::initial() };
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

/// How many people there are in a random organisation.
const PEOPLE: usize = 9;

/// Everybody of a random organisation: any roles, some suspended, limited or away, managed by anybody, themselves included.
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
            member.grade = limit.filter(|limit| limit % 2 == 0).map(|_| "senior".to_owned());
        }
        for (away, delegate, shift) in delegations.into_iter().filter(|(away, delegate, _)| away != delegate) {
            let from = today().checked_add(shift.days()).unwrap();
            let until = from.checked_add(1.day()).unwrap();
            let by = all[away].id;
            let with = all[delegate].person();
            all[away].delegation = Some(Delegation { with, from, until, ceiling: None, limit: None, by });
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
        2 => Just(Mode::Any),
        1 => Just(Mode::All),
        1 => (2..4_u8).prop_map(|of| Mode::Quorum { of })
    ];
    let when = (
        prop::option::weighted(0.3, 1..200_000_i64),
        prop::option::weighted(0.2, 1..400_000_i64),
        prop::sample::select(vec!["", "", "", "travel", "meals"]),
        prop::sample::select(vec!["", "", "", "c1", "c9"]),
        prop::bool::weighted(0.1),
        prop::option::weighted(0.2, any::<bool>()),
    );
    let when = when.prop_map(|(from, below, category, cost_centre, senior, has_violations)| {
        let listed = |code: &str| if code.is_empty() { Vec::new() } else { vec![code.to_owned()] };
        Condition {
            from_total: from.map(cents),
            below_total: below.map(cents),
            categories: listed(category),
            cost_centres: listed(cost_centre),
            grades: listed(if senior { "senior" } else { "" }),
            has_violations,
            ..Condition::default()
        }
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

/// A route, asking for managers until it knows enough, as a handler does; and how often it asked.
fn route_to_the_end(
    policy: &Policy,
    claimed: Claimed<'_>,
    people: &mut Directory,
    all: &[Member],
) -> (Result<Vec<Step>, NoRoute>, usize) {
    for asked in 0.. {
        match route(policy, claimed, people, today()) {
            Err(NoRoute::Unknown(manager)) => match all.iter().find(|member| member.id == manager) {
                Some(found) => people.managers.push(found.clone()),
                None => people.top = true,
            },
            made => return (made, asked),
        }
        assert!(asked <= MAX_LEVELS, "a route asks for managers without end");
    }
    unreachable!()
}

/// What holds of every step, whoever is there.
fn fair(steps: &[Step], all: &[Member], barred: &[&Member], total: Money) -> Result<(), TestCaseError> {
    let mut met = Vec::new();
    for (number, step) in (1..).zip(steps) {
        prop_assert_eq!(step.number, number);
        let expected = if number == 1 { StepStatus::Pending } else { StepStatus::Waiting };
        prop_assert_eq!((step.status, step.due_on.is_some()), (expected, number == 1));
        let needed = if let Mode::Quorum { of } = step.mode { usize::from(of) } else { 1 };
        prop_assert!(step.approvers.len() >= needed, "too few for {:?}", step.mode);
        for person in step.approvers.iter().chain(&step.escalates_to) {
            let member = all.iter().find(|member| member.id == person.id).unwrap();
            prop_assert!(member.can_approve() && member.may_approve(total), "{} may not approve", member.name);
            prop_assert!(!barred.iter().any(|other| other.id == member.id), "the duties exclude {}", member.name);
        }
        for person in &step.approvers {
            prop_assert!(!met.contains(&person.id), "{} is asked twice", person.name);
            prop_assert!(!step.escalates_to.iter().any(|other| other.id == person.id));
            met.push(person.id);
        }
        prop_assert!(!step.reason.is_empty() && !all.iter().any(|member| step.reason.contains(&member.name)));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn routing_ends_excludes_and_repeats(
        all in organisation(),
        rules in prop::collection::vec(any_step(), 0..5),
        fallback in prop::option::weighted(0.8, any_approvers()),
        (owner, enterer, payee) in (0..PEOPLE, prop::option::weighted(0.3, 0..PEOPLE), prop::option::weighted(0.3, 0..PEOPLE)),
        owners in prop::collection::vec(prop::option::of(0..PEOPLE), 4),
        claims in prop::collection::vec((1..120_000_i64, any::<bool>(), 0..3_usize, 0..3_usize), 1..4),
        has_violations in any::<bool>(),
    ) {
        let object = |code: &str, owner: Option<usize>| {
            CostObject { code: code.to_owned(), name: code.to_owned(), owner_id: owner.map(|at| all[at].id) }
        };
        let policy = Policy {
            steps: rules,
            fallback,
            cost_centres: vec![object("c1", owners[0]), object("c2", owners[1])],
            projects: vec![object("p1", owners[2]), object("p2", owners[3])],
            ..Policy::initial()
        };
        let code = |kind: &str, at: usize| (at > 0).then(|| format!("{kind}{at}"));
        let claims = claims.into_iter().map(|(minor, meals, centre, project)| ExpenseFacts {
            category: if meals { "meals" } else { "travel" }.to_owned(),
            cost_centre: code("c", centre),
            project: code("p", project),
            ..facts(cents(minor))
        });
        let lines = lines(claims.collect());
        let base_total = cents(lines.iter().map(|line| line.facts.amount.minor()).sum());
        let claimed = Claimed { lines: &lines, base_total, cost_centre: None, has_violations };
        let concerned: Vec<Member> = [enterer, payee].into_iter().flatten().map(|at| all[at].clone()).collect();
        let mut people = Directory {
            owner: all[owner].clone(),
            concerned,
            managers: Vec::new(),
            top: false,
            officers: all.iter().filter(|member| matches!(member.role, Role::Finance | Role::Admin)).cloned().collect(),
            named: all.iter().filter(|member| policy.named_members().contains(&member.id)).cloned().collect(),
        };
        let (made, _) = route_to_the_end(&policy, claimed, &mut people, &all);
        prop_assert_eq!(&made, &route(&policy, claimed, &people, today()));
        let Ok(steps) = made else { return Ok(()) };
        prop_assert!(!steps.is_empty());
        let concerned: Vec<&Member> = std::iter::once(&people.owner).chain(&people.concerned).collect();
        let delegates = concerned.iter().filter_map(|member| member.delegate(today()));
        let delegates: Vec<&Member> = delegates.filter_map(|id| all.iter().find(|member| member.id == id)).collect();
        fair(&steps, &all, &[concerned, delegates].concat(), base_total)?;
    }
}

#[test]
fn managers_are_followed_only_so_far() {
    let people = People::new();
    let chain: Vec<Member> = (10..60).map(|number| member(number, Role::Employee, None)).collect();
    let ids: Vec<_> = chain.iter().map(|member| member.id).collect();
    let mut all: Vec<Member> =
        chain.into_iter().map(|member| Member { status: MemberStatus::Suspended, ..member }).collect();
    for (member, above) in all.iter_mut().zip(ids.iter().skip(1)) {
        member.manager_id = Some(*above);
    }
    let owner = Member { manager_id: Some(ids[0]), ..people.ana.clone() };
    let mut endless = Directory { owner, managers: Vec::new(), top: false, ..people.directory(&people.ana) };
    let lines = lines(vec![facts(money("1.00"))]);
    let claimed = Claimed { lines: &lines, base_total: money("1.00"), cost_centre: None, has_violations: false };
    let (made, asked_for) = route_to_the_end(&workflow(), claimed, &mut endless, &all);
    assert_eq!((asked(&made.unwrap()), asked_for), (vec![vec!["Member 4"]], MAX_LEVELS));
}
