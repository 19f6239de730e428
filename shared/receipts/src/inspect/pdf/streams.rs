//! Streams of a PDF: incremental decompression within a budget, and search for names of actions.

use flate2::{Decompress, FlushDecompress, Status};
use outlay_domain::receipt::RejectionReason;

use crate::inspect::budget::Budget;
use crate::inspect::cursor::find;

use super::lexer::{from_hex, is_delimiter, is_space, unescaped};

/// Size limit of a decompressed object stream, in bytes: some hundred thousand objects.
const MAX_OBJECT_STREAM_BYTES: usize = 16_000_000;
/// Chunk size of decompression, in bytes.
const PIECE: usize = 64 * 1024;
/// Longest match of an action name and the key before it, in bytes.
const SEARCH_WINDOW: usize = 80;
/// Limit of the filters of a stream. Writers use one or two.
const MAX_FILTERS: usize = 4;
/// Costs in units of the budget: a stream, an attempt at an unlisted one, bytes read and made by decompression, and bytes read
/// that made no output, as in a chain of empty blocks.
const STREAM_UNITS: u64 = 20_000;
const UNLISTED_UNITS: u64 = 100_000;
const READ_UNITS: u64 = 40;
const MADE_UNITS: u64 = 12;
const FRUITLESS_UNITS: u64 = 400;
/// Cost of a byte in the other filters.
const FILTER_UNITS: u64 = 20;

/// Names that actions of these types need.
const ACTIONS: [&[u8]; 9] = [
    b"JavaScript",
    b"Launch",
    b"SubmitForm",
    b"ImportData",
    b"GoToR",
    b"GoToE",
    b"Rendition",
    b"FileAttachment",
    b"RichMedia",
];
/// Text before an action name. Without it, the name is part of a URL or a text.
const BEFORE: [&[u8]; 5] = [b"/S", b"/#53", b"/Type", b"/Subtype", b"obj"];

/// Decoder of the streams of one file, with its budget. The buffers are reused: a file can have very many streams.
pub(super) struct StreamDecoder<'b> {
    pub(super) budget: &'b mut Budget,
    inflater: Decompress,
    piece: Vec<u8>,
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

impl<'b> StreamDecoder<'b> {
    pub(super) fn new(budget: &'b mut Budget) -> Self {
        Self { budget, inflater: Decompress::new(true), piece: vec![0; PIECE] }
    }

    /// Decompresses a whole stream that has at most this number of bytes.
    pub(super) fn decode_whole(
        &mut self,
        data: &[u8],
        encoding: &StreamEncoding,
        limit: usize,
    ) -> Result<Vec<u8>, RejectionReason> {
        // Writers use no other filters for objects and invoices, and they could not be inspected within limits.
        let is_known = encoding
            .filters
            .iter()
            .all(|filter| !matches!(filter, StreamFilter::Lzw | StreamFilter::Unknown | StreamFilter::Other));
        if encoding.has_predictor || !is_known {
            return Err(RejectionReason::Damaged);
        }
        let mut whole = Vec::new();
        let is_whole = self.decode(data, encoding, &mut |piece| {
            if whole.len().saturating_add(piece.len()) > limit {
                return Err(RejectionReason::TooLarge);
            }
            whole.extend_from_slice(piece);
            Ok(())
        })?;
        if is_whole { Ok(whole) } else { Err(RejectionReason::Damaged) }
    }

    /// Decompresses an object stream.
    pub(super) fn decode_object_stream(
        &mut self,
        data: &[u8],
        encoding: &StreamEncoding,
    ) -> Result<Vec<u8>, RejectionReason> {
        self.decode_whole(data, encoding, MAX_OBJECT_STREAM_BYTES)
    }

    /// True when a stream of any type contains an action name.
    pub(super) fn stream_hides_action(
        &mut self,
        data: &[u8],
        encoding: &StreamEncoding,
    ) -> Result<bool, RejectionReason> {
        let mut is_found = false;
        let mut window: Vec<u8> = Vec::new();
        self.decode(data, encoding, &mut |piece| {
            window.extend_from_slice(piece);
            is_found = is_found || names_action(&window);
            // A name can span two chunks.
            window.drain(..window.len().saturating_sub(SEARCH_WINDOW));
            Ok(())
        })?;
        Ok(is_found)
    }

    /// True when data after a `stream` keyword outside the known streams contains an action name. A reference table can
    /// lead readers to such data within a string, a comment or another stream. `known` is sorted.
    pub(super) fn unlisted_streams_hide_action(
        &mut self,
        bytes: &[u8],
        known: &[usize],
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
            if line == 0 || is_end || known.binary_search(&start).is_ok() {
                continue;
            }
            self.budget.spend(UNLISTED_UNITS)?;
            if self.stream_hides_action(bytes.get(start..).unwrap_or_default(), &encoding)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Passes the decoded bytes of a stream to `sink`. Returns false when a filter is not supported or the data is
    /// truncated.
    fn decode(&mut self, data: &[u8], encoding: &StreamEncoding, sink: &mut Sink<'_>) -> Result<bool, RejectionReason> {
        self.budget.spend(STREAM_UNITS)?;
        // Compressed twice, a few bytes expand a million times.
        let compressions = encoding.filters.iter().filter(|filter| filter.is_compression()).count();
        if compressions > 1 || encoding.filters.len() > MAX_FILTERS {
            return Err(RejectionReason::Damaged);
        }
        let mut written = None::<Vec<u8>>;
        for filter in &encoding.filters {
            let data = written.as_deref().unwrap_or(data);
            match filter {
                StreamFilter::Hex | StreamFilter::Ascii85 => {
                    self.budget.spend_each(data.len(), FILTER_UNITS)?;
                    let decode = if *filter == StreamFilter::Hex { from_hex } else { from_ascii85 };
                    written = Some(decode(data));
                }
                StreamFilter::Flate | StreamFilter::Unknown => return self.inflate(data, sink),
                StreamFilter::Lzw | StreamFilter::Other => return Ok(false),
            }
        }
        let plain = written.as_deref().unwrap_or(data);
        self.budget.spend_each(plain.len(), MADE_UNITS)?;
        sink(plain)?;
        Ok(true)
    }

    /// Inflates data with or without a zlib header, as readers do. Passes truncated data on as far as it goes; returns
    /// false then.
    fn inflate(&mut self, data: &[u8], sink: &mut Sink<'_>) -> Result<bool, RejectionReason> {
        match self.inflate_as(data, true, sink)? {
            Inflated::Nothing => Ok(self.inflate_as(data, false, sink)? == Inflated::Whole),
            inflated => Ok(inflated == Inflated::Whole),
        }
    }

    fn inflate_as(&mut self, data: &[u8], has_header: bool, sink: &mut Sink<'_>) -> Result<Inflated, RejectionReason> {
        self.inflater.reset(has_header);
        let mut rest = data;
        let mut has_output = false;
        loop {
            let (read, made) = (self.inflater.total_in(), self.inflater.total_out());
            // In pieces, because blocks can be empty: the budget is looked at after each.
            let input = rest.get(..PIECE).unwrap_or(rest);
            let status = self.inflater.decompress(input, &mut self.piece, FlushDecompress::None);
            let count = |after: u64, before: u64| usize::try_from(after.saturating_sub(before)).unwrap_or(0);
            let (read, made) = (count(self.inflater.total_in(), read), count(self.inflater.total_out(), made));
            rest = rest.get(read..).unwrap_or_default();
            self.budget.spend_each(read, READ_UNITS)?;
            self.budget.spend_each(made, MADE_UNITS)?;
            self.budget.spend_each(read.saturating_sub(made), FRUITLESS_UNITS)?;
            if made > 0 {
                has_output = true;
                sink(self.piece.get(..made).unwrap_or_default())?;
            }
            match status {
                Ok(Status::StreamEnd) => return Ok(Inflated::Whole),
                Ok(Status::Ok) if read.saturating_add(made) > 0 => {}
                _ => return Ok(if has_output { Inflated::Part } else { Inflated::Nothing }),
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Inflated {
    Nothing,
    Part,
    Whole,
}

type Sink<'s> = dyn FnMut(&[u8]) -> Result<(), RejectionReason> + 's;

/// Keywords at the start of objects and trailers.
pub(super) const OBJECT_KEYWORDS: [&[u8]; 2] = [b"obj", b"trailer"];

/// True when such a keyword starts an object or trailer where the scan has not seen one: in a string, a comment or a
/// stream, where a reference table can lead readers. Plain text such as "2 trailers" or "an obj" does not count. `seen`
/// is sorted.
pub(super) fn has_hidden_object(bytes: &[u8], seen: &[usize]) -> bool {
    OBJECT_KEYWORDS.iter().any(|word| {
        let mut at = 0_usize;
        while let Some(found) = bytes.get(at..).and_then(|rest| find(rest, word)) {
            let start = at.saturating_add(found);
            at = start.saturating_add(word.len());
            let (before, after) = (bytes.get(..start).unwrap_or_default(), bytes.get(at..).unwrap_or_default());
            let begins = if *word == b"obj" { ends_number(before) } else { opens_dictionary(after) };
            let is_word = after.first().is_none_or(|byte| is_space(*byte) || is_delimiter(*byte));
            if is_word && begins && seen.binary_search(&start).is_err() {
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
            ["/S/JavaScript", "/S /J#61vaScript/JS 1 0 R", "/#53\n/Launch ", "7 0 obj /GoToR", "/Subtype/RichMedia>>"]
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
        let search =
            |bytes: &[u8], units| StreamDecoder::new(&mut Budget::of(units)).unlisted_streams_hide_action(bytes, &[]);
        let units = 50_000_000;
        assert_eq!(search(&block.repeat(100), units), Ok(false));
        assert_eq!(search(&block.repeat(1000), units), Err(RejectionReason::TooLarge));
        // Empty blocks cost more than others.
        let nothing = [b"stream\n".as_slice(), &b"\0\0\0\xFF\xFF".repeat(1000)].concat();
        assert_eq!(search(&nothing, 2_000_000), Err(RejectionReason::TooLarge));
        // So do the bare keywords.
        assert_eq!(search(&b"stream\n".repeat(101), UNLISTED_UNITS * 100), Err(RejectionReason::TooLarge));
    }
}
