//! Asserts for every answer that `openapi.json` declares its status for the operation.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use reqwest::Method;
use serde_json::Value;

/// Statuses of one operation.
struct Declared {
    method: String,
    path: Vec<String>,
    statuses: BTreeSet<u16>,
}

fn operations() -> &'static [Declared] {
    static OPERATIONS: OnceLock<Vec<Declared>> = OnceLock::new();
    OPERATIONS.get_or_init(|| {
        let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json")).unwrap();
        let document: Value = serde_json::from_str(&text).unwrap();
        let paths = document["paths"].as_object().unwrap().iter();
        paths.flat_map(|(path, item)| item.as_object().unwrap().iter().map(move |it| (path, it))).map(read).collect()
    })
}

fn read((path, (method, operation)): (&String, (&String, &Value))) -> Declared {
    let statuses = operation["responses"].as_object().unwrap().keys().map(|status| status.parse().unwrap());
    let path = path.split('/').map(str::to_owned).collect();
    Declared { method: method.to_uppercase(), path, statuses: statuses.collect() }
}

/// Panics when an answer to an operation of the API has a status that the operation does not declare.
#[track_caller]
pub fn assert_declared(method: &Method, path: &str, status: u16, text: &str) {
    // 304 answers a conditional read and has no body.
    if status == 304 {
        return;
    }
    let segments: Vec<&str> = path.split('/').collect();
    let matches = |operation: &&Declared| {
        operation.method == method.as_str()
            && operation.path.len() == segments.len()
            && operation.path.iter().zip(&segments).all(|(template, segment)| {
                if template.starts_with('{') { !segment.is_empty() } else { template == segment }
            })
    };
    if let Some(operation) = operations().iter().find(matches) {
        assert!(operation.statuses.contains(&status), "{method} {path} answers an undeclared {status}: {text}");
    }
}
