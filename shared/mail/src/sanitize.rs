//! Sanitization of user text for mail. Every name, title, reason and note passes through here.

use icu_properties::CodePointMapData;
use icu_properties::props::BidiClass;
use outlay_domain::text::is_explicit_bidi_control;
use unicode_segmentation::UnicodeSegmentation;

/// Makes one visible line. Control characters and runs of white space become one space, so that a merchant cannot forge
/// a line of the text part. Bidirectional controls are dropped, so that it cannot reverse an amount. Links are defused:
/// see [`defuse_links`].
pub(crate) fn sanitize_line(text: &str) -> String {
    defuse_links(&sanitize_address(text))
}

/// Makes one visible line of an e-mail address, which stays a link.
pub(crate) fn sanitize_address(text: &str) -> String {
    let visible: String =
        text.chars().filter(|&c| !is_explicit_bidi_control(c)).map(|c| if c.is_control() { ' ' } else { c }).collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Keeps mail readers from making links of user text, such as a title `www.example.com/login`: recipients trust this
/// mail. A word joiner, which is invisible, interrupts each address.
pub(crate) fn defuse_links(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    let mut before = None;
    while let Some(c) = characters.next() {
        safe.push(c);
        let goes_on = match c {
            '.' => {
                before.is_some_and(char::is_alphanumeric) && characters.peek().is_some_and(|next| next.is_alphabetic())
            }
            ':' => characters.peek() == Some(&'/'),
            '@' => true,
            _ => false,
        };
        if goes_on {
            safe.push('\u{2060}');
        }
        before = Some(c);
    }
    safe
}

/// As [`sanitize_line`], for the middle of a sentence: see [`isolate_bidi`].
pub(crate) fn sanitize_inline(text: &str) -> String {
    isolate_bidi(sanitize_line(text))
}

/// As [`sanitize_inline`], for a subject. Line breaks and other control characters stay, so that writing the header
/// refuses them and the attempt is seen.
pub(crate) fn sanitize_subject(text: &str) -> String {
    isolate_bidi(text.chars().filter(|&c| !is_explicit_bidi_control(c)).collect())
}

/// Cuts a text to at most `limit` characters, between grapheme clusters: no letter loses its accents, no emoji becomes
/// another one. A cut text ends with an ellipsis.
pub(crate) fn truncate(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let (mut end, mut used) = (0, 0);
    for (at, cluster) in text.grapheme_indices(true) {
        used += cluster.chars().count();
        if used > limit.saturating_sub(1) {
            break;
        }
        end = at + cluster.len();
    }
    format!("{}…", text.get(..end).unwrap_or_default().trim_end())
}

/// Isolates right-to-left text, so that it does not reorder its neighbours, such as an amount. Other text stays as it
/// is.
fn isolate_bidi(text: String) -> String {
    let classes = CodePointMapData::<BidiClass>::new();
    let runs_left =
        |c| matches!(classes.get(c), BidiClass::RightToLeft | BidiClass::ArabicLetter | BidiClass::ArabicNumber);
    if text.chars().any(runs_left) { format!("\u{2068}{text}\u{2069}") } else { text }
}
