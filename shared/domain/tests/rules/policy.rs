//! What the policy finds.

use outlay_domain::expense::Expense;
use outlay_domain::policy::{Category, Effect, Measure, Policy, Rule, Severity};
use proptest::prelude::*;

use crate::support::{People, day, draft, eur, money};

fn policy(limit: &str, effect: Effect) -> Policy {
    let limited = Category { code: "travel".to_owned(), name: "Travel".to_owned(), limit: Some(money(limit)), effect };
    Policy { categories: vec![limited], receipt_required_from: None, maximum_age_days: None, ..Policy::initial() }
}

fn line(amount: &str, change: impl Fn(&mut Expense)) -> Expense {
    let mut line = draft(&People::new().ana, &[money(amount)]).expenses.remove(0);
    change(&mut line);
    line
}

#[test]
fn a_limit_is_the_most_that_is_fine() {
    let today = day("2026-11-20");
    for (amount, found) in [("59.99", 0), ("60.00", 0), ("60.01", 1)] {
        let violations = policy("60.00", Effect::Warn).judge(&[line(amount, |_| ())], today);
        assert_eq!(violations.len(), found, "{amount}");
    }
}

#[test]
fn above_a_limit_a_justification_makes_a_warning_of_a_block() {
    let judge = |effect, justification: Option<&str>| {
        let line = line("80.00", |line| line.facts.justification = justification.map(str::to_owned));
        let found = policy("60.00", effect).judge(&[line], day("2026-11-20")).remove(0);
        (found.severity, found.field.name())
    };
    assert_eq!(judge(Effect::Warn, None), (Severity::Block, "justification"));
    assert_eq!(judge(Effect::Warn, Some("Late train.")), (Severity::Warn, "amount"));
    assert_eq!(judge(Effect::Block, Some("Late train.")), (Severity::Block, "amount"));
}

#[test]
fn receipts_age_and_categories() {
    let rules = Policy {
        receipt_required_from: Some(money("25.00")),
        maximum_age_days: Some(8),
        ..policy("100.00", Effect::Warn)
    };
    let judge = |line: Expense, today: &str| {
        rules
            .judge(&[line], day(today))
            .into_iter()
            .map(|found| (found.rule, found.limit, found.actual))
            .collect::<Vec<_>>()
    };
    let receipt = (Rule::ReceiptRequired, Some(Measure::Money(money("25.00"))), Some(Measure::Money(money("25.00"))));
    assert_eq!(judge(line("25.00", |_| ()), "2026-11-20"), [receipt]);
    assert_eq!(judge(line("24.99", |_| ()), "2026-11-20"), []);
    assert_eq!(judge(line("25.00", |line| line.facts.receipt_reference = Some("1.pdf".to_owned())), "2026-11-20"), []);
    let age = (Rule::MaximumAge, Some(Measure::Days { days: 8 }), Some(Measure::Days { days: 9 }));
    assert_eq!(judge(line("1.00", |_| ()), "2026-11-21"), [age]);
    // Whoever lives ahead of UTC may have spent it tomorrow.
    assert_eq!(judge(line("1.00", |_| ()), "2026-11-11"), []);
    assert_eq!(
        judge(line("1.00", |line| line.facts.category = "yachts".to_owned()), "2026-11-20"),
        [(Rule::UnknownCategory, None, None)]
    );
}

#[test]
fn a_faulty_document_is_told_where() {
    let mut document = policy("60.00", Effect::Warn);
    document.categories.push(document.categories[0].clone());
    let faults = document.faults("USD".parse().unwrap());
    let found: Vec<_> = faults.iter().map(|fault| (fault.pointer.as_str(), fault.rule)).collect();
    let currency = |at| (["/categories/0/limit/currency", "/categories/1/limit/currency"][at], "base-currency");
    assert_eq!(found, [("/categories/1/code", "unique"), currency(0), currency(1)]);
    assert_eq!(policy("60.00", Effect::Warn).faults(eur()), []);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn each_line_is_judged_by_itself(amounts in prop::collection::vec(1..20_000_i64, 1..20)) {
        let amounts: Vec<_> = amounts.into_iter().map(|minor| outlay_domain::money::Money::from_minor(minor, eur())).collect();
        let lines = draft(&People::new().ana, &amounts).expenses;
        let rules = Policy { receipt_required_from: Some(money("25.00")), ..policy("60.00", Effect::Warn) };
        let today = day("2026-11-20");
        let together = rules.judge(&lines, today);
        let apart: Vec<_> = lines.iter().flat_map(|line| rules.judge(std::slice::from_ref(line), today)).collect();
        prop_assert_eq!(&together, &apart);
        let above = lines.iter().filter(|line| line.facts.amount.minor() > 6000).count();
        prop_assert_eq!(together.iter().filter(|found| found.rule == Rule::CategoryLimit).count(), above);
    }
}
