//! Assembly of a document: reports one after another, each followed by its receipts.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Write};
use std::num::NonZeroU16;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use krilla::embed::EmbeddedFile;
use krilla::metadata::{DateTime, Metadata};
use krilla::outline::{Outline, OutlineNode};
use krilla::tagging::{Identifier, Node, TableHeaderScope, Tag, TagGroup, TagTree};
use krilla::{Document, SerializeSettings};
use outlay_domain::ids::ReceiptId;
use outlay_domain::language::Language;
use outlay_domain::receipt::Receipt;
use outlay_domain::report::Report;

use crate::canvas::{Canvas, outline_node};
use crate::decisions::write_decisions;
use crate::document::ReportDocument;
use crate::error::PdfError;
use crate::flow::{Block, Bookmark, Flow, RunningTexts};
use crate::font::Fonts;
use crate::lines::{ReceiptNumbers, write_lines};
use crate::localizer::Localizer;
use crate::receipts::{NumberedReceipt, write_receipt};
use crate::summary::{Context, write_summary};
use crate::text::{sanitize_line, truncate};

/// Longest title of the file, in characters.
const TITLE_CHARS: usize = 200;

/// What has been written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PdfSummary {
    /// Number of reports.
    pub reports: usize,
    /// Number of pages.
    pub pages: usize,
    /// Number of receipts.
    pub receipts: usize,
    /// Number of files that are attached: those that cannot be shown, or not all of which is.
    pub attachments: usize,
    /// Size of the file, in bytes.
    pub bytes: usize,
}

/// Receipt whose file comes next.
#[derive(Clone, Debug)]
pub struct ReceiptTask<'a> {
    /// Receipt.
    pub receipt: &'a Receipt,
    /// Number in the report, from 1: `R1` is in the lines and in the caption.
    pub number: usize,
    /// Numbers of its lines, from 1.
    pub lines: Vec<usize>,
}

/// Source of files.
pub trait ReceiptSource {
    /// Reads the file of a receipt; `None` where there is none: not uploaded, rejected, or lost.
    ///
    /// # Errors
    /// An error ends the document.
    fn read(&mut self, receipt: &Receipt) -> io::Result<Option<Vec<u8>>>;
}

impl<F: FnMut(&Receipt) -> io::Result<Option<Vec<u8>>>> ReceiptSource for F {
    fn read(&mut self, receipt: &Receipt) -> io::Result<Option<Vec<u8>>> {
        self(receipt)
    }
}

/// Writes one report with its receipts.
///
/// # Errors
/// [`PdfError`]. Nothing is written before the document is complete.
pub fn write_report(
    document: &ReportDocument<'_>,
    language: Language,
    receipts: &mut impl ReceiptSource,
    out: impl Write,
) -> Result<PdfSummary, PdfError> {
    write_reports(std::slice::from_ref(document), language, receipts, out)
}

/// Writes reports, each followed by its receipts.
///
/// # Errors
/// [`PdfError`]. Nothing is written before the document is complete.
pub fn write_reports(
    documents: &[ReportDocument<'_>],
    language: Language,
    receipts: &mut impl ReceiptSource,
    out: impl Write,
) -> Result<PdfSummary, PdfError> {
    let mut writer = PdfWriter::new(language)?;
    for document in documents {
        writer.add_report(document)?;
        while let Some(task) = writer.next_receipt() {
            let bytes = receipts.read(task.receipt)?;
            writer.add_receipt(bytes)?;
        }
    }
    writer.finish(out)
}

/// Writer for a caller that fetches receipts by itself, such as one that waits for a network.
pub struct PdfWriter<'a> {
    language: Language,
    localizer: Localizer,
    fonts: Fonts,
    flow: Flow,
    document: Option<ReportDocument<'a>>,
    tasks: VecDeque<ReceiptTask<'a>>,
    receipt_pages: Vec<usize>,
    attachments: Vec<EmbeddedFile>,
    titles: Vec<String>,
    organisation: String,
    identifiers: Vec<String>,
    as_of: Option<Timestamp>,
}

impl<'a> PdfWriter<'a> {
    /// Creates a writer of an empty document.
    ///
    /// # Errors
    /// [`PdfError::Language`], [`PdfError::Font`]; tests exclude both.
    pub fn new(language: Language) -> Result<Self, PdfError> {
        Ok(Self {
            language,
            localizer: Localizer::new(language)?,
            fonts: Fonts::load()?,
            flow: Flow::new(),
            document: None,
            tasks: VecDeque::new(),
            receipt_pages: Vec::new(),
            attachments: Vec::new(),
            titles: Vec::new(),
            organisation: String::new(),
            identifiers: Vec::new(),
            as_of: None,
        })
    }

    /// Adds a report. Its receipts follow: [`Self::next_receipt`], [`Self::add_receipt`].
    ///
    /// # Errors
    /// [`PdfError::UnexpectedReceipt`] when receipts of the report before are missing.
    pub fn add_report(&mut self, document: &ReportDocument<'a>) -> Result<(), PdfError> {
        if !self.tasks.is_empty() {
            return Err(PdfError::UnexpectedReceipt);
        }
        let report = document.report;
        self.tasks = receipt_tasks(report);
        let numbers = self.tasks.iter().map(|task| (task.receipt.id, task.number)).collect();
        let receipts = ReceiptNumbers { numbers, first: self.receipt_pages.len() };
        let organisation = sanitize_line(document.organisation);
        let title = format!("{} · {}", sanitize_line(&report.number), sanitize_line(&report.title));
        let moment = self.localizer.date_time(document.as_of)?;
        let foot = self.localizer.format("pdf-state-at", &[("moment", moment.into())])?;
        self.flow.start_report(RunningTexts { left: organisation.clone(), right: title.clone(), foot });
        let context = Context { fonts: &self.fonts, localizer: &self.localizer, document: *document };
        write_summary(&mut self.flow, &context)?;
        write_lines(&mut self.flow, &context, &receipts)?;
        write_decisions(&mut self.flow, &context)?;
        self.document = Some(*document);
        self.titles.push(title);
        self.organisation = organisation;
        self.identifiers.push(format!("{}@{}", report.id, report.last_event));
        self.as_of = self.as_of.max(Some(document.as_of));
        Ok(())
    }

    /// Receipt whose file [`Self::add_receipt`] takes next; `None` when the report has all of them.
    #[must_use]
    pub fn next_receipt(&self) -> Option<&ReceiptTask<'a>> {
        self.tasks.front()
    }

    /// Adds the file of the next receipt; `None` where there is none.
    ///
    /// # Errors
    /// [`PdfError::UnexpectedReceipt`] when the report has no further receipt.
    pub fn add_receipt(&mut self, bytes: Option<Vec<u8>>) -> Result<(), PdfError> {
        let (Some(task), Some(document)) = (self.tasks.pop_front(), self.document) else {
            return Err(PdfError::UnexpectedReceipt);
        };
        self.receipt_pages.push(self.flow.pages.len());
        let context = Context { fonts: &self.fonts, localizer: &self.localizer, document };
        let receipt = NumberedReceipt { receipt: task.receipt, number: task.number, lines: &task.lines };
        self.attachments.extend(write_receipt(&mut self.flow, &context, &receipt, bytes)?);
        Ok(())
    }

    /// Assembles the document and writes it.
    ///
    /// # Errors
    /// [`PdfError::UnexpectedReceipt`] when receipts are missing, [`PdfError::Assembly`], [`PdfError::Io`].
    pub fn finish(self, mut out: impl Write) -> Result<PdfSummary, PdfError> {
        if !self.tasks.is_empty() {
            return Err(PdfError::UnexpectedReceipt);
        }
        let pages = self.flow.pages.len();
        let metadata = self.metadata();
        let mut document =
            Document::new_with(SerializeSettings { enable_tagging: true, ..SerializeSettings::default() });
        document.set_metadata(metadata);
        document.set_outline(outline(&self.flow.bookmarks));
        let mut canvas = Canvas::new(&self.fonts, &self.receipt_pages, self.flow.blocks.len());
        for (content, number) in self.flow.pages.into_iter().zip(1_usize..) {
            let arguments = [("page", number.to_string().into()), ("pages", pages.to_string().into())];
            canvas.draw_page(&mut document, content, &self.localizer.format("pdf-page", &arguments)?);
        }
        document.set_tag_tree(tag_tree(self.flow.blocks, canvas.identifiers, self.language));
        let attachments = self.attachments.len();
        for mut file in self.attachments {
            // The same report twice has the same names.
            while document.embed_file(file.clone()).is_none() {
                file.path.insert(0, '_');
            }
        }
        let bytes = document.finish().map_err(|error| PdfError::Assembly(error.to_string()))?;
        out.write_all(&bytes)?;
        out.flush()?;
        Ok(PdfSummary {
            reports: self.titles.len(),
            pages,
            receipts: self.receipt_pages.len(),
            attachments,
            bytes: bytes.len(),
        })
    }

    /// Title, language, author and date: all from the reports.
    fn metadata(&self) -> Metadata {
        let metadata = Metadata::new()
            .title(truncate(&self.titles.join(", "), TITLE_CHARS))
            .language(self.language.tag().to_owned())
            .authors(vec![truncate(&self.organisation, TITLE_CHARS)])
            .creator("Outlay".to_owned())
            .document_id(self.identifiers.join(","));
        match self.as_of.map(pdf_date) {
            Some(date) => metadata.creation_date(date),
            None => metadata,
        }
    }
}

/// Receipts of a report in the order of its lines, each once: the parts of a split line share receipts.
fn receipt_tasks(report: &Report) -> VecDeque<ReceiptTask<'_>> {
    let mut positions: BTreeMap<ReceiptId, usize> = BTreeMap::new();
    let mut tasks: Vec<ReceiptTask<'_>> = Vec::new();
    for (line, number) in report.expenses.iter().zip(1..) {
        for receipt in &line.receipts {
            let position = *positions.entry(receipt.id).or_insert(tasks.len());
            match tasks.get_mut(position) {
                Some(task) => task.lines.push(number),
                None => tasks.push(ReceiptTask { receipt, number: position.saturating_add(1), lines: vec![number] }),
            }
        }
    }
    tasks.into()
}

fn pdf_date(at: Timestamp) -> DateTime {
    let at = TimeZone::UTC.to_datetime(at);
    let [month, day, hour, minute, second] =
        [at.month(), at.day(), at.hour(), at.minute(), at.second()].map(i8::unsigned_abs);
    DateTime::new(at.year().unsigned_abs())
        .month(month)
        .day(day)
        .hour(hour)
        .minute(minute)
        .second(second)
        .utc_offset_hour(0)
        .utc_offset_minute(0)
}

/// Outline: the reports, and under each its parts and receipts.
fn outline(bookmarks: &[Bookmark]) -> Outline {
    let mut outline = Outline::new();
    let mut report: Option<OutlineNode> = None;
    for bookmark in bookmarks {
        let node = outline_node(bookmark);
        if bookmark.is_report {
            if let Some(done) = report.replace(node.with_open(true)) {
                outline.push_child(done);
            }
        } else if let Some(report) = &mut report {
            report.push_child(node);
        }
    }
    if let Some(done) = report {
        outline.push_child(done);
    }
    outline
}

/// Structure tree, from the elements in reading order. Cells are in rows, rows in tables.
fn tag_tree(blocks: Vec<Block>, identifiers: Vec<Vec<Identifier>>, language: Language) -> TagTree {
    let mut tree = TagTree::new().with_lang(Some(language.tag().to_owned()));
    let mut table: Option<(usize, TagGroup)> = None;
    let mut row: Option<(usize, TagGroup)> = None;
    for (block, pieces) in blocks.into_iter().zip(identifiers) {
        let pieces: Vec<Node> = pieces.into_iter().map(Node::from).collect();
        let Block::Cell { table: table_number, row: row_number, is_head } = block else {
            end_table(&mut tree, &mut table, &mut row);
            let group = match block {
                Block::Heading { level, title } => {
                    let level = NonZeroU16::new(level).unwrap_or(NonZeroU16::MIN);
                    TagGroup::with_children(Tag::Hn(level, Some(title)), pieces)
                }
                Block::Figure { description } => TagGroup::with_children(Tag::Figure(Some(description)), pieces),
                Block::Paragraph | Block::Cell { .. } => TagGroup::with_children(Tag::P, pieces),
            };
            tree.push(group);
            continue;
        };
        if table.as_ref().is_none_or(|(number, _)| *number != table_number) {
            end_table(&mut tree, &mut table, &mut row);
            table = Some((table_number, TagGroup::new(Tag::Table)));
        }
        if row.as_ref().is_none_or(|(number, _)| *number != row_number) {
            end_row(&mut table, &mut row);
            row = Some((row_number, TagGroup::new(Tag::TR)));
        }
        let cell = if is_head {
            TagGroup::with_children(Tag::TH(TableHeaderScope::Column), pieces)
        } else {
            TagGroup::with_children(Tag::TD, pieces)
        };
        if let Some((_, row)) = &mut row {
            row.push(cell);
        }
    }
    end_table(&mut tree, &mut table, &mut row);
    tree
}

fn end_row(table: &mut Option<(usize, TagGroup)>, row: &mut Option<(usize, TagGroup)>) {
    if let (Some((_, table)), Some((_, row))) = (table, row.take()) {
        table.push(row);
    }
}

fn end_table(tree: &mut TagTree, table: &mut Option<(usize, TagGroup)>, row: &mut Option<(usize, TagGroup)>) {
    end_row(table, row);
    if let Some((_, table)) = table.take() {
        tree.push(table);
    }
}
