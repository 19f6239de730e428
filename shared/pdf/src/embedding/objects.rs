//! Objects of a file, found by scanning: offsets can be wrong or forged. The last definition of an object counts, as
//! after an update. Object streams are inflated within a limit.

use std::collections::BTreeMap;
use std::io::Read;
use std::ops::Range;

use flate2::read::ZlibDecoder;
use outlay_domain::receipt::MAX_FILE_BYTES;

use super::syntax::{Dictionary, Object, Parser, is_space};

/// Largest number of objects.
const MAX_OBJECTS: usize = 50_000;
/// Largest number of values in all objects.
const MAX_VALUES: usize = 3_000_000;
/// Largest size of all object streams, inflated.
const MAX_OBJECT_STREAM_BYTES: usize = 16_000_000;
/// Largest number of bytes that are parsed, those parsed in vain included.
const MAX_WORK: usize = 60_000_000;
/// Largest number of references that lead to one another.
const MAX_REFERENCES: usize = 8;
/// Bytes before `obj` that hold the number of an object.
const NUMBER_BYTES: usize = 24;

/// Indirect object.
#[derive(Debug)]
pub(super) struct Indirect {
    /// Object; the dictionary of a stream.
    pub(super) object: Object,
    /// Place of a stream's bytes.
    pub(super) stream: Option<Range<usize>>,
}

/// Objects of a file.
pub(super) struct File<'a> {
    bytes: &'a [u8],
    objects: BTreeMap<u32, Indirect>,
    /// Catalog.
    pub(super) root: Option<Object>,
}

/// Reads the objects; none when the file is encrypted, too large, or has no objects.
pub(super) fn read(bytes: &[u8]) -> Option<File<'_>> {
    if u64::try_from(bytes.len()).ok()? > MAX_FILE_BYTES {
        return None;
    }
    let mut file = File { bytes, objects: BTreeMap::new(), root: None };
    let mut limits = Limits {
        values: MAX_VALUES,
        work: MAX_WORK,
        object_stream_bytes: MAX_OBJECT_STREAM_BYTES,
        has_stream_ends: true,
    };
    let mut at = 0;
    while let Some(found) = find_keyword(bytes, at) {
        at = found.end;
        let mut parser = Parser::new(bytes, found.end, limits.values);
        let object = parser.object();
        limits.spend(&parser, found.end)?;
        if file.objects.len() > MAX_OBJECTS {
            return None;
        }
        let Some(object) = object else { continue };
        let Some(number) = found.number else {
            file.note_trailer(&object)?;
            continue;
        };
        let stream = stream_range(bytes, &mut parser, &object, &mut limits);
        at = stream.as_ref().map_or(parser.at, |stream| stream.end);
        if let (Object::Dictionary(entries), Some(stream)) = (&object, &stream) {
            match entries.get(b"Type".as_slice()) {
                Some(kind) if kind.is_name(b"XRef") => file.note_trailer(&object)?,
                Some(kind) if kind.is_name(b"ObjStm") => file.add_object_stream(entries, stream, &mut limits)?,
                _ => {}
            }
        }
        file.objects.insert(number, Indirect { object, stream });
    }
    file.root.is_some().then_some(file)
}

/// What may still be done with a file.
struct Limits {
    values: usize,
    work: usize,
    object_stream_bytes: usize,
    /// False once the end of a stream has been looked for in vain.
    has_stream_ends: bool,
}

impl Limits {
    /// Spends what a parser has read from a position; none when nothing is left.
    fn spend(&mut self, parser: &Parser<'_>, from: usize) -> Option<()> {
        self.values = parser.budget;
        self.work = self.work.checked_sub(parser.at.saturating_sub(from))?;
        (self.values > 0).then_some(())
    }
}

/// Keyword that an object or a trailer follows.
struct Found {
    /// End of the keyword.
    end: usize,
    /// Number of the object; none for a trailer.
    number: Option<u32>,
}

fn find_keyword(bytes: &[u8], from: usize) -> Option<Found> {
    let mut at = from;
    loop {
        let rest = bytes.get(at..)?;
        // Both keywords are found by a letter that they alone begin with in most files.
        let next = rest.iter().position(|byte| matches!(byte, b'o' | b't'))?;
        at = at.checked_add(next)?;
        let rest = bytes.get(at..)?;
        if rest.starts_with(b"obj") {
            let end = at.checked_add(3)?;
            if let Some(number) = object_number(bytes, at) {
                return Some(Found { end, number: Some(number) });
            }
        } else if rest.starts_with(b"trailer") {
            return Some(Found { end: at.checked_add(7)?, number: None });
        }
        at = at.checked_add(1)?;
    }
}

/// Number of the object whose keyword is at this position: `12 0 obj`.
fn object_number(bytes: &[u8], at: usize) -> Option<u32> {
    let before = bytes.get(at.saturating_sub(NUMBER_BYTES)..at)?;
    let trim = |bytes: &mut &[u8], is_part: fn(&u8) -> bool| -> usize {
        let count = bytes.iter().rev().take_while(|byte| is_part(byte)).count();
        *bytes = bytes.get(..bytes.len().saturating_sub(count)).unwrap_or_default();
        count
    };
    let mut rest = before;
    trim(&mut rest, |byte| is_space(*byte));
    let generation = trim(&mut rest, u8::is_ascii_digit);
    let space = trim(&mut rest, |byte| is_space(*byte));
    let with_number = rest;
    let digits = trim(&mut rest, u8::is_ascii_digit);
    if generation == 0 || space == 0 || digits == 0 {
        return None;
    }
    std::str::from_utf8(with_number.get(rest.len()..)?).ok()?.parse().ok()
}

/// Bytes of the stream that follows a dictionary.
fn stream_range(bytes: &[u8], parser: &mut Parser<'_>, object: &Object, limits: &mut Limits) -> Option<Range<usize>> {
    let Object::Dictionary(entries) = object else { return None };
    parser.skip_space();
    if !parser.skip(b"stream") {
        return None;
    }
    parser.skip(b"\r");
    parser.skip(b"\n");
    let start = parser.at;
    let stated = entries.get(b"Length".as_slice()).and_then(Object::integer).and_then(|length| {
        let end = start.checked_add(usize::try_from(length).ok()?)?;
        let mut after = Parser::new(bytes, end, 0);
        after.skip_space();
        after.skip(b"endstream").then_some(end)
    });
    let end = if let Some(end) = stated {
        end
    } else {
        let found =
            Some(bytes.get(start..)?).filter(|_| limits.has_stream_ends).and_then(|rest| find(rest, b"endstream"));
        limits.has_stream_ends = found.is_some();
        start.checked_add(found?)?
    };
    Some(start..end)
}

fn find(bytes: &[u8], text: &[u8]) -> Option<usize> {
    bytes.windows(text.len()).position(|window| window == text)
}

impl<'a> File<'a> {
    /// Notes the catalog; none for an encrypted file.
    fn note_trailer(&mut self, trailer: &Object) -> Option<()> {
        let Object::Dictionary(entries) = trailer else { return Some(()) };
        if entries.contains_key(b"Encrypt".as_slice()) {
            return None;
        }
        if let Some(root) = entries.get(b"Root".as_slice()) {
            self.root = Some(root.clone());
        }
        Some(())
    }

    /// Adds the objects of an object stream; none at a limit. A damaged one adds nothing.
    fn add_object_stream(&mut self, entries: &Dictionary, stream: &Range<usize>, limits: &mut Limits) -> Option<()> {
        let Some(content) = decode(
            entries.get(b"Filter".as_slice()),
            entries.get(b"DecodeParms".as_slice()),
            self.raw(stream),
            limits.object_stream_bytes,
        )?
        else {
            return Some(());
        };
        limits.object_stream_bytes = limits.object_stream_bytes.checked_sub(content.len())?;
        let integer = |name: &[u8]| usize::try_from(entries.get(name)?.integer()?).ok();
        let (Some(count), Some(first)) = (integer(b"N"), integer(b"First")) else { return Some(()) };
        let mut head = Parser::new(&content, 0, 0);
        for _ in 0..count.min(MAX_OBJECTS) {
            let (Some(number), Some(offset)) = (head.unsigned(), head.unsigned()) else { break };
            let at = first.checked_add(usize::try_from(offset).ok()?)?;
            let mut parser = Parser::new(&content, at, limits.values);
            let object = parser.object();
            limits.spend(&parser, at)?;
            if self.objects.len() > MAX_OBJECTS {
                return None;
            }
            if let Some(object) = object {
                self.objects.insert(number, Indirect { object, stream: None });
            }
        }
        Some(())
    }

    /// Bytes of a stream as stored.
    pub(super) fn raw(&self, stream: &Range<usize>) -> &'a [u8] {
        self.bytes.get(stream.clone()).unwrap_or_default()
    }

    /// Indirect object.
    pub(super) fn indirect(&self, number: u32) -> Option<&Indirect> {
        self.objects.get(&number)
    }

    /// Object that references lead to, and the number of the last one.
    pub(super) fn resolve<'b>(&'b self, object: &'b Object) -> (Option<u32>, &'b Object) {
        let (mut number, mut object) = (None, object);
        for _ in 0..MAX_REFERENCES {
            let Object::Reference(next) = object else { return (number, object) };
            number = Some(*next);
            object = self.objects.get(next).map_or(&Object::Null, |indirect| &indirect.object);
        }
        (None, &Object::Null)
    }

    /// Dictionary that references lead to.
    pub(super) fn dictionary<'b>(&'b self, object: &'b Object) -> Option<&'b Dictionary> {
        match self.resolve(object) {
            (_, Object::Dictionary(entries)) => Some(entries),
            _ => None,
        }
    }

    /// Entry of a dictionary, resolved.
    pub(super) fn get<'b>(&'b self, entries: &'b Dictionary, name: &[u8]) -> Option<&'b Object> {
        entries.get(name).map(|value| self.resolve(value).1).filter(|value| **value != Object::Null)
    }
}

/// Decodes a stream of at most `limit` bytes: the outer none for more, the inner none for one with other filters.
pub(super) fn decode(
    filter: Option<&Object>,
    parameters: Option<&Object>,
    raw: &[u8],
    limit: usize,
) -> Option<Option<Vec<u8>>> {
    // Predictors are for tables and pictures.
    if parameters.is_some_and(|value| !matches!(value, Object::Null | Object::Array(_))) {
        return Some(None);
    }
    let is = |filter: &Object, names: [&[u8]; 2]| names.iter().any(|name| filter.is_name(name));
    let is_flate = |filter: &Object| is(filter, [b"FlateDecode", b"Fl"]);
    let is_ascii85 = |filter: &Object| is(filter, [b"ASCII85Decode", b"A85"]);
    let decoded =
        match filter.map(|filter| if let Object::Array(all) = filter { all } else { std::slice::from_ref(filter) }) {
            None | Some([]) => Some(raw.to_vec()),
            Some([one]) if is_flate(one) => inflate(raw, limit)?,
            Some([one]) if is_ascii85(one) => decode_ascii85(raw),
            // Not twice the same: what is in between would have no limit.
            Some([one, two]) if is_ascii85(one) && is_flate(two) => match decode_ascii85(raw) {
                Some(packed) => inflate(&packed, limit)?,
                None => None,
            },
            Some(_) => None,
        };
    match decoded {
        Some(bytes) if bytes.len() > limit => None,
        other => Some(other),
    }
}

/// Inflates at most `limit` bytes: the outer none for more. What a damaged stream gives before its end counts.
fn inflate(bytes: &[u8], limit: usize) -> Option<Option<Vec<u8>>> {
    let mut content = Vec::new();
    let limit = u64::try_from(limit).ok()?;
    let result = ZlibDecoder::new(bytes).take(limit.saturating_add(1)).read_to_end(&mut content);
    if u64::try_from(content.len()).ok()? > limit {
        return None;
    }
    Some(if result.is_err() && content.is_empty() { None } else { Some(content) })
}

fn decode_ascii85(bytes: &[u8]) -> Option<Vec<u8>> {
    let end = find(bytes, b"~>").unwrap_or(bytes.len());
    let mut decoded = Vec::with_capacity(end);
    let (mut value, mut count) = (0_u64, 0_usize);
    for byte in bytes.get(..end)?.iter().filter(|byte| !is_space(**byte)) {
        match byte {
            b'z' if count == 0 => decoded.extend_from_slice(&[0; 4]),
            b'!'..=b'u' => {
                (value, count) = (value * 85 + u64::from(byte - b'!'), count + 1);
                if count == 5 {
                    decoded.extend_from_slice(&u32::try_from(value).ok()?.to_be_bytes());
                    (value, count) = (0, 0);
                }
            }
            _ => return None,
        }
    }
    if count > 1 {
        for _ in count..5 {
            value = value * 85 + 84;
        }
        decoded.extend_from_slice(u32::try_from(value).ok()?.to_be_bytes().get(..count.saturating_sub(1))?);
    }
    Some(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ascii85_decodes() {
        assert_eq!(decode_ascii85(b"87cUR D]i,\"Ebo80~>").unwrap(), b"Hello World!");
        assert_eq!(decode_ascii85(b"z87cURDZ~>").unwrap(), b"\0\0\0\0Hello");
        assert_eq!(decode_ascii85(b"\x7F~>"), None);
    }

    #[test]
    fn object_numbers_are_read_backwards() {
        assert_eq!(object_number(b"\n12 0 obj", 6), Some(12));
        assert_eq!(object_number(b"endobj", 3), None);
        assert_eq!(object_number(b"12 obj", 3), None);
    }
}
