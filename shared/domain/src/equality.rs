//! Equality of texts that people enter: two spellings that look or read the same have the same key. Nothing is cut off
//! and no symbol is dropped, so different texts keep different keys: `C++` and `C#`, `★★★` and `🍕`.
//!
//! The key is the compatibility form (NFKC) in folded case, without characters that nobody sees, with look-alikes of
//! other scripts (Unicode TS 39) as the letters they look like.

use icu_properties::CodePointSetData;
use icu_properties::props::DefaultIgnorableCodePoint;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_security::skeleton;

use crate::text::hex;

/// Bytes of a digest that are kept: 128 bits, which no two texts share by chance.
const DIGEST_BYTES: usize = 16;
/// First character of a digest. The keys stored before never start with it: they had letters and digits only.
pub(crate) const DIGEST_MARK: char = '=';

/// Digest of the key of a text, of fixed length: `=` and 32 hexadecimal digits.
#[must_use]
pub fn equality_digest(text: &str) -> String {
    let hash = Sha256::digest(equality_key(text).as_bytes());
    format!("{DIGEST_MARK}{}", hex(hash.get(..DIGEST_BYTES).unwrap_or_default()))
}

/// Key of a text. Texts that are taken as equal have the same key.
#[must_use]
pub fn equality_key(text: &str) -> String {
    let visible = |text: &str| text.chars().filter(|c| !is_unseen(*c)).collect::<String>();
    let key = if text.is_ascii() {
        without_separators(&text.to_ascii_lowercase())
    } else {
        // Some compatibility forms are unseen characters again.
        let text = visible(&visible(text).replace('\u{B4}', "'").nfkc().collect::<String>());
        without_separators(&by_word(&text))
    };
    // A name of separators only, such as `-`, is itself.
    if key.is_empty() { text.nfkc().collect() } else { key }
}

/// True for a character that has no shape of its own: default ignorable, or the blank of Braille.
fn is_unseen(c: char) -> bool {
    CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c) || c == '\u{2800}'
}

/// Replaces each word by its key and keeps what is between words.
fn by_word(text: &str) -> String {
    let (mut key, mut word) = (String::with_capacity(text.len()), String::new());
    for c in text.chars() {
        if c.is_alphabetic() || is_combining_mark(c) {
            word.push(c);
        } else {
            key.push_str(&word_key(&std::mem::take(&mut word)));
            key.push(c);
        }
    }
    key.push_str(&word_key(&word));
    key.nfc().collect()
}

/// Key of a word. In a word with Latin letters, the other letters are what they look like. A word of another script is
/// compared by its capitals, which look like Latin ones where they look like any.
fn word_key(word: &str) -> String {
    let letters: String = word.nfd().collect();
    let is_latin = letters.chars().any(|c| c.is_ascii_alphabetic());
    let mut key = String::with_capacity(word.len());
    for c in letters.chars() {
        if is_latin && !c.is_ascii() {
            key.extend(shape(c).chars().flat_map(fold));
        } else if is_latin {
            key.push(c.to_ascii_lowercase());
        } else {
            key.extend(c.to_uppercase().flat_map(|capital| shape(capital).chars().collect::<Vec<_>>()).flat_map(fold));
        }
    }
    // The Turkish capital İ is an I with a dot above, which no reader tells from an i.
    key.replace("i\u{307}", "i")
}

/// What a character looks like. The table has one shape for I, l and 1; a capital is an I.
fn shape(c: char) -> String {
    let mut bytes = [0; 4];
    let shape: String = skeleton(c.encode_utf8(&mut bytes)).collect();
    if shape == "l" && c.is_uppercase() { "i".to_owned() } else { shape }
}

fn fold(c: char) -> impl Iterator<Item = char> {
    // By the capital, because some letters have two small forms, such as σ and ς.
    c.to_uppercase().flat_map(char::to_lowercase)
}

/// Drops blanks, hyphens, dots, commas and apostrophes, except beside digits: `S.N.C.F.` is `SNCF`, but `1.2` is not
/// `12`.
fn without_separators(text: &str) -> String {
    let mut key = String::with_capacity(text.len());
    let (mut before, mut between) = (None, String::new());
    for c in text.chars() {
        if is_separator(c) {
            between.push(c);
            continue;
        }
        push_separators(&mut key, &between, before, Some(c));
        between.clear();
        key.push(c);
        before = Some(c);
    }
    push_separators(&mut key, &between, before, None);
    key
}

fn push_separators(key: &mut String, separators: &str, before: Option<char>, after: Option<char>) {
    let is_digit = |c: Option<char>| c.is_some_and(char::is_numeric);
    let (has_digit, between_digits) = (is_digit(before) || is_digit(after), is_digit(before) && is_digit(after));
    let marks = separators.chars().filter(|c| !c.is_whitespace());
    let count = key.len();
    if has_digit {
        key.extend(marks);
    }
    if between_digits && key.len() == count && !separators.is_empty() {
        key.push(' ');
    }
}

fn is_separator(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '.' | ',' | '\'' | '`' | '-' | '\u{B4}' | '\u{B7}' | '\u{2010}'..='\u{2015}' | '\u{2018}'..='\u{201B}')
        || matches!(c, '\u{2027}' | '\u{2032}' | '\u{2043}' | '\u{2212}' | '\u{2E31}' | '\u{3002}' | '\u{30FB}')
}

/// Form of the keys that the claims of a report are stored under.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimKeys {
    /// First letters and digits of a name. Only of reports submitted before names had digests.
    #[default]
    Former,
    /// Digest of the name.
    Digest,
}

impl ClaimKeys {
    /// True for the form of reports that were stored without one.
    #[must_use]
    pub const fn is_former(&self) -> bool {
        matches!(self, Self::Former)
    }
}

/// First letters and digits of a name in lower case, at most 40 characters and 60 bytes: what claims and trips were
/// compared by before. It is only read.
#[must_use]
pub fn former_key(name: &str) -> String {
    let mut bytes = 0;
    let letters = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).take(40);
    letters
        .take_while(|letter| {
            bytes += letter.len_utf8();
            bytes <= 60
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_name_in_other_characters_has_same_key() {
        let same = [
            ("SNCF", &["sncf", "S.N.C.F.", "ＳＮＣＦ", "SNС\u{3164}F", "S\u{AD}NCF", "𝐒𝐍𝐂𝐅", "ѕΝСF", "S N C F"][..]),
            (
                "Café Möller",
                &["Cafe\u{301} Mo\u{308}ller", "CAFÉ MÖLLER", "Сafé Möllеr", "Café\u{200B} Möller\u{FE0F}"],
            ),
            ("Οδυσσεύς", &["ΟΔΥΣΣΕΎΣ", "Οδυσσεύσ", "οδυσσεύς"]),
            ("Москва", &["МОСКВА", "москва"]),
            ("Taxi", &["ТАХІ", "Тахi", "ΤΑΧΙ", "TAXI", "ｔａｘｉ", "Ta\u{E0041}xi", "ta\u{34F}xi"]),
            ("Nike", &["ΝΙΚΕ", "NIKE", "N\u{456}ke", "NІKE"]),
            ("Straße 12", &["STRASSE 12", "Strasse 12", "Straße １２", "Strasse ⑫"]),
            ("ﬁlm", &["film", "FILM"]),
            ("İstanbul", &["istanbul", "ISTANBUL"]),
            ("Uber", &["Ubеr", "UBER", "Ｕber"]),
            (
                "McDonald's",
                &[
                    "McDonald\u{2019}s",
                    "mcdonalds",
                    "MCDONALD`S",
                    "McDonald\u{B4}s",
                    "McDonald\u{2032}s",
                    "Mc\u{B7}Donalds",
                ],
            ),
            ("東京出張", &["東京\u{3000}出張", "東京\u{200D}出張"]),
        ];
        for (name, others) in same {
            for other in others {
                assert_eq!(equality_key(name), equality_key(other), "{name} and {other}");
            }
        }
    }

    #[test]
    fn different_names_have_different_keys() {
        let long = "Gesellschaft für wissenschaftliche Datenverarbeitung";
        let different = [
            ("C++", "C#"),
            ("C", "C++"),
            ("★★★", "🍕"),
            ("★★", "★★★"),
            ("東京本社訪問の旅行記録二千二十六年秋第一回目", "東京本社訪問の旅行記録二千二十六年秋第二回目"),
            (&format!("{long} Nord"), &format!("{long} Süd")),
            ("Sprint 1.2", "Sprint 12"),
            ("Hall 1 1", "Hall 11"),
            ("Level -1", "Level 1"),
            ("Café", "Cafe"),
            ("A&B", "AB"),
            ("محل ١٠", "محل ١"),
            ("-", "."),
            ("Ναι", "Νέα"),
            ("한국", "중국"),
            ("ガス", "カス"),
            ("Modern", "Modem"),
            ("Bar 0", "Bar O"),
        ];
        for (one, other) in different {
            assert_ne!(equality_key(one), equality_key(other), "{one} and {other}");
        }
    }

    #[test]
    fn ascii_and_other_texts_take_the_same_path() {
        for text in ["Bistro 12, Rue -3", "a.b-c 'd' 1,5", "C++ / C#", "  x  "] {
            assert_eq!(equality_key(text), without_separators(&by_word(text)), "{text}");
        }
        assert_eq!(equality_digest("SNCF").len(), 33);
    }
}
