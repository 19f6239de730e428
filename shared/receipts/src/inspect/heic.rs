//! HEIC (ISO/IEC 23008-12): a file of nested boxes, of which `meta` lists the items (the picture, often in tiles, its EXIF, its XMP) and
//! says where in the file the bytes of each lie. Those places are positions in the file, so the file keeps its length: a new one of
//! zeros is made, and what is known to make the picture is copied over. Metadata, and bytes that belong to nothing, are not.
//! The way up is a property of the picture here (`irot`, `imir`) and stays. The picture itself is not decoded.

mod boxes;
mod items;

use std::ops::Range;

use outlay_domain::receipt::Unfit;

use boxes::{BoxRange, Boxes};
use items::{Extent, Items, Source};

use super::cursor::Cursor;
use super::picture::check_size;

/// Brands of pictures coded as HEVC, alone or in sequences.
const BRANDS: [&[u8]; 6] = [b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1"];
/// Brands of the same family with another codec.
const OTHER_BRANDS: [&[u8]; 2] = [b"avif", b"avis"];
/// What of `meta` is copied; the bytes in `idat` are looked at one by one.
const META: [&[u8; 4]; 7] = [b"hdlr", b"dinf", b"pitm", b"iinf", b"iloc", b"iref", b"grpl"];
/// The properties of pictures that are copied: how to decode, colour, size, crop, the way up. Descriptions by people are others.
const PROPERTIES: [&[u8; 4]; 12] =
    [b"hvcC", b"ispe", b"colr", b"pixi", b"pasp", b"clap", b"irot", b"imir", b"auxC", b"clli", b"mdcv", b"lsel"];

/// Whether the brands of a file are those of HEIC.
pub(super) fn is_heic(bytes: &[u8]) -> bool {
    let Some(ftyp) = Boxes::of(bytes, 0..bytes.len()).next() else { return false };
    let Some(content) = bytes.get(ftyp.content()) else { return false };
    // Major brand, its version, and the brands it is compatible with.
    let mut brands = content.chunks_exact(4).enumerate().filter(|(index, _)| *index != 1).map(|(_, brand)| brand);
    let is_other = brands.clone().any(|brand| OTHER_BRANDS.contains(&brand));
    ftyp.kind == *b"ftyp" && !is_other && brands.any(|brand| BRANDS.contains(&brand))
}

/// The file without what is not the picture.
pub(super) fn clean(bytes: &[u8]) -> Result<Vec<u8>, Unfit> {
    let plan = Plan::of(bytes)?;
    // Pieces that lie over each other, thousands of times, would be work without end.
    let copied = plan.copied.iter().fold(0_usize, |sum, range| sum.saturating_add(range.len()));
    if copied > bytes.len().saturating_mul(2) {
        return Err(Unfit::Damaged);
    }
    let mut cleaned = vec![0; plan.end];
    for range in plan.copied {
        let (from, to) = bytes.get(range.clone()).zip(cleaned.get_mut(range)).ok_or(Unfit::Damaged)?;
        to.copy_from_slice(from);
    }
    for start in plan.blanked {
        // The kind of a box stands four bytes after its start.
        let kind = start.checked_add(4).and_then(|start| cleaned.get_mut(start..start.checked_add(4)?));
        kind.ok_or(Unfit::Damaged)?.copy_from_slice(b"free");
    }
    Ok(cleaned)
}

/// What is done with the file, before anything is.
#[derive(Default)]
struct Plan {
    copied: Vec<Range<usize>>,
    /// Where boxes start that are no longer what they were.
    blanked: Vec<usize>,
    /// The places where bytes of items may lie.
    media: Vec<Range<usize>>,
    /// Where the last known box ends; what follows is cut off.
    end: usize,
}

impl Plan {
    fn of(bytes: &[u8]) -> Result<Self, Unfit> {
        let mut plan = Self::default();
        let mut meta = None;
        for found in Boxes::of(bytes, 0..bytes.len()) {
            match &found.kind {
                b"ftyp" if found.start == 0 => plan.copied.push(found.whole()),
                b"meta" if meta.is_none() => meta = Some(found.clone()),
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
        plan.meta(bytes, &meta.ok_or(Unfit::Damaged)?)?;
        Ok(plan)
    }

    fn blank(&mut self, found: &BoxRange) {
        self.copied.push(found.header());
        self.blanked.push(found.start);
    }

    fn meta(&mut self, bytes: &[u8], meta: &BoxRange) -> Result<(), Unfit> {
        // A version and flags stand before the boxes inside.
        let inside = meta.content_after(4).ok_or(Unfit::Damaged)?;
        self.copied.push(meta.start..inside.start);
        let mut found = Vec::new();
        let mut idat = None;
        for child in Boxes::of(bytes, inside) {
            match &child.kind {
                b"iprp" => self.properties(bytes, &child)?,
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
        let handler = content(b"hdlr").and_then(|hdlr| hdlr.0.get(8..12)).ok_or(Unfit::Damaged)?;
        let has_properties = found.iter().any(|child| child.kind == *b"iprp");
        if handler != b"pict" || !has_properties {
            return Err(Unfit::Damaged);
        }
        let items = content(b"pitm").zip(content(b"iinf")).zip(content(b"iloc"));
        let items = items.and_then(|((pitm, iinf), iloc)| Items::read(pitm, iinf, iloc)).ok_or(Unfit::Damaged)?;
        for extent in items.of_pictures() {
            let range = self.place(*extent, idat.as_ref()).ok_or(Unfit::Damaged)?;
            self.copied.push(range);
        }
        Ok(())
    }

    /// Where bytes of an item lie: nowhere but in boxes that are for that.
    fn place(&self, extent: Extent, idat: Option<&Range<usize>>) -> Option<Range<usize>> {
        let base = match extent.source {
            Source::File => 0,
            Source::Idat => idat?.start,
        };
        let start = base.checked_add(extent.offset)?;
        let end = start.checked_add(extent.length)?;
        let mut places = self.media.iter().chain(idat);
        places.any(|place| place.start <= start && end <= place.end).then_some(start..end)
    }

    fn properties(&mut self, bytes: &[u8], iprp: &BoxRange) -> Result<(), Unfit> {
        self.copied.push(iprp.header());
        let mut is_sized = false;
        for child in Boxes::of(bytes, iprp.content()) {
            match &child.kind {
                b"ipco" => {
                    self.copied.push(child.header());
                    for property in Boxes::of(bytes, child.content()) {
                        // One that goes leaves its place, since properties are named by their number.
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
        if is_sized { Ok(()) } else { Err(Unfit::Damaged) }
    }
}

/// The size of a picture or tile is within limits.
fn check_extent(bytes: &[u8], ispe: &BoxRange) -> Result<(), Unfit> {
    let content = ispe.content_after(4).and_then(|range| bytes.get(range)).ok_or(Unfit::Damaged)?;
    let mut content = Cursor(content);
    let (width, height) = content.u32().zip(content.u32()).ok_or(Unfit::Damaged)?;
    check_size(width, height)
}
