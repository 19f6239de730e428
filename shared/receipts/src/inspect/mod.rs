//! Inspection of an uploaded file. A kept file matches its declaration, has the declared type by its content, is
//! complete, has no active content, and no metadata such as the location, device or author of a photograph. Synchronous.
//! A size stated in a file is checked against a limit before it is used, and work that a file can multiply is paid from a
//! [`budget`]: whatever the file, an inspection takes less than five seconds of CPU and 512 MB, as `benches/inspect.rs`
//! measures.
//!
//! **Pictures are not re-encoded.** A receipt is evidence, and another lossy compression can make small print
//! unreadable. A picture is decoded once, which proves that it is complete, and rewritten from the parts that form the
//! picture. Everything else is removed, also data after the end and the colour profile, which can hold any bytes: print
//! is legible without it. So a polyglot file (also a page, a program or an archive) loses its other content; one that
//! hides it in the picture itself is rejected. The orientation is the only tag kept.
//!
//! **HEIC** is not decoded: the codec is large and patented, and no maintained decoder in Rust exists. Its structure is
//! checked and its metadata overwritten in place. **PDF** is parsed by `pdf`, which explains why no library is used and
//! no preview is made.
//!
//! [`RejectionReason::KnownMalware`] detects the harmless EICAR test file only, for operators to test the path. It is
//! not a malware scanner.

mod budget;
mod cursor;
mod heic;
mod jpeg;
mod orientation;
mod pdf;
mod picture;
mod png;
mod polyglot;
mod webp;

use outlay_domain::receipt::{MediaType, Receipt, RejectionReason};
use sha2::{Digest, Sha256};

use crate::digest::decode_sha256;

use budget::Budget;
use cursor::find;

/// Inspected file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SanitizedFile {
    /// Bytes to keep.
    pub bytes: Vec<u8>,
    /// Media type.
    pub media_type: MediaType,
    /// Preview: upright JPEG, at most 1000 pixels wide and high. `None` for HEIC and PDF.
    pub preview: Option<Vec<u8>>,
}

/// EICAR test file, in two halves so that scanners do not flag this program.
const TEST_SIGNATURE: [&[u8]; 2] = [b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-", b"ANTIVIRUS-TEST-FILE!$H+H*"];

/// Inspects and sanitizes an uploaded file.
///
/// # Errors
/// The first reason that applies, in the order of [`RejectionReason::ALL`] up to the type.
pub fn inspect(bytes: Vec<u8>, receipt: &Receipt) -> Result<SanitizedFile, RejectionReason> {
    if bytes.is_empty() {
        return Err(RejectionReason::Empty);
    }
    if u64::try_from(bytes.len()) != Ok(receipt.size) {
        return Err(RejectionReason::SizeMismatch);
    }
    if decode_sha256(&receipt.sha256).as_deref() != Some(Sha256::digest(&bytes).as_slice()) {
        return Err(RejectionReason::ChecksumMismatch);
    }
    if find(&bytes, &TEST_SIGNATURE.concat()).is_some() {
        return Err(RejectionReason::KnownMalware);
    }
    sanitize(bytes, receipt.media_type, &mut Budget::new())
}

/// Inspects and sanitizes a file of a declared type.
fn sanitize(bytes: Vec<u8>, declared: MediaType, budget: &mut Budget) -> Result<SanitizedFile, RejectionReason> {
    let media_type = detect_type(&bytes).ok_or(RejectionReason::UnknownType)?;
    if media_type != declared {
        return Err(RejectionReason::TypeMismatch);
    }
    let clean = match media_type {
        // Takes the bytes, which are the largest part of the memory in use.
        MediaType::Pdf => pdf::clean(bytes, budget)?,
        MediaType::Heic => heic::clean(&bytes, budget)?,
        MediaType::Jpeg => jpeg::clean(&bytes, budget)?,
        MediaType::Png => png::clean(&bytes)?,
        MediaType::Webp => webp::clean(&bytes)?,
    };
    // PDF readers accept bytes before the header.
    if media_type != MediaType::Pdf && pdf::header(&clean).is_some() {
        return Err(RejectionReason::TypeMismatch);
    }
    if polyglot::contains_archive(&clean) || polyglot::begins_page(&clean) {
        return Err(RejectionReason::ActiveContent);
    }
    // From the sanitized bytes, so a picture that depends on a removed part is rejected.
    let preview = match media_type {
        MediaType::Pdf | MediaType::Heic => None,
        MediaType::Jpeg | MediaType::Png | MediaType::Webp => Some(picture::preview(&clean, media_type)?),
    };
    Ok(SanitizedFile { bytes: clean, media_type, preview })
}

/// Detects the type by the first bytes. Only a PDF can have others before its header, as readers accept it; they are
/// not kept.
fn detect_type(bytes: &[u8]) -> Option<MediaType> {
    match bytes {
        [0xFF, 0xD8, 0xFF, ..] => Some(MediaType::Jpeg),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Some(MediaType::Png),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(MediaType::Webp),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] if heic::is_heic(bytes) => Some(MediaType::Heic),
        _ => pdf::header(bytes).map(|_| MediaType::Pdf),
    }
}

#[cfg(test)]
mod tests;
