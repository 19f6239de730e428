//! Pages of the receipts: each picture and each page of a PDF on a page of its own, under a caption. A file that cannot
//! be shown is attached, and its page says so.

use krilla::embed::{AssociationKind, EmbeddedFile, MimeType};
use outlay_domain::receipt::{MediaType, Receipt, ReceiptStatus};
use outlay_domain::text::Sha256Hex;

use crate::embedding::EmbeddedPdf;
use crate::error::PdfError;
use crate::flow::{Area, Block, Flow, Item};
use crate::metrics::{BODY, HEADING, Length, MARGIN, POINT, RULE, SMALL};
use crate::picture::Picture;
use crate::summary::Context;
use crate::text::{sanitize_line, truncate};

/// Longest file name in a caption, in characters.
const NAME_CHARS: usize = 120;
/// Largest number of line numbers in a caption.
const MAX_LINE_NUMBERS: usize = 20;
type Result<T = ()> = std::result::Result<T, PdfError>;

/// Receipt with its number and the numbers of its lines.
pub(crate) struct NumberedReceipt<'a> {
    /// Receipt.
    pub(crate) receipt: &'a Receipt,
    /// Number in the report, from 1.
    pub(crate) number: usize,
    /// Numbers of its lines, from 1.
    pub(crate) lines: &'a [usize],
}

/// Content of a receipt's pages.
enum Content {
    Picture(Picture),
    Pdf(EmbeddedPdf),
    /// Message instead of the receipt, and the file that is attached.
    Attached(&'static str, Vec<u8>),
    Missing(&'static str),
}

/// Writes the pages of a receipt; returns the file that is attached.
pub(crate) fn write_receipt(
    flow: &mut Flow,
    context: &Context<'_>,
    receipt: &NumberedReceipt<'_>,
    bytes: Option<Vec<u8>>,
) -> Result<Option<EmbeddedFile>> {
    match read(receipt.receipt, bytes) {
        Content::Picture(picture) => {
            let (width, height) = (Length::from(picture.width), Length::from(picture.height));
            start_page(flow, context, receipt, None, false)?;
            let area = fit(flow, (width * POINT, height * POINT));
            frame(flow, area);
            let block = add_figure(flow, receipt);
            flow.draw(Item::Picture { area, picture, block });
            Ok(None)
        }
        Content::Pdf(pdf) => write_pdf(flow, context, receipt, pdf),
        Content::Attached(message, bytes) => {
            start_page(flow, context, receipt, None, false)?;
            let attachment = attachment(context, receipt, bytes);
            write_message(flow, context, message, Some(&attachment))?;
            Ok(Some(attachment))
        }
        Content::Missing(message) => {
            start_page(flow, context, receipt, None, false)?;
            write_message(flow, context, message, None)?;
            Ok(None)
        }
    }
}

fn read(receipt: &Receipt, bytes: Option<Vec<u8>>) -> Content {
    let Some(bytes) = bytes else {
        return Content::Missing(match receipt.status {
            ReceiptStatus::Pending => "pdf-missing-pending",
            ReceiptStatus::Rejected { .. } => "pdf-missing-refused",
            ReceiptStatus::Clean { .. } => "pdf-missing-gone",
        });
    };
    match receipt.media_type {
        MediaType::Heic => Content::Attached("pdf-attached-heic", bytes),
        MediaType::Pdf => match EmbeddedPdf::read(&bytes) {
            Some(pdf) => Content::Pdf(pdf.with_original(bytes)),
            None => Content::Attached("pdf-attached-pdf", bytes),
        },
        // The copy is needed only where the picture cannot be read.
        media_type => match Picture::read(bytes.clone(), media_type) {
            Some(picture) => Content::Picture(picture),
            None => Content::Attached("pdf-attached-picture", bytes),
        },
    }
}

fn write_pdf(
    flow: &mut Flow,
    context: &Context<'_>,
    receipt: &NumberedReceipt<'_>,
    pdf: EmbeddedPdf,
) -> Result<Option<EmbeddedFile>> {
    let count = pdf.pages.len();
    let attachment = pdf.original.map(|bytes| attachment(context, receipt, bytes));
    for (index, (width, height)) in pdf.pages.iter().enumerate() {
        let place = Some((index.saturating_add(1), count)).filter(|_| count > 1);
        start_page(flow, context, receipt, place, width > height)?;
        if let Some(attachment) = attachment.as_ref().filter(|_| index == 0) {
            write_message(flow, context, "pdf-attached-too", Some(attachment))?;
            flow.skip(6 * POINT);
        }
        let area = fit(flow, (*width, *height));
        frame(flow, area);
        let block = add_figure(flow, receipt);
        flow.draw(Item::Page { area, file: pdf.document.clone(), index, block });
    }
    Ok(attachment)
}

/// Starts a page with the caption of a receipt.
fn start_page(
    flow: &mut Flow,
    context: &Context<'_>,
    receipt: &NumberedReceipt<'_>,
    place: Option<(usize, usize)>,
    is_landscape: bool,
) -> Result {
    let (fonts, localizer) = (context.fonts, context.localizer);
    flow.start_page(is_landscape);
    let name = truncate(&sanitize_line(&receipt.receipt.name), NAME_CHARS);
    let lines = line_numbers(context, receipt.lines)?;
    let title = format!("R{} · {lines} · {name}", receipt.number);
    let width = flow.content_width();
    if place.is_none_or(|(page, _)| page == 1) {
        flow.bookmark(&format!("R{} · {name}", receipt.number), false);
        let block = flow.add_block(Block::Heading { level: 2, title: title.clone() });
        flow.write_in(fonts, (MARGIN, width), &title, HEADING, block);
    } else {
        flow.write(fonts, (MARGIN, width), &title, HEADING);
    }
    let size = localizer.decimal(&receipt.receipt.size.to_string());
    let mut facts = vec![
        localizer.format("pdf-bytes", &[("bytes", size.into())])?,
        receipt.receipt.media_type.name().to_owned(),
        format!("SHA-256 {}", sanitize_line(&receipt.receipt.sha256)),
    ];
    if let Some((page, pages)) = place {
        facts.insert(0, localizer.format("pdf-file-page", &[("page", page.into()), ("pages", pages.into())])?);
    }
    flow.write(fonts, (MARGIN, width), &facts.join(" · "), SMALL);
    flow.skip(8 * POINT);
    Ok(())
}

fn line_numbers(context: &Context<'_>, lines: &[usize]) -> Result<String> {
    let mut list: Vec<String> = lines.iter().take(MAX_LINE_NUMBERS).map(usize::to_string).collect();
    if lines.len() > MAX_LINE_NUMBERS {
        list.push("…".to_owned());
    }
    context.localizer.format("pdf-on-lines", &[("count", lines.len().into()), ("lines", list.join(", ").into())])
}

fn write_message(flow: &mut Flow, context: &Context<'_>, id: &'static str, file: Option<&EmbeddedFile>) -> Result {
    let width = flow.content_width();
    flow.write(context.fonts, (MARGIN, width), &context.localizer.text(id)?, BODY);
    if let Some(file) = file {
        let label = context.localizer.text("pdf-attachment")?;
        flow.write(context.fonts, (MARGIN, width), &format!("{label}: {}", file.path), BODY);
        flow.write(context.fonts, (MARGIN, width), file.description.as_deref().unwrap_or_default(), SMALL);
    }
    Ok(())
}

/// Largest area on the rest of the page for something of this size, centred; never larger than it is.
fn fit(flow: &Flow, (width, height): (Length, Length)) -> Area {
    let (room_width, room_height) = (flow.content_width(), flow.room().max(POINT));
    let (width, height) = (width.max(1), height.max(1));
    let (mut shown_width, mut shown_height) = (width, height);
    if shown_width > room_width {
        (shown_width, shown_height) = (room_width, height.saturating_mul(room_width) / width);
    }
    if shown_height > room_height {
        (shown_width, shown_height) = (width.saturating_mul(room_height) / height, room_height);
    }
    let (width, height) = (shown_width.max(1), shown_height.max(1));
    Area { x: MARGIN + (room_width - width) / 2, y: flow.y(), width, height }
}

/// Draws a thin frame around a receipt, so that its edge is seen on white.
fn frame(flow: &mut Flow, area: Area) {
    let line = POINT / 2;
    let grown =
        Area { x: area.x - line, y: area.y - line, width: area.width + 2 * line, height: area.height + 2 * line };
    flow.draw(Item::Fill { area: grown, colour: RULE });
    flow.draw(Item::Fill { area, colour: crate::metrics::Colour(0xFF, 0xFF, 0xFF) });
}

fn add_figure(flow: &mut Flow, receipt: &NumberedReceipt<'_>) -> usize {
    flow.add_block(Block::Figure { description: format!("R{}", receipt.number) })
}

fn attachment(context: &Context<'_>, receipt: &NumberedReceipt<'_>, bytes: Vec<u8>) -> EmbeddedFile {
    let report = sanitize_line(&context.document.report.number);
    let name = truncate(&sanitize_line(&receipt.receipt.name), NAME_CHARS).replace(['/', '\\'], "_");
    EmbeddedFile {
        path: format!("{report} R{} {name}", receipt.number),
        mime_type: MimeType::new(receipt.receipt.media_type.name()),
        // Of this file: the inspection may have removed metadata from what was uploaded.
        description: Some(format!("SHA-256 {}", Sha256Hex::of(&bytes))),
        association_kind: AssociationKind::Source,
        data: bytes.into(),
        modification_date: None,
        // Receipts are compressed already.
        compress: Some(false),
        location: None,
    }
}
