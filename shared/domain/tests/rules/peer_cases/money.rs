//! Cases about money: tax, totals, rates, splits and amounts.

use outlay_domain::change::{self, ReportChange, SplitPart};
use outlay_domain::conversion::{ConversionError, RateBook, RateEntry};
use outlay_domain::error::DomainError;
use outlay_domain::expense::{Expense, ExpenseFacts, PaymentMethod};
use outlay_domain::money::{Currency, Money, ParseAmountError};
use outlay_domain::permission::permit_org;
use outlay_domain::policy::Policy;
use outlay_domain::report::{Report, Totals};
use outlay_domain::tax::{TaxSource, included_taxes};

use crate::support::{
    People, cents, created_with, day, draft, eur, facts, finish, money, no_rates, now, permit_for, seed, text, titled,
};

/// Net and taxes included in a total, as text.
fn taxed(total: &str, rates: &[&str]) -> (String, Vec<String>) {
    let rates: Vec<_> = rates.iter().map(|rate| rate.parse().unwrap()).collect();
    let taxes = included_taxes(money(total), &rates).unwrap();
    let net = taxes.iter().fold(money(total), |net, tax| net.minus(*tax).unwrap());
    (net.amount(), taxes.into_iter().map(Money::amount).collect())
}

/// Facts of a line with its tax.
fn with_tax(amount: &str, tax: &str) -> ExpenseFacts {
    ExpenseFacts { tax: money(tax), ..facts(money(amount)) }
}

fn report(expenses: Vec<ExpenseFacts>) -> Report {
    created_with(&People::new().ana, expenses).after
}

fn totals_text(totals: Totals) -> [String; 3] {
    [totals.total, totals.net, totals.tax].map(Money::amount)
}

fn rates(currency: &str, rate: &str) -> RateBook {
    let entry = RateEntry {
        currency: currency.parse().unwrap(),
        date: day("2026-11-01"),
        rate: rate.parse().unwrap(),
        source: text("ECB"),
    };
    RateBook::new(eur(), [entry])
}

/// Line in a currency with this rate, in a report in euros.
fn foreign(amount: Money, tax: Money, rate: &str) -> Expense {
    let line = ExpenseFacts { tax, ..facts(amount) };
    Expense::new(seed(1).next_id(), line, eur(), &rates(amount.currency().code(), rate)).unwrap()
}

fn usd(amount: &str) -> Money {
    Money::parse(amount, "USD".parse().unwrap()).unwrap()
}

/// Splits the only line of a report.
fn split(report: &Report, parts: &[SplitPart]) -> Result<ReportChange, DomainError> {
    let people = People::new();
    let permit = permit_for(&people.ana, report)?;
    finish(change::split_expense(permit, report.expenses[0].id, parts, &mut seed(10), now()), None, now())
}

fn part(amount: Money, tax: Option<Money>) -> SplitPart {
    SplitPart { tax, ..SplitPart::of(amount) }
}

pub fn tax_of_a_quantity() {
    let total = money("800.00").plus(money("800.00")).unwrap().amount();
    assert_eq!(taxed(&total, &["15"]), ("1391.30".to_owned(), vec!["208.70".to_owned()]));
}

pub fn tax_within_an_amount() {
    assert_eq!(taxed("1000.00", &["15"]), ("869.57".to_owned(), vec!["130.43".to_owned()]));
}

pub fn totals_of_a_report() {
    let report = report(vec![with_tax("1000.00", "130.43"), with_tax("160.00", "36.92")]);
    assert_eq!(totals_text(report.totals), ["1160.00", "992.65", "167.35"]);
}

pub fn taxes_of_a_journal_balance() {
    let (first, second) = (taxed("1600.00", &["15"]), taxed("160.00", &["15", "15"]));
    assert_eq!(first, ("1391.30".to_owned(), vec!["208.70".to_owned()]));
    assert_eq!(second, ("123.08".to_owned(), vec!["18.46".to_owned(), "18.46".to_owned()]));
    let debits = [&first, &second].into_iter().flat_map(|(net, taxes)| std::iter::once(net).chain(taxes));
    assert_eq!(Money::sum(eur(), debits.map(|debit| money(debit))), Ok(money("1760.00")));
}

fn card(amount: &str) -> ExpenseFacts {
    ExpenseFacts { payment_method: PaymentMethod::CompanyCard, ..facts(money(amount)) }
}

pub fn company_card_is_not_reimbursed() {
    let totals = report(vec![card("1000.00"), card("160.00")]).totals;
    assert_eq!((totals.total, totals.reimbursable, totals.not_reimbursed), (money("1160.00"), money("0"), money("0")));
}

pub fn two_halves() {
    let whole = report(vec![with_tax("1000.00", "130.43")]);
    let halves = split(&whole, &[part(money("500.00"), None), part(money("500.00"), None)]).unwrap().after;
    let parts: Vec<_> =
        halves.expenses.iter().map(|line| (line.facts.amount.amount(), line.facts.tax.amount())).collect();
    let expected = [("500.00", "65.22"), ("500.00", "65.21")].map(|(amount, tax)| (amount.to_owned(), tax.to_owned()));
    assert_eq!((parts, halves.totals), (expected.to_vec(), whole.totals));
}

pub fn parts_with_taxes_of_their_own() {
    let whole = report(vec![with_tax("1000.00", "130.43")]);
    let parts = [("200.00", vec![]), ("300.00", vec!["15"]), ("500.00", vec!["15", "15"])];
    let parts = parts.map(|(amount, rates)| {
        let taxes = taxed(amount, &rates).1;
        part(money(amount), Some(Money::sum(eur(), taxes.iter().map(|tax| money(tax))).unwrap()))
    });
    let after = split(&whole, &parts).unwrap().after;
    let amounts = |of: fn(&Expense) -> Money| after.expenses.iter().map(|line| of(line).amount()).collect::<Vec<_>>();
    assert_eq!(amounts(|line| line.facts.tax), ["0.00", "39.13", "115.38"]);
    assert_eq!(amounts(|line| line.facts.amount.minus(line.facts.tax).unwrap()), ["200.00", "260.87", "384.62"]);
    assert_eq!(after.totals.tax, money("154.51"));
}

pub fn tax_by_default() {
    let mut policy = Policy::initial();
    policy.categories[0].default_tax = Some("15".parse().unwrap());
    let entry = |tax_source| {
        ExpenseFacts { tax_source, ..facts(money("160.00")) }.with_default_taxes(&policy, money("0").currency())
    };
    assert_eq!((entry(TaxSource::Default).amount, entry(TaxSource::Default).tax), (money("160.00"), money("20.87")));
    assert_eq!(entry(TaxSource::Stated).tax, money("0"));
}

pub fn rate_of_a_half() {
    assert_eq!(foreign(usd("1000.00"), usd("0"), "0.50").amount_in_base(), money("500.00"));
}

pub fn rounding_whoever_paid() {
    let (net, taxes) = taxed("100.00", &["15", "15"]);
    assert_eq!((net.as_str(), taxes), ("76.92", vec!["11.54".to_owned(), "11.54".to_owned()]));
    let paid = [PaymentMethod::Personal, PaymentMethod::CompanyCard].map(|payment_method| {
        let line = ExpenseFacts { tax: usd("23.08"), payment_method, ..facts(usd("100.00")) };
        let line = Expense::new(seed(1).next_id(), line, eur(), &rates("USD", "0.148431")).unwrap();
        (line.amount_in_report(), line.tax_in_report(), line.amount_in_base())
    });
    assert_eq!(paid, [(money("14.84"), money("3.43"), money("14.84")); 2]);
}

pub fn report_in_two_currencies() {
    let tax = |total: &str| money(&taxed(total, &["15"]).1[0]);
    let home = ExpenseFacts { tax: tax("1000.00"), ..facts(money("1000.00")) };
    let abroad = ExpenseFacts { tax: usd(&tax("1500.00").amount()), ..facts(usd("1500.00")) };
    let new = titled(vec![home, abroad]);
    let owner = People::new().ana;
    let rates = rates("USD", "0.3333333333");
    let report =
        change::create_report(permit_org(&owner).unwrap(), None, new, &rates, &mut seed(1), now()).unwrap().after;
    assert_eq!(report.totals.total, money("1500.00"));
    let net_and_tax =
        |line: &Expense| (line.amount_in_report().minus(line.tax_in_report()).unwrap(), line.tax_in_report());
    let lines: Vec<_> = report.expenses.iter().map(net_and_tax).collect();
    assert_eq!(lines, [(money("869.57"), money("130.43")), (money("434.78"), money("65.22"))]);
}

pub fn sum_of_drafts() {
    let owner = People::new().ana;
    let in_dollars =
        outlay_domain::change::NewReport { currency: "USD".parse().unwrap(), ..titled(vec![facts(usd("1000.00"))]) };
    let new = (permit_org(&owner).unwrap(), rates("USD", "2"));
    let dollars = change::create_report(new.0, None, in_dollars, &new.1, &mut seed(1), now()).unwrap().after;
    let euros = draft(&owner, &[money("1000.00")]);
    assert_eq!(Money::sum(eur(), [&euros, &dollars].map(|draft| draft.base_total)), Ok(money("3000.00")));
}

pub fn mixed_payers() {
    let totals = report(vec![facts(money("40.00")), card("60.00")]).totals;
    assert_eq!((totals.total, totals.reimbursable), (money("100.00"), money("40.00")));
}

pub fn seven_percent_within() {
    assert_eq!(taxed("140.00", &["7"]), ("130.84".to_owned(), vec!["9.16".to_owned()]));
}

pub fn net_and_tax_balance() {
    assert_eq!(taxed("110.00", &["10"]), ("100.00".to_owned(), vec!["10.00".to_owned()]));
}

pub fn highest_amount() {
    assert_eq!(Money::parse("9999999999.99", eur()).map(Money::minor), Ok(999_999_999_999));
}

pub fn three_decimals() {
    assert_eq!(Money::parse("7000.899", eur()), Err(ParseAmountError::TooManyDecimals));
}

pub fn count_and_total() {
    let report = report(vec![facts(money("100")), facts(money("200"))]);
    assert_eq!((report.expense_count, report.totals.total), (2, money("300.00")));
}

/// Totals of lines paid as these nets plus tax at this rate.
fn on_top(nets: &[i64], rate: (i64, i64), percent: &str) -> [String; 3] {
    let line = |net: &i64| {
        let gross = cents(net + net * rate.0 / rate.1);
        let tax = included_taxes(gross, &[percent.parse().unwrap()]).unwrap()[0];
        ExpenseFacts { tax, ..facts(gross) }
    };
    totals_text(report(nets.iter().map(line).collect()).totals)
}

pub fn twenty_percent_within() {
    assert_eq!(on_top(&[4200, 5800], (20, 100), "20"), ["120.00", "100.00", "20.00"]);
}

pub fn tax_added_later() {
    assert_eq!(on_top(&[2000, 3000, 5000], (0, 1), "0"), ["100.00", "100.00", "0.00"]);
    assert_eq!(on_top(&[2000, 3000, 5000], (55, 1000), "5.5"), ["105.50", "100.00", "5.50"]);
    // Entering the tax later does not change the amount paid.
    let people = People::new();
    let before = draft(&people.ana, &[money("21.10")]);
    let permit = permit_for(&people.ana, &before).unwrap();
    let tax = included_taxes(money("21.10"), &["5.5".parse().unwrap()]).unwrap()[0];
    let facts = ExpenseFacts { tax, ..facts(money("21.10")) };
    let edit = change::update_expense(permit, before.expenses[0].id, facts, &no_rates(), now());
    let after = finish(edit, None, now()).unwrap().after;
    assert_eq!(totals_text(after.totals), ["21.10", "20.00", "1.10"]);
}

pub fn no_rate_for_the_day() {
    let [from, to]: [Currency; 2] = ["XCD", "USD"].map(|code| code.parse().unwrap());
    let book = RateBook::new(to, []);
    let paid = Money::from_minor(4200, from);
    let on = day("2023-01-01");
    let fault = ConversionError::RateMissing { currency: from, on };
    assert_eq!(book.convert(paid, paid, to, on), Err(fault));
    let new = titled(vec![facts(money("1.00")), ExpenseFacts { date: on, ..facts(paid) }]);
    let owner = People::new().ana;
    let refused =
        change::create_report(permit_org(&owner).unwrap(), None, new, &no_rates(), &mut seed(1), now()).unwrap_err();
    assert_eq!(refused, DomainError::Conversion(vec![(Some(1), fault)]));
}

pub fn tax_across_currencies() {
    let (net, tax) = taxed("120.00", &["20"]);
    assert_eq!((net.as_str(), tax[0].as_str()), ("100.00", "20.00"));
    let line = foreign(usd("120.00"), usd("20.00"), "1.1");
    assert_eq!((line.amount_in_base(), line.tax_in_report()), (money("132.00"), money("22.00")));
}

pub fn net_and_tax_make_up_the_total() {
    assert_eq!(taxed("19.99", &["20"]), ("16.66".to_owned(), vec!["3.33".to_owned()]));
}

pub fn tax_base_in_base_currency() {
    // The source reports the base without its 15 percent; here that is the net of a line that includes them.
    let line = foreign(usd("805.00"), usd("105.00"), "0.5");
    let net = line.amount_in_report().minus(line.tax_in_report()).unwrap();
    assert_eq!(net, money("350.00"));
}

pub fn eight_equal_parts() {
    let parts = cents(35_316).allocate(&[1; 8]).unwrap();
    assert_eq!(Money::sum(eur(), parts.iter().copied()), Ok(cents(35_316)));
    let minor: Vec<i64> = parts.into_iter().map(Money::minor).collect();
    assert_eq!(minor, [4415, 4415, 4415, 4415, 4414, 4414, 4414, 4414]);
}

pub fn parts_that_are_a_cent_too_much() {
    let whole = report(vec![facts(money("524.34"))]);
    let parts = ["110.11", "209.74", "104.87", "89.14", "10.49"].map(|amount| part(money(amount), None));
    let refused = split(&whole, &parts).unwrap_err();
    assert_eq!(refused, DomainError::SplitMismatch { parts: money("524.35"), whole: money("524.34") });
}
