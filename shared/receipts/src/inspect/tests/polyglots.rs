//! Files that are also of another type: an archive, a page, a document.

use super::samples::*;
use super::*;

/// Archive with one stored entry, as ZIP and JAR programs open it.
fn archive() -> Vec<u8> {
    let name = b"META-INF/MANIFEST.MF";
    let content = b"Main-Class: Evil\n";
    let sizes =
        [u32::try_from(content.len()).unwrap().to_le_bytes(), u32::try_from(content.len()).unwrap().to_le_bytes()]
            .concat();
    let names = [u16::try_from(name.len()).unwrap().to_le_bytes(), [0; 2]].concat();
    let local = [b"PK\x03\x04\x0A\0\0\0\0\0\0\0\0\0\0\0\0\0".as_slice(), &sizes, &names, name, content].concat();
    let entry = [b"PK\x01\x02\x0A\0\x0A\0\0\0\0\0\0\0\0\0\0\0\0\0".as_slice(), &sizes, &names, &[0; 14], name].concat();
    let end =
        [b"PK\x05\x06\0\0\0\0\x01\0\x01\0".as_slice(), &u32::try_from(entry.len()).unwrap().to_le_bytes(), &[0; 6]]
            .concat();
    [local, entry, end].concat()
}

/// Result, where what is kept has nothing of the archive.
fn outcome(bytes: &[u8], media_type: MediaType) -> Result<(), RejectionReason> {
    let kept = inspected(bytes, media_type)?;
    assert!(!has(&kept.bytes, "META-INF") && !has(&kept.bytes, "<script>"));
    Ok(())
}

#[test]
fn payload_in_colour_profile_or_metadata_is_removed() {
    for payload in [archive(), b"<html><script>alert(1)</script>".to_vec()] {
        let whole = jpeg(40, 20);
        for (marker, start) in
            [(0xE2, "ICC_PROFILE\0\x01\x01"), (0xFE, ""), (0xE1, "Exif\0\0"), (0xCC, ""), (0xC8, ""), (0xDC, "")]
        {
            let hidden = segment(marker, &[start.as_bytes(), &payload].concat());
            let bytes = [&whole[..2], &hidden, &whole[2..]].concat();
            assert_eq!(outcome(&bytes, MediaType::Jpeg), Ok(()), "{marker:X}");
        }
        let whole = png(40, 20);
        for kind in [*b"iCCP", *b"tEXt", *b"prVt"] {
            let bytes = [&whole[..33], &chunk(kind, &[b"x\0\0".as_slice(), &payload].concat()), &whole[33..]].concat();
            assert_eq!(outcome(&bytes, MediaType::Png), Ok(()), "{kind:?}");
        }
        let whole = webp(40, 20);
        let extended = riff(*b"VP8X", &[0x2C, 0, 0, 0, 39, 0, 0, 19, 0, 0]);
        let bytes = webp_of(&[extended, riff(*b"ICCP", &payload), whole[12..].to_vec(), riff(*b"XMP ", &payload)]);
        assert_eq!(outcome(&bytes, MediaType::Webp), Ok(()));
        for bytes in [[payload.clone(), pdf()].concat(), [pdf(), payload.clone()].concat()] {
            assert_eq!(outcome(&bytes, MediaType::Pdf), Ok(()));
        }
    }
}

#[test]
fn archive_in_the_picture_or_document_is_rejected() {
    let archive = archive();
    let pixels = |bytes: &[u8]| {
        // One row, stored without compression.
        let row = [&[0], bytes].concat();
        let size = u32::try_from(bytes.len()).unwrap().to_be_bytes();
        let header = [size.as_slice(), &[0, 0, 0, 1, 8, 0, 0, 0, 0]].concat();
        let length = u16::try_from(row.len()).unwrap();
        let sum = row.iter().fold((1_u32, 0_u32), |(a, b), byte| {
            let a = (a + u32::from(*byte)) % 65_521;
            (a, (b + a) % 65_521)
        });
        let stored = [
            b"\x78\x01\x01".as_slice(),
            &length.to_le_bytes(),
            &(!length).to_le_bytes(),
            &row,
            &(sum.1 << 16 | sum.0).to_be_bytes(),
        ];
        let parts = [chunk(*b"IHDR", &header), chunk(*b"IDAT", &stored.concat()), chunk(*b"IEND", b"")];
        [b"\x89PNG\r\n\x1A\n".to_vec(), parts.concat()].concat()
    };
    let item = |bytes: &[u8]| Heic { items: vec![(b"hvc1", bytes.to_vec(), false)], ..Heic::default() }.build();
    let comment = |bytes: &[u8]| {
        let line: Vec<u8> = bytes.iter().map(|byte| if matches!(byte, b'\r' | b'\n') { b' ' } else { *byte }).collect();
        [b"%PDF-1.7\n%".as_slice(), &line, b"\n", &pdf()[9..]].concat()
    };
    for (what, media_type, make) in [
        ("pixels", MediaType::Png, &pixels as &dyn Fn(&[u8]) -> Vec<u8>),
        ("picture data", MediaType::Heic, &item),
        ("stream", MediaType::Pdf, &pdf_with),
        ("comment", MediaType::Pdf, &comment),
    ] {
        assert_eq!(inspected(&make(b"plain"), media_type).err(), None, "{what}");
        assert_eq!(inspected(&make(&archive), media_type).err(), Some(RejectionReason::ActiveContent), "{what}");
    }
    let page = b"<script>alert(1)</script>";
    assert_eq!(inspected(&pixels(page), MediaType::Png).err(), Some(RejectionReason::ActiveContent));
    assert_eq!(inspected(&comment(page), MediaType::Pdf).err(), Some(RejectionReason::ActiveContent));
}

#[test]
fn jpeg_without_picture_data_is_damaged() {
    let whole = jpeg(64, 64);
    let at = |marker: u8| find(&whole, &[0xFF, marker]).unwrap();
    let scan = at(0xDA);
    let data = scan + 2 + usize::from(u16::from_be_bytes([whole[scan + 2], whole[scan + 3]]));
    for (what, bytes) in [
        ("nothing", b"\xFF\xD8\xFF\xD9".to_vec()),
        ("no scan", [&whole[..scan], b"\xFF\xD9"].concat()),
        ("empty scan", [&whole[..data], b"\xFF\xD9"].concat()),
        ("a few bytes", [&whole[..data + 3], b"\xFF\xD9"].concat()),
        ("no frame", [&whole[..at(0xC0)], &whole[scan..]].concat()),
        ("two frames", [&whole[..scan], &whole[at(0xC0)..]].concat()),
    ] {
        assert_eq!(inspected(&bytes, MediaType::Jpeg).err(), Some(RejectionReason::Damaged), "{what}");
    }
    assert!(inspected(&whole, MediaType::Jpeg).is_ok());
}
