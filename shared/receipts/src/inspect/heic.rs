//! HEIC (ISO/IEC 23008-12): nested boxes. The box `meta` lists the items (the picture, often in tiles, its EXIF, its
//! XMP) and their offsets in the file. The offsets must stay valid, so the sanitized file keeps its length: it starts
//! as zeros, and known parts of the picture are copied into it. Metadata and unreferenced bytes are not copied. The
//! orientation is a property (`irot`, `imir`) and is kept. The picture is not decoded.

mod boxes;
mod items;

use std::ops::Range;

use outlay_domain::receipt::RejectionReason;

use boxes::{BoxRange, Boxes};
use items::{Extent, Items, Source};

use super::budget::Budget;
use super::cursor::Cursor;
use super::picture::check_size;

/// Brands of HEVC pictures, single or in sequences.
const BRANDS: [&[u8]; 6] = [b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1"];
/// Brands of the same family with another codec.
const OTHER_BRANDS: [&[u8]; 2] = [b"avif", b"avis"];
/// Boxes of `meta` that are copied. Bytes of `idat` are copied by item.
const META: [&[u8; 4]; 7] = [b"hdlr", b"dinf", b"pitm", b"iinf", b"iloc", b"iref", b"grpl"];
/// Properties that are copied: decoder configuration, colour, size, crop, orientation. Descriptions by users are not.
const PROPERTIES: [&[u8; 4]; 12] =
    [b"hvcC", b"ispe", b"colr", b"pixi", b"pasp", b"clap", b"irot", b"imir", b"auxC", b"clli", b"mdcv", b"lsel"];

/// Limit of boxes with media data. Cameras write one or two. Each extent of an item is searched in all of them.
const MAX_MEDIA: usize = 100;
/// Cost of a box and of an extent in units of the budget.
const PART_UNITS: u64 = 5000;

/// True when the brands of a file are those of HEIC.
pub(super) fn is_heic(bytes: &[u8]) -> bool {
    let Some(ftyp) = Boxes::of(bytes, 0..bytes.len()).next() else { return false };
    let Some(content) = bytes.get(ftyp.content()) else { return false };
    // Major brand, minor version, compatible brands.
    let mut brands = content.chunks_exact(4).enumerate().filter(|(index, _)| *index != 1).map(|(_, brand)| brand);
    let is_other = brands.clone().any(|brand| OTHER_BRANDS.contains(&brand));
    ftyp.kind == *b"ftyp" && !is_other && brands.any(|brand| BRANDS.contains(&brand))
}

/// Rewrites a file without its metadata.
pub(super) fn clean(bytes: &[u8], budget: &mut Budget) -> Result<Vec<u8>, RejectionReason> {
    let plan = CopyPlan::of(bytes, budget)?;
    // Thousands of overlapping extents would cost unbounded work.
    let copied = plan.copied.iter().fold(0_usize, |sum, range| sum.saturating_add(range.len()));
    if copied > bytes.len().saturating_mul(2) {
        return Err(RejectionReason::Damaged);
    }
    let mut cleaned = vec![0; plan.end];
    for range in plan.copied {
        let (from, to) = bytes.get(range.clone()).zip(cleaned.get_mut(range)).ok_or(RejectionReason::Damaged)?;
        to.copy_from_slice(from);
    }
    for start in plan.blanked {
        // The type of a box is four bytes after its start.
        let kind = start.checked_add(4).and_then(|start| cleaned.get_mut(start..start.checked_add(4)?));
        kind.ok_or(RejectionReason::Damaged)?.copy_from_slice(b"free");
    }
    Ok(cleaned)
}

/// Planned changes to the file.
#[derive(Default)]
struct CopyPlan {
    copied: Vec<Range<usize>>,
    /// Offsets of boxes whose type becomes `free`.
    blanked: Vec<usize>,
    /// Ranges in which bytes of items may be.
    media: Vec<Range<usize>>,
    /// End of the last known box; the rest is cut off.
    end: usize,
}

impl CopyPlan {
    fn of(bytes: &[u8], budget: &mut Budget) -> Result<Self, RejectionReason> {
        let mut plan = Self::default();
        let mut meta = None;
        for found in Boxes::of(bytes, 0..bytes.len()) {
            budget.spend(PART_UNITS)?;
            match &found.kind {
                b"ftyp" if found.start == 0 => plan.copied.push(found.whole()),
                b"meta" if meta.is_none() => meta = Some(found.clone()),
                b"mdat" if plan.media.len() >= MAX_MEDIA => return Err(RejectionReason::TooLarge),
                b"mdat" => {
                    plan.copied.push(found.header());
                    plan.media.push(found.content());
                }
                _ => {
                    plan.blank(&found);
                    continue;
                }
            }
            plan.end = found.end;
        }
        plan.blanked.retain(|start| *start < plan.end);
        plan.copied.retain(|range| range.start < plan.end);
        plan.meta(bytes, &meta.ok_or(RejectionReason::Damaged)?, budget)?;
        Ok(plan)
    }

    fn blank(&mut self, found: &BoxRange) {
        self.copied.push(found.header());
        self.blanked.push(found.start);
    }

    fn meta(&mut self, bytes: &[u8], meta: &BoxRange, budget: &mut Budget) -> Result<(), RejectionReason> {
        // A version and flags precede the child boxes.
        let inside = meta.content_after(4).ok_or(RejectionReason::Damaged)?;
        self.copied.push(meta.start..inside.start);
        let mut found = Vec::new();
        let mut idat = None;
        for child in Boxes::of(bytes, inside) {
            budget.spend(PART_UNITS)?;
            match &child.kind {
                b"iprp" => self.properties(bytes, &child, budget)?,
                b"idat" if idat.is_none() => {
                    self.copied.push(child.header());
                    idat = Some(child.content());
                }
                kind if META.contains(&kind) => self.copied.push(child.whole()),
                _ => self.blank(&child),
            }
            found.push(child);
        }
        let content = |kind: &[u8; 4]| {
            let child = found.iter().find(|child| child.kind == *kind)?;
            bytes.get(child.content()).map(Cursor)
        };
        let handler = content(b"hdlr").and_then(|hdlr| hdlr.0.get(8..12)).ok_or(RejectionReason::Damaged)?;
        let has_properties = found.iter().any(|child| child.kind == *b"iprp");
        if handler != b"pict" || !has_properties {
            return Err(RejectionReason::Damaged);
        }
        let items = content(b"pitm").zip(content(b"iinf")).zip(content(b"iloc"));
        let items =
            items.and_then(|((pitm, iinf), iloc)| Items::read(pitm, iinf, iloc)).ok_or(RejectionReason::Damaged)?;
        for extent in items.of_pictures() {
            budget.spend(PART_UNITS)?;
            let range = self.extent_range(*extent, idat.as_ref()).ok_or(RejectionReason::Damaged)?;
            self.copied.push(range);
        }
        Ok(())
    }

    /// Range of an extent in the file; `None` outside `mdat` and `idat`.
    fn extent_range(&self, extent: Extent, idat: Option<&Range<usize>>) -> Option<Range<usize>> {
        let base = match extent.source {
            Source::File => 0,
            Source::Idat => idat?.start,
        };
        let start = base.checked_add(extent.offset)?;
        let end = start.checked_add(extent.length)?;
        let mut places = self.media.iter().chain(idat);
        places.any(|place| place.start <= start && end <= place.end).then_some(start..end)
    }

    fn properties(&mut self, bytes: &[u8], iprp: &BoxRange, budget: &mut Budget) -> Result<(), RejectionReason> {
        self.copied.push(iprp.header());
        let mut is_sized = false;
        for child in Boxes::of(bytes, iprp.content()) {
            budget.spend(PART_UNITS)?;
            match &child.kind {
                b"ipco" => {
                    self.copied.push(child.header());
                    for property in Boxes::of(bytes, child.content()) {
                        budget.spend(PART_UNITS)?;
                        // A removed property stays as `free`, because properties are referenced by number.
                        if !PROPERTIES.contains(&&property.kind) {
                            self.blank(&property);
                            continue;
                        }
                        if property.kind == *b"ispe" {
                            check_extent(bytes, &property)?;
                            is_sized = true;
                        }
                        self.copied.push(property.whole());
                    }
                }
                b"ipma" => self.copied.push(child.whole()),
                _ => self.blank(&child),
            }
        }
        if is_sized { Ok(()) } else { Err(RejectionReason::Damaged) }
    }
}

/// Checks the size of a picture or tile.
fn check_extent(bytes: &[u8], ispe: &BoxRange) -> Result<(), RejectionReason> {
    let content = ispe.content_after(4).and_then(|range| bytes.get(range)).ok_or(RejectionReason::Damaged)?;
    let mut content = Cursor(content);
    let (width, height) = content.u32().zip(content.u32()).ok_or(RejectionReason::Damaged)?;
    check_size(width, height)
}
