//! Writes for receipts: pending file tasks, duplicate references, and deletion of the maximum number of receipts.

use std::collections::{BTreeMap, BTreeSet};

use outlay_domain::change::{Change, ReportChange};
use outlay_domain::event::EventKind;
use outlay_domain::ids::{IdGenerator, MemberId};
use outlay_domain::receipt::{MAX_RECEIPTS_PER_EXPENSE, MAX_RECEIPTS_PER_REPORT, Receipt};
use outlay_domain::report::{MAX_COST_CENTRES, MAX_EXPENSES, Report, ReportStatus};
use outlay_domain::spending::{MAX_SPENDING_BUCKETS, SpendingBucket, SpendingBucketKey, SpendingChange};
use outlay_domain::step::MAX_APPROVERS;

use super::{ConditionalWrite, writes, written};
use crate::attributes::{Item, text_of};
use crate::commit::MAX_ITEMS;
use crate::keys::names;
use crate::testing::{change, draft, event, line, receipt, seed, step};

/// File-related writes of a change as text: operation, key and due time.
fn of_files(change: ReportChange) -> Vec<String> {
    let writes = writes(&[Change::Report(Box::new(change))]);
    let place = |item: &Item| {
        let (pk, sk) = (text_of(item, names::PK).unwrap(), text_of(item, names::SK).unwrap());
        let place = format!("{} {sk}", pk.splitn(3, '#').last().unwrap());
        ["FILES", "RECEIPT_HASH"].iter().any(|kind| place.starts_with(kind)).then_some(place)
    };
    let one = |write: &ConditionalWrite| match (write.item.put(), write.item.delete()) {
        (Some(put), _) => {
            let due = put.item().get("due").map_or(String::new(), |due| format!(" {}", due.as_n().unwrap()));
            place(put.item()).map(|place| format!("put {place}{due}"))
        }
        (_, Some(gone)) => place(gone.key()).map(|place| format!("delete {place}")),
        _ => None,
    };
    writes.iter().filter_map(one).collect()
}

#[test]
fn pending_file_tasks_follow_receipts() {
    let mut seed = seed();
    let (pending, clean) = (receipt(&mut seed, false), receipt(&mut seed, true));
    let lines = (0..2).map(|_| line(&mut seed, None, "")).collect();
    let bare = draft(&mut seed, lines);
    let with = |receipts: &[&Receipt]| {
        let mut lines = bare.expenses.clone();
        // Both parts of a split line have the receipt.
        for line in &mut lines {
            line.receipts = receipts.iter().copied().cloned().collect();
        }
        bare.clone().with_expenses(lines).unwrap()
    };
    let (until, now) = (pending.upload_until.as_second() + 3600, bare.updated_at.as_second());
    let same = Receipt { status: clean.status.clone(), ..pending.clone() };
    let hash = |id: &Receipt| format!("RECEIPT_HASH#{} {}#{}", "ab".repeat(32), bare.id, id.id);
    let between = |before: &Report, after: &Report| of_files(change(Some(before), after.clone()));
    assert_eq!(between(&bare, &with(&[&pending])), [format!("put FILES {} {until}", pending.id)]);
    assert_eq!(between(&with(&[&pending]), &with(&[&same])), [format!("put {}", hash(&same))]);
    assert_eq!(between(&with(&[&same]), &with(&[&same])), [""; 0]);
    let gone = [format!("put FILES {} {now}", pending.id), format!("delete {}", hash(&same))];
    assert_eq!(between(&with(&[&same]), &bare), gone);
    let deleted = ReportChange { deleted: true, ..change(Some(&with(&[&clean])), with(&[&clean])) };
    assert_eq!(of_files(deleted), [format!("put FILES {} {now}", clean.id), format!("delete {}", hash(&clean))]);
}

#[test]
fn deletion_with_all_receipts_fits_into_one_transaction() {
    let mut seed = seed();
    // The first line is the only one of its cost centre.
    let code = |at: usize| format!("c{}", if at == 0 { 0 } else { 1 + at % (MAX_COST_CENTRES - 1) });
    let lines = (0..MAX_EXPENSES).map(|at| line(&mut seed, Some(&code(at)), ""));
    let mut lines: Vec<_> = lines.collect();
    for line in lines.iter_mut().take(MAX_RECEIPTS_PER_REPORT / MAX_RECEIPTS_PER_EXPENSE) {
        line.receipts = (0..MAX_RECEIPTS_PER_EXPENSE).map(|_| receipt(&mut seed, true)).collect();
    }
    // Other writes of the request: the idempotency record and a joining member.
    let more = 1 + 4;
    let full = draft(&mut seed, lines.clone());
    let deleted = ReportChange { deleted: true, ..change(Some(&full), full.clone()) };
    let deleted = written(deleted).len() + more;
    assert_eq!(deleted, 83);

    let approvers = |seed: &mut IdGenerator| (0..MAX_APPROVERS).map(|_| seed.next_id()).collect::<Vec<MemberId>>();
    let before = Report { status: ReportStatus::Submitted, steps: vec![step(1, approvers(&mut seed))], ..full.clone() };
    let after = full.with_expenses(lines.split_off(1)).unwrap();
    let after = Report { status: ReportStatus::Submitted, steps: vec![step(2, approvers(&mut seed))], ..after };
    let mut change = change(Some(&before), after);
    // Resubmission: a second event, both in the outbox. The removed line was the only one of its month and trip.
    change.events.push(event(&change.after, change.after.version + 1, EventKind::ReportChanged {}));
    let outbox = 2;
    let key = |at: usize| SpendingBucketKey::Trip(format!("{at}"));
    let bucket = SpendingBucket { version: 2, claims: BTreeMap::new() };
    let stored = (0..MAX_SPENDING_BUCKETS).map(|at| (key(at), bucket.clone())).collect();
    let withdrawn = BTreeSet::from([key(MAX_SPENDING_BUCKETS), key(MAX_SPENDING_BUCKETS + 1)]);
    change.spending = SpendingChange { owner: Some(before.owner), stored, withdrawn, ..SpendingChange::default() };
    let removed = written(change).len() + outbox + more;
    assert_eq!(removed, 96);
    assert!(deleted.max(removed) <= MAX_ITEMS);
}
