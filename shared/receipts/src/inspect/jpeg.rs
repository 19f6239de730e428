//! JPEG, written again from the segments that make the picture: tables, frame, scans, the colours (ICC, the Adobe marker). EXIF with
//! its position and its thumbnail, XMP, IPTC, comments and further pictures (MPF) go, and all that follows the end.

use outlay_domain::receipt::Unfit;

use super::cursor::Cursor;
use super::orientation;

const END: u8 = 0xD9;
const START_OF_SCAN: u8 = 0xDA;
const EXIF_SEGMENT: u8 = 0xE1;
/// JFIF with its density and without its thumbnail.
const JFIF_BYTES: usize = 12;

/// The file without what is not the picture.
pub(super) fn clean(bytes: &[u8]) -> Result<Vec<u8>, Unfit> {
    let mut cleaned = Vec::with_capacity(bytes.len());
    rewrite(bytes, &mut cleaned).ok_or(Unfit::Damaged)?;
    Ok(cleaned)
}

/// Writes what is kept of each segment, up to the end of the picture; `None` when that end is missing.
fn rewrite(bytes: &[u8], cleaned: &mut Vec<u8>) -> Option<()> {
    let mut rest = Cursor(bytes);
    cleaned.extend_from_slice(rest.take(2)?);
    if let Some(told) = told(rest) {
        put(cleaned, EXIF_SEGMENT, &[orientation::EXIF, &orientation::alone(told)].concat())?;
    }
    loop {
        let (marker, content) = segment(&mut rest)?;
        if marker == END {
            cleaned.extend_from_slice(&[0xFF, END]);
            return Some(());
        }
        if let Some(kept) = kept(marker, content) {
            put(cleaned, marker, kept)?;
        }
        if marker == START_OF_SCAN {
            cleaned.extend_from_slice(rest.take(scan_length(rest.0))?);
        }
    }
}

/// The next marker and what belongs to it. Readers pass over what stands before it; so does this, and it goes.
fn segment<'a>(rest: &mut Cursor<'a>) -> Option<(u8, &'a [u8])> {
    rest.take(rest.0.iter().position(|byte| *byte == 0xFF)?)?;
    let mut marker = 0xFF;
    while marker == 0xFF {
        marker = rest.u8()?;
    }
    match marker {
        END => Some((marker, &[])),
        // A second start, a restart outside of a scan, or no marker at all.
        0x00..=0x01 | 0xD0..=0xD8 => None,
        _ => {
            let length = usize::from(rest.u16()?).checked_sub(2)?;
            Some((marker, rest.take(length)?))
        }
    }
}

/// What of a segment is kept: known ones only, so that nothing unknown gets through.
fn kept(marker: u8, content: &[u8]) -> Option<&[u8]> {
    let is_kept = match marker {
        // Frames, tables, scans, restart interval.
        0xC0..=0xCF | START_OF_SCAN | 0xDB..=0xDD => true,
        0xE0 => return content.get(..JFIF_BYTES).filter(|start| start.starts_with(b"JFIF\0")),
        0xE2 => content.starts_with(b"ICC_PROFILE\0"),
        0xEE => content.len() == 12 && content.starts_with(b"Adobe"),
        _ => false,
    };
    is_kept.then_some(content)
}

fn put(cleaned: &mut Vec<u8>, marker: u8, content: &[u8]) -> Option<()> {
    // The thumbnail of JFIF is cut off; that there is none takes two bytes.
    let no_thumbnail: &[u8] = if marker == 0xE0 { &[0, 0] } else { &[] };
    let length = u16::try_from(content.len().checked_add(no_thumbnail.len())?.checked_add(2)?).ok()?;
    cleaned.extend_from_slice(&[0xFF, marker]);
    cleaned.extend_from_slice(&length.to_be_bytes());
    cleaned.extend_from_slice(content);
    cleaned.extend_from_slice(no_thumbnail);
    Some(())
}

/// How many bytes of a scan follow: up to the next marker that is neither a stuffed zero nor a restart.
fn scan_length(bytes: &[u8]) -> usize {
    let is_end = |pair: &[u8]| matches!(pair, [0xFF, second] if !matches!(second, 0x00 | 0xD0..=0xD7));
    bytes.windows(2).position(is_end).unwrap_or(bytes.len())
}

/// The orientation that the first EXIF segment before the first scan tells.
fn told(mut rest: Cursor<'_>) -> Option<image::metadata::Orientation> {
    loop {
        match segment(&mut rest)? {
            (END | START_OF_SCAN, _) => return None,
            (EXIF_SEGMENT, content) if content.starts_with(orientation::EXIF) => return orientation::told(content),
            _ => {}
        }
    }
}
