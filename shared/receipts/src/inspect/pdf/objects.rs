//! Objects of a PDF in file order: every revision of each, whatever the reference tables say. Object streams are
//! decompressed and parsed the same way.

use std::collections::{BTreeMap, BTreeSet};

use outlay_domain::receipt::RejectionReason;

use crate::inspect::cursor::find;

use super::lexer::{Lexer, Token, is_space};
use super::streams::{self, DecodeBudget, StreamEncoding, StreamFilter};

/// Names that occur only in files with active content.
const ACTIVE: [&[u8]; 15] = [
    b"JavaScript",
    b"JS",
    b"Launch",
    b"EmbeddedFile",
    b"EmbeddedFiles",
    b"EF",
    b"FileAttachment",
    b"3D",
    b"OnInstantiate",
    b"RichMedia",
    b"XFA",
    b"SubmitForm",
    b"ImportData",
    b"GoToR",
    b"GoToE",
];
/// Types of actions that play media.
const PLAYING: [&[u8]; 3] = [b"Rendition", b"Movie", b"Sound"];
/// Limit of nested arrays and dictionaries.
const MAX_DEPTH: usize = 100;
/// Length limit of a name, in bytes (ISO 32000-1, annex C.2). Each value in an array carries a copy of its key.
const MAX_NAME: usize = 127;

/// Findings of the scan.
#[derive(Default)]
pub(super) struct PdfContents {
    /// True for an encrypted file, also one that opens without a password: its content cannot be inspected.
    pub(super) is_encrypted: bool,
    is_active: bool,
    has_catalog: bool,
    pages: BTreeSet<u64>,
    /// Objects by number; true for one that, as an action, can leave the document.
    actions: BTreeMap<u64, bool>,
    /// Objects that are actions on opening.
    opened: BTreeSet<u64>,
}

impl PdfContents {
    /// True when the file has active content.
    pub(super) fn is_active(&self) -> bool {
        // An object that was not found can be anything.
        self.is_active || self.opened.iter().any(|number| self.actions.get(number).copied().unwrap_or(true))
    }

    /// Number of pages; 0 without a catalogue.
    pub(super) fn pages(&self) -> usize {
        if self.has_catalog { self.pages.len() } else { 0 }
    }
}

/// Open array or dictionary.
#[derive(Default)]
struct Frame {
    is_dict: bool,
    key: Option<Vec<u8>>,
    /// Value of `/S`, the type of an action.
    kind: Option<Vec<u8>>,
    /// Key whose value it is.
    of: Option<Vec<u8>>,
    is_empty: bool,
}

/// Last dictionary at the top level, which a stream can follow.
#[derive(Default)]
struct TopLevelDict {
    encoding: StreamEncoding,
    length: Option<u64>,
    first: Option<u64>,
    has_count: bool,
    count: Option<u64>,
    is_objects: bool,
}

impl TopLevelDict {
    /// True when a reader could treat the stream as an object stream, whatever its type.
    const fn may_hold_objects(&self) -> bool {
        self.is_objects || (self.has_count && self.first.is_some())
    }
}

/// Scanner of one sequence of objects: the file, or an object stream.
struct ObjectScanner<'f> {
    found: &'f mut PdfContents,
    frames: Vec<Frame>,
    top_level: TopLevelDict,
    /// Number of the current object.
    number: Option<u64>,
    /// Last two numbers at the top level.
    numbers: [Option<u64>; 2],
}

/// Scans a file.
pub(super) fn scan(bytes: &[u8], budget: &mut DecodeBudget) -> Result<PdfContents, RejectionReason> {
    let mut found = PdfContents::default();
    let mut lexer = Lexer::new(bytes);
    let mut scanner = ObjectScanner::new(&mut found);
    let mut contents = Vec::new();
    let (mut starts, mut seen) = (BTreeSet::new(), BTreeSet::new());
    while let Some(token) = lexer.next() {
        match token {
            Token::Keyword(word) if streams::OBJECT_KEYWORDS.contains(&word) => {
                seen.insert(lexer.offset().saturating_sub(word.len()));
                scanner.token(&token)?;
            }
            // Ends everything that is still open.
            Token::Keyword(b"stream") => {
                scanner.frames.clear();
                let stream = std::mem::take(&mut scanner.top_level);
                let data = data(&mut lexer, stream.length, &mut starts);
                contents.push((stream, data));
            }
            token => scanner.token(&token)?,
        }
    }
    // Encrypted streams cannot be decompressed.
    if found.is_encrypted {
        return Ok(found);
    }
    for (stream, data) in contents {
        if stream.may_hold_objects() {
            object_stream(&streams::decode_object_stream(data, &stream.encoding, budget)?, &stream, &mut found)?;
        } else {
            found.is_active |= streams::stream_hides_action(data, &stream.encoding, budget)?;
        }
    }
    found.is_active |= streams::has_hidden_object(bytes, &seen);
    found.is_active |= streams::unlisted_streams_hide_action(bytes, &starts, budget)?;
    Ok(found)
}

/// Reads the bytes of a stream. The length in its dictionary is used if the stream ends there.
fn data<'a>(lexer: &mut Lexer<'a>, length: Option<u64>, starts: &mut BTreeSet<usize>) -> &'a [u8] {
    const END: &[u8] = b"endstream";
    let start = lexer.offset().saturating_add(streams::line_length(lexer.rest()));
    starts.insert(start);
    lexer.jump(start);
    let rest = lexer.rest();
    let stated = length.and_then(|length| usize::try_from(length).ok()).filter(|length| {
        // White space can precede the keyword.
        let after = rest.get(*length..).unwrap_or_default();
        let blanks = after.iter().take(16).take_while(|byte| is_space(**byte)).count();
        after.get(blanks..).is_some_and(|after| after.starts_with(END))
    });
    let length = stated.or_else(|| find(rest, END)).unwrap_or(rest.len());
    lexer.jump(start.saturating_add(length));
    rest.get(..length).unwrap_or_default()
}

/// Scans an object stream: pairs of number and offset, followed by the objects.
fn object_stream(bytes: &[u8], stream: &TopLevelDict, found: &mut PdfContents) -> Result<(), RejectionReason> {
    let first = usize::try_from(stream.first.unwrap_or(0)).unwrap_or(usize::MAX);
    let (mut numbers, mut count) = (BTreeMap::new(), 0_u64);
    let mut pairs = Lexer::new(bytes.get(..first).unwrap_or_default());
    while let (Some(Token::Number(Some(number))), Some(Token::Number(Some(position)))) = (pairs.next(), pairs.next()) {
        numbers.insert(position, number);
        count = count.saturating_add(1);
    }
    // A reader would see other objects than this scan.
    if stream.count.is_none_or(|stated| stated > count) {
        return Err(RejectionReason::Damaged);
    }
    let mut scanner = ObjectScanner::new(found);
    // From the start, because objects could be hidden among the pairs.
    let mut lexer = Lexer::new(bytes);
    loop {
        lexer.skip_space();
        if scanner.frames.is_empty()
            && let Some(position) = lexer.offset().checked_sub(first).and_then(|at| u64::try_from(at).ok())
            && let Some(number) = numbers.get(&position)
        {
            scanner.number = Some(*number);
        }
        match lexer.next() {
            Some(token) => scanner.token(&token)?,
            None => return Ok(()),
        }
    }
}

impl<'f> ObjectScanner<'f> {
    fn new(found: &'f mut PdfContents) -> Self {
        Self { found, frames: Vec::new(), top_level: TopLevelDict::default(), number: None, numbers: [None; 2] }
    }

    fn token(&mut self, token: &Token<'_>) -> Result<(), RejectionReason> {
        match token {
            Token::Name(name) if name.len() > MAX_NAME => return Err(RejectionReason::Damaged),
            Token::Name(name) => self.found.is_active |= ACTIVE.contains(&name.as_ref()),
            Token::Keyword(b"obj") => self.begin(),
            // A trailer is not an object.
            Token::Keyword(b"trailer") => self.number = None,
            _ => {}
        }
        let key = self.key_of(token);
        if let Some(key) = &key {
            self.value(key, token);
        } else if self.frames.is_empty()
            && let Token::Number(number) = token
        {
            let [_, last] = self.numbers;
            self.numbers = [last, *number];
        }
        match token {
            Token::DictOpen | Token::ArrayOpen => self.open(*token == Token::DictOpen, key)?,
            Token::DictClose | Token::ArrayClose => self.close(),
            _ => {}
        }
        Ok(())
    }

    /// Starts an object, and ends everything that is still open.
    fn begin(&mut self) {
        let [number, _] = self.numbers;
        self.frames.clear();
        self.top_level = TopLevelDict::default();
        self.number = number;
    }

    /// Key of a value in a dictionary; for an element of an array, the key of the array.
    fn key_of(&mut self, token: &Token<'_>) -> Option<Vec<u8>> {
        let frame = self.frames.last_mut()?;
        if matches!(token, Token::DictClose | Token::ArrayClose) {
            return None;
        }
        frame.is_empty = false;
        if !frame.is_dict {
            return frame.of.clone();
        }
        match (frame.key.take(), token) {
            (None, Token::Name(name)) => {
                frame.key = Some(name.to_vec());
                self.key(token);
                None
            }
            // Rest of a reference.
            (None, _) => None,
            (key, _) => key,
        }
    }

    /// Records a key at the top level.
    fn key(&mut self, token: &Token<'_>) {
        let Token::Name(name) = token else { return };
        if self.frames.len() == 1 {
            self.found.is_encrypted |= name.as_ref() == b"Encrypt";
            self.top_level.has_count |= name.as_ref() == b"N";
        }
    }

    fn value(&mut self, key: &[u8], token: &Token<'_>) {
        let is_top_level = self.frames.len() == 1;
        match (key, token) {
            (b"S", Token::Name(name)) => {
                self.found.is_active |= PLAYING.contains(&name.as_ref());
                if let Some(frame) = self.frames.last_mut().filter(|frame| frame.is_dict) {
                    frame.kind = Some(name.to_vec());
                }
            }
            // A reference, whose target is not resolved here.
            (b"AA", Token::Number(_)) => self.found.is_active = true,
            (b"OpenAction", Token::Number(number)) if self.frames.last().is_some_and(|frame| frame.is_dict) => {
                match number {
                    Some(number) => drop(self.found.opened.insert(*number)),
                    None => self.found.is_active = true,
                }
            }
            (b"Type", Token::Name(name)) if is_top_level => self.typed(name),
            (b"Filter" | b"F", Token::Name(name)) if self.frames.len() <= 2 => {
                self.top_level.encoding.filters.push(StreamFilter::from_name(name));
            }
            // A reference, which readers resolve and this scan does not.
            (b"Filter" | b"F", Token::Number(_)) if self.frames.len() <= 2 => {
                self.top_level.encoding.filters.push(StreamFilter::Unknown);
            }
            (b"DecodeParms" | b"DP", Token::Number(_)) if self.frames.len() <= 2 => {
                self.top_level.encoding.has_predictor = true;
            }
            (b"Predictor", Token::Number(number)) => self.top_level.encoding.has_predictor |= *number != Some(1),
            (b"Length", Token::Number(number)) if is_top_level => self.top_level.length = *number,
            (b"First", Token::Number(number)) if is_top_level => self.top_level.first = *number,
            (b"N", Token::Number(number)) if is_top_level => self.top_level.count = *number,
            _ => {}
        }
    }

    fn typed(&mut self, name: &[u8]) {
        match name {
            b"Page" => drop(self.found.pages.insert(self.number.unwrap_or(0))),
            b"Catalog" => self.found.has_catalog = true,
            b"ObjStm" => self.top_level.is_objects = true,
            _ => {}
        }
    }

    fn open(&mut self, is_dict: bool, of: Option<Vec<u8>>) -> Result<(), RejectionReason> {
        if self.frames.len() >= MAX_DEPTH {
            return Err(RejectionReason::Damaged);
        }
        if self.frames.is_empty() {
            self.top_level = TopLevelDict::default();
        }
        self.frames.push(Frame { is_dict, of, is_empty: true, ..Frame::default() });
        Ok(())
    }

    fn close(&mut self) {
        let Some(frame) = self.frames.pop() else { return };
        // An action that goes to a destination in the document is harmless, and so is a destination (an array).
        let leads_out = frame.is_dict && frame.kind.as_deref() != Some(b"GoTo");
        match frame.of.as_deref() {
            Some(b"OpenAction") => self.found.is_active |= leads_out,
            Some(b"AA") if frame.is_dict => self.found.is_active |= !frame.is_empty,
            // A following action counts as part of the action.
            Some(b"Next") if leads_out => {
                if let Some(before) = self.frames.last_mut() {
                    before.kind = frame.kind;
                }
            }
            _ => {}
        }
        if self.frames.is_empty()
            && let Some(number) = self.number
        {
            *self.found.actions.entry(number).or_default() |= leads_out;
        }
    }
}
