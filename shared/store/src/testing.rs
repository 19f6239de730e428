//! What the tests of this crate build their changes from.

use outlay_domain::change::ReportChange;
use outlay_domain::event::{Event, EventKind, Subject};
use outlay_domain::expense::{Expense, ExpenseFacts, PaymentMethod};
use outlay_domain::ids::{MemberId, OrgId, Seed};
use outlay_domain::member::{Member, MemberKind, MemberStatus, Person, Role};
use outlay_domain::money::Money;
use outlay_domain::policy::Mode;
use outlay_domain::receipt::{MediaType, Receipt, ReceiptStatus};
use outlay_domain::report::{Report, Status, Totals, content_hash, number};
use outlay_domain::route::{Step, StepStatus};
use outlay_domain::spending::SpendingChange;

/// Identifiers, the same in each run.
pub(crate) fn seed() -> Seed {
    Seed::new("2026-11-22T10:00:00.250Z".parse().unwrap(), [7; 10])
}

pub(crate) fn eur(minor: i64) -> Money {
    Money::from_minor(minor, "EUR".parse().unwrap())
}

pub(crate) fn line(seed: &mut Seed, cost_centre: Option<&str>, note: &str) -> Expense {
    let facts = ExpenseFacts {
        date: "2026-11-12".parse().unwrap(),
        category: "entertainment".to_owned(),
        merchant: "Brasserie Georges".to_owned(),
        amount: eur(24_50),
        tax: eur(2_00),
        payment_method: PaymentMethod::Personal,
        note: Some(note.to_owned()),
        justification: None,
        receipt_reference: None,
        attendees: Vec::new(),
        project: None,
        cost_centre: cost_centre.map(str::to_owned),
        trip: None,
    };
    Expense { id: seed.draw(), facts, converted: None, base: None, cap: None, approved: None, receipts: Vec::new() }
}

/// A receipt that waits for its file, or is clean.
pub(crate) fn receipt(seed: &mut Seed, clean: bool) -> Receipt {
    Receipt {
        id: seed.draw(),
        name: "Ticket 🧾.pdf".to_owned(),
        media_type: MediaType::Pdf,
        size: 1000,
        sha256: "ab".repeat(32),
        by: seed.draw(),
        upload_until: "2026-11-22T10:05:00.250Z".parse().unwrap(),
        status: if clean { ReceiptStatus::Clean { kept_bytes: 900, preview: true } } else { ReceiptStatus::Pending },
        also_on: if clean { vec![seed.draw()] } else { Vec::new() },
    }
}

/// A draft with these lines, its hashes as a reader expects them.
pub(crate) fn draft(seed: &mut Seed, expenses: Vec<Expense>) -> Report {
    let (id, zero, now) = (seed.draw(), eur(0), "2026-11-22T10:00:00.250Z".parse().unwrap());
    let empty = Report {
        id,
        org: seed.draw(),
        number: number(id, now),
        owner: seed.draw(),
        owner_name: "Ida".to_owned(),
        entered_by: None,
        payee: None,
        cost_centre: None,
        title: "Lyon".to_owned(),
        currency: zero.currency(),
        status: Status::Draft,
        version: 1,
        last_event: 0,
        totals: Totals { total: zero, tax: zero, net: zero, reimbursable: zero, not_reimbursed: zero },
        base_total: zero,
        violations: Vec::new(),
        steps: Vec::new(),
        policy_version: None,
        created_at: now,
        updated_at: now,
        submitted_at: None,
        expense_count: 0,
        content_hash: content_hash(&[]),
        content_bytes: 0,
        state_hash: String::new(),
        last_hash: String::new(),
        expenses: Vec::new(),
    };
    hashed(empty.with_expenses(expenses).unwrap())
}

/// The report with the hash of its head.
pub(crate) fn hashed(report: Report) -> Report {
    Report { state_hash: report.hash_of_state(), ..report }
}

/// A change of `before` (`None` for a new report) into `after`, with one event.
pub(crate) fn change(before: Option<&Report>, after: Report) -> ReportChange {
    let version = before.map_or(1, |before| before.version + 1);
    let after = hashed(Report { version, last_event: version, ..after });
    let events = vec![event(&after, version, EventKind::ReportChanged {})];
    ReportChange { before: before.cloned(), after, events, spending: SpendingChange::default(), deleted: false }
}

pub(crate) fn event(report: &Report, seq: u64, kind: EventKind) -> Event {
    let event = Event {
        org: report.org,
        subject: Subject::Report(report.id),
        seq,
        actor: Some(report.owner),
        on_behalf_of: None,
        at: report.updated_at,
        policy_version: None,
        changes: Vec::new(),
        state_hash: Some(report.state_hash.clone()),
        kind,
        hash: String::new(),
    };
    event.chained("")
}

/// A pending step that asks these members.
pub(crate) fn step(number: u32, approvers: impl IntoIterator<Item = MemberId>) -> Step {
    Step {
        number,
        name: "Finance".to_owned(),
        status: StepStatus::Pending,
        mode: Mode::All,
        approvers: approvers.into_iter().map(|id| Person { id, name: "Approver".to_owned() }).collect(),
        reason: "This step applies to every report.".to_owned(),
        due_in_days: 5,
        due_on: Some("2026-11-27".parse().unwrap()),
        escalates_to: Vec::new(),
        passed_over: Vec::new(),
        decisions: Vec::new(),
    }
}

pub(crate) fn member(org: OrgId, seed: &mut Seed, role: Role, subject: Option<&str>) -> Member {
    Member {
        id: seed.draw(),
        org,
        name: "Ada".to_owned(),
        kind: MemberKind::Person,
        email: Some("ada@example.com".to_owned()),
        address_fault: None,
        address_mended_at: None,
        language: outlay_domain::language::Language::En,
        time_zone: None,
        role,
        status: if subject.is_some() { MemberStatus::Active } else { MemberStatus::Invited },
        manager_id: None,
        grade: None,
        cost_centre: None,
        approval_limit: None,
        delegation: None,
        acts_for: Vec::new(),
        subject: subject.map(str::to_owned),
        payout_version: None,
        version: 3,
        last_hash: String::new(),
        created_at: "2026-11-22T10:00:00Z".parse().unwrap(),
    }
}
