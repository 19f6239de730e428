//! Cases about journal entries and the entries of payments.

use outlay_domain::conversion::{RateBook, RateEntry};
use outlay_domain::expense::{Expense, ExpenseFacts};
use outlay_domain::ledger::{JournalEntry, LedgerSettings, LineRole, OpenItem, PaymentFacts};
use outlay_domain::money::{Currency, Money};
use outlay_domain::tax::StatedTaxes;

use super::money as money_cases;
use crate::ledger::{approved, balance, book, by_card, lines, pay, pay_in, payment, reversed, settings, taxed};
use crate::support::{cents, day, eur, facts, money, seed, text};

/// Debits and credits of an entry, sorted.
fn sides(entry: &JournalEntry) -> (Vec<String>, Vec<String>) {
    let (debits, credits): (Vec<_>, Vec<_>) = entry.lines().iter().partition(|line| line.signed_amount().minor() > 0);
    let sorted = |lines: Vec<&outlay_domain::ledger::JournalLine>| {
        let mut amounts: Vec<String> = lines.into_iter().map(|line| line.amount.amount()).collect();
        amounts.sort();
        amounts
    };
    (sorted(debits), sorted(credits))
}

fn booked(expenses: Vec<ExpenseFacts>) -> JournalEntry {
    let lines = lines(expenses.into_iter().map(|facts| (facts, None)).collect());
    book(&approved(eur(), eur(), lines), &settings()).unwrap()
}

/// Entry of one expense in dollars, in a report in euros.
fn booked_abroad(facts: ExpenseFacts, rate: &str) -> JournalEntry {
    let usd = facts.amount.currency();
    let entry = RateEntry { currency: usd, date: day("2026-11-01"), rate: rate.parse().unwrap(), source: text("ECB") };
    let line = Expense::new(seed(1).next_id(), facts, eur(), &RateBook::new(eur(), [entry])).unwrap();
    book(&approved(eur(), eur(), vec![line]), &settings()).unwrap()
}

fn dollars(minor: i64) -> Money {
    Money::from_minor(minor, "USD".parse().unwrap())
}

pub fn entry_of_a_report() {
    money_cases::taxes_of_a_journal_balance();
    let entry = booked(vec![taxed(money("1600.00"), &["15"]), taxed(money("160.00"), &["15", "15"])]);
    let (debits, credits) = sides(&entry);
    assert_eq!(debits, ["123.08", "1391.30", "18.46", "18.46", "208.70"]);
    assert_eq!(credits, ["1760.00"]);
    assert_eq!(entry.total(), Ok(money("1760.00")));
}

pub fn clearing_line_for_each_card_payment() {
    money_cases::company_card_is_not_reimbursed();
    let entry = booked(vec![by_card(facts(money("1000.00"))), by_card(facts(money("160.00")))]);
    let clearing = entry.lines().iter().filter(|line| line.role == LineRole::CardClearing);
    assert_eq!(clearing.map(|line| line.amount.amount()).collect::<Vec<_>>(), ["1000.00", "160.00"]);
    assert_eq!(balance([&entry], LineRole::Payable), 0);
}

pub fn partial_payment_then_the_rest() {
    let entry = booked(vec![facts(money("1760.00"))]);
    let first = pay(&payment(170_000, 0)).unwrap();
    assert_eq!(balance([&entry, &first], LineRole::Payable), -6_000);
    let second = pay(&payment(6_000, 0)).unwrap();
    assert_eq!(balance([&entry, &first, &second], LineRole::Payable), 0);
}

pub fn entry_is_the_same_whoever_paid() {
    money_cases::rounding_whoever_paid();
    let facts = taxed(dollars(10_000), &["15", "15"]);
    let expected = ["1.71", "1.72", "11.41"].map(str::to_owned).to_vec();
    for facts in [facts.clone(), by_card(facts)] {
        assert_eq!(sides(&booked_abroad(facts, "0.148431")), (expected.clone(), vec!["14.84".to_owned()]));
    }
}

pub fn seven_percent_is_paid_in_full() {
    money_cases::seven_percent_within();
    let entry = booked(vec![taxed(money("140.00"), &["7"])]);
    assert_eq!(sides(&entry).0, ["130.84", "9.16"]);
    assert_eq!(balance([&entry, &pay(&payment(14_000, 0)).unwrap()], LineRole::Payable), 0);
}

pub fn whole_report_with_tax_is_set_off() {
    let entry = booked(vec![taxed(money("763.00"), &["9"])]);
    assert_eq!(sides(&entry), (vec!["63.00".to_owned(), "700.00".to_owned()], vec!["763.00".to_owned()]));
    let settled = pay(&payment(0, 76_300)).unwrap();
    assert_eq!(balance([&entry, &settled], LineRole::Payable), 0);
    assert_eq!(balance([&settled], LineRole::Bank), 0);
}

pub fn half_is_set_off() {
    let entry = booked(vec![facts(money("1000.00"))]);
    let paid = pay(&payment(50_000, 50_000)).unwrap();
    assert_eq!(balance([&entry, &paid], LineRole::Payable), 0);
    assert_eq!((balance([&paid], LineRole::Receivable), balance([&paid], LineRole::Bank)), (-50_000, -50_000));
}

pub fn gain_between_two_rates() {
    let inr: Currency = "INR".parse().unwrap();
    let rupees = |minor| Money::from_minor(minor, inr);
    // 1000 USD, booked at 65 and paid at 62.9.
    let facts = PaymentFacts {
        amount: dollars(100_000),
        set_off: dollars(0),
        booked_value: rupees(6_500_000),
        set_off_value: rupees(0),
        paid_value: rupees(6_290_000),
        ..payment(0, 0)
    };
    let bank = [(dollars(0).currency(), text("1820"))].into();
    let entry = pay_in(inr, &facts, &LedgerSettings { bank_accounts: bank, ..settings() }).unwrap();
    assert_eq!(balance([&entry], LineRole::ExchangeDifference), -210_000);
}

pub fn entry_balances() {
    money_cases::net_and_tax_balance();
    let entry = booked(vec![taxed(money("110.00"), &["10"])]);
    assert_eq!(sides(&entry), (vec!["10.00".to_owned(), "100.00".to_owned()], vec!["110.00".to_owned()]));
}

pub fn payment_has_two_lines() {
    let entry = booked(vec![facts(money("10.00"))]);
    let paid = pay(&payment(1_000, 0)).unwrap();
    assert_eq!((paid.lines().len(), balance([&entry, &paid], LineRole::Payable)), (2, 0));
    let returned = reversed(&paid).unwrap();
    assert_eq!(balance([&entry, &paid, &returned], LineRole::Payable), -1_000);
}

pub fn tax_in_another_currency() {
    money_cases::tax_across_currencies();
    let (tax, taxes) = StatedTaxes::Sum(dollars(2_000)).within(dollars(12_000)).unwrap();
    let entry = booked_abroad(ExpenseFacts { tax, taxes, ..facts(dollars(12_000)) }, "1.1");
    assert_eq!(sides(&entry), (vec!["110.00".to_owned(), "22.00".to_owned()], vec!["132.00".to_owned()]));
}

pub fn last_cent_stays_exact() {
    let open = OpenItem { amount: cents(900_000), value: cents(900_000) };
    let rest = open.less(cents(359_677)).unwrap().less(cents(540_322)).unwrap();
    assert_eq!(rest, OpenItem { amount: cents(1), value: cents(1) });
}

pub fn rounded_tax_lets_the_payment_match() {
    money_cases::net_and_tax_make_up_the_total();
    let entry = booked(vec![taxed(money("19.99"), &["20"])]);
    assert_eq!(sides(&entry).0, ["16.66", "3.33"]);
    assert_eq!(balance([&entry, &pay(&payment(1_999, 0)).unwrap()], LineRole::Payable), 0);
}

pub fn tax_base_is_in_base_currency() {
    money_cases::tax_base_in_base_currency();
    let entry = booked_abroad(ExpenseFacts { tax: dollars(10_500), ..facts(dollars(80_500)) }, "0.5");
    let tax = entry.lines().iter().find(|line| line.role == LineRole::InputTax).unwrap();
    assert_eq!((tax.tax_base, tax.amount), (Some(money("350.00")), money("52.50")));
}
