//! Files that demand as much work or memory as their type allows, in as many parts as asked for. The benchmark takes them
//! at full size; a test takes small ones and counts what each part is charged.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use outlay_domain::receipt::MediaType;

/// Kind of a worst file: its name, its type, the parts of the full size, and the file with a number of parts.
pub struct WorstFile {
    /// Name.
    pub name: &'static str,
    /// Media type.
    pub media_type: MediaType,
    /// Parts at full size.
    pub full: usize,
    /// Makes the file.
    pub build: fn(usize) -> Vec<u8>,
}

/// Every kind.
pub const ALL: &[WorstFile] = &[
    pdf("pdf: empty streams", 1_100_000, |parts| document(&b"<<>>stream\nendstream\n".repeat(parts))),
    pdf("pdf: stream keywords in a string", 3_500_000, |parts| document(&in_string(&b"stream\n".repeat(parts)))),
    pdf("pdf: numbers", 12_000_000, |parts| document(&[b"[".as_slice(), &b"1 ".repeat(parts), b"]"].concat())),
    pdf("pdf: names", 12_000_000, |parts| document(&b"/J".repeat(parts))),
    pdf("pdf: escaped names", 6_000_000, |parts| document(&b"/#4A".repeat(parts))),
    pdf("pdf: arrays", 12_000_000, |parts| document(&b"[]".repeat(parts))),
    pdf("pdf: objects", 3_000_000, |parts| {
        document(&(0..parts).flat_map(|at| format!("{at} 0 obj\n").into_bytes()).collect::<Vec<u8>>())
    }),
    pdf("pdf: references", 4_000_000, |parts| {
        document(&[b"5 0 obj<</Kids[".as_slice(), &b"6 0 R ".repeat(parts), b"]>>"].concat())
    }),
    pdf("pdf: objects in streams", 40, |parts| {
        let packed = object_stream(&b"1 0 ".repeat(2_000_000));
        document(&packed.repeat(parts))
    }),
    pdf("pdf: tokens in object streams", 40, |parts| document(&object_stream(&b"[]".repeat(7_000_000)).repeat(parts))),
    pdf("pdf: stored blocks without content", 4_800_000, |parts| {
        document(&stream("/Filter/FlateDecode", &[b"\x78\x01".as_slice(), &b"\0\0\0\xFF\xFF".repeat(parts)].concat()))
    }),
    pdf("pdf: code tables without content", 1_800_000, |parts| {
        document(&stream("/Filter/FlateDecode", &deflate_blocks(parts, false)))
    }),
    pdf("pdf: code tables with content", 1_500_000, |parts| {
        document(&stream("/Filter/FlateDecode", &deflate_blocks(parts, true)))
    }),
    pdf("pdf: expanding streams", 300, |parts| {
        document(&stream("/Filter/FlateDecode", &deflated(&vec![b'/'; 10_000_000])).repeat(parts))
    }),
    pdf("pdf: chains of filters", 12_000_000, |parts| {
        document(&stream("/Filter[/A85/AHx/A85/AHx]", &b"z!".repeat(parts)))
    }),
    pdf("pdf: names of actions", 4_000_000, |parts| document(&stream("", &b"/Launch".repeat(parts)))),
    pdf("pdf: slashes", 12_000_000, |parts| document(&stream("", &b"/L".repeat(parts)))),
    pdf("pdf: elements of an invoice", 40, |parts| {
        let name = b"6 0 obj<</F(factur-x.xml)/EF<</F 7 0 R>>>>endobj 7 0 obj ";
        let xml = [b"<Invoice>".as_slice(), &b"<a/>".repeat(1_200_000), b"</Invoice>"].concat();
        document(
            &[name, stream("/Type/EmbeddedFile/Filter/FlateDecode", &deflated(&xml)).as_slice()].concat().repeat(parts),
        )
    }),
    heic("heic: media boxes", 3_000_000, |parts| picture_boxes(&boxed(*b"mdat", b"").repeat(parts), b"")),
    heic("heic: unknown boxes", 3_000_000, |parts| picture_boxes(&boxed(*b"free", b"").repeat(parts), b"")),
    heic("heic: properties", 3_000_000, |parts| picture_boxes(b"", &boxed(*b"udes", b"").repeat(parts))),
    png("png: colour profile", 400, |parts| {
        let profile = [b"x\0\0".as_slice(), &deflated(&vec![0; parts * 1_000_000])].concat();
        png_of(&[chunk(*b"iCCP", &profile)], (8, 8), 8, 2, false)
    }),
    png("png: texts", 60, |parts| {
        let text = [b"x\0\0".as_slice(), &deflated(&vec![0; 10_000_000])].concat();
        png_of(&[chunk(*b"zTXt", &text).repeat(parts)], (8, 8), 8, 2, false)
    }),
    png("png: chunks", 99_000, |parts| png_of(&[chunk(*b"prVt", b"").repeat(parts)], (8, 8), 8, 2, false)),
    png("png: deep pixels", 2500, |rows| png_of(&[], (20_000, rows), 16, 6, false)),
    png("png: interlaced pixels", 2500, |rows| png_of(&[], (20_000, rows), 16, 6, true)),
    png("png: single bits", 2500, |rows| png_of(&[], (20_000, rows), 1, 0, true)),
    jpeg("jpeg: code tables", 1_100_000, |parts| {
        let table = [b"\x11\x01".as_slice(), &[0; 15], b"\0"].concat();
        let tables = (0..parts).collect::<Vec<_>>();
        let segments =
            tables.chunks(3000).flat_map(|some| segment(0xC4, &table.repeat(some.len()))).collect::<Vec<u8>>();
        progressive(8, &segments, 0, false)
    }),
    jpeg("jpeg: comments", 6_000_000, |parts| progressive(8, &segment(0xFE, b"").repeat(parts), 0, false)),
    jpeg("jpeg: scans", 90, |scans| progressive(7000, &[], scans, false)),
    jpeg("jpeg: refined scans", 90, |scans| progressive(7000, &[], scans, true)),
    webp("webp: code tables", 40_000, lossless_groups),
    webp("webp: pixels", 2500, |rows| {
        let picture = image::RgbaImage::from_fn(16_000, u32::try_from(rows).unwrap_or(1), |x, y| {
            image::Rgba([x.to_le_bytes()[0], y.to_le_bytes()[0], 0, 128])
        });
        let mut bytes = std::io::Cursor::new(Vec::new());
        let _ = picture.write_to(&mut bytes, image::ImageFormat::WebP);
        bytes.into_inner()
    }),
];

type Build = fn(usize) -> Vec<u8>;

const fn pdf(name: &'static str, full: usize, build: Build) -> WorstFile {
    WorstFile { name, media_type: MediaType::Pdf, full, build }
}

const fn heic(name: &'static str, full: usize, build: Build) -> WorstFile {
    WorstFile { name, media_type: MediaType::Heic, full, build }
}

const fn png(name: &'static str, full: usize, build: Build) -> WorstFile {
    WorstFile { name, media_type: MediaType::Png, full, build }
}

const fn jpeg(name: &'static str, full: usize, build: Build) -> WorstFile {
    WorstFile { name, media_type: MediaType::Jpeg, full, build }
}

const fn webp(name: &'static str, full: usize, build: Build) -> WorstFile {
    WorstFile { name, media_type: MediaType::Webp, full, build }
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

/// Document of one page with more between its objects and its trailer.
fn document(more: &[u8]) -> Vec<u8> {
    let start =
        b"%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n\
                  3 0 obj<</Type/Page/Parent 2 0 R>>endobj\n4 0 obj ";
    [start.as_slice(), more, b"\nendobj\ntrailer<</Root 1 0 R>>\nstartxref\n9\n%%EOF\n"].concat()
}

fn in_string(bytes: &[u8]) -> Vec<u8> {
    [b"(", bytes, b")"].concat()
}

fn stream(dict: &str, data: &[u8]) -> Vec<u8> {
    [format!("<<{dict}/Length {}>>stream\n", data.len()).as_bytes(), data, b"\nendstream\n"].concat()
}

fn object_stream(objects: &[u8]) -> Vec<u8> {
    stream(&format!("/Type/ObjStm/N 1/First {}/Filter/FlateDecode", objects.len()), &deflated(objects))
}

/// Bits, the first in the lowest place of a byte.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    count: usize,
}

impl Bits {
    /// Adds the lowest bits of a number, the lowest first.
    fn add(&mut self, value: u32, count: u32) {
        for at in 0..count {
            if self.count.is_multiple_of(8) {
                self.bytes.push(0);
            }
            if let (Some(last), 1) = (self.bytes.last_mut(), value >> at & 1) {
                *last |= 1 << (self.count % 8);
            }
            self.count += 1;
        }
    }

    /// Adds bits in the order of reading.
    fn code(&mut self, code: &str) {
        for bit in code.bytes() {
            self.add(u32::from(bit == b'1'), 1);
        }
    }
}

/// Deflate blocks with code tables of their own and no content, or one match of the longest length.
fn deflate_blocks(blocks: usize, with_content: bool) -> Vec<u8> {
    let mut bits = Bits::default();
    for _ in 0..blocks {
        bits.add(0, 1);
        bits.add(2, 2);
        // Literals up to 256 or 285, one distance, 18 lengths of lengths: 18 in one bit, 0 and 1 in two.
        bits.add(if with_content { 29 } else { 0 }, 5);
        bits.add(0, 5);
        bits.add(14, 4);
        // With content: 18 in one bit, 2 in two, 0 and 1 in three.
        let (zero_bits, two_bits, one_bits) = if with_content { (3, 2, 3) } else { (2, 0, 2) };
        for length in [0, 0, 1, zero_bits, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, two_bits, 0, one_bits] {
            bits.add(length, 3);
        }
        let (zeros, one, two) = ("0", if with_content { "111" } else { "11" }, "10");
        let skip = |bits: &mut Bits, count: u32| {
            bits.code(zeros);
            bits.add(count - 11, 7);
        };
        skip(&mut bits, 65);
        if with_content {
            // `A` and the end in two bits, the longest length in one.
            bits.code(two);
            skip(&mut bits, 138);
            skip(&mut bits, 52);
            bits.code(two);
            skip(&mut bits, 28);
            bits.code(one);
            bits.code(one);
            for code in ["10", "0", "0", "11"] {
                bits.code(code);
            }
        } else {
            bits.code(one);
            skip(&mut bits, 138);
            skip(&mut bits, 52);
            bits.code(one);
            bits.code("10");
            bits.code("1");
        }
    }
    [b"\x78\x01".to_vec(), bits.bytes].concat()
}

fn boxed(kind: [u8; 4], content: &[u8]) -> Vec<u8> {
    [u32::try_from(content.len() + 8).unwrap_or(0).to_be_bytes().as_slice(), &kind, content].concat()
}

fn full(kind: [u8; 4], version: u8, content: &[u8]) -> Vec<u8> {
    boxed(kind, &[&[version, 0, 0, 0], content].concat())
}

/// HEIC picture of one item with ten thousand extents, with more boxes before the data and more properties.
fn picture_boxes(more: &[u8], properties: &[u8]) -> Vec<u8> {
    let ftyp = boxed(*b"ftyp", b"heic\0\0\0\0mif1heic");
    let meta = |at: usize| {
        let at = u32::try_from(at).unwrap_or(0).to_be_bytes();
        let extents = [at.as_slice(), &[0, 0, 0, 1]].concat().repeat(10_000);
        let places = [&[0x44, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0x27, 0x10], extents.as_slice()].concat();
        let size = full(*b"ispe", 0, &[0, 0, 1, 0, 0, 0, 1, 0]);
        let children = [
            full(*b"hdlr", 0, &[b"\0\0\0\0pict".as_slice(), &[0; 13]].concat()),
            full(*b"pitm", 0, &[0, 1]),
            full(*b"iinf", 0, &[&[0, 1], full(*b"infe", 2, b"\0\x01\0\0hvc1x\0").as_slice()].concat()),
            boxed(
                *b"iprp",
                &[boxed(*b"ipco", &[size, properties.to_vec()].concat()), full(*b"ipma", 0, &[0; 4])].concat(),
            ),
            full(*b"iloc", 1, &places),
        ];
        full(*b"meta", 0, &children.concat())
    };
    let data = ftyp.len() + meta(0).len() + more.len() + 8;
    [ftyp, meta(data), more.to_vec(), boxed(*b"mdat", b"x")].concat()
}

fn chunk(kind: [u8; 4], content: &[u8]) -> Vec<u8> {
    let mut sum = flate2::Crc::new();
    sum.update(&kind);
    sum.update(content);
    let length = u32::try_from(content.len()).unwrap_or(0);
    [length.to_be_bytes().as_slice(), &kind, content, &sum.sum().to_be_bytes()].concat()
}

/// PNG with rows that are predicted by the costliest filter.
fn png_of(more: &[Vec<u8>], (width, rows): (usize, usize), depth: u8, colour: u8, is_interlaced: bool) -> Vec<u8> {
    let samples = match colour {
        0 => 1,
        2 => 3,
        _ => 4,
    };
    let row = |width: usize| [vec![4], vec![1; (width * samples * usize::from(depth)).div_ceil(8)]].concat();
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    // Passes of interlacing: first column and row, and steps.
    let passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)];
    for (x, y, across, down) in if is_interlaced { passes.as_slice() } else { &[(0, 0, 1, 1)] } {
        let (wide, high) = (width.saturating_sub(*x).div_ceil(*across), rows.saturating_sub(*y).div_ceil(*down));
        if wide > 0 {
            let row = row(wide);
            for _ in 0..high {
                let _ = encoder.write_all(&row);
            }
        }
    }
    let side = |side: usize| u32::try_from(side).unwrap_or(0).to_be_bytes();
    let header = [side(width).as_slice(), &side(rows), &[depth, colour, 0, 0, u8::from(is_interlaced)]].concat();
    let data = encoder.finish().unwrap_or_default();
    let parts = [chunk(*b"IHDR", &header), more.concat(), chunk(*b"IDAT", &data), chunk(*b"IEND", b"")];
    [b"\x89PNG\r\n\x1A\n".to_vec(), parts.concat()].concat()
}

fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len() + 2).unwrap_or(u16::MAX);
    [[0xFF, marker].as_slice(), &length.to_be_bytes(), content].concat()
}

/// Progressive JPEG of black squares whose scans take a few bytes for all blocks.
fn progressive(side: u16, more: &[u8], scans: usize, is_refined: bool) -> Vec<u8> {
    let table = |class: u8, symbol: u8| segment(0xC4, &[[class, 1].as_slice(), &[0; 15], &[symbol]].concat());
    let [high, low] = side.to_be_bytes();
    let frame = [8, high, low, high, low, 3, 1, 0x22, 0, 2, 0x11, 0, 3, 0x11, 0];
    let blocks = |size: u16| usize::from(side).div_ceil(usize::from(size)).pow(2);
    let first = vec![0; (blocks(16) * 6).div_ceil(8)];
    // A run of 32,767 blocks without content is one bit and fourteen more.
    let run = [0x3F, 0xFE].repeat(blocks(8).div_ceil(16_000).max(1));
    let approximation = if is_refined { 0x10 } else { 0 };
    let scan = [segment(0xDA, &[1, 1, 0, 1, 63, approximation]), run].concat();
    [
        b"\xFF\xD8".to_vec(),
        segment(0xDB, &[&[0], [1; 64].as_slice()].concat()),
        table(0x00, 0),
        table(0x10, 0xE0),
        more.to_vec(),
        segment(0xC2, &frame),
        segment(0xDA, &[3, 1, 0, 2, 0, 3, 0, 0, 0, 0]),
        first,
        scan.repeat(scans),
        b"\xFF\xD9".to_vec(),
    ]
    .concat()
}

/// Lossless WebP with groups of code tables that take much more memory than file.
fn lossless_groups(groups: usize) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.add(0x2F, 8);
    // 16 by 16 pixels, no transparency, no transform, no cache of colours, several groups in blocks of 4 by 4.
    for (value, count) in [(15, 14), (15, 14), (0, 1), (0, 3), (0, 1), (0, 1), (1, 1), (0, 3)] {
        bits.add(value, count);
    }
    // The picture of groups: no cache, and tables of one symbol: the number of the last group in red and green.
    let last = u32::try_from(groups.saturating_sub(1)).unwrap_or(0);
    bits.add(0, 1);
    for symbol in [last & 0xFF, last >> 8, 0, 0, 0] {
        bits.add(1, 1);
        bits.add(0, 1);
        bits.add(1, 1);
        bits.add(symbol, 8);
    }
    for _ in 0..groups * 5 {
        // Lengths 1 to 9 and twice 10, in a code of four bits each for the lengths 1 to 15 and 0.
        bits.add(0, 1);
        bits.add(15, 4);
        for symbol in [17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15] {
            bits.add(if symbol <= 15 { 4 } else { 0 }, 3);
        }
        // Eleven lengths follow.
        bits.add(1, 1);
        bits.add(1, 3);
        bits.add(9, 4);
        for length in [1_u32, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10] {
            bits.code(&format!("{length:04b}"));
        }
    }
    bits.bytes.extend([0; 1000]);
    let content = bits.bytes;
    let chunk = |kind: &[u8; 4], content: &[u8]| {
        [
            kind.as_slice(),
            &u32::try_from(content.len()).unwrap_or(0).to_le_bytes(),
            content,
            &vec![0; content.len() % 2],
        ]
        .concat()
    };
    chunk(b"RIFF", &[b"WEBP".to_vec(), chunk(b"VP8L", &content)].concat())
}
