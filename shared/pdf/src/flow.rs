//! Flow of content over pages: texts, rules and pictures at whole positions, with the structure they belong to. Nothing
//! is drawn before the number of pages is known.

use std::rc::Rc;

use krilla::pdf::PdfDocument;

use crate::font::Fonts;
use crate::metrics::{
    CONTENT_BOTTOM, CONTENT_TOP, CONTENT_WIDTH, Colour, HEADING, Length, MARGIN, PAGE_HEIGHT, PAGE_WIDTH, POINT, RULE,
    Style,
};
use crate::picture::Picture;
use crate::text::wrap;

/// Side that a text is aligned to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    /// Left.
    Left,
    /// Right.
    Right,
}

/// Element of the structure tree; screen readers follow it.
#[derive(Clone, Debug)]
pub(crate) enum Block {
    /// Heading.
    Heading {
        /// Level, from 1.
        level: u16,
        /// Text.
        title: String,
    },
    /// Paragraph.
    Paragraph,
    /// Cell of a table. Cells of one row follow one another.
    Cell {
        /// Number of the table.
        table: usize,
        /// Number of the row.
        row: usize,
        /// True for a column head.
        is_head: bool,
    },
    /// Picture, or page of a PDF.
    Figure {
        /// Description.
        description: String,
    },
}

/// Place and size of a rectangle, from the top left corner of the page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Area {
    /// Distance from the left.
    pub(crate) x: Length,
    /// Distance from the top.
    pub(crate) y: Length,
    /// Width.
    pub(crate) width: Length,
    /// Height.
    pub(crate) height: Length,
}

/// Something to draw.
pub(crate) enum Item {
    /// One line of text.
    Text {
        /// Left end of the baseline.
        x: Length,
        /// Baseline, from the top.
        baseline: Length,
        /// Style.
        style: Style,
        /// Text.
        text: String,
        /// Element of the structure; none for decoration.
        block: Option<usize>,
    },
    /// Filled rectangle.
    Fill {
        /// Rectangle.
        area: Area,
        /// Colour.
        colour: Colour,
    },
    /// Picture.
    Picture {
        /// Area that it fills.
        area: Area,
        /// Picture.
        picture: Picture,
        /// Element of the structure.
        block: usize,
    },
    /// Page of another PDF.
    Page {
        /// Area that it fills.
        area: Area,
        /// File.
        file: PdfDocument,
        /// Index of the page.
        index: usize,
        /// Element of the structure.
        block: usize,
    },
    /// Link to the first page of a receipt.
    Link {
        /// Area.
        area: Area,
        /// Index of the receipt in the document.
        receipt: usize,
        /// Name of the target.
        label: String,
    },
}

/// Texts at the top and bottom of each page of a report.
#[derive(Debug)]
pub(crate) struct RunningTexts {
    /// Top left: organisation.
    pub(crate) left: String,
    /// Top right: number and title.
    pub(crate) right: String,
    /// Bottom left: time of the state.
    pub(crate) foot: String,
}

/// Page.
pub(crate) struct PageContent {
    /// Width.
    pub(crate) width: Length,
    /// Height.
    pub(crate) height: Length,
    /// What is drawn on it.
    pub(crate) items: Vec<Item>,
    /// Running texts.
    pub(crate) running: Rc<RunningTexts>,
    /// False for the first page of a report, which has a head of its own.
    pub(crate) has_running_head: bool,
}

/// Bookmark.
#[derive(Clone, Debug)]
pub(crate) struct Bookmark {
    /// Text.
    pub(crate) title: String,
    /// True for a report, false for a part of it.
    pub(crate) is_report: bool,
    /// Index of the page.
    pub(crate) page: usize,
    /// Distance from the top of the page.
    pub(crate) y: Length,
}

/// Column head of a table, repeated at the top of each page.
pub(crate) type TableHead = Vec<(Length, Length, Align, Vec<String>)>;

/// Pages as they fill.
pub(crate) struct Flow {
    /// Pages.
    pub(crate) pages: Vec<PageContent>,
    /// Elements of the structure, in reading order.
    pub(crate) blocks: Vec<Block>,
    /// Bookmarks, in order.
    pub(crate) bookmarks: Vec<Bookmark>,
    /// Number of tables.
    pub(crate) tables: usize,
    running: Rc<RunningTexts>,
    head: Option<TableHead>,
    y: Length,
}

impl Flow {
    /// Flow without pages.
    pub(crate) fn new() -> Self {
        let running = RunningTexts { left: String::new(), right: String::new(), foot: String::new() };
        Self {
            pages: Vec::new(),
            blocks: Vec::new(),
            bookmarks: Vec::new(),
            tables: 0,
            running: Rc::new(running),
            head: None,
            y: CONTENT_TOP,
        }
    }

    /// Starts the first page of a report.
    pub(crate) fn start_report(&mut self, running: RunningTexts) {
        self.running = Rc::new(running);
        self.head = None;
        self.add_page(PAGE_WIDTH, PAGE_HEIGHT, false);
    }

    /// Starts a page in portrait or landscape, without a table.
    pub(crate) fn start_page(&mut self, is_landscape: bool) {
        self.head = None;
        let (width, height) = if is_landscape { (PAGE_HEIGHT, PAGE_WIDTH) } else { (PAGE_WIDTH, PAGE_HEIGHT) };
        self.add_page(width, height, true);
    }

    fn add_page(&mut self, width: Length, height: Length, has_running_head: bool) {
        let running = Rc::clone(&self.running);
        self.pages.push(PageContent { width, height, items: Vec::new(), running, has_running_head });
        self.y = if has_running_head { CONTENT_TOP } else { CONTENT_TOP - 14 * POINT };
    }

    /// Goes on to the next page, with the head of the current table.
    pub(crate) fn break_page(&mut self, fonts: &Fonts) {
        self.add_page(PAGE_WIDTH, PAGE_HEIGHT, true);
        self.draw_table_head(fonts, None);
    }

    /// Index of the current page.
    pub(crate) const fn page_index(&self) -> usize {
        self.pages.len().saturating_sub(1)
    }

    /// Top of what comes next.
    pub(crate) const fn y(&self) -> Length {
        self.y
    }

    /// Bottom of the content of the current page.
    pub(crate) fn bottom(&self) -> Length {
        self.pages.last().map_or(CONTENT_BOTTOM, |page| page.height - (PAGE_HEIGHT - CONTENT_BOTTOM))
    }

    /// Width of the content of the current page.
    pub(crate) fn content_width(&self) -> Length {
        self.pages.last().map_or(CONTENT_WIDTH, |page| page.width - 2 * MARGIN)
    }

    /// Height that is left on the current page.
    pub(crate) fn room(&self) -> Length {
        self.bottom() - self.y
    }

    /// Moves down.
    pub(crate) const fn skip(&mut self, height: Length) {
        self.y += height;
    }

    /// Moves to a place on the page.
    pub(crate) const fn move_to(&mut self, y: Length) {
        self.y = y;
    }

    /// Breaks the page when less than `height` is left.
    pub(crate) fn ensure_room(&mut self, fonts: &Fonts, height: Length) {
        if self.room() < height {
            self.break_page(fonts);
        }
    }

    /// Adds an item to the current page.
    pub(crate) fn draw(&mut self, item: Item) {
        if let Some(page) = self.pages.last_mut() {
            page.items.push(item);
        }
    }

    /// Adds an element to the structure.
    pub(crate) fn add_block(&mut self, block: Block) -> usize {
        self.blocks.push(block);
        self.blocks.len().saturating_sub(1)
    }

    /// Draws a line of text whose top is `y`.
    pub(crate) fn draw_line(
        &mut self,
        fonts: &Fonts,
        (x, y, width): (Length, Length, Length),
        align: Align,
        (text, style): (&str, Style),
        block: Option<usize>,
    ) {
        let x = match align {
            Align::Left => x,
            Align::Right => x + width - fonts.width(text, style),
        };
        if !text.is_empty() {
            self.draw(Item::Text { x, baseline: y + style.ascent(), style, text: text.to_owned(), block });
        }
    }

    /// Writes a paragraph, broken into lines and over pages.
    pub(crate) fn write(&mut self, fonts: &Fonts, (x, width): (Length, Length), text: &str, style: Style) {
        let block = self.add_block(Block::Paragraph);
        self.write_in(fonts, (x, width), text, style, block);
    }

    /// As [`Self::write`], for a part of an element.
    pub(crate) fn write_in(
        &mut self,
        fonts: &Fonts,
        (x, width): (Length, Length),
        text: &str,
        style: Style,
        block: usize,
    ) {
        for line in wrap(fonts, text, style, width) {
            self.ensure_room(fonts, style.leading);
            self.draw_line(fonts, (x, self.y, width), Align::Left, (&line, style), Some(block));
            self.y += style.leading;
        }
    }

    /// Writes a heading that stays with what follows.
    pub(crate) fn write_heading(&mut self, fonts: &Fonts, title: &str) {
        self.head = None;
        self.y += 14 * POINT;
        self.ensure_room(fonts, 90 * POINT);
        self.bookmark(title, false);
        let block = self.add_block(Block::Heading { level: 2, title: title.to_owned() });
        self.write_in(fonts, (MARGIN, CONTENT_WIDTH), title, HEADING, block);
        self.y += 4 * POINT;
    }

    /// Bookmarks the current place.
    pub(crate) fn bookmark(&mut self, title: &str, is_report: bool) {
        let (page, y) = (self.page_index(), self.y);
        self.bookmarks.push(Bookmark { title: title.to_owned(), is_report, page, y });
    }

    /// Draws a horizontal rule over the width of the content.
    pub(crate) fn draw_rule(&mut self, x: Length, width: Length) {
        let area = Area { x, y: self.y, width, height: POINT / 2 };
        self.draw(Item::Fill { area, colour: RULE });
    }

    /// Starts a table, whose head is drawn here and at the top of each page until [`Self::end_table`].
    pub(crate) fn start_table(&mut self, fonts: &Fonts, head: TableHead) {
        self.tables += 1;
        self.head = Some(head);
        let table = self.tables;
        self.draw_table_head(fonts, Some(table));
    }

    /// Ends the table.
    pub(crate) fn end_table(&mut self) {
        self.head = None;
    }

    /// Draws the head of the current table, as its first row or as a repetition.
    fn draw_table_head(&mut self, fonts: &Fonts, table: Option<usize>) {
        let Some(head) = self.head.clone() else { return };
        let style = crate::metrics::COLUMN_HEAD;
        let lines = head.iter().map(|(_, _, _, lines)| lines.len()).max().unwrap_or(0);
        let lines = Length::try_from(lines).unwrap_or(0);
        let height = lines * style.leading + 8 * POINT;
        let area = Area { x: MARGIN, y: self.y, width: CONTENT_WIDTH, height };
        self.draw(Item::Fill { area, colour: crate::metrics::TINT });
        for (x, width, align, lines) in head {
            let block = table.map(|table| self.add_block(Block::Cell { table, row: 0, is_head: true }));
            let mut y = self.y + 4 * POINT;
            for line in lines {
                self.draw_line(fonts, (x, y, width), align, (&line, style), block);
                y += style.leading;
            }
        }
        self.y += height + 5 * POINT;
    }
}
