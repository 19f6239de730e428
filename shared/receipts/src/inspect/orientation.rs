//! Orientation, the only EXIF tag that is kept: without it a photograph would appear rotated. Rotating the pixels would
//! require re-encoding.

use image::metadata::Orientation;

/// Prefix of EXIF in a JPEG. Some writers use it in other formats too.
pub(super) const EXIF: &[u8] = b"Exif\0\0";

/// Reads the orientation; `None` for an upright picture.
pub(super) fn read_exif(exif: &[u8]) -> Option<Orientation> {
    let exif = exif.strip_prefix(EXIF).unwrap_or(exif);
    Orientation::from_exif_chunk(exif).filter(|found| *found != Orientation::NoTransforms)
}

/// Writes EXIF with the orientation only: a TIFF with one directory of one entry (0x0112, one short).
pub(super) fn to_exif(orientation: Orientation) -> Vec<u8> {
    let header = [b'M', b'M', 0, 42, 0, 0, 0, 8];
    let entry = [0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation.to_exif(), 0, 0];
    let no_further_directory = [0; 4];
    [header.as_slice(), &entry, &no_further_directory].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orientation_round_trips() {
        for number in 2..=8 {
            let orientation = Orientation::from_exif(number).unwrap();
            assert_eq!(read_exif(&to_exif(orientation)), Some(orientation));
            assert_eq!(read_exif(&[EXIF, &to_exif(orientation)].concat()), Some(orientation));
        }
        assert_eq!(read_exif(&to_exif(Orientation::NoTransforms)), None);
        assert_eq!(read_exif(b"Exif\0\0nothing"), None);
    }
}
