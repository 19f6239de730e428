//! What is packed in a PDF, unpacked piece by piece within a budget, and the search of bytes for words that act.

use std::collections::BTreeSet;

use flate2::{Decompress, FlushDecompress, Status};
use outlay_domain::receipt::Unfit;

use super::super::find;
use super::lexer::{hex, is_delimiter, is_space, unescaped};

/// The most bytes that may be read and made in unpacking one file.
const MAX_UNPACKED: usize = 512_000_000;
/// The most bytes of one object stream: some hundred thousand objects.
const MAX_OBJECTS: usize = 16_000_000;
/// How much is unpacked at once.
const PIECE: usize = 64 * 1024;
/// The longest stretch in which a word that acts and what stands before it is recognised.
const STRETCH: usize = 80;

/// The words without which there is no action of these kinds.
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
/// What stands before such a word when it is one, and not a part of an address or a text.
const BEFORE: [&[u8]; 5] = [b"/S", b"/#53", b"/Type", b"/Subtype", b"obj"];

/// How much may still be unpacked.
pub(super) struct Budget(usize);

impl Default for Budget {
    fn default() -> Self {
        Self(MAX_UNPACKED)
    }
}

impl Budget {
    fn spend(&mut self, bytes: usize) -> Result<(), Unfit> {
        self.0 = self.0.checked_sub(bytes).ok_or(Unfit::TooLarge)?;
        Ok(())
    }
}

/// How a stream is packed, as its dictionary says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Packing {
    /// The filters, the outermost first.
    pub(super) filters: Vec<Filter>,
    /// Whether rows are predicted from those above them.
    pub(super) is_predicted: bool,
}

/// A way of packing or writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Filter {
    Flate,
    Hex,
    Ascii85,
    /// One that packs, and is not used for objects today.
    Lzw,
    /// One that is named elsewhere. Programs pack most things in one way, so that is tried.
    Unknown,
    /// Pictures, encryption, or nothing known.
    Other,
}

impl Filter {
    pub(super) fn named(name: &[u8]) -> Self {
        match name {
            b"FlateDecode" | b"Fl" => Self::Flate,
            b"ASCIIHexDecode" | b"AHx" => Self::Hex,
            b"ASCII85Decode" | b"A85" => Self::Ascii85,
            b"LZWDecode" | b"LZW" | b"RunLengthDecode" | b"RL" => Self::Lzw,
            _ => Self::Other,
        }
    }

    const fn packs(self) -> bool {
        matches!(self, Self::Flate | Self::Lzw | Self::Unknown)
    }
}

/// The objects in an object stream.
pub(super) fn objects(data: &[u8], packing: &Packing, budget: &mut Budget) -> Result<Vec<u8>, Unfit> {
    // What is packed otherwise no program writes, and nobody could look at it within limits.
    let is_known =
        packing.filters.iter().all(|filter| !matches!(filter, Filter::Lzw | Filter::Unknown | Filter::Other));
    if packing.is_predicted || !is_known {
        return Err(Unfit::Damaged);
    }
    let mut objects = Vec::new();
    let is_whole = unpack(data, packing, budget, &mut |piece| {
        if objects.len().saturating_add(piece.len()) > MAX_OBJECTS {
            return Err(Unfit::TooLarge);
        }
        objects.extend_from_slice(piece);
        Ok(())
    })?;
    if is_whole { Ok(objects) } else { Err(Unfit::Damaged) }
}

/// Whether any other stream holds words that act, however it says that it is to be used.
pub(super) fn hides_action(data: &[u8], packing: &Packing, budget: &mut Budget) -> Result<bool, Unfit> {
    let mut is_found = false;
    let mut stretch: Vec<u8> = Vec::new();
    unpack(data, packing, budget, &mut |piece| {
        stretch.extend_from_slice(piece);
        is_found = is_found || acts(&stretch);
        // A word may lie across two pieces.
        stretch.drain(..stretch.len().saturating_sub(STRETCH));
        Ok(())
    })?;
    Ok(is_found)
}

/// Whether anything that looks like the start of a stream hides such words, apart from the streams that start at the known places:
/// something in a string, in a comment or in another stream, for a reader that is led there.
pub(super) fn strays_hide_action(bytes: &[u8], known: &BTreeSet<usize>, budget: &mut Budget) -> Result<bool, Unfit> {
    const KEYWORD: &[u8] = b"stream";
    let packing = Packing { filters: vec![Filter::Flate], is_predicted: false };
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
        // Each costs at least the memory to unpack it.
        budget.spend(PIECE)?;
        if hides_action(bytes.get(start..).unwrap_or_default(), &packing, budget)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The words that objects, and what says whether the file is locked, begin with.
pub(super) const LANDMARKS: [&[u8]; 2] = [b"obj", b"trailer"];

/// Whether such a word stands where the walk has not met it, as a reader would take it that is led there: in a string, a comment or a
/// stream. In a text it stands otherwise: "2 trailers", "an obj".
pub(super) fn hides_object(bytes: &[u8], seen: &BTreeSet<usize>) -> bool {
    LANDMARKS.iter().any(|word| {
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

/// Whether a number stands before, or something that may be a comment.
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

/// Whether a dictionary opens behind, or a comment stands there.
fn opens_dictionary(after: &[u8]) -> bool {
    let next = after.iter().position(|byte| !is_space(*byte)).and_then(|at| after.get(at..)).unwrap_or_default();
    next.starts_with(b"<<") || next.starts_with(b"%")
}

/// How long the end of line is that stands here.
pub(super) fn line_length(bytes: &[u8]) -> usize {
    match bytes {
        [b'\r', b'\n', ..] => 2,
        [b'\r' | b'\n', ..] => 1,
        _ => 0,
    }
}

/// Whether there is a word that acts in these bytes.
pub(super) fn acts(bytes: &[u8]) -> bool {
    let mut at = 0_usize;
    while let Some(next) = bytes.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == b'/')) {
        let slash = at.saturating_add(next);
        at = slash.saturating_add(1);
        let rest = bytes.get(at..).unwrap_or_default();
        let rest = rest.get(..STRETCH / 2).unwrap_or(rest);
        let length = rest.iter().position(|byte| is_space(*byte) || is_delimiter(*byte)).unwrap_or(rest.len());
        let name = unescaped(rest.get(..length).unwrap_or_default());
        if ACTIONS.contains(&name.as_ref()) && follows_key(bytes.get(..slash).unwrap_or_default()) {
            return true;
        }
    }
    false
}

fn follows_key(before: &[u8]) -> bool {
    let spaces = before.iter().rev().take(STRETCH / 2).take_while(|byte| is_space(**byte)).count();
    let before = before.get(..before.len().saturating_sub(spaces)).unwrap_or_default();
    BEFORE.iter().any(|key| before.ends_with(key))
}

type Sink<'s> = dyn FnMut(&[u8]) -> Result<(), Unfit> + 's;

/// Hands on what a stream holds, as far as it is known how to unpack it; gives whether that was all.
fn unpack(data: &[u8], packing: &Packing, budget: &mut Budget, sink: &mut Sink<'_>) -> Result<bool, Unfit> {
    // Packed twice, a few bytes unpack to a million times as many.
    if packing.filters.iter().filter(|filter| filter.packs()).count() > 1 {
        return Err(Unfit::Damaged);
    }
    let mut written = None::<Vec<u8>>;
    for filter in &packing.filters {
        let data = written.as_deref().unwrap_or(data);
        match filter {
            Filter::Hex => written = Some(from_hex(data)),
            Filter::Ascii85 => written = Some(from_ascii85(data)),
            Filter::Flate | Filter::Unknown => return inflate(data, budget, sink),
            Filter::Lzw | Filter::Other => return Ok(false),
        }
    }
    sink(written.as_deref().unwrap_or(data))?;
    Ok(true)
}

/// Inflates with the header of zlib, or without one when there is none, as readers do. What ends too early is handed on so far; gives
/// whether it did not.
fn inflate(data: &[u8], budget: &mut Budget, sink: &mut Sink<'_>) -> Result<bool, Unfit> {
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

fn inflate_as(data: &[u8], has_header: bool, budget: &mut Budget, sink: &mut Sink<'_>) -> Result<Inflated, Unfit> {
    let mut decoder = Decompress::new(has_header);
    let mut piece = vec![0; PIECE];
    let mut rest = data;
    let mut is_any = false;
    loop {
        let (read, made) = (decoder.total_in(), decoder.total_out());
        let status = decoder.decompress(rest, &mut piece, FlushDecompress::None);
        let count = |after: u64, before: u64| usize::try_from(after.saturating_sub(before)).unwrap_or(0);
        let (read, made) = (count(decoder.total_in(), read), count(decoder.total_out(), made));
        rest = rest.get(read..).unwrap_or_default();
        // What is read counts too: there are blocks that hold nothing.
        budget.spend(read.saturating_add(made))?;
        if made > 0 {
            is_any = true;
            sink(piece.get(..made).unwrap_or_default())?;
        }
        match status {
            Ok(Status::StreamEnd) => return Ok(Inflated::Whole),
            Ok(Status::Ok) if read.saturating_add(made) > 0 => {}
            _ => return Ok(if is_any { Inflated::Part } else { Inflated::Nothing }),
        }
    }
}

fn from_hex(data: &[u8]) -> Vec<u8> {
    let digits: Vec<u8> = data.iter().take_while(|byte| **byte != b'>').filter_map(|byte| hex(*byte)).collect();
    digits.chunks(2).map(|pair| pair.iter().fold(0, |sum, digit| sum << 4 | digit) << (4 * (2 - pair.len()))).collect()
}

/// Five digits of base 85 for four bytes; `z` for four zeros; fewer digits at the end for fewer bytes.
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
    fn words_that_act_are_found_where_they_act() {
        for text in
            ["/S/JavaScript", "/S /J#61vaScript/JS 1 0 R", "/#53\n/Launch ", "7 0 obj /GoToR", "/Type/EmbeddedFile>>"]
        {
            assert!(acts(text.as_bytes()), "{text}");
        }
        for text in
            ["(HTML/CSS/JavaScript)", "https://example.com/Launch", "/S /JavaScripts", "/S /URI", "/S(/Launch)", "/S"]
        {
            assert!(!acts(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn what_is_written_in_ascii_is_read() {
        assert_eq!(from_hex(b"48 65\n6C6c 7>no"), b"Hellp");
        assert_eq!(from_ascii85(b"87cUR D]i,\"Ebo80z~>"), b"Hello World!\0\0\0\0");
        assert_eq!(from_ascii85(b"87cURDZ~>"), b"Hello");
    }

    #[test]
    fn starts_of_streams_within_each_other_are_no_work_without_end() {
        // Each runs through all that follow, and finds nothing.
        let block = [b"\0\x07\0\xF8\xFF".as_slice(), b"stream\n"].concat();
        let search = |count, budget| strays_hide_action(&block.repeat(count), &BTreeSet::new(), &mut Budget(budget));
        assert_eq!(search(100, 10_000_000), Ok(false));
        assert_eq!(search(1000, 10_000_000), Err(Unfit::TooLarge));
        // Blocks that hold nothing are read too.
        let nothing = [b"stream\n".as_slice(), &b"\0\0\0\xFF\xFF".repeat(1000)].concat();
        assert_eq!(strays_hide_action(&nothing, &BTreeSet::new(), &mut Budget(PIECE + 4999)), Err(Unfit::TooLarge));
    }
}
