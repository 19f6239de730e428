//! Inspection of files: one module per file type, and what holds for all types.

mod heic;
mod images;
mod lenient_pdf;
mod mutations;
mod pdf;
mod polyglots;
mod samples;
mod work;

use jiff::Timestamp;
use outlay_domain::ids::IdGenerator;
use outlay_domain::receipt::ReceiptStatus;

use super::*;

/// Receipt declared to match a file.
fn declared(bytes: &[u8], media_type: MediaType) -> Receipt {
    let now = Timestamp::from_second(1_763_800_000).unwrap();
    let mut seed = IdGenerator::new(now, [1; 10]);
    let sha256 = Sha256::digest(bytes).iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    Receipt {
        id: seed.next_id(),
        name: "receipt".parse().unwrap(),
        media_type,
        size: bytes.len() as u64,
        sha256: sha256.parse().unwrap(),
        by: seed.next_id(),
        upload_until: now,
        status: ReceiptStatus::Pending,
        duplicate_of: Vec::new(),
    }
}

/// Result of inspecting a file under a matching declaration.
fn inspected(bytes: &[u8], media_type: MediaType) -> Result<SanitizedFile, RejectionReason> {
    inspect(bytes.to_vec(), &declared(bytes, media_type))
}

fn has(bytes: &[u8], needle: &str) -> bool {
    find(bytes, needle.as_bytes()).is_some()
}

#[test]
fn file_must_match_declaration() {
    let png = samples::png(4, 4);
    let receipt = declared(&png, MediaType::Png);
    assert_eq!(inspect(Vec::new(), &receipt), Err(RejectionReason::Empty));
    assert_eq!(
        inspect(samples::png(4, 5), &Receipt { size: 1, ..receipt.clone() }),
        Err(RejectionReason::SizeMismatch)
    );
    let mut other = png.clone();
    *other.last_mut().unwrap() ^= 1;
    assert_eq!(inspect(other, &receipt), Err(RejectionReason::ChecksumMismatch));
    assert_eq!(
        inspect(png.clone(), &Receipt { sha256: serde_json::from_str("\"\"").unwrap(), ..receipt.clone() }),
        Err(RejectionReason::ChecksumMismatch)
    );
    assert_eq!(
        inspect(png.clone(), &Receipt { media_type: MediaType::Jpeg, ..receipt.clone() }),
        Err(RejectionReason::TypeMismatch)
    );
    assert!(inspect(png, &receipt).is_ok());
}

#[test]
fn unknown_file_signature_is_rejected() {
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
        "\0",
        " ",
    ] {
        // A valid image after the signature does not help.
        let bytes = [start.as_bytes(), &png].concat();
        for media_type in MediaType::ALL {
            assert_eq!(inspected(&bytes, *media_type), Err(RejectionReason::UnknownType), "{start:?}");
        }
    }
}

#[test]
fn eicar_signature_is_detected_anywhere_in_file() {
    let signature = TEST_SIGNATURE.concat();
    for bytes in [signature.clone(), [samples::png(4, 4), signature.clone()].concat(), samples::pdf_with(&signature)] {
        assert_eq!(inspected(&bytes, MediaType::Pdf), Err(RejectionReason::KnownMalware));
    }
    assert_ne!(inspected(&signature[1..], MediaType::Pdf), Err(RejectionReason::KnownMalware));
}
