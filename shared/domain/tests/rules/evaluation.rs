//! The evaluation of a report does not depend on the order in which its lines were entered.

use std::collections::BTreeMap;

use outlay_domain::change::{SubmissionOutcome, SubmissionRules, assess};
use outlay_domain::conversion::{RateBook, RateEntry};
use outlay_domain::expense::{Expense, ExpenseFacts, PaymentMethod};
use outlay_domain::ids::ExpenseId;
use outlay_domain::member::Member;
use outlay_domain::money::Money;
use outlay_domain::policy::{
    CategoryRules, LimitEffect, LimitPeriod, NonWorkingDays, Policy, RuleEffect, SpendingLimit, StepCondition, StepRule,
};
use outlay_domain::report::Report;
use outlay_domain::spending::Spending;
use outlay_domain::step::Step;
use proptest::prelude::*;

use crate::support::{
    Given, People, day, draft, eur, facts, limit, money, optional_text, seed, store_claims, text, today, workflow,
};

/// Rates of the other currency, before and after the rate was entered again.
const RATES: [&str; 2] = ["0.9137", "0.8871"];

fn rates(rate: &str) -> RateBook {
    let entry = |date: &str| RateEntry {
        currency: "USD".parse().unwrap(),
        date: day(date),
        rate: rate.parse().unwrap(),
        source: text("ECB"),
    };
    RateBook::new(eur(), [entry("2026-10-01"), entry("2026-11-20")])
}

/// Entered line and the index of its rate.
type Entered = (ExpenseFacts, usize);

fn line() -> impl Strategy<Value = Entered> {
    let from = |list: &[&'static str]| prop::sample::select(list.to_vec());
    let amount = prop_oneof![
        2 => from(&["20.00", "40.00", "60.01"]).prop_map(|amount| money(amount).minor()),
        1 => 1..20_000_i64,
    ];
    let texts = (
        from(&["2026-11-12", "2026-11-12", "2026-11-12", "2026-11-13", "2026-11-14", "2026-10-30"]),
        from(&["travel", "travel", "meals", "meals", "travel", "meals", "travel", "meals", "travel", "yachts"]),
        from(&["SNCF", "sncf", "Taxi"]),
        from(&["", "Late.", "Late.", "Late."]),
        from(&["", "lyon", "nice"]),
        from(&["", "1.pdf"]),
    );
    (amount, texts, prop::bool::weighted(0.3), prop::bool::weighted(0.25), 0..2_usize).prop_map(
        |(minor, (date, category, merchant, justification, trip, receipt), dollars, card, rate)| {
            let currency = if dollars { "USD".parse().unwrap() } else { eur() };
            let facts = ExpenseFacts {
                date: day(date),
                category: text(category),
                merchant: text(merchant),
                justification: optional_text(justification),
                trip: optional_text(trip),
                receipt_reference: optional_text(receipt),
                payment_method: if card { PaymentMethod::CompanyCard } else { PaymentMethod::Personal },
                ..facts(Money::from_minor(minor, currency))
            };
            (facts, rate)
        },
    )
}

/// Limit of any period and effect. Caps are frequent, so that reports reach routing.
fn any_limit() -> impl Strategy<Value = SpendingLimit> {
    let effect = prop::sample::select(vec![
        LimitEffect::Cap,
        LimitEffect::Cap,
        LimitEffect::Cap,
        LimitEffect::Warn,
        LimitEffect::Block,
    ]);
    let amount = prop::sample::select(vec![2500, 5000, 6000, 9999]);
    (prop::sample::select(LimitPeriod::ALL.to_vec()), effect, amount, any::<[bool; 4]>()).prop_map(
        |(period, effect, minor, [travel, senior, card, dollars])| {
            let currency = if dollars { "USD".parse().unwrap() } else { eur() };
            SpendingLimit {
                categories: travel.then(|| text("travel")).into_iter().collect(),
                grades: senior.then(|| text("senior")).into_iter().collect(),
                payment_methods: if card { vec![PaymentMethod::CompanyCard] } else { Vec::new() },
                amount: Money::from_minor(minor, currency),
                ..limit("1.00", period, effect)
            }
        },
    )
}

/// Report with these lines. Identifiers are assigned in this order.
fn report(entered: &[Entered]) -> Report {
    let empty = draft(&People::new().ana, &[]);
    let mut seed = seed(50);
    let line =
        |(facts, rate): &Entered| Expense::new(seed.next_id(), facts.clone(), eur(), &rates(RATES[*rate])).unwrap();
    empty.with_expenses(entered.iter().map(line).collect()).unwrap()
}

/// Violation without identifiers: rule, severity and numbers, and the text of its lines.
type Finding = (String, Vec<String>);

/// Result of the evaluation without identifiers and without the order of lines.
fn said(report: &Report, rules: SubmissionRules<'_>) -> (Vec<String>, Vec<Finding>, Option<Vec<Step>>) {
    let assessment = assess(report, rules, today()).unwrap();
    let text = |line: &Expense| format!("{:?} {:?}", line.facts, line.base);
    let by_id: BTreeMap<ExpenseId, String> = report.expenses.iter().map(|line| (line.id, text(line))).collect();
    let mut lines: Vec<String> = assessment.lines.iter().map(|line| format!("{} {:?}", text(line), line.cap)).collect();
    lines.sort();
    let finding = |found: &outlay_domain::policy::Violation| {
        let mut of: Vec<String> = found.expense_ids.iter().map(|id| by_id[id].clone()).collect();
        of.sort();
        (
            format!(
                "{:?} {:?} {:?} {:?} {:?}",
                found.rule(),
                found.severity,
                found.field,
                found.limit(),
                found.actual()
            ),
            of,
        )
    };
    let mut findings: Vec<Finding> = assessment.violations.iter().map(finding).collect();
    findings.sort();
    let steps = match assessment.outcome {
        SubmissionOutcome::Blocked => None,
        SubmissionOutcome::Steps(steps) => Some(steps),
        other => panic!("{other:?}"),
    };
    (lines, findings, steps)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn evaluation_is_independent_of_line_order(
        (entered, shuffled) in prop::collection::vec(line(), 2..9)
            .prop_flat_map(|lines| (Just(lines.clone()), Just(lines).prop_shuffle())),
        limits in prop::collection::vec(any_limit(), 1..7),
        before in prop::collection::vec(line(), 0..4),
        (senior, splitting, block) in (any::<bool>(), any::<bool>(), prop::bool::weighted(0.2)),
    ) {
        let severity = if block { RuleEffect::Block } else { RuleEffect::Warn };
        let when = StepCondition { has_violations: Some(true), ..StepCondition::default() };
        let found = StepRule { when, ..workflow().steps[1].clone() };
        let policy = Policy {
            limits,
            splitting,
            duplicates: CategoryRules::bare(severity),
            receipt_required_from: CategoryRules::bare(money("50.00")),
            non_working_days: Some(NonWorkingDays {
                effect: severity,
                unless_justified: false,
                weekend: None,
                holidays: Vec::new(),
            }),
            steps: vec![workflow().steps[0].clone(), found],
            ..Policy::initial()
        };
        let people = People::new();
        let mut directory = people.directory(&people.ana);
        directory.owner = Member { grade: senior.then(|| text("senior")), ..people.ana.clone() };
        let mut given = Given { rates: rates(RATES[0]), ..Given::new(policy, directory) };
        // Claims of another report.
        let mut other = report(&before);
        other.id = seed(51).next_id();
        let nothing = std::collections::BTreeSet::new();
        let claims = Spending::default().record_claims(&other, &nothing).unwrap();
        store_claims(&mut given.spending, &other, &claims);
        prop_assert_eq!(said(&report(&entered), given.rules()), said(&report(&shuffled), given.rules()));
    }
}

#[test]
fn split_lines_share_cap_independent_of_order() {
    // Parts of a split line share its base amount to the cent, so equal parts can have different base amounts.
    let halves = ["4.57", "4.58"];
    let made = |order: [usize; 2]| {
        let people = People::new();
        let dollars = |amount: &str| Money::parse(amount, "USD".parse().unwrap()).unwrap();
        let mut report = report(&[(facts(dollars("5.00")), 0), (facts(dollars("5.00")), 0)]);
        for (line, half) in report.expenses.iter_mut().zip(order) {
            line.base.as_mut().unwrap().amount = money(halves[half]);
        }
        let lines = report.expenses.clone();
        let report = report.with_expenses(lines).unwrap();
        let policy = Policy { limits: vec![limit("6.00", LimitPeriod::Day, LimitEffect::Cap)], ..workflow() };
        let given = Given { rates: rates(RATES[0]), ..Given::new(policy, people.directory(&people.ana)) };
        said(&report, given.rules()).0
    };
    assert_eq!(made([0, 1]), made([1, 0]));
}
