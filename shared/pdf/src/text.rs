//! User text for the page: visible characters only, broken into lines that fit.

use icu_properties::CodePointSetData;
use icu_properties::props::DefaultIgnorableCodePoint;
use outlay_domain::text::is_explicit_bidi_control;
use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

use crate::font::Fonts;
use crate::metrics::{Length, Style};

/// Longest text of one paragraph, in characters: that of a note with room to spare. Longer ones end with an ellipsis.
const MAX_CHARS: usize = 8_000;

/// Makes one line of visible characters. Controls and runs of white space become one space; bidirectional controls and
/// characters without any appearance are dropped.
pub(crate) fn sanitize_line(text: &str) -> String {
    let visible: String = text.chars().filter_map(visible).take(MAX_CHARS).nfc().collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// As [`sanitize_line`], for each line of a longer text; empty lines are dropped.
pub(crate) fn sanitize_paragraphs(text: &str) -> Vec<String> {
    let text: String = text.chars().take(MAX_CHARS).collect();
    let lines = text.split(['\n', '\r', '\u{2028}', '\u{2029}']).map(sanitize_line);
    lines.filter(|line| !line.is_empty()).collect()
}

/// Cuts a text to at most `limit` characters, between grapheme clusters. A cut text ends with an ellipsis.
pub(crate) fn truncate(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let mut used = 0_usize;
    let kept = text.graphemes(true).take_while(|cluster| {
        used = used.saturating_add(cluster.chars().count());
        used < limit
    });
    let kept: String = kept.collect();
    format!("{}…", kept.trim_end())
}

fn visible(character: char) -> Option<char> {
    let is_dropped = is_explicit_bidi_control(character)
        || matches!(character, '\u{200E}' | '\u{200F}' | '\u{061C}' | '\u{FFF9}'..='\u{FFFB}')
        || (character != '\u{AD}' && CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(character));
    match character {
        '\u{AD}' => None,
        _ if is_dropped => None,
        // Blanks of the languages' formats keep an amount or a date in one line.
        '\u{A0}' | '\u{202F}' => Some('\u{A0}'),
        _ if character.is_control() || character.is_whitespace() => Some(' '),
        _ if u32::from(character) & 0xFFFE == 0xFFFE || matches!(character, '\u{FDD0}'..='\u{FDEF}') => {
            Some('\u{FFFD}')
        }
        _ => Some(character),
    }
}

/// Breaks a text into lines of at most `width`: at blanks, after hyphens and slashes, and in a word that is wider than
/// a line between grapheme clusters.
pub(crate) fn wrap(fonts: &Fonts, text: &str, style: Style, width: Length) -> Vec<String> {
    let mut lines = Vec::new();
    let (mut line, mut used) = (String::new(), 0);
    for piece in pieces(text) {
        let visible = piece.trim_end_matches(' ');
        let (full, own) = (fonts.width(piece, style), fonts.width(visible, style));
        if used + own > width && !line.is_empty() {
            lines.push(take_line(&mut line));
            used = 0;
        }
        if own <= width {
            line.push_str(piece);
            used += full;
            continue;
        }
        // An amount breaks before its currency rather than in a number.
        for part in piece.split_inclusive('\u{A0}') {
            let own = fonts.width(part.trim_end_matches('\u{A0}'), style);
            let clusters: Vec<&str> = if own <= width { vec![part] } else { part.graphemes(true).collect() };
            for cluster in clusters {
                let own = fonts.width(cluster.trim_end_matches('\u{A0}'), style);
                if used + own > width && !line.is_empty() {
                    lines.push(take_line(&mut line));
                    used = 0;
                }
                line.push_str(cluster);
                used += fonts.width(cluster, style);
            }
        }
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(take_line(&mut line));
    }
    lines
}

fn take_line(line: &mut String) -> String {
    let taken = line.trim_end().to_owned();
    line.clear();
    taken
}

/// Parts of a text that a line can end after.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive([' ', '-', '/', '_'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{BODY, POINT};

    #[test]
    fn controls_and_bidi_overrides_leave_no_trace() {
        assert_eq!(sanitize_line("a\u{202E}b\u{0}c\n\t d\u{200B}\u{FEFF}e\u{FFFF}"), "ab c de\u{FFFD}");
        assert_eq!(sanitize_paragraphs("one\r\n\r\ntwo\u{2028}three"), ["one", "two", "three"]);
        assert_eq!(sanitize_line("e\u{301}"), "é");
    }

    #[test]
    fn long_words_break_and_nothing_is_lost() {
        let fonts = Fonts::load().unwrap();
        let word = "Donaudampfschifffahrt".repeat(25);
        let text = format!("{word} 1,204.60\u{A0}EUR and {word}");
        let lines = wrap(&fonts, &text, BODY, 120 * POINT);
        assert!(lines.iter().all(|line| fonts.width(line, BODY) <= 120 * POINT));
        let strip = |text: &str| text.replace(' ', "");
        assert_eq!(strip(&lines.concat()), strip(&text));
        assert!(lines.iter().any(|line| line.contains("1,204.60\u{A0}EUR")));
    }

    #[test]
    fn wide_amount_breaks_before_its_currency() {
        let fonts = Fonts::load().unwrap();
        assert_eq!(wrap(&fonts, "10,000,000,000.00\u{A0}EUR", BODY, 90 * POINT), ["10,000,000,000.00", "EUR"]);
    }

    #[test]
    fn empty_text_is_one_empty_line() {
        let fonts = Fonts::load().unwrap();
        assert_eq!(wrap(&fonts, "", BODY, POINT), [""]);
        assert_eq!(wrap(&fonts, "W", BODY, 1), ["W"]);
    }

    #[test]
    fn truncation_keeps_clusters() {
        assert_eq!(truncate("Anna", 4), "Anna");
        assert_eq!(truncate("Annabelle", 5), "Anna…");
    }
}
