//! WebP, rewritten from the chunks of the picture. Removes EXIF, XMP, colour profile, unknown chunks, and data after
//! the end. Rejects animations: they have no single picture that every reader shows.

use outlay_domain::receipt::RejectionReason;

use super::cursor::Cursor;
use super::orientation;
use super::picture::check_size;

const HEADER_BYTES: usize = 12;
/// Flags of the extended header: transparency, EXIF, animation.
const ALPHA: u8 = 0x10;
const EXIF: u8 = 0x08;
const ANIMATION: u8 = 0x02;
/// Limit of chunks. A picture has five.
const MAX_CHUNKS: usize = 1000;
/// Size limit of lossless data, in bytes. It can define as many code tables as it has room for: 1 MB takes 300 MB of
/// memory. Screenshots are smaller, and cameras do not write it.
const MAX_LOSSLESS_BYTES: usize = 1_000_000;

/// Rewrites a file without its metadata.
pub(super) fn clean(bytes: &[u8]) -> Result<Vec<u8>, RejectionReason> {
    let chunks = chunks(bytes).ok_or(RejectionReason::Damaged)?;
    if chunks.iter().any(|chunk| matches!(&chunk.kind, b"ANIM" | b"ANMF")) {
        return Err(RejectionReason::UnknownType);
    }
    let find = |kind: &[u8; 4]| chunks.iter().find(|chunk| chunk.kind == *kind).map(|chunk| chunk.content);
    // Exactly one picture: readers differ on which of two they show.
    if find(b"VP8 ").is_some() == find(b"VP8L").is_some() {
        return Err(RejectionReason::Damaged);
    }
    let size = find(b"VP8 ").map_or_else(|| find(b"VP8L").and_then(lossless_size), lossy_size);
    let (width, height) = size.ok_or(RejectionReason::Damaged)?;
    check_size(width, height)?;
    let lossless = [b"VP8L", b"ALPH"].iter().filter_map(|kind| find(kind)).map(<[u8]>::len).sum::<usize>();
    if lossless > MAX_LOSSLESS_BYTES {
        return Err(RejectionReason::TooLarge);
    }
    let orientation_exif = find(b"EXIF").and_then(orientation::read_exif).map(orientation::to_exif);
    let mut body = Vec::with_capacity(bytes.len());
    if let Some(extended) = find(b"VP8X") {
        let header = extended_header(extended, orientation_exif.is_some())?;
        put(&mut body, *b"VP8X", &header).ok_or(RejectionReason::Damaged)?;
    }
    // In the order of the format; each at most once.
    for kind in [b"ALPH", b"VP8 ", b"VP8L"] {
        // Separate transparency is valid only with the extended header.
        let belongs = find(b"VP8X").is_some() || kind.starts_with(b"VP8");
        if let Some(content) = find(kind).filter(|_| belongs) {
            put(&mut body, *kind, content).ok_or(RejectionReason::Damaged)?;
        }
    }
    if let Some(exif) = orientation_exif.filter(|_| find(b"VP8X").is_some()) {
        put(&mut body, *b"EXIF", &exif).ok_or(RejectionReason::Damaged)?;
    }
    let length = u32::try_from(body.len().saturating_add(4)).map_err(|_| RejectionReason::Damaged)?;
    Ok([b"RIFF".as_slice(), &length.to_le_bytes(), b"WEBP", &body].concat())
}

/// Size in the header of a lossy picture: two numbers of 14 bits after frame tag and start code.
fn lossy_size(content: &[u8]) -> Option<(u32, u32)> {
    let [_, _, _, 0x9D, 0x01, 0x2A, w0, w1, h0, h1] = content.first_chunk::<10>()? else { return None };
    let side = |low: &u8, high: &u8| u32::from(u16::from_le_bytes([*low, *high]) & 0x3FFF);
    Some((side(w0, w1), side(h0, h1)))
}

/// Size in the header of a lossless picture: two numbers of 14 bits after the signature, each one less than the size.
fn lossless_size(content: &[u8]) -> Option<(u32, u32)> {
    let [0x2F, bits @ ..] = content.first_chunk::<5>()? else { return None };
    let bits = u32::from_le_bytes(*bits);
    Some(((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1))
}

/// Extended header with the flags of kept chunks, and cleared reserved bits.
fn extended_header(header: &[u8], exif: bool) -> Result<[u8; 10], RejectionReason> {
    let mut header: [u8; 10] = header.try_into().map_err(|_| RejectionReason::Damaged)?;
    let [flags, reserved @ .., w0, w1, w2, h0, h1, h2] = &mut header;
    if *flags & ANIMATION != 0 {
        return Err(RejectionReason::UnknownType);
    }
    let side = |bytes: [u8; 3]| {
        let [low, middle, high] = bytes;
        u32::from_le_bytes([low, middle, high, 0]).saturating_add(1)
    };
    check_size(side([*w0, *w1, *w2]), side([*h0, *h1, *h2]))?;
    *flags = (*flags & ALPHA) | if exif { EXIF } else { 0 };
    reserved.fill(0);
    Ok(header)
}

struct Chunk<'a> {
    kind: [u8; 4],
    content: &'a [u8],
}

/// Chunks within the length in the header.
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
        // A chunk of odd length has a padding byte, which some writers omit at the end.
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
