//! What is written for receipts: that their files are looked after, and where equal ones are found; and that all of them can go at once.

use std::collections::{BTreeMap, BTreeSet};

use outlay_domain::change::{Change, ReportChange};
use outlay_domain::event::EventKind;
use outlay_domain::ids::{MemberId, Seed};
use outlay_domain::receipt::{MAX_RECEIPTS, MAX_RECEIPTS_OF_REPORT, Receipt};
use outlay_domain::report::{MAX_COST_CENTRES, MAX_EXPENSES, Report, Status};
use outlay_domain::route::MAX_APPROVERS;
use outlay_domain::spending::{Bucket, BucketKey, MAX_BUCKETS, SpendingChange};

use super::{Write, writes, written};
use crate::commit::MAX_ITEMS;
use crate::items::{Item, text_of};
use crate::keys::names;
use crate::testing::{change, draft, event, hashed, line, receipt, seed, step};

/// What a change says of files, as text: what is done, where, and from when on.
fn of_files(change: ReportChange) -> Vec<String> {
    let writes = writes(&[Change::Report(Box::new(change))]);
    let place = |item: &Item| {
        let (pk, sk) = (text_of(item, names::PK).unwrap(), text_of(item, names::SK).unwrap());
        let place = format!("{} {sk}", pk.splitn(3, '#').last().unwrap());
        ["FILES", "RECEIPT_HASH"].iter().any(|kind| place.starts_with(kind)).then_some(place)
    };
    let one = |write: &Write| match (write.item.put(), write.item.delete()) {
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
fn files_are_looked_after_from_their_declaration_and_when_their_receipt_is_gone() {
    let mut seed = seed();
    let (pending, clean) = (receipt(&mut seed, false), receipt(&mut seed, true));
    let lines = (0..2).map(|_| line(&mut seed, None, "")).collect();
    let bare = draft(&mut seed, lines);
    let with = |receipts: &[&Receipt]| {
        let mut lines = bare.expenses.clone();
        // As on two parts of a split line.
        for line in &mut lines {
            line.receipts = receipts.iter().copied().cloned().collect();
        }
        hashed(bare.clone().with_expenses(lines).unwrap())
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
fn a_draft_with_all_receipts_and_a_line_under_review_can_go_in_one_transaction() {
    let mut seed = seed();
    // The first line is the only one on its cost centre.
    let code = |at: usize| format!("c{}", if at == 0 { 0 } else { 1 + at % (MAX_COST_CENTRES - 1) });
    let lines = (0..MAX_EXPENSES).map(|at| line(&mut seed, Some(&code(at)), ""));
    let mut lines: Vec<_> = lines.collect();
    for line in lines.iter_mut().take(MAX_RECEIPTS_OF_REPORT / MAX_RECEIPTS) {
        line.receipts = (0..MAX_RECEIPTS).map(|_| receipt(&mut seed, true)).collect();
    }
    // The rest of a request: the answer that is kept, and a member who joins.
    let more = 1 + 4;
    let full = draft(&mut seed, lines.clone());
    let deleted = ReportChange { deleted: true, ..change(Some(&full), full.clone()) };
    let deleted = written(deleted).len() + more;
    assert_eq!(deleted, 83);

    let approvers = |seed: &mut Seed| (0..MAX_APPROVERS).map(|_| seed.draw()).collect::<Vec<MemberId>>();
    let before = Report { status: Status::Submitted, steps: vec![step(1, approvers(&mut seed))], ..full.clone() };
    let after = full.with_expenses(lines.split_off(1)).unwrap();
    let after = Report { status: Status::Submitted, steps: vec![step(2, approvers(&mut seed))], ..after };
    let mut change = change(Some(&before), after);
    // Submitted again: a second event, both of them told. The line was the only one of its month and trip.
    change.events.push(event(&change.after, change.after.version + 1, EventKind::ReportChanged {}));
    let outbox = 2;
    let key = |at: usize| BucketKey::Trip(format!("{at}"));
    let bucket = Bucket { version: 2, claims: BTreeMap::new() };
    let stored = (0..MAX_BUCKETS).map(|at| (key(at), bucket.clone())).collect();
    let withdrawn = BTreeSet::from([key(MAX_BUCKETS), key(MAX_BUCKETS + 1)]);
    change.spending = SpendingChange { owner: Some(before.owner), stored, withdrawn };
    let removed = written(change).len() + outbox + more;
    assert_eq!(removed, 95);
    assert!(deleted.max(removed) <= MAX_ITEMS);
}
