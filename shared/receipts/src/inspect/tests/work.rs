//! Work that a file can multiply is charged, and a file that demands too much is rejected. Counts instead of times, so
//! that the result does not depend on the machine; the benchmark measures the times of the same files at full size.

use super::*;

#[path = "../../../benches/worst_files.rs"]
mod worst_files;

use worst_files::{ALL, WorstFile};

/// Least charge of a part, in units of about a nanosecond.
const LEAST_UNITS: u64 = 20;

fn spent(file: &WorstFile, parts: usize) -> u64 {
    let (mut budget, bytes) = (Budget::of(budget::MAX_UNITS), (file.build)(parts));
    // Decoding a picture is bounded by its size, and slow in a test.
    match file.media_type {
        MediaType::Jpeg => drop(jpeg::clean(&bytes, &mut budget)),
        media_type => drop(sanitize(bytes, media_type, &mut budget)),
    }
    budget::MAX_UNITS - budget.left()
}

#[test]
fn each_part_of_a_file_is_charged() {
    let mut free = Vec::new();
    // The others have parts too large for a test, which consist of the same, or a limit of their number.
    let is_budgeted = |file: &&WorstFile| {
        (file.full > 100_000 || file.name.ends_with("scans"))
            && !["heic: media boxes", "jpeg: comments"].contains(&file.name)
    };
    for file in ALL.iter().filter(is_budgeted) {
        let parts = if file.full > 100_000 { 2000 } else { 2 };
        let growth = spent(file, 2 * parts) - spent(file, parts);
        if growth < LEAST_UNITS * parts as u64 {
            free.push((file.name, growth));
        }
    }
    assert!(free.is_empty(), "{free:?}");
}

#[test]
fn parts_beyond_a_limit_are_rejected() {
    for (name, parts, reason) in [
        ("heic: media boxes", 101, RejectionReason::TooLarge),
        ("png: chunks", 100_000, RejectionReason::TooLarge),
        ("jpeg: comments", 10_000, RejectionReason::TooLarge),
        ("webp: code tables", 20_000, RejectionReason::TooLarge),
    ] {
        let file = ALL.iter().find(|file| file.name == name).unwrap();
        let outcome = |parts| sanitize((file.build)(parts), file.media_type, &mut Budget::new()).err();
        assert_eq!(outcome(parts), Some(reason), "{name}");
        assert_ne!(outcome(parts / 100), Some(reason), "{name}");
    }
}

#[test]
fn exhausted_budget_rejects_every_budgeted_type() {
    for (media_type, bytes) in [
        (MediaType::Pdf, samples::pdf()),
        (MediaType::Heic, samples::Heic::default().build()),
        (MediaType::Jpeg, samples::jpeg(40, 20)),
    ] {
        let outcome = |units| sanitize(bytes.clone(), media_type, &mut Budget::of(units)).err();
        assert_eq!(outcome(budget::MAX_UNITS / 100), None, "{media_type:?}");
        assert_eq!(outcome(100), Some(RejectionReason::TooLarge), "{media_type:?}");
    }
}
