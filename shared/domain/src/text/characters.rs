//! Characters by what a reader sees of them.

use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory, GeneralCategoryGroup};
use icu_properties::{CodePointMapData, CodePointSetData};
use unicode_normalization::UnicodeNormalization;

/// Longest run of marks and ignorable characters. The limit of Unicode's Stream-Safe Text Format (UAX #15, section 13);
/// no orthography comes near it.
pub(super) const MAX_MARKS: usize = 30;

/// True for a control that embeds, overrides or isolates the reading direction of the text after it (UAX #9, sections
/// 2.1 to 2.5), so that a text reads as another one. The marks U+200E, U+200F and U+061C are none: they only settle the
/// place of the neighbouring punctuation, and Arabic and Hebrew are written with them.
#[must_use]
pub const fn is_explicit_bidi_control(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// True for a character that leaves no trace on the page: blanks, controls, fillers, tags, joiners.
#[must_use]
pub fn is_unseen(c: char) -> bool {
    // Blank by their glyph, or without one: Braille blank, annotation marks, null notehead, hieroglyph blanks and
    // joiners, Khitan filler, noncharacters.
    let has_no_ink = matches!(
        c,
        '\u{2800}'
            | '\u{FFF9}'..='\u{FFFB}'
            | '\u{FDD0}'..='\u{FDEF}'
            | '\u{1D159}'
            | '\u{13430}'..='\u{1343F}'
            | '\u{13441}'..='\u{13442}'
            | '\u{16FE4}'
    ) || u32::from(c) & 0xFFFE == 0xFFFE;
    has_no_ink || c.is_whitespace() || c.is_control() || is_ignorable(c)
}

/// True when more than [`MAX_MARKS`] marks or ignorable characters follow one another: stacked accents that cover the
/// lines around them, or a message that nobody sees.
#[must_use]
pub(super) fn has_too_many_marks(text: &str) -> bool {
    let categories = CodePointMapData::<GeneralCategory>::new();
    let mut run = 0_usize;
    text.chars().any(|c| {
        let has_no_place = !c.is_ascii() && (GeneralCategoryGroup::Mark.contains(categories.get(c)) || is_ignorable(c));
        run = if has_no_place { run.saturating_add(1) } else { 0 };
        run > MAX_MARKS
    })
}

/// The text without what people paste along at its ends: blanks, byte order marks, zero-width characters.
#[must_use]
pub(super) fn trim_unseen(text: &str) -> &str {
    text.trim_matches(is_unseen)
}

/// A number or code as people copy it from a document: in compatibility form (full-width digits become digits), without
/// blanks of any width, unseen characters and hyphens.
#[must_use]
pub fn compact(text: &str) -> String {
    text.nfkc().filter(|c| !is_unseen(*c) && !matches!(c, '-' | '\u{2010}' | '\u{2011}')).collect()
}

/// True for a character that a reader skips (`Default_Ignorable_Code_Point`): joiners, fillers, tags, variation
/// selectors.
fn is_ignorable(c: char) -> bool {
    !c.is_ascii() && CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}
