//! Pages of lists. A cursor holds a position, not the list: the partition is always derived from what the caller may
//! see, so a forged cursor only moves within the caller's own list. A cursor is valid for one reader, one list with its
//! filters, and 24 hours.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::error::StoreError;

/// Request for one page of a list.
#[derive(Clone, Debug)]
pub struct PageRequest {
    /// Maximum number of items, 1 to 100.
    pub limit: i32,
    /// Cursor of the previous page; `None` for the first page.
    pub cursor: Option<String>,
    /// Subject of the reader's token.
    pub reader: String,
    /// Time of the request, seconds since the epoch.
    pub now: i64,
}

/// One page of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// Items.
    pub items: Vec<T>,
    /// Cursor of the next page; `None` on the last page.
    pub next: Option<String>,
    /// Items that were read for it and are not on it: they match no filter, or come later in a merged list.
    pub passed_over: usize,
}

/// Error of a cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CursorError {
    /// Not a cursor, or one of another list or another reader.
    #[error("the cursor does not belong to this list and this reader")]
    Invalid,
    /// Older than 24 hours.
    #[error("the cursor has expired")]
    Expired,
}

/// Error of a list.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// Unusable cursor.
    #[error(transparent)]
    Cursor(#[from] CursorError),
    /// Failed read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Length of the tag that binds a cursor to its list and its reader, in bytes.
const TAG_BYTES: usize = 8;
/// Length of the issue time in a cursor, in bytes.
const TIMESTAMP_BYTES: usize = 8;
/// Maximum length of a position, in bytes.
const MAX_POSITION_BYTES: usize = 256;
/// Validity of a cursor, in seconds.
const MAX_AGE_SECS: i64 = 24 * 3600;

impl PageRequest {
    /// Creates a request for the first page of an internal list, whose cursors never leave the program.
    #[must_use]
    pub const fn internal(limit: i32) -> Self {
        Self { limit, cursor: None, reader: String::new(), now: 0 }
    }

    /// Encodes a cursor for the page after `position` in `list` (its name, from key range and filters).
    pub(crate) fn encode_cursor(&self, list: &str, position: &str) -> String {
        let bytes = [self.binding_tag(list).as_slice(), &self.now.to_be_bytes(), position.as_bytes()].concat();
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Decodes the cursor: the position in `list` after which the page starts; `None` for the first page.
    pub(crate) fn decode_cursor(&self, list: &str) -> Result<Option<String>, CursorError> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        if cursor.len() > 2 * MAX_POSITION_BYTES {
            return Err(CursorError::Invalid);
        }
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| CursorError::Invalid)?;
        let (tag, rest) = bytes.split_at_checked(TAG_BYTES).ok_or(CursorError::Invalid)?;
        let (issued_at, position) = rest.split_first_chunk::<TIMESTAMP_BYTES>().ok_or(CursorError::Invalid)?;
        if tag != self.binding_tag(list) || position.is_empty() || position.len() > MAX_POSITION_BYTES {
            return Err(CursorError::Invalid);
        }
        if self.now.saturating_sub(i64::from_be_bytes(*issued_at)) > MAX_AGE_SECS {
            return Err(CursorError::Expired);
        }
        String::from_utf8(position.to_vec()).map(Some).map_err(|_| CursorError::Invalid)
    }

    fn binding_tag(&self, list: &str) -> Vec<u8> {
        Sha256::digest(format!("{}\0{list}", self.reader)).into_iter().take(TAG_BYTES).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursor_is_bound_to_list_reader_and_day() {
        let request = |reader: &str, now, cursor: Option<&str>| PageRequest {
            limit: 1,
            cursor: cursor.map(str::to_owned),
            reader: reader.to_owned(),
            now,
        };
        let cursor = request("ana", 1000, None).encode_cursor("ORG#a#OWNER#b", "rep_1");
        let read = |reader, now, list| request(reader, now, Some(&cursor)).decode_cursor(list);
        assert_eq!(read("ana", 1000 + MAX_AGE_SECS, "ORG#a#OWNER#b"), Ok(Some("rep_1".to_owned())));
        assert_eq!(read("ana", 1001 + MAX_AGE_SECS, "ORG#a#OWNER#b"), Err(CursorError::Expired));
        assert_eq!(read("ana", 1000, "ORG#a#OWNER#c"), Err(CursorError::Invalid));
        assert_eq!(read("ben", 1000, "ORG#a#OWNER#b"), Err(CursorError::Invalid));
        for bad in ["", "abc", "%%%", "eyJQSyI6ICJ4In0", &"A".repeat(10_000)] {
            let read = request("ana", 1000, Some(bad)).decode_cursor("ORG#a#OWNER#b");
            assert_eq!(read, Err(CursorError::Invalid), "{bad}");
        }
        assert!(!URL_SAFE_NO_PAD.decode(cursor).unwrap().windows(3).any(|part| part == b"ORG"));
    }
}
