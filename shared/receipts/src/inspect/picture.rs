//! Decodes a complete picture within limits, and scales it down to a preview.

use std::io::Cursor;

use image::codecs::jpeg::{JpegDecoder, JpegEncoder};
use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::{DynamicImage, ImageDecoder, ImageError, Limits};
use outlay_domain::receipt::{MediaType, RejectionReason};

/// Limit of pixels: more than phones take, and 200 MB decoded.
const MAX_PIXELS: u64 = 50_000_000;
/// Limit of width and height, in pixels.
const MAX_SIDE: u32 = 20_000;
/// Memory limit of decoding, in bytes: less than half of the function's memory.
const MAX_DECODED: u64 = 420_000_000;
/// Longer side of a preview, in pixels.
const PREVIEW_SIDE: u32 = 1000;
/// JPEG quality of a preview: keeps text readable.
const PREVIEW_QUALITY: u8 = 80;

/// Checks width and height against the limits.
pub(super) fn check_size(width: u32, height: u32) -> Result<(), RejectionReason> {
    let pixels = u64::from(width).saturating_mul(u64::from(height));
    match pixels {
        0 => Err(RejectionReason::Damaged),
        _ if pixels > MAX_PIXELS || width.max(height) > MAX_SIDE => Err(RejectionReason::TooLarge),
        _ => Ok(()),
    }
}

/// Checks the memory that decoding takes, in bytes, against the limit.
pub(super) const fn check_memory(bytes: u64) -> Result<(), RejectionReason> {
    if bytes > MAX_DECODED { Err(RejectionReason::TooLarge) } else { Ok(()) }
}

/// Decodes a picture completely and makes its preview.
pub(super) fn preview(bytes: &[u8], media_type: MediaType) -> Result<Vec<u8>, RejectionReason> {
    let source = Cursor::new(bytes);
    match media_type {
        MediaType::Jpeg => decode_preview(JpegDecoder::new(source).map_err(|error| rejection(&error))?),
        MediaType::Png => {
            decode_preview(PngDecoder::with_limits(source, decode_limits()).map_err(|error| rejection(&error))?)
        }
        MediaType::Webp => decode_preview(WebPDecoder::new(source).map_err(|error| rejection(&error))?),
        MediaType::Pdf | MediaType::Heic => Err(RejectionReason::UnknownType),
    }
}

fn decode_preview<D: ImageDecoder>(mut decoder: D) -> Result<Vec<u8>, RejectionReason> {
    let (width, height) = decoder.dimensions();
    check_size(width, height)?;
    check_memory(decoder.total_bytes())?;
    decoder.set_limits(decode_limits()).map_err(|error| rejection(&error))?;
    let orientation = decoder.orientation().map_err(|error| rejection(&error))?;
    let full = DynamicImage::from_decoder(decoder).map_err(|error| rejection(&error))?;
    let mut small = if width.max(height) > PREVIEW_SIDE { full.thumbnail(PREVIEW_SIDE, PREVIEW_SIDE) } else { full };
    small.apply_orientation(orientation);
    let mut preview = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut preview, PREVIEW_QUALITY);
    flatten_on_white(small).write_with_encoder(encoder).map_err(|_| RejectionReason::Damaged)?;
    Ok(preview)
}

fn decode_limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_DECODED);
    limits
}

/// JPEG has no transparency: without a white background, black letters would become black on black.
fn flatten_on_white(picture: DynamicImage) -> DynamicImage {
    if !picture.color().has_alpha() {
        return DynamicImage::ImageRgb8(picture.into_rgb8());
    }
    let mut background = image::RgbaImage::from_pixel(picture.width(), picture.height(), image::Rgba([u8::MAX; 4]));
    image::imageops::overlay(&mut background, &picture.into_rgba8(), 0, 0);
    DynamicImage::ImageRgb8(DynamicImage::ImageRgba8(background).into_rgb8())
}

fn rejection(error: &ImageError) -> RejectionReason {
    if matches!(error, ImageError::Limits(_)) { RejectionReason::TooLarge } else { RejectionReason::Damaged }
}
