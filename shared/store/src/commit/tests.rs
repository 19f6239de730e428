//! What is written for a change, item by item; and that the largest change fits into one transaction.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::AttributeValue;
use outlay_domain::change::{MemberChange, PayoutChange, ReportChange};
use outlay_domain::event::{EventKind, FieldChange, Subject};
use outlay_domain::expense::PaymentMethod;
use outlay_domain::ids::{MemberId, ReportId, Seed};
use outlay_domain::member::{MAX_ACTS_FOR, Member, MemberKind, MemberStatus, Role};
use outlay_domain::payout::SealedAccount;
use outlay_domain::report::{MAX_BYTES, MAX_COST_CENTRES, MAX_EXPENSES, Report, Status};
use outlay_domain::route::{Decision, MAX_APPROVERS};
use outlay_domain::spending::{Bucket, BucketKey, Claim, MAX_BUCKETS, MAX_CLAIMS, ReportClaims, SpendingChange};
use serde_json::json;

use super::*;
use crate::items::{Item, size, text_of, to_sealed_account};
use crate::keys::{self, names};
use crate::testing::{change, draft, eur, event, hashed, line, member, seed, step};

mod files;

/// One write as a line of text: what is done, to which sort key, and on which condition.
fn told(write: &Write) -> String {
    let key = |key: Option<&Item>| key.and_then(|key| text_of(key, names::SK)).unwrap_or("?").to_owned();
    let (what, sk, condition) = if let Some(put) = write.item.put() {
        ("put", key(Some(put.item())), put.condition_expression())
    } else if let Some(delete) = write.item.delete() {
        ("delete", key(Some(delete.key())), delete.condition_expression())
    } else if let Some(check) = write.item.condition_check() {
        ("check", key(Some(check.key())), Some(check.condition_expression()))
    } else {
        let update = write.item.update().unwrap();
        ("update", key(Some(update.key())), update.condition_expression())
    };
    let condition = match condition {
        None => "",
        Some("attribute_not_exists(PK)") => " if new",
        Some("attribute_exists(PK)") => " if there",
        Some("version = :value") => " if unchanged",
        Some(_) => " if free",
    };
    format!("{what} {sk}{condition}")
}

fn writes(changes: &[Change]) -> Vec<Write> {
    Batch::of("Table", 7, changes, None).unwrap()
}

fn written(change: ReportChange) -> Vec<String> {
    writes(&[Change::Report(Box::new(change))]).iter().map(told).collect()
}

fn member_written(before: Option<Member>, after: Member) -> Vec<(String, Guard)> {
    let kind = EventKind::MemberChanged {};
    let told_of = event(&draft(&mut seed(), Vec::new()), after.version, kind);
    let event = outlay_domain::event::Event { subject: Subject::Member(after.id), ..told_of };
    let writes = writes(&[Change::Members(vec![MemberChange { before, after, event }])]);
    writes.iter().map(|write| (told(write), write.guard)).collect()
}

#[test]
fn only_the_items_whose_lines_differ_are_written() {
    let mut seed = seed();
    let lines: Vec<_> = (0..120).map(|_| line(&mut seed, None, "")).collect();
    let first = draft(&mut seed, lines.clone());
    let created = written(change(None, first.clone()));
    let listed = format!("put {}", first.id);
    let expected = [
        "put REPORT if new",
        "put EXPENSES#000",
        "put EXPENSES#001",
        "put EXPENSES#002",
        &listed,
        "put EVENT#000000000000001 if new",
    ];
    assert_eq!(created, expected);

    let mut changed = lines.clone();
    changed[60].facts.merchant = "Another".to_owned();
    let changed = hashed(first.clone().with_expenses(changed).unwrap());
    let expected = ["put REPORT if unchanged", "put EXPENSES#001", "put EVENT#000000000000002 if new"];
    assert_eq!(written(change(Some(&first), changed)), expected);

    let shorter = hashed(first.clone().with_expenses(lines[..50].to_vec()).unwrap());
    let expected = ["put REPORT if unchanged", "delete EXPENSES#001", "delete EXPENSES#002"];
    let expected = [&expected[..], &["put EVENT#000000000000002 if new"]].concat();
    assert_eq!(written(change(Some(&first), shorter)), expected);
}

#[test]
fn what_is_deleted_leaves_its_history_only() {
    let mut seed = seed();
    let lines = (0..60).map(|_| line(&mut seed, Some("sales"), "")).collect();
    let before = draft(&mut seed, lines);
    let gone = ReportChange { deleted: true, ..change(Some(&before), before.clone()) };
    let report = before.id.to_string();
    let expected = [
        "delete REPORT if unchanged",
        "delete EXPENSES#000",
        "delete EXPENSES#001",
        &format!("delete {report}"),
        &format!("delete {report}"),
        "put EVENT#000000000000002 if new",
    ];
    assert_eq!(written(gone), expected);
}

#[test]
fn tasks_follow_those_who_have_not_decided() {
    let mut seed = seed();
    let approvers: Vec<MemberId> = (0..3).map(|_| seed.draw()).collect();
    let before = draft(&mut seed, Vec::new());
    let before = Report { status: Status::Submitted, steps: vec![step(1, approvers.clone())], ..before };
    let partitions = |change: ReportChange, what: &str| -> BTreeSet<String> {
        let writes = writes(&[Change::Report(Box::new(change))]);
        let tasks = writes.iter().filter(|write| told(write).starts_with(&format!("{what} TASK#")));
        let key = |write: &Write| {
            write.item.put().map_or_else(|| write.item.delete().unwrap().key().clone(), |put| put.item().clone())
        };
        tasks.map(|write| text_of(&key(write), names::PK).unwrap().to_owned()).collect()
    };
    let queue = |approver: &MemberId| keys::task_partition(before.org, *approver);

    let mut after = before.clone();
    let agreed =
        Decision { by: before.steps[0].approvers[0].clone(), on_behalf_of: None, at: before.updated_at, comment: None };
    after.steps[0].decisions.push(agreed);
    let agreed = change(Some(&before), after);
    assert_eq!(partitions(agreed.clone(), "delete"), BTreeSet::from([queue(&approvers[0])]));
    // The version in the task is what the next decision must name.
    assert_eq!(partitions(agreed, "put"), approvers[1..].iter().map(queue).collect());

    let recalled = Report { status: Status::Draft, steps: Vec::new(), ..before.clone() };
    assert_eq!(partitions(change(Some(&before), recalled.clone()), "delete"), approvers.iter().map(queue).collect());
    assert_eq!(partitions(change(Some(&before), recalled), "put"), BTreeSet::new());
}

#[test]
fn cost_centres_come_and_go_with_the_lines() {
    let mut seed = seed();
    let mut line = |code| line(&mut seed, Some(code), "");
    let (sales, legal, it) = (line("sales"), line("legal"), line("it"));
    let before = draft(&mut seed, vec![sales.clone(), legal]);
    let after = hashed(before.clone().with_expenses(vec![sales, it]).unwrap());
    let writes = writes(&[Change::Report(Box::new(change(Some(&before), after)))]);
    let at = |code: &str| Some(Key::new(keys::cost_centre_partition(before.org, code), before.id.to_string()));
    let key =
        |item: &Item| Some(Key { pk: text_of(item, names::PK)?.to_owned(), sk: text_of(item, names::SK)?.to_owned() });
    let put: Vec<_> = writes.iter().filter_map(|write| write.item.put().map(|put| key(put.item()))).collect();
    let deleted: Vec<_> = writes.iter().filter_map(|write| write.item.delete().map(|gone| key(gone.key()))).collect();
    assert!(put.contains(&at("it")) && !put.contains(&at("sales")));
    assert_eq!(deleted, [at("legal")]);
}

#[test]
fn claims_rest_on_the_version_they_were_decided_on() {
    let report = draft(&mut seed(), Vec::new());
    let bucket = |version| Bucket { version, claims: BTreeMap::new() };
    let month = |text: &str| BucketKey::Month(text.to_owned());
    let spending = SpendingChange {
        owner: Some(report.owner),
        stored: vec![(month("2026-10"), bucket(1)), (month("2026-11"), bucket(8))],
        withdrawn: BTreeSet::from([BucketKey::Trip("Lyon".to_owned())]),
    };
    let change = ReportChange { spending, ..change(None, report.clone()) };
    let writes = writes(&[Change::Report(Box::new(change))]);
    let claims: Vec<&Write> = writes.iter().filter(|write| write.guard == Guard::Spending).collect();
    let told: Vec<String> = claims.iter().map(|write| told(write)).collect();
    assert_eq!(told, ["put MONTH#2026-10 if new", "put MONTH#2026-11 if unchanged", "update TRIP#Lyon if there"]);
    let values = claims[1].item.put().unwrap().expression_attribute_values().unwrap();
    assert_eq!(values.get(":value"), Some(&AttributeValue::N("7".to_owned())));
    let update = claims[2].item.update().unwrap();
    assert_eq!(update.expression_attribute_names().unwrap().get("#report"), Some(&report.id.to_string()));
}

#[test]
fn every_change_of_a_member_rewrites_his_copies() {
    let mut seed = seed();
    let org = seed.draw();
    let invited = member(org, &mut seed, Role::Finance, None);
    let id = invited.id;
    let next = |member: &Member| Member { version: member.version + 1, ..member.clone() };
    let event = |version: u64| format!("put EVENT#{version:015} if new");
    let texts = |writes: Vec<(String, Guard)>| writes.into_iter().map(|(text, _)| text).collect::<Vec<_>>();

    let new = texts(member_written(None, Member { version: 1, ..invited.clone() }));
    let expected = [format!("put MEMBER#{id} if new"), "put EMAIL#ada@example.com if new".to_owned()];
    assert_eq!(new, [&expected[..], &[format!("put ROLE#finance#{id}"), event(1)]].concat());

    let member = Member { status: MemberStatus::Active, subject: Some("sub".to_owned()), ..next(&invited) };
    let joined = member_written(Some(invited.clone()), member.clone());
    assert!(joined.iter().all(|(_, guard)| *guard == Guard::Joining));
    let expected = [format!("put MEMBER#{id} if unchanged"), "put IDENTITY#sub if new".to_owned()];
    assert_eq!(texts(joined), [&expected[..], &[format!("put ROLE#finance#{id}"), event(4)]].concat());

    let changed = member_written(Some(member.clone()), Member { role: Role::Admin, ..next(&member) });
    assert!(changed.iter().all(|(_, guard)| matches!(guard, Guard::Version | Guard::None)));
    let expected = [format!("put MEMBER#{id} if unchanged"), "put IDENTITY#sub".to_owned()];
    let roles = [format!("delete ROLE#finance#{id}"), format!("put ROLE#admin#{id}"), event(5)];
    assert_eq!(texts(changed), [&expected[..], &roles].concat());

    let still_invited = member_written(Some(invited.clone()), Member { role: Role::Employee, ..next(&invited) });
    assert!(still_invited.iter().all(|(_, guard)| *guard != Guard::Joining));
    let expected = [format!("put MEMBER#{id} if unchanged"), format!("delete ROLE#finance#{id}"), event(4)];
    assert_eq!(texts(still_invited), expected);
}

#[test]
fn a_service_takes_the_seat_of_its_identity_or_is_refused() {
    let mut seed = seed();
    let org = seed.draw();
    let person = member(org, &mut seed, Role::Employee, Some("payroll"));
    let service = Member { kind: MemberKind::Service, email: None, version: 1, ..person };
    let expected = [
        (format!("put MEMBER#{} if new", service.id), Guard::Version),
        ("put IDENTITY#payroll if new".to_owned(), Guard::Taken),
        (format!("put EVENT#{:015} if new", 1), Guard::Version),
    ];
    assert_eq!(member_written(None, service), expected);
}

#[test]
fn what_an_erased_member_is_found_by_is_deleted() {
    let mut seed = seed();
    let org = seed.draw();
    let gone = |member: &Member| Member {
        status: MemberStatus::Erased,
        email: None,
        subject: None,
        payout_version: None,
        version: member.version + 1,
        ..member.clone()
    };
    let before = Member { payout_version: Some(2), ..member(org, &mut seed, Role::Admin, Some("sub")) };
    let id = before.id;
    let written: Vec<String> =
        member_written(Some(before.clone()), gone(&before)).into_iter().map(|(text, _)| text).collect();
    let expected = [
        format!("put MEMBER#{id} if unchanged"),
        "delete EMAIL#ada@example.com".to_owned(),
        "delete IDENTITY#sub".to_owned(),
        "delete PAYOUT_ACCOUNT".to_owned(),
        format!("delete ROLE#admin#{id}"),
        format!("put EVENT#{:015} if new", 4),
    ];
    assert_eq!(written, expected);
    // Somebody who never came has no identity and no account.
    let invited = member(org, &mut seed, Role::Employee, None);
    let written = member_written(Some(invited.clone()), gone(&invited));
    assert_eq!(written.iter().filter(|(text, _)| text.starts_with("delete")).count(), 1);
}

#[test]
fn a_payout_account_is_stored_beside_the_history_and_on_the_version_of_its_member() {
    let mut seed = seed();
    let org = seed.draw();
    let before = member(org, &mut seed, Role::Employee, Some("sub"));
    let after = Member { payout_version: Some(1), version: 4, ..before.clone() };
    let event = event(&draft(&mut seed, Vec::new()), 4, EventKind::PayoutAccountChanged {});
    let event = outlay_domain::event::Event { subject: Subject::Member(after.id), org, ..event };
    let account = SealedAccount { ciphertext: vec![0, 159, 255], version: 1, changed_at: event.at };
    let key = keys::payout_account(org, after.id);
    assert_eq!(key.pk, keys::event(&event).pk);
    let member = MemberChange { before: Some(before), after, event };
    let writes = writes(&[Change::Payout(Box::new(PayoutChange { member, account: account.clone() }))]);
    let told: Vec<String> = writes.iter().map(told).collect();
    assert!(told[0].ends_with(" if unchanged") && told.last().unwrap() == "put PAYOUT_ACCOUNT", "{told:?}");
    let item = writes.last().unwrap().item.put().unwrap().item().clone();
    assert_eq!(text_of(&item, names::PK), Some(key.pk.as_str()));
    assert_eq!(to_sealed_account(item.clone()).unwrap(), account);
    // Whatever somebody puts in the place of the ciphertext is handed on as nothing, which does not open.
    let mut edited = item;
    edited.insert("ciphertext".to_owned(), AttributeValue::S("AAAA".to_owned()));
    assert_eq!(to_sealed_account(edited).unwrap(), SealedAccount { ciphertext: Vec::new(), ..account });
}

#[test]
fn the_largest_change_of_members_fits_too_and_stands_on_who_makes_it() {
    let mut seed = seed();
    let org = seed.draw();
    let mut officer = |subject: &str| member(org, &mut seed, Role::Finance, Some(subject));
    let next = |before: &Member| Member { version: before.version + 1, ..before.clone() };
    let before = Member { payout_version: Some(2), ..officer("gone") };
    let after =
        Member { status: MemberStatus::Erased, email: None, subject: None, payout_version: None, ..next(&before) };
    let others: Vec<Member> = (0..=MAX_ACTS_FOR).map(|at| officer(&format!("sub-{at}"))).collect();
    let admin = officer("admin");
    let mut told_of = event(&draft(&mut self::seed(), Vec::new()), 1, EventKind::DelegationChanged {});
    let mut change = |before: &Member, after: Member| {
        told_of.subject = Subject::Member(after.id);
        MemberChange { before: Some(before.clone()), after, event: told_of.clone() }
    };
    let mut changes = vec![change(&before, after)];
    changes.extend(others.iter().map(|other| change(other, next(other))));
    let standing = Change::Standing(Box::new(admin.clone()));
    let writes = writes(&[Change::Members(changes), standing]);
    let last = writes.last().unwrap();
    assert_eq!((told(last), last.guard), (format!("check MEMBER#{} if unchanged", admin.id), Guard::Standing));
    // With the answer, and an admin who joins with it in the place of the one who stands.
    assert!(writes.len() + 1 + 3 <= MAX_ITEMS, "{} items", writes.len());
}

#[test]
fn of_several_failed_conditions_the_weightiest_is_told() {
    let guards = [Guard::Standing, Guard::Spending, Guard::Joining, Guard::Taken, Guard::Version];
    let report = draft(&mut seed(), Vec::new());
    let item = writes(&[Change::Report(Box::new(change(None, report)))]).remove(0).item;
    let all: Vec<Write> = guards.iter().map(|guard| Write { item: item.clone(), guard: *guard }).collect();
    let failed = || CancellationReason::builder().code("ConditionalCheckFailed").build();
    let outcome = |count: usize| match cancellation(&all[..count], &vec![failed(); count]) {
        Failure::Final(error) => error.to_string(),
        Failure::Conflict | Failure::Done => "no error".to_owned(),
    };
    let again = || CommitError::Overtaken;
    let expected = [again(), again(), again(), CommitError::AddressTaken, CommitError::Stale];
    assert_eq!([1, 2, 3, 4, 5].map(outcome), expected.map(|error| error.to_string()));
    let conflict = CancellationReason::builder().code("TransactionConflict").build();
    assert!(matches!(cancellation(&all[..1], &[conflict]), Failure::Conflict));
}

#[test]
fn a_transaction_that_finds_its_own_events_was_carried_out() {
    let report = draft(&mut seed(), Vec::new());
    let mut change = change(None, report.clone());
    change.events = vec![event(&report, 1, EventKind::ReportRecalled {}).chained("")];
    let mut another = change.clone();
    another.events = vec![event(&report, 1, EventKind::ReportChanged {}).chained("")];
    let same = change.clone();
    let [own, other] = [change, another].map(|change| writes(&[Change::Report(Box::new(change))]));
    let stored = |write: &Write| write.item.put().map(|put| put.item().clone());
    let refused = |by: &[Write]| -> Vec<CancellationReason> {
        let reason =
            |write: &Write| CancellationReason::builder().code("ConditionalCheckFailed").set_item(stored(write));
        by.iter().map(|write| reason(write).build()).collect()
    };
    assert!(matches!(cancellation(&own, &refused(&own)), Failure::Done));
    // The head is the same, the event another: somebody else was faster.
    assert!(matches!(cancellation(&own, &refused(&other)), Failure::Final(CommitError::Stale)));
    // The same again, told at the same moment by another request.
    let twin = Batch::of("Table", 8, &[Change::Report(Box::new(same))], None).unwrap();
    assert!(matches!(cancellation(&own, &refused(&twin)), Failure::Final(CommitError::Stale)));
}

/// A bucket as full as one gets, with the longest names of merchants and categories.
fn full_bucket(seed: &mut Seed, own: &ReportId) -> Bucket {
    let mut claims = BTreeMap::new();
    for at in 0..MAX_CLAIMS / 50 {
        let claim = |_| Claim {
            expense_id: seed.draw(),
            date: "2026-11-12".parse().unwrap(),
            category: "c".repeat(40),
            merchant: "x".repeat(60),
            payment_method: PaymentMethod::CompanyCard,
            amount: eur(1_000_000_000_000),
            granted: eur(999_999_999_999),
            granted_in_base: eur(999_999_999_999),
        };
        let lines = (0..50).map(claim).collect();
        let report = if at == 0 { *own } else { seed.draw() };
        claims.insert(report, ReportClaims { number: "R-2026-AAAA-BBBB".to_owned(), lines });
    }
    Bucket { version: 9, claims }
}

/// Every line, every cost centre and every approver changes at once, and all buckets.
fn largest_change(seed: &mut Seed) -> ReportChange {
    let note = "n".repeat(205);
    let mut report = |prefix: &str, step_number| {
        let lines = (0..MAX_EXPENSES).map(|at| {
            let code = format!("{prefix}{}", at % MAX_COST_CENTRES);
            line(seed, Some(&code), &note)
        });
        let lines = lines.collect();
        let report = draft(seed, lines);
        let approvers: Vec<MemberId> = (0..MAX_APPROVERS).map(|_| seed.draw()).collect();
        Report { status: Status::Submitted, steps: vec![step(step_number, approvers)], ..report }
    };
    let before = report("old", 1);
    let after = Report { id: before.id, org: before.org, owner: before.owner, ..report("new", 2) };
    let mut change = change(Some(&before), after);
    let field = |line: &outlay_domain::expense::Expense| FieldChange {
        field: format!("/expenses/{}/cap/amount", line.id),
        old: json!(null),
        new: json!("10000000000.00"),
    };
    let told = |seq| {
        let mut event = event(&change.after, seq, EventKind::ReportChanged {});
        event.changes = change.after.expenses.iter().map(field).collect();
        event
    };
    change.events = (2..5).map(told).collect();
    let key = |prefix, at| BucketKey::Trip(format!("{prefix}{at}"));
    let stored = (0..MAX_BUCKETS).map(|at| (key("new", at), full_bucket(seed, &before.id))).collect();
    let withdrawn = (0..MAX_BUCKETS).map(|at| key("old", at)).collect();
    change.spending = SpendingChange { owner: Some(before.owner), stored, withdrawn };
    change
}

#[test]
fn the_largest_change_fits_into_one_transaction() {
    let mut seed = seed();
    let change = largest_change(&mut seed);
    let bytes = change.after.bytes();
    assert!((MAX_BYTES * 9 / 10..=MAX_BYTES).contains(&bytes), "the report is not as large as one gets: {bytes}");
    let invited = member(change.after.org, &mut seed, Role::Finance, None);
    let joined = Member { version: 4, subject: Some("sub".to_owned()), ..invited.clone() };
    let joining = MemberChange {
        before: Some(invited),
        event: event(&change.after, 4, EventKind::MemberJoined {}),
        after: joined,
    };
    let receipt = Receipt {
        key: keys::idempotency(Some(change.after.org), "sub", "key"),
        fingerprint: "f".repeat(64),
        answer: Answer { status: 200, body: "b".repeat(MAX_BYTES), etag: None, location: None },
        now: 0,
        expires_at: 1,
    };
    let changes = [Change::Members(vec![joining]), Change::Report(Box::new(change))];
    let writes = Batch::of("Table", 7, &changes, Some(&receipt)).unwrap();
    assert_eq!(writes.len(), 93);
    let sizes: Vec<usize> = writes.iter().filter_map(|write| write.item.put().map(|put| size(put.item()))).collect();
    let largest = sizes.iter().max().unwrap();
    assert!(*largest < 400 * 1024, "an item of {largest} bytes");
    let total: usize = sizes.iter().sum();
    assert!(total < 4_000_000, "{total} bytes");
}
