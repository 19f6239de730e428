//! Journal entries of reports and payments: accounts, sides, amounts, periods.

use outlay_domain::conversion::{RateBook, RateEntry};
use outlay_domain::expense::{Expense, ExpenseFacts, LineApproval, PaymentMethod};
use outlay_domain::ids::{IdGenerator, MemberId, OrgId};
use outlay_domain::ledger::{
    ApprovalBooking, EntrySide, EntrySource, JournalEntry, JournalLine, LedgerError, LedgerSettings, LineRole,
    MissingAccount, OpenItem, PaymentBooking, PaymentFacts, Reversal, TaxAccount, base_totals, book_approval,
    book_payment, booking_period, missing_accounts, reverse,
};
use outlay_domain::money::{Currency, Money};
use outlay_domain::policy::{DefaultTaxes, Policy};
use outlay_domain::report::{Report, ReportStatus};
use outlay_domain::tax::{LineTax, TaxRate, included_taxes};

use crate::support::{People, cents, day, draft, eur, facts, money, optional_text, seed, text};

/// Input tax at a rate in percent; an empty country for expenses without one.
pub fn tax_account(country: &str, rate: &str, account: &str, reclaimable: &str) -> TaxAccount {
    TaxAccount {
        country: optional_text(country),
        rate: optional_text(rate),
        account: text(account),
        code: Some(text("9")),
        reclaimable: text(reclaimable),
    }
}

/// Complete settings. Tax is reclaimed without a receipt.
pub fn settings() -> LedgerSettings {
    LedgerSettings {
        default_expense_account: Some(text("6600")),
        input_taxes: vec![tax_account("", "", "1400", "100")],
        input_tax_needs_receipt: false,
        payable_account: Some(text("3700")),
        card_clearing_account: Some(text("3610")),
        receivable_account: Some(text("1340")),
        rounding_account: Some(text("6969")),
        bank_accounts: [(eur(), text("1800"))].into(),
        ..LedgerSettings::default()
    }
}

/// Approved report with these lines.
pub fn approved(currency: Currency, base: Currency, lines: Vec<Expense>) -> Report {
    let report = Report { currency, base_total: Money::zero(base), ..draft(&People::new().ana, &[]) };
    Report { status: ReportStatus::Approved, ..report.with_expenses(lines).unwrap() }
}

/// Books an approved report on 20 November 2026, when every period is open.
pub fn book(report: &Report, settings: &LedgerSettings) -> Result<JournalEntry, LedgerError> {
    let approved_on = day("2026-11-20");
    let (booking, policy) = (booking_period(approved_on, None), Policy::initial());
    book_approval(report, &ApprovalBooking { id: seed(50).next_id(), approved_on, booking, settings, policy: &policy })
}

/// Expenses in the base currency, each with its granted amount in cents when that is less.
pub fn lines(expenses: Vec<(ExpenseFacts, Option<i64>)>) -> Vec<Expense> {
    let (mut ids, rates) = (seed(7), RateBook::new(eur(), []));
    let line = |(facts, granted): (ExpenseFacts, Option<i64>)| Expense {
        approved: granted.map(|minor| approval(Money::from_minor(minor, facts.amount.currency()))),
        ..Expense::new(ids.next_id(), facts, eur(), &rates).unwrap()
    };
    expenses.into_iter().map(line).collect()
}

pub fn approval(amount: Money) -> LineApproval {
    LineApproval { amount, reason: text("Half is private."), by: seed(3).next_id() }
}

/// Facts with taxes included at these rates.
pub fn taxed(amount: Money, rates: &[&str]) -> ExpenseFacts {
    let rates: Vec<TaxRate> = rates.iter().map(|rate| rate.parse().unwrap()).collect();
    let included = included_taxes(amount, &rates).unwrap();
    let taxes: Vec<LineTax> = included
        .into_iter()
        .zip(rates)
        .map(|(amount, rate)| LineTax { name: None, rate: Some(rate), amount, is_computed: true })
        .collect();
    let tax = Money::sum(amount.currency(), taxes.iter().map(|tax| tax.amount)).unwrap();
    ExpenseFacts { tax, taxes, ..facts(amount) }
}

pub fn by_card(facts: ExpenseFacts) -> ExpenseFacts {
    ExpenseFacts { payment_method: PaymentMethod::CompanyCard, ..facts }
}

/// Sum of the lines with a role in the base currency; credits are negative.
pub fn balance<'a>(entries: impl IntoIterator<Item = &'a JournalEntry>, role: LineRole) -> i64 {
    let lines = entries.into_iter().flat_map(JournalEntry::lines).filter(|line| line.role == role);
    lines.map(|line| line.signed_amount().minor()).sum()
}

/// Account, side and amount of each line.
pub fn shape(entry: &JournalEntry) -> Vec<(&str, EntrySide, String)> {
    entry.lines().iter().map(|line| (line.account.as_str(), line.side, line.amount.amount())).collect()
}

/// Payment in the base currency, at its value in the books.
pub fn payment(amount: i64, set_off: i64) -> PaymentFacts {
    PaymentFacts {
        payment: seed(60).next_id(),
        org: OrgId::from_uuid(uuid::Uuid::from_u128(7)),
        member: seed(1).next_id(),
        amount: cents(amount),
        set_off: cents(set_off),
        paid_value: cents(amount),
        booked_value: cents(amount + set_off),
        set_off_value: cents(set_off),
        date: day("2026-11-27"),
        bank_account: None,
        reference: "P-1".to_owned(),
        text: "Reimbursement".to_owned(),
    }
}

pub fn pay_in(base: Currency, facts: &PaymentFacts, settings: &LedgerSettings) -> Result<JournalEntry, LedgerError> {
    let booking = booking_period(facts.date, None);
    book_payment(facts, &PaymentBooking { id: seed(61).next_id(), booking, settings, base })
}

pub fn pay(facts: &PaymentFacts) -> Result<JournalEntry, LedgerError> {
    pay_in(eur(), facts, &settings())
}

pub fn reversed(entry: &JournalEntry) -> Result<JournalEntry, LedgerError> {
    let date = day("2026-12-02");
    let reason = "Returned by the bank".to_owned();
    reverse(entry, Reversal { id: seed(62).next_id(), date, booking: booking_period(date, None), reason })
}

use EntrySide::{Credit, Debit};

#[test]
fn approval_books_net_tax_and_payable() {
    let lines = lines(vec![(taxed(money("119.00"), &["19"]), None)]);
    let report = approved(eur(), eur(), lines);
    let entry = book(&report, &settings()).unwrap();
    let expected = [("6600", Debit, "100.00"), ("1400", Debit, "19.00"), ("3700", Credit, "119.00")];
    assert_eq!(shape(&entry), expected.map(|(account, side, amount)| (account, side, amount.to_owned())));
    assert_eq!(entry.head().source, EntrySource::ReportApproved { report: report.id });
    assert_eq!(
        (entry.head().reference.as_str(), entry.period().to_string()),
        (report.number.as_str(), "2026-11".into())
    );
    let [expense, tax, payable] = entry.lines() else { panic!("three lines") };
    assert_eq!((tax.tax_base, tax.tax_code.as_deref()), (Some(money("100.00")), Some("9")));
    assert_eq!((expense.expense, payable.member), (Some(report.expenses[0].id), Some(report.owner)));
}

#[test]
fn partial_grant_books_granted_share_only() {
    let report = approved(eur(), eur(), lines(vec![(taxed(money("119.00"), &["19"]), Some(5950))]));
    let entry = book(&report, &settings()).unwrap();
    let expected = [("6600", Debit, "50.00"), ("1400", Debit, "9.50"), ("3700", Credit, "59.50")];
    assert_eq!(shape(&entry), expected.map(|(account, side, amount)| (account, side, amount.to_owned())));
    assert_eq!(report.totals.reimbursable, money("59.50"));
}

#[test]
fn refused_card_payment_is_receivable_from_owner() {
    let report = approved(eur(), eur(), lines(vec![(by_card(facts(money("80.00"))), Some(3000))]));
    let entry = book(&report, &settings()).unwrap();
    let expected = [("6600", Debit, "30.00"), ("1340", Debit, "50.00"), ("3610", Credit, "80.00")];
    assert_eq!(shape(&entry), expected.map(|(account, side, amount)| (account, side, amount.to_owned())));
    assert_eq!(report.totals.repayable, Some(money("50.00")));
    assert_eq!(base_totals(&report).unwrap().repayable, money("50.00"));
    assert_eq!(entry.lines()[1].member, Some(report.owner));
}

#[test]
fn negative_total_swaps_sides() {
    let report = approved(eur(), eur(), lines(vec![(taxed(cents(-11_900), &["19"]), None)]));
    let entry = book(&report, &settings()).unwrap();
    let expected = [("6600", Credit, "100.00"), ("1400", Credit, "19.00"), ("3700", Debit, "119.00")];
    assert_eq!(shape(&entry), expected.map(|(account, side, amount)| (account, side, amount.to_owned())));
    assert_eq!(base_totals(&report).unwrap().reimbursable, cents(-11_900));
    let paid_back = pay(&payment(-11_900, 0)).unwrap();
    assert_eq!(shape(&paid_back)[1], ("1800", Debit, "119.00".to_owned()));
    assert_eq!(balance([&entry, &paid_back], LineRole::Payable), 0);
}

#[test]
fn tax_account_goes_by_country_and_rate() {
    let mut settings = settings();
    settings.input_taxes = vec![
        tax_account("DE", "19", "1406", "100"),
        tax_account("DE", "7", "1401", "50"),
        tax_account("", "", "1400", "100"),
    ];
    let booked = |country: &str, rate: &str| {
        let line = ExpenseFacts { country: optional_text(country), ..taxed(money("107.00"), &[rate]) };
        let entry = book(&approved(eur(), eur(), lines(vec![(line, None)])), &settings).unwrap();
        shape(&entry).iter().map(|(account, _, amount)| format!("{account} {amount}")).collect::<Vec<_>>()
    };
    assert_eq!(booked("DE", "7"), ["6600 103.50", "1401 3.50", "3700 107.00"]);
    assert_eq!(booked("DE", "19"), ["6600 89.92", "1406 17.08", "3700 107.00"]);
    assert_eq!(booked("", "7"), ["6600 100.00", "1400 7.00", "3700 107.00"]);
    assert_eq!(booked("FR", "20"), ["6600 107.00", "3700 107.00"]);
}

#[test]
fn tax_without_receipt_stays_in_expense() {
    let settings = LedgerSettings { input_tax_needs_receipt: true, ..settings() };
    let tax = |line: ExpenseFacts| {
        let entry = book(&approved(eur(), eur(), lines(vec![(line, None)])), &settings).unwrap();
        balance([&entry], LineRole::InputTax)
    };
    let line = taxed(money("119.00"), &["19"]);
    assert_eq!(tax(line.clone()), 0);
    assert_eq!(tax(ExpenseFacts { receipt_reference: Some(text("Bill 7")), ..line }), 1900);
}

#[test]
fn cost_objects_and_accounts_follow_the_line() {
    let mut settings = settings();
    settings.expense_accounts.insert(text("travel"), text("6650"));
    let payee: MemberId = seed(2).next_id();
    settings.member_accounts.insert(payee, text("70001"));
    let line = ExpenseFacts { project: Some(text("Apollo")), ..facts(money("10.00")) };
    let other = ExpenseFacts { cost_centre: Some(text("CC2")), category: text("meals"), ..facts(money("5.00")) };
    let mut report = approved(eur(), eur(), lines(vec![(line, None), (other, None)]));
    report.cost_centre = Some(text("CC1"));
    report.payee = Some(People::new().marco.member_ref());
    let entry = book(&report, &settings).unwrap();
    let objects = |line: &JournalLine| (line.account.to_string(), line.cost_centre.clone(), line.project.clone());
    assert_eq!(objects(&entry.lines()[0]), ("6650".into(), Some(text("CC1")), Some(text("Apollo"))));
    assert_eq!(objects(&entry.lines()[1]), ("6600".into(), Some(text("CC2")), None));
    assert_eq!(entry.lines()[2].account, "70001");
    assert_eq!(entry.lines()[2].member, Some(payee));
}

#[test]
fn policy_account_is_used_without_settings() {
    let mut policy = Policy::initial();
    policy.categories[0].account = Some(text("6650"));
    policy.categories[1].account = Some(text("Travel costs"));
    let settings = LedgerSettings { default_expense_account: None, ..settings() };
    let account = |code: &str| settings.expense_account(&text(code), &policy);
    assert_eq!(account("travel"), Ok(text("6650")));
    assert_eq!(
        account("lodging"),
        Err(LedgerError::MissingAccount(MissingAccount::InvalidExpenseAccount {
            category: text("lodging"),
            account: text("Travel costs"),
        }))
    );
    let missing = MissingAccount::ExpenseAccount { category: text("meals") };
    assert_eq!(account("meals"), Err(LedgerError::MissingAccount(missing)));
}

#[test]
fn missing_accounts_are_named_with_parameters() {
    let mut policy = Policy::initial();
    policy.categories.truncate(1);
    let rates = vec!["7".parse().unwrap(), "19".parse().unwrap()];
    policy.categories[0].default_taxes = vec![DefaultTaxes { country: Some(text("DE")), currency: None, rates }];
    let settings = LedgerSettings {
        input_taxes: vec![tax_account("DE", "19", "1406", "100")],
        payable_account: Some(text("3700")),
        ..LedgerSettings::default()
    };
    let found = missing_accounts(&settings, &policy, eur());
    let names: Vec<&str> = found.iter().map(MissingAccount::name).collect();
    let expected = [
        "expense_account",
        "card_clearing_account",
        "receivable_account",
        "rounding_account",
        "bank_account",
        "input_tax_account",
    ];
    assert_eq!(names, expected);
    assert_eq!(found.iter().filter(|missing| missing.is_required()).count(), 5);
    let json = serde_json::json!({ "missing": "input_tax_account", "country": "DE", "rate": "7" });
    assert_eq!(serde_json::to_value(&found[5]).unwrap(), json);
    assert!(missing_accounts(&self::settings(), &Policy::initial(), eur()).is_empty());
}

#[test]
fn settings_read_back_and_have_defaults() {
    let settings = LedgerSettings {
        expense_accounts: [(text("travel"), text("6650"))].into(),
        input_taxes: vec![tax_account("DE", "19", "1406", "50"), tax_account("", "", "1400", "100")],
        member_accounts: [(seed(2).next_id(), text("70001"))].into(),
        exchange_difference_account: Some(text("4840")),
        fiscal_year_start: 7.try_into().unwrap(),
        ..settings()
    };
    let json = serde_json::to_string(&settings).unwrap();
    assert_eq!(serde_json::from_str::<LedgerSettings>(&json).unwrap(), settings);
    let empty: LedgerSettings = serde_json::from_str("{}").unwrap();
    assert_eq!(empty, LedgerSettings::default());
    assert!(empty.input_tax_needs_receipt);
}

#[test]
fn account_names_cover_every_booked_account() {
    let mut settings = settings();
    settings.input_taxes = vec![tax_account("", "19", "1406", "100")];
    settings.expense_accounts.insert(text("travel"), text("6650"));
    settings.member_accounts.insert(seed(2).next_id(), text("70001"));
    let names = settings.account_names(&Policy::initial());
    let name = |account: &str| names.get(account).map(String::as_str);
    assert_eq!((name("6650"), name("6600")), (Some("Travel"), Some("Lodging")));
    assert_eq!((name("1406"), name("1800")), (Some("Input tax 19 %"), Some("Bank EUR")));
    let report = approved(eur(), eur(), lines(vec![(by_card(taxed(money("80.00"), &["19"])), Some(3000))]));
    let entries = [book(&report, &settings).unwrap(), pay(&payment(1000, 200)).unwrap()];
    let booked = entries.iter().flat_map(JournalEntry::lines).map(|line| &line.account);
    assert!(booked.into_iter().all(|account| names.contains_key(account)));
}

#[test]
fn missing_account_stops_the_entry() {
    let report = approved(eur(), eur(), lines(vec![(by_card(facts(money("8.00"))), None)]));
    let settings = LedgerSettings { card_clearing_account: None, payable_account: None, ..settings() };
    let missing = LedgerError::MissingAccount(MissingAccount::CardClearingAccount);
    assert_eq!(book(&report, &settings), Err(missing));
    let other = Report { status: ReportStatus::Submitted, ..report };
    assert_eq!(book(&other, &settings), Err(LedgerError::NotApproved(ReportStatus::Submitted)));
}

#[test]
fn report_without_grants_has_nothing_to_book() {
    let report = approved(eur(), eur(), lines(vec![(facts(money("8.00")), Some(0))]));
    assert_eq!(book(&report, &settings()), Err(LedgerError::NothingToBook));
}

#[test]
fn foreign_expense_states_original_amounts() {
    let usd: Currency = "USD".parse().unwrap();
    let rate = RateEntry { currency: usd, date: day("2026-11-01"), rate: "0.92".parse().unwrap(), source: text("ECB") };
    let rates = RateBook::new(eur(), [rate]);
    let foreign = taxed(Money::parse("100.00", usd).unwrap(), &["10"]);
    let line = |currency| Expense::new(seed(8).next_id(), foreign.clone(), currency, &rates).unwrap();
    for currency in [eur(), usd] {
        let entry = book(&approved(currency, eur(), vec![line(currency)]), &settings()).unwrap();
        let stated: Vec<String> = entry
            .lines()
            .iter()
            .map(|line| {
                let original = line.original.as_ref().unwrap();
                format!("{} = {} at {}", line.amount, original.amount, original.rate.unwrap())
            })
            .collect();
        let expected =
            ["83.64 EUR = 90.91 USD at 0.92", "8.36 EUR = 9.09 USD at 0.92", "92.00 EUR = 100.00 USD at 0.92"];
        assert_eq!(stated, expected);
    }
}

#[test]
fn entry_without_balance_is_refused() {
    let entry = pay(&payment(1000, 200)).unwrap();
    let rebuilt = |change: &dyn Fn(&mut Vec<JournalLine>)| {
        let mut lines = entry.lines().to_vec();
        change(&mut lines);
        JournalEntry::new(entry.head().clone(), eur(), lines).map(drop)
    };
    assert_eq!(rebuilt(&|_| ()), Ok(()));
    assert_eq!(rebuilt(&|lines| lines[0].amount = cents(1)), Err(LedgerError::Unbalanced { currency: eur() }));
    assert_eq!(rebuilt(&|lines| lines[0].amount = cents(0)), Err(LedgerError::AmountNotPositive));
    assert_eq!(rebuilt(&|lines| lines[0].amount = cents(-1)), Err(LedgerError::AmountNotPositive));
    assert_eq!(rebuilt(&Vec::clear), Err(LedgerError::NothingToBook));
    let usd: Currency = "USD".parse().unwrap();
    let mismatch = LedgerError::CurrencyMismatch { expected: eur(), found: usd };
    assert_eq!(rebuilt(&|lines| lines[0].amount = Money::from_minor(1200, usd)), Err(mismatch));
    let one_sided = |lines: &mut Vec<JournalLine>| {
        let amount = Money::from_minor(5, usd);
        lines[0].original = Some(outlay_domain::ledger::OriginalAmount { amount, rate: None });
    };
    assert_eq!(rebuilt(&one_sided), Err(LedgerError::Unbalanced { currency: usd }));
}

#[test]
fn stored_entry_is_checked_when_read() {
    let entry = pay(&payment(1000, 200)).unwrap();
    let json = serde_json::to_string(&entry).unwrap();
    assert_eq!(serde_json::from_str::<JournalEntry>(&json).unwrap(), entry);
    let forged = json.replacen("12.00", "13.00", 1);
    assert_ne!(forged, json);
    assert!(serde_json::from_str::<JournalEntry>(&forged).is_err());
}

#[test]
fn payment_books_bank_and_set_off() {
    let entry = pay(&payment(1000, 200)).unwrap();
    let expected = [("3700", Debit, "12.00"), ("1340", Credit, "2.00"), ("1800", Credit, "10.00")];
    assert_eq!(shape(&entry), expected.map(|(account, side, amount)| (account, side, amount.to_owned())));
    let by_transfer = pay(&PaymentFacts { bank_account: Some(text("1810")), ..payment(-500, 500) }).unwrap();
    let expected = [("1340", Credit, "5.00"), ("1810", Debit, "5.00")];
    assert_eq!(shape(&by_transfer), expected.map(|(account, side, amount)| (account, side, amount.to_owned())));
    let wrong = PaymentFacts { booked_value: cents(999), ..payment(1000, 0) };
    assert_eq!(pay(&wrong), Err(LedgerError::Unbalanced { currency: eur() }));
}

#[test]
fn rate_change_is_an_exchange_difference() {
    let usd: Currency = "USD".parse().unwrap();
    let dollars = |minor| Money::from_minor(minor, usd);
    let facts = |paid| PaymentFacts {
        amount: dollars(10_000),
        set_off: dollars(0),
        booked_value: cents(9_200),
        set_off_value: cents(0),
        paid_value: cents(paid),
        bank_account: Some(text("1820")),
        ..payment(0, 0)
    };
    let gain = pay(&facts(9_000)).unwrap();
    let loss = pay(&facts(9_500)).unwrap();
    assert_eq!(shape(&gain)[2], ("6969", Credit, "2.00".to_owned()));
    assert_eq!(shape(&loss)[2], ("6969", Debit, "3.00".to_owned()));
    let settings = LedgerSettings { exchange_difference_account: Some(text("4840")), ..settings() };
    assert_eq!(shape(&pay_in(eur(), &facts(9_000), &settings).unwrap())[2].0, "4840");
    let bank = LedgerError::MissingAccount(MissingAccount::BankAccount { currency: usd });
    assert_eq!(pay(&PaymentFacts { bank_account: None, ..facts(9_000) }), Err(bank));
}

#[test]
fn open_item_parts_add_up() {
    let usd: Currency = "USD".parse().unwrap();
    let dollars = |minor| Money::from_minor(minor, usd);
    let open = OpenItem { amount: dollars(1_000), value: cents(333) };
    let parts = [dollars(333), dollars(333), dollars(334)];
    let (left, values) = parts.iter().fold((open, Vec::new()), |(open, mut values), part| {
        values.push(open.value_of(*part).unwrap().minor());
        (open.less(*part).unwrap(), values)
    });
    assert_eq!((left, values), (OpenItem { amount: dollars(0), value: cents(0) }, vec![111, 111, 111]));
    assert!(open.value_of(cents(1)).is_err());
}

#[test]
fn reversal_mirrors_and_names_original() {
    let report = approved(eur(), eur(), lines(vec![(taxed(money("119.00"), &["19"]), None)]));
    let entry = book(&report, &settings()).unwrap();
    let back = reversed(&entry).unwrap();
    for role in [LineRole::Expense, LineRole::InputTax, LineRole::Payable] {
        assert_eq!(balance([&entry, &back], role), 0, "{role:?}");
    }
    assert_eq!(back.head().source, EntrySource::ReportReversed { report: report.id, reverses: entry.head().id });
    assert_eq!((back.head().text.as_str(), back.period().to_string()), ("Returned by the bank", "2026-12".into()));
    assert_eq!(back.lines()[1].tax_base, Some(money("100.00").negated()));
    assert_eq!(reversed(&back), Err(LedgerError::AlreadyReversal));
}

#[test]
fn entry_of_closed_period_is_booked_in_the_next_open_one() {
    let report = approved(eur(), eur(), lines(vec![(facts(money("8.00")), None)]));
    let (approved_on, policy, settings) = (day("2026-11-20"), Policy::initial(), settings());
    let booking = booking_period(approved_on, Some("2026-12".parse().unwrap()));
    let mut ids: IdGenerator = seed(51);
    let booking = ApprovalBooking { id: ids.next_id(), approved_on, booking, settings: &settings, policy: &policy };
    let entry = book_approval(&report, &booking).unwrap();
    assert_eq!((entry.head().date, entry.head().document_date), (day("2027-01-01"), approved_on));
    assert_eq!(entry.period().to_string(), "2027-01");
}
