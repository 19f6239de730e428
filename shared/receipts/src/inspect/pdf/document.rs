//! Findings of the scan, and the tree of pages. The reference tables are not read: they can be forged, and readers
//! rebuild them from the objects when they are wrong. A file is complete when the tree from its root is: each node, each
//! page and the contents of each page are there. So a file that was cut off is detected wherever it ends.

use std::collections::{BTreeMap, BTreeSet};

use super::attachments::Attachments;
use super::lexer::Token;

/// Place of the encryption dictionary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EncryptionDict {
    /// Object of its own.
    Object(u64),
    /// In the trailer, from this offset.
    Inline(usize),
    /// Of no known form.
    Unknown,
}

impl From<&Token<'_>> for EncryptionDict {
    fn from(value: &Token<'_>) -> Self {
        match value {
            Token::Reference(number) => Self::Object(*number),
            Token::DictOpen => Self::Inline(0),
            _ => Self::Unknown,
        }
    }
}

/// Reference of an object that the tree of pages consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    /// Root of the tree, in the catalogue.
    Pages(u64),
    /// Marks an inner node, which has no page of its own.
    Node,
    /// Child of a node.
    Kid(u64),
    /// Contents of a page.
    Content(u64),
    /// Element of an array that is an object.
    Item(u64),
}

/// Object in all its revisions.
#[derive(Default)]
struct PdfObject {
    /// True when it can leave the document, as an action.
    leads_out: bool,
    /// True for an array or a dictionary.
    is_container: bool,
    links: Vec<Link>,
    /// Offset after its last start; 0 in an object stream.
    start: usize,
}

/// Findings of the scan.
#[derive(Default)]
pub(super) struct PdfContents {
    pub(super) is_active: bool,
    pub(super) encryption: Option<EncryptionDict>,
    /// First elements of file identifiers, and possibly other strings.
    pub(super) identifiers: Vec<Vec<u8>>,
    /// Objects that are the root of a revision.
    pub(super) roots: Vec<u64>,
    /// Objects that are actions on opening.
    pub(super) opened: BTreeSet<u64>,
    /// Objects of the type page.
    pub(super) typed_pages: BTreeSet<u64>,
    pub(super) attachments: Attachments,
    /// End of the last object, trailer or offset of the reference table.
    pub(super) end: usize,
    objects: BTreeMap<u64, PdfObject>,
}

impl PdfContents {
    /// Adds an object with the offset after its start; 0 in an object stream.
    pub(super) fn add_object(&mut self, number: u64, start: usize) {
        self.objects.entry(number).or_default().start = start;
    }

    /// Offset after the last start of an object outside object streams.
    pub(super) fn start_of(&self, number: u64) -> Option<usize> {
        self.objects.get(&number).map(|object| object.start).filter(|start| *start > 0)
    }

    /// Adds what an array or a dictionary says that is an object.
    pub(super) fn end_object(&mut self, number: u64, leads_out: bool, links: &[Link]) {
        let object = self.objects.entry(number).or_default();
        object.leads_out |= leads_out;
        object.is_container = true;
        object.links.extend_from_slice(links);
    }

    /// True when the file has active content.
    pub(super) fn is_active(&self) -> bool {
        // An object that was not found, or is no array and no dictionary, can be anything.
        let leads_out = |number| self.objects.get(number).is_none_or(|found| found.leads_out || !found.is_container);
        self.is_active || self.opened.iter().any(leads_out) || !self.attachments.are_invoices()
    }

    /// Number of pages; `None` when a part of the document is missing.
    pub(super) fn pages(&self) -> Option<usize> {
        let in_tree = self.roots.iter().rev().find_map(|root| self.pages_under(*root))?;
        Some(in_tree.max(self.typed_pages.len()))
    }

    /// Pages of the tree that a catalogue names.
    fn pages_under(&self, catalog: u64) -> Option<usize> {
        let of_catalog = self.objects.get(&catalog)?.links.iter();
        let mut open: Vec<u64> =
            of_catalog.filter_map(|link| if let Link::Pages(n) = link { Some(*n) } else { None }).collect();
        let (mut pages, mut visited) = (0_usize, BTreeSet::new());
        while let Some(number) = open.pop() {
            let object = self.objects.get(&number)?;
            if !visited.insert(number) {
                continue;
            }
            let mut is_page = true;
            for link in &object.links {
                match link {
                    // The children, or an array of them.
                    Link::Kid(number) | Link::Item(number) => {
                        is_page = false;
                        open.push(*number);
                    }
                    Link::Node => is_page = false,
                    Link::Content(number) if !self.objects.contains_key(number) => return None,
                    Link::Content(_) | Link::Pages(_) => {}
                }
            }
            pages = pages.saturating_add(usize::from(is_page));
        }
        (pages > 0).then_some(pages)
    }
}
