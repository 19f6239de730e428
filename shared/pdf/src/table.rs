//! Tables: rows that break over pages when they are taller than one.

use crate::flow::{Align, Block, Flow, TableHead};
use crate::font::Fonts;
use crate::metrics::{COLUMN_HEAD, CONTENT_BOTTOM, CONTENT_TOP, Length, POINT, Style};
use crate::text::wrap;

/// Column of a table.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    /// Left side.
    pub(crate) x: Length,
    /// Width.
    pub(crate) width: Length,
    /// Alignment.
    pub(crate) align: Align,
    /// Title.
    pub(crate) title: String,
}

/// Texts of a cell, one under another.
pub(crate) type Cell = Vec<(String, Style)>;

/// Column of a cell, its element of the structure, and its lines that are not written yet.
type CellRest<'a> = (&'a Column, usize, std::vec::IntoIter<(String, Style)>);

/// Place of a row in the structure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RowPlace {
    /// Number of the table.
    pub(crate) table: usize,
    /// Number of the row, from 1.
    pub(crate) row: usize,
}

/// Where a row has been written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WrittenRow {
    /// Element of the structure of the first cell; those of the others follow.
    pub(crate) first_block: usize,
    /// Top of the row, when it is on one page.
    pub(crate) top: Option<Length>,
}

/// Column heads, broken into lines.
pub(crate) fn table_head(fonts: &Fonts, columns: &[Column]) -> TableHead {
    let head = |column: &Column| {
        let lines = wrap(fonts, &column.title, COLUMN_HEAD, column.width);
        (column.x, column.width, column.align, lines)
    };
    columns.iter().map(head).collect()
}

/// Writes a row. It moves to the next page as a whole when it fits there, with `more` for what has to follow it.
pub(crate) fn write_row(
    flow: &mut Flow,
    fonts: &Fonts,
    columns: &[Column],
    cells: &[Cell],
    more: Length,
    place: RowPlace,
) -> WrittenRow {
    let first_block = flow.blocks.len();
    let mut rest: Vec<CellRest<'_>> = Vec::with_capacity(columns.len());
    let mut height = 0;
    for (column, cell) in columns.iter().zip(cells) {
        let mut lines = Vec::new();
        for (text, style) in cell {
            lines.extend(wrap(fonts, text, *style, column.width).into_iter().map(|line| (line, *style)));
        }
        height = height.max(lines.iter().map(|(_, style)| style.leading).sum::<Length>());
        let block = flow.add_block(Block::Cell { table: place.table, row: place.row, is_head: false });
        rest.push((column, block, lines.into_iter()));
    }
    // A row that is taller than a page breaks where it is.
    if height + more <= CONTENT_BOTTOM - CONTENT_TOP - 60 * POINT {
        flow.ensure_room(fonts, height + more);
    }
    let (first_top, first_page) = (flow.y(), flow.page_index());
    loop {
        let (top, bottom) = (flow.y(), flow.bottom());
        let (mut deepest, mut is_complete) = (top, true);
        for (column, block, lines) in &mut rest {
            let mut y = top;
            while let Some((_, style)) = lines.as_slice().first() {
                // One line at least, so that the loop ends whatever the page has left.
                if y + style.leading > bottom && y > top {
                    is_complete = false;
                    break;
                }
                if let Some((line, style)) = lines.next() {
                    flow.draw_line(fonts, (column.x, y, column.width), column.align, (&line, style), Some(*block));
                    y += style.leading;
                }
            }
            deepest = deepest.max(y);
        }
        flow.move_to(deepest);
        if is_complete {
            return WrittenRow { first_block, top: Some(first_top).filter(|_| flow.page_index() == first_page) };
        }
        flow.break_page(fonts);
    }
}
