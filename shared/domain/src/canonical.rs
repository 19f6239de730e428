//! Hashes of values as canonical JSON (RFC 8785), for report heads and the history chain.

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::text::hex;

/// SHA-256 of the previous hash (empty for the first entry) and a value as canonical JSON (RFC 8785), in hexadecimal.
#[must_use]
pub fn canonical_hash(previous: &str, value: &Value) -> String {
    let mut text = Vec::with_capacity(1024);
    write_canonical(value, &mut text);
    let mut hasher = Sha256::new();
    hasher.update(previous.as_bytes());
    hasher.update(&text);
    hex(&hasher.finalize())
}

/// Writes canonical JSON. Numbers with a fraction are not supported: money is text.
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

/// Writes strings, integers, booleans and null, which have one form in JSON.
fn write_plain(value: &impl Serialize, text: &mut Vec<u8>) {
    // Writing to memory cannot fail.
    let _ = serde_json::to_writer(text, value);
}
