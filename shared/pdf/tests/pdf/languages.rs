//! Language files: the same messages with the same variables in each, and every message can be used.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use outlay_domain::language::Language;

/// Variables of each message of a language.
fn messages(language: Language) -> BTreeMap<String, BTreeSet<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("languages/{}.ftl", language.tag()));
    let text = fs::read_to_string(path).unwrap();
    let mut messages: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut current = String::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if let Some((id, _)) = line.split_once(" = ").filter(|(id, _)| id.starts_with("pdf-")) {
            current = id.to_owned();
            assert!(messages.insert(current.clone(), BTreeSet::new()).is_none(), "{current} twice");
        }
        let variables = line.split('$').skip(1).map(|rest| {
            rest.chars().take_while(|character| character.is_ascii_lowercase() || *character == '_').collect::<String>()
        });
        messages.entry(current.clone()).or_default().extend(variables);
    }
    messages.remove("");
    messages
}

#[test]
fn languages_have_the_same_messages() {
    let english = messages(Language::En);
    assert!(english.len() > 60);
    for language in Language::ALL {
        assert_eq!(messages(*language), english, "{language:?}");
    }
}

#[test]
fn code_uses_every_message() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let code: String = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    for id in messages(Language::En).keys() {
        assert!(code.contains(&format!("\"{id}\"")), "{id}");
    }
}
