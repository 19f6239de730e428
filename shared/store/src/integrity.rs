//! Integrity of stored data: a hash of each item against edits, and matching parts against torn reads.
//!
//! 1. **Hash of the item.** An item carries a SHA-256 of all its attributes, key included (`digest`). An item that was
//!    edited, or copied to another key, is rejected when it is read. An event carries `hash` instead. It also covers
//!    the hash of the preceding event, so a missing or inserted event is found too (`outlay_domain::history`). Each
//!    event of a report records the hash of the report's head after it.
//! 2. **Matching parts.** Items that are read together are matched: a report's head holds the hash of its expenses
//!    and the digest of its review, a member the version of their payout account. Parts that do not match are read again,
//!    because a transaction may have committed between two reads. If they never match, the item is corrupt. See
//!    [`crate::Store::report`] and [`crate::Store::payout_account`].
//!
//! The chain of events also detects a deleted event, which a digest cannot. The history shows a broken chain as
//! `verified: false`. An item with a wrong digest is not shown.
//!
//! No hash is secret. An attacker with write access to the table and this code can compute all of them. IAM controls
//! write access.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use outlay_domain::conversion::RateEntry;
use outlay_domain::event::Event;
use outlay_domain::member::Member;
use outlay_domain::organisation::Organisation;
use outlay_domain::policy::Policy;
use outlay_domain::rate_limit::RateLimitPlan;
use outlay_domain::report::Report;
use outlay_domain::text::hex;
use sha2::{Digest, Sha256};

use crate::attributes::{Item, text, text_of};

/// A type that is stored as an item.
pub(crate) trait Stored {
    /// True when its items carry a digest. False for items that are updated in place, that the operator writes, or
    /// that another hash protects.
    const HAS_DIGEST: bool = true;
}

impl Stored for Organisation {}
impl Stored for Member {}
impl Stored for Policy {}
impl Stored for RateEntry {}
impl Stored for Report {}
impl Stored for Event {
    // Its own hash covers it.
    const HAS_DIGEST: bool = false;
}
impl Stored for RateLimitPlan {
    // The operator writes it.
    const HAS_DIGEST: bool = false;
}

/// Attribute with the digest of the item.
const DIGEST: &str = "digest";

/// Adds the digest, which covers every attribute, key included.
pub(crate) fn with_digest(mut item: Item) -> Item {
    let digest = digest(&item);
    item.insert(DIGEST.to_owned(), text(digest));
    item
}

/// Digest that an item carries.
pub(crate) fn digest_of(item: &Item) -> Option<&str> {
    text_of(item, DIGEST)
}

/// True when the digest is present and matches the item.
pub(crate) fn has_valid_digest(item: &Item) -> bool {
    digest_of(item) == Some(&digest(item))
}

fn digest(item: &Item) -> String {
    let mut hasher = Sha256::new();
    for (name, value) in item.iter().filter(|(name, _)| *name != DIGEST).collect::<BTreeMap<_, _>>() {
        hash_text(&mut hasher, b'K', name);
        hash_value(&mut hasher, value);
    }
    hex(&hasher.finalize())
}

/// Hashes type, length and content of each part: two different items never yield the same bytes.
fn hash_value(hasher: &mut Sha256, value: &AttributeValue) {
    match value {
        AttributeValue::S(text) => hash_text(hasher, b'S', text),
        AttributeValue::N(number) => hash_text(hasher, b'N', number),
        AttributeValue::Bool(value) => hasher.update([b'B', u8::from(*value)]),
        AttributeValue::L(items) => {
            hash_text(hasher, b'L', &items.len().to_string());
            for item in items {
                hash_value(hasher, item);
            }
        }
        AttributeValue::M(members) => {
            hash_text(hasher, b'M', &members.len().to_string());
            for (name, value) in members.iter().collect::<BTreeMap<_, _>>() {
                hash_text(hasher, b'K', name);
                hash_value(hasher, value);
            }
        }
        // No item with a digest stores bytes or sets.
        _ => hasher.update(b"0"),
    }
}

fn hash_text(hasher: &mut Sha256, kind: u8, text: &str) {
    hasher.update([kind]);
    hasher.update(text.len().to_be_bytes());
    hasher.update(text);
}
