//! Items of a HEIC file: types (`iinf`), locations (`iloc`), and the primary item (`pitm`).

use std::collections::{BTreeMap, BTreeSet};

use super::boxes::Boxes;
use crate::inspect::cursor::Cursor;

/// Types of picture items: coded ones, and those derived from others (grid, identity, overlay, tone map).
const PICTURES: [&[u8; 4]; 5] = [b"hvc1", b"grid", b"iden", b"iovl", b"tmap"];
/// Limit of items. A picture of 50 megapixels in tiles of 512 pixels has 200.
const MAX_ITEMS: u32 = 2000;
/// Limit of extents of all items.
const MAX_EXTENTS: usize = 10_000;

/// Base of an offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    File,
    Idat,
}

/// Byte range of an item.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    pub(super) source: Source,
    pub(super) offset: usize,
    pub(super) length: usize,
}

/// Items of the picture.
pub(super) struct Items {
    pictures: BTreeSet<u32>,
    extents: BTreeMap<u32, Vec<Extent>>,
}

impl Items {
    /// Reads the three boxes; `None` when they are malformed, contradictory or exceed a limit.
    pub(super) fn read(mut pitm: Cursor<'_>, iinf: Cursor<'_>, iloc: Cursor<'_>) -> Option<Self> {
        let items = Self { pictures: pictures(iinf)?, extents: extents(iloc)? };
        let version = pitm.u32()? >> 24;
        let primary = number(&mut pitm, version > 0)?;
        let is_there = items.pictures.contains(&primary) && items.extents.get(&primary).is_some_and(|e| !e.is_empty());
        is_there.then_some(items)
    }

    /// Extents of all picture items.
    pub(super) fn of_pictures(&self) -> impl Iterator<Item = &Extent> {
        self.extents.iter().filter(|(id, _)| self.pictures.contains(id)).flat_map(|(_, extents)| extents)
    }
}

/// Reads a number of two bytes, or of four in later versions of a box.
fn number(rest: &mut Cursor<'_>, is_wide: bool) -> Option<u32> {
    if is_wide { rest.u32() } else { rest.u16().map(u32::from) }
}

fn pictures(mut iinf: Cursor<'_>) -> Option<BTreeSet<u32>> {
    let version = iinf.u32()? >> 24;
    let count = number(&mut iinf, version > 0).filter(|count| *count <= MAX_ITEMS)?;
    let mut pictures = BTreeSet::new();
    let entries = Boxes::of(iinf.0, 0..iinf.0.len());
    for entry in entries.take(usize::try_from(count).ok()?) {
        let mut content = Cursor(iinf.0.get(entry.content())?);
        let version = content.u32()? >> 24;
        // Earlier versions have no item type.
        if entry.kind != *b"infe" || version < 2 {
            continue;
        }
        let id = number(&mut content, version > 2)?;
        let protection = content.u16()?;
        let kind: [u8; 4] = content.array()?;
        if PICTURES.contains(&&kind) && protection == 0 {
            pictures.insert(id);
        }
    }
    Some(pictures)
}

fn extents(mut iloc: Cursor<'_>) -> Option<BTreeMap<u32, Vec<Extent>>> {
    let version = iloc.u32()? >> 24;
    let [sizes, more_sizes] = iloc.array()?;
    let index_size = if version == 0 { 0 } else { more_sizes & 0x0F };
    let count = number(&mut iloc, version > 1).filter(|count| *count <= MAX_ITEMS)?;
    let mut items = BTreeMap::new();
    let mut total = 0_usize;
    for _ in 0..count {
        let id = number(&mut iloc, version > 1)?;
        let source = if version == 0 { Source::File } else { source(iloc.u16()?)? };
        // Bytes in another file are not supported.
        if iloc.u16()? != 0 {
            return None;
        }
        let base = iloc.sized(more_sizes >> 4)?;
        let pieces = usize::from(iloc.u16()?);
        total = total.checked_add(pieces).filter(|total| *total <= MAX_EXTENTS)?;
        let mut extents = Vec::new();
        for _ in 0..pieces {
            iloc.sized(index_size)?;
            let offset = base.checked_add(iloc.sized(sizes >> 4)?)?;
            let length = usize::try_from(iloc.sized(sizes & 0x0F)?).ok().filter(|length| *length > 0)?;
            extents.push(Extent { source, offset: usize::try_from(offset).ok()?, length });
        }
        // Readers differ on which entry of a duplicate item counts.
        if items.insert(id, extents).is_some() {
            return None;
        }
    }
    Some(items)
}

/// Construction method. The third, an offset into another item, is not used by cameras and not supported.
fn source(method: u16) -> Option<Source> {
    match method & 0x0F {
        0 => Some(Source::File),
        1 => Some(Source::Idat),
        _ => None,
    }
}
