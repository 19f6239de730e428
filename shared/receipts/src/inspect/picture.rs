//! A picture decoded once from end to end, within limits, and shrunk to a preview.

use std::io::Cursor;

use image::codecs::jpeg::{JpegDecoder, JpegEncoder};
use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::{DynamicImage, ImageDecoder, ImageError, Limits};
use outlay_domain::receipt::{MediaType, Unfit};

/// The most pixels: more than telephones take, and 200 MB decoded.
const MAX_PIXELS: u64 = 50_000_000;
/// The most pixels in one direction.
const MAX_SIDE: u32 = 20_000;
/// The most memory that a picture may take while it is decoded; the function has twice as much.
const MAX_DECODED: u64 = 420_000_000;
/// The longer side of a preview.
const PREVIEW_SIDE: u32 = 1000;
/// Good enough to read a receipt by.
const PREVIEW_QUALITY: u8 = 80;

/// Whether a picture of this size is looked at.
pub(super) fn check_size(width: u32, height: u32) -> Result<(), Unfit> {
    let pixels = u64::from(width).saturating_mul(u64::from(height));
    match pixels {
        0 => Err(Unfit::Damaged),
        _ if pixels > MAX_PIXELS || width.max(height) > MAX_SIDE => Err(Unfit::TooLarge),
        _ => Ok(()),
    }
}

/// The preview of a picture, which shows that all of it can be decoded.
pub(super) fn preview(bytes: &[u8], kind: MediaType) -> Result<Vec<u8>, Unfit> {
    let source = Cursor::new(bytes);
    match kind {
        MediaType::Jpeg => shrunk(JpegDecoder::new(source).map_err(|error| unfit(&error))?),
        MediaType::Png => shrunk(PngDecoder::with_limits(source, limits()).map_err(|error| unfit(&error))?),
        MediaType::Webp => shrunk(WebPDecoder::new(source).map_err(|error| unfit(&error))?),
        MediaType::Pdf | MediaType::Heic => Err(Unfit::UnknownType),
    }
}

fn shrunk<D: ImageDecoder>(mut decoder: D) -> Result<Vec<u8>, Unfit> {
    let (width, height) = decoder.dimensions();
    check_size(width, height)?;
    if decoder.total_bytes() > MAX_DECODED {
        return Err(Unfit::TooLarge);
    }
    decoder.set_limits(limits()).map_err(|error| unfit(&error))?;
    let orientation = decoder.orientation().map_err(|error| unfit(&error))?;
    let full = DynamicImage::from_decoder(decoder).map_err(|error| unfit(&error))?;
    let mut small = if width.max(height) > PREVIEW_SIDE { full.thumbnail(PREVIEW_SIDE, PREVIEW_SIDE) } else { full };
    small.apply_orientation(orientation);
    let mut preview = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut preview, PREVIEW_QUALITY);
    on_white(small).write_with_encoder(encoder).map_err(|_| Unfit::Damaged)?;
    Ok(preview)
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_DECODED);
    limits
}

/// JPEG has no transparency, and what is hidden behind it would show: black letters on nothing would be black on black.
fn on_white(picture: DynamicImage) -> DynamicImage {
    if !picture.color().has_alpha() {
        return DynamicImage::ImageRgb8(picture.into_rgb8());
    }
    let mut sheet = image::RgbaImage::from_pixel(picture.width(), picture.height(), image::Rgba([u8::MAX; 4]));
    image::imageops::overlay(&mut sheet, &picture.into_rgba8(), 0, 0);
    DynamicImage::ImageRgb8(DynamicImage::ImageRgba8(sheet).into_rgb8())
}

fn unfit(error: &ImageError) -> Unfit {
    if matches!(error, ImageError::Limits(_)) { Unfit::TooLarge } else { Unfit::Damaged }
}
