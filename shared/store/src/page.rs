//! Paging. A cursor says where in a list to go on, not which list: the partition is always rebuilt from what the caller may see, so a
//! forged one only moves within his own list. It is good for whoever it was given to, in the same list, for a day.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// Which part of a list is wanted, and by whom.
#[derive(Clone, Debug)]
pub struct PageRequest {
    /// The most items to give, 1 to 100.
    pub limit: i32,
    /// Where to go on; from the start, when absent.
    pub cursor: Option<String>,
    /// The subject of whoever reads.
    pub reader: String,
    /// The time, in seconds since 1970.
    pub now: i64,
}

/// A part of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Where the next part begins; absent at the end.
    pub next: Option<String>,
}

/// Why a list does not go on at a cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CursorFault {
    /// It is not one of this list, or was given to somebody else.
    #[error("the cursor is not one of this list")]
    Foreign,
    /// It is older than a day.
    #[error("the cursor has expired")]
    Expired,
}

/// How many bytes of a cursor tell whose it is and of which list.
const MARK: usize = 8;
/// How many bytes of a cursor tell when it was given.
const TIME: usize = 8;
/// The longest position in a list, in bytes.
const LONGEST: usize = 256;
/// How long a cursor is good, in seconds.
const GOOD: i64 = 24 * 3600;

impl PageRequest {
    /// The first part of a list that a rule reads: its cursors go to nobody.
    #[must_use]
    pub const fn unseen(limit: i32) -> Self {
        Self { limit, cursor: None, reader: String::new(), now: 0 }
    }

    /// A cursor that goes on after `position` in `list` (its partition key and filters).
    pub(crate) fn cursor_at(&self, list: &str, position: &str) -> String {
        let bytes = [self.mark(list).as_slice(), &self.now.to_be_bytes(), position.as_bytes()].concat();
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The position in `list` to go on after.
    pub(crate) fn position(&self, list: &str) -> Result<Option<String>, CursorFault> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        if cursor.len() > 2 * LONGEST {
            return Err(CursorFault::Foreign);
        }
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| CursorFault::Foreign)?;
        let (marked, rest) = bytes.split_at_checked(MARK).ok_or(CursorFault::Foreign)?;
        let (given_at, position) = rest.split_first_chunk::<TIME>().ok_or(CursorFault::Foreign)?;
        if marked != self.mark(list) || position.is_empty() || position.len() > LONGEST {
            return Err(CursorFault::Foreign);
        }
        if self.now.saturating_sub(i64::from_be_bytes(*given_at)) > GOOD {
            return Err(CursorFault::Expired);
        }
        String::from_utf8(position.to_vec()).map(Some).map_err(|_| CursorFault::Foreign)
    }

    fn mark(&self, list: &str) -> Vec<u8> {
        Sha256::digest(format!("{}\0{list}", self.reader)).into_iter().take(MARK).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_belongs_to_its_list_its_reader_and_its_day() {
        let request = |reader: &str, now, cursor: Option<&str>| PageRequest {
            limit: 1,
            cursor: cursor.map(str::to_owned),
            reader: reader.to_owned(),
            now,
        };
        let cursor = request("ana", 1000, None).cursor_at("ORG#a#OWNER#b", "rep_1");
        let read = |reader, now, list| request(reader, now, Some(&cursor)).position(list);
        assert_eq!(read("ana", 1000 + GOOD, "ORG#a#OWNER#b"), Ok(Some("rep_1".to_owned())));
        assert_eq!(read("ana", 1001 + GOOD, "ORG#a#OWNER#b"), Err(CursorFault::Expired));
        assert_eq!(read("ana", 1000, "ORG#a#OWNER#c"), Err(CursorFault::Foreign));
        assert_eq!(read("ben", 1000, "ORG#a#OWNER#b"), Err(CursorFault::Foreign));
        for bad in ["", "abc", "%%%", "eyJQSyI6ICJ4In0", &"A".repeat(10_000)] {
            let read = request("ana", 1000, Some(bad)).position("ORG#a#OWNER#b");
            assert_eq!(read, Err(CursorFault::Foreign), "{bad}");
        }
        assert!(!URL_SAFE_NO_PAD.decode(cursor).unwrap().windows(3).any(|part| part == b"ORG"));
    }
}
