//! Tokens of PDF (ISO 32000-1, 7.2 and 7.3). Continues after malformed input, as readers do.

use std::borrow::Cow;

/// Token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    Name(Cow<'a, [u8]>),
    /// Non-negative integer; `None` for any other number.
    Number(Option<u64>),
    /// Number of an object that is referenced. A reference with a comment inside is read as numbers and a keyword.
    Reference(u64),
    String(PdfString<'a>),
    DictOpen,
    DictClose,
    ArrayOpen,
    ArrayClose,
    Keyword(&'a [u8]),
}

/// Text between the delimiters of a string, undecoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PdfString<'a> {
    raw: &'a [u8],
    is_hex: bool,
}

impl PdfString<'_> {
    /// Decodes the escapes (ISO 32000-1, 7.3.4).
    pub(super) fn bytes(&self) -> Vec<u8> {
        if self.is_hex { from_hex(self.raw) } else { unescaped_string(self.raw) }
    }

    /// Text in upper and lower case ASCII; `None` with any other character.
    pub(super) fn ascii(&self) -> Option<String> {
        let bytes = self.bytes();
        let bytes = match bytes.strip_prefix(&[0xFE, 0xFF]) {
            None => bytes,
            Some(wide) => {
                let pairs = wide.chunks(2).map(|pair| if let [0, low] = pair { Some(*low) } else { None });
                pairs.collect::<Option<Vec<u8>>>()?
            }
        };
        String::from_utf8(bytes).ok().filter(|text| text.is_ascii())
    }
}

/// Reads tokens from front to back.
pub(super) struct Lexer<'a> {
    bytes: &'a [u8],
    at: usize,
}

pub(super) const fn is_space(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 0x0C | b'\r' | b' ')
}

pub(super) const fn is_delimiter(byte: u8) -> bool {
    matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

impl<'a> Lexer<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Offset of the next token.
    pub(super) const fn offset(&self) -> usize {
        self.at
    }

    pub(super) const fn jump(&mut self, position: usize) {
        self.at = position;
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// Skips white space and comments.
    pub(super) fn skip_space(&mut self) {
        while let Some(byte) = self.peek() {
            if byte == b'%' {
                self.take_while(|byte| !matches!(byte, b'\r' | b'\n'));
            } else if is_space(byte) {
                self.at = self.at.saturating_add(1);
            } else {
                return;
            }
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn next_byte(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at = self.at.saturating_add(1);
        Some(byte)
    }

    fn follows(&mut self, byte: u8) -> bool {
        let follows = self.peek() == Some(byte);
        self.at = self.at.saturating_add(usize::from(follows));
        follows
    }

    fn take_while(&mut self, is_taken: impl Fn(u8) -> bool) -> &'a [u8] {
        let rest = self.rest();
        let count = rest.iter().position(|byte| !is_taken(*byte)).unwrap_or(rest.len());
        self.at = self.at.saturating_add(count);
        rest.get(..count).unwrap_or_default()
    }

    fn regular(&mut self) -> &'a [u8] {
        self.take_while(|byte| !is_space(byte) && !is_delimiter(byte))
    }

    /// Reads the rest of a string in parentheses, which can nest.
    fn string(&mut self) -> PdfString<'a> {
        let rest = self.rest();
        let start = self.at;
        self.skip_string();
        let length = self.at.saturating_sub(start);
        let raw = rest.get(..length).unwrap_or_default();
        PdfString { raw: raw.strip_suffix(b")").unwrap_or(raw), is_hex: false }
    }

    /// Reads the rest of a reference after its object number: the generation and `R`.
    fn follows_reference(&mut self) -> bool {
        let rest = self.rest();
        let blanks = |bytes: &[u8]| bytes.iter().take(8).take_while(|byte| is_space(**byte)).count();
        let before = blanks(rest);
        let generation = rest.get(before..).unwrap_or_default();
        let digits = generation.iter().take(6).take_while(|byte| byte.is_ascii_digit()).count();
        let after = generation.get(digits..).unwrap_or_default();
        let between = blanks(after);
        let [b'R', end @ ..] = after.get(between..).unwrap_or_default() else { return false };
        let is_reference = before > 0
            && digits > 0
            && between > 0
            && end.first().is_none_or(|byte| is_space(*byte) || is_delimiter(*byte));
        if is_reference {
            self.at = self.at.saturating_add(before + digits + between + 1);
        }
        is_reference
    }

    fn skip_string(&mut self) {
        let mut depth = 1_usize;
        while let Some(byte) = self.next_byte() {
            match byte {
                b'\\' => drop(self.next_byte()),
                b'(' => depth = depth.saturating_add(1),
                b')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                return;
            }
        }
    }
}

impl<'a> Iterator for Lexer<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        self.skip_space();
        let start = self.rest();
        Some(match self.next_byte()? {
            b'/' => Token::Name(unescaped(self.regular())),
            b'(' => Token::String(self.string()),
            b'<' if self.follows(b'<') => Token::DictOpen,
            b'<' => {
                let raw = self.take_while(|byte| byte != b'>');
                self.follows(b'>');
                Token::String(PdfString { raw, is_hex: true })
            }
            b'>' if self.follows(b'>') => Token::DictClose,
            b'[' => Token::ArrayOpen,
            b']' => Token::ArrayClose,
            byte if is_delimiter(byte) => Token::Keyword(start.get(..1).unwrap_or_default()),
            _ => {
                let length = self.regular().len().saturating_add(1);
                match word(start.get(..length).unwrap_or_default()) {
                    Token::Number(Some(number)) if self.follows_reference() => Token::Reference(number),
                    token => token,
                }
            }
        })
    }
}

fn word(bytes: &[u8]) -> Token<'_> {
    let is_number = bytes.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.'));
    if !is_number {
        return Token::Keyword(bytes);
    }
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    Token::Number(text.strip_prefix('+').unwrap_or(text).parse().ok())
}

/// Decodes hexadecimal digits up to `>`; others are skipped.
pub(super) fn from_hex(data: &[u8]) -> Vec<u8> {
    let digits: Vec<u8> = data.iter().take_while(|byte| **byte != b'>').filter_map(|byte| hex(*byte)).collect();
    digits.chunks(2).map(|pair| pair.iter().fold(0, |sum, digit| sum << 4 | digit) << (4 * (2 - pair.len()))).collect()
}

/// Decodes the escapes of a string in parentheses.
fn unescaped_string(raw: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((first, after)) = rest.split_first() {
        let (byte, after) = match (first, after) {
            // A line end is one line feed, and none after a backslash.
            (b'\r', after) => (Some(b'\n'), after.strip_prefix(b"\n").unwrap_or(after)),
            (b'\\', [b'\r', b'\n', after @ ..] | [b'\r' | b'\n', after @ ..]) => (None, after),
            (b'\\', [b'0'..=b'7', ..]) => {
                let digits = after.iter().take(3).take_while(|byte| matches!(byte, b'0'..=b'7')).count();
                let (octal, after) = after.split_at_checked(digits).unwrap_or_default();
                let value = octal.iter().fold(0_u32, |sum, digit| sum << 3 | u32::from(digit - b'0'));
                (Some(value.to_le_bytes()[0]), after)
            }
            (b'\\', [escaped, after @ ..]) => {
                let byte = match escaped {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'b' => 8,
                    b'f' => 12,
                    other => *other,
                };
                (Some(byte), after)
            }
            (byte, after) => (Some(*byte), after),
        };
        plain.extend(byte);
        rest = after;
    }
    plain
}

/// Decodes the escapes of a name (`#4A` for `J`).
pub(super) fn unescaped(name: &[u8]) -> Cow<'_, [u8]> {
    if !name.contains(&b'#') {
        return Cow::Borrowed(name);
    }
    let mut plain = Vec::with_capacity(name.len());
    let mut rest = name;
    while let Some((first, after)) = rest.split_first() {
        let escaped = match (first, after) {
            (b'#', [high, low, after @ ..]) => hex(*high).zip(hex(*low)).map(|(high, low)| (high << 4 | low, after)),
            _ => None,
        };
        let (byte, after) = escaped.unwrap_or((*first, after));
        plain.push(byte);
        rest = after;
    }
    Cow::Owned(plain)
}

/// Value of a hexadecimal digit.
pub(super) fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lexer_distinguishes_tokens() {
        let text = b"<</A#20b(x\\)(y)/No) % /No\n/C<4A>>>[1 -2 +3 4.5]true(open /No";
        let tokens: Vec<_> = Lexer::new(text).collect();
        let name = |name: &'static [u8]| Token::Name(Cow::Borrowed(name));
        let string = |raw: &'static [u8], is_hex| Token::String(PdfString { raw, is_hex });
        let expected = vec![
            Token::DictOpen,
            name(b"A b"),
            string(b"x\\)(y)/No", false),
            name(b"C"),
            string(b"4A", true),
            Token::DictClose,
            Token::ArrayOpen,
            Token::Number(Some(1)),
            Token::Number(None),
            Token::Number(Some(3)),
            Token::Number(None),
            Token::ArrayClose,
            Token::Keyword(b"true"),
            string(b"open /No", false),
        ];
        assert_eq!(tokens, expected);
    }

    #[test]
    fn reference_is_one_token() {
        let tokens: Vec<_> = Lexer::new(b"[3 0 R 4\n0\nR]5 0 Rx 6 0%\nR 7 0R 8").collect();
        let number = |number| Token::Number(Some(number));
        let expected = [
            vec![Token::ArrayOpen, Token::Reference(3), Token::Reference(4), Token::ArrayClose],
            vec![number(5), number(0), Token::Keyword(b"Rx"), number(6), number(0), Token::Keyword(b"R")],
            vec![number(7), Token::Keyword(b"0R"), number(8)],
        ];
        assert_eq!(tokens, expected.concat());
    }

    #[test]
    fn string_escapes_are_decoded() {
        for (written, meant) in [
            ("(a\\)\\(b\\\\)", "a)(b\\"),
            ("(a\\101\\7x\\n\\q)", "aA\u{7}x\nq"),
            ("(a\\\r\nb\r\nc)", "ab\nc"),
            ("<66 61 63>", "fac"),
            ("<FEFF00660061>", "fa"),
        ] {
            let Some(Token::String(string)) = Lexer::new(written.as_bytes()).next() else { panic!("{written}") };
            assert_eq!(string.ascii().as_deref(), Some(meant), "{written}");
        }
    }

    #[test]
    fn name_escapes_are_decoded() {
        for (written, meant) in
            [("J#61vaScr#69pt", "JavaScript"), ("#4a#53", "JS"), ("A#", "A#"), ("A#g1", "A#g1"), ("#4", "#4")]
        {
            assert_eq!(unescaped(written.as_bytes()).as_ref(), meant.as_bytes(), "{written}");
        }
    }
}
