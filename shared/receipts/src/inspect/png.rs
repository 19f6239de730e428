//! PNG, rewritten from the chunks of the picture. Removes texts, EXIF, time, colour profile, unknown chunks, and data
//! after the end. Keeps the first picture of an animation, which readers without animation support show.

use outlay_domain::receipt::RejectionReason;

use super::cursor::Cursor;
use super::orientation;
use super::picture::check_size;

const SIGNATURE_BYTES: usize = 8;
/// Chunks of the picture.
const KEPT: [&[u8; 4]; 10] = [b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"sBIT", b"sRGB", b"pHYs"];
/// Limit of chunks. Writers use chunks of some kilobytes.
const MAX_CHUNKS: usize = 100_000;

/// Rewrites a file without its metadata.
pub(super) fn clean(bytes: &[u8]) -> Result<Vec<u8>, RejectionReason> {
    let mut rest = Cursor(bytes);
    let mut cleaned = Vec::with_capacity(bytes.len());
    cleaned.extend_from_slice(rest.take(SIGNATURE_BYTES).ok_or(RejectionReason::Damaged)?);
    let rotation = exif_orientation(rest);
    for index in 0..MAX_CHUNKS {
        let chunk = chunk(&mut rest).ok_or(RejectionReason::Damaged)?;
        if (index == 0) != (chunk.kind == b"IHDR") {
            return Err(RejectionReason::Damaged);
        }
        if KEPT.iter().any(|kind| chunk.kind == *kind) {
            cleaned.extend_from_slice(chunk.whole);
        }
        match chunk.kind {
            b"IHDR" => {
                let mut header = Cursor(chunk.content);
                let (width, height) = header.u32().zip(header.u32()).ok_or(RejectionReason::Damaged)?;
                check_size(width, height)?;
                if let Some(rotation) = rotation {
                    put(&mut cleaned, *b"eXIf", &orientation::to_exif(rotation));
                }
            }
            b"IEND" => return Ok(cleaned),
            _ => {}
        }
    }
    Err(RejectionReason::TooLarge)
}

#[derive(Clone, Copy)]
struct Chunk<'a> {
    kind: &'a [u8],
    content: &'a [u8],
    whole: &'a [u8],
}

fn chunk<'a>(rest: &mut Cursor<'a>) -> Option<Chunk<'a>> {
    let start = *rest;
    let length = rest.length()?;
    let kind = rest.take(4)?;
    let content = rest.take(length)?;
    let sum = rest.u32()?;
    // Readers differ on chunks with a wrong checksum.
    if crc(kind, content) != sum {
        return None;
    }
    let whole = start.0.get(..length.checked_add(12)?)?;
    Some(Chunk { kind, content, whole })
}

fn put(cleaned: &mut Vec<u8>, kind: [u8; 4], content: &[u8]) {
    cleaned.extend_from_slice(&u32::try_from(content.len()).unwrap_or(0).to_be_bytes());
    cleaned.extend_from_slice(&kind);
    cleaned.extend_from_slice(content);
    cleaned.extend_from_slice(&crc(&kind, content).to_be_bytes());
}

fn crc(kind: &[u8], content: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(kind);
    crc.update(content);
    crc.sum()
}

fn exif_orientation(mut rest: Cursor<'_>) -> Option<image::metadata::Orientation> {
    for _ in 0..MAX_CHUNKS {
        let chunk = chunk(&mut rest)?;
        if chunk.kind == b"eXIf" {
            return orientation::read_exif(chunk.content);
        }
    }
    None
}
