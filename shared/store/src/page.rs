//! Paging. A cursor says where in a list to go on, not which list: the partition is always rebuilt from what the caller may
//! see, so a cursor from elsewhere is refused and a forged one only moves within the caller's own list.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// Which part of a list is wanted.
#[derive(Clone, Debug)]
pub struct PageRequest {
    /// The most items to give, 1 to 100.
    pub limit: i32,
    /// Where to go on; from the start, when absent.
    pub cursor: Option<String>,
}

/// A part of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Where the next part begins; absent at the end.
    pub next: Option<String>,
}

/// The cursor is not one of this list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the cursor is not one of this list")]
pub struct CursorFault;

const MARK: usize = 8;

/// A cursor that goes on after `position` in `list` (its partition key and filters).
pub(crate) fn write(list: &str, position: &str) -> String {
    let mut bytes = mark(list);
    bytes.extend_from_slice(position.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The position that a cursor of `list` stands for.
pub(crate) fn read(list: &str, cursor: &str) -> Result<String, CursorFault> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| CursorFault)?;
    let (marked, position) = bytes.split_at_checked(MARK).ok_or(CursorFault)?;
    if marked != mark(list) || position.is_empty() || position.len() > 256 {
        return Err(CursorFault);
    }
    String::from_utf8(position.to_vec()).map_err(|_| CursorFault)
}

fn mark(list: &str) -> Vec<u8> {
    Sha256::digest(list.as_bytes()).into_iter().take(MARK).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_belongs_to_its_list() {
        let cursor = write("ORG#a#OWNER#b", "rep_1");
        assert_eq!(read("ORG#a#OWNER#b", &cursor).unwrap(), "rep_1");
        assert_eq!(read("ORG#a#OWNER#c", &cursor), Err(CursorFault));
        for bad in ["", "abc", "%%%", "eyJQSyI6ICJ4In0", &"A".repeat(10_000)] {
            assert_eq!(read("ORG#a#OWNER#b", bad), Err(CursorFault), "{bad}");
        }
        assert!(!URL_SAFE_NO_PAD.decode(cursor).unwrap().windows(3).any(|part| part == b"ORG"));
    }
}
