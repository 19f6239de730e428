//! HEIC files, built box by box.

use super::samples::*;
use super::*;

fn outcome(heic: &Heic) -> Result<SanitizedFile, RejectionReason> {
    inspected(&heic.build(), MediaType::Heic)
}

#[test]
fn metadata_is_removed_and_image_kept() {
    let bytes = Heic::default().build();
    assert!(has(&bytes, PLACE) && has(&bytes, "xmpmeta") && has(&bytes, "by somebody"));
    let cleaned = inspected(&bytes, MediaType::Heic).unwrap();
    assert_eq!(
        (cleaned.bytes.len(), cleaned.media_type, cleaned.preview.as_ref()),
        (bytes.len(), MediaType::Heic, None)
    );
    assert_eq!(find(&cleaned.bytes, b"the picture itself"), find(&bytes, b"the picture itself"));
    assert_eq!(find(&cleaned.bytes, b"\x0F\xC0\x0B\xD0"), find(&bytes, b"\x0F\xC0\x0B\xD0"));
    assert!(has(&cleaned.bytes, "irot"));
    for gone in [PLACE, "Exif\0\0", "xmpmeta", "by somebody", "udes"] {
        assert!(!has(&cleaned.bytes, gone), "{gone}");
    }
    assert_eq!(inspected(&cleaned.bytes, MediaType::Heic), Ok(cleaned));
}

#[test]
fn unreferenced_boxes_are_removed() {
    let plain = Heic::default().build();
    let heic = Heic { after: boxed(*b"mpvd", b"a film"), ..Heic::default() };
    assert_eq!(outcome(&heic), inspected(&plain, MediaType::Heic));
    let heic = Heic { after: b"PK\x03\x04 an archive".to_vec(), ..Heic::default() };
    assert_eq!(outcome(&heic), inspected(&plain, MediaType::Heic));
    let heic =
        Heic { between: boxed(*b"uuid", b"a secret"), more_in_meta: boxed(*b"xml ", b"a secret"), ..Heic::default() };
    let cleaned = outcome(&heic).unwrap();
    assert_eq!(cleaned.bytes.len(), heic.build().len());
    assert!(!has(&cleaned.bytes, "secret") && !has(&cleaned.bytes, "uuid") && has(&cleaned.bytes, "free"));
    assert!(has(&cleaned.bytes, "the picture itself"));
}

#[test]
fn image_dimensions_and_item_count_are_limited() {
    let of = |items| Heic { items, ..Heic::default() };
    let sized = |width, height| Heic { size: (width, height), ..Heic::default() };
    assert_eq!(outcome(&sized(20_001, 10)), Err(RejectionReason::TooLarge));
    assert_eq!(outcome(&sized(10_000, 5001)), Err(RejectionReason::TooLarge));
    assert_eq!(outcome(&sized(0, 10)), Err(RejectionReason::Damaged));
    assert_eq!(outcome(&of(Vec::new())), Err(RejectionReason::Damaged));
    assert_eq!(outcome(&of(vec![(b"Exif", b"only".to_vec(), false)])), Err(RejectionReason::Damaged));
    // Items without data are damaged, and the number of items is limited.
    assert_eq!(outcome(&of(vec![(b"hvc1", Vec::new(), false)])), Err(RejectionReason::Damaged));
    let many = |count| of(vec![(b"hvc1", b"x".to_vec(), false); count]);
    assert!(outcome(&many(2000)).is_ok());
    assert_eq!(outcome(&many(2001)), Err(RejectionReason::Damaged));
}

#[test]
fn item_offset_outside_data_is_damaged() {
    let bytes = Heic::default().build();
    // Offset of the first item in `iloc`, after its number, method and reference.
    let picture = u32::try_from(find(&bytes, b"the picture itself").unwrap()).unwrap();
    let position = find(&bytes, &picture.to_be_bytes()).unwrap();
    for wrong in [0, 8, picture + 1000, u32::MAX] {
        let mut bytes = bytes.clone();
        bytes[position..position + 4].copy_from_slice(&wrong.to_be_bytes());
        assert_eq!(inspected(&bytes, MediaType::Heic), Err(RejectionReason::Damaged), "{wrong}");
    }
}

#[test]
fn truncated_heic_is_damaged() {
    let bytes = Heic::default().build();
    for length in [24, 30, bytes.len() / 2, bytes.len() - 1] {
        assert_eq!(inspected(&bytes[..length], MediaType::Heic), Err(RejectionReason::Damaged), "{length}");
    }
}

#[test]
fn overlapping_extents_are_rejected() {
    let mut bytes = Heic { items: vec![(b"hvc1", vec![7; 4000], false); 1000], ..Heic::default() }.build();
    assert!(inspected(&bytes, MediaType::Heic).is_ok());
    // Every item refers to all of the data.
    let iloc = find(&bytes, b"iloc").unwrap() + 12;
    let first = bytes[iloc + 8..iloc + 12].to_vec();
    for index in 0..1000 {
        let extent = iloc + index * 16 + 8;
        bytes[extent..extent + 4].copy_from_slice(&first);
        bytes[extent + 4..extent + 8].copy_from_slice(&4_000_000_u32.to_be_bytes());
    }
    assert_eq!(inspected(&bytes, MediaType::Heic), Err(RejectionReason::Damaged));
}

#[test]
fn heic_containing_pdf_is_rejected() {
    let document = Heic { items: vec![(b"hvc1", b"%PDF-1.7 1 0 obj".to_vec(), false)], ..Heic::default() };
    assert_eq!(outcome(&document), Err(RejectionReason::TypeMismatch));
}
