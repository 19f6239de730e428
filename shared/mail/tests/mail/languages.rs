//! Languages: equal sets of messages, complete rendering, findings and reasons, and the number and date formats of
//! each.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::{samples, statements};
use outlay_domain::language::Language;
use outlay_domain::policy::Finding;
use outlay_domain::statement::Statement;
use outlay_domain::step::StepReason;
use outlay_mail::{Notice, RenderedMail, ReportFacts};
use serde_json::Value;

/// Variables of each message of a language.
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

fn render(notice: &Notice, language: Language) -> RenderedMail {
    notice.render(&samples::recipient(language)).unwrap()
}

#[test]
fn languages_define_same_messages_and_variables() {
    let english = messages(Language::En);
    assert!(english.len() > 80 && english["approval-intro-due"].contains("due"), "{english:?}");
    for &language in Language::ALL {
        assert_eq!(messages(language), english, "{language:?}");
    }
}

#[test]
fn translation_messages_are_all_used() {
    let mut source = String::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() { folders.push(entry) } else { source.push_str(&fs::read_to_string(entry).unwrap()) }
        }
    }
    for id in messages(Language::En).keys() {
        assert!(source.contains(&format!("\"{id}\"")), "{id} is never used");
    }
}

#[test]
fn notices_render_completely_in_every_language() {
    for &language in Language::ALL {
        for (name, notice) in samples::notices() {
            let message = render(&notice, language);
            assert!(message.html.contains(&format!("<html lang=\"{}\">", language.tag())), "{name}");
            for part in [&message.subject, &message.text, &message.html] {
                assert!(!part.contains(['\u{2068}', '\u{2069}', '\u{FFFD}']), "{language:?} {name}: {part}");
                // Form of a message with a missing variable.
                assert!(!part.contains("{$") && !part.contains("{ $"), "{language:?} {name}: {part}");
            }
            let lines = message.text.lines().filter(|line| line.trim_end() != *line).collect::<Vec<_>>();
            assert!(lines.is_empty(), "{language:?} {name}: {lines:?}");
        }
    }
}

#[test]
fn subjects_differ_between_languages() {
    for (name, notice) in samples::notices() {
        let subjects: BTreeSet<_> = Language::ALL.iter().map(|language| render(&notice, *language).subject).collect();
        assert_eq!(subjects.len(), Language::ALL.len(), "{name}: {subjects:?}");
    }
}

#[test]
fn amounts_and_dates_follow_locale_conventions() {
    let mut report = samples::report();
    report.total = samples::money("12041.60 EUR");
    report.base_total = Some(samples::money("1234.567 KWD"));
    report.not_reimbursed = Some(samples::money("0.05 EUR"));
    let written = [
        (Language::En, ["12,041.60 EUR", "1,234.567 KWD", "0.05 EUR", "14 July 2025", "30 Jun 2025"]),
        (Language::De, ["12.041,60 EUR", "1.234,567 KWD", "0,05 EUR", "14. Juli 2025", "30.06.2025"]),
        (Language::Fr, ["12\u{202F}041,60 EUR", "1\u{202F}234,567 KWD", "0,05 EUR", "14 juillet 2025", "30 juin 2025"]),
        // Spanish does not group four digits.
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
fn french_amounts_keep_narrow_no_break_space() {
    let notice = samples::notices().into_iter().find(|(name, _)| *name == "reimbursed").unwrap().1;
    let text = render(&notice, Language::Fr).text;
    assert_eq!(text.matches("1\u{202F}204,60 EUR").count(), 1, "{text}");
}

#[test]
fn timestamps_are_shown_in_utc() {
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
fn plurals_follow_count() {
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
fn name_lists_follow_language_conventions() {
    let notice = samples::notices().into_iter().find(|(name, _)| *name == "escalated-to").unwrap().1;
    let written = [
        (Language::En, "Marco Rossi and Inés Ibarra did not decide"),
        (Language::De, "Marco Rossi und Inés Ibarra haben nicht"),
        (Language::Fr, "Marco Rossi et Inés Ibarra n’ont pas décidé"),
        // `e` instead of `y` before an i.
        (Language::Es, "Marco Rossi e Inés Ibarra no decidieron"),
    ];
    for (language, sentence) in written {
        assert!(render(&notice, language).text.contains(sentence), "{sentence}");
    }
}

/// Approval mail with one finding and one reason.
fn approval_with(finding: Statement<Finding>, reason: Statement<StepReason>, language: Language) -> RenderedMail {
    let report = ReportFacts { violations: vec![finding], ..samples::plain_report() };
    let (step, due_on) = ("G7".to_owned(), None);
    let (reasons, on_behalf_of, reassignment_reason) = (vec![reason], None, None);
    render(&Notice::ApprovalRequested { report, step, reasons, due_on, on_behalf_of, reassignment_reason }, language)
}

/// Sentence of a finding, and sentence of a reason.
fn sentences(finding: &Finding, reason: &StepReason, language: Language) -> [String; 2] {
    let text = approval_with(Statement::Data(finding.clone()), Statement::Data(reason.clone()), language).text;
    let line = |start: &str| text.lines().find_map(|line| line.strip_prefix(start)).unwrap().trim().to_owned();
    let why = match language {
        Language::En => "Why:",
        Language::De => "Warum:",
        Language::Fr => "Pourquoi\u{A0}:",
        Language::Es => "Por qué:",
    };
    [line("! "), line(why)]
}

/// Sentences of all samples in a language, each with the name of its message in the data.
fn all_sentences(language: Language) -> Vec<(String, String)> {
    let (findings, reasons) = (statements::findings(), statements::reasons());
    let of_finding = findings.iter().map(|finding| {
        let [sentence, _] = sentences(finding, &reasons[0], language);
        (format!("finding-{}", finding.rule().name()), sentence)
    });
    let of_reason = reasons.iter().map(|reason| {
        let [_, sentence] = sentences(&findings[0], reason, language);
        (format!("reason-{}", reason.rule_and_parameters().0), sentence)
    });
    of_finding.chain(of_reason).collect()
}

#[test]
fn every_rule_has_a_message_in_every_language() {
    for &language in Language::ALL {
        let messages = messages(language);
        for (id, sentence) in all_sentences(language) {
            assert!(messages.contains_key(&id), "{language:?}: {id}");
            assert!(!sentence.is_empty() && sentence.ends_with('.'), "{language:?} {id}: {sentence}");
        }
    }
}

/// Collects the names of all members of a JSON object, at any depth.
fn collect_names(value: &Value, names: &mut BTreeSet<String>) {
    if let Value::Object(members) = value {
        for (name, member) in members {
            names.insert(name.clone());
            collect_names(member, names);
        }
    }
}

#[test]
fn statement_messages_use_only_parameters_of_their_rule() {
    let mut parameters = BTreeMap::<String, BTreeSet<String>>::new();
    for finding in statements::findings() {
        let id = format!("finding-{}", finding.rule().name());
        let of_rule = parameters.entry(id).or_default();
        collect_names(&finding.parameters(), of_rule);
        // Composed of other parameters.
        of_rule.extend(["expenses", "scope"].map(str::to_owned));
    }
    for reason in statements::reasons() {
        let (rule, of_reason) = reason.rule_and_parameters();
        collect_names(&of_reason, parameters.entry(format!("reason-{rule}")).or_default());
    }
    let mut checked = 0;
    for (id, variables) in messages(Language::En) {
        if !id.starts_with("finding-") && !id.starts_with("reason-") || id == "reason-from" {
            continue;
        }
        // Variants of a rule have its name and something behind it.
        let rule = parameters.keys().filter(|rule| id.starts_with(*rule)).max_by_key(|rule| rule.len());
        let known = &parameters[rule.unwrap_or_else(|| panic!("{id} is of no rule"))];
        assert!(variables.is_subset(known), "{id}: {variables:?} of {known:?}");
        checked += 1;
    }
    assert!(checked >= parameters.len(), "{checked} messages of {} rules", parameters.len());
}

#[test]
fn mail_in_other_languages_has_no_english_sentence() {
    let english: BTreeMap<_, _> = all_sentences(Language::En).into_iter().map(|(id, text)| (text, id)).collect();
    let data: BTreeSet<String> = statements::findings()
        .iter()
        .map(ToString::to_string)
        .chain(statements::reasons().iter().map(ToString::to_string))
        .collect();
    // Words of an English sentence that none of the other languages has.
    let english_words = ["the", "of", "is", "and", "not", "it", "receipt", "expense", "expenses", "above", "policy"];
    for language in [Language::De, Language::Fr, Language::Es] {
        for (id, sentence) in all_sentences(language) {
            assert!(!english.contains_key(&sentence) && !data.contains(&sentence), "{language:?} {id}: {sentence}");
            let words = sentence.split(|c: char| !c.is_alphanumeric());
            let left: Vec<_> = words.filter(|word| english_words.contains(&word.to_lowercase().as_str())).collect();
            assert!(left.is_empty(), "{language:?} {id}: {left:?} in {sentence}");
        }
    }
}

#[test]
fn approval_mail_shows_findings_and_reasons_in_every_language() {
    let written = [
        (
            Language::De,
            [
                "840,00 EUR (914,22 USD) bei Hôtel des Artistes: über der Grenze von 600,00 EUR pro Ausgabe (Lodging).",
                "2 Ausgaben, zusammen 134,60 EUR: über der Grenze von 120,00 EUR pro Tag (Meals und Taxi), am 2. Juli 2025.",
                "über der Grenze von 300,00 EUR pro Monat (Meals), im Juli 2025.",
                "38,60 EUR bei Taxi G7: kein Beleg; ab 25,00 EUR ist einer nötig.",
                "148,00 EUR bei SNCF am 30. Juni 2025: bereits in EXP-2033 geltend gemacht.",
                "Der Gesamtbetrag von 1.310,20 USD erreicht 500,00 USD.",
                "Vorgesehen ist die vorgesetzte Person.",
                "daher entscheidet die nächsthöhere vorgesetzte Person.",
            ],
        ),
        (
            Language::Fr,
            [
                "840,00 EUR (914,22 USD) chez Hôtel des Artistes\u{A0}: au-dessus de la limite de 600,00 EUR par dépense (Lodging).",
                "2 dépenses, au total 134,60 EUR\u{A0}: au-dessus de la limite de 120,00 EUR par jour (Meals et Taxi), le 2 juillet 2025.",
                "au-dessus de la limite de 300,00 EUR par mois (Meals), en juillet 2025.",
                "38,60 EUR chez Taxi G7\u{A0}: sans justificatif\u{A0}; il en faut un à partir de 25,00 EUR.",
                "148,00 EUR chez SNCF le 30 juin 2025\u{A0}: figure déjà dans EXP-2033.",
                "Le total de 1\u{202F}310,20 USD atteint 500,00 USD.",
                "L’étape est prévue pour le responsable hiérarchique.",
                "le responsable du niveau supérieur décide donc.",
            ],
        ),
        (
            Language::Es,
            [
                "840,00 EUR (914,22 USD) en Hôtel des Artistes: por encima del límite de 600,00 EUR por gasto (Lodging).",
                "2 gastos, 134,60 EUR en total: por encima del límite de 120,00 EUR por día (Meals y Taxi), el 2 de julio de 2025.",
                "por encima del límite de 300,00 EUR por mes (Meals), en julio de 2025.",
                "38,60 EUR en Taxi G7: sin justificante; es obligatorio a partir de 25,00 EUR.",
                "148,00 EUR en SNCF el 30 de junio de 2025: ya figura en EXP-2033.",
                "El total de 1310,20 USD alcanza 500,00 USD.",
                "El paso está previsto para el superior del titular.",
                "por lo que decide el superior siguiente.",
            ],
        ),
    ];
    for (language, expected) in written {
        let message = render(&samples::approval(samples::report()), language);
        for sentence in expected {
            assert!(message.text.contains(sentence), "{language:?} lacks {sentence:?}: {}", message.text);
            assert!(message.html.contains(sentence), "{language:?} lacks {sentence:?}");
        }
    }
}

#[test]
fn sentence_stored_without_data_stays_as_it_is() {
    for &language in Language::ALL {
        let finding = Statement::Sentence("SNCF is over\r\nthe limit.".to_owned());
        let reason = Statement::Sentence("The total reaches 5.00 EUR.".to_owned());
        let text = approval_with(finding, reason, language).text;
        assert!(text.contains("! SNCF is over the limit.\n"), "{text}");
        assert!(text.contains(" The total reaches 5.00 EUR.\n"), "{text}");
    }
}
