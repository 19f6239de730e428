//! Receipts: who may declare and remove them and until when, inspection results, and their effect on submission.

use outlay_domain::change::{
    self, ReceiptDeclaration, ReportChange, SplitPart, abandon_receipt, declare_receipt, record_duplicates,
    record_inspection, remove_receipt,
};
use outlay_domain::error::DomainError;
use outlay_domain::event::EventKind;
use outlay_domain::ids::{ReceiptId, ReportId};
use outlay_domain::member::Member;
use outlay_domain::permission::{Clone as CloneAction, Edit, permit_org};
use outlay_domain::policy::{CategoryRules, Policy, PolicyRule, Severity};
use outlay_domain::receipt::{
    MAX_RECEIPTS_PER_EXPENSE, MAX_RECEIPTS_PER_REPORT, MediaType, ReceiptStatus, RejectionReason,
};
use outlay_domain::report::{MAX_REPORT_BYTES, Report, ReportStatus};

use crate::support::{
    Given, People, cents, draft, facts, finish, money, no_rates, now, permit_for, seed, text, workflow,
};

const CLEAN: ReceiptStatus = ReceiptStatus::Clean { kept_bytes: 900, preview: true, content_sha256: None };
const REFUSED: ReceiptStatus = ReceiptStatus::Rejected { reason: RejectionReason::ActiveContent };

fn file(name: &str) -> ReceiptDeclaration {
    ReceiptDeclaration { name: text(name), media_type: MediaType::Pdf, size: 1000, sha256: text(&"ab".repeat(32)) }
}

fn declare(report: &Report, by: &Member, at: usize, number: u8) -> Result<ReportChange, DomainError> {
    let permit = permit_for::<Edit>(by, report)?;
    let line = report.expenses[at].id;
    declare_receipt(permit, line, file("Hotel.pdf"), &mut seed(number), now()).map(|(change, _)| change)
}

/// Draft of Ana's with one line that requires a receipt. Its receipt has this inspection result, or is pending.
fn with_receipt(people: &People, found: Option<&ReceiptStatus>, duplicate_of: &[ReportId]) -> (Report, ReceiptId) {
    let report = declare(&draft(&people.ana, &[money("40.00")]), &people.ana, 0, 20).unwrap().after;
    let receipt = report.expenses[0].receipts[0].id;
    match found {
        Some(found) => {
            (record_inspection(&report, receipt, found, duplicate_of, now()).unwrap().unwrap().after, receipt)
        }
        None => (report, receipt),
    }
}

fn given(people: &People) -> Given {
    let policy = Policy { receipt_required_from: CategoryRules::bare(money("25.00")), ..workflow() };
    Given::new(policy, people.directory(&people.ana))
}

fn other() -> ReportId {
    seed(77).next_id()
}

/// Result of a submission: accepted or not, and the findings.
fn found(report: &Report, people: &People) -> (bool, Vec<(PolicyRule, Severity)>) {
    let all = |violations: &[outlay_domain::policy::Violation]| {
        violations.iter().map(|violation| (violation.rule(), violation.severity)).collect()
    };
    match given(people).submit(report) {
        Ok(change) => (true, all(&change.after.violations)),
        Err(DomainError::PolicyViolations(violations)) => {
            (false, all(&violations.into_iter().map(|(_, violation)| violation).collect::<Vec<_>>()))
        }
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn clean_receipt_satisfies_receipt_requirement() {
    let people = People::new();
    let bare = draft(&people.ana, &[money("40.00")]);
    assert_eq!(found(&bare, &people), (true, vec![(PolicyRule::ReceiptRequired, Severity::Warn)]));
    let (pending, _) = with_receipt(&people, None, &[]);
    assert_eq!(found(&pending, &people), (false, vec![(PolicyRule::ReceiptPending, Severity::Block)]));
    let (refused, _) = with_receipt(&people, Some(&REFUSED), &[]);
    assert_eq!(found(&refused, &people), (false, vec![(PolicyRule::ReceiptRejected, Severity::Block)]));
    let (clean, _) = with_receipt(&people, Some(&CLEAN), &[]);
    assert_eq!(found(&clean, &people), (true, Vec::new()));
}

#[test]
fn refused_receipt_finding_names_line_and_reason() {
    let people = People::new();
    let (refused, receipt) = with_receipt(&people, Some(&REFUSED), &[]);
    let Err(DomainError::PolicyViolations(violations)) = given(&people).submit(&refused) else {
        panic!("the submission was accepted")
    };
    let (at, violation) = &violations[0];
    assert_eq!((*at, violation.field.name(), violation.rule().name()), (0, "receipts", "receipt-refused"));
    assert!(
        violation.message().contains("Hotel.pdf")
            && violation.message().contains(RejectionReason::ActiveContent.message())
    );
    let permit = permit_for::<Edit>(&people.ana, &refused).unwrap();
    let without = remove_receipt(permit, refused.expenses[0].id, receipt, now()).unwrap().after;
    assert_eq!(found(&without, &people).1, [(PolicyRule::ReceiptRequired, Severity::Warn)]);
}

#[test]
fn duplicate_receipt_warns_without_naming_report() {
    let people = People::new();
    let (clean, receipt) = with_receipt(&people, Some(&CLEAN), &[other()]);
    let submitted = given(&people).submit(&clean).unwrap();
    let violation = &submitted.after.violations[0];
    assert_eq!((violation.rule().name(), violation.severity), ("duplicate-receipt", Severity::Warn));
    assert!(!violation.message().contains("rep_"));
    // A report with a duplicate receipt is not approved automatically.
    let policy = Policy { auto_approve_below: Some(money("1000.00")), ..workflow() };
    let submit = |report: &Report| Given::new(policy.clone(), people.directory(&people.ana)).submit(report).unwrap();
    assert_eq!(submit(&clean).after.status, ReportStatus::Submitted);
    let (alone, _) = with_receipt(&people, Some(&CLEAN), &[]);
    assert_eq!(submit(&alone).after.status, ReportStatus::Approved);
    // No event names the other report, not even that of a split.
    let line = clean.expenses[0].id;
    let permit = permit_for::<Edit>(&people.ana, &clean).unwrap();
    let parts = [SplitPart::of(cents(15_00)), SplitPart::of(cents(25_00))];
    let split = finish(change::split_expense(permit, line, &parts, &mut seed(30), now()), None, now()).unwrap();
    let pending = with_receipt(&people, None, &[]).0;
    let looked_at = record_inspection(&pending, receipt, &CLEAN, &[other()], now()).unwrap().unwrap();
    for event in split.events.iter().chain(&looked_at.events).chain(&submitted.events) {
        let text = serde_json::to_string(event).unwrap();
        assert!(!text.contains(&other().to_string()), "{text}");
    }
}

#[test]
fn receipts_of_submitted_report_are_immutable() {
    let people = People::new();
    let (clean, receipt) = with_receipt(&people, Some(&CLEAN), &[]);
    let submitted = given(&people).submit(&clean).unwrap().after;
    let line = submitted.expenses[0].id;
    let permit = || permit_for::<Edit>(&people.ana, &submitted).unwrap();
    assert!(matches!(declare(&submitted, &people.ana, 0, 21), Err(DomainError::InvalidState { .. })));
    assert!(matches!(remove_receipt(permit(), line, receipt, now()), Err(DomainError::InvalidState { .. })));
    assert!(
        record_inspection(&submitted, receipt, &REFUSED, &[], now()).unwrap().is_none(),
        "a receipt is inspected once"
    );
    assert!(record_duplicates(&submitted, receipt, &[other()], now()).unwrap().is_none());
    assert!(abandon_receipt(&submitted, receipt, now()).unwrap().is_none());
    // A recalled report can get receipts again.
    let recalled = change::recall(permit_for(&people.ana, &submitted).unwrap(), now()).unwrap().after;
    assert_eq!(recalled.expenses[0].receipts.len(), 1);
    declare(&recalled, &people.ana, 0, 21).unwrap();
}

#[test]
fn receipt_declaration_requires_owner_or_preparer() {
    let people = People::new();
    let report = draft(&people.ana, &[money("40.00")]);
    assert_eq!(declare(&report, &people.marco, 0, 20).unwrap_err(), DomainError::NotFound);
    assert!(matches!(declare(&report, &people.fiona, 0, 20), Err(DomainError::Forbidden(_))));
}

#[test]
fn receipts_are_covered_by_hash_and_history() {
    let people = People::new();
    let report = draft(&people.ana, &[money("40.00")]);
    let declared = declare(&report, &people.ana, 0, 20).unwrap();
    let receipt = declared.after.expenses[0].receipts[0].id;
    let looked_at = record_inspection(&declared.after, receipt, &CLEAN, &[], now()).unwrap().unwrap();
    let hashes = [&report, &declared.after, &looked_at.after].map(|report| report.content_hash.clone());
    assert!(hashes[0] != hashes[1] && hashes[1] != hashes[2]);
    assert!(declared.after.has_matching_expenses() && looked_at.after.has_matching_expenses());
    let EventKind::ReceiptDeclared { sha256, size, .. } = &declared.events[0].kind else { panic!("{declared:?}") };
    assert_eq!((sha256.as_str(), *size), ("ab".repeat(32).as_str(), 1000));
    assert_eq!((declared.events[0].actor, looked_at.events[0].actor), (Some(people.ana.id), None));
    let changes: Vec<_> = looked_at.events[0].changes.iter().map(|change| (&change.old, &change.new)).collect();
    assert_eq!(changes, [(&"pending".into(), &"clean".into())]);
    // A repeated message has no effect.
    assert!(record_inspection(&looked_at.after, receipt, &CLEAN, &[], now()).unwrap().is_none());
}

#[test]
fn edit_and_split_keep_receipts_and_clone_drops_them() {
    let people = People::new();
    let (report, receipt) = with_receipt(&people, Some(&CLEAN), &[]);
    let line = report.expenses[0].id;
    let permit = || permit_for::<Edit>(&people.ana, &report).unwrap();
    let on = |report: &Report| -> Vec<usize> { report.expenses.iter().map(|line| line.receipts.len()).collect() };
    let dearer = facts(money("50.00"));
    let edit = change::update_expense(permit(), line, dearer, &no_rates(), now());
    let changed = finish(edit, None, now()).unwrap();
    assert_eq!(on(&changed.after), [1]);
    let edit = change::clone_expense(permit(), line, None, &no_rates(), &mut seed(30), now());
    let cloned = finish(edit, None, now()).unwrap();
    assert_eq!(on(&cloned.after), [1, 0]);
    let parts = [SplitPart::of(cents(15_00)), SplitPart::of(cents(25_00))];
    let edit = change::split_expense(permit(), line, &parts, &mut seed(30), now());
    let split = finish(edit, None, now()).unwrap().after;
    assert_eq!((on(&split), split.receipts().len()), (vec![1, 1], 1));
    // Removed from one part, the receipt stays on the other.
    let permit = permit_for::<Edit>(&people.ana, &split).unwrap();
    let off = remove_receipt(permit, split.expenses[0].id, receipt, now()).unwrap().after;
    assert_eq!(on(&off), [0, 1]);
    assert!(off.receipt(receipt).is_some());
    let again = permit_for::<Edit>(&people.ana, &off).unwrap();
    assert_eq!(remove_receipt(again, off.expenses[0].id, receipt, now()).unwrap_err(), DomainError::UnknownReceipt);
    let permit = permit_for::<CloneAction>(&people.ana, &report).unwrap();
    let may = permit_org(&people.ana).unwrap();
    let copy =
        change::clone_report(permit, may, None, change::CloneOverrides::default(), &no_rates(), &mut seed(31), now())
            .unwrap();
    assert_eq!(on(&copy.after), [0]);
}

#[test]
fn receipt_result_applies_to_every_split_part() {
    let people = People::new();
    let (report, receipt) = with_receipt(&people, None, &[]);
    let permit = permit_for::<Edit>(&people.ana, &report).unwrap();
    let parts = [SplitPart::of(cents(15_00)), SplitPart::of(cents(25_00))];
    let edit = change::split_expense(permit, report.expenses[0].id, &parts, &mut seed(30), now());
    let split = finish(edit, None, now()).unwrap().after;
    let clean = record_inspection(&split, receipt, &CLEAN, &[], now()).unwrap().unwrap().after;
    assert!(clean.expenses.iter().all(|line| line.receipts[0].is_clean()));
    let gone = abandon_receipt(&split, receipt, now()).unwrap().unwrap();
    assert!(gone.after.receipts().is_empty());
    assert!(matches!(gone.events[0].kind, EventKind::ReceiptAbandoned { .. }) && gone.events[0].actor.is_none());
}

#[test]
fn late_duplicates_are_recorded_once_up_to_maximum() {
    let people = People::new();
    let (report, receipt) = with_receipt(&people, Some(&CLEAN), &[other()]);
    assert!(record_duplicates(&report, receipt, &[other()], now()).unwrap().is_none(), "already recorded");
    let more: Vec<ReportId> = (80..90).map(|number| seed(number).next_id()).collect();
    let noted = record_duplicates(&report, receipt, &more, now()).unwrap().unwrap().after;
    assert_eq!(noted.expenses[0].receipts[0].duplicate_of, [other(), more[0], more[1]]);
    assert!(record_duplicates(&noted, receipt, &more, now()).unwrap().is_none());
}

#[test]
fn receipt_count_is_limited_per_line_and_report() {
    let people = People::new();
    let mut report = draft(&people.ana, &[money("40.00"), money("20.00"), money("10.00"), money("5.00")]);
    for number in 0..MAX_RECEIPTS_PER_REPORT {
        let number_of_seed = u8::try_from(100 + number).unwrap();
        report = declare(&report, &people.ana, number / MAX_RECEIPTS_PER_EXPENSE, number_of_seed).unwrap().after;
    }
    let full = declare(&report, &people.ana, 0, 99).unwrap_err();
    assert_eq!(full, DomainError::TooManyReceipts { subject: "An expense", max: MAX_RECEIPTS_PER_EXPENSE });
    let full = declare(&report, &people.ana, 3, 99).unwrap_err();
    assert_eq!(full, DomainError::TooManyReceipts { subject: "A report", max: MAX_RECEIPTS_PER_REPORT });
    let line = seed(200).next_id();
    let permit = permit_for::<Edit>(&people.ana, &report).unwrap();
    let unknown = declare_receipt(permit, line, file("x"), &mut seed(99), now()).unwrap_err();
    assert_eq!(unknown, DomainError::UnknownExpense);
}

#[test]
fn declared_receipt_reserves_size_of_its_result() {
    let people = People::new();
    let (report, receipt) = with_receipt(&people, None, &[]);
    let others: Vec<ReportId> = (80..90).map(|number| seed(number).next_id()).collect();
    for found in [
        CLEAN,
        ReceiptStatus::Clean {
            kept_bytes: u64::MAX,
            preview: false,
            content_sha256: Some("ab".repeat(32).parse().unwrap()),
        },
        REFUSED,
    ] {
        let looked_at = record_inspection(&report, receipt, &found, &others, now()).unwrap().unwrap().after;
        assert!(
            looked_at.json_bytes() <= report.json_bytes(),
            "{} after {}",
            looked_at.json_bytes(),
            report.json_bytes()
        );
    }
    // File names count: a report that would become too large is rejected at the declaration.
    let line = |note: usize| outlay_domain::expense::ExpenseFacts {
        note: Some(text(&"n".repeat(note))),
        ..facts(money("1.00"))
    };
    let filled = |lines: usize, last_note: usize| {
        let lines = std::iter::repeat_n(line(2000), lines).chain([line(last_note)]);
        crate::support::created_with(&people.ana, lines.collect()).after
    };
    let (target, single) = (MAX_REPORT_BYTES - 500, filled(0, 1).json_bytes());
    let lines = (target - single) / (filled(1, 1).json_bytes() - single);
    let large = filled(lines, (target - filled(lines, 1).json_bytes()).min(2000));
    assert!(large.json_bytes() <= MAX_REPORT_BYTES);
    let permit = permit_for::<Edit>(&people.ana, &large).unwrap();
    let refused = declare_receipt(permit, large.expenses[0].id, file(&"🧾".repeat(255)), &mut seed(99), now());
    assert_eq!(refused.unwrap_err(), DomainError::ReportTooLarge);
}
