//! The boxes of a file, one after the other (ISO/IEC 14496-12): a length, a kind of four letters, and what is inside.

use std::ops::Range;

use crate::inspect::cursor::Cursor;

/// Where a box lies in the file.
#[derive(Clone, Debug)]
pub(super) struct BoxRange {
    pub(super) kind: [u8; 4],
    pub(super) start: usize,
    inside: usize,
    pub(super) end: usize,
}

impl BoxRange {
    pub(super) const fn whole(&self) -> Range<usize> {
        self.start..self.end
    }

    pub(super) const fn header(&self) -> Range<usize> {
        self.start..self.inside
    }

    pub(super) const fn content(&self) -> Range<usize> {
        self.inside..self.end
    }

    /// The content without so many bytes at its start.
    pub(super) fn content_after(&self, bytes: usize) -> Option<Range<usize>> {
        let start = self.inside.checked_add(bytes)?;
        (start <= self.end).then_some(start..self.end)
    }
}

/// The boxes in a part of a file, up to the first that is none.
pub(super) struct Boxes<'a> {
    bytes: &'a [u8],
    left: Range<usize>,
}

impl<'a> Boxes<'a> {
    pub(super) const fn of(bytes: &'a [u8], part: Range<usize>) -> Self {
        Self { bytes, left: part }
    }
}

impl Iterator for Boxes<'_> {
    type Item = BoxRange;

    fn next(&mut self) -> Option<BoxRange> {
        let start = self.left.start;
        let mut rest = Cursor(self.bytes.get(self.left.clone())?);
        let available = rest.0.len();
        let short = rest.length()?;
        // Zeros are what is left where something was.
        let kind = rest.array().filter(|kind| *kind != [0; 4])?;
        let length = match short {
            // To the end of what it is in.
            0 => available,
            1 => usize::try_from(rest.sized(8)?).ok()?,
            length => length,
        };
        let header = available.checked_sub(rest.0.len())?;
        if length < header || length > available {
            return None;
        }
        let inside = start.checked_add(header)?;
        let end = start.checked_add(length)?;
        self.left.start = end;
        Some(BoxRange { kind, start, inside, end })
    }
}
