//! Whole documents: pages, receipts, attachments, and the same bytes for the same input.

use krilla::pdf::Pdf;
use outlay_domain::language::Language;
use outlay_domain::receipt::{MediaType, Receipt};
use outlay_pdf::{PdfError, PdfSummary, PdfWriter, write_report, write_reports};

use crate::samples::{Sample, five_receipts, hostile, long, pdf};

/// Renders a sample; the pages that another reader counts are those of the summary.
pub fn render(sample: &Sample, language: Language) -> (PdfSummary, Vec<u8>) {
    let mut file = Vec::new();
    let mut source = |receipt: &Receipt| Ok(sample.files.get(&receipt.id).cloned());
    let summary = write_report(&sample.document(), language, &mut source, &mut file).unwrap();
    assert_eq!(summary.bytes, file.len());
    assert_eq!(Pdf::new(file.clone()).unwrap().pages().len(), summary.pages);
    (summary, file)
}

fn contains(file: &[u8], text: &[u8]) -> bool {
    file.windows(text.len()).any(|window| window == text)
}

#[test]
fn report_has_receipts_on_pages_of_their_own() {
    for language in Language::ALL {
        let (summary, file) = render(&five_receipts(), *language);
        // Two pages of the report, two of the PDF, one of each other receipt; HEIC is attached.
        assert_eq!((summary.reports, summary.receipts, summary.attachments), (1, 5, 1));
        assert_eq!(summary.pages, 8, "{language:?}");
        assert!(contains(&file, format!("/Lang({})", language.tag()).as_bytes()));
        assert!(contains(&file, b"/StructTreeRoot"));
    }
}

#[test]
fn same_input_gives_same_bytes() {
    let first = render(&five_receipts(), Language::En).1;
    assert!(first == render(&five_receipts(), Language::En).1);
}

#[test]
fn long_report_breaks_over_pages() {
    let (summary, _) = render(&long(1_000), Language::De);
    assert!((50..150).contains(&summary.pages), "{summary:?}");
    let (summary, _) = render(&long(0), Language::En);
    assert_eq!(summary.pages, 1);
}

#[test]
fn hostile_texts_and_files_are_shown_or_attached() {
    let (summary, _) = render(&hostile(), Language::En);
    // All files are broken; two were never accepted.
    assert_eq!((summary.receipts, summary.attachments), (30, 28));
}

#[test]
fn several_reports_share_a_file() {
    let (one, two) = (five_receipts(), long(3));
    let mut source = |receipt: &Receipt| Ok(one.files.get(&receipt.id).cloned());
    let documents = [one.document(), two.document(), one.document()];
    let summary = write_reports(&documents, Language::Fr, &mut source, Vec::new()).unwrap();
    assert_eq!((summary.reports, summary.receipts, summary.attachments), (3, 10, 2));
    assert_eq!(summary.pages, 8 + 1 + 8);
}

#[test]
fn lost_file_has_a_page_that_says_so() {
    let sample = five_receipts();
    let summary = write_report(&sample.document(), Language::En, &mut |_: &Receipt| Ok(None), Vec::new()).unwrap();
    assert_eq!((summary.pages, summary.receipts, summary.attachments), (7, 5, 0));
}

#[test]
fn receipt_of_two_lines_has_one_number() {
    let mut sample = five_receipts();
    let shared = sample.report.expenses[0].receipts.clone();
    sample.report.expenses[3].receipts.extend(shared);
    let document = sample.document();
    let mut writer = PdfWriter::new(Language::En).unwrap();
    writer.add_report(&document).unwrap();
    let first = writer.next_receipt().unwrap();
    assert_eq!((first.number, first.lines.as_slice()), (1, &[1, 4][..]));
}

#[test]
fn receipts_out_of_order_are_refused() {
    let sample = five_receipts();
    let document = sample.document();
    let mut writer = PdfWriter::new(Language::En).unwrap();
    assert!(matches!(writer.add_receipt(None), Err(PdfError::UnexpectedReceipt)));
    writer.add_report(&document).unwrap();
    assert!(matches!(writer.add_report(&document), Err(PdfError::UnexpectedReceipt)));
    assert!(matches!(writer.finish(Vec::new()), Err(PdfError::UnexpectedReceipt)));
}

#[test]
fn source_error_ends_the_document() {
    let sample = five_receipts();
    let mut source = |_: &Receipt| Err(std::io::Error::other("no network"));
    let result = write_report(&sample.document(), Language::En, &mut source, Vec::new());
    assert!(matches!(result, Err(PdfError::Io(_))));
}

#[test]
fn same_file_on_two_lines_is_embedded_twice() {
    let mut sample = five_receipts();
    let copy = crate::samples::receipt(9, "copy.pdf", MediaType::Pdf, &pdf(2));
    sample.files.insert(copy.id, pdf(2));
    sample.report.expenses[4].receipts.push(copy);
    assert_eq!(render(&sample, Language::En).0.pages, 10);
}
