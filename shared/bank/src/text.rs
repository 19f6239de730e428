//! The character set of payments and transliteration into it.

use any_ascii::any_ascii_char;
use outlay_domain::text::is_unseen;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Characters that every bank of the SEPA schemes supports (EPC132-08, SEPA Credit Transfer implementation guidelines,
/// character set).
pub(crate) const fn is_bank_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '?' | ':' | '(' | ')' | '.' | ',' | '\'' | '+' | ' ')
}

/// Writes a text in the character set of SEPA payments: `a`-`z`, `A`-`Z`, `0`-`9`, `/-?:().,'+` and space.
///
/// The rules, in this order:
///
/// 1. The text is normalised (NFC). Characters of the set stay.
/// 2. Letters of German are written as in Germany: `ä` is `ae`, `ö` is `oe`, `ü` is `ue`, `ß` is `ss`.
/// 3. ASCII outside the set becomes the nearest character of the set: `&` is `+`, `_` and `~` are `-`, `;` is `,`,
///    brackets and braces are parentheses, `\` and `|` are `/`, `"` and `` ` `` are `'`.
/// 4. White space and control characters become a space. Invisible characters and combining marks are dropped.
/// 5. Every other character is transliterated by the tables of the crate `any_ascii`: `é` is `e`, `ł` is `l`, `Ж` is
///    `Zh`, `Ω` is `O`, `€` is `EUR`. An emoji and a character without transliteration become `.`, as in the
///    conversion table of the EPC (EPC217-08).
/// 6. Runs of spaces become one, spaces at both ends are dropped, and the text is cut to `limit` characters.
#[must_use]
pub fn to_bank_text(text: &str, limit: usize) -> String {
    let mut written = String::with_capacity(text.len().min(limit));
    for c in text.nfc() {
        push_character(&mut written, c);
        // The rest would be cut off. Each character written is one byte.
        if written.len() > limit {
            break;
        }
    }
    written.truncate(limit);
    written.truncate(written.trim_end().len());
    written
}

fn push_character(written: &mut String, c: char) {
    if c.is_whitespace() || c.is_control() {
        push_space(written);
    } else if c.is_ascii() {
        push_ascii(written, c);
    } else if let Some(letters) = german(c) {
        written.push_str(letters);
    } else if !is_unseen(c) && !is_combining_mark(c) {
        push_transliterated(written, any_ascii_char(c));
    }
}

/// A space, unless it would be the first character or follow another.
fn push_space(written: &mut String) {
    if !written.is_empty() && !written.ends_with(' ') {
        written.push(' ');
    }
}

fn push_ascii(written: &mut String, c: char) {
    match c {
        ' ' => push_space(written),
        c if is_bank_character(c) => written.push(c),
        '&' => written.push('+'),
        '_' | '~' => written.push('-'),
        ';' => written.push(','),
        '[' | '{' => written.push('('),
        ']' | '}' => written.push(')'),
        '\\' | '|' => written.push('/'),
        '"' | '`' => written.push('\''),
        _ => written.push('.'),
    }
}

const fn german(c: char) -> Option<&'static str> {
    Some(match c {
        'ä' => "ae",
        'ö' => "oe",
        'ü' => "ue",
        'Ä' => "Ae",
        'Ö' => "Oe",
        'Ü' => "Ue",
        'ß' => "ss",
        'ẞ' => "SS",
        _ => return None,
    })
}

fn push_transliterated(written: &mut String, ascii: &str) {
    // The tables write an emoji as its name between colons.
    let is_emoji_name = ascii.len() > 2 && ascii.starts_with(':') && ascii.ends_with(':');
    if ascii.is_empty() || is_emoji_name {
        written.push('.');
    } else {
        ascii.chars().for_each(|c| push_ascii(written, c));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_is_transliterated_by_the_documented_rules() {
        for (text, expected) in [
            ("Jörg Müßig & Söhne", "Joerg Muessig + Soehne"),
            ("Ju\u{308}rgen", "Juergen"),
            ("Élodie Łukasz Åström", "Elodie Lukasz Astroem"),
            ("Иван Жуков", "Ivan Zhukov"),
            ("Ελένη", "Eleni"),
            ("a_b;c[d]{e}\\f|g\"h`i~j", "a-b,c(d)(e)/f/g'h'i-j"),
            ("100 % <b>#1*</b>", "100 . .b..1../b."),
            ("12 €", "12 EUR"),
            ("ok 👍", "ok ."),
            ("  two\t\r\n lines  ", "two lines"),
            ("zero\u{200b}width", "zerowidth"),
            ("\u{E000}", "."),
        ] {
            assert_eq!(to_bank_text(text, 140), expected, "{text}");
        }
    }

    #[test]
    fn long_text_is_cut_without_trailing_space() {
        assert_eq!(to_bank_text("abc def", 4), "abc");
        assert_eq!(to_bank_text("ääää", 3), "aea");
        assert_eq!(to_bank_text("abc", 0), "");
    }

    proptest! {
        #[test]
        fn any_text_stays_within_set_and_limit(text in any::<String>(), limit in 0_usize..200) {
            let written = to_bank_text(&text, limit);
            prop_assert!(written.len() <= limit);
            prop_assert!(written.chars().all(is_bank_character), "{written:?}");
            prop_assert_eq!(written.trim(), written.as_str());
            prop_assert!(!written.contains("  "));
            prop_assert_eq!(to_bank_text(&written, limit), written);
        }
    }
}
