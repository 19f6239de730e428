//! A report, or several, as a PDF for people: summary, lines with tax, findings, decisions, then the receipts in order.
//!
//! The crate is pure: receipts are given to it one by one, and the file is written to any [`std::io::Write`]. The same
//! input gives the same bytes. Clock, storage and the choice of who may read a report are left to the caller.
//!
//! **Memory.** The file is assembled in memory: what is held are the pages and the receipts added so far, pictures and
//! PDFs as they are, other pictures compressed again.

mod canvas;
mod decisions;
mod document;
mod embedding;
mod error;
mod findings;
mod flow;
mod font;
mod lines;
mod localizer;
mod metrics;
mod picture;
mod receipts;
mod summary;
mod table;
mod text;
mod writer;

pub use document::{Names, ReportDocument};
pub use error::PdfError;
pub use writer::{PdfSummary, PdfWriter, ReceiptSource, ReceiptTask, write_report, write_reports};
