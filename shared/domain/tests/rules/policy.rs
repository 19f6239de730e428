//! What the policy finds.

use std::collections::BTreeMap;

use outlay_domain::conversion::{ConversionFault, RateBook, RateEntry};
use outlay_domain::expense::{Expense, ExpenseFacts, PaymentMethod};
use outlay_domain::judge::{Grounds, Judgement, judge};
use outlay_domain::money::Money;
use outlay_domain::policy::{
    Approvers, Condition, CostObject, Effect, Field, Limit, Measure, Mode, NonWorkingDays, Period, Policy, Required,
    Rule, Severity, Violation,
};
use outlay_domain::spending::{Bucket, BucketKey, Claim, ReportClaims, Spending};
use proptest::prelude::*;

use crate::support::{cents, day, eur, facts, limit, lines, money, no_rates, seed, step};

/// Nothing is noted but what the test asks for.
fn plain() -> Policy {
    Policy { maximum_age_days: None, duplicates: None, splitting: false, ..Policy::initial() }
}

fn with_limit(amount: &str, period: Period, effect: Effect) -> Policy {
    Policy { limits: vec![limit(amount, period, effect)], ..plain() }
}

struct Court {
    policy: Policy,
    grade: Option<&'static str>,
    spending: Spending,
    rates: RateBook,
    today: &'static str,
}

impl Court {
    fn new(policy: Policy) -> Self {
        Self { policy, grade: None, spending: Spending::default(), rates: no_rates(), today: "2026-11-20" }
    }

    fn judge(&self, lines: &[Expense]) -> Result<Judgement, ConversionFault> {
        let grounds = Grounds {
            policy: &self.policy,
            report: seed(200).draw(),
            grade: self.grade,
            cost_centre: None,
            spending: &self.spending,
            rates: &self.rates,
            today: day(self.today),
        };
        judge(lines, &grounds)
    }

    fn find(&self, expenses: Vec<ExpenseFacts>) -> Vec<Violation> {
        self.judge(&lines(expenses)).unwrap().violations
    }

    fn rules(&self, expenses: Vec<ExpenseFacts>) -> Vec<Rule> {
        self.find(expenses).into_iter().map(|found| found.rule).collect()
    }
}

fn on(date: &str, amount: &str) -> ExpenseFacts {
    ExpenseFacts { date: day(date), ..facts(money(amount)) }
}

/// What another report of the owner has claimed.
fn claimed(expenses: Vec<ExpenseFacts>) -> Spending {
    let mut buckets: BTreeMap<BucketKey, Bucket> = BTreeMap::new();
    let (report, number) = (seed(100).draw(), "R-2026-AAAA-BBBB".to_owned());
    for line in lines(expenses) {
        for key in BucketKey::of(&line.facts) {
            let bucket = buckets.entry(key).or_insert(Bucket { version: 1, claims: BTreeMap::new() });
            let none = || ReportClaims { number: number.clone(), lines: Vec::new() };
            bucket.claims.entry(report).or_insert_with(none).lines.push(Claim::of(&line));
        }
    }
    Spending { buckets }
}

#[test]
fn a_limit_is_the_most_that_is_fine() {
    for (amount, found) in [("59.99", 0), ("60.00", 0), ("60.01", 1)] {
        let violations =
            Court::new(with_limit("60.00", Period::Expense, Effect::Warn)).find(vec![facts(money(amount))]);
        assert_eq!(violations.len(), found, "{amount}");
    }
}

#[test]
fn above_a_limit_a_justification_makes_a_warning_of_a_block() {
    let judge = |effect, justification: Option<&str>| {
        let line = ExpenseFacts { justification: justification.map(str::to_owned), ..facts(money("80.00")) };
        let found = Court::new(with_limit("60.00", Period::Expense, effect)).find(vec![line]).remove(0);
        (found.severity, found.field)
    };
    assert_eq!(judge(Effect::Warn, None), (Severity::Block, Field::Justification));
    assert_eq!(judge(Effect::Warn, Some("Late train.")), (Severity::Warn, Field::Amount));
    assert_eq!(judge(Effect::Block, Some("Late train.")), (Severity::Block, Field::Amount));
    assert_eq!(judge(Effect::Cap, None), (Severity::Warn, Field::Amount));
}

#[test]
fn each_period_counts_what_it_says_together_with_what_was_claimed_before() {
    let trip = |line: ExpenseFacts| ExpenseFacts { trip: Some("lyon".to_owned()), ..line };
    let other_trip = |line: ExpenseFacts| ExpenseFacts { trip: Some("nice".to_owned()), ..line };
    // Lines of this report, what another one claims, and by which periods it is more than 60.00 together.
    for (here, before, found) in [
        (vec![on("2026-11-12", "61.00")], vec![], vec![Period::Expense, Period::Day, Period::Month, Period::Report]),
        (
            vec![on("2026-11-12", "30.00"), on("2026-11-12", "31.00")],
            vec![],
            vec![Period::Day, Period::Month, Period::Report],
        ),
        (vec![on("2026-11-12", "30.00"), on("2026-11-13", "31.00")], vec![], vec![Period::Month, Period::Report]),
        (vec![on("2026-10-31", "30.00"), on("2026-11-01", "31.00")], vec![], vec![Period::Report]),
        (vec![on("2026-11-12", "30.00")], vec![on("2026-11-12", "31.00")], vec![Period::Day, Period::Month]),
        (vec![on("2026-11-12", "30.00")], vec![on("2026-11-13", "31.00")], vec![Period::Month]),
        (vec![trip(on("2026-10-31", "30.00"))], vec![trip(on("2026-11-01", "31.00"))], vec![Period::Trip]),
        (vec![trip(on("2026-10-31", "30.00"))], vec![other_trip(on("2026-11-01", "31.00"))], vec![]),
    ] {
        for period in Period::ALL {
            let court =
                Court { spending: claimed(before.clone()), ..Court::new(with_limit("60.00", period, Effect::Block)) };
            let violations = court.find(here.clone());
            let expected = Some(Measure::Money(money("61.00"))).filter(|_| found.contains(&period));
            assert_eq!(violations.first().and_then(|found| found.actual), expected, "{period:?} {here:?} {before:?}");
        }
    }
}

#[test]
fn a_cap_leaves_what_fits_and_says_so() {
    let judged = |policy: Policy, expenses, spending| {
        let judgement = Court { spending, ..Court::new(policy) }.judge(&lines(expenses)).unwrap();
        let caps: Vec<_> = judgement.lines.iter().map(|line| line.cap.map(Money::amount)).collect();
        (caps, judgement.violations.len())
    };
    let cap = |amount| Some(String::from(amount));
    let day_limit = || with_limit("60.00", Period::Day, Effect::Cap);
    let none = Spending::default;
    assert_eq!(judged(day_limit(), vec![on("2026-11-12", "60.00")], none()), (vec![None], 0));
    // Smaller lines of a day come first, in whatever order they were entered.
    let two = vec![on("2026-11-12", "50.00"), on("2026-11-12", "40.00")];
    assert_eq!(judged(day_limit(), two, none()), (vec![cap("20.00"), None], 1));
    // What another report has claimed is taken, and what it was not granted is not.
    let before = claimed(vec![on("2026-11-12", "45.00")]);
    assert_eq!(judged(day_limit(), vec![on("2026-11-12", "40.00")], before), (vec![cap("15.00")], 1));
    let full = claimed(vec![on("2026-11-12", "75.00")]);
    assert_eq!(judged(day_limit(), vec![on("2026-11-12", "40.00")], full), (vec![cap("0.00")], 1));
    // Of two caps the lower one holds.
    let both = Policy {
        limits: vec![limit("30.00", Period::Expense, Effect::Cap), limit("50.00", Period::Day, Effect::Cap)],
        ..plain()
    };
    let two = vec![on("2026-11-12", "40.00"), on("2026-11-12", "35.00")];
    assert_eq!(judged(both, two, none()), (vec![cap("20.00"), cap("30.00")], 3));
}

#[test]
fn a_limit_in_another_currency_is_compared_at_the_rate_of_today() {
    let usd: outlay_domain::money::Currency = "USD".parse().unwrap();
    let rate = |date: &str, rate: &str| RateEntry {
        currency: usd,
        date: day(date),
        rate: rate.parse().unwrap(),
        source: "ECB".to_owned(),
    };
    let in_dollars = Limit { amount: Money::from_minor(10_000, usd), ..limit("1.00", Period::Expense, Effect::Block) };
    let policy = Policy { limits: vec![in_dollars], ..plain() };
    let rates = RateBook::new(eur(), [rate("2026-11-01", "0.50"), rate("2026-11-20", "0.80")]);
    let court = Court { rates, ..Court::new(policy.clone()) };
    assert_eq!(court.rules(vec![facts(money("80.00"))]), []);
    assert_eq!(court.rules(vec![facts(money("80.01"))]), [Rule::ExpenseLimit]);
    let none = Court::new(policy).judge(&lines(vec![facts(money("1.00"))])).unwrap_err();
    assert_eq!(none, ConversionFault::RateMissing { currency: usd, on: day("2026-11-20") });
}

#[test]
fn the_limit_with_most_restrictions_counts_and_of_equals_the_first() {
    let travel = |limit: Limit| Limit { categories: vec!["travel".to_owned()], ..limit };
    let senior = |limit: Limit| Limit { grades: vec!["senior".to_owned()], ..limit };
    let card = |limit: Limit| Limit { payment_methods: vec![PaymentMethod::CompanyCard], ..limit };
    let block = |amount| limit(amount, Period::Expense, Effect::Block);
    let limits = vec![
        block("10.00"),
        travel(block("20.00")),
        senior(block("30.00")),
        senior(travel(block("40.00"))),
        card(senior(travel(block("50.00")))),
        block("60.00"),
    ];
    let which = |grade, category: &str, payment_method| {
        let court = Court { grade, ..Court::new(Policy { limits: limits.clone(), ..plain() }) };
        let found =
            court.find(vec![ExpenseFacts { category: category.to_owned(), payment_method, ..facts(money("99.00")) }]);
        match found[0].limit {
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
fn receipts_age_and_categories() {
    let rules = Policy {
        receipt_required_from: Some(money("25.00")),
        maximum_age_days: Some(8),
        ..with_limit("100.00", Period::Expense, Effect::Warn)
    };
    let judge = |line: ExpenseFacts, today| {
        let found = Court { today, ..Court::new(rules.clone()) }.find(vec![line]);
        found.into_iter().map(|found| (found.rule, found.limit, found.actual)).collect::<Vec<_>>()
    };
    let line = |amount| facts(money(amount));
    let receipt = (Rule::ReceiptRequired, Some(Measure::Money(money("25.00"))), Some(Measure::Money(money("25.00"))));
    assert_eq!(judge(line("25.00"), "2026-11-20"), [receipt]);
    assert_eq!(judge(line("24.99"), "2026-11-20"), []);
    let with_receipt = ExpenseFacts { receipt_reference: Some("1.pdf".to_owned()), ..line("25.00") };
    assert_eq!(judge(with_receipt, "2026-11-20"), []);
    let age = (Rule::MaximumAge, Some(Measure::Days { days: 8 }), Some(Measure::Days { days: 9 }));
    assert_eq!(judge(line("1.00"), "2026-11-21"), [age]);
    // Whoever lives ahead of UTC may have spent it tomorrow.
    assert_eq!(judge(line("1.00"), "2026-11-11"), []);
    let yachts = ExpenseFacts { category: "yachts".to_owned(), ..line("1.00") };
    assert_eq!(judge(yachts, "2026-11-20"), [(Rule::UnknownCategory, None, None)]);
}

#[test]
fn categories_ask_for_fields_and_end() {
    let mut policy = plain();
    policy.categories[0].requires =
        vec![Required::Attendees, Required::Project, Required::CostCentre, Required::Justification];
    policy.categories[0].active_from = Some(day("2026-11-10"));
    policy.categories[0].active_until = Some(day("2026-11-12"));
    let court = Court::new(policy);
    let fields: Vec<_> = court.find(vec![facts(money("1.00"))]).iter().map(|found| (found.rule, found.field)).collect();
    let wanted = [Field::Attendees, Field::Project, Field::CostCentre, Field::Justification];
    assert_eq!(fields, wanted.map(|field| (Rule::RequiredField, field)));
    let full = |date| ExpenseFacts {
        attendees: vec!["Zoe".to_owned()],
        project: Some("moon".to_owned()),
        cost_centre: Some("c1".to_owned()),
        justification: Some("Asked to.".to_owned()),
        ..on(date, "1.00")
    };
    assert_eq!(court.rules(vec![full("2026-11-12"), full("2026-11-10")]), []);
    assert_eq!(court.rules(vec![full("2026-11-09"), full("2026-11-13")]), [Rule::InactiveCategory; 2]);
    let object = |code: &str| CostObject { code: code.to_owned(), name: code.to_owned(), owner_id: None };
    let known = Policy { cost_centres: vec![object("c2")], projects: vec![object("mars")], ..plain() };
    assert_eq!(Court::new(known).rules(vec![full("2026-11-12")]), [Rule::UnknownCostCentre, Rule::UnknownProject]);
}

#[test]
fn days_off_are_noted() {
    let court = |severity| {
        let holidays = vec![day("2026-11-11")];
        Court::new(Policy { non_working_days: Some(NonWorkingDays { severity, holidays }), ..plain() })
    };
    for (date, off) in [("2026-11-11", true), ("2026-11-12", false), ("2026-11-14", true), ("2026-11-15", true)] {
        let justified = ExpenseFacts { justification: Some("Fair.".to_owned()), ..on(date, "1.00") };
        let severities = |severity, line| {
            court(severity).find(vec![line]).into_iter().map(|found| found.severity).collect::<Vec<_>>()
        };
        let expected = |severity| if off { vec![severity] } else { Vec::new() };
        assert_eq!(severities(Severity::Warn, on(date, "1.00")), expected(Severity::Block), "{date}");
        assert_eq!(severities(Severity::Warn, justified.clone()), expected(Severity::Warn), "{date}");
        assert_eq!(severities(Severity::Block, justified), expected(Severity::Block), "{date}");
    }
}

#[test]
fn the_same_line_twice_is_found_here_and_in_other_reports() {
    let court = |severity| Court::new(Policy { duplicates: Some(severity), ..plain() });
    let at = |merchant: &str, amount: &str| ExpenseFacts { merchant: merchant.to_owned(), ..facts(money(amount)) };
    let found =
        court(Severity::Block).find(vec![at("Café Sol", "9.00"), at("cafe sol", "9.00"), at("CAFÉ-SOL", "9.00")]);
    assert_eq!((found.len(), found[0].expense_ids.len(), found[0].severity), (1, 2, Severity::Block));
    let twice = |justification: Option<&str>| {
        let line = ExpenseFacts { justification: justification.map(str::to_owned), ..at("SNCF", "9.00") };
        let found = court(Severity::Warn).find(vec![line, at("SNCF", "9.00")]).remove(0);
        (found.severity, found.field)
    };
    assert_eq!(twice(None), (Severity::Block, Field::Justification));
    assert_eq!(twice(Some("There and back.")), (Severity::Warn, Field::Amount));
    let here =
        vec![at("SNCF", "9.00"), at("SNCF", "9.01"), ExpenseFacts { date: day("2026-11-13"), ..at("SNCF", "9.00") }];
    assert_eq!(court(Severity::Warn).rules(here.clone()), []);
    let elsewhere = Court { spending: claimed(vec![at("S.N.C.F.", "9.01")]), ..court(Severity::Warn) };
    assert_eq!(elsewhere.rules(here), [Rule::Duplicate]);
}

#[test]
fn splitting_a_visit_does_not_get_under_a_limit_or_around_a_receipt() {
    let watched = |effect| Policy { splitting: true, ..with_limit("60.00", Period::Expense, effect) };
    let parts = || vec![on("2026-11-12", "31.00"), on("2026-11-12", "30.00")];
    assert_eq!(Court::new(watched(Effect::Block)).rules(parts()), [Rule::Splitting]);
    assert_eq!(Court::new(with_limit("60.00", Period::Expense, Effect::Block)).rules(parts()), []);
    // Not of another day; and a part that is above the limit by itself does not shelter the others.
    assert_eq!(
        Court::new(watched(Effect::Block)).rules(vec![on("2026-11-12", "31.00"), on("2026-11-13", "30.00")]),
        []
    );
    let one_above = vec![on("2026-11-12", "61.00"), on("2026-11-12", "30.00")];
    assert_eq!(Court::new(watched(Effect::Block)).rules(one_above), [Rule::ExpenseLimit, Rule::Splitting]);
    let one_above = lines(vec![on("2026-11-12", "61.00"), on("2026-11-12", "30.00")]);
    let caps = Court::new(watched(Effect::Cap)).judge(&one_above).unwrap().lines;
    assert_eq!(caps.iter().map(|line| line.granted().minor()).sum::<i64>(), 6000);
    let before = Court { spending: claimed(vec![on("2026-11-12", "31.00")]), ..Court::new(watched(Effect::Block)) };
    assert_eq!(before.rules(vec![on("2026-11-12", "30.00")]), [Rule::Splitting]);
    let caps = Court::new(watched(Effect::Cap)).judge(&lines(parts())).unwrap().lines;
    assert_eq!(caps.iter().map(|line| line.granted().minor()).sum::<i64>(), 6000);
    let receipts = Policy { splitting: true, receipt_required_from: Some(money("60.00")), ..plain() };
    assert_eq!(Court::new(receipts).rules(parts()), [Rule::Splitting]);
}

#[test]
fn a_faulty_document_is_told_where() {
    let found = |document: &Policy, base: &str| {
        let faults = document.faults(base.parse().unwrap());
        faults.into_iter().map(|fault| (fault.pointer, fault.rule)).collect::<Vec<_>>()
    };
    let expected = |faults: &[(&str, &'static str)]| {
        faults.iter().map(|(pointer, rule)| ((*pointer).to_owned(), *rule)).collect::<Vec<_>>()
    };
    assert_eq!(found(&Policy::initial(), "EUR"), []);
    let mut document = Policy { receipt_required_from: Some(money("25.00")), ..Policy::initial() };
    document.categories.push(document.categories[0].clone());
    document.categories[1].active_from = Some(day("2026-11-12"));
    document.categories[1].active_until = Some(day("2026-11-11"));
    let limited = Limit { categories: vec!["yachts".to_owned()], ..limit("60.00", Period::Day, Effect::Warn) };
    document.limits = vec![limit("60.00", Period::Day, Effect::Warn), limited];
    let faults = [
        ("/categories/9/code", "unique"),
        ("/categories/1/active_until", "order"),
        ("/receipt_required_from/currency", "base-currency"),
        ("/limits/1/categories/0", "unknown"),
    ];
    assert_eq!(found(&document, "USD"), expected(&faults));

    let when = Condition {
        from_total: Some(money("2.00")),
        below_total: Some(money("2.00")),
        projects: vec!["moon".to_owned()],
        ..Condition::default()
    };
    let mut document = Policy { fallback: Some(Approvers::Manager { level: 0 }), ..Policy::initial() };
    document.steps[0].when = when;
    document.steps[0].mode = Mode::Quorum { of: 1 };
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
    fn by_a_limit_per_expense_each_line_is_judged_by_itself(amounts in prop::collection::vec(1..20_000_i64, 1..20)) {
        let lines = lines(amounts.into_iter().map(|minor| facts(cents(minor))).collect());
        let policy = Policy {
            receipt_required_from: Some(money("25.00")),
            ..with_limit("60.00", Period::Expense, Effect::Warn)
        };
        let court = Court::new(policy);
        let together = court.judge(&lines).unwrap().violations;
        let alone = |line: &Expense| court.judge(std::slice::from_ref(line)).unwrap().violations;
        let apart: Vec<_> = lines.iter().flat_map(alone).collect();
        prop_assert_eq!(&together, &apart);
        let above = lines.iter().filter(|line| line.facts.amount.minor() > 6000).count();
        prop_assert_eq!(together.iter().filter(|found| found.rule == Rule::ExpenseLimit).count(), above);
    }
}
