//! The two embedded fonts: glyphs and advances. Noto Sans covers Latin, Greek and Cyrillic; see `fonts/`.

use krilla::text::Font;
use skrifa::charmap::Charmap;
use skrifa::instance::{LocationRef, Size};
use skrifa::metrics::GlyphMetrics;
use skrifa::{FontRef, MetadataProvider};

use crate::error::PdfError;
use crate::metrics::{Length, Style, Weight};

const REGULAR: &[u8] = include_bytes!("../fonts/NotoSans-Regular.ttf");
const BOLD: &[u8] = include_bytes!("../fonts/NotoSans-Bold.ttf");

/// Character whose glyph stands for characters that the fonts lack. The text keeps the characters, so that they can be
/// searched and copied; with the box that fonts have as their first glyph, some readers lose them.
const REPLACEMENT: char = '\u{FFFD}';

/// Font for measuring and for drawing.
pub(crate) struct Face {
    glyphs: Charmap<'static>,
    advances: GlyphMetrics<'static>,
    replacement: u32,
    units_per_em: Length,
    /// Font for drawing.
    pub(crate) drawn: Font,
}

impl Face {
    fn new(data: &'static [u8]) -> Result<Self, PdfError> {
        let reference = FontRef::new(data).map_err(|_| PdfError::Font)?;
        let metrics = reference.metrics(Size::unscaled(), LocationRef::default());
        let drawn = Font::new(data.into(), 0).ok_or(PdfError::Font)?;
        let advances = reference.glyph_metrics(Size::unscaled(), LocationRef::default());
        let glyphs = reference.charmap();
        let replacement = glyphs.map(REPLACEMENT).ok_or(PdfError::Font)?.to_u32();
        Ok(Self { glyphs, advances, replacement, units_per_em: Length::from(metrics.units_per_em).max(1), drawn })
    }

    /// Glyph of a character; the replacement when the font has none.
    pub(crate) fn glyph(&self, character: char) -> u32 {
        self.glyphs.map(character).map_or(self.replacement, skrifa::GlyphId::to_u32)
    }

    /// True when the font has a glyph for the character.
    #[cfg(test)]
    pub(crate) fn has(&self, character: char) -> bool {
        self.glyph(character) != self.replacement
    }

    /// Advance of a glyph, in units of the font.
    pub(crate) fn advance_units(&self, glyph: u32) -> Length {
        let advance = self.advances.advance_width(skrifa::GlyphId::new(glyph)).unwrap_or_default();
        // Unscaled advances are whole numbers of 16 bits.
        #[expect(clippy::cast_possible_truncation, reason = "whole numbers of 16 bits")]
        let units = advance as Length;
        units
    }

    /// Units of the font in one em.
    pub(crate) const fn units_per_em(&self) -> Length {
        self.units_per_em
    }
}

/// Fonts of the document.
pub(crate) struct Fonts {
    regular: Face,
    bold: Face,
}

impl Fonts {
    /// Loads the embedded fonts.
    ///
    /// # Errors
    /// [`PdfError::Font`], which a test excludes.
    pub(crate) fn load() -> Result<Self, PdfError> {
        Ok(Self { regular: Face::new(REGULAR)?, bold: Face::new(BOLD)? })
    }

    /// Font of a weight.
    pub(crate) const fn face(&self, weight: Weight) -> &Face {
        match weight {
            Weight::Regular => &self.regular,
            Weight::Bold => &self.bold,
        }
    }

    /// Width of a text in a style.
    pub(crate) fn width(&self, text: &str, style: Style) -> Length {
        let face = self.face(style.weight);
        let units: Length = text.chars().map(|character| face.advance_units(face.glyph(character))).sum();
        units.saturating_mul(style.size) / face.units_per_em()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::CELL;

    #[test]
    fn fonts_have_latin_greek_and_cyrillic() {
        let fonts = Fonts::load().unwrap();
        for weight in [Weight::Regular, Weight::Bold] {
            let face = fonts.face(weight);
            assert!("ÄÖÜßẞéèêçñ¿¡ŁőŞğΑΩάЖїљ€₺₴₹£–—…·№".chars().all(|c| face.has(c)));
            assert!(!face.has('東'));
        }
    }

    #[test]
    fn digits_have_one_width() {
        let fonts = Fonts::load().unwrap();
        let widths: Vec<_> = ('0'..='9').map(|digit| fonts.width(&digit.to_string(), CELL)).collect();
        assert!(widths.iter().all(|width| *width == widths[0] && *width > 0), "{widths:?}");
    }
}
