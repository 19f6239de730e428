//! Mutated files: inspection never panics and always terminates quickly.

use image::ImageFormat;
use image::metadata::Orientation;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::samples::*;
use super::*;

/// Mutation at a position.
#[derive(Clone, Debug)]
enum Change {
    Set(u8),
    Insert(Vec<u8>),
    Remove(usize),
    Copy(Index, usize),
    Cut,
}

fn change() -> impl Strategy<Value = Change> {
    let byte = prop_oneof![any::<u8>(), Just(0), Just(0xFF), Just(b'/'), Just(b'('), Just(b'9')];
    prop_oneof![
        8 => byte.clone().prop_map(Change::Set),
        2 => vec(byte, 1..8).prop_map(Change::Insert),
        2 => (1_usize..8).prop_map(Change::Remove),
        2 => (any::<Index>(), 1_usize..64).prop_map(|(from, length)| Change::Copy(from, length)),
        1 => Just(Change::Cut),
    ]
}

fn changed(mut bytes: Vec<u8>, changes: &[(Index, Change)]) -> Vec<u8> {
    for (place, change) in changes {
        if bytes.is_empty() {
            break;
        }
        let at = place.index(bytes.len());
        match change {
            Change::Set(byte) => bytes[at] = *byte,
            Change::Insert(more) => drop(bytes.splice(at..at, more.iter().copied())),
            Change::Remove(count) => drop(bytes.drain(at..(at + count).min(bytes.len()))),
            Change::Copy(from, length) => {
                let from = from.index(bytes.len());
                let piece = bytes[from..(from + length).min(bytes.len())].to_vec();
                bytes.splice(at..at, piece);
            }
            Change::Cut => bytes.truncate(at),
        }
    }
    bytes
}

/// PDF with every kind of object.
fn rich_pdf() -> Vec<u8> {
    let packed =
        object_stream(&[(20, "<< /S /GoTo /D [3 0 R /Fit] >>"), (21, "[(a) <62> /c 1.5 true]")], "/Type /ObjStm");
    let more = [packed, stream("/Filter [/AHx /Fl]", b"78 9C 03 00>"), stream("/Filter /A85", b"87cURD]i,\"Ebo80~>")];
    pdf_of(&one_page("/OpenAction 20 0 R /AA << >>", &more), "/Info << /Title (x\\)y) >>")
}

fn sample() -> impl Strategy<Value = (MediaType, Vec<u8>)> {
    let turned = |format| with_exif(format, Orientation::Rotate270);
    prop_oneof![
        Just((MediaType::Jpeg, turned(ImageFormat::Jpeg))),
        Just((MediaType::Png, turned(ImageFormat::Png))),
        Just((MediaType::Webp, turned(ImageFormat::WebP))),
        Just((MediaType::Heic, Heic::default().build())),
        Just((MediaType::Pdf, rich_pdf())),
    ]
}

#[test]
fn samples_pass_inspection() {
    assert!(inspected(&rich_pdf(), MediaType::Pdf).is_ok());
    assert!(inspected(&Heic::default().build(), MediaType::Heic).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutated_files_never_panic(sample in sample(), changes in vec((any::<Index>(), change()), 1..8)) {
        let (kind, bytes) = sample;
        let bytes = changed(bytes, &changes);
        if let Ok(cleaned) = inspected(&bytes, kind) {
            prop_assert!(cleaned.bytes.len() <= bytes.len() + 64);
            // A kept file passes inspection again, unchanged.
            let again = inspected(&cleaned.bytes, kind);
            let differs = again.as_ref().is_ok_and(|again| *again != cleaned);
            prop_assert!(again.is_ok() && !differs, "{:?}, at {:?}", again.err(), changes);
        }
    }

    #[test]
    fn random_content_after_signature_never_panics(kind in 0_usize..5, rest in vec(any::<u8>(), 0..400)) {
        let starts: [&[u8]; 5] = [
            b"%PDF-1.7\n", b"\xFF\xD8\xFF", b"\x89PNG\r\n\x1A\n", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", b"RIFF\x80\0\0\0WEBP",
        ];
        let kind = MediaType::ALL[kind];
        let at = MediaType::ALL.iter().position(|other| *other == kind).unwrap();
        let bytes = [starts[at], &rest].concat();
        prop_assert!(inspected(&bytes, kind).is_err());
    }
}
