//! JPEG, rewritten from the segments of the picture: tables, frame, scans, colours (ICC profile, Adobe marker). Removes
//! EXIF with position and thumbnail, XMP, IPTC, comments, further pictures (MPF), and data after the end.

use outlay_domain::receipt::RejectionReason;

use super::cursor::Cursor;
use super::orientation;

const END: u8 = 0xD9;
const START_OF_SCAN: u8 = 0xDA;
const EXIF_SEGMENT: u8 = 0xE1;
/// Length of a JFIF segment without its thumbnail.
const JFIF_BYTES: usize = 12;

/// Rewrites a file without its metadata.
pub(super) fn clean(bytes: &[u8]) -> Result<Vec<u8>, RejectionReason> {
    let mut cleaned = Vec::with_capacity(bytes.len());
    rewrite(bytes, &mut cleaned).ok_or(RejectionReason::Damaged)?;
    Ok(cleaned)
}

/// Writes the kept part of each segment up to the end of the picture; `None` when the end is missing.
fn rewrite(bytes: &[u8], cleaned: &mut Vec<u8>) -> Option<()> {
    let mut rest = Cursor(bytes);
    cleaned.extend_from_slice(rest.take(2)?);
    if let Some(rotation) = exif_orientation(rest) {
        put(cleaned, EXIF_SEGMENT, &[orientation::EXIF, &orientation::to_exif(rotation)].concat())?;
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

/// Reads the next marker and its content. Skips, and so removes, bytes before it, as readers do.
fn segment<'a>(rest: &mut Cursor<'a>) -> Option<(u8, &'a [u8])> {
    rest.take(rest.0.iter().position(|byte| *byte == 0xFF)?)?;
    let mut marker = 0xFF;
    while marker == 0xFF {
        marker = rest.u8()?;
    }
    match marker {
        END => Some((marker, &[])),
        // A second start, a restart outside a scan, or no marker.
        0x00..=0x01 | 0xD0..=0xD8 => None,
        _ => {
            let length = usize::from(rest.u16()?).checked_sub(2)?;
            Some((marker, rest.take(length)?))
        }
    }
}

/// Kept part of a segment; `None` for all but known segments.
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
    // The thumbnail of JFIF is cut off; its size of 0 by 0 takes two bytes.
    let no_thumbnail: &[u8] = if marker == 0xE0 { &[0, 0] } else { &[] };
    let length = u16::try_from(content.len().checked_add(no_thumbnail.len())?.checked_add(2)?).ok()?;
    cleaned.extend_from_slice(&[0xFF, marker]);
    cleaned.extend_from_slice(&length.to_be_bytes());
    cleaned.extend_from_slice(content);
    cleaned.extend_from_slice(no_thumbnail);
    Some(())
}

/// Length of a scan: up to the next marker that is neither a stuffed zero nor a restart.
fn scan_length(bytes: &[u8]) -> usize {
    let is_end = |pair: &[u8]| matches!(pair, [0xFF, second] if !matches!(second, 0x00 | 0xD0..=0xD7));
    bytes.windows(2).position(is_end).unwrap_or(bytes.len())
}

/// Orientation in the first EXIF segment before the first scan.
fn exif_orientation(mut rest: Cursor<'_>) -> Option<image::metadata::Orientation> {
    loop {
        match segment(&mut rest)? {
            (END | START_OF_SCAN, _) => return None,
            (EXIF_SEGMENT, content) if content.starts_with(orientation::EXIF) => {
                return orientation::read_exif(content);
            }
            _ => {}
        }
    }
}
