//! The objects of a PDF, in the order of the file: every revision of each, wherever the tables of references point. Streams of objects
//! are unpacked and read the same way.

use std::collections::{BTreeMap, BTreeSet};

use outlay_domain::receipt::Unfit;

use super::super::find;
use super::lexer::{Lexer, Token, is_space};
use super::packed::{self, Budget, Filter, Packing};

/// Names that stand in a file only when something in it acts.
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
/// Kinds of actions that play something.
const PLAYING: [&[u8]; 3] = [b"Rendition", b"Movie", b"Sound"];
/// How deep arrays and dictionaries may be nested.
const MAX_DEPTH: usize = 100;
/// The longest name, in bytes (ISO 32000-1, annex C.2): each value in an array carries that of its key.
const MAX_NAME: usize = 127;

/// What was found.
#[derive(Default)]
pub(super) struct Found {
    /// Whether the file is encrypted. One without a password to open it is too: what is in it cannot be seen here.
    pub(super) is_encrypted: bool,
    is_active: bool,
    has_catalog: bool,
    pages: BTreeSet<u64>,
    /// The objects, and whether each, as an action, could lead elsewhere than within the document.
    actions: BTreeMap<u64, bool>,
    /// The objects that something happens by when the document is opened.
    opened: BTreeSet<u64>,
}

impl Found {
    /// Whether something acts by itself.
    pub(super) fn is_active(&self) -> bool {
        // One that was not found may be anything.
        self.is_active || self.opened.iter().any(|number| self.actions.get(number).copied().unwrap_or(true))
    }

    /// How many pages there are; none without a catalogue.
    pub(super) fn pages(&self) -> usize {
        if self.has_catalog { self.pages.len() } else { 0 }
    }
}

/// An array or dictionary that is being read.
#[derive(Default)]
struct Frame {
    is_dict: bool,
    key: Option<Vec<u8>>,
    /// The value of `/S`, which names the kind of an action.
    kind: Option<Vec<u8>>,
    /// The key that it is the value of.
    of: Option<Vec<u8>>,
    is_empty: bool,
}

/// The last dictionary at the outermost level: a stream may follow it.
#[derive(Default)]
struct Outermost {
    packing: Packing,
    length: Option<u64>,
    first: Option<u64>,
    has_count: bool,
    count: Option<u64>,
    is_objects: bool,
}

impl Outermost {
    /// Whether a reader could take the stream for one of objects, whatever its type says.
    const fn may_hold_objects(&self) -> bool {
        self.is_objects || (self.has_count && self.first.is_some())
    }
}

/// The walk through one stretch of objects: the file, or an object stream.
struct Walk<'f> {
    found: &'f mut Found,
    frames: Vec<Frame>,
    outermost: Outermost,
    /// The object that is being read.
    number: Option<u64>,
    /// The last two numbers at the outermost level.
    numbers: [Option<u64>; 2],
}

/// Walks through the file.
pub(super) fn walk(bytes: &[u8], budget: &mut Budget) -> Result<Found, Unfit> {
    let mut found = Found::default();
    let mut lexer = Lexer::new(bytes);
    let mut walk = Walk::new(&mut found);
    let mut packs = Vec::new();
    let (mut starts, mut seen) = (BTreeSet::new(), BTreeSet::new());
    while let Some(token) = lexer.next() {
        match token {
            Token::Keyword(word) if packed::LANDMARKS.contains(&word) => {
                seen.insert(lexer.offset().saturating_sub(word.len()));
                walk.token(&token)?;
            }
            // Whatever was not closed before is over.
            Token::Keyword(b"stream") => {
                walk.frames.clear();
                let stream = std::mem::take(&mut walk.outermost);
                let data = data(&mut lexer, stream.length, &mut starts);
                packs.push((stream, data));
            }
            token => walk.token(&token)?,
        }
    }
    // Nothing of what is encrypted can be unpacked.
    if found.is_encrypted {
        return Ok(found);
    }
    for (stream, data) in packs {
        if stream.may_hold_objects() {
            object_stream(&packed::objects(data, &stream.packing, budget)?, &stream, &mut found)?;
        } else {
            found.is_active |= packed::hides_action(data, &stream.packing, budget)?;
        }
    }
    found.is_active |= packed::hides_object(bytes, &seen);
    found.is_active |= packed::strays_hide_action(bytes, &starts, budget)?;
    Ok(found)
}

/// The bytes of a stream, with the lexer behind them. The length in its dictionary counts when the stream does end there.
fn data<'a>(lexer: &mut Lexer<'a>, length: Option<u64>, starts: &mut BTreeSet<usize>) -> &'a [u8] {
    const END: &[u8] = b"endstream";
    let start = lexer.offset().saturating_add(packed::line_length(lexer.rest()));
    starts.insert(start);
    lexer.jump(start);
    let rest = lexer.rest();
    let stated = length.and_then(|length| usize::try_from(length).ok()).filter(|length| {
        // An end of line and some blanks may stand before the end.
        let after = rest.get(*length..).unwrap_or_default();
        let blanks = after.iter().take(16).take_while(|byte| is_space(**byte)).count();
        after.get(blanks..).is_some_and(|after| after.starts_with(END))
    });
    let length = stated.or_else(|| find(rest, END)).unwrap_or(rest.len());
    lexer.jump(start.saturating_add(length));
    rest.get(..length).unwrap_or_default()
}

/// Reads the objects of an object stream: pairs of number and position, then the objects one after the other.
fn object_stream(bytes: &[u8], stream: &Outermost, found: &mut Found) -> Result<(), Unfit> {
    let first = usize::try_from(stream.first.unwrap_or(0)).unwrap_or(usize::MAX);
    let (mut numbers, mut count) = (BTreeMap::new(), 0_u64);
    let mut pairs = Lexer::new(bytes.get(..first).unwrap_or_default());
    while let (Some(Token::Number(Some(number))), Some(Token::Number(Some(position)))) = (pairs.next(), pairs.next()) {
        numbers.insert(position, number);
        count = count.saturating_add(1);
    }
    // What was unpacked is not what a reader sees.
    if stream.count.is_none_or(|stated| stated > count) {
        return Err(Unfit::Damaged);
    }
    let mut walk = Walk::new(found);
    // From the very start: whatever stands among the pairs is read too.
    let mut lexer = Lexer::new(bytes);
    loop {
        lexer.skip_space();
        if walk.frames.is_empty()
            && let Some(position) = lexer.offset().checked_sub(first).and_then(|at| u64::try_from(at).ok())
            && let Some(number) = numbers.get(&position)
        {
            walk.number = Some(*number);
        }
        match lexer.next() {
            Some(token) => walk.token(&token)?,
            None => return Ok(()),
        }
    }
}

impl<'f> Walk<'f> {
    fn new(found: &'f mut Found) -> Self {
        Self { found, frames: Vec::new(), outermost: Outermost::default(), number: None, numbers: [None; 2] }
    }

    fn token(&mut self, token: &Token<'_>) -> Result<(), Unfit> {
        match token {
            Token::Name(name) if name.len() > MAX_NAME => return Err(Unfit::Damaged),
            Token::Name(name) => self.found.is_active |= ACTIVE.contains(&name.as_ref()),
            Token::Keyword(b"obj") => self.begin(),
            // What follows is no object.
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

    /// A new object: whatever was not closed before is over.
    fn begin(&mut self) {
        let [number, _] = self.numbers;
        self.frames.clear();
        self.outermost = Outermost::default();
        self.number = number;
    }

    /// The key that a token is the value of, in a dictionary; for what stands in an array, the key of the array.
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
            // The rest of a reference.
            (None, _) => None,
            (key, _) => key,
        }
    }

    /// A key alone, at the outermost level.
    fn key(&mut self, token: &Token<'_>) {
        let Token::Name(name) = token else { return };
        if self.frames.len() == 1 {
            self.found.is_encrypted |= name.as_ref() == b"Encrypt";
            self.outermost.has_count |= name.as_ref() == b"N";
        }
    }

    fn value(&mut self, key: &[u8], token: &Token<'_>) {
        let is_outermost = self.frames.len() == 1;
        match (key, token) {
            (b"S", Token::Name(name)) => {
                self.found.is_active |= PLAYING.contains(&name.as_ref());
                if let Some(frame) = self.frames.last_mut().filter(|frame| frame.is_dict) {
                    frame.kind = Some(name.to_vec());
                }
            }
            // Elsewhere than in the file: what happens then is not to be seen here.
            (b"AA", Token::Number(_)) => self.found.is_active = true,
            (b"OpenAction", Token::Number(number)) if self.frames.last().is_some_and(|frame| frame.is_dict) => {
                match number {
                    Some(number) => drop(self.found.opened.insert(*number)),
                    None => self.found.is_active = true,
                }
            }
            (b"Type", Token::Name(name)) if is_outermost => self.typed(name),
            (b"Filter" | b"F", Token::Name(name)) if self.frames.len() <= 2 => {
                self.outermost.packing.filters.push(Filter::named(name));
            }
            // Elsewhere, where readers look and this does not.
            (b"Filter" | b"F", Token::Number(_)) if self.frames.len() <= 2 => {
                self.outermost.packing.filters.push(Filter::Unknown);
            }
            (b"DecodeParms" | b"DP", Token::Number(_)) if self.frames.len() <= 2 => {
                self.outermost.packing.is_predicted = true;
            }
            (b"Predictor", Token::Number(number)) => self.outermost.packing.is_predicted |= *number != Some(1),
            (b"Length", Token::Number(number)) if is_outermost => self.outermost.length = *number,
            (b"First", Token::Number(number)) if is_outermost => self.outermost.first = *number,
            (b"N", Token::Number(number)) if is_outermost => self.outermost.count = *number,
            _ => {}
        }
    }

    fn typed(&mut self, name: &[u8]) {
        match name {
            b"Page" => drop(self.found.pages.insert(self.number.unwrap_or(0))),
            b"Catalog" => self.found.has_catalog = true,
            b"ObjStm" => self.outermost.is_objects = true,
            _ => {}
        }
    }

    fn open(&mut self, is_dict: bool, of: Option<Vec<u8>>) -> Result<(), Unfit> {
        if self.frames.len() >= MAX_DEPTH {
            return Err(Unfit::Damaged);
        }
        if self.frames.is_empty() {
            self.outermost = Outermost::default();
        }
        self.frames.push(Frame { is_dict, of, is_empty: true, ..Frame::default() });
        Ok(())
    }

    fn close(&mut self) {
        let Some(frame) = self.frames.pop() else { return };
        // An action that leads to a place in the document itself is harmless, and so is the place alone, an array.
        let leads_out = frame.is_dict && frame.kind.as_deref() != Some(b"GoTo");
        match frame.of.as_deref() {
            Some(b"OpenAction") => self.found.is_active |= leads_out,
            Some(b"AA") if frame.is_dict => self.found.is_active |= !frame.is_empty,
            // What comes after an action belongs to it.
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
