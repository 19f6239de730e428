//! PDF receipts: what is shown, what is attached, and damaged files.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use outlay_domain::language::Language;
use outlay_domain::receipt::MediaType;
use outlay_pdf::PdfSummary;
use proptest::prelude::*;

use crate::render::render;
use crate::samples::{facts, line, money, pdf, receipt, report, stored};

/// Document of one line with this file as its receipt.
fn document(bytes: &[u8]) -> PdfSummary {
    let day = jiff::civil::date(2026, 11, 1);
    let mut line = line(1, facts(day, "hotel", "Hotel", money(100, "EUR"), money(0, "EUR")));
    let file = receipt(1, "file.pdf", MediaType::Pdf, bytes);
    let id = file.id;
    line.receipts.push(file);
    let zero = money(0, "EUR");
    let totals = outlay_domain::report::Totals {
        total: money(100, "EUR"),
        tax: zero,
        net: money(100, "EUR"),
        reimbursable: money(100, "EUR"),
        not_reimbursed: zero,
        repayable: None,
    };
    let mut report = report("One receipt", vec![line], totals);
    report.owner_name = stored("Ana");
    let sample = crate::samples::Sample {
        report,
        organisation: "Example".to_owned(),
        names: crate::samples::names(),
        events: Vec::new(),
        files: [(id, bytes.to_vec())].into(),
    };
    render(&sample, Language::En).0
}

/// File of these objects, numbered from 1. There is no table of offsets: nothing depends on it.
fn file(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut file = b"%PDF-1.5\n".to_vec();
    for (object, number) in objects.iter().zip(1..) {
        file.extend_from_slice(format!("{number} 0 obj\n").as_bytes());
        file.extend_from_slice(object);
        file.extend_from_slice(b"\nendobj\n");
    }
    file.extend_from_slice(b"trailer << /Root 1 0 R >>\n%%EOF\n");
    file
}

fn deflated(content: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn stream(entries: &str, content: &[u8]) -> Vec<u8> {
    let head = format!("<< {entries} /Length {} >>\nstream\n", content.len());
    [head.as_bytes(), content, b"\nendstream"].concat()
}

fn text(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

/// True when the pages are shown; otherwise the file is attached on one page.
#[track_caller]
fn assert_shown(bytes: &[u8], pages: usize, attachments: usize) {
    let summary = document(bytes);
    assert_eq!((summary.pages - 1, summary.attachments), (pages, attachments));
}

#[test]
fn pages_are_shown_in_order() {
    assert_shown(&pdf(1), 1, 0);
    assert_shown(&pdf(3), 3, 0);
    assert_shown(&pdf(200), 200, 0);
}

#[test]
fn objects_in_object_streams_are_found() {
    let inner = [
        "<< /Type /Catalog /Pages 2 0 R >> ",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 /MediaBox [0 0 200 200] >> ",
        "<< /Type /Page /Parent 2 0 R >> ",
    ];
    let (second, third) = (inner[0].len(), inner[0].len() + inner[1].len());
    let head = format!("1 0 2 {second} 3 {third} ");
    let first = head.len();
    let objects = deflated((head + &inner.concat()).as_bytes());
    let mut bytes = b"%PDF-1.5\n4 0 obj\n".to_vec();
    bytes.extend(stream(&format!("/Type /ObjStm /N 3 /First {first} /Filter /FlateDecode"), &objects));
    bytes.extend_from_slice(b"\nendobj\n5 0 obj\n");
    bytes.extend(stream("/Type /XRef /Root 1 0 R", b"forged"));
    bytes.extend_from_slice(b"\nendobj\n");
    assert_shown(&bytes, 1, 0);
}

#[test]
fn forms_and_layers_are_attached_too() {
    let page = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 100] /Annots [4 0 R] >>";
    let tree = "<< /Type /Pages /Kids [3 0 R] /Count 1 >>";
    let with = |catalog: &str, annotation: &str| file(&[text(catalog), text(tree), text(page), text(annotation)]);
    let catalog = "<< /Type /Catalog /Pages 2 0 R >>";
    assert_shown(&with(catalog, "<< /Subtype /Link >>"), 1, 0);
    assert_shown(&with(catalog, "<< /Subtype /Widget >>"), 1, 1);
    assert_shown(&with("<< /Pages 2 0 R /OCProperties << >> >>", "<< /Subtype /Link >>"), 1, 1);
}

#[test]
fn circles_and_forged_trees_end() {
    let circle =
        file(&[text("<< /Pages 2 0 R >>"), text("<< /Kids [2 0 R 3 0 R 2 0 R] >>"), text("<< /Kids [2 0 R] >>")]);
    assert_shown(&circle, 1, 1);
    let one_page = file(&[
        text("<< /Pages 2 0 R >>"),
        text("<< /Kids [2 0 R 3 0 R 3 0 R] >>"),
        text("<< /Type /Page /Resources 4 0 R /Contents [5 0 R 6 0 R] >>"),
        text("4 0 R"),
        text("6 0 R"),
        text("5 0 R"),
    ]);
    assert_shown(&one_page, 1, 0);
    assert_shown(&pdf(201), 1, 1);
}

#[test]
fn contents_beyond_the_limit_are_not_inflated() {
    let bomb = deflated(&vec![b' '; 20_000_000]);
    let bomb = stream("/Filter /FlateDecode", &bomb);
    let page = "<< /Type /Page /MediaBox [0 0 200 100] /Contents [4 0 R 4 0 R 4 0 R 4 0 R] >>";
    let tree = "<< /Kids [3 0 R] >>";
    assert_shown(&file(&[text("<< /Pages 2 0 R >>"), text(tree), text(page), bomb.clone()]), 1, 1);
    let twice = deflated(&deflated(&vec![b' '; 80_000_000]));
    let twice = stream("/Filter [/FlateDecode /FlateDecode]", &twice);
    let page = "<< /Type /Page /MediaBox [0 0 200 100] /Contents 4 0 R >>";
    assert_shown(&file(&[text("<< /Pages 2 0 R >>"), text(tree), text(page), twice]), 1, 1);
    let objects = stream("/Type /ObjStm /N 1 /First 10 /Filter /FlateDecode", &deflated(&vec![b' '; 20_000_000]));
    assert_shown(&file(&[text("<< /Pages 2 0 R >>"), text(tree), text(page), objects]), 1, 1);
}

#[test]
fn aliases_and_shared_resources_are_copied_once() {
    let mut objects = vec![text("<< /Pages 2 0 R >>"), text("<< /Kids [3 0 R] >>")];
    let fonts: String = (0..2_000).map(|number| format!("/F{number} {} 0 R ", number + 5)).collect::<Vec<_>>().concat();
    objects.push(text(&format!("<< /Type /Page /MediaBox [0 0 200 100] /Resources << /XObject << {fonts} >> >> >>")));
    objects.push(stream("/Subtype /Form /BBox [0 0 1 1]", &vec![b' '; 1_000_000]));
    objects.extend((0..2_000).map(|_| text("4 0 R")));
    let summary = document(&file(&objects));
    assert!((summary.pages, summary.attachments) == (2, 0) && summary.bytes < 4_000_000, "{summary:?}");
    let kinds: String = (0..10_000).map(|number| format!("/K{number} 4 0 R ")).collect::<Vec<_>>().concat();
    let page = format!("<< /Type /Page /MediaBox [0 0 200 100] /Resources << {kinds} >> >>");
    let many = format!("<< {} >>", (0..10_000).map(|number| format!("/N{number} 1 ")).collect::<Vec<_>>().concat());
    assert_shown(&file(&[text("<< /Pages 2 0 R >>"), text("<< /Kids [3 0 R] >>"), text(&page), text(&many)]), 1, 1);
}

#[test]
fn impossible_page_sizes_have_no_page() {
    for size in ["0 0 0 0", "0 0 1 1", "0 0 99999999999 5", "0 0 1e9 1e9", "-1 -1 40000 40000"] {
        let page = format!("<< /Type /Page /MediaBox [{size}] >>");
        let bytes = file(&[text("<< /Pages 2 0 R >>"), text("<< /Kids [3 0 R] >>"), text(&page)]);
        let summary = document(&bytes);
        assert_eq!(summary.pages, 2, "{size}");
    }
}

#[test]
fn encrypted_file_is_attached() {
    let bytes = pdf(1);
    let encrypted = String::from_utf8(bytes).unwrap().replace("/Root 1 0 R", "/Root 1 0 R /Encrypt << >>");
    assert_shown(encrypted.as_bytes(), 1, 1);
}

#[test]
fn repeated_work_is_bounded() {
    for unit in ["1 0 obj(", "1 0 obj<41 ", "1 0 obj%", "1 0 obj[", "1 0 obj<</A", "1 0 obj<<>>stream "] {
        assert_shown(unit.repeat(20_000).as_bytes(), 1, 1);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn damaged_files_are_shown_or_attached(
        cut in 0..2_000_usize,
        changes in prop::collection::vec((0..2_000_usize, any::<u8>()), 0..6),
        copies in prop::collection::vec((0..2_000_usize, 0..2_000_usize, 1..60_usize), 0..3),
    ) {
        let mut bytes = pdf(2);
        for (from, to, length) in copies {
            let piece: Vec<u8> = bytes.iter().copied().skip(from).take(length).collect();
            let to = to.min(bytes.len());
            bytes.splice(to..to, piece);
        }
        for (at, value) in changes {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = value;
            }
        }
        if cut % 3 == 0 {
            bytes.truncate(cut);
        }
        prop_assert!(document(&bytes).pages >= 2);
    }
}
