//! A digest in each item, by which a copy in another place or an edit by hand is noticed before anything rests on it. It is no secret, so
//! it does not hold against somebody who knows how it is made: who may write to the table at all is for IAM to say.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use outlay_domain::conversion::RateEntry;
use outlay_domain::event::Event;
use outlay_domain::member::Member;
use outlay_domain::organisation::Organisation;
use outlay_domain::policy::Policy;
use outlay_domain::rate_limit::Plan;
use outlay_domain::report::Report;
use outlay_domain::text::hex;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::items::{Item, Task, text, text_of};

/// A type of value that items are read as.
pub(crate) trait Stored: DeserializeOwned {
    /// Whether its items carry a digest. Those do not that are changed in place, written by others, or held together by a hash of their
    /// own, which says more.
    const HAS_DIGEST: bool = true;
}

impl Stored for Organisation {}
impl Stored for Member {}
impl Stored for Policy {}
impl Stored for RateEntry {}
impl Stored for Report {}
impl Stored for Task {}
impl Stored for Event {
    // The chain tells which entry was edited.
    const HAS_DIGEST: bool = false;
}
impl Stored for Plan {
    // The operator writes it.
    const HAS_DIGEST: bool = false;
}

/// The attribute with the digest of an item.
const DIGEST: &str = "digest";

/// The item with a digest of everything in it, its key included.
pub(crate) fn with_digest(mut item: Item) -> Item {
    let digest = digest(&item);
    item.insert(DIGEST.to_owned(), text(digest));
    item
}

/// Whether an item is as it was written.
pub(crate) fn has_digest(item: &Item) -> bool {
    text_of(item, DIGEST) == Some(&digest(item))
}

fn digest(item: &Item) -> String {
    let mut hasher = Sha256::new();
    for (name, value) in item.iter().filter(|(name, _)| *name != DIGEST).collect::<BTreeMap<_, _>>() {
        feed_text(&mut hasher, b'K', name);
        feed(&mut hasher, value);
    }
    hex(&hasher.finalize())
}

/// Each part with its kind and its length before it, so that no two items are the same bytes.
fn feed(hasher: &mut Sha256, value: &AttributeValue) {
    match value {
        AttributeValue::S(text) => feed_text(hasher, b'S', text),
        AttributeValue::N(number) => feed_text(hasher, b'N', number),
        AttributeValue::Bool(value) => hasher.update([b'B', u8::from(*value)]),
        AttributeValue::L(items) => {
            feed_text(hasher, b'L', &items.len().to_string());
            for item in items {
                feed(hasher, item);
            }
        }
        AttributeValue::M(members) => {
            feed_text(hasher, b'M', &members.len().to_string());
            for (name, value) in members.iter().collect::<BTreeMap<_, _>>() {
                feed_text(hasher, b'K', name);
                feed(hasher, value);
            }
        }
        // Nothing with a digest stores bytes or sets.
        _ => hasher.update(b"0"),
    }
}

fn feed_text(hasher: &mut Sha256, kind: u8, text: &str) {
    hasher.update([kind]);
    hasher.update(text.len().to_be_bytes());
    hasher.update(text);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys;
    use crate::testing::{draft, seed};

    #[test]
    fn an_edit_in_any_attribute_is_noticed() {
        let report = draft(&mut seed(), Vec::new());
        let item = with_digest(crate::items::report_head(&report).unwrap());
        assert!(has_digest(&item));
        for name in item.keys() {
            let edited: Item =
                item.iter().filter(|(other, _)| *other != name).map(|(n, v)| (n.clone(), v.clone())).collect();
            assert!(!has_digest(&edited), "without {name}");
            let mut edited = item.clone();
            edited.insert(name.clone(), text("edited"));
            assert!(!has_digest(&edited), "{name} edited");
        }
        let mut more = item.clone();
        more.insert("more".to_owned(), text("x"));
        assert!(!has_digest(&more));
        let mut moved = item;
        moved.extend(crate::items::key_attributes(&keys::organisation(report.org)));
        assert!(!has_digest(&moved));
    }
}
