//! Free text as people type it, made safe to store, print, mail and log. It must not judge meaning, only characters.

use unicode_normalization::UnicodeNormalization;

/// Why a text was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextFault {
    /// Nothing visible is in it.
    Blank,
    /// A control character, or one that changes the reading direction, is in it.
    Forbidden,
    /// It has more characters than the limit, counted after normalisation.
    TooLong,
}

/// Normalises to NFC, trims, and refuses control and bidirectional-override characters.
/// Line feeds and tabs are allowed only when `lines` is set.
///
/// # Errors
/// The first [`TextFault`] that applies; `max` is a number of characters, not bytes.
pub fn clean(raw: &str, max: usize, lines: bool) -> Result<String, TextFault> {
    let text = raw.nfc().collect::<String>();
    // Browsers send the lines of a text area with carriage returns.
    let text = if lines { text.replace("\r\n", "\n") } else { text };
    let text = text.trim().to_owned();
    if text.chars().any(|c| is_forbidden(c, lines)) {
        return Err(TextFault::Forbidden);
    }
    if text.chars().all(is_invisible) {
        return Err(TextFault::Blank);
    }
    if text.chars().count() > max {
        return Err(TextFault::TooLong);
    }
    Ok(text)
}

/// Bytes in lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn is_forbidden(c: char, lines: bool) -> bool {
    let line_character = matches!(c, '\n' | '\t');
    // Bidirectional controls can make a text read as another one (Unicode TR 36, section 2.10).
    let bidi = matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}' | '\u{061C}');
    bidi || matches!(c, '\u{2028}' | '\u{2029}' | '\u{FEFF}') || (c.is_control() && !(lines && line_character))
}

fn is_invisible(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{200B}'..='\u{200D}' | '\u{2060}' | '\u{00AD}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_normalised_and_judged() {
        assert_eq!(clean("  Cafe\u{301} ", 10, false).unwrap(), "Café");
        assert_eq!(clean(" \t ", 10, false), Err(TextFault::Blank));
        assert_eq!(clean("\u{200B}", 10, false), Err(TextFault::Blank));
        assert_eq!(clean("a\u{202E}b", 10, false), Err(TextFault::Forbidden));
        assert_eq!(clean("a\nb", 10, false), Err(TextFault::Forbidden));
        assert_eq!(clean("a\r\nb", 10, true).unwrap(), "a\nb");
        assert_eq!(clean("a\r\nb", 10, false), Err(TextFault::Forbidden));
        assert_eq!(clean(&"é".repeat(10), 10, false).unwrap().chars().count(), 10);
        assert_eq!(clean("elevenchars", 10, false), Err(TextFault::TooLong));
    }
}
