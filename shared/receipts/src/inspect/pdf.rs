//! PDF (ISO 32000): whether it can be read without a password, has pages but not too many, and contains nothing that acts by itself.
//! It is kept as it is, with what its maker wrote into `/Info` and XMP, up to its last end mark; changing one would break signatures.
//!
//! **Nothing that acts**: scripts, programs, forms that send, files inside (also the invoice in XML of Factur-X), media, an action when it
//! is opened that leads out of it. They are looked for twice. `walk` reads the objects as a reader does, also those packed in object
//! streams; `packed` looks at all bytes, packed ones unpacked, for the few words without which there is no such action, so that it does
//! not help to hide an object where only a careless reader finds it.
//!
//! **Read here, not by a library**, because the file is a stranger's and the process is ours. The best one in
//! Rust (hayro 0.9) unpacks object streams at once and without a limit, so that a file of 25 MB can demand 25 GB, which ends the process.
//! What is needed is little: tokens and streams, not the tables of references, which a forger writes as he likes.
//!
//! **No picture of the first page**, for the same reason: hayro draws without a limit of time. A page of 3 kB, whose forms draw each
//! other ten times over, takes ten times longer with each of them (six: 1.2 s, seven: 12 s, eight: 2 minutes), and a thread that draws cannot be
//! stopped. The reader's own program shows the document.

mod lexer;
mod packed;
mod walk;

use outlay_domain::receipt::Unfit;

use lexer::{Lexer, Token};
use packed::Budget;

/// The mark at the end of each revision.
const END: &[u8] = b"%%EOF";
/// What stands before the position of the table of references.
const TABLE: &[u8] = b"startxref";
/// How far before the end mark that stands.
const TABLE_BYTES: usize = 100;
/// The most pages.
const MAX_PAGES: usize = 200;

/// The file up to its end.
pub(super) fn clean(mut bytes: Vec<u8>) -> Result<Vec<u8>, Unfit> {
    bytes.truncate(end(&bytes).ok_or(Unfit::Damaged)?);
    let mut budget = Budget::default();
    let found = walk::walk(&bytes, &mut budget)?;
    // A reader would ask for the password before it did anything else, and what is locked cannot be looked at.
    if found.is_encrypted {
        return Err(Unfit::Locked);
    }
    if found.is_active() || packed::acts(&bytes) {
        return Err(Unfit::Active);
    }
    match found.pages() {
        0 => Err(Unfit::Damaged),
        count if count > MAX_PAGES => Err(Unfit::TooLarge),
        _ => Ok(bytes),
    }
}

/// Where the file ends: after the last mark, when the table that it belongs to is where it says. The first part of a file that is
/// made for the web has a mark too, without a table, so a file that was cut off does not end there.
fn end(bytes: &[u8]) -> Option<usize> {
    let mark = bytes.windows(END.len()).rposition(|window| window == END)?;
    let before = bytes.get(mark.saturating_sub(TABLE_BYTES)..mark)?;
    let table = before.windows(TABLE.len()).rposition(|window| window == TABLE)?;
    let Some(Token::Number(position)) = Lexer::new(before.get(table.checked_add(TABLE.len())?..)?).next() else {
        return None;
    };
    let mut table = Lexer::new(bytes.get(usize::try_from(position?).ok().filter(|position| *position > 0)?..mark)?);
    // A table, or a stream that holds one.
    matches!(table.next()?, Token::Keyword(b"xref") | Token::Number(Some(_))).then_some(())?;
    let end = mark.checked_add(END.len())?;
    let line = bytes.get(end..)?.iter().take(2).take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    end.checked_add(line)
}
