//! Drawing: pages of the layout to pages of the PDF. The only place with floating-point numbers: PDF has no others for
//! coordinates.

use krilla::annotation::{Annotation, LinkAnnotation, Target};
use krilla::color::rgb;
use krilla::destination::XyzDestination;
use krilla::geom::{Path, PathBuilder, Point, Rect, Size, Transform};
use krilla::num::NormalizedF32;
use krilla::page::{Page, PageSettings};
use krilla::paint::Fill;
use krilla::surface::Surface;
use krilla::tagging::{Artifact, ArtifactType, ContentTag, Identifier, SpanTag};
use krilla::text::{GlyphId, KrillaGlyph};
use krilla::{Document, outline::OutlineNode};

use crate::flow::{Align, Area, Bookmark, Item, PageContent};
use crate::font::Fonts;
use crate::metrics::{
    COLUMN_HEAD, Colour, FOOT_BASELINE, HEAD_BASELINE, Length, MARGIN, MUTED, POINT, RULE, SMALL, Style,
};
use crate::picture::Picture;
use crate::text::truncate;

/// Longest title in the running head, in characters.
const HEAD_CHARS: usize = 90;

/// Length in points.
#[expect(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "PDF coordinates are floating-point numbers; lengths are far below 2^24 thousandths"
)]
fn points(length: Length) -> f32 {
    length as f32 / POINT as f32
}

/// Advance of a glyph relative to the font size.
#[expect(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "glyph advances are floating-point numbers; font units are of 16 bits"
)]
fn advance(units: Length, units_per_em: Length) -> f32 {
    units as f32 / units_per_em as f32
}

fn point(x: Length, y: Length) -> Point {
    Point::from_xy(points(x), points(y))
}

fn rect(area: Area) -> Option<Rect> {
    Rect::from_xywh(points(area.x), points(area.y), points(area.width), points(area.height))
}

fn fill(Colour(red, green, blue): Colour) -> Fill {
    Fill { paint: rgb::Color::new(red, green, blue).into(), opacity: NormalizedF32::ONE, ..Fill::default() }
}

const fn decoration(kind: ArtifactType) -> ContentTag<'static> {
    ContentTag::Artifact(Artifact { kind, bbox: None })
}

/// Drawing of a document.
pub(crate) struct Canvas<'a> {
    fonts: &'a Fonts,
    /// First page of each receipt.
    receipt_pages: &'a [usize],
    /// Pieces of each element of the structure, in order.
    pub(crate) identifiers: Vec<Vec<Identifier>>,
}

impl<'a> Canvas<'a> {
    /// Canvas for a structure of so many elements.
    pub(crate) fn new(fonts: &'a Fonts, receipt_pages: &'a [usize], blocks: usize) -> Self {
        Self { fonts, receipt_pages, identifiers: vec![Vec::new(); blocks] }
    }

    /// Draws a page. `number` is its text, such as "Page 3 of 12".
    pub(crate) fn draw_page(&mut self, document: &mut Document, content: PageContent, number: &str) {
        let Some(settings) = PageSettings::from_wh(points(content.width), points(content.height)) else { return };
        let mut page = document.start_page_with(settings);
        for item in &content.items {
            self.add_link(&mut page, item);
        }
        let mut surface = page.surface();
        self.draw_running_texts(&mut surface, &content, number);
        for item in content.items {
            self.draw_item(&mut surface, item);
        }
        surface.finish();
        page.finish();
    }

    fn draw_running_texts(&self, surface: &mut Surface<'_>, content: &PageContent, number: &str) {
        let width = content.width - 2 * MARGIN;
        let foot = content.height - FOOT_BASELINE;
        surface.start_tagged(decoration(ArtifactType::Footer));
        self.draw_text(surface, MARGIN, foot, &content.running.foot, SMALL);
        self.draw_aligned(surface, (MARGIN, foot, width), Align::Right, number, SMALL);
        surface.end_tagged();
        if !content.has_running_head {
            return;
        }
        surface.start_tagged(decoration(ArtifactType::Header));
        let head = |text: &str| truncate(text, HEAD_CHARS);
        let place = (MARGIN, HEAD_BASELINE, width);
        self.draw_aligned(surface, place, Align::Left, &head(&content.running.left), COLUMN_HEAD);
        self.draw_aligned(surface, place, Align::Right, &head(&content.running.right), SMALL.in_colour(MUTED));
        let line = Area { x: MARGIN, y: HEAD_BASELINE + 5 * POINT, width, height: POINT / 2 };
        draw_fill(surface, line, RULE);
        surface.end_tagged();
    }

    fn draw_aligned(
        &self,
        surface: &mut Surface<'_>,
        (x, baseline, width): (Length, Length, Length),
        align: Align,
        text: &str,
        style: Style,
    ) {
        // A third of the width at the left and the rest at the right, so that they never meet.
        let share = if align == Align::Left { width / 3 } else { width - width / 3 - 12 * POINT };
        let mut text = text.to_owned();
        while self.fonts.width(&text, style) > share && text.chars().count() > 2 {
            text = truncate(&text, text.chars().count().saturating_sub(2));
        }
        let x = match align {
            Align::Left => x,
            Align::Right => x + width - self.fonts.width(&text, style),
        };
        self.draw_text(surface, x, baseline, &text, style);
    }

    fn draw_item(&mut self, surface: &mut Surface<'_>, item: Item) {
        match item {
            Item::Text { x, baseline, style, text, block } => {
                let tag = match block {
                    Some(_) => ContentTag::Span(SpanTag::empty()),
                    None => decoration(ArtifactType::PaginationOther),
                };
                let identifier = surface.start_tagged(tag);
                self.draw_text(surface, x, baseline, &text, style);
                surface.end_tagged();
                self.note(block, identifier);
            }
            Item::Fill { area, colour } => {
                surface.start_tagged(decoration(ArtifactType::Layout));
                draw_fill(surface, area, colour);
                surface.end_tagged();
            }
            Item::Picture { area, picture, block } => {
                let identifier = surface.start_tagged(ContentTag::Other);
                draw_picture(surface, area, picture);
                surface.end_tagged();
                self.note(Some(block), identifier);
            }
            Item::Page { area, file, index, block } => {
                let identifier = surface.start_tagged(ContentTag::Other);
                if let Some(size) = Size::from_wh(points(area.width), points(area.height)) {
                    surface.push_transform(&Transform::from_translate(points(area.x), points(area.y)));
                    surface.draw_pdf_page(&file, size, index);
                    surface.pop();
                }
                surface.end_tagged();
                self.note(Some(block), identifier);
            }
            Item::Link { .. } => {}
        }
    }

    fn note(&mut self, block: Option<usize>, identifier: Identifier) {
        if let Some(pieces) = block.and_then(|block| self.identifiers.get_mut(block)) {
            pieces.push(identifier);
        }
    }

    fn add_link(&self, page: &mut Page<'_>, item: &Item) {
        let Item::Link { area, receipt, label } = item else { return };
        if let (Some(rect), Some(target)) = (rect(*area), self.receipt_pages.get(*receipt)) {
            let target = Target::Destination(XyzDestination::new(*target, point(0, 0)).into());
            page.add_annotation(Annotation::new_link(LinkAnnotation::new(rect, target), Some(label.clone())));
        }
    }

    fn draw_text(&self, surface: &mut Surface<'_>, x: Length, baseline: Length, text: &str, style: Style) {
        let face = self.fonts.face(style.weight);
        let glyphs: Vec<KrillaGlyph> = text
            .char_indices()
            .map(|(at, character)| {
                let glyph = face.glyph(character);
                let advance = advance(face.advance_units(glyph), face.units_per_em());
                let range = at..at.saturating_add(character.len_utf8());
                KrillaGlyph::new(GlyphId::new(glyph), advance, 0.0, 0.0, 0.0, range, None)
            })
            .collect();
        surface.set_fill(Some(fill(style.colour)));
        surface.draw_glyphs(point(x, baseline), &glyphs, face.drawn.clone(), text, points(style.size), false);
    }
}

fn draw_fill(surface: &mut Surface<'_>, area: Area, colour: Colour) {
    if let Some(path) = rectangle(area) {
        surface.set_fill(Some(fill(colour)));
        surface.draw_path(&path);
    }
}

fn rectangle(area: Area) -> Option<Path> {
    let mut builder = PathBuilder::new();
    builder.push_rect(rect(area)?);
    builder.finish()
}

/// Draws a picture upright.
fn draw_picture(surface: &mut Surface<'_>, area: Area, picture: Picture) {
    let (width, height) = if picture.is_turned() { (area.height, area.width) } else { (area.width, area.height) };
    let Some(size) = Size::from_wh(points(width), points(height)) else { return };
    let placement = picture.placement();
    let left = if placement.from_right { area.x + area.width } else { area.x };
    let top = if placement.from_bottom { area.y + area.height } else { area.y };
    let [x_to_x, x_to_y, y_to_x, y_to_y] = placement.matrix;
    surface.push_transform(&Transform::from_row(x_to_x, x_to_y, y_to_x, y_to_y, points(left), points(top)));
    surface.draw_image(picture.image, size);
    surface.pop();
}

/// Entry of the outline.
pub(crate) fn outline_node(bookmark: &Bookmark) -> OutlineNode {
    OutlineNode::new(bookmark.title.clone(), XyzDestination::new(bookmark.page, point(0, bookmark.y)))
}
