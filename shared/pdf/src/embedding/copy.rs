//! Copy of the pages of a file: a new file with one flat page tree, the contents of the pages, and what their resources
//! refer to. Annotations, scripts, forms, layers and metadata stay behind.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write;

use super::objects::{File, decode};
use super::syntax::{Dictionary, Object, write_object};
use crate::metrics::Length;

/// Largest number of pages, as at the inspection.
const MAX_PAGES: usize = 200;
/// Largest size of the contents of all pages, as stored and decoded. A part counts each time it is used.
const MAX_CONTENT_BYTES: usize = 64_000_000;
/// Bytes that each part of the contents counts for at least.
const CONTENT_PART_BYTES: usize = 64;
/// Largest number of values in the resources of all pages. Each page repeats those that it shares.
const MAX_RESOURCE_VALUES: usize = 500_000;
/// Largest number of kinds of resources; there are eight.
const MAX_RESOURCE_KINDS: usize = 40;
/// Largest number of nodes of the page tree.
const MAX_NODES: usize = 2_000;
/// Largest number of annotations that are looked at.
const MAX_ANNOTATIONS: usize = 10_000;
/// Shortest and longest side of a page, in thousandths of a point.
const SIDES: std::ops::RangeInclusive<i64> = 3_000..=20_000_000;
/// A4, which readers assume.
const DEFAULT_BOX: [i64; 4] = [0, 0, 595_000, 842_000];
/// Number of the page tree in the new file; the catalog is the first object.
const PAGE_TREE: usize = 2;
/// Entries that are not copied: they mean nothing without the rest of the file.
const DROPPED: [&[u8]; 10] = [
    b"AF",
    b"LastModified",
    b"Metadata",
    b"OC",
    b"OPI",
    b"Parent",
    b"PieceInfo",
    b"Ref",
    b"StructParent",
    b"StructParents",
];
/// Entries of streams that are not copied: they lead to other files.
const DROPPED_OF_STREAMS: [&[u8]; 3] = [b"F", b"FDecodeParms", b"FFilter"];

/// New file.
pub(super) struct CopiedPages {
    /// Bytes.
    pub(super) bytes: Vec<u8>,
    /// Widths and heights of the pages as shown.
    pub(super) pages: Vec<(Length, Length)>,
    /// True when the original shows more: annotations, form fields, layers.
    pub(super) has_more: bool,
}

/// Attributes that pages inherit.
#[derive(Clone, Default)]
struct Inherited<'a> {
    media_box: Option<&'a Object>,
    crop_box: Option<&'a Object>,
    rotation: Option<&'a Object>,
    resources: Option<&'a Object>,
}

/// Copies the pages; none when there are none, or at a limit.
pub(super) fn copy_pages(file: &File<'_>) -> Option<CopiedPages> {
    let catalog = file.dictionary(file.root.as_ref()?)?;
    let mut has_more = catalog.contains_key(b"OCProperties".as_slice());
    let pages = find_pages(file, catalog.get(b"Pages".as_slice())?)?;
    let mut copy = Copy::new(file);
    let (mut sizes, mut kids) = (Vec::with_capacity(pages.len()), Vec::with_capacity(pages.len()));
    for (page, inherited) in &pages {
        has_more |= has_annotations(file, page);
        let (size, number) = copy.add_page(page, inherited)?;
        sizes.push(size);
        kids.push(number);
    }
    copy.add_reachable()?;
    Some(CopiedPages { bytes: copy.finish(&kids), pages: sizes, has_more })
}

/// Pages in order, with what they inherit.
fn find_pages<'a>(file: &'a File<'_>, root: &'a Object) -> Option<Vec<(&'a Dictionary, Inherited<'a>)>> {
    let mut pages = Vec::new();
    let mut seen = BTreeSet::new();
    let mut open = vec![(root, Inherited::default())];
    while let Some((node, above)) = open.pop() {
        // Each node once, so that no circle is followed.
        let (Some(number), Object::Dictionary(entries)) = file.resolve(node) else { continue };
        if !seen.insert(number) {
            continue;
        }
        if seen.len() > MAX_NODES || pages.len() >= MAX_PAGES {
            return None;
        }
        let own = |name: &[u8], above| entries.get(name).or(above);
        let inherited = Inherited {
            media_box: own(b"MediaBox", above.media_box),
            crop_box: own(b"CropBox", above.crop_box),
            rotation: own(b"Rotate", above.rotation),
            resources: own(b"Resources", above.resources),
        };
        match file.get(entries, b"Kids") {
            Some(Object::Array(kids)) => {
                if open.len().saturating_add(kids.len()) > 2 * MAX_NODES {
                    return None;
                }
                open.extend(kids.iter().rev().map(|kid| (kid, inherited.clone())));
            }
            _ => pages.push((entries, inherited)),
        }
    }
    (!pages.is_empty()).then_some(pages)
}

/// True for annotations that show something.
fn has_annotations(file: &File<'_>, page: &Dictionary) -> bool {
    let Some(Object::Array(annotations)) = file.get(page, b"Annots") else { return false };
    annotations.iter().take(MAX_ANNOTATIONS).any(|annotation| {
        let Some(entries) = file.dictionary(annotation) else { return false };
        let is_quiet = |kind: &Object| kind.is_name(b"Link") || kind.is_name(b"Popup");
        !file.get(entries, b"Subtype").is_some_and(is_quiet)
    })
}

struct Copy<'a> {
    file: &'a File<'a>,
    /// Bytes of the new objects; none for those whose number is reserved.
    objects: Vec<Option<Vec<u8>>>,
    numbers: BTreeMap<u32, usize>,
    waiting: VecDeque<(u32, usize)>,
    content_bytes: usize,
    resource_values: usize,
}

impl<'a> Copy<'a> {
    fn new(file: &'a File<'a>) -> Self {
        Self {
            file,
            // Catalog and page tree.
            objects: vec![None, None],
            numbers: BTreeMap::new(),
            waiting: VecDeque::new(),
            content_bytes: MAX_CONTENT_BYTES,
            resource_values: MAX_RESOURCE_VALUES,
        }
    }

    /// Adds an object; returns its number.
    fn add(&mut self, bytes: Option<Vec<u8>>) -> usize {
        self.objects.push(bytes);
        self.objects.len()
    }

    /// Adds a page; returns its size as shown and its number.
    fn add_page(&mut self, page: &Dictionary, inherited: &Inherited<'_>) -> Option<((Length, Length), usize)> {
        let rotation = inherited.rotation.and_then(|value| self.file.resolve(value).1.integer()).unwrap_or(0);
        let rotation = rotation.rem_euclid(360) / 90 * 90;
        let [left, bottom, right, top] = self.page_box(inherited)?;
        let (width, height) = (right - left, top - bottom);
        let contents = self.contents(page)?;
        let contents = self.add(Some(stream(&Object::Dictionary(Dictionary::new()), &contents, &mut |_| None)));
        let mut text = format!(
            "<< /Type /Page /Parent {PAGE_TREE} 0 R /Rotate {rotation} /Contents {contents} 0 R \
             /MediaBox [{} {} {} {}] ",
            decimal(left),
            decimal(bottom),
            decimal(right),
            decimal(top),
        )
        .into_bytes();
        let file = self.file;
        let group = page.get(b"Group".as_slice());
        for (name, entries) in [("/Group ", group), ("/Resources ", inherited.resources)] {
            let Some(entries) = entries.and_then(|entries| file.dictionary(entries)) else { continue };
            let entries = self.flattened(entries)?;
            text.extend_from_slice(name.as_bytes());
            self.write(&mut text, &entries);
        }
        text.extend_from_slice(b" >>");
        let size = if rotation % 180 == 0 { (width, height) } else { (height, width) };
        Some((size, self.add(Some(text))))
    }

    /// Resources with the dictionaries of fonts, pictures and so on in place; none at a limit.
    fn flattened(&mut self, resources: &Dictionary) -> Option<Object> {
        if resources.len() > MAX_RESOURCE_KINDS {
            return None;
        }
        let mut flattened = Dictionary::new();
        for (name, value) in resources {
            let value = match self.file.resolve(value) {
                (_, inner @ Object::Dictionary(_)) => inner,
                _ => value,
            };
            // Before it is copied.
            self.resource_values = self.resource_values.checked_sub(value.weight())?;
            flattened.insert(name.clone(), value.clone());
        }
        Some(Object::Dictionary(flattened))
    }

    /// Visible part of a page.
    fn page_box(&self, inherited: &Inherited<'_>) -> Option<[i64; 4]> {
        let media = inherited.media_box.and_then(|value| self.rectangle(value)).unwrap_or(DEFAULT_BOX);
        let crop = inherited.crop_box.and_then(|value| self.rectangle(value)).unwrap_or(media);
        let [left, bottom, right, top] = media;
        let [crop_left, crop_bottom, crop_right, crop_top] = crop;
        let visible = [left.max(crop_left), bottom.max(crop_bottom), right.min(crop_right), top.min(crop_top)];
        [visible, media].into_iter().find(|[left, bottom, right, top]| {
            SIDES.contains(&right.saturating_sub(*left)) && SIDES.contains(&top.saturating_sub(*bottom))
        })
    }

    fn rectangle(&self, value: &Object) -> Option<[i64; 4]> {
        let (_, Object::Array(items)) = self.file.resolve(value) else { return None };
        let numbers: Option<Vec<i64>> = items
            .iter()
            .map(|item| self.file.resolve(item).1.thousandths().filter(|n| n.abs() < 1_000_000_000))
            .collect();
        let [x, y, other_x, other_y]: [i64; 4] = numbers?.try_into().ok()?;
        Some([x.min(other_x), y.min(other_y), x.max(other_x), y.max(other_y)])
    }

    /// Contents of a page, decoded.
    fn contents(&mut self, page: &Dictionary) -> Option<Vec<u8>> {
        let Some(value) = page.get(b"Contents".as_slice()) else { return Some(Vec::new()) };
        let file = self.file;
        let single;
        let parts: &[Object] = match file.resolve(value) {
            (_, Object::Array(parts)) => parts,
            (Some(number), Object::Dictionary(_)) => {
                single = [Object::Reference(number)];
                &single
            }
            _ => &[],
        };
        let mut contents = Vec::new();
        for part in parts {
            self.content_bytes = self.content_bytes.checked_sub(CONTENT_PART_BYTES)?;
            let (Some(number), Object::Dictionary(entries)) = file.resolve(part) else { continue };
            let Some(range) = file.indirect(number).and_then(|indirect| indirect.stream.as_ref()) else { continue };
            self.content_bytes = self.content_bytes.checked_sub(range.len())?;
            let (filter, parameters) = (file.get(entries, b"Filter"), file.get(entries, b"DecodeParms"));
            let decoded = decode(filter, parameters, file.raw(range), self.content_bytes)??;
            self.content_bytes = self.content_bytes.checked_sub(decoded.len())?;
            contents.extend_from_slice(&decoded);
            contents.push(b'\n');
        }
        Some(contents)
    }

    /// Adds the objects that have been referred to, and those that these refer to.
    fn add_reachable(&mut self) -> Option<()> {
        while let Some((old, new)) = self.waiting.pop_front() {
            let file = self.file;
            let reference = Object::Reference(old);
            let (last, object) = file.resolve(&reference);
            let object = without_dropped(object);
            let mut bytes = Vec::new();
            match last.and_then(|number| file.indirect(number)?.stream.as_ref()) {
                Some(range) => {
                    let raw = file.raw(range);
                    bytes = stream(&object, raw, &mut |number| Some(self.number(number)));
                }
                None => self.write(&mut bytes, &object),
            }
            *self.objects.get_mut(new.checked_sub(1)?)? = Some(bytes);
        }
        Some(())
    }

    fn write(&mut self, out: &mut Vec<u8>, object: &Object) {
        write_object(out, object, &mut |number| Some(self.number(number)));
    }

    /// New number of an object.
    fn number(&mut self, old: u32) -> usize {
        // Objects that only refer to another one are that one: it is copied once.
        let old = self.file.resolve(&Object::Reference(old)).0.unwrap_or(old);
        if let Some(number) = self.numbers.get(&old) {
            return *number;
        }
        let new = self.add(None);
        self.numbers.insert(old, new);
        self.waiting.push_back((old, new));
        new
    }

    /// The new file.
    fn finish(mut self, kids: &[usize]) -> Vec<u8> {
        let references: Vec<String> = kids.iter().map(|kid| format!("{kid} 0 R")).collect();
        let tree = format!("<< /Type /Pages /Count {} /Kids [{}] >>", kids.len(), references.join(" "));
        let catalog = format!("<< /Type /Catalog /Pages {PAGE_TREE} 0 R >>");
        for (object, text) in self.objects.iter_mut().zip([catalog, tree]) {
            *object = Some(text.into_bytes());
        }
        let mut bytes = b"%PDF-1.7\n".to_vec();
        let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", self.objects.len().saturating_add(1));
        for (object, number) in self.objects.into_iter().zip(1_usize..) {
            writeln!(table, "{:010} 00000 n ", bytes.len()).unwrap_or_default();
            bytes.extend_from_slice(format!("{number} 0 obj\n").as_bytes());
            bytes.extend_from_slice(object.as_deref().unwrap_or(b"null"));
            bytes.extend_from_slice(b"\nendobj\n");
        }
        let start = bytes.len();
        let size = table.lines().count().saturating_sub(2);
        bytes.extend_from_slice(table.as_bytes());
        let trailer = format!("trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n");
        bytes.extend_from_slice(trailer.as_bytes());
        bytes
    }
}

/// Stream with a new length.
fn stream(dictionary: &Object, raw: &[u8], number: &mut impl FnMut(u32) -> Option<usize>) -> Vec<u8> {
    let mut entries = match dictionary {
        Object::Dictionary(entries) => entries.clone(),
        _ => Dictionary::new(),
    };
    entries.retain(|name, _| !DROPPED_OF_STREAMS.contains(&name.as_slice()));
    entries.insert(b"Length".to_vec(), Object::Number(raw.len().to_string()));
    let mut bytes = Vec::with_capacity(raw.len().saturating_add(100));
    write_object(&mut bytes, &Object::Dictionary(entries), number);
    bytes.extend_from_slice(b"\nstream\n");
    bytes.extend_from_slice(raw);
    bytes.extend_from_slice(b"\nendstream");
    bytes
}

/// The object without entries that are not copied.
fn without_dropped(object: &Object) -> Object {
    match object {
        Object::Dictionary(entries) => {
            let kept = entries.iter().filter(|(name, _)| !DROPPED.contains(&name.as_slice()));
            Object::Dictionary(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
        }
        other => other.clone(),
    }
}

/// Decimal number of thousandths.
fn decimal(thousandths: i64) -> String {
    let sign = if thousandths < 0 { "-" } else { "" };
    format!("{sign}{}.{:03}", thousandths.unsigned_abs() / 1_000, thousandths.unsigned_abs() % 1_000)
}
