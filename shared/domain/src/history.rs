//! Hash chain of the history: the hash of an event covers the event and the previous hash. A changed, removed or
//! inserted entry breaks the chain. The hashes have no key: an attacker with write access can recompute all of them,
//! which only a copy of a hash kept elsewhere detects.

use crate::canonical::canonical_hash;
use crate::event::Event;

impl Event {
    /// Sets the hash of the event. `previous` is the hash of the event before, empty for the first.
    #[must_use]
    pub fn with_hash_after(mut self, previous: &str) -> Self {
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

/// Number of the first event that is missing or changed. `None` when the events continue the chain after `previous`,
/// the number and hash of the event before.
#[must_use]
pub fn first_broken_link(previous: (u64, &str), events: &[Event]) -> Option<u64> {
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
