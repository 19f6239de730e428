//! Which way up a picture is: the one tag of EXIF that is kept, because without it a photograph would lie on its side. The pixels are
//! not turned, since that would mean coding them anew.

use image::metadata::Orientation;

/// What starts EXIF in a JPEG, and what some writers put before it elsewhere.
pub(super) const EXIF: &[u8] = b"Exif\0\0";

/// The orientation that EXIF tells, when it is another than upright.
pub(super) fn told(exif: &[u8]) -> Option<Orientation> {
    let exif = exif.strip_prefix(EXIF).unwrap_or(exif);
    Orientation::from_exif_chunk(exif).filter(|told| *told != Orientation::NoTransforms)
}

/// EXIF that tells the orientation and nothing else: a TIFF with one directory of one entry (0x0112, one short).
pub(super) fn alone(orientation: Orientation) -> Vec<u8> {
    let header = [b'M', b'M', 0, 42, 0, 0, 0, 8];
    let entry = [0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation.to_exif(), 0, 0];
    let no_further_directory = [0; 4];
    [header.as_slice(), &entry, &no_further_directory].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_what_was_told() {
        for number in 2..=8 {
            let orientation = Orientation::from_exif(number).unwrap();
            assert_eq!(told(&alone(orientation)), Some(orientation));
            assert_eq!(told(&[EXIF, &alone(orientation)].concat()), Some(orientation));
        }
        assert_eq!(told(&alone(Orientation::NoTransforms)), None);
        assert_eq!(told(b"Exif\0\0nothing"), None);
    }
}
