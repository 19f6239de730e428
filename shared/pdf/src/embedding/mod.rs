//! PDFs of members, whose pages become pages here.
//!
//! The library that embeds pages trusts its input: a forged file makes it fail, recurse without end, or inflate without
//! a limit. So it never reads a member's file. `objects` reads that within limits, and `copy` writes a new file of only
//! what the pages need, with one flat page tree and a correct table, for the library. A file that does not fit into the
//! limits is attached instead.

mod copy;
mod objects;
mod syntax;

use std::sync::Arc;

use krilla::pdf::{Pdf, PdfDocument};

use crate::metrics::Length;

/// PDF whose pages can be shown.
pub(crate) struct EmbeddedPdf {
    /// File.
    pub(crate) document: PdfDocument,
    /// Widths and heights of its pages as shown.
    pub(crate) pages: Vec<(Length, Length)>,
    /// Original file, where the pages do not show everything.
    pub(crate) original: Option<Vec<u8>>,
    has_more: bool,
}

impl EmbeddedPdf {
    /// Reads a file; none when its pages cannot be shown.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let copied = copy::copy_pages(&objects::read(bytes)?)?;
        let pdf = Pdf::new(copied.bytes).ok()?;
        if pdf.pages().len() != copied.pages.len() {
            return None;
        }
        let document = PdfDocument::new(Arc::new(pdf));
        Some(Self { document, pages: copied.pages, original: None, has_more: copied.has_more })
    }

    /// The PDF with its original, if the pages do not show everything.
    pub(crate) fn with_original(self, bytes: Vec<u8>) -> Self {
        Self { original: Some(bytes).filter(|_| self.has_more), ..self }
    }
}
