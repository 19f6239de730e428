//! The languages against each other, and against what their readers write.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::samples;
use outlay_domain::language::Language;
use outlay_mail::{Message, Notice};

/// The variables of each message of a language.
fn messages(language: Language) -> BTreeMap<String, BTreeSet<String>> {
    let file = format!("{}/languages/{}.ftl", env!("CARGO_MANIFEST_DIR"), language.tag());
    let text = fs::read_to_string(&file).unwrap();
    let mut messages = BTreeMap::<String, BTreeSet<String>>::new();
    let mut current = String::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if let Some((id, _)) = line.split_once(" =").filter(|(id, _)| !id.starts_with([' ', '}', '*'])) {
            assert!(messages.insert(id.to_owned(), BTreeSet::new()).is_none(), "{file}: {id} twice");
            id.clone_into(&mut current);
        }
        let variables = line.split('$').skip(1).map(|rest| rest.split([' ', '}']).next().unwrap().to_owned());
        messages.entry(current.clone()).or_default().extend(variables);
    }
    messages.remove("");
    messages
}

fn render(notice: &Notice, language: Language) -> Message {
    notice.render(&samples::recipient(language)).unwrap()
}

#[test]
fn every_language_has_the_same_messages_with_the_same_variables() {
    let english = messages(Language::En);
    assert!(english.len() > 80 && english["approval-intro-due"].contains("due"), "{english:?}");
    for language in Language::ALL {
        assert_eq!(messages(language), english, "{language:?}");
    }
}

#[test]
fn every_message_is_used_and_nothing_else_is_asked_for() {
    let mut source = String::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() { folders.push(entry) } else { source.push_str(&fs::read_to_string(entry).unwrap()) }
        }
    }
    for id in messages(Language::En).keys() {
        assert!(source.contains(&format!("\"{id}\"")), "{id} is never said");
    }
}

#[test]
fn every_notice_is_whole_in_every_language() {
    for language in Language::ALL {
        for (name, notice) in samples::notices() {
            let message = render(&notice, language);
            assert!(message.html.contains(&format!("<html lang=\"{}\">", language.tag())), "{name}");
            for part in [&message.subject, &message.text, &message.html] {
                assert!(!part.contains(['\u{2068}', '\u{2069}', '\u{FFFD}']), "{language:?} {name}: {part}");
                // How a message looks whose variable is missing.
                assert!(!part.contains("{$") && !part.contains("{ $"), "{language:?} {name}: {part}");
            }
            let lines = message.text.lines().filter(|line| line.trim_end() != *line).collect::<Vec<_>>();
            assert!(lines.is_empty(), "{language:?} {name}: {lines:?}");
        }
    }
}

#[test]
fn each_language_says_it_in_its_own_words() {
    for (name, notice) in samples::notices() {
        let subjects: BTreeSet<_> = Language::ALL.map(|language| render(&notice, language).subject).into();
        assert_eq!(subjects.len(), Language::ALL.len(), "{name}: {subjects:?}");
    }
}

#[test]
fn amounts_and_days_are_written_as_readers_write_them() {
    let mut report = samples::report();
    report.total = samples::money("12041.60 EUR");
    report.base_total = Some(samples::money("1234.567 KWD"));
    report.not_reimbursed = Some(samples::money("0.05 EUR"));
    let written = [
        (Language::En, ["12,041.60 EUR", "1,234.567 KWD", "0.05 EUR", "14 July 2025", "30 Jun 2025"]),
        (Language::De, ["12.041,60 EUR", "1.234,567 KWD", "0,05 EUR", "14. Juli 2025", "30.06.2025"]),
        (Language::Fr, ["12\u{202F}041,60 EUR", "1\u{202F}234,567 KWD", "0,05 EUR", "14 juillet 2025", "30 juin 2025"]),
        // In Spanish, four digits are not grouped.
        (Language::Es, ["12.041,60 EUR", "1234,567 KWD", "0,05 EUR", "14 de julio de 2025", "30 jun 2025"]),
    ];
    for (language, expected) in written {
        let message = render(&samples::approval(report.clone()), language);
        for fact in expected {
            assert!(message.text.contains(fact), "{language:?} lacks {fact:?}: {}", message.text);
            assert!(message.html.contains(fact), "{language:?} lacks {fact:?}");
        }
    }
}

#[test]
fn amounts_keep_their_narrow_space_wherever_they_stand() {
    let notice = samples::notices().into_iter().find(|(name, _)| *name == "reimbursed").unwrap().1;
    let text = render(&notice, Language::Fr).text;
    assert_eq!(text.matches("1\u{202F}084,60 EUR").count(), 2, "{text}");
}

#[test]
fn moments_are_in_utc_and_say_so() {
    let notice = Notice::PayoutAccountChanged { at: samples::moment("2025-07-14T23:30:59+02:00") };
    let written = [
        (Language::En, "14 July 2025 at 21:30 UTC"),
        (Language::De, "14. Juli 2025 um 21:30 UTC"),
        (Language::Fr, "14 juillet 2025 à 21:30 UTC"),
        (Language::Es, "14 de julio de 2025 a las 21:30 UTC"),
    ];
    for (language, moment) in written {
        let text = render(&notice, language).text;
        assert!(text.contains(moment), "{moment}: {text}");
    }
}

#[test]
fn plurals_follow_the_number() {
    let task = samples::task("EXP-1", "Fair", "Ana", "1.00 EUR", "2025-07-14");
    let subject = |count, language| render(&samples::reminder(vec![task.clone(); count]), language).subject;
    let written = [
        (Language::En, ["1 report waits", "2 reports wait"]),
        (Language::De, ["1 Spesenabrechnung wartet", "2 Spesenabrechnungen warten"]),
        (Language::Fr, ["1 note de frais attend", "2 notes de frais attendent"]),
        (Language::Es, ["1 informe de gastos espera", "2 informes de gastos esperan"]),
    ];
    for (language, [one, two]) in written {
        assert!(subject(1, language).starts_with(one), "{}", subject(1, language));
        assert!(subject(2, language).starts_with(two), "{}", subject(2, language));
    }
}

#[test]
fn names_are_listed_as_the_language_does() {
    let notice = samples::notices().into_iter().find(|(name, _)| *name == "escalated-to").unwrap().1;
    let written = [
        (Language::En, "Marco Rossi and Inés Ibarra did not decide"),
        (Language::De, "Marco Rossi und Inés Ibarra haben nicht"),
        (Language::Fr, "Marco Rossi et Inés Ibarra n’ont pas décidé"),
        // Not `y` before an i.
        (Language::Es, "Marco Rossi e Inés Ibarra no decidieron"),
    ];
    for (language, sentence) in written {
        assert!(render(&notice, language).text.contains(sentence), "{sentence}");
    }
}
