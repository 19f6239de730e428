//! Iterates over boxes (ISO/IEC 14496-12): length, type of four letters, content.

use std::ops::Range;

use crate::inspect::cursor::Cursor;

/// Position of a box in the file.
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

    /// Content after this number of bytes.
    pub(super) fn content_after(&self, bytes: usize) -> Option<Range<usize>> {
        let start = self.inside.checked_add(bytes)?;
        (start <= self.end).then_some(start..self.end)
    }
}

/// Boxes in a part of a file, up to the first malformed one.
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
        // A sanitized file has zeros in place of removed boxes.
        let kind = rest.array().filter(|kind| *kind != [0; 4])?;
        let length = match short {
            // Up to the end of the enclosing part.
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
