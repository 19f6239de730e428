//! The inspection that a file passes before it is kept: it is the file that was declared, of the type that was declared by what is in
//! it, readable to its end, without anything that acts by itself, and without what it tells besides (where a photograph was taken,
//! with which device, by whom). Pure and synchronous; no size that a file states is believed before it is checked against a limit.
//!
//! **Pictures are not coded anew.** A receipt is evidence, and a second loss of a JPEG can make small print unreadable. Each is decoded
//! once from end to end, which shows that it is whole, and is written again from the few parts that make the picture; everything else
//! goes, and so does whatever was hung on to the end. A file that is also something else (a page, a program, an archive) loses that
//! with the parts that held it. The orientation stays, as the only tag.
//!
//! **HEIC** has no decoder here (the codec is large, patented and has none in Rust that is well kept): its structure is checked, and its
//! metadata is overwritten in place. **PDF** is read by `pdf`, which says why not by a library and why there is no picture of one.
//!
//! [`Unfit::Harmful`] is the industry's harmless test file (EICAR), so that whoever operates this can try the path. It is no scanner
//! for malware.

mod cursor;
mod heic;
mod jpeg;
mod orientation;
mod pdf;
mod picture;
mod png;
mod webp;

use outlay_domain::receipt::{MediaType, Receipt, Unfit};
use sha2::{Digest, Sha256};

use crate::digest::digest;

/// A file that passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cleaned {
    /// What is kept.
    pub bytes: Vec<u8>,
    /// What it is.
    pub media_type: MediaType,
    /// A picture of it: JPEG, at most 1000 pixels wide and high, the right way up. None of HEIC and PDF.
    pub preview: Option<Vec<u8>>,
}

/// The test file of the anti-virus industry, in two halves so that no scanner takes this program for it.
const TEST_SIGNATURE: [&[u8]; 2] = [b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-", b"ANTIVIRUS-TEST-FILE!$H+H*"];

/// Within how many bytes readers look for the beginning of a PDF, and some more.
const PDF_WITHIN: usize = 2048;

/// Looks at an uploaded file, and gives what of it is kept.
///
/// # Errors
/// Why it is no receipt. The first reason counts, in the order of [`Unfit::ALL`] up to the type.
pub fn inspect(bytes: Vec<u8>, receipt: &Receipt) -> Result<Cleaned, Unfit> {
    if bytes.is_empty() {
        return Err(Unfit::Empty);
    }
    if u64::try_from(bytes.len()) != Ok(receipt.size) {
        return Err(Unfit::OtherSize);
    }
    if digest(&receipt.sha256).as_deref() != Some(Sha256::digest(&bytes).as_slice()) {
        return Err(Unfit::OtherBytes);
    }
    if find(&bytes, &TEST_SIGNATURE.concat()).is_some() {
        return Err(Unfit::Harmful);
    }
    let media_type = kind(&bytes).ok_or(Unfit::UnknownType)?;
    if media_type != receipt.media_type {
        return Err(Unfit::OtherType);
    }
    let (bytes, preview) = match media_type {
        MediaType::Pdf => (pdf::clean(bytes)?, None),
        MediaType::Heic => (heic::clean(&bytes)?, None),
        MediaType::Jpeg => with_preview(jpeg::clean(&bytes)?, media_type)?,
        MediaType::Png => with_preview(png::clean(&bytes)?, media_type)?,
        MediaType::Webp => with_preview(webp::clean(&bytes)?, media_type)?,
    };
    // Readers of PDF take a file for one that begins somewhat later.
    let is_pdf_too =
        media_type != MediaType::Pdf && find(bytes.get(..PDF_WITHIN).unwrap_or(&bytes), b"%PDF-").is_some();
    if is_pdf_too { Err(Unfit::OtherType) } else { Ok(Cleaned { bytes, media_type, preview }) }
}

/// What is decoded is what is kept, so that a picture which needs one of the parts that went is not kept.
fn with_preview(bytes: Vec<u8>, kind: MediaType) -> Result<(Vec<u8>, Option<Vec<u8>>), Unfit> {
    let preview = picture::preview(&bytes, kind)?;
    Ok((bytes, Some(preview)))
}

/// The type by the first bytes alone. A file that starts otherwise is not searched: what starts as a program or a page runs as one.
fn kind(bytes: &[u8]) -> Option<MediaType> {
    match bytes {
        [b'%', b'P', b'D', b'F', b'-', ..] => Some(MediaType::Pdf),
        [0xFF, 0xD8, 0xFF, ..] => Some(MediaType::Jpeg),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Some(MediaType::Png),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(MediaType::Webp),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] if heic::is_heic(bytes) => Some(MediaType::Heic),
        _ => None,
    }
}

/// Where something stands in bytes.
fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let mut at = 0_usize;
    loop {
        let rest = bytes.get(at..)?;
        at = at.checked_add(rest.iter().position(|byte| *byte == first)?)?;
        if bytes.get(at..)?.starts_with(needle) {
            return Some(at);
        }
        at = at.checked_add(1)?;
    }
}

#[cfg(test)]
mod tests;
