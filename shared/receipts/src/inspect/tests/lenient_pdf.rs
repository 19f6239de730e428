//! PDF files with the defects that readers mend, with encryption that opens without a password, and with invoices.

use super::samples::*;
use super::*;

/// Result under a matching declaration, without the bytes.
fn outcome(bytes: &[u8]) -> Result<(), RejectionReason> {
    inspected(bytes, MediaType::Pdf).map(drop)
}

fn replaced(bytes: &[u8], old: &str, new: &str) -> Vec<u8> {
    let at = find(bytes, old.as_bytes()).unwrap();
    [&bytes[..at], new.as_bytes(), &bytes[at + old.len()..]].concat()
}

#[test]
fn bytes_before_header_are_cut_off() {
    let whole = pdf();
    for before in [
        "\u{FEFF}",
        "\r\n",
        "\0",
        "\x1B%-12345X@PJL ENTER LANGUAGE=PDF\r\n",
        "<html><script>",
        "PK\x03\x04",
        &"x".repeat(1024),
    ] {
        let kept = inspected(&[before.as_bytes(), &whole].concat(), MediaType::Pdf).unwrap();
        assert!(kept.bytes == whole, "{before:?}");
    }
    assert_eq!(outcome(&[vec![b'x'; 1025], whole].concat()), Err(RejectionReason::UnknownType));
}

#[test]
fn wrong_offsets_and_line_ends_are_accepted() {
    let whole = pdf();
    let at = find(&whole, b"startxref\n").unwrap() + 10;
    let stated: usize = std::str::from_utf8(&whole[at..]).unwrap().lines().next().unwrap().parse().unwrap();
    for wrong in [0, 1, stated - 1, stated + 1, stated + 40, 999_999] {
        let moved = replaced(&whole, &format!("startxref\n{stated}"), &format!("startxref\n{wrong}"));
        assert_eq!(inspected(&moved, MediaType::Pdf).unwrap().bytes, moved, "{wrong}");
    }
    // Entries of the table, too: readers rebuild it.
    assert_eq!(outcome(&replaced(&whole, "0000000009 00000 n", "0000000090 00000 n")), Ok(()));
    let text = String::from_utf8(whole).unwrap();
    for line_end in ["\r\n", "\r"] {
        assert_eq!(outcome(text.replace('\n', line_end).as_bytes()), Ok(()), "{line_end:?}");
    }
}

#[test]
fn missing_end_marker_is_accepted() {
    let whole = pdf();
    let table = find(&whole, b"startxref").unwrap();
    for (what, bytes) in [
        ("marker", whole[..whole.len() - 6].to_vec()),
        ("part of the marker", whole[..whole.len() - 3].to_vec()),
        ("offset", whole[..table].to_vec()),
        ("and more after it", [&whole[..whole.len() - 6], b"PK\x03\x04 <html> (a"].concat()),
        ("after a change", [&whole, b"5 0 obj<<>>endobj\ntrailer<</Root 1 0 R>>\nstartxref\n0\n".as_slice()].concat()),
    ] {
        let kept = inspected(&bytes, MediaType::Pdf).unwrap_or_else(|reason| panic!("{what}: {reason:?}"));
        assert!(bytes.starts_with(&kept.bytes) && !has(&kept.bytes, "<html>"), "{what}");
        assert_eq!(inspected(&kept.bytes, MediaType::Pdf), Ok(kept), "{what}");
    }
    // Without a trailer, too much is missing to know.
    assert_eq!(outcome(&whole[..find(&whole, b"trailer").unwrap()]), Err(RejectionReason::Damaged));
}

#[test]
fn document_lacking_a_part_of_its_pages_is_damaged() {
    let whole = pdf();
    for (what, old, new) in [
        ("root", "/Root 1 0 R", "/Root 8 0 R"),
        ("tree", "/Pages 2 0 R", "/Pages 8 0 R"),
        ("page", "/Kids [3 0 R]", "/Kids [8 0 R]"),
        ("one of two pages", "/Kids [3 0 R]", "/Kids [3 0 R 8 0 R]"),
        ("contents", "/Contents 4 0 R", "/Contents 8 0 R"),
        ("no page at all", "/Kids [3 0 R]", "/Kids []"),
        ("end of contents", "endstream", "endstrea"),
    ] {
        assert_eq!(outcome(&replaced(&whole, old, new)), Err(RejectionReason::Damaged), "{what}");
    }
    // A tree in several levels, in an array of its own, and in a circle.
    let of = |kids: &str, more: &[Vec<u8>]| {
        let objects = one_page("", more);
        outcome(&replaced(&pdf_of(&objects, ""), "/Kids [3 0 R]", kids))
    };
    let node = b"<< /Type /Pages /Kids [3 0 R 2 0 R] /Count 1 >>".to_vec();
    assert_eq!(of("/Kids [5 0 R]", &[node]), Ok(()));
    assert_eq!(of("/Kids 5 0 R", &[b"[3 0 R]".to_vec()]), Ok(()));
    assert_eq!(of("/Kids 5 0 R", &[b"[3 0 R 9 0 R]".to_vec()]), Err(RejectionReason::Damaged));
}

macro_rules! encrypted {
    ($($name:literal)*) => {[$(($name, include_bytes!(concat!("files/", $name, ".pdf")).as_slice())),*]};
}

/// Files of qpdf with an owner's password only, with compressed objects.
#[test]
fn pdf_that_opens_without_password_is_inspected() {
    for (name, bytes) in encrypted! { "rc4_40" "rc4_128" "aes_128" "aes_128_plain_metadata" "aes_256_r5" "aes_256" } {
        let kept = inspected(bytes, MediaType::Pdf).unwrap_or_else(|reason| panic!("{name}: {reason:?}"));
        assert!(kept.bytes == bytes, "{name}");
    }
    // The script is in an encrypted object stream.
    for (name, bytes) in encrypted! { "rc4_40_active" "rc4_128_active" "aes_128_active" "aes_128_plain_metadata_active" "aes_256_r5_active" "aes_256_active" }
    {
        assert!(!has(bytes, "JavaScript"), "{name}");
        assert_eq!(outcome(bytes), Err(RejectionReason::ActiveContent), "{name}");
    }
    for (name, bytes) in encrypted! { "rc4_128_locked" "aes_256_locked" } {
        assert_eq!(outcome(bytes), Err(RejectionReason::PasswordProtected), "{name}");
    }
}

const INVOICE: &str = "<?xml version='1.0'?><rsm:CrossIndustryInvoice \
                       xmlns:rsm=\"urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100\"><a>12.30</a>\
                       </rsm:CrossIndustryInvoice>";

/// Document with an embedded file of this name and content.
fn with_file(name: &str, content: &str, more: &[Vec<u8>]) -> Vec<u8> {
    let catalog = format!("/AF [5 0 R] /Names << /EmbeddedFiles << /Names [({name}) 5 0 R] >> >>");
    let spec = format!(
        "<< /Type /Filespec /F ({name}) /UF ({name}) /AFRelationship /Alternative /EF << /F 6 0 R /UF 6 0 R >> >>"
    );
    let file = stream("/Type /EmbeddedFile /Subtype /text#2Fxml /Filter /FlateDecode", &deflated(content.as_bytes()));
    pdf_of(&one_page(&catalog, &[&[spec.into_bytes(), file], more].concat()), "")
}

#[test]
fn invoice_may_be_embedded_and_nothing_else() {
    for name in [
        "factur-x.xml",
        "ZUGFeRD-invoice.xml",
        "xrechnung.xml",
        "\\376\\377\\000x\\000r\\000e\\000c\\000h\\000n\\000u\\000n\\000g\\000.\\000x\\000m\\000l",
    ] {
        let bytes = with_file(name, INVOICE, &[]);
        assert!(inspected(&bytes, MediaType::Pdf).unwrap().bytes == bytes, "{name}");
    }
    let second = b"<< /Type /Filespec /F (x.exe) /EF << /F 8 0 R >> >>".to_vec();
    let program = stream("/Type /EmbeddedFile", b"MZ");
    let page = "<html xmlns=\"http://www.w3.org/1999/xhtml\"><script/></html>";
    for (what, bytes) in [
        ("other name", with_file("invoice.exe", INVOICE, &[])),
        ("other content", with_file("factur-x.xml", "MZ", &[])),
        ("a page", with_file("factur-x.xml", page, &[])),
        ("entities", with_file("factur-x.xml", &INVOICE.replace("<rsm", "<!DOCTYPE x><rsm"), &[])),
        ("truncated", with_file("factur-x.xml", &INVOICE[..80], &[])),
        ("too large", with_file("factur-x.xml", &INVOICE.replace("12.30", &" ".repeat(5_000_000)), &[])),
        ("a second file", with_file("factur-x.xml", INVOICE, &[second, program.clone()])),
        ("an unnamed file", with_file("factur-x.xml", INVOICE, &[program])),
        ("a script", with_file("factur-x.xml", INVOICE, &[b"<< /S /JavaScript /JS (x) >>".to_vec()])),
        ("two names", replaced(&with_file("factur-x.xml", INVOICE, &[]), "/UF (factur-x.xml)", "/UF (factur-x.exe)")),
        ("no file", replaced(&with_file("factur-x.xml", INVOICE, &[]), "/F 6 0 R /UF 6 0 R", "/F 9 0 R")),
        (
            "dictionary elsewhere",
            replaced(&with_file("factur-x.xml", INVOICE, &[]), "/EF << /F 6 0 R /UF 6 0 R >>", "/EF 9 0 R"),
        ),
    ] {
        assert_eq!(outcome(&bytes), Err(RejectionReason::ActiveContent), "{what}");
    }
    // Revisions of one object: all of them are invoices.
    let again = with_file("factur-x.xml", INVOICE, &[]);
    let at = find(&again, b"xref").unwrap();
    let swapped = [&again[..at], b"6 0 obj\n", &stream("", b"MZ"), b"\nendobj\n", &again[at..]].concat();
    assert_eq!(outcome(&swapped), Err(RejectionReason::ActiveContent));
}
