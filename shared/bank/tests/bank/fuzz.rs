//! Readers on bytes from anywhere: they never panic, and a cut file is never taken for a whole one.

use outlay_bank::read_answer;
use proptest::prelude::*;

use crate::golden::data;

const ANSWERS: [&str; 6] = [
    "pain002_partly_rejected.xml",
    "pain002_file_rejected.xml",
    "camt054_batch.xml",
    "camt053_statement.xml",
    "bank_status.xml",
    "bank_return.xml",
];

#[test]
fn truncated_answer_is_refused() {
    for name in ANSWERS {
        let bytes = std::fs::read(data(name)).unwrap();
        let whole = bytes.trim_ascii_end().len();
        for length in 0..whole {
            assert!(read_answer(&bytes[..length]).is_err(), "{name} cut to {length} bytes");
        }
        assert!(read_answer(&bytes[..whole]).is_ok());
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        let _ = read_answer(&bytes);
    }

    #[test]
    fn changed_answer_is_read_or_refused(
        name in prop::sample::select(ANSWERS.to_vec()),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        moved in any::<(prop::sample::Index, prop::sample::Index)>(),
    ) {
        let mut bytes = std::fs::read(data(name)).unwrap();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = read_answer(&bytes);
        // A piece of the file at another place.
        let piece = bytes[moved.0.index(bytes.len())..].iter().take(80).copied().collect::<Vec<_>>();
        let at = moved.1.index(bytes.len());
        bytes.splice(at..at, piece);
        let _ = read_answer(&bytes);
    }

    #[test]
    fn any_text_in_answer_keeps_other_entries(text in "\\PC{0,300}") {
        let xml = std::fs::read_to_string(data("camt054_batch.xml")).unwrap();
        let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let answer = read_answer(xml.replace("ACCOUNT CLOSED", &escaped).as_bytes()).unwrap();
        prop_assert_eq!(answer.entries.len(), 4);
    }
}
