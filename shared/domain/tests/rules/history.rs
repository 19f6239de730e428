//! History: every manipulation of an entry breaks the hash chain there or before.

use jiff::SignedDuration;
use outlay_domain::canonical::canonical_hash;
use outlay_domain::event::{Event, EventKind, EventSubject, FieldChange};
use outlay_domain::history::first_broken_link;
use outlay_domain::ids::MemberId;
use outlay_domain::policy::ApprovalMode;
use outlay_domain::report::Report;
use proptest::prelude::*;
use serde_json::json;

use crate::support::{member, seed, text};
use crate::world::{Act, Done, World, any_turn};

/// Random valid history of at least three entries, and the report at its end.
fn history() -> impl Strategy<Value = (Vec<Event>, Report)> {
    let turns = prop::collection::vec(any_turn(), 1..12);
    turns.prop_map(|turns| {
        let mut world = World::new(true, ApprovalMode::Any);
        let comment = (0, Act::Comment);
        for (by, act) in
            turns.into_iter().filter(|(_, act)| !matches!(act, Act::Delete)).chain([comment.clone(), comment])
        {
            if let Ok(Done::Report(change)) = world.attempt(by, &act) {
                assert!(world.commit(*change));
            }
        }
        (world.events, world.report)
    })
}

fn member_id(number: u8) -> MemberId {
    member(number, outlay_domain::member::Role::Employee, None).id
}

/// Number of ways to change one entry.
const CHANGES: usize = 10;

fn changed(mut event: Event, how: usize) -> Event {
    let before = event.clone();
    match how {
        0 => event.actor = Some(member_id(77)),
        1 => event.at += SignedDuration::from_millis(1),
        2 => event.seq += 1,
        3 => event.on_behalf_of = if event.on_behalf_of.is_some() { None } else { Some(member_id(78)) },
        4 => event.policy_version = Some(event.policy_version.unwrap_or(0) + 1),
        5 => event.state_hash = None,
        6 => event.kind = EventKind::ReportCommented { text: text("It was fine."), report: None, notified: Vec::new() },
        7 => event.subject = EventSubject::Report(seed(79).next_id()),
        8 => event.changes.push(FieldChange { field: "/title".to_owned(), old: json!("a"), new: json!("b") }),
        _ => event.hash = canonical_hash("", &json!(event.hash)),
    }
    assert_ne!(event, before, "this way to change an entry has no effect");
    event
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn tampered_history_breaks_hash_chain(
        (events, report) in history(),
        (at, other, how) in (any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..CHANGES),
    ) {
        prop_assert_eq!(first_broken_link((0, ""), &events), None);
        let last_hash = events.last().map(|event| &event.hash);
        prop_assert_eq!((events.len() as u64, last_hash), (report.last_event, Some(&report.last_hash)));
        // Round trip through the stored form.
        let stored = serde_json::to_string(&events).unwrap();
        let stored: Vec<Event> = serde_json::from_str(&stored).unwrap();
        prop_assert_eq!(first_broken_link((0, ""), &stored), None);

        let (at, other) = (at.index(events.len()), other.index(events.len()));
        let place = Some(at as u64 + 1);
        let mut tampered = events.clone();
        tampered[at] = changed(tampered[at].clone(), how);
        prop_assert_eq!(first_broken_link((0, ""), &tampered), place, "changed in way {}", how);

        let mut tampered = events.clone();
        tampered.remove(at);
        // Only the report head shows that the last entry is missing.
        let expected = place.filter(|_| at + 1 < events.len());
        prop_assert_eq!(first_broken_link((0, ""), &tampered), expected, "removed");
        prop_assert!(tampered.len() as u64 != report.last_event);

        if at != other {
            let mut tampered = events.clone();
            tampered.swap(at, other);
            prop_assert_eq!(first_broken_link((0, ""), &tampered), Some(at.min(other) as u64 + 1), "swapped");
        }

        // Inserts a copy of an entry, unchanged and with the number of its place.
        for number in [events[other].seq, at as u64 + 1] {
            let mut tampered = events.clone();
            tampered.insert(at, Event { seq: number, ..events[other].clone() });
            let found = first_broken_link((0, ""), &tampered);
            let expected = [at as u64 + 1, at as u64 + 2];
            prop_assert!(found.is_some_and(|found| expected.contains(&found)), "inserted: {:?}", found);
        }
        // Replaces an entry by one that chains to its predecessor but not to its successor.
        let forged = EventKind::ReportCommented { text: text("It was fine."), report: None, notified: Vec::new() };
        let previous = at.checked_sub(1).map_or("", |before| events[before].hash.as_str());
        let forged = Event { kind: forged, ..events[at].clone() }.with_hash_after(previous);
        let mut tampered = events.clone();
        tampered[at] = forged;
        let expected = place.map(|place| place + 1).filter(|_| at + 1 < events.len());
        let found = first_broken_link((0, ""), &tampered);
        prop_assert!(found == expected || tampered == events, "forged: {:?}", found);
        prop_assert!(tampered == events || found.is_some() || tampered[at].hash != report.last_hash);
    }
}

#[test]
fn canonical_hash_ignores_member_order() {
    // RFC 8785: members are sorted by UTF-16 code units, so U+10000 and above precede U+E000. Strings use JSON's
    // shortest escapes.
    let one = json!({"\u{E000}": 1, "\u{1F600}": [true, null], "b": {"z": "\n\u{1}", "a": "é/"}, "a": -7});
    let text = [r#"{"a":-7,"b":{"a":"é/","z":"\n\u0001"},"#, "\"\u{1F600}\":[true,null],", "\"\u{E000}\":1}"].concat();
    let plain = canonical_hash("x", &one);
    assert_eq!(plain, sha256(&format!("x{text}")));
    assert_ne!(plain, canonical_hash("", &one));
    assert_ne!(plain, canonical_hash("x", &json!({"a": -8})));
}

fn sha256(text: &str) -> String {
    use sha2::Digest as _;
    outlay_domain::text::hex(&sha2::Sha256::digest(text.as_bytes()))
}
