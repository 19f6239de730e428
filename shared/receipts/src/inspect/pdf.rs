//! PDF (ISO 32000). An accepted file opens without a password, has 1 to 200 pages and no active content. It is kept
//! unchanged up to its last end marker, with `/Info` and XMP, because changes would invalidate signatures.
//!
//! **Active content**: scripts, program launches, form submissions, embedded files (also the XML invoice of Factur-X),
//! media, and actions on opening that leave the document. Two searches look for it. `objects` parses the objects as a
//! reader does, including object streams. `streams` searches all bytes, decompressed where compressed, for the names
//! that such actions need, so that an object hidden where only lenient readers find it is detected too.
//!
//! **No library**, because the input is untrusted. The best one in Rust (hayro 0.9) decompresses object streams without
//! a limit: a file of 25 MB can demand 25 GB, which kills the process. Only tokens and streams are needed, not the
//! reference tables, which can be forged.
//!
//! **No preview**, for the same reason: hayro renders without a time limit. A page of 3 kB with nested forms takes ten
//! times longer with each level (six: 1.2 s, seven: 12 s, eight: 2 minutes), and a rendering thread cannot be stopped.

mod lexer;
mod objects;
mod streams;

use outlay_domain::receipt::RejectionReason;

use lexer::{Lexer, Token};
use streams::DecodeBudget;

/// End marker of a revision.
const END: &[u8] = b"%%EOF";
/// Keyword before the offset of the reference table.
const TABLE: &[u8] = b"startxref";
/// Maximum distance of that keyword from the end marker, in bytes.
const TABLE_BYTES: usize = 100;
/// Limit of pages.
const MAX_PAGES: usize = 200;

/// Inspects a file, and cuts it off after its end marker.
pub(super) fn clean(mut bytes: Vec<u8>) -> Result<Vec<u8>, RejectionReason> {
    bytes.truncate(end(&bytes).ok_or(RejectionReason::Damaged)?);
    let mut budget = DecodeBudget::default();
    let found = objects::scan(&bytes, &mut budget)?;
    // Encrypted content cannot be inspected.
    if found.is_encrypted {
        return Err(RejectionReason::PasswordProtected);
    }
    if found.is_active() || streams::names_action(&bytes) {
        return Err(RejectionReason::ActiveContent);
    }
    match found.pages() {
        0 => Err(RejectionReason::Damaged),
        count if count > MAX_PAGES => Err(RejectionReason::TooLarge),
        _ => Ok(bytes),
    }
}

/// End of the file: after the last end marker, if its reference table is at the stated offset. The first part of a
/// linearized file has an end marker without a table, so a truncated linearized file is detected.
fn end(bytes: &[u8]) -> Option<usize> {
    let mark = bytes.windows(END.len()).rposition(|window| window == END)?;
    let before = bytes.get(mark.saturating_sub(TABLE_BYTES)..mark)?;
    let table = before.windows(TABLE.len()).rposition(|window| window == TABLE)?;
    let Some(Token::Number(position)) = Lexer::new(before.get(table.checked_add(TABLE.len())?..)?).next() else {
        return None;
    };
    let mut table = Lexer::new(bytes.get(usize::try_from(position?).ok().filter(|position| *position > 0)?..mark)?);
    // A table, or a stream that contains one.
    matches!(table.next()?, Token::Keyword(b"xref") | Token::Number(Some(_))).then_some(())?;
    let end = mark.checked_add(END.len())?;
    let line = bytes.get(end..)?.iter().take(2).take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    end.checked_add(line)
}
