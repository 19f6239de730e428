//! The history as a chain: each event's hash covers the event and the hash of the one before, so an entry that is changed, taken
//! out or put in by hand breaks it. The hashes are no secret: somebody who may write to the table and recomputes all of them is
//! not found this way, but by comparing with a hash that was noted elsewhere.

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::event::Event;
use crate::text::hex;

/// SHA-256, in hexadecimal, of a hash (empty for the first entry) and a value as canonical JSON (RFC 8785).
#[must_use]
pub fn canonical_hash(previous: &str, value: &Value) -> String {
    let mut text = Vec::with_capacity(1024);
    write_canonical(value, &mut text);
    let mut hasher = Sha256::new();
    hasher.update(previous.as_bytes());
    hasher.update(&text);
    hex(&hasher.finalize())
}

/// RFC 8785 for what events and reports are made of: whole numbers, texts, lists and maps. Fractions do not occur: money is text.
fn write_canonical(value: &Value, text: &mut Vec<u8>) {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by(|(one, _), (other, _)| one.encode_utf16().cmp(other.encode_utf16()));
            text.push(b'{');
            for (at, (name, item)) in members.into_iter().enumerate() {
                if at > 0 {
                    text.push(b',');
                }
                write_plain(name, text);
                text.push(b':');
                write_canonical(item, text);
            }
            text.push(b'}');
        }
        Value::Array(items) => {
            text.push(b'[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    text.push(b',');
                }
                write_canonical(item, text);
            }
            text.push(b']');
        }
        simple => write_plain(simple, text),
    }
}

/// Texts, whole numbers and the three words have one form in JSON.
fn write_plain(value: &impl Serialize, text: &mut Vec<u8>) {
    // Writing these to memory cannot fail.
    let _ = serde_json::to_writer(text, value);
}

impl Event {
    /// The event with its hash, which covers it and the hash of the one before (empty for the first).
    #[must_use]
    pub fn chained(mut self, previous: &str) -> Self {
        self.hash = self.hash_after(previous);
        self
    }

    fn hash_after(&self, previous: &str) -> String {
        let mut value = serde_json::to_value(self).unwrap_or_default();
        if let Some(members) = value.as_object_mut() {
            members.remove("hash");
        }
        canonical_hash(previous, &value)
    }
}

/// The first place where events are not the next ones after `previous` (its number and hash): the number that is missing or
/// changed. `None` when all is well.
#[must_use]
pub fn first_break(previous: (u64, &str), events: &[Event]) -> Option<u64> {
    let (mut seq, mut hash) = (previous.0, previous.1);
    for event in events {
        seq += 1;
        if event.seq != seq || event.hash_after(hash) != event.hash {
            return Some(seq);
        }
        hash = &event.hash;
    }
    None
}
