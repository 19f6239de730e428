//! Writes of each kind of change, item by item, and their maximum number and size.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::AttributeValue;
use outlay_domain::automatic::AutoApprovals;
use outlay_domain::change::{MemberChange, PayoutChange, ReportChange};
use outlay_domain::event::{EventKind, EventSubject, FieldChange};
use outlay_domain::expense::PaymentMethod;
use outlay_domain::ids::{IdGenerator, MemberId, ReportId};
use outlay_domain::member::{MAX_ACTS_FOR, Member, MemberKind, MemberStatus, Role};
use outlay_domain::payout::SealedAccount;
use outlay_domain::report::{MAX_COST_CENTRES, MAX_EXPENSES, MAX_REPORT_BYTES, Report, ReportStatus};
use outlay_domain::spending::{
    ClaimedExpense, MAX_CLAIMS_PER_BUCKET, MAX_SPENDING_BUCKETS, ReportClaims, SpendingBucket, SpendingBucketKey,
    SpendingChange,
};
use outlay_domain::step::{Decision, MAX_APPROVERS};
use serde_json::json;

use super::*;
use crate::attributes::{Item, item_size, text_of};
use crate::idempotency::StoredResponse;
use crate::items::sealed_account_from_item;
use crate::keys::{self, PrimaryKey, names};
use crate::testing::{ISSUER, change, draft, eur, event, line, member, seed, step};

mod batches;
mod files;

/// A write as text: operation, sort key and condition.
fn write_text(write: &ConditionalWrite) -> String {
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
        Some("version = :value" | "last_event = :value") => " if unchanged",
        Some(_) => " if free",
    };
    format!("{what} {sk}{condition}")
}

fn writes(changes: &[Change]) -> Vec<ConditionalWrite> {
    TransactionBuilder::build("Table", 7, changes, None).unwrap()
}

fn written(change: ReportChange) -> Vec<String> {
    writes(&[Change::Report(Box::new(change))]).iter().map(write_text).collect()
}

fn member_written(before: Option<Member>, after: Member) -> Vec<(String, ConditionKind)> {
    let kind = EventKind::MemberChanged {};
    let sample = event(&draft(&mut seed(), Vec::new()), after.version, kind);
    let event = outlay_domain::event::Event { subject: EventSubject::Member(after.id), ..sample };
    let writes = writes(&[Change::Members(vec![MemberChange { before, after, event }])]);
    writes.iter().map(|write| (write_text(write), write.kind)).collect()
}

#[test]
fn only_changed_line_items_are_written() {
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
    changed[60].facts.merchant = "Another".parse().unwrap();
    let changed = first.clone().with_expenses(changed).unwrap();
    let expected = ["put REPORT if unchanged", "put EXPENSES#001", "put EVENT#000000000000002 if new"];
    assert_eq!(written(change(Some(&first), changed)), expected);

    let shorter = first.clone().with_expenses(lines[..50].to_vec()).unwrap();
    let expected = ["put REPORT if unchanged", "delete EXPENSES#001", "delete EXPENSES#002"];
    let expected = [&expected[..], &["put EVENT#000000000000002 if new"]].concat();
    assert_eq!(written(change(Some(&first), shorter)), expected);
}

#[test]
fn review_is_written_only_when_it_has_changed() {
    let mut seed = seed();
    let before = draft(&mut seed, Vec::new());
    let steps = vec![step(1, vec![seed.next_id()])];
    let submitted = Report { status: ReportStatus::Submitted, steps, ..before.clone() };
    let has = |change: ReportChange, write: &str| written(change).iter().any(|text| text == write);
    assert!(has(change(Some(&before), submitted.clone()), "put REVIEW"));
    let commented = Report { updated_at: "2026-11-23T10:00:00Z".parse().unwrap(), ..submitted.clone() };
    assert!(!has(change(Some(&submitted), commented.clone()), "put REVIEW"));
    let recalled = Report { status: ReportStatus::Draft, steps: Vec::new(), ..submitted.clone() };
    assert!(has(change(Some(&submitted), recalled.clone()), "delete REVIEW"));
    assert!(!has(change(Some(&recalled), before), "delete REVIEW"));
    // Of a report that was read in the former layout, the next change stores it.
    let former = Report { has_former_layout: true, ..submitted };
    assert!(has(change(Some(&former), commented), "put REVIEW"));
    assert!(!has(change(Some(&former), recalled), "delete REVIEW"));
}

#[test]
fn deleted_report_keeps_only_history() {
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
fn tasks_exist_only_for_pending_approvers() {
    let mut seed = seed();
    let approvers: Vec<MemberId> = (0..3).map(|_| seed.next_id()).collect();
    let before = draft(&mut seed, Vec::new());
    let before = Report { status: ReportStatus::Submitted, steps: vec![step(1, approvers.clone())], ..before };
    let partitions = |change: ReportChange, what: &str| -> BTreeSet<String> {
        let writes = writes(&[Change::Report(Box::new(change))]);
        let tasks = writes.iter().filter(|write| write_text(write).starts_with(&format!("{what} TASK#")));
        let key = |write: &ConditionalWrite| {
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
    // The task contains the version that the next decision must name.
    assert_eq!(partitions(agreed, "put"), approvers[1..].iter().map(queue).collect());

    let recalled = Report { status: ReportStatus::Draft, steps: Vec::new(), ..before.clone() };
    assert_eq!(partitions(change(Some(&before), recalled.clone()), "delete"), approvers.iter().map(queue).collect());
    assert_eq!(partitions(change(Some(&before), recalled), "put"), BTreeSet::new());
}

#[test]
fn cost_centre_items_follow_lines() {
    let mut seed = seed();
    let mut line = |code| line(&mut seed, Some(code), "");
    let (sales, legal, it) = (line("sales"), line("legal"), line("it"));
    let before = draft(&mut seed, vec![sales.clone(), legal]);
    let after = before.clone().with_expenses(vec![sales, it]).unwrap();
    let writes = writes(&[Change::Report(Box::new(change(Some(&before), after)))]);
    let at = |code: &str| Some(PrimaryKey::new(keys::cost_centre_partition(before.org, code), before.id.to_string()));
    let key = |item: &Item| {
        Some(PrimaryKey { pk: text_of(item, names::PK)?.to_owned(), sk: text_of(item, names::SK)?.to_owned() })
    };
    let put: Vec<_> = writes.iter().filter_map(|write| write.item.put().map(|put| key(put.item()))).collect();
    let deleted: Vec<_> = writes.iter().filter_map(|write| write.item.delete().map(|gone| key(gone.key()))).collect();
    assert!(put.contains(&at("it")) && !put.contains(&at("sales")));
    assert_eq!(deleted, [at("legal")]);
}

#[test]
fn spending_writes_are_conditional_on_read_version() {
    let report = draft(&mut seed(), Vec::new());
    let bucket = |version| SpendingBucket { version, claims: BTreeMap::new() };
    let month = |text: &str| SpendingBucketKey::Month(text.to_owned());
    let spending = SpendingChange {
        owner: Some(report.owner),
        stored: vec![(month("2026-10"), bucket(1)), (month("2026-11"), bucket(8))],
        withdrawn: BTreeSet::from([SpendingBucketKey::Trip("Lyon".to_owned())]),
        automatic: Some(AutoApprovals { version: 3, ..AutoApprovals::default() }),
        refused_on: None,
    };
    let change = ReportChange { spending, ..change(None, report.clone()) };
    let writes = writes(&[Change::Report(Box::new(change))]);
    let claims: Vec<&ConditionalWrite> = writes.iter().filter(|write| write.kind == ConditionKind::Spending).collect();
    let texts: Vec<String> = claims.iter().map(|write| write_text(write)).collect();
    assert_eq!(
        texts,
        [
            "put MONTH#2026-10 if new",
            "put MONTH#2026-11 if unchanged",
            "update TRIP#Lyon if there",
            "put AUTOMATIC if unchanged"
        ]
    );
    let values = claims[1].item.put().unwrap().expression_attribute_values().unwrap();
    assert_eq!(values.get(":value"), Some(&AttributeValue::N("7".to_owned())));
    let update = claims[2].item.update().unwrap();
    assert_eq!(update.expression_attribute_names().unwrap().get("#report"), Some(&report.id.to_string()));
}

#[test]
fn refusal_is_written_at_any_version() {
    let report = draft(&mut seed(), Vec::new());
    let spending = SpendingChange::default().with_refusal(report.owner, "2026-11-20".parse().unwrap());
    let change = ReportChange { spending, ..change(None, report) };
    let writes = writes(&[Change::Report(Box::new(change))]);
    let update = writes.iter().find_map(|write| write.item.update()).unwrap();
    assert_eq!(update.key().get("SK"), Some(&AttributeValue::S("AUTOMATIC".to_owned())));
    assert_eq!(update.condition_expression(), None);
    let values = update.expression_attribute_values().unwrap();
    assert_eq!(values.get(":day"), Some(&AttributeValue::S("2026-11-20".to_owned())));
    assert_eq!(values.get(":one"), Some(&AttributeValue::N("1".to_owned())));
}

#[test]
fn member_change_rewrites_index_items() {
    let mut seed = seed();
    let org = seed.next_id();
    let invited = member(org, &mut seed, Role::Finance, None);
    let id = invited.id;
    let next = |member: &Member| Member { version: member.version + 1, ..member.clone() };
    let event = |version: u64| format!("put EVENT#{version:015} if new");
    let texts = |writes: Vec<(String, ConditionKind)>| writes.into_iter().map(|(text, _)| text).collect::<Vec<_>>();

    let new = texts(member_written(None, Member { version: 1, ..invited.clone() }));
    let expected = [format!("put MEMBER#{id} if new"), "put EMAIL#ada@example.com if new".to_owned()];
    assert_eq!(new, [&expected[..], &[format!("put ROLE#finance#{id}"), event(1)]].concat());

    let member = Member {
        status: MemberStatus::Active,
        subject: Some("sub".to_owned()),
        issuer: Some(ISSUER.to_owned()),
        ..next(&invited)
    };
    let joined = member_written(Some(invited.clone()), member.clone());
    assert!(joined.iter().all(|(_, kind)| *kind == ConditionKind::IdentityBinding));
    let expected = [format!("put MEMBER#{id} if unchanged"), format!("put IDENTITY#{ISSUER}#sub if free")];
    assert_eq!(texts(joined), [&expected[..], &[format!("put ROLE#finance#{id}"), event(4)]].concat());

    let changed = member_written(Some(member.clone()), Member { role: Role::Admin, ..next(&member) });
    let own = [ConditionKind::Version, ConditionKind::None, ConditionKind::History];
    assert!(changed.iter().all(|(_, kind)| own.contains(kind)), "{changed:?}");
    let expected = [format!("put MEMBER#{id} if unchanged"), format!("put IDENTITY#{ISSUER}#sub")];
    let roles = [format!("delete ROLE#finance#{id}"), format!("put ROLE#admin#{id}"), event(5)];
    assert_eq!(texts(changed), [&expected[..], &roles].concat());

    let still_invited = member_written(Some(invited.clone()), Member { role: Role::Employee, ..next(&invited) });
    assert!(still_invited.iter().all(|(_, kind)| *kind != ConditionKind::IdentityBinding));
    let expected = [format!("put MEMBER#{id} if unchanged"), format!("delete ROLE#finance#{id}"), event(4)];
    assert_eq!(texts(still_invited), expected);
}

#[test]
fn exchanged_identity_leaves_a_marker_without_personal_data() {
    let mut seed = seed();
    let org = seed.next_id();
    let now = Member { version: 4, ..member(org, &mut seed, Role::Employee, Some("sub")) };
    let at = |issuer: Option<&str>| Member { version: 3, issuer: issuer.map(str::to_owned), ..now.clone() };
    for (before, former) in [
        (at(None), "put IDENTITY#sub".to_owned()),
        (at(Some("https://old.example.com")), "put IDENTITY#https://old.example.com#sub".to_owned()),
    ] {
        let expected = [
            (format!("put MEMBER#{} if unchanged", now.id), ConditionKind::IdentityBinding),
            (format!("put IDENTITY#{ISSUER}#sub if free"), ConditionKind::IdentityBinding),
            (former, ConditionKind::None),
            (format!("put EVENT#{:015} if new", 4), ConditionKind::IdentityBinding),
        ];
        assert_eq!(member_written(Some(before.clone()), now.clone()), expected);
        let sample = event(&draft(&mut self::seed(), Vec::new()), 4, EventKind::MemberChanged {});
        let change = MemberChange { before: Some(before), after: now.clone(), event: sample };
        let writes = writes(&[Change::Members(vec![change])]);
        let marker = writes[2].item.put().unwrap().item();
        let names: BTreeSet<&str> = marker.keys().map(String::as_str).collect();
        assert_eq!(names, BTreeSet::from(["PK", "SK", "entity"]));
    }
}

#[test]
fn changed_address_moves_its_reservation() {
    let mut seed = seed();
    let org = seed.next_id();
    let before = member(org, &mut seed, Role::Employee, None);
    let after = Member { version: 4, email: Some("ana@example.org".parse().unwrap()), ..before.clone() };
    let expected = [
        (format!("put MEMBER#{} if unchanged", after.id), ConditionKind::Version),
        ("put EMAIL#ana@example.org if new".to_owned(), ConditionKind::Unique),
        ("delete EMAIL#ada@example.com".to_owned(), ConditionKind::None),
        (format!("put EVENT#{:015} if new", 4), ConditionKind::History),
    ];
    assert_eq!(member_written(Some(before), after), expected);
}

#[test]
fn service_requires_unbound_identity() {
    let mut seed = seed();
    let org = seed.next_id();
    let person = member(org, &mut seed, Role::Employee, Some("payroll"));
    let service = Member { kind: MemberKind::Service, email: None, version: 1, ..person };
    let expected = [
        (format!("put MEMBER#{} if new", service.id), ConditionKind::Version),
        (format!("put IDENTITY#{ISSUER}#payroll if free"), ConditionKind::Unique),
        (format!("put EVENT#{:015} if new", 1), ConditionKind::History),
    ];
    assert_eq!(member_written(None, service), expected);
}

#[test]
fn erased_member_lookup_items_are_deleted() {
    let mut seed = seed();
    let org = seed.next_id();
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
        format!("delete IDENTITY#{ISSUER}#sub"),
        "delete PAYOUT_ACCOUNT".to_owned(),
        format!("delete ROLE#admin#{id}"),
        // The check of the reports that wait for the member.
        format!("put {id}"),
        format!("put EVENT#{:015} if new", 4),
    ];
    assert_eq!(written, expected);
    // A member who never joined has no identity and no account.
    let invited = member(org, &mut seed, Role::Employee, None);
    let written = member_written(Some(invited.clone()), gone(&invited));
    assert_eq!(written.iter().filter(|(text, _)| text.starts_with("delete")).count(), 1);
}

#[test]
fn payout_account_is_written_on_member_version() {
    let mut seed = seed();
    let org = seed.next_id();
    let before = member(org, &mut seed, Role::Employee, Some("sub"));
    let after = Member { payout_version: Some(1), version: 4, ..before.clone() };
    let event = event(&draft(&mut seed, Vec::new()), 4, EventKind::PayoutAccountChanged {});
    let event = outlay_domain::event::Event { subject: EventSubject::Member(after.id), org, ..event };
    let account = SealedAccount { ciphertext: vec![0, 159, 255], version: 1, changed_at: event.at };
    let key = keys::payout_account(org, after.id);
    assert_eq!(key.pk, keys::event(&event).pk);
    let member = MemberChange { before: Some(before), after, event };
    let writes = writes(&[Change::Payout(Box::new(PayoutChange { member, account: account.clone() }))]);
    let texts: Vec<String> = writes.iter().map(write_text).collect();
    assert!(texts[0].ends_with(" if unchanged") && texts.last().unwrap() == "put PAYOUT_ACCOUNT", "{texts:?}");
    let item = writes.last().unwrap().item.put().unwrap().item().clone();
    assert_eq!(text_of(&item, names::PK), Some(key.pk.as_str()));
    assert_eq!(sealed_account_from_item(item.clone()).unwrap(), account);
    // Another attribute type is read as an empty ciphertext, which cannot be decrypted.
    let mut edited = item;
    edited.insert("ciphertext".to_owned(), AttributeValue::S("AAAA".to_owned()));
    assert_eq!(sealed_account_from_item(edited).unwrap(), SealedAccount { ciphertext: Vec::new(), ..account });
}

#[test]
fn largest_member_change_fits_into_one_transaction() {
    let mut seed = seed();
    let org = seed.next_id();
    let mut officer = |subject: &str| member(org, &mut seed, Role::Finance, Some(subject));
    let next = |before: &Member| Member { version: before.version + 1, ..before.clone() };
    let before = Member { payout_version: Some(2), ..officer("gone") };
    let after =
        Member { status: MemberStatus::Erased, email: None, subject: None, payout_version: None, ..next(&before) };
    let others: Vec<Member> = (0..=MAX_ACTS_FOR).map(|at| officer(&format!("sub-{at}"))).collect();
    let admin = officer("admin");
    let mut sample = event(&draft(&mut self::seed(), Vec::new()), 1, EventKind::DelegationChanged { delegation: None });
    let mut change = |before: &Member, after: Member| {
        sample.subject = EventSubject::Member(after.id);
        MemberChange { before: Some(before.clone()), after, event: sample.clone() }
    };
    let mut changes = vec![change(&before, after)];
    changes.extend(others.iter().map(|other| change(other, next(other))));
    let standing = Change::AssertUnchanged(Box::new(admin.clone()));
    let writes = writes(&[Change::Members(changes), standing]);
    let last = writes.last().unwrap();
    assert_eq!(
        (write_text(last), last.kind),
        (format!("check MEMBER#{} if unchanged", admin.id), ConditionKind::CallerUnchanged)
    );
    // Plus the idempotency record, and a joining admin instead of the unchanged one.
    assert!(writes.len() + 1 + 3 <= MAX_ITEMS, "{} items", writes.len());
}

#[test]
fn most_severe_failed_condition_is_returned() {
    let kinds = [
        ConditionKind::CallerUnchanged,
        ConditionKind::Spending,
        ConditionKind::IdentityBinding,
        ConditionKind::Unique,
        ConditionKind::History,
        ConditionKind::Version,
    ];
    let report = draft(&mut seed(), Vec::new());
    let partition = keys::report_partition(report.org, report.id);
    let item = writes(&[Change::Report(Box::new(change(None, report)))]).remove(0).item;
    let all: Vec<ConditionalWrite> =
        kinds.iter().map(|kind| ConditionalWrite { item: item.clone(), kind: *kind }).collect();
    let failed = || CancellationReason::builder().code("ConditionalCheckFailed").build();
    let outcome = |count: usize| match classify_cancellation(&all[..count], &vec![failed(); count]) {
        TransactError::Final(error) => error.to_string(),
        TransactError::InFlight(_) | TransactError::AlreadyWritten => "no error".to_owned(),
    };
    let again = || CommitError::Conflict(String::new());
    let damaged = StoreError::Corrupt {
        item: PrimaryKey { pk: partition.clone(), sk: String::new() }.redacted(),
        reason: "older than its history".to_owned(),
    };
    let expected = [again(), again(), again(), CommitError::UniqueViolation, damaged.into(), again()];
    assert_eq!([1, 2, 3, 4, 5, 6].map(outcome), expected.map(|error| error.to_string()));
    let conflict = CancellationReason::builder().code("TransactionConflict").build();
    assert!(matches!(classify_cancellation(&all[..1], &[conflict]), TransactError::InFlight(at) if at == partition));
}

#[test]
fn transaction_with_own_events_stored_counts_as_done() {
    let report = draft(&mut seed(), Vec::new());
    let mut change = change(None, report.clone());
    change.events = vec![event(&report, 1, EventKind::ReportRecalled {}).with_hash_after("")];
    let mut another = change.clone();
    another.events = vec![event(&report, 1, EventKind::ReportChanged {}).with_hash_after("")];
    let same = change.clone();
    let [own, other] = [change, another].map(|change| writes(&[Change::Report(Box::new(change))]));
    let stored = |write: &ConditionalWrite| write.item.put().map(|put| put.item().clone());
    let refused = |by: &[ConditionalWrite]| -> Vec<CancellationReason> {
        let reason = |write: &ConditionalWrite| {
            CancellationReason::builder().code("ConditionalCheckFailed").set_item(stored(write))
        };
        by.iter().map(|write| reason(write).build()).collect()
    };
    assert!(matches!(classify_cancellation(&own, &refused(&own)), TransactError::AlreadyWritten));
    // Same head, other event: another request was first.
    assert!(matches!(classify_cancellation(&own, &refused(&other)), TransactError::Final(CommitError::Conflict(_))));
    // Same change at the same time by another request.
    let twin = TransactionBuilder::build("Table", 8, &[Change::Report(Box::new(same))], None).unwrap();
    assert!(matches!(classify_cancellation(&own, &refused(&twin)), TransactError::Final(CommitError::Conflict(_))));
}

/// Bucket of maximum size, with the longest merchant and category names.
fn full_bucket(seed: &mut IdGenerator, own: &ReportId) -> SpendingBucket {
    let mut claims = BTreeMap::new();
    for at in 0..MAX_CLAIMS_PER_BUCKET / 50 {
        let claim = |_| ClaimedExpense {
            expense_id: seed.next_id(),
            date: "2026-11-12".parse().unwrap(),
            category: "c".repeat(40).parse().unwrap(),
            merchant: "x".repeat(60),
            payment_method: PaymentMethod::CompanyCard,
            amount: eur(1_000_000_000_000),
            granted: eur(999_999_999_999),
            granted_in_base: eur(999_999_999_999),
            refund_of: None,
        };
        let lines = (0..50).map(claim).collect();
        let report = if at == 0 { *own } else { seed.next_id() };
        claims.insert(report, ReportClaims { number: "R-2026-AAAA-BBBB".to_owned(), lines });
    }
    SpendingBucket { version: 9, claims }
}

/// Change of every line, cost centre, approver and bucket at once.
fn largest_change(seed: &mut IdGenerator) -> ReportChange {
    let note = "n".repeat(125);
    let mut report = |prefix: &str, step_number| {
        let lines = (0..MAX_EXPENSES).map(|at| {
            let code = format!("{prefix}{}", at % MAX_COST_CENTRES);
            line(seed, Some(&code), &note)
        });
        let lines = lines.collect();
        let report = draft(seed, lines);
        let approvers: Vec<MemberId> = (0..MAX_APPROVERS).map(|_| seed.next_id()).collect();
        Report { status: ReportStatus::Submitted, steps: vec![step(step_number, approvers)], ..report }
    };
    let before = report("old", 1);
    let after = Report { id: before.id, org: before.org, owner: before.owner, ..report("new", 2) };
    let mut change = change(Some(&before), after);
    let field = |line: &outlay_domain::expense::Expense| FieldChange {
        field: format!("/expenses/{}/cap/amount", line.id),
        old: json!(null),
        new: json!("10000000000.00"),
    };
    let make_event = |seq| {
        let mut event = event(&change.after, seq, EventKind::ReportChanged {});
        event.changes = change.after.expenses.iter().map(field).collect();
        event
    };
    change.events = (2..5).map(make_event).collect();
    let key = |prefix, at| SpendingBucketKey::Trip(format!("{prefix}{at}"));
    let stored = (0..MAX_SPENDING_BUCKETS).map(|at| (key("new", at), full_bucket(seed, &before.id))).collect();
    let withdrawn = (0..MAX_SPENDING_BUCKETS).map(|at| key("old", at)).collect();
    change.spending = SpendingChange { owner: Some(before.owner), stored, withdrawn, ..SpendingChange::default() };
    change
}

#[test]
fn largest_report_change_fits_into_one_transaction() {
    let mut seed = seed();
    let change = largest_change(&mut seed);
    let bytes = change.after.json_bytes();
    assert!(
        (MAX_REPORT_BYTES * 9 / 10..=MAX_REPORT_BYTES).contains(&bytes),
        "the report does not have the maximum size: {bytes}"
    );
    let invited = member(change.after.org, &mut seed, Role::Finance, None);
    let joined =
        Member { version: 4, subject: Some("sub".to_owned()), issuer: Some(ISSUER.to_owned()), ..invited.clone() };
    let joining = MemberChange {
        before: Some(invited),
        event: event(&change.after, 4, EventKind::MemberJoined {}),
        after: joined,
    };
    let record = NewIdempotencyRecord {
        key: keys::idempotency(Some(change.after.org), "sub", "key"),
        fingerprint: "f".repeat(64),
        issuer: ISSUER.to_owned(),
        response: StoredResponse { status: 200, body: "b".repeat(MAX_REPORT_BYTES), etag: None, location: None },
        now: 0,
        expires_at: 1,
    };
    let changes = [Change::Members(vec![joining]), Change::Report(Box::new(change))];
    let writes = TransactionBuilder::build("Table", 7, &changes, Some(&record)).unwrap();
    assert_eq!(writes.len(), 94);
    let sizes: Vec<usize> =
        writes.iter().filter_map(|write| write.item.put().map(|put| item_size(put.item()))).collect();
    let largest = sizes.iter().max().unwrap();
    assert!(*largest < 400 * 1024, "the largest item has {largest} bytes");
    let total: usize = sizes.iter().sum();
    assert!(total < 4_000_000, "{total} bytes");
}

#[test]
fn approval_and_its_end_request_a_booking() {
    let mut seed = seed();
    let submitted = Report { status: ReportStatus::Submitted, ..draft(&mut seed, Vec::new()) };
    let requests = |before: &Report, status: ReportStatus| {
        let after = Report { status, ..before.clone() };
        let writes = writes(&[Change::Report(Box::new(change(Some(before), after)))]);
        writes.iter().filter(|write| write.partition().ends_with("#BOOKING_REQUESTS")).count()
    };
    let approved = Report { status: ReportStatus::Approved, ..submitted.clone() };
    assert_eq!(requests(&approved, ReportStatus::Returned), 1);
    assert_eq!(requests(&approved, ReportStatus::Submitted), 1);
    assert_eq!(requests(&approved, ReportStatus::Reimbursing), 0);
    assert_eq!(requests(&submitted, ReportStatus::Returned), 0);
}
