//! JPEG, PNG and WebP.

use image::metadata::Orientation;
use image::{DynamicImage, GenericImageView, ImageFormat};

use super::samples::*;
use super::*;

const FORMATS: [(ImageFormat, MediaType); 3] =
    [(ImageFormat::Jpeg, MediaType::Jpeg), (ImageFormat::Png, MediaType::Png), (ImageFormat::WebP, MediaType::Webp)];

fn sample(format: ImageFormat, width: u32, height: u32) -> Vec<u8> {
    match format {
        ImageFormat::Jpeg => jpeg(width, height),
        ImageFormat::Png => png(width, height),
        _ => webp(width, height),
    }
}

fn preview(cleaned: &SanitizedFile) -> DynamicImage {
    let preview = cleaned.preview.as_ref().unwrap();
    assert!(preview.starts_with(&[0xFF, 0xD8, 0xFF]));
    image::load_from_memory(preview).unwrap()
}

/// True when a pixel is dark.
fn is_dark(picture: &DynamicImage, x: u32, y: u32) -> bool {
    picture.get_pixel(x, y).0[0] < 128
}

#[test]
fn plain_image_is_unchanged() {
    for (format, kind) in FORMATS {
        let bytes = sample(format, 40, 20);
        let cleaned = inspected(&bytes, kind).unwrap();
        assert_eq!(cleaned.media_type, kind);
        assert!(cleaned.bytes == bytes, "{kind:?}");
        assert_eq!(preview(&cleaned).dimensions(), (40, 20));
        assert!(is_dark(&preview(&cleaned), 5, 10) && !is_dark(&preview(&cleaned), 35, 10));
        // A kept file passes inspection again, unchanged.
        assert_eq!(inspected(&cleaned.bytes, kind).unwrap(), cleaned);
    }
}

#[test]
fn location_is_removed_and_orientation_kept() {
    for (format, kind) in FORMATS {
        let bytes = with_exif(format, Orientation::Rotate90);
        assert!(has(&bytes, PLACE));
        let cleaned = inspected(&bytes, kind).unwrap();
        assert!(!has(&cleaned.bytes, PLACE), "{kind:?}");
        let mut reader =
            image::ImageReader::with_format(std::io::Cursor::new(&cleaned.bytes), format).into_decoder().unwrap();
        assert_eq!(image::ImageDecoder::orientation(&mut reader).unwrap(), Orientation::Rotate90, "{kind:?}");
        // The left half is black; rotated to the right, the upper half is.
        let preview = preview(&cleaned);
        assert_eq!(preview.dimensions(), (20, 40), "{kind:?}");
        assert!(is_dark(&preview, 10, 5) && !is_dark(&preview, 10, 35), "{kind:?}");
        // The pixels are unchanged.
        let original = image::load_from_memory(&bytes).unwrap();
        assert_eq!(image::load_from_memory(&cleaned.bytes).unwrap(), original, "{kind:?}");
    }
}

#[test]
fn upright_image_keeps_no_exif() {
    for (format, kind) in FORMATS {
        let cleaned = inspected(&with_exif(format, Orientation::NoTransforms), kind).unwrap();
        assert!(
            !has(&cleaned.bytes, "Exif") && !has(&cleaned.bytes, "eXIf") && !has(&cleaned.bytes, "EXIF"),
            "{kind:?}"
        );
    }
}

#[test]
fn data_after_image_end_is_removed() {
    for (format, kind) in FORMATS {
        let bytes = sample(format, 40, 20);
        for tail in ["PK\u{3}\u{4}an archive", "<script>alert(1)</script>", "%PDF-1.7 %%EOF", "\0"] {
            let cleaned = inspected(&[&bytes, tail.as_bytes()].concat(), kind).unwrap();
            assert!(cleaned.bytes == bytes, "{kind:?} {tail}");
        }
    }
}

#[test]
fn metadata_segments_are_removed() {
    let whole = jpeg(40, 20);
    let (start, rest) = whole.split_at(2);
    let mut hidden = Vec::new();
    for (marker, content) in [
        (0xFE, "a comment <script>".as_bytes()),
        (0xE1, b"http://ns.adobe.com/xap/1.0/\0secret"),
        (0xED, b"Photoshop 3.0\0secret"),
        (0xE2, b"MPF\0secret"),
        (0xE0, b"JFXX\0secret"),
        (0xEF, b"secret"),
    ] {
        hidden.extend(segment(marker, content));
    }
    hidden.extend(b"secret between");
    let cleaned = inspected(&[start, &hidden, rest].concat(), MediaType::Jpeg).unwrap();
    assert!(cleaned.bytes == whole);

    let whole = png(40, 20);
    let (start, rest) = whole.split_at(33);
    let hidden =
        [chunk(*b"tEXt", b"Comment\0secret"), chunk(*b"prVt", b"secret"), chunk(*b"tIME", &[7, 0xE9, 1, 1, 1, 1, 1])];
    let cleaned = inspected(&[start, &hidden.concat(), rest].concat(), MediaType::Png).unwrap();
    assert!(cleaned.bytes == whole);

    let whole = webp(40, 20);
    let extended = [&[0x0C, 0, 0, 0], [39, 0, 0, 19, 0, 0].as_slice()].concat();
    let parts =
        [riff(*b"VP8X", &extended), whole[12..].to_vec(), riff(*b"XMP ", b"secret"), riff(*b"ZZZZ", b"secrets")];
    let cleaned = inspected(&webp_of(&parts), MediaType::Webp).unwrap();
    let flagless = [&[0; 4], &extended[4..]].concat();
    assert!(cleaned.bytes == webp_of(&[riff(*b"VP8X", &flagless), whole[12..].to_vec()]));
}

#[test]
fn jfif_thumbnail_is_removed() {
    let whole = jpeg(40, 20);
    let head = segment(0xE0, b"JFIF\0\x01\x02\0\0\x01\0\x01\x01\x01\xFF\0\0");
    let rest = &whole[2 + 18..];
    let cleaned = inspected(&[&whole[..2], &head, rest].concat(), MediaType::Jpeg).unwrap();
    let plain = segment(0xE0, b"JFIF\0\x01\x02\0\0\x01\0\x01\0\0");
    assert!(cleaned.bytes == [&whole[..2], &plain, rest].concat());
}

#[test]
fn truncated_image_is_damaged() {
    for (format, kind) in FORMATS {
        let bytes = sample(format, 200, 200);
        for share in [1, 3, 5, 9] {
            let part = &bytes[..(bytes.len() * share / 10).max(12)];
            assert_eq!(inspected(part, kind), Err(RejectionReason::Damaged), "{kind:?} {share}");
        }
        assert_eq!(inspected(&bytes[..bytes.len() - 3], kind), Err(RejectionReason::Damaged), "{kind:?}");
    }
}

/// PNG that declares a size, with a number of zero rows.
fn png_stating(width: u32, height: u32, rows: usize) -> Vec<u8> {
    let header = [&width.to_be_bytes(), height.to_be_bytes().as_slice(), &[1, 0, 0, 0, 0]].concat();
    let rows = deflated(&vec![0; rows * (width as usize / 8 + 1)]);
    [b"\x89PNG\r\n\x1A\n".to_vec(), chunk(*b"IHDR", &header), chunk(*b"IDAT", &rows), chunk(*b"IEND", &[])].concat()
}

#[test]
fn oversized_image_is_not_decoded() {
    let bomb = png_stating(30_000, 30_000, 5000);
    assert!(bomb.len() < 20_000, "{}", bomb.len());
    assert_eq!(inspected(&bomb, MediaType::Png), Err(RejectionReason::TooLarge));
    for (width, height) in [(20_001, 1), (1, 20_001), (u32::MAX, u32::MAX), (50_000_001, 1), (8000, 6251)] {
        assert_eq!(
            inspected(&png_stating(width, height, 0), MediaType::Png),
            Err(RejectionReason::TooLarge),
            "{width}×{height}"
        );
    }
    assert_eq!(inspected(&png_stating(0, 10, 0), MediaType::Png), Err(RejectionReason::Damaged));

    let whole = webp(40, 20);
    let extended = riff(*b"VP8X", &[0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]);
    assert_eq!(inspected(&webp_of(&[extended, whole[12..].to_vec()]), MediaType::Webp), Err(RejectionReason::TooLarge));
    // 16,384 by 16,384 pixels, the maximum of the format.
    let lossless = riff(*b"VP8L", &[0x2F, 0xFF, 0xFF, 0xFF, 0x0F, 0, 0, 0]);
    assert_eq!(inspected(&webp_of(&[lossless]), MediaType::Webp), Err(RejectionReason::TooLarge));

    let mut bytes = jpeg(40, 20);
    let frame = bytes.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    bytes[frame + 5..frame + 9].fill(0xFF);
    assert_eq!(inspected(&bytes, MediaType::Jpeg), Err(RejectionReason::TooLarge));
}

#[test]
fn large_image_has_scaled_preview() {
    let cleaned = inspected(&png(3000, 600), MediaType::Png).unwrap();
    assert_eq!(preview(&cleaned).dimensions(), (1000, 200));
}

#[test]
fn transparent_image_preview_has_white_background() {
    let mut picture = image::RgbaImage::from_pixel(20, 20, image::Rgba([0, 0, 0, 0]));
    picture.put_pixel(0, 0, image::Rgba([0, 0, 0, 255]));
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png).unwrap();
    let cleaned = inspected(bytes.get_ref(), MediaType::Png).unwrap();
    assert!(!is_dark(&preview(&cleaned), 15, 15));
}

#[test]
fn animated_png_keeps_first_frame_and_webp_is_rejected() {
    let whole = png(40, 20);
    let (start, rest) = whole.split_at(33);
    let (rest, end) = rest.split_at(rest.len() - 12);
    let animated = [start, &chunk(*b"acTL", &[0; 8]), rest, &chunk(*b"fdAT", b"second"), end].concat();
    assert!(inspected(&animated, MediaType::Png).unwrap().bytes == whole);

    let extended = riff(*b"VP8X", &[0x02, 0, 0, 0, 39, 0, 0, 19, 0, 0]);
    let animated = webp_of(&[extended, riff(*b"ANIM", &[0; 6]), riff(*b"ANMF", &[0; 24])]);
    assert_eq!(inspected(&animated, MediaType::Webp), Err(RejectionReason::UnknownType));
}
