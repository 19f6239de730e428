//! PDF (ISO 32000). An accepted file opens without a password, has 1 to 200 pages and no active content. It is kept
//! unchanged from its header to its last end marker, with `/Info` and XMP, because changes would invalidate signatures.
//! As readers do, it accepts bytes before the header, which are cut off, and wrong offsets, which nothing depends on: the
//! objects are found by scanning. `document` decides whether they are complete.
//!
//! **Active content**: scripts, program launches, form submissions, embedded files (except the XML of an invoice, see
//! `attachments`), media, and actions on opening that leave the document. Two searches look for it. `objects` parses the
//! objects as a reader does, including object streams. `streams` searches all bytes, decompressed where compressed, for
//! the names that such actions need, so that an object hidden where only lenient readers find it is detected too.
//!
//! **No library**, because the input is untrusted. The best one in Rust (hayro 0.9) decompresses object streams without
//! a limit: a file of 25 MB can demand 25 GB, which kills the process. Only tokens and streams are needed, not the
//! reference tables, which can be forged.
//!
//! **No preview**, for the same reason: hayro renders without a time limit. A page of 3 kB with nested forms takes ten
//! times longer with each level (six: 1.2 s, seven: 12 s, eight: 2 minutes), and a rendering thread cannot be stopped.

mod attachments;
mod document;
mod encryption;
mod lexer;
mod objects;
mod streams;

use outlay_domain::receipt::RejectionReason;

use super::budget::Budget;
use super::cursor::find;
use streams::StreamDecoder;

/// Start of the header.
const HEADER: &[u8] = b"%PDF-";
/// Number of bytes before the header that readers accept.
const MAX_BEFORE_HEADER: usize = 1024;
/// End marker of a revision.
const END: &[u8] = b"%%EOF";
/// Limit of pages.
const MAX_PAGES: usize = 200;

/// Offset of the header.
pub(super) fn header(bytes: &[u8]) -> Option<usize> {
    find(bytes.get(..MAX_BEFORE_HEADER.saturating_add(HEADER.len())).unwrap_or(bytes), HEADER)
}

/// Inspects a file, and cuts off what is before its header and after its end.
pub(super) fn clean(mut bytes: Vec<u8>, budget: &mut Budget) -> Result<Vec<u8>, RejectionReason> {
    drop(bytes.drain(..header(&bytes).ok_or(RejectionReason::UnknownType)?));
    let end = end(&bytes);
    bytes.truncate(end.unwrap_or(bytes.len()));
    let found = objects::scan(&bytes, &mut StreamDecoder::new(budget))?;
    if found.is_active() || streams::names_action(&bytes) {
        return Err(RejectionReason::ActiveContent);
    }
    if found.pages().ok_or(RejectionReason::Damaged)? > MAX_PAGES {
        return Err(RejectionReason::TooLarge);
    }
    if end.is_none() {
        bytes.truncate(found.end);
    }
    Ok(bytes)
}

/// End of the file: after the last end marker and its line end. `None` when objects follow that marker, or there is
/// none: then the file ends with its last object or trailer.
fn end(bytes: &[u8]) -> Option<usize> {
    let mark = bytes.windows(END.len()).rposition(|window| window == END)?;
    let end = mark.checked_add(END.len())?;
    let after = bytes.get(end..)?;
    let line = after.iter().take(2).take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    find(after, b"endobj").is_none().then_some(())?;
    end.checked_add(line)
}
