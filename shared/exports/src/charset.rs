//! Character sets of the formats. A character that a set lacks is replaced, the same one always in the same way.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_segmentation::UnicodeSegmentation;

/// Upper half of code page 437, from byte 128. Source: the mapping of the Unicode Consortium, `CP437.TXT`.
const CP437: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀\
    αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";

/// Bytes 128 to 159 of Windows-1252; a blank for bytes without a character. Source: `CP1252.TXT`.
const WINDOWS_1252: &str = "€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ";

/// Characters of ISO 8859-15 that Latin-1 lacks, with their bytes. The bytes' characters of Latin-1 are missing.
const LATIN_9: [(char, u8); 8] =
    [('€', 0xA4), ('Š', 0xA6), ('š', 0xA8), ('Ž', 0xB4), ('ž', 0xB8), ('Œ', 0xBC), ('œ', 0xBD), ('Ÿ', 0xBE)];

/// Character set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    /// UTF-8.
    Utf8,
    /// Windows-1252, of DATEV.
    Windows1252,
    /// ISO 8859-15, of FEC.
    Iso8859_15,
    /// Code page 437, PC8 in SIE.
    Cp437,
}

impl Charset {
    /// Byte of a character; none when the set lacks it. UTF-8 has no single bytes above ASCII.
    fn byte(self, c: char) -> Option<u8> {
        if c.is_ascii() {
            return u8::try_from(c).ok();
        }
        let latin_1 = u8::try_from(c).ok().filter(|byte| *byte >= 0xA0);
        let position = |table: &str, first: u8| {
            let at = table.chars().position(|listed| listed == c)?;
            u8::try_from(at).ok()?.checked_add(first)
        };
        match self {
            Self::Utf8 => None,
            Self::Windows1252 => latin_1.or_else(|| position(WINDOWS_1252, 0x80)),
            Self::Iso8859_15 => {
                let listed = LATIN_9.iter().find(|(character, _)| *character == c).map(|(_, byte)| *byte);
                listed.or_else(|| latin_1.filter(|byte| LATIN_9.iter().all(|(_, taken)| taken != byte)))
            }
            Self::Cp437 => position(CP437, 0x80),
        }
    }

    /// True when the set has the character.
    fn has(self, c: char) -> bool {
        self == Self::Utf8 || self.byte(c).is_some()
    }

    /// The text in NFC, with a replacement for each character that the set lacks: letters lose their marks, punctuation
    /// becomes that of ASCII, everything else a question mark.
    #[must_use]
    pub fn representable(self, text: &str) -> String {
        let mut replaced = String::with_capacity(text.len());
        for c in text.nfc() {
            if self.has(c) {
                replaced.push(c);
            } else if let Some(substitute) = substitute(c) {
                replaced.push_str(substitute);
            } else if !is_combining_mark(c) {
                let length = replaced.len();
                for part in std::iter::once(c).nfkd() {
                    match substitute(part) {
                        _ if self.has(part) => replaced.push(part),
                        Some(text) => replaced.push_str(text),
                        None => {}
                    }
                }
                if replaced.len() == length {
                    replaced.push('?');
                }
            }
        }
        replaced
    }

    /// Bytes of a text. Characters that the set lacks are replaced as by [`Charset::representable`].
    #[must_use]
    pub fn encode(self, text: &str) -> Vec<u8> {
        if self == Self::Utf8 {
            return text.as_bytes().to_vec();
        }
        self.representable(text).chars().filter_map(|c| self.byte(c)).collect()
    }
}

/// ASCII for punctuation and letters that do not decompose.
fn substitute(c: char) -> Option<&'static str> {
    Some(match c {
        '‐'..='―' | '−' => "-",
        '‘' | '’' | '‚' | '‛' | '′' => "'",
        '“' | '”' | '„' | '‟' | '″' => "\"",
        '…' => "...",
        '\u{2044}' => "/",
        '•' => "*",
        '€' => "EUR",
        'Ł' => "L",
        'ł' => "l",
        'Ø' => "O",
        'ø' => "o",
        'Đ' | 'Ð' => "D",
        'đ' | 'ð' => "d",
        'Þ' => "Th",
        'þ' => "th",
        'Œ' => "OE",
        'œ' => "oe",
        'ẞ' => "SS",
        'ß' => "ss",
        'ı' => "i",
        '\u{A0}' | '\u{2009}' | '\u{202F}' => " ",
        '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FEFF}' | '\u{AD}' => "",
        _ => return None,
    })
}

/// The text without control characters: each run of them becomes a blank.
pub(crate) fn without_controls(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut after_control = false;
    for c in text.chars() {
        let is_control = c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
        if !is_control {
            plain.push(c);
        } else if !after_control {
            plain.push(' ');
        }
        after_control = is_control;
    }
    plain.trim().to_owned()
}

/// The longest beginning of the text with at most `max` characters that does not end within a grapheme cluster.
pub(crate) fn cut(text: &str, max: usize) -> &str {
    let mut characters = 0;
    let mut end = 0;
    for grapheme in text.graphemes(true) {
        characters += grapheme.chars().count();
        if characters > max {
            break;
        }
        end += grapheme.len();
    }
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_have_all_bytes() {
        assert_eq!((CP437.chars().count(), WINDOWS_1252.chars().count()), (128, 32));
        let taken: Vec<u8> = CP437.chars().filter_map(|c| Charset::Cp437.byte(c)).collect();
        assert_eq!(taken, (0x80..=0xFF).collect::<Vec<u8>>());
    }

    #[test]
    fn letters_have_the_bytes_of_their_set() {
        assert_eq!(Charset::Windows1252.encode("ä€ŒŸ\u{a0}"), [0xE4, 0x80, 0x8C, 0x9F, 0xA0]);
        assert_eq!(Charset::Iso8859_15.encode("é€ŒŸ"), [0xE9, 0xA4, 0xBC, 0xBE]);
        assert_eq!(Charset::Cp437.encode("åäöÅÄÖé"), [0x86, 0x84, 0x94, 0x8F, 0x8E, 0x99, 0x82]);
        assert_eq!(Charset::Utf8.encode("ł"), "ł".as_bytes());
    }

    #[test]
    fn missing_characters_are_replaced() {
        assert_eq!(Charset::Windows1252.representable("Kołobrzeg – 東京"), "Kolobrzeg – ??");
        assert_eq!(Charset::Cp437.representable("Ærø – “Ő” 5 €…"), "Æro - \"O\" 5 EUR...");
        assert_eq!(Charset::Iso8859_15.representable("¤ ¼ ŝ e\u{301}"), "? 1/4 s é");
        assert_eq!(Charset::Cp437.representable("a\u{200B}b\u{33F}"), "ab");
        assert_eq!(Charset::Utf8.representable("東京"), "東京");
    }

    #[test]
    fn cut_keeps_grapheme_clusters_whole() {
        assert_eq!(cut("abcdef", 3), "abc");
        assert_eq!(cut("ab👩‍👩‍👧c", 5), "ab");
        assert_eq!(cut("xe\u{301}", 2), "x");
        assert_eq!(cut("abc", 3), "abc");
    }

    #[test]
    fn controls_become_blanks() {
        assert_eq!(without_controls("a\r\nb\tc\u{7}\u{85}d\u{2028}"), "a b c d");
    }
}
