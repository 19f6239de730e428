//! Lengths of the layout: whole thousandths of a point, so that layout has no rounding of its own. Page size, margins,
//! font sizes and colours.

/// Length in thousandths of a point.
pub(crate) type Length = i64;

/// One point.
pub(crate) const POINT: Length = 1_000;

/// Length of tenths of a millimetre.
pub(crate) const fn tenth_mm(tenths: i64) -> Length {
    tenths * 72_000 / 254
}

/// Width of A4.
pub(crate) const PAGE_WIDTH: Length = tenth_mm(2_100);
/// Height of A4.
pub(crate) const PAGE_HEIGHT: Length = tenth_mm(2_970);
/// Margin at the left and right.
pub(crate) const MARGIN: Length = tenth_mm(180);
/// Baseline of the running head.
pub(crate) const HEAD_BASELINE: Length = tenth_mm(140);
/// Top of the content.
pub(crate) const CONTENT_TOP: Length = tenth_mm(220);
/// Bottom of the content.
pub(crate) const CONTENT_BOTTOM: Length = PAGE_HEIGHT - tenth_mm(210);
/// Baseline of the running foot, from the bottom of the page.
pub(crate) const FOOT_BASELINE: Length = tenth_mm(120);
/// Width of the content.
pub(crate) const CONTENT_WIDTH: Length = PAGE_WIDTH - 2 * MARGIN;

/// Weight of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    /// Regular.
    Regular,
    /// Bold.
    Bold,
}

/// Colour of sRGB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Colour(pub(crate) u8, pub(crate) u8, pub(crate) u8);

/// Colour of texts.
pub(crate) const INK: Colour = Colour(0x1F, 0x29, 0x33);
/// Colour of secondary texts; contrast 5.7:1 on white.
pub(crate) const MUTED: Colour = Colour(0x5F, 0x6B, 0x7A);
/// Colour of headings.
pub(crate) const ACCENT: Colour = Colour(0x1D, 0x3B, 0x5C);
/// Colour of findings; contrast 5.9:1 on white.
pub(crate) const WARNING: Colour = Colour(0x96, 0x4B, 0x00);
/// Colour of rules.
pub(crate) const RULE: Colour = Colour(0xD3, 0xD9, 0xE0);
/// Colour behind table heads and boxes.
pub(crate) const TINT: Colour = Colour(0xF3, 0xF5, 0xF8);

/// Style of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Style {
    /// Font size.
    pub(crate) size: Length,
    /// Distance of two baselines.
    pub(crate) leading: Length,
    /// Weight.
    pub(crate) weight: Weight,
    /// Colour.
    pub(crate) colour: Colour,
}

impl Style {
    const fn new(size: Length, leading: Length, weight: Weight, colour: Colour) -> Self {
        Self { size, leading, weight, colour }
    }

    /// The style in another colour.
    pub(crate) const fn in_colour(self, colour: Colour) -> Self {
        Self { colour, ..self }
    }

    /// Distance from the top of a line to its baseline.
    pub(crate) const fn ascent(self) -> Length {
        (self.leading - self.size) / 2 + self.size * 82 / 100
    }
}

/// Title of a report.
pub(crate) const TITLE: Style = Style::new(18_000, 23_000, Weight::Bold, ACCENT);
/// Heading of a section.
pub(crate) const HEADING: Style = Style::new(11_500, 16_000, Weight::Bold, ACCENT);
/// Running text.
pub(crate) const BODY: Style = Style::new(9_000, 12_500, Weight::Regular, INK);
/// Emphasised running text.
pub(crate) const STRONG: Style = Style::new(9_000, 12_500, Weight::Bold, INK);
/// Secondary running text.
pub(crate) const QUIET: Style = Style::new(9_000, 12_500, Weight::Regular, MUTED);
/// Amount that matters most.
pub(crate) const FIGURE: Style = Style::new(12_500, 16_000, Weight::Bold, ACCENT);
/// Text of a table.
pub(crate) const CELL: Style = Style::new(8_000, 10_800, Weight::Regular, INK);
/// Emphasised text of a table.
pub(crate) const CELL_STRONG: Style = Style::new(8_000, 10_800, Weight::Bold, INK);
/// Secondary text of a table.
pub(crate) const SMALL: Style = Style::new(7_200, 9_800, Weight::Regular, MUTED);
/// Head of a table column.
pub(crate) const COLUMN_HEAD: Style = Style::new(7_200, 9_800, Weight::Bold, MUTED);
