//! Reports, members and payments for lists: plain ones, and ones with a text in every place that takes one.

use jiff::Timestamp;
use jiff::civil::date;
use outlay_domain::batch::{Hold, HoldClearance, HoldReason, Payment, PaymentStatus};
use outlay_domain::conversion::Conversion;
use outlay_domain::equality::ClaimKeys;
use outlay_domain::expense::{Expense, ExpenseFacts, LineApproval, PaymentMethod, RefundOf};
use outlay_domain::ids::{BatchId, ExpenseId, OrgId, PaymentId, ReceiptId, ReportId};
use outlay_domain::language::Language;
use outlay_domain::member::{Member, MemberKind, MemberRef, MemberStatus, Role};
use outlay_domain::money::Money;
use outlay_domain::receipt::{MediaType, Receipt, ReceiptStatus, RejectionReason};
use outlay_domain::reimbursement::{PaymentFailure, PaymentRef, Reimbursement};
use outlay_domain::report::{Report, ReportStatus, Totals};
use outlay_domain::tax::{LineTax, TaxSource};
use outlay_domain::text::Sha256Hex;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::support::id;

/// Text that is hard to write.
pub const HARD_TEXT: &str = "=cmd|' /C calc'!A0, \"Zoë\"; 東京 👩‍👩‍👧\n+2";

/// Text as storage may have it: without the checks of its type.
fn stored<T: DeserializeOwned>(text: &str) -> T {
    serde_json::from_value(text.into()).unwrap()
}

pub fn amount(minor: i64, currency: &str) -> Money {
    Money::from_minor(minor, currency.parse().unwrap())
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn person(number: u128, name: &str) -> MemberRef {
    MemberRef { id: id(number), name: stored(name) }
}

fn receipt(number: u128, name: &str, status: ReceiptStatus) -> Receipt {
    Receipt {
        id: ReceiptId::from_uuid(Uuid::from_u128(number)),
        name: stored(name),
        media_type: MediaType::Pdf,
        size: 1_000,
        sha256: Sha256Hex::of(name.as_bytes()),
        by: id(1),
        upload_until: at("2026-11-05T10:00:00Z"),
        status,
        duplicate_of: Vec::new(),
    }
}

/// Expense with a text in every place that takes one.
pub fn expense_saying(number: u128, text: &str) -> Expense {
    let tax = LineTax {
        name: Some(stored(text)),
        rate: Some("5.5".parse().unwrap()),
        amount: amount(100, "EUR"),
        is_computed: true,
    };
    let facts = ExpenseFacts {
        date: date(2026, 11, 5),
        category: stored(text),
        merchant: stored(text),
        amount: amount(1_918, "EUR"),
        tax: amount(100, "EUR"),
        tax_source: TaxSource::Stated,
        taxes: vec![tax],
        country: Some("DE".parse().unwrap()),
        refund_of: None,
        payment_method: PaymentMethod::Personal,
        note: Some(stored(text)),
        justification: Some(stored(text)),
        receipt_reference: Some(stored(text)),
        attendees: vec![stored(text)],
        project: Some(stored(text)),
        cost_centre: None,
        trip: Some(stored(text)),
    };
    let clean = ReceiptStatus::Clean { kept_bytes: 900, preview: true, content_sha256: None };
    Expense {
        id: ExpenseId::from_uuid(Uuid::from_u128(number)),
        facts,
        converted: None,
        base: None,
        cap: None,
        approved: Some(LineApproval { amount: amount(1_000, "EUR"), reason: stored(text), by: id(3) }),
        split_from: None,
        receipts: vec![receipt(number, text, clean)],
    }
}

/// Expense without anything optional.
fn bare_expense(number: u128) -> Expense {
    let full = expense_saying(number, "x");
    let facts = ExpenseFacts {
        category: "taxi".parse().unwrap(),
        merchant: "Taxi Köln".parse().unwrap(),
        tax: amount(0, "EUR"),
        taxes: Vec::new(),
        country: None,
        note: None,
        justification: None,
        receipt_reference: None,
        attendees: Vec::new(),
        project: None,
        trip: None,
        ..full.facts
    };
    Expense { facts, approved: None, receipts: Vec::new(), ..full }
}

/// Expense in yen with company card, taxes, two receipts and a cap, and its refund; of a report in francs.
fn foreign_expenses() -> [Expense; 2] {
    let tax = |name: Option<&str>, rate: Option<&str>, minor| LineTax {
        name: name.map(stored),
        rate: rate.map(|rate| rate.parse().unwrap()),
        amount: amount(minor, "JPY"),
        is_computed: false,
    };
    let conversion = |minor, tax, rate: &str, currency| Conversion {
        amount: amount(minor, currency),
        tax: amount(tax, currency),
        rate: rate.parse().unwrap(),
        date: date(2026, 11, 3),
        source: "ECB".to_owned(),
        via: None,
    };
    let bare = bare_expense(21);
    let facts = ExpenseFacts {
        merchant: "東京ホテル".parse().unwrap(),
        amount: amount(20_000, "JPY"),
        tax: amount(2_200, "JPY"),
        taxes: vec![tax(None, Some("10"), 2_000), tax(Some("City tax"), None, 150), tax(None, None, 50)],
        country: Some("JP".parse().unwrap()),
        payment_method: PaymentMethod::CompanyCard,
        cost_centre: Some("CC-2".parse().unwrap()),
        attendees: vec![stored("Ana Müller"), stored("Bo, Ltd.")],
        ..bare.facts.clone()
    };
    let hotel = Expense {
        facts,
        converted: Some(conversion(11_000, 1_210, "0.0055", "CHF")),
        base: Some(conversion(12_000, 1_320, "0.006", "EUR")),
        cap: Some(amount(15_000, "JPY")),
        receipts: vec![
            receipt(31, "hotel.pdf", ReceiptStatus::Pending),
            receipt(32, "old.pdf", ReceiptStatus::Rejected { reason: RejectionReason::Damaged }),
        ],
        ..bare.clone()
    };
    let refund = ExpenseFacts {
        amount: amount(-500, "CHF"),
        tax: amount(0, "CHF"),
        refund_of: Some(RefundOf { expense_id: hotel.id, date: date(2026, 11, 5) }),
        ..bare.facts.clone()
    };
    let refund = Expense {
        id: ExpenseId::from_uuid(Uuid::from_u128(22)),
        facts: refund,
        base: Some(conversion(-480, 0, "0.96", "EUR")),
        split_from: Some(hotel.id),
        ..bare
    };
    [hotel, refund]
}

/// Report with a text in every place that takes one.
pub fn report_saying(number: u128, text: &str) -> Report {
    Report {
        id: ReportId::from_uuid(Uuid::from_u128(number)),
        org: OrgId::from_uuid(Uuid::from_u128(7)),
        number: text.to_owned(),
        owner: id(1),
        owner_name: stored(text),
        preparer: Some(person(2, text)),
        payee: Some(person(3, text)),
        cost_centre: Some(stored(text)),
        title: stored(text),
        currency: "EUR".parse().unwrap(),
        status: ReportStatus::Reimbursed,
        version: 3,
        last_event: 4,
        totals: Totals::zero("EUR".parse().unwrap()),
        base_total: amount(0, "EUR"),
        total_with_parts: None,
        refused: false,
        claim_keys: ClaimKeys::default(),
        violations: Vec::new(),
        steps: Vec::new(),
        policy_version: Some(12),
        created_at: at("2026-11-05T09:00:00Z"),
        updated_at: at("2026-11-09T09:30:00.25Z"),
        submitted_at: Some(at("2026-11-06T10:00:00.123456Z")),
        expense_count: 0,
        content_hash: String::new(),
        content_bytes: 0,
        reimbursement: Some(Reimbursement {
            payment: Some(PaymentRef {
                batch: BatchId::from_uuid(Uuid::from_u128(50)),
                payment: PaymentId::from_uuid(Uuid::from_u128(51)),
            }),
            settled: None,
            paid_on: Some(date(2026, 11, 9)),
            failure: None,
        }),
        last_hash: String::new(),
        expenses: Vec::new(),
        comments: Vec::new(),
        has_former_layout: false,
    }
}

/// A paid report with hard texts, a draft with nothing optional, and a rejected one with expenses abroad.
pub fn reports() -> Vec<Report> {
    let paid = Report {
        number: "R-2026-7K3F-9QZX".to_owned(),
        totals: Totals {
            total: amount(1_918, "EUR"),
            tax: amount(100, "EUR"),
            net: amount(1_818, "EUR"),
            reimbursable: amount(1_000, "EUR"),
            not_reimbursed: amount(918, "EUR"),
            repayable: None,
        },
        base_total: amount(1_918, "EUR"),
        expense_count: 1,
        expenses: vec![expense_saying(11, HARD_TEXT)],
        ..report_saying(10, HARD_TEXT)
    };
    let draft = Report {
        id: ReportId::from_uuid(Uuid::from_u128(12)),
        number: "R-2026-0000-0001".to_owned(),
        owner_name: "Ana Müller".parse().unwrap(),
        preparer: None,
        payee: None,
        cost_centre: None,
        title: "Trip".parse().unwrap(),
        status: ReportStatus::Draft,
        policy_version: None,
        submitted_at: None,
        reimbursement: None,
        ..report_saying(12, "x")
    };
    let rejected = Report {
        id: ReportId::from_uuid(Uuid::from_u128(14)),
        number: "R-2026-0000-0002".to_owned(),
        cost_centre: Some("CC-1".parse().unwrap()),
        currency: "CHF".parse().unwrap(),
        status: ReportStatus::Rejected,
        submitted_at: Some(at("2026-11-06T10:00:00Z")),
        totals: Totals {
            total: amount(10_500, "CHF"),
            tax: amount(1_210, "CHF"),
            net: amount(9_290, "CHF"),
            reimbursable: amount(-500, "CHF"),
            not_reimbursed: amount(0, "CHF"),
            repayable: Some(amount(2_750, "CHF")),
        },
        base_total: amount(12_000, "EUR"),
        expense_count: 2,
        expenses: foreign_expenses().into(),
        ..draft.clone()
    };
    let totals = Totals { total: amount(1_918, "EUR"), net: amount(1_918, "EUR"), ..draft.totals };
    let totals = Totals { reimbursable: amount(1_918, "EUR"), ..totals };
    let base_total = amount(1_918, "EUR");
    let with_line = Report { totals, base_total, expense_count: 1, expenses: vec![bare_expense(13)], ..draft };
    vec![paid, with_line, rejected]
}

/// Member with a text in every place that takes one.
pub fn member_saying(number: u128, text: &str) -> Member {
    Member {
        id: id(number),
        org: OrgId::from_uuid(Uuid::from_u128(7)),
        name: stored(text),
        kind: MemberKind::Person,
        email: Some(stored(text)),
        address_fault: None,
        address_fault_cleared_at: None,
        language: Language::De,
        time_zone: Some(stored(text)),
        role: Role::Finance,
        status: MemberStatus::Active,
        manager_id: Some(id(2)),
        grade: Some(stored(text)),
        cost_centre: Some(stored(text)),
        approval_limit: Some(amount(500_000, "EUR")),
        delegation: None,
        acts_for: Vec::new(),
        invited_by: None,
        authority_changes: Vec::new(),
        subject: Some("secret-subject".to_owned()),
        issuer: None,
        payout_version: Some(4),
        version: 9,
        last_hash: String::new(),
        created_at: at("2026-01-02T03:04:05Z"),
    }
}

/// A member with hard texts, an invited person, a service and an erased member.
pub fn members() -> Vec<Member> {
    let hard = Member {
        email: Some("ana@example.com".parse().unwrap()),
        time_zone: Some("Europe/Berlin".parse().unwrap()),
        ..member_saying(1, HARD_TEXT)
    };
    let bare = |number, name: &str, kind, status| Member {
        name: name.parse().unwrap(),
        kind,
        email: None,
        language: Language::En,
        time_zone: None,
        role: Role::Employee,
        status,
        manager_id: None,
        grade: None,
        cost_centre: None,
        approval_limit: None,
        payout_version: None,
        ..member_saying(number, "x")
    };
    let email = Some("bo@example.com".parse().unwrap());
    let invited = Member { email, ..bare(2, "bo@example.com", MemberKind::Person, MemberStatus::Invited) };
    let service = bare(3, "Payroll", MemberKind::Service, MemberStatus::Suspended);
    let erased = bare(4, "Former member", MemberKind::Person, MemberStatus::Erased);
    vec![hard, invited, service, erased]
}

/// Payment with a text in every place that takes one.
pub fn payment_saying(number: u128, text: &str) -> Payment {
    let payment = PaymentId::from_uuid(Uuid::from_u128(number));
    Payment {
        id: payment,
        org: OrgId::from_uuid(Uuid::from_u128(7)),
        batch: BatchId::from_uuid(Uuid::from_u128(50)),
        payee: person(1, text),
        gross: amount(10_000, "EUR"),
        set_off: amount(2_500, "EUR"),
        amount: amount(7_500, "EUR"),
        reports: 2,
        applied: 2,
        end_to_end_id: outlay_domain::batch::end_to_end_id(payment),
        status: PaymentStatus::Failed,
        account: serde_json::from_value(serde_json::json!({"version": 4, "masked": "DE•• •••• 3000"})).unwrap(),
        approved_from: at("2026-11-06T10:00:00Z"),
        hold: Some(Hold {
            reason: HoldReason::ChangedRecently,
            cleared: Some(HoldClearance { by: person(2, text), at: at("2026-11-08T10:00:00Z"), account_version: 4 }),
        }),
        paid_on: Some(date(2026, 11, 9)),
        reference: Some(stored(text)),
        failure: Some(PaymentFailure { code: Some(stored(text)), reason: stored(text) }),
        version: 5,
    }
}

/// A failed payment with hard texts, an open one in yen and a held one.
pub fn payments() -> Vec<Payment> {
    let failed = Payment {
        failure: Some(PaymentFailure { code: Some("AC04".parse().unwrap()), reason: stored(HARD_TEXT) }),
        ..payment_saying(51, HARD_TEXT)
    };
    let open = Payment {
        payee: person(2, "Bo"),
        gross: amount(900, "JPY"),
        set_off: amount(0, "JPY"),
        amount: amount(900, "JPY"),
        status: PaymentStatus::Open,
        hold: None,
        paid_on: None,
        reference: None,
        failure: None,
        ..payment_saying(52, "x")
    };
    let held = Payment {
        payee: person(3, "Cy"),
        status: PaymentStatus::Held,
        hold: Some(Hold { reason: HoldReason::NoAccount, cleared: None }),
        paid_on: None,
        reference: None,
        failure: None,
        ..payment_saying(53, "x")
    };
    vec![failed, open, held]
}
