//! PDF files, written by hand.

use super::samples::*;
use super::*;

fn outcome(catalog: &str, more: &[Vec<u8>]) -> Result<SanitizedFile, RejectionReason> {
    inspected(&pdf_of(&one_page(catalog, more), ""), MediaType::Pdf)
}

fn text(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

#[test]
fn plain_pdf_is_unchanged() {
    let bytes = pdf_of(
        &one_page("", &[text("<< /Title (HTML/CSS /JavaScript \\) /Launch) /Author <2F4A53> >>")]),
        "/Info 5 0 R",
    );
    let cleaned = inspected(&bytes, MediaType::Pdf).unwrap();
    assert_eq!(cleaned, SanitizedFile { bytes: bytes.clone(), media_type: MediaType::Pdf, preview: None });
    // A modern page: everything except streams is compressed, including the reference table.
    let objects = [
        (1, "<</Type/Catalog/Pages 2 0 R>>"),
        (2, "<</Type/Pages/Kids[3 0 R]/Count 1>>"),
        (3, "<</Type/Page/Parent 2 0 R>>"),
    ];
    let mut bytes =
        [b"%PDF-1.5\n9 0 obj\n".to_vec(), object_stream(&objects, "/Type /ObjStm"), text("\nendobj\n")].concat();
    let table = bytes.len();
    bytes.extend(
        [text("10 0 obj\n"), stream("/Type /XRef /Size 11 /W [1 2 1] /Root 1 0 R", b"????"), text("\nendobj\n")]
            .concat(),
    );
    bytes.extend(format!("startxref\n{table}\n%%EOF").into_bytes());
    assert_eq!(inspected(&bytes, MediaType::Pdf).unwrap().bytes, bytes);
}

#[test]
fn data_after_end_marker_is_removed() {
    let bytes = pdf();
    for tail in ["PK\u{3}\u{4} an archive", "<html><script>", "\n\n\n"] {
        assert_eq!(
            inspected(&[&bytes, tail.as_bytes()].concat(), MediaType::Pdf).unwrap().bytes.len(),
            bytes.len() + usize::from(tail.starts_with('\n'))
        );
    }
}

#[test]
fn harmless_actions_are_accepted() {
    for catalog in [
        "/OpenAction [3 0 R /Fit]",
        "/OpenAction << /S /GoTo /D [3 0 R /Fit] >>",
        "/OpenAction 5 0 R",
        "/OpenAction /Chapter1",
        "/OpenAction null /AA << >>",
        "/Names << /Dests 6 0 R >>",
    ] {
        let more =
            [text("<< /S /GoTo /D [3 0 R /Fit] >>"), text("<< /A << /S /URI /URI (https://example.com/Launch) >> >>")];
        assert!(outcome(catalog, &more).is_ok(), "{catalog}");
    }
}

/// Active content, as the value of a key in the catalogue.
const ACTIVE: [&str; 18] = [
    "/OpenAction << /S /JavaScript /JS (app.alert(1)) >>",
    "/OpenAction << /S /J#61vaScript /#4aS 5 0 R >>",
    "/OpenAction<</S/URI/URI(https://example.com)>>",
    "/OpenAction << /S /GoTo /D [3 0 R /Fit] /Next << /S /URI /URI (https://example.com) >> >>",
    "/OpenAction 6 0 R",
    "/OpenAction << /S 7 0 R >>",
    "/OpenAction << /S /Named /N /Print >>",
    "/AA << /WC << /S /URI /URI (x) >> >>",
    "/AA 6 0 R",
    "/Names << /JavaScript 6 0 R >>",
    "/Names << /EmbeddedFiles 6 0 R >>",
    "/A << /S /Launch /F (calc.exe) >>",
    "/A << /S /SubmitForm >>",
    "/A << /S /ImportData >>",
    "/A << /S /GoToR /F (\\\\\\\\host\\\\share) >>",
    "/A << /S /Rendition >>",
    "/AcroForm << /XFA [ ] >>",
    "/X << /Subtype /RichMedia >>",
];

#[test]
fn active_content_is_rejected_in_any_object() {
    let more = [text("null"), text("<< /S /URI /URI (https://example.com) >>"), text("/JavaScript")];
    for acts in ACTIVE {
        assert_eq!(outcome(acts, &more), Err(RejectionReason::ActiveContent), "{acts}");
        let page = one_page("", &[]);
        // In its own object, in an object stream, and in an object stream declared as something else.
        let object = format!("<< {acts} >>");
        assert_eq!(
            outcome("", &[more.as_slice(), &[text(&object)]].concat()),
            Err(RejectionReason::ActiveContent),
            "{acts}"
        );
        for kind in ["/Type /ObjStm", "/Type /XObject"] {
            let packed = object_stream(&[(20, "[1 2]"), (21, &object)], kind);
            let objects = [page.as_slice(), &more, &[packed]].concat();
            assert_eq!(
                inspected(&pdf_of(&objects, ""), MediaType::Pdf),
                Err(RejectionReason::ActiveContent),
                "{kind} {acts}"
            );
        }
    }
    assert_eq!(outcome("", &[stream("/Type /EmbeddedFile", b"MZ")]), Err(RejectionReason::ActiveContent));
}

#[test]
fn action_in_object_stream_is_resolved_by_number() {
    for (number, expected) in [(20, true), (21, false)] {
        let packed = object_stream(&[(20, "<</S/URI/URI(x)>>"), (21, "<</S/GoTo/D[3 0 R]>>")], "/Type /ObjStm");
        let outcome = outcome(&format!("/OpenAction {number} 0 R"), &[packed]);
        assert_eq!(outcome == Err(RejectionReason::ActiveContent), expected, "{number} {outcome:?}");
    }
}

#[test]
fn hidden_active_object_is_rejected() {
    let object = b"9 0 obj << /S /JavaScript /JS 5 0 R >> endobj";
    let packed = deflated(object);
    let hidden = [
        // In an uncompressed stream, a compressed one, a string, a comment, after an unclosed dictionary.
        stream("", object),
        stream("/Filter /FlateDecode", &packed),
        stream(
            "/Filter [/ASCIIHexDecode /FlateDecode]",
            packed.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}")).as_bytes(),
        ),
        stream("/Filter 7 0 R", &packed),
        [b"(".as_slice(), object].concat(),
        [b"% ".as_slice(), object].concat(),
        [b"(<<>> stream\r\n".as_slice(), &packed].concat(),
        [b"% <<>> stream\r".as_slice(), &packed].concat(),
        [b"<< /A [ >> ".as_slice(), &stream("/Filter /FlateDecode", &packed)].concat(),
        stream("", &[b"<< /Filter /FlateDecode >> stream\n".as_slice(), &packed].concat()),
    ];
    for (index, hidden) in hidden.iter().enumerate() {
        assert_eq!(outcome("", std::slice::from_ref(hidden)), Err(RejectionReason::ActiveContent), "{index}");
    }
}

#[test]
fn encrypted_pdf_is_rejected() {
    let encrypt = text("<< /Filter /Standard /V 2 /R 3 /P -44 /O (x) /U (y) >>");
    let bytes = pdf_of(&one_page("/A << /S /JavaScript >>", &[encrypt]), "/Encrypt 5 0 R");
    assert_eq!(inspected(&bytes, MediaType::Pdf), Err(RejectionReason::PasswordProtected));
    assert!(outcome("/PieceInfo << /Encrypt << /A /B >> >>", &[]).is_ok());
}

#[test]
fn pdf_page_count_is_limited() {
    let pages = |count: usize| vec![text("<< /Type /Page >>"); count];
    assert!(outcome("", &pages(199)).is_ok());
    assert_eq!(outcome("", &pages(200)), Err(RejectionReason::TooLarge));
    let no_page = [text("<< /Type /Catalog >>")];
    assert_eq!(inspected(&pdf_of(&no_page, ""), MediaType::Pdf), Err(RejectionReason::Damaged));
    let no_catalog = [text("<< /Type /Page >>")];
    assert_eq!(inspected(&pdf_of(&no_catalog, ""), MediaType::Pdf), Err(RejectionReason::Damaged));
}

#[test]
fn truncated_pdf_is_damaged() {
    let bytes = pdf();
    for share in [1, 3, 5, 9] {
        assert_eq!(
            inspected(&bytes[..bytes.len() * share / 10], MediaType::Pdf),
            Err(RejectionReason::Damaged),
            "{share}"
        );
    }
    // A linearized file starts with its first page, a trailer and an end marker. The other pages follow.
    let first = "%PDF-1.7\n9 0 obj <</Linearized 1>> endobj\n1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj\n\
                 3 0 obj <</Type/Page/Parent 2 0 R/Contents 4 0 R>> endobj\ntrailer <</Root 1 0 R>>\nstartxref\n0\n%%EOF\n";
    let tree = "2 0 obj <</Type/Pages/Count 2/Kids[3 0 R 5 0 R]>> endobj\n";
    let contents = "4 0 obj <</Length 2>> stream\nS \nendstream endobj\n";
    let page = "5 0 obj <</Type/Page/Parent 2 0 R/Contents[4 0 R]>> endobj\n";
    let ends = |parts: &[&str]| inspected([&[first], parts].concat().concat().as_bytes(), MediaType::Pdf).err();
    assert_eq!(ends(&[tree, contents, page]), None);
    for parts in [[].as_slice(), &[tree], &[tree, contents], &[tree, page], &[tree, page, &contents[..40]]] {
        assert_eq!(ends(parts), Some(RejectionReason::Damaged), "{parts:?}");
    }
}

#[test]
fn decompression_bomb_is_rejected() {
    let many = deflated(&vec![b' '; 40_000_000]);
    assert!(many.len() < 50_000);
    let packed = |dict: &str| stream(&format!("{dict} /Filter /FlateDecode"), &many);
    assert_eq!(outcome("", &[packed("/Type /ObjStm /N 1 /First 10")]), Err(RejectionReason::TooLarge));
    // Within the budget of one stream; thirteen exceed that of the file.
    assert!(outcome("", &[packed("")]).is_ok());
    assert_eq!(outcome("", &vec![packed(""); 13]), Err(RejectionReason::TooLarge));
    for filters in ["/FlateDecode /FlateDecode", "/LZWDecode /Fl", "/RunLengthDecode /RunLengthDecode"] {
        let twice = stream(&format!("/Filter [{filters}]"), &deflated(&many));
        assert_eq!(outcome("", &[twice]), Err(RejectionReason::Damaged), "{filters}");
    }
    for dict in ["/Filter /LZWDecode", "/Filter /DCTDecode", "/Filter /FlateDecode /DecodeParms << /Predictor 12 >>"] {
        let strange = stream(&format!("/Type /ObjStm /N 1 /First 4 {dict}"), &deflated(b"9 0 null"));
        assert_eq!(outcome("", &[strange]), Err(RejectionReason::Damaged), "{dict}");
    }
    let nested = format!("<< /A {} >>", "[".repeat(1000));
    assert_eq!(outcome("", &[text(&nested)]), Err(RejectionReason::Damaged));
}

/// Objects that PDF readers resolve but a scan from start to end misses, each with a script or a file in an unexpected
/// place.
#[test]
fn active_content_visible_only_to_readers_is_rejected() {
    let script = "<< /S /JavaScript /JS (app.alert(1)) >>";
    let packed = |dict: &str, data: &[u8]| stream(&format!("/Type /ObjStm {dict}"), data);
    let rows = deflated(format!("\u{2}20 0 \u{2}{script}").as_bytes());
    let cases: [(&str, &str, Vec<Vec<u8>>, RejectionReason); 12] = [
        (
            "a file",
            "/X << /Subtype /FileAttachment /FS << /EF << /F 6 0 R >> >> >>",
            vec![],
            RejectionReason::ActiveContent,
        ),
        ("a file, without its kind", "/X << /EF << /F 6 0 R >> >>", vec![], RejectionReason::ActiveContent),
        ("a script of a model", "/X << /OnInstantiate 6 0 R >>", vec![], RejectionReason::ActiveContent),
        (
            "predictor in another object",
            "",
            vec![packed("/N 1 /First 5 /Filter /FlateDecode /DecodeParms 6 0 R", &rows), text("<< /Predictor 12 >>")],
            RejectionReason::Damaged,
        ),
        (
            "filter in another object",
            "",
            vec![packed("/N 1 /First 5 /Filter 6 0 R", b"87cURD]i,"), text("/ASCII85Decode")],
            RejectionReason::Damaged,
        ),
        (
            "truncated compressed data",
            "",
            vec![packed("/N 1 /First 5 /Filter /FlateDecode", &deflated(script.as_bytes())[..10])],
            RejectionReason::Damaged,
        ),
        ("fewer objects than it says", "", vec![packed("/N 2 /First 5", b"20 0 null")], RejectionReason::Damaged),
        (
            "value far after its key",
            "/OpenAction 9 0 R",
            vec![stream("", format!("9 0 obj << /S{}/JavaScript >>", " ".repeat(50)).as_bytes())],
            RejectionReason::ActiveContent,
        ),
        ("behind a comment", "", vec![stream("", b"9%\n0%\nobj << /S%\n/URI >>")], RejectionReason::ActiveContent),
        ("in a string, without a space", "", vec![text("(9 0obj<</S%\n/URI>>)")], RejectionReason::ActiveContent),
        (
            "what locks the file",
            "",
            vec![text("(xref\ntrailer\n<< /Encrypt 9 0 R >>)")],
            RejectionReason::ActiveContent,
        ),
        (
            "action type in another object",
            "/OpenAction 5 0 R",
            vec![text("<< /S 6 0 R >>"), text("/URI")],
            RejectionReason::ActiveContent,
        ),
    ];
    for (what, catalog, more, expected) in cases {
        assert_eq!(outcome(catalog, &more), Err(expected), "{what}");
    }
    // Plain words are not objects.
    assert!(outcome("", &[stream("", b"(Hire of 1 trailer, 4 objects, an obj )")]).is_ok());
    // A destination in another object is harmless.
    assert!(outcome("/OpenAction 5 0 R", &[text("[3 0 R /Fit]")]).is_ok());
}

#[test]
fn excessive_parsing_work_is_rejected() {
    // A million values with a copy of the key each would take two terabytes.
    let long = format!("<< /{} [{}] >>", "A".repeat(2_000_000), "1 ".repeat(1_000_000));
    assert_eq!(outcome("", &[text(&long)]), Err(RejectionReason::Damaged));
    // Each keyword would start another decompression.
    let keywords = format!("({})", "stream\n".repeat(100_000));
    assert_eq!(outcome("", &[text(&keywords)]), Err(RejectionReason::TooLarge));
}
