//! JPEG, rewritten from the segments of the picture: tables, frame, scans, Adobe marker. Removes EXIF with position and
//! thumbnail, XMP, IPTC, comments, colour profile, further pictures (MPF), and data after the end. The decoder fills what
//! is missing with grey and goes over the whole picture in each scan, so here is checked that there is a picture, and
//! what it costs.

use outlay_domain::receipt::RejectionReason;

use super::budget::Budget;
use super::cursor::Cursor;
use super::orientation;
use super::picture::{check_memory, check_size};

const END: u8 = 0xD9;
const START_OF_SCAN: u8 = 0xDA;
const HUFFMAN_TABLES: u8 = 0xC4;
const QUANTIZATION_TABLES: u8 = 0xDB;
const EXIF_SEGMENT: u8 = 0xE1;
/// Length of a JFIF segment without its thumbnail.
const JFIF_BYTES: usize = 12;
/// Limit of segments. A progressive picture in many scans has some hundred.
const MAX_SEGMENTS: usize = 10_000;
/// Costs in units of the budget: a byte of a scan, a block in it, a block that is refined, and a byte of tables, each of
/// which the decoder turns into larger ones.
const SCAN_BYTE_UNITS: u64 = 40;
const BLOCK_UNITS: u64 = 20;
const REFINED_BLOCK_UNITS: u64 = 120;
const TABLE_BYTE_UNITS: u64 = 400;

/// Rewrites a file without its metadata.
pub(super) fn clean(bytes: &[u8], budget: &mut Budget) -> Result<Vec<u8>, RejectionReason> {
    let mut rest = Cursor(bytes);
    let mut cleaned = Vec::with_capacity(bytes.len());
    cleaned.extend_from_slice(rest.take(2).ok_or(RejectionReason::Damaged)?);
    if let Some(rotation) = exif_orientation(rest) {
        let exif = [orientation::EXIF, &orientation::to_exif(rotation)].concat();
        put(&mut cleaned, EXIF_SEGMENT, &exif).ok_or(RejectionReason::Damaged)?;
    }
    let mut frame = None::<Frame>;
    for _ in 0..MAX_SEGMENTS {
        let (marker, content) = segment(&mut rest).ok_or(RejectionReason::Damaged)?;
        match marker {
            END => {
                let is_whole = frame.is_some_and(|frame| frame.components.iter().all(|component| component.is_drawn));
                cleaned.extend_from_slice(&[0xFF, END]);
                return if is_whole { Ok(cleaned) } else { Err(RejectionReason::Damaged) };
            }
            // Readers differ on a second frame.
            0xC0..=0xC2 if frame.is_some() => return Err(RejectionReason::Damaged),
            0xC0..=0xC2 => frame = Some(Frame::read(marker, content)?),
            HUFFMAN_TABLES | QUANTIZATION_TABLES => budget.spend_each(content.len(), TABLE_BYTE_UNITS)?,
            _ => {}
        }
        if let Some(kept) = kept(marker, content) {
            put(&mut cleaned, marker, kept).ok_or(RejectionReason::Damaged)?;
        }
        if marker == START_OF_SCAN {
            let scan = rest.take(scan_length(rest.0)).ok_or(RejectionReason::Damaged)?;
            frame.as_mut().ok_or(RejectionReason::Damaged)?.draw(content, scan.len(), budget)?;
            cleaned.extend_from_slice(scan);
        }
    }
    Err(RejectionReason::TooLarge)
}

/// Frame of a picture.
struct Frame {
    is_progressive: bool,
    components: Vec<Component>,
}

/// Component of a picture, such as its brightness.
struct Component {
    id: u8,
    /// Blocks of 8 by 8 samples.
    blocks: usize,
    /// True when a scan has its lowest frequencies, without which there is nothing to see.
    is_drawn: bool,
}

impl Frame {
    fn read(marker: u8, content: &[u8]) -> Result<Self, RejectionReason> {
        let frame = Self::parse(marker, content).ok_or(RejectionReason::Damaged)?;
        let (height, width) = Cursor(content.get(1..).unwrap_or_default())
            .u16()
            .zip(Cursor(content.get(3..).unwrap_or_default()).u16())
            .ok_or(RejectionReason::Damaged)?;
        check_size(u32::from(width), u32::from(height))?;
        // A progressive picture is collected in numbers of two bytes before it is drawn.
        let samples = frame.components.iter().fold(0_u64, |sum, component| {
            sum.saturating_add(u64::try_from(component.blocks).unwrap_or(u64::MAX).saturating_mul(64))
        });
        let drawn = u64::from(width) * u64::from(height) * if frame.components.len() == 1 { 1 } else { 3 };
        check_memory(samples.saturating_mul(2).saturating_add(drawn))?;
        Ok(frame)
    }

    fn parse(marker: u8, content: &[u8]) -> Option<Self> {
        let mut rest = Cursor(content);
        let _precision = rest.u8()?;
        let (height, width) = (usize::from(rest.u16()?), usize::from(rest.u16()?));
        let count = rest.u8().filter(|count| (1..=4).contains(count))?;
        let factors = |byte: u8| Some((usize::from(byte >> 4), usize::from(byte & 0x0F)));
        let mut read = Vec::new();
        for _ in 0..count {
            let id = rest.u8()?;
            let (across, down) =
                factors(rest.u8()?).filter(|(across, down)| (1..=4).contains(across) && (1..=4).contains(down))?;
            rest.u8()?;
            read.push((id, across, down));
        }
        let most = |of: fn(&(u8, usize, usize)) -> usize| read.iter().map(of).max();
        let (across, down) = most(|component| component.1).zip(most(|component| component.2))?;
        let units = width.div_ceil(8 * across).checked_mul(height.div_ceil(8 * down))?;
        let component = |(id, across, down)| {
            let blocks = units.checked_mul(across * down)?;
            Some(Component { id, blocks, is_drawn: false })
        };
        let components = read.into_iter().map(component).collect::<Option<Vec<_>>>()?;
        Some(Self { is_progressive: marker == 0xC2, components })
    }

    /// Takes note of a scan; fails when it has too little data for its blocks.
    fn draw(&mut self, header: &[u8], bytes: usize, budget: &mut Budget) -> Result<(), RejectionReason> {
        let scan = Scan::read(header).ok_or(RejectionReason::Damaged)?;
        let is_first = scan.start == 0 && !scan.is_refinement;
        // A component that is alone in its scan has no blocks beyond the edge, at most three of four.
        let share = if scan.components.len() == 1 { 4 } else { 1 };
        let mut blocks = 0_usize;
        for id in scan.components {
            let component = self.components.iter_mut().find(|component| component.id == id);
            let component = component.ok_or(RejectionReason::Damaged)?;
            component.is_drawn |= is_first;
            blocks = blocks.saturating_add(component.blocks);
        }
        let is_refined = scan.is_refinement && scan.start > 0;
        budget.spend_each(blocks, if is_refined { REFINED_BLOCK_UNITS } else { BLOCK_UNITS })?;
        budget.spend_each(bytes, SCAN_BYTE_UNITS)?;
        // A block takes a bit for its lowest frequency, and without progression another for its end.
        let bits = if self.is_progressive { 1 } else { 2 };
        let least = blocks.saturating_mul(bits) / 8 / share;
        if is_first && (bytes == 0 || bytes < least) { Err(RejectionReason::Damaged) } else { Ok(()) }
    }
}

/// Header of a scan.
struct Scan {
    components: Vec<u8>,
    /// First frequency.
    start: u8,
    is_refinement: bool,
}

impl Scan {
    fn read(header: &[u8]) -> Option<Self> {
        let mut rest = Cursor(header);
        let count = rest.u8()?;
        let mut components = Vec::new();
        for _ in 0..count {
            components.push(rest.u8()?);
            rest.u8()?;
        }
        let [start, _, approximation] = rest.array()?;
        Some(Self { components, start, is_refinement: approximation >> 4 > 0 })
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
        // Frames, tables, scans, restart interval. No decoder knows the frames of other processes.
        0xC0..=0xC2 | HUFFMAN_TABLES | START_OF_SCAN | QUANTIZATION_TABLES | 0xDD => true,
        0xE0 => return content.get(..JFIF_BYTES).filter(|start| start.starts_with(b"JFIF\0")),
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
