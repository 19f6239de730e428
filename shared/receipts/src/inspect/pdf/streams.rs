//! Streams of a PDF: incremental decompression within a budget, and search for names of actions.

use std::collections::BTreeSet;

use flate2::{Decompress, FlushDecompress, Status};
use outlay_domain::receipt::RejectionReason;

use crate::inspect::cursor::find;

use super::lexer::{hex, is_delimiter, is_space, unescaped};

/// Limit of bytes read and written in decompressing one file.
const MAX_DECODED_BYTES: usize = 512_000_000;
/// Size limit of a decompressed object stream, in bytes: some hundred thousand objects.
const MAX_OBJECT_STREAM_BYTES: usize = 16_000_000;
/// Chunk size of decompression, in bytes.
const PIECE: usize = 64 * 1024;
/// Longest match of an action name and the key before it, in bytes.
const SEARCH_WINDOW: usize = 80;

/// Names that actions of these types need.
const ACTIONS: [&[u8]; 10] = [
    b"JavaScript",
    b"Launch",
    b"SubmitForm",
    b"ImportData",
    b"GoToR",
    b"GoToE",
    b"Rendition",
    b"EmbeddedFile",
    b"FileAttachment",
    b"RichMedia",
];
/// Text before an action name. Without it, the name is part of a URL or a text.
const BEFORE: [&[u8]; 5] = [b"/S", b"/#53", b"/Type", b"/Subtype", b"obj"];

/// Remaining budget of decompression, in bytes.
pub(super) struct DecodeBudget(usize);

impl Default for DecodeBudget {
    fn default() -> Self {
        Self(MAX_DECODED_BYTES)
    }
}

impl DecodeBudget {
    fn spend(&mut self, bytes: usize) -> Result<(), RejectionReason> {
        self.0 = self.0.checked_sub(bytes).ok_or(RejectionReason::TooLarge)?;
        Ok(())
    }
}

/// Encoding of a stream by its dictionary.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct StreamEncoding {
    /// Filters, outermost first.
    pub(super) filters: Vec<StreamFilter>,
    /// True when rows are predicted from those above.
    pub(super) has_predictor: bool,
}

/// Filter of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StreamFilter {
    Flate,
    Hex,
    Ascii85,
    /// LZW or run length: compression that is obsolete for objects.
    Lzw,
    /// Named by a reference. Treated as Flate, which nearly all writers use.
    Unknown,
    /// Picture, encryption, or unknown filter.
    Other,
}

impl StreamFilter {
    pub(super) fn from_name(name: &[u8]) -> Self {
        match name {
            b"FlateDecode" | b"Fl" => Self::Flate,
            b"ASCIIHexDecode" | b"AHx" => Self::Hex,
            b"ASCII85Decode" | b"A85" => Self::Ascii85,
            b"LZWDecode" | b"LZW" | b"RunLengthDecode" | b"RL" => Self::Lzw,
            _ => Self::Other,
        }
    }

    const fn is_compression(self) -> bool {
        matches!(self, Self::Flate | Self::Lzw | Self::Unknown)
    }
}

/// Decompresses an object stream.
pub(super) fn decode_object_stream(
    data: &[u8],
    encoding: &StreamEncoding,
    budget: &mut DecodeBudget,
) -> Result<Vec<u8>, RejectionReason> {
    // Writers use no other filters here, and they could not be inspected within limits.
    let is_known = encoding
        .filters
        .iter()
        .all(|filter| !matches!(filter, StreamFilter::Lzw | StreamFilter::Unknown | StreamFilter::Other));
    if encoding.has_predictor || !is_known {
        return Err(RejectionReason::Damaged);
    }
    let mut objects = Vec::new();
    let is_whole = decode_stream(data, encoding, budget, &mut |piece| {
        if objects.len().saturating_add(piece.len()) > MAX_OBJECT_STREAM_BYTES {
            return Err(RejectionReason::TooLarge);
        }
        objects.extend_from_slice(piece);
        Ok(())
    })?;
    if is_whole { Ok(objects) } else { Err(RejectionReason::Damaged) }
}

/// True when a stream of any type contains an action name.
pub(super) fn stream_hides_action(
    data: &[u8],
    encoding: &StreamEncoding,
    budget: &mut DecodeBudget,
) -> Result<bool, RejectionReason> {
    let mut is_found = false;
    let mut window: Vec<u8> = Vec::new();
    decode_stream(data, encoding, budget, &mut |piece| {
        window.extend_from_slice(piece);
        is_found = is_found || names_action(&window);
        // A name can span two chunks.
        window.drain(..window.len().saturating_sub(SEARCH_WINDOW));
        Ok(())
    })?;
    Ok(is_found)
}

/// True when data after a `stream` keyword outside the known streams contains an action name. A reference table can
/// lead readers to such data within a string, a comment or another stream.
pub(super) fn unlisted_streams_hide_action(
    bytes: &[u8],
    known: &BTreeSet<usize>,
    budget: &mut DecodeBudget,
) -> Result<bool, RejectionReason> {
    const KEYWORD: &[u8] = b"stream";
    let encoding = StreamEncoding { filters: vec![StreamFilter::Flate], has_predictor: false };
    let mut at = 0_usize;
    while let Some(found) = bytes.get(at..).and_then(|rest| find(rest, KEYWORD)) {
        let keyword = at.saturating_add(found);
        at = keyword.saturating_add(KEYWORD.len());
        let line = line_length(bytes.get(at..).unwrap_or_default());
        let start = at.saturating_add(line);
        let is_end = bytes.get(..keyword).is_some_and(|before| before.ends_with(b"end"));
        if line == 0 || is_end || known.contains(&start) {
            continue;
        }
        // Each attempt costs at least one buffer.
        budget.spend(PIECE)?;
        if stream_hides_action(bytes.get(start..).unwrap_or_default(), &encoding, budget)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Keywords at the start of objects and trailers.
pub(super) const OBJECT_KEYWORDS: [&[u8]; 2] = [b"obj", b"trailer"];

/// True when such a keyword starts an object or trailer where the scan has not seen one: in a string, a comment or a
/// stream, where a reference table can lead readers. Plain text such as "2 trailers" or "an obj" does not count.
pub(super) fn has_hidden_object(bytes: &[u8], seen: &BTreeSet<usize>) -> bool {
    OBJECT_KEYWORDS.iter().any(|word| {
        let mut at = 0_usize;
        while let Some(found) = bytes.get(at..).and_then(|rest| find(rest, word)) {
            let start = at.saturating_add(found);
            at = start.saturating_add(word.len());
            let (before, after) = (bytes.get(..start).unwrap_or_default(), bytes.get(at..).unwrap_or_default());
            let begins = if *word == b"obj" { ends_number(before) } else { opens_dictionary(after) };
            let is_word = after.first().is_none_or(|byte| is_space(*byte) || is_delimiter(*byte));
            if is_word && begins && !seen.contains(&start) {
                return true;
            }
        }
        false
    })
}

/// True when a number precedes, or a line end, before which a comment could be.
fn ends_number(before: &[u8]) -> bool {
    for byte in before.iter().rev() {
        match byte {
            b'\r' | b'\n' | b'0'..=b'9' => return true,
            byte if is_space(*byte) => {}
            _ => return false,
        }
    }
    false
}

/// True when a dictionary or a comment follows.
fn opens_dictionary(after: &[u8]) -> bool {
    let next = after.iter().position(|byte| !is_space(*byte)).and_then(|at| after.get(at..)).unwrap_or_default();
    next.starts_with(b"<<") || next.starts_with(b"%")
}

/// Length of a line end at the start.
pub(super) fn line_length(bytes: &[u8]) -> usize {
    match bytes {
        [b'\r', b'\n', ..] => 2,
        [b'\r' | b'\n', ..] => 1,
        _ => 0,
    }
}

/// True when the bytes contain an action name after its key.
pub(super) fn names_action(bytes: &[u8]) -> bool {
    let mut at = 0_usize;
    while let Some(next) = bytes.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == b'/')) {
        let slash = at.saturating_add(next);
        at = slash.saturating_add(1);
        let rest = bytes.get(at..).unwrap_or_default();
        let rest = rest.get(..SEARCH_WINDOW / 2).unwrap_or(rest);
        let length = rest.iter().position(|byte| is_space(*byte) || is_delimiter(*byte)).unwrap_or(rest.len());
        let name = unescaped(rest.get(..length).unwrap_or_default());
        if ACTIONS.contains(&name.as_ref()) && follows_key(bytes.get(..slash).unwrap_or_default()) {
            return true;
        }
    }
    false
}

fn follows_key(before: &[u8]) -> bool {
    let spaces = before.iter().rev().take(SEARCH_WINDOW / 2).take_while(|byte| is_space(**byte)).count();
    let before = before.get(..before.len().saturating_sub(spaces)).unwrap_or_default();
    BEFORE.iter().any(|key| before.ends_with(key))
}

type Sink<'s> = dyn FnMut(&[u8]) -> Result<(), RejectionReason> + 's;

/// Passes the decoded bytes of a stream to `sink`. Returns false when a filter is not supported or the data is
/// truncated.
fn decode_stream(
    data: &[u8],
    encoding: &StreamEncoding,
    budget: &mut DecodeBudget,
    sink: &mut Sink<'_>,
) -> Result<bool, RejectionReason> {
    // Compressed twice, a few bytes expand a million times.
    if encoding.filters.iter().filter(|filter| filter.is_compression()).count() > 1 {
        return Err(RejectionReason::Damaged);
    }
    let mut written = None::<Vec<u8>>;
    for filter in &encoding.filters {
        let data = written.as_deref().unwrap_or(data);
        match filter {
            StreamFilter::Hex => written = Some(from_hex(data)),
            StreamFilter::Ascii85 => written = Some(from_ascii85(data)),
            StreamFilter::Flate | StreamFilter::Unknown => return inflate(data, budget, sink),
            StreamFilter::Lzw | StreamFilter::Other => return Ok(false),
        }
    }
    sink(written.as_deref().unwrap_or(data))?;
    Ok(true)
}

/// Inflates data with or without a zlib header, as readers do. Passes truncated data on as far as it goes; returns
/// false then.
fn inflate(data: &[u8], budget: &mut DecodeBudget, sink: &mut Sink<'_>) -> Result<bool, RejectionReason> {
    match inflate_as(data, true, budget, sink)? {
        Inflated::Nothing => Ok(inflate_as(data, false, budget, sink)? == Inflated::Whole),
        inflated => Ok(inflated == Inflated::Whole),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Inflated {
    Nothing,
    Part,
    Whole,
}

fn inflate_as(
    data: &[u8],
    has_header: bool,
    budget: &mut DecodeBudget,
    sink: &mut Sink<'_>,
) -> Result<Inflated, RejectionReason> {
    let mut decoder = Decompress::new(has_header);
    let mut piece = vec![0; PIECE];
    let mut rest = data;
    let mut has_output = false;
    loop {
        let (read, made) = (decoder.total_in(), decoder.total_out());
        let status = decoder.decompress(rest, &mut piece, FlushDecompress::None);
        let count = |after: u64, before: u64| usize::try_from(after.saturating_sub(before)).unwrap_or(0);
        let (read, made) = (count(decoder.total_in(), read), count(decoder.total_out(), made));
        rest = rest.get(read..).unwrap_or_default();
        // Input counts too: blocks can be empty.
        budget.spend(read.saturating_add(made))?;
        if made > 0 {
            has_output = true;
            sink(piece.get(..made).unwrap_or_default())?;
        }
        match status {
            Ok(Status::StreamEnd) => return Ok(Inflated::Whole),
            Ok(Status::Ok) if read.saturating_add(made) > 0 => {}
            _ => return Ok(if has_output { Inflated::Part } else { Inflated::Nothing }),
        }
    }
}

fn from_hex(data: &[u8]) -> Vec<u8> {
    let digits: Vec<u8> = data.iter().take_while(|byte| **byte != b'>').filter_map(|byte| hex(*byte)).collect();
    digits.chunks(2).map(|pair| pair.iter().fold(0, |sum, digit| sum << 4 | digit) << (4 * (2 - pair.len()))).collect()
}

/// Decodes five digits of base 85 to four bytes, `z` to four zeros, and fewer digits at the end to fewer bytes.
fn from_ascii85(data: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(data.len());
    let mut group: Vec<u8> = Vec::with_capacity(5);
    for byte in data.iter().take_while(|byte| **byte != b'~') {
        match byte {
            b'z' if group.is_empty() => plain.extend_from_slice(&[0; 4]),
            b'!'..=b'u' => group.push(byte - b'!'),
            _ => {}
        }
        if group.len() == 5 {
            plain.extend_from_slice(&from_group(&group));
            group.clear();
        }
    }
    let kept = group.len().saturating_sub(1);
    group.resize(5, 84);
    plain.extend(from_group(&group).into_iter().take(kept));
    plain
}

fn from_group(group: &[u8]) -> [u8; 4] {
    group.iter().fold(0_u32, |sum, digit| sum.wrapping_mul(85).wrapping_add(u32::from(*digit))).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn action_name_counts_after_its_key_only() {
        for text in
            ["/S/JavaScript", "/S /J#61vaScript/JS 1 0 R", "/#53\n/Launch ", "7 0 obj /GoToR", "/Type/EmbeddedFile>>"]
        {
            assert!(names_action(text.as_bytes()), "{text}");
        }
        for text in
            ["(HTML/CSS/JavaScript)", "https://example.com/Launch", "/S /JavaScripts", "/S /URI", "/S(/Launch)", "/S"]
        {
            assert!(!names_action(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn ascii_filters_are_decoded() {
        assert_eq!(from_hex(b"48 65\n6C6c 7>no"), b"Hellp");
        assert_eq!(from_ascii85(b"87cUR D]i,\"Ebo80z~>"), b"Hello World!\0\0\0\0");
        assert_eq!(from_ascii85(b"87cURDZ~>"), b"Hello");
    }

    #[test]
    fn nested_stream_starts_exhaust_the_budget() {
        // Each start decompresses everything after it.
        let block = [b"\0\x07\0\xF8\xFF".as_slice(), b"stream\n"].concat();
        let search = |count, budget| {
            unlisted_streams_hide_action(&block.repeat(count), &BTreeSet::new(), &mut DecodeBudget(budget))
        };
        assert_eq!(search(100, 10_000_000), Ok(false));
        assert_eq!(search(1000, 10_000_000), Err(RejectionReason::TooLarge));
        // Empty blocks cost budget too.
        let nothing = [b"stream\n".as_slice(), &b"\0\0\0\xFF\xFF".repeat(1000)].concat();
        assert_eq!(
            unlisted_streams_hide_action(&nothing, &BTreeSet::new(), &mut DecodeBudget(PIECE + 4999)),
            Err(RejectionReason::TooLarge)
        );
    }
}
