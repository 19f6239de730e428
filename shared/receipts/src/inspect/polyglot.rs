//! Other formats in a kept file. Sanitizing removes what does not belong to a picture or follows its end, but pixels,
//! colour tables and streams can hold any bytes. A kept file is no archive (a Java program is one) and begins no page.

use super::cursor::find;

/// Length of the start in which browsers look for the type of a file, with a margin.
const START_BYTES: usize = 2048;
/// Starts of elements that make a browser take a file for a page, in lower case.
const PAGES: [&[u8]; 6] = [b"<html", b"<script", b"<!doctype", b"<body", b"<iframe", b"<svg"];

/// True when the bytes contain an archive that programs open: a ZIP has a header of a file, an entry of its directory
/// and an end record, in this order, at any offset. By chance, not one file in a million of the largest has them.
pub(super) fn contains_archive(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    [b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"].iter().all(|signature| {
        let Some(at) = find(rest, *signature) else { return false };
        rest = rest.get(at.saturating_add(signature.len())..).unwrap_or_default();
        true
    })
}

/// True when the start of the bytes looks like a page. In a document, the start ends with the first object.
pub(super) fn begins_page(bytes: &[u8]) -> bool {
    let start = bytes.get(..START_BYTES).unwrap_or(bytes);
    let start = if start.starts_with(b"%PDF-") {
        start.get(..find(start, b" obj").unwrap_or(start.len())).unwrap_or(start)
    } else {
        start
    };
    let start = start.to_ascii_lowercase();
    PAGES.iter().any(|page| find(&start, page).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archive_needs_its_three_parts_in_order() {
        let [file, directory, end] = [b"PK\x03\x04 a", b"PK\x01\x02 a", b"PK\x05\x06 a"];
        assert!(contains_archive(&[b"xx", file.as_slice(), directory, end].concat()));
        assert!(!contains_archive(&[file.as_slice(), directory].concat()));
        assert!(!contains_archive(&[end.as_slice(), directory, file].concat()));
        assert!(!contains_archive(b"PK"));
    }

    #[test]
    fn page_is_searched_at_the_start_only() {
        assert!(begins_page(b"xx<SCRIPT>"));
        assert!(begins_page(b"%PDF-1.7\n%<html>\n1 0 obj"));
        assert!(!begins_page(b"%PDF-1.7\n1 0 obj (<html>)"));
        assert!(!begins_page(&[vec![b' '; START_BYTES], b"<html>".to_vec()].concat()));
    }
}
