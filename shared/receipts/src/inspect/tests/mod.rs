//! The inspection from outside: one module for each kind of file, and what holds for all of them.

mod heic;
mod mutated;
mod pdf;
mod pictures;
mod samples;

use jiff::Timestamp;
use outlay_domain::ids::Seed;
use outlay_domain::receipt::ReceiptStatus;

use super::*;

/// The declaration that fits a file.
fn declared(bytes: &[u8], media_type: MediaType) -> Receipt {
    let now = Timestamp::from_second(1_763_800_000).unwrap();
    let mut seed = Seed::new(now, [1; 10]);
    Receipt {
        id: seed.draw(),
        name: "receipt".to_owned(),
        media_type,
        size: bytes.len() as u64,
        sha256: Sha256::digest(bytes).iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}")),
        by: seed.draw(),
        upload_until: now,
        status: ReceiptStatus::Pending,
        also_on: Vec::new(),
    }
}

/// What comes of a file that is declared as it is.
fn inspected(bytes: &[u8], media_type: MediaType) -> Result<Cleaned, Unfit> {
    inspect(bytes.to_vec(), &declared(bytes, media_type))
}

fn has(bytes: &[u8], needle: &str) -> bool {
    find(bytes, needle.as_bytes()).is_some()
}

#[test]
fn a_file_is_the_one_that_was_declared() {
    let png = samples::png(4, 4);
    let receipt = declared(&png, MediaType::Png);
    assert_eq!(inspect(Vec::new(), &receipt), Err(Unfit::Empty));
    assert_eq!(inspect(samples::png(4, 5), &Receipt { size: 1, ..receipt.clone() }), Err(Unfit::OtherSize));
    let mut other = png.clone();
    *other.last_mut().unwrap() ^= 1;
    assert_eq!(inspect(other, &receipt), Err(Unfit::OtherBytes));
    assert_eq!(inspect(png.clone(), &Receipt { sha256: String::new(), ..receipt.clone() }), Err(Unfit::OtherBytes));
    assert_eq!(
        inspect(png.clone(), &Receipt { media_type: MediaType::Jpeg, ..receipt.clone() }),
        Err(Unfit::OtherType)
    );
    assert!(inspect(png, &receipt).is_ok());
}

#[test]
fn the_first_bytes_say_what_a_file_is() {
    let png = samples::png(4, 4);
    for start in [
        "MZ\u{90}",
        "PK\u{3}\u{4}",
        "<html>",
        "<!DOCTYPE html>",
        "<svg xmlns=",
        "<?xml",
        "GIF89a",
        "BM",
        "II*\0",
        "#!/bin/sh",
        "\u{7f}ELF",
        "\0\0\0\u{18}ftypavif\0\0\0\0mif1",
        "\0\0\0\u{18}ftypisom\0\0\0\0mp42",
        "\0\0\0\u{8}ftyp",
        "RIFF\u{4}\0\0\0WAVE",
        " %PDF-1.7",
        "\0",
        " ",
    ] {
        // Whatever hangs on to it.
        let bytes = [start.as_bytes(), &png].concat();
        for kind in MediaType::ALL {
            assert_eq!(inspected(&bytes, kind), Err(Unfit::UnknownType), "{start:?}");
        }
    }
}

#[test]
fn the_test_file_of_the_industry_is_harmful_anywhere() {
    let signature = TEST_SIGNATURE.concat();
    for bytes in [signature.clone(), [samples::png(4, 4), signature.clone()].concat(), samples::pdf_with(&signature)] {
        assert_eq!(inspected(&bytes, MediaType::Pdf), Err(Unfit::Harmful));
    }
    assert_ne!(inspected(&signature[1..], MediaType::Pdf), Err(Unfit::Harmful));
}
