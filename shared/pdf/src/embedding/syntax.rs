//! Objects of PDF (ISO 32000-1, 7.3): a parser with limits, and the way back.

use std::collections::BTreeMap;

/// Deepest nesting of arrays and dictionaries.
const MAX_DEPTH: usize = 50;
/// Longest number, in characters.
const MAX_NUMBER: usize = 20;

/// Entries of a dictionary.
pub(super) type Dictionary = BTreeMap<Vec<u8>, Object>;

/// Object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Object {
    /// `null`, and what stands for nothing.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// Number, as written.
    Number(String),
    /// String.
    String(Vec<u8>),
    /// Name, decoded.
    Name(Vec<u8>),
    /// Array.
    Array(Vec<Self>),
    /// Dictionary.
    Dictionary(Dictionary),
    /// Reference to an indirect object, by number.
    Reference(u32),
}

impl Object {
    /// Whole number.
    pub(super) fn integer(&self) -> Option<i64> {
        match self {
            Self::Number(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// Number in thousandths; digits after these are dropped.
    pub(super) fn thousandths(&self) -> Option<i64> {
        let Self::Number(text) = self else { return None };
        let (sign, digits) = match text.strip_prefix('-') {
            Some(digits) => (-1, digits),
            None => (1, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
        let decimals: String = decimals.chars().chain("000".chars()).take(3).collect();
        let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        whole.checked_mul(1_000)?.checked_add(decimals.parse().ok()?)?.checked_mul(sign)
    }

    /// True for a name.
    pub(super) fn is_name(&self, name: &[u8]) -> bool {
        matches!(self, Self::Name(own) if own == name)
    }

    /// Number of values in it.
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::Array(items) => items.iter().map(Self::weight).sum::<usize>().saturating_add(1),
            Self::Dictionary(entries) => entries.values().map(Self::weight).sum::<usize>().saturating_add(1),
            _ => 1,
        }
    }
}

pub(super) const fn is_space(byte: u8) -> bool {
    matches!(byte, 0 | 9 | 10 | 12 | 13 | 32)
}

const fn is_delimiter(byte: u8) -> bool {
    matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

const fn is_regular(byte: u8) -> bool {
    !is_space(byte) && !is_delimiter(byte)
}

/// Parser at a position. `budget` is the number of values that it may still read. After a failure the position is
/// behind all that has been looked at.
pub(super) struct Parser<'a> {
    bytes: &'a [u8],
    /// Position.
    pub(super) at: usize,
    /// Number of values that are left.
    pub(super) budget: usize,
}

impl<'a> Parser<'a> {
    pub(super) const fn new(bytes: &'a [u8], at: usize, budget: usize) -> Self {
        Self { bytes, at, budget }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// Skips white space and comments.
    pub(super) fn skip_space(&mut self) {
        while let Some(byte) = self.peek() {
            if byte == b'%' {
                let length = self.rest().iter().take_while(|byte| !matches!(byte, 10 | 13)).count();
                self.at = self.at.saturating_add(length);
            } else if is_space(byte) {
                self.at = self.at.saturating_add(1);
            } else {
                return;
            }
        }
    }

    /// Skips a text; false when another one is here.
    pub(super) fn skip(&mut self, text: &[u8]) -> bool {
        let is_here = self.rest().starts_with(text);
        if is_here {
            self.at = self.at.saturating_add(text.len());
        }
        is_here
    }

    /// Reads an unsigned whole number.
    pub(super) fn unsigned(&mut self) -> Option<u32> {
        self.skip_space();
        let digits: String = self
            .rest()
            .iter()
            .take(10)
            .take_while(|byte| byte.is_ascii_digit())
            .map(|byte| char::from(*byte))
            .collect();
        self.at = self.at.saturating_add(digits.len());
        digits.parse().ok()
    }

    /// Reads an object; none where there is none, or at a limit.
    pub(super) fn object(&mut self) -> Option<Object> {
        self.object_at(0)
    }

    fn object_at(&mut self, depth: usize) -> Option<Object> {
        self.budget = self.budget.checked_sub(1).filter(|_| depth < MAX_DEPTH)?;
        self.skip_space();
        match self.peek()? {
            b'/' => self.name().map(Object::Name),
            b'(' => self.literal_string().map(Object::String),
            b'[' => self.array(depth).map(Object::Array),
            b'<' if self.rest().starts_with(b"<<") => self.dictionary(depth).map(Object::Dictionary),
            b'<' => self.hex_string().map(Object::String),
            b'0'..=b'9' | b'+' | b'-' | b'.' => self.number(),
            _ => {
                let word: Vec<u8> = self.rest().iter().copied().take(6).take_while(|byte| is_regular(*byte)).collect();
                let object = match word.as_slice() {
                    b"true" => Object::Boolean(true),
                    b"false" => Object::Boolean(false),
                    b"null" => Object::Null,
                    _ => return None,
                };
                self.at = self.at.saturating_add(word.len());
                Some(object)
            }
        }
    }

    fn name(&mut self) -> Option<Vec<u8>> {
        self.at = self.at.saturating_add(1);
        let raw: Vec<u8> = self.rest().iter().copied().take_while(|byte| is_regular(*byte)).collect();
        self.at = self.at.saturating_add(raw.len());
        let mut name = Vec::with_capacity(raw.len());
        let mut rest = raw.as_slice();
        while let Some((byte, after)) = rest.split_first() {
            let escaped = (*byte == b'#').then(|| after.first_chunk::<2>()).flatten().copied().and_then(hex_byte);
            name.push(escaped.unwrap_or(*byte));
            rest = if escaped.is_some() { after.get(2..)? } else { after };
        }
        (name.len() <= 127).then_some(name)
    }

    fn number(&mut self) -> Option<Object> {
        let text: String = self
            .rest()
            .iter()
            .take(MAX_NUMBER + 1)
            .take_while(|byte| is_regular(**byte))
            .map(|byte| char::from(*byte))
            .collect();
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(&text);
        let is_number = text.len() <= MAX_NUMBER
            && unsigned.chars().all(|digit| digit.is_ascii_digit() || digit == '.')
            && unsigned.matches('.').count() <= 1
            && unsigned.contains(|digit: char| digit.is_ascii_digit());
        if !is_number {
            return None;
        }
        self.at = self.at.saturating_add(text.len());
        Some(match text.parse().ok().and_then(|number| self.reference(number)) {
            Some(reference) => reference,
            None => Object::Number(text),
        })
    }

    /// Reference whose number has been read.
    fn reference(&mut self, number: u32) -> Option<Object> {
        let mut ahead = Self::new(self.bytes, self.at, 0);
        ahead.unsigned()?;
        ahead.skip_space();
        let is_reference = ahead.skip(b"R") && !ahead.peek().is_some_and(is_regular);
        is_reference.then(|| {
            self.at = ahead.at;
            Object::Reference(number)
        })
    }

    fn array(&mut self, depth: usize) -> Option<Vec<Object>> {
        self.at = self.at.saturating_add(1);
        let mut items = Vec::new();
        loop {
            self.skip_space();
            if self.skip(b"]") {
                return Some(items);
            }
            items.push(self.object_at(depth.saturating_add(1))?);
        }
    }

    fn dictionary(&mut self, depth: usize) -> Option<Dictionary> {
        self.at = self.at.saturating_add(2);
        let mut entries = Dictionary::new();
        loop {
            self.skip_space();
            if self.skip(b">>") {
                return Some(entries);
            }
            if self.peek()? != b'/' {
                return None;
            }
            let name = self.name()?;
            let value = self.object_at(depth.saturating_add(1))?;
            entries.insert(name, value);
        }
    }

    fn literal_string(&mut self) -> Option<Vec<u8>> {
        self.at = self.at.saturating_add(1);
        let (mut string, mut open) = (Vec::new(), 1_usize);
        loop {
            let byte = self.peek()?;
            self.at = self.at.saturating_add(1);
            match byte {
                b'(' => open = open.saturating_add(1),
                b')' => open = open.saturating_sub(1),
                b'\\' => {
                    string.extend(self.escape()?);
                    continue;
                }
                _ => {}
            }
            if open == 0 {
                return Some(string);
            }
            string.push(byte);
        }
    }

    fn escape(&mut self) -> Option<Option<u8>> {
        let byte = self.peek()?;
        self.at = self.at.saturating_add(1);
        Some(match byte {
            b'n' => Some(b'\n'),
            b'r' => Some(b'\r'),
            b't' => Some(b'\t'),
            b'b' => Some(8),
            b'f' => Some(12),
            b'\r' => {
                self.skip(b"\n");
                None
            }
            b'\n' => None,
            b'0'..=b'7' => {
                let mut value = u32::from(byte - b'0');
                for _ in 0..2 {
                    let Some(digit @ b'0'..=b'7') = self.peek() else { break };
                    self.at = self.at.saturating_add(1);
                    value = value * 8 + u32::from(digit - b'0');
                }
                u8::try_from(value & 0xFF).ok()
            }
            other => Some(other),
        })
    }

    fn hex_string(&mut self) -> Option<Vec<u8>> {
        self.at = self.at.saturating_add(1);
        let Some(length) = self.rest().iter().position(|byte| *byte == b'>') else {
            // What has been looked at counts as read.
            self.at = self.bytes.len();
            return None;
        };
        let digits: Vec<u8> = self.rest().get(..length)?.iter().copied().filter(u8::is_ascii_hexdigit).collect();
        self.at = self.at.saturating_add(length).saturating_add(1);
        let pair = |pair: &[u8]| hex_byte([*pair.first()?, pair.get(1).copied().unwrap_or(b'0')]);
        digits.chunks(2).map(pair).collect()
    }
}

fn hex_byte(digits: [u8; 2]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let [high, low] = digits;
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

/// Writes an object. `number` gives the new number of a reference; none where what it refers to is left out.
pub(super) fn write_object(out: &mut Vec<u8>, object: &Object, number: &mut impl FnMut(u32) -> Option<usize>) {
    match object {
        Object::Null => out.extend_from_slice(b"null"),
        Object::Boolean(value) => out.extend_from_slice(if *value { b"true" } else { b"false" }),
        Object::Number(text) => out.extend_from_slice(text.as_bytes()),
        Object::String(bytes) => {
            out.push(b'<');
            for byte in bytes {
                out.extend_from_slice(format!("{byte:02X}").as_bytes());
            }
            out.push(b'>');
        }
        Object::Name(name) => write_name(out, name),
        Object::Array(items) => {
            out.push(b'[');
            for item in items {
                write_object(out, item, number);
                out.push(b' ');
            }
            out.push(b']');
        }
        Object::Dictionary(entries) => {
            out.extend_from_slice(b"<<");
            for (name, value) in entries {
                write_name(out, name);
                out.push(b' ');
                write_object(out, value, number);
                out.push(b' ');
            }
            out.extend_from_slice(b">>");
        }
        Object::Reference(old) => match number(*old) {
            Some(new) => out.extend_from_slice(format!("{new} 0 R").as_bytes()),
            None => out.extend_from_slice(b"null"),
        },
    }
}

fn write_name(out: &mut Vec<u8>, name: &[u8]) {
    out.push(b'/');
    for byte in name {
        if is_regular(*byte) && byte.is_ascii_graphic() && *byte != b'#' {
            out.push(*byte);
        } else {
            out.extend_from_slice(format!("#{byte:02X}").as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &[u8]) -> Option<Object> {
        Parser::new(text, 0, 1_000).object()
    }

    #[test]
    fn objects_round_trip() {
        let text = b"<< /A#20b [1 -2.5 (a\\(b\\)\\101\\n) <4a4B5> true null 7 0 R] /D << /E /F >> % x\n >>";
        let object = parse(text).unwrap();
        let mut written = Vec::new();
        write_object(&mut written, &object, &mut |number| usize::try_from(number).ok());
        assert_eq!(parse(&written), Some(object.clone()));
        let Object::Dictionary(entries) = object else { panic!() };
        let Some(Object::Array(items)) = entries.get(b"A b".as_slice()) else { panic!() };
        assert_eq!(items[2], Object::String(b"a(b)A\n".to_vec()));
        assert_eq!(items[3], Object::String(b"JKP".to_vec()));
        assert_eq!(items[6], Object::Reference(7));
    }

    #[test]
    fn limits_and_malformed_objects_give_none() {
        for text in ["[".repeat(10_000), "<</A".repeat(10_000), "[1 2".to_owned(), "<< 1 2 >>".to_owned()] {
            assert_eq!(parse(text.as_bytes()), None);
        }
        for text in ["", "1.2.3", "--1", "(", "<41", "/".repeat(2).as_str(), "endobj"] {
            assert!(!matches!(parse(text.as_bytes()), Some(Object::Number(_))), "{text}");
        }
        assert_eq!(parse(format!("[{}]", "1 ".repeat(2_000)).as_bytes()), None);
    }

    #[test]
    fn numbers_have_thousandths() {
        let thousandths = |text: &str| parse(text.as_bytes()).unwrap().thousandths();
        assert_eq!(thousandths("595.276"), Some(595_276));
        assert_eq!(thousandths("-.5"), Some(-500));
        assert_eq!(thousandths("+3"), Some(3_000));
        assert_eq!(thousandths("99999999999999999999"), None);
    }
}
