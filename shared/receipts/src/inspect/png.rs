//! PNG, written again from the chunks that make the picture and its colours. Texts, EXIF, the time and unknown chunks go, and all that
//! follows the end. Of an animation the first picture stays: it is what a reader shows that knows no animations.

use outlay_domain::receipt::Unfit;

use super::cursor::Cursor;
use super::orientation;
use super::picture::check_size;

const SIGNATURE_BYTES: usize = 8;
/// What makes the picture.
const KEPT: [&[u8; 4]; 11] =
    [b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"pHYs"];
/// The most chunks that are looked at; a picture is written in chunks of some kilobytes.
const MAX_CHUNKS: usize = 100_000;

/// The file without what is not the picture.
pub(super) fn clean(bytes: &[u8]) -> Result<Vec<u8>, Unfit> {
    let mut rest = Cursor(bytes);
    let mut cleaned = Vec::with_capacity(bytes.len());
    cleaned.extend_from_slice(rest.take(SIGNATURE_BYTES).ok_or(Unfit::Damaged)?);
    let told = told(rest);
    for index in 0..MAX_CHUNKS {
        let chunk = chunk(&mut rest).ok_or(Unfit::Damaged)?;
        if (index == 0) != (chunk.kind == b"IHDR") {
            return Err(Unfit::Damaged);
        }
        if KEPT.iter().any(|kind| chunk.kind == *kind) {
            cleaned.extend_from_slice(chunk.whole);
        }
        match chunk.kind {
            b"IHDR" => {
                let mut header = Cursor(chunk.content);
                let (width, height) = header.u32().zip(header.u32()).ok_or(Unfit::Damaged)?;
                check_size(width, height)?;
                if let Some(told) = told {
                    put(&mut cleaned, *b"eXIf", &orientation::alone(told));
                }
            }
            b"IEND" => return Ok(cleaned),
            _ => {}
        }
    }
    Err(Unfit::Damaged)
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
    // With a wrong sum a reader would leave it out or stop, as it likes.
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

fn told(mut rest: Cursor<'_>) -> Option<image::metadata::Orientation> {
    for _ in 0..MAX_CHUNKS {
        let chunk = chunk(&mut rest)?;
        if chunk.kind == b"eXIf" {
            return orientation::told(chunk.content);
        }
    }
    None
}
