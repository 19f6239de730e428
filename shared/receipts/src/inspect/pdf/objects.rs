//! Objects of a PDF in file order: every revision of each, whatever the reference tables say. Object streams are
//! decompressed and parsed the same way.

use std::collections::BTreeMap;

use outlay_domain::receipt::RejectionReason;

use crate::inspect::cursor::find;

use super::attachments::Attachment;
use super::document::{EncryptionDict, Link, PdfContents};
use super::encryption::Decryption;
use super::lexer::{Lexer, Token, is_space};
use super::streams::{self, StreamDecoder, StreamEncoding, StreamFilter};

/// Names that occur only in files with active content.
const ACTIVE: [&[u8]; 12] = [
    b"JavaScript",
    b"JS",
    b"Launch",
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
/// Names that occur only in files with embedded files.
const EMBEDDING: [&[u8]; 3] = [b"EmbeddedFile", b"EmbeddedFiles", b"EF"];
/// Types of actions that play media.
const PLAYING: [&[u8]; 3] = [b"Rendition", b"Movie", b"Sound"];
/// Limit of nested arrays and dictionaries.
const MAX_DEPTH: usize = 100;
/// Length limit of a name, in bytes (ISO 32000-1, annex C.2). Each value in an array carries a copy of its key.
const MAX_NAME: usize = 127;
/// Costs in units of the budget: a token, and an object.
const TOKEN_UNITS: u64 = 100;
const OBJECT_UNITS: u64 = 1000;

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
    /// What it says about an embedded file.
    attachment: Attachment,
}

/// Last dictionary at the top level, which a stream can follow.
#[derive(Default)]
struct TopLevelDict {
    encoding: StreamEncoding,
    length: Option<u64>,
    first: Option<u64>,
    has_count: bool,
    count: Option<u64>,
    kind: StreamKind,
    is_image: bool,
    /// Root of the document, in a trailer.
    root: Option<u64>,
    links: Vec<Link>,
}

/// Type of a stream by its dictionary.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum StreamKind {
    Objects,
    ReferenceTable,
    EmbeddedFile,
    Metadata,
    #[default]
    Other,
}

impl TopLevelDict {
    /// True when a reader could treat the stream as an object stream, whatever its type.
    fn may_hold_objects(&self) -> bool {
        self.kind == StreamKind::Objects || (self.has_count && self.first.is_some())
    }
}

/// Stream of a file.
struct PdfStream<'a> {
    dict: TopLevelDict,
    data: &'a [u8],
    /// Number and generation of its object.
    object: (u64, u64),
}

/// Scanner of one sequence of objects: the file, or an object stream.
struct ObjectScanner<'f> {
    found: &'f mut PdfContents,
    frames: Vec<Frame>,
    top_level: TopLevelDict,
    /// Number of the current object.
    number: Option<u64>,
    generation: u64,
    /// Last two numbers at the top level.
    numbers: [Option<u64>; 2],
}

/// Scans a file.
pub(super) fn scan(bytes: &[u8], decoder: &mut StreamDecoder<'_>) -> Result<PdfContents, RejectionReason> {
    let mut found = PdfContents::default();
    let mut lexer = Lexer::new(bytes);
    let mut scanner = ObjectScanner::new(&mut found);
    let mut streams = Vec::new();
    let (mut starts, mut seen) = (Vec::new(), Vec::new());
    let mut is_after_table = false;
    while let Some(token) = lexer.next() {
        decoder.budget.spend(TOKEN_UNITS)?;
        match token {
            Token::Keyword(word) if streams::OBJECT_KEYWORDS.contains(&word) => {
                decoder.budget.spend(OBJECT_UNITS)?;
                seen.push(lexer.offset().saturating_sub(word.len()));
                scanner.token(&token)?;
                if let Some(number) = scanner.number {
                    scanner.found.add_object(number, lexer.offset());
                }
            }
            // Ends everything that is still open.
            Token::Keyword(b"stream") => {
                scanner.frames.clear();
                let dict = std::mem::take(&mut scanner.top_level);
                let object = (scanner.number.unwrap_or(0), scanner.generation);
                let data = data(&mut lexer, dict.length, &mut starts).ok_or(RejectionReason::Damaged)?;
                streams.push(PdfStream { dict, data, object });
            }
            ref token => scanner.token(token)?,
        }
        if let (Token::DictOpen, Some(EncryptionDict::Inline(start @ 0))) = (&token, &mut scanner.found.encryption) {
            *start = lexer.offset().saturating_sub(2);
        }
        // The last end of an object, trailer or offset of the table is the end of a file without an end marker.
        let ends = match token {
            Token::Keyword(b"endobj" | b"endstream") => true,
            Token::DictClose => scanner.frames.is_empty() && scanner.number.is_none(),
            Token::Number(Some(_)) => is_after_table,
            _ => false,
        };
        if ends {
            scanner.found.end = lexer.offset();
        }
        is_after_table = token == Token::Keyword(b"startxref");
    }
    let decryption = match found.encryption {
        Some(_) => Some(Decryption::without_password(bytes, &found).ok_or(RejectionReason::PasswordProtected)?),
        None => None,
    };
    // Objects first: they tell which of the other streams are embedded files.
    for with_objects in [true, false] {
        for stream in streams.iter().filter(|stream| stream.dict.may_hold_objects() == with_objects) {
            stream.inspect(&mut found, decryption.as_ref(), decoder)?;
        }
    }
    found.is_active |= streams::has_hidden_object(bytes, &seen);
    found.is_active |= decoder.unlisted_streams_hide_action(bytes, &starts)?;
    Ok(found)
}

/// Reads the bytes of a stream; `None` when its end is missing. The length in its dictionary is used if the stream ends
/// there.
fn data<'a>(lexer: &mut Lexer<'a>, length: Option<u64>, starts: &mut Vec<usize>) -> Option<&'a [u8]> {
    const END: &[u8] = b"endstream";
    let start = lexer.offset().saturating_add(streams::line_length(lexer.rest()));
    starts.push(start);
    lexer.jump(start);
    let rest = lexer.rest();
    let stated = length.and_then(|length| usize::try_from(length).ok()).filter(|length| {
        // White space can precede the keyword.
        let after = rest.get(*length..).unwrap_or_default();
        let blanks = after.iter().take(16).take_while(|byte| is_space(**byte)).count();
        after.get(blanks..).is_some_and(|after| after.starts_with(END))
    });
    let length = stated.or_else(|| find(rest, END))?;
    lexer.jump(start.saturating_add(length));
    rest.get(..length)
}

impl PdfStream<'_> {
    /// Looks for active content, and keeps what belongs to an embedded invoice.
    fn inspect(
        &self,
        found: &mut PdfContents,
        decryption: Option<&Decryption>,
        decoder: &mut StreamDecoder<'_>,
    ) -> Result<(), RejectionReason> {
        let Self { dict, data, object } = self;
        // No reader takes a picture for objects without their number and offset, and pictures are most of a scan.
        if dict.is_image && !dict.may_hold_objects() {
            return Ok(());
        }
        let is_plain = match dict.kind {
            StreamKind::ReferenceTable => true,
            StreamKind::Metadata => decryption.is_some_and(Decryption::leaves_metadata),
            _ => false,
        };
        let decrypted = match decryption.filter(|_| !is_plain) {
            Some(decryption) => Some(decryption.decrypt(data, *object, decoder.budget)?),
            None => None,
        };
        let data = decrypted.as_deref().unwrap_or(data);
        if dict.may_hold_objects() {
            let objects = decoder.decode_object_stream(data, &dict.encoding)?;
            return scan_object_stream(&objects, dict, found, decoder);
        }
        let is_attached = dict.kind == StreamKind::EmbeddedFile || found.attachments.refers_to(object.0);
        if is_attached {
            found.attachments.add_file(object.0, data, &dict.encoding, decoder)?;
        }
        found.is_active |= decoder.stream_hides_action(data, &dict.encoding)?;
        Ok(())
    }
}

/// Scans an object stream: pairs of number and offset, followed by the objects.
fn scan_object_stream(
    bytes: &[u8],
    stream: &TopLevelDict,
    found: &mut PdfContents,
    decoder: &mut StreamDecoder<'_>,
) -> Result<(), RejectionReason> {
    let first = usize::try_from(stream.first.unwrap_or(0)).unwrap_or(usize::MAX);
    let (mut numbers, mut count) = (BTreeMap::new(), 0_u64);
    let mut pairs = Lexer::new(bytes.get(..first).unwrap_or_default());
    while let (Some(Token::Number(Some(number))), Some(Token::Number(Some(position)))) = (pairs.next(), pairs.next()) {
        decoder.budget.spend(OBJECT_UNITS)?;
        numbers.insert(position, number);
        found.add_object(number, 0);
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
        let Some(token) = lexer.next() else { return Ok(()) };
        decoder.budget.spend(TOKEN_UNITS)?;
        scanner.token(&token)?;
    }
}

impl<'f> ObjectScanner<'f> {
    fn new(found: &'f mut PdfContents) -> Self {
        let top_level = TopLevelDict::default();
        Self { found, frames: Vec::new(), top_level, number: None, generation: 0, numbers: [None; 2] }
    }

    fn token(&mut self, token: &Token<'_>) -> Result<(), RejectionReason> {
        match token {
            Token::Name(name) if name.len() > MAX_NAME => return Err(RejectionReason::Damaged),
            Token::Name(name) => {
                self.found.is_active |= ACTIVE.contains(&name.as_ref());
                self.found.attachments.is_named |= EMBEDDING.contains(&name.as_ref());
            }
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
        } else if let ([Frame { is_dict: false, .. }], Token::Reference(number)) = (self.frames.as_slice(), token) {
            self.top_level.links.push(Link::Item(*number));
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
        let [number, generation] = self.numbers;
        self.frames.clear();
        self.top_level = TopLevelDict::default();
        (self.number, self.generation) = (number, generation.unwrap_or(0));
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
            match name.as_ref() {
                b"N" => self.top_level.has_count = true,
                b"Kids" => self.top_level.links.push(Link::Node),
                _ => {}
            }
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
            (b"AA", Token::Number(_) | Token::Reference(_)) => self.found.is_active = true,
            (b"OpenAction", Token::Number(Some(number)) | Token::Reference(number)) if self.is_in_dict() => {
                self.found.opened.insert(*number);
            }
            (b"OpenAction", Token::Number(None)) if self.is_in_dict() => self.found.is_active = true,
            (b"Type", Token::Name(name)) if is_top_level => self.typed(name),
            (b"Subtype", Token::Name(name)) if is_top_level => self.top_level.is_image = name.as_ref() == b"Image",
            (b"Encrypt", _) if is_top_level => self.found.encryption = Some(token.into()),
            (b"Root", Token::Reference(number)) if is_top_level => self.top_level.root = Some(*number),
            (b"ID", Token::String(id)) if self.frames.len() == 2 => self.found.identifiers.push(id.bytes()),
            (b"Pages", Token::Reference(number)) if is_top_level => self.top_level.links.push(Link::Pages(*number)),
            (b"Kids", Token::Reference(number)) if self.frames.len() <= 2 => {
                self.top_level.links.push(Link::Kid(*number));
            }
            (b"Contents", Token::Reference(number)) if self.frames.len() <= 2 => {
                self.top_level.links.push(Link::Content(*number));
            }
            (b"F" | b"UF", Token::String(name)) if self.is_in_dict() => {
                if let Some(frame) = self.frames.last_mut() {
                    frame.attachment.names.push(name.ascii());
                }
            }
            (b"F" | b"UF" | b"DOS" | b"Mac" | b"Unix", Token::Reference(number)) if self.is_in(b"EF") => {
                if let Some(frame) = self.frames.last_mut() {
                    frame.attachment.files.push(*number);
                }
            }
            (b"Filter" | b"F", Token::Name(name)) if self.frames.len() <= 2 => {
                self.top_level.encoding.filters.push(StreamFilter::from_name(name));
            }
            // A reference, which readers resolve and this scan does not.
            (b"Filter" | b"F", Token::Number(_) | Token::Reference(_)) if self.frames.len() <= 2 => {
                self.top_level.encoding.filters.push(StreamFilter::Unknown);
            }
            (b"DecodeParms" | b"DP", Token::Number(_) | Token::Reference(_)) if self.frames.len() <= 2 => {
                self.top_level.encoding.has_predictor = true;
            }
            (b"Predictor", Token::Number(number)) => self.top_level.encoding.has_predictor |= *number != Some(1),
            (b"Predictor", Token::Reference(_)) => self.top_level.encoding.has_predictor = true,
            (b"Length", Token::Number(number)) if is_top_level => self.top_level.length = *number,
            (b"First", Token::Number(number)) if is_top_level => self.top_level.first = *number,
            (b"N", Token::Number(number)) if is_top_level => self.top_level.count = *number,
            _ => {}
        }
    }

    fn is_in_dict(&self) -> bool {
        self.frames.last().is_some_and(|frame| frame.is_dict)
    }

    /// True in a dictionary that is the value of a key.
    fn is_in(&self, key: &[u8]) -> bool {
        self.frames.last().is_some_and(|frame| frame.is_dict && frame.of.as_deref() == Some(key))
    }

    fn typed(&mut self, name: &[u8]) {
        match name {
            b"Page" => drop(self.found.typed_pages.insert(self.number.unwrap_or(0))),
            b"ObjStm" => self.top_level.kind = StreamKind::Objects,
            b"XRef" => self.top_level.kind = StreamKind::ReferenceTable,
            b"EmbeddedFile" => self.top_level.kind = StreamKind::EmbeddedFile,
            b"Metadata" => self.top_level.kind = StreamKind::Metadata,
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
        let Some(mut frame) = self.frames.pop() else { return };
        if frame.of.as_deref() == Some(b"EF") && frame.is_dict {
            let files = std::mem::take(&mut frame.attachment.files);
            if let Some(before) = self.frames.last_mut() {
                before.attachment.files.extend(files);
            }
        } else if !frame.attachment.files.is_empty() {
            self.found.attachments.add(std::mem::take(&mut frame.attachment));
        }
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
        if self.frames.is_empty() {
            self.found.roots.extend(self.top_level.root);
        }
        if self.frames.is_empty()
            && let Some(number) = self.number
        {
            self.found.end_object(number, leads_out, &self.top_level.links);
        }
    }
}
