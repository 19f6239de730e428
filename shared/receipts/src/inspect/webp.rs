//! WebP, written again from the chunks that make the picture and its colours. EXIF, XMP and unknown chunks go, and all that follows
//! the end. An animation is refused: it has no picture by itself that every reader shows, and no till prints one.

use outlay_domain::receipt::Unfit;

use super::cursor::Cursor;
use super::orientation;
use super::picture::check_size;

const HEADER_BYTES: usize = 12;
/// Flags of the extended header: colour profile, transparency, EXIF, animation.
const ICC: u8 = 0x20;
const ALPHA: u8 = 0x10;
const EXIF: u8 = 0x08;
const ANIMATION: u8 = 0x02;
/// The most chunks that are looked at; a picture has five.
const MAX_CHUNKS: usize = 1000;

/// The file without what is not the picture.
pub(super) fn clean(bytes: &[u8]) -> Result<Vec<u8>, Unfit> {
    let chunks = chunks(bytes).ok_or(Unfit::Damaged)?;
    if chunks.iter().any(|chunk| matches!(&chunk.kind, b"ANIM" | b"ANMF")) {
        return Err(Unfit::UnknownType);
    }
    let find = |kind: &[u8; 4]| chunks.iter().find(|chunk| chunk.kind == *kind).map(|chunk| chunk.content);
    // One picture, not one for each kind of reader.
    if find(b"VP8 ").is_some() == find(b"VP8L").is_some() {
        return Err(Unfit::Damaged);
    }
    let size = find(b"VP8 ").map_or_else(|| find(b"VP8L").and_then(lossless_size), lossy_size);
    let (width, height) = size.ok_or(Unfit::Damaged)?;
    check_size(width, height)?;
    let told = find(b"EXIF").and_then(orientation::told).map(orientation::alone);
    let mut body = Vec::with_capacity(bytes.len());
    if let Some(extended) = find(b"VP8X") {
        let header = extended_header(extended, find(b"ICCP").is_some(), told.is_some())?;
        put(&mut body, *b"VP8X", &header).ok_or(Unfit::Damaged)?;
    }
    // In the order the format asks for; each at most once.
    for kind in [b"ICCP", b"ALPH", b"VP8 ", b"VP8L"] {
        // Only the extended header says that there are a profile and transparency of their own.
        let belongs = find(b"VP8X").is_some() || kind.starts_with(b"VP8");
        if let Some(content) = find(kind).filter(|_| belongs) {
            put(&mut body, *kind, content).ok_or(Unfit::Damaged)?;
        }
    }
    if let Some(exif) = told.filter(|_| find(b"VP8X").is_some()) {
        put(&mut body, *b"EXIF", &exif).ok_or(Unfit::Damaged)?;
    }
    let length = u32::try_from(body.len().saturating_add(4)).map_err(|_| Unfit::Damaged)?;
    Ok([b"RIFF".as_slice(), &length.to_le_bytes(), b"WEBP", &body].concat())
}

/// The size in the head of a lossy picture: two numbers of 14 bits behind a frame tag and a start code.
fn lossy_size(content: &[u8]) -> Option<(u32, u32)> {
    let [_, _, _, 0x9D, 0x01, 0x2A, w0, w1, h0, h1] = content.first_chunk::<10>()? else { return None };
    let side = |low: &u8, high: &u8| u32::from(u16::from_le_bytes([*low, *high]) & 0x3FFF);
    Some((side(w0, w1), side(h0, h1)))
}

/// The size in the head of a lossless picture: two numbers of 14 bits behind a signature, each less by one.
fn lossless_size(content: &[u8]) -> Option<(u32, u32)> {
    let [0x2F, bits @ ..] = content.first_chunk::<5>()? else { return None };
    let bits = u32::from_le_bytes(*bits);
    Some(((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1))
}

/// The extended header with flags for what is kept, and reserved bits as they should be.
fn extended_header(header: &[u8], icc: bool, exif: bool) -> Result<[u8; 10], Unfit> {
    let mut header: [u8; 10] = header.try_into().map_err(|_| Unfit::Damaged)?;
    let [flags, reserved @ .., w0, w1, w2, h0, h1, h2] = &mut header;
    if *flags & ANIMATION != 0 {
        return Err(Unfit::UnknownType);
    }
    let side = |bytes: [u8; 3]| {
        let [low, middle, high] = bytes;
        u32::from_le_bytes([low, middle, high, 0]).saturating_add(1)
    };
    check_size(side([*w0, *w1, *w2]), side([*h0, *h1, *h2]))?;
    *flags = (*flags & ALPHA) | if icc { ICC } else { 0 } | if exif { EXIF } else { 0 };
    reserved.fill(0);
    Ok(header)
}

struct Chunk<'a> {
    kind: [u8; 4],
    content: &'a [u8],
}

/// The chunks that the length in the header encloses.
fn chunks(bytes: &[u8]) -> Option<Vec<Chunk<'_>>> {
    let mut header = Cursor(bytes);
    header.take(4)?;
    let length = usize::try_from(u32::from_le_bytes(header.array()?)).ok()?;
    let enclosed = header.take(length)?;
    let mut rest = Cursor(enclosed.get(HEADER_BYTES.checked_sub(8)?..)?);
    let mut chunks = Vec::new();
    while !rest.is_empty() {
        if chunks.len() == MAX_CHUNKS {
            return None;
        }
        let kind = rest.array()?;
        let length = usize::try_from(u32::from_le_bytes(rest.array()?)).ok()?;
        chunks.push(Chunk { kind, content: rest.take(length)? });
        // A chunk of odd length is followed by one byte more, which some writers leave out at the end.
        if length % 2 == 1 {
            rest.take(1);
        }
    }
    Some(chunks)
}

fn put(body: &mut Vec<u8>, kind: [u8; 4], content: &[u8]) -> Option<()> {
    body.extend_from_slice(&kind);
    body.extend_from_slice(&u32::try_from(content.len()).ok()?.to_le_bytes());
    body.extend_from_slice(content);
    if content.len() % 2 == 1 {
        body.push(0);
    }
    Some(())
}
