//! Inspection of an uploaded file. A kept file matches its declaration, has the declared type by its content, is
//! complete, has no active content, and no metadata such as the location, device or author of a photograph. Pure and
//! synchronous. A size stated in a file is checked against a limit before it is used.
//!
//! **Pictures are not re-encoded.** A receipt is evidence, and another lossy compression can make small print
//! unreadable. A picture is decoded once, which proves that it is complete, and rewritten from the parts that form the
//! picture. Everything else is removed, also data after the end. A polyglot file (also a page, a program or an archive)
//! loses its other content. The orientation is the only tag kept.
//!
//! **HEIC** is not decoded: the codec is large and patented, and no maintained decoder in Rust exists. Its structure is
//! checked and its metadata overwritten in place. **PDF** is parsed by `pdf`, which explains why no library is used and
//! no preview is made.
//!
//! [`RejectionReason::KnownMalware`] detects the harmless EICAR test file only, for operators to test the path. It is
//! not a malware scanner.

mod cursor;
mod heic;
mod jpeg;
mod orientation;
mod pdf;
mod picture;
mod png;
mod webp;

use outlay_domain::receipt::{MediaType, Receipt, RejectionReason};
use sha2::{Digest, Sha256};

use crate::digest::decode_sha256;

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

/// Length of the start of a file in which PDF readers search the header, with a margin.
const PDF_WITHIN: usize = 2048;

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
    let media_type = detect_type(&bytes).ok_or(RejectionReason::UnknownType)?;
    if media_type != receipt.media_type {
        return Err(RejectionReason::TypeMismatch);
    }
    let (bytes, preview) = match media_type {
        MediaType::Pdf => (pdf::clean(bytes)?, None),
        MediaType::Heic => (heic::clean(&bytes)?, None),
        MediaType::Jpeg => with_preview(jpeg::clean(&bytes)?, media_type)?,
        MediaType::Png => with_preview(png::clean(&bytes)?, media_type)?,
        MediaType::Webp => with_preview(webp::clean(&bytes)?, media_type)?,
    };
    // PDF readers accept bytes before the header.
    let is_pdf_too =
        media_type != MediaType::Pdf && find(bytes.get(..PDF_WITHIN).unwrap_or(&bytes), b"%PDF-").is_some();
    if is_pdf_too { Err(RejectionReason::TypeMismatch) } else { Ok(SanitizedFile { bytes, media_type, preview }) }
}

/// Decodes the sanitized bytes, so a picture that depends on a removed part is rejected.
fn with_preview(bytes: Vec<u8>, media_type: MediaType) -> Result<(Vec<u8>, Option<Vec<u8>>), RejectionReason> {
    let preview = picture::preview(&bytes, media_type)?;
    Ok((bytes, Some(preview)))
}

/// Detects the type by the first bytes alone: a file that starts as a program or a page is one, whatever follows.
fn detect_type(bytes: &[u8]) -> Option<MediaType> {
    match bytes {
        [b'%', b'P', b'D', b'F', b'-', ..] => Some(MediaType::Pdf),
        [0xFF, 0xD8, 0xFF, ..] => Some(MediaType::Jpeg),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Some(MediaType::Png),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(MediaType::Webp),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] if heic::is_heic(bytes) => Some(MediaType::Heic),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
