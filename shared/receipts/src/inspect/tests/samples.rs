//! Small generated files of each type.

use std::fmt::Write as _;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use image::metadata::Orientation;
use image::{DynamicImage, ImageEncoder, ImageFormat, Rgb, RgbImage};

/// Location of a photograph, as it could be stored in a file.
pub(super) const PLACE: &str = "48 deg 51 min N";

/// Image with a black left half and a white right half.
pub(super) fn halves(width: u32, height: u32) -> DynamicImage {
    let pixel = |x, _| if x < width / 2 { Rgb([0; 3]) } else { Rgb([255; 3]) };
    DynamicImage::ImageRgb8(RgbImage::from_fn(width, height, pixel))
}

fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

pub(super) fn jpeg(width: u32, height: u32) -> Vec<u8> {
    encoded(&halves(width, height), ImageFormat::Jpeg)
}

pub(super) fn png(width: u32, height: u32) -> Vec<u8> {
    encoded(&halves(width, height), ImageFormat::Png)
}

pub(super) fn webp(width: u32, height: u32) -> Vec<u8> {
    encoded(&halves(width, height), ImageFormat::WebP)
}

/// EXIF with an orientation, followed by bytes that represent a position.
pub(super) fn exif(orientation: Orientation) -> Vec<u8> {
    [super::super::orientation::to_exif(orientation), PLACE.as_bytes().to_vec()].concat()
}

/// JPEG, PNG or WebP of 40 by 20 pixels with EXIF, as encoded by the `image` crate.
pub(super) fn with_exif(format: ImageFormat, orientation: Orientation) -> Vec<u8> {
    let picture = halves(40, 20).into_rgb8();
    let mut bytes = Vec::new();
    let exif = exif(orientation);
    let (width, height) = picture.dimensions();
    let color = image::ExtendedColorType::Rgb8;
    macro_rules! encode {
        ($encoder:expr) => {{
            let mut encoder = $encoder;
            encoder.set_exif_metadata(exif).unwrap();
            encoder.write_image(&picture, width, height, color).unwrap();
        }};
    }
    match format {
        ImageFormat::Jpeg => encode!(image::codecs::jpeg::JpegEncoder::new(&mut bytes)),
        ImageFormat::Png => encode!(image::codecs::png::PngEncoder::new(&mut bytes)),
        _ => encode!(image::codecs::webp::WebPEncoder::new_lossless(&mut bytes)),
    }
    bytes
}

/// Segment of a JPEG.
pub(super) fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len() + 2).unwrap();
    [&[0xFF, marker], length.to_be_bytes().as_slice(), content].concat()
}

/// Chunk of a PNG.
pub(super) fn chunk(kind: [u8; 4], content: &[u8]) -> Vec<u8> {
    let mut sum = flate2::Crc::new();
    sum.update(&kind);
    sum.update(content);
    let length = u32::try_from(content.len()).unwrap();
    [&length.to_be_bytes(), kind.as_slice(), content, &sum.sum().to_be_bytes()].concat()
}

/// Chunk of a WebP.
pub(super) fn riff(kind: [u8; 4], content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap();
    let padding = vec![0; content.len() % 2];
    [kind.as_slice(), &length.to_le_bytes(), content, &padding].concat()
}

/// WebP of these chunks.
pub(super) fn webp_of(chunks: &[Vec<u8>]) -> Vec<u8> {
    riff(*b"RIFF", &[b"WEBP".to_vec(), chunks.concat()].concat())
}

/// Zlib data, as in PDF and PNG.
pub(super) fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// PDF of these objects, the first being the catalogue, with a reference table.
pub(super) fn pdf_of(objects: &[Vec<u8>], trailer: &str) -> Vec<u8> {
    let mut bytes = b"%PDF-1.7\n".to_vec();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (index, object) in objects.iter().enumerate() {
        writeln!(table, "{:010} 00000 n ", bytes.len()).unwrap();
        bytes.extend([format!("{} 0 obj\n", index + 1).as_bytes(), object, b"\nendobj\n"].concat());
    }
    let end = format!("{table}trailer\n<< /Size {} /Root 1 0 R {trailer} >>\n", objects.len() + 1);
    let end = format!("{end}startxref\n{}\n%%EOF\n", bytes.len());
    [bytes, end.into_bytes()].concat()
}

/// Objects of a one-page document, with additions to its catalogue and further objects from number 5 on.
pub(super) fn one_page(catalog: &str, more: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut objects = vec![
        format!("<< /Type /Catalog /Pages 2 0 R {catalog} >>").into_bytes(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Contents 4 0 R >>".to_vec(),
        stream("", b"0 0 m 10 10 l S"),
    ];
    objects.extend_from_slice(more);
    objects
}

pub(super) fn pdf() -> Vec<u8> {
    pdf_of(&one_page("", &[]), "")
}

/// PDF with these bytes in a stream.
pub(super) fn pdf_with(bytes: &[u8]) -> Vec<u8> {
    pdf_of(&one_page("", &[stream("", bytes)]), "")
}

/// Stream with additions to its dictionary.
pub(super) fn stream(dict: &str, data: &[u8]) -> Vec<u8> {
    let head = format!("<< {dict} /Length {} >>\nstream\n", data.len());
    [head.as_bytes(), data, b"\nendstream"].concat()
}

/// Compressed object stream: numbers and texts of its objects.
pub(super) fn object_stream(objects: &[(u32, &str)], kind: &str) -> Vec<u8> {
    let (mut pairs, mut texts) = (String::new(), String::new());
    for (number, text) in objects {
        write!(pairs, "{number} {} ", texts.len()).unwrap();
        write!(texts, "{text} ").unwrap();
    }
    let dict = format!("{kind} /N {} /First {} /Filter /FlateDecode", objects.len(), pairs.len());
    stream(&dict, &deflated((pairs + &texts).as_bytes()))
}

/// Box of ISO-BMFF.
pub(super) fn boxed(kind: [u8; 4], content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len() + 8).unwrap();
    [&length.to_be_bytes(), kind.as_slice(), content].concat()
}

/// Full box, which has a version.
pub(super) fn full(kind: [u8; 4], version: u8, content: &[u8]) -> Vec<u8> {
    boxed(kind, &[&[version, 0, 0, 0], content].concat())
}

/// Parts of a HEIC file that a test can change.
pub(super) struct Heic {
    pub(super) size: (u32, u32),
    /// Items: type, data, and true when the data is in `idat`.
    pub(super) items: Vec<(&'static [u8; 4], Vec<u8>, bool)>,
    pub(super) more_in_meta: Vec<u8>,
    pub(super) between: Vec<u8>,
    pub(super) after: Vec<u8>,
}

impl Default for Heic {
    fn default() -> Self {
        Self {
            size: (4032, 3024),
            items: vec![
                (b"hvc1", b"the picture itself".to_vec(), false),
                (b"Exif", [b"\0\0\0\x06Exif\0\0".as_slice(), PLACE.as_bytes()].concat(), false),
                (b"mime", b"<x:xmpmeta>by somebody</x:xmpmeta>".to_vec(), false),
                (b"grid", b"\0\0\x01\x01\x0F\xC0\x0B\xD0".to_vec(), true),
            ],
            more_in_meta: Vec::new(),
            between: Vec::new(),
            after: Vec::new(),
        }
    }
}

impl Heic {
    pub(super) fn build(&self) -> Vec<u8> {
        let ftyp = boxed(*b"ftyp", b"heic\0\0\0\0mif1heic");
        // Offsets depend only on the length of `meta`, not on its content.
        let length = self.meta(0).len();
        let meta = self.meta(ftyp.len() + length + self.between.len() + 8);
        let data: Vec<u8> = self.items.iter().filter(|item| !item.2).flat_map(|item| item.1.clone()).collect();
        [ftyp, meta, self.between.clone(), boxed(*b"mdat", &data), self.after.clone()].concat()
    }

    fn meta(&self, data: usize) -> Vec<u8> {
        let (width, height) = self.size;
        let count = u16::try_from(self.items.len()).unwrap().to_be_bytes();
        let (mut infos, mut places, mut idat) = (count.to_vec(), [&[0x44, 0], count.as_slice()].concat(), Vec::new());
        let mut file = data;
        for (index, (kind, bytes, is_idat)) in self.items.iter().enumerate() {
            let id = u16::try_from(index + 1).unwrap().to_be_bytes();
            infos.extend(full(*b"infe", 2, &[id.as_slice(), &[0, 0], kind.as_slice(), b"name\0"].concat()));
            let position = if *is_idat { &mut 0 } else { &mut file };
            let offset = u32::try_from(if *is_idat { idat.len() } else { *position }).unwrap().to_be_bytes();
            let length = u32::try_from(bytes.len()).unwrap().to_be_bytes();
            let method = u16::from(*is_idat).to_be_bytes();
            places.extend([id.as_slice(), &method, &[0, 0], &[0, 1], &offset, &length].concat());
            if *is_idat {
                idat.extend_from_slice(bytes);
            } else {
                file += bytes.len();
            }
        }
        let ispe = full(*b"ispe", 0, &[width.to_be_bytes(), height.to_be_bytes()].concat());
        let properties = [ispe, boxed(*b"irot", &[1]), full(*b"udes", 0, b"en\0by somebody\0\0\0")].concat();
        let children = [
            full(*b"hdlr", 0, &[b"\0\0\0\0pict".as_slice(), &[0; 13]].concat()),
            full(*b"pitm", 0, &[0, 1]),
            full(*b"iinf", 0, &infos),
            boxed(*b"iprp", &[boxed(*b"ipco", &properties), full(*b"ipma", 0, &[0; 4])].concat()),
            boxed(*b"idat", &idat),
            full(*b"iloc", 1, &places),
            self.more_in_meta.clone(),
        ];
        full(*b"meta", 0, &children.concat())
    }
}
