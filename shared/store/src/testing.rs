//! Fixtures for the tests of this crate.

use outlay_domain::change::ReportChange;
use outlay_domain::equality::ClaimKeys;
use outlay_domain::event::{Event, EventKind, EventSubject};
use outlay_domain::expense::{Expense, ExpenseFacts, PaymentMethod};
use outlay_domain::ids::{IdGenerator, MemberId, OrgId};
use outlay_domain::member::{Member, MemberKind, MemberRef, MemberStatus, Role};
use outlay_domain::money::Money;
use outlay_domain::policy::ApprovalMode;
use outlay_domain::receipt::{MediaType, Receipt, ReceiptStatus};
use outlay_domain::report::{Report, ReportStatus, Totals, content_hash, report_number};
use outlay_domain::spending::SpendingChange;
use outlay_domain::step::{Step, StepReason, StepStatus};

/// Identifier seed, the same in each run.
pub(crate) fn seed() -> IdGenerator {
    IdGenerator::new("2026-11-22T10:00:00.250Z".parse().unwrap(), [7; 10])
}

pub(crate) fn eur(minor: i64) -> Money {
    Money::from_minor(minor, "EUR".parse().unwrap())
}

pub(crate) fn line(seed: &mut IdGenerator, cost_centre: Option<&str>, note: &str) -> Expense {
    let facts = ExpenseFacts {
        date: "2026-11-12".parse().unwrap(),
        category: "entertainment".parse().unwrap(),
        merchant: "Brasserie Georges".parse().unwrap(),
        amount: eur(24_50),
        tax: eur(2_00),
        tax_source: outlay_domain::tax::TaxSource::Stated,
        taxes: Vec::new(),
        country: None,
        refund_of: None,
        payment_method: PaymentMethod::Personal,
        note: note.parse().ok(),
        justification: None,
        receipt_reference: None,
        attendees: Vec::new(),
        project: None,
        cost_centre: cost_centre.map(|code| code.parse().unwrap()),
        trip: None,
    };
    Expense {
        id: seed.next_id(),
        facts,
        converted: None,
        base: None,
        cap: None,
        approved: None,
        split_from: None,
        receipts: Vec::new(),
    }
}

/// Receipt, pending or clean.
pub(crate) fn receipt(seed: &mut IdGenerator, clean: bool) -> Receipt {
    Receipt {
        id: seed.next_id(),
        name: "Ticket 🧾.pdf".parse().unwrap(),
        media_type: MediaType::Pdf,
        size: 1000,
        sha256: "ab".repeat(32).parse().unwrap(),
        by: seed.next_id(),
        upload_until: "2026-11-22T10:05:00.250Z".parse().unwrap(),
        status: if clean {
            ReceiptStatus::Clean { kept_bytes: 900, preview: true, content_sha256: None }
        } else {
            ReceiptStatus::Pending
        },
        duplicate_of: if clean { vec![seed.next_id()] } else { Vec::new() },
    }
}

/// Draft with these lines and a valid content hash.
pub(crate) fn draft(seed: &mut IdGenerator, expenses: Vec<Expense>) -> Report {
    let (id, zero, now) = (seed.next_id(), eur(0), "2026-11-22T10:00:00.250Z".parse().unwrap());
    let empty = Report {
        id,
        org: seed.next_id(),
        number: report_number(id, now),
        owner: seed.next_id(),
        owner_name: "Ida".parse().unwrap(),
        preparer: None,
        payee: None,
        cost_centre: None,
        title: "Lyon".parse().unwrap(),
        currency: zero.currency(),
        status: ReportStatus::Draft,
        version: 1,
        last_event: 0,
        totals: Totals::zero(zero.currency()),
        base_total: zero,
        total_with_parts: None,
        refused: false,
        claim_keys: ClaimKeys::Digest,
        violations: Vec::new(),
        steps: Vec::new(),
        policy_version: None,
        created_at: now,
        updated_at: now,
        submitted_at: None,
        expense_count: 0,
        content_hash: content_hash(&[]),
        content_bytes: 0,
        reimbursement: None,
        last_hash: String::new(),
        expenses: Vec::new(),
        comments: Vec::new(),
        has_former_layout: false,
    };
    empty.with_expenses(expenses).unwrap()
}

/// Change of `before` (`None` for a new report) into `after`, with one event.
pub(crate) fn change(before: Option<&Report>, after: Report) -> ReportChange {
    let version = before.map_or(1, |before| before.version + 1);
    let after = Report { version, last_event: version, ..after };
    let events = vec![event(&after, version, EventKind::ReportChanged {})];
    ReportChange { before: before.cloned(), after, events, spending: SpendingChange::default(), deleted: false }
}

pub(crate) fn event(report: &Report, seq: u64, kind: EventKind) -> Event {
    let event = Event {
        org: report.org,
        subject: EventSubject::Report(report.id),
        seq,
        actor: Some(report.owner),
        on_behalf_of: None,
        at: report.updated_at,
        policy_version: None,
        changes: Vec::new(),
        state_hash: Some(report.compute_state_hash()),
        kind,
        hash: String::new(),
    };
    event.with_hash_after("")
}

/// Pending step with these approvers.
pub(crate) fn step(number: u32, approvers: impl IntoIterator<Item = MemberId>) -> Step {
    Step {
        number,
        name: "Finance".parse().unwrap(),
        status: StepStatus::Pending,
        mode: ApprovalMode::All,
        approvers: approvers.into_iter().map(|id| MemberRef { id, name: "Approver".parse().unwrap() }).collect(),
        reasons: vec![StepReason::EveryReport {}].into(),
        due_in_days: 5,
        time_zone: None,
        due_on: Some("2026-11-27".parse().unwrap()),
        escalates_to: Vec::new(),
        replaced_approvers: Vec::new(),
        decisions: Vec::new(),
    }
}

/// Issuer that members are bound to.
pub(crate) const ISSUER: &str = "https://idp.example.com";

pub(crate) fn member(org: OrgId, seed: &mut IdGenerator, role: Role, subject: Option<&str>) -> Member {
    Member {
        id: seed.next_id(),
        org,
        name: "Ada".parse().unwrap(),
        kind: MemberKind::Person,
        email: Some("ada@example.com".parse().unwrap()),
        address_fault: None,
        address_fault_cleared_at: None,
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
        invited_by: None,
        authority_changes: Vec::new(),
        subject: subject.map(str::to_owned),
        issuer: subject.map(|_| ISSUER.to_owned()),
        payout_version: None,
        version: 3,
        last_hash: String::new(),
        created_at: "2026-11-22T10:00:00Z".parse().unwrap(),
    }
}
