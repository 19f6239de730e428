//! Policy findings.

use std::collections::BTreeMap;

use outlay_domain::conversion::{ConversionError, RateBook, RateEntry};
use outlay_domain::evaluate::{Evaluation, EvaluationContext, evaluate};
use outlay_domain::expense::{Expense, ExpenseFacts, PaymentMethod};
use outlay_domain::money::Money;
use outlay_domain::policy::{
    ApprovalMode, Approvers, CategoryRules, ExpenseField, LimitEffect, LimitPeriod, Measure, NonWorkingDays, Policy,
    PolicyRule, RequiredField, RuleEffect, Severity, SpendingLimit, StepCondition, Violation,
};
use outlay_domain::spending::{ClaimedExpense, ReportClaims, Spending, SpendingBucket, SpendingBucketKey};
use proptest::prelude::*;

use crate::support::{cents, cost_object, day, eur, facts, limit, lines, money, no_rates, seed, step, text};

/// Policy without rules.
fn plain() -> Policy {
    Policy {
        maximum_age_days: CategoryRules::default(),
        duplicates: CategoryRules::default(),
        splitting: false,
        ..Policy::initial()
    }
}

fn with_limit(amount: &str, period: LimitPeriod, effect: LimitEffect) -> Policy {
    Policy { limits: vec![limit(amount, period, effect)], ..plain() }
}

struct Evaluator {
    policy: Policy,
    grade: Option<&'static str>,
    spending: Spending,
    rates: RateBook,
    today: &'static str,
}

impl Evaluator {
    fn new(policy: Policy) -> Self {
        Self { policy, grade: None, spending: Spending::default(), rates: no_rates(), today: "2026-11-20" }
    }

    fn evaluate(&self, lines: &[Expense]) -> Result<Evaluation, ConversionError> {
        let grade = self.grade.map(text);
        let grounds = EvaluationContext {
            policy: &self.policy,
            report: seed(200).next_id(),
            grade: grade.as_ref(),
            cost_centre: None,
            spending: &self.spending,
            rates: &self.rates,
            today: day(self.today),
            owner_day: day(self.today),
        };
        evaluate(lines, &grounds)
    }

    fn find(&self, expenses: Vec<ExpenseFacts>) -> Vec<Violation> {
        self.evaluate(&lines(expenses)).unwrap().violations
    }

    fn rules(&self, expenses: Vec<ExpenseFacts>) -> Vec<PolicyRule> {
        self.find(expenses).into_iter().map(|found| found.rule()).collect()
    }
}

fn on(date: &str, amount: &str) -> ExpenseFacts {
    ExpenseFacts { date: day(date), ..facts(money(amount)) }
}

/// Claims of another report of the owner.
fn claimed(expenses: Vec<ExpenseFacts>) -> Spending {
    let mut buckets: BTreeMap<SpendingBucketKey, SpendingBucket> = BTreeMap::new();
    let (report, number) = (seed(100).next_id(), "R-2026-AAAA-BBBB".to_owned());
    for line in lines(expenses) {
        for key in SpendingBucketKey::of(&line.facts) {
            let bucket = buckets.entry(key).or_insert(SpendingBucket { version: 1, claims: BTreeMap::new() });
            let none = || ReportClaims { number: number.clone(), lines: Vec::new() };
            bucket.claims.entry(report).or_insert_with(none).lines.push(ClaimedExpense::of(&line));
        }
    }
    Spending { buckets, ..Spending::default() }
}

#[test]
fn amount_equal_to_limit_is_allowed() {
    for (amount, found) in [("59.99", 0), ("60.00", 0), ("60.01", 1)] {
        let violations = Evaluator::new(with_limit("60.00", LimitPeriod::Expense, LimitEffect::Warn))
            .find(vec![facts(money(amount))]);
        assert_eq!(violations.len(), found, "{amount}");
    }
}

#[test]
fn justification_downgrades_block_to_warning() {
    let evaluate = |effect, justification: Option<&str>| {
        let line = ExpenseFacts { justification: justification.map(text), ..facts(money("80.00")) };
        let found = Evaluator::new(with_limit("60.00", LimitPeriod::Expense, effect)).find(vec![line]).remove(0);
        (found.severity, found.field)
    };
    assert_eq!(evaluate(LimitEffect::Warn, None), (Severity::Block, ExpenseField::Justification));
    assert_eq!(evaluate(LimitEffect::Warn, Some("Late train.")), (Severity::Warn, ExpenseField::Amount));
    assert_eq!(evaluate(LimitEffect::Block, Some("Late train.")), (Severity::Block, ExpenseField::Amount));
    assert_eq!(evaluate(LimitEffect::Cap, None), (Severity::Warn, ExpenseField::Amount));
}

#[test]
fn limit_periods_include_earlier_claims() {
    let trip = |line: ExpenseFacts| ExpenseFacts { trip: Some(text("lyon")), ..line };
    let other_trip = |line: ExpenseFacts| ExpenseFacts { trip: Some(text("nice")), ..line };
    // Lines of this report, claims of another one, and the periods in which they exceed 60.00 together.
    for (here, before, found) in [
        (
            vec![on("2026-11-12", "61.00")],
            vec![],
            vec![LimitPeriod::Expense, LimitPeriod::Day, LimitPeriod::Month, LimitPeriod::Report],
        ),
        (
            vec![on("2026-11-12", "30.00"), on("2026-11-12", "31.00")],
            vec![],
            vec![LimitPeriod::Day, LimitPeriod::Month, LimitPeriod::Report],
        ),
        (
            vec![on("2026-11-12", "30.00"), on("2026-11-13", "31.00")],
            vec![],
            vec![LimitPeriod::Month, LimitPeriod::Report],
        ),
        (vec![on("2026-10-31", "30.00"), on("2026-11-01", "31.00")], vec![], vec![LimitPeriod::Report]),
        (vec![on("2026-11-12", "30.00")], vec![on("2026-11-12", "31.00")], vec![LimitPeriod::Day, LimitPeriod::Month]),
        (vec![on("2026-11-12", "30.00")], vec![on("2026-11-13", "31.00")], vec![LimitPeriod::Month]),
        (vec![trip(on("2026-10-31", "30.00"))], vec![trip(on("2026-11-01", "31.00"))], vec![LimitPeriod::Trip]),
        (vec![trip(on("2026-10-31", "30.00"))], vec![other_trip(on("2026-11-01", "31.00"))], vec![]),
    ] {
        for &period in LimitPeriod::ALL {
            let evaluator = Evaluator {
                spending: claimed(before.clone()),
                ..Evaluator::new(with_limit("60.00", period, LimitEffect::Block))
            };
            let violations = evaluator.find(here.clone());
            let expected = Some(Measure::Money(money("61.00"))).filter(|_| found.contains(&period));
            assert_eq!(
                violations.first().and_then(outlay_domain::policy::Violation::actual),
                expected,
                "{period:?} {here:?} {before:?}"
            );
        }
    }
}

#[test]
fn cap_grants_remaining_amount() {
    let judged = |policy: Policy, expenses, spending| {
        let judgement = Evaluator { spending, ..Evaluator::new(policy) }.evaluate(&lines(expenses)).unwrap();
        let caps: Vec<_> = judgement.lines.iter().map(|line| line.cap.map(Money::amount)).collect();
        (caps, judgement.violations.len())
    };
    let cap = |amount| Some(String::from(amount));
    let day_limit = || with_limit("60.00", LimitPeriod::Day, LimitEffect::Cap);
    let none = Spending::default;
    assert_eq!(judged(day_limit(), vec![on("2026-11-12", "60.00")], none()), (vec![None], 0));
    // Smaller lines of a day are granted first, independent of their order.
    let two = vec![on("2026-11-12", "50.00"), on("2026-11-12", "40.00")];
    assert_eq!(judged(day_limit(), two, none()), (vec![cap("20.00"), None], 1));
    // Amounts claimed by another report reduce the cap; amounts not granted there do not reduce it below zero.
    let before = claimed(vec![on("2026-11-12", "45.00")]);
    assert_eq!(judged(day_limit(), vec![on("2026-11-12", "40.00")], before), (vec![cap("15.00")], 1));
    let full = claimed(vec![on("2026-11-12", "75.00")]);
    assert_eq!(judged(day_limit(), vec![on("2026-11-12", "40.00")], full), (vec![cap("0.00")], 1));
    // The lower of two caps applies.
    let both = Policy {
        limits: vec![
            limit("30.00", LimitPeriod::Expense, LimitEffect::Cap),
            limit("50.00", LimitPeriod::Day, LimitEffect::Cap),
        ],
        ..plain()
    };
    let two = vec![on("2026-11-12", "40.00"), on("2026-11-12", "35.00")];
    assert_eq!(judged(both, two, none()), (vec![cap("20.00"), cap("30.00")], 3));
}

#[test]
fn foreign_currency_limit_uses_rate_of_today() {
    let usd: outlay_domain::money::Currency = "USD".parse().unwrap();
    let rate = |date: &str, rate: &str| RateEntry {
        currency: usd,
        date: day(date),
        rate: rate.parse().unwrap(),
        source: text("ECB"),
    };
    let in_dollars = SpendingLimit {
        amount: Money::from_minor(10_000, usd),
        ..limit("1.00", LimitPeriod::Expense, LimitEffect::Block)
    };
    let policy = Policy { limits: vec![in_dollars], ..plain() };
    let rates = RateBook::new(eur(), [rate("2026-11-01", "0.50"), rate("2026-11-20", "0.80")]);
    let evaluator = Evaluator { rates, ..Evaluator::new(policy.clone()) };
    assert_eq!(evaluator.rules(vec![facts(money("80.00"))]), []);
    assert_eq!(evaluator.rules(vec![facts(money("80.01"))]), [PolicyRule::ExpenseLimit]);
    let none = Evaluator::new(policy).evaluate(&lines(vec![facts(money("1.00"))])).unwrap_err();
    assert_eq!(none, ConversionError::RateMissing { currency: usd, on: day("2026-11-20") });
}

#[test]
fn most_specific_limit_applies_then_first() {
    let travel = |limit: SpendingLimit| SpendingLimit { categories: vec![text("travel")], ..limit };
    let senior = |limit: SpendingLimit| SpendingLimit { grades: vec![text("senior")], ..limit };
    let card = |limit: SpendingLimit| SpendingLimit { payment_methods: vec![PaymentMethod::CompanyCard], ..limit };
    let block = |amount| limit(amount, LimitPeriod::Expense, LimitEffect::Block);
    let limits = vec![
        block("10.00"),
        travel(block("20.00")),
        senior(block("30.00")),
        senior(travel(block("40.00"))),
        card(senior(travel(block("50.00")))),
        block("60.00"),
    ];
    let which = |grade, category: &str, payment_method| {
        let evaluator = Evaluator { grade, ..Evaluator::new(Policy { limits: limits.clone(), ..plain() }) };
        let found =
            evaluator.find(vec![ExpenseFacts { category: text(category), payment_method, ..facts(money("99.00")) }]);
        match found[0].limit() {
            Some(Measure::Money(limit)) => limit.amount(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(which(None, "meals", PaymentMethod::Personal), "10.00");
    assert_eq!(which(None, "travel", PaymentMethod::CompanyCard), "20.00");
    assert_eq!(which(Some("senior"), "meals", PaymentMethod::Personal), "30.00");
    assert_eq!(which(Some("junior"), "meals", PaymentMethod::Personal), "10.00");
    assert_eq!(which(Some("senior"), "travel", PaymentMethod::Personal), "40.00");
    assert_eq!(which(Some("senior"), "travel", PaymentMethod::CompanyCard), "50.00");
}

#[test]
fn receipt_age_and_category_findings_are_reported() {
    let rules = Policy {
        receipt_required_from: CategoryRules::bare(money("25.00")),
        maximum_age_days: CategoryRules::bare(8),
        ..with_limit("100.00", LimitPeriod::Expense, LimitEffect::Warn)
    };
    let evaluate = |line: ExpenseFacts, today| {
        let found = Evaluator { today, ..Evaluator::new(rules.clone()) }.find(vec![line]);
        found.into_iter().map(|found| (found.rule(), found.limit(), found.actual())).collect::<Vec<_>>()
    };
    let line = |amount| facts(money(amount));
    let receipt =
        (PolicyRule::ReceiptRequired, Some(Measure::Money(money("25.00"))), Some(Measure::Money(money("25.00"))));
    assert_eq!(evaluate(line("25.00"), "2026-11-20"), [receipt]);
    assert_eq!(evaluate(line("24.99"), "2026-11-20"), []);
    let with_receipt = ExpenseFacts { receipt_reference: Some(text("1.pdf")), ..line("25.00") };
    assert_eq!(evaluate(with_receipt, "2026-11-20"), []);
    let age = (PolicyRule::MaximumAge, Some(Measure::Days { days: 8 }), Some(Measure::Days { days: 9 }));
    assert_eq!(evaluate(line("1.00"), "2026-11-21"), [age]);
    // Time zones ahead of UTC may already have the next day.
    assert_eq!(evaluate(line("1.00"), "2026-11-11"), []);
    let yachts = ExpenseFacts { category: text("yachts"), ..line("1.00") };
    assert_eq!(evaluate(yachts, "2026-11-20"), [(PolicyRule::UnknownCategory, None, None)]);
}

#[test]
fn category_requires_fields_and_active_dates() {
    let mut policy = plain();
    policy.categories[0].requires =
        vec![RequiredField::Attendees, RequiredField::Project, RequiredField::CostCentre, RequiredField::Justification];
    policy.categories[0].active_from = Some(day("2026-11-10"));
    policy.categories[0].active_until = Some(day("2026-11-12"));
    let evaluator = Evaluator::new(policy);
    let fields: Vec<_> =
        evaluator.find(vec![facts(money("1.00"))]).iter().map(|found| (found.rule(), found.field)).collect();
    let wanted =
        [ExpenseField::Attendees, ExpenseField::Project, ExpenseField::CostCentre, ExpenseField::Justification];
    assert_eq!(fields, wanted.map(|field| (PolicyRule::RequiredField, field)));
    let full = |date| ExpenseFacts {
        attendees: vec![text("Zoe")],
        project: Some(text("moon")),
        cost_centre: Some(text("c1")),
        justification: Some(text("Asked to.")),
        ..on(date, "1.00")
    };
    assert_eq!(evaluator.rules(vec![full("2026-11-12"), full("2026-11-10")]), []);
    assert_eq!(evaluator.rules(vec![full("2026-11-09"), full("2026-11-13")]), [PolicyRule::InactiveCategory; 2]);
    let known =
        Policy { cost_centres: vec![cost_object("c2", None)], projects: vec![cost_object("mars", None)], ..plain() };
    assert_eq!(
        Evaluator::new(known).rules(vec![full("2026-11-12")]),
        [PolicyRule::UnknownCostCentre, PolicyRule::UnknownProject]
    );
}

#[test]
fn non_working_days_are_reported() {
    let evaluator = |effect| {
        let holidays = vec![day("2026-11-11")];
        Evaluator::new(Policy {
            non_working_days: Some(NonWorkingDays { effect, unless_justified: false, weekend: None, holidays }),
            ..plain()
        })
    };
    for (date, off) in [("2026-11-11", true), ("2026-11-12", false), ("2026-11-14", true), ("2026-11-15", true)] {
        let justified = ExpenseFacts { justification: Some(text("Fair.")), ..on(date, "1.00") };
        let severities = |severity, line| {
            evaluator(severity).find(vec![line]).into_iter().map(|found| found.severity).collect::<Vec<_>>()
        };
        let expected = |severity| if off { vec![severity] } else { Vec::new() };
        assert_eq!(severities(RuleEffect::Warn, on(date, "1.00")), expected(Severity::Block), "{date}");
        assert_eq!(severities(RuleEffect::Warn, justified.clone()), expected(Severity::Warn), "{date}");
        assert_eq!(severities(RuleEffect::Block, justified), expected(Severity::Block), "{date}");
    }
}

#[test]
fn duplicate_lines_are_found_within_and_across_reports() {
    let evaluator =
        |severity: RuleEffect| Evaluator::new(Policy { duplicates: CategoryRules::bare(severity), ..plain() });
    let at = |merchant: &str, amount: &str| ExpenseFacts { merchant: text(merchant), ..facts(money(amount)) };
    let found =
        evaluator(RuleEffect::Block).find(vec![at("Café Sol", "9.00"), at("cafe sol", "9.00"), at("CAFÉ-SOL", "9.00")]);
    assert_eq!((found.len(), found[0].expense_ids.len(), found[0].severity), (1, 2, Severity::Block));
    let twice = |justification: Option<&str>| {
        let line = ExpenseFacts { justification: justification.map(text), ..at("SNCF", "9.00") };
        let found = evaluator(RuleEffect::Warn).find(vec![line, at("SNCF", "9.00")]).remove(0);
        (found.severity, found.field)
    };
    assert_eq!(twice(None), (Severity::Block, ExpenseField::Justification));
    assert_eq!(twice(Some("There and back.")), (Severity::Warn, ExpenseField::Amount));
    let here =
        vec![at("SNCF", "9.00"), at("SNCF", "9.01"), ExpenseFacts { date: day("2026-11-13"), ..at("SNCF", "9.00") }];
    assert_eq!(evaluator(RuleEffect::Warn).rules(here.clone()), []);
    let elsewhere = Evaluator { spending: claimed(vec![at("S.N.C.F.", "9.01")]), ..evaluator(RuleEffect::Warn) };
    assert_eq!(elsewhere.rules(here), [PolicyRule::Duplicate]);
}

#[test]
fn splitting_counts_merchant_day_against_limits() {
    let watched = |effect| Policy { splitting: true, ..with_limit("60.00", LimitPeriod::Expense, effect) };
    let parts = || vec![on("2026-11-12", "31.00"), on("2026-11-12", "30.00")];
    assert_eq!(Evaluator::new(watched(LimitEffect::Block)).rules(parts()), [PolicyRule::Splitting]);
    assert_eq!(Evaluator::new(with_limit("60.00", LimitPeriod::Expense, LimitEffect::Block)).rules(parts()), []);
    // Another day is another visit. A part above the limit does not exempt the other parts.
    assert_eq!(
        Evaluator::new(watched(LimitEffect::Block)).rules(vec![on("2026-11-12", "31.00"), on("2026-11-13", "30.00")]),
        []
    );
    let one_above = vec![on("2026-11-12", "61.00"), on("2026-11-12", "30.00")];
    assert_eq!(
        Evaluator::new(watched(LimitEffect::Block)).rules(one_above),
        [PolicyRule::ExpenseLimit, PolicyRule::Splitting]
    );
    let one_above = lines(vec![on("2026-11-12", "61.00"), on("2026-11-12", "30.00")]);
    let caps = Evaluator::new(watched(LimitEffect::Cap)).evaluate(&one_above).unwrap().lines;
    assert_eq!(caps.iter().map(|line| line.granted().minor()).sum::<i64>(), 6000);
    let before =
        Evaluator { spending: claimed(vec![on("2026-11-12", "31.00")]), ..Evaluator::new(watched(LimitEffect::Block)) };
    assert_eq!(before.rules(vec![on("2026-11-12", "30.00")]), [PolicyRule::Splitting]);
    let caps = Evaluator::new(watched(LimitEffect::Cap)).evaluate(&lines(parts())).unwrap().lines;
    assert_eq!(caps.iter().map(|line| line.granted().minor()).sum::<i64>(), 6000);
    let receipts = Policy { splitting: true, receipt_required_from: CategoryRules::bare(money("60.00")), ..plain() };
    assert_eq!(Evaluator::new(receipts).rules(parts()), [PolicyRule::Splitting]);
}

#[test]
fn invalid_policy_lists_fault_pointers() {
    let found = |document: &Policy, base: &str| {
        let faults = document.validate(base.parse().unwrap());
        faults.into_iter().map(|fault| (fault.pointer, fault.rule)).collect::<Vec<_>>()
    };
    let expected = |faults: &[(&str, &'static str)]| {
        faults.iter().map(|(pointer, rule)| ((*pointer).to_owned(), *rule)).collect::<Vec<_>>()
    };
    assert_eq!(found(&Policy::initial(), "EUR"), []);
    let mut document = Policy { receipt_required_from: CategoryRules::bare(money("25.00")), ..Policy::initial() };
    document.categories.push(document.categories[0].clone());
    document.categories[1].active_from = Some(day("2026-11-12"));
    document.categories[1].active_until = Some(day("2026-11-11"));
    let limited =
        SpendingLimit { categories: vec![text("yachts")], ..limit("60.00", LimitPeriod::Day, LimitEffect::Warn) };
    document.limits = vec![limit("60.00", LimitPeriod::Day, LimitEffect::Warn), limited];
    let faults = [
        ("/categories/9/code", "unique"),
        ("/categories/1/active_until", "order"),
        ("/receipt_required_from/currency", "base-currency"),
        ("/limits/1/categories/0", "unknown"),
    ];
    assert_eq!(found(&document, "USD"), expected(&faults));

    let when = StepCondition {
        from_total: Some(money("2.00")),
        below_total: Some(money("2.00")),
        projects: vec![text("moon")],
        ..StepCondition::default()
    };
    let mut document = Policy { fallback: Some(Approvers::Manager { level: 0 }), ..Policy::initial() };
    document.steps[0].when = when;
    document.steps[0].mode = ApprovalMode::Quorum { of: 1 };
    document.steps[0].escalate_to = Some(Approvers::Members { members: Vec::new() });
    document.steps.push(step("Staff", Approvers::Role { role: outlay_domain::member::Role::Employee }));
    let faults = [
        ("/steps/0/when/projects/0", "unknown"),
        ("/steps/0/escalate_to/members", "length"),
        ("/steps/0/quorum", "range"),
        ("/steps/0/when/below_total", "order"),
        ("/steps/1/approvers/role", "role"),
        ("/fallback/level", "range"),
    ];
    assert_eq!(found(&document, "EUR"), expected(&faults));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn per_expense_limit_evaluates_lines_independently(amounts in prop::collection::vec(1..20_000_i64, 1..20)) {
        let lines = lines(amounts.into_iter().map(|minor| facts(cents(minor))).collect());
        let policy = Policy {
            receipt_required_from: CategoryRules::bare(money("25.00")),
            ..with_limit("60.00", LimitPeriod::Expense, LimitEffect::Warn)
        };
        let evaluator = Evaluator::new(policy);
        let together = evaluator.evaluate(&lines).unwrap().violations;
        let alone = |line: &Expense| evaluator.evaluate(std::slice::from_ref(line)).unwrap().violations;
        let apart: Vec<_> = lines.iter().flat_map(alone).collect();
        prop_assert_eq!(&together, &apart);
        let above = lines.iter().filter(|line| line.facts.amount.minor() > 6000).count();
        prop_assert_eq!(together.iter().filter(|found| found.rule() == PolicyRule::ExpenseLimit).count(), above);
    }
}
