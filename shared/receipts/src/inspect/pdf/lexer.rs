//! Tokens of PDF (ISO 32000-1, 7.2 and 7.3). Continues after malformed input, as readers do.

use std::borrow::Cow;

/// Token. The content of strings is dropped: it cannot be active.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    Name(Cow<'a, [u8]>),
    /// Non-negative integer; `None` for any other number.
    Number(Option<u64>),
    String,
    DictOpen,
    DictClose,
    ArrayOpen,
    ArrayClose,
    Keyword(&'a [u8]),
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

    /// Skips the rest of a string in parentheses, which can nest.
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
            b'(' => {
                self.skip_string();
                Token::String
            }
            b'<' if self.follows(b'<') => Token::DictOpen,
            b'<' => {
                self.take_while(|byte| byte != b'>');
                self.follows(b'>');
                Token::String
            }
            b'>' if self.follows(b'>') => Token::DictClose,
            b'[' => Token::ArrayOpen,
            b']' => Token::ArrayClose,
            byte if is_delimiter(byte) => Token::Keyword(start.get(..1).unwrap_or_default()),
            _ => {
                let length = self.regular().len().saturating_add(1);
                word(start.get(..length).unwrap_or_default())
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
        let expected = vec![
            Token::DictOpen,
            name(b"A b"),
            Token::String,
            name(b"C"),
            Token::String,
            Token::DictClose,
            Token::ArrayOpen,
            Token::Number(Some(1)),
            Token::Number(None),
            Token::Number(Some(3)),
            Token::Number(None),
            Token::ArrayClose,
            Token::Keyword(b"true"),
            Token::String,
        ];
        assert_eq!(tokens, expected);
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
