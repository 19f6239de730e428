//! Journal with texts, currencies and cost objects that are hard to write.

use std::collections::BTreeMap;

use jiff::civil::{Date, date};
use outlay_domain::ids::{ExpenseId, MemberId, OrgId, PaymentId, ReportId};
use outlay_domain::ledger::{
    EntryHead, EntrySide, EntrySource, JournalEntry, JournalLine, LineRole, OriginalAmount, Reversal, booking_period,
    reverse,
};
use outlay_domain::money::Money;

use EntrySide::{Credit, Debit};

/// Identifier of a member by number.
pub fn id(number: u128) -> MemberId {
    MemberId::from_uuid(uuid::Uuid::from_u128(number))
}

pub fn money(minor: i64) -> Money {
    Money::from_minor(minor, "EUR".parse().unwrap())
}

pub fn line(account: &str, side: EntrySide, minor: i64, role: LineRole) -> JournalLine {
    let is_of_member = matches!(role, LineRole::Payable | LineRole::Receivable);
    JournalLine {
        account: account.parse().unwrap(),
        side,
        amount: money(minor),
        original: None,
        role,
        cost_centre: None,
        project: None,
        tax_code: None,
        tax_base: None,
        member: is_of_member.then(|| id(1)),
        expense: None,
        text: "Köln – Łódź".to_owned(),
    }
}

/// Entry of a report, with this number in its identifiers.
pub fn entry_with(number: u128, day: Date, lines: Vec<JournalLine>) -> JournalEntry {
    let uuid = uuid::Uuid::from_u128(number);
    let head = EntryHead {
        id: outlay_domain::ids::JournalEntryId::from_uuid(uuid),
        org: OrgId::from_uuid(uuid::Uuid::from_u128(7)),
        date: day,
        document_date: date(2026, 11, 4),
        source: EntrySource::ReportApproved { report: ReportId::from_uuid(uuid) },
        reference: format!("R-2026-7K3F-{number:04}"),
        text: "=Ana \"Müller\": Zürich\t– 東京 👩‍👩‍👧 | a;b\\c".to_owned(),
    };
    JournalEntry::new(head, "EUR".parse().unwrap(), lines).unwrap()
}

/// The same entry as that of a payment.
fn of_payment(entry: &JournalEntry) -> JournalEntry {
    let payment = PaymentId::from_uuid(uuid::Uuid::from_u128(70));
    let head = EntryHead { source: EntrySource::PaymentSettled { payment }, ..entry.head().clone() };
    JournalEntry::new(head, entry.currency(), entry.lines().to_vec()).unwrap()
}

fn foreign(line: JournalLine, minor: i64) -> JournalLine {
    let amount = Money::from_minor(minor, "JPY".parse().unwrap());
    JournalLine { original: Some(OriginalAmount { amount, rate: Some("0.006".parse().unwrap()) }), ..line }
}

/// Two reports, a refund, a payment with a set-off, and its reversal.
pub fn journal() -> Vec<JournalEntry> {
    let code = Some("9".parse().unwrap());
    let card = |line| JournalLine { expense: Some(ExpenseId::from_uuid(uuid::Uuid::from_u128(90))), ..line };
    let report = entry_with(
        1,
        date(2026, 11, 4),
        vec![
            JournalLine {
                cost_centre: Some("CC1".parse().unwrap()),
                project: Some("Apollo".parse().unwrap()),
                tax_code: code.clone(),
                ..line("6251", Debit, 10_000, LineRole::Expense)
            },
            JournalLine {
                tax_code: code,
                tax_base: Some(money(10_000)),
                ..line("4456", Debit, 1_900, LineRole::InputTax)
            },
            card(line("6256", Debit, 3_000, LineRole::Expense)),
            card(line("4671", Debit, 5_000, LineRole::Receivable)),
            card(line("4678", Credit, 8_000, LineRole::CardClearing)),
            line("4211", Credit, 11_900, LineRole::Payable),
        ],
    );
    let abroad = entry_with(
        2,
        date(2026, 12, 1),
        vec![
            foreign(line("6251", Debit, 6_001, LineRole::Expense), 10_002),
            foreign(line("4211", Credit, 6_001, LineRole::Payable), 10_002),
        ],
    );
    let refund = entry_with(
        3,
        date(2026, 12, 2),
        vec![
            line("4211", Debit, 1_190, LineRole::Payable),
            line("6251", Credit, 1_000, LineRole::Expense),
            line("4456", Credit, 190, LineRole::InputTax),
        ],
    );
    let payment = of_payment(&entry_with(
        4,
        date(2026, 12, 3),
        vec![
            line("4211", Debit, 16_711, LineRole::Payable),
            line("4671", Credit, 5_000, LineRole::Receivable),
            line("5121", Credit, 11_710, LineRole::Bank),
            line("6660", Credit, 1, LineRole::ExchangeDifference),
        ],
    ));
    let day = date(2026, 12, 28);
    let reversal = Reversal {
        id: outlay_domain::ids::JournalEntryId::from_uuid(uuid::Uuid::from_u128(5)),
        date: day,
        booking: booking_period(day, None),
        reason: "+Rücklastschrift".to_owned(),
    };
    let returned = reverse(&payment, reversal).unwrap();
    vec![report, abroad, refund, payment, returned]
}

/// Sum of the debits.
pub fn total(entries: &[JournalEntry]) -> Money {
    Money::sum("EUR".parse().unwrap(), entries.iter().map(|entry| entry.total().unwrap())).unwrap()
}

/// Totals for independent readers: number of entries and lines, sum of debits, and balances by account.
pub fn expected(entries: &[JournalEntry]) -> String {
    let mut balances: BTreeMap<&str, Money> = BTreeMap::new();
    for line in entries.iter().flat_map(JournalEntry::lines) {
        let sum = balances.entry(&line.account).or_insert(money(0));
        *sum = sum.plus(line.signed_amount()).unwrap();
    }
    let balances: BTreeMap<&str, String> = balances.into_iter().map(|(account, sum)| (account, sum.amount())).collect();
    let facts = serde_json::json!({
        "entries": entries.len(),
        "lines": entries.iter().map(|entry| entry.lines().len()).sum::<usize>(),
        "debits": total(entries).amount(),
        "balances": balances,
    });
    format!("{facts:#}\n")
}

/// Compares bytes with the stored file; with `OUTLAY_BLESS` set, stores them.
#[expect(clippy::disallowed_methods, reason = "a test reads the variable that renews stored files")]
pub fn assert_stored(name: &str, bytes: &[u8]) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
    if std::env::var_os("OUTLAY_BLESS").is_some() {
        std::fs::write(&path, bytes).unwrap();
    }
    let stored = std::fs::read(&path).unwrap();
    assert!(stored == bytes, "{name} differs; see CONTRIBUTING.md, Generated files");
}
