//! Pictures of receipts. A JPEG is kept as it is; PNG and WebP are decoded, within the limits of the inspection, and
//! compressed again. What is larger than print needs is scaled down.

use std::hash::{Hash, Hasher};
use std::io::Cursor;
use std::sync::Arc;

use image::codecs::jpeg::{JpegDecoder, JpegEncoder};
use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::metadata::Orientation;
use image::{DynamicImage, GrayImage, ImageDecoder, Limits, RgbImage, imageops};
use krilla::image::{BitsPerComponent, CustomImage, Image, ImageColorspace};
use outlay_domain::receipt::MediaType;

/// Limit of pixels, as at the inspection.
const MAX_PIXELS: u64 = 50_000_000;
/// Limit of width and height in pixels, as at the inspection.
const MAX_SIDE: u32 = 20_000;
/// Memory limit of decoding, in bytes, as at the inspection.
const MAX_DECODED: u64 = 420_000_000;
/// Longest side of a picture that is compressed again: 300 dots per inch over the height of a page.
const PRINT_SIDE: u32 = 3_000;
/// Size of a PNG from which it is a photograph rather than a screenshot, and becomes a JPEG.
const PHOTOGRAPH_BYTES: usize = 2_000_000;
/// JPEG quality of a picture that is compressed again.
const QUALITY: u8 = 90;
/// Limit of segments of a JPEG, as at the inspection.
const MAX_SEGMENTS: usize = 10_000;

/// Picture that can be drawn.
pub(crate) struct Picture {
    /// Picture as stored.
    pub(crate) image: Image,
    orientation: Orientation,
    /// Width as shown, in pixels.
    pub(crate) width: u32,
    /// Height as shown, in pixels.
    pub(crate) height: u32,
}

/// How a stored picture is placed to be upright.
pub(crate) struct Placement {
    /// Where its x and y axes point to.
    pub(crate) matrix: [f32; 4],
    /// True when its origin is at the right.
    pub(crate) from_right: bool,
    /// True when its origin is at the bottom.
    pub(crate) from_bottom: bool,
}

impl Picture {
    /// Reads a picture; none when it cannot be shown.
    pub(crate) fn read(bytes: Vec<u8>, media_type: MediaType) -> Option<Self> {
        match media_type {
            MediaType::Jpeg => read_jpeg(bytes),
            MediaType::Png => {
                let is_photograph = bytes.len() > PHOTOGRAPH_BYTES;
                let decoder = PngDecoder::with_limits(Cursor::new(bytes), limits()).ok()?;
                compress(decode(decoder)?, is_photograph)
            }
            MediaType::Webp => compress(decode(WebPDecoder::new(Cursor::new(bytes)).ok()?)?, true),
            MediaType::Pdf | MediaType::Heic => None,
        }
    }

    fn new(image: Image, orientation: Orientation) -> Self {
        let (width, height) = image.size();
        let (width, height) = if is_turned(orientation) { (height, width) } else { (width, height) };
        Self { image, orientation, width, height }
    }

    /// True when width and height are exchanged.
    pub(crate) const fn is_turned(&self) -> bool {
        is_turned(self.orientation)
    }

    /// How it is placed to be upright.
    pub(crate) const fn placement(&self) -> Placement {
        let (matrix, from_right, from_bottom) = match self.orientation {
            Orientation::NoTransforms => ([1.0, 0.0, 0.0, 1.0], false, false),
            Orientation::FlipHorizontal => ([-1.0, 0.0, 0.0, 1.0], true, false),
            Orientation::Rotate180 => ([-1.0, 0.0, 0.0, -1.0], true, true),
            Orientation::FlipVertical => ([1.0, 0.0, 0.0, -1.0], false, true),
            Orientation::Rotate90FlipH => ([0.0, 1.0, 1.0, 0.0], false, false),
            Orientation::Rotate90 => ([0.0, 1.0, -1.0, 0.0], true, false),
            Orientation::Rotate270FlipH => ([0.0, -1.0, -1.0, 0.0], true, true),
            Orientation::Rotate270 => ([0.0, -1.0, 1.0, 0.0], false, true),
        };
        Placement { matrix, from_right, from_bottom }
    }
}

const fn is_turned(orientation: Orientation) -> bool {
    matches!(
        orientation,
        Orientation::Rotate90 | Orientation::Rotate270 | Orientation::Rotate90FlipH | Orientation::Rotate270FlipH
    )
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_DECODED);
    limits
}

fn has_size_within_limits((width, height): (u32, u32)) -> bool {
    let pixels = u64::from(width).saturating_mul(u64::from(height));
    pixels > 0 && pixels <= MAX_PIXELS && width.max(height) <= MAX_SIDE
}

fn read_jpeg(bytes: Vec<u8>) -> Option<Picture> {
    let components = jpeg_components(&bytes)?;
    let mut decoder = JpegDecoder::new(Cursor::new(bytes.as_slice())).ok()?;
    let orientation = decoder.orientation().ok()?;
    if !has_size_within_limits(decoder.dimensions()) {
        return None;
    }
    if matches!(components, 1 | 3) {
        return Some(Picture::new(Image::from_jpeg(bytes.into(), false).ok()?, orientation));
    }
    // Printers' colours would need their profile.
    compress(decode(decoder)?, true)
}

/// Number of components of a whole JPEG with eight bits; none for another one, or one that has no end. Decoders fill
/// what is missing with grey.
fn jpeg_components(bytes: &[u8]) -> Option<u8> {
    let mut rest = bytes.strip_prefix(&[0xFF, 0xD8])?;
    let mut components = None;
    for _ in 0..MAX_SEGMENTS {
        let [0xFF, marker, after @ ..] = rest else { return None };
        match marker {
            // Fill bytes.
            0xFF => rest = rest.get(1..)?,
            0xC0..=0xC2 | 0xDA | 0xC3..=0xCF | 0xDB..=0xFE => {
                let [high, low, ..] = after else { return None };
                let content = after.get(2..usize::from(u16::from_be_bytes([*high, *low])))?;
                if matches!(marker, 0xC0..=0xC2) {
                    components = content.get(5).copied().filter(|_| content.first() == Some(&8));
                }
                rest = after.get(content.len().saturating_add(2)..)?;
                if *marker == 0xDA {
                    return components.filter(|_| rest.windows(2).rev().any(|pair| pair == [0xFF, 0xD9]));
                }
            }
            _ => return None,
        }
    }
    None
}

/// Decodes a picture upright.
fn decode<D: ImageDecoder>(mut decoder: D) -> Option<DynamicImage> {
    if !has_size_within_limits(decoder.dimensions()) || decoder.total_bytes() > MAX_DECODED {
        return None;
    }
    decoder.set_limits(limits()).ok()?;
    let orientation = decoder.orientation().ok()?;
    let full = DynamicImage::from_decoder(decoder).ok()?;
    let is_large = full.width().max(full.height()) > PRINT_SIDE;
    let mut picture = if is_large { full.thumbnail(PRINT_SIDE, PRINT_SIDE) } else { full };
    picture.apply_orientation(orientation);
    Some(picture)
}

fn compress(picture: DynamicImage, is_photograph: bool) -> Option<Picture> {
    let picture = flatten_on_white(picture);
    let image = if is_photograph {
        let mut bytes = Vec::new();
        picture.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, QUALITY)).ok()?;
        Image::from_jpeg(bytes.into(), false).ok()?
    } else {
        Image::from_custom(Pixels::of(picture), false).ok()?
    };
    Some(Picture::new(image, Orientation::NoTransforms))
}

/// Receipts are printed on white; without it, black letters on a transparent ground would be black on black.
fn flatten_on_white(picture: DynamicImage) -> DynamicImage {
    match picture {
        grey @ (DynamicImage::ImageLuma8(_) | DynamicImage::ImageLuma16(_)) => {
            DynamicImage::ImageLuma8(grey.into_luma8())
        }
        opaque if !opaque.color().has_alpha() => DynamicImage::ImageRgb8(opaque.into_rgb8()),
        transparent => {
            let mut ground =
                image::RgbaImage::from_pixel(transparent.width(), transparent.height(), image::Rgba([u8::MAX; 4]));
            imageops::overlay(&mut ground, &transparent.into_rgba8(), 0, 0);
            DynamicImage::ImageRgb8(DynamicImage::ImageRgba8(ground).into_rgb8())
        }
    }
}

/// Pixels without transparency.
#[derive(Clone)]
enum Pixels {
    Grey(Arc<GrayImage>),
    Colour(Arc<RgbImage>),
}

impl Pixels {
    fn of(picture: DynamicImage) -> Self {
        match picture {
            DynamicImage::ImageLuma8(grey) => Self::Grey(Arc::new(grey)),
            other => Self::Colour(Arc::new(other.into_rgb8())),
        }
    }
}

impl Hash for Pixels {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.size(), self.color_channel()).hash(state);
    }
}

impl CustomImage for Pixels {
    fn color_channel(&self) -> &[u8] {
        match self {
            Self::Grey(pixels) => pixels.as_raw(),
            Self::Colour(pixels) => pixels.as_raw(),
        }
    }

    fn alpha_channel(&self) -> Option<&[u8]> {
        None
    }

    fn bits_per_component(&self) -> BitsPerComponent {
        BitsPerComponent::Eight
    }

    fn size(&self) -> (u32, u32) {
        match self {
            Self::Grey(pixels) => pixels.dimensions(),
            Self::Colour(pixels) => pixels.dimensions(),
        }
    }

    fn icc_profile(&self) -> Option<&[u8]> {
        None
    }

    fn color_space(&self) -> ImageColorspace {
        match self {
            Self::Grey(_) => ImageColorspace::Luma,
            Self::Colour(_) => ImageColorspace::Rgb,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Place of a stored pixel as the picture is shown.
    fn shown(picture: &Picture, (x, y): (i64, i64)) -> (i64, i64) {
        let placement = picture.placement();
        let sign = |value: f32| i64::from(value > 0.5) - i64::from(value < -0.5);
        let [x_to_x, x_to_y, y_to_x, y_to_y] = placement.matrix.map(sign);
        // Pixels of two units, by their centres.
        let (x, y) = (2 * x + 1, 2 * y + 1);
        let left = if placement.from_right { 2 * i64::from(picture.width) } else { 0 };
        let top = if placement.from_bottom { 2 * i64::from(picture.height) } else { 0 };
        ((left + x_to_x * x + y_to_x * y) / 2, (top + x_to_y * x + y_to_y * y) / 2)
    }

    #[test]
    fn orientations_are_placed_upright() {
        for number in 1..=8 {
            let orientation = Orientation::from_exif(number).unwrap();
            let stored = GrayImage::from_fn(3, 2, |x, y| image::Luma([u8::try_from(10 * x + y).unwrap()]));
            let mut upright = DynamicImage::ImageLuma8(stored.clone());
            upright.apply_orientation(orientation);
            let upright = upright.into_luma8();
            let image = Image::from_custom(Pixels::Grey(Arc::new(stored.clone())), false).unwrap();
            let picture = Picture::new(image, orientation);
            assert_eq!((picture.width, picture.height), upright.dimensions());
            for (x, y, value) in stored.enumerate_pixels() {
                let (x, y) = shown(&picture, (i64::from(x), i64::from(y)));
                let found = upright.get_pixel(u32::try_from(x).unwrap(), u32::try_from(y).unwrap());
                assert_eq!(found, value, "{orientation:?}");
            }
        }
    }

    #[test]
    fn jpeg_without_an_end_has_no_components() {
        let mut bytes = Vec::new();
        GrayImage::new(9, 9).write_with_encoder(JpegEncoder::new(&mut bytes)).unwrap();
        assert_eq!(jpeg_components(&bytes), Some(1));
        assert_eq!(jpeg_components(&bytes[..bytes.len() - 2]), None);
        assert_eq!(jpeg_components(b"\xFF\xD8\xFF\xE0"), None);
    }
}
