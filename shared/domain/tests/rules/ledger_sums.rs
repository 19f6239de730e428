//! Sums of the ledger over random reports: entries balance, payable and receivable are what the report says, and
//! payments, failed payments and reversals bring the accounts of members back to zero.

use std::collections::BTreeMap;

use outlay_domain::batch::BatchEntry;
use outlay_domain::conversion::{RateBook, RateEntry};
use outlay_domain::expense::{Expense, ExpenseFacts, PaymentMethod};
use outlay_domain::ledger::{
    JournalEntry, LedgerError, LedgerSettings, LineRole, OpenItem, PaymentFacts, SettledValues, base_totals,
};
use outlay_domain::money::{Currency, Money};
use outlay_domain::report::Report;
use proptest::prelude::*;

use crate::ledger::{approval, approved, balance, book, pay_in, payment, reversed, settings, tax_account, taxed};
use crate::support::{day, optional_text, seed, text};

/// Currencies with 0, 2, 2, 3 and 4 decimals. No currency in use has four; stored amounts keep theirs.
fn currencies() -> Vec<Currency> {
    let stored = |amount: &str, code: &str| {
        let json = format!(r#"{{"amount":"{amount}","currency":"{code}"}}"#);
        serde_json::from_str::<Money>(&json).unwrap().currency()
    };
    let all = vec![
        stored("1", "JPY"),
        stored("1.00", "EUR"),
        stored("1.00", "USD"),
        stored("1.000", "KWD"),
        stored("1.0000", "CLF"),
    ];
    assert_eq!(all.iter().map(|currency| currency.exponent()).collect::<Vec<_>>(), [0, 2, 2, 3, 4]);
    all
}

/// Random line.
#[derive(Clone, Debug)]
struct Entered {
    minor: i64,
    is_refund: bool,
    by_card: bool,
    currency: usize,
    taxes: u8,
    country: bool,
    /// Granted part in percent; all when above 100.
    granted: i64,
}

fn entered() -> impl Strategy<Value = Entered> {
    let minor = prop_oneof![1..20_i64, 1..5_000_000_i64];
    (minor, prop::bool::weighted(0.15), any::<bool>(), 0..5_usize, 0..5_u8, any::<bool>(), 0..180_i64).prop_map(
        |(minor, is_refund, by_card, currency, taxes, country, granted)| Entered {
            minor,
            is_refund,
            by_card,
            currency,
            taxes,
            country,
            granted,
        },
    )
}

fn facts_of(line: &Entered, currencies: &[Currency]) -> ExpenseFacts {
    let minor = if line.is_refund { -line.minor } else { line.minor };
    let amount = Money::from_minor(minor, currencies[line.currency]);
    let rates: &[&str] = match line.taxes {
        0 => &[],
        1 => &["19"],
        2 => &["7"],
        3 => &["15", "15"],
        _ => &["10", "2.5"],
    };
    let facts = taxed(amount, rates);
    ExpenseFacts {
        country: optional_text(if line.country { "DE" } else { "" }),
        payment_method: if line.by_card { PaymentMethod::CompanyCard } else { PaymentMethod::Personal },
        ..facts
    }
}

/// Prices of the currencies in euros, over two orders of magnitude.
fn rate_book(base: Currency, currencies: &[Currency], prices: &[u32]) -> RateBook {
    let entries = currencies.iter().zip(prices).filter(|(currency, _)| **currency != base);
    RateBook::new(
        base,
        entries.map(|(currency, price)| RateEntry {
            currency: *currency,
            date: day("2026-11-01"),
            rate: format!("{}.{:04}", price / 10_000, price % 10_000).parse().unwrap(),
            source: text("ECB"),
        }),
    )
}

fn random_report(lines: &[Entered], currency: usize, base: usize, prices: &[u32]) -> Report {
    let currencies = currencies();
    let (currency, base) = (currencies[currency], currencies[base]);
    let (rates, mut ids) = (rate_book(base, &currencies, prices), seed(9));
    let line = |entered: &Entered| {
        let line = Expense::new(ids.next_id(), facts_of(entered, &currencies), currency, &rates).unwrap();
        let part = line.facts.amount.portion(entered.granted.min(100), 100).unwrap();
        let approved = Some(part).filter(|part| *part != line.facts.amount).map(approval);
        Expense { approved, ..line }
    };
    approved(currency, base, lines.iter().map(line).collect())
}

/// Settings with shares of reclaimable tax, so that parts of a cent appear.
fn sharing_settings(base: Currency) -> LedgerSettings {
    LedgerSettings {
        input_taxes: vec![tax_account("DE", "19", "1406", "100"), tax_account("DE", "", "1400", "33.3333")],
        bank_accounts: [(base, text("1800"))].into(),
        ..settings()
    }
}

/// Sums of debits less credits of an entry by currency, computed from its lines.
fn sums(entry: &JournalEntry) -> BTreeMap<Currency, i64> {
    let mut sums = BTreeMap::new();
    for line in entry.lines() {
        for amount in [Some(line.signed_amount()), line.signed_original()].into_iter().flatten() {
            *sums.entry(amount.currency()).or_default() += amount.minor();
        }
    }
    sums
}

/// Pays all that a report leaves open, in two parts, the first of which the bank returns once.
fn settle(report: &Report, first_percent: i64, settings: &LedgerSettings) -> Vec<JournalEntry> {
    let base = report.base_total.currency();
    let totals = base_totals(report).unwrap();
    let open = OpenItem { amount: totals.reimbursable, value: totals.reimbursable };
    let first = open.amount.portion(first_percent, 100).unwrap();
    let zero = Money::zero(base);
    let facts = |part: Money, open: OpenItem, set_off: Money| {
        let amount = part.minus(set_off).unwrap();
        PaymentFacts {
            amount,
            set_off,
            paid_value: amount,
            booked_value: open.value_of(part).unwrap(),
            set_off_value: set_off,
            ..payment(0, 0)
        }
    };
    let mut entries = Vec::new();
    let mut book = |facts: &PaymentFacts| match pay_in(base, facts, settings) {
        Ok(entry) => entries.push(entry),
        Err(error) => assert_eq!(error, LedgerError::NothingToBook),
    };
    // Paid, returned, paid again; then the rest, less what is owed.
    for _ in 0..2 {
        book(&facts(first, open, zero));
    }
    let rest = open.less(first).unwrap();
    book(&facts(rest.amount, rest, totals.repayable));
    if first.minor() != 0 {
        let returned = reversed(&entries[0]).unwrap();
        entries.push(returned);
    }
    entries
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn random_reports_balance_and_match_totals(
        lines in prop::collection::vec(entered(), 1..8),
        currency in 0..5_usize,
        base in 0..5_usize,
        prices in prop::collection::vec(100..1_000_000_u32, 5),
        first_percent in 0..=100_i64,
    ) {
        let report = random_report(&lines, currency, base, &prices);
        let base = report.base_total.currency();
        let settings = sharing_settings(base);
        let totals = base_totals(&report).unwrap();
        let entry = match book(&report, &settings) {
            Ok(entry) => entry,
            Err(error) => {
                prop_assert_eq!(error, LedgerError::NothingToBook);
                prop_assert_eq!((totals.reimbursable.minor(), totals.repayable.minor()), (0, 0));
                return Ok(());
            }
        };
        for (currency, sum) in sums(&entry) {
            prop_assert_eq!(sum, 0, "debits and credits in {} differ", currency);
        }
        let (payable, receivable) = (balance([&entry], LineRole::Payable), balance([&entry], LineRole::Receivable));
        prop_assert_eq!(payable, -totals.reimbursable.minor());
        prop_assert_eq!(receivable, totals.repayable.minor());
        if report.currency == base {
            prop_assert_eq!(totals.reimbursable.at_least_zero(), report.totals.reimbursable);
            let repayable = Some(totals.repayable).filter(|amount| amount.minor() > 0);
            prop_assert_eq!(repayable, report.totals.repayable);
        }
        // Each expense: what is booked as expense and tax is what is granted.
        for expense in &report.expenses {
            let of_expense = |line: &&outlay_domain::ledger::JournalLine| {
                line.expense == Some(expense.id) && matches!(line.role, LineRole::Expense | LineRole::InputTax)
            };
            let booked: i64 = entry.lines().iter().filter(of_expense).map(|line| line.signed_amount().minor()).sum();
            prop_assert_eq!(booked, expense.granted_of(expense.amount_in_base()).minor());
        }
        let mut all = vec![entry.clone()];
        all.extend(settle(&report, first_percent, &settings));
        for role in [LineRole::Payable, LineRole::Receivable] {
            prop_assert_eq!(balance(&all, role), 0, "{:?} is not settled", role);
        }
        let reversal = reversed(&entry).unwrap();
        for line in entry.lines() {
            prop_assert_eq!(balance([&entry, &reversal], line.role), 0);
        }
    }
}

/// Original amounts of one currency on lines of a role; credits are negative.
fn original_sum(entry: &JournalEntry, role: LineRole, currency: Currency) -> i64 {
    let lines = entry.lines().iter().filter(|line| line.role == role);
    lines
        .filter_map(outlay_domain::ledger::JournalLine::signed_original)
        .filter(|sum| sum.currency() == currency)
        .map(Money::minor)
        .sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn payable_states_reimbursable_in_report_currency(
        lines in prop::collection::vec(entered(), 1..8),
        currency in 1..5_usize,
        prices in prop::collection::vec(5_000..20_000_u32, 5),
    ) {
        // Amounts of at least a unit of the base currency, so that none is left out.
        let lines: Vec<Entered> = lines
            .into_iter()
            .map(|line| Entered { minor: line.minor + 50_000, is_refund: false, granted: line.granted.max(30), ..line })
            .collect();
        let report = random_report(&lines, currency, if currency == 1 { 2 } else { 1 }, &prices);
        let entry = book(&report, &sharing_settings(report.base_total.currency())).unwrap();
        prop_assert_eq!(original_sum(&entry, LineRole::Payable, report.currency), -report.totals.reimbursable.minor());
        let repayable = report.totals.repayable.map_or(0, Money::minor);
        prop_assert_eq!(original_sum(&entry, LineRole::Receivable, report.currency), repayable);
    }
}

/// Entries of batches that settle a report bit by bit: the claim first, then the debt in parts.
fn batch_entries(report: &Report, parts: &[i64]) -> Vec<BatchEntry> {
    let mut ids = seed(63);
    let (claim, zero) = (report.totals.reimbursable, Money::zero(report.currency));
    let mut owed = report.totals.repayable.unwrap_or(zero);
    let mut entries = Vec::new();
    for (at, percent) in parts.iter().enumerate() {
        let is_last = at + 1 == parts.len();
        let set_off = if is_last { owed } else { owed.portion(*percent, 100).unwrap() };
        owed = owed.minus(set_off).unwrap();
        entries.push(BatchEntry {
            report: report.id,
            number: report.number.clone(),
            payment: ids.next_id(),
            claim: if at == 0 { claim } else { zero },
            set_off,
            owed,
        });
    }
    entries
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn settled_values_add_up_to_books(
        lines in prop::collection::vec(entered(), 1..8),
        (currency, base) in (0..5_usize, 0..5_usize),
        prices in prop::array::uniform5(100..1_000_000_u32),
        parts in prop::collection::vec(0..=100_i64, 1..5),
    ) {
        let report = random_report(&lines, currency, base, &prices);
        let totals = base_totals(&report).unwrap();
        let values = batch_entries(&report, &parts).iter().try_fold(
            SettledValues::zero(report.base_total.currency()),
            |sum, entry| sum.plus(SettledValues::of_entry(entry, &report).unwrap()),
        ).unwrap();
        // Refunds above the claims are neither paid nor set off.
        if report.totals.reimbursable.minor() > 0 {
            prop_assert_eq!(values.claim, totals.reimbursable);
        }
        if report.totals.repayable.is_some_and(|owed| owed.minor() > 0) {
            prop_assert_eq!(values.set_off, totals.repayable);
        }
    }
}
