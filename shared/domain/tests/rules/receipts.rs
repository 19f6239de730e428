//! Receipts: who declares and removes them and until when, what comes of looking at their files, and what they mean for a submission.

use outlay_domain::change::{
    self, Declared, Part, ReportChange, abandon_receipt, declare_receipt, look_at_receipt, note_duplicates,
    remove_receipt,
};
use outlay_domain::event::EventKind;
use outlay_domain::ids::{ReceiptId, ReportId};
use outlay_domain::member::Member;
use outlay_domain::permission::{Clone as CloneAction, Edit, permit_org};
use outlay_domain::policy::{Policy, Rule, Severity};
use outlay_domain::receipt::{MAX_RECEIPTS, MAX_RECEIPTS_OF_REPORT, MediaType, ReceiptStatus, Unfit};
use outlay_domain::refusal::Refusal;
use outlay_domain::report::{MAX_BYTES, Report, Status};

use crate::support::{Given, People, cents, draft, facts, money, no_rates, now, permit_for, seed, workflow};

const CLEAN: ReceiptStatus = ReceiptStatus::Clean { kept_bytes: 900, preview: true };
const REFUSED: ReceiptStatus = ReceiptStatus::Refused { reason: Unfit::Active };

fn file(name: &str) -> Declared {
    Declared { name: name.to_owned(), media_type: MediaType::Pdf, size: 1000, sha256: "ab".repeat(32) }
}

fn declare(report: &Report, by: &Member, at: usize, number: u8) -> Result<ReportChange, Refusal> {
    let permit = permit_for::<Edit>(by, report)?;
    let line = report.expenses[at].id;
    declare_receipt(permit, line, file("Hotel.pdf"), &mut seed(number), now()).map(|(change, _)| change)
}

/// A draft of Ana's of one line above the amount that wants a receipt, with a receipt of which that came.
fn with_receipt(people: &People, found: Option<&ReceiptStatus>, also_on: &[ReportId]) -> (Report, ReceiptId) {
    let report = declare(&draft(&people.ana, &[money("40.00")]), &people.ana, 0, 20).unwrap().after;
    let receipt = report.expenses[0].receipts[0].id;
    match found {
        Some(found) => (look_at_receipt(&report, receipt, found, also_on, now()).unwrap().unwrap().after, receipt),
        None => (report, receipt),
    }
}

fn given(people: &People) -> Given {
    let policy = Policy { receipt_required_from: Some(money("25.00")), ..workflow() };
    Given::new(policy, people.directory(&people.ana))
}

fn other() -> ReportId {
    seed(77).draw()
}

/// What a submission finds, and whether it goes through.
fn found(report: &Report, people: &People) -> (bool, Vec<(Rule, Severity)>) {
    let all = |violations: &[outlay_domain::policy::Violation]| {
        violations.iter().map(|violation| (violation.rule, violation.severity)).collect()
    };
    match given(people).submit(report) {
        Ok(change) => (true, all(&change.after.violations)),
        Err(Refusal::Policy(violations)) => {
            (false, all(&violations.into_iter().map(|(_, violation)| violation).collect::<Vec<_>>()))
        }
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn only_a_clean_receipt_stands_for_a_line() {
    let people = People::new();
    let bare = draft(&people.ana, &[money("40.00")]);
    assert_eq!(found(&bare, &people), (true, vec![(Rule::ReceiptRequired, Severity::Warn)]));
    let (pending, _) = with_receipt(&people, None, &[]);
    assert_eq!(found(&pending, &people), (false, vec![(Rule::ReceiptPending, Severity::Block)]));
    let (refused, _) = with_receipt(&people, Some(&REFUSED), &[]);
    assert_eq!(found(&refused, &people), (false, vec![(Rule::ReceiptRefused, Severity::Block)]));
    let (clean, _) = with_receipt(&people, Some(&CLEAN), &[]);
    assert_eq!(found(&clean, &people), (true, Vec::new()));
}

#[test]
fn what_blocks_names_the_line_the_receipt_and_the_reason() {
    let people = People::new();
    let (refused, receipt) = with_receipt(&people, Some(&REFUSED), &[]);
    let Err(Refusal::Policy(violations)) = given(&people).submit(&refused) else { panic!("it went through") };
    let (at, violation) = &violations[0];
    assert_eq!((*at, violation.field.name(), violation.rule.name()), (0, "receipts", "receipt-refused"));
    assert!(violation.message.contains("Hotel.pdf") && violation.message.contains(Unfit::Active.sentence()));
    let permit = permit_for::<Edit>(&people.ana, &refused).unwrap();
    let without = remove_receipt(permit, refused.expenses[0].id, receipt, now()).unwrap().after;
    assert_eq!(found(&without, &people).1, [(Rule::ReceiptRequired, Severity::Warn)]);
}

#[test]
fn the_same_file_elsewhere_warns_and_names_no_report() {
    let people = People::new();
    let (clean, receipt) = with_receipt(&people, Some(&CLEAN), &[other()]);
    let submitted = given(&people).submit(&clean).unwrap();
    let violation = &submitted.after.violations[0];
    assert_eq!((violation.rule.name(), violation.severity), ("duplicate-receipt", Severity::Warn));
    assert!(!violation.message.contains("rep_"));
    // A report approved by nobody is never one with somebody else's receipt.
    let policy = Policy { auto_approve_below: Some(money("1000.00")), ..workflow() };
    let submit = |report: &Report| Given::new(policy.clone(), people.directory(&people.ana)).submit(report).unwrap();
    assert_eq!(submit(&clean).after.status, Status::Submitted);
    let (alone, _) = with_receipt(&people, Some(&CLEAN), &[]);
    assert_eq!(submit(&alone).after.status, Status::Approved);
    // No event names one either, not even that of a line split with it.
    let line = clean.expenses[0].id;
    let permit = permit_for::<Edit>(&people.ana, &clean).unwrap();
    let parts = [Part::of(cents(15_00)), Part::of(cents(25_00))];
    let split = change::split_expense(permit, line, &parts, None, &mut seed(30), now()).unwrap();
    let pending = with_receipt(&people, None, &[]).0;
    let looked_at = look_at_receipt(&pending, receipt, &CLEAN, &[other()], now()).unwrap().unwrap();
    for event in split.events.iter().chain(&looked_at.events).chain(&submitted.events) {
        let text = serde_json::to_string(event).unwrap();
        assert!(!text.contains(&other().to_string()), "{text}");
    }
}

#[test]
fn evidence_under_review_is_not_exchanged() {
    let people = People::new();
    let (clean, receipt) = with_receipt(&people, Some(&CLEAN), &[]);
    let submitted = given(&people).submit(&clean).unwrap().after;
    let line = submitted.expenses[0].id;
    let permit = || permit_for::<Edit>(&people.ana, &submitted).unwrap();
    assert!(matches!(declare(&submitted, &people.ana, 0, 21), Err(Refusal::InvalidState { .. })));
    assert!(matches!(remove_receipt(permit(), line, receipt, now()), Err(Refusal::InvalidState { .. })));
    assert!(look_at_receipt(&submitted, receipt, &REFUSED, &[], now()).unwrap().is_none(), "looked at once");
    assert!(note_duplicates(&submitted, receipt, &[other()], now()).unwrap().is_none());
    assert!(abandon_receipt(&submitted, receipt, now()).unwrap().is_none());
    // Back with its owner, it may be.
    let recalled = change::recall(permit_for(&people.ana, &submitted).unwrap(), now()).unwrap().after;
    assert_eq!(recalled.expenses[0].receipts.len(), 1);
    declare(&recalled, &people.ana, 0, 21).unwrap();
}

#[test]
fn nobody_but_who_writes_the_report_declares() {
    let people = People::new();
    let report = draft(&people.ana, &[money("40.00")]);
    assert_eq!(declare(&report, &people.marco, 0, 20).unwrap_err(), Refusal::NotVisible);
    assert!(matches!(declare(&report, &people.fiona, 0, 20), Err(Refusal::Forbidden(_))));
}

#[test]
fn receipts_stand_under_the_hash_of_the_lines_and_in_the_history() {
    let people = People::new();
    let report = draft(&people.ana, &[money("40.00")]);
    let declared = declare(&report, &people.ana, 0, 20).unwrap();
    let receipt = declared.after.expenses[0].receipts[0].id;
    let looked_at = look_at_receipt(&declared.after, receipt, &CLEAN, &[], now()).unwrap().unwrap();
    let hashes = [&report, &declared.after, &looked_at.after].map(|report| report.content_hash.clone());
    assert!(hashes[0] != hashes[1] && hashes[1] != hashes[2]);
    assert!(declared.after.is_whole() && looked_at.after.is_whole());
    let EventKind::ReceiptDeclared { sha256, size, .. } = &declared.events[0].kind else { panic!("{declared:?}") };
    assert_eq!((sha256.as_str(), *size), ("ab".repeat(32).as_str(), 1000));
    assert_eq!((declared.events[0].actor, looked_at.events[0].actor), (Some(people.ana.id), None));
    let told: Vec<_> = looked_at.events[0].changes.iter().map(|change| (&change.old, &change.new)).collect();
    assert_eq!(told, [(&"pending".into(), &"clean".into())]);
    // What was noted is not noted again: a message may come twice.
    assert!(look_at_receipt(&looked_at.after, receipt, &CLEAN, &[], now()).unwrap().is_none());
}

#[test]
fn lines_keep_their_receipts_and_clones_have_none() {
    let people = People::new();
    let (report, receipt) = with_receipt(&people, Some(&CLEAN), &[]);
    let line = report.expenses[0].id;
    let permit = || permit_for::<Edit>(&people.ana, &report).unwrap();
    let on = |report: &Report| -> Vec<usize> { report.expenses.iter().map(|line| line.receipts.len()).collect() };
    let dearer = facts(money("50.00"));
    let changed = change::change_expense(permit(), line, dearer, &no_rates(), None, now()).unwrap();
    assert_eq!(on(&changed.after), [1]);
    let cloned = change::clone_expense(permit(), line, None, &no_rates(), None, &mut seed(30), now()).unwrap();
    assert_eq!(on(&cloned.after), [1, 0]);
    let parts = [Part::of(cents(15_00)), Part::of(cents(25_00))];
    let split = change::split_expense(permit(), line, &parts, None, &mut seed(30), now()).unwrap().after;
    assert_eq!((on(&split), split.receipts().len()), (vec![1, 1], 1));
    // Off one part, it is still on the other.
    let permit = permit_for::<Edit>(&people.ana, &split).unwrap();
    let off = remove_receipt(permit, split.expenses[0].id, receipt, now()).unwrap().after;
    assert_eq!(on(&off), [0, 1]);
    assert!(off.receipt(receipt).is_some());
    let again = permit_for::<Edit>(&people.ana, &off).unwrap();
    assert_eq!(remove_receipt(again, off.expenses[0].id, receipt, now()).unwrap_err(), Refusal::UnknownReceipt);
    let permit = permit_for::<CloneAction>(&people.ana, &report).unwrap();
    let may = permit_org(&people.ana).unwrap();
    let copy =
        change::clone_report(permit, may, None, change::Anew::default(), &no_rates(), &mut seed(31), now()).unwrap();
    assert_eq!(on(&copy.after), [0]);
}

#[test]
fn what_is_looked_at_is_looked_at_on_every_part() {
    let people = People::new();
    let (report, receipt) = with_receipt(&people, None, &[]);
    let permit = permit_for::<Edit>(&people.ana, &report).unwrap();
    let parts = [Part::of(cents(15_00)), Part::of(cents(25_00))];
    let split = change::split_expense(permit, report.expenses[0].id, &parts, None, &mut seed(30), now()).unwrap().after;
    let clean = look_at_receipt(&split, receipt, &CLEAN, &[], now()).unwrap().unwrap().after;
    assert!(clean.expenses.iter().all(|line| line.receipts[0].is_clean()));
    let gone = abandon_receipt(&split, receipt, now()).unwrap().unwrap();
    assert!(gone.after.receipts().is_empty());
    assert!(matches!(gone.events[0].kind, EventKind::ReceiptAbandoned { .. }) && gone.events[0].actor.is_none());
}

#[test]
fn who_came_meanwhile_is_noted_once_and_only_some() {
    let people = People::new();
    let (report, receipt) = with_receipt(&people, Some(&CLEAN), &[other()]);
    assert!(note_duplicates(&report, receipt, &[other()], now()).unwrap().is_none(), "known");
    let more: Vec<ReportId> = (80..90).map(|number| seed(number).draw()).collect();
    let noted = note_duplicates(&report, receipt, &more, now()).unwrap().unwrap().after;
    assert_eq!(noted.expenses[0].receipts[0].also_on, [other(), more[0], more[1]]);
    assert!(note_duplicates(&noted, receipt, &more, now()).unwrap().is_none());
}

#[test]
fn receipts_are_bounded_by_line_and_by_report() {
    let people = People::new();
    let mut report = draft(&people.ana, &[money("40.00"), money("20.00"), money("10.00"), money("5.00")]);
    for number in 0..MAX_RECEIPTS_OF_REPORT {
        let number_of_seed = u8::try_from(100 + number).unwrap();
        report = declare(&report, &people.ana, number / MAX_RECEIPTS, number_of_seed).unwrap().after;
    }
    let full = declare(&report, &people.ana, 0, 99).unwrap_err();
    assert_eq!(full, Refusal::TooManyReceipts { of: "An expense", most: MAX_RECEIPTS });
    let full = declare(&report, &people.ana, 3, 99).unwrap_err();
    assert_eq!(full, Refusal::TooManyReceipts { of: "A report", most: MAX_RECEIPTS_OF_REPORT });
    let line = seed(200).draw();
    let permit = permit_for::<Edit>(&people.ana, &report).unwrap();
    let unknown = declare_receipt(permit, line, file("x"), &mut seed(99), now()).unwrap_err();
    assert_eq!(unknown, Refusal::UnknownExpense);
}

#[test]
fn a_report_that_may_be_looked_at_has_room_for_what_is_found() {
    let people = People::new();
    let (report, receipt) = with_receipt(&people, None, &[]);
    let others: Vec<ReportId> = (80..90).map(|number| seed(number).draw()).collect();
    for found in [CLEAN, ReceiptStatus::Clean { kept_bytes: u64::MAX, preview: false }, REFUSED] {
        let looked_at = look_at_receipt(&report, receipt, &found, &others, now()).unwrap().unwrap().after;
        assert!(looked_at.bytes() <= report.bytes(), "{} after {}", looked_at.bytes(), report.bytes());
    }
    // Names count too: a report that would be too large is refused when the receipt is declared.
    let long =
        outlay_domain::expense::ExpenseFacts { note: Some("n".repeat(MAX_BYTES - 1500)), ..facts(money("1.00")) };
    let large = crate::support::created_with(&people.ana, vec![long]).after;
    let permit = permit_for::<Edit>(&people.ana, &large).unwrap();
    let refused = declare_receipt(permit, large.expenses[0].id, file(&"🧾".repeat(255)), &mut seed(99), now());
    assert_eq!(refused.unwrap_err(), Refusal::TooLarge);
}
