//! Any text gives a document that can be read, with at least one page.

use outlay_domain::event::EventKind;
use outlay_domain::language::Language;
use proptest::prelude::*;

use crate::render::render;
use crate::samples::{five_receipts, stored};

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,300}",
        prop::collection::vec(any::<char>(), 0..200).prop_map(|characters| characters.into_iter().collect()),
        "[\\u{0}-\\u{1F}\\u{202A}-\\u{202E}\\u{2066}-\\u{2069} a-z]{0,200}",
        "[A-Z]{400,600}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn any_text_gives_a_readable_document(texts in prop::collection::vec(any_text(), 8), language in 0..4_usize) {
        let mut sample = five_receipts();
        sample.organisation.clone_from(&texts[0]);
        sample.report.title = stored(&texts[1]);
        sample.report.number.clone_from(&texts[2]);
        let line = &mut sample.report.expenses[0];
        line.facts.merchant = stored(&texts[3]);
        line.facts.note = Some(stored(&texts[4]));
        line.facts.trip = Some(stored(&texts[5]));
        line.receipts[0].name = stored(&texts[6]);
        if let EventKind::ReportCommented { text, .. } = &mut sample.events[1].kind {
            *text = stored(&texts[7]);
        }
        let (summary, _) = render(&sample, Language::ALL[language]);
        prop_assert!(summary.pages >= 8);
    }
}
