//! What people wrote, made harmless for the place it goes to. Every name, title, reason and note passes through here.

use icu_properties::CodePointMapData;
use icu_properties::props::BidiClass;

/// One visible line: control characters and runs of white space become one space, so that a merchant's name cannot forge a
/// line of the text part, and characters that turn the writing direction are dropped, so that it cannot reverse an amount. It holds no
/// link: see [`unlinked`].
pub(crate) fn one_line(text: &str) -> String {
    unlinked(&address(text))
}

/// The same for an e-mail address, which may be one.
pub(crate) fn address(text: &str) -> String {
    let visible: String =
        text.chars().filter(|&c| !turns_direction(c)).map(|c| if c.is_control() { ' ' } else { c }).collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Text that no mail reader makes a link of: whoever gets our mail trusts it, and a title may say `www.example.com/login`. An invisible
/// character (a word joiner) stands where an address would go on.
pub(crate) fn unlinked(text: &str) -> String {
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

/// [`one_line`] for the middle of a sentence: see [`isolated`].
pub(crate) fn inline(text: &str) -> String {
    isolated(one_line(text))
}

/// [`inline`] for a subject. It keeps line breaks and other control characters, so that writing the header refuses them instead
/// of hiding that somebody tried.
pub(crate) fn in_subject(text: &str) -> String {
    isolated(text.chars().filter(|&c| !turns_direction(c)).collect())
}

/// At most `limit` characters, the last one an ellipsis when something was cut.
pub(crate) fn cap(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let kept: String = text.chars().take(limit.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// Text that runs from right to left between marks that keep it from pulling its neighbours, such as an amount, into its order. Other
/// text needs no marks.
fn isolated(text: String) -> String {
    let classes = CodePointMapData::<BidiClass>::new();
    let runs_left =
        |c| matches!(classes.get(c), BidiClass::RightToLeft | BidiClass::ArabicLetter | BidiClass::ArabicNumber);
    if text.chars().any(runs_left) { format!("\u{2068}{text}\u{2069}") } else { text }
}

fn turns_direction(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}
